//! Revocation ([MS-CSRA] 3.1.4.1.8): which certificates may be revoked, for which reasons, and
//! what that does to their rows.

use std::time::SystemTime;

use super::{AdminError, Administration};
use crate::model::{Disposition, RequestId, RequestRow, Revocation, SerialNumber};
use crate::store::{Store, StoreError};

/// CRLReason certificateHold: the one that can be taken back.
pub const HOLD: u32 = 6;
/// Who acts by the command line of the CA's machine.
pub const LOCAL_ADMINISTRATOR: &str = "the local administrator";
/// PublishExpiredCertInCRL is cleared: nothing is revoked.
const DROP_WHEN_EXPIRED: u32 = 0xFFFF_FFFD;
/// PublishExpiredCertInCRL is set: nothing is revoked.
const KEEP_WHEN_EXPIRED: u32 = 0xFFFF_FFFE;

/// What is to happen to a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RevokeRequest<'a> {
    /// The serial number as the column has it: lower-case hex, an even number of digits.
    pub serial: &'a str,
    /// A CRLReason of 0 to 6 or 8, [`Revocation::RELEASED`] to release from hold, or one of the
    /// two values about expired certificates ([MS-CSRA] 3.1.4.1.8).
    pub reason: u32,
    /// Since when the certificate is not to be trusted; `None` is now.
    pub effective: Option<SystemTime>,
}

/// Revokes, or releases, the certificate with this serial number, and returns its row.
/// `by` is who does it, `DOMAIN\account`. No CRL is made.
///
/// # Errors
/// Where there is no such certificate, the reason is none, or the row's state forbids it.
pub async fn revoke(
    store: &dyn Store,
    request: RevokeRequest<'_>,
    by: &str,
    now: SystemTime,
) -> Result<RequestRow, AdminError> {
    let unknown = || AdminError::UnknownSerial(request.serial.chars().take(64).collect());
    // Exactly as the column has it: upper case names no row ([MS-CSRA] 3.1.4.1.8).
    let serial: SerialNumber = request.serial.parse().map_err(|_| unknown())?;
    let row = store.by_serial(&serial).await?.filter(|row| column(row) == request.serial);
    let row = row.ok_or_else(unknown)?;
    let from = row.columns.disposition;
    let row = apply(row, request, by, now)?;
    store.update(row.clone(), from).await?;
    Ok(row)
}

/// Revokes the certificate of a request, in the name of the machine's administrator.
///
/// # Errors
/// Where there is none, or its state forbids it.
pub async fn revoke_request(
    store: &dyn Store,
    id: RequestId,
    reason: u32,
) -> Result<(), AdminError> {
    let row = store.by_id(id).await?.ok_or(StoreError::NotFound(id))?;
    let certificate = row.columns.certificate.as_ref();
    let serial = certificate.map(|c| c.serial_number.to_string()).unwrap_or_default();
    let request = RevokeRequest { serial: &serial, reason, effective: None };
    revoke(store, request, LOCAL_ADMINISTRATOR, SystemTime::now()).await.map(drop)
}

impl Administration {
    /// The same beside managers who change rows over the network.
    ///
    /// # Errors
    /// As [`revoke_request`].
    pub async fn revoke_request(&self, id: RequestId, reason: u32) -> Result<(), AdminError> {
        let _changes = self.changes.lock().await;
        revoke_request(&*self.store, id, reason).await
    }
}

/// SerialNumber as the column has it.
fn column(row: &RequestRow) -> String {
    row.columns.certificate.as_ref().map(|c| c.serial_number.to_string()).unwrap_or_default()
}

/// The row as it is afterwards.
fn apply(
    mut row: RequestRow,
    RevokeRequest { reason, effective, .. }: RevokeRequest<'_>,
    by: &str,
    now: SystemTime,
) -> Result<RequestRow, AdminError> {
    if let KEEP_WHEN_EXPIRED | DROP_WHEN_EXPIRED = reason {
        if let Some(certificate) = &mut row.columns.certificate {
            certificate.publish_expired_cert_in_crl = reason == KEEP_WHEN_EXPIRED;
        }
        return Ok(row);
    }
    let held = row.revoked_reason == Some(HOLD);
    let release = reason == Revocation::RELEASED;
    if release && !held {
        return Err(AdminError::NotOnHold);
    }
    if !release && !matches!(reason, 0..=6 | Revocation::REMOVE_FROM_CRL) {
        return Err(AdminError::Reason(reason));
    }
    row.columns.disposition = match row.columns.disposition {
        Disposition::Issued if !release => Disposition::Revoked,
        Disposition::Revoked if held && release => Disposition::Issued,
        // Only a hold is taken back, so what was revoked for good cannot become one.
        Disposition::Revoked if !held && reason == HOLD => return Err(AdminError::RevokedForGood),
        Disposition::Revoked => Disposition::Revoked,
        found => return Err(AdminError::NotIssued(found)),
    };
    row.columns.disposition_message = format!("Revoked by {by}");
    row.revoked_reason = Some(reason);
    row.revoked_effective_when = Some(effective.unwrap_or(now));
    row.revoked_when = Some(now);
    Ok(row)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::model::{HResult, testing};

    const NOW: SystemTime = UNIX_EPOCH;

    fn attempt(
        disposition: Disposition,
        before: Option<u32>,
        reason: u32,
    ) -> Result<RequestRow, HResult> {
        let mut row = testing::row(disposition);
        row.revoked_reason = before;
        let request = RevokeRequest { serial: "0a", reason, effective: None };
        apply(row, request, r"LAB\officer", NOW).map_err(|error| error.hresult())
    }

    fn outcome(
        disposition: Disposition,
        before: Option<u32>,
        reason: u32,
    ) -> Result<Disposition, HResult> {
        attempt(disposition, before, reason).map(|row| row.columns.disposition)
    }

    #[test]
    fn rules_of_3_1_4_1_8() {
        use Disposition::{Denied, Foreign, Issued, Pending, Revoked};
        let release = Revocation::RELEASED;
        for reason in [0, 1, 2, 3, 4, 5, 6, 8] {
            assert_eq!(outcome(Issued, None, reason), Ok(Revoked), "{reason}");
        }
        for reason in [7, 9, 10, 0xFFFF_FFFC] {
            assert_eq!(outcome(Issued, None, reason), Err(HResult::E_INVALIDARG), "{reason}");
        }
        assert_eq!(outcome(Issued, None, release), Err(HResult::INVALID_DATA));
        assert_eq!(outcome(Revoked, Some(HOLD), release), Ok(Issued));
        assert_eq!(outcome(Revoked, Some(1), release), Err(HResult::INVALID_DATA));
        assert_eq!(outcome(Revoked, Some(1), HOLD), Err(HResult::INVALID_DATA));
        assert_eq!(outcome(Revoked, Some(HOLD), HOLD), Ok(Revoked));
        assert_eq!(outcome(Revoked, Some(1), 4), Ok(Revoked), "another reason and date");
        for other in [Pending, Denied, Foreign] {
            assert_eq!(outcome(other, None, 1), Err(HResult::INVALID_DATA));
        }
    }

    #[test]
    fn columns_say_who_when_and_why() {
        let row = attempt(Disposition::Issued, None, 4).unwrap();
        assert_eq!(row.columns.disposition_message, r"Revoked by LAB\officer");
        assert_eq!((row.revoked_when, row.revoked_effective_when), (Some(NOW), Some(NOW)));
        assert_eq!(row.revoked_reason, Some(4));
        let later = NOW + Duration::from_secs(60);
        let request = RevokeRequest { serial: "0a", reason: 1, effective: Some(later) };
        let row = apply(testing::row(Disposition::Issued), request, "", NOW).unwrap();
        assert_eq!((row.revoked_when, row.revoked_effective_when), (Some(NOW), Some(later)));
    }

    #[test]
    fn expired_certificates_stay_on_crls_or_not_without_revocation() {
        for (reason, stays) in [(KEEP_WHEN_EXPIRED, true), (DROP_WHEN_EXPIRED, false)] {
            let row = attempt(Disposition::Issued, None, reason).unwrap();
            assert_eq!(row.columns.disposition, Disposition::Issued);
            assert_eq!(row.revoked_when, None);
            let certificate = row.columns.certificate.unwrap();
            assert_eq!(certificate.publish_expired_cert_in_crl, stays);
        }
    }
}
