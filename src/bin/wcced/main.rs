//! The certification authority: `wcced serve`, and what prepares it.

mod ca;
mod columns;
#[cfg(feature = "active-directory")]
mod domain;
mod example;
mod replay;
mod table;
mod templates;
mod upkeep;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::info;
use wcce::auth::keytab;
use wcce::auth::ntlm::nt_hash;
use wcce::ca::{CertificateAuthority, StateFolder, Trust};
use wcce::config::{Config, NewConfig};
use wcce::directory::config::DirectoryConfig;
use wcce::directory::embedded::EmbeddedDirectory;
use wcce::model::Sid;
use wcce::policy::{LintContext, lint_table};
use wcce::server::{IDLE_NTLM, Server, dns_domain, machine_secret, with_addresses};
use wcce::{logging, process};
use zeroize::Zeroizing;

/// Requests allocate much and briefly; the allocator of the C library takes a fifth of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An enterprise certificate authority for Active Directory clients: Windows, Certipy and others
/// enroll with it as they do with Microsoft's.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  Make a CA on loopback and unprivileged ports, with an account to try it, and run it:
    wcced init --demo --folder demo
    wcced serve --config demo/wcced.toml

  Make one for production, look at its settings, check them, and run it:
    wcced init --folder /etc/wcce --state /var/lib/wcce --netbios LAB --dns lab.example.com
    $EDITOR /etc/wcce/wcced.toml /etc/wcce/directory.toml
    wcced check-config --config /etc/wcce/wcced.toml
    wcced serve --config /etc/wcce/wcced.toml

  Make one for Active Directory, on a member of the domain (kinit as an Enterprise Admin first):
    wcced init --state /var/lib/wcce --active-directory --dns lab.example.com
    wcced join-check
    systemctl start wcced
    wcced install-default-templates --ccache
    wcced publish --ccache
    wcced template enable User Machine

  Back up while it runs, and restore elsewhere:
    wcced backup --to /var/backups/wcce-$(date +%F)
    wcced restore --from /var/backups/wcce-2026-11-27 --folder /var/lib/wcce

  Make a CA below another one, before the first start; renew it later:
    wcced ca request --out ca.req
    wcced ca install --certificate ca.crt --certificate root.crt
    wcced ca request --renew new-key --out ca1.req

  Add an account: put the line that this prints into directory.toml:
    wcced hash-password";

#[derive(Subcommand)]
enum Command {
    /// Runs the CA until SIGTERM or SIGINT. The first start makes its key and certificate.
    Serve(ConfigArgument),
    /// Writes a configuration and a directory file, both explained by comments.
    Init(InitArguments),
    /// The CA's own certificates: requests to a CA above, renewal, while wcced is stopped.
    #[command(subcommand)]
    Ca(ca::Ca),
    /// Checks the configuration and the directory file, and says what it found.
    CheckConfig(ConfigArgument),
    /// Says what is dangerous about certificate templates, and what to do about it.
    LintTemplates(templates::LintTemplates),
    /// Reads a password and prints the `nt_hash` line for the directory file.
    HashPassword,
    /// Runs example 3.6 of [MS-CERSOD], enrollment on behalf of a user and renewal, with all its
    /// negative cases, on a CA of its own on loopback.
    Example(example::Example),
    /// Shows what is in a packet capture of an enrollment, and what this CA would have answered.
    Replay(replay::Replay),
    /// Shows rows of the Request table, while wcced is stopped.
    Requests(table::Requests),
    /// Revokes a certificate and publishes the CRL, whether wcced runs or not.
    Revoke(table::Revoke),
    /// Publishes CRLs now, whether wcced runs or not.
    PublishCrl(upkeep::PublishCrl),
    /// Writes the Request table and the state folder's files into one file, whether wcced runs or
    /// not: as they are at the end, with every request answered until then.
    Backup(upkeep::Backup),
    /// Makes a state folder out of a backup.
    Restore(upkeep::Restore),
    /// Compares rows, indexes, revocations and counts of the Request table, whether wcced runs or
    /// not.
    CheckDb(upkeep::CheckDb),
    /// Writes all rows of the Request table as CSV or JSON lines, whether wcced runs or not.
    Export(upkeep::Export),
    /// Removes rows that nobody needs any more, whether wcced runs or not.
    Prune(upkeep::Prune),
    /// Checks this host's membership in the domain: account, keytab, names, time, DNS.
    #[cfg(feature = "active-directory")]
    JoinCheck(domain::Access),
    /// Makes this CA's objects in Active Directory, or makes them true again.
    #[cfg(feature = "active-directory")]
    Publish(domain::Publish),
    /// Ends this CA's service in Active Directory: clients no longer find it.
    #[cfg(feature = "active-directory")]
    Unpublish(domain::Change),
    /// Lists, adds, enables and disables certificate templates.
    #[cfg(feature = "active-directory")]
    #[command(subcommand)]
    Template(domain::Template),
    /// Puts the 33 templates of a Windows CA into a forest that has none.
    #[cfg(feature = "active-directory")]
    InstallDefaultTemplates(domain::Change),
}

#[derive(Args)]
struct ConfigArgument {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
}

#[derive(Args)]
struct InitArguments {
    /// Where to write wcced.toml and directory.toml. Nothing is overwritten.
    #[arg(short, long, default_value = "/etc/wcce")]
    folder: PathBuf,
    /// NetBIOS name of the domain: the first part of account names.
    #[arg(long, default_value = "WCCE")]
    netbios: String,
    /// DNS name of the domain.
    #[arg(long, default_value = "wcce.test")]
    dns: String,
    /// SID of the domain, such as S-1-5-21-1-2-3; by default a new one.
    #[arg(long)]
    sid: Option<Sid>,
    /// Subject of the CA certificate; its CN is the name that clients call the CA by.
    #[arg(long)]
    subject: Option<String>,
    /// The folder of the CA's key and the Request table; by default `state` in the folder of the
    /// configuration. That of the service is /var/lib/wcce.
    #[arg(long)]
    state: Option<String>,
    /// Use Active Directory, of the domain of --dns, which this machine is a member of: no
    /// directory.toml is written.
    #[arg(long, conflicts_with_all = ["demo", "netbios", "sid"])]
    active_directory: bool,
    /// Listen on loopback, on unprivileged ports, and add an account `alice`, whose password is
    /// printed.
    #[arg(long)]
    demo: bool,
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    match run(command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("wcced: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    // All of them hold keys, hashes or passwords.
    process::deny_inspection()?;
    let done = match command {
        Command::LintTemplates(templates) => return templates.run(),
        Command::Serve(ConfigArgument { config }) => serve(&config),
        Command::Init(arguments) => init(&arguments),
        Command::Ca(command) => command.run(),
        Command::CheckConfig(ConfigArgument { config }) => check_config(&config),
        Command::HashPassword => hash_password(),
        Command::Example(example) => example.run(),
        Command::Replay(replay) => replay.run(),
        Command::Requests(requests) => requests.run(),
        Command::Revoke(revoke) => revoke.run(),
        Command::PublishCrl(publish) => publish.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::CheckDb(check) => return check.run(),
        Command::Export(export) => export.run(),
        Command::Prune(prune) => prune.run(),
        #[cfg(feature = "active-directory")]
        Command::JoinCheck(access) => domain::join_check(&access),
        #[cfg(feature = "active-directory")]
        Command::Publish(arguments) => domain::publish(&arguments),
        #[cfg(feature = "active-directory")]
        Command::Unpublish(arguments) => domain::unpublish(&arguments),
        #[cfg(feature = "active-directory")]
        Command::Template(command) => domain::template(&command),
        #[cfg(feature = "active-directory")]
        Command::InstallDefaultTemplates(arguments) => {
            domain::install_default_templates(&arguments)
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn serve(path: &Path) -> Result<(), Failure> {
    let config = Config::load(path)?;
    logging::start(&config.log)?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let server = Server::start(config).await?;
        let (stop, stopped) = watch::channel(false);
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            info!("stopping: calls in flight may end");
            stop.send_replace(true);
        });
        server.run(stopped).await?;
        info!("stopped");
        Ok(())
    })
}

fn check_config(path: &Path) -> Result<(), Failure> {
    let config = Config::load(path)?;
    config.log.filter()?;
    println!("{}: right", path.display());
    if config.has_idle_ntlm() {
        println!("warning: {IDLE_NTLM}");
    }
    if let Some(keytab) = config.authentication.kerberos_keytab() {
        check_keytab(keytab)?;
    }
    if let Some(secret) = machine_secret(&config) {
        secret.check()?;
        println!("machine account: its secret can be read");
    }
    let state = StateFolder::new(&config.state);
    let ca = CertificateAuthority::load(&config.ca, &state, SystemTime::now())?;
    match &config.directory {
        DirectoryConfig::Embedded(file) => check_directory(file, &config, ca.as_ref())?,
        #[cfg(feature = "active-directory")]
        DirectoryConfig::ActiveDirectory(settings) => domain::check_config(&config, settings)?,
        #[cfg(not(feature = "active-directory"))]
        DirectoryConfig::ActiveDirectory(_) => {}
    }
    match ca {
        Some(ca) => {
            Trust::load(&config.trust, &ca)?;
            let ca = with_addresses(ca, &config.host, &dns_domain(&config.directory)?)?;
            println!("CA {:?}: certificate and key are right", ca.certificate().names.common_name)
        }
        None => println!("no CA yet: the first start makes {:?}", config.ca.subject),
    }
    Ok(())
}

fn check_keytab(path: &Path) -> Result<(), Failure> {
    let entries = keytab::load(path)?;
    if entries.is_empty() {
        return Err(format!("keytab {} holds no key", path.display()).into());
    }
    println!("keytab {}:", path.display());
    for line in keytab::summary(&entries) {
        println!("  {line}");
    }
    if keytab::is_rc4_only(&entries) {
        println!(
            "  warning: RC4 keys alone, so that tickets are protected no better: give the account \
             AES (msDS-SupportedEncryptionTypes 24) and a new password, and export its keys again"
        );
    }
    Ok(())
}

fn check_directory(
    file: &Path,
    config: &Config,
    ca: Option<&CertificateAuthority>,
) -> Result<(), Failure> {
    let directory = EmbeddedDirectory::load(file)?;
    directory
        .security_descriptor(&config.enrollment.security)
        .map_err(|error| format!("setting enrollment.security: {error}"))?;
    tokio::runtime::Runtime::new()?.block_on(config.policy(&directory))?;
    let table = directory.table();
    let enabled = table.rows().iter().filter(|row| row.enabled).count();
    println!("{}: right, {enabled} templates enabled", file.display());
    let ca_validity = ca.map(|ca| ca.certificate().remaining(SystemTime::now()));
    for (template, finding) in lint_table(&LintContext { templates: &table, ca_validity }) {
        println!("  template {template}: {finding}");
    }
    Ok(())
}

fn init(arguments: &InitArguments) -> Result<(), Failure> {
    fs::create_dir_all(&arguments.folder)
        .map_err(|error| format!("cannot make {}: {error}", arguments.folder.display()))?;
    let [config, directory] =
        ["wcced.toml", "directory.toml"].map(|name| arguments.folder.join(name));
    if let Some(there) = [&config, &directory].into_iter().find(|path| path.exists()) {
        return Err(format!("{} is there already; nothing was written", there.display()).into());
    }
    let InitArguments { netbios, dns, demo, subject, state, .. } = arguments;
    if arguments.active_directory {
        let new = NewConfig {
            domain: Some(dns.clone()),
            subject: subject.clone(),
            state: state.clone(),
            demo: false,
        };
        Config::parse(&new.text(), &config)?;
        write_new(&config, &new.text(), 0o644)?;
        let config = config.display();
        println!("check the membership with: wcced join-check --config {config}");
        return Ok(());
    }
    let sid = arguments.sid.clone().map_or_else(new_domain_sid, Ok)?;
    let mut accounts = Zeroizing::new(EmbeddedDirectory::default_file(netbios, dns, &sid));
    let password = demo.then(new_password).transpose()?;
    if let Some(password) = &password {
        accounts.push_str(&demo_account(dns, password));
    }
    let new =
        NewConfig { demo: *demo, subject: subject.clone(), state: state.clone(), domain: None };
    // Names from the command line must not break the files.
    Config::parse(&new.text(), &config)?;
    EmbeddedDirectory::parse(&accounts, &directory)?;
    write_new(&config, &new.text(), 0o644)?;
    write_new(&directory, &accounts, 0o600)?;
    if let Some(password) = &password {
        println!("account {netbios}\\alice, password {}", password.as_str());
    }
    println!("start with: wcced serve --config {}", config.display());
    Ok(())
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let cannot = |error: io::Error| format!("cannot write {}: {error}", path.display());
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path).map_err(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)?;
    println!("wrote {}", path.display());
    Ok(())
}

fn new_domain_sid() -> Result<Sid, Failure> {
    let mut random = [0; 12];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| "the random number generator failed")?;
    let (numbers, _) = random.as_chunks::<4>();
    let numbers = numbers.iter().map(|bytes| u32::from_le_bytes(*bytes));
    Ok(Sid::new(5, &[21].into_iter().chain(numbers).collect::<Vec<_>>())?)
}

/// 20 letters and digits.
fn new_password() -> Result<Zeroizing<String>, Failure> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = Zeroizing::new([0_u8; 20]);
    aws_lc_rs::rand::fill(&mut *random).map_err(|_| "the random number generator failed")?;
    let letter = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).map(|c| char::from(*c));
    Ok(Zeroizing::new(random.iter().filter_map(letter).collect()))
}

fn demo_account(dns: &str, password: &str) -> Zeroizing<String> {
    let nt_hash = Zeroizing::new(hex(&*nt_hash(password)));
    Zeroizing::new(format!(
        "\n# The account of the demonstration.\n[[users]]\nname = \"alice\"\nrid = 1103\n\
         cn = \"Alice Example\"\nupn = \"alice@{dns}\"\nmail = \"alice@{dns}\"\n\
         nt_hash = \"{}\"\n",
        nt_hash.as_str()
    ))
}

fn hash_password() -> Result<(), Failure> {
    let password = read_password()?;
    if password.is_empty() {
        return Err("no password was given".into());
    }
    println!("nt_hash = \"{}\"", hex(&*nt_hash(&password)));
    Ok(())
}

/// A line from standard input; from a terminal without showing it.
fn read_password() -> Result<Zeroizing<String>, Failure> {
    let stdin = io::stdin();
    let mut line = Zeroizing::new(String::new());
    if stdin.is_terminal() {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        eprint!("Password: ");
        let shown = tcgetattr(&stdin)?;
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Now, &hidden)?;
        let read = stdin.read_line(&mut line);
        tcsetattr(&stdin, OptionalActions::Now, &shown)?;
        eprintln!();
        read?;
    } else {
        stdin.read_line(&mut line)?;
    }
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
