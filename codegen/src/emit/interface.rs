//! Interfaces: identity, parameters, server trait, dispatch, client stub.

use heck::{ToShoutySnakeCase, ToSnakeCase};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::checks::validate;
use super::{Emitter, doc_lines, docs};
use crate::model::{Interface, InterfaceId, Operation, Struct};
use crate::names::{camel_name, field_name, ident};

/// The Rust names of one operation, as seen from the module that is written.
struct Names {
    method: Ident,
    input: TokenStream,
    output: TokenStream,
}

impl Emitter<'_> {
    /// Everything for one interface.
    pub(super) fn interface_items(&self, id: InterfaceId) -> Vec<TokenStream> {
        let Some(interface) = self.model.interfaces.get(id.0) else { return Vec::new() };
        let mut items: Vec<TokenStream> = identity(interface).into_iter().collect();
        for operation in &interface.operations {
            items.extend(self.parameters(interface, operation, &operation.input, "In", "request"));
            items.extend(self.parameters(
                interface,
                operation,
                &operation.output,
                "Out",
                "response",
            ));
        }
        if !interface.operations.is_empty() {
            items.push(self.server_trait(interface));
            items.push(self.dispatch(interface));
            items.extend(self.client(interface));
        }
        items
    }

    fn parameters(
        &self,
        interface: &Interface,
        operation: &Operation,
        body: &Struct,
        suffix: &str,
        direction: &str,
    ) -> Vec<TokenStream> {
        let name = format_ident!("{}{suffix}", camel_name(&operation.stem));
        let method = field_name(&operation.name);
        let about = format!("The {direction} of [`{}::{method}`].", camel_name(&interface.name));
        let mut items = self.definition(&name, doc_lines(vec![about]), body);
        items.extend(validate(&name, body));
        let validate = (!body.checks.is_empty()).then(|| quote! { self.validate()?; });
        let writes = body.fields.iter().map(|field| {
            let name = ident(&field.name);
            match field.always_ndr20 {
                true => quote! { e.value_in_ndr20(&self.#name)?; },
                false => quote! { e.value(&self.#name)?; },
            }
        });
        let reads = body.fields.iter().map(|field| {
            let name = ident(&field.name);
            match field.always_ndr20 {
                true => quote! { #name: d.value_in_ndr20()? },
                false => quote! { #name: d.value()? },
            }
        });
        let (e, d) = match body.fields.is_empty() {
            true => (ident("_e"), ident("_d")),
            false => (ident("e"), ident("d")),
        };
        let value = quote! { Self { #(#reads,)* } };
        let decode = match body.checks.is_empty() {
            true => quote! { Ok(#value) },
            false => quote! {
                let value = #value;
                value.validate()?;
                Ok(value)
            },
        };
        items.push(quote! {
            impl Parameters for #name {
                fn encode(&self, #e: &mut Encoder) -> Result<(), EncodeError> {
                    #validate
                    #(#writes)*
                    Ok(())
                }
                fn decode(#d: &mut Decoder<'_>) -> Result<Self, DecodeError> { #decode }
            }
        });
        items
    }

    fn names(&self, interface: &Interface, operation: &Operation) -> Names {
        let stem = camel_name(&operation.stem);
        Names {
            method: ident(&field_name(&operation.name)),
            input: self.import(interface.module, &format!("{stem}In")),
            output: self.import(interface.module, &format!("{stem}Out")),
        }
    }

    /// The nearest interface among the bases that has operations.
    fn base<'a>(&'a self, interface: &Interface) -> Option<&'a Interface> {
        let base = self.model.interfaces.get(interface.base?.0)?;
        match base.operations.is_empty() {
            true => self.base(base),
            false => Some(base),
        }
    }

    fn server_trait(&self, interface: &Interface) -> TokenStream {
        let name = trait_name(interface);
        let docs = docs(&interface.doc, "");
        let (bound, call) = match self.base(interface) {
            Some(base) => {
                let base = self.import(base.module, &camel_name(&base.name));
                (Some(quote! { : #base }), None)
            }
            None => {
                let call = quote! {
                    /// What the server is told of each call: who, how, from where.
                    type Call: Send + Sync;
                };
                (None, Some(call))
            }
        };
        let methods = interface.operations.iter().map(|operation| {
            let Names { method, input, output } = self.names(interface, operation);
            let docs = super::docs(&operation.doc, &operation.idl);
            quote! {
                #docs
                fn #method(
                    &self,
                    call: &Self::Call,
                    request: #input,
                ) -> impl Future<Output = Result<#output, Fault>> + Send;
            }
        });
        quote! { #docs pub trait #name #bound { #call #(#methods)* } }
    }

    fn dispatch(&self, interface: &Interface) -> TokenStream {
        let (name, function) = (trait_name(interface), dispatch_name(interface));
        let arms = interface.operations.iter().map(|operation| {
            let Names { method, .. } = self.names(interface, operation);
            let opnum = Literal::u16_unsuffixed(operation.opnum);
            let shown = format!("{}::{}", interface.name, operation.name);
            quote! {
                #opnum => {
                    const OPERATION: &str = #shown;
                    let request = ndr::request(OPERATION, encoding, stub)?;
                    let response = server.#method(call, request).await?;
                    ndr::response(OPERATION, encoding, &response)
                }
            }
        });
        let other = match self.base(interface) {
            Some(base) => {
                let dispatch = self.import(base.module, &dispatch_name(base).to_string());
                quote! { #dispatch(server, call, opnum, encoding, stub).await }
            }
            None => quote! { Err(Fault::OP_RANGE) },
        };
        let about = doc_lines(vec![format!(
            "Decodes a request to [`{name}`], has `server` carry it out, encodes the response."
        )]);
        quote! {
            #about
            pub async fn #function<S: #name + Sync>(
                server: &S,
                call: &S::Call,
                opnum: u16,
                encoding: Encoding,
                stub: &[u8],
            ) -> Result<Vec<u8>, Fault> {
                match opnum { #(#arms)* _ => #other }
            }
        }
    }

    fn client(&self, interface: &Interface) -> Vec<TokenStream> {
        let name = format_ident!("{}Client", trait_name(interface));
        let about = doc_lines(vec![format!(
            "Calls [`{}`] through a transport that is bound to it.",
            trait_name(interface)
        )]);
        let mut methods = Vec::new();
        let mut level = Some(interface);
        while let Some(owner) = level {
            let own = owner.operations.iter().map(|operation| {
                let Names { method, input, output } = self.names(owner, operation);
                let docs = doc_lines(operation.doc.lines().map(str::to_owned).collect());
                let opnum = Literal::u16_unsuffixed(operation.opnum);
                quote! {
                    #docs
                    pub async fn #method(&mut self, request: &#input) -> Result<#output, T::Error> {
                        ndr::call(&mut self.0, #opnum, request).await
                    }
                }
            });
            methods.splice(0..0, own);
            level = self.base(owner);
        }
        vec![
            quote! { #about #[derive(Debug)] pub struct #name<T>(pub T); },
            quote! { impl<T: Invoke> #name<T> { #(#methods)* } },
        ]
    }
}

fn trait_name(interface: &Interface) -> Ident {
    ident(&camel_name(&interface.name))
}

fn dispatch_name(interface: &Interface) -> Ident {
    format_ident!("dispatch_{}", interface.name.to_snake_case())
}

/// The interface's identity as a constant.
fn identity(interface: &Interface) -> Option<TokenStream> {
    let uuid = interface.uuid.as_ref()?;
    let name = ident(&interface.name.to_shouty_snake_case());
    let (major, minor) = interface.version;
    let about = doc_lines(vec![format!("`{}`, version {major}.{minor}.", interface.name)]);
    let value = format!("0x{}", uuid.replace('-', "_"));
    let value: TokenStream = value.parse().unwrap_or_default();
    let (major, minor) = (Literal::u16_unsuffixed(major), Literal::u16_unsuffixed(minor));
    Some(quote! {
        #about
        pub const #name: InterfaceId = InterfaceId {
            uuid: uuid::Uuid::from_u128(#value),
            major: #major,
            minor: #minor,
        };
    })
}
