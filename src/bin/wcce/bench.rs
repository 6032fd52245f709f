//! `wcce bench`.

use std::error::Error;
use std::sync::Arc;

use clap::Args;
use wcce::auth::BoxFuture;
use wcce::client::bench::{Load, run};
use wcce::client::{
    CertificateRequest, EnrollmentClient, KeyKind, Login, Outcome, RequestKey, Server, find,
};
use wcce::rpc::client::ClientOptions;

use crate::Done;
use crate::args::{LoginArgs, ServerArgs};

/// Submits requests over ICertPassage as fast as the CA answers; every one becomes a row and, where the template
/// allows it, a certificate. The endpoint mapper is asked once.
#[derive(Args)]
pub struct Bench {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    login: LoginArgs,
    /// Name of the CA
    #[arg(long)]
    ca: String,
    /// Name of the certificate template; it must issue at once
    #[arg(long)]
    template: String,
    /// Connections that work side by side
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Requests in all
    #[arg(long, default_value_t = 1000)]
    requests: u64,
    /// Connect and authenticate anew for each request
    #[arg(long)]
    reconnect: bool,
    /// Kind of the requests' key; one key is made for each connection
    #[arg(long, value_name = "KIND", default_value = "p256")]
    key_type: KeyKind,
}

/// What all connections share.
struct Target {
    server: Server,
    authority: String,
    login: Login,
    options: ClientOptions,
    template: String,
    reconnect: bool,
}

struct Enrollments {
    target: Arc<Target>,
    key: RequestKey,
    client: Option<EnrollmentClient>,
}

impl Bench {
    pub async fn run(self) -> Result<Done, Box<dyn Error>> {
        let options = self.server.options();
        let mut server = self.server.server()?;
        server.port = Some(find(&server, &options).await?);
        let target = Arc::new(Target {
            server,
            authority: self.ca,
            login: self.login.login()?,
            options,
            template: self.template,
            reconnect: self.reconnect,
        });
        let mut loads: Vec<Box<dyn Load>> = Vec::new();
        for _ in 0..self.connections.max(1) {
            let key = RequestKey::generate(self.key_type)?;
            loads.push(Box::new(Enrollments { target: Arc::clone(&target), key, client: None }));
        }
        let report = run(loads, self.requests).await;
        println!("{report}");
        match report.failures {
            None => Ok(Done::Fine),
            Some((count, _)) => Err(format!("{count} requests failed").into()),
        }
    }
}

impl Load for Enrollments {
    fn request(&mut self, number: u64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let outcome = self.enroll(number).await;
            // A connection that failed is of no use any more.
            if outcome.is_err() || self.target.reconnect {
                self.client = None;
            }
            outcome.map_err(|error| error.to_string())
        })
    }
}

impl Enrollments {
    async fn enroll(&mut self, number: u64) -> Result<(), Box<dyn Error + Send + Sync>> {
        let request = CertificateRequest {
            subject: wcce::asn1::Name::parse(&format!("CN=bench {number}"))?,
            template: Some(self.target.template.as_str().into()),
            ..CertificateRequest::default()
        };
        let pkcs10 = request.to_pkcs10(&self.key)?;
        let attributes = request.attributes_string()?;
        let mut client = match self.client.take() {
            Some(client) => client,
            None => {
                let Target { server, authority, login, options, .. } = &*self.target;
                EnrollmentClient::connect(server, authority, login, options).await?
            }
        };
        let answer = client.submit(&pkcs10, &attributes).await?;
        self.client = Some(client);
        match answer.outcome {
            Outcome::Issued { .. } => Ok(()),
            Outcome::Pending => Err("the request is pending: choose another template".into()),
            Outcome::Refused(code) => Err(format!("{code}: {}", answer.message).into()),
        }
    }
}
