//! What all connections of an endpoint share: services, security providers, limits.

use std::sync::Arc;
use std::time::Duration;

use super::{AssociationGroups, Memory};
use crate::auth::AcceptorFactory;
use crate::ndr::InterfaceId;
use crate::rpc::Service;
use crate::rpc::mgmt::Statistics;
use crate::rpc::pdu::DEFAULT_FRAGMENT;

/// An endpoint: what its connections can bind to, and how far they may go.
pub struct Endpoint {
    /// The interfaces.
    pub services: Vec<Arc<dyn Service>>,
    /// The security providers.
    pub acceptors: Arc<dyn AcceptorFactory>,
    /// Association groups; share one table among the endpoints of a server process.
    pub groups: Arc<AssociationGroups>,
    /// What the connections count; share one among the endpoints of a server process.
    pub statistics: Arc<Statistics>,
    /// Memory for what clients send; share one among the endpoints of a server process.
    pub memory: Arc<Memory>,
    /// Limits of each connection.
    pub limits: Limits,
}

/// Limits of one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Largest fragment of a request or response, in bytes.
    pub max_fragment: u16,
    /// Largest request stub, in bytes ([MS-RPCE] 3.3.3.5.4); beyond it the call faults with 5.
    pub max_request: usize,
    /// While calls in flight hold this many bytes of stub, no further request is read.
    pub max_in_flight_bytes: usize,
    /// While this many calls are in flight, no further request is read.
    pub max_calls: usize,
    /// Presentation contexts; a bind beyond it is refused.
    pub max_presentation_contexts: usize,
    /// Security contexts, failed and unfinished ones included.
    pub max_security_contexts: usize,
    /// Security contexts that are not finished.
    pub max_handshakes: usize,
    /// Time from the connection to its bind, and from the first leg of an authentication to its
    /// last.
    pub handshake_timeout: Duration,
    /// Time from the first byte of a request to its last.
    pub receive_timeout: Duration,
    /// Time without a call, after which the connection is closed; where nobody has logged on, not
    /// more than `receive_timeout`.
    pub idle_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_fragment: DEFAULT_FRAGMENT,
            max_request: 4 << 20,
            max_in_flight_bytes: 8 << 20,
            max_calls: 16,
            max_presentation_contexts: 256,
            max_security_contexts: 64,
            max_handshakes: 4,
            handshake_timeout: Duration::from_secs(30),
            receive_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(15 * 60),
        }
    }
}

impl Endpoint {
    /// The service that a client means: same UUID and major version, and a minor version that is
    /// at least the client's.
    pub(super) fn service(&self, wanted: &InterfaceId) -> Option<&Arc<dyn Service>> {
        self.services.iter().find(|service| {
            let offered = service.interface();
            offered.uuid == wanted.uuid
                && offered.major == wanted.major
                && offered.minor >= wanted.minor
        })
    }
}
