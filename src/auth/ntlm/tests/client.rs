//! A client that can be told to misbehave, and a server to try it on.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::super::av;
use super::super::crypto::{Rc4, hmac_md5, utf16le};
use super::super::{Key, NtlmAcceptor, NtlmContext, NtlmPolicy, NtlmServer, nt_hash, response_key};
use crate::auth::{
    Accepted, Acceptor, AuthError, AuthLevel, Environment, LocalVerifier, Names, Peer,
    SecurityContext,
};
use crate::model::{Caller, LocalAccount, LocalAccounts, Sid, Token};

/// Runs a future that never waits.
pub(in crate::auth) fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

/// A clock that tests set, and random bytes that count.
pub(in crate::auth) struct TestEnvironment {
    now: Mutex<SystemTime>,
    drawn: Mutex<u8>,
}

impl Environment for TestEnvironment {
    fn now(&self) -> SystemTime {
        *self.now.lock().expect("not poisoned")
    }
    fn random(&self, buffer: &mut [u8]) -> Result<(), AuthError> {
        let mut drawn = self.drawn.lock().expect("not poisoned");
        *drawn = drawn.wrapping_add(1);
        buffer.fill(*drawn);
        Ok(())
    }
}

struct Accounts;

impl LocalAccounts for Accounts {
    fn local_account(&self, domain: &str, user: &str) -> Option<LocalAccount> {
        let known = ["", "WCCE", "wcce.test"].iter().any(|ours| ours.eq_ignore_ascii_case(domain));
        let (rid, enabled) = match user.to_lowercase().as_str() {
            "alice" => ("1103", true),
            "disabled" => ("1104", false),
            "guest" => ("501", true),
            _ => return None,
        };
        known.then(|| LocalAccount {
            account: format!("WCCE\\{}", user.to_lowercase()),
            nt_hash: nt_hash("Passw0rd-Alice"),
            sid: format!("S-1-5-21-1-2-3-{rid}").parse().expect("valid"),
            groups: vec!["S-1-5-21-1-2-3-513".parse().expect("valid")],
            enabled,
        })
    }
}

/// A server with local accounts, and its clock.
pub(in crate::auth) struct Server {
    pub(in crate::auth) ntlm: Arc<NtlmServer>,
    environment: Arc<TestEnvironment>,
}

pub(in crate::auth) const PEER: Peer = Peer {
    remote: std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 77, 0, 30)),
    local: std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 77, 0, 20)),
};

impl Server {
    pub(in crate::auth) fn new(policy: NtlmPolicy) -> Self {
        let environment = Arc::new(TestEnvironment {
            now: Mutex::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
            drawn: Mutex::default(),
        });
        let verifier =
            LocalVerifier::new(Arc::new(Accounts), Arc::clone(&environment) as Arc<_>).expect("ok");
        let names = Names::stand_alone("ca1.wcce.test", vec!["pki.wcce.test".into()]);
        let ntlm = NtlmServer {
            names,
            policy,
            verifier: Arc::new(verifier),
            environment: Arc::clone(&environment) as Arc<_>,
        };
        Self { ntlm: Arc::new(ntlm), environment }
    }

    pub(in crate::auth) fn acceptor(&self) -> NtlmAcceptor {
        NtlmAcceptor::new(Arc::clone(&self.ntlm), AuthLevel::Privacy, PEER)
    }

    /// The same for a client elsewhere.
    pub(super) fn acceptor_from(&self, remote: std::net::IpAddr) -> NtlmAcceptor {
        NtlmAcceptor::new(Arc::clone(&self.ntlm), AuthLevel::Privacy, Peer { remote, ..PEER })
    }

    /// Lets time pass.
    pub(super) fn wait(&self, time: Duration) {
        *self.environment.now.lock().expect("not poisoned") += time;
    }
}

/// An NTLMv2 client. Its fields are what tests bend.
#[derive(Clone)]
pub(in crate::auth) struct Client {
    pub(in crate::auth) user: &'static str,
    pub(in crate::auth) domain: &'static str,
    pub(in crate::auth) password: &'static str,
    pub(in crate::auth) negotiate_flags: u32,
    pub(in crate::auth) authenticate_flags: u32,
    /// AV pairs to add or replace; `None` takes one out.
    pub(in crate::auth) av_pairs: BTreeMap<u16, Option<Vec<u8>>>,
    /// AV pairs in front of all others, whatever their ids.
    pub(in crate::auth) av_front: Vec<(u16, Vec<u8>)>,
    pub(in crate::auth) av_end: bool,
    /// Added to the time of the response.
    pub(in crate::auth) time_shift: u64,
    pub(in crate::auth) send_mic: bool,
    pub(in crate::auth) mic_xor: u8,
    pub(in crate::auth) key_length: usize,
    /// Applied to the first byte of the NTProofStr.
    pub(in crate::auth) proof_xor: u8,
    /// Replaces the NT response.
    pub(in crate::auth) nt_response: Option<Vec<u8>>,
    /// Fill LmChallengeResponse with a right LMv2 response.
    pub(in crate::auth) lm_v2: bool,
    /// Where the payload begins.
    pub(in crate::auth) payload: usize,
}

impl Client {
    /// What a server makes of alice.
    pub(in crate::auth) fn alice_as_caller() -> Arc<Caller> {
        let sid: Sid = "S-1-5-21-1-2-3-1103".parse().expect("valid");
        Arc::new(Caller { account: "WCCE\\alice".into(), token: Token::new(sid, []) })
    }

    /// One that does everything right.
    pub(in crate::auth) fn alice() -> Self {
        Self {
            user: "alice",
            domain: "WCCE",
            password: "Passw0rd-Alice",
            negotiate_flags: 0xE208_82B7,
            authenticate_flags: 0xE288_8235,
            av_pairs: BTreeMap::new(),
            av_front: Vec::new(),
            av_end: true,
            time_shift: 0,
            send_mic: true,
            mic_xor: 0,
            key_length: 16,
            proof_xor: 0,
            nt_response: None,
            lm_v2: false,
            payload: 88,
        }
    }

    /// impacket's habits: no MIC, payload from 64.
    pub(in crate::auth) fn without_mic() -> Self {
        Self { send_mic: false, payload: 64, ..Self::alice() }
    }

    pub(in crate::auth) fn negotiate(&self) -> Vec<u8> {
        let mut message = b"NTLMSSP\0\x01\0\0\0".to_vec();
        message.extend(self.negotiate_flags.to_le_bytes());
        message.extend([0; 24]);
        message
    }

    /// The AUTHENTICATE for a CHALLENGE, and the exported session key.
    pub(in crate::auth) fn authenticate(&self, challenge: &[u8]) -> (Vec<u8>, Key) {
        self.try_authenticate(challenge).expect("a well-formed CHALLENGE")
    }

    /// The same, or `None` where the CHALLENGE's target information can't be read.
    pub(in crate::auth) fn try_authenticate(&self, challenge: &[u8]) -> Option<(Vec<u8>, Key)> {
        let server_challenge: [u8; 8] = challenge[24..32].try_into().expect("8 bytes");
        let blob = self.blob(challenge)?;
        let response_key = response_key(&nt_hash(self.password), self.user, self.domain);
        let proof = hmac_md5(&response_key, &[&server_challenge, &blob]);
        let session_base_key = hmac_md5(&response_key, &[&*proof]);
        let exported = Zeroizing::new([0x42; 16]);
        let mut encrypted = *exported;
        Rc4::new(&session_base_key).apply(&mut encrypted);
        let mut encrypted = encrypted.to_vec();
        encrypted.resize(self.key_length, 0);

        let lm = match self.lm_v2 {
            true => {
                let proof = hmac_md5(&response_key, &[&server_challenge, &[0xCC; 8]]);
                [&proof[..], &[0xCC; 8]].concat()
            }
            false => vec![0; 24],
        };
        let mut nt = self.nt_response.clone().unwrap_or_else(|| [&proof[..], &blob].concat());
        nt.iter_mut().take(1).for_each(|byte| *byte ^= self.proof_xor);
        let fields = [lm, nt, utf16le(self.domain), utf16le(self.user), utf16le("WS1"), encrypted];
        let mut message = self.lay_out(&fields);
        if self.send_mic {
            let mic = hmac_md5(&exported, &[&self.negotiate(), challenge, &message]);
            message[72..88].copy_from_slice(&*mic);
            message[80] ^= self.mic_xor;
        }
        Some((message, exported))
    }

    fn lay_out(&self, fields: &[Vec<u8>; 6]) -> Vec<u8> {
        let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
        let mut offset = self.payload;
        for field in fields {
            message.extend((field.len() as u16).to_le_bytes());
            message.extend((field.len() as u16).to_le_bytes());
            message.extend((offset as u32).to_le_bytes());
            offset += field.len();
        }
        message.extend(self.authenticate_flags.to_le_bytes());
        message.resize(self.payload, 0);
        message.extend(fields.concat());
        message
    }

    fn blob(&self, challenge: &[u8]) -> Option<Vec<u8>> {
        let info = u32::from_le_bytes(challenge[44..48].try_into().expect("4 bytes")) as usize;
        let sent = av::parse(challenge.get(info..)?).ok()?;
        let timestamp = u64::from_le_bytes(av::value_of(&sent, av::TIMESTAMP)?.try_into().ok()?);
        let mut pairs: Vec<(u16, Vec<u8>)> =
            sent.iter().map(|(id, value)| (*id, value.to_vec())).collect();
        if self.send_mic {
            pairs.push((av::FLAGS, vec![2, 0, 0, 0]));
        }
        for (id, value) in &self.av_pairs {
            pairs.retain(|(present, _)| present != id);
            pairs.extend(value.clone().map(|value| (*id, value)));
        }
        let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
        blob.extend((timestamp.wrapping_add(self.time_shift)).to_le_bytes());
        blob.extend([0xCC; 8]);
        blob.extend([0; 4]);
        for (id, value) in self.av_front.iter().chain(&pairs) {
            blob.extend(id.to_le_bytes());
            blob.extend((value.len() as u16).to_le_bytes());
            blob.extend(value);
        }
        if self.av_end {
            blob.extend([0; 8]);
        }
        Some(blob)
    }

    /// The whole exchange. Both contexts, or why the server refuses.
    pub(in crate::auth) fn log_on(
        &self,
        acceptor: &mut dyn Acceptor,
    ) -> Result<(NtlmContext, Box<dyn SecurityContext>), AuthError> {
        let challenge = match run(acceptor.accept(&self.negotiate()))? {
            Accepted::Continue(challenge) => challenge,
            Accepted::Done { .. } => panic!("no context after a NEGOTIATE"),
        };
        let (authenticate, exported) = self.authenticate(&challenge);
        match run(acceptor.accept(&authenticate))? {
            Accepted::Done { token: None, context } => {
                Ok((NtlmContext::initiator(&exported), context))
            }
            _ => panic!("nothing follows an AUTHENTICATE"),
        }
    }
}
