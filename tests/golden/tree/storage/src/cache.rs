//! Recently used pictures, in memory.

use std::collections::{HashMap, VecDeque};

use crate::checksum::Digest;

/// Least recently used: the oldest blob makes room when the limit is reached.
pub struct LruCache {
    limit: usize,
    size: usize,
    entries: HashMap<Digest, Vec<u8>>,
    order: VecDeque<Digest>,
}

impl LruCache {
    pub fn new(limit: usize) -> Self {
        LruCache { limit, size: 0, entries: HashMap::new(), order: VecDeque::new() }
    }

    pub fn get(&mut self, digest: &Digest) -> Option<&[u8]> {
        if self.entries.contains_key(digest) {
            self.touch(digest);
        }
        self.entries.get(digest).map(Vec::as_slice)
    }

    pub fn insert(&mut self, digest: Digest, bytes: Vec<u8>) {
        self.size += bytes.len();
        self.order.push_back(digest.clone());
        self.entries.insert(digest, bytes);
        while self.size > self.limit {
            self.evict();
        }
    }

    fn touch(&mut self, digest: &Digest) {
        self.order.retain(|other| other != digest);
        self.order.push_back(digest.clone());
    }

    /// Drop the entry that has been unused for the longest time.
    fn evict(&mut self) {
        if let Some(oldest) = self.order.pop_front() {
            if let Some(bytes) = self.entries.remove(&oldest) {
                self.size -= bytes.len();
            }
        }
    }
}
