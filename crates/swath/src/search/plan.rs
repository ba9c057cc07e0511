//! From a query to the requests that answer it.
//!
//! The catalogue combines repeated attributes with *and*: a list of tracks or products becomes one sub-query per
//! value. Collections, platforms and names are combined with *or* and stay together. The pairs are those that
//! asf_search 14 sends, in its order, but for these differences:
//! * a page holds `max_results` granules, at most 2,000, not 250;
//! * a date alone as `end` includes its day; an `end` that is not given stays open; offsets become UTC;
//! * a range of tracks or frames is one request, however it is written;
//! * tracks and frames of NISAR have NISAR's names also when only a product or a concept id says that it is meant;
//! * options that exclude each other give no request and a notice, where asf_search drops the collections and so
//!   searches the whole archive; `data_maturity` also applies to `short_name`;
//! * areas that cross the antimeridian are asked for as such.

use jiff::Timestamp;

use super::area::{Area, numbers};
use super::options::{OPTIONS, OptionKind, Options, SearchOption, Sends};
use super::scope::{Level, Scope};
use super::{check, dates};
use crate::error::{Error, Result};
use crate::granule::{Crid, FileKind, Granule, GranuleFile, shown};

/// The largest page that the catalogue gives (CMR API documentation).
pub(super) const LARGEST_PAGE: usize = 2000;

/// More requests than this are refused: the options were hardly meant so.
const MOST_SUBQUERIES: usize = 200;

/// Names in one request; asf_search's number, which the catalogue is known to accept.
const NAMES_PER_REQUEST: usize = 250;

/// The largest number that an option without bounds of its own may be given.
const MOST: i64 = 100_000_000;

/// Pairs that the search itself sends.
const RESERVED: &[&str] =
    &["page_size", "page_num", "offset", "scroll", "sort_key[]", "sort_key", "token", "echo_token"];

pub(super) type Pair = (String, String);

/// Where a pair stands in a request. Pairs of one place are in the order of the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Options,
    Area,
    Time,
    Keywords,
    ProductType,
}

/// Pairs that one request holds together.
type Choice = Vec<(Place, Pair)>;

/// What a query would ask of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The form pairs of each request, in wire order. None when no granule can match.
    pub subqueries: Vec<Vec<Pair>>,
    /// What was changed or cannot match, in words.
    pub notices: Vec<String>,
    pub(super) page_size: usize,
    pub(super) max_results: Option<usize>,
    pub(crate) allow_partial: bool,
    /// Whether granules of several maturities were asked for.
    pub(super) mixed: bool,
    /// Releases to keep; all when empty.
    pub(super) crids: Vec<Crid>,
}

impl Plan {
    /// Whether a granule is of a release that was asked for: the catalogue knows only patterns of names.
    pub(super) fn wants(&self, granule: &Granule) -> bool {
        self.crids.is_empty() || granule.crid.is_some_and(|crid| self.crids.contains(&crid))
    }
}

pub(super) fn plan(options: &Options, now: Timestamp) -> Result<Plan> {
    let crids = check::each(options.texts("crid"), check::crid)?;
    if crids.is_empty() || options.is_given("granule_list") {
        return Ok(Plan { crids, ..plan_of(options, now)? });
    }
    // The catalogue has no parameter for releases, but every name holds its own.
    let mut named = options.clone();
    named.add_texts("granule_list", crids.iter().map(|crid| format!("NISAR_*_{crid}_*")).collect());
    Ok(Plan { crids, ..plan_of(&named, now)? })
}

fn plan_of(options: &Options, now: Timestamp) -> Result<Plan> {
    let max_results = options.count("max_results");
    let page_size = max_results.map_or(LARGEST_PAGE, |most| most.min(LARGEST_PAGE));
    let mut notices = Vec::new();
    let scope = Scope::of(options, &mut notices)?;
    let mut slots: Vec<Vec<Choice>> = Vec::new();
    for option in OPTIONS {
        slots.extend(slot(option, options, &scope, now, &mut notices)?);
    }
    slots.extend(times(options, now)?.map(|time| alone(Place::Time, "temporal", time)));
    // What cannot match is found out last: a wrong value is told in any case.
    let combinations = if scope.is_empty { Vec::new() } else { combine(&slots)? };
    let subqueries: Vec<Vec<Pair>> =
        combinations.into_iter().map(|chosen| pairs_of(options, &chosen, page_size)).collect();
    if subqueries.iter().any(|pairs| !is_constrained(pairs)) && max_results.is_none() {
        return Err(Error::usage("the query would fetch the whole archive")
            .with_hint("name a dataset, a collection, names, an area or dates, or give max_results"));
    }
    let allow_partial = options.flag("allow_partial").unwrap_or(false);
    let named = ["short_name", "collections", "granule_list", "product_list"];
    let mixed = options.flag("mixed_maturity").unwrap_or(false)
        || options.texts("data_maturity").len() > 1
        || options.texts("data_maturity").iter().any(|tier| check::is_any(tier))
        || named.iter().any(|name| options.is_given(name));
    Ok(Plan { subqueries, notices, page_size, max_results, allow_partial, mixed, crids: Vec::new() })
}

/// Whether any pair beyond those of every request narrows the search.
fn is_constrained(pairs: &[Pair]) -> bool {
    let always = ["page_size", "provider", "sort_key[]"];
    pairs.iter().any(|(key, _)| !always.contains(&key.as_str()) && !key.starts_with("options["))
}

/// The ways in which an option may be met; `None` when it is not given.
fn slot(
    option: &SearchOption,
    options: &Options,
    scope: &Scope,
    now: Timestamp,
    notices: &mut Vec<String>,
) -> Result<Option<Vec<Choice>>> {
    // Collections stand for datasets, platforms and levels too.
    if option.name == "short_name" {
        return Ok(together("shortName", &scope.names));
    }
    if !options.is_given(option.name) {
        return Ok(None);
    }
    Ok(match option.sends {
        Sends::Attribute(kind, name) => attributes(kind, name, written(option, options)?),
        Sends::AtLeast(kind, name) => {
            let values = written(option, options)?.into_iter().map(|value| format!("{value},"));
            attributes(kind, name, values.collect())
        }
        Sends::AtMost(kind, name) => {
            let values = written(option, options)?.into_iter().map(|value| format!(",{value}"));
            attributes(kind, name, values.collect())
        }
        Sends::Together(key) => together(key, &written(option, options)?),
        Sends::Special => special(option.name, options, scope, now, notices)?,
    })
}

/// The values of an option, checked, as the catalogue writes them.
fn written(option: &SearchOption, options: &Options) -> Result<Vec<String>> {
    let name = option.name;
    let texts = options.texts(name);
    let words =
        |read: fn(&str) -> Result<&'static str>| check::each(texts, |value| read(value).map(str::to_owned));
    match (name, option.kind) {
        ("flight_direction", _) => words(check::direction),
        ("look_direction", _) => words(check::look_direction),
        ("frame_coverage", _) => words(check::full_frame),
        ("production_configuration", _) => words(check::pipeline),
        ("main_band_polarization" | "side_band_polarization", _) => {
            check::each(texts, |value| check::polarization(name, value))
        }
        ("range_bandwidth", _) => check::each(texts, check::range_bandwidth),
        ("collections", _) => check::each(texts, check::concept_id),
        ("instrument", _) => check::each(texts, |value| check::plain_name(name, value)),
        (_, OptionKind::Integers) => check::numbers(name, options.numbers(name), 0, MOST),
        (_, OptionKind::Decimals | OptionKind::Decimal) => check::decimals(name, options.decimals(name)),
        (_, OptionKind::Count) => Ok(options.count(name).iter().map(ToString::to_string).collect()),
        (_, OptionKind::Flag) => {
            Ok(options.flag(name).iter().map(|flag| flag.to_string().to_uppercase()).collect())
        }
        _ => check::each(texts, |value| check::free_text(name, value)),
    }
}

/// The options that need more than a row in the table.
fn special(
    name: &str,
    options: &Options,
    scope: &Scope,
    now: Timestamp,
    notices: &mut Vec<String>,
) -> Result<Option<Vec<Choice>>> {
    let numbers = |least, most| check::numbers(name, options.numbers(name), least, most);
    let (most_tracks, most_frames) = if scope.is_only_nisar { (173, 176) } else { (MOST, MOST) };
    Ok(match name {
        "absolute_orbit" => {
            let orbits = numbers(1, MOST)?.into_iter();
            some(orbits.map(|orbit| vec![(Place::Options, pair("orbit_number", orbit))]).collect())
        }
        "asf_frame" => attributes("int", "FRAME_NUMBER", numbers(1, most_frames)?),
        "frame" => attributes("int", scope.frame_attribute(), numbers(1, most_frames)?),
        "relative_orbit" => attributes("int", scope.track_attribute(), numbers(1, most_tracks)?),
        "granule_list" => name_chunks("readable_granule_name[]", &granule_names(options.texts(name))?),
        "product_list" => name_chunks("granule_ur[]", &listed(name, options.texts(name))?),
        "platform" => together("platform[]", &scope.platforms),
        "processing_level" => some(scope.levels.iter().map(level).collect()),
        "intersects_with" => area(options, notices)?,
        "bbox" => coordinates(options.coordinates(name), "bounding_box", numbers::bbox)?,
        "circle" => coordinates(options.coordinates(name), "circle", numbers::circle)?,
        "linestring" => coordinates(options.coordinates(name), "line", numbers::linestring)?,
        "point" => coordinates(options.coordinates(name), "point", numbers::point)?,
        "processing_date" => match options.moment(name) {
            Some(moment) => {
                let since = dates::since(name, moment, now)?;
                some(vec![vec![(Place::Options, pair("updated_since", since))]])
            }
            None => None,
        },
        "cmr_keywords" => some(keywords(options.pairs(name))?),
        _ => None,
    })
}

fn area(options: &Options, notices: &mut Vec<String>) -> Result<Option<Vec<Choice>>> {
    let area = match (options.area("intersects_with"), options.text("intersects_with")) {
        (Some(area), _) => area.clone(),
        (None, Some(text)) => Area::parse(text)?,
        (None, None) => return Ok(None),
    };
    notices.extend(area.notices());
    let (key, value) = area.catalogue_pair();
    Ok(Some(alone(Place::Area, key, value)))
}

/// Bare coordinates, which the catalogue takes under `key` as they are.
fn coordinates(
    given: &[f64],
    key: &str,
    written: fn(&[f64]) -> Result<String>,
) -> Result<Option<Vec<Choice>>> {
    Ok(Some(alone(Place::Area, key, written(given)?)))
}

fn level(level: &Level) -> Choice {
    match level {
        Level::Nisar(code) => {
            vec![(Place::ProductType, pair("attribute[]", format!("string,PRODUCT_TYPE,{code}")))]
        }
        Level::Other(kind) => {
            vec![(Place::Options, pair("attribute[]", format!("string,PROCESSING_TYPE,{kind}")))]
        }
    }
}

/// The `temporal` value, when any of its parts is given.
fn times(options: &Options, now: Timestamp) -> Result<Option<String>> {
    let season = check::season(options.numbers("season"))?;
    dates::temporal(options.moment("start"), options.moment("end"), season.as_deref(), now)
}

/// Every combination of one choice per slot; the last slot varies fastest.
fn combine(slots: &[Vec<Choice>]) -> Result<Vec<Choice>> {
    let total = slots.iter().try_fold(1_usize, |total, choices| total.checked_mul(choices.len()));
    if total.is_none_or(|total| total > MOST_SUBQUERIES) {
        return Err(Error::usage(format!(
            "the lists in the query combine to more than {MOST_SUBQUERIES} requests"
        ))
        .with_hint("give fewer values, or ranges of tracks and frames"));
    }
    let mut combinations: Vec<Choice> = vec![Vec::new()];
    for choices in slots {
        let longer = |chosen: &Choice, choice: &Choice| [chosen.as_slice(), choice.as_slice()].concat();
        combinations = combinations
            .iter()
            .flat_map(|chosen| choices.iter().map(move |choice| longer(chosen, choice)))
            .collect();
    }
    Ok(combinations)
}

/// One request, in wire order.
fn pairs_of(options: &Options, chosen: &Choice, page_size: usize) -> Vec<Pair> {
    let mut placed: Vec<&(Place, Pair)> = chosen.iter().collect();
    placed.sort_by_key(|(place, _)| *place);
    let mut pairs: Vec<Pair> = placed.into_iter().map(|(_, pair)| pair.clone()).collect();
    let patterns = ["readable_granule_name", "granule_ur"].map(|key| {
        let is_pattern = |(name, value): &Pair| name.strip_suffix("[]") == Some(key) && has_wildcard(value);
        pairs.iter().any(is_pattern).then(|| pair(&format!("options[{key}][pattern]"), "true"))
    });
    pairs.push(pair("page_size", page_size.to_string()));
    pairs.push(pair("options[temporal][and]", "true"));
    pairs.push(pair("sort_key[]", "-end_date"));
    pairs.push(pair("sort_key[]", "granule_ur"));
    pairs.push(pair("options[platform][ignore_case]", "true"));
    pairs.push(pair("provider", options.text("provider").unwrap_or("ASF")));
    pairs.extend(patterns.into_iter().flatten());
    pairs
}

fn pair(key: &str, value: impl Into<String>) -> Pair {
    (key.to_owned(), value.into())
}

fn some(choices: Vec<Choice>) -> Option<Vec<Choice>> {
    (!choices.is_empty()).then_some(choices)
}

fn alone(place: Place, key: &str, value: impl Into<String>) -> Vec<Choice> {
    vec![vec![(place, pair(key, value))]]
}

/// One choice per value of an additional attribute.
fn attributes(kind: &str, name: &str, values: Vec<String>) -> Option<Vec<Choice>> {
    let one = |value| vec![(Place::Options, pair("attribute[]", format!("{kind},{name},{value}")))];
    some(values.into_iter().map(one).collect())
}

/// All values in one choice.
fn together(key: &str, values: &[String]) -> Option<Vec<Choice>> {
    let all = || values.iter().map(|value| (Place::Options, pair(key, value.clone()))).collect();
    (!values.is_empty()).then(|| vec![all()])
}

fn name_chunks(key: &str, names: &[String]) -> Option<Vec<Choice>> {
    some(names.chunks(NAMES_PER_REQUEST).filter_map(|chunk| together(key, chunk)).flatten().collect())
}

fn has_wildcard(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// The names of a list, split at commas.
fn listed(option: &str, values: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for name in values.iter().flat_map(|value| value.split(',')).map(str::trim) {
        if name.is_empty() || name.len() > 1000 || name.chars().any(char::is_control) {
            let what = format!("{option} has a name that cannot be: {:?}", shown(name));
            return Err(Error::usage(what).with_hint("names are separated by single commas"));
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Granule names; files and addresses of NISAR granules become the granule's name.
fn granule_names(values: &[String]) -> Result<Vec<String>> {
    let bare = |name: String| match GranuleFile::parse(&name) {
        Ok(file) if file.kind == FileKind::Data && !has_wildcard(&name) => file.granule.to_string(),
        _ => name,
    };
    Ok(listed("granule_list", values)?.into_iter().map(bare).collect())
}

fn keywords(given: &[Pair]) -> Result<Vec<Choice>> {
    if let Some((key, _)) = given.iter().find(|(key, _)| key.is_empty() || RESERVED.contains(&key.as_str())) {
        return Err(Error::usage(format!("cmr_keywords cannot hold {:?}", shown(key)))
            .with_hint("paging and order are the search's own; use max_results"));
    }
    Ok(vec![given.iter().map(|pair| (Place::Keywords, pair.clone())).collect()])
}

#[cfg(test)]
mod tests;
