//! The block cache: what is at hand of a file, and what was missed.
//!
//! A parser that reads through [`Blocks`] never waits. A byte that is not at hand is noted and refused; the
//! driver lets the parser go on, then fetches all that was missed together, and runs the parser again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::reader::ReadRanges;

/// Longest single read that a parser may ask for.
const MAX_READ: usize = 64 << 20;
/// Wave from which neighbours of a missed block are read along, twice as many with every wave.
const AHEAD_FROM: u32 = 3;
/// Most neighbours read along.
const MAX_AHEAD: u64 = 16;

/// Why [`Blocks::read`] did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not at hand; it has been noted and the next wave fetches it.
    Missing,
    /// Past the end of the file.
    Outside,
    /// Longer than any structure of a sound file.
    TooLong,
}

/// Blocks of one file by number.
pub(crate) struct Blocks {
    block: u64,
    max_bytes: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    size: u64,
    held: BTreeMap<u64, Bytes>,
    held_bytes: u64,
    missed: BTreeSet<u64>,
    waves: u32,
}

impl Blocks {
    /// An empty cache of blocks of `block` bytes that holds at most `max_bytes`.
    pub(crate) fn new(block: u64, max_bytes: u64) -> Self {
        Blocks { block: block.max(512), max_bytes, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Size of the file; 0 before the first wave.
    pub(crate) fn size(&self) -> u64 {
        self.state().size
    }

    /// Waves fetched so far.
    pub(crate) fn waves(&self) -> u32 {
        self.state().waves
    }

    /// Whether anything was missed since the last wave.
    pub(crate) fn has_missed(&self) -> bool {
        !self.state().missed.is_empty()
    }

    /// The bytes of one range, or why not.
    pub(crate) fn read(&self, offset: u64, length: usize) -> Result<Bytes, Refusal> {
        let mut state = self.state();
        let end =
            offset.checked_add(length as u64).filter(|end| *end <= state.size).ok_or(Refusal::Outside)?;
        if length > MAX_READ {
            return Err(Refusal::TooLong);
        }
        if length == 0 {
            return Ok(Bytes::new());
        }
        let numbers = offset / self.block..=(end - 1) / self.block;
        let before = state.missed.len();
        for number in numbers.clone() {
            if !state.held.contains_key(&number) {
                state.missed.insert(number);
            }
        }
        let missing = numbers.clone().any(|number| !state.held.contains_key(&number));
        if missing || state.missed.len() > before {
            return Err(Refusal::Missing);
        }
        Ok(self.gather(&state, offset, end))
    }

    fn gather(&self, state: &State, offset: u64, end: u64) -> Bytes {
        let within = |number: u64, held: &Bytes| {
            let base = number * self.block;
            let from = offset.max(base) - base;
            let to = end.min(base + held.len() as u64) - base;
            held.slice(from as usize..to as usize)
        };
        let (first, last) = (offset / self.block, (end - 1) / self.block);
        let mut parts = state.held.range(first..=last).map(|(number, held)| within(*number, held));
        if first == last {
            return parts.next().unwrap_or_default();
        }
        let mut bytes = Vec::with_capacity((end - offset) as usize);
        parts.for_each(|part| bytes.extend_from_slice(&part));
        bytes.into()
    }

    /// Fetches the first `bytes` of the file.
    ///
    /// # Errors
    /// As [`Blocks::fetch_missed`].
    pub(crate) async fn fetch_first(&self, reader: &dyn ReadRanges, bytes: u64) -> Result<()> {
        let blocks = bytes.div_ceil(self.block).max(1);
        self.fetch(reader, vec![0..blocks]).await
    }

    /// Fetches all that was missed, in one call of the reader.
    ///
    /// # Errors
    /// [`Error::Read`] from the reader; [`Error::Limit`] if the cache would hold too much;
    /// [`Error::Malformed`] if the reader answers less than was asked or the file changed its size.
    pub(crate) async fn fetch_missed(&self, reader: &dyn ReadRanges) -> Result<()> {
        let runs = self.missed_runs();
        self.fetch(reader, runs).await
    }

    /// Missed blocks as runs of block numbers, with neighbours in later waves.
    fn missed_runs(&self) -> Vec<Range<u64>> {
        let mut state = self.state();
        let missed = std::mem::take(&mut state.missed);
        let doublings = state.waves.saturating_add(1).saturating_sub(AHEAD_FROM).min(8);
        let ahead = if doublings == 0 { 1 } else { (1u64 << doublings).min(MAX_AHEAD) };
        let end = state.size.div_ceil(self.block);
        let mut runs: Vec<Range<u64>> = Vec::new();
        for first in missed {
            for number in first..first.saturating_add(ahead).min(end) {
                if state.held.contains_key(&number) {
                    break;
                }
                match runs.last_mut() {
                    Some(run) if run.contains(&number) => {}
                    Some(run) if run.end == number => run.end += 1,
                    _ => runs.push(number..number + 1),
                }
            }
        }
        runs
    }

    async fn fetch(&self, reader: &dyn ReadRanges, runs: Vec<Range<u64>>) -> Result<()> {
        let asked = runs.iter().map(|run| (run.end - run.start).saturating_mul(self.block)).sum::<u64>();
        let held = self.state().held_bytes;
        if held.saturating_add(asked) > self.max_bytes {
            let what = "bytes of metadata".to_owned();
            return Err(Error::Limit { what, asked: held.saturating_add(asked), allowed: self.max_bytes });
        }
        let known = self.state().size;
        let cut = |end: u64| if known == 0 { end } else { end.min(known) };
        let ranges: Vec<Range<u64>> =
            runs.iter().map(|run| run.start * self.block..cut(run.end.saturating_mul(self.block))).collect();
        let fetched = reader.read_ranges(&ranges).await.map_err(Error::Read)?;
        let mut state = self.state();
        if state.waves > 0 && state.size != fetched.size {
            let what = format!("the file changed its size from {} to {} bytes", state.size, fetched.size);
            return Err(Error::malformed(crate::ROOT, what));
        }
        state.size = fetched.size;
        state.waves += 1;
        if fetched.parts.len() != ranges.len() {
            let what = format!("{} ranges asked and {} answered", ranges.len(), fetched.parts.len());
            return Err(Error::malformed(crate::ROOT, what));
        }
        for (range, part) in ranges.iter().zip(fetched.parts) {
            self.store(&mut state, range, &part)?;
        }
        Ok(())
    }

    fn store(&self, state: &mut State, range: &Range<u64>, part: &Bytes) -> Result<()> {
        let expected = range.end.min(state.size).saturating_sub(range.start);
        if part.len() as u64 != expected {
            return Err(Error::Malformed {
                path: crate::ROOT.to_owned(),
                offset: Some(range.start),
                what: format!("{} bytes delivered of {expected}", part.len()),
            });
        }
        let mut at = 0;
        while at < part.len() {
            let end = part.len().min(at + self.block as usize);
            let number = (range.start + at as u64) / self.block;
            state.held.insert(number, part.slice(at..end));
            state.held_bytes += (end - at) as u64;
            at = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::{CountingReader, MemoryReader};
    use futures::executor::block_on;

    fn file() -> Vec<u8> {
        (0..10_000u32).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn all_misses_are_fetched_together_and_once() {
        let reader = CountingReader::new(MemoryReader::new(file()));
        let blocks = Blocks::new(1000, 1 << 20);
        block_on(blocks.fetch_first(&reader, 500)).unwrap();
        assert_eq!(blocks.size(), 10_000);
        assert_eq!(blocks.read(2990, 20), Err(Refusal::Missing));
        assert_eq!(blocks.read(9_999, 1), Err(Refusal::Missing));
        assert_eq!(blocks.read(9_999, 2), Err(Refusal::Outside));
        assert_eq!(blocks.read(u64::MAX, 2), Err(Refusal::Outside));
        block_on(blocks.fetch_missed(&reader)).unwrap();
        assert!(!blocks.has_missed());
        assert_eq!(blocks.read(2990, 20).unwrap(), &file()[2990..3010]);
        assert_eq!(blocks.read(9_999, 1).unwrap(), &file()[9_999..]);
        let counts = reader.counts();
        assert_eq!((counts.waves, counts.requests, counts.bytes, counts.bytes_again), (2, 3, 4000, 0));
    }

    #[test]
    fn later_waves_read_ahead() {
        let reader = CountingReader::new(MemoryReader::new(file()));
        let blocks = Blocks::new(512, 1 << 20);
        block_on(blocks.fetch_first(&reader, 1)).unwrap();
        for offset in [1024, 3000, 9000] {
            assert_eq!(blocks.read(offset, 1), Err(Refusal::Missing));
            block_on(blocks.fetch_missed(&reader)).unwrap();
        }
        assert_eq!(blocks.waves(), 4);
        assert_eq!(blocks.read(9_900, 1).unwrap(), &file()[9_900..9_901]);
        assert_eq!(reader.counts().bytes_again, 0);
    }

    #[test]
    fn the_cache_is_bounded() {
        let reader = MemoryReader::new(file());
        let blocks = Blocks::new(1000, 3000);
        block_on(blocks.fetch_first(&reader, 1000)).unwrap();
        assert_eq!(blocks.read(3000, 3000), Err(Refusal::Missing));
        let error = block_on(blocks.fetch_missed(&reader)).unwrap_err();
        assert!(matches!(error, Error::Limit { asked: 4000, allowed: 3000, .. }), "{error}");
    }
}
