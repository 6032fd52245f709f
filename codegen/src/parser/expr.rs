//! Expressions: constants, and what stands in `size_is` and its kin.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{map, opt};
use nom::sequence::{delimited, preceded};

use super::name;
use crate::ast::{Expr, ExprKind};
use crate::tokens::{PResult, Tokens, int, punct};

/// Binary operators, weakest first; those in one row are equally strong.
const BINARY: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "/", "%"]];

/// An expression.
pub fn expr(rest: Tokens<'_>) -> PResult<'_, Expr> {
    let (rest, condition) = binary(&BINARY, rest)?;
    let (rest, arms) = opt(preceded(punct("?"), (expr, preceded(punct(":"), expr)))).parse(rest)?;
    Ok(match arms {
        None => (rest, condition),
        Some((then, otherwise)) => {
            let span = condition.span.to(otherwise.span);
            let kind = ExprKind::Select(condition.into(), then.into(), otherwise.into());
            (rest, Expr { kind, span })
        }
    })
}

fn binary<'a>(levels: &[&[&'static str]], rest: Tokens<'a>) -> PResult<'a, Expr> {
    let Some((operators, stronger)) = levels.split_first() else { return unary(rest) };
    let (mut rest, mut left) = binary(stronger, rest)?;
    'operand: loop {
        for operator in *operators {
            if let Ok((after, _)) = punct(operator)(rest) {
                let (after, right) = binary(stronger, after)?;
                let span = left.span.to(right.span);
                left = Expr { kind: ExprKind::Binary(operator, left.into(), right.into()), span };
                rest = after;
                continue 'operand;
            }
        }
        return Ok((rest, left));
    }
}

fn unary(rest: Tokens<'_>) -> PResult<'_, Expr> {
    for operator in ["-", "~"] {
        if let Ok((after, start)) = punct(operator)(rest) {
            let (after, operand) = unary(after)?;
            let span = start.to(operand.span);
            return Ok((after, Expr { kind: ExprKind::Unary(operator, operand.into()), span }));
        }
    }
    if let Ok((after, start)) = punct("*")(rest) {
        let (after, operand) = unary(after)?;
        let span = start.to(operand.span);
        return Ok((after, Expr { kind: ExprKind::Deref(operand.into()), span }));
    }
    alt((
        map(int, |(value, span)| Expr { kind: ExprKind::Int(value), span }),
        map(name, |name| Expr { kind: ExprKind::Name(name.text), span: name.span }),
        delimited(punct("("), expr, punct(")")),
    ))
    .parse(rest)
}
