//! The HTTP listeners of the server: for everybody, and for monitoring.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::monitor::Monitor;
use super::{ServerError, bind};
use crate::admin::{CrlService, OcspResponder};
use crate::ca::{CertificateAuthority, Crls};
use crate::config::Config;
use crate::enroll::Host;
use crate::http::{self, HttpLimits, Published, Site};
use crate::store::Store;

/// The listeners, and what is served there.
pub(super) struct Web {
    pub(super) public: Vec<TcpListener>,
    pub(super) monitoring: Vec<TcpListener>,
    site: Arc<Site>,
    monitor: Arc<Site>,
    limits: HttpLimits,
    shelf: Shelf,
}

/// Keeps what is published up to date.
struct Shelf {
    ca: Arc<CertificateAuthority>,
    crls: watch::Receiver<Crls>,
    host: String,
    published: watch::Sender<Arc<Published>>,
}

impl Web {
    /// Binds the addresses, where there are any.
    pub(super) async fn start(
        config: &Config,
        ca: &Arc<CertificateAuthority>,
        store: Arc<dyn Store>,
        crls: &CrlService,
        host: &Host,
        monitor: Monitor,
    ) -> Result<Self, ServerError> {
        let crls = crls.watch();
        let published = Published::of(ca, &crls.borrow(), &host.dns_name);
        let (published, current) = watch::channel(Arc::new(published));
        let responder = config.http.ocsp.enabled.then(|| {
            let settings = config.http.ocsp.settings();
            Arc::new(OcspResponder::new(Arc::clone(ca), store, host.account.clone(), settings))
        });
        let shelf = Shelf { ca: Arc::clone(ca), crls, host: host.dns_name.clone(), published };
        Ok(Self {
            public: bind(&config.http.listen)?,
            monitoring: bind(&config.http.monitoring)?,
            site: Arc::new(Site::new(current, responder, &ca.urls().ocsp)),
            monitor: Arc::new(Site::Monitoring(Arc::new(monitor))),
            limits: config.http.limits(config.listen.drain),
            shelf,
        })
    }

    /// Serves until `stop` turns true.
    pub(super) async fn run(self, stop: watch::Receiver<bool>) {
        let public = http::serve(self.public, self.site, self.limits, stop.clone());
        let monitoring = http::serve(self.monitoring, self.monitor, self.limits, stop);
        let both = async { tokio::join!(public, monitoring) };
        tokio::select! {
            _ = both => {}
            () = self.shelf.follow() => {}
        }
    }
}

impl Shelf {
    /// Puts out each new CRL; never ends.
    async fn follow(mut self) {
        while self.crls.changed().await.is_ok() {
            let crls = self.crls.borrow_and_update().clone();
            let (ca, host) = (Arc::clone(&self.ca), self.host.clone());
            // Large CRLs take their time to hash.
            let made = tokio::task::spawn_blocking(move || Published::of(&ca, &crls, &host));
            if let Ok(published) = made.await {
                self.published.send_replace(Arc::new(published));
            }
        }
        std::future::pending().await
    }
}
