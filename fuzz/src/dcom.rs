//! Object references and what is marshalled in them.

use wcce::dcom::activation::{ActivationReply, ActivationRequest, Properties};
use wcce::dcom::bindings::Bindings;
use wcce::dcom::objref::{Body, ObjRef};
use wcce::generated::orpc::DUALSTRINGARRAY;

/// An object reference, and what it leads to when it holds activation properties.
pub fn objref(input: &[u8]) {
    let Ok(reference) = ObjRef::from_bytes(input) else { return };
    let encoded = reference.to_bytes().expect("what was decoded can be encoded");
    assert_eq!(ObjRef::from_bytes(&encoded).as_ref(), Ok(&reference));
    if let Body::Custom { data, .. } = &reference.body {
        properties(data);
    }
    if let Ok(request) = ActivationRequest::from_objref(reference.clone()) {
        let again = request.to_objref("ca1", reference.iid).expect("encoded");
        let again = ActivationRequest::from_objref(again).expect("our own");
        assert_eq!(
            (again.clsid, again.iids, again.flags),
            (request.clsid, request.iids, request.flags)
        );
    }
    if let Ok(reply) = ActivationReply::from_objref(reference) {
        let again = reply.to_objref().expect("encoded");
        assert_eq!(ActivationReply::from_objref(again), Ok(reply));
    }
}

/// The blob of an activation.
pub fn properties(input: &[u8]) {
    let Ok(properties) = Properties::from_bytes(input) else { return };
    let encoded = properties.to_bytes().expect("what was decoded can be encoded");
    assert_eq!(Properties::from_bytes(&encoded), Ok(properties));
}

/// A DUALSTRINGARRAY: where the security bindings begin, and all units.
pub fn bindings(input: &[u8]) {
    let (units, _) = input.as_chunks::<2>();
    let mut units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let Some(w_security_offset) = units.next() else { return };
    let a_string_array: Vec<u16> = units.take(usize::from(u16::MAX)).collect();
    let w_num_entries = u16::try_from(a_string_array.len()).expect("taken so many");
    let array = DUALSTRINGARRAY { w_num_entries, w_security_offset, a_string_array };
    let Ok(bindings) = Bindings::from_ndr(&array) else { return };
    bindings.tcp().for_each(drop);
    // Terminators may make it longer than its counts allow.
    if let Ok(array) = bindings.to_ndr() {
        assert_eq!(Bindings::from_ndr(&array), Ok(bindings));
    }
}
