//! Deleting unused blobs.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use crate::blob::{BlobError, BlobStore};
use crate::checksum::Digest;

/// Blobs younger than this are kept: an upload may not have been entered yet.
pub const GRACE: Duration = Duration::from_secs(24 * 3600);

/// Result of a sweep.
#[derive(Debug, Default, PartialEq)]
pub struct Sweep {
    pub kept: usize,
    pub deleted: usize,
}

/// Delete every blob that no product and no order refers to, except recent ones.
pub fn collect_garbage<S: BlobStore>(
    store: &S,
    all: &[(Digest, SystemTime)],
    referenced: &HashSet<Digest>,
    now: SystemTime,
) -> Result<Sweep, BlobError> {
    let mut sweep = Sweep::default();
    for (digest, written) in all {
        let age = now.duration_since(*written).unwrap_or_default();
        if referenced.contains(digest) || age < GRACE {
            sweep.kept += 1;
        } else {
            store.delete(digest)?;
            sweep.deleted += 1;
        }
    }
    Ok(sweep)
}
