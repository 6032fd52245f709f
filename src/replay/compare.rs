//! What two servers answered, field by field.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::calls;
use super::conversation::{Conversation, Entry, Verdict};
use super::streams::Direction;
use crate::auth::AuthLevel;
use crate::rpc::pdu::{Body, Pdu, PduType};

/// A field in which our answer is not that of the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which entry of the recorded conversation; `None` for a PDU that only we send.
    pub entry: Option<usize>,
    /// Type of the recorded PDU, or of ours where there is none.
    pub ptype: Option<PduType>,
    /// Its call.
    pub call_id: u32,
    /// The PDU in words.
    pub what: String,
    /// The field.
    pub field: &'static str,
    /// What the recorded server has there.
    pub theirs: String,
    /// What we have there.
    pub ours: String,
    /// Level of the recorded PDU's protection.
    pub level: Option<AuthLevel>,
    /// Whether nobody here could open the recorded PDU.
    pub sealed: bool,
}

/// A difference that is right, with its reason.
pub struct Allowed {
    /// What it is called.
    pub name: &'static str,
    /// Why it is right.
    pub reason: &'static str,
    /// Whether a difference is this one.
    pub applies: fn(&Difference) -> bool,
}

/// Differences from servers of others, where the script stands for what they know.
pub const FOREIGN: &[Allowed] = &[
    GROUP,
    Allowed {
        name: "padding of a bind_ack",
        reason: "Windows leaves what was in its buffer between address and results; ours is zero",
        applies: |one| one.field == "padding",
    },
    Allowed {
        name: "extended error information",
        reason: "Windows adds [MS-EERR] to faults where its settings say so; nobody must read it",
        applies: |one| {
            one.ptype == Some(PduType::Fault)
                && ["rest", "alloc_hint", "flags"].contains(&one.field)
        },
    },
    Allowed {
        name: "trailers at level connect",
        reason: "they are optional there and protect nothing: Windows sends them, we do not",
        applies: |one| {
            one.level == Some(AuthLevel::Connect)
                && (one.field.starts_with("auth_") || ["token", "protection"].contains(&one.field))
        },
    },
    Allowed {
        name: "tokens of unknown keys",
        reason: "no secret opens the recording, so that the stub stays sealed, and the token is one \
                 of zeros of the same length",
        applies: |one| one.sealed && is_of_unknown_key(one),
    },
    CONFOUNDER,
];

/// Differences from an earlier recording of our own.
pub const OWN: &[Allowed] = &[GROUP, CONFOUNDER];

const GROUP: Allowed = Allowed {
    name: "association group",
    reason: "servers pick the number at random; that each means the same group is checked",
    applies: |one| one.field == "assoc_group_id",
};

const CONFOUNDER: Allowed = Allowed {
    name: "Kerberos' confounder",
    reason: "each sealed message begins with 16 random bytes, so that tokens differ; that ours is \
             signed right, with the same content, is checked",
    applies: |one| {
        one.field == "token"
            && one.ptype == Some(PduType::Response)
            && one.level == Some(AuthLevel::Privacy)
            && one.theirs.len() == one.ours.len()
    },
};

fn is_of_unknown_key(one: &Difference) -> bool {
    match one.field {
        "token" => one.theirs.len() == one.ours.len(),
        // Padding belongs to what is sealed.
        "auth_pad_length" | "alloc_hint" | "stub" => one.ptype == Some(PduType::Response),
        "protection" => true,
        _ => false,
    }
}

/// Which differences nothing allows, and which allowances were needed.
pub fn judge<'a>(
    differences: impl IntoIterator<Item = &'a Difference>,
    allowed: &'static [Allowed],
) -> (Vec<&'a Difference>, BTreeSet<&'static str>) {
    let mut used = BTreeSet::new();
    let unlisted = differences.into_iter().filter(|difference| {
        match allowed.iter().find(|one| (one.applies)(difference)) {
            Some(one) => {
                used.insert(one.name);
                false
            }
            None => true,
        }
    });
    let unlisted = unlisted.collect();
    (unlisted, used)
}

/// Compares the answers of two servers to the same client; how many PDUs of the recorded one have
/// their counterpart, and the differences. Calls may be answered in any order.
pub(super) fn compare(
    theirs: &Conversation,
    ours: &Conversation,
    groups: &mut Groups,
) -> (usize, Vec<Difference>) {
    let mut answers: BTreeMap<u32, VecDeque<&Entry>> = BTreeMap::new();
    for entry in ours.entries.iter().filter(|entry| entry.direction == Direction::ToClient) {
        answers.entry(call_id(entry)).or_default().push_back(entry);
    }
    let mut differences = Vec::new();
    let mut compared: usize = 0;
    for (index, entry) in theirs.entries.iter().enumerate() {
        if entry.direction == Direction::ToServer {
            continue;
        }
        compared = compared.saturating_add(1);
        let counterpart = answers.get_mut(&call_id(entry)).and_then(VecDeque::pop_front);
        for (field, theirs, ours) in fields_that_differ(entry, counterpart, groups) {
            differences
                .push(Difference { entry: Some(index), ..difference(entry, field, theirs, ours) });
        }
    }
    // A capture may end before the last answers.
    let whole = theirs.entries.last().is_some_and(|last| last.direction == Direction::ToClient);
    if whole {
        for entry in answers.values().flatten() {
            let ours = type_of(entry);
            differences.push(difference(entry, "answer", "nothing".to_owned(), ours));
        }
    }
    (compared, differences)
}

fn difference(entry: &Entry, field: &'static str, theirs: String, ours: String) -> Difference {
    let trailer =
        entry.pdu.as_ref().ok().and_then(|pdu| pdu.auth.as_ref()).map(|auth| auth.trailer);
    let call_id = call_id(entry);
    Difference {
        entry: None,
        ptype: entry.ptype(),
        call_id,
        what: format!("{} of call {call_id}", type_of(entry)),
        field,
        theirs,
        ours,
        level: trailer.and_then(|trailer| AuthLevel::from_wire(trailer.auth_level)),
        sealed: matches!(entry.verdict, Verdict::Unknown(_)),
    }
}

fn call_id(entry: &Entry) -> u32 {
    entry.pdu.as_ref().map_or(0, |pdu| pdu.call_id)
}

fn type_of(entry: &Entry) -> String {
    match &entry.pdu {
        Ok(Pdu { body: Body::Fault(fault), .. }) => {
            format!("fault {}", calls::fault_text(fault.status))
        }
        Ok(pdu) => format!("{:?}", pdu.body.ptype()),
        Err(error) => error.to_string(),
    }
}

/// Which groups of ours stand for which of the recording.
#[derive(Default)]
pub(super) struct Groups(BTreeMap<u32, u32>);

impl Groups {
    /// Ours for a recorded one.
    pub(super) fn ours(&self, theirs: u32) -> Option<u32> {
        self.0.get(&theirs).copied()
    }

    /// Notes a pair; whether it contradicts an earlier one.
    fn pair(&mut self, theirs: u32, ours: u32) -> bool {
        *self.0.entry(theirs).or_insert(ours) != ours
    }
}

type Field = (&'static str, String);

fn fields_that_differ(
    theirs: &Entry,
    ours: Option<&Entry>,
    groups: &mut Groups,
) -> Vec<(&'static str, String, String)> {
    let Some(ours) = ours else {
        return vec![("answer", type_of(theirs), "nothing".to_owned())];
    };
    if type_of(theirs) != type_of(ours) {
        return vec![("answer", type_of(theirs), type_of(ours))];
    }
    let (Ok(their_pdu), Ok(our_pdu)) = (&theirs.pdu, &ours.pdu) else { return Vec::new() };
    let mut differing = Vec::new();
    if let (Some(theirs), Some(ours)) = (group(their_pdu), group(our_pdu))
        && groups.pair(theirs, ours)
    {
        differing.push(("association group", format!("{theirs:#x}"), format!("{ours:#x}")));
    }
    let their_fields = fields(theirs, their_pdu);
    let mut our_fields: BTreeMap<_, _> = fields(ours, our_pdu).into_iter().collect();
    for (field, theirs) in their_fields {
        let ours = our_fields.remove(field).unwrap_or_else(|| "nothing".to_owned());
        if theirs != ours {
            differing.push((field, theirs, ours));
        }
    }
    let only_ours = our_fields.into_iter();
    differing.extend(only_ours.map(|(field, ours)| (field, "nothing".to_owned(), ours)));
    differing
}

fn group(pdu: &Pdu) -> Option<u32> {
    match &pdu.body {
        Body::BindAck(ack) | Body::AlterContextResponse(ack) => Some(ack.assoc_group_id),
        _ => None,
    }
}

/// Every field of a PDU.
fn fields(entry: &Entry, pdu: &Pdu) -> Vec<Field> {
    let mut fields = vec![
        ("version_minor", pdu.version_minor.to_string()),
        ("pfc_flags", format!("{:#04x}", pdu.flags.bits())),
        ("drep", hex::encode(pdu.drep.to_wire())),
    ];
    match &pdu.body {
        Body::Response(response) => fields.extend([
            ("alloc_hint", response.alloc_hint.to_string()),
            ("context_id", response.context_id.to_string()),
            ("cancel_count", response.cancel_count.to_string()),
            ("reserved", response.reserved.to_string()),
            ("stub", hex::encode(entry.stub())),
        ]),
        Body::Fault(fault) => fields.extend([
            ("alloc_hint", fault.alloc_hint.to_string()),
            ("context_id", fault.context_id.to_string()),
            ("cancel_count", fault.cancel_count.to_string()),
            ("flags", fault.flags.to_string()),
            ("rest", hex::encode(&fault.rest)),
        ]),
        Body::BindAck(ack) | Body::AlterContextResponse(ack) => {
            let results = ack.results.iter().map(|result| {
                format!("{:?} {} {:?}", result.result, result.reason, result.transfer_syntax)
            });
            fields.extend([
                ("max_xmit_frag", ack.max_xmit_frag.to_string()),
                ("max_recv_frag", ack.max_recv_frag.to_string()),
                ("assoc_group_id", format!("{:#x}", ack.assoc_group_id)),
                ("secondary_address", hex::encode(&ack.secondary_address)),
                ("padding", hex::encode(&ack.padding)),
                ("results", results.collect::<Vec<_>>().join(", ")),
            ]);
        }
        Body::BindNak(nak) => fields.extend([
            ("reason", nak.reason.0.to_string()),
            ("versions", format!("{:?}", nak.versions)),
            ("rest", hex::encode(&nak.rest)),
        ]),
        other => fields.push(("body", format!("{other:?}"))),
    }
    if let Some(auth) = &pdu.auth {
        let trailer = auth.trailer;
        fields.extend([
            ("auth_type", trailer.auth_type.to_string()),
            ("auth_level", trailer.auth_level.to_string()),
            ("auth_pad_length", trailer.pad_length.to_string()),
            ("auth_reserved", trailer.reserved.to_string()),
            ("auth_context_id", trailer.context_id.to_string()),
            ("auth_padding", hex::encode(&auth.padding)),
            ("token", hex::encode(&auth.token)),
        ]);
    }
    fields.push(("protection", protection(&entry.verdict)));
    fields
}

fn protection(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Wrong(why) => format!("WRONG: {why}"),
        Verdict::Unknown(_) => "unknown".to_owned(),
        Verdict::Right(level) => format!("{level:?}"),
        Verdict::Bare | Verdict::Handshake => "none".to_owned(),
        Verdict::Unprotected => "connect".to_owned(),
    }
}
