//! Reads the template table ([MS-WCCE] 3.2.2.1 and 3.2.2.5).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ldap3::Scope;
use tracing::warn;

use super::connection::{Connection, Query};
use super::entry::Entry;
use super::forest::Forest;
use super::link::LinkError;
use crate::model::{IssuancePolicy, Oid, Template, TemplateRow, TemplateTable};

/// The attributes of [MS-CRTD] chapter 2 that the CA or its clients act on.
pub(super) const TEMPLATE_ATTRIBUTES: [&str; 27] = [
    "cn",
    "displayName",
    "flags",
    "revision",
    "pKICriticalExtensions",
    "pKIDefaultCSPs",
    "pKIDefaultKeySpec",
    "pKIExpirationPeriod",
    "pKIExtendedKeyUsage",
    "pKIKeyUsage",
    "pKIMaxIssuingDepth",
    "pKIOverlapPeriod",
    "msPKI-Template-Schema-Version",
    "msPKI-Template-Minor-Revision",
    "msPKI-RA-Signature",
    "msPKI-Minimal-Key-Size",
    "msPKI-Cert-Template-OID",
    "msPKI-Supersede-Templates",
    "msPKI-RA-Policies",
    "msPKI-RA-Application-Policies",
    "msPKI-Certificate-Policy",
    "msPKI-Certificate-Application-Policy",
    "msPKI-Enrollment-Flag",
    "msPKI-Private-Key-Flag",
    "msPKI-Certificate-Name-Flag",
    "nTSecurityDescriptor",
    "distinguishedName",
];

const POLICY_ATTRIBUTES: [&str; 7] = [
    "cn",
    "flags",
    "displayName",
    "msPKI-Cert-Template-OID",
    "msPKI-OID-CPS",
    "msPKI-OID-User-Notice",
    "msDS-OIDToGroupLink",
];

/// What the directory says of templates: comparable, so that a change is noticed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Listing {
    /// Each template, and whether the CA's enrollment service object names it.
    pub(super) templates: Vec<(Arc<Template>, bool)>,
    pub(super) policies: Vec<IssuancePolicy>,
    /// Whether there is an enrollment service object.
    pub(super) published: bool,
    /// What could not be used, and why.
    pub(super) problems: Vec<String>,
}

/// The containers that changes are watched in.
pub(super) struct Containers {
    /// CN=Public Key Services, which holds the others and NTAuthCertificates.
    pub(super) root: String,
    pub(super) templates: String,
    pub(super) services: String,
    pub(super) oids: String,
}

impl Containers {
    pub(super) fn of(forest: &Forest) -> Self {
        let root = forest.public_key_services();
        Self {
            templates: format!("CN=Certificate Templates,{root}"),
            services: format!("CN=Enrollment Services,{root}"),
            oids: format!("CN=OID,{root}"),
            root,
        }
    }
}

/// All templates, with their security descriptors.
pub(super) async fn find_templates(
    connection: &Connection,
    containers: &Containers,
) -> Result<Vec<Entry>, LinkError> {
    connection
        .search(&Query {
            base: &containers.templates,
            scope: Scope::Subtree,
            filter: "(objectCategory=pKICertificateTemplate)",
            attributes: &TEMPLATE_ATTRIBUTES,
            security: true,
        })
        .await
}

impl Listing {
    /// Reads templates, issuance policies and the enrollment service object of `ca`, a sanitized
    /// name.
    pub(super) async fn read(
        connection: &Connection,
        forest: &Forest,
        ca: &str,
    ) -> Result<Self, LinkError> {
        let containers = Containers::of(forest);
        let found = find_templates(connection, &containers).await?;
        let service = format!("CN={},{}", ldap3::dn_escape(ca), containers.services);
        let service = connection.object(&service, &["certificateTemplates"]).await?;
        let policies = connection
            .search(&Query {
                base: &containers.oids,
                scope: Scope::Subtree,
                filter: "(&(objectCategory=msPKI-Enterprise-Oid)(flags=2))",
                attributes: &POLICY_ATTRIBUTES,
                security: false,
            })
            .await?;
        let mut listing = Self::templates(&found, service.as_ref());
        listing.add_policies(connection, &policies).await?;
        Ok(listing)
    }

    fn templates(found: &[Entry], service: Option<&Entry>) -> Self {
        let mut problems = Vec::new();
        let mut templates = Vec::new();
        for entry in found {
            match entry.attributes.to_template() {
                Ok(template) => templates.push(template),
                Err(error) => problems.push(format!("template {error}: it is not used")),
            }
        }
        without_doubles(&mut templates, &mut problems, |template| template.oid.clone());
        let enabled: HashSet<String> = service
            .iter()
            .flat_map(|service| service.texts("certificateTemplates"))
            .map(str::to_lowercase)
            .collect();
        for name in &enabled {
            if !templates.iter().any(|template| template.name.to_lowercase() == *name) {
                problems
                    .push(format!("the CA is to issue {name:?}, but there is no such template"));
            }
        }
        let row = |template: Template| {
            let enabled = enabled.contains(&template.name.to_lowercase());
            (Arc::new(template), enabled)
        };
        problems.sort();
        Self {
            templates: templates.into_iter().map(row).collect(),
            policies: Vec::new(),
            published: service.is_some(),
            problems,
        }
    }

    async fn add_policies(
        &mut self,
        connection: &Connection,
        found: &[Entry],
    ) -> Result<(), LinkError> {
        let mut policies = Vec::new();
        for entry in found {
            match entry.attributes.to_issuance_policy() {
                Ok(policy) => policies.extend(policy),
                Err(error) => self.problems.push(format!("issuance policy {error}")),
            }
        }
        without_doubles(&mut policies, &mut self.problems, |policy| Some(policy.oid.clone()));
        for group in policies.iter_mut().filter_map(|policy| policy.group.as_mut()) {
            let entry = connection.object(&group.name, &["objectSid"]).await?;
            group.sid = entry.and_then(|entry| entry.sid());
        }
        self.policies = policies;
        Ok(())
    }

    /// The table of the model.
    pub(super) fn table(&self) -> TemplateTable {
        let rows = self.templates.iter().map(|(template, enabled)| TemplateRow {
            template: Arc::clone(template),
            enabled: *enabled,
        });
        let table = TemplateTable::new(rows.collect()).map_err(|error| error.to_string()).and_then(
            |table| table.with_policies(self.policies.clone()).map_err(|error| error.to_string()),
        );
        table.unwrap_or_else(|problem| {
            // Doubles are left out before; without a table nothing is issued.
            warn!(problem, "the template table cannot be used");
            TemplateTable::default()
        })
    }
}

/// Leaves out all that share an OID: requests could not tell them apart.
fn without_doubles<T>(
    list: &mut Vec<T>,
    problems: &mut Vec<String>,
    oid: impl Fn(&T) -> Option<Oid>,
) {
    let mut seen: HashMap<Oid, usize> = HashMap::new();
    for oid in list.iter().filter_map(&oid) {
        let count = seen.entry(oid).or_default();
        *count = count.saturating_add(1);
    }
    list.retain(|one| oid(one).is_none_or(|oid| seen.get(&oid) == Some(&1)));
    for (oid, _) in seen.into_iter().filter(|(_, count)| *count > 1) {
        problems.push(format!("several objects have the OID {oid}: none of them is used"));
    }
}
