//! Interfaces and their operations.

use heck::ToUpperCamelCase;

use super::Resolver;
use super::attrs::Attrs;
use super::ctype::{CType, is_level};
use super::expr::Names;
use super::lower::Demand;
use super::types::{About, field};
use crate::ast::{self, Arg};
use crate::model::{
    Check, Field, Interface, InterfaceId, Item, Operation, PointerKind, Struct, Wire,
};
use crate::names::field_name;
use crate::source::{Error, Result, Span};

/// A parameter on its way to one or both directions.
struct Param<'a> {
    syntax: &'a ast::Field,
    wire: Wire,
    demands: Vec<Demand>,
    input: bool,
    output: bool,
}

impl Resolver<'_> {
    pub(super) fn interface(&mut self, item: &ast::Item, interface: &ast::Interface) -> Result<()> {
        let id = InterfaceId(self.model.interfaces.len());
        let header = self.header(interface)?;
        let base = self.base(interface)?;
        let first_opnum = base
            .and_then(|base| self.model.interfaces.get(base.0))
            .map_or(0, |base| base.first_opnum.saturating_add(base.opnums));
        self.interfaces.insert(self.module, &interface.name.text, Some(id));
        (self.pointer_default, self.ms_union) = (header.pointer_default, header.ms_union);
        interface.items.iter().try_for_each(|item| self.item(item))?;
        let mut operations: Vec<Operation> = Vec::new();
        for (index, syntax) in interface.operations.iter().enumerate() {
            let opnum = u16::try_from(index).ok().and_then(|own| first_opnum.checked_add(own));
            let opnum = opnum.ok_or_else(|| Error::new(syntax.span, "too many operations"))?;
            if !syntax.name.text.contains("NotUsedOnWire") {
                let stem = self.stem(&syntax.name, &interface.name.text, &operations)?;
                operations.push(self.operation(syntax, opnum, stem, header.object)?);
            }
        }
        (self.pointer_default, self.ms_union) = (PointerKind::Unique, false);
        self.model.interfaces.push(Interface {
            module: self.module,
            name: interface.name.text.clone(),
            doc: item.doc.clone(),
            uuid: header.uuid,
            version: header.version,
            base,
            first_opnum,
            opnums: u16::try_from(interface.operations.len()).unwrap_or(u16::MAX),
            operations,
        });
        self.emit(Item::Interface(id));
        Ok(())
    }

    fn base(&self, interface: &ast::Interface) -> Result<Option<InterfaceId>> {
        let Some(name) = &interface.base else { return Ok(None) };
        match self.lookup(&self.interfaces, name)? {
            Some(Some(id)) => Ok(Some(*id)),
            _ => Err(Error::new(name.span, format!("interface `{}` is not defined", name.text))),
        }
    }

    fn header(&self, interface: &ast::Interface) -> Result<Header> {
        let mut header = Header {
            uuid: None,
            version: (0, 0),
            object: false,
            pointer_default: PointerKind::Unique,
            ms_union: false,
        };
        for attr in &interface.attrs {
            let wrong = || {
                let message = format!("wrong argument of `{}`", attr.name.text);
                Error::new(attr.name.span, message)
            };
            let argument = attr.args.first().and_then(Option::as_ref);
            match (attr.name.text.as_str(), argument) {
                ("uuid", Some(Arg::Uuid(uuid))) => header.uuid = Some(uuid.clone()),
                ("version", Some(Arg::Version(major, minor))) => header.version = (*major, *minor),
                ("version", Some(Arg::Expr(expr))) => {
                    let major = u16::try_from(self.constant_value(expr)?).map_err(|_| wrong())?;
                    header.version = (major, 0);
                }
                ("object", None) => header.object = true,
                ("pointer_default", Some(Arg::Expr(expr))) => {
                    header.pointer_default = match &expr.kind {
                        ast::ExprKind::Name(name) if name == "ref" => PointerKind::Ref,
                        ast::ExprKind::Name(name) if name == "unique" => PointerKind::Unique,
                        ast::ExprKind::Name(name) if name == "ptr" => PointerKind::Full,
                        _ => return Err(wrong()),
                    };
                }
                ("uuid" | "version" | "pointer_default", _) => return Err(wrong()),
                ("ms_union", None) => header.ms_union = true,
                (name, _) if IGNORED.contains(&name) => {}
                (name, _) => {
                    let message = format!("attribute `{name}` is not supported on interfaces");
                    return Err(Error::new(attr.name.span, message));
                }
            }
        }
        Ok(header)
    }

    fn operation(
        &mut self,
        syntax: &ast::Operation,
        opnum: u16,
        stem: String,
        object: bool,
    ) -> Result<Operation> {
        self.attrs(&syntax.attrs)?;
        let params = self.params(&syntax.params)?;
        let mut input = self.direction(&params, |param| param.input)?;
        let mut output = self.direction(&params, |param| param.output)?;
        if object {
            implicit(&mut input, self.orpc("ORPCTHIS", syntax.name.span)?, "orpcthis");
            implicit(&mut output, self.orpc("ORPCTHAT", syntax.name.span)?, "orpcthat");
        }
        if let Some(wire) = self.result(syntax)? {
            output.fields.push(Field {
                name: "return_value".to_owned(),
                idl_name: "return value".to_owned(),
                doc: "The return value.".to_owned(),
                idl: self.idl(syntax.result.span()),
                wire,
                always_ndr20: false,
            });
        }
        let name = syntax.name.text.clone();
        let idl = self.idl(syntax.span);
        Ok(Operation { opnum, name, stem, doc: syntax.doc.clone(), idl, input, output })
    }

    /// Stem of the parameter structures' names: the operation's name, with the interface's
    /// before it if another interface of this file has an operation of the same name.
    fn stem(&self, name: &ast::Name, interface: &str, own: &[Operation]) -> Result<String> {
        if own.iter().any(|other| other.name == name.text) {
            let message = format!("two operations are called `{}`", name.text);
            return Err(Error::new(name.span, message));
        }
        let here = self.model.interfaces.iter().filter(|other| other.module == self.module);
        let mut others = here.flat_map(|other| &other.operations);
        Ok(match others.any(|other| other.name == name.text) {
            true => format!("{interface}{}", name.text.to_upper_camel_case()),
            false => name.text.clone(),
        })
    }

    fn result(&mut self, syntax: &ast::Operation) -> Result<Option<Wire>> {
        match self.type_spec(&syntax.result, &Attrs::default(), About::default())? {
            CType::Void => Ok(None),
            ty => {
                let span = syntax.result.span();
                self.lower(&ty, &Attrs::default(), span, false).map(|(wire, _)| Some(wire))
            }
        }
    }

    fn params<'a>(&mut self, params: &'a [ast::Field]) -> Result<Vec<Param<'a>>> {
        let mut resolved = Vec::new();
        for syntax in params {
            let attrs = self.attrs(&syntax.attrs)?;
            let base = self.type_spec(&syntax.ty, &attrs, About::default())?;
            if base == CType::Handle {
                continue;
            }
            let ty = self.declared(base, &syntax.declarator)?;
            let (wire, demands) = self.lower(&ty, &attrs, syntax.span, true)?;
            let output = attrs.output;
            if output && is_by_value(&ty) {
                return Err(Error::new(syntax.span, "an [out] parameter must be a pointer"));
            }
            let input = attrs.input || !output;
            resolved.push(Param { syntax, wire, demands, input, output });
        }
        Ok(resolved)
    }

    /// The parameters of one direction, with the checks that can be made there.
    fn direction(
        &self,
        params: &[Param<'_>],
        included: impl Fn(&Param<'_>) -> bool,
    ) -> Result<Struct> {
        let (here, there): (Vec<&Param<'_>>, Vec<_>) = params.iter().partition(|p| included(p));
        let elsewhere: Vec<&str> =
            there.iter().map(|param| param.syntax.declarator.name.text.as_str()).collect();
        let mut fields = Vec::new();
        for param in &here {
            fields.push(field(param.syntax, param.wire.clone(), self.idl(param.syntax.span)));
        }
        let names = Names { fields: &fields, elsewhere: &elsewhere };
        let mut checks = Vec::new();
        for (index, param) in here.iter().enumerate() {
            let demands = param.demands.clone();
            let rules = self.rules(&param.wire, demands, param.syntax.span, &names)?;
            checks.extend(rules.into_iter().map(|rule| Check { field: index, rule }));
        }
        Ok(Struct { fields, checks })
    }

    /// The implicit parameter of every object call.
    fn orpc(&self, name: &str, span: Span) -> Result<Wire> {
        match self.typedefs.get(&self.visible, name) {
            Some(CType::Named(id)) => Ok(Wire::Named(*id)),
            _ => {
                let message = format!("object interfaces need `{name}`: import its file");
                Err(Error::new(span, message))
            }
        }
    }
}

/// Attributes of interfaces without meaning for the wire.
const IGNORED: [&str; 9] = [
    "async_uuid",
    "auto_handle",
    "dual",
    "endpoint",
    "helpstring",
    "hidden",
    "nonextensible",
    "oleautomation",
    "restricted",
];

struct Header {
    uuid: Option<String>,
    version: (u16, u16),
    object: bool,
    pointer_default: PointerKind,
    ms_union: bool,
}

fn is_by_value(ty: &CType) -> bool {
    match ty {
        CType::Ranged(of, ..) => is_by_value(of),
        ty => !is_level(ty),
    }
}

/// Puts a parameter in front of the others.
fn implicit(direction: &mut Struct, wire: Wire, name: &str) {
    let doc =
        "Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).".to_owned();
    let field = Field {
        name: field_name(name),
        idl_name: name.to_owned(),
        doc,
        idl: String::new(),
        wire,
        always_ndr20: true,
    };
    direction.fields.insert(0, field);
    for check in &mut direction.checks {
        check.field = check.field.saturating_add(1);
    }
}
