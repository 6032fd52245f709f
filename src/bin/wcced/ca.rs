//! `wcced ca`: the CA's own certificates, while wcced is stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Args, Subcommand, ValueEnum};
use wcce::asn1::pem;
use wcce::ca::{CertificateAuthority, RenewalKey, StateFolder, install, renew_root, request};
use wcce::config::Config;
use wcce::server::control::Client;

use crate::{Failure, columns, write_new};

#[derive(Subcommand)]
pub enum Ca {
    /// Makes the CA's key and a request for a CA above it (PKCS#10), or one to renew its
    /// certificate.
    Request(Request),
    /// Takes the certificate that the CA above has issued, with its chain.
    Install(Install),
    /// Renews the certificate of a root. With a new key, the keys vouch for each other by cross
    /// certificates, and each signs CRLs while its certificate is valid.
    Renew(Renew),
    /// Shows the CA's certificates and keys.
    Show(Show),
}

#[derive(Args)]
pub struct Request {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// Where to write the request (PEM). Nothing is overwritten.
    #[arg(long)]
    out: PathBuf,
    /// Renew, for this key.
    #[arg(long, value_enum)]
    renew: Option<Key>,
}

#[derive(Args)]
pub struct Install {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// The certificate with those above it up to the root: PEM, DER or PKCS#7; can be repeated.
    #[arg(long, required = true)]
    certificate: Vec<PathBuf>,
}

#[derive(Args)]
pub struct Renew {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// For the key that the CA has, or a new one.
    #[arg(long, value_enum)]
    key: Key,
}

#[derive(Args)]
pub struct Show {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Key {
    SameKey,
    NewKey,
}

impl From<Key> for RenewalKey {
    fn from(key: Key) -> Self {
        match key {
            Key::SameKey => Self::Same,
            Key::NewKey => Self::New,
        }
    }
}

impl Ca {
    pub fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Request(arguments) => arguments.run(),
            Self::Install(arguments) => arguments.run(),
            Self::Renew(arguments) => arguments.run(),
            Self::Show(arguments) => arguments.run(),
        }
    }
}

/// The configuration and the state folder, which no running server may have.
fn stopped(config: &Path) -> Result<(Config, StateFolder), Failure> {
    let config = Config::load(config)?;
    let state = StateFolder::new(&config.state);
    match Client::connect(&state.control())? {
        Some(_) => Err("stop wcced first: it holds the CA's keys".into()),
        None => Ok((config, state)),
    }
}

impl Request {
    fn run(&self) -> Result<(), Failure> {
        let (config, state) = stopped(&self.config)?;
        let key = self.renew.map(RenewalKey::from);
        let der = request(&config.ca, &state, key, SystemTime::now())?;
        write_new(&self.out, &pem::encode("CERTIFICATE REQUEST", &der), 0o644)?;
        println!("have a CA above sign it, then run: wcced ca install --certificate FILE");
        Ok(())
    }
}

impl Install {
    fn run(&self) -> Result<(), Failure> {
        let (config, state) = stopped(&self.config)?;
        let mut content = Vec::new();
        for path in &self.certificate {
            let read = fs::read(path);
            let read = read.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            // One DER file stays what it is; several become PEM.
            match (self.certificate.len(), read.first()) {
                (2.., Some(0x30)) => {
                    content.extend_from_slice(pem::encode("CERTIFICATE", &read).as_bytes());
                }
                _ => content.extend_from_slice(&read),
            }
        }
        let path = install(&config.ca, &state, &content, SystemTime::now())?;
        println!("installed {}", path.display());
        println!("start wcced: it publishes CRLs for each of the CA's keys");
        Ok(())
    }
}

impl Renew {
    fn run(&self) -> Result<(), Failure> {
        let (config, state) = stopped(&self.config)?;
        for path in renew_root(&config.ca, &state, self.key.into(), SystemTime::now())? {
            println!("wrote {}", path.display());
        }
        println!("back up {}, publish the certificates, start wcced", state.path().display());
        Ok(())
    }
}

impl Show {
    fn run(&self) -> Result<(), Failure> {
        let config = Config::load(&self.config)?;
        let state = StateFolder::new(&config.state);
        let ca = CertificateAuthority::load(&config.ca, &state, SystemTime::now())?
            .ok_or("there is no CA yet")?;
        for ca in ca.earlier().iter().map(|ca| &**ca).chain([&ca]) {
            let (generation, certificate) = (ca.generation(), ca.certificate());
            println!(
                "certificate {}, key {}: {} until {}, serial number {}",
                generation.certificate,
                generation.key,
                columns::time(certificate.not_before),
                columns::time(certificate.not_after),
                certificate.serial,
            );
        }
        for cross in ca.cross_certificates() {
            println!("key {} vouches for key {}", cross.by, cross.of);
        }
        Ok(())
    }
}
