//! IDL compiler: reads the MIDL subset of `idl/` and writes a Rust module per file that
//! implements the traits of `wcce::ndr`.
//!
//! The stages: [`load`] (files and imports), [`lexer`] (text to tokens), [`parser`] (tokens to
//! [`ast`]), [`resolve`] (syntax to [`model`]: names looked up, types as on the wire), [`emit`]
//! (model to Rust).

#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod ast;
pub mod emit;
pub mod lexer;
pub mod load;
pub mod model;
pub mod parser;
pub mod resolve;
pub mod source;
pub mod tokens;

use std::path::{Path, PathBuf};

use emit::Output;
use source::Failure;

/// Compiles files and what they import, in the order of their modules' names.
pub fn compile(paths: &[PathBuf]) -> Result<Vec<Output>, Failure> {
    let (sources, files) = load::load(paths)?;
    let model =
        resolve::resolve(&sources, &files).map_err(|error| Failure(sources.render(&error)))?;
    let mut outputs = emit::emit(&model).map_err(|error| Failure(error.to_string()))?;
    outputs.sort_by(|a, b| a.module.cmp(&b.module));
    Ok(outputs)
}

/// Compiles all `.idl` files of a folder, and adds the file that names their modules.
pub fn compile_folder(folder: &Path) -> Result<Vec<Output>, Failure> {
    let failure = |error: std::io::Error| Failure(format!("{}: {error}", folder.display()));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failure)? {
        let path = entry.map_err(failure)?.path();
        if path.extension().is_some_and(|extension| extension == "idl") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut outputs = compile(&paths)?;
    let text = module_list(&outputs);
    outputs.push(Output { module: "mod".to_owned(), text });
    Ok(outputs)
}

fn module_list(outputs: &[Output]) -> String {
    let mut text = String::from(
        "//! Codecs, server traits and client stubs of every interface on the wire, written by\n\
         //! `codegen` from `idl/`; never edited by hand.\n\n\
         #![allow(non_camel_case_types, reason = \"types keep the names that their specifications give them\")]\n\n",
    );
    for output in outputs {
        text.push_str(&format!("pub mod {};\n", output.module));
    }
    text
}
