//! Limits of size, number and time; draining.

use super::*;

fn limited(change: impl FnOnce(&mut Limits)) -> Rig {
    let mut limits = Limits::default();
    change(&mut limits);
    Rig::with(endpoint(limits))
}

#[test]
fn fragments_are_taken_up_to_the_servers_size() {
    let mut rig = Rig::bound();
    rig.send(&request(1, 0, 0, &[0; 5840 - 24]));
    assert_eq!(rig.response(), "- 0 0 5816");
    rig.send(&request(2, 0, 0, &[0; 5841 - 24]));
    assert_eq!(rig.fault(), (2, PROTO_ERROR, 0, true));
    rig.assert_closed();
}

#[test]
fn requests_are_taken_up_to_their_size() {
    let long = |limit: usize| {
        let mut rig = limited(|limits| limits.max_request = limit);
        rig.bind(PfcFlags::empty());
        rig.send(&fragment(PfcFlags::FIRST, request(1, 0, 0, &[0; 5000])));
        rig.send(&fragment(PfcFlags::LAST, request(1, 0, 0, &[0; 5000])));
        rig
    };
    assert_eq!(long(10_000).response(), "- 0 0 10000");
    let mut rig = long(9_999);
    assert_eq!(rig.fault(), (1, ACCESS_DENIED, 0, true));
    rig.assert_closed();
    let mut rig = limited(|limits| limits.max_request = 3);
    rig.bind(PfcFlags::empty());
    rig.send(&request(1, 0, 0, &[0; 4]));
    assert_eq!(rig.fault(), (1, ACCESS_DENIED, 0, true));
}

#[test]
fn a_service_may_want_smaller_requests() {
    let policy = Policy { min_level: None, max_request: 3, ..Policy::default() };
    let mut rig = Rig::with(Arc::new(Endpoint {
        services: vec![ToyService::new(OPEN, policy)],
        acceptors: Arc::new(ToyFactory),
        groups: Arc::default(),
        statistics: Arc::default(),
        memory: Arc::default(),
        limits: Limits::default(),
    }));
    rig.bind(PfcFlags::empty());
    rig.send(&request(1, 0, 0, &[0; 4]));
    assert_eq!(rig.fault(), (1, ACCESS_DENIED, 0, true));
}

#[test]
fn an_announced_size_is_believed_of_fragmented_requests_alone() {
    let announce = |flags| {
        let mut rig = Rig::bound();
        let mut pdu = fragment(flags, request(1, 0, 0, b""));
        let Body::Request(body) = &mut pdu.body else { panic!() };
        body.alloc_hint = u32::MAX;
        rig.send(&pdu);
        rig
    };
    announce(PfcFlags::FIRST | PfcFlags::LAST).response();
    assert_eq!(announce(PfcFlags::FIRST).fault(), (1, ACCESS_DENIED, 0, true));
}

#[test]
fn presentation_contexts_are_limited() {
    let mut rig = limited(|limits| limits.max_presentation_contexts = 2);
    rig.bind(PfcFlags::empty());
    rig.send(&Pdu::new(2, Body::AlterContext(bind(&[(0, OPEN), (1, SECURE)]))));
    rig.bind_ack();
    rig.send(&Pdu::new(3, Body::AlterContext(bind(&[(2, OPEN)]))));
    assert_eq!(rig.nak(), 2);
    rig.assert_closed();
}

#[test]
fn security_contexts_and_handshakes_are_limited() {
    let mut rig = limited(|limits| limits.max_security_contexts = 2);
    rig.bind(PfcFlags::empty());
    (0..2).for_each(|id| drop(rig.authenticate("alice", AuthLevel::Privacy, id)));
    rig.send(&alter("hello", AuthLevel::Privacy, 2));
    assert_eq!(rig.fault(), (2, PROTO_ERROR, 0, false));
    rig.assert_closed();

    let mut rig = limited(|limits| limits.max_handshakes = 1);
    rig.bind(PfcFlags::empty());
    rig.send(&alter("hello", AuthLevel::Privacy, 0));
    rig.bind_ack();
    rig.send(&alter("hello", AuthLevel::Privacy, 1));
    assert_eq!(rig.fault(), (2, PROTO_ERROR, 0, false));
}

#[test]
fn calls_in_flight_are_limited_by_number_and_size() {
    let mut rig = limited(|limits| limits.max_calls = 2);
    rig.bind(PfcFlags::CONC_MPX);
    rig.answer = false;
    (1..=3).for_each(|id| rig.send(&request(id, 0, 0, b"")));
    assert_eq!(rig.calls.len(), 2);
    rig.finish(0);
    assert_eq!(rig.calls.len(), 2, "the third has moved up");

    let mut rig = limited(|limits| limits.max_in_flight_bytes = 100);
    rig.bind(PfcFlags::CONC_MPX);
    rig.answer = false;
    (1..=3).for_each(|id| rig.send(&request(id, 0, 0, &[0; 60])));
    assert_eq!(rig.calls.len(), 2);
}

#[test]
fn input_waits_while_a_token_is_with_its_provider() {
    let mut rig = Rig::bound();
    let leg = alter("now alice=7", AuthLevel::Privacy, 0).encode().unwrap();
    let bytes = [leg, request(3, 0, 0, b"").encode().unwrap()].concat();
    rig.association.receive(&bytes, rig.now);
    let Some(Event::Authenticate(task)) = rig.association.next_event(rig.now) else { panic!() };
    assert!(rig.association.next_event(rig.now).is_none());
    assert!(!rig.association.wants_input());
    rig.association.authenticated(block_on(task.run()), rig.now);
    rig.pump();
    rig.bind_ack();
    assert_eq!(rig.fault().1, ACCESS_DENIED, "the bare request, in its turn");
}

#[test]
fn unread_input_is_bounded() {
    let mut rig = Rig::bound();
    rig.answer = false;
    while rig.association.wants_input() {
        rig.push(&request(1, 0, 0, &[0; 5000]).encode().unwrap());
        assert!(rig.association.framer.buffered() < 80_000);
    }
    assert_eq!(rig.calls.len(), 1);
}

fn times_out(rig: &mut Rig, after: u64) {
    let deadline = rig.association.deadline().unwrap();
    assert_eq!(deadline, rig.now + seconds(after));
    rig.association.tick(deadline - Duration::from_millis(1));
    rig.pump();
    assert_eq!(rig.closed, None);
    rig.association.tick(deadline);
    rig.pump();
    assert!(matches!(rig.closed, Some(CloseReason::Timeout(_))));
    assert_eq!(rig.association.deadline(), None);
}

#[test]
fn connections_time_out() {
    // No bind.
    times_out(&mut Rig::new(), 30);
    // A handshake that stops half-way.
    let mut rig = Rig::bound();
    rig.send(&alter("hello", AuthLevel::Privacy, 0));
    times_out(&mut rig, 30);
    // A PDU, or a request, that stops half-way.
    let mut rig = Rig::bound();
    rig.push(&request(1, 0, 0, b"").encode().unwrap()[..20]);
    times_out(&mut rig, 60);
    let mut rig = Rig::bound();
    rig.send(&fragment(PfcFlags::FIRST, request(1, 0, 0, b"")));
    times_out(&mut rig, 60);
    // Nothing to do: who has logged on may wait longer.
    times_out(&mut Rig::bound(), 60);
    let mut rig = Rig::bound();
    rig.authenticate("alice", AuthLevel::Privacy, 0);
    times_out(&mut rig, 15 * 60);
}

#[test]
fn dripping_bytes_do_not_extend_a_pdu() {
    let mut rig = Rig::bound();
    let bytes = request(1, 0, 0, b"").encode().unwrap();
    rig.push(&bytes[..1]);
    let deadline = rig.association.deadline();
    for byte in &bytes[1..10] {
        rig.now += seconds(5);
        rig.push(&[*byte]);
    }
    assert_eq!(rig.association.deadline(), deadline);
}

#[test]
fn a_call_in_flight_is_not_idle() {
    let mut rig = Rig::bound();
    rig.answer = false;
    rig.send(&request(1, 0, 0, b""));
    assert_eq!(rig.association.deadline(), None);
    rig.now += seconds(100_000);
    rig.finish(0);
    rig.response();
    times_out(&mut rig, 60);
}

#[test]
fn draining_answers_calls_and_takes_no_more() {
    let mut rig = Rig::new();
    rig.bind(PfcFlags::CONC_MPX);
    rig.answer = false;
    (1..=2).for_each(|id| rig.send(&request(id, 0, 0, b"")));
    rig.association.drain();
    rig.send(&request(3, 0, 0, b""));
    assert_eq!(rig.calls.len(), 2);
    assert!(!rig.association.wants_input());
    rig.finish(0);
    rig.response();
    assert_eq!(rig.closed, None);
    rig.finish(0);
    rig.response();
    assert_eq!(rig.closed, Some(CloseReason::Drained));

    let mut rig = Rig::bound();
    rig.association.drain();
    rig.pump();
    assert_eq!(rig.closed, Some(CloseReason::Drained));
}

#[test]
fn memory_beyond_the_allowance_is_shared_and_who_finds_none_is_told_to_come_again() {
    let with = |memory: &Arc<Memory>| {
        let mut shared = Arc::into_inner(endpoint(Limits::default())).unwrap();
        shared.memory = Arc::clone(memory);
        let mut rig = Rig::with(Arc::new(shared));
        rig.bind(PfcFlags::empty());
        rig
    };
    let memory = Memory::new(40_000);
    let (mut first, mut second) = (with(&memory), with(&memory));
    let piece = |flags| fragment(flags, request(1, 0, 0, &[0; 5000]));
    first.send(&piece(PfcFlags::FIRST));
    (0..5).for_each(|_| first.send(&piece(PfcFlags::empty())));
    assert!((13_000..40_000).contains(&memory.used()), "{}", memory.used());

    second.send(&piece(PfcFlags::FIRST));
    while second.closed.is_none() {
        second.send(&piece(PfcFlags::empty()));
    }
    assert_eq!(second.fault(), (1, Fault::SERVER_TOO_BUSY.0, 0, false));
    assert!(matches!(second.closed, Some(CloseReason::Limit(_))));
    // Small requests have their place whatever others hold, and what is answered is given back.
    let mut third = with(&memory);
    third.send(&request(1, 0, 0, &[0; 5000]));
    assert_eq!(third.response(), "- 0 0 5000");
    first.send(&piece(PfcFlags::LAST));
    assert_eq!(first.response(), "- 0 0 35000");
    assert_eq!(memory.used(), 0);
}
