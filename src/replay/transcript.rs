//! A recorded connection in words, for people who look for what went wrong.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::compare::Difference;
use super::conversation::{Conversation, Entry, Verdict};
use super::operations::interface_name;
use super::security::clean;
use super::streams::{Connection, Direction};
use super::{Replayed, calls};
use crate::auth::{AuthLevel, AuthType};
use crate::ndr::InterfaceId;
use crate::rpc::pdu::{
    Auth, Bind, BindAck, Body, ContextResult, NDR_SYNTAX, NDR64_SYNTAX, Pdu, PduType, PfcFlags,
    ResultCode,
};

/// First half of the UUIDs by which features are negotiated at bind time.
const FEATURES: &str = "6cb71c2c-9812-4540";

/// A connection, read and replayed, in words.
pub fn transcript(number: usize, connection: &Connection, replayed: &Replayed) -> String {
    let mut out = String::new();
    let Connection { client, server, pdus, holes } = connection;
    let _ = write!(out, "Connection {number}: {client} to {server}, {} PDUs", pdus.len());
    match holes {
        0 => out.push('\n'),
        holes => {
            let _ = writeln!(out, "; the capture lacks packets in {holes} places");
        }
    }
    let mut differences: BTreeMap<Option<usize>, Vec<&Difference>> = BTreeMap::new();
    for difference in &replayed.differences {
        differences.entry(difference.entry).or_default().push(difference);
    }
    for (index, entry) in replayed.conversation.entries.iter().enumerate() {
        let _ = writeln!(out, "{}", headline(entry));
        let mut details = entry.notes.clone();
        if let Ok(pdu) = &entry.pdu {
            details.extend(binding(pdu));
        }
        if let Some(call) = &entry.call {
            details.extend(calls::lines(call, entry.direction == Direction::ToServer));
        }
        for line in details {
            let _ = writeln!(out, "         {line}");
        }
        for difference in differences.remove(&Some(index)).unwrap_or_default() {
            let _ = writeln!(out, "       ! {}", words(difference));
        }
    }
    for difference in differences.into_values().flatten() {
        let _ = writeln!(out, "       ! {}", words(difference));
    }
    out.push_str(&conclusion(replayed, &replayed.conversation));
    out
}

fn words(difference: &Difference) -> String {
    let Difference { what, field, theirs, ours, .. } = difference;
    format!(
        "wcced would answer otherwise: {what}, {field}: {} instead of {}",
        clean(ours),
        clean(theirs)
    )
}

fn conclusion(replayed: &Replayed, conversation: &Conversation) -> String {
    let differences = replayed.differences.len();
    let same = replayed.compared.saturating_sub(replayed.differing());
    let replay = match &replayed.skipped {
        Some(why) => format!("  not replayed: {why}\n"),
        None if differences == 0 => {
            format!("  wcced would answer all {same} PDUs of the server alike\n")
        }
        None => format!(
            "  wcced would answer {same} of the server's {} PDUs alike\n",
            replayed.compared
        ),
    };
    let closed = replayed.closed.as_ref();
    let closed = closed.map_or_else(String::new, |why| {
        format!("  wcced would then close the connection: {why}\n")
    });
    let sealed = conversation.contexts.iter().filter(|context| context.is_opaque());
    let sealed: Vec<_> = sealed
        .filter_map(|context| match &context.keys {
            super::SessionKeys::Unknown(why) => Some(format!("  sealed stubs stay so: {why}\n")),
            _ => None,
        })
        .collect();
    format!("{}{replay}{closed}", sealed.concat())
}

fn headline(entry: &Entry) -> String {
    let arrow = if entry.direction == Direction::ToServer { '>' } else { '<' };
    let packet = entry.packet;
    match &entry.pdu {
        Ok(pdu) => {
            let mut line =
                format!("{packet:>6} {arrow} {} {}", type_name(pdu.body.ptype()), pdu.call_id);
            line.push_str(&subject(entry, pdu));
            if let Some(auth) = &pdu.auth {
                let _ = write!(line, " [{}]", protection(auth));
            }
            line.push_str(&verdict(&entry.verdict));
            line
        }
        Err(error) => format!("{packet:>6} {arrow} not a PDU: {error}"),
    }
}

/// What a PDU is about.
fn subject(entry: &Entry, pdu: &Pdu) -> String {
    let named = entry.call.as_ref().map(calls::name);
    let object = entry.call.as_ref().and_then(|call| call.object);
    let object = object.map_or_else(String::new, |object| format!(" on {object}"));
    let fragment = match (pdu.flags.contains(PfcFlags::FIRST), pdu.flags.contains(PfcFlags::LAST)) {
        (true, true) => "",
        (_, true) => ", last fragment",
        (true, false) => ", first fragment",
        (false, false) => ", fragment",
    };
    match &pdu.body {
        Body::Request(request) => {
            let opnum = || format!("opnum {}", request.opnum);
            format!(": {}{object}{fragment}", named.unwrap_or_else(opnum))
        }
        Body::Response(_) => format!(": {}{fragment}", named.unwrap_or_else(|| "…".to_owned())),
        Body::Fault(fault) => {
            let executed = pdu.flags.contains(PfcFlags::DID_NOT_EXECUTE);
            let executed = if executed { ", not executed" } else { "" };
            format!(": {}{executed}", calls::fault_text(fault.status))
        }
        Body::BindNak(nak) => {
            format!(": refused, reason {} ({})", nak.reason.0, nak_text(nak.reason.0))
        }
        _ => String::new(),
    }
}

fn type_name(ptype: PduType) -> &'static str {
    match ptype {
        PduType::Request => "request",
        PduType::Response => "response",
        PduType::Fault => "fault",
        PduType::Bind => "bind",
        PduType::BindAck => "bind_ack",
        PduType::BindNak => "bind_nak",
        PduType::AlterContext => "alter_context",
        PduType::AlterContextResponse => "alter_context_resp",
        PduType::Auth3 => "auth3",
        PduType::Shutdown => "shutdown",
        PduType::CoCancel => "co_cancel",
        PduType::Orphaned => "orphaned",
    }
}

fn protection(auth: &Auth) -> String {
    let provider = match AuthType::from_wire(auth.trailer.auth_type) {
        Some(AuthType::Negotiate) => "SPNEGO".to_owned(),
        Some(AuthType::Ntlm) => "NTLM".to_owned(),
        Some(AuthType::Kerberos) => "Kerberos".to_owned(),
        Some(AuthType::Netlogon) => "Netlogon".to_owned(),
        None => format!("type {}", auth.trailer.auth_type),
    };
    let level = AuthLevel::from_wire(auth.trailer.auth_level);
    let level = level.map_or_else(|| format!("level {}", auth.trailer.auth_level), level_name);
    format!("{provider}, {level}, context {}", auth.trailer.context_id)
}

fn level_name(level: AuthLevel) -> String {
    let name = match level {
        AuthLevel::Connect => "connect",
        AuthLevel::Packet => "packet",
        AuthLevel::Integrity => "integrity",
        AuthLevel::Privacy => "privacy",
    };
    name.to_owned()
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Bare | Verdict::Handshake => String::new(),
        Verdict::Unprotected => " neither signed nor sealed".to_owned(),
        Verdict::Right(AuthLevel::Privacy) => " signature right, opened".to_owned(),
        Verdict::Right(_) => " signature right".to_owned(),
        Verdict::Wrong(why) => format!(" signature WRONG: {}", clean(why)),
        Verdict::Unknown(why) => format!(" not checked: {}", clean(why)),
    }
}

/// What is negotiated.
fn binding(pdu: &Pdu) -> Vec<String> {
    match &pdu.body {
        Body::Bind(bind) | Body::AlterContext(bind) => proposals(bind),
        Body::BindAck(ack) | Body::AlterContextResponse(ack) => results(ack),
        _ => Vec::new(),
    }
}

fn proposals(bind: &Bind) -> Vec<String> {
    let context = |context: &crate::rpc::pdu::PresentationContext| {
        let syntaxes: Vec<_> = context.transfer_syntaxes.iter().map(syntax_name).collect();
        let interface = interface_name(&context.abstract_syntax);
        format!("context {}: {interface}, {}", context.id, syntaxes.join(" or "))
    };
    let size = match bind.assoc_group_id {
        0 => format!("fragments of {}/{}", bind.max_xmit_frag, bind.max_recv_frag),
        group => format!(
            "fragments of {}/{}, joins group {group:#x}",
            bind.max_xmit_frag, bind.max_recv_frag
        ),
    };
    bind.contexts.iter().map(context).chain([size]).collect()
}

fn results(ack: &BindAck) -> Vec<String> {
    let results: Vec<_> = ack.results.iter().map(result).collect();
    let sizes = format!(
        "fragments of {}/{}, group {:#x}",
        ack.max_xmit_frag, ack.max_recv_frag, ack.assoc_group_id
    );
    vec![results.join("; "), sizes]
}

fn result(result: &ContextResult) -> String {
    match result.result {
        ResultCode::Acceptance => format!("accepted with {}", syntax_name(&result.transfer_syntax)),
        ResultCode::UserRejection => format!("rejected by the user, reason {}", result.reason),
        ResultCode::ProviderRejection => {
            let why = match result.reason {
                1 => "the interface is not offered",
                2 => "the transfer syntax is not offered",
                3 => "a local limit",
                _ => "no reason",
            };
            format!("rejected: {why}")
        }
        ResultCode::NegotiateAck => format!("features {:#x}", result.reason),
    }
}

fn syntax_name(id: &InterfaceId) -> String {
    match *id {
        NDR_SYNTAX => "NDR 2.0".to_owned(),
        NDR64_SYNTAX => "NDR64".to_owned(),
        other if other.uuid.to_string().starts_with(FEATURES) => "bind-time features".to_owned(),
        other if other.uuid.is_nil() => "no syntax".to_owned(),
        other => other.uuid.to_string(),
    }
}

fn nak_text(reason: u16) -> &'static str {
    match reason {
        0 => "not specified",
        1 => "temporary congestion",
        2 => "local limit exceeded",
        4 => "protocol version not supported",
        8 => "authentication type not recognized",
        9 => "invalid checksum: the authentication failed",
        _ => "unknown",
    }
}
