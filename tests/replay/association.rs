//! What captured clients sent, given to our server; its answers compared with what the servers of
//! others answered, field by field. Services give the recorded stubs and security providers the
//! recorded tokens, so that all that the association itself decides is compared.

use std::collections::BTreeSet;
use std::time::Instant;

use wcce::auth::keytab;
use wcce::replay::{Capture, FOREIGN, Replay, Rules, Secrets, judge};

use crate::pcap;
use crate::tally;

/// A capture, the secret of its exchanges, and how many connections and PDUs of its servers are
/// compared: connections that the capture has from their bind on, without a hole.
struct Recording {
    file: &'static str,
    secret: Secret,
    connections: usize,
    pdus: usize,
}

enum Secret {
    /// None, and anonymous logons need none.
    Nothing,
    Password(&'static str),
    Keytab(&'static str),
}

const fn clear(file: &'static str, connections: usize, pdus: usize) -> Recording {
    sealed(file, Secret::Nothing, connections, pdus)
}

const fn sealed(file: &'static str, secret: Secret, connections: usize, pdus: usize) -> Recording {
    Recording { file, secret, connections, pdus }
}

const REPLAYS: [Recording; 18] = [
    clear("livediffad-add_adcs.pcapng", 16, 143),
    clear("pcap-attack-DCShadow_ept_drsuapi.pcapng", 3, 8),
    clear("pcap-attack-LM_WMI_ProcessCallCreate.pcapng", 2, 29),
    clear("pcap-attack-ept_lookup_scan.pcapng", 1, 350),
    clear("pcap-attack-impacket_rpcdump_ept_lookup.pcapng", 1, 12),
    clear("pcap-attack-masterkey_simpleping.pcapng", 1, 3),
    clear("pcap-attack-ntlm_anonymous_integrity_privacy.pcapng", 2, 197),
    clear("samr-enum-lab-impacket_net_user.pcapng", 1, 2),
    clear("samr-enum-lab-rpcclient_enumdomusers.pcapng", 2, 4),
    sealed("scapy-dcerpc_msdrsr_cracknames.pcapng", Secret::Password("Password123!"), 1, 3),
    clear("scapy-dcerpc_msnrpc.pcapng", 2, 5),
    sealed("scapy-dcerpc_privacy_krb.pcapng", Secret::Keytab("scapy-dcerpc_privacy_krb"), 2, 11),
    sealed("scapy-dcerpc_privacy_ntlm.pcapng", Secret::Password("Password123!"), 2, 12),
    clear("suricata-dcerpc-auth3-5133.pcap", 1, 14),
    clear("suricata-dcerpc-mgmt-ndr64.pcap", 1, 2),
    clear("zeek-dce_rpc_ntlm.pcapng", 1, 2),
    clear("zeek-kerberos135_auth.pcapng", 1, 3),
    clear("zeek-mapi.pcap", 6, 17),
];

#[test]
fn captured_clients_are_answered_as_their_servers_did() {
    let Some(captures) = tally::captures("replay of the server's side") else { return };
    let mut needed = BTreeSet::new();
    for Recording { file, secret, connections, pdus } in REPLAYS {
        let secrets = match secret {
            Secret::Nothing => Secrets::default(),
            Secret::Password(password) => Secrets::of_password(None, password),
            Secret::Keytab(name) => {
                let file = captures.join("keytabs").join(format!("{name}.keytab"));
                Secrets::of_keytab(keytab::parse(&std::fs::read(file).unwrap()).unwrap())
            }
        };
        let capture = pcap::capture(&captures.join("rpc").join(file));
        let (found, used) = replay(&capture, &secrets);
        assert_eq!(found, (connections, pdus), "{file}");
        needed.extend(used);
        tally::ran("capture-association", &format!("{file} {pdus}"));
    }
    let allowed: BTreeSet<_> = FOREIGN.iter().map(|allowed| allowed.name).collect();
    assert_eq!(needed, allowed, "each allowed difference is needed by some capture");
}

/// How many connections and PDUs were compared, and which differences they have.
fn replay(capture: &Capture, secrets: &Secrets) -> ((usize, usize), BTreeSet<&'static str>) {
    let mut replay = Replay::new(secrets, Rules::Recorded, Instant::now());
    let (mut connections, mut pdus, mut needed) = (0, 0, BTreeSet::new());
    for connection in &capture.connections {
        let replayed = replay.connection(connection);
        let (unlisted, used) = judge(&replayed.differences, FOREIGN);
        assert!(unlisted.is_empty(), "{} {unlisted:#?}", connection.client);
        needed.extend(used);
        connections += usize::from(replayed.skipped.is_none());
        pdus += replayed.compared;
    }
    ((connections, pdus), needed)
}
