//! Reads the CAs that the forest's members trust: CN=NTAuthCertificates, CN=Certification
//! Authorities and CN=AIA ([MS-WCCE] 2.2.2.11).

use ldap3::Scope;
use tracing::warn;

use super::connection::{Connection, Query};
use super::entry::Entry;
use super::forest::Forest;
use super::link::LinkError;
use crate::asn1::Certificate;
use crate::model::Authorities;

/// Certificates of each kind at most. Chains are searched among them.
const MAX_CERTIFICATES: usize = 256;

/// Reads them in one search.
pub(super) async fn read(
    connection: &Connection,
    forest: &Forest,
) -> Result<Authorities, LinkError> {
    let root = forest.public_key_services();
    let query = Query {
        base: &root,
        scope: Scope::Subtree,
        filter: "(objectClass=certificationAuthority)",
        attributes: &["cACertificate"],
        security: false,
    };
    Ok(sort(&connection.search(&query).await?, &root))
}

/// Puts each object's certificates where its name says. A domain controller may answer in any
/// order, so they are sorted: what is the same is equal.
fn sort(found: &[Entry], root: &str) -> Authorities {
    let root = root.to_lowercase();
    let mut authorities = Authorities::default();
    for entry in found {
        let dn = entry.dn.to_lowercase();
        let Some(within) = dn.strip_suffix(&root).and_then(|dn| dn.strip_suffix(',')) else {
            continue;
        };
        let list = match within.rsplit_once(",cn=") {
            // The comma is one of the name.
            Some((name, _)) if name.ends_with('\\') => continue,
            None if within == "cn=ntauthcertificates" => &mut authorities.nt_auth,
            Some((_, "certification authorities")) => &mut authorities.roots,
            Some((_, "aia")) => &mut authorities.intermediates,
            _ => continue,
        };
        // An attribute without certificates holds a zero byte.
        let values = entry.attributes.values("cACertificate").iter();
        list.extend(values.filter(|der| Certificate::parse(der).is_ok()).cloned());
    }
    for (name, list) in [
        ("NTAuthCertificates", &mut authorities.nt_auth),
        ("Certification Authorities", &mut authorities.roots),
        ("AIA", &mut authorities.intermediates),
    ] {
        list.sort();
        list.dedup();
        if list.len() > MAX_CERTIFICATES {
            warn!(container = name, found = list.len(), used = MAX_CERTIFICATES, "too many CAs");
            list.truncate(MAX_CERTIFICATES);
        }
    }
    authorities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::testing::Bench;

    fn object(dn: &str, values: &[&[u8]]) -> Entry {
        let mut entry = Entry { dn: dn.to_owned(), ..Entry::default() };
        entry.attributes.insert("cACertificate", values.iter().map(|value| value.to_vec()));
        entry
    }

    #[test]
    fn each_container_has_its_meaning() {
        let [der, other] = [(); 2].map(|()| Bench::new().ca.certificate().der.clone());
        let root = "CN=Public Key Services,CN=Services,CN=Configuration,DC=a,DC=test";
        let in_root = |rdn: &str| format!("{rdn},{root}");
        let found = [
            object(&in_root("CN=NTAuthCertificates"), &[&der, &[0]]),
            object(&in_root("CN=A\\, B,CN=Certification Authorities"), &[&der, &der]),
            object(&in_root("CN=A,cn=aia"), &[b"junk", &der]),
            object(&in_root("CN=NTAuthCertificates,CN=AIA2"), &[&der]),
            object(&in_root("CN=x\\,CN=Certification Authorities"), &[&other]),
            object("CN=NTAuthCertificates,DC=a,DC=test", &[&der]),
        ];
        let authorities = sort(&found, &root.to_uppercase());
        assert_eq!(authorities.nt_auth, std::slice::from_ref(&der));
        assert_eq!(authorities.roots, std::slice::from_ref(&der));
        assert_eq!(authorities.intermediates, [der]);
    }
}
