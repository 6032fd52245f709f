use uuid::Uuid;

use super::{
    ACTIVATION_CONTEXT_INFO, ActivationReply, ActivationRequest, INSTANCE_INFO, INSTANTIATION_INFO,
    PROPS_OUT_INFO, Properties, SCM_REPLY_INFO, SCM_REQUEST_INFO, SERVER_LOCATION_INFO,
};
use crate::dcom::COM_VERSION;
use crate::dcom::bindings::{Bindings, SecurityBinding, StringBinding, TOWER_TCP};
use crate::dcom::objref::{Body, ObjRef};
use crate::model::HResult;

const CLSID: Uuid = Uuid::from_u128(1);
const IID: Uuid = Uuid::from_u128(2);

fn request() -> ActivationRequest {
    ActivationRequest { clsid: CLSID, iids: vec![IID, CLSID], flags: 0, from_storage: false }
}

fn reply() -> ActivationReply {
    let strings = vec![StringBinding { tower: TOWER_TCP, address: "ca[1]".into() }];
    let securities = vec![SecurityBinding { service: 9, principal: "host/ca".into() }];
    let bindings = Bindings { strings, securities };
    let body = Body::Standard { std: Default::default(), resolver: bindings.clone() };
    ActivationReply {
        oxid: 3,
        bindings,
        remote_unknown: Uuid::from_u128(4),
        authn_hint: 6,
        version: COM_VERSION,
        interfaces: vec![
            (IID, Ok(ObjRef { iid: IID, body })),
            (CLSID, Err(HResult::E_NOINTERFACE)),
        ],
    }
}

fn blob(reference: &ObjRef) -> Vec<u8> {
    match &reference.body {
        Body::Custom { data, .. } => data.clone(),
        Body::Standard { .. } => panic!("activation properties are custom"),
    }
}

/// The reference with other properties.
fn with(reference: &ObjRef, properties: &Properties) -> ObjRef {
    let data = properties.to_bytes().unwrap();
    let Body::Custom { clsid, reserved, .. } = reference.body else { panic!() };
    ObjRef { iid: reference.iid, body: Body::Custom { clsid, reserved, data } }
}

#[test]
fn requests_and_replies_survive() {
    let reference = request().to_objref("ca", Uuid::nil()).unwrap();
    assert_eq!(ActivationRequest::from_objref(reference).unwrap(), request());
    let reference = reply().to_objref().unwrap();
    assert_eq!(ActivationReply::from_objref(reference).unwrap(), reply());
}

#[test]
fn sizes_in_the_header_are_those_of_the_specification() {
    let reference = request().to_objref("ca", Uuid::nil()).unwrap();
    let blob = blob(&reference);
    let field = |at: usize| u32::from_le_bytes(blob[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(field(0), blob.len() - 8, "dwSize");
    // Behind the serialization headers: totalSize, headerSize.
    assert_eq!(field(24), blob.len() - 8);
    let properties: usize =
        Properties::from_bytes(&blob).unwrap().0.iter().map(|(_, p)| p.len()).sum();
    assert_eq!(field(28), blob.len() - 8 - properties);
    let Body::Custom { reserved, .. } = reference.body else { panic!() };
    assert_eq!(reserved as usize, blob.len() + 8);
}

#[test]
fn order_fillers_and_unknown_properties_do_not_matter() {
    let reference = request().to_objref("ca", Uuid::nil()).unwrap();
    let mut properties = Properties::from_bytes(&blob(&reference)).unwrap();
    properties.0.reverse();
    properties.0.insert(1, (Uuid::from_u128(9), vec![0xAA; 13]));
    properties.0.retain(|(clsid, _)| *clsid != ACTIVATION_CONTEXT_INFO);
    for (_, property) in properties.0.iter_mut().filter(|(_, property)| property.len() > 16) {
        // Common filler, object length and its filler; padding that is left out, as some do.
        property[4..16].fill(0xEE);
    }
    let scm = properties.0.iter_mut().find(|(clsid, _)| *clsid == SCM_REQUEST_INFO).unwrap();
    assert_eq!(scm.1.len() % 8, 0);
    scm.1.truncate(scm.1.len() - 6);
    let strange = with(&reference, &properties);
    assert_eq!(ActivationRequest::from_objref(strange).unwrap(), request());

    let reference = reply().to_objref().unwrap();
    let mut properties = Properties::from_bytes(&blob(&reference)).unwrap();
    assert_eq!(properties.0[0].0, PROPS_OUT_INFO, "what impacket relies on");
    properties.0.reverse();
    let reversed = with(&reference, &properties);
    assert_eq!(ActivationReply::from_objref(reversed).unwrap(), reply());
}

#[test]
fn persistent_activation_is_seen() {
    let reference = request().to_objref("ca", Uuid::nil()).unwrap();
    let mut properties = Properties::from_bytes(&blob(&reference)).unwrap();
    properties.0.push((INSTANCE_INFO, vec![0; 16]));
    assert!(ActivationRequest::from_objref(with(&reference, &properties)).unwrap().from_storage);
}

#[test]
fn required_properties_are_required() {
    let reference = request().to_objref("ca", Uuid::nil()).unwrap();
    for missing in [INSTANTIATION_INFO, SCM_REQUEST_INFO, SERVER_LOCATION_INFO] {
        let mut properties = Properties::from_bytes(&blob(&reference)).unwrap();
        properties.0.retain(|(clsid, _)| *clsid != missing);
        assert!(ActivationRequest::from_objref(with(&reference, &properties)).is_err());
    }
    let reference = reply().to_objref().unwrap();
    for missing in [PROPS_OUT_INFO, SCM_REPLY_INFO] {
        let mut properties = Properties::from_bytes(&blob(&reference)).unwrap();
        properties.0.retain(|(clsid, _)| *clsid != missing);
        assert!(ActivationReply::from_objref(with(&reference, &properties)).is_err());
    }
    let standard = reply().interfaces[0].1.clone().unwrap();
    assert!(ActivationRequest::from_objref(standard.clone()).is_err());
    assert!(ActivationReply::from_objref(standard).is_err());
}

#[test]
fn hostile_blobs_are_refused() {
    for reference in [request().to_objref("ca", Uuid::nil()).unwrap(), reply().to_objref().unwrap()]
    {
        let good = blob(&reference);
        for cut in 0..good.len() {
            assert!(Properties::from_bytes(&good[..cut]).is_err(), "cut at {cut}");
        }
        // Whatever a single byte becomes, nothing panics.
        for at in 0..good.len() {
            for value in [0, 1, 0x7F, 0xFF, good[at] ^ 1] {
                let mut bad = good.clone();
                bad[at] = value;
                let Body::Custom { clsid, reserved, .. } = reference.body else { panic!() };
                let body = Body::Custom { clsid, reserved, data: bad };
                let bad = ObjRef { iid: reference.iid, body };
                let _ = ActivationRequest::from_objref(bad.clone());
                let _ = ActivationReply::from_objref(bad);
            }
        }
    }
}
