//! The server's side of one connection ([MS-RPCE] 3.3.3), without I/O: bytes, verdicts, answers
//! and time go in, events come out.
//!
//! The shell feeds [`Association::receive`], drains [`Association::next_event`], and does what
//! the events say. Invariants:
//!
//! * The caller of a call is the security context that protected every PDU of that call. Names
//!   never come from the connection, nor from another context on it.
//! * While an [`AuthTask`] is out, no input is looked at.
//! * Memory is bounded by one PDU, one request in reassembly, and the calls in flight
//!   ([`Limits`]); input that does not fit waits in the socket. What all connections hold together
//!   is bounded by their [`Memory`].
//! * After [`Event::Close`] nothing happens any more.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod bind;
mod config;
mod group;
mod memory;
mod presentation;
mod reply;
mod request;
mod security;
mod trailer;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub use config::{Endpoint, Limits};
pub use group::{AssociationGroups, GroupError};
pub use memory::{ALLOWANCE, Memory};
pub use security::{AuthOutcome, AuthTask};
pub use trailer::TrailerMismatch;

use self::bind::PendingBind;
use self::group::Membership;
use self::memory::Share;
use self::presentation::Presentations;
use self::request::{InFlight, PartialRequest};
use self::security::SecurityContexts;
use super::pdu::{Frame, Framer, PduError, PduType, ProtectError};
use super::{CallContext, Service};
use crate::auth::{AuthError, Peer};
use crate::ndr::Fault;

/// About what a security context takes, with its keys and cipher states, in bytes.
const BYTES_OF_SECURITY_CONTEXT: usize = 2048;
/// About what a presentation context takes, in bytes.
const BYTES_OF_PRESENTATION_CONTEXT: usize = 128;

/// What the shell is to do next.
pub enum Event {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Run this task, and bring its outcome to [`Association::authenticated`].
    Authenticate(AuthTask),
    /// Carry out this call, and bring its answer to [`Association::respond`].
    Call(Call),
    /// Close the connection, once what was to be sent is sent.
    Close(CloseReason),
}

/// A call to be carried out.
pub struct Call {
    /// Names the call in [`Association::respond`].
    pub token: CallToken,
    /// The service that was bound.
    pub service: Arc<dyn Service>,
    /// Who calls, how, and on what.
    pub context: CallContext,
    /// Operation number.
    pub opnum: u16,
    /// The whole stub, authentication padding removed.
    pub stub: Bytes,
}

/// A call of one connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CallToken(u64);

/// Why a connection is closed by this end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// Bytes that are not a PDU.
    #[error(transparent)]
    Pdu(#[from] PduError),
    /// A PDU that the state of the connection does not allow.
    #[error("protocol error: {0}")]
    Protocol(&'static str),
    /// A PDU that its security context does not cover.
    #[error("access denied: {0}")]
    Denied(&'static str),
    /// An authentication failed.
    #[error("authentication failed: {0}")]
    Authentication(AuthError),
    /// A PDU cannot be protected, or its protection does not hold.
    #[error("message protection: {0}")]
    Protection(#[from] ProtectError),
    /// The client's verification trailer contradicts its request.
    #[error(transparent)]
    Trailer(#[from] TrailerMismatch),
    /// The association group cannot be joined.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A limit is exceeded.
    #[error("limit exceeded: {0}")]
    Limit(&'static str),
    /// Nothing came in time.
    #[error("timeout: {0}")]
    Timeout(&'static str),
    /// The server stops.
    #[error("the server stops")]
    Drained,
}

/// The server's side of one connection.
pub struct Association {
    endpoint: Arc<Endpoint>,
    peer: SocketAddr,
    local: SocketAddr,
    framer: Framer,
    state: State,
    /// Minor protocol version of the client's bind.
    version_minor: u8,
    /// Largest fragment to send, in bytes.
    max_xmit_frag: u16,
    concurrent: bool,
    header_signing: bool,
    group: Option<Membership>,
    presentations: Presentations,
    security: SecurityContexts,
    /// The bind-family PDU that waits for the verdict on its token.
    pending_bind: Option<PendingBind>,
    partial: Option<PartialRequest>,
    /// The highest call id of a request so far.
    current_call_id: Option<u32>,
    calls: BTreeMap<CallToken, InFlight>,
    next_token: u64,
    draining: bool,
    events: VecDeque<Event>,
    share: Share,
    opened: Instant,
    /// When the oldest byte of what is not complete yet came.
    receiving_since: Option<Instant>,
    last_activity: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// No bind yet.
    Open,
    /// A bind was accepted, or waits for the verdict on its token.
    Bound,
    /// [`Event::Close`] is out.
    Closed,
}

impl Association {
    /// A fresh connection from `peer`, who dialled `local`.
    pub fn new(endpoint: Arc<Endpoint>, peer: SocketAddr, local: SocketAddr, now: Instant) -> Self {
        let max_xmit_frag = endpoint.limits.max_fragment;
        Self {
            share: Share::new(Arc::clone(&endpoint.memory)),
            endpoint,
            peer,
            local,
            framer: Framer::default(),
            state: State::Open,
            version_minor: 0,
            max_xmit_frag,
            concurrent: false,
            header_signing: false,
            group: None,
            presentations: Presentations::default(),
            security: SecurityContexts::default(),
            pending_bind: None,
            partial: None,
            current_call_id: None,
            calls: BTreeMap::new(),
            next_token: 0,
            draining: false,
            events: VecDeque::new(),
            opened: now,
            receiving_since: None,
            last_activity: now,
        }
    }

    /// Takes received bytes; they are looked at in [`Self::next_event`].
    pub fn receive(&mut self, bytes: &[u8], now: Instant) {
        if self.state != State::Closed {
            self.framer.push(bytes);
            self.last_activity = now;
            if !self.has_memory() {
                self.give_up_for_memory();
            }
        }
    }

    /// What to do next; `None` until more comes in.
    pub fn next_event(&mut self, now: Instant) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if !self.may_look_at_input() {
                self.receiving_since = None;
                return None;
            }
            match self.framer.next_frame(self.endpoint.limits.max_fragment) {
                Ok(Some(frame)) => self.handle(frame, now),
                Ok(None) => {
                    self.note_receiving(now);
                    return None;
                }
                Err(error) => self.refuse_stream(error),
            }
            self.note_receiving(now);
        }
    }

    /// Whether the shell should read more from the socket.
    pub fn wants_input(&self) -> bool {
        self.state != State::Closed
            && !self.draining
            && self.pending_bind.is_none()
            && self.framer.buffered() <= usize::from(u16::MAX)
    }

    /// Whether calls are in flight.
    pub fn is_busy(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Whether somebody has proved who it is, on this connection.
    pub fn is_authenticated(&self) -> bool {
        self.security.any_established()
    }

    /// Stops looking at requests; the connection closes when the last call is answered.
    pub fn drain(&mut self) {
        self.draining = true;
        self.close_if_drained();
    }

    /// When [`Self::tick`] is to be called at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.timeout().and_then(|(since, timeout, _)| since.checked_add(timeout))
    }

    /// Closes the connection if its time is over.
    pub fn tick(&mut self, now: Instant) {
        if let Some((since, timeout, what)) = self.timeout()
            && now.saturating_duration_since(since) >= timeout
        {
            self.close(CloseReason::Timeout(what));
        }
    }

    /// The timeout that applies now: since when, how long, and what for.
    fn timeout(&self) -> Option<(Instant, Duration, &'static str)> {
        let limits = &self.endpoint.limits;
        let handshake = match self.state {
            State::Closed => return None,
            State::Open => Some(self.opened),
            State::Bound => self.security.oldest_handshake(),
        };
        let handshake =
            handshake.map(|since| (since, limits.handshake_timeout, "handshake not finished"));
        let receive = self
            .receiving_since
            .filter(|_| self.may_look_at_input())
            .map(|since| (since, limits.receive_timeout, "PDU or request not complete"));
        // Who has not logged on may still have vanished without a word.
        let patience = match self.is_authenticated() {
            true => limits.idle_timeout,
            false => limits.idle_timeout.min(limits.receive_timeout),
        };
        let idle = (self.calls.is_empty() && self.pending_bind.is_none()).then_some((
            self.last_activity,
            patience,
            "idle",
        ));
        [handshake, receive, idle]
            .into_iter()
            .flatten()
            .min_by_key(|(since, timeout, _)| since.checked_add(*timeout))
    }

    fn note_receiving(&mut self, now: Instant) {
        let incomplete = self.framer.buffered() > 0 || self.partial.is_some();
        self.receiving_since = incomplete.then(|| self.receiving_since.unwrap_or(now));
    }

    /// Input waits while a token is with its security provider, and requests wait while calls
    /// hold what they may hold.
    fn may_look_at_input(&self) -> bool {
        if self.state == State::Closed || self.draining || self.pending_bind.is_some() {
            return false;
        }
        match self.framer.peek() {
            Some((PduType::Request, _)) => self.has_room_for_request(),
            _ => true,
        }
    }

    fn handle(&mut self, frame: Frame, now: Instant) {
        self.endpoint.statistics.packet_in();
        let call_id = frame.header().call_id;
        match frame.header().ptype {
            PduType::Bind => self.on_bind(frame, now),
            PduType::AlterContext => self.on_alter_context(frame, now),
            PduType::Auth3 => self.on_auth3(frame, now),
            PduType::Request => self.on_request(frame),
            // A server may ignore cancels (C706 9.3.1.1), and half of an enrollment would help
            // nobody. Windows doesn't even count them in its answer.
            PduType::CoCancel => {}
            PduType::Orphaned => self.on_orphaned(call_id),
            PduType::Response
            | PduType::Fault
            | PduType::BindAck
            | PduType::BindNak
            | PduType::AlterContextResponse
            | PduType::Shutdown => self.close(CloseReason::Protocol("a PDU that servers send")),
        }
    }

    /// Answers bytes that are not a PDU as far as their header tells what they were to be.
    fn refuse_stream(&mut self, error: PduError) {
        match self.framer.peek() {
            Some((PduType::Bind, call_id)) => self.refuse_malformed(PduType::Bind, call_id, error),
            Some((PduType::Request, call_id)) => {
                self.send_fault(call_id, 0, Fault::PROTOCOL_ERROR, true);
                self.close(error.into());
            }
            _ => self.close(error.into()),
        }
    }

    fn close(&mut self, reason: CloseReason) {
        if self.state != State::Closed {
            self.state = State::Closed;
            self.partial = None;
            self.pending_bind = None;
            self.framer = Framer::default();
            let _ = self.has_memory();
            self.events.push_back(Event::Close(reason));
        }
    }

    /// Whether what the connection holds now is covered: of its own allowance, or of what all share.
    fn has_memory(&mut self) -> bool {
        let calls = self.calls.values().map(InFlight::stub_len);
        let partial = self.partial.as_ref().map(PartialRequest::capacity);
        let parts = [
            self.framer.buffered(),
            self.security.len().saturating_mul(BYTES_OF_SECURITY_CONTEXT),
            self.presentations.len().saturating_mul(BYTES_OF_PRESENTATION_CONTEXT),
        ];
        let held = calls.chain(partial).chain(parts).fold(0, usize::saturating_add);
        self.share.holds(held)
    }

    /// A call that is not complete is answered; its client may come again.
    fn give_up_for_memory(&mut self) {
        if let Some(partial) = self.partial.take() {
            let (call_id, context_id) = partial.ids();
            self.send_fault(call_id, context_id, Fault::SERVER_TOO_BUSY, false);
        }
        self.close(CloseReason::Limit("memory for what clients send (limits.buffered_bytes)"));
    }

    fn close_if_drained(&mut self) {
        if self.draining && self.calls.is_empty() {
            self.close(CloseReason::Drained);
        }
    }

    fn ends(&self) -> Peer {
        Peer { remote: self.peer.ip(), local: self.local.ip() }
    }
}
