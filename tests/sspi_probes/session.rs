//! Not a defect: sspi's session security, held against ours. An sspi initiator and our acceptor
//! exchange PDUs whose header and trailer are signed and whose body is sealed.

use std::sync::Arc;

use sspi::{EncryptionFlags, Ntlm, SecurityBufferFlags, SecurityBufferRef, Sspi};
use wcce::auth::ntlm::{NtlmPolicy, NtlmServer, nt_hash};
use wcce::auth::{
    Accepted, AcceptorFactory, AuthLevel, AuthType, LocalVerifier, Names, PduParts, Peer,
    SecurityContext, SecurityProviders, SystemEnvironment,
};
use wcce::model::{LocalAccount, LocalAccounts};

use super::initiate;

struct Alice;

impl LocalAccounts for Alice {
    fn local_account(&self, _: &str, user: &str) -> Option<LocalAccount> {
        user.eq_ignore_ascii_case("alice").then(|| LocalAccount {
            account: "WCCE\\alice".into(),
            nt_hash: nt_hash("right"),
            sid: "S-1-5-21-1-2-3-1103".parse().unwrap(),
            groups: Vec::new(),
            enabled: true,
        })
    }
}

fn established() -> (Ntlm, Box<dyn SecurityContext>) {
    let environment = Arc::new(SystemEnvironment);
    let verifier = LocalVerifier::new(Arc::new(Alice), environment.clone()).unwrap();
    let ntlm = NtlmServer {
        names: Names::stand_alone("ca1.wcce.test", Vec::new()),
        policy: NtlmPolicy::default(),
        verifier: Arc::new(verifier),
        environment,
    };
    let providers = SecurityProviders::of_ntlm(Arc::new(ntlm), true);
    let address = "127.0.0.1".parse().unwrap();
    let peer = Peer { remote: address, local: address };
    let mut acceptor = providers.acceptor(AuthType::Ntlm, AuthLevel::Privacy, peer).unwrap();

    let mut client = Ntlm::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let negotiate = initiate(&mut client, r"WCCE\alice", "right", &[]);
        let Accepted::Continue(challenge) = acceptor.accept(&negotiate).await.unwrap() else {
            panic!("a CHALLENGE is due");
        };
        let authenticate = initiate(&mut client, r"WCCE\alice", "right", &challenge);
        let Accepted::Done { context, .. } = acceptor.accept(&authenticate).await.unwrap() else {
            panic!("a context is due");
        };
        (client, context)
    })
}

/// sspi's buffers for a PDU: header and trailer signed only.
fn buffers<'a>(
    token: &'a mut [u8],
    header: &'a mut [u8],
    body: &'a mut [u8],
    trailer: &'a mut [u8],
) -> [SecurityBufferRef<'a>; 4] {
    let signed = SecurityBufferFlags::SECBUFFER_READONLY_WITH_CHECKSUM;
    [
        SecurityBufferRef::data_buf(header).with_flags(signed),
        SecurityBufferRef::data_buf(body),
        SecurityBufferRef::data_buf(trailer).with_flags(signed),
        SecurityBufferRef::token_buf(token),
    ]
}

#[test]
fn session_security_agrees_with_ours() {
    let (mut theirs, mut ours) = established();
    let (mut header, mut trailer) = (*b"header of 24 bytes......", *b"trailer8");
    for size in [0usize, 1, 16, 1000, 5000] {
        let plain = vec![0x5A; size];

        let (mut token, mut body) = ([0; 16], plain.clone());
        let mut message = buffers(&mut token, &mut header, &mut body, &mut trailer);
        theirs.encrypt_message(EncryptionFlags::empty(), &mut message).unwrap();
        let parts =
            PduParts { header: &header, body: &mut body, trailer: &trailer, header_signing: true };
        ours.unprotect(AuthLevel::Privacy, parts, &token).unwrap();
        assert_eq!(body, plain);

        let parts =
            PduParts { header: &header, body: &mut body, trailer: &trailer, header_signing: true };
        let mut token = ours.protect(AuthLevel::Privacy, parts).unwrap();
        let mut message = buffers(&mut token, &mut header, &mut body, &mut trailer);
        theirs.decrypt_message(&mut message).unwrap();
        assert_eq!(body, plain);
    }
}
