//! From parameters to tests that a granule must pass.

use super::attribute::AttributeTest;
use super::parameters::Parameters;
use super::record::Record;
use super::spatial::Shape;
use super::temporal::{TemporalTest, instant};
use super::{Answer, Refused};

/// A condition that a granule meets or not.
pub(crate) type Test = Box<dyn Fn(&Record) -> bool>;

/// A parameter of words, and the words of a granule it is compared with.
type Words = (&'static str, fn(&Record) -> Vec<&str>);

const WORDS: [Words; 12] = [
    ("provider", |_| vec!["ASF"]),
    ("short_name", |record| vec![record.collection()]),
    ("version", |_| vec!["1"]),
    ("collection_concept_id", |record| vec![&record.collection_concept]),
    ("echo_collection_id", |record| vec![&record.collection_concept]),
    ("concept_id", |record| vec![&record.concept, &record.collection_concept]),
    ("granule_ur", |record| vec![record.name()]),
    ("native_id", |record| vec![record.name()]),
    ("producer_granule_id", |record| vec![record.name()]),
    ("readable_granule_name", |record| vec![record.name()]),
    ("platform", |_| vec!["NISAR"]),
    ("instrument", |record| vec![record.instrument()]),
];

/// A parameter of shapes, and how one is read.
type Shapes = (&'static str, fn(&str) -> Answer<Shape>);

const SHAPES: [Shapes; 5] = [
    ("bounding_box", Shape::bounding_box),
    ("polygon", Shape::polygon),
    ("point", Shape::point),
    ("line", Shape::line),
    ("circle", Shape::circle),
];

/// All tests of a search; a granule must pass every one.
pub(crate) fn tests(parameters: &Parameters) -> Answer<Vec<Test>> {
    let mut tests: Vec<Test> = Vec::new();
    for (name, words) in WORDS {
        tests.extend(word_test(parameters, name, words));
    }
    for (name, read) in SHAPES {
        let shapes: Vec<Shape> = parameters.all(name).iter().map(|text| read(text)).collect::<Answer<_>>()?;
        let any = parameters.option(name, "or").unwrap_or(false);
        tests.extend(joined(shapes, any, |shape, record| {
            record.footprint.as_ref().is_some_and(|footprint| footprint.touches(shape))
        }));
    }
    let attributes = parameters.all("attribute").iter().map(|text| AttributeTest::parse(text));
    let any = parameters.option("attribute", "or").unwrap_or(false);
    tests.extend(joined(attributes.collect::<Answer<_>>()?, any, AttributeTest::fits));
    let spans = parameters.all("temporal").iter().map(|text| TemporalTest::parse(text));
    let any = !parameters.option("temporal", "and").unwrap_or(false);
    tests.extend(joined(spans.collect::<Answer<_>>()?, any, TemporalTest::fits));
    let orbits = parameters.all("orbit_number").iter().map(|text| orbit_range(text));
    tests.extend(joined(orbits.collect::<Answer<_>>()?, true, |range, record| {
        record.orbit().is_some_and(|orbit| range.contains(&orbit))
    }));
    for text in parameters.all("updated_since") {
        let fault =
            || Refused::new(format!("updated_since datetime is invalid: [{text}] is not a valid datetime."));
        let since = instant(text).ok_or_else(fault)?;
        tests.push(Box::new(move |record| record.revised >= since));
    }
    Ok(tests)
}

/// One test out of several of a kind, of which any or all must hold; none out of none.
fn joined<T: 'static>(
    parts: Vec<T>,
    any: bool,
    fits: impl Fn(&T, &Record) -> bool + 'static,
) -> Option<Test> {
    if parts.is_empty() {
        return None;
    }
    Some(Box::new(move |record| {
        if any {
            parts.iter().any(|part| fits(part, record))
        } else {
            parts.iter().all(|part| fits(part, record))
        }
    }))
}

/// A test of words: any value fits any word, without regard to case unless `ignore_case` is
/// false, and with `*` and `?` as wildcards if `pattern` is true.
fn word_test(parameters: &Parameters, name: &str, words: fn(&Record) -> Vec<&str>) -> Option<Test> {
    let fold = parameters.option(name, "ignore_case").unwrap_or(true);
    let pattern = parameters.option(name, "pattern").unwrap_or(false);
    let folded = move |text: &str| if fold { text.to_lowercase() } else { text.to_owned() };
    let wanted: Vec<String> = parameters.all(name).iter().map(|text| folded(text)).collect();
    joined(wanted, true, move |wanted, record| {
        words(record).into_iter().map(folded).any(|word| {
            if pattern { matches_pattern(wanted.as_bytes(), word.as_bytes()) } else { *wanted == word }
        })
    })
}

/// Matches `*` (any bytes) and `?` (one byte), in time proportional to the product of the
/// lengths at worst: only the last star is ever tried again.
fn matches_pattern(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut retry) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                p = star + 1;
                t = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

fn orbit_range(text: &str) -> Answer<std::ops::RangeInclusive<i64>> {
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let (low, high) = text.split_once(',').unwrap_or((text, text));
    match (number(low), number(high)) {
        (Some(low), Some(high)) => Ok(low.ceil() as i64..=high.floor() as i64),
        (Some(low), None) if high.trim().is_empty() => Ok(low.ceil() as i64..=i64::MAX),
        (None, Some(high)) if low.trim().is_empty() => Ok(i64::MIN..=high.floor() as i64),
        _ => Err(Refused::new(format!("orbit_number [{text}] is not a valid number or range"))),
    }
}
