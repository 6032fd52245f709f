//! IDL compiler: reads the MIDL subset of `idl/` and writes a Rust module per file that
//! implements the traits of `wcce::ndr`.
//!
//! `cargo run -p codegen` writes `src/generated`; a test compares what is committed with what the
//! IDL says. `UPDATE_GOLDEN=1 cargo test -p codegen` writes the expectations of the tests anew.
//!
//! # Stages
//!
//! [`load`] (files and imports), [`lexer`] (text to tokens), [`parser`] (tokens to [`ast`]),
//! [`resolve`] (syntax to [`model`]: names looked up, types as on the wire), [`emit`] (model to
//! Rust).
//!
//! # From IDL to Rust
//!
//! | IDL | Rust |
//! |---|---|
//! | structure, union, enumeration | `struct`, `enum` with a variant per arm, a number type with constants |
//! | `[unique] T *` | `Option<T>`, boxed where `T` is a structure or union |
//! | `[ptr] T *` | `ndr::Full<T>`; clones are aliases |
//! | `[ref] T *` | `T` as a parameter, `ndr::Ref<T>` in a structure |
//! | `[size_is(n)] T *`, `T x[]` | `Vec<T>` |
//! | the same with `length_is` | `ndr::Varying<T>` |
//! | `T x[8]`, with `length_is` | `[T; 8]`, `ndr::FixedVarying<T, 8>` |
//! | `[string] wchar_t *`, `char *` | `ndr::WideString`, `ndr::ByteString` |
//! | the same with `size_is`, of fixed size | `ndr::SizedText`, `ndr::FixedText` |
//! | `GUID`, `[context_handle] void *`, `__int3264` | `uuid::Uuid`, `ndr::ContextHandle`, `ndr::Int3264` |
//! | pointer to an interface | `Option<Box<MInterfacePointer>>` |
//! | `HRESULT`, `NTSTATUS`, `error_status_t` | `u32` |
//! | operation `Op` of interface `I` | structures `OpIn` and `OpOut`, a method of trait `I`, of `IClient`, an arm of `dispatch_i` |
//!
//! Counts stay fields of their own; `size_is`, `length_is`, `range` and `switch_is` become checks
//! of a `validate` function that runs before encoding and after decoding. An attribute of an
//! \[out\] parameter that refers to an \[in\] parameter is the server's to fulfil.
//!
//! Not supported, and refused with an error: pipes, arrays of reference pointers, conformant
//! inner dimensions, `size_is` inside of arrays, callbacks, function-like macros.

#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod ast;
pub mod emit;
pub mod lexer;
pub mod load;
pub mod model;
pub mod names;
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
