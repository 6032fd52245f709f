//! `wcced replay`: what is in a capture, and what this CA would have answered.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use wcce::auth::keytab;
use wcce::files;
use wcce::replay::{self, Manifest, Secrets};
use zeroize::Zeroizing;

use crate::Failure;

/// Arguments of `wcced replay`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Replay {
    /// Captures (pcap or pcapng), or folders of them.
    #[arg(required = true, value_name = "FILE")]
    captures: Vec<PathBuf>,
    /// A file with the password of the account that logs on with NTLM, mode 0600.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The account that the password is of, without its domain; by default it is tried on all.
    #[arg(long, requires = "password_file")]
    user: Option<String>,
    /// A keytab with the key of the service that is called with Kerberos, mode 0600.
    #[arg(long, value_name = "FILE")]
    keytab: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Shows each DCE/RPC connection of a capture, PDU by PDU: interface and operation, authentication, \
whether signatures are right, the arguments of enrollment calls, and the reasons of refusals in \
words. The client's side is then played to a server of this program, without a network: lines with \
an exclamation mark tell where that answers otherwise than the recorded server. For sealed calls a \
secret is needed: the caller's password with NTLM, the server's key with Kerberos; without it what \
is in clear is shown. RPC over named pipes (SMB) is not looked for.

Example: record an enrollment that fails, beside the CA or the client, and read it:
  tcpdump -i any -w enroll.pcap 'tcp port 135 or tcp portrange 49152-65535'
  (umask 077; cat > alice.password)
  wcced replay enroll.pcap --user alice --password-file alice.password

A recording with a manifest beside it (NAME.toml, as wcce's own in pcaps/) brings its secrets along:
  wcced replay pcaps/certipy-icpr-ntlm.pcapng

With Kerberos, by the keytab of a CA of wcce, or one of the CA's account that ktpass wrote:
  wcced replay enroll.pcapng --keytab /etc/krb5.keytab";

impl Replay {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let secrets = self.secrets()?;
        let captures = self.files()?;
        let mut out = io::stdout().lock();
        for path in &captures {
            if captures.len() > 1 {
                writeln!(out, "{}:", path.display())?;
            }
            let content = read(path)?;
            let recorded = of_manifest(path)?;
            match replay::transcript(&content, recorded.as_ref().unwrap_or(&secrets)) {
                Ok(transcript) => out.write_all(transcript.as_bytes())?,
                // One bad file of a folder is no reason to leave out the others.
                Err(error) if captures.len() > 1 => writeln!(out, "{error}\n")?,
                Err(error) => return Err(format!("{}: {error}", path.display()).into()),
            }
        }
        Ok(())
    }

    fn secrets(&self) -> Result<Secrets, Failure> {
        let mut secrets = match &self.password_file {
            Some(path) => {
                let content = files::read_secret(path)?;
                let password = Zeroizing::new(String::from_utf8(content.to_vec())?);
                let password = password.trim_end_matches(['\r', '\n']);
                Secrets::of_password(self.user.as_deref(), password)
            }
            None => Secrets::default(),
        };
        if let Some(path) = &self.keytab {
            secrets.keytab = keytab::load(path)?;
        }
        Ok(secrets)
    }

    /// The captures, those of folders in the order of their names.
    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut captures = Vec::new();
        for path in &self.captures {
            if !path.is_dir() {
                captures.push(path.clone());
                continue;
            }
            let cannot = |error: io::Error| format!("cannot read {}: {error}", path.display());
            let mut found = Vec::new();
            for entry in fs::read_dir(path).map_err(cannot)? {
                found.push(entry.map_err(cannot)?.path());
            }
            found.retain(|file| is_capture(file));
            found.sort();
            if found.is_empty() {
                return Err(
                    format!("{} holds no .pcap, .pcapng or .cap file", path.display()).into()
                );
            }
            captures.extend(found);
        }
        Ok(captures)
    }
}

/// The secrets of a recording that has a manifest beside it.
fn of_manifest(path: &Path) -> Result<Option<Secrets>, Failure> {
    let Ok(text) = fs::read_to_string(path.with_extension("toml")) else { return Ok(None) };
    // Any other file of that name is none of ours.
    let Ok(manifest) = Manifest::parse(&text) else { return Ok(None) };
    let keytab = manifest.secrets.keytab.as_ref().map(|name| path.with_file_name(name));
    let keytab = keytab.map(|path| files::read(&path)).transpose()?;
    Ok(Some(manifest.secrets(keytab.as_deref())?))
}

fn is_capture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["pcap", "pcapng", "cap"].contains(&extension))
}

/// The file, unless it is larger than what is looked at.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error: io::Error| format!("cannot read {}: {error}", path.display());
    let size = fs::metadata(path).map_err(cannot)?.len();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size > replay::MAX_CAPTURE {
        let error = replay::CaptureError::TooLarge(size);
        return Err(format!("{}: {error}", path.display()).into());
    }
    Ok(fs::read(path).map_err(cannot)?)
}
