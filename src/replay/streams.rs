//! TCP connections put together, and cut into PDUs.
//!
//! Captures have holes: they start in the middle of a connection or lack packets. A hole is
//! counted, the PDU it cuts is dropped, and cutting goes on at the next packet that starts with a
//! PDU header. RPC over named pipes (inside SMB) is not looked for.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::CaptureError;
use super::capture::{Packet, Segment, packets};
use crate::rpc::pdu::{HEADER_LEN, Header, PduError, PduType};

/// Which way a PDU went.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
}

/// A PDU as it was captured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CapturedPdu {
    /// Which way it went.
    pub direction: Direction,
    /// Number of the packet that completes it, as Wireshark counts.
    pub packet: usize,
    /// When that packet was captured, since 1970.
    pub time: Duration,
    /// The whole PDU.
    pub bytes: Vec<u8>,
}

/// One TCP connection that carried DCE/RPC.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Who dialled.
    pub client: SocketAddr,
    /// Who was dialled.
    pub server: SocketAddr,
    /// PDUs in the order in which the capture completes them.
    pub pdus: Vec<CapturedPdu>,
    /// PDUs that a hole in the capture cuts or hides (at least one for each hole).
    pub holes: usize,
}

/// What a capture file holds.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The connections that carried DCE/RPC, in the order of their first packet.
    pub connections: Vec<Connection>,
    /// Packets of the file, whatever they are.
    pub packets: usize,
    /// What is wrong with the file, where it cannot be read to its end.
    pub damage: Option<String>,
}

impl Capture {
    /// Reads a pcap or pcapng file.
    ///
    /// # Errors
    /// It is neither, or too large.
    pub fn read(bytes: &[u8]) -> Result<Self, CaptureError> {
        let (packets, damage) = packets(bytes)?;
        let mut flows = Flows::default();
        for packet in &packets {
            if let Some(segment) = packet.segment() {
                flows.add(packet, &segment);
            }
        }
        let connections = flows.flows.into_iter().filter_map(Flow::into_connection).collect();
        Ok(Self { connections, packets: packets.len(), damage })
    }
}

#[derive(Default)]
struct Flows<'a> {
    flows: Vec<Flow<'a>>,
    /// Index of the newest connection between two addresses, by (client, server).
    newest: HashMap<(SocketAddr, SocketAddr), usize>,
}

impl<'a> Flows<'a> {
    fn add(&mut self, packet: &Packet<'a>, segment: &Segment<'a>) {
        let forward = (segment.source, segment.destination);
        let backward = (segment.destination, segment.source);
        let opens = segment.syn && !segment.ack;
        let known = |ends| self.newest.get(ends).copied().filter(|_| !opens);
        let (index, direction) = match (known(&forward), known(&backward)) {
            (Some(index), _) => (index, Direction::ToServer),
            (None, Some(index)) => (index, Direction::ToClient),
            (None, None) => self.begin(segment, opens),
        };
        let Some(flow) = self.flows.get_mut(index) else { return };
        let half = match direction {
            Direction::ToServer => &mut flow.to_server,
            Direction::ToClient => &mut flow.to_client,
        };
        half.add(packet, segment);
    }

    /// A new connection. Without its SYN, the lower port is taken for the server's.
    fn begin(&mut self, segment: &Segment<'a>, opens: bool) -> (usize, Direction) {
        let Segment { source, destination, .. } = *segment;
        let swapped = !opens && (segment.syn || source.port() < destination.port());
        let (client, server) = if swapped { (destination, source) } else { (source, destination) };
        let index = self.flows.len();
        self.newest.insert((client, server), index);
        self.flows.push(Flow {
            client,
            server,
            to_server: Half::default(),
            to_client: Half::default(),
        });
        (index, if swapped { Direction::ToClient } else { Direction::ToServer })
    }
}

struct Flow<'a> {
    client: SocketAddr,
    server: SocketAddr,
    to_server: Half<'a>,
    to_client: Half<'a>,
}

impl Flow<'_> {
    fn into_connection(self) -> Option<Connection> {
        let (mut pdus, holes_sent) = self.to_server.split(Direction::ToServer);
        let (received, holes_received) = self.to_client.split(Direction::ToClient);
        pdus.extend(received);
        pdus.sort_by_key(|pdu| pdu.packet);
        let holes = holes_sent.saturating_add(holes_received);
        let mut connection = Connection { client: self.client, server: self.server, pdus, holes };
        let first = connection.pdus.first()?;
        // Without the SYN, the guess by port numbers may be wrong: the PDU types tell.
        if is_answer(&first.bytes) != (first.direction == Direction::ToClient) {
            connection.swap();
        }
        Some(connection)
    }
}

impl Connection {
    fn swap(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
        for pdu in &mut self.pdus {
            pdu.direction = match pdu.direction {
                Direction::ToServer => Direction::ToClient,
                Direction::ToClient => Direction::ToServer,
            };
        }
    }
}

fn is_answer(pdu: &[u8]) -> bool {
    let ptype = pdu.get(2).and_then(|ptype| PduType::from_wire(*ptype));
    matches!(
        ptype,
        Some(
            PduType::Response
                | PduType::Fault
                | PduType::BindAck
                | PduType::BindNak
                | PduType::AlterContextResponse
        )
    )
}

/// One direction of a TCP connection.
#[derive(Default)]
struct Half<'a> {
    first: Option<u32>,
    segments: Vec<Piece<'a>>,
}

struct Piece<'a> {
    /// From the first sequence number that was seen.
    offset: i64,
    packet: usize,
    time: Duration,
    data: &'a [u8],
}

impl<'a> Half<'a> {
    fn add(&mut self, packet: &Packet<'a>, segment: &Segment<'a>) {
        let start = segment.sequence.wrapping_add(u32::from(segment.syn));
        let first = *self.first.get_or_insert(start);
        let offset = i64::from(start.wrapping_sub(first).cast_signed());
        let data = segment.data;
        if !data.is_empty() {
            self.segments.push(Piece { offset, packet: packet.number, time: packet.time, data });
        }
    }

    /// Cuts the stream into PDUs, each with the packet that completes it; counts holes.
    fn split(mut self, direction: Direction) -> (Vec<CapturedPdu>, usize) {
        self.segments.sort_by_key(|piece| (piece.offset, piece.packet));
        let mut pdus = Vec::new();
        let mut holes: usize = 0;
        let mut splitter = Splitter::default();
        let mut next = self.segments.first().map_or(0, |piece| piece.offset);
        let mut latest = (0, Duration::ZERO);
        for Piece { offset, packet, time, data } in self.segments {
            if offset > next {
                holes = holes.saturating_add(1);
                splitter = Splitter::default();
                next = offset;
            }
            let seen = usize::try_from(next.saturating_sub(offset)).unwrap_or(usize::MAX);
            let Some(fresh) = data.get(seen..).filter(|fresh| !fresh.is_empty()) else { continue };
            next = offset.saturating_add(i64::try_from(data.len()).unwrap_or(i64::MAX));
            latest = latest.max((packet, time));
            let (packet, time) = latest;
            let whole = splitter.push(fresh).into_iter();
            pdus.extend(whole.map(|bytes| CapturedPdu { direction, packet, time, bytes }));
        }
        (pdus, holes)
    }
}

/// Cuts a byte stream into PDUs; gets in step at a segment that starts with a PDU header.
#[derive(Default)]
struct Splitter {
    pending: Vec<u8>,
}

impl Splitter {
    fn push(&mut self, segment: &[u8]) -> Vec<Vec<u8>> {
        self.pending.extend_from_slice(segment);
        let mut pdus = Vec::new();
        let mut rest = self.pending.as_slice();
        let before = rest.len();
        while let Some(header) = rest.first_chunk::<HEADER_LEN>() {
            let Some(length) = pdu_length(header) else {
                rest = &[];
                break;
            };
            let Some((pdu, after)) = rest.split_at_checked(length) else { break };
            pdus.push(pdu.to_vec());
            rest = after;
        }
        // A PDU that comes byte by byte is not moved with each of them.
        if rest.len() < before {
            self.pending = rest.to_vec();
        }
        pdus
    }
}

/// `frag_length`, if these bytes look like the header of a connection-oriented PDU.
fn pdu_length(bytes: &[u8; HEADER_LEN]) -> Option<usize> {
    let length = match Header::decode(*bytes) {
        Ok(header) => header.frag_length,
        // A PDU all the same, which is not possible: it is shown as such.
        Err(PduError::Lengths { fragment, .. }) => fragment,
        Err(_) => return None,
    };
    let [_, _, _, _, _, _, reserved @ .., _, _, _, _, _, _, _, _] = *bytes;
    let length = usize::from(length);
    (reserved == [0; 2] && length >= HEADER_LEN).then_some(length)
}
