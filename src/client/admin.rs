//! Administration of a CA over DCOM ([MS-CSRA]), of wcced and of Windows' alike.

mod changes;

pub use changes::{EntryText, Rows};

use std::sync::Arc;
use std::time::SystemTime;

use uuid::{Uuid, uuid};

use super::enrollment::{Login, Server};
use super::text;
use crate::dcom::client::{DcomClient, DcomClientError, RemoteObject};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::dtyp::FILETIME;
use crate::generated::icertadmind::{
    CERTVIEWRESTRICTION, CloseViewIn, DenyRequestIn, EnumViewColumnTableIn, EnumViewIn,
    GetCaSecurityIn, GetConfigEntryIn, GetMyRolesIn, I_CERT_ADMIN_D2, ICertAdminD2Client,
    OpenViewIn, PublishCrLsIn, ResubmitRequestIn, RevokeCertificateIn, SetCaSecurityIn,
};
use crate::generated::oaut::wireVARIANTStrVarUnion as Union;
use crate::model::{
    HResult, SecurityDescriptor, SecurityDescriptorError, from_filetime, to_filetime,
};
use crate::ndr::WideString;
use crate::rpc::client::{ClientError, ClientOptions};

/// The class of a CA's administrative object ([MS-CSRA] 1.9).
const CERT_ADMIN_CLASS: Uuid = uuid!("d99e6e73-fc88-11d0-b498-00a0c90312f3");
/// S_FALSE: the end of an enumeration.
const END: u32 = 1;
/// Columns that are asked for at once.
const MANY: u32 = 1024;

/// Identifiers of columns of the Request table ([MS-CSRA] 3.1.1.1).
pub mod column {
    #![allow(missing_docs)]
    pub const REQUEST_ID: u32 = 0x1000;
    pub const STATUS: u32 = 0x1008;
    pub const DISPOSITION: u32 = 0x1009;
    pub const SUBMITTED: u32 = 0x100B;
    pub const REQUESTER: u32 = 0x1010;
    pub const TEMPLATE: u32 = 0x2003;
    pub const SERIAL: u32 = 0x2007;
    pub const NOT_AFTER: u32 = 0x200A;
}

/// Why an administrator's call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminClientError {
    /// The call failed.
    #[error(transparent)]
    Rpc(#[from] ClientError),
    /// The CA's object could not be had, or not be released.
    #[error(transparent)]
    Dcom(#[from] DcomClientError),
    /// The CA refused.
    #[error("the CA refused the call: {0} {text}", text = .0.message())]
    Refused(HResult),
    /// The answer makes no sense.
    #[error("the CA's answer is malformed: {0}")]
    Malformed(&'static str),
    /// A security descriptor that cannot be read.
    #[error(transparent)]
    Descriptor(#[from] SecurityDescriptorError),
}

type Result<T> = std::result::Result<T, AdminClientError>;

/// A connection to a CA's administrative object.
pub struct AdminClient {
    object: RemoteObject,
    authority: String,
}

/// What rows a view shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filter {
    /// The column.
    pub column: u32,
    /// Comparison.
    pub comparison: Comparison,
    /// The value.
    pub value: Cell,
}

/// How a column is compared; the value is SeekOperator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// =
    Equal,
    /// ≥
    AtLeast,
    /// >
    Greater,
}

/// A value of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    /// A number.
    Number(u32),
    /// A time.
    Time(SystemTime),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
}

/// A column, as the CA describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ColumnInfo {
    /// Its identifier.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// What people are shown.
    pub display: String,
}

/// A row: its identifier, and its columns with their values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The identifier.
    pub id: u32,
    /// Identifiers of columns with their values, in the order asked for.
    pub cells: Vec<(u32, Option<Cell>)>,
}

impl Row {
    /// The value of a column.
    pub fn get(&self, column: u32) -> Option<&Cell> {
        let found = self.cells.iter().find(|(id, _)| *id == column);
        found.and_then(|(_, cell)| cell.as_ref())
    }
}

impl AdminClient {
    /// Connects to the administrative object of the CA on `server`. Where its name is not given, the
    /// CA is asked for it. To be ended with [`close`](Self::close).
    ///
    /// # Errors
    /// Where the server cannot be reached, refuses the login, or has no such object.
    pub async fn activate(
        server: &Server,
        authority: Option<&str>,
        login: &Login,
        options: &ClientOptions,
    ) -> Result<Self> {
        let (login, options) = (login.clone(), options.clone());
        let authenticate = Arc::new(move |principal: &str| login.authentication(principal));
        let connect = DcomClient::connect(&server.host, server.mapper_port, options, authenticate);
        let object = connect.await?.activate(CERT_ADMIN_CLASS, &[I_CERT_ADMIN_D2]).await?;
        let mut client = Self { object, authority: authority.unwrap_or_default().to_owned() };
        if authority.is_none() {
            client.authority = client.entry("", "Active").await?;
        }
        Ok(client)
    }

    /// Releases the object.
    ///
    /// # Errors
    /// Where the server does not take it back.
    pub async fn close(self) -> Result<()> {
        Ok(self.object.release().await?)
    }

    fn authority(&self) -> Option<WideString> {
        Some(self.authority.as_str().into())
    }

    /// GetMyRoles: what the CA lets the caller do.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn roles(&mut self) -> Result<u32> {
        let request = GetMyRolesIn { pwsz_authority: self.authority(), ..Default::default() };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        let out = calls.get_my_roles(&request).await?;
        succeeded(out.return_value)?;
        Ok(out.pdw_roles.cast_unsigned())
    }

    /// ResubmitRequest: issues a pending request; the disposition that it has then (3 is issued).
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn approve(&mut self, id: u32) -> Result<u32> {
        let pwsz_authority = self.authority();
        let request = ResubmitRequestIn { pwsz_authority, dw_request_id: id, ..Default::default() };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        let out = calls.resubmit_request(&request).await?;
        succeeded(out.return_value)?;
        Ok(out.pdw_disposition)
    }

    /// Denies a pending request.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn deny(&mut self, id: u32) -> Result<()> {
        let pwsz_authority = self.authority();
        let request = DenyRequestIn { pwsz_authority, dw_request_id: id, ..Default::default() };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        succeeded(calls.deny_request(&request).await?.return_value)
    }

    /// Revokes a certificate; with reason 0xFFFFFFFF releases it from hold.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn revoke(&mut self, serial: &str, reason: u32, since: SystemTime) -> Result<()> {
        let request = RevokeCertificateIn {
            pwsz_authority: self.authority(),
            pwsz_serial_number: Some(serial.into()),
            reason,
            file_time: filetime(since),
            ..Default::default()
        };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        succeeded(calls.revoke_certificate(&request).await?.return_value)
    }

    /// Publishes CRLs; `flags` are those of PublishCRLs (1 base, 2 delta).
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn publish(&mut self, flags: u32) -> Result<()> {
        let pwsz_authority = self.authority();
        let request = PublishCrLsIn { pwsz_authority, flags, ..Default::default() };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        succeeded(calls.publish_cr_ls(&request).await?.return_value)
    }

    /// The CA's security descriptor.
    ///
    /// # Errors
    /// Where the CA refuses, or it cannot be read.
    pub async fn security(&mut self) -> Result<SecurityDescriptor> {
        let request = GetCaSecurityIn { pwsz_authority: self.authority(), ..Default::default() };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        let out = calls.get_ca_security(&request).await?;
        succeeded(out.return_value)?;
        Ok(SecurityDescriptor::from_bytes(&out.pctb_sd.pb.unwrap_or_default())?)
    }

    /// Sets the CA's security descriptor.
    ///
    /// # Errors
    /// Where the CA refuses.
    pub async fn set_security(&mut self, descriptor: &SecurityDescriptor) -> Result<()> {
        let bytes = descriptor.to_bytes(false);
        let cb = u32::try_from(bytes.len()).map_err(|_| AdminClientError::Malformed("length"))?;
        let pctb_sd = CERTTRANSBLOB { cb, pb: Some(bytes) };
        let pwsz_authority = self.authority();
        let request = SetCaSecurityIn { pwsz_authority, pctb_sd, ..Default::default() };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        succeeded(calls.set_ca_security(&request).await?.return_value)
    }

    /// A configuration entry as text; with an empty name, the names of all at the node. (While the
    /// CA's name is not known, the root's.)
    ///
    /// # Errors
    /// Where there is none.
    pub async fn entry(&mut self, node: &str, entry: &str) -> Result<String> {
        let request = GetConfigEntryIn {
            pwsz_authority: self.authority(),
            pwsz_node_path: Some(node.into()),
            pwsz_entry: entry.into(),
            ..Default::default()
        };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        let out = calls.get_config_entry(&request).await?;
        succeeded(out.return_value)?;
        Ok(out.p_variant.map(|variant| entry_text(&variant.var_union)).unwrap_or_default())
    }

    /// The columns of the Request table.
    ///
    /// # Errors
    /// Where the CA refuses, or its answer makes no sense.
    pub async fn columns(&mut self) -> Result<Vec<ColumnInfo>> {
        let mut columns = Vec::new();
        loop {
            let request = EnumViewColumnTableIn {
                pwsz_authority: self.authority(),
                i_column: u32::try_from(columns.len()).unwrap_or(u32::MAX),
                c_column: MANY,
                ..Default::default()
            };
            let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
            let out = calls.enum_view_column_table(&request).await?;
            let end = ended(out.return_value)?;
            let blob = out.pctb_column_info.pb.unwrap_or_default();
            let found = read_columns(&blob, out.pc_column);
            columns.extend(found.ok_or(AdminClientError::Malformed("columns"))?);
            if end || out.pc_column == 0 || columns.len() > 4096 {
                return Ok(columns);
            }
        }
    }

    /// Up to `limit` rows that pass all filters, by ascending identifier.
    ///
    /// # Errors
    /// Where the CA refuses, or its answer makes no sense.
    pub async fn rows(
        &mut self,
        filters: &[Filter],
        columns: &[u32],
        limit: u32,
    ) -> Result<Vec<Row>> {
        let acvr: Vec<_> = filters.iter().map(restriction).collect();
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let request = OpenViewIn {
            pwsz_authority: self.authority(),
            ccvr: count(acvr.len()),
            acvr,
            ccol_out: count(columns.len()),
            acol_out: columns.to_vec(),
            ielt: 1,
            celt: limit,
            ..Default::default()
        };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        let out = calls.open_view(&request).await?;
        let mut end = ended(out.return_value)?;
        let mut rows = read_page(out.pctb_result_rows, out.pcelt_fetched)?;
        while !end && count(rows.len()) < limit {
            let read = count(rows.len());
            let request = EnumViewIn {
                pwsz_authority: self.authority(),
                ielt: read.saturating_add(1),
                celt: limit.saturating_sub(read),
                ..Default::default()
            };
            let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
            let out = calls.enum_view(&request).await?;
            end = ended(out.return_value)? || out.pcelt_fetched == 0;
            rows.extend(read_page(out.pctb_result_rows, out.pcelt_fetched)?);
        }
        let request = CloseViewIn { pwsz_authority: self.authority(), ..Default::default() };
        let mut calls = ICertAdminD2Client(self.object.interface(I_CERT_ADMIN_D2).await?);
        succeeded(calls.close_view(&request).await?.return_value)?;
        Ok(rows)
    }
}

fn succeeded(code: u32) -> Result<()> {
    match HResult(code) {
        HResult::S_OK => Ok(()),
        code => Err(AdminClientError::Refused(code)),
    }
}

/// Whether an enumeration has come to its end.
fn ended(code: u32) -> Result<bool> {
    if code == END { Ok(true) } else { succeeded(code).map(|()| false) }
}

fn filetime(time: SystemTime) -> FILETIME {
    let [a, b, c, d, e, f, g, h] = to_filetime(time).unwrap_or_default().to_le_bytes();
    FILETIME {
        dw_low_date_time: u32::from_le_bytes([a, b, c, d]),
        dw_high_date_time: u32::from_le_bytes([e, f, g, h]),
    }
}

fn restriction(filter: &Filter) -> CERTVIEWRESTRICTION {
    let value = match &filter.value {
        Cell::Number(number) => number.to_le_bytes().to_vec(),
        Cell::Time(time) => to_filetime(*time).unwrap_or_default().to_le_bytes().to_vec(),
        Cell::Bytes(bytes) => bytes.clone(),
        Cell::Text(text) => text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect(),
    };
    CERTVIEWRESTRICTION {
        column_index: filter.column,
        seek_operator: match filter.comparison {
            Comparison::Equal => 1,
            Comparison::AtLeast => 8,
            Comparison::Greater => 0x10,
        },
        sort_order: 0,
        cb_value: u32::try_from(value.len()).unwrap_or(u32::MAX),
        pb_value: Some(value),
    }
}

/// The value of an entry for people.
fn entry_text(value: &Union) -> String {
    use crate::generated::oaut::SAFEARRAYUNION as Array;
    match value {
        Union::LVal(number) => number.cast_unsigned().to_string(),
        Union::BstrVal(Some(text)) => String::from_utf16_lossy(&text.as_data),
        Union::Parray(Some(Some(array))) => match &array.u_array_structs {
            Array::ByteStr(bytes) => hex::encode(bytes.p_data.as_deref().unwrap_or_default()),
            Array::BstrStr(texts) => {
                let text = |text: &Option<Box<crate::generated::oaut::FLAGGED_WORD_BLOB>>| {
                    text.as_ref().map(|text| String::from_utf16_lossy(&text.as_data))
                };
                texts.a_bstr.0.iter().filter_map(text).collect::<Vec<_>>().join("\n")
            }
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// The number at an offset.
fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let end = offset.checked_add(4)?;
    bytes.get(offset..end)?.try_into().ok().map(u32::from_le_bytes)
}

/// The number at an offset, as one itself.
fn offset_at(bytes: &[u8], offset: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, offset)?).ok()
}

/// The text at an offset, up to its NUL.
fn text_at(bytes: &[u8], offset: usize) -> Option<String> {
    let (units, _) = bytes.get(offset..)?.as_chunks::<2>();
    let end = units.iter().position(|unit| *unit == [0, 0])?;
    let end = end.checked_mul(2)?.checked_add(offset)?;
    Some(text::from_utf16(bytes.get(offset..end)?))
}

/// An array of CERTTRANSDBCOLUMN.
fn read_columns(blob: &[u8], count: u32) -> Option<Vec<ColumnInfo>> {
    const SIZE: usize = 20;
    let (structures, _) = blob.as_chunks::<SIZE>();
    let structures = structures.get(..usize::try_from(count).ok()?)?;
    let read = |structure: &[u8; SIZE]| {
        Some(ColumnInfo {
            id: u32_at(structure, 4)?,
            name: text_at(blob, offset_at(structure, 12)?)?,
            display: text_at(blob, offset_at(structure, 16)?)?,
        })
    };
    structures.iter().map(read).collect()
}

fn read_page(blob: CERTTRANSBLOB, count: u32) -> Result<Vec<Row>> {
    let blob = blob.pb.unwrap_or_default();
    read_rows(&blob, count).ok_or(AdminClientError::Malformed("rows"))
}

/// Rows of CERTTRANSDBRESULTROW; the marker behind them is passed over.
fn read_rows(mut blob: &[u8], count: u32) -> Option<Vec<Row>> {
    const ROW: usize = 12;
    const COLUMN: usize = 16;
    let mut rows = Vec::new();
    for _ in 0..count {
        let (id, ccol, size) = (u32_at(blob, 0)?, offset_at(blob, 4)?, offset_at(blob, 8)?);
        let row = blob.get(..size)?;
        let end = ccol.checked_mul(COLUMN)?.checked_add(ROW)?;
        let (columns, _) = row.get(ROW..end)?.as_chunks::<COLUMN>();
        let cell = |column: &[u8; COLUMN]| {
            let (kind, index) = (u32_at(column, 0)?, u32_at(column, 4)?);
            let (offset, length) = (offset_at(column, 8)?, offset_at(column, 12)?);
            let value = row.get(offset..offset.checked_add(length)?)?;
            Some((index, cell(kind & 0xFF, value)))
        };
        rows.push(Row { id, cells: columns.iter().map(cell).collect::<Option<_>>()? });
        blob = blob.get(size..)?;
    }
    Some(rows)
}

/// A value; `None` where it is empty or not of its kind.
fn cell(kind: u32, bytes: &[u8]) -> Option<Cell> {
    match kind {
        1 => u32_at(bytes, 0).map(Cell::Number),
        2 => {
            let time = u64::from_le_bytes(bytes.try_into().ok()?);
            from_filetime(time).map(Cell::Time)
        }
        3 => (!bytes.is_empty()).then(|| Cell::Bytes(bytes.to_vec())),
        4 => text_at(bytes, 0).map(Cell::Text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The row of request 5 of `CORP\u`, and the marker of one row in all.
    #[test]
    fn rows_are_read_as_the_specification_says() {
        let blob = hex::decode(
            [
                "050000000200000040000000",
                "01000100001000002c00000004000000",
                "0400010010100000300000000e000000",
                "0500000043004f00520050005c00750000000000",
                "01000000feffffff0c000000",
            ]
            .concat(),
        )
        .unwrap();
        let rows = read_rows(&blob, 1).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].get(column::REQUEST_ID), Some(&Cell::Number(5)));
        assert_eq!(rows[0].get(column::REQUESTER), Some(&Cell::Text(r"CORP\u".to_owned())));
        assert_eq!(rows[0].get(column::SERIAL), None);
        for cut in 0..64 {
            assert_eq!(read_rows(&blob[..cut], 1), None, "{cut}");
        }
        for (at, value) in (0..64).flat_map(|at| [(at, 0), (at, 0xFF)]) {
            let mut wild = blob.clone();
            wild[at] = value;
            let _ = read_rows(&wild, 2);
        }
        assert_eq!(read_columns(&[0; 19], 1), None);
        assert_eq!(read_columns(&[0xFF; 40], 1), None);
    }
}
