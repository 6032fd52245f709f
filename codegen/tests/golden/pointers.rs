//! Written by `codegen` from `idl/pointers.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// Recursive: a list.
///
/// ```idl
/// typedef struct Node {
///     unsigned long value;
///     PNODE next;
/// } Node;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    pub value: u32,
    pub next: Option<Box<Node>>,
}

impl Ndr for Node {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.value.encode(e)?;
        self.next.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            value: Ndr::decode(d)?,
            next: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.next.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.next.decode_deferred(d)?;
        Ok(())
    }
}

/// Recursive: a tree whose subtrees are an array.
///
/// ```idl
/// typedef struct Tree {
///     byte label;
///     unsigned long count;
///     [size_is(count)] struct Tree *children;
/// } Tree;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    pub label: u8,
    pub count: u32,
    pub children: Option<Vec<Tree>>,
}

impl Tree {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("children", num(self.count), &self.children)?;
        Ok(())
    }
}

impl Ndr for Tree {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 9;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.label.encode(e)?;
        self.count.encode(e)?;
        self.children.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            label: Ndr::decode(d)?,
            count: Ndr::decode(d)?,
            children: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.children.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.children.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// ```idl
/// typedef struct Kinds {
///     [unique] long *unique_long;
///     [ref] Node *ref_node;
///     [ptr] long *full_a;
///     [ptr] long *full_b;
///     long **deep;
///     [ref] hyper **ref_deep;
/// } Kinds;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kinds {
    pub unique_long: Option<i32>,
    pub ref_node: ndr::Ref<Node>,
    pub full_a: ndr::Full<i32>,
    pub full_b: ndr::Full<i32>,
    pub deep: Option<Option<i32>>,
    pub ref_deep: ndr::Ref<Option<i64>>,
}

impl Ndr for Kinds {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 24;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.unique_long.encode(e)?;
        self.ref_node.encode(e)?;
        self.full_a.encode(e)?;
        self.full_b.encode(e)?;
        self.deep.encode(e)?;
        self.ref_deep.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            unique_long: Ndr::decode(d)?,
            ref_node: Ndr::decode(d)?,
            full_a: Ndr::decode(d)?,
            full_b: Ndr::decode(d)?,
            deep: Ndr::decode(d)?,
            ref_deep: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.unique_long.encode_deferred(e)?;
        self.ref_node.encode_deferred(e)?;
        self.full_a.encode_deferred(e)?;
        self.full_b.encode_deferred(e)?;
        self.deep.encode_deferred(e)?;
        self.ref_deep.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.unique_long.decode_deferred(d)?;
        self.ref_node.decode_deferred(d)?;
        self.full_a.decode_deferred(d)?;
        self.full_b.decode_deferred(d)?;
        self.deep.decode_deferred(d)?;
        self.ref_deep.decode_deferred(d)?;
        Ok(())
    }
}

/// Full pointers may share what they point to.
///
/// ```idl
/// typedef struct Shared {
///     unsigned long value;
///     PSHARED left;
///     PSHARED right;
/// } Shared;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shared {
    pub value: u32,
    pub left: ndr::Full<Shared>,
    pub right: ndr::Full<Shared>,
}

impl Ndr for Shared {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 12;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.value.encode(e)?;
        self.left.encode(e)?;
        self.right.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            value: Ndr::decode(d)?,
            left: Ndr::decode(d)?,
            right: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.left.encode_deferred(e)?;
        self.right.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.left.decode_deferred(d)?;
        self.right.decode_deferred(d)?;
        Ok(())
    }
}
