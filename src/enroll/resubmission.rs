//! Requests that a certificate manager decides about ([MS-CSRA] 3.1.4.1.1 to 3.1.4.1.4): they go
//! the whole way again, with the approval as one more fact for policy. What has changed since, such
//! as a template or an account that was disabled, counts.

use std::sync::Arc;
use std::time::Instant;

use super::process::{Failure, Outcome, Processed};
use super::{EnrollError, Enrollment, Submission, audit, row};
use crate::ca::SignedCertificate;
use crate::model::{
    Approval, Attribute, Caller, DenyReason, Disposition, HResult, NewRow, Oid, RequestRow,
    SetExtension, Sid, TemplateFlags,
};
use crate::request;

/// What became of a request that was resubmitted.
#[derive(Clone, PartialEq, Debug)]
pub struct Resubmitted {
    /// Its row, as it is durable by now.
    pub row: RequestRow,
    /// pdwDisposition: 3 issued, 5 pending, or why not.
    pub disposition: u32,
}

impl Enrollment {
    /// Processes a recorded request once more, approved by `manager`. The caller has checked that
    /// this is the manager's to do.
    ///
    /// # Errors
    /// Where nothing can be read or recorded; somebody else may have resolved the request first.
    pub async fn resubmit(
        &self,
        recorded: RequestRow,
        manager: &Caller,
    ) -> Result<Resubmitted, EnrollError> {
        let started = Instant::now();
        let from = recorded.columns.disposition;
        let mut processed = self.decide_again(&recorded.columns).await?;
        // The specification would have the request fail for good; it did nothing to deserve that.
        if let Outcome::Failed(failure) = processed.outcome {
            if failure.is_passing() {
                return Err(failure.into());
            }
            processed.outcome = Outcome::Failed(failure);
        }
        let row = &mut processed.row;
        row.submitted_when = recorded.columns.submitted_when;
        row.disposition_message = row::text_line(&format!(
            "{}  Resubmitted by {}",
            row.disposition_message, manager.account
        ));
        let row = RequestRow { columns: row.clone(), ..recorded };
        let is_issued = matches!(processed.outcome, Outcome::Issued(_));
        if is_issued {
            // First, so that a crash between the two forgets nothing.
            self.issued.announce(row.id).await?;
        }
        self.store.update(row.clone(), from).await?;
        audit::resubmitted(row.id, &processed, manager, started.elapsed());
        if is_issued {
            self.issued.tell_late(row.id);
        }
        let disposition = match &processed.outcome {
            Outcome::Issued(_) => 3,
            Outcome::Pending(_) => 5,
            Outcome::Denied(_) => 2,
            Outcome::Failed(_) => processed.outcome.status().0,
        };
        Ok(Resubmitted { row, disposition })
    }

    async fn decide_again(&self, recorded: &NewRow) -> Result<Processed, EnrollError> {
        let now = (self.clock)();
        let mut row = recorded.clone();
        row.submitted_when = now;
        let Some(caller) = self.recorded_caller(recorded).await? else {
            let account = recorded.caller_name.clone();
            let outcome = Outcome::Denied(DenyReason::PrincipalUnknown { account });
            return Ok(Processed::without_template(row, outcome));
        };
        let submission = Submission {
            authority: String::new(),
            flags: recorded.request_type,
            attributes: recorded.request_attributes.clone(),
            request: recorded.raw_request.clone(),
        };
        let approval = Approval { extensions: row::set_extensions(recorded) };
        Ok(self.examine(&Arc::new(caller), submission, row, Some(&approval)).await)
    }

    /// Who submitted the request, with the groups that it is a member of by now.
    async fn recorded_caller(&self, recorded: &NewRow) -> Result<Option<Caller>, EnrollError> {
        let Ok(sid) = recorded.caller_sid.parse::<Sid>() else { return Ok(None) };
        let token = self.directory.token_by_sid(&sid).await;
        let token = token.map_err(Failure::Directory)?;
        let account = recorded.caller_name.clone();
        Ok(token.map(|token| Caller { account, token }))
    }

    /// The row, denied by `manager`.
    pub fn denied(&self, mut row: RequestRow, manager: &Caller) -> RequestRow {
        row.columns.disposition = Disposition::Denied;
        row.columns.status_code = HResult::CERTSRV_E_ADMIN_DENIED_REQUEST.0;
        row.columns.disposition_message = row::text_line(&format!("Denied by {}", manager.account));
        row.columns.resolved_when = Some((self.clock)());
        row
    }

    /// The row of a certificate that `manager` imports ([MS-CSRA] 3.1.4.1.26).
    pub fn row_of_imported(&self, manager: &Caller, certificate: SignedCertificate) -> NewRow {
        let certificate = certificate.into_columns(TemplateFlags::default());
        row::of_imported(manager, certificate, (self.clock)())
    }

    /// The row of a pending request, with the certificate that was issued for it elsewhere.
    pub fn completed(&self, mut row: RequestRow, certificate: SignedCertificate) -> RequestRow {
        let certificate = certificate.into_columns(TemplateFlags::default());
        let submitted = std::mem::replace(&mut row.columns.submitted_when, (self.clock)());
        row::resolve(&mut row.columns, &Outcome::Issued(Box::new(certificate)));
        row.columns.submitted_when = submitted;
        row
    }

    /// The identifier of the key that a recorded request is for (SHA-1 of its bits); `None` where the
    /// request cannot be read any more.
    pub async fn key_of(&self, recorded: &RequestRow) -> Option<[u8; 20]> {
        let columns = &recorded.columns;
        let submission = Submission {
            authority: String::new(),
            flags: columns.request_type,
            attributes: columns.request_attributes.clone(),
            request: columns.raw_request.clone(),
        };
        let request = self.parse(Arc::new(submission), true).await.ok()?;
        Some(request.public_key.key_id)
    }

    /// The settings that enrollment goes by.
    pub fn settings(&self) -> &super::Settings {
        &self.settings
    }

    /// Which extensions certificate managers may set.
    pub fn may_be_set(&self, oid: &Oid) -> bool {
        self.settings.policy.manager_extensions.contains(oid)
    }

    /// The row with an extension that a certificate manager set.
    pub fn with_extension(mut row: RequestRow, set: &SetExtension) -> RequestRow {
        row::set_extension(&mut row.columns, set);
        row
    }

    /// The row with further attributes, each in place of the one of its name. Lines with bad syntax
    /// are passed over; whom the request is for is never changed.
    ///
    /// # Errors
    /// Where the text, or all of them together, are more than a request may have.
    pub fn with_attributes(
        &self,
        mut row: RequestRow,
        text: &str,
    ) -> Result<RequestRow, request::RequestError> {
        let limits = &self.settings.limits;
        let is_same = |a: &Attribute, b: &Attribute| a.name.eq_ignore_ascii_case(&b.name);
        let mut beside = request::parse_attributes(&row.columns.request_attributes, limits)?;
        for new in request::parse_attributes(text, limits)? {
            if new.name.eq_ignore_ascii_case("RequesterName") {
                continue;
            }
            let table = &mut row.columns.attributes;
            match table.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(&new.name)) {
                Some((_, value)) => value.clone_from(&new.value),
                None => table.push((new.name.clone(), new.value.clone())),
            }
            match beside.iter_mut().find(|known| is_same(known, &new)) {
                Some(known) => *known = new,
                None => beside.push(new),
            }
        }
        let lines = beside.iter().map(|one| format!("{}:{}\n", one.name, one.value));
        row.columns.request_attributes = lines.collect();
        request::parse_attributes(&row.columns.request_attributes, limits)?;
        Ok(row)
    }
}
