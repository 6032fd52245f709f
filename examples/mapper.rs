//! An RPC server with nothing but the endpoint mapper and the management interface, for foreign
//! conformance suites: `cargo run --example mapper -- LISTEN_ADDRESS USER PASSWORD`. The mapper
//! is on port 135 of the address, the management interface beside it on port 1024 too.

use std::error::Error;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use wcce::auth::ntlm::{NtlmPolicy, NtlmServer, nt_hash};
use wcce::auth::{LocalVerifier, Names, SecurityProviders, SystemEnvironment};
use wcce::generated::epm::EPT;
use wcce::generated::mgmt::MGMT;
use wcce::model::{LocalAccount, LocalAccounts};
use wcce::rpc::Service;
use wcce::rpc::association::{Endpoint, Limits};
use wcce::rpc::epm::{self, EndpointMapper, EndpointTable};
use wcce::rpc::mgmt::Management;
use wcce::rpc::server::{ServerLimits, serve};

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
    for port in [135, 1024] {
        table.register(epm::Endpoint::tcp(MGMT, port, "management"));
    }
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
            endpoint(vec![Arc::new(management())]),
        ),
    ];
    println!("listening on {address}");
    let (_run, stop) = watch::channel(false);
    Ok(serve(listeners, ServerLimits::default(), stop).await?)
}
