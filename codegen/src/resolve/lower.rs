//! Fields and parameters: from C types and attributes to types on the wire.

use super::Resolver;
use super::attrs::Attrs;
use super::ctype::{CType, Pointer, is_level};
use super::expr::Names;
use crate::ast::{Expr, ExprKind};
use crate::model::{Body, Field, PointerKind, Prim, Rule, TypeId, Wire};
use crate::source::{Error, Result, Span};

/// What a field's attributes demand, before their expressions are looked up.
#[derive(Clone)]
pub enum Demand {
    SizeIs(Expr),
    SizeIsUnlessNull(Expr),
    LengthIs(Expr),
    FirstIs(Expr),
    Range(i128, i128),
    SwitchIs(Expr),
}

/// One field on its way to the wire.
struct Lowering<'a, 'b> {
    resolver: &'a Resolver<'b>,
    attrs: &'a Attrs,
    span: Span,
    is_param: bool,
    /// The pointer attribute, until the first pointer has it.
    pointer: Option<PointerKind>,
    demands: Vec<Demand>,
}

impl Resolver<'_> {
    /// The wire type of a field or parameter, and what its attributes demand.
    pub(super) fn lower(
        &self,
        ty: &CType,
        attrs: &Attrs,
        span: Span,
        is_param: bool,
    ) -> Result<(Wire, Vec<Demand>)> {
        let pointer = attrs.pointer;
        let mut lowering =
            Lowering { resolver: self, attrs, span, is_param, pointer, demands: Vec::new() };
        let wire = match (ty, attrs.pointer) {
            // A parameter that is declared as an array is a pointer all the same.
            (CType::Array(..), Some(kind)) if is_param && kind != PointerKind::Ref => {
                lowering.pointer = None;
                Wire::Pointer(kind, lowering.level(ty, 0, false)?.into())
            }
            _ => lowering.level(ty, 0, false)?,
        };
        let wire = match wire {
            // Reference pointers at the top have no representation.
            Wire::Pointer(PointerKind::Ref, to) if is_param => *to,
            wire => wire,
        };
        if let Some(id) = held(&wire)
            && self.model.body(id).is_none()
        {
            let message = "this type is not complete here: a type cannot hold itself";
            return Err(Error::new(span, message));
        }
        let mut demands = lowering.demands;
        demands.extend(attrs.range.map(|(low, high)| Demand::Range(low, high)));
        demands.extend(attrs.switch_is.clone().map(Demand::SwitchIs));
        Ok((wire, demands))
    }

    /// What one field must fulfil. What needs the other direction is left out.
    pub(super) fn rules(
        &self,
        wire: &Wire,
        demands: Vec<Demand>,
        span: Span,
        names: &Names<'_>,
    ) -> Result<Vec<Rule>> {
        let mut rules = Vec::new();
        for demand in demands {
            let rule = match demand {
                Demand::SizeIs(expr) => self.num(&expr, names)?.map(Rule::SizeIs),
                Demand::SizeIsUnlessNull(expr) => {
                    self.num(&expr, names)?.map(Rule::SizeIsUnlessNull)
                }
                Demand::LengthIs(expr) => self.num(&expr, names)?.map(Rule::LengthIs),
                Demand::FirstIs(expr) => self.num(&expr, names)?.map(Rule::FirstIs),
                Demand::Range(low, high) => Some(self.range_rule(wire, low, high, span)?),
                Demand::SwitchIs(expr) => {
                    if !matches!(pointee(wire), Wire::Named(id) if self.is_union(*id)) {
                        return Err(Error::new(span, "`switch_is` is for unions"));
                    }
                    self.num(&expr, names)?.map(Rule::SwitchIs)
                }
            };
            rules.extend(rule);
        }
        Ok(rules)
    }

    fn range_rule(&self, wire: &Wire, low: i128, high: i128, span: Span) -> Result<Rule> {
        if self.number_kind(wire) == Some(false) {
            return Ok(Rule::Range(low, high));
        }
        match pointee(wire) {
            Wire::Conformant(_) | Wire::Varying(_) | Wire::Text(_) | Wire::SizedText(_) => {
                Ok(Rule::RangeOfCount(low, high))
            }
            _ => Err(Error::new(span, "`range` is for integers, arrays and strings")),
        }
    }

    /// Where a conformant array may stand: at the end of a structure that is not an element.
    pub(super) fn check_conformance(&self, fields: &[Field], spans: &[Span]) -> Result<()> {
        let Some((_, inner)) = fields.split_last() else { return Ok(()) };
        for (field, span) in inner.iter().zip(spans) {
            if self.model.is_conformant(&field.wire) {
                let message = "an array without a fixed size must be the last member";
                return Err(Error::new(*span, message));
            }
        }
        Ok(())
    }
}

/// The type that a value of a wire type holds in place.
fn held(wire: &Wire) -> Option<TypeId> {
    match wire {
        Wire::Named(id) => Some(*id),
        Wire::Fixed(of, _)
        | Wire::Conformant(of)
        | Wire::Varying(of)
        | Wire::FixedVarying(of, _) => held(of),
        _ => None,
    }
}

/// What a wire type is behind its pointers.
fn pointee(wire: &Wire) -> &Wire {
    match wire {
        Wire::Pointer(_, to) => pointee(to),
        other => other,
    }
}

impl Lowering<'_, '_> {
    fn error<T>(&self, message: &str) -> Result<T> {
        Err(Error::new(self.span, message))
    }

    /// One level: an array, a pointer, or the type behind all of them. `inside` an array, the
    /// attributes of further levels cannot be checked.
    fn level(&mut self, ty: &CType, level: usize, inside: bool) -> Result<Wire> {
        match ty {
            CType::Array(of, bound, string) => {
                if (*string || self.attrs.string) && !is_level(of) {
                    return self.text(of, *bound, level, false, inside);
                }
                self.array(of, *bound, level, inside)
            }
            CType::Pointer(to, pointer) => self.pointer(to, *pointer, level, inside),
            CType::Ranged(of, low, high) => {
                self.demands.push(Demand::Range(*low, *high));
                self.level(of, level, inside)
            }
            CType::Prim(prim) => Ok(Wire::Prim(*prim)),
            CType::Int3264(signed) => Ok(Wire::Int3264(*signed)),
            CType::Guid => Ok(Wire::Guid),
            CType::Context => Ok(Wire::Context),
            CType::Named(id) => Ok(Wire::Named(*id)),
            CType::Void => self.error("`void` has no representation"),
            CType::Handle => self.error("a binding handle has no representation"),
            CType::Interface => self.error("an interface travels behind a pointer only"),
        }
    }

    fn pointer(
        &mut self,
        to: &CType,
        pointer: Pointer,
        level: usize,
        inside: bool,
    ) -> Result<Wire> {
        match to {
            CType::Interface => return self.interface_pointer(),
            CType::Void if self.attrs.iid_is => return self.interface_pointer(),
            CType::Void if self.attrs.context_handle => return Ok(Wire::Context),
            _ => {}
        }
        let top = self.is_param && level == 0;
        let default = if top { PointerKind::Ref } else { self.resolver.pointer_default };
        let kind = self.pointer.take().or(pointer.kind).unwrap_or(default);
        let next = level.saturating_add(1);
        let referent = if (pointer.string || self.attrs.string) && !is_level(to) {
            self.text(to, None, level, pointer.lenient, inside)?
        } else if let Some(size) = self.at(&self.attrs.size, level) {
            let lenient = pointer.lenient || self.attrs.lenient;
            self.sized(to, size, level, lenient, inside)?
        } else {
            self.level(to, next, inside)?
        };
        Ok(Wire::Pointer(kind, referent.into()))
    }

    /// A pointer to an interface is a unique pointer to an object reference.
    fn interface_pointer(&mut self) -> Result<Wire> {
        let Resolver { typedefs, visible, .. } = self.resolver;
        match typedefs.get(visible, "MInterfacePointer") {
            Some(CType::Named(id)) => {
                Ok(Wire::Pointer(PointerKind::Unique, Wire::Named(*id).into()))
            }
            _ => self.error("interface pointers need `MInterfacePointer`: import its file"),
        }
    }

    fn at(&self, list: &[Option<Expr>], level: usize) -> Option<Expr> {
        list.get(level).cloned().flatten()
    }

    fn array(
        &mut self,
        of: &CType,
        bound: Option<u64>,
        level: usize,
        inside: bool,
    ) -> Result<Wire> {
        let size = self.at(&self.attrs.size, level);
        let length = self.at(&self.attrs.length, level);
        let Some(bound) = bound else {
            let Some(size) = size else {
                return self.error("an array without a fixed size needs `size_is`");
            };
            return self.sized(of, size, level, self.attrs.lenient, inside);
        };
        if size.is_some() {
            return self.error("`size_is` on an array of fixed size");
        }
        let element = self.element(of, level)?;
        match length {
            None => Ok(Wire::Fixed(element.into(), bound)),
            Some(length) => {
                self.varying(length, level, inside)?;
                Ok(Wire::FixedVarying(element.into(), bound))
            }
        }
    }

    fn element(&mut self, of: &CType, level: usize) -> Result<Wire> {
        let element = self.level(of, level.saturating_add(1), true)?;
        let is_reference = matches!(element, Wire::Pointer(PointerKind::Ref, _));
        if is_reference {
            return self.error("arrays of reference pointers are not supported");
        }
        if self.resolver.model.is_conformant(&element) {
            return self.error("the elements of an array must have a fixed size");
        }
        if let Wire::Named(id) = element
            && self.resolver.model.body(id).is_none()
        {
            self.resolver.elements.borrow_mut().push((id, self.span));
        }
        Ok(element)
    }

    /// A conformant array, varying if there is a length.
    fn sized(
        &mut self,
        of: &CType,
        size: Expr,
        level: usize,
        lenient: bool,
        inside: bool,
    ) -> Result<Wire> {
        let length = self.at(&self.attrs.length, level);
        if inside {
            return self.error("`size_is` inside of an array is not supported");
        }
        // A buffer that holds nothing may be NULL whatever its size: Windows sends such.
        self.size_is(size, lenient || length.is_some());
        if let Some(length) = length {
            self.varying(length, level, inside)?;
            return Ok(Wire::Varying(self.element(of, level)?.into()));
        }
        Ok(Wire::Conformant(self.element(of, level)?.into()))
    }

    fn size_is(&mut self, size: Expr, lenient: bool) {
        self.demands.push(match lenient {
            true => Demand::SizeIsUnlessNull(size),
            false => Demand::SizeIs(size),
        });
    }

    fn varying(&mut self, length: Expr, level: usize, inside: bool) -> Result<()> {
        if inside {
            return self.error("`length_is` inside of an array is not supported");
        }
        let zero = Expr { kind: ExprKind::Int(0), span: length.span };
        let first = self.at(&self.attrs.first, level).unwrap_or(zero);
        self.demands.push(Demand::FirstIs(first));
        self.demands.push(Demand::LengthIs(length));
        Ok(())
    }

    fn text(
        &mut self,
        of: &CType,
        bound: Option<u64>,
        level: usize,
        lenient: bool,
        inside: bool,
    ) -> Result<Wire> {
        let CType::Prim(unit @ (Prim::U8 | Prim::U16)) = *of else {
            return self.error("a string consists of `char`, `byte` or `wchar_t`");
        };
        match (bound, self.at(&self.attrs.size, level)) {
            (Some(bound), None) => Ok(Wire::FixedText(unit, bound)),
            (Some(_), Some(_)) => self.error("`size_is` on an array of fixed size"),
            (None, None) => Ok(Wire::Text(unit)),
            (None, Some(_)) if inside => {
                self.error("`size_is` inside of an array is not supported")
            }
            (None, Some(size)) => {
                self.size_is(size, lenient || self.attrs.lenient);
                Ok(Wire::SizedText(unit))
            }
        }
    }
}

/// Whether a wire type is an enumeration.
pub fn is_enum(body: Option<&Body>) -> bool {
    matches!(body, Some(Body::Enum(_)))
}
