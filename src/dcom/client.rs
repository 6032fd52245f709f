//! A DCOM client: activation, calls, further interfaces, release ([MS-DCOM] 3.2).
//!
//! It dials the host that it was told to, and no other: of the bindings that a server sends,
//! only the port is used, and tickets are for that host whatever principal the server names.
//! Objects are not pinged: a client here is done long before the six minutes after which a
//! server drops what is neither called nor pinged.

use std::sync::Arc;

use uuid::{Builder, Uuid};

use super::activation::{ActivationReply, ActivationRequest};
use super::bindings::Bindings;
use super::objref::{Body, ObjRef};
use super::{COM_VERSION, DcomError};
use crate::generated::orpc::{COMVERSION, ORPCTHIS, STDOBJREF};
use crate::generated::oxid::{I_OBJECT_EXPORTER, IObjectExporterClient, ServerAlive2In};
use crate::generated::remote_activation::{
    I_REMOTE_SCM_ACTIVATOR, IRemoteScmActivatorClient, RemoteCreateInstanceIn,
};
use crate::generated::remunknown::{
    I_REM_UNKNOWN2, IRemUnknown2Client, REMINTERFACEREF, RemQueryInterfaceIn, RemReleaseIn,
};
use crate::model::HResult;
use crate::ndr::{EncodeError, Encoder, Encoding, InterfaceId, Invoke};
use crate::rpc::client::{Authentication, ClientError, ClientOptions, Connection};

/// References to ask for with a further interface; Windows asks for five.
const REFERENCES: u32 = 5;
/// Length of an ORPCTHIS without extensions, in NDR 2.0.
const ORPCTHIS_LEN: usize = 32;

/// Makes the authentication of one more connection; the argument is the service principal.
pub type Authenticate = Arc<dyn Fn(&str) -> Authentication + Send + Sync>;

/// Why an activation or a query failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DcomClientError {
    /// A connection or call.
    #[error(transparent)]
    Rpc(#[from] ClientError),
    /// What the server sent cannot be read, or a request cannot be written.
    #[error("object reference or activation properties: {0}")]
    Marshal(#[from] DcomError),
    /// A method of the server's object infrastructure failed.
    #[error("{what} failed: {code} {}", .code.message())]
    Refused {
        /// What was asked for.
        what: String,
        /// The server's code.
        code: HResult,
    },
    /// The server speaks another major version.
    #[error("the server speaks DCOM {0}.{1}, this client 5.7")]
    Version(u16, u16),
    /// The server names no TCP port for its objects.
    #[error("the server names no TCP port for its objects")]
    NoEndpoint,
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random,
}

impl From<EncodeError> for DcomClientError {
    fn from(error: EncodeError) -> Self {
        Self::Marshal(error.into())
    }
}

/// A server on which objects can be activated.
pub struct DcomClient {
    host: String,
    resolver_port: u16,
    options: ClientOptions,
    authenticate: Authenticate,
    /// What both sides speak.
    version: COMVERSION,
}

/// An object on a server, with the connection on which it is called.
pub struct RemoteObject {
    connection: Connection,
    version: COMVERSION,
    remote_unknown: Uuid,
    /// References that are held, by interface.
    held: Vec<(Uuid, STDOBJREF)>,
}

/// Calls to one interface of an object: the transport for a generated client stub. It fills in
/// the ORPCTHIS of requests; leave theirs at its default.
pub struct Calls<'a> {
    connection: &'a mut Connection,
    version: COMVERSION,
}

impl DcomClient {
    /// Asks a host for its DCOM version.
    ///
    /// # Errors
    /// The host cannot be reached, or is too old.
    pub async fn connect(
        host: &str,
        resolver_port: u16,
        options: ClientOptions,
        authenticate: Authenticate,
    ) -> Result<Self, DcomClientError> {
        let open = Connection::open(host, resolver_port, I_OBJECT_EXPORTER, None, &options);
        let mut resolver = IObjectExporterClient(open.await?);
        let alive = resolver.server_alive2(&ServerAlive2In {}).await?;
        succeed("ServerAlive2", alive.return_value)?;
        let version = negotiate(&alive.p_com_version)?;
        Ok(Self { host: host.to_owned(), resolver_port, options, authenticate, version })
    }

    /// Makes an object of a class, and takes these interfaces of it. (There must be one.)
    ///
    /// # Errors
    /// The server refuses, or lacks one of the interfaces.
    pub async fn activate(
        &self,
        clsid: Uuid,
        interfaces: &[InterfaceId],
    ) -> Result<RemoteObject, DcomClientError> {
        let first = *interfaces.first().ok_or(DcomError::Malformed("list of interfaces"))?;
        let reply = self.create_instance(clsid, interfaces).await?;
        let version = negotiate(&reply.version)?;
        let port = port_of(&reply.bindings, &self.host).ok_or(DcomClientError::NoEndpoint)?;
        let authentication = (self.authenticate)(&format!("host/{}", self.host));
        let open = Connection::open(&self.host, port, first, Some(authentication), &self.options);
        let connection = open.await?;
        let remote_unknown = reply.remote_unknown;
        let mut object = RemoteObject { connection, version, remote_unknown, held: Vec::new() };
        let mut missing = None;
        for (iid, reference) in reply.interfaces {
            match reference {
                Ok(reference) => object.held.push((iid, standard(reference)?)),
                Err(code) => missing = Some((iid, code)),
            }
        }
        match missing {
            None => Ok(object),
            Some((iid, code)) => {
                object.release().await?;
                Err(DcomClientError::Refused { what: format!("interface {iid}"), code })
            }
        }
    }

    async fn create_instance(
        &self,
        clsid: Uuid,
        interfaces: &[InterfaceId],
    ) -> Result<ActivationReply, DcomClientError> {
        let iids = interfaces.iter().map(|interface| interface.uuid).collect();
        let request = ActivationRequest { clsid, iids, flags: 0, from_storage: false };
        let properties = request.to_objref(&self.host, random()?)?.to_pointer()?;
        let request = RemoteCreateInstanceIn {
            orpcthis: orpcthis(&self.version)?,
            p_unk_outer: None,
            p_act_properties: Some(properties),
        };
        let authentication = Some((self.authenticate)(&format!("RPCSS/{}", self.host)));
        let (host, port) = (&self.host, self.resolver_port);
        let open =
            Connection::open(host, port, I_REMOTE_SCM_ACTIVATOR, authentication, &self.options);
        let mut activator = IRemoteScmActivatorClient(open.await?);
        let answer = activator.remote_create_instance(&request).await?;
        succeed(&format!("activation of class {clsid}"), answer.return_value)?;
        let reference = ObjRef::from_pointer(answer.pp_act_properties.as_deref())?;
        Ok(ActivationReply::from_objref(reference)?)
    }
}

impl RemoteObject {
    /// The transport for calls to an interface, which the object is asked for if need be.
    ///
    /// # Errors
    /// The object does not have the interface, or the connection fails.
    pub async fn interface(
        &mut self,
        interface: InterfaceId,
    ) -> Result<Calls<'_>, DcomClientError> {
        let ipid = match self.held.iter().find(|(iid, _)| *iid == interface.uuid) {
            Some((_, reference)) => reference.ipid,
            None => self.query(interface).await?,
        };
        self.connection.use_interface(interface).await?;
        self.connection.set_object(Some(ipid));
        Ok(Calls { connection: &mut self.connection, version: self.version.clone() })
    }

    /// Gives all references back: the server may drop the object.
    ///
    /// # Errors
    /// The connection fails, or the server refuses.
    pub async fn release(mut self) -> Result<(), DcomClientError> {
        let held = std::mem::take(&mut self.held).into_iter();
        let interface_refs: Vec<_> = held
            .map(|(_, reference)| REMINTERFACEREF {
                ipid: reference.ipid,
                c_public_refs: reference.c_public_refs,
                c_private_refs: 0,
            })
            .collect();
        let c_interface_refs =
            u16::try_from(interface_refs.len()).map_err(|_| EncodeError::Count(usize::MAX))?;
        let request = RemReleaseIn { c_interface_refs, interface_refs, ..RemReleaseIn::default() };
        let answer = self.remote_unknown().await?.rem_release(&request).await?;
        succeed("RemRelease", answer.return_value)
    }

    async fn query(&mut self, interface: InterfaceId) -> Result<Uuid, DcomClientError> {
        let (_, known) = self.held.first().ok_or(DcomError::Malformed("list of interfaces"))?;
        let request = RemQueryInterfaceIn {
            ripid: known.ipid,
            c_refs: REFERENCES,
            c_iids: 1,
            iids: vec![interface.uuid],
            ..Default::default()
        };
        let answer = self.remote_unknown().await?.rem_query_interface(&request).await?;
        succeed("RemQueryInterface", answer.return_value)?;
        let result = answer.pp_qi_results.unwrap_or_default().into_iter().next();
        let result = result.ok_or(DcomError::Malformed("answer to RemQueryInterface"))?;
        succeed(&format!("interface {}", interface.uuid), result.h_result)?;
        let ipid = result.std.ipid;
        self.held.push((interface.uuid, result.std));
        Ok(ipid)
    }

    async fn remote_unknown(&mut self) -> Result<IRemUnknown2Client<Calls<'_>>, DcomClientError> {
        self.connection.use_interface(I_REM_UNKNOWN2).await?;
        self.connection.set_object(Some(self.remote_unknown));
        let version = self.version.clone();
        Ok(IRemUnknown2Client(Calls { connection: &mut self.connection, version }))
    }
}

impl Invoke for Calls<'_> {
    type Error = ClientError;

    fn encoding(&self) -> Encoding {
        self.connection.encoding()
    }

    async fn invoke(
        &mut self,
        opnum: u16,
        mut stub: Vec<u8>,
    ) -> Result<(Encoding, Vec<u8>), ClientError> {
        let header = orpcthis(&self.version)
            .map_err(|_| ClientError::Protocol("no random bytes for a causality identifier"))?;
        let mut encoder = Encoder::new(self.encoding());
        encoder.value_in_ndr20(&header)?;
        // Every request of an object's interface begins with an ORPCTHIS, here without extensions.
        stub.splice(..ORPCTHIS_LEN.min(stub.len()), encoder.into_bytes());
        self.connection.invoke(opnum, stub).await
    }
}

/// The lower of both minor versions ([MS-DCOM] 1.7).
fn negotiate(server: &COMVERSION) -> Result<COMVERSION, DcomClientError> {
    let COMVERSION { major_version, minor_version } = *server;
    if major_version != COM_VERSION.major_version {
        return Err(DcomClientError::Version(major_version, minor_version));
    }
    let minor_version = minor_version.min(COM_VERSION.minor_version);
    Ok(COMVERSION { major_version, minor_version })
}

/// A header for a call that follows from no other.
fn orpcthis(version: &COMVERSION) -> Result<ORPCTHIS, DcomClientError> {
    Ok(ORPCTHIS { version: version.clone(), cid: random()?, ..Default::default() })
}

fn random() -> Result<Uuid, DcomClientError> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| DcomClientError::Random)?;
    Ok(Builder::from_random_bytes(bytes).into_uuid())
}

/// The port at which the host that was dialled has its objects.
fn port_of(bindings: &Bindings, host: &str) -> Option<u16> {
    let endpoints = || bindings.tcp().filter_map(|(named, port)| Some((named, port?)));
    let of_host = endpoints().find(|(named, _)| named.eq_ignore_ascii_case(host));
    of_host.or_else(|| endpoints().next()).map(|(_, port)| port)
}

fn standard(reference: ObjRef) -> Result<STDOBJREF, DcomError> {
    match reference.body {
        Body::Standard { std, .. } => Ok(std),
        Body::Custom { .. } => Err(DcomError::Malformed("kind of an object reference")),
    }
}

fn succeed(what: &str, code: u32) -> Result<(), DcomClientError> {
    match code {
        0 => Ok(()),
        code => Err(DcomClientError::Refused { what: what.to_owned(), code: HResult(code) }),
    }
}
