//! What guards against known attacks: sections `[hardening]` and `[[enrollment_agents]]`. Each
//! measure has a setting of its own, and is on unless somebody switches it off.

use std::time::Duration;

use serde::Deserialize;

use super::{Config, EnrollmentConfig, SuppliedNamesSetting};
use crate::directory::{DirectoryError, Trustees};
use crate::model::{AceKind, Oid, Sid, deserialize_duration};
use crate::policy::{
    self, AgentEntry, EnrollmentAgents, Handling, OnBehalfSettings, RenewalSettings,
};

/// Section `[hardening]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HardeningConfig {
    /// What is done with requests for CA certificates: `pend` (default), `deny` or `issue`.
    pub ca_certificates: SuppliedNamesSetting,
    /// Issue certificates that are good for any purpose. Default false.
    pub allow_any_purpose: bool,
    /// Have somebody approve certificates of enrollment agents that many may enroll for. Default
    /// true.
    pub approve_agents: bool,
    /// Leave application policies out that a request asks for beyond its template's, rather than
    /// refuse it. Default false.
    pub allow_excess_application_policies: bool,
    /// Follow NO_SECURITY_EXTENSION of templates whose certificates log on. Default false.
    pub follow_no_security_extension: bool,
    /// Put any dNSHostName into certificates, whoever's name it is. Default false.
    pub allow_foreign_dns_names: bool,
    /// Issuance policies that may make their holders members of a group. Default none.
    pub acknowledged_policies: Vec<String>,
    /// Take signatures by SHA-1 of agents and of certificates that are renewed. Default false.
    pub allow_sha1_signatures: bool,
    /// Let agents enroll for others by templates of version 1. Default false.
    pub allow_version_1_on_behalf: bool,
    /// Let callers use agents' certificates that are not their own. Default false.
    pub allow_other_agents_certificates: bool,
    /// Let agents enroll for members of protected groups. Default false.
    pub allow_privileged_targets: bool,
    /// Accounts and groups that count as protected beside those of Windows. Default none.
    pub protected: Vec<String>,
    /// After how many renewals one takes approval and signatures again. Default 10.
    pub max_renewals: u32,
    /// How long after the first certificate of a line. Default `5y`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub max_renewal_age: Duration,
    /// Take the old key for the Enroll right, where the template says so. Default false.
    pub allow_key_based_renewal: bool,
    /// Take renewals on behalf of the old certificate's subject. Default false.
    pub allow_renewal_on_behalf: bool,
}

impl Default for HardeningConfig {
    fn default() -> Self {
        Self {
            ca_certificates: SuppliedNamesSetting::Pend,
            allow_any_purpose: false,
            approve_agents: true,
            allow_excess_application_policies: false,
            follow_no_security_extension: false,
            allow_foreign_dns_names: false,
            acknowledged_policies: Vec::new(),
            allow_sha1_signatures: false,
            allow_version_1_on_behalf: false,
            allow_other_agents_certificates: false,
            allow_privileged_targets: false,
            protected: Vec::new(),
            max_renewals: 10,
            max_renewal_age: Duration::from_secs(5 * 365 * 86_400),
            allow_key_based_renewal: false,
            allow_renewal_on_behalf: false,
        }
    }
}

/// An entry of `[[enrollment_agents]]`: which agents may enroll for whom, by which templates.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// The agents: accounts, groups or SIDs.
    pub agents: Vec<String>,
    /// Names of templates; left out for all.
    pub templates: Option<Vec<String>>,
    /// Whom they enroll for: accounts, groups or SIDs; left out for everybody.
    pub subjects: Option<Vec<String>>,
    /// Denies what the others allow. Default false.
    #[serde(default)]
    pub deny: bool,
}

/// Why the settings of policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrusteeError {
    /// The directory cannot say.
    #[error("setting {setting}: whom {name:?} means cannot be told: {source}")]
    Directory {
        /// Which setting.
        setting: &'static str,
        /// The name in it.
        name: String,
        /// Why.
        source: DirectoryError,
    },
    /// There is no such account or group.
    #[error("setting {setting}: there is no account or group {name:?} in the directory")]
    Unknown {
        /// Which setting.
        setting: &'static str,
        /// The name in it.
        name: String,
    },
    /// Everybody would be an enrollment agent.
    #[error(
        "setting enrollment_agents: {name:?} is about everybody; name the few who enroll for others"
    )]
    Everybody {
        /// The group.
        name: String,
    },
}

impl HardeningConfig {
    /// Two measures that are safe to switch off one by one, but not both; or a value that makes
    /// no sense.
    pub(super) fn check(&self, config: &Config) -> Result<(), (&'static str, &'static str)> {
        let issued = SuppliedNamesSetting::Issue;
        let supplied = config.enrollment.supplied_names == issued;
        let keys_are_logons = self.allow_key_based_renewal || self.allow_renewal_on_behalf;
        let wrong = [
            (
                supplied && self.allow_any_purpose,
                "hardening.allow_any_purpose",
                "not with enrollment.supplied_names = \"issue\": whoever may enroll could pass \
                 for anybody, for any purpose",
            ),
            (
                supplied && self.ca_certificates == issued,
                "hardening.ca_certificates",
                "not \"issue\" with enrollment.supplied_names = \"issue\": whoever may enroll \
                 could make CAs of any name",
            ),
            (
                self.allow_version_1_on_behalf && self.allow_privileged_targets,
                "hardening.allow_privileged_targets",
                "not with allow_version_1_on_behalf: an agent could pass for an administrator by \
                 templates that were not made for it",
            ),
            (
                self.allow_other_agents_certificates && self.allow_privileged_targets,
                "hardening.allow_privileged_targets",
                "not with allow_other_agents_certificates: whoever comes by an agent's key could \
                 pass for an administrator",
            ),
            (
                keys_are_logons && self.allow_sha1_signatures,
                "hardening.allow_sha1_signatures",
                "not with allow_key_based_renewal or allow_renewal_on_behalf: a forged signature \
                 would stand for a logon",
            ),
            (
                self.acknowledged_policies.iter().any(|oid| oid.parse::<Oid>().is_err()),
                "hardening.acknowledged_policies",
                "object identifiers of issuance policies, such as \"1.3.6.1.4.1.311.21.8.1.2.3\"",
            ),
        ];
        match wrong.into_iter().find(|(is_wrong, ..)| *is_wrong) {
            Some((_, key, problem)) => Err((key, problem)),
            None => Ok(()),
        }
    }
}

impl Config {
    /// What applies to all templates: the settings, their names looked up in `directory`.
    ///
    /// # Errors
    /// Where an account or a group is not there, or about everybody would be an agent.
    pub async fn policy(&self, directory: &dyn Trustees) -> Result<policy::Settings, TrusteeError> {
        let EnrollmentConfig { server_generation, request_validity, .. } = self.enrollment;
        let hardening = &self.hardening;
        let acknowledged = hardening.acknowledged_policies.iter();
        Ok(policy::Settings {
            max_validity: self.enrollment.max_validity,
            clock_skew: self.ca.clock_skew,
            server_generation,
            request_validity,
            supplied_names: self.enrollment.supplied_names.into(),
            ca_certificates: hardening.ca_certificates.into(),
            any_purpose: hardening.allow_any_purpose,
            approve_agents: hardening.approve_agents,
            strip_application_policies: hardening.allow_excess_application_policies,
            no_security_extension: hardening.follow_no_security_extension,
            foreign_dns_names: hardening.allow_foreign_dns_names,
            acknowledged_policies: acknowledged.filter_map(|oid| oid.parse().ok()).collect(),
            sha1_signatures: hardening.allow_sha1_signatures,
            manager_extensions: self.administration.settable_extensions(),
            on_behalf: OnBehalfSettings {
                agents: self.agents(directory).await?,
                version_1: hardening.allow_version_1_on_behalf,
                others_certificates: hardening.allow_other_agents_certificates,
                privileged_targets: hardening.allow_privileged_targets,
                protected: trustees(directory, "hardening.protected", &hardening.protected).await?,
            },
            renewals: RenewalSettings {
                max_renewals: hardening.max_renewals,
                max_age: hardening.max_renewal_age,
                key_based: hardening.allow_key_based_renewal,
                on_behalf: hardening.allow_renewal_on_behalf,
            },
        })
    }

    async fn agents(&self, directory: &dyn Trustees) -> Result<EnrollmentAgents, TrusteeError> {
        const SETTING: &str = "enrollment_agents";
        let mut entries = Vec::new();
        for AgentConfig { agents, templates, subjects, deny } in &self.enrollment_agents {
            let sids = trustees(directory, SETTING, agents).await?;
            let everybody = sids.iter().position(policy::is_broad).filter(|_| !deny);
            if let Some(name) = everybody.and_then(|index| agents.get(index)) {
                return Err(TrusteeError::Everybody { name: name.clone() });
            }
            let subjects = match subjects {
                Some(names) => Some(trustees(directory, SETTING, names).await?),
                None => None,
            };
            let kind = if *deny { AceKind::Deny } else { AceKind::Allow };
            entries.push(AgentEntry { kind, agents: sids, templates: templates.clone(), subjects });
        }
        Ok(EnrollmentAgents::new(entries))
    }

    /// Whether settings name accounts or groups, which the directory has to tell.
    pub fn names_trustees(&self) -> bool {
        !(self.hardening.protected.is_empty() && self.enrollment_agents.is_empty())
    }

    /// Measures that are switched off, each with what that opens: for the log.
    pub fn switched_off(&self) -> Vec<(&'static str, &'static str)> {
        let HardeningConfig {
            ca_certificates,
            allow_any_purpose,
            approve_agents,
            allow_excess_application_policies,
            follow_no_security_extension,
            allow_foreign_dns_names,
            acknowledged_policies,
            allow_sha1_signatures,
            allow_version_1_on_behalf,
            allow_other_agents_certificates,
            allow_privileged_targets,
            allow_key_based_renewal,
            allow_renewal_on_behalf,
            ..
        } = &self.hardening;
        let issued = SuppliedNamesSetting::Issue;
        let all = [
            (
                self.enrollment.supplied_names == issued,
                "enrollment.supplied_names",
                "names that requests supply are issued without approval (ESC1, ESC17)",
            ),
            (
                *ca_certificates == issued,
                "hardening.ca_certificates",
                "CA certificates are issued without approval",
            ),
            (
                *allow_any_purpose,
                "hardening.allow_any_purpose",
                "certificates may be good for any purpose (ESC2)",
            ),
            (
                !approve_agents,
                "hardening.approve_agents",
                "many may become enrollment agents without approval (ESC3)",
            ),
            (
                *allow_excess_application_policies,
                "hardening.allow_excess_application_policies",
                "requests that ask for more than their template are issued without it (ESC15)",
            ),
            (
                *follow_no_security_extension,
                "hardening.follow_no_security_extension",
                "certificates that log on may lack the SID of their account (ESC9)",
            ),
            (
                *allow_foreign_dns_names,
                "hardening.allow_foreign_dns_names",
                "computers may be named like others (CVE-2022-26923)",
            ),
            (
                !acknowledged_policies.is_empty(),
                "hardening.acknowledged_policies",
                "issuance policies may make members of groups (ESC13)",
            ),
            (
                *allow_sha1_signatures,
                "hardening.allow_sha1_signatures",
                "signatures of agents and of old certificates may be forged",
            ),
            (
                *allow_version_1_on_behalf,
                "hardening.allow_version_1_on_behalf",
                "agents enroll for others by templates that were not made for it (ESC3)",
            ),
            (
                *allow_other_agents_certificates,
                "hardening.allow_other_agents_certificates",
                "whoever comes by an agent's key can use it from another account (ESC3)",
            ),
            (
                *allow_privileged_targets,
                "hardening.allow_privileged_targets",
                "agents enroll for administrators too (ESC3)",
            ),
            (
                *allow_key_based_renewal,
                "hardening.allow_key_based_renewal",
                "an old key is enough for a new certificate",
            ),
            (
                *allow_renewal_on_behalf,
                "hardening.allow_renewal_on_behalf",
                "an old key stands for the logon of its subject",
            ),
        ];
        all.into_iter().filter(|(off, ..)| *off).map(|(_, key, opens)| (key, opens)).collect()
    }
}

async fn trustees(
    directory: &dyn Trustees,
    setting: &'static str,
    names: &[String],
) -> Result<Vec<Sid>, TrusteeError> {
    let mut sids = Vec::new();
    for name in names {
        let unknown = || TrusteeError::Unknown { setting, name: name.clone() };
        let found = directory.trustee(name).await;
        let found = found.map_err(|source| TrusteeError::Directory {
            setting,
            name: name.clone(),
            source,
        })?;
        sids.push(found.ok_or_else(unknown)?);
    }
    Ok(sids)
}

impl From<SuppliedNamesSetting> for Handling {
    fn from(setting: SuppliedNamesSetting) -> Self {
        match setting {
            SuppliedNamesSetting::Pend => Self::Pend,
            SuppliedNamesSetting::Deny => Self::Deny,
            SuppliedNamesSetting::Issue => Self::Issue,
        }
    }
}
