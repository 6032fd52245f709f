//! The server: puts the rooms together by the configuration, runs them, and drains them.

pub mod control;
mod directory;
mod logon;
mod monitor;
mod objects;
#[cfg(feature = "active-directory")]
pub mod publication;
mod web;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use self::control::Control;
use self::directory::{DomainNames, Opened};
use self::monitor::Monitor;
use self::objects::Objects;
use self::web::Web;
#[cfg(feature = "active-directory")]
use crate::admin::CertificatePublisher;
use crate::admin::{
    AdminSettings, Administration, Configured, CrlService, Parts, PublishError, SettingsError,
};
use crate::auth::{AcceptorFactory, AuthError, Names, SystemEnvironment};
use crate::ca::{
    CaError, CertificateAuthority, CrlPublisher, FileError, Origin, StateFolder, Trust, UrlHost,
};
use crate::config::{Config, HostConfig, NtlmMode, TrusteeError};
use crate::dcom::Class;
use crate::dcom::table::TableError;
use crate::directory::DirectoryError;
use crate::directory::config::DirectoryConfig;
use crate::directory::embedded::EmbeddedDirectory;
use crate::domain::MachineSecret;
use crate::domain::netlogon::ChannelPool;
use crate::enroll::{Enrollment, Host, IssuedNews, Settings};
use crate::generated::icertpassage::I_CERT_PASSAGE;
use crate::model::SddlError;
use crate::process;
use crate::rpc::Service;
use crate::rpc::association::{AssociationGroups, Endpoint, Memory};
use crate::rpc::epm::{self, EndpointMapper, EndpointTable};
use crate::rpc::mgmt::{Management, Statistics};
use crate::rpc::server::{self as rpc_server, DrainTimeout, ServerLimits};
use crate::services::{CertAdminClass, CertPassage, CertRequestClass};
use crate::store::{SledStore, Store, StoreError};

/// What to do where [`Config::has_idle_ntlm`].
pub const IDLE_NTLM: &str = "no account of Active Directory can log on with NTLM: set \
                             authentication.ntlm to \"netlogon\", \"winbind\" or \"refuse\"";

/// A server that is ready to run: everything is loaded, and the addresses are bound.
pub struct Server {
    config: Config,
    enrollment: Arc<Enrollment>,
    providers: Arc<dyn AcceptorFactory>,
    crls: Arc<CrlService>,
    mapper: Vec<TcpListener>,
    passage: Vec<TcpListener>,
    objects: Option<Objects>,
    web: Web,
    control: Option<Control>,
    store: Arc<SledStore>,
    /// Told where an administrator ends the service over the network.
    shutdown: Arc<Notify>,
    #[cfg(feature = "active-directory")]
    publisher: Option<publication::Publisher>,
}

/// Where a server can be reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addresses {
    /// The endpoint mapper, and activation.
    pub mapper: Vec<SocketAddr>,
    /// ICertPassage.
    pub passage: Vec<SocketAddr>,
    /// The objects of DCOM.
    pub objects: Vec<SocketAddr>,
    /// CRLs, CA certificates and OCSP answers.
    pub http: Vec<SocketAddr>,
    /// Metrics and health.
    pub monitoring: Vec<SocketAddr>,
}

/// Why the server cannot start or stop.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Certificate or key.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The CRL.
    #[error(transparent)]
    Crl(#[from] PublishError),
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A setting of the directory, such as a file that it names.
    #[cfg(feature = "active-directory")]
    #[error(transparent)]
    ActiveDirectory(#[from] crate::directory::active_directory::LinkError),
    /// The Request table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CA's security descriptor.
    #[error("setting enrollment.security: {0}")]
    Security(#[from] SddlError),
    /// What administrators set over the network.
    #[error(transparent)]
    Administration(#[from] SettingsError),
    /// Names in the settings of policy.
    #[error(transparent)]
    Policy(#[from] TrusteeError),
    /// Authentication.
    #[error("authentication cannot start: {0}")]
    Auth(#[from] AuthError),
    /// Domain controllers cannot be looked for.
    #[error("domain controllers cannot be looked for: {0}")]
    Locate(String),
    /// The secure channel needs the machine account's secret.
    #[error(
        "authentication.domain: set secret_file, or authentication.keytab, for the machine account's secret"
    )]
    NoMachineSecret,
    /// The object exporter.
    #[error("DCOM cannot start: {0}")]
    Objects(#[from] TableError),
    /// An address cannot be bound.
    #[error("cannot listen on {address}: {source}{}", hint(address, source))]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the state folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something failed on another thread.
    #[error("a thread failed")]
    Thread(#[from] tokio::task::JoinError),
    /// Calls did not end in time.
    #[error(transparent)]
    Drain(#[from] DrainTimeout),
}

fn hint(address: &SocketAddr, source: &std::io::Error) -> String {
    match source.kind() {
        std::io::ErrorKind::PermissionDenied if address.port() < 1024 => format!(
            "; port {} needs root or the capability CAP_NET_BIND_SERVICE (with systemd: \
             AmbientCapabilities=CAP_NET_BIND_SERVICE)",
            address.port()
        ),
        std::io::ErrorKind::AddrInUse if address.port() == 135 => {
            "; another endpoint mapper runs here (Samba?): set listen.endpoint_mapper".to_owned()
        }
        _ => String::new(),
    }
}

impl Server {
    /// Loads the CA (the first time: makes it), the directory and the Request table, renews the
    /// CRL if it is due, and binds the addresses.
    ///
    /// # Errors
    /// What is missing or wrong, and what to do.
    pub async fn start(config: Config) -> Result<Self, ServerError> {
        let Loaded { ca, store } = load(config.clone()).await?;
        let (ca, store) = (Arc::new(ca), Arc::new(store));
        let opened = directory::open(&config, ca.certificate()).await?;
        #[cfg(feature = "active-directory")]
        let member = opened.active_directory;
        let Opened { directory, domain, accounts, .. } = opened;
        let state = StateFolder::new(&config.state);
        let names = names(&config, &domain);
        let policy = directory::policy(&config, &*directory).await?;
        let governance = Arc::new(AdminSettings::load(
            state.administration(),
            Configured {
                security: domain.security_descriptor(&config.enrollment.security)?,
                agents: policy.on_behalf.agents.clone(),
                role_separation: config.administration.role_separation,
                domain: domain.sid.clone(),
                max_validity: policy.max_validity,
                crl: config.ca.crl.clone(),
            },
        )?);
        let publisher = CrlPublisher::new(&config.ca, &state);
        let publisher = match directory.is_active_directory() {
            true => publisher.to_directory(),
            false => publisher,
        };
        publisher.configure(governance.live().periods.crl.clone());
        let crls = CrlService::start(publisher, Arc::clone(&ca), store.clone()).await?;
        let crls = Arc::new(crls);
        let monitor = Monitor {
            ca: Arc::clone(&ca),
            store: store.clone(),
            directory: Arc::clone(&directory),
            crls: crls.watch(),
            database: state.database(),
        };
        let web = Web::start(&config, &ca, store.clone(), &crls, &host(&names), monitor).await?;
        if let Some(names) = governance.live().templates.as_ref()
            && !directory.is_active_directory()
        {
            info!(?names, "an administrator chose these templates over the network: they count");
            directory.enable_templates(names).await?;
        }
        let settings = Settings {
            limits: config.enrollment.limits(),
            policy,
            trust: Trust::load(&config.trust, &ca)?,
            rules: governance.rules(),
            host: host(&names),
            exchange: state.exchange(),
        };
        let authentication = &config.authentication;
        let replay_cache = state.replay_cache();
        let providers = logon::providers(authentication, names.clone(), accounts, &replay_cache)?;
        let enrollment = Enrollment::new(
            Arc::clone(&ca),
            Arc::clone(&directory),
            store.clone(),
            crls.watch(),
            settings,
        );
        let enrollment = Arc::new(match directory.is_active_directory() {
            true => enrollment.with_news(IssuedNews::kept_in(&state.approved())?),
            false => enrollment,
        });
        #[cfg(feature = "active-directory")]
        let publishing = member.map(|directory| publication::Publisher {
            certificates: Arc::new(CertificatePublisher::new(
                directory.clone(),
                store.clone(),
                state.published(),
            )),
            directory,
            ca: Arc::clone(&ca),
            crls: crls.watch(),
            lists: Arc::clone(&crls),
            host: names.dns_computer.clone(),
            domain: domain.sid.clone(),
        });
        let shutdown = Arc::<Notify>::default();
        let administration = Arc::new(Administration::new(Parts {
            ca,
            directory,
            store: store.clone(),
            crls: Arc::clone(&crls),
            enrollment: Arc::clone(&enrollment),
            settings: governance,
            views_per_account: config.administration.views_per_account,
            delete_valid: config.administration.delete_valid,
            shutdown: config.administration.remote_shutdown.then(|| Arc::clone(&shutdown)),
        }));
        let control = control(&state, &store, &crls, &administration);
        let mut classes: Vec<Arc<dyn Class>> =
            vec![Arc::new(CertRequestClass::new(Arc::clone(&enrollment)))];
        if config.administration.enabled {
            classes.push(Arc::new(CertAdminClass::new(administration)));
        }
        let objects = Objects::start(
            &config.listen.objects,
            &names,
            &config.authentication,
            classes,
            Arc::new(SystemEnvironment),
        );
        Ok(Self {
            mapper: bind(&config.listen.endpoint_mapper)?,
            passage: bind(&config.listen.enrollment)?,
            objects: objects.await?,
            web,
            control,
            store: Arc::clone(&store),
            shutdown,
            enrollment,
            providers: Arc::new(providers),
            #[cfg(feature = "active-directory")]
            publisher: publishing,
            crls,
            config,
        })
    }

    /// The addresses, as they are bound.
    pub fn addresses(&self) -> Addresses {
        let objects = self.objects.as_ref().map_or(&[][..], |objects| &objects.listeners);
        Addresses {
            mapper: addresses(&self.mapper),
            passage: addresses(&self.passage),
            objects: addresses(objects),
            http: addresses(&self.web.public),
            monitoring: addresses(&self.web.monitoring),
        }
    }

    /// Serves until `stop` turns true or an administrator ends it over the network, then lets calls in
    /// flight end.
    ///
    /// # Errors
    /// Where calls do not end in time.
    pub async fn run(self, stop: watch::Receiver<bool>) -> Result<(), ServerError> {
        let Addresses { mapper, passage, objects, http, monitoring } = self.addresses();
        let stop = stopped_by(stop, Arc::clone(&self.shutdown));
        info!(
            endpoint_mapper = ?mapper, enrollment = ?passage, ?objects, ?http, ?monitoring, "ready"
        );
        let table = Arc::new(endpoint_table(&passage));
        let groups = Arc::new(AssociationGroups::default());
        let statistics = Arc::new(Statistics::default());
        let memory = Memory::new(self.config.limits.buffered_bytes);
        let endpoint = |mut services: Vec<Arc<dyn Service>>| {
            let interfaces = services.iter().map(|service| service.interface()).collect();
            let statistics = Arc::clone(&statistics);
            services.push(Arc::new(Management {
                interfaces,
                principal: None,
                statistics: Arc::clone(&statistics),
            }));
            Arc::new(Endpoint {
                services,
                acceptors: Arc::clone(&self.providers),
                groups: Arc::clone(&groups),
                statistics,
                memory: Arc::clone(&memory),
                limits: self.config.limits.of_connections(),
            })
        };
        let mut beside_mapper: Vec<Arc<dyn Service>> = vec![Arc::new(EndpointMapper::new(table))];
        let mut listeners = Vec::new();
        let mut serve = |on: Vec<TcpListener>, endpoint: Arc<Endpoint>| {
            listeners.extend(on.into_iter().map(|one| (one, Arc::clone(&endpoint))));
        };
        #[cfg(not(feature = "active-directory"))]
        let publishing = None;
        #[cfg(feature = "active-directory")]
        let publishing = self
            .publisher
            .map(|publisher| tokio::spawn(publisher.run(self.enrollment.issued(), stop.clone())));
        let mut collector = None;
        if let Some(objects) = self.objects {
            beside_mapper.extend(objects.resolver_services());
            collector = Some(tokio::spawn(objects.collector(stop.clone())));
            let services = objects.object_services();
            serve(objects.listeners, endpoint(services));
        }
        serve(self.mapper, endpoint(beside_mapper));
        serve(self.passage, endpoint(vec![Arc::new(CertPassage::new(self.enrollment))]));
        let mut limits = self.config.limits.of_server(self.config.listen.drain);
        fit_into_files(&mut limits, self.config.http.connections);
        let (crls, stop_crls) = (Arc::clone(&self.crls), stop.clone());
        let renewal = tokio::spawn(async move { crls.run(stop_crls).await });
        let web = tokio::spawn(self.web.run(stop.clone()));
        let control = self.control.map(|control| tokio::spawn(control.run(stop.clone())));
        let watchdog = tokio::spawn(tell_manager(self.store, stop.clone()));
        let drained = rpc_server::serve(listeners, limits, stop).await;
        renewal.await?;
        for task in collector.into_iter().chain(control).chain(publishing).chain([web, watchdog]) {
            task.await?;
        }
        Ok(drained?)
    }
}

/// File descriptors for all that is no client's connection: the Request table, domain controllers,
/// the processes of winbind.
const OTHER_FILES: usize = 256;

/// Takes no more connections than the process may have files open, so that it never lacks one for
/// what matters.
fn fit_into_files(limits: &mut ServerLimits, http: usize) {
    let allowed = match process::raise_file_limit() {
        Ok(allowed) => usize::try_from(allowed).unwrap_or(usize::MAX),
        Err(error) => return warn!(%error, "the limit of open files cannot be raised"),
    };
    let left = allowed.saturating_sub(http).saturating_sub(OTHER_FILES).max(1);
    if limits.max_connections > left {
        warn!(
            allowed,
            wanted = limits.max_connections,
            connections = left,
            "fewer connections than limits.connections are taken: the system allows too few open \
             files (with systemd: LimitNOFILE=)"
        );
        limits.max_connections = left;
    }
}

/// Turns true when `stop` does, or when `shutdown` is told.
fn stopped_by(mut stop: watch::Receiver<bool>, shutdown: Arc<Notify>) -> watch::Receiver<bool> {
    let (tell, told) = watch::channel(*stop.borrow());
    tokio::spawn(async move {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = shutdown.notified() => info!("an administrator ends the service over the network"),
        }
        tell.send_replace(true);
    });
    told
}

/// What is read from disk before anything runs.
struct Loaded {
    ca: CertificateAuthority,
    store: SledStore,
}

/// Loads on a thread of its own: keys take time to make, and files to read.
async fn load(config: Config) -> Result<Loaded, ServerError> {
    tokio::task::spawn_blocking(move || {
        let state = StateFolder::new(&config.state);
        for (setting, opens) in config.switched_off() {
            warn!(setting, "a measure is switched off: {opens}");
        }
        if config.has_idle_ntlm() {
            warn!("{IDLE_NTLM}");
        }
        let (ca, origin) = CertificateAuthority::init(&config.ca, &state, SystemTime::now())?;
        if origin == Origin::Created {
            let (certificate, key) = (state.certificate(), state.key());
            info!(?certificate, ?key, "made a new CA; back up its key");
        }
        let ca = with_addresses(ca, &config.host, &dns_domain(&config.directory)?)?;
        info!(ca = ca.certificate().names.common_name, "CA loaded");
        let store = SledStore::open(&state.database(), &config.store)?;
        Ok(Loaded { ca, store })
    })
    .await?
}

/// Tells the service manager that the server is ready, lives, and stops. While the Request table is
/// out of service nothing is said: only a restart helps then.
async fn tell_manager(store: Arc<SledStore>, mut stop: watch::Receiver<bool>) {
    let tell = |state| {
        if let Err(error) = process::notify(state) {
            warn!(%error, "the service manager cannot be told {state}");
        }
    };
    tell("READY=1");
    let interval = process::watchdog_interval();
    loop {
        let next = interval.unwrap_or(Duration::from_secs(3_600));
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(next) => {}
        }
        if interval.is_some() && store.last_issued().await.is_ok() {
            tell("WATCHDOG=1");
        }
    }
    tell("STOPPING=1");
}

/// Listens for the command line. Enrollment does not depend on it.
fn control(
    state: &StateFolder,
    store: &Arc<SledStore>,
    crls: &Arc<CrlService>,
    administration: &Arc<Administration>,
) -> Option<Control> {
    let path = state.control();
    let (store, crls) = (Arc::clone(store), Arc::clone(crls));
    let control = Control::start(&path, state.path(), store, crls, Arc::clone(administration));
    control
        .inspect_err(|error| {
            warn!(path = %path.display(), %error, "no control socket: wcced backup, revoke and \
                  the like take a stopped server");
        })
        .ok()
}

/// What the CA tells of this machine.
fn host(names: &Names) -> Host {
    let account = format!(r"{}\{}$", names.netbios_domain, names.netbios_computer);
    Host { dns_name: names.dns_computer.clone(), account }
}

/// The CA with addresses of this machine and its domain in place of the variables of `ca.urls`.
///
/// # Errors
/// [`CaError::Url`] for a variable that there is not.
pub fn with_addresses(
    ca: CertificateAuthority,
    host: &HostConfig,
    dns_domain: &str,
) -> Result<CertificateAuthority, CaError> {
    let names = Names::stand_alone(&dns_name(host), Vec::new());
    ca.at(&UrlHost {
        dns_name: names.dns_computer,
        netbios_name: names.netbios_computer,
        dns_domain: dns_domain.to_owned(),
    })
}

/// DNS name of the domain of the directory that the settings name.
///
/// # Errors
/// Where a directory file cannot be read.
pub fn dns_domain(directory: &DirectoryConfig) -> Result<String, DirectoryError> {
    match directory {
        DirectoryConfig::Embedded(file) => {
            EmbeddedDirectory::load(file).map(|directory| directory.dns_domain().to_owned())
        }
        DirectoryConfig::ActiveDirectory(settings) => Ok(settings.domain.to_ascii_lowercase()),
    }
}

/// The DNS name of this host.
fn dns_name(host: &HostConfig) -> String {
    let system = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    host.dns_name.clone().unwrap_or_else(system)
}

/// What this server is called: by its own name, or that of its machine account, in the domain of
/// the directory.
fn names(config: &Config, domain: &DomainNames) -> Names {
    let dns_computer = dns_name(&config.host);
    let names = Names {
        netbios_domain: domain.netbios.clone(),
        dns_domain: domain.dns.clone(),
        ..Names::stand_alone(&dns_computer, config.host.aliases.clone())
    };
    logon::member_names(&config.authentication, names)
}

/// The machine account's secret, where NTLM logons are verified by the secure channel.
pub fn machine_secret(config: &Config) -> Option<MachineSecret> {
    let computer = Names::stand_alone(&dns_name(&config.host), Vec::new()).netbios_computer;
    let netlogon = config.authentication.ntlm == NtlmMode::Netlogon;
    netlogon.then(|| config.authentication.secret(&computer)).flatten()
}

/// The secure channel with the domain of these NetBIOS and DNS names, where its secret is set:
/// [`ChannelPool::probe`] tries it.
///
/// # Errors
/// Where the system's DNS settings are needed and cannot be read.
pub fn secure_channel(
    config: &Config,
    netbios_domain: &str,
    dns_domain: &str,
) -> Result<Option<ChannelPool>, ServerError> {
    let names = Names {
        netbios_domain: netbios_domain.to_owned(),
        dns_domain: dns_domain.to_owned(),
        ..Names::stand_alone(&dns_name(&config.host), Vec::new())
    };
    logon::channel(&config.authentication, &names, Arc::new(SystemEnvironment))
}

fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ServerError> {
    let mut listeners = Vec::new();
    for address in addresses {
        let address = *address;
        let listener = listen(address);
        listeners.push(listener.map_err(|source| ServerError::Listen { address, source })?);
    }
    Ok(listeners)
}

/// Connections that may wait to be accepted, as far as the system allows: where there is no more
/// room, clients try again a second later.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
}

/// The endpoint map: the enrollment interface at each of its ports.
fn endpoint_table(passage: &[SocketAddr]) -> EndpointTable {
    let mut table = EndpointTable::default();
    for address in passage {
        table.register(epm::Endpoint::tcp(I_CERT_PASSAGE, address.port(), "wcce enrollment"));
    }
    table
}
