//! Files with keys and certificates: what is read, and where results go.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use wcce::asn1::cms::SignedData;
use wcce::asn1::{SubjectPublicKeyInfo, pem};
use wcce::client::{Answer, Identity, Outcome, RequestKey, pkcs12};
use zeroize::Zeroizing;

use crate::Done;
use crate::args::password;

type Failure = Box<dyn Error>;

/// Where results go, and in which form.
#[derive(Args)]
pub struct Out {
    /// Where results go: NAME.key, NAME.crt and NAME.p7b (the chain); none may exist. By default
    /// the template's name, or `certificate`
    #[arg(long = "out", value_name = "NAME")]
    name: Option<PathBuf>,
    /// Store key, certificate and chain in NAME.p12 too, encrypted by a password; a new key is
    /// then kept nowhere else
    #[arg(long)]
    pkcs12: bool,
    /// File with the password of NAME.p12 in its first line; without it, the password is asked for
    #[arg(long, value_name = "FILE", requires = "pkcs12")]
    pkcs12_password_file: Option<PathBuf>,
    /// Store a new key as PKCS#8 in DER, in NAME.p8, and not in PEM
    #[arg(long, conflicts_with = "pkcs12")]
    pkcs8_der: bool,
}

/// What is known before the answer.
pub struct Prepared<'a> {
    out: &'a Out,
    password: Option<Zeroizing<String>>,
    key_file: Option<PathBuf>,
}

impl Out {
    /// What results are called where --out does not say.
    pub fn call(&mut self, default: &str) {
        self.name.get_or_insert_with(|| PathBuf::from(default.replace('/', "_")));
    }

    /// Refuses to start what could not be stored, and asks for passwords. `new_key` says whether a
    /// key will be made.
    pub fn prepare(&self, new_key: bool) -> Result<Prepared<'_>, Failure> {
        let mut extensions = vec!["crt", "p7b"];
        if new_key {
            extensions.push(self.key_extension());
        }
        if self.pkcs12 {
            extensions.push("p12");
        }
        let there = extensions.iter().map(|extension| self.path(extension));
        if let Some(path) = there.into_iter().find(|path| path.symlink_metadata().is_ok()) {
            return Err(format!("{} exists: choose another --out", path.display()).into());
        }
        let file = self.pkcs12_password_file.as_deref();
        let of = self.path("p12");
        let password = self.pkcs12.then(|| password(file, &of.display())).transpose()?;
        Ok(Prepared { out: self, password, key_file: None })
    }

    /// Whether a PKCS#12 file is wanted.
    pub fn wants_pkcs12(&self) -> bool {
        self.pkcs12
    }

    fn key_extension(&self) -> &'static str {
        if self.pkcs8_der { "p8" } else { "key" }
    }

    fn path(&self, extension: &str) -> PathBuf {
        let name = self.name.as_deref().unwrap_or(Path::new("certificate"));
        let mut name = name.to_path_buf().into_os_string();
        name.push(".");
        name.push(extension);
        name.into()
    }

    fn write(&self, extension: &str, mode: u32, content: &[u8]) -> Result<PathBuf, String> {
        let path = self.path(extension);
        store(&path, mode, content).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

impl Prepared<'_> {
    /// Stores a new key, before anything is submitted: a certificate without its key is worth
    /// nothing.
    pub fn keep(&mut self, key: &RequestKey) -> Result<(), Failure> {
        let extension = self.out.key_extension();
        let pem = pem::encode("PRIVATE KEY", key.to_pkcs8());
        let content = if self.out.pkcs8_der { key.to_pkcs8() } else { pem.as_bytes() };
        self.key_file = Some(self.out.write(extension, 0o600, content)?);
        Ok(())
    }

    /// Removes a new key again, which has no certificate and gets none.
    pub fn discard(&mut self) -> Result<(), Failure> {
        match self.key_file.take() {
            Some(path) => Ok(std::fs::remove_file(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?),
            None => Ok(()),
        }
    }

    /// Stores what the CA answered, and says so. `key` is that of the certificate, where it is at
    /// hand.
    pub fn finish(mut self, answer: Answer, key: Option<&RequestKey>) -> Result<Done, Failure> {
        let Answer { request_id, outcome, message } = answer;
        match outcome {
            Outcome::Issued { certificate, chain } => {
                let text = pem::encode("CERTIFICATE", &certificate);
                let path = self.out.write("crt", 0o644, text.as_bytes())?;
                println!("request {request_id} issued: {}", path.display());
                if !chain.is_empty() {
                    self.out.write("p7b", 0o644, pem::encode("PKCS7", &chain).as_bytes())?;
                }
                if let (Some(password), Some(key)) = (&self.password, key) {
                    let file = to_pkcs12(key, &certificate, &chain, password)?;
                    let path = self.out.write("p12", 0o600, &file)?;
                    println!("with its key and chain: {}", path.display());
                    self.discard()?;
                }
                Ok(Done::Fine)
            }
            Outcome::Pending => {
                println!("request {request_id} is pending: {message}");
                match &self.key_file {
                    Some(path) => println!(
                        "fetch its result with `wcce retrieve --id {request_id} --key {}`",
                        path.display()
                    ),
                    None => println!("fetch its result with `wcce retrieve --id {request_id}`"),
                }
                Ok(Done::Pending)
            }
            Outcome::Refused(code) => {
                self.discard()?;
                Err(format!("request {request_id} was refused: {code}: {message}").into())
            }
        }
    }
}

fn to_pkcs12(
    key: &RequestKey,
    certificate: &[u8],
    chain: &[u8],
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let key_id = SubjectPublicKeyInfo::parse(key.public_key())?.key_id();
    let mut certificates = vec![certificate];
    let chain = if chain.is_empty() { None } else { Some(SignedData::parse(chain)?) };
    let others = chain.iter().flat_map(|data| &data.certificates);
    certificates.extend(others.filter(|other| **other != certificate));
    Ok(pkcs12::write(key.to_pkcs8(), &certificates, &key_id, password)?)
}

fn store(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    // The name too: a key that is lost after its certificate was issued is lost for good.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Reads a private key.
pub fn read_key(path: &Path) -> Result<RequestKey, Failure> {
    let content = read_secret(path)?;
    RequestKey::from_file(&content).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Reads a certificate with its key: PKCS#12 (whose password is in a file, or asked for), or PEM
/// with the key in the same file or in another.
pub fn read_identity(
    certificate: &Path,
    key: Option<&Path>,
    password_file: Option<&Path>,
) -> Result<Identity, Failure> {
    let content = read(certificate)?;
    let identity = match key {
        Some(key) => Identity::from_pem(&content, &read_secret(key)?),
        // What DER begins with, and no text.
        None if content.first() == Some(&0x30) => {
            let password = password(password_file, &certificate.display())?;
            Identity::from_pkcs12(&content, &password)
        }
        None => {
            let content = read_secret(certificate)?;
            Identity::from_pem(&content, &content)
        }
    };
    identity.map_err(|error| format!("{}: {error}", certificate.display()).into())
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads a file that holds a private key. One that others than its owner can read or write is
/// refused.
fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(format!(
            "{path}: mode {mode:04o} lets others at this key; run: chmod 600 {path}"
        ));
    }
    // Large enough from the start: a buffer that grows leaves copies behind.
    let size = usize::try_from(metadata.len()).unwrap_or_default();
    let mut content = Zeroizing::new(Vec::with_capacity(size.saturating_add(32)));
    file.read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}
