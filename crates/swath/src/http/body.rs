//! Collecting a body: bounded, and given up when it stalls.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

/// A body as far as it came.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    /// Why it ended early, if it did.
    pub(super) cut: Option<String>,
    /// Whether it went on after the limit; what came so far was dropped.
    pub(super) too_long: bool,
}

/// Slower than this for a whole stall time is a stall: no useful link is.
const TRICKLE_BYTES_PER_SECOND: u64 = 1 << 10;

/// Reads `answer` to its end, to `limit` bytes, or until it delivers next to nothing for `stall`.
pub(super) async fn collect(mut answer: reqwest::Response, limit: u64, stall: Duration) -> Body {
    let announced = answer.content_length().unwrap_or(0);
    if announced > limit {
        return Body { bytes: Bytes::new(), cut: None, too_long: true };
    }
    let expected = announced.min(64 << 20);
    let mut bytes = BytesMut::with_capacity(expected as usize);
    let (mut since, mut in_window) = (Instant::now(), 0u64);
    let cut = loop {
        match tokio::time::timeout(stall, answer.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                if bytes.len() as u64 + chunk.len() as u64 > limit {
                    return Body { bytes: Bytes::new(), cut: None, too_long: true };
                }
                bytes.extend_from_slice(&chunk);
                in_window += chunk.len() as u64;
                if since.elapsed() >= stall {
                    if u128::from(in_window) * 1000 < u128::from(TRICKLE_BYTES_PER_SECOND) * stall.as_millis()
                    {
                        break Some(format!(
                            "the body trickled: {in_window} bytes in {} s",
                            stall.as_secs_f64()
                        ));
                    }
                    (since, in_window) = (Instant::now(), 0);
                }
            }
            Ok(Ok(None)) => break None,
            Ok(Err(error)) => break Some(format!("the body was cut: {}", super::describe(error))),
            Err(_) => break Some(format!("the body stalled for {} s", stall.as_secs_f64())),
        }
    };
    Body { bytes: bytes.freeze(), cut, too_long: false }
}
