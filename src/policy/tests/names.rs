use super::*;
use crate::asn1::Name;

fn computer() -> World {
    let mut world = World::new();
    world.template.flags |= GeneralFlags::MACHINE_TYPE;
    world.template.names =
        NameFlags::SUBJECT_REQUIRE_DNS_AS_CN | NameFlags::SUBJECT_ALT_REQUIRE_DNS;
    if let Some(requester) = &mut world.requester {
        requester.kind = PrincipalKind::Computer;
        requester.sam_account_name = "WS1$".to_owned();
        requester.dns_host_name = Some("ws1.lab.test".to_owned());
    }
    world
}

#[test]
fn machines_are_named_by_their_dns_host_name() {
    let mut world = computer();
    let plan = world.plan();
    let cn = |cn: &str| SubjectName::CommonName { cn: cn.to_owned(), email: None };
    assert_eq!(plan.subject, cn("ws1.lab.test"));
    assert_eq!(plan.subject_alt_names, [dns("ws1.lab.test")]);
    world.template.names = NameFlags::SUBJECT_REQUIRE_COMMON_NAME;
    assert_eq!(world.plan().subject, cn("ws1.lab.test"));
    world.template.flags = GeneralFlags::empty();
    assert_eq!(world.plan().subject, cn("Alice Example"));
}

#[test]
fn what_the_directory_lacks_is_refused_with_its_own_code() {
    let cases = [
        (NameFlags::SUBJECT_ALT_REQUIRE_UPN, HResult::CERTSRV_E_SUBJECT_UPN_REQUIRED),
        (NameFlags::SUBJECT_ALT_REQUIRE_SPN, HResult::CERTSRV_E_SUBJECT_UPN_REQUIRED),
        (NameFlags::SUBJECT_ALT_REQUIRE_EMAIL, HResult::CERTSRV_E_SUBJECT_EMAIL_REQUIRED),
        (NameFlags::SUBJECT_REQUIRE_EMAIL, HResult::CERTSRV_E_SUBJECT_EMAIL_REQUIRED),
        (NameFlags::SUBJECT_ALT_REQUIRE_DNS, HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED),
        (NameFlags::SUBJECT_REQUIRE_DNS_AS_CN, HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED),
    ];
    for empty in [None, Some(String::new())] {
        for (flag, code) in cases {
            let mut world = World::new();
            world.template.names = flag;
            if let Some(requester) = &mut world.requester {
                requester.upn = empty.clone();
                requester.mail = empty.clone();
                requester.dns_host_name = empty.clone();
                requester.dns_domain.clear();
            }
            assert_eq!(world.denied(), code, "{flag:?}");
        }
    }
    let mut machine = computer();
    machine.template.names =
        NameFlags::SUBJECT_REQUIRE_DIRECTORY_PATH | NameFlags::SUBJECT_REQUIRE_COMMON_NAME;
    machine.plan();
    if let Some(requester) = &mut machine.requester {
        requester.dns_host_name = None;
    }
    assert_eq!(machine.denied(), HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED);
    machine.template.names =
        NameFlags::SUBJECT_REQUIRE_DIRECTORY_PATH | NameFlags::SUBJECT_REQUIRE_DNS_AS_CN;
    assert_eq!(machine.denied(), HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED);
}

#[test]
fn all_alternative_names_of_the_directory() {
    let mut world = computer();
    world.template.flags = GeneralFlags::empty();
    world.template.names = NameFlags::SUBJECT_REQUIRE_COMMON_NAME
        | NameFlags::SUBJECT_REQUIRE_EMAIL
        | NameFlags::SUBJECT_ALT_REQUIRE_UPN
        | NameFlags::SUBJECT_ALT_REQUIRE_EMAIL
        | NameFlags::SUBJECT_ALT_REQUIRE_DIRECTORY_GUID
        | NameFlags::SUBJECT_ALT_REQUIRE_DNS;
    let plan = world.plan();
    let email = Some("alice@mail.test".to_owned());
    assert_eq!(plan.subject, SubjectName::CommonName { cn: "Alice Example".to_owned(), email });
    assert_eq!(
        plan.subject_alt_names,
        [
            upn("alice@lab.test"),
            GeneralName::Email("alice@mail.test".to_owned()),
            GeneralName::DirectoryGuid([7; 16]),
            dns("ws1.lab.test"),
        ]
    );
    if let Some(requester) = &mut world.requester {
        requester.guid = [0; 16];
    }
    assert_eq!(world.denied(), HResult::CERTSRV_E_SUBJECT_DIRECTORY_GUID_REQUIRED);
}

/// [MS-WCCE] 3.2.2.6.2.1.4.5.9: SUBJECT_ALT_REQUIRE_DOMAIN_DNS.
#[test]
fn subject_alt_require_domain_dns() {
    let mut world = computer();
    world.template.names |= NameFlags::SUBJECT_ALT_REQUIRE_DOMAIN_DNS;
    let expected = [dns("ws1.lab.test"), dns("lab.test"), dns("LAB")];
    assert_eq!(world.plan().subject_alt_names, expected);
    for empty in 0..2 {
        let mut world = computer();
        world.template.names = NameFlags::SUBJECT_ALT_REQUIRE_DOMAIN_DNS;
        if let Some(requester) = &mut world.requester {
            match empty {
                0 => requester.domain.clear(),
                _ => requester.dns_domain.clear(),
            }
        }
        assert_eq!(world.denied(), HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED);
    }
}

#[test]
fn subject_require_email_alone() {
    let mut world = World::new();
    world.template.names = NameFlags::SUBJECT_REQUIRE_EMAIL;
    assert_eq!(world.plan().subject, SubjectName::Email("alice@mail.test".to_owned()));
}

#[test]
fn a_user_principal_name_is_composed_where_there_is_none() {
    for flag in [NameFlags::SUBJECT_ALT_REQUIRE_UPN, NameFlags::SUBJECT_ALT_REQUIRE_SPN] {
        let mut world = World::new();
        world.template.names = flag;
        assert_eq!(world.plan().subject_alt_names, [upn("alice@lab.test")]);
        if let Some(requester) = &mut world.requester {
            requester.sam_account_name = "asmith".to_owned();
            requester.upn = None;
        }
        assert_eq!(world.plan().subject_alt_names, [upn("asmith@lab.test")]);
    }
    let mut world = World::new();
    if let Some(requester) = &mut world.requester {
        requester.upn = None;
        requester.sam_account_name.clear();
    }
    assert_eq!(world.denied(), HResult::CERTSRV_E_SUBJECT_UPN_REQUIRED);
}

/// CVE-2022-26923: a computer that calls itself by the name of another.
#[test]
fn dns_host_names_are_the_computers_own() {
    let with = |account: &str, name: &str, services: &[&str]| {
        let mut world = computer();
        if let Some(requester) = &mut world.requester {
            requester.sam_account_name = account.to_owned();
            requester.dns_host_name = Some(name.to_owned());
            requester.service_principal_names = services.iter().map(ToString::to_string).collect();
        }
        world
    };
    with("WS1$", "Ws1.LAB.test", &[]).plan();
    with("A-LONG-NETBIOS-$", "a-long-netbios-name.lab.test", &[]).plan();
    with("WS1$", "other.lab.test", &["host/OTHER.lab.test"]).plan();
    for (name, services) in [
        ("dc1.lab.test", &[][..]),
        ("ws1.other.test", &[]),
        ("ws1", &[]),
        ("dc1.lab.test", &["HOST/dc1", "cifs/dc1.lab.test"]),
    ] {
        let mut world = with("WS1$", name, services);
        assert_eq!(world.denied(), HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED, "{name}");
        world.settings.foreign_dns_names = true;
        world.plan();
    }
    let mut user = with("alice", "anything.lab.test", &[]);
    if let Some(requester) = &mut user.requester {
        requester.kind = PrincipalKind::User;
    }
    user.plan();
}

#[test]
fn supplied_subjects_have_known_attributes_of_bounded_length() {
    let with = |oid: &Oid, value: String| {
        let mut world = World::supplied(&[oids::EMAIL_PROTECTION]);
        world.request.subject_attributes.push(NameAttribute { oid: oid.clone(), value });
        world
    };
    for (oid, limit) in [
        (&oids::COMMON_NAME, 64),
        (&oids::ORGANIZATION, 64),
        (&oids::COUNTRY, 2),
        (&oids::LOCALITY, 128),
        (&oids::EMAIL_ADDRESS, 255),
    ] {
        with(oid, "é".repeat(limit)).plan();
        let long = with(oid, "e".repeat(limit + 1));
        assert_eq!(long.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
        assert!(long.reason().to_string().contains(&limit.to_string()));
    }
    let unknown = with(&oids::TELEPHONE_NUMBER, "1".to_owned());
    assert!(matches!(unknown.reason(), DenyReason::SubjectAttribute { .. }));
    assert_eq!(unknown.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
    let mut ignored = World::new();
    let attribute = NameAttribute { oid: oids::TELEPHONE_NUMBER, value: "1".to_owned() };
    ignored.request.subject_attributes = vec![attribute];
    ignored.plan();
}

/// [MS-WCCE] 3.2.2.6.2.1.4.6.
#[test]
fn exchange_users_lose_directory_names_of_a_cn_beside_their_email_address() {
    let name = |text: &str| GeneralName::Directory(Name::parse(text).expect("valid").to_der());
    let empty = GeneralName::Directory(vec![0x30, 0]);
    let email = GeneralName::Email("alice@mail.test".to_owned());
    let all = [name("CN=alice"), email.clone(), name("CN=alice,O=Lab"), empty.clone()];
    for (template, kept) in
        [("ExchangeUser", &all[1..]), ("exchangeusersignature", &all[1..]), ("User", &all[..])]
    {
        let mut world = World::supplied(&[oids::EMAIL_PROTECTION]);
        world.template.name = template.to_owned();
        world.request.template_hints = vec![TemplateHint::Name(template.to_owned())];
        world.request.subject_alt_names = all.to_vec();
        assert_eq!(world.plan().subject_alt_names, kept, "{template}");
        world.request.subject_alt_names = vec![name("CN=alice")];
        assert_eq!(world.plan().subject_alt_names, [name("CN=alice")]);
    }
}

#[test]
fn a_certificate_names_something() {
    let mut world = World::new();
    world.template.names = NameFlags::empty();
    assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
    world.template.names = NameFlags::SUBJECT_ALT_REQUIRE_UPN;
    assert_eq!(world.plan().subject, SubjectName::Empty);
}

/// ESC1, ESC6 and their kin: nothing that a request says about names counts here.
#[test]
fn names_in_the_request_do_not_count_where_the_directory_supplies_them() {
    let mut world = World::new();
    world.template.names |= NameFlags::ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME;
    world.request.subject = b"forged".to_vec();
    world.request.subject_alt_names = vec![upn("administrator@lab.test"), dns("dc1.lab.test")];
    let forged = extensions::security_identifier(&sid("S-1-5-21-1-2-3-500"));
    world.request.extensions = vec![forged];
    let attribute =
        |name: &str, value: &str| Attribute { name: name.to_owned(), value: value.to_owned() };
    world.request.attributes = vec![
        attribute("SAN", "upn=administrator@lab.test"),
        attribute("ValidityPeriod", "Years"),
        attribute("ApplicationPolicies", "1.3.6.1.4.1.311.20.2.1"),
    ];
    assert_eq!(world.plan(), World::new().plan());
}

#[test]
fn supplied_names_are_taken_and_a_sid_if_it_is_the_requesters_own() {
    let mut world = World::supplied(&[oids::SERVER_AUTH]);
    world.enrollees("S-1-5-21-1-2-3-1107");
    let own = "S-1-5-21-1-2-3-1103";
    world.request.extensions = vec![extensions::security_identifier(&sid(own))];
    let tag = format!("TAG:microsoft.com,2022-09-14:sid:{own}");
    world.request.subject_alt_names.extend([uri(&tag), uri("https://www.lab.test/")]);
    let plan = world.plan();
    assert_eq!(plan.subject, SubjectName::FromRequest(b"name".to_vec()));
    assert_eq!(plan.subject_alt_names, [dns("www.lab.test"), uri("https://www.lab.test/")]);
    assert_eq!(plan.sid, Some(sid(own)));
    world.template.enrollment = EnrollmentFlags::NO_SECURITY_EXTENSION;
    assert_eq!(world.plan().sid, None);
    world.template.enrollment = EnrollmentFlags::empty();
    world.request.extensions.clear();
    assert_eq!(world.plan().sid, None, "a URI alone is no request for the extension");
    world.request.subject_attributes.clear();
    assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
}

#[test]
fn supplied_identities_of_others_are_denied_whatever_the_setting() {
    let forged = extensions::security_identifier(&sid("S-1-5-21-1-2-3-500"));
    let broken = Extension { value: vec![0x30, 5], ..forged.clone() };
    for supplied_names in [Handling::Pend, Handling::Deny, Handling::Issue] {
        for name in [
            upn("administrator@lab.test"),
            uri("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500"),
            uri(" Tag:Microsoft.com,2022-09-14:SID:S-1-5-21-1-2-3-500"),
            uri("tag:microsoft.com"),
            GeneralName::DirectoryGuid([9; 16]),
        ] {
            let mut world = World::supplied(&[oids::SERVER_AUTH]);
            world.settings.supplied_names = supplied_names;
            world.request.subject_alt_names.push(name.clone());
            assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT, "{name:?}");
        }
        for (extension, code) in [
            (&forged, HResult::CERTSRV_E_BAD_REQUESTSUBJECT),
            (&broken, HResult::CRYPT_E_ASN1_ERROR),
        ] {
            let mut world = World::supplied(&[oids::SERVER_AUTH]);
            world.settings.supplied_names = supplied_names;
            world.request.extensions = vec![extension.clone()];
            assert_eq!(world.denied(), code);
        }
    }
    let mut own = World::supplied(&[oids::SERVER_AUTH]);
    own.enrollees("S-1-5-21-1-2-3-1107");
    own.request.subject_alt_names = vec![upn("Alice@LAB.test")];
    own.plan();
}

/// ESC1: supplied names and a certificate that logs on.
#[test]
fn supplied_names_that_authenticate_follow_the_setting() {
    for policy in [
        oids::CLIENT_AUTH,
        oids::SMARTCARD_LOGON,
        oids::PKINIT_CLIENT_AUTH,
        oids::ANY_EXTENDED_KEY_USAGE,
    ] {
        let mut world = World::supplied(&[oids::EMAIL_PROTECTION, policy]);
        world.enrollees("S-1-5-21-1-2-3-1107");
        assert_eq!(world.pended(), PendReason::SuppliedNames);
        world.settings.supplied_names = Handling::Deny;
        assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
        world.settings.supplied_names = Handling::Issue;
        world.plan();
    }
}

/// ESC17: supplied names in a server's certificate that everybody may have.
#[test]
fn names_of_other_hosts_are_approved_where_many_may_enroll() {
    let mut world = World::supplied(&[oids::SERVER_AUTH]);
    assert_eq!(world.pended(), PendReason::SuppliedNames);
    if let Some(requester) = &mut world.requester {
        requester.dns_host_name = Some("WWW.lab.test".to_owned());
    }
    world.plan();
    for other in [dns("dc1.lab.test"), GeneralName::Ip(vec![10, 0, 0, 1]), upn("alice@lab.test")] {
        let mut world = World { request: world.request.clone(), ..World::supplied(&[]) };
        world.template.application_policies = vec![oids::SERVER_AUTH];
        world.request.subject_alt_names.push(other);
        assert_eq!(world.pended(), PendReason::SuppliedNames);
        world.enrollees("S-1-5-21-1-2-3-1107");
        world.plan();
    }
    let name = |oid, value: &str| NameAttribute { oid, value: value.to_owned() };
    world.request.subject_attributes.push(name(oids::ORGANIZATION, "Lab"));
    world.plan();
    world.request.subject_attributes.push(name(oids::COMMON_NAME, "dc1.lab.test"));
    assert_eq!(world.pended(), PendReason::SuppliedNames);
}

#[test]
fn the_sid_is_left_out_only_where_nobody_logs_on() {
    let mut world = World::new();
    world.template.enrollment = EnrollmentFlags::NO_SECURITY_EXTENSION;
    assert!(world.plan().sid.is_some(), "ESC9: client authentication keeps it");
    world.settings.no_security_extension = true;
    assert_eq!(world.plan().sid, None, "by the setting");
    world.settings.no_security_extension = false;
    world.template.application_policies = vec![oids::EMAIL_PROTECTION];
    assert_eq!(world.plan().sid, None);
}
