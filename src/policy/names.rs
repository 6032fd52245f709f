//! Subject and subject alternative names ([MS-WCCE] 3.2.2.6.2.1.4.5.9), and who they may name.
//!
//! From the directory they are the requester's own, whatever the request says. Supplied ones are
//! held to this: a user principal name, a SID or an objectGUID in them is the requester's own or
//! the request is denied; a SID never reaches the certificate; and where the certificate would
//! prove the names to others, the setting for supplied names says what is done.

use super::approval::many_may_enroll;
use super::requirements::is_any_purpose;
use super::{Case, SuppliedNames};
use crate::asn1::{extensions, oids};
use crate::model::{
    DenyReason, EnrollmentFlags, GeneralFlags, GeneralName, IssuancePlan, NameFlags, Principal,
    SubjectName, Template,
};

/// The subject, from the request or by the SUBJECT_REQUIRE flags.
pub(super) fn subject(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    let wanted = case.template.names;
    if case.enrollee_supplies_subject() {
        if case.facts.request.subject_attributes.is_empty() {
            return Err(DenyReason::SubjectMissing { template: case.template_name() });
        }
        plan.subject = SubjectName::FromRequest(case.facts.request.subject.clone());
        return Ok(());
    }
    let requester = requester(case)?;
    require_machine_name(case, requester)?;
    let email = match wanted.contains(NameFlags::SUBJECT_REQUIRE_EMAIL) {
        true => Some(mail(case, requester)?),
        false => None,
    };
    let common_name = NameFlags::SUBJECT_REQUIRE_COMMON_NAME | NameFlags::SUBJECT_REQUIRE_DNS_AS_CN;
    plan.subject = if wanted.contains(NameFlags::SUBJECT_REQUIRE_DIRECTORY_PATH) {
        SubjectName::DirectoryPath {
            distinguished_name: requester.distinguished_name.clone(),
            email,
        }
    } else if wanted.intersects(common_name) {
        SubjectName::CommonName { cn: cn(case, requester)?, email }
    } else {
        SubjectName::Empty
    };
    Ok(())
}

/// dNSHostName for machines and where DNS_AS_CN asks for it, cn for users.
fn cn(case: &Case<'_>, requester: &Principal) -> Result<String, DenyReason> {
    let machine = case.template.flags.contains(GeneralFlags::MACHINE_TYPE)
        || case.template.names.contains(NameFlags::SUBJECT_REQUIRE_DNS_AS_CN);
    if machine { dns_host_name(case, requester) } else { Ok(requester.cn.clone()) }
}

/// MACHINE_TYPE: a name that is asked for must be there, the directory path as subject or not.
fn require_machine_name(case: &Case<'_>, requester: &Principal) -> Result<(), DenyReason> {
    let named = NameFlags::SUBJECT_REQUIRE_COMMON_NAME
        | NameFlags::SUBJECT_REQUIRE_DNS_AS_CN
        | NameFlags::SUBJECT_ALT_REQUIRE_DNS;
    let machine = case.template.flags.contains(GeneralFlags::MACHINE_TYPE);
    if machine && case.template.names.intersects(named) {
        dns_host_name(case, requester)?;
    }
    Ok(())
}

/// Subject alternative names, from the request or by the SUBJECT_ALT_REQUIRE flags.
/// ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME is ignored, and so is every attribute that asks for names.
pub(super) fn alternative_names(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    if case.enrollee_supplies_subject() {
        let supplied = case.facts.request.subject_alt_names.iter();
        plan.subject_alt_names =
            supplied.filter(|name| sid_of_uri(name).is_none()).cloned().collect();
        return Ok(());
    }
    let requester = requester(case)?;
    let wants = |flags| case.template.names.intersects(flags);
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_DOMAIN_DNS) {
        return Err(DenyReason::DomainDnsNames { template: case.template_name() });
    }
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_UPN | NameFlags::SUBJECT_ALT_REQUIRE_SPN) {
        plan.subject_alt_names.push(GeneralName::Upn(upn(case, requester)?));
    }
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_EMAIL) {
        plan.subject_alt_names.push(GeneralName::Email(mail(case, requester)?));
    }
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_DIRECTORY_GUID) {
        plan.subject_alt_names.push(GeneralName::DirectoryGuid(requester.guid));
    }
    if wants(NameFlags::SUBJECT_ALT_REQUIRE_DNS) {
        plan.subject_alt_names.push(GeneralName::Dns(dns_host_name(case, requester)?));
    }
    Ok(())
}

/// A certificate names something.
pub(super) fn some_name(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    if plan.subject == SubjectName::Empty && plan.subject_alt_names.is_empty() {
        return Err(DenyReason::NoName { template: case.template_name() });
    }
    Ok(())
}

/// The SID extension, whenever the names are those of the directory. NO_SECURITY_EXTENSION
/// leaves it out only where the certificate does not authenticate.
pub(super) fn security_extension(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    let left_out = case.template.enrollment.contains(EnrollmentFlags::NO_SECURITY_EXTENSION)
        && !authenticates(case.template);
    if !case.enrollee_supplies_subject() && !left_out {
        plan.sid = Some(requester(case)?.sid.clone());
    }
    Ok(())
}

/// A supplied user principal name is the requester's own.
pub(super) fn supplied_upn(case: &Case<'_>) -> Result<(), DenyReason> {
    let own = case.facts.requester.and_then(|principal| principal.upn.as_deref());
    match supplied(case).find_map(|name| match name {
        GeneralName::Upn(upn) if !own.is_some_and(|own| same(own, upn)) => Some(upn),
        _ => None,
    }) {
        Some(upn) => Err(DenyReason::ForeignUpn { account: case.account(), upn: upn.clone() }),
        None => Ok(()),
    }
}

/// A supplied SID, in the extension or as a URI, is the requester's own.
pub(super) fn supplied_sid(case: &Case<'_>) -> Result<(), DenyReason> {
    if !case.enrollee_supplies_subject() {
        return Ok(());
    }
    let own = case.facts.caller.token.user();
    let foreign = |sid| DenyReason::ForeignSid { account: case.account(), sid };
    for name in supplied(case) {
        if let Some(sid) = sid_of_uri(name).filter(|sid| !same(sid, &own.to_string())) {
            return Err(foreign(sid.to_owned()));
        }
    }
    let extension = &oids::NTDS_CA_SECURITY_EXT;
    for extension in case.facts.request.extensions.iter().filter(|e| e.oid == *extension) {
        let sid = extensions::decode_security_identifier(&extension.value)
            .map_err(|_| DenyReason::MalformedExtension { oid: extension.oid.clone() })?;
        if sid != *own {
            return Err(foreign(sid.to_string()));
        }
    }
    Ok(())
}

/// A supplied objectGUID is the requester's own.
pub(super) fn supplied_directory_guid(case: &Case<'_>) -> Result<(), DenyReason> {
    let own = case.facts.requester.map(|principal| principal.guid);
    let foreign =
        |name: &GeneralName| matches!(name, GeneralName::DirectoryGuid(g) if Some(*g) != own);
    if supplied(case).any(foreign) {
        return Err(DenyReason::ForeignNames { account: case.account() });
    }
    Ok(())
}

/// The setting that denies what would have to be approved otherwise.
pub(super) fn supplied_names_denied(case: &Case<'_>) -> Result<(), DenyReason> {
    if case.settings.supplied_names == SuppliedNames::Deny && proves_foreign_names(case) {
        return Err(DenyReason::ForeignNames { account: case.account() });
    }
    Ok(())
}

/// Whether the certificate would prove names to others that the requester chose: any, where it
/// authenticates; those of other hosts, where it is a server's and many may enroll.
pub(super) fn proves_foreign_names(case: &Case<'_>) -> bool {
    if !case.enrollee_supplies_subject() {
        return false;
    }
    let server = case.template.application_policies.contains(&oids::SERVER_AUTH);
    authenticates(case.template)
        || (server && many_may_enroll(case.template) && names_other_hosts(case))
}

/// Whether any alternative name or common name is not the requester's own dNSHostName.
fn names_other_hosts(case: &Case<'_>) -> bool {
    let own = case.facts.requester.and_then(|principal| principal.dns_host_name.as_deref());
    let is_own = |name: &str| own.is_some_and(|own| same(own, name));
    let common_names =
        case.facts.request.subject_attributes.iter().filter(|a| a.oid == oids::COMMON_NAME);
    supplied(case).any(|name| !matches!(name, GeneralName::Dns(dns) if is_own(dns)))
        || common_names.into_iter().any(|attribute| !is_own(&attribute.value))
}

/// Whether certificates of the template can log somebody on.
pub(super) fn authenticates(template: &Template) -> bool {
    let logon = [oids::CLIENT_AUTH, oids::SMARTCARD_LOGON, oids::PKINIT_CLIENT_AUTH];
    template.application_policies.is_empty()
        || is_any_purpose(template)
        || template.application_policies.iter().any(|policy| logon.contains(policy))
}

/// The names of the request, where they count.
fn supplied<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a GeneralName> {
    let counts = case.enrollee_supplies_subject();
    case.facts.request.subject_alt_names.iter().filter(move |_| counts)
}

/// What a URI of the form `tag:microsoft.com,2022-09-14:sid:<SID>` says; for others of
/// Microsoft's tags all of it, since no reader of certificates should see them.
fn sid_of_uri(name: &GeneralName) -> Option<&str> {
    let GeneralName::Uri(uri) = name else { return None };
    let prefix = "tag:microsoft.com";
    let uri = uri.trim();
    uri.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
    Some(uri.rsplit_once(':').map_or(uri, |(_, sid)| sid))
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn requester<'a>(case: &Case<'a>) -> Result<&'a Principal, DenyReason> {
    case.facts.requester.ok_or_else(|| DenyReason::PrincipalUnknown { account: case.account() })
}

fn filled(value: Option<&String>) -> Option<String> {
    value.filter(|text| !text.is_empty()).cloned()
}

fn upn(case: &Case<'_>, requester: &Principal) -> Result<String, DenyReason> {
    let missing = || DenyReason::UpnMissing { account: case.account() };
    filled(requester.upn.as_ref()).ok_or_else(missing)
}

fn mail(case: &Case<'_>, requester: &Principal) -> Result<String, DenyReason> {
    let missing = || DenyReason::EmailMissing { account: case.account() };
    filled(requester.mail.as_ref()).ok_or_else(missing)
}

fn dns_host_name(case: &Case<'_>, requester: &Principal) -> Result<String, DenyReason> {
    let missing = || DenyReason::DnsNameMissing { account: case.account() };
    filled(requester.dns_host_name.as_ref()).ok_or_else(missing)
}
