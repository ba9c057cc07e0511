//! From a query to the requests that answer it.
//!
//! The catalogue combines repeated attributes with *and*: a list of tracks or products becomes one sub-query per
//! value. Collections, platforms and names are combined with *or* and stay together. The pairs are those that
//! asf_search 14 sends, but for these differences:
//! * only collections that can hold the product type are named (asf_search names all 56 of NISAR);
//! * a page holds `max_results` granules, at most 2,000, not 250;
//! * a date alone as `end` includes its day; an `end` that is not given stays open; offsets become UTC;
//! * a range of tracks or frames is one request, however it is written;
//! * tracks of known NISAR collections given by id are asked for as NISAR tracks;
//! * options that exclude each other give no request and a notice, where asf_search drops the collections and so
//!   searches the whole archive; `data_maturity` also applies to `short_name`;
//! * areas that cross the antimeridian are asked for as such.

use std::collections::BTreeSet;

use super::collections::{self, DATASETS};
use super::query::Options;
use super::{area, check, dates};
use crate::error::{Error, Result};
use crate::granule::{Crid, FileKind, GranuleFile, shown};

/// The largest page that the catalogue gives (CMR API documentation).
pub(super) const LARGEST_PAGE: usize = 2000;

/// More requests than this are refused: the options were hardly meant so.
const MOST_SUBQUERIES: usize = 200;

/// Names in one request; asf_search's number, which the catalogue is known to accept.
const NAMES_PER_REQUEST: usize = 250;

/// Pairs that the search itself sends.
const RESERVED: &[&str] =
    &["page_size", "page_num", "offset", "scroll", "sort_key[]", "sort_key", "token", "echo_token"];

pub(super) type Pair = (String, String);

/// The ways in which one option may be met: one sub-query each, of some pairs.
type Choices = Vec<Vec<Pair>>;

/// One choice per option.
type Combination<'a> = Vec<(Place, &'a [Pair])>;

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
    pub(super) allow_partial: bool,
    /// Whether granules of several maturities were asked for.
    pub(super) mixed: bool,
    /// Releases to keep; all when empty.
    pub(super) crids: Vec<Crid>,
}

pub(super) fn plan(options: &Options) -> Result<Plan> {
    let crids = check::each(&options.crid, check::crid)?;
    if crids.is_empty() || !options.granule_list.is_empty() {
        return Ok(Plan { crids, ..plan_of(options)? });
    }
    // The catalogue has no parameter for releases, but every name holds its own.
    let granule_list = crids.iter().map(|crid| format!("NISAR_*_{crid}_*")).collect();
    Ok(Plan { crids, ..plan_of(&Options { granule_list, ..options.clone() })? })
}

fn plan_of(options: &Options) -> Result<Plan> {
    let page_size = match options.max_results {
        Some(0) => {
            return Err(Error::usage("max_results cannot be 0").with_hint("give 1 or more, or leave it out"));
        }
        Some(most) => most.min(LARGEST_PAGE),
        None => LARGEST_PAGE,
    };
    let mut notices = Vec::new();
    let scope = Scope::of(options)?;
    let slots = slots_of(options, &scope, &mut notices)?;
    let combinations = combine(&slots, scope.levels.len())?;
    let mut subqueries = Vec::new();
    for level in &scope.levels {
        let Some(names) = scope.names_for(level, &mut notices) else { continue };
        for chosen in &combinations {
            subqueries.push(pairs_of(options, level, &names, chosen, page_size));
        }
    }
    if subqueries.iter().any(|pairs| !is_constrained(pairs)) && options.max_results.is_none() {
        return Err(Error::usage("the query would fetch the whole archive")
            .with_hint("name a dataset, a collection, names, an area or dates, or give max_results"));
    }
    let (max_results, allow_partial) = (options.max_results, options.allow_partial);
    let named = [&options.short_name, &options.collections, &options.granule_list, &options.product_list];
    let mixed = options.mixed_maturity
        || options.data_maturity.len() > 1
        || named.iter().any(|list| !list.is_empty());
    Ok(Plan { subqueries, notices, page_size, max_results, allow_partial, mixed, crids: Vec::new() })
}

/// Whether any pair beyond those of every request narrows the search.
fn is_constrained(pairs: &[Pair]) -> bool {
    let always = ["page_size", "provider", "sort_key[]"];
    pairs.iter().any(|(key, _)| !always.contains(&key.as_str()) && !key.starts_with("options["))
}

/// Which collections, products and numbering the query is about.
struct Scope {
    /// Collections named, if any were.
    names: Option<BTreeSet<String>>,
    /// One entry per product type asked for; `Level::Any` alone when none was.
    levels: Vec<Level>,
    /// Platforms to hand to the catalogue as they are.
    platforms: Vec<String>,
    concept_ids: Vec<String>,
    is_nisar: bool,
    frames_are_frame_numbers: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Level {
    Any,
    Nisar(&'static str),
    Other(String),
}

impl Scope {
    fn of(options: &Options) -> Result<Self> {
        let platforms = check::each(&options.platform, |value| check::plain_name("platform", value))?;
        let short_names = check::each(&options.short_name, |value| check::plain_name("short_name", value))?;
        let concept_ids = check::each(&options.collections, check::concept_id)?;
        let is_nisar_platform = |value: &String| value.eq_ignore_ascii_case("NISAR");
        let platform_is_nisar = !platforms.is_empty() && platforms.iter().all(is_nisar_platform);
        let names = named_collections(options, platform_is_nisar, &short_names)?;
        let elsewhere = platforms.iter().any(|p| !is_nisar_platform(p))
            || short_names.iter().any(|name| !collections::is_nisar(name))
            || concept_ids.iter().any(|id| !collections::is_nisar_concept(id))
            || !options.cmr_keywords.is_empty();
        let levels = levels(&options.processing_level, elsewhere)?;
        let is_nisar = names.iter().flatten().any(|name| collections::is_nisar(name))
            || levels.iter().any(|level| matches!(level, Level::Nisar(_)))
            || !options.dataset.is_empty()
            || (!concept_ids.is_empty() && concept_ids.iter().all(|id| collections::is_nisar_concept(id)));
        let numbered = |name: &String| {
            let name = name.to_ascii_uppercase();
            ["SENTINEL-1", "S1", "ALOS", "SEASAT"].iter().any(|mission| name.starts_with(mission))
        };
        let frames_are_frame_numbers = is_nisar || platforms.iter().chain(&short_names).any(numbered);
        let platforms = if platform_is_nisar { Vec::new() } else { platforms };
        Ok(Self { names, levels, platforms, concept_ids, is_nisar, frames_are_frame_numbers })
    }

    /// The collections to name for a product type; `None`, and a notice, when none of those asked for can hold it.
    fn names_for(&self, level: &Level, notices: &mut Vec<String>) -> Option<Vec<String>> {
        let Some(names) = &self.names else { return Some(Vec::new()) };
        let kept: Vec<String> = match level {
            Level::Nisar(code) => {
                names.iter().filter(|name| collections::can_hold(name, code)).cloned().collect()
            }
            _ => names.iter().cloned().collect(),
        };
        if kept.is_empty() {
            notices.push(match level {
                Level::Nisar(code) => format!("no collection that the other options allow can hold {code}"),
                _ => "no collection is allowed by all of the options".to_owned(),
            });
            return None;
        }
        Some(kept)
    }
}

/// The collections that datasets, platform and short names add up to, narrowed by maturity; `None` when no option
/// names any.
fn named_collections(
    options: &Options,
    platform_is_nisar: bool,
    short_names: &[String],
) -> Result<Option<BTreeSet<String>>> {
    let datasets = check::each(&options.dataset, check::dataset)?;
    let tiers = check::each(&options.data_maturity, check::maturity)?;
    let mut names = None;
    if !datasets.is_empty() {
        names = Some(collections::names(|c| datasets.iter().any(|index| DATASETS[*index].1(c))));
    }
    if platform_is_nisar {
        let of_platform = collections::names(collections::is_of_platform);
        names = Some(match names {
            Some(names) => names.intersection(&of_platform).cloned().collect(),
            None => of_platform,
        });
    }
    if !short_names.is_empty() {
        names.get_or_insert_default().extend(short_names.iter().cloned());
    }
    if !tiers.is_empty() {
        let names = names.get_or_insert_with(|| collections::names(|_| true));
        names.retain(|name| tiers.iter().any(|tier| collections::is_of_maturity(name, *tier)));
    }
    Ok(names)
}

fn levels(given: &[String], elsewhere: bool) -> Result<Vec<Level>> {
    let levels = check::each(given, |value| match check::nisar_type(value) {
        Some(code) => Ok(Level::Nisar(code)),
        None if elsewhere => Ok(Level::Other(check::plain_name("processing_level", value)?)),
        None => Err(check::unknown_type(value)),
    })?;
    Ok(if levels.is_empty() { vec![Level::Any] } else { levels })
}

/// The pairs of one option: one choice per sub-query, each with any number of pairs.
struct Slot {
    place: Place,
    choices: Choices,
}

/// Where a slot's pairs stand in the request.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    BeforeCollections,
    AfterCollections,
    Last,
}

/// The slots of every option but product type and collections, in asf_search's order.
fn slots_of(options: &Options, scope: &Scope, notices: &mut Vec<String>) -> Result<Vec<Slot>> {
    let placed = |place: Place, all: Vec<Choices>| {
        all.into_iter().filter(|choices| !choices.is_empty()).map(move |choices| Slot { place, choices })
    };
    let mut slots: Vec<Slot> = placed(Place::BeforeCollections, where_and_which(options, scope)?).collect();
    slots.extend(placed(Place::AfterCollections, radar_modes(options)?));
    slots.extend(placed(Place::Last, area_and_time(options, notices)?));
    Ok(slots)
}

/// Orbits, tracks, frames, names and platforms.
fn where_and_which(options: &Options, scope: &Scope) -> Result<Vec<Choices>> {
    let (most_tracks, most_frames) = if scope.is_nisar { (173, 176) } else { (100_000, 100_000) };
    let track = if scope.is_nisar { "TRACK_NUMBER" } else { "PATH_NUMBER" };
    let frame = if scope.frames_are_frame_numbers { "FRAME_NUMBER" } else { "CENTER_ESA_FRAME" };
    let orbits = check::numbers("absolute_orbit", &options.absolute_orbit, 10_000_000)?;
    let asf_frames = check::numbers("asf_frame", &options.asf_frame, most_frames)?;
    let direction = options.flight_direction.as_deref().map(check::direction).transpose()?;
    let frames = check::numbers("frame", &options.frame, most_frames)?;
    let granules = granule_names(&options.granule_list)?;
    let products = listed("product_list", &options.product_list)?;
    let tracks = check::numbers("relative_orbit", &options.relative_orbit, most_tracks)?;
    Ok(vec![
        orbits.into_iter().map(|orbit| vec![pair("orbit_number", orbit)]).collect(),
        attributes("int", "FRAME_NUMBER", asf_frames),
        attributes("string", "ASCENDING_DESCENDING", one(direction)),
        attributes("int", frame, frames),
        name_chunks("readable_granule_name[]", &granules),
        name_chunks("granule_ur[]", &products),
        together("platform[]", &scope.platforms),
        attributes("int", track, tracks),
        together("echo_collection_id[]", &scope.concept_ids),
    ])
}

/// What is special to NISAR's products.
fn radar_modes(options: &Options) -> Result<Vec<Choices>> {
    let full = options.frame_coverage.as_deref().map(check::full_frame).transpose()?;
    let joint = options.joint_observation.map(|joint| if joint { "TRUE" } else { "FALSE" });
    let polarizations =
        |option: &str, given: &[String]| check::each(given, |value| check::polarization(option, value));
    let main = polarizations("main_band_polarization", &options.main_band_polarization)?;
    let side = polarizations("side_band_polarization", &options.side_band_polarization)?;
    let bandwidths = check::each(&options.range_bandwidth, check::range_bandwidth)?;
    let pipelines = check::each(&options.production_configuration, check::pipeline)?;
    let pipelines = pipelines.into_iter().map(str::to_owned).collect();
    let words = |name: &str, values: Vec<String>| attributes("string", name, values);
    Ok(vec![
        words("FULL_FRAME", one(full)),
        words("JOINT_OBSERVATION", one(joint)),
        words("FREQUENCY_A_POLARIZATION_CONCAT", main),
        words("FREQUENCY_B_POLARIZATION_CONCAT", side),
        words("RANGE_BANDWIDTH_CONCAT", bandwidths),
        words("PRODUCTION_PIPELINE", pipelines),
    ])
}

/// Area, dates, and the caller's own pairs.
fn area_and_time(options: &Options, notices: &mut Vec<String>) -> Result<Vec<Choices>> {
    let mut all = Vec::new();
    if let Some(wkt) = &options.intersects_with {
        let area = area::Area::parse(wkt)?;
        notices.extend(area.notices);
        all.push(vec![vec![pair(area.key, area.value)]]);
    }
    if let Some(temporal) = dates::temporal(options.start.as_ref(), options.end.as_ref())? {
        all.push(vec![vec![pair("temporal", temporal)]]);
    }
    all.push(keywords(&options.cmr_keywords)?);
    Ok(all)
}

/// Every combination of one choice per slot.
fn combine(slots: &[Slot], levels: usize) -> Result<Vec<Combination<'_>>> {
    let total = slots.iter().try_fold(levels, |total, slot| total.checked_mul(slot.choices.len()));
    if total.is_none_or(|total| total > MOST_SUBQUERIES) {
        return Err(Error::usage(format!(
            "the lists in the query combine to more than {MOST_SUBQUERIES} requests"
        ))
        .with_hint("give fewer values, or ranges of tracks and frames"));
    }
    let mut combinations: Vec<Combination<'_>> = vec![Vec::new()];
    for slot in slots {
        combinations = combinations
            .iter()
            .flat_map(|chosen| {
                slot.choices.iter().map(move |choice| {
                    let mut longer = chosen.clone();
                    longer.push((slot.place, choice.as_slice()));
                    longer
                })
            })
            .collect();
    }
    Ok(combinations)
}

/// One request, in wire order.
fn pairs_of(
    options: &Options,
    level: &Level,
    names: &[String],
    chosen: &[(Place, &[Pair])],
    page_size: usize,
) -> Vec<Pair> {
    let at = |wanted: Place| {
        chosen.iter().filter(move |(place, _)| *place == wanted).flat_map(|(_, pairs)| pairs.iter().cloned())
    };
    let mut pairs: Vec<Pair> = at(Place::BeforeCollections).collect();
    if let Level::Other(kind) = level {
        pairs.push(pair("attribute[]", format!("string,PROCESSING_TYPE,{kind}")));
    }
    pairs.extend(names.iter().map(|name| pair("shortName", name.clone())));
    pairs.extend(at(Place::AfterCollections));
    pairs.extend(at(Place::Last));
    if let Level::Nisar(code) = level {
        pairs.push(pair("attribute[]", format!("string,PRODUCT_TYPE,{code}")));
    }
    pairs.push(pair("page_size", page_size.to_string()));
    pairs.push(pair("options[temporal][and]", "true"));
    pairs.push(pair("sort_key[]", "-end_date"));
    pairs.push(pair("sort_key[]", "granule_ur"));
    pairs.push(pair("options[platform][ignore_case]", "true"));
    pairs.push(pair("provider", "ASF"));
    if options.granule_list.iter().any(|name| has_wildcard(name)) {
        pairs.push(pair("options[readable_granule_name][pattern]", "true"));
    }
    pairs
}

fn pair(key: &str, value: impl Into<String>) -> Pair {
    (key.to_owned(), value.into())
}

fn one(value: Option<&str>) -> Vec<String> {
    value.into_iter().map(str::to_owned).collect()
}

/// One choice per value of an additional attribute.
fn attributes(kind: &str, name: &str, values: Vec<String>) -> Choices {
    values.into_iter().map(|value| vec![pair("attribute[]", format!("{kind},{name},{value}"))]).collect()
}

/// All values in one choice.
fn together(key: &str, values: &[String]) -> Choices {
    if values.is_empty() {
        return Vec::new();
    }
    vec![values.iter().map(|value| pair(key, value.clone())).collect()]
}

fn name_chunks(key: &str, names: &[String]) -> Choices {
    names
        .chunks(NAMES_PER_REQUEST)
        .map(|chunk| chunk.iter().map(|name| pair(key, name.clone())).collect())
        .collect()
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

fn keywords(given: &[Pair]) -> Result<Choices> {
    if let Some((key, _)) = given.iter().find(|(key, _)| key.is_empty() || RESERVED.contains(&key.as_str())) {
        return Err(Error::usage(format!("cmr_keywords cannot hold {:?}", shown(key)))
            .with_hint("paging and order are the search's own; use max_results"));
    }
    Ok(if given.is_empty() { Vec::new() } else { vec![given.to_vec()] })
}

#[cfg(test)]
mod tests;
