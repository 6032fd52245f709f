//! X.509 extensions (RFC 5280 4.2, [MS-WCCE] 2.2.2.7): lists of them, and the values of each.
//!
//! `decode_*` functions take the value of an extension (the content of `extnValue`).

pub use crate::model::BasicConstraints;
use crate::model::{CertificatePolicy, Extension, GeneralName, KeyUsage, Oid, Sid};

use super::{Asn1Error, Element, Reader, Tag, Writer, decode_text, encode_bmp, oids, sequence};
use super::{decode_general_names, encode_general_names};

/// Reads the Extensions that fill `der`. One that occurs twice is refused.
pub fn decode_extensions(der: &[u8]) -> Result<Vec<Extension>, Asn1Error> {
    let mut list = Reader::sequence_of(der)?;
    let mut extensions = Vec::new();
    while !list.is_empty() {
        extensions.push(decode_extension(list.sequence()?)?);
    }
    let mut types: Vec<&Oid> = extensions.iter().map(|extension| &extension.oid).collect();
    types.sort_unstable();
    if types.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        return Err(Asn1Error::Duplicate("an extension"));
    }
    Ok(extensions)
}

fn decode_extension(mut reader: Reader<'_>) -> Result<Extension, Asn1Error> {
    let oid = reader.oid()?;
    // DER leaves the default FALSE out; clients write it.
    let critical = reader.peek() == Some(Tag::BOOLEAN) && reader.boolean()?;
    let value = reader.octet_string()?.to_vec();
    reader.end()?;
    Ok(Extension { oid, critical, value })
}

/// The DER of Extensions.
pub fn encode_extensions(extensions: &[Extension]) -> Vec<u8> {
    sequence(|list| {
        for extension in extensions {
            list.sequence(|writer| {
                writer.oid(&extension.oid);
                if extension.critical {
                    writer.boolean(true);
                }
                writer.octet_string(&extension.value);
            });
        }
    })
}

/// The extension of this type, where there is one.
pub fn find<'a>(extensions: &'a [Extension], oid: &Oid) -> Option<&'a Extension> {
    extensions.iter().find(|extension| extension.oid == *oid)
}

/// subjectAltName. Fails as [`encode_general_names`] does.
pub fn subject_alt_name(names: &[GeneralName], critical: bool) -> Result<Extension, Asn1Error> {
    let value = encode_general_names(names)?;
    Ok(Extension { oid: oids::SUBJECT_ALT_NAME, critical, value })
}

/// keyUsage.
pub fn key_usage(usage: KeyUsage, critical: bool) -> Extension {
    let mut writer = Writer::new();
    writer.named_bits(usage.0);
    Extension { oid: oids::KEY_USAGE, critical, value: writer.into_bytes() }
}

/// Value of keyUsage.
pub fn decode_key_usage(value: &[u8]) -> Result<KeyUsage, Asn1Error> {
    let mut reader = Reader::new(value);
    let bits = reader.bit_string()?;
    reader.end()?;
    match bits.bytes {
        [] => Ok(KeyUsage(0)),
        [first] => Ok(KeyUsage(u16::from_be_bytes([*first, 0]))),
        [first, second] => Ok(KeyUsage(u16::from_be_bytes([*first, *second]))),
        _ => Err(Asn1Error::Value("keyUsage")),
    }
}

/// extKeyUsage.
pub fn extended_key_usage(purposes: &[Oid], critical: bool) -> Extension {
    let value = sequence(|list| purposes.iter().for_each(|purpose| list.oid(purpose)));
    Extension { oid: oids::EXTENDED_KEY_USAGE, critical, value }
}

/// Value of extKeyUsage.
pub fn decode_extended_key_usage(value: &[u8]) -> Result<Vec<Oid>, Asn1Error> {
    let mut list = Reader::sequence_of(value)?;
    let mut purposes = Vec::new();
    while !list.is_empty() {
        purposes.push(list.oid()?);
    }
    Ok(purposes)
}

/// certificatePolicies. Addresses of practice statements must be ASCII.
pub fn certificate_policies(policies: &[CertificatePolicy], critical: bool) -> Extension {
    let value = sequence(|list| {
        for policy in policies {
            list.sequence(|information| {
                information.oid(&policy.oid);
                if !(policy.cps.is_empty() && policy.user_notice.is_none()) {
                    information.sequence(|qualifiers| write_qualifiers(qualifiers, policy));
                }
            });
        }
    });
    Extension { oid: oids::CERTIFICATE_POLICIES, critical, value }
}

fn write_qualifiers(writer: &mut Writer, policy: &CertificatePolicy) {
    for address in &policy.cps {
        writer.sequence(|qualifier| {
            qualifier.oid(&oids::POLICY_QUALIFIER_CPS);
            qualifier.element(Tag::IA5_STRING, address.as_bytes());
        });
    }
    if let Some(text) = &policy.user_notice {
        writer.sequence(|qualifier| {
            qualifier.oid(&oids::POLICY_QUALIFIER_USER_NOTICE);
            qualifier.sequence(|notice| notice.element(Tag::UTF8_STRING, text.as_bytes()));
        });
    }
}

/// szOID_APPLICATION_CERT_POLICIES ([MS-WCCE] 2.2.2.7.7.3).
pub fn application_policies(policies: &[Oid], critical: bool) -> Extension {
    let value = encode_policies(policies);
    Extension { oid: oids::APPLICATION_CERT_POLICIES, critical, value }
}

fn encode_policies(policies: &[Oid]) -> Vec<u8> {
    sequence(|list| policies.iter().for_each(|policy| list.sequence(|info| info.oid(policy))))
}

/// Value of certificatePolicies or of the application policies: the policies, without qualifiers.
pub fn decode_policies(value: &[u8]) -> Result<Vec<Oid>, Asn1Error> {
    let mut list = Reader::sequence_of(value)?;
    let mut policies = Vec::new();
    while !list.is_empty() {
        let mut information = list.sequence()?;
        policies.push(information.oid()?);
        information.optional(Tag::SEQUENCE)?;
        information.end()?;
    }
    Ok(policies)
}

/// basicConstraints.
pub fn basic_constraints(constraints: BasicConstraints, critical: bool) -> Extension {
    let value = sequence(|writer| {
        if constraints.ca {
            writer.boolean(true);
        }
        if let Some(length) = constraints.path_length {
            writer.u32(length);
        }
    });
    Extension { oid: oids::BASIC_CONSTRAINTS, critical, value }
}

/// Value of basicConstraints.
pub fn decode_basic_constraints(value: &[u8]) -> Result<BasicConstraints, Asn1Error> {
    let mut reader = Reader::sequence_of(value)?;
    let ca = reader.peek() == Some(Tag::BOOLEAN) && reader.boolean()?;
    let path_length = if reader.is_empty() { None } else { Some(reader.u32()?) };
    reader.end()?;
    Ok(BasicConstraints { ca, path_length })
}

/// subjectKeyIdentifier.
pub fn subject_key_identifier(key_id: &[u8]) -> Extension {
    let mut writer = Writer::new();
    writer.octet_string(key_id);
    let value = writer.into_bytes();
    Extension { oid: oids::SUBJECT_KEY_IDENTIFIER, critical: false, value }
}

/// Value of subjectKeyIdentifier.
pub fn decode_subject_key_identifier(value: &[u8]) -> Result<&[u8], Asn1Error> {
    Element::parse(value)?.content_of(Tag::OCTET_STRING)
}

/// authorityKeyIdentifier with a key identifier alone.
pub fn authority_key_identifier(key_id: &[u8]) -> Extension {
    let value = sequence(|writer| writer.element(Tag::context_primitive(0), key_id));
    Extension { oid: oids::AUTHORITY_KEY_IDENTIFIER, critical: false, value }
}

/// The key identifier in an authorityKeyIdentifier's value.
pub fn decode_authority_key_identifier(value: &[u8]) -> Result<Option<&[u8]>, Asn1Error> {
    let key_id = Reader::sequence_of(value)?.optional(Tag::context_primitive(0))?;
    Ok(key_id.map(|element| element.content))
}

/// szOID_ENROLL_CERTTYPE_EXTENSION ([MS-WCCE] 2.2.2.7.7.1): the cn of a version 1 template, as the
/// bare BMPString that Windows writes.
pub fn template_name(name: &str) -> Extension {
    let mut writer = Writer::new();
    writer.element(Tag::BMP_STRING, &encode_bmp(name));
    Extension { oid: oids::ENROLL_CERTTYPE, critical: false, value: writer.into_bytes() }
}

/// Value of szOID_ENROLL_CERTTYPE_EXTENSION: a bare string, or the SEQUENCE around one that the
/// specification's text has.
pub fn decode_template_name(value: &[u8]) -> Result<String, Asn1Error> {
    let mut element = Element::parse(value)?;
    if element.tag == Tag::SEQUENCE {
        element = Element::parse(element.content)?;
    }
    Ok(decode_text(&element)?.trim_end_matches('\0').to_owned())
}

/// Value of szOID_CERTIFICATE_TEMPLATE ([MS-WCCE] 2.2.2.7.7.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateInformation {
    /// msPKI-Cert-Template-OID.
    pub oid: Oid,
    /// Major version.
    pub major: Option<u32>,
    /// Minor version.
    pub minor: Option<u32>,
}

/// szOID_CERTIFICATE_TEMPLATE.
pub fn template_information(information: &TemplateInformation) -> Extension {
    let value = sequence(|writer| {
        writer.oid(&information.oid);
        for version in [information.major, information.minor].into_iter().flatten() {
            writer.u32(version);
        }
    });
    Extension { oid: oids::CERTIFICATE_TEMPLATE, critical: false, value }
}

/// Value of szOID_CERTIFICATE_TEMPLATE.
pub fn decode_template_information(value: &[u8]) -> Result<TemplateInformation, Asn1Error> {
    let mut reader = Reader::sequence_of(value)?;
    let oid = reader.oid()?;
    let mut version = || if reader.is_empty() { Ok(None) } else { reader.u32().map(Some) };
    let (major, minor) = (version()?, version()?);
    reader.end()?;
    Ok(TemplateInformation { oid, major, minor })
}

/// szOID_NTDS_CA_SECURITY_EXT ([MS-WCCE] 2.2.2.7.7.4): the SID of the account.
pub fn security_identifier(sid: &Sid) -> Extension {
    let value = sequence(|names| {
        names.nested(Tag::context(0), |other_name| {
            other_name.oid(&oids::NTDS_OBJECTSID);
            other_name.nested(Tag::context(0), |value| {
                value.octet_string(sid.to_string().as_bytes());
            });
        });
    });
    Extension { oid: oids::NTDS_CA_SECURITY_EXT, critical: false, value }
}

/// Value of szOID_NTDS_CA_SECURITY_EXT.
pub fn decode_security_identifier(value: &[u8]) -> Result<Sid, Asn1Error> {
    const INVALID: Asn1Error = Asn1Error::Value("SID extension");
    let names = decode_general_names(value)?;
    let [GeneralName::Other { oid, value }] = names.as_slice() else { return Err(INVALID) };
    if *oid != oids::NTDS_OBJECTSID {
        return Err(INVALID);
    }
    let text = Element::parse(value)?.content_of(Tag::OCTET_STRING)?;
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(INVALID)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_that_windows_writes() {
        assert_eq!(hex::encode(template_name("User").value), "1e080055007300650072");
        let usage = KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT);
        assert_eq!(key_usage(usage, true).value, [3, 2, 5, 0xA0]);
        let sid: Sid = "S-1-5-21-1608104657-630783805-1473387121-1000".parse().expect("valid");
        let value = security_identifier(&sid).value;
        assert_eq!(
            hex::encode(&value),
            "303fa03d060a2b060104018237190201a02f042d532d312d352d32312d313630383130343635372d\
             3633303738333830352d313437333338373132312d31303030"
        );
        assert_eq!(decode_security_identifier(&value), Ok(sid));
    }

    #[test]
    fn policies_carry_their_qualifiers() {
        let oid: Oid = "1.2.3.4".parse().expect("valid");
        let policy = CertificatePolicy {
            oid: oid.clone(),
            cps: vec!["http://c".to_owned()],
            user_notice: Some("é".to_owned()),
        };
        let value = certificate_policies(&[policy, CertificatePolicy::plain(oid.clone())], false);
        assert_eq!(
            hex::encode(&value.value),
            "3038302f06032a0304\
             3028301406082b060105050702011608687474703a2f2f63\
             301006082b0601050507020230040c02c3a9300506032a0304"
        );
        assert_eq!(decode_policies(&value.value), Ok(vec![oid.clone(), oid]));
    }

    #[test]
    fn both_forms_of_a_template_name_are_read() {
        assert_eq!(
            decode_template_name(&template_name("Wébserver").value).as_deref(),
            Ok("Wébserver")
        );
        assert_eq!(
            decode_template_name(&[0x30, 6, 0x0C, 4, b'U', b's', b'e', b'r']).as_deref(),
            Ok("User")
        );
        assert_eq!(decode_template_name(&[0x1E, 4, 0, b'U', 0, 0]).as_deref(), Ok("U"));
        assert!(decode_template_name(&[0x30, 0]).is_err());
    }

    #[test]
    fn lists_of_extensions() {
        let one = template_name("User");
        let two = basic_constraints(BasicConstraints { ca: true, path_length: Some(0) }, true);
        let list = vec![one.clone(), two];
        assert_eq!(decode_extensions(&encode_extensions(&list)), Ok(list));
        let twice = encode_extensions(&[one.clone(), one]);
        assert_eq!(decode_extensions(&twice), Err(Asn1Error::Duplicate("an extension")));
        let explicit_false = [0x30, 12, 0x30, 10, 6, 3, 0x55, 29, 15, 1, 1, 0, 4, 0];
        assert!(!decode_extensions(&explicit_false).expect("tolerated")[0].critical);
        assert!(decode_extensions(&[0x30, 4, 0x30, 2, 5, 0]).is_err());
    }

    #[test]
    fn malformed_values_are_refused() {
        assert!(decode_key_usage(&[3, 4, 0, 1, 2, 3]).is_err());
        assert!(decode_key_usage(&[3, 2, 5, 0xA0, 0]).is_err());
        assert!(decode_basic_constraints(&[0x30, 3, 2, 1, 0x80]).is_err());
        assert!(decode_template_information(&[0x30, 0]).is_err());
        assert!(decode_security_identifier(&[0x30, 3, 0x82, 1, b'a']).is_err());
        assert!(decode_policies(&[0x30, 2, 5, 0]).is_err());
        assert!(decode_authority_key_identifier(&[5, 0]).is_err());
    }

    fn any_oid() -> impl Strategy<Value = Oid> {
        prop::collection::vec(any::<u32>(), 1..8)
            .prop_map(|arcs| {
                arcs.iter().fold("1.3".to_owned(), |text, arc| format!("{text}.{arc}"))
            })
            .prop_map(|text| text.parse().expect("valid"))
    }

    proptest! {
        #[test]
        fn values_round_trip(
            oids in prop::collection::vec(any_oid(), 0..5),
            oid in any_oid(),
            bits: u16,
            ca: bool,
            numbers: [Option<u32>; 2],
            name in "[^\0]{0,20}",
            key_id in prop::collection::vec(any::<u8>(), 0..40),
            subs in prop::collection::vec(any::<u32>(), 0..15),
        ) {
            prop_assert_eq!(decode_key_usage(&key_usage(KeyUsage(bits), true).value), Ok(KeyUsage(bits)));
            prop_assert_eq!(decode_extended_key_usage(&extended_key_usage(&oids, false).value), Ok(oids.clone()));
            prop_assert_eq!(decode_policies(&application_policies(&oids, false).value), Ok(oids));
            let constraints = BasicConstraints { ca, path_length: numbers[0] };
            prop_assert_eq!(decode_basic_constraints(&basic_constraints(constraints, true).value), Ok(constraints));
            prop_assert_eq!(decode_template_name(&template_name(&name).value), Ok(name));
            let minor = numbers[0].and(numbers[1]);
            let information = TemplateInformation { oid, major: numbers[0], minor };
            prop_assert_eq!(decode_template_information(&template_information(&information).value), Ok(information));
            let ski = subject_key_identifier(&key_id).value;
            prop_assert_eq!(decode_subject_key_identifier(&ski), Ok(&key_id[..]));
            let aki = authority_key_identifier(&key_id).value;
            prop_assert_eq!(decode_authority_key_identifier(&aki), Ok(Some(&key_id[..])));
            let sid = Sid::new(5, &subs).expect("valid");
            prop_assert_eq!(decode_security_identifier(&security_identifier(&sid).value), Ok(sid));
        }
    }
}
