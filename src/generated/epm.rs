//! Written by `codegen` from `idl/epm.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault,
    InterfaceId, Invalid, Invoke, Ndr, Parameters, num,
};
use super::rpctypes::{RPC_IF_ID, twr_t};

/// Size of the annotation, its terminator included.
///
/// ```idl
/// const long ept_max_annotation_size = 64;
/// ```
pub const EPT_MAX_ANNOTATION_SIZE: i32 = 64;

/// One element of the endpoint map.
///
/// ```idl
/// typedef struct {
///     UUID object;
///     twr_p_t tower;
///     [string] char annotation[ept_max_annotation_size];
/// } ept_entry_t;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ept_entry_t {
    /// Object UUID, or nil.
    pub object: uuid::Uuid,
    /// The tower with interface, transfer syntax, protocols and address.
    pub tower: ndr::Full<twr_t>,
    /// A remark for people.
    pub annotation: ndr::FixedText<u8, 64>,
}

impl Ndr for ept_entry_t {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 29;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.object.encode(e)?;
        self.tower.encode(e)?;
        e.align64(Self::ALIGN);
        self.annotation.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            object: Ndr::decode(d)?,
            tower: Ndr::decode(d)?,
            annotation: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.tower.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.tower.decode_deferred(d)?;
        Ok(())
    }
}

/// `ept`, version 3.0.
pub const EPT: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa),
    major: 3,
    minor: 0,
};

/// The request of [`Ept::ept_insert`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptInsertIn {
    /// `[in] unsigned long num_ents`
    pub num_ents: u32,
    /// `[in, size_is(num_ents)] ept_entry_t entries[]`
    pub entries: Vec<ept_entry_t>,
    /// `[in] unsigned long replace`
    pub replace: u32,
}

impl EptInsertIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("entries", num(self.num_ents), &self.entries)?;
        Ok(())
    }
}

impl Parameters for EptInsertIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.num_ents)?;
        e.value(&self.entries)?;
        e.value(&self.replace)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            num_ents: d.value()?,
            entries: d.value()?,
            replace: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Ept::ept_insert`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptInsertOut {
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl Parameters for EptInsertOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { status: d.value()? })
    }
}

/// The request of [`Ept::ept_delete`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptDeleteIn {
    /// `[in] unsigned long num_ents`
    pub num_ents: u32,
    /// `[in, size_is(num_ents)] ept_entry_t entries[]`
    pub entries: Vec<ept_entry_t>,
}

impl EptDeleteIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("entries", num(self.num_ents), &self.entries)?;
        Ok(())
    }
}

impl Parameters for EptDeleteIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.num_ents)?;
        e.value(&self.entries)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            num_ents: d.value()?,
            entries: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Ept::ept_delete`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptDeleteOut {
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl Parameters for EptDeleteOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { status: d.value()? })
    }
}

/// The request of [`Ept::ept_lookup`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptLookupIn {
    /// `[in] unsigned long inquiry_type`
    pub inquiry_type: u32,
    /// `[in, ptr] UUID *object`
    pub object: ndr::Full<uuid::Uuid>,
    /// `[in, ptr] RPC_IF_ID *Ifid`
    pub ifid: ndr::Full<RPC_IF_ID>,
    /// `[in] unsigned long vers_option`
    pub vers_option: u32,
    /// `[in, out] ept_lookup_handle_t *entry_handle`
    pub entry_handle: ndr::ContextHandle,
    /// `[in, range(0, 500)] unsigned long max_ents`
    pub max_ents: u32,
}

impl EptLookupIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("max_ents", num(self.max_ents), 0, 500)?;
        Ok(())
    }
}

impl Parameters for EptLookupIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.inquiry_type)?;
        e.value(&self.object)?;
        e.value(&self.ifid)?;
        e.value(&self.vers_option)?;
        e.value(&self.entry_handle)?;
        e.value(&self.max_ents)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            inquiry_type: d.value()?,
            object: d.value()?,
            ifid: d.value()?,
            vers_option: d.value()?,
            entry_handle: d.value()?,
            max_ents: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Ept::ept_lookup`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptLookupOut {
    /// `[in, out] ept_lookup_handle_t *entry_handle`
    pub entry_handle: ndr::ContextHandle,
    /// `[out] unsigned long *num_ents`
    pub num_ents: u32,
    /// `[out, size_is(max_ents), length_is(*num_ents)] ept_entry_t entries[]`
    pub entries: ndr::Varying<ept_entry_t>,
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl EptLookupOut {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::first_is("entries", num(0), &self.entries)?;
        ndr::length_is("entries", num(self.num_ents), &self.entries)?;
        Ok(())
    }
}

impl Parameters for EptLookupOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.entry_handle)?;
        e.value(&self.num_ents)?;
        e.value(&self.entries)?;
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            entry_handle: d.value()?,
            num_ents: d.value()?,
            entries: d.value()?,
            status: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The request of [`Ept::ept_map`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptMapIn {
    /// `[in, ptr] UUID *obj`
    pub obj: ndr::Full<uuid::Uuid>,
    /// `[in, ptr] twr_p_t map_tower`
    pub map_tower: ndr::Full<twr_t>,
    /// `[in, out] ept_lookup_handle_t *entry_handle`
    pub entry_handle: ndr::ContextHandle,
    /// `[in, range(0, 500)] unsigned long max_towers`
    pub max_towers: u32,
}

impl EptMapIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("max_towers", num(self.max_towers), 0, 500)?;
        Ok(())
    }
}

impl Parameters for EptMapIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.obj)?;
        e.value(&self.map_tower)?;
        e.value(&self.entry_handle)?;
        e.value(&self.max_towers)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            obj: d.value()?,
            map_tower: d.value()?,
            entry_handle: d.value()?,
            max_towers: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Ept::ept_map`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptMapOut {
    /// `[in, out] ept_lookup_handle_t *entry_handle`
    pub entry_handle: ndr::ContextHandle,
    /// `[out] unsigned long *num_towers`
    pub num_towers: u32,
    /// `[out, size_is(max_towers), length_is(*num_towers)] twr_p_t ITowers[]`
    pub i_towers: ndr::Varying<ndr::Full<twr_t>>,
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl EptMapOut {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::first_is("ITowers", num(0), &self.i_towers)?;
        ndr::length_is("ITowers", num(self.num_towers), &self.i_towers)?;
        Ok(())
    }
}

impl Parameters for EptMapOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.entry_handle)?;
        e.value(&self.num_towers)?;
        e.value(&self.i_towers)?;
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            entry_handle: d.value()?,
            num_towers: d.value()?,
            i_towers: d.value()?,
            status: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The request of [`Ept::ept_lookup_handle_free`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptLookupHandleFreeIn {
    /// `[in, out] ept_lookup_handle_t *entry_handle`
    pub entry_handle: ndr::ContextHandle,
}

impl Parameters for EptLookupHandleFreeIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.entry_handle)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { entry_handle: d.value()? })
    }
}

/// The response of [`Ept::ept_lookup_handle_free`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptLookupHandleFreeOut {
    /// `[in, out] ept_lookup_handle_t *entry_handle`
    pub entry_handle: ndr::ContextHandle,
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl Parameters for EptLookupHandleFreeOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.entry_handle)?;
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            entry_handle: d.value()?,
            status: d.value()?,
        })
    }
}

/// The request of [`Ept::ept_inq_object`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptInqObjectIn {}

impl Parameters for EptInqObjectIn {
    fn encode(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(_d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {})
    }
}

/// The response of [`Ept::ept_inq_object`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptInqObjectOut {
    /// `[out] UUID *ept_object`
    pub ept_object: uuid::Uuid,
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl Parameters for EptInqObjectOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.ept_object)?;
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            ept_object: d.value()?,
            status: d.value()?,
        })
    }
}

/// The request of [`Ept::ept_mgmt_delete`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptMgmtDeleteIn {
    /// `[in] unsigned long object_speced`
    pub object_speced: u32,
    /// `[in, ptr] UUID *object`
    pub object: ndr::Full<uuid::Uuid>,
    /// `[in, ptr] twr_p_t tower`
    pub tower: ndr::Full<twr_t>,
}

impl Parameters for EptMgmtDeleteIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.object_speced)?;
        e.value(&self.object)?;
        e.value(&self.tower)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            object_speced: d.value()?,
            object: d.value()?,
            tower: d.value()?,
        })
    }
}

/// The response of [`Ept::ept_mgmt_delete`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EptMgmtDeleteOut {
    /// `[out] error_status_t *status`
    pub status: u32,
}

impl Parameters for EptMgmtDeleteOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.status)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { status: d.value()? })
    }
}

/// Operations of the endpoint map; every pointer is a full pointer, as in [C706].
pub trait Ept {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 0: add elements. Not served to remote callers ([MS-RPCE] 2.2.1.2.6).
    ///
    /// ```idl
    /// void ept_insert(
    ///     [in] handle_t hEpMapper,
    ///     [in] unsigned long num_ents,
    ///     [in, size_is(num_ents)] ept_entry_t entries[],
    ///     [in] unsigned long replace,
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn ept_insert(
        &self,
        call: &Self::Call,
        request: EptInsertIn,
    ) -> impl Future<Output = Result<EptInsertOut, Fault>> + Send;

    /// Opnum 1: remove elements. Not served to remote callers ([MS-RPCE] 2.2.1.2.7).
    ///
    /// ```idl
    /// void ept_delete(
    ///     [in] handle_t hEpMapper,
    ///     [in] unsigned long num_ents,
    ///     [in, size_is(num_ents)] ept_entry_t entries[],
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn ept_delete(
        &self,
        call: &Self::Call,
        request: EptDeleteIn,
    ) -> impl Future<Output = Result<EptDeleteOut, Fault>> + Send;

    /// Opnum 2: list elements ([MS-RPCE] 2.2.1.2.4).
    ///
    /// ```idl
    /// void ept_lookup(
    ///     [in] handle_t hEpMapper,
    ///     [in] unsigned long inquiry_type,
    ///     [in, ptr] UUID *object,
    ///     [in, ptr] RPC_IF_ID *Ifid,
    ///     [in] unsigned long vers_option,
    ///     [in, out] ept_lookup_handle_t *entry_handle,
    ///     [in, range(0, 500)] unsigned long max_ents,
    ///     [out] unsigned long *num_ents,
    ///     [out, size_is(max_ents), length_is(*num_ents)] ept_entry_t entries[],
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn ept_lookup(
        &self,
        call: &Self::Call,
        request: EptLookupIn,
    ) -> impl Future<Output = Result<EptLookupOut, Fault>> + Send;

    /// Opnum 3: find the addresses of an interface ([MS-RPCE] 2.2.1.2.5).
    ///
    /// ```idl
    /// void ept_map(
    ///     [in] handle_t hEpMapper,
    ///     [in, ptr] UUID *obj,
    ///     [in, ptr] twr_p_t map_tower,
    ///     [in, out] ept_lookup_handle_t *entry_handle,
    ///     [in, range(0, 500)] unsigned long max_towers,
    ///     [out] unsigned long *num_towers,
    ///     [out, size_is(max_towers), length_is(*num_towers)] twr_p_t ITowers[],
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn ept_map(
        &self,
        call: &Self::Call,
        request: EptMapIn,
    ) -> impl Future<Output = Result<EptMapOut, Fault>> + Send;

    /// Opnum 4: end an unfinished lookup ([MS-RPCE] 2.2.1.2.8).
    ///
    /// ```idl
    /// void ept_lookup_handle_free(
    ///     [in] handle_t hEpMapper,
    ///     [in, out] ept_lookup_handle_t *entry_handle,
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn ept_lookup_handle_free(
        &self,
        call: &Self::Call,
        request: EptLookupHandleFreeIn,
    ) -> impl Future<Output = Result<EptLookupHandleFreeOut, Fault>> + Send;

    /// Opnum 5: the object UUID of the endpoint map itself. Not served ([MS-RPCE] 2.2.1.2.9).
    ///
    /// ```idl
    /// void ept_inq_object(
    ///     [in] handle_t hEpMapper,
    ///     [out] UUID *ept_object,
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn ept_inq_object(
        &self,
        call: &Self::Call,
        request: EptInqObjectIn,
    ) -> impl Future<Output = Result<EptInqObjectOut, Fault>> + Send;

    /// Opnum 6: remove elements by object and tower. Not served ([MS-RPCE] 2.2.1.2.10).
    ///
    /// ```idl
    /// void ept_mgmt_delete(
    ///     [in] handle_t hEpMapper,
    ///     [in] unsigned long object_speced,
    ///     [in, ptr] UUID *object,
    ///     [in, ptr] twr_p_t tower,
    ///     [out] error_status_t *status
    /// );
    /// ```
    fn ept_mgmt_delete(
        &self,
        call: &Self::Call,
        request: EptMgmtDeleteIn,
    ) -> impl Future<Output = Result<EptMgmtDeleteOut, Fault>> + Send;
}

/// Decodes a request to [`Ept`], has `server` carry it out, encodes the response.
pub async fn dispatch_ept<S: Ept + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        0 => {
            const OPERATION: &str = "ept::ept_insert";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ept_insert(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        1 => {
            const OPERATION: &str = "ept::ept_delete";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ept_delete(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        2 => {
            const OPERATION: &str = "ept::ept_lookup";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ept_lookup(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        3 => {
            const OPERATION: &str = "ept::ept_map";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ept_map(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "ept::ept_lookup_handle_free";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ept_lookup_handle_free(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        5 => {
            const OPERATION: &str = "ept::ept_inq_object";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ept_inq_object(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        6 => {
            const OPERATION: &str = "ept::ept_mgmt_delete";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ept_mgmt_delete(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`Ept`] through a transport that is bound to it.
#[derive(Debug)]
pub struct EptClient<T>(pub T);

impl<T: Invoke> EptClient<T> {
    /// Opnum 0: add elements. Not served to remote callers ([MS-RPCE] 2.2.1.2.6).
    pub async fn ept_insert(
        &mut self,
        request: &EptInsertIn,
    ) -> Result<EptInsertOut, T::Error> {
        ndr::call(&mut self.0, 0, request).await
    }

    /// Opnum 1: remove elements. Not served to remote callers ([MS-RPCE] 2.2.1.2.7).
    pub async fn ept_delete(
        &mut self,
        request: &EptDeleteIn,
    ) -> Result<EptDeleteOut, T::Error> {
        ndr::call(&mut self.0, 1, request).await
    }

    /// Opnum 2: list elements ([MS-RPCE] 2.2.1.2.4).
    pub async fn ept_lookup(
        &mut self,
        request: &EptLookupIn,
    ) -> Result<EptLookupOut, T::Error> {
        ndr::call(&mut self.0, 2, request).await
    }

    /// Opnum 3: find the addresses of an interface ([MS-RPCE] 2.2.1.2.5).
    pub async fn ept_map(&mut self, request: &EptMapIn) -> Result<EptMapOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: end an unfinished lookup ([MS-RPCE] 2.2.1.2.8).
    pub async fn ept_lookup_handle_free(
        &mut self,
        request: &EptLookupHandleFreeIn,
    ) -> Result<EptLookupHandleFreeOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5: the object UUID of the endpoint map itself. Not served ([MS-RPCE] 2.2.1.2.9).
    pub async fn ept_inq_object(
        &mut self,
        request: &EptInqObjectIn,
    ) -> Result<EptInqObjectOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }

    /// Opnum 6: remove elements by object and tower. Not served ([MS-RPCE] 2.2.1.2.10).
    pub async fn ept_mgmt_delete(
        &mut self,
        request: &EptMgmtDeleteIn,
    ) -> Result<EptMgmtDeleteOut, T::Error> {
        ndr::call(&mut self.0, 6, request).await
    }
}
