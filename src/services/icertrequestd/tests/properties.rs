//! GetCAProperty, GetCAPropertyInfo, GetCACert.

use std::time::{Duration, SystemTime};

use super::*;
use crate::asn1::cms::SignedData;
use crate::asn1::extensions::{decode_extended_key_usage, find};
use crate::asn1::{Certificate, oids};
use crate::enroll::{PROPERTIES, PropertyKind};
use crate::model::Disposition;
use crate::store::Store;

const LONG: i32 = 1;
const BINARY: i32 = 3;
const TEXT: i32 = 4;
const NEWEST: i32 = -1;

/// What a property is, with the index 0 where nothing else is said.
enum Expected {
    Text(String),
    /// CAINFO.
    Info,
    Bytes(Vec<u8>),
    Code(HResult),
    /// Checked elsewhere.
    Some,
}

use Expected::{Bytes, Code, Info, Some as Something, Text};

async fn property(client: &Client, id: i32, index: i32, kind: i32) -> Result<Vec<u8>, HResult> {
    let request = GetCaPropertyIn {
        pwsz_authority: ca(),
        prop_id: id,
        prop_index: index,
        prop_type: kind,
        ..Default::default()
    };
    let answer: GetCaPropertyOut = client.call(7, &request).await;
    let blob = answer.pctb_property_value;
    assert_eq!(blob.cb as usize, blob.pb.as_ref().map_or(0, Vec::len));
    match HResult(answer.return_value) {
        HResult::S_OK => Ok(blob.pb.unwrap_or_default()),
        code => {
            assert_eq!(blob.pb, None);
            Err(code)
        }
    }
}

/// Type and value of every property.
fn expected(client: &Client) -> Vec<(i32, i32, Expected)> {
    let ca = &client.bench.ca;
    let text = |text: &str| Text(text.to_owned());
    let number = |number: u32| Bytes(number.to_le_bytes().to_vec());
    let crls = client.bench.crls.borrow().clone();
    let [crl, delta] =
        [&crls.base, &crls.delta].map(|crl| crl.as_ref().expect("there").der.clone());
    let chain = ca.own_chain([]);
    let crl_chain = ca.own_chain([&*crl]);
    let version = concat!(env!("CARGO_PKG_VERSION"), ".0");
    let (invalid, missing) = (HResult::E_INVALIDARG, HResult::FILE_NOT_FOUND);
    let empty = HResult::CERTSRV_E_PROPERTY_EMPTY;
    vec![
        (0x01, TEXT, text(version)),
        (0x02, TEXT, text(version)),
        (0x03, LONG, Info),
        (0x04, TEXT, Code(missing)),
        (0x05, TEXT, text("wcce enterprise policy")),
        (0x06, TEXT, text("wcce CA")),
        (0x07, TEXT, text("wcce CA")),
        (0x08, TEXT, Code(missing)),
        (0x09, TEXT, Code(missing)),
        (0x0A, LONG, Info),
        (0x0B, LONG, Info),
        (0x0C, BINARY, Bytes(ca.certificate().der.clone())),
        (0x0D, BINARY, Bytes(chain)),
        (0x0E, LONG, Info),
        (0x0F, BINARY, Something),
        (0x10, BINARY, Something),
        (0x11, BINARY, Bytes(crl)),
        (0x12, BINARY, Bytes(delta)),
        (0x13, LONG, Bytes(vec![3])),
        (0x14, LONG, Bytes(vec![3])),
        (0x15, LONG, Info),
        (0x16, TEXT, text("ca1.lab.test")),
        (0x17, LONG, Code(invalid)),
        (0x18, LONG, Info),
        (0x19, LONG, Info),
        (0x1A, BINARY, Code(missing)),
        (0x1B, LONG, Code(empty)),
        (0x1C, LONG, Info),
        (0x1D, TEXT, text("User\n1.3.6.1.4.1.311.21.8.1.2.3\nApproved\n\n")),
        (0x1E, LONG, number(0)),
        (0x1F, LONG, Code(empty)),
        (0x20, BINARY, Bytes(crl_chain)),
        (0x21, BINARY, Something),
        (0x22, LONG, number(0)),
        (0x23, BINARY, Code(invalid)),
        (0x24, BINARY, Code(invalid)),
        (0x25, LONG, Code(invalid)),
        (0x26, LONG, Code(invalid)),
        (0x27, LONG, number(0)),
        (0x28, TEXT, text("wcce CA")),
        (0x29, TEXT, text("")),
        (0x2A, TEXT, text("")),
        (0x2B, TEXT, text("")),
        (0x2C, TEXT, text("en-US")),
        (0x2D, TEXT, text("")),
        (0x2E, LONG, number(0)),
        (0x2F, BINARY, Code(invalid)),
        (0x30, BINARY, Code(invalid)),
        (0x31, LONG, Code(invalid)),
        (0x32, LONG, Code(invalid)),
    ]
}

/// cbSize, CAType, certificates, exchange certificates, exit algorithms, highest property, role
/// separation, KRAs used, KRAs, advanced server.
const CA_INFO: [u32; 10] = [40, 0, 1, 1, 0, 0x32, 0, 0, 0, 1];

fn ca_info() -> Vec<u8> {
    CA_INFO.iter().flat_map(|field| field.to_le_bytes()).collect()
}

#[tokio::test]
async fn every_property_has_its_type_and_its_value() {
    let client = Client::new();
    let expected = expected(&client);
    assert_eq!(expected.len(), PROPERTIES.len());
    for (id, kind, expected) in expected {
        let value = property(&client, id, 0, kind).await;
        match expected {
            Text(text) => assert_eq!(text_of(&value.expect("a value")), text, "{id:#x}"),
            Info => assert_eq!(value, Ok(ca_info()), "{id:#x}"),
            Bytes(bytes) => assert_eq!(value, Ok(bytes), "{id:#x}"),
            Code(code) => assert_eq!(value, Err(code), "{id:#x}"),
            Something => assert!(value.is_ok_and(|value| !value.is_empty()), "{id:#x}"),
        }
        for wrong in [LONG, 2, BINARY, TEXT, 0, -1].into_iter().filter(|wrong| *wrong != kind) {
            let refused = property(&client, id, 0, wrong).await;
            assert_eq!(refused, Err(HResult::E_INVALIDARG), "{id:#x} as {wrong}");
        }
    }
    for id in [0, -1, 0x33, i32::MAX] {
        assert_eq!(property(&client, id, 0, LONG).await, Err(HResult::E_INVALIDARG), "{id:#x}");
    }
}

#[tokio::test]
async fn indexes_are_those_of_the_specification() {
    let client = Client::new();
    let of_certificates_or_newest =
        [0x0C, 0x0D, 0x0F, 0x10, 0x11, 0x12, 0x1E, 0x20, 0x21, 0x22, 0x29, 0x2A, 0x2B];
    for (id, kind, expected) in expected(&client) {
        if matches!(expected, Code(_)) {
            for index in [NEWEST, 1, 2] {
                assert!(property(&client, id, index, kind).await.is_err(), "{id:#x} {index}");
            }
            continue;
        }
        let first = property(&client, id, 0, kind).await;
        let newest = property(&client, id, NEWEST, kind).await;
        if of_certificates_or_newest.contains(&id) {
            assert_eq!(newest, first, "{id:#x}");
        } else {
            assert_eq!(newest, Err(HResult::E_INVALIDARG), "{id:#x}");
        }
        for index in [1, 2, i32::MIN, i32::MAX] {
            let other = property(&client, id, index, kind).await;
            assert_eq!(other, Err(HResult::E_INVALIDARG), "{id:#x} {index}");
        }
    }
    for index in [0, 1, NEWEST] {
        assert_eq!(property(&client, 4, index, TEXT).await, Err(HResult::FILE_NOT_FOUND));
        assert_eq!(property(&client, 0x1A, index, BINARY).await, Err(HResult::FILE_NOT_FOUND));
    }
}

#[tokio::test]
async fn addresses_are_listed_and_an_expired_ca_says_so() {
    let mut bench = Bench::with_ca(|config| {
        config.urls.crl = vec!["http://a/1.crl".into(), "http://b/1.crl".into()];
        config.urls.ca_certificate = vec!["http://a/ca.crt".into()];
        config.urls.ocsp = vec!["http://a/ocsp".into()];
        config.subject = "CN=Tür/CA & more,DC=lab".into();
    });
    bench.clock = || SystemTime::now() + Duration::from_secs(20 * 365 * 86_400);
    let client = Client::of(bench);
    let get = async |id: i32, kind: i32| {
        let request = GetCaPropertyIn {
            pwsz_authority: Some("T!00fcr!002fCA !0026 more".into()),
            prop_id: id,
            prop_type: kind,
            ..Default::default()
        };
        let answer: GetCaPropertyOut = client.call(7, &request).await;
        assert_eq!(answer.return_value, 0);
        answer.pctb_property_value.pb.expect("a value")
    };
    assert_eq!(text_of(&get(0x06, TEXT).await), "Tür/CA & more");
    assert_eq!(text_of(&get(0x07, TEXT).await), "T!00fcr!002fCA !0026 more");
    assert_eq!(text_of(&get(0x29, TEXT).await), "http://a/1.crl\nhttp://b/1.crl\n");
    assert_eq!(text_of(&get(0x2A, TEXT).await), "http://a/ca.crt\n");
    assert_eq!(text_of(&get(0x2B, TEXT).await), "http://a/ocsp\n");
    assert_eq!(get(0x13, LONG).await, [4]);
    assert_eq!(get(0x14, LONG).await, [4]);
    assert_eq!(get(0x22, LONG).await, HResult::CERT_E_EXPIRED.0.to_le_bytes());
}

#[tokio::test]
async fn the_exchange_certificate_is_made_once_kept_and_replaced() {
    let client = Client::new();
    let first = property(&client, 0x0F, 0, BINARY).await.expect("made");
    assert_eq!(property(&client, 0x0F, NEWEST, BINARY).await, Ok(first.clone()));
    let certificate = Certificate::parse(&first).expect("valid");
    let purposes = find(&certificate.extensions, &oids::EXTENDED_KEY_USAGE).expect("there");
    assert_eq!(decode_extended_key_usage(&purposes.value), Ok(vec![oids::CA_EXCHANGE]));

    let ca = client.bench.ca.certificate().der.clone();
    let chain = property(&client, 0x10, 0, BINARY).await.expect("made");
    let chain = SignedData::parse(&chain).expect("a message");
    assert_eq!((chain.content, chain.certificates), (Some(&*first), vec![&*ca]));
    assert_eq!((chain.signers, chain.crls), (vec![], vec![]));
    let crl = client.bench.crls.borrow().base.as_ref().expect("there").der.clone();
    let chain = property(&client, 0x21, 0, BINARY).await.expect("made");
    let chain = SignedData::parse(&chain).expect("a message");
    assert_eq!((chain.content, chain.crls), (Some(&*first), vec![&*crl]));

    let row = client.bench.row(RequestId(1)).await;
    let columns = row.columns;
    assert_eq!((columns.disposition, columns.request_flags), (Disposition::Issued, 0xC));
    assert_eq!((&*columns.requester_name, &*columns.caller_name), (r"LAB\CA1$", r"LAB\alice"));
    assert_eq!(columns.request_distinguished_name, "CN=wcce CA-Xchg");
    assert_eq!((&*columns.raw_request, &*columns.certificate_template), (&[][..], "CAExchange"));
    assert_eq!(columns.certificate.expect("there").raw, first);

    // A restart: the file is read again.
    let client = Client::of(client.bench);
    assert_eq!(property(&client, 0x0F, 0, BINARY).await, Ok(first.clone()));
    // A week later.
    let mut bench = client.bench;
    bench.clock = || SystemTime::now() + Duration::from_secs(8 * 86_400);
    let client = Client::of(bench);
    let second = property(&client, 0x0F, 0, BINARY).await.expect("made");
    assert_ne!(second, first);
    // Revoked.
    let mut row = client.bench.row(RequestId(2)).await;
    row.columns.disposition = Disposition::Revoked;
    client.bench.store.update(row, Disposition::Issued).await.expect("updated");
    let third = property(&client, 0x0F, 0, BINARY).await.expect("made");
    assert!(third != second && third != first);
    // A file without a row, as a crash leaves it, is not handed out.
    let lost = client.bench.ca.issue_exchange((client.bench.clock)()).expect("issued");
    let path = crate::ca::StateFolder::new(client.bench.folder.path()).exchange();
    lost.save(&path).expect("written");
    let client = Client::of(client.bench);
    let fourth = property(&client, 0x0F, 0, BINARY).await.expect("made");
    assert!(fourth != third && fourth != lost.certificate.der());
}

#[tokio::test]
async fn many_who_ask_at_once_get_the_same_exchange_certificate() {
    let client = Client::new();
    let ask = || property(&client, 0x0F, 0, BINARY);
    let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
    assert!(a.is_ok() && a == b && b == c && c == d);
}

#[tokio::test]
async fn the_list_names_every_property() {
    let client = Client::new();
    let request = GetCaPropertyInfoIn { pwsz_authority: ca(), ..Default::default() };
    let answer: GetCaPropertyInfoOut = client.call(8, &request).await;
    assert_eq!((answer.return_value, answer.pc_property), (0, 50));
    let bytes = answer.pctb_prop_info.pb.expect("a list");
    let (entries, _) = bytes[..50 * 12].as_chunks::<12>();
    let mut end = 50 * 12;
    for (entry, property) in entries.iter().zip(PROPERTIES) {
        let id = i32::from_le_bytes(entry[..4].try_into().expect("4"));
        assert_eq!(id, property.id.value());
        let kind = match property.kind {
            PropertyKind::Long => 1,
            PropertyKind::Binary => 3,
            PropertyKind::Text => 4,
        };
        let indexed = u8::from(property.index.is_indexed());
        assert_eq!(entry[4..8], [kind, 0, indexed, 0], "{id:#x}");
        let offset = u32::from_le_bytes(entry[8..].try_into().expect("4")) as usize;
        assert_eq!(offset, end, "names do not overlap");
        let length = property.display_name.len() * 2 + 2;
        assert_eq!(text_of(&bytes[offset..offset + length]), property.display_name);
        end = (offset + length).next_multiple_of(4);
    }
    assert_eq!(end, bytes.len());
    let names: std::collections::BTreeSet<_> = PROPERTIES.iter().map(|p| p.display_name).collect();
    assert_eq!(names.len(), 50);
}

async fn get_ca_cert(client: &Client, fchain: u32, authority: &str) -> Result<Vec<u8>, HResult> {
    let pwsz_authority = Some(authority.into());
    let request = GetCaCertIn { fchain, pwsz_authority, ..Default::default() };
    let answer: GetCaCertOut = client.call(4, &request).await;
    match HResult(answer.return_value) {
        HResult::S_OK => Ok(answer.pctb_out.pb.unwrap_or_default()),
        code => Err(code),
    }
}

#[tokio::test]
async fn every_fchain_is_the_property_that_it_stands_for() {
    let client = Client { interface: I_CERT_REQUEST_D, ..Client::new() };
    let d2 = Client { object: Arc::clone(&client.object), ..Client::new() };
    for (fchain, id, index, kind) in [
        (0x0000_0000, 0x0C, NEWEST, BINARY),
        (0x0000_0001, 0x0F, 0, BINARY),
        (0x6363_726C, 0x11, NEWEST, BINARY),
        (0x6669_6C65, 0x01, 0, TEXT),
        (0x696E_666F, 0x0A, 0, LONG),
        (0x6E61_6D65, 0x06, 0, TEXT),
        (0x7061_7265, 0x09, 0, TEXT),
        (0x706F_6C69, 0x05, 0, TEXT),
        (0x7072_6F64, 0x02, 0, TEXT),
        (0x7361_6E69, 0x07, 0, TEXT),
        (0x7368_6172, 0x08, 0, TEXT),
        (0x636C_0000, 0x11, 0, BINARY),
        (0x636C_0001, 0x11, 1, BINARY),
        (0x6374_0000, 0x0C, 0, BINARY),
        (0x6374_FFFF, 0x0C, 0xFFFF, BINARY),
        (0x6578_0000, 0x04, 0, TEXT),
        (0x736C_0000, 0x14, 0, LONG),
        (0x7374_0000, 0x13, 0, LONG),
        (0x7374_0001, 0x13, 1, LONG),
    ] {
        let value = get_ca_cert(&client, fchain, CA).await;
        assert_eq!(value, property(&d2, id, index, kind).await, "{fchain:#x}");
    }
    let kind = get_ca_cert(&client, 0x7479_7065, CA).await;
    assert_eq!(kind, Ok(vec![0; 4]), "the type alone");
    for unknown in [2, 0x6E61_6D66, 0x7374, u32::MAX] {
        let refused = get_ca_cert(&client, unknown, CA).await;
        assert_eq!(refused, Err(HResult::E_INVALIDARG), "{unknown:#x}");
    }
}

#[tokio::test]
async fn only_its_name_is_told_to_those_who_do_not_know_it() {
    let client = Client::new();
    for authority in ["", "Other"] {
        for (fchain, known) in [(0x6E61_6D65, true), (0x7361_6E69, true), (0x696E_666F, false)] {
            let value = get_ca_cert(&client, fchain, authority).await;
            match known {
                true => assert_eq!(text_of(&value.expect("told")), "wcce CA"),
                false => assert_eq!(value, Err(HResult::E_INVALIDARG)),
            }
        }
        let pwsz_authority: Option<WideString> = Some(authority.into());
        let name = GetCaPropertyIn {
            pwsz_authority: pwsz_authority.clone(),
            prop_id: 6,
            prop_type: TEXT,
            ..Default::default()
        };
        let refused: GetCaPropertyOut = client.call(7, &name).await;
        assert_eq!(HResult(refused.return_value), HResult::E_INVALIDARG);
        let list = GetCaPropertyInfoIn { pwsz_authority, ..Default::default() };
        let refused: GetCaPropertyInfoOut = client.call(8, &list).await;
        assert_eq!(
            (HResult(refused.return_value), refused.pc_property),
            (HResult::E_INVALIDARG, 0)
        );
    }
}

#[tokio::test]
async fn those_without_the_enroll_right_learn_nothing() {
    let bench = Bench { security: "D:(A;;0x100;;;AU)", ..Bench::new() };
    let client = Client::of(bench);
    let denied = HResult::CERTSRV_E_ENROLL_DENIED;
    assert_eq!(get_ca_cert(&client, 0x6E61_6D65, "").await, Err(denied));
    assert_eq!(property(&client, 6, 0, TEXT).await, Err(denied));
    assert_eq!(property(&client, 0x33, 0, TEXT).await, Err(denied));
    let list = GetCaPropertyInfoIn { pwsz_authority: ca(), ..Default::default() };
    let answer: GetCaPropertyInfoOut = client.call(8, &list).await;
    assert_eq!(HResult(answer.return_value), denied);
}
