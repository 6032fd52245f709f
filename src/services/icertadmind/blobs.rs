//! Columns and rows as they lie in blobs ([MS-CSRA] 2.2.1.7 to 2.2.1.10, 2.2.3): little-endian, each
//! value at a multiple of 4.

use crate::admin::{Column, ResultPage, ResultRow, Value};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::icertadmind::{
    CERTTRANSDBATTRIBUTE, CERTTRANSDBCOLUMN, CERTTRANSDBEXTENSION, CERTTRANSDBRESULTCOLUMN,
    CERTTRANSDBRESULTROW,
};
use crate::ndr::Ndr;
use crate::services::call::blob;
use crate::services::property::packed;

/// PROPFLAGS_INDEXED of Type.
const INDEXED: u32 = 0x0001_0000;
/// Size of CERTTRANSDBRESULTROW.
const ROW_SIZE: usize = 12;
/// Size of CERTTRANSDBRESULTCOLUMN.
const COLUMN_SIZE: usize = 16;

/// The data behind an array of structures, and where in the blob it lies.
struct Data {
    start: usize,
    bytes: Vec<u8>,
}

impl Data {
    /// Behind `count` structures of `size` bytes.
    fn behind(count: usize, size: usize) -> Option<Self> {
        Some(Self { start: count.checked_mul(size)?, bytes: Vec::new() })
    }

    /// Appends bytes; returns their offset.
    fn add(&mut self, bytes: &[u8]) -> Option<u32> {
        let offset = u32::try_from(self.start.checked_add(self.bytes.len())?).ok()?;
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        Some(offset)
    }

    /// Appends a text with its NUL.
    fn add_text(&mut self, text: &str) -> Option<u32> {
        self.add(&wide(text))
    }
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn kind_of(column: &Column) -> u32 {
    column.kind.value() | if column.indexed { INDEXED } else { 0 }
}

/// Structures with their data; the count that goes beside them.
fn array<T: Ndr>(structures: &[T], data: Data) -> Option<(u32, CERTTRANSBLOB)> {
    let mut bytes = packed(structures)?;
    bytes.extend(data.bytes);
    Some((u32::try_from(structures.len()).ok()?, blob(bytes)))
}

/// Columns of a table.
pub(super) fn columns(columns: &[Column]) -> Option<(u32, CERTTRANSBLOB)> {
    let mut data = Data::behind(columns.len(), 20)?;
    let column = |column: &Column| {
        Some(CERTTRANSDBCOLUMN {
            type_: kind_of(column),
            index: column.id,
            cb_max: column.max,
            obwsz_name: data.add_text(column.name)?,
            obwsz_display_name: data.add_text(column.display)?,
        })
    };
    let structures: Vec<_> = columns.iter().map(column).collect::<Option<_>>()?;
    array(&structures, data)
}

/// Attributes of a row.
pub(super) fn attributes(attributes: &[(String, String)]) -> Option<(u32, CERTTRANSBLOB)> {
    let mut data = Data::behind(attributes.len(), 8)?;
    let attribute = |(name, value): &(String, String)| {
        let (obwsz_name, obwsz_value) = (data.add_text(name)?, data.add_text(value)?);
        Some(CERTTRANSDBATTRIBUTE { obwsz_name, obwsz_value })
    };
    let structures: Vec<_> = attributes.iter().map(attribute).collect::<Option<_>>()?;
    array(&structures, data)
}

/// Extensions of a row.
pub(super) fn extensions(extensions: &[(String, u32, Vec<u8>)]) -> Option<(u32, CERTTRANSBLOB)> {
    let mut data = Data::behind(extensions.len(), 16)?;
    let extension = |(name, flags, value): &(String, u32, Vec<u8>)| {
        Some(CERTTRANSDBEXTENSION {
            obwsz_name: data.add_text(name)?,
            ext_flags: flags.cast_signed(),
            cb_value: u32::try_from(value.len()).ok()?,
            ob_value: data.add(value)?,
        })
    };
    let structures: Vec<_> = extensions.iter().map(extension).collect::<Option<_>>()?;
    array(&structures, data)
}

/// Rows of a view, and behind the last the marker that tells how many there are. The count is without
/// the marker.
pub(super) fn rows(page: &ResultPage) -> Option<(u32, CERTTRANSBLOB)> {
    let mut bytes = Vec::new();
    for result in &page.rows {
        bytes.extend(row(result)?);
    }
    if let Some(total) = page.total {
        let cbrow = u32::try_from(ROW_SIZE).ok()?;
        bytes.extend(packed(&[CERTTRANSDBRESULTROW { rowid: total, ccol: !total, cbrow }])?);
    }
    Some((u32::try_from(page.rows.len()).ok()?, blob(bytes)))
}

fn row(result: &ResultRow) -> Option<Vec<u8>> {
    let ccol = result.columns.len();
    let header = ccol.checked_mul(COLUMN_SIZE)?.checked_add(ROW_SIZE)?;
    let mut data = Data { start: header, bytes: Vec::new() };
    let column = |(column, value): &(&'static Column, Option<Value>)| {
        let value = value.as_ref().map_or_else(Vec::new, bytes_of);
        Some(CERTTRANSDBRESULTCOLUMN {
            type_: kind_of(column),
            index: column.id,
            ob_value: data.add(&value)?,
            cb_value: u32::try_from(value.len()).ok()?,
        })
    };
    let columns: Vec<_> = result.columns.iter().map(column).collect::<Option<_>>()?;
    let cbrow = u32::try_from(header.checked_add(data.bytes.len())?).ok()?;
    let ccol = u32::try_from(ccol).ok()?;
    let mut bytes = packed(&[CERTTRANSDBRESULTROW { rowid: result.id, ccol, cbrow }])?;
    bytes.extend(packed(&columns)?);
    bytes.extend(data.bytes);
    Some(bytes)
}

fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::Long(number) => number.to_le_bytes().to_vec(),
        Value::Date(time) => time.to_le_bytes().to_vec(),
        Value::Binary(bytes) => bytes.clone(),
        Value::Text(text) => wide(text),
    }
}

/// Identifiers of columns, one behind the other.
pub(super) fn identifiers(ids: &[u32]) -> Option<(u32, CERTTRANSBLOB)> {
    let bytes = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    Some((u32::try_from(ids.len()).ok()?, blob(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::{Kind, Table};

    fn hex_of(blob: CERTTRANSBLOB) -> String {
        hex::encode(blob.pb.unwrap_or_default())
    }

    /// The row of request 5 of `CORP\u`, and the marker of one row in all.
    #[test]
    fn a_row_lies_as_the_specification_says() {
        let (_, id) = Table::find(0x1000).unwrap();
        let (_, requester) = Table::find(0x1010).unwrap();
        let name = Value::Text(r"CORP\u".to_owned());
        let columns = vec![(id, Some(Value::Long(5))), (requester, Some(name))];
        let page = ResultPage { rows: vec![ResultRow { id: 5, columns }], total: Some(1) };
        let (count, blob) = rows(&page).unwrap();
        assert_eq!(count, 1);
        let expected = [
            "050000000200000040000000",
            "01000100001000002c00000004000000",
            "0400010010100000300000000e000000",
            "05000000",
            "43004f00520050005c00750000000000",
            "01000000feffffff0c000000",
        ];
        assert_eq!(hex_of(blob), expected.concat());
    }

    #[test]
    fn an_empty_view_is_the_marker_alone() {
        let (count, blob) = rows(&ResultPage { rows: Vec::new(), total: Some(0) }).unwrap();
        assert_eq!((count, hex_of(blob)), (0, "00000000ffffffff0c000000".to_owned()));
        let (count, blob) = rows(&ResultPage { rows: Vec::new(), total: None }).unwrap();
        assert_eq!((count, blob), (0, CERTTRANSBLOB::default()));
    }

    #[test]
    fn names_and_values_lie_behind_their_structures() {
        let (count, blob) = attributes(&[("a".to_owned(), "bc".to_owned())]).unwrap();
        assert_eq!(
            (count, &*hex_of(blob)),
            (1, "080000000c00000061000000620063000000 0000".replace(' ', "").as_str())
        );
        let (count, blob) = extensions(&[("1.2".to_owned(), 0x30001, vec![5, 0])]).unwrap();
        let expected =
            "10000000010003000200000018000000310 02e00320000000500 0000".replace(' ', "");
        assert_eq!((count, hex_of(blob)), (1, expected));
        let attributes = Table::Attributes.columns();
        let (count, blob) = columns(attributes).unwrap();
        assert_eq!(count, 3);
        let bytes = blob.pb.unwrap();
        assert_eq!(bytes[..20], *hex::decode("0100010000300000040000003c00000064000000").unwrap());
        let name: Vec<u8> = wide("AttributeRequestId");
        assert_eq!(bytes[0x3C..0x3C + name.len()], name);
        assert!(attributes.iter().all(|column| column.kind != Kind::Date));
    }
}
