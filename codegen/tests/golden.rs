//! One small IDL file per feature of the language, with the Rust that it becomes; and one per
//! error, with the message. `UPDATE_GOLDEN=1` writes the expectations anew.

use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn idl_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "idl"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn compare(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(expected == actual, "{} differs from what is generated now", path.display());
}

#[test]
fn features_become_the_rust_that_is_expected() {
    for path in idl_files(&folder("golden")) {
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let outputs =
            codegen::compile(std::slice::from_ref(&path)).unwrap_or_else(|e| panic!("{e}"));
        let output = outputs.iter().find(|output| output.module == module).unwrap();
        compare(&path.with_extension("rs"), &output.text);
    }
}

#[test]
fn errors_show_their_place() {
    for path in idl_files(&folder("errors")) {
        let message = match codegen::compile(std::slice::from_ref(&path)) {
            Ok(_) => panic!("{} compiles", path.display()),
            Err(failure) => failure.to_string(),
        };
        let parent = format!("{}/", path.parent().unwrap().display());
        compare(&path.with_extension("txt"), &format!("{}\n", message.replace(&parent, "")));
    }
}

#[test]
fn committed_code_is_what_the_idl_says() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let outputs = codegen::compile_folder(&workspace.join("idl")).unwrap_or_else(|e| panic!("{e}"));
    let committed = workspace.join("src/generated");
    for output in &outputs {
        let path = committed.join(format!("{}.rs", output.module));
        let text = fs::read_to_string(&path).unwrap();
        let stale = "is not what the IDL says: run `cargo run -p codegen`";
        assert!(text == output.text, "{} {stale}", path.display());
    }
    assert_eq!(fs::read_dir(&committed).unwrap().count(), outputs.len(), "stale modules");
}
