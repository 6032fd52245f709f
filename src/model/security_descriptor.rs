//! Security descriptors and the access check ([MS-DTYP] 2.4.4–2.4.6, 2.5.3.2).

mod binary;
mod sddl;

use uuid::{Uuid, uuid};

pub use binary::SecurityDescriptorError;
pub use sddl::SddlError;

use super::{Sid, Token};

/// An access mask.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AccessMask(pub u32);

impl AccessMask {
    /// The DS right that extended rights are granted by (ADS_RIGHT_DS_CONTROL_ACCESS).
    pub const CONTROL_ACCESS: Self = Self(0x0000_0100);
    /// The right of a CA's own security descriptor to request certificates ([MS-CSRA] 3.1.1.7).
    pub const CA_ENROLL: Self = Self(0x0000_0200);
    /// GENERIC_ALL. Never in a descriptor that a directory maps, but text may say it.
    pub const GENERIC_ALL: Self = Self(0x1000_0000);
    /// Full control of a directory object.
    pub const DS_FULL_CONTROL: Self = Self(0x000F_01FF);

    /// The bits that this mask of an entry stands for: GENERIC_ALL stands for every right.
    fn mapped(self) -> u32 {
        if self.0 & Self::GENERIC_ALL.0 == 0 { self.0 } else { u32::MAX }
    }
}

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

impl Ace {
    const INHERIT_ONLY: u8 = 0x08;

    /// An entry for one extended right of one trustee.
    pub fn extended_right(kind: AceKind, right: Uuid, sid: Sid) -> Self {
        Self {
            kind,
            flags: 0,
            mask: AccessMask::CONTROL_ACCESS,
            object_type: Some(right),
            inherited_object_type: None,
            sid,
        }
    }

    /// An entry for plain rights of one trustee.
    pub fn plain(kind: AceKind, mask: AccessMask, sid: Sid) -> Self {
        Self { kind, flags: 0, mask, object_type: None, inherited_object_type: None, sid }
    }

    /// Whether the entry is about the object that carries it, not about those below it alone.
    pub fn is_effective(&self) -> bool {
        self.flags & Self::INHERIT_ONLY == 0
    }

    /// Whether the entry takes part in checks of the object that carries it, for this token.
    /// OWNER RIGHTS is a group of the object's owner alone: no token brings it along.
    fn concerns(&self, token: &Token, is_owner: bool) -> bool {
        let named = if self.sid.is_owner_rights() { is_owner } else { token.holds(&self.sid) };
        self.is_effective() && named
    }
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

/// The extended right Certificate-Enrollment ([MS-CRTD] 2.5.1).
pub const ENROLL: Uuid = uuid!("0e10c968-78fb-11d2-90d4-00c04f79dc55");
/// The extended right Certificate-AutoEnrollment ([MS-CRTD] 2.5.2).
pub const AUTO_ENROLL: Uuid = uuid!("a05b8cc2-17bc-4802-a710-e7c15ab866a2");

impl SecurityDescriptor {
    /// Whether `token` has all rights of `wanted`: entries in order, an allowing one grants what
    /// it holds, a denying one refuses whatever of `wanted` is not granted yet. Object entries
    /// for a part of the object are passed over. Entries of OWNER RIGHTS are the owner's; its
    /// implicit READ_CONTROL and WRITE_DAC are not given, since nothing here asks for them.
    pub fn grants(&self, token: &Token, wanted: AccessMask) -> bool {
        let mut remaining = wanted.0;
        for ace in self.entries(token).filter(|ace| ace.object_type.is_none()) {
            match ace.kind {
                AceKind::Deny if ace.mask.mapped() & remaining != 0 => return false,
                AceKind::Deny => {}
                AceKind::Allow => remaining &= !ace.mask.mapped(),
            }
            if remaining == 0 {
                return true;
            }
        }
        false
    }

    /// Whether `token` has the extended right `right` ([MS-CRTD] 2.5.1 with a whole token): the
    /// first entry that holds CONTROL_ACCESS for this right, or for all of them, decides.
    pub fn grants_extended_right(&self, token: &Token, right: Uuid) -> bool {
        self.entries(token)
            .filter(|ace| ace.object_type.is_none_or(|of| of == right))
            .find(|ace| ace.mask.mapped() & AccessMask::CONTROL_ACCESS.0 != 0)
            .is_some_and(|ace| ace.kind == AceKind::Allow)
    }

    /// The trustees that an entry grants this extended right to, whatever others deny.
    pub fn extended_right_trustees(&self, right: Uuid) -> impl Iterator<Item = &Sid> {
        self.allowing(AccessMask::CONTROL_ACCESS)
            .filter(move |ace| ace.object_type.is_none_or(|of| of == right))
            .filter_map(|ace| self.trustee(ace))
    }

    /// Whom an entry is about: that of OWNER RIGHTS is about the owner.
    pub fn trustee<'a>(&'a self, ace: &'a Ace) -> Option<&'a Sid> {
        if ace.sid.is_owner_rights() { self.owner.as_ref() } else { Some(&ace.sid) }
    }

    /// Whether the owner has its implicit READ_CONTROL and WRITE_DAC: not where an entry says
    /// what its rights are ([MS-DTYP] 2.4.2.4, OWNER_RIGHTS).
    pub fn owner_has_implicit_rights(&self) -> bool {
        let mut entries = self.dacl.iter().flat_map(|dacl| &dacl.aces);
        !entries.any(|ace| ace.is_effective() && ace.sid.is_owner_rights())
    }

    /// The trustees that an entry grants these plain rights to, whatever others deny.
    pub fn trustees(&self, right: AccessMask) -> impl Iterator<Item = &Sid> {
        self.allowing(right).filter(|ace| ace.object_type.is_none()).map(|ace| &ace.sid)
    }

    fn allowing(&self, any: AccessMask) -> impl Iterator<Item = &Ace> {
        self.dacl.iter().flat_map(|dacl| &dacl.aces).filter(move |ace| {
            ace.kind == AceKind::Allow && ace.is_effective() && ace.mask.mapped() & any.0 != 0
        })
    }

    fn entries<'a>(&'a self, token: &'a Token) -> impl Iterator<Item = &'a Ace> {
        let is_owner = self.owner.as_ref().is_some_and(|owner| token.holds(owner));
        let entries = self.dacl.iter().flat_map(|dacl| &dacl.aces);
        entries.filter(move |ace| ace.concerns(token, is_owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid(text: &str) -> Sid {
        text.parse().expect("valid")
    }

    fn user() -> Token {
        Token::new(sid("S-1-5-21-1-2-3-1103"), [sid("S-1-5-21-1-2-3-513")])
    }

    fn with(aces: Vec<Ace>) -> SecurityDescriptor {
        SecurityDescriptor { owner: None, group: None, dacl: Some(Acl { aces }) }
    }

    fn allow(right: Uuid, who: &str) -> Ace {
        Ace::extended_right(AceKind::Allow, right, sid(who))
    }

    fn deny(right: Uuid, who: &str) -> Ace {
        Ace::extended_right(AceKind::Deny, right, sid(who))
    }

    const DOMAIN_USERS: &str = "S-1-5-21-1-2-3-513";

    #[test]
    fn a_missing_or_empty_dacl_grants_nobody() {
        for descriptor in [SecurityDescriptor::default(), with(vec![])] {
            assert!(!descriptor.grants_extended_right(&user(), ENROLL));
            assert!(!descriptor.grants(&user(), AccessMask::CA_ENROLL));
        }
    }

    #[test]
    fn enroll_comes_by_user_group_or_well_known_sid() {
        for who in ["S-1-5-21-1-2-3-1103", DOMAIN_USERS, "S-1-5-11", "S-1-1-0"] {
            let descriptor = with(vec![allow(ENROLL, who)]);
            assert!(descriptor.grants_extended_right(&user(), ENROLL), "{who}");
            assert!(!descriptor.grants_extended_right(&user(), AUTO_ENROLL), "{who}");
        }
        let other = with(vec![allow(ENROLL, "S-1-5-21-1-2-3-512")]);
        assert!(!other.grants_extended_right(&user(), ENROLL));
    }

    #[test]
    fn order_decides_between_allow_and_deny() {
        let denied = with(vec![deny(ENROLL, DOMAIN_USERS), allow(ENROLL, "S-1-5-11")]);
        let allowed = with(vec![allow(ENROLL, "S-1-5-11"), deny(ENROLL, DOMAIN_USERS)]);
        assert!(!denied.grants_extended_right(&user(), ENROLL));
        assert!(allowed.grants_extended_right(&user(), ENROLL));
    }

    #[test]
    fn an_entry_without_object_type_covers_all_extended_rights() {
        let all = Ace { object_type: None, ..allow(ENROLL, DOMAIN_USERS) };
        assert!(with(vec![all.clone()]).grants_extended_right(&user(), ENROLL));
        assert!(with(vec![all.clone()]).grants_extended_right(&user(), AUTO_ENROLL));
        let none = Ace { kind: AceKind::Deny, ..all.clone() };
        assert!(!with(vec![none, all]).grants_extended_right(&user(), ENROLL));
        let read_only = Ace::plain(AceKind::Allow, AccessMask(0x0002_0094), sid(DOMAIN_USERS));
        assert!(!with(vec![read_only]).grants_extended_right(&user(), ENROLL));
        let everything = Ace::plain(AceKind::Allow, AccessMask::GENERIC_ALL, sid(DOMAIN_USERS));
        assert!(with(vec![everything]).grants_extended_right(&user(), ENROLL));
    }

    #[test]
    fn inherit_only_entries_and_foreign_rights_are_passed_over() {
        let inherit_only = Ace { flags: 0x0A, ..allow(ENROLL, DOMAIN_USERS) };
        assert!(!with(vec![inherit_only.clone()]).grants_extended_right(&user(), ENROLL));
        assert_eq!(with(vec![inherit_only]).extended_right_trustees(ENROLL).count(), 0);
        let other_denied = with(vec![deny(AUTO_ENROLL, DOMAIN_USERS), allow(ENROLL, DOMAIN_USERS)]);
        assert!(other_denied.grants_extended_right(&user(), ENROLL));
    }

    #[test]
    fn owner_rights_are_the_owners_alone() {
        const OWNER_RIGHTS: &str = "S-1-3-4";
        let owned = |owner: &str, aces: Vec<Ace>| SecurityDescriptor {
            owner: Some(sid(owner)),
            ..with(aces)
        };
        let granting = vec![allow(ENROLL, OWNER_RIGHTS)];
        for owner in ["S-1-5-21-1-2-3-1103", DOMAIN_USERS] {
            assert!(owned(owner, granting.clone()).grants_extended_right(&user(), ENROLL));
        }
        let of_other = owned("S-1-5-21-1-2-3-512", granting.clone());
        assert!(!of_other.grants_extended_right(&user(), ENROLL));
        assert!(!with(granting.clone()).grants_extended_right(&user(), ENROLL), "nobody owns it");
        let bringing = Token::new(sid("S-1-5-21-1-2-3-1103"), [sid(OWNER_RIGHTS)]);
        assert!(!of_other.grants_extended_right(&bringing, ENROLL), "no token brings it along");
        assert_eq!(
            of_other.extended_right_trustees(ENROLL).collect::<Vec<_>>(),
            [&sid("S-1-5-21-1-2-3-512")]
        );

        let denying = vec![deny(ENROLL, OWNER_RIGHTS), allow(ENROLL, DOMAIN_USERS)];
        assert!(!owned(DOMAIN_USERS, denying.clone()).grants_extended_right(&user(), ENROLL));
        let of_other = owned("S-1-5-21-1-2-3-512", denying);
        assert!(of_other.grants_extended_right(&user(), ENROLL));

        let plain = Ace::plain(AceKind::Allow, AccessMask::CA_ENROLL, sid(OWNER_RIGHTS));
        assert!(owned(DOMAIN_USERS, vec![plain.clone()]).grants(&user(), AccessMask::CA_ENROLL));
        assert!(!with(vec![plain.clone()]).grants(&user(), AccessMask::CA_ENROLL));

        assert!(!with(vec![plain.clone()]).owner_has_implicit_rights());
        let below = Ace { flags: 0x0A, ..plain };
        assert!(with(vec![below]).owner_has_implicit_rights());
    }

    #[test]
    fn plain_rights_add_up_and_stop_at_a_deny() {
        let part = |kind, bits| Ace::plain(kind, AccessMask(bits), sid(DOMAIN_USERS));
        let both = AccessMask(0x300);
        let adds = with(vec![part(AceKind::Allow, 0x100), part(AceKind::Allow, 0x200)]);
        assert!(adds.grants(&user(), both));
        let cut = with(vec![part(AceKind::Allow, 0x100), part(AceKind::Deny, 0x200)]);
        assert!(!cut.grants(&user(), both));
        assert!(cut.grants(&user(), AccessMask(0x100)));
        let object = with(vec![allow(ENROLL, DOMAIN_USERS)]);
        assert!(!object.grants(&user(), AccessMask::CONTROL_ACCESS));
    }
}
