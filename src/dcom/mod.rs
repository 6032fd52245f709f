//! Objects over RPC ([MS-DCOM]).
//!
//! This room exports objects that it is handed: a [`Class`] makes [`Object`]s, and clients that
//! it admits activate them, ask for their interfaces, call them and release them. What the
//! objects do is none of its business.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod activation;
pub mod bindings;
pub mod client;
mod exporter;
pub mod objref;
pub mod table;

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

pub use self::exporter::{Exporter, ExporterSettings};
use crate::auth::BoxFuture;
use crate::generated::orpc::COMVERSION;
use crate::model::Caller;
use crate::ndr::{DecodeError, EncodeError, Fault, InterfaceId};
use crate::rpc::{CallContext, Policy};

/// The version of the protocol that this is ([MS-DCOM] 2.2.11).
pub const COM_VERSION: COMVERSION = COMVERSION { major_version: 5, minor_version: 7 };

/// Why a marshalled structure cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DcomError {
    /// It is not what it should be.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// A part in NDR cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A part in NDR cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// An object class that clients can activate.
pub trait Class: Send + Sync {
    /// The class identifier.
    fn clsid(&self) -> Uuid;

    /// Interfaces of its objects, base interfaces included. IUnknown, and IClassFactory of the
    /// class itself, are the exporter's.
    fn interfaces(&self) -> Vec<Interface>;

    /// Whether `caller` may activate objects of this class and call them. Asked on every
    /// activation and every call, of the caller who protected it.
    fn admits(&self, caller: &Caller) -> bool;

    /// A new object. An object lives until its clients release it or vanish, and is dropped then;
    /// an object without state of its own may be the same one each time.
    fn create(&self) -> Arc<dyn Object>;
}

/// An interface of a class's objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interface {
    /// The IID, and version 0.0 ([MS-DCOM] 3.2.4.2).
    pub id: InterfaceId,
    /// What calls must fulfil. Where two classes have the same interface, the policy of the
    /// class that is registered first holds for both.
    pub policy: Policy,
}

/// An object that clients hold references to.
pub trait Object: Send + Sync {
    /// Carries out a call. It comes from a caller whom the class admits, at the level of the
    /// interface's policy, for an interface of the class (`call.interface`; the minor version is
    /// 0), on this object; COM version and ORPCTHIS are checked.
    ///
    /// `stub` begins with the ORPCTHIS, and the answer with the ORPCTHAT, as the generated
    /// `dispatch_…` functions of object interfaces expect.
    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>>;
}
