//! `wcce bench`.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;
use tokio::task::JoinSet;
use wcce::auth::BoxFuture;
use wcce::client::bench::{Load, Plan, Until, run};
use wcce::client::{
    CertificateRequest, EnrollmentClient, KeyKind, Login, Outcome, RequestKey, Server, Unchecked,
    find,
};
use wcce::model::parse_duration;
use wcce::rpc::client::ClientOptions;

use crate::Done;
use crate::args::{LoginArgs, Rpc, ServerArgs};

/// With `--verify some`, one in so many answers is verified.
const SAMPLE: u64 = 16;

type Failure = Box<dyn Error + Send + Sync>;

/// Submits requests as fast as the CA answers; every one becomes a row and, where the template
/// allows it, a certificate. Keys and requests are made, the endpoint mapper is asked, and unless
/// --reconnect is given all connections stand, before the clock starts.
#[derive(Args)]
pub struct Bench {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    login: LoginArgs,
    /// Name of the CA
    #[arg(long)]
    ca: String,
    /// Interface of the CA
    #[arg(long, value_enum, default_value_t = Rpc::Icpr)]
    rpc: Rpc,
    /// Name of the certificate template; it must issue at once
    #[arg(long)]
    template: String,
    /// Connections that work side by side
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Requests in all
    #[arg(long, default_value_t = 1000, conflicts_with = "duration")]
    requests: u64,
    /// Go on for this long, such as 30s or 5m, however many requests that takes
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Milliseconds that each connection waits after each request
    #[arg(long, value_name = "MS", default_value_t = 0)]
    interval: u64,
    /// Connect and authenticate anew for each request; with Kerberos, --ccache keeps the ticket
    #[arg(long)]
    reconnect: bool,
    /// Kind of the requests' keys
    #[arg(long, value_name = "KIND", default_value = "rsa2048")]
    key_type: KeyKind,
    /// Another key for each request; without it, each connection has one key and sends one request
    /// again and again
    #[arg(long, conflicts_with = "duration")]
    fresh_keys: bool,
    /// Of how many answers the signatures are verified. Each is looked at in any case: it must have
    /// a certificate for the request's key
    #[arg(long, value_enum, default_value_t = Verify::All)]
    verify: Verify,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Verify {
    /// Of all
    All,
    /// Of one in sixteen: the client's verifying takes a processor from a server beside it
    Some,
}

/// What all connections share.
struct Target {
    server: Server,
    authority: String,
    rpc: Rpc,
    login: Login,
    options: ClientOptions,
    attributes: String,
    reconnect: bool,
    verify: Verify,
}

/// A request that is ready to be sent, and the key that its certificate must be for.
struct Ready {
    pkcs10: Vec<u8>,
    public_key: Vec<u8>,
}

struct Enrollments {
    target: Arc<Target>,
    /// One for each turn, or one for all.
    requests: Vec<Ready>,
    turn: u64,
    client: Option<EnrollmentClient>,
}

impl Bench {
    pub async fn run(self) -> Result<Done, Box<dyn Error>> {
        let template = self.request();
        let options = self.server.options();
        let mut server = self.server.server()?;
        if self.rpc == Rpc::Icpr {
            server.port = Some(find(&server, &options).await?);
        }
        let target = Arc::new(Target {
            server,
            authority: self.ca.clone(),
            rpc: self.rpc,
            login: self.login.login()?,
            options,
            attributes: template.attributes_string()?,
            reconnect: self.reconnect,
            verify: self.verify,
        });
        let requests = self.requests(template).await.map_err(told)?;
        let load = |requests| -> Box<dyn Load> {
            let target = Arc::clone(&target);
            Box::new(Enrollments { target, requests, turn: 0, client: None })
        };
        let loads = requests.into_iter().map(load).collect();
        let until = self.duration.map_or(Until::Requests(self.requests), Until::Elapsed);
        let plan = Plan { until, interval: Duration::from_millis(self.interval) };
        let report = run(loads, plan).await?;
        if self.json {
            let mut told = report.to_json();
            if let Some(told) = told.as_object_mut() {
                told.insert("connections".to_owned(), json!(self.connections()));
            }
            println!("{told:#}");
        } else {
            println!("{report}");
        }
        match report.failures {
            None => Ok(Done::Fine),
            Some((count, _)) => Err(format!("{count} requests failed").into()),
        }
    }

    fn connections(&self) -> usize {
        self.connections.max(1)
    }

    fn request(&self) -> CertificateRequest {
        CertificateRequest {
            template: Some(self.template.as_str().into()),
            ..CertificateRequest::default()
        }
    }

    /// The requests of each connection.
    async fn requests(&self, request: CertificateRequest) -> Result<Vec<Vec<Ready>>, Failure> {
        let (kind, workers) = (self.key_type, u64::try_from(self.connections())?);
        let request = Arc::new(request);
        let mut made = JoinSet::new();
        for worker in 0..workers {
            // As many as the connection will send, where each has a key of its own.
            let share = self.requests.saturating_sub(worker).div_ceil(workers);
            let count = if self.fresh_keys { share } else { 1 };
            let request = Arc::clone(&request);
            made.spawn_blocking(move || {
                (0..count).map(|_| ready(&request, kind)).collect::<Result<Vec<_>, Failure>>()
            });
        }
        made.join_all().await.into_iter().collect()
    }
}

fn ready(request: &CertificateRequest, kind: KeyKind) -> Result<Ready, Failure> {
    let key = RequestKey::generate(kind)?;
    Ok(Ready { pkcs10: request.to_pkcs10(&key)?, public_key: key.public_key().to_vec() })
}

impl Load for Enrollments {
    fn prepare(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            if !self.target.reconnect {
                self.client = Some(self.target.connect().await.map_err(told)?);
            }
            Ok(())
        })
    }

    fn request(&mut self, _: u64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let outcome = self.enroll().await;
            // A connection that failed is of no use any more.
            if outcome.is_err() {
                self.client = None;
            }
            outcome.map_err(told)
        })
    }

    fn finish(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            match self.client.take() {
                Some(client) => client.close().await.map_err(|error| error.to_string()),
                None => Ok(()),
            }
        })
    }
}

fn told(failure: Failure) -> String {
    failure.to_string()
}

impl Target {
    async fn connect(&self) -> Result<EnrollmentClient, Failure> {
        let Self { server, authority, login, options, .. } = self;
        Ok(self.rpc.connect(server, authority, login, options).await?)
    }
}

impl Enrollments {
    async fn enroll(&mut self) -> Result<(), Failure> {
        let turn = self.turn;
        self.turn = turn.saturating_add(1);
        let mut client = match self.client.take() {
            Some(client) => client,
            None => self.target.connect().await?,
        };
        let of_turn = usize::try_from(turn)?.min(self.requests.len().saturating_sub(1));
        let request = self.requests.get(of_turn).ok_or("no request is ready")?;
        let answer = client.submit_unchecked(&request.pkcs10, &self.target.attributes).await?;
        let looks_fine = answer.claims_certificate_of(&request.public_key);
        if !looks_fine || self.target.verify == Verify::All || turn.is_multiple_of(SAMPLE) {
            believe(answer, &request.public_key)?;
        }
        match self.target.reconnect {
            true => client.close().await?,
            false => self.client = Some(client),
        }
        Ok(())
    }
}

/// Verifies all signatures of an answer, and that it has a certificate for the key.
fn believe(answer: Unchecked, public_key: &[u8]) -> Result<(), Failure> {
    let answer = answer.check(&[])?;
    answer.check_key(public_key)?;
    match answer.outcome {
        Outcome::Issued { .. } => Ok(()),
        Outcome::Pending => Err("the request is pending: choose another template".into()),
        Outcome::Refused(code) => Err(format!("{code}: {}", answer.message).into()),
    }
}
