//! Exchanges that somebody recorded: who logged on, and the session key for those who know the
//! password. Nobody logs on here.

use std::time::SystemTime;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Key;
use super::av;
use super::crypto::{Rc4, hmac_md5, response_key, verify_response};
use super::messages::{Authenticate, NtlmFlags, challenge_fields};
use crate::auth::{AuthError, Names};
use crate::model::from_filetime;

/// The three messages of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct RecordedExchange<'a> {
    /// NEGOTIATE.
    pub negotiate: &'a [u8],
    /// CHALLENGE.
    pub challenge: &'a [u8],
    /// AUTHENTICATE.
    pub authenticate: &'a [u8],
}

/// What a CHALLENGE says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordedChallenge {
    /// ServerChallenge.
    pub server_challenge: [u8; 8],
    /// The server's names, as far as it tells them.
    pub names: Names,
    /// MsvAvTimestamp.
    pub time: Option<SystemTime>,
}

impl RecordedChallenge {
    /// Reads a CHALLENGE.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(message: &[u8]) -> Result<Self, AuthError> {
        let (server_challenge, target_info) = challenge_fields(message)?;
        let pairs = av::parse(target_info)?;
        let time = av::value_of(&pairs, av::TIMESTAMP).and_then(|time| time.try_into().ok());
        let time = time.and_then(|time| from_filetime(u64::from_le_bytes(time)));
        Ok(Self { server_challenge, names: av::names(&pairs), time })
    }
}

/// Who an AUTHENTICATE says that it is from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordedLogon {
    /// DomainName.
    pub domain: String,
    /// UserName; empty for an anonymous logon.
    pub user: String,
    /// Workstation.
    pub workstation: String,
}

impl RecordedExchange<'_> {
    /// Who logged on.
    ///
    /// # Errors
    /// The AUTHENTICATE is malformed.
    pub fn logon(&self) -> Result<RecordedLogon, AuthError> {
        let Authenticate { domain, user, workstation, .. } =
            Authenticate::parse(self.authenticate)?;
        Ok(RecordedLogon { domain, user, workstation })
    }

    /// The ExportedSessionKey, by the account's NT hash; without one for an anonymous logon.
    /// `None`: the hash is another's.
    ///
    /// # Errors
    /// A message is malformed.
    pub fn session_key(&self, nt_hash: Option<&Key>) -> Result<Option<Key>, AuthError> {
        let message = Authenticate::parse(self.authenticate)?;
        let (challenge, _) = challenge_fields(self.challenge)?;
        let base = match nt_hash {
            None if message.user.is_empty() => Key::default(),
            None => return Ok(None),
            Some(nt_hash) => {
                let key = response_key(nt_hash, &message.user, &message.domain);
                match verify_response(&key, &challenge, message.nt_response) {
                    Some(base) => base,
                    None => return Ok(None),
                }
            }
        };
        if !message.flags.contains(NtlmFlags::KEY_EXCH) {
            return Ok(Some(base));
        }
        let encrypted = <[u8; 16]>::try_from(message.encrypted_key)
            .map_err(|_| AuthError::Malformed("EncryptedRandomSessionKey"))?;
        let mut exported = Zeroizing::new(encrypted);
        Rc4::new(&base).apply(&mut *exported);
        Ok(Some(exported))
    }

    /// Whether the MIC of the AUTHENTICATE is right; `None` where there is none. Anonymous clients
    /// have nothing that could announce one, and send it all the same.
    ///
    /// # Errors
    /// The AUTHENTICATE is malformed.
    pub fn mic(&self, session_key: &Key) -> Result<Option<bool>, AuthError> {
        let message = Authenticate::parse(self.authenticate)?;
        let announced = announces_mic(message.nt_response);
        let (mic, without) = match message.mic() {
            Ok(parts) => parts,
            Err(_) if !announced => return Ok(None),
            Err(error) => return Err(error),
        };
        let expected = hmac_md5(session_key, &[self.negotiate, self.challenge, &without]);
        let right = bool::from(expected.ct_eq(&mic));
        Ok((announced || right).then_some(right))
    }
}

/// MsvAvFlags of an NTLMv2 response says that there is a MIC.
fn announces_mic(nt_response: &[u8]) -> bool {
    /// NTProofStr, and the fixed fields of the blob.
    const PAIRS: usize = 16 + 28;
    let pairs = nt_response.get(PAIRS..).and_then(|pairs| av::parse(pairs).ok());
    let flags = pairs.as_deref().and_then(|pairs| av::value_of(pairs, av::FLAGS));
    let flags = flags.and_then(|flags| <[u8; 4]>::try_from(flags).ok());
    flags.is_some_and(|flags| u32::from_le_bytes(flags) & av::FLAG_MIC != 0)
}
