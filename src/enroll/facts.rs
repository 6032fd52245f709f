//! What policy has to know beyond the request: whom it is for, what its signers are worth, and
//! which certificate it renews.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::Enrollment;
use super::process::{Failure, Work};
use crate::asn1::extensions::{
    decode_security_identifier, decode_template_information, decode_template_name, find,
};
use crate::asn1::{Asn1Error, Certificate, Name, decode_general_names, oids, sha1};
use crate::ca::{ChainValidator, IssueError};
use crate::directory::DirectoryError;
use crate::model::{
    Caller, Disposition, EnrollmentRequest, Oid, OldCertificate, Principal, RequestRow,
    SerialNumber, SignerFacts, Standing, Token,
};

/// CR_IN_ROBO of dwFlags (Z): the renewal is on behalf of the old certificate's subject
/// ([MS-WCCE] 3.2.1.4.3.1.1).
const RENEW_ON_BEHALF_OF: u32 = 0x0020_0000;

/// Certificates that came along and are looked up in the Request table.
const MAX_LOOKED_UP: usize = 64;

/// What was found out about a request.
#[derive(Default)]
pub(super) struct Gathered {
    /// The account that the certificate is for.
    pub(super) requester: Option<Principal>,
    /// Its SIDs, where the request is on behalf of it.
    pub(super) requester_token: Option<Token>,
    /// The signers.
    pub(super) signers: Vec<SignerFacts>,
    /// The certificate that is renewed.
    pub(super) old_certificate: Option<OldCertificate>,
    /// Whether the renewal is on behalf of the old certificate's subject.
    pub(super) renew_on_behalf: bool,
}

/// What the Request table says of a certificate.
struct Known {
    standing: Standing,
    row: Option<RequestRow>,
}

impl Enrollment {
    /// Asks the directory and the Request table, and judges the signers' chains.
    pub(super) async fn gather(
        &self,
        caller: &Caller,
        request: &Arc<EnrollmentRequest>,
        flags: u32,
        now: SystemTime,
    ) -> Result<Gathered, Failure> {
        let known = self.known(request).await?;
        let old_certificate = match &request.renewal {
            Some(renewal) => Some(old_certificate(
                &renewal.old_certificate,
                known.get(&renewal.old_certificate),
            )?),
            None => None,
        };
        let renew_on_behalf = flags & RENEW_ON_BEHALF_OF != 0;
        let requester = match &request.on_behalf_of {
            Some(account) => self.named(account).await?,
            None if renew_on_behalf => {
                let row = request.renewal.as_ref().and_then(|r| known.get(&r.old_certificate));
                self.requester_of(row.and_then(|known| known.row.as_ref())).await?
            }
            None => self.directory.principal_by_sid(caller.token.user()).await?,
        };
        let is_on_behalf = request.on_behalf_of.is_some() || renew_on_behalf;
        let requester_token = match requester.as_ref().filter(|_| is_on_behalf) {
            Some(requester) => self.directory.token_by_sid(&requester.sid).await?,
            None => None,
        };
        let standings = known.into_iter().map(|(der, known)| (der, known.standing)).collect();
        let signers = self.signers(Arc::clone(request), standings, now).await?;
        Ok(Gathered { requester, requester_token, signers, old_certificate, renew_on_behalf })
    }

    /// The account of `DOMAIN\account`, or of a userPrincipalName. A bare name is nobody's: which
    /// domain is meant would be a guess.
    async fn named(&self, account: &str) -> Result<Option<Principal>, DirectoryError> {
        if account.contains(['\\', '@']) {
            self.directory.principal_by_account(account).await
        } else {
            Ok(None)
        }
    }

    /// The account that a row's certificate was issued to, by its SID, which is never given twice.
    async fn requester_of(
        &self,
        row: Option<&RequestRow>,
    ) -> Result<Option<Principal>, DirectoryError> {
        let Some(columns) = row.map(|row| &row.columns) else { return Ok(None) };
        match columns.requester_sid.as_ref().and_then(|sid| sid.parse().ok()) {
            Some(sid) => self.directory.principal_by_sid(&sid).await,
            None => self.directory.principal_by_account(&columns.requester_name).await,
        }
    }

    /// Looks up, in the Request table, all certificates of a request that name this CA as their
    /// issuer.
    async fn known(&self, request: &EnrollmentRequest) -> Result<HashMap<Vec<u8>, Known>, Failure> {
        let signers = request.signers.iter().map(|signer| &signer.certificate);
        let old = request.renewal.iter().map(|renewal| &renewal.old_certificate);
        let mut known = HashMap::new();
        for der in old.chain(signers).chain(&request.certificates).take(MAX_LOOKED_UP) {
            let Ok(certificate) = Certificate::parse(der) else { continue };
            if certificate.issuer != self.ca.certificate().subject || known.contains_key(der) {
                continue;
            }
            let serial = SerialNumber(certificate.serial.to_vec());
            let row = self.store.by_serial(&serial).await?;
            known.insert(der.clone(), Known::of(der, row));
        }
        Ok(known)
    }

    /// Judges the signers' chains.
    async fn signers(
        &self,
        request: Arc<EnrollmentRequest>,
        standings: HashMap<Vec<u8>, Standing>,
        now: SystemTime,
    ) -> Result<Vec<SignerFacts>, Failure> {
        if request.signers.is_empty() {
            return Ok(Vec::new());
        }
        let authorities = self.directory.authorities().await?;
        let trust = Arc::clone(&self.trust);
        self.work(Work::Long, move || {
            let trust = trust.now(authorities.as_ref());
            let crls = trust.crls();
            let issued = |der: &[u8]| standings.get(der).copied().unwrap_or(Standing::Unknown);
            let validator = ChainValidator {
                trust: &trust,
                extra: &request.certificates,
                issued: &issued,
                crls: &crls,
                now,
            };
            let facts = request.signers.iter().map(|signer| {
                let der = &signer.certificate;
                let certificate = Certificate::parse(der)?;
                let verdict = validator.judge(der);
                Ok(SignerFacts {
                    signer: signer.clone(),
                    subject: Name::from_der(certificate.subject)?.to_windows_text(),
                    certificate_hash: sha1(der),
                    chain: verdict.chain,
                    application_policies: verdict.application_policies,
                    issuance_policies: verdict.issuance_policies,
                    sid: value(&certificate, &oids::NTDS_CA_SECURITY_EXT)
                        .and_then(|value| decode_security_identifier(value).ok()),
                })
            });
            facts.collect::<Result<_, Asn1Error>>().map_err(|e| IssueError::from(e).into())
        })
        .await
    }
}

impl Known {
    /// The row counts only if it has these very bytes: a serial number alone can be had from
    /// anybody who makes certificates.
    fn of(der: &[u8], row: Option<RequestRow>) -> Self {
        let same = |row: &RequestRow| {
            row.columns.certificate.as_ref().is_some_and(|columns| columns.raw == der)
        };
        let row = row.filter(same);
        let standing = match row.as_ref().map(|row| row.columns.disposition) {
            Some(Disposition::Issued) => Standing::Issued,
            Some(Disposition::Revoked) => Standing::Revoked,
            _ => Standing::Unknown,
        };
        Self { standing, row }
    }
}

/// What there is to know of the certificate that is renewed. Names in it that cannot be read are
/// none: this CA did not issue them.
fn old_certificate(der: &[u8], known: Option<&Known>) -> Result<OldCertificate, Failure> {
    let certificate = Certificate::parse(der).map_err(IssueError::from)?;
    let columns = known.and_then(|known| known.row.as_ref()).map(|row| &row.columns);
    let issued = columns.map(|columns| columns.resolved_when.unwrap_or(columns.submitted_when));
    let information = value(&certificate, &oids::CERTIFICATE_TEMPLATE)
        .and_then(|value| decode_template_information(value).ok());
    Ok(OldCertificate {
        standing: known.map_or(Standing::Unknown, |known| known.standing),
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        template_name: value(&certificate, &oids::ENROLL_CERTTYPE)
            .and_then(|value| decode_template_name(value).ok()),
        template_oid: information.map(|information| information.oid),
        subject: certificate.subject.to_vec(),
        subject_alt_names: value(&certificate, &oids::SUBJECT_ALT_NAME)
            .and_then(|value| decode_general_names(value).ok())
            .unwrap_or_default(),
        sid: value(&certificate, &oids::NTDS_CA_SECURITY_EXT)
            .and_then(|value| decode_security_identifier(value).ok()),
        spki: certificate.public_key.raw.to_vec(),
        requester_name: columns.map(|columns| columns.requester_name.clone()),
        renewals: columns.map_or(0, |columns| columns.renewals),
        first_issued: columns
            .and_then(|columns| columns.first_issued)
            .or(issued)
            .unwrap_or(certificate.not_before),
    })
}

pub(super) fn value<'c>(certificate: &'c Certificate<'_>, oid: &Oid) -> Option<&'c [u8]> {
    find(&certificate.extensions, oid).map(|extension| &*extension.value)
}
