//! The acceptor: NEGOTIATE → CHALLENGE, AUTHENTICATE → context, with the checks of [MS-NLMP]
//! 3.2.5.1.2 and those that stop relays and downgrades.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::av::{ClientPairs, target_info};
use super::crypto::{Rc4, hmac_md5};
use super::messages::{Authenticate, Challenge, NtlmFlags, negotiate_flags};
use super::{Key, NtlmContext};
use crate::auth::{
    Accepted, Acceptor, AuthError, AuthLevel, BoxFuture, Environment, Names, NtlmLogon,
    NtlmResponse, Peer, Verifier, filetime,
};
use crate::logging::{Line, line_about};

/// How long a challenge may be answered.
const CHALLENGE_LIFE: Duration = Duration::from_secs(60);
/// How far the time of a response may be from that of the CHALLENGE, in units of 100 ns: 36 hours,
/// as Windows allows. Clients should repeat the CHALLENGE's, but scapy tells its own; what binds
/// a response to the CHALLENGE is MsvAvTimestamp, which must come back as it was sent.
const MAX_TIME_SHIFT: u64 = 36 * 3600 * 10_000_000;
/// The version that the CHALLENGE shows (10.0.17763, revision 15) to clients that show theirs.
/// Nobody interprets it.
const VERSION: [u8; 8] = [10, 0, 0x63, 0x45, 0, 0, 0, 15];
/// RID of the Guest account.
const GUEST_RID: u32 = 501;

/// What an acceptor demands beyond the protocol's own rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NtlmPolicy {
    /// When an AUTHENTICATE must carry a MIC.
    pub mic: MicPolicy,
    /// When a response must name its target.
    pub target_name: TargetNamePolicy,
}

/// When an AUTHENTICATE must carry a MIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MicPolicy {
    /// When the client announces one (MsvAvFlags, which the NTProofStr covers, so nobody can
    /// take the announcement out). impacket and Certipy never send one and get in. What their
    /// logons lack is proof that the flags of the three messages arrived unaltered; the acceptor
    /// demands the strong ones from each message anyway, and the session key protects what
    /// follows.
    #[default]
    Announced,
    /// Always: the CHALLENGE carries a timestamp, at which Windows, Samba and gss-ntlmssp send a
    /// MIC. Shuts out impacket and Certipy, and tools that relay by way of old clients.
    Always,
}

/// When a response must name its target (MsvAvTargetName). One that is there must be ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TargetNamePolicy {
    /// It may be absent: Samba and gss-ntlmssp only send one if their caller names a target.
    #[default]
    IfPresent,
    /// It must be there, and the client must have got it from a trusted source. Windows 10
    /// calls the names that its RPC run-time makes untrusted, so this shuts it out.
    Required,
}

/// What all NTLM acceptors of a server share.
pub struct NtlmServer {
    /// This server's names, for the target information.
    pub names: Names,
    /// What is demanded beyond the protocol's own rules.
    pub policy: NtlmPolicy,
    /// Who checks responses.
    pub verifier: Arc<dyn Verifier>,
    /// Clock and random bytes.
    pub environment: Arc<dyn Environment>,
}

/// One NTLM authentication, the server's side.
pub struct NtlmAcceptor {
    server: Arc<NtlmServer>,
    level: AuthLevel,
    peer: Peer,
    state: State,
    mic_announced: bool,
}

enum State {
    Start,
    Challenged(Outstanding),
    /// Done or failed: every further token is an error.
    End,
}

/// The one challenge that waits for its answer, with the messages that the MIC covers.
struct Outstanding {
    negotiate: Vec<u8>,
    challenge: Vec<u8>,
    server_challenge: [u8; 8],
    target_info: Vec<u8>,
    timestamp: u64,
    issued: SystemTime,
}

impl NtlmAcceptor {
    /// An acceptor for one exchange at this level.
    pub fn new(server: Arc<NtlmServer>, level: AuthLevel, peer: Peer) -> Self {
        Self { server, level, peer, state: State::Start, mic_announced: false }
    }

    fn challenge(&self, negotiate: &[u8]) -> Result<Outstanding, AuthError> {
        let flags = negotiate_flags(negotiate)?;
        flags.check(self.level)?;
        let NtlmServer { names, environment, .. } = &*self.server;
        let mut server_challenge = [0; 8];
        environment.random(&mut server_challenge)?;
        let issued = environment.now();
        let timestamp = filetime(issued)?;
        let target_info = target_info(names, timestamp)?;
        let member = names.dns_forest.is_some();
        let challenge = Challenge {
            flags: Challenge::answering(flags, member),
            target_name: if member { &names.netbios_domain } else { &names.netbios_computer },
            server_challenge,
            target_info: &target_info,
            version: if flags.contains(NtlmFlags::VERSION) { VERSION } else { [0; 8] },
        }
        .encode()?;
        let negotiate = negotiate.to_vec();
        Ok(Outstanding { negotiate, challenge, server_challenge, target_info, timestamp, issued })
    }

    async fn authenticate(
        &mut self,
        outstanding: Outstanding,
        token: &[u8],
    ) -> Result<NtlmContext, AuthError> {
        let server = Arc::clone(&self.server);
        let age = server.environment.now().duration_since(outstanding.issued);
        if !age.is_ok_and(|age| age <= CHALLENGE_LIFE) {
            return Err(AuthError::Refused("the NTLM challenge is older than 60 s"));
        }
        let message = Authenticate::parse(token)?;
        let outcome = self.judge(&server, &outstanding, &message).await;
        let (user, domain, remote) = (&message.user, &message.domain, self.peer.remote);
        match &outcome {
            Ok(_) => tracing::debug!(?user, ?domain, %remote, "NTLM logon"),
            Err(error) => {
                if let Some(Line { unsaid }) = line_about(&remote.to_string()) {
                    tracing::warn!(?user, ?domain, %remote, %error, unsaid, "NTLM logon refused");
                }
            }
        }
        outcome
    }

    async fn judge(
        &mut self,
        server: &NtlmServer,
        outstanding: &Outstanding,
        message: &Authenticate<'_>,
    ) -> Result<NtlmContext, AuthError> {
        message.flags.check(self.level)?;
        refuse_anonymous(message)?;
        let pairs = client_pairs(message, outstanding)?;
        let target_required = server.policy.target_name == TargetNamePolicy::Required;
        pairs.check_target(&server.names, self.peer, target_required)?;

        let response = NtlmResponse {
            server_challenge: outstanding.server_challenge,
            domain: &message.domain,
            user: &message.user,
            workstation: &message.workstation,
            nt_response: message.nt_response,
            peer: self.peer,
        };
        let logon = server.verifier.verify(response).await?;

        let exported = exported_session_key(&logon, message)?;
        self.mic_announced = pairs.announces_mic();
        if self.mic_announced {
            check_mic(&exported, outstanding, message)?;
        } else if server.policy.mic == MicPolicy::Always {
            return Err(AuthError::Refused("AUTHENTICATE without a MIC, which is required"));
        }
        refuse_guest(&logon)?;
        Ok(NtlmContext::acceptor(&exported, Arc::new(logon.caller)))
    }
}

impl Acceptor for NtlmAcceptor {
    fn accept<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        Box::pin(async move {
            match std::mem::replace(&mut self.state, State::End) {
                State::Start => {
                    let outstanding = self.challenge(token)?;
                    let challenge = outstanding.challenge.clone();
                    self.state = State::Challenged(outstanding);
                    Ok(Accepted::Continue(challenge))
                }
                State::Challenged(outstanding) => {
                    let context = self.authenticate(outstanding, token).await?;
                    Ok(Accepted::Done { token: None, context: Box::new(context) })
                }
                State::End => Err(AuthError::OutOfSequence),
            }
        })
    }

    fn wants_mech_list_mic(&self) -> bool {
        self.mic_announced
    }
}

/// Anonymous logons have neither user nor response; halves of one are refused as well.
fn refuse_anonymous(message: &Authenticate<'_>) -> Result<(), AuthError> {
    if message.user.is_empty() || message.nt_response.is_empty() {
        return Err(AuthError::Refused("an anonymous logon"));
    }
    Ok(())
}

/// Checks the NTLMv2 blob of [MS-NLMP] 2.2.2.7 and its AV pairs.
fn client_pairs<'a>(
    message: &Authenticate<'a>,
    outstanding: &Outstanding,
) -> Result<ClientPairs<'a>, AuthError> {
    const BLOB: AuthError = AuthError::Malformed("NTLMv2 response");
    if message.nt_response.len() == 24 {
        return Err(AuthError::Refused("NTLMv1"));
    }
    let (_proof, blob) = message.nt_response.split_first_chunk::<16>().ok_or(BLOB)?;
    let ([response_type, highest, _reserved @ ..], blob) =
        blob.split_first_chunk::<8>().ok_or(BLOB)?;
    let (timestamp, blob) = blob.split_first_chunk::<8>().ok_or(BLOB)?;
    let (_challenge_and_reserved, pairs) = blob.split_first_chunk::<12>().ok_or(BLOB)?;
    if (*response_type, *highest) != (1, 1) {
        return Err(BLOB);
    }
    let pairs = ClientPairs::check(pairs, &outstanding.target_info)?;
    if u64::from_le_bytes(*timestamp).abs_diff(outstanding.timestamp) > MAX_TIME_SHIFT {
        return Err(AuthError::Refused("the time of the NTLMv2 response is off by over 36 hours"));
    }
    Ok(pairs)
}

/// The random key that the client chose, decrypted with the KeyExchangeKey (for NTLMv2 that is
/// the SessionBaseKey).
fn exported_session_key(logon: &NtlmLogon, message: &Authenticate<'_>) -> Result<Key, AuthError> {
    if logon.session_base_key.iter().all(|byte| *byte == 0) {
        return Err(AuthError::Refused("a null session key"));
    }
    let encrypted = <[u8; 16]>::try_from(message.encrypted_key)
        .map_err(|_| AuthError::Malformed("EncryptedRandomSessionKey"))?;
    let mut key = Zeroizing::new(encrypted);
    Rc4::new(&logon.session_base_key).apply(&mut *key);
    Ok(key)
}

fn check_mic(
    exported: &Key,
    outstanding: &Outstanding,
    message: &Authenticate<'_>,
) -> Result<(), AuthError> {
    let (mic, without_mic) = message.mic()?;
    let expected =
        hmac_md5(exported, &[&outstanding.negotiate, &outstanding.challenge, &without_mic]);
    match bool::from(expected.ct_eq(&mic)) {
        true => Ok(()),
        false => Err(AuthError::Refused("the MIC of the AUTHENTICATE is wrong")),
    }
}

fn refuse_guest(logon: &NtlmLogon) -> Result<(), AuthError> {
    match logon.caller.token.user().rid() {
        Some(GUEST_RID) => Err(AuthError::Refused("a guest logon")),
        _ => Ok(()),
    }
}
