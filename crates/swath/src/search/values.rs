//! What the options of a query are given as: one value or several, numbers or ranges, moments.

use jiff::{Timestamp, civil};

/// One text or several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(pub(super) Vec<String>);

impl From<&str> for Values {
    fn from(value: &str) -> Self {
        Self(vec![value.to_owned()])
    }
}

impl From<String> for Values {
    fn from(value: String) -> Self {
        Self(vec![value])
    }
}

impl From<&String> for Values {
    fn from(value: &String) -> Self {
        Self(vec![value.clone()])
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Values {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Into<String>> From<Vec<T>> for Values {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Clone + Into<String>> From<&[T]> for Values {
    fn from(values: &[T]) -> Self {
        values.iter().cloned().collect()
    }
}

impl<T: Into<String>> FromIterator<T> for Values {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().map(Into::into).collect())
    }
}

/// One whole number, or all from `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRange {
    /// The first.
    pub first: i64,
    /// The last, which belongs to the range.
    pub last: i64,
}

impl From<i64> for NumberRange {
    fn from(number: i64) -> Self {
        Self { first: number, last: number }
    }
}

impl From<(i64, i64)> for NumberRange {
    fn from((first, last): (i64, i64)) -> Self {
        Self { first, last }
    }
}

impl From<std::ops::RangeInclusive<i64>> for NumberRange {
    fn from(range: std::ops::RangeInclusive<i64>) -> Self {
        Self { first: *range.start(), last: *range.end() }
    }
}

/// Numbers and ranges of numbers: `172`, `[8, 9]`, `(1, 10)`, `1..=10`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers(pub(super) Vec<NumberRange>);

impl<T: Into<NumberRange>> From<T> for Numbers {
    fn from(one: T) -> Self {
        Self(vec![one.into()])
    }
}

impl<T: Into<NumberRange>, const N: usize> From<[T; N]> for Numbers {
    fn from(several: [T; N]) -> Self {
        Self(several.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<NumberRange>> From<Vec<T>> for Numbers {
    fn from(several: Vec<T>) -> Self {
        Self(several.into_iter().map(Into::into).collect())
    }
}

/// A point in time, as text or as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment(pub(super) Given);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Text(String),
    Instant(Timestamp),
    Day(civil::Date),
}

impl From<&str> for Moment {
    fn from(text: &str) -> Self {
        Self(Given::Text(text.to_owned()))
    }
}

impl From<String> for Moment {
    fn from(text: String) -> Self {
        Self(Given::Text(text))
    }
}

impl From<Timestamp> for Moment {
    fn from(instant: Timestamp) -> Self {
        Self(Given::Instant(instant))
    }
}

impl From<civil::Date> for Moment {
    fn from(day: civil::Date) -> Self {
        Self(Given::Day(day))
    }
}
