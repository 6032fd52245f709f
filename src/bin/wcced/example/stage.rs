//! The CA of the example: a folder, a directory file, and `wcced serve` as a process.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use wcce::auth::ntlm::nt_hash;
use wcce::ca::StateFolder;
use wcce::config::{Config, NewConfig};
use wcce::directory::embedded::EmbeddedDirectory;
use wcce::model::{RequestId, RequestRow};
use wcce::store::{SledStore, Store};
use zeroize::Zeroizing;

use super::desk::{Actor, CA, DOMAIN};
use crate::{Failure, hex, new_domain_sid, new_password};

/// How long the server may take to start.
const START: Duration = Duration::from_secs(60);
/// OIDs of the example's templates.
pub const ARC: &str = "1.3.6.1.4.1.311.21.8.3.6.3.6.3.6.1";

/// Template T of the example (conditions P1 and P2).
pub const TEMPLATE: &str = include_str!("template.toml");

/// Settings that the example needs: certificates of some cases are valid for seconds only, and
/// the log is read.
const SETTINGS: [(&str, &str); 2] =
    [("[ca]\n", "[ca]\nclock_skew = \"0s\"\n"), ("[log]\n", "[log]\nformat = \"json\"\n")];

/// What the agent may do (condition P5): nobody may anything by default.
const AGENTS: &str = r#"
[[enrollment_agents]]
agents = ["Enrollment Agents"]
templates = ["OnBehalf", "OnBehalfToo", "OnBehalfOfTwo", "OnBehalfShort", "OnBehalfNamed"]
subjects = ["alice"]
"#;

/// The folder and the accounts of a CA, and its server while it runs.
pub struct Stage {
    folder: PathBuf,
    keep: bool,
    server: Option<Running>,
    pub agent: Actor,
    pub user: Actor,
    pub bystander: Actor,
}

struct Running {
    child: Child,
    mapper: SocketAddr,
    /// What the server logged since it was started begins here in its log.
    since: usize,
}

impl Stage {
    /// Makes the folder and the files in it.
    pub fn set(folder: Option<PathBuf>, template: &str) -> Result<Self, Failure> {
        let keep = folder.is_some();
        let folder = folder.map_or_else(temporary, Ok)?;
        let mut builder = fs::DirBuilder::new();
        builder.recursive(keep).mode(0o700);
        builder.create(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let actor = |user| Ok::<_, Failure>(Actor { user, password: new_password()? });
        let stage = Self {
            folder,
            keep,
            server: None,
            agent: actor("agent")?,
            user: actor("alice")?,
            bystander: actor("bob")?,
        };
        stage.write_files(template)?;
        Ok(stage)
    }

    fn write_files(&self, template: &str) -> Result<(), Failure> {
        let new = NewConfig {
            demo: true,
            subject: Some(format!("CN={CA},DC=example,DC=test")),
            domain: None,
            state: None,
        };
        let mut settings = new.text();
        for (from, to) in SETTINGS.iter().chain(&[
            ("127.0.0.1:13500", "127.0.0.1:0"),
            ("127.0.0.1:49170", "127.0.0.1:0"),
            ("127.0.0.1:49171", "127.0.0.1:0"),
        ]) {
            settings = settings.replacen(from, to, 1);
        }
        settings.push_str(AGENTS);
        let sid = new_domain_sid()?;
        let mut directory =
            Zeroizing::new(EmbeddedDirectory::default_file(DOMAIN, "example.test", &sid));
        directory.push_str("\n[[groups]]\nname = \"Enrollment Agents\"\nrid = 1200\n");
        let actors = [(&self.agent, 1103), (&self.user, 1104), (&self.bystander, 1105)];
        for (actor, rid) in actors {
            directory.push_str(&account(actor, rid));
        }
        directory.push('\n');
        directory.push_str(template);
        directory.push_str(&further_templates());
        Config::parse(&settings, &self.config())?;
        EmbeddedDirectory::parse(&directory, &self.directory())?;
        append(&self.config())?.write_all(settings.as_bytes())?;
        Ok(append(&self.directory())?.write_all(directory.as_bytes())?)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn config(&self) -> PathBuf {
        self.path("wcced.toml")
    }

    pub fn directory(&self) -> PathBuf {
        self.path("directory.toml")
    }

    /// What there is, for the story.
    pub fn description(&self) -> String {
        let Self { agent, user, bystander, .. } = self;
        let [agent, user, bystander] = [agent, user, bystander].map(Actor::account);
        format!(
            "CA {CA:?} in {}; agent {agent} (in the group Enrollment Agents, granted in the \
             settings), user {user}, bystander {bystander}.",
            self.folder.display()
        )
    }

    /// Changes the directory file while the server is stopped, and starts it again.
    pub fn with_directory(
        &mut self,
        change: impl FnOnce(&str) -> String,
    ) -> Result<Zeroizing<String>, Failure> {
        let before = Zeroizing::new(fs::read_to_string(self.directory())?);
        let after = Zeroizing::new(change(&before));
        if *before == *after {
            return Err("the directory file is not as expected".into());
        }
        self.write_directory(&after)?;
        Ok(before)
    }

    /// Replaces the directory file while the server is stopped, and starts it again.
    pub fn write_directory(&mut self, text: &str) -> Result<(), Failure> {
        self.stop()?;
        fs::write(self.directory(), text)?;
        self.start()
    }

    /// Starts the server, and waits until it is ready.
    pub fn start(&mut self) -> Result<(), Failure> {
        let log = self.path("wcced.log");
        let since = fs::metadata(&log).map_or(0, |file| usize::try_from(file.len()).unwrap_or(0));
        let file = append(&log)?;
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg("--config")
            .arg(self.config())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()?;
        let mapper = SocketAddr::from(([127, 0, 0, 1], 0));
        let running = self.server.insert(Running { child, mapper, since });
        let deadline = Instant::now().checked_add(START);
        loop {
            if let Some(address) = ready(&log, since) {
                running.mapper = address;
                return Ok(());
            }
            if running.child.try_wait()?.is_some() {
                return Err("wcced ended instead of serving; see the log".into());
            }
            if deadline.is_none_or(|deadline| Instant::now() > deadline) {
                return Err("wcced did not become ready in time".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops the server, and waits for its end.
    pub fn stop(&mut self) -> Result<(), Failure> {
        let Some(mut running) = self.server.take() else { return Ok(()) };
        kill_process(Pid::from_child(&running.child), Signal::TERM)?;
        match running.child.wait()?.success() {
            true => Ok(()),
            false => Err("wcced did not end in order; see the log".into()),
        }
    }

    /// The port of the endpoint mapper, and of activation.
    pub fn mapper_port(&self) -> u16 {
        self.server.as_ref().map_or(0, |running| running.mapper.port())
    }

    /// Rows of the Request table; the server is stopped meanwhile.
    pub async fn rows(&mut self, ids: &[u32]) -> Result<Vec<RequestRow>, Failure> {
        self.stop()?;
        let rows = self.read_rows(ids).await;
        self.start()?;
        rows
    }

    async fn read_rows(&self, ids: &[u32]) -> Result<Vec<RequestRow>, Failure> {
        let config = Config::load(&self.config())?;
        let store = SledStore::open(&StateFolder::new(&config.state).database(), &config.store)?;
        let mut rows = Vec::new();
        for id in ids {
            rows.extend(store.by_id(RequestId(*id)).await?);
        }
        Ok(rows)
    }

    /// Revokes what was issued for a request, by `wcced revoke`; the server is stopped meanwhile.
    pub fn revoke(&mut self, request_id: u32) -> Result<(), Failure> {
        self.stop()?;
        let revoked = Command::new(std::env::current_exe()?)
            .args(["revoke", "--id", &request_id.to_string(), "--config"])
            .arg(self.config())
            .output()?;
        self.start()?;
        match revoked.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&revoked.stderr).into_owned().into()),
        }
    }

    /// The message of the server's log line about a request, with the fields that it names.
    pub fn log_of(&self, request_id: u32) -> Option<String> {
        let text = fs::read_to_string(self.path("wcced.log")).ok()?;
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of_request = |line: &Value| line.get("request_id") == Some(&Value::from(request_id));
        let line = lines.into_iter().rfind(of_request)?;
        let Value::Object(fields) = line else { return None };
        const HIDDEN: [&str; 7] =
            ["timestamp", "level", "target", "message", "span", "spans", "duration_ms"];
        let fields: Vec<String> = fields
            .iter()
            .filter(|(name, _)| !HIDDEN.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}={}", plain(value)))
            .collect();
        Some(fields.join(" "))
    }

    /// The last lines of the server's log, for when something broke.
    pub fn last_log_lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("wcced.log")).unwrap_or_default();
        let since = self.server.as_ref().map_or(0, |running| running.since);
        let lines = text.get(since..).unwrap_or_default().lines();
        lines.rev().take(5).map(str::to_owned).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut running) = self.server.take() {
            // It may have ended already.
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
        if !self.keep {
            // What cannot be removed lies in the system's folder for temporary files.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A new name in the folder for temporary files.
fn temporary() -> Result<PathBuf, Failure> {
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| "the random number generator failed")?;
    Ok(std::env::temp_dir().join(format!("wcced-example-{}", hex(&random))))
}

fn append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// The address of the endpoint mapper, once the log says that the server is ready.
fn ready(log: &Path, since: usize) -> Option<SocketAddr> {
    let text = fs::read_to_string(log).ok()?;
    let lines = text.get(since..)?.lines();
    let mut lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ready = lines.find(|line| line.get("message") == Some(&Value::from("ready")))?;
    let addresses = ready.get("endpoint_mapper")?.as_str()?;
    addresses.trim_matches(['[', ']']).split(',').next()?.parse().ok()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn account(actor: &Actor, rid: u32) -> Zeroizing<String> {
    let Actor { user, password } = actor;
    let upn = actor.upn();
    let hash = Zeroizing::new(hex(&*nt_hash(password)));
    let groups = if *user == "agent" { "member_of = [\"Enrollment Agents\"]\n" } else { "" };
    Zeroizing::new(format!(
        "\n[[users]]\nname = \"{user}\"\nrid = {rid}\nupn = \"{upn}\"\nmail = \"{upn}\"\n\
         {groups}nt_hash = \"{}\"\n",
        hash.as_str()
    ))
}

/// The templates beside T: of agents, and those that negative cases need.
fn further_templates() -> String {
    let agent = "msPKI-RA-Signature = 1\n\
                 msPKI-RA-Application-Policies = [\"certificateRequestAgent\"]\n\
                 msPKI-Enrollment-Flag = [\"PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT\"]\n";
    let of_two = agent.replace("Signature = 1", "Signature = 2");
    let (users, agents) = ("Domain Users", "Enrollment Agents");
    let names = "SUBJECT_REQUIRE_DIRECTORY_PATH\", \"SUBJECT_ALT_REQUIRE_UPN";
    let supplied = "ENROLLEE_SUPPLIES_SUBJECT";
    [
        // name, number, validity, overlap, policy, name flags, who may enroll, the rest
        ("OnBehalfToo", 2, "1y", "6w", "clientAuth", names, users, agent),
        ("OnBehalfOfTwo", 3, "1y", "6w", "clientAuth", names, users, &of_two),
        ("OnBehalfForbidden", 4, "1y", "6w", "clientAuth", names, users, agent),
        ("OnBehalfShort", 5, "5s", "1s", "clientAuth", names, users, agent),
        ("OnBehalfNamed", 6, "1y", "6w", "emailProtection", supplied, users, agent),
        ("Agent", 10, "1y", "6w", "certificateRequestAgent", names, agents, ""),
        ("AgentShort", 11, "5s", "1s", "certificateRequestAgent", names, agents, ""),
        ("Plain", 12, "1y", "6w", "clientAuth", names, users, ""),
    ]
    .map(|(cn, number, validity, overlap, policy, names, who, rest)| {
        format!(
            "\n[[templates]]\ncn = \"{cn}\"\nmsPKI-Template-Schema-Version = 2\nrevision = 100\n\
             msPKI-Cert-Template-OID = \"{ARC}.{number}\"\n\
             msPKI-Certificate-Name-Flag = [\"{names}\"]\npKIExpirationPeriod = \"{validity}\"\n\
             pKIOverlapPeriod = \"{overlap}\"\nmsPKI-Minimal-Key-Size = 256\n\
             pKIKeyUsage = [\"digitalSignature\"]\npKICriticalExtensions = [\"keyUsage\"]\n\
             msPKI-Certificate-Application-Policy = [\"{policy}\"]\nenroll = [\"{who}\"]\n{rest}"
        )
    })
    .concat()
}
