//! The endpoint map: which interface is served where, and how it is searched
//! ([C706] 2.2.2 and appendix O, [MS-RPCE] 2.2.1.2.4 and 2.2.1.2.5).

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::tower::{Floor, Tower};
use crate::ndr::InterfaceId;
use crate::rpc::pdu::{NDR_SYNTAX, NDR64_SYNTAX};

/// Longest annotation in bytes (64 on the wire with its NUL).
const MAX_ANNOTATION: usize = 63;

/// One element of the endpoint map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Object UUID that it serves; nil: any.
    pub object: Uuid,
    /// Interface, transfer syntax, protocols and address. An IPv4 address 0.0.0.0 is answered
    /// as the address that the client dialled.
    pub tower: Tower,
    /// A remark for people: printable ASCII, at most 63 bytes.
    annotation: String,
}

impl Endpoint {
    /// An element with this tower. Of the annotation, what is not printable ASCII and what is
    /// behind the 63rd byte is dropped.
    pub fn new(object: Uuid, tower: Tower, annotation: &str) -> Self {
        let printable = annotation.chars().filter(|c| matches!(c, ' '..='~'));
        Self { object, tower, annotation: printable.take(MAX_ANNOTATION).collect() }
    }

    /// An interface that is served on this TCP port of every address of the host.
    pub fn tcp(interface: InterfaceId, port: u16, annotation: &str) -> Self {
        let tower = Tower::tcp(interface, NDR_SYNTAX, port, Ipv4Addr::UNSPECIFIED);
        Self::new(Uuid::nil(), tower, annotation)
    }

    /// The remark for people.
    pub fn annotation(&self) -> &str {
        &self.annotation
    }
}

/// The elements that this server answers for, in the order of their registration.
#[derive(Clone, Default, Debug)]
pub struct EndpointTable {
    endpoints: Vec<Endpoint>,
}

impl EndpointTable {
    /// Adds an element, if it is not there yet.
    pub fn register(&mut self, endpoint: Endpoint) {
        if !self.endpoints.contains(&endpoint) {
            self.endpoints.push(endpoint);
        }
    }

    /// The elements.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// At most `max` elements that match, from position `from` on, and the position to go on
    /// from. Windows takes a page that isn't full for the last one and a full one never, so
    /// that a search can end in an empty page: this does the same.
    pub fn page(&self, query: &Query, from: usize, max: usize) -> (Vec<Endpoint>, Option<usize>) {
        let matching = self.endpoints.iter().enumerate().skip(from);
        let page: Vec<_> =
            matching.filter(|(_, endpoint)| query.matches(endpoint)).take(max).collect();
        let full = !page.is_empty() && page.len() == max;
        let next = page.last().filter(|_| full).map(|(at, _)| at.saturating_add(1));
        (page.into_iter().map(|(_, endpoint)| query.answer(endpoint)).collect(), next)
    }
}

/// What is searched for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Query {
    /// ept_lookup: by interface, by object, by both, or everything.
    Lookup {
        /// The interface and which versions of it, if it matters.
        interface: Option<(InterfaceId, VersionOption)>,
        /// The object UUID, if it matters.
        object: Option<Uuid>,
    },
    /// ept_map: where a client finds this.
    Map {
        /// The object that the client wants to call; nil: none.
        object: Uuid,
        /// Interface, transfer syntax and protocols that it wants.
        tower: Tower,
    },
}

impl Query {
    fn matches(&self, endpoint: &Endpoint) -> bool {
        match self {
            Self::Lookup { interface, object } => {
                interface.is_none_or(|(wanted, versions)| {
                    let found = endpoint.tower.interface();
                    found.is_some_and(|found| versions.allows(wanted, found))
                }) && object.is_none_or(|object| endpoint.object == object)
            }
            Self::Map { object, tower } => {
                maps(tower, &endpoint.tower)
                    && (endpoint.object.is_nil() || endpoint.object == *object)
            }
        }
    }

    /// The element as it is answered: ept_map names the transfer syntax that was asked for.
    fn answer(&self, endpoint: &Endpoint) -> Endpoint {
        let mut answer = endpoint.clone();
        if let Self::Map { tower, .. } = self
            && let Some(asked) = tower.floors.get(1)
            && let Some(floor) = answer.tower.floors.get_mut(1)
        {
            *floor = asked.clone();
        }
        answer
    }
}

/// Whether a client that asks for `wanted` can use `found`: compatible version, a transfer syntax
/// that is spoken, the same protocols. Addresses don't matter ([MS-RPCE] 3.1.3.5.3).
fn maps(wanted: &Tower, found: &Tower) -> bool {
    let interfaces = wanted.interface().zip(found.interface());
    interfaces.is_some_and(|(wanted, found)| VersionOption::Compatible.allows(wanted, found))
        && syntaxes_agree(wanted.floors.get(1), found.floors.get(1))
        && wanted.same_protocols(found)
}

/// Interfaces are registered once, with NDR 2.0, and served with NDR64 as well.
fn syntaxes_agree(wanted: Option<&Floor>, found: Option<&Floor>) -> bool {
    let (ndr, ndr64) = (Floor::Uuid(NDR_SYNTAX), Floor::Uuid(NDR64_SYNTAX));
    wanted == found || (found == Some(&ndr) && wanted == Some(&ndr64))
}

/// `vers_option`: which versions of an interface match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VersionOption {
    /// RPC_C_VERS_ALL, 1: every version.
    All,
    /// RPC_C_VERS_COMPATIBLE, 2: same major version, minor not lower.
    Compatible,
    /// RPC_C_VERS_EXACT, 3.
    Exact,
    /// RPC_C_VERS_MAJOR_ONLY, 4: same major version.
    MajorOnly,
    /// RPC_C_VERS_UPTO, 5: this version or a lower one.
    UpTo,
}

impl VersionOption {
    /// Reads the wire value.
    pub fn from_wire(value: u32) -> Option<Self> {
        Some(match value {
            1 => Self::All,
            2 => Self::Compatible,
            3 => Self::Exact,
            4 => Self::MajorOnly,
            5 => Self::UpTo,
            _ => return None,
        })
    }

    fn allows(self, wanted: InterfaceId, found: InterfaceId) -> bool {
        let major = found.major == wanted.major;
        wanted.uuid == found.uuid
            && match self {
                Self::All => true,
                Self::Compatible => major && found.minor >= wanted.minor,
                Self::Exact => major && found.minor == wanted.minor,
                Self::MajorOnly => major,
                Self::UpTo => (found.major, found.minor) <= (wanted.major, wanted.minor),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(major: u16, minor: u16) -> InterfaceId {
        InterfaceId { uuid: Uuid::from_u128(7), major, minor }
    }

    fn table(endpoints: &[Endpoint]) -> EndpointTable {
        let mut table = EndpointTable::default();
        endpoints.iter().cloned().for_each(|endpoint| table.register(endpoint));
        table
    }

    fn versions(option: VersionOption) -> Vec<(u16, u16)> {
        let all = [(1, 0), (1, 1), (1, 2), (2, 0)].map(|(major, minor)| id(major, minor));
        let table = table(&all.map(|id| Endpoint::tcp(id, 1, "")));
        let query = Query::Lookup { interface: Some((id(1, 1), option)), object: None };
        let found = table.page(&query, 0, 9).0.into_iter();
        found.map(|e| e.tower.interface().map(|id| (id.major, id.minor)).unwrap()).collect()
    }

    #[test]
    fn version_options_are_those_of_the_specification() {
        assert_eq!(versions(VersionOption::All), [(1, 0), (1, 1), (1, 2), (2, 0)]);
        assert_eq!(versions(VersionOption::Compatible), [(1, 1), (1, 2)]);
        assert_eq!(versions(VersionOption::Exact), [(1, 1)]);
        assert_eq!(versions(VersionOption::MajorOnly), [(1, 0), (1, 1), (1, 2)]);
        assert_eq!(versions(VersionOption::UpTo), [(1, 0), (1, 1)]);
        assert_eq!([0, 6].map(VersionOption::from_wire), [None, None]);
    }

    #[test]
    fn lookups_select_by_object_by_interface_or_both() {
        let object = Uuid::from_u128(9);
        let tower = Endpoint::tcp(id(2, 0), 2, "").tower;
        let both = Endpoint::new(object, tower, "both");
        let table = table(&[Endpoint::tcp(id(1, 0), 1, "plain"), both.clone()]);
        let found = |interface, object| {
            let query = Query::Lookup { interface, object };
            table.page(&query, 0, 9).0.iter().map(|e| e.annotation().to_owned()).collect::<Vec<_>>()
        };
        let exact = |version| Some((version, VersionOption::Exact));
        assert_eq!(found(None, None), ["plain", "both"]);
        assert_eq!(found(None, Some(object)), ["both"]);
        assert_eq!(found(exact(id(1, 0)), None), ["plain"]);
        assert_eq!(found(exact(id(2, 0)), Some(object)), ["both"]);
        assert!(found(exact(id(1, 0)), Some(object)).is_empty());
    }

    #[test]
    fn pages_end_as_on_windows() {
        let table = table(&[1, 2, 3].map(|port| Endpoint::tcp(id(1, 0), port, "")));
        let query = Query::Lookup { interface: None, object: None };
        let ports = |from, max| {
            let (page, next) = table.page(&query, from, max);
            (page.iter().map(|e| e.tower.tcp_port().unwrap()).collect::<Vec<_>>(), next)
        };
        assert_eq!(ports(0, 2), (vec![1, 2], Some(2)));
        assert_eq!(ports(2, 2), (vec![3], None));
        assert_eq!(ports(0, 3), (vec![1, 2, 3], Some(3)));
        assert_eq!(ports(3, 3), (vec![], None));
        assert_eq!(ports(0, 0), (vec![], None));
        assert_eq!(ports(usize::MAX, 1), (vec![], None));
    }

    #[test]
    fn mapping_looks_at_protocols_but_not_at_addresses() {
        let table = table(&[Endpoint::tcp(id(1, 1), 49152, "")]);
        let map = |tower: &Tower| {
            let query = Query::Map { object: Uuid::from_u128(1), tower: tower.clone() };
            table.page(&query, 0, 4).0.pop().map(|endpoint| endpoint.tower)
        };
        let wanted = Tower::tcp(id(1, 0), NDR_SYNTAX, 135, Ipv4Addr::LOCALHOST);
        let answer = Tower::tcp(id(1, 1), NDR_SYNTAX, 49152, Ipv4Addr::UNSPECIFIED);
        assert_eq!(map(&wanted), Some(answer));

        let ndr64 = Tower::tcp(id(1, 0), NDR64_SYNTAX, 0, Ipv4Addr::UNSPECIFIED);
        assert_eq!(map(&ndr64).unwrap().syntax(), Some(NDR64_SYNTAX));

        for wrong in [id(1, 2), id(2, 0), InterfaceId { uuid: Uuid::nil(), ..id(1, 0) }] {
            assert_eq!(map(&Tower::tcp(wrong, NDR_SYNTAX, 0, Ipv4Addr::LOCALHOST)), None);
        }
        let mut pipe = wanted.clone();
        pipe.floors[3] = Floor::NamedPipe(b"\\PIPE\\cert\0".to_vec());
        assert_eq!(map(&pipe), None);
        let mut short = wanted;
        short.floors.truncate(3);
        assert_eq!(map(&short), None);
    }

    #[test]
    fn an_object_that_is_registered_must_be_asked_for() {
        let object = Uuid::from_u128(9);
        let endpoint = Endpoint::new(object, Endpoint::tcp(id(1, 0), 5, "").tower, "");
        let table = table(std::slice::from_ref(&endpoint));
        let count = |object| {
            let query = Query::Map { object, tower: endpoint.tower.clone() };
            table.page(&query, 0, 4).0.len()
        };
        assert_eq!([object, Uuid::nil()].map(count), [1, 0]);
    }

    #[test]
    fn annotations_fit_the_wire() {
        let long = "é\u{7}".to_owned() + &"x".repeat(80);
        assert_eq!(Endpoint::tcp(id(1, 0), 1, &long).annotation(), "x".repeat(63));
    }

    #[test]
    fn an_element_is_registered_once() {
        let endpoint = Endpoint::tcp(id(1, 0), 1, "a");
        assert_eq!(table(&[endpoint.clone(), endpoint]).endpoints().len(), 1);
    }
}
