//! The generated codec of each operation and type, by the name that the vectors use.

use std::fmt::Debug;

use wcce::generated::{
    epm, icertadmind, icertpassage, icertrequestd, mgmt, netlogon, oaut, oxid, pac,
    remote_activation, remunknown,
};
use wcce::ndr::{self, ByteOrder, DecodeError, EncodeError, Encoding, Ndr, Parameters, Syntax};

/// What became of a stub.
pub struct Decoded {
    /// The `Debug` text of the value.
    pub debug: String,
    /// The value, encoded anew.
    pub again: Result<Vec<u8>, EncodeError>,
}

/// Decodes a stub and encodes it anew.
pub type Codec = fn(Encoding, &[u8]) -> Result<Decoded, DecodeError>;

/// NDR 2.0 as everybody sends it.
pub const NDR: Encoding = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little };
/// NDR64.
pub const NDR64: Encoding = Encoding { syntax: Syntax::Ndr64, order: ByteOrder::Little };
/// NDR 2.0 of a big-endian sender.
pub const NDR_BIG: Encoding = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Big };

fn call<P: Parameters + Debug>(encoding: Encoding, stub: &[u8]) -> Result<Decoded, DecodeError> {
    let value: P = ndr::from_stub(encoding, stub)?;
    Ok(Decoded { debug: format!("{value:?}"), again: ndr::to_stub(encoding, &value) })
}

fn stream<T: Ndr + Debug>(_: Encoding, stream: &[u8]) -> Result<Decoded, DecodeError> {
    let value: T = ndr::deserialize(stream)?;
    Ok(Decoded { debug: format!("{value:?}"), again: ndr::serialize(&value) })
}

macro_rules! codecs {
    (
        calls { $($name:literal: $module:ident $request:ident $response:ident;)* }
        streams { $($stream:literal: $type:ty;)* }
    ) => {
        /// The codec of `Interface.Operation.in`, `Interface.Operation.out` or `TYPE`.
        pub fn codec(of: &str) -> Option<Codec> {
            Some(match of {
                $(
                    concat!($name, ".in") => call::<$module::$request>,
                    concat!($name, ".out") => call::<$module::$response>,
                )*
                $($stream => stream::<$type>,)*
                _ => return None,
            })
        }
    };
}

codecs! {
    calls {
        "ICertPassage.CertServerRequest": icertpassage CertServerRequestIn CertServerRequestOut;
        "ept.ept_map": epm EptMapIn EptMapOut;
        "ept.ept_lookup": epm EptLookupIn EptLookupOut;
        "ept.ept_lookup_handle_free": epm EptLookupHandleFreeIn EptLookupHandleFreeOut;
        "mgmt.rpc_mgmt_inq_if_ids": mgmt RpcMgmtInqIfIdsIn RpcMgmtInqIfIdsOut;
        "mgmt.rpc_mgmt_inq_stats": mgmt RpcMgmtInqStatsIn RpcMgmtInqStatsOut;
        "mgmt.rpc_mgmt_is_server_listening": mgmt RpcMgmtIsServerListeningIn RpcMgmtIsServerListeningOut;
        "mgmt.rpc_mgmt_inq_princ_name": mgmt RpcMgmtInqPrincNameIn RpcMgmtInqPrincNameOut;
        "ICertRequestD.Request": icertrequestd RequestIn RequestOut;
        "ICertRequestD.GetCACert": icertrequestd GetCaCertIn GetCaCertOut;
        "ICertRequestD.Ping": icertrequestd PingIn PingOut;
        "ICertRequestD2.Request2": icertrequestd Request2In Request2Out;
        "ICertRequestD2.GetCAProperty": icertrequestd GetCaPropertyIn GetCaPropertyOut;
        "ICertRequestD2.GetCAPropertyInfo": icertrequestd GetCaPropertyInfoIn GetCaPropertyInfoOut;
        "IActivation.RemoteActivation": remote_activation RemoteActivationIn RemoteActivationOut;
        "IRemoteSCMActivator.RemoteGetClassObject": remote_activation RemoteGetClassObjectIn RemoteGetClassObjectOut;
        "IRemoteSCMActivator.RemoteCreateInstance": remote_activation RemoteCreateInstanceIn RemoteCreateInstanceOut;
        "IObjectExporter.ResolveOxid2": oxid ResolveOxid2In ResolveOxid2Out;
        "IObjectExporter.SimplePing": oxid SimplePingIn SimplePingOut;
        "IObjectExporter.ComplexPing": oxid ComplexPingIn ComplexPingOut;
        "IObjectExporter.ServerAlive2": oxid ServerAlive2In ServerAlive2Out;
        "IRemUnknown.RemQueryInterface": remunknown RemQueryInterfaceIn RemQueryInterfaceOut;
        "IRemUnknown.RemRelease": remunknown RemReleaseIn RemReleaseOut;
        "IRemUnknown2.RemQueryInterface2": remunknown RemQueryInterface2In RemQueryInterface2Out;
        "logon.NetrServerReqChallenge": netlogon NetrServerReqChallengeIn NetrServerReqChallengeOut;
        "logon.NetrServerAuthenticate3": netlogon NetrServerAuthenticate3In NetrServerAuthenticate3Out;
        "logon.NetrLogonGetCapabilities": netlogon NetrLogonGetCapabilitiesIn NetrLogonGetCapabilitiesOut;
        "logon.NetrLogonSamLogonEx": netlogon NetrLogonSamLogonExIn NetrLogonSamLogonExOut;
        "IDispatch.GetTypeInfoCount": oaut GetTypeInfoCountIn GetTypeInfoCountOut;
        "IDispatch.GetTypeInfo": oaut GetTypeInfoIn GetTypeInfoOut;
        "IDispatch.Invoke": oaut InvokeIn InvokeOut;
        "ICertAdminD2.GetConfigEntry": icertadmind GetConfigEntryIn GetConfigEntryOut;
        "ICertAdminD.OpenView": icertadmind OpenViewIn OpenViewOut;
        "ICertAdminD.RevokeCertificate": icertadmind RevokeCertificateIn RevokeCertificateOut;
        "ICertAdminD.BackupGetAttachmentInformation": icertadmind BackupGetAttachmentInformationIn BackupGetAttachmentInformationOut;
    }
    streams {
        "KERB_VALIDATION_INFO": Option<pac::KERB_VALIDATION_INFO>;
        "S4U_DELEGATION_INFO": Option<pac::S4U_DELEGATION_INFO>;
        "CustomHeader": remote_activation::CustomHeader;
        "InstantiationInfoData": remote_activation::InstantiationInfoData;
        "SpecialPropertiesData": remote_activation::SpecialPropertiesData;
        "ScmRequestInfoData": remote_activation::ScmRequestInfoData;
        "ActivationContextInfoData": remote_activation::ActivationContextInfoData;
        "LocationInfoData": remote_activation::LocationInfoData;
        "SecurityInfoData": remote_activation::SecurityInfoData;
        "InstanceInfoData": remote_activation::InstanceInfoData;
        "PropsOutInfo": remote_activation::PropsOutInfo;
        "ScmReplyInfoData": remote_activation::ScmReplyInfoData;
    }
}
