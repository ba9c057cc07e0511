//! The one secret of a sandbox, from which every token, key and signature follows.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A random master secret, made anew at each start and never shown.
///
/// Tokens, temporary keys and signed URLs are keyed hashes under it, so the services need no
/// database to recognise what another of them has issued.
pub(crate) struct Secret {
    key: [u8; 32],
    drawn: AtomicU64,
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(***)")
    }
}

impl Secret {
    /// A fresh secret. The randomness is that of a new private key: no other generator is at hand.
    pub(crate) fn random() -> Result<Self> {
        let pair = rcgen::KeyPair::generate().map_err(|e| Error::Certificate(Box::new(e)))?;
        Ok(Self { key: Sha256::digest(pair.serialized_der()).into(), drawn: AtomicU64::new(0) })
    }

    /// The keyed hash of `text` for one purpose; hashes of different purposes are unrelated.
    pub(crate) fn mac(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        let mut message = Vec::with_capacity(purpose.len() + 1 + text.len());
        message.extend_from_slice(purpose.as_bytes());
        message.push(0);
        message.extend_from_slice(text);
        hmac_sha256(&self.key, &message)
    }

    /// Whether `tag` is the keyed hash of `text`, in time that does not depend on where they differ.
    pub(crate) fn verify(&self, purpose: &str, text: &[u8], tag: &[u8]) -> bool {
        let expected = self.mac(purpose, text);
        expected.len() == tag.len() && expected.iter().zip(tag).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0
    }

    /// Bytes that never come twice and cannot be guessed without the secret.
    pub(crate) fn draw(&self) -> [u8; 32] {
        let serial = self.drawn.fetch_add(1, Ordering::Relaxed);
        self.mac("draw", &serial.to_be_bytes())
    }
}

/// HMAC-SHA256 (RFC 2104) with a key of any length.
pub(crate) fn hmac_sha256(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_agrees_with_rfc_4231() {
        let tag = hmac_sha256(&[0x0b; 20], b"Hi There");
        assert_eq!(hexadecimal(&tag), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let long_key = hmac_sha256(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(
            hexadecimal(&long_key),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn purposes_are_apart_and_nothing_is_printed() {
        let secret = Secret::random().unwrap();
        let tag = secret.mac("a", b"text");
        assert!(secret.verify("a", b"text", &tag));
        assert!(!secret.verify("b", b"text", &tag));
        assert!(!secret.verify("a", b"text", &tag[..31]));
        assert_ne!(secret.draw(), secret.draw());
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }
}
