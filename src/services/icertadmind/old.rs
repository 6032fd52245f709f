//! The methods of ICertAdminD, which ICertAdminD2 has too.

use super::*;
use crate::admin::ExtensionValue;
use crate::generated::icertadmind::{
    BackupCloseFileIn, BackupCloseFileOut, BackupEndIn, BackupEndOut,
    BackupGetAttachmentInformationIn, BackupGetAttachmentInformationOut, BackupGetBackupLogsIn,
    BackupGetBackupLogsOut, BackupGetDynamicFilesIn, BackupGetDynamicFilesOut, BackupOpenFileIn,
    BackupOpenFileOut, BackupPrepareIn, BackupPrepareOut, BackupReadFileIn, BackupReadFileOut,
    BackupTruncateLogsIn, BackupTruncateLogsOut, CloseViewIn, CloseViewOut, DenyRequestIn,
    DenyRequestOut, EnumAttributesOrExtensionsIn, EnumAttributesOrExtensionsOut, EnumViewColumnIn,
    EnumViewColumnOut, EnumViewIn, EnumViewOut, GetCrlIn, GetCrlOut, GetServerStateIn,
    GetServerStateOut, GetViewDefaultColumnSetIn, GetViewDefaultColumnSetOut, ICertAdminD,
    ImportCertificateIn, ImportCertificateOut, IsValidCertificateIn, IsValidCertificateOut,
    OpenViewIn, OpenViewOut, PingIn, PingOut, PublishCrlIn, PublishCrlOut,
    RestoreGetDatabaseLocationsIn, RestoreGetDatabaseLocationsOut, ResubmitRequestIn,
    ResubmitRequestOut, RevokeCertificateIn, RevokeCertificateOut, ServerControlIn,
    ServerControlOut, SetAttributesIn, SetAttributesOut, SetExtensionIn, SetExtensionOut,
};

/// PROPTYPE_LONG and its relatives: kinds of a value of SetExtension.
mod kind {
    pub const LONG: u32 = 1;
    pub const DATE: u32 = 2;
    pub const BINARY: u32 = 3;
    pub const STRING: u32 = 4;
}

/// The extension is critical.
const CRITICAL: u32 = 1;
/// The extension must not be in the certificate.
const DISABLED: u32 = 2;
/// FLAG_ALLOW_IMPORT_FOREIGN: certificates of others may be imported too.
const ALLOW_FOREIGN: i32 = 0x0001_0000;
/// ICF_EXISTINGROW: the certificate is of a request that waits for it.
const EXISTING_ROW: i32 = 0x0002_0000;
/// How the client had the certificate encoded, which it may leave in the flags.
const ENCODING: i32 = 0xFF;
/// The longest extension, in bytes: rows have to hold it.
const MAX_EXTENSION: usize = 16 * 1024;

impl CertAdmin {
    async fn set_extension(&self, caller: &Caller, request: SetExtensionIn) -> Done<()> {
        let authority = request.pwsz_authority.as_ref();
        let administration = self.check(caller, Method::SetExtension, authority)?;
        let oid = text(request.pwsz_extension_name.as_ref());
        let flags = request.dw_flags;
        if flags & !(CRITICAL | DISABLED) != 0 {
            return Err(AdminError::Argument("the flags are 1 (critical) and 2 (disabled)"));
        }
        let flags = (flags & CRITICAL != 0, flags & DISABLED != 0);
        let value = extension_value(request.dw_type, bytes_of(request.pctb_value))?;
        let id = RequestId(request.dw_request_id);
        administration.set_extension(caller, id, &oid, flags, &value).await
    }

    async fn import(&self, caller: &Caller, request: ImportCertificateIn) -> Done<i32> {
        let authority = request.pwsz_authority.as_ref();
        let administration = self.check(caller, Method::ImportCertificate, authority)?;
        // Certificates of others are taken where KRAFlags allow it, which they never do here.
        if request.dw_flags & !(ALLOW_FOREIGN | EXISTING_ROW | ENCODING) != 0 {
            return Err(AdminError::Argument(
                "the flags are 0x10000 (foreign) and 0x20000 (pending)",
            ));
        }
        let existing = request.dw_flags & EXISTING_ROW != 0;
        let certificate = bytes_of(request.pctb_certificate);
        let id = administration.import(caller, &certificate, existing).await?;
        Ok(id.0.cast_signed())
    }

    async fn revoke(&self, caller: &Caller, request: RevokeCertificateIn) -> Done<()> {
        let authority = request.pwsz_authority.as_ref();
        let administration = self.check(caller, Method::RevokeCertificate, authority)?;
        let serial = text(request.pwsz_serial_number.as_ref());
        let effective = optional_time(&request.file_time)?;
        let revocation = RevokeRequest { serial: &serial, reason: request.reason, effective };
        administration.revoke(caller, revocation).await
    }

    fn no_backup(&self, caller: &Caller) -> u32 {
        let done = self.administration.check_right(caller, Method::Backup);
        let refused = AdminError::Refused("backups are made on the CA's machine");
        code(caller, Method::Backup, done.and(Err(refused)))
    }

    fn control(&self, caller: &Caller, request: &ServerControlIn) -> Done<()> {
        let authority = request.pwsz_authority.as_ref();
        let administration = self.check(caller, Method::ServerControl, authority)?;
        administration.control(caller, request.dw_control_flags)
    }
}

fn extension_value(kind: u32, bytes: Vec<u8>) -> Done<ExtensionValue> {
    let wrong =
        || AdminError::Argument("the value of the extension is not of the kind that it says");
    if bytes.len() > MAX_EXTENSION {
        return Err(AdminError::Argument("the extension is too long"));
    }
    Ok(match kind {
        kind::LONG => {
            let bytes = <[u8; 4]>::try_from(&*bytes).map_err(|_| wrong())?;
            ExtensionValue::Long(u32::from_le_bytes(bytes))
        }
        kind::DATE => {
            let bytes = <[u8; 8]>::try_from(&*bytes).map_err(|_| wrong())?;
            let time = from_filetime(u64::from_le_bytes(bytes)).ok_or_else(wrong)?;
            ExtensionValue::Date(time)
        }
        kind::BINARY => ExtensionValue::Binary(bytes),
        kind::STRING => {
            let (units, []) = bytes.as_chunks::<2>() else { return Err(wrong()) };
            let units: Vec<_> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
            let text = units.strip_suffix(&[0]).and_then(|units| String::from_utf16(units).ok());
            ExtensionValue::Text(text.filter(|text| text.is_ascii()).ok_or_else(wrong)?)
        }
        _ => return Err(wrong()),
    })
}

impl ICertAdminD for CertAdmin {
    type Call = CallContext;

    async fn set_extension(
        &self,
        call: &CallContext,
        request: SetExtensionIn,
    ) -> Result<SetExtensionOut, Fault> {
        let caller = sealed_caller(call)?;
        let done = self.set_extension(caller, request).await;
        let return_value = code(caller, Method::SetExtension, done);
        Ok(SetExtensionOut { return_value, ..Default::default() })
    }

    async fn set_attributes(
        &self,
        call: &CallContext,
        request: SetAttributesIn,
    ) -> Result<SetAttributesOut, Fault> {
        const METHOD: Method = Method::SetAttributes;
        let caller = sealed_caller(call)?;
        let (id, attributes) = (RequestId(request.dw_request_id), request.pwsz_attributes.as_ref());
        let done = match self.check(caller, METHOD, request.pwsz_authority.as_ref()) {
            Ok(administration) => {
                administration.set_attributes(caller, id, &text(attributes)).await
            }
            Err(error) => Err(error),
        };
        Ok(SetAttributesOut { return_value: code(caller, METHOD, done), ..Default::default() })
    }

    async fn resubmit_request(
        &self,
        call: &CallContext,
        request: ResubmitRequestIn,
    ) -> Result<ResubmitRequestOut, Fault> {
        const METHOD: Method = Method::ResubmitRequest;
        let caller = sealed_caller(call)?;
        let done = match self.check(caller, METHOD, request.pwsz_authority.as_ref()) {
            Ok(administration) => {
                administration.resubmit(caller, RequestId(request.dw_request_id)).await
            }
            Err(error) => Err(error),
        };
        let (pdw_disposition, return_value) = out(caller, METHOD, done);
        Ok(ResubmitRequestOut { pdw_disposition, return_value, ..Default::default() })
    }

    async fn deny_request(
        &self,
        call: &CallContext,
        request: DenyRequestIn,
    ) -> Result<DenyRequestOut, Fault> {
        const METHOD: Method = Method::DenyRequest;
        let caller = sealed_caller(call)?;
        let done = match self.check(caller, METHOD, request.pwsz_authority.as_ref()) {
            Ok(administration) => {
                administration.deny(caller, RequestId(request.dw_request_id)).await
            }
            Err(error) => Err(error),
        };
        Ok(DenyRequestOut { return_value: code(caller, METHOD, done), ..Default::default() })
    }

    async fn is_valid_certificate(
        &self,
        call: &CallContext,
        request: IsValidCertificateIn,
    ) -> Result<IsValidCertificateOut, Fault> {
        const METHOD: Method = Method::IsValidCertificate;
        let caller = sealed_caller(call)?;
        let serial = text(request.p_serial_number.as_ref());
        let validity = match self.check(caller, METHOD, request.pwsz_authority.as_ref()) {
            Ok(administration) => administration.validity(&serial).await,
            Err(error) => Err(error),
        };
        let validity = validity.map(|validity| (validity.reason, validity.disposition));
        let ((p_revocation_reason, p_disposition), return_value) = out(caller, METHOD, validity);
        Ok(IsValidCertificateOut {
            p_revocation_reason,
            p_disposition,
            return_value,
            ..Default::default()
        })
    }

    /// A base CRL, and a delta CRL where the CA makes any.
    async fn publish_crl(
        &self,
        call: &CallContext,
        request: PublishCrlIn,
    ) -> Result<PublishCrlOut, Fault> {
        const BASE: u32 = 1;
        let caller = sealed_caller(call)?;
        let authority = request.pwsz_authority.as_ref();
        let done = self.publish(caller, authority, &request.file_time, BASE).await;
        let return_value = code(caller, Method::PublishCrl, done);
        Ok(PublishCrlOut { return_value, ..Default::default() })
    }

    async fn get_crl(&self, call: &CallContext, request: GetCrlIn) -> Result<GetCrlOut, Fault> {
        const METHOD: Method = Method::GetCrl;
        let caller = sealed_caller(call)?;
        let administration = self.check(caller, METHOD, request.pwsz_authority.as_ref());
        let crl = administration.and_then(Administration::crl).map(blob);
        let (pctb_crl, return_value) = out(caller, METHOD, crl);
        Ok(GetCrlOut { pctb_crl, return_value, ..Default::default() })
    }

    async fn revoke_certificate(
        &self,
        call: &CallContext,
        request: RevokeCertificateIn,
    ) -> Result<RevokeCertificateOut, Fault> {
        let caller = sealed_caller(call)?;
        let done = self.revoke(caller, request).await;
        let return_value = code(caller, Method::RevokeCertificate, done);
        Ok(RevokeCertificateOut { return_value, ..Default::default() })
    }

    async fn enum_view_column(
        &self,
        call: &CallContext,
        request: EnumViewColumnIn,
    ) -> Result<EnumViewColumnOut, Fault> {
        const REQUEST_TABLE: u32 = 0;
        let caller = sealed_caller(call)?;
        let authority = request.pwsz_authority.as_ref();
        let range = (request.i_column, request.c_column);
        let (pc_column, pctb_column_info, return_value) =
            self.columns_of(caller, authority, REQUEST_TABLE, range);
        Ok(EnumViewColumnOut { pc_column, pctb_column_info, return_value, ..Default::default() })
    }

    async fn get_view_default_column_set(
        &self,
        call: &CallContext,
        request: GetViewDefaultColumnSetIn,
    ) -> Result<GetViewDefaultColumnSetOut, Fault> {
        let caller = sealed_caller(call)?;
        let authority = request.pwsz_authority.as_ref();
        let (pc_column, pctb_column_info, return_value) =
            self.default_set(caller, authority, request.i_column_set_default);
        Ok(GetViewDefaultColumnSetOut {
            pc_column,
            pctb_column_info,
            return_value,
            ..Default::default()
        })
    }

    async fn enum_attributes_or_extensions(
        &self,
        call: &CallContext,
        request: EnumAttributesOrExtensionsIn,
    ) -> Result<EnumAttributesOrExtensionsOut, Fault> {
        let caller = sealed_caller(call)?;
        let (pcelt_fetched, pctb_out, return_value) = self.parts(caller, request).await;
        Ok(EnumAttributesOrExtensionsOut {
            pcelt_fetched,
            pctb_out,
            return_value,
            ..Default::default()
        })
    }

    async fn open_view(
        &self,
        call: &CallContext,
        request: OpenViewIn,
    ) -> Result<OpenViewOut, Fault> {
        let caller = sealed_caller(call)?;
        let (pcelt_fetched, pctb_result_rows, return_value) = self.open(caller, request).await;
        Ok(OpenViewOut { pcelt_fetched, pctb_result_rows, return_value, ..Default::default() })
    }

    async fn enum_view(
        &self,
        call: &CallContext,
        request: EnumViewIn,
    ) -> Result<EnumViewOut, Fault> {
        let caller = sealed_caller(call)?;
        let (pcelt_fetched, pctb_result_rows, return_value) = self.read(caller, request).await;
        Ok(EnumViewOut { pcelt_fetched, pctb_result_rows, return_value, ..Default::default() })
    }

    async fn close_view(
        &self,
        call: &CallContext,
        request: CloseViewIn,
    ) -> Result<CloseViewOut, Fault> {
        let caller = sealed_caller(call)?;
        let return_value = self.close(caller, request.pwsz_authority.as_ref()).await;
        Ok(CloseViewOut { return_value, ..Default::default() })
    }

    async fn server_control(
        &self,
        call: &CallContext,
        request: ServerControlIn,
    ) -> Result<ServerControlOut, Fault> {
        let caller = sealed_caller(call)?;
        let done = self.control(caller, &request);
        let return_value = code(caller, Method::ServerControl, done);
        Ok(ServerControlOut { return_value, ..Default::default() })
    }

    async fn ping(&self, call: &CallContext, request: PingIn) -> Result<PingOut, Fault> {
        let caller = sealed_caller(call)?;
        let return_value = self.check_ping(caller, request.pwsz_authority.as_ref());
        Ok(PingOut { return_value, ..Default::default() })
    }

    /// 1 for whoever may read, 0 for others.
    async fn get_server_state(
        &self,
        call: &CallContext,
        request: GetServerStateIn,
    ) -> Result<GetServerStateOut, Fault> {
        const METHOD: Method = Method::GetServerState;
        let caller = sealed_caller(call)?;
        let administration = self.check(caller, METHOD, request.pwsz_authority.as_ref());
        let state = administration.map(|administration| {
            administration.check_right(caller, Method::GetCrl).map_or(0, |()| 1)
        });
        let (pdw_state, return_value) = out(caller, METHOD, state);
        Ok(GetServerStateOut { pdw_state, return_value, ..Default::default() })
    }

    async fn import_certificate(
        &self,
        call: &CallContext,
        request: ImportCertificateIn,
    ) -> Result<ImportCertificateOut, Fault> {
        let caller = sealed_caller(call)?;
        let imported = self.import(caller, request).await;
        let (pdw_request_id, return_value) = out(caller, Method::ImportCertificate, imported);
        Ok(ImportCertificateOut { pdw_request_id, return_value, ..Default::default() })
    }

    // Backups are made on the CA's machine, by `wcced backup`; IF_NOREMOTEICERTADMINBACKUP is set
    // on Windows too.

    async fn backup_prepare(
        &self,
        call: &CallContext,
        _request: BackupPrepareIn,
    ) -> Result<BackupPrepareOut, Fault> {
        let return_value = self.no_backup(sealed_caller(call)?);
        Ok(BackupPrepareOut { return_value, ..Default::default() })
    }

    async fn backup_end(
        &self,
        call: &CallContext,
        _request: BackupEndIn,
    ) -> Result<BackupEndOut, Fault> {
        let return_value = self.no_backup(sealed_caller(call)?);
        Ok(BackupEndOut { return_value, ..Default::default() })
    }

    async fn backup_get_attachment_information(
        &self,
        call: &CallContext,
        _request: BackupGetAttachmentInformationIn,
    ) -> Result<BackupGetAttachmentInformationOut, Fault> {
        let return_value = self.no_backup(sealed_caller(call)?);
        Ok(BackupGetAttachmentInformationOut { return_value, ..Default::default() })
    }

    async fn backup_get_backup_logs(
        &self,
        call: &CallContext,
        _request: BackupGetBackupLogsIn,
    ) -> Result<BackupGetBackupLogsOut, Fault> {
        let return_value = self.no_backup(sealed_caller(call)?);
        Ok(BackupGetBackupLogsOut { return_value, ..Default::default() })
    }

    async fn backup_open_file(
        &self,
        call: &CallContext,
        _request: BackupOpenFileIn,
    ) -> Result<BackupOpenFileOut, Fault> {
        let return_value = self.no_backup(sealed_caller(call)?);
        Ok(BackupOpenFileOut { return_value, ..Default::default() })
    }

    async fn backup_close_file(
        &self,
        call: &CallContext,
        _request: BackupCloseFileIn,
    ) -> Result<BackupCloseFileOut, Fault> {
        let return_value = self.no_backup(sealed_caller(call)?);
        Ok(BackupCloseFileOut { return_value, ..Default::default() })
    }

    async fn backup_truncate_logs(
        &self,
        call: &CallContext,
        _request: BackupTruncateLogsIn,
    ) -> Result<BackupTruncateLogsOut, Fault> {
        let return_value = self.no_backup(sealed_caller(call)?);
        Ok(BackupTruncateLogsOut { return_value, ..Default::default() })
    }

    async fn backup_get_dynamic_files(
        &self,
        call: &CallContext,
        _request: BackupGetDynamicFilesIn,
    ) -> Result<BackupGetDynamicFilesOut, Fault> {
        let return_value = self.no_backup(sealed_caller(call)?);
        Ok(BackupGetDynamicFilesOut { return_value, ..Default::default() })
    }

    async fn restore_get_database_locations(
        &self,
        call: &CallContext,
        _request: RestoreGetDatabaseLocationsIn,
    ) -> Result<RestoreGetDatabaseLocationsOut, Fault> {
        let return_value = self.no_backup(sealed_caller(call)?);
        Ok(RestoreGetDatabaseLocationsOut { return_value, ..Default::default() })
    }

    /// Its answer would have to be as long as the client says.
    async fn backup_read_file(
        &self,
        call: &CallContext,
        _request: BackupReadFileIn,
    ) -> Result<BackupReadFileOut, Fault> {
        self.no_backup(sealed_caller(call)?);
        Err(Fault::ACCESS_DENIED)
    }
}
