//! The CA policy algorithm of an enterprise CA ([MS-WCCE] 3.2.2.6.2.1.4): a request and what is
//! known about it become a decision. Pure: no I/O, no clock, the same answer every time.
//!
//! Each rule is one function, named after the attribute or flag that it carries out, and stands
//! in one of three lists in the order of the specification: what a request has to meet
//! ([`REQUIREMENTS`]), what goes into the certificate ([`FIELDS`]), and what somebody has to
//! approve first ([`APPROVALS`]). A new rule is a new function in its list.
//!
//! Deviations, all to the safe side: rows of `DONOTPERSISTINDB` templates are kept like all
//! others; `PUBLISH_TO_DS` and `PUBLISH_TO_KRA_CONTAINER` concern publication, which no decision
//! depends on; names, policies and SIDs in requests are held to what `names` and `extensions` say; certificate
//! managers set only those extensions that a setting lists.

mod agents;
mod approval;
mod extensions;
mod lint;
mod names;
mod on_behalf;
mod renewal;
mod requirements;
mod selection;
mod settings;
mod signers;
mod validity;

use std::sync::Arc;
use std::time::SystemTime;

pub use agents::{AgentEntry, EnrollmentAgents};
pub use approval::is_broad;
pub use lint::{Finding, LintContext, Severity, lint, lint_table};
pub use settings::{Handling, OnBehalfSettings, RenewalSettings, Settings};

use crate::model::{
    Approval, Caller, DenyReason, EnrollmentRequest, IssuancePlan, NameFlags, OldCertificate,
    Principal, SignerFacts, SubjectName, Template, TemplateExtension, TemplateTable, Token,
};

/// All that a decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The request, its signatures verified.
    pub request: &'a EnrollmentRequest,
    /// Who calls. Per_Request.Caller_SID of the specification.
    pub caller: &'a Caller,
    /// The directory object that the certificate is for, where there is one: the caller's, or
    /// that of the account that the request is on behalf of.
    pub requester: Option<&'a Principal>,
    /// The SIDs of [`requester`](Self::requester) with its groups, where the request is on
    /// behalf of it.
    pub requester_token: Option<&'a Token>,
    /// The request's signers, in its order, with what their certificates are good for.
    pub signers: &'a [SignerFacts],
    /// The certificate that the request renews, where it is a renewal.
    pub old_certificate: Option<&'a OldCertificate>,
    /// The template table.
    pub templates: &'a TemplateTable,
    /// When the CA's own certificate begins and ends to be valid.
    pub ca_validity: (SystemTime, SystemTime),
    /// How many CAs may stand below the CA by its own certificate; `None` is without limit.
    pub ca_path_length: Option<u32>,
    /// Whether the caller asks for a renewal on behalf of the old certificate's subject
    /// (dwFlags 0x00200000, [MS-WCCE] 3.2.2.6.2.1.2.4): then [`requester`](Self::requester) is
    /// that subject.
    pub renew_on_behalf: bool,
    /// What a certificate manager decided, where one looked at the request.
    pub approval: Option<&'a Approval>,
    /// The time of receipt.
    pub now: SystemTime,
}

/// What becomes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// A certificate is issued by this plan.
    Issue(Box<IssuancePlan>),
    /// A certificate manager has to approve first.
    Pend(PendReason),
    /// Nothing is issued.
    Deny(DenyReason),
}

/// Why somebody has to approve a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PendReason {
    /// PEND_ALL_REQUESTS.
    #[error("the template wants every request approved")]
    PendAllRequests,
    /// Names come from the request, and the certificate would prove them.
    #[error("the request supplies names that the certificate would prove to others")]
    SuppliedNames,
    /// An enrollment agent's certificate from a template that many may enroll for.
    #[error("the certificate would let its holder enroll for others")]
    EnrollmentAgent,
    /// A CA certificate.
    #[error("the certificate would be one of a CA")]
    CaCertificate,
}

/// A decision, and the template it was made by.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The template, as soon as the request named one that is known.
    pub template: Option<Arc<Template>>,
    /// What becomes of the request.
    pub decision: Decision,
}

/// Decides about a request.
pub fn decide(facts: &Facts<'_>, settings: &Settings) -> Verdict {
    let row = match selection::template(facts) {
        Ok(row) => row,
        Err(reason) => return Verdict { template: None, decision: Decision::Deny(reason) },
    };
    let case = Case { facts, settings, template: &row.template };
    let decision = match selection::enabled(row).and_then(|()| case.plan()) {
        Err(reason) => Decision::Deny(reason),
        Ok(plan) => match case.awaited_approval() {
            Some(reason) => Decision::Pend(reason),
            None => Decision::Issue(Box::new(plan)),
        },
    };
    Verdict { template: Some(Arc::clone(&row.template)), decision }
}

/// A request for a known template.
struct Case<'a> {
    facts: &'a Facts<'a>,
    settings: &'a Settings,
    template: &'a Template,
}

type Requirement = fn(&Case<'_>) -> Result<(), DenyReason>;
type Field = fn(&Case<'_>, &mut IssuancePlan) -> Result<(), DenyReason>;
type ApprovalRule = fn(&Case<'_>) -> Option<PendReason>;

/// What a request has to meet; the first that it does not meet denies it.
const REQUIREMENTS: &[Requirement] = &[
    selection::template_version,
    selection::server_generation,
    renewal::on_behalf,
    renewal::standing,
    renewal::strength,
    requirements::enroll_right,
    on_behalf::requester_name,
    on_behalf::target,
    requirements::account_enabled,
    requirements::ca_template,
    requirements::any_purpose,
    signers::policies_without_signature,
    signers::ra_signature,
    signers::strength,
    signers::chain,
    signers::ra_policies,
    signers::ra_application_policies,
    on_behalf::agent_signature,
    on_behalf::template,
    on_behalf::agent_is_caller,
    on_behalf::agent_rights,
    on_behalf::privileged_target,
    renewal::same_template,
    renewal::validity,
    renewal::own_certificate,
    requirements::minimal_key_size,
    requirements::require_private_key_archival,
    requirements::attest_required,
    renewal::require_same_key_renewal,
    extensions::requested_application_policies,
    names::require_machine_name,
    names::subject_attributes,
    names::supplied_upn,
    names::supplied_sid,
    names::supplied_directory_guid,
    names::supplied_names_denied,
];

/// What goes into the certificate.
const FIELDS: &[Field] = &[
    names::subject,
    names::alternative_names,
    names::exchange_user,
    names::some_name,
    names::security_extension,
    validity::period,
    validity::overlap,
    validity::requested,
    extensions::key_usage,
    extensions::application_policies,
    extensions::critical_extensions,
    extensions::basic_constraints,
    extensions::certificate_policies,
    extensions::include_symmetric_algorithms,
    extensions::ocsp_nocheck,
    extensions::no_revocation_info,
    extensions::set_by_manager,
];

/// What somebody has to approve first.
const APPROVALS: &[ApprovalRule] = &[
    approval::pend_all_requests,
    approval::supplied_names,
    approval::enrollment_agent,
    approval::ca_certificate,
];

impl<'a> Case<'a> {
    fn plan(&self) -> Result<IssuancePlan, DenyReason> {
        REQUIREMENTS.iter().try_for_each(|rule| rule(self))?;
        let mut plan = self.empty_plan(extensions::template_extension(self.template)?);
        FIELDS.iter().try_for_each(|rule| rule(self, &mut plan))?;
        Ok(plan)
    }

    /// Why somebody has to approve, unless somebody has.
    fn awaited_approval(&self) -> Option<PendReason> {
        let mut rules = APPROVALS.iter().filter(|_| self.facts.approval.is_none());
        rules.find_map(|rule| rule(self))
    }

    fn empty_plan(&self, template: TemplateExtension) -> IssuancePlan {
        IssuancePlan {
            subject: SubjectName::Empty,
            subject_alt_names: Vec::new(),
            public_key: self.facts.request.public_key.clone(),
            not_before: self.facts.now,
            not_after: self.facts.now,
            key_usage: None,
            application_policies: Vec::new(),
            certificate_policies: Vec::new(),
            critical_extensions: Vec::new(),
            sid: None,
            template,
            basic_constraints: None,
            no_revocation_info: false,
            no_authority_information: false,
            extensions: Vec::new(),
        }
    }

    /// The template's name, for reasons.
    fn template_name(&self) -> String {
        self.template.name.clone()
    }

    /// The caller's account, for reasons.
    fn account(&self) -> String {
        self.facts.caller.account.clone()
    }

    /// The account that the certificate is for, for reasons.
    fn subject(&self) -> String {
        match (self.facts.requester, &self.facts.request.on_behalf_of) {
            (Some(requester), _) => {
                format!(r"{}\{}", requester.domain, requester.sam_account_name)
            }
            (None, Some(name)) => name.clone(),
            (None, None) => self.account(),
        }
    }

    /// Whether the certificate is for another account than the caller's, by the word of an agent.
    fn is_on_behalf(&self) -> bool {
        let named = self.facts.request.on_behalf_of.is_some();
        let caller = self.facts.caller.token.user();
        let other = self.facts.requester.map_or(named, |requester| requester.sid != *caller);
        other && !self.facts.renew_on_behalf
    }

    /// The SIDs of the account that the certificate is for; `None` where they are not known.
    fn subject_token(&self) -> Option<&'a Token> {
        if !self.is_on_behalf() && !self.facts.renew_on_behalf {
            return Some(&self.facts.caller.token);
        }
        let of_requester = |token: &&Token| {
            self.facts.requester.is_some_and(|requester| requester.sid == *token.user())
        };
        self.facts.requester_token.filter(of_requester)
    }

    /// The object that the certificate is for.
    fn requester(&self) -> Result<&'a Principal, DenyReason> {
        let unknown = || DenyReason::PrincipalUnknown { account: self.subject() };
        self.facts.requester.ok_or_else(unknown)
    }

    /// Whether subject and alternative names come from the request.
    fn enrollee_supplies_subject(&self) -> bool {
        self.template.names.contains(NameFlags::ENROLLEE_SUPPLIES_SUBJECT)
    }
}

#[cfg(test)]
mod tests;
