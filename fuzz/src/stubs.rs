//! Every decoder that `codegen` wrote: requests as a server reads them, responses as a client does,
//! and what is serialized by itself.

use std::fmt::Debug;

use wcce::generated::*;
use wcce::ndr::{self, ByteOrder, DecodeError, EncodeError, Encoding, Ndr, Parameters, Syntax};

/// Decodes, and wants the same value and the same bytes of what is encoded anew. Whether there was a
/// value.
pub type Codec = fn(Encoding, &[u8]) -> bool;

/// Transfer syntaxes and byte orders, by the number that inputs begin with.
pub const ENCODINGS: [Encoding; 3] = [
    Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little },
    Encoding { syntax: Syntax::Ndr64, order: ByteOrder::Little },
    Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Big },
];

fn call<P: Parameters + Debug + PartialEq>(encoding: Encoding, stub: &[u8]) -> bool {
    let decode = |stub: &[u8]| ndr::from_stub::<P>(encoding, stub);
    round(decode, |value| ndr::to_stub(encoding, value), stub)
}

fn stream<T: Ndr + Debug + PartialEq>(_: Encoding, stream: &[u8]) -> bool {
    round(ndr::deserialize::<T>, ndr::serialize, stream)
}

fn round<T: Debug + PartialEq>(
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    encode: impl Fn(&T) -> Result<Vec<u8>, EncodeError>,
    bytes: &[u8],
) -> bool {
    let Ok(first) = decode(bytes) else { return false };
    let encoded = encode(&first).expect("what was decoded can be encoded");
    let second = decode(&encoded).expect("what was encoded can be decoded");
    // A number that is none equals nothing, not even itself.
    assert!(first == second || format!("{first:?}") == format!("{second:?}"));
    assert_eq!(encode(&second).expect("again"), encoded);
    true
}

/// An empty value of each type, encoded: where a fuzzer can start.
pub type Empty = fn(Encoding) -> Option<Vec<u8>>;

fn empty_call<P: Parameters + Default>(encoding: Encoding) -> Option<Vec<u8>> {
    ndr::to_stub(encoding, &P::default()).ok()
}

fn empty_stream<T: Ndr + Default>(_: Encoding) -> Option<Vec<u8>> {
    ndr::serialize(&T::default()).ok()
}

/// Codecs of one file of `idl/`: name, codec, empty value. Inputs begin with the number of the codec
/// and that of the encoding.
pub type Codecs = &'static [(&'static str, Codec, Empty)];

/// Takes codec and encoding from the front of an input.
pub fn run(codecs: Codecs, input: &[u8]) {
    let [which, encoding, bytes @ ..] = input else { return };
    let (_, codec, _) = codecs[usize::from(*which) % codecs.len()];
    codec(ENCODINGS[usize::from(*encoding) % ENCODINGS.len()], bytes);
}

macro_rules! codecs {
    ($($name:ident $module:ident { $($parameters:ident)* } { $($streams:ty;)* })*) => {
        $(
            /// Codecs of this file.
            pub const $name: Codecs = &[
                $((
                    stringify!($parameters),
                    call::<$module::$parameters>,
                    empty_call::<$module::$parameters>,
                ),)*
                $((stringify!($streams), stream::<$streams>, empty_stream::<$streams>),)*
            ];
        )*

        /// All codecs, by file.
        pub const ALL: &[(&str, Codecs)] = &[$((stringify!($module), $name),)*];
    };
}

codecs! {
    CLASSFACTORY classfactory {
        RemoteCreateInstanceIn RemoteCreateInstanceOut RemoteLockServerIn RemoteLockServerOut
    } {}
    EPM epm {
        EptInsertIn EptInsertOut EptDeleteIn EptDeleteOut EptLookupIn EptLookupOut EptMapIn
        EptMapOut EptLookupHandleFreeIn EptLookupHandleFreeOut EptInqObjectIn EptInqObjectOut
        EptMgmtDeleteIn EptMgmtDeleteOut
    } {}
    ICERTADMIND icertadmind {
        SetExtensionIn SetExtensionOut SetAttributesIn SetAttributesOut ResubmitRequestIn
        ResubmitRequestOut DenyRequestIn DenyRequestOut IsValidCertificateIn IsValidCertificateOut
        PublishCrlIn PublishCrlOut GetCrlIn GetCrlOut RevokeCertificateIn RevokeCertificateOut
        EnumViewColumnIn EnumViewColumnOut GetViewDefaultColumnSetIn GetViewDefaultColumnSetOut
        EnumAttributesOrExtensionsIn EnumAttributesOrExtensionsOut OpenViewIn OpenViewOut
        EnumViewIn EnumViewOut CloseViewIn CloseViewOut ServerControlIn ServerControlOut PingIn
        PingOut GetServerStateIn GetServerStateOut BackupPrepareIn BackupPrepareOut BackupEndIn
        BackupEndOut BackupGetAttachmentInformationIn BackupGetAttachmentInformationOut
        BackupGetBackupLogsIn BackupGetBackupLogsOut BackupOpenFileIn BackupOpenFileOut
        BackupReadFileIn BackupReadFileOut BackupCloseFileIn BackupCloseFileOut
        BackupTruncateLogsIn BackupTruncateLogsOut ImportCertificateIn ImportCertificateOut
        BackupGetDynamicFilesIn BackupGetDynamicFilesOut RestoreGetDatabaseLocationsIn
        RestoreGetDatabaseLocationsOut PublishCrLsIn PublishCrLsOut GetCaPropertyIn
        GetCaPropertyOut SetCaPropertyIn SetCaPropertyOut GetCaPropertyInfoIn GetCaPropertyInfoOut
        EnumViewColumnTableIn EnumViewColumnTableOut GetCaSecurityIn GetCaSecurityOut
        SetCaSecurityIn SetCaSecurityOut Ping2In Ping2Out GetArchivedKeyIn GetArchivedKeyOut
        GetAuditFilterIn GetAuditFilterOut SetAuditFilterIn SetAuditFilterOut GetOfficerRightsIn
        GetOfficerRightsOut SetOfficerRightsIn SetOfficerRightsOut GetConfigEntryIn
        GetConfigEntryOut SetConfigEntryIn SetConfigEntryOut ImportKeyIn ImportKeyOut GetMyRolesIn
        GetMyRolesOut DeleteRowIn DeleteRowOut
    } {}
    ICERTPASSAGE icertpassage {
        CertServerRequestIn CertServerRequestOut
    } {}
    ICERTREQUESTD icertrequestd {
        RequestIn RequestOut GetCaCertIn GetCaCertOut PingIn PingOut Request2In Request2Out
        GetCaPropertyIn GetCaPropertyOut GetCaPropertyInfoIn GetCaPropertyInfoOut Ping2In Ping2Out
    } {}
    MGMT mgmt {
        RpcMgmtInqIfIdsIn RpcMgmtInqIfIdsOut RpcMgmtInqStatsIn RpcMgmtInqStatsOut
        RpcMgmtIsServerListeningIn RpcMgmtIsServerListeningOut RpcMgmtStopServerListeningIn
        RpcMgmtStopServerListeningOut RpcMgmtInqPrincNameIn RpcMgmtInqPrincNameOut
    } {}
    NETLOGON netlogon {
        NetrServerReqChallengeIn NetrServerReqChallengeOut NetrLogonGetCapabilitiesIn
        NetrLogonGetCapabilitiesOut NetrServerAuthenticate3In NetrServerAuthenticate3Out
        NetrLogonSamLogonExIn NetrLogonSamLogonExOut
    } {}
    OAUT oaut {
        GetTypeInfoCountIn GetTypeInfoCountOut GetTypeInfoIn GetTypeInfoOut GetIDsOfNamesIn
        GetIDsOfNamesOut InvokeIn InvokeOut
    } {}
    OXID oxid {
        ResolveOxidIn ResolveOxidOut SimplePingIn SimplePingOut ComplexPingIn ComplexPingOut
        ServerAliveIn ServerAliveOut ResolveOxid2In ResolveOxid2Out ServerAlive2In ServerAlive2Out
    } {}
    PAC pac {
    } {
        Option<pac::KERB_VALIDATION_INFO>;
        Option<pac::S4U_DELEGATION_INFO>;
    }
    REMOTE_ACTIVATION remote_activation {
        RemoteActivationIn RemoteActivationOut RemoteGetClassObjectIn RemoteGetClassObjectOut
        RemoteCreateInstanceIn RemoteCreateInstanceOut
    } {
        remote_activation::CustomHeader;
        remote_activation::InstantiationInfoData;
        remote_activation::SpecialPropertiesData;
        remote_activation::ScmRequestInfoData;
        remote_activation::ActivationContextInfoData;
        remote_activation::LocationInfoData;
        remote_activation::SecurityInfoData;
        remote_activation::InstanceInfoData;
        remote_activation::PropsOutInfo;
        remote_activation::ScmReplyInfoData;
    }
    REMUNKNOWN remunknown {
        RemQueryInterfaceIn RemQueryInterfaceOut RemAddRefIn RemAddRefOut RemReleaseIn
        RemReleaseOut RemQueryInterface2In RemQueryInterface2Out
    } {}
}
