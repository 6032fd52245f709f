//! The text form, SDDL ([MS-DTYP] 2.5.1).

use std::fmt;

use uuid::Uuid;

use super::{AccessMask, Ace, AceKind, Acl, SecurityDescriptor};
use crate::model::Sid;

/// Text that is not a security descriptor, with the part that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not SDDL: {problem} in {part:?}")]
pub struct SddlError {
    problem: &'static str,
    part: String,
}

fn wrong(problem: &'static str, part: &str) -> SddlError {
    SddlError { problem, part: part.to_owned() }
}

impl SecurityDescriptor {
    /// Reads SDDL. `domain` is the SID behind the aliases of domain groups (`DA`, `DU`, `DC`, …;
    /// `EA`, `SA` and `RO` too: the domain is taken for the root of its forest). The SACL is left
    /// out. Entries with a condition are refused.
    ///
    /// # Errors
    /// Names the part of the text that is not understood.
    pub fn from_sddl(text: &str, domain: &Sid) -> Result<Self, SddlError> {
        let mut out = Self::default();
        let mut rest = text.trim();
        while let Some((tag, after)) = rest.split_once(':') {
            let (value, next) = split_part(after);
            match tag {
                "O" => out.owner = Some(read_sid(value, domain)?),
                "G" => out.group = Some(read_sid(value, domain)?),
                "D" => out.dacl = Some(read_acl(value, domain)?),
                "S" => {}
                _ => return Err(wrong("unknown part", tag)),
            }
            rest = next;
        }
        if rest.is_empty() { Ok(out) } else { Err(wrong("a part without a colon", rest)) }
    }

    /// Writes SDDL that [`Self::from_sddl`] reads back to the same descriptor. SIDs are written
    /// in full, never as aliases. The flag 0x20 of an entry means nothing, and has no letters: it is
    /// left out.
    pub fn to_sddl(&self) -> String {
        let mut out = String::new();
        if let Some(owner) = &self.owner {
            out.push_str(&format!("O:{owner}"));
        }
        if let Some(group) = &self.group {
            out.push_str(&format!("G:{group}"));
        }
        if let Some(dacl) = &self.dacl {
            out.push_str("D:");
            dacl.aces.iter().for_each(|ace| out.push_str(&ace.to_string()));
        }
        out
    }
}

/// Splits before the tag letter of the next part: the last character before the next colon that
/// is outside parentheses.
fn split_part(text: &str) -> (&str, &str) {
    let mut depth = 0_u32;
    let mut tag_at = 0;
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => return text.split_at_checked(tag_at).unwrap_or((text, "")),
            _ => {}
        }
        tag_at = index;
    }
    (text, "")
}

fn read_acl(text: &str, domain: &Sid) -> Result<Acl, SddlError> {
    let entries = text.find('(').unwrap_or(text.len());
    let (flags, entries) = text.split_at_checked(entries).unwrap_or((text, ""));
    let mut unread = flags;
    for flag in ["P", "AR", "AI"].into_iter().cycle().take(6) {
        unread = unread.strip_prefix(flag).unwrap_or(unread);
    }
    if !unread.is_empty() {
        return Err(wrong("unknown DACL flags", flags));
    }
    let mut aces = Vec::new();
    let mut rest = entries.trim();
    while !rest.is_empty() {
        let (ace, next) = rest
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .ok_or_else(|| wrong("an entry that is not in parentheses", rest))?;
        aces.push(read_ace(ace, domain)?);
        rest = next.trim();
    }
    Ok(Acl { aces })
}

fn read_ace(text: &str, domain: &Sid) -> Result<Ace, SddlError> {
    let fields: Vec<&str> = text.split(';').map(str::trim).collect();
    let [kind, flags, rights, object, inherited, sid] = *fields else {
        return Err(wrong("an entry that has not six fields", text));
    };
    let (kind, is_object) = match kind {
        "A" => (AceKind::Allow, false),
        "D" => (AceKind::Deny, false),
        "OA" => (AceKind::Allow, true),
        "OD" => (AceKind::Deny, true),
        _ => return Err(wrong("an entry type that a DACL here cannot hold", text)),
    };
    let has_type = !object.is_empty() || !inherited.is_empty();
    if has_type && !is_object {
        return Err(wrong("an object type in an entry that is not OA or OD", text));
    }
    Ok(Ace {
        kind,
        flags: read_codes(flags, &ACE_FLAGS)
            .and_then(|flags| u8::try_from(flags).ok())
            .ok_or_else(|| wrong("unknown entry flags", text))?,
        mask: read_mask(rights).ok_or_else(|| wrong("unknown rights", text))?,
        object_type: read_guid(object)?,
        inherited_object_type: read_guid(inherited)?,
        sid: read_sid(sid, domain)?,
    })
}

fn read_mask(text: &str) -> Option<AccessMask> {
    let mask = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None if text.starts_with(|c: char| c.is_ascii_digit()) => text.parse().ok()?,
        None => read_codes(text, &RIGHTS)?,
    };
    Some(AccessMask(mask))
}

/// Reads a run of two-letter codes.
fn read_codes(mut text: &str, codes: &[(&str, u32)]) -> Option<u32> {
    let mut bits = 0;
    while !text.is_empty() {
        let (code, rest) = text.split_at_checked(2)?;
        bits |= codes.iter().find(|(known, _)| *known == code)?.1;
        text = rest;
    }
    Some(bits)
}

fn read_guid(text: &str) -> Result<Option<Uuid>, SddlError> {
    if text.is_empty() {
        return Ok(None);
    }
    Uuid::try_parse(text).map(Some).map_err(|_| wrong("an object type that is no GUID", text))
}

fn read_sid(text: &str, domain: &Sid) -> Result<Sid, SddlError> {
    let text = text.trim();
    let unknown = || wrong("neither a SID nor a known alias", text);
    if let Some((_, rid)) = DOMAIN_ALIASES.iter().find(|(alias, _)| *alias == text) {
        return domain.with_rid(*rid).map_err(|_| unknown());
    }
    if let Some((_, sid)) = WELL_KNOWN_ALIASES.iter().find(|(alias, _)| *alias == text) {
        return sid.parse().map_err(|_| unknown());
    }
    text.parse().map_err(|_| unknown())
}

impl fmt::Display for Ace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_object = self.object_type.is_some() || self.inherited_object_type.is_some();
        f.write_str(match (self.kind, is_object) {
            (AceKind::Allow, false) => "(A;",
            (AceKind::Deny, false) => "(D;",
            (AceKind::Allow, true) => "(OA;",
            (AceKind::Deny, true) => "(OD;",
        })?;
        for (code, bit) in ACE_FLAGS {
            if u32::from(self.flags) & bit != 0 {
                f.write_str(code)?;
            }
        }
        f.write_str(";")?;
        write_mask(f, self.mask)?;
        f.write_str(";")?;
        self.object_type.iter().try_for_each(|guid| write!(f, "{guid}"))?;
        f.write_str(";")?;
        self.inherited_object_type.iter().try_for_each(|guid| write!(f, "{guid}"))?;
        write!(f, ";{})", self.sid)
    }
}

/// The rights of a directory object by their codes; in hexadecimal where there are others.
fn write_mask(f: &mut fmt::Formatter<'_>, mask: AccessMask) -> fmt::Result {
    let single = RIGHTS.iter().filter(|(_, bit)| bit.is_power_of_two());
    if single.clone().fold(mask.0, |left, (_, bit)| left & !bit) != 0 {
        return write!(f, "0x{:x}", mask.0);
    }
    single.filter(|(_, bit)| mask.0 & bit != 0).try_for_each(|(code, _)| f.write_str(code))
}

const ACE_FLAGS: [(&str, u32); 7] = [
    ("OI", 0x01),
    ("CI", 0x02),
    ("NP", 0x04),
    ("IO", 0x08),
    ("ID", 0x10),
    ("SA", 0x40),
    ("FA", 0x80),
];

const RIGHTS: [(&str, u32); 25] = [
    ("CC", 0x0001),
    ("DC", 0x0002),
    ("LC", 0x0004),
    ("SW", 0x0008),
    ("RP", 0x0010),
    ("WP", 0x0020),
    ("DT", 0x0040),
    ("LO", 0x0080),
    ("CR", 0x0100),
    ("SD", 0x0001_0000),
    ("RC", 0x0002_0000),
    ("WD", 0x0004_0000),
    ("WO", 0x0008_0000),
    ("GA", 0x1000_0000),
    ("GX", 0x2000_0000),
    ("GW", 0x4000_0000),
    ("GR", 0x8000_0000),
    ("FA", 0x001F_01FF),
    ("FR", 0x0012_0089),
    ("FW", 0x0012_0116),
    ("FX", 0x0012_00A0),
    ("KA", 0x000F_003F),
    ("KR", 0x0002_0019),
    ("KW", 0x0002_0006),
    ("KX", 0x0002_0019),
];

const DOMAIN_ALIASES: &[(&str, u32)] = &[
    ("RO", 498),
    ("LA", 500),
    ("LG", 501),
    ("DA", 512),
    ("DU", 513),
    ("DG", 514),
    ("DC", 515),
    ("DD", 516),
    ("CA", 517),
    ("SA", 518),
    ("EA", 519),
    ("PA", 520),
    ("CN", 522),
    ("AP", 525),
    ("KA", 526),
    ("EK", 527),
    ("RS", 553),
];

const WELL_KNOWN_ALIASES: &[(&str, &str)] = &[
    ("WD", "S-1-1-0"),
    ("CO", "S-1-3-0"),
    ("CG", "S-1-3-1"),
    ("OW", "S-1-3-4"),
    ("NU", "S-1-5-2"),
    ("IU", "S-1-5-4"),
    ("SU", "S-1-5-6"),
    ("AN", "S-1-5-7"),
    ("ED", "S-1-5-9"),
    ("PS", "S-1-5-10"),
    ("AU", "S-1-5-11"),
    ("RC", "S-1-5-12"),
    ("SY", "S-1-5-18"),
    ("LS", "S-1-5-19"),
    ("NS", "S-1-5-20"),
    ("WR", "S-1-5-33"),
    ("BA", "S-1-5-32-544"),
    ("BU", "S-1-5-32-545"),
    ("BG", "S-1-5-32-546"),
    ("PU", "S-1-5-32-547"),
    ("AO", "S-1-5-32-548"),
    ("SO", "S-1-5-32-549"),
    ("PO", "S-1-5-32-550"),
    ("BO", "S-1-5-32-551"),
    ("RE", "S-1-5-32-552"),
    ("RU", "S-1-5-32-554"),
    ("RD", "S-1-5-32-555"),
    ("NO", "S-1-5-32-556"),
    ("CY", "S-1-5-32-569"),
    ("CD", "S-1-5-32-574"),
    ("MU", "S-1-5-32-558"),
    ("LU", "S-1-5-32-559"),
    ("IS", "S-1-5-32-568"),
    ("ER", "S-1-5-32-573"),
    ("RA", "S-1-5-32-575"),
    ("ES", "S-1-5-32-576"),
    ("MS", "S-1-5-32-577"),
    ("HA", "S-1-5-32-578"),
    ("AA", "S-1-5-32-579"),
    ("RM", "S-1-5-32-580"),
    ("UD", "S-1-5-84-0-0-0-0-0"),
    ("AS", "S-1-18-1"),
    ("SS", "S-1-18-2"),
    ("AC", "S-1-15-2-1"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{AUTO_ENROLL, ENROLL};
    use super::*;
    use crate::model::Token;

    fn domain() -> Sid {
        "S-1-5-21-1-2-3".parse().expect("valid")
    }

    fn parse(text: &str) -> Result<SecurityDescriptor, SddlError> {
        SecurityDescriptor::from_sddl(text, &domain())
    }

    /// In the form that a Windows directory gives for a template.
    const TEMPLATE: &str = "O:EAG:EAD:PAI(A;;LCRPLORC;;;AU)(A;;CCDCLCSWRPWPDTLOSDRCWDWO;;;DA)\
        (OA;;RPWPCR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;DU)\
        (OD;CIIO;CR;a05b8cc2-17bc-4802-a710-e7c15ab866a2;;S-1-5-21-1-2-3-1105)S:AI(AU;SA;WD;;;WD)";

    #[test]
    fn a_template_descriptor_is_read_and_decides() {
        let read = parse(TEMPLATE).expect("valid");
        assert_eq!(read.owner.as_ref().expect("owner").to_string(), "S-1-5-21-1-2-3-519");
        assert_eq!(read.dacl.as_ref().expect("dacl").aces.len(), 4);
        let token = |rid| {
            let user = domain().with_rid(1103).expect("valid");
            Token::new(user, [domain().with_rid(rid).expect("valid")])
        };
        assert!(read.grants_extended_right(&token(513), ENROLL));
        assert!(!read.grants_extended_right(&token(513), AUTO_ENROLL));
        assert!(!read.grants_extended_right(&token(515), ENROLL));
    }

    #[test]
    fn text_round_trips() {
        let read = parse(TEMPLATE).expect("valid");
        let printed = read.to_sddl();
        assert!(printed.starts_with("O:S-1-5-21-1-2-3-519G:S-1-5-21-1-2-3-519D:(A;;LCRPLORC;;;"));
        assert_eq!(parse(&printed).expect("valid"), read);
        let odd = parse("D:(A;OICI;0x200;;;BA)(A;;GA;;;SY)(D;;512;;;WD)").expect("valid");
        assert_eq!(parse(&odd.to_sddl()).expect("valid"), odd);
        assert!(odd.to_sddl().contains("(A;OICI;0x200;;;S-1-5-32-544)"), "{}", odd.to_sddl());
    }

    #[test]
    fn every_alias_names_a_sid_once() {
        let mut names: Vec<_> = DOMAIN_ALIASES.iter().map(|(alias, _)| *alias).collect();
        names.extend(WELL_KNOWN_ALIASES.iter().map(|(alias, _)| *alias));
        for alias in &names {
            assert!(parse(&format!("O:{alias}")).is_ok(), "{alias}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DOMAIN_ALIASES.len() + WELL_KNOWN_ALIASES.len());
    }

    #[test]
    fn empty_and_partial_texts() {
        assert_eq!(parse("").expect("nothing is said"), SecurityDescriptor::default());
        assert_eq!(parse("D:").expect("empty DACL").dacl, Some(Acl::default()));
        assert_eq!(parse("D:P").expect("empty DACL").dacl, Some(Acl::default()));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "X:BA",
            "BA",
            "O:ZZ",
            "D:Q",
            "D:(A;;CR;;;BA",
            "D:A;;CR;;;BA",
            "D:(A;;CR;;BA)",
            "D:(A;;QQ;;;BA)",
            "D:(A;XX;CR;;;BA)",
            "D:(A;;C;;;BA)",
            "D:(A;;0xZ;;;BA)",
            "D:(OA;;CR;not-a-guid;;BA)",
            "D:(A;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;BA)",
            "D:(XA;;CR;;;BA;(@User.x==1))",
            "D:(AU;;CR;;;BA)",
            "D:(A;;CR;;;ä)",
            "D:(A;;Cä;;;BA)",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_descriptor_round_trips(
            aces in proptest::collection::vec(
                (any::<bool>(), any::<u8>(), any::<u32>(), any::<Option<u128>>(), any::<u32>()),
                0..8,
            ),
            owner in any::<Option<u32>>(),
        ) {
            let ace = |(allow, flags, mask, object, rid): (bool, u8, u32, Option<u128>, u32)| Ace {
                kind: if allow { AceKind::Allow } else { AceKind::Deny },
                // 0x20 has no code: Windows never sets it in a DACL.
                flags: flags & !0x20,
                mask: AccessMask(mask),
                object_type: object.map(Uuid::from_u128),
                inherited_object_type: None,
                sid: domain().with_rid(rid).expect("valid"),
            };
            let descriptor = SecurityDescriptor {
                owner: owner.map(|rid| domain().with_rid(rid).expect("valid")),
                group: None,
                dacl: Some(Acl { aces: aces.into_iter().map(ace).collect() }),
            };
            prop_assert_eq!(parse(&descriptor.to_sddl()), Ok(descriptor));
        }

        #[test]
        fn no_text_panics(text in "[OGDS:();A-Z0-9x;-]{0,60}|.{0,60}") {
            let _ = parse(&text);
        }
    }
}
