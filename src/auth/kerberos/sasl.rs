//! Kerberos below SASL (RFC 4752): a context of an initiator whose messages the library wraps.

use super::KerberosCredentials;
use super::gssapi::{Context, Credential, SEALED_STREAM, STREAM, Step};
use crate::auth::AuthError;

/// An initiator's context with a service. All of its calls may block: the first one asks a KDC.
pub struct SaslContext {
    credentials: KerberosCredentials,
    credential: Option<Credential>,
    context: Context,
    target: String,
    flags: u32,
    binding: Option<Vec<u8>>,
    complete: bool,
}

impl SaslContext {
    /// A context with a service, `ldap/dc1.example.com@EXAMPLE.COM`, that can seal, or with one
    /// inside of TLS, bound to the channel.
    pub fn new(
        credentials: KerberosCredentials,
        service: &str,
        seal: bool,
        binding: Option<Vec<u8>>,
    ) -> Self {
        Self {
            credentials,
            credential: None,
            context: Context::new(),
            target: service.to_owned(),
            flags: if seal { SEALED_STREAM } else { STREAM },
            binding,
            complete: false,
        }
    }

    /// The next token for the service, after its last one; `None` where there is nothing to say.
    ///
    /// # Errors
    /// What the library says: no ticket, a wrong answer.
    pub fn step(&mut self, token: Option<&[u8]>) -> Result<Option<Vec<u8>>, AuthError> {
        let credential = match self.credential.take() {
            Some(credential) => credential,
            None => self.credentials.acquire()?,
        };
        let credential = self.credential.insert(credential);
        let binding = self.binding.as_deref();
        let token = token.unwrap_or_default();
        let stepped =
            self.context.initiate_with(credential, &self.target, self.flags, binding, token)?;
        let token = match stepped {
            Step::Continue(token) => token,
            Step::Done(token) => {
                if self.context.flags() & self.flags != self.flags {
                    return Err(AuthError::Refused(
                        "a Kerberos context with less protection than asked for",
                    ));
                }
                self.complete = true;
                token
            }
        };
        Ok((!token.is_empty()).then_some(token))
    }

    /// Whether the context stands, so that the service has proved who it is.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Signs, and seals if asked.
    ///
    /// # Errors
    /// What the library says.
    pub fn wrap(&mut self, plain: &[u8], seal: bool) -> Result<Vec<u8>, AuthError> {
        Ok(self.context.wrap_stream(plain, seal)?)
    }

    /// Verifies; tells whether it was sealed too.
    ///
    /// # Errors
    /// What the library says: altered, replayed, out of sequence.
    pub fn unwrap(&mut self, wrapped: &[u8]) -> Result<(Vec<u8>, bool), AuthError> {
        Ok(self.context.unwrap_stream(wrapped)?)
    }
}
