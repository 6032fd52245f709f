//! One connection: moves bytes, time and verdicts between the socket and the association.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tracing::{Instrument, debug, error, info, warn};

use super::Shared;
use super::limits::{Principal, Slot};
use crate::logging::{Line, Seldom, line_about};
use crate::ndr::Fault;
use crate::places::{Place, Rank};
use crate::rpc::association::{
    Association, AuthOutcome, Call, CallToken, CloseReason, Endpoint, Event,
};

/// How much is read at once, in bytes.
const READ_SIZE: usize = 16 * 1024;
/// How long, and how often, input is read after the end.
const LINGER_TIME: Duration = Duration::from_secs(1);
const LINGER_READS: usize = 64;
/// nca_s_fault_unspec: the service panicked.
const UNSPECIFIED: Fault = Fault(0x1C00_0012);

/// An answer, and the caller's slot: it counts as in flight until it is on its way.
type Answer = (CallToken, Result<Vec<u8>, Fault>, Slot);

/// A connection and all that it waits for.
pub(super) struct Connection {
    stream: TcpStream,
    association: Association,
    shared: Arc<Shared>,
    place: Arc<Place>,
    stop: watch::Receiver<bool>,
    /// The client will send no more.
    input_ended: bool,
    /// The server has asked to stop.
    draining: bool,
    /// At most one: the association takes no input while it is out.
    authentication: JoinSet<AuthOutcome>,
    /// Kept so that the channel stays open; each call has a clone.
    answer: mpsc::UnboundedSender<Answer>,
    /// As many as calls may be in flight.
    answers: mpsc::UnboundedReceiver<Answer>,
}

/// The answer that a call owes, and what it holds until then. Where the call ends without one,
/// because the service panicked, the answer is a fault.
struct Reply {
    owed: Option<(CallToken, Slot)>,
    answer: mpsc::UnboundedSender<Answer>,
    opnum: u16,
    _alive: mpsc::Sender<Infallible>,
}

impl Reply {
    fn send(mut self, result: Result<Vec<u8>, Fault>) {
        self.give(result);
    }

    fn give(&mut self, result: Result<Vec<u8>, Fault>) {
        if let Some((token, slot)) = self.owed.take() {
            // Nobody listens any more once the connection is gone.
            let _ = self.answer.send((token, result, slot));
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if self.owed.is_some() {
            error!(opnum = self.opnum, "a service failed");
            self.give(Err(UNSPECIFIED));
        }
    }
}

/// Why a connection ended, other than by the client's wish.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    #[error(transparent)]
    Closed(#[from] CloseReason),
    #[error("connection lost: {0}")]
    Lost(#[from] io::Error),
    #[error("the client does not read its answers")]
    NotReading,
    #[error("the security provider failed: {0}")]
    Provider(#[from] JoinError),
}

/// Whether a client is slower than this end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Waits,
    /// More is there already: others come first, or who sends fastest would have all the time.
    More,
}

/// What a connection wakes up for.
enum Wake {
    Readable(io::Result<()>),
    Authenticated(Result<AuthOutcome, JoinError>),
    Answered(Answer),
    Deadline,
    Stop,
}

impl Connection {
    pub(super) fn new(
        stream: TcpStream,
        endpoint: Arc<Endpoint>,
        shared: Arc<Shared>,
        place: Arc<Place>,
    ) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
        let (answer, answers) = mpsc::unbounded_channel();
        Ok(Self {
            stream,
            association: Association::new(endpoint, peer, local, Instant::now()),
            stop: shared.stop.clone(),
            shared,
            place,
            input_ended: false,
            draining: false,
            authentication: JoinSet::new(),
            answer,
            answers,
        })
    }

    /// Runs the connection to its end.
    pub(super) async fn run(mut self) -> Result<(), End> {
        loop {
            self.place.stands(self.rank());
            while let Some(event) = self.association.next_event(Instant::now()) {
                self.carry_out(event).await?;
            }
            if self.input_ended && !self.association.is_busy() && self.authentication.is_empty() {
                return Ok(());
            }
            let wake = self.wait().await;
            if self.note(wake)? == Pace::More {
                tokio::task::yield_now().await;
            }
        }
    }

    /// How much the connection needs its place.
    fn rank(&self) -> Rank {
        match (self.association.is_busy(), self.association.is_authenticated()) {
            (true, _) => Rank::Busy,
            (false, true) => Rank::Idle,
            (false, false) => Rank::Unknown,
        }
    }

    async fn carry_out(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Send(bytes) => self.write(&bytes).await?,
            Event::Authenticate(task) => {
                self.authentication.spawn(task.run().in_current_span());
            }
            Event::Call(call) => self.start(call),
            Event::Close(reason) => {
                self.linger().await;
                return Err(reason.into());
            }
        }
        Ok(())
    }

    /// While an answer is being written nothing else is done for this client: that is the
    /// back-pressure.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let timeout = self.shared.limits.write_timeout;
        match tokio::time::timeout(timeout, self.stream.write_all(bytes)).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(End::NotReading),
        }
    }

    /// Ends the stream, and reads on for a moment: input that nobody reads would make the system
    /// reset the connection, and the client lose the last answer.
    async fn linger(&mut self) {
        let discard = async {
            self.stream.shutdown().await?;
            let mut buffer = [0; 1024];
            for _ in 0..LINGER_READS {
                if self.stream.read(&mut buffer).await? == 0 {
                    break;
                }
            }
            io::Result::Ok(())
        };
        // Whether the client stays to read is its own affair.
        let _ = tokio::time::timeout(LINGER_TIME, discard).await;
    }

    /// Runs a call on its own: it is finished even if the connection is gone by then.
    fn start(&mut self, call: Call) {
        let Call { token, service, context, opnum, stub } = call;
        static REFUSED: Seldom = Seldom::new();
        let Some(slot) = self.shared.calls.take(Principal::of(&context)) else {
            if let Some(calls) = REFUSED.happened(1) {
                warn!(
                    calls,
                    "calls refused: too many of this caller in flight (limits.calls_per_account)"
                );
            }
            return self.association.respond(token, Err(Fault::SERVER_TOO_BUSY), Instant::now());
        };
        let reply = Reply {
            owed: Some((token, slot)),
            answer: self.answer.clone(),
            opnum,
            _alive: self.shared.alive.clone(),
        };
        let call = async move { reply.send(service.call(context, opnum, stub).await) };
        tokio::spawn(call.in_current_span());
    }

    async fn wait(&mut self) -> Wake {
        let deadline = self.association.deadline();
        let reads = self.association.wants_input() && !self.input_ended;
        tokio::select! {
            // Nothing is set aside for what may come: most connections wait most of the time.
            ready = self.stream.readable(), if reads => Wake::Readable(ready),
            Some(outcome) = self.authentication.join_next() => Wake::Authenticated(outcome),
            Some(answer) = self.answers.recv() => Wake::Answered(answer),
            () = at(deadline), if deadline.is_some() => Wake::Deadline,
            () = super::stopped(self.stop.clone()), if !self.draining => Wake::Stop,
        }
    }

    /// Takes some of what is there.
    fn read(&mut self, now: Instant) -> io::Result<Pace> {
        let mut buffer = [0; READ_SIZE];
        match self.stream.try_read(&mut buffer) {
            Ok(length) => match buffer.get(..length) {
                Some(bytes) if !bytes.is_empty() => {
                    self.association.receive(bytes, now);
                    if length == READ_SIZE {
                        return Ok(Pace::More);
                    }
                }
                _ => self.input_ended = true,
            },
            // Readiness may turn out to be none.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(Pace::Waits)
    }

    fn note(&mut self, wake: Wake) -> Result<Pace, End> {
        let now = Instant::now();
        match wake {
            Wake::Readable(ready) => return Ok(ready.and_then(|()| self.read(now))?),
            Wake::Authenticated(outcome) => self.association.authenticated(outcome?, now),
            Wake::Answered((token, answer, _slot)) => {
                self.association.respond(token, answer, now);
            }
            Wake::Deadline => self.association.tick(now),
            Wake::Stop => {
                self.draining = true;
                self.association.drain();
            }
        }
        Ok(Pace::Waits)
    }
}

async fn at(deadline: Option<Instant>) {
    if let Some(deadline) = deadline {
        tokio::time::sleep_until(deadline.into()).await;
    }
}

impl End {
    /// What an administrator should see is at info; what any network brings is at debug.
    pub(super) fn log(&self, client: IpAddr) {
        match self {
            Self::Closed(
                CloseReason::Authentication(_)
                | CloseReason::Denied(_)
                | CloseReason::Protection(_),
            ) => {
                if let Some(Line { unsaid }) = line_about(&client.to_string()) {
                    info!(reason = %self, unsaid, "connection closed");
                }
            }
            Self::Provider(_) => error!(reason = %self, "connection closed"),
            Self::Closed(_) | Self::Lost(_) | Self::NotReading => {
                debug!(reason = %self, "connection closed");
            }
        }
    }
}
