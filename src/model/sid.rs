//! Security identifiers ([MS-DTYP] 2.4.2).

use std::fmt;
use std::str::FromStr;

/// A security identifier: identifier authority and up to 15 sub-authorities.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid {
    authority: u64,
    sub_authorities: Vec<u32>,
}

/// Bytes or text that are not a SID.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a security identifier")]
pub struct SidError;

const MAX_SUB_AUTHORITIES: usize = 15;
const MAX_AUTHORITY: u64 = 0xFFFF_FFFF_FFFF;

impl Sid {
    /// From its parts; the authority has 48 bits, and there are at most 15 sub-authorities.
    pub fn new(authority: u64, sub_authorities: &[u32]) -> Result<Self, SidError> {
        if authority > MAX_AUTHORITY || sub_authorities.len() > MAX_SUB_AUTHORITIES {
            return Err(SidError);
        }
        Ok(Self { authority, sub_authorities: sub_authorities.to_vec() })
    }

    /// A SID below S-1-5 (NT AUTHORITY); for the well-known ones, all shorter than the limit.
    fn nt(sub_authorities: &[u32]) -> Self {
        Self { authority: 5, sub_authorities: sub_authorities.to_vec() }
    }

    /// S-1-1-0.
    pub fn everyone() -> Self {
        Self { authority: 1, sub_authorities: vec![0] }
    }
    /// Whether it is S-1-3-4, OWNER RIGHTS: whoever owns the object that an entry is of.
    pub fn is_owner_rights(&self) -> bool {
        self.authority == 3 && self.sub_authorities == [4]
    }

    /// S-1-5-2.
    pub fn network() -> Self {
        Self::nt(&[2])
    }
    /// S-1-5-7.
    pub fn anonymous() -> Self {
        Self::nt(&[7])
    }
    /// S-1-5-11.
    pub fn authenticated_users() -> Self {
        Self::nt(&[11])
    }
    /// S-1-5-15.
    pub fn this_organization() -> Self {
        Self::nt(&[15])
    }
    /// S-1-5-32-545.
    pub fn builtin_users() -> Self {
        Self::nt(&[32, 545])
    }
    /// S-1-5-32-544.
    pub fn builtin_administrators() -> Self {
        Self::nt(&[32, 544])
    }
    /// S-1-5-32-574, Certificate Service DCOM Access.
    pub fn certificate_service_dcom_access() -> Self {
        Self::nt(&[32, 574])
    }
    /// S-1-5-64-10, authenticated by NTLM.
    pub fn ntlm_authentication() -> Self {
        Self::nt(&[64, 10])
    }

    /// This domain SID with a relative identifier behind it.
    pub fn with_rid(&self, rid: u32) -> Result<Self, SidError> {
        let mut sub_authorities = self.sub_authorities.clone();
        sub_authorities.push(rid);
        Self::new(self.authority, &sub_authorities)
    }

    /// The last sub-authority.
    pub fn rid(&self) -> Option<u32> {
        self.sub_authorities.last().copied()
    }

    /// The identifier authority.
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// The sub-authorities.
    pub fn sub_authorities(&self) -> &[u32] {
        &self.sub_authorities
    }

    /// Reads a binary SID from the start of `bytes`; returns it and what follows.
    pub fn split_from(bytes: &[u8]) -> Result<(Self, &[u8]), SidError> {
        let (head, rest) = bytes.split_first_chunk::<8>().ok_or(SidError)?;
        let [revision, count, a, b, c, d, e, f] = *head;
        let count = usize::from(count);
        if revision != 1 || count > MAX_SUB_AUTHORITIES {
            return Err(SidError);
        }
        let (subs, rest) = rest.split_at_checked(count.saturating_mul(4)).ok_or(SidError)?;
        let (subs, _) = subs.as_chunks::<4>();
        let sub_authorities = subs.iter().map(|s| u32::from_le_bytes(*s)).collect();
        let authority = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        Ok((Self { authority, sub_authorities }, rest))
    }

    /// Reads a binary SID that fills `bytes`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SidError> {
        match Self::split_from(bytes)? {
            (sid, []) => Ok(sid),
            _ => Err(SidError),
        }
    }

    /// The binary form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = u8::try_from(self.sub_authorities.len()).unwrap_or(u8::MAX);
        let [_, _, authority @ ..] = self.authority.to_be_bytes();
        let mut out = vec![1, count];
        out.extend_from_slice(&authority);
        for sub in &self.sub_authorities {
            out.extend_from_slice(&sub.to_le_bytes());
        }
        out
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.authority < 1 << 32 {
            write!(f, "S-1-{}", self.authority)?;
        } else {
            write!(f, "S-1-0x{:012X}", self.authority)?;
        }
        self.sub_authorities.iter().try_for_each(|sub| write!(f, "-{sub}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Self, SidError> {
        let rest =
            text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-")).ok_or(SidError)?;
        let mut parts = rest.split('-');
        let authority = parts.next().ok_or(SidError)?;
        let authority = match authority.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).map_err(|_| SidError)?,
            None => authority.parse().map_err(|_| SidError)?,
        };
        let subs: Result<Vec<u32>, _> =
            parts.map(|part| part.parse().map_err(|_| SidError)).collect();
        Self::new(authority, &subs?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_agree() {
        let text = "S-1-5-21-1608104657-630783805-1473387121-1000";
        let sid: Sid = text.parse().expect("valid");
        assert_eq!(sid.to_string(), text);
        assert_eq!(Sid::from_bytes(&sid.to_bytes()).expect("valid"), sid);
        assert_eq!(sid.to_bytes().len(), 28);
        assert_eq!(sid.rid(), Some(1000));
    }

    #[test]
    fn malformed_is_refused() {
        for text in ["", "S-1", "S-1-", "S-2-5-1", "S-1-5-4294967296", "S-1-281474976710656-1"] {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
        let good = Sid::everyone().to_bytes();
        for cut in 0..good.len() {
            assert!(Sid::from_bytes(&good[..cut]).is_err());
        }
        assert!(Sid::from_bytes(&[1, 16, 0, 0, 0, 0, 0, 5]).is_err());
    }
}
