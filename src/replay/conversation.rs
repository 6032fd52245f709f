//! A recorded connection, read: its PDUs opened as far as secrets go, its calls put together.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::Secrets;
use super::security::{RecordedContext, SessionKeys};
use super::streams::{CapturedPdu, Connection, Direction};
use crate::auth::{AuthLevel, AuthType};
use crate::ndr::{Encoding, InterfaceId};
use crate::rpc::pdu::{
    Bind, Body, Frame, Pdu, PduError, PduType, PfcFlags, Protection, ResultCode, SecTrailer,
    syntax_of, unprotect,
};

/// A connection, read.
pub struct Conversation {
    /// Its PDUs, in their order.
    pub entries: Vec<Entry>,
    /// Its security contexts, in the order of their first tokens.
    pub contexts: Vec<RecordedContext>,
    /// What its presentation contexts were accepted for.
    pub accepted: Vec<Presentation>,
}

/// A presentation context that the server accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Presentation {
    /// The interface.
    pub interface: InterfaceId,
    /// The transfer syntax.
    pub transfer_syntax: InterfaceId,
}

/// A PDU of a conversation.
pub struct Entry {
    /// Which way it went.
    pub direction: Direction,
    /// Number of its packet in the file.
    pub packet: usize,
    /// When it was captured, since 1970.
    pub time: Duration,
    /// The PDU, its stub opened where that was possible.
    pub pdu: Result<Pdu, PduError>,
    /// What its protection is worth.
    pub verdict: Verdict,
    /// What its token says.
    pub notes: Vec<String>,
    /// The call that it completes.
    pub call: Option<Call>,
}

/// What the protection of a PDU is worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It has none.
    Bare,
    /// It belongs to an authentication.
    Handshake,
    /// Level connect: a trailer, but neither signature nor seal.
    Unprotected,
    /// The signature is right, and the seal is open where there is one.
    Right(AuthLevel),
    /// The signature is wrong, or what is sealed does not open: why.
    Wrong(String),
    /// Nobody can tell: why.
    Unknown(String),
}

/// A request or response, put together.
#[derive(Clone, Debug)]
pub struct Call {
    /// The presentation context's interface.
    pub presentation: Option<Presentation>,
    /// The operation.
    pub opnum: Option<u16>,
    /// The object that is called.
    pub object: Option<Uuid>,
    /// How the stub is encoded.
    pub encoding: Option<Encoding>,
    /// The stub without padding; `None` while it is sealed.
    pub stub: Option<Bytes>,
}

impl Conversation {
    /// Reads a connection with these secrets.
    pub fn read(connection: &Connection, secrets: &Secrets) -> Self {
        let mut reader = Reader {
            secrets,
            contexts: HashMap::new(),
            presentations: HashMap::new(),
            accepted: Vec::new(),
            waiting: HashMap::new(),
            binds: HashMap::new(),
            requests: HashMap::new(),
            partial: HashMap::new(),
            header_signing: [false; 2],
        };
        let entries = connection.pdus.iter().map(|pdu| reader.entry(pdu)).collect();
        let mut contexts: Vec<_> = reader.contexts.into_values().collect();
        contexts.sort_by_key(|(order, _)| *order);
        let contexts = contexts.into_iter().map(|(_, context)| context).collect();
        Self { entries, contexts, accepted: reader.accepted }
    }
}

struct Reader<'a> {
    secrets: &'a Secrets,
    /// With their order, by `auth_context_id`.
    contexts: HashMap<u32, (usize, RecordedContext)>,
    presentations: HashMap<u16, Presentation>,
    accepted: Vec<Presentation>,
    /// The security context of a leg that waits for its answer, by call id.
    waiting: HashMap<u32, u32>,
    /// Binds and alter_contexts that wait for their answers, by call id.
    binds: HashMap<u32, Bind>,
    /// Presentation context and operation of requests, by call id.
    requests: HashMap<u32, (u16, u16)>,
    /// Calls of which fragments are still to come.
    partial: HashMap<(Direction, u32), Partial>,
    /// Whether client and server announced header signing.
    header_signing: [bool; 2],
}

struct Partial {
    context_id: u16,
    opnum: Option<u16>,
    object: Option<Uuid>,
    stub: Vec<u8>,
    sealed: bool,
}

impl Reader<'_> {
    fn entry(&mut self, captured: &CapturedPdu) -> Entry {
        let CapturedPdu { direction, packet, time, .. } = *captured;
        let (pdu, verdict) = match Frame::from_bytes(&captured.bytes) {
            Ok(frame) => self.open(direction, frame),
            Err(error) => (Err(error), Verdict::Bare),
        };
        let (notes, call) = match &pdu {
            Ok(pdu) => {
                self.note_binding(direction, pdu);
                (self.note_token(direction, pdu), self.note_call(direction, pdu, &verdict))
            }
            Err(_) => (Vec::new(), None),
        };
        Entry { direction, packet, time, pdu, verdict, notes, call }
    }

    fn open(&mut self, direction: Direction, mut frame: Frame) -> (Result<Pdu, PduError>, Verdict) {
        let ptype = frame.header().ptype;
        let verdict = match frame.trailer() {
            Err(error) => Verdict::Wrong(error.to_string()),
            Ok(None) => Verdict::Bare,
            Ok(Some(_)) if ptype.is_bind_family() => Verdict::Handshake,
            Ok(Some(trailer)) => self.unprotect(direction, &mut frame, &trailer),
        };
        (Pdu::decode(frame), verdict)
    }

    fn unprotect(
        &mut self,
        direction: Direction,
        frame: &mut Frame,
        trailer: &SecTrailer,
    ) -> Verdict {
        let Some(level) = AuthLevel::from_wire(trailer.auth_level) else {
            return Verdict::Wrong(format!("authentication level {}", trailer.auth_level));
        };
        let header_signing = self.header_signing == [true; 2];
        let token = frame.token().to_vec();
        let context = self.context(trailer);
        if direction == Direction::ToClient {
            context.token_len = token.len();
        }
        if level == AuthLevel::Connect {
            return Verdict::Unprotected;
        }
        let opener = match context.opener(direction, &token) {
            Ok(opener) => opener,
            Err(why) => return Verdict::Unknown(why),
        };
        let mut protection = Protection {
            context: opener,
            level,
            auth_type: trailer.auth_type,
            auth_level: trailer.auth_level,
            context_id: trailer.context_id,
            header_signing,
        };
        match unprotect(frame, &mut protection) {
            Ok(()) => Verdict::Right(level),
            Err(error) => Verdict::Wrong(error.to_string()),
        }
    }

    /// The security context that a trailer names.
    fn context(&mut self, trailer: &SecTrailer) -> &mut RecordedContext {
        let order = self.contexts.len();
        let context = self.contexts.entry(trailer.context_id);
        &mut context.or_insert_with(|| (order, RecordedContext::new(trailer))).1
    }

    fn note_token(&mut self, direction: Direction, pdu: &Pdu) -> Vec<String> {
        match &pdu.body {
            Body::Bind(_) | Body::AlterContext(_) => {
                if let Some(auth) = &pdu.auth {
                    self.waiting.insert(pdu.call_id, auth.trailer.context_id);
                }
            }
            Body::BindNak(_) | Body::Fault(_) => {
                let refused = self.waiting.remove(&pdu.call_id);
                let context = refused.and_then(|id| self.contexts.get_mut(&id));
                if let Some((_, context)) = context {
                    context.refused();
                }
            }
            Body::BindAck(_) | Body::AlterContextResponse(_) => {
                self.waiting.remove(&pdu.call_id);
            }
            _ => {}
        }
        let Some(auth) = pdu.auth.as_ref().filter(|_| pdu.body.ptype().is_bind_family()) else {
            return Vec::new();
        };
        let secrets = self.secrets;
        let mut notes = self.context(&auth.trailer).token(direction, &auth.token, secrets);
        if auth.trailer.auth_type == AuthType::Netlogon.to_wire() {
            notes.push("a Netlogon secure channel".to_owned());
        }
        notes
    }

    fn note_binding(&mut self, direction: Direction, pdu: &Pdu) {
        let signing = pdu.flags.contains(PfcFlags::SUPPORT_HEADER_SIGN);
        let [client, server] = &mut self.header_signing;
        match (&pdu.body, direction) {
            (Body::Bind(bind) | Body::AlterContext(bind), _) => {
                *client |= signing;
                self.binds.insert(pdu.call_id, bind.clone());
            }
            (Body::BindAck(ack) | Body::AlterContextResponse(ack), _) => {
                *server |= signing;
                let Some(bind) = self.binds.remove(&pdu.call_id) else { return };
                for (context, result) in bind.contexts.iter().zip(&ack.results) {
                    if result.result == ResultCode::Acceptance {
                        let presentation = Presentation {
                            interface: context.abstract_syntax,
                            transfer_syntax: result.transfer_syntax,
                        };
                        self.presentations.insert(context.id, presentation);
                        self.accepted.push(presentation);
                    }
                }
            }
            _ => {}
        }
    }

    /// Puts fragments together; the call where this is the last one.
    fn note_call(&mut self, direction: Direction, pdu: &Pdu, verdict: &Verdict) -> Option<Call> {
        let (context_id, opnum, object) = match &pdu.body {
            Body::Request(request) => {
                self.requests.insert(pdu.call_id, (request.context_id, request.opnum));
                (request.context_id, Some(request.opnum), request.object)
            }
            Body::Response(response) => {
                let asked = self.requests.get(&pdu.call_id);
                (response.context_id, asked.map(|(_, opnum)| *opnum), None)
            }
            _ => return None,
        };
        let key = (direction, pdu.call_id);
        let fresh = Partial { context_id, opnum, object, stub: Vec::new(), sealed: false };
        if pdu.flags.contains(PfcFlags::FIRST) {
            self.partial.insert(key, fresh);
        }
        let partial = self.partial.get_mut(&key)?;
        partial.stub.extend_from_slice(&pdu.stub());
        partial.sealed |= is_sealed(pdu, verdict);
        if !pdu.flags.contains(PfcFlags::LAST) {
            return None;
        }
        let Partial { context_id, opnum, object, stub, sealed } = self.partial.remove(&key)?;
        let presentation = self.presentations.get(&context_id).copied();
        let syntax = presentation.and_then(|one| syntax_of(&one.transfer_syntax));
        Some(Call {
            presentation,
            opnum,
            object,
            encoding: syntax.map(|syntax| Encoding { syntax, order: pdu.drep.order() }),
            stub: (!sealed).then(|| stub.into()),
        })
    }
}

fn is_sealed(pdu: &Pdu, verdict: &Verdict) -> bool {
    let level = pdu.auth.as_ref().map(|auth| auth.trailer.auth_level);
    level == Some(AuthLevel::Privacy.to_wire()) && !matches!(verdict, Verdict::Right(_))
}

impl Entry {
    /// The stub of a request or response without its padding; where it stays sealed, its padding
    /// belongs to it.
    pub fn stub(&self) -> Bytes {
        match &self.pdu {
            Ok(Pdu { body: Body::Response(response), .. }) if self.is_sealed() => {
                response.stub.clone()
            }
            Ok(pdu) => pdu.stub(),
            Err(_) => Bytes::new(),
        }
    }

    /// Whether its stub stays sealed.
    pub fn is_sealed(&self) -> bool {
        self.pdu.as_ref().is_ok_and(|pdu| is_sealed(pdu, &self.verdict))
    }

    /// Its type, where it is a PDU.
    pub fn ptype(&self) -> Option<PduType> {
        self.pdu.as_ref().ok().map(|pdu| pdu.body.ptype())
    }
}

impl RecordedContext {
    /// Whether the keys are known.
    pub fn has_keys(&self) -> bool {
        !matches!(self.keys, SessionKeys::Unknown(_))
    }
}
