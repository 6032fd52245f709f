//! The service through its generated client stub, in both transfer syntaxes.

use std::net::Ipv4Addr;
use std::sync::Arc;

use uuid::Uuid;

use super::*;
use crate::generated::epm::{
    EptClient, EptInqObjectIn, EptInsertIn, EptLookupHandleFreeIn, EptLookupIn, EptMapIn,
    EptMgmtDeleteIn,
};
use crate::generated::rpctypes::{RPC_IF_ID, twr_t};
use crate::ndr::{ContextHandle, Fault, Full, InterfaceId, Syntax};
use crate::rpc::direct::{Direct, DirectError};
use crate::rpc::pdu::NDR_SYNTAX;
use crate::rpc::{AssociationId, Service};

const NOT_REGISTERED: u32 = 0x16C9_A0D6;
const CANT_PERFORM: u32 = 0x6D8;

fn id(number: u128) -> InterfaceId {
    InterfaceId { uuid: Uuid::from_u128(number), major: 1, minor: 0 }
}

/// Five interfaces, 1 to 5, on the ports 50001 to 50005.
fn mapper() -> Arc<EndpointMapper> {
    let mut table = EndpointTable::default();
    for number in 1..=5_u16 {
        table.register(Endpoint::tcp(id(number.into()), 50_000 + number, "a service"));
    }
    Arc::new(EndpointMapper::new(Arc::new(table)))
}

fn client(mapper: &Arc<EndpointMapper>, syntax: Syntax, association: u32) -> EptClient<Direct> {
    EptClient(Direct::new(Arc::<EndpointMapper>::clone(mapper), syntax, association))
}

fn twr(tower: &Tower) -> Full<twr_t> {
    let octets = tower.to_bytes();
    Full::new(twr_t { tower_length: octets.len() as u32, tower_octet_string: octets })
}

fn map(interface: InterfaceId, max_towers: u32) -> EptMapIn {
    let tower = Tower::tcp(interface, NDR_SYNTAX, 135, Ipv4Addr::UNSPECIFIED);
    EptMapIn { map_tower: twr(&tower), max_towers, ..EptMapIn::default() }
}

fn lookup(max_ents: u32) -> EptLookupIn {
    EptLookupIn { max_ents, ..EptLookupIn::default() }
}

#[tokio::test]
async fn a_client_finds_the_port_at_the_address_that_it_dialled() {
    for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
        let mut client = client(&mapper(), syntax, 1);
        let found = client.ept_map(&map(id(3), 4)).await.unwrap();
        assert_eq!((found.status, found.num_towers), (0, 1));
        assert!(found.entry_handle.is_null());
        assert_eq!(found.i_towers.max_count, 4);
        let twr = found.i_towers.elements[0].get().unwrap();
        let tower = Tower::parse(&twr.tower_octet_string).unwrap();
        assert_eq!(tower, Tower::tcp(id(3), NDR_SYNTAX, 50_003, Ipv4Addr::new(192, 0, 2, 9)));

        let none = client.ept_map(&map(id(9), 4)).await.unwrap();
        assert_eq!((none.status, none.num_towers), (NOT_REGISTERED, 0));
        assert!(none.entry_handle.is_null());
    }
}

#[tokio::test]
async fn addresses_without_a_tower_form_stay_open() {
    let mut client = client(&mapper(), Syntax::Ndr20, 1);
    client.0.local = "[2001:db8::1]:135";
    let found = client.ept_map(&map(id(3), 4)).await.unwrap();
    let twr = found.i_towers.elements[0].get().unwrap();
    let tower = Tower::parse(&twr.tower_octet_string).unwrap();
    assert_eq!(tower.floors[4], Floor::Ip(Ipv4Addr::UNSPECIFIED));

    client.0.local = "[::ffff:192.0.2.7]:135";
    let found = client.ept_map(&map(id(3), 4)).await.unwrap();
    let twr = found.i_towers.elements[0].get().unwrap();
    let tower = Tower::parse(&twr.tower_octet_string).unwrap();
    assert_eq!(tower.floors[4], Floor::Ip(Ipv4Addr::new(192, 0, 2, 7)));
}

#[tokio::test]
async fn questions_that_make_no_sense_are_answered_so() {
    let mut client = client(&mapper(), Syntax::Ndr20, 1);
    let mut broken = map(id(1), 4);
    broken.map_tower = Full::new(twr_t { tower_length: 2, tower_octet_string: vec![9, 0] });
    let nothing = EptMapIn { map_tower: Full::NULL, ..map(id(1), 4) };
    for question in [broken, nothing] {
        assert_eq!(client.ept_map(&question).await.unwrap().status, CANT_PERFORM);
    }
    let no_interface = EptLookupIn { inquiry_type: 1, vers_option: 1, ..lookup(1) };
    let no_version = EptLookupIn {
        inquiry_type: 1,
        ifid: Full::new(RPC_IF_ID { uuid: Uuid::nil(), vers_major: 0, vers_minor: 0 }),
        ..lookup(1)
    };
    for question in [no_interface, no_version] {
        assert_eq!(client.ept_lookup(&question).await.unwrap().status, CANT_PERFORM);
    }
}

#[tokio::test]
async fn a_listing_goes_on_where_it_stopped() {
    for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
        let mut client = client(&mapper(), syntax, 1);
        let mut question = lookup(2);
        let mut found = Vec::new();
        loop {
            let page = client.ept_lookup(&question).await.unwrap();
            assert_eq!(page.num_ents as usize, page.entries.elements.len());
            for entry in &page.entries.elements {
                assert_eq!(entry.annotation.0.to_string_lossy(), "a service");
                let twr = entry.tower.get().unwrap();
                found.push(Tower::parse(&twr.tower_octet_string).unwrap().tcp_port().unwrap());
            }
            if page.entry_handle.is_null() {
                break;
            }
            assert!(question.entry_handle.is_null() || question.entry_handle == page.entry_handle);
            question.entry_handle = page.entry_handle;
        }
        assert_eq!(found, [50_001, 50_002, 50_003, 50_004, 50_005]);
    }
}

#[tokio::test]
async fn a_listing_selects_by_interface() {
    let mut client = client(&mapper(), Syntax::Ndr20, 1);
    let ifid = Full::new(RPC_IF_ID { uuid: id(2).uuid, vers_major: 1, vers_minor: 0 });
    let question = EptLookupIn { inquiry_type: 1, ifid, vers_option: 2, ..lookup(500) };
    assert_eq!(client.ept_lookup(&question).await.unwrap().num_ents, 1);
    // As on Windows, an unknown kind of inquiry asks for everything.
    let question = EptLookupIn { inquiry_type: 77, ..question };
    assert_eq!(client.ept_lookup(&question).await.unwrap().num_ents, 5);
}

#[tokio::test]
async fn handles_belong_to_their_client() {
    let mapper = mapper();
    let mut owner = client(&mapper, Syntax::Ndr20, 1);
    let handle = owner.ept_lookup(&lookup(1)).await.unwrap().entry_handle;
    assert!(!handle.is_null());

    let mut thief = client(&mapper, Syntax::Ndr20, 2);
    let question = EptLookupIn { entry_handle: handle, ..lookup(1) };
    let mismatch = Err(DirectError::Fault(Fault::CONTEXT_MISMATCH));
    assert_eq!(thief.ept_lookup(&question).await, mismatch);
    let free = EptLookupHandleFreeIn { entry_handle: handle };
    assert!(thief.ept_lookup_handle_free(&free).await.is_err());

    assert_eq!(owner.ept_lookup(&question).await.unwrap().entry_handle, handle);
    let freed = owner.ept_lookup_handle_free(&free).await.unwrap();
    assert_eq!((freed.status, freed.entry_handle), (0, ContextHandle::NULL));
    assert_eq!(owner.ept_lookup(&question).await, mismatch);

    let handle = owner.ept_lookup(&lookup(1)).await.unwrap().entry_handle;
    mapper.association_closed(AssociationId(1));
    let question = EptLookupIn { entry_handle: handle, ..lookup(1) };
    assert_eq!(owner.ept_lookup(&question).await, mismatch);
}

#[tokio::test]
async fn nobody_changes_the_map_from_outside() {
    let mut client = client(&mapper(), Syntax::Ndr64, 1);
    assert_eq!(client.ept_insert(&EptInsertIn::default()).await.unwrap().status, CANT_PERFORM);
    assert_eq!(client.ept_inq_object(&EptInqObjectIn {}).await.unwrap().status, CANT_PERFORM);
    let deletion = client.ept_mgmt_delete(&EptMgmtDeleteIn::default()).await;
    assert_eq!(deletion.unwrap().status, CANT_PERFORM);
    assert_eq!(client.ept_lookup(&lookup(500)).await.unwrap().num_ents, 5);
}
