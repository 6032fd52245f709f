//! The machine account's secret: the NT hash of its password, from a file or a keytab, read anew
//! for each channel.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::auth::keytab::{self, KeytabEntry, KeytabError, RC4_HMAC};
use crate::auth::ntlm::{Key, nt_hash};
use crate::files::{self, FileError};

/// Where the secret is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretSource {
    /// A file with one line: `nt_hash = "…"` in hex, or `password = "…"`.
    File(PathBuf),
    /// A keytab that holds the account's RC4 key, which is the NT hash.
    Keytab(PathBuf),
}

impl SecretSource {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Keytab(path) => path,
        }
    }
}

/// The machine account's secret.
#[derive(Clone, Debug)]
pub struct MachineSecret {
    source: SecretSource,
    account: String,
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("the machine account's secret: {0}")]
    File(#[from] FileError),
    /// The keytab cannot be read.
    #[error("the machine account's keytab: {0}")]
    Keytab(#[from] KeytabError),
    /// The file is of another form. What it holds is not shown.
    #[error(
        "the machine account's secret {}: one line is due, nt_hash = \"32 hex digits\" (from \
         wcced hash-password) or password = \"…\"", path.display()
    )]
    Form {
        /// Which file.
        path: PathBuf,
    },
    /// The keytab has no RC4 key of the account.
    #[error(
        "{} has no RC4 key (etype 23) of {account}: export one, or set secret_file",
        path.display()
    )]
    NoKey {
        /// Which keytab.
        path: PathBuf,
        /// Whose key.
        account: String,
    },
}

/// What was read.
pub(super) struct Secrets {
    /// The secret, and behind it the one before it, which a domain controller may still have.
    pub(super) nt_hashes: Vec<Key>,
    /// The keytab's key version, for the log.
    pub(super) kvno: Option<u32>,
    /// When the file was written.
    pub(super) stamp: Stamp,
}

/// Tells one content of a file from another; the default for a file that is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl MachineSecret {
    /// The secret of `account` (with its dollar sign).
    pub fn new(source: SecretSource, account: &str) -> Self {
        Self { source, account: account.to_owned() }
    }

    /// Whether it can be read.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub fn check(&self) -> Result<(), SecretError> {
        self.load().map(|_| ())
    }

    pub(super) fn load(&self) -> Result<Secrets, SecretError> {
        // The stamp first: a change in between is then seen as one.
        let stamp = self.stamp();
        let (nt_hashes, kvno) = match &self.source {
            SecretSource::File(path) => {
                let content = files::read_secret(path)?;
                let hash =
                    parse(&content).ok_or_else(|| SecretError::Form { path: path.clone() })?;
                (vec![hash], None)
            }
            SecretSource::Keytab(path) => {
                let keys = newest(keytab::load(path)?, &self.account);
                let (kvno, _) = keys.first().ok_or_else(|| SecretError::NoKey {
                    path: path.clone(),
                    account: self.account.clone(),
                })?;
                let kvno = Some(*kvno);
                (keys.into_iter().map(|(_, key)| key).collect(), kvno)
            }
        };
        Ok(Secrets { nt_hashes, kvno, stamp })
    }

    pub(super) fn stamp(&self) -> Stamp {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(self.source.path()).map_or_else(
            |_| Stamp::default(),
            |metadata| Stamp {
                modified: metadata.modified().ok(),
                length: metadata.len(),
                inode: metadata.ino(),
            },
        )
    }
}

fn parse(content: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(content).ok()?;
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return None;
    };
    let (name, value) = line.split_once('=')?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    match name.trim() {
        "nt_hash" => {
            let mut hash = Zeroizing::new([0; 16]);
            hex::decode_to_slice(value, &mut *hash).ok()?;
            Some(hash)
        }
        "password" if !value.is_empty() => Some(nt_hash(value)),
        _ => None,
    }
}

/// The account's RC4 keys of the two highest versions.
fn newest(entries: Vec<KeytabEntry>, account: &str) -> Vec<(u32, Key)> {
    let mut keys: Vec<(u32, Key)> = entries
        .into_iter()
        .filter(|entry| entry.etype == RC4_HMAC && is_of(entry, account))
        .filter_map(|entry| {
            Some((entry.kvno, Zeroizing::new(entry.key.as_slice().try_into().ok()?)))
        })
        .collect();
    keys.sort_by_key(|(kvno, _)| std::cmp::Reverse(*kvno));
    keys.dedup_by_key(|(kvno, _)| *kvno);
    keys.truncate(2);
    keys
}

/// Whether the principal is the account itself, or the host service of its computer.
fn is_of(entry: &KeytabEntry, account: &str) -> bool {
    match &entry.components[..] {
        [name] => name.eq_ignore_ascii_case(account),
        [service, host] => {
            let label = host.split('.').next().unwrap_or(host);
            service.eq_ignore_ascii_case("host")
                && label.eq_ignore_ascii_case(account.trim_end_matches('$'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_or_a_password_on_one_line() {
        let hash = nt_hash("Passw0rd-Machine");
        let line = format!("nt_hash = \"{}\"\n", hex::encode(*hash));
        for right in [
            &line[..],
            "password = \"Passw0rd-Machine\"",
            "# of CA1$\n\n  password=\"Passw0rd-Machine\"  \n",
        ] {
            assert_eq!(parse(right.as_bytes()), Some(hash.clone()), "{right}");
        }
        // The value ends with the last quote.
        assert_eq!(parse(b"password = \"a\"b\\\""), Some(nt_hash("a\"b\\")));
        for wrong in [
            "",
            "Passw0rd-Machine",
            "password = \"\"",
            "password = Passw0rd",
            "nt_hash = \"abcd\"",
            "nt_hash = \"zz112233445566778899aabbccddeeff\"",
            "password = \"a\"\npassword = \"b\"",
            "secret = \"a\"",
        ] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(parse(b"password = \"\xff\""), None);
    }

    fn entry(name: &str, kvno: u32, etype: u16, key: u8) -> KeytabEntry {
        KeytabEntry {
            components: name.split('/').map(str::to_owned).collect(),
            realm: "WCCE.TEST".into(),
            kvno,
            etype,
            key: Zeroizing::new(vec![key; 16]),
        }
    }

    #[test]
    fn the_newest_rc4_keys_of_this_account() {
        let keys = newest(
            vec![
                entry("CA1$", 2, 23, 2),
                entry("CA1$", 4, 17, 40),
                entry("host/ca1.wcce.test", 4, 23, 4),
                entry("ca1$", 4, 23, 4),
                entry("HOST/CA1", 3, 23, 3),
                entry("CA10$", 9, 23, 9),
                entry("host/ca10.wcce.test", 9, 23, 9),
                entry("HTTP/ca1.wcce.test", 9, 23, 9),
                entry("a/b/c", 9, 23, 9),
            ],
            "CA1$",
        );
        let seen: Vec<_> = keys.iter().map(|(kvno, key)| (*kvno, key[0])).collect();
        assert_eq!(seen, [(4, 4), (3, 3)]);
        assert!(newest(vec![entry("CA1$", 2, 18, 1)], "CA1$").is_empty());
    }

    #[test]
    fn a_key_of_another_length_is_not_one() {
        let mut short = entry("CA1$", 2, 23, 1);
        short.key.pop();
        assert!(newest(vec![short], "CA1$").is_empty());
    }

    #[test]
    fn files_that_others_can_read_are_refused_and_changes_are_seen() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("machine.secret");
        let secret = MachineSecret::new(SecretSource::File(path.clone()), "CA1$");
        assert!(matches!(secret.check(), Err(SecretError::File(_))));
        assert_eq!(secret.stamp(), Stamp::default());
        fs::write(&path, "password = \"one\"").expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("ours");
        assert!(matches!(secret.check(), Err(SecretError::File(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
        let before = secret.load().expect("reads");
        assert_eq!(*before.nt_hashes[0], *nt_hash("one"));
        fs::write(&path, "password = \"other\"").expect("writes");
        let after = secret.load().expect("reads");
        assert_ne!(before.stamp, after.stamp);
        assert_eq!(*after.nt_hashes[0], *nt_hash("other"));
        fs::write(&path, "password = \"a secret\" # that must not be shown").expect("writes");
        let error = secret.check().expect_err("another form").to_string();
        assert!(!error.contains("a secret"), "{error}");
    }
}
