use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::auth::AuthLevel;
use crate::ndr::InterfaceId;
use crate::rpc::testing::{TOKEN_LEN, ToyContext};

const MGMT: InterfaceId =
    InterfaceId { uuid: uuid::uuid!("afa8bd80-7d8a-11c9-bef4-08002b102989"), major: 1, minor: 0 };

fn decode(bytes: &[u8]) -> Result<Pdu, PduError> {
    Pdu::decode(Frame::from_bytes(bytes)?)
}

fn request(stub: &'static [u8], object: Option<Uuid>) -> Pdu {
    let stub = Bytes::from_static(stub);
    Pdu::new(7, Body::Request(Request { alloc_hint: 3, context_id: 1, opnum: 2, object, stub }))
}

/// One of each type.
fn samples() -> Vec<Pdu> {
    let bind = Bind {
        max_xmit_frag: 5840,
        max_recv_frag: 4280,
        assoc_group_id: 0x1234_5678,
        contexts: vec![
            PresentationContext {
                id: 0,
                abstract_syntax: MGMT,
                transfer_syntaxes: vec![NDR_SYNTAX, NDR64_SYNTAX],
            },
            PresentationContext {
                id: 1,
                abstract_syntax: MGMT,
                transfer_syntaxes: vec![BindTimeFeatures::all().to_syntax()],
            },
        ],
    };
    let ack = |address: &'static [u8]| BindAck {
        max_xmit_frag: 5840,
        max_recv_frag: 4280,
        assoc_group_id: 0x1234_5678,
        secondary_address: Bytes::from_static(address),
        padding: Bytes::new(),
        results: vec![
            ContextResult::acceptance(NDR64_SYNTAX),
            ContextResult::rejection(ContextResult::TRANSFER_SYNTAXES_NOT_SUPPORTED),
            ContextResult::features(BindTimeFeatures::SECURITY_CONTEXT_MULTIPLEXING),
        ],
    };
    let response = Response {
        alloc_hint: 4,
        context_id: 1,
        cancel_count: 1,
        reserved: 0,
        stub: Bytes::from_static(b"stub"),
    };
    [
        Body::Bind(bind.clone()),
        Body::AlterContext(bind),
        Body::BindAck(ack(b"135\0")),
        Body::BindAck(ack(b"49152\0")),
        Body::AlterContextResponse(ack(b"")),
        Body::BindNak(BindNak::new(NakReason::LOCAL_LIMIT_EXCEEDED)),
        Body::Auth3(*b"    "),
        Body::Response(response),
        Body::Fault(Fault::new(3, 0x1C01_0003)),
        Body::Shutdown,
        Body::CoCancel,
        Body::Orphaned,
    ]
    .into_iter()
    .map(|body| Pdu::new(7, body))
    .chain([request(b"abc", None), request(b"", Some(MGMT.uuid))])
    .collect()
}

#[test]
fn every_type_survives_encoding_in_both_byte_orders() {
    for sample in samples() {
        for drep in [Drep::LITTLE, Drep::BIG] {
            for token in [None, Some(&b"token"[..])] {
                let mut pdu = sample.clone();
                pdu.drep = drep;
                pdu.auth =
                    token.map(|token| Auth::new(10, 6, 0xDEAD_BEEF, Bytes::from_static(token)));
                let bytes = pdu.encode().unwrap();
                let back = decode(&bytes).unwrap();
                assert_eq!(back.encode().unwrap(), bytes, "{sample:?}");
                assert_eq!(fields(back), fields(pdu));
            }
        }
    }
}

/// The PDU without what encoding fills in: a flag, and padding.
fn fields(mut pdu: Pdu) -> Pdu {
    pdu.flags.remove(PfcFlags::OBJECT_UUID);
    if let Body::BindAck(ack) | Body::AlterContextResponse(ack) = &mut pdu.body {
        ack.padding = Bytes::new();
    }
    if let Some(auth) = &mut pdu.auth {
        auth.padding = Bytes::new();
        auth.trailer.pad_length = 0;
    }
    pdu
}

#[test]
fn cuts_are_errors_and_never_panic() {
    for sample in samples() {
        let whole = sample.encode().unwrap();
        for cut in HEADER_LEN..whole.len() {
            let mut bytes = whole[..cut].to_vec();
            bytes[8..10].copy_from_slice(&u16::try_from(cut).unwrap().to_le_bytes());
            let result = decode(&bytes);
            let may_end = match &sample.body {
                Body::Request(Request { object: Some(_), .. }) => false,
                Body::Request(_) | Body::Response(_) => cut >= 24,
                Body::Fault(_) => cut >= 28,
                Body::BindNak(_) => cut == 18 || cut >= 21,
                _ => false,
            };
            assert_eq!(result.is_ok(), may_end, "{sample:?} cut at {cut}: {result:?}");
        }
    }
}

#[test]
fn impossible_headers_are_refused() {
    let good = request(b"abc", None).encode().unwrap();
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        decode(&bytes)
    };
    assert_eq!(with(0, 4), Err(PduError::Version(4, 0)));
    assert_eq!(with(1, 2), Err(PduError::Version(5, 2)));
    assert!(with(1, 1).is_ok());
    assert_eq!(with(2, 1), Err(PduError::Type(1)));
    assert_eq!(with(2, 20), Err(PduError::Type(20)));
    assert!(matches!(with(4, 0x11), Err(PduError::DataRepresentation(_))));
    assert!(matches!(with(4, 0x20), Err(PduError::DataRepresentation(_))));
    assert!(matches!(with(5, 1), Err(PduError::DataRepresentation(_))));
    assert!(matches!(with(8, 15), Err(PduError::Lengths { fragment: 15, .. })));
    assert!(matches!(with(10, 4), Err(PduError::Lengths { auth: 4, .. })));
}

#[test]
fn counts_are_checked_against_the_bytes_that_are_left() {
    let [bind, _, ack, ..] = &samples()[..] else { panic!() };
    for (pdu, at) in [(bind, 24), (bind, 30), (ack, 32)] {
        let mut bytes = pdu.encode().unwrap();
        bytes[at] = 255;
        assert!(matches!(decode(&bytes), Err(PduError::Malformed(_))));
    }
}

#[test]
fn padding_that_exceeds_the_stub_is_refused() {
    let mut pdu = request(b"abcd", None);
    pdu.auth = Some(Auth::new(10, 6, 0, Bytes::from_static(b"t")));
    for (padding, fits) in [(4, true), (5, false)] {
        pdu.auth.as_mut().unwrap().trailer.pad_length = padding;
        assert_eq!(decode(&pdu.encode().unwrap()).is_ok(), fits);
    }
}

/// impacket's third leg of Kerberos: bytes in front of the trailer that are neither counted nor
/// padding. They are ignored, and kept.
#[test]
fn bytes_between_a_bind_and_its_trailer_need_not_be_counted_as_padding() {
    let mut pdu = samples().swap_remove(0);
    let mut auth = Auth::new(9, 6, 79231, Bytes::from_static(b"token"));
    auth.padding = Bytes::from_static(&[1; 44]);
    pdu.auth = Some(auth);
    let bytes = pdu.encode().unwrap();
    let back = decode(&bytes).unwrap();
    let auth = back.auth.as_ref().unwrap();
    assert_eq!((auth.trailer.pad_length, &auth.token[..]), (0, &b"token"[..]));
    assert_eq!(back.encode().unwrap(), bytes);
}

#[test]
fn a_framer_cuts_the_stream_anywhere() {
    let stream: Vec<u8> = samples().iter().flat_map(|pdu| pdu.encode().unwrap()).collect();
    for size in [1, 7, 16, 1000] {
        let (mut framer, mut types) = (Framer::default(), Vec::new());
        for chunk in stream.chunks(size) {
            framer.push(chunk);
            while let Some(frame) = framer.next_frame(MIN_FRAGMENT).unwrap() {
                types.push(frame.header().ptype);
            }
        }
        let expected: Vec<_> = samples().iter().map(|pdu| pdu.body.ptype()).collect();
        assert_eq!(types, expected);
        assert_eq!(framer.buffered(), 0);
    }
}

#[test]
fn only_the_bind_family_may_exceed_the_fragment_size() {
    let header = |ptype: PduType| {
        let mut bytes = [5, 0, ptype.to_wire(), 3, 0x10, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0];
        bytes[8..10].copy_from_slice(&5841_u16.to_le_bytes());
        let mut framer = Framer::default();
        framer.push(&bytes);
        let result = framer.next_frame(5840).map(|frame| frame.is_none());
        assert_eq!(framer.peek(), Some((ptype, 9)));
        result
    };
    assert_eq!(header(PduType::Bind), Ok(true));
    assert_eq!(header(PduType::Auth3), Ok(true));
    assert_eq!(header(PduType::Request), Err(PduError::FragmentTooLong(5841)));
}

fn protection(context: &mut ToyContext, level: AuthLevel) -> Protection<'_> {
    let auth_level = if level == AuthLevel::Connect { 2 } else { 6 };
    Protection { context, level, auth_type: 10, auth_level, context_id: 5, header_signing: true }
}

#[test]
fn protection_pads_signs_and_seals() {
    for object in [None, Some(MGMT.uuid)] {
        let (mut sender, mut receiver) = (ToyContext::new(1, None), ToyContext::new(1, None));
        let pdu = request(b"a stub of seventeen", object);
        let bytes = protect(pdu, &mut protection(&mut sender, AuthLevel::Privacy)).unwrap();
        let stub_at = if object.is_some() { 40 } else { 24 };
        assert_eq!(bytes.len(), stub_at + 32 + TRAILER_LEN + TOKEN_LEN);
        let mut frame = Frame::from_bytes(&bytes).unwrap();
        let trailer = frame.trailer().unwrap().unwrap();
        assert_eq!((trailer.pad_length, trailer.context_id), (13, 5));
        unprotect(&mut frame, &mut protection(&mut receiver, AuthLevel::Privacy)).unwrap();
        assert_eq!(Pdu::decode(frame).unwrap().stub(), &b"a stub of seventeen"[..]);
        // The same again: its number is used up.
        let mut again = Frame::from_bytes(&bytes).unwrap();
        unprotect(&mut again, &mut protection(&mut receiver, AuthLevel::Privacy)).unwrap_err();
    }
}

#[test]
fn connect_level_has_no_trailer() {
    let mut context = ToyContext::new(1, None);
    let pdu = request(b"abc", None);
    let bytes = protect(pdu.clone(), &mut protection(&mut context, AuthLevel::Connect)).unwrap();
    assert_eq!(bytes, pdu.encode().unwrap());
}

#[test]
fn a_changed_byte_breaks_the_signature() {
    let pdu = request(b"stub", None);
    let mut context = ToyContext::new(1, None);
    let bytes = protect(pdu, &mut protection(&mut context, AuthLevel::Integrity)).unwrap();
    for at in HEADER_LEN..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        let mut frame = Frame::from_bytes(&bytes).unwrap();
        let mut context = ToyContext::new(1, None);
        unprotect(&mut frame, &mut protection(&mut context, AuthLevel::Integrity)).unwrap_err();
    }
}

#[test]
fn stub_capacity_is_what_windows_uses() {
    // A Windows CA's response of 6500 bytes at privacy: 5836 bytes with 5728 of stub first.
    assert_eq!(stub_capacity(5840, 76, false), 5728);
    assert_eq!(stub_capacity(5840, 16, false), 5792);
    assert_eq!(stub_capacity(5840, 0, false), 5816);
    assert_eq!(stub_capacity(0, 76, true), 0);
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(
        ptype in 0..20_u8,
        flags: u8,
        auth_length in 0..64_u16,
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let length = u16::try_from(body.len()).unwrap().saturating_add(16).to_le_bytes();
        let auth = auth_length.to_le_bytes();
        let header =
            [5, 0, ptype, flags, 0x10, 0, 0, 0, length[0], length[1], auth[0], auth[1], 1, 0, 0, 0];
        if let Ok(pdu) = decode(&[&header[..], &body].concat()) {
            let again = pdu.encode().unwrap();
            prop_assert_eq!(decode(&again).unwrap().encode().unwrap(), again);
        }
    }
}
