//! Requests that wait for a certificate manager, and certificates ([MS-CSRA] 3.1.4.1.1 to
//! 3.1.4.1.5, 3.1.4.1.8, 3.1.4.1.26).

use std::time::SystemTime;

use super::audit::AuditFilter;
use super::roles::Rights;
use super::{AdminError, Administration, HOLD, RevokeRequest, revoke};
use crate::asn1::extensions::subject_key_identifier;
use crate::asn1::{Asn1Error, Tag, Writer, encode_time, oids};
use crate::ca::SignedCertificate;
use crate::enroll::{Enrollment, is_of, text_line};
use crate::model::{
    Caller, Disposition, Extension, HResult, Oid, RequestId, RequestRow, Revocation, SerialNumber,
    SetExtension,
};
use crate::store::Page;
/// The value of an extension as SetExtension has it ([MS-CSRA] 3.1.4.1.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExtensionValue {
    /// An INTEGER.
    Long(u32),
    /// A time.
    Date(SystemTime),
    /// DER.
    Binary(Vec<u8>),
    /// An IA5String.
    Text(String),
}

impl ExtensionValue {
    fn to_der(&self) -> Result<Vec<u8>, Asn1Error> {
        let mut writer = Writer::new();
        match self {
            Self::Long(value) => writer.u32(*value),
            Self::Date(time) => encode_time(&mut writer, *time)?,
            Self::Binary(der) => return Ok(der.clone()),
            Self::Text(text) => writer.element(Tag::IA5_STRING, text.as_bytes()),
        }
        Ok(writer.into_bytes())
    }
}

/// What IsValidCertificate says of a certificate ([MS-CSRA] 3.1.4.1.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    /// pRevocationReason.
    pub reason: i32,
    /// pDisposition: 2 revoked, 3 valid, 4 never issued.
    pub disposition: i32,
}

/// The longest OID that SetExtension takes, in characters.
const MAX_OID: usize = 31;

impl Administration {
    /// The row of a pending request that the officer may decide about.
    async fn pending(&self, officer: &Caller, id: RequestId) -> Result<RequestRow, AdminError> {
        let row = self.decidable(officer, id).await?;
        match row.columns.disposition {
            Disposition::Pending => Ok(row),
            found => Err(AdminError::NotPending { id, found }),
        }
    }

    /// Sets an extension of a pending request ([MS-CSRA] 3.1.4.1.1).
    ///
    /// # Errors
    /// Where the request does not wait, is not the officer's to decide, or the extension is none
    /// that managers may set.
    pub async fn set_extension(
        &self,
        officer: &Caller,
        id: RequestId,
        oid: &str,
        (critical, disabled): (bool, bool),
        value: &ExtensionValue,
    ) -> Result<(), AdminError> {
        let _changes = self.changes.lock().await;
        let row = self.pending(officer, id).await?;
        let oid =
            Some(oid).filter(|oid| oid.len() <= MAX_OID).and_then(|oid| oid.parse::<Oid>().ok());
        let oid = oid.ok_or(AdminError::Argument("not an object identifier of 31 characters"))?;
        if !self.enrollment.may_be_set(&oid) {
            return Err(AdminError::Extension(oid));
        }
        let value =
            value.to_der().map_err(|_| AdminError::Argument("the value cannot be encoded"))?;
        let length = value.len();
        let extension = Extension { oid, critical, value };
        let set = SetExtension { extension, disabled };
        let row = Enrollment::with_extension(row, &set);
        self.store.update(row, Disposition::Pending).await?;
        let oid = &set.extension.oid;
        let what = format!(
            "extension {oid} of request {id} set: critical {critical}, disabled {disabled}, {length} bytes"
        );
        self.audit(officer, 4873, AuditFilter::REQUESTS, what);
        Ok(())
    }

    /// Adds attributes to a pending request, or replaces them ([MS-CSRA] 3.1.4.1.2).
    ///
    /// # Errors
    /// Where the request does not wait, is not the officer's to decide, or they are too many.
    pub async fn set_attributes(
        &self,
        officer: &Caller,
        id: RequestId,
        text: &str,
    ) -> Result<(), AdminError> {
        let _changes = self.changes.lock().await;
        let row = self.pending(officer, id).await?;
        let row = self.enrollment.with_attributes(row, text).map_err(AdminError::Attributes)?;
        let attributes = text_line(&row.columns.request_attributes);
        self.store.update(row, Disposition::Pending).await?;
        let what = format!("attributes of request {id} set: {attributes:?}");
        self.audit(officer, 4874, AuditFilter::REQUESTS, what);
        Ok(())
    }

    /// Processes a pending or denied request once more, approved by the officer; returns
    /// pdwDisposition ([MS-CSRA] 3.1.4.1.3). `id`s that are not there are an error, as since Windows
    /// Server 2008.
    ///
    /// # Errors
    /// Where the request is not there or is not the officer's to decide, or nothing can be recorded.
    pub async fn resubmit(&self, officer: &Caller, id: RequestId) -> Result<u32, AdminError> {
        let _changes = self.changes.lock().await;
        let row = self.decidable(officer, id).await?;
        let may = match row.columns.disposition {
            Disposition::Pending => true,
            Disposition::Denied => self.rights(officer).contains(Rights::ADMINISTRATOR),
            _ => false,
        };
        if !may {
            return Ok(HResult::CERTSRV_E_BAD_REQUESTSTATUS.0);
        }
        Ok(self.enrollment.resubmit(row, officer).await?.disposition)
    }

    /// Denies a pending request ([MS-CSRA] 3.1.4.1.4).
    ///
    /// # Errors
    /// Where the request does not wait or is not the officer's to decide.
    pub async fn deny(&self, officer: &Caller, id: RequestId) -> Result<(), AdminError> {
        let _changes = self.changes.lock().await;
        let row = self.managed(officer, id).await?;
        if row.columns.disposition != Disposition::Pending {
            return Err(AdminError::NotPending { id, found: row.columns.disposition });
        }
        let row = self.enrollment.denied(row, officer);
        self.store.update(row, Disposition::Pending).await?;
        self.audit(officer, 4868, AuditFilter::REQUESTS, format!("request {id} denied"));
        Ok(())
    }

    /// Revokes, or releases, a certificate ([MS-CSRA] 3.1.4.1.8).
    ///
    /// # Errors
    /// Where there is no such certificate, the reason is none, the row's state forbids it, or it is
    /// not the officer's to manage.
    pub async fn revoke(
        &self,
        officer: &Caller,
        request: RevokeRequest<'_>,
    ) -> Result<(), AdminError> {
        let _changes = self.changes.lock().await;
        if let Ok(serial) = request.serial.parse::<SerialNumber>()
            && let Some(row) = self.store.by_serial(&serial).await?
        {
            self.check_officer(officer, &row).await?;
        }
        revoke(&*self.store, request, &officer.account, SystemTime::now()).await?;
        let reason = request.reason;
        let what = match reason {
            Revocation::RELEASED => format!("certificate {} released from hold", request.serial),
            HOLD => format!("certificate {} put on hold", request.serial),
            _ => format!("certificate {} revoked, reason {reason}", request.serial),
        };
        self.audit(officer, 4870, AuditFilter::REVOCATION, what);
        Ok(())
    }

    /// Whether a certificate is valid, by its serial number; that it expired does not count
    /// ([MS-CSRA] 3.1.4.1.5).
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub async fn validity(&self, serial: &str) -> Result<Validity, AdminError> {
        let row = match serial.parse::<SerialNumber>() {
            Ok(number) if number.to_string() == serial => self.store.by_serial(&number).await?,
            _ => None,
        };
        let never = Validity { reason: 0, disposition: 4 };
        let Some(row) = row else { return Ok(never) };
        Ok(match row.columns.disposition {
            Disposition::Issued => Validity { reason: 0, disposition: 3 },
            Disposition::Revoked => match row.revocation() {
                Some(revocation) if revocation.is_in_force(SystemTime::now()) => Validity {
                    reason: i32::try_from(revocation.reason).unwrap_or_default(),
                    disposition: 2,
                },
                _ => Validity { reason: 0, disposition: 3 },
            },
            _ => never,
        })
    }

    /// Adds a certificate of this CA that its table lacks, or completes the pending request that it
    /// was issued for ([MS-CSRA] 3.1.4.1.26). Certificates of others are refused.
    ///
    /// # Errors
    /// Where it is none, is somebody else's, or is known.
    pub async fn import(
        &self,
        officer: &Caller,
        der: &[u8],
        existing: bool,
    ) -> Result<RequestId, AdminError> {
        let _changes = self.changes.lock().await;
        let not_one = |error: Asn1Error| AdminError::NotACertificate(error.to_string());
        let imported = self.ca.imported(der).map_err(not_one)?;
        let imported = imported.ok_or(AdminError::ForeignCertificate)?;
        if let Some(known) = self.store.by_serial(imported.serial()).await? {
            return Err(AdminError::KnownCertificate(known.id));
        }
        let id = match existing {
            false => {
                let row = self.enrollment.row_of_imported(officer, imported);
                self.store.add(row).await?
            }
            true => {
                let row = self.awaiting(&imported).await?.ok_or(AdminError::NoMatch)?;
                self.check_officer(officer, &row).await?;
                if is_of(&row, officer) {
                    return Err(AdminError::OwnRequest(officer.account.clone()));
                }
                let id = row.id;
                let row = self.enrollment.completed(row, imported);
                self.store.update(row, Disposition::Pending).await?;
                id
            }
        };
        self.audit(officer, 4884, AuditFilter::REQUESTS, format!("certificate imported as {id}"));
        Ok(id)
    }

    /// The pending request that a certificate is for: its key is the request's, and where the request
    /// names a subject key identifier, which is its requester's word alone, that is of this key too.
    async fn awaiting(
        &self,
        certificate: &SignedCertificate,
    ) -> Result<Option<RequestRow>, AdminError> {
        let key_id = subject_key_identifier(certificate.key_id()).value;
        let name = oids::SUBJECT_KEY_IDENTIFIER.to_string();
        let may_be_of = |row: &&RequestRow| {
            let mut extensions = row.columns.extensions.iter();
            let named = extensions.find(|(oid, ..)| *oid == name);
            named.is_none_or(|(_, _, value)| *value == key_id)
        };
        let mut page = Page::FIRST;
        loop {
            let rows = self.store.by_disposition(Disposition::Pending, page).await?;
            let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
            for row in rows.iter().filter(may_be_of) {
                let key = self.enrollment.key_of(row).await;
                if key.is_some_and(|key| key == *certificate.key_id()) {
                    return Ok(Some(row.clone()));
                }
            }
            page = page.after(last);
        }
    }
}
