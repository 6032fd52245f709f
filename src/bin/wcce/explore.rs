//! `wcce ping` and `wcce endpoints`.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use clap::Args;
use wcce::client;
use wcce::generated::icertpassage::I_CERT_PASSAGE;
use wcce::rpc::client as rpc;

use crate::Done;
use crate::args::ServerArgs;

#[derive(Args)]
pub struct Ping {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args)]
pub struct Endpoints {
    #[command(flatten)]
    server: ServerArgs,
}

impl Ping {
    pub async fn run(self) -> Result<Done, Box<dyn Error>> {
        let server = self.server.server()?;
        let options = self.server.options();
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
