//! `wcce ping` and `wcce endpoints`.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use clap::Args;
use wcce::client;
use wcce::generated::icertpassage::I_CERT_PASSAGE;
use wcce::rpc::client as rpc;

use crate::Done;
use crate::args::{CaArgs, ServerArgs};

/// Without a login, only whether the RPC server of ICertPassage listens is found out.
#[derive(Args)]
pub struct Ping {
    #[command(flatten)]
    ca: CaArgs,
}

#[derive(Args)]
pub struct Endpoints {
    #[command(flatten)]
    server: ServerArgs,
}

impl Ping {
    pub async fn run(self) -> Result<Done, Box<dyn Error>> {
        match self.ca.login.is_given() && self.ca.has_properties() {
            true => self.call().await,
            false => self.listen().await,
        }
    }

    /// Calls Ping of the CA's object.
    async fn call(&self) -> Result<Done, Box<dyn Error>> {
        let mut client = self.ca.open(None).await?;
        let started = Instant::now();
        let answer = client.ping().await;
        let elapsed = started.elapsed().as_secs_f64() * 1000.0;
        let name = match client.authority() {
            "" => "the CA".to_owned(),
            name => format!("CA {name}"),
        };
        let closed = client.close().await;
        answer?;
        println!("{name} answers over DCOM: {elapsed:.1} ms");
        closed?;
        Ok(Done::Fine)
    }

    /// Asks the RPC run-time whether it listens for ICertPassage.
    async fn listen(&self) -> Result<Done, Box<dyn Error>> {
        let (server, _) =
            self.ca.servers(None).await?.into_iter().next().ok_or("there is no CA")?;
        let options = self.ca.server.options();
        let port = client::find(&server, &options).await?;
        let started = Instant::now();
        let listening = rpc::is_listening(&server.host, port, I_CERT_PASSAGE, &options).await?;
        if !listening {
            return Err("the server says that it does not listen".into());
        }
        let elapsed = started.elapsed().as_secs_f64() * 1000.0;
        println!("{} port {port} serves ICertPassage: {elapsed:.1} ms", server.host);
        Ok(Done::Fine)
    }
}

impl Endpoints {
    pub async fn run(self) -> Result<Done, Box<dyn Error>> {
        let server = self.server.server()?;
        let options = self.server.options();
        let mut out = std::io::stdout().lock();
        for endpoint in rpc::endpoints(&server.host, server.mapper_port, &options).await? {
            writeln!(out, "{endpoint}")?;
        }
        Ok(Done::Fine)
    }
}
