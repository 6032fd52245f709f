//! The request that this client makes: a PKCS#10 and the attributes string beside it.

use std::net::IpAddr;

use super::key::{KeyError, RequestKey};
use crate::asn1::extensions::subject_alt_name;
use crate::asn1::{Asn1Error, Name, RequestBuilder};
use crate::model::GeneralName;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CertificateRequest {
    /// The subject; empty where the CA builds it from the directory.
    pub subject: Name,
    /// Subject alternative names; none where the CA builds them.
    pub names: Vec<GeneralName>,
    /// Name (cn) of the template.
    pub template: Option<String>,
    /// Further attributes, as `Name:Value` for the attributes string.
    pub attributes: Vec<(String, String)>,
}

/// Why a request cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A name does not fit its encoding.
    #[error("a subject alternative name cannot be encoded: {0}")]
    Name(#[from] Asn1Error),
    /// A name on the command line is not of the form `type=value`.
    #[error("`{0}` is not dns=…, upn=…, email=…, uri=… or ip=…")]
    NameForm(String),
    /// An attribute holds what would end it on the wire.
    #[error("attribute `{0}` must not contain a line break, nor its name a colon")]
    Attribute(String),
}

impl CertificateRequest {
    /// The DER of the PKCS#10, signed with `key`.
    pub fn to_pkcs10(&self, key: &RequestKey) -> Result<Vec<u8>, RequestError> {
        let extensions = match self.names.as_slice() {
            [] => Vec::new(),
            names => vec![subject_alt_name(names, self.subject.is_empty())?],
        };
        let builder =
            RequestBuilder { subject: self.subject.clone(), extensions, ..Default::default() };
        Ok(builder.encode(key.public_key(), key.scheme(), |info| key.sign(info))?)
    }

    /// The attributes string: lines of `Name:Value` ([MS-WCCE] 3.2.1.4.2.1.2).
    pub fn attributes_string(&self) -> Result<String, RequestError> {
        let template = self.template.as_ref().map(|name| ("CertificateTemplate", name.as_str()));
        let further = self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut lines = Vec::new();
        for (name, value) in template.into_iter().chain(further) {
            if name.contains([':', '\n', '\0']) || value.contains(['\n', '\0']) {
                return Err(RequestError::Attribute(name.to_owned()));
            }
            lines.push(format!("{name}:{value}"));
        }
        Ok(lines.join("\n"))
    }
}

/// Reads a subject alternative name as `type=value`.
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
mod tests {
    use super::*;
    use crate::client::KeyKind;
    use crate::request::Limits;

    fn request() -> CertificateRequest {
        CertificateRequest {
            subject: Name::parse("CN=host,O=Test").unwrap(),
            names: vec![parse_name("dns=host.wcce.test").unwrap(), parse_name("ip=::1").unwrap()],
            template: Some("WebServer".into()),
            attributes: vec![("rmd".into(), "host.wcce.test".into())],
        }
    }

    #[test]
    fn the_request_proves_its_key_and_says_what_is_asked_for() {
        let key = RequestKey::generate(KeyKind::EcP256).unwrap();
        let der = request().to_pkcs10(&key).unwrap();
        let attributes = request().attributes_string().unwrap();
        let parsed = crate::request::parse(&der, 0x100, &attributes, &Limits::default()).unwrap();
        assert_eq!(parsed.subject, request().subject.to_der());
        assert_eq!(parsed.public_key.spki, key.public_key());
        assert_eq!(parsed.subject_alt_names, request().names);
    }

    #[test]
    fn attributes_are_lines() {
        let text = request().attributes_string().unwrap();
        assert_eq!(text, "CertificateTemplate:WebServer\nrmd:host.wcce.test");
        assert_eq!(CertificateRequest::default().attributes_string().unwrap(), "");
        for (name, value) in [("a:b", "c"), ("a", "b\nSAN:upn=x"), ("a", "\0")] {
            let attributes = vec![(name.to_owned(), value.to_owned())];
            let request = CertificateRequest { attributes, ..Default::default() };
            assert!(matches!(request.attributes_string(), Err(RequestError::Attribute(_))));
        }
    }

    #[test]
    fn names_are_read_by_type() {
        assert_eq!(parse_name("IP=10.0.0.1").unwrap(), GeneralName::Ip(vec![10, 0, 0, 1]));
        assert_eq!(parse_name("upn=a@b").unwrap(), GeneralName::Upn("a@b".into()));
        for wrong in ["host", "x=y", "ip=host"] {
            assert!(matches!(parse_name(wrong), Err(RequestError::NameForm(_))));
        }
    }
}
