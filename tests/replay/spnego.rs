//! SPNEGO tokens of the captures: all are read and written again to the same bytes, and where a
//! Windows server picked NTLM instead of the client's first choice, our acceptor answers as it did.

use std::sync::Arc;

use wcce::auth::ntlm::{NtlmPolicy, NtlmServer, challenge_flags};
use wcce::auth::spnego::{NegState, NegTokenInit, NegTokenResp, oid};
use wcce::auth::{
    Accepted, Acceptor, AcceptorFactory, AuthLevel, AuthType, LocalVerifier, Names, Peer,
    SecurityProviders, SystemEnvironment,
};
use wcce::model::{LocalAccount, LocalAccounts};
use wcce::rpc::pdu::{Frame, Pdu, PduType};

use crate::pcap::{self, Connection};
use crate::tally;

/// Captures with authentication type 9, and how many SPNEGO tokens tshark finds in each.
const CAPTURES: [(&str, usize); 7] = [
    ("john-samples-AD-capture-1.pcapng", 4),
    ("livediffad-add_adcs.pcapng", 52),
    ("pcap-attack-DCShadow_ept_drsuapi.pcapng", 3),
    ("pcap-attack-LM_WMI_ProcessCallCreate.pcapng", 8),
    ("scapy-dcerpc_privacy_krb.pcapng", 4),
    ("zeek-dce_rpc_ntlm.pcapng", 5),
    ("zeek-kerberos135_auth.pcapng", 4),
];

#[test]
fn tokens_are_read_and_written_to_the_same_bytes() {
    let Some(captures) = tally::captures("replay of SPNEGO tokens") else { return };
    for (file, count) in CAPTURES {
        let connections = pcap::connections(&captures.join("rpc").join(file));
        let tokens: Vec<Vec<u8>> = connections.iter().flat_map(tokens).collect();
        tokens.iter().for_each(|token| check_identity(token));
        assert_eq!(tokens.len(), count, "{file}");
        tally::ran("capture-spnego", &format!("spnego {file} {count}"));
    }
}

fn check_identity(token: &[u8]) {
    if token[0] != 0x60 {
        let resp = NegTokenResp::parse(token).expect("a NegTokenResp");
        assert_eq!(hex::encode(resp.encode()), hex::encode(token));
        return;
    }
    let init = NegTokenInit::parse(token).expect("a NegTokenInit");
    assert_eq!(NegTokenInit::encode_mech_types(&init.mech_types), init.mech_type_list);
    let mech_token = init.mech_token.expect("Windows always sends an optimistic token");
    let again = NegTokenInit::encode(init.mech_type_list, mech_token);
    assert_eq!(hex::encode(again), hex::encode(token));
}

/// SPNEGO tokens of binds and alterations, in order.
pub fn tokens(connection: &Connection) -> Vec<Vec<u8>> {
    let token = |(_, bytes): &(_, Vec<u8>)| {
        let pdu = Pdu::decode(Frame::from_bytes(bytes).unwrap()).unwrap();
        let negotiates = matches!(
            pdu.body.ptype(),
            PduType::Bind
                | PduType::BindAck
                | PduType::AlterContext
                | PduType::AlterContextResponse
                | PduType::Auth3
        );
        let auth = pdu.auth.filter(|auth| negotiates && auth.trailer.auth_type == 9)?;
        Some(auth.token.to_vec())
    };
    connection.pdus.iter().filter_map(token).collect()
}

struct Nobody;

impl LocalAccounts for Nobody {
    fn local_account(&self, _: &str, _: &str) -> Option<LocalAccount> {
        None
    }
}

/// A member server, as the one in the capture is.
fn acceptor() -> Box<dyn Acceptor> {
    let environment = Arc::new(SystemEnvironment);
    let verifier = LocalVerifier::new(Arc::new(Nobody), environment.clone()).unwrap();
    let names = Names {
        netbios_computer: "CA1".into(),
        netbios_domain: "WCCE".into(),
        dns_computer: "ca1.wcce.test".into(),
        dns_domain: "wcce.test".into(),
        dns_forest: Some("wcce.test".into()),
        aliases: Vec::new(),
    };
    let verifier = Arc::new(verifier);
    let policy = NtlmPolicy::default();
    let ntlm = Arc::new(NtlmServer { names, policy, verifier, environment });
    let address = "127.0.0.1".parse().unwrap();
    let peer = Peer { remote: address, local: address };
    SecurityProviders::of_ntlm(ntlm, false)
        .acceptor(AuthType::Negotiate, AuthLevel::Integrity, peer)
        .unwrap()
}

#[test]
fn ntlm_is_picked_as_windows_picks_it() {
    let Some(captures) = tally::captures("replay of SPNEGO choosing NTLM") else { return };
    let connections = pcap::connections(&captures.join("rpc/zeek-dce_rpc_ntlm.pcapng"));
    let tokens = tokens(&connections[0]);
    let [init, picked, negotiate, challenge, authenticate, ..] = &tokens[..] else {
        panic!("five legs")
    };
    assert_eq!(NegTokenInit::parse(init).unwrap().mech_types[0], oid::MS_KERBEROS);
    let mut acceptor = acceptor();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut answer = |token: &[u8]| match runtime.block_on(acceptor.accept(token)) {
        Ok(Accepted::Continue(answer)) => Some(answer),
        Ok(Accepted::Done { .. }) => panic!("nobody is known here"),
        Err(_) => None,
    };
    assert_eq!(hex::encode(answer(init).unwrap()), hex::encode(picked), "byte for byte");

    let ours = answer(negotiate).unwrap();
    let (ours, theirs) =
        (NegTokenResp::parse(&ours).unwrap(), NegTokenResp::parse(challenge).unwrap());
    assert_eq!(ours.state, theirs.state);
    let flags = |resp: &NegTokenResp<'_>| challenge_flags(resp.response_token.unwrap()).unwrap();
    assert_eq!(flags(&ours), flags(&theirs));

    let last = NegTokenResp::parse(authenticate).unwrap();
    assert_eq!(last.state, Some(NegState::AcceptIncomplete));
    assert_eq!(last.mech_list_mic.map(<[u8]>::len), Some(16), "for NTLM isn't the first choice");
    assert!(answer(authenticate).is_none(), "the answer to another challenge");
    tally::ran("capture-spnego", "spnego picks ntlm");
}
