//! The HTTP listener: CRLs, CA certificates and OCSP answers for everybody; at addresses of its
//! own, metrics and health for monitoring.
//!
//! hyper reads requests; here are limits, routes, and what is answered. Nothing of a request's
//! path ever becomes the name of a file: it is looked up in a table.

mod config;
mod published;
mod site;
mod stall;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::debug;

pub use self::config::{HttpConfig, OcspConfig};
pub use self::published::Published;
pub use self::site::{Monitored, Site};
use self::stall::Unstalled;
use crate::metrics;
use crate::places::{Place, Places, Rank, Reception};

static RECEPTION: Reception =
    Reception::new(("an HTTP connection", "HTTP connections"), "http", &metrics::HTTP);

/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Most header fields of a request.
const MAX_HEADERS: usize = 64;

/// Limits of all listeners.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HttpLimits {
    /// Connections, all together.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_address: usize,
    /// How long a request may take to arrive, and an answer to be read further.
    pub transfer_time: Duration,
    /// How long answers may take to leave once the server stops.
    pub drain: Duration,
}

impl HttpConfig {
    /// The limits; answers may take `drain` to leave once the server stops.
    pub fn limits(&self, drain: Duration) -> HttpLimits {
        let Self { connections, connections_per_address, transfer_time, .. } = *self;
        HttpLimits { connections, connections_per_address, transfer_time, drain }
    }
}

struct Shared {
    site: Arc<Site>,
    limits: HttpLimits,
    stop: watch::Receiver<bool>,
    /// Held by every connection.
    _alive: mpsc::Sender<Infallible>,
}

/// Serves a site until `stop` turns true (or its sender is gone); answers under way then leave,
/// for as long as the limits allow.
pub async fn serve(
    listeners: Vec<TcpListener>,
    site: Arc<Site>,
    limits: HttpLimits,
    stop: watch::Receiver<bool>,
) {
    let (alive, mut finished) = mpsc::channel(1);
    let shared = Arc::new(Shared { site, limits, stop: stop.clone(), _alive: alive });
    let places = Places::new(limits.connections, limits.connections_per_address);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, Arc::clone(&shared), Arc::clone(&places)));
    }
    stopped(stop).await;
    accepting.shutdown().await;
    drop(shared);
    // Connections end themselves in time.
    let _: Option<Infallible> = finished.recv().await;
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that nobody is left to say it.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, places: Arc<Places>) {
    loop {
        let (stream, peer, place) = RECEPTION.accept(&listener, &places).await;
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let _open = metrics::HTTP.hold();
            let place = Arc::new(place);
            tokio::select! {
                () = run(stream, peer, &shared, Arc::clone(&place)) => {}
                () = place.shown_out() => debug!(%peer, "connection ended: another needs its place"),
            }
        });
    }
}

async fn run(stream: TcpStream, peer: SocketAddr, shared: &Shared, place: Arc<Place>) {
    let HttpLimits { transfer_time, drain, .. } = shared.limits;
    let site = Arc::clone(&shared.site);
    let service = service_fn(move |request| {
        let (site, place) = (Arc::clone(&site), Arc::clone(&place));
        async move {
            let answer = site.answer(request, transfer_time).await;
            // Whoever asked for something stands better than those who only hold a connection.
            place.stands_anew(Rank::Idle);
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(transfer_time)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(Unstalled::new(stream, transfer_time), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stopped(shared.stop.clone()) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(drain, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        debug!(%peer, %error, "HTTP connection ended");
    }
}
