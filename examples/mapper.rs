//! An RPC server with the endpoint mapper, the management interface and a stand-in for Netlogon,
//! for foreign conformance suites: `cargo run --example mapper -- LISTEN_ADDRESS USER PASSWORD`.
//! The mapper is on port 135 of the address, the stand-in on port 1024.

use std::error::Error;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use wcce::auth::ntlm::{NtlmPolicy, NtlmServer, nt_hash};
use wcce::auth::{BoxFuture, LocalVerifier, Names, SecurityProviders, SystemEnvironment};
use wcce::generated::epm::EPT;
use wcce::generated::mgmt::MGMT;
use wcce::model::{LocalAccount, LocalAccounts};
use wcce::ndr::{Fault, InterfaceId, Syntax};
use wcce::rpc::association::{Endpoint, Limits};
use wcce::rpc::epm::{self, EndpointMapper, EndpointTable};
use wcce::rpc::mgmt::Management;
use wcce::rpc::server::{ServerLimits, serve};
use wcce::rpc::{CallContext, Policy, Service};

/// One account, in whatever domain the client names.
struct OneAccount {
    user: String,
    password: String,
}

impl LocalAccounts for OneAccount {
    fn local_account(&self, _domain: &str, user: &str) -> Option<LocalAccount> {
        let sid = "S-1-5-21-1-2-3-1104".parse().ok()?;
        user.eq_ignore_ascii_case(&self.user).then(|| LocalAccount {
            account: format!(r"LAB\{}", self.user),
            nt_hash: nt_hash(&self.password),
            sid,
            groups: Vec::new(),
            enabled: true,
        })
    }
}

/// Takes every call that Netlogon has, and answers as NetrServerReqChallenge does: the suites send
/// it requests of every shape.
struct NetlogonStandIn;

impl Service for NetlogonStandIn {
    fn interface(&self) -> InterfaceId {
        let uuid = uuid::uuid!("12345678-1234-abcd-ef00-01234567cffb");
        InterfaceId { uuid, major: 1, minor: 0 }
    }

    fn policy(&self) -> Policy {
        Policy { min_level: None, syntaxes: &[Syntax::Ndr20], ..Policy::default() }
    }

    fn call(
        &self,
        _: CallContext,
        _: u16,
        _: bytes::Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async { Ok(vec![0; 12]) })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().ok_or_else(|| format!("{what} is missing"));
    let (address, user, password) =
        (next("the address")?, next("the user")?, next("the password")?);

    let environment = Arc::new(SystemEnvironment);
    let accounts = Arc::new(OneAccount { user, password });
    let ntlm = Arc::new(NtlmServer {
        names: Names::stand_alone("lab.test", vec![address.clone()]),
        policy: NtlmPolicy::default(),
        verifier: Arc::new(LocalVerifier::new(accounts, environment.clone())?),
        environment,
    });

    let mut table = EndpointTable::default();
    table.register(epm::Endpoint::tcp(EPT, 135, "endpoint mapper"));
    table.register(epm::Endpoint::tcp(MGMT, 135, "management"));
    table.register(epm::Endpoint::tcp(NetlogonStandIn.interface(), 1024, "stand-in"));
    let management = || Management {
        interfaces: vec![EPT],
        principal: Some("host/lab.test".into()),
        statistics: Arc::default(),
    };
    let mapper: Arc<dyn Service> = Arc::new(EndpointMapper::new(Arc::new(table)));
    let acceptors = Arc::new(SecurityProviders { ntlm, raw_ntlm: true });
    let groups = Arc::default();
    let endpoint = |services| {
        let (acceptors, groups) = (acceptors.clone(), Arc::clone(&groups));
        Arc::new(Endpoint { services, acceptors, groups, limits: Limits::default() })
    };
    let listeners = vec![
        (
            TcpListener::bind((address.as_str(), 135)).await?,
            endpoint(vec![mapper, Arc::new(management())]),
        ),
        (
            TcpListener::bind((address.as_str(), 1024)).await?,
            endpoint(vec![Arc::new(NetlogonStandIn), Arc::new(management())]),
        ),
    ];
    println!("listening on {address}");
    let (_run, stop) = watch::channel(false);
    Ok(serve(listeners, ServerLimits::default(), stop).await?)
}
