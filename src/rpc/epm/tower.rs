//! Protocol towers: the byte strings that name an interface and where to reach it
//! ([C706] appendix L, [MS-RPCE] 2.2.1.2.2 and 3.1.3.5.3).

use std::fmt;
use std::net::Ipv4Addr;

use uuid::Uuid;

use crate::ndr::InterfaceId;

/// Longest tower in bytes (`range` of `tower_length`).
pub const MAX_TOWER_LEN: usize = 2000;
/// Most floors that a tower may have.
pub const MAX_FLOORS: usize = 6;

/// Protocol identifier of a floor with a UUID and a version.
const UUID_FLOOR: u8 = 0x0D;
const CONNECTION_ORIENTED: u8 = 0x0B;
const TCP: u8 = 0x07;
const IP: u8 = 0x09;
const NAMED_PIPE: u8 = 0x0F;
const NETBIOS_NAME: u8 = 0x11;

/// A tower: floors from the interface down to the network address.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tower {
    /// The floors, interface first.
    pub floors: Vec<Floor>,
}

/// One floor of a tower.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Floor {
    /// An interface (first floor) or transfer syntax (second floor).
    Uuid(InterfaceId),
    /// Connection-oriented RPC, with its minor version.
    ConnectionOriented(u16),
    /// A TCP port.
    Tcp(u16),
    /// An IPv4 address; 0.0.0.0 in what clients ask.
    Ip(Ipv4Addr),
    /// A named pipe, as `\PIPE\name`, bytes as on the wire.
    NamedPipe(Vec<u8>),
    /// The NetBIOS name of a host, bytes as on the wire.
    NetBiosName(Vec<u8>),
    /// Any other protocol (or one of the above in another shape), kept as it was.
    Other {
        /// Protocol identifier and its data.
        left: Vec<u8>,
        /// The protocol's address data.
        right: Vec<u8>,
    },
}

/// Why bytes are not a tower.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TowerError {
    /// The bytes end within a floor.
    #[error("the tower ends within a floor")]
    Truncated,
    /// More bytes than a tower may have.
    #[error("the tower has {0} bytes, more than {MAX_TOWER_LEN}")]
    TooLong(usize),
    /// More floors than a tower may have.
    #[error("the tower has {0} floors, more than {MAX_FLOORS}")]
    TooManyFloors(u16),
    /// Bytes follow the last floor.
    #[error("{0} bytes follow the tower's last floor")]
    Trailing(usize),
}

impl Tower {
    /// The tower of an interface over TCP: five floors.
    pub fn tcp(interface: InterfaceId, syntax: InterfaceId, port: u16, address: Ipv4Addr) -> Self {
        let floors = vec![
            Floor::Uuid(interface),
            Floor::Uuid(syntax),
            Floor::ConnectionOriented(0),
            Floor::Tcp(port),
            Floor::Ip(address),
        ];
        Self { floors }
    }

    /// Reads `tower_octet_string`. Every byte must belong to a floor.
    pub fn parse(bytes: &[u8]) -> Result<Self, TowerError> {
        if bytes.len() > MAX_TOWER_LEN {
            return Err(TowerError::TooLong(bytes.len()));
        }
        let mut rest = bytes;
        let count = take_u16(&mut rest)?;
        if usize::from(count) > MAX_FLOORS {
            return Err(TowerError::TooManyFloors(count));
        }
        let floors = (0..count).map(|_| take_floor(&mut rest)).collect::<Result<_, _>>()?;
        if !rest.is_empty() {
            return Err(TowerError::Trailing(rest.len()));
        }
        Ok(Self { floors })
    }

    /// Writes `tower_octet_string`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        push_len(&mut bytes, self.floors.len());
        for floor in &self.floors {
            let (left, right) = floor.sides();
            push_len(&mut bytes, left.len());
            bytes.extend_from_slice(&left);
            push_len(&mut bytes, right.len());
            bytes.extend_from_slice(&right);
        }
        bytes
    }

    /// The interface, if the first floor names one.
    pub fn interface(&self) -> Option<InterfaceId> {
        uuid_of(self.floors.first())
    }

    /// The transfer syntax, if the second floor names one.
    pub fn syntax(&self) -> Option<InterfaceId> {
        uuid_of(self.floors.get(1))
    }

    /// The TCP port, if this is a tower of connection-oriented RPC over TCP.
    pub fn tcp_port(&self) -> Option<u16> {
        match self.floors.get(2..)? {
            [Floor::ConnectionOriented(_), Floor::Tcp(port), ..] => Some(*port),
            _ => None,
        }
    }

    /// Whether both name the same protocols, whatever their addresses ([MS-RPCE] 3.1.3.5.3).
    pub fn same_protocols(&self, other: &Self) -> bool {
        let protocols = |tower: &Self| -> Vec<Option<u8>> {
            tower.floors.iter().skip(2).map(|floor| floor.sides().0.first().copied()).collect()
        };
        protocols(self) == protocols(other)
    }

    /// Puts an IPv4 address where the tower has 0.0.0.0.
    pub fn set_open_address(&mut self, address: Ipv4Addr) {
        for floor in &mut self.floors {
            if *floor == Floor::Ip(Ipv4Addr::UNSPECIFIED) {
                *floor = Floor::Ip(address);
            }
        }
    }
}

/// As a string binding, for people; what a server sent is escaped.
impl fmt::Display for Tower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.floors.get(2..).unwrap_or_default() {
            [Floor::ConnectionOriented(_), Floor::Tcp(port), Floor::Ip(address)] => {
                write!(f, "ncacn_ip_tcp:{address}[{port}]")
            }
            [Floor::ConnectionOriented(_), Floor::NamedPipe(pipe), Floor::NetBiosName(host)] => {
                write!(f, "ncacn_np:{}[{}]", readable(host), readable(pipe))
            }
            other => {
                write!(f, "protocols")?;
                let protocols = other.iter().filter_map(|floor| floor.sides().0.first().copied());
                protocols.into_iter().try_for_each(|protocol| write!(f, " {protocol:02x}"))
            }
        }
    }
}

/// An ASCIIZ name.
fn readable(name: &[u8]) -> String {
    name.strip_suffix(&[0]).unwrap_or(name).escape_ascii().to_string()
}

impl Floor {
    /// Left and right side as on the wire. Ports and addresses are in network byte order,
    /// all else is little-endian.
    fn sides(&self) -> (Vec<u8>, Vec<u8>) {
        match self {
            Self::Uuid(id) => {
                let mut left = vec![UUID_FLOOR];
                left.extend_from_slice(&id.uuid.to_bytes_le());
                left.extend_from_slice(&id.major.to_le_bytes());
                (left, id.minor.to_le_bytes().to_vec())
            }
            Self::ConnectionOriented(minor) => {
                (vec![CONNECTION_ORIENTED], minor.to_le_bytes().to_vec())
            }
            Self::Tcp(port) => (vec![TCP], port.to_be_bytes().to_vec()),
            Self::Ip(address) => (vec![IP], address.octets().to_vec()),
            Self::NamedPipe(name) => (vec![NAMED_PIPE], name.clone()),
            Self::NetBiosName(name) => (vec![NETBIOS_NAME], name.clone()),
            Self::Other { left, right } => (left.clone(), right.clone()),
        }
    }

    fn from_sides(left: &[u8], right: &[u8]) -> Self {
        let known = match (left, right) {
            ([UUID_FLOOR, id @ ..], &[low, high]) => {
                uuid_floor(id, u16::from_le_bytes([low, high]))
            }
            ([CONNECTION_ORIENTED], &[low, high]) => {
                Some(Self::ConnectionOriented(u16::from_le_bytes([low, high])))
            }
            ([TCP], &[high, low]) => Some(Self::Tcp(u16::from_be_bytes([high, low]))),
            ([IP], &[a, b, c, d]) => Some(Self::Ip(Ipv4Addr::new(a, b, c, d))),
            ([NAMED_PIPE], name) => Some(Self::NamedPipe(name.to_vec())),
            ([NETBIOS_NAME], name) => Some(Self::NetBiosName(name.to_vec())),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Other { left: left.to_vec(), right: right.to_vec() })
    }
}

fn uuid_floor(id: &[u8], minor: u16) -> Option<Floor> {
    let (uuid, version) = id.split_first_chunk::<16>()?;
    let major = u16::from_le_bytes(version.try_into().ok()?);
    Some(Floor::Uuid(InterfaceId { uuid: Uuid::from_bytes_le(*uuid), major, minor }))
}

fn uuid_of(floor: Option<&Floor>) -> Option<InterfaceId> {
    match floor {
        Some(Floor::Uuid(id)) => Some(*id),
        _ => None,
    }
}

fn take_floor(rest: &mut &[u8]) -> Result<Floor, TowerError> {
    let left = take_side(rest)?;
    let right = take_side(rest)?;
    Ok(Floor::from_sides(left, right))
}

fn take_side<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], TowerError> {
    let length = take_u16(rest)?;
    let (side, after) = rest.split_at_checked(length.into()).ok_or(TowerError::Truncated)?;
    *rest = after;
    Ok(side)
}

fn take_u16(rest: &mut &[u8]) -> Result<u16, TowerError> {
    let (bytes, after) = rest.split_first_chunk().ok_or(TowerError::Truncated)?;
    *rest = after;
    Ok(u16::from_le_bytes(*bytes))
}

/// Lengths are u16; what is longer cannot come from [`Tower::parse`] and is refused by the
/// `range` of `tower_length` when it is encoded.
fn push_len(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rpc::pdu::NDR_SYNTAX;

    fn interface() -> InterfaceId {
        let uuid = "91ae6020-9e3c-11cf-8d7c-00aa00c091be".parse().unwrap();
        InterfaceId { uuid, major: 3, minor: 1 }
    }

    #[test]
    fn a_tcp_tower_has_the_bytes_of_the_specification() {
        let ndr = NDR_SYNTAX;
        let tower = Tower::tcp(interface(), ndr, 49152, Ipv4Addr::new(192, 0, 2, 7));
        let expected = "0500 1300 0d 2060ae913c9ecf118d7c00aa00c091be 0300 0200 0100 \
            1300 0d 045d888aeb1cc9119fe808002b104860 0200 0200 0000 \
            0100 0b 0200 0000  0100 07 0200 c000  0100 09 0400 c0000207";
        let expected = hex::decode(expected.replace(char::is_whitespace, "")).unwrap();
        assert_eq!(tower.to_bytes(), expected);
        assert_eq!(expected.len(), 75);
        assert_eq!(Tower::parse(&expected), Ok(tower.clone()));
        assert_eq!(tower.interface(), Some(interface()));
        assert_eq!(tower.syntax(), Some(ndr));
        assert_eq!(tower.tcp_port(), Some(49152));
    }

    #[test]
    fn only_an_open_address_is_filled_in() {
        let ndr = NDR_SYNTAX;
        let own = Ipv4Addr::new(192, 0, 2, 7);
        let mut open = Tower::tcp(interface(), ndr, 1, Ipv4Addr::UNSPECIFIED);
        open.set_open_address(own);
        assert_eq!(open, Tower::tcp(interface(), ndr, 1, own));
        let mut fixed = Tower::tcp(interface(), ndr, 1, Ipv4Addr::LOCALHOST);
        fixed.set_open_address(own);
        assert_eq!(fixed, Tower::tcp(interface(), ndr, 1, Ipv4Addr::LOCALHOST));
        assert!(fixed.same_protocols(&open));
    }

    #[test]
    fn towers_are_shown_as_string_bindings() {
        let tcp = Tower::tcp(interface(), NDR_SYNTAX, 135, Ipv4Addr::LOCALHOST);
        assert_eq!(tcp.to_string(), "ncacn_ip_tcp:127.0.0.1[135]");
        let mut pipe = tcp.clone();
        pipe.floors[3] = Floor::NamedPipe(b"\\PIPE\\cert\0".to_vec());
        pipe.floors[4] = Floor::NetBiosName(b"CA\x1b[1\0".to_vec());
        assert_eq!(pipe.to_string(), r"ncacn_np:CA\x1b[1[\\PIPE\\cert]");
        pipe.floors.truncate(4);
        assert_eq!(pipe.to_string(), "protocols 0b 0f");
    }

    #[test]
    fn what_is_not_a_tower_is_refused() {
        let whole = Tower::tcp(interface(), NDR_SYNTAX, 1, Ipv4Addr::LOCALHOST).to_bytes();
        for end in 0..whole.len() {
            assert_eq!(Tower::parse(&whole[..end]), Err(TowerError::Truncated), "cut at {end}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert_eq!(Tower::parse(&longer), Err(TowerError::Trailing(1)));
        assert_eq!(Tower::parse(&[7, 0]), Err(TowerError::TooManyFloors(7)));
        assert_eq!(Tower::parse(&[0; 2001]), Err(TowerError::TooLong(2001)));
    }

    proptest! {
        #[test]
        fn what_parses_is_written_back_unchanged(
            floors in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..24), prop::collection::vec(any::<u8>(), 0..8)),
                0..6,
            )
        ) {
            let mut bytes = vec![floors.len() as u8, 0];
            for side in floors.iter().flat_map(|(left, right)| [left, right]) {
                bytes.extend_from_slice(&(side.len() as u16).to_le_bytes());
                bytes.extend_from_slice(side);
            }
            prop_assert_eq!(Tower::parse(&bytes).unwrap().to_bytes(), bytes);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(tower) = Tower::parse(&bytes) {
                prop_assert_eq!(tower.to_bytes(), bytes);
            }
        }
    }
}
