//! What a service is to the RPC runtime.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::auth::{AuthLevel, AuthType, BoxFuture};
use crate::model::Caller;
use crate::ndr::{Encoding, Fault, InterfaceId, Syntax};

/// An association group: all connections of one client process. Context handles live as long as
/// it does ([MS-RPCE] 3.3.1.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AssociationId(pub u32);

/// Who calls, how, and on what.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The account of the security context that protected this very call; `None` when the call
    /// is not authenticated.
    pub caller: Option<Arc<Caller>>,
    /// Security provider and level of the call; `None` when it is not authenticated.
    pub auth: Option<(AuthType, AuthLevel)>,
    /// Whether client and server agreed on header signing.
    pub header_signing: bool,
    /// Object UUID of the request.
    pub object: Option<Uuid>,
    /// The interface, as the client proposed it (its minor version may be below the service's).
    pub interface: InterfaceId,
    /// How the stub is encoded. The answer is to be encoded in the same transfer syntax,
    /// little-endian.
    pub encoding: Encoding,
    /// Identifies the call on its connection, for logs.
    pub call_id: u32,
    /// The client's address.
    pub peer: SocketAddr,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// The association group, for context handles.
    pub association: AssociationId,
}

/// What an interface asks of its callers and speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Calls below this level are answered with [`Fault::ACCESS_DENIED`]; `None` lets
    /// unauthenticated calls in.
    pub min_level: Option<AuthLevel>,
    /// Transfer syntaxes, the preferred one first.
    pub syntaxes: &'static [Syntax],
    /// Largest request stub, in bytes; the server's own limit holds too.
    pub max_request: usize,
}

impl Default for Policy {
    /// Packet privacy; NDR64 before NDR 2.0, as Windows does where both are offered; requests as
    /// large as the server takes.
    fn default() -> Self {
        Self {
            min_level: Some(AuthLevel::Privacy),
            syntaxes: &[Syntax::Ndr64, Syntax::Ndr20],
            max_request: usize::MAX,
        }
    }
}

/// The server's side of one interface.
pub trait Service: Send + Sync {
    /// The interface. A client's major version must match, its minor version must not be higher.
    fn interface(&self) -> InterfaceId;

    /// What the interface asks for; [`Policy::default`] unless overridden.
    fn policy(&self) -> Policy {
        Policy::default()
    }

    /// Carries out one call. `stub` comes without authentication padding; a verification trailer
    /// may still be at its end. The answer is the response's stub.
    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>>;

    /// The last connection of an association group is gone: its context handles are void.
    fn association_closed(&self, _association: AssociationId) {}
}
