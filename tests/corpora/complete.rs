//! Nothing is left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::fuzz::{TARGETS, stubs};

/// Each type of parameters in `src/generated` is in the list of codecs, and nothing else is.
#[test]
fn every_generated_decoder_is_fuzzed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/generated");
    let mut generated = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a file");
        let types = text.lines().filter_map(|line| line.strip_prefix("impl Parameters for "));
        generated.extend(types.map(|line| format!("{module} {}", line.trim_end_matches(" {"))));
    }
    let listed: BTreeSet<_> = stubs::ALL
        .iter()
        .flat_map(|(module, codecs)| {
            codecs.iter().map(move |(name, ..)| format!("{module} {name}"))
        })
        .filter(|name| name.ends_with("In") || name.ends_with("Out"))
        .collect();
    assert_eq!(listed, generated);
    assert!(generated.len() > 150, "{}", generated.len());
    // Each list has a target.
    for (module, _) in stubs::ALL {
        let name = format!("ndr_{module}");
        assert!(TARGETS.iter().any(|target| target.name == name), "{name}");
    }
}

/// cargo-fuzz builds what the manifest of the fuzz targets lists.
#[test]
fn every_target_is_built() {
    let manifest = include_str!("../../fuzz/Cargo.toml");
    let (_, bins) = manifest.split_once("[[bin]]").expect("targets");
    let names = bins.lines().filter_map(|line| line.strip_prefix("name = ")).collect::<Vec<_>>();
    let targets: Vec<_> = TARGETS.iter().map(|target| format!("{:?}", target.name)).collect();
    assert_eq!(names, targets);
}
