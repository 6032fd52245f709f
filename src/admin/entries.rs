//! Configuration entries, by the names that Windows' CA has in its registry ([MS-CSRA] 3.1.4.2.14
//! and .15): what this CA is set to, as far as clients ask for it. Entries of security and periods can
//! be set; all others are the configuration file's.

use super::administration::RightsOf;
use super::audit::AuditFilter;
use super::periods::Period;
use super::{AdminError, Administration};
use crate::asn1::Hash;
use crate::ca::{Crls, is_in_use};
use crate::enroll::text_line;
use crate::model::{Caller, to_filetime};

/// The value of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntryValue {
    /// A number.
    Number(u32),
    /// Text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
    /// Bytes.
    Bytes(Vec<u8>),
    /// No value: to set it takes the entry away.
    Empty,
}

impl EntryValue {
    /// What the log says of it.
    fn shown(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("{:?}", text_line(text)),
            Self::List(texts) => format!("{} texts", texts.len()),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Self::Empty => "nothing, which leaves it to the configuration file".to_owned(),
        }
    }
}

/// The name of the policy module that the default one of Windows has; clients look for its entries.
const POLICY_MODULE: &str = "CertificateAuthority_MicrosoftDefault.Policy";
/// What keeps the CA's keys.
const PROVIDER: &str = "wcce keys in files";
/// Version of the database of Windows Server 2016 and later.
const VERSION: u32 = 0x0007_0001;
/// IF_ENFORCEENCRYPTICERTREQUEST, IF_ENFORCEENCRYPTICERTADMIN, IF_NOREMOTEICERTADMINBACKUP, and
/// IF_LOCKICERTREQUEST: the defaults of Windows, all of which hold here.
const INTERFACE_FLAGS: u32 = 0x0641;
/// EditFlags of Windows' enterprise CAs, without ATTRIBUTESUBJECTALTNAME2.
const EDIT_FLAGS: u32 = 0x0011_014E;
/// The most characters of a node or an entry that are looked at.
const MAX_NAME: usize = 256;

type Entry = (&'static str, EntryValue);

impl Administration {
    /// The value of an entry, or with an empty name the names of all at its node.
    ///
    /// # Errors
    /// Where there is no such node or entry.
    pub fn entry(
        &self,
        authority: &str,
        node: &str,
        entry: &str,
    ) -> Result<EntryValue, AdminError> {
        let entries = self.node(authority, node)?;
        if entry.is_empty() {
            return Ok(EntryValue::List(
                entries.iter().map(|(name, _)| (*name).to_owned()).collect(),
            ));
        }
        let mut entries = entries.into_iter();
        let found = entries.find(|(name, _)| name.eq_ignore_ascii_case(entry));
        found.map(|(_, value)| value).ok_or(AdminError::NotFound("there is no such entry"))
    }

    fn node(&self, authority: &str, node: &str) -> Result<Vec<Entry>, AdminError> {
        use EntryValue::{List, Number, Text};
        let unknown = AdminError::NotFound("there is no such node of the configuration");
        if authority.len() > MAX_NAME || node.len() > MAX_NAME {
            return Err(unknown);
        }
        let names = &self.ca.certificate().names;
        if authority.is_empty() {
            return match node {
                "" => Ok(vec![
                    ("Active", Text(names.sanitized.clone())),
                    ("LDAPFlags", Number(0)),
                    ("SetupStatus", Number(1)),
                    ("Version", Number(VERSION)),
                ]),
                _ => Err(AdminError::Argument("a node needs the name of the CA")),
            };
        }
        let module = format!(r"PolicyModules\{POLICY_MODULE}");
        let is = |name: &str| node.eq_ignore_ascii_case(name);
        Ok(if node.is_empty() {
            self.ca_entries()
        } else if is("CSP") {
            vec![
                ("Provider", Text(PROVIDER.to_owned())),
                ("ProviderType", Number(0)),
                ("HashAlgorithm", Number(u32::MAX)),
                (
                    "CNGHashAlgorithm",
                    Text(hash_name(self.ca.signer().algorithm().hash()).to_owned()),
                ),
            ]
        } else if is("PolicyModules") {
            vec![("Active", Text(POLICY_MODULE.to_owned()))]
        } else if is("ExitModules") {
            vec![("Active", List(Vec::new()))]
        } else if is(&module) {
            vec![("RequestDisposition", Number(1)), ("EditFlags", Number(EDIT_FLAGS))]
        } else {
            return Err(unknown);
        })
    }

    /// Entries of the CA itself.
    fn ca_entries(&self) -> Vec<Entry> {
        use EntryValue::{Bytes, List, Number, Text};
        let (names, urls) = (&self.ca.certificate().names, self.ca.urls());
        let (live, settings) = (self.live(), self.enrollment.settings());
        let with = |prefix: &'static str, urls: &[String]| -> Vec<String> {
            urls.iter().map(|url| format!("{prefix}:{url}")).collect()
        };
        let root = self.ca.certificate().is_root();
        let minutes = self.ca.clock_skew().as_secs() / 60;
        let mut entries = vec![
            ("CommonName", Text(names.common_name.clone())),
            ("CAServerName", Text(settings.host.dns_name.clone())),
            ("CAType", Number(if root { 0 } else { 1 })),
            ("UseDS", Number(self.directory.is_active_directory().into())),
            ("InterfaceFlags", Number(INTERFACE_FLAGS)),
            ("AuditFilter", Number(live.audit_filter.bits())),
            ("RoleSeparationEnabled", Number(live.role_separation.into())),
            ("Security", Bytes(self.security())),
            ("EnrollmentAgentRights", Bytes(live.agents.descriptor.clone())),
            ("KRAFlags", Number(0)),
            ("KRACertCount", Number(0)),
            ("CRLFlags", Number(0)),
            ("ClockSkewMinutes", Number(u32::try_from(minutes).unwrap_or(u32::MAX))),
            (
                "CRLPublicationURLs",
                List([with("2", &urls.crl), with("4", &urls.delta_crl)].concat()),
            ),
            (
                "CACertPublicationURLs",
                List([with("2", &urls.ca_certificate), with("32", &urls.ocsp)].concat()),
            ),
        ];
        if let Some(officers) = &live.officers {
            entries.push(("OfficerRights", Bytes(officers.descriptor.clone())));
        }
        entries.extend(live.periods.entries().iter().cloned());
        let crls = self.crls.watch();
        let crls = crls.borrow();
        entries.push(("CRLAttemptRepublish", Number(attempts(&crls, self.ca.generation().key))));
        for (name, crl) in [("CRLNextPublish", &crls.base), ("CRLDeltaNextPublish", &crls.delta)] {
            let next = crl.as_ref().and_then(|crl| to_filetime(crl.next_publish));
            entries.extend(next.map(|next| (name, Bytes(next.to_le_bytes().to_vec()))));
        }
        entries
    }

    /// Sets an entry of the CA, or takes it away (`Empty`): those of security, role separation, audit
    /// and periods, which count at once. All others are the configuration file's, and nothing weakens
    /// what holds by default.
    ///
    /// # Errors
    /// Where it is another's, or the value makes no sense.
    pub async fn set_entry(
        &self,
        caller: &Caller,
        node: &str,
        entry: &str,
        value: EntryValue,
    ) -> Result<(), AdminError> {
        use EntryValue::{Bytes, Empty, Number};
        let is = |name: &str| node.is_empty() && entry.eq_ignore_ascii_case(name);
        let period = Period::of_entry(entry).filter(|_| node.is_empty());
        let shown = value.shown();
        let rights = |value| match value {
            Bytes(bytes) => Ok(Some(bytes)),
            Empty => Ok(None),
            _ => Err(AdminError::OtherKind),
        };
        if is("Security") {
            let Bytes(bytes) = value else { return Err(AdminError::OtherKind) };
            self.set_security(caller, &bytes).await?;
        } else if is("OfficerRights") {
            self.set_rights_of(caller, RightsOf::Officers, rights(value)?.as_deref()).await?;
        } else if is("EnrollmentAgentRights") {
            self.set_rights_of(caller, RightsOf::Agents, rights(value)?.as_deref()).await?;
        } else if is("RoleSeparationEnabled") {
            let Number(number) = value else { return Err(AdminError::OtherKind) };
            self.set_role_separation(caller, number != 0).await?;
        } else if is("AuditFilter") {
            let Number(number) = value else { return Err(AdminError::OtherKind) };
            self.set_audit_filter(caller, number).await?;
        } else if let Some(period) = period {
            self.settings.set_period(period, value).await?;
            self.crls.configure(self.live().periods.crl.clone());
        } else {
            let why = owner(node, entry);
            return Err(AdminError::Entry { entry: entry.chars().take(MAX_NAME).collect(), why });
        }
        let what = format!("entry {} set to {shown}", text_line(entry));
        self.audit(caller, 4891, AuditFilter::CONFIGURATION, what);
        Ok(())
    }
}

/// What sets an entry that is not set over the network.
fn owner(node: &str, entry: &str) -> &'static str {
    const OF_FILE: [(&str, &str); 8] = [
        ("CRLPublicationURLs", "it is ca.urls.crl and ca.urls.delta_crl of the configuration file"),
        (
            "CACertPublicationURLs",
            "it is ca.urls.ca_certificate and ca.urls.ocsp of the configuration file",
        ),
        ("ClockSkewMinutes", "it is ca.clock_skew of the configuration file"),
        ("CAServerName", "it is host.dns_name of the configuration file"),
        ("InterfaceFlags", "this CA always has them as they are"),
        ("CRLNextPublish", "publish a CRL, and it is another time"),
        ("CRLDeltaNextPublish", "publish a delta CRL, and it is another time"),
        ("KRAFlags", "this CA archives no keys"),
    ];
    let is = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(entry);
    match OF_FILE.iter().find(is).filter(|_| node.is_empty()) {
        Some((_, why)) => why,
        None if entry.eq_ignore_ascii_case("EditFlags") => "this CA always has them as they are",
        None => "it has no meaning here, or follows from the CA itself",
    }
}

/// Config_CA_CRL_Attempt_Republish: how often CRLs in use could not be brought to all places; 0 where
/// they are there.
fn attempts(crls: &Crls, key: u16) -> u32 {
    let failing = crls.history.iter().filter(|row| row.status != 0 && is_in_use(row, crls, key));
    failing.map(|row| row.attempts).max().unwrap_or_default()
}

/// CNG's name of a hash algorithm.
fn hash_name(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha1 => "SHA1",
        Hash::Sha256 => "SHA256",
        Hash::Sha384 => "SHA384",
        Hash::Sha512 => "SHA512",
    }
}
