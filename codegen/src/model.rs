//! What the resolver makes of all files: every name looked up, every type as it is on the wire.

/// All files.
#[derive(Debug, Default)]
pub struct Model {
    /// One per file; imported ones come first.
    pub modules: Vec<Module>,
    /// All structures, unions and enumerations.
    pub types: Vec<TypeDef>,
    /// All interfaces.
    pub interfaces: Vec<Interface>,
}

/// Index in [`Model::types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeId(pub usize);

/// Index in [`Model::interfaces`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InterfaceId(pub usize);

/// Index in [`Model::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ModuleId(pub usize);

/// One file.
#[derive(Debug)]
pub struct Module {
    /// Name of the Rust module: the file's without `.idl`.
    pub name: String,
    /// Doc comment.
    pub doc: String,
    /// What it declares, in order.
    pub items: Vec<Item>,
}

/// Something that becomes Rust.
#[derive(Debug)]
pub enum Item {
    /// A constant.
    Const(Const),
    /// A structure, union or enumeration.
    Type(TypeId),
    /// An interface.
    Interface(InterfaceId),
}

/// A constant.
#[derive(Debug)]
pub struct Const {
    /// Name as in the IDL.
    pub name: String,
    /// Doc comment.
    pub doc: String,
    /// Its IDL.
    pub idl: String,
    /// Value.
    pub value: ConstValue,
}

/// Value of a constant.
#[derive(Debug)]
pub enum ConstValue {
    /// A number of this type.
    Int(Prim, i128),
    /// A string.
    Str(String),
}

/// A structure, union or enumeration.
#[derive(Debug)]
pub struct TypeDef {
    /// The file that it is in.
    pub module: ModuleId,
    /// Name in Rust.
    pub name: String,
    /// Doc comment.
    pub doc: String,
    /// Its IDL.
    pub idl: String,
    /// What it consists of; `None` until it is defined.
    pub body: Option<Body>,
}

/// What a type consists of.
#[derive(Debug)]
pub enum Body {
    /// An enumeration.
    Enum(Enum),
    /// A structure.
    Struct(Struct),
    /// A union, encapsulated or not: the discriminant travels in both.
    Union(Union),
}

/// An enumeration.
#[derive(Debug)]
pub struct Enum {
    /// 32 bits (`v1_enum`) instead of 16.
    pub wide: bool,
    /// Its members.
    pub members: Vec<Enumerator>,
}

/// A member of an enumeration.
#[derive(Debug)]
pub struct Enumerator {
    /// Name as in the IDL.
    pub name: String,
    /// Doc comment.
    pub doc: String,
    /// Value.
    pub value: i128,
}

/// A structure, or the parameters of one direction of an operation.
#[derive(Debug, Default)]
pub struct Struct {
    /// Members in order.
    pub fields: Vec<Field>,
    /// Attributes that tie the members together.
    pub checks: Vec<Check>,
}

/// A member or parameter.
#[derive(Debug)]
pub struct Field {
    /// Name in Rust.
    pub name: String,
    /// Name in the IDL.
    pub idl_name: String,
    /// Doc comment.
    pub doc: String,
    /// Its IDL, for parameters.
    pub idl: String,
    /// Its type on the wire.
    pub wire: Wire,
    /// Always in NDR 2.0: the implicit parameter of an object call ([MS-DCOM] 2.2.13).
    pub always_ndr20: bool,
}

/// An attribute that a value must fulfil.
#[derive(Debug)]
pub struct Check {
    /// Index of the field that has the attribute.
    pub field: usize,
    /// What must hold.
    pub rule: Rule,
}

/// What must hold for a field.
#[derive(Debug)]
pub enum Rule {
    /// Number of elements.
    SizeIs(Num),
    /// Number of elements, unless NULL.
    SizeIsUnlessNull(Num),
    /// Number of transmitted elements.
    LengthIs(Num),
    /// Index of the first transmitted element.
    FirstIs(Num),
    /// Range of a number.
    Range(i128, i128),
    /// Range of the number of elements.
    RangeOfCount(i128, i128),
    /// Discriminant.
    SwitchIs(Num),
}

/// An expression over fields.
#[derive(Debug)]
pub enum Num {
    /// A constant.
    Const(i128),
    /// A field, by its name in Rust; an enumeration's number.
    Field {
        /// Name in Rust.
        name: String,
        /// Whether it is an enumeration.
        is_enum: bool,
    },
    /// `-x` or `~x`
    Unary(&'static str, Box<Num>),
    /// `x + y` and so on.
    Binary(&'static str, Box<Num>, Box<Num>),
    /// `x ? y : z`
    Select(Box<Num>, Box<Num>, Box<Num>),
}

/// A union.
#[derive(Debug)]
pub struct Union {
    /// Type of the discriminant.
    pub tag: Tag,
    /// Arms are aligned to the largest of them in NDR 2.0 as well ([MS-RPCE] 2.2.4.5).
    pub ms_union: bool,
    /// Arms in order.
    pub arms: Vec<Arm>,
}

/// Type of a discriminant.
#[derive(Clone, Copy, Debug)]
pub enum Tag {
    /// A number.
    Prim(Prim),
    /// An enumeration.
    Enum(TypeId),
}

/// An arm of a union.
#[derive(Debug)]
pub struct Arm {
    /// Name of the variant in Rust.
    pub name: String,
    /// Doc comment.
    pub doc: String,
    /// Its IDL.
    pub idl: String,
    /// Discriminants that select it.
    pub cases: Vec<i128>,
    /// Whether all other discriminants select it.
    pub default: bool,
    /// Its type; `None` for an empty arm.
    pub wire: Option<Wire>,
    /// What must hold for its value.
    pub rules: Vec<Rule>,
}

impl Arm {
    /// Whether the value must remember the discriminant: several select this arm.
    pub fn keeps_tag(&self) -> bool {
        self.default || self.cases.len() != 1
    }
}

/// Number types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prim {
    /// Integer: whether it has a sign, and its size in bytes.
    Int(bool, u8),
    /// IEEE floating point of 4 or 8 bytes.
    Float(u8),
}

impl Prim {
    /// An octet.
    pub const U8: Self = Self::Int(false, 1);
    /// A wide character.
    pub const U16: Self = Self::Int(false, 2);
    /// 32 bits.
    pub const U32: Self = Self::Int(false, 4);

    /// Size in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Int(_, bytes) | Self::Float(bytes) => bytes.into(),
        }
    }
}

/// Kinds of pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerKind {
    /// `[ref]`
    Ref,
    /// `[unique]`
    Unique,
    /// `[ptr]`
    Full,
}

/// A type as it is on the wire.
#[derive(Clone, Debug, PartialEq)]
pub enum Wire {
    /// A number.
    Prim(Prim),
    /// `__int3264`; whether it has a sign.
    Int3264(bool),
    /// A UUID.
    Guid,
    /// A context handle.
    Context,
    /// A structure, union or enumeration.
    Named(TypeId),
    /// A pointer with a referent id.
    Pointer(PointerKind, Box<Wire>),
    /// A fixed array.
    Fixed(Box<Wire>, u64),
    /// A conformant array.
    Conformant(Box<Wire>),
    /// A conformant varying array.
    Varying(Box<Wire>),
    /// A varying array of fixed size.
    FixedVarying(Box<Wire>, u64),
    /// A conformant varying string of these characters.
    Text(Prim),
    /// A conformant varying string with `size_is`.
    SizedText(Prim),
    /// A varying string of fixed size.
    FixedText(Prim, u64),
}

/// An interface.
#[derive(Debug)]
pub struct Interface {
    /// The file that it is in.
    pub module: ModuleId,
    /// Name as in the IDL.
    pub name: String,
    /// Doc comment.
    pub doc: String,
    /// UUID, if it has one.
    pub uuid: Option<String>,
    /// Major and minor version.
    pub version: (u16, u16),
    /// The interface that it derives from.
    pub base: Option<InterfaceId>,
    /// Number of operations of the interfaces that it derives from.
    pub first_opnum: u16,
    /// Number of its own operations, reserved ones included.
    pub opnums: u16,
    /// Its own operations that are used.
    pub operations: Vec<Operation>,
}

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// Number on the wire.
    pub opnum: u16,
    /// Name as in the IDL.
    pub name: String,
    /// Stem of the names of its parameter structures.
    pub stem: String,
    /// Doc comment.
    pub doc: String,
    /// Its IDL.
    pub idl: String,
    /// Parameters of the request.
    pub input: Struct,
    /// Parameters of the response and the return value.
    pub output: Struct,
}

/// Alignment in NDR 2.0 and NDR64.
pub type Align = (usize, usize);

fn max(a: Align, b: Align) -> Align {
    (a.0.max(b.0), a.1.max(b.1))
}

/// Alignment and smallest size of a pointer in place.
const POINTER: (Align, usize) = ((4, 8), 4);
/// Offset and actual count in NDR 2.0.
const VARIANCE_SIZE: usize = 8;

impl Model {
    /// A type's definition.
    pub fn body(&self, id: TypeId) -> Option<&Body> {
        self.types.get(id.0).and_then(|def| def.body.as_ref())
    }

    /// Alignment and smallest size of a wire type. Types hold each other through pointers only:
    /// the resolver refuses anything else.
    pub fn layout(&self, wire: &Wire) -> (Align, usize) {
        match wire {
            Wire::Prim(prim) => ((prim.size(), prim.size()), prim.size()),
            Wire::Int3264(_) => ((4, 8), 4),
            Wire::Guid => ((4, 4), 16),
            Wire::Context => ((4, 4), 20),
            Wire::Named(id) => self.layout_of(*id),
            Wire::Pointer(..) => POINTER,
            Wire::Fixed(element, count) => {
                let (align, size) = self.layout(element);
                (align, size.saturating_mul(usize::try_from(*count).unwrap_or(usize::MAX)))
            }
            Wire::Conformant(element) => (self.layout(element).0, 0),
            Wire::Varying(element) | Wire::FixedVarying(element, _) => {
                (self.layout(element).0, VARIANCE_SIZE)
            }
            Wire::Text(unit) | Wire::SizedText(unit) | Wire::FixedText(unit, _) => {
                ((unit.size(), unit.size()), VARIANCE_SIZE.saturating_add(unit.size()))
            }
        }
    }

    fn layout_of(&self, id: TypeId) -> (Align, usize) {
        match self.body(id) {
            Some(Body::Enum(Enum { wide: true, .. })) => ((4, 4), 4),
            Some(Body::Enum(Enum { wide: false, .. })) => ((2, 4), 2),
            Some(Body::Struct(structure)) => {
                structure.fields.iter().fold(((1, 1), 0), |(align, size), field| {
                    let (field_align, field_size) = self.layout(&field.wire);
                    (max(align, field_align), size.saturating_add(field_size))
                })
            }
            Some(Body::Union(union)) => {
                let (tag, tag_size) = self.layout(&union.tag.wire());
                let arm_sizes = union
                    .arms
                    .iter()
                    .map(|arm| arm.wire.as_ref().map_or(0, |wire| self.layout(wire).1));
                let smallest = arm_sizes.min().unwrap_or(0);
                (max(tag, self.arms_align(union)), tag_size.saturating_add(smallest))
            }
            None => ((1, 1), 0),
        }
    }

    /// Largest alignment of a union's arms.
    pub fn arms_align(&self, union: &Union) -> Align {
        let arms = union.arms.iter().filter_map(|arm| arm.wire.as_ref());
        arms.fold((1, 1), |align, wire| max(align, self.layout(wire).0))
    }

    /// Whether a value's counts are hoisted: an array without a fixed size, or a structure that
    /// ends with one.
    pub fn is_conformant(&self, wire: &Wire) -> bool {
        match wire {
            Wire::Conformant(_) | Wire::Varying(_) | Wire::Text(_) | Wire::SizedText(_) => true,
            Wire::Named(id) => match self.body(*id) {
                Some(Body::Struct(structure)) => {
                    structure.fields.last().is_some_and(|last| self.is_conformant(&last.wire))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a value has embedded pointers (or may have, as far as this asks).
    pub fn has_pointers(&self, wire: &Wire) -> bool {
        match wire {
            Wire::Pointer(..) => true,
            Wire::Fixed(of, _)
            | Wire::Conformant(of)
            | Wire::Varying(of)
            | Wire::FixedVarying(of, _) => self.has_pointers(of),
            Wire::Named(id) => match self.body(*id) {
                Some(Body::Struct(structure)) => {
                    structure.fields.iter().any(|field| self.has_pointers(&field.wire))
                }
                Some(Body::Union(union)) => {
                    union.arms.iter().flat_map(|arm| &arm.wire).any(|wire| self.has_pointers(wire))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether decoding has a second pass: embedded pointers, or fields to compare.
    pub fn is_deferred(&self, wire: &Wire) -> bool {
        match wire {
            Wire::Fixed(of, _)
            | Wire::Conformant(of)
            | Wire::Varying(of)
            | Wire::FixedVarying(of, _) => self.is_deferred(of),
            Wire::Named(id) => match self.body(*id) {
                Some(Body::Struct(structure)) => {
                    !structure.checks.is_empty()
                        || structure.fields.iter().any(|field| self.is_deferred(&field.wire))
                }
                Some(Body::Union(union)) => union.arms.iter().any(|arm| {
                    !arm.rules.is_empty()
                        || arm.wire.as_ref().is_some_and(|wire| self.is_deferred(wire))
                }),
                _ => false,
            },
            wire => self.has_pointers(wire),
        }
    }
}

impl Tag {
    /// The discriminant's type on the wire.
    pub fn wire(self) -> Wire {
        match self {
            Self::Prim(prim) => Wire::Prim(prim),
            Self::Enum(id) => Wire::Named(id),
        }
    }
}
