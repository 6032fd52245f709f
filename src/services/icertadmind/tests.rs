//! Calls of the object as a client makes them: encoded, dispatched, decoded.

use super::*;
use crate::admin::testing::{Office, SECURITY};
use crate::auth::AuthLevel;
use crate::dcom::{Class, Object};
use crate::enroll::testing::{ALICE, BOB, CAROL};
use crate::generated::icertadmind::*;
use crate::ndr::{Encoding, InterfaceId, Parameters, Syntax, from_stub, to_stub};
use crate::services::tests::{ENCODING, context};

struct Client {
    office: Office,
    object: Arc<dyn Object>,
    rid: u32,
    level: AuthLevel,
    interface: InterfaceId,
    encoding: Encoding,
}

const CA: &str = "wcce CA";

impl Client {
    async fn new(security: &str, rid: u32) -> Self {
        let office = Office::new(security).await;
        let object = CertAdminClass::new(Arc::clone(&office.administration)).create();
        let (interface, level) = (I_CERT_ADMIN_D2, AuthLevel::Privacy);
        Self { office, object, rid, level, interface, encoding: ENCODING }
    }

    async fn try_call<O: Parameters>(
        &self,
        opnum: u16,
        request: &impl Parameters,
    ) -> Result<O, Fault> {
        let (interface, encoding) = (self.interface, self.encoding);
        let context = context(&self.office.bench, self.rid, self.level);
        let call = CallContext { interface, encoding, ..context };
        let stub = to_stub(encoding, request).expect("encodes");
        let answer = self.object.call(call, opnum, Bytes::from(stub)).await?;
        Ok(from_stub(encoding, &answer).expect("decodes"))
    }

    async fn call<O: Parameters>(&self, opnum: u16, request: &impl Parameters) -> O {
        self.try_call(opnum, request).await.expect("no fault")
    }
}

fn ca() -> Option<WideString> {
    Some(CA.into())
}

/// What each method returns for a CA of another name: the right comes first.
async fn statuses(client: &Client) -> Vec<(&'static str, Method, HResult)> {
    macro_rules! calls {
        ($($opnum:literal $name:literal $method:ident $request:ident $answer:ident;)*) => {
            vec![$({
                let pwsz_authority = Some("Another CA".into());
                let request = $request { pwsz_authority, ..Default::default() };
                let answer: $answer = client.call($opnum, &request).await;
                ($name, Method::$method, HResult(answer.return_value))
            },)*]
        };
    }
    calls! {
        3 "SetExtension" SetExtension SetExtensionIn SetExtensionOut;
        4 "SetAttributes" SetAttributes SetAttributesIn SetAttributesOut;
        5 "ResubmitRequest" ResubmitRequest ResubmitRequestIn ResubmitRequestOut;
        6 "DenyRequest" DenyRequest DenyRequestIn DenyRequestOut;
        7 "IsValidCertificate" IsValidCertificate IsValidCertificateIn IsValidCertificateOut;
        8 "PublishCRL" PublishCrl PublishCrlIn PublishCrlOut;
        9 "GetCRL" GetCrl GetCrlIn GetCrlOut;
        10 "RevokeCertificate" RevokeCertificate RevokeCertificateIn RevokeCertificateOut;
        11 "EnumViewColumn" EnumViewColumn EnumViewColumnIn EnumViewColumnOut;
        12 "GetViewDefaultColumnSet" GetViewDefaultColumnSet GetViewDefaultColumnSetIn
            GetViewDefaultColumnSetOut;
        13 "EnumAttributesOrExtensions" EnumAttributesOrExtensions EnumAttributesOrExtensionsIn
            EnumAttributesOrExtensionsOut;
        14 "OpenView" OpenView OpenViewIn OpenViewOut;
        15 "EnumView" EnumView EnumViewIn EnumViewOut;
        16 "CloseView" CloseView CloseViewIn CloseViewOut;
        17 "ServerControl" ServerControl ServerControlIn ServerControlOut;
        18 "Ping" Ping PingIn PingOut;
        19 "GetServerState" GetServerState GetServerStateIn GetServerStateOut;
        28 "ImportCertificate" ImportCertificate ImportCertificateIn ImportCertificateOut;
        31 "PublishCRLs" PublishCrl PublishCrLsIn PublishCrLsOut;
        32 "GetCAProperty" GetCaProperty GetCaPropertyIn GetCaPropertyOut;
        33 "SetCAProperty" SetCaProperty SetCaPropertyIn SetCaPropertyOut;
        34 "GetCAPropertyInfo" GetCaPropertyInfo GetCaPropertyInfoIn GetCaPropertyInfoOut;
        35 "EnumViewColumnTable" EnumViewColumn EnumViewColumnTableIn EnumViewColumnTableOut;
        36 "GetCASecurity" GetCaSecurity GetCaSecurityIn GetCaSecurityOut;
        37 "SetCASecurity" SetCaSecurity SetCaSecurityIn SetCaSecurityOut;
        38 "Ping2" Ping Ping2In Ping2Out;
        39 "GetArchivedKey" GetArchivedKey GetArchivedKeyIn GetArchivedKeyOut;
        40 "GetAuditFilter" GetAuditFilter GetAuditFilterIn GetAuditFilterOut;
        41 "SetAuditFilter" SetAuditFilter SetAuditFilterIn SetAuditFilterOut;
        42 "GetOfficerRights" GetOfficerRights GetOfficerRightsIn GetOfficerRightsOut;
        43 "SetOfficerRights" SetOfficerRights SetOfficerRightsIn SetOfficerRightsOut;
        44 "GetConfigEntry" GetConfigEntry GetConfigEntryIn GetConfigEntryOut;
        45 "SetConfigEntry" SetConfigEntry SetConfigEntryIn SetConfigEntryOut;
        46 "ImportKey" ImportKey ImportKeyIn ImportKeyOut;
        47 "GetMyRoles" GetMyRoles GetMyRolesIn GetMyRolesOut;
        48 "DeleteRow" DeleteRow DeleteRowIn DeleteRowOut;
    }
}

/// The role matrix: each method × each right, and both roles together. `R` is who may read
/// (0x1, 0x2, 0x100), and so on after the table of [MS-CSRA] 3.1.4 and its sections.
#[tokio::test]
async fn each_method_is_for_whoever_has_its_right() {
    const READERS: &[u32] = &[0x1, 0x2, 0x100, 0x3];
    const OFFICERS: &[u32] = &[0x2, 0x3];
    const ADMINISTRATORS: &[u32] = &[0x1, 0x3];
    let allowed = |name: &str| match name {
        "SetExtension" | "SetAttributes" | "ResubmitRequest" | "DenyRequest"
        | "RevokeCertificate" | "ImportCertificate" | "GetArchivedKey" | "ImportKey" => OFFICERS,
        "PublishCRL" | "PublishCRLs" | "Ping" | "Ping2" | "SetCAProperty" | "SetCASecurity"
        | "SetOfficerRights" | "SetConfigEntry" => ADMINISTRATORS,
        "ServerControl" => &[0x1, 0x8, 0x3],
        "SetAuditFilter" => &[0x1, 0x4, 0x3],
        "DeleteRow" => &[0x3],
        "GetServerState" => &[0, 0x1, 0x2, 0x4, 0x8, 0x100, 0x200, 0x3],
        _ => READERS,
    };
    let mut seen = 0;
    for rights in [0, 0x1, 0x2, 0x4, 0x8, 0x100, 0x200, 0x3_u32] {
        let security = format!("D:(A;;{rights:#x};;;S-1-5-21-1-2-3-1103)");
        let client = Client::new(&security, ALICE).await;
        for (name, _, status) in statuses(&client).await {
            let expected = match allowed(name).contains(&rights) {
                true => HResult::E_INVALIDARG,
                false => HResult::E_ACCESSDENIED,
            };
            assert_eq!(status, expected, "{name} with {rights:#x}");
            seen += 1;
        }
    }
    assert_eq!(seen, 8 * 36);
}

#[tokio::test]
async fn every_method_wants_a_sealed_call() {
    for level in [AuthLevel::Connect, AuthLevel::Packet, AuthLevel::Integrity] {
        let client = Client { level, ..Client::new("D:(A;;0x30f;;;AU)", ALICE).await };
        for opnum in (3..=19).chain([28]).chain(31..=48) {
            let stub = [0; 256];
            let context = context(&client.office.bench, client.rid, client.level);
            let call = CallContext { interface: I_CERT_ADMIN_D2, ..context };
            let answer = client.object.call(call, opnum, Bytes::copy_from_slice(&stub)).await;
            let fault = answer.expect_err("refused");
            assert!(
                [Fault::ACCESS_DENIED, Fault::BAD_STUB_DATA].contains(&fault),
                "{opnum}: {fault:?}"
            );
        }
        let request = GetMyRolesIn { pwsz_authority: ca(), ..Default::default() };
        let refused = client.try_call::<GetMyRolesOut>(47, &request).await;
        assert_eq!(refused, Err(Fault::ACCESS_DENIED));
    }
}

#[tokio::test]
async fn the_class_is_the_one_that_windows_clients_know() {
    let office = Office::new(SECURITY).await;
    let class = CertAdminClass::new(Arc::clone(&office.administration));
    assert_eq!(class.clsid().to_string(), "d99e6e73-fc88-11d0-b498-00a0c90312f3");
    let ids: Vec<_> = class.interfaces().iter().map(|interface| interface.id).collect();
    assert_eq!(ids, [I_CERT_ADMIN_D, I_CERT_ADMIN_D2]);
    assert!(class.interfaces().iter().all(|one| one.policy == Policy::default()));
    let old = Client { interface: I_CERT_ADMIN_D, ..Client::new(SECURITY, CAROL).await };
    let ping = PingIn { pwsz_authority: None, ..Default::default() };
    let answer: PingOut = old.call(18, &ping).await;
    assert_eq!(answer.return_value, 0, "a ping needs no name");
    let beyond = old.try_call::<GetMyRolesOut>(47, &GetMyRolesIn::default()).await;
    assert_eq!(beyond, Err(Fault::OP_RANGE));
}

#[tokio::test]
async fn roles_and_security_are_told_in_both_syntaxes() {
    for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
        let encoding = Encoding { syntax, ..ENCODING };
        let client = Client { encoding, ..Client::new(SECURITY, BOB).await };
        let request = GetMyRolesIn { pwsz_authority: ca(), ..Default::default() };
        let answer: GetMyRolesOut = client.call(47, &request).await;
        assert_eq!((answer.pdw_roles, answer.return_value), (0x202, 0));
        let request = GetCaSecurityIn { pwsz_authority: ca(), ..Default::default() };
        let answer: GetCaSecurityOut = client.call(36, &request).await;
        let expected = client.office.descriptor(SECURITY).to_bytes(false);
        assert_eq!(bytes_of(answer.pctb_sd), expected);
        let request = GetOfficerRightsIn { pwsz_authority: ca(), ..Default::default() };
        let answer: GetOfficerRightsOut = client.call(42, &request).await;
        assert_eq!(answer.pf_enabled, 0);
        assert_eq!(bytes_of(answer.pctb_sd).first_chunk(), Some(&1_u32.to_le_bytes()));
        let request = GetServerStateIn { pwsz_authority: ca(), ..Default::default() };
        let answer: GetServerStateOut = client.call(19, &request).await;
        assert_eq!((answer.pdw_state, answer.return_value), (1, 0));
    }
    let client = Client::new(SECURITY, ALICE).await;
    let request = GetServerStateIn { pwsz_authority: ca(), ..Default::default() };
    let answer: GetServerStateOut = client.call(19, &request).await;
    assert_eq!((answer.pdw_state, answer.return_value), (0, 0));
}

#[tokio::test]
async fn entries_are_read_by_their_names_and_set_within_a_list() {
    let client = Client::new(SECURITY, CAROL).await;
    let get = async |authority: &str, node: &str, entry: &str| {
        let request = GetConfigEntryIn {
            pwsz_authority: Some(authority.into()),
            pwsz_node_path: Some(node.into()),
            pwsz_entry: entry.into(),
            ..Default::default()
        };
        let answer: GetConfigEntryOut = client.call(44, &request).await;
        (variant::decode(answer.p_variant.as_deref()), HResult(answer.return_value))
    };
    let text = |text: &str| (Some(EntryValue::Text(text.to_owned())), HResult::S_OK);
    assert_eq!(get("", "", "Active").await, text(CA));
    assert_eq!(get(CA, "", "CRLPeriod").await, text("Weeks"));
    assert_eq!(get(CA, "", "crlperiodunits").await.0, Some(EntryValue::Number(1)));
    let (names, _) = get(CA, "", "").await;
    let Some(EntryValue::List(names)) = names else { panic!("no list") };
    assert!(names.contains(&"InterfaceFlags".to_owned()) && names.len() > 20);
    for name in names {
        assert_eq!(get(CA, "", &name).await.1, HResult::S_OK, "{name}");
    }
    let module = r"PolicyModules\CertificateAuthority_MicrosoftDefault.Policy";
    assert_eq!(get(CA, module, "EditFlags").await.0, Some(EntryValue::Number(0x0011_014E)));
    assert_eq!(get(CA, "", "Nothing").await.1, HResult::FILE_NOT_FOUND);
    assert_eq!(get(CA, "Nothing", "x").await.1, HResult::FILE_NOT_FOUND);
    assert_eq!(get("", "CSP", "x").await.1, HResult::E_INVALIDARG);
    let set = async |node: &str, entry: &str, value: EntryValue| {
        let request = SetConfigEntryIn {
            pwsz_authority: ca(),
            pwsz_node_path: Some(node.into()),
            pwsz_entry: entry.into(),
            p_variant: Some(variant::encode(&value)),
            ..Default::default()
        };
        let answer: SetConfigEntryOut = client.call(45, &request).await;
        HResult(answer.return_value)
    };
    let number = EntryValue::Number;
    assert_eq!(set("", "RoleSeparationEnabled", number(1)).await, HResult::S_OK);
    assert_eq!(get(CA, "", "RoleSeparationEnabled").await.0, Some(number(1)));
    assert_eq!(set("", "AuditFilter", number(0x7F)).await, HResult::S_OK);
    assert_eq!(set("", "AuditFilter", number(0x80)).await, HResult::E_INVALIDARG);
    assert_eq!(set("", "AuditFilter", EntryValue::Empty).await, HResult::E_INVALIDARG);
    for (node, entry) in [(module, "EditFlags"), ("", "InterfaceFlags"), ("CSP", "CRLPeriod")] {
        assert_eq!(set(node, entry, number(0x40000)).await, HResult::E_ACCESSDENIED, "{entry}");
    }
    // Periods count at once, for what is made from then on.
    let alice = client.office.bench.caller(ALICE);
    let lifetime = async || {
        let request = crate::enroll::testing::submission("CertificateTemplate:User");
        let id = client.office.enrollment.submit(&alice, request).await.expect("taken").id;
        let certificate = client.office.bench.row(id).await.columns.certificate.expect("issued");
        certificate.not_after.duration_since(SystemTime::now()).expect("later").as_secs() / 86_400
    };
    assert!(lifetime().await > 300);
    assert_eq!(set("", "ValidityPeriodUnits", number(20)).await, HResult::S_OK);
    assert_eq!(set("", "ValidityPeriod", text("weeks").0.expect("text")).await, HResult::S_OK);
    assert_eq!(get(CA, "", "ValidityPeriod").await, text("Weeks"));
    assert_eq!(lifetime().await, 139, "twenty weeks, less a moment");
    for (value, expected) in [
        (number(0), HResult::E_INVALIDARG),
        (number(u32::MAX), HResult::E_INVALIDARG),
        (text("3").0.expect("text"), HResult::E_INVALIDARG),
        (number(2), HResult::S_OK),
    ] {
        assert_eq!(set("", "CRLPeriodUnits", value).await, expected);
    }
    let again = client.office.settings_again(SECURITY).live();
    assert_eq!(again.periods.crl.validity.as_secs(), 2 * 7 * 86_400);
    assert_eq!(again.periods.max_validity.as_secs(), 20 * 7 * 86_400);
    assert_eq!(set("", "ValidityPeriodUnits", EntryValue::Empty).await, HResult::S_OK);
    assert_eq!(set("", "ValidityPeriod", EntryValue::Empty).await, HResult::S_OK);
    assert!(lifetime().await > 300, "as configured");
}

#[tokio::test]
async fn rows_are_deleted_by_whoever_has_both_roles() {
    let client = Client::new("D:(A;;0x203;;;AU)", BOB).await;
    let alice = client.office.bench.caller(ALICE);
    let request = crate::enroll::testing::submission("CertificateTemplate:Nobody");
    let id = client.office.enrollment.submit(&alice, request).await.expect("taken").id;
    let delete = async |dw_flags: u32, time: u64, dw_table: u32, dw_row_id: u32| {
        let (low, high) = (time & 0xFFFF_FFFF, time >> 32);
        let file_time = FILETIME {
            dw_low_date_time: u32::try_from(low).expect("half"),
            dw_high_date_time: u32::try_from(high).expect("half"),
        };
        let pwsz_authority = ca();
        let request = DeleteRowIn {
            pwsz_authority,
            dw_flags,
            file_time,
            dw_table,
            dw_row_id,
            ..Default::default()
        };
        let answer: DeleteRowOut = client.call(48, &request).await;
        (answer.pc_deleted, HResult(answer.return_value))
    };
    let invalid = (0, HResult::E_INVALIDARG);
    for (flags, time, table, row) in [
        (0, 0, 0, 0),
        (0, 1, 0, 1),
        (3, 0, 0, 1),
        (0, 0, 1, 1),
        (1, 0, 0x3000, 1),
        (0, 1, 0x4000, 0),
    ] {
        assert_eq!(delete(flags, time, table, row).await, invalid, "{flags} {time} {table} {row}");
    }
    assert_eq!(delete(0, 0, 0, 77).await, (0, HResult::S_OK));
    assert_eq!(delete(0, 0, 0, id.0).await, (1, HResult::S_OK));
    assert_eq!(delete(1, 1, 0, 0).await, (0, HResult::S_OK), "before 1970");
}

#[tokio::test]
async fn backup_keys_and_control_are_refused_properly() {
    let client = Client::new("D:(A;;0x30f;;;AU)", BOB).await;
    macro_rules! refused {
        ($($opnum:literal $request:ident $answer:ident;)*) => {
            $(
                let answer: $answer = client.call($opnum, &$request::default()).await;
                assert_eq!(HResult(answer.return_value), HResult::E_ACCESSDENIED, "{}", $opnum);
            )*
        };
    }
    refused! {
        20 BackupPrepareIn BackupPrepareOut;
        21 BackupEndIn BackupEndOut;
        22 BackupGetAttachmentInformationIn BackupGetAttachmentInformationOut;
        23 BackupGetBackupLogsIn BackupGetBackupLogsOut;
        24 BackupOpenFileIn BackupOpenFileOut;
        26 BackupCloseFileIn BackupCloseFileOut;
        27 BackupTruncateLogsIn BackupTruncateLogsOut;
        29 BackupGetDynamicFilesIn BackupGetDynamicFilesOut;
        30 RestoreGetDatabaseLocationsIn RestoreGetDatabaseLocationsOut;
    }
    let read = client.try_call::<BackupReadFileOut>(25, &BackupReadFileIn::default()).await;
    assert_eq!(read, Err(Fault::ACCESS_DENIED));
    let request = GetArchivedKeyIn { pwsz_authority: ca(), dw_request_id: 1, ..Default::default() };
    let answer: GetArchivedKeyOut = client.call(39, &request).await;
    assert_eq!(HResult(answer.return_value), HResult::CERTSRV_E_PROPERTY_EMPTY);
    // It is allowed here.
    for (flags, expected) in [
        (9, HResult::E_INVALIDARG),
        (0, HResult::E_INVALIDARG),
        (2, HResult::S_OK),
        (3, HResult::S_OK),
    ] {
        let (pwsz_authority, dw_control_flags) = (ca(), flags);
        let request = ServerControlIn { pwsz_authority, dw_control_flags, ..Default::default() };
        let answer: ServerControlOut = client.call(17, &request).await;
        assert_eq!(HResult(answer.return_value), expected);
    }
    let told = client.office.shutdown.notified();
    let soon = std::time::Duration::ZERO;
    assert!(tokio::time::timeout(soon, told).await.is_err(), "the service goes on");
    {
        let (flags, expected) = (1, HResult::S_OK);
        let (pwsz_authority, dw_control_flags) = (ca(), flags);
        let request = ServerControlIn { pwsz_authority, dw_control_flags, ..Default::default() };
        let answer: ServerControlOut = client.call(17, &request).await;
        assert_eq!(HResult(answer.return_value), expected);
    }
    client.office.shutdown.notified().await;
}

fn open_view(column: u32, operator: i32, value: u32, columns: &[u32]) -> OpenViewIn {
    let restriction = CERTVIEWRESTRICTION {
        column_index: column,
        seek_operator: operator,
        sort_order: 0,
        pb_value: Some(value.to_le_bytes().to_vec()),
        cb_value: 4,
    };
    OpenViewIn {
        pwsz_authority: ca(),
        ccvr: 1,
        acvr: vec![restriction],
        ccol_out: u32::try_from(columns.len()).expect("few"),
        acol_out: columns.to_vec(),
        ielt: 1,
        celt: 100,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_view_is_opened_once_read_on_and_closed_once() {
    for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
        let encoding = Encoding { syntax, ..ENCODING };
        let client = Client { encoding, ..Client::new(SECURITY, BOB).await };
        let alice = client.office.bench.caller(ALICE);
        for template in ["Approved", "User", "Approved"] {
            let request =
                crate::enroll::testing::submission(&format!("CertificateTemplate:{template}"));
            client.office.enrollment.submit(&alice, request).await.expect("taken");
        }
        let read = EnumViewIn { pwsz_authority: ca(), ielt: 2, celt: 1, ..Default::default() };
        let answer: EnumViewOut = client.call(15, &read).await;
        assert_eq!(HResult(answer.return_value), HResult::INVALID_HANDLE);
        let open = open_view(0x1009, 1, 9, &[0x1000]);
        let answer: OpenViewOut = client.call(14, &open).await;
        assert_eq!((answer.pcelt_fetched, answer.return_value), (2, 1), "S_FALSE at the end");
        let rows = bytes_of(answer.pctb_result_rows);
        assert_eq!(rows.len(), 2 * (12 + 16 + 4) + 12);
        assert_eq!(rows[..4], [1, 0, 0, 0]);
        assert_eq!(rows[32..36], [3, 0, 0, 0]);
        assert_eq!(rows[64..72], [2, 0, 0, 0, 0xFD, 0xFF, 0xFF, 0xFF]);
        let again: OpenViewOut = client.call(14, &open).await;
        assert_eq!(HResult(again.return_value), HResult::E_UNEXPECTED);
        let answer: EnumViewOut = client.call(15, &read).await;
        assert_eq!((answer.pcelt_fetched, answer.return_value), (1, 0));
        assert_eq!(bytes_of(answer.pctb_result_rows)[..4], [3, 0, 0, 0]);
        let close = CloseViewIn { pwsz_authority: ca(), ..Default::default() };
        for expected in [HResult::S_OK, HResult::INVALID_HANDLE] {
            let answer: CloseViewOut = client.call(16, &close).await;
            assert_eq!(HResult(answer.return_value), expected);
        }
    }
}

#[tokio::test]
async fn columns_sets_and_parts_are_enumerated() {
    let client = Client::new(SECURITY, BOB).await;
    let columns = async |i_table: u32, i_column: u32, c_column: u32| {
        let pwsz_authority = ca();
        let request = EnumViewColumnTableIn {
            pwsz_authority,
            i_table,
            i_column,
            c_column,
            ..Default::default()
        };
        let answer: EnumViewColumnTableOut = client.call(35, &request).await;
        (answer.pc_column, HResult(answer.return_value))
    };
    assert_eq!(columns(0, 0, 1000).await, (79, HResult::S_OK));
    assert_eq!(columns(0, 70, 20).await, (9, HResult::S_OK));
    assert_eq!(columns(0, 79, 20).await, (0, HResult::S_FALSE));
    assert_eq!(columns(0x3000, 0, 20).await, (4, HResult::S_OK));
    assert_eq!(columns(0x4000, 0, 20).await, (3, HResult::S_OK));
    assert_eq!(columns(0x5000, u32::MAX, u32::MAX).await, (0, HResult::S_FALSE));
    assert_eq!(columns(0x6000, 0, 20).await, (0, HResult::E_INVALIDARG));
    assert_eq!(columns(0, 0, 0).await, (0, HResult::E_INVALIDARG));
    let set = async |i_column_set_default: u32| {
        let pwsz_authority = ca();
        let request = GetViewDefaultColumnSetIn {
            pwsz_authority,
            i_column_set_default,
            ..Default::default()
        };
        let answer: GetViewDefaultColumnSetOut = client.call(12, &request).await;
        (answer.pc_column, HResult(answer.return_value))
    };
    assert_eq!(set(0xFFFF_FFFF).await, (14, HResult::S_OK));
    assert_eq!(set(3).await, (0, HResult::E_INVALIDARG));
    let alice = client.office.bench.caller(ALICE);
    let attributes = "CertificateTemplate:User\nb:2\nc:3";
    let request = crate::enroll::testing::submission(attributes);
    client.office.enrollment.submit(&alice, request).await.expect("taken");
    let parts = async |row_id: u32, flags: u32, last: &str, celt: u32| {
        let request = EnumAttributesOrExtensionsIn {
            pwsz_authority: ca(),
            row_id,
            flags,
            pwsz_last: Some(last.into()),
            celt,
            ..Default::default()
        };
        let answer: EnumAttributesOrExtensionsOut = client.call(13, &request).await;
        (answer.pcelt_fetched, HResult(answer.return_value))
    };
    assert_eq!(parts(1, 0, "", 2).await, (2, HResult::S_OK));
    assert_eq!(parts(1, 0, "B", 2).await, (1, HResult::S_FALSE));
    assert_eq!(parts(1, 0, "c", 2).await, (0, HResult::S_FALSE));
    assert_eq!(parts(1, 0, "d", 2).await, (0, HResult::CERTSRV_E_PROPERTY_EMPTY));
    assert_eq!(parts(1, 1, "x", 2).await, (0, HResult::E_INVALIDARG));
    assert_eq!(parts(1, 2, "", 2).await, (0, HResult::E_INVALIDARG));
    assert_eq!(parts(0, 0, "", 2).await, (0, HResult::E_INVALIDARG));
    assert_eq!(parts(9, 0, "", 2).await, (0, HResult::CERTSRV_E_PROPERTY_EMPTY));
    let extensions = parts(1, 1, "", 100).await;
    assert!(extensions.0 > 5 && extensions.1 == HResult::S_FALSE);
}
