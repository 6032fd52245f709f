//! Requests: protection, reassembly, checks, dispatch.

use bytes::Bytes;
use tracing::info;
use uuid::Uuid;

use super::security::{SelectError, Selected};
use super::trailer::{self, Seen};
use super::{Association, Call, CallToken, CloseReason, Event, State};
use crate::logging::{Line, line_about};
use crate::ndr::{Encoding, Fault};
use crate::rpc::pdu::{Body, Drep, Frame, Pdu, PduError, PfcFlags, Request, SecTrailer, unprotect};
use crate::rpc::{AssociationId, CallContext};

/// RPC_S_NO_CALL_ACTIVE: how Windows answers a request that begins with a pending cancel.
const NO_CALL_ACTIVE: Fault = Fault(0x0000_06BD);
/// Fragments of calls this far behind the current one are dropped ([MS-RPCE] 3.3.3.5.6).
const OLD_CALLS: u32 = 150;

/// A request of which fragments are still to come.
pub(super) struct PartialRequest {
    call_id: u32,
    context_id: u16,
    opnum: u16,
    object: Option<Uuid>,
    drep: Drep,
    selected: Selected,
    trailer: Option<SecTrailer>,
    stub: Vec<u8>,
    max_stub: usize,
}

/// A call that the shell carries out.
pub(super) struct InFlight {
    pub call_id: u32,
    pub context_id: u16,
    pub selected: Selected,
    /// The client no longer wants the answer.
    pub orphaned: bool,
    stub_len: usize,
}

/// Why a request is answered with a fault.
struct Rejection {
    fault: Fault,
    call_id: u32,
    context_id: u16,
    executed: bool,
    /// `None` where the connection goes on.
    close: Option<CloseReason>,
}

impl PartialRequest {
    /// Bytes that are set aside for it.
    pub(super) fn capacity(&self) -> usize {
        self.stub.capacity()
    }

    /// Call and presentation context.
    pub(super) fn ids(&self) -> (u32, u16) {
        (self.call_id, self.context_id)
    }
}

impl InFlight {
    /// Bytes of the request.
    pub(super) fn stub_len(&self) -> usize {
        self.stub_len
    }
}

impl Association {
    /// One call at a time, unless concurrent multiplexing was agreed on; and no more than fit.
    pub(super) fn has_room_for_request(&self) -> bool {
        let limits = &self.endpoint.limits;
        let max_calls = if self.concurrent { limits.max_calls } else { 1 };
        let bytes: usize = self.calls.values().map(|call| call.stub_len).sum();
        self.calls.len() < max_calls && bytes < limits.max_in_flight_bytes
    }

    pub(super) fn on_request(&mut self, frame: Frame) {
        if let Err(rejection) = self.take_request(frame) {
            let Rejection { fault, call_id, context_id, executed, close } = rejection;
            self.send_fault(call_id, context_id, fault, executed);
            if let Some(reason) = close {
                self.partial = None;
                self.close(reason);
            }
        }
    }

    fn take_request(&mut self, frame: Frame) -> Result<(), Rejection> {
        let (call_id, flags) = (frame.header().call_id, frame.header().flags);
        if self.state != State::Bound {
            return Err(Rejection::protocol(call_id, 0, "request before bind").not_executed());
        }
        let last = flags.contains(PfcFlags::LAST);
        if flags.contains(PfcFlags::FIRST) {
            self.take_first(frame)?;
        } else {
            self.take_next(frame)?;
        }
        match self.partial.take_if(|_| last) {
            Some(request) => self.dispatch(request),
            None => Ok(()),
        }
    }

    fn take_first(&mut self, frame: Frame) -> Result<(), Rejection> {
        let header = *frame.header();
        if let Some(partial) = &self.partial {
            return Err(self.mixed_up(partial, header.call_id));
        }
        if self.calls.values().any(|call| call.call_id == header.call_id) {
            return Err(Rejection::protocol(header.call_id, 0, "call id is in use"));
        }
        if header.flags.contains(PfcFlags::PENDING_CANCEL) {
            let rejection = Rejection::protocol(header.call_id, 0, "request already cancelled");
            return Err(Rejection { fault: NO_CALL_ACTIVE, ..rejection }.not_executed());
        }
        self.current_call_id = self.current_call_id.max(Some(header.call_id));
        let (selected, trailer, pdu) = self.open(frame)?;
        let stub = pdu.stub();
        let Body::Request(request) = pdu.body else {
            return Err(Rejection::protocol(header.call_id, 0, "not a request"));
        };
        let max_stub = self.admit(header.call_id, &request, selected)?;
        let announced = usize::try_from(request.alloc_hint).unwrap_or(usize::MAX);
        let fragmented = !header.flags.contains(PfcFlags::LAST);
        if stub.len() > max_stub || (fragmented && announced > max_stub) {
            return Err(too_large(header.call_id, request.context_id));
        }
        self.partial = Some(PartialRequest {
            call_id: header.call_id,
            context_id: request.context_id,
            opnum: request.opnum,
            object: request.object,
            drep: header.drep,
            selected,
            trailer,
            stub: stub.into(),
            max_stub,
        });
        Ok(())
    }

    /// Whether the interface is bound and takes calls of this level; returns how large the stub
    /// may become.
    fn admit(
        &self,
        call_id: u32,
        request: &Request,
        selected: Selected,
    ) -> Result<usize, Rejection> {
        let Some(presentation) = self.presentations.get(request.context_id) else {
            return Err(Rejection::alive(call_id, 0, Fault::UNKNOWN_INTERFACE).not_executed());
        };
        let policy = presentation.service.policy();
        let identity = self.security.identity(selected);
        let level = identity.as_ref().map(|(_, _, level)| *level);
        if level < policy.min_level {
            // What anybody may do, unknown, is no news.
            if let Some((caller, _, level)) = &identity
                && let Some(Line { unsaid }) = line_about(&caller.account)
            {
                let (account, wanted) = (&caller.account, policy.min_level);
                info!(
                    account,
                    ?level,
                    ?wanted,
                    unsaid,
                    "call refused: its authentication level is too low"
                );
            }
            return Err(Rejection::alive(call_id, request.context_id, Fault::ACCESS_DENIED));
        }
        Ok(policy.max_request.min(self.endpoint.limits.max_request))
    }

    fn take_next(&mut self, frame: Frame) -> Result<(), Rejection> {
        let call_id = frame.header().call_id;
        let Some(partial) = &self.partial else {
            return self.take_stray(frame);
        };
        if partial.call_id != call_id {
            return Err(self.mixed_up(partial, call_id));
        }
        let context_id = partial.context_id;
        let expected = partial.trailer;
        let trailer = frame.trailer().map_err(|error| Rejection::pdu(call_id, error))?;
        match (expected.map(identifying), trailer.map(identifying)) {
            (expected, found) if expected == found => {}
            (Some(_), Some(_)) => {
                let reason = CloseReason::Denied("fragments with different security trailers");
                let close = Some(reason);
                let fault = Fault::SECURITY_PACKAGE;
                return Err(Rejection { fault, call_id, context_id, executed: true, close });
            }
            _ => {
                let reason = "fragments with and without security trailer";
                return Err(Rejection::protocol(call_id, context_id, reason));
            }
        }
        let (_, _, pdu) = self.open(frame)?;
        let stub = pdu.stub();
        match &mut self.partial {
            Some(partial) if partial.stub.len().saturating_add(stub.len()) <= partial.max_stub => {
                partial.stub.extend_from_slice(&stub);
                Ok(())
            }
            _ => Err(too_large(call_id, context_id)),
        }
    }

    /// A fragment of a call that was already refused, or has never begun.
    fn take_stray(&mut self, frame: Frame) -> Result<(), Rejection> {
        let call_id = frame.header().call_id;
        let behind = self.current_call_id.and_then(|current| current.checked_sub(call_id));
        if behind.is_none_or(|behind| behind >= OLD_CALLS) {
            return Err(self.refuse_stray(frame));
        }
        // The security context's sequence goes on all the same.
        self.open(frame).map(|_| ())
    }

    /// As on Windows: where calls are multiplexed, the fragment itself is looked at first.
    fn refuse_stray(&mut self, frame: Frame) -> Rejection {
        let (call_id, context_id) = (frame.header().call_id, frame.context_id());
        let reason = "fragment of no call";
        if !self.concurrent {
            return Rejection::protocol(call_id, 0, reason);
        }
        if self.presentations.get(context_id).is_none() {
            return Rejection::alive(call_id, 0, Fault::UNKNOWN_INTERFACE).not_executed();
        }
        let opened = self.open(frame).map(|_| Rejection::protocol(call_id, context_id, reason));
        opened.unwrap_or_else(|rejection| rejection)
    }

    /// A fragment of another call where one is not complete.
    fn mixed_up(&self, partial: &PartialRequest, call_id: u32) -> Rejection {
        let reason = "fragments of different calls, or one begun twice";
        if self.concurrent && partial.call_id != call_id {
            Rejection::protocol(call_id, 0, reason)
        } else {
            Rejection::protocol(partial.call_id, partial.context_id, reason)
        }
    }

    /// Finds the security context of a request, checks and unseals it, and reads it.
    fn open(&mut self, mut frame: Frame) -> Result<(Selected, Option<SecTrailer>, Pdu), Rejection> {
        let call_id = frame.header().call_id;
        let trailer = frame.trailer().map_err(|error| Rejection::pdu(call_id, error))?;
        let context_id = frame.context_id();
        let selected = self.security.select(trailer.as_ref()).map_err(|error| match error {
            SelectError::Unfinished => {
                Rejection::protocol(call_id, 0, "request before the end of the handshake")
                    .not_executed()
            }
            SelectError::Denied(reason) => Rejection {
                fault: Fault::ACCESS_DENIED,
                close: Some(CloseReason::Denied(reason)),
                ..Rejection::alive(call_id, context_id, Fault::ACCESS_DENIED)
            },
        })?;
        if let Some(mut protection) = self.security.protection(selected, self.header_signing) {
            unprotect(&mut frame, &mut protection).map_err(|error| Rejection {
                fault: Fault::SECURITY_PACKAGE,
                close: Some(error.into()),
                ..Rejection::alive(call_id, context_id, Fault::SECURITY_PACKAGE)
            })?;
        }
        let pdu = Pdu::decode(frame).map_err(|error| Rejection::pdu(call_id, error))?;
        Ok((selected, trailer, pdu))
    }

    fn dispatch(&mut self, request: PartialRequest) -> Result<(), Rejection> {
        let PartialRequest { call_id, context_id, .. } = request;
        let Some(presentation) = self.presentations.get(context_id).cloned() else {
            return Err(Rejection::alive(call_id, 0, Fault::UNKNOWN_INTERFACE).not_executed());
        };
        let seen = Seen {
            header_signing: self.header_signing,
            interface: presentation.interface,
            transfer_syntax: presentation.transfer_syntax(),
            drep: request.drep.to_wire(),
            call_id,
            context_id,
            opnum: request.opnum,
        };
        trailer::verify(&request.stub, &seen).map_err(|error| Rejection {
            close: Some(error.into()),
            ..Rejection::alive(call_id, context_id, Fault::ACCESS_DENIED)
        })?;
        let identity = self.security.identity(request.selected);
        let auth = identity.as_ref().map(|(_, auth_type, level)| (*auth_type, *level));
        let context = CallContext {
            caller: identity.map(|(caller, ..)| caller),
            auth,
            header_signing: self.header_signing,
            object: request.object,
            interface: presentation.interface,
            encoding: Encoding { syntax: presentation.syntax, order: request.drep.order() },
            call_id,
            peer: self.peer,
            local: self.local,
            association: self.group.as_ref().map_or(AssociationId(0), |group| group.id()),
        };
        let token = CallToken(self.next_token);
        self.next_token = self.next_token.wrapping_add(1);
        let in_flight = InFlight {
            call_id,
            context_id,
            selected: request.selected,
            orphaned: false,
            stub_len: request.stub.len(),
        };
        self.calls.insert(token, in_flight);
        let (opnum, stub) = (request.opnum, Bytes::from(request.stub));
        let service = presentation.service;
        self.endpoint.statistics.call_in();
        self.events.push_back(Event::Call(Call { token, service, context, opnum, stub }));
        Ok(())
    }

    /// The client gives the call up. A request that is not complete waits for its last fragment
    /// all the same, as on Windows.
    pub(super) fn on_orphaned(&mut self, call_id: u32) {
        for call in self.calls.values_mut().filter(|call| call.call_id == call_id) {
            call.orphaned = true;
        }
    }
}

impl Rejection {
    fn alive(call_id: u32, context_id: u16, fault: Fault) -> Self {
        Self { fault, call_id, context_id, executed: true, close: None }
    }

    fn protocol(call_id: u32, context_id: u16, reason: &'static str) -> Self {
        let close = Some(CloseReason::Protocol(reason));
        Self { close, ..Self::alive(call_id, context_id, Fault::PROTOCOL_ERROR) }
    }

    fn pdu(call_id: u32, error: PduError) -> Self {
        Self { close: Some(error.into()), ..Self::alive(call_id, 0, Fault::PROTOCOL_ERROR) }
    }

    fn not_executed(self) -> Self {
        Self { executed: false, ..self }
    }
}

fn too_large(call_id: u32, context_id: u16) -> Rejection {
    Rejection {
        close: Some(CloseReason::Limit("request size")),
        ..Rejection::alive(call_id, context_id, Fault::ACCESS_DENIED)
    }
}

/// What must not change from fragment to fragment.
fn identifying(trailer: SecTrailer) -> (u8, u8, u32) {
    (trailer.auth_type, trailer.auth_level, trailer.context_id)
}
