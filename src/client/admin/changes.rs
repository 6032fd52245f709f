//! Calls that change something about a CA, beyond single requests.

use super::*;
use crate::generated::icertadmind::{GetCaPropertyIn, ImportCertificateIn, SetCaPropertyIn};

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
}
