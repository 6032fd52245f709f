//! What the attributes of a request say, from all the places that hold some: the PKCS#10, a
//! CMC request's controls, the signed attributes of the first signer.

use std::collections::BTreeSet;

use crate::asn1::extensions::{
    decode_extensions, decode_template_information, decode_template_name, find,
};
use crate::asn1::{
    Asn1Error, Element, RequestAttribute, Tag, decode_client_info, decode_csp_provider,
    decode_general_names, decode_name_value_pairs, decode_text, oids,
};
use crate::model::{Attribute, ClientInfo, Extension, GeneralName, Oid, TemplateHint};

use super::attributes::attribute;
use super::{Limits, RequestError};

/// The pair that says on behalf of whom a request is; compared without case.
const REQUESTER_NAME: &str = "RequesterName";

/// Attributes that occur once, with one value. (An extension request may occur several times:
/// Certipy sends one for each extension.)
const ONCE: [Oid; 4] = [
    oids::OS_VERSION,
    oids::ENROLLMENT_CSP_PROVIDER,
    oids::REQUEST_CLIENT_INFO,
    oids::ENCRYPTED_KEY_HASH,
];

/// Where attributes stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In the PKCS#10.
    Pkcs10,
    /// In a control of a CMC request.
    Control,
}

/// What has been read so far.
#[derive(Default)]
pub struct Contents {
    /// Extensions asked for.
    pub extensions: Vec<Extension>,
    /// Name-value pairs, and others under the names that Windows' Request table shows.
    pub attributes: Vec<Attribute>,
    /// The client about itself.
    pub client_info: Option<ClientInfo>,
    /// Each statement of RequesterName in a part that the signers signed.
    pub requester_names: Vec<String>,
    /// Value of RENEWAL_CERTIFICATE, from the PKCS#10 alone.
    pub old_certificate: Option<Vec<u8>>,
    /// Value of ENCRYPTED_KEY_HASH.
    pub encrypted_key_hash: Option<Vec<u8>>,
}

impl Contents {
    /// Adds what these attributes say.
    pub fn add(
        &mut self,
        attributes: &[RequestAttribute<'_>],
        carrier: Carrier,
        limits: &Limits,
    ) -> Result<(), RequestError> {
        let counted = attributes.iter().map(|attribute| attribute.values.len().max(1));
        let count = counted.fold(0usize, usize::saturating_add);
        within("request attributes", count, limits.request_attributes)?;
        let mut seen = BTreeSet::new();
        for attribute in attributes {
            if ONCE.contains(&attribute.oid) && !seen.insert(&attribute.oid) {
                return Err(RequestError::AttributeValues(attribute.oid.clone()));
            }
            self.read(attribute, carrier)?;
        }
        self.check(limits)
    }

    fn check(&self, limits: &Limits) -> Result<(), RequestError> {
        within("name-value pairs", self.attributes.len(), limits.request_attributes)?;
        within("extensions", self.extensions.len(), limits.extensions)?;
        let mut seen = BTreeSet::new();
        match self.extensions.iter().find(|extension| !seen.insert(&extension.oid)) {
            Some(twice) => Err(RequestError::DuplicateExtension(twice.oid.clone())),
            None => Ok(()),
        }
    }

    fn read(
        &mut self,
        attribute: &RequestAttribute<'_>,
        carrier: Carrier,
    ) -> Result<(), RequestError> {
        let oid = &attribute.oid;
        if *oid == oids::RENEWAL_CERTIFICATE {
            self.read_old_certificate(attribute, carrier)?;
        } else if *oid == oids::ARCHIVED_KEY_ATTR {
            return Err(RequestError::Archival("it must be an unsigned attribute of the signer"));
        } else if *oid == oids::ENCRYPTED_KEY_HASH && carrier == Carrier::Control {
            let hash = single(attribute)?.content_of(Tag::OCTET_STRING);
            let hash = hash.map_err(RequestError::structure("hash of the private key"))?;
            if self.encrypted_key_hash.replace(hash.to_vec()).is_some() {
                return Err(RequestError::Duplicate(oid.clone()));
            }
        } else if *oid == oids::EXTENSION_REQUEST || *oid == oids::CERT_EXTENSIONS {
            let extensions = decode_extensions(single(attribute)?.raw);
            let extensions = extensions.map_err(RequestError::structure("list of extensions"))?;
            self.extensions.extend(extensions);
        } else if *oid == oids::ENROLLMENT_NAME_VALUE_PAIR {
            for (name, value) in pairs(attribute)? {
                self.push(&name, &value);
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

    fn read_old_certificate(
        &mut self,
        attribute: &RequestAttribute<'_>,
        carrier: Carrier,
    ) -> Result<(), RequestError> {
        match (carrier, &*attribute.values, &self.old_certificate) {
            (Carrier::Pkcs10, [certificate], None) if certificate.tag == Tag::SEQUENCE => {
                self.old_certificate = Some(certificate.raw.to_vec());
                Ok(())
            }
            _ => Err(RequestError::RenewalAttribute),
        }
    }

    /// Adds pairs of a part that the signers signed: of RegInfo, or of the signed attributes.
    /// Returns the RequesterName among them.
    pub fn add_signed_pairs(
        &mut self,
        pairs: Vec<(String, String)>,
        limits: &Limits,
    ) -> Result<(), RequestError> {
        let said = requester_name(&pairs)?;
        self.requester_names.extend(said);
        for (name, value) in pairs.iter().filter(|(name, _)| !is_requester_name(name)) {
            self.push(name, value);
        }
        self.check(limits)
    }

    /// Adds an attribute; those that are no pairs have the names that Windows' Request table shows.
    fn push(&mut self, name: &str, value: &str) {
        self.attributes.extend(attribute(name, value));
    }

    /// On behalf of whom the request is. All statements of it must agree, and none of them may
    /// contradict what an attribute of the PKCS#10 says (which alone says nothing).
    pub fn on_behalf_of(&self) -> Result<Option<String>, RequestError> {
        let Some(name) = self.requester_names.first() else { return Ok(None) };
        let unsigned = self.attributes.iter().filter(|pair| is_requester_name(&pair.name));
        let mut others = self.requester_names.iter().chain(unsigned.map(|pair| &pair.value));
        if others.any(|other| !other.eq_ignore_ascii_case(name)) {
            return Err(RequestError::RequesterName);
        }
        Ok(Some(name.clone()))
    }
}

/// The pairs of an attribute ENROLLMENT_NAME_VALUE_PAIR.
pub fn pairs(attribute: &RequestAttribute<'_>) -> Result<Vec<(String, String)>, RequestError> {
    let pairs = attribute.values.iter().map(decode_name_value_pairs);
    let pairs: Result<Vec<_>, Asn1Error> = pairs.collect();
    Ok(pairs.map_err(RequestError::structure("name-value pair"))?.concat())
}

/// The RequesterName among these pairs, which must not say it twice.
pub fn requester_name(pairs: &[(String, String)]) -> Result<Option<String>, RequestError> {
    let mut said = pairs.iter().filter(|(name, _)| is_requester_name(name));
    match (said.next(), said.next()) {
        (None, _) => Ok(None),
        (Some((_, name)), None) if !name.trim().is_empty() => Ok(Some(name.trim().to_owned())),
        _ => Err(RequestError::RequesterName),
    }
}

/// Names are compared as [`attribute`] would have them.
fn is_requester_name(name: &str) -> bool {
    attribute(name, "").is_some_and(|pair| pair.name.eq_ignore_ascii_case(REQUESTER_NAME))
}

fn single<'a, 'b>(attribute: &'b RequestAttribute<'a>) -> Result<&'b Element<'a>, RequestError> {
    match attribute.values.as_slice() {
        [value] => Ok(value),
        _ => Err(RequestError::AttributeValues(attribute.oid.clone())),
    }
}

/// Checks a count.
pub fn within(what: &'static str, count: usize, limit: usize) -> Result<(), RequestError> {
    if count <= limit { Ok(()) } else { Err(RequestError::TooMany { what, limit }) }
}

/// The subject alternative names among the extensions asked for.
pub fn subject_alt_names(
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

/// Every statement of a template: both extensions, then the attributes. An attribute may hold the
/// template's OID in place of its name.
pub fn template_hints(
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
