//! Presentation contexts: which interface in which transfer syntax ([MS-RPCE] 3.3.1.5.6).

use std::collections::HashMap;
use std::sync::Arc;

use super::Endpoint;
use crate::ndr::{InterfaceId, Syntax};
use crate::rpc::Service;
use crate::rpc::pdu::{
    BindTimeFeatures, ContextResult, NDR_SYNTAX, NDR64_SYNTAX, PresentationContext, syntax_of,
};

/// Bind time features of this server.
const FEATURES: BindTimeFeatures = BindTimeFeatures::SECURITY_CONTEXT_MULTIPLEXING
    .union(BindTimeFeatures::KEEP_CONNECTION_ON_ORPHAN);

/// A presentation context that was accepted.
#[derive(Clone)]
pub(super) struct Presentation {
    pub service: Arc<dyn Service>,
    /// As the client proposed it.
    pub interface: InterfaceId,
    pub syntax: Syntax,
}

/// A list of proposals that cannot be answered with results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NegotiationError {
    /// No context, a context without transfer syntax, features twice, or another interface or
    /// transfer syntax under an identifier in use.
    Protocol(&'static str),
    /// More contexts than the limit.
    Limit,
}

/// The presentation contexts of a connection, by identifier.
#[derive(Default)]
pub(super) struct Presentations {
    accepted: HashMap<u16, Presentation>,
}

impl Presentation {
    pub(super) fn transfer_syntax(&self) -> InterfaceId {
        wire_syntax(self.syntax)
    }
}

impl Presentations {
    /// How many were accepted.
    pub(super) fn len(&self) -> usize {
        self.accepted.len()
    }

    pub(super) fn get(&self, id: u16) -> Option<&Presentation> {
        self.accepted.get(&id)
    }

    /// Answers a client's proposals, and keeps what it accepts.
    pub(super) fn negotiate(
        &mut self,
        proposals: &[PresentationContext],
        endpoint: &Endpoint,
    ) -> Result<Vec<ContextResult>, NegotiationError> {
        if proposals.is_empty() || proposals.iter().any(|p| p.transfer_syntaxes.is_empty()) {
            return Err(NegotiationError::Protocol("nothing proposed"));
        }
        if proposals.iter().filter_map(features).count() > 1 {
            return Err(NegotiationError::Protocol("bind time features proposed twice"));
        }
        proposals.iter().map(|proposal| self.answer(proposal, proposals, endpoint)).collect()
    }

    fn answer(
        &mut self,
        proposal: &PresentationContext,
        all: &[PresentationContext],
        endpoint: &Endpoint,
    ) -> Result<ContextResult, NegotiationError> {
        if let Some(features) = features(proposal) {
            return Ok(ContextResult::features(features.intersection(FEATURES)));
        }
        let known = self.accepted.get(&proposal.id);
        if known.is_some_and(|known| known.interface != proposal.abstract_syntax) {
            return Err(NegotiationError::Protocol("interface of a presentation context changed"));
        }
        let Some(service) = endpoint.service(&proposal.abstract_syntax) else {
            return Ok(ContextResult::rejection(ContextResult::ABSTRACT_SYNTAX_NOT_SUPPORTED));
        };
        let Some(syntax) = preferred(service.as_ref(), proposal, all) else {
            return Ok(ContextResult::rejection(ContextResult::TRANSFER_SYNTAXES_NOT_SUPPORTED));
        };
        if known.is_some_and(|known| known.syntax != syntax) {
            return Err(NegotiationError::Protocol("syntax of a presentation context changed"));
        }
        if known.is_none() {
            if self.accepted.len() >= endpoint.limits.max_presentation_contexts {
                return Err(NegotiationError::Limit);
            }
            let (service, interface) = (Arc::clone(service), proposal.abstract_syntax);
            self.accepted.insert(proposal.id, Presentation { service, interface, syntax });
        }
        Ok(ContextResult::acceptance(wire_syntax(syntax)))
    }
}

/// Only the first transfer syntax of a proposal can be a feature negotiation.
fn features(proposal: &PresentationContext) -> Option<BindTimeFeatures> {
    proposal.transfer_syntaxes.first().and_then(BindTimeFeatures::from_syntax)
}

/// The transfer syntax that the service likes best of all that the client proposes for this
/// interface, if this is the first proposal with it: in one PDU, at most one proposal is accepted
/// for an interface, as on Windows.
fn preferred(
    service: &dyn Service,
    proposal: &PresentationContext,
    all: &[PresentationContext],
) -> Option<Syntax> {
    let offers = |proposal: &PresentationContext, syntax: Syntax| {
        proposal.transfer_syntaxes.iter().any(|offered| syntax_of(offered) == Some(syntax))
    };
    let same = |other: &&PresentationContext| other.abstract_syntax == proposal.abstract_syntax;
    let first = |syntax: Syntax| all.iter().filter(same).find(|other| offers(other, syntax));
    let syntaxes = service.policy().syntaxes.iter().copied();
    let (best, winner) = syntaxes.filter_map(|syntax| Some((syntax, first(syntax)?))).next()?;
    std::ptr::eq(winner, proposal).then_some(best)
}

fn wire_syntax(syntax: Syntax) -> InterfaceId {
    match syntax {
        Syntax::Ndr20 => NDR_SYNTAX,
        Syntax::Ndr64 => NDR64_SYNTAX,
    }
}
