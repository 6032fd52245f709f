//! Written by `codegen` from `idl/mgmt.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault,
    InterfaceId, Invalid, Invoke, Ndr, Parameters, num,
};
use super::rpctypes::RPC_IF_ID;

/// The interfaces that a server offers ([MS-RPCE] 2.2.1.3.1).
///
/// ```idl
/// typedef struct {
///     unsigned long Count;
///     [size_is(Count)] RPC_IF_ID *IfId[];
/// } rpc_if_id_vector_t, *rpc_if_id_vector_p_t;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct rpc_if_id_vector_t {
    /// Number of interfaces.
    pub count: u32,
    /// Their identities.
    pub if_id: Vec<ndr::Full<RPC_IF_ID>>,
}

impl rpc_if_id_vector_t {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("IfId", num(self.count), &self.if_id)?;
        Ok(())
    }
}

impl Ndr for rpc_if_id_vector_t {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.count.encode(e)?;
        e.align64(Self::ALIGN);
        self.if_id.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            count: Ndr::decode(d)?,
            if_id: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.if_id.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<ndr::Full<RPC_IF_ID>>>::decode_conformance(d)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.if_id.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.if_id.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// `mgmt`, version 1.0.
pub const MGMT: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0xafa8bd80_7d8a_11c9_bef4_08002b102989),
    major: 1,
    minor: 0,
};

/// The request of [`Mgmt::rpc_mgmt_inq_if_ids`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtInqIfIdsIn {}

impl Parameters for RpcMgmtInqIfIdsIn {
    fn encode(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(_d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {})
    }
}

/// The response of [`Mgmt::rpc_mgmt_inq_if_ids`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtInqIfIdsOut {
    /// `[out] rpc_if_id_vector_p_t *if_id_vector`
    pub if_id_vector: ndr::Full<rpc_if_id_vector_t>,
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl Parameters for RpcMgmtInqIfIdsOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.if_id_vector)?;
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            if_id_vector: d.value()?,
            status: d.value()?,
        })
    }
}

/// The request of [`Mgmt::rpc_mgmt_inq_stats`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtInqStatsIn {
    /// `[in, out] StatisticsCount *count`
    pub count: u32,
}

impl RpcMgmtInqStatsIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("count", num(self.count), 0, 50)?;
        Ok(())
    }
}

impl Parameters for RpcMgmtInqStatsIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.count)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self { count: d.value()? };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Mgmt::rpc_mgmt_inq_stats`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtInqStatsOut {
    /// `[in, out] StatisticsCount *count`
    pub count: u32,
    /// `[out, size_is(*count)] unsigned long statistics[]`
    pub statistics: Vec<u32>,
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl RpcMgmtInqStatsOut {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("count", num(self.count), 0, 50)?;
        ndr::size_is("statistics", num(self.count), &self.statistics)?;
        Ok(())
    }
}

impl Parameters for RpcMgmtInqStatsOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.count)?;
        e.value(&self.statistics)?;
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            count: d.value()?,
            statistics: d.value()?,
            status: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The request of [`Mgmt::rpc_mgmt_is_server_listening`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtIsServerListeningIn {}

impl Parameters for RpcMgmtIsServerListeningIn {
    fn encode(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(_d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {})
    }
}

/// The response of [`Mgmt::rpc_mgmt_is_server_listening`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtIsServerListeningOut {
    /// `[out] error_status_t *status`
    pub status: u32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RpcMgmtIsServerListeningOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.status)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            status: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`Mgmt::rpc_mgmt_stop_server_listening`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtStopServerListeningIn {}

impl Parameters for RpcMgmtStopServerListeningIn {
    fn encode(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(_d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {})
    }
}

/// The response of [`Mgmt::rpc_mgmt_stop_server_listening`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtStopServerListeningOut {
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl Parameters for RpcMgmtStopServerListeningOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { status: d.value()? })
    }
}

/// The request of [`Mgmt::rpc_mgmt_inq_princ_name`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtInqPrincNameIn {
    /// `[in] unsigned long authn_proto`
    pub authn_proto: u32,
    /// `[in, range(0, 4096)] unsigned long princ_name_size`
    pub princ_name_size: u32,
}

impl RpcMgmtInqPrincNameIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("princ_name_size", num(self.princ_name_size), 0, 4096)?;
        Ok(())
    }
}

impl Parameters for RpcMgmtInqPrincNameIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.authn_proto)?;
        e.value(&self.princ_name_size)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            authn_proto: d.value()?,
            princ_name_size: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Mgmt::rpc_mgmt_inq_princ_name`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcMgmtInqPrincNameOut {
    /// `[out, string, size_is(princ_name_size)] char princ_name[]`
    pub princ_name: ndr::SizedText<u8>,
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl Parameters for RpcMgmtInqPrincNameOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.princ_name)?;
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            princ_name: d.value()?,
            status: d.value()?,
        })
    }
}

/// Remote management of any RPC server.
pub trait Mgmt {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 0: the interfaces that the server offers.
    ///
    /// ```idl
    /// void rpc_mgmt_inq_if_ids(
    ///     [in] handle_t binding_handle,
    ///     [out] rpc_if_id_vector_p_t *if_id_vector,
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn rpc_mgmt_inq_if_ids(
        &self,
        call: &Self::Call,
        request: RpcMgmtInqIfIdsIn,
    ) -> impl Future<Output = Result<RpcMgmtInqIfIdsOut, Fault>> + Send;

    /// Opnum 1: calls in, calls out, packets in, packets out ([MS-RPCE] 2.2.1.3.3).
    ///
    /// ```idl
    /// void rpc_mgmt_inq_stats(
    ///     [in] handle_t binding_handle,
    ///     [in, out] StatisticsCount *count,
    ///     [out, size_is(*count)] unsigned long statistics[],
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn rpc_mgmt_inq_stats(
        &self,
        call: &Self::Call,
        request: RpcMgmtInqStatsIn,
    ) -> impl Future<Output = Result<RpcMgmtInqStatsOut, Fault>> + Send;

    /// Opnum 2: whether the server listens; non-zero if so.
    ///
    /// ```idl
    /// unsigned long rpc_mgmt_is_server_listening(
    ///     [in] handle_t binding_handle,
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn rpc_mgmt_is_server_listening(
        &self,
        call: &Self::Call,
        request: RpcMgmtIsServerListeningIn,
    ) -> impl Future<Output = Result<RpcMgmtIsServerListeningOut, Fault>> + Send;

    /// Opnum 3: ask the server to stop.
    ///
    /// ```idl
    /// void rpc_mgmt_stop_server_listening(
    ///     [in] handle_t binding_handle,
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn rpc_mgmt_stop_server_listening(
        &self,
        call: &Self::Call,
        request: RpcMgmtStopServerListeningIn,
    ) -> impl Future<Output = Result<RpcMgmtStopServerListeningOut, Fault>> + Send;

    /// Opnum 4: the principal name for an authentication service ([MS-RPCE] 2.2.1.3.4).
    ///
    /// ```idl
    /// void rpc_mgmt_inq_princ_name(
    ///     [in] handle_t binding_handle,
    ///     [in] unsigned long authn_proto,
    ///     [in, range(0, 4096)] unsigned long princ_name_size,
    ///     [out, string, size_is(princ_name_size)] char princ_name[],
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn rpc_mgmt_inq_princ_name(
        &self,
        call: &Self::Call,
        request: RpcMgmtInqPrincNameIn,
    ) -> impl Future<Output = Result<RpcMgmtInqPrincNameOut, Fault>> + Send;
}

/// Decodes a request to [`Mgmt`], has `server` carry it out, encodes the response.
pub async fn dispatch_mgmt<S: Mgmt + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        0 => {
            const OPERATION: &str = "mgmt::rpc_mgmt_inq_if_ids";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.rpc_mgmt_inq_if_ids(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        1 => {
            const OPERATION: &str = "mgmt::rpc_mgmt_inq_stats";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.rpc_mgmt_inq_stats(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        2 => {
            const OPERATION: &str = "mgmt::rpc_mgmt_is_server_listening";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.rpc_mgmt_is_server_listening(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        3 => {
            const OPERATION: &str = "mgmt::rpc_mgmt_stop_server_listening";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.rpc_mgmt_stop_server_listening(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "mgmt::rpc_mgmt_inq_princ_name";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.rpc_mgmt_inq_princ_name(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`Mgmt`] through a transport that is bound to it.
#[derive(Debug)]
pub struct MgmtClient<T>(pub T);

impl<T: Invoke> MgmtClient<T> {
    /// Opnum 0: the interfaces that the server offers.
    pub async fn rpc_mgmt_inq_if_ids(
        &mut self,
        request: &RpcMgmtInqIfIdsIn,
    ) -> Result<RpcMgmtInqIfIdsOut, T::Error> {
        ndr::call(&mut self.0, 0, request).await
    }

    /// Opnum 1: calls in, calls out, packets in, packets out ([MS-RPCE] 2.2.1.3.3).
    pub async fn rpc_mgmt_inq_stats(
        &mut self,
        request: &RpcMgmtInqStatsIn,
    ) -> Result<RpcMgmtInqStatsOut, T::Error> {
        ndr::call(&mut self.0, 1, request).await
    }

    /// Opnum 2: whether the server listens; non-zero if so.
    pub async fn rpc_mgmt_is_server_listening(
        &mut self,
        request: &RpcMgmtIsServerListeningIn,
    ) -> Result<RpcMgmtIsServerListeningOut, T::Error> {
        ndr::call(&mut self.0, 2, request).await
    }

    /// Opnum 3: ask the server to stop.
    pub async fn rpc_mgmt_stop_server_listening(
        &mut self,
        request: &RpcMgmtStopServerListeningIn,
    ) -> Result<RpcMgmtStopServerListeningOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: the principal name for an authentication service ([MS-RPCE] 2.2.1.3.4).
    pub async fn rpc_mgmt_inq_princ_name(
        &mut self,
        request: &RpcMgmtInqPrincNameIn,
    ) -> Result<RpcMgmtInqPrincNameOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }
}
