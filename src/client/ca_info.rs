//! All that a CA tells of itself over its DCOM object.

use super::enrollment::{EnrollError, EnrollmentClient};
use super::property::{
    CaNumbers, CaProperty, NEWEST, OfferedTemplate, parse_lines, parse_numbers, parse_templates,
    parse_text,
};

/// Certificates of a CA that are asked for at most.
const MAX_CERTIFICATES: u32 = 64;

/// What a CA tells of itself; `None` where it tells nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaInfo {
    /// CN of the newest certificate.
    pub name: String,
    /// The name with all unusual characters escaped ([MS-WCCE] 3.1.1.4.1.1).
    pub sanitized_name: Option<String>,
    /// The same, shortened: cn of the CA's objects in the directory.
    pub short_name: Option<String>,
    /// The numbers.
    pub numbers: CaNumbers,
    /// DNS name of the CA's host. It is not dialled.
    pub dns_name: Option<String>,
    /// `host\name` of the CA above.
    pub parent: Option<String>,
    /// Version of the server's file.
    pub file_version: Option<String>,
    /// Version of the product.
    pub product_version: Option<String>,
    /// The policy module.
    pub policy: Option<String>,
    /// The language of its messages.
    pub locale: Option<String>,
    /// Its certificates, oldest first.
    pub certificates: Vec<CertificateInfo>,
    /// DER of the PKCS#7 with the newest certificate and those above it.
    pub chain: Option<Vec<u8>>,
    /// DER of the exchange certificate, for archiving keys.
    pub exchange_certificate: Option<Vec<u8>>,
    /// The templates that it issues by.
    pub templates: Option<Vec<OfferedTemplate>>,
}

/// One certificate of a CA, and what hangs on it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CertificateInfo {
    /// DER.
    pub certificate: Option<Vec<u8>>,
    /// Its state, see [`state_name`].
    pub state: Option<u8>,
    /// Index of the key (high half) and of the certificate.
    pub version: Option<u32>,
    /// DER of its base CRL.
    pub base_crl: Option<Vec<u8>>,
    /// DER of its delta CRL.
    pub delta_crl: Option<Vec<u8>>,
    /// The state of its CRL.
    pub crl_state: Option<u8>,
    /// Where certificates say that CRLs are.
    pub crl_urls: Vec<String>,
    /// Where certificates say that the CA's certificate is.
    pub issuer_urls: Vec<String>,
    /// Where certificates say that OCSP responders are.
    pub ocsp_urls: Vec<String>,
}

/// What the state of a certificate or CRL means (CA_DISP).
pub fn state_name(state: u8) -> &'static str {
    match state {
        0 => "incomplete",
        1 => "unavailable",
        2 => "revoked",
        3 => "valid",
        4 => "expired",
        _ => "unknown",
    }
}

impl CaInfo {
    /// Asks for everything.
    ///
    /// # Errors
    /// Where the CA does not answer, or tells neither its name nor its numbers. What else it
    /// does not tell is left out.
    pub async fn fetch(client: &mut EnrollmentClient) -> Result<Self, EnrollError> {
        let name = parse_text(&client.property(CaProperty::NAME, 0).await?);
        let numbers = client.property(CaProperty::INFO, 0).await?;
        let numbers = CaNumbers::parse(&numbers).map_err(super::AnswerError::from)?;
        let templates = value(client, CaProperty::TEMPLATES, 0).await?;
        Ok(Self {
            name,
            sanitized_name: text(client, CaProperty::SANITIZED_NAME).await?,
            short_name: text(client, CaProperty::SHORT_NAME).await?,
            numbers,
            dns_name: text(client, CaProperty::DNS_NAME).await?,
            parent: text(client, CaProperty::PARENT).await?,
            file_version: text(client, CaProperty::FILE_VERSION).await?,
            product_version: text(client, CaProperty::PRODUCT_VERSION).await?,
            policy: text(client, CaProperty::POLICY_DESCRIPTION).await?,
            locale: text(client, CaProperty::LOCALE).await?,
            certificates: certificates(client, numbers.certificates).await?,
            chain: bytes(client, CaProperty::CERTIFICATE_CHAIN, NEWEST).await?,
            exchange_certificate: bytes(client, CaProperty::EXCHANGE_CERTIFICATE, 0).await?,
            templates: templates.map(|value| parse_templates(&value)),
        })
    }
}

async fn certificates(
    client: &mut EnrollmentClient,
    count: u32,
) -> Result<Vec<CertificateInfo>, EnrollError> {
    let states = bytes(client, CaProperty::CERTIFICATE_STATES, 0).await?.unwrap_or_default();
    let crl_states = bytes(client, CaProperty::CRL_STATES, 0).await?.unwrap_or_default();
    let versions = bytes(client, CaProperty::CERTIFICATE_VERSIONS, 0).await?.unwrap_or_default();
    let versions = parse_numbers(&versions);
    let mut certificates = Vec::new();
    for (at, index) in (0_usize..).zip(0..count.min(MAX_CERTIFICATES)) {
        let index = i32::try_from(index).unwrap_or(NEWEST);
        certificates.push(CertificateInfo {
            certificate: bytes(client, CaProperty::CERTIFICATE, index).await?,
            state: states.get(at).copied(),
            version: versions.get(at).copied(),
            base_crl: bytes(client, CaProperty::BASE_CRL, index).await?,
            delta_crl: bytes(client, CaProperty::DELTA_CRL, index).await?,
            crl_state: crl_states.get(at).copied(),
            crl_urls: lines(client, CaProperty::CRL_URLS, index).await?,
            issuer_urls: lines(client, CaProperty::ISSUER_URLS, index).await?,
            ocsp_urls: lines(client, CaProperty::OCSP_URLS, index).await?,
        });
    }
    Ok(certificates)
}

/// A value, where the CA has one.
async fn value(
    client: &mut EnrollmentClient,
    property: CaProperty,
    index: i32,
) -> Result<Option<Vec<u8>>, EnrollError> {
    match client.property(property, index).await {
        Ok(value) => Ok(Some(value)),
        Err(EnrollError::Call(_) | EnrollError::NotOffered(..)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn bytes(
    client: &mut EnrollmentClient,
    property: CaProperty,
    index: i32,
) -> Result<Option<Vec<u8>>, EnrollError> {
    Ok(value(client, property, index).await?.filter(|value| !value.is_empty()))
}

async fn text(
    client: &mut EnrollmentClient,
    property: CaProperty,
) -> Result<Option<String>, EnrollError> {
    let value = value(client, property, 0).await?;
    Ok(value.map(|value| parse_text(&value)).filter(|text| !text.is_empty()))
}

async fn lines(
    client: &mut EnrollmentClient,
    property: CaProperty,
    index: i32,
) -> Result<Vec<String>, EnrollError> {
    Ok(value(client, property, index).await?.map(|value| parse_lines(&value)).unwrap_or_default())
}
