//! Start and end of a query: ISO 8601 or English words in, UTC out.

mod words;

use jiff::{SignedDuration, Timestamp, civil, tz};

use self::words::Said;
use super::values::{Moment, When};
use crate::error::{Error, Result};
use crate::granule::shown;

/// What the catalogue is told when no start is given: before the first of ASF's missions.
const BEGINNING: &str = "1978-01-01T00:00:00Z";

/// The `temporal` value: start, end, and the days of a season; `None` without any of them.
pub(super) fn temporal(
    start: Option<&Moment>,
    end: Option<&Moment>,
    season: Option<&str>,
    now: Timestamp,
) -> Result<Option<String>> {
    let start = start.map(|moment| instant("start", moment, Edge::Start, now)).transpose()?;
    let end = end.map(|moment| instant("end", moment, Edge::End, now)).transpose()?;
    if let (Some(first), Some(last)) = (start, end)
        && first > last
    {
        let what = format!("start ({}) is after end ({})", written(first), written(last));
        return Err(Error::usage(what).with_hint("exchange the two"));
    }
    if start.is_none() && end.is_none() && season.is_none() {
        return Ok(None);
    }
    let start = start.map_or_else(|| BEGINNING.to_owned(), written);
    // Without an end the span stays open: what is ingested during the search belongs to it.
    let end = end.map(written).unwrap_or_default();
    Ok(Some(format!("{start},{end},{}", season.unwrap_or_default())))
}

/// The moment from which on changes in the catalogue count.
pub(super) fn since(option: &str, moment: &Moment, now: Timestamp) -> Result<String> {
    instant(option, moment, Edge::Start, now).map(written)
}

#[derive(Clone, Copy, PartialEq)]
enum Edge {
    Start,
    End,
}

/// The moment in whole seconds, rounded outwards; a day alone begins at 00:00:00 and ends at 23:59:59.
fn instant(option: &str, moment: &Moment, edge: Edge, now: Timestamp) -> Result<Timestamp> {
    let exact = match &moment.0 {
        When::Instant(instant) => Some(*instant),
        When::Day(day) => of_day(*day, edge),
        When::Text(text) => read(text.trim(), edge, now),
    };
    exact.and_then(|exact| outwards(exact, edge)).ok_or_else(|| {
        let given = match &moment.0 {
            When::Text(text) => format!("{:?}", shown(text)),
            When::Instant(instant) => instant.to_string(),
            When::Day(day) => day.to_string(),
        };
        let hint = match is_ambiguous(moment) {
            true => "write the year first: it may be a day of either month",
            false => {
                "write 2025-11-22, 2025-11-22T02:46:18 (UTC), 2025-11-22T02:46:18+03:00, \
                 November 22 2025, 3 weeks ago, or yesterday"
            }
        };
        Error::usage(format!("{option} {given} is not a date")).with_hint(hint)
    })
}

/// `3/4/2026`: day or month first.
fn is_ambiguous(moment: &Moment) -> bool {
    let When::Text(text) = &moment.0 else { return false };
    let parts: Vec<&str> = text.trim().split(['/', '.', '-']).collect();
    let small = |text: &str| text.parse::<u8>().is_ok_and(|number| (1..=12).contains(&number));
    matches!(parts.as_slice(), [first, second, year] if small(first) && small(second) && year.len() == 4)
}

/// A moment as text; a time without offset is UTC.
fn read(text: &str, edge: Edge, now: Timestamp) -> Option<Timestamp> {
    let said = match iso(text) {
        Some(said) => said,
        None => seconds(text).map(Said::Instant).or_else(|| words::read(text, now))?,
    };
    match (said, edge) {
        (Said::Instant(instant), _) => Some(instant),
        (Said::Days(first, _), Edge::Start) => of_day(first, edge),
        (Said::Days(_, last), Edge::End) => of_day(last, edge),
    }
}

/// `YYYY-MM-DD`, with or without time of day, with or without offset.
fn iso(text: &str) -> Option<Said> {
    // Other forms of ISO 8601 (20251122, week dates) are mistaken too easily for numbers.
    let dashes = text.as_bytes();
    if dashes.get(4) != Some(&b'-') || dashes.get(7) != Some(&b'-') || text.contains('[') {
        return None;
    }
    if text.len() == 10 {
        let day = text.parse().ok()?;
        return Some(Said::Days(day, day));
    }
    text.parse::<Timestamp>().ok().or_else(|| utc(text.parse().ok()?)).map(Said::Instant)
}

/// Seconds or milliseconds since 1970, as asf_search takes them: ten digits or thirteen.
fn seconds(text: &str) -> Option<Timestamp> {
    let number: i64 = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    match text.len() {
        10 => Timestamp::from_second(number).ok(),
        13 => Timestamp::from_millisecond(number).ok(),
        _ => None,
    }
}

fn utc(time: civil::DateTime) -> Option<Timestamp> {
    tz::Offset::UTC.to_timestamp(time).ok()
}

fn of_day(day: civil::Date, edge: Edge) -> Option<Timestamp> {
    match edge {
        Edge::Start => utc(day.at(0, 0, 0, 0)),
        Edge::End => utc(day.at(23, 59, 59, 0)),
    }
}

fn outwards(exact: Timestamp, edge: Edge) -> Option<Timestamp> {
    let parts = exact.subsec_nanosecond();
    let second = match parts {
        0 => exact,
        1.. => exact.checked_sub(SignedDuration::from_nanos(parts.into())).ok()?,
        _ => exact.checked_sub(SignedDuration::from_nanos(1_000_000_000 + i64::from(parts))).ok()?,
    };
    if edge == Edge::End && second < exact {
        return second.checked_add(SignedDuration::from_secs(1)).ok();
    }
    Some(second)
}

/// A whole second as the catalogue writes it.
pub(super) fn written(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
