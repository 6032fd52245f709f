//! `wcced requests`, while the CA is stopped, and `wcced revoke`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use clap::{Args, ValueEnum};
use wcce::admin::{CrlService, revoke_request};
use wcce::ca::{CertificateAuthority, CrlKind, CrlPublisher, Crls, StateFolder};
use wcce::config::Config;
use wcce::model::{Disposition, HResult, RequestId, RequestRow};
use wcce::server::control::{Client, Command};
use wcce::server::{dns_domain, with_addresses};
use wcce::store::{MAX_PAGE, Page, SledStore, Store, StoreError};

use crate::{Failure, columns};

#[derive(Args)]
pub struct Requests {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// Only this request.
    #[arg(long)]
    id: Option<u32>,
    /// Only requests of this disposition; can be repeated.
    #[arg(long, value_enum)]
    disposition: Vec<DispositionArgument>,
    /// Only requests of this requester, DOMAIN\account.
    #[arg(long)]
    requester: Option<String>,
    /// Only requests with a greater id: the last one of the page before.
    #[arg(long, default_value_t = 0)]
    after: u32,
    /// How many at most.
    #[arg(long, default_value_t = MAX_PAGE)]
    limit: usize,
    /// Every column, one JSON object a line, in place of a few columns as text.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Revoke {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// Id of the request that the certificate was issued for.
    #[arg(long)]
    id: u32,
    /// Reason code of RFC 5280: 0 unspecified, 1 key compromise, 3 affiliation changed,
    /// 4 superseded, 5 cessation of operation.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=5))]
    reason: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum DispositionArgument {
    Pending,
    Issued,
    Revoked,
    Failed,
    Denied,
}

const ALL: [Disposition; 7] = [
    Disposition::Pending,
    Disposition::Foreign,
    Disposition::CaCertificate,
    Disposition::Issued,
    Disposition::Revoked,
    Disposition::Failed,
    Disposition::Denied,
];

impl From<DispositionArgument> for Disposition {
    fn from(argument: DispositionArgument) -> Self {
        match argument {
            DispositionArgument::Pending => Self::Pending,
            DispositionArgument::Issued => Self::Issued,
            DispositionArgument::Revoked => Self::Revoked,
            DispositionArgument::Failed => Self::Failed,
            DispositionArgument::Denied => Self::Denied,
        }
    }
}

impl Requests {
    pub fn run(&self) -> Result<(), Failure> {
        let store = open(&Config::load(&self.config)?)?;
        let runtime = runtime()?;
        let mut out = std::io::stdout().lock();
        let mut page = Page { after: Some(RequestId(self.after)), limit: MAX_PAGE };
        let mut left = self.limit;
        while left > 0 {
            let rows = runtime.block_on(self.page(&store, page))?;
            let Some(last) = rows.last().map(|row| row.id) else { break };
            page = page.after(last);
            for row in rows.iter().filter(|row| self.wanted(row)).take(left) {
                left = left.saturating_sub(1);
                match self.json {
                    true => writeln!(out, "{}", columns::json(row))?,
                    false => writeln!(out, "{}", line(row))?,
                }
            }
        }
        Ok(())
    }

    /// The rows behind `page.after`, by ascending id.
    async fn page(&self, store: &dyn Store, page: Page) -> Result<Vec<RequestRow>, StoreError> {
        if let Some(id) = self.id {
            let row = store.by_id(RequestId(id)).await?;
            return Ok(row.filter(|row| page.after < Some(row.id)).into_iter().collect());
        }
        if let Some(requester) = &self.requester {
            return store.by_requester(requester, page).await;
        }
        let mut rows = Vec::new();
        for disposition in ALL {
            rows.extend(store.by_disposition(disposition, page).await?);
        }
        rows.sort_by_key(|row| row.id);
        // What lies behind the end of a shorter listing may not have been read yet.
        rows.truncate(page.limit);
        Ok(rows)
    }

    fn wanted(&self, row: &RequestRow) -> bool {
        let mut dispositions = self.disposition.iter().map(|d| Disposition::from(*d));
        self.disposition.is_empty() || dispositions.any(|d| d == row.columns.disposition)
    }
}

impl Revoke {
    pub fn run(&self) -> Result<(), Failure> {
        let config = Config::load(&self.config)?;
        let state = StateFolder::new(&config.state);
        let path = CrlPublisher::new(&config.ca, &state).path();
        let number = match Client::connect(&state.control())? {
            Some(server) => {
                let command = Command::Revoke { id: self.id, reason: self.reason };
                let done = server.run(&command, |_, _| {})?;
                done.get("base").map(ToString::to_string).unwrap_or_default()
            }
            None => self.run_here(&config, &state)?.to_string(),
        };
        println!("request {} revoked; CRL {number}: {}", self.id, path.display());
        Ok(())
    }

    /// While the CA is stopped; the number of the CRL.
    fn run_here(&self, config: &Config, state: &StateFolder) -> Result<u32, Failure> {
        let store: Arc<dyn Store> = Arc::new(open(config)?);
        let runtime = runtime()?;
        runtime.block_on(async {
            revoke_request(&*store, RequestId(self.id), self.reason).await?;
            let crls = publish(config, state, store, CrlKind::Base).await?;
            Ok(crls.base.map_or(0, |base| base.number))
        })
    }
}

/// Publishes CRLs while the CA is stopped.
pub async fn publish(
    config: &Config,
    state: &StateFolder,
    store: Arc<dyn Store>,
    kind: CrlKind,
) -> Result<Crls, Failure> {
    let ca = CertificateAuthority::load(&config.ca, state, SystemTime::now())?
        .ok_or("there is no CA yet")?;
    let ca = with_addresses(ca, &config.host, &dns_domain(&config.directory)?)?;
    let publisher = CrlPublisher::new(&config.ca, state);
    let crls = CrlService::start(publisher, Arc::new(ca), store).await?;
    Ok(crls.publish(kind).await?)
}

/// Opens the table, unless the CA has it open.
pub fn open(config: &Config) -> Result<SledStore, Failure> {
    let path = StateFolder::new(&config.state).database();
    if !path.exists() {
        return Err(format!("there is no Request table in {}", path.display()).into());
    }
    SledStore::open(&path, &config.store).map_err(|error| match error {
        StoreError::Locked(_) => {
            format!("{error}: stop wcced first, the Request table has one user at a time").into()
        }
        error => error.into(),
    })
}

/// A runtime of this thread, with the clock that the table needs.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().build()
}

/// The columns that a person looks for.
fn line(row: &RequestRow) -> String {
    let columns = &row.columns;
    let serial = columns.certificate.as_ref().map(|c| c.serial_number.to_string());
    format!(
        "{:>6}  {}  {:<8}  {:<28}  {:<24}  {:<20}  {}",
        row.id.0,
        columns::time(columns.submitted_when),
        format!("{:?}", columns.disposition),
        HResult(columns.status_code).name().unwrap_or("?"),
        columns.requester_name,
        columns.certificate_template,
        serial.unwrap_or_default(),
    )
}
