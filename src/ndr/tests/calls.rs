//! Server traits, dispatch and client stubs, joined by a transport that calls right through.

use std::future::Future;
use std::sync::Mutex;

use super::features::objects::{
    FirstIn, FirstOut, I_BASE, I_DERIVED, IBase, IDerived, IDerivedClient, SecondIn, SecondOut,
    dispatch_i_base, dispatch_i_derived,
};
use super::features::operations::{
    CloseIn, CloseOut, EverythingIn, EverythingOut, NothingIn, NothingOut, OpenIn, OpenOut, PLAIN,
    Plain, PlainClient, UseIn, UseOut, dispatch_plain,
};
use super::{ENCODINGS, NDR20, NDR64};
use crate::ndr::{
    ByteOrder, ContextHandle, DecodeError, EncodeError, Encoding, Fault, Full, Invoke, SizedText,
    Varying, to_stub,
};

/// A server that remembers what it was asked.
#[derive(Default)]
struct Server {
    log: Mutex<Vec<String>>,
}

impl Server {
    fn note(&self, call: &str, what: impl std::fmt::Debug) {
        self.log.lock().unwrap().push(format!("{call}: {what:?}"));
    }
}

impl Plain for Server {
    type Call = String;

    async fn nothing(&self, call: &String, request: NothingIn) -> Result<NothingOut, Fault> {
        self.note(call, request);
        Ok(NothingOut {})
    }

    async fn everything(
        &self,
        call: &String,
        request: EverythingIn,
    ) -> Result<EverythingOut, Fault> {
        self.note(call, request.name);
        Ok(EverythingOut {
            count: request.count,
            allocated: Some(request.input.clone()),
            output: request.input,
            used: 0,
            sids: Varying::new(request.room, Vec::new()),
            text: SizedText { max_count: request.room, text: "text".into() },
            return_value: -1,
        })
    }

    async fn open(&self, call: &String, request: OpenIn) -> Result<OpenOut, Fault> {
        self.note(call, request);
        Err(Fault::ACCESS_DENIED)
    }

    async fn use_(&self, _: &String, request: UseIn) -> Result<UseOut, Fault> {
        Ok(UseOut { other: request.handle })
    }

    async fn close(&self, _: &String, _: CloseIn) -> Result<CloseOut, Fault> {
        Ok(CloseOut { handle: ContextHandle::NULL })
    }
}

impl IBase for Server {
    type Call = u8;

    async fn first(&self, _: &u8, request: FirstIn) -> Result<FirstOut, Fault> {
        Ok(FirstOut { result: request.value + 1, ..FirstOut::default() })
    }
}

impl IDerived for Server {
    async fn second(&self, _: &u8, request: SecondIn) -> Result<SecondOut, Fault> {
        Ok(SecondOut { found: request.object, ..SecondOut::default() })
    }
}

#[derive(Debug, PartialEq)]
enum CallError {
    Fault(Fault),
    Decode(DecodeError),
    Encode(EncodeError),
}

impl From<DecodeError> for CallError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for CallError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

/// Which dispatch function a client reaches.
enum Reach<'a> {
    Plain(&'a Server),
    Derived(&'a Server),
}

struct Through<'a> {
    reach: Reach<'a>,
    encoding: Encoding,
}

impl Invoke for Through<'_> {
    type Error = CallError;

    fn encoding(&self) -> Encoding {
        self.encoding
    }

    async fn invoke(
        &mut self,
        opnum: u16,
        stub: Vec<u8>,
    ) -> Result<(Encoding, Vec<u8>), CallError> {
        let answer = match self.reach {
            Reach::Plain(server) => {
                dispatch_plain(server, &"me".to_owned(), opnum, self.encoding, &stub).await
            }
            Reach::Derived(server) => {
                dispatch_i_derived(server, &0, opnum, self.encoding, &stub).await
            }
        };
        let little = Encoding { order: ByteOrder::Little, ..self.encoding };
        answer.map(|stub| (little, stub)).map_err(CallError::Fault)
    }
}

/// Nothing here waits for anything.
fn now<T>(future: impl Future<Output = T> + Send) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn calls_go_through_in_every_encoding() {
    let server = Server::default();
    for encoding in ENCODINGS {
        let mut client = PlainClient(Through { reach: Reach::Plain(&server), encoding });
        let request = EverythingIn {
            count: 2,
            input: vec![3, 4],
            optional_input: Some(vec![5, 6]),
            full: Full::new(PLAIN.uuid),
            room: 9,
            name: "name".into(),
            ..EverythingIn::default()
        };
        let response = now(client.everything(&request)).unwrap();
        assert_eq!((response.output, response.return_value), (vec![3, 4], -1));
        assert_eq!(response.text.max_count, 9);
        let refused = now(client.open(&OpenIn::default())).unwrap_err();
        assert_eq!(refused, CallError::Fault(Fault::ACCESS_DENIED));
        // What the server gets wrong, it answers with a fault.
        let too_small = now(client.everything(&EverythingIn { room: 0, ..request })).unwrap_err();
        assert_eq!(too_small, CallError::Fault(Fault::UNSPECIFIED));
    }
    let log = server.log.into_inner().unwrap();
    assert_eq!(log.iter().filter(|line| *line == "me: \"name\"").count(), 8);
}

#[test]
fn what_no_operation_takes_is_refused() {
    let server = Server::default();
    let call = "me".to_owned();
    let plain = |opnum, stub: &[u8]| now(dispatch_plain(&server, &call, opnum, NDR20, stub));
    assert_eq!(plain(0, b"more than needed"), Ok(Vec::new()));
    assert_eq!(plain(2, b""), Err(Fault::OP_RANGE));
    assert_eq!(plain(6, b""), Err(Fault::OP_RANGE));
    assert_eq!(plain(4, b"short"), Err(Fault::BAD_STUB_DATA));
    assert_eq!(server.log.lock().unwrap().len(), 1);
}

#[test]
fn derived_interfaces_serve_their_bases_operations() {
    let server = Server::default();
    for encoding in ENCODINGS {
        let mut client = IDerivedClient(Through { reach: Reach::Derived(&server), encoding });
        let request = FirstIn { value: 41, ..FirstIn::default() };
        assert_eq!(now(client.first(&request)).unwrap().result, 42);
        assert_eq!(now(client.second(&SecondIn::default())).unwrap().found, None);
    }
    let stub = to_stub(NDR64, &FirstIn::default()).unwrap();
    for opnum in [0, 1, 2, 4, 6] {
        let answer = now(dispatch_i_derived(&server, &0, opnum, NDR64, &stub));
        assert_eq!(answer, Err(Fault::OP_RANGE));
    }
    let answer = now(dispatch_i_base(&server, &0, 5, NDR64, &stub));
    assert_eq!(answer, Err(Fault::OP_RANGE));
    assert_ne!(I_BASE.uuid, I_DERIVED.uuid);
}
