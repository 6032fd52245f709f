//! DCOM as Windows machines spoke it: activation properties to the last byte, and a whole
//! enrollment's calls at our exporter.

mod activation;
mod enrollment;

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;
use wcce::auth::{AuthLevel, BoxFuture, SystemEnvironment};
use wcce::dcom::bindings::SecurityBinding;
use wcce::dcom::table::TableLimits;
use wcce::dcom::{Class, Exporter, ExporterSettings, Interface, Object};
use wcce::model::Caller;
use wcce::ndr::{Fault, InterfaceId};
use wcce::rpc::{CallContext, Policy};

/// A class as the captured client wants it, whose objects answer every call alike.
struct RecordedClass {
    clsid: Uuid,
    interfaces: Vec<InterfaceId>,
    answer: Vec<u8>,
}

struct RecordedObject(Vec<u8>);

impl Class for RecordedClass {
    fn clsid(&self) -> Uuid {
        self.clsid
    }

    fn interfaces(&self) -> Vec<Interface> {
        let policy = Policy::default();
        self.interfaces.iter().map(|id| Interface { id: *id, policy }).collect()
    }

    fn admits(&self, _: &Caller) -> bool {
        true
    }

    fn create(&self) -> Arc<dyn Object> {
        Arc::new(RecordedObject(self.answer.clone()))
    }
}

impl Object for RecordedObject {
    fn call(&self, _: CallContext, _: u16, _: Bytes) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move { Ok(self.0.clone()) })
    }
}

/// The providers of the resolver of Windows Server 2016, in its order.
const PROVIDERS: [u16; 7] = [0x09, 0x1E, 0x10, 0x0A, 0x16, 0x1F, 0x0E];

fn exporter(hosts: &[&str], port: u16, class: RecordedClass) -> Arc<Exporter> {
    let settings = ExporterSettings {
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        port,
        security: PROVIDERS
            .map(|service| SecurityBinding { service, principal: String::new() })
            .to_vec(),
        authn_hint: AuthLevel::Packet,
        limits: TableLimits::default(),
    };
    let environment = Arc::new(SystemEnvironment);
    Exporter::new(settings, vec![Arc::new(class)], environment).expect("random bytes")
}
