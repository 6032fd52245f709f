use super::*;
use crate::asn1::cmc::{PkiData, TaggedRequest, decode_reg_info};
use crate::asn1::cms::{SignedData, SignerId};
use crate::asn1::{Certificate, CertificationRequest, extensions, pem};
use crate::client::testing::{certificate, identity, openssl_text};
use crate::client::{KeyKind, is_of_key};
use crate::request::Limits;

/// Kinds of keys by which OpenSSL 3.0 verifies CMS.
const KINDS: [KeyKind; 4] = [KeyKind::Rsa2048, KeyKind::EcP256, KeyKind::EcP384, KeyKind::EcP521];

fn request() -> CertificateRequest {
    CertificateRequest {
        subject: Name::parse("CN=host,O=Test").unwrap(),
        names: vec![parse_name("dns=host.wcce.test").unwrap(), parse_name("ip=::1").unwrap()],
        template: Some("WebServer".into()),
        extended_key_usage: vec![oids::SERVER_AUTH],
        key_usage: Some(KeyUsage(0xA000)),
        attributes: vec![("rmd".into(), "host.wcce.test".into())],
        client: Some(ClientDescription::default()),
    }
}

#[test]
fn the_request_proves_its_key_and_says_what_is_asked_for() {
    let key = RequestKey::generate(KeyKind::EcP256).unwrap();
    let der = request().to_pkcs10(&key).unwrap();
    let attributes = request().attributes_string().unwrap();
    let parsed = crate::request::parse(&der, 0x100, &attributes, &Limits::default()).unwrap();
    assert_eq!(parsed.subject, request().subject.to_der());
    assert_eq!(parsed.public_key.spki, key.public_key());
    assert_eq!(parsed.subject_alt_names, request().names);
}

fn extension_types(request: &CertificateRequest) -> Vec<Oid> {
    let key = RequestKey::generate(KeyKind::EcP256).unwrap();
    let der = request.to_pkcs10(&key).unwrap();
    let parsed = CertificationRequest::parse(&der).unwrap();
    let requested =
        parsed.attributes.iter().find(|a| a.oid == oids::EXTENSION_REQUEST).unwrap().values[0];
    let list = extensions::decode_extensions(requested.raw).unwrap();
    list.into_iter().map(|extension| extension.oid).collect()
}

/// [MS-WCCE] 3.1.2.4.2.3; the order is that of the requests of Windows' console.
#[test]
fn templates_of_version_1_are_named_and_later_ones_given_by_oid() {
    let version1 = [
        oids::ENROLL_CERTTYPE,
        oids::EXTENDED_KEY_USAGE,
        oids::KEY_USAGE,
        oids::SUBJECT_ALT_NAME,
        oids::SUBJECT_KEY_IDENTIFIER,
    ];
    assert_eq!(extension_types(&request()), version1);
    let oid = "1.3.6.1.4.1.311.21.8.1".parse().unwrap();
    let information = TemplateInformation { oid, major: Some(100), minor: Some(5) };
    let template = Some(TemplateId::Information(information));
    let version2 = CertificateRequest { template, names: Vec::new(), ..request() };
    let later = [
        oids::CERTIFICATE_TEMPLATE,
        oids::EXTENDED_KEY_USAGE,
        oids::KEY_USAGE,
        oids::APPLICATION_CERT_POLICIES,
        oids::SUBJECT_KEY_IDENTIFIER,
    ];
    assert_eq!(extension_types(&version2), later);
}

/// OpenSSL verifies all signatures of a message. It finds the key to be certified by a
/// certificate that it made for it itself.
fn openssl_verifies(message: &[u8], key: &RequestKey) {
    let folder = tempfile::tempdir().unwrap();
    let own = certificate(key, "/CN=stands for the key");
    std::fs::write(folder.path().join("message"), message).unwrap();
    let own = pem::encode("CERTIFICATE", &own);
    std::fs::write(folder.path().join("own"), own.as_bytes()).unwrap();
    let verify = ["cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", "message"];
    openssl_text(folder.path(), &[&verify[..], &["-certfile", "own", "-out", "content"]].concat());
    let content = std::fs::read(folder.path().join("content")).unwrap();
    assert_eq!(content, SignedData::parse(message).unwrap().content.unwrap());
}

#[test]
fn cmc_is_signed_by_the_key_to_be_certified_of_every_kind() {
    for kind in KINDS {
        let key = RequestKey::generate(kind).unwrap();
        let message = request().to_cmc(&key, Signers::default()).unwrap();
        openssl_verifies(&message, &key);
        let data = SignedData::parse(&message).unwrap();
        assert!(data.certificates.is_empty());
        assert!(matches!(data.signers[0].signer, SignerId::SubjectKeyId(_)));
    }
}

/// RFC 8419. OpenSSL 3.0 does not know how.
#[test]
fn ed25519_signs_cms_and_cmc_too() {
    let key = identity(KeyKind::Ed25519, "/CN=old");
    let signers = Signers { renews: Some(&key), ..Signers::default() };
    let spki = SubjectPublicKeyInfo::parse(key.key().public_key()).unwrap();
    for message in [request().to_cms(key.key(), signers), request().to_cmc(key.key(), signers)] {
        let message = message.unwrap();
        let data = SignedData::parse(&message).unwrap();
        for signer in &data.signers {
            signer.verify(&data, &spki.public_key().unwrap()).unwrap();
        }
    }
}

/// [MS-WCCE] 3.1.1.4.3.3.3: the first signer is the key to be certified, the second the agent,
/// however long their encodings are.
#[test]
fn cmc_on_behalf_of_another_is_signed_by_the_agent_second() {
    for (kind, agent_kind) in
        [(KeyKind::Rsa2048, KeyKind::EcP256), (KeyKind::EcP384, KeyKind::Rsa2048)]
    {
        let key = RequestKey::generate(kind).unwrap();
        let agents = [identity(agent_kind, "/CN=agent")];
        let target = "WCCE\\bob & co=x";
        let on_behalf_of = Some(target);
        let signers = Signers { cosigners: &agents, on_behalf_of, renews: None };
        let message = request().to_cmc(&key, signers).unwrap();
        openssl_verifies(&message, &key);
        let data = SignedData::parse(&message).unwrap();
        assert_eq!(data.certificates, [agents[0].certificate()]);
        assert!(matches!(data.signers[0].signer, SignerId::SubjectKeyId(_)));
        let agent = Certificate::parse(agents[0].certificate()).unwrap();
        let expected = SignerId::IssuerAndSerial { issuer: agent.issuer, serial: agent.serial };
        assert_eq!(data.signers[1].signer, expected);
        let content = PkiData::parse(data.content.unwrap()).unwrap();
        let controls: Vec<_> = content.controls.iter().map(|c| (c.body_part, &c.oid)).collect();
        assert_eq!(controls, [(3, &oids::CMC_ADD_ATTRIBUTES), (2, &oids::CMC_REG_INFO)]);
        let pairs = decode_reg_info(&content.controls[1].values[0]).unwrap();
        assert_eq!(pairs, [("RequesterName".to_owned(), target.to_owned())]);
    }
}

/// [MS-WCCE] 3.1.1.4.3.2.2.
#[test]
fn cmc_renewals_are_signed_by_both_keys_also_where_both_are_one() {
    let old = identity(KeyKind::Rsa2048, "/CN=old");
    let new = RequestKey::generate(KeyKind::EcP384).unwrap();
    for key in [&new, old.key()] {
        let signers = Signers { renews: Some(&old), ..Signers::default() };
        let message = request().to_cmc(key, signers).unwrap();
        openssl_verifies(&message, key);
        let data = SignedData::parse(&message).unwrap();
        assert_eq!(
            (data.certificates.as_slice(), data.signers.len()),
            (&[old.certificate()][..], 2)
        );
        let content = PkiData::parse(data.content.unwrap()).unwrap();
        let [TaggedRequest::Pkcs10(_, pkcs10)] = content.requests[..] else {
            panic!("one request")
        };
        let pkcs10 = CertificationRequest::parse(pkcs10).unwrap();
        let attribute = pkcs10.attributes.iter().find(|a| a.oid == oids::RENEWAL_CERTIFICATE);
        assert_eq!(attribute.unwrap().values[0].raw, old.certificate());
    }
}

/// [MS-WCCE] 3.1.1.4.3.2.1 and 3.1.1.4.3.3.2.
#[test]
fn cms_is_signed_by_the_old_key_or_the_agent_alone() {
    for kind in KINDS {
        let key = RequestKey::generate(KeyKind::EcP256).unwrap();
        let other = [identity(kind, "/CN=other")];
        let renewal = Signers { renews: Some(&other[0]), ..Signers::default() };
        let target = Some("WCCE\\bob");
        let on_behalf = Signers { cosigners: &other, on_behalf_of: target, renews: None };
        for (signers, attributes) in [(renewal, 0), (on_behalf, 3)] {
            let message = request().to_cms(&key, signers).unwrap();
            openssl_verifies(&message, &key);
            let data = SignedData::parse(&message).unwrap();
            assert_eq!((data.signers.len(), data.content_type.clone()), (1, oids::CMS_DATA));
            assert_eq!(data.signers[0].attributes().unwrap().len(), attributes);
            CertificationRequest::parse(data.content.unwrap()).unwrap();
        }
    }
}

/// The server reads out of every form what was put into it.
#[test]
fn every_form_is_read_as_what_it_is() {
    let key = RequestKey::generate(KeyKind::Rsa2048).unwrap();
    let others = [identity(KeyKind::EcP256, "/CN=other")];
    let target = "WCCE\\bob";
    let new = Signers::default();
    let renewal = Signers { renews: Some(&others[0]), ..new };
    let on_behalf = Signers { cosigners: &others, on_behalf_of: Some(target), renews: None };
    for (flags, signers) in
        [(0x400, new), (0x400, renewal), (0x400, on_behalf), (0x300, renewal), (0x300, on_behalf)]
    {
        let message = match flags {
            0x400 => request().to_cmc(&key, signers).unwrap(),
            _ => request().to_cms(&key, signers).unwrap(),
        };
        let read = crate::request::parse(&message, flags, "", &Limits::default()).unwrap();
        assert_eq!(read.public_key.spki, key.public_key());
        assert_eq!(read.subject_alt_names, request().names);
        assert_eq!(read.on_behalf_of.as_deref(), signers.on_behalf_of);
        let old = read.renewal.map(|renewal| renewal.old_certificate);
        assert_eq!(old.as_deref(), signers.renews.map(Identity::certificate));
        let certificates = read.signers.iter().map(|signer| signer.certificate.as_slice());
        let expected = signers.cosigners.iter().map(Identity::certificate);
        assert!(certificates.eq(expected), "{flags:#x}");
    }
}

#[test]
fn what_has_no_form_is_refused() {
    let key = RequestKey::generate(KeyKind::EcP256).unwrap();
    let others = [identity(KeyKind::EcP256, "/CN=a"), identity(KeyKind::EcP256, "/CN=b")];
    let on_behalf_of = Some("WCCE\\bob");
    let alone = Signers { on_behalf_of, ..Signers::default() };
    assert!(matches!(request().to_cmc(&key, alone), Err(RequestError::NoAgent)));
    assert!(matches!(request().to_cms(&key, alone), Err(RequestError::NoAgent)));
    let two = Signers { cosigners: &others, on_behalf_of, renews: None };
    let both = Signers { renews: Some(&others[0]), cosigners: &others[1..], on_behalf_of };
    for signers in [Signers::default(), two, both] {
        assert!(matches!(request().to_cms(&key, signers), Err(RequestError::OneSigner)));
    }
    request().to_cmc(&key, two).unwrap();
}

#[test]
fn a_certificate_is_of_its_key_alone() {
    let [one, two] = ["/CN=1", "/CN=2"].map(|subject| identity(KeyKind::EcP256, subject));
    assert!(is_of_key(one.certificate(), one.key().public_key()));
    assert!(!is_of_key(one.certificate(), two.key().public_key()));
    assert!(!is_of_key(b"", b""));
    let (own, key) = (one.certificate().to_vec(), pem::encode("PRIVATE KEY", one.key().to_pkcs8()));
    let text: String =
        [two.certificate(), &own].map(|der| pem::encode("CERTIFICATE", der).to_string()).concat();
    let read = Identity::from_pem(text.as_bytes(), key.as_bytes()).unwrap();
    assert_eq!((read.certificate(), read.chain().len()), (&own[..], 1));
    let other = pem::encode("CERTIFICATE", two.certificate());
    assert!(Identity::from_pem(other.as_bytes(), key.as_bytes()).is_err());
}

#[test]
fn attributes_are_lines() {
    let text = request().attributes_string().unwrap();
    assert_eq!(text, "rmd:host.wcce.test");
    assert_eq!(CertificateRequest::default().attributes_string().unwrap(), "");
    for (name, value) in [("a:b", "c"), ("a", "b\nSAN:upn=x"), ("a", "b\rc"), ("a", "\0")] {
        let attributes = vec![(name.to_owned(), value.to_owned())];
        let request = CertificateRequest { attributes, ..Default::default() };
        assert!(matches!(request.attributes_string(), Err(RequestError::Attribute(_))));
    }
}

#[test]
fn names_are_read_by_type() {
    assert_eq!(parse_name("IP=10.0.0.1").unwrap(), GeneralName::Ip(vec![10, 0, 0, 1]));
    assert_eq!(parse_name("upn=a@b").unwrap(), GeneralName::Upn("a@b".into()));
    for wrong in ["host", "x=y", "ip=host"] {
        assert!(matches!(parse_name(wrong), Err(RequestError::NameForm(_))));
    }
}
