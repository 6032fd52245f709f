//! `wcce admin`: administers a CA over DCOM ([MS-CSRA]).

use std::error::Error;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wcce::client::admin::{AdminClient, Cell, Comparison, EntryText, Filter, Row, Rows, column};
use wcce::model::{HResult, SecurityDescriptor, Sid};

use crate::Done;
use crate::args::{LoginArgs, ServerArgs, read_certificates};

/// Administer a CA: requests, certificates, CRLs, rights
#[derive(Args)]
pub struct Admin {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    login: LoginArgs,
    /// Name of the CA; without it, the CA is asked
    #[arg(long, value_name = "NAME")]
    ca: Option<String>,
    /// Print JSON, not a table
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List requests
    List(List),
    /// Show all columns of a request
    Show {
        /// Request ID
        id: u32,
    },
    /// Issue pending requests
    Approve {
        /// Request IDs
        #[arg(required = true)]
        ids: Vec<u32>,
    },
    /// Deny pending requests
    Deny {
        /// Request IDs
        #[arg(required = true)]
        ids: Vec<u32>,
    },
    /// Revoke a certificate
    Revoke {
        /// Serial number, in hexadecimal
        serial: String,
        /// Why: 0 unspecified, 1 key compromise, 2 CA compromise, 3 affiliation changed, 4 superseded,
        /// 5 cessation of operation, 6 on hold
        #[arg(long, default_value_t = 0)]
        reason: u32,
    },
    /// Release a certificate from hold
    Unrevoke {
        /// Serial number, in hexadecimal
        serial: String,
    },
    /// Publish a new CRL, and a delta CRL where the CA makes any
    PublishCrl {
        /// The delta CRL alone
        #[arg(long)]
        delta: bool,
    },
    /// List the CRLs that were published, and what became of that
    Crls,
    /// Import a certificate of the CA that its table lacks
    Import {
        /// The certificate: PEM or DER
        file: PathBuf,
        /// It was issued for a pending request, which it completes
        #[arg(long)]
        existing: bool,
    },
    /// List the templates that the CA issues from, or change which they are
    Templates {
        #[command(subcommand)]
        change: Option<TemplateChange>,
    },
    /// Show what this account may do
    Roles,
    /// Show who may do what, as SDDL, or set it
    Security {
        /// The new descriptor
        #[arg(long, value_name = "SDDL")]
        set: Option<String>,
    },
    /// Delete rows that nobody needs any more
    DeleteRows(DeleteRows),
    /// End the CA's service, where it allows that
    Shutdown,
    /// Show a configuration entry, or the names of all at a node, or set one
    Config {
        /// The entry
        #[arg(default_value = "")]
        entry: String,
        /// The node, such as PolicyModules
        #[arg(long, default_value = "")]
        node: String,
        /// The new value; a number is set as one
        #[arg(long, value_name = "VALUE", requires = "entry")]
        set: Option<String>,
        /// Leave it to the CA's own configuration again
        #[arg(long, conflicts_with = "set", requires = "entry")]
        unset: bool,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct WhichRows {
    /// The request of this ID, if its certificate is not valid any more
    #[arg(long)]
    id: Option<u32>,
    /// Requests whose certificates ended before this day, as YYYY-MM-DD
    #[arg(long, value_name = "DAY", value_parser = day)]
    expired_before: Option<SystemTime>,
    /// Requests that wait or were not issued, and did not change since this day
    #[arg(long, value_name = "DAY", value_parser = day)]
    unissued_before: Option<SystemTime>,
    /// The CRL of this row of the CRL table, if it is not in use
    #[arg(long, value_name = "ID")]
    crl: Option<u32>,
    /// CRLs that were over before this day
    #[arg(long, value_name = "DAY", value_parser = day)]
    crls_before: Option<SystemTime>,
}

#[derive(Args)]
struct DeleteRows {
    #[command(flatten)]
    which: WhichRows,
}

/// Midnight of a day, UTC.
fn day(text: &str) -> Result<SystemTime, String> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    let date = time::Date::parse(text, format).map_err(|error| error.to_string())?;
    Ok(date.midnight().assume_utc().into())
}

impl WhichRows {
    /// The table, and which of its rows.
    fn rows(&self) -> Option<(u32, Rows)> {
        const REQUESTS: u32 = 0;
        const CRLS: u32 = 0x5000;
        None.or(self.id.map(|id| (REQUESTS, Rows::One(id))))
            .or(self.expired_before.map(|time| (REQUESTS, Rows::ExpiredBefore(time))))
            .or(self.unissued_before.map(|time| (REQUESTS, Rows::UnissuedBefore(time))))
            .or(self.crl.map(|id| (CRLS, Rows::One(id))))
            .or(self.crls_before.map(|time| (CRLS, Rows::ExpiredBefore(time))))
    }
}

#[derive(Subcommand)]
enum TemplateChange {
    /// Issue from these templates too
    Enable {
        /// Names of templates
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Issue from these templates no longer
    Disable {
        /// Names of templates
        #[arg(required = true)]
        names: Vec<String>,
    },
}

#[derive(Args)]
struct List {
    /// Only requests in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only requests of this account, as DOMAIN\user
    #[arg(long, value_name = "ACCOUNT")]
    requester: Option<String>,
    /// Only requests by this template: its OID, or its name for version 1
    #[arg(long)]
    template: Option<String>,
    /// Only the certificate of this serial number
    #[arg(long)]
    serial: Option<String>,
    /// Only requests with a greater ID: the next page
    #[arg(long, value_name = "ID", default_value_t = 0)]
    after: u32,
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Pending,
    Issued,
    Revoked,
    Failed,
    Denied,
}

impl State {
    /// The value of Request.Disposition.
    fn value(self) -> u32 {
        match self {
            Self::Pending => 9,
            Self::Issued => 20,
            Self::Revoked => 21,
            Self::Failed => 30,
            Self::Denied => 31,
        }
    }
}

impl Admin {
    pub async fn run(self) -> Result<Done, Box<dyn Error>> {
        let (server, login) = (self.server.server()?, self.login.login()?);
        let options = self.server.options();
        let mut client =
            AdminClient::activate(&server, self.ca.as_deref(), &login, &options).await?;
        let done = self.act(&mut client).await;
        let closed = client.close().await;
        let done = done?;
        closed?;
        Ok(done)
    }

    async fn act(&self, client: &mut AdminClient) -> Result<Done, Box<dyn Error>> {
        match &self.action {
            Action::List(list) => self.list(client, list).await?,
            Action::Show { id } => self.show(client, *id).await?,
            Action::Approve { ids } => return approve(client, ids).await,
            Action::Deny { ids } => {
                for id in ids {
                    client.deny(*id).await?;
                    println!("request {id} denied");
                }
            }
            Action::Revoke { serial, reason } => {
                let serial = serial.to_lowercase();
                client.revoke(&serial, *reason, SystemTime::now()).await?;
                println!("certificate {serial} revoked; it is on the next CRL");
            }
            Action::Unrevoke { serial } => {
                let serial = serial.to_lowercase();
                client.revoke(&serial, u32::MAX, SystemTime::now()).await?;
                println!("certificate {serial} released; the next CRL is without it");
            }
            Action::PublishCrl { delta } => {
                client.publish(if *delta { 2 } else { 1 }).await?;
                println!("published");
            }
            Action::Crls => self.crls(client).await?,
            Action::Import { file, existing } => {
                let [certificate] = <[Vec<u8>; 1]>::try_from(read_certificates(file)?)
                    .map_err(|_| format!("{}: more than one certificate", file.display()))?;
                let id = client.import(certificate, *existing).await?;
                println!("certificate imported as request {id}");
            }
            Action::Templates { change } => self.templates(client, change.as_ref()).await?,
            Action::Roles => self.roles(client.roles().await?),
            Action::Security { set: Some(text) } => {
                // Aliases of a domain are not known here; a SID says which one is meant.
                let unknown: Sid = "S-1-5-21-0-0-0".parse()?;
                client.set_security(&SecurityDescriptor::from_sddl(text, &unknown)?).await?;
                println!("set");
            }
            Action::Security { set: None } => println!("{}", client.security().await?.to_sddl()),
            Action::DeleteRows(DeleteRows { which }) => {
                let (table, rows) = which.rows().ok_or("say which rows")?;
                let count = client.delete_rows(table, rows).await?;
                println!("{count} rows deleted");
            }
            Action::Shutdown => {
                client.shut_down().await?;
                println!("the service ends");
            }
            Action::Config { entry, node, set: None, unset: false } => {
                println!("{}", client.entry(node, entry).await?);
            }
            Action::Config { entry, node, set, .. } => {
                let value = set.as_ref().map(|text| {
                    text.parse().map_or_else(|_| EntryText::Text(text.clone()), EntryText::Number)
                });
                client.set_entry(node, entry, value.as_ref()).await?;
                println!("set");
            }
        }
        Ok(Done::Fine)
    }

    async fn list(&self, client: &mut AdminClient, list: &List) -> Result<(), Box<dyn Error>> {
        const COLUMNS: [u32; 8] = [
            column::REQUEST_ID,
            column::SUBMITTED,
            column::DISPOSITION,
            column::STATUS,
            column::REQUESTER,
            column::TEMPLATE,
            column::SERIAL,
            column::NOT_AFTER,
        ];
        let equal = |column, value| Filter { column, comparison: Comparison::Equal, value };
        let text = |column, text: &Option<String>| {
            text.as_ref().map(|text| equal(column, Cell::Text(text.clone())))
        };
        let state = list.state.map(|state| equal(column::DISPOSITION, Cell::Number(state.value())));
        let after = (list.after > 0).then(|| Filter {
            comparison: Comparison::Greater,
            ..equal(column::REQUEST_ID, Cell::Number(list.after))
        });
        let serial = list.serial.as_ref().map(|serial| serial.to_lowercase());
        let filters: Vec<Filter> = [
            state,
            after,
            text(column::REQUESTER, &list.requester),
            text(column::TEMPLATE, &list.template),
            text(column::SERIAL, &serial),
        ]
        .into_iter()
        .flatten()
        .collect();
        let rows = client.rows(&filters, &COLUMNS, list.limit).await?;
        for row in &rows {
            if self.json {
                println!("{}", json_of_list(row));
            } else {
                println!("{}", line_of(row));
            }
        }
        if let Some(last) = rows.last().filter(|_| u32::try_from(rows.len()) == Ok(list.limit)) {
            eprintln!("there may be more: --after {}", last.id);
        }
        Ok(())
    }

    async fn show(&self, client: &mut AdminClient, id: u32) -> Result<(), Box<dyn Error>> {
        let columns = client.columns().await?;
        let ids: Vec<u32> = columns.iter().map(|column| column.id).collect();
        let filter = Filter {
            column: column::REQUEST_ID,
            comparison: Comparison::Equal,
            value: Cell::Number(id),
        };
        let rows = client.rows(&[filter], &ids, 1).await?;
        let row = rows.first().ok_or_else(|| format!("there is no request {id}"))?;
        let mut object = Map::new();
        for column in &columns {
            let Some(cell) = row.get(column.id) else { continue };
            if self.json {
                object.insert(column.name.clone(), json_of(cell));
            } else {
                println!("{}: {}", column.display, text_of(Some(cell)));
            }
        }
        if self.json {
            println!("{}", Value::Object(object));
        }
        Ok(())
    }

    async fn crls(&self, client: &mut AdminClient) -> Result<(), Box<dyn Error>> {
        const COLUMNS: [(u32, &str); 9] = [
            (0x5001, "number"),
            (0x5002, "min_base"),
            (0x5004, "entries"),
            (0x5003, "key"),
            (0x5005, "this_update"),
            (0x5006, "next_update"),
            (0x500D, "flags"),
            (0x500E, "status"),
            (0x500F, "published"),
        ];
        for row in client.rows(&[], &COLUMNS.map(|(id, _)| id), u32::MAX).await? {
            if self.json {
                let cells = COLUMNS
                    .iter()
                    .filter_map(|(id, name)| Some(((*name).to_owned(), json_of(row.get(*id)?))));
                let mut object: Map<String, Value> = cells.collect();
                object.insert("id".to_owned(), json!(row.id));
                println!("{}", Value::Object(object));
                continue;
            }
            let of = |column| text_of(row.get(column));
            let kind = if number(&row, 0x5002) == 0 { "base" } else { "delta" };
            let status = match number(&row, 0x500E) {
                0 => String::new(),
                code => HResult(code).to_string(),
            };
            println!(
                "{:>6}  {kind:5}  {:>6}  {:>8} entries  {}  {}  {}{status}",
                row.id,
                of(0x5001),
                of(0x5004),
                of(0x5005),
                of(0x5006),
                of(0x500F)
            );
        }
        Ok(())
    }

    async fn templates(
        &self,
        client: &mut AdminClient,
        change: Option<&TemplateChange>,
    ) -> Result<(), Box<dyn Error>> {
        let mut enabled = client.templates().await?;
        let is = |known: &str, name: &str| known.to_lowercase() == name.to_lowercase();
        match change {
            None if self.json => {
                let one = |(name, oid): &(String, String)| json!({ "name": name, "oid": oid });
                println!("{}", Value::Array(enabled.iter().map(one).collect()));
                return Ok(());
            }
            None => {
                for (name, oid) in &enabled {
                    println!("{name:32}  {oid}");
                }
                return Ok(());
            }
            Some(TemplateChange::Enable { names }) => {
                for name in names {
                    if !enabled.iter().any(|(known, _)| is(known, name)) {
                        enabled.push((name.clone(), String::new()));
                    }
                }
            }
            Some(TemplateChange::Disable { names }) => {
                for name in names {
                    let before = enabled.len();
                    enabled.retain(|(known, _)| !is(known, name));
                    if enabled.len() == before {
                        return Err(format!("{name} is not enabled").into());
                    }
                }
            }
        }
        client.set_templates(&enabled).await?;
        println!("set");
        Ok(())
    }

    fn roles(&self, roles: u32) {
        const NAMES: [(u32, &str); 6] = [
            (0x1, "administrator"),
            (0x2, "officer"),
            (0x4, "auditor"),
            (0x8, "operator"),
            (0x100, "read"),
            (0x200, "enroll"),
        ];
        let held = NAMES.iter().filter(|(bit, _)| roles & bit != 0);
        let held: Vec<&str> = held.map(|(_, name)| *name).collect();
        if self.json {
            println!("{}", json!(held));
        } else {
            println!("{}", held.join("\n"));
        }
    }
}

async fn approve(client: &mut AdminClient, ids: &[u32]) -> Result<Done, Box<dyn Error>> {
    let mut done = Done::Fine;
    for id in ids {
        match client.approve(*id).await? {
            3 => println!("request {id} issued"),
            5 => {
                println!("request {id} still is pending");
                done = Done::Pending;
            }
            2 => return Err(format!("request {id} was denied by policy; see: show {id}").into()),
            code => return Err(format!("request {id} was not issued: {}", HResult(code)).into()),
        }
    }
    Ok(done)
}

fn state_name(value: u32) -> String {
    match value {
        9 => "Pending".to_owned(),
        12 => "Foreign".to_owned(),
        15 => "CA".to_owned(),
        20 => "Issued".to_owned(),
        21 => "Revoked".to_owned(),
        30 => "Failed".to_owned(),
        31 => "Denied".to_owned(),
        other => other.to_string(),
    }
}

fn number(row: &Row, column: u32) -> u32 {
    match row.get(column) {
        Some(Cell::Number(number)) => *number,
        _ => 0,
    }
}

fn line_of(row: &Row) -> String {
    let of = |column| text_of(row.get(column));
    let status = match number(row, column::STATUS) {
        0 => String::new(),
        code => HResult(code).name().map_or_else(|| format!("{code:#010x}"), str::to_owned),
    };
    let (id, submitted) = (row.id, of(column::SUBMITTED));
    let (requester, template) = (of(column::REQUESTER), of(column::TEMPLATE));
    let state = state_name(number(row, column::DISPOSITION));
    format!(
        "{id:>6}  {submitted:20}  {state:8}  {requester:24}  {template:24}  {}{status}",
        of(column::SERIAL)
    )
}

fn json_of_list(row: &Row) -> Value {
    let of = |column| row.get(column).map(json_of);
    json!({
        "id": row.id,
        "submitted": of(column::SUBMITTED),
        "state": state_name(number(row, column::DISPOSITION)),
        "status": number(row, column::STATUS),
        "requester": of(column::REQUESTER),
        "template": of(column::TEMPLATE),
        "serial": of(column::SERIAL),
        "not_after": of(column::NOT_AFTER),
    })
}

fn json_of(cell: &Cell) -> Value {
    match cell {
        Cell::Number(number) => json!(number),
        other => json!(text_of(Some(other))),
    }
}

/// A value for people; control characters of a client's text don't reach the terminal.
fn text_of(cell: Option<&Cell>) -> String {
    match cell {
        None => String::new(),
        Some(Cell::Number(number)) => number.to_string(),
        Some(Cell::Time(time)) => {
            let time = OffsetDateTime::from(*time);
            time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
        }
        Some(Cell::Bytes(bytes)) => hex::encode(bytes),
        Some(Cell::Text(text)) => {
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
        }
    }
}
