//! The interfaces and operations that are known here, and their arguments in short.

use std::fmt::{self, Debug, Write};

use uuid::{Uuid, uuid};

use crate::generated::{
    classfactory, epm, icertadmind, icertpassage, icertrequestd, mgmt, netlogon, oxid,
    remote_activation, remunknown,
};
use crate::ndr::{DecodeError, Encoding, InterfaceId, Parameters, from_stub};

/// Longest text of arguments before it is shortened, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// Longest text of arguments that is shown, in characters.
const SHOWN: usize = 1200;
/// Numbers of an array that are shown.
const NUMBERS: usize = 8;

/// An operation.
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    request: Show,
    response: Show,
}

type Show = fn(Encoding, &[u8]) -> Result<String, DecodeError>;

struct Interface {
    id: InterfaceId,
    name: &'static str,
    extends: Option<Uuid>,
    operations: &'static [(u16, Operation)],
}

macro_rules! interfaces {
    ($($id:path, $name:literal, $extends:expr, {
        $($opnum:literal $operation:ident: $in:ty, $out:ty;)*
    })*) => {
        const INTERFACES: &[Interface] = &[$(Interface {
            id: $id,
            name: $name,
            extends: $extends,
            operations: &[$(($opnum, Operation {
                name: stringify!($operation),
                request: show::<$in>,
                response: show::<$out>,
            })),*],
        }),*];
    };
}

interfaces! {
    epm::EPT, "endpoint mapper", None, {
        0 ept_insert: epm::EptInsertIn, epm::EptInsertOut;
        1 ept_delete: epm::EptDeleteIn, epm::EptDeleteOut;
        2 ept_lookup: epm::EptLookupIn, epm::EptLookupOut;
        3 ept_map: epm::EptMapIn, epm::EptMapOut;
        4 ept_lookup_handle_free: epm::EptLookupHandleFreeIn, epm::EptLookupHandleFreeOut;
        5 ept_inq_object: epm::EptInqObjectIn, epm::EptInqObjectOut;
        6 ept_mgmt_delete: epm::EptMgmtDeleteIn, epm::EptMgmtDeleteOut;
    }
    mgmt::MGMT, "management", None, {
        0 rpc_mgmt_inq_if_ids: mgmt::RpcMgmtInqIfIdsIn, mgmt::RpcMgmtInqIfIdsOut;
        1 rpc_mgmt_inq_stats: mgmt::RpcMgmtInqStatsIn, mgmt::RpcMgmtInqStatsOut;
        2 rpc_mgmt_is_server_listening: mgmt::RpcMgmtIsServerListeningIn, mgmt::RpcMgmtIsServerListeningOut;
        3 rpc_mgmt_stop_server_listening: mgmt::RpcMgmtStopServerListeningIn, mgmt::RpcMgmtStopServerListeningOut;
        4 rpc_mgmt_inq_princ_name: mgmt::RpcMgmtInqPrincNameIn, mgmt::RpcMgmtInqPrincNameOut;
    }
    oxid::I_OBJECT_EXPORTER, "IObjectExporter", None, {
        0 ResolveOxid: oxid::ResolveOxidIn, oxid::ResolveOxidOut;
        1 SimplePing: oxid::SimplePingIn, oxid::SimplePingOut;
        2 ComplexPing: oxid::ComplexPingIn, oxid::ComplexPingOut;
        3 ServerAlive: oxid::ServerAliveIn, oxid::ServerAliveOut;
        4 ResolveOxid2: oxid::ResolveOxid2In, oxid::ResolveOxid2Out;
        5 ServerAlive2: oxid::ServerAlive2In, oxid::ServerAlive2Out;
    }
    remote_activation::I_ACTIVATION, "IActivation", None, {
        0 RemoteActivation: remote_activation::RemoteActivationIn, remote_activation::RemoteActivationOut;
    }
    remote_activation::I_REMOTE_SCM_ACTIVATOR, "IRemoteSCMActivator", None, {
        3 RemoteGetClassObject: remote_activation::RemoteGetClassObjectIn, remote_activation::RemoteGetClassObjectOut;
        4 RemoteCreateInstance: remote_activation::RemoteCreateInstanceIn, remote_activation::RemoteCreateInstanceOut;
    }
    remunknown::I_REM_UNKNOWN, "IRemUnknown", None, {
        3 RemQueryInterface: remunknown::RemQueryInterfaceIn, remunknown::RemQueryInterfaceOut;
        4 RemAddRef: remunknown::RemAddRefIn, remunknown::RemAddRefOut;
        5 RemRelease: remunknown::RemReleaseIn, remunknown::RemReleaseOut;
    }
    remunknown::I_REM_UNKNOWN2, "IRemUnknown2", Some(remunknown::I_REM_UNKNOWN.uuid), {
        6 RemQueryInterface2: remunknown::RemQueryInterface2In, remunknown::RemQueryInterface2Out;
    }
    icertpassage::I_CERT_PASSAGE, "ICertPassage", None, {
        0 CertServerRequest: icertpassage::CertServerRequestIn, icertpassage::CertServerRequestOut;
    }
    icertrequestd::I_CERT_REQUEST_D, "ICertRequestD", None, {
        3 Request: icertrequestd::RequestIn, icertrequestd::RequestOut;
        4 GetCACert: icertrequestd::GetCaCertIn, icertrequestd::GetCaCertOut;
        5 Ping: icertrequestd::PingIn, icertrequestd::PingOut;
    }
    icertrequestd::I_CERT_REQUEST_D2, "ICertRequestD2", Some(icertrequestd::I_CERT_REQUEST_D.uuid), {
        6 Request2: icertrequestd::Request2In, icertrequestd::Request2Out;
        7 GetCAProperty: icertrequestd::GetCaPropertyIn, icertrequestd::GetCaPropertyOut;
        8 GetCAPropertyInfo: icertrequestd::GetCaPropertyInfoIn, icertrequestd::GetCaPropertyInfoOut;
        9 Ping2: icertrequestd::Ping2In, icertrequestd::Ping2Out;
    }
    icertadmind::I_CERT_ADMIN_D, "ICertAdminD", None, {
        3 SetExtension: icertadmind::SetExtensionIn, icertadmind::SetExtensionOut;
        4 SetAttributes: icertadmind::SetAttributesIn, icertadmind::SetAttributesOut;
        5 ResubmitRequest: icertadmind::ResubmitRequestIn, icertadmind::ResubmitRequestOut;
        6 DenyRequest: icertadmind::DenyRequestIn, icertadmind::DenyRequestOut;
        7 IsValidCertificate: icertadmind::IsValidCertificateIn, icertadmind::IsValidCertificateOut;
        8 PublishCRL: icertadmind::PublishCrlIn, icertadmind::PublishCrlOut;
        9 GetCRL: icertadmind::GetCrlIn, icertadmind::GetCrlOut;
        10 RevokeCertificate: icertadmind::RevokeCertificateIn, icertadmind::RevokeCertificateOut;
        11 EnumViewColumn: icertadmind::EnumViewColumnIn, icertadmind::EnumViewColumnOut;
        12 GetViewDefaultColumnSet: icertadmind::GetViewDefaultColumnSetIn, icertadmind::GetViewDefaultColumnSetOut;
        13 EnumAttributesOrExtensions: icertadmind::EnumAttributesOrExtensionsIn, icertadmind::EnumAttributesOrExtensionsOut;
        14 OpenView: icertadmind::OpenViewIn, icertadmind::OpenViewOut;
        15 EnumView: icertadmind::EnumViewIn, icertadmind::EnumViewOut;
        16 CloseView: icertadmind::CloseViewIn, icertadmind::CloseViewOut;
        17 ServerControl: icertadmind::ServerControlIn, icertadmind::ServerControlOut;
        18 Ping: icertadmind::PingIn, icertadmind::PingOut;
        19 GetServerState: icertadmind::GetServerStateIn, icertadmind::GetServerStateOut;
        20 BackupPrepare: icertadmind::BackupPrepareIn, icertadmind::BackupPrepareOut;
        21 BackupEnd: icertadmind::BackupEndIn, icertadmind::BackupEndOut;
        22 BackupGetAttachmentInformation: icertadmind::BackupGetAttachmentInformationIn, icertadmind::BackupGetAttachmentInformationOut;
        23 BackupGetBackupLogs: icertadmind::BackupGetBackupLogsIn, icertadmind::BackupGetBackupLogsOut;
        24 BackupOpenFile: icertadmind::BackupOpenFileIn, icertadmind::BackupOpenFileOut;
        25 BackupReadFile: icertadmind::BackupReadFileIn, icertadmind::BackupReadFileOut;
        26 BackupCloseFile: icertadmind::BackupCloseFileIn, icertadmind::BackupCloseFileOut;
        27 BackupTruncateLogs: icertadmind::BackupTruncateLogsIn, icertadmind::BackupTruncateLogsOut;
        28 ImportCertificate: icertadmind::ImportCertificateIn, icertadmind::ImportCertificateOut;
        29 BackupGetDynamicFiles: icertadmind::BackupGetDynamicFilesIn, icertadmind::BackupGetDynamicFilesOut;
        30 RestoreGetDatabaseLocations: icertadmind::RestoreGetDatabaseLocationsIn, icertadmind::RestoreGetDatabaseLocationsOut;
    }
    icertadmind::I_CERT_ADMIN_D2, "ICertAdminD2", Some(icertadmind::I_CERT_ADMIN_D.uuid), {
        31 PublishCRLs: icertadmind::PublishCrLsIn, icertadmind::PublishCrLsOut;
        32 GetCAProperty: icertadmind::GetCaPropertyIn, icertadmind::GetCaPropertyOut;
        33 SetCAProperty: icertadmind::SetCaPropertyIn, icertadmind::SetCaPropertyOut;
        34 GetCAPropertyInfo: icertadmind::GetCaPropertyInfoIn, icertadmind::GetCaPropertyInfoOut;
        35 EnumViewColumnTable: icertadmind::EnumViewColumnTableIn, icertadmind::EnumViewColumnTableOut;
        36 GetCASecurity: icertadmind::GetCaSecurityIn, icertadmind::GetCaSecurityOut;
        37 SetCASecurity: icertadmind::SetCaSecurityIn, icertadmind::SetCaSecurityOut;
        38 Ping2: icertadmind::Ping2In, icertadmind::Ping2Out;
        39 GetArchivedKey: icertadmind::GetArchivedKeyIn, icertadmind::GetArchivedKeyOut;
        40 GetAuditFilter: icertadmind::GetAuditFilterIn, icertadmind::GetAuditFilterOut;
        41 SetAuditFilter: icertadmind::SetAuditFilterIn, icertadmind::SetAuditFilterOut;
        42 GetOfficerRights: icertadmind::GetOfficerRightsIn, icertadmind::GetOfficerRightsOut;
        43 SetOfficerRights: icertadmind::SetOfficerRightsIn, icertadmind::SetOfficerRightsOut;
        44 GetConfigEntry: icertadmind::GetConfigEntryIn, icertadmind::GetConfigEntryOut;
        45 SetConfigEntry: icertadmind::SetConfigEntryIn, icertadmind::SetConfigEntryOut;
        46 ImportKey: icertadmind::ImportKeyIn, icertadmind::ImportKeyOut;
        47 GetMyRoles: icertadmind::GetMyRolesIn, icertadmind::GetMyRolesOut;
        48 DeleteRow: icertadmind::DeleteRowIn, icertadmind::DeleteRowOut;
    }
    netlogon::LOGON, "Netlogon", None, {
        4 NetrServerReqChallenge: netlogon::NetrServerReqChallengeIn, netlogon::NetrServerReqChallengeOut;
        21 NetrLogonGetCapabilities: netlogon::NetrLogonGetCapabilitiesIn, netlogon::NetrLogonGetCapabilitiesOut;
        26 NetrServerAuthenticate3: netlogon::NetrServerAuthenticate3In, netlogon::NetrServerAuthenticate3Out;
        39 NetrLogonSamLogonEx: netlogon::NetrLogonSamLogonExIn, netlogon::NetrLogonSamLogonExOut;
    }
    classfactory::I_CLASS_FACTORY, "IClassFactory", None, {
        3 RemoteCreateInstance: classfactory::RemoteCreateInstanceIn, classfactory::RemoteCreateInstanceOut;
        4 RemoteLockServer: classfactory::RemoteLockServerIn, classfactory::RemoteLockServerOut;
    }
}

/// Names of interfaces that are met in captures and are not spoken here.
const OTHERS: [(Uuid, &str); 8] = [
    (uuid!("e3514235-4b06-11d1-ab04-00c04fc2dcd2"), "DRSUAPI"),
    (uuid!("367abb81-9844-35f1-ad32-98f038001003"), "service control manager"),
    (uuid!("12345778-1234-abcd-ef00-0123456789ac"), "SAMR"),
    (uuid!("12345778-1234-abcd-ef00-0123456789ab"), "LSARPC"),
    (uuid!("4b324fc8-1670-01d3-1278-5a47bf6ee188"), "SRVSVC"),
    (uuid!("f309ad18-d86a-11d0-a075-00c04fb68820"), "IWbemLevel1Login"),
    (uuid!("00020400-0000-0000-c000-000000000046"), "IDispatch"),
    (uuid!("3dde7c30-165d-11d1-ab8f-00805f14db40"), "BackupKey"),
];

fn interface(id: &Uuid) -> Option<&'static Interface> {
    INTERFACES.iter().find(|interface| interface.id.uuid == *id)
}

/// The name of an interface, or its UUID where it is not known.
pub fn interface_name(id: &InterfaceId) -> String {
    let known = interface(&id.uuid).map(|interface| interface.name);
    let known = known.or_else(|| OTHERS.iter().find(|(uuid, _)| *uuid == id.uuid).map(|o| o.1));
    match known {
        Some(name) => name.to_owned(),
        None => format!("interface {} {}.{}", id.uuid, id.major, id.minor),
    }
}

/// An operation of an interface, where both are known.
pub fn operation(id: &InterfaceId, opnum: u16) -> Option<&'static Operation> {
    let mut at = interface(&id.uuid);
    while let Some(interface) = at {
        if let Some((_, operation)) = interface.operations.iter().find(|(own, _)| *own == opnum) {
            return Some(operation);
        }
        at = interface.extends.as_ref().and_then(self::interface);
    }
    None
}

impl Operation {
    /// The arguments of a request or response, in short.
    ///
    /// # Errors
    /// The stub is malformed.
    pub fn arguments(
        &self,
        request: bool,
        encoding: Encoding,
        stub: &[u8],
    ) -> Result<String, DecodeError> {
        let show = if request { self.request } else { self.response };
        show(encoding, stub)
    }
}

fn show<P: Parameters + Debug>(encoding: Encoding, stub: &[u8]) -> Result<String, DecodeError> {
    let parameters: P = from_stub(encoding, stub)?;
    let mut text = Bounded(String::new());
    // An error means that the bound is met: what is there is enough.
    let _ = write!(text, "{parameters:?}");
    Ok(shorten(&text.0))
}

/// Text up to [`MAX_TEXT`].
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len().saturating_add(text.len()) > MAX_TEXT {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// Arrays of numbers cut to their first ones, and the whole to what a screen can show.
fn shorten(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        out.push('[');
        let Some((inside, behind)) = after.split_once(']') else {
            rest = after;
            break;
        };
        let numbers = inside.split(", ").all(|one| one.bytes().all(|byte| byte.is_ascii_digit()));
        if numbers && inside.split(", ").nth(NUMBERS).is_some() {
            let first: Vec<_> = inside.split(", ").take(NUMBERS).collect();
            let count = inside.split(", ").count();
            out.push_str(&format!("{}, … {count} in all]", first.join(", ")));
            rest = behind;
        } else {
            rest = after;
        }
    }
    out.push_str(rest);
    if out.chars().nth(SHOWN).is_some() {
        out = out.chars().take(SHOWN).chain("…".chars()).collect();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::icertrequestd::I_CERT_REQUEST_D2;

    #[test]
    fn arrays_are_cut_and_the_rest_stays() {
        assert_eq!(shorten("A { b: [1, 2], c: [] }"), "A { b: [1, 2], c: [] }");
        let long = (0..40).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
        assert_eq!(
            shorten(&format!("x [{long}] y [[1], [{long}]]")),
            "x [0, 1, 2, 3, 4, 5, 6, 7, … 40 in all] y [[1], [0, 1, 2, 3, 4, 5, 6, 7, … 40 in all]]"
        );
        assert_eq!(shorten("[").as_str(), "[");
        assert!(shorten(&"é".repeat(5_000)).chars().count() <= SHOWN + 1);
    }

    #[test]
    fn operations_of_an_extended_interface_are_known() {
        assert_eq!(operation(&I_CERT_REQUEST_D2, 3).map(|one| one.name), Some("Request"));
        assert_eq!(operation(&I_CERT_REQUEST_D2, 6).map(|one| one.name), Some("Request2"));
        assert!(operation(&I_CERT_REQUEST_D2, 99).is_none());
    }
}
