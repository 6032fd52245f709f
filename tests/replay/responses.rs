//! Full responses of a Windows CA ([MS-WSTEP] 4.1), read, written again, and held against ours.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use wcce::asn1::cmc::{CmcStatus, PkiResponse};
use wcce::asn1::cms::{SignedData, SignerId};
use wcce::asn1::{Certificate, Hash, SignatureScheme, oids};
use wcce::ca::{CaConfig, CertificateAuthority, KeyKind, StateFolder};

use crate::tally;

const RESPONSES: [&str; 2] = ["issue", "renewal"];

fn read(captures: &Path, name: &str) -> Vec<u8> {
    std::fs::read(captures.join("enrollment").join(name)).expect(name)
}

fn response(captures: &Path, which: &str) -> Vec<u8> {
    read(captures, &format!("ms-wstep-{which}-full-cmc-response.der"))
}

#[test]
fn full_responses_of_windows_are_read_and_written_again() {
    let Some(captures) = tally::captures("replay of full responses") else { return };
    for which in RESPONSES {
        let der = response(&captures, which);
        let message = SignedData::parse(&der).expect("a message");
        assert_eq!(message.encode(), der, "{which}");
        assert_eq!(message.content_type, oids::CMC_PKI_RESPONSE);
        assert_eq!((&*message.digests, &*message.crls), (&[Hash::Sha1][..], &[][..]));

        let content = message.content.expect("content");
        let body = PkiResponse::parse(content).expect("a response");
        assert_eq!(body.encode().expect("encodes"), content, "{which}");
        assert_eq!((&body.status, &*body.text), (&CmcStatus::Success, "Issued"));

        let issued = read(&captures, &format!("ms-wstep-{which}-certificate.der"));
        let hash = Hash::Sha1.digest(&issued);
        assert_eq!(body.issued_cert_hash.as_ref().map(|hash| &hash[..]), Some(hash.as_ref()));
        assert!(message.certificates.contains(&&*issued), "{which}");
        assert!(message.certificates.is_sorted(), "a SET OF in DER");

        let [signer] = &*message.signers else { panic!("one signer") };
        let ca = message.certificates.iter().find_map(|der| {
            let certificate = Certificate::parse(der).expect("valid");
            let (issuer, serial) = (certificate.issuer, certificate.serial);
            (signer.signer == SignerId::IssuerAndSerial { issuer, serial }).then_some(certificate)
        });
        let ca = ca.expect("the signer's certificate comes along");
        let key = ca.public_key.public_key().expect("RSA");
        let scheme = signer.verify(&message, &key);
        assert_eq!(scheme, Ok(SignatureScheme::RsaPkcs1(Hash::Sha1)), "{which}");
        assert_eq!(ca.subject, Certificate::parse(&issued).expect("valid").issuer);
        tally::ran("capture-response", which);
    }
}

/// One value as OpenSSL sees it: nesting, type, and the value of what is primitive.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    depth: usize,
    kind: String,
    value: String,
}

/// The message by `openssl asn1parse`, without the set of certificates.
fn lines(folder: &Path, der: &[u8]) -> Vec<Line> {
    let file = folder.join("message.der");
    std::fs::write(&file, der).expect("written");
    let output = Command::new("openssl")
        .args(["asn1parse", "-inform", "der", "-in"])
        .arg(&file)
        .output()
        .expect("openssl is installed");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && !text.contains("Error"), "{text}");
    let mut lines = Vec::new();
    let mut in_certificates = false;
    for line in text.lines() {
        let (_, rest) = line.split_once(":d=").expect("a depth");
        let (depth, rest) = rest.split_once("hl=").expect("a length");
        let (_, rest) = rest.split_once("l=").expect("a length");
        let (kind, value) = match rest.split_once("prim:") {
            Some((_, rest)) => rest.split_once(':').unwrap_or((rest, "")),
            None => (rest.split_once("cons:").expect("constructed").1, ""),
        };
        let kind = kind.trim().trim_end_matches("[HEX DUMP]").trim_end().to_owned();
        let value = value.to_owned();
        let depth: usize = depth.trim().parse().expect("a number");
        in_certificates =
            if depth == 3 { kind == "cont [ 0 ]" } else { in_certificates && depth > 3 };
        if !in_certificates {
            lines.push(Line { depth, kind, value });
        }
    }
    lines
}

/// Whether a line of theirs and ours differ for a known reason.
type Rule = fn(&Line, &Line) -> bool;

/// Values that differ because the CA, its key or the moment is another one. Everything else must
/// be the same, in the same order.
const ALLOWED: [(&str, Rule); 5] = [
    ("hash: the CA's own, in place of SHA-1", |theirs, ours| {
        theirs.kind == "OBJECT" && theirs.value == "sha1" && ours.value == "sha256"
    }),
    ("issuer's name", |theirs, _| theirs.depth == 9 && theirs.kind.ends_with("STRING")),
    ("serial number", |theirs, ours| {
        theirs.kind == "INTEGER" && theirs.depth == 6 && ours.depth == 6
    }),
    ("message digest", |theirs, _| theirs.kind == "OCTET STRING" && theirs.depth == 8),
    ("signature", |theirs, _| theirs.kind == "OCTET STRING" && theirs.depth == 5),
];

#[test]
fn our_full_response_has_the_structure_of_windows_own() {
    let Some(captures) = tally::captures("comparison of full responses") else { return };
    let folder = tempfile::tempdir().expect("made");
    let config = CaConfig {
        key: KeyKind::Rsa2048,
        subject: "CN=Other CA,OU=Somebody else".to_owned(),
        ..CaConfig::default()
    };
    let state = StateFolder::new(folder.path().join("state"));
    let (ca, _) = CertificateAuthority::init(&config, &state, SystemTime::now()).expect("made");
    for which in RESPONSES {
        let theirs = response(&captures, which);
        let message = SignedData::parse(&theirs).expect("a message");
        let body = PkiResponse::parse(message.content.expect("content")).expect("a response");
        let issued = read(&captures, &format!("ms-wstep-{which}-certificate.der"));
        let ours = ca.full_response(&body, Some(&issued), []).expect("signed");
        assert_eq!(SignedData::parse(&ours).expect("a message").content, message.content);

        let (theirs, ours) = (lines(folder.path(), &theirs), lines(folder.path(), &ours));
        assert_eq!(theirs.len(), ours.len(), "{theirs:#?} {ours:#?}");
        let mut seen = [false; ALLOWED.len()];
        for (theirs, ours) in theirs.iter().zip(&ours) {
            let shape = |line: &Line| (line.depth, line.kind.clone());
            let same_shape = shape(theirs) == shape(ours);
            if theirs == ours {
                continue;
            }
            let allowed = ALLOWED.iter().position(|(_, rule)| rule(theirs, ours));
            let allowed = allowed.unwrap_or_else(|| panic!("{which}: {theirs:?} but {ours:?}"));
            let name_string = ALLOWED[allowed].0 == "issuer's name";
            assert!(same_shape || name_string, "{which}: {theirs:?} but {ours:?}");
            seen[allowed] = true;
        }
        assert_eq!(seen, [true; ALLOWED.len()], "no rule is left that nothing needs");
        tally::ran("capture-response-compared", which);
    }
}
