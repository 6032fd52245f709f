//! What went over a client's connections: for those who show it, and for nothing else.

use std::fmt;
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use crate::rpc::pdu::{Framer, PduType};

/// A PDU that a client sent or received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordedPdu {
    /// The server's TCP port.
    pub port: u16,
    /// The interface that the connection was last bound to.
    pub interface: Uuid,
    /// Whether the client sent it.
    pub sent: bool,
    /// Its type.
    pub ptype: PduType,
    /// Its length in bytes.
    pub length: u16,
}

/// The PDUs of all connections that share it, in their order.
#[derive(Clone, Default)]
pub struct Traffic(Arc<Mutex<Vec<RecordedPdu>>>);

impl Traffic {
    /// What was recorded since the last time.
    pub fn take(&self) -> Vec<RecordedPdu> {
        self.0.lock().map(|mut pdus| std::mem::take(&mut *pdus)).unwrap_or_default()
    }

    fn push(&self, pdu: RecordedPdu) {
        if let Ok(mut pdus) = self.0.lock() {
            pdus.push(pdu);
        }
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traffic")
    }
}

/// Cuts the bytes of one connection into PDUs and records them.
pub(super) struct Recorder {
    traffic: Traffic,
    port: u16,
    interface: Uuid,
    sent: Framer,
    received: Framer,
}

impl Recorder {
    pub(super) fn new(traffic: Traffic, port: u16, interface: Uuid) -> Self {
        Self { traffic, port, interface, sent: Framer::default(), received: Framer::default() }
    }

    pub(super) fn bound_to(&mut self, interface: Uuid) {
        self.interface = interface;
    }

    pub(super) fn bytes(&mut self, sent: bool, bytes: &[u8]) {
        let framer = if sent { &mut self.sent } else { &mut self.received };
        framer.push(bytes);
        while let Ok(Some(frame)) = framer.next_frame(u16::MAX) {
            let (ptype, length) = (frame.header().ptype, frame.header().frag_length);
            let (port, interface) = (self.port, self.interface);
            self.traffic.push(RecordedPdu { port, interface, sent, ptype, length });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pdus_are_recorded_however_their_bytes_arrive() {
        let traffic = Traffic::default();
        let mut recorder = Recorder::new(traffic.clone(), 135, Uuid::nil());
        // The header of a response of 24 bytes.
        let response =
            [&[5, 0, 2, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0][..], &[0; 8]].concat();
        recorder.bytes(false, &response[..10]);
        assert!(traffic.take().is_empty());
        recorder.bytes(false, &[&response[10..], &response[..]].concat());
        let pdu = RecordedPdu {
            port: 135,
            interface: Uuid::nil(),
            sent: false,
            ptype: PduType::Response,
            length: 24,
        };
        assert_eq!(traffic.take(), [pdu.clone(), pdu]);
        assert!(traffic.take().is_empty(), "taken already");
    }
}
