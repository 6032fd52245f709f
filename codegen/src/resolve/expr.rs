//! Expressions: constants now, the others for the generated code.

use super::Resolver;
use crate::ast::{Expr, ExprKind, Name};
use crate::model::{Body, Field, Num, PointerKind, Prim, Wire};
use crate::source::{Error, Result};

/// The names that an expression may use.
pub struct Names<'a> {
    /// Fields of the structure, or parameters of the same direction.
    pub fields: &'a [Field],
    /// Parameters of the other direction only.
    pub elsewhere: &'a [&'a str],
}

impl Resolver<'_> {
    /// Value of a constant expression.
    pub(super) fn constant_value(&self, expr: &Expr) -> Result<i128> {
        let names = Names { fields: &[], elsewhere: &[] };
        match self.num(expr, &names)?.as_ref().map(fold) {
            Some(Some(value)) => Ok(value),
            _ => Err(Error::new(expr.span, "this is not a constant")),
        }
    }

    /// An expression with its names looked up; `None` if it needs the other direction.
    pub(super) fn num(&self, expr: &Expr, names: &Names<'_>) -> Result<Option<Num>> {
        let part = |expr: &Expr| Ok(self.num(expr, names)?.map(Box::new));
        Ok(match &expr.kind {
            ExprKind::Int(value) => Some(Num::Const(*value)),
            ExprKind::Name(name) => {
                return self.name(&Name { text: name.clone(), span: expr.span }, names);
            }
            ExprKind::Deref(pointer) => return self.num(pointer, names),
            ExprKind::Unary(operator, operand) => {
                part(operand)?.map(|operand| Num::Unary(operator, operand))
            }
            ExprKind::Binary(operator, left, right) => part(left)?
                .zip(part(right)?)
                .map(|(left, right)| Num::Binary(operator, left, right)),
            ExprKind::Select(condition, then, otherwise) => part(condition)?
                .zip(part(then)?)
                .zip(part(otherwise)?)
                .map(|((condition, then), otherwise)| Num::Select(condition, then, otherwise)),
        })
    }

    fn name(&self, name: &Name, names: &Names<'_>) -> Result<Option<Num>> {
        if let Some(field) = names.fields.iter().find(|field| field.idl_name == name.text) {
            let is_enum = self
                .number_kind(&field.wire)
                .ok_or_else(|| Error::new(name.span, format!("`{}` is not a number", name.text)))?;
            return Ok(Some(Num::Field { name: field.name.clone(), is_enum }));
        }
        if names.elsewhere.contains(&name.text.as_str()) {
            return Ok(None);
        }
        match self.lookup(&self.consts, name)? {
            Some(value) => Ok(Some(Num::Const(*value))),
            None => Err(Error::new(name.span, format!("nothing here is called `{}`", name.text))),
        }
    }

    /// Whether a number, through at most one pointer, is an enumeration; `None`: no number.
    pub(super) fn number_kind(&self, wire: &Wire) -> Option<bool> {
        match wire {
            Wire::Prim(Prim::Int(..)) | Wire::Int3264(_) => Some(false),
            Wire::Named(id) => matches!(self.model.body(*id), Some(Body::Enum(_))).then_some(true),
            Wire::Pointer(PointerKind::Unique, to) if matches!(**to, Wire::Prim(_)) => {
                self.number_kind(to)
            }
            _ => None,
        }
    }
}

/// Value of an expression without fields.
fn fold(num: &Num) -> Option<i128> {
    Some(match num {
        Num::Const(value) => *value,
        Num::Field { .. } => return None,
        Num::Unary("-", operand) => fold(operand)?.checked_neg()?,
        Num::Unary(_, operand) => !fold(operand)?,
        Num::Binary(operator, left, right) => {
            let (left, right) = (fold(left)?, fold(right)?);
            match *operator {
                "+" => left.checked_add(right)?,
                "-" => left.checked_sub(right)?,
                "*" => left.checked_mul(right)?,
                "/" => left.checked_div(right)?,
                "%" => left.checked_rem(right)?,
                "<<" => left.checked_shl(u32::try_from(right).ok()?)?,
                ">>" => left.checked_shr(u32::try_from(right).ok()?)?,
                "&" => left & right,
                "|" => left | right,
                "^" => left ^ right,
                _ => return None,
            }
        }
        Num::Select(condition, then, otherwise) => match fold(condition)? {
            0 => fold(otherwise)?,
            _ => fold(then)?,
        },
    })
}
