//! Security descriptors and the access check ([MS-DTYP] 2.4.4–2.4.6, 2.5.3.2).

use uuid::Uuid;

use super::Sid;

/// An access mask.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AccessMask(pub u32);

/// What an entry does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AceKind {
    /// Grants.
    Allow,
    /// Refuses.
    Deny,
}

/// An access control entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ace {
    /// Grants or refuses.
    pub kind: AceKind,
    /// AceFlags; 0x08 is inherit-only.
    pub flags: u8,
    /// The rights.
    pub mask: AccessMask,
    /// ObjectType of an object ACE: which extended right, property set or property.
    pub object_type: Option<Uuid>,
    /// InheritedObjectType of an object ACE.
    pub inherited_object_type: Option<Uuid>,
    /// Who.
    pub sid: Sid,
}

/// A discretionary access control list, in the order of evaluation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Acl {
    /// The entries that the access check understands, in order.
    pub aces: Vec<Ace>,
}

/// A security descriptor. A missing DACL grants nobody anything here (fail closed).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SecurityDescriptor {
    /// Owner.
    pub owner: Option<Sid>,
    /// Primary group.
    pub group: Option<Sid>,
    /// DACL.
    pub dacl: Option<Acl>,
}
