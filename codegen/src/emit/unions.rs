//! Unions: an arm is a variant, and the discriminant travels with it.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::checks::rule_call;
use super::types::{align_new, default_value};
use super::{Emitter, docs, prim_type, short_docs};
use crate::model::{Arm, Body, Enum, Prim, Tag, TypeDef, TypeId, Union, Wire};
use crate::names::ident;

impl Emitter<'_> {
    pub(super) fn union_items(&self, def: &TypeDef, id: TypeId, body: &Union) -> Vec<TokenStream> {
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
