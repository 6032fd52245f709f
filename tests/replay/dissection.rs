//! Wireshark on our own recordings, with the secrets of their manifests: the PDUs that it sees, the
//! operations, and what it finds under the seals are what our reading has.

use std::process::Command;

use wcce::replay::{Entry, Verdict, disposition};
use wcce::rpc::pdu::Body;

use crate::recordings::{Recording, recordings};
use crate::tally;

/// Where Wireshark 4.0 loses NTLM's key stream, and shows noise for some stubs: where a packet has two
/// sealed fragments, and within SPNEGO after the first PDU.
const NOISY: &[&str] = &["impacket-icpr-ntlm-fragments", "scapy-icpr-spnego"];

/// A PDU: the frame that completes it, its type, and the operation of a request.
type Line = (usize, u8, Option<u16>);

#[test]
fn wireshark_sees_the_same_pdus_operations_and_stubs() {
    if Command::new("tshark").arg("--version").output().is_err() {
        let required = std::env::var_os("WCCE_REQUIRE_FOREIGN").is_some_and(|value| value == "1");
        assert!(!required, "install tshark");
        return tally::not_run("Wireshark on our recordings");
    }
    let (mut opened, mut dispositions) = (0, 0);
    for recording in recordings() {
        let entries = recording.entries();
        assert_eq!(frames(&recording), lines(&entries), "{}", recording.name);
        let shown = stubs(&recording, &entries);
        (opened, dispositions) = (opened + shown.0, dispositions + shown.1);
        tally::ran("recording-dissected", &recording.name);
    }
    assert!(opened > 40 && dispositions > 15, "Wireshark opened {opened}, {dispositions}");
    println!("{opened} {dispositions}");
}

fn tshark(recording: &Recording, condition: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(&recording.file).args(["-Y", condition, "-T", "fields"]);
    for port in &recording.manifest.ports {
        command.args(["-d", &format!("tcp.port=={port},dcerpc")]);
    }
    let secrets = &recording.manifest.secrets;
    if let Some(password) = &secrets.password {
        command.args(["-o", &format!("ntlmssp.nt_password:{password}")]);
    }
    if let Some(keytab) = &secrets.keytab {
        let keytab = recording.file.with_file_name(keytab);
        command.args(["-o", "kerberos.decrypt:TRUE"]);
        command.args(["-o", &format!("kerberos.file:{}", keytab.display())]);
    }
    fields.iter().for_each(|field| {
        command.args(["-e", field]);
    });
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn frames(recording: &Recording) -> Vec<Line> {
    let mut lines = Vec::new();
    for row in tshark(recording, "dcerpc", &["frame.number", "dcerpc.pkt_type", "dcerpc.opnum"]) {
        // Responses are given the operation of their request.
        let mut opnums = row[2].split(',').filter(|opnum| !opnum.is_empty());
        for ptype in row[1].split(',').map(|ptype| ptype.parse().unwrap()) {
            let opnum = matches!(ptype, 0 | 2).then(|| opnums.next()).flatten();
            let opnum = opnum.filter(|_| ptype == 0).map(|opnum| opnum.parse().unwrap());
            lines.push((row[0].parse().unwrap(), ptype, opnum));
        }
    }
    lines
}

fn lines(entries: &[Entry]) -> Vec<Line> {
    let line = |entry: &Entry| {
        let body = &entry.pdu.as_ref().unwrap().body;
        let opnum = match body {
            Body::Request(request) => Some(request.opnum),
            _ => None,
        };
        (entry.packet, body.ptype().to_wire(), opnum)
    };
    entries.iter().map(line).collect()
}

/// How many stubs Wireshark opened, which are those that we did, and how many dispositions it
/// shows in them.
fn stubs(recording: &Recording, entries: &[Entry]) -> (usize, usize) {
    let fields = ["frame.number", "dcerpc.decrypted_stub_data"];
    let (mut opened, mut dispositions, mut noise) = (0, 0, 0);
    for row in tshark(recording, "dcerpc.decrypted_stub_data", &fields) {
        let at = || format!("{} frame {}", recording.name, row[0]);
        let here = entries.iter().filter(|entry| entry.packet.to_string() == row[0]);
        for theirs in row[1].split(',') {
            let theirs = hex::decode(theirs.replace(':', "")).unwrap();
            // It shows padding too, and of the last fragment the whole call.
            let is = |entry: &&Entry| {
                let call = entry.call.as_ref().and_then(|call| call.stub.clone());
                let stubs = [Some(entry.stub()), call];
                stubs.iter().flatten().any(|stub| !stub.is_empty() && theirs.starts_with(stub))
            };
            let Some(entry) = here.clone().find(is) else {
                noise += 1;
                continue;
            };
            assert!(matches!(entry.verdict, Verdict::Right(_)), "{}", at());
            opened += 1;
            if let Some(disposition) = entry.call.as_ref().and_then(disposition) {
                // Behind the request id, and with objects behind ORPCTHAT.
                let objects = recording.manifest.interface != "ICertPassage";
                let field = if objects { 12..16 } else { 4..8 };
                let found = u32::from_le_bytes(theirs[field].try_into().unwrap());
                assert_eq!(found, disposition, "{}", at());
                dispositions += 1;
            }
        }
    }
    assert!(noise == 0 || NOISY.contains(&&*recording.name), "{}: {noise}", recording.name);
    (opened, dispositions)
}
