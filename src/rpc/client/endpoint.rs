//! Questions to a server about itself: its endpoint mapper and its management interface.

use std::fmt;
use std::net::Ipv4Addr;

use uuid::Uuid;

use super::connection::{ClientOptions, Connection};
use super::error::ClientError;
use crate::generated::epm::{EPT, EptClient, EptLookupIn, EptMapIn, ept_entry_t};
use crate::generated::mgmt::{MGMT, MgmtClient, RpcMgmtIsServerListeningIn};
use crate::generated::rpctypes::twr_t;
use crate::ndr::{ContextHandle, Full, InterfaceId};
use crate::rpc::epm::Tower;
use crate::rpc::pdu::NDR_SYNTAX;

/// ept_s_not_registered: nothing (more) matches.
const NOT_REGISTERED: u32 = 0x16C9_A0D6;
/// Elements to ask for at once.
const PAGE: u32 = 500;
/// Towers to ask for; Windows asks for four.
const TOWERS: u32 = 4;
/// A server that goes on answering after this many elements is not believed any more.
const MAX_ELEMENTS: usize = 100_000;

/// An element of a server's endpoint map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapElement {
    /// Object UUID, or nil.
    pub object: Uuid,
    /// Interface, protocols and address.
    pub tower: Tower,
    /// A remark for people.
    pub annotation: String,
}

/// Asks the endpoint mapper at `mapper_port` for the TCP port of an interface. Only the port is
/// taken from the answer, which nobody signs: the host to dial stays the one that was given.
pub async fn resolve(
    host: &str,
    mapper_port: u16,
    interface: InterfaceId,
    options: &ClientOptions,
) -> Result<u16, ClientError> {
    let tower = Tower::tcp(interface, NDR_SYNTAX, mapper_port, Ipv4Addr::UNSPECIFIED).to_bytes();
    let tower_length = u32::try_from(tower.len()).unwrap_or(u32::MAX);
    let request = EptMapIn {
        obj: Full::new(Uuid::nil()),
        map_tower: Full::new(twr_t { tower_length, tower_octet_string: tower }),
        entry_handle: ContextHandle::NULL,
        max_towers: TOWERS,
    };
    let connection = Connection::open(host, mapper_port, EPT, None, options).await?;
    let answer = EptClient(connection).ept_map(&request).await?;
    let towers = answer.i_towers.elements.iter().filter_map(Full::get);
    let towers = towers.filter_map(|twr| Tower::parse(&twr.tower_octet_string).ok());
    let port = towers.filter(|tower| answers(tower, interface)).find_map(|tower| tower.tcp_port());
    port.filter(|_| answer.status == 0)
        .ok_or(ClientError::NotRegistered { interface, status: answer.status })
}

fn answers(tower: &Tower, interface: InterfaceId) -> bool {
    tower.interface().is_some_and(|found| {
        found.uuid == interface.uuid
            && found.major == interface.major
            && found.minor >= interface.minor
    })
}

/// Lists the endpoint map.
pub async fn endpoints(
    host: &str,
    mapper_port: u16,
    options: &ClientOptions,
) -> Result<Vec<MapElement>, ClientError> {
    let mut mapper = EptClient(Connection::open(host, mapper_port, EPT, None, options).await?);
    let mut request = EptLookupIn { max_ents: PAGE, vers_option: 1, ..EptLookupIn::default() };
    let mut elements = Vec::new();
    loop {
        let answer = mapper.ept_lookup(&request).await?;
        match answer.status {
            0 => elements.extend(answer.entries.elements.iter().filter_map(element)),
            NOT_REGISTERED => return Ok(elements),
            _ => return Err(ClientError::Status(answer.status)),
        }
        if answer.entry_handle.is_null() {
            return Ok(elements);
        }
        if answer.entries.elements.is_empty() || elements.len() > MAX_ELEMENTS {
            return Err(ClientError::Protocol("its endpoint map has no end"));
        }
        request.entry_handle = answer.entry_handle;
    }
}

fn element(entry: &ept_entry_t) -> Option<MapElement> {
    let tower = Tower::parse(&entry.tower.get()?.tower_octet_string).ok()?;
    let annotation = entry.annotation.0.to_string_lossy();
    Some(MapElement { object: entry.object, tower, annotation })
}

/// Asks the server at a TCP port whether it listens; it must offer `interface` there.
pub async fn is_listening(
    host: &str,
    port: u16,
    interface: InterfaceId,
    options: &ClientOptions,
) -> Result<bool, ClientError> {
    let mut connection = Connection::open(host, port, interface, None, options).await?;
    connection.use_interface(MGMT).await?;
    let mut management = MgmtClient(connection);
    let answer = management.rpc_mgmt_is_server_listening(&RpcMgmtIsServerListeningIn {}).await?;
    match answer.status {
        0 => Ok(answer.return_value != 0),
        status => Err(ClientError::Status(status)),
    }
}

/// One line: interface, address, annotation. What a server sent is escaped.
impl fmt::Display for MapElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tower.interface() {
            Some(id) => write!(f, "{} {}.{}", id.uuid, id.major, id.minor)?,
            None => write!(f, "(no interface)")?,
        }
        write!(f, "  {}", self.tower)?;
        if !self.object.is_nil() {
            write!(f, "  object {}", self.object)?;
        }
        match self.annotation.as_str() {
            "" => Ok(()),
            annotation => write!(f, "  {}", annotation.escape_debug()),
        }
    }
}
