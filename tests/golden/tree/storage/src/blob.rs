//! Blobs on disk.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::checksum::Digest;

/// Errors of a store.
#[derive(Debug)]
pub enum BlobError {
    Missing(Digest),
    Corrupt { expected: Digest, found: Digest },
    Io(io::Error),
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlobError::Missing(digest) => write!(f, "no blob {digest} in this store"),
            BlobError::Corrupt { expected, found } => {
                write!(f, "blob {expected} is damaged: its bytes hash to {found}; restore it from a backup")
            }
            BlobError::Io(error) => write!(f, "storage: {error}"),
        }
    }
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        BlobError::Io(error)
    }
}

/// A place to keep blobs.
pub trait BlobStore {
    /// Keep some bytes and return their digest.
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError>;
    /// Return the bytes, checked against their digest.
    fn get(&self, digest: &Digest) -> Result<Vec<u8>, BlobError>;
    /// Forget a blob; no error if it is not there.
    fn delete(&self, digest: &Digest) -> Result<(), BlobError>;
}

/// A folder with one file for each blob, spread over 256 folders.
pub struct DiskStore {
    root: PathBuf,
}

impl DiskStore {
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        Ok(DiskStore { root })
    }

    fn path_of(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(&name[2..])
    }
}

impl BlobStore for DiskStore {
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let digest = Digest::of(bytes);
        let path = self.path_of(&digest);
        if !path.exists() {
            write_atomically(&path, bytes)?;
        }
        Ok(digest)
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>, BlobError> {
        let path = self.path_of(digest);
        if !path.exists() {
            return Err(BlobError::Missing(digest.clone()));
        }
        let bytes = fs::read(path)?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(BlobError::Corrupt { expected: digest.clone(), found });
        }
        Ok(bytes)
    }

    fn delete(&self, digest: &Digest) -> Result<(), BlobError> {
        match fs::remove_file(self.path_of(digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Write a temporary file beside the target and rename it, so that a crash leaves the old content or the new.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let temporary = path.with_extension("part");
    let mut file = fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)
}
