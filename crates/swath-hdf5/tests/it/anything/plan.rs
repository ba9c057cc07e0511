//! Any selection of any dataset, planned.

use arbitrary::{Result, Unstructured};
use swath_hdf5::{Axis, Dataset, Filter, Layout, Plan, Selection};

use super::made::{dataset, table};

/// Most selected elements that are looked for one by one.
const MAX_ELEMENTS: u64 = 4096;

/// Plans any selection of any dataset: an error, or pieces that hold every selected element, each in one place.
/// How many pieces there are.
pub(crate) fn plan_anything(bytes: &[u8]) -> Option<usize> {
    let mut input = Unstructured::new(bytes);
    let dataset = any_dataset(&mut input).ok()?;
    let selection = any_selection(&mut input, &dataset.shape).ok()?;
    let plan = dataset.plan("/any", &selection).ok()?;
    if dataset.layout == Layout::Null {
        assert_eq!((plan.output_bytes(), plan.pieces().len()), (0, 0));
        return Some(0);
    }
    assert_eq!(plan.shape(), selection.shape());
    let elements = selection.elements().expect("a planned selection can be counted");
    assert_eq!(plan.output_bytes() as u64, elements * plan.element_bytes() as u64);
    let ranges = plan.ranges();
    assert!(ranges.iter().all(|range| range.start <= range.end));
    assert!(ranges.is_sorted_by_key(|range| range.start));
    if elements <= MAX_ELEMENTS {
        assert_each_element_once(&plan, &selection);
    }
    Some(plan.pieces().len())
}

/// Counts for each selected element the pieces that hold it.
fn assert_each_element_once(plan: &Plan, selection: &Selection) {
    let taken = |piece: usize, axis: usize| {
        let piece = &plan.pieces()[piece];
        let (from, to) = (piece.origin()[axis], piece.origin()[axis].saturating_add(piece.extent()[axis]));
        let Axis { start, count, step } = selection.axes()[axis];
        (0..count).filter(move |number| (from..to).contains(&(start + number * step))).collect::<Vec<u64>>()
    };
    let shape = selection.shape();
    let mut holders = vec![0u8; selection.elements().unwrap_or(0) as usize];
    for piece in 0..plan.pieces().len() {
        let mut places = vec![0usize];
        for (axis, extent) in shape.iter().enumerate() {
            let taken = taken(piece, axis);
            let next = |place: &usize| {
                taken.iter().map(|number| place * *extent as usize + *number as usize).collect()
            };
            places = places.iter().flat_map(|place| -> Vec<usize> { next(place) }).collect();
        }
        places.into_iter().for_each(|place| holders[place] = holders[place].saturating_add(1));
    }
    assert!(holders.iter().all(|holders| *holders == 1), "{holders:?}");
}

/// A number that mostly is small, and now and then as large as numbers are.
fn any_number(input: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match input.int_in_range(0..=15u8)? {
        0 => input.arbitrary()?,
        1 => u64::MAX - u64::from(input.arbitrary::<u8>()?),
        2 => 1 << input.int_in_range(0..=63)?,
        3 => u64::from(input.arbitrary::<u16>()?),
        _ => input.int_in_range(0..=40)?,
    })
}

fn any_numbers(input: &mut Unstructured<'_>, count: usize) -> Result<Vec<u64>> {
    (0..count).map(|_| any_number(input)).collect()
}

fn any_dataset(input: &mut Unstructured<'_>) -> Result<Dataset> {
    let rank = if input.ratio(1, 20)? { input.int_in_range(0..=40)? } else { input.int_in_range(0..=4)? };
    let element = if input.ratio(1, 20)? { input.arbitrary()? } else { input.int_in_range(0..=17)? };
    let shape = any_numbers(input, rank)?;
    let filters =
        (0..input.int_in_range(0..=3)?).map(|_| input.arbitrary().map(filter)).collect::<Result<_>>()?;
    let mut chunk_shape = None;
    let layout = match input.int_in_range(0..=7u8)? {
        0 => Layout::Null,
        1 => Layout::External(Vec::new()),
        2 => Layout::Compact(input.bytes(input.len().min(64))?.to_vec()),
        3 | 4 => Layout::Contiguous {
            offset: if input.arbitrary()? { Some(any_number(input)?) } else { None },
            size: if input.ratio(3, 4)? { bytes_of(&shape, element) } else { any_number(input)? },
        },
        _ => {
            let lies = input.ratio(1, 8)?;
            let axes = if lies { input.int_in_range(0..=5)? } else { rank };
            let chunk = any_numbers(input, axes)?;
            let grid = if lies {
                any_numbers(input, rank)?
            } else {
                shape.iter().zip(&chunk).map(|(extent, chunk)| extent.div_ceil((*chunk).max(1))).collect()
            };
            chunk_shape = Some(chunk);
            let (count, masks) = (input.int_in_range(0..=8)?, input.arbitrary()?);
            let numbers = input.bytes(input.len().min(48))?;
            let refused = || arbitrary::Error::IncorrectFormat;
            Layout::Chunked(any_table(&grid, count, masks, numbers).ok_or_else(refused)?)
        }
    };
    Ok(dataset(element, shape, chunk_shape, filters, layout))
}

/// The longest table that the numbers give.
fn any_table(grid: &[u64], most: u64, masks: bool, numbers: &[u8]) -> Option<swath_hdf5::ChunkTable> {
    let fits = |count: u64| {
        (0..=numbers.len()).rev().find_map(|length| table(grid, count, masks, &numbers[..length]))
    };
    (0..=most).rev().find_map(fits)
}

fn filter(id: u8) -> Filter {
    Filter::new(u16::from(id % 8), None, vec![u32::from(id / 8)])
}

fn bytes_of(shape: &[u64], element: u32) -> u64 {
    shape.iter().fold(u64::from(element), |bytes, extent| bytes.saturating_mul(*extent))
}

/// A selection that mostly lies inside of the shape.
fn any_selection(input: &mut Unstructured<'_>, shape: &[u64]) -> Result<Selection> {
    if input.ratio(1, 16)? {
        let rank = input.int_in_range(0..=40)?;
        let axis =
            |_| Ok(Axis { start: any_number(input)?, count: any_number(input)?, step: any_number(input)? });
        return Ok(Selection::strided((0..rank).map(axis).collect::<Result<_>>()?));
    }
    let axis = |extent: &u64| {
        let start = any_number(input)? % extent.saturating_add(1);
        let step = if input.ratio(1, 2)? { 1 } else { any_number(input)?.max(1) };
        let most = (extent - start).div_ceil(step);
        let count = if input.ratio(1, 2)? { most } else { any_number(input)? % most.saturating_add(1) };
        Ok(Axis { start, count, step })
    };
    Ok(Selection::strided(shape.iter().map(axis).collect::<Result<_>>()?))
}
