//! `wcce enroll`.

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wcce::asn1::extensions::TemplateInformation;
use wcce::asn1::{Name, SubjectPublicKeyInfo};
use wcce::client::property::{CaProperty, parse_templates};
use wcce::client::{
    Answer, AnswerError, CertificateRequest, EnrollError, EnrollmentClient, Identity, KeyKind,
    Outcome, RequestKey, Signers, TemplateId, attributes_string, cms_on_behalf_of, parse_name,
};
use wcce::model::{KeyUsage, Oid, RequestFormat};

use crate::Done;
use crate::args::CaArgs;
use crate::files::{Out, Prepared, read, read_identity, read_key};

type Failure = Box<dyn Error>;

#[derive(Args)]
pub struct Enroll {
    #[command(flatten)]
    ca: CaArgs,
    #[command(flatten)]
    content: Content,
    #[command(flatten)]
    form: Form,
    /// Kind of a new key: rsa2048, rsa3072, rsa4096, p256, p384, p521 or ed25519
    #[arg(long, value_name = "KIND", default_value = "rsa2048", conflicts_with = "key")]
    key_type: KeyKind,
    /// Sign with this key (PEM or DER, mode 0600) instead of a new one
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Submit this request (PKCS#10, CMS or CMC; PEM or DER) instead of making one
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["subject", "san", "eku", "key_usage", "key_type", "key", "format"])]
    csr: Option<PathBuf>,
    #[command(flatten)]
    agent: Agent,
    #[command(flatten)]
    out: Out,
}

/// What is asked for.
#[derive(Args)]
pub struct Content {
    /// Certificate template: its name, such as User or WebServer, or its OID
    #[arg(long, value_name = "NAME|OID")]
    template: Option<String>,
    /// Version of the template that is meant, where it is given by OID
    #[arg(long, value_name = "MAJOR.MINOR", value_parser = parse_version)]
    template_version: Option<(u32, u32)>,
    /// Subject, such as CN=host,O=Example; most templates build it themselves
    #[arg(long, default_value = "")]
    subject: String,
    /// Subject alternative name: dns=, upn=, email=, uri= or ip=; can be repeated
    #[arg(long, value_name = "TYPE=VALUE")]
    san: Vec<String>,
    /// Key purpose as OID; can be repeated. Most templates say it themselves
    #[arg(long, value_name = "OID")]
    eku: Vec<Oid>,
    /// Key usage as hexadecimal number, such as a0 (digitalSignature, keyEncipherment)
    #[arg(long, value_name = "HEX", value_parser = parse_usage)]
    key_usage: Option<KeyUsage>,
    /// Further request attribute; can be repeated
    #[arg(long, value_name = "NAME:VALUE")]
    attribute: Vec<String>,
}

/// The format of a request.
#[derive(Args)]
pub struct Form {
    /// Format of the request; by default the one that Windows takes: PKCS#10 (or CMS, for
    /// renewals and on behalf of others) for templates of version 1, CMC for all others
    #[arg(long, value_enum)]
    format: Option<FormatArg>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// PKCS#10
    Pkcs10,
    /// CMS (PKCS#7) with a PKCS#10 inside
    Cms,
    /// CMC
    Cmc,
}

/// Enrollment agents.
#[derive(Args)]
struct Agent {
    /// Ask for the certificate of another account, as an enrollment agent
    #[arg(long, value_name = r"DOMAIN\USER", requires = "agent_cert")]
    on_behalf_of: Option<String>,
    /// Certificate that signs the request too: the enrollment agent's, as PKCS#12, or PEM with
    /// its key
    #[arg(long, value_name = "FILE")]
    agent_cert: Option<PathBuf>,
    /// Key of --agent-cert (PEM, mode 0600), where that is a certificate alone
    #[arg(long, value_name = "FILE", requires = "agent_cert")]
    agent_key: Option<PathBuf>,
    /// File with the password of --agent-cert in its first line, where that is PKCS#12; without
    /// it, the password is asked for
    #[arg(long, value_name = "FILE", requires = "agent_cert")]
    agent_password_file: Option<PathBuf>,
}

impl Enroll {
    pub async fn run(mut self) -> Result<Done, Failure> {
        self.out.call(self.content.template.as_deref().unwrap_or("certificate"));
        let agents: Vec<Identity> = self.agent.identity()?.into_iter().collect();
        let given = self.csr.as_deref().map(read).transpose()?;
        let key = match (&self.key, &given) {
            (Some(path), _) => Some(read_key(path)?),
            (None, Some(_)) if self.out.wants_pkcs12() => {
                return Err("--pkcs12 needs the key, which is not in a --csr".into());
            }
            (None, _) => None,
        };
        let new_key = key.is_none() && given.is_none();
        let mut prepared = self.out.prepare(new_key)?;
        let mut request = self.content.request()?;
        request.client = Some(self.ca.description());
        let mut client = self.ca.connect(self.content.template.as_deref()).await?;
        if let Some(given) = given {
            let answer = self.submit_given(&mut client, &given, &agents).await;
            return conclude(client, prepared, answer, None).await;
        }
        if self.ca.has_properties() {
            request.template = by_oid(&mut client, request.template, &self.content).await?;
        }
        let key = match key {
            Some(key) => key,
            None => {
                let key = RequestKey::generate(self.key_type)?;
                prepared.keep(&key)?;
                key
            }
        };
        let signers = Signers {
            renews: None,
            cosigners: &agents,
            on_behalf_of: self.agent.on_behalf_of.as_deref(),
        };
        let made = self.form.encode(&request, &key, signers);
        let answer = match made {
            Ok((format, message)) => {
                let attributes = request.attributes_string();
                submit(&mut client, format, &message, attributes).await
            }
            Err(error) => {
                prepared.discard()?;
                Err(error)
            }
        };
        conclude(client, prepared, answer, Some(&key)).await
    }

    /// Submits a request that was made elsewhere, around which an agent may put its signature.
    async fn submit_given(
        &self,
        client: &mut EnrollmentClient,
        given: &[u8],
        agents: &[Identity],
    ) -> Result<Answer, Failure> {
        let mut attributes = self.content.attributes()?;
        if let Some(template) = &self.content.template {
            attributes.push(("CertificateTemplate".to_owned(), template.clone()));
        }
        let attributes = attributes_string(&attributes);
        match (agents, &self.agent.on_behalf_of) {
            ([agent], Some(target)) => {
                let pkcs10 = der_of(given)?;
                let message = cms_on_behalf_of(&pkcs10, target, agent)?;
                submit(client, Some(RequestFormat::Cms), &message, attributes).await
            }
            ([], _) => submit(client, None, given, attributes).await,
            _ => {
                Err("--agent-cert signs a --csr on behalf of others only: add --on-behalf-of"
                    .into())
            }
        }
    }
}

/// The DER of a file in PEM or DER.
fn der_of(file: &[u8]) -> Result<Vec<u8>, Failure> {
    let blocks = wcce::asn1::pem::decode(file).unwrap_or_default();
    match blocks.first() {
        Some(block) => Ok(block.der.to_vec()),
        None => Ok(file.to_vec()),
    }
}

impl Content {
    /// The request, with the template as it was given.
    pub fn request(&self) -> Result<CertificateRequest, Failure> {
        let template = self.template.as_deref().map(|template| match template.parse::<Oid>() {
            Ok(oid) => TemplateId::Information(self.information(oid)),
            Err(_) => template.into(),
        });
        Ok(CertificateRequest {
            subject: Name::parse(&self.subject)?,
            names: self.san.iter().map(|name| parse_name(name)).collect::<Result<_, _>>()?,
            template,
            extended_key_usage: self.eku.clone(),
            key_usage: self.key_usage,
            attributes: self.attributes()?,
            client: None,
        })
    }

    /// With version 0.0 where none is given, which no CA finds too new. (Windows does not read
    /// the extension without a version.)
    fn information(&self, oid: Oid) -> TemplateInformation {
        let (major, minor) = self.template_version.unwrap_or((0, 0));
        TemplateInformation { oid, major: Some(major), minor: Some(minor) }
    }

    fn attributes(&self) -> Result<Vec<(String, String)>, Failure> {
        let pairs = self.attribute.iter().map(|attribute| {
            let pair = attribute.split_once(':');
            let (name, value) =
                pair.ok_or_else(|| format!("attribute `{attribute}` is not NAME:VALUE"))?;
            Ok((name.to_owned(), value.to_owned()))
        });
        pairs.collect()
    }
}

impl Form {
    /// The request in the format that was asked for, or that Windows would take ([MS-WCCE]
    /// 3.1.2.4.2.1).
    pub fn encode(
        &self,
        request: &CertificateRequest,
        key: &RequestKey,
        signers: Signers<'_>,
    ) -> Result<(Option<RequestFormat>, Vec<u8>), Failure> {
        let alone = signers.renews.is_none() && signers.cosigners.is_empty();
        let version1 = request.template.as_ref().is_none_or(is_version1);
        let format = self.format.unwrap_or(match (version1, alone) {
            (false, _) => FormatArg::Cmc,
            (true, true) => FormatArg::Pkcs10,
            (true, false) => FormatArg::Cms,
        });
        let (format, message) = match format {
            FormatArg::Pkcs10 if !alone => {
                return Err("PKCS#10 has no room for another signature: \
                            choose --format cms or --format cmc"
                    .into());
            }
            FormatArg::Pkcs10 => (RequestFormat::Pkcs10, request.to_pkcs10(key)?),
            FormatArg::Cms => (RequestFormat::Cms, request.to_cms(key, signers)?),
            FormatArg::Cmc => (RequestFormat::Cmc, request.to_cmc(key, signers)?),
        };
        Ok((Some(format), message))
    }
}

impl Agent {
    fn identity(&self) -> Result<Option<Identity>, Failure> {
        let (key, password) = (self.agent_key.as_deref(), self.agent_password_file.as_deref());
        self.agent_cert.as_deref().map(|path| read_identity(path, key, password)).transpose()
    }
}

/// Templates of version 1: those that Windows 2000 came with. Nobody can make more of them.
const VERSION1: [&str; 24] = [
    "Administrator",
    "CA",
    "CEPEncryption",
    "ClientAuth",
    "CodeSigning",
    "CTLSigning",
    "DomainController",
    "EFS",
    "EFSRecovery",
    "EnrollmentAgent",
    "EnrollmentAgentOffline",
    "ExchangeUser",
    "ExchangeUserSignature",
    "IPSECIntermediateOffline",
    "IPSECIntermediateOnline",
    "Machine",
    "MachineEnrollmentAgent",
    "OfflineRouter",
    "SmartcardLogon",
    "SmartcardUser",
    "SubCA",
    "User",
    "UserSignature",
    "WebServer",
];

fn is_version1(template: &TemplateId) -> bool {
    match template {
        TemplateId::Name(name) => VERSION1.iter().any(|known| known.eq_ignore_ascii_case(name)),
        TemplateId::Information(_) => false,
    }
}

/// The template by OID, where it is of a later version than 1 and the CA tells its OID.
async fn by_oid(
    client: &mut EnrollmentClient,
    template: Option<TemplateId>,
    content: &Content,
) -> Result<Option<TemplateId>, Failure> {
    let Some(TemplateId::Name(name)) = &template else { return Ok(template) };
    if is_version1(&TemplateId::Name(name.clone())) {
        return Ok(template);
    }
    let offered = match client.property(CaProperty::TEMPLATES, 0).await {
        Ok(value) => parse_templates(&value),
        // A CA that does not tell takes names too.
        Err(EnrollError::Call(_) | EnrollError::NotOffered(..)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let found = offered.iter().find(|offered| offered.name.eq_ignore_ascii_case(name));
    let oid = found.and_then(|offered| offered.oid.parse().ok());
    Ok(oid.map(|oid| TemplateId::Information(content.information(oid))).or(template))
}

/// Submits a request.
pub async fn submit(
    client: &mut EnrollmentClient,
    format: Option<RequestFormat>,
    message: &[u8],
    attributes: Result<String, wcce::client::RequestError>,
) -> Result<Answer, Failure> {
    Ok(client.submit_as(format, message, &attributes?).await?)
}

/// Stores the answer, then takes leave of the CA. An error before is told rather than one then.
pub async fn conclude(
    client: EnrollmentClient,
    mut prepared: Prepared<'_>,
    answer: Result<Answer, Failure>,
    key: Option<&RequestKey>,
) -> Result<Done, Failure> {
    let done = match answer {
        Ok(answer) => match checked(answer, key) {
            Ok(answer) => prepared.finish(answer, key),
            Err(error) => Err(error.into()),
        },
        Err(error) => {
            // Where the connection broke, the CA may have issued it, and the key is needed.
            if matches!(error.downcast_ref(), Some(EnrollError::Call(_))) {
                prepared.discard()?;
            }
            Err(error)
        }
    };
    let closed = client.close().await;
    let done = done?;
    closed?;
    Ok(done)
}

/// The answer, if its certificate is for this key.
fn checked(answer: Answer, key: Option<&RequestKey>) -> Result<Answer, AnswerError> {
    if let (Some(key), Outcome::Issued { .. }) = (key, &answer.outcome) {
        SubjectPublicKeyInfo::parse(key.public_key())?;
        answer.check_key(key.public_key())?;
    }
    Ok(answer)
}

fn parse_version(text: &str) -> Result<(u32, u32), String> {
    let version = text
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    version.ok_or_else(|| "a version is MAJOR.MINOR, such as 100.5".to_owned())
}

fn parse_usage(text: &str) -> Result<KeyUsage, String> {
    let form = || "key usage is one or two bytes in hexadecimal, such as a0 or a080".to_owned();
    let mut bytes = [0; 2];
    let digits = text.trim_start_matches("0x");
    let part = bytes.get_mut(..digits.len() / 2).ok_or_else(form)?;
    if part.is_empty() {
        return Err(form());
    }
    hex::decode_to_slice(digits, part).map_err(|_| form())?;
    Ok(KeyUsage(u16::from_be_bytes(bytes)))
}
