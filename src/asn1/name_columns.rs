//! The columns that a name has in the Request table.

use crate::model::{NameColumn, NameColumns, Oid};

use super::{Asn1Error, Name, oids};

static COLUMNS: [(NameColumn, Oid); 16] = [
    (NameColumn::Country, oids::COUNTRY),
    (NameColumn::Organization, oids::ORGANIZATION),
    (NameColumn::OrgUnit, oids::ORGANIZATIONAL_UNIT),
    (NameColumn::CommonName, oids::COMMON_NAME),
    (NameColumn::Locality, oids::LOCALITY),
    (NameColumn::State, oids::STATE),
    (NameColumn::Title, oids::TITLE),
    (NameColumn::GivenName, oids::GIVEN_NAME),
    (NameColumn::Initials, oids::INITIALS),
    (NameColumn::SurName, oids::SURNAME),
    (NameColumn::DomainComponent, oids::DOMAIN_COMPONENT),
    (NameColumn::EMail, oids::EMAIL_ADDRESS),
    (NameColumn::StreetAddress, oids::STREET),
    (NameColumn::UnstructuredName, oids::UNSTRUCTURED_NAME),
    (NameColumn::UnstructuredAddress, oids::UNSTRUCTURED_ADDRESS),
    (NameColumn::DeviceSerialNumber, oids::SERIAL_NUMBER),
];

/// The columns of the Name that fills `der`. Attributes that have no column are in none.
///
/// # Errors
/// Where it is no Name.
pub fn name_columns(der: &[u8]) -> Result<NameColumns, Asn1Error> {
    let mut columns = NameColumns::new();
    for attribute in Name::from_der(der)?.into_attributes() {
        let Some((column, _)) = COLUMNS.iter().find(|(_, oid)| *oid == attribute.oid) else {
            continue;
        };
        let text = columns.entry(*column).or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&attribute.value);
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attribute_has_its_column_and_repeated_ones_a_line_each() {
        let name = Name::parse("E=a@b.test,CN=alice,OU=two,OU=one,DC=lab,DC=test,C=DE,UID=7");
        let columns = name_columns(&name.expect("a name").to_der()).expect("a name");
        let text = |column| columns.get(&column).map(String::as_str);
        assert_eq!(text(NameColumn::CommonName), Some("alice"));
        assert_eq!(text(NameColumn::OrgUnit), Some("one\ntwo"));
        assert_eq!(text(NameColumn::DomainComponent), Some("test\nlab"));
        assert_eq!(text(NameColumn::Country), Some("DE"));
        assert_eq!(text(NameColumn::EMail), Some("a@b.test"));
        assert_eq!(columns.len(), 5);
        assert!(name_columns(&[0x30, 1]).is_err());
        assert_eq!(name_columns(&[0x30, 0]).expect("empty"), NameColumns::new());
    }
}
