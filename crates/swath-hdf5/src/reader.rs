//! The one door to bytes: [`ReadRanges`], and two readers that tests and tools need.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Why a reader could not answer; kept whole as the source of [`crate::Error::Read`].
pub type ReadError = Box<dyn std::error::Error + Send + Sync>;

/// The answer to one call of [`ReadRanges::read_ranges`].
#[derive(Debug, Clone)]
pub struct Fetched {
    /// One part per asked range, in the order asked. A part is shorter than its range only where the
    /// range reaches past the end of the object, and empty where it begins there.
    pub parts: Vec<Bytes>,
    /// Size of the whole object in bytes.
    pub size: u64,
}

/// Bytes of one object: a file, an object in a bucket, memory.
///
/// One call is one *wave*: all ranges are wanted together, so an implementation runs them at the same
/// time; it may merge near ranges and split long ones. Every part must come from the same version of the
/// object; an implementation that sees it change must fail.
pub trait ReadRanges: Send + Sync {
    /// Reads the bytes of each range. A range that reaches past the end is cut at the end.
    ///
    /// # Errors
    /// Whatever kept the bytes away; it becomes the source of [`crate::Error::Read`].
    fn read_ranges<'a>(&'a self, ranges: &'a [Range<u64>]) -> BoxFuture<'a, Result<Fetched, ReadError>>;
}

impl<R: ReadRanges + ?Sized> ReadRanges for &R {
    fn read_ranges<'a>(&'a self, ranges: &'a [Range<u64>]) -> BoxFuture<'a, Result<Fetched, ReadError>> {
        (**self).read_ranges(ranges)
    }
}

impl<R: ReadRanges + ?Sized> ReadRanges for std::sync::Arc<R> {
    fn read_ranges<'a>(&'a self, ranges: &'a [Range<u64>]) -> BoxFuture<'a, Result<Fetched, ReadError>> {
        (**self).read_ranges(ranges)
    }
}

/// An object that is wholly in memory.
#[derive(Debug, Clone)]
pub struct MemoryReader {
    bytes: Bytes,
}

impl MemoryReader {
    /// A reader of `bytes`.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        MemoryReader { bytes: bytes.into() }
    }
}

impl From<Bytes> for MemoryReader {
    fn from(bytes: Bytes) -> Self {
        MemoryReader { bytes }
    }
}

impl ReadRanges for MemoryReader {
    fn read_ranges<'a>(&'a self, ranges: &'a [Range<u64>]) -> BoxFuture<'a, Result<Fetched, ReadError>> {
        let size = self.bytes.len() as u64;
        let part = |range: &Range<u64>| {
            let start = range.start.min(size) as usize;
            let end = range.end.clamp(range.start.min(size), size) as usize;
            self.bytes.slice(start..end)
        };
        let parts = ranges.iter().map(part).collect();
        async move { Ok(Fetched { parts, size }) }.boxed()
    }
}

/// What went through a [`CountingReader`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Calls of [`ReadRanges::read_ranges`].
    pub waves: u64,
    /// Ranges asked for, over all waves.
    pub requests: u64,
    /// Bytes delivered.
    pub bytes: u64,
    /// Bytes delivered that had been delivered before.
    pub bytes_again: u64,
}

/// A reader that counts what passes through it, for budgets and tests.
///
/// ```
/// use futures::FutureExt;
/// use swath_hdf5::{CountingReader, MemoryReader, ReadRanges};
///
/// let reader = CountingReader::new(MemoryReader::new(vec![0u8; 100]));
/// // One wave of two requests, then one that asks for some of the same bytes.
/// reader.read_ranges(&[0..10, 50..60]).now_or_never();
/// reader.read_ranges(&[5..20]).now_or_never();
/// let counts = reader.counts();
/// assert_eq!((counts.waves, counts.requests, counts.bytes, counts.bytes_again), (2, 3, 35, 5));
/// ```
#[derive(Debug)]
pub struct CountingReader<R> {
    inner: R,
    state: Mutex<CountingState>,
}

#[derive(Debug, Default)]
struct CountingState {
    counts: ReadCounts,
    /// Delivered bytes as disjoint ranges, start to end.
    delivered: BTreeMap<u64, u64>,
}

impl<R> CountingReader<R> {
    /// Counts what is read through `inner`.
    pub fn new(inner: R) -> Self {
        CountingReader { inner, state: Mutex::default() }
    }

    /// The counts so far.
    pub fn counts(&self) -> ReadCounts {
        self.lock().counts
    }

    /// Sets the counts back to zero and forgets which bytes were delivered.
    pub fn reset(&self) {
        *self.lock() = CountingState::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CountingState> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl CountingState {
    /// Notes that `start..end` was delivered; returns how many of its bytes had been before.
    fn deliver(&mut self, start: u64, end: u64) -> u64 {
        if start >= end {
            return 0;
        }
        let (mut from, mut to, mut again) = (start, end, 0);
        let touching: Vec<(u64, u64)> = self
            .delivered
            .range(..=end)
            .rev()
            .take_while(|(_, known_end)| **known_end >= start)
            .map(|(known_start, known_end)| (*known_start, *known_end))
            .collect();
        for (known_start, known_end) in touching {
            again += known_end.min(end).saturating_sub(known_start.max(start));
            from = from.min(known_start);
            to = to.max(known_end);
            self.delivered.remove(&known_start);
        }
        self.delivered.insert(from, to);
        again
    }
}

impl<R: ReadRanges> ReadRanges for CountingReader<R> {
    fn read_ranges<'a>(&'a self, ranges: &'a [Range<u64>]) -> BoxFuture<'a, Result<Fetched, ReadError>> {
        async move {
            let fetched = self.inner.read_ranges(ranges).await?;
            let mut state = self.lock();
            state.counts.waves += 1;
            state.counts.requests += ranges.len() as u64;
            for (range, part) in ranges.iter().zip(&fetched.parts) {
                let length = part.len() as u64;
                state.counts.bytes += length;
                let again = state.deliver(range.start, range.start.saturating_add(length));
                state.counts.bytes_again += again;
            }
            drop(state);
            Ok(fetched)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn memory_is_cut_at_the_end() {
        let reader = MemoryReader::new(vec![1u8, 2, 3, 4]);
        let fetched = reader.read_ranges(&[1..3, 2..99, 50..60]).now_or_never().unwrap().unwrap();
        assert_eq!(fetched.size, 4);
        assert_eq!(fetched.parts, [&[2u8, 3][..], &[3, 4], &[]]);
    }

    #[test]
    fn bytes_delivered_twice_are_counted() {
        let reader = CountingReader::new(MemoryReader::new(vec![0u8; 100]));
        reader.read_ranges(&[0..10, 20..30]).now_or_never().unwrap().unwrap();
        reader.read_ranges(&[5..25, 10..20, 90..200]).now_or_never().unwrap().unwrap();
        let counts = reader.counts();
        assert_eq!(counts, ReadCounts { waves: 2, requests: 5, bytes: 60, bytes_again: 20 });
    }
}
