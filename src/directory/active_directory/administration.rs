//! What administrators do in the directory: look, publish a CA, install and enable templates.

use std::sync::Arc;
use std::time::SystemTime;

use ldap3::{Scope, ldap_escape};

use super::accounts::escape_bytes;
use super::connection::{Connection, Query};
use super::dialer::Dialer;
use super::entry::Entry;
use super::forest::Forest;
use super::link::LinkError;
use super::publication::ca::{membership, removal, service_dn};
use super::publication::templates::{Naming, forest_arc};
use super::publication::{Change, ChangeKind, Object, Step};
use super::table::TEMPLATE_ATTRIBUTES;
use crate::asn1::{Reader, Tag, Writer, decode_time};
use crate::directory::config::ActiveDirectoryConfig;
use crate::model::Sid;

/// A connection for one command.
pub struct Administration {
    pub(super) connection: Connection,
    dialer: Dialer,
    forest: Forest,
    root_domain: Sid,
}

/// The account of a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Its distinguished name.
    pub dn: String,
    /// objectSid.
    pub sid: Sid,
    /// Whether it is enabled.
    pub enabled: bool,
    /// dNSHostName.
    pub dns_host_name: Option<String>,
    /// servicePrincipalName.
    pub services: Vec<String>,
    /// msDS-KeyVersionNumber.
    pub key_version: Option<i64>,
    /// msDS-SupportedEncryptionTypes.
    pub encryption_types: Option<i64>,
    /// The SIDs of its groups.
    pub groups: Vec<Sid>,
}

/// A template, as a list shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Listed {
    /// cn.
    pub name: String,
    /// displayName.
    pub display_name: String,
    /// msPKI-Template-Schema-Version.
    pub schema: i64,
    /// revision and msPKI-Template-Minor-Revision.
    pub version: (i64, i64),
    /// Whether the CA issues from it.
    pub enabled: bool,
}

impl Administration {
    /// Connects as the settings say.
    ///
    /// # Errors
    /// Why no domain controller can be asked.
    pub async fn connect(config: &ActiveDirectoryConfig) -> Result<Self, LinkError> {
        let dialer = Dialer::new(&Arc::new(config.clone()))?;
        let connection = dialer.domain_controller().await?;
        let forest = Forest::read(&connection, config).await?;
        let root = connection.object("", &["rootDomainNamingContext"]).await?;
        let root = root.as_ref().and_then(|root| root.text("rootDomainNamingContext"));
        let root = connection.object(root.unwrap_or_default(), &["objectSid"]).await?;
        let root_domain = root.and_then(|root| root.sid()).ok_or_else(|| LinkError::Answer {
            host: connection.host().to_owned(),
            problem: "it does not tell the SID of the forest's root domain",
        })?;
        Ok(Self { connection, dialer, forest, root_domain })
    }

    /// The domain controller.
    pub fn host(&self) -> &str {
        self.connection.host()
    }

    /// The forest.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// SID of the forest's root domain.
    pub fn root_domain(&self) -> &Sid {
        &self.root_domain
    }

    /// The domain controller's clock.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub async fn time(&self) -> Result<Option<SystemTime>, LinkError> {
        let root = self.connection.object("", &["currentTime"]).await?;
        let text = root.as_ref().and_then(|root| root.text("currentTime"));
        // GeneralizedTime with a fraction, which is always 0.
        let text = text.map(|text| text.replace(".0Z", "Z"));
        Ok(text.and_then(|text| {
            let mut element = Writer::new();
            element.element(Tag::GENERALIZED_TIME, text.as_bytes());
            decode_time(&Reader::new(&element.into_bytes()).element().ok()?).ok()
        }))
    }

    /// An object, or `None`.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub async fn object(&self, dn: &str, names: &[&str]) -> Result<Option<Entry>, LinkError> {
        self.connection.object(dn, names).await
    }

    /// The account of this sAMAccountName in the own domain.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub async fn machine(&self, account: &str) -> Result<Option<Machine>, LinkError> {
        let attributes = [
            "objectSid",
            "userAccountControl",
            "dNSHostName",
            "servicePrincipalName",
            "msDS-KeyVersionNumber",
            "msDS-SupportedEncryptionTypes",
        ];
        let found = self
            .connection
            .search(&Query {
                base: &self.forest.own.dn,
                scope: Scope::Subtree,
                filter: &format!(
                    "(&(objectClass=computer)(sAMAccountName={}))",
                    ldap_escape(account)
                ),
                attributes: &attributes,
                security: false,
            })
            .await?;
        let Some((entry, sid)) = found.first().and_then(|entry| Some((entry, entry.sid()?))) else {
            return Ok(None);
        };
        let groups = self.connection.object(&entry.dn, &["tokenGroups"]).await?;
        let groups = groups.iter().flat_map(|entry| entry.attributes.values("tokenGroups"));
        let disabled = entry.number("userAccountControl").is_none_or(|flags| flags & 2 != 0);
        Ok(Some(Machine {
            dn: entry.dn.clone(),
            sid,
            enabled: !disabled,
            dns_host_name: entry.text("dNSHostName").map(str::to_owned),
            services: entry.texts("servicePrincipalName").map(str::to_owned).collect(),
            key_version: entry.number("msDS-KeyVersionNumber"),
            encryption_types: entry.number("msDS-SupportedEncryptionTypes"),
            groups: groups.filter_map(|sid| Sid::from_bytes(sid).ok()).collect(),
        }))
    }

    /// The distinguished name of the own domain's group of this relative identifier.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub async fn group(&self, rid: u32) -> Result<Option<String>, LinkError> {
        let Ok(sid) = self.forest.sid.with_rid(rid) else { return Ok(None) };
        let query = Query {
            base: &self.forest.own.dn,
            scope: Scope::Subtree,
            filter: &format!("(objectSid={})", escape_bytes(&sid.to_bytes())),
            attributes: &["cn"],
            security: false,
        };
        Ok(self.connection.search(&query).await?.pop().map(|entry| entry.dn))
    }

    /// A global catalog of the forest, which tells of accounts of its other domains: its name, and
    /// whether it knows this account.
    ///
    /// # Errors
    /// Why none can be asked.
    pub async fn catalog_knows(&self, account: &Sid) -> Result<(String, bool), LinkError> {
        let catalog = self.dialer.global_catalog(&self.forest.root).await?;
        let query = Query {
            base: "",
            scope: Scope::Subtree,
            filter: &format!("(objectSid={})", escape_bytes(&account.to_bytes())),
            attributes: &["objectSid"],
            security: false,
        };
        let found = catalog.search(&query).await?;
        let knows = found.iter().any(|entry| entry.sid().as_ref() == Some(account));
        Ok((catalog.host().to_owned(), knows))
    }

    /// What is to be done so that these objects are there.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn plan(&self, objects: &[Object]) -> Result<Vec<Step>, LinkError> {
        let mut steps = Vec::new();
        for object in objects {
            let names: Vec<&str> =
                object.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
            let current = self.connection.object(&object.dn, &names).await?;
            steps.extend(object.step(current.as_ref()));
        }
        Ok(steps)
    }

    /// Takes a step.
    ///
    /// # Errors
    /// What the directory refuses.
    pub async fn apply(&self, step: &Step) -> Result<(), LinkError> {
        step.apply(&self.connection).await
    }

    /// The membership of a machine in Cert Publishers, where it is missing.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn join_publishers(&self, machine: &Machine) -> Result<Option<Step>, LinkError> {
        const CERT_PUBLISHERS: u32 = 517;
        let sid = self.forest.sid.with_rid(CERT_PUBLISHERS).ok();
        if sid.is_some_and(|sid| machine.groups.contains(&sid)) {
            return Ok(None);
        }
        let Some(group) = self.group(CERT_PUBLISHERS).await? else { return Ok(None) };
        Ok(self.plan(&[membership(&group, &machine.dn)]).await?.pop())
    }

    /// The forest's own arc of OIDs; and the step that writes it down, where it is not yet.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn arc(&self) -> Result<(String, Option<Step>), LinkError> {
        let answer = |problem| LinkError::Answer { host: self.host().to_owned(), problem };
        let dn = format!("CN=OID,{}", self.forest.public_key_services());
        let names = ["objectGUID", "msPKI-Cert-Template-OID"];
        let container = self.connection.object(&dn, &names).await?;
        let container = container.ok_or_else(|| answer("the forest has no container CN=OID"))?;
        if let Some(arc) = container.text("msPKI-Cert-Template-OID") {
            return Ok((arc.to_owned(), None));
        }
        let guid = container.value("objectGUID").and_then(|guid| guid.try_into().ok());
        let arc = forest_arc(&guid.ok_or_else(|| answer("CN=OID has no objectGUID"))?);
        let change = Change {
            kind: ChangeKind::Replace,
            name: "msPKI-Cert-Template-OID".to_owned(),
            values: vec![arc.clone().into_bytes()],
        };
        Ok((arc, Some(Step::Modify { dn, changes: vec![change] })))
    }

    /// What names of templates mean in this forest, with its arc.
    pub fn naming<'a>(&'a self, arc: &'a str) -> Naming<'a> {
        Naming { forest: &self.forest, root_domain: &self.root_domain, arc }
    }

    /// What ends the service of the CA of this name, which has these certificates.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn plan_removal(
        &self,
        cn: &str,
        certificates: &[Vec<u8>],
    ) -> Result<Vec<Step>, LinkError> {
        let root = self.forest.public_key_services();
        let service = self.object(&service_dn(&self.forest, cn), &["cn"]).await?;
        let recovery = format!("CN={},CN=KRA,{root}", ldap3::dn_escape(cn));
        let recovery = self.object(&recovery, &["cn"]).await?;
        let nt_auth = format!("CN=NTAuthCertificates,{root}");
        let nt_auth = self.object(&nt_auth, &["cACertificate"]).await?;
        Ok(removal(
            &self.forest,
            cn,
            service.as_ref(),
            recovery.as_ref(),
            nt_auth.as_ref(),
            certificates,
        ))
    }

    /// All templates, and which of them the CA of this name issues from, by name.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn templates(&self, ca: &str) -> Result<Vec<Listed>, LinkError> {
        let root = self.forest.public_key_services();
        let found = self
            .connection
            .search(&Query {
                base: &format!("CN=Certificate Templates,{root}"),
                scope: Scope::OneLevel,
                filter: "(objectCategory=pKICertificateTemplate)",
                attributes: &TEMPLATE_ATTRIBUTES,
                security: false,
            })
            .await?;
        let service = service_dn(&self.forest, ca);
        let service = self.object(&service, &["certificateTemplates"]).await?;
        let enabled: Vec<String> = service
            .iter()
            .flat_map(|service| service.texts("certificateTemplates"))
            .map(str::to_lowercase)
            .collect();
        let listed = |entry: &Entry| {
            let name = entry.text("cn")?.to_owned();
            let number = |attribute| entry.number(attribute).unwrap_or_default();
            Some(Listed {
                display_name: entry.text("displayName").unwrap_or(&name).to_owned(),
                schema: entry.number("msPKI-Template-Schema-Version").unwrap_or(1),
                version: (number("revision"), number("msPKI-Template-Minor-Revision")),
                enabled: enabled.contains(&name.to_lowercase()),
                name,
            })
        };
        let mut listed: Vec<Listed> = found.iter().filter_map(listed).collect();
        listed.sort();
        Ok(listed)
    }

    /// What makes the CA of this name issue from a template, or stop to; `None` where it is so
    /// already, or there is no such template.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn plan_enabling(
        &self,
        ca: &str,
        template: &str,
        enable: bool,
    ) -> Result<Option<Step>, LinkError> {
        let templates = self.templates(ca).await?;
        let found = templates.iter().find(|one| one.name.eq_ignore_ascii_case(template));
        let change = found.filter(|one| one.enabled != enable).map(|one| Change {
            kind: if enable { ChangeKind::Add } else { ChangeKind::Delete },
            name: "certificateTemplates".to_owned(),
            values: vec![one.name.clone().into_bytes()],
        });
        Ok(change
            .map(|change| Step::Modify { dn: service_dn(&self.forest, ca), changes: vec![change] }))
    }
}
