//! Which of the results to use: the newest release of each product, of one maturity, within the area searched.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use geo::{BooleanOps, ChamberlainDuquetteArea, Distance, Euclidean, Intersects};
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Point, Polygon, Rect};

use super::SearchResults;
use super::plan::Pair;
use crate::granule::{Granule, GranuleName, KnownIssue, Maturity, Release, newest, on_the_map};

/// Whether a granule is to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// The newest release of its product, of the maturity that the results are used in.
    Used,
    /// A newer release is among the results.
    Superseded {
        /// The name of the newer one.
        by: String,
    },
    /// The newest release of its product, but of another maturity than the one that is used: the two should not be
    /// analysed together (ASF NISAR documentation).
    OtherMaturity {
        /// The maturity that is used.
        used: Maturity,
    },
    /// The catalogue found it, but its outline does not touch the area.
    Outside,
}

impl State {
    /// One word: `used`, `superseded`, `other-maturity`, `outside`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Superseded { .. } => "superseded",
            Self::OtherMaturity { .. } => "other-maturity",
            Self::Outside => "outside",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Used => f.write_str("used"),
            Self::Superseded { by } => write!(f, "superseded by {by}"),
            Self::OtherMaturity { used } => write!(f, "other maturity ({used} is used)"),
            Self::Outside => f.write_str("outside the area"),
        }
    }
}

/// A granule and its place among the results: names and ids may repeat, places do not.
struct Placed<'a> {
    place: usize,
    granule: &'a Granule,
}

impl Release for Placed<'_> {
    fn granule_name(&self) -> Option<&GranuleName> {
        self.granule.granule_name()
    }

    fn collection(&self) -> Option<&str> {
        Release::collection(self.granule)
    }

    fn processed(&self) -> Option<jiff::Timestamp> {
        Release::processed(self.granule)
    }
}

/// The outline of a granule and the catalogue's idea of it differ where edges are long: the catalogue's are great circles.
const EDGE_DEGREES: f64 = 0.05;

impl SearchResults {
    /// Every granule with its state, in order.
    pub fn states(&self) -> Vec<(&Granule, State)> {
        let placed = self.granules.iter().enumerate().map(|(place, granule)| Placed { place, granule });
        let area = self.area();
        let first = |granule| if is_outside(granule, area.as_ref()) { State::Outside } else { State::Used };
        let mut states: Vec<(&Granule, State)> =
            self.granules.iter().map(|granule| (granule, first(granule))).collect();
        for superseded in newest(placed).superseded {
            states[superseded.granule.place].1 = State::Superseded { by: superseded.by };
        }
        if !self.context.mixed {
            keep_one_maturity(&mut states);
        }
        states
    }

    /// The same results, with only what is to be used: the newest release of each product, of one maturity, within the area.
    /// What was left out and why is told in [`SearchResults::notices`], superseded releases aside.
    #[must_use]
    pub fn into_latest(mut self) -> Self {
        let notes = self.notes();
        let used: Vec<bool> = self.states().iter().map(|(_, state)| *state == State::Used).collect();
        let before = used.len();
        let mut used = used.into_iter();
        self.granules.retain(|_| used.next().unwrap_or(true));
        self.let_go(before);
        self.notices.extend(notes);
        self
    }

    /// Lets granules of several maturities be used together.
    #[must_use]
    pub fn mixing_maturities(mut self) -> Self {
        self.context.mixed = true;
        self
    }

    /// The share of the area searched that a granule's outline covers, 0 to 100 percent; `None` when no area was searched, the
    /// area is a line, or the granule has no outline. A point is covered wholly or not at all.
    pub fn area_percent(&self, granule: &Granule) -> Option<f64> {
        percent_of(self.area().as_ref()?, granule)
    }

    /// The same for every granule, in order.
    pub fn area_percents(&self) -> Vec<Option<f64>> {
        let area = self.area();
        self.granules.iter().map(|granule| percent_of(area.as_ref()?, granule)).collect()
    }

    /// The area searched; cut at the antimeridian.
    fn area(&self) -> Option<Geometry<f64>> {
        self.context.area.as_ref().and_then(area_of)
    }

    /// What the user should know of the choice: maturities left out or mixed, granules outside of the area, frames that come
    /// in parts.
    pub fn notes(&self) -> Vec<String> {
        let states = self.states();
        let mut notes = maturity_notes(&states);
        let outside = states.iter().filter(|(_, state)| *state == State::Outside).count();
        if outside > 0 {
            notes.push(format!("{} not touch the area searched", does(outside)));
        }
        for part in self.frame_parts() {
            let Some(name) = part.first().and_then(|granule| granule.parsed.as_ref()) else { continue };
            notes.push(format!(
                "{} granules are parts of one frame of one pass (track {}{}, frame {}, cycle {}): use them together",
                part.len(),
                name.track,
                name.direction.letter(),
                name.frame.number,
                name.cycle,
            ));
        }
        notes
    }

    /// One note on what is known to be wrong with these granules, those not to be used aside; `None` when nothing is.
    pub fn known_issues_note(&self) -> Option<String> {
        let mut touched = 0;
        let mut issues: Vec<&KnownIssue> = Vec::new();
        for (granule, _) in self.states().into_iter().filter(|(_, state)| *state == State::Used) {
            let found = granule.known_issues();
            touched += usize::from(!found.is_empty());
            for issue in found {
                if issues.iter().all(|known| known.id != issue.id) {
                    issues.push(issue);
                }
            }
        }
        let texts: Vec<String> =
            issues.iter().map(|issue| format!("{} ({})", issue.what, issue.advice)).collect();
        let granules = if touched == 1 { "granule" } else { "granules" };
        let (version, _) = KnownIssue::source();
        (touched > 0)
            .then(|| format!("known issues of {touched} {granules} ({version}): {}", texts.join("; ")))
    }

    /// Granules that are parts of one frame of one pass, as lists of two or more in the order of time: a change of mode or a
    /// gap splits a frame into several products. Only those to be used take part.
    pub fn frame_parts(&self) -> Vec<Vec<&Granule>> {
        self.part_places()
            .iter()
            .map(|part| part.iter().map(|place| &self.granules[*place]).collect())
            .collect()
    }

    /// The same by place in the results.
    fn part_places(&self) -> Vec<Vec<usize>> {
        let mut passes: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (place, (granule, state)) in self.states().into_iter().enumerate() {
            // A pair product is of two passes, and a raw one of no frame.
            let Some(name) = granule.parsed.as_ref().filter(|name| name.mode.is_some()) else { continue };
            if state == State::Used && name.secondary.is_none() {
                let product = (name.product.code(), name.pipeline.code(), name.band.letter());
                let frame = (name.cycle, name.track, name.direction.letter(), name.frame.number);
                passes.entry((product, frame)).or_default().push(place);
            }
        }
        let mut parts: Vec<Vec<usize>> = passes.into_values().filter(|part| part.len() > 1).collect();
        for part in &mut parts {
            part.sort_by_key(|place| (self.granules[*place].start, &self.granules[*place].name));
        }
        parts
    }

    /// Each granule's place among the parts of its frame: `[1, 2]` is the first of two; `None` for a frame in one piece.
    pub(super) fn part_numbers(&self) -> Vec<Option<[usize; 2]>> {
        let mut numbers = vec![None; self.granules.len()];
        for part in self.part_places() {
            for (number, place) in part.iter().enumerate() {
                numbers[*place] = Some([number + 1, part.len()]);
            }
        }
        numbers
    }
}

/// Of each product keeps the highest maturity; the others' state says so.
fn keep_one_maturity(states: &mut [(&Granule, State)]) {
    let mut best: HashMap<String, Maturity> = HashMap::new();
    let product = |granule: &Granule| granule.product.clone().unwrap_or_default();
    for (granule, state) in states.iter() {
        if let (State::Used, Some(tier)) = (state, granule.maturity) {
            let best = best.entry(product(granule)).or_insert(tier);
            *best = tier.max(*best);
        }
    }
    for (granule, state) in states {
        let used = best.get(&product(granule)).copied();
        if let (State::Used, Some(tier), Some(used)) = (&*state, granule.maturity, used)
            && tier != used
        {
            *state = State::OtherMaturity { used };
        }
    }
}

fn maturity_notes(states: &[(&Granule, State)]) -> Vec<String> {
    let mut left: BTreeMap<(Maturity, Maturity), usize> = BTreeMap::new();
    let mut mixed: BTreeMap<String, BTreeSet<Maturity>> = BTreeMap::new();
    for (granule, state) in states {
        match (state, granule.maturity) {
            (State::OtherMaturity { used }, Some(tier)) => *left.entry((tier, *used)).or_default() += 1,
            (State::Used, Some(tier)) => {
                mixed.entry(granule.product.clone().unwrap_or_default()).or_default().insert(tier);
            }
            _ => {}
        }
    }
    let upper = |tier: &Maturity| tier.to_string().to_uppercase();
    let mut notes: Vec<String> = left
        .iter()
        .map(|((tier, used), count)| {
            format!(
                "{count} {} {} left out: there are {} granules too, and the two should not be analysed together \
                 (ask for maturity {tier}, or any)",
                upper(tier),
                if *count == 1 { "granule is" } else { "granules are" },
                upper(used),
            )
        })
        .collect();
    notes.extend(mixed.iter().filter(|(_, tiers)| tiers.len() > 1).map(|(product, tiers)| {
        let tiers: Vec<String> = tiers.iter().map(upper).collect();
        format!("{product} granules are {}: these should not be analysed together", tiers.join(" and "))
    }));
    notes
}

fn does(count: usize) -> String {
    if count == 1 { "1 granule does".to_owned() } else { format!("{count} granules do") }
}

fn percent_of(area: &Geometry<f64>, granule: &Granule) -> Option<f64> {
    let outline = Some(&granule.footprint).filter(|outline| !outline.0.is_empty())?;
    match area {
        Geometry::Point(point) => Some(if outline.intersects(point) { 100.0 } else { 0.0 }),
        Geometry::MultiPolygon(area) => {
            let whole = area.chamberlain_duquette_unsigned_area();
            let covered = area.intersection(outline).chamberlain_duquette_unsigned_area();
            (whole > 0.0).then(|| (100.0 * covered / whole).clamp(0.0, 100.0))
        }
        _ => None,
    }
}

fn is_outside(granule: &Granule, area: Option<&Geometry<f64>>) -> bool {
    let Some(area) = area.filter(|_| !granule.footprint.0.is_empty()) else { return false };
    if granule.footprint.intersects(area) {
        return false;
    }
    let distance = match area {
        Geometry::Point(point) => Euclidean.distance(point, &granule.footprint),
        Geometry::LineString(line) => Euclidean.distance(line, &granule.footprint),
        Geometry::MultiPolygon(area) => Euclidean.distance(area, &granule.footprint),
        _ => 0.0,
    };
    distance > EDGE_DEGREES
}

/// Of the pairs of a request the one that is the area.
pub(super) fn area_pair(pairs: &[Pair]) -> Option<&Pair> {
    pairs.iter().find(|pair| area_of(pair).is_some())
}

/// The area that a pair asks for; cut at the antimeridian.
fn area_of((key, value): &Pair) -> Option<Geometry<f64>> {
    let numbers: Vec<f64> = value.split(',').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?;
    let coords = || LineString(numbers.chunks_exact(2).map(|c| Coord { x: c[0], y: c[1] }).collect());
    match (key.trim_end_matches("[]"), numbers.as_slice()) {
        _ if numbers.iter().any(|number| !number.is_finite()) => None,
        ("bounding_box", [west, south, east, north]) => {
            let east = if east < west { east + 360.0 } else { *east };
            Some(Geometry::MultiPolygon(box_on_the_map([*west, *south, east, *north])))
        }
        ("polygon", numbers) if numbers.len() >= 8 => {
            Some(Geometry::MultiPolygon(on_the_map(vec![coords()])))
        }
        ("line", numbers) if numbers.len() >= 4 => Some(Geometry::LineString(coords())),
        ("point", [x, y]) => Some(Geometry::Point(Point::new(*x, *y))),
        _ => None,
    }
}

/// A box as polygons. One wider than half the globe has no short way round, so it is not cut but split.
fn box_on_the_map([west, south, east, north]: [f64; 4]) -> MultiPolygon<f64> {
    let part = |west: f64, east: f64| {
        Polygon::from(Rect::new(Coord { x: west, y: south }, Coord { x: east, y: north }))
    };
    match east > 180.0 {
        true => MultiPolygon::new(vec![part(west, 180.0), part(-180.0, east - 360.0)]),
        false => MultiPolygon::new(vec![part(west, east)]),
    }
}

#[cfg(test)]
mod tests;
