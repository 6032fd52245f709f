//! The initiator: tickets from a credential cache or a keytab, three legs in DCE style.

use std::sync::Arc;

use super::acceptor::blocking;
use super::gssapi::{Context, Credential, FLAGS, Step, Use};
use super::{KerberosContext, KerberosCredentials};
use crate::auth::{
    AuthError, AuthType, BoxFuture, Environment, Initiated, Initiator, SystemEnvironment,
};

impl KerberosCredentials {
    pub(super) fn acquire(&self) -> Result<Credential, AuthError> {
        let credential = match self {
            Self::Cache(None) => Credential::acquire(Use::Initiate, None, &[]),
            Self::Cache(Some(cache)) => {
                Credential::acquire(Use::Initiate, None, &[("ccache", cache)])
            }
            Self::Keytab { file, principal } => {
                let file = file.to_str();
                let file = file.ok_or(AuthError::Refused("a path that is not UTF-8"))?;
                let file = format!("FILE:{file}");
                // A cache of this process alone, so that nobody's tickets are overwritten.
                let store = [("client_keytab", file.as_str()), ("ccache", "MEMORY:wcce")];
                Credential::acquire(Use::Initiate, principal.as_deref(), &store)
            }
        };
        Ok(credential?)
    }

    /// Whose they are: a principal with its realm, `alice@EXAMPLE.COM`. `None` where there are no
    /// tickets or keys. May block.
    pub fn principal(&self) -> Option<String> {
        self.acquire().ok()?.principal()
    }

    /// Whether there are tickets, or keys to fetch some with. May block.
    pub fn are_there(&self) -> bool {
        self.acquire().is_ok()
    }
}

/// Kerberos without SPNEGO around it (authentication type 16).
pub struct KerberosInitiator {
    credentials: KerberosCredentials,
    target: String,
    state: State,
}

enum State {
    Start,
    Asked(Credential, Context),
    End,
}

impl KerberosInitiator {
    /// An initiator towards a service, such as `host/ca1.example.com`. Its realm is found by
    /// the KDC (or krb5.conf); its host is taken as it stands, not looked up.
    pub fn new(credentials: KerberosCredentials, service: &str) -> Self {
        let target = match service.contains('@') {
            true => service.to_owned(),
            false => format!("{service}@"),
        };
        Self { credentials, target, state: State::Start }
    }

    async fn advance(&mut self, token: &[u8]) -> Result<Initiated, AuthError> {
        let (target, token) = (self.target.clone(), token.to_vec());
        match std::mem::replace(&mut self.state, State::End) {
            State::Start => {
                let credentials = self.credentials.clone();
                let asked = blocking(move || {
                    let credential = credentials.acquire()?;
                    let mut context = Context::new();
                    match context.initiate(&credential, &target, &[])? {
                        Step::Continue(token) => Ok((credential, context, token)),
                        Step::Done(_) => Err(AuthError::OutOfSequence),
                    }
                })
                .await?;
                let (credential, context, token) = asked?;
                self.state = State::Asked(credential, context);
                Ok(Initiated::Continue(token))
            }
            State::Asked(credential, mut context) => {
                let done =
                    blocking(move || match context.initiate(&credential, &target, &token)? {
                        Step::Done(token) => finish(context).map(|context| (token, context)),
                        Step::Continue(_) => Err(AuthError::OutOfSequence),
                    })
                    .await?;
                let (token, context) = done?;
                Ok(Initiated::Done { token: Some(token), context: Box::new(context) })
            }
            State::End => Err(AuthError::OutOfSequence),
        }
    }
}

/// Takes the keys out of a context that has all that was asked for.
fn finish(context: Context) -> Result<KerberosContext, AuthError> {
    if context.flags() & FLAGS != FLAGS {
        return Err(AuthError::Refused("a Kerberos context with less protection than asked for"));
    }
    let environment: Arc<dyn Environment> = Arc::new(SystemEnvironment);
    KerberosContext::new(&context.export()?, environment, None)
}

impl Initiator for KerberosInitiator {
    fn auth_type(&self) -> AuthType {
        AuthType::Kerberos
    }

    fn step<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Initiated, AuthError>> {
        Box::pin(self.advance(token))
    }
}
