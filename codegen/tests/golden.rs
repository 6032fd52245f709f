//! One small IDL file per feature of the language, with the Rust that it becomes; and one per
//! error, with the message. `UPDATE_GOLDEN=1` writes the expectations anew.

use std::path::{Path, PathBuf};
use std::{fs, io};

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn idl_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<_>> = fs::read_dir(folder)?.collect();
    let mut files: Vec<PathBuf> = entries?.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "idl"));
    files.sort();
    assert!(!files.is_empty());
    Ok(files)
}

fn compare(path: &Path, actual: &str) -> io::Result<()> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return fs::write(path, actual);
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(expected == actual, "{} differs from what is generated now", path.display());
    Ok(())
}

#[test]
fn features_become_the_rust_that_is_expected() -> TestResult {
    for path in idl_files(&folder("golden"))? {
        let module = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let outputs = codegen::compile(std::slice::from_ref(&path))?;
        let output = outputs.iter().find(|output| output.module == module);
        compare(&path.with_extension("rs"), &output.ok_or("no such module")?.text)?;
    }
    Ok(())
}

#[test]
fn errors_show_their_place() -> TestResult {
    for path in idl_files(&folder("errors"))? {
        let failure = codegen::compile(std::slice::from_ref(&path)).err();
        let message = failure.ok_or(format!("{} compiles", path.display()))?.to_string();
        let here = format!("{}/", folder("errors").display());
        compare(&path.with_extension("txt"), &format!("{}\n", message.replace(&here, "")))?;
    }
    Ok(())
}

#[test]
fn committed_code_is_what_the_idl_says() -> TestResult {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let outputs = codegen::compile_folder(&workspace.join("idl"))?;
    let committed = workspace.join("src/generated");
    for output in &outputs {
        let path = committed.join(format!("{}.rs", output.module));
        let stale = "is not what the IDL says: run `cargo run -p codegen`";
        assert!(fs::read_to_string(&path)? == output.text, "{} {stale}", path.display());
    }
    assert_eq!(fs::read_dir(&committed)?.count(), outputs.len(), "stale modules");
    Ok(())
}
