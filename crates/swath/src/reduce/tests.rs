//! Against numpy: `testdata/make_reduce_vectors.py` writes what it says.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::array::{Nodata, Values};

/// A float is written as text, which is read with the right rounding.
fn float(value: &Value) -> Option<f64> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn pixels(case: &Value) -> Values {
    let numbers = case["pixels"].as_array().unwrap().iter().map(|pixel| float(pixel).unwrap());
    match case["dtype"].as_str().unwrap() {
        "float32" => numbers.map(|number| number as f32).collect::<Vec<_>>().into(),
        "float64" => numbers.collect::<Vec<_>>().into(),
        "uint8" => numbers.map(|number| number as u8).collect::<Vec<_>>().into(),
        "int16" => numbers.map(|number| number as i16).collect::<Vec<_>>().into(),
        "uint32" => numbers.map(|number| number as u32).collect::<Vec<_>>().into(),
        other => panic!("{other}"),
    }
}

fn close(ours: Option<f64>, theirs: Option<f64>, tolerance: f64) -> bool {
    match (ours, theirs) {
        (Some(a), Some(b)) => (a - b).abs() <= tolerance * b.abs(),
        (a, b) => a == b,
    }
}

#[test]
fn figures_are_those_of_numpy() {
    let cases: Value = serde_json::from_str(include_str!("testdata/reduce_vectors.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 13);
    for case in cases {
        let mut accumulator = Accumulator::new(Nodata::new(case["fill"].as_f64()));
        accumulator.add_values(&pixels(case)).unwrap();
        let found = accumulator.statistics();
        assert_eq!(Statistics::of(&pixels(case), Nodata::new(case["fill"].as_f64())).unwrap(), found);
        let name = &case["name"];
        assert_eq!(Some(found.n_total), case["n_total"].as_u64(), "{name}");
        assert_eq!(Some(found.n_valid), case["n_valid"].as_u64(), "{name}");
        assert_eq!(found.mean, float(&case["mean"]), "{name}: the mean is exact but for its last rounding");
        assert!(close(found.std, float(&case["std"]), 1e-12), "{name}: {:?} {}", found.std, case["std"]);
        assert_eq!((found.min, found.max), (float(&case["min"]), float(&case["max"])), "{name}");
    }
}

#[test]
fn nothing_has_no_figures() {
    let mut accumulator = Accumulator::new(Nodata::default());
    assert_eq!(accumulator.statistics(), Statistics::default());
    assert_eq!(accumulator.statistics().valid_fraction(), None);
    accumulator.add_nodata(7);
    let found = accumulator.statistics();
    assert_eq!((found.n_total, found.n_valid, found.mean), (7, 0, None));
    assert_eq!(found.valid_fraction(), Some(0.0));
}

#[test]
fn what_does_not_fit_is_none_and_not_a_wrong_number() {
    let mut accumulator = Accumulator::new(Nodata::default());
    accumulator.add(&[1e200, 3e200]);
    let found = accumulator.statistics();
    assert_eq!((found.mean, found.std, found.max), (Some(2e200), None, Some(3e200)));
    accumulator.add(&[f64::MAX, f64::MAX]);
    assert_eq!(accumulator.statistics().mean, None);
    let complex = Values::from(vec![num_complex::Complex32::new(1.0, 0.0)]);
    assert!(accumulator.add_values(&complex).is_err());
}

#[test]
fn decibel_has_no_infinity() {
    assert_eq!(decibel(1.0), Some(0.0));
    assert_eq!(decibel(0.01), Some(-20.0));
    for power in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(decibel(power), None);
    }
    let zero = Statistics { mean: Some(0.0), ..Statistics::default() };
    assert_eq!(zero.mean_decibel(), None);
}

proptest! {
    #[test]
    fn order_and_grouping_do_not_matter(
        mut pixels in prop::collection::vec((-40.0_f32..40.0).prop_map(f32::exp), 1..200),
        cut in 0_usize..200,
        turned in 0_usize..200,
    ) {
        let mut whole = Accumulator::new(Nodata::default());
        whole.add_f32(&pixels);
        let length = pixels.len();
        pixels.rotate_left(turned % length);
        pixels.reverse();
        let (front, back) = pixels.split_at(cut % length);
        let mut first = Accumulator::new(Nodata::default());
        let mut second = first;
        back.iter().for_each(|&pixel| second.add_f32(&[pixel]));
        first.add_f32(front);
        second.merge(&first);
        let (one, other) = (whole.statistics(), second.statistics());
        prop_assert_eq!(one.mean, other.mean);
        prop_assert!(close(one.std, other.std, 1e-12));
        prop_assert_eq!((one.n_valid, one.min, one.max), (other.n_valid, other.min, other.max));
    }
}
