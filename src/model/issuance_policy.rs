//! What the directory says of issuance policies: objects of the class msPKI-Enterprise-Oid.

use super::{CertificatePolicy, Oid, Sid};

/// An issuance policy, as an msPKI-Enterprise-Oid object describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuancePolicy {
    /// msPKI-Cert-Template-OID.
    pub oid: Oid,
    /// displayName.
    pub display_name: String,
    /// msPKI-OID-CPS: addresses of certification practice statements.
    pub cps: Vec<String>,
    /// msPKI-OID-User-Notice.
    pub user_notice: Option<String>,
    /// msDS-OIDToGroupLink: whoever logs on with a certificate of this policy is a member of it.
    pub group: Option<LinkedGroup>,
}

/// The group that an issuance policy makes its holders members of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkedGroup {
    /// Its name or distinguishedName, for reasons.
    pub name: String,
    /// Its objectSid, where it could be read.
    pub sid: Option<Sid>,
}

impl IssuancePolicy {
    /// As certificates carry it.
    pub fn in_certificates(&self) -> CertificatePolicy {
        CertificatePolicy {
            oid: self.oid.clone(),
            cps: self.cps.clone(),
            user_notice: self.user_notice.clone(),
        }
    }
}
