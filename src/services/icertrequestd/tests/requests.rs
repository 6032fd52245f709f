//! Request and Request2.

use std::time::SystemTime;

use super::*;
use crate::asn1::cmc::{CmcStatus, PkiResponse};
use crate::asn1::cms::SignedData;
use crate::asn1::{Certificate, oids};
use crate::enroll::testing::pkcs10;
use crate::ndr::ByteOrder;
use crate::services::tests::blob;

const FULL: u32 = 0x0004_0000;
const CRLS: u32 = 0x0008_0000;

fn request2(attributes: &str) -> Request2In {
    Request2In {
        pwsz_authority: ca(),
        pwsz_attributes: Some(attributes.into()),
        pctb_request: blob(&pkcs10()),
        ..Default::default()
    }
}

fn request(attributes: &str) -> RequestIn {
    RequestIn {
        pwsz_authority: ca(),
        pwsz_attributes: Some(attributes.into()),
        pctb_request: blob(&pkcs10()),
        ..Default::default()
    }
}

fn by_id(id: u32, dw_flags: u32) -> Request2In {
    Request2In { pwsz_authority: ca(), pdw_request_id: id, dw_flags, ..Default::default() }
}

fn serial_of(certificate: &[u8]) -> String {
    let certificate = Certificate::parse(certificate).expect("valid");
    SerialNumber(certificate.serial.to_vec()).to_string()
}

fn bytes(blob: &crate::generated::certtransblob::CERTTRANSBLOB) -> &[u8] {
    let bytes = blob.pb.as_deref().unwrap_or_default();
    assert_eq!(blob.cb as usize, bytes.len());
    bytes
}

fn response(answer: &Request2Out) -> (SignedData<'_>, PkiResponse) {
    let message = SignedData::parse(bytes(&answer.pctb_full_response)).expect("a message");
    assert_eq!(message.content_type, oids::CMC_PKI_RESPONSE);
    let content = PkiResponse::parse(message.content.expect("content")).expect("a response");
    (message, content)
}

#[tokio::test]
async fn certificates_are_issued_and_retrieved_by_id_and_by_serial() {
    for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
        let encoding = Encoding { syntax, order: ByteOrder::Little };
        let client = Client { encoding, ..Client::new() };
        let issued: Request2Out = client.call(6, &request2("CertificateTemplate:User")).await;
        assert_eq!((issued.return_value, issued.pdw_disposition), (0, 3));
        let certificate = bytes(&issued.pctb_encoded_cert);
        let chain = SignedData::parse(bytes(&issued.pctb_full_response)).expect("PKCS#7");
        let own = &*client.bench.ca.certificate().der;
        assert_eq!(chain.certificates, [certificate, own]);
        assert_eq!((chain.signers, chain.crls), (vec![], vec![]));
        assert_eq!(text_of(bytes(&issued.pctb_disposition_message)), "Issued");

        let id = issued.pdw_request_id;
        assert_eq!(client.call::<Request2Out>(6, &by_id(id, 0)).await, issued);
        let serial: WideString = serial_of(certificate).into();
        let by_serial = Request2In { pwsz_serial_number: Some(serial.clone()), ..by_id(0, 0) };
        assert_eq!(client.call::<Request2Out>(6, &by_serial).await, issued);

        let old = RequestIn { pwsz_authority: ca(), pdw_request_id: id, ..Default::default() };
        let again: RequestOut = client.call(3, &old).await;
        assert_eq!(again.pctb_encoded_cert, issued.pctb_encoded_cert);
        let empty = RequestIn { pwsz_attributes: Some("".into()), ..old.clone() };
        assert_eq!(client.call::<RequestOut>(3, &empty).await, again);
        // The specification wants an id that is not 0, and then looks at the serial number alone.
        for pdw_request_id in [0, id, id + 1] {
            let pwsz_attributes = Some(serial.clone());
            let by_serial = RequestIn { pwsz_attributes, pdw_request_id, ..old.clone() };
            assert_eq!(client.call::<RequestOut>(3, &by_serial).await, again);
        }
    }
}

#[tokio::test]
async fn request_issues_as_request2_does() {
    let client = Client { interface: I_CERT_REQUEST_D, ..Client::new() };
    let with_flags = RequestIn { dw_flags: FULL | 0x100, ..request("CertificateTemplate:User") };
    let issued: RequestOut = client.call(3, &with_flags).await;
    assert_eq!((issued.return_value, issued.pdw_disposition), (0, 3));
    let chain = SignedData::parse(bytes(&issued.pctb_cert_chain)).expect("PKCS#7");
    assert_eq!(chain.content_type, oids::CMS_DATA, "full responses are for Request2");
}

#[tokio::test]
async fn attributes_by_null_and_by_empty_string_are_none() {
    let client = Client::new();
    for pwsz_attributes in [None, Some("".into())] {
        let none = Request2In { pwsz_attributes, ..request2("") };
        let denied: Request2Out = client.call(6, &none).await;
        let code = HResult::CERTSRV_E_NO_CERT_TYPE.0;
        assert_eq!((denied.return_value, denied.pdw_disposition), (0, code));
    }
}

#[tokio::test]
async fn a_full_response_is_signed_and_tells_what_became_of_the_request() {
    let client = Client::new();
    let full = |attributes| Request2In { dw_flags: FULL, ..request2(attributes) };
    let key = Certificate::parse(&client.bench.ca.certificate().der).expect("valid");
    let key = key.public_key.public_key().expect("a key");

    let issued: Request2Out = client.call(6, &full("CertificateTemplate:User")).await;
    assert_eq!((issued.return_value, issued.pdw_disposition), (0, 3));
    let (message, content) = response(&issued);
    assert!(message.signers[0].verify(&message, &key).is_ok());
    assert_eq!((content.status, &*content.text), (CmcStatus::Success, "Issued"));
    let row = client.bench.row(RequestId(issued.pdw_request_id)).await;
    let columns = row.columns.certificate.expect("there");
    assert_eq!(content.issued_cert_hash, Some(columns.certificate_hash));
    assert!(message.certificates.contains(&bytes(&issued.pctb_encoded_cert)));
    let again: Request2Out = client.call(6, &by_id(issued.pdw_request_id, FULL)).await;
    assert_eq!(response(&again).1, response(&issued).1);
    assert_eq!(again.pctb_encoded_cert, issued.pctb_encoded_cert);

    let denied: Request2Out = client.call(6, &full("CertificateTemplate:Nobody")).await;
    let code = HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE.0;
    assert_eq!((denied.return_value, denied.pdw_disposition), (0, code));
    let (message, content) = response(&denied);
    assert!(message.signers[0].verify(&message, &key).is_ok());
    assert_eq!((content.status, content.issued_cert_hash), (CmcStatus::Failed, None));
    assert!(content.text.starts_with("Denied by Policy Module"), "{}", content.text);
    assert_eq!(message.certificates, [&*client.bench.ca.certificate().der]);

    let before = SystemTime::now();
    let pending: Request2Out = client.call(6, &full("CertificateTemplate:Approved")).await;
    assert_eq!((pending.return_value, pending.pdw_disposition), (0, 5));
    let CmcStatus::Pending { token, received } = response(&pending).1.status else {
        panic!("pending")
    };
    assert_eq!(token, pending.pdw_request_id.to_le_bytes());
    let distance = before.duration_since(received).map_or(0, |distance| distance.as_secs());
    assert!(distance < 5, "{received:?}");
    assert_eq!(bytes(&pending.pctb_encoded_cert), b"");
}

#[tokio::test]
async fn crls_come_where_the_flags_ask_for_them() {
    let client = Client::new();
    let crl = client.bench.crls.borrow().base.as_ref().expect("there").der.clone();
    for (flags, crls) in [(CRLS, 1), (FULL | CRLS, 1), (FULL, 0), (0, 0)] {
        let user = "CertificateTemplate:User";
        let request = Request2In { dw_flags: flags, ..request2(user) };
        let issued: Request2Out = client.call(6, &request).await;
        let message = SignedData::parse(bytes(&issued.pctb_full_response)).expect("a message");
        assert_eq!(message.crls, vec![&*crl; crls], "{flags:x}");
    }
    let nobody = Request2In { dw_flags: FULL | CRLS, ..request2("CertificateTemplate:Nobody") };
    let denied: Request2Out = client.call(6, &nobody).await;
    assert!(response(&denied).0.crls.is_empty(), "there is no certificate that they are about");
}

#[tokio::test]
async fn calls_that_make_no_sense_return_their_code() {
    let client = Client::new();
    let issued: Request2Out = client.call(6, &request2("CertificateTemplate:User")).await;
    let id = issued.pdw_request_id;
    let serial = serial_of(bytes(&issued.pctb_encoded_cert));
    let with_serial = |text: &str| Some(WideString::from(text));
    let (invalid, empty) = (HResult::E_INVALIDARG, HResult::CERTSRV_E_PROPERTY_EMPTY);
    for (what, request, code) in [
        ("neither id nor serial number", by_id(0, 0), invalid),
        ("both", Request2In { pwsz_serial_number: with_serial(&serial), ..by_id(id, 0) }, invalid),
        ("a retrieval with a type", by_id(id, 0x400), invalid),
        (
            "another CA",
            Request2In { pwsz_authority: with_serial("Other"), ..by_id(id, 0) },
            invalid,
        ),
        ("no CA", Request2In { pwsz_authority: None, ..by_id(id, 0) }, invalid),
        ("no such id", by_id(id + 1, 0), empty),
        (
            "no such serial number",
            Request2In { pwsz_serial_number: with_serial("1234"), ..by_id(0, 0) },
            empty,
        ),
        (
            "an odd number of digits",
            Request2In { pwsz_serial_number: with_serial("123"), ..by_id(0, 0) },
            invalid,
        ),
        (
            "two zeros in front",
            Request2In { pwsz_serial_number: with_serial(&format!("00{serial}")), ..by_id(0, 0) },
            invalid,
        ),
        (
            "a new request with an id",
            Request2In { pdw_request_id: id, ..request2("CertificateTemplate:User") },
            invalid,
        ),
        (
            "a new request with a serial number",
            Request2In {
                pwsz_serial_number: with_serial(&serial),
                ..request2("CertificateTemplate:User")
            },
            invalid,
        ),
        (
            "attributes that are no text",
            Request2In {
                pwsz_attributes: Some(WideString::from_units(vec![0xD800])),
                ..request2("")
            },
            invalid,
        ),
    ] {
        let answer: Request2Out = client.call(6, &request).await;
        assert_eq!(HResult(answer.return_value), code, "{what}");
        assert_eq!(answer.pdw_disposition, code.0, "{what}");
        assert_eq!(answer.pctb_full_response.cb, 0, "{what}");
    }
    let client = Client { rid: BOB, ..client };
    for request in
        [by_id(id, 0), Request2In { pwsz_serial_number: with_serial(&serial), ..by_id(0, 0) }]
    {
        let answer: Request2Out = client.call(6, &request).await;
        assert_eq!(HResult(answer.return_value), empty, "somebody else's");
    }
}

#[tokio::test]
async fn a_denied_request_is_retrieved_with_the_code_of_the_specification() {
    let client = Client::new();
    let denied: Request2Out = client.call(6, &request2("CertificateTemplate:Nobody")).await;
    let again: Request2Out = client.call(6, &by_id(denied.pdw_request_id, FULL)).await;
    let code = HResult::CERTSRV_E_ADMIN_DENIED_REQUEST.0;
    assert_eq!((again.return_value, again.pdw_disposition), (code, 2));
    assert_eq!(response(&again).1.status, CmcStatus::Failed);
}
