//! `wcced example`.

use std::process::Command;

use crate::demo::{text, wcced};

/// The steps and cases of [MS-CERSOD] 3.6, as spec numbers them; some cases have several variants.
const ALL: [&str; 29] = [
    "A1", "A2", "A3", "A4", "A5", "P4", "B1", "B2", "B3", "B4", "B5", "C1", "C2", "C3", "C4", "C5",
    "E1", "E2", "N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8", "N9", "N10", "N11",
];
/// What neither an embedded directory nor the protocol has.
const NOT_HERE: [&str; 3] = ["A1", "A3", "B5"];
const MORE: [&str; 4] = ["N12", "N13", "N14", "good"];

/// Identifier and verdict of each line of the table, for one of the ways.
fn table(said: &str, way: &str) -> Vec<(String, String)> {
    let (_, table) = said.split_once("=== Result ===").expect("a table");
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|words| words.first() == Some(&way))
        .map(|words| (words[1].to_owned(), words[2].to_owned()))
        .collect()
}

#[test]
fn every_step_and_case_is_played_over_both_interfaces_and_leaves_its_files_if_asked() {
    let folder = tempfile::tempdir().expect("made");
    let kept = folder.path().join("kept");
    let output = wcced(&["example", "--keep", kept.to_str().expect("text")]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    for way in ["dcom", "icpr"] {
        let table = table(&said, way);
        for id in ALL.iter().chain(&MORE) {
            let of_id: Vec<_> = table.iter().filter(|(found, _)| found == id).collect();
            assert!(!of_id.is_empty(), "{way} {id} was not played");
            let expected = if NOT_HERE.contains(id) { "-" } else { "ok" };
            assert!(of_id.iter().all(|(_, verdict)| verdict == expected), "{way} {id}");
        }
        for file in ["wcced.toml", "directory.toml", "wcced.log", "state/ca.crt"] {
            assert!(kept.join(way).join(file).exists(), "{file}");
        }
    }
    for word in [
        "ICertRequestD2::Request2",
        "ICertPassage::CertServerRequest",
        "IRemoteSCMActivator",
        "dwFlags 0x40400",
        "dwFlags 0x400",
        "PDUs out",
        "CERTSRV_E_SIGNATURE_POLICY_REQUIRED",
        "LDAP",
    ] {
        assert!(said.contains(word), "{word}");
    }
    assert!(!said.contains("FAILED"), "{said}");
}

/// Runs it with another template T; it must leave nothing behind.
fn with_template(from: &str, to: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("made");
    let path = folder.path().join("template.toml");
    let source = include_str!("../../src/bin/wcced/example/template.toml");
    assert!(source.contains(from));
    std::fs::write(&path, source.replace(from, to)).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wcced"));
    command.arg("example").arg("--template").arg(&path).env("TMPDIR", folder.path());
    let output = command.output().expect("runs");
    assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 1, "only the template");
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn a_template_that_demands_no_signature_breaks_it() {
    let (success, said) = with_template("msPKI-RA-Signature = 1", "msPKI-RA-Signature = 0");
    assert!(!success && said.contains("FAILED"), "{said}");
    assert!(said.contains("steps and cases failed"), "{said}");
}

#[test]
fn a_template_without_previous_approval_breaks_the_renewal_alone() {
    let (success, said) = with_template("[\"PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT\"]", "[]");
    assert!(!success, "{said}");
    let table = table(&said, "dcom");
    let verdict = |id: &str| table.iter().find(|(found, _)| found == id).map(|(_, v)| v.as_str());
    assert_eq!((verdict("B4"), verdict("C3")), (Some("ok"), Some("FAILED")), "{said}");
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let folder = tempfile::tempdir().expect("made");
    let output = wcced(&["example", "--keep", folder.path().to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is there already"), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0);
}
