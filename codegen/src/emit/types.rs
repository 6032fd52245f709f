//! Structures, unions and enumerations, with their representation.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::names::{constant_name, ident};
use super::{Emitter, docs, prim_type, short_docs};
use crate::model::{
    Align, Arm, Body, Check, Enum, Field, Num, Prim, Rule, Struct, Tag, TypeDef, TypeId, Union,
    Wire,
};

impl Emitter<'_> {
    /// The type and its implementations.
    pub(super) fn type_items(&self, id: TypeId) -> Vec<TokenStream> {
        let Some(def) = self.model.types.get(id.0) else { return Vec::new() };
        match &def.body {
            Some(Body::Enum(body)) => enum_items(def, body),
            Some(Body::Struct(body)) => self.struct_items(def, id, body),
            Some(Body::Union(body)) => self.union_items(def, id, body),
            None => Vec::new(),
        }
    }

    fn layout_consts(&self, id: TypeId) -> TokenStream {
        let (align, size) = self.model.layout(&Wire::Named(id));
        let (align, size) = (align_new(align), Literal::usize_unsuffixed(size));
        quote! {
            const ALIGN: Align = #align;
            const MIN_SIZE: usize = #size;
        }
    }

    fn struct_items(&self, def: &TypeDef, id: TypeId, body: &Struct) -> Vec<TokenStream> {
        let name = ident(&def.name);
        let docs = docs(&def.doc, &def.idl);
        let definition = self.definition(&name, docs, body);
        let consts = self.layout_consts(id);
        let conformance = self.struct_conformance(body);
        let encode = self.struct_encode(body);
        let decode = self.struct_decode(body);
        let deferred = self.struct_deferred(body);
        let mut items = definition;
        items.extend(validate(&name, body));
        items.push(quote! {
            impl Ndr for #name {
                #consts
                #encode
                #decode
                #conformance
                #deferred
            }
        });
        items
    }

    /// A structure with its default.
    pub(super) fn definition(
        &self,
        name: &Ident,
        docs: TokenStream,
        body: &Struct,
    ) -> Vec<TokenStream> {
        let fields = body.fields.iter().map(|field| {
            let (name, ty) = (ident(&field.name), self.ty(&field.wire));
            let docs = short_docs(&field.doc, &field.idl);
            quote! { #docs pub #name: #ty }
        });
        let derives_default = body.fields.iter().all(|field| derives_default(&field.wire));
        let default = derives_default.then(|| quote! { Default, });
        let mut items = vec![quote! {
            #docs
            #[derive(Clone, Debug, #default PartialEq)]
            pub struct #name { #(#fields,)* }
        }];
        if !derives_default {
            let fields = body.fields.iter().map(|field| {
                let (name, value) = (ident(&field.name), default_value(&field.wire));
                quote! { #name: #value }
            });
            items.push(quote! {
                impl Default for #name {
                    fn default() -> Self { Self { #(#fields,)* } }
                }
            });
        }
        items
    }

    fn struct_conformance(&self, body: &Struct) -> Option<TokenStream> {
        let last = body.fields.last().filter(|last| self.model.is_conformant(&last.wire))?;
        let (name, ty) = (ident(&last.name), self.ty(&last.wire));
        Some(quote! {
            fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
                self.#name.encode_conformance(e)
            }
            fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
                <#ty>::decode_conformance(d)
            }
        })
    }

    /// The gap at the end of the fixed part, in NDR64: behind the last field, or before a last
    /// field that is an array or string of varying size.
    fn has_variable_tail(&self, body: &Struct) -> bool {
        body.fields.last().is_some_and(|last| match &last.wire {
            Wire::Named(_) => false,
            Wire::FixedVarying(..) | Wire::FixedText(..) => true,
            wire => self.model.is_conformant(wire),
        })
    }

    fn ends_with_conformant_structure(&self, body: &Struct) -> bool {
        body.fields.last().is_some_and(|last| {
            matches!(last.wire, Wire::Named(_)) && self.model.is_conformant(&last.wire)
        })
    }

    fn struct_encode(&self, body: &Struct) -> TokenStream {
        let validate = (!body.checks.is_empty()).then(|| quote! { self.validate()?; });
        let mut steps: Vec<TokenStream> = body
            .fields
            .iter()
            .map(|field| {
                let name = ident(&field.name);
                quote! { self.#name.encode(e)?; }
            })
            .collect();
        let gap = quote! { e.align64(Self::ALIGN); };
        if self.has_variable_tail(body) {
            steps.insert(steps.len().saturating_sub(1), gap);
        } else if !self.ends_with_conformant_structure(body) {
            steps.push(gap);
        }
        quote! {
            fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
                #validate
                e.align(Self::ALIGN);
                #(#steps)*
                Ok(())
            }
        }
    }

    fn struct_decode(&self, body: &Struct) -> TokenStream {
        let variable_tail = self.has_variable_tail(body);
        let last = body.fields.len().saturating_sub(1);
        let fields = body.fields.iter().enumerate().map(|(index, field)| {
            let name = ident(&field.name);
            match variable_tail && index == last {
                true => quote! { #name: { d.align64(Self::ALIGN); Ndr::decode(d)? } },
                false => quote! { #name: Ndr::decode(d)? },
            }
        });
        let result = match variable_tail || self.ends_with_conformant_structure(body) {
            true => quote! { Ok(Self { #(#fields,)* }) },
            false => quote! {
                let value = Self { #(#fields,)* };
                d.align64(Self::ALIGN);
                Ok(value)
            },
        };
        quote! {
            fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                d.align(Self::ALIGN);
                #result
            }
        }
    }

    fn struct_deferred(&self, body: &Struct) -> TokenStream {
        let named = |fields: Vec<&Field>| -> Vec<Ident> {
            fields.into_iter().map(|field| ident(&field.name)).collect()
        };
        let fields = || body.fields.iter();
        let writing =
            named(fields().filter(|field| self.model.has_pointers(&field.wire)).collect());
        let reading = named(fields().filter(|field| self.model.is_deferred(&field.wire)).collect());
        let encode = (!writing.is_empty()).then(|| {
            quote! {
                fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
                    #(self.#writing.encode_deferred(e)?;)*
                    Ok(())
                }
            }
        });
        let (unused, end) = match (reading.is_empty(), body.checks.is_empty()) {
            (true, true) => return quote! { #encode },
            (true, false) => (quote! { _d }, quote! { Ok(self.validate()?) }),
            (false, true) => (quote! { d }, quote! { Ok(()) }),
            (false, false) => (quote! { d }, quote! { Ok(self.validate()?) }),
        };
        quote! {
            #encode
            fn decode_deferred(&mut self, #unused: &mut Decoder<'_>) -> Result<(), DecodeError> {
                #(self.#reading.decode_deferred(d)?;)*
                #end
            }
        }
    }

    fn union_items(&self, def: &TypeDef, id: TypeId, body: &Union) -> Vec<TokenStream> {
        let name = ident(&def.name);
        let docs = docs(&def.doc, &def.idl);
        let tag_type = self.tag_type(body.tag);
        let variants = body.arms.iter().map(|arm| {
            let (name, docs) = (ident(&arm.name), short_docs(&arm.doc, &arm.idl));
            let tag = arm.keeps_tag().then(|| tag_type.clone());
            let parts: Vec<TokenStream> =
                tag.into_iter().chain(arm.wire.as_ref().map(|wire| self.ty(wire))).collect();
            match parts.as_slice() {
                [] => quote! { #docs #name },
                parts => quote! { #docs #name(#(#parts),*) },
            }
        });
        let definition = quote! {
            #docs
            #[derive(Clone, Debug, PartialEq)]
            pub enum #name { #(#variants,)* }
        };
        let default = default_arm(&name, body);
        let tags = body.arms.iter().map(|arm| {
            let variant = ident(&arm.name);
            match (arm.keeps_tag(), &arm.wire) {
                (true, Some(_)) => quote! { Self::#variant(tag, _) => *tag },
                (true, None) => quote! { Self::#variant(tag) => *tag },
                (false, wire) => {
                    let pattern = wire.as_ref().map(|_| quote! { (_) });
                    let case = arm.cases.first().copied().unwrap_or_default();
                    let case = Literal::i128_unsuffixed(case);
                    quote! { Self::#variant #pattern => #case }
                }
            }
        });
        let tag = quote! {
            impl #name {
                /// The discriminant.
                pub fn tag(&self) -> #tag_type {
                    match self { #(#tags,)* }
                }
            }
        };
        let tagged = quote! {
            impl ndr::Tagged for #name {
                fn discriminant(&self) -> Option<i64> { Some(self.tag().into()) }
            }
        };
        let mut items = vec![definition, default, tag, tagged];
        items.extend(validate_arms(&name, body));
        items.push(self.union_codec(&name, id, body));
        items
    }

    fn union_codec(&self, name: &Ident, id: TypeId, body: &Union) -> TokenStream {
        let consts = self.layout_consts(id);
        let arms_align = align_new(self.model.arms_align(body));
        let align = match body.ms_union {
            true => ident("align"),
            false => ident("align64"),
        };
        let (encode_tag, decode_tag) = match body.tag {
            Tag::Prim(prim) => {
                let ty = prim_type(prim);
                (quote! { self.tag().encode(e)? }, quote! { #ty::decode(d)? })
            }
            Tag::Enum(id) => {
                let path = self.path(id);
                (quote! { #path(self.tag()).encode(e)? }, quote! { #path::decode(d)?.0 })
            }
        };
        let encode = self.over_arms(body, |_| true, &quote! { encode(e) });
        let validate = is_validated(body).then(|| quote! { self.validate()?; });
        let decode = self.decode_arms(body);
        let deferred = self.union_deferred(body);
        quote! {
            impl Ndr for #name {
                #consts
                fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
                    #validate
                    e.align64(Self::ALIGN);
                    #encode_tag;
                    e.#align(#arms_align);
                    #encode
                }
                fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                    d.align64(Self::ALIGN);
                    let tag = #decode_tag;
                    d.#align(#arms_align);
                    #decode
                }
                #deferred
            }
        }
    }

    /// `match self`: calls a method of the values of some arms.
    fn over_arms(
        &self,
        body: &Union,
        concerned: impl Fn(&Wire) -> bool,
        call: &TokenStream,
    ) -> TokenStream {
        let concerned = |arm: &Arm| arm.wire.as_ref().is_some_and(&concerned);
        let arms = body.arms.iter().filter(|arm| concerned(arm)).map(|arm| {
            let variant = ident(&arm.name);
            let tag = arm.keeps_tag().then(|| quote! { _, });
            quote! { Self::#variant(#tag value) => value.#call }
        });
        let rest = body.arms.iter().any(|arm| !concerned(arm)).then(|| quote! { _ => Ok(()) });
        quote! { match self { #(#arms,)* #rest } }
    }

    fn decode_arms(&self, body: &Union) -> TokenStream {
        let mut arms: Vec<&Arm> = body.arms.iter().collect();
        arms.sort_by_key(|arm| arm.default);
        let matches = arms.iter().map(|arm| {
            let variant = ident(&arm.name);
            let cases = arm.cases.iter().map(|case| Literal::i128_unsuffixed(*case));
            let pattern = match arm.default {
                true => quote! { _ },
                false => quote! { #(#cases)|* },
            };
            let value = match (arm.keeps_tag(), arm.wire.is_some()) {
                (true, true) => quote! { (tag, Ndr::decode(d)?) },
                (true, false) => quote! { (tag) },
                (false, true) => quote! { (Ndr::decode(d)?) },
                (false, false) => TokenStream::new(),
            };
            quote! { #pattern => Self::#variant #value }
        });
        let has_default = body.arms.iter().any(|arm| arm.default);
        let unknown = (!has_default).then(|| quote! { _ => return Err(d.no_arm(tag)) });
        quote! {
            let value = match tag { #(#matches,)* #unknown };
            Ok(value)
        }
    }

    fn union_deferred(&self, body: &Union) -> TokenStream {
        let wires = || body.arms.iter().flat_map(|arm| &arm.wire);
        let writes = wires().any(|wire| self.model.has_pointers(wire));
        let reads = wires().any(|wire| self.model.is_deferred(wire));
        let encode = writes.then(|| {
            let call = quote! { encode_deferred(e) };
            let body = self.over_arms(body, |wire| self.model.has_pointers(wire), &call);
            quote! {
                fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> { #body }
            }
        });
        let call = quote! { decode_deferred(d) };
        let arms = reads.then(|| self.over_arms(body, |wire| self.model.is_deferred(wire), &call));
        let (d, body) = match (arms, is_validated(body)) {
            (None, false) => return quote! { #encode },
            (Some(arms), false) => (ident("d"), arms),
            (None, true) => (ident("_d"), quote! { Ok(self.validate()?) }),
            (Some(arms), true) => (ident("d"), quote! { #arms?; Ok(self.validate()?) }),
        };
        quote! {
            #encode
            fn decode_deferred(&mut self, #d: &mut Decoder<'_>) -> Result<(), DecodeError> {
                #body
            }
        }
    }

    fn tag_type(&self, tag: Tag) -> TokenStream {
        match tag {
            Tag::Prim(prim) => prim_type(prim),
            Tag::Enum(id) => match self.model.body(id) {
                Some(Body::Enum(Enum { wide: true, .. })) => prim_type(Prim::U32),
                _ => prim_type(Prim::U16),
            },
        }
    }
}

fn is_validated(union: &Union) -> bool {
    union.arms.iter().any(|arm| !arm.rules.is_empty())
}

fn align_new((ndr20, ndr64): Align) -> TokenStream {
    let (ndr20, ndr64) = (Literal::usize_unsuffixed(ndr20), Literal::usize_unsuffixed(ndr64));
    quote! { Align::new(#ndr20, #ndr64) }
}

fn enum_items(def: &TypeDef, body: &Enum) -> Vec<TokenStream> {
    let (name, docs) = (ident(&def.name), docs(&def.doc, &def.idl));
    let (ty, align, size) = match body.wide {
        true => (prim_type(Prim::U32), (4, 4), 4usize),
        false => (prim_type(Prim::U16), (2, 4), 2usize),
    };
    let members = body.members.iter().map(|member| {
        let docs = short_docs(&member.doc, "");
        let name = ident(&constant_name(&member.name));
        let value = Literal::i128_unsuffixed(member.value);
        quote! { #docs pub const #name: Self = Self(#value); }
    });
    let (encode, decode) = match body.wide {
        true => (quote! { self.0.encode(e) }, quote! { u32::decode(d).map(Self) }),
        false => (quote! { e.enum16(self.0); Ok(()) }, quote! { d.enum16().map(Self) }),
    };
    let (align, size) = (align_new(align), Literal::usize_unsuffixed(size));
    vec![
        quote! {
            #docs
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct #name(pub #ty);
        },
        quote! { impl #name { #(#members)* } },
        quote! {
            impl Ndr for #name {
                const ALIGN: Align = #align;
                const MIN_SIZE: usize = #size;
                fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> { #encode }
                fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> { #decode }
            }
        },
    ]
}

/// The default of a union is its first arm.
fn default_arm(name: &Ident, body: &Union) -> TokenStream {
    let Some(arm) = body.arms.first() else { return TokenStream::new() };
    let variant = ident(&arm.name);
    let tag = Literal::i128_unsuffixed(arm.cases.first().copied().unwrap_or_default());
    let tag = arm.keeps_tag().then(|| quote! { #tag });
    let parts: Vec<TokenStream> =
        tag.into_iter().chain(arm.wire.as_ref().map(default_value)).collect();
    let value = match parts.as_slice() {
        [] => TokenStream::new(),
        parts => quote! { (#(#parts),*) },
    };
    quote! {
        impl Default for #name {
            fn default() -> Self { Self::#variant #value }
        }
    }
}

/// The function that checks what the attributes of the arms demand.
fn validate_arms(name: &Ident, body: &Union) -> Option<TokenStream> {
    let ruled: Vec<&Arm> = body.arms.iter().filter(|arm| !arm.rules.is_empty()).collect();
    if ruled.is_empty() {
        return None;
    }
    let arms = ruled.iter().map(|arm| {
        let variant = ident(&arm.name);
        let tag = arm.keeps_tag().then(|| quote! { _, });
        let rules = arm
            .rules
            .iter()
            .map(|rule| rule_call(rule, &arm.name, &quote! { value }, &quote! { *value }));
        quote! { Self::#variant(#tag value) => { #(#rules?;)* } }
    });
    let rest = (ruled.len() < body.arms.len()).then(|| quote! { _ => {} });
    Some(quote! {
        impl #name {
            fn validate(&self) -> Result<(), Invalid> {
                match self { #(#arms)* #rest }
                Ok(())
            }
        }
    })
}

/// The standard library has defaults for arrays of up to 32 elements.
fn derives_default(wire: &Wire) -> bool {
    match wire {
        Wire::Fixed(of, count) => *count <= 32 && derives_default(of),
        _ => true,
    }
}

fn default_value(wire: &Wire) -> TokenStream {
    match wire {
        Wire::Fixed(of, _) if !derives_default(wire) => {
            let element = default_value(of);
            quote! { std::array::from_fn(|_| #element) }
        }
        _ => quote! { Default::default() },
    }
}

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
fn rule_call(
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
