//! Attributes that tie fields together, as calls of the run-time.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::model::{Check, Field, Num, Rule, Struct};
use crate::names::ident;

/// The function that checks what attributes demand.
pub(super) fn validate(name: &Ident, body: &Struct) -> Option<TokenStream> {
    if body.checks.is_empty() {
        return None;
    }
    let checks = body.checks.iter().filter_map(|check| check_call(check, &body.fields));
    Some(quote! {
        impl #name {
            fn validate(&self) -> Result<(), Invalid> {
                #(#checks?;)*
                Ok(())
            }
        }
    })
}

fn check_call(check: &Check, fields: &[Field]) -> Option<TokenStream> {
    let field = fields.get(check.field)?;
    let name = ident(&field.name);
    Some(rule_call(&check.rule, &field.idl_name, &quote! { &self.#name }, &quote! { self.#name }))
}

/// Checks a rule for a value, which is given by reference and as such.
pub(super) fn rule_call(
    rule: &Rule,
    shown: &str,
    reference: &TokenStream,
    value: &TokenStream,
) -> TokenStream {
    let bound = |value: &i128| Literal::i128_unsuffixed(*value);
    let (function, expected) = match rule {
        Rule::Range(low, high) => {
            let (low, high) = (bound(low), bound(high));
            return quote! { ndr::range(#shown, num(#value), #low, #high) };
        }
        Rule::RangeOfCount(low, high) => {
            let (low, high) = (bound(low), bound(high));
            return quote! { ndr::range_of_count(#shown, #reference, #low, #high) };
        }
        Rule::SizeIs(size) => ("size_is", size),
        Rule::SizeIsUnlessNull(size) => ("size_is_unless_null", size),
        Rule::LengthIs(length) => ("length_is", length),
        Rule::FirstIs(first) => ("first_is", first),
        Rule::SwitchIs(tag) => ("switch_is", tag),
    };
    let (function, expected) = (ident(function), num(expected));
    quote! { ndr::#function(#shown, #expected, #reference) }
}

/// An expression; `parenthesized` where it is an operand.
fn num(expr: &Num) -> TokenStream {
    match expr {
        Num::Const(value) => {
            let value = Literal::i128_unsuffixed(*value);
            quote! { num(#value) }
        }
        Num::Field { name, is_enum } => {
            let (name, number) = (ident(name), is_enum.then(|| quote! { .0 }));
            quote! { num(self.#name #number) }
        }
        Num::Unary(operator, operand) => {
            let operand = operand_num(operand);
            match *operator {
                "~" => quote! { !#operand },
                _ => quote! { -#operand },
            }
        }
        Num::Binary(operator, left, right) => {
            let (left, right) = (operand_num(left), operand_num(right));
            let operator: TokenStream = operator.parse().unwrap_or_default();
            quote! { #left #operator #right }
        }
        Num::Select(condition, then, otherwise) => {
            let (condition, then, otherwise) = (operand_num(condition), num(then), num(otherwise));
            quote! { #condition.select(#then, #otherwise) }
        }
    }
}

fn operand_num(expr: &Num) -> TokenStream {
    let tokens = num(expr);
    match expr {
        Num::Const(_) | Num::Field { .. } | Num::Unary(..) => tokens,
        _ => quote! { (#tokens) },
    }
}
