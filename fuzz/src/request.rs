//! Requests for certificates, whole: as bytes, and built so that their hashes and signatures are
//! right whatever is in them.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use wcce::asn1::cms::{SignedData, SignerId, SignerInfo, encode_signed_attributes_with};
use wcce::asn1::{
    AlgorithmIdentifier, Certificate, Hash, Name, RequestBuilder, SubjectPublicKeyInfo, Tag,
    Writer, encode_attribute, encode_bmp, encode_name_value_pair, oids, sequence,
};
use wcce::client::RequestKey;
use wcce::model::{EnrollmentRequest, Extension, Oid};
use wcce::request::{Limits, decode_attributes_blob, parse, parse_attributes, parse_recorded};

/// dwFlags, the length of the attributes string, the string in UTF-8, the request.
pub fn request(input: &[u8]) {
    let Some(([flags, length], rest)) = input.split_first_chunk() else { return };
    let (attributes, raw) = rest.split_at(usize::from(*length).min(rest.len()));
    submit(raw, *flags, &String::from_utf8_lossy(attributes));
}

/// Formats 0 to 4, the encoding bits, and the bits that change what is done.
fn dw_flags(flags: u8) -> u32 {
    u32::from(flags & 7) << 8 | u32::from(flags & 0x18) << 13 | u32::from(flags >> 5) << 16
}

fn submit(raw: &[u8], flags: u8, attributes: &str) {
    let limits = Limits::default();
    let flags = dw_flags(flags);
    let Ok(request) = parse(raw, flags, attributes, &limits) else { return };
    assert!(request.raw.len() <= limits.request_bytes);
    // What is kept is read again when a manager approves it; not so a key that was to be archived.
    if request.archives_key {
        return;
    }
    let again = parse_recorded(&request.raw, flags, attributes, &limits);
    let again = again.expect("what was taken is taken again");
    same(&request, &again);
}

fn same(one: &EnrollmentRequest, other: &EnrollmentRequest) {
    assert_eq!(one.format, other.format);
    assert_eq!(one.subject, other.subject);
    assert_eq!(one.public_key, other.public_key);
    assert_eq!(one.on_behalf_of, other.on_behalf_of);
}

/// The attributes string, as ICertPassage has it and as text.
pub fn attributes_string(input: &[u8]) {
    let limits = Limits::default();
    let text = match decode_attributes_blob(input) {
        Ok(text) => text,
        Err(_) => String::from_utf8_lossy(input).into_owned(),
    };
    let Ok(attributes) = parse_attributes(&text, &limits) else { return };
    assert!(attributes.len() <= limits.attributes_lines);
    let lines: Vec<_> = attributes
        .iter()
        .map(|attribute| format!("{}:{}", attribute.name, attribute.value))
        .collect();
    let again = parse_attributes(&lines.join("\n"), &limits);
    assert_eq!(again.as_ref(), Ok(&attributes));
}

/// A request, built from choices.
pub fn request_built(input: &[u8]) {
    let Ok(built) = Unstructured::new(input).arbitrary::<Built<'_>>() else { return };
    let raw = built.encode();
    submit(&raw, built.flags, built.attributes);
}

#[derive(Arbitrary, Debug)]
struct Built<'a> {
    flags: u8,
    attributes: &'a str,
    pkcs10: Pkcs10<'a>,
    outer: Vec<Layer<'a>>,
}

#[derive(Arbitrary, Debug)]
struct Pkcs10<'a> {
    subject: &'a str,
    attributes: Vec<(Kind, Vec<Value<'a>>)>,
    extensions: Vec<(Purpose, bool, Value<'a>)>,
    null: bool,
}

/// A message around what there is.
#[derive(Arbitrary, Debug)]
struct Layer<'a> {
    /// The controls of a PKIData around it; a CMS around the content itself where there is none.
    data: Option<Vec<(Kind, Vec<Value<'a>>)>>,
    requests: u8,
    certificate: bool,
    crl: Option<&'a [u8]>,
    signers: Vec<Signer<'a>>,
}

#[derive(Arbitrary, Debug)]
struct Signer<'a> {
    by_key: bool,
    null: bool,
    bare: bool,
    attributes: Vec<(Kind, Vec<Value<'a>>)>,
    unsigned: Vec<(Kind, Vec<Value<'a>>)>,
}

/// What attributes and controls are of.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    Extensions,
    Pairs,
    OsVersion,
    ClientInfo,
    Provider,
    Renewal,
    KeyHash,
    ArchivedKey,
    DataReturn,
    AddAttributes,
    RegInfo,
    Digest,
    Type,
    Template,
    Unknown(u8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Purpose {
    Name,
    Usage,
    Purposes,
    Policies,
    ApplicationPolicies,
    Constraints,
    KeyId,
    Template,
    TemplateName,
    Sid,
    Unknown(u8),
}

#[derive(Arbitrary, Debug)]
enum Value<'a> {
    Raw(&'a [u8]),
    Octets(&'a [u8]),
    Text(&'a str),
    Wide(&'a str),
    Pair(&'a str, &'a str),
    Number(u32),
    Certificate,
    Sequence(Vec<Value<'a>>),
    Set(Vec<Value<'a>>),
    Tagged(u8, &'a [u8]),
}

/// The key of all requests and signatures, with a certificate of its own.
struct Hand {
    key: RequestKey,
    certificate: Vec<u8>,
}

static HAND: LazyLock<Hand> = LazyLock::new(|| {
    let key = RequestKey::from_file(include_bytes!("hand.key")).expect("a key");
    let certificate = include_bytes!("hand.der").to_vec();
    Hand { key, certificate }
});

impl Built<'_> {
    fn encode(&self) -> Vec<u8> {
        let mut inner = self.pkcs10.encode();
        let mut kind = oids::CMS_DATA;
        for layer in self.outer.iter().take(5) {
            if let Some(controls) = &layer.data {
                inner = pki_data(controls, &inner, layer.requests % 4);
                kind = oids::CMC_PKI_DATA;
            }
            inner = layer.encode(&kind, &inner);
        }
        inner
    }
}

impl Pkcs10<'_> {
    fn encode(&self) -> Vec<u8> {
        let Hand { key, .. } = &*HAND;
        let extensions = self.extensions.iter().map(|(purpose, critical, value)| Extension {
            oid: purpose.oid(),
            critical: *critical,
            value: value.encode(0),
        });
        let attributes = self.attributes.iter();
        let attributes = attributes.map(|(kind, values)| (kind.oid(), all(values)));
        let builder = RequestBuilder {
            subject: Name::parse(self.subject).unwrap_or_default(),
            extensions: extensions.collect(),
            attributes: attributes.collect(),
            ..Default::default()
        };
        match self.null {
            true => builder.encode_null_signed(key.public_key(), Hash::Sha256),
            false => {
                let sign = |message: &[u8]| key.sign(message);
                builder.encode(key.public_key(), key.scheme(), sign).expect("signed")
            }
        }
    }
}

fn all(values: &[Value<'_>]) -> Vec<Vec<u8>> {
    values.iter().map(|value| value.encode(0)).collect()
}

/// A PKIData with these controls, and so many requests: of PKCS#10, or, inside of a message, one.
fn pki_data(controls: &[(Kind, Vec<Value<'_>>)], inner: &[u8], requests: u8) -> Vec<u8> {
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    let is_message = SignedData::parse(inner).is_ok();
    sequence(|data| {
        data.sequence(|list| {
            for (kind, values) in controls {
                list.sequence(|control| {
                    control.u32(next());
                    control.oid(&kind.oid());
                    control.set_of(Tag::SET, all(values));
                });
            }
        });
        data.sequence(|list| {
            for _ in 0..if is_message { 0 } else { requests } {
                list.nested(Tag::context(0), |tagged| {
                    tagged.u32(next());
                    tagged.raw(inner);
                });
            }
        });
        data.sequence(|list| {
            for _ in 0..if is_message { requests } else { 0 } {
                list.sequence(|tagged| {
                    tagged.u32(next());
                    tagged.raw(inner);
                });
            }
        });
        data.sequence(|_| {});
    })
}

impl Layer<'_> {
    fn encode(&self, kind: &Oid, content: &[u8]) -> Vec<u8> {
        let Hand { key, certificate } = &*HAND;
        let hash = key.hash();
        let key_id = SubjectPublicKeyInfo::parse(key.public_key()).expect("a key").key_id();
        let own = Certificate::parse(certificate).expect("a certificate");
        let made: Vec<_> = self
            .signers
            .iter()
            .take(10)
            .map(|signer| {
                let further = signer.attributes.iter();
                let further =
                    further.map(|(kind, values)| encode_attribute(&kind.oid(), all(values)));
                let attributes = (!signer.bare)
                    .then(|| encode_signed_attributes_with(kind, content, hash, further.collect()));
                let signed = attributes.as_deref().unwrap_or(content);
                let signature = match signer.null {
                    true => hash.digest(signed).as_ref().to_vec(),
                    false => key.sign(signed).expect("signed"),
                };
                let unsigned = signer.unsigned.iter();
                let unsigned =
                    unsigned.flat_map(|(kind, values)| encode_attribute(&kind.oid(), all(values)));
                (signer, attributes, signature, unsigned.collect::<Vec<u8>>())
            })
            .collect();
        let signers = made.iter().map(|(signer, attributes, signature, unsigned)| SignerInfo {
            signer: match signer.by_key {
                true => SignerId::SubjectKeyId(&key_id),
                false => SignerId::IssuerAndSerial { issuer: own.issuer, serial: own.serial },
            },
            digest: AlgorithmIdentifier::with_null(hash.oid()),
            signed_attributes: attributes.clone(),
            algorithm: AlgorithmIdentifier {
                oid: if signer.null { oids::NO_SIGNATURE } else { hash.with_ecdsa() },
                parameters: None,
            },
            signature,
            unsigned_attributes: unsigned,
        });
        SignedData {
            digests: vec![hash],
            certificates: self.certificate.then_some(&certificate[..]).into_iter().collect(),
            crls: self.crl.into_iter().collect(),
            signers: signers.collect(),
            ..SignedData::new(kind.clone(), Some(content))
        }
        .encode()
    }
}

impl Kind {
    fn oid(self) -> Oid {
        match self {
            Self::Extensions => oids::EXTENSION_REQUEST,
            Self::Pairs => oids::ENROLLMENT_NAME_VALUE_PAIR,
            Self::OsVersion => oids::OS_VERSION,
            Self::ClientInfo => oids::REQUEST_CLIENT_INFO,
            Self::Provider => oids::ENROLLMENT_CSP_PROVIDER,
            Self::Renewal => oids::RENEWAL_CERTIFICATE,
            Self::KeyHash => oids::ENCRYPTED_KEY_HASH,
            Self::ArchivedKey => oids::ARCHIVED_KEY_ATTR,
            Self::DataReturn => oids::CMC_DATA_RETURN,
            Self::AddAttributes => oids::CMC_ADD_ATTRIBUTES,
            Self::RegInfo => oids::CMC_REG_INFO,
            Self::Digest => oids::MESSAGE_DIGEST,
            Self::Type => oids::CONTENT_TYPE,
            Self::Template => oids::ENROLL_CERTTYPE,
            Self::Unknown(number) => unknown(number),
        }
    }
}

impl Purpose {
    fn oid(self) -> Oid {
        match self {
            Self::Name => oids::SUBJECT_ALT_NAME,
            Self::Usage => oids::KEY_USAGE,
            Self::Purposes => oids::EXTENDED_KEY_USAGE,
            Self::Policies => oids::CERTIFICATE_POLICIES,
            Self::ApplicationPolicies => oids::APPLICATION_CERT_POLICIES,
            Self::Constraints => oids::BASIC_CONSTRAINTS,
            Self::KeyId => oids::SUBJECT_KEY_IDENTIFIER,
            Self::Template => oids::CERTIFICATE_TEMPLATE,
            Self::TemplateName => oids::ENROLL_CERTTYPE,
            Self::Sid => oids::NTDS_CA_SECURITY_EXT,
            Self::Unknown(number) => unknown(number),
        }
    }
}

fn unknown(number: u8) -> Oid {
    format!("1.3.6.1.4.1.311.{}.{}", number >> 3, number & 7).parse().expect("an OID")
}

impl Value<'_> {
    fn encode(&self, depth: usize) -> Vec<u8> {
        let mut writer = Writer::new();
        let parts = |values: &[Value<'_>]| match depth {
            0..=8 => values.iter().map(|value| value.encode(depth + 1)).collect(),
            _ => Vec::new(),
        };
        match self {
            Self::Raw(bytes) => writer.raw(bytes),
            Self::Octets(bytes) => writer.octet_string(bytes),
            Self::Text(text) => writer.element(Tag::UTF8_STRING, text.as_bytes()),
            Self::Wide(text) => writer.element(Tag::BMP_STRING, &encode_bmp(text)),
            Self::Pair(name, value) => writer.raw(&encode_name_value_pair(name, value)),
            Self::Number(number) => writer.u32(*number),
            Self::Certificate => writer.raw(&HAND.certificate),
            Self::Sequence(values) => writer.element(Tag::SEQUENCE, &parts(values).concat()),
            Self::Set(values) => writer.set_of(Tag::SET, parts(values)),
            Self::Tagged(tag, content) => writer.element(Tag(*tag), content),
        }
        writer.into_bytes()
    }
}
