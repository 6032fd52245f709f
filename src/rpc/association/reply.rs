//! Answers: responses in fragments, and faults.

use std::time::Instant;

use bytes::Bytes;

use super::request::InFlight;
use super::{Association, CallToken, CloseReason, Event, State};
use crate::ndr::Fault;
use crate::rpc::pdu::{
    Body, Fault as FaultBody, Pdu, PfcFlags, ProtectError, Response, protect, stub_capacity,
};

/// nca_s_fault_unspec, in place of a status that servers must not send.
const UNSPECIFIED: u32 = 0x1C00_0012;
/// Status codes that a server must not send ([MS-RPCE] 3.3.3.5.1).
const FORBIDDEN: [u32; 14] = [
    0x0000_0000,
    0x8000_0001,
    0x8000_0002,
    0x8000_0003,
    0xC000_0005,
    0xC000_0006,
    0xC000_001D,
    0xC000_0096,
    0xC000_00AA,
    0xC000_00FD,
    0xC000_0194,
    0xC000_0235,
    0xC000_0409,
    0xC000_0420,
];
/// What a service answers when the call was never carried out.
const NOT_EXECUTED: [Fault; 3] =
    [Fault::OP_RANGE, Fault::UNKNOWN_INTERFACE, Fault::SERVER_TOO_BUSY];

impl Association {
    /// Takes the answer to a call. The answer of a call that the client has abandoned is dropped.
    pub fn respond(&mut self, token: CallToken, answer: Result<Vec<u8>, Fault>, now: Instant) {
        let Some(call) = self.calls.remove(&token) else {
            return;
        };
        self.last_activity = now;
        if self.state != State::Closed && !call.orphaned {
            let sent = match answer {
                Ok(stub) => self.send_response(&call, Bytes::from(stub)),
                Err(fault) => {
                    let executed = !NOT_EXECUTED.contains(&fault);
                    self.send_fault(call.call_id, call.context_id, fault, executed);
                    Ok(())
                }
            };
            if let Err(error) = sent {
                self.close(error.into());
            }
        }
        let _ = self.has_memory();
        self.close_if_drained();
    }

    fn send_response(&mut self, call: &InFlight, mut stub: Bytes) -> Result<(), ProtectError> {
        let version_minor = self.version_minor;
        let mut protection = self.security.protection(call.selected, self.header_signing);
        let token_len = protection.as_ref().map_or(0, |p| p.context.token_len(p.level));
        let capacity = stub_capacity(self.max_xmit_frag, token_len, false).max(8);
        let (mut bytes, mut flags) = (Vec::new(), PfcFlags::FIRST);
        loop {
            let alloc_hint = u32::try_from(stub.len()).unwrap_or(0);
            let fragment = stub.split_to(stub.len().min(capacity));
            flags.set(PfcFlags::LAST, stub.is_empty());
            let response = Response {
                alloc_hint,
                context_id: answered_context(call.context_id),
                cancel_count: 0,
                reserved: 0,
                stub: fragment,
            };
            let pdu =
                Pdu { version_minor, flags, ..Pdu::new(call.call_id, Body::Response(response)) };
            bytes.extend(match &mut protection {
                Some(protection) => protect(pdu, protection)?,
                None => pdu.encode()?,
            });
            self.endpoint.statistics.packet_out();
            if stub.is_empty() {
                break;
            }
            flags = PfcFlags::empty();
        }
        self.events.push_back(Event::Send(bytes));
        Ok(())
    }

    /// Sends a fault; it carries no security trailer.
    pub(super) fn send_fault(
        &mut self,
        call_id: u32,
        context_id: u16,
        fault: Fault,
        executed: bool,
    ) {
        let status = if FORBIDDEN.contains(&fault.0) { UNSPECIFIED } else { fault.0 };
        let mut pdu = self.pdu(call_id, Body::Fault(FaultBody::new(context_id, status)));
        pdu.flags.set(PfcFlags::DID_NOT_EXECUTE, !executed);
        self.send(&pdu);
    }

    pub(super) fn pdu(&self, call_id: u32, body: Body) -> Pdu {
        Pdu { version_minor: self.version_minor, ..Pdu::new(call_id, body) }
    }

    pub(super) fn send(&mut self, pdu: &Pdu) {
        match pdu.encode() {
            Ok(bytes) => {
                self.endpoint.statistics.packet_out();
                self.events.push_back(Event::Send(bytes));
            }
            Err(error) => self.close(CloseReason::Pdu(error)),
        }
    }
}

/// Windows' responses show the low byte of the presentation context's identifier; its faults show
/// all of it.
fn answered_context(id: u16) -> u16 {
    id & 0xFF
}
