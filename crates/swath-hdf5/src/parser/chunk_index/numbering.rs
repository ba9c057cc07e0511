//! How arrays number chunks: in C order of the grid that the largest shape has.

use super::wanted::Wanted;
use super::{Answer, Entry, Extents, Fault, Lookup, too_large};

/// The order of an array's elements.
///
/// An array numbers the chunks of the largest shape, so that a dataset can grow without them being moved. The axis
/// that grows without end comes first in an extensible array, wherever it is in the dataset (specification VII.D).
#[derive(Debug)]
pub(super) struct Numbering {
    /// Chunks along each axis of the largest shape, in the array's order of axes. The first does not count.
    extents: Vec<u64>,
    /// Which axis of the dataset comes first.
    first: usize,
    wanted: Wanted,
}

impl Numbering {
    pub(super) fn new(extents: &Extents<'_>, wanted: &Wanted) -> Self {
        let most = |axis: usize| extents.max_shape.and_then(|most| most.get(axis).copied());
        let endless = |axis: usize| most(axis) == Some(None);
        let first = (0..extents.shape.len()).find(|axis| endless(*axis)).unwrap_or(0);
        let along = |(axis, (shape, chunk)): (usize, (&u64, &u64))| {
            most(axis).flatten().unwrap_or(*shape).max(*shape).div_ceil(*chunk)
        };
        let mut grid: Vec<u64> = extents.shape.iter().zip(extents.chunk).enumerate().map(along).collect();
        if first < grid.len() {
            grid[..=first].rotate_right(1);
        }
        Numbering { extents: grid, first, wanted: wanted.with_first(first) }
    }

    /// The number of the first wanted chunk that is not below `number`, and its coordinates in the dataset.
    pub(super) fn from(&self, number: u64) -> Answer<Option<(u64, Vec<u64>)>> {
        let mut rest = number;
        let mut at = vec![0; self.extents.len()];
        for (axis, extent) in self.extents.iter().enumerate().skip(1).rev() {
            at[axis] = rest % (*extent).max(1);
            rest /= (*extent).max(1);
        }
        if let Some(first) = at.first_mut() {
            *first = rest;
        }
        let Some(mut found) = self.wanted.from(&at) else { return Ok(None) };
        let mut number = 0u64;
        for (at, extent) in found.iter().zip(&self.extents) {
            let next = number.checked_mul(*extent).and_then(|number| number.checked_add(*at));
            number = next.ok_or_else(|| too_large("number of a chunk"))?;
        }
        if self.first < found.len() {
            found[..=self.first].rotate_left(1);
        }
        Ok(Some((number, found)))
    }

    /// Whether any of the chunks `start..end` is wanted.
    pub(super) fn any_in(&self, start: u64, end: u64) -> Answer<bool> {
        Ok(self.from(start)?.is_some_and(|(number, _)| number < end))
    }

    /// The wanted chunks among `start..end`.
    pub(super) fn each_in(&self, start: u64, end: u64) -> impl Iterator<Item = Answer<(u64, Vec<u64>)>> {
        let mut next = start;
        std::iter::from_fn(move || {
            let found = self.from(next).transpose()?;
            match found {
                Ok((number, _)) if number >= end => None,
                Ok((number, chunk)) => {
                    next = number + 1;
                    Some(Ok((number, chunk)))
                }
                Err(fault) => {
                    next = u64::MAX;
                    Some(Err(fault))
                }
            }
        })
    }
}

impl Lookup<'_> {
    /// Chunks that lie one after the other (specification VII.B): nothing is read.
    pub(super) fn implicit(&self, wanted: &Wanted, bytes: u64) -> Answer<Vec<Entry>> {
        let numbering = Numbering::new(&self.extents, wanted);
        let mut entries = Vec::new();
        for found in numbering.each_in(0, u64::MAX) {
            let (number, chunk) = found?;
            let address = number.checked_mul(bytes).and_then(|at| at.checked_add(self.index.address));
            let address = address.ok_or_else(|| too_large("address of a chunk"))?;
            entries.push(Entry { chunk, address, size: bytes, mask: 0 });
        }
        Ok(entries)
    }

    /// The wanted elements of a run that begins with element `start` and is `size` bytes each.
    pub(super) fn elements(
        &self,
        run: &[u8],
        start: u64,
        (size, filtered): (usize, bool),
        numbering: &Numbering,
        entries: &mut Vec<Entry>,
    ) -> Answer<()> {
        let count = (run.len() / size.max(1)) as u64;
        for found in numbering.each_in(start, start.saturating_add(count)) {
            let (number, chunk) = found?;
            let at = (number - start) as usize * size;
            let element = run.get(at..at + size).and_then(|bytes| self.element(bytes, filtered, chunk));
            entries.push(element.ok_or_else(|| Fault::Malformed("array of chunks ends early".to_owned()))?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(shape: &[u64], most: Option<&[Option<u64>]>, chunk: &[u64]) -> Vec<(u64, Vec<u64>)> {
        let extents = Extents { shape, max_shape: most, chunk };
        let numbering = Numbering::new(&extents, &Wanted::all(&extents.grid()));
        numbering.each_in(0, u64::MAX).map(|found| found.ok().unwrap()).collect()
    }

    #[test]
    fn chunks_are_numbered_in_the_largest_shape() {
        let plain = numbers(&[4, 4], None, &[2, 2]);
        assert_eq!(plain.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2, 3]);
        // Columns may grow to six chunks.
        let wide = numbers(&[4, 4], Some(&[Some(8), Some(12)]), &[2, 2]);
        assert_eq!(wide[2], (6, vec![1, 0]));
        // The second axis grows without end, so it counts first.
        let endless = numbers(&[4, 4], Some(&[Some(8), None]), &[2, 2]);
        assert_eq!(
            endless.iter().map(|(n, c)| (*n, c[0], c[1])).collect::<Vec<_>>(),
            [(0, 0, 0), (1, 1, 0), (4, 0, 1), (5, 1, 1)]
        );
    }

    #[test]
    fn numbers_past_the_last_are_errors_and_not_wrong() {
        let extents = Extents { shape: &[3, 1], max_shape: Some(&[Some(3), Some(u64::MAX)]), chunk: &[1, 1] };
        let numbering = Numbering::new(&extents, &Wanted::all(&extents.grid()));
        let found: Vec<_> = numbering.each_in(0, u64::MAX).take(5).collect();
        // Row 1 begins at 2^64 - 1 and row 2 beyond what a number holds.
        assert!(matches!(found[0], Ok((0, _))));
        assert!(found.iter().any(Result::is_err) || found.len() < 3);
    }
}
