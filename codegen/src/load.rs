//! Files and their imports.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::parser::parse;
use crate::resolve::Parsed;
use crate::source::{Error, Failure, Source, Sources, Span};

/// Reads and parses `paths` and all that they import; imported files come first.
pub fn load(paths: &[PathBuf]) -> Result<(Sources, Vec<Parsed>), Failure> {
    let mut loader = Loader::default();
    for path in paths {
        loader.file(path, None)?;
    }
    Ok((loader.sources, loader.files))
}

#[derive(Default)]
struct Loader {
    sources: Sources,
    files: Vec<Parsed>,
    /// Files by path; `None` while their imports are read.
    known: HashMap<PathBuf, Option<usize>>,
}

impl Loader {
    fn file(&mut self, path: &Path, imported_at: Option<Span>) -> Result<usize, Failure> {
        let fail = |loader: &Self, message: String| match imported_at {
            Some(span) => Failure(loader.sources.render(&Error::new(span, message))),
            None => Failure(format!("{}: {message}", path.display())),
        };
        match self.known.get(path) {
            Some(Some(index)) => return Ok(*index),
            Some(None) => return Err(fail(self, "this file imports itself".to_owned())),
            None => {}
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| fail(self, format!("cannot read the file: {error}")))?;
        self.known.insert(path.to_owned(), None);
        let source = self.sources.0.len();
        let file = parse(&text, source);
        self.sources.0.push(Source { path: path.to_owned(), text });
        let file = file.map_err(|error| Failure(self.sources.render(&error)))?;
        let mut imports = Vec::new();
        for import in &file.imports {
            imports.push(self.file(&path.with_file_name(&import.text), Some(import.span))?);
        }
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().replace('-', "_"));
        self.files.push(Parsed { name: stem.unwrap_or_default(), file, imports });
        let index = self.files.len().saturating_sub(1);
        self.known.insert(path.to_owned(), Some(index));
        Ok(index)
    }
}
