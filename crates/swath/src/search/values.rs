//! What the options of a query are given as: one value or several, numbers or ranges, moments.

use std::fmt;

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

/// Numbers and ranges of numbers: `21.5`, `[21.5, 34.3]`, `(9.0, 10.0)`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decimals(pub(super) Vec<(f64, f64)>);

impl From<f64> for Decimals {
    fn from(number: f64) -> Self {
        Self(vec![(number, number)])
    }
}

impl From<(f64, f64)> for Decimals {
    fn from(range: (f64, f64)) -> Self {
        Self(vec![range])
    }
}

impl<const N: usize> From<[f64; N]> for Decimals {
    fn from(numbers: [f64; N]) -> Self {
        Self(numbers.into_iter().map(|number| (number, number)).collect())
    }
}

impl From<Vec<(f64, f64)>> for Decimals {
    fn from(ranges: Vec<(f64, f64)>) -> Self {
        Self(ranges)
    }
}

/// A point in time, as text or as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment(pub(super) When);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    Text(String),
    Instant(Timestamp),
    Day(civil::Date),
}

impl From<&str> for Moment {
    fn from(text: &str) -> Self {
        Self(When::Text(text.to_owned()))
    }
}

impl From<String> for Moment {
    fn from(text: String) -> Self {
        Self(When::Text(text))
    }
}

impl From<Timestamp> for Moment {
    fn from(instant: Timestamp) -> Self {
        Self(When::Instant(instant))
    }
}

impl From<civil::Date> for Moment {
    fn from(day: civil::Date) -> Self {
        Self(When::Day(day))
    }
}

/// What an option holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    Texts(Vec<String>),
    Numbers(Numbers),
    Decimals(Decimals),
    Flag(bool),
    Count(usize),
    Moment(Moment),
    Pairs(Vec<(String, String)>),
    Coordinates(Vec<f64>),
    Area(Box<super::area::Area>),
}

/// The value of an option whose name is known only when the program runs: from a command line, Python, JSON.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OptionValue {
    /// Text; numbers, ranges (`1-10`), flags and dates may be written so too.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Decimal(f64),
    /// True or false.
    Flag(bool),
    /// A moment.
    Moment(Moment),
    /// All numbers from the first to the second.
    Range(Box<(OptionValue, OptionValue)>),
    /// Several values.
    List(Vec<OptionValue>),
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Decimal(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Moment(Moment(When::Text(text))) => f.write_str(text),
            Self::Moment(Moment(When::Instant(instant))) => instant.fmt(f),
            Self::Moment(Moment(When::Day(day))) => day.fmt(f),
            Self::Range(ends) => write!(f, "{} to {}", ends.0, ends.1),
            Self::List(values) => {
                let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", shown.join(", "))
            }
        }
    }
}

/// The largest whole number that a float holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl OptionValue {
    fn each(&self) -> &[Self] {
        match self {
            Self::List(values) => values,
            one => std::slice::from_ref(one),
        }
    }

    pub(super) fn texts(&self) -> Option<Vec<String>> {
        let text = |value: &Self| match value {
            Self::Text(_) | Self::Integer(_) | Self::Decimal(_) => Some(value.to_string()),
            _ => None,
        };
        self.each().iter().map(text).collect()
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Decimal(number) if number.fract() == 0.0 && number.abs() < EXACT => Some(*number as i64),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn decimal(&self) -> Option<f64> {
        let number = match self {
            Self::Integer(number) => *number as f64,
            Self::Decimal(number) => *number,
            Self::Text(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    pub(super) fn numbers(&self) -> Option<Numbers> {
        let range =
            |first: &Self, last: &Self| Some(NumberRange { first: first.integer()?, last: last.integer()? });
        let mut all = Vec::new();
        for value in self.each() {
            match value {
                Self::Range(ends) => all.push(range(&ends.0, &ends.1)?),
                Self::Text(text) => all.extend(Self::split(text, |a, b| range(a, b))?),
                one => all.push(one.integer()?.into()),
            }
        }
        Some(Numbers(all))
    }

    pub(super) fn decimals(&self) -> Option<Decimals> {
        let range = |first: &Self, last: &Self| Some((first.decimal()?, last.decimal()?));
        let mut all = Vec::new();
        for value in self.each() {
            match value {
                Self::Range(ends) => all.push(range(&ends.0, &ends.1)?),
                Self::Text(text) => all.extend(Self::split(text, |a, b| range(a, b))?),
                one => all.push((one.decimal()?, one.decimal()?)),
            }
        }
        Some(Decimals(all))
    }

    /// Numbers in their order, as a list or as text with commas or blanks between them.
    pub(super) fn coordinates(&self) -> Option<Vec<f64>> {
        match self {
            Self::Text(text) => {
                let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
                parts.map(|part| Self::Text(part.to_owned()).decimal()).collect()
            }
            Self::Range(ends) => Some(vec![ends.0.decimal()?, ends.1.decimal()?]),
            several => several.each().iter().map(Self::decimal).collect(),
        }
    }

    /// Numbers and ranges written as text: `8`, `1-10`, `8,9,20-25`.
    fn split<T>(text: &str, range: impl Fn(&Self, &Self) -> Option<T>) -> Option<Vec<T>> {
        let one = |part: &str| {
            // A dash in front is a sign, one further on joins the ends of a range.
            let dash = part.trim().char_indices().skip(1).find(|(_, c)| *c == '-').map(|(at, _)| at);
            let (first, last) = match dash {
                Some(at) => (&part.trim()[..at], &part.trim()[at + 1..]),
                None => (part, part),
            };
            range(&Self::Text(first.to_owned()), &Self::Text(last.to_owned()))
        };
        text.split(',').map(one).collect()
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Integer(0) => Some(false),
            Self::Integer(1) => Some(true),
            Self::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(true),
                "" | "false" | "no" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn moment(&self) -> Option<Moment> {
        match self {
            Self::Moment(moment) => Some(moment.clone()),
            Self::Text(text) => Some(text.as_str().into()),
            Self::Integer(seconds) => Some(seconds.to_string().into()),
            _ => None,
        }
    }

    /// `key=value` as text, a list of two texts, or a list of either.
    pub(super) fn pairs(&self) -> Option<Vec<(String, String)>> {
        let pair = |value: &Self| match value {
            Self::Text(text) => text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())),
            Self::List(both) => match both.as_slice() {
                [Self::Text(key), Self::Text(value)] => Some((key.clone(), value.clone())),
                _ => None,
            },
            _ => None,
        };
        match self {
            Self::List(all) if !all.is_empty() => match pair(self).filter(|(key, _)| !key.contains('=')) {
                Some(one) => Some(vec![one]),
                None => all.iter().map(pair).collect(),
            },
            one => pair(one).map(|one| vec![one]),
        }
    }
}

impl From<&str> for OptionValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for OptionValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for OptionValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for OptionValue {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for OptionValue {
    fn from(number: f64) -> Self {
        Self::Decimal(number)
    }
}

impl From<bool> for OptionValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Moment> for OptionValue {
    fn from(moment: Moment) -> Self {
        Self::Moment(moment)
    }
}

impl<T: Into<OptionValue>> From<(T, T)> for OptionValue {
    fn from((first, last): (T, T)) -> Self {
        Self::Range(Box::new((first.into(), last.into())))
    }
}

impl<T: Into<OptionValue>> From<Vec<T>> for OptionValue {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
