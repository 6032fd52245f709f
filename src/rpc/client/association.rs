//! The client's side of an association, sans-IO: calls and received bytes in, bytes to send and
//! events out ([C706] 9.3 and 12.6, [MS-RPCE] 3.3.2). One call at a time.
//!
//! Security is fixed by the first bind: a refusal, a fault or a missing answer never lowers it.

use bytes::Bytes;
use uuid::Uuid;

use super::error::ClientError;
use super::verification::VerificationTrailer;
use crate::auth::{AuthLevel, AuthType, Initiated, SecurityContext};
use crate::ndr::{Encoding, Fault, InterfaceId, Syntax};
use crate::rpc::pdu::{
    self, Auth, Bind, BindAck, BindTimeFeatures, Body, DEFAULT_FRAGMENT, Frame, Framer,
    MIN_FRAGMENT, NDR_SYNTAX, NDR64_SYNTAX, Pdu, PfcFlags, PresentationContext, Protection,
    Request, ResultCode, syntax_of,
};

/// The security context of the association on the wire; there is only one.
const AUTH_CONTEXT_ID: u32 = 0;

/// What the association asks for and tolerates.
#[derive(Clone, Debug)]
pub struct AssociationOptions {
    /// Transfer syntaxes to offer, the preferred one last.
    pub syntaxes: Vec<Syntax>,
    /// Insist on header signing at packet integrity and privacy. Only servers older than
    /// Windows 2003 don't know it.
    pub require_header_signing: bool,
    /// Association group to join; 0 for a new one.
    pub group: u32,
    /// Largest answer in bytes.
    pub max_answer: usize,
}

impl Default for AssociationOptions {
    fn default() -> Self {
        Self {
            syntaxes: vec![Syntax::Ndr20, Syntax::Ndr64],
            require_header_signing: true,
            group: 0,
            max_answer: 4 << 20,
        }
    }
}

/// What the server said.
pub enum Event {
    /// The server's token for the initiator, whose answer goes to [`Association::leg`].
    Token(Bytes),
    /// The interface is bound: calls can be made.
    Bound,
    /// The answer to the call.
    Answer(Encoding, Vec<u8>),
}

/// A presentation context that the server accepted.
#[derive(Clone, Copy, Debug)]
struct Presentation {
    id: u16,
    interface: InterfaceId,
    syntax: InterfaceId,
    encoding: Encoding,
    /// Whether a request has stated it in a verification trailer.
    verified: bool,
}

/// The association's security: none, in the making, or established.
struct Security {
    auth_type: AuthType,
    level: AuthLevel,
    /// Established context, once the initiator is done.
    context: Option<Box<dyn SecurityContext>>,
    /// Whether the server agreed.
    header_signing: bool,
}

/// What is waited for.
enum Phase {
    /// Nothing: the association is new.
    New,
    /// bind_ack or alter_context_resp with this call id, about these proposals.
    Ack { call_id: u32, proposals: Vec<PresentationContext>, bind: bool },
    /// The initiator's next token, for the exchange with this call id.
    Leg { call_id: u32 },
    /// Nothing: calls can be made.
    Ready,
    /// The answer.
    Answer { call_id: u32, encoding: Option<Encoding>, stub: Vec<u8> },
    /// Nothing any more.
    Dead,
}

/// The client's side of an association.
pub struct Association {
    options: AssociationOptions,
    framer: Framer,
    phase: Phase,
    call_id: u32,
    group: u32,
    /// Largest fragment that the server takes, in bytes.
    send_limit: u16,
    security: Option<Security>,
    /// Accepted presentation contexts; the last one is in use.
    presentations: Vec<Presentation>,
    next_presentation: u16,
    /// Whether a verification trailer has announced header signing.
    announced: bool,
}

impl Association {
    /// A new association; [`Self::bind`] comes first.
    pub fn new(options: AssociationOptions) -> Self {
        Self {
            group: options.group,
            options,
            framer: Framer::default(),
            phase: Phase::New,
            call_id: 0,
            send_limit: MIN_FRAGMENT,
            security: None,
            presentations: Vec::new(),
            next_presentation: 0,
            announced: false,
        }
    }

    /// The bytes of the bind for an interface. `first_leg` is the initiator's first answer, with
    /// its type and the level to bind at.
    pub fn bind(
        &mut self,
        interface: InterfaceId,
        first_leg: Option<(AuthType, AuthLevel, Initiated)>,
    ) -> Result<Vec<u8>, ClientError> {
        if !matches!(self.phase, Phase::New) {
            return Err(self.die(ClientError::Closed));
        }
        let mut token = None;
        if let Some((auth_type, level, initiated)) = first_leg {
            let (first, context) = split(initiated);
            token = Some(first.ok_or(ClientError::Protocol("the initiator has no first token"))?);
            let header_signing = level >= AuthLevel::Integrity;
            self.security = Some(Security { auth_type, level, context, header_signing });
        }
        self.propose(interface, token, true)
    }

    /// The bytes that bind a further interface, or `None` where it is bound already; either way
    /// the next calls go to it.
    pub fn alter(&mut self, interface: InterfaceId) -> Result<Option<Vec<u8>>, ClientError> {
        if !matches!(self.phase, Phase::Ready) {
            return Err(self.die(ClientError::Closed));
        }
        let known = self.presentations.iter().position(|known| known.interface == interface);
        if let Some(at) = known {
            let presentation = self.presentations.remove(at);
            self.presentations.push(presentation);
            return Ok(None);
        }
        self.propose(interface, None, false).map(Some)
    }

    /// The initiator's answer to [`Event::Token`]: bytes to send, if any. Afterwards, unless
    /// [`Self::is_ready`], an event is to be waited for.
    pub fn leg(&mut self, initiated: Initiated) -> Result<Option<Vec<u8>>, ClientError> {
        let Phase::Leg { call_id } = self.phase else {
            return Err(self.die(ClientError::Closed));
        };
        let (token, context) = split(initiated);
        let done = context.is_some();
        let Some(security) = &mut self.security else {
            return Err(self.die(ClientError::Closed));
        };
        security.context = context;
        let three_legs = security.auth_type == AuthType::Ntlm;
        match token {
            None => {
                self.phase = Phase::Ready;
                Ok(None)
            }
            // NTLM has three legs, and nothing answers the third.
            Some(token) if done && three_legs => {
                self.phase = Phase::Ready;
                let pdu = Pdu::new(call_id, Body::Auth3([0; 4]));
                self.encode_leg(pdu, token).map(Some)
            }
            Some(token) => {
                let pdu = Pdu::new(call_id, Body::AlterContext(self.bind_body(Vec::new())));
                self.phase = Phase::Ack { call_id, proposals: Vec::new(), bind: false };
                self.encode_leg(pdu, token).map(Some)
            }
        }
    }

    /// Whether calls can be made.
    pub fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready)
    }

    /// Whether the association is past use.
    pub fn is_dead(&self) -> bool {
        matches!(self.phase, Phase::Dead)
    }

    /// The association group, for further connections of the same client.
    pub fn group(&self) -> u32 {
        self.group
    }

    /// How stubs of calls to the interface in use are encoded.
    pub fn encoding(&self) -> Option<Encoding> {
        self.presentations.last().map(|presentation| presentation.encoding)
    }

    /// The bytes of a call: one PDU or several.
    pub fn request(
        &mut self,
        object: Option<Uuid>,
        opnum: u16,
        stub: Vec<u8>,
    ) -> Result<Vec<u8>, ClientError> {
        if !self.is_ready() {
            return Err(self.die(ClientError::Closed));
        }
        let sent = self.fragments(object, opnum, stub);
        sent.map_err(|error| self.die(error))
    }

    /// Takes received bytes; [`Self::poll`] says what they mean.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.framer.push(bytes);
    }

    /// The next event, or `None` until more bytes come.
    pub fn poll(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            let frame = match self.framer.next_frame(DEFAULT_FRAGMENT) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(None),
                Err(error) => return Err(self.die(error.into())),
            };
            match self.take(frame) {
                Ok(None) => {}
                Ok(event) => return Ok(event),
                Err(ClientError::Fault(fault)) if self.is_ready() => return Err(fault.into()),
                Err(error) => return Err(self.die(error)),
            }
        }
    }

    fn die(&mut self, error: ClientError) -> ClientError {
        self.phase = Phase::Dead;
        error
    }

    /// bind or alter_context that proposes an interface.
    fn propose(
        &mut self,
        interface: InterfaceId,
        token: Option<Vec<u8>>,
        bind: bool,
    ) -> Result<Vec<u8>, ClientError> {
        let call_id = self.next_call_id();
        let proposals = self.proposals(interface, bind);
        let body = self.bind_body(proposals.clone());
        let body = if bind { Body::Bind(body) } else { Body::AlterContext(body) };
        self.phase = Phase::Ack { call_id, proposals, bind };
        let pdu = Pdu::new(call_id, body);
        match token {
            Some(token) => self.encode_leg(pdu, token),
            None => pdu.encode().map_err(|error| self.die(error.into())),
        }
    }

    /// As Windows does: one presentation context for each transfer syntax, and in the first bind
    /// one for the bind time features.
    fn proposals(&mut self, interface: InterfaceId, bind: bool) -> Vec<PresentationContext> {
        let mut syntaxes: Vec<_> =
            self.options.syntaxes.iter().map(|s| transfer_syntax(*s)).collect();
        if bind {
            syntaxes.push(BindTimeFeatures::KEEP_CONNECTION_ON_ORPHAN.to_syntax());
        }
        let mut proposals = Vec::with_capacity(syntaxes.len());
        for syntax in syntaxes {
            let id = self.next_presentation;
            self.next_presentation = id.wrapping_add(1);
            let (abstract_syntax, transfer_syntaxes) = (interface, vec![syntax]);
            proposals.push(PresentationContext { id, abstract_syntax, transfer_syntaxes });
        }
        proposals
    }

    fn bind_body(&self, contexts: Vec<PresentationContext>) -> Bind {
        Bind {
            max_xmit_frag: DEFAULT_FRAGMENT,
            max_recv_frag: DEFAULT_FRAGMENT,
            assoc_group_id: self.group,
            contexts,
        }
    }

    /// Adds the initiator's token to a PDU of the bind family.
    fn encode_leg(&mut self, mut pdu: Pdu, token: Vec<u8>) -> Result<Vec<u8>, ClientError> {
        if let Some(security) = &self.security {
            let bind_family = !matches!(pdu.body, Body::Auth3(_));
            pdu.flags.set(PfcFlags::SUPPORT_HEADER_SIGN, bind_family && security.header_signing);
            let (auth_type, level) = security.wire();
            pdu.auth = Some(Auth::new(auth_type, level, AUTH_CONTEXT_ID, token.into()));
        }
        pdu.encode().map_err(|error| self.die(error.into()))
    }

    fn next_call_id(&mut self) -> u32 {
        self.call_id = self.call_id.wrapping_add(1);
        self.call_id
    }

    fn take(&mut self, mut frame: Frame) -> Result<Option<Event>, ClientError> {
        self.unprotect(&mut frame)?;
        let pdu = Pdu::decode(frame)?;
        let (flags, call_id, auth) = (pdu.flags, pdu.call_id, pdu.auth.clone());
        match pdu.body {
            Body::BindAck(ack) => self.take_ack(ack, true, flags, call_id, auth).map(Some),
            Body::AlterContextResponse(ack) => {
                self.take_ack(ack, false, flags, call_id, auth).map(Some)
            }
            Body::BindNak(nak) => Err(ClientError::BindNak(nak.reason)),
            Body::Response(_) => self.take_response(&pdu),
            Body::Fault(fault) => {
                if matches!(self.phase, Phase::Answer { call_id: asked, .. } if asked == call_id) {
                    self.phase = Phase::Ready;
                }
                Err(ClientError::Fault(Fault(fault.status)))
            }
            Body::Shutdown => Err(ClientError::Closed),
            _ => Err(ClientError::Protocol("it sent a PDU that only clients send")),
        }
    }

    /// Responses of a protected association must be protected, in the same way. Faults are not.
    fn unprotect(&mut self, frame: &mut Frame) -> Result<(), ClientError> {
        if frame.header().ptype != pdu::PduType::Response {
            return Ok(());
        }
        let trailer = frame.trailer()?;
        let Some(security) = &mut self.security else {
            return match trailer {
                None => Ok(()),
                Some(_) => Err(ClientError::Protocol("a signed answer to an unsigned call")),
            };
        };
        let mut protection = security.protection()?;
        if protection.context.token_len(protection.level) == 0 {
            return Ok(());
        }
        let expected = (protection.auth_type, protection.auth_level, AUTH_CONTEXT_ID);
        match trailer {
            Some(t) if (t.auth_type, t.auth_level, t.context_id) == expected => {
                Ok(pdu::unprotect(frame, &mut protection)?)
            }
            Some(_) => Err(ClientError::Protocol("an answer in another security context")),
            None => Err(ClientError::Protocol("an answer without signature")),
        }
    }

    fn take_ack(
        &mut self,
        ack: BindAck,
        is_bind_ack: bool,
        flags: PfcFlags,
        call_id: u32,
        auth: Option<Auth>,
    ) -> Result<Event, ClientError> {
        let Phase::Ack { call_id: asked, proposals, bind } =
            std::mem::replace(&mut self.phase, Phase::Dead)
        else {
            return Err(ClientError::Protocol("a bind answer to no bind"));
        };
        if (call_id, is_bind_ack) != (asked, bind) {
            return Err(ClientError::Protocol("a bind answer to another bind"));
        }
        if bind {
            self.group = ack.assoc_group_id;
            self.send_limit = ack.max_recv_frag.min(DEFAULT_FRAGMENT);
            if self.send_limit < MIN_FRAGMENT {
                return Err(ClientError::Protocol("its fragments are smaller than any may be"));
            }
            self.check_header_signing(flags)?;
        }
        self.accept(&proposals, &ack)?;
        self.after_ack(call_id, auth)
    }

    fn check_header_signing(&mut self, flags: PfcFlags) -> Result<(), ClientError> {
        let Some(security) = &mut self.security else {
            return Ok(());
        };
        let asked = security.header_signing;
        security.header_signing &= flags.contains(PfcFlags::SUPPORT_HEADER_SIGN);
        if asked && !security.header_signing && self.options.require_header_signing {
            return Err(ClientError::HeaderSigning);
        }
        Ok(())
    }

    /// Of the accepted presentation contexts, the last one proposed is used.
    fn accept(
        &mut self,
        proposals: &[PresentationContext],
        ack: &BindAck,
    ) -> Result<(), ClientError> {
        if proposals.len() != ack.results.len() {
            return Err(ClientError::Protocol("it answered another number of contexts"));
        }
        let Some(interface) = proposals.first().map(|proposal| proposal.abstract_syntax) else {
            return Ok(());
        };
        let mut accepted = None;
        let mut reason = 0;
        for (proposal, result) in proposals.iter().zip(&ack.results) {
            match result.result {
                ResultCode::Acceptance => accepted = Some(presentation(proposal, result)?),
                ResultCode::NegotiateAck => {}
                ResultCode::ProviderRejection | ResultCode::UserRejection => {
                    reason = reason.max(result.reason);
                }
            }
        }
        let accepted = accepted.ok_or(ClientError::ContextRejected { interface, reason })?;
        self.presentations.push(accepted);
        Ok(())
    }

    fn after_ack(&mut self, call_id: u32, auth: Option<Auth>) -> Result<Event, ClientError> {
        let Some(security) = &self.security else {
            self.phase = Phase::Ready;
            return Ok(Event::Bound);
        };
        if security.context.is_some() {
            self.phase = Phase::Ready;
            return Ok(Event::Bound);
        }
        let auth = auth.ok_or(ClientError::NotAuthenticated)?;
        let trailer = (auth.trailer.auth_type, auth.trailer.auth_level);
        if trailer != security.wire() || auth.trailer.context_id != AUTH_CONTEXT_ID {
            return Err(ClientError::Protocol("it answered in another security context"));
        }
        self.phase = Phase::Leg { call_id };
        Ok(Event::Token(auth.token))
    }

    fn take_response(&mut self, pdu: &Pdu) -> Result<Option<Event>, ClientError> {
        let Phase::Answer { call_id, encoding, stub } = &mut self.phase else {
            return Err(ClientError::Protocol("an answer to no call"));
        };
        if pdu.call_id != *call_id {
            return Err(ClientError::Protocol("an answer to another call"));
        }
        if pdu.flags.contains(PfcFlags::FIRST) != encoding.is_none() {
            return Err(ClientError::Protocol("fragments of the answer out of order"));
        }
        let used = self.presentations.last().ok_or(ClientError::Closed)?;
        let order = pdu.drep.order();
        let encoding = *encoding.get_or_insert(Encoding { order, ..used.encoding });
        if encoding.order != order {
            return Err(ClientError::Protocol("fragments of the answer in two byte orders"));
        }
        let fragment = pdu.stub();
        if stub.len().saturating_add(fragment.len()) > self.options.max_answer {
            return Err(ClientError::AnswerTooLarge(self.options.max_answer));
        }
        stub.extend_from_slice(&fragment);
        if !pdu.flags.contains(PfcFlags::LAST) {
            return Ok(None);
        }
        let stub = std::mem::take(stub);
        self.phase = Phase::Ready;
        Ok(Some(Event::Answer(encoding, stub)))
    }

    fn fragments(
        &mut self,
        object: Option<Uuid>,
        opnum: u16,
        mut stub: Vec<u8>,
    ) -> Result<Vec<u8>, ClientError> {
        let call_id = self.next_call_id();
        let context_id = self.presentations.last().ok_or(ClientError::Closed)?.id;
        let stub_len = stub.len();
        let trailer = self.verification_trailer(call_id, context_id, opnum);
        stub.extend_from_slice(&trailer.to_bytes(stub_len));

        let total = stub.len();
        let mut rest = Bytes::from(stub);
        let mut sent = Vec::with_capacity(total.saturating_add(256));
        let mut flags = PfcFlags::FIRST;
        while !flags.contains(PfcFlags::LAST) {
            let alloc_hint = u32::try_from(rest.len())
                .map_err(|_| ClientError::Protocol("the call is larger than 4 GiB"))?;
            let cut = self.cut(rest.len(), total.saturating_sub(stub_len), object.is_some())?;
            flags.set(PfcFlags::LAST, cut == rest.len());
            let stub = rest.split_to(cut);
            let body = Request { alloc_hint, context_id, opnum, object, stub };
            let pdu = Pdu { flags, ..Pdu::new(call_id, Body::Request(body)) };
            sent.extend_from_slice(&self.encode_request(pdu)?);
            flags.remove(PfcFlags::FIRST);
        }
        self.phase = Phase::Answer { call_id, encoding: None, stub: Vec::new() };
        Ok(sent)
    }

    /// How much of the remaining stub goes into the next fragment. The verification trailer at
    /// its end (`trailer_len` bytes, padding included) is never split ([MS-RPCE] 2.2.2.13).
    fn cut(
        &self,
        remaining: usize,
        trailer_len: usize,
        object: bool,
    ) -> Result<usize, ClientError> {
        let token_len = self.security.as_ref().map_or(0, Security::token_len);
        let capacity = pdu::stub_capacity(self.send_limit, token_len, object);
        if remaining <= capacity {
            return Ok(remaining);
        }
        match capacity.min(remaining.saturating_sub(trailer_len) & !7) {
            0 => Err(ClientError::Protocol("its fragments leave no room for a call")),
            cut => Ok(cut),
        }
    }

    fn encode_request(&mut self, pdu: Pdu) -> Result<Vec<u8>, ClientError> {
        match &mut self.security {
            Some(security) => Ok(pdu::protect(pdu, &mut security.protection()?)?),
            None => Ok(pdu.encode()?),
        }
    }

    /// As Windows does: each presentation context is stated once, header signing once; the
    /// request's header each time where the provider does not sign it.
    fn verification_trailer(
        &mut self,
        call_id: u32,
        context_id: u16,
        opnum: u16,
    ) -> VerificationTrailer {
        let (Some(security), Some(used)) = (&self.security, self.presentations.last_mut()) else {
            return VerificationTrailer::default();
        };
        if security.level < AuthLevel::Integrity {
            return VerificationTrailer::default();
        }
        let first = !std::mem::replace(&mut self.announced, true);
        let unstated = !std::mem::replace(&mut used.verified, true);
        VerificationTrailer {
            header_signing: first && security.header_signing,
            presentation: unstated.then_some((used.interface, used.syntax)),
            header: (!security.header_signing).then_some((call_id, context_id, opnum)),
        }
    }
}

impl Security {
    fn wire(&self) -> (u8, u8) {
        (self.auth_type.to_wire(), self.level.to_wire())
    }

    fn token_len(&self) -> usize {
        self.context.as_ref().map_or(0, |context| context.token_len(self.level))
    }

    fn protection(&mut self) -> Result<Protection<'_>, ClientError> {
        let (auth_type, auth_level) = self.wire();
        let context = self.context.as_deref_mut().ok_or(ClientError::NotAuthenticated)?;
        let (level, header_signing) = (self.level, self.header_signing);
        let context_id = AUTH_CONTEXT_ID;
        Ok(Protection { context, level, auth_type, auth_level, context_id, header_signing })
    }
}

fn split(initiated: Initiated) -> (Option<Vec<u8>>, Option<Box<dyn SecurityContext>>) {
    match initiated {
        Initiated::Continue(token) => (Some(token), None),
        Initiated::Done { token, context } => (token, Some(context)),
    }
}

fn transfer_syntax(syntax: Syntax) -> InterfaceId {
    match syntax {
        Syntax::Ndr20 => NDR_SYNTAX,
        Syntax::Ndr64 => NDR64_SYNTAX,
    }
}

fn presentation(
    proposal: &PresentationContext,
    result: &pdu::ContextResult,
) -> Result<Presentation, ClientError> {
    let syntax = result.transfer_syntax;
    if !proposal.transfer_syntaxes.contains(&syntax) {
        return Err(ClientError::Protocol("it accepted a transfer syntax that was not offered"));
    }
    let known = syntax_of(&syntax).ok_or(ClientError::Protocol("it accepted bind features"))?;
    let encoding = Encoding { syntax: known, order: crate::ndr::ByteOrder::Little };
    let (id, interface) = (proposal.id, proposal.abstract_syntax);
    Ok(Presentation { id, interface, syntax, encoding, verified: false })
}
