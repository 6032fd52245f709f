//! Written by `codegen` from `idl/oxid.idl`.

use crate::ndr::{
    self, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault, InterfaceId,
    Invalid, Invoke, Parameters, num,
};
use super::orpc::{COMVERSION, DUALSTRINGARRAY};

/// `IObjectExporter`, version 0.0.
pub const I_OBJECT_EXPORTER: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x99fcfec4_5260_101b_bbcb_00aa0021347a),
    major: 0,
    minor: 0,
};

/// The request of [`IObjectExporter::resolve_oxid`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResolveOxidIn {
    /// `[in] OXID *pOxid`
    pub p_oxid: u64,
    /// `[in] unsigned short cRequestedProtseqs`
    pub c_requested_protseqs: u16,
    /// `[in, ref, size_is(cRequestedProtseqs)] unsigned short arRequestedProtseqs[]`
    pub ar_requested_protseqs: Vec<u16>,
}

impl ResolveOxidIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is(
            "arRequestedProtseqs",
            num(self.c_requested_protseqs),
            &self.ar_requested_protseqs,
        )?;
        Ok(())
    }
}

impl Parameters for ResolveOxidIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.p_oxid)?;
        e.value(&self.c_requested_protseqs)?;
        e.value(&self.ar_requested_protseqs)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            p_oxid: d.value()?,
            c_requested_protseqs: d.value()?,
            ar_requested_protseqs: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IObjectExporter::resolve_oxid`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResolveOxidOut {
    /// `[out, ref] DUALSTRINGARRAY **ppdsaOxidBindings`
    pub ppdsa_oxid_bindings: Option<Box<DUALSTRINGARRAY>>,
    /// `[out, ref] IPID *pipidRemUnknown`
    pub pipid_rem_unknown: uuid::Uuid,
    /// `[out, ref] DWORD *pAuthnHint`
    pub p_authn_hint: u32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for ResolveOxidOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.ppdsa_oxid_bindings)?;
        e.value(&self.pipid_rem_unknown)?;
        e.value(&self.p_authn_hint)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            ppdsa_oxid_bindings: d.value()?,
            pipid_rem_unknown: d.value()?,
            p_authn_hint: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IObjectExporter::simple_ping`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimplePingIn {
    /// `[in] SETID *pSetId`
    pub p_set_id: u64,
}

impl Parameters for SimplePingIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.p_set_id)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { p_set_id: d.value()? })
    }
}

/// The response of [`IObjectExporter::simple_ping`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimplePingOut {
    /// The return value.
    pub return_value: u32,
}

impl Parameters for SimplePingOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { return_value: d.value()? })
    }
}

/// The request of [`IObjectExporter::complex_ping`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComplexPingIn {
    /// `[in, out] SETID *pSetId`
    pub p_set_id: u64,
    /// `[in] unsigned short SequenceNum`
    pub sequence_num: u16,
    /// `[in] unsigned short cAddToSet`
    pub c_add_to_set: u16,
    /// `[in] unsigned short cDelFromSet`
    pub c_del_from_set: u16,
    /// `[in, unique, size_is(cAddToSet)] OID AddToSet[]`
    pub add_to_set: Option<Vec<u64>>,
    /// `[in, unique, size_is(cDelFromSet)] OID DelFromSet[]`
    pub del_from_set: Option<Vec<u64>>,
}

impl ComplexPingIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("AddToSet", num(self.c_add_to_set), &self.add_to_set)?;
        ndr::size_is("DelFromSet", num(self.c_del_from_set), &self.del_from_set)?;
        Ok(())
    }
}

impl Parameters for ComplexPingIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.p_set_id)?;
        e.value(&self.sequence_num)?;
        e.value(&self.c_add_to_set)?;
        e.value(&self.c_del_from_set)?;
        e.value(&self.add_to_set)?;
        e.value(&self.del_from_set)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            p_set_id: d.value()?,
            sequence_num: d.value()?,
            c_add_to_set: d.value()?,
            c_del_from_set: d.value()?,
            add_to_set: d.value()?,
            del_from_set: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IObjectExporter::complex_ping`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComplexPingOut {
    /// `[in, out] SETID *pSetId`
    pub p_set_id: u64,
    /// `[out] unsigned short *pPingBackoffFactor`
    pub p_ping_backoff_factor: u16,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for ComplexPingOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.p_set_id)?;
        e.value(&self.p_ping_backoff_factor)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            p_set_id: d.value()?,
            p_ping_backoff_factor: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IObjectExporter::server_alive`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerAliveIn {}

impl Parameters for ServerAliveIn {
    fn encode(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(_d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {})
    }
}

/// The response of [`IObjectExporter::server_alive`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerAliveOut {
    /// The return value.
    pub return_value: u32,
}

impl Parameters for ServerAliveOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { return_value: d.value()? })
    }
}

/// The request of [`IObjectExporter::resolve_oxid2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResolveOxid2In {
    /// `[in] OXID *pOxid`
    pub p_oxid: u64,
    /// `[in] unsigned short cRequestedProtseqs`
    pub c_requested_protseqs: u16,
    /// `[in, ref, size_is(cRequestedProtseqs)] unsigned short arRequestedProtseqs[]`
    pub ar_requested_protseqs: Vec<u16>,
}

impl ResolveOxid2In {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is(
            "arRequestedProtseqs",
            num(self.c_requested_protseqs),
            &self.ar_requested_protseqs,
        )?;
        Ok(())
    }
}

impl Parameters for ResolveOxid2In {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.p_oxid)?;
        e.value(&self.c_requested_protseqs)?;
        e.value(&self.ar_requested_protseqs)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            p_oxid: d.value()?,
            c_requested_protseqs: d.value()?,
            ar_requested_protseqs: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IObjectExporter::resolve_oxid2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResolveOxid2Out {
    /// `[out, ref] DUALSTRINGARRAY **ppdsaOxidBindings`
    pub ppdsa_oxid_bindings: Option<Box<DUALSTRINGARRAY>>,
    /// `[out, ref] IPID *pipidRemUnknown`
    pub pipid_rem_unknown: uuid::Uuid,
    /// `[out, ref] DWORD *pAuthnHint`
    pub p_authn_hint: u32,
    /// `[out, ref] COMVERSION *pComVersion`
    pub p_com_version: COMVERSION,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for ResolveOxid2Out {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.ppdsa_oxid_bindings)?;
        e.value(&self.pipid_rem_unknown)?;
        e.value(&self.p_authn_hint)?;
        e.value(&self.p_com_version)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            ppdsa_oxid_bindings: d.value()?,
            pipid_rem_unknown: d.value()?,
            p_authn_hint: d.value()?,
            p_com_version: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IObjectExporter::server_alive2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerAlive2In {}

impl Parameters for ServerAlive2In {
    fn encode(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(_d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {})
    }
}

/// The response of [`IObjectExporter::server_alive2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerAlive2Out {
    /// `[out, ref] COMVERSION *pComVersion`
    pub p_com_version: COMVERSION,
    /// `[out, ref] DUALSTRINGARRAY **ppdsaOrBindings`
    pub ppdsa_or_bindings: Option<Box<DUALSTRINGARRAY>>,
    /// `[out, ref] DWORD *pReserved`
    pub p_reserved: u32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for ServerAlive2Out {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.p_com_version)?;
        e.value(&self.ppdsa_or_bindings)?;
        e.value(&self.p_reserved)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            p_com_version: d.value()?,
            ppdsa_or_bindings: d.value()?,
            p_reserved: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// Resolution of object exporters, and pings that keep objects alive.
pub trait IObjectExporter {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 0: bindings of an object exporter ([MS-DCOM] 3.1.2.5.1.1).
    ///
    /// ```idl
    /// [idempotent] error_status_t ResolveOxid(
    ///     [in] handle_t hRpc,
    ///     [in] OXID *pOxid,
    ///     [in] unsigned short cRequestedProtseqs,
    ///     [in, ref, size_is(cRequestedProtseqs)] unsigned short arRequestedProtseqs[],
    ///     [out, ref] DUALSTRINGARRAY **ppdsaOxidBindings,
    ///     [out, ref] IPID *pipidRemUnknown,
    ///     [out, ref] DWORD *pAuthnHint
    /// );
    /// ```
    fn resolve_oxid(
        &self,
        call: &Self::Call,
        request: ResolveOxidIn,
    ) -> impl Future<Output = Result<ResolveOxidOut, Fault>> + Send;

    /// Opnum 1: ping a set ([MS-DCOM] 3.1.2.5.1.2).
    ///
    /// ```idl
    /// [idempotent] error_status_t SimplePing(
    ///     [in] handle_t hRpc,
    ///     [in] SETID *pSetId
    /// );
    /// ```
    fn simple_ping(
        &self,
        call: &Self::Call,
        request: SimplePingIn,
    ) -> impl Future<Output = Result<SimplePingOut, Fault>> + Send;

    /// Opnum 2: create or change a ping set, and ping it ([MS-DCOM] 3.1.2.5.1.3).
    ///
    /// ```idl
    /// [idempotent] error_status_t ComplexPing(
    ///     [in] handle_t hRpc,
    ///     [in, out] SETID *pSetId,
    ///     [in] unsigned short SequenceNum,
    ///     [in] unsigned short cAddToSet,
    ///     [in] unsigned short cDelFromSet,
    ///     [in, unique, size_is(cAddToSet)] OID AddToSet[],
    ///     [in, unique, size_is(cDelFromSet)] OID DelFromSet[],
    ///     [out] unsigned short *pPingBackoffFactor
    /// );
    /// ```
    fn complex_ping(
        &self,
        call: &Self::Call,
        request: ComplexPingIn,
    ) -> impl Future<Output = Result<ComplexPingOut, Fault>> + Send;

    /// Opnum 3: whether the resolver is there ([MS-DCOM] 3.1.2.5.1.4).
    ///
    /// ```idl
    /// [idempotent] error_status_t ServerAlive(
    ///     [in] handle_t hRpc
    /// );
    /// ```
    fn server_alive(
        &self,
        call: &Self::Call,
        request: ServerAliveIn,
    ) -> impl Future<Output = Result<ServerAliveOut, Fault>> + Send;

    /// Opnum 4: as `ResolveOxid`, with the server's version ([MS-DCOM] 3.1.2.5.1.5).
    ///
    /// ```idl
    /// [idempotent] error_status_t ResolveOxid2(
    ///     [in] handle_t hRpc,
    ///     [in] OXID *pOxid,
    ///     [in] unsigned short cRequestedProtseqs,
    ///     [in, ref, size_is(cRequestedProtseqs)] unsigned short arRequestedProtseqs[],
    ///     [out, ref] DUALSTRINGARRAY **ppdsaOxidBindings,
    ///     [out, ref] IPID *pipidRemUnknown,
    ///     [out, ref] DWORD *pAuthnHint,
    ///     [out, ref] COMVERSION *pComVersion
    /// );
    /// ```
    fn resolve_oxid2(
        &self,
        call: &Self::Call,
        request: ResolveOxid2In,
    ) -> impl Future<Output = Result<ResolveOxid2Out, Fault>> + Send;

    /// Opnum 5: version and bindings of the resolver ([MS-DCOM] 3.1.2.5.1.6).
    ///
    /// ```idl
    /// [idempotent] error_status_t ServerAlive2(
    ///     [in] handle_t hRpc,
    ///     [out, ref] COMVERSION *pComVersion,
    ///     [out, ref] DUALSTRINGARRAY **ppdsaOrBindings,
    ///     [out, ref] DWORD *pReserved
    /// );
    /// ```
    fn server_alive2(
        &self,
        call: &Self::Call,
        request: ServerAlive2In,
    ) -> impl Future<Output = Result<ServerAlive2Out, Fault>> + Send;
}

/// Decodes a request to [`IObjectExporter`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_object_exporter<S: IObjectExporter + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        0 => {
            const OPERATION: &str = "IObjectExporter::ResolveOxid";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.resolve_oxid(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        1 => {
            const OPERATION: &str = "IObjectExporter::SimplePing";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.simple_ping(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        2 => {
            const OPERATION: &str = "IObjectExporter::ComplexPing";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.complex_ping(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        3 => {
            const OPERATION: &str = "IObjectExporter::ServerAlive";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.server_alive(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "IObjectExporter::ResolveOxid2";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.resolve_oxid2(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        5 => {
            const OPERATION: &str = "IObjectExporter::ServerAlive2";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.server_alive2(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`IObjectExporter`] through a transport that is bound to it.
#[derive(Debug)]
pub struct IObjectExporterClient<T>(pub T);

impl<T: Invoke> IObjectExporterClient<T> {
    /// Opnum 0: bindings of an object exporter ([MS-DCOM] 3.1.2.5.1.1).
    pub async fn resolve_oxid(
        &mut self,
        request: &ResolveOxidIn,
    ) -> Result<ResolveOxidOut, T::Error> {
        ndr::call(&mut self.0, 0, request).await
    }

    /// Opnum 1: ping a set ([MS-DCOM] 3.1.2.5.1.2).
    pub async fn simple_ping(
        &mut self,
        request: &SimplePingIn,
    ) -> Result<SimplePingOut, T::Error> {
        ndr::call(&mut self.0, 1, request).await
    }

    /// Opnum 2: create or change a ping set, and ping it ([MS-DCOM] 3.1.2.5.1.3).
    pub async fn complex_ping(
        &mut self,
        request: &ComplexPingIn,
    ) -> Result<ComplexPingOut, T::Error> {
        ndr::call(&mut self.0, 2, request).await
    }

    /// Opnum 3: whether the resolver is there ([MS-DCOM] 3.1.2.5.1.4).
    pub async fn server_alive(
        &mut self,
        request: &ServerAliveIn,
    ) -> Result<ServerAliveOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: as `ResolveOxid`, with the server's version ([MS-DCOM] 3.1.2.5.1.5).
    pub async fn resolve_oxid2(
        &mut self,
        request: &ResolveOxid2In,
    ) -> Result<ResolveOxid2Out, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5: version and bindings of the resolver ([MS-DCOM] 3.1.2.5.1.6).
    pub async fn server_alive2(
        &mut self,
        request: &ServerAlive2In,
    ) -> Result<ServerAlive2Out, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }
}
