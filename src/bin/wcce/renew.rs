//! `wcce renew` and `wcce retrieve`.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use wcce::asn1::extensions::{decode_template_information, decode_template_name, find};
use wcce::asn1::{Certificate, Name, decode_general_names, oids};
use wcce::client::{CertificateRequest, Identity, KeyKind, RequestKey, Signers, TemplateId};

use crate::Done;
use crate::args::CaArgs;
use crate::enroll::{Form, conclude, submit};
use crate::files::{Out, read_identity, read_key};

type Failure = Box<dyn Error>;

#[derive(Args)]
pub struct Renew {
    #[command(flatten)]
    ca: CaArgs,
    /// Certificate to be renewed, as PKCS#12, or PEM with its key
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// Key of --cert (PEM or DER, mode 0600), where that is a certificate alone
    #[arg(long = "key", value_name = "FILE")]
    old_key: Option<PathBuf>,
    /// File with the password of --cert in its first line, where that is PKCS#12; without it, the
    /// password is asked for
    #[arg(long, value_name = "FILE")]
    cert_password_file: Option<PathBuf>,
    /// Keep the key of the old certificate
    #[arg(long, conflicts_with = "key_type")]
    same_key: bool,
    /// Kind of the new key: rsa2048, rsa3072, rsa4096, p256, p384, p521 or ed25519
    #[arg(long, value_name = "KIND", default_value = "rsa2048")]
    key_type: KeyKind,
    /// Ask for the subject and the alternative names of the old certificate, for templates that
    /// have the requester supply them
    #[arg(long)]
    keep_names: bool,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    out: Out,
}

#[derive(Args)]
pub struct Retrieve {
    #[command(flatten)]
    ca: CaArgs,
    /// The request's id
    #[arg(long, required_unless_present = "serial", conflicts_with = "serial")]
    id: Option<u32>,
    /// The certificate's serial number in hexadecimal (not with --rpc icpr)
    #[arg(long, value_name = "HEX", value_parser = parse_serial)]
    serial: Option<String>,
    /// The request's key (PEM or DER, mode 0600): the certificate must be for it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    out: Out,
}

impl Renew {
    pub async fn run(self) -> Result<Done, Failure> {
        let password = self.cert_password_file.as_deref();
        let old = read_identity(&self.cert, self.old_key.as_deref(), password)?;
        let mut request = of_old(&old, self.keep_names)
            .map_err(|error| format!("{}: {error}", self.cert.display()))?;
        request.client = Some(self.ca.description());
        let mut prepared = self.out.prepare(!self.same_key)?;
        let made = match self.same_key {
            true => None,
            false => Some(RequestKey::generate(self.key_type)?),
        };
        let key = made.as_ref().unwrap_or(old.key());
        let signers = Signers { renews: Some(&old), ..Signers::default() };
        let (format, message) = self.form.encode(&request, key, signers)?;
        let template = request.template.as_ref().map(TemplateId::text);
        let mut client = self.ca.connect(template.as_deref()).await?;
        if let Some(key) = &made {
            prepared.keep(key)?;
        }
        let answer = submit(&mut client, format, &message, request.attributes_string()).await;
        conclude(client, prepared, answer, Some(key)).await
    }
}

/// The request that renews this certificate: for the same template.
fn of_old(old: &Identity, keep_names: bool) -> Result<CertificateRequest, Failure> {
    let certificate = Certificate::parse(old.certificate())?;
    let extension = |oid| find(&certificate.extensions, &oid);
    let template = match (extension(oids::CERTIFICATE_TEMPLATE), extension(oids::ENROLL_CERTTYPE)) {
        (Some(information), _) => {
            TemplateId::Information(decode_template_information(&information.value)?)
        }
        (None, Some(name)) => TemplateId::Name(decode_template_name(&name.value)?),
        (None, None) => {
            return Err("the certificate names no template: enroll for a new one".into());
        }
    };
    let mut request = CertificateRequest { template: Some(template), ..Default::default() };
    if keep_names {
        request.subject = Name::from_der(certificate.subject)?;
        if let Some(names) = extension(oids::SUBJECT_ALT_NAME) {
            request.names = decode_general_names(&names.value)?;
        }
    }
    Ok(request)
}

impl Retrieve {
    pub async fn run(self) -> Result<Done, Failure> {
        let key = self.key.as_deref().map(read_key).transpose()?;
        if self.out.wants_pkcs12() && key.is_none() {
            return Err("--pkcs12 needs the request's key: add --key FILE".into());
        }
        let prepared = self.out.prepare(false)?;
        let mut client = self.ca.connect(None).await?;
        let answer = match &self.serial {
            Some(serial) => client.retrieve_by_serial(serial).await,
            None => client.retrieve(self.id.unwrap_or_default()).await,
        };
        conclude(client, prepared, answer.map_err(Failure::from), key.as_ref()).await
    }
}

/// A serial number as CAs take it: an even number of digits, one zero in front at most ([MS-WCCE]
/// 3.2.1.4.2.1.3).
fn parse_serial(text: &str) -> Result<String, String> {
    let text = text.trim_start_matches("0x").replace([' ', ':'], "").to_ascii_lowercase();
    let digits = text.trim_start_matches('0');
    if digits.is_empty() || digits.len() > 40 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("a serial number is 1 to 40 hexadecimal digits".to_owned());
    }
    let zero = if digits.len().is_multiple_of(2) { "" } else { "0" };
    Ok(format!("{zero}{digits}"))
}
