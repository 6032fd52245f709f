//! Model to Rust: one module per file, in the manner of a derive.

mod checks;
mod interface;
mod types;
mod unions;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::model::{
    Body, Const, ConstValue, Item, Model, Module, ModuleId, PointerKind, Prim, TypeId, Wire,
};
use crate::names::{constant_name, ident};

/// A Rust file: its name without `.rs`, and its text.
pub struct Output {
    /// Name of the module.
    pub module: String,
    /// Text of the module.
    pub text: String,
}

/// What cannot be formatted: a defect of the emitter.
#[derive(Debug, thiserror::Error)]
#[error("{module}: generated code is not Rust: {error}")]
pub struct EmitError {
    module: String,
    error: syn::Error,
}

/// Writes all modules of a model.
pub fn emit(model: &Model) -> Result<Vec<Output>, EmitError> {
    model
        .modules
        .iter()
        .enumerate()
        .map(|(index, module)| {
            let foreign = RefCell::default();
            Emitter { model, module: ModuleId(index), foreign }.module(module)
        })
        .collect()
}

/// Names of the run-time that a module may use.
const IMPORTS: [&str; 13] = [
    "Align",
    "DecodeError",
    "Decoder",
    "EncodeError",
    "Encoder",
    "Encoding",
    "Fault",
    "InterfaceId",
    "Invalid",
    "Invoke",
    "Ndr",
    "Parameters",
    "num",
];

struct Emitter<'a> {
    model: &'a Model,
    module: ModuleId,
    /// Names that come from other modules: module and name.
    foreign: RefCell<BTreeSet<(String, String)>>,
}

impl Emitter<'_> {
    fn module(&self, module: &Module) -> Result<Output, EmitError> {
        let mut body = String::new();
        for item in &module.items {
            let tokens = match item {
                Item::Const(constant) => vec![self.constant(constant)],
                Item::Type(id) => self.type_items(*id),
                Item::Interface(id) => self.interface_items(*id),
            };
            for tokens in tokens {
                body.push('\n');
                body.push_str(&spaced(&self.format(module, tokens)?));
            }
        }
        let mut text = String::new();
        for line in module.doc.lines() {
            text.push_str(format!("//! {line}").trim_end());
            text.push('\n');
        }
        if !module.doc.is_empty() {
            text.push_str("//!\n");
        }
        let source = format!("//! Written by `codegen` from `idl/{}.idl`.\n", module.name);
        text.push_str(&source);
        let imports = self.format(module, self.imports(&body))?;
        if !imports.is_empty() {
            text.push('\n');
            text.push_str(&imports);
        }
        text.push_str(&body);
        Ok(Output { module: module.name.clone(), text })
    }

    fn format(&self, module: &Module, tokens: TokenStream) -> Result<String, EmitError> {
        let file = syn::parse2(tokens);
        let file = file.map_err(|error| EmitError { module: module.name.clone(), error })?;
        Ok(prettyplease::unparse(&file))
    }

    /// `use` of the run-time and of other modules.
    fn imports(&self, body: &str) -> TokenStream {
        let words: HashSet<&str> = body.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let mut used: Vec<TokenStream> = Vec::new();
        if body.contains("ndr::") {
            used.push(quote! { self });
        }
        used.extend(IMPORTS.into_iter().filter(|name| words.contains(name)).map(|name| {
            let name = ident(name);
            quote! { #name }
        }));
        let foreign = self.foreign.borrow();
        let modules: BTreeSet<&String> = foreign.iter().map(|(module, _)| module).collect();
        let modules = modules.into_iter().map(|module| {
            let names = foreign.iter().filter(|(other, _)| other == module);
            let names = names.map(|(_, name)| ident(name));
            let module = ident(module);
            quote! { use super::#module::{#(#names),*}; }
        });
        let runtime = (!used.is_empty()).then(|| quote! { use crate::ndr::{#(#used),*}; });
        quote! { #runtime #(#modules)* }
    }

    fn constant(&self, constant: &Const) -> TokenStream {
        let docs = docs(&constant.doc, &constant.idl);
        let name = ident(&constant_name(&constant.name));
        match &constant.value {
            ConstValue::Int(prim, value) => {
                let (ty, value) = (prim_type(*prim), Literal::i128_unsuffixed(*value));
                quote! { #docs pub const #name: #ty = #value; }
            }
            ConstValue::Str(text) => quote! { #docs pub const #name: &str = #text; },
        }
    }

    /// Name of a type, which is imported if it is another module's.
    fn path(&self, id: TypeId) -> TokenStream {
        match self.model.types.get(id.0) {
            Some(def) => self.import(def.module, &def.name),
            None => TokenStream::new(),
        }
    }

    fn import(&self, module: ModuleId, name: &str) -> TokenStream {
        if let Some(other) = self.model.modules.get(module.0).filter(|_| module != self.module) {
            self.foreign.borrow_mut().insert((other.name.clone(), name.to_owned()));
        }
        let name = ident(name);
        quote! { #name }
    }

    /// The Rust type of a wire type.
    fn ty(&self, wire: &Wire) -> TokenStream {
        match wire {
            Wire::Prim(prim) => prim_type(*prim),
            Wire::Int3264(true) => quote! { ndr::Int3264 },
            Wire::Int3264(false) => quote! { ndr::UInt3264 },
            Wire::Guid => quote! { uuid::Uuid },
            Wire::Context => quote! { ndr::ContextHandle },
            Wire::Named(id) => self.path(*id),
            Wire::Pointer(kind, to) => {
                let referent = self.ty(to);
                match kind {
                    PointerKind::Unique if self.is_aggregate(to) => {
                        quote! { Option<Box<#referent>> }
                    }
                    PointerKind::Unique => quote! { Option<#referent> },
                    PointerKind::Full => quote! { ndr::Full<#referent> },
                    PointerKind::Ref => quote! { ndr::Ref<#referent> },
                }
            }
            Wire::Fixed(of, count) => {
                let (of, count) = (self.ty(of), Literal::u64_unsuffixed(*count));
                quote! { [#of; #count] }
            }
            Wire::Conformant(of) => {
                let of = self.ty(of);
                quote! { Vec<#of> }
            }
            Wire::Varying(of) => {
                let of = self.ty(of);
                quote! { ndr::Varying<#of> }
            }
            Wire::FixedVarying(of, count) => {
                let (of, count) = (self.ty(of), Literal::u64_unsuffixed(*count));
                quote! { ndr::FixedVarying<#of, #count> }
            }
            Wire::Text(Prim::U16) => quote! { ndr::WideString },
            Wire::Text(_) => quote! { ndr::ByteString },
            Wire::SizedText(unit) => {
                let unit = prim_type(*unit);
                quote! { ndr::SizedText<#unit> }
            }
            Wire::FixedText(unit, count) => {
                let (unit, count) = (prim_type(*unit), Literal::u64_unsuffixed(*count));
                quote! { ndr::FixedText<#unit, #count> }
            }
        }
    }

    /// Structures and unions are boxed behind pointers: they may be large or hold themselves.
    fn is_aggregate(&self, wire: &Wire) -> bool {
        match wire {
            Wire::Named(id) => !matches!(self.model.body(*id), Some(Body::Enum(_))),
            _ => false,
        }
    }
}

fn prim_type(prim: Prim) -> TokenStream {
    match prim {
        Prim::Int(false, 1) => quote! { u8 },
        Prim::Int(true, 1) => quote! { i8 },
        Prim::Int(false, 2) => quote! { u16 },
        Prim::Int(true, 2) => quote! { i16 },
        Prim::Int(false, 4) => quote! { u32 },
        Prim::Int(true, 4) => quote! { i32 },
        Prim::Int(false, _) => quote! { u64 },
        Prim::Int(true, _) => quote! { i64 },
        Prim::Float(4) => quote! { f32 },
        Prim::Float(_) => quote! { f64 },
    }
}

/// A doc comment: the IDL file's own, then the IDL.
fn docs(doc: &str, idl: &str) -> TokenStream {
    let mut lines: Vec<String> = doc.lines().map(str::to_owned).collect();
    if !idl.is_empty() {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push("```idl".to_owned());
        lines.extend(idl.lines().map(str::to_owned));
        lines.push("```".to_owned());
    }
    doc_lines(lines)
}

/// A short doc comment: the IDL file's own, or else the IDL.
fn short_docs(doc: &str, idl: &str) -> TokenStream {
    let mut lines: Vec<String> = doc.lines().map(str::to_owned).collect();
    if lines.is_empty() && !idl.is_empty() {
        lines.push(format!("`{}`", idl.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    doc_lines(lines)
}

fn doc_lines(lines: Vec<String>) -> TokenStream {
    let lines = lines.into_iter().map(|line| match line.as_str() {
        "" => line,
        _ => format!(" {line}"),
    });
    quote! { #(#[doc = #lines])* }
}

/// An empty line between the functions of an `impl` or `trait`.
fn spaced(text: &str) -> String {
    let mut spaced = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        spaced.push_str(line);
        spaced.push('\n');
        let closes_member =
            line == "    }" || line.starts_with("    const ") || line.starts_with("    type ");
        let next_is_member = lines.peek().is_some_and(|next| {
            let next = next.trim_start_matches("    ");
            next.starts_with("fn ")
                || next.starts_with("pub fn ")
                || next.starts_with("pub async fn ")
                || next.starts_with("///")
        });
        if (closes_member || line.starts_with("    ) -> ") && line.ends_with(';')) && next_is_member
        {
            spaced.push('\n');
        }
    }
    spaced
}
