//! Source texts, places in them, and errors that show the place.

use std::fmt;
use std::path::PathBuf;

/// A part of a source text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Index of the text in its [`Sources`].
    pub source: usize,
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

impl Span {
    /// From the start of `self` to the end of `other`.
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end, ..self }
    }
}

/// One IDL file.
#[derive(Debug)]
pub struct Source {
    /// As errors show it.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// All files of one compilation.
#[derive(Debug, Default)]
pub struct Sources(pub Vec<Source>);

impl Sources {
    /// The text of a span.
    pub fn text(&self, span: Span) -> &str {
        self.0
            .get(span.source)
            .and_then(|source| source.text.get(span.start..span.end))
            .unwrap_or_default()
    }

    /// The error with its place: `file:line:column: message`, the line, and a caret.
    pub fn render(&self, error: &Error) -> String {
        let Some(source) = self.0.get(error.span.source) else { return error.message.clone() };
        let start = error.span.start.min(source.text.len());
        let before = source.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let line_number = before.matches('\n').count().saturating_add(1);
        let lead = before.get(line_start..).unwrap_or_default();
        let column = lead.chars().count().saturating_add(1);
        let line = source.text.get(line_start..).and_then(|rest| rest.lines().next());
        let line = line.unwrap_or_default();
        let gap: String = lead.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let path = source.path.display();
        format!("{path}:{line_number}:{column}: {}\n    {line}\n    {gap}^", error.message)
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The place.
    pub span: Span,
    /// What is wrong there.
    pub message: String,
}

impl Error {
    /// An error at `span`.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}

/// A value, or an error with its place.
pub type Result<T> = std::result::Result<T, Error>;

/// A compilation that failed, ready to be shown.
#[derive(Debug, thiserror::Error)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
