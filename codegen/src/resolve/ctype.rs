//! Types as C has them: what typedefs stand for, before a field's attributes say which pointers
//! point to arrays.

use super::Resolver;
use super::attrs::Attrs;
use super::types::About;
use crate::ast;
use crate::model::{PointerKind, Prim, TypeId};
use crate::source::{Error, Result};

/// A type as C has it.
#[derive(Clone, Debug, PartialEq)]
pub enum CType {
    /// `void`
    Void,
    /// `handle_t`: a binding, never on the wire.
    Handle,
    /// An interface; pointers to it are marshalled as object references.
    Interface,
    /// A number.
    Prim(Prim),
    /// `__int3264`
    Int3264(bool),
    /// A UUID.
    Guid,
    /// A context handle.
    Context,
    /// A structure, union or enumeration.
    Named(TypeId),
    /// A pointer.
    Pointer(Box<CType>, Pointer),
    /// An array; whether it is a string.
    Array(Box<CType>, Option<u64>, bool),
    /// A number, array or string with a `range`.
    Ranged(Box<CType>, i128, i128),
}

/// What a typedef says about its pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pointer {
    /// Its kind.
    pub kind: Option<PointerKind>,
    /// Whether it points to a string.
    pub string: bool,
    /// Whether it may be NULL whatever the size of the array is.
    pub lenient: bool,
}

/// Types that need no typedef, and that no typedef changes. Status codes have no sign here:
/// their names are written for values from 0x80000000 on.
pub fn prelude(name: &str) -> Option<CType> {
    Some(match name {
        "wchar_t" => CType::Prim(Prim::U16),
        "error_status_t" | "HRESULT" | "NTSTATUS" => CType::Prim(Prim::U32),
        "handle_t" => CType::Handle,
        "uuid_t" => CType::Guid,
        _ => return None,
    })
}

impl Resolver<'_> {
    pub(super) fn typedef(&mut self, item: &ast::Item, typedef: &ast::Typedef) -> Result<()> {
        let attrs = self.attrs(&typedef.attrs)?;
        let plain = |one: &&ast::Declarator| one.pointers == 0 && one.bounds.is_empty();
        let name = typedef.declarators.iter().find(plain).map(|one| one.name.text.clone());
        let about = About { name, doc: &item.doc, idl: self.idl(item.span) };
        let base = match &attrs.transmit_as {
            Some(wire) => self.type_spec(wire, &Attrs::default(), about)?,
            None => self.type_spec(&typedef.ty, &attrs, about)?,
        };
        for declarator in &typedef.declarators {
            let mut ty = self.declared(base.clone(), declarator)?;
            if attrs.context_handle && ty == CType::Pointer(CType::Void.into(), Pointer::default())
            {
                ty = CType::Context;
            }
            let ty = qualify(ty, &attrs);
            self.define(&declarator.name, ty)?;
        }
        Ok(())
    }

    fn define(&mut self, name: &ast::Name, ty: CType) -> Result<()> {
        if prelude(&name.text).is_some() {
            return Ok(());
        }
        match self.typedefs.own(self.module, &name.text) {
            Some(known) if *known != ty => {
                let message = format!("`{}` is another type already", name.text);
                return Err(Error::new(name.span, message));
            }
            _ => self.typedefs.insert(self.module, &name.text, ty),
        }
        Ok(())
    }

    /// A declarator's pointers and bounds around a type.
    pub(super) fn declared(&self, base: CType, declarator: &ast::Declarator) -> Result<CType> {
        let mut ty = base;
        for _ in 0..declarator.pointers {
            ty = CType::Pointer(ty.into(), Pointer::default());
        }
        for bound in declarator.bounds.iter().rev() {
            let bound = match bound {
                None => None,
                Some(expr) => {
                    let value = self.constant_value(expr)?;
                    let size = u64::try_from(value)
                        .map_err(|_| Error::new(expr.span, "an array cannot be that long"))?;
                    Some(size)
                }
            };
            ty = CType::Array(ty.into(), bound, false);
        }
        Ok(ty)
    }
}

/// A typedef's own attributes, kept in its type.
fn qualify(ty: CType, attrs: &Attrs) -> CType {
    let ty = match if attrs.string { mark_string(ty) } else { ty } {
        CType::Pointer(to, pointer) => {
            let kind = attrs.pointer.or(pointer.kind);
            CType::Pointer(to, Pointer { kind, lenient: attrs.lenient, ..pointer })
        }
        other => other,
    };
    match attrs.range {
        Some((low, high)) => CType::Ranged(ty.into(), low, high),
        None => ty,
    }
}

/// The innermost pointer or array is the string.
fn mark_string(ty: CType) -> CType {
    match ty {
        CType::Pointer(to, pointer) if is_level(&to) => {
            CType::Pointer(mark_string(*to).into(), pointer)
        }
        CType::Array(of, bound, _) if is_level(&of) => {
            CType::Array(mark_string(*of).into(), bound, false)
        }
        CType::Pointer(to, pointer) => CType::Pointer(to, Pointer { string: true, ..pointer }),
        CType::Array(of, bound, _) => CType::Array(of, bound, true),
        other => other,
    }
}

/// Whether attributes like `size_is` have a place of their own for this type.
pub fn is_level(ty: &CType) -> bool {
    matches!(ty, CType::Pointer(..) | CType::Array(..))
}
