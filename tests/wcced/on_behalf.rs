//! `wcce enroll --on-behalf-of` and `wcce renew` against a server.

use std::fmt::Write;

use wcce::auth::ntlm::nt_hash;

use crate::demo::{Demo, text};
use crate::desk::{Desk, assert_done, assert_failed};

/// Agents enrol for others by the template OnBehalf, who may renew without an agent; by Supplied
/// the requester says the names. Bob has alice's password.
fn desk() -> Desk {
    let desk = Desk::with(|demo| {
        change(demo, "directory.toml", |accounts| {
            let hash = hex::encode(*nt_hash(&demo.password));
            write!(
                accounts,
                "\n[[users]]\nname = \"bob\"\nrid = 1104\nupn = \"bob@wcce.test\"\n\
                 nt_hash = \"{hash}\"\n\
                 [[groups]]\nname = \"Agents\"\nrid = 1105\n"
            )
            .expect("written");
            *accounts = accounts.replacen(
                "name = \"alice\"\n",
                "name = \"alice\"\nmember_of = [\"Agents\"]\n",
                1,
            );
            let template = |name: &str, oid: u32, names: &str, rest: &str| {
                format!(
                    "\n[[templates]]\ncn = \"{name}\"\nmsPKI-Template-Schema-Version = 2\n\
                     revision = 100\nmsPKI-Cert-Template-OID = \"1.3.6.1.4.1.311.21.8.7.7.{oid}\"\n\
                     msPKI-Certificate-Name-Flag = [{names}]\npKIExpirationPeriod = \"1y\"\n\
                     pKIOverlapPeriod = \"6w\"\nmsPKI-Minimal-Key-Size = 256\n\
                     pKIKeyUsage = [\"digitalSignature\"]\n\
                     pKICriticalExtensions = [\"keyUsage\"]\n{rest}\n"
                )
            };
            let directory = "\"SUBJECT_REQUIRE_DIRECTORY_PATH\", \"SUBJECT_ALT_REQUIRE_UPN\"";
            accounts.push_str(&template(
                "OnBehalf",
                1,
                directory,
                "msPKI-RA-Signature = 1\n\
                 msPKI-RA-Application-Policies = [\"certificateRequestAgent\"]\n\
                 msPKI-Enrollment-Flag = [\"PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT\"]\n\
                 msPKI-Certificate-Application-Policy = [\"clientAuth\"]\n\
                 enroll = [\"Domain Users\"]",
            ));
            accounts.push_str(&template(
                "Agent",
                2,
                directory,
                "msPKI-Certificate-Application-Policy = [\"certificateRequestAgent\"]\n\
                 enroll = [\"Agents\"]",
            ));
            accounts.push_str(&template(
                "Supplied",
                3,
                "\"ENROLLEE_SUPPLIES_SUBJECT\"",
                "msPKI-Certificate-Application-Policy = [\"emailProtection\"]\n\
                 enroll = [\"Agents\"]",
            ));
        });
        change(demo, "wcced.toml", |config| {
            config.push_str("\n[[enrollment_agents]]\nagents = [\"Agents\"]\n");
        });
    });
    std::fs::write(desk.out("secret"), "secret\n").expect("written");
    let agent = ["--template", "Agent", "--key-type", "p256", "--out", "agent"];
    assert_done(&desk.as_alice("enroll", &agent));
    desk
}

fn change(demo: &Demo, name: &str, edit: impl FnOnce(&mut String)) {
    let path = demo.path(name);
    let mut content = std::fs::read_to_string(&path).expect("read");
    edit(&mut content);
    std::fs::write(&path, content).expect("written");
}

fn upn(desk: &Desk, name: &str) -> String {
    let file = format!("{name}.crt");
    desk.openssl(&["x509", "-in", &file, "-noout", "-ext", "subjectAltName"])
}

fn public_key(desk: &Desk, name: &str) -> String {
    desk.openssl(&["x509", "-in", &format!("{name}.crt"), "-noout", "-pubkey"])
}

/// [MS-WCCE] 3.1.1.4.3.3: by both forms, over both interfaces.
#[test]
fn an_agent_enrolls_for_another() {
    let desk = desk();
    let make =
        ["pkcs12", "-export", "-in", "agent.crt", "-inkey", "agent.key", "-out", "agent.p12"];
    desk.openssl(&[&make[..], &["-passout", "file:secret"]].concat());
    let pem = ["--agent-cert", "agent.crt", "--agent-key", "agent.key"];
    let pkcs12 = ["--agent-cert", "agent.p12", "--agent-password-file", "secret"];
    for (name, agent, further) in [
        ("cmc", &pem, &[][..]),
        ("cms", &pkcs12, &["--format", "cms"]),
        ("cmc-icpr", &pkcs12, &["--rpc", "icpr", "--format", "cmc"]),
        ("cms-icpr", &pem, &["--rpc", "icpr", "--format", "cms", "--key-type", "p384"]),
    ] {
        let enroll = ["--template", "OnBehalf", "--on-behalf-of", r"WCCE\bob", "--out", name];
        assert_done(&desk.as_alice("enroll", &[&enroll[..], agent, further].concat()));
        desk.verify(name);
        let names = upn(&desk, name);
        assert!(names.contains("UPN::bob@wcce.test") && !names.contains("alice"), "{names}");
    }
    // Bob's own request, to which the agent puts her signature.
    let make = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=whatever"];
    desk.openssl(&[&make[..], &["-keyout", "own.key", "-out", "own.csr"]].concat());
    let enroll = ["--template", "OnBehalf", "--on-behalf-of", r"WCCE\bob", "--csr", "own.csr"];
    let given = desk.as_alice("enroll", &[&enroll[..], &pem, &["--out", "given"]].concat());
    assert_done(&given);
    assert!(upn(&desk, "given").contains("UPN::bob@wcce.test"));
}

#[test]
fn nobody_enrolls_for_another_without_being_an_agent() {
    let desk = desk();
    let enroll = ["--template", "OnBehalf", "--out", "x"];
    let alone = desk.as_user("bob", "enroll", &enroll);
    assert_failed(&alone, "CERTSRV_E_SIGNATURE_POLICY_REQUIRED");
    // Bob has come by alice's certificate and key.
    let pem = ["--agent-cert", "agent.crt", "--agent-key", "agent.key"];
    let stolen = [&enroll[..], &pem, &["--on-behalf-of", r"WCCE\alice"]].concat();
    assert_failed(&desk.as_user("bob", "enroll", &stolen), "was refused");
    let pkcs10 = [&stolen[..], &["--format", "pkcs10"]].concat();
    assert_failed(&desk.as_alice("enroll", &pkcs10), "choose --format cms or --format cmc");
    let other = [&enroll[..], &["--agent-cert", "agent.crt", "--agent-key", "x.key"]].concat();
    assert_failed(&desk.as_alice("enroll", &other), "x.key");
    assert!(!desk.exists("x.key") && !desk.exists("x.crt"));
}

/// [MS-WCCE] 3.1.1.4.3.2: by both forms, over both interfaces, with a new key and with the old
/// one. The template lets renewals do without the agent that the first certificate took.
#[test]
fn certificates_are_renewed() {
    let desk = desk();
    let pem = ["--agent-cert", "agent.crt", "--agent-key", "agent.key"];
    let enroll = ["--template", "OnBehalf", "--on-behalf-of", r"WCCE\bob", "--out", "first"];
    assert_done(&desk.as_alice("enroll", &[&enroll[..], &pem].concat()));
    let old = ["--cert", "first.crt", "--key", "first.key"];
    for (name, same, further) in [
        ("cmc", false, &[][..]),
        ("cmc-same", true, &["--same-key"]),
        ("cms", false, &["--format", "cms", "--key-type", "p256"]),
        ("cmc-icpr", false, &["--rpc", "icpr", "--ca", "wcce CA"]),
        (
            "cms-icpr-same",
            true,
            &["--rpc", "icpr", "--ca", "wcce CA", "--format", "cms", "--same-key"],
        ),
    ] {
        let renewed = desk.as_user("bob", "renew", &[&old[..], further, &["--out", name]].concat());
        assert_done(&renewed);
        desk.verify(name);
        assert!(upn(&desk, name).contains("UPN::bob@wcce.test"), "{name}");
        assert_eq!(public_key(&desk, name) == public_key(&desk, "first"), same, "{name}");
        assert_eq!(desk.exists(&format!("{name}.key")), !same, "{name}");
    }
    // One file for the next time.
    let make = ["pkcs12", "-export", "-in", "cms.crt", "-inkey", "cms.key", "-out", "cms.p12"];
    desk.openssl(&[&make[..], &["-passout", "file:secret"]].concat());
    let next = ["--cert", "cms.p12", "--cert-password-file", "secret", "--out", "next", "--pkcs12"];
    let next = [&next[..], &["--pkcs12-password-file", "secret"]].concat();
    assert_done(&desk.as_user("bob", "renew", &next));
    desk.openssl(&["pkcs12", "-in", "next.p12", "-passin", "file:secret", "-nodes"]);
    assert!(!desk.exists("next.key"));
}

/// Templates of version 1 are renewed in CMS, those without a template not at all.
#[test]
fn renewals_are_for_the_template_of_the_old_certificate() {
    let desk = desk();
    assert_done(&desk.as_alice("enroll", &["--template", "User", "--out", "user"]));
    let renew = ["--cert", "user.crt", "--key", "user.key", "--out", "user2"];
    assert_done(&desk.as_alice("renew", &renew));
    assert!(upn(&desk, "user2").contains("UPN::alice@wcce.test"));
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout"];
    desk.openssl(&[&make[..], &["own.key", "-out", "own.crt"]].concat());
    let own = ["--cert", "own.crt", "--key", "own.key", "--out", "x"];
    assert_failed(&desk.as_alice("renew", &own), "names no template");
    let mixed = ["--cert", "own.crt", "--key", "user.key", "--out", "x"];
    assert_failed(&desk.as_alice("renew", &mixed), "none of the certificates belongs");
}

/// Names that the requester supplies are asked for again.
#[test]
fn names_are_kept_in_renewals_where_that_is_asked_for() {
    let desk = desk();
    let names = ["--subject", "CN=desk,O=Test", "--san", "email=desk@wcce.test"];
    let enroll = ["--template", "Supplied", "--out", "mail"];
    assert_done(&desk.as_alice("enroll", &[&enroll[..], &names].concat()));
    let renew = ["--cert", "mail.crt", "--key", "mail.key", "--keep-names", "--out", "mail2"];
    assert_done(&desk.as_alice("renew", &renew));
    for name in ["mail", "mail2"] {
        let file = format!("{name}.crt");
        let shown = ["x509", "-in", &file, "-noout", "-subject", "-ext", "subjectAltName"];
        let shown = desk.openssl(&shown);
        assert!(shown.contains("CN = desk") && shown.contains("email:desk@wcce.test"), "{shown}");
    }
    let without = ["--cert", "mail.crt", "--key", "mail.key", "--out", "x"];
    let refused = desk.as_alice("renew", &without);
    assert!(text(&refused.stderr).contains("CERTSRV_E_BAD_REQUESTSUBJECT"), "{refused:?}");
}
