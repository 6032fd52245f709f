//! wcce: requests certificates from a CA that speaks ICertPassage, and looks at its endpoints.

mod args;
mod bench;
mod enroll;
mod explore;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Request certificates from a Microsoft-compatible enterprise CA (wcced or AD CS) over RPC.
#[derive(Parser)]
#[command(name = "wcce", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
EXAMPLES
  A new key and a certificate for it:
    wcce request --server ca1.example.com --ca 'Example CA' --template User \\
                 --user 'EXAMPLE\\alice' --out alice
  A web server's certificate, with names in the request:
    wcce request --server ca1 --ca 'Example CA' --template WebServer --user alice@example.com \\
                 --subject CN=www.example.com --san dns=www.example.com --out www
  The result of a request that was pending:
    wcce retrieve --server ca1 --ca 'Example CA' --user 'EXAMPLE\\alice' --id 42 --out alice
  Is the CA there, and where?
    wcce ping --server ca1
    wcce endpoints --server ca1

EXIT CODES
  0 done, 1 failed or refused, 2 wrong usage, 3 the request is pending";

#[derive(Subcommand)]
enum Command {
    /// Make a key and a request, submit it, and store the certificate
    Request(enroll::Request),
    /// Fetch the result of an earlier request by its id
    Retrieve(enroll::Retrieve),
    /// Ask whether the CA's RPC server listens, and how long the answer takes
    Ping(explore::Ping),
    /// List what the server's endpoint mapper knows
    Endpoints(explore::Endpoints),
    /// Measure a CA: requests per second and latency
    Bench(bench::Bench),
}

/// What a command ended with.
enum Done {
    Fine,
    Pending,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(Done::Fine) => ExitCode::SUCCESS,
        Ok(Done::Pending) => ExitCode::from(3),
        Err(error) => {
            eprintln!("wcce: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(command: Command) -> Result<Done, Box<dyn std::error::Error>> {
    match command {
        Command::Request(request) => request.run().await,
        Command::Retrieve(retrieve) => retrieve.run().await,
        Command::Ping(ping) => ping.run().await,
        Command::Endpoints(endpoints) => endpoints.run().await,
        Command::Bench(bench) => bench.run().await,
    }
}
