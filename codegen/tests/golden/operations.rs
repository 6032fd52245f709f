//! Written by `codegen` from `idl/operations.idl`.

use crate::ndr::{
    self, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault, InterfaceId,
    Invalid, Invoke, Parameters, num,
};
use super::dtyp::{FILETIME, RPC_SID};

/// ```idl
/// const long MAX_ITEMS = 4;
/// ```
pub const MAX_ITEMS: i32 = 4;

/// `Plain`, version 2.1.
pub const PLAIN: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x00010203_0405_0607_0809_0a0b0c0d0e0f),
    major: 2,
    minor: 1,
};

/// The request of [`Plain::nothing`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NothingIn {}

impl Parameters for NothingIn {
    fn encode(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(_d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {})
    }
}

/// The response of [`Plain::nothing`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NothingOut {}

impl Parameters for NothingOut {
    fn encode(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(_d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {})
    }
}

/// The request of [`Plain::everything`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EverythingIn {
    /// `[in] long value`
    pub value: i32,
    /// `[in] FILETIME time`
    pub time: FILETIME,
    /// `[in] FILETIME *by_reference`
    pub by_reference: FILETIME,
    /// `[in, unique] FILETIME *optional`
    pub optional: Option<Box<FILETIME>>,
    /// `[in, ptr] GUID *full`
    pub full: ndr::Full<uuid::Uuid>,
    /// `[in, out] COUNT *count`
    pub count: u32,
    /// `[in, size_is(*count)] long input[]`
    pub input: Vec<i32>,
    /// `[in, unique, size_is(*count)] long optional_input[]`
    pub optional_input: Option<Vec<i32>>,
    /// `[in] unsigned long room`
    pub room: u32,
    /// `[in, string] const wchar_t *name`
    pub name: ndr::WideString,
}

impl EverythingIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("count", num(self.count), 0, 4)?;
        ndr::size_is("input", num(self.count), &self.input)?;
        ndr::size_is("optional_input", num(self.count), &self.optional_input)?;
        Ok(())
    }
}

impl Parameters for EverythingIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.value)?;
        e.value(&self.time)?;
        e.value(&self.by_reference)?;
        e.value(&self.optional)?;
        e.value(&self.full)?;
        e.value(&self.count)?;
        e.value(&self.input)?;
        e.value(&self.optional_input)?;
        e.value(&self.room)?;
        e.value(&self.name)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            value: d.value()?,
            time: d.value()?,
            by_reference: d.value()?,
            optional: d.value()?,
            full: d.value()?,
            count: d.value()?,
            input: d.value()?,
            optional_input: d.value()?,
            room: d.value()?,
            name: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Plain::everything`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EverythingOut {
    /// `[in, out] COUNT *count`
    pub count: u32,
    /// `[out, size_is(*count)] long output[]`
    pub output: Vec<i32>,
    /// `[out, size_is(, *count)] long **allocated`
    pub allocated: Option<Vec<i32>>,
    /// `[out] unsigned long *used`
    pub used: u32,
    /// `[out, size_is(room), length_is(*used)] PRPC_SID *sids`
    pub sids: ndr::Varying<Option<Box<RPC_SID>>>,
    /// `[out, string, size_is(room)] char *text`
    pub text: ndr::SizedText<u8>,
    /// The return value.
    pub return_value: i32,
}

impl EverythingOut {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("count", num(self.count), 0, 4)?;
        ndr::size_is("output", num(self.count), &self.output)?;
        ndr::size_is("allocated", num(self.count), &self.allocated)?;
        ndr::first_is("sids", num(0), &self.sids)?;
        ndr::length_is("sids", num(self.used), &self.sids)?;
        Ok(())
    }
}

impl Parameters for EverythingOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.count)?;
        e.value(&self.output)?;
        e.value(&self.allocated)?;
        e.value(&self.used)?;
        e.value(&self.sids)?;
        e.value(&self.text)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            count: d.value()?,
            output: d.value()?,
            allocated: d.value()?,
            used: d.value()?,
            sids: d.value()?,
            text: d.value()?,
            return_value: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The request of [`Plain::open`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenIn {
    /// `[in, string, unique] wchar_t *name`
    pub name: Option<ndr::WideString>,
}

impl Parameters for OpenIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.name)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { name: d.value()? })
    }
}

/// The response of [`Plain::open`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOut {
    /// `[out] HANDLE_T *handle`
    pub handle: ndr::ContextHandle,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for OpenOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.handle)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            handle: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`Plain::use_`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UseIn {
    /// `[in] HANDLE_T handle`
    pub handle: ndr::ContextHandle,
    /// `[in, out, context_handle] void **other`
    pub other: ndr::ContextHandle,
}

impl Parameters for UseIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.handle)?;
        e.value(&self.other)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            handle: d.value()?,
            other: d.value()?,
        })
    }
}

/// The response of [`Plain::use_`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UseOut {
    /// `[in, out, context_handle] void **other`
    pub other: ndr::ContextHandle,
}

impl Parameters for UseOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.other)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { other: d.value()? })
    }
}

/// The request of [`Plain::close`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CloseIn {
    /// `[in, out] HANDLE_T *handle`
    pub handle: ndr::ContextHandle,
}

impl Parameters for CloseIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.handle)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { handle: d.value()? })
    }
}

/// The response of [`Plain::close`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CloseOut {
    /// `[in, out] HANDLE_T *handle`
    pub handle: ndr::ContextHandle,
}

impl Parameters for CloseOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.handle)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { handle: d.value()? })
    }
}

/// A plain interface.
pub trait Plain {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 0.
    ///
    /// ```idl
    /// void Nothing(void);
    /// ```
    fn nothing(
        &self,
        call: &Self::Call,
        request: NothingIn,
    ) -> impl Future<Output = Result<NothingOut, Fault>> + Send;

    /// Opnum 1.
    ///
    /// ```idl
    /// long Everything(
    ///     [in] handle_t binding,
    ///     [in] long value,
    ///     [in] FILETIME time,
    ///     [in] FILETIME *by_reference,
    ///     [in, unique] FILETIME *optional,
    ///     [in, ptr] GUID *full,
    ///     [in, out] COUNT *count,
    ///     [in, size_is(*count)] long input[],
    ///     [in, unique, size_is(*count)] long optional_input[],
    ///     [out, size_is(*count)] long output[],
    ///     [out, size_is(, *count)] long **allocated,
    ///     [in] unsigned long room,
    ///     [out] unsigned long *used,
    ///     [out, size_is(room), length_is(*used)] PRPC_SID *sids,
    ///     [out, string, size_is(room)] char *text,
    ///     [in, string] const wchar_t *name
    /// );
    /// ```
    fn everything(
        &self,
        call: &Self::Call,
        request: EverythingIn,
    ) -> impl Future<Output = Result<EverythingOut, Fault>> + Send;

    /// Opnum 3.
    ///
    /// ```idl
    /// error_status_t Open([in, string, unique] wchar_t *name, [out] HANDLE_T *handle);
    /// ```
    fn open(
        &self,
        call: &Self::Call,
        request: OpenIn,
    ) -> impl Future<Output = Result<OpenOut, Fault>> + Send;

    /// Opnum 4.
    ///
    /// ```idl
    /// void Use([in] HANDLE_T handle, [in, out, context_handle] void **other);
    /// ```
    fn use_(
        &self,
        call: &Self::Call,
        request: UseIn,
    ) -> impl Future<Output = Result<UseOut, Fault>> + Send;

    /// Opnum 5.
    ///
    /// ```idl
    /// void Close([in, out] HANDLE_T *handle);
    /// ```
    fn close(
        &self,
        call: &Self::Call,
        request: CloseIn,
    ) -> impl Future<Output = Result<CloseOut, Fault>> + Send;
}

/// Decodes a request to [`Plain`], has `server` carry it out, encodes the response.
pub async fn dispatch_plain<S: Plain + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        0 => {
            const OPERATION: &str = "Plain::Nothing";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.nothing(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        1 => {
            const OPERATION: &str = "Plain::Everything";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.everything(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        3 => {
            const OPERATION: &str = "Plain::Open";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.open(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "Plain::Use";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.use_(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        5 => {
            const OPERATION: &str = "Plain::Close";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.close(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`Plain`] through a transport that is bound to it.
#[derive(Debug)]
pub struct PlainClient<T>(pub T);

impl<T: Invoke> PlainClient<T> {
    /// Opnum 0.
    pub async fn nothing(
        &mut self,
        request: &NothingIn,
    ) -> Result<NothingOut, T::Error> {
        ndr::call(&mut self.0, 0, request).await
    }

    /// Opnum 1.
    pub async fn everything(
        &mut self,
        request: &EverythingIn,
    ) -> Result<EverythingOut, T::Error> {
        ndr::call(&mut self.0, 1, request).await
    }

    /// Opnum 3.
    pub async fn open(&mut self, request: &OpenIn) -> Result<OpenOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4.
    pub async fn use_(&mut self, request: &UseIn) -> Result<UseOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5.
    pub async fn close(&mut self, request: &CloseIn) -> Result<CloseOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }
}
