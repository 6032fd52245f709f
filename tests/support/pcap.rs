//! DCE/RPC connections out of packet captures: pcap and pcapng, TCP reassembly, PDU splitting.
//!
//! Captures have holes: they start in the middle of a connection or lack packets. A hole is
//! counted, the PDU it cuts is dropped, and splitting goes on at the next packet that starts
//! with a PDU header. RPC over named pipes (inside SMB) is not looked for.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

use pcap_parser::{Block, LegacyPcapSlice, Linktype, PcapBlockOwned, PcapNGSlice};

/// Which way a PDU went.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    ToServer,
    ToClient,
}

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
    let mut flows = Flows::default();
    for (number, packet) in packets(&file(path)).iter().enumerate() {
        if let Some(segment) = tcp_segment(packet) {
            flows.add(number, segment);
        }
    }
    flows.flows.into_iter().filter_map(Flow::into_connection).collect()
}

fn file(path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|extension| extension == "gz") {
        let output = Command::new("gzip").arg("-dc").arg(path).output().expect("gzip runs");
        assert!(output.status.success(), "gzip cannot read {}", path.display());
        return output.stdout;
    }
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Ethernet frames of a capture.
fn packets(bytes: &[u8]) -> Vec<Vec<u8>> {
    if let Ok(capture) = PcapNGSlice::from_slice(bytes) {
        return blocks(capture);
    }
    blocks(LegacyPcapSlice::from_slice(bytes).expect("a pcap or pcapng file"))
}

fn blocks<'a, E: std::fmt::Debug>(
    capture: impl Iterator<Item = Result<PcapBlockOwned<'a>, E>>,
) -> Vec<Vec<u8>> {
    let ethernet = |linktype| assert_eq!(linktype, Linktype::ETHERNET, "only Ethernet is read");
    let mut frames = Vec::new();
    for block in capture {
        match block.expect("an intact capture block") {
            PcapBlockOwned::LegacyHeader(header) => ethernet(header.network),
            PcapBlockOwned::Legacy(frame) => {
                frames.push(frame.data[..frame.caplen as usize].to_vec());
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                ethernet(interface.linktype);
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(frame)) => {
                frames.push(frame.data[..frame.caplen as usize].to_vec());
            }
            PcapBlockOwned::NG(_) => {}
        }
    }
    frames
}

struct Segment<'a> {
    source: SocketAddr,
    destination: SocketAddr,
    sequence: u32,
    syn: bool,
    ack: bool,
    data: &'a [u8],
}

fn tcp_segment(frame: &[u8]) -> Option<Segment<'_>> {
    let (source, destination, tcp) = match frame.get(12..14)? {
        [0x08, 0x00] => ipv4(&frame[14..])?,
        [0x86, 0xdd] => ipv6(&frame[14..])?,
        _ => return None,
    };
    let port = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
    let header = usize::from(tcp.get(12)? >> 4) * 4;
    Some(Segment {
        source: SocketAddr::new(source, port(0)),
        destination: SocketAddr::new(destination, port(2)),
        sequence: u32::from_be_bytes(tcp[4..8].try_into().unwrap()),
        syn: tcp[13] & 0x02 != 0,
        ack: tcp[13] & 0x10 != 0,
        data: tcp.get(header..)?,
    })
}

fn ipv4(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let header = usize::from(packet[0] & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
    // Frames captured before segmentation offload have a total length of zero.
    let end = if total == 0 { packet.len() } else { total.min(packet.len()) };
    let address = |at: usize| -> [u8; 4] { packet[at..at + 4].try_into().unwrap() };
    let tcp = packet[9] == 6;
    tcp.then(|| (address(12).into(), address(16).into(), &packet[header..end]))
}

fn ipv6(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let payload = usize::from(u16::from_be_bytes([packet[4], packet[5]]));
    let end = if payload == 0 { packet.len() } else { (40 + payload).min(packet.len()) };
    let address = |at: usize| -> [u8; 16] { packet[at..at + 16].try_into().unwrap() };
    let tcp = packet[6] == 6;
    tcp.then(|| (address(8).into(), address(24).into(), &packet[40..end]))
}

#[derive(Default)]
struct Flows {
    flows: Vec<Flow>,
    /// Index of the newest connection between two addresses, by (client, server).
    newest: HashMap<(SocketAddr, SocketAddr), usize>,
}

impl Flows {
    fn add(&mut self, packet: usize, segment: Segment<'_>) {
        let forward = (segment.source, segment.destination);
        let backward = (segment.destination, segment.source);
        let opens = segment.syn && !segment.ack;
        let (index, direction) = if let Some(&index) = self.newest.get(&forward).filter(|_| !opens)
        {
            (index, Direction::ToServer)
        } else if let Some(&index) = self.newest.get(&backward).filter(|_| !opens) {
            (index, Direction::ToClient)
        } else {
            // Without its SYN, the lower port is taken for the server's.
            let swapped =
                !opens && (segment.syn || segment.source.port() < segment.destination.port());
            let (client, server) = if swapped { backward } else { forward };
            self.newest.insert((client, server), self.flows.len());
            self.flows.push(Flow::new(client, server));
            let direction = if swapped { Direction::ToClient } else { Direction::ToServer };
            (self.flows.len() - 1, direction)
        };
        let flow = &mut self.flows[index];
        let half = match direction {
            Direction::ToServer => &mut flow.to_server,
            Direction::ToClient => &mut flow.to_client,
        };
        half.add(packet, &segment);
    }
}

struct Flow {
    client: SocketAddr,
    server: SocketAddr,
    to_server: Half,
    to_client: Half,
}

impl Flow {
    fn new(client: SocketAddr, server: SocketAddr) -> Self {
        Self { client, server, to_server: Half::default(), to_client: Half::default() }
    }

    fn into_connection(self) -> Option<Connection> {
        let (sent, holes_sent) = self.to_server.split();
        let (received, holes_received) = self.to_client.split();
        let mut connection = Connection {
            client: self.client,
            server: self.server,
            pdus: in_order(sent, received),
            holes: holes_sent + holes_received,
        };
        let (direction, first) = connection.pdus.first()?;
        // Without the SYN, the guess by port numbers may be wrong: the PDU types tell.
        if is_answer(first) != (*direction == Direction::ToClient) {
            connection.swap();
        }
        Some(connection)
    }
}

impl Connection {
    fn swap(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
        for (direction, _) in &mut self.pdus {
            *direction = match direction {
                Direction::ToServer => Direction::ToClient,
                Direction::ToClient => Direction::ToServer,
            };
        }
    }
}

/// response, fault, bind_ack, bind_nak, alter_context_resp.
fn is_answer(pdu: &[u8]) -> bool {
    matches!(pdu[2], 2 | 3 | 12 | 13 | 15)
}

/// A PDU with the number of the packet that completes it.
type Numbered = (usize, Vec<u8>);

fn in_order(sent: Vec<Numbered>, received: Vec<Numbered>) -> Vec<(Direction, Vec<u8>)> {
    let sent = sent.into_iter().map(|(packet, pdu)| (packet, Direction::ToServer, pdu));
    let received = received.into_iter().map(|(packet, pdu)| (packet, Direction::ToClient, pdu));
    let mut pdus: Vec<_> = sent.chain(received).collect();
    pdus.sort_by_key(|(packet, ..)| *packet);
    pdus.into_iter().map(|(_, direction, pdu)| (direction, pdu)).collect()
}

/// One direction of a TCP connection.
#[derive(Default)]
struct Half {
    first: Option<u32>,
    /// Segments as (offset from `first`, packet number, bytes).
    segments: Vec<(i64, usize, Vec<u8>)>,
}

impl Half {
    fn add(&mut self, packet: usize, segment: &Segment<'_>) {
        let start = segment.sequence.wrapping_add(u32::from(segment.syn));
        let first = *self.first.get_or_insert(start);
        let offset = i64::from(start.wrapping_sub(first) as i32);
        if !segment.data.is_empty() {
            self.segments.push((offset, packet, segment.data.to_vec()));
        }
    }

    /// Splits the stream into PDUs, each with the packet that completes it; counts holes.
    fn split(mut self) -> (Vec<Numbered>, usize) {
        self.segments.sort_by_key(|(offset, packet, _)| (*offset, *packet));
        let mut pdus = Vec::new();
        let mut holes = 0;
        let mut splitter = Splitter::default();
        let mut next = self.segments.first().map_or(0, |(offset, ..)| *offset);
        let mut latest = 0;
        for (offset, packet, data) in &self.segments {
            if *offset > next {
                holes += 1;
                splitter = Splitter::default();
                next = *offset;
            }
            let seen = usize::try_from(next - offset).unwrap();
            let Some(fresh) = data.get(seen..).filter(|fresh| !fresh.is_empty()) else { continue };
            next = offset + data.len() as i64;
            latest = latest.max(*packet);
            pdus.extend(splitter.push(fresh).into_iter().map(|pdu| (latest, pdu)));
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
        while self.pending.len() >= 16 {
            let Some(length) = pdu_length(&self.pending) else {
                self.pending.clear();
                break;
            };
            if self.pending.len() < length {
                break;
            }
            let rest = self.pending.split_off(length);
            pdus.push(std::mem::replace(&mut self.pending, rest));
        }
        pdus
    }
}

/// `frag_length`, if these bytes look like the header of a connection-oriented PDU.
fn pdu_length(bytes: &[u8]) -> Option<usize> {
    let little_endian = bytes[4] == 0x10;
    let word = |at: usize| match little_endian {
        true => u16::from_le_bytes([bytes[at], bytes[at + 1]]),
        false => u16::from_be_bytes([bytes[at], bytes[at + 1]]),
    };
    let known_type = matches!(bytes[2], 0 | 2 | 3 | 11..=19);
    let plausible = bytes[0] == 5
        && bytes[1] <= 1
        && known_type
        && bytes[4] & 0xef == 0
        && bytes[5..8] == [0, 0, 0]
        && word(8) >= 16
        && word(10) < word(8);
    plausible.then(|| usize::from(word(8)))
}
