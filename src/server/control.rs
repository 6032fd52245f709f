//! The control socket: how `wcced backup`, `revoke` and the like reach the server that has the
//! Request table open. A socket in the state folder, for the server's own user and root alone.
//!
//! A client sends one line of JSON, a [`Command`]; lines of JSON come back, each an [`Event`], the
//! last one `done` or `failed`. A backup comes as the bytes of its file in their place.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use crate::admin::backup::{self, BackupOptions};
use crate::admin::{Administration, CrlService, LOCAL_ADMINISTRATOR, Retention, prune};
use crate::ca::CrlKind;
use crate::model::RequestId;
use crate::store::{Inconsistency, SledStore};

/// Longest command, in bytes.
const MAX_COMMAND: u64 = 4_096;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may not take any of a backup.
const STALLED: Duration = Duration::from_secs(60);
/// Commands at a time.
const PLACES: usize = 4;
/// Parts of a stream that wait to be sent.
const CHUNKS: usize = 16;
/// How much of a stream is sent at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// What can be asked of a running server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// Send a backup.
    Backup(BackupOptions),
    /// Compare rows, indexes, revocations and counts.
    CheckDb,
    /// Remove rows.
    Prune {
        /// Which ones.
        retention: Retention,
        /// Only count them.
        dry_run: bool,
    },
    /// Revoke the certificate of a request, and publish a base CRL.
    Revoke {
        /// Which request.
        id: u32,
        /// CRLReason.
        reason: u32,
    },
    /// Publish CRLs now.
    PublishCrl {
        /// Only the delta CRL.
        delta: bool,
    },
}

/// What comes back.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Something that does not agree.
    Problem {
        /// The row, where one can be told.
        id: Option<u32>,
        /// What is wrong.
        problem: String,
    },
    /// The end, with what was done.
    Done(Value),
    /// The end, with what went wrong.
    Failed(String),
}

/// What commands work on.
pub(super) struct Control {
    listener: UnixListener,
    path: PathBuf,
    desk: Arc<Desk>,
}

struct Desk {
    store: Arc<SledStore>,
    crls: Arc<CrlService>,
    administration: Arc<Administration>,
    state: PathBuf,
    places: Semaphore,
}

impl Control {
    /// Listens in the state folder. Whoever comes here has the Request table open, so a socket
    /// that is there is one that an earlier server left.
    pub(super) fn start(
        path: &Path,
        state: &Path,
        store: Arc<SledStore>,
        crls: Arc<CrlService>,
        administration: Arc<Administration>,
    ) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        // Nobody else enters the state folder either.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let (state, places) = (state.to_owned(), Semaphore::new(PLACES));
        let desk = Arc::new(Desk { store, crls, administration, state, places });
        Ok(Self { listener, path: path.to_owned(), desk })
    }

    /// Serves until `stop` turns true; a command under way then ends with its client's patience.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            let accepted = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let desk = Arc::clone(&self.desk);
                    tokio::spawn(async move {
                        if let Err(error) = desk.serve(stream).await {
                            warn!(%error, "a command on the control socket was not finished");
                        }
                    });
                }
                Err(error) => {
                    warn!(%error, "the control socket cannot accept");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        // The next server would remove it, too.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Desk {
    async fn serve(&self, stream: UnixStream) -> io::Result<()> {
        let peer = stream.peer_cred()?.uid();
        if peer != 0 && peer != rustix::process::geteuid().as_raw() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let (read, mut write) = stream.into_split();
        let mut line = String::new();
        let mut read = tokio::io::BufReader::new(read.take(MAX_COMMAND));
        tokio::time::timeout(PATIENCE, read.read_line(&mut line)).await??;
        let Ok(_place) = self.places.try_acquire() else {
            return send(&mut write, &Event::Failed("too many commands at once".to_owned())).await;
        };
        let command: Command = match serde_json::from_str(&line) {
            Ok(command) => command,
            Err(error) => {
                return send(&mut write, &Event::Failed(format!("no command: {error}"))).await;
            }
        };
        info!(?command, "asked on the control socket");
        let event = match command {
            Command::Backup(options) => return self.backup(options, &mut write).await,
            Command::CheckDb => self.check(&mut write).await,
            Command::Prune { retention, dry_run } => {
                let pruned = prune(&*self.store, &retention, SystemTime::now(), dry_run).await;
                pruned.map(|pruned| serde_json::json!(pruned)).map_err(|e| e.to_string())
            }
            Command::Revoke { id, reason } => self.revoke(RequestId(id), reason).await,
            Command::PublishCrl { delta } => {
                self.publish(if delta { CrlKind::Delta } else { CrlKind::Base }).await
            }
        };
        let event = event.map_or_else(Event::Failed, Event::Done);
        send(&mut write, &event).await
    }

    /// The stream lacks its end where something goes wrong, and the client sees that.
    async fn backup(
        &self,
        options: BackupOptions,
        write: &mut (impl AsyncWriteExt + Unpin),
    ) -> io::Result<()> {
        let (chunks, mut waiting) = mpsc::channel(CHUNKS);
        let (store, state) = (Arc::clone(&self.store), self.state.clone());
        let made = spawn_blocking(move || {
            let out = io::BufWriter::with_capacity(CHUNK, Chunks(chunks));
            backup::write(&store, &state, options, out)
        });
        while let Some(chunk) = waiting.recv().await {
            // What changes meanwhile is noted: that must not go on for ever.
            tokio::time::timeout(STALLED, write.write_all(&chunk)).await??;
        }
        made.await?.map_err(io::Error::other)?;
        write.shutdown().await
    }

    async fn check(&self, write: &mut (impl AsyncWriteExt + Unpin)) -> Result<Value, String> {
        let (problems, mut found) = mpsc::channel(CHUNKS);
        let store = Arc::clone(&self.store);
        let checked = spawn_blocking(move || {
            store.check(|Inconsistency { id, problem }| {
                let id = id.map(|RequestId(id)| id);
                // A client that is gone does not need to know.
                let _ = problems.blocking_send(Event::Problem { id, problem });
            })
        });
        while let Some(problem) = found.recv().await {
            send(write, &problem).await.map_err(|error| error.to_string())?;
        }
        let checked = checked.await.map_err(|error| error.to_string())?;
        checked.map(|checked| serde_json::json!(checked)).map_err(|error| error.to_string())
    }

    async fn revoke(&self, id: RequestId, reason: u32) -> Result<Value, String> {
        let revoked = self.administration.revoke_request(id, reason).await;
        revoked.map_err(|error| error.to_string())?;
        self.publish(CrlKind::Base).await
    }

    async fn publish(&self, kind: CrlKind) -> Result<Value, String> {
        let by = Some(LOCAL_ADMINISTRATOR);
        let crls =
            self.crls.publish_for(kind, by, None).await.map_err(|error| error.to_string())?;
        let number = |crl: &Option<Arc<crate::ca::Crl>>| crl.as_ref().map(|crl| crl.number);
        Ok(serde_json::json!({ "base": number(&crls.base), "delta": number(&crls.delta) }))
    }
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event).map_err(io::Error::from)?;
    line.push(b'\n');
    write.write_all(&line).await
}

/// Hands what is written to whoever sends it.
struct Chunks(mpsc::Sender<Vec<u8>>);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.0.blocking_send(bytes.to_vec()).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A running server, as its own command line reaches it. Blocks.
pub struct Client(BlockingStream);

impl Client {
    /// Connects to the socket; `None` where no server runs.
    ///
    /// # Errors
    /// Where the socket is there, but not for this user.
    pub fn connect(path: &Path) -> io::Result<Option<Self>> {
        match BlockingStream::connect(path) {
            Ok(stream) => Ok(Some(Self(stream))),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound
                        | io::ErrorKind::ConnectionRefused
                        // A path too long for a socket, so that no server has one there.
                        | io::ErrorKind::InvalidInput
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a command; what comes back is read from the result.
    ///
    /// # Errors
    /// Where the connection fails.
    pub fn ask(mut self, command: &Command) -> io::Result<BufReader<BlockingStream>> {
        let mut line = serde_json::to_vec(command).map_err(io::Error::from)?;
        line.push(b'\n');
        self.0.write_all(&line)?;
        Ok(BufReader::new(self.0))
    }

    /// Sends a command and hands over problems until the end, which is returned.
    ///
    /// # Errors
    /// What the server says went wrong, or that the connection failed.
    pub fn run(
        self,
        command: &Command,
        mut problem: impl FnMut(Option<u32>, &str),
    ) -> io::Result<Value> {
        for line in self.ask(command)?.lines() {
            match serde_json::from_str(&line?).map_err(io::Error::from)? {
                Event::Problem { id, problem: text } => problem(id, &text),
                Event::Done(value) => return Ok(value),
                Event::Failed(text) => return Err(io::Error::other(text)),
            }
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
