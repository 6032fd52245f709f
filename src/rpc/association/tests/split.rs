//! However the byte stream is cut, the same happens; and whatever comes, nothing panics.

use proptest::prelude::*;

use super::*;

/// A whole session: two identities, fragments both ways, a fault, a refusal at the end.
fn session() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut add = |pdu: Pdu| bytes.extend(pdu.encode().unwrap());
    let mut first = Pdu::new(1, Body::Bind(bind(&[(0, OPEN), (1, SECURE)])));
    first.flags |= PfcFlags::CONC_MPX;
    add(first);
    add(request(2, 0, 0, b"anonymous"));
    for (name, id) in [("alice", 1), ("bob", 2)] {
        add(alter("hello", AuthLevel::Privacy, id));
        add(alter(&format!("{name}=7"), AuthLevel::Privacy, id));
    }
    let mut clients = [1, 2].map(|context_id| Client {
        context: ToyContext::new(7, None),
        level: AuthLevel::Privacy,
        context_id,
        header_signing: false,
    });
    for call_id in 10..16 {
        let client = &mut clients[call_id % 2];
        let call_id = u32::try_from(call_id).unwrap();
        bytes
            .extend(client.protect(fragment(PfcFlags::FIRST, request(call_id, 1, 0, b"12345678"))));
        bytes.extend(client.protect(fragment(PfcFlags::LAST, request(call_id, 1, 0, b"9"))));
        bytes.extend(client.protect(request(call_id + 100, 1, 1, b"7000")));
    }
    bytes.extend(clients[0].protect(request(500, 0, 99, b"")));
    bytes.extend(request(501, 0, 0, b"bare").encode().unwrap());
    bytes
}

/// All that the association says to this input, in order.
fn outcome(chunks: &[&[u8]]) -> (Vec<u8>, Option<CloseReason>) {
    let mut rig = Rig::new();
    chunks.iter().for_each(|chunk| rig.push(chunk));
    // The group's identifier is random.
    let answers = rig.received.drain(..).map(|frame| match Pdu::decode(frame).unwrap() {
        Pdu { body: Body::BindAck(mut ack), .. } => {
            ack.assoc_group_id = 0;
            Pdu::new(0, Body::BindAck(ack)).encode().unwrap()
        }
        Pdu { body: Body::AlterContextResponse(mut ack), .. } => {
            ack.assoc_group_id = 0;
            Pdu::new(0, Body::AlterContextResponse(ack)).encode().unwrap()
        }
        pdu => pdu.encode().unwrap(),
    });
    (answers.flatten().collect(), rig.closed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_gives_the_same_events(cuts in proptest::collection::vec(0..5000_usize, 0..40)) {
        let bytes = session();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % bytes.len()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let whole = outcome(&[&bytes]);
        prop_assert_eq!(outcome(&chunks), whole.clone());
        prop_assert!(matches!(whole.1, Some(CloseReason::Denied(_))));
        prop_assert!(whole.0.len() > 6 * 7000);
    }

    #[test]
    fn no_byte_that_changes_makes_it_panic(at: usize, value: u8) {
        let mut bytes = session();
        let at = at % bytes.len();
        bytes[at] = value;
        outcome(&[&bytes]);
    }
}
