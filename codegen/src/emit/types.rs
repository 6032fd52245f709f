//! Structures and enumerations, with their representation.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::checks::validate;
use super::{Emitter, docs, prim_type, short_docs};
use crate::model::{Align, Body, Enum, Field, Prim, Struct, TypeDef, TypeId, Wire};
use crate::names::{constant_name, ident};

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

    pub(super) fn layout_consts(&self, id: TypeId) -> TokenStream {
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
}

pub(super) fn align_new((ndr20, ndr64): Align) -> TokenStream {
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

/// The standard library has defaults for arrays of up to 32 elements.
fn derives_default(wire: &Wire) -> bool {
    match wire {
        Wire::Fixed(of, count) => *count <= 32 && derives_default(of),
        _ => true,
    }
}

pub(super) fn default_value(wire: &Wire) -> TokenStream {
    match wire {
        Wire::Fixed(of, _) if !derives_default(wire) => {
            let element = default_value(of);
            quote! { std::array::from_fn(|_| #element) }
        }
        _ => quote! { Default::default() },
    }
}
