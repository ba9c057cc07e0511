//! Start and end of a query: ISO 8601 in, UTC out.

use jiff::{SignedDuration, Timestamp, civil, tz};

use super::values::{Given, Moment};
use crate::error::{Error, Result};
use crate::granule::shown;

/// What the catalogue is told when no start is given: before the first of ASF's missions.
const BEGINNING: &str = "1978-01-01T00:00:00Z";

/// The `temporal` value: start, end, and the place of a season, which is left empty; `None` without any date.
pub(super) fn temporal(start: Option<&Moment>, end: Option<&Moment>) -> Result<Option<String>> {
    let start = start.map(|moment| instant("start", moment, Edge::Start)).transpose()?;
    let end = end.map(|moment| instant("end", moment, Edge::End)).transpose()?;
    if let (Some(first), Some(last)) = (start, end)
        && first > last
    {
        let what = format!("start ({}) is after end ({})", written(first), written(last));
        return Err(Error::usage(what).with_hint("exchange the two"));
    }
    let start_text = start.map_or_else(|| BEGINNING.to_owned(), written);
    Ok(match (start, end) {
        (None, None) => None,
        // An open end: what is ingested during the search belongs to it.
        (_, None) => Some(format!("{start_text},")),
        (_, Some(end)) => Some(format!("{start_text},{},", written(end))),
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Edge {
    Start,
    End,
}

/// The moment in whole seconds, rounded outwards; a day alone begins at 00:00:00 and ends at 23:59:59.
fn instant(option: &str, moment: &Moment, edge: Edge) -> Result<Timestamp> {
    let exact = match &moment.0 {
        Given::Instant(instant) => Some(*instant),
        Given::Day(day) => of_day(*day, edge),
        Given::Text(text) => read(text.trim(), edge),
    };
    exact.and_then(|exact| outwards(exact, edge)).ok_or_else(|| {
        let given = match &moment.0 {
            Given::Text(text) => format!("{:?}", shown(text)),
            Given::Instant(instant) => instant.to_string(),
            Given::Day(day) => day.to_string(),
        };
        Error::usage(format!("{option} {given} is not a date")).with_hint(
            "write 2025-11-22, 2025-11-22T02:46:18 (UTC), 2025-11-22T02:46:18Z or 2025-11-22T02:46:18+03:00",
        )
    })
}

/// `YYYY-MM-DD`, with or without time of day, with or without offset. A time without offset is UTC.
fn read(text: &str, edge: Edge) -> Option<Timestamp> {
    // Other forms of ISO 8601 (20251122, week dates) are mistaken too easily for numbers.
    let dashes = text.as_bytes();
    if dashes.get(4) != Some(&b'-') || dashes.get(7) != Some(&b'-') || text.contains('[') {
        return None;
    }
    if text.len() == 10 {
        return of_day(text.parse().ok()?, edge);
    }
    text.parse::<Timestamp>().ok().or_else(|| utc(text.parse().ok()?))
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
mod tests {
    use super::*;

    fn both(start: &str, end: &str) -> Result<Option<String>> {
        temporal(Some(&start.into()), Some(&end.into()))
    }

    #[test]
    fn days_are_whole_and_offsets_become_utc() {
        let cases = [
            ("2025-11-22", "2026-03-05", "2025-11-22T00:00:00Z,2026-03-05T23:59:59Z,"),
            ("2025-11-22T00:00:00", "2026-03-05T00:00", "2025-11-22T00:00:00Z,2026-03-05T00:00:00Z,"),
            (
                "2025-01-01T00:00:00+09:00",
                "2025-01-01 00:00:00Z",
                "2024-12-31T15:00:00Z,2025-01-01T00:00:00Z,",
            ),
            (
                " 2025-01-01T00:00:00.9Z",
                "2025-01-01T00:00:01.1Z",
                "2025-01-01T00:00:00Z,2025-01-01T00:00:02Z,",
            ),
            (
                "1969-12-31T23:59:58.5Z",
                "1969-12-31T23:59:58.5Z",
                "1969-12-31T23:59:58Z,1969-12-31T23:59:59Z,",
            ),
        ];
        for (start, end, expected) in cases {
            assert_eq!(both(start, end).unwrap().as_deref(), Some(expected), "{start} {end}");
        }
    }

    #[test]
    fn an_open_side_stays_open() {
        let day: Moment = "2025-11-22".into();
        assert_eq!(temporal(None, None).unwrap(), None);
        assert_eq!(temporal(Some(&day), None).unwrap().unwrap(), "2025-11-22T00:00:00Z,");
        assert_eq!(
            temporal(None, Some(&day)).unwrap().unwrap(),
            "1978-01-01T00:00:00Z,2025-11-22T23:59:59Z,"
        );
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in
            ["", "20251122", "2025-11", "2026", "notadate", "2025-02-30", "2025-11-22T25:00", "1763769600"]
        {
            let error = both(text, "2026-03-05").unwrap_err();
            assert!(error.hint().unwrap().contains("2025-11-22"), "{text}: {error:?}");
        }
        let error = both("2026-01-01", "2025-01-01").unwrap_err();
        assert_eq!(error.to_string(), "start (2026-01-01T00:00:00Z) is after end (2025-01-01T23:59:59Z)");
    }
}
