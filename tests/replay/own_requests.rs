//! Requests of our own client held against those of Windows' clients: made from what theirs say,
//! they are the same in every layer, order and number, but for keys, hashes, signatures and
//! certificates, and for what [`Difference`] names.

use std::path::Path;
use std::process::Command;

use wcce::asn1::cmc::{PkiData, TaggedRequest};
use wcce::asn1::cms::SignedData;
use wcce::asn1::extensions::{
    decode_extended_key_usage, decode_extensions, decode_key_usage, decode_template_information,
    decode_template_name,
};
use wcce::asn1::{
    Certificate, CertificationRequest, Element, Hash, Name, Reader, SubjectPublicKeyInfo, Tag,
    decode_client_info, decode_csp_provider, decode_text, oids,
};
use wcce::client::{
    CertificateRequest, ClientDescription, Identity, KeyKind, RequestKey, Signers, TemplateId,
    check_full_response,
};
use wcce::model::{Extension, Oid, RequestFormat};

use crate::tally;

/// What may differ, and why that is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Difference {
    /// Windows says which slot of a provider holds the key (AT_SIGNATURE, 2); our keys are in no
    /// slots, and every RSA key is AT_KEYEXCHANGE.
    KeySpec,
    /// certreq of Windows Vista puts the key's identifier before the usage in renewals; all others
    /// put it last.
    IdentifierFirst,
    /// For templates with INCLUDE_SYMMETRIC_ALGORITHMS Windows lists what its mail program
    /// decrypts. We have none, and the CA lists its own.
    SmimeCapabilities,
    /// Windows 11 writes names as UTF8Strings. Ours are PrintableStrings where they can be, as
    /// older Windows has them; names that differ in that alone are equal (RFC 5280 7.1).
    Utf8Names,
    /// certreq of Windows Vista did not sign CMC renewals with the old key. The specification
    /// demands it ([MS-WCCE] 3.1.1.4.3.2.2), and Windows 11 does it.
    OneSigner,
}

use Difference::{IdentifierFirst, KeySpec, OneSigner, SmimeCapabilities, Utf8Names};

#[test]
fn requests_are_built_as_windows_builds_them() {
    let Some(captures) = tally::captures("comparison of our requests with Windows'") else {
        return;
    };
    let (new, target) = (false, Some("Domain\\TargetUser"));
    for (name, format, renewal, target, differences) in [
        ("msdocs-pkcs10.der", RequestFormat::Pkcs10, new, None, &[][..]),
        ("msdocs-cmc.der", RequestFormat::Cmc, new, None, &[]),
        ("win11-certreq-cmc.der", RequestFormat::Cmc, new, None, &[Utf8Names]),
        ("adcs2022-0x4-request-cmc.der", RequestFormat::Cmc, new, None, &[SmimeCapabilities]),
        ("adcs2022-0x5-request-cmc.der", RequestFormat::Cmc, new, None, &[KeySpec]),
        ("adcs2022-0x6-request-cmc.der", RequestFormat::Cmc, new, None, &[SmimeCapabilities]),
        ("msdocs-cmc-eobo.der", RequestFormat::Cmc, new, target, &[]),
        ("msdocs-pkcs7-eobo.der", RequestFormat::Cms, new, target, &[]),
        (
            "msdocs-cmc-renewal.der",
            RequestFormat::Cmc,
            true,
            None,
            &[KeySpec, IdentifierFirst, OneSigner],
        ),
        ("msdocs-pkcs7-renewal.der", RequestFormat::Cms, true, None, &[KeySpec, IdentifierFirst]),
    ] {
        let theirs = std::fs::read(captures.join("enrollment").join(name)).expect(name);
        let ours = imitation(&theirs, format, renewal, target);
        let expected = Outline::of(&theirs, differences);
        let mut found = Outline::of(&ours, differences);
        if differences.contains(&OneSigner) {
            found.drop_second_signer(&ours);
        }
        assert_eq!(found.lines, expected.lines, "{name}");
        // Every difference that is claimed is one.
        for difference in differences.iter().filter(|difference| **difference != OneSigner) {
            let others: Vec<_> = differences.iter().filter(|d| *d != difference).copied().collect();
            let (a, b) = (Outline::of(&ours, &others), Outline::of(&theirs, &others));
            assert_ne!(a.lines, b.lines, "{name}: {difference:?}");
        }
        tally::ran("capture-request-imitated", name);
    }
}

/// A request of ours that says what that one says.
fn imitation(theirs: &[u8], format: RequestFormat, renewal: bool, target: Option<&str>) -> Vec<u8> {
    let key = RequestKey::generate(KeyKind::Rsa2048).expect("made");
    let request = said(theirs, format);
    let other = [identity()];
    let cosigners = if target.is_some() { &other[..] } else { &[] };
    let renews = renewal.then_some(&other[0]);
    let signers = Signers { renews, cosigners, on_behalf_of: target };
    match format {
        RequestFormat::Cms => request.to_cms(&key, signers),
        RequestFormat::Cmc => request.to_cmc(&key, signers),
        _ => request.to_pkcs10(&key),
    }
    .expect("made")
}

/// What a request of Windows says.
fn said(theirs: &[u8], format: RequestFormat) -> CertificateRequest {
    let message = (format != RequestFormat::Pkcs10).then(|| SignedData::parse(theirs).unwrap());
    let content = message.as_ref().map_or(theirs, |message| message.content.unwrap());
    let data = (format == RequestFormat::Cmc).then(|| PkiData::parse(content).unwrap());
    let pkcs10 = match data.as_ref().map(|data| data.requests.as_slice()) {
        Some([TaggedRequest::Pkcs10(_, pkcs10)]) => pkcs10,
        Some(_) => panic!("one PKCS#10"),
        None => content,
    };
    let pkcs10 = CertificationRequest::parse(pkcs10).unwrap();
    let attribute = |oid: Oid| {
        let found = pkcs10.attributes.iter().find(|attribute| attribute.oid == oid);
        found.expect("as every request of Windows").values[0]
    };
    let extensions = decode_extensions(attribute(oids::EXTENSION_REQUEST).raw).unwrap();
    let value = |oid: Oid| extensions.iter().find(|e| e.oid == oid).map(|e| e.value.as_slice());
    let name = value(oids::ENROLL_CERTTYPE)
        .map(|name| TemplateId::Name(decode_template_name(name).unwrap()));
    let information = value(oids::CERTIFICATE_TEMPLATE)
        .map(|value| TemplateId::Information(decode_template_information(value).unwrap()));
    let purposes = value(oids::EXTENDED_KEY_USAGE).map(|v| decode_extended_key_usage(v).unwrap());
    CertificateRequest {
        subject: Name::from_der(pkcs10.subject).unwrap(),
        template: name.or(information),
        extended_key_usage: purposes.unwrap_or_default(),
        key_usage: value(oids::KEY_USAGE).map(|value| decode_key_usage(value).unwrap()),
        client: Some(ClientDescription {
            os_version: decode_text(&attribute(oids::OS_VERSION)).unwrap(),
            info: decode_client_info(&attribute(oids::REQUEST_CLIENT_INFO)).unwrap(),
            provider: decode_csp_provider(&attribute(oids::ENROLLMENT_CSP_PROVIDER)).unwrap(),
        }),
        ..CertificateRequest::default()
    }
}

/// An agent, or the holder of an old certificate.
fn identity() -> Identity {
    let folder = tempfile::tempdir().expect("made");
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=agent", "-keyout"];
    let made = Command::new("openssl")
        .args([&make[..], &["key", "-out", "certificate"]].concat())
        .current_dir(folder.path())
        .output()
        .expect("openssl runs");
    assert!(made.status.success());
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("written");
    Identity::from_pem(&read("certificate"), &read("key")).expect("made")
}

/// A message, value by value, without what must differ.
struct Outline<'a> {
    lines: Vec<String>,
    differences: &'a [Difference],
}

impl<'a> Outline<'a> {
    fn of(der: &[u8], differences: &'a [Difference]) -> Self {
        let mut outline = Self { lines: Vec::new(), differences };
        outline.add(&Element::parse(der).expect("DER"), 0);
        outline
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.lines.push(format!("{:1$}{text}", "", depth));
    }

    fn all(&mut self, content: &[u8], depth: usize) {
        let mut reader = Reader::new(content);
        while !reader.is_empty() {
            self.add(&reader.element().expect("DER"), depth);
        }
    }

    fn add(&mut self, element: &Element<'_>, depth: usize) {
        if SubjectPublicKeyInfo::parse(element.raw).is_ok() {
            return self.line(depth, "public key");
        }
        if Certificate::parse(element.raw).is_ok() {
            return self.line(depth, "certificate");
        }
        if let Ok(extensions) = decode_extensions(element.raw)
            && !extensions.is_empty()
        {
            return self.extensions(extensions, depth);
        }
        let provider = decode_csp_provider(element).is_ok();
        if provider && self.differences.contains(&KeySpec) {
            return self.line(depth, "provider");
        }
        if element.tag.is_constructed() {
            self.line(depth, &format!("{} with", element.tag));
            // The issuer and serial number of a certificate that must differ.
            if is_issuer_and_serial(element) {
                return self.line(depth + 1, "issuer and serial number");
            }
            return self.all(element.content, depth + 1);
        }
        let text = matches!(element.tag, Tag::UTF8_STRING | Tag::PRINTABLE_STRING);
        if text && self.differences.contains(&Utf8Names) {
            return self.line(depth, &format!("text {}", hex::encode(element.content)));
        }
        let value = match element.tag {
            Tag::OID => without_hash(&Oid::from_der_content(element.content).expect("an OID")),
            Tag::OCTET_STRING | Tag::BIT_STRING if element.content.len() > 8 => {
                self.line(depth, &element.tag.to_string());
                // RegInfo, PKIData, a PKCS#10; keys, hashes and signatures are no DER.
                if let Ok(inner) = Element::parse(element.content)
                    && inner.tag == Tag::SEQUENCE
                {
                    self.add(&inner, depth + 1);
                } else if element.content.is_ascii() && element.content.ends_with(b"&") {
                    self.line(depth + 1, &String::from_utf8_lossy(element.content));
                }
                return;
            }
            tag if tag == Tag::context_primitive(0) => "key identifier".to_owned(),
            _ => hex::encode(element.content),
        };
        self.line(depth, &format!("{} {value}", element.tag));
    }

    fn extensions(&mut self, mut extensions: Vec<Extension>, depth: usize) {
        if self.differences.contains(&SmimeCapabilities) {
            extensions.retain(|extension| extension.oid != oids::SMIME_CAPABILITIES);
        }
        if self.differences.contains(&IdentifierFirst) {
            extensions.sort_by_key(|extension| extension.oid != oids::SUBJECT_KEY_IDENTIFIER);
        }
        self.line(depth, "extensions");
        for Extension { oid, critical, value } in extensions {
            self.line(depth + 1, &format!("{oid} {critical}"));
            if oid != oids::SUBJECT_KEY_IDENTIFIER {
                self.add(&Element::parse(&value).expect("DER"), depth + 2);
            }
        }
    }

    /// Takes out the signer and the certificate that a message of one signer does not have. They
    /// are of the form of an agent's, which is held against Windows' elsewhere.
    fn drop_second_signer(&mut self, ours: &[u8]) {
        let mut one = SignedData::parse(ours).expect("own encoding");
        assert_eq!((one.signers.len(), one.certificates.len()), (2, 1));
        one.signers.truncate(1);
        one.certificates.clear();
        self.lines = Outline::of(&one.encode(), self.differences).lines;
    }
}

fn is_issuer_and_serial(element: &Element<'_>) -> bool {
    let read = || {
        let mut reader = element.enter(Tag::SEQUENCE)?;
        let name = reader.expect(Tag::SEQUENCE)?;
        reader.integer()?;
        reader.end()?;
        Name::from_der(name.raw)
    };
    read().is_ok_and(|name| !name.is_empty())
}

/// The old requests were signed with SHA-1.
fn without_hash(oid: &Oid) -> String {
    for hash in [Hash::Sha1, Hash::Sha256] {
        if *oid == hash.oid() {
            return "hash".to_owned();
        }
        if *oid == hash.with_rsa() {
            return "hash with RSA".to_owned();
        }
    }
    oid.to_string()
}

/// What a Windows CA answered is believed, and nothing that was changed.
#[test]
fn full_responses_of_windows_are_believed() {
    let Some(captures) = tally::captures("our client's check of full responses") else { return };
    let read = |name: String| -> Vec<u8> { read(&captures, &name) };
    for which in ["issue", "renewal"] {
        let response = read(format!("ms-wstep-{which}-full-cmc-response.der"));
        let certificate = read(format!("ms-wstep-{which}-certificate.der"));
        let chain = check_full_response(&response, &certificate, &[]).expect(which);
        let chain = SignedData::parse(&chain).expect("own encoding");
        assert!(chain.certificates.len() > 1 && chain.certificates[0] == certificate, "{which}");
        let root = chain.certificates.last().expect("the issuer").to_vec();
        check_full_response(&response, &certificate, &[root]).expect(which);
        let other = [certificate.clone()];
        assert!(check_full_response(&response, &response, &other).is_err());
        let mut changed = response.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        assert!(check_full_response(&changed, &certificate, &[]).is_err(), "{which}");
        tally::ran("capture-response-believed", which);
    }
}

fn read(captures: &Path, name: &str) -> Vec<u8> {
    std::fs::read(captures.join("enrollment").join(name)).expect(name)
}
