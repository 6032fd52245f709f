//! What can go wrong in a call, from the client's point of view.

use std::time::Duration;

use crate::auth::AuthError;
use crate::ndr::{DecodeError, EncodeError, Fault, InterfaceId};
use crate::rpc::pdu::{ContextResult, NakReason, PduError, ProtectError};

/// Why a connection, a bind or a call failed. After [`Self::Fault`] the connection can still be
/// used; after anything else it is closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server answered the call with a fault. Faults are not signed: anybody on the network
    /// can make one, so they end a call, but never lower its protection.
    #[error("the server refused the call: {}", describe_fault(*.0))]
    Fault(#[from] Fault),
    /// The server refused the bind.
    #[error("the server refused the connection: {}", describe_nak(*.0))]
    BindNak(NakReason),
    /// The server refused the interface.
    #[error("the server does not offer interface {} {}.{}: {}", .interface.uuid,
        .interface.major, .interface.minor, describe_rejection(*.reason))]
    ContextRejected {
        /// The interface.
        interface: InterfaceId,
        /// `reason` of the result ([C706] 12.6.3.1).
        reason: u16,
    },
    /// The server took the bind, but did not agree to sign headers.
    #[error(
        "the server does not agree to sign PDU headers, which it must at packet integrity and \
         privacy; only old servers that you trust justify switching the requirement off"
    )]
    HeaderSigning,
    /// The server answered an authenticated bind as if it were not.
    #[error("the server ignored the authentication")]
    NotAuthenticated,
    /// The host has no endpoint for the interface.
    #[error("interface {} {}.{} has no TCP endpoint on this host (endpoint mapper status \
        0x{status:08x}): does the service run there?", .interface.uuid, .interface.major,
        .interface.minor)]
    NotRegistered {
        /// The interface.
        interface: InterfaceId,
        /// Status of the endpoint mapper.
        status: u32,
    },
    /// The server's answer says that it failed.
    #[error("the server answered with error {0} (0x{0:08x})")]
    Status(u32),
    /// The server broke the protocol.
    #[error("the server broke the protocol: {0}")]
    Protocol(&'static str),
    /// The answer is larger than the limit.
    #[error("the answer exceeds {0} bytes, the limit of this client")]
    AnswerTooLarge(usize),
    /// Nothing came in time.
    #[error("{what} took longer than {limit:?}")]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The connection is closed, by the server or after an earlier error.
    #[error("the connection is closed")]
    Closed,
    /// The network.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A PDU that cannot be read or written.
    #[error(transparent)]
    Pdu(#[from] PduError),
    /// An answer whose protection does not hold, or a call that cannot be protected.
    #[error(transparent)]
    Protect(#[from] ProtectError),
    /// The security provider.
    #[error("authentication failed: {0}")]
    Auth(#[from] AuthError),
    /// The answer's stub cannot be read.
    #[error("the server's answer cannot be read: {0}")]
    Decode(#[from] DecodeError),
    /// The call's arguments cannot be written.
    #[error("the call cannot be written: {0}")]
    Encode(#[from] EncodeError),
}

fn describe_fault(fault: Fault) -> String {
    let meaning = match fault {
        Fault::ACCESS_DENIED => "access denied, or the connection is not protected enough",
        Fault::BAD_STUB_DATA => "it cannot read the arguments",
        Fault::OP_RANGE => "it does not know the operation",
        Fault::UNKNOWN_INTERFACE => "it does not know the interface",
        Fault::PROTOCOL_ERROR => "protocol error",
        Fault::SECURITY_PACKAGE => "authentication failed: wrong user, password or signature",
        Fault::CONTEXT_MISMATCH => "the context handle is not valid",
        Fault::SERVER_TOO_BUSY => "it is too busy, try again",
        Fault::CANCELLED => "the call was cancelled",
        _ => "no description",
    };
    format!("{meaning} (0x{:08x})", fault.0)
}

fn describe_nak(reason: NakReason) -> String {
    let meaning = match reason {
        NakReason::NOT_SPECIFIED => "no reason given; often a failed authentication",
        NakReason::TEMPORARY_CONGESTION => "it is congested, try again",
        NakReason::LOCAL_LIMIT_EXCEEDED => "a limit of the server is reached, try again",
        NakReason::PROTOCOL_VERSION_NOT_SPECIFIED => "protocol version or bind not understood",
        NakReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED => "it does not offer this authentication",
        NakReason::INVALID_CHECKSUM => "authentication failed",
        _ => "unknown reason",
    };
    format!("{meaning} (reason {})", reason.0)
}

fn describe_rejection(reason: u16) -> &'static str {
    match reason {
        ContextResult::ABSTRACT_SYNTAX_NOT_SUPPORTED => "interface not known there",
        ContextResult::TRANSFER_SYNTAXES_NOT_SUPPORTED => "neither NDR 2.0 nor NDR64 accepted",
        ContextResult::LOCAL_LIMIT_EXCEEDED => "a limit of the server is reached",
        _ => "no reason given",
    }
}
