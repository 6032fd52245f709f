//! Written by `codegen` from `idl/remunknown.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault,
    InterfaceId, Invalid, Invoke, Ndr, Parameters, num,
};
use super::orpc::{MInterfacePointer, ORPCTHAT, ORPCTHIS, STDOBJREF};

/// Result of the query for one interface ([MS-DCOM] 2.2.24).
///
/// ```idl
/// typedef struct tagREMQIRESULT {
///     HRESULT hResult;
///     STDOBJREF std;
/// } REMQIRESULT;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct REMQIRESULT {
    /// Whether the interface is supported.
    pub h_result: u32,
    /// The reference, if it is.
    pub std: STDOBJREF,
}

impl Ndr for REMQIRESULT {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 44;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.h_result.encode(e)?;
        self.std.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            h_result: Ndr::decode(d)?,
            std: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A change of the reference counts of one interface ([MS-DCOM] 2.2.23).
///
/// ```idl
/// typedef struct tagREMINTERFACEREF {
///     IPID ipid;
///     unsigned long cPublicRefs;
///     unsigned long cPrivateRefs;
/// } REMINTERFACEREF;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct REMINTERFACEREF {
    /// The interface.
    pub ipid: uuid::Uuid,
    /// Number of public references.
    pub c_public_refs: u32,
    /// Number of private references.
    pub c_private_refs: u32,
}

impl Ndr for REMINTERFACEREF {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 24;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.ipid.encode(e)?;
        self.c_public_refs.encode(e)?;
        self.c_private_refs.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            ipid: Ndr::decode(d)?,
            c_public_refs: Ndr::decode(d)?,
            c_private_refs: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// `IRemUnknown`, version 0.0.
pub const I_REM_UNKNOWN: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x00000131_0000_0000_c000_000000000046),
    major: 0,
    minor: 0,
};

/// The request of [`IRemUnknown::rem_query_interface`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemQueryInterfaceIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] const IPID *ripid`
    pub ripid: uuid::Uuid,
    /// `[in] unsigned long cRefs`
    pub c_refs: u32,
    /// `[in] unsigned short cIids`
    pub c_iids: u16,
    /// `[in, size_is(cIids)] IID *iids`
    pub iids: Vec<uuid::Uuid>,
}

impl RemQueryInterfaceIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("iids", num(self.c_iids), &self.iids)?;
        Ok(())
    }
}

impl Parameters for RemQueryInterfaceIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.ripid)?;
        e.value(&self.c_refs)?;
        e.value(&self.c_iids)?;
        e.value(&self.iids)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            ripid: d.value()?,
            c_refs: d.value()?,
            c_iids: d.value()?,
            iids: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IRemUnknown::rem_query_interface`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemQueryInterfaceOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, size_is(, cIids)] REMQIRESULT **ppQIResults`
    pub pp_qi_results: Option<Vec<REMQIRESULT>>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RemQueryInterfaceOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pp_qi_results)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pp_qi_results: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IRemUnknown::rem_add_ref`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemAddRefIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] unsigned short cInterfaceRefs`
    pub c_interface_refs: u16,
    /// `[in, size_is(cInterfaceRefs)] REMINTERFACEREF InterfaceRefs[]`
    pub interface_refs: Vec<REMINTERFACEREF>,
}

impl RemAddRefIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("InterfaceRefs", num(self.c_interface_refs), &self.interface_refs)?;
        Ok(())
    }
}

impl Parameters for RemAddRefIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.c_interface_refs)?;
        e.value(&self.interface_refs)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            c_interface_refs: d.value()?,
            interface_refs: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IRemUnknown::rem_add_ref`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemAddRefOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, size_is(cInterfaceRefs)] HRESULT *pResults`
    pub p_results: Vec<u32>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RemAddRefOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.p_results)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            p_results: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IRemUnknown::rem_release`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemReleaseIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] unsigned short cInterfaceRefs`
    pub c_interface_refs: u16,
    /// `[in, size_is(cInterfaceRefs)] REMINTERFACEREF InterfaceRefs[]`
    pub interface_refs: Vec<REMINTERFACEREF>,
}

impl RemReleaseIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("InterfaceRefs", num(self.c_interface_refs), &self.interface_refs)?;
        Ok(())
    }
}

impl Parameters for RemReleaseIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.c_interface_refs)?;
        e.value(&self.interface_refs)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            c_interface_refs: d.value()?,
            interface_refs: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IRemUnknown::rem_release`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemReleaseOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RemReleaseOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// Remote management of references ([MS-DCOM] 3.1.1.5.6).
pub trait IRemUnknown {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 3: ask an object for further interfaces ([MS-DCOM] 3.1.1.5.6.1.1).
    ///
    /// ```idl
    /// HRESULT RemQueryInterface(
    ///     [in] const IPID *ripid,
    ///     [in] unsigned long cRefs,
    ///     [in] unsigned short cIids,
    ///     [in, size_is(cIids)] IID *iids,
    ///     [out, size_is(, cIids)] REMQIRESULT **ppQIResults
    /// );
    /// ```
    fn rem_query_interface(
        &self,
        call: &Self::Call,
        request: RemQueryInterfaceIn,
    ) -> impl Future<Output = Result<RemQueryInterfaceOut, Fault>> + Send;

    /// Opnum 4: take references ([MS-DCOM] 3.1.1.5.6.1.2).
    ///
    /// ```idl
    /// HRESULT RemAddRef(
    ///     [in] unsigned short cInterfaceRefs,
    ///     [in, size_is(cInterfaceRefs)] REMINTERFACEREF InterfaceRefs[],
    ///     [out, size_is(cInterfaceRefs)] HRESULT *pResults
    /// );
    /// ```
    fn rem_add_ref(
        &self,
        call: &Self::Call,
        request: RemAddRefIn,
    ) -> impl Future<Output = Result<RemAddRefOut, Fault>> + Send;

    /// Opnum 5: give references back ([MS-DCOM] 3.1.1.5.6.1.3).
    ///
    /// ```idl
    /// HRESULT RemRelease(
    ///     [in] unsigned short cInterfaceRefs,
    ///     [in, size_is(cInterfaceRefs)] REMINTERFACEREF InterfaceRefs[]
    /// );
    /// ```
    fn rem_release(
        &self,
        call: &Self::Call,
        request: RemReleaseIn,
    ) -> impl Future<Output = Result<RemReleaseOut, Fault>> + Send;
}

/// Decodes a request to [`IRemUnknown`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_rem_unknown<S: IRemUnknown + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        3 => {
            const OPERATION: &str = "IRemUnknown::RemQueryInterface";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.rem_query_interface(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "IRemUnknown::RemAddRef";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.rem_add_ref(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        5 => {
            const OPERATION: &str = "IRemUnknown::RemRelease";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.rem_release(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`IRemUnknown`] through a transport that is bound to it.
#[derive(Debug)]
pub struct IRemUnknownClient<T>(pub T);

impl<T: Invoke> IRemUnknownClient<T> {
    /// Opnum 3: ask an object for further interfaces ([MS-DCOM] 3.1.1.5.6.1.1).
    pub async fn rem_query_interface(
        &mut self,
        request: &RemQueryInterfaceIn,
    ) -> Result<RemQueryInterfaceOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: take references ([MS-DCOM] 3.1.1.5.6.1.2).
    pub async fn rem_add_ref(
        &mut self,
        request: &RemAddRefIn,
    ) -> Result<RemAddRefOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5: give references back ([MS-DCOM] 3.1.1.5.6.1.3).
    pub async fn rem_release(
        &mut self,
        request: &RemReleaseIn,
    ) -> Result<RemReleaseOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }
}

/// `IRemUnknown2`, version 0.0.
pub const I_REM_UNKNOWN2: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x00000143_0000_0000_c000_000000000046),
    major: 0,
    minor: 0,
};

/// The request of [`IRemUnknown2::rem_query_interface2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemQueryInterface2In {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] const IPID *ripid`
    pub ripid: uuid::Uuid,
    /// `[in] unsigned short cIids`
    pub c_iids: u16,
    /// `[in, size_is(cIids)] IID *iids`
    pub iids: Vec<uuid::Uuid>,
}

impl RemQueryInterface2In {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("iids", num(self.c_iids), &self.iids)?;
        Ok(())
    }
}

impl Parameters for RemQueryInterface2In {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.ripid)?;
        e.value(&self.c_iids)?;
        e.value(&self.iids)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            ripid: d.value()?,
            c_iids: d.value()?,
            iids: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IRemUnknown2::rem_query_interface2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemQueryInterface2Out {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, size_is(cIids)] HRESULT *phr`
    pub phr: Vec<u32>,
    /// `[out, size_is(cIids)] PMInterfacePointer *ppMIF`
    pub pp_mif: Vec<Option<Box<MInterfacePointer>>>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RemQueryInterface2Out {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.phr)?;
        e.value(&self.pp_mif)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            phr: d.value()?,
            pp_mif: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The same, with a query that returns whole object references ([MS-DCOM] 3.1.1.5.7).
pub trait IRemUnknown2: IRemUnknown {
    /// Opnum 6: ask an object for further interfaces ([MS-DCOM] 3.1.1.5.7.1.1).
    ///
    /// ```idl
    /// HRESULT RemQueryInterface2(
    ///     [in] const IPID *ripid,
    ///     [in] unsigned short cIids,
    ///     [in, size_is(cIids)] IID *iids,
    ///     [out, size_is(cIids)] HRESULT *phr,
    ///     [out, size_is(cIids)] PMInterfacePointer *ppMIF
    /// );
    /// ```
    fn rem_query_interface2(
        &self,
        call: &Self::Call,
        request: RemQueryInterface2In,
    ) -> impl Future<Output = Result<RemQueryInterface2Out, Fault>> + Send;
}

/// Decodes a request to [`IRemUnknown2`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_rem_unknown2<S: IRemUnknown2 + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        6 => {
            const OPERATION: &str = "IRemUnknown2::RemQueryInterface2";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.rem_query_interface2(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => dispatch_i_rem_unknown(server, call, opnum, encoding, stub).await,
    }
}

/// Calls [`IRemUnknown2`] through a transport that is bound to it.
#[derive(Debug)]
pub struct IRemUnknown2Client<T>(pub T);

impl<T: Invoke> IRemUnknown2Client<T> {
    /// Opnum 3: ask an object for further interfaces ([MS-DCOM] 3.1.1.5.6.1.1).
    pub async fn rem_query_interface(
        &mut self,
        request: &RemQueryInterfaceIn,
    ) -> Result<RemQueryInterfaceOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: take references ([MS-DCOM] 3.1.1.5.6.1.2).
    pub async fn rem_add_ref(
        &mut self,
        request: &RemAddRefIn,
    ) -> Result<RemAddRefOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5: give references back ([MS-DCOM] 3.1.1.5.6.1.3).
    pub async fn rem_release(
        &mut self,
        request: &RemReleaseIn,
    ) -> Result<RemReleaseOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }

    /// Opnum 6: ask an object for further interfaces ([MS-DCOM] 3.1.1.5.7.1.1).
    pub async fn rem_query_interface2(
        &mut self,
        request: &RemQueryInterface2In,
    ) -> Result<RemQueryInterface2Out, T::Error> {
        ndr::call(&mut self.0, 6, request).await
    }
}
