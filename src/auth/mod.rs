//! Security providers of DCE/RPC: acceptors, initiators, per-message protection.
//!
//! Protocol code is sans-IO; where a verdict comes from elsewhere (a domain controller, a
//! blocking library), the acceptor's future waits for it and the shell decides where it runs.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod environment;
mod factory;
mod initiator;
pub mod kerberos;
pub mod keytab;
mod local;
mod names;
pub mod netlogon;
pub mod ntlm;
pub mod spnego;
mod throttle;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use crate::model::Caller;

pub use crate::model::BoxFuture;
pub use environment::{SystemEnvironment, filetime};
pub use factory::SecurityProviders;
pub use initiator::{Credentials, NtlmInitiator, SpnegoInitiator};
pub use local::LocalVerifier;
pub use names::Names;
pub use throttle::{Throttle, network};

/// `auth_type` of a security trailer ([MS-RPCE] 2.2.1.1.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AuthType {
    /// SPNEGO, 9.
    Negotiate,
    /// NTLM, 10.
    Ntlm,
    /// Kerberos, 16.
    Kerberos,
    /// Netlogon secure channel, 68.
    Netlogon,
}

impl AuthType {
    /// The type with this value on the wire, if it is one of ours.
    pub fn from_wire(value: u8) -> Option<Self> {
        Some(match value {
            9 => Self::Negotiate,
            10 => Self::Ntlm,
            16 => Self::Kerberos,
            68 => Self::Netlogon,
            _ => return None,
        })
    }

    /// The value on the wire.
    pub fn to_wire(self) -> u8 {
        match self {
            Self::Negotiate => 9,
            Self::Ntlm => 10,
            Self::Kerberos => 16,
            Self::Netlogon => 68,
        }
    }
}

/// `auth_level` of a security trailer ([MS-RPCE] 2.2.1.1.8). Level 3 (call) is read as packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AuthLevel {
    /// Authenticated at connect only, 2.
    Connect,
    /// Source of each PDU authenticated, 4. On the wire NTLM signs as at integrity.
    Packet,
    /// PDUs signed, 5.
    Integrity,
    /// PDUs signed and the stub sealed, 6.
    Privacy,
}

impl AuthLevel {
    /// The level with this value on the wire. Level 1 (none) is no authentication, not a level.
    pub fn from_wire(value: u8) -> Option<Self> {
        Some(match value {
            2 => Self::Connect,
            3 | 4 => Self::Packet,
            5 => Self::Integrity,
            6 => Self::Privacy,
            _ => return None,
        })
    }

    /// The value on the wire.
    pub fn to_wire(self) -> u8 {
        match self {
            Self::Connect => 2,
            Self::Packet => 4,
            Self::Integrity => 5,
            Self::Privacy => 6,
        }
    }
}

/// The three parts of a PDU that protection covers, in the order of the wire.
/// `body` is the stub with its authentication padding; the token itself is in none of them.
#[derive(Debug)]
pub struct PduParts<'a> {
    /// Common header and the fixed fields up to the stub.
    pub header: &'a [u8],
    /// Stub and padding; sealed or unsealed in place.
    pub body: &'a mut [u8],
    /// The 8 bytes of `sec_trailer`.
    pub trailer: &'a [u8],
    /// Whether both sides agreed on header signing. NTLM covers the whole PDU either way.
    pub header_signing: bool,
}

/// An established security context: protects one direction each way, in strict sequence.
pub trait SecurityContext: Send {
    /// Length of the token that [`protect`](Self::protect) will return at this level, in bytes.
    fn token_len(&self, level: AuthLevel) -> usize;
    /// Signs, and at [`AuthLevel::Privacy`] seals `parts.body` in place; returns the token.
    fn protect(&mut self, level: AuthLevel, parts: PduParts<'_>) -> Result<Vec<u8>, AuthError>;
    /// Checks the token, and at [`AuthLevel::Privacy`] unseals `parts.body` in place first.
    fn unprotect(
        &mut self,
        level: AuthLevel,
        parts: PduParts<'_>,
        token: &[u8],
    ) -> Result<(), AuthError>;
    /// Signs a message that is not a PDU (SPNEGO's mechListMIC). See [MS-SPNG] 3.2.5.1.
    fn get_mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError>;
    /// Checks a signature made by the peer's [`get_mic`](Self::get_mic).
    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), AuthError>;
    /// Who is at the other end, on the acceptor's side. `None` on the initiator's.
    fn caller(&self) -> Option<Arc<Caller>>;
}

/// What an acceptor says to one token.
pub enum Accepted {
    /// Send this token and wait for the next leg.
    Continue(Vec<u8>),
    /// The context stands. A token may still have to be sent.
    Done {
        /// Last token for the client, if there is one.
        token: Option<Vec<u8>>,
        /// The context.
        context: Box<dyn SecurityContext>,
    },
}

/// The acceptor's side of one authentication exchange.
pub trait Acceptor: Send {
    /// Takes the client's next token. After an error the exchange is dead.
    fn accept<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>>;

    /// Whether SPNEGO must see a mechListMIC although this mechanism was the client's first
    /// choice ([MS-SPNG] 3.3.5.1: NTLM whose AUTHENTICATE carries a MIC). Asked after
    /// [`Accepted::Done`].
    fn wants_mech_list_mic(&self) -> bool {
        false
    }
}

/// Makes acceptors: one for each authentication exchange on an association.
pub trait AcceptorFactory: Send + Sync {
    /// An acceptor for this type and level, or `None` where the type is not offered
    /// (answered with bind_nak reason 8).
    fn acceptor(
        &self,
        auth_type: AuthType,
        level: AuthLevel,
        peer: Peer,
    ) -> Option<Box<dyn Acceptor>>;
}

/// The two ends of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Peer {
    /// The client's address, for rate limits and logs.
    pub remote: IpAddr,
    /// The address that the client dialled, as this end of the socket sees it: a client that
    /// dialled an address names it as its target (MsvAvTargetName).
    pub local: IpAddr,
}

/// The initiator's side of one authentication exchange.
pub trait Initiator: Send {
    /// The security trailer's type.
    fn auth_type(&self) -> AuthType;
    /// Takes the server's last token (empty at the start) and makes the next one.
    fn step<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Initiated, AuthError>>;
}

/// What an initiator says to one token.
pub enum Initiated {
    /// Send this token and wait for the next leg.
    Continue(Vec<u8>),
    /// The context stands. If there is a token, it must still be sent.
    Done {
        /// Last token for the server, if there is one.
        token: Option<Vec<u8>>,
        /// The context.
        context: Box<dyn SecurityContext>,
    },
}

/// Time and randomness, handed in so that recorded exchanges can be replayed.
pub trait Environment: Send + Sync {
    /// The time now.
    fn now(&self) -> SystemTime;
    /// Fills `buffer` with bytes of a cryptographic generator.
    fn random(&self, buffer: &mut [u8]) -> Result<(), AuthError>;
}

/// An NTLMv2 response to be verified, exactly as the client sent it.
pub struct NtlmResponse<'a> {
    /// The acceptor's challenge.
    pub server_challenge: [u8; 8],
    /// DomainName of the AUTHENTICATE message.
    pub domain: &'a str,
    /// UserName of the AUTHENTICATE message.
    pub user: &'a str,
    /// Workstation of the AUTHENTICATE message.
    pub workstation: &'a str,
    /// NtChallengeResponse: NTProofStr and the client's blob.
    pub nt_response: &'a [u8],
    /// Where the connection comes from.
    pub peer: Peer,
}

/// A verified NTLM logon.
pub struct NtlmLogon {
    /// SessionBaseKey.
    pub session_base_key: zeroize::Zeroizing<[u8; 16]>,
    /// Who it is, by the account database, never by the message. The token holds S-1-5-64-10.
    pub caller: Caller,
}

/// Checks NTLMv2 responses: local accounts, or a domain controller (Netlogon pass-through).
/// A logon that the account database turns into one of Guest is a refusal.
pub trait Verifier: Send + Sync {
    /// The verdict. Every refusal looks alike to the client.
    fn verify<'a>(
        &'a self,
        response: NtlmResponse<'a>,
    ) -> BoxFuture<'a, Result<NtlmLogon, AuthError>>;
}

/// Why authentication or protection failed. This is for the log: clients learn nothing but that
/// it failed, whatever the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A token is malformed.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// A token is well-formed, but the settings or the protocol's security rules forbid it.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// A token that the state of the exchange doesn't allow, or one after its end.
    #[error("a token out of sequence")]
    OutOfSequence,
    /// Unknown account, wrong password, disabled account: never told apart.
    #[error("unknown user, wrong password or disabled account")]
    LogonFailure,
    /// The domain refuses the logon, for this reason.
    #[error("the domain refuses the logon: {0}")]
    LogonDenied(String),
    /// Too many failures of this user or from this address: not even looked at.
    #[error("too many failed logons: refused without a check until the back-off ends")]
    Throttled,
    /// No verdict could be had: the account database or domain controller is out of reach.
    #[error("no verdict on the logon: {0}")]
    Unavailable(String),
    /// A signature, checksum or sequence number is wrong. The context is dead.
    #[error("bad signature or sequence number")]
    BadSignature,
    /// The sequence numbers are used up, or the context is dead: connect anew.
    #[error("the security context can't protect any more messages")]
    ContextExpired,
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random,
    /// MIT krb5 refuses a ticket, or cannot get one.
    #[error("Kerberos: {0}")]
    Kerberos(String),
    /// The initiator's library refuses.
    #[error("initiator: {0}")]
    Initiator(String),
}
