//! `wcce ca-info` and `wcce templates`.

use std::error::Error;
use std::io::Write;
use std::time::SystemTime;

use clap::Args;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wcce::asn1::{Certificate, CertificateList, Hash, Name, pem};
use wcce::client::offers::CaOffer;
use wcce::client::property::{CaProperty, parse_templates};
use wcce::client::{CaInfo as Told, CertificateInfo, state_name};

use crate::Done;
use crate::args::CaArgs;

type Failure = Box<dyn Error>;

#[derive(Args)]
pub struct CaInfo {
    #[command(flatten)]
    ca: CaArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// With a Kerberos ticket, the directory tells what you may enroll for, at which CA. Without one, or
/// where no directory answers, --server tells what it offers, and not to whom.
#[derive(Args)]
pub struct Templates {
    #[command(flatten)]
    ca: CaArgs,
    /// List also templates that you may not enroll for
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl CaInfo {
    pub async fn run(self) -> Result<Done, Failure> {
        let mut client = self.ca.connect(None).await?;
        let told = Told::fetch(&mut client).await;
        let closed = client.close().await;
        let told = told?;
        let mut out = std::io::stdout().lock();
        match self.json {
            true => writeln!(out, "{:#}", to_json(&told))?,
            false => write_text(&mut out, &told)?,
        }
        closed?;
        Ok(Done::Fine)
    }
}

impl Templates {
    pub async fn run(self) -> Result<Done, Failure> {
        match self.ca.offers().await {
            Ok(offers) => match self.ca.named(offers)? {
                offers if offers.is_empty() && self.ca.names_server() => {
                    self.offered("the directory does not know this CA").await
                }
                offers => self.allowed(&offers),
            },
            Err(problem) if self.ca.names_server() => self.offered(&problem.to_string()).await,
            Err(problem) => Err(format!(
                "no directory tells what you may enrol for: {problem}; with --server HOST, that CA \
                 is asked what it offers"
            )
            .into()),
        }
    }

    /// What the caller may enroll for, by the directory.
    fn allowed(&self, offers: &[CaOffer]) -> Result<Done, Failure> {
        let rows = offers.iter().flat_map(|ca| ca.templates.iter().map(move |one| (ca, one)));
        let rows: Vec<_> = rows.filter(|(_, one)| self.all || one.rights.enroll).collect();
        let mut out = std::io::stdout().lock();
        if self.json {
            let templates: Vec<_> = rows
                .iter()
                .map(|(ca, one)| {
                    json!({
                        "name": one.name, "display_name": one.display_name, "oid": one.oid,
                        "ca": ca.name, "host": ca.host,
                        "rights": {
                            "enroll": one.rights.enroll, "autoenroll": one.rights.autoenroll,
                        },
                    })
                })
                .collect();
            writeln!(out, "{:#}", json!({ "directory": true, "templates": templates }))?;
            return Ok(Done::Fine);
        }
        let names = rows.iter().map(|(_, one)| one.name.chars().count());
        let width = names.max().unwrap_or(0).max(8);
        let right = |right| if right { "yes" } else { "no" };
        writeln!(out, "{:width$}  ENROLL  AUTOENROLL  CA", "TEMPLATE")?;
        for (ca, one) in rows {
            let (enroll, autoenroll) = (right(one.rights.enroll), right(one.rights.autoenroll));
            let (name, host) = (&one.name, &ca.host);
            writeln!(out, "{name:width$}  {enroll:6}  {autoenroll:10}  {} ({host})", ca.name)?;
        }
        Ok(Done::Fine)
    }

    /// What the CA that is named offers to anybody.
    async fn offered(&self, problem: &str) -> Result<Done, Failure> {
        let mut client = self.ca.connect(None).await?;
        let offered = client.property(CaProperty::TEMPLATES, 0).await;
        let authority = client.authority().to_owned();
        let closed = client.close().await;
        let offered = parse_templates(&offered?);
        let mut out = std::io::stdout().lock();
        if self.json {
            let templates: Vec<_> = offered
                .iter()
                .map(|one| {
                    json!({ "name": one.name, "oid": one.oid, "ca": authority, "rights": null })
                })
                .collect();
            writeln!(out, "{:#}", json!({ "directory": false, "templates": templates }))?;
        } else {
            let names = offered.iter().map(|template| template.name.chars().count());
            let width = names.max().unwrap_or(0).max(8);
            writeln!(out, "{:width$}  OID", "TEMPLATE")?;
            for template in &offered {
                writeln!(out, "{:width$}  {}", template.name, template.oid)?;
            }
        }
        eprintln!(
            "This is only what {authority} offers. Whether you may enrol for it is in the \
             directory, which was not read: {problem}."
        );
        closed?;
        Ok(Done::Fine)
    }
}

/// A certificate in a few words.
struct Summary {
    subject: String,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    sha256: String,
}

impl Summary {
    fn of(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::parse(der).ok()?;
        let name = |der| Name::from_der(der).map(|name| name.to_string()).unwrap_or_default();
        Some(Self {
            subject: name(certificate.subject),
            issuer: name(certificate.issuer),
            serial: hex::encode(certificate.serial),
            not_before: time_text(certificate.not_before),
            not_after: time_text(certificate.not_after),
            sha256: hex::encode(Hash::Sha256.digest(der)),
        })
    }
}

fn time_text(time: SystemTime) -> String {
    OffsetDateTime::from(time).format(&Rfc3339).unwrap_or_default()
}

fn write_text(out: &mut impl Write, told: &Told) -> std::io::Result<()> {
    let numbers = &told.numbers;
    let mut line = |name: &str, value: &str| writeln!(out, "{name:22}{value}");
    line("CA", &told.name)?;
    line("Type", numbers.type_name())?;
    for (name, value) in [
        ("Sanitized name", &told.sanitized_name),
        ("Name in the directory", &told.short_name),
        ("Host", &told.dns_name),
        ("Parent", &told.parent),
        ("File version", &told.file_version),
        ("Product version", &told.product_version),
        ("Policy", &told.policy),
        ("Language", &told.locale),
    ] {
        line(name, value.as_deref().unwrap_or("-"))?;
    }
    line("Exit modules", &numbers.exits.to_string())?;
    line("Roles separated", if numbers.role_separation { "yes" } else { "no" })?;
    let agents = format!("{} of {}", numbers.kra_used, numbers.kra);
    line("Recovery agents used", &agents)?;
    line("Highest property", &numbers.max_property.to_string())?;
    if let Some(templates) = &told.templates {
        line("Templates", &format!("{} (see `wcce templates`)", templates.len()))?;
    }
    for (index, info) in told.certificates.iter().enumerate() {
        write_certificate(out, index, info)?;
    }
    match told.exchange_certificate.as_deref().and_then(Summary::of) {
        Some(summary) => {
            writeln!(out, "Exchange certificate")?;
            write_summary(out, &summary)
        }
        None => writeln!(out, "{:22}none", "Exchange certificate"),
    }
}

fn write_certificate(
    out: &mut impl Write,
    index: usize,
    info: &CertificateInfo,
) -> std::io::Result<()> {
    let state = info.state.map_or("state unknown", state_name);
    writeln!(out, "Certificate {index}: {state}")?;
    if let Some(summary) = info.certificate.as_deref().and_then(Summary::of) {
        write_summary(out, &summary)?;
    }
    for (name, crl) in [("base CRL", &info.base_crl), ("delta CRL", &info.delta_crl)] {
        let Some(crl) = crl.as_deref().and_then(|der| CertificateList::parse(der).ok()) else {
            continue;
        };
        let next = time_text(crl.next_update);
        let this = time_text(crl.this_update);
        writeln!(out, "  {name:20}{this} to {next}, {} revoked", crl.revoked.len())?;
    }
    for (name, urls) in [
        ("CRLs at", &info.crl_urls),
        ("certificate at", &info.issuer_urls),
        ("OCSP at", &info.ocsp_urls),
    ] {
        for url in urls {
            writeln!(out, "  {name:20}{url}")?;
        }
    }
    Ok(())
}

fn write_summary(out: &mut impl Write, summary: &Summary) -> std::io::Result<()> {
    writeln!(out, "  {:20}{}", "subject", summary.subject)?;
    writeln!(out, "  {:20}{}", "issuer", summary.issuer)?;
    writeln!(out, "  {:20}{}", "serial number", summary.serial)?;
    writeln!(out, "  {:20}{} to {}", "valid", summary.not_before, summary.not_after)?;
    writeln!(out, "  {:20}{}", "SHA-256", summary.sha256)
}

fn to_json(told: &Told) -> Value {
    let numbers = &told.numbers;
    let templates = told.templates.as_ref().map(|templates| {
        templates.iter().map(|t| json!({ "name": t.name, "oid": t.oid })).collect::<Vec<_>>()
    });
    json!({
        "name": told.name,
        "sanitized_name": told.sanitized_name,
        "short_name": told.short_name,
        "type": numbers.type_name(),
        "type_number": numbers.ca_type,
        "dns_name": told.dns_name,
        "parent": told.parent,
        "file_version": told.file_version,
        "product_version": told.product_version,
        "policy": told.policy,
        "locale": told.locale,
        "exit_modules": numbers.exits,
        "max_property": numbers.max_property,
        "role_separation": numbers.role_separation,
        "advanced_server": numbers.advanced_server,
        "recovery_agents": { "used": numbers.kra_used, "configured": numbers.kra },
        "certificates": told.certificates.iter().map(certificate_json).collect::<Vec<_>>(),
        "chain": told.chain.as_deref().map(|der| pem_text("PKCS7", der)),
        "exchange_certificate": told.exchange_certificate.as_deref().map(summary_json),
        "templates": templates,
    })
}

fn certificate_json(info: &CertificateInfo) -> Value {
    let crl = |der: &Option<Vec<u8>>| der.as_deref().map(|der| pem_text("X509 CRL", der));
    json!({
        "certificate": info.certificate.as_deref().map(summary_json),
        "state": info.state.map(state_name),
        "version": info.version,
        "base_crl": crl(&info.base_crl),
        "delta_crl": crl(&info.delta_crl),
        "crl_state": info.crl_state.map(state_name),
        "crl_urls": info.crl_urls,
        "issuer_urls": info.issuer_urls,
        "ocsp_urls": info.ocsp_urls,
    })
}

fn summary_json(der: &[u8]) -> Value {
    let pem = pem_text("CERTIFICATE", der);
    match Summary::of(der) {
        None => json!({ "pem": pem }),
        Some(summary) => json!({
            "subject": summary.subject,
            "issuer": summary.issuer,
            "serial": summary.serial,
            "not_before": summary.not_before,
            "not_after": summary.not_after,
            "sha256": summary.sha256,
            "pem": pem,
        }),
    }
}

fn pem_text(label: &str, der: &[u8]) -> String {
    pem::encode(label, der).to_string()
}
