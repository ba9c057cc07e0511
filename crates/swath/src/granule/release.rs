//! Which of several releases of one acquisition to use.
//!
//! ASF keeps old releases: the same acquisition is found once per release, in several collections. Two granules are
//! releases of one product when pipeline, product, cycle, track, direction, frame, mode and polarization agree and
//! their starts lie within 5 seconds (reprocessing shifts them by one or two). Of these the newest is kept, by
//! maturity, then the five digits of the release id as a number, then orbit accuracy, then the product counter.
//! The letter of the release id does not take part: `P05023` is newer than `X05010` because 5023 > 5010.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use jiff::Timestamp;

use super::field::{BandwidthMode, Crid, Direction, Frame, Pipeline, PolarizationMode, RadarBand};
use super::name::GranuleName;
use super::product::{PRODUCTS, Product};

/// Starts further apart than this are different acquisitions.
const SAME_START_SECONDS: i64 = 5;

/// From this release on products are PROVISIONAL (ASF NISAR documentation: "P05023 or higher").
const FIRST_PROVISIONAL: u32 = 5023;

/// How far a product may be trusted. The order is the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Maturity {
    /// Made by a development, test or engineering system.
    Test,
    /// First release: uncalibrated.
    Beta,
    /// Calibrated, not yet validated.
    Provisional,
    /// Validated.
    Validated,
    /// A tier that swath does not know; taken to be newer than those it does.
    Unknown,
}

impl Maturity {
    /// The tier that a collection's short name tells: `NISAR_L2_GCOV_BETA_V1` is beta, `NISAR_L2_GCOV_V1` validated.
    ///
    /// `None` for collections that hold several tiers (`NISAR_UR_L2`) and for those of other missions.
    pub fn of_collection(short_name: &str) -> Option<Self> {
        let words: Vec<&str> = short_name.split('_').collect();
        let (last, words) = words.split_last()?;
        let (mission, words) = words.split_first()?;
        if *mission != "NISAR" || version(last).is_none() {
            return None;
        }
        match *words.last()? {
            "BETA" => return Some(Self::Beta),
            "PROVISIONAL" => return Some(Self::Provisional),
            _ => {}
        }
        let science =
            |code: &str| PRODUCTS.iter().any(|facts| facts.product.code() == code) || code == "RRST";
        match words {
            [_, code] if science(code) => Some(Self::Validated),
            [_, code, ..] if science(code) => Some(Self::Unknown),
            _ => None,
        }
    }

    /// The tier that a release id suggests, for use where the collection is not known.
    pub fn of_crid(crid: Crid) -> Self {
        match crid.letter {
            'A' | 'D' | 'T' | 'E' | 'Q' => Self::Test,
            _ if crid.number >= FIRST_PROVISIONAL => Self::Provisional,
            _ => Self::Beta,
        }
    }
}

impl fmt::Display for Maturity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Test => "test",
            Self::Beta => "beta",
            Self::Provisional => "provisional",
            Self::Validated => "validated",
            Self::Unknown => "unknown",
        })
    }
}

/// The number of `V1`.
fn version(word: &str) -> Option<u32> {
    word.strip_prefix('V')?.parse().ok()
}

/// Something that is one release of a product.
pub trait Release {
    /// The parsed name; `None` for what is no NISAR granule, and so competes with nothing.
    fn granule_name(&self) -> Option<&GranuleName>;

    /// The short name of the collection it was found in, if known.
    fn collection(&self) -> Option<&str> {
        None
    }

    /// When it was made, if known.
    fn processed(&self) -> Option<Timestamp> {
        None
    }
}

impl Release for GranuleName {
    fn granule_name(&self) -> Option<&GranuleName> {
        Some(self)
    }
}

impl<T: Release> Release for &T {
    fn granule_name(&self) -> Option<&GranuleName> {
        (**self).granule_name()
    }

    fn collection(&self) -> Option<&str> {
        (**self).collection()
    }

    fn processed(&self) -> Option<Timestamp> {
        (**self).processed()
    }
}

/// The newest release of each product, and what it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection<T> {
    /// What to use, in the order given.
    pub kept: Vec<T>,
    /// What not to use, in the order given.
    pub superseded: Vec<Superseded<T>>,
}

/// A release that a newer one replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Superseded<T> {
    /// The older release.
    pub granule: T,
    /// The name of the one to use in its place.
    pub by: String,
}

impl<T: Release> Selection<T> {
    /// The maturities among what is kept. More than one should not be analysed together (ASF NISAR documentation).
    pub fn maturities(&self) -> BTreeSet<Maturity> {
        self.kept.iter().filter_map(maturity).collect()
    }
}

/// The tier of a release: of its collection, or else of its release id.
fn maturity<T: Release>(release: &T) -> Option<Maturity> {
    release
        .collection()
        .and_then(Maturity::of_collection)
        .or_else(|| release.granule_name().map(|name| Maturity::of_crid(name.crid)))
}

/// Keeps the newest release of each product; see the module's head for the rule. The result does not depend on the
/// order of `releases`, save that the order is kept.
///
/// ```
/// use swath::granule::{GranuleName, newest};
/// let old = "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05010_N_F_J_001";
/// let new = "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024617_20251122T024652_P05023_N_F_J_001";
/// let names = [old, new].map(|text| GranuleName::parse(text)).into_iter().collect::<Result<Vec<_>, _>>()?;
/// let selection = newest(names);
/// assert_eq!(selection.kept[0].to_string(), new);
/// assert_eq!(selection.superseded[0].by, new);
/// # Ok::<(), swath::Error>(())
/// ```
pub fn newest<T: Release>(releases: impl IntoIterator<Item = T>) -> Selection<T> {
    let releases: Vec<T> = releases.into_iter().collect();
    let mut replaced_by: Vec<Option<usize>> = vec![None; releases.len()];
    for group in same_products(&releases) {
        let Some(best) = group.iter().copied().max_by_key(|index| rank(&releases, *index)) else {
            continue;
        };
        for other in group.into_iter().filter(|other| *other != best) {
            replaced_by[other] = Some(best);
        }
    }
    let name_of = |index: usize| releases[index].granule_name().map(ToString::to_string).unwrap_or_default();
    let by: Vec<Option<String>> = replaced_by.into_iter().map(|best| best.map(name_of)).collect();
    let mut selection = Selection { kept: Vec::new(), superseded: Vec::new() };
    for (granule, by) in releases.into_iter().zip(by) {
        match by {
            Some(by) => selection.superseded.push(Superseded { granule, by }),
            None => selection.kept.push(granule),
        }
    }
    selection
}

/// What releases of one product have in common, their starts aside.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    radar: (RadarBand, u8),
    pipeline: Pipeline,
    product: Product,
    cycles: (u16, Option<u16>),
    track: (u16, Direction, Frame),
    mode: Option<BandwidthMode>,
    polarization: (Option<PolarizationMode>, Option<PolarizationMode>),
}

impl Identity {
    fn of(name: &GranuleName) -> Self {
        Self {
            radar: (name.band, name.level),
            pipeline: name.pipeline,
            product: name.product,
            cycles: (name.cycle, name.secondary.map(|second| second.cycle)),
            track: (name.track, name.direction, name.frame),
            mode: name.mode,
            polarization: (name.main_polarization, name.side_polarization),
        }
    }
}

/// The releases as groups of one product each, by index.
fn same_products<T: Release>(releases: &[T]) -> Vec<Vec<usize>> {
    let mut named: Vec<(usize, &GranuleName)> =
        releases.iter().enumerate().filter_map(|(i, release)| Some((i, release.granule_name()?))).collect();
    // The earliest start of a group is its anchor, so that a chain of small shifts cannot join two acquisitions.
    named.sort_by_key(|(_, name)| (name.start, name.secondary.map(|second| second.start)));
    let mut groups: Vec<(&GranuleName, Vec<usize>)> = Vec::new();
    let mut of_identity: HashMap<Identity, Vec<usize>> = HashMap::new();
    for (index, name) in named {
        let known = of_identity.entry(Identity::of(name)).or_default();
        match known.iter().rev().find(|group| same_start(groups[**group].0, name)) {
            Some(group) => groups[*group].1.push(index),
            None => {
                known.push(groups.len());
                groups.push((name, vec![index]));
            }
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

fn same_start(a: &GranuleName, b: &GranuleName) -> bool {
    let near =
        |a: Timestamp, b: Timestamp| a.as_second().abs_diff(b.as_second()) <= SAME_START_SECONDS as u64;
    let second = match (&a.secondary, &b.secondary) {
        (Some(a), Some(b)) => near(a.start, b.start),
        (None, None) => true,
        _ => false,
    };
    second && near(a.start, b.start)
}

/// What makes one release newer than another; the first difference decides.
type Rank = (Option<Maturity>, u32, u8, u16, Option<u32>, Option<Timestamp>, Reverse<(String, usize)>);

fn rank<T: Release>(releases: &[T], index: usize) -> Option<Rank> {
    let release = &releases[index];
    let name = release.granule_name()?;
    let collection_version = release.collection().and_then(|name| version(name.rsplit('_').next()?));
    // Name and place only make the choice between equals the same each time.
    let tie = Reverse((name.to_string(), index));
    let (digits, accuracy) = (name.crid.number, name.accuracy.rank());
    Some((maturity(release), digits, accuracy, name.counter, collection_version, release.processed(), tie))
}

#[cfg(test)]
mod tests;
