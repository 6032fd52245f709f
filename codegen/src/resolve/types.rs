//! Structures, unions and enumerations.

use std::ops::RangeInclusive;

use heck::ToUpperCamelCase;

use super::Resolver;
use super::attrs::Attrs;
use super::ctype::{CType, prelude};
use super::expr::Names;
use super::lower::{Demand, is_enum};
use crate::ast::{self, ExprKind};
use crate::model::{
    Arm, Body, Check, Enum, Enumerator, Field, Item, Prim, Struct, Tag, TypeDef, TypeId, Union,
    Wire,
};
use crate::names::field_name;
use crate::source::{Error, Result, Span};

/// What is known about a type from where it is declared.
#[derive(Default)]
pub struct About<'a> {
    /// Name that it should have, unless its tag says otherwise.
    pub name: Option<String>,
    /// Doc comment.
    pub doc: &'a str,
    /// Its IDL.
    pub idl: String,
}

impl Resolver<'_> {
    /// The C type of a type specifier, which is defined here if it has a body.
    pub(super) fn type_spec(
        &mut self,
        spec: &ast::TypeSpec,
        attrs: &Attrs,
        about: About<'_>,
    ) -> Result<CType> {
        match spec {
            ast::TypeSpec::Base(base, _) => Ok(match *base {
                ast::Base::Void => CType::Void,
                ast::Base::Int { signed, bytes } => CType::Prim(Prim::Int(signed, bytes)),
                ast::Base::Int3264 { signed } => CType::Int3264(signed),
                ast::Base::Float => CType::Prim(Prim::Float(4)),
                ast::Base::Double => CType::Prim(Prim::Float(8)),
            }),
            ast::TypeSpec::Named(name) => self.named(name),
            ast::TypeSpec::Struct(spec) => self.structure(spec, about),
            ast::TypeSpec::Union(spec) => self.union(spec, attrs, about),
            ast::TypeSpec::Enum(spec) => self.enumeration(spec, attrs, about),
        }
    }

    fn named(&self, name: &ast::Name) -> Result<CType> {
        if let Some(ty) = prelude(&name.text) {
            return Ok(ty);
        }
        if self.interfaces.get(&self.visible, &name.text).is_some() {
            return Ok(CType::Interface);
        }
        if let Some(ty) = self.lookup(&self.typedefs, name)? {
            return Ok(ty.clone());
        }
        Err(Error::new(name.span, format!("no type is called `{}`", name.text)))
    }

    /// The type with this tag, made if it is new.
    fn tagged(&mut self, tag: Option<&ast::Name>, about: &About<'_>) -> TypeId {
        if let Some((id, _)) = tag.and_then(|tag| self.tags.get(&self.visible, &tag.text)) {
            return *id;
        }
        let id = TypeId(self.model.types.len());
        let tag_name = tag.map(|tag| plain_tag(&tag.text).to_owned());
        self.model.types.push(TypeDef {
            module: self.module,
            name: about.name.clone().or(tag_name).unwrap_or_default(),
            doc: String::new(),
            idl: String::new(),
            body: None,
        });
        if let Some(tag) = tag {
            self.tags.insert(self.module, &tag.text, (id, tag.span));
        }
        id
    }

    fn define_type(&mut self, id: TypeId, about: About<'_>, body: Body, span: Span) -> Result<()> {
        let Some(def) = self.model.types.get_mut(id.0) else { return Ok(()) };
        if def.body.is_some() {
            return Err(Error::new(span, format!("`{}` is defined twice", def.name)));
        }
        if let Some(name) = about.name {
            def.name = name;
        }
        if def.name.is_empty() {
            return Err(Error::new(span, "this type needs a name"));
        }
        (def.module, def.doc, def.idl) = (self.module, about.doc.to_owned(), about.idl);
        def.body = Some(body);
        self.emit(Item::Type(id));
        Ok(())
    }

    fn structure(&mut self, spec: &ast::StructSpec, about: About<'_>) -> Result<CType> {
        let is_guid = spec.tag.as_ref().is_some_and(|tag| plain_tag(&tag.text) == "GUID");
        if is_guid {
            return Ok(CType::Guid);
        }
        let id = self.tagged(spec.tag.as_ref(), &about);
        let Some(members) = &spec.members else { return Ok(CType::Named(id)) };
        let parent = about.name.clone().or_else(|| self.type_name(id)).unwrap_or_default();
        let body = self.fields(members, &parent)?;
        self.define_type(id, about, Body::Struct(body), spec.span)?;
        Ok(CType::Named(id))
    }

    fn type_name(&self, id: TypeId) -> Option<String> {
        self.model.types.get(id.0).map(|def| def.name.clone())
    }

    fn fields(&mut self, members: &[ast::Field], parent: &str) -> Result<Struct> {
        let mut lowered = Vec::new();
        let mut fields: Vec<Field> = Vec::new();
        for member in members {
            let (wire, demands) = self.field_wire(member, parent, members)?;
            let field = field(member, wire, String::new());
            if fields.iter().any(|other| other.name == field.name) {
                let message = format!("two members would be called `{}`", field.name);
                return Err(Error::new(member.declarator.name.span, message));
            }
            fields.push(field);
            lowered.push((demands, member.span));
        }
        let spans: Vec<Span> = lowered.iter().map(|(_, span)| *span).collect();
        self.check_conformance(&fields, &spans)?;
        let mut checks = Vec::new();
        let names = Names { fields: &fields, elsewhere: &[] };
        for (index, ((demands, span), field)) in lowered.into_iter().zip(&fields).enumerate() {
            let rules = self.rules(&field.wire, demands, span, &names)?;
            checks.extend(rules.into_iter().map(|rule| Check { field: index, rule }));
        }
        Ok(Struct { fields, checks })
    }

    fn field_wire(
        &mut self,
        member: &ast::Field,
        parent: &str,
        siblings: &[ast::Field],
    ) -> Result<(Wire, Vec<Demand>)> {
        let mut attrs = self.attrs(&member.attrs)?;
        if attrs.switch_type.is_none() {
            attrs.switch_type = sibling_type(attrs.switch_is.as_ref(), siblings);
        }
        let name = format!("{parent}{}", member.declarator.name.text.to_upper_camel_case());
        let about = About { name: inline_name(&member.ty, name), ..About::default() };
        let base = self.type_spec(&member.ty, &attrs, about)?;
        let ty = self.declared(base, &member.declarator)?;
        self.lower(&ty, &attrs, member.span, false)
    }

    fn enumeration(
        &mut self,
        spec: &ast::EnumSpec,
        attrs: &Attrs,
        about: About<'_>,
    ) -> Result<CType> {
        let id = self.tagged(spec.tag.as_ref(), &about);
        let Some(members) = &spec.members else { return Ok(CType::Named(id)) };
        let limit = if attrs.v1_enum { u32::MAX.into() } else { i128::from(u16::MAX) };
        let mut enumerators = Vec::new();
        let mut next = 0;
        for member in members {
            let value = match &member.value {
                Some(expr) => self.constant_value(expr)?,
                None => next,
            };
            if !(0..=limit).contains(&value) {
                let message = format!("{value} does not fit this enumeration");
                return Err(Error::new(member.name.span, message));
            }
            next = value.saturating_add(1);
            let name = member.name.text.clone();
            self.consts.insert(self.module, &name, value);
            enumerators.push(Enumerator { name, doc: member.doc.clone(), value });
        }
        let body = Body::Enum(Enum { wide: attrs.v1_enum, members: enumerators });
        self.define_type(id, about, body, spec.span)?;
        Ok(CType::Named(id))
    }

    fn union(&mut self, spec: &ast::UnionSpec, attrs: &Attrs, about: About<'_>) -> Result<CType> {
        let id = self.tagged(spec.tag.as_ref(), &about);
        let Some(arms) = &spec.arms else { return Ok(CType::Named(id)) };
        let tag = match (&spec.switch, &attrs.switch_type) {
            (Some((ty, _)), _) => self.tag(ty)?,
            (None, Some(ty)) => self.tag(ty)?,
            (None, None) => return Err(Error::new(spec.span, "a union needs `switch_type`")),
        };
        let parent = about.name.clone().or_else(|| self.type_name(id)).unwrap_or_default();
        let mut resolved: Vec<Arm> = Vec::new();
        for arm in arms {
            let arm = self.arm(arm, tag, &parent)?;
            self.check_arm(&arm, &resolved, spec.span)?;
            resolved.push(arm);
        }
        let body = Union { tag, ms_union: attrs.ms_union || self.ms_union, arms: resolved };
        self.define_type(id, about, Body::Union(body), spec.span)?;
        Ok(CType::Named(id))
    }

    fn tag(&mut self, spec: &ast::TypeSpec) -> Result<Tag> {
        match self.type_spec(spec, &Attrs::default(), About::default())? {
            CType::Prim(prim @ Prim::Int(signed, bytes)) if signed || bytes < 8 => {
                Ok(Tag::Prim(prim))
            }
            CType::Named(id) if is_enum(self.model.body(id)) => Ok(Tag::Enum(id)),
            _ => Err(Error::new(spec.span(), "a discriminant is an integer or an enumeration")),
        }
    }

    fn arm(&mut self, arm: &ast::Arm, tag: Tag, parent: &str) -> Result<Arm> {
        if arm.cases.is_empty() && !arm.default {
            return Err(Error::new(arm.span, "no discriminant selects this arm"));
        }
        let mut cases = Vec::new();
        for case in &arm.cases {
            let value = self.constant_value(case)?;
            if !self.tag_values(tag).contains(&value) {
                return Err(Error::new(case.span, "the discriminant cannot have this value"));
            }
            cases.push(value);
        }
        let mut rules = Vec::new();
        let wire = match &arm.field {
            None => None,
            Some(field) => {
                let (wire, demands) = self.field_wire(field, parent, &[])?;
                if self.model.is_conformant(&wire) {
                    let message = "an arm must have a fixed size: use a pointer";
                    return Err(Error::new(arm.span, message));
                }
                // An arm has no other fields that its attributes could refer to.
                let names = Names { fields: &[], elsewhere: &[] };
                rules = self.rules(&wire, demands, arm.span, &names)?;
                Some(wire)
            }
        };
        let (name, doc, idl) = (arm_name(arm), arm.doc.clone(), self.idl(arm.span));
        Ok(Arm { name, doc, idl, cases, default: arm.default, wire, rules })
    }

    /// The values that a discriminant can have.
    fn tag_values(&self, tag: Tag) -> RangeInclusive<i128> {
        let (signed, bytes) = match tag {
            Tag::Prim(Prim::Int(signed, bytes)) => (signed, bytes),
            Tag::Prim(Prim::Float(bytes)) => (true, bytes),
            Tag::Enum(id) => match self.model.body(id) {
                Some(Body::Enum(Enum { wide: true, .. })) => (false, 4),
                _ => (false, 2),
            },
        };
        let values = 1i128 << (u32::from(bytes) * 8);
        match signed {
            true => -values / 2..=values / 2 - 1,
            false => 0..=values - 1,
        }
    }

    fn check_arm(&self, arm: &Arm, others: &[Arm], span: Span) -> Result<()> {
        let twice = others.iter().find(|other| {
            other.name == arm.name
                || (other.default && arm.default)
                || other.cases.iter().any(|case| arm.cases.contains(case))
        });
        match twice {
            Some(other) => {
                let message = format!("arms `{}` and `{}` collide", other.name, arm.name);
                Err(Error::new(span, message))
            }
            None => Ok(()),
        }
    }
}

/// A member or parameter of the model.
pub fn field(member: &ast::Field, wire: Wire, idl: String) -> Field {
    let idl_name = member.declarator.name.text.clone();
    let (name, doc) = (field_name(&idl_name), member.doc.clone());
    Field { name, idl_name, doc, idl, wire, always_ndr20: false }
}

/// The name of an arm: its field's, else its case's.
fn arm_name(arm: &ast::Arm) -> String {
    match (&arm.field, arm.cases.as_slice()) {
        (Some(field), _) => field.declarator.name.text.to_upper_camel_case(),
        (None, [first, ..]) => match &first.kind {
            ExprKind::Name(name) => name.to_upper_camel_case(),
            ExprKind::Int(value) => format!("Case{value}"),
            _ => "Empty".to_owned(),
        },
        (None, []) => "Default".to_owned(),
    }
}

/// Tags are names of types with a lead: `_X` or `tagX`.
fn plain_tag(tag: &str) -> &str {
    let tag = tag.trim_start_matches('_');
    tag.strip_prefix("tag").filter(|rest| !rest.is_empty()).unwrap_or(tag)
}

/// Types that are defined in place of a field's type, and have no tag, take the field's name.
fn inline_name(ty: &ast::TypeSpec, name: String) -> Option<String> {
    let tag = match ty {
        ast::TypeSpec::Struct(spec) => &spec.tag,
        ast::TypeSpec::Union(spec) => &spec.tag,
        ast::TypeSpec::Enum(spec) => &spec.tag,
        _ => return None,
    };
    tag.is_none().then_some(name)
}

/// The type of the sibling that `switch_is` names.
fn sibling_type(switch_is: Option<&ast::Expr>, siblings: &[ast::Field]) -> Option<ast::TypeSpec> {
    let ExprKind::Name(name) = &switch_is?.kind else { return None };
    let sibling = siblings.iter().find(|sibling| sibling.declarator.name.text == *name)?;
    Some(sibling.ty.clone())
}
