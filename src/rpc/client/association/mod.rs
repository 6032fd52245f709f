//! The client's side of an association, sans-IO: calls and received bytes in, bytes to send and
//! events out ([C706] 9.3 and 12.6, [MS-RPCE] 3.3.2). One call at a time.
//!
//! Security is fixed by the first bind: a refusal, a fault or a missing answer never lowers it.

mod bind;
mod call;
#[cfg(test)]
mod tests;
mod verification;

use bytes::Bytes;

pub use self::verification::VerificationTrailer;
use super::error::ClientError;
use crate::auth::{AuthLevel, AuthType, SecurityContext};
use crate::ndr::{Encoding, Fault, InterfaceId, Syntax};
use crate::rpc::pdu::{
    self, Body, DEFAULT_FRAGMENT, Frame, Framer, MIN_FRAGMENT, Pdu, PresentationContext, Protection,
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
                let ours = matches!(self.phase, Phase::Answer { call_id: id, .. } if id == call_id);
                self.phase = if ours { Phase::Ready } else { Phase::Dead };
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
