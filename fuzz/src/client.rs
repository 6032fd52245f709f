//! What the client reads: files of its user, and what a CA answers.

use wcce::client::property::{self, CaNumbers};
use wcce::client::{Identity, RequestKey, check_full_response, pkcs12};

/// PKCS#12; the password is empty, or alice's.
pub fn pkcs12_file(input: &[u8]) {
    for password in ["", super::auth::PASSWORD] {
        if let Ok(contents) = pkcs12::read(input, password) {
            drop(format!("{} certificates", contents.certificates.len()));
            let _ = Identity::from_pkcs12(input, password);
        }
    }
}

/// A file with a key, a certificate, or both.
pub fn key_file(input: &[u8]) {
    if let Ok(key) = RequestKey::from_file(input) {
        let again = RequestKey::from_der(key.to_pkcs8()).expect("our own");
        assert_eq!(again.public_key(), key.public_key());
    }
    let _ = Identity::from_pem(input, input);
}

/// A full CMC response about a certificate.
pub fn full_response(input: &[u8]) {
    let certificate = include_bytes!("hand.der");
    let accepted = check_full_response(input, certificate, &[certificate.to_vec()]);
    if let Ok(chain) = accepted {
        assert!(!chain.is_empty());
    }
}

/// Properties of a CA.
pub fn ca_property(input: &[u8]) {
    let text = property::parse_text(input);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?} on a terminal");
    let _ = (property::parse_templates(input), property::parse_lines(input));
    let _ = (property::parse_numbers(input), CaNumbers::parse(input));
}
