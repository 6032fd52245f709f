//! Packets out of capture files: pcap and pcapng, down to TCP segments.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use pcap_parser::pcapng::{EnhancedPacketBlock, InterfaceDescriptionBlock};
use pcap_parser::{Block, LegacyPcapSlice, Linktype, PcapBlockOwned, PcapHeader, PcapNGSlice};

/// Largest capture that is read, in bytes: memory is a small multiple of it.
pub const MAX_CAPTURE: usize = 256 << 20;
/// Most interfaces of a section that are told apart.
const MAX_INTERFACES: usize = 4096;

/// Why a file is not read as a capture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// Neither of the two formats.
    #[error("neither pcap nor pcapng")]
    Format,
    /// More than [`MAX_CAPTURE`].
    #[error(
        "the capture has {0} bytes, more than the {MAX_CAPTURE} that are read: cut it down \
             with editcap or a display filter"
    )]
    TooLarge(usize),
}

/// A packet of a capture.
pub(super) struct Packet<'a> {
    /// Its number in the file, from 1, as Wireshark counts.
    pub number: usize,
    /// When it was captured, since 1970.
    pub time: Duration,
    link: Linktype,
    bytes: &'a [u8],
}

/// Every packet of a file, and what is wrong with the file where it cannot be read to its end.
pub(super) fn packets(bytes: &[u8]) -> Result<(Vec<Packet<'_>>, Option<String>), CaptureError> {
    if bytes.len() > MAX_CAPTURE {
        return Err(CaptureError::TooLarge(bytes.len()));
    }
    match PcapNGSlice::from_slice(bytes) {
        Ok(capture) => Ok(blocks(capture, Interfaces::default())),
        Err(_) => match LegacyPcapSlice::from_slice(bytes) {
            Ok(capture) => {
                let interfaces = Interfaces(vec![Interface::of_file(&capture.header)]);
                Ok(blocks(capture, interfaces))
            }
            Err(_) => Err(CaptureError::Format),
        },
    }
}

fn blocks<'a, E: std::fmt::Debug>(
    capture: impl Iterator<Item = Result<PcapBlockOwned<'a>, E>>,
    mut interfaces: Interfaces,
) -> (Vec<Packet<'a>>, Option<String>) {
    let mut packets = Vec::new();
    for block in capture {
        let (link, time, bytes) = match block {
            Ok(PcapBlockOwned::Legacy(packet)) => {
                let Interface { link, per_second } = interfaces.get(0);
                let time = timestamp(packet.ts_sec.into(), packet.ts_usec.into(), per_second);
                (link, time, captured(packet.data, packet.caplen))
            }
            Ok(PcapBlockOwned::NG(Block::SectionHeader(_))) => {
                interfaces.0.clear();
                continue;
            }
            Ok(PcapBlockOwned::NG(Block::InterfaceDescription(interface))) => {
                interfaces.add(Interface::of_block(&interface));
                continue;
            }
            Ok(PcapBlockOwned::NG(Block::EnhancedPacket(packet))) => {
                let interface = interfaces.get(packet.if_id);
                (interface.link, interface.time(&packet), captured(packet.data, packet.caplen))
            }
            Ok(PcapBlockOwned::NG(Block::SimplePacket(packet))) => {
                let link = interfaces.get(0).link;
                (link, Duration::ZERO, captured(packet.data, packet.origlen))
            }
            Ok(PcapBlockOwned::NG(_) | PcapBlockOwned::LegacyHeader(_)) => continue,
            Err(error) => {
                let after = packets.len();
                return (
                    packets,
                    Some(format!("the file is damaged after packet {after}: {error:?}")),
                );
            }
        };
        packets.push(Packet { number: packets.len().saturating_add(1), time, link, bytes });
    }
    (packets, None)
}

/// What was captured of a packet, without the padding of its block.
fn captured(data: &[u8], length: u32) -> &[u8] {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    data.get(..length).unwrap_or(data)
}

#[derive(Clone, Copy)]
struct Interface {
    link: Linktype,
    /// Units of its time stamps in a second.
    per_second: u64,
}

impl Interface {
    const UNKNOWN: Self = Self { link: Linktype::ETHERNET, per_second: 1_000_000 };

    fn of_file(header: &PcapHeader) -> Self {
        let per_second = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
        Self { link: header.network, per_second }
    }

    fn of_block(block: &InterfaceDescriptionBlock<'_>) -> Self {
        let per_second = block.ts_resolution().filter(|units| *units > 0).unwrap_or(1_000_000);
        Self { link: block.linktype, per_second }
    }

    fn time(&self, packet: &EnhancedPacketBlock<'_>) -> Duration {
        let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
        let seconds = units.checked_div(self.per_second).unwrap_or_default();
        let rest = units.checked_rem(self.per_second).unwrap_or_default();
        timestamp(seconds, rest, self.per_second)
    }
}

fn timestamp(seconds: u64, units: u64, per_second: u64) -> Duration {
    let nanoseconds = u128::from(units).saturating_mul(1_000_000_000);
    let nanoseconds = nanoseconds.checked_div(per_second.into()).unwrap_or_default();
    Duration::from_secs(seconds)
        .saturating_add(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or_default()))
}

/// The interfaces of a section.
#[derive(Default)]
struct Interfaces(Vec<Interface>);

impl Interfaces {
    fn add(&mut self, interface: Interface) {
        if self.0.len() < MAX_INTERFACES {
            self.0.push(interface);
        }
    }

    fn get(&self, id: u32) -> Interface {
        let id = usize::try_from(id).unwrap_or(usize::MAX);
        self.0.get(id).copied().unwrap_or(Interface::UNKNOWN)
    }
}

/// A TCP segment.
pub(super) struct Segment<'a> {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub sequence: u32,
    pub syn: bool,
    pub ack: bool,
    pub data: &'a [u8],
}

impl<'a> Packet<'a> {
    /// The TCP segment in a packet. Fragments of IP are not put together.
    pub(super) fn segment(&self) -> Option<Segment<'a>> {
        tcp(self.ip()?)
    }

    /// The IP packet, behind what the link layer has in front of it.
    fn ip(&self) -> Option<&'a [u8]> {
        match self.link {
            Linktype::ETHERNET => ethernet(self.bytes),
            Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 | Linktype(12 | 14) => Some(self.bytes),
            Linktype::NULL | Linktype::LOOP => self.bytes.get(4..),
            Linktype::LINUX_SLL => self.bytes.get(16..),
            Linktype::LINUX_SLL2 => self.bytes.get(20..),
            _ => None,
        }
    }
}

fn ethernet(frame: &[u8]) -> Option<&[u8]> {
    const VLAN: [u8; 2] = [0x81, 0x00];
    const TYPE: usize = 12;
    let at = if frame.get(TYPE..)?.starts_with(&VLAN) { TYPE.saturating_add(4) } else { TYPE };
    match frame.get(at..)?.split_first_chunk()? {
        ([0x08, 0x00] | [0x86, 0xDD], packet) => Some(packet),
        _ => None,
    }
}

fn tcp(packet: &[u8]) -> Option<Segment<'_>> {
    let (source, destination, tcp) = match packet.first()? >> 4 {
        4 => ipv4(packet)?,
        6 => ipv6(packet)?,
        _ => return None,
    };
    let [p0, p1, q0, q1, s0, s1, s2, s3, _, _, _, _, offset, flags, ..] =
        *tcp.first_chunk::<20>()?;
    let header = usize::from(offset >> 4).saturating_mul(4);
    Some(Segment {
        source: SocketAddr::new(source, u16::from_be_bytes([p0, p1])),
        destination: SocketAddr::new(destination, u16::from_be_bytes([q0, q1])),
        sequence: u32::from_be_bytes([s0, s1, s2, s3]),
        syn: flags & 0x02 != 0,
        ack: flags & 0x10 != 0,
        data: tcp.get(header.max(20)..)?,
    })
}

/// Addresses and payload.
type Ip<'a> = (IpAddr, IpAddr, &'a [u8]);

const TCP: u8 = 6;

fn ipv4(packet: &[u8]) -> Option<Ip<'_>> {
    let [first, _, t0, t1, _, _, f0, f1, _, protocol, _, _, addresses @ ..] =
        *packet.first_chunk::<20>()?;
    let [s0, s1, s2, s3, d0, d1, d2, d3] = addresses;
    let whole = u16::from_be_bytes([f0, f1]) & 0x3FFF == 0;
    if protocol != TCP || !whole {
        return None;
    }
    let header = usize::from(first & 0x0F).saturating_mul(4).max(20);
    let payload = packet.get(header..end(u16::from_be_bytes([t0, t1]), 0, packet.len()))?;
    Some(([s0, s1, s2, s3].into(), [d0, d1, d2, d3].into(), payload))
}

fn ipv6(packet: &[u8]) -> Option<Ip<'_>> {
    let [_, _, _, _, l0, l1, next, _] = *packet.first_chunk()?;
    if next != TCP {
        return None;
    }
    let addresses = packet.get(8..)?;
    let (source, rest) = addresses.split_first_chunk::<16>()?;
    let (destination, _) = rest.split_first_chunk::<16>()?;
    let payload = packet.get(40..end(u16::from_be_bytes([l0, l1]), 40, packet.len()))?;
    Some(((*source).into(), (*destination).into(), payload))
}

/// Where a packet ends that claims this length behind `before` bytes. Packets captured before
/// segmentation offload claim none.
fn end(claimed: u16, before: usize, there: usize) -> usize {
    match claimed {
        0 => there,
        claimed => usize::from(claimed).saturating_add(before).min(there),
    }
}
