//! wcce: gets certificates from a CA that speaks MS-WCCE or MS-ICPR, and looks at it.

mod admin;
mod args;
mod bench;
mod ca_info;
mod domain;
mod enroll;
mod explore;
mod files;
mod renew;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Get certificates from a Microsoft-compatible enterprise CA (wcced or AD CS), by DCOM or RPC.
#[derive(Parser)]
#[command(name = "wcce", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
EXAMPLES
  On a host of the domain, with a Kerberos ticket (kinit): what may I enrol for, and a
  certificate from whichever CA issues it, in User.key, User.crt and User.p7b:
    wcce templates
    wcce enroll --template User
  What does this CA offer?
    wcce templates --server ca1.example.com --user 'EXAMPLE\\alice'
  A new key and a certificate for it, in alice.key, alice.crt and alice.p7b:
    wcce enroll --server ca1.example.com --user 'EXAMPLE\\alice' --template User --out alice
  A web server's certificate, with names in the request, in one file for Windows:
    wcce enroll --server ca1 --user alice@example.com --template WebServer \\
                --subject CN=www.example.com --san dns=www.example.com --out www --pkcs12
  A smart card user's certificate, by an enrollment agent:
    wcce enroll --server ca1 --user 'EXAMPLE\\agent' --template SmartcardUser --out bob \\
                --on-behalf-of 'EXAMPLE\\bob' --agent-cert agent.p12
  A renewal, with a new key, or with the old one:
    wcce renew --server ca1 --user 'EXAMPLE\\alice' --cert alice.crt --key alice.key --out alice2
    wcce renew --server ca1 --user 'EXAMPLE\\alice' --cert alice.p12 --same-key --out alice2
  The result of a request that was pending:
    wcce retrieve --server ca1 --user 'EXAMPLE\\alice' --id 42 --key alice.key --out alice
  Over ICertPassage, which needs the CA's name:
    wcce enroll --rpc icpr --server ca1 --ca 'Example CA' --user 'EXAMPLE\\alice' \\
                --template User --out alice
  Is the CA there, where, and what does it say of itself?
    wcce ping --server ca1
    wcce endpoints --server ca1
    wcce ca-info --server ca1 --user 'EXAMPLE\\alice' --json
  Who waits for approval? Issue one, and publish what is revoked:
    wcce admin --server ca1 --user 'EXAMPLE\\officer' list --state pending
    wcce admin --server ca1 --user 'EXAMPLE\\officer' approve 42
    wcce admin --server ca1 --user 'EXAMPLE\\admin' publish-crl

EXIT CODES
  0 done, 1 failed or refused, 2 wrong usage, 3 the request is pending";

#[derive(Subcommand)]
enum Command {
    /// List the templates that you may enroll for, or those that a CA offers
    Templates(ca_info::Templates),
    /// Make a key and a request, submit it, and store the certificate; also on behalf of another
    #[command(alias = "request")]
    Enroll(Box<enroll::Enroll>),
    /// Replace a certificate by a new one for the same template
    Renew(Box<renew::Renew>),
    /// Fetch the result of an earlier request, or a certificate by its serial number
    Retrieve(renew::Retrieve),
    /// Show what the CA tells of itself: names, certificates, CRLs, URLs, versions
    CaInfo(ca_info::CaInfo),
    /// Ask whether the CA answers, and how long that takes
    Ping(explore::Ping),
    /// List what the server's endpoint mapper knows
    Endpoints(explore::Endpoints),
    /// Administer a CA: requests, certificates, CRLs, rights
    Admin(Box<admin::Admin>),
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
    // Nearly all commands hold keys or passwords.
    if let Err(error) = wcce::process::deny_inspection() {
        eprintln!("wcce: {error}");
        return ExitCode::FAILURE;
    }
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
        Command::Templates(templates) => templates.run().await,
        Command::Enroll(enroll) => enroll.run().await,
        Command::Renew(renew) => renew.run().await,
        Command::Retrieve(retrieve) => retrieve.run().await,
        Command::CaInfo(info) => info.run().await,
        Command::Ping(ping) => ping.run().await,
        Command::Endpoints(endpoints) => endpoints.run().await,
        Command::Admin(admin) => admin.run().await,
        Command::Bench(bench) => bench.run().await,
    }
}
