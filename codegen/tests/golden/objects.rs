//! Written by `codegen` from `idl/objects.idl`.

use crate::ndr::{
    self, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault, InterfaceId,
    Invalid, Invoke, Parameters, num,
};
use super::orpc::{MInterfacePointer, ORPCTHAT, ORPCTHIS};

/// `IBase`, version 0.0.
pub const I_BASE: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x11111111_2222_3333_4444_555555555555),
    major: 0,
    minor: 0,
};

/// The request of [`IBase::first`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirstIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] long value`
    pub value: i32,
}

impl Parameters for FirstIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            value: d.value()?,
        })
    }
}

/// The response of [`IBase::first`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirstOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] long *result`
    pub result: i32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for FirstOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.result)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            result: d.value()?,
            return_value: d.value()?,
        })
    }
}

pub trait IBase {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 3.
    ///
    /// ```idl
    /// HRESULT First([in] long value, [out] long *result);
    /// ```
    fn first(
        &self,
        call: &Self::Call,
        request: FirstIn,
    ) -> impl Future<Output = Result<FirstOut, Fault>> + Send;
}

/// Decodes a request to [`IBase`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_base<S: IBase + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        3 => {
            const OPERATION: &str = "IBase::First";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.first(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`IBase`] through a transport that is bound to it.
#[derive(Debug)]
pub struct IBaseClient<T>(pub T);

impl<T: Invoke> IBaseClient<T> {
    /// Opnum 3.
    pub async fn first(&mut self, request: &FirstIn) -> Result<FirstOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }
}

/// `IDerived`, version 0.0.
pub const I_DERIVED: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x66666666_7777_8888_9999_aaaaaaaaaaaa),
    major: 0,
    minor: 0,
};

/// The request of [`IDerived::second`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecondIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] IUnknown *object`
    pub object: Option<Box<MInterfacePointer>>,
    /// `[in] REFIID riid`
    pub riid: uuid::Uuid,
    /// `[in] unsigned long count`
    pub count: u32,
    /// `[in, size_is(count)] ILater **others`
    pub others: Vec<Option<Box<MInterfacePointer>>>,
}

impl SecondIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("others", num(self.count), &self.others)?;
        Ok(())
    }
}

impl Parameters for SecondIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.object)?;
        e.value(&self.riid)?;
        e.value(&self.count)?;
        e.value(&self.others)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            object: d.value()?,
            riid: d.value()?,
            count: d.value()?,
            others: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IDerived::second`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecondOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, iid_is(riid)] void **found`
    pub found: Option<Box<MInterfacePointer>>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for SecondOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.found)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            found: d.value()?,
            return_value: d.value()?,
        })
    }
}

pub trait IDerived: IBase {
    /// Opnum 5.
    ///
    /// ```idl
    /// HRESULT Second(
    ///     [in] IUnknown *object,
    ///     [in] REFIID riid,
    ///     [out, iid_is(riid)] void **found,
    ///     [in] unsigned long count,
    ///     [in, size_is(count)] ILater **others
    /// );
    /// ```
    fn second(
        &self,
        call: &Self::Call,
        request: SecondIn,
    ) -> impl Future<Output = Result<SecondOut, Fault>> + Send;
}

/// Decodes a request to [`IDerived`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_derived<S: IDerived + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        5 => {
            const OPERATION: &str = "IDerived::Second";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.second(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => dispatch_i_base(server, call, opnum, encoding, stub).await,
    }
}

/// Calls [`IDerived`] through a transport that is bound to it.
#[derive(Debug)]
pub struct IDerivedClient<T>(pub T);

impl<T: Invoke> IDerivedClient<T> {
    /// Opnum 3.
    pub async fn first(&mut self, request: &FirstIn) -> Result<FirstOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 5.
    pub async fn second(&mut self, request: &SecondIn) -> Result<SecondOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }
}
