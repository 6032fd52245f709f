//! Text to tokens: comments dropped, doc comments kept with the token that follows, macros of
//! `#define` replaced.

use std::collections::HashMap;

use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_till, take_until, take_while, take_while_m_n};
use nom::character::complete::{char, digit1, hex_digit1, multispace1, not_line_ending, one_of};
use nom::combinator::{opt, recognize, verify};
use nom::sequence::{delimited, pair, preceded, terminated};
use nom::{IResult, Parser};

use crate::source::{Error, Result, Span};

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is; a macro's tokens are where the macro is used.
    pub span: Span,
    /// Blocks of `///` lines before it; an empty line parts them. The last one is about what
    /// begins with this token: it is empty if an empty line is between.
    pub docs: Vec<String>,
}

/// Kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// Identifier or keyword.
    Word(String),
    /// Integer or character constant.
    Int(i128),
    /// Two numbers around a point: a version.
    Version(u16, u16),
    /// String constant.
    Str(String),
    /// UUID in its usual form.
    Uuid(String),
    /// Anything else.
    Punct(&'static str),
}

const PUNCTUATION: [&str; 23] = [
    "<<", ">>", "{", "}", "[", "]", "(", ")", ",", ";", ":", "*", "=", "+", "-", "/", "%", "&",
    "|", "^", "~", "?", "!",
];

type Macros = HashMap<String, Vec<Token>>;

/// The tokens of `text`, which is number `source` of the compilation.
pub fn lex(text: &str, source: usize) -> Result<Vec<Token>> {
    let mut lexer = Lexer { source, len: text.len(), docs: Vec::new(), macros: Macros::new() };
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(next) = lexer.skip(rest)? {
        rest = lexer.token(next, &mut tokens)?;
    }
    Ok(tokens)
}

struct Lexer {
    source: usize,
    len: usize,
    docs: Vec<String>,
    macros: Macros,
}

impl Lexer {
    fn span(&self, from: &str, to: &str) -> Span {
        let at = |rest: &str| self.len.saturating_sub(rest.len());
        Span { source: self.source, start: at(from), end: at(to) }
    }

    /// Skips blanks, comments and directives, collecting docs; `None` at the end.
    fn skip<'a>(&mut self, mut rest: &'a str) -> Result<Option<&'a str>> {
        let mut new_block = true;
        loop {
            if rest.is_empty() {
                return Ok(None);
            } else if let Ok((after, blank)) = blank(rest) {
                new_block |= blank.matches('\n').count() > 1;
                rest = after;
            } else if let Ok((after, line)) = doc_line(rest) {
                match self.docs.last_mut() {
                    Some(block) if !new_block => {
                        block.push('\n');
                        block.push_str(line);
                    }
                    _ => self.docs.push(line.to_owned()),
                }
                new_block = false;
                rest = after;
            } else if let Ok((after, _)) = comment(rest) {
                rest = after;
            } else if rest.starts_with('#') {
                rest = self.directive(rest)?;
            } else {
                if new_block && !self.docs.is_empty() {
                    self.docs.push(String::new());
                }
                return Ok(Some(rest));
            }
        }
    }

    /// `#define NAME tokens`. Its macros hold for this file.
    fn directive<'a>(&mut self, rest: &'a str) -> Result<&'a str> {
        let unsupported = || {
            let message = "only `#define NAME tokens` is supported of the preprocessor";
            Error::new(self.span(rest, rest), message)
        };
        let (after, line) =
            not_line_ending::<_, nom::error::Error<&str>>(rest).map_err(|_| unsupported())?;
        let (body, name) = preceded((char('#'), tag("define"), blank), word)
            .parse(line)
            .map_err(|_| unsupported())?;
        if body.starts_with('(') {
            return Err(unsupported());
        }
        let mut tokens = Vec::new();
        let mut body = body;
        loop {
            body = body.trim_start();
            if body.is_empty() || comment(body).is_ok() {
                break;
            }
            body = self.token(body, &mut tokens)?;
        }
        self.macros.insert(name.to_owned(), tokens);
        Ok(after)
    }

    fn token<'a>(&mut self, rest: &'a str, tokens: &mut Vec<Token>) -> Result<&'a str> {
        let (after, kind) = token_kind(rest)
            .map_err(|_| Error::new(self.span(rest, rest), "this begins no token of IDL"))?;
        let span = self.span(rest, after);
        let docs = std::mem::take(&mut self.docs);
        match &kind {
            TokenKind::Word(name) if self.macros.contains_key(name) => {
                for token in self.macros.get(name).into_iter().flatten() {
                    tokens.push(Token { span, ..token.clone() });
                }
            }
            _ => tokens.push(Token { kind, span, docs }),
        }
        Ok(after)
    }
}

fn blank(rest: &str) -> IResult<&str, &str> {
    multispace1(rest)
}

/// `/// text` without its lead; four slashes are an ordinary comment.
fn doc_line(rest: &str) -> IResult<&str, &str> {
    let line = verify(not_line_ending, |line: &str| !line.starts_with('/'));
    let mut parser = preceded((tag("///"), opt(char(' '))), line);
    let (after, line) = parser.parse(rest)?;
    // The line's own end does not make an empty line.
    let after = after.strip_prefix('\r').unwrap_or(after);
    Ok((after.strip_prefix('\n').unwrap_or(after), line.trim_end()))
}

fn comment(rest: &str) -> IResult<&str, &str> {
    alt((
        recognize((tag("/*"), take_until("*/"), tag("*/"))),
        recognize(pair(tag("//"), take_till(|c| c == '\n'))),
    ))
    .parse(rest)
}

fn token_kind(rest: &str) -> IResult<&str, TokenKind> {
    alt((uuid, version, integer, character, string, word_token, punctuation)).parse(rest)
}

fn word(rest: &str) -> IResult<&str, &str> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let later = |c: char| c.is_ascii_alphanumeric() || c == '_';
    recognize(pair(take_while_m_n(1, 1, first), take_while(later))).parse(rest)
}

fn word_token(rest: &str) -> IResult<&str, TokenKind> {
    word.map(|word: &str| TokenKind::Word(word.to_owned())).parse(rest)
}

fn uuid(rest: &str) -> IResult<&str, TokenKind> {
    let hex = |len| take_while_m_n(len, len, |c: char| c.is_ascii_hexdigit());
    recognize((hex(8), char('-'), hex(4), char('-'), hex(4), char('-'), hex(4), char('-'), hex(12)))
        .map(|uuid: &str| TokenKind::Uuid(uuid.to_ascii_lowercase()))
        .parse(rest)
}

fn version(rest: &str) -> IResult<&str, TokenKind> {
    nom::combinator::map_res((digit1, char('.'), digit1), |(major, _, minor): (&str, _, &str)| {
        Ok::<_, std::num::ParseIntError>(TokenKind::Version(major.parse()?, minor.parse()?))
    })
    .parse(rest)
}

fn integer(rest: &str) -> IResult<&str, TokenKind> {
    let hexadecimal =
        nom::combinator::map_res(preceded(alt((tag("0x"), tag("0X"))), hex_digit1), |digits| {
            i128::from_str_radix(digits, 16)
        });
    let decimal = nom::combinator::map_res(digit1, str::parse::<i128>);
    let suffix = take_while(|c| matches!(c, 'u' | 'U' | 'l' | 'L'));
    terminated(alt((hexadecimal, decimal)), suffix).map(TokenKind::Int).parse(rest)
}

fn character(rest: &str) -> IResult<&str, TokenKind> {
    let escape = preceded(char('\\'), one_of("nrt0\\'")).map(|c| match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        other => other,
    });
    let plain = verify(nom::character::complete::anychar, |c| *c != '\'' && *c != '\\');
    delimited(char('\''), alt((escape, plain)), char('\''))
        .map(|c| TokenKind::Int(i128::from(u32::from(c))))
        .parse(rest)
}

fn string(rest: &str) -> IResult<&str, TokenKind> {
    let text = opt(is_not("\"\n")).map(|text: Option<&str>| text.unwrap_or_default().to_owned());
    delimited(char('"'), text, char('"')).map(TokenKind::Str).parse(rest)
}

fn punctuation(rest: &str) -> IResult<&str, TokenKind> {
    let found = PUNCTUATION.into_iter().find(|punct| rest.starts_with(punct));
    match found {
        Some(punct) => Ok((rest.get(punct.len()..).unwrap_or_default(), TokenKind::Punct(punct))),
        None => {
            let error = nom::error::Error::new(rest, nom::error::ErrorKind::OneOf);
            Err(nom::Err::Error(error))
        }
    }
}
