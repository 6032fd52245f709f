//! Tokens as nom's input, and the error that remembers what would have been right.

use std::fmt;

use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Input, Needed};

use crate::lexer::{Token, TokenKind};
use crate::source::{Error, Span};

/// The rest of the tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tokens<'a>(pub &'a [Token]);

/// Result of a parser on tokens.
pub type PResult<'a, T> = IResult<Tokens<'a>, T, Unexpected<'a>>;

impl<'a> Input for Tokens<'a> {
    type Item = &'a Token;
    type Iter = std::slice::Iter<'a, Token>;
    type IterIndices = std::iter::Enumerate<std::slice::Iter<'a, Token>>;

    fn input_len(&self) -> usize {
        self.0.len()
    }

    fn take(&self, index: usize) -> Self {
        self.take_split(index).1
    }

    fn take_from(&self, index: usize) -> Self {
        self.take_split(index).0
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        let (before, after) = self.0.split_at(index);
        (Self(after), Self(before))
    }

    fn position<P: Fn(Self::Item) -> bool>(&self, predicate: P) -> Option<usize> {
        self.0.iter().position(predicate)
    }

    fn iter_elements(&self) -> Self::Iter {
        self.0.iter()
    }

    fn iter_indices(&self) -> Self::IterIndices {
        self.0.iter().enumerate()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        if self.0.len() >= count { Ok(count) } else { Err(Needed::Unknown) }
    }
}

/// A parser met another token than it can use.
#[derive(Clone, Debug, PartialEq)]
pub struct Unexpected<'a> {
    rest: Tokens<'a>,
    expected: Vec<Expected>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Token(&'static str),
    Kind(&'static str),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(text) => write!(f, "`{text}`"),
            Self::Kind(text) => f.write_str(text),
        }
    }
}

impl<'a> Unexpected<'a> {
    /// `expected` should be at the start of `rest`.
    pub fn kind(rest: Tokens<'a>, expected: &'static str) -> Self {
        Self { rest, expected: vec![Expected::Kind(expected)] }
    }

    /// The error as the user sees it; `end` is the place behind the last token.
    pub fn into_error(self, end: Span) -> Error {
        let mut expected: Vec<String> = Vec::new();
        for one in self.expected.iter().map(ToString::to_string) {
            if !expected.contains(&one) {
                expected.push(one);
            }
        }
        let found = match self.rest.0.first().map(|token| &token.kind) {
            None => "the end of the file".to_owned(),
            Some(TokenKind::Word(word)) => format!("`{word}`"),
            Some(TokenKind::Punct(punct)) => format!("`{punct}`"),
            Some(TokenKind::Int(value)) => format!("the number {value}"),
            Some(TokenKind::Version(major, minor)) => format!("the version {major}.{minor}"),
            Some(TokenKind::Str(_)) => "a string".to_owned(),
            Some(TokenKind::Uuid(_)) => "a UUID".to_owned(),
        };
        let span = self.rest.0.first().map_or(end, |token| token.span);
        Error::new(span, format!("expected {}, found {found}", expected.join(" or ")))
    }
}

impl<'a> ParseError<Tokens<'a>> for Unexpected<'a> {
    fn from_error_kind(rest: Tokens<'a>, _kind: ErrorKind) -> Self {
        Self { rest, expected: Vec::new() }
    }

    fn append(_rest: Tokens<'a>, _kind: ErrorKind, other: Self) -> Self {
        other
    }

    /// Of two alternatives, the one that came further knows better.
    fn or(mut self, mut other: Self) -> Self {
        match self.rest.0.len().cmp(&other.rest.0.len()) {
            std::cmp::Ordering::Less => self,
            std::cmp::Ordering::Greater => other,
            std::cmp::Ordering::Equal => {
                self.expected.append(&mut other.expected);
                self
            }
        }
    }
}

fn next<'a, T>(
    rest: Tokens<'a>,
    expected: Expected,
    accept: impl FnOnce(&'a Token) -> Option<T>,
) -> PResult<'a, T> {
    let accepted = rest.0.split_first().and_then(|(token, after)| Some((after, accept(token)?)));
    match accepted {
        Some((after, value)) => Ok((Tokens(after), value)),
        None => Err(nom::Err::Error(Unexpected { rest, expected: vec![expected] })),
    }
}

/// A punctuation mark.
pub fn punct<'a>(mark: &'static str) -> impl Fn(Tokens<'a>) -> PResult<'a, Span> {
    move |rest| {
        next(rest, Expected::Token(mark), |token| {
            (token.kind == TokenKind::Punct(mark)).then_some(token.span)
        })
    }
}

/// A certain word.
pub fn keyword<'a>(word: &'static str) -> impl Fn(Tokens<'a>) -> PResult<'a, Span> {
    move |rest| {
        next(rest, Expected::Token(word), |token| match &token.kind {
            TokenKind::Word(found) if found == word => Some(token.span),
            _ => None,
        })
    }
}

/// Any word for which `accept` has a value.
pub fn word_where<'a, T>(
    expected: &'static str,
    accept: impl Fn(&'a str) -> Option<T>,
) -> impl Fn(Tokens<'a>) -> PResult<'a, (T, Span)> {
    move |rest| {
        next(rest, Expected::Kind(expected), |token| match &token.kind {
            TokenKind::Word(found) => accept(found).map(|value| (value, token.span)),
            _ => None,
        })
    }
}

/// An integer.
pub fn int(rest: Tokens<'_>) -> PResult<'_, (i128, Span)> {
    next(rest, Expected::Kind("a number"), |token| match token.kind {
        TokenKind::Int(value) => Some((value, token.span)),
        _ => None,
    })
}

/// A string constant.
pub fn string(rest: Tokens<'_>) -> PResult<'_, (&str, Span)> {
    next(rest, Expected::Kind("a string"), |token| match &token.kind {
        TokenKind::Str(text) => Some((text.as_str(), token.span)),
        _ => None,
    })
}

/// A UUID.
pub fn uuid(rest: Tokens<'_>) -> PResult<'_, &str> {
    next(rest, Expected::Kind("a UUID"), |token| match &token.kind {
        TokenKind::Uuid(text) => Some(text.as_str()),
        _ => None,
    })
}

/// A version.
pub fn version(rest: Tokens<'_>) -> PResult<'_, (u16, u16)> {
    next(rest, Expected::Kind("a version"), |token| match token.kind {
        TokenKind::Version(major, minor) => Some((major, minor)),
        _ => None,
    })
}
