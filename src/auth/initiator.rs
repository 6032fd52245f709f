//! Initiators: NTLM through sspi, and SPNEGO around any initiator.
//!
//! Two parts aren't sspi's. SPNEGO is our own thin layer: sspi's decodes tokens with picky-krb,
//! which panics on some, and makes mechListMICs only for itself. And the messages of an
//! established context are protected by [`NtlmContext`], keyed with sspi's session key: one
//! implementation for both sides, which refuses to let sequence numbers wrap and compares in
//! constant time (`tests/sspi_probes.rs` holds it against sspi's own).

use sspi::{
    AuthIdentityBuffers, BufferType, ClientRequestFlags, DataRepresentation, Ntlm, NtlmHash,
    SecurityBuffer, Sspi, SspiImpl,
};
use zeroize::Zeroizing;

use super::kerberos::KerberosInitiator;
use super::ntlm::{Key, NtlmContext, challenge_flags, nt_hash};
use super::spnego::{NegState, NegTokenInit, NegTokenResp, oid};
use super::{AuthError, AuthLevel, AuthType, BoxFuture, Initiated, Initiator, SecurityContext};

/// Who logs on.
#[derive(Clone)]
pub struct Credentials {
    /// Account name without its domain.
    pub user: String,
    /// NetBIOS or DNS name of the account's domain; may be empty.
    pub domain: String,
    /// Password.
    pub password: Zeroizing<String>,
}

/// NTLM without SPNEGO around it (authentication type 10).
pub struct NtlmInitiator {
    sspi: Ntlm,
    credentials: Option<AuthIdentityBuffers>,
    level: AuthLevel,
    state: NtlmState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NtlmState {
    Start,
    Negotiated,
    End,
}

impl NtlmInitiator {
    /// An initiator for one exchange at this level.
    pub fn new(credentials: &Credentials, level: AuthLevel) -> Self {
        // sspi takes a password that starts with `$NTLM$:` for a hash: hand it the hash itself.
        let hash = NtlmHash::from_bytes(*nt_hash(&credentials.password));
        let Credentials { user, domain, .. } = credentials;
        Self {
            sspi: Ntlm::new(),
            credentials: Some(AuthIdentityBuffers::from_utf8_with_hash(user, domain, &hash)),
            level,
            state: NtlmState::Start,
        }
    }

    fn advance(&mut self, token: &[u8]) -> Result<Initiated, AuthError> {
        match std::mem::replace(&mut self.state, NtlmState::End) {
            NtlmState::Start => {
                let negotiate = self.ask_sspi(token)?;
                self.state = NtlmState::Negotiated;
                Ok(Initiated::Continue(negotiate))
            }
            NtlmState::Negotiated => {
                challenge_flags(token)?.check(self.level)?;
                let authenticate = self.ask_sspi(token)?;
                let context = Box::new(NtlmContext::initiator(&self.session_key()?));
                Ok(Initiated::Done { token: Some(authenticate), context })
            }
            NtlmState::End => Err(AuthError::OutOfSequence),
        }
    }

    fn ask_sspi(&mut self, token: &[u8]) -> Result<Vec<u8>, AuthError> {
        let mut input = [SecurityBuffer::new(token.to_vec(), BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        // At every level: sspi exchanges no key unless confidentiality is asked for.
        let requirements = ClientRequestFlags::USE_DCE_STYLE
            | ClientRequestFlags::INTEGRITY
            | ClientRequestFlags::CONFIDENTIALITY
            | ClientRequestFlags::REPLAY_DETECT
            | ClientRequestFlags::SEQUENCE_DETECT;
        let mut builder = self
            .sspi
            .initialize_security_context()
            .with_credentials_handle(&mut self.credentials)
            .with_context_requirements(requirements)
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(&mut input)
            .with_output(&mut output);
        self.sspi
            .initialize_security_context_impl(&mut builder)
            .and_then(|mut step| step.resolve_to_result())
            .map_err(sspi_error)?;
        let [output] = output;
        Ok(output.buffer)
    }

    fn session_key(&self) -> Result<Key, AuthError> {
        let keys = self.sspi.query_context_session_key().map_err(sspi_error)?;
        let key = keys.session_key.as_ref().as_slice();
        key.try_into()
            .map(Zeroizing::new)
            .map_err(|_| AuthError::Initiator("a session key of another length than 16".into()))
    }
}

fn sspi_error(error: sspi::Error) -> AuthError {
    AuthError::Initiator(error.to_string())
}

impl Initiator for NtlmInitiator {
    fn auth_type(&self) -> AuthType {
        AuthType::Ntlm
    }

    fn step<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Initiated, AuthError>> {
        Box::pin(async move { self.advance(token) })
    }
}

/// SPNEGO (authentication type 9) around one mechanism. It never falls back to another one: a
/// server that picks anything else is refused.
pub struct SpnegoInitiator {
    mechanism: Box<dyn Initiator>,
    oids: &'static [&'static [u8]],
    mech_type_list: Vec<u8>,
    state: SpnegoState,
}

enum SpnegoState {
    Start,
    Negotiating,
    /// The mechanism is done; the server's word and mechListMIC are due.
    AwaitingMic(Box<dyn SecurityContext>),
    End,
}

impl SpnegoInitiator {
    /// SPNEGO that offers `mechanism` alone, under these [object identifiers](super::spnego::oid).
    pub fn new(mechanism: Box<dyn Initiator>, oids: &'static [&'static [u8]]) -> Self {
        let mech_type_list = NegTokenInit::encode_mech_types(oids);
        Self { mechanism, oids, mech_type_list, state: SpnegoState::Start }
    }

    /// NTLM inside SPNEGO.
    pub fn ntlm(credentials: &Credentials, level: AuthLevel) -> Self {
        let ntlm = NtlmInitiator::new(credentials, level);
        Self::new(Box::new(ntlm), &[oid::NTLM])
    }

    /// Kerberos inside SPNEGO, under both its names, as Windows offers it.
    pub fn kerberos(kerberos: KerberosInitiator) -> Self {
        Self::new(Box::new(kerberos), &[oid::MS_KERBEROS, oid::KERBEROS])
    }

    async fn advance(&mut self, token: &[u8]) -> Result<Initiated, AuthError> {
        match std::mem::replace(&mut self.state, SpnegoState::End) {
            SpnegoState::Start => match self.mechanism.step(&[]).await? {
                Initiated::Continue(first) => {
                    self.state = SpnegoState::Negotiating;
                    Ok(Initiated::Continue(NegTokenInit::encode(&self.mech_type_list, &first)))
                }
                Initiated::Done { .. } => Err(AuthError::OutOfSequence),
            },
            SpnegoState::Negotiating => self.negotiate(NegTokenResp::parse(token)?).await,
            SpnegoState::AwaitingMic(context) => self.finish(&NegTokenResp::parse(token)?, context),
            SpnegoState::End => Err(AuthError::OutOfSequence),
        }
    }

    async fn negotiate(&mut self, resp: NegTokenResp<'_>) -> Result<Initiated, AuthError> {
        if resp.state == Some(NegState::Reject) {
            return Err(AuthError::Refused("the server rejects the SPNEGO negotiation"));
        }
        if resp.supported_mech.is_some_and(|mech| !self.oids.contains(&mech)) {
            return Err(AuthError::Refused("the server picks a mechanism that wasn't offered"));
        }
        let token = resp
            .response_token
            .ok_or(AuthError::Malformed("NegTokenResp: no token for the mechanism"))?;
        match self.mechanism.step(token).await? {
            Initiated::Continue(token) => {
                self.state = SpnegoState::Negotiating;
                Ok(Initiated::Continue(response(Some(&token), None)))
            }
            Initiated::Done { token, mut context } => {
                let mic = context.get_mic(&self.mech_type_list)?;
                self.state = SpnegoState::AwaitingMic(context);
                Ok(Initiated::Continue(response(token.as_deref(), Some(&mic))))
            }
        }
    }

    fn finish(
        &self,
        resp: &NegTokenResp<'_>,
        mut context: Box<dyn SecurityContext>,
    ) -> Result<Initiated, AuthError> {
        if resp.state != Some(NegState::AcceptCompleted) {
            return Err(AuthError::Refused("the server doesn't complete the SPNEGO negotiation"));
        }
        let mic = resp
            .mech_list_mic
            .ok_or(AuthError::Refused("the server doesn't answer the mechListMIC with its own"))?;
        context.verify_mic(&self.mech_type_list, mic)?;
        Ok(Initiated::Done { token: None, context })
    }
}

fn response(token: Option<&[u8]>, mic: Option<&[u8]>) -> Vec<u8> {
    NegTokenResp {
        state: Some(NegState::AcceptIncomplete),
        supported_mech: None,
        response_token: token,
        mech_list_mic: mic,
    }
    .encode()
}

impl Initiator for SpnegoInitiator {
    fn auth_type(&self) -> AuthType {
        AuthType::Negotiate
    }

    fn step<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Initiated, AuthError>> {
        Box::pin(self.advance(token))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ntlm::NtlmPolicy;
    use super::super::ntlm::tests::{PEER, Server, run};
    use super::super::{Accepted, AcceptorFactory, PduParts, SecurityProviders};
    use super::*;

    fn alice(password: &str) -> Credentials {
        let password = Zeroizing::new(password.to_owned());
        Credentials { user: "alice".into(), domain: "WCCE".into(), password }
    }

    type Contexts = (Box<dyn SecurityContext>, Box<dyn SecurityContext>);

    /// Lets an initiator and our acceptor talk until both contexts stand.
    fn log_on(initiator: &mut dyn Initiator, level: AuthLevel) -> Result<Contexts, AuthError> {
        let providers = SecurityProviders::of_ntlm(Server::new(NtlmPolicy::default()).ntlm, true);
        let mut acceptor = providers.acceptor(initiator.auth_type(), level, PEER).expect("offered");
        let (mut mine, mut theirs) = (None, None);
        let mut to_client = Vec::new();
        while mine.is_none() || theirs.is_none() {
            let to_server = match run(initiator.step(&to_client))? {
                Initiated::Continue(token) => Some(token),
                Initiated::Done { token, context } => {
                    mine = Some(context);
                    token
                }
            };
            let Some(to_server) = to_server else { continue };
            to_client = match run(acceptor.accept(&to_server))? {
                Accepted::Continue(token) => token,
                Accepted::Done { token, context } => {
                    theirs = Some(context);
                    token.unwrap_or_default()
                }
            };
        }
        Ok((mine.expect("stands"), theirs.expect("stands")))
    }

    fn carry(from: &mut dyn SecurityContext, to: &mut dyn SecurityContext, level: AuthLevel) {
        fn parts(body: &mut [u8]) -> PduParts<'_> {
            PduParts { header: b"header", body, trailer: b"trailer8", header_signing: true }
        }
        let mut body = *b"stub and padding";
        let token = from.protect(level, parts(&mut body)).expect("alive");
        assert_eq!(body == *b"stub and padding", level != AuthLevel::Privacy);
        to.unprotect(level, parts(&mut body), &token).expect("intact");
        assert_eq!(body, *b"stub and padding");
    }

    #[test]
    fn both_types_at_every_level() {
        for level in
            [AuthLevel::Connect, AuthLevel::Packet, AuthLevel::Integrity, AuthLevel::Privacy]
        {
            let credentials = alice("Passw0rd-Alice");
            let initiators: [Box<dyn Initiator>; 2] = [
                Box::new(NtlmInitiator::new(&credentials, level)),
                Box::new(SpnegoInitiator::ntlm(&credentials, level)),
            ];
            for mut initiator in initiators {
                let (mut mine, mut theirs) = log_on(&mut *initiator, level).expect("logs on");
                assert_eq!(theirs.caller().expect("known").account, "WCCE\\alice");
                assert!(mine.caller().is_none());
                for _ in 0..3 {
                    carry(&mut *mine, &mut *theirs, level);
                    carry(&mut *theirs, &mut *mine, level);
                }
                assert!(run(initiator.step(b"more")).is_err(), "done is done");
            }
        }
    }

    #[test]
    fn wrong_credentials() {
        let level = AuthLevel::Privacy;
        let nobody = Credentials { user: "nobody".into(), ..alice("Passw0rd-Alice") };
        for credentials in [alice("wrong"), alice(""), nobody] {
            for spnego in [false, true] {
                let outcome = match spnego {
                    true => log_on(&mut SpnegoInitiator::ntlm(&credentials, level), level),
                    false => log_on(&mut NtlmInitiator::new(&credentials, level), level),
                };
                assert_eq!(outcome.map(|_| ()).err(), Some(AuthError::LogonFailure));
            }
        }
    }

    #[test]
    fn a_password_that_looks_like_a_hash_of_sspi_is_a_password() {
        let hash = hex::encode(*nt_hash("Passw0rd-Alice"));
        let level = AuthLevel::Privacy;
        let outcome =
            log_on(&mut NtlmInitiator::new(&alice(&format!("$NTLM$:{hash}")), level), level);
        assert_eq!(outcome.map(|_| ()).err(), Some(AuthError::LogonFailure));
    }

    #[test]
    fn a_weak_challenge_is_refused() {
        let level = AuthLevel::Privacy;
        for flag in [0x1u32, 0x10, 0x20, 0x8_0000, 0x2000_0000, 0x4000_0000] {
            let mut initiator = NtlmInitiator::new(&alice("Passw0rd-Alice"), level);
            let Ok(Initiated::Continue(negotiate)) = run(initiator.step(&[])) else {
                panic!("a NEGOTIATE is due");
            };
            let server = Server::new(NtlmPolicy::default());
            let mut acceptor = server.acceptor();
            let Ok(Accepted::Continue(mut challenge)) =
                run(super::super::Acceptor::accept(&mut acceptor, &negotiate))
            else {
                panic!("a CHALLENGE is due");
            };
            let flags = u32::from_le_bytes(challenge[20..24].try_into().expect("4")) & !flag;
            challenge[20..24].copy_from_slice(&flags.to_le_bytes());
            let outcome = run(initiator.step(&challenge)).map(|_| ());
            assert!(matches!(outcome, Err(AuthError::Refused(_))), "{flag:#x}: {outcome:?}");
        }
    }

    /// What a server may answer a NegTokenInit with, and an initiator must refuse.
    #[test]
    fn bad_answers_to_spnego() {
        let level = AuthLevel::Privacy;
        let answer = |resp: NegTokenResp<'_>| {
            let mut initiator = SpnegoInitiator::ntlm(&alice("x"), level);
            run(initiator.step(&[])).map(|_| ()).expect("a NegTokenInit");
            run(initiator.step(&resp.encode())).map(|_| ())
        };
        let kerberos = super::super::spnego::oid::KERBEROS;
        for resp in [
            NegTokenResp { state: Some(NegState::Reject), ..Default::default() },
            NegTokenResp { supported_mech: Some(kerberos), ..Default::default() },
            NegTokenResp { state: Some(NegState::AcceptCompleted), ..Default::default() },
            NegTokenResp { response_token: Some(b"NTLMSSP\0"), ..Default::default() },
        ] {
            assert!(answer(resp).is_err());
        }
    }

    /// The server must prove that it saw the list that was sent.
    #[test]
    fn the_server_must_complete_with_its_own_mic() {
        let level = AuthLevel::Privacy;
        let server = Server::new(NtlmPolicy::default());
        for (state, keep_mic, flip) in [
            (NegState::AcceptCompleted, true, 0),
            (NegState::AcceptCompleted, true, 1),
            (NegState::AcceptCompleted, false, 0),
            (NegState::AcceptIncomplete, true, 0),
        ] {
            let providers = SecurityProviders::of_ntlm(server.ntlm.clone(), false);
            let mut acceptor =
                providers.acceptor(AuthType::Negotiate, level, PEER).expect("offered");
            let mut initiator = SpnegoInitiator::ntlm(&alice("Passw0rd-Alice"), level);
            let mut to_client = Vec::new();
            let last = loop {
                let Ok(Initiated::Continue(token)) = run(initiator.step(&to_client)) else {
                    panic!("goes on");
                };
                match run(acceptor.accept(&token)).expect("logs on") {
                    Accepted::Continue(token) => to_client = token,
                    Accepted::Done { token, .. } => break token.expect("an answer"),
                }
            };
            let resp = NegTokenResp::parse(&last).expect("well-formed");
            let mut mic = resp.mech_list_mic.expect("there").to_vec();
            mic[5] ^= flip;
            let mech_list_mic = keep_mic.then_some(&mic[..]);
            let resp = NegTokenResp { state: Some(state), mech_list_mic, ..Default::default() };
            let outcome = run(initiator.step(&resp.encode()));
            let intact = state == NegState::AcceptCompleted && keep_mic && flip == 0;
            assert_eq!(outcome.is_ok(), intact);
        }
    }
}
