//! ICertAdminD and ICertAdminD2: administration of the CA over DCOM ([MS-CSRA]).

mod blobs;
mod old;
mod variant;
mod views;

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::Mutex;
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::call::{blob, bytes_of, sealed_caller, text, wide_text};
use super::property;
use crate::admin::{
    AdminError, Administration, Deleted, Deletion, EntryValue, Method, Publication, RevokeRequest,
    RightsOf, Table, View,
};
use crate::auth::BoxFuture;
use crate::dcom;
use crate::enroll::{PROPERTIES, PropertyId, PropertyKind, PropertyQuery};
use crate::generated::dtyp::FILETIME;
use crate::generated::icertadmind::{
    DeleteRowIn, DeleteRowOut, EnumViewColumnTableIn, EnumViewColumnTableOut, GetArchivedKeyIn,
    GetArchivedKeyOut, GetAuditFilterIn, GetAuditFilterOut, GetCaPropertyIn, GetCaPropertyInfoIn,
    GetCaPropertyInfoOut, GetCaPropertyOut, GetCaSecurityIn, GetCaSecurityOut, GetConfigEntryIn,
    GetConfigEntryOut, GetMyRolesIn, GetMyRolesOut, GetOfficerRightsIn, GetOfficerRightsOut,
    I_CERT_ADMIN_D, I_CERT_ADMIN_D2, ICertAdminD2, ImportKeyIn, ImportKeyOut, Ping2In, Ping2Out,
    PublishCrLsIn, PublishCrLsOut, SetAuditFilterIn, SetAuditFilterOut, SetCaPropertyIn,
    SetCaPropertyOut, SetCaSecurityIn, SetCaSecurityOut, SetConfigEntryIn, SetConfigEntryOut,
    SetOfficerRightsIn, SetOfficerRightsOut, dispatch_i_cert_admin_d, dispatch_i_cert_admin_d2,
};
use crate::logging::{Line, line_about};
use crate::model::{Caller, HResult, RequestId, Sid, from_filetime};
use crate::ndr::{Fault, WideString};
use crate::rpc::{CallContext, Policy};

/// CCertAdminD, the class of objects that the CA exports for administration ([MS-CSRA] 1.9).
pub const C_CERT_ADMIN_D: Uuid = Uuid::from_u128(0xd99e6e73_fc88_11d0_b498_00a0c90312f3);

/// The class: what certutil and the console activate.
pub struct CertAdminClass {
    administration: Arc<Administration>,
}

impl CertAdminClass {
    /// The class of this CA.
    pub fn new(administration: Arc<Administration>) -> Self {
        Self { administration }
    }
}

impl dcom::Class for CertAdminClass {
    fn clsid(&self) -> Uuid {
        C_CERT_ADMIN_D
    }

    fn interfaces(&self) -> Vec<dcom::Interface> {
        let sealed = |id| dcom::Interface { id, policy: Policy::default() };
        vec![sealed(I_CERT_ADMIN_D), sealed(I_CERT_ADMIN_D2)]
    }

    /// The group that has remote access to the class on Windows. Each method wants a right of the
    /// CA beyond that.
    fn admits(&self, caller: &Caller) -> bool {
        caller.token.holds(&Sid::certificate_service_dcom_access())
    }

    /// Each object holds the view that its client has open.
    fn create(&self) -> Arc<dyn dcom::Object> {
        let administration = Arc::clone(&self.administration);
        Arc::new(CertAdmin { administration, view: Mutex::new(None) })
    }
}

/// An object of one client.
pub struct CertAdmin {
    administration: Arc<Administration>,
    /// The view that is open.
    view: Mutex<Option<View>>,
}

impl dcom::Object for CertAdmin {
    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move {
            let encoding = call.encoding;
            if call.interface == I_CERT_ADMIN_D2 {
                dispatch_i_cert_admin_d2(self, &call, opnum, encoding, &stub).await
            } else {
                dispatch_i_cert_admin_d(self, &call, opnum, encoding, &stub).await
            }
        })
    }
}

/// What a call does, or why not.
type Done<T> = Result<T, AdminError>;

impl CertAdmin {
    /// The caller has the right for the method, and means this CA.
    fn check(
        &self,
        caller: &Caller,
        method: Method,
        authority: Option<&WideString>,
    ) -> Done<&Administration> {
        self.administration.check(caller, method, &text(authority))?;
        Ok(&self.administration)
    }

    fn check_ping(&self, caller: &Caller, authority: Option<&WideString>) -> u32 {
        code(caller, Method::Ping, self.check(caller, Method::Ping, authority).map(drop))
    }

    async fn publish(
        &self,
        caller: &Caller,
        authority: Option<&WideString>,
        time: &FILETIME,
        flags: u32,
    ) -> Done<()> {
        let administration = self.check(caller, Method::PublishCrl, authority)?;
        let publication = Publication::from_flags(flags)
            .ok_or(AdminError::Argument("the flags say neither base nor delta CRL"))?;
        administration.publish_crls(caller, publication, optional_time(time)?).await
    }

    async fn set_officer_rights(&self, caller: &Caller, request: SetOfficerRightsIn) -> Done<()> {
        let authority = request.pwsz_authority.as_ref();
        let administration = self.check(caller, Method::SetOfficerRights, authority)?;
        // The low half says on or off, the high half whom it is about.
        let [high, low] = [request.f_enable >> 16, request.f_enable & 0xFFFF];
        let whom = if high == 0 { RightsOf::Officers } else { RightsOf::Agents };
        let descriptor = bytes_of(request.pctb_sd);
        let descriptor = (low != 0).then_some(&*descriptor);
        administration.set_rights_of(caller, whom, descriptor).await
    }

    async fn delete(&self, caller: &Caller, request: &DeleteRowIn) -> Done<Deleted> {
        let authority = request.pwsz_authority.as_ref();
        let administration = self.check(caller, Method::DeleteRow, authority)?;
        let table = Table::from_number(request.dw_table)
            .ok_or(AdminError::Argument("there is no such table"))?;
        let time = optional_time(&request.file_time)?;
        let which = Deletion::from_parameters(table, request.dw_flags, request.dw_row_id, time)?;
        administration.delete_rows(caller, table, which).await
    }

    async fn set_property(&self, caller: &Caller, request: SetCaPropertyIn) -> Done<()> {
        let authority = request.pwsz_authority.as_ref();
        let administration = self.check(caller, Method::SetCaProperty, authority)?;
        let templates = (PropertyId::Templates.value(), 0, PropertyKind::Text.value().into());
        let agents = (PropertyId::KraCert.value(), PropertyKind::Binary.value().into());
        match (request.prop_id, request.prop_index, request.prop_type) {
            wanted if wanted == templates => {
                let value = bytes_of(request.pctb_property_value);
                let value = wide_text(&value)
                    .ok_or(AdminError::Argument("the property is text of 16-bit units"))?;
                administration.set_templates(caller, &value).await
            }
            (id, 0.., kind) if (id, kind) == agents => Err(AdminError::NoArchival),
            // Of no key recovery agents none can be used, and there cannot be less of them.
            _ => Err(AdminError::Argument("no such property can be set, or not to that")),
        }
    }

    async fn set_config_entry(&self, caller: &Caller, request: SetConfigEntryIn) -> Done<()> {
        let authority = request.pwsz_authority.as_ref();
        let administration = self.check(caller, Method::SetConfigEntry, authority)?;
        let value = variant::decode(request.p_variant.as_deref())
            .ok_or(AdminError::Argument("no entry has a value of this kind"))?;
        let (node, entry) = (text(request.pwsz_node_path.as_ref()), request.pwsz_entry);
        administration.set_entry(caller, &node, &entry.to_string_lossy(), value).await
    }

    fn config_entry(&self, caller: &Caller, request: &GetConfigEntryIn) -> Done<EntryValue> {
        self.administration.check_right(caller, Method::GetConfigEntry)?;
        let authority = text(request.pwsz_authority.as_ref());
        if !authority.is_empty() {
            self.check(caller, Method::GetConfigEntry, request.pwsz_authority.as_ref())?;
        }
        let node = text(request.pwsz_node_path.as_ref());
        self.administration.entry(&authority, &node, &request.pwsz_entry.to_string_lossy())
    }
}

/// The return value, which the log explains.
fn code(caller: &Caller, method: Method, done: Done<()>) -> u32 {
    done.map_or_else(|error| refused(caller, method, &error), |()| HResult::S_OK).0
}

/// What a method hands out, and the return value; nothing where it failed.
fn out<T: Default>(caller: &Caller, method: Method, done: Done<T>) -> (T, u32) {
    match done {
        Ok(value) => (value, HResult::S_OK.0),
        Err(error) => (T::default(), refused(caller, method, &error).0),
    }
}

/// The return value of what failed: errors become HRESULTs here. Who lacks a right is warned of.
fn refused(caller: &Caller, method: Method, error: &AdminError) -> HResult {
    let status = error.hresult();
    let account = &caller.account;
    if error.is_internal() {
        warn!(caller = account, ?method, %status, %error, "a call could not be carried out");
    } else if let Some(Line { unsaid }) = line_about(account) {
        info!(caller = account, ?method, %status, unsaid, "call refused: {error}");
    }
    status
}

/// A FILETIME that stands for no time if it is 0.
fn optional_time(time: &FILETIME) -> Done<Option<SystemTime>> {
    let value = u64::from(time.dw_high_date_time) << 32 | u64::from(time.dw_low_date_time);
    if value == 0 {
        return Ok(None);
    }
    from_filetime(value).map(Some).ok_or(AdminError::Argument("there is no such time"))
}

impl ICertAdminD2 for CertAdmin {
    async fn publish_cr_ls(
        &self,
        call: &CallContext,
        request: PublishCrLsIn,
    ) -> Result<PublishCrLsOut, Fault> {
        let caller = sealed_caller(call)?;
        let authority = request.pwsz_authority.as_ref();
        let done = self.publish(caller, authority, &request.file_time, request.flags).await;
        let return_value = code(caller, Method::PublishCrl, done);
        Ok(PublishCrLsOut { return_value, ..Default::default() })
    }

    async fn get_ca_property(
        &self,
        call: &CallContext,
        request: GetCaPropertyIn,
    ) -> Result<GetCaPropertyOut, Fault> {
        const METHOD: Method = Method::GetCaProperty;
        let caller = sealed_caller(call)?;
        let authority = text(request.pwsz_authority.as_ref());
        let query = PropertyQuery {
            authority: Some(&authority),
            id: request.prop_id,
            index: request.prop_index,
            kind: Some(request.prop_type),
        };
        let value = match self.check(caller, METHOD, request.pwsz_authority.as_ref()) {
            Ok(administration) => administration.property(caller, query).await,
            Err(error) => Err(error),
        };
        let value = value.map_err(|error| refused(caller, METHOD, &error));
        let value = value.and_then(|value| property::blob(value).ok_or(HResult::E_UNEXPECTED));
        let (pctb_property_value, return_value) = property::blob_and_status(value);
        Ok(GetCaPropertyOut { pctb_property_value, return_value, ..Default::default() })
    }

    /// Templates are enabled. There are no key recovery agents, and can be none.
    async fn set_ca_property(
        &self,
        call: &CallContext,
        request: SetCaPropertyIn,
    ) -> Result<SetCaPropertyOut, Fault> {
        const METHOD: Method = Method::SetCaProperty;
        let caller = sealed_caller(call)?;
        let done = self.set_property(caller, request).await;
        let return_value = code(caller, METHOD, done);
        Ok(SetCaPropertyOut { return_value, ..Default::default() })
    }

    async fn get_ca_property_info(
        &self,
        call: &CallContext,
        request: GetCaPropertyInfoIn,
    ) -> Result<GetCaPropertyInfoOut, Fault> {
        const METHOD: Method = Method::GetCaPropertyInfo;
        let caller = sealed_caller(call)?;
        let list = self.check(caller, METHOD, request.pwsz_authority.as_ref());
        let list = list.map_err(|error| refused(caller, METHOD, &error));
        let list = list.and_then(|_| property::list(PROPERTIES).ok_or(HResult::E_UNEXPECTED));
        let pc_property = list.as_ref().map_or(0, |(count, _)| *count);
        let (pctb_prop_info, return_value) = property::blob_and_status(list.map(|(_, blob)| blob));
        Ok(GetCaPropertyInfoOut { pc_property, pctb_prop_info, return_value, ..Default::default() })
    }

    async fn enum_view_column_table(
        &self,
        call: &CallContext,
        request: EnumViewColumnTableIn,
    ) -> Result<EnumViewColumnTableOut, Fault> {
        let caller = sealed_caller(call)?;
        let authority = request.pwsz_authority.as_ref();
        let range = (request.i_column, request.c_column);
        let (pc_column, pctb_column_info, return_value) =
            self.columns_of(caller, authority, request.i_table, range);
        Ok(EnumViewColumnTableOut {
            pc_column,
            pctb_column_info,
            return_value,
            ..Default::default()
        })
    }

    async fn get_ca_security(
        &self,
        call: &CallContext,
        request: GetCaSecurityIn,
    ) -> Result<GetCaSecurityOut, Fault> {
        const METHOD: Method = Method::GetCaSecurity;
        let caller = sealed_caller(call)?;
        let administration = self.check(caller, METHOD, request.pwsz_authority.as_ref());
        let security = administration.map(|administration| blob(administration.security()));
        let (pctb_sd, return_value) = out(caller, METHOD, security);
        Ok(GetCaSecurityOut { pctb_sd, return_value, ..Default::default() })
    }

    async fn set_ca_security(
        &self,
        call: &CallContext,
        request: SetCaSecurityIn,
    ) -> Result<SetCaSecurityOut, Fault> {
        const METHOD: Method = Method::SetCaSecurity;
        let caller = sealed_caller(call)?;
        let done = match self.check(caller, METHOD, request.pwsz_authority.as_ref()) {
            Ok(administration) => {
                administration.set_security(caller, &bytes_of(request.pctb_sd)).await
            }
            Err(error) => Err(error),
        };
        let return_value = code(caller, METHOD, done);
        Ok(SetCaSecurityOut { return_value, ..Default::default() })
    }

    async fn ping2(&self, call: &CallContext, request: Ping2In) -> Result<Ping2Out, Fault> {
        let caller = sealed_caller(call)?;
        let return_value = self.check_ping(caller, request.pwsz_authority.as_ref());
        Ok(Ping2Out { return_value, ..Default::default() })
    }

    /// No key is ever archived.
    async fn get_archived_key(
        &self,
        call: &CallContext,
        request: GetArchivedKeyIn,
    ) -> Result<GetArchivedKeyOut, Fault> {
        const METHOD: Method = Method::GetArchivedKey;
        let caller = sealed_caller(call)?;
        let checked = self.check(caller, METHOD, request.pwsz_authority.as_ref());
        let id = RequestId(request.dw_request_id);
        let return_value = code(caller, METHOD, checked.and(Err(AdminError::NoArchivedKey(id))));
        Ok(GetArchivedKeyOut { return_value, ..Default::default() })
    }

    async fn get_audit_filter(
        &self,
        call: &CallContext,
        request: GetAuditFilterIn,
    ) -> Result<GetAuditFilterOut, Fault> {
        const METHOD: Method = Method::GetAuditFilter;
        let caller = sealed_caller(call)?;
        let administration = self.check(caller, METHOD, request.pwsz_authority.as_ref());
        let filter = administration.map(|administration| administration.live().audit_filter.bits());
        let (pdw_filter, return_value) = out(caller, METHOD, filter);
        Ok(GetAuditFilterOut { pdw_filter, return_value, ..Default::default() })
    }

    async fn set_audit_filter(
        &self,
        call: &CallContext,
        request: SetAuditFilterIn,
    ) -> Result<SetAuditFilterOut, Fault> {
        const METHOD: Method = Method::SetAuditFilter;
        let caller = sealed_caller(call)?;
        let done = match self.check(caller, METHOD, request.pwsz_authority.as_ref()) {
            Ok(administration) => administration.set_audit_filter(caller, request.dw_filter).await,
            Err(error) => Err(error),
        };
        Ok(SetAuditFilterOut { return_value: code(caller, METHOD, done), ..Default::default() })
    }

    /// Officers' rights, if there are any, and those of enrollment agents, which there always are
    /// ([MS-CSRA] 2.2.1.11.1).
    async fn get_officer_rights(
        &self,
        call: &CallContext,
        request: GetOfficerRightsIn,
    ) -> Result<GetOfficerRightsOut, Fault> {
        const METHOD: Method = Method::GetOfficerRights;
        let caller = sealed_caller(call)?;
        let administration = self.check(caller, METHOD, request.pwsz_authority.as_ref());
        let rights = administration.map(|administration| {
            let live = administration.live();
            let officers = live.officers.as_ref().map(|rights| rights.descriptor.clone());
            let enabled = i32::from(officers.is_some());
            let mut bytes = officers.unwrap_or_default();
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(&live.agents.descriptor);
            (enabled, blob(bytes))
        });
        let ((pf_enabled, pctb_sd), return_value) = out(caller, METHOD, rights);
        Ok(GetOfficerRightsOut { pf_enabled, pctb_sd, return_value, ..Default::default() })
    }

    async fn set_officer_rights(
        &self,
        call: &CallContext,
        request: SetOfficerRightsIn,
    ) -> Result<SetOfficerRightsOut, Fault> {
        let caller = sealed_caller(call)?;
        let done = self.set_officer_rights(caller, request).await;
        let return_value = code(caller, Method::SetOfficerRights, done);
        Ok(SetOfficerRightsOut { return_value, ..Default::default() })
    }

    async fn get_config_entry(
        &self,
        call: &CallContext,
        request: GetConfigEntryIn,
    ) -> Result<GetConfigEntryOut, Fault> {
        let caller = sealed_caller(call)?;
        let value = self.config_entry(caller, &request);
        let (value, return_value) = out(caller, Method::GetConfigEntry, value.map(Some));
        let p_variant = Some(variant::encode(&value.unwrap_or(EntryValue::Empty)));
        Ok(GetConfigEntryOut { p_variant, return_value, ..Default::default() })
    }

    async fn set_config_entry(
        &self,
        call: &CallContext,
        request: SetConfigEntryIn,
    ) -> Result<SetConfigEntryOut, Fault> {
        let caller = sealed_caller(call)?;
        let done = self.set_config_entry(caller, request).await;
        let return_value = code(caller, Method::SetConfigEntry, done);
        Ok(SetConfigEntryOut { return_value, ..Default::default() })
    }

    async fn import_key(
        &self,
        call: &CallContext,
        request: ImportKeyIn,
    ) -> Result<ImportKeyOut, Fault> {
        const METHOD: Method = Method::ImportKey;
        let caller = sealed_caller(call)?;
        let checked = self.check(caller, METHOD, request.pwsz_authority.as_ref());
        let return_value = code(caller, METHOD, checked.and(Err(AdminError::NoArchival)));
        Ok(ImportKeyOut { return_value, ..Default::default() })
    }

    async fn get_my_roles(
        &self,
        call: &CallContext,
        request: GetMyRolesIn,
    ) -> Result<GetMyRolesOut, Fault> {
        const METHOD: Method = Method::GetMyRoles;
        let caller = sealed_caller(call)?;
        let administration = self.check(caller, METHOD, request.pwsz_authority.as_ref());
        let rights = administration.map(|administration| administration.rights(caller));
        let rights = rights.map(|rights| rights.bits().cast_signed());
        let (pdw_roles, return_value) = out(caller, METHOD, rights);
        Ok(GetMyRolesOut { pdw_roles, return_value, ..Default::default() })
    }

    /// Where there are more rows than one call deletes, its code is the one that clients call again
    /// for.
    async fn delete_row(
        &self,
        call: &CallContext,
        request: DeleteRowIn,
    ) -> Result<DeleteRowOut, Fault> {
        const METHOD: Method = Method::DeleteRow;
        let caller = sealed_caller(call)?;
        let (deleted, mut return_value) = out(caller, METHOD, self.delete(caller, &request).await);
        if deleted.more {
            return_value = HResult::VERSION_STORE_OUT_OF_MEMORY.0;
        }
        let pc_deleted = i32::try_from(deleted.count).unwrap_or(i32::MAX);
        Ok(DeleteRowOut { pc_deleted, return_value, ..Default::default() })
    }
}

#[cfg(test)]
mod tests;
