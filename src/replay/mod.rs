//! Recorded traffic, read and replayed: what a capture's parties said to each other, and what a
//! server of ours would have answered to the same client.
//!
//! Bytes of a capture file go in; nothing here touches files, sockets or the clock. A capture is
//! somebody's input like any other: sizes are bounded by that of the file ([`MAX_CAPTURE`]), and
//! what is malformed is told, not believed.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod calls;
mod capture;
mod compare;
mod conversation;
mod manifest;
mod operations;
mod script;
mod secrets;
mod security;
mod streams;
#[cfg(test)]
mod tests;
mod transcript;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

pub use calls::disposition;
pub use capture::{CaptureError, MAX_CAPTURE};
pub use compare::{Allowed, Difference, FOREIGN, OWN, judge};
pub use conversation::{Call, Conversation, Entry, Presentation, Verdict};
pub use manifest::{Manifest, ManifestSecrets, Seen};
pub use operations::{Operation, interface_name, operation};
pub use script::{Rules, Script};
pub use secrets::{AccountSecret, Secrets};
pub use security::{Firsts, Leg, LegAnswer, RecordedContext, SessionKeys};
pub use streams::{Capture, CapturedPdu, Connection, Direction};

use self::compare::Groups;
use crate::rpc::association::{
    Association, AssociationGroups, Endpoint, Event, Limits as ConnectionLimits,
};
use crate::rpc::pdu::{Framer, PduType};

/// A connection, read, and replayed where that was possible.
pub struct Replayed {
    /// The recording.
    pub conversation: Conversation,
    /// Why it was not replayed.
    pub skipped: Option<String>,
    /// How many PDUs of the recorded server were compared.
    pub compared: usize,
    /// In which fields ours differ, whether that is right or not.
    pub differences: Vec<Difference>,
    /// Why our server closed the connection.
    pub closed: Option<String>,
}

impl Replayed {
    /// How many PDUs of the recorded server have differences.
    fn differing(&self) -> usize {
        self.differences.iter().filter_map(|one| one.entry).collect::<BTreeSet<_>>().len()
    }
}

/// A replay of all connections of a capture.
pub struct Replay<'a> {
    secrets: &'a Secrets,
    rules: Rules,
    groups: Groups,
    shared: Arc<AssociationGroups>,
    /// Connections whose groups others may join.
    open: Vec<Association>,
    started: Instant,
}

impl<'a> Replay<'a> {
    /// A server that has just started. `now` stands for the time of the first packet.
    pub fn new(secrets: &'a Secrets, rules: Rules, now: Instant) -> Self {
        let (groups, shared) = (Groups::default(), Arc::default());
        Self { secrets, rules, groups, shared, open: Vec::new(), started: now }
    }

    /// Reads a connection, and plays its client's side to our server. Connections of a capture are
    /// to come in their order, as they may share association groups.
    pub fn connection(&mut self, connection: &Connection) -> Replayed {
        let conversation = Conversation::read(connection, self.secrets);
        let mut replayed = Replayed {
            skipped: unfit(connection, &conversation),
            conversation,
            compared: 0,
            differences: Vec::new(),
            closed: None,
        };
        if replayed.skipped.is_some() {
            return replayed;
        }
        match self.play(connection, &replayed.conversation) {
            Ok((ours, closed)) => {
                let ours = Conversation::read(&ours, self.secrets);
                let (compared, differences) =
                    compare::compare(&replayed.conversation, &ours, &mut self.groups);
                replayed.compared = compared;
                replayed.differences = differences;
                replayed.closed = closed;
            }
            Err(why) => replayed.skipped = Some(why),
        }
        replayed
    }

    /// The same connection with our answers.
    fn play(
        &mut self,
        connection: &Connection,
        conversation: &Conversation,
    ) -> Result<(Connection, Option<String>), String> {
        let Script { services, acceptors } = Script::of(conversation, self.secrets, self.rules);
        let endpoint = Arc::new(Endpoint {
            services,
            acceptors,
            groups: Arc::clone(&self.shared),
            statistics: Arc::default(),
            memory: Arc::default(),
            limits: ConnectionLimits::default(),
        });
        let Connection { client, server, .. } = *connection;
        let began = connection.pdus.first().map_or(Duration::ZERO, |pdu| pdu.time);
        let mut player = Player {
            association: Association::new(endpoint, client, server, self.started),
            ours: Connection { client, server, pdus: Vec::new(), holes: 0 },
            framer: Framer::default(),
            closed: None,
        };
        for pdu in connection.pdus.iter().filter(|pdu| pdu.direction == Direction::ToServer) {
            let elapsed = pdu.time.saturating_sub(began);
            let now = self.started.checked_add(elapsed).unwrap_or(self.started);
            player.send(&self.in_our_group(pdu), now)?;
        }
        self.open.push(player.association);
        Ok((player.ours, player.closed))
    }

    /// A bind that joins a group of the recording joins ours; one that was made by a connection
    /// that the capture lacks is asked for anew.
    fn in_our_group(&self, pdu: &CapturedPdu) -> CapturedPdu {
        const GROUP: std::ops::Range<usize> = 20..24;
        let mut pdu = pdu.clone();
        let is_bind = pdu.bytes.get(2) == Some(&PduType::Bind.to_wire());
        let little = pdu.bytes.get(4).is_some_and(|label| label & 0xF0 != 0);
        if let Some(place) = pdu.bytes.get_mut(GROUP).filter(|_| is_bind)
            && let Ok(group) = <[u8; 4]>::try_from(&*place)
        {
            let group = if little { u32::from_le_bytes(group) } else { u32::from_be_bytes(group) };
            let ours = self.groups.ours(group).unwrap_or_default();
            place.copy_from_slice(&if little { ours.to_le_bytes() } else { ours.to_be_bytes() });
        }
        pdu
    }
}

/// Why a connection cannot be replayed.
fn unfit(connection: &Connection, conversation: &Conversation) -> Option<String> {
    if connection.holes > 0 {
        return Some("the capture lacks packets".to_owned());
    }
    match conversation.entries.first().and_then(Entry::ptype) {
        Some(PduType::Bind) => None,
        _ => Some("the capture lacks its beginning".to_owned()),
    }
}

/// Our server's end of one connection.
struct Player {
    association: Association,
    ours: Connection,
    framer: Framer,
    closed: Option<String>,
}

impl Player {
    fn send(&mut self, pdu: &CapturedPdu, now: Instant) -> Result<(), String> {
        if self.closed.is_some() {
            return Ok(());
        }
        self.ours.pdus.push(pdu.clone());
        self.association.tick(now);
        self.association.receive(&pdu.bytes, now);
        while let Some(event) = self.association.next_event(now) {
            match event {
                Event::Send(bytes) => self.sent(&bytes, pdu),
                Event::Authenticate(task) => {
                    let outcome = at_once(task.run())?;
                    self.association.authenticated(outcome, now);
                }
                Event::Call(call) => {
                    let answer = at_once(call.service.call(call.context, call.opnum, call.stub))?;
                    self.association.respond(call.token, answer, now);
                }
                Event::Close(reason) => self.closed = Some(reason.to_string()),
            }
        }
        Ok(())
    }

    fn sent(&mut self, bytes: &[u8], after: &CapturedPdu) {
        self.framer.push(bytes);
        while let Ok(Some(frame)) = self.framer.next_frame(u16::MAX) {
            self.ours.pdus.push(CapturedPdu {
                direction: Direction::ToClient,
                packet: after.packet,
                time: after.time,
                bytes: frame.to_vec(),
            });
        }
    }
}

/// The outcome of something that waits for nobody.
fn at_once<T>(future: impl Future<Output = T>) -> Result<T, String> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Ok(outcome),
        Poll::Pending => Err("an answer waits for something outside of the recording".to_owned()),
    }
}

/// The transcript of a whole capture: each connection in words, with what wcced would have answered
/// otherwise.
///
/// # Errors
/// Neither pcap nor pcapng, or too large.
pub fn transcript(capture: &[u8], secrets: &Secrets) -> Result<String, CaptureError> {
    let capture = Capture::read(capture)?;
    let mut replay = Replay::new(secrets, Rules::Own, Instant::now());
    let mut out = String::new();
    if let Some(damage) = &capture.damage {
        out.push_str(&format!("{damage}\n"));
    }
    if capture.connections.is_empty() {
        out.push_str(&format!("no DCE/RPC over TCP in {} packets\n", capture.packets));
    }
    for (number, connection) in (1_usize..).zip(&capture.connections) {
        let mut replayed = replay.connection(connection);
        let (telling, _) = judge(&replayed.differences, FOREIGN);
        replayed.differences = telling.into_iter().cloned().collect();
        out.push_str(&transcript::transcript(number, connection, &replayed));
        out.push('\n');
    }
    Ok(out)
}
