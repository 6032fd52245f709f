//! Calls of the object as a client makes them: encoded, dispatched, decoded.

mod properties;
mod requests;

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::auth::AuthLevel;
use crate::dcom::{Class, Object};
use crate::enroll::testing::{ALICE, BOB, Bench};
use crate::ndr::{Encoding, InterfaceId, Parameters, Syntax, from_stub, to_stub};
use crate::services::tests::{ENCODING, context};

/// The CA's object, and who calls it how.
pub(super) struct Client {
    pub(super) bench: Bench,
    pub(super) object: Arc<dyn Object>,
    pub(super) rid: u32,
    pub(super) level: AuthLevel,
    pub(super) interface: InterfaceId,
    pub(super) encoding: Encoding,
}

impl Client {
    pub(super) fn of(bench: Bench) -> Self {
        let object = CertRequestClass::new(Arc::new(bench.enrollment())).create();
        let (interface, level) = (I_CERT_REQUEST_D2, AuthLevel::Privacy);
        Self { bench, object, rid: ALICE, level, interface, encoding: ENCODING }
    }

    pub(super) fn new() -> Self {
        Self::of(Bench::new())
    }

    pub(super) async fn try_call<O: Parameters>(
        &self,
        opnum: u16,
        request: &impl Parameters,
    ) -> Result<O, Fault> {
        let (interface, encoding) = (self.interface, self.encoding);
        let context = context(&self.bench, self.rid, self.level);
        let call = CallContext { interface, encoding, ..context };
        let stub = to_stub(encoding, request).expect("encodes");
        let answer = self.object.call(call, opnum, Bytes::from(stub)).await?;
        Ok(from_stub(encoding, &answer).expect("decodes"))
    }

    pub(super) async fn call<O: Parameters>(&self, opnum: u16, request: &impl Parameters) -> O {
        self.try_call(opnum, request).await.expect("no fault")
    }
}

pub(super) const CA: &str = "wcce CA";

pub(super) fn ca() -> Option<WideString> {
    Some(CA.into())
}

/// The text of a blob, without its NUL.
pub(super) fn text_of(bytes: &[u8]) -> String {
    let (units, rest) = bytes.as_chunks::<2>();
    assert!(rest.is_empty());
    let units: Vec<_> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let text = String::from_utf16(&units).expect("text");
    text.strip_suffix('\0').expect("a NUL at the end").to_owned()
}

#[test]
fn the_class_is_the_one_that_windows_clients_know() {
    let bench = Bench::new();
    let class = CertRequestClass::new(Arc::new(bench.enrollment()));
    assert_eq!(class.clsid().to_string(), "d99e6e74-fc88-11d0-b498-00a0c90312f3");
    let interfaces = class.interfaces();
    let ids: Vec<_> = interfaces.iter().map(|interface| interface.id).collect();
    assert_eq!(ids, [I_CERT_REQUEST_D, I_CERT_REQUEST_D2]);
    for interface in interfaces {
        assert_eq!(interface.policy.min_level, Some(AuthLevel::Privacy));
        assert_eq!(interface.policy.syntaxes, [Syntax::Ndr64, Syntax::Ndr20]);
    }
    assert!(class.admits(&bench.caller(BOB)));
}

#[tokio::test]
async fn pings_take_the_name_of_the_ca_or_none() {
    let client = Client::new();
    for (authority, expected) in [
        (None, HResult::S_OK),
        (Some(""), HResult::S_OK),
        (Some("WCCE ca"), HResult::S_OK),
        (Some("wcce"), HResult::E_INVALIDARG),
    ] {
        let pwsz_authority: Option<WideString> = authority.map(Into::into);
        let ping = PingIn { pwsz_authority: pwsz_authority.clone(), ..Default::default() };
        let answer: PingOut = client.call(5, &ping).await;
        assert_eq!(HResult(answer.return_value), expected, "{authority:?}");
        let ping = Ping2In { pwsz_authority, ..Default::default() };
        let answer: Ping2Out = client.call(9, &ping).await;
        assert_eq!(HResult(answer.return_value), expected, "{authority:?}");
    }
}

#[tokio::test]
async fn every_method_wants_a_sealed_call() {
    for level in [AuthLevel::Connect, AuthLevel::Packet, AuthLevel::Integrity] {
        let client = Client { level, ..Client::new() };
        let denied = Err(Fault::ACCESS_DENIED);
        assert_eq!(client.try_call::<RequestOut>(3, &RequestIn::default()).await, denied);
        let denied = Err(Fault::ACCESS_DENIED);
        assert_eq!(client.try_call::<GetCaCertOut>(4, &GetCaCertIn::default()).await, denied);
        let denied = Err(Fault::ACCESS_DENIED);
        assert_eq!(client.try_call::<PingOut>(5, &PingIn::default()).await, denied);
        let denied = Err(Fault::ACCESS_DENIED);
        assert_eq!(client.try_call::<Request2Out>(6, &Request2In::default()).await, denied);
        let denied = Err(Fault::ACCESS_DENIED);
        let request = GetCaPropertyIn::default();
        assert_eq!(client.try_call::<GetCaPropertyOut>(7, &request).await, denied);
        let denied = Err(Fault::ACCESS_DENIED);
        let request = GetCaPropertyInfoIn::default();
        assert_eq!(client.try_call::<GetCaPropertyInfoOut>(8, &request).await, denied);
        let denied = Err(Fault::ACCESS_DENIED);
        assert_eq!(client.try_call::<Ping2Out>(9, &Ping2In::default()).await, denied);
    }
}

#[tokio::test]
async fn each_interface_has_its_own_methods() {
    let client = Client { interface: I_CERT_REQUEST_D, ..Client::new() };
    let answer: PingOut = client.call(5, &PingIn::default()).await;
    assert_eq!(answer.return_value, 0);
    for opnum in [0, 1, 2, 6, 9, 10] {
        let answer = client.try_call::<PingOut>(opnum, &PingIn::default()).await;
        assert_eq!(answer, Err(Fault::OP_RANGE), "{opnum}");
    }
    let client = Client::new();
    for opnum in [0, 1, 2, 10] {
        let answer = client.try_call::<PingOut>(opnum, &PingIn::default()).await;
        assert_eq!(answer, Err(Fault::OP_RANGE), "{opnum}");
    }
}
