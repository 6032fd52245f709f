//! Certificates of accounts: userCertificate ([MS-WCCE] 3.2.2.1.5).

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use ldap3::{Mod, Scope};

use super::accounts::{account, escape_bytes};
use super::connection::Query;
use super::forest::Forest;
use super::link::{LinkError, Refusal};
use super::slot::Slot;
use crate::asn1::Certificate;
use crate::directory::DirectoryError;
use crate::model::Sid;

const ATTRIBUTE: &str = "userCertificate";
/// How long after their end certificates stay.
const KEPT: Duration = Duration::from_secs(86_400);
/// How often somebody else may be faster.
const ATTEMPTS: u32 = 3;

/// Puts the certificate to the account; see [`Publication`](crate::directory::Publication).
pub(super) async fn publish(
    slot: &Slot,
    forest: &Forest,
    sid: &Sid,
    certificate: &[u8],
    now: SystemTime,
) -> Result<(), DirectoryError> {
    if !forest.is_own(sid) {
        return Err(DirectoryError::Unsupported {
            problem: format!(
                "{sid} is an account of another domain, whose objects this CA does not write"
            ),
        });
    }
    let filter = account(&format!("(objectSid={})", escape_bytes(&sid.to_bytes())));
    let query = Query {
        base: &forest.own.dn,
        scope: Scope::Subtree,
        filter: &filter,
        attributes: &[ATTRIBUTE],
        security: false,
    };
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let found = slot.search(&forest.root, &query).await?;
        let Some(entry) = found.first() else {
            return Err(DirectoryError::Object {
                dn: sid.to_string(),
                problem: "the domain has no such account any more".to_owned(),
            });
        };
        let Some(change) = change(entry.attributes.values(ATTRIBUTE), certificate, now) else {
            return Ok(());
        };
        match slot.connection(&forest.root).await?.modify(&entry.dn, change).await {
            Err(LinkError::Refused { refusal, host, operation }) if refusal.is_of_values() => {
                last = Some(LinkError::Refused { refusal, host, operation });
            }
            done => return Ok(done?),
        }
    }
    match last {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

impl Refusal {
    /// noSuchAttribute, attributeOrValueExists: somebody changed the values since they were read.
    fn is_of_values(&self) -> bool {
        matches!(self.code, 16 | 20)
    }
}

/// What is to be done, if anything. The specification replaces all values by a set that was
/// worked out before; one value in and others out comes to the same, and leaves alone what another
/// CA adds meanwhile.
fn change(current: &[Vec<u8>], certificate: &[u8], now: SystemTime) -> Option<Vec<Mod<Vec<u8>>>> {
    let name = || ATTRIBUTE.as_bytes().to_vec();
    let mut changes = Vec::new();
    let outdated: HashSet<Vec<u8>> =
        current.iter().filter(|der| is_outdated(der, now)).cloned().collect();
    if !outdated.is_empty() {
        changes.push(Mod::Delete(name(), outdated));
    }
    if !current.iter().any(|der| der == certificate) && !is_outdated(certificate, now) {
        changes.push(Mod::Add(name(), HashSet::from([certificate.to_vec()])));
    }
    (!changes.is_empty()).then_some(changes)
}

/// Whether it expired more than a day ago. What is no certificate is not ours to remove.
fn is_outdated(der: &[u8], now: SystemTime) -> bool {
    let Ok(certificate) = Certificate::parse(der) else { return false };
    certificate.not_after.checked_add(KEPT).is_some_and(|end| end < now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::testing::{Bench, DAY};

    #[test]
    fn what_expired_goes_and_what_is_new_comes_once() {
        let [old, new] = [(); 2].map(|()| Bench::new().ca.certificate().clone());
        let now = new.not_before + DAY;
        let junk = b"junk".to_vec();
        let set = |der: &[u8]| HashSet::from([der.to_vec()]);
        let name = || b"userCertificate".to_vec();

        assert_eq!(change(&[], &new.der, now), Some(vec![Mod::Add(name(), set(&new.der))]));
        let there = [junk.clone(), new.der.clone()];
        assert_eq!(change(&there, &new.der, now), None);

        let later = old.not_after + DAY + Duration::from_secs(1);
        let there = [junk, old.der.clone()];
        assert_eq!(
            change(&there, &old.der, later),
            Some(vec![Mod::Delete(name(), set(&old.der))]),
            "what is outdated is not added again"
        );
        assert_eq!(change(&there, &old.der, old.not_after + DAY), None, "kept for a day");
    }
}
