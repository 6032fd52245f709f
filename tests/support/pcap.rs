//! DCE/RPC connections out of packet captures, as `wcce::replay` reads them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

pub use wcce::replay::Direction;
use wcce::replay::{self, Capture};

/// One TCP connection that carried DCE/RPC.
#[derive(Debug)]
pub struct Connection {
    pub client: SocketAddr,
    pub server: SocketAddr,
    /// PDUs in the order in which the capture completes them.
    pub pdus: Vec<(Direction, Vec<u8>)>,
    /// PDUs that a hole in the capture cuts or hides (at least one for each hole).
    pub holes: usize,
}

/// Reads every DCE/RPC connection of a capture file, in the order of their first packet.
pub fn connections(path: &Path) -> Vec<Connection> {
    capture(path).connections.into_iter().map(Connection::from).collect()
}

/// The same with all that is known of each PDU.
pub fn capture(path: &Path) -> Capture {
    let capture = Capture::read(&file(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(capture.damage, None, "{}", path.display());
    capture
}

impl From<replay::Connection> for Connection {
    fn from(connection: replay::Connection) -> Self {
        let replay::Connection { client, server, pdus, holes } = connection;
        let pdus = pdus.into_iter().map(|pdu| (pdu.direction, pdu.bytes)).collect();
        Self { client, server, pdus, holes }
    }
}

fn file(path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|extension| extension == "gz") {
        let output = Command::new("gzip").arg("-dc").arg(path).output().expect("gzip runs");
        assert!(output.status.success(), "gzip cannot read {}", path.display());
        return output.stdout;
    }
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
