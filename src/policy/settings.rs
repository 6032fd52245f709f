//! What an administrator sets for all templates. Every default is the safe side.

use std::time::Duration;

use super::EnrollmentAgents;
use crate::asn1::oids;
use crate::model::{Oid, Sid};

/// What an administrator sets for all templates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The longest that any certificate is valid.
    pub max_validity: Duration,
    /// Config_CA_Clock_Skew_Minutes: how far before now certificates begin.
    pub clock_skew: Duration,
    /// Server_Current_Version: templates for CAs of a later generation are refused.
    pub server_generation: u32,
    /// Config_CA_Accept_Request_Attributes_ValidityTime: whether requests may ask for a shorter
    /// validity.
    pub request_validity: bool,
    /// What is done with names that a request supplies and that would let it pass for another.
    pub supplied_names: Handling,
    /// What is done with requests for CA certificates.
    pub ca_certificates: Handling,
    /// Whether certificates without application policies, and for many those of any purpose, are
    /// issued.
    pub any_purpose: bool,
    /// Whether somebody approves certificates of enrollment agents that many may enroll for.
    pub approve_agents: bool,
    /// Whether requests that ask for more application policies than the template has are issued
    /// without them, rather than refused.
    pub strip_application_policies: bool,
    /// Whether NO_SECURITY_EXTENSION is followed where the certificate authenticates.
    pub no_security_extension: bool,
    /// Whether a dNSHostName that is not the computer's own is put into certificates.
    pub foreign_dns_names: bool,
    /// Issuance policies that may make their holders members of a group.
    pub acknowledged_policies: Vec<Oid>,
    /// Whether signatures by SHA-1 of agents and of old certificates count.
    pub sha1_signatures: bool,
    /// Which extensions certificate managers may set for requests that wait for them.
    pub manager_extensions: Vec<Oid>,
    /// Enrollment on behalf of others.
    pub on_behalf: OnBehalfSettings,
    /// Renewals.
    pub renewals: RenewalSettings,
}

/// Enrollment on behalf of others.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OnBehalfSettings {
    /// Who may enroll for whom.
    pub agents: EnrollmentAgents,
    /// Whether templates of version 1 are for it.
    pub version_1: bool,
    /// Whether the agent's certificate may be another's than the caller's.
    pub others_certificates: bool,
    /// Whether it is for members of protected groups too.
    pub privileged_targets: bool,
    /// Groups and accounts that count as protected beside those of Windows.
    pub protected: Vec<Sid>,
}

/// Renewals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RenewalSettings {
    /// After how many renewals one takes approval and signatures again.
    pub max_renewals: u32,
    /// How long after the first certificate of a line renewals take approval and signatures again.
    pub max_age: Duration,
    /// Whether the old key stands for the Enroll right, where the template says so.
    pub key_based: bool,
    /// Config_CA_Allow_RenewOnBehalfOf_Requests.
    pub on_behalf: bool,
}

/// What is done with requests that are dangerous if they are not meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handling {
    /// A certificate manager decides.
    Pend,
    /// The request is denied.
    Deny,
    /// The Enroll right on the template is enough.
    Issue,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_validity: Duration::from_secs(2 * 365 * 86_400),
            clock_skew: Duration::from_secs(10 * 60),
            // Windows Server 2016, and 2022 too: the specification's value for a server that
            // renews with the same key is 4 (2012), but a CA of 2022 issues by templates for 5.
            server_generation: 6,
            request_validity: false,
            supplied_names: Handling::Pend,
            ca_certificates: Handling::Pend,
            any_purpose: false,
            approve_agents: true,
            strip_application_policies: false,
            no_security_extension: false,
            foreign_dns_names: false,
            acknowledged_policies: Vec::new(),
            sha1_signatures: false,
            manager_extensions: vec![oids::SMIME_CAPABILITIES],
            on_behalf: OnBehalfSettings::default(),
            renewals: RenewalSettings::default(),
        }
    }
}

impl Default for RenewalSettings {
    fn default() -> Self {
        Self {
            max_renewals: 10,
            max_age: Duration::from_secs(5 * 365 * 86_400),
            key_based: false,
            on_behalf: false,
        }
    }
}
