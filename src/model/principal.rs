//! Directory objects that certificates are made for.

use super::Sid;

/// What kind of account a principal is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PrincipalKind {
    /// objectClass user.
    User,
    /// objectClass computer.
    Computer,
}

/// A user's or computer's directory object, as [MS-WCCE] 3.2.2.1.3 reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// objectSid.
    pub sid: Sid,
    /// objectGUID, in its binary (on-the-wire) form.
    pub guid: [u8; 16],
    /// User or computer.
    pub kind: PrincipalKind,
    /// NetBIOS name of the domain.
    pub domain: String,
    /// DNS name of the domain.
    pub dns_domain: String,
    /// sAMAccountName.
    pub sam_account_name: String,
    /// cn.
    pub cn: String,
    /// distinguishedName, in the string form of RFC 4514.
    pub distinguished_name: String,
    /// userPrincipalName.
    pub upn: Option<String>,
    /// mail.
    pub mail: Option<String>,
    /// dNSHostName.
    pub dns_host_name: Option<String>,
    /// servicePrincipalName.
    pub service_principal_names: Vec<String>,
    /// Whether the account may log on.
    pub enabled: bool,
}
