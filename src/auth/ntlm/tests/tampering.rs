//! Every bit of the exchange, and bytes of no sense.

use proptest::prelude::*;

use super::super::NtlmPolicy;
use super::client::{Client, Server, run};
use crate::auth::{Accepted, Acceptor, AuthError};

/// An exchange in which the wire changes message `number` at `place`. Whether the server accepts,
/// or `None` where the client itself sees the change.
fn exchange(number: usize, place: usize, bit: u8) -> Option<bool> {
    let (server, client) = (Server::new(NtlmPolicy::default()), Client::alice());
    let mut acceptor = server.acceptor();
    let wire = |this: usize, mut message: Vec<u8>| {
        if this == number {
            message[place] ^= 1 << bit;
        }
        message
    };
    let challenge = match run(acceptor.accept(&wire(1, client.negotiate()))) {
        Ok(Accepted::Continue(challenge)) => wire(2, challenge),
        _ => return Some(false),
    };
    let authenticate = client.try_authenticate(&challenge)?.0;
    Some(run(acceptor.accept(&wire(3, authenticate))).is_ok())
}

/// The MIC covers all three messages: no change of any bit goes unseen.
#[test]
fn no_bit_can_be_changed_on_the_way() {
    let (server, client) = (Server::new(NtlmPolicy::default()), Client::alice());
    let Ok(Accepted::Continue(challenge)) = run(server.acceptor().accept(&client.negotiate()))
    else {
        panic!("a challenge is due");
    };
    let lengths =
        [client.negotiate().len(), challenge.len(), client.authenticate(&challenge).0.len()];
    assert_eq!(exchange(0, 0, 0), Some(true), "unchanged");
    let mut tried = 0;
    for (number, length) in (1..).zip(lengths) {
        for (place, bit) in (0..length).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            assert_ne!(exchange(number, place, bit), Some(true), "{number}, {place}, {bit}");
            tried += 1;
        }
    }
    assert!(tried > 4000, "{tried}");
}

proptest! {
    #[test]
    fn bytes_of_no_sense_are_refused(
        kind in 1u8..4,
        tail in prop::collection::vec(any::<u8>(), 0..300),
        challenged in any::<bool>(),
    ) {
        let server = Server::new(NtlmPolicy::default());
        let mut acceptor = server.acceptor();
        if challenged {
            run(acceptor.accept(&Client::alice().negotiate())).map(|_| ()).expect("a challenge");
        }
        let message = [&b"NTLMSSP\0"[..], &[kind, 0, 0, 0], &tail].concat();
        // A NEGOTIATE may happen to be one; nothing else is ever taken.
        let outcome = run(acceptor.accept(&message));
        assert!(!matches!(outcome, Ok(Accepted::Done { .. })));
        if challenged || kind != 1 {
            prop_assert!(outcome.is_err());
            let again = run(acceptor.accept(&message)).map(|_| ());
            prop_assert_eq!(again, Err(AuthError::OutOfSequence));
        }
    }
}
