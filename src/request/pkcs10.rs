//! PKCS#10 to an enrollment request ([MS-WCCE] 3.2.1.4.2.1.4.1.1).

use std::collections::BTreeSet;

use crate::asn1::extensions::{
    decode_extensions, decode_template_information, decode_template_name, find,
};
use crate::asn1::{
    CertificationRequest, Element, Hash, Name, PublicKey, RequestAttribute, decode_client_info,
    decode_csp_provider, decode_general_names, decode_name_value_pairs, decode_text, oids,
    verify_signature,
};
use crate::model::{
    Attribute, ClientInfo, EnrollmentRequest, Extension, GeneralName, Oid, RequestFormat,
    TemplateHint,
};

use super::attributes::attribute;
use super::{Limits, RequestError};

/// Parses and verifies; `attributes` are those of the attributes string.
pub fn parse(
    der: Vec<u8>,
    attributes: Vec<Attribute>,
    limits: &Limits,
) -> Result<EnrollmentRequest, RequestError> {
    let request = CertificationRequest::parse(&der).map_err(RequestError::structure("PKCS#10"))?;
    let contents = Contents::read(&request.attributes, limits)?;
    let subject = Name::from_der(request.subject).map_err(RequestError::Subject)?;
    let subject_attributes = subject.into_attributes();
    within("attributes in its subject", subject_attributes.len(), limits.subject_attributes)?;
    let subject_alt_names = subject_alt_names(&contents.extensions, limits)?;
    let key = request.public_key.public_key().map_err(RequestError::Key)?;
    check_rsa(&key, limits)?;
    let public_key = request.public_key.to_info().map_err(RequestError::Key)?;

    let scheme =
        verify_signature(&key, &request.signature_algorithm, request.info, request.signature)?;

    let attributes = [attributes, contents.attributes].concat();
    let template_hints = template_hints(&contents.extensions, &attributes)?;
    Ok(EnrollmentRequest {
        format: RequestFormat::Pkcs10,
        subject: request.subject.to_vec(),
        subject_attributes,
        public_key,
        subject_alt_names,
        extensions: contents.extensions,
        attributes,
        template_hints,
        client_info: contents.client_info,
        sha1_proof: scheme.hash() == Some(Hash::Sha1),
        on_behalf_of: None,
        signers: Vec::new(),
        renewal: None,
        certificates: Vec::new(),
        archives_key: false,
        raw: der,
    })
}

/// Attributes that occur once, with one value. (An extension request may occur several times:
/// Certipy sends one for each extension.)
const ONCE: [Oid; 3] = [oids::OS_VERSION, oids::ENROLLMENT_CSP_PROVIDER, oids::REQUEST_CLIENT_INFO];

/// What the attributes of the request itself say.
#[derive(Default)]
struct Contents {
    extensions: Vec<Extension>,
    attributes: Vec<Attribute>,
    client_info: Option<ClientInfo>,
}

impl Contents {
    fn read(attributes: &[RequestAttribute<'_>], limits: &Limits) -> Result<Self, RequestError> {
        let counted = attributes.iter().map(|attribute| attribute.values.len().max(1));
        let count = counted.fold(0usize, usize::saturating_add);
        within("request attributes", count, limits.request_attributes)?;
        let mut contents = Self::default();
        let mut seen = BTreeSet::new();
        for attribute in attributes {
            if ONCE.contains(&attribute.oid) && !seen.insert(&attribute.oid) {
                return Err(RequestError::AttributeValues(attribute.oid.clone()));
            }
            contents.read_attribute(attribute)?;
        }
        within("name-value pairs", contents.attributes.len(), limits.request_attributes)?;
        within("extensions", contents.extensions.len(), limits.extensions)?;
        let mut seen = BTreeSet::new();
        match contents.extensions.iter().find(|extension| !seen.insert(&extension.oid)) {
            Some(twice) => Err(RequestError::DuplicateExtension(twice.oid.clone())),
            None => Ok(contents),
        }
    }

    fn read_attribute(&mut self, attribute: &RequestAttribute<'_>) -> Result<(), RequestError> {
        let oid = &attribute.oid;
        if *oid == oids::RENEWAL_CERTIFICATE {
            return Err(RequestError::BareRenewal);
        }
        if *oid == oids::EXTENSION_REQUEST || *oid == oids::CERT_EXTENSIONS {
            let extensions = decode_extensions(single(attribute)?.raw);
            let extensions = extensions.map_err(RequestError::structure("list of extensions"))?;
            self.extensions.extend(extensions);
        } else if *oid == oids::ENROLLMENT_NAME_VALUE_PAIR {
            for value in &attribute.values {
                let pairs = decode_name_value_pairs(value);
                let pairs = pairs.map_err(RequestError::structure("name-value pair"))?;
                pairs.iter().for_each(|(name, value)| self.push(name, value));
            }
        } else if *oid == oids::OS_VERSION {
            let version = decode_text(single(attribute)?);
            self.push("RequestOSVersion", &version.map_err(RequestError::structure("OS version"))?);
        } else if *oid == oids::ENROLLMENT_CSP_PROVIDER {
            let provider = decode_csp_provider(single(attribute)?);
            let provider = provider.map_err(RequestError::structure("CSP provider"))?;
            self.push("RequestCSPProvider", &provider);
        } else if *oid == oids::REQUEST_CLIENT_INFO {
            let info = decode_client_info(single(attribute)?);
            self.client_info = Some(info.map_err(RequestError::structure("client information"))?);
        }
        Ok(())
    }

    /// Adds an attribute; those that are no pairs have the names that Windows' Request table shows.
    fn push(&mut self, name: &str, value: &str) {
        self.attributes.extend(attribute(name, value));
    }
}

fn single<'a, 'b>(attribute: &'b RequestAttribute<'a>) -> Result<&'b Element<'a>, RequestError> {
    match attribute.values.as_slice() {
        [value] => Ok(value),
        _ => Err(RequestError::AttributeValues(attribute.oid.clone())),
    }
}

fn within(what: &'static str, count: usize, limit: usize) -> Result<(), RequestError> {
    if count <= limit { Ok(()) } else { Err(RequestError::TooMany { what, limit }) }
}

fn subject_alt_names(
    extensions: &[Extension],
    limits: &Limits,
) -> Result<Vec<GeneralName>, RequestError> {
    let Some(extension) = find(extensions, &oids::SUBJECT_ALT_NAME) else {
        return Ok(Vec::new());
    };
    let names = decode_general_names(&extension.value);
    let names = names.map_err(RequestError::structure("subject alternative names"))?;
    within("subject alternative names", names.len(), limits.subject_alt_names)?;
    Ok(names)
}

/// The RSA keys that are certified; curves are checked when the key is decoded.
fn check_rsa(key: &PublicKey<'_>, limits: &Limits) -> Result<(), RequestError> {
    let PublicKey::Rsa { exponent, .. } = key else { return Ok(()) };
    let bits = key.kind().bits();
    if !limits.rsa_bits.contains(&bits) {
        return Err(RequestError::KeyLength { bits, allowed: limits.rsa_bits.clone() });
    }
    let odd = exponent.last().is_some_and(|last| last & 1 == 1);
    if !odd || *exponent == [1] || exponent.len() > 4 {
        return Err(RequestError::KeyExponent);
    }
    Ok(())
}

/// Every statement of a template: both extensions, then the attributes. An attribute may hold the
/// template's OID in place of its name.
fn template_hints(
    extensions: &[Extension],
    attributes: &[Attribute],
) -> Result<Vec<TemplateHint>, RequestError> {
    let mut hints = Vec::new();
    if let Some(extension) = find(extensions, &oids::ENROLL_CERTTYPE) {
        let name = decode_template_name(&extension.value);
        hints.push(TemplateHint::Name(name.map_err(RequestError::structure("template name"))?));
    }
    if let Some(extension) = find(extensions, &oids::CERTIFICATE_TEMPLATE) {
        let information = decode_template_information(&extension.value)
            .map_err(RequestError::structure("template information"))?;
        let (major, minor) = (information.major, information.minor);
        hints.push(TemplateHint::Oid { oid: information.oid, major, minor });
    }
    let named = attributes.iter().filter(|attribute| {
        attribute.name.eq_ignore_ascii_case("CertificateTemplate") && !attribute.value.is_empty()
    });
    hints.extend(named.map(|attribute| match attribute.value.parse() {
        Ok(oid) => TemplateHint::Oid { oid, major: None, minor: None },
        Err(_) => TemplateHint::Name(attribute.value.clone()),
    }));
    Ok(hints)
}
