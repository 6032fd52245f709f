//! The security contexts of a connection: handshakes, and which context a request names.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::Limits;
use crate::auth::{
    Accepted, Acceptor, AcceptorFactory, AuthError, AuthLevel, AuthType, Peer, SecurityContext,
};
use crate::model::Caller;
use crate::ndr::Fault;
use crate::rpc::pdu::{NakReason, Protection, SecTrailer};

/// Legs of the client after which an authentication that still wants more has failed.
const MAX_LEGS: u8 = 6;

/// One step of an authentication, to be run by the shell: it may wait for a domain controller or
/// run on another thread.
pub struct AuthTask {
    acceptor: Box<dyn Acceptor>,
    token: Bytes,
    context_id: u32,
}

/// What became of an [`AuthTask`].
pub struct AuthOutcome {
    acceptor: Box<dyn Acceptor>,
    result: Result<Accepted, AuthError>,
    context_id: u32,
}

impl AuthTask {
    /// Hands the client's token to the security provider.
    pub async fn run(mut self) -> AuthOutcome {
        let result = self.acceptor.accept(&self.token).await;
        AuthOutcome { acceptor: self.acceptor, result, context_id: self.context_id }
    }
}

/// All security contexts of a connection, by `auth_context_id`.
#[derive(Default)]
pub(super) struct SecurityContexts {
    contexts: HashMap<u32, Context>,
}

struct Context {
    auth_type: AuthType,
    level: AuthLevel,
    state: State,
}

enum State {
    /// The acceptor is away while its task runs.
    Handshake {
        acceptor: Option<Box<dyn Acceptor>>,
        since: Instant,
        legs: u8,
    },
    Established {
        context: Box<dyn SecurityContext>,
        caller: Arc<Caller>,
    },
    Failed,
}

/// How a leg of an authentication is refused before its token is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Refusal {
    /// What a bind is answered with.
    pub nak: NakReason,
    /// What an alter_context is answered with.
    pub fault: Fault,
    /// For the log.
    pub reason: &'static str,
}

/// What an authentication step has led to.
pub(super) enum Step {
    /// The client must send another token.
    Continue(Bytes),
    /// The context stands.
    Done(Option<Bytes>),
    /// The context is void.
    Failed(AuthError),
}

/// Which security context protects a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Selected {
    /// None: the connection has no security context.
    Anonymous,
    /// This one, by `auth_context_id`.
    Context(u32),
}

/// A request that names no usable security context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SelectError {
    /// The context is not finished: a protocol error.
    Unfinished,
    /// Bare, unknown, failed, or of another type or level: access denied.
    Denied(&'static str),
}

impl SecurityContexts {
    /// Begins an authentication, or goes on with one; the task carries the token.
    pub(super) fn leg(
        &mut self,
        trailer: &SecTrailer,
        token: Bytes,
        factory: &dyn AcceptorFactory,
        peer: Peer,
        limits: &Limits,
        now: Instant,
    ) -> Result<AuthTask, Refusal> {
        if !self.contexts.contains_key(&trailer.context_id) {
            self.begin(trailer, factory, peer, limits, now)?;
        }
        self.resume(trailer, token)
    }

    fn begin(
        &mut self,
        trailer: &SecTrailer,
        factory: &dyn AcceptorFactory,
        peer: Peer,
        limits: &Limits,
        now: Instant,
    ) -> Result<(), Refusal> {
        let level = AuthLevel::from_wire(trailer.auth_level)
            .ok_or_else(|| Refusal::protocol("authentication level not known"))?;
        if self.contexts.len() >= limits.max_security_contexts
            || self.handshakes().count() >= limits.max_handshakes
        {
            return Err(Refusal {
                nak: NakReason::LOCAL_LIMIT_EXCEEDED,
                ..Refusal::protocol("too many security contexts")
            });
        }
        let auth_type = AuthType::from_wire(trailer.auth_type);
        let acceptor = auth_type.and_then(|auth_type| factory.acceptor(auth_type, level, peer));
        let (Some(auth_type), Some(acceptor)) = (auth_type, acceptor) else {
            return Err(Refusal {
                nak: NakReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED,
                fault: Fault::SECURITY_PACKAGE,
                reason: "security provider not offered",
            });
        };
        let state = State::Handshake { acceptor: Some(acceptor), since: now, legs: 0 };
        self.contexts.insert(trailer.context_id, Context { auth_type, level, state });
        Ok(())
    }

    /// Takes the acceptor out for its next token.
    fn resume(&mut self, trailer: &SecTrailer, token: Bytes) -> Result<AuthTask, Refusal> {
        let denied = Refusal::denied("security context changed or already finished");
        let context = self.contexts.get_mut(&trailer.context_id).ok_or(denied)?;
        if AuthLevel::from_wire(trailer.auth_level) != Some(context.level) {
            return Err(denied);
        }
        if AuthType::from_wire(trailer.auth_type) != Some(context.auth_type) {
            return Err(Refusal { fault: Fault::SECURITY_PACKAGE, ..denied });
        }
        let State::Handshake { acceptor, legs, .. } = &mut context.state else {
            return Err(denied);
        };
        *legs = legs.saturating_add(1);
        let acceptor = acceptor.take().ok_or(denied)?;
        Ok(AuthTask { acceptor, token, context_id: trailer.context_id })
    }

    /// Whether a handshake is open under this id, so that an auth3 can end it.
    pub(super) fn is_open(&self, context_id: u32) -> bool {
        matches!(
            self.contexts.get(&context_id),
            Some(Context { state: State::Handshake { .. }, .. })
        )
    }

    /// Takes the verdict on a token.
    pub(super) fn settle(&mut self, outcome: AuthOutcome) -> Step {
        let AuthOutcome { acceptor, result, context_id } = outcome;
        let Some(context) = self.contexts.get_mut(&context_id) else {
            return Step::Failed(AuthError::OutOfSequence);
        };
        let (state, step) = match result {
            Ok(Accepted::Continue(token)) => context.state.wait(acceptor, token),
            Ok(Accepted::Done { token, context }) => State::establish(context, token),
            Err(error) => (State::Failed, Step::Failed(error)),
        };
        context.state = state;
        step
    }

    /// Voids a context whose handshake cannot be finished any more.
    pub(super) fn fail(&mut self, context_id: u32) {
        if let Some(context) = self.contexts.get_mut(&context_id) {
            context.state = State::Failed;
        }
    }

    /// How many there are, in whatever state.
    pub(super) fn len(&self) -> usize {
        self.contexts.len()
    }

    /// Whether one stands.
    pub(super) fn any_established(&self) -> bool {
        self.contexts.values().any(|context| matches!(context.state, State::Established { .. }))
    }

    /// When the oldest open handshake began.
    pub(super) fn oldest_handshake(&self) -> Option<Instant> {
        self.handshakes().min()
    }

    fn handshakes(&self) -> impl Iterator<Item = Instant> {
        self.contexts.values().filter_map(|context| match context.state {
            State::Handshake { since, .. } => Some(since),
            _ => None,
        })
    }

    /// Which context protects a request with this trailer. A bare request is anonymous on a
    /// connection without security contexts, belongs to the context where there is one alone and
    /// it is of level connect ([MS-RPCE] 3.3.1.5.4), and is refused otherwise.
    pub(super) fn select(&self, trailer: Option<&SecTrailer>) -> Result<Selected, SelectError> {
        let Some(trailer) = trailer else {
            return self.select_bare();
        };
        let context = self
            .contexts
            .get(&trailer.context_id)
            .ok_or(SelectError::Denied("unknown security context"))?;
        if AuthType::from_wire(trailer.auth_type) != Some(context.auth_type)
            || AuthLevel::from_wire(trailer.auth_level) != Some(context.level)
        {
            return Err(SelectError::Denied("type or level of the security context changed"));
        }
        context.usable()?;
        Ok(Selected::Context(trailer.context_id))
    }

    fn select_bare(&self) -> Result<Selected, SelectError> {
        let mut contexts = self.contexts.iter();
        match (contexts.next(), contexts.next()) {
            (None, _) => Ok(Selected::Anonymous),
            (Some((id, context)), None) if context.level == AuthLevel::Connect => {
                context.usable()?;
                Ok(Selected::Context(*id))
            }
            _ => Err(SelectError::Denied("no security trailer on an authenticated connection")),
        }
    }

    /// Caller, type and level of an established context.
    pub(super) fn identity(
        &self,
        selected: Selected,
    ) -> Option<(Arc<Caller>, AuthType, AuthLevel)> {
        let Selected::Context(id) = selected else {
            return None;
        };
        let context = self.contexts.get(&id)?;
        match &context.state {
            State::Established { caller, .. } => {
                Some((Arc::clone(caller), context.auth_type, context.level))
            }
            _ => None,
        }
    }

    /// The means to protect or check a PDU; `None` where no token is exchanged: anonymous calls
    /// and level connect.
    pub(super) fn protection(
        &mut self,
        selected: Selected,
        header_signing: bool,
    ) -> Option<Protection<'_>> {
        let Selected::Context(context_id) = selected else {
            return None;
        };
        let Context { auth_type, level, state } = self.contexts.get_mut(&context_id)?;
        let State::Established { context, .. } = state else {
            return None;
        };
        (*level != AuthLevel::Connect).then(|| Protection {
            context: context.as_mut(),
            level: *level,
            auth_type: auth_type.to_wire(),
            auth_level: level.to_wire(),
            context_id,
            header_signing,
        })
    }
}

impl Context {
    fn usable(&self) -> Result<(), SelectError> {
        match self.state {
            State::Established { .. } => Ok(()),
            State::Handshake { .. } => Err(SelectError::Unfinished),
            State::Failed => Err(SelectError::Denied("the authentication had failed")),
        }
    }
}

impl State {
    fn wait(&self, acceptor: Box<dyn Acceptor>, token: Vec<u8>) -> (Self, Step) {
        match self {
            Self::Handshake { since, legs, .. } if *legs < MAX_LEGS => {
                let (since, legs) = (*since, *legs);
                let state = Self::Handshake { acceptor: Some(acceptor), since, legs };
                (state, Step::Continue(token.into()))
            }
            _ => (Self::Failed, Step::Failed(AuthError::OutOfSequence)),
        }
    }

    /// A context of nobody is not one that calls could be made under.
    fn establish(context: Box<dyn SecurityContext>, token: Option<Vec<u8>>) -> (Self, Step) {
        match context.caller() {
            Some(caller) => {
                (Self::Established { context, caller }, Step::Done(token.map(Bytes::from)))
            }
            None => (Self::Failed, Step::Failed(AuthError::LogonFailure)),
        }
    }
}

impl Refusal {
    pub(super) fn protocol(reason: &'static str) -> Self {
        Self { nak: NakReason::NOT_SPECIFIED, fault: Fault::PROTOCOL_ERROR, reason }
    }

    fn denied(reason: &'static str) -> Self {
        Self { nak: NakReason::NOT_SPECIFIED, fault: Fault::ACCESS_DENIED, reason }
    }
}
