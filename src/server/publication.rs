//! What the running CA writes into Active Directory: its CRLs and certificates into its own objects,
//! and certificates to the accounts that they are for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{info, warn};

use crate::admin::{CertificatePublisher, CrlService};
use crate::asn1::{Asn1Error, Name, Tag, sequence};
use crate::ca::{CertificateAuthority, Crls, CrossCertificate, Written};
use crate::directory::DirectoryError;
use crate::directory::active_directory::ActiveDirectory;
use crate::directory::active_directory::publication::ca::{CaFacts, CrlFacts, objects};
use crate::enroll::IssuedNews;
use crate::model::{HResult, Sid};

/// How often the objects are looked at where nothing has changed.
const CHECK: Duration = Duration::from_secs(60 * 60);
/// How soon after a failure.
const RETRY: Duration = Duration::from_secs(60);

/// What is published of a CA whose machine is called `host` and has the account `machine`.
///
/// # Errors
/// Where the subject of the CA's certificate cannot be read.
pub fn facts(
    ca: &CertificateAuthority,
    crls: &Crls,
    host: &str,
    machine: Sid,
) -> Result<CaFacts, Asn1Error> {
    let certificate = ca.certificate();
    let root = match certificate.is_root() {
        true => Some(certificate.der.clone()),
        false => ca.certificates().last().map(<[u8]>::to_vec),
    };
    Ok(CaFacts {
        cn: certificate.names.sanitized_short.clone(),
        display_name: certificate.names.common_name.clone(),
        certificate: certificate.der.clone(),
        subject: Name::from_der(&certificate.subject)?.to_windows_text(),
        root,
        host: host.to_owned(),
        machine,
        cross: cross_certificate_pairs(ca),
        crls: crl_facts(ca, crls),
        templates: Vec::new(),
    })
}

/// CertificatePair of X.509 for each two keys that vouch for each other: what was issued for this CA's
/// later key, and what it issued for the earlier one.
fn cross_certificate_pairs(ca: &CertificateAuthority) -> Vec<Vec<u8>> {
    let all = ca.cross_certificates();
    let pair = |forward: &CrossCertificate| {
        let mut backward = all.iter().filter(|one| (one.by, one.of) == (forward.of, forward.by));
        sequence(|pair| {
            pair.nested(Tag::context(0), |issued_to| issued_to.raw(&forward.der));
            if let Some(backward) = backward.next() {
                pair.nested(Tag::context(1), |issued_by| issued_by.raw(&backward.der));
            }
        })
    };
    all.iter().filter(|one| one.by < one.of).map(pair).collect()
}

/// The CRLs of each key.
fn crl_facts(ca: &CertificateAuthority, crls: &Crls) -> Vec<CrlFacts> {
    let current = ca.generation().key;
    let facts = |key: &CertificateAuthority| {
        let (base, delta) = crls.of_key(key.generation().key, current).unwrap_or_default();
        CrlFacts {
            suffix: key.generation().key_suffix(),
            base: base.map(|crl| crl.der.clone()),
            delta: delta.map(|crl| crl.der.clone()),
        }
    };
    ca.keys().into_iter().map(facts).collect()
}

/// Whether all CRLs are in their objects.
fn what_became_of_crls(changed: &[(String, Result<(), DirectoryError>)]) -> Written {
    let failed = changed.iter().find_map(|(dn, done)| {
        let error = done.as_ref().err()?;
        dn.contains(",CN=CDP,").then_some((dn, error))
    });
    let Some((dn, error)) = failed else { return Written::Done };
    let status = match error {
        DirectoryError::Refused { .. } => HResult::E_ACCESSDENIED,
        DirectoryError::Object { .. } => HResult::FILE_NOT_FOUND,
        _ => HResult::SERVER_UNAVAILABLE,
    };
    Written::Failed { status, place: format!("ldap:///{dn}") }
}

/// Everything that is published while the CA runs.
pub(super) struct Publisher {
    pub(super) directory: Arc<ActiveDirectory>,
    pub(super) ca: Arc<CertificateAuthority>,
    pub(super) crls: watch::Receiver<Crls>,
    pub(super) lists: Arc<CrlService>,
    /// DNS name of this machine.
    pub(super) host: String,
    /// SID of the domain.
    pub(super) domain: Sid,
    pub(super) certificates: Arc<CertificatePublisher>,
}

impl Publisher {
    /// Publishes until `stop` turns true; `issued` tells of new certificates. What is cut short is
    /// done at the next start.
    pub(super) async fn run(mut self, issued: Arc<IssuedNews>, mut stop: watch::Receiver<bool>) {
        let certificates = Arc::clone(&self.certificates);
        tokio::select! {
            () = self.keep_objects_true() => {}
            () = certificates.run(&issued) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Puts new CRLs and certificates into the CA's objects, and what somebody changed right again.
    async fn keep_objects_true(&mut self) {
        let mut follower = self.directory.follow();
        let mut version = 0;
        loop {
            let sleep = if self.write_objects().await { CHECK } else { RETRY };
            tokio::select! {
                changed = self.crls.changed() => if changed.is_err() { return },
                newer = follower.newer(version) => match newer {
                    Some((newer, _)) => version = newer,
                    None => return,
                },
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Whether all is true now, as far as this machine may change it.
    async fn write_objects(&mut self) -> bool {
        let crls = self.crls.borrow_and_update().clone();
        // New objects, whose access control lists name the machine, are not made here.
        let made = facts(&self.ca, &crls, &self.host, self.domain.clone())
            .map_err(|error| error.to_string())
            .and_then(|facts| {
                Ok((self.directory.known_forest().map_err(|e| e.to_string())?, facts))
            })
            .and_then(|(forest, facts)| {
                objects(&forest, &forest.sid, &facts).map_err(|error| error.to_string())
            });
        let written = match made {
            Ok(objects) => {
                let written = self.directory.keep_true(&objects).await;
                written.map_err(|error| error.to_string())
            }
            Err(problem) => Err(problem),
        };
        let changed = match written {
            Ok(changed) => changed,
            Err(problem) => {
                warn!(problem, "what Active Directory says of this CA cannot be kept true");
                let (status, place) = (HResult::SERVER_UNAVAILABLE, "ldap:".to_owned());
                self.lists.note(&Written::Failed { status, place }).await;
                return false;
            }
        };
        self.lists.note(&what_became_of_crls(&changed)).await;
        for (dn, done) in changed {
            match done {
                Ok(()) => info!(dn, "made true in Active Directory"),
                Err(problem) => warn!(
                    dn, %problem,
                    "not true in Active Directory, and not to be changed by the running CA; as an \
                     Enterprise Admin run: wcced publish --ccache"
                ),
            }
        }
        true
    }
}
