//! The values that options may have, and the errors for those that they may not.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::granule::{Crid, Direction, Maturity, Pipeline, shown};

use super::collections::{self, DATASETS, product_types};
use super::missions::{self, Named};
use super::values::NumberRange;

/// Range bandwidths in MHz that NISAR has (L band, then S band).
const RANGE_BANDWIDTHS: &[&str] = &["20", "40", "20+5", "40+5", "77", "5", "5+5", "10", "25", "37", "75"];

const POLARIZATIONS: &[&str] = &["HH", "HV", "VH", "VV", "LH", "LV", "RH", "RV"];

fn refused(option: &str, value: &str, allowed: &[&str]) -> Error {
    Error::usage(format!("{option} cannot be {:?}", shown(value)))
        .with_hint(format!("it may be {}", allowed.join(", ")))
}

/// Every value as `read` understands it, without repeats.
pub(super) fn each<T: PartialEq>(values: &[String], read: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    let mut checked = Vec::new();
    for value in values {
        let value = read(value.trim())?;
        if !checked.contains(&value) {
            checked.push(value);
        }
    }
    Ok(checked)
}

/// The collections of a dataset.
pub(super) fn dataset(value: &str) -> Result<BTreeSet<String>> {
    if let Some((_, chosen)) = DATASETS.iter().find(|(name, _)| *name == value) {
        return Ok(collections::names(chosen));
    }
    // As in asf_search, datasets are spelled exactly: `ERS` is one, `ers` is a slip.
    let elsewhere = missions::collections_of(Named::Dataset, value).filter(|(name, _)| *name == value);
    elsewhere.map(|(_, names)| names.map(str::to_owned).collect()).ok_or_else(|| {
        let names: Vec<&str> =
            DATASETS.iter().map(|(name, _)| *name).chain(missions::names(Named::Dataset)).collect();
        let hint = format!("it may be {} (spelled like this)", names.join(", "));
        Error::usage(format!("dataset cannot be {:?}", shown(value))).with_hint(hint)
    })
}

/// A product type of NISAR, or `None` for another mission's processing type.
pub(super) fn nisar_type(value: &str) -> Option<&'static str> {
    let wanted = if value.eq_ignore_ascii_case("L0B") { "RRSD" } else { value };
    product_types().find(|code| code.eq_ignore_ascii_case(wanted))
}

pub(super) fn unknown_type(value: &str) -> Error {
    refused("processing_level", value, &product_types().collect::<Vec<_>>())
}

/// Whether a tier is no tier but the wish for all of them.
pub(super) fn is_any(value: &str) -> bool {
    value.trim().eq_ignore_ascii_case("any")
}

pub(super) fn maturity(value: &str) -> Result<Maturity> {
    let tiers = [
        ("BETA", Maturity::Beta),
        ("PROVISIONAL", Maturity::Provisional),
        ("VALIDATED", Maturity::Validated),
    ];
    let found = tiers.iter().find(|(name, _)| name.eq_ignore_ascii_case(value));
    // `ANY` is no tier, but may stand among them.
    let names = ["BETA", "PROVISIONAL", "VALIDATED", "ANY"];
    found.map(|(_, tier)| *tier).ok_or_else(|| refused("data_maturity", value, &names))
}

pub(super) fn crid(value: &str) -> Result<Crid> {
    let found = Crid::parse(&value.to_ascii_uppercase());
    found.ok_or_else(|| refused("crid", value, &["a letter and five digits, such as P05023"]))
}

pub(super) fn pipeline(value: &str) -> Result<&'static str> {
    let found = Pipeline::from_code(&value.to_ascii_uppercase());
    found.map(Pipeline::code).ok_or_else(|| refused("production_configuration", value, &["PR", "UR", "OD"]))
}

pub(super) fn direction(value: &str) -> Result<&'static str> {
    let found = Direction::from_text(value.trim());
    found.map(Direction::word).ok_or_else(|| refused("flight_direction", value, &["ASCENDING", "DESCENDING"]))
}

/// `LEFT` or `RIGHT`.
pub(super) fn look_direction(value: &str) -> Result<&'static str> {
    match value.trim().to_ascii_uppercase().as_str() {
        "LEFT" | "L" => Ok("LEFT"),
        "RIGHT" | "R" => Ok("RIGHT"),
        _ => Err(refused("look_direction", value, &["LEFT", "RIGHT"])),
    }
}

/// `TRUE` for full frames, `FALSE` for partial ones.
pub(super) fn full_frame(value: &str) -> Result<&'static str> {
    match value.trim().to_ascii_uppercase().as_str() {
        "FULL" | "F" => Ok("TRUE"),
        "PARTIAL" | "P" => Ok("FALSE"),
        _ => Err(refused("frame_coverage", value, &["FULL", "PARTIAL"])),
    }
}

/// `HH+HV`: polarizations joined by `+`.
pub(super) fn polarization(option: &str, value: &str) -> Result<String> {
    let value = value.to_ascii_uppercase();
    if value.split('+').all(|one| POLARIZATIONS.contains(&one)) {
        return Ok(value);
    }
    Err(Error::usage(format!("{option} cannot be {:?}", shown(&value))).with_hint(format!(
        "it may be one of {}, or several joined by + as in HH+HV",
        POLARIZATIONS.join(", ")
    )))
}

pub(super) fn range_bandwidth(value: &str) -> Result<String> {
    let found = RANGE_BANDWIDTHS.iter().find(|allowed| **allowed == value);
    found.map(|value| (*value).to_owned()).ok_or_else(|| refused("range_bandwidth", value, RANGE_BANDWIDTHS))
}

/// A value of an additional attribute whose values are not known here. A comma would make a range of it.
pub(super) fn free_text(option: &str, value: &str) -> Result<String> {
    if value.is_empty() || value.len() > 1000 || value.chars().any(char::is_control) {
        return Err(Error::usage(format!("{option} cannot be {:?}", shown(value)))
            .with_hint("give text of 1 to 1,000 letters"));
    }
    Ok(value.replace(',', "\\,"))
}

/// A platform or the short name of a collection: letters, digits and what joins them.
pub(super) fn plain_name(option: &str, value: &str) -> Result<String> {
    let joins = |c: char| matches!(c, '_' | '-' | '.' | ' ' | '*');
    if !value.is_empty() && value.len() <= 200 && value.chars().all(|c| c.is_ascii_alphanumeric() || joins(c))
    {
        return Ok(value.to_owned());
    }
    Err(Error::usage(format!("{option} cannot be {:?}", shown(value)))
        .with_hint("names have letters, digits, '_', '-' and '.'"))
}

/// `C3622214170-ASF`.
pub(super) fn concept_id(value: &str) -> Result<String> {
    let is_id =
        value.strip_prefix('C').and_then(|rest| rest.split_once('-')).is_some_and(|(digits, provider)| {
            !digits.is_empty()
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !provider.is_empty()
                && provider.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
    if is_id && value.len() <= 100 {
        return Ok(value.to_owned());
    }
    Err(Error::usage(format!("collections cannot be {:?}", shown(value)))
        .with_hint("concept ids look like C3622214170-ASF; use short_name for names of collections"))
}

/// Numbers and ranges as the catalogue writes them: `8`, `1,10`.
pub(super) fn numbers(option: &str, numbers: &[NumberRange], least: i64, most: i64) -> Result<Vec<String>> {
    let mut written = Vec::new();
    for range in numbers {
        if range.first < least || range.last > most || range.first > range.last {
            let given = match range.first == range.last {
                true => range.first.to_string(),
                false => format!("{} to {}", range.first, range.last),
            };
            return Err(Error::usage(format!("{option} cannot be {given}"))
                .with_hint(format!("it may be a number from {least} to {most}, or a range within")));
        }
        let text = match range.first == range.last {
            true => range.first.to_string(),
            false => format!("{},{}", range.first, range.last),
        };
        if !written.contains(&text) {
            written.push(text);
        }
    }
    Ok(written)
}

/// Numbers and ranges with a point: `21.5`, `1.0,2.0`.
pub(super) fn decimals(option: &str, ranges: &[(f64, f64)]) -> Result<Vec<String>> {
    let mut written = Vec::new();
    for &(first, last) in ranges {
        if !first.is_finite() || !last.is_finite() || first > last {
            return Err(Error::usage(format!("{option} cannot be {first} to {last}"))
                .with_hint("it may be a finite number, or a range whose first number is the smaller"));
        }
        let text = if first == last { format!("{first:?}") } else { format!("{first:?},{last:?}") };
        if !written.contains(&text) {
            written.push(text);
        }
    }
    Ok(written)
}

/// The days of a season as the catalogue takes them: `300,31`.
pub(super) fn season(days: &[NumberRange]) -> Result<Option<String>> {
    let days: Vec<i64> = match days {
        [] => return Ok(None),
        [both] if both.first != both.last => vec![both.first, both.last],
        days => days.iter().flat_map(|day| [day.first, day.last]).step_by(2).collect(),
    };
    match days.as_slice() {
        [first, last] if (1..=366).contains(first) && (1..=366).contains(last) => {
            Ok(Some(format!("{first},{last}")))
        }
        days => {
            let given: Vec<String> = days.iter().map(ToString::to_string).collect();
            Err(Error::usage(format!("season cannot be {}", given.join(" to "))).with_hint(
                "it takes two days of the year, from 1 to 366: 335 and 60 are December to February",
            ))
        }
    }
}
