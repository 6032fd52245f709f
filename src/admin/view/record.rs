//! Rows of the tables, and the values of their columns.

use std::cmp::Ordering;
use std::time::SystemTime;

use super::columns::Kind;
use crate::ca::{CrlRow, Crls, crl_of};
use crate::model::{
    CertificateColumns, NameColumn, NameColumns, RequestId, RequestRow, from_filetime, to_filetime,
};

/// A value of a column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// A number.
    Long(u32),
    /// A time, as FILETIME.
    Date(u64),
    /// Bytes.
    Binary(Vec<u8>),
    /// Text.
    Text(String),
}

impl Value {
    fn date(time: SystemTime) -> Option<Self> {
        to_filetime(time).map(Self::Date)
    }

    fn text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::Text(text.to_owned()))
    }

    fn lines(texts: &[String]) -> Option<Self> {
        Self::text(&texts.join("\n"))
    }

    fn binary(bytes: &[u8]) -> Option<Self> {
        (!bytes.is_empty()).then(|| Self::Binary(bytes.to_vec()))
    }

    /// The value of this kind from the bytes of a restriction ([MS-CSRA] 2.2.1.3): 4 of a number, 8
    /// of a FILETIME, UTF-16 with or without a NUL.
    pub fn decode(kind: Kind, bytes: &[u8]) -> Option<Self> {
        Some(match kind {
            Kind::Long => Self::Long(u32::from_le_bytes(bytes.try_into().ok()?)),
            Kind::Date => Self::Date(u64::from_le_bytes(bytes.try_into().ok()?)),
            Kind::Binary => Self::Binary(bytes.to_vec()),
            Kind::Text => {
                let (units, []) = bytes.as_chunks::<2>() else { return None };
                let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
                let text = char::decode_utf16(units.take_while(|unit| *unit != 0));
                Self::Text(text.collect::<Result<_, _>>().ok()?)
            }
        })
    }

    /// How it stands to another of its kind: text without case, bytes only as equal or not.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Long(a), Self::Long(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
            (Self::Binary(a), Self::Binary(b)) => (a == b).then_some(Ordering::Equal),
            _ => None,
        }
    }

    /// Its time, where it is one.
    pub fn time(&self) -> Option<SystemTime> {
        match self {
            Self::Date(time) => from_filetime(*time),
            _ => None,
        }
    }
}

/// A row of a view.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// Of the Request table.
    Request(&'a RequestRow),
    /// Of the Extension table: the request, and which of its extensions.
    Extension(RequestId, &'a (String, u32, Vec<u8>)),
    /// Of the Attribute table.
    Attribute(RequestId, &'a (String, String)),
    /// Of the CRL table.
    Crl(&'a CrlRecord),
}

impl Record<'_> {
    /// What identifies it: Request.RequestID or CRLRowId.
    pub fn id(&self) -> u32 {
        match self {
            Self::Request(row) => row.id.0,
            Self::Extension(id, _) | Self::Attribute(id, _) => id.0,
            Self::Crl(record) => record.row.id,
        }
    }

    /// The value of a column; `None` where it is empty, or a column of another table.
    pub fn value(&self, column: u32) -> Option<Value> {
        match self {
            Self::Request(row) if column < 0x2000 => of_request(row, column),
            Self::Request(row) => of_certificate(row, column),
            Self::Extension(id, (name, flags, value)) => match column {
                0x4000 => Some(Value::Long(id.0)),
                0x4001 => Value::text(name),
                0x4002 => Some(Value::Long(*flags)),
                0x4003 => Value::binary(value),
                _ => None,
            },
            Self::Attribute(id, (name, value)) => match column {
                0x3000 => Some(Value::Long(id.0)),
                0x3001 => Value::text(name),
                0x3002 => Value::text(value),
                _ => None,
            },
            Self::Crl(record) => record.value(column),
        }
    }
}

fn of_request(row: &RequestRow, column: u32) -> Option<Value> {
    let columns = &row.columns;
    match column {
        0x1000 => Some(Value::Long(row.id.0)),
        0x1001 => Value::binary(&columns.raw_request),
        0x1004 => Value::binary(columns.raw_old_certificate.as_ref()?),
        0x1005 => Value::text(&columns.request_attributes),
        0x1006 => Some(Value::Long(columns.request_type)),
        0x1007 => Some(Value::Long(columns.request_flags)),
        0x1008 => Some(Value::Long(columns.status_code)),
        0x1009 => Some(Value::Long(columns.disposition.column_value())),
        0x100A => Value::text(&columns.disposition_message),
        0x100B => Value::date(columns.submitted_when),
        0x100C => Value::date(columns.resolved_when?),
        0x100D => Value::date(row.revoked_when?),
        0x100E => Value::date(row.revoked_effective_when?),
        0x100F => row.revoked_reason.map(Value::Long),
        0x1010 => Value::text(&columns.requester_name),
        0x1011 => Value::text(&columns.caller_name),
        0x1012 => Value::lines(&columns.signer_policies),
        0x1013 => Value::lines(&columns.signer_application_policies),
        0x1015 => Value::text(&columns.request_distinguished_name),
        0x1016 => Value::binary(&columns.request_raw_name),
        0x1017..=0x1026 => name(&columns.request_names, column.wrapping_sub(0x1017)),
        _ => None,
    }
}

fn of_certificate(row: &RequestRow, column: u32) -> Option<Value> {
    match column {
        0x2000 => return Some(Value::Long(row.id.0)),
        0x2003 => return Value::text(&row.columns.certificate_template),
        _ => {}
    }
    let certificate: &CertificateColumns = row.columns.certificate.as_ref()?;
    match column {
        0x2001 => Value::binary(&certificate.raw),
        0x2002 => Value::text(&spaced(&certificate.certificate_hash)),
        0x2004 => Some(Value::Long(certificate.enrollment_flags)),
        0x2005 => Some(Value::Long(certificate.general_flags)),
        0x2006 => Some(Value::Long(certificate.private_key_flags)),
        0x2007 => Value::text(&certificate.serial_number.to_string()),
        0x2008 => Some(Value::Long(certificate.issuer_name_id)),
        0x2009 => Value::date(certificate.not_before),
        0x200A => Value::date(certificate.not_after),
        0x200B => Value::text(&spaced(&certificate.subject_key_identifier)),
        0x200C => Value::binary(&certificate.raw_public_key),
        0x200D => Some(Value::Long(certificate.public_key_length)),
        0x200E => Value::text(&certificate.public_key_algorithm),
        0x200F => Value::binary(&certificate.raw_public_key_algorithm_parameters),
        0x2010 => Some(Value::Long(certificate.publish_expired_cert_in_crl.into())),
        0x2011 => Value::text(certificate.upn.as_ref()?),
        0x2012 => Value::text(&certificate.distinguished_name),
        0x2013 => Value::binary(&certificate.raw_name),
        0x2014..=0x2023 => name(&certificate.names, column.wrapping_sub(0x2014)),
        _ => None,
    }
}

/// `4f 2a a3`: how hashes stand in the table.
fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// The columns of a name, in the order of their identifiers.
const NAMES: [NameColumn; 16] = [
    NameColumn::Country,
    NameColumn::Organization,
    NameColumn::OrgUnit,
    NameColumn::CommonName,
    NameColumn::Locality,
    NameColumn::State,
    NameColumn::Title,
    NameColumn::GivenName,
    NameColumn::Initials,
    NameColumn::SurName,
    NameColumn::DomainComponent,
    NameColumn::EMail,
    NameColumn::StreetAddress,
    NameColumn::UnstructuredName,
    NameColumn::UnstructuredAddress,
    NameColumn::DeviceSerialNumber,
];

fn name(names: &NameColumns, which: u32) -> Option<Value> {
    let column = NAMES.get(usize::try_from(which).ok()?)?;
    Value::text(names.get(column)?)
}

/// A row of the CRL table, with the CRL itself while it is in use.
#[derive(Clone, Debug)]
pub struct CrlRecord {
    row: CrlRow,
    der: Option<Vec<u8>>,
}

impl CrlRecord {
    /// The rows of the table, by ascending identifier; `current` is the number of the CA's key.
    pub fn of(crls: &Crls, current: u16) -> Vec<Self> {
        let record = |row: &CrlRow| Self {
            row: row.clone(),
            der: crl_of(row, crls, current).map(|crl| crl.der.clone()),
        };
        crls.history.iter().map(record).collect()
    }

    fn value(&self, column: u32) -> Option<Value> {
        let row = &self.row;
        match column {
            0x5000 => Some(Value::Long(row.id)),
            0x5001 => Some(Value::Long(row.number)),
            0x5002 => Some(Value::Long(row.min_base)),
            0x5003 => Some(Value::Long(u32::from(row.key) << 16)),
            0x5004 => row.count.map(Value::Long),
            0x5005 => Value::date(row.this_update),
            0x5006 => Value::date(row.next_update),
            0x5007 => Value::date(row.this_publish),
            0x5008 => Value::date(row.next_publish),
            0x5009 => Value::date(row.effective?),
            0x500A => Value::date(row.propagation_complete()),
            0x500B => Value::date(row.last_published),
            0x500C => Some(Value::Long(row.attempts)),
            0x500D => Some(Value::Long(row.flags)),
            0x500E => Some(Value::Long(row.status)),
            0x500F => Value::text(&row.publish_error()),
            0x5010 => Value::binary(self.der.as_ref()?),
            _ => None,
        }
    }
}
