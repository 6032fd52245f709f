//! What fuzzing left, without a fuzzer: every target's kept inputs, and whatever once broke one.
//!
//! Kept inputs stand in `fuzz/corpora/TARGET`, each a line of base64: the smallest set that reaches
//! what is known to be reachable. What broke something is a file in `fuzz/crashes/TARGET`.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;
#[allow(dead_code, reason = "shared: holes do not matter here")]
#[path = "../support/pcap.rs"]
mod pcap;
#[allow(dead_code, reason = "shared: not every test counts everything")]
#[path = "../support/tally.rs"]
mod tally;

mod captures;
mod complete;
mod seeds;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use fuzz::{TARGETS, Target};

/// How long one input may take, in a build without optimization.
const LONGEST: Duration = Duration::from_secs(5);

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let path = folder("corpora").join(target.name);
    let text = fs::read_to_string(&path).unwrap_or_default();
    text.lines().map(|line| STANDARD.decode(line).expect("a line of base64")).collect()
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read(path).expect("a file"))).collect()
}

/// One after the other, because memory is counted for the process as a whole.
#[test]
fn no_target_breaks_at_what_is_known() {
    // For a look at one of them.
    let only = std::env::var("TARGET").map(|name| [Target::named(&name)]);
    for target in only.as_ref().map_or(TARGETS, |one| one) {
        let kept = corpus(target);
        assert!(!kept.is_empty(), "{} has no corpus", target.name);
        for (number, input) in kept.iter().enumerate() {
            check(target, &format!("line {}", number + 1), input);
            tally::ran("fuzz-input", target.name);
        }
        for (number, input) in seeds::of(target.name).iter().enumerate() {
            check(target, &format!("seed {}", number + 1), input);
        }
        for (name, input) in files(&folder("crashes").join(target.name)) {
            check(target, &name, &input);
            tally::ran("fuzz-crash", &format!("{} {name}", target.name));
        }
        tally::ran("fuzz-target", target.name);
    }
}

/// Inputs that are shown whole, in bytes.
const SHOWN: usize = 4096;

fn check(target: &Target, name: &str, input: &[u8]) {
    let begun = Instant::now();
    let outcome = std::panic::catch_unwind(|| target.check(input));
    let taken = begun.elapsed();
    if outcome.is_err() || taken > LONGEST {
        let shown = hex::encode(&input[..input.len().min(SHOWN)]);
        panic!("{} at {name} ({taken:?}): {shown}", target.name);
    }
}

/// Writes what a fuzzer starts from into `WCCE_SEEDS`, a folder for each target: the kept inputs, and
/// what [`seeds`] makes of the tests' vectors, of our own encoders, and, where they are, of captures.
#[test]
#[ignore = "writes files: make fuzz does it"]
fn seeds_are_written() {
    let to = PathBuf::from(std::env::var_os("WCCE_SEEDS").expect("WCCE_SEEDS names a folder"));
    let captured = std::env::var_os("WCCE_CAPTURES").map(|folder| captures::of(Path::new(&folder)));
    for target in TARGETS {
        let mut inputs: BTreeSet<Vec<u8>> = corpus(target).into_iter().collect();
        inputs.extend(seeds::of(target.name));
        inputs.extend(files(&folder("crashes").join(target.name)).into_iter().map(|(_, i)| i));
        if let Some(captured) = &captured {
            inputs.extend(captured.of(target.name));
        }
        let folder = to.join(target.name);
        fs::create_dir_all(&folder).expect("a folder");
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:05}")), input).expect("a file");
        }
    }
}

/// Reads the folders in `WCCE_MINIMIZED`, and writes what is small enough into `fuzz/corpora`.
#[test]
#[ignore = "writes files: make fuzz-keep does it"]
fn corpora_are_kept() {
    /// The longest input that is kept, and the most of one target, in bytes.
    const LONGEST: usize = 4096;
    const MOST: usize = 16 * 1024;
    let from = std::env::var_os("WCCE_MINIMIZED").expect("WCCE_MINIMIZED names a folder");
    for target in TARGETS {
        let mut inputs: Vec<_> =
            files(&Path::new(&from).join(target.name)).into_iter().map(|(_, i)| i).collect();
        inputs.sort_by_key(|input| (input.len(), input.clone()));
        inputs.dedup();
        let mut left = MOST;
        let mut lines = BTreeSet::new();
        for input in inputs.iter().filter(|input| input.len() <= LONGEST) {
            let Some(rest) = left.checked_sub(input.len()) else { break };
            left = rest;
            lines.insert(STANDARD.encode(input));
        }
        let text: String = lines.into_iter().map(|line| line + "\n").collect();
        fs::create_dir_all(folder("corpora")).expect("a folder");
        fs::write(folder("corpora").join(target.name), text).expect("a file");
    }
}
