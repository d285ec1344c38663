//! Pictures and invoices, kept under the hash of their content.

pub mod blob;
pub mod cache;
pub mod checksum;
pub mod gc;
