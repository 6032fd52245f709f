//! `codegen [idl-folder [output-folder]]`: writes `src/generated` from `idl`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use codegen::source::Failure;

fn main() -> ExitCode {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let idl = arguments.next().unwrap_or_else(|| workspace.join("idl"));
    let output = arguments.next().unwrap_or_else(|| workspace.join("src/generated"));
    match write(&idl, &output) {
        Ok(count) => {
            println!("{count} modules written to {}", output.display());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Writes all modules, and removes those whose IDL is gone.
fn write(idl: &Path, output: &Path) -> Result<usize, Failure> {
    let modules = codegen::compile_folder(idl)?;
    let failure =
        |path: &Path, error: std::io::Error| Failure(format!("{}: {error}", path.display()));
    for entry in std::fs::read_dir(output).map_err(|error| failure(output, error))? {
        let path = entry.map_err(|error| failure(output, error))?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !modules.iter().any(|module| module.module == stem) {
            std::fs::remove_file(&path).map_err(|error| failure(&path, error))?;
        }
    }
    for module in &modules {
        let path = output.join(format!("{}.rs", module.module));
        std::fs::write(&path, &module.text).map_err(|error| failure(&path, error))?;
    }
    Ok(modules.len())
}
