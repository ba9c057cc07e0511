use super::*;

/// A Sunday.
const NOW: &str = "2026-11-22T13:14:15.9Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn both(start: &str, end: &str) -> Result<Option<String>> {
    temporal(Some(&start.into()), Some(&end.into()), None, now())
}

#[test]
fn days_are_whole_and_offsets_become_utc() {
    let cases = [
        ("2025-11-22", "2026-03-05", "2025-11-22T00:00:00Z,2026-03-05T23:59:59Z,"),
        ("2025-11-22T00:00:00", "2026-03-05T00:00", "2025-11-22T00:00:00Z,2026-03-05T00:00:00Z,"),
        ("2025-01-01T00:00:00+09:00", "2025-01-01 00:00:00Z", "2024-12-31T15:00:00Z,2025-01-01T00:00:00Z,"),
        (" 2025-01-01T00:00:00.9Z", "2025-01-01T00:00:01.1Z", "2025-01-01T00:00:00Z,2025-01-01T00:00:02Z,"),
        ("1969-12-31T23:59:58.5Z", "1969-12-31T23:59:58.5Z", "1969-12-31T23:59:58Z,1969-12-31T23:59:59Z,"),
        ("1763769600", "1763769600000", "2025-11-22T00:00:00Z,2025-11-22T00:00:00Z,"),
    ];
    for (start, end, expected) in cases {
        assert_eq!(both(start, end).unwrap().as_deref(), Some(expected), "{start} {end}");
    }
}

#[test]
fn words_are_days_or_moments() {
    // The text, and what it is as a start and as an end.
    let cases = [
        ("today", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59Z"),
        ("Yesterday", "2026-11-21T00:00:00Z", "2026-11-21T23:59:59Z"),
        ("the day before yesterday", "2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z"),
        ("tomorrow", "2026-11-23T00:00:00Z", "2026-11-23T23:59:59Z"),
        ("now", "2026-11-22T13:14:15Z", "2026-11-22T13:14:16Z"),
        ("3 weeks ago", "2026-11-01T13:14:15Z", "2026-11-01T13:14:16Z"),
        ("1 week ago", "2026-11-15T13:14:15Z", "2026-11-15T13:14:16Z"),
        ("a week ago", "2026-11-15T13:14:15Z", "2026-11-15T13:14:16Z"),
        ("2 days ago", "2026-11-20T13:14:15Z", "2026-11-20T13:14:16Z"),
        ("36 hours ago", "2026-11-21T01:14:15Z", "2026-11-21T01:14:16Z"),
        ("two months ago", "2026-09-22T13:14:15Z", "2026-09-22T13:14:16Z"),
        ("1 year and 2 months ago", "2025-09-22T13:14:15Z", "2025-09-22T13:14:16Z"),
        ("90 days ago", "2026-08-24T13:14:15Z", "2026-08-24T13:14:16Z"),
        ("30min ago", "2026-11-22T12:44:15Z", "2026-11-22T12:44:16Z"),
        ("in 2 days", "2026-11-24T13:14:15Z", "2026-11-24T13:14:16Z"),
        ("last month", "2026-10-22T13:14:15Z", "2026-10-22T13:14:16Z"),
        ("last week", "2026-11-15T13:14:15Z", "2026-11-15T13:14:16Z"),
        ("last year", "2025-11-22T13:14:15Z", "2025-11-22T13:14:16Z"),
        ("monday", "2026-11-16T00:00:00Z", "2026-11-16T23:59:59Z"),
        ("last Sunday", "2026-11-15T00:00:00Z", "2026-11-15T23:59:59Z"),
        ("January 5 2026", "2026-01-05T00:00:00Z", "2026-01-05T23:59:59Z"),
        ("Nov 22 2025", "2025-11-22T00:00:00Z", "2025-11-22T23:59:59Z"),
        ("March 5, 2026", "2026-03-05T00:00:00Z", "2026-03-05T23:59:59Z"),
        ("22 November 2025", "2025-11-22T00:00:00Z", "2025-11-22T23:59:59Z"),
        ("22nd of Nov. 2025", "2025-11-22T00:00:00Z", "2025-11-22T23:59:59Z"),
        ("Saturday, November 22 2025", "2025-11-22T00:00:00Z", "2025-11-22T23:59:59Z"),
        ("22-Nov-2025", "2025-11-22T00:00:00Z", "2025-11-22T23:59:59Z"),
        ("February 2028", "2028-02-01T00:00:00Z", "2028-02-29T23:59:59Z"),
        ("2025-11", "2025-11-01T00:00:00Z", "2025-11-30T23:59:59Z"),
        ("2026", "2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z"),
        ("22/11/2025", "2025-11-22T00:00:00Z", "2025-11-22T23:59:59Z"),
        ("11/22/2025", "2025-11-22T00:00:00Z", "2025-11-22T23:59:59Z"),
        ("5/5/2025", "2025-05-05T00:00:00Z", "2025-05-05T23:59:59Z"),
        ("2025/12/31", "2025-12-31T00:00:00Z", "2025-12-31T23:59:59Z"),
        ("31.12.2025", "2025-12-31T00:00:00Z", "2025-12-31T23:59:59Z"),
        ("Nov 22 2025 02:46:18", "2025-11-22T02:46:18Z", "2025-11-22T02:46:18Z"),
        ("Nov 22, 2025 at 2:46 pm", "2025-11-22T14:46:00Z", "2025-11-22T14:46:00Z"),
        ("Nov 22 2025 12am UTC", "2025-11-22T00:00:00Z", "2025-11-22T00:00:00Z"),
        ("Nov 22 2025 02:46 +03:00", "2025-11-21T23:46:00Z", "2025-11-21T23:46:00Z"),
        ("2025/11/22 02:46:18Z", "2025-11-22T02:46:18Z", "2025-11-22T02:46:18Z"),
    ];
    for (text, start, end) in cases {
        let read = |edge| instant("start", &text.into(), edge, now()).map(written);
        assert_eq!(read(Edge::Start).unwrap_or_else(|error| panic!("{error:?}")), start, "{text}");
        assert_eq!(read(Edge::End).unwrap(), end, "{text}");
    }
}

#[test]
fn an_open_side_stays_open() {
    let day: Moment = "2025-11-22".into();
    let of = |start, end, season| temporal(start, end, season, now()).unwrap();
    assert_eq!(of(None, None, None), None);
    assert_eq!(of(Some(&day), None, None).unwrap(), "2025-11-22T00:00:00Z,,");
    assert_eq!(of(None, Some(&day), None).unwrap(), "1978-01-01T00:00:00Z,2025-11-22T23:59:59Z,");
    assert_eq!(of(None, None, Some("335,60")).unwrap(), "1978-01-01T00:00:00Z,,335,60");
}

#[test]
fn what_is_no_date_is_refused() {
    let texts = [
        "",
        "20251122",
        "notadate",
        "2025-02-30",
        "2025-11-22T25:00",
        "2025-13",
        "99",
        "ago",
        "3 ago",
        "3 moons ago",
        "-3 weeks ago",
        "99999999999999999999 weeks ago",
        "100000 years ago",
        "November 31 2025",
        "Monday, November 22 2025",
        "November",
        "Nov 22",
        "Nov 22 2025 25:00",
        "Nov 22 2025 13 pm",
        "Nov 22 2025 10:00 Mars",
        "November 2025 10:00",
        "last",
        "in",
        "at 10:00",
        "10:00",
        "pm",
        "today today",
        "２０２５-11-22",
        "é",
        "2025-11-22[Europe/Paris]",
    ];
    for text in texts {
        let error = both(text, "2026-03-05").unwrap_err();
        assert!(error.hint().unwrap().contains("2025-11-22"), "{text}: {error:?}");
    }
    let error = both("3/4/2026", "2026-05-05").unwrap_err();
    assert!(error.hint().unwrap().contains("year first"), "{error:?}");
    let error = both("2026-01-01", "2025-01-01").unwrap_err();
    assert_eq!(error.to_string(), "start (2026-01-01T00:00:00Z) is after end (2025-01-01T23:59:59Z)");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in ".{0,40}", words in "(in |last |a |[0-9]{1,6} ?)?(days?|nov|22nd|2025|[0-9:./-]{1,10}|pm|at)( (ago|2025|[0-9:+]{1,9}|pm|utc|and 3 days))*") {
        for text in [text, words] {
            let _ = instant("start", &text.as_str().into(), Edge::Start, now());
        }
    }
}
