//! The form of the directory file. Keys of templates are the attribute names of [MS-CRTD].

use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) domain: Domain,
    #[serde(default)]
    pub(super) groups: Vec<Group>,
    #[serde(default)]
    pub(super) users: Vec<Account>,
    #[serde(default)]
    pub(super) computers: Vec<Account>,
    #[serde(default)]
    pub(super) templates: Vec<TemplateEntry>,
    #[serde(default)]
    pub(super) issuance_policies: Vec<IssuancePolicyEntry>,
}

/// The domain that all accounts are of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Domain {
    pub(super) netbios: String,
    pub(super) dns: String,
    pub(super) sid: String,
}

/// A group of users, computers and other groups.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) rid: u32,
    #[serde(default)]
    pub(super) member_of: Vec<String>,
}

/// A user or a computer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) rid: u32,
    pub(super) guid: Option<uuid_text::UuidText>,
    pub(super) cn: Option<String>,
    pub(super) distinguished_name: Option<String>,
    pub(super) upn: Option<String>,
    pub(super) mail: Option<String>,
    pub(super) dns_host_name: Option<String>,
    #[serde(default)]
    pub(super) service_principal_names: Vec<String>,
    #[serde(default)]
    pub(super) member_of: Vec<String>,
    pub(super) nt_hash: Option<NtHash>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
}

fn yes() -> bool {
    true
}

/// 32 hexadecimal digits: MD4 of the UTF-16LE password.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct NtHash(pub(super) Zeroizing<[u8; 16]>);

impl TryFrom<String> for NtHash {
    type Error = &'static str;

    fn try_from(mut text: String) -> Result<Self, Self::Error> {
        let hash = parse_nt_hash(&text);
        text.zeroize();
        hash.map(Self)
            .ok_or("an NT hash has 32 hexadecimal digits; make one by: wcced hash-password")
    }
}

fn parse_nt_hash(text: &str) -> Option<Zeroizing<[u8; 16]>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut hash = Zeroizing::new([0; 16]);
    if pairs.len() != hash.len() {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}

/// A GUID in text, so that errors name the line.
pub(super) mod uuid_text {
    use serde::Deserialize;
    use uuid::Uuid;

    /// A GUID.
    #[derive(Deserialize, Clone, Copy)]
    #[serde(try_from = "String")]
    pub(in super::super) struct UuidText(pub(in super::super) Uuid);

    impl TryFrom<String> for UuidText {
        type Error = String;

        fn try_from(text: String) -> Result<Self, Self::Error> {
            Uuid::try_parse(&text).map(Self).map_err(|_| format!("{text:?} is not a GUID"))
        }
    }
}

/// An issuance policy: what an msPKI-Enterprise-Oid object says of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuancePolicyEntry {
    pub(super) oid: String,
    #[serde(rename = "displayName", default)]
    pub(super) display_name: String,
    /// msPKI-OID-CPS.
    #[serde(default)]
    pub(super) cps: Vec<String>,
    /// msPKI-OID-User-Notice.
    pub(super) user_notice: Option<String>,
    /// msDS-OIDToGroupLink.
    pub(super) group: Option<String>,
}

/// A certificate template.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateEntry {
    pub(super) cn: String,
    #[serde(rename = "displayName")]
    pub(super) display_name: Option<String>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(rename = "msPKI-Template-Schema-Version", default = "one")]
    pub(super) schema: u32,
    pub(super) revision: u32,
    #[serde(rename = "msPKI-Template-Minor-Revision", default)]
    pub(super) minor: u32,
    #[serde(rename = "msPKI-Cert-Template-OID")]
    pub(super) oid: Option<String>,
    #[serde(default)]
    pub(super) flags: Vec<Flag>,
    #[serde(rename = "msPKI-Enrollment-Flag", default)]
    pub(super) enrollment: Vec<Flag>,
    #[serde(rename = "msPKI-Private-Key-Flag", default)]
    pub(super) private_key: Vec<Flag>,
    #[serde(rename = "msPKI-Certificate-Name-Flag", default)]
    pub(super) names: Vec<Flag>,
    #[serde(rename = "pKIExpirationPeriod")]
    pub(super) validity: String,
    #[serde(rename = "pKIOverlapPeriod")]
    pub(super) renewal_overlap: String,
    #[serde(rename = "msPKI-Minimal-Key-Size")]
    pub(super) minimal_key_size: u32,
    #[serde(rename = "pKIKeyUsage")]
    pub(super) key_usage: Vec<String>,
    #[serde(rename = "pKIDefaultKeySpec", default = "one")]
    pub(super) key_spec: u32,
    #[serde(rename = "pKIMaxIssuingDepth", default)]
    pub(super) max_issuing_depth: i32,
    #[serde(rename = "pKICriticalExtensions", default)]
    pub(super) critical_extensions: Vec<String>,
    /// pKIExtendedKeyUsage of version 1 templates, msPKI-Certificate-Application-Policy of others.
    #[serde(
        rename = "msPKI-Certificate-Application-Policy",
        alias = "pKIExtendedKeyUsage",
        default
    )]
    pub(super) application_policies: Vec<String>,
    #[serde(rename = "msPKI-Certificate-Policy", default)]
    pub(super) certificate_policies: Vec<String>,
    #[serde(rename = "msPKI-RA-Signature", default)]
    pub(super) ra_signatures: u32,
    #[serde(rename = "msPKI-RA-Application-Policies", default)]
    pub(super) ra_application_policies: Vec<String>,
    #[serde(rename = "msPKI-RA-Policies", default)]
    pub(super) ra_policies: Vec<String>,
    #[serde(rename = "msPKI-Supersede-Templates", default)]
    pub(super) supersedes: Vec<String>,
    #[serde(rename = "pKIDefaultCSPs", default)]
    pub(super) default_csps: Vec<String>,
    /// ntSecurityDescriptor as SDDL; the two lists below are the short way.
    #[serde(rename = "ntSecurityDescriptor")]
    pub(super) security: Option<String>,
    #[serde(default)]
    pub(super) enroll: Vec<String>,
    #[serde(default)]
    pub(super) autoenroll: Vec<String>,
}

fn one() -> u32 {
    1
}

/// A flag by its name in [MS-CRTD] (without `CT_FLAG_`), or bits as a number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Flag {
    Name(String),
    Bits(u32),
}
