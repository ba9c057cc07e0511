//! Compressed answers: a catalogue page shrinks to a tenth on its way.

use bytes::Bytes;
use http::HeaderMap;
use http::header;
use libdeflater::{CompressionLvl, Compressor, DecompressionError, Decompressor};

use super::Request;
use crate::error::{Error, ErrorKind, Result};

/// The body as it was before the server compressed it, when the request allowed that and the answer says so.
pub(super) fn plain(request: &Request, headers: &HeaderMap, body: Bytes) -> Result<Bytes> {
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let is_gzip = encoding.is_some_and(|name| name.trim().eq_ignore_ascii_case("gzip"));
    if !request.takes_gzip || !is_gzip {
        return Ok(body);
    }
    unpack(&body, request.body_limit).map(Bytes::from).map_err(|why| {
        let what = format!("the answer of {} is compressed and cannot be unpacked", request.url);
        Error::new(ErrorKind::Service, what).because(why).with_hint("try again later")
    })
}

/// Packs bytes into one gzip member, quickly rather than well. It carries a checksum.
pub(crate) fn pack(plain: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let level = CompressionLvl::new(1).map_err(|_| "no such level of compression".to_owned())?;
    let mut compressor = Compressor::new(level);
    let mut packed = vec![0; compressor.gzip_compress_bound(plain.len())];
    let length = compressor.gzip_compress(plain, &mut packed).map_err(|why| why.to_string())?;
    packed.truncate(length);
    Ok(packed)
}

/// Unpacks one gzip member into at most `limit` bytes.
pub(crate) fn unpack(packed: &[u8], limit: u64) -> std::result::Result<Vec<u8>, String> {
    // RFC 1952: the last four bytes are the length, modulo 2^32. They are a promise, and deflate packs at most 1032
    // to one, so that a false one costs no memory.
    let promised = packed.last_chunk::<4>().map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)));
    let most = limit.min((packed.len() as u64).saturating_mul(1032));
    if promised > most {
        return Err(format!("it claims {promised} bytes, more than the {most} that can be"));
    }
    let room = usize::try_from(promised).map_err(|_| "it is too long for this machine".to_owned())?;
    let mut plain = vec![0; room];
    match Decompressor::new().gzip_decompress(packed, &mut plain) {
        Ok(length) => {
            plain.truncate(length);
            Ok(plain)
        }
        Err(DecompressionError::InsufficientSpace) => Err("it is longer than it claims".to_owned()),
        Err(DecompressionError::BadData) => Err("it is damaged".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(plain: &[u8]) -> Vec<u8> {
        pack(plain).unwrap()
    }

    #[test]
    fn what_was_packed_comes_back() {
        for plain in [&b""[..], b"{}", &[b'x'; 100_000]] {
            assert_eq!(unpack(&packed(plain), 1 << 20).unwrap(), plain);
        }
    }

    #[test]
    fn what_is_damaged_or_too_long_is_refused() {
        let whole = packed(&[b'x'; 100_000]);
        assert!(unpack(&whole, 99_999).unwrap_err().contains("claims 100000"));
        assert!(unpack(&whole[..whole.len() - 1], 1 << 20).is_err());
        assert!(unpack(&[], 1 << 20).is_err() && unpack(b"<html>", 1 << 30).is_err());
        let mut lies = whole.clone();
        let end = lies.len();
        lies[end - 4..].copy_from_slice(&[255; 4]);
        assert!(unpack(&lies, u64::MAX).unwrap_err().contains("claims"));
        lies[end - 4..].copy_from_slice(&[1, 0, 0, 0]);
        assert!(unpack(&lies, 1 << 20).unwrap_err().contains("longer"));
    }
}
