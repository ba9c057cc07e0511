//! The values that options may have, and the errors for those that they may not.

use crate::error::{Error, Result};
use crate::granule::{Crid, Direction, Maturity, Pipeline, shown};

use super::collections::{DATASETS, product_types};
use super::values::Numbers;

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

/// The position of a dataset in the table.
pub(super) fn dataset(value: &str) -> Result<usize> {
    DATASETS.iter().position(|(name, _)| *name == value).ok_or_else(|| {
        let names: Vec<&str> = DATASETS.iter().map(|(name, _)| *name).collect();
        let hint = format!(
            "it may be {} (spelled like this); name other missions' collections with short_name",
            names.join(", ")
        );
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

pub(super) fn maturity(value: &str) -> Result<Maturity> {
    let tiers = [
        ("BETA", Maturity::Beta),
        ("PROVISIONAL", Maturity::Provisional),
        ("VALIDATED", Maturity::Validated),
    ];
    let found = tiers.iter().find(|(name, _)| name.eq_ignore_ascii_case(value));
    found.map(|(_, tier)| *tier).ok_or_else(|| refused("data_maturity", value, &tiers.map(|(name, _)| name)))
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
pub(super) fn numbers(option: &str, numbers: &Numbers, most: i64) -> Result<Vec<String>> {
    let mut written = Vec::new();
    for range in &numbers.0 {
        if range.first < 1 || range.last > most || range.first > range.last {
            let given = match range.first == range.last {
                true => range.first.to_string(),
                false => format!("{} to {}", range.first, range.last),
            };
            return Err(Error::usage(format!("{option} cannot be {given}"))
                .with_hint(format!("it may be a number from 1 to {most}, or a range within")));
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
