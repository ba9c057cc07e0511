//! Every option of a search: its names, what it may be given, and what it becomes.
//!
//! [`OPTIONS`] is the table that the command and the Python package are made from; names are asf_search's, in snake
//! case. Source of names and of the catalogue's parameters: asf_search 14.1.0.

use std::collections::BTreeMap;

use super::values::{Decimals, Given, Moment, NumberRange, Numbers, OptionValue};
use crate::error::{Error, Result};
use crate::granule::shown;

/// What an option may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionKind {
    /// One text or several; a granule matches when it matches one of them.
    Texts,
    /// Whole numbers and ranges of them.
    Integers,
    /// Numbers and ranges of them.
    Decimals,
    /// One number.
    Decimal,
    /// True or false.
    Flag,
    /// A point in time.
    Moment,
    /// One text.
    Text,
    /// How many.
    Count,
    /// Pairs of texts.
    Pairs,
    /// Longitudes and latitudes in degrees, in a fixed order.
    Coordinates,
}

/// What the options of a search are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionGroup {
    /// Where.
    Area,
    /// When.
    Time,
    /// Which collections and products.
    Product,
    /// Track, frame, direction.
    Orbit,
    /// How the radar worked.
    Radar,
    /// Names of granules.
    Names,
    /// What only some missions have.
    Missions,
    /// How the catalogue is asked.
    Catalogue,
}

/// What an option becomes in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sends {
    /// One request per value, with an additional attribute of this type and name.
    Attribute(&'static str, &'static str),
    /// The least that an additional attribute may be.
    AtLeast(&'static str, &'static str),
    /// The most that it may be.
    AtMost(&'static str, &'static str),
    /// All values in one request, under this key.
    Together(&'static str),
    /// What `plan` makes of it.
    Special,
}

/// One option of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchOption {
    /// The name in Rust and Python: asf_search's in snake case.
    pub name: &'static str,
    /// The name in asf_search.
    pub asf_name: &'static str,
    /// What it may be given.
    pub kind: OptionKind,
    /// What it is about.
    pub group: OptionGroup,
    /// What it does, in one line.
    pub about: &'static str,
    pub(super) sends: Sends,
}

use OptionGroup::{Area, Catalogue, Missions, Names, Orbit, Product, Radar, Time};
use OptionKind::{Coordinates, Count, Decimal, Flag, Integers, Pairs, Text, Texts};
use Sends::{AtLeast, AtMost, Attribute, Special, Together};

const fn row(
    names: (&'static str, &'static str),
    kind: OptionKind,
    group: OptionGroup,
    sends: Sends,
    about: &'static str,
) -> SearchOption {
    SearchOption { name: names.0, asf_name: names.1, kind, group, about, sends }
}

/// Every option, in the order in which asf_search sends them.
#[rustfmt::skip]
pub const OPTIONS: &[SearchOption] = &[
    row(("max_results", "maxResults"), Count, Catalogue, Special, "At most so many granules, the newest acquisitions first"),
    row(("absolute_orbit", "absoluteOrbit"), Integers, Orbit, Special, "Orbits counted since launch"),
    row(("asf_frame", "asfFrame"), Integers, Orbit, Special, "Frames as ASF numbers them; for NISAR the same as frame"),
    row(("beam_mode", "beamMode"), Texts, Radar, Attribute("string", "BEAM_MODE"), "Beam modes: IW, EW, FBS, STD, …"),
    row(("beam_swath", "beamSwath"), Texts, Radar, Attribute("string", "BEAM_MODE_TYPE"), "Types of beam modes"),
    row(("data_maturity", "dataMaturity"), Texts, Product, Special, "Release tiers of NISAR: BETA, PROVISIONAL, VALIDATED, or ANY to mix them; the highest one found unless told"),
    row(("crid", "crid"), Texts, Product, Special, "Composite release ids: only granules of these releases, such as P05023"),
    row(("mixed_maturity", "mixedMaturity"), Flag, Product, Special, "Whether granules of several maturities may be used together"),
    row(("campaign", "campaign"), Texts, Missions, Attribute("string", "MISSION_NAME"), "Campaigns of UAVSAR and AIRSAR"),
    row(("site_description", "siteDescription"), Texts, Missions, Attribute("string", "SITE_DESCRIPTION"), "Sites of UAVSAR"),
    row(("max_doppler", "maxDoppler"), Decimal, Missions, AtMost("float", "DOPPLER"), "The largest Doppler centroid, in Hz"),
    row(("min_doppler", "minDoppler"), Decimal, Missions, AtLeast("float", "DOPPLER"), "The smallest Doppler centroid, in Hz"),
    row(("max_baseline_perp", "maxBaselinePerp"), Decimal, Missions, AtMost("float", "INSAR_BASELINE"), "The largest perpendicular baseline, in metres"),
    row(("min_baseline_perp", "minBaselinePerp"), Decimal, Missions, AtLeast("float", "INSAR_BASELINE"), "The smallest perpendicular baseline, in metres"),
    row(("max_insar_stack_size", "maxInsarStackSize"), Count, Missions, AtMost("int", "INSAR_STACK_SIZE"), "The most scenes in the interferometric stack"),
    row(("min_insar_stack_size", "minInsarStackSize"), Count, Missions, AtLeast("int", "INSAR_STACK_SIZE"), "The fewest scenes in the interferometric stack"),
    row(("max_faraday_rotation", "maxFaradayRotation"), Decimal, Missions, AtMost("float", "FARADAY_ROTATION"), "The largest Faraday rotation, in degrees"),
    row(("min_faraday_rotation", "minFaradayRotation"), Decimal, Missions, AtLeast("float", "FARADAY_ROTATION"), "The smallest Faraday rotation, in degrees"),
    row(("flight_direction", "flightDirection"), Texts, Orbit, Attribute("string", "ASCENDING_DESCENDING"), "Direction of flight: ascending or descending"),
    row(("flight_line", "flightLine"), Texts, Missions, Attribute("string", "FLIGHT_LINE"), "Flight lines of UAVSAR and AIRSAR"),
    row(("frame", "frame"), Integers, Orbit, Special, "Frames of the track"),
    row(("granule_list", "granule_list"), Texts, Names, Special, "Granule names; * and ? stand for any letters and any letter"),
    row(("product_list", "product_list"), Texts, Names, Special, "Names in the catalogue (GranuleUR)"),
    row(("intersects_with", "intersectsWith"), Text, Area, Special, "Area: well-known text (WKT), GeoJSON, KML"),
    row(("bbox", "bbox"), Coordinates, Area, Special, "Area within west, south, east, north in degrees"),
    row(("circle", "circle"), Coordinates, Area, Special, "Area around longitude, latitude in degrees, within a radius in metres"),
    row(("linestring", "linestring"), Coordinates, Area, Special, "Area along a line: longitude, latitude of each of its points"),
    row(("point", "point"), Coordinates, Area, Special, "Area at longitude, latitude in degrees"),
    row(("look_direction", "lookDirection"), Texts, Radar, Attribute("string", "LOOK_DIRECTION"), "Side to which the radar looks: LEFT or RIGHT"),
    row(("off_nadir_angle", "offNadirAngle"), OptionKind::Decimals, Radar, Attribute("float", "OFF_NADIR_ANGLE"), "Off-nadir angles of ALOS PALSAR, in degrees"),
    row(("platform", "platform"), Texts, Product, Special, "Platforms: NISAR, SENTINEL-1A, S1, ALOS, …, in any case"),
    row(("polarization", "polarization"), Texts, Radar, Attribute("string", "POLARIZATION"), "Polarizations of other missions: VV, VV+VH, …"),
    row(("processing_level", "processingLevel"), Texts, Product, Special, "Kinds of products: GCOV, GSLC, RSLC, GUNW, SLC, …"),
    row(("relative_orbit", "relativeOrbit"), Integers, Orbit, Special, "Tracks (relative orbits, paths)"),
    row(("processing_date", "processingDate"), OptionKind::Moment, Time, Special, "Changed in the catalogue at or after this time"),
    row(("start", "start"), OptionKind::Moment, Time, Special, "Acquired at or after this time: 2025-11-22, '3 weeks ago', today"),
    row(("end", "end"), OptionKind::Moment, Time, Special, "Acquired at or before this time; a date alone includes its day"),
    row(("season", "season"), Integers, Time, Special, "First and last day of each year, from 1 to 366; may go over the new year"),
    row(("group_id", "groupID"), Texts, Names, Attribute("string", "GROUP_ID"), "Groups of granules that belong together"),
    row(("insar_stack_id", "insarStackId"), Integers, Missions, Attribute("int", "INSAR_STACK_ID"), "Interferometric stacks"),
    row(("instrument", "instrument"), Texts, Product, Together("instrument[]"), "Instruments: L-SAR, C-SAR, PALSAR, …"),
    row(("collections", "collections"), Texts, Product, Together("echo_collection_id[]"), "Concept ids of collections (C3622214170-ASF)"),
    row(("short_name", "shortName"), Texts, Product, Special, "Short names of collections; they add to those of dataset"),
    row(("dataset", "dataset"), Texts, Product, Special, "Datasets of ASF: NISAR, SENTINEL-1, ALOS PALSAR, …"),
    row(("cmr_keywords", "cmr_keywords"), Pairs, Catalogue, Special, "Pairs for the catalogue as they are: KEY=VALUE"),
    row(("aria_version", "ariaVersion"), Texts, Missions, Attribute("string", "VERSION"), "Versions of ARIA's products"),
    row(("tile_id", "tileID"), Texts, Missions, Attribute("string", "MGRS_TILE_ID"), "Tiles of OPERA's products (MGRS)"),
    row(("temporal_baseline_days", "temporalBaselineDays"), Integers, Missions, Attribute("int", "TEMPORAL_BASELINE_DAYS"), "Days between the two acquisitions of a pair"),
    row(("opera_burst_id", "operaBurstID"), Texts, Missions, Attribute("string", "OPERA_BURST_ID"), "Bursts of OPERA's products"),
    row(("absolute_burst_id", "absoluteBurstID"), Integers, Missions, Attribute("int", "BURST_ID_ABSOLUTE"), "Bursts of Sentinel-1, counted since launch"),
    row(("relative_burst_id", "relativeBurstID"), Integers, Missions, Attribute("int", "BURST_ID_RELATIVE"), "Bursts of Sentinel-1, counted in the cycle"),
    row(("full_burst_id", "fullBurstID"), Texts, Missions, Attribute("string", "BURST_ID_FULL"), "Bursts of Sentinel-1 with track and beam"),
    row(("frame_coverage", "frameCoverage"), Texts, Orbit, Attribute("string", "FULL_FRAME"), "FULL or PARTIAL frames"),
    row(("joint_observation", "jointObservation"), Flag, Radar, Attribute("string", "JOINT_OBSERVATION"), "Whether both radars of NISAR observed together"),
    row(("main_band_polarization", "mainBandPolarization"), Texts, Radar, Attribute("string", "FREQUENCY_A_POLARIZATION_CONCAT"), "Polarizations of frequency A: HH, HH+HV, …"),
    row(("side_band_polarization", "sideBandPolarization"), Texts, Radar, Attribute("string", "FREQUENCY_B_POLARIZATION_CONCAT"), "Polarizations of frequency B"),
    row(("range_bandwidth", "rangeBandwidth"), Texts, Radar, Attribute("string", "RANGE_BANDWIDTH_CONCAT"), "Range bandwidths of NISAR in MHz: 20+5, 40+5, 77, …"),
    row(("production_configuration", "productionConfiguration"), Texts, Product, Attribute("string", "PRODUCTION_PIPELINE"), "PR (production), UR (urgent response), OD (on demand)"),
    row(("provider", "provider"), Text, Catalogue, Special, "The provider in the catalogue"),
    row(("collection_alias", "collectionAlias"), Flag, Catalogue, Special, "Whether platforms and kinds of products stand for collections (they do)"),
    row(("allow_partial", "allowPartial"), Flag, Catalogue, Special, "Take an incomplete answer of the catalogue"),
];

/// The option of this name, in snake case or as asf_search spells it.
pub(super) fn option(name: &str) -> Option<&'static SearchOption> {
    OPTIONS.iter().find(|option| option.name == name || option.asf_name == name)
}

/// The error for a name that is no option, with the likely one.
pub(super) fn unknown(name: &str) -> Error {
    let bare = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    let wanted = bare(name);
    let near = OPTIONS.iter().find(|option| {
        let known = bare(option.name);
        known == wanted || (wanted.len() > 3 && (known.contains(&wanted) || wanted.contains(&known)))
    });
    let error = Error::usage(format!("search has no option {:?}", shown(name)));
    match near {
        Some(option) => error.with_hint(format!("it may be meant to be {}", option.name)),
        None => {
            error.with_hint("the documentation lists all options; cmr_keywords takes the catalogue's own")
        }
    }
}

/// The options as given, by name. What is read under a name has the kind of its row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Options(BTreeMap<&'static str, Given>);

impl Options {
    pub(super) fn put(&mut self, name: &'static str, given: Given) {
        self.0.insert(name, given);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(super) fn is_given(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn given(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Takes over what `other` was given.
    pub(super) fn merge(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(name, given)| (*name, given.clone())));
    }

    pub(super) fn texts(&self, name: &str) -> &[String] {
        match self.0.get(name) {
            Some(Given::Texts(texts)) => texts,
            _ => &[],
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).first().map(String::as_str)
    }

    pub(super) fn numbers(&self, name: &str) -> &[NumberRange] {
        match self.0.get(name) {
            Some(Given::Numbers(numbers)) => &numbers.0,
            _ => &[],
        }
    }

    pub(super) fn decimals(&self, name: &str) -> &[(f64, f64)] {
        match self.0.get(name) {
            Some(Given::Decimals(decimals)) => &decimals.0,
            _ => &[],
        }
    }

    pub(super) fn coordinates(&self, name: &str) -> &[f64] {
        match self.0.get(name) {
            Some(Given::Coordinates(numbers)) => numbers,
            _ => &[],
        }
    }

    pub(super) fn area(&self, name: &str) -> Option<&super::area::Area> {
        match self.0.get(name) {
            Some(Given::Area(area)) => Some(area),
            _ => None,
        }
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name) {
            Some(Given::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    pub(super) fn count(&self, name: &str) -> Option<usize> {
        match self.0.get(name) {
            Some(Given::Count(count)) => Some(*count),
            _ => None,
        }
    }

    pub(super) fn moment(&self, name: &str) -> Option<&Moment> {
        match self.0.get(name) {
            Some(Given::Moment(moment)) => Some(moment),
            _ => None,
        }
    }

    pub(super) fn pairs(&self, name: &str) -> &[(String, String)] {
        match self.0.get(name) {
            Some(Given::Pairs(pairs)) => pairs,
            _ => &[],
        }
    }

    pub(super) fn add_texts(&mut self, name: &'static str, more: Vec<String>) {
        match self.0.entry(name).or_insert_with(|| Given::Texts(Vec::new())) {
            Given::Texts(texts) => texts.extend(more),
            other => *other = Given::Texts(more),
        }
    }

    pub(super) fn add_numbers(&mut self, name: &'static str, more: Numbers) {
        match self.0.entry(name).or_insert_with(|| Given::Numbers(Numbers::default())) {
            Given::Numbers(numbers) => numbers.0.extend(more.0),
            other => *other = Given::Numbers(more),
        }
    }

    pub(super) fn add_decimals(&mut self, name: &'static str, more: Decimals) {
        match self.0.entry(name).or_insert_with(|| Given::Decimals(Decimals::default())) {
            Given::Decimals(decimals) => decimals.0.extend(more.0),
            other => *other = Given::Decimals(more),
        }
    }

    pub(super) fn add_pair(&mut self, name: &'static str, pair: (String, String)) {
        match self.0.entry(name).or_insert_with(|| Given::Pairs(Vec::new())) {
            Given::Pairs(pairs) => pairs.push(pair),
            other => *other = Given::Pairs(vec![pair]),
        }
    }
}

/// A value as an option of this kind takes it.
pub(super) fn read(option: &SearchOption, value: &OptionValue) -> Result<Given> {
    let wrong = || {
        let wanted = match option.kind {
            OptionKind::Texts => "text, or a list of texts",
            OptionKind::Integers => "whole numbers, ranges of them (1-10), or a list of both",
            OptionKind::Decimals => "numbers, ranges of them, or a list of both",
            OptionKind::Decimal => "a finite number",
            OptionKind::Flag => "true or false",
            OptionKind::Moment => "a date",
            OptionKind::Text => "text",
            OptionKind::Count => "a whole number, 0 or more",
            OptionKind::Pairs => "pairs of a key and a value",
            OptionKind::Coordinates => "a list of numbers",
        };
        Error::usage(format!("{} cannot be {:?}", option.name, shown(&value.to_string())))
            .with_hint(format!("it takes {wanted}"))
    };
    let given = match option.kind {
        OptionKind::Texts => value.texts().filter(|texts| !texts.is_empty()).map(Given::Texts),
        OptionKind::Integers => value.numbers().map(Given::Numbers),
        OptionKind::Decimals => value.decimals().map(Given::Decimals),
        OptionKind::Decimal => value.decimal().map(|one| Given::Decimals(Decimals(vec![(one, one)]))),
        OptionKind::Flag => value.flag().map(Given::Flag),
        OptionKind::Moment => value.moment().map(Given::Moment),
        OptionKind::Text => value.texts().filter(|texts| texts.len() == 1).map(Given::Texts),
        OptionKind::Count => value.integer().and_then(|count| usize::try_from(count).ok()).map(Given::Count),
        OptionKind::Pairs => value.pairs().map(Given::Pairs),
        OptionKind::Coordinates => value.coordinates().map(Given::Coordinates),
    };
    given.ok_or_else(wrong)
}
