//! One log line for each request, with the numbers of Windows' audit events: 4886 received,
//! 4887 issued, 4888 denied (failed too), 4889 pending, 4869 resubmitted.

use std::time::Duration;

use tracing::info;

use super::Lookup;
use super::process::{Outcome, Processed};
use crate::asn1::oids;
use crate::logging::{Line, line_about};
use crate::model::{Caller, EnrollmentFlags, NameFlags, NewRow, RequestId, RequestRow};

/// A request that was processed and recorded.
pub(super) fn submitted(id: RequestId, processed: &Processed, duration: Duration) {
    let events = match processed.outcome {
        Outcome::Issued(_) => "4886,4887",
        Outcome::Denied(_) | Outcome::Failed(_) => "4886,4888",
        Outcome::Pending(_) => "4886,4889",
    };
    processed_request(id, processed, None, duration, events);
}

/// A request that a certificate manager resubmitted (4869).
pub(super) fn resubmitted(id: RequestId, processed: &Processed, by: &Caller, duration: Duration) {
    let events = match processed.outcome {
        Outcome::Issued(_) => "4869,4887",
        Outcome::Denied(_) | Outcome::Failed(_) => "4869,4888",
        Outcome::Pending(_) => "4869,4889",
    };
    processed_request(id, processed, Some(by), duration, events);
}

fn processed_request(
    id: RequestId,
    processed: &Processed,
    manager: Option<&Caller>,
    duration: Duration,
    events: &str,
) {
    let row = &processed.row;
    let template = processed.template.as_ref().map_or(&row.certificate_template, |t| &t.name);
    let serial = row.certificate.as_ref().map(|c| c.serial_number.to_string());
    let evidence = &processed.evidence;
    let template_oid = processed.template.as_ref().and_then(|t| t.oid.as_ref());
    let version = processed.template.as_ref().map(|t| format!("{}.{}", t.major, t.minor));
    let agents = evidence.agents.iter();
    let agents: Vec<_> =
        agents.map(|(subject, hash)| format!("{subject} ({})", hex::encode(hash))).collect();
    info!(
        request_id = id.0,
        requester = row.requester_name,
        // The caller of a request on behalf of another is the agent.
        caller = (row.caller_name != row.requester_name).then_some(&row.caller_name),
        signers = (!agents.is_empty()).then(|| agents.join("; ")),
        manager = manager.map(|manager| manager.account.as_str()),
        renews = evidence.old_certificate.map(hex::encode),
        template,
        template_oid = template_oid.map(tracing::field::display),
        template_version = version,
        disposition = ?row.disposition,
        status = %processed.outcome.status(),
        serial,
        sha1_proof = evidence.sha1_proof.then_some(true),
        ignored = ignored(processed),
        duration_ms = millis(duration),
        events,
        "{}", row.disposition_message
    );
}

/// What a request or its template asks for, and the certificate that was issued does not follow.
fn ignored(processed: &Processed) -> Option<String> {
    let (Outcome::Issued(_), Some(template)) = (&processed.outcome, &processed.template) else {
        return None;
    };
    let mut extensions = processed.row.extensions.iter();
    let sid = oids::NTDS_CA_SECURITY_EXT.to_string();
    let has_sid = extensions.any(|(oid, ..)| *oid == sid);
    let supplies = template.names.contains(NameFlags::ENROLLEE_SUPPLIES_SUBJECT);
    let no_sid = template.enrollment.contains(EnrollmentFlags::NO_SECURITY_EXTENSION);
    let evidence = &processed.evidence;
    let ignored: Vec<&str> = [
        (evidence.san_attribute, "the attribute SAN"),
        (evidence.supplied_names && !supplies, "the request's alternative names"),
        (no_sid && has_sid, "the template's NO_SECURITY_EXTENSION"),
    ]
    .iter()
    .filter_map(|(is_so, what)| is_so.then_some(*what))
    .collect();
    (!ignored.is_empty()).then(|| ignored.join(", "))
}

/// A request that somebody looked up; `row` is there if it is the caller's own.
pub(super) fn retrieved(
    lookup: &Lookup,
    caller: &Caller,
    row: Option<&RequestRow>,
    duration: Duration,
) {
    let Some(Line { unsaid }) = line_about(&caller.account) else { return };
    info!(
        request_id = row.map(|row| row.id.0),
        lookup = %lookup,
        caller = caller.account,
        template = row.map(|row| row.columns.certificate_template.as_str()),
        disposition = row.map(|row| tracing::field::debug(row.columns.disposition)),
        duration_ms = millis(duration),
        unsaid,
        "{}",
        if row.is_some() { "request retrieved" } else { "no such request of this caller" }
    );
}

/// An exchange certificate that the CA issued to itself.
pub(super) fn exchange(id: RequestId, row: &NewRow) {
    info!(
        request_id = id.0,
        requester = row.requester_name,
        caller = row.caller_name,
        template = row.certificate_template,
        disposition = ?row.disposition,
        serial = row.certificate.as_ref().map(|c| c.serial_number.to_string()),
        events = "4887",
        "exchange certificate issued"
    );
}

/// Milliseconds with three decimals.
fn millis(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}
