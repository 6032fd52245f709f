//! Syntax to model: names looked up, attributes applied, operations numbered.

mod attrs;
mod ctype;
mod expr;
mod lower;
mod operations;
mod scope;
mod types;

use std::cell::RefCell;
use std::collections::HashSet;

use crate::ast;
use crate::model::{
    Body, Const, ConstValue, InterfaceId, Item, Model, Module, ModuleId, PointerKind, Prim, TypeId,
    Wire,
};
use crate::source::{Error, Result, Sources, Span};
use attrs::Attrs;
use ctype::CType;
use scope::Scope;
use types::About;

/// A parsed file: its module's name, its syntax, and the modules that it imports.
pub struct Parsed {
    /// Name of the module.
    pub name: String,
    /// Syntax.
    pub file: ast::File,
    /// Indices of the imported files, which come before this one.
    pub imports: Vec<usize>,
}

/// Resolves all files; imported ones come first.
pub fn resolve(sources: &Sources, files: &[Parsed]) -> Result<Model> {
    let mut resolver = Resolver {
        sources,
        model: Model::default(),
        module: ModuleId(0),
        visible: HashSet::new(),
        pointer_default: PointerKind::Unique,
        ms_union: false,
        typedefs: Scope::default(),
        tags: Scope::default(),
        consts: Scope::default(),
        interfaces: Scope::default(),
        elements: RefCell::default(),
        imports: Vec::new(),
    };
    for parsed in files {
        resolver.file(parsed)?;
    }
    resolver.check_definitions()?;
    Ok(resolver.model)
}

struct Resolver<'a> {
    sources: &'a Sources,
    model: Model,
    /// The file that is being resolved.
    module: ModuleId,
    /// The files whose names it may use.
    visible: HashSet<ModuleId>,
    /// Kind of pointers without an attribute.
    pointer_default: PointerKind,
    /// Whether unions are `ms_union` without the attribute.
    ms_union: bool,
    typedefs: Scope<CType>,
    /// Tags, and where they were first used.
    tags: Scope<(TypeId, Span)>,
    consts: Scope<i128>,
    /// `None`: declared, but not defined.
    interfaces: Scope<Option<InterfaceId>>,
    /// Types that were elements of arrays before they were complete.
    elements: RefCell<Vec<(TypeId, Span)>>,
    /// For each file, itself and all files that it imports, directly or not.
    imports: Vec<HashSet<ModuleId>>,
}

impl Resolver<'_> {
    fn file(&mut self, parsed: &Parsed) -> Result<()> {
        self.module = ModuleId(self.model.modules.len());
        let mut visible: HashSet<ModuleId> = parsed
            .imports
            .iter()
            .filter_map(|import| self.imports.get(*import))
            .flatten()
            .copied()
            .collect();
        visible.insert(self.module);
        self.imports.push(visible.clone());
        self.visible = visible;
        self.model.modules.push(Module {
            name: parsed.name.clone(),
            doc: parsed.file.doc.clone(),
            items: Vec::new(),
        });
        parsed.file.items.iter().try_for_each(|item| self.item(item))
    }

    fn item(&mut self, item: &ast::Item) -> Result<()> {
        match &item.kind {
            ast::ItemKind::Const(constant) => self.constant(item, constant),
            ast::ItemKind::Typedef(typedef) => self.typedef(item, typedef),
            ast::ItemKind::Type(spec) => {
                let idl = self.idl(item.span);
                let about = About { name: None, doc: &item.doc, idl };
                self.type_spec(spec, &Attrs::default(), about).map(drop)
            }
            ast::ItemKind::Interface(interface) => self.interface(item, interface),
            ast::ItemKind::Forward(name) => {
                if self.interfaces.get(&self.visible, &name.text).is_none() {
                    self.interfaces.insert(self.module, &name.text, None);
                }
                Ok(())
            }
            ast::ItemKind::Nothing => Ok(()),
        }
    }

    fn emit(&mut self, item: Item) {
        if let Some(module) = self.model.modules.get_mut(self.module.0) {
            module.items.push(item);
        }
    }

    /// IDL text for docs: without comments and the common indentation.
    fn idl(&self, span: Span) -> String {
        let text = self.sources.text(span);
        let lines: Vec<&str> =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let later = || lines.iter().skip(1).filter(|line| !line.trim().is_empty());
        let indent = |line: &str| line.len().saturating_sub(line.trim_start().len());
        let common = later().map(|line| indent(line)).min().unwrap_or(0);
        let dedented = lines.iter().enumerate().map(|(index, line)| match index {
            0 => line.trim_end(),
            _ => line.get(common..).unwrap_or_default().trim_end(),
        });
        dedented.collect::<Vec<_>>().join("\n")
    }

    fn constant(&mut self, item: &ast::Item, constant: &ast::Const) -> Result<()> {
        let value = match &constant.value {
            ast::ConstValue::Str(text) => ConstValue::Str(text.clone()),
            ast::ConstValue::Expr(expr) => {
                let value = self.constant_value(expr)?;
                self.consts.insert(self.module, &constant.name.text, value);
                match self.type_spec(&constant.ty, &Attrs::default(), About::default())? {
                    CType::Prim(prim @ Prim::Int(..)) => ConstValue::Int(prim, value),
                    _ => {
                        let message = "constants are integers or strings";
                        return Err(Error::new(constant.ty.span(), message));
                    }
                }
            }
        };
        let (name, doc) = (constant.name.text.clone(), item.doc.clone());
        self.emit(Item::Const(Const { name, doc, idl: self.idl(item.span), value }));
        Ok(())
    }

    /// What can be checked at the end only: every tag that is used is defined, and arrays of
    /// types that were not complete have elements of a fixed size.
    fn check_definitions(&self) -> Result<()> {
        for (tag, (id, span)) in self.tags.iter() {
            if self.model.body(*id).is_none() {
                return Err(Error::new(*span, format!("`{tag}` is nowhere defined")));
            }
        }
        for (id, span) in self.elements.borrow().iter() {
            if self.model.is_conformant(&Wire::Named(*id)) {
                return Err(Error::new(*span, "the elements of an array must have a fixed size"));
            }
        }
        Ok(())
    }

    fn is_union(&self, id: TypeId) -> bool {
        matches!(self.model.body(id), Some(Body::Union(_)))
    }
}
