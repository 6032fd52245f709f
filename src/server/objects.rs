//! The objects that DCOM clients activate: resolver and activation beside the endpoint mapper,
//! the objects themselves at an address of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{ServerError, bind};
use crate::auth::{AuthLevel, AuthType, Environment, Names};
use crate::config::AuthenticationConfig;
use crate::dcom::bindings::SecurityBinding;
use crate::dcom::table::TableLimits;
use crate::dcom::{Class, Exporter, ExporterSettings};
use crate::rpc::Service;

/// How often objects of clients that have vanished are looked for: the period of pings
/// ([MS-DCOM] 3.1.1.2).
const COLLECTION: Duration = Duration::from_secs(120);

/// The exporter, and where its objects are called.
pub(super) struct Objects {
    exporter: Arc<Exporter>,
    pub(super) listeners: Vec<TcpListener>,
}

impl Objects {
    /// Binds the addresses; `None` where there are none. They share one port, because an
    /// exporter tells its clients only one.
    pub(super) async fn start(
        addresses: &[SocketAddr],
        names: &Names,
        authentication: &AuthenticationConfig,
        classes: Vec<Arc<dyn Class>>,
        environment: Arc<dyn Environment>,
    ) -> Result<Option<Self>, ServerError> {
        let Some((first, others)) = addresses.split_first() else { return Ok(None) };
        let mut listeners = bind(std::slice::from_ref(first))?;
        let bound = listeners.iter().find_map(|listener| listener.local_addr().ok());
        let port = bound.map_or(first.port(), |address| address.port());
        let others: Vec<_> =
            others.iter().map(|address| SocketAddr::new(address.ip(), port)).collect();
        listeners.extend(bind(&others)?);
        let security = security_bindings(authentication, names);
        let settings = ExporterSettings {
            hosts: vec![names.dns_computer.clone()],
            port,
            security,
            authn_hint: AuthLevel::Privacy,
            limits: TableLimits::default(),
        };
        let exporter = Exporter::new(settings, classes, environment)?;
        Ok(Some(Self { exporter, listeners }))
    }

    /// What is served beside the endpoint mapper.
    pub(super) fn resolver_services(&self) -> Vec<Arc<dyn Service>> {
        self.exporter.resolver_services()
    }

    /// What is served at the objects' own addresses.
    pub(super) fn object_services(&self) -> Vec<Arc<dyn Service>> {
        self.exporter.object_services()
    }

    /// Drops objects of clients that have vanished, until `stop` turns true.
    pub(super) fn collector(
        &self,
        mut stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let exporter = Arc::clone(&self.exporter);
        async move {
            loop {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = tokio::time::sleep(COLLECTION) => exporter.collect(Instant::now()),
                }
            }
        }
    }
}

/// What clients may log on with, the preferred one first, and the principal that tickets are for.
fn security_bindings(authentication: &AuthenticationConfig, names: &Names) -> Vec<SecurityBinding> {
    let kerberos = authentication.kerberos_keytab().is_some();
    let host = if kerberos { format!("host/{}", names.dns_computer) } else { String::new() };
    let kinds = [
        (AuthType::Negotiate, true, host.clone()),
        (AuthType::Kerberos, kerberos, host),
        (AuthType::Ntlm, authentication.takes_raw_ntlm(), String::new()),
    ];
    let offered = kinds.into_iter().filter(|(_, offered, _)| *offered);
    offered
        .map(|(kind, _, principal)| SecurityBinding { service: kind.to_wire().into(), principal })
        .collect()
}
