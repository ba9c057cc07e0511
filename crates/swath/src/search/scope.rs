//! Which collections, products and numbering a query is about.

use std::collections::BTreeSet;

use super::missions::{self, Named};
use super::options::Options;
use super::{check, collections};
use crate::error::Result;

/// Which collections, products and numbering the query is about.
pub(super) struct Scope {
    /// Collections to name, sorted.
    pub(super) names: Vec<String>,
    /// Product types to ask for, one request each.
    pub(super) levels: Vec<Level>,
    /// Platforms to hand to the catalogue as they are.
    pub(super) platforms: Vec<String>,
    /// Whether the options exclude each other.
    pub(super) is_empty: bool,
    /// Whether NISAR is meant, and nothing else.
    pub(super) is_only_nisar: bool,
    is_nisar: bool,
    has_asf_frames: bool,
}

/// A kind of product.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Level {
    /// A product type of NISAR.
    Nisar(&'static str),
    /// Another mission's processing type.
    Other(String),
}

impl Scope {
    pub(super) fn of(options: &Options, notices: &mut Vec<String>) -> Result<Self> {
        let short_names =
            check::each(options.texts("short_name"), |value| check::plain_name("short_name", value))?;
        let concept_ids = check::each(options.texts("collections"), check::concept_id)?;
        let mut aliases = Aliases::of(options)?;
        let mut names = Names::of(options, &aliases, &short_names)?;
        let is_known_nisar = |id: &String| collections::is_nisar_concept(id);
        let has_nisar_type = aliases.levels.iter().any(|level| matches!(level, Level::Nisar(_)));
        let is_nisar = names.chosen.iter().flatten().any(|name| collections::is_nisar(name))
            || has_nisar_type
            || aliases.platforms.iter().any(|platform| platform.eq_ignore_ascii_case("NISAR"))
            || (!concept_ids.is_empty() && concept_ids.iter().all(is_known_nisar));
        let is_elsewhere = names.chosen.iter().flatten().any(|name| !collections::is_nisar(name))
            || aliases.platforms.iter().any(|platform| !platform.eq_ignore_ascii_case("NISAR"))
            || !concept_ids.iter().all(is_known_nisar);
        let has_asf_frames = names.chosen.iter().flatten().any(|name| missions::has_asf_frames(name))
            || aliases.platforms.iter().any(|platform| missions::platform_has_asf_frames(platform));
        let could_be_elsewhere = is_elsewhere || has_nisar_type || !options.pairs("cmr_keywords").is_empty();
        check_types(&aliases.levels, is_nisar && !could_be_elsewhere, notices)?;
        aliases.levels.retain(|level| names.can_hold(level));
        let given = options.is_given("processing_level");
        if is_nisar && is_elsewhere && options.is_given("relative_orbit") {
            notices.push("tracks are asked for as NISAR's; granules of other missions have none".to_owned());
        }
        let nothing_left = names.chosen.as_ref().is_some_and(BTreeSet::is_empty);
        let no_level = given && aliases.levels.is_empty() && !aliases.levels_are_collections;
        notices.append(&mut names.notices);
        if nothing_left {
            notices.push("no collection is allowed by all of the options".to_owned());
        }
        Ok(Self {
            names: names.chosen.into_iter().flatten().collect(),
            levels: aliases.levels,
            platforms: aliases.platforms,
            is_empty: nothing_left || no_level,
            is_only_nisar: is_nisar && !is_elsewhere,
            is_nisar,
            has_asf_frames,
        })
    }

    /// The collections that hold what is asked for, also where none is named to the catalogue.
    pub(super) fn collections(&self) -> Vec<String> {
        let holds = |name: &String| {
            let is_held = |level: &Level| match level {
                Level::Nisar(code) => collections::can_hold(name, code),
                Level::Other(_) => true,
            };
            self.levels.is_empty() || self.levels.iter().any(is_held)
        };
        let has_nisar_type = self.levels.iter().any(|level| matches!(level, Level::Nisar(_)));
        if self.names.is_empty() && has_nisar_type {
            return collections::names(|_| true).into_iter().filter(holds).collect();
        }
        self.names.iter().filter(|name| holds(name)).cloned().collect()
    }

    /// The additional attribute that numbers tracks.
    pub(super) fn track_attribute(&self) -> &'static str {
        if self.is_nisar { "TRACK_NUMBER" } else { "PATH_NUMBER" }
    }

    /// The additional attribute that numbers frames.
    pub(super) fn frame_attribute(&self) -> &'static str {
        if self.is_nisar || self.has_asf_frames { "FRAME_NUMBER" } else { "CENTER_ESA_FRAME" }
    }
}

/// A type that no mission has: where only NISAR is meant, it is a slip; elsewhere the catalogue may know more.
fn check_types(levels: &[Level], is_only_nisar: bool, notices: &mut Vec<String>) -> Result<()> {
    for level in levels {
        let Level::Other(kind) = level else { continue };
        if missions::collections_of(Named::Level, kind).is_some() {
            continue;
        }
        if is_only_nisar {
            return Err(check::unknown_type(kind));
        }
        notices
            .push(format!("{kind} is no kind of product known here; the catalogue is asked for it as it is"));
    }
    Ok(())
}

/// What platforms and kinds of products stand for, and what of them is sent as it is.
struct Aliases {
    levels: Vec<Level>,
    platforms: Vec<String>,
    /// Collections that both stand for.
    names: Option<BTreeSet<String>>,
    levels_are_collections: bool,
}

impl Aliases {
    fn of(options: &Options) -> Result<Self> {
        let given = check::each(options.texts("platform"), |value| check::plain_name("platform", value))?;
        let mut platforms: Vec<String> = Vec::new();
        for platform in given.iter().flat_map(|name| missions::platforms(name)) {
            if !platforms.contains(&platform) {
                platforms.push(platform);
            }
        }
        let levels = check::each(options.texts("processing_level"), |value| {
            Ok(match check::nisar_type(value) {
                Some(code) => Level::Nisar(code),
                None => Level::Other(check::plain_name("processing_level", value)?),
            })
        })?;
        let as_given = Self { levels, platforms, names: None, levels_are_collections: false };
        if options.flag("collection_alias") == Some(false) {
            return Ok(as_given);
        }
        let (of_levels, of_platforms) =
            (as_given.collections_of_levels(), as_given.collections_of_platforms());
        let names = match (&of_levels, &of_platforms) {
            (Some(levels), Some(platforms)) => Some(levels & platforms),
            (Some(names), None) | (None, Some(names)) => Some(names.clone()),
            (None, None) => None,
        };
        // The lists are not whole: what they say is impossible is left to the catalogue to find out.
        if of_levels.is_some() && of_platforms.is_some() && names.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(as_given);
        }
        let levels_are_collections = of_levels.is_some();
        let levels = if levels_are_collections { Vec::new() } else { as_given.levels };
        let platforms = if of_platforms.is_some() { Vec::new() } else { as_given.platforms };
        Ok(Self { levels, platforms, names, levels_are_collections })
    }

    /// The collections of other missions' products, when all are known. NISAR's urgent products are collected by level,
    /// not by type, so that its types stay types.
    fn collections_of_levels(&self) -> Option<BTreeSet<String>> {
        let of = |level: &Level| match level {
            Level::Nisar(_) => None,
            Level::Other(kind) => collections_of(Named::Level, kind),
        };
        union(self.levels.iter().map(of))
    }

    fn collections_of_platforms(&self) -> Option<BTreeSet<String>> {
        union(self.platforms.iter().map(|platform| match platform.eq_ignore_ascii_case("NISAR") {
            true => Some(collections::names(collections::is_of_platform)),
            false => collections_of(Named::Platform, platform),
        }))
    }
}

fn collections_of(kind: Named, name: &str) -> Option<BTreeSet<String>> {
    missions::collections_of(kind, name).map(|(_, names)| names.map(str::to_owned).collect())
}

/// All of the sets together; `None` when there are none, or one is not known.
fn union(sets: impl Iterator<Item = Option<BTreeSet<String>>>) -> Option<BTreeSet<String>> {
    let all: Option<Vec<_>> = sets.collect();
    all.filter(|sets| !sets.is_empty()).map(|sets| sets.into_iter().flatten().collect())
}

/// The collections that all options allow.
struct Names {
    /// `None` when no option names any.
    chosen: Option<BTreeSet<String>>,
    notices: Vec<String>,
}

impl Names {
    fn of(options: &Options, aliases: &Aliases, short_names: &[String]) -> Result<Self> {
        let datasets = check::each(options.texts("dataset"), check::dataset)?;
        let tiers: Vec<String> =
            options.texts("data_maturity").iter().filter(|tier| !check::is_any(tier)).cloned().collect();
        let tiers = check::each(&tiers, check::maturity)?;
        let mut names = aliases.names.clone();
        if !datasets.is_empty() {
            let of_datasets: BTreeSet<String> = datasets.into_iter().flatten().collect();
            names = Some(match names {
                Some(names) => &names & &of_datasets,
                None => of_datasets,
            });
        }
        if !short_names.is_empty() {
            names.get_or_insert_default().extend(short_names.iter().cloned());
        }
        if !tiers.is_empty() {
            let names = names.get_or_insert_with(|| collections::names(|_| true));
            names.retain(|name| tiers.iter().any(|tier| collections::is_of_maturity(name, *tier)));
        }
        Ok(Self { chosen: names, notices: Vec::new() })
    }

    /// Whether any of the collections may hold a product; a notice when none can.
    fn can_hold(&mut self, level: &Level) -> bool {
        let (Level::Nisar(code), Some(names)) = (level, &self.chosen) else { return true };
        if names.is_empty() || names.iter().any(|name| collections::can_hold(name, code)) {
            return true;
        }
        self.notices.push(format!("no collection that the other options allow can hold {code}"));
        false
    }
}
