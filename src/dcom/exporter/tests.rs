use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use uuid::Uuid;

use super::{Exporter, ExporterSettings};
use crate::auth::{AuthLevel, AuthType, BoxFuture, SystemEnvironment};
use crate::dcom::activation::{ActivationReply, ActivationRequest};
use crate::dcom::bindings::{Bindings, SecurityBinding};
use crate::dcom::objref::{Body, ObjRef};
use crate::dcom::table::{Counts, EXPIRY, TableLimits};
use crate::dcom::{COM_VERSION, Class, Interface, Object};
use crate::generated::classfactory::{
    I_CLASS_FACTORY, IClassFactoryClient, RemoteCreateInstanceIn as FactoryIn, RemoteLockServerIn,
};
use crate::generated::icertrequestd::{
    I_CERT_REQUEST_D, I_CERT_REQUEST_D2, ICertRequestDClient, PingIn, PingOut,
};
use crate::generated::orpc::{
    COMVERSION, I_UNKNOWN, ORPC_EXTENT, ORPC_EXTENT_ARRAY, ORPCTHIS, STDOBJREF,
};
use crate::generated::oxid::{
    ComplexPingIn, I_OBJECT_EXPORTER, IObjectExporterClient, ResolveOxid2In, ResolveOxidIn,
    ServerAlive2In, ServerAliveIn, SimplePingIn,
};
use crate::generated::remote_activation::{
    I_ACTIVATION, I_REMOTE_SCM_ACTIVATOR, IActivationClient, IRemoteScmActivatorClient,
    RemoteActivationIn, RemoteCreateInstanceIn, RemoteCreateInstanceOut, RemoteGetClassObjectIn,
};
use crate::generated::remunknown::{
    I_REM_UNKNOWN, I_REM_UNKNOWN2, IRemUnknown2Client, REMINTERFACEREF, RemAddRefIn,
    RemQueryInterface2In, RemQueryInterfaceIn, RemReleaseIn,
};
use crate::model::{Caller, HResult, Sid, Token};
use crate::ndr::{ByteOrder, Encoding, Fault, InterfaceId, Invoke, Syntax, from_stub, to_stub};
use crate::rpc::direct::DirectError;
use crate::rpc::{AssociationId, CallContext, Policy, Service};

const CLSID: Uuid = Uuid::from_u128(0xC1A5);
const STRANGE: Uuid = Uuid::from_u128(0xBAD);
const D: Uuid = I_CERT_REQUEST_D.uuid;
const D2: Uuid = I_CERT_REQUEST_D2.uuid;
/// What the object answers to Ping.
const PONG: u32 = 0x1234;

struct TestClass;
struct TestObject;

impl Class for TestClass {
    fn clsid(&self) -> Uuid {
        CLSID
    }

    fn interfaces(&self) -> Vec<Interface> {
        let policy = Policy::default();
        [I_CERT_REQUEST_D, I_CERT_REQUEST_D2].map(|id| Interface { id, policy }).to_vec()
    }

    fn admits(&self, caller: &Caller) -> bool {
        caller.account != "WCCE\\mallory"
    }

    fn create(&self) -> Arc<dyn Object> {
        Arc::new(TestObject)
    }
}

impl Object for TestObject {
    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move {
            if opnum != 5 {
                return Err(Fault::OP_RANGE);
            }
            from_stub::<PingIn>(call.encoding, &stub).map_err(|_| Fault::BAD_STUB_DATA)?;
            let pong = PingOut { return_value: PONG, ..Default::default() };
            to_stub(call.encoding, &pong).map_err(|_| Fault::UNSPECIFIED)
        })
    }
}

fn exporter() -> Arc<Exporter> {
    let settings = ExporterSettings {
        hosts: vec!["ca.wcce.test".into()],
        port: 49_700,
        security: vec![
            SecurityBinding { service: 10, principal: String::new() },
            SecurityBinding { service: 9, principal: "host/ca.wcce.test".into() },
        ],
        authn_hint: AuthLevel::Privacy,
        limits: TableLimits { objects_per_account: 3, ..TableLimits::default() },
    };
    let environment = Arc::new(SystemEnvironment);
    Exporter::new(settings, vec![Arc::new(TestClass)], environment).expect("random bytes")
}

/// One client's calls to one interface.
#[derive(Clone)]
struct Link {
    service: Arc<dyn Service>,
    account: Option<&'static str>,
    level: AuthLevel,
    object: Option<Uuid>,
    syntax: Syntax,
}

fn link(exporter: &Arc<Exporter>, interface: InterfaceId) -> Link {
    let mut services = exporter.resolver_services();
    services.extend(exporter.object_services());
    let service = services.into_iter().find(|service| service.interface() == interface);
    Link {
        service: service.expect("offered"),
        account: Some("WCCE\\alice"),
        level: AuthLevel::Privacy,
        object: None,
        syntax: Syntax::Ndr20,
    }
}

impl Link {
    fn on(self, object: Uuid) -> Self {
        Self { object: Some(object), ..self }
    }

    fn by(self, account: &'static str) -> Self {
        Self { account: Some(account), ..self }
    }

    fn at(self, level: AuthLevel) -> Self {
        Self { level, ..self }
    }

    fn anonymous(self) -> Self {
        Self { account: None, ..self }
    }
}

fn caller(account: &str) -> Arc<Caller> {
    let rid = account.bytes().map(u32::from).sum();
    let user = Sid::new(5, &[21, 1, 2, 3, rid]).unwrap();
    Arc::new(Caller { account: account.to_owned(), token: Token::new(user, []) })
}

impl Invoke for Link {
    type Error = DirectError;

    fn encoding(&self) -> Encoding {
        Encoding { syntax: self.syntax, order: ByteOrder::Little }
    }

    async fn invoke(
        &mut self,
        opnum: u16,
        stub: Vec<u8>,
    ) -> Result<(Encoding, Vec<u8>), DirectError> {
        let policy = self.service.policy();
        let level = self.account.map(|_| self.level);
        if level < policy.min_level || !policy.syntaxes.contains(&self.syntax) {
            return Err(DirectError::Fault(Fault::ACCESS_DENIED));
        }
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let context = CallContext {
            caller: self.account.map(caller),
            auth: level.map(|level| (AuthType::Ntlm, level)),
            header_signing: true,
            object: self.object,
            interface: self.service.interface(),
            encoding: self.encoding(),
            call_id: 1,
            peer: address("192.0.2.1:1000"),
            local: address("[::ffff:192.0.2.9]:135"),
            association: AssociationId(1),
        };
        let answer = self.service.call(context, opnum, stub.into()).await;
        Ok((self.encoding(), answer.map_err(DirectError::Fault)?))
    }
}

fn orpcthis() -> ORPCTHIS {
    ORPCTHIS { version: COM_VERSION, cid: Uuid::from_u128(7), ..Default::default() }
}

fn request(clsid: Uuid, iids: &[Uuid]) -> RemoteCreateInstanceIn {
    let request = ActivationRequest { clsid, iids: iids.to_vec(), flags: 0, from_storage: false };
    let properties = request.to_objref("ca", Uuid::from_u128(1)).unwrap().to_pointer().unwrap();
    RemoteCreateInstanceIn {
        orpcthis: ORPCTHIS { flags: 1, ..orpcthis() },
        p_unk_outer: None,
        p_act_properties: Some(properties),
    }
}

async fn create(
    exporter: &Arc<Exporter>,
    request: &RemoteCreateInstanceIn,
) -> RemoteCreateInstanceOut {
    let mut client = IRemoteScmActivatorClient(link(exporter, I_REMOTE_SCM_ACTIVATOR));
    client.remote_create_instance(request).await.unwrap()
}

async fn activated(exporter: &Arc<Exporter>, iids: &[Uuid]) -> ActivationReply {
    let answer = create(exporter, &request(CLSID, iids)).await;
    assert_eq!(answer.return_value, 0);
    let reference = ObjRef::from_pointer(answer.pp_act_properties.as_deref()).unwrap();
    ActivationReply::from_objref(reference).unwrap()
}

fn std(reference: &ObjRef) -> &STDOBJREF {
    match &reference.body {
        Body::Standard { std, .. } => std,
        Body::Custom { .. } => panic!("not a standard reference"),
    }
}

fn ipid(reply: &ActivationReply, at: usize) -> Uuid {
    std(reply.interfaces[at].1.as_ref().unwrap()).ipid
}

async fn ping(link: Link) -> Result<u32, DirectError> {
    let request = PingIn { orpcthis: orpcthis(), pwsz_authority: None };
    Ok(ICertRequestDClient(link).ping(&request).await?.return_value)
}

fn fault(code: HResult) -> Result<u32, DirectError> {
    Err(DirectError::Fault(Fault(code.0)))
}

fn remote_unknown(exporter: &Arc<Exporter>, reply: &ActivationReply) -> IRemUnknown2Client<Link> {
    IRemUnknown2Client(link(exporter, I_REM_UNKNOWN2).on(reply.remote_unknown))
}

fn references(ipid: Uuid, public: u32, private: u32) -> Vec<REMINTERFACEREF> {
    vec![REMINTERFACEREF { ipid, c_public_refs: public, c_private_refs: private }]
}

async fn release(client: &mut IRemUnknown2Client<Link>, ipid: Uuid, public: u32) {
    let interface_refs = references(ipid, public, 0);
    let request = RemReleaseIn { orpcthis: orpcthis(), c_interface_refs: 1, interface_refs };
    assert_eq!(client.rem_release(&request).await.unwrap().return_value, 0);
}

#[tokio::test]
async fn an_object_is_activated_called_queried_and_released() {
    let exporter = exporter();
    let reply = activated(&exporter, &[D]).await;
    assert_eq!((reply.authn_hint, reply.version.minor_version), (6, 7));
    let tcp: Vec<_> = reply.bindings.tcp().collect();
    let expected = [("ca.wcce.test", Some(49_700)), ("192.0.2.9", Some(49_700))];
    assert_eq!(tcp, expected, "by name, and by the address that was dialled");
    assert_eq!(reply.bindings.securities[1].principal, "host/ca.wcce.test");
    let reference = reply.interfaces[0].1.as_ref().unwrap();
    let Body::Standard { std: first, resolver } = &reference.body else { panic!() };
    assert_eq!((first.flags, first.c_public_refs, first.oxid), (0, 5, reply.oxid));
    let tcp: Vec<_> = resolver.tcp().collect();
    assert_eq!(tcp, [("ca.wcce.test", None), ("192.0.2.9", None)]);
    assert!(resolver.securities.iter().all(|binding| binding.principal.is_empty()));

    for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
        let link = Link { syntax, ..link(&exporter, I_CERT_REQUEST_D).on(first.ipid) };
        assert_eq!(ping(link).await, Ok(PONG));
    }
    let mut unknown = remote_unknown(&exporter, &reply);
    let query = RemQueryInterfaceIn {
        orpcthis: orpcthis(),
        ripid: first.ipid,
        c_refs: 2,
        c_iids: 3,
        iids: vec![D2, STRANGE, D],
    };
    let answer = unknown.rem_query_interface(&query).await.unwrap();
    assert_eq!(answer.return_value, 0);
    let results = answer.pp_qi_results.unwrap();
    let codes: Vec<_> = results.iter().map(|result| result.h_result).collect();
    assert_eq!(codes, [0, HResult::E_NOINTERFACE.0, 0]);
    let second = &results[0].std;
    assert_eq!((second.oid, second.c_public_refs), (first.oid, 2));
    assert_eq!(results[1].std, STDOBJREF::default());
    assert_eq!(results[2].std.ipid, first.ipid);
    assert_eq!(ping(link(&exporter, I_CERT_REQUEST_D2).on(second.ipid)).await, Ok(PONG));

    release(&mut unknown, first.ipid, 7).await;
    let gone = fault(HResult::RPC_E_DISCONNECTED);
    assert_eq!(ping(link(&exporter, I_CERT_REQUEST_D).on(first.ipid)).await, gone);
    assert_eq!(ping(link(&exporter, I_CERT_REQUEST_D2).on(second.ipid)).await, Ok(PONG));
    release(&mut unknown, second.ipid, 1).await;
    assert_eq!(exporter.counts().objects, 1);
    release(&mut unknown, second.ipid, 1).await;
    assert_eq!(exporter.counts(), Counts::default());
    assert_eq!(ping(link(&exporter, I_CERT_REQUEST_D2).on(second.ipid)).await, gone);
    release(&mut unknown, second.ipid, 1).await;
    let dead = unknown.rem_query_interface(&query).await.unwrap();
    assert_eq!(dead.return_value, HResult::RPC_E_INVALID_OBJECT.0);
    assert_eq!(dead.pp_qi_results, None);
}

#[tokio::test]
async fn activation_errors_have_their_codes() {
    let exporter = exporter();
    let cases = [
        ("unknown class", request(STRANGE, &[D]), HResult::REGDB_E_CLASSNOTREG),
        ("unknown interface", request(CLSID, &[STRANGE]), HResult::E_NOINTERFACE),
        (
            "a class's interface on an object",
            request(CLSID, &[I_CLASS_FACTORY.uuid]),
            HResult::E_NOINTERFACE,
        ),
        (
            "no properties",
            RemoteCreateInstanceIn { p_act_properties: None, ..request(CLSID, &[D]) },
            HResult::RPC_E_INVALID_OBJREF,
        ),
    ];
    for (what, request, code) in cases {
        let answer = create(&exporter, &request).await;
        assert_eq!((answer.return_value, answer.pp_act_properties), (code.0, None), "{what}");
    }
    for (major_version, minor_version) in [(5, 8), (4, 7), (6, 1)] {
        let version = COMVERSION { major_version, minor_version };
        let mut request = request(CLSID, &[D]);
        request.orpcthis.version = version;
        let answer = create(&exporter, &request).await;
        assert_eq!(answer.return_value, HResult::RPC_E_VERSION_MISMATCH.0);
    }
    let wants_32_bit =
        ActivationRequest { clsid: CLSID, iids: vec![D], flags: 4, from_storage: false };
    let properties = wants_32_bit.to_objref("ca", Uuid::nil()).unwrap().to_pointer().unwrap();
    let request_32 =
        RemoteCreateInstanceIn { p_act_properties: Some(properties), ..request(CLSID, &[D]) };
    assert_eq!(create(&exporter, &request_32).await.return_value, HResult::REGDB_E_CLASSNOTREG.0);
    assert_eq!(exporter.counts(), Counts::default(), "nothing was made");
    let some = activated(&exporter, &[STRANGE, D, I_UNKNOWN.uuid, D]).await;
    assert_eq!(some.interfaces[0].1, Err(HResult::E_NOINTERFACE));
    assert_eq!(ipid(&some, 1), ipid(&some, 3), "one interface has one identifier");
    assert_ne!(ipid(&some, 1), ipid(&some, 2));
    assert_eq!(exporter.counts(), Counts { objects: 1, interfaces: 2, sets: 0 });
}

#[tokio::test]
async fn activation_is_refused_below_integrity_and_without_access() {
    let exporter = exporter();
    let activator = || link(&exporter, I_REMOTE_SCM_ACTIVATOR);
    let request = request(CLSID, &[D]);
    let denied = Err(DirectError::Fault(Fault::ACCESS_DENIED));
    for low in [
        activator().at(AuthLevel::Connect),
        activator().at(AuthLevel::Packet),
        activator().anonymous(),
    ] {
        let answer = IRemoteScmActivatorClient(low).remote_create_instance(&request).await;
        assert_eq!(answer, denied);
    }
    let mut signed = IRemoteScmActivatorClient(activator().at(AuthLevel::Integrity));
    assert_eq!(signed.remote_create_instance(&request).await.unwrap().return_value, 0);
    let mut mallory = IRemoteScmActivatorClient(activator().by("WCCE\\mallory"));
    let answer = mallory.remote_create_instance(&request).await.unwrap();
    assert_eq!(answer.return_value, HResult::E_ACCESSDENIED.0);
    let mut strange = IRemoteScmActivatorClient(Link { syntax: Syntax::Ndr64, ..activator() });
    assert!(strange.remote_create_instance(&request).await.is_err(), "NDR 2.0 only");
}

#[tokio::test]
async fn calls_are_checked_one_by_one() {
    let exporter = exporter();
    let reply = activated(&exporter, &[D, I_UNKNOWN.uuid]).await;
    let (object, bare) = (ipid(&reply, 0), ipid(&reply, 1));
    let d = || link(&exporter, I_CERT_REQUEST_D);
    let denied = Err(DirectError::Fault(Fault::ACCESS_DENIED));
    assert_eq!(ping(d().on(object).by("WCCE\\bob")).await, Ok(PONG), "references can be passed on");
    assert_eq!(ping(d().on(object).by("WCCE\\mallory")).await, denied);
    assert_eq!(ping(d().on(object).at(AuthLevel::Integrity)).await, denied);
    assert_eq!(ping(d().on(object).anonymous()).await, denied);
    assert_eq!(ping(d()).await, fault(HResult::RPC_E_DISCONNECTED));
    assert_eq!(ping(d().on(STRANGE)).await, fault(HResult::RPC_E_DISCONNECTED));
    assert_eq!(ping(d().on(bare)).await, fault(HResult::E_NOINTERFACE));
    let d2 = link(&exporter, I_CERT_REQUEST_D2);
    assert_eq!(ping(d2.on(object)).await, fault(HResult::E_NOINTERFACE));
    let unknown = link(&exporter, I_UNKNOWN).on(bare);
    assert_eq!(
        ping(unknown).await,
        Err(DirectError::Fault(Fault::OP_RANGE)),
        "IUnknown has no operations"
    );

    let newer = COMVERSION { minor_version: 8, ..COM_VERSION };
    for (header, code) in [
        (ORPCTHIS { flags: 1, ..orpcthis() }, HResult::RPC_E_INVALID_HEADER),
        (ORPCTHIS { version: newer, ..orpcthis() }, HResult::RPC_E_VERSION_MISMATCH),
    ] {
        let request = PingIn { orpcthis: header, pwsz_authority: None };
        let answer = ICertRequestDClient(d().on(object)).ping(&request).await;
        assert_eq!(answer.map(|answer| answer.return_value), fault(code));
    }
    for (opnum, stub, expected) in [
        (2, to_stub(d().encoding(), &PingIn::default()).unwrap(), Fault(0x8001_0110)),
        (5, vec![0; 20], Fault::BAD_STUB_DATA),
    ] {
        let answer = d().on(object).invoke(opnum, stub).await;
        assert_eq!(answer.map(|_| ()), Err(DirectError::Fault(expected)));
    }
    let old = ORPCTHIS { version: COMVERSION { minor_version: 1, ..COM_VERSION }, ..orpcthis() };
    let request = PingIn { orpcthis: old, pwsz_authority: None };
    let local = to_stub(d().encoding(), &request).unwrap();
    let answer = d().on(object).invoke(2, local).await;
    assert_eq!(answer.map(|_| ()), Err(DirectError::Fault(Fault::OP_RANGE)), "IUnknown is local");
}

#[tokio::test]
async fn extensions_and_causalities_are_let_through() {
    let exporter = exporter();
    let reply = activated(&exporter, &[D]).await;
    let extent = |byte, size: usize| {
        let data = vec![byte; size.next_multiple_of(8)];
        Some(Box::new(ORPC_EXTENT { id: STRANGE, size: size as u32, data }))
    };
    for extent in [vec![], vec![extent(1, 5), None], vec![extent(1, 8), extent(2, 0)]] {
        let size = extent.iter().flatten().count() as u32;
        let extent = (!extent.is_empty()).then_some(extent);
        let extensions = Some(Box::new(ORPC_EXTENT_ARRAY { size, reserved: 0, extent }));
        for (syntax, cid) in [(Syntax::Ndr20, STRANGE), (Syntax::Ndr64, Uuid::nil())] {
            let link = Link { syntax, ..link(&exporter, I_CERT_REQUEST_D).on(ipid(&reply, 0)) };
            let orpcthis = ORPCTHIS { cid, extensions: extensions.clone(), ..orpcthis() };
            let request = PingIn { orpcthis, pwsz_authority: Some("CA".into()) };
            let answer = ICertRequestDClient(link).ping(&request).await.unwrap();
            assert_eq!((answer.return_value, answer.orpcthat.extensions), (PONG, None));
        }
    }
}

#[tokio::test]
async fn the_remote_unknown_checks_its_callers() {
    let exporter = exporter();
    let reply = activated(&exporter, &[D]).await;
    let object = ipid(&reply, 0);
    let unknown = |interface| link(&exporter, interface).on(reply.remote_unknown);
    let query = RemQueryInterface2In {
        orpcthis: orpcthis(),
        ripid: object,
        c_iids: 2,
        iids: vec![D2, STRANGE],
    };
    let add = |ipid, private| RemAddRefIn {
        orpcthis: orpcthis(),
        c_interface_refs: 1,
        interface_refs: references(ipid, 0, private),
    };
    for low in [unknown(I_REM_UNKNOWN2).anonymous(), unknown(I_REM_UNKNOWN2).at(AuthLevel::Packet)]
    {
        let answer = IRemUnknown2Client(low).rem_query_interface2(&query).await;
        let code = Fault(HResult::E_ACCESSDENIED.0);
        assert_eq!(answer, Err(DirectError::Fault(code)));
    }
    let mut nowhere = IRemUnknown2Client(link(&exporter, I_REM_UNKNOWN2).on(object));
    let code = Fault(HResult::RPC_E_DISCONNECTED.0);
    assert_eq!(nowhere.rem_query_interface2(&query).await, Err(DirectError::Fault(code)));

    let mut mallory = IRemUnknown2Client(unknown(I_REM_UNKNOWN2).by("WCCE\\mallory"));
    let answer = mallory.rem_query_interface2(&query).await.unwrap();
    assert_eq!(answer.return_value, HResult::E_ACCESSDENIED.0);
    assert_eq!(answer.pp_mif, [None, None]);
    let answer = mallory.rem_add_ref(&add(object, 1)).await.unwrap();
    assert_eq!(answer.p_results, [HResult::CO_E_OBJNOTREG.0]);
    release(&mut mallory, object, 100).await;
    assert_eq!(exporter.counts().objects, 1, "mallory released nothing");

    let mut alice = IRemUnknown2Client(unknown(I_REM_UNKNOWN2).at(AuthLevel::Integrity));
    let answer = alice.rem_query_interface2(&query).await.unwrap();
    assert_eq!((answer.return_value, answer.phr), (0, vec![0, HResult::E_NOINTERFACE.0]));
    let second = ObjRef::from_pointer(answer.pp_mif[0].as_deref()).unwrap();
    assert_eq!((second.iid, std(&second).c_public_refs), (D2, 5));
    assert_eq!(answer.pp_mif[1], None);
    assert_eq!(alice.rem_add_ref(&add(object, 1)).await.unwrap().p_results, [0]);
    assert_eq!(
        alice.rem_add_ref(&add(STRANGE, 1)).await.unwrap().p_results,
        [HResult::CO_E_OBJNOTREG.0]
    );
    release(&mut alice, std(&second).ipid, 5).await;
    release(&mut alice, object, 5).await;
    assert_eq!(exporter.counts().objects, 1, "a private reference is left");

    // The older interface is the same object.
    let old = unknown(I_REM_UNKNOWN);
    let answer = IRemUnknown2Client(old.clone()).rem_query_interface2(&query).await;
    assert_eq!(answer, Err(DirectError::Fault(Fault::OP_RANGE)));
    let interface_refs = references(object, 0, 1);
    let request = RemReleaseIn { orpcthis: orpcthis(), c_interface_refs: 1, interface_refs };
    IRemUnknown2Client(old).rem_release(&request).await.unwrap();
    assert_eq!(exporter.counts(), Counts::default());
}

#[tokio::test]
async fn classes_make_objects_as_well() {
    let exporter = exporter();
    let create = request(CLSID, &[I_CLASS_FACTORY.uuid]);
    let get = RemoteGetClassObjectIn {
        orpcthis: create.orpcthis,
        p_act_properties: create.p_act_properties,
    };
    let mut activator = IRemoteScmActivatorClient(link(&exporter, I_REMOTE_SCM_ACTIVATOR));
    let answer = activator.remote_get_class_object(&get).await.unwrap();
    assert_eq!(answer.return_value, 0);
    let reference = ObjRef::from_pointer(answer.pp_act_properties.as_deref()).unwrap();
    let reply = ActivationReply::from_objref(reference).unwrap();
    let mut factory = IClassFactoryClient(link(&exporter, I_CLASS_FACTORY).on(ipid(&reply, 0)));
    let answer =
        factory.remote_create_instance(&FactoryIn { orpcthis: orpcthis(), riid: D }).await.unwrap();
    assert_eq!(answer.return_value, 0);
    let object = ObjRef::from_pointer(answer.ppv_object.as_deref()).unwrap();
    assert_eq!(object.iid, D);
    assert_eq!(ping(link(&exporter, I_CERT_REQUEST_D).on(std(&object).ipid)).await, Ok(PONG));
    let answer = factory
        .remote_create_instance(&FactoryIn { orpcthis: orpcthis(), riid: STRANGE })
        .await
        .unwrap();
    assert_eq!((answer.return_value, answer.ppv_object), (HResult::E_NOINTERFACE.0, None));
    let lock = RemoteLockServerIn { orpcthis: orpcthis(), f_lock: 1 };
    assert_eq!(factory.remote_lock_server(&lock).await.unwrap().return_value, 0);
}

#[tokio::test]
async fn old_clients_activate_as_well() {
    let exporter = exporter();
    let request = |clsid, mode, iids: &[Uuid]| RemoteActivationIn {
        orp_cthis: orpcthis(),
        clsid,
        client_imp_level: 2,
        mode,
        interfaces: iids.len() as u32,
        p_ii_ds: Some(iids.to_vec()),
        c_requested_protseqs: 1,
        a_requested_protseqs: vec![7],
        ..Default::default()
    };
    let mut client = IActivationClient(link(&exporter, I_ACTIVATION));
    let answer = client.remote_activation(&request(CLSID, 0, &[D, STRANGE])).await.unwrap();
    assert_eq!((answer.return_value, answer.phr), (0, 0));
    assert_eq!(answer.p_results, [0, HResult::E_NOINTERFACE.0]);
    let bindings = Bindings::from_ndr(&answer.ppdsa_oxid_bindings.unwrap()).unwrap();
    assert_eq!(bindings.tcp().count(), 2);
    let object = ObjRef::from_pointer(answer.pp_interface_data[0].as_deref()).unwrap();
    assert_eq!(ping(link(&exporter, I_CERT_REQUEST_D).on(std(&object).ipid)).await, Ok(PONG));
    let class = request(CLSID, 0xFFFF_FFFF, &[I_CLASS_FACTORY.uuid]);
    assert_eq!(client.remote_activation(&class).await.unwrap().phr, 0);
    let answer = client.remote_activation(&request(STRANGE, 0, &[D, D2])).await.unwrap();
    assert_eq!((answer.return_value, answer.phr), (0, HResult::REGDB_E_CLASSNOTREG.0));
    assert_eq!(answer.p_results, [0, 0]);
    assert_eq!(answer.pp_interface_data, [None, None]);
    let from_file =
        RemoteActivationIn { pwsz_object_name: Some("x".into()), ..request(CLSID, 0, &[D]) };
    let answer = client.remote_activation(&from_file).await.unwrap();
    assert_eq!(answer.phr, HResult::E_NOINTERFACE.0);
}

#[tokio::test]
async fn the_resolver_answers() {
    let exporter = exporter();
    let reply = activated(&exporter, &[D]).await;
    let anonymous = link(&exporter, I_OBJECT_EXPORTER).anonymous();
    let mut nobody = IObjectExporterClient(anonymous);
    let mut alice = IObjectExporterClient(link(&exporter, I_OBJECT_EXPORTER));
    assert_eq!(nobody.server_alive(&ServerAliveIn {}).await.unwrap().return_value, 0);
    let alive = nobody.server_alive2(&ServerAlive2In {}).await.unwrap();
    assert_eq!((alive.return_value, alive.p_com_version, alive.p_reserved), (0, COM_VERSION, 0));
    let bindings = Bindings::from_ndr(&alive.ppdsa_or_bindings.unwrap()).unwrap();
    let tcp: Vec<_> = bindings.tcp().collect();
    assert_eq!(tcp, [("ca.wcce.test", None), ("192.0.2.9", None)]);

    let resolve =
        |p_oxid| ResolveOxid2In { p_oxid, c_requested_protseqs: 1, ar_requested_protseqs: vec![7] };
    let answer = alice.resolve_oxid2(&resolve(reply.oxid)).await.unwrap();
    assert_eq!((answer.return_value, answer.p_authn_hint), (0, 6));
    assert_eq!(answer.pipid_rem_unknown, reply.remote_unknown);
    assert_eq!(Bindings::from_ndr(&answer.ppdsa_oxid_bindings.unwrap()).unwrap(), reply.bindings);
    let unknown = alice.resolve_oxid2(&resolve(1)).await.unwrap();
    assert_eq!((unknown.return_value, unknown.ppdsa_oxid_bindings), (1910, None));
    assert_eq!(nobody.resolve_oxid2(&resolve(reply.oxid)).await.unwrap().return_value, 5);
    let old = ResolveOxidIn {
        p_oxid: reply.oxid,
        c_requested_protseqs: 1,
        ar_requested_protseqs: vec![7],
    };
    assert_eq!(alice.resolve_oxid(&old).await.unwrap().pipid_rem_unknown, reply.remote_unknown);

    let oid = std(reply.interfaces[0].1.as_ref().unwrap()).oid;
    let ping = |p_set_id, sequence_num, add: &[u64]| ComplexPingIn {
        p_set_id,
        sequence_num,
        c_add_to_set: add.len() as u16,
        add_to_set: (!add.is_empty()).then(|| add.to_vec()),
        ..Default::default()
    };
    let made = nobody.complex_ping(&ping(0, 1, &[oid])).await.unwrap();
    assert_eq!((made.return_value, made.p_ping_backoff_factor), (0, 0));
    let set = made.p_set_id;
    assert_eq!(nobody.complex_ping(&ping(set, 2, &[1])).await.unwrap().return_value, 1911);
    assert_eq!(nobody.complex_ping(&ping(7, 1, &[])).await.unwrap().return_value, 1912);
    let simple = |p_set_id| SimplePingIn { p_set_id };
    assert_eq!(nobody.simple_ping(&simple(set)).await.unwrap().return_value, 0);
    assert_eq!(nobody.simple_ping(&simple(7)).await.unwrap().return_value, 1912);
    exporter.collect(Instant::now() + EXPIRY + Duration::from_secs(1));
    assert_eq!(exporter.counts(), Counts::default());
}

#[tokio::test]
async fn an_account_cannot_hold_more_than_its_share() {
    let exporter = exporter();
    for _ in 0..3 {
        activated(&exporter, &[D]).await;
    }
    let answer = create(&exporter, &request(CLSID, &[D])).await;
    assert_eq!(answer.return_value, HResult::E_OUTOFMEMORY.0);
    let mut bob =
        IRemoteScmActivatorClient(link(&exporter, I_REMOTE_SCM_ACTIVATOR).by("WCCE\\bob"));
    let answer = bob.remote_create_instance(&request(CLSID, &[D])).await.unwrap();
    assert_eq!(answer.return_value, 0);
}
