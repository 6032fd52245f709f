//! Tokens to syntax: files, interfaces, operations, attributes.

mod expr;
mod types;

use nom::branch::alt;
use nom::combinator::{map, opt, value};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, terminated};
use nom::{Input, Parser};

use crate::ast::{
    Arg, Attr, Const, ConstValue, Declarator, Field, File, Interface, Item, ItemKind, Name,
    Operation, Typedef,
};
use crate::lexer::{Token, lex};
use crate::source::{Result, Span};
use crate::tokens::{PResult, Tokens, keyword, punct, string, uuid, version, word_where};
use expr::expr;
use types::{aggregate, type_spec};

/// Parses the text of source number `source`.
pub fn parse(text: &str, source: usize) -> Result<File> {
    let tokens = lex(text, source)?;
    let end = Span { source, start: text.len(), end: text.len() };
    file(Tokens(&tokens)).map_err(|error| match error {
        nom::Err::Error(error) | nom::Err::Failure(error) => error.into_error(end),
        nom::Err::Incomplete(_) => crate::source::Error::new(end, "unexpected end of the file"),
    })
}

type ParseResult<'a, T> = std::result::Result<T, nom::Err<crate::tokens::Unexpected<'a>>>;

fn file(mut rest: Tokens<'_>) -> ParseResult<'_, File> {
    let mut file = File { doc: file_doc(rest.0), ..File::default() };
    while rest.input_len() != 0 {
        match import(rest) {
            Ok((after, mut imports)) => {
                file.imports.append(&mut imports);
                rest = after;
            }
            Err(_) => {
                let (after, next) = item(rest)?;
                file.items.push(next);
                rest = after;
            }
        }
    }
    Ok(file)
}

/// The first doc comment is the file's, if it stands apart.
fn file_doc(tokens: &[Token]) -> String {
    let Some(first) = tokens.first() else { return String::new() };
    match first.docs.as_slice() {
        [doc, _, ..] => doc.clone(),
        _ => String::new(),
    }
}

/// Doc comment of what begins here.
fn doc(rest: Tokens<'_>) -> String {
    rest.0.first().and_then(|token| token.docs.last()).cloned().unwrap_or_default()
}

/// Everything between two points of the input.
fn span_between(from: Tokens<'_>, to: Tokens<'_>) -> Span {
    let count = from.0.len().saturating_sub(to.0.len());
    match from.0.get(..count) {
        Some([first, .., last]) => first.span.to(last.span),
        Some([only]) => only.span,
        _ => Span::default(),
    }
}

/// `item`s up to the mark `close`.
fn until<'a, T>(
    close: &'static str,
    item: impl Fn(Tokens<'a>) -> PResult<'a, T>,
) -> impl Fn(Tokens<'a>) -> PResult<'a, Vec<T>> {
    move |mut rest| {
        let mut items = Vec::new();
        loop {
            if let Ok((after, _)) = punct(close)(rest) {
                return Ok((after, items));
            }
            let (after, next) = item(rest)?;
            items.push(next);
            rest = after;
        }
    }
}

/// Words that begin something else than a name.
const KEYWORDS: [&str; 9] =
    ["case", "const", "enum", "import", "interface", "struct", "switch", "typedef", "union"];

fn name(rest: Tokens<'_>) -> PResult<'_, Name> {
    let word = |word: &str| (!KEYWORDS.contains(&word)).then(|| word.to_owned());
    map(word_where("a name", word), |(text, span)| Name { text, span }).parse(rest)
}

fn import(rest: Tokens<'_>) -> PResult<'_, Vec<Name>> {
    let file = map(string, |(text, span)| Name { text: text.to_owned(), span });
    delimited(keyword("import"), separated_list1(punct(","), file), punct(";")).parse(rest)
}

fn item(rest: Tokens<'_>) -> PResult<'_, Item> {
    let (after, kind) =
        alt((nothing, constant, typedef, forward, interface, standalone_type)).parse(rest)?;
    Ok((after, Item { doc: doc(rest), span: span_between(rest, after), kind }))
}

fn nothing(rest: Tokens<'_>) -> PResult<'_, ItemKind> {
    let quote = (keyword("cpp_quote"), punct("("), string, punct(")"), opt(punct(";")));
    alt((value(ItemKind::Nothing, quote), value(ItemKind::Nothing, punct(";")))).parse(rest)
}

fn constant(rest: Tokens<'_>) -> PResult<'_, ItemKind> {
    let text = map(string, |(text, _)| ConstValue::Str(text.to_owned()));
    let value = alt((text, map(expr, ConstValue::Expr)));
    let pointer = opt(punct("*"));
    let (after, (_, ty, _, name, _, value, _)) =
        (keyword("const"), type_spec, pointer, name, punct("="), value, punct(";")).parse(rest)?;
    Ok((after, ItemKind::Const(Const { ty, name, value })))
}

fn typedef(rest: Tokens<'_>) -> PResult<'_, ItemKind> {
    let declarators = separated_list1(punct(","), declarator);
    let (after, (_, attrs, ty, declarators, _)) =
        (keyword("typedef"), attributes, type_spec, declarators, punct(";")).parse(rest)?;
    Ok((after, ItemKind::Typedef(Typedef { attrs, ty, declarators })))
}

fn standalone_type(rest: Tokens<'_>) -> PResult<'_, ItemKind> {
    map(terminated(aggregate, punct(";")), ItemKind::Type).parse(rest)
}

fn forward(rest: Tokens<'_>) -> PResult<'_, ItemKind> {
    map(delimited(keyword("interface"), name, punct(";")), ItemKind::Forward).parse(rest)
}

enum Member {
    Item(Item),
    Operation(Operation),
}

fn interface(rest: Tokens<'_>) -> PResult<'_, ItemKind> {
    let (after, (attrs, _, name, base, _)) =
        (attributes, keyword("interface"), name, opt(preceded(punct(":"), name)), punct("{"))
            .parse(rest)?;
    let member = alt((map(item, Member::Item), map(operation, Member::Operation)));
    let member = std::cell::RefCell::new(member);
    let (after, members) = until("}", |rest| member.borrow_mut().parse(rest))(after)?;
    let (after, _) = opt(punct(";")).parse(after)?;
    let (mut items, mut operations) = (Vec::new(), Vec::new());
    for member in members {
        match member {
            Member::Item(item) => items.push(item),
            Member::Operation(operation) => operations.push(operation),
        }
    }
    Ok((after, ItemKind::Interface(Interface { attrs, name, base, items, operations })))
}

fn operation(rest: Tokens<'_>) -> PResult<'_, Operation> {
    let (after, (attrs, result, name, _)) =
        (attributes, type_spec, name, punct("(")).parse(rest)?;
    let (after, params) = alt((no_params, params)).parse(after)?;
    let (after, _) = punct(";")(after)?;
    let span = span_between(rest, after);
    Ok((after, Operation { doc: doc(rest), span, attrs, result, name, params }))
}

fn no_params(rest: Tokens<'_>) -> PResult<'_, Vec<Field>> {
    value(Vec::new(), (opt(keyword("void")), punct(")"))).parse(rest)
}

fn params(rest: Tokens<'_>) -> PResult<'_, Vec<Field>> {
    terminated(separated_list1(punct(","), field), punct(")")).parse(rest)
}

/// Attributes, type and declarator: a member or parameter.
fn field(rest: Tokens<'_>) -> PResult<'_, Field> {
    let (after, (attrs, ty, declarator)) = (attributes, type_spec, declarator).parse(rest)?;
    let span = span_between(rest, after);
    Ok((after, Field { doc: doc(rest), span, attrs, ty, declarator }))
}

fn declarator(rest: Tokens<'_>) -> PResult<'_, Declarator> {
    let mut pointers: usize = 0;
    let mut rest = rest;
    while let Ok((after, asterisk)) =
        alt((value(true, punct("*")), value(false, keyword("const")))).parse(rest)
    {
        pointers = pointers.saturating_add(asterisk.into());
        rest = after;
    }
    let (mut rest, name) = name(rest)?;
    let mut bounds = Vec::new();
    while let Ok((after, _)) = punct("[")(rest) {
        let unknown = alt((value(None, punct("]")), value(None, (punct("*"), punct("]")))));
        let known = map(terminated(expr, punct("]")), Some);
        let (after, bound) = alt((unknown, known)).parse(after)?;
        bounds.push(bound);
        rest = after;
    }
    Ok((rest, Declarator { pointers, name, bounds }))
}

/// Any number of bracketed lists.
fn attributes(mut rest: Tokens<'_>) -> PResult<'_, Vec<Attr>> {
    let mut attrs = Vec::new();
    while let Ok((after, _)) = punct("[")(rest) {
        let (after, mut more) =
            terminated(separated_list1(punct(","), attribute), punct("]")).parse(after)?;
        attrs.append(&mut more);
        rest = after;
    }
    Ok((rest, attrs))
}

/// Attributes whose argument is a type.
const TYPE_ATTRIBUTES: [&str; 4] = ["switch_type", "transmit_as", "represent_as", "wire_marshal"];

fn attribute(rest: Tokens<'_>) -> PResult<'_, Attr> {
    let any_word = word_where("an attribute", |word| Some(word.to_owned()));
    let (after, (text, span)) = any_word(rest)?;
    let name = Name { text, span };
    let Ok((inside, _)) = punct("(")(after) else {
        return Ok((after, Attr { name, args: Vec::new() }));
    };
    let argument = if TYPE_ATTRIBUTES.contains(&name.text.as_str()) {
        |rest| map(type_spec, Arg::Type).parse(rest)
    } else {
        general_argument
    };
    let (after, args) =
        terminated(separated_list1(punct(","), opt(argument)), punct(")")).parse(inside)?;
    Ok((after, Attr { name, args }))
}

fn general_argument(rest: Tokens<'_>) -> PResult<'_, Arg> {
    alt((
        map(uuid, |uuid| Arg::Uuid(uuid.to_owned())),
        map(version, |(major, minor)| Arg::Version(major, minor)),
        map(string, |(text, _)| Arg::Str(text.to_owned())),
        map(expr, Arg::Expr),
    ))
    .parse(rest)
}
