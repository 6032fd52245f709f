//! `wcced backup`, `restore`, `check-db`, `export` and `prune`: by the running server where there
//! is one, which has the Request table open, else by themselves.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use serde_json::Value;
use wcce::admin::backup::{self, BackupError, BackupOptions};
use wcce::admin::{Pruned, Retention, prune};
use wcce::ca::{Crl, CrlKind, StateFolder};
use wcce::config::Config;
use wcce::model::{RequestRow, parse_duration};
use wcce::server::control::{Client, Command};
use wcce::store::{Checked, Inconsistency, Piece, SledStore};

use crate::{Failure, columns, table};

#[derive(Args)]
pub struct Backup {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// The file to write, mode 0600; `-` for standard output. Nothing is overwritten.
    #[arg(long)]
    to: PathBuf,
    /// Leave private keys out. Without them, whoever has the backup is not the CA.
    #[arg(long)]
    without_keys: bool,
}

#[derive(Args)]
pub struct Restore {
    /// The backup.
    #[arg(long)]
    from: PathBuf,
    /// The state folder to make (setting `state`). It must not be there yet.
    #[arg(long)]
    folder: PathBuf,
}

#[derive(Args)]
pub struct CheckDb {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
}

#[derive(Args)]
pub struct Export {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// csv has the columns that people look for; jsonl has all, one object a line. A row that
    /// changes meanwhile comes twice: the later one counts.
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    /// The file to write; by default standard output. Nothing is overwritten.
    #[arg(long)]
    to: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

#[derive(Args)]
pub struct PublishCrl {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// Only a delta CRL, to the base CRL that there is.
    #[arg(long)]
    delta: bool,
}

#[derive(Args)]
pub struct Prune {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// Remove denied requests that were decided this long ago, such as 1y or 90d.
    #[arg(long, value_parser = parse_duration)]
    denied: Option<Duration>,
    /// Remove requests that could not be processed this long ago.
    #[arg(long, value_parser = parse_duration)]
    failed: Option<Duration>,
    /// Remove certificates that ended this long ago. Revoked ones that CRLs go on to name stay.
    #[arg(long, value_parser = parse_duration)]
    expired: Option<Duration>,
    /// Only say how many rows would be removed.
    #[arg(long)]
    dry_run: bool,
}

impl Backup {
    pub fn run(&self) -> Result<(), Failure> {
        let config = Config::load(&self.config)?;
        let options = BackupOptions { files: true, keys: !self.without_keys };
        if self.to == Path::new("-") {
            return write_backup(&config, options, io::stdout().lock());
        }
        let file = new_file(&self.to, 0o600)?;
        let done = write_backup(&config, options, &file)
            .and_then(|()| Ok(file.sync_all()?))
            // One that is not whole is of no use.
            .and_then(|()| Ok(backup::read(BufReader::new(File::open(&self.to)?), |_| Ok(()))?));
        match done {
            Ok(_) => println!("backup written to {}", self.to.display()),
            Err(error) => {
                fs::remove_file(&self.to)?;
                return Err(error);
            }
        }
        if config.ca.existing.is_some() && options.keys {
            println!(
                "the CA's key is not in it: keep the files of the setting ca.existing yourself"
            );
        }
        Ok(())
    }
}

fn write_backup(config: &Config, options: BackupOptions, out: impl Write) -> Result<(), Failure> {
    let mut out = BufWriter::new(out);
    let state = StateFolder::new(&config.state);
    match Client::connect(&state.control())? {
        Some(server) => {
            io::copy(&mut server.ask(&Command::Backup(options))?, &mut out)?;
        }
        None => backup::write(&table::open(config)?, state.path(), options, &mut out)?,
    }
    Ok(out.flush()?)
}

impl Restore {
    pub fn run(&self) -> Result<(), Failure> {
        let from = File::open(&self.from)
            .map_err(|error| format!("cannot read {}: {error}", self.from.display()))?;
        let runtime = tokio::runtime::Runtime::new()?;
        let open = |path: &Path| SledStore::open(path, &Default::default());
        let rows = runtime.block_on(backup::restore(BufReader::new(from), &self.folder, open))?;
        println!("restored {rows} rows into {}", self.folder.display());
        println!("give it to the user that wcced runs as (chown -R), set `state` to it, run");
        println!("wcced check-db, and start wcced");
        Ok(())
    }
}

impl CheckDb {
    pub fn run(&self) -> Result<ExitCode, Failure> {
        let config = Config::load(&self.config)?;
        let tell = |id: Option<u32>, problem: &str| match id {
            Some(id) => println!("request {id}: {problem}"),
            None => println!("{problem}"),
        };
        let checked: Checked = match Client::connect(&StateFolder::new(&config.state).control())? {
            Some(server) => serde_json::from_value(server.run(&Command::CheckDb, tell)?)?,
            None => table::open(&config)?.check(|Inconsistency { id, problem }| {
                tell(id.map(|id| id.0), &problem);
            })?,
        };
        let Checked { rows, entries, problems } = checked;
        println!("{rows} rows, {entries} entries of indexes, {problems} problems");
        Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Columns of the CSV.
const CSV: [&str; 20] = [
    "Request.RequestID",
    "Request.SubmittedWhen",
    "Request.ResolvedWhen",
    "Request.Disposition",
    "Request.StatusCode",
    "Request.DispositionMessage",
    "Request.RequesterName",
    "Request.CallerName",
    "CertificateTemplate",
    "Request.DistinguishedName",
    "SerialNumber",
    "CertificateHash",
    "NotBefore",
    "NotAfter",
    "DistinguishedName",
    "UPN",
    "PublicKeyLength",
    "Request.RevokedWhen",
    "Request.RevokedEffectiveWhen",
    "Request.RevokedReason",
];

impl Export {
    pub fn run(&self) -> Result<(), Failure> {
        let config = Config::load(&self.config)?;
        match &self.to {
            Some(path) => {
                let file = new_file(path, 0o640)?;
                self.write(&config, &file)?;
                Ok(file.sync_all()?)
            }
            None => self.write(&config, io::stdout().lock()),
        }
    }

    fn write(&self, config: &Config, out: impl Write) -> Result<(), Failure> {
        let mut out = BufWriter::new(out);
        if self.format == Format::Csv {
            writeln!(out, "{}", CSV.join(","))?;
        }
        let mut row = |row: &RequestRow| {
            let all = columns::json(row);
            match self.format {
                Format::Csv => writeln!(out, "{}", csv_line(&all)),
                Format::Jsonl => writeln!(out, "{all}"),
            }
        };
        match Client::connect(&StateFolder::new(&config.state).control())? {
            Some(server) => {
                let options = BackupOptions { files: false, keys: false };
                let stream: Box<dyn Read> = Box::new(server.ask(&Command::Backup(options))?);
                backup::rows(stream, |found| Ok(row(&found)?))?;
            }
            None => table::open(config)?.snapshot(|piece| match piece {
                Piece::Row(found) => Ok::<_, BackupError>(row(&found)?),
                _ => Ok(()),
            })?,
        }
        Ok(out.flush()?)
    }
}

/// A line of RFC 4180.
fn csv_line(row: &Value) -> String {
    let field = |name: &&str| match row.get(*name) {
        None => String::new(),
        Some(Value::String(text)) => csv_field(text),
        Some(value) => value.to_string(),
    };
    CSV.iter().map(field).collect::<Vec<_>>().join(",")
}

/// A field, in quotation marks where it needs them. What a spreadsheet would take for a formula is
/// made text: clients choose much of what is in the table.
fn csv_field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

impl PublishCrl {
    pub fn run(&self) -> Result<(), Failure> {
        let config = Config::load(&self.config)?;
        let state = StateFolder::new(&config.state);
        let kind = if self.delta { CrlKind::Delta } else { CrlKind::Base };
        let (base, delta) = match Client::connect(&state.control())? {
            Some(server) => {
                let command = Command::PublishCrl { delta: self.delta };
                let done = server.run(&command, |_, _| {})?;
                let number = |name: &str| done.get(name).and_then(Value::as_u64);
                (number("base"), number("delta"))
            }
            None => {
                let store = Arc::new(table::open(&config)?);
                let runtime = table::runtime()?;
                let crls = runtime.block_on(table::publish(&config, &state, store, kind))?;
                let number = |crl: Option<Arc<Crl>>| crl.map(|crl| crl.number.into());
                (number(crls.base), number(crls.delta))
            }
        };
        for (name, number) in [("base", base), ("delta", delta)] {
            if let Some(number) = number {
                println!("{name} CRL {number}");
            }
        }
        Ok(())
    }
}

impl Prune {
    pub fn run(&self) -> Result<(), Failure> {
        let Self { denied, failed, expired, dry_run, .. } = *self;
        if denied.is_none() && failed.is_none() && expired.is_none() {
            return Err(
                "say what to remove: --denied, --failed or --expired, each with an age".into()
            );
        }
        let config = Config::load(&self.config)?;
        let retention =
            Retention { denied, failed, expired, on_crls: Retention::on_crls(&config.ca.crl) };
        let pruned: Pruned = match Client::connect(&StateFolder::new(&config.state).control())? {
            Some(server) => {
                let command = Command::Prune { retention, dry_run };
                serde_json::from_value(server.run(&command, |_, _| {})?)?
            }
            None => {
                let store = table::open(&config)?;
                let runtime = table::runtime()?;
                runtime.block_on(prune(&store, &retention, SystemTime::now(), dry_run))?
            }
        };
        let Pruned { denied, failed, expired } = pruned;
        let done = if dry_run { "would be removed" } else { "removed" };
        println!("{done}: {denied} denied, {failed} failed, {expired} expired");
        Ok(())
    }
}

/// Makes a file that must not be there yet.
fn new_file(path: &Path, mode: u32) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    file.map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_fields_are_quoted_and_are_no_formulas() {
        for (text, field) in [
            ("CN=alice", "CN=alice"),
            ("CN=a, O=\"b\"", "\"CN=a, O=\"\"b\"\"\""),
            ("=1+1", "'=1+1"),
            ("@x\ny", "\"'@x\ny\""),
        ] {
            assert_eq!(csv_field(text), field);
        }
    }

    #[test]
    fn csv_lines_have_every_column() {
        let row = serde_json::json!({ "Request.RequestID": 7, "UPN": "a@b", "SerialNumber": "0a" });
        let line = csv_line(&row);
        assert_eq!(line.matches(',').count(), CSV.len() - 1);
        assert!(
            line.starts_with("7,") && line.contains(",0a,") && line.contains(",a@b,"),
            "{line}"
        );
    }
}
