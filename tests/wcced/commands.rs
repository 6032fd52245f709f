//! `init`, `check-config`, `hash-password`, `--help`.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::demo::{Demo, text, wcced};

#[test]
fn what_init_writes_is_right_and_never_overwritten() {
    let folder = tempfile::tempdir().expect("made");
    let path = folder.path().to_str().expect("text");
    let made = wcced(&["init", "--folder", path, "--netbios", "LAB", "--dns", "lab.test"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(!text(&made.stdout).contains("password"), "no account without being asked");
    let mode = |name: &str| {
        std::fs::metadata(folder.path().join(name)).expect("there").permissions().mode() & 0o7777
    };
    assert_eq!(mode("directory.toml"), 0o600);
    let config = folder.path().join("wcced.toml");
    let checked = wcced(&["check-config", "--config", config.to_str().expect("text")]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("6 templates enabled"), "{}", text(&checked.stdout));
    let again = wcced(&["init", "--folder", path]);
    assert!(!again.status.success());
    assert!(text(&again.stderr).contains("wcced.toml"), "{}", text(&again.stderr));
}

#[test]
fn captures_are_shown_one_or_a_folder_of_them() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/pcaps");
    let one = wcced(&["replay", &format!("{folder}/impacket-icpr-ntlm-unknown-template.pcapng")]);
    let shown = text(&one.stdout);
    assert!(one.status.success(), "{}", text(&one.stderr));
    assert!(shown.contains("disposition 0x80094800 (CERTSRV_E_UNSUPPORTED_CERT_TYPE)"), "{shown}");
    assert!(shown.contains("wcced would answer all 2 PDUs of the server alike"), "{shown}");
    let all = wcced(&["replay", folder]);
    assert!(all.status.success(), "{}", text(&all.stderr));
    let connections = text(&all.stdout).matches("\nConnection 1: ").count();
    let captures = std::fs::read_dir(folder).expect("there").filter(|file| {
        let path = file.as_ref().expect("read").path();
        path.extension().is_some_and(|extension| extension == "pcapng")
    });
    assert_eq!(connections, captures.count());
    assert!(!text(&all.stdout).contains(" ! "), "wcced answers its own recordings otherwise");
}

#[test]
fn captures_open_with_the_secret_that_is_given() {
    let folder = tempfile::tempdir().expect("made");
    // Without its manifest.
    let capture = folder.path().join("copy.pcapng");
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/pcaps/impacket-icpr-ntlm.pcapng");
    std::fs::copy(recorded, &capture).expect("copied");
    let (capture, secret) = (capture.to_str().expect("text"), folder.path().join("password"));
    let path = secret.to_str().expect("text");
    let with = |password: &str| {
        std::fs::write(&secret, password).expect("written");
        std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).expect("set");
        let shown = wcced(&["replay", capture, "--user", "alice", "--password-file", path]);
        text(&shown.stdout)
    };
    assert!(with("Passw0rd-Alice\n").contains("disposition 3 (issued)"));
    let wrong = with("other");
    assert!(wrong.contains("password WRONG") && !wrong.contains("disposition"), "{wrong}");
    let none = text(&wcced(&["replay", capture]).stdout);
    assert!(none.contains("the password of LAB\\alice was not given"), "{none}");
    let not = wcced(&["replay", path]);
    assert_eq!(not.status.code(), Some(1));
    assert!(text(&not.stderr).contains("neither pcap nor pcapng"), "{}", text(&not.stderr));
}

#[test]
fn init_writes_nothing_that_would_be_wrong() {
    for wrong in [["--netbios", "LAB\"\nx = \"1"], ["--netbios", ""], ["--dns", "a\"b"]] {
        let folder = tempfile::tempdir().expect("made");
        let path = folder.path().to_str().expect("text");
        let refused = wcced(&[&["init", "--folder", path][..], &wrong].concat());
        assert_eq!(refused.status.code(), Some(1), "{wrong:?}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0);
    }
}

#[test]
fn check_config_says_what_is_wrong_and_where() {
    for (file, from, to, expected) in [
        ("wcced.toml", "[log]", "[lag]", "unknown field `lag`"),
        ("wcced.toml", "#level = \"info\"", "level = \"wcce=loud\"", "log.level"),
        (
            "wcced.toml",
            "#security = \"O:BAG:BAD:(A;;0x200;;;AU)",
            "security = \"D:(A;;0x200;;;XX)",
            "XX",
        ),
        ("wcced.toml", "#directory = \"d", "directory = \"x", "xirectory.toml"),
        ("directory.toml", "[\"digitalSignature\"]", "[\"sign\"]", "\"EnrollmentAgent\""),
    ] {
        let demo = Demo::new();
        demo.edit(file, &[(from, to)]);
        let checked = wcced(&["check-config", "--config", &demo.config()]);
        assert_eq!(checked.status.code(), Some(1), "{to}");
        assert!(text(&checked.stderr).contains(expected), "{to}: {}", text(&checked.stderr));
    }
}

#[test]
fn check_config_warns_of_dangerous_templates_and_makes_nothing() {
    let demo = Demo::new();
    demo.edit(
        "directory.toml",
        &[(
            "pKIExtendedKeyUsage = [\"serverAuth\"]\nenroll = [",
            "pKIExtendedKeyUsage = [\"clientAuth\"]\nenroll = [\"Everyone\", ",
        )],
    );
    let checked = wcced(&["check-config", "--config", &demo.config()]);
    let said = text(&checked.stdout);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(said.contains("template WebServer: Critical") && said.contains("ESC1"), "{said}");
    assert!(said.contains("no CA yet"), "{said}");
    assert!(!demo.path("state").exists());
    let server = demo.start();
    let (_, log) = server.terminate();
    assert!(log.iter().any(|line| line.contains("WARN") && line.contains("ESC1")), "{log:#?}");
    let again = text(&wcced(&["check-config", "--config", &demo.config()]).stdout);
    assert!(again.contains("certificate and key are right"), "{again}");
}

#[test]
fn a_directory_file_that_others_can_read_is_refused() {
    let demo = Demo::new();
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(demo.path("directory.toml"), open).expect("set");
    let checked = wcced(&["check-config", "--config", &demo.config()]);
    assert!(text(&checked.stderr).contains("chmod 600"), "{}", text(&checked.stderr));
}

#[test]
fn hash_password_prints_a_line_for_the_directory_file() {
    for (typed, expected) in [
        ("Password\n", "a4f49c406510bdcab6824ee7c30fd852"),
        ("Password", "a4f49c406510bdcab6824ee7c30fd852"),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wcced"))
            .arg("hash-password")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs");
        child.stdin.take().expect("piped").write_all(typed.as_bytes()).expect("typed");
        let output = child.wait_with_output().expect("ends");
        assert_eq!(text(&output.stdout), format!("nt_hash = \"{expected}\"\n"));
    }
}

#[test]
fn help_shows_examples_that_work() {
    let help = text(&wcced(&["--help"]).stdout);
    for word in ["serve", "init", "check-config", "hash-password", "wcced init --demo"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn a_missing_configuration_says_how_to_make_one() {
    let output = wcced(&["serve", "--config", "/nonexistent/wcced.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("wcced init"), "{}", text(&output.stderr));
}

#[test]
fn lint_templates_prints_findings_with_remedies_and_its_status_tells() {
    let demo = Demo::new();
    let clean = wcced(&["lint-templates", "--config", &demo.config()]);
    let said = text(&clean.stdout);
    assert_eq!((clean.status.code(), said.starts_with("0 findings")), (Some(0), true), "{said}");
    demo.edit(
        "directory.toml",
        &[(
            "pKIExtendedKeyUsage = [\"serverAuth\"]\nenroll = [",
            "pKIExtendedKeyUsage = [\"clientAuth\"]\nenroll = [\"Everyone\", ",
        )],
    );
    let found = wcced(&["lint-templates", "--json", "--config", &demo.config()]);
    assert_eq!(found.status.code(), Some(2));
    let findings: serde_json::Value = serde_json::from_slice(&found.stdout).expect("JSON");
    let of = |key: &str| findings[0][key].as_str().expect("text").to_owned();
    let first = (of("template"), of("id"), of("severity"));
    assert_eq!(first, ("WebServer".to_owned(), "ESC1".to_owned(), "critical".to_owned()));
    assert!(of("remedy").contains("Enroll") && of("text").contains("names"));

    let export = demo.path("export.json");
    let attributes = r#"{"name": "T", "msPKI-Certificate-Name-Flag": 1, "msPKI-Minimal-Key-Size": 2048,
        "pKIExtendedKeyUsage": ["1.3.6.1.5.5.7.3.2"], "pKIExpirationPeriod": {"hex": "004039872ee1feff"}}"#;
    std::fs::write(&export, attributes).expect("written");
    let file = export.to_str().expect("UTF-8");
    let found = wcced(&["lint-templates", "--file", file]);
    let said = text(&found.stdout);
    assert_eq!(found.status.code(), Some(2), "{said}");
    for part in ["(ESC1)", "(ESC15)", "(NO-DESCRIPTOR)", "1 critical, 1 high"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    std::fs::write(&export, "no export").expect("written");
    let broken = wcced(&["lint-templates", "--file", file]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stderr).contains("export.json: not LDIF: line 1"));
}
