//! Calls that change something about a CA, beyond single requests.

use super::*;
use crate::generated::icertadmind::{
    DeleteRowIn, GetCaPropertyIn, ImportCertificateIn, ServerControlIn, SetCaPropertyIn,
    SetConfigEntryIn,
};
use crate::generated::oaut::{FLAGGED_WORD_BLOB, wireVARIANTStr};

/// ICF_EXISTINGROW: the certificate is of a pending request.
const EXISTING_ROW: i32 = 0x0002_0000;
/// CR_PROP_TEMPLATES, and PROPTYPE_STRING.
const TEMPLATES: (i32, i32) = (0x1D, 4);

fn blob(bytes: Vec<u8>) -> Result<CERTTRANSBLOB> {
    let cb = u32::try_from(bytes.len()).map_err(|_| AdminClientError::Malformed("length"))?;
    Ok(CERTTRANSBLOB { cb, pb: Some(bytes) })
}

impl AdminClient {
    /// Imports a certificate (DER) into the CA's table; `existing` completes the pending request that
    /// it was issued for. The request's identifier.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn import(&mut self, certificate: Vec<u8>, existing: bool) -> Result<u32> {
        let request = ImportCertificateIn {
            pwsz_authority: self.authority(),
            pctb_certificate: blob(certificate)?,
            dw_flags: if existing { EXISTING_ROW } else { 0 },
            ..Default::default()
        };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        let out = calls.import_certificate(&request).await?;
        succeeded(out.return_value)?;
        Ok(out.pdw_request_id.cast_unsigned())
    }

    /// The templates that the CA issues from: names and OIDs.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn templates(&mut self) -> Result<Vec<(String, String)>> {
        let (prop_id, prop_type) = TEMPLATES;
        let pwsz_authority = self.authority();
        let request = GetCaPropertyIn { pwsz_authority, prop_id, prop_type, ..Default::default() };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        let out = calls.get_ca_property(&request).await?;
        succeeded(out.return_value)?;
        let text = text::raw_from_utf16(&out.pctb_property_value.pb.unwrap_or_default());
        let lines: Vec<&str> = text.split('\n').collect();
        let (pairs, _) = lines.as_chunks::<2>();
        let pairs = pairs.iter().map(|[name, oid]| (text::clean(name), text::clean(oid)));
        Ok(pairs.filter(|(name, _)| !name.is_empty()).collect())
    }

    /// Has the CA issue from these templates, and from no others. OIDs are not looked at.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn set_templates(&mut self, templates: &[(String, String)]) -> Result<()> {
        let (prop_id, prop_type) = TEMPLATES;
        let text: String = templates.iter().map(|(name, oid)| format!("{name}\n{oid}\n")).collect();
        // Without any, the two separators that there must be.
        let text = if text.is_empty() { "\n\n".to_owned() } else { text };
        let bytes = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let request = SetCaPropertyIn {
            pwsz_authority: self.authority(),
            prop_id,
            prop_type,
            pctb_property_value: blob(bytes)?,
            ..Default::default()
        };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        succeeded(calls.set_ca_property(&request).await?.return_value)
    }

    /// Sets a configuration entry of the CA; `None` leaves it to the CA's own configuration.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn set_entry(
        &mut self,
        node: &str,
        entry: &str,
        value: Option<&EntryText>,
    ) -> Result<()> {
        let (vt, size, var_union) = match value {
            None => (0, 20, Union::VtEmpty),
            Some(EntryText::Number(number)) => (3, 24, Union::LVal(number.cast_signed())),
            Some(EntryText::Text(text)) => {
                let as_data: Vec<u16> = text.encode_utf16().collect();
                let cl_size = u32::try_from(as_data.len());
                let cl_size = cl_size.map_err(|_| AdminClientError::Malformed("length"))?;
                let c_bytes = cl_size.saturating_mul(2);
                let string = FLAGGED_WORD_BLOB { c_bytes, cl_size, as_data };
                (8, c_bytes.saturating_add(36), Union::BstrVal(Some(Box::new(string))))
            }
        };
        let cl_size = size.div_ceil(8);
        let variant = wireVARIANTStr { cl_size, vt, var_union, ..Default::default() };
        let request = SetConfigEntryIn {
            pwsz_authority: self.authority(),
            pwsz_node_path: Some(node.into()),
            pwsz_entry: entry.into(),
            p_variant: Some(Box::new(variant)),
            ..Default::default()
        };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        succeeded(calls.set_config_entry(&request).await?.return_value)
    }

    /// Deletes rows of a table (0 requests, 0x5000 CRLs), again and again until none are left that
    /// match. How many went.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn delete_rows(&mut self, table: u32, which: Rows) -> Result<u64> {
        let (flags, row, time) = match which {
            Rows::One(row) => (0, row, FILETIME::default()),
            Rows::ExpiredBefore(time) => (1, 0, filetime(time)),
            Rows::UnissuedBefore(time) => (2, 0, filetime(time)),
        };
        let mut count = 0_u64;
        loop {
            let request = DeleteRowIn {
                pwsz_authority: self.authority(),
                dw_flags: flags,
                file_time: time.clone(),
                dw_table: table,
                dw_row_id: row,
                ..Default::default()
            };
            let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
            let out = calls.delete_row(&request).await?;
            count = count.saturating_add(u64::try_from(out.pc_deleted).unwrap_or_default());
            match HResult(out.return_value) {
                HResult::VERSION_STORE_OUT_OF_MEMORY if out.pc_deleted > 0 => {}
                code => return succeeded(code.0).map(|()| count),
            }
        }
    }

    /// ServerControl: ends the CA's service, where it lets the caller.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn shut_down(&mut self) -> Result<()> {
        let pwsz_authority = self.authority();
        let request = ServerControlIn { pwsz_authority, dw_control_flags: 1, ..Default::default() };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        succeeded(calls.server_control(&request).await?.return_value)
    }
}

/// A value that a configuration entry is set to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntryText {
    /// A number.
    Number(u32),
    /// Text.
    Text(String),
}

/// Which rows are deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    /// The one of this identifier.
    One(u32),
    /// Certificates, or CRLs, that ended before then.
    ExpiredBefore(SystemTime),
    /// Requests that wait or were not issued, and did not change since then.
    UnissuedBefore(SystemTime),
}
