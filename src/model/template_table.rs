//! The certificate template table of a CA ([MS-WCCE] 3.2.2.1.1).

use std::collections::HashMap;
use std::sync::Arc;

use super::{IssuancePolicy, Oid, Template};

/// Every template that the directory holds, and which of them this CA issues from
/// (Certificate_Template_IsConfigured). A value: a change of the directory makes a new table.
#[derive(Clone, Debug, Default)]
pub struct TemplateTable {
    rows: Vec<TemplateRow>,
    by_name: HashMap<String, usize>,
    by_oid: HashMap<Oid, usize>,
    policies: HashMap<Oid, IssuancePolicy>,
}

/// A template, and whether this CA issues from it.
#[derive(Clone, Debug)]
pub struct TemplateRow {
    /// The template.
    pub template: Arc<Template>,
    /// Whether it is in `certificateTemplates` of this CA's enrollment service object.
    pub enabled: bool,
}

/// Two templates share a name or an OID, so that requests couldn't tell them apart.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the templates {first} and {second} have the same {what}")]
pub struct DuplicateTemplate {
    first: String,
    second: String,
    what: &'static str,
}

/// Two msPKI-Enterprise-Oid objects describe the same issuance policy.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("two issuance policies have the OID {0}")]
pub struct DuplicatePolicy(pub Oid);

impl TemplateTable {
    /// A table of these rows.
    ///
    /// # Errors
    /// Where two share a name (case aside) or an OID.
    pub fn new(rows: Vec<TemplateRow>) -> Result<Self, DuplicateTemplate> {
        let mut table = Self::default();
        for (index, row) in rows.iter().enumerate() {
            let same = |other: usize, what| DuplicateTemplate {
                first: rows.get(other).map_or_else(String::new, |row| row.template.name.clone()),
                second: row.template.name.clone(),
                what,
            };
            if let Some(other) = table.by_name.insert(row.template.name.to_lowercase(), index) {
                return Err(same(other, "name"));
            }
            if let Some(oid) = &row.template.oid
                && let Some(other) = table.by_oid.insert(oid.clone(), index)
            {
                return Err(same(other, "OID"));
            }
        }
        table.rows = rows;
        Ok(table)
    }

    /// The same table, with what the directory says of issuance policies.
    ///
    /// # Errors
    /// Where two describe the same OID.
    pub fn with_policies(mut self, policies: Vec<IssuancePolicy>) -> Result<Self, DuplicatePolicy> {
        for policy in policies {
            if let Some(other) = self.policies.insert(policy.oid.clone(), policy) {
                return Err(DuplicatePolicy(other.oid));
            }
        }
        Ok(self)
    }

    /// The same templates, of which the CA issues from those of these names (case aside) alone.
    pub fn with_enabled(&self, names: &[String]) -> Self {
        let mut table = self.clone();
        for row in &mut table.rows {
            let name = row.template.name.to_lowercase();
            row.enabled = names.iter().any(|enabled| enabled.to_lowercase() == name);
        }
        table
    }

    /// The names of the templates that the CA issues from.
    pub fn enabled(&self) -> Vec<String> {
        let enabled = self.rows.iter().filter(|row| row.enabled);
        enabled.map(|row| row.template.name.clone()).collect()
    }

    /// What the directory says of an issuance policy.
    pub fn policy(&self, oid: &Oid) -> Option<&IssuancePolicy> {
        self.policies.get(oid)
    }

    /// The template of this cn, compared without case.
    pub fn by_name(&self, name: &str) -> Option<&TemplateRow> {
        self.by_name.get(&name.to_lowercase()).and_then(|index| self.rows.get(*index))
    }

    /// The template of this msPKI-Cert-Template-OID.
    pub fn by_oid(&self, oid: &Oid) -> Option<&TemplateRow> {
        self.by_oid.get(oid).and_then(|index| self.rows.get(*index))
    }

    /// All rows, in the order of the directory.
    pub fn rows(&self) -> &[TemplateRow] {
        &self.rows
    }
}
