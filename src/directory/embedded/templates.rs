//! Templates of the file, turned into the values of the model.

use std::sync::Arc;

use bitflags::Flags;

use super::accounts::Accounts;
use super::file::{Flag, IssuancePolicyEntry, TemplateEntry};
use super::{Problem, names, problem};
use crate::model::{
    AUTO_ENROLL, AccessMask, Ace, AceKind, Acl, ENROLL, IssuancePolicy, KeyAlgorithms, KeyUsage,
    LinkedGroup, Oid, SchemaVersion, SecurityDescriptor, Template, TemplateRow, TemplateTable,
    parse_duration,
};

/// The template table of the file.
pub(super) fn table(
    entries: Vec<TemplateEntry>,
    policies: Vec<IssuancePolicyEntry>,
    accounts: &Accounts,
) -> Result<TemplateTable, Problem> {
    let rows: Result<Vec<TemplateRow>, Problem> =
        entries.into_iter().map(|entry| row(entry, accounts)).collect();
    let policies: Result<Vec<IssuancePolicy>, Problem> =
        policies.into_iter().map(|entry| issuance_policy(entry, accounts)).collect();
    let table = TemplateTable::new(rows?).map_err(|error| problem("templates", error))?;
    table.with_policies(policies?).map_err(|error| problem("issuance_policies", error))
}

fn issuance_policy(
    entry: IssuancePolicyEntry,
    accounts: &Accounts,
) -> Result<IssuancePolicy, Problem> {
    let at = |key: &str| format!("issuance_policies {:?}: {key}", entry.oid);
    let group = match entry.group.clone() {
        None => None,
        Some(name) => match accounts.trustee(&name) {
            None => {
                return Err(problem(at("group"), format!("there is no account or group {name:?}")));
            }
            sid => Some(LinkedGroup { name, sid }),
        },
    };
    Ok(IssuancePolicy {
        oid: oid(&at("oid"), &entry.oid)?,
        display_name: entry.display_name,
        cps: entry.cps,
        user_notice: entry.user_notice,
        group,
    })
}

fn row(entry: TemplateEntry, accounts: &Accounts) -> Result<TemplateRow, Problem> {
    let at = |key: &str| format!("templates {:?}: {key}", entry.cn);
    let duration = |key, text: &str| parse_duration(text).map_err(|e| problem(at(key), e));
    let oids = |key, texts: &[String]| oids(&at(key), texts);
    if entry.cn.is_empty() {
        return Err(problem(at("cn"), "a template needs a name"));
    }
    let template = Template {
        display_name: entry.display_name.clone().unwrap_or_else(|| entry.cn.clone()),
        oid: match &entry.oid {
            Some(text) => Some(oid(&at("msPKI-Cert-Template-OID"), text)?),
            None => None,
        },
        schema: schema(&at("msPKI-Template-Schema-Version"), entry.schema)?,
        major: entry.revision,
        minor: entry.minor,
        flags: flags(&at("flags"), &entry.flags)?,
        enrollment: flags(&at("msPKI-Enrollment-Flag"), &entry.enrollment)?,
        private_key: flags(&at("msPKI-Private-Key-Flag"), &entry.private_key)?,
        names: flags(&at("msPKI-Certificate-Name-Flag"), &entry.names)?,
        validity: duration("pKIExpirationPeriod", &entry.validity)?,
        renewal_overlap: duration("pKIOverlapPeriod", &entry.renewal_overlap)?,
        minimal_key_size: entry.minimal_key_size,
        key_usage: key_usage(&at("pKIKeyUsage"), &entry.key_usage)?,
        key_spec: entry.key_spec,
        max_issuing_depth: u32::try_from(entry.max_issuing_depth).ok(),
        critical_extensions: oids("pKICriticalExtensions", &entry.critical_extensions)?,
        application_policies: oids(
            "msPKI-Certificate-Application-Policy",
            &entry.application_policies,
        )?,
        certificate_policies: oids("msPKI-Certificate-Policy", &entry.certificate_policies)?,
        ra_signatures: entry.ra_signatures,
        ra_application_policies: oids(
            "msPKI-RA-Application-Policies",
            &entry.ra_application_policies,
        )?,
        ra_policies: oids("msPKI-RA-Policies", &entry.ra_policies)?,
        algorithms: KeyAlgorithms::default(),
        supersedes: entry.supersedes.clone(),
        default_csps: entry.default_csps.clone(),
        security: security(&at("ntSecurityDescriptor"), &entry, accounts)?,
        name: entry.cn.clone(),
    };
    if template.schema > SchemaVersion::V1 && template.oid.is_none() {
        return Err(problem(
            at("msPKI-Cert-Template-OID"),
            "a template of schema version 2 or later needs an OID",
        ));
    }
    Ok(TemplateRow { template: Arc::new(template), enabled: entry.enabled })
}

fn schema(key: &str, version: u32) -> Result<SchemaVersion, Problem> {
    match version {
        1 => Ok(SchemaVersion::V1),
        2 => Ok(SchemaVersion::V2),
        3 => Ok(SchemaVersion::V3),
        4 => Ok(SchemaVersion::V4),
        _ => Err(problem(key, "1, 2, 3 or 4")),
    }
}

/// Flags by name or number.
fn flags<F: Flags<Bits = u32>>(key: &str, entries: &[Flag]) -> Result<F, Problem> {
    let mut out = F::empty();
    for entry in entries {
        out.insert(match entry {
            Flag::Bits(bits) => F::from_bits_retain(*bits),
            Flag::Name(name) => F::from_name(name.strip_prefix("CT_FLAG_").unwrap_or(name))
                .ok_or_else(|| {
                    let known: Vec<_> = F::FLAGS
                        .iter()
                        .map(bitflags::Flag::name)
                        .filter(|name| !name.is_empty())
                        .collect();
                    problem(key, format!("unknown flag {name:?}; known are {}", known.join(", ")))
                })?,
        });
    }
    Ok(out)
}

fn key_usage(key: &str, entries: &[String]) -> Result<KeyUsage, Problem> {
    entries.iter().try_fold(KeyUsage::default(), |sum, name| {
        let known = || format!("unknown {name:?}; known are {}", names::known_key_usages());
        names::key_usage(name).map(|bit| sum.union(bit)).ok_or_else(|| problem(key, known()))
    })
}

fn oids(key: &str, texts: &[String]) -> Result<Vec<Oid>, Problem> {
    texts.iter().map(|text| oid(key, text)).collect()
}

fn oid(key: &str, text: &str) -> Result<Oid, Problem> {
    names::oid(text).map_err(|_| {
        let known = names::known_oids();
        problem(key, format!("{text:?} is no object identifier; known names are {known}"))
    })
}

/// SDDL if there is some, else an entry for each name in the lists. Nothing grants nobody.
fn security(
    key: &str,
    entry: &TemplateEntry,
    accounts: &Accounts,
) -> Result<SecurityDescriptor, Problem> {
    if let Some(sddl) = &entry.security {
        if !(entry.enroll.is_empty() && entry.autoenroll.is_empty()) {
            return Err(problem(key, "give either this or enroll and autoenroll"));
        }
        return SecurityDescriptor::from_sddl(sddl, &accounts.domain_sid)
            .map_err(|error| problem(key, error));
    }
    let trustee = |name: &String| {
        accounts
            .trustee(name)
            .ok_or_else(|| problem(key, format!("there is no account or group {name:?}")))
    };
    let full = |name: &str| accounts.trustee(name);
    let mut aces: Vec<Ace> = ["Domain Admins", "Enterprise Admins"]
        .into_iter()
        .filter_map(full)
        .map(|sid| {
            let rights = AccessMask::DS_FULL_CONTROL.0 & !AccessMask::CONTROL_ACCESS.0;
            Ace::plain(AceKind::Allow, AccessMask(rights), sid)
        })
        .collect();
    for (names, right) in [(&entry.enroll, ENROLL), (&entry.autoenroll, AUTO_ENROLL)] {
        for name in names {
            aces.push(Ace::extended_right(AceKind::Allow, right, trustee(name)?));
        }
    }
    let owner = full("Enterprise Admins");
    Ok(SecurityDescriptor { group: owner.clone(), owner, dacl: Some(Acl { aces }) })
}
