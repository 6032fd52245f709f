//! Our client.

use std::sync::Arc;

use uuid::{Uuid, uuid};
use wcce::auth::{AuthLevel, Credentials, Initiator, NtlmInitiator, SpnegoInitiator};
use wcce::client::property::CaProperty;
use wcce::client::{EnrollError, EnrollmentClient, Login, Mechanism, Outcome, Proof, Server};
use wcce::dcom::client::{Authenticate, DcomClient, DcomClientError};
use wcce::dcom::table::Counts;
use wcce::generated::icertrequestd::{
    I_CERT_REQUEST_D, I_CERT_REQUEST_D2, ICertRequestD2Client, ICertRequestDClient, Ping2In, PingIn,
};
use wcce::model::{HResult, RequestFormat};
use wcce::ndr::{Fault, InterfaceId, Syntax};
use wcce::rpc::client::{Authentication, ClientError, ClientOptions};

use crate::server::{CLSID, PASSWORD, PONG, TestServer};

const STRANGE: InterfaceId =
    InterfaceId { uuid: uuid!("11111111-0000-0000-0000-000000000001"), major: 0, minor: 0 };

fn credentials(user: &str, password: &str) -> Credentials {
    let (user, domain) = (user.to_owned(), "LAB".to_owned());
    Credentials { user, domain, password: password.to_owned().into() }
}

fn by(user: &str, password: &str, spnego: bool, level: AuthLevel) -> Authenticate {
    let credentials = credentials(user, password);
    Arc::new(move |principal| {
        assert!(["RPCSS/127.0.0.1", "host/127.0.0.1"].contains(&principal));
        let initiator: Box<dyn Initiator> = match spnego {
            true => Box::new(SpnegoInitiator::ntlm(&credentials, level)),
            false => Box::new(NtlmInitiator::new(&credentials, level)),
        };
        Authentication { initiator, level }
    })
}

fn alice() -> Authenticate {
    by("alice", PASSWORD, true, AuthLevel::Privacy)
}

async fn connect(server: &TestServer, authenticate: Authenticate) -> DcomClient {
    let options = ClientOptions::default();
    DcomClient::connect("127.0.0.1", server.port, options, authenticate).await.unwrap()
}

fn ping() -> PingIn {
    PingIn { pwsz_authority: Some("CA".into()), ..Default::default() }
}

fn refused<T>(result: Result<T, DcomClientError>) -> HResult {
    match result {
        Err(DcomClientError::Refused { code, .. }) => code,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn objects_are_activated_called_and_released() {
    let server = TestServer::start().await;
    for spnego in [true, false] {
        let client = connect(&server, by("alice", PASSWORD, spnego, AuthLevel::Privacy)).await;
        let mut object = client.activate(CLSID, &[I_CERT_REQUEST_D]).await.unwrap();
        let mut calls = ICertRequestDClient(object.interface(I_CERT_REQUEST_D).await.unwrap());
        for _ in 0..2 {
            assert_eq!(calls.ping(&ping()).await.unwrap().return_value, PONG);
        }
        let d2 = object.interface(I_CERT_REQUEST_D2).await.unwrap();
        let answer = ICertRequestD2Client(d2).ping2(&Ping2In::default()).await.unwrap();
        assert_eq!(answer.return_value, PONG + 1);
        let d = object.interface(I_CERT_REQUEST_D).await.unwrap();
        assert_eq!(ICertRequestDClient(d).ping(&ping()).await.unwrap().return_value, PONG);
        assert_eq!(server.counts(), Counts { objects: 1, interfaces: 2, sets: 0 });
        let sealed = |opnum| (opnum, Syntax::Ndr64, true);
        assert_eq!(server.seen(), [5, 5, 9, 5].map(sealed), "NDR64, with header signing");

        assert_eq!(refused(object.interface(STRANGE).await), HResult::E_NOINTERFACE);
        object.release().await.unwrap();
        assert_eq!(server.counts(), Counts::default());
    }
    server.stop().await;
}

async fn enrollment(server: &TestServer, authority: &str) -> EnrollmentClient {
    let ca = Server { host: "127.0.0.1".into(), port: None, mapper_port: server.port };
    let proof = Proof::Password(credentials("alice", PASSWORD), Mechanism::Negotiate);
    let login = Login { proof, level: AuthLevel::Privacy };
    let options = ClientOptions::default();
    EnrollmentClient::activate(&ca, authority, &login, &options).await.unwrap()
}

/// [MS-WCCE] 3.1.1.4.3: a full response is asked for; a retrieval has no request type.
#[tokio::test]
async fn requests_go_through_the_object() {
    let server = TestServer::start().await;
    let mut client = enrollment(&server, "").await;
    assert_eq!(client.discover().await.unwrap(), "CA");
    let cmc = Some(RequestFormat::Cmc);
    let new = client.submit_as(cmc, &[7], "CertificateTemplate:User").await.unwrap();
    assert_eq!((new.request_id, new.outcome), (0, Outcome::Pending));
    assert_eq!(new.message, r#"0x40400 None Some("CertificateTemplate:User") Some([7])"#);
    let old = client.retrieve(7).await.unwrap();
    assert_eq!((old.request_id, old.message.as_str()), (7, "0x40000 None None None"));
    let old = client.retrieve_by_serial("0a1b").await.unwrap();
    assert_eq!(old.message, r#"0x40000 Some("0a1b") None None"#);
    assert!(
        matches!(client.ping().await, Err(EnrollError::Call(HResult(code))) if code == PONG + 1)
    );
    let sealed = |opnum| (opnum, Syntax::Ndr64, true);
    assert_eq!(server.seen(), [4, 6, 6, 6, 9].map(sealed));
    client.close().await.unwrap();
    assert_eq!(server.counts(), Counts::default());
    server.stop().await;
}

/// [MS-WCCE] 3.1.1.4: without ICertRequestD2, ICertRequestD is used.
#[tokio::test]
async fn old_servers_are_called_by_the_old_interface() {
    let server = TestServer::start_old().await;
    let mut client = enrollment(&server, "CA").await;
    let new = client.submit_as(Some(RequestFormat::Pkcs10), &[7], "a:b").await.unwrap();
    assert_eq!(new.message, r#"0x100 Some("a:b") Some([7])"#);
    let old = client.retrieve_by_serial("0a1b").await.unwrap();
    assert_eq!(old.message, r#"0x0 Some("0a1b") None"#);
    assert_eq!(client.property(CaProperty::NAME, 0).await.unwrap(), [0x43, 0, 0x41, 0, 0, 0]);
    let refused = client.property(CaProperty::TEMPLATES, 0).await;
    assert!(matches!(refused, Err(EnrollError::NotOffered(..))));
    assert!(matches!(client.ping().await, Err(EnrollError::Call(HResult(PONG)))));
    let opnums: Vec<_> = server.seen().into_iter().map(|(opnum, ..)| opnum).collect();
    assert_eq!(opnums, [3, 3, 4, 5]);
    client.close().await.unwrap();
    assert_eq!(server.counts(), Counts::default());
    server.stop().await;
}

#[tokio::test]
async fn refusals_come_with_their_code() {
    let server = TestServer::start().await;
    let client = connect(&server, alice()).await;
    let unknown = client.activate(Uuid::from_u128(1), &[I_CERT_REQUEST_D]).await;
    assert_eq!(refused(unknown), HResult::REGDB_E_CLASSNOTREG);
    let nothing = client.activate(CLSID, &[STRANGE]).await;
    assert_eq!(refused(nothing), HResult::E_NOINTERFACE);
    let partly = client.activate(CLSID, &[I_CERT_REQUEST_D, STRANGE]).await;
    assert_eq!(refused(partly), HResult::E_NOINTERFACE);
    assert_eq!(server.counts(), Counts::default(), "what was not wanted is released");

    let mallory = connect(&server, by("mallory", PASSWORD, true, AuthLevel::Privacy)).await;
    let denied = mallory.activate(CLSID, &[I_CERT_REQUEST_D]).await;
    assert_eq!(refused(denied), HResult::E_ACCESSDENIED);
    let wrong = connect(&server, by("alice", "wrong", true, AuthLevel::Privacy)).await;
    assert!(matches!(
        wrong.activate(CLSID, &[I_CERT_REQUEST_D]).await,
        Err(DcomClientError::Rpc(_))
    ));
    let weak = connect(&server, by("alice", PASSWORD, true, AuthLevel::Packet)).await;
    assert!(matches!(
        weak.activate(CLSID, &[I_CERT_REQUEST_D]).await,
        Err(DcomClientError::Rpc(ClientError::Fault(Fault::ACCESS_DENIED)))
    ));
    let signed = connect(&server, by("alice", PASSWORD, true, AuthLevel::Integrity)).await;
    let mut object = signed.activate(CLSID, &[I_CERT_REQUEST_D]).await.unwrap();
    let calls = object.interface(I_CERT_REQUEST_D).await.unwrap();
    let unsealed = ICertRequestDClient(calls).ping(&ping()).await;
    assert!(matches!(unsealed, Err(ClientError::Fault(Fault::ACCESS_DENIED))));
    object.release().await.unwrap();
    assert_eq!(server.seen(), []);
    server.stop().await;
}

#[tokio::test]
async fn objects_of_clients_that_hang_up_are_dropped_later() {
    let server = TestServer::start().await;
    let client = connect(&server, alice()).await;
    for _ in 0..20 {
        drop(client.activate(CLSID, &[I_CERT_REQUEST_D]).await.unwrap());
    }
    assert_eq!(server.counts().objects, 20, "another client may have been given a reference");
    assert_eq!(server.counts_much_later(), Counts::default());
    server.stop().await;
}
