//! Dates in English words: `3 weeks ago`, `yesterday`, `January 5, 2026 14:30`.
//!
//! What asf_search's users type (it hands them to dateparser) is understood where it can mean only one thing. Words
//! without a time of day are days; `ago` counts back from this moment.

use jiff::{Span, Timestamp, ToSpan, civil, tz};

/// What a text says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Said {
    /// A moment.
    Instant(Timestamp),
    /// Whole days, from the first to the last.
    Days(civil::Date, civil::Date),
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// More units than this lie before every satellite, and near the end of what a date can be.
const MOST_UNITS: i64 = 100_000;

/// What the words mean, or `None` when they mean nothing, or more than one thing.
pub(super) fn read(text: &str, now: Timestamp) -> Option<Said> {
    if text.len() > 100 {
        return None;
    }
    let text = text.to_lowercase().replace([',', '\u{a0}'], " ");
    let words: Vec<&str> = text.split_whitespace().filter(|word| !matches!(*word, "the" | "of")).collect();
    let today = tz::Offset::UTC.to_datetime(now).date();
    let day = |date: civil::Date| Some(Said::Days(date, date));
    match words.as_slice() {
        ["now"] => Some(Said::Instant(now)),
        ["today"] => day(today),
        ["yesterday"] => day(today.yesterday().ok()?),
        ["tomorrow"] => day(today.tomorrow().ok()?),
        ["day", "before", "yesterday"] => day(today.checked_sub(2.days()).ok()?),
        ["last" | "past", unit] if span(1, unit).is_some() => back(now, span(1, unit)?),
        ["last" | "past", name] | [name] if weekday(name).is_some() => day(before(today, weekday(name)?)?),
        [amounts @ .., "ago"] => back(now, amount(amounts)?),
        ["in", amounts @ ..] | [amounts @ .., "from", "now"] => back(now, amount(amounts)?.negate()),
        words => calendar(words),
    }
}

/// The moment that lies a span before now.
fn back(now: Timestamp, span: Span) -> Option<Said> {
    let time = tz::Offset::UTC.to_datetime(now).checked_sub(span).ok()?;
    Some(Said::Instant(tz::Offset::UTC.to_timestamp(time).ok()?))
}

/// `3 weeks`, `a month`, `1 year and 2 months`.
fn amount(words: &[&str]) -> Option<Span> {
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "and").collect();
    let mut total = Span::new();
    let mut at = 0;
    while at < words.len() {
        let (number, unit, next) = match number(words[at]) {
            Some(number) => (number, *words.get(at + 1)?, at + 2),
            // `3weeks`
            None => {
                let digits = words[at].find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
                (number(&words[at][..digits])?, &words[at][digits..], at + 1)
            }
        };
        total = add(total, number, unit)?;
        at = next;
    }
    (!words.is_empty()).then_some(total)
}

fn number(word: &str) -> Option<i64> {
    let small = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    match word {
        "a" | "an" => Some(1),
        word => match small.iter().position(|name| *name == word) {
            Some(number) => i64::try_from(number).ok(),
            None => word.parse().ok().filter(|number| (0..=MOST_UNITS).contains(number)),
        },
    }
}

fn span(number: i64, unit: &str) -> Option<Span> {
    add(Span::new(), number, unit)
}

/// A span with so many more of a unit.
fn add(span: Span, number: i64, unit: &str) -> Option<Span> {
    let unit = unit.strip_suffix('s').filter(|unit| unit.len() > 1).unwrap_or(unit);
    match unit {
        "second" | "sec" => span.try_seconds(span.get_seconds().checked_add(number)?),
        "minute" | "min" => span.try_minutes(span.get_minutes().checked_add(number)?),
        "hour" | "hr" | "h" => span.try_hours(i64::from(span.get_hours()).checked_add(number)?),
        "day" | "d" => span.try_days(i64::from(span.get_days()).checked_add(number)?),
        "week" | "wk" | "w" => span.try_weeks(i64::from(span.get_weeks()).checked_add(number)?),
        "fortnight" => span.try_weeks(i64::from(span.get_weeks()).checked_add(number.checked_mul(2)?)?),
        "month" => span.try_months(i64::from(span.get_months()).checked_add(number)?),
        "year" | "yr" | "y" => span.try_years(i64::from(span.get_years()).checked_add(number)?),
        _ => return None,
    }
    .ok()
}

fn weekday(name: &str) -> Option<i8> {
    let name = name.trim_end_matches('.');
    let found = WEEKDAYS.iter().position(|day| *day == name || (name.len() == 3 && day.starts_with(name)))?;
    i8::try_from(found).ok()
}

/// The last such weekday before today.
fn before(today: civil::Date, weekday: i8) -> Option<civil::Date> {
    let days = (today.weekday().to_monday_zero_offset() - weekday + 6).rem_euclid(7) + 1;
    today.checked_sub(i64::from(days).days()).ok()
}

/// A date of the calendar, with or without a time of day.
fn calendar(words: &[&str]) -> Option<Said> {
    let (date_words, time_words) = split_time(words);
    let (first, last) = date(date_words)?;
    if time_words.is_empty() {
        return Some(Said::Days(first, last));
    }
    let (time, offset) = time_of_day(time_words)?;
    let whole = first == last;
    whole.then(|| offset.to_timestamp(first.to_datetime(time)).ok().map(Said::Instant)).flatten()
}

/// The words of the date and those of the time of day, which comes last.
fn split_time<'a>(words: &'a [&'a str]) -> (&'a [&'a str], &'a [&'a str]) {
    let is_time = |word: &&str| {
        word.contains(':')
            || *word == "at"
            || (word.ends_with(['m']) && word.starts_with(|c: char| c.is_ascii_digit()))
    };
    let (mut at, mut from) = (words.iter().position(is_time).unwrap_or(words.len()), 0);
    // `3 pm`: the number belongs to the time.
    if let Some(half) = words.iter().position(|word| matches!(*word, "am" | "pm")) {
        at = at.min(half.saturating_sub(1));
    }
    let (date, time) = words.split_at(at);
    if time.first() == Some(&"at") {
        from = 1;
    }
    (date, &time[from..])
}

/// First and last day of what the words name: a day, a month or a year.
fn date(words: &[&str]) -> Option<(civil::Date, civil::Date)> {
    match words {
        [one] => numeric(one),
        [month, year] if self::month(month).is_some() => whole_month(self::year(year)?, self::month(month)?),
        [month, day, year] if self::month(month).is_some() => {
            one_day(self::year(year)?, self::month(month)?, self::day(day)?)
        }
        [day, month, year] if self::month(month).is_some() => match self::year(year) {
            Some(year) => one_day(year, self::month(month)?, self::day(day)?),
            None => one_day(self::year(day)?, self::month(month)?, self::day(year)?),
        },
        // `Saturday, November 22 2025`
        [name, rest @ ..] if weekday(name).is_some() && rest.len() == 3 => {
            let found = date(rest)?;
            (i16::from(found.0.weekday().to_monday_zero_offset()) == i16::from(weekday(name)?))
                .then_some(found)
        }
        _ => None,
    }
}

/// `2025/12/31`, `22.11.2025`, `2025-11`, `2025`, `22-nov-2025`.
fn numeric(text: &str) -> Option<(civil::Date, civil::Date)> {
    let parts: Vec<&str> = text.split(['/', '.', '-']).collect();
    let small = |text: &str| text.parse::<i8>().ok().filter(|_| text.len() <= 2 && !text.starts_with('+'));
    match parts.as_slice() {
        [only] => {
            let year = year(only)?;
            Some((civil::Date::new(year, 1, 1).ok()?, civil::Date::new(year, 12, 31).ok()?))
        }
        [first, second] if year(first).is_some() => whole_month(year(first)?, small(second)?),
        [first, second] => whole_month(year(second)?, small(first)?),
        [first, second, third] if year(first).is_some() => {
            one_day(year(first)?, small(second).or_else(|| month(second))?, small(third)?)
        }
        [first, second, third] => {
            let year = year(third)?;
            if let Some(month) = month(second) {
                return one_day(year, month, small(first)?);
            }
            match (small(first)?, small(second)?) {
                (day, month) if day > 12 => one_day(year, month, day),
                (month, day) if day > 12 || day == month => one_day(year, month, day),
                // 3/4/2026 is a day in March for some and one in April for others.
                _ => None,
            }
        }
        _ => None,
    }
}

fn one_day(year: i16, month: i8, day: i8) -> Option<(civil::Date, civil::Date)> {
    let date = civil::Date::new(year, month, day).ok()?;
    Some((date, date))
}

fn whole_month(year: i16, month: i8) -> Option<(civil::Date, civil::Date)> {
    let first = civil::Date::new(year, month, 1).ok()?;
    Some((first, first.last_of_month()))
}

fn year(word: &str) -> Option<i16> {
    let is_year = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|year| is_year && (1900..=2200).contains(year))
}

fn month(word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.');
    let found = MONTHS.iter().position(|month| {
        *month == word || (word.len() >= 3 && word.len() <= 4 && month.starts_with(word))
    })?;
    i8::try_from(found + 1).ok()
}

/// `22`, `22nd`.
fn day(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = &word[digits.len()..];
    digits.parse().ok().filter(|_| matches!(ending, "" | "st" | "nd" | "rd" | "th") && digits.len() <= 2)
}

/// `14:30`, `14:30:15`, `2:30 pm`, `3pm`, then perhaps `UTC` or `+03:00`.
fn time_of_day(words: &[&str]) -> Option<(civil::Time, tz::Offset)> {
    let (time, rest) = words.split_first()?;
    let (time, half, rest) = match (time.strip_suffix("am"), time.strip_suffix("pm"), rest) {
        (Some(time), _, rest) => (time, Some(0), rest),
        (_, Some(time), rest) => (time, Some(12), rest),
        (_, _, ["am", rest @ ..]) => (*time, Some(0), rest),
        (_, _, ["pm", rest @ ..]) => (*time, Some(12), rest),
        (_, _, rest) => (*time, None, rest),
    };
    let (time, joined) = match time.find(['z', '+', '-']) {
        Some(at) => (&time[..at], Some(&time[at..])),
        None => (time, None),
    };
    let offset = match (joined, rest) {
        (None, []) => tz::Offset::UTC,
        (Some(zone), []) => self::offset(zone)?,
        (None, [zone]) => self::offset(zone)?,
        _ => return None,
    };
    let mut parts = time.split(':').map(|part| part.parse::<i8>().ok().filter(|_| part.len() <= 2));
    let hour = parts.next()??;
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    let minute = parts.next();
    // A number alone is no time of day.
    let minute = if minute.is_none() && half.is_none() { None } else { Some(minute.unwrap_or(Some(0))?) }?;
    let second = parts.next().unwrap_or(Some(0))?;
    let time = civil::Time::new(hour, minute, second, 0).ok()?;
    parts.next().is_none().then_some((time, offset))
}

fn offset(zone: &str) -> Option<tz::Offset> {
    if matches!(zone, "z" | "utc" | "gmt") {
        return Some(tz::Offset::UTC);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    let number = |text: &str| text.parse::<i32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes) = match digits.len() {
        2 => (number(&digits)?, 0),
        4 => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
        _ => return None,
    };
    let seconds = sign * (hours * 3600 + minutes * 60);
    (minutes < 60).then(|| tz::Offset::from_seconds(seconds).ok()).flatten()
}
