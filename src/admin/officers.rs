//! Rights of certificate managers and of enrollment agents as Windows keeps them: a security
//! descriptor with callback entries, each for one of them, some requesters, and a template
//! ([MS-CSRA] 2.2.1.11).

use crate::model::{AceKind, Sid};
use crate::policy::{AgentEntry, EnrollmentAgents};

/// Bytes that are not such a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a security descriptor of officers or enrollment agents: malformed {0}")]
pub struct OfficerRightsError(&'static str);

type Result<T> = std::result::Result<T, OfficerRightsError>;

/// ACCESS_ALLOWED_CALLBACK_ACE and ACCESS_DENIED_CALLBACK_ACE.
const ALLOW: u8 = 0x09;
const DENY: u8 = 0x0A;
const MASK: u32 = 0x0001_0000;
const SELF_RELATIVE_WITH_DACL: u16 = 0x8004;
/// Requesters that one entry may name.
const MAX_SUBJECTS: u32 = 1024;

/// Reads a self-relative descriptor. One without DACL has no entries: it allows nobody anything.
///
/// # Errors
/// Where a length or an offset leaves `bytes`, or an entry is of another kind.
pub fn read(bytes: &[u8]) -> Result<EnrollmentAgents> {
    const HEADER: OfficerRightsError = OfficerRightsError("header");
    let (header, _) = bytes.split_first_chunk::<20>().ok_or(HEADER)?;
    let [revision, _, c0, c1, .., d0, d1, d2, d3] = *header;
    let control = u16::from_le_bytes([c0, c1]);
    if revision != 1 || control & SELF_RELATIVE_WITH_DACL != SELF_RELATIVE_WITH_DACL {
        return Err(HEADER);
    }
    let offset = usize::try_from(u32::from_le_bytes([d0, d1, d2, d3])).map_err(|_| HEADER)?;
    if offset == 0 {
        return Ok(EnrollmentAgents::default());
    }
    read_acl(bytes.get(offset..).ok_or(HEADER)?)
}

fn read_acl(bytes: &[u8]) -> Result<EnrollmentAgents> {
    const ACL: OfficerRightsError = OfficerRightsError("ACL");
    let (header, _) = bytes.split_first_chunk::<8>().ok_or(ACL)?;
    let [revision, _, s0, s1, n0, n1, _, _] = *header;
    let mut rest = bytes.get(8..usize::from(u16::from_le_bytes([s0, s1]))).ok_or(ACL)?;
    if !matches!(revision, 2 | 4) {
        return Err(ACL);
    }
    let mut entries = Vec::new();
    for _ in 0..u16::from_le_bytes([n0, n1]) {
        let (head, _) = rest.split_first_chunk::<4>().ok_or(ACL)?;
        let [kind, _, l0, l1] = *head;
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        entries.push(read_entry(kind, rest.get(4..length).ok_or(ACL)?)?);
        rest = rest.get(length..).ok_or(ACL)?;
    }
    Ok(EnrollmentAgents::new(entries))
}

fn read_entry(kind: u8, body: &[u8]) -> Result<AgentEntry> {
    const ENTRY: OfficerRightsError = OfficerRightsError("entry");
    let kind = match kind {
        ALLOW => AceKind::Allow,
        DENY => AceKind::Deny,
        _ => return Err(OfficerRightsError("kind of entry")),
    };
    let (mask, rest) = body.split_first_chunk::<4>().ok_or(ENTRY)?;
    if u32::from_le_bytes(*mask) != MASK {
        return Err(OfficerRightsError("mask"));
    }
    let (officer, rest) = Sid::split_from(rest).map_err(|_| ENTRY)?;
    let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(ENTRY)?;
    let count = u32::from_le_bytes(*count);
    if count > MAX_SUBJECTS {
        return Err(ENTRY);
    }
    let mut subjects = Vec::new();
    for _ in 0..count {
        let (subject, behind) = Sid::split_from(rest).map_err(|_| ENTRY)?;
        subjects.push(subject);
        rest = behind;
    }
    let template = read_template(rest)?;
    let templates = template.map(|template| vec![template]);
    Ok(AgentEntry { kind, agents: vec![officer], templates, subjects: Some(subjects) })
}

/// The name of a template in UTF-16 with a NUL; nothing, or nothing but the NUL, are all.
fn read_template(bytes: &[u8]) -> Result<Option<String>> {
    const TEMPLATE: OfficerRightsError = OfficerRightsError("template");
    let (units, _) = bytes.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let name: std::result::Result<String, _> =
        char::decode_utf16(units.take_while(|unit| *unit != 0)).collect();
    let name = name.map_err(|_| TEMPLATE)?;
    Ok((!name.is_empty()).then_some(name))
}

/// Writes entries as the console does: owner Administrators, one entry for each officer and
/// template, all requesters as Everyone.
pub fn write(agents: &EnrollmentAgents) -> Vec<u8> {
    let mut list = Vec::new();
    let mut count = 0_u16;
    for entry in agents.entries() {
        let templates = match &entry.templates {
            Some(templates) => templates.iter().map(Some).collect(),
            None => vec![None],
        };
        for (officer, template) in
            entry.agents.iter().flat_map(|officer| templates.iter().map(move |t| (officer, *t)))
        {
            let ace = write_entry(entry, officer, template.map(String::as_str));
            if list.len().saturating_add(ace.len()) > usize::from(u16::MAX - 8) {
                break;
            }
            list.extend(ace);
            count = count.saturating_add(1);
        }
    }
    let owner = Sid::builtin_administrators().to_bytes();
    let dacl = u32::try_from(owner.len().saturating_add(20)).unwrap_or(u32::MAX);
    let size = u16::try_from(list.len().saturating_add(8)).unwrap_or(u16::MAX);
    let mut out = vec![1, 0];
    out.extend(SELF_RELATIVE_WITH_DACL.to_le_bytes());
    out.extend(20_u32.to_le_bytes());
    out.extend([0; 8]);
    out.extend(dacl.to_le_bytes());
    out.extend(owner);
    out.extend([2, 0]);
    out.extend(size.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend([0, 0]);
    out.extend(list);
    out
}

fn write_entry(entry: &AgentEntry, officer: &Sid, template: Option<&str>) -> Vec<u8> {
    let everybody = [Sid::everyone()];
    let subjects = entry.subjects.as_deref().unwrap_or(&everybody);
    let mut body = MASK.to_le_bytes().to_vec();
    body.extend(officer.to_bytes());
    body.extend(u32::try_from(subjects.len()).unwrap_or(u32::MAX).to_le_bytes());
    subjects.iter().for_each(|sid| body.extend(sid.to_bytes()));
    if let Some(template) = template {
        body.extend(template.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    }
    let length = u16::try_from(body.len().saturating_add(4)).unwrap_or(u16::MAX);
    let mut out = vec![if entry.kind == AceKind::Allow { ALLOW } else { DENY }, 0];
    out.extend(length.to_le_bytes());
    out.extend(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Token;

    fn sid(rid: u32) -> Sid {
        format!("S-1-5-21-1-2-3-{rid}").parse().expect("valid")
    }

    fn entry(kind: AceKind, officer: u32, subjects: &[Sid], template: Option<&str>) -> AgentEntry {
        AgentEntry {
            kind,
            agents: vec![sid(officer)],
            templates: template.map(|name| vec![name.to_owned()]),
            subjects: Some(subjects.to_vec()),
        }
    }

    fn sample() -> EnrollmentAgents {
        EnrollmentAgents::new(vec![
            entry(AceKind::Allow, 1200, &[Sid::everyone()], None),
            entry(AceKind::Deny, 1200, &[sid(512), sid(519)], Some("User")),
            entry(AceKind::Allow, 1201, &[sid(1300)], Some("1.3.6.1.4.1.311.21.8.1")),
        ])
    }

    #[test]
    fn what_is_written_reads_back_and_means_the_same() {
        let rights = read(&write(&sample())).expect("sound");
        assert_eq!(rights, sample());
        let (officer, user) = (Token::new(sid(1), [sid(1200)]), Token::new(sid(1103), []));
        assert!(rights.allows(&officer, &["User"], &user));
        assert!(!rights.allows(&officer, &["User"], &Token::new(sid(1104), [sid(512)])));
        assert!(rights.allows(&officer, &["Other"], &Token::new(sid(1104), [sid(512)])));
        let restricted = Token::new(sid(1201), []);
        let member = Token::new(sid(1103), [sid(1300)]);
        assert!(!rights.allows(&restricted, &["User"], &member));
        assert!(rights.allows(&restricted, &["x", "1.3.6.1.4.1.311.21.8.1"], &member));
    }

    /// Of [MS-CSRA] 2.2.1.11, byte for byte.
    #[test]
    fn an_entry_lies_as_the_specification_says() {
        let one =
            EnrollmentAgents::new(vec![entry(AceKind::Allow, 7, &[Sid::everyone()], Some("A"))]);
        let expected = [
            "01000480140000000000000000000000",
            "24000000",
            "01020000000000052000000020020000",
            "0200400001000000",
            "09003800",
            "00000100",
            "010500000000000515000000010000000200000003000000",
            "07000000",
            "01000000",
            "010100000000000100000000",
            "41000000",
        ]
        .concat();
        assert_eq!(hex::encode(write(&one)), expected);
    }

    #[test]
    fn damaged_descriptors_are_refused_or_read_without_panic() {
        let good = write(&sample());
        for cut in 0..good.len() {
            assert!(read(&good[..cut]).is_err(), "cut at {cut}");
        }
        for (position, value) in (0..good.len()).flat_map(|at| [(at, 0xFF), (at, 0)]) {
            let mut wild = good.clone();
            wild[position] = value;
            let _ = read(&wild);
        }
    }
}
