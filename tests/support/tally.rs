//! Counts what the tests that need outside material ran, and what they could not run.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// The folder of captured packets (`WCCE_CAPTURES`).
///
/// Where it is not set, the test does not run: that is written to the tally, and is a failure
/// if `WCCE_REQUIRE_CAPTURES` is 1.
pub fn captures(name: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("WCCE_CAPTURES") {
        return Some(folder.into());
    }
    let required = std::env::var_os("WCCE_REQUIRE_CAPTURES").is_some_and(|value| value == "1");
    assert!(!required, "{name} needs the captures: set WCCE_CAPTURES to their folder");
    not_run(name);
    None
}

/// Notes that `name` of this kind ran (one line per replay, per foreign enrolment …).
pub fn ran(kind: &str, name: &str) {
    write(kind, name);
}

/// Notes that `name` could not run because what it needs isn't here.
pub fn not_run(name: &str) {
    write("not-run", name);
}

fn write(kind: &str, name: &str) {
    let Some(path) = std::env::var_os("WCCE_TALLY") else {
        eprintln!("{kind} {name}");
        return;
    };
    let mut file =
        OpenOptions::new().create(true).append(true).open(path).expect("WCCE_TALLY can be written");
    // One write for the whole line: tests run side by side.
    let line = format!("{kind} {name}\n");
    file.write_all(line.as_bytes()).expect("WCCE_TALLY can be written");
}
