//! Counts across connections.

use std::net::IpAddr;

use crate::counts::Counts;
use crate::model::Sid;
use crate::rpc::CallContext;

/// Calls in flight, by who makes them.
pub(super) type Calls = Counts<Principal>;

/// One call in flight.
pub(super) type Slot = crate::counts::Slot<Principal>;

/// Who makes a call.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Principal {
    Account(Sid),
    Address(IpAddr),
}

impl Principal {
    pub(super) fn of(call: &CallContext) -> Self {
        match &call.caller {
            Some(caller) => Self::Account(caller.token.user().clone()),
            None => Self::Address(call.peer.ip().to_canonical()),
        }
    }
}
