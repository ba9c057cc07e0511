//! Any bytes as a stored index.

use swath_hdf5::{Index, Selection};

/// Bytes before the compressed body: magic and version, CRC-32 of the rest, length of the body.
const HEAD: usize = 18;

/// Takes `body` for what is inside of a stored index whose checksum is right: what opens can be kept, and comes back
/// the same; whatever it says of datasets, planning is safe. Whether it opened.
pub(crate) fn keep_anything(body: &[u8]) -> bool {
    let _ = Index::from_bytes(body);
    let Ok(index) = Index::from_bytes(&sealed(body)) else { return false };
    for (path, dataset) in index.datasets() {
        let elements = dataset.elements().unwrap_or(u64::MAX);
        let corner =
            Selection::window(&dataset.shape.iter().map(|extent| 0..1.min(*extent)).collect::<Vec<_>>());
        let _ = dataset.plan(path, &corner);
        if elements < 1 << 12 {
            let _ = dataset.plan(path, &Selection::all(&dataset.shape));
        }
    }
    let kept = index.to_bytes().expect("what was taken back can be kept");
    let again = Index::from_bytes(&kept).expect("what was kept can be taken back");
    // NaN attributes differ from themselves, so the stored form is compared.
    assert_eq!(again.to_bytes().expect("it could be kept before"), kept);
    true
}

/// A stored index around a body, with a right checksum.
pub(crate) fn sealed(body: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
    let mut bytes = vec![0; HEAD + compressor.deflate_compress_bound(body.len())];
    let length = compressor.deflate_compress(body, &mut bytes[HEAD..]).expect("the bound is enough");
    bytes.truncate(HEAD + length);
    bytes[..6].copy_from_slice(b"SWHX\x03\0");
    bytes[10..HEAD].copy_from_slice(&(body.len() as u64).to_le_bytes());
    let checksum = libdeflater::crc32(&bytes[10..]);
    bytes[6..10].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// The body of a stored index.
pub(crate) fn body(stored: &[u8]) -> Vec<u8> {
    let length = u64::from_le_bytes(stored[10..HEAD].try_into().expect("eight bytes"));
    let mut body = vec![0; length as usize];
    libdeflater::Decompressor::new().deflate_decompress(&stored[HEAD..], &mut body).expect("it is sound");
    body
}
