//! Files that must not be lost or read by others: written whole or not at all, and durable when the call returns.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A file operation that failed, with the file's name.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct FileError {
    /// Which file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl FileError {
    fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self { path: path.to_owned(), source }
    }
}

/// Writes a file so that after a crash either the old or the new content is there.
/// `mode` is the file's permission bits.
pub fn write_atomically(path: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let error = FileError::at(&temporary);
    // One left by a crash may have other permissions.
    match fs::remove_file(&temporary) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(error(e)),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&temporary)
        .map_err(&error)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(&error)?;
    fs::rename(&temporary, path).map_err(FileError::at(path))?;
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Makes a folder, and those above it, that nobody else can enter; durable when the call returns.
pub fn create_private_folder(path: &Path) -> Result<(), FileError> {
    let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let new: Vec<&Path> = path.ancestors().take_while(missing).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(FileError::at(path))?;
    new.iter().filter_map(|folder| folder.parent()).try_for_each(sync_folder)
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<(), FileError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|handle| handle.sync_all()).map_err(FileError::at(folder))
}

/// Whether a file is there.
pub fn is_there(path: &Path) -> Result<bool, FileError> {
    path.try_exists().map_err(FileError::at(path))
}

/// Reads a file; `None` where there is none.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::at(path)(error)),
    }
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(FileError::at(path))
}

/// Reads a file that holds a secret. One that others than its owner can read or write
/// is refused.
pub fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let error = FileError::at(path);
    let file = File::open(path).map_err(&error)?;
    let metadata = file.metadata().map_err(&error)?;
    if metadata.mode() & 0o077 != 0 {
        let reason = format!(
            "mode {:04o} lets others at this secret; run chmod 600",
            metadata.mode() & 0o7777
        );
        return Err(error(io::Error::new(io::ErrorKind::PermissionDenied, reason)));
    }
    if metadata.len() > MAX_SECRET {
        return Err(error(io::Error::new(io::ErrorKind::FileTooLarge, "too large for a key")));
    }
    // Large enough from the start: a buffer that grows leaves copies behind.
    let size = usize::try_from(metadata.len()).unwrap_or_default();
    let mut content = Zeroizing::new(Vec::with_capacity(size.saturating_add(32)));
    file.take(MAX_SECRET).read_to_end(&mut content).map_err(&error)?;
    Ok(content)
}

const MAX_SECRET: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_with_the_mode_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(folder.path().join("key.new"), "left by a crash").unwrap();
        for content in ["one", "two"] {
            write_atomically(&path, content.as_bytes(), 0o600).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        }
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "nothing temporary is left");
    }

    #[test]
    fn folders_are_made_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        for _ in 0..2 {
            create_private_folder(&path).unwrap();
            for made in [&path, &folder.path().join("a")] {
                assert_eq!(fs::metadata(made).unwrap().mode() & 0o7777, 0o700);
            }
        }
        let below_file = folder.path().join("file");
        fs::write(&below_file, "").unwrap();
        assert!(create_private_folder(&below_file.join("x")).is_err());
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_atomically(&path, b"secret", 0o600).unwrap();
        assert_eq!(&**read_secret(&path).unwrap(), b"secret");
        for mode in [0o640, 0o604, 0o660, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refused = read_secret(&path).unwrap_err().to_string();
            assert!(refused.contains("chmod 600") && refused.contains("key"), "{refused}");
        }
    }

    #[test]
    fn errors_name_the_file() {
        let missing = Path::new("/nonexistent/file");
        assert!(read(missing).unwrap_err().to_string().starts_with("/nonexistent/file: "));
        assert!(read_if_there(missing).unwrap().is_none());
        let error = write_atomically(missing, b"", 0o600).unwrap_err();
        assert_eq!(error.path, Path::new("/nonexistent/file.new"));
    }
}
