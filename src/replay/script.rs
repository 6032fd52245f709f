//! A recorded server as a script: services that give the recorded answers, security providers that
//! give the recorded tokens. What the association itself decides is then ours.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use super::conversation::{Conversation, Presentation};
use super::security::{Firsts, LegAnswer, RecordedContext, SessionKeys, nobody};
use super::streams::Direction;
use super::{AccountSecret, Secrets};
use crate::auth::kerberos::End;
use crate::auth::ntlm::{
    NtlmAcceptor, NtlmPolicy, NtlmServer, RecordedChallenge, response_key, verify_response,
};
use crate::auth::spnego::{Mechanism, NegTokenResp, SpnegoAcceptor};
use crate::auth::{
    Accepted, Acceptor, AcceptorFactory, AuthError, AuthLevel, AuthType, BoxFuture, Environment,
    NtlmLogon, NtlmResponse, PduParts, Peer, SecurityContext, Verifier,
};
use crate::generated::epm::EPT;
use crate::generated::icertadmind::{I_CERT_ADMIN_D, I_CERT_ADMIN_D2};
use crate::generated::icertpassage::I_CERT_PASSAGE;
use crate::generated::icertrequestd::{I_CERT_REQUEST_D, I_CERT_REQUEST_D2};
use crate::generated::mgmt::MGMT;
use crate::generated::oxid::I_OBJECT_EXPORTER;
use crate::generated::remote_activation::{I_ACTIVATION, I_REMOTE_SCM_ACTIVATOR};
use crate::generated::remunknown::{I_REM_UNKNOWN, I_REM_UNKNOWN2};
use crate::model::Caller;
use crate::ndr::{Fault, InterfaceId, Syntax};
use crate::rpc::pdu::{Body, NDR64_SYNTAX};
use crate::rpc::{CallContext, Policy, Service};

/// Whose rules hold for what the script cannot tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rules {
    /// The recorded server's: any level, and any token that was taken is good.
    Recorded,
    /// wcced's: its levels for its own interfaces.
    Own,
    /// wcced's, and the recorded server was one: its NTLM acceptor decides about tokens, with the
    /// time and the challenge of the recording.
    Exact,
}

/// A call's answer as the capture has it.
type Recorded = Result<Vec<u8>, Fault>;

/// Answers by call id.
type Answers = Arc<Mutex<HashMap<u32, VecDeque<Recorded>>>>;

/// What the recorded server of a connection knew.
pub struct Script {
    /// Its interfaces, with the recorded answers.
    pub services: Vec<Arc<dyn Service>>,
    /// Its security providers, with the recorded tokens.
    pub acceptors: Arc<dyn AcceptorFactory>,
}

impl Script {
    /// What the server of this conversation knew.
    pub fn of(conversation: &Conversation, secrets: &Secrets, rules: Rules) -> Self {
        let answers: Answers = Arc::new(Mutex::new(answers(conversation)));
        let mut bound: HashMap<InterfaceId, bool> = HashMap::new();
        for Presentation { interface, transfer_syntax } in &conversation.accepted {
            *bound.entry(*interface).or_default() |= *transfer_syntax == NDR64_SYNTAX;
        }
        let service = |(interface, ndr64)| -> Arc<dyn Service> {
            let policy = policy(&interface, ndr64, rules);
            Arc::new(RecordedService { interface, policy, answers: Arc::clone(&answers) })
        };
        let acceptor = |context: &RecordedContext| RecordedExchange::of(context, secrets, rules);
        let acceptors = conversation.contexts.iter().map(acceptor).collect();
        Self {
            services: bound.into_iter().map(service).collect(),
            acceptors: Arc::new(RecordedProviders(Mutex::new(acceptors))),
        }
    }
}

fn policy(interface: &InterfaceId, ndr64: bool, rules: Rules) -> Policy {
    const BOTH: &[Syntax] = &[Syntax::Ndr64, Syntax::Ndr20];
    const NDR: &[Syntax] = &[Syntax::Ndr20];
    const SEALED: [InterfaceId; 5] =
        [I_CERT_PASSAGE, I_CERT_REQUEST_D, I_CERT_REQUEST_D2, I_CERT_ADMIN_D, I_CERT_ADMIN_D2];
    const SIGNED: [InterfaceId; 2] = [I_REMOTE_SCM_ACTIVATOR, I_ACTIVATION];
    const OPEN: [InterfaceId; 2] = [EPT, MGMT];
    const EXPORTER: [InterfaceId; 3] = [I_OBJECT_EXPORTER, I_REM_UNKNOWN, I_REM_UNKNOWN2];
    let is = |list: &[InterfaceId]| list.iter().any(|one| one.uuid == interface.uuid);
    let (min_level, syntaxes) = match rules {
        Rules::Own | Rules::Exact if is(&SEALED) => (Some(AuthLevel::Privacy), BOTH),
        Rules::Own | Rules::Exact if is(&SIGNED) => (Some(AuthLevel::Integrity), NDR),
        Rules::Own | Rules::Exact if is(&OPEN) => (None, BOTH),
        Rules::Own | Rules::Exact if is(&EXPORTER) => (None, NDR),
        _ => (None, if ndr64 { BOTH } else { NDR }),
    };
    Policy { min_level, syntaxes, ..Policy::default() }
}

/// The recorded answers, put together.
fn answers(conversation: &Conversation) -> HashMap<u32, VecDeque<Recorded>> {
    let mut partial: HashMap<u32, Vec<u8>> = HashMap::new();
    let mut answers: HashMap<u32, VecDeque<Recorded>> = HashMap::new();
    let theirs = conversation.entries.iter().filter(|entry| entry.direction == Direction::ToClient);
    for (entry, pdu) in theirs.filter_map(|entry| Some((entry, entry.pdu.as_ref().ok()?))) {
        match &pdu.body {
            Body::Response(_) => {
                partial.entry(pdu.call_id).or_default().extend_from_slice(&entry.stub());
                if pdu.flags.contains(crate::rpc::pdu::PfcFlags::LAST) {
                    let stub = partial.remove(&pdu.call_id).unwrap_or_default();
                    answers.entry(pdu.call_id).or_default().push_back(Ok(stub));
                }
            }
            Body::Fault(fault) => {
                answers.entry(pdu.call_id).or_default().push_back(Err(Fault(fault.status)));
            }
            _ => {}
        }
    }
    answers
}

/// Answers as the capture has it, by call id.
struct RecordedService {
    interface: InterfaceId,
    policy: Policy,
    answers: Answers,
}

impl Service for RecordedService {
    fn interface(&self) -> InterfaceId {
        self.interface
    }

    fn policy(&self) -> Policy {
        self.policy
    }

    fn call(&self, call: CallContext, _: u16, _: Bytes) -> BoxFuture<'_, Recorded> {
        let answer = lock(&self.answers).get_mut(&call.call_id).and_then(VecDeque::pop_front);
        // A capture may end before the answer.
        Box::pin(async move { answer.unwrap_or(Err(Fault::CANCELLED)) })
    }
}

/// Hands out the recorded exchanges in their order.
struct RecordedProviders(Mutex<VecDeque<RecordedExchange>>);

impl AcceptorFactory for RecordedProviders {
    fn acceptor(
        &self,
        auth_type: AuthType,
        level: AuthLevel,
        peer: Peer,
    ) -> Option<Box<dyn Acceptor>> {
        let mut exchanges = lock(&self.0);
        let exchange = exchanges.front()?;
        if (exchange.auth_type, exchange.level) != (auth_type.to_wire(), Some(level)) {
            return None;
        }
        exchanges.pop_front().map(|exchange| exchange.acceptor(level, peer))
    }
}

/// One exchange of the recorded server.
struct RecordedExchange {
    auth_type: u8,
    level: Option<AuthLevel>,
    /// What the server answered to each leg.
    legs: VecDeque<LegAnswer>,
    token_len: usize,
    keys: SessionKeys,
    firsts: Firsts,
    /// Decides about NTLM's tokens in place of the recording.
    real: Option<Arc<NtlmServer>>,
    /// Whether it was Kerberos that SPNEGO picked.
    kerberos: bool,
}

impl RecordedExchange {
    fn of(context: &RecordedContext, secrets: &Secrets, rules: Rules) -> Self {
        let real = (rules == Rules::Exact).then(|| real_ntlm(context, secrets)).flatten();
        Self {
            auth_type: context.auth_type,
            level: context.level,
            legs: context.legs.iter().map(|leg| leg.answer.clone()).collect(),
            token_len: context.token_len,
            keys: context.keys.clone(),
            firsts: context.firsts.clone(),
            real,
            kerberos: context.is_kerberos(),
        }
    }

    fn acceptor(mut self, level: AuthLevel, peer: Peer) -> Box<dyn Acceptor> {
        let spnego = self.auth_type == AuthType::Negotiate.to_wire();
        let ntlm = self.real.take().map(|server| Box::new(NtlmAcceptor::new(server, level, peer)));
        match ntlm {
            Some(ntlm) if spnego => {
                Box::new(SpnegoAcceptor::new(vec![Mechanism::ntlm(ntlm, true)]))
            }
            Some(ntlm) => ntlm,
            // SPNEGO is ours, for its mechListMIC; the mechanism is the recorded one.
            None if spnego && self.has_keys() => {
                self.legs.iter_mut().for_each(LegAnswer::unwrap_spnego);
                let kerberos = self.kerberos;
                let recorded = Box::new(self);
                let mechanism = match kerberos {
                    true => Mechanism::kerberos(recorded),
                    false => Mechanism::ntlm(recorded, true),
                };
                Box::new(SpnegoAcceptor::new(vec![mechanism]))
            }
            None => Box::new(self),
        }
    }
}

impl LegAnswer {
    /// The mechanism's token in SPNEGO's.
    fn unwrap_spnego(&mut self) {
        if let Self::Token(token) = self
            && let Ok(resp) = NegTokenResp::parse(token)
        {
            *self = match resp.response_token {
                Some(inner) => Self::Token(Bytes::copy_from_slice(inner)),
                None => Self::Nothing,
            };
        }
    }
}

impl Acceptor for RecordedExchange {
    fn accept<'a>(&'a mut self, _: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        let answer = self.legs.pop_front().unwrap_or(LegAnswer::Refused);
        let accepted = match answer {
            LegAnswer::Refused => Err(AuthError::Refused("as recorded")),
            LegAnswer::Token(token) if !self.legs.is_empty() => {
                Ok(Accepted::Continue(token.to_vec()))
            }
            LegAnswer::Token(token) => {
                Ok(Accepted::Done { token: Some(token.to_vec()), context: self.context() })
            }
            LegAnswer::Nothing => Ok(Accepted::Done { token: None, context: self.context() }),
        };
        Box::pin(async move { accepted })
    }
}

impl RecordedExchange {
    fn has_keys(&self) -> bool {
        !matches!(self.keys, SessionKeys::Unknown(_))
    }

    fn context(&self) -> Box<dyn SecurityContext> {
        let context = self.keys.context(End::Acceptor, &self.firsts);
        context.unwrap_or_else(|_| Box::new(PassThrough(self.token_len)))
    }
}

/// A context whose key nobody knows: takes every token, leaves sealed stubs sealed.
struct PassThrough(usize);

impl SecurityContext for PassThrough {
    fn token_len(&self, _: AuthLevel) -> usize {
        self.0
    }

    fn protect(&mut self, _: AuthLevel, _: PduParts<'_>) -> Result<Vec<u8>, AuthError> {
        Ok(vec![0; self.0])
    }

    fn unprotect(&mut self, _: AuthLevel, _: PduParts<'_>, _: &[u8]) -> Result<(), AuthError> {
        Ok(())
    }

    fn get_mic(&mut self, _: &[u8]) -> Result<Vec<u8>, AuthError> {
        Err(AuthError::OutOfSequence)
    }

    fn verify_mic(&mut self, _: &[u8], _: &[u8]) -> Result<(), AuthError> {
        Err(AuthError::OutOfSequence)
    }

    fn caller(&self) -> Option<Arc<Caller>> {
        Some(nobody())
    }
}

/// Our own NTLM server as it was at the time of the recording; `None` where the exchange has no
/// CHALLENGE.
fn real_ntlm(context: &RecordedContext, secrets: &Secrets) -> Option<Arc<NtlmServer>> {
    let challenge = RecordedChallenge::parse(context.challenge()).ok()?;
    let hash = |account: &AccountSecret| (account.user.clone(), account.nt_hash.clone());
    let accounts = secrets.accounts.iter().map(hash).collect();
    Some(Arc::new(NtlmServer {
        names: challenge.names,
        policy: NtlmPolicy::default(),
        verifier: Arc::new(Accounts(accounts)),
        environment: Arc::new(Then {
            now: challenge.time?,
            random: Mutex::new(challenge.server_challenge.into()),
        }),
    }))
}

/// The time and the randomness of a recording.
struct Then {
    now: SystemTime,
    random: Mutex<VecDeque<u8>>,
}

impl Environment for Then {
    fn now(&self) -> SystemTime {
        self.now
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), AuthError> {
        let mut random = lock(&self.random);
        for byte in buffer {
            *byte = random.pop_front().ok_or(AuthError::Random)?;
        }
        Ok(())
    }
}

/// The accounts whose passwords were given.
struct Accounts(Vec<(Option<String>, crate::auth::ntlm::Key)>);

impl Verifier for Accounts {
    fn verify<'a>(
        &'a self,
        response: NtlmResponse<'a>,
    ) -> BoxFuture<'a, Result<NtlmLogon, AuthError>> {
        let secrets = Secrets {
            accounts: self
                .0
                .iter()
                .map(|(user, nt_hash)| AccountSecret {
                    user: user.clone(),
                    nt_hash: nt_hash.clone(),
                })
                .collect(),
            ..Secrets::default()
        };
        let verify = |hash| {
            let key = response_key(hash, response.user, response.domain);
            verify_response(&key, &response.server_challenge, response.nt_response)
        };
        let base = secrets.hashes(response.user).find_map(verify);
        let logon = base.map(|session_base_key| NtlmLogon {
            session_base_key,
            caller: Caller::clone(&nobody()),
        });
        Box::pin(async move { logon.ok_or(AuthError::LogonFailure) })
    }
}

/// Nothing here is left half-done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
