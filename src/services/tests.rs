use std::sync::Arc;

use bytes::Bytes;

use super::CertPassage;
use crate::auth::{AuthLevel, AuthType};
use crate::enroll::testing::{ALICE, BOB, Bench, pkcs10};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::icertpassage::{CertServerRequestIn, CertServerRequestOut, I_CERT_PASSAGE};
use crate::model::{HResult, RequestId};
use crate::ndr::{ByteOrder, Encoding, Fault, Syntax, from_stub, to_stub};
use crate::rpc::{AssociationId, CallContext, Service};

pub(super) const ENCODING: Encoding = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little };

pub(super) fn context(bench: &Bench, rid: u32, level: AuthLevel) -> CallContext {
    CallContext {
        caller: Some(bench.caller(rid)),
        auth: Some((AuthType::Ntlm, level)),
        header_signing: false,
        object: None,
        interface: I_CERT_PASSAGE,
        encoding: ENCODING,
        call_id: 1,
        peer: ([127, 0, 0, 1], 1).into(),
        local: ([127, 0, 0, 1], 2).into(),
        association: AssociationId(1),
    }
}

pub(super) fn blob(bytes: &[u8]) -> CERTTRANSBLOB {
    let pb = (!bytes.is_empty()).then(|| bytes.to_vec());
    CERTTRANSBLOB { cb: bytes.len() as u32, pb }
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// As Certipy sends it: DER, attributes in UTF-16LE with a NUL that is counted.
fn request(attributes: &str) -> CertServerRequestIn {
    CertServerRequestIn {
        dw_flags: 0,
        pwsz_authority: Some("wcce CA".into()),
        pdw_request_id: 0,
        pctb_attribs: blob(&utf16(&format!("{attributes}\0"))),
        pctb_request: blob(&pkcs10()),
    }
}

fn retrieval(id: u32) -> CertServerRequestIn {
    CertServerRequestIn {
        pdw_request_id: id,
        pctb_attribs: blob(&[]),
        pctb_request: blob(&[]),
        ..request("")
    }
}

async fn call_at(
    bench: &Bench,
    context: CallContext,
    request: &CertServerRequestIn,
) -> Result<CertServerRequestOut, Fault> {
    let service = CertPassage::new(Arc::new(bench.enrollment()));
    let stub = to_stub(ENCODING, request).expect("encodes");
    let answer = service.call(context, 0, Bytes::from(stub)).await?;
    Ok(from_stub(ENCODING, &answer).expect("decodes"))
}

async fn call(bench: &Bench, rid: u32, request: &CertServerRequestIn) -> CertServerRequestOut {
    let context = context(bench, rid, AuthLevel::Privacy);
    call_at(bench, context, request).await.expect("no fault")
}

fn message(answer: &CertServerRequestOut) -> String {
    let bytes = answer.pctb_disposition_message.pb.clone().unwrap_or_default();
    let (units, rest) = bytes.as_chunks::<2>();
    assert!(rest.is_empty());
    let units: Vec<_> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    String::from_utf16(&units).expect("text")
}

#[tokio::test]
async fn a_request_is_issued_and_retrieved_again() {
    let bench = Bench::new();
    let issued = call(&bench, ALICE, &request("CertificateTemplate:User")).await;
    assert_eq!((issued.return_value, issued.pdw_disposition), (0, 3));
    assert_eq!(message(&issued), "Issued\0");
    let certificate = issued.pctb_encoded_cert.pb.clone().expect("issued");
    assert_eq!(issued.pctb_encoded_cert.cb as usize, certificate.len());
    let row = bench.row(RequestId(issued.pdw_request_id)).await;
    assert_eq!(row.columns.certificate.expect("there").raw, certificate);
    let again = call(&bench, ALICE, &retrieval(issued.pdw_request_id)).await;
    assert_eq!(again, issued);
}

#[tokio::test]
async fn a_denial_is_a_disposition_and_no_error() {
    let bench = Bench::new();
    let denied = call(&bench, ALICE, &request("CertificateTemplate:Nobody")).await;
    let code = HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE.0;
    assert_eq!((denied.return_value, denied.pdw_disposition), (0, code));
    assert!(message(&denied).starts_with("Denied by Policy Module"), "{}", message(&denied));
    assert_eq!(denied.pctb_encoded_cert, CERTTRANSBLOB::default());
    assert_eq!(denied.pctb_cert, CERTTRANSBLOB::default());
    assert_ne!(denied.pdw_request_id, 0, "it is recorded");
}

#[tokio::test]
async fn calls_that_are_not_processed_return_their_code() {
    let bench = Bench::new();
    let issued = call(&bench, ALICE, &request("CertificateTemplate:User")).await;
    let id = issued.pdw_request_id;
    let invalid = HResult::E_INVALIDARG;
    let empty = HResult::CERTSRV_E_PROPERTY_EMPTY;
    let user = "CertificateTemplate:User";
    for (what, rid, request, code) in [
        (
            "another CA",
            ALICE,
            CertServerRequestIn { pwsz_authority: Some("Other".into()), ..request(user) },
            invalid,
        ),
        ("no CA", ALICE, CertServerRequestIn { pwsz_authority: None, ..request(user) }, invalid),
        (
            "attributes without NUL",
            ALICE,
            CertServerRequestIn { pctb_attribs: blob(&utf16(user)), ..request(user) },
            invalid,
        ),
        (
            "attributes of odd length",
            ALICE,
            CertServerRequestIn { pctb_attribs: blob(&[65, 0, 0]), ..request(user) },
            invalid,
        ),
        (
            "a new request with an id",
            ALICE,
            CertServerRequestIn { pdw_request_id: id, ..request(user) },
            invalid,
        ),
        ("neither request nor id", ALICE, retrieval(0), invalid),
        (
            "a retrieval with a request type",
            ALICE,
            CertServerRequestIn { dw_flags: 0x100, ..retrieval(id) },
            invalid,
        ),
        ("an id that is not there", ALICE, retrieval(id + 1), empty),
        ("somebody else's", BOB, retrieval(id), empty),
    ] {
        let answer = call(&bench, rid, &request).await;
        assert_eq!(answer.return_value, code.0, "{what}");
        assert_eq!(answer.pdw_disposition, code.0, "{what}");
        assert_eq!(answer.pctb_encoded_cert, CERTTRANSBLOB::default(), "{what}");
    }
    let next = call(&bench, ALICE, &request(user)).await;
    assert_eq!(next.pdw_request_id, id + 1, "none of these left a row");
}

#[tokio::test]
async fn calls_that_are_not_sealed_are_refused() {
    let bench = Bench::new();
    let user = request("CertificateTemplate:User");
    for level in [AuthLevel::Connect, AuthLevel::Packet, AuthLevel::Integrity] {
        let context = context(&bench, ALICE, level);
        assert_eq!(call_at(&bench, context, &user).await, Err(Fault::ACCESS_DENIED));
    }
    let nobody = CallContext { caller: None, ..context(&bench, ALICE, AuthLevel::Privacy) };
    assert_eq!(call_at(&bench, nobody, &user).await, Err(Fault::ACCESS_DENIED));
}

#[tokio::test]
async fn stubs_that_are_cut_or_of_another_operation_fault() {
    let bench = Bench::new();
    let service = CertPassage::new(Arc::new(bench.enrollment()));
    let stub = to_stub(ENCODING, &request("CertificateTemplate:User")).expect("encodes");
    for cut in [0, 3, 8, 40, stub.len() - 1] {
        let context = context(&bench, ALICE, AuthLevel::Privacy);
        let cut = Bytes::copy_from_slice(&stub[..cut]);
        assert_eq!(service.call(context, 0, cut).await, Err(Fault::BAD_STUB_DATA));
    }
    let context = context(&bench, ALICE, AuthLevel::Privacy);
    assert_eq!(service.call(context, 1, Bytes::from(stub)).await, Err(Fault::OP_RANGE));
}
