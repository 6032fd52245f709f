//! Names from the requester's object in the directory.

use super::super::Case;
use super::same;
use crate::model::{
    DenyReason, GeneralFlags, GeneralName, IssuancePlan, NameFlags, Principal, PrincipalKind,
    SubjectName,
};

/// SUBJECT_REQUIRE_DIRECTORY_PATH before SUBJECT_REQUIRE_COMMON_NAME and
/// SUBJECT_REQUIRE_DNS_AS_CN, each with E= by SUBJECT_REQUIRE_EMAIL, which may stand alone.
pub(super) fn subject(case: &Case<'_>) -> Result<SubjectName, DenyReason> {
    let wanted = case.template.names;
    let requester = case.requester()?;
    let email = match wanted.contains(NameFlags::SUBJECT_REQUIRE_EMAIL) {
        true => Some(email(case, requester)?),
        false => None,
    };
    let common_name = NameFlags::SUBJECT_REQUIRE_COMMON_NAME | NameFlags::SUBJECT_REQUIRE_DNS_AS_CN;
    Ok(if wanted.contains(NameFlags::SUBJECT_REQUIRE_DIRECTORY_PATH) {
        SubjectName::DirectoryPath {
            distinguished_name: requester.distinguished_name.clone(),
            email,
        }
    } else if wanted.intersects(common_name) {
        SubjectName::CommonName { cn: cn(case, requester)?, email }
    } else {
        email.map_or(SubjectName::Empty, SubjectName::Email)
    })
}

/// dNSHostName for machines and where DNS_AS_CN asks for it, cn for users.
fn cn(case: &Case<'_>, requester: &Principal) -> Result<String, DenyReason> {
    let machine = case.template.flags.contains(GeneralFlags::MACHINE_TYPE)
        || case.template.names.contains(NameFlags::SUBJECT_REQUIRE_DNS_AS_CN);
    if machine { dns_host_name(case, requester) } else { Ok(requester.cn.clone()) }
}

/// MACHINE_TYPE ([MS-WCCE] 3.2.2.6.2.1.4.4.1): a name that is asked for must be there, the
/// directory path as subject or not.
pub(in super::super) fn require_machine_name(case: &Case<'_>) -> Result<(), DenyReason> {
    let named = NameFlags::SUBJECT_REQUIRE_COMMON_NAME
        | NameFlags::SUBJECT_REQUIRE_DNS_AS_CN
        | NameFlags::SUBJECT_ALT_REQUIRE_DNS;
    let machine = case.template.flags.contains(GeneralFlags::MACHINE_TYPE);
    if machine && case.template.names.intersects(named) && !case.enrollee_supplies_subject() {
        dns_host_name(case, case.requester()?)?;
    }
    Ok(())
}

/// The names that the SUBJECT_ALT_REQUIRE flags ask for. SPN is UPN by another name.
pub(in super::super) fn subject_alternative_names(
    case: &Case<'_>,
) -> Result<Vec<GeneralName>, DenyReason> {
    let requester = case.requester()?;
    let wants = |flags| case.template.names.intersects(flags);
    let mut names = Vec::new();
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_UPN | NameFlags::SUBJECT_ALT_REQUIRE_SPN) {
        let missing = || DenyReason::UpnMissing { account: case.subject() };
        names.push(GeneralName::Upn(user_principal_name(requester).ok_or_else(missing)?));
    }
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_EMAIL) {
        names.push(GeneralName::Email(email(case, requester)?));
    }
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_DIRECTORY_GUID) {
        names.push(GeneralName::DirectoryGuid(directory_guid(case, requester)?));
    }
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_DNS) {
        names.push(GeneralName::Dns(dns_host_name(case, requester)?));
    }
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_DOMAIN_DNS) {
        names.extend(domain_names(case, requester)?.map(GeneralName::Dns));
    }
    Ok(names)
}

/// A certificate names something.
pub(in super::super) fn some_name(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    if plan.subject == SubjectName::Empty && plan.subject_alt_names.is_empty() {
        return Err(DenyReason::NoName { template: case.template_name() });
    }
    Ok(())
}

/// userPrincipalName, or where it is empty the name that stands for it: `sAMAccountName@domain`.
pub(in super::super) fn user_principal_name(principal: &Principal) -> Option<String> {
    let implicit = || {
        let (account, domain) = (&principal.sam_account_name, &principal.dns_domain);
        let known = !account.is_empty() && !domain.is_empty();
        known.then(|| format!("{account}@{domain}"))
    };
    filled(principal.upn.as_ref()).or_else(implicit)
}

/// mail.
fn email(case: &Case<'_>, requester: &Principal) -> Result<String, DenyReason> {
    let missing = || DenyReason::EmailMissing { account: case.subject() };
    filled(requester.mail.as_ref()).ok_or_else(missing)
}

fn directory_guid(case: &Case<'_>, requester: &Principal) -> Result<[u8; 16], DenyReason> {
    match requester.guid {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] => {
            Err(DenyReason::GuidMissing { account: case.subject() })
        }
        guid => Ok(guid),
    }
}

/// DNS and NetBIOS name of the domain.
fn domain_names(case: &Case<'_>, requester: &Principal) -> Result<[String; 2], DenyReason> {
    let Principal { dns_domain, domain, .. } = requester;
    if dns_domain.is_empty() || domain.is_empty() {
        return Err(DenyReason::DomainNameMissing { account: case.subject() });
    }
    Ok([dns_domain.clone(), domain.clone()])
}

/// dNSHostName, which a computer may write itself: the name of another host in it would be
/// proved to everybody (CVE-2022-26923). So it is the account's own name in its own domain, or
/// one of its service principal names, which the directory keeps apart.
fn dns_host_name(case: &Case<'_>, requester: &Principal) -> Result<String, DenyReason> {
    let missing = || DenyReason::DnsNameMissing { account: case.subject() };
    let name = filled(requester.dns_host_name.as_ref()).ok_or_else(missing)?;
    let service = format!("HOST/{name}");
    let registered = || requester.service_principal_names.iter().any(|spn| same(spn, &service));
    let checked = requester.kind == PrincipalKind::Computer && !case.settings.foreign_dns_names;
    if checked && !is_own_host_name(requester, &name) && !registered() {
        return Err(DenyReason::DnsNameForeign { account: case.subject(), name });
    }
    Ok(name)
}

/// Whether a DNS name is the account's name, without its dollar sign, in the account's domain.
/// Account names are cut after 15 characters.
fn is_own_host_name(requester: &Principal, name: &str) -> bool {
    let account = requester.sam_account_name.trim_end_matches('$');
    name.split_once('.').is_some_and(|(host, domain)| {
        let cut = |text: &str| text.chars().take(15).collect::<String>();
        same(&cut(host), &cut(account)) && same(domain, &requester.dns_domain)
    })
}

fn filled(value: Option<&String>) -> Option<String> {
    value.filter(|text| !text.is_empty()).cloned()
}
