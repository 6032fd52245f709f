//! Security providers that believe everybody: what lies behind a logon is to be reached.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wcce::auth::{
    Accepted, Acceptor, AcceptorFactory, AuthError, AuthLevel, AuthType, BoxFuture, Environment,
    PduParts, Peer, SecurityContext,
};
use wcce::model::{Caller, Sid, Token};

/// Length of all signatures.
pub const TOKEN: usize = 16;

/// A context that takes every signature but one that begins with `!`, and makes the same ones.
pub struct Believing(pub Option<Arc<Caller>>);

impl SecurityContext for Believing {
    fn token_len(&self, level: AuthLevel) -> usize {
        if level == AuthLevel::Connect { 0 } else { TOKEN }
    }

    fn protect(&mut self, _: AuthLevel, _: PduParts<'_>) -> Result<Vec<u8>, AuthError> {
        Ok(vec![0x5A; TOKEN])
    }

    fn unprotect(&mut self, _: AuthLevel, _: PduParts<'_>, token: &[u8]) -> Result<(), AuthError> {
        if token.first() == Some(&b'!') { Err(AuthError::BadSignature) } else { Ok(()) }
    }

    fn get_mic(&mut self, _: &[u8]) -> Result<Vec<u8>, AuthError> {
        Ok(vec![0x5A; TOKEN])
    }

    fn verify_mic(&mut self, _: &[u8], mic: &[u8]) -> Result<(), AuthError> {
        if mic.first() == Some(&b'!') { Err(AuthError::BadSignature) } else { Ok(()) }
    }

    fn caller(&self) -> Option<Arc<Caller>> {
        self.0.clone()
    }
}

/// Logs on whoever comes; who sends a token that begins with `+` has one more to send, and `?` wants
/// an answer.
pub struct Welcome;

impl Acceptor for Welcome {
    fn accept<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        Box::pin(async move {
            match token.first() {
                Some(b'!') => Err(AuthError::LogonFailure),
                Some(b'+') => Ok(Accepted::Continue(b"more".to_vec())),
                // Nobody, which an association must not take for somebody.
                Some(b'0') => {
                    Ok(Accepted::Done { token: None, context: Box::new(Believing(None)) })
                }
                first => {
                    let context = Box::new(Believing(Some(caller(1103))));
                    // An auth3 is not answered.
                    let token = (first == Some(&b'?')).then(|| b"welcome".to_vec());
                    Ok(Accepted::Done { token, context })
                }
            }
        })
    }
}

impl AcceptorFactory for Welcome {
    fn acceptor(&self, auth_type: AuthType, _: AuthLevel, _: Peer) -> Option<Box<dyn Acceptor>> {
        let offered = [AuthType::Ntlm, AuthType::Negotiate].contains(&auth_type);
        offered.then(|| -> Box<dyn Acceptor> { Box::new(Self) })
    }
}

/// An account of the domain S-1-5-21-1-2-3.
pub fn caller(rid: u32) -> Arc<Caller> {
    let sid: Sid = format!("S-1-5-21-1-2-3-{rid}").parse().expect("a SID");
    let everybody = ["S-1-5-11", "S-1-5-21-1-2-3-513"].map(|sid| sid.parse().expect("a SID"));
    Arc::new(Caller { account: format!(r"LAB\{rid}"), token: Token::new(sid, everybody) })
}

/// The two ends of a connection.
pub const PEER: Peer = Peer { remote: ADDRESS, local: ADDRESS };
const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// The same time and the same bytes for each input, so that each can be repeated.
pub struct Still;

impl Environment for Still {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), AuthError> {
        buffer.iter_mut().zip(1..=u8::MAX).for_each(|(byte, value)| *byte = value);
        Ok(())
    }
}
