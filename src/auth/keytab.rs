//! Keytab files of MIT Kerberos, version 0x0502: read, never written.

use std::collections::BTreeMap;
use std::path::Path;

use zeroize::Zeroizing;

use super::AuthError;

/// The encryption type whose key is the NT hash of the account's password (RFC 4757).
pub const RC4_HMAC: u16 = 23;
/// More entries than this are not read.
const MAX_ENTRIES: usize = 4096;
/// More components of a name than this are not read; services have two or three.
const MAX_COMPONENTS: u16 = 16;
const MALFORMED: AuthError = AuthError::Malformed("keytab");

/// One key of a keytab.
#[derive(Clone, PartialEq, Eq)]
pub struct KeytabEntry {
    /// Components of the principal's name, such as `host` and `ca1.wcce.test`.
    pub components: Vec<String>,
    /// The principal's realm.
    pub realm: String,
    /// Version of the key: it goes up with each change of the password.
    pub kvno: u32,
    /// Encryption type of the key.
    pub etype: u16,
    /// The key.
    pub key: Zeroizing<Vec<u8>>,
}

/// Names alone; keys are never shown.
impl std::fmt::Debug for KeytabEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.components.join("/");
        write!(f, "{name}@{} kvno {} etype {}", self.realm, self.kvno, self.etype)
    }
}

/// Names of encryption types (RFC 3961's registry) that keytabs hold.
const ETYPES: [(u16, &str); 5] = [
    (17, "aes128-sha1"),
    (18, "aes256-sha1"),
    (19, "aes128-sha256"),
    (20, "aes256-sha384"),
    (RC4_HMAC, "rc4"),
];

/// What a keytab holds, a line for each principal and version of its keys, such as
/// `host/ca1.wcce.test@WCCE.TEST, version 2: aes256-sha1, rc4`.
pub fn summary(entries: &[KeytabEntry]) -> Vec<String> {
    let mut keys: BTreeMap<(String, u32), Vec<String>> = BTreeMap::new();
    for entry in entries {
        let known = ETYPES.iter().find(|(etype, _)| *etype == entry.etype);
        let etype =
            known.map_or_else(|| format!("type {}", entry.etype), |(_, name)| (*name).into());
        let principal = format!("{}@{}", entry.components.join("/"), entry.realm);
        keys.entry((principal, entry.kvno)).or_default().push(etype);
    }
    let line = |((principal, kvno), etypes): (_, Vec<String>)| {
        format!("{principal}, version {kvno}: {}", etypes.join(", "))
    };
    keys.into_iter().map(line).collect()
}

/// Whether there are keys of RC4 alone, so that no ticket can be protected by more than that.
pub fn is_rc4_only(entries: &[KeytabEntry]) -> bool {
    !entries.is_empty() && entries.iter().all(|entry| entry.etype == RC4_HMAC)
}

/// Reads a keytab file, which nobody but its owner may read or write.
///
/// # Errors
/// Where the file cannot be read, others can read it too, or it is no keytab.
pub fn load(path: &Path) -> Result<Vec<KeytabEntry>, KeytabError> {
    let content = crate::files::read_secret(path)?;
    parse(&content).map_err(|error| KeytabError::Form { path: path.to_owned(), error })
}

/// Why a keytab cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeytabError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] crate::files::FileError),
    /// The file is no keytab of version 0x0502.
    #[error("{}: not a keytab of version 0x0502: {error}", path.display())]
    Form {
        /// Which file.
        path: std::path::PathBuf,
        /// What is wrong.
        error: AuthError,
    },
}

/// Reads the content of a keytab.
///
/// # Errors
/// Where a length or a count is not possible.
pub fn parse(content: &[u8]) -> Result<Vec<KeytabEntry>, AuthError> {
    let mut reader = Reader(content);
    if reader.array()? != [5, 2] {
        return Err(MALFORMED);
    }
    let mut entries = Vec::new();
    // A writer that was killed may leave less than a length behind; MIT stops there too.
    while reader.0.len() >= 4 {
        let size = i32::from_be_bytes(reader.array()?);
        if size == 0 {
            break;
        }
        let length = usize::try_from(size.unsigned_abs()).map_err(|_| MALFORMED)?;
        let record = reader.take(length)?;
        // A negative size is a hole that a removed entry left.
        if size > 0 {
            if entries.len() >= MAX_ENTRIES {
                return Err(MALFORMED);
            }
            entries.push(entry(&mut Reader(record))?);
        }
    }
    Ok(entries)
}

fn entry(reader: &mut Reader<'_>) -> Result<KeytabEntry, AuthError> {
    let count = reader.u16()?;
    if count == 0 || count > MAX_COMPONENTS {
        return Err(MALFORMED);
    }
    let realm = reader.text()?;
    let components = (0..count).map(|_| reader.text()).collect::<Result<_, _>>()?;
    let _name_type = reader.u32()?;
    let _timestamp = reader.u32()?;
    let [short_kvno] = reader.array()?;
    let etype = reader.u16()?;
    let length = reader.u16()?;
    let key = Zeroizing::new(reader.take(length.into())?.to_vec());
    // The version may follow once more with 32 bits; zero there means that it doesn't.
    let long_kvno = if reader.0.len() >= 4 { reader.u32()? } else { 0 };
    let kvno = if long_kvno == 0 { short_kvno.into() } else { long_kvno };
    Ok(KeytabEntry { components, realm, kvno, etype, key })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], AuthError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], AuthError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, AuthError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, AuthError> {
        self.array().map(u32::from_be_bytes)
    }

    fn text(&mut self) -> Result<String, AuthError> {
        let length = self.u16()?;
        let bytes = self.take(length.into())?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| MALFORMED)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn counted(bytes: &[u8]) -> Vec<u8> {
        [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
    }

    fn record(components: &[&str], kvno: u8, etype: u16, key: &[u8], tail: &[u8]) -> Vec<u8> {
        let mut body = u16::try_from(components.len()).expect("few").to_be_bytes().to_vec();
        body.extend(counted(b"WCCE.TEST"));
        components.iter().for_each(|component| body.extend(counted(component.as_bytes())));
        body.extend([0, 0, 0, 1, 0x65, 0, 0, 0, kvno]);
        body.extend(etype.to_be_bytes());
        body.extend(counted(key));
        body.extend(tail);
        [&i32::try_from(body.len()).expect("short").to_be_bytes(), &body[..]].concat()
    }

    fn keytab(records: &[Vec<u8>]) -> Vec<u8> {
        [&[5, 2], &records.concat()[..]].concat()
    }

    #[test]
    fn entries_holes_and_versions_of_32_bits() {
        let hole = [&(-6i32).to_be_bytes()[..], &[0xEE; 6]].concat();
        let content = keytab(&[
            record(&["CA1$"], 3, 23, &[7; 16], &[]),
            hole,
            record(&["host", "ca1.wcce.test"], 44, 18, &[8; 32], &300u32.to_be_bytes()),
            record(&["host", "ca1"], 5, 17, &[9; 16], &[0; 4]),
        ]);
        let entries = parse(&content).expect("sound");
        let [account, host, short] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!(
            (&account.components[..], account.kvno, account.etype, &account.key[..]),
            (&["CA1$".to_owned()][..], 3, RC4_HMAC, &[7; 16][..])
        );
        assert_eq!(
            (host.components.len(), host.kvno, host.etype, host.key.len()),
            (2, 300, 18, 32)
        );
        assert_eq!((short.kvno, short.realm.as_str()), (5, "WCCE.TEST"));
        assert_eq!(format!("{account:?}"), "CA1$@WCCE.TEST kvno 3 etype 23", "and no key");
    }

    #[test]
    fn a_summary_names_principals_versions_and_types() {
        let rc4 = keytab(&[
            record(&["CA1$"], 3, 23, &[7; 16], &[]),
            record(&["CA1$"], 2, 23, &[6; 16], &[]),
        ]);
        let rc4 = parse(&rc4).expect("sound");
        assert!(is_rc4_only(&rc4));
        assert_eq!(
            summary(&rc4),
            ["CA1$@WCCE.TEST, version 2: rc4", "CA1$@WCCE.TEST, version 3: rc4"]
        );
        let more = keytab(&[
            record(&["host", "ca1"], 3, 23, &[7; 16], &[]),
            record(&["host", "ca1"], 3, 18, &[8; 32], &[]),
            record(&["host", "ca1"], 3, 99, &[8; 32], &[]),
        ]);
        let more = parse(&more).expect("sound");
        assert!(!is_rc4_only(&more));
        assert!(!is_rc4_only(&[]));
        assert_eq!(summary(&more), ["host/ca1@WCCE.TEST, version 3: rc4, aes256-sha1, type 99"]);
    }

    #[test]
    fn an_end_in_the_middle_of_a_length_and_a_zero_length_end_the_file() {
        let mut content = keytab(&[record(&["CA1$"], 3, 23, &[7; 16], &[])]);
        content.extend([0, 0, 0]);
        assert_eq!(parse(&content).expect("sound").len(), 1);
        content.extend([0, 1, 2, 3]);
        assert_eq!(parse(&content).expect("sound").len(), 1);
    }

    #[test]
    fn damage_is_an_error_or_other_entries_but_never_a_panic() {
        let content = keytab(&[
            record(&["CA1$"], 3, 23, &[7; 16], &[]),
            record(&["host", "ca1"], 3, 18, &[8; 32], &300u32.to_be_bytes()),
        ]);
        for cut in 0..content.len() {
            let _ = parse(&content[..cut]);
            for bit in 0..8 {
                let mut flipped = content.clone();
                flipped[cut] ^= 1 << bit;
                let _ = parse(&flipped);
            }
        }
        for (what, wrong) in [
            ("version 1", vec![5, 1]),
            ("nothing", vec![]),
            ("a record beyond the end", [&[5, 2][..], &i32::MAX.to_be_bytes()].concat()),
            ("a hole beyond the end", [&[5, 2][..], &i32::MIN.to_be_bytes()].concat()),
            ("no component", keytab(&[record(&[], 1, 23, &[7; 16], &[])])),
            ("17 components", keytab(&[record(&["a"; 17], 1, 23, &[7; 16], &[])])),
        ] {
            assert_eq!(parse(&wrong), Err(MALFORMED), "{what}");
        }
        let many = keytab(&vec![record(&["a"], 1, 23, &[], &[]); MAX_ENTRIES + 1]);
        assert_eq!(parse(&many), Err(MALFORMED));
    }

    #[test]
    fn a_keytab_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca1.keytab");
        std::fs::write(&path, keytab(&[record(&["CA1$"], 3, 23, &[7; 16], &[])])).expect("writes");
        for (mode, right) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions).expect("ours");
            assert_eq!(load(&path).is_ok(), right, "{mode:o}");
        }
    }
}
