//! Every connection-oriented PDU of the captures reads, and is written back unchanged.

use std::path::Path;

use wcce::rpc::pdu::{Frame, Pdu};

use crate::{pcap, tally};

/// PDUs over ncacn_ip_tcp in each file, as tshark 4.0.17 counts them
/// (`tshark -Y 'dcerpc && !smb && !smb2' -T fields -e dcerpc.pkt_type`).
const FILES: [(&str, usize); 23] = [
    ("john-samples-AD-capture-1.pcapng", 14),
    ("livediffad-add_adcs.pcapng", 286),
    ("pcap-attack-DCShadow_ept_drsuapi.pcapng", 33),
    ("pcap-attack-LM_WMI_ProcessCallCreate.pcapng", 46),
    ("pcap-attack-LM_dcom_mmc20.pcapng", 74),
    ("pcap-attack-ept_lookup_scan.pcapng", 700),
    ("pcap-attack-impacket_rpcdump_ept_lookup.pcapng", 14),
    ("pcap-attack-masterkey_simpleping.pcapng", 6),
    ("pcap-attack-ntlm_anonymous_integrity_privacy.pcapng", 396),
    ("samr-enum-lab-impacket_net_user.pcapng", 4),
    // RPC over named pipes only.
    ("samr-enum-lab-net.exe_group_domain_admins.pcapng", 0),
    ("samr-enum-lab-rpcclient_enumdomusers.pcapng", 8),
    ("scapy-dcerpc_msdrsr_cracknames.pcapng", 7),
    ("scapy-dcerpc_msnrpc.pcapng", 10),
    ("scapy-dcerpc_privacy_krb.pcapng", 22),
    ("scapy-dcerpc_privacy_ntlm.pcapng", 20),
    ("suricata-dcerpc-auth3-5133.pcap", 30),
    ("suricata-dcerpc-mgmt-ndr64.pcap", 4),
    // Kerberos KDC exchanges only.
    ("wireshark-krb-816.pcap.gz", 0),
    ("zeek-dce_rpc_ntlm.pcapng", 5),
    ("zeek-kerberos135_auth.pcapng", 6),
    // tshark alone finds 352: the connection from port 1153 lacks its bind, so that only
    // `-d tcp.port==1032,dcerpc` shows its ten PDUs.
    ("zeek-mapi.pcap", 362),
    // RPC over a named pipe only.
    ("zeek-smb2_krb.pcap", 0),
];

/// Captures that lack packets.
const WITH_HOLES: [(&str, usize); 2] =
    [("pcap-attack-DCShadow_ept_drsuapi.pcapng", 1), ("pcap-attack-LM_dcom_mmc20.pcapng", 8)];

#[test]
fn every_pdu_reencodes_to_the_same_bytes() {
    let Some(captures) = tally::captures("replay of captured PDUs") else { return };
    let folder = captures.join("rpc");
    for (name, expected) in FILES {
        let (pdus, holes) = reencode(&folder.join(name));
        assert_eq!(pdus, expected, "PDUs in {name}");
        let expected_holes = WITH_HOLES.iter().find(|(file, _)| *file == name).map_or(0, |f| f.1);
        assert_eq!(holes, expected_holes, "holes in {name}");
        tally::ran("capture-pdus", &format!("{name} {expected}"));
    }
    assert_eq!(files_in(&folder), FILES.map(|(name, _)| name), "every file is replayed");
}

fn reencode(path: &Path) -> (usize, usize) {
    let (mut count, mut holes) = (0, 0);
    for connection in pcap::connections(path) {
        for (direction, bytes) in &connection.pdus {
            let at = || format!("{} {direction:?} {}", path.display(), hex::encode(bytes));
            let frame = Frame::from_bytes(bytes).unwrap_or_else(|e| panic!("{e}: {}", at()));
            let pdu = Pdu::decode(frame).unwrap_or_else(|e| panic!("{e}: {}", at()));
            let again = pdu.encode().unwrap_or_else(|e| panic!("{e}: {}", at()));
            assert_eq!(hex::encode(again), hex::encode(bytes), "{}", at());
            count += 1;
        }
        holes += connection.holes;
    }
    (count, holes)
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the captures' folder");
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}
