//! Every rule is broken once, on bytes that the builder would not make.

use std::time::SystemTime;

use super::*;
use crate::asn1::extensions::{
    BasicConstraints, application_policies, authority_key_identifier, basic_constraints,
    certificate_policies, encode_extensions, extended_key_usage, key_usage, security_identifier,
    subject_alt_name, subject_key_identifier,
};
use crate::asn1::{Name, Writer, encode_time, sequence};
use crate::ca::extensions::ca_version;
use crate::ca::prepare::prepare;
use crate::ca::testing::{Bench, DAY, public_key, user_plan};
use crate::ca::{KeyKind, UrlConfig};
use crate::model::{CertificatePolicy, SerialNumber};

/// The parts of a TBSCertificate, free to be changed.
struct Draft {
    version: Vec<u8>,
    serial: Vec<u8>,
    drawn: SerialNumber,
    algorithm: Vec<u8>,
    issuer: Vec<u8>,
    validity: Vec<u8>,
    subject: Vec<u8>,
    public_key: Vec<u8>,
    extensions: Option<Vec<Extension>>,
    plan: IssuancePlan,
}

impl Draft {
    fn set(&mut self, new: Extension) {
        let list = self.extensions.as_mut().unwrap();
        match list.iter_mut().find(|old| old.oid == new.oid) {
            Some(old) => *old = new,
            None => list.push(new),
        }
    }

    fn remove(&mut self, oid: &Oid) {
        self.extensions.as_mut().unwrap().retain(|extension| extension.oid != *oid);
    }

    fn san(&mut self, names: &[GeneralName]) {
        self.set(subject_alt_name(names, false).unwrap());
    }

    fn names(&mut self, text: &str) {
        self.subject = Name::parse(text).unwrap().to_der();
    }

    fn valid(&mut self, from: SystemTime, to: SystemTime) {
        let mut times = Writer::new();
        encode_time(&mut times, from).unwrap();
        encode_time(&mut times, to).unwrap();
        self.validity = times.into_bytes();
    }

    fn encode(&self) -> Vec<u8> {
        sequence(|tbs| {
            tbs.raw(&self.version);
            tbs.element(Tag::INTEGER, &self.serial);
            tbs.raw(&self.algorithm);
            tbs.raw(&self.issuer);
            tbs.sequence(|times| times.raw(&self.validity));
            tbs.raw(&self.subject);
            tbs.raw(&self.public_key);
            if let Some(list) = &self.extensions {
                tbs.nested(Tag::context(3), |explicit| explicit.raw(&encode_extensions(list)));
            }
        })
    }
}

/// What the lint says of a good certificate after `change`.
fn findings(change: impl FnOnce(&mut Draft)) -> Vec<Finding> {
    let bench = Bench::new();
    let (plan, urls) = (user_plan(), UrlConfig::default());
    let issuer = Issuer {
        certificate: bench.ca.certificate(),
        algorithm: bench.ca.signer().algorithm(),
        urls: &urls,
    };
    let good = prepare(&plan, &issuer).unwrap();
    let whole = with_signature(&good.tbs, issuer.algorithm, &[]);
    let certificate = Certificate::parse(&whole).unwrap();
    let mut algorithm = Writer::new();
    issuer.algorithm.write(&mut algorithm);
    let mut draft = Draft {
        version: vec![0xA0, 3, 2, 1, 2],
        serial: certificate.serial.to_vec(),
        drawn: good.serial.clone(),
        algorithm: algorithm.into_bytes(),
        issuer: certificate.issuer.to_vec(),
        validity: certificate.validity[2..].to_vec(),
        subject: certificate.subject.to_vec(),
        public_key: certificate.public_key.raw.to_vec(),
        extensions: Some(certificate.extensions.clone()),
        plan,
    };
    change(&mut draft);
    let prepared = Prepared { tbs: draft.encode(), serial: draft.drawn.clone() };
    match lint(prepared, &draft.plan, &issuer) {
        Ok(linted) => {
            assert_eq!(linted.tbs(), draft.encode());
            Vec::new()
        }
        Err(findings) => findings,
    }
}

#[test]
fn a_good_certificate_passes() {
    assert_eq!(findings(|_| {}), []);
}

#[test]
fn encoding() {
    let twice = findings(|draft| {
        let list = draft.extensions.as_mut().unwrap();
        list.push(list[0].clone());
    });
    assert_eq!(twice, [Finding::Encoding(Asn1Error::Duplicate("an extension"))]);
    let other_algorithm = findings(|draft| draft.algorithm = vec![0x30, 3, 6, 1, 0x2A]);
    assert!(matches!(other_algorithm[..], [Finding::Encoding(_)]), "{other_algorithm:?}");
    let broken_value = findings(|draft| {
        draft.set(Extension { oid: oids::KEY_USAGE, critical: true, value: vec![1, 2, 3] });
    });
    assert!(matches!(broken_value[..], [Finding::Encoding(_)]), "{broken_value:?}");
}

#[test]
fn version_1() {
    let found = findings(|draft| {
        draft.version.clear();
        draft.extensions = None;
    });
    assert!(found.contains(&Finding::Version), "{found:?}");
}

#[test]
fn serial_number() {
    let with = |serial: &[u8]| {
        findings(|draft| {
            draft.serial = serial.to_vec();
            draft.drawn = SerialNumber(serial.to_vec());
        })
    };
    assert_eq!(with(&[0x81; 16]), [Finding::Serial], "negative");
    assert_eq!(with(&[0x41; 7]), [Finding::Serial], "short");
    assert_eq!(with(&[0x41; 21]), [Finding::Serial], "long");
    assert_eq!(with(&[0x41; 20]), []);
    let other = findings(|draft| draft.serial = vec![0x41; 16]);
    assert_eq!(other, [Finding::SerialChanged]);
}

#[test]
fn issuer_name() {
    let issuer = Name::parse("CN=another CA").unwrap().to_der();
    assert_eq!(findings(|draft| draft.issuer = issuer), [Finding::Issuer]);
}

#[test]
fn validity_period() {
    let now = SystemTime::now();
    assert_eq!(
        findings(|draft| draft.valid(now + 2 * DAY, now + DAY)),
        [Finding::Validity("it ends before it begins")]
    );
    assert_eq!(
        findings(|draft| draft.valid(now - 9 * DAY, now + DAY)),
        [Finding::Validity("it exceeds the CA's own")]
    );
    assert_eq!(
        findings(|draft| draft.valid(now, now + 366 * DAY)),
        [Finding::Validity("it exceeds the plan's")]
    );
}

#[test]
fn form_of_times() {
    let found = findings(|draft| {
        // Both times with four digits of the year.
        let digits = String::from_utf8(draft.validity.clone()).unwrap();
        let digits: Vec<_> = digits.split('\r').skip(1).map(|t| t[..13].to_owned()).collect();
        let mut times = Writer::new();
        for time in digits {
            times.element(Tag::GENERALIZED_TIME, format!("20{time}").as_bytes());
        }
        draft.validity = times.into_bytes();
    });
    assert_eq!(found, [Finding::TimeForm, Finding::TimeForm]);
}

#[test]
fn subject_attributes() {
    for (text, attribute, problem) in [
        ("CN=", oids::COMMON_NAME, "is empty"),
        (&format!("CN={}", "x".repeat(65)), oids::COMMON_NAME, "is longer than its upper bound"),
        (
            &format!("OU={}", "x".repeat(65)),
            oids::ORGANIZATIONAL_UNIT,
            "is longer than its upper bound",
        ),
        (&format!("L={}", "x".repeat(129)), oids::LOCALITY, "is longer than its upper bound"),
        ("CN=a\\0ab", oids::COMMON_NAME, "contains a control character"),
        ("C=DEU", oids::COUNTRY, "is not a country code of two letters"),
        ("C=1x", oids::COUNTRY, "is not a country code of two letters"),
    ] {
        let found = findings(|draft| draft.names(text));
        assert_eq!(found, [Finding::SubjectAttribute { attribute, problem }], "{text}");
        assert!(found[0].is_of_names());
    }
    let allowed = format!("C=DE,CN={},OU={}", "ü".repeat(64), "x".repeat(64));
    assert_eq!(findings(|draft| draft.names(&allowed)), []);
}

#[test]
fn alternative_names() {
    use GeneralName::*;
    let long_label = format!("{}.example", "x".repeat(64));
    let long = ["x".repeat(63).as_str(); 4].join(".");
    for bad in [
        Dns(String::new()),
        Dns(" ".into()),
        Dns("a..b".into()),
        Dns("a.example.".into()),
        Dns("-a.example".into()),
        Dns("a-.example".into()),
        Dns("a.*.example".into()),
        Dns("w*.example".into()),
        Dns("a b".into()),
        Dns("a/b".into()),
        Dns(long_label),
        Dns(long),
        Email("alice".into()),
        Email("@example".into()),
        Email("a@b@example".into()),
        Email("a b@example".into()),
        Email("alice@*.example".into()),
        Email(format!("{}@example", "x".repeat(65))),
        Uri("no-scheme".into()),
        Uri("1http://x".into()),
        Uri("http:".into()),
        Uri("http://a b".into()),
        Upn("alice".into()),
        Upn("@example".into()),
        Upn("alice@".into()),
        Upn("al\u{1b}ice@example".into()),
        Directory(vec![0x30, 0]),
    ] {
        let found = findings(|draft| draft.san(std::slice::from_ref(&bad)));
        let [Finding::AlternativeName { name, .. }] = &found[..] else {
            panic!("{bad:?} {found:?}")
        };
        assert_eq!(*name, bad);
    }
    let good = [
        Dns("pc1".into()),
        Dns("pc_1.lab.example".into()),
        Dns("*.lab.example".into()),
        Dns("xn--grn-hoa.example".into()),
        Email("a.b+c@lab.example".into()),
        Uri("urn:uuid:1".into()),
        Uri("http://x/".into()),
        Upn("Jörg Müller@lab.example".into()),
        Ip(vec![10, 0, 0, 1]),
        DirectoryGuid([1; 16]),
        RegisteredId(oids::CLIENT_AUTH),
        Directory(Name::parse("CN=x").unwrap().to_der()),
        Other { oid: oids::CLIENT_AUTH, value: vec![5, 0] },
    ];
    assert_eq!(findings(|draft| draft.san(&good)), []);
    assert_eq!(findings(|draft| draft.san(&[])), [Finding::NoAlternativeName]);
}

#[test]
fn somebody_must_be_named() {
    let empty = |draft: &mut Draft| draft.subject = vec![0x30, 0];
    assert_eq!(findings(empty), [Finding::NoName], "a SAN that is not critical");
    let without = findings(|draft| {
        empty(draft);
        draft.remove(&oids::SUBJECT_ALT_NAME);
    });
    assert_eq!(without, [Finding::NoName]);
    let critical = findings(|draft| {
        empty(draft);
        draft.set(subject_alt_name(&[GeneralName::Dns("a".into())], true).unwrap());
    });
    assert_eq!(critical, []);
}

/// Puts another key in, and everything that follows from it.
fn rekey(draft: &mut Draft, public_key: Vec<u8>) {
    let key_id = crate::asn1::SubjectPublicKeyInfo::parse(&public_key).unwrap().key_id();
    draft.set(subject_key_identifier(&key_id));
    draft.plan.public_key.spki = public_key.clone();
    draft.public_key = public_key;
}

#[test]
fn keys() {
    let other = public_key(KeyKind::Rsa2048);
    let found = findings(|draft| {
        draft.set(subject_key_identifier(&other.key_id));
        draft.public_key = other.spki;
    });
    assert_eq!(found, [Finding::KeyChanged]);

    let rsa = |modulus: &[u8], exponent: &[u8]| {
        let key = sequence(|key| {
            key.unsigned(modulus);
            key.unsigned(exponent);
        });
        let kind = PublicKeyKind::Rsa { bits: 2048 };
        findings(|draft| rekey(draft, crate::asn1::encode_spki(kind, &key)))
    };
    assert_eq!(rsa(&[0xFF; 256], &[1, 0, 1]), []);
    assert_eq!(rsa(&[0xFF; 1024], &[3]), []);
    let length = Finding::Key("RSA, but not of 2048 to 8192 bits");
    assert_eq!(rsa(&[0xFF; 128], &[3]), std::slice::from_ref(&length));
    assert_eq!(rsa(&[0xFF; 1025], &[3]), [length]);
    let exponent = Finding::Key("an RSA exponent that is even, 1, or over 32 bits");
    for bad in [&[1][..], &[0], &[2], &[1, 0, 0, 0, 1]] {
        assert_eq!(rsa(&[0xFF; 256], bad), std::slice::from_ref(&exponent), "{bad:?}");
    }
    assert_eq!(rsa(&[0xFE; 256], &[3]), [Finding::Key("an even RSA modulus")]);

    let ed25519 = findings(|draft| {
        rekey(draft, crate::asn1::encode_spki(PublicKeyKind::Ed25519, &[9; 32]));
        draft.set(key_usage(KeyUsage::DIGITAL_SIGNATURE, true));
    });
    assert_eq!(ed25519, []);

    let unknown_curve = findings(|draft| {
        rekey(
            draft,
            sequence(|spki| {
                spki.sequence(|algorithm| {
                    algorithm.oid(&oids::EC_PUBLIC_KEY);
                    algorithm.oid(&"1.3.132.0.10".parse().unwrap());
                });
                spki.bit_string(&[4; 65]);
            }),
        );
    });
    assert!(
        unknown_curve.contains(&Finding::Encoding(Asn1Error::Unsupported("this elliptic curve")))
    );
}

#[test]
fn key_usages() {
    let ec = public_key(KeyKind::EcdsaP256).spki;
    let with = |usage: KeyUsage, elliptic: bool| {
        findings(|draft| {
            if elliptic {
                rekey(draft, ec.clone());
            }
            draft.set(key_usage(usage, true));
        })
    };
    let [signs, enciphers] = [KeyUsage::DIGITAL_SIGNATURE, KeyUsage::KEY_ENCIPHERMENT];
    let misfit = Finding::KeyUsage("a use that a key of this kind does not have");
    assert_eq!(
        with(KeyUsage(0), false),
        [Finding::KeyUsage("no bit is left for a key of this kind")]
    );
    for forbidden in [KeyUsage::KEY_CERT_SIGN, KeyUsage::CRL_SIGN] {
        let found = with(signs.union(forbidden), false);
        assert_eq!(found, [Finding::KeyUsage("keyCertSign or cRLSign")]);
    }
    assert_eq!(with(signs.union(KeyUsage::KEY_AGREEMENT), false), std::slice::from_ref(&misfit));
    assert_eq!(with(signs.union(enciphers), true), std::slice::from_ref(&misfit));
    assert_eq!(with(KeyUsage::DATA_ENCIPHERMENT, true), [misfit]);
    assert_eq!(with(signs.union(KeyUsage::KEY_AGREEMENT), true), []);
    assert_eq!(
        with(signs.union(KeyUsage::ENCIPHER_ONLY), true),
        [Finding::KeyUsage("encipherOnly or decipherOnly without keyAgreement")]
    );
}

#[test]
fn no_ca_certificate() {
    for constraints in [
        BasicConstraints { ca: true, path_length: None },
        BasicConstraints { ca: true, path_length: Some(0) },
        BasicConstraints { ca: false, path_length: Some(0) },
    ] {
        let found = findings(|draft| draft.set(basic_constraints(constraints, true)));
        assert_eq!(found, [Finding::Ca]);
    }
    let found = findings(|draft| {
        let planned = BasicConstraints { ca: true, path_length: Some(0) };
        draft.plan.basic_constraints = Some(planned);
        draft.set(basic_constraints(planned, true));
        draft.set(key_usage(KeyUsage::KEY_CERT_SIGN, true));
    });
    assert_eq!(found, [], "policy decided on a CA");
    let end_entity = basic_constraints(BasicConstraints::default(), true);
    assert_eq!(findings(|draft| draft.set(end_entity)), []);

    assert_eq!(
        findings(|draft| draft.set(ca_version(0))),
        [Finding::CaExtension(oids::CERTSRV_CA_VERSION)]
    );
    for oid in [oids::NAME_CONSTRAINTS, oids::POLICY_MAPPINGS, oids::CERTSRV_PREVIOUS_CERT_HASH] {
        let value = vec![0x30, 0];
        let extension = Extension { oid: oid.clone(), critical: true, value };
        assert_eq!(findings(|draft| draft.set(extension)), [Finding::CaExtension(oid)]);
    }
}

#[test]
fn purposes_and_policies() {
    let agent = [oids::CLIENT_AUTH, oids::ENROLLMENT_AGENT];
    let found = findings(|draft| {
        draft.set(extended_key_usage(&agent, false));
        draft.set(application_policies(&agent, false));
    });
    assert_eq!(found, [Finding::Purposes("not those of the template")]);
    let found = findings(|draft| draft.set(application_policies(&agent, false)));
    assert_eq!(found, [Finding::Purposes("the two differ")]);
    let found = findings(|draft| {
        let twice = vec![oids::CLIENT_AUTH; 2];
        draft.set(extended_key_usage(&twice, false));
        draft.set(application_policies(&twice, false));
        draft.plan.application_policies = twice;
    });
    assert_eq!(found, [Finding::Purposes("one occurs twice")]);

    let policy: Oid = "1.3.6.1.4.1.99999.1".parse().unwrap();
    let with = |list: &[Oid]| {
        let list: Vec<_> = list.iter().cloned().map(CertificatePolicy::plain).collect();
        findings(|draft| draft.set(certificate_policies(&list, false)))
    };
    assert_eq!(with(&[]), [Finding::Policies("there is none")]);
    assert_eq!(with(&[policy.clone(), policy.clone()]), [Finding::Policies("one occurs twice")]);
    assert_eq!(with(&[policy]), []);
}

#[test]
fn key_identifiers_and_criticality() {
    let other = authority_key_identifier(&[1; 20]);
    assert_eq!(findings(|draft| draft.set(other)), [Finding::AuthorityKeyId]);
    let absent = findings(|draft| draft.remove(&oids::AUTHORITY_KEY_IDENTIFIER));
    assert_eq!(absent, [Finding::AuthorityKeyId]);
    let other = subject_key_identifier(&[1; 20]);
    assert_eq!(findings(|draft| draft.set(other)), [Finding::SubjectKeyId]);
    let absent = findings(|draft| draft.remove(&oids::SUBJECT_KEY_IDENTIFIER));
    assert_eq!(absent, [Finding::SubjectKeyId]);

    for oid in
        [oids::AUTHORITY_KEY_IDENTIFIER, oids::SUBJECT_KEY_IDENTIFIER, oids::NTDS_CA_SECURITY_EXT]
    {
        let found = findings(|draft| {
            let list = draft.extensions.as_mut().unwrap();
            list.iter_mut().find(|extension| extension.oid == oid).unwrap().critical = true;
        });
        assert_eq!(found, [Finding::Critical(oid)]);
    }
}

#[test]
fn a_foreign_sid_never_passes() {
    let foreign: Sid = "S-1-5-21-1111-2222-3333-500".parse().unwrap();
    let differs = [Finding::Sid("the extension is not what policy decided")];
    assert_eq!(findings(|draft| draft.set(security_identifier(&foreign))), differs);
    assert_eq!(findings(|draft| draft.plan.sid = None), differs);
    assert_eq!(findings(|draft| draft.remove(&oids::NTDS_CA_SECURITY_EXT)), differs);

    let among_names = [Finding::Sid("one that policy did not decide on is among the names")];
    let tag = "tag:microsoft.com,2022-09-14:sid:";
    for name in [
        GeneralName::Other { oid: oids::NTDS_OBJECTSID, value: vec![4, 1, 0x53] },
        GeneralName::Uri(format!("{tag}{foreign}")),
        GeneralName::Uri(format!("TAG:Microsoft.com,2022-09-14:SID:{foreign}")),
        GeneralName::Uri(format!("{tag}{}0", crate::ca::testing::sid())),
    ] {
        let found = findings(|draft| draft.san(std::slice::from_ref(&name)));
        assert_eq!(found, among_names, "{name:?}");
    }
    let own = GeneralName::Uri(format!("{tag}{}", crate::ca::testing::sid()));
    assert_eq!(findings(|draft| draft.san(&[own])), []);
}
