//! Attributes of types, fields and parameters, sorted.

use super::Resolver;
use crate::ast::{self, Arg, Expr, ExprKind};
use crate::model::PointerKind;
use crate::source::{Error, Result, Span};

/// The attributes that shape the wire, and whether others are there.
#[derive(Clone, Debug, Default)]
pub struct Attrs {
    /// `ref`, `unique` or `ptr`.
    pub pointer: Option<PointerKind>,
    /// `string`
    pub string: bool,
    /// `size_is` or `max_is`, one for each level.
    pub size: Vec<Option<Expr>>,
    /// `length_is` or `last_is`, one for each level.
    pub length: Vec<Option<Expr>>,
    /// `first_is`, one for each level.
    pub first: Vec<Option<Expr>>,
    /// `range`
    pub range: Option<(i128, i128)>,
    /// `switch_is`
    pub switch_is: Option<Expr>,
    /// `switch_type`
    pub switch_type: Option<ast::TypeSpec>,
    /// `transmit_as`, `represent_as` or `wire_marshal`: the type on the wire.
    pub transmit_as: Option<ast::TypeSpec>,
    /// `iid_is`
    pub iid_is: bool,
    /// `context_handle`
    pub context_handle: bool,
    /// `disable_consistency_check`
    pub lenient: bool,
    /// `v1_enum`
    pub v1_enum: bool,
    /// `ms_union`
    pub ms_union: bool,
    /// `in`
    pub input: bool,
    /// `out`
    pub output: bool,
    /// Where the first attribute is.
    pub span: Span,
}

/// Attributes without meaning for the wire.
const IGNORED: [&str; 19] = [
    "annotation",
    "async",
    "broadcast",
    "call_as",
    "case",
    "default",
    "defaultvalue",
    "handle",
    "helpstring",
    "hidden",
    "id",
    "idempotent",
    "maybe",
    "message",
    "optional",
    "public",
    "retval",
    "strict_context_handle",
    "type_strict_context_handle",
];

impl Resolver<'_> {
    /// Sorts attributes; unknown ones are errors.
    pub(super) fn attrs(&self, attrs: &[ast::Attr]) -> Result<Attrs> {
        let mut sorted = Attrs::default();
        let (mut last, mut max) = (Vec::new(), Vec::new());
        for attr in attrs {
            sorted.span = attr.name.span;
            match attr.name.text.as_str() {
                "ref" => sorted.pointer = Some(PointerKind::Ref),
                "unique" => sorted.pointer = Some(PointerKind::Unique),
                "ptr" => sorted.pointer = Some(PointerKind::Full),
                "string" => sorted.string = true,
                "size_is" => sorted.size = exprs(attr)?,
                "length_is" => sorted.length = exprs(attr)?,
                "first_is" => sorted.first = exprs(attr)?,
                "max_is" => max = exprs(attr)?,
                "last_is" => last = exprs(attr)?,
                "range" => sorted.range = Some(self.range(attr)?),
                "switch_is" => sorted.switch_is = exprs(attr)?.into_iter().next().flatten(),
                "switch_type" => sorted.switch_type = type_argument(attr),
                "transmit_as" | "represent_as" | "wire_marshal" => {
                    sorted.transmit_as = type_argument(attr);
                }
                "iid_is" => sorted.iid_is = true,
                "context_handle" => sorted.context_handle = true,
                "disable_consistency_check" => sorted.lenient = true,
                "v1_enum" => sorted.v1_enum = true,
                "ms_union" => sorted.ms_union = true,
                "in" => sorted.input = true,
                "out" => sorted.output = true,
                name if IGNORED.contains(&name) => {}
                name => {
                    let message = format!("attribute `{name}` is not supported here");
                    return Err(Error::new(attr.name.span, message));
                }
            }
        }
        if !max.is_empty() {
            sorted.size = max.into_iter().map(|max| max.map(|max| sum(max, "+", 1))).collect();
        }
        if !last.is_empty() {
            sorted.length = lengths(last, &sorted.first);
        }
        Ok(sorted)
    }

    fn range(&self, attr: &ast::Attr) -> Result<(i128, i128)> {
        match exprs(attr)?.as_slice() {
            [Some(low), Some(high)] => Ok((self.constant_value(low)?, self.constant_value(high)?)),
            _ => Err(Error::new(attr.name.span, "`range` needs two constants")),
        }
    }
}

/// `last - first + 1`
fn lengths(last: Vec<Option<Expr>>, first: &[Option<Expr>]) -> Vec<Option<Expr>> {
    let level = |(index, last): (usize, Option<Expr>)| {
        let length = sum(last?, "+", 1);
        Some(match first.get(index).cloned().flatten() {
            Some(first) => {
                let span = length.span;
                Expr { kind: ExprKind::Binary("-", length.into(), first.into()), span }
            }
            None => length,
        })
    };
    last.into_iter().enumerate().map(level).collect()
}

fn sum(expr: Expr, operator: &'static str, constant: i128) -> Expr {
    let span = expr.span;
    let constant = Expr { kind: ExprKind::Int(constant), span };
    Expr { kind: ExprKind::Binary(operator, expr.into(), constant.into()), span }
}

fn exprs(attr: &ast::Attr) -> Result<Vec<Option<Expr>>> {
    if attr.args.is_empty() {
        let message = format!("`{}` needs an argument", attr.name.text);
        return Err(Error::new(attr.name.span, message));
    }
    attr.args
        .iter()
        .map(|arg| match arg {
            None => Ok(None),
            Some(Arg::Expr(expr)) => Ok(Some(expr.clone())),
            Some(_) => {
                let message = format!("`{}` needs an expression", attr.name.text);
                Err(Error::new(attr.name.span, message))
            }
        })
        .collect()
}

fn type_argument(attr: &ast::Attr) -> Option<ast::TypeSpec> {
    match attr.args.first() {
        Some(Some(Arg::Type(ty))) => Some(ty.clone()),
        _ => None,
    }
}
