//! Which requests a wave of ranges becomes: near ones merged, long ones split. Pure arithmetic.

use std::ops::Range;

/// How ranges are merged and split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coalescing {
    /// Ranges are merged when fewer bytes than this lie between them: cheaper than another request.
    pub(crate) gap: u64,
    /// Merging stops at this length: beyond it two streams are faster than one.
    pub(crate) merge_up_to: u64,
    /// A range longer than this is split into pieces of this length.
    pub(crate) split_above: u64,
    /// The only request of a wave is split in two when it is at least this long. A new connection is slow at first, two
    /// together are twice as fast; and the second one is open when the next wave wants it.
    pub(crate) pair_from: u64,
}

/// One request and the ranges that it serves: place in the caller's list, and range.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) range: Range<u64>,
    pub(crate) members: Vec<(usize, Range<u64>)>,
}

impl Coalescing {
    /// For servers: a request costs some 30 ms of thinking, in which one stream moves a megabyte or more.
    pub(crate) const REMOTE: Self =
        Self { gap: 128 << 10, merge_up_to: 2 << 20, split_above: 8 << 20, pair_from: 256 << 10 };
    /// For disks and memory: nothing is gained by reading more than is asked.
    pub(crate) const LOCAL: Self =
        Self { gap: 1, merge_up_to: 4 << 20, split_above: u64::MAX, pair_from: u64::MAX };

    /// The requests for `ranges`, in the order of their offsets. Empty ranges are served by an empty request each
    /// neighbour absorbs; overlapping ranges share one request.
    pub(crate) fn requests(&self, ranges: &[Range<u64>]) -> Vec<Merged> {
        let mut sorted: Vec<(usize, Range<u64>)> = ranges.iter().cloned().enumerate().collect();
        sorted.sort_by_key(|(_, range)| (range.start, range.end));
        let mut merged: Vec<Merged> = Vec::new();
        for (place, range) in sorted {
            match merged.last_mut() {
                Some(last) if self.joins(&last.range, &range) => {
                    last.range.end = last.range.end.max(range.end);
                    last.members.push((place, range));
                }
                _ => merged.push(Merged { range: range.clone(), members: vec![(place, range)] }),
            }
        }
        merged
    }

    fn joins(&self, last: &Range<u64>, next: &Range<u64>) -> bool {
        let overlaps = next.start < last.end;
        let near = next.start.saturating_sub(last.end) < self.gap;
        let short = next.end.max(last.end) - last.start <= self.merge_up_to;
        overlaps || (near && short)
    }

    /// The pieces that a long range is read in; `alone` if it is all of its wave.
    pub(crate) fn split(&self, range: &Range<u64>, alone: bool) -> Vec<Range<u64>> {
        let length = range.end - range.start;
        let fewest = if alone && length >= self.pair_from { 2 } else { 1 };
        let pieces = length.div_ceil(self.split_above).max(fewest);
        if pieces == 1 {
            return vec![range.clone()];
        }
        let each = length.div_ceil(pieces);
        (0..pieces).map(|i| range.start + i * each..(range.start + (i + 1) * each).min(range.end)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: Coalescing = Coalescing { gap: 10, merge_up_to: 100, split_above: 64, pair_from: 40 };

    #[test]
    fn near_ranges_become_one_request_and_keep_their_places() {
        let merged = SMALL.requests(&[50..60, 0..10, 15..20, 200..290, 292..310]);
        let shape: Vec<_> = merged.iter().map(|m| (m.range.clone(), m.members.len())).collect();
        assert_eq!(shape, [(0..20, 2), (50..60, 1), (200..290, 1), (292..310, 1)]);
        assert_eq!(merged[0].members, [(1, 0..10), (2, 15..20)]);
    }

    #[test]
    fn long_ranges_are_split_evenly() {
        assert_eq!(SMALL.split(&(0..64), false), [0..64]);
        assert_eq!(SMALL.split(&(10..140), false), [10..54, 54..98, 98..140]);
        assert_eq!(SMALL.split(&(0..0), true), [0..0]);
    }

    #[test]
    fn a_lone_range_is_read_as_two_halves() {
        assert_eq!(SMALL.split(&(0..39), true), [0..39]);
        assert_eq!(SMALL.split(&(0..41), true), [0..21, 21..41]);
        assert_eq!(SMALL.split(&(10..140), true), [10..54, 54..98, 98..140]);
        assert_eq!(Coalescing::LOCAL.split(&(0..1 << 40), true).len(), 1);
    }

    proptest! {
        #[test]
        fn every_range_is_served_once_and_no_request_is_wasted(starts in prop::collection::vec((0u64..2000, 1u64..150), 1..40)) {
            let ranges: Vec<_> = starts.iter().map(|(start, length)| *start..start + length).collect();
            let merged = SMALL.requests(&ranges);
            let mut served: Vec<usize> = merged.iter().flat_map(|m| m.members.iter().map(|(place, _)| *place)).collect();
            served.sort_unstable();
            prop_assert_eq!(served, (0..ranges.len()).collect::<Vec<_>>());
            for request in &merged {
                for (place, range) in &request.members {
                    prop_assert_eq!(range, &ranges[*place]);
                    prop_assert!(request.range.start <= range.start && range.end <= request.range.end);
                }
                let end = request.members.iter().map(|(_, range)| range.end).max().unwrap();
                prop_assert_eq!(end, request.range.end);
            }
            for pair in merged.windows(2) {
                prop_assert!(pair[0].range.end <= pair[1].range.start);
            }
        }
    }
}
