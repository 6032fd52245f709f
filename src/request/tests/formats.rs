//! Armour, request types and formats.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::{fixture, parsed};
use crate::model::{EnrollmentRequest, HResult, RequestFormat};
use crate::request::{Limits, RequestError, parse};

const PKCS10: &[u8] = fixture!("certipy-pkcs10");

fn lines(base64: &str, end: &str) -> String {
    let chunks = base64.as_bytes().chunks(64);
    chunks.map(|line| format!("{}{end}", String::from_utf8_lossy(line))).collect()
}

fn pem(label: &str, end: &str) -> String {
    let body = lines(&STANDARD.encode(PKCS10), end);
    format!("-----BEGIN {label}-----{end}{body}-----END {label}-----{end}")
}

#[test]
fn text_forms_give_the_same_request() {
    let der = parsed(PKCS10).expect("a good request");
    let base64 = STANDARD.encode(PKCS10);
    for text in [
        pem("CERTIFICATE REQUEST", "\n"),
        pem("NEW CERTIFICATE REQUEST", "\r\n"),
        format!("Certificate Request:\n  Data:\n{}", pem("CERTIFICATE REQUEST", "\n")),
        format!("\u{FEFF}{}\0", pem("NEW CERTIFICATE REQUEST", "\r\n")),
        base64.clone(),
        lines(&base64, "\r\n"),
        format!("\r\n{}", STANDARD_NO_PAD.encode(PKCS10)),
    ] {
        assert_eq!(parsed(text.as_bytes()).as_ref(), Ok(&der), "{text}");
    }
}

#[test]
fn broken_text_is_refused() {
    let good = pem("CERTIFICATE REQUEST", "\n");
    for text in [
        String::new(),
        "hello".to_owned(),
        "MII*".to_owned(),
        format!("{good}trailing"),
        format!("{good}{good}"),
        good.replace("END CERTIFICATE", "END NEW CERTIFICATE"),
        good.replace("-----END", "----END"),
        good.replace('M', "\u{E9}"),
        "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----".to_owned(),
    ] {
        assert_eq!(parsed(text.as_bytes()), Err(RequestError::Encoding), "{text}");
    }
    assert_eq!(parsed(&[0xFF, 0xFE, 0]), Err(RequestError::Encoding));
}

#[test]
fn request_type_must_be_the_format() {
    let limits = Limits::default();
    let result = |raw, flags| parse(raw, flags, "", &limits).map(|request| request.format);
    // The padding and the client's own flags don't matter.
    for flags in [0, 0x0100, 0x01FF, 0x4_0100, 0x0002_0000] {
        assert_eq!(result(PKCS10, flags), Ok(RequestFormat::Pkcs10), "{flags:#x}");
    }
    for flags in [0x0200, 0x0300, 0x0400] {
        let error = result(PKCS10, flags).expect_err("another type");
        assert!(matches!(error, RequestError::FormatMismatch { .. }));
        assert_eq!(error.hresult(), HResult::CRYPT_E_INVALID_MSG_TYPE);
    }
    for flags in [0x0500, 0x0600, 0xFF00] {
        assert_eq!(result(PKCS10, flags), Err(RequestError::UnsupportedType(flags)));
    }
    for flags in [0x0400_0100, 0x0800_0000] {
        assert!(matches!(result(PKCS10, flags), Err(RequestError::UnsupportedFlags(_))));
    }
}

#[test]
fn forms_of_certipy_are_told_apart() {
    let limits = Limits::default();
    for (der, format, request_type) in [
        (fixture!("certipy-onbehalf"), RequestFormat::Cms, 0x0300),
        (fixture!("certipy-renewal"), RequestFormat::Cms, 0x0300),
        (fixture!("certipy-archival"), RequestFormat::Cmc, 0x0400),
    ] {
        for flags in [0, request_type] {
            let request = parse(der, flags, "", &limits).expect("a good request");
            assert_eq!(request.format, format);
        }
        let mismatch = parse(der, 0x0100, "", &limits).expect_err("not a PKCS#10");
        assert_eq!(mismatch.hresult(), HResult::CRYPT_E_INVALID_MSG_TYPE);
        assert!(matches!(mismatch, RequestError::FormatMismatch { found, .. } if found == format));
    }
}

#[test]
fn a_bare_pkcs10_is_no_renewal() {
    let error =
        parsed(fixture!("certipy-pkcs10-all-options")).expect_err("names an old certificate");
    assert_eq!(error, RequestError::BareRenewal);
    assert_eq!(error.hresult(), HResult::CRYPT_E_INVALID_MSG_TYPE);
}

#[test]
fn ber_is_tolerated_around_cms_alone() {
    // The outer SEQUENCE with an indefinite length.
    let indefinite = |der: &[u8]| [&[0x30, 0x80], &der[4..], &[0, 0]].concat();
    let der = fixture!("certipy-onbehalf");
    let ber = indefinite(der);
    let request = parse(&ber, 0, "", &Limits::default()).expect("a good request");
    let of_der = parse(der, 0, "", &Limits::default()).expect("a good request");
    assert_eq!(request, EnrollmentRequest { raw: ber, ..of_der });
    let pkcs10 = parsed(&indefinite(PKCS10)).expect_err("not DER");
    assert_eq!(pkcs10.hresult(), HResult::CRYPT_E_ASN1_CORRUPT);
}
