//! The verification trailer of a request ([MS-RPCE] 2.2.2.13): what the client saw of the fields
//! that its security provider may not have protected.

use crate::ndr::InterfaceId;

const SIGNATURE: [u8; 8] = [0x8A, 0xE3, 0x13, 0x71, 0x02, 0xF4, 0x36, 0x71];
/// All commands that are defined, with room for stub padding of a client behind them.
const SEARCH_WINDOW: usize = 256;

const COMMAND_MASK: u16 = 0x3FFF;
const END: u16 = 0x4000;
const MUST_PROCESS: u16 = 0x8000;
const BITMASK_1: u16 = 0x0001;
const PCONTEXT: u16 = 0x0002;
const HEADER2: u16 = 0x0003;
/// CLIENT_SUPPORT_HEADER_SIGNING.
const HEADER_SIGNING: u32 = 0x0000_0001;

/// What the request was, as this end sees it.
#[derive(Debug)]
pub(super) struct Seen {
    /// Whether the client's bind announced header signing.
    pub header_signing: bool,
    /// The interface that the client proposed for the presentation context.
    pub interface: InterfaceId,
    /// The transfer syntax that was accepted.
    pub transfer_syntax: InterfaceId,
    /// Data representation label of the request.
    pub drep: [u8; 4],
    /// Call id of the request.
    pub call_id: u32,
    /// Presentation context of the request.
    pub context_id: u16,
    /// Operation number of the request.
    pub opnum: u16,
}

/// The client and this end saw different requests, or the client insists on a command that is
/// not known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the verification trailer contradicts the request (command {0:#06x})")]
pub struct TrailerMismatch(pub u16);

/// Checks the verification trailer at the end of a stub, if there is one. Bytes that bear the
/// signature but do not read as commands up to their end mark are stub data.
pub(super) fn verify(stub: &[u8], seen: &Seen) -> Result<(), TrailerMismatch> {
    let Some(commands) = find(stub) else {
        return Ok(());
    };
    commands.iter().try_for_each(|command| command.verify(seen))
}

struct Command<'a> {
    command: u16,
    data: &'a [u8],
}

/// The last signature at a multiple of four near the end of the stub, with well-formed commands.
fn find(stub: &[u8]) -> Option<Vec<Command<'_>>> {
    let earliest = stub.len().saturating_sub(SEARCH_WINDOW).next_multiple_of(4);
    let tail = stub.get(earliest..)?;
    (0..tail.len()).step_by(4).rev().find_map(|at| {
        let commands = tail.get(at..)?.strip_prefix(&SIGNATURE)?;
        parse(commands)
    })
}

fn parse(mut bytes: &[u8]) -> Option<Vec<Command<'_>>> {
    let mut commands = Vec::new();
    loop {
        let ([c0, c1, l0, l1], rest) = bytes.split_first_chunk::<4>()?;
        let command = u16::from_le_bytes([*c0, *c1]);
        let length = usize::from(u16::from_le_bytes([*l0, *l1]));
        let (data, rest) = rest.split_at_checked(length)?;
        if length % 4 != 0 {
            return None;
        }
        commands.push(Command { command, data });
        if command & END != 0 {
            return Some(commands);
        }
        bytes = rest;
    }
}

impl Command<'_> {
    fn verify(&self, seen: &Seen) -> Result<(), TrailerMismatch> {
        let holds = match self.command & COMMAND_MASK {
            BITMASK_1 => self.bitmask_holds(seen),
            PCONTEXT => self.data == presentation(seen),
            HEADER2 => self.header_holds(seen),
            _ => self.command & MUST_PROCESS == 0,
        };
        if holds { Ok(()) } else { Err(TrailerMismatch(self.command)) }
    }

    fn bitmask_holds(&self, seen: &Seen) -> bool {
        let Ok(bits) = <[u8; 4]>::try_from(self.data) else {
            return false;
        };
        u32::from_le_bytes(bits) & HEADER_SIGNING == 0 || seen.header_signing
    }

    fn header_holds(&self, seen: &Seen) -> bool {
        // PTYPE request, then three reserved bytes, ignored.
        let Ok([0, _, _, _, rest @ ..]) = <[u8; 16]>::try_from(self.data) else {
            return false;
        };
        let [call_id @ .., c0, c1, o0, o1] = rest;
        let [d0, d1, d2, d3, i0, i1, i2, i3] = call_id;
        [d0, d1, d2, d3] == seen.drep
            && u32::from_le_bytes([i0, i1, i2, i3]) == seen.call_id
            && u16::from_le_bytes([c0, c1]) == seen.context_id
            && u16::from_le_bytes([o0, o1]) == seen.opnum
    }
}

/// The data of rpc_sec_vt_pcontext: interface and transfer syntax.
fn presentation(seen: &Seen) -> Vec<u8> {
    let mut data = Vec::with_capacity(40);
    for id in [seen.interface, seen.transfer_syntax] {
        data.extend_from_slice(&id.uuid.to_bytes_le());
        data.extend_from_slice(&id.major.to_le_bytes());
        data.extend_from_slice(&id.minor.to_le_bytes());
    }
    data
}
