//! What the names of ASF's other missions stand for: datasets, platforms and products as lists of collections.
//!
//! The lists are in `missions.txt`; a script beside the tests writes it. Names of groups of platforms are asf_search's.

/// What a name in the lists is a name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Dataset,
    Platform,
    Level,
}

const LISTS: &str = include_str!("missions.txt");

/// Short names for platforms, and names for several of them.
const PLATFORM_ALIASES: &[(&str, &[&str])] = &[
    ("S1", SENTINEL_1),
    ("SENTINEL-1", SENTINEL_1),
    ("SENTINEL", SENTINEL_1),
    ("ERS", &["ERS-1", "ERS-2"]),
    ("SIR-C", &["STS-59", "STS-68"]),
    ("R1", &["RADARSAT-1"]),
    ("E1", &["ERS-1"]),
    ("E2", &["ERS-2"]),
    ("J1", &["JERS-1"]),
    ("A3", &["ALOS"]),
    ("AS", &["DC-8"]),
    ("AIRSAR", &["DC-8"]),
    ("SS", &["SEASAT 1"]),
    ("SEASAT", &["SEASAT 1"]),
    ("SA", &["SENTINEL-1A"]),
    ("SB", &["SENTINEL-1B"]),
    ("SC", &["SENTINEL-1C"]),
    ("SD", &["SENTINEL-1D"]),
    ("SP", &["SMAP"]),
    ("UA", &["G-III"]),
    ("UAVSAR", &["G-III"]),
];

const SENTINEL_1: &[&str] = &["SENTINEL-1A", "SENTINEL-1B", "SENTINEL-1C", "SENTINEL-1D"];

/// Platforms whose frames are asked for as ASF's, not as ESA's.
const ASF_FRAMES: &[&str] =
    &["SENTINEL-1A", "SENTINEL-1B", "SENTINEL-1C", "SENTINEL-1D", "ALOS", "ALOS-2", "NISAR", "SEASAT 1"];

fn rows() -> impl Iterator<Item = (Named, &'static str, &'static str)> {
    LISTS.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let kind = match fields.next()? {
            "dataset" => Named::Dataset,
            "platform" => Named::Platform,
            "level" => Named::Level,
            _ => return None,
        };
        Some((kind, fields.next()?, fields.next()?))
    })
}

/// The names of one kind.
pub(super) fn names(kind: Named) -> impl Iterator<Item = &'static str> {
    rows().filter(move |row| row.0 == kind).map(|row| row.1)
}

/// The name as the lists spell it, and the collections that it stands for.
pub(super) fn collections_of(
    kind: Named,
    name: &str,
) -> Option<(&'static str, impl Iterator<Item = &'static str>)> {
    let same = |row: &(Named, &'static str, &'static str)| row.0 == kind && row.1.eq_ignore_ascii_case(name);
    rows().find(same).map(|(_, name, collections)| (name, collections.split(',')))
}

/// Whether a collection is in any of the lists.
pub(super) fn is_listed(short_name: &str) -> bool {
    rows().any(|(_, _, collections)| collections.split(',').any(|name| name == short_name))
}

/// The platforms that a name stands for; itself, as it was given, when it is no alias.
pub(super) fn platforms(name: &str) -> Vec<String> {
    match PLATFORM_ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)) {
        Some((_, platforms)) => platforms.iter().map(|&platform| platform.to_owned()).collect(),
        None => vec![name.to_owned()],
    }
}

/// Whether the frames of a platform are numbered as ASF does.
pub(super) fn platform_has_asf_frames(platform: &str) -> bool {
    ASF_FRAMES.iter().any(|known| known.eq_ignore_ascii_case(platform))
}

/// Whether the frames of a collection are numbered as ASF does.
pub(super) fn has_asf_frames(short_name: &str) -> bool {
    rows().any(|(kind, name, collections)| {
        kind == Named::Platform
            && platform_has_asf_frames(name)
            && collections.split(',').any(|collection| collection == short_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole() {
        let count = |kind| names(kind).count();
        assert_eq!([Named::Dataset, Named::Platform, Named::Level].map(count), [17, 16, 64]);
        assert_eq!(LISTS.lines().count(), 1 + rows().count());
        assert!(rows().all(|(_, _, collections)| collections.split(',').all(|name| !name.is_empty())));
        let of = |kind, name| collections_of(kind, name).map(|(name, all)| (name, all.count()));
        assert_eq!(of(Named::Platform, "sentinel-1a"), Some(("SENTINEL-1A", 15)));
        assert_eq!(of(Named::Dataset, "ALOS PALSAR"), Some(("ALOS PALSAR", 12)));
        assert_eq!(of(Named::Level, "slc"), Some(("SLC", 8)));
        assert_eq!(of(Named::Level, "ATI"), None);
    }

    #[test]
    fn aliases_are_platforms() {
        for (alias, platforms) in PLATFORM_ALIASES {
            assert_eq!(platforms.len(), self::platforms(&alias.to_lowercase()).len());
            assert!(platforms.iter().all(|name| collections_of(Named::Platform, name).is_some()), "{alias}");
        }
        assert_eq!(platforms("Potato"), ["Potato"]);
    }

    #[test]
    fn frames_have_the_numbers_of_their_mission() {
        assert!(has_asf_frames("ALOS_PSR_L1.1") && has_asf_frames("OPERA_L2_RTC-S1_V1"));
        assert!(!has_asf_frames("ERS-1_L0") && !has_asf_frames("RSAT-1_L0"));
        assert!(platform_has_asf_frames("seasat 1") && !platform_has_asf_frames("ERS-2"));
    }
}
