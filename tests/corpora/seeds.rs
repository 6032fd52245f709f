//! What fuzzers start from: the tests' vectors, and what our own encoders make.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use wcce::asn1::cmc::{CmcStatus, PkiResponse};
use wcce::asn1::cms::{SignedData, SignerId, SignerInfo, encode_signed_attributes};
use wcce::asn1::{
    AlgorithmIdentifier, Certificate, Hash, Name, Tag, Writer, encode_general_names, extensions,
    oids, pem, sequence,
};
use wcce::auth::kerberos::{EncryptionType, End, Established, KerberosContext};
use wcce::auth::spnego::{NegTokenInit, NegTokenResp, oid};
use wcce::auth::{
    Accepted, AcceptorFactory, AuthLevel, AuthType, Initiated, Initiator, NtlmInitiator, PduParts,
    SecurityContext, SpnegoInitiator,
};
use wcce::ca::{CaConfig, CertificateAuthority, CrlKind, CrlPublisher, KeyKind, StateFolder};
use wcce::client::{RequestKey, pkcs12};
use wcce::config::NewConfig;
use wcce::dcom::activation::ActivationRequest;
use wcce::dcom::bindings::{Bindings, SecurityBinding, StringBinding, TOWER_TCP};
use wcce::directory::embedded::EmbeddedDirectory;
use wcce::generated::icertpassage::I_CERT_PASSAGE;
use wcce::model::{BasicConstraints, GeneralName, KeyUsage, SecurityDescriptor, Sid};
use wcce::rpc::client::{Association, AssociationOptions};
use wcce::rpc::epm::Tower;
use wcce::rpc::pdu::{Framer, NDR_SYNTAX};

use super::folder;
use super::fuzz::{self, PEER, Still, stubs};

type Inputs = Vec<Vec<u8>>;

/// Inputs of a target.
pub fn of(target: &str) -> Inputs {
    let mut inputs = match target {
        "pdu" => pdus(),
        "association" => behind(&[&[0], &[1], &[24]], &[RECORDED.to_server.concat()]),
        "association_client" => {
            behind(&[&[0], &[1], &[3], &[9]], &[RECORDED.to_client.concat()])
        }
        "association_steps" | "request_built" | "view" => noise(),
        "capture" => vec![capture()],
        "conversation" => vec![conversation()],
        "tower" => vec![Tower::tcp(I_CERT_PASSAGE, NDR_SYNTAX, 49170, [127, 0, 0, 1].into()).to_bytes()],
        "string_binding" => {
            texts(&["ncacn_ip_tcp:ca1[49170]", "ncacn_ip_tcp:[::1]", "12345678-1234-abcd-ef00-01234567cffb@ncacn_ip_tcp:h[1,a=b]"])
        }
        "spnego_message" => [RECORDED.spnego[0].clone(), RECORDED.spnego[1].clone(), spnego()].concat(),
        "acceptor" => {
            let ntlm = packed(&RECORDED.ntlm[0]);
            let spnego = packed(&RECORDED.spnego[0]);
            [behind(&[&[0], &[1]], &[ntlm]), behind(&[&[2], &[3], &[10]], &[spnego])].concat()
        }
        "initiator" => {
            let (ntlm, spnego) = (packed(&RECORDED.ntlm[1]), packed(&RECORDED.spnego[1]));
            vec![[&[0], &ntlm[..]].concat(), [&[1], &spnego[..]].concat(), b"\x02\x0c\0\x01\0\0\0\0\0\0\0\0\0\0\0".to_vec()]
        }
        "ap_req" => vec![ap_req()],
        "kerberos_messages" => kerberos(),
        "netlogon_messages" => {
            let token = wcce::auth::netlogon::negotiate("LAB", "CA1").unwrap();
            let signature = [0x13, 0, 0x1A, 0, 0xFF, 0xFF, 0, 0].into_iter().chain([7; 48]).collect();
            vec![token, signature]
        }
        "pac" => {
            let pacs = vectors("Option<pac::KERB_VALIDATION_INFO>");
            let sid = "S-1-5-21-1-2-3-1103".parse::<Sid>().unwrap().to_bytes();
            let info = [&[1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 28, 0, 20, 0], &sid[..]].concat();
            [behind(&[&[0]], &pacs), vec![info]].concat()
        }
        "keytab" => vec![keytab()],
        "objref" => vec![activation().to_bytes().unwrap()],
        "activation" => {
            let wcce::dcom::objref::Body::Custom { data, .. } = activation().body else { panic!() };
            vec![data]
        }
        "bindings" => vec![bindings()],
        "der_reader" | "normalize" | "pkcs10" | "cms" | "cmc" | "spkac" => messages(),
        "spki" => vec![key().public_key().to_vec()],
        "certificate" => vec![HAND.to_vec(), CA.certificate.clone()],
        "crl" => CA.crls.clone(),
        "ocsp_request" => vec![ocsp_request()],
        "extension" => extension_values(),
        "general_names" => vec![names()],
        "name" => ["CN=a", "CN=a+OU=b,DC=lab,DC=test", "E=a@b,C=US,2.5.4.3=#0401ff"]
            .map(|text| Name::parse(text).unwrap().to_der())
            .to_vec(),
        "name_text" => texts(&["CN=a", r#"CN="a,b"+OU=b\,c, DC=lab"#, "2.5.4.3=#0401ff;C=US"]),
        "pem" => vec![pem::encode("CERTIFICATE", HAND).as_bytes().to_vec()],
        "request" => behind(&[&[0, 0], &[1, 4, b'a', b':', b'b', b'\n']], &messages()),
        "enrollment" => {
            let template = b"CertificateTemplate:User";
            let head = [&[0, 0, 24], &template[..]].concat();
            behind(&[&[0, 0, 0], &head], &messages())
        }
        "attributes_string" => {
            let text = "CertificateTemplate:User\nrequestername: LAB\\alice\r\nSAN:upn=a@b\n\0";
            let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            vec![text.into(), wide]
        }
        "pkcs12" => {
            let made = ["", fuzz::PASSWORD].map(|password| {
                pkcs12::write(key().to_pkcs8(), &[HAND], &[7; 20], password).expect("written")
            });
            made.into_iter().map(|file| file.to_vec()).collect()
        }
        "key_file" => {
            let (key, both) = (key(), pem::encode("CERTIFICATE", HAND));
            let text = pem::encode("PRIVATE KEY", key.to_pkcs8());
            vec![key.to_pkcs8().to_vec(), [both.as_bytes(), text.as_bytes()].concat()]
        }
        "full_response" => vec![full_response()],
        "ca_property" => vec!["User\n1.2.3\nWeb\n\n\0".encode_utf16().flat_map(u16::to_le_bytes).collect()],
        "security_descriptor" => {
            let domain = "S-1-5-21-1-2-3".parse().unwrap();
            let bytes = SDDL.map(|text| SecurityDescriptor::from_sddl(text, &domain).unwrap().to_bytes(true));
            bytes.to_vec()
        }
        "sddl" => texts(&SDDL),
        "sid" => vec![b"S-1-5-21-1-2-3-1103".to_vec(), b"1.3.6.1.4.1.311".to_vec(), b"6w".to_vec(), "S-1-5-32-544".parse::<Sid>().unwrap().to_bytes()],
        "template_attributes" => vec![template()],
        "export" => texts(&[JSON, LDIF]),
        "ldap" | "ldap_entry" => ldap(),
        "config" => {
            let domain = Some("lab.test".to_owned());
            let new = |demo, domain| NewConfig { demo, subject: None, domain, state: None }.text();
            // With everything that is commented out, too.
            let all = new(false, None).replace("\n#", "\n");
            vec![new(true, None).into(), new(false, domain).into(), all.into()]
        }
        "directory_toml" => {
            let sid = "S-1-5-21-1-2-3".parse().unwrap();
            vec![EmbeddedDirectory::default_file("LAB", "lab.test", &sid).into(), include_bytes!("../../fuzz/src/directory.toml").to_vec()]
        }
        "netlogon_answer" => behind(&[&[0], &[1]], &vectors("NetrLogonSamLogonExOut")),
        "winbind_answer" => texts(&[
            "Authenticated: Yes\nUser-Session-Key: 00112233445566778899AABBCCDDEEFF\n.\n",
            "Authenticated: No\nAuthentication-Error:: Tm8gc3VjaCB1c2Vy\n.\n",
            "S-1-5-21-1-2-3-1103 SID_USER (1)\n",
            "LAB\\alice 1\n",
            "S-1-5-21-1-2-3-1103\nS-1-5-21-1-2-3-513\n",
        ]),
        "services" => services(),
        "http" => texts(&[
            "GET /CertEnroll/wcce%20CA.crl HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", *\r\n\r\n",
            "GET /ocsp/MEIwQDA+MDwwOjAJBgUrDgMCGgUABBQ= HTTP/1.1\r\nHost: a\r\n\r\n",
            "HEAD /ocsp HTTP/1.0\r\n\r\n",
            "POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Type: application/ocsp-request\r\nContent-Length: 3\r\n\r\n0\x01\x01",
            "POST /ocsp HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/ocsp-request\r\n\r\n3\r\n0\x01\x01\r\n0\r\n\r\n",
        ])
        .into_iter()
        .chain([http_ocsp()])
        .collect(),
        "control" => texts(&[
            r#"{"command":"backup","files":true,"keys":false}"#,
            r#"{"command":"check-db"}"#,
            r#"{"command":"revoke","id":1,"reason":4}"#,
            r#"{"command":"publish-crl","delta":true}"#,
            r#"{"problem":{"id":1,"problem":"x"}}"#,
            r#"{"done":{"rows":1}}"#,
            r#"{"failed":"no"}"#,
        ]),
        "backup" => vec![backup()],
        "administration_json" => texts(&[
            r#"{"security":"O:BAG:BAD:(A;;0x200;;;AU)","officer_rights":"00","role_separation":true,"audit_filter":127}"#,
        ]),
        _ => Vec::new(),
    };
    if let Some(module) = target.strip_prefix("ndr_") {
        inputs.extend(decoders(module));
    }
    inputs
}

fn texts(texts: &[&str]) -> Inputs {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn behind(prefixes: &[&[u8]], inputs: &[Vec<u8>]) -> Inputs {
    prefixes
        .iter()
        .flat_map(|prefix| inputs.iter().map(move |input| [prefix, &input[..]].concat()))
        .collect()
}

/// Parts behind their lengths.
fn packed(parts: &[Vec<u8>]) -> Vec<u8> {
    let packed = parts.iter().flat_map(|part| {
        let length = u16::try_from(part.len()).expect("short").to_le_bytes();
        length.into_iter().chain(part.iter().copied())
    });
    packed.collect()
}

/// Bytes that mean nothing, of several lengths: what choices are made by.
fn noise() -> Inputs {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    [16, 64, 256, 1024, 1024, 4096].map(|length| (0..length).map(|_| byte()).collect()).to_vec()
}

const HAND: &[u8] = include_bytes!("../../fuzz/src/hand.der");

fn key() -> RequestKey {
    RequestKey::from_file(include_bytes!("../../fuzz/src/hand.key")).expect("a key")
}

/// What two ends of a connection say to each other, in parts.
struct Recorded {
    to_server: Inputs,
    to_client: Inputs,
    /// Tokens of the client and of the server.
    ntlm: [Inputs; 2],
    spnego: [Inputs; 2],
}

static RECORDED: LazyLock<Recorded> = LazyLock::new(|| {
    let level = AuthLevel::Privacy;
    let mut ntlm = NtlmInitiator::new(&fuzz::credentials(), level);
    let mut spnego = SpnegoInitiator::ntlm(&fuzz::credentials(), level);
    let (to_server, to_client) = connection();
    Recorded { to_server, to_client, ntlm: tokens(&mut ntlm), spnego: tokens(&mut spnego) }
});

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn tokens(initiator: &mut dyn Initiator) -> [Inputs; 2] {
    let providers = fuzz::providers(false);
    let acceptor = providers.acceptor(initiator.auth_type(), AuthLevel::Privacy, PEER);
    let mut acceptor = acceptor.expect("offered");
    let [mut up, mut down] = [Vec::new(), Vec::new()];
    let (mut last, mut done) = (Vec::new(), false);
    while !done {
        let token = match run(initiator.step(&last)).expect("a token") {
            Initiated::Continue(token) => token,
            Initiated::Done { token: Some(token), .. } => token,
            Initiated::Done { token: None, .. } => break,
        };
        up.push(token.clone());
        last = match run(acceptor.accept(&token)).expect("accepted") {
            Accepted::Continue(token) => token,
            Accepted::Done { token, .. } => {
                done = token.is_none();
                token.unwrap_or_default()
            }
        };
        down.push(last.clone());
    }
    [up, down]
}

/// A bind, its legs and a call, of our client and what our server answers.
fn connection() -> (Inputs, Inputs) {
    use wcce::rpc::association::{self, Event};
    let endpoint = fuzz::endpoint();
    let mut server = association::Association::new(
        endpoint,
        "192.0.2.1:1".parse().unwrap(),
        "192.0.2.1:2".parse().unwrap(),
        Instant::now(),
    );
    let mut client = Association::new(AssociationOptions::default());
    let first = Initiated::Continue(b"+first".to_vec());
    let auth = Some((AuthType::Ntlm, AuthLevel::Privacy, first));
    let mut next = Some(client.bind(I_CERT_PASSAGE, auth).unwrap());
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let mut calls = 0;
    while let Some(bytes) = next.take() {
        server.receive(&bytes, Instant::now());
        up.push(bytes);
        while let Some(event) = server.next_event(Instant::now()) {
            match event {
                Event::Send(bytes) => {
                    client.receive(&bytes);
                    down.push(bytes);
                }
                Event::Authenticate(task) => {
                    server.authenticated(run(task.run()), Instant::now());
                }
                Event::Call(call) => {
                    server.respond(call.token, Ok(call.stub.to_vec()), Instant::now());
                }
                Event::Close(reason) => panic!("{reason}"),
            }
        }
        while let Some(event) = client.poll().unwrap() {
            if let wcce::rpc::client::Event::Token(_) = event {
                let context = Box::new(fuzz::Believing(None));
                let token = Some(b"last".to_vec());
                next = client.leg(Initiated::Done { token, context }).unwrap();
            }
        }
        if client.is_ready() && next.is_none() && calls < 2 {
            calls += 1;
            // The second one has several fragments.
            next = Some(client.request(None, 0, vec![7; 40 * calls * calls * calls * 40]).unwrap());
        }
    }
    (up, down)
}

/// The connection, PDU by PDU as they went: each answer behind what it answers.
fn conversation() -> Vec<u8> {
    let mut parts = Vec::new();
    let mut down = RECORDED.to_client.iter();
    for sent in &RECORDED.to_server {
        parts.push([&[0], &sent[..]].concat());
        parts.extend(down.next().map(|answer| [&[1], &answer[..]].concat()));
    }
    packed(&parts)
}

/// The same as a capture file (pcap, raw IPv4), with the checksums of nobody.
fn capture() -> Vec<u8> {
    let header = [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 0xFFFF, 101];
    let mut file: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
    let mut sequence = [1_u32, 1];
    let mut segment = |from: usize, flags: u8, bytes: &[u8]| {
        let (ports, length) = ([[0x9C, 0x40], [0, 135]], 40 + bytes.len());
        let [a, b] = u16::try_from(length).expect("short").to_be_bytes();
        let mut packet = vec![0x45, 0, a, b, 0, 0, 0x40, 0, 64, 6, 0, 0];
        let addresses = [[192, 0, 2, 1], [192, 0, 2, 2]];
        packet.extend([addresses[from], addresses[1 - from]].concat());
        packet.extend([ports[from], ports[1 - from]].concat());
        packet.extend(sequence[from].to_be_bytes());
        packet.extend(sequence[1 - from].to_be_bytes());
        packet.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        packet.extend(bytes);
        let syn = u32::from(flags & 2 != 0);
        sequence[from] += syn + u32::try_from(bytes.len()).expect("short");
        let length = u32::try_from(packet.len()).expect("short");
        file.extend([1, 0, length, length].into_iter().flat_map(u32::to_le_bytes));
        file.extend(packet);
    };
    segment(0, 2, &[]);
    segment(1, 0x12, &[]);
    let mut down = RECORDED.to_client.iter();
    for sent in &RECORDED.to_server {
        segment(0, 0x18, sent);
        if let Some(answer) = down.next() {
            segment(1, 0x18, answer);
        }
    }
    file
}

fn pdus() -> Inputs {
    let mut framer = Framer::default();
    for bytes in RECORDED.to_server.iter().chain(&RECORDED.to_client) {
        framer.push(bytes);
    }
    let mut pdus = Vec::new();
    let whole = [RECORDED.to_server.concat(), RECORDED.to_client.concat()].concat();
    let mut at = 0;
    while let Some(frame) = framer.next_frame(u16::MAX).expect("our own") {
        let length = usize::from(frame.header().frag_length);
        pdus.push(whole[at..at + length].to_vec());
        at += length;
    }
    pdus
}

fn spnego() -> Inputs {
    let list = NegTokenInit::encode_mech_types(&[oid::MS_KERBEROS, oid::NTLM]);
    let answer = NegTokenResp {
        response_token: Some(b"token"),
        mech_list_mic: Some(b"mic"),
        ..Default::default()
    };
    vec![NegTokenInit::encode(&list, b"token"), answer.encode()]
}

fn ap_req() -> Vec<u8> {
    let nested = |tag: u8, content: &[u8]| {
        let mut writer = Writer::new();
        writer.element(Tag(tag), content);
        writer.into_bytes()
    };
    let number = |tag, value: u8| nested(tag, &nested(0x02, &[value]));
    let encrypted = |etype| {
        sequence(|s| {
            s.raw(&number(0xA0, etype));
            s.raw(&nested(0xA2, &nested(0x04, b"cipher")));
        })
    };
    let names = nested(0x30, &[nested(0x1B, b"host"), nested(0x1B, b"ca1.lab.test")].concat());
    let name = sequence(|s| {
        s.raw(&number(0xA0, 2));
        s.raw(&nested(0xA1, &names));
    });
    let ticket = sequence(|s| {
        s.raw(&number(0xA0, 5));
        s.raw(&nested(0xA1, &nested(0x1B, b"LAB.TEST")));
        s.raw(&nested(0xA2, &name));
        s.raw(&nested(0xA3, &encrypted(18)));
    });
    let request = sequence(|s| {
        s.raw(&number(0xA0, 5));
        s.raw(&number(0xA1, 14));
        s.raw(&nested(0xA2, &nested(0x03, &[0, 0x20, 0, 0, 0])));
        s.raw(&nested(0xA3, &nested(0x61, &ticket)));
        s.raw(&nested(0xA4, &encrypted(17)));
    });
    nested(0x6E, &request)
}

/// Messages that are right, for each encryption type and both levels.
fn kerberos() -> Inputs {
    let mut inputs = Vec::new();
    for (which, number) in (0..).zip([17, 18, 19, 20, 23]) {
        for (bit, level) in [(0, AuthLevel::Privacy), (64, AuthLevel::Integrity)] {
            let established = Established {
                own: End::Initiator,
                encryption_type: EncryptionType::from_wire(number).unwrap(),
                key: vec![3; if matches!(number, 18 | 20) { 32 } else { 16 }].into(),
                acceptor_subkey: true,
                send_sequence: 1,
                receive_sequence: 1,
                ordered: true,
            };
            let mut context =
                KerberosContext::new(&established, std::sync::Arc::new(Still), None).unwrap();
            let mic = context.get_mic(b"message").unwrap();
            let mut body = *b"stub and padding";
            let (header, trailer) = (&b"0123456789abcdef"[..], &b"trailer!"[..]);
            let parts = PduParts { header, body: &mut body, trailer, header_signing: true };
            let token = context.protect(level, parts).unwrap();
            let length = |token: &[u8]| u8::try_from(token.len()).unwrap() << 1;
            let messages = [
                [&[length(&mic)], &mic[..], b"message"].concat(),
                [&[length(&token) | 1], &token[..], &body].concat(),
            ];
            inputs.push([&[which | bit], &packed(&messages)[..]].concat());
        }
    }
    inputs
}

fn keytab() -> Vec<u8> {
    let counted =
        |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let mut entry = vec![0, 2];
    for text in ["LAB.TEST", "host", "ca1.lab.test"] {
        entry.extend(counted(text.as_bytes()));
    }
    entry.extend([0, 0, 0, 1, 0x65, 0, 0, 0, 3, 0, 18]);
    entry.extend(counted(&[7; 32]));
    entry.extend([0, 0, 0, 3]);
    let length = i32::try_from(entry.len()).unwrap();
    [&[5, 2][..], &(-4_i32).to_be_bytes(), &[0; 4], &length.to_be_bytes(), &entry].concat()
}

fn activation() -> wcce::dcom::objref::ObjRef {
    let request = ActivationRequest {
        clsid: wcce::services::C_CERT_REQUEST_D,
        iids: vec![wcce::generated::icertrequestd::I_CERT_REQUEST_D.uuid],
        flags: 0,
        from_storage: false,
    };
    request.to_objref("ca1", uuid::Uuid::from_u128(1)).unwrap()
}

fn bindings() -> Vec<u8> {
    let bindings = Bindings {
        strings: vec![StringBinding { tower: TOWER_TCP, address: "ca1[49171]".into() }],
        securities: vec![SecurityBinding { service: 9, principal: "host/ca1".into() }],
    };
    let array = bindings.to_ndr().unwrap();
    let units = [vec![array.w_security_offset], array.a_string_array].concat();
    units.into_iter().flat_map(u16::to_le_bytes).collect()
}

/// The tests' requests, and messages of ours.
fn messages() -> Inputs {
    let path = folder("..").join("tests/fixtures/requests");
    let fixtures = super::files(&path).into_iter().filter(|(name, _)| name.ends_with(".der"));
    fixtures.map(|(_, content)| content).chain([full_response()]).collect()
}

struct Authority {
    certificate: Vec<u8>,
    crls: Inputs,
}

/// A CA's certificate, and its CRLs.
static CA: LazyLock<Authority> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::new(folder.path());
    let config = CaConfig { key: KeyKind::EcdsaP256, ..CaConfig::default() };
    let now = SystemTime::now();
    let (ca, _) = CertificateAuthority::init(&config, &state, now).unwrap();
    let publisher = CrlPublisher::new(&config, &state);
    let crls = [CrlKind::Base, CrlKind::Delta].map(|kind| {
        let current = publisher.current(&ca).unwrap();
        let mut draft = publisher.begin(current, kind, now).unwrap();
        let revocation = wcce::model::Revocation {
            serial: "01ab".parse().unwrap(),
            not_after: now + Duration::from_secs(86_400),
            revoked_when: now - Duration::from_secs(60),
            effective_when: now - Duration::from_secs(60),
            reason: 4,
            publish_expired: false,
        };
        draft.add(&revocation).unwrap();
        publisher.publish(&ca, draft).unwrap()
    });
    let crls = crls.iter().flat_map(|crls| [&crls.base, &crls.delta]).flatten();
    Authority {
        certificate: ca.certificate().der.clone(),
        crls: crls.map(|crl| crl.der.clone()).collect(),
    }
});

fn ocsp_request() -> Vec<u8> {
    let certificate = Certificate::parse(HAND).unwrap();
    sequence(|request| {
        request.sequence(|body| {
            body.sequence(|list| {
                list.sequence(|one| {
                    one.sequence(|id| {
                        AlgorithmIdentifier::with_null(oids::SHA1).write(id);
                        id.octet_string(Hash::Sha1.digest(certificate.issuer).as_ref());
                        id.octet_string(&certificate.public_key.key_id());
                        id.raw(&[2, 1, 5]);
                    });
                });
            });
        });
    })
}

fn http_ocsp() -> Vec<u8> {
    let body = ocsp_request();
    let head = format!(
        "POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Type: application/ocsp-request\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

fn names() -> Vec<u8> {
    encode_general_names(&[
        GeneralName::Dns("a.lab.test".into()),
        GeneralName::Email("a@lab.test".into()),
        GeneralName::Upn("a@lab.test".into()),
    ])
    .unwrap()
}

fn extension_values() -> Inputs {
    let sid = "S-1-5-21-1-2-3-1103".parse().unwrap();
    let constraints = BasicConstraints { ca: true, path_length: Some(1) };
    let list = vec![
        extensions::key_usage(KeyUsage(0xA000), true),
        extensions::extended_key_usage(&[oids::CLIENT_AUTH], false),
        extensions::application_policies(&[oids::CLIENT_AUTH], false),
        extensions::basic_constraints(constraints, true),
        extensions::subject_key_identifier(&[7; 20]),
        extensions::authority_key_identifier(&[7; 20]),
        extensions::template_name("User"),
        extensions::security_identifier(&sid),
    ];
    let all = extensions::encode_extensions(&list);
    list.into_iter().map(|extension| extension.value).chain([all, names()]).collect()
}

/// A CMC response of a CA about the certificate of the one who signs.
fn full_response() -> Vec<u8> {
    let response = PkiResponse {
        status: CmcStatus::Success,
        text: "Issued".into(),
        issued_cert_hash: Some(Hash::Sha1.digest(HAND).as_ref().try_into().unwrap()),
    };
    let content = response.encode().unwrap();
    let key = key();
    let attributes = encode_signed_attributes(&oids::CMC_PKI_RESPONSE, &content, key.hash());
    let signature = key.sign(&attributes).unwrap();
    let own = Certificate::parse(HAND).unwrap();
    SignedData {
        digests: vec![key.hash()],
        certificates: vec![HAND],
        signers: vec![SignerInfo {
            signer: SignerId::IssuerAndSerial { issuer: own.issuer, serial: own.serial },
            digest: AlgorithmIdentifier::with_null(key.hash().oid()),
            signed_attributes: Some(attributes),
            algorithm: AlgorithmIdentifier { oid: key.hash().with_ecdsa(), parameters: None },
            signature: &signature,
            unsigned_attributes: &[],
        }],
        ..SignedData::new(oids::CMC_PKI_RESPONSE, Some(&content))
    }
    .encode()
}

const SDDL: [&str; 3] = [
    "O:BAG:BAD:(A;;0x200;;;AU)",
    "O:DAG:DAD:PAI(OA;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;DU)(D;CI;GA;;;S-1-5-21-1-2-3-1103)",
    "D:(OA;CIIO;RPWP;;bf967aba-0de6-11d0-a285-00aa003049e2;PS)(A;;FA;;;SY)",
];

fn template() -> Vec<u8> {
    let period = (-315_360_000_000_000_i64).to_le_bytes();
    let domain = "S-1-5-21-1-2-3".parse().unwrap();
    let security = SecurityDescriptor::from_sddl(SDDL[1], &domain).unwrap().to_bytes(true);
    let policies = "msPKI-RA-Application-Policies`PZPWSTR`1.2.3`msPKI-Key-Usage`DWORD`2`";
    let values: [(&str, &[u8]); 20] = [
        ("cn", b"User"),
        ("displayName", b"User"),
        ("flags", b"131642"),
        ("revision", b"100"),
        ("pKIDefaultKeySpec", b"1"),
        ("pKIKeyUsage", &[0xA0, 0]),
        ("pKIMaxIssuingDepth", b"0"),
        ("pKICriticalExtensions", b"2.5.29.15"),
        ("pKIExpirationPeriod", &period),
        ("pKIOverlapPeriod", &period),
        ("pKIExtendedKeyUsage", b"1.3.6.1.5.5.7.3.2"),
        ("msPKI-RA-Signature", b"1"),
        ("msPKI-Enrollment-Flag", b"41"),
        ("msPKI-Private-Key-Flag", b"16842768"),
        ("msPKI-Certificate-Name-Flag", b"-1509949440"),
        ("msPKI-Minimal-Key-Size", b"2048"),
        ("msPKI-Template-Schema-Version", b"2"),
        ("msPKI-Cert-Template-OID", b"1.3.6.1.4.1.311.21.8.1"),
        ("msPKI-RA-Application-Policies", policies.as_bytes()),
        ("nTSecurityDescriptor", &security),
    ];
    let parts = values.map(|(name, value)| {
        let at = fuzz::NAMES.iter().position(|known| *known == name).expect(name);
        [&[u8::try_from(at).unwrap()], value].concat()
    });
    packed(&parts)
}

const JSON: &str = r#"[{"name": "Web", "objectClass": "pKICertificateTemplate", "flags": 131649,
"revision": 100, "msPKI-Certificate-Name-Flag": -2113929216, "pKIExtendedKeyUsage": ["1.3.6.1.5.5.7.3.1"],
"pKIExpirationPeriod": [0, 64, 57, 135, 46, 225, 254, 255], "pKIOverlapPeriod": {"hex": "0080a60affdeffff"},
"nTSecurityDescriptor": "O:BAG:BAD:(A;;0x200;;;AU)"}]"#;

const LDIF: &str = "version: 1\n# a comment\n\ndn: CN=Web\nobjectClass: pKICertificateTemplate\ncn: We\n b\n\
flags: 131649\npKIExpirationPeriod:: AEA5hy7h/v8=\npKIOverlapPeriod:: AICmCv/e//8=\npKIKeyUsage:: oAA=\n";

fn ldap() -> Inputs {
    let octets = |writer: &mut Writer, text: &[u8]| writer.octet_string(text);
    let entry = sequence(|message| {
        message.u32(2);
        message.nested(Tag(0x64), |entry| {
            octets(entry, b"CN=User,DC=lab,DC=test");
            entry.sequence(|attributes| {
                for (name, value) in [("cn", b"User"), ("flags", b"1316")] {
                    attributes.sequence(|attribute| {
                        octets(attribute, name.as_bytes());
                        attribute.nested(Tag::SET, |values| octets(values, value));
                    });
                }
            });
        });
    });
    // The operation alone, as an entry is handed on.
    let alone = entry[5..].to_vec();
    let done = b"\x30\x84\0\0\0\x10\x02\x01\x01\x61\x84\0\0\0\x07\x0a\x01\x00\x04\x00\x04\x00";
    let sasl = b"\x30\x13\x02\x01\x02\x61\x0e\x0a\x01\x0e\x04\x00\x04\x03now\x87\x02\xAB\xCD";
    vec![[&entry[..], done].concat(), done.to_vec(), sasl.to_vec(), alone]
}

/// Foreign encodings of a codec's type, of every tool.
fn vectors(codec: &str) -> Inputs {
    VECTORS.iter().filter(|vector| vector.is_of(codec)).map(|vector| vector.stub.clone()).collect()
}

struct Vector {
    of: String,
    encoding: u8,
    stub: Vec<u8>,
}

static VECTORS: LazyLock<Vec<Vector>> = LazyLock::new(|| {
    let values: Value = serde_json::from_str(include_str!("../vectors/values.json")).unwrap();
    let tools = [
        include_str!("../vectors/scapy.json"),
        include_str!("../vectors/impacket.json"),
        include_str!("../vectors/samba.json"),
        include_str!("../vectors/by_hand.json"),
    ];
    let mut vectors = Vec::new();
    for tool in tools {
        let file: Value = serde_json::from_str(tool).unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            let encoding = match vector["encoding"].as_str().unwrap() {
                "ndr64" => 1,
                "ndr-big" => 2,
                _ => 0,
            };
            let of = values[vector["name"].as_str().unwrap()]["of"].as_str().unwrap().to_owned();
            vectors.push(Vector {
                of,
                encoding,
                stub: hex::decode(vector["stub"].as_str().unwrap()).unwrap(),
            });
        }
    }
    vectors
});

impl Vector {
    /// Whether it is of this codec: `Interface.operation.in` is `OperationIn`.
    fn is_of(&self, codec: &str) -> bool {
        let plain = |text: &str| text.replace(['_', '.'], "").to_lowercase();
        match self.of.split_once('.') {
            Some((_, operation)) => plain(operation) == plain(codec),
            None => codec.contains(&*self.of),
        }
    }
}

/// Vectors and empty values of a module's codecs.
fn decoders(module: &str) -> Inputs {
    let (_, codecs) = stubs::ALL.iter().find(|(name, _)| *name == module).expect("a module");
    let mut inputs = Vec::new();
    for (which, (name, _, empty)) in (0..).zip(*codecs) {
        for vector in VECTORS.iter().filter(|vector| vector.is_of(name)) {
            inputs.push([&[which, vector.encoding], &vector.stub[..]].concat());
        }
        for (encoding, number) in stubs::ENCODINGS.into_iter().zip(0..) {
            inputs.extend(empty(encoding).map(|stub| [&[which, number], &stub[..]].concat()));
        }
    }
    inputs
}

/// Calls of each operation with what the vectors and empty values have.
fn services() -> Inputs {
    let mut inputs = Vec::new();
    for (module, interfaces) in
        [("icertpassage", &[0][..]), ("icertrequestd", &[1, 2]), ("icertadmind", &[3, 4])]
    {
        for input in decoders(module) {
            let [which, encoding, stub @ ..] = &input[..] else { continue };
            // Requests stand before their responses, in the order of the operations.
            for (interface, base) in interfaces.iter().zip([3, 3]) {
                let opnum = if *interface == 0 { 0 } else { base + which / 2 };
                inputs.push([&[*interface, opnum, *encoding, 2], stub].concat());
            }
        }
    }
    inputs
}

fn backup() -> Vec<u8> {
    use wcce::admin::backup::{BackupOptions, write};
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::new(folder.path());
    let config = CaConfig { key: KeyKind::EcdsaP256, ..CaConfig::default() };
    CertificateAuthority::init(&config, &state, SystemTime::now()).unwrap();
    let store = wcce::store::SledStore::open(&state.database(), &Default::default()).unwrap();
    let mut out = Vec::new();
    write(&store, folder.path(), BackupOptions { files: true, keys: false }, &mut out).unwrap();
    out
}
