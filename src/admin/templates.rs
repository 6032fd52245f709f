//! From which templates the CA issues ([MS-CSRA] 3.1.4.2.3, CR_PROP_TEMPLATES).

use std::time::SystemTime;

use tracing::warn;

use super::audit::AuditFilter;
use super::{AdminError, Administration};
use crate::model::{Caller, TemplateTable};
use crate::policy::{self, LintContext};

impl Administration {
    /// Has the CA issue from these templates and from no others: "name\nOID\nname\nOID…", of which
    /// OIDs are passed over. It counts at once. Where Active Directory is the directory, its
    /// enrollment service object is changed; for the embedded one it is kept beside the file.
    ///
    /// # Errors
    /// Where the text has another form, names a template that is not there, or the directory refuses
    /// the change.
    pub async fn set_templates(&self, caller: &Caller, text: &str) -> Result<(), AdminError> {
        let _changes = self.changes.lock().await;
        let table = self.directory.templates().await?;
        let names = enabled_names(text, &table)?;
        if !self.directory.is_active_directory() {
            self.settings.set_templates(names.clone()).await?;
        }
        self.directory.enable_templates(&names).await?;
        let before = table.enabled();
        let added: Vec<_> = names.iter().filter(|name| !before.contains(name)).collect();
        let removed: Vec<_> = before.iter().filter(|name| !names.contains(name)).collect();
        let what = format!("templates enabled: {added:?}, no longer enabled: {removed:?}");
        self.audit(caller, 4892, AuditFilter::CONFIGURATION, what);
        if !self.directory.is_active_directory() {
            // What Active Directory tells is looked at as it comes.
            warn_of_templates(&table.with_enabled(&names), self.ca.certificate().not_after);
        }
        Ok(())
    }
}

/// The templates of a CR_PROP_TEMPLATES value, by the names that the directory has for them, each
/// once.
fn enabled_names(text: &str, table: &TemplateTable) -> Result<Vec<String>, AdminError> {
    if text.matches('\n').count() < 2 {
        return Err(AdminError::Argument("templates are pairs of name and OID, a line each"));
    }
    let mut names = Vec::new();
    for name in text.split('\n').step_by(2).filter(|name| !name.is_empty()) {
        let row = table.by_name(name);
        let row = row.ok_or_else(|| AdminError::NoTemplate(name.chars().take(64).collect()))?;
        if !names.contains(&row.template.name) {
            names.push(row.template.name.clone());
        }
    }
    Ok(names)
}

/// Logs what is dangerous about the templates that are enabled. The CA's certificate ends at
/// `ca_ends`.
pub fn warn_of_templates(templates: &TemplateTable, ca_ends: SystemTime) {
    let ca_validity = ca_ends.duration_since(SystemTime::now()).unwrap_or_default();
    let context = LintContext { templates, ca_validity: Some(ca_validity) };
    for (template, finding) in policy::lint_table(&context) {
        let policy::Finding { id, severity, text, remedy } = finding;
        warn!(template, id, ?severity, remedy, "{text}");
    }
}
