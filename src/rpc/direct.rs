//! A transport for tests that hands a client stub's calls straight to a service.

use std::sync::Arc;

use crate::ndr::{ByteOrder, DecodeError, EncodeError, Encoding, Fault, Invoke, Syntax};
use crate::rpc::{AssociationId, CallContext, Service};

/// Calls a service as one client.
pub struct Direct {
    pub service: Arc<dyn Service>,
    pub syntax: Syntax,
    pub association: AssociationId,
    pub local: &'static str,
}

#[derive(Debug, PartialEq, Eq)]
pub enum DirectError {
    Fault(Fault),
    Decode(DecodeError),
    Encode(EncodeError),
}

impl From<DecodeError> for DirectError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for DirectError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl Direct {
    pub fn new(service: Arc<dyn Service>, syntax: Syntax, association: u32) -> Self {
        Self { service, syntax, association: AssociationId(association), local: "192.0.2.9:135" }
    }
}

impl Invoke for Direct {
    type Error = DirectError;

    fn encoding(&self) -> Encoding {
        Encoding { syntax: self.syntax, order: ByteOrder::Little }
    }

    async fn invoke(
        &mut self,
        opnum: u16,
        stub: Vec<u8>,
    ) -> Result<(Encoding, Vec<u8>), DirectError> {
        let encoding = self.encoding();
        let context = CallContext {
            caller: None,
            auth: None,
            header_signing: false,
            object: None,
            interface: self.service.interface(),
            encoding,
            call_id: 1,
            peer: "192.0.2.1:1000".parse().unwrap(),
            local: self.local.parse().unwrap(),
            association: self.association,
        };
        let answer = self.service.call(context, opnum, stub.into()).await;
        Ok((encoding, answer.map_err(DirectError::Fault)?))
    }
}
