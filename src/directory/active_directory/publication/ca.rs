//! The objects of a CA, as the install of a Windows CA makes them ([MS-WCCE] 2.2.2.11,
//! 3.2.2.2): what they hold, and who may change them.

use super::{Attribute, Change, ChangeKind, Object, Rule, Step};
use crate::directory::active_directory::{Entry, Forest};
use crate::model::{SddlError, SecurityDescriptor, Sid};

/// What is published of a CA.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaFacts {
    /// Its sanitized short name: cn of its objects.
    pub cn: String,
    /// Its common name.
    pub display_name: String,
    /// Its current certificate, DER.
    pub certificate: Vec<u8>,
    /// The subject of it, as Windows writes it.
    pub subject: String,
    /// The root that it chains to, DER; `None` where that is not known.
    pub root: Option<Vec<u8>>,
    /// DNS name of the machine that it runs on.
    pub host: String,
    /// SID of that machine's account.
    pub machine: Sid,
    /// The certificates by which its keys vouch for each other: CertificatePair of X.509, DER.
    pub cross: Vec<Vec<u8>>,
    /// Its newest CRLs, of each of its keys.
    pub crls: Vec<CrlFacts>,
    /// Templates to issue from a first publication on.
    pub templates: Vec<String>,
}

/// What is published of the CRLs of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrlFacts {
    /// What the object's cn ends with: nothing for the first key, `(n)` for later ones.
    pub suffix: String,
    /// The newest CRL, DER.
    pub base: Option<Vec<u8>>,
    /// The newest delta CRL, DER.
    pub delta: Option<Vec<u8>>,
}

/// Everybody reads; administrators of the domain, the forest and this machine's own group change.
const PUBLISHERS: &str = "O:EAG:EAD:AI(A;OICI;LCRPLORC;;;WD)(A;OICI;@FULL@;;;BA)\
    (A;OICI;@FULL@;;;DA)(A;OICI;@FULL@;;;CA)(A;OICI;@FULL@;;;EA)";
/// The same without Cert Publishers.
const ADMINISTRATORS: &str = "O:EAG:EAD:AI(A;OICI;LCRPLORC;;;WD)(A;OICI;@FULL@;;;BA)\
    (A;OICI;@FULL@;;;DA)(A;OICI;@FULL@;;;EA)";
/// The same with the machine itself.
const MACHINE: &str = "O:EAG:EAD:AI(A;OICI;LCRPLORC;;;WD)(A;OICI;@FULL@;;;BA)\
    (A;OICI;@FULL@;;;DA)(A;OICI;@FULL@;;;EA)(A;OICI;@FULL@;;;@MACHINE@)";
/// Of the enrollment service object: whoever is authenticated may enroll, as far as this CA goes.
const SERVICE: &str = "O:EAG:EAD:AI(A;OICI;LCRPLORC;;;AU)(A;OICI;@MOST@;;;EA)\
    (A;OICI;@MOST@;;;@MACHINE@)(OA;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;AU)";
const FULL: &str = "CCDCLCSWRPWPDTLOCRSDRCWDWO";
/// All but extended rights.
const MOST: &str = "CCDCLCSWRPWPDTLOSDRCWDWO";

/// In place of lists and certificates that are not there: the attribute must have a value.
const NOTHING: [u8; 1] = [0];

/// `flags` of enrollment services: NT authentication, advanced server.
const ENTERPRISE_CA: &str = "10";

/// The objects of a CA.
///
/// # Errors
/// Never for the descriptors of this module.
pub fn objects(forest: &Forest, root_domain: &Sid, ca: &CaFacts) -> Result<Vec<Object>, SddlError> {
    let root = forest.public_key_services();
    let cn = ldap3::dn_escape(ca.cn.as_str());
    let short_host = ca.host.split('.').next().unwrap_or(&ca.host);
    let host = ldap3::dn_escape(short_host);
    let security = |sddl: &str| {
        let text = sddl
            .replace("@FULL@", FULL)
            .replace("@MOST@", MOST)
            .replace("@MACHINE@", &ca.machine.to_string());
        let descriptor = SecurityDescriptor::from_sddl(&text, root_domain)?;
        Ok::<_, SddlError>([descriptor.to_bytes(false)])
    };
    let authority = |dn: String, sddl, certificate: &[u8]| {
        let object = Object::new(dn, "certificationAuthority")
            .with("cACertificate", Rule::Include, [certificate])
            .with("authorityRevocationList", Rule::Initial, [NOTHING])
            .with("certificateRevocationList", Rule::Initial, [NOTHING]);
        Ok::<_, SddlError>(hidden(object).with(
            "nTSecurityDescriptor",
            Rule::Initial,
            security(sddl)?,
        ))
    };
    let mut objects = Vec::new();
    if let Some(certificate) = &ca.root {
        let dn = format!("CN={cn},CN=Certification Authorities,{root}");
        objects.push(authority(dn, PUBLISHERS, certificate)?);
    }
    let dn = format!("CN=NTAuthCertificates,{root}");
    objects.push(authority(dn, ADMINISTRATORS, &ca.certificate)?);
    let cdp = format!("CN={host},CN=CDP,{root}");
    objects.push(hidden(Object::new(&cdp, "container")).with(
        "nTSecurityDescriptor",
        Rule::Initial,
        security(PUBLISHERS)?,
    ));
    let list = |list: &Option<Vec<u8>>| list.clone().unwrap_or_else(|| NOTHING.to_vec());
    let rule = |list: &Option<Vec<u8>>| if list.is_some() { Rule::Exact } else { Rule::Initial };
    for CrlFacts { suffix, base, delta } in &ca.crls {
        let point = Object::new(format!("CN={cn}{suffix},{cdp}"), "cRLDistributionPoint")
            .with("certificateRevocationList", rule(base), [list(base)])
            .with("deltaRevocationList", rule(delta), [list(delta)]);
        objects.push(hidden(point).with("nTSecurityDescriptor", Rule::Initial, security(MACHINE)?));
    }
    let information = authority(format!("CN={cn},CN=AIA,{root}"), MACHINE, &ca.certificate)?;
    objects.push(information.with("crossCertificatePair", Rule::Include, ca.cross.clone()));
    let recovery = Object::new(format!("CN={cn},CN=KRA,{root}"), "msPKI-PrivateKeyRecoveryAgent")
        .with("userCertificate", Rule::Initial, [NOTHING]);
    objects.push(hidden(recovery).with("nTSecurityDescriptor", Rule::Initial, security(MACHINE)?));
    let service = Object::new(service_dn(forest, &ca.cn), "pKIEnrollmentService")
        .with("displayName", Rule::Exact, [ca.display_name.as_str()])
        .with("flags", Rule::Exact, [ENTERPRISE_CA])
        .with("dNSHostName", Rule::Exact, [ca.host.as_str()])
        .with("cACertificate", Rule::Exact, [ca.certificate.as_slice()])
        .with("cACertificateDN", Rule::Exact, [ca.subject.as_str()])
        .with("certificateTemplates", Rule::Initial, ca.templates.iter().map(String::as_str));
    objects.push(hidden(service).with("nTSecurityDescriptor", Rule::Initial, security(SERVICE)?));
    Ok(objects)
}

fn hidden(object: Object) -> Object {
    object.with("showInAdvancedViewOnly", Rule::Initial, ["TRUE"])
}

/// The enrollment service object of the CA of this name.
pub fn service_dn(forest: &Forest, cn: &str) -> String {
    let root = forest.public_key_services();
    format!("CN={},CN=Enrollment Services,{root}", ldap3::dn_escape(cn))
}

/// The membership of the CA's machine in Cert Publishers, which may write certificates to users.
pub fn membership(group: &str, machine: &str) -> Object {
    let member = Attribute {
        name: "member".to_owned(),
        values: vec![machine.as_bytes().to_vec()],
        rule: Rule::Include,
    };
    Object { dn: group.to_owned(), attributes: vec![member] }
}

/// What ends a CA's service: clients no longer find it, and logons by its certificates are no
/// longer taken. What certificates that live are checked with stays: AIA, CDP and the root.
pub fn removal(
    forest: &Forest,
    cn: &str,
    service: Option<&Entry>,
    recovery: Option<&Entry>,
    nt_auth: Option<&Entry>,
    certificates: &[Vec<u8>],
) -> Vec<Step> {
    let root = forest.public_key_services();
    let mut steps = Vec::new();
    if service.is_some() {
        steps.push(Step::Delete { dn: service_dn(forest, cn) });
    }
    if recovery.is_some() {
        steps.push(Step::Delete { dn: format!("CN={},CN=KRA,{root}", ldap3::dn_escape(cn)) });
    }
    let trusted = nt_auth.map_or(&[][..], |entry| entry.attributes.values("cACertificate"));
    let ours: Vec<_> =
        trusted.iter().filter(|certificate| certificates.contains(certificate)).cloned().collect();
    if !ours.is_empty() {
        // The attribute must keep a value.
        let change = match ours.len() == trusted.len() {
            true => (ChangeKind::Replace, vec![NOTHING.to_vec()]),
            false => (ChangeKind::Delete, ours),
        };
        steps.push(Step::Modify {
            dn: format!("CN=NTAuthCertificates,{root}"),
            changes: vec![Change {
                kind: change.0,
                name: "cACertificate".to_owned(),
                values: change.1,
            }],
        });
    }
    steps
}
