//! Names in Rust.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;

/// Name of a field, parameter or method.
pub fn field_name(idl: &str) -> String {
    let name = idl.to_snake_case();
    match syn::parse_str::<Ident>(&name) {
        Ok(_) => name,
        Err(_) => format!("{name}_"),
    }
}

/// Name of a constant.
pub fn constant_name(idl: &str) -> String {
    idl.to_shouty_snake_case()
}

/// Name of a trait or of an operation's structures.
pub fn camel_name(idl: &str) -> String {
    idl.to_upper_camel_case()
}

/// An identifier; names that Rust refuses get a mark that the formatter will show.
pub fn ident(name: &str) -> Ident {
    syn::parse_str(name).unwrap_or_else(|_| {
        quote::format_ident!("invalid_{}", name.replace(|c: char| !c.is_alphanumeric(), "_"))
    })
}
