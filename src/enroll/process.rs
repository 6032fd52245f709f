//! From a submission to a row: parsed, decided, and perhaps signed.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::facts::Gathered;
use super::{Enrollment, Rules, Submission, row};
use crate::asn1::sha1;
use crate::ca::{CaError, IssueError};
use crate::directory::DirectoryError;
use crate::model::{
    Approval, Caller, CertificateColumns, DenyReason, Disposition, EnrollmentRequest, HResult,
    IssuancePlan, NewRow, Template, TemplateFlags,
};
use crate::policy::{self, Decision, EnrollmentAgents, Facts, PendReason};
use crate::request::{self, RequestError};
use crate::store::StoreError;

/// What became of a submission, with its row to be.
pub(super) struct Processed {
    pub(super) row: NewRow,
    pub(super) outcome: Outcome,
    pub(super) template: Option<Arc<Template>>,
    pub(super) evidence: Evidence,
}

/// What the log says of a request beyond its row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Evidence {
    /// Whether the proof of possession used SHA-1.
    pub(super) sha1_proof: bool,
    /// Who signed for somebody else: subject and SHA-1 of the certificate.
    pub(super) agents: Vec<(String, [u8; 20])>,
    /// SHA-1 of the certificate that is renewed.
    pub(super) old_certificate: Option<[u8; 20]>,
    /// Whether the attribute SAN is there, which no template makes count.
    pub(super) san_attribute: bool,
    /// Whether the request has subject alternative names.
    pub(super) supplied_names: bool,
}

/// What became of a submission.
pub(super) enum Outcome {
    /// A certificate was issued.
    Issued(Box<CertificateColumns>),
    /// A certificate manager has to approve.
    Pending(PendReason),
    /// Policy refused.
    Denied(DenyReason),
    /// It could not be processed.
    Failed(Failure),
}

/// Why a request could not be processed. The text comes after that of [`Outcome::message`].
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("the directory cannot be read: {0}")]
    Directory(#[from] DirectoryError),
    #[error("the certificate cannot be issued: {0}")]
    Issue(#[from] IssueError),
    #[error("the Request table cannot be read: {0}")]
    Store(StoreError),
    #[error("the request takes {size} bytes of the Request table, more than {limit}")]
    TooLarge { size: usize, limit: usize },
    #[error("the exchange certificate: {0}")]
    Exchange(#[from] CaError),
    #[error("a thread that worked on the request failed")]
    Worker,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge { size, limit } => Self::TooLarge { size, limit },
            error => Self::Store(error),
        }
    }
}

impl Failure {
    /// Whether it says nothing of the request: another attempt may well succeed.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Directory(_) | Self::Store(_) | Self::Worker => true,
            Self::Issue(error) => matches!(
                error,
                IssueError::ClockBehind { .. } | IssueError::CaNotValid | IssueError::Key(_)
            ),
            _ => false,
        }
    }

    pub(super) fn hresult(&self) -> HResult {
        match self {
            Self::Request(error) => error.hresult(),
            Self::Store(StoreError::Full { .. }) => HResult::DISK_FULL,
            Self::Directory(_) | Self::Store(_) => HResult::SERVER_UNAVAILABLE,
            Self::Issue(error) => error.hresult(),
            Self::TooLarge { .. } => HResult::CRYPT_E_ASN1_LARGE,
            Self::Exchange(_) | Self::Worker => HResult::E_UNEXPECTED,
        }
    }
}

impl Outcome {
    pub(super) fn disposition(&self) -> Disposition {
        match self {
            Self::Issued(_) => Disposition::Issued,
            Self::Pending(_) => Disposition::Pending,
            Self::Denied(_) => Disposition::Denied,
            Self::Failed(_) => Disposition::Failed,
        }
    }

    pub(super) fn status(&self) -> HResult {
        match self {
            Self::Issued(_) | Self::Pending(_) => HResult::S_OK,
            Self::Denied(reason) => reason.hresult(),
            Self::Failed(failure) => failure.hresult(),
        }
    }

    /// Request.DispositionMessage: a text that a Windows CA begins with, and what is the matter.
    pub(super) fn message(&self) -> String {
        let status = self.status();
        match self {
            Self::Issued(_) => "Issued".to_owned(),
            Self::Pending(reason) => format!("Taken Under Submission: {reason}"),
            Self::Denied(reason) => format!("Denied by Policy Module: {reason}. {status}"),
            Self::Failed(Failure::Request(error)) if error.is_of_signature() => {
                format!(
                    "Error Verifying Request Signature or Signing Certificate: {error}. {status}"
                )
            }
            Self::Failed(Failure::Request(error)) => {
                format!("Error Parsing Request: {error}. {status}")
            }
            Self::Failed(failure) => {
                format!("Error Constructing or Publishing Certificate: {failure}. {status}")
            }
        }
    }
}

impl Evidence {
    fn add(&mut self, request: &EnrollmentRequest, gathered: &Gathered) {
        let agents = gathered.signers.iter();
        self.agents = agents.map(|facts| (facts.subject.clone(), facts.certificate_hash)).collect();
        let old = request.renewal.as_ref();
        self.old_certificate = old.map(|renewal| sha1(&renewal.old_certificate));
        let mut attributes = request.attributes.iter();
        self.san_attribute = attributes.any(|one| one.name.eq_ignore_ascii_case("SAN"));
        self.supplied_names = !request.subject_alt_names.is_empty();
    }
}

impl Processed {
    /// What is refused before it is looked at.
    pub(super) fn without_template(mut row: NewRow, outcome: Outcome) -> Self {
        row::resolve(&mut row, &outcome);
        Self { row, outcome, template: None, evidence: Evidence::default() }
    }

    /// The same request, refused for its size, without what makes its row large.
    pub(super) fn too_large(self, size: usize, limit: usize) -> Self {
        let outcome = Outcome::Failed(Failure::TooLarge { size, limit });
        let mut row = row::without_bulk(self.row);
        row::resolve(&mut row, &outcome);
        Self { row, outcome, ..self }
    }
}

impl Enrollment {
    /// Parses, decides and signs. Whatever fails becomes a row as well.
    pub(super) async fn process(&self, caller: &Arc<Caller>, submission: Submission) -> Processed {
        let row = row::received(caller, &submission, (self.clock)());
        self.examine(caller, submission, row, None).await
    }

    /// The same for a row that exists already; the request counts as received when the row says.
    pub(super) async fn examine(
        &self,
        caller: &Arc<Caller>,
        submission: Submission,
        mut row: NewRow,
        approval: Option<&Approval>,
    ) -> Processed {
        let received = row.submitted_when;
        let submission = Arc::new(submission);
        let mut template = None;
        let mut evidence = Evidence::default();
        let outcome = match self.parse(Arc::clone(&submission), approval.is_some()).await {
            Err(failure) => {
                let limits = &self.settings.limits;
                row.raw_request = request::recordable(&submission.request, limits);
                if row.request_attributes.len() > limits.attributes_bytes {
                    row.request_attributes.clear();
                }
                Outcome::Failed(failure)
            }
            Ok(request) => {
                row::describe(&mut row, &request, approval);
                evidence.sha1_proof = request.sha1_proof;
                let request = Arc::new(request);
                let gathered = self.gather(caller, &request, submission.flags, received).await;
                match gathered {
                    Err(failure) => Outcome::Failed(failure),
                    Ok(gathered) => {
                        row::attribute(&mut row, &request, &gathered);
                        evidence.add(&request, &gathered);
                        let decided = self.decide(caller, &request, &gathered, &row, approval);
                        let decided = decided.await;
                        decided.map_or_else(Outcome::Failed, |(of, outcome)| {
                            template = of;
                            outcome
                        })
                    }
                }
            }
        };
        if let Some(template) = &template {
            row::name_template(&mut row, template);
        }
        row::resolve(&mut row, &outcome);
        Processed { row, outcome, template, evidence }
    }

    pub(super) async fn parse(
        &self,
        submission: Arc<Submission>,
        recorded: bool,
    ) -> Result<EnrollmentRequest, Failure> {
        let settings = Arc::clone(&self.settings);
        let work = if submission.request.len() <= QUICK_REQUEST { Work::Quick } else { Work::Long };
        self.work(work, move || {
            let Submission { request, flags, attributes, .. } = &*submission;
            let parse = if recorded { request::parse_recorded } else { request::parse };
            Ok(parse(request, *flags, attributes, &settings.limits)?)
        })
        .await
    }

    async fn decide(
        &self,
        caller: &Caller,
        request: &EnrollmentRequest,
        gathered: &Gathered,
        row: &NewRow,
        approval: Option<&Approval>,
    ) -> Result<(Option<Arc<Template>>, Outcome), Failure> {
        let now = row.submitted_when;
        let templates = self.directory.templates().await?;
        let certificate = self.ca.certificate();
        let facts = Facts {
            request,
            caller,
            requester: gathered.requester.as_ref(),
            requester_token: gathered.requester_token.as_ref(),
            signers: &gathered.signers,
            old_certificate: gathered.old_certificate.as_ref(),
            templates: &templates,
            ca_validity: (certificate.not_before, certificate.not_after),
            ca_path_length: certificate.path_length,
            renew_on_behalf: gathered.renew_on_behalf,
            approval,
            now,
        };
        let verdict = policy::decide(&facts, &self.policy());
        let outcome = match verdict.decision {
            Decision::Deny(reason) => Outcome::Denied(reason),
            Decision::Pend(reason) => Outcome::Pending(reason),
            Decision::Issue(plan) => {
                let template = verdict.template.as_deref();
                let issued = self.issue(*plan, template, row.clone()).await;
                issued.map_or_else(Outcome::Failed, Outcome::Issued)
            }
        };
        Ok((verdict.template, outcome))
    }

    /// The settings of policy, with what administrators changed.
    fn policy(&self) -> Cow<'_, policy::Settings> {
        let mut settings = Cow::Borrowed(&self.settings.policy);
        let Rules { agents, max_validity, .. } = self.settings.rules.borrow().clone();
        if let Some(agents) = agents {
            settings.to_mut().on_behalf.agents = EnrollmentAgents::clone(&agents);
        }
        if let Some(max_validity) = max_validity.filter(|longest| *longest != settings.max_validity)
        {
            settings.to_mut().max_validity = max_validity;
        }
        settings
    }

    /// Signs, unless the clock runs behind what was issued already, or the table has no room for
    /// the certificate: nothing is signed that cannot be recorded.
    async fn issue(
        &self,
        plan: IssuancePlan,
        template: Option<&Template>,
        mut row: NewRow,
    ) -> Result<Box<CertificateColumns>, Failure> {
        let now = row.submitted_when;
        self.ca.check_clock(now, self.store.last_issued().await?)?;
        let (ca, store) = (Arc::clone(&self.ca), Arc::clone(&self.store));
        let flags = template.map_or_else(TemplateFlags::default, TemplateFlags::from);
        if let Some(template) = template {
            row::name_template(&mut row, template);
        }
        self.work(self.signing(), move || {
            let draft = ca.draft(&plan, now)?;
            let columns = draft.largest().clone().into_columns(flags);
            store.check_size(&row::issued(row, columns))?;
            Ok(Box::new(ca.sign(&draft)?.into_columns(flags)))
        })
        .await
    }

    /// How long it takes to sign with the CA's key.
    pub(super) fn signing(&self) -> Work {
        if self.ca.signer().is_quick() { Work::Quick } else { Work::Long }
    }

    /// Does what takes a processor's time: long work on a thread of its own, a bounded number at
    /// once; quick work here, as the way to a thread and back takes longer.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: Work,
        job: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        if work == Work::Quick {
            return catch_unwind(AssertUnwindSafe(job)).map_err(|_| Failure::Worker)?;
        }
        let _permit = self.workers.acquire().await.map_err(|_| Failure::Worker)?;
        spawn_blocking(job).await.map_err(|_| Failure::Worker)?
    }
}

/// How long something takes a processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Work {
    /// Well below a millisecond.
    Quick,
    /// Milliseconds, or nobody knows.
    Long,
}

/// Requests up to this length, in bytes, are verified where they arrive: there is room for a few
/// signatures at most in them.
const QUICK_REQUEST: usize = 4096;
