//! Searches by time: `temporal=2025-11-22T00:00:00Z,2026-03-05T00:00:00Z,`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::record::Record;
use super::{Answer, Refused};

/// A span of time, and a season of each year in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TemporalTest {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    season: Option<(i16, i16)>,
}

impl TemporalTest {
    /// Reads `start,end[,first day,last day]`; each may be empty, the days count from 1 to 366.
    pub(crate) fn parse(text: &str) -> Answer<Self> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        if parts.len() > 4 {
            let error = "The valid format for temporal parameters are temporal[]=startdate,stopdate and \
                         temporal[]=startdate,stopdate,startday,endday";
            return Err(Refused::new(error));
        }
        let part = |at: usize| parts.get(at).copied().filter(|part| !part.is_empty());
        let time = |at, which: &str| match part(at) {
            None => Ok(None),
            Some(text) => instant(text).map(Some).ok_or_else(|| {
                Refused::new(format!(
                    "temporal {which} datetime is invalid: [{text}] is not a valid datetime."
                ))
            }),
        };
        let (start, end) = (time(0, "start")?, time(1, "end")?);
        if let (Some(first), Some(last)) = (start, end)
            && first > last
        {
            let error = format!("start_date [{}] must be before end_date [{}]", parts[0], parts[1]);
            return Err(Refused::new(error));
        }
        let day = |at, default| match part(at) {
            None => Ok(default),
            Some(text) => text.parse().ok().filter(|day| (1..=366).contains(day)).ok_or_else(|| {
                Refused::new(format!("[{text}] is not a valid day of year, must be between 1 and 366"))
            }),
        };
        let days = (day(2, 1)?, day(3, 366)?);
        Ok(Self { start, end, season: (part(2).is_some() || part(3).is_some()).then_some(days) })
    }

    /// Whether the granule's time touches the span and its season.
    pub(crate) fn fits(&self, record: &Record) -> bool {
        let (start, end) = (record.start(), record.end());
        let in_span =
            self.end.is_none_or(|last| start <= last) && self.start.is_none_or(|first| end >= first);
        let in_season = self.season.is_none_or(|(first, last)| {
            // A granule lasts seconds (a pair weeks): its ends tell the days it touches.
            [start, end].into_iter().any(|time| {
                let day = time.to_zoned(TimeZone::UTC).day_of_year();
                if first <= last { (first..=last).contains(&day) } else { day >= first || day <= last }
            })
        });
        in_span && in_season
    }
}

/// A time with or without an offset, or a date; without an offset it is UTC.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    text.parse().ok().or_else(civil)
}
