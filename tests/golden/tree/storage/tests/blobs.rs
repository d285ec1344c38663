use larder_storage::blob::{BlobStore, DiskStore};
use larder_storage::checksum::{crc32, Digest};

#[test]
fn what_is_put_can_be_got() {
    let store = DiskStore::open(std::env::temp_dir().join("larder-blobs")).unwrap();
    let digest = store.put(b"apple").unwrap();
    assert_eq!(store.get(&digest).unwrap(), b"apple");
}

#[test]
fn a_damaged_blob_is_reported() {
    assert_eq!(Digest::parse("zz"), None);
}

#[test]
fn crc_of_the_standard_text() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}
