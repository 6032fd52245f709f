//! Properties of a CA ([MS-WCCE] 3.2.1.4.3.2, 3.2.1.4.2.2): which there are, and their values.

use super::text;
use crate::asn1::Asn1Error;

/// A property of a CA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CaProperty {
    /// PropID.
    pub id: i32,
    /// PropType.
    pub kind: PropertyType,
    /// What stands for it in GetCACert, where ICertRequestD knows it.
    old: Option<Old>,
}

/// PropType.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PropertyType {
    /// PROPTYPE_LONG.
    Number,
    /// PROPTYPE_BINARY.
    Binary,
    /// PROPTYPE_STRING.
    Text,
}

/// fchain of GetCACert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Old {
    One(u32),
    /// With the index in its low half.
    Indexed(u32),
}

/// fchain of the CA's name.
pub(super) const GETCERT_CANAME: u32 = 0x6E61_6D65;

/// The index of the newest certificate or CRL.
pub const NEWEST: i32 = -1;

impl PropertyType {
    pub(super) fn wire(self) -> i32 {
        match self {
            Self::Number => 1,
            Self::Binary => 3,
            Self::Text => 4,
        }
    }
}

impl CaProperty {
    /// CR_PROP_FILEVERSION.
    pub const FILE_VERSION: Self = string(0x01, Some(Old::One(0x6669_6C65)));
    /// CR_PROP_PRODUCTVERSION.
    pub const PRODUCT_VERSION: Self = string(0x02, Some(Old::One(0x7072_6F64)));
    /// CR_PROP_POLICYDESCRIPTION.
    pub const POLICY_DESCRIPTION: Self = string(0x05, Some(Old::One(0x706F_6C69)));
    /// CR_PROP_CANAME.
    pub const NAME: Self = string(0x06, Some(Old::One(GETCERT_CANAME)));
    /// CR_PROP_SANITIZEDCANAME.
    pub const SANITIZED_NAME: Self = string(0x07, Some(Old::One(0x7361_6E69)));
    /// CR_PROP_PARENTCA.
    pub const PARENT: Self = string(0x09, Some(Old::One(0x7061_7265)));
    /// CR_PROP_CATYPE, in whose answer a whole CAINFO is.
    pub const INFO: Self = number(0x0A, Some(Old::One(0x696E_666F)));
    /// CR_PROP_CASIGCERT.
    pub const CERTIFICATE: Self = binary(0x0C, Some(Old::Indexed(0x6374_0000)));
    /// CR_PROP_CASIGCERTCHAIN.
    pub const CERTIFICATE_CHAIN: Self = binary(0x0D, None);
    /// CR_PROP_CAXCHGCERT.
    pub const EXCHANGE_CERTIFICATE: Self = binary(0x0F, Some(Old::One(1)));
    /// CR_PROP_BASECRL.
    pub const BASE_CRL: Self = binary(0x11, Some(Old::Indexed(0x636C_0000)));
    /// CR_PROP_DELTACRL.
    pub const DELTA_CRL: Self = binary(0x12, None);
    /// CR_PROP_CACERTSTATE.
    pub const CERTIFICATE_STATES: Self = number(0x13, Some(Old::Indexed(0x7374_0000)));
    /// CR_PROP_CRLSTATE.
    pub const CRL_STATES: Self = number(0x14, Some(Old::Indexed(0x736C_0000)));
    /// CR_PROP_DNSNAME.
    pub const DNS_NAME: Self = string(0x16, None);
    /// CR_PROP_TEMPLATES.
    pub const TEMPLATES: Self = string(0x1D, None);
    /// CR_PROP_CACERTVERSION.
    pub const CERTIFICATE_VERSIONS: Self = number(0x27, None);
    /// CR_PROP_SANITIZEDCASHORTNAME.
    pub const SHORT_NAME: Self = string(0x28, None);
    /// CR_PROP_CERTCDPURLS.
    pub const CRL_URLS: Self = string(0x29, None);
    /// CR_PROP_CERTAIAURLS.
    pub const ISSUER_URLS: Self = string(0x2A, None);
    /// CR_PROP_CERTAIAOCSPRLS.
    pub const OCSP_URLS: Self = string(0x2B, None);
    /// CR_PROP_LOCALENAME.
    pub const LOCALE: Self = string(0x2C, None);

    /// fchain of GetCACert.
    pub(super) fn fchain(self, index: i32) -> Option<u32> {
        match self.old? {
            Old::One(fchain) => Some(fchain),
            // The newest certificate and CRL have values of their own.
            Old::Indexed(0x6374_0000) if index == NEWEST => Some(0),
            Old::Indexed(0x636C_0000) if index == NEWEST => Some(0x6363_726C),
            Old::Indexed(fchain) => Some(fchain | u32::from(u16::try_from(index).ok()?)),
        }
    }
}

const fn string(id: i32, old: Option<Old>) -> CaProperty {
    CaProperty { id, kind: PropertyType::Text, old }
}

const fn number(id: i32, old: Option<Old>) -> CaProperty {
    CaProperty { id, kind: PropertyType::Number, old }
}

const fn binary(id: i32, old: Option<Old>) -> CaProperty {
    CaProperty { id, kind: PropertyType::Binary, old }
}

/// A template that a CA is configured for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferedTemplate {
    /// Its cn.
    pub name: String,
    /// msPKI-Cert-Template-OID as text; empty where it has none.
    pub oid: String,
}

/// The value of CR_PROP_TEMPLATES: `name\nOID\n` for each.
pub fn parse_templates(value: &[u8]) -> Vec<OfferedTemplate> {
    let text = text::raw_from_utf16(value);
    let mut lines = text.split('\n').map(text::clean);
    let mut templates = Vec::new();
    while let Some(name) = lines.next() {
        let oid = lines.next().unwrap_or_default();
        if !name.is_empty() {
            templates.push(OfferedTemplate { name, oid });
        }
    }
    templates
}

/// The value of a property that is text of one line.
pub fn parse_text(value: &[u8]) -> String {
    text::from_utf16(value)
}

/// The value of a property that is a list of lines.
pub fn parse_lines(value: &[u8]) -> Vec<String> {
    let text = text::raw_from_utf16(value);
    text.split('\n').map(text::clean).filter(|line| !line.is_empty()).collect()
}

/// The value of a property that is an array of numbers.
pub fn parse_numbers(value: &[u8]) -> Vec<u32> {
    let (numbers, _) = value.as_chunks::<4>();
    numbers.iter().map(|number| u32::from_le_bytes(*number)).collect()
}

/// CAINFO ([MS-WCCE] 2.2.2.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CaNumbers {
    /// CAType.
    pub ca_type: u32,
    /// How many certificates the CA has.
    pub certificates: u32,
    /// How many exchange certificates.
    pub exchange_certificates: u32,
    /// How many exit modules.
    pub exits: u32,
    /// The highest PropID.
    pub max_property: u32,
    /// Whether roles are separated.
    pub role_separation: bool,
    /// Key recovery agents that an archival takes.
    pub kra_used: u32,
    /// Key recovery agents that there are.
    pub kra: u32,
    /// Whether templates of all versions are offered.
    pub advanced_server: bool,
}

impl CaNumbers {
    /// Reads the ten numbers.
    ///
    /// # Errors
    /// Where there are fewer.
    pub fn parse(value: &[u8]) -> Result<Self, Asn1Error> {
        let numbers = parse_numbers(value);
        let [
            _size,
            ca_type,
            certificates,
            exchange_certificates,
            exits,
            max,
            roles,
            used,
            kra,
            advanced,
        ] = numbers.as_slice()
        else {
            return Err(Asn1Error::Value("CAINFO"));
        };
        Ok(Self {
            ca_type: *ca_type,
            certificates: *certificates,
            exchange_certificates: *exchange_certificates,
            exits: *exits,
            max_property: *max,
            role_separation: *roles != 0,
            kra_used: *used,
            kra: *kra,
            advanced_server: *advanced != 0,
        })
    }

    /// What CAType means.
    pub fn type_name(&self) -> &'static str {
        match self.ca_type {
            0 => "enterprise root",
            1 => "enterprise subordinate",
            3 => "stand-alone root",
            4 => "stand-alone subordinate",
            _ => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text::to_utf16(text)
    }

    #[test]
    fn templates_come_in_pairs_of_lines() {
        let value = utf16("User\n1.3.6.1.4.1.311.21.8.1\nWebServer\n\nEvil\u{1b}[2J\n1.2\n");
        let expected = [("User", "1.3.6.1.4.1.311.21.8.1"), ("WebServer", ""), ("Evil [2J", "1.2")];
        let expected = expected
            .map(|(name, oid)| OfferedTemplate { name: name.to_owned(), oid: oid.to_owned() });
        assert_eq!(parse_templates(&value), expected);
        assert_eq!(parse_templates(&utf16("Half")).len(), 1);
        assert_eq!(parse_templates(&[]), []);
    }

    #[test]
    fn get_ca_cert_has_its_own_numbers() {
        assert_eq!(CaProperty::NAME.fchain(0), Some(0x6E61_6D65));
        assert_eq!(CaProperty::CERTIFICATE.fchain(NEWEST), Some(0));
        assert_eq!(CaProperty::CERTIFICATE.fchain(2), Some(0x6374_0002));
        assert_eq!(CaProperty::BASE_CRL.fchain(NEWEST), Some(0x6363_726C));
        assert_eq!(CaProperty::TEMPLATES.fchain(0), None);
    }

    #[test]
    fn numbers_are_ten() {
        let numbers = [40, 1, 2, 1, 0, 50, 0, 0, 0, 1];
        let value: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
        let read = CaNumbers::parse(&value).unwrap();
        assert_eq!((read.certificates, read.max_property, read.advanced_server), (2, 50, true));
        assert_eq!(read.type_name(), "enterprise subordinate");
        assert!(CaNumbers::parse(&value[..36]).is_err());
    }
}
