//! Types: base types, `struct`, `union`, `enum`.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{map, opt};
use nom::multi::many0;
use nom::sequence::{delimited, preceded, terminated};

use super::{attributes, doc, expr::expr, field, name, span_between, until};
use crate::ast::{
    Arg, Arm, Base, EnumSpec, Enumerator, Expr, Field, Name, StructSpec, TypeSpec, UnionSpec,
};
use crate::tokens::{PResult, Tokens, keyword, punct, word_where};

/// A type, with `const` before or after it.
pub fn type_spec(rest: Tokens<'_>) -> PResult<'_, TypeSpec> {
    let bare = alt((aggregate, base, safearray, map(name, TypeSpec::Named)));
    delimited(opt(keyword("const")), bare, opt(keyword("const"))).parse(rest)
}

/// `SAFEARRAY(type)`: the representation does not depend on the type.
fn safearray(rest: Tokens<'_>) -> PResult<'_, TypeSpec> {
    let (rest, span) = keyword("SAFEARRAY")(rest)?;
    let (rest, _) = delimited(punct("("), type_spec, punct(")")).parse(rest)?;
    Ok((rest, TypeSpec::Named(Name { text: "SAFEARRAY".to_owned(), span })))
}

/// `struct`, `union` or `enum`.
pub fn aggregate(rest: Tokens<'_>) -> PResult<'_, TypeSpec> {
    alt((
        map(structure, TypeSpec::Struct),
        map(union, TypeSpec::Union),
        map(enumeration, TypeSpec::Enum),
    ))
    .parse(rest)
}

/// Words that make up base types. (`wchar_t` and others that a typedef may define anew are
/// ordinary names.)
const BASE_WORDS: [&str; 18] = [
    "unsigned",
    "signed",
    "long",
    "short",
    "small",
    "hyper",
    "int",
    "char",
    "float",
    "double",
    "byte",
    "boolean",
    "void",
    "__int8",
    "__int16",
    "__int32",
    "__int64",
    "__int3264",
];

fn base(rest: Tokens<'_>) -> PResult<'_, TypeSpec> {
    let word = word_where("a type", |word| BASE_WORDS.into_iter().find(|base| *base == word));
    let mut words = Vec::new();
    let mut after = rest;
    while let Ok((next, (word, _))) = word(after) {
        words.push(word);
        after = next;
    }
    match base_type(&words) {
        Some(base) => Ok((after, TypeSpec::Base(base, span_between(rest, after)))),
        None => Err(nom::Err::Error(crate::tokens::Unexpected::kind(rest, "a type"))),
    }
}

fn base_type(words: &[&str]) -> Option<Base> {
    let has = |word| words.contains(&word);
    let int = |bytes| Base::Int { signed: !has("unsigned"), bytes };
    // `char`, `byte` and `boolean` have no sign unless one is stated; `small` has.
    let octet = Base::Int { signed: has("signed"), bytes: 1 };
    let longs = words.iter().filter(|word| **word == "long").count();
    let main = words.iter().find(|word| !matches!(**word, "unsigned" | "signed" | "int"));
    Some(match main {
        None if words.is_empty() => return None,
        None => int(4),
        Some(&"void") => Base::Void,
        Some(&"float") => Base::Float,
        Some(&"double") => Base::Double,
        Some(&("char" | "byte" | "boolean")) => octet,
        Some(&("small" | "__int8")) => int(1),
        Some(&("short" | "__int16")) => int(2),
        Some(&"long") if longs > 1 => int(8),
        Some(&("long" | "__int32")) => int(4),
        Some(&("hyper" | "__int64")) => int(8),
        Some(&"__int3264") => Base::Int3264 { signed: !has("unsigned") },
        Some(_) => return None,
    })
}

fn structure(rest: Tokens<'_>) -> PResult<'_, StructSpec> {
    let member = |rest| terminated(field, punct(";")).parse(rest);
    let (after, span) = keyword("struct")(rest)?;
    let (after, (tag, members)) = tag_and_body(after, member)?;
    Ok((after, StructSpec { span, tag, members }))
}

/// A tag, a body in braces, or both.
fn tag_and_body<'a, T>(
    rest: Tokens<'a>,
    item: impl Fn(Tokens<'a>) -> PResult<'a, T>,
) -> PResult<'a, (Option<Name>, Option<Vec<T>>)> {
    let (rest, tag) = opt(name).parse(rest)?;
    match (punct("{")(rest), tag.is_some()) {
        (Ok((body, _)), _) => {
            let (after, items) = until("}", item)(body)?;
            Ok((after, (tag, Some(items))))
        }
        (Err(_), true) => Ok((rest, (tag, None))),
        (Err(error), false) => Err(error),
    }
}

fn union(rest: Tokens<'_>) -> PResult<'_, UnionSpec> {
    let (after, span) = keyword("union")(rest)?;
    if let Ok((after, (tag, switch))) = (opt(name), switch).parse(after) {
        let (after, _) = opt(name).parse(after)?;
        let (after, arms) = preceded(punct("{"), until("}", encapsulated_arm)).parse(after)?;
        return Ok((after, UnionSpec { span, tag, switch: Some(switch), arms: Some(arms) }));
    }
    let (after, (tag, arms)) = tag_and_body(after, plain_arm)?;
    Ok((after, UnionSpec { span, tag, switch: None, arms }))
}

/// `switch (type name)`
fn switch(rest: Tokens<'_>) -> PResult<'_, (Box<TypeSpec>, Name)> {
    let (rest, _) = keyword("switch")(rest)?;
    delimited(punct("("), (map(type_spec, Box::new), name), punct(")")).parse(rest)
}

/// `case 1: case 2: type name;`
fn encapsulated_arm(rest: Tokens<'_>) -> PResult<'_, Arm> {
    let case = map(delimited(keyword("case"), expr, punct(":")), Some);
    let default = map((keyword("default"), punct(":")), |_| None);
    let (after, labels) = many0(alt((case, default))).parse(rest)?;
    if labels.is_empty() {
        keyword("case")(after)?;
    }
    let default = labels.contains(&None);
    let (after, field) = arm_field(after)?;
    let span = span_between(rest, after);
    let cases = labels.into_iter().flatten().collect();
    Ok((after, Arm { doc: doc(rest), span, cases, default, field }))
}

fn arm_field(rest: Tokens<'_>) -> PResult<'_, Option<Field>> {
    alt((map(punct(";"), |_| None), map(terminated(field, punct(";")), Some))).parse(rest)
}

/// `[case(1, 2)] type name;`
fn plain_arm(rest: Tokens<'_>) -> PResult<'_, Arm> {
    let (after_attrs, attrs) = attributes(rest)?;
    let (after, field) = match punct(";")(after_attrs) {
        Ok((after, _)) => (after, None),
        Err(_) => map(terminated(field, punct(";")), Some).parse(rest)?,
    };
    let default = attrs.iter().any(|attr| attr.name.text == "default");
    let cases: Vec<Expr> = attrs
        .iter()
        .filter(|attr| attr.name.text == "case")
        .flat_map(|attr| &attr.args)
        .filter_map(|arg| match arg {
            Some(Arg::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    Ok((after, Arm { doc: doc(rest), span: span_between(rest, after), cases, default, field }))
}

fn enumeration(rest: Tokens<'_>) -> PResult<'_, EnumSpec> {
    let (after, span) = keyword("enum")(rest)?;
    // The comma after the last member is left out or not.
    let member = |rest| terminated(enumerator, opt(punct(","))).parse(rest);
    let (after, (tag, members)) = tag_and_body(after, member)?;
    Ok((after, EnumSpec { span, tag, members }))
}

fn enumerator(rest: Tokens<'_>) -> PResult<'_, Enumerator> {
    let (after, (name, value)) = (name, opt(preceded(punct("="), expr))).parse(rest)?;
    Ok((after, Enumerator { doc: doc(rest), name, value }))
}
