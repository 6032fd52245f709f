//! The tokio shell of an [`Association`]: one TCP connection, with timeouts.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use super::association::{Association, AssociationOptions, Event};
use super::error::ClientError;
use super::traffic::{Recorder, Traffic};
use crate::auth::{AuthLevel, Initiator};
use crate::ndr::{ByteOrder, Encoding, InterfaceId, Invoke, Syntax};

/// Received bytes are taken in pieces of this size.
const READ_SIZE: usize = 16 * 1024;

/// How to connect and call.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// What the association asks for.
    pub association: AssociationOptions,
    /// Longest time for name resolution and the TCP handshake.
    pub connect_timeout: Duration,
    /// Longest time for a bind with all its legs, and for a call.
    pub call_timeout: Duration,
    /// Where to record what goes over the connection.
    pub traffic: Option<Traffic>,
}

impl Default for ClientOptions {
    /// 10 s to connect; 60 s for a call, as an enrollment may wait for directory and hardware.
    fn default() -> Self {
        Self {
            association: AssociationOptions::default(),
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(60),
            traffic: None,
        }
    }
}

/// Who calls, and how the calls are protected.
pub struct Authentication {
    /// The exchange that proves who it is.
    pub initiator: Box<dyn Initiator>,
    /// Level for the whole connection.
    pub level: AuthLevel,
}

/// A connection to a server with a bound interface. Calls go one after the other; an error other
/// than [`ClientError::Fault`] is the end of it, and so is a call that is dropped halfway.
pub struct Connection {
    stream: TcpStream,
    association: Association,
    call_timeout: Duration,
    object: Option<Uuid>,
    /// Set while an answer is due.
    busy: bool,
    recorder: Option<Recorder>,
}

impl Connection {
    /// Connects to a TCP port and binds an interface, authenticated if there is [`Authentication`].
    pub async fn open(
        host: &str,
        port: u16,
        interface: InterfaceId,
        authentication: Option<Authentication>,
        options: &ClientOptions,
    ) -> Result<Self, ClientError> {
        let connect = TcpStream::connect((host, port));
        let what = || format!("connecting to {host} port {port}");
        let stream = limit("connecting", options.connect_timeout, connect).await?;
        let stream = stream.map_err(|source| ClientError::Io { what: what(), source })?;
        stream.set_nodelay(true).map_err(|source| ClientError::Io { what: what(), source })?;
        let mut connection = Self {
            stream,
            association: Association::new(options.association.clone()),
            call_timeout: options.call_timeout,
            object: None,
            busy: false,
            recorder: options
                .traffic
                .clone()
                .map(|traffic| Recorder::new(traffic, port, interface.uuid)),
        };
        let bind = connection.bind(interface, authentication);
        limit("the bind", options.call_timeout, bind).await??;
        Ok(connection)
    }

    /// Sends the next calls to another interface on the same connection and in the same security
    /// context.
    pub async fn use_interface(&mut self, interface: InterfaceId) -> Result<(), ClientError> {
        self.start()?;
        if let Some(recorder) = &mut self.recorder {
            recorder.bound_to(interface.uuid);
        }
        if let Some(bytes) = self.association.alter(interface)? {
            let what = "the bind of a further interface";
            limit(what, self.call_timeout, self.alter(bytes)).await??;
        }
        self.busy = false;
        Ok(())
    }

    /// Sets the object UUID that the next calls carry.
    pub fn set_object(&mut self, object: Option<Uuid>) {
        self.object = object;
    }

    /// The association group, for further connections of the same client.
    pub fn group(&self) -> u32 {
        self.association.group()
    }

    async fn bind(
        &mut self,
        interface: InterfaceId,
        authentication: Option<Authentication>,
    ) -> Result<(), ClientError> {
        let Some(Authentication { mut initiator, level }) = authentication else {
            let bytes = self.association.bind(interface, None)?;
            return self.alter(bytes).await;
        };
        let first_leg = (initiator.auth_type(), level, initiator.step(&[]).await?);
        let bytes = self.association.bind(interface, Some(first_leg))?;
        self.send(&bytes).await?;
        while !self.association.is_ready() {
            match self.event().await? {
                Event::Token(token) => {
                    let initiated = initiator.step(&token).await?;
                    if let Some(bytes) = self.association.leg(initiated)? {
                        self.send(&bytes).await?;
                    }
                }
                Event::Bound => {}
                Event::Answer(..) => return Err(ClientError::Protocol("an answer to no call")),
            }
        }
        Ok(())
    }

    async fn alter(&mut self, bytes: Vec<u8>) -> Result<(), ClientError> {
        self.send(&bytes).await?;
        match self.event().await? {
            Event::Bound => Ok(()),
            _ => Err(ClientError::Protocol("something else than the answer to a bind")),
        }
    }

    async fn call(
        &mut self,
        opnum: u16,
        stub: Vec<u8>,
    ) -> Result<(Encoding, Vec<u8>), ClientError> {
        let bytes = self.association.request(self.object, opnum, stub)?;
        self.send(&bytes).await?;
        match self.event().await? {
            Event::Answer(encoding, stub) => Ok((encoding, stub)),
            _ => Err(ClientError::Protocol("something else than the answer to a call")),
        }
    }

    /// Notes that an answer is due. If one still is, a call was given up and its answer would be
    /// taken for another's.
    fn start(&mut self) -> Result<(), ClientError> {
        match std::mem::replace(&mut self.busy, true) {
            true => Err(ClientError::Closed),
            false => Ok(()),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        if let Some(recorder) = &mut self.recorder {
            recorder.bytes(true, bytes);
        }
        let sent = self.stream.write_all(bytes).await;
        sent.map_err(|source| ClientError::Io { what: "sending".into(), source })
    }

    async fn event(&mut self) -> Result<Event, ClientError> {
        let mut buffer = vec![0; READ_SIZE];
        loop {
            if let Some(event) = self.association.poll()? {
                return Ok(event);
            }
            let received = self.stream.read(&mut buffer).await;
            let length =
                received.map_err(|source| ClientError::Io { what: "receiving".into(), source })?;
            match buffer.get(..length) {
                Some(bytes) if !bytes.is_empty() => {
                    if let Some(recorder) = &mut self.recorder {
                        recorder.bytes(false, bytes);
                    }
                    self.association.receive(bytes);
                }
                _ => return Err(ClientError::Closed),
            }
        }
    }
}

impl Invoke for Connection {
    type Error = ClientError;

    fn encoding(&self) -> Encoding {
        let unbound = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little };
        self.association.encoding().unwrap_or(unbound)
    }

    async fn invoke(
        &mut self,
        opnum: u16,
        stub: Vec<u8>,
    ) -> Result<(Encoding, Vec<u8>), ClientError> {
        self.start()?;
        let called = limit("the call", self.call_timeout, self.call(opnum, stub)).await?;
        self.busy = !matches!(called, Ok(_) | Err(ClientError::Fault(_)));
        called
    }
}

async fn limit<T>(
    what: &'static str,
    limit: Duration,
    future: impl Future<Output = T>,
) -> Result<T, ClientError> {
    timeout(limit, future).await.map_err(|_| ClientError::Timeout { what, limit })
}
