//! The block cache: what is at hand of a file, and what was missed.
//!
//! A parser that reads through [`Blocks`] never waits. A byte that is not at hand is noted, and zero until it
//! is fetched; the driver lets the parser go on to miss whatever else it can, then fetches all of it
//! together, and runs the parser again. Only a run that missed nothing counts.
//!
//! Bytes are kept in cells, four of which are a block. A missed structure brings its block, for structures lie close
//! together; a missed collection of the heap brings its cell, for those lie alone among values. From the fourth wave on
//! a file leads from one structure to the next, and ever more behind what was missed is brought along. Nothing is
//! fetched twice, nothing is forgotten before the walk is done, and all of it together is bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::reader::ReadRanges;

/// Longest single read that a parser may ask for.
pub(crate) const MAX_READ: usize = 64 << 20;
/// Longest read that is answered with zeros where bytes are missing.
const MAX_ZEROS: usize = 64 << 10;
/// Wave from which neighbours of what was missed are read along, twice as many with every wave.
const AHEAD_FROM: u32 = 4;
/// Most blocks read along.
const MAX_AHEAD: u64 = 16;
/// Bytes of a structure of which only the place is guessed.
const SUGGESTED: usize = 4096;
/// Most work of one walk: its bytes, and [`WORK_OF_A_READ`] for each read. A file whose structures lead round and
/// round costs so much and no more; a granule takes a thousandth of it.
const MAX_WORK: u64 = 4 << 30;
/// What a read costs whatever its length.
const WORK_OF_A_READ: u64 = 1024;
/// Cells of the page behind that are read along: the heap of a session of NISAR's writer takes more than one.
const FOLLOWING: u64 = 2;
/// Most pages whose successors are read along.
const MAX_FOLLOWED: usize = 8;
/// Cells in a block.
const CELLS: u64 = 4;

/// How much around a missed byte is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    /// The block: where structures lie close together.
    Block,
    /// A quarter of it: for heap collections, which lie alone among raw data.
    Cell,
}

/// Why [`Blocks::read`] did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not at hand; it has been noted and the next wave fetches it.
    Missing,
    /// Past the end of the file.
    Outside,
    /// Longer than any structure of a sound file.
    TooLong,
    /// The walk has read more than any sound file makes it read.
    TooMuch,
}

/// The bytes of one file that are at hand, in cells by number; [`CELLS`] cells are a block.
pub(crate) struct Blocks {
    cell: u64,
    max_bytes: u64,
    /// Whether later waves read along more and more: structures that lead from one to the next tend to lie together.
    reads_ahead: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    size: u64,
    held: BTreeMap<u64, Bytes>,
    held_bytes: u64,
    missed: BTreeSet<u64>,
    waves: u32,
    /// Work of this walk so far.
    work: u64,
    /// Bytes of a page of the file, once they are known.
    page: Option<u64>,
    /// Pages in which structures were missed.
    pages: BTreeSet<u64>,
    /// Everything that was fetched, by its place.
    fetched: Vec<Range<u64>>,
}

impl Blocks {
    /// An empty cache of blocks of `block` bytes that holds at most `max_bytes`.
    pub(crate) fn new(block: u64, max_bytes: u64) -> Self {
        Blocks { cell: (block / CELLS).max(256), max_bytes, reads_ahead: true, state: Mutex::default() }
    }

    /// An empty cache of a file whose size is known; it fetches what is missed and nothing ahead of it.
    pub(crate) fn of_size(block: u64, max_bytes: u64, size: u64) -> Self {
        let blocks = Blocks { reads_ahead: false, ..Blocks::new(block, max_bytes) };
        blocks.state().size = size;
        blocks
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

    /// Tells the size of the file's pages.
    ///
    /// A writer that fills pages begins one for the heap right behind the one for the headers that refer to it, so
    /// the first bytes of the page behind one that was missed are fetched along: a round less, for two cells.
    pub(crate) fn set_page(&self, page: u64) {
        if page > 2 * CELLS * self.cell {
            self.state().page = Some(page);
        }
    }

    /// What was fetched, by its place, neighbours as one.
    pub(crate) fn fetched(&self) -> Vec<Range<u64>> {
        let mut ranges = self.state().fetched.clone();
        ranges.sort_unstable_by_key(|range| range.start);
        ranges.dedup_by(|next, range| {
            let touches = next.start <= range.end;
            if touches {
                range.end = range.end.max(next.end);
            }
            touches
        });
        ranges
    }

    /// Notes that all of a range is wanted, as far as the file reaches.
    pub(crate) fn want(&self, range: &Range<u64>) {
        let mut state = self.state();
        let end = range.end.min(state.size);
        for number in range.start / self.cell..end.div_ceil(self.cell) {
            if !state.held.contains_key(&number) {
                state.missed.insert(number);
            }
        }
    }

    /// Begins to count the work of a walk.
    pub(crate) fn start_walk(&self) {
        self.state().work = 0;
    }

    /// The limit of work and what was asked, if this walk met it.
    pub(crate) fn too_much(&self) -> Option<Error> {
        let (asked, allowed) = (self.state().work, MAX_WORK);
        let what = "bytes of metadata parsed in one walk (it may lead round and round)".to_owned();
        (asked > allowed).then_some(Error::Limit { what, asked, allowed })
    }

    /// The bytes of one range, or why not.
    pub(crate) fn read(&self, offset: u64, length: usize) -> Result<Bytes, Refusal> {
        let missed = self.note(offset, length, Around::Block)?;
        if missed { Err(Refusal::Missing) } else { Ok(self.gather(offset, length)) }
    }

    /// The bytes of one range with zeros for those that are missing, unless there would be many zeros.
    pub(crate) fn read_leniently(
        &self,
        offset: u64,
        length: usize,
        around: Around,
    ) -> Result<Bytes, Refusal> {
        let missed = self.note(offset, length, around)?;
        if missed && length > MAX_ZEROS { Err(Refusal::Missing) } else { Ok(self.gather(offset, length)) }
    }

    /// The bytes at hand from the beginning of the file on, in one piece.
    pub(crate) fn beginning(&self) -> Bytes {
        let length = {
            let state = self.state();
            let cells =
                state.held.iter().zip(0u64..).take_while(|((number, _), expected)| *number == expected);
            cells.map(|((_, held), _)| held.len()).sum()
        };
        self.gather(0, length)
    }

    /// Notes that a structure at `offset` is likely to be missed.
    pub(crate) fn suggest(&self, offset: u64, around: Around) {
        // A guess outside of the file is no error.
        let _ = self.note(offset, SUGGESTED, around);
    }

    /// Does something that may miss bytes; if it says that it was in vain, what it missed is forgotten.
    pub(crate) fn tentatively(&self, something: impl FnOnce() -> bool) -> bool {
        let before = {
            let state = self.state();
            (state.missed.clone(), state.pages.clone())
        };
        let worked = something();
        if !worked {
            let mut state = self.state();
            (state.missed, state.pages) = before;
        }
        worked
    }

    /// Notes what of a range is missing; tells whether anything is.
    fn note(&self, offset: u64, length: usize, around: Around) -> Result<bool, Refusal> {
        let mut state = self.state();
        let end =
            offset.checked_add(length as u64).filter(|end| *end <= state.size).ok_or(Refusal::Outside)?;
        if length > MAX_READ {
            return Err(Refusal::TooLong);
        }
        state.work = state.work.saturating_add(WORK_OF_A_READ + length as u64);
        if state.work > MAX_WORK {
            return Err(Refusal::TooMuch);
        }
        let cells = state.size.div_ceil(self.cell);
        let mut missing = false;
        for number in offset / self.cell..end.div_ceil(self.cell) {
            if state.held.contains_key(&number) {
                continue;
            }
            missing = true;
            if around == Around::Block
                && let Some(page) = state.page
            {
                state.pages.insert(number * self.cell / page);
            }
            let first = number - number % CELLS;
            let fetched = match around {
                Around::Block => first..(first + CELLS).min(cells),
                Around::Cell => number..number + 1,
            };
            for number in fetched {
                if !state.held.contains_key(&number) {
                    state.missed.insert(number);
                }
            }
        }
        Ok(missing)
    }

    fn gather(&self, offset: u64, length: usize) -> Bytes {
        let state = self.state();
        let end = offset + length as u64;
        let (first, last) = (offset / self.cell, end.saturating_sub(1) / self.cell);
        if first >= last {
            let from = (offset - first * self.cell) as usize;
            let held = state.held.get(&first).and_then(|held| (from + length <= held.len()).then_some(held));
            return held.map_or_else(|| vec![0; length].into(), |held| held.slice(from..from + length));
        }
        let mut bytes = vec![0; length];
        for (number, held) in state.held.range(first..=last) {
            let base = number * self.cell;
            let (from, to) = (offset.max(base), end.min(base + held.len() as u64));
            bytes[(from - offset) as usize..(to - offset) as usize]
                .copy_from_slice(&held[(from - base) as usize..(to - base) as usize]);
        }
        bytes.into()
    }
    /// Fetches the first `bytes` of the file.
    ///
    /// # Errors
    /// As [`Blocks::fetch_missed`].
    pub(crate) async fn fetch_first(&self, reader: &dyn ReadRanges, bytes: u64) -> Result<()> {
        let cells = bytes.div_ceil(self.cell).max(1);
        self.fetch(reader, std::iter::once(0..cells).collect()).await
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

    /// Missed cells as runs of numbers, with neighbours in later waves.
    fn missed_runs(&self) -> Vec<Range<u64>> {
        let mut state = self.state();
        self.follow_pages(&mut state);
        let missed = std::mem::take(&mut state.missed);
        let doublings = state.waves.saturating_add(1).saturating_sub(AHEAD_FROM).min(8);
        let ahead = if doublings == 0 || !self.reads_ahead {
            1
        } else {
            CELLS * (1u64 << (doublings - 1)).min(MAX_AHEAD)
        };
        let end = state.size.div_ceil(self.cell);
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

    /// Adds the first cells of the page behind each in which structures were missed.
    fn follow_pages(&self, state: &mut State) {
        let Some(page) = state.page else { return };
        let behind = |number: &u64| (number + 1).saturating_mul(page) / self.cell;
        let following: Vec<u64> = state.pages.iter().take(MAX_FOLLOWED).map(behind).collect();
        let end = state.size.div_ceil(self.cell);
        for first in following {
            for number in first..first.saturating_add(FOLLOWING).min(end) {
                if !state.held.contains_key(&number) {
                    state.missed.insert(number);
                }
            }
        }
    }

    async fn fetch(&self, reader: &dyn ReadRanges, runs: Vec<Range<u64>>) -> Result<()> {
        let asked = runs.iter().map(|run| (run.end - run.start).saturating_mul(self.cell)).sum::<u64>();
        let held = self.state().held_bytes;
        if held.saturating_add(asked) > self.max_bytes {
            let what = "bytes of metadata".to_owned();
            return Err(Error::Limit { what, asked: held.saturating_add(asked), allowed: self.max_bytes });
        }
        let known = self.state().size;
        let cut = |end: u64| if known == 0 { end } else { end.min(known) };
        let ranges: Vec<Range<u64>> =
            runs.iter().map(|run| run.start * self.cell..cut(run.end.saturating_mul(self.cell))).collect();
        let fetched = reader.read_ranges(&ranges).await.map_err(Error::Read)?;
        let mut state = self.state();
        if state.size > 0 && state.size != fetched.size {
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
        state.fetched.extend(ranges);
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
            let end = part.len().min(at + self.cell as usize);
            let number = (range.start + at as u64) / self.cell;
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
    use futures::FutureExt;

    fn file() -> Vec<u8> {
        (0..10_000u32).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn all_misses_are_fetched_together_and_once() {
        let reader = CountingReader::new(MemoryReader::new(file()));
        let blocks = Blocks::new(1024, 1 << 20);
        blocks.fetch_first(&reader, 500).now_or_never().unwrap().unwrap();
        assert_eq!(blocks.size(), 10_000);
        assert_eq!(blocks.read(2990, 20), Err(Refusal::Missing));
        assert_eq!(blocks.read(9_999, 1), Err(Refusal::Missing));
        assert_eq!(blocks.read(9_999, 2), Err(Refusal::Outside));
        assert_eq!(blocks.read(u64::MAX, 2), Err(Refusal::Outside));
        blocks.fetch_missed(&reader).now_or_never().unwrap().unwrap();
        assert!(!blocks.has_missed());
        assert_eq!(blocks.read(2990, 20).unwrap(), &file()[2990..3010]);
        assert_eq!(blocks.read(9_999, 1).unwrap(), &file()[9_999..]);
        let counts = reader.counts();
        assert_eq!(
            (counts.waves, counts.requests, counts.bytes, counts.bytes_again),
            (2, 3, 512 + 1024 + 784, 0)
        );
    }

    #[test]
    fn later_waves_read_ahead() {
        let reader = CountingReader::new(MemoryReader::new(file()));
        let blocks = Blocks::new(1024, 1 << 20);
        blocks.fetch_first(&reader, 1).now_or_never().unwrap().unwrap();
        for offset in [1024, 3000, 5000, 8000] {
            assert_eq!(blocks.read(offset, 1), Err(Refusal::Missing));
            blocks.fetch_missed(&reader).now_or_never().unwrap().unwrap();
        }
        assert_eq!(blocks.waves(), 5);
        assert_eq!(blocks.read(8_900, 1).unwrap(), &file()[8_900..8_901]);
        assert_eq!(reader.counts().bytes_again, 0);
    }

    #[test]
    fn missing_bytes_are_zero_and_noted() {
        let reader = CountingReader::new(MemoryReader::new(file()));
        let blocks = Blocks::new(1024, 1 << 20);
        blocks.fetch_first(&reader, 1).now_or_never().unwrap().unwrap();
        let bytes = blocks.read_leniently(250, 10, Around::Cell).unwrap();
        assert_eq!((&bytes[..6], &bytes[6..]), (&file()[250..256], &[0; 4][..]));
        assert_eq!(blocks.read_leniently(9_990, 10, Around::Cell).unwrap(), [0; 10][..]);
        assert!(blocks.has_missed());
        blocks.fetch_missed(&reader).now_or_never().unwrap().unwrap();
        assert_eq!(blocks.read(9_990, 10).unwrap(), &file()[9_990..]);
        assert_eq!(blocks.beginning(), &file()[..512]);
        assert_eq!(reader.counts().bytes, 256 + 256 + 16);
    }

    #[test]
    fn the_cache_is_bounded() {
        let reader = MemoryReader::new(file());
        let blocks = Blocks::new(1024, 3000);
        blocks.fetch_first(&reader, 1000).now_or_never().unwrap().unwrap();
        assert_eq!(blocks.read(3000, 3000), Err(Refusal::Missing));
        let error = blocks.fetch_missed(&reader).now_or_never().unwrap().unwrap_err();
        assert!(matches!(error, Error::Limit { asked: 5120, allowed: 3000, .. }), "{error}");
    }
}
