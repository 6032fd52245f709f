//! Which template a request is for ([MS-WCCE] 3.2.2.6.2.1.4.1 and .2).

use super::{Case, Facts};
use crate::model::{
    DenyReason, Oid, OldCertificate, SchemaVersion, TemplateHint, TemplateRow, TemplateTable,
};

/// The one template that all statements of the request name; for a renewal that names none, the
/// old certificate's.
pub(super) fn template<'a>(facts: &Facts<'a>) -> Result<&'a TemplateRow, DenyReason> {
    let mut chosen: Option<&TemplateRow> = None;
    for hint in &facts.request.template_hints {
        let row = find(facts.templates, hint)?;
        if let Some(other) = chosen.filter(|other| other.template.name != row.template.name) {
            return Err(DenyReason::TemplateConflict {
                first: other.template.name.clone(),
                second: row.template.name.clone(),
            });
        }
        chosen = Some(row);
    }
    match (chosen, facts.old_certificate) {
        (Some(row), _) => Ok(row),
        (None, Some(old)) => of_old_certificate(facts.templates, old),
        (None, None) => Err(DenyReason::NoTemplate),
    }
}

/// By the OID in the old certificate, or by the name where it has that alone.
fn of_old_certificate<'a>(
    table: &'a TemplateTable,
    old: &OldCertificate,
) -> Result<&'a TemplateRow, DenyReason> {
    let OldCertificate { template_oid, template_name, .. } = old;
    let by_oid = |oid: &Oid| TemplateHint::Oid { oid: oid.clone(), major: None, minor: None };
    let by_name = || template_name.clone().map(TemplateHint::Name);
    let hint = template_oid.as_ref().map(by_oid).or_else(by_name).ok_or(DenyReason::NoTemplate)?;
    find(table, &hint)
}

/// By cn or OID; a name may be an OID in text.
fn find<'a>(table: &'a TemplateTable, hint: &TemplateHint) -> Result<&'a TemplateRow, DenyReason> {
    let (row, name) = match hint {
        TemplateHint::Oid { oid, .. } => (table.by_oid(oid), oid.to_string()),
        TemplateHint::Name(name) => {
            let by_oid = || name.parse().ok().and_then(|oid| table.by_oid(&oid));
            (table.by_name(name).or_else(by_oid), name.clone())
        }
    };
    row.ok_or(DenyReason::TemplateUnknown { name })
}

/// Certificate_Template_IsConfigured.
pub(super) fn enabled(row: &TemplateRow) -> Result<(), DenyReason> {
    if row.enabled {
        return Ok(());
    }
    Err(DenyReason::TemplateNotEnabled { template: row.template.name.clone() })
}

/// The request must not be made for a newer template than the CA knows. A request without a
/// version counts as 0.0. The minor version says something below equal major versions only.
pub(super) fn template_version(case: &Case<'_>) -> Result<(), DenyReason> {
    let known = (case.template.major, case.template.minor);
    let asked = case.facts.request.template_hints.iter().filter_map(|hint| match hint {
        TemplateHint::Oid { major, minor, .. } => {
            Some((major.unwrap_or_default(), minor.unwrap_or_default()))
        }
        TemplateHint::Name(_) => None,
    });
    match asked.max() {
        Some(asked) if case.template.schema > SchemaVersion::V1 && asked > known => {
            Err(DenyReason::TemplateVersion { template: case.template_name(), asked, known })
        }
        _ => Ok(()),
    }
}

/// The lowest CA generation in msPKI-Private-Key-Flag is not above Server_Current_Version.
pub(super) fn server_generation(case: &Case<'_>) -> Result<(), DenyReason> {
    let (wanted, known) =
        (case.template.private_key.server_generation(), case.settings.server_generation);
    if wanted <= known {
        return Ok(());
    }
    Err(DenyReason::ServerGeneration { template: case.template_name(), wanted, known })
}
