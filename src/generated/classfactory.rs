//! Written by `codegen` from `idl/classfactory.idl`.

use crate::ndr::{
    self, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault, InterfaceId,
    Invoke, Parameters,
};
use super::orpc::{MInterfacePointer, ORPCTHAT, ORPCTHIS};

/// `IClassFactory`, version 0.0.
pub const I_CLASS_FACTORY: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x00000001_0000_0000_c000_000000000046),
    major: 0,
    minor: 0,
};

/// The request of [`IClassFactory::remote_create_instance`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteCreateInstanceIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] const IID *riid`
    pub riid: uuid::Uuid,
}

impl Parameters for RemoteCreateInstanceIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.riid)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            riid: d.value()?,
        })
    }
}

/// The response of [`IClassFactory::remote_create_instance`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteCreateInstanceOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] PMInterfacePointer *ppvObject`
    pub ppv_object: Option<Box<MInterfacePointer>>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RemoteCreateInstanceOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.ppv_object)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            ppv_object: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IClassFactory::remote_lock_server`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteLockServerIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] long fLock`
    pub f_lock: i32,
}

impl Parameters for RemoteLockServerIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.f_lock)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            f_lock: d.value()?,
        })
    }
}

/// The response of [`IClassFactory::remote_lock_server`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteLockServerOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RemoteLockServerOut {
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

/// Makes objects of a class.
pub trait IClassFactory {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 3: make an object; what CreateInstance is on the wire.
    ///
    /// ```idl
    /// HRESULT RemoteCreateInstance(
    ///     [in] const IID *riid,
    ///     [out] PMInterfacePointer *ppvObject
    /// );
    /// ```
    fn remote_create_instance(
        &self,
        call: &Self::Call,
        request: RemoteCreateInstanceIn,
    ) -> impl Future<Output = Result<RemoteCreateInstanceOut, Fault>> + Send;

    /// Opnum 4: keep the server running; what LockServer is on the wire.
    ///
    /// ```idl
    /// HRESULT RemoteLockServer(
    ///     [in] long fLock
    /// );
    /// ```
    fn remote_lock_server(
        &self,
        call: &Self::Call,
        request: RemoteLockServerIn,
    ) -> impl Future<Output = Result<RemoteLockServerOut, Fault>> + Send;
}

/// Decodes a request to [`IClassFactory`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_class_factory<S: IClassFactory + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        3 => {
            const OPERATION: &str = "IClassFactory::RemoteCreateInstance";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.remote_create_instance(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "IClassFactory::RemoteLockServer";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.remote_lock_server(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`IClassFactory`] through a transport that is bound to it.
#[derive(Debug)]
pub struct IClassFactoryClient<T>(pub T);

impl<T: Invoke> IClassFactoryClient<T> {
    /// Opnum 3: make an object; what CreateInstance is on the wire.
    pub async fn remote_create_instance(
        &mut self,
        request: &RemoteCreateInstanceIn,
    ) -> Result<RemoteCreateInstanceOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: keep the server running; what LockServer is on the wire.
    pub async fn remote_lock_server(
        &mut self,
        request: &RemoteLockServerIn,
    ) -> Result<RemoteLockServerOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }
}
