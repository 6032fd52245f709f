//! bind, alter_context and the legs of authentication.

use super::{AUTH_CONTEXT_ID, Association, ClientError, Event, Phase, Presentation, Security};
use crate::auth::{AuthLevel, AuthType, Initiated, SecurityContext};
use crate::ndr::{ByteOrder, Encoding, InterfaceId, Syntax};
use crate::rpc::pdu::{
    Auth, Bind, BindAck, BindTimeFeatures, Body, ContextResult, DEFAULT_FRAGMENT, MIN_FRAGMENT,
    NDR_SYNTAX, NDR64_SYNTAX, Pdu, PfcFlags, PresentationContext, ResultCode, syntax_of,
};

impl Association {
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
            // As Windows does, alter_context repeats the presentation context that was accepted.
            Some(token) => {
                let proposals: Vec<_> = self.presentations.last().map(repeat).into_iter().collect();
                let body = Body::AlterContext(self.bind_body(proposals.clone(), 0));
                self.phase = Phase::Ack { call_id, proposals, bind: false };
                self.encode_leg(Pdu::new(call_id, body), token).map(Some)
            }
        }
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
        let body = match bind {
            true => Body::Bind(self.bind_body(proposals.clone(), self.group)),
            false => Body::AlterContext(self.bind_body(proposals.clone(), 0)),
        };
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

    fn bind_body(&self, contexts: Vec<PresentationContext>, assoc_group_id: u32) -> Bind {
        Bind {
            max_xmit_frag: DEFAULT_FRAGMENT,
            max_recv_frag: DEFAULT_FRAGMENT,
            assoc_group_id,
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

    pub(super) fn take_ack(
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
        if self.presentations.iter().all(|known| known.id != accepted.id) {
            self.presentations.push(accepted);
        }
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

/// The proposal that led to a presentation context.
fn repeat(presentation: &Presentation) -> PresentationContext {
    PresentationContext {
        id: presentation.id,
        abstract_syntax: presentation.interface,
        transfer_syntaxes: vec![presentation.syntax],
    }
}

fn presentation(
    proposal: &PresentationContext,
    result: &ContextResult,
) -> Result<Presentation, ClientError> {
    let syntax = result.transfer_syntax;
    if !proposal.transfer_syntaxes.contains(&syntax) {
        return Err(ClientError::Protocol("it accepted a transfer syntax that was not offered"));
    }
    let known = syntax_of(&syntax).ok_or(ClientError::Protocol("it accepted bind features"))?;
    let encoding = Encoding { syntax: known, order: ByteOrder::Little };
    let (id, interface) = (proposal.id, proposal.abstract_syntax);
    Ok(Presentation { id, interface, syntax, encoding, verified: false })
}
