//! `wcced join-check`, `publish`, `unpublish`, `template` and `install-default-templates`: this CA
//! in its domain.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use wcce::auth::kerberos::KerberosCredentials;
use wcce::auth::keytab;
use wcce::ca::{CertificateAuthority, CrlPublisher, StateFolder};
use wcce::config::{Config, NtlmMode, TrusteeError};
use wcce::directory::active_directory::publication::ca::{CaFacts, objects};
use wcce::directory::active_directory::publication::templates::{self, FIRST_ENABLED};
use wcce::directory::active_directory::publication::{Object, Step};
use wcce::directory::active_directory::{ActiveDirectory, Administration, Machine};
use wcce::directory::config::{
    ActiveDirectoryConfig, DirectoryConfig, SimpleBindConfig, Transport,
};
use wcce::model::{Sid, TemplateTable};
use wcce::server::{IDLE_NTLM, publication, secure_channel};

use crate::Failure;

#[derive(Args)]
pub struct Access {
    /// The configuration file.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// Log on with the tickets that kinit got, in place of the machine's keytab: for what the
    /// machine itself may not change.
    #[arg(long)]
    ccache: bool,
    /// Log on with a name and a password, over LDAPS.
    #[arg(long, requires = "password_file", conflicts_with = "ccache")]
    user: Option<String>,
    /// The file with that password.
    #[arg(long, requires = "user")]
    password_file: Option<PathBuf>,
}

#[derive(Args)]
pub struct Publish {
    #[command(flatten)]
    access: Access,
    /// Print the changes as LDIF, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// On a first publication, issue from the eleven templates that a Windows CA begins with. By
    /// default the CA issues from none until `wcced template enable`.
    #[arg(long)]
    windows_templates: bool,
}

#[derive(Args)]
pub struct Change {
    #[command(flatten)]
    access: Access,
    /// Print the changes as LDIF, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Subcommand)]
pub enum Template {
    /// Lists the forest's templates; a star marks those that this CA issues from.
    List(Access),
    /// Puts the templates of a file into the forest.
    Add {
        #[command(flatten)]
        change: Change,
        /// TOML: [[template]] with attribute names as keys, as in `wcced template example`.
        file: PathBuf,
    },
    /// Lets this CA issue from templates.
    Enable {
        #[command(flatten)]
        change: Change,
        /// Their names (cn).
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Lets this CA no longer issue from templates.
    Disable {
        #[command(flatten)]
        change: Change,
        /// Their names (cn).
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Prints the description of a template, to begin a file for `add` with.
    Example,
}

/// What all commands begin with.
struct Session {
    config: Config,
    directory: Administration,
}

impl Access {
    fn settings(&self) -> Result<(Config, ActiveDirectoryConfig), Failure> {
        let config = Config::load(&self.config)?;
        let DirectoryConfig::ActiveDirectory(settings) = &config.directory else {
            let file = self.config.display();
            return Err(format!("{file} uses a directory file, not Active Directory").into());
        };
        let mut settings = (**settings).clone();
        settings.credentials = self.ccache.then_some(KerberosCredentials::Cache(None));
        if let (Some(user), Some(password_file)) = (&self.user, &self.password_file) {
            settings.simple_bind =
                Some(SimpleBindConfig { user: user.clone(), password_file: password_file.clone() });
            if settings.transport == Transport::Seal {
                settings.transport = Transport::Ldaps;
            }
        }
        Ok((config, settings))
    }

    async fn open(&self) -> Result<Session, Failure> {
        let (config, settings) = self.settings()?;
        let directory = Administration::connect(&settings).await?;
        Ok(Session { config, directory })
    }
}

fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Runtime::new()?.block_on(future)
}

/// The DNS name of this host, and the name of its account.
fn host(config: &Config) -> (String, String) {
    let system = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    let name = config.host.dns_name.clone().unwrap_or_else(system);
    let label = name.split('.').next().unwrap_or(&name).to_uppercase();
    (name, format!("{}$", label.chars().take(15).collect::<String>()))
}

fn load_ca(config: &Config) -> Result<CertificateAuthority, Failure> {
    let state = StateFolder::new(&config.state);
    CertificateAuthority::load(&config.ca, &state, SystemTime::now())?
        .ok_or_else(|| "there is no CA yet; the first `wcced serve` makes it".into())
}

impl Session {
    async fn machine(&self) -> Result<Machine, Failure> {
        let (_, account) = host(&self.config);
        let machine = self.directory.machine(&account).await?;
        machine.ok_or_else(|| format!("the domain has no machine account {account}").into())
    }

    /// Takes the steps, or shows them.
    async fn take(&self, steps: &[Step], dry_run: bool) -> Result<(), Failure> {
        if dry_run {
            let ldif: String = steps.iter().map(Step::to_ldif).collect();
            io::stdout().write_all(ldif.as_bytes())?;
            return Ok(());
        }
        for step in steps {
            self.directory.apply(step).await.map_err(|error| format!("{}: {error}", step.dn()))?;
            let done = match step {
                Step::Add(_) => "made",
                Step::Modify { .. } => "changed",
                Step::Delete { .. } => "removed",
            };
            println!("{done} {}", step.dn());
        }
        if steps.is_empty() {
            println!("nothing to do");
        }
        Ok(())
    }

    async fn take_objects(&self, objects: &[Object], dry_run: bool) -> Result<(), Failure> {
        self.take(&self.directory.plan(objects).await?, dry_run).await
    }
}

/// `wcced publish`.
pub fn publish(arguments: &Publish) -> Result<(), Failure> {
    block_on(async {
        let session = arguments.access.open().await?;
        let ca = load_ca(&session.config)?;
        let machine = session.machine().await?;
        let facts = facts(&session.config, &ca, &machine, arguments.windows_templates)?;
        let directory = &session.directory;
        let objects = objects(directory.forest(), directory.root_domain(), &facts)?;
        let mut steps = directory.plan(&objects).await?;
        steps.extend(directory.join_publishers(&machine).await?);
        session.take(&steps, arguments.dry_run).await
    })
}

fn facts(
    config: &Config,
    ca: &CertificateAuthority,
    machine: &Machine,
    windows_templates: bool,
) -> Result<CaFacts, Failure> {
    let crls = CrlPublisher::new(&config.ca, &StateFolder::new(&config.state)).current(ca)?;
    let facts = publication::facts(ca, &crls, &host(config).0, machine.sid.clone())?;
    let templates = if windows_templates { &FIRST_ENABLED[..] } else { &[] };
    let templates = templates.iter().map(|name| (*name).to_owned()).collect();
    Ok(CaFacts { templates, ..facts })
}

/// `wcced unpublish`.
pub fn unpublish(arguments: &Change) -> Result<(), Failure> {
    block_on(async {
        let session = arguments.access.open().await?;
        let ca = load_ca(&session.config)?;
        let certificate = ca.certificate();
        let cn = &certificate.names.sanitized_short;
        let ours = std::slice::from_ref(&certificate.der);
        let steps = session.directory.plan_removal(cn, ours).await?;
        session.take(&steps, arguments.dry_run).await?;
        if !arguments.dry_run {
            println!(
                "what living certificates are checked with stays: the CA's objects in AIA and CDP, \
                 and its root in Certification Authorities"
            );
        }
        Ok(())
    })
}

/// `wcced install-default-templates`.
pub fn install_default_templates(arguments: &Change) -> Result<(), Failure> {
    block_on(async {
        let session = arguments.access.open().await?;
        let (arc, step) = session.directory.arc().await?;
        session.take(step.as_slice(), arguments.dry_run).await?;
        let objects = templates::defaults(&session.directory.naming(&arc))?;
        session.take_objects(&objects, arguments.dry_run).await
    })
}

/// `wcced template`.
pub fn template(command: &Template) -> Result<(), Failure> {
    match command {
        Template::List(access) => list(access),
        Template::Add { change, file } => add(change, file),
        Template::Enable { change, names } => enable(change, names, true),
        Template::Disable { change, names } => enable(change, names, false),
        Template::Example => {
            print!("{}", include_str!("template.toml"));
            Ok(())
        }
    }
}

fn list(access: &Access) -> Result<(), Failure> {
    block_on(async {
        let session = access.open().await?;
        let ca = load_ca(&session.config)?;
        let names = &ca.certificate().names;
        for one in session.directory.templates(&names.sanitized_short).await? {
            let mark = if one.enabled { '*' } else { ' ' };
            let (major, minor) = one.version;
            println!(
                "{mark} {:32} V{} {major}.{minor:<5} {}",
                one.name, one.schema, one.display_name
            );
        }
        Ok(())
    })
}

fn add(change: &Change, file: &Path) -> Result<(), Failure> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    block_on(async {
        let session = change.access.open().await?;
        let (arc, step) = session.directory.arc().await?;
        session.take(step.as_slice(), change.dry_run).await?;
        let objects = templates::objects(&text, &session.directory.naming(&arc))
            .map_err(|error| format!("{}: {error}", file.display()))?;
        session.take_objects(&objects, change.dry_run).await
    })
}

fn enable(change: &Change, names: &[String], on: bool) -> Result<(), Failure> {
    block_on(async {
        let session = change.access.open().await?;
        let ca = load_ca(&session.config)?;
        let cn = &ca.certificate().names.sanitized_short;
        let known = session.directory.templates(cn).await?;
        for name in names {
            if !known.iter().any(|one| one.name.eq_ignore_ascii_case(name)) {
                return Err(format!("the forest has no template {name:?}").into());
            }
        }
        let mut steps = Vec::new();
        for name in names {
            steps.extend(session.directory.plan_enabling(cn, name, on).await?);
        }
        session.take(&steps, change.dry_run).await
    })
}

/// How far clocks may differ for Kerberos.
const CLOCK_SKEW: Duration = Duration::from_secs(300);
/// AES-128 and AES-256 in msDS-SupportedEncryptionTypes.
const AES: i64 = 0x18;
const CERT_PUBLISHERS: u32 = 517;

/// Counts what is wrong, and says all of it.
#[derive(Default)]
struct Report {
    failures: u32,
}

impl Report {
    fn check(&mut self, right: bool, what: &str, advice: &str) {
        if right {
            println!("ok    {what}");
        } else {
            println!("FAIL  {what}: {advice}");
            self.failures = self.failures.saturating_add(1);
        }
    }
}

/// What `wcced check-config` says of Active Directory. That it does not answer is no fault of the
/// configuration.
pub fn check_config(config: &Config, settings: &ActiveDirectoryConfig) -> Result<(), Failure> {
    println!("directory: Active Directory of {}; to try it: wcced join-check", settings.domain);
    if !config.names_trustees() {
        return Ok(());
    }
    block_on(async {
        // Which templates the CA issues from does not matter here.
        let directory = ActiveDirectory::start(settings, "check-config")?;
        if let Err(problem) = directory.forest(settings.timeout).await {
            println!(
                "warning: whom the settings hardening.protected and enrollment_agents mean is not \
                 checked: {problem}"
            );
            return Ok(());
        }
        match config.policy(&directory).await {
            Err(problem @ TrusteeError::Directory { .. }) => println!("warning: {problem}"),
            other => {
                other?;
                println!("accounts and groups of hardening and enrollment_agents: there");
            }
        }
        Ok(())
    })
}

/// The template table of the CA of this sanitized name.
pub fn template_table(
    settings: &ActiveDirectoryConfig,
    ca: &str,
) -> Result<TemplateTable, Failure> {
    block_on(async { Ok(Administration::connect(settings).await?.template_table(ca).await?) })
}

/// `wcced join-check`.
pub fn join_check(access: &Access) -> Result<(), Failure> {
    let (config, settings) = access.settings()?;
    let (name, account) = host(&config);
    let mut report = Report::default();
    report.check(
        name.to_lowercase().ends_with(&format!(".{}", settings.domain.to_lowercase())),
        &format!("this host is called {name}"),
        "set host.dns_name to its full name in the domain",
    );
    if access.user.is_none() && !access.ccache {
        check_keytab(&settings.keytab, &mut report);
    }
    block_on(async {
        let addresses = tokio::net::lookup_host((name.as_str(), 0)).await;
        report.check(
            addresses.is_ok_and(|mut found| found.next().is_some()),
            &format!("DNS knows {name}"),
            "add its address to the domain's DNS",
        );
        match access.open().await {
            Ok(session) => check_membership(&session, &name, &account, &mut report).await,
            Err(error) => {
                report.check(false, "a domain controller answers", &error.to_string());
                Ok(())
            }
        }
    })?;
    match report.failures {
        0 => Ok(()),
        failures => Err(format!("{failures} checks failed").into()),
    }
}

fn check_keytab(path: &Path, report: &mut Report) {
    let what = format!("keytab {}", path.display());
    match keytab::load(path) {
        Err(error) => {
            let advice = format!("{error}; make one by: net ads join, or adcli join");
            report.check(false, &what, &advice);
        }
        Ok(entries) => {
            let advice = "RC4 keys alone: give the account AES and a new password";
            report.check(!keytab::is_rc4_only(&entries), &what, advice);
        }
    }
}

async fn check_membership(
    session: &Session,
    name: &str,
    account: &str,
    report: &mut Report,
) -> Result<(), Failure> {
    let directory = &session.directory;
    let forest = directory.forest();
    report.check(true, &format!("{} answers and takes the logon", directory.host()), "");
    let skew = directory.time().await?.map(|there| {
        let now = SystemTime::now();
        now.duration_since(there).unwrap_or_else(|_| there.duration_since(now).unwrap_or_default())
    });
    report.check(
        skew.is_some_and(|skew| skew < CLOCK_SKEW),
        &format!("clocks differ by {} s", skew.unwrap_or_default().as_secs()),
        "Kerberos allows five minutes: run a time service",
    );
    println!("      domain {} ({}), SID {}", forest.own.dns, forest.own.netbios, forest.sid);
    let Some(machine) = directory.machine(account).await? else {
        report.check(false, &format!("machine account {account}"), "join the domain");
        return Ok(());
    };
    check_account(&machine, name, report, &forest.sid);
    match directory.catalog_knows(&machine.sid).await {
        Ok((host, knows)) => report.check(
            knows,
            &format!("global catalog {host} knows this machine"),
            "accounts of other domains of the forest cannot be looked up",
        ),
        Err(error) => report.check(false, "a global catalog answers", &error.to_string()),
    }
    check_ntlm(session, report).await;
    let ca = load_ca(&session.config);
    let Ok(ca) = ca else {
        println!("      there is no CA yet");
        return Ok(());
    };
    let cn = &ca.certificate().names.sanitized_short;
    let templates = directory.templates(cn).await?;
    report.check(
        !templates.is_empty(),
        &format!(
            "{} templates, {} enabled",
            templates.len(),
            templates.iter().filter(|one| one.enabled).count()
        ),
        "the forest has none: wcced install-default-templates",
    );
    let facts = facts(&session.config, &ca, &machine, false)?;
    let steps = directory.plan(&objects(forest, directory.root_domain(), &facts)?).await?;
    report.check(steps.is_empty(), "the CA's objects are true", "run: wcced publish");
    Ok(())
}

/// Whether the domain can be asked about NTLM logons, where the configuration wants that.
async fn check_ntlm(session: &Session, report: &mut Report) {
    let config = &session.config;
    let own = &session.directory.forest().own;
    let (netbios, dns) = (&own.netbios, &own.dns);
    match config.authentication.ntlm {
        NtlmMode::Netlogon => {
            let (right, what) = match probe(config, netbios, dns).await {
                Ok(controller) => (true, format!("secure channel with {controller}")),
                Err(error) => (false, format!("secure channel: {error}")),
            };
            report.check(right, &what, "NTLM logons cannot be verified until it stands");
        }
        NtlmMode::Winbind => {
            let checked = config.authentication.domain.winbind(netbios).check().await;
            let advice = checked.as_ref().err().map(ToString::to_string).unwrap_or_default();
            report.check(checked.is_ok(), "winbindd trusts the domain", &advice);
        }
        NtlmMode::Local => report.check(false, "NTLM", IDLE_NTLM),
        NtlmMode::Refuse => println!("      NTLM: refused"),
    }
}

async fn probe(config: &Config, netbios: &str, dns: &str) -> Result<String, Failure> {
    let channel = secure_channel(config, netbios, dns)?.ok_or("it has no secret")?;
    Ok(channel.probe().await?.controller)
}

fn check_account(machine: &Machine, name: &str, report: &mut Report, domain: &Sid) {
    report.check(machine.enabled, &format!("machine account {}", machine.dn), "it is disabled");
    let is_ours =
        machine.dns_host_name.as_deref().is_some_and(|dns| dns.eq_ignore_ascii_case(name));
    report.check(is_ours, "dNSHostName is this host's", "set it, or clients look elsewhere");
    let service =
        |wanted: &str| machine.services.iter().any(|one| one.eq_ignore_ascii_case(wanted));
    report.check(
        service(&format!("HOST/{name}")),
        &format!("service principal name HOST/{name} (RPCSS counts as HOST)"),
        "add it by: setspn, or samba-tool spn add",
    );
    report.check(
        machine.encryption_types.is_some_and(|types| types & AES != 0),
        "AES keys (msDS-SupportedEncryptionTypes)",
        "set it to 24 or 28, or the KDC may issue RC4 tickets",
    );
    report.check(
        !machine.groups.is_empty(),
        "tokenGroups can be read",
        "add the account to Windows Authorization Access Group",
    );
    let publishers = domain.with_rid(CERT_PUBLISHERS).ok();
    report.check(
        publishers.is_some_and(|sid| machine.groups.contains(&sid)),
        "member of Cert Publishers",
        "wcced publish adds it; a new ticket shows it",
    );
    println!("      key version {}", machine.key_version.unwrap_or_default());
}
