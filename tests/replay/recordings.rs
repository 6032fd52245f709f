//! Our own recordings (`pcaps/`) of clients that nobody here wrote, played to the server again with
//! the recorded time and randomness: every PDU that it sends must be the recorded one. What the
//! manifests say of the recordings is Wireshark's word; our reading must agree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use wcce::auth::ntlm::RecordedChallenge;
use wcce::replay::{
    Capture, Conversation, Direction, Entry, LegAnswer, Manifest, OWN, Replay, Rules, Secrets,
    Seen, Verdict, disposition, judge,
};
use wcce::rpc::pdu::{Body, NDR_SYNTAX, NDR64_SYNTAX, ResultCode};

use crate::pcap;
use crate::tally;

/// A recording with its manifest.
pub struct Recording {
    pub name: String,
    pub file: PathBuf,
    pub manifest: Manifest,
    pub secrets: Secrets,
    pub capture: Capture,
}

impl Recording {
    fn load(manifest: &Path) -> Self {
        let text = std::fs::read_to_string(manifest).unwrap();
        let name = manifest.file_stem().unwrap().to_str().unwrap().to_owned();
        let manifest_read = Manifest::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let keytab = manifest_read.secrets.keytab.as_ref();
        let keytab = keytab.map(|name| std::fs::read(manifest.with_file_name(name)).unwrap());
        let file = manifest.with_extension("pcapng");
        Self {
            secrets: manifest_read.secrets(keytab.as_deref()).unwrap(),
            capture: pcap::capture(&file),
            manifest: manifest_read,
            file,
            name,
        }
    }

    /// All entries of its connections in the order of the file.
    pub fn entries(&self) -> Vec<Entry> {
        let read = |connection| Conversation::read(connection, &self.secrets).entries;
        let mut entries: Vec<_> = self.capture.connections.iter().flat_map(read).collect();
        entries.sort_by_key(|entry| entry.packet);
        entries
    }
}

/// Every recording, by name.
pub fn recordings() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pcaps");
    let of = |extension: &str| -> Vec<PathBuf> {
        let files = std::fs::read_dir(&folder).unwrap();
        let mut found: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
        found.retain(|file| file.extension().is_some_and(|known| known == extension));
        found.sort();
        found
    };
    let captures: Vec<_> = of("pcapng").iter().map(|file| file.with_extension("toml")).collect();
    assert_eq!(captures, of("toml"), "each capture has its manifest");
    captures.iter().map(|manifest| Recording::load(manifest)).collect()
}

#[test]
fn our_server_answers_recorded_clients_as_it_did() {
    let mut needed = BTreeSet::new();
    for recording in recordings() {
        let Recording { name, secrets, capture, .. } = &recording;
        let mut replay = Replay::new(secrets, Rules::Exact, Instant::now());
        let mut compared = 0;
        for connection in &capture.connections {
            let replayed = replay.connection(connection);
            assert_eq!(replayed.skipped, None, "{name}");
            let (unlisted, used) = judge(&replayed.differences, OWN);
            assert!(unlisted.is_empty(), "{name}: {unlisted:#?}");
            needed.extend(used);
            compared += replayed.compared;
        }
        assert!(compared > 1, "{name}");
        tally::ran("recording", &format!("{name} {compared}"));
    }
    let allowed: BTreeSet<_> = OWN.iter().map(|allowed| allowed.name).collect();
    assert_eq!(needed, allowed, "each allowed difference is needed by some recording");
}

#[test]
fn recordings_hold_what_their_manifests_say() {
    for recording in recordings() {
        let Recording { name, manifest, .. } = &recording;
        assert_eq!(seen(&recording), manifest.wireshark, "{name}");
        let entries = recording.entries();
        let answers = entries.iter().filter(|entry| entry.direction == Direction::ToClient);
        let found: Vec<_> = answers.filter_map(|entry| disposition(entry.call.as_ref()?)).collect();
        assert_eq!(found, manifest.dispositions, "{name}");
        let closed =
            |entry: &&Entry| !matches!(entry.verdict, Verdict::Wrong(_) | Verdict::Unknown(_));
        let unopened = entries.len() - entries.iter().filter(closed).count();
        let refused = name.ends_with("wrong-password");
        assert_eq!(unopened > 0, refused, "{name}: all opens with the secrets of the manifest");
        tally::ran("recording-read", name);
    }
}

#[test]
fn the_documented_transcript_is_what_is_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let recording = Recording::load(&folder.join("pcaps/certipy-icpr-ntlm.toml"));
    let file = std::fs::read(&recording.file).unwrap();
    let printed = wcce::replay::transcript(&file, &recording.secrets).unwrap();
    let documented = std::fs::read_to_string(folder.join("docs/replay.md")).unwrap();
    assert!(documented.contains(printed.trim_end()), "docs/replay.md does not have\n{printed}");
    let shown = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let call = printed.lines().skip_while(|line| !line.contains("CertServerRequest"));
    for line in call.take(4) {
        assert!(shown.contains(line), "README.md does not have\n{line}");
    }
}

/// What Wireshark has written into the manifests, as we see it.
fn seen(recording: &Recording) -> Seen {
    let entries = recording.entries();
    let bodies = || entries.iter().map(|entry| &entry.pdu.as_ref().unwrap().body);
    let trailers = || entries.iter().filter_map(|entry| entry.pdu.as_ref().unwrap().auth.as_ref());
    let count = |is: fn(&Body) -> bool| bodies().filter(|body| is(body)).count();
    let acks = || {
        bodies().filter_map(|body| match body {
            Body::BindAck(ack) | Body::AlterContextResponse(ack) => Some(ack),
            _ => None,
        })
    };
    let accepted = acks().flat_map(|ack| &ack.results);
    let accepted = accepted.filter(|result| result.result == ResultCode::Acceptance);
    let syntaxes: BTreeSet<_> = accepted
        .map(|result| match result.transfer_syntax {
            NDR_SYNTAX => "NDR 2.0".to_owned(),
            NDR64_SYNTAX => "NDR64".to_owned(),
            other => panic!("{other:?}"),
        })
        .collect();
    let challenges = challenges(recording);
    let manifest = &recording.manifest.wireshark;
    Seen {
        connections: recording.capture.connections.len(),
        pdus: entries.len(),
        requests: count(|body| matches!(body, Body::Request(_))),
        responses: count(|body| matches!(body, Body::Response(_))),
        faults: count(|body| matches!(body, Body::Fault(_))),
        opnums: bodies()
            .filter_map(|body| match body {
                Body::Request(request) => Some(request.opnum),
                _ => None,
            })
            .collect(),
        auth_types: sorted(trailers().map(|auth| auth.trailer.auth_type)),
        auth_levels: sorted(trailers().map(|auth| auth.trailer.auth_level)),
        transfer_syntaxes: syntaxes.into_iter().collect(),
        server_challenges: once(challenges.iter().map(|one| hex::encode(one.server_challenge))),
        association_groups: once(acks().map(|ack| format!("{:#010x}", ack.assoc_group_id))),
        // As text for people.
        challenge_times: manifest.challenge_times.clone(),
        oxids: manifest.oxids.clone(),
        ipids: manifest.ipids.clone(),
    }
}

fn challenges(recording: &Recording) -> Vec<RecordedChallenge> {
    let mut found = Vec::new();
    for connection in &recording.capture.connections {
        for context in Conversation::read(connection, &recording.secrets).contexts {
            for leg in context.legs {
                let LegAnswer::Token(token) = leg.answer else { continue };
                let at = token.windows(8).position(|window| window == b"NTLMSSP\0");
                found.extend(at.map(|at| RecordedChallenge::parse(&token[at..]).unwrap()));
            }
        }
    }
    found
}

fn sorted(values: impl Iterator<Item = u8>) -> Vec<u8> {
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

fn once(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}
