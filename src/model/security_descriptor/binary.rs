//! The self-relative binary form ([MS-DTYP] 2.4.6, 2.4.5, 2.4.4).

use uuid::Uuid;

use super::{AccessMask, Ace, AceKind, Acl, SecurityDescriptor};
use crate::model::Sid;

/// Bytes that are not a security descriptor. Whoever reads one fails closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a self-relative security descriptor: malformed {0}")]
pub struct SecurityDescriptorError(&'static str);

const SE_DACL_PRESENT: u16 = 0x0004;
const SE_DACL_PROTECTED: u16 = 0x1000;
const SE_SELF_RELATIVE: u16 = 0x8000;
/// Revision of an ACL that holds object entries.
const ACL_REVISION_DS: u8 = 4;
const OBJECT_TYPE_PRESENT: u32 = 1;
const INHERITED_OBJECT_TYPE_PRESENT: u32 = 2;

impl SecurityDescriptor {
    /// Reads a self-relative descriptor, as `ntSecurityDescriptor` holds it. The SACL is left
    /// out. A NULL DACL reads as a missing one, and grants nobody anything.
    ///
    /// # Errors
    /// Where an offset or a length leaves `bytes`, or a SID or an entry is malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecurityDescriptorError> {
        let (header, _) = bytes.split_first_chunk::<20>().ok_or(malformed("header"))?;
        let [revision, _, c0, c1, o @ ..] = *header;
        let [o0, o1, o2, o3, g0, g1, g2, g3, _, _, _, _, d0, d1, d2, d3] = o;
        let control = u16::from_le_bytes([c0, c1]);
        if revision != 1 || control & SE_SELF_RELATIVE == 0 {
            return Err(malformed("header"));
        }
        let dacl = part(bytes, [d0, d1, d2, d3])?.filter(|_| control & SE_DACL_PRESENT != 0);
        Ok(Self {
            owner: part(bytes, [o0, o1, o2, o3])?.map(read_sid).transpose()?,
            group: part(bytes, [g0, g1, g2, g3])?.map(read_sid).transpose()?,
            dacl: dacl.map(read_acl).transpose()?,
        })
    }
}

impl SecurityDescriptor {
    /// Writes the self-relative form. A protected DACL takes nothing from the object's parent.
    pub fn to_bytes(&self, protected: bool) -> Vec<u8> {
        let dacl = self.dacl.as_ref().map(write_acl);
        let mut control = SE_SELF_RELATIVE;
        if dacl.is_some() {
            control |= SE_DACL_PRESENT;
        }
        if protected {
            control |= SE_DACL_PROTECTED;
        }
        let [c0, c1] = control.to_le_bytes();
        let owner = self.owner.as_ref().map(Sid::to_bytes);
        let group = self.group.as_ref().map(Sid::to_bytes);
        let (mut header, mut body) = (vec![1, 0, c0, c1], Vec::new());
        // In the order of the header: owner, group, SACL, DACL.
        for part in [owner, group, None, dacl] {
            let offset = part.as_ref().map_or(0, |_| body.len().saturating_add(20));
            header.extend(u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes());
            body.extend(part.unwrap_or_default());
        }
        header.extend(body);
        header
    }
}

/// An ACL; what is too long for its 16 bits of size is cut off at an entry.
fn write_acl(acl: &Acl) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut count = 0_u16;
    for entry in acl.aces.iter().map(write_ace) {
        if entries.len().saturating_add(entry.len()) > usize::from(u16::MAX - 8) {
            break;
        }
        entries.extend(entry);
        count = count.saturating_add(1);
    }
    let size = u16::try_from(entries.len().saturating_add(8)).unwrap_or(u16::MAX);
    let mut out = vec![ACL_REVISION_DS, 0];
    out.extend(size.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend([0, 0]);
    out.extend(entries);
    out
}

fn write_ace(ace: &Ace) -> Vec<u8> {
    let types = [
        (ace.object_type, OBJECT_TYPE_PRESENT),
        (ace.inherited_object_type, INHERITED_OBJECT_TYPE_PRESENT),
    ];
    let present = types.iter().filter(|(guid, _)| guid.is_some()).map(|(_, bit)| bit).sum::<u32>();
    let kind = match (ace.kind, present != 0) {
        (AceKind::Allow, false) => 0x00,
        (AceKind::Deny, false) => 0x01,
        (AceKind::Allow, true) => 0x05,
        (AceKind::Deny, true) => 0x06,
    };
    let mut body = ace.mask.0.to_le_bytes().to_vec();
    if present != 0 {
        body.extend(present.to_le_bytes());
        types.iter().filter_map(|(guid, _)| *guid).for_each(|guid| body.extend(guid.to_bytes_le()));
    }
    body.extend(ace.sid.to_bytes());
    let length = u16::try_from(body.len().saturating_add(4)).unwrap_or(u16::MAX);
    let mut out = vec![kind, ace.flags];
    out.extend(length.to_le_bytes());
    out.extend(body);
    out
}

fn malformed(what: &'static str) -> SecurityDescriptorError {
    SecurityDescriptorError(what)
}

/// What starts at `offset`; `None` where the offset is 0.
fn part(bytes: &[u8], offset: [u8; 4]) -> Result<Option<&[u8]>, SecurityDescriptorError> {
    match usize::try_from(u32::from_le_bytes(offset)) {
        Ok(0) => Ok(None),
        Ok(offset) => bytes.get(offset..).map(Some).ok_or(malformed("offset")),
        Err(_) => Err(malformed("offset")),
    }
}

fn read_sid(bytes: &[u8]) -> Result<Sid, SecurityDescriptorError> {
    Sid::split_from(bytes).map(|(sid, _)| sid).map_err(|_| malformed("SID"))
}

fn read_acl(bytes: &[u8]) -> Result<Acl, SecurityDescriptorError> {
    let (header, _) = bytes.split_first_chunk::<8>().ok_or(malformed("ACL"))?;
    let [revision, _, s0, s1, n0, n1, _, _] = *header;
    let size = usize::from(u16::from_le_bytes([s0, s1]));
    let mut rest = bytes.get(8..size).ok_or(malformed("ACL"))?;
    if !matches!(revision, 2 | 4) {
        return Err(malformed("ACL revision"));
    }
    let mut aces = Vec::new();
    for _ in 0..u16::from_le_bytes([n0, n1]) {
        let (head, _) = rest.split_first_chunk::<4>().ok_or(malformed("ACE"))?;
        let [kind, flags, l0, l1] = *head;
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        let body = rest.get(4..length).ok_or(malformed("ACE"))?;
        aces.extend(read_ace(kind, flags, body)?);
        rest = rest.get(length..).ok_or(malformed("ACE"))?;
    }
    Ok(Acl { aces })
}

/// Conditions are not evaluated: a conditional entry that denies always denies, one that allows
/// never allows. Audit and other entries don't take part in the check.
fn read_ace(kind: u8, flags: u8, body: &[u8]) -> Result<Option<Ace>, SecurityDescriptorError> {
    let (kind, is_object) = match kind {
        0x00 => (AceKind::Allow, false),
        0x01 | 0x0A => (AceKind::Deny, false),
        0x05 => (AceKind::Allow, true),
        0x06 | 0x0C => (AceKind::Deny, true),
        _ => return Ok(None),
    };
    let (mask, rest) = read_u32(body)?;
    let (present, rest) = if is_object { read_u32(rest)? } else { (0, rest) };
    let (object_type, rest) = read_guid(rest, present & OBJECT_TYPE_PRESENT != 0)?;
    let (inherited_object_type, rest) =
        read_guid(rest, present & INHERITED_OBJECT_TYPE_PRESENT != 0)?;
    let sid = read_sid(rest)?;
    let mask = AccessMask(mask);
    Ok(Some(Ace { kind, flags, mask, object_type, inherited_object_type, sid }))
}

fn read_u32(bytes: &[u8]) -> Result<(u32, &[u8]), SecurityDescriptorError> {
    let (head, rest) = bytes.split_first_chunk::<4>().ok_or(malformed("ACE"))?;
    Ok((u32::from_le_bytes(*head), rest))
}

fn read_guid(
    bytes: &[u8],
    present: bool,
) -> Result<(Option<Uuid>, &[u8]), SecurityDescriptorError> {
    if !present {
        return Ok((None, bytes));
    }
    let (head, rest) = bytes.split_first_chunk::<16>().ok_or(malformed("ACE"))?;
    Ok((Some(Uuid::from_bytes_le(*head)), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ENROLL;
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let domain: Sid = "S-1-5-21-1-2-3".parse().expect("valid");
        let sddl = "O:EAG:EAD:PAI(A;OICI;LCRPLORC;;;AU)(D;;CR;;;DU)\
            (OA;;RPWPCR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;DU)\
            (OD;CIIO;CR;a05b8cc2-17bc-4802-a710-e7c15ab866a2;0e10c968-78fb-11d2-90d4-00c04f79dc55;DA)";
        let descriptor = SecurityDescriptor::from_sddl(sddl, &domain).expect("valid");
        for protected in [false, true] {
            let bytes = descriptor.to_bytes(protected);
            assert_eq!(SecurityDescriptor::from_bytes(&bytes), Ok(descriptor.clone()));
            assert_eq!(bytes[3] & 0x10 != 0, protected);
        }
        let empty = SecurityDescriptor::default();
        assert_eq!(SecurityDescriptor::from_bytes(&empty.to_bytes(false)), Ok(empty));
    }

    /// Lays a descriptor out as Windows does: header, owner, DACL.
    fn build(aces: &[(u8, u8, Vec<u8>)], control: u16) -> Vec<u8> {
        let owner = Sid::builtin_administrators().to_bytes();
        let mut list = Vec::new();
        for (kind, flags, body) in aces {
            list.extend([*kind, *flags]);
            list.extend(((body.len() + 4) as u16).to_le_bytes());
            list.extend(body);
        }
        let mut out = vec![1, 0];
        out.extend(control.to_le_bytes());
        out.extend(20_u32.to_le_bytes());
        out.extend([0; 8]);
        out.extend((20 + owner.len() as u32).to_le_bytes());
        out.extend(owner);
        out.extend([4, 0]);
        out.extend(((list.len() + 8) as u16).to_le_bytes());
        out.extend((aces.len() as u16).to_le_bytes());
        out.extend([0, 0]);
        out.extend(list);
        out
    }

    fn plain(mask: u32, sid: &Sid) -> Vec<u8> {
        [mask.to_le_bytes().to_vec(), sid.to_bytes()].concat()
    }

    fn object(mask: u32, types: &[Uuid], present: u32, sid: &Sid) -> Vec<u8> {
        let mut out = [mask.to_le_bytes(), present.to_le_bytes()].concat();
        types.iter().for_each(|guid| out.extend(guid.to_bytes_le()));
        out.extend(sid.to_bytes());
        out
    }

    #[test]
    fn entries_of_every_kind_are_read() {
        let everyone = Sid::everyone();
        let bytes = build(
            &[
                (0x00, 0x02, plain(0x000F_01FF, &everyone)),
                (0x01, 0x00, plain(0x100, &everyone)),
                (0x05, 0x00, object(0x130, &[ENROLL], 1, &everyone)),
                (0x06, 0x0A, object(0x100, &[ENROLL, Uuid::nil()], 3, &everyone)),
                (0x05, 0x00, object(0x100, &[], 0, &everyone)),
                (0x02, 0x00, plain(0x100, &everyone)),
                (0x09, 0x00, plain(0x100, &everyone)),
                (0x0A, 0x00, [plain(0x100, &everyone), b"artx".to_vec()].concat()),
            ],
            0x8004,
        );
        let read = SecurityDescriptor::from_bytes(&bytes).expect("well-formed");
        assert_eq!(read.owner, Some(Sid::builtin_administrators()));
        assert_eq!(read.group, None);
        let aces = read.dacl.expect("present").aces;
        let seen: Vec<_> =
            aces.iter().map(|ace| (ace.kind, ace.flags, ace.mask.0, ace.object_type)).collect();
        assert_eq!(
            seen,
            [
                (AceKind::Allow, 0x02, 0x000F_01FF, None),
                (AceKind::Deny, 0x00, 0x100, None),
                (AceKind::Allow, 0x00, 0x130, Some(ENROLL)),
                (AceKind::Deny, 0x0A, 0x100, Some(ENROLL)),
                (AceKind::Allow, 0x00, 0x100, None),
                (AceKind::Deny, 0x00, 0x100, None),
            ]
        );
        assert_eq!(aces[3].inherited_object_type, Some(Uuid::nil()));
    }

    #[test]
    fn an_absent_dacl_reads_as_none() {
        let bytes = build(&[(0, 0, plain(0x100, &Sid::everyone()))], 0x8000);
        assert_eq!(SecurityDescriptor::from_bytes(&bytes).expect("well-formed").dacl, None);
    }

    #[test]
    fn every_cut_and_every_wild_length_is_refused_or_read_without_panic() {
        let everyone = Sid::everyone();
        let good = build(&[(5, 0, object(0x100, &[ENROLL], 1, &everyone))], 0x8004);
        for cut in 0..good.len() {
            assert!(SecurityDescriptor::from_bytes(&good[..cut]).is_err(), "cut at {cut}");
        }
        for position in 0..good.len() {
            let mut wild = good.clone();
            wild[position] = 0xFF;
            let _ = SecurityDescriptor::from_bytes(&wild);
        }
        let mut relative = good.clone();
        relative[3] = 0;
        assert!(SecurityDescriptor::from_bytes(&relative).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
            sound in any::<bool>(),
        ) {
            if sound && bytes.len() > 28 {
                bytes[..4].copy_from_slice(&[1, 0, 0x04, 0x80]);
                bytes[16..20].copy_from_slice(&20_u32.to_le_bytes());
                bytes[20] = 4;
                bytes[22..24].copy_from_slice(&100_u16.to_le_bytes());
            }
            let _ = SecurityDescriptor::from_bytes(&bytes);
        }
    }
}
