//! Which chunks are looked for in an index.

/// Numbers of chunks along one axis, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// All from the first to before the second.
    Span(u64, u64),
    /// These, ascending, each once.
    List(Vec<u64>),
}

impl Numbers {
    /// The least that is not below `number`.
    fn from(&self, number: u64) -> Option<u64> {
        match self {
            Numbers::Span(start, end) => Some(number.max(*start)).filter(|found| found < end),
            Numbers::List(list) => list.get(list.partition_point(|listed| *listed < number)).copied(),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Numbers::Span(start, end) => end.saturating_sub(*start),
            Numbers::List(list) => list.len() as u64,
        }
    }
}

/// The chunks whose number along each axis is one of those given for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    axes: Vec<Numbers>,
}

impl Wanted {
    pub(crate) fn new(axes: Vec<Numbers>) -> Self {
        Wanted { axes }
    }

    /// Every chunk of a grid.
    pub(crate) fn all(grid: &[u64]) -> Self {
        Wanted { axes: grid.iter().map(|extent| Numbers::Span(0, *extent)).collect() }
    }

    /// How many there are; `None` beyond 2⁶⁴.
    pub(crate) fn count(&self) -> Option<u64> {
        if self.axes.iter().any(|axis| axis.len() == 0) {
            return Some(0);
        }
        self.axes.iter().try_fold(1u64, |count, axis| count.checked_mul(axis.len()))
    }

    /// Whether the chunk at these coordinates is one of them.
    pub(crate) fn contains(&self, chunk: &[u64]) -> bool {
        chunk.len() == self.axes.len()
            && self.axes.iter().zip(chunk).all(|(axis, number)| axis.from(*number) == Some(*number))
    }

    /// The first in C order that does not come before `chunk`.
    pub(crate) fn from(&self, chunk: &[u64]) -> Option<Vec<u64>> {
        let mut found = Vec::with_capacity(self.axes.len());
        self.complete(chunk, &mut found, true).then_some(found)
    }

    /// Adds numbers along the axes that `found` has not yet, the least that are not before those of `chunk`. While
    /// `tight`, all so far are those of `chunk`, so the next may not be below it; after a larger one any will do.
    fn complete(&self, chunk: &[u64], found: &mut Vec<u64>, tight: bool) -> bool {
        let axis = found.len();
        let Some(numbers) = self.axes.get(axis) else { return true };
        let least = if tight { chunk.get(axis).copied().unwrap_or(0) } else { 0 };
        let mut next = numbers.from(least);
        while let Some(number) = next {
            found.push(number);
            if self.complete(chunk, found, tight && number == least) {
                return true;
            }
            found.truncate(axis);
            // Only the number of `chunk` itself can lead nowhere; what is larger leaves the other axes free.
            next = if tight && number == least {
                number.checked_add(1).and_then(|more| numbers.from(more))
            } else {
                None
            };
        }
        false
    }

    /// Whether any may lie at or after `low` and before `high`, where there are such bounds.
    pub(crate) fn any_between(&self, low: Option<&[u64]>, high: Option<&[u64]>) -> bool {
        let start = vec![0; self.axes.len()];
        let Some(first) = self.from(low.unwrap_or(&start)) else { return false };
        high.is_none_or(|high| first.as_slice() < high)
    }

    /// The same with one axis taken to the front.
    pub(super) fn with_first(&self, axis: usize) -> Self {
        let mut axes = self.axes.clone();
        if axis < axes.len() {
            axes[..=axis].rotate_right(1);
        }
        Wanted { axes }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers() -> impl Strategy<Value = Numbers> {
        prop_oneof![
            (0u64..6, 0u64..7).prop_map(|(start, end)| Numbers::Span(start, end)),
            prop::collection::btree_set(0u64..6, 0..5)
                .prop_map(|set| Numbers::List(set.into_iter().collect())),
        ]
    }

    proptest! {
        /// Against all cells of a small grid, one by one.
        #[test]
        fn the_first_from_anywhere_is_found(
            axes in prop::collection::vec(numbers(), 1..4),
            at in prop::collection::vec(0u64..7, 3),
            to in prop::collection::vec(0u64..7, 3),
        ) {
            let rank = axes.len();
            let (low, high) = (&at[..rank], &to[..rank]);
            let wanted = Wanted::new(axes);
            let mut cells: Vec<Vec<u64>> = vec![vec![]];
            for _ in 0..rank {
                cells = cells.iter().flat_map(|cell| (0..7).map(|n| [&cell[..], &[n]].concat())).collect();
            }
            cells.retain(|cell| wanted.contains(cell));
            prop_assert_eq!(wanted.count(), Some(cells.len() as u64));
            let first = cells.iter().find(|cell| cell.as_slice() >= low).cloned();
            prop_assert_eq!(wanted.from(low), first);
            let any = cells.iter().any(|cell| cell.as_slice() >= low && cell.as_slice() < high);
            prop_assert_eq!(wanted.any_between(Some(low), Some(high)), any);
            prop_assert_eq!(wanted.any_between(None, None), !cells.is_empty());
        }
    }

    #[test]
    fn an_axis_is_taken_to_the_front() {
        let wanted = Wanted::all(&[2, 3, 4]);
        assert_eq!(wanted.with_first(2), Wanted::all(&[4, 2, 3]));
        assert_eq!(wanted.with_first(0), wanted);
    }
}
