//! `wcce`, the client's command line, against a running server.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::demo::{CA, text};
use crate::desk::{Desk, assert_done, assert_failed, mode, request_id};

#[test]
fn a_certificate_is_enrolled_for_stored_and_retrieved_by_every_way() {
    let desk = Desk::new();
    for (way, arguments) in [
        ("dcom", &["--rpc", "dcom"][..]),
        ("dcom-ntlm", &["--auth", "ntlm"]),
        ("dcom-cmc", &["--format", "cmc"]),
        ("icpr", &["--rpc", "icpr"]),
        ("icpr-ntlm-cmc", &["--rpc", "icpr", "--auth", "ntlm", "--format", "cmc"]),
    ] {
        let made = [&["--template", "User", "--out", way][..], arguments].concat();
        let made = desk.as_alice("enroll", &made);
        assert_done(&made);
        let key = desk.out(&format!("{way}.key"));
        assert_eq!((mode(&key), mode(&desk.out(&format!("{way}.crt")))), (0o600, 0o644));
        desk.openssl(&["pkey", "-in", &format!("{way}.key"), "-check", "-noout"]);
        desk.verify(way);

        let again = format!("{way}-again");
        let rpc = if way.starts_with("icpr") { "icpr" } else { "dcom" };
        let retrieve = ["--rpc", rpc, "--id", &request_id(&made), "--out", &again];
        let key = ["--key", key.to_str().expect("text")];
        assert_done(&desk.as_alice("retrieve", &[&retrieve[..], &key].concat()));
        for extension in ["crt", "p7b"] {
            let read = |name: &str| std::fs::read(desk.out(&format!("{name}.{extension}")));
            assert_eq!(read(way).expect("stored"), read(&again).expect("stored"));
        }
        assert!(!desk.exists(&format!("{again}.key")));
    }
    let serial = desk.openssl(&["x509", "-in", "dcom.crt", "-noout", "-serial"]);
    let serial = serial.trim().trim_start_matches("serial=").to_owned();
    assert_done(&desk.as_alice("retrieve", &["--serial", &serial, "--out", "by-serial"]));
    let read = |name: &str| std::fs::read(desk.out(name)).expect("stored");
    assert_eq!(read("by-serial.crt"), read("dcom.crt"));
    let passage = ["--rpc", "icpr", "--serial", &serial, "--out", "x"];
    assert_failed(&desk.as_alice("retrieve", &passage), "leave out --rpc icpr");
    // Another key than that of the request.
    let other = ["--id", "1", "--key", "icpr.key", "--out", "x"];
    assert_failed(&desk.as_alice("retrieve", &other), "another key");
}

#[test]
fn every_kind_of_key_is_made_and_taken_from_files() {
    let desk =
        Desk::with(|demo| demo.edit("directory.toml", &[("Key-Size = 2048", "Key-Size = 256")]));
    for kind in ["rsa3072", "p256", "p521", "ed25519"] {
        let enroll = ["--template", "User", "--key-type", kind, "--out", kind];
        assert_done(&desk.as_alice("enroll", &enroll));
        let again = format!("{kind}-again");
        let key = format!("{kind}.key");
        let enroll = ["--template", "User", "--key", &key, "--format", "cmc", "--out", &again];
        assert_done(&desk.as_alice("enroll", &enroll));
        desk.verify(&again);
        assert!(!desk.exists(&format!("{again}.key")), "it is there already");
        let spki = |name: &str| {
            desk.openssl(&["x509", "-in", &format!("{name}.crt"), "-noout", "-pubkey"])
        };
        assert_eq!(spki(kind), spki(&again));
    }
    let open = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(desk.out("p256.key"), open).expect("set");
    let refused =
        desk.as_alice("enroll", &["--template", "User", "--key", "p256.key", "--out", "x"]);
    assert_failed(&refused, "chmod 600");
}

#[test]
fn results_come_as_pkcs12_and_pkcs8_too() {
    let desk = Desk::new();
    std::fs::write(desk.out("secret"), "pass wörd\n").expect("written");
    let enroll =
        ["--template", "User", "--out", "a", "--pkcs12", "--pkcs12-password-file", "secret"];
    assert_done(&desk.as_alice("enroll", &enroll));
    assert_eq!(mode(&desk.out("a.p12")), 0o600);
    assert!(!desk.exists("a.key"), "the key is in a.p12 alone");
    let shown = desk.openssl(&["pkcs12", "-in", "a.p12", "-passin", "file:secret", "-nodes"]);
    assert_eq!(shown.matches("BEGIN CERTIFICATE").count(), 2, "{shown}");
    assert_eq!(shown.matches("BEGIN PRIVATE KEY").count(), 1, "{shown}");

    let der = ["--template", "User", "--out", "b", "--pkcs8-der"];
    let made = desk.as_alice("enroll", &der);
    assert_done(&made);
    assert_eq!((mode(&desk.out("b.p8")), desk.exists("b.key")), (0o600, false));
    desk.openssl(&["pkey", "-inform", "DER", "-in", "b.p8", "-check", "-noout"]);
    let id = request_id(&made);
    let retrieve = ["--id", &id, "--out", "c", "--pkcs12", "--pkcs12-password-file", "secret"];
    assert_failed(&desk.as_alice("retrieve", &retrieve), "add --key");
    let with_key = [&retrieve[..], &["--key", "b.p8"]].concat();
    assert_done(&desk.as_alice("retrieve", &with_key));
    desk.openssl(&["pkcs12", "-in", "c.p12", "-passin", "file:secret", "-nodes"]);
    assert!(desk.exists("b.p8"), "what was there is left alone");
}

/// PEND_ALL_REQUESTS: exit status 3, and the key stays.
#[test]
fn a_pending_request_keeps_its_key_until_it_is_retrieved() {
    let desk = Desk::with(|demo| {
        let pends = "\"PUBLISH_TO_DS\", \"AUTO_ENROLLMENT\", \"PEND_ALL_REQUESTS\"";
        demo.edit("directory.toml", &[("\"PUBLISH_TO_DS\", \"AUTO_ENROLLMENT\"", pends)]);
        // Version 1 templates do not pend.
        let text = std::fs::read_to_string(demo.path("directory.toml")).expect("read");
        let text = text.replacen("Schema-Version = 1", "Schema-Version = 2", 1);
        std::fs::write(demo.path("directory.toml"), text).expect("written");
    });
    for (rpc, name) in [("dcom", "x"), ("icpr", "y")] {
        let enroll = ["--rpc", rpc, "--template", "User", "--out", name];
        let pending = desk.as_alice("enroll", &enroll);
        assert_eq!(pending.status.code(), Some(3), "{}", text(&pending.stderr));
        let id = request_id(&pending);
        assert!(
            text(&pending.stdout).contains(&format!("wcce retrieve --id {id} --key {name}.key"))
        );
        assert_eq!(mode(&desk.out(&format!("{name}.key"))), 0o600);
        let retrieve = ["--rpc", rpc, "--id", &id, "--out", &format!("{name}2")];
        let still = desk.as_alice("retrieve", &retrieve);
        assert_eq!(still.status.code(), Some(3), "{}", text(&still.stderr));
        assert!(!desk.exists(&format!("{name}2.crt")) && !desk.exists(&format!("{name}.crt")));
    }
}

#[test]
fn a_request_made_elsewhere_is_submitted() {
    let desk = Desk::new();
    let make = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=whatever"];
    desk.openssl(&[&make[..], &["-keyout", "own.key", "-out", "own.csr"]].concat());
    for rpc in ["dcom", "icpr"] {
        let issued = format!("issued-{rpc}");
        let enroll = ["--rpc", rpc, "--template", "User", "--csr", "own.csr", "--out", &issued];
        assert_done(&desk.as_alice("enroll", &enroll));
        assert!(!desk.exists(&format!("{issued}.key")));
        desk.verify(&issued);
    }
    let both = ["--template", "User", "--csr", "own.csr", "--key-type", "p256", "--out", "x"];
    assert_eq!(desk.as_alice("enroll", &both).status.code(), Some(2));
    let without = ["--template", "User", "--csr", "own.csr", "--pkcs12", "--out", "x"];
    assert_failed(&desk.as_alice("enroll", &without), "not in a --csr");
}

#[test]
fn refusals_leave_nothing_behind() {
    let desk = Desk::new();
    for rpc in ["dcom", "icpr"] {
        for template in ["Nope", "WebServer"] {
            let refused =
                desk.as_alice("enroll", &["--rpc", rpc, "--template", template, "--out", "x"]);
            assert_failed(&refused, "was refused: 0x80094");
        }
        let missing = desk.as_alice("retrieve", &["--rpc", rpc, "--id", "4711", "--out", "x"]);
        assert_failed(&missing, "the CA refused the call");
        let other_ca = ["--rpc", rpc, "--ca", "Other CA", "--template", "User", "--out", "x"];
        assert_failed(&desk.logged_on("enroll", &other_ca), "Is the CA's name right?");
    }
    let nobody = desk.wcce("enroll", &["--ca", CA, "--template", "User", "--out", "x"]);
    assert_failed(&nobody, "--user");
    let nameless = ["--rpc", "icpr", "--template", "User", "--out", "x"];
    assert_failed(&desk.logged_on("enroll", &nameless), "add --ca");
    let signed = ["--template", "User", "--on-behalf-of", r"WCCE\bob", "--out", "x"];
    assert_eq!(desk.as_alice("enroll", &signed).status.code(), Some(2), "no agent");

    std::fs::write(&desk.password, "wrong\n").expect("written");
    for rpc in ["dcom", "icpr"] {
        let wrong = desk.as_alice("enroll", &["--rpc", rpc, "--template", "User", "--out", "x"]);
        assert_failed(&wrong, "wrong user, password or signature");
    }
    assert!(!["x.key", "x.crt", "x.p7b"].into_iter().any(|name| desk.exists(name)));
}

#[test]
fn nothing_is_overwritten() {
    let desk = Desk::new();
    std::fs::write(desk.out("x.crt"), "precious").expect("written");
    assert_failed(&desk.as_alice("enroll", &["--template", "User", "--out", "x"]), "x.crt exists");
    assert_failed(&desk.as_alice("retrieve", &["--id", "1", "--out", "x"]), "x.crt exists");
    assert_eq!(std::fs::read(desk.out("x.crt")).expect("read"), b"precious");
    std::os::unix::fs::symlink("/nonexistent", desk.out("y.key")).expect("made");
    assert_failed(&desk.as_alice("enroll", &["--template", "User", "--out", "y"]), "y.key exists");
    std::fs::write(desk.out("z.p12"), "precious").expect("written");
    std::fs::write(desk.out("secret"), "x").expect("written");
    let enroll =
        ["--template", "User", "--out", "z", "--pkcs12", "--pkcs12-password-file", "secret"];
    assert_failed(&desk.as_alice("enroll", &enroll), "z.p12 exists");
    assert!(!["x.key", "z.key", "y.crt", "z.crt"].into_iter().any(|name| desk.exists(name)));
}

#[test]
fn the_chain_leads_to_what_is_trusted() {
    let desk = Desk::new();
    let root = desk.out("state/ca.crt");
    let root = root.to_str().expect("text");
    for rpc in ["dcom", "icpr"] {
        let trusting = ["--rpc", rpc, "--template", "User", "--trust"];
        assert_done(&desk.as_alice("enroll", &[&trusting[..], &[root, "--out", rpc]].concat()));
        let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=wcce CA"];
        desk.openssl(&[&make[..], &["-keyout", "o.key", "-out", "other.crt"]].concat());
        let refused =
            desk.as_alice("enroll", &[&trusting[..], &["other.crt", "--out", "x"]].concat());
        assert_failed(&refused, "does not lead to a certificate of --trust");
        assert!(!desk.exists("x.crt"));
        std::fs::remove_file(desk.out("x.key")).expect("the key is kept: the CA issued for it");
    }
}

#[test]
fn the_ca_tells_of_itself() {
    let desk = Desk::new();
    let told = desk.logged_on("ca-info", &["--json"]);
    assert_done(&told);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!((&told["name"], &told["type"]), (&CA.into(), &"enterprise root".into()));
    let certificate = &told["certificates"][0];
    assert_eq!((&certificate["state"], &certificate["version"]), (&"valid".into(), &0.into()));
    let pem = certificate["certificate"]["pem"].as_str().expect("text");
    let own = std::fs::read_to_string(desk.out("state/ca.crt")).expect("read");
    assert_eq!(pem, own);
    for (value, make) in [
        (&told["chain"], &["pkcs7", "-print_certs"][..]),
        (&certificate["base_crl"], &["crl", "-noout", "-CAfile", "state/ca.crt"]),
        (&told["exchange_certificate"]["pem"], &["verify", "-CAfile", "state/ca.crt"]),
    ] {
        std::fs::write(desk.out("told"), value.as_str().expect("text")).expect("written");
        let file: &[&str] = if make[0] == "verify" { &["told"] } else { &["-in", "told"] };
        desk.openssl(&[make, file].concat());
    }
    let names = told["templates"].as_array().expect("a list").iter();
    let names: Vec<_> = names.map(|template| template["name"].as_str().expect("text")).collect();
    assert!(names.contains(&"User") && names.contains(&"Workstation"), "{names:?}");

    let shown = desk.logged_on("ca-info", &[]);
    assert_done(&shown);
    let shown = text(&shown.stdout);
    for line in ["CA                    wcce CA", "Certificate 0: valid", "Exchange certificate"] {
        assert!(shown.contains(line), "{shown}");
    }
    assert_failed(&desk.as_alice("ca-info", &["--rpc", "icpr"]), "leave out --rpc icpr");
}

/// Rights are not told by the CA, and not made up.
#[test]
fn templates_that_the_ca_offers_are_listed() {
    let desk = Desk::new();
    let shown = desk.logged_on("templates", &[]);
    assert_done(&shown);
    let listed = text(&shown.stdout);
    assert!(listed.lines().any(|line| line.starts_with("User  ")), "{listed}");
    assert_eq!(listed.lines().count(), 7, "{listed}");
    let said = text(&shown.stderr);
    assert!(said.contains("only what wcce CA offers") && said.contains("not read"), "{said}");
    let json = desk.as_alice("templates", &["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["directory"], false);
    let listed = json["templates"].as_array().expect("a list");
    assert_eq!(listed.len(), 6);
    assert!(listed.iter().all(|one| one["ca"] == CA && one["rights"].is_null()), "{json}");
}

#[test]
fn endpoints_and_ping_show_where_the_ca_is() {
    let desk = Desk::new();
    let port = desk.server.enrollment.port();
    let endpoints = desk.wcce("endpoints", &[]);
    assert_done(&endpoints);
    let binding = format!("ncacn_ip_tcp:127.0.0.1[{port}]");
    assert!(text(&endpoints.stdout).contains(&binding), "{}", text(&endpoints.stdout));

    let ping = desk.wcce("ping", &[]);
    assert_done(&ping);
    let said = text(&ping.stdout);
    assert!(said.starts_with(&format!("127.0.0.1 port {port} serves ICertPassage")), "{said}");
    // With a login, the CA's object is called.
    for (authority, name) in [(&[][..], "the CA"), (&["--ca", CA], "CA wcce CA")] {
        let ping = desk.logged_on("ping", authority);
        assert_done(&ping);
        let said = text(&ping.stdout);
        assert!(said.starts_with(&format!("{name} answers over DCOM: ")), "{said}");
    }
    assert_failed(&desk.logged_on("ping", &["--ca", "Other CA"]), "Is the CA's name right?");
    // The endpoint mapper's own port does not.
    let mapper = desk.server.mapper.port().to_string();
    assert_failed(&desk.wcce("ping", &["--port", &mapper]), "does not offer interface");
}

#[test]
fn bench_counts_and_measures() {
    let desk = Desk::new();
    let load =
        ["--template", "User", "--key-type", "rsa2048", "--connections", "3", "--requests", "7"];
    for further in [&[][..], &["--reconnect"]] {
        let measured = desk.as_alice("bench", &[&load, further].concat());
        assert_done(&measured);
        let said = text(&measured.stdout);
        assert!(said.starts_with("7 requests in ") && said.contains("  p99 "), "{said}");
    }
    let load = ["--template", "Nope", "--connections", "2", "--requests", "3"];
    let failed = desk.as_alice("bench", &load);
    assert_failed(&failed, "3 requests failed");
    assert!(text(&failed.stdout).contains("CERTSRV_E_UNSUPPORTED_CERT_TYPE"));
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_wcce"))
        .args(["ping", "--server", "ncacn_ip_tcp:127.0.0.1[1]"])
        .output()
        .expect("wcce runs");
    assert_failed(&output, "connecting to 127.0.0.1 port 1");
}
