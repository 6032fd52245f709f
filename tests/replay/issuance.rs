//! Requests that Windows clients made, submitted unmodified by Request2 to a CA with the names, the
//! domain, the templates and the addresses of the Windows CA that answered them; and its
//! certificates and table rows held against ours, extension by extension: which there are, in
//! which order, whether critical, and how encoded.
//!
//! What may differ is in [`Allowed`], and why. Everything else must be the same bytes.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::watch;
use wcce::asn1::cms::{SignedData, SignerId, SignerInfo};
use wcce::asn1::extensions::{decode_extensions, find};
use wcce::asn1::{
    AlgorithmIdentifier, Certificate, CertificationRequest, Name, RequestBuilder, oids,
};
use wcce::auth::{AuthLevel, AuthType};
use wcce::ca::{
    CaConfig, CertificateAuthority, Crls, KeyKind, StateFolder, Trust, UrlConfig, UrlHost,
};
use wcce::client::{CertificateRequest, KeyKind as RequestKeyKind, RequestKey};
use wcce::config::Config;
use wcce::dcom::Class;
use wcce::directory::embedded::EmbeddedDirectory;
use wcce::enroll::{Enrollment, Host, Rules, Settings};
use wcce::generated::certtransblob::CERTTRANSBLOB;
use wcce::generated::icertrequestd::{I_CERT_REQUEST_D2, Request2In, Request2Out};
use wcce::generated::orpc::ORPCTHIS;
use wcce::model::{Caller, Extension, Oid, RequestId, RequestRow};
use wcce::ndr::{ByteOrder, Encoding, Syntax, from_stub, to_stub};
use wcce::rpc::{AssociationId, CallContext};
use wcce::services::CertRequestClass;
use wcce::store::{SledStore, Store, StoreConfig};

use crate::tally;

const ENCODING: Encoding = Encoding { syntax: Syntax::Ndr64, order: ByteOrder::Little };
/// CMC and full response, as the Certificates console asks.
const CONSOLE: u32 = 0x0004_0400;

/// A CA with the names of one that exists.
struct Site {
    _folder: tempfile::TempDir,
    ca: Arc<CertificateAuthority>,
    directory: Arc<EmbeddedDirectory>,
    store: Arc<SledStore>,
    object: Arc<dyn wcce::dcom::Object>,
}

impl Site {
    /// `subject`: of the CA. `host`: DNS and NetBIOS name of its machine.
    fn new(subject: &str, host: (&str, &str), directory: &str) -> Self {
        let folder = tempfile::tempdir().expect("made");
        let state = StateFolder::new(folder.path());
        let url = |text: &str| vec![text.to_owned()];
        let config = CaConfig {
            key: KeyKind::Rsa2048,
            subject: subject.to_owned(),
            urls: UrlConfig {
                crl: url("ldap:///CN=%7%8,CN=%2,CN=CDP,CN=Public Key Services,CN=Services,%6%10"),
                ca_certificate: url(
                    "ldap:///CN=%7,CN=AIA,CN=Public Key Services,CN=Services,%6%11",
                ),
                ..UrlConfig::default()
            },
            ..CaConfig::default()
        };
        let directory = EmbeddedDirectory::parse(directory, Path::new("d.toml")).expect("valid");
        let (ca, _) = CertificateAuthority::init(&config, &state, SystemTime::now()).expect("made");
        let dns_domain = directory.dns_domain().to_owned();
        let urls =
            UrlHost { dns_name: host.0.to_owned(), netbios_name: host.1.to_owned(), dns_domain };
        let ca = Arc::new(ca.at(&urls).expect("known variables"));
        // The settings are those of an empty configuration file.
        let defaults = Config::default();
        let settings = Settings {
            limits: defaults.enrollment.limits(),
            policy: wcce::policy::Settings::default(),
            trust: Trust::load(&defaults.trust, &ca).expect("nothing to load"),
            rules: Rules::fixed(
                directory.security_descriptor(&defaults.enrollment.security).expect("valid"),
            ),
            host: Host { dns_name: host.0.to_owned(), account: format!("X\\{}$", host.1) },
            exchange: state.exchange(),
        };
        let store = SledStore::open(&state.database(), &StoreConfig::default()).expect("opened");
        let (directory, store) = (Arc::new(directory), Arc::new(store));
        let crls = watch::channel(Crls::default()).1;
        let enrollment = Enrollment::new(
            Arc::clone(&ca),
            Arc::<EmbeddedDirectory>::clone(&directory),
            Arc::<SledStore>::clone(&store),
            crls,
            settings,
        );
        let object = CertRequestClass::new(Arc::new(enrollment)).create();
        Self { _folder: folder, ca, directory, store, object }
    }

    /// Request2 as `account` calls it, sealed.
    async fn request2(
        &self,
        account: (&str, u32),
        flags: u32,
        attributes: &str,
        raw: &[u8],
    ) -> Request2Out {
        let sid = self.directory.domain_sid().with_rid(account.1).expect("valid");
        let token = self.directory.token(&sid).expect("there");
        let name = format!(r"{}\{}", self.directory.netbios_domain(), account.0);
        let call = CallContext {
            caller: Some(Arc::new(Caller { account: name, token })),
            auth: Some((AuthType::Ntlm, AuthLevel::Privacy)),
            header_signing: true,
            object: None,
            interface: I_CERT_REQUEST_D2,
            encoding: ENCODING,
            call_id: 1,
            peer: ([127, 0, 0, 1], 1).into(),
            local: ([127, 0, 0, 1], 2).into(),
            association: AssociationId(1),
        };
        let request = Request2In {
            orpcthis: ORPCTHIS { version: wcce::dcom::COM_VERSION, ..Default::default() },
            pwsz_authority: Some(self.ca.certificate().names.common_name.as_str().into()),
            dw_flags: flags,
            pwsz_attributes: Some(attributes.into()),
            pctb_request: CERTTRANSBLOB { cb: raw.len() as u32, pb: Some(raw.to_vec()) },
            ..Default::default()
        };
        let stub = to_stub(ENCODING, &request).expect("encodes");
        let answer = self.object.call(call, 6, Bytes::from(stub)).await.expect("no fault");
        from_stub(ENCODING, &answer).expect("decodes")
    }

    async fn row(&self, id: u32) -> RequestRow {
        self.store.by_id(RequestId(id)).await.expect("read").expect("there")
    }
}

fn bytes(blob: &CERTTRANSBLOB) -> &[u8] {
    blob.pb.as_deref().unwrap_or_default()
}

fn read(captures: &Path, name: &str) -> Vec<u8> {
    std::fs::read(captures.join("enrollment").join(name)).expect(name)
}

/// What may differ between a certificate of a Windows CA and ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Allowed {
    /// The authority key identifier names our CA's key, not theirs: it has the same form.
    AuthorityKey,
    /// The SID extension: ours is in every certificate with names from the directory (strong
    /// mapping). The template of the 2022 CA left it out, and in 2009 there was none.
    SecurityExtension,
    /// The 2009 CA wrote extensions in an order of its own, which no later one has: ours is that
    /// of 2016 and 2022.
    Order,
}

const EXTENSIONS_OF_THIS_CA: [Oid; 1] = [oids::AUTHORITY_KEY_IDENTIFIER];

/// Compares all extensions; returns which of the allowed differences there are.
fn compare(theirs: &[Extension], ours: &[Extension]) -> Vec<Allowed> {
    let mut seen = Vec::new();
    let mut ours = ours.to_vec();
    if find(theirs, &oids::NTDS_CA_SECURITY_EXT).is_none() {
        let last = ours.pop().expect("an extension");
        assert_eq!(last.oid, oids::NTDS_CA_SECURITY_EXT, "at the end, as Windows has it");
        seen.push(Allowed::SecurityExtension);
    }
    let names = |list: &[Extension]| -> Vec<String> {
        list.iter().map(|extension| extension.oid.to_string()).collect()
    };
    let (their_names, our_names) = (names(theirs), names(&ours));
    if their_names != our_names {
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        assert_eq!(sorted(their_names), sorted(our_names));
        seen.push(Allowed::Order);
    }
    for theirs in theirs {
        let ours = find(&ours, &theirs.oid).expect("as listed");
        assert_eq!(theirs.critical, ours.critical, "{}", theirs.oid);
        if EXTENSIONS_OF_THIS_CA.contains(&theirs.oid) {
            assert_eq!(theirs.value.len(), ours.value.len(), "{}", theirs.oid);
            assert_eq!(theirs.value[..4], ours.value[..4], "{}", theirs.oid);
            seen.push(Allowed::AuthorityKey);
        } else {
            let (theirs_hex, ours_hex) = (hex::encode(&theirs.value), hex::encode(&ours.value));
            assert_eq!(theirs_hex, ours_hex, "{}", theirs.oid);
        }
    }
    seen
}

const CONSOLE_2022: &str = r#"
    [domain]
    netbios = "CORP"
    dns = "corp.cvilab.local"
    sid = "S-1-5-21-1-2-3"

    [[users]]
    name = "pki.admin"
    rid = 1103
    cn = "PKI Admin"
    upn = "pki.admin@corp.cvilab.local"

    [[templates]]
    cn = "CVIUser"
    msPKI-Template-Schema-Version = 2
    msPKI-Cert-Template-OID = "1.3.6.1.4.1.311.21.8.15886664.4298044.8996776.14853544.7902291.169.5191136.12906913"
    revision = 100
    msPKI-Template-Minor-Revision = 5
    flags = [0x2023a]
    msPKI-Enrollment-Flag = [0x29]
    msPKI-Private-Key-Flag = [0x5030010]
    msPKI-Certificate-Name-Flag = ["SUBJECT_REQUIRE_COMMON_NAME", "SUBJECT_ALT_REQUIRE_UPN"]
    pKIExpirationPeriod = "1y"
    pKIOverlapPeriod = "6w"
    msPKI-Minimal-Key-Size = 2048
    pKIKeyUsage = ["digitalSignature", "keyEncipherment"]
    pKICriticalExtensions = ["keyUsage"]
    msPKI-Certificate-Application-Policy = ["clientAuth"]
    enroll = ["Domain Users"]

    [[templates]]
    cn = "CVICodeSigning"
    msPKI-Template-Schema-Version = 4
    msPKI-Cert-Template-OID = "1.3.6.1.4.1.311.21.8.15886664.4298044.8996776.14853544.7902291.169.7887297.16107480"
    revision = 100
    msPKI-Template-Minor-Revision = 3
    flags = [0x20220]
    msPKI-Enrollment-Flag = [0x20]
    msPKI-Private-Key-Flag = [0x5050100]
    msPKI-Certificate-Name-Flag = ["SUBJECT_REQUIRE_COMMON_NAME", "SUBJECT_ALT_REQUIRE_UPN"]
    pKIExpirationPeriod = "1y"
    pKIOverlapPeriod = "6w"
    msPKI-Minimal-Key-Size = 2048
    pKIKeyUsage = ["digitalSignature"]
    pKICriticalExtensions = ["keyUsage"]
    msPKI-Certificate-Application-Policy = ["codeSigning"]
    enroll = ["Domain Users"]
"#;

/// The attributes string that the console sent, as the Windows CA kept it.
const CONSOLE_ATTRIBUTES: &str = "\ncdc:DC01.corp.cvilab.local\nrmd:PKI-SRV01.corp.cvilab.local\n\n\
                                  ccm:PKI-SRV01.corp.cvilab.local";

#[tokio::test]
async fn requests_of_the_certificates_console_are_issued_as_by_windows_server_2022() {
    let Some(captures) = tally::captures("issuance for the Certificates console") else { return };
    let view = String::from_utf8(read(&captures, "adcs2022-certutil-view.txt")).expect("UTF-8");
    let site = Site::new(
        "CN=CVI Issuing CA 1,DC=corp,DC=cvilab,DC=local",
        ("PKI-SRV01.corp.cvilab.local", "PKI-SRV01"),
        CONSOLE_2022,
    );
    for id in ["0x4", "0x5", "0x6"] {
        let raw = read(&captures, &format!("adcs2022-{id}-request-cmc.der"));
        let answer = site.request2(("pki.admin", 1103), CONSOLE, CONSOLE_ATTRIBUTES, &raw).await;
        let message = text(bytes(&answer.pctb_disposition_message));
        assert_eq!((answer.return_value, answer.pdw_disposition), (0, 3), "{id}: {message}");

        let ours = bytes(&answer.pctb_encoded_cert);
        let theirs = read(&captures, &format!("adcs2022-{id}-certificate.der"));
        let (their, our) =
            (Certificate::parse(&theirs).expect(id), Certificate::parse(ours).expect(id));
        let seen = compare(&their.extensions, &our.extensions);
        assert_eq!(seen, [Allowed::SecurityExtension, Allowed::AuthorityKey], "{id}");
        assert_eq!(hex::encode(our.subject), hex::encode(their.subject), "{id}");
        assert_eq!(hex::encode(our.issuer), hex::encode(their.issuer), "{id}");
        assert_eq!(our.public_key.raw, their.public_key.raw, "{id}");
        assert_eq!(our.signature_algorithm, their.signature_algorithm, "{id}");

        let full = SignedData::parse(bytes(&answer.pctb_full_response)).expect("a full response");
        assert_eq!(full.content_type, oids::CMC_PKI_RESPONSE);
        assert!(full.certificates.contains(&ours), "{id}");
        compare_row(&view, id, &site.row(answer.pdw_request_id).await);
        tally::ran("capture-issued", id);
    }
}

fn text(utf16: &[u8]) -> String {
    let units: Vec<_> = utf16.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
    String::from_utf16_lossy(&units)
}

/// What `certutil -view` shows of a row: the text between two lines.
fn part<'v>(view: &'v str, after: &str, before: &str) -> &'v str {
    let (_, rest) = view.split_once(after).expect(after);
    rest.split_once(before).map_or(rest, |(part, _)| part)
}

/// Compares a row with what `certutil -view` shows of theirs.
fn compare_row(view: &str, id: &str, row: &RequestRow) {
    let view =
        part(view, &format!("Request ID: {id}\r\n").replace("\r\n", newline(view)), "\nRow ");
    let value = |name: &str| {
        let line = view.lines().map(str::trim).find_map(|line| line.strip_prefix(name));
        line.expect(name).trim().trim_matches('"').to_owned()
    };
    let number = |name: &str| {
        let text = value(name);
        let digits = text.split_whitespace().next().expect(name).trim_start_matches("0x");
        u32::from_str_radix(digits, 16).expect(name)
    };
    let columns = &row.columns;
    let certificate = columns.certificate.as_ref().expect("issued");
    assert_eq!(columns.request_type, number("Request Type:"));
    assert_eq!(columns.request_flags, number("Request Flags:"));
    assert_eq!(columns.requester_name, value("Requester Name:"));
    assert_eq!(columns.caller_name, value("Caller Name:"));
    assert_eq!(columns.request_raw_name, [0x30, 0]);
    assert!(columns.request_names.is_empty() && columns.signer_policies.is_empty());
    let template = value("Certificate Template:");
    assert_eq!(columns.certificate_template, template.split('"').next().expect("text"));
    assert_eq!(certificate.enrollment_flags, number("Template Enrollment Flags:"));
    assert_eq!(certificate.general_flags, number("Template General Flags:"));
    assert_eq!(certificate.private_key_flags, number("Template Private Key Flags:"));
    assert_eq!(certificate.public_key_length, number("Public Key Length:"));
    assert_eq!(certificate.raw_public_key_algorithm_parameters, [5, 0]);
    let publish_expired = number("Publish Expired Certificate in CRL:");
    assert_eq!(u32::from(certificate.publish_expired_cert_in_crl), publish_expired);
    assert_eq!(certificate.upn.as_deref(), Some(&*value("User Principal Name:")));
    assert_eq!(certificate.distinguished_name, value("Issued Distinguished Name:"));
    let names: Vec<_> = certificate.names.values().cloned().collect();
    assert_eq!(names, [value("Issued Common Name:")]);

    let attributes = part(
        view,
        "\"\n  Request Type:".replace('\n', newline(view)).as_str(),
        "Certificate Extensions:",
    );
    let attributes = part(attributes, "Request Attributes:", "Certificate Extensions:");
    let attributes: Vec<(String, String)> = attributes
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect();
    assert_eq!(columns.attributes, attributes);
    let string = part(view, "Request Attributes: \"", "\"");
    assert_eq!(columns.request_attributes, string.replace("\r\n", "\n"));

    let theirs: Vec<(String, u32, usize)> = part(view, "Certificate Extensions:", "\nRow ")
        .lines()
        .filter_map(|line| line.trim().split_once(": Flags = "))
        .map(|(oid, rest)| {
            let (flags, rest) = rest.split_once('(').expect("flags");
            let (_, length) = rest.split_once("Length = ").expect("a length");
            let hex = |text: &str| u32::from_str_radix(text.trim(), 16).expect("hex");
            (oid.to_owned(), hex(flags), hex(length) as usize)
        })
        .collect();
    let mut ours: Vec<_> = columns
        .extensions
        .iter()
        .map(|(oid, flags, value)| (oid.clone(), *flags, value.len()))
        .collect();
    assert_eq!(
        ours.pop().map(|(oid, flags, _)| (oid, flags)),
        Some(("1.3.6.1.4.1.311.25.2".to_owned(), 0x2_0000))
    );
    assert_eq!(ours, theirs);
}

fn newline(view: &str) -> &'static str {
    if view.contains("\r\n") { "\r\n" } else { "\n" }
}

const WSTEP_2009: &str = r#"
    [domain]
    netbios = "D9-1351C0406A"
    dns = "d9-1351C0406A.nttest.microsoft.com"
    sid = "S-1-5-21-1-2-3"

    [[users]]
    name = "abby"
    rid = 1103
    upn = "abby@d9-1351C0406A.nttest.microsoft.com"
    mail = "abby@D9-1351C0406A.NTTEST.MICROSOFT.COM"

    [[templates]]
    cn = "User"
    msPKI-Template-Schema-Version = 1
    revision = 3
    flags = ["AUTO_ENROLLMENT", "ADD_TEMPLATE_NAME", "IS_DEFAULT"]
    msPKI-Enrollment-Flag = ["INCLUDE_SYMMETRIC_ALGORITHMS", "PUBLISH_TO_DS", "AUTO_ENROLLMENT"]
    msPKI-Certificate-Name-Flag = [
        "SUBJECT_REQUIRE_DIRECTORY_PATH", "SUBJECT_REQUIRE_EMAIL",
        "SUBJECT_ALT_REQUIRE_EMAIL", "SUBJECT_ALT_REQUIRE_UPN",
    ]
    pKIExpirationPeriod = "1y"
    pKIOverlapPeriod = "6w"
    msPKI-Minimal-Key-Size = 2048
    pKIKeyUsage = ["digitalSignature", "keyEncipherment"]
    pKICriticalExtensions = ["keyUsage"]
    pKIExtendedKeyUsage = ["encryptingFileSystem", "emailProtection", "clientAuth"]
    enroll = ["Domain Users"]
"#;

#[tokio::test]
async fn a_request_of_2009_gets_the_extensions_that_its_own_ca_gave_it() {
    let Some(captures) = tally::captures("issuance for the request of MS-WSTEP") else { return };
    let raw = read(&captures, "ms-wstep-issue-pkcs10-request.der");
    let theirs = read(&captures, "ms-wstep-issue-certificate.der");
    let site = Site::new(
        "CN=FB_EntSubCA,OU=Microsoft PKI Team",
        ("9-1351C0407A.d9-1351C0406A.nttest.microsoft.com", "9-1351C0407A"),
        WSTEP_2009,
    );
    let answer = site.request2(("abby", 1103), 0x0004_0100, "", &raw).await;
    let message = text(bytes(&answer.pctb_disposition_message));
    assert_eq!((answer.return_value, answer.pdw_disposition), (0, 3), "{message}");
    let (their, our) = (
        Certificate::parse(&theirs).expect("valid"),
        Certificate::parse(bytes(&answer.pctb_encoded_cert)).expect("valid"),
    );
    let seen = compare(&their.extensions, &our.extensions);
    let allowed = [Allowed::SecurityExtension, Allowed::Order, Allowed::AuthorityKey];
    assert_eq!(seen, allowed);
    let name = |der| Name::from_der(der).expect("a name").to_string();
    assert_eq!(name(our.subject), name(their.subject));
    assert_eq!(name(our.issuer), name(their.issuer));
    assert_eq!(our.public_key.raw, their.public_key.raw);
    tally::ran("capture-issued", "ms-wstep-issue");
}

/// Its key is lost, so it is signed anew: the extensions that it asks for, with another key, and
/// the certificate that our CA issued first as the one to be renewed.
#[tokio::test]
async fn a_renewal_of_2009_gets_the_extensions_that_its_own_ca_gave_it() {
    let Some(captures) = tally::captures("issuance for the renewal of MS-WSTEP") else { return };
    let raw = read(&captures, "ms-wstep-renewal-pkcs7-request.der");
    let theirs = read(&captures, "ms-wstep-renewal-certificate.der");
    let their = Certificate::parse(&theirs).expect("valid");
    let site = Site::new(
        "CN=FB_EntSubCA,OU=Microsoft PKI Team",
        ("9-1351C0407A.d9-1351C0406A.nttest.microsoft.com", "9-1351C0407A"),
        WSTEP_2009,
    );
    let key = || RequestKey::generate(RequestKeyKind::Rsa2048).expect("made");
    let (old_key, new_key) = (key(), key());
    let first = CertificateRequest { template: Some("User".into()), ..Default::default() };
    let first = first.to_pkcs10(&old_key).expect("made");
    let answer = site.request2(("abby", 1103), 0x0100, "", &first).await;
    let old = bytes(&answer.pctb_encoded_cert).to_vec();
    let parsed = Certificate::parse(&old).expect("issued");

    let message = SignedData::parse(&raw).expect("a message");
    let inner = CertificationRequest::parse(message.content.expect("there")).expect("valid");
    let asked = inner.attributes.iter().find(|a| a.oid == oids::EXTENSION_REQUEST);
    let asked = decode_extensions(asked.expect("there").values[0].raw).expect("valid");
    let of_the_key = |extension: &Extension| extension.oid == oids::SUBJECT_KEY_IDENTIFIER;
    let builder = RequestBuilder {
        subject: Name::from_der(inner.subject).expect("valid"),
        extensions: asked.into_iter().filter(|extension| !of_the_key(extension)).collect(),
        attributes: vec![(oids::RENEWAL_CERTIFICATE, vec![old.clone()])],
        ..RequestBuilder::default()
    };
    let content = builder.encode(new_key.public_key(), new_key.scheme(), |m| new_key.sign(m));
    let content = content.expect("signed");
    let signature = old_key.sign(&content).expect("signed");
    let signer = SignerInfo {
        signer: SignerId::IssuerAndSerial { issuer: parsed.issuer, serial: parsed.serial },
        digest: AlgorithmIdentifier::with_null(old_key.hash().oid()),
        signed_attributes: None,
        algorithm: AlgorithmIdentifier::with_null(old_key.hash().with_rsa()),
        signature: &signature,
        unsigned_attributes: &[],
    };
    let renewal = SignedData {
        content: Some(&content),
        digests: vec![old_key.hash()],
        certificates: vec![&old],
        signers: vec![signer],
        ..SignedData::new(oids::CMS_DATA, None)
    };
    let answer = site.request2(("abby", 1103), 0x0004_0300, "", &renewal.encode()).await;
    let text = text(bytes(&answer.pctb_disposition_message));
    assert_eq!((answer.return_value, answer.pdw_disposition), (0, 3), "{text}");
    assert_eq!(site.row(answer.pdw_request_id).await.columns.request_flags & 2, 2, "RENEWAL");

    let our = Certificate::parse(bytes(&answer.pctb_encoded_cert)).expect("valid");
    let without = |list: &[Extension]| -> Vec<Extension> {
        list.iter().filter(|extension| !of_the_key(extension)).cloned().collect()
    };
    let seen = compare(&without(&their.extensions), &without(&our.extensions));
    assert_eq!(seen, [Allowed::SecurityExtension, Allowed::Order, Allowed::AuthorityKey]);
    let name = |der| Name::from_der(der).expect("a name").to_string();
    assert_eq!(name(our.subject), name(their.subject));
    assert_eq!(name(our.issuer), name(their.issuer));
    tally::ran("capture-issued", "ms-wstep-renewal");
}

const DOMAIN_CONTROLLER_2016: &str = r#"
    [domain]
    netbios = "DOM"
    dns = "dom.local"
    sid = "S-1-5-21-1047456448-2337630968-2720937775"

    [[computers]]
    name = "DC1$"
    rid = 1000
    guid = "11644943-e9dd-44e4-83a3-b3be99d85554"
    dns_host_name = "DC1.dom.local"

    [[templates]]
    cn = "DomainController"
    msPKI-Template-Schema-Version = 1
    revision = 4
    flags = ["AUTO_ENROLLMENT", "MACHINE_TYPE", "ADD_TEMPLATE_NAME", "IS_DEFAULT"]
    msPKI-Enrollment-Flag = ["INCLUDE_SYMMETRIC_ALGORITHMS", "PUBLISH_TO_DS", "AUTO_ENROLLMENT"]
    msPKI-Certificate-Name-Flag = [
        "SUBJECT_REQUIRE_DNS_AS_CN", "SUBJECT_ALT_REQUIRE_DNS",
        "SUBJECT_ALT_REQUIRE_DIRECTORY_GUID",
    ]
    pKIExpirationPeriod = "1y"
    pKIOverlapPeriod = "6w"
    msPKI-Minimal-Key-Size = 2048
    pKIKeyUsage = ["digitalSignature", "keyEncipherment"]
    pKICriticalExtensions = ["keyUsage"]
    pKIExtendedKeyUsage = ["clientAuth", "serverAuth"]
    enroll = ["Domain Computers"]
"#;

/// The request is sealed in the capture. Ours asks for what the certificate has of a request: the
/// template and the S/MIME capabilities.
#[tokio::test]
async fn a_domain_controller_gets_the_extensions_that_windows_server_2016_gave_it() {
    let Some(captures) = tally::captures("issuance for a domain controller") else { return };
    let theirs = read(&captures, "livediffad-dc-certificate.der");
    let their = Certificate::parse(&theirs).expect("valid");
    let site = Site::new(
        "CN=dom-ADCS-CA,DC=dom,DC=local",
        ("ADCS.dom.local", "ADCS"),
        DOMAIN_CONTROLLER_2016,
    );
    let key = RequestKey::generate(RequestKeyKind::Rsa2048).expect("made");
    let asked = [oids::ENROLL_CERTTYPE, oids::SMIME_CAPABILITIES];
    let asked = asked.iter().map(|oid| find(&their.extensions, oid).expect("there").clone());
    let builder = RequestBuilder { extensions: asked.collect(), ..RequestBuilder::default() };
    let raw = builder
        .encode(key.public_key(), key.scheme(), |message| key.sign(message))
        .expect("signed");
    let answer = site.request2(("DC1$", 1000), 0x0100, "", &raw).await;
    let message = text(bytes(&answer.pctb_disposition_message));
    assert_eq!((answer.return_value, answer.pdw_disposition), (0, 3), "{message}");
    let our = Certificate::parse(bytes(&answer.pctb_encoded_cert)).expect("valid");
    let of_the_key = |extension: &&Extension| extension.oid != oids::SUBJECT_KEY_IDENTIFIER;
    let without = |list: &[Extension]| -> Vec<Extension> {
        list.iter().filter(of_the_key).cloned().collect()
    };
    let seen = compare(&without(&their.extensions), &without(&our.extensions));
    assert_eq!(seen, [Allowed::AuthorityKey]);
    let place = |list: &[Extension]| list.iter().position(|e| !of_the_key(&e));
    assert_eq!(place(&our.extensions), place(&their.extensions));
    assert_eq!(hex::encode(our.subject), hex::encode(their.subject));
    tally::ran("capture-issued", "livediffad-dc");
}
