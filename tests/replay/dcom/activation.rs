//! The two captures with a readable RemoteCreateInstance. (Both run below packet integrity, which
//! our server refuses: its answer is taken at the exporter, behind that check.)

use std::net::SocketAddr;

use uuid::Uuid;
use wcce::auth::{AuthLevel, AuthType};
use wcce::dcom::activation::{
    ACTIVATION_CONTEXT_INFO, ActivationReply, ActivationRequest, INSTANTIATION_INFO,
    PROPS_OUT_INFO, Properties, SCM_REPLY_INFO, SCM_REQUEST_INFO, SECURITY_INFO,
    SERVER_LOCATION_INFO, SPECIAL_SYSTEM_PROPERTIES,
};
use wcce::dcom::objref::{Body, ObjRef};
use wcce::generated::remote_activation::{
    ActivationContextInfoData, I_REMOTE_SCM_ACTIVATOR, InstantiationInfoData, LocationInfoData,
    PropsOutInfo, RemoteCreateInstanceIn, RemoteCreateInstanceOut, ScmReplyInfoData,
    ScmRequestInfoData, SecurityInfoData, SpecialPropertiesData,
};
use wcce::model::{Caller, Token};
use wcce::ndr::{
    ByteOrder, Encoding, InterfaceId, Ndr, Parameters, Syntax, deserialize, from_stub, serialize,
    to_stub,
};
use wcce::rpc::pdu::Body as PduBody;
use wcce::rpc::{AssociationId, CallContext};

use super::{RecordedClass, exporter};
use crate::ntlm::decode;
use crate::pcap::{self, Direction};
use crate::tally;

const NDR: Encoding = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little };
const OPNUM: u16 = 4;

/// File, and the server's address.
const CAPTURES: [(&str, &str); 2] = [
    ("pcap-attack-LM_WMI_ProcessCallCreate.pcapng", "172.16.66.36:135"),
    ("zeek-kerberos135_auth.pcapng", "10.10.10.100:135"),
];

/// The stubs of the only RemoteCreateInstance of a capture.
fn stubs(folder: &std::path::Path, file: &str, server: &str) -> (Vec<u8>, Vec<u8>) {
    let server: SocketAddr = server.parse().unwrap();
    let connections = pcap::connections(&folder.join("rpc").join(file));
    let resolver = connections.iter().find(|connection| connection.server == server).unwrap();
    let pdus: Vec<_> = resolver.pdus.iter().map(|(way, bytes)| (*way, decode(bytes))).collect();
    let request = pdus.iter().find(|(_, pdu)| matches!(&pdu.body, PduBody::Request(_)));
    let response = pdus.iter().find(|(_, pdu)| matches!(&pdu.body, PduBody::Response(_)));
    let ((Direction::ToServer, request), (Direction::ToClient, response)) =
        (request.unwrap(), response.unwrap())
    else {
        panic!("{file}: not as it was")
    };
    let PduBody::Request(body) = &request.body else { panic!() };
    assert_eq!(body.opnum, OPNUM);
    (request.stub().to_vec(), response.stub().to_vec())
}

fn again<T: Ndr>(what: &str, property: &[u8]) -> T {
    let value: T = deserialize(property).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(hex::encode(serialize(&value).unwrap()), hex::encode(property), "{what}");
    value
}

fn objref_again(pointer: &wcce::generated::orpc::MInterfacePointer) -> ObjRef {
    let reference = ObjRef::from_bytes(&pointer.ab_data).unwrap();
    assert_eq!(hex::encode(reference.to_bytes().unwrap()), hex::encode(&pointer.ab_data));
    reference
}

fn stub_again<P: Parameters>(stub: &[u8]) -> P {
    let parameters: P = from_stub(NDR, stub).unwrap();
    assert_eq!(hex::encode(to_stub(NDR, &parameters).unwrap()), hex::encode(stub));
    parameters
}

fn properties(reference: &ObjRef) -> Properties {
    let Body::Custom { data, .. } = &reference.body else { panic!("not custom") };
    let properties = Properties::from_bytes(data).unwrap();
    assert_eq!(hex::encode(properties.to_bytes().unwrap()), hex::encode(data));
    properties
}

#[test]
fn activation_properties_of_windows_read_and_are_written_alike() {
    let Some(captures) = tally::captures("activation properties of Windows") else { return };
    for (file, server) in CAPTURES {
        let (request, response) = stubs(&captures, file, server);
        let request: RemoteCreateInstanceIn = stub_again(&request);
        assert_eq!(request.p_unk_outer, None);
        let reference = objref_again(request.p_act_properties.as_deref().unwrap());
        let Properties(list) = properties(&reference);
        let kinds: Vec<Uuid> = list.iter().map(|(clsid, _)| *clsid).collect();
        let order = [
            SPECIAL_SYSTEM_PROPERTIES,
            INSTANTIATION_INFO,
            ACTIVATION_CONTEXT_INFO,
            SECURITY_INFO,
            SERVER_LOCATION_INFO,
            SCM_REQUEST_INFO,
        ];
        assert_eq!(kinds, order);
        again::<SpecialPropertiesData>("special", &list[0].1);
        let info: InstantiationInfoData = again("instantiation", &list[1].1);
        assert_eq!(info.this_size as usize, list[1].1.len());
        let context: ActivationContextInfoData = again("context", &list[2].1);
        objref_again(context.p_ifd_client_ctx.as_deref().unwrap());
        let security: SecurityInfoData = again("security", &list[3].1);
        again::<LocationInfoData>("location", &list[4].1);
        again::<ScmRequestInfoData>("protocols", &list[5].1);

        // Our client writes the same, but for class context and context identifier.
        let ours = ActivationRequest::from_objref(reference.clone()).unwrap();
        let name = security.p_server_info.unwrap().pwsz_name.unwrap().to_string_lossy();
        let Properties(ours) = properties(&ours.to_objref(&name, Uuid::nil()).unwrap());
        for ((clsid, theirs), (_, ours)) in list.iter().zip(&ours) {
            let theirs = match *clsid {
                SPECIAL_SYSTEM_PROPERTIES => {
                    let mut special: SpecialPropertiesData = deserialize(theirs).unwrap();
                    special.dw_orig_clsctx = 0x10;
                    special.dw_default_authn_lvl = 1;
                    serialize(&special).unwrap()
                }
                INSTANTIATION_INFO => {
                    let info = InstantiationInfoData { class_ctx: 0x10, ..info.clone() };
                    serialize(&info).unwrap()
                }
                ACTIVATION_CONTEXT_INFO => {
                    // The identifier, behind the context's version 1.1.
                    let mut bytes = theirs.clone();
                    let at = bytes.windows(4).position(|four| four == [1, 0, 1, 0]).unwrap() + 4;
                    bytes[at..at + 16].fill(0);
                    bytes
                }
                _ => theirs.clone(),
            };
            assert_eq!(hex::encode(ours), hex::encode(theirs), "{clsid}");
        }

        let response: RemoteCreateInstanceOut = stub_again(&response);
        let reference = objref_again(response.pp_act_properties.as_deref().unwrap());
        let Properties(list) = properties(&reference);
        let kinds: Vec<Uuid> = list.iter().map(|(clsid, _)| *clsid).collect();
        assert_eq!(kinds, [PROPS_OUT_INFO, SCM_REPLY_INFO]);
        let out: PropsOutInfo = again("interfaces", &list[0].1);
        for pointer in out.pp_intf_data.unwrap() {
            objref_again(&pointer.unwrap());
        }
        again::<ScmReplyInfoData>("exporter", &list[1].1);
        let reply = ActivationReply::from_objref(reference.clone()).unwrap();
        let again = reply.to_objref().unwrap().to_bytes().unwrap();
        assert_eq!(hex::encode(again), hex::encode(reference.to_bytes().unwrap()));
        tally::ran("capture-activation", file);
    }
}

/// Everything that identifies the object, its exporter and the machines; the rest is compared.
fn give_values_of(theirs: &ActivationReply, ours: &mut ActivationReply) {
    // Windows Server 2016 lists named pipes, and principals of providers that are not ours.
    ours.bindings = theirs.bindings.clone();
    (ours.oxid, ours.remote_unknown) = (theirs.oxid, theirs.remote_unknown);
    for ((_, ours), (_, theirs)) in ours.interfaces.iter_mut().zip(&theirs.interfaces) {
        let (Ok(ours), Ok(theirs)) = (ours, theirs) else { continue };
        let (Body::Standard { std, .. }, Body::Standard { std: same, .. }) =
            (&mut ours.body, &theirs.body)
        else {
            continue;
        };
        (std.oxid, std.oid, std.ipid) = (same.oxid, same.oid, same.ipid);
    }
}

#[tokio::test]
async fn our_activation_answer_differs_from_that_of_windows_only_in_values() {
    let Some(captures) = tally::captures("activation answers of Windows") else { return };
    for (file, server) in CAPTURES {
        let (request, response) = stubs(&captures, file, server);
        let theirs: RemoteCreateInstanceOut = from_stub(NDR, &response).unwrap();
        let theirs = ObjRef::from_pointer(theirs.pp_act_properties.as_deref()).unwrap();
        let theirs = ActivationReply::from_objref(theirs).unwrap();
        let wish: RemoteCreateInstanceIn = from_stub(NDR, &request).unwrap();
        let wish = ObjRef::from_pointer(wish.p_act_properties.as_deref()).unwrap();
        let wish = ActivationRequest::from_objref(wish).unwrap();

        let (host, port) = theirs.bindings.tcp().next().unwrap();
        let interface = |uuid: &Uuid| InterfaceId { uuid: *uuid, major: 0, minor: 0 };
        let interfaces = wish.iids.iter().map(interface).collect();
        let class = RecordedClass { clsid: wish.clsid, interfaces, answer: Vec::new() };
        let exporter = exporter(&[host], port.unwrap(), class);
        let mut services = exporter.resolver_services().into_iter();
        let activator = services.find(|service| service.interface() == I_REMOTE_SCM_ACTIVATOR);
        let call = context(server.parse().unwrap());
        let answer = activator.unwrap().call(call, OPNUM, request.into()).await.unwrap();

        let mut ours: RemoteCreateInstanceOut = from_stub(NDR, &answer).unwrap();
        let reference = ObjRef::from_pointer(ours.pp_act_properties.as_deref()).unwrap();
        let mut reply = ActivationReply::from_objref(reference).unwrap();
        let tcp = |reply: &ActivationReply| -> Vec<_> {
            reply.bindings.tcp().map(|(host, port)| (host.to_owned(), port)).collect()
        };
        assert_eq!(tcp(&reply), tcp(&theirs), "{file}: name, then address, with the port");
        give_values_of(&theirs, &mut reply);
        assert_eq!(reply, theirs, "{file}");
        ours.pp_act_properties = Some(reply.to_objref().unwrap().to_pointer().unwrap());
        let ours = to_stub(NDR, &ours).unwrap();
        assert_eq!(hex::encode(ours), hex::encode(response), "{file}");
        tally::ran("capture-activation-answer", file);
    }
}

fn context(local: SocketAddr) -> CallContext {
    let token = Token::new("S-1-5-21-1-2-3-4".parse().unwrap(), []);
    CallContext {
        caller: Some(Caller { account: r"TEST\replay".into(), token }.into()),
        auth: Some((AuthType::Negotiate, AuthLevel::Privacy)),
        header_signing: true,
        object: None,
        interface: I_REMOTE_SCM_ACTIVATOR,
        encoding: NDR,
        call_id: 1,
        peer: "192.0.2.1:1000".parse().unwrap(),
        local,
        association: AssociationId(1),
    }
}
