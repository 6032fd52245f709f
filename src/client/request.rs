//! The request that this client makes: PKCS#10, or CMC with a PKCS#10 inside, with what Windows'
//! client puts in and in its order; and the attributes string beside it.

use std::net::IpAddr;

use super::identity::Identity;
use super::key::{KeyError, RequestKey};
use super::message::{Cosigner, Signed, sign};
use crate::asn1::cmc::PkiDataBuilder;
use crate::asn1::extensions::{
    TemplateInformation, application_policies, extended_key_usage, key_usage, subject_alt_name,
    subject_key_identifier, template_information, template_name,
};
use crate::asn1::{
    Asn1Error, Name, RequestBuilder, SubjectPublicKeyInfo, encode_attribute, encode_csp_provider,
    encode_name_value_pair, oids,
};
use crate::model::{ClientInfo, Extension, GeneralName, KeyUsage, Oid};

/// The attribute that names the one on whose behalf a request is.
const REQUESTER_NAME: &str = "RequesterName";

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CertificateRequest {
    /// The subject; empty where the CA builds it from the directory.
    pub subject: Name,
    /// Subject alternative names; none where the CA builds them.
    pub names: Vec<GeneralName>,
    /// The template.
    pub template: Option<TemplateId>,
    /// Key purposes, where the client says them ([MS-WCCE] 3.1.2.4.2.2.1.2).
    pub extended_key_usage: Vec<Oid>,
    /// Key usage, where the client says it ([MS-WCCE] 3.1.2.4.2.2.1.3).
    pub key_usage: Option<KeyUsage>,
    /// Further attributes, as `Name:Value` for the attributes string.
    pub attributes: Vec<(String, String)>,
    /// What the client says about itself; nothing where it is `None`.
    pub client: Option<ClientDescription>,
}

/// How a request names its template ([MS-WCCE] 3.1.2.4.2.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TemplateId {
    /// By cn, as for templates of version 1: in the extension 1.3.6.1.4.1.311.20.2, and as the
    /// name-value pair CertificateTemplate.
    Name(String),
    /// By OID, as for templates of all later versions: in the extension 1.3.6.1.4.1.311.21.7.
    Information(TemplateInformation),
}

impl TemplateId {
    /// The name, or the OID.
    pub fn text(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Information(information) => information.oid.to_string(),
        }
    }
}

impl From<&str> for TemplateId {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

/// What a client says about itself; for logs, never for decisions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientDescription {
    /// OS_VERSION: `major.minor.build.platform`; Windows has platform 2.
    pub os_version: String,
    /// REQUEST_CLIENT_INFO.
    pub info: ClientInfo,
    /// Name in ENROLLMENT_CSP_PROVIDER.
    pub provider: String,
}

impl Default for ClientDescription {
    /// Without names of a machine and a user. The client's number is 0: the others are those of
    /// Windows' programs ([MS-WCCE] 2.2.2.7.4).
    fn default() -> Self {
        let info = ClientInfo { process: "wcce".to_owned(), ..ClientInfo::default() };
        let provider = "wcce software key".to_owned();
        Self { os_version: "0.0.0.0".to_owned(), info, provider }
    }
}

/// Who signs a request beside the key to be certified.
#[derive(Clone, Copy, Default)]
pub struct Signers<'a> {
    /// The certificate that is renewed; its key signs.
    pub renews: Option<&'a Identity>,
    /// Agents and others whose signatures the template demands.
    pub cosigners: &'a [Identity],
    /// `DOMAIN\account` of the one that the certificate is for, where it is not the caller.
    pub on_behalf_of: Option<&'a str>,
}

/// Why a request cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A name, or the certificate of a signer.
    #[error("a name or a signer's certificate cannot be encoded: {0}")]
    Encoding(#[from] Asn1Error),
    /// A name on the command line is not of the form `type=value`.
    #[error("`{0}` is not dns=…, upn=…, email=…, uri=… or ip=…")]
    NameForm(String),
    /// An attribute holds what would end it on the wire.
    #[error("attribute `{0}` must not contain a line break, nor its name a colon")]
    Attribute(String),
    /// CMS around a PKCS#10 has one signer, who stands for the whole request.
    #[error("a CMS request is a renewal or on behalf of another, by one signer; use CMC")]
    OneSigner,
    /// Nobody signs for another without a certificate.
    #[error("a request on behalf of another needs the certificate of an enrollment agent")]
    NoAgent,
}

impl CertificateRequest {
    /// The DER of the PKCS#10, signed with `key` ([MS-WCCE] 3.1.1.4.3.1.1).
    ///
    /// # Errors
    /// Where a name has no encoding, or the key does not sign.
    pub fn to_pkcs10(&self, key: &RequestKey) -> Result<Vec<u8>, RequestError> {
        self.pkcs10(key, None)
    }

    /// The DER of a CMS with a PKCS#10 inside that one other signs: the key of the certificate to
    /// be renewed ([MS-WCCE] 3.1.1.4.3.2.1), or an enrollment agent (3.1.1.4.3.3.2).
    ///
    /// # Errors
    /// As [`Self::to_pkcs10`], and where there is not exactly one signer.
    pub fn to_cms(&self, key: &RequestKey, signers: Signers<'_>) -> Result<Vec<u8>, RequestError> {
        let pkcs10 = self.pkcs10(key, signers.renews)?;
        match (signers.renews, signers.cosigners, signers.on_behalf_of) {
            (Some(identity), [], None) => {
                let signer = Cosigner { identity, signed: Signed::Content };
                sign(&oids::CMS_DATA, &pkcs10, None, &[signer])
            }
            (None, [agent], Some(target)) => cms_on_behalf_of(&pkcs10, target, agent),
            (None, [], Some(_)) => Err(RequestError::NoAgent),
            _ => Err(RequestError::OneSigner),
        }
    }

    /// The DER of a CMC full request ([MS-WCCE] 3.1.1.4.3.1.3), which the key to be certified
    /// signs first, then the one of the certificate to be renewed (3.1.1.4.3.2.2), then all others
    /// (3.1.1.4.3.3.3, 3.1.2.4.2.1).
    ///
    /// # Errors
    /// As [`Self::to_pkcs10`], and where nobody signs for another.
    pub fn to_cmc(&self, key: &RequestKey, signers: Signers<'_>) -> Result<Vec<u8>, RequestError> {
        if signers.on_behalf_of.is_some() && signers.cosigners.is_empty() {
            return Err(RequestError::NoAgent);
        }
        let pkcs10 = self.pkcs10(key, signers.renews)?;
        let requester = signers.on_behalf_of.map(|name| (REQUESTER_NAME.into(), name.into()));
        let data = PkiDataBuilder {
            client_info: self.client_info(),
            reg_info: requester.into_iter().collect(),
            ..PkiDataBuilder::default()
        };
        let others = signers.renews.into_iter().chain(signers.cosigners);
        let others = others
            .map(|identity| Cosigner { identity, signed: Signed::Attributes(Vec::new()) })
            .collect::<Vec<_>>();
        sign(&oids::CMC_PKI_DATA, &data.encode(&pkcs10), Some(key), &others)
    }

    /// The attributes string: lines of `Name:Value` ([MS-WCCE] 3.2.1.4.2.1.2). The template is not
    /// among them: the request itself names it.
    ///
    /// # Errors
    /// Where an attribute would be read as another, or as two.
    pub fn attributes_string(&self) -> Result<String, RequestError> {
        attributes_string(&self.attributes)
    }

    fn pkcs10(&self, key: &RequestKey, renews: Option<&Identity>) -> Result<Vec<u8>, RequestError> {
        let spki = SubjectPublicKeyInfo::parse(key.public_key())?;
        let rsa = spki.public_key()?.kind().is_rsa();
        let mut attributes = Vec::new();
        if let Some(client) = &self.client {
            let provider = encode_csp_provider(&client.provider, rsa);
            attributes.push((oids::ENROLLMENT_CSP_PROVIDER, vec![provider]));
        }
        if let Some(old) = renews {
            attributes.push((oids::RENEWAL_CERTIFICATE, vec![old.certificate().to_vec()]));
        }
        let pair = |name: &String| ("CertificateTemplate".to_owned(), name.clone());
        let name_value_pairs = match &self.template {
            Some(TemplateId::Name(name)) => vec![pair(name)],
            _ => Vec::new(),
        };
        let builder = RequestBuilder {
            subject: self.subject.clone(),
            os_version: self.client.as_ref().map(|client| client.os_version.clone()),
            name_value_pairs,
            client_info: self.client_info(),
            extensions: self.extensions(spki.key_id())?,
            attributes,
        };
        builder.encode(key.public_key(), key.scheme(), |info| Ok(key.sign(info)?))
    }

    fn client_info(&self) -> Option<ClientInfo> {
        self.client.as_ref().map(|client| client.info.clone())
    }

    /// Template, purposes, usage, names and key identifier, in Windows' order.
    fn extensions(&self, key_id: [u8; 20]) -> Result<Vec<Extension>, Asn1Error> {
        let mut extensions = Vec::new();
        let purposes = self.extended_key_usage.as_slice();
        extensions.extend(self.template.as_ref().map(|template| match template {
            TemplateId::Name(name) => template_name(name),
            TemplateId::Information(information) => template_information(information),
        }));
        if !purposes.is_empty() {
            extensions.push(extended_key_usage(purposes, false));
        }
        extensions.extend(self.key_usage.map(|usage| key_usage(usage, true)));
        // The application policies are of templates that have an OID.
        if !purposes.is_empty() && matches!(self.template, Some(TemplateId::Information(_))) {
            extensions.push(application_policies(purposes, false));
        }
        if !self.names.is_empty() {
            extensions.push(subject_alt_name(&self.names, self.subject.is_empty())?);
        }
        extensions.push(subject_key_identifier(&key_id));
        Ok(extensions)
    }
}

/// The DER of a CMS around the PKCS#10 of another, which an enrollment agent signs together with
/// the name of the one that the certificate is for ([MS-WCCE] 3.1.1.4.3.3.2).
///
/// # Errors
/// Where the agent's certificate cannot be read, or its key does not sign.
pub fn cms_on_behalf_of(
    pkcs10: &[u8],
    target: &str,
    agent: &Identity,
) -> Result<Vec<u8>, RequestError> {
    let requester = encode_name_value_pair(REQUESTER_NAME, target);
    let requester = encode_attribute(&oids::ENROLLMENT_NAME_VALUE_PAIR, vec![requester]);
    let signer = Cosigner { identity: agent, signed: Signed::Attributes(vec![requester]) };
    sign(&oids::CMS_DATA, pkcs10, None, &[signer])
}

/// The attributes string of these pairs: lines of `Name:Value`.
///
/// # Errors
/// Where an attribute would be read as another, or as two.
pub fn attributes_string(attributes: &[(String, String)]) -> Result<String, RequestError> {
    let mut lines = Vec::new();
    for (name, value) in attributes {
        if name.contains([':', '\r', '\n', '\0']) || value.contains(['\r', '\n', '\0']) {
            return Err(RequestError::Attribute(name.to_owned()));
        }
        lines.push(format!("{name}:{value}"));
    }
    Ok(lines.join("\n"))
}

/// Reads a subject alternative name as `type=value`.
///
/// # Errors
/// Where it is of no known type.
pub fn parse_name(text: &str) -> Result<GeneralName, RequestError> {
    let form = || RequestError::NameForm(text.to_owned());
    let (kind, value) = text.split_once('=').ok_or_else(form)?;
    let own = value.to_owned();
    Ok(match kind.to_ascii_lowercase().as_str() {
        "dns" => GeneralName::Dns(own),
        "upn" => GeneralName::Upn(own),
        "email" => GeneralName::Email(own),
        "uri" => GeneralName::Uri(own),
        "ip" => GeneralName::Ip(match value.parse().map_err(|_| form())? {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        }),
        _ => return Err(form()),
    })
}

#[cfg(test)]
mod tests;
