//! What the parser makes of a file: the syntax, with nothing looked up.

use crate::source::Span;

/// A word and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Doc comment of the file.
    pub doc: String,
    /// Imported files, as written.
    pub imports: Vec<Name>,
    /// Everything else, in order.
    pub items: Vec<Item>,
}

/// Something declared, with its doc comment.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Doc comment.
    pub doc: String,
    /// From the first token to the last.
    pub span: Span,
    /// What is declared.
    pub kind: ItemKind,
}

/// Kinds of items.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `const type NAME = value;`
    Const(Const),
    /// `typedef [attributes] type declarators;`
    Typedef(Typedef),
    /// `struct`, `union` or `enum` without a typedef.
    Type(TypeSpec),
    /// An interface with its body.
    Interface(Interface),
    /// `interface Name;`
    Forward(Name),
    /// Nothing: `cpp_quote`, an empty declaration.
    Nothing,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Const {
    /// Its type.
    pub ty: TypeSpec,
    /// Its name; constants of pointer type are not supported.
    pub name: Name,
    /// Its value.
    pub value: ConstValue,
}

/// Value of a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstValue {
    /// A number.
    Expr(Expr),
    /// A string.
    Str(String),
}

/// A typedef; every declarator is a name for a type.
#[derive(Clone, Debug, PartialEq)]
pub struct Typedef {
    /// Attributes.
    pub attrs: Vec<Attr>,
    /// The type.
    pub ty: TypeSpec,
    /// Names.
    pub declarators: Vec<Declarator>,
}

/// An interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    /// Attributes.
    pub attrs: Vec<Attr>,
    /// Name.
    pub name: Name,
    /// The interface that it derives from.
    pub base: Option<Name>,
    /// Types and constants.
    pub items: Vec<Item>,
    /// Operations in order.
    pub operations: Vec<Operation>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Doc comment.
    pub doc: String,
    /// From the first token to the last.
    pub span: Span,
    /// Attributes.
    pub attrs: Vec<Attr>,
    /// Type of the return value.
    pub result: TypeSpec,
    /// Name.
    pub name: Name,
    /// Parameters in order.
    pub params: Vec<Field>,
}

/// A member of a structure, an arm of a union, or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Doc comment.
    pub doc: String,
    /// From the first token to the last.
    pub span: Span,
    /// Attributes.
    pub attrs: Vec<Attr>,
    /// Type.
    pub ty: TypeSpec,
    /// Name, pointers and bounds.
    pub declarator: Declarator,
}

/// Name, pointers and bounds of something declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Declarator {
    /// Number of asterisks.
    pub pointers: usize,
    /// Name.
    pub name: Name,
    /// Array bounds, outermost first; `None` for `[]` and `[*]`.
    pub bounds: Vec<Option<Expr>>,
}

/// An attribute in brackets.
#[derive(Clone, Debug, PartialEq)]
pub struct Attr {
    /// Its name.
    pub name: Name,
    /// Its arguments; `None` where nothing is between the commas.
    pub args: Vec<Option<Arg>>,
}

/// Argument of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// An expression; also a bare name.
    Expr(Expr),
    /// A string.
    Str(String),
    /// A UUID.
    Uuid(String),
    /// A version.
    Version(u16, u16),
    /// A type.
    Type(TypeSpec),
}

/// A type before its declarator.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeSpec {
    /// A base type.
    Base(Base, Span),
    /// A typedef's name, an interface's name, or a base type that is an ordinary word.
    Named(Name),
    /// `struct`.
    Struct(StructSpec),
    /// `union`.
    Union(UnionSpec),
    /// `enum`.
    Enum(EnumSpec),
}

impl TypeSpec {
    /// Its place.
    pub fn span(&self) -> Span {
        match self {
            Self::Base(_, span) => *span,
            Self::Named(name) => name.span,
            Self::Struct(spec) => spec.span,
            Self::Union(spec) => spec.span,
            Self::Enum(spec) => spec.span,
        }
    }
}

/// Base types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// `void`
    Void,
    /// An integer of 1, 2, 4 or 8 bytes.
    Int {
        /// Whether it has a sign.
        signed: bool,
        /// Size in bytes.
        bytes: u8,
    },
    /// `__int3264`
    Int3264 {
        /// Whether it has a sign.
        signed: bool,
    },
    /// `float`
    Float,
    /// `double`
    Double,
}

/// `struct tag { members }`
#[derive(Clone, Debug, PartialEq)]
pub struct StructSpec {
    /// The keyword's place.
    pub span: Span,
    /// Tag.
    pub tag: Option<Name>,
    /// Members, unless this only refers to the tag.
    pub members: Option<Vec<Field>>,
}

/// `union tag { arms }`, encapsulated with `switch (type name) member`.
#[derive(Clone, Debug, PartialEq)]
pub struct UnionSpec {
    /// The keyword's place.
    pub span: Span,
    /// Tag.
    pub tag: Option<Name>,
    /// Type and name of the discriminant of an encapsulated union.
    pub switch: Option<(Box<TypeSpec>, Name)>,
    /// Arms, unless this only refers to the tag.
    pub arms: Option<Vec<Arm>>,
}

/// An arm of a union.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Doc comment.
    pub doc: String,
    /// From the first token to the last.
    pub span: Span,
    /// Discriminants that select it.
    pub cases: Vec<Expr>,
    /// Whether all other discriminants select it.
    pub default: bool,
    /// The value; `None` for an empty arm.
    pub field: Option<Field>,
}

/// `enum tag { members }`
#[derive(Clone, Debug, PartialEq)]
pub struct EnumSpec {
    /// The keyword's place.
    pub span: Span,
    /// Tag.
    pub tag: Option<Name>,
    /// Members, unless this only refers to the tag.
    pub members: Option<Vec<Enumerator>>,
}

/// A member of an enumeration.
#[derive(Clone, Debug, PartialEq)]
pub struct Enumerator {
    /// Doc comment.
    pub doc: String,
    /// Name.
    pub name: Name,
    /// Value, if it is stated.
    pub value: Option<Expr>,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its place.
    pub span: Span,
}

/// Kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number.
    Int(i128),
    /// A constant, field or parameter.
    Name(String),
    /// `*name`
    Deref(Box<Expr>),
    /// `-x` or `~x`
    Unary(&'static str, Box<Expr>),
    /// `x + y` and so on.
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `x ? y : z`
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
}
