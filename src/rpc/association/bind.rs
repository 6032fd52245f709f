//! bind, alter_context and auth3: presentation contexts, and the legs of authentications.

use std::time::Instant;

use bytes::Bytes;

use super::presentation::NegotiationError;
use super::security::{AuthOutcome, Refusal, Step};
use super::{Association, CloseReason, Event, State};
use crate::ndr::Fault;
use crate::rpc::pdu::{
    Auth, Bind, BindAck, BindNak, Body, ContextResult, Frame, NakReason, Pdu, PduError, PduType,
    PfcFlags, SecTrailer,
};

/// The smallest fragment size that is agreed on; what Windows falls back to, in bytes.
const MIN_AGREED_FRAGMENT: u16 = 2048;
/// nca_s_fault_remote_no_memory: how Windows answers an auth3 that it cannot read.
const REMOTE_NO_MEMORY: Fault = Fault(0x1C00_001B);

/// A bind-family PDU whose answer waits for the verdict on its token.
pub(super) struct PendingBind {
    call_id: u32,
    trailer: SecTrailer,
    /// What is to be sent when the token is good; `None` for auth3.
    answer: Option<Pdu>,
}

/// A bind or alter_context.
struct BindRequest {
    ptype: PduType,
    call_id: u32,
    flags: PfcFlags,
    bind: Bind,
    auth: Option<Auth>,
}

impl Association {
    pub(super) fn on_bind(&mut self, frame: Frame, now: Instant) {
        let (call_id, version_minor) = (frame.header().call_id, frame.header().version_minor);
        if self.state != State::Open {
            return self.refuse_bind(call_id, NakReason::NOT_SPECIFIED, "second bind");
        }
        let Some(request) = self.decode_bind(frame) else {
            return;
        };
        self.version_minor = version_minor;
        self.concurrent = request.flags.contains(PfcFlags::CONC_MPX);
        self.max_xmit_frag = agreed_fragment(&request.bind, self.endpoint.limits.max_fragment);
        let Some(results) = self.negotiate(&request) else {
            return;
        };
        let (group, services) = (request.bind.assoc_group_id, self.endpoint.services.clone());
        match self.endpoint.groups.join(group, self.peer.ip(), services) {
            Ok(group) => self.group = Some(group),
            Err(error) => {
                self.send_nak(call_id, NakReason::NOT_SPECIFIED);
                return self.close(error.into());
            }
        }
        self.state = State::Bound;
        let address = Bytes::from(format!("{}\0", self.local.port()));
        self.answer_bind(request, results, address, now);
    }

    pub(super) fn on_alter_context(&mut self, frame: Frame, now: Instant) {
        let call_id = frame.header().call_id;
        if self.state != State::Bound {
            return self.refuse_alter(call_id, Fault::PROTOCOL_ERROR, "alter_context before bind");
        }
        let Some(request) = self.decode_bind(frame) else {
            return;
        };
        if let Some(results) = self.negotiate(&request) {
            self.answer_bind(request, results, Bytes::new(), now);
        }
    }

    /// The last leg of an authentication; never answered, unless it makes no sense at all.
    pub(super) fn on_auth3(&mut self, frame: Frame, now: Instant) {
        let call_id = frame.header().call_id;
        let pdu = match Pdu::decode(frame) {
            Ok(pdu) => pdu,
            Err(error) => return self.refuse_malformed(PduType::Auth3, call_id, error),
        };
        let Some(auth) = pdu.auth else {
            return self.refuse_alter(call_id, Fault::PROTOCOL_ERROR, "auth3 without a token");
        };
        if !self.security.is_open(auth.trailer.context_id) {
            return self.refuse_alter(call_id, Fault::PROTOCOL_ERROR, "auth3 without a handshake");
        }
        if self.begin_leg(call_id, auth.trailer, auth.token, None, now).is_err() {
            self.security.fail(auth.trailer.context_id);
        }
    }

    fn decode_bind(&mut self, frame: Frame) -> Option<BindRequest> {
        let (ptype, call_id, flags) =
            (frame.header().ptype, frame.header().call_id, frame.header().flags);
        match Pdu::decode(frame) {
            Ok(Pdu { body: Body::Bind(bind) | Body::AlterContext(bind), auth, .. }) => {
                Some(BindRequest { ptype, call_id, flags, bind, auth })
            }
            Ok(_) => None,
            Err(error) => {
                self.refuse_malformed(ptype, call_id, error);
                None
            }
        }
    }

    fn negotiate(&mut self, request: &BindRequest) -> Option<Vec<ContextResult>> {
        match self.presentations.negotiate(&request.bind.contexts, &self.endpoint) {
            Ok(results) => return Some(results),
            Err(NegotiationError::Protocol(reason)) => {
                self.refuse_leg(request.ptype, request.call_id, Refusal::protocol(reason));
            }
            Err(NegotiationError::Limit) => {
                self.send_nak(request.call_id, NakReason::LOCAL_LIMIT_EXCEEDED);
                self.close(CloseReason::Limit("presentation contexts"));
            }
        }
        None
    }

    /// Answers at once, or after the verdict on the token.
    fn answer_bind(
        &mut self,
        request: BindRequest,
        results: Vec<ContextResult>,
        secondary_address: Bytes,
        now: Instant,
    ) {
        let BindRequest { ptype, call_id, flags, auth, .. } = request;
        let is_bind = ptype == PduType::Bind;
        let announces_signing = flags.contains(PfcFlags::SUPPORT_HEADER_SIGN);
        self.header_signing |= announces_signing;
        let ack = BindAck {
            max_xmit_frag: self.max_xmit_frag,
            max_recv_frag: self.max_xmit_frag,
            assoc_group_id: self.group.as_ref().map_or(0, |group| group.id().0),
            secondary_address,
            padding: Bytes::new(),
            results,
        };
        let body = if is_bind { Body::BindAck(ack) } else { Body::AlterContextResponse(ack) };
        let mut answer = self.pdu(call_id, body);
        answer.flags.set(PfcFlags::SUPPORT_HEADER_SIGN, announces_signing);
        answer.flags.set(PfcFlags::CONC_MPX, is_bind && self.concurrent);
        let Some(auth) = auth else {
            return self.send(&answer);
        };
        if let Err(refusal) = self.begin_leg(call_id, auth.trailer, auth.token, Some(answer), now) {
            self.refuse_leg(ptype, call_id, refusal);
        }
    }

    fn begin_leg(
        &mut self,
        call_id: u32,
        trailer: SecTrailer,
        token: Bytes,
        answer: Option<Pdu>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let ends = self.ends();
        let Self { security, endpoint, .. } = self;
        let task = security.leg(
            &trailer,
            token,
            endpoint.acceptors.as_ref(),
            ends,
            &endpoint.limits,
            now,
        )?;
        self.pending_bind = Some(PendingBind { call_id, trailer, answer });
        self.events.push_back(Event::Authenticate(task));
        Ok(())
    }

    /// Takes the outcome of the [`AuthTask`](super::AuthTask) that was handed out.
    pub fn authenticated(&mut self, outcome: AuthOutcome, now: Instant) {
        let Some(pending) = self.pending_bind.take() else {
            return;
        };
        self.last_activity = now;
        let step = self.security.settle(outcome);
        let Some(answer) = pending.answer else {
            // auth3 is never answered: with a token left to send, the exchange is not complete.
            // The first request under the failed context is answered with a fault.
            if matches!(step, Step::Continue(_) | Step::Done(Some(_))) {
                self.security.fail(pending.trailer.context_id);
            }
            return;
        };
        match step {
            Step::Continue(token) | Step::Done(Some(token)) => {
                self.send_with_token(answer, pending.trailer, token);
            }
            // As Windows does: a security trailer, but no token.
            Step::Done(None) => self.send_with_token(answer, pending.trailer, Bytes::new()),
            Step::Failed(error) => {
                match answer.body.ptype() {
                    PduType::BindAck => self.send_nak(pending.call_id, NakReason::INVALID_CHECKSUM),
                    _ => self.send_fault(pending.call_id, 0, Fault::SECURITY_PACKAGE, false),
                }
                self.close(CloseReason::Authentication(error));
            }
        }
    }

    fn send_with_token(&mut self, mut answer: Pdu, trailer: SecTrailer, token: Bytes) {
        let SecTrailer { auth_type, auth_level, context_id, .. } = trailer;
        answer.auth = Some(Auth::new(auth_type, auth_level, context_id, token));
        self.send(&answer);
    }

    pub(super) fn refuse_malformed(&mut self, ptype: PduType, call_id: u32, error: PduError) {
        match ptype {
            PduType::Bind => self.send_nak(call_id, NakReason::PROTOCOL_VERSION_NOT_SPECIFIED),
            PduType::Auth3 => self.send_fault(call_id, 0, REMOTE_NO_MEMORY, false),
            _ => self.send_fault(call_id, 0, Fault::PROTOCOL_ERROR, false),
        }
        self.close(error.into());
    }

    fn refuse_leg(&mut self, ptype: PduType, call_id: u32, refusal: Refusal) {
        match ptype {
            PduType::Bind => self.refuse_bind(call_id, refusal.nak, refusal.reason),
            _ => self.refuse_alter(call_id, refusal.fault, refusal.reason),
        }
    }

    fn refuse_bind(&mut self, call_id: u32, nak: NakReason, reason: &'static str) {
        self.send_nak(call_id, nak);
        self.close(CloseReason::Protocol(reason));
    }

    fn refuse_alter(&mut self, call_id: u32, fault: Fault, reason: &'static str) {
        self.send_fault(call_id, 0, fault, false);
        self.close(CloseReason::Protocol(reason));
    }

    fn send_nak(&mut self, call_id: u32, reason: NakReason) {
        let nak = self.pdu(call_id, Body::BindNak(BindNak::new(reason)));
        self.send(&nak);
    }
}

/// One size for both directions, as Windows answers: no more than either side can, a multiple of
/// eight.
fn agreed_fragment(bind: &Bind, own: u16) -> u16 {
    let smallest = bind.max_xmit_frag.min(bind.max_recv_frag) & !7;
    smallest.max(MIN_AGREED_FRAGMENT).min(own)
}
