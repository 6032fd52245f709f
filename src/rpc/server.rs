//! The shell around [`Association`](super::association::Association): listeners, one task for
//! each connection, limits across connections, graceful drain.
//!
//! A connection that misbehaves, stalls or panics ends alone. A call outlives its connection: a
//! certificate that is being issued is not dropped half-way because its client hangs up.

mod connection;
mod limits;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{Instrument, debug, info, info_span};

use self::connection::Connection;
use self::limits::Calls;
use super::association::Endpoint;
use crate::counts::Counts;
use crate::metrics;
use crate::places::{Place, Places, Reception};

static RECEPTION: Reception =
    Reception::new(("a connection", "connections"), "limits", &metrics::RPC);

/// Limits across connections. Those of one connection are in
/// [`Limits`](super::association::Limits).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServerLimits {
    /// Connections, all endpoints together. Where all are taken, a newcomer gets the place of one
    /// that needs it least.
    pub max_connections: usize,
    /// Connections from one address (of IPv6: one network of 64 bits).
    pub max_connections_per_address: usize,
    /// Calls in flight of one account, or of one address where the caller is not authenticated;
    /// further ones are answered with [`Fault::SERVER_TOO_BUSY`](crate::ndr::Fault).
    pub max_calls_per_principal: usize,
    /// How long a client may take to read an answer.
    pub write_timeout: Duration,
    /// How long calls may take to finish once the server stops.
    pub drain_timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_connections: 16_384,
            max_connections_per_address: 128,
            max_calls_per_principal: 32,
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

/// Calls were still being carried out when the time for draining was over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("calls were still running after {0:?}")]
pub struct DrainTimeout(pub Duration);

/// What the tasks of a server share.
struct Shared {
    limits: ServerLimits,
    calls: Arc<Calls>,
    /// Turns true when the server stops.
    stop: watch::Receiver<bool>,
    /// Held by everything that has to finish before the server is done.
    alive: mpsc::Sender<Infallible>,
}

/// Serves these listeners until `stop` turns true (or its sender is gone), then drains: accepts
/// no more, takes no more requests, answers the calls in flight, closes. Answers leave whole or
/// not at all.
///
/// # Errors
///
/// Calls did not finish within [`ServerLimits::drain_timeout`].
pub async fn serve(
    listeners: Vec<(TcpListener, Arc<Endpoint>)>,
    limits: ServerLimits,
    stop: watch::Receiver<bool>,
) -> Result<(), DrainTimeout> {
    let (alive, mut finished) = mpsc::channel(1);
    let calls = Counts::new(usize::MAX, limits.max_calls_per_principal);
    let shared = Arc::new(Shared { limits, calls, stop: stop.clone(), alive });
    let places = Places::new(limits.max_connections, limits.max_connections_per_address);

    let mut accepting = JoinSet::new();
    for (listener, endpoint) in listeners {
        accepting.spawn(accept(listener, endpoint, Arc::clone(&shared), Arc::clone(&places)));
    }
    stopped(stop).await;
    accepting.shutdown().await;
    info!("RPC server drains");

    drop(shared);
    tokio::time::timeout(limits.drain_timeout, finished.recv())
        .await
        .map(drop)
        .map_err(|_| DrainTimeout(limits.drain_timeout))
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that nobody is left to say it.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn accept(
    listener: TcpListener,
    endpoint: Arc<Endpoint>,
    shared: Arc<Shared>,
    places: Arc<Places>,
) {
    loop {
        let (stream, peer, place) = RECEPTION.accept(&listener, &places).await;
        let (endpoint, shared) = (Arc::clone(&endpoint), Arc::clone(&shared));
        let span = info_span!("rpc", %peer);
        tokio::spawn(
            async move {
                let _open = metrics::RPC.hold();
                let place = Arc::new(place);
                tokio::select! {
                    () = run((stream, peer), endpoint, shared, Arc::clone(&place)) => {}
                    () = place.shown_out() => debug!("connection ended: another needs its place"),
                }
            }
            .instrument(span),
        );
    }
}

async fn run(
    (stream, peer): (TcpStream, SocketAddr),
    endpoint: Arc<Endpoint>,
    shared: Arc<Shared>,
    place: Arc<Place>,
) {
    match Connection::new(stream, endpoint, shared, place) {
        Ok(connection) => match connection.run().await {
            Ok(()) => debug!("connection closed by the client"),
            Err(end) => end.log(peer.ip()),
        },
        Err(error) => debug!(%error, "connection lost before it began"),
    }
}
