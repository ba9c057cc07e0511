use super::*;

mod names;

/// A name of one acquisition, with what follows from the pipeline on told by the arguments.
fn name(pipeline: &str, start: &str, tail: &str) -> String {
    format!("NISAR_L2_{pipeline}_GCOV_005_172_A_008_2005_DHDH_A_{start}_20251122T024652_{tail}_F_J_001")
}

const START: &str = "20251122T024618";

/// A release as found in a collection.
#[derive(Debug, Clone)]
struct Found {
    name: GranuleName,
    collection: Option<&'static str>,
}

impl Release for Found {
    fn granule_name(&self) -> Option<&GranuleName> {
        Some(&self.name)
    }

    fn collection(&self) -> Option<&str> {
        self.collection
    }
}

fn found(text: &str, collection: Option<&'static str>) -> Found {
    Found { name: GranuleName::parse(text).unwrap(), collection }
}

/// Every order of few names must give the same choice.
fn check(releases: &[Found], kept: &[usize]) {
    let expected: BTreeSet<String> = kept.iter().map(|i| releases[*i].name.to_string()).collect();
    for turn in 0..releases.len() {
        let mut order = releases.to_vec();
        order.rotate_left(turn);
        for order in [order.clone(), order.into_iter().rev().collect()] {
            let selection = newest(order);
            let names: BTreeSet<String> = selection.kept.iter().map(|f| f.name.to_string()).collect();
            assert_eq!(names, expected);
            assert_eq!(selection.kept.len() + selection.superseded.len(), releases.len());
            assert!(selection.superseded.iter().all(|old| expected.contains(&old.by)));
        }
    }
}

const BETA: Option<&str> = Some("NISAR_L2_GCOV_BETA_V1");
const PROVISIONAL: Option<&str> = Some("NISAR_L2_GCOV_PROVISIONAL_V1");
const VALIDATED: Option<&str> = Some("NISAR_L2_GCOV_V1");

/// Two releases of one acquisition: the first is newer. Both orders are tried.
#[test]
fn the_newer_of_two_releases() {
    type Side<'a> = (&'a str, Option<&'static str>);
    let cases: &[(Side<'_>, Side<'_>)] = &[
        // The five digits, as a number.
        (("X05009_N", None), ("X05007_N", None)),
        (("X05010_N", None), ("X05009_N", None)),
        (("X05010_N", BETA), ("X05007_N", BETA)),
        (("X05013_N", None), ("X05010_N", None)),
        // A later letter does not make a release newer.
        (("P05023_N", None), ("X05010_N", None)),
        (("P05024_N", None), ("P05023_N", None)),
        (("P06001_N", None), ("P05023_N", None)),
        (("P06001_N", None), ("X05010_N", None)),
        (("A05010_N", BETA), ("X05009_N", BETA)),
        // Development and tests give way to what was delivered, whatever their number.
        (("X05007_N", None), ("D00402_N", None)),
        (("X05007_N", None), ("T05000_N", None)),
        (("P05023_N", None), ("D09000_N", None)),
        (("D00404_N", None), ("D00402_N", None)),
        (("T00406_N", None), ("D00404_N", None)),
        // The collection's tier comes before the digits.
        (("P05012_N", PROVISIONAL), ("X05013_N", BETA)),
        (("X05001_N", VALIDATED), ("P05023_N", PROVISIONAL)),
        (("X05001_N", Some("NISAR_L2_GCOV_FINAL_V1")), ("P05023_N", VALIDATED)),
        (("P05023_N", PROVISIONAL), ("P05023_N", BETA)),
        (("P06001_N", VALIDATED), ("P06001_N", PROVISIONAL)),
        // Without a tier the release id tells it.
        (("P05023_N", Some("NISAR_EA_L2")), ("X05010_N", BETA)),
        (("P05023_N", PROVISIONAL), ("X05010_N", Some("NISAR_EA_L2"))),
        (("P06001_N", Some("NISAR_CUSTOM_PROVISIONAL_V1")), ("P05023_N", PROVISIONAL)),
        // The orbit, of the same release.
        (("X05009_P", None), ("X05009_M", None)),
        (("X05009_M", None), ("X05009_N", None)),
        (("X05009_N", None), ("X05009_F", None)),
        (("X05009_F", None), ("X05009_B", None)),
        (("X05010_F", None), ("X05009_P", None)),
        // Letters of next year.
        (("Z07000_N", None), ("P06001_N", None)),
        (("P06001_N", None), ("Z05999_N", None)),
        (("Z05022_N", None), ("X05010_N", None)),
        // The collection's version, when all else is equal.
        (("P05023_N", Some("NISAR_L2_GCOV_PROVISIONAL_V2")), ("P05023_N", PROVISIONAL)),
    ];
    for (newer, older) in cases {
        let side = |(tail, collection): &Side<'_>| found(&name("PR", START, tail), *collection);
        let (newer, older) = (side(newer), side(older));
        for pair in [[&newer, &older], [&older, &newer]] {
            let selection = newest(pair.map(Clone::clone));
            assert_eq!(selection.kept.len(), 1, "{newer:?} {older:?}");
            let best = &selection.kept[0];
            assert_eq!((&best.name, best.collection), (&newer.name, newer.collection), "over {older:?}");
            assert_eq!(selection.superseded[0].by, newer.name.to_string());
        }
    }
}

#[test]
fn the_counter_decides_between_deliveries_of_one_release() {
    let first = name("PR", START, "X05007_N");
    let second = first.replace("_001", "_002");
    let tenth = first.replace("_001", "_010");
    let better_orbit = name("PR", START, "X05007_M");
    check(&[found(&first, BETA), found(&second, BETA)], &[1]);
    check(&[found(&first, BETA), found(&second, BETA), found(&tenth, BETA)], &[2]);
    check(&[found(&second, BETA), found(&better_orbit, BETA)], &[1]);
}

#[test]
fn starts_may_be_shifted_by_some_seconds() {
    let old = found(&name("PR", START, "X05007_N"), None);
    for (start, same) in [
        ("20251122T024617", true),
        ("20251122T024619", true),
        ("20251122T024623", true),
        ("20251122T024613", true),
        ("20251122T024624", false),
        ("20251122T024612", false),
    ] {
        let new = found(&name("PR", start, "X05009_N"), None);
        let kept: &[usize] = if same { &[1] } else { &[0, 1] };
        check(&[old.clone(), new], kept);
    }
}

#[test]
fn a_chain_of_shifts_does_not_join_two_acquisitions() {
    let at = |second: u32| found(&name("PR", &format!("20251122T0246{second}"), "X05009_N"), None);
    check(&[at(10), at(14), at(18)], &[0, 2]);
}

#[test]
fn other_products_are_never_replaced() {
    let base = name("PR", START, "X05007_N");
    let newer = name("PR", START, "X05010_N");
    let changes = [
        newer.replace("_PR_", "_UR_"),
        newer.replace("_PR_", "_OD_"),
        newer.replace("GCOV", "GSLC"),
        newer.replace("_005_172", "_006_172"),
        newer.replace("_172_", "_171_"),
        newer.replace("_172_A", "_172_D"),
        newer.replace("_008_", "_009_"),
        newer.replace("_2005_", "_4005_"),
        newer.replace("DHDH", "SHSH"),
        newer.replace("_L2_", "_S2_"),
    ];
    for changed in changes {
        check(&[found(&base, None), found(&changed, None)], &[0, 1]);
    }
}

#[test]
fn pairs_are_told_apart_by_their_second_acquisition() {
    let pair = |second: &str, crid: &str| {
        let text = format!(
            "NISAR_L2_PR_GUNW_004_019_A_021_{second}_4000_SH_20251030T121115_20251030T121143_2025{}_{crid}_N_F_J_001",
            if second == "005" { "1111T121116_20251111T121144" } else { "1123T121116_20251123T121144" }
        );
        found(&text, None)
    };
    check(&[pair("005", "X05009"), pair("005", "P05023"), pair("006", "X05009")], &[1, 2]);
}

#[test]
fn the_seven_of_the_cookbook_become_five() {
    let found_names = [
        "005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05007_N_F_J_001",
        "005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
        "006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024653_X05007_N_F_J_001",
        "006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024653_X05009_N_F_J_001",
        "007_172_A_008_2005_DHDH_A_20251216T024619_20251216T024653_X05009_N_F_J_001",
        "008_172_A_008_2005_DHDH_A_20251228T024619_20251228T024654_X05009_N_F_J_001",
        "009_172_A_008_2005_DHDH_A_20260109T024620_20260109T024654_X05009_N_F_J_001",
    ];
    let all = found_names.map(|rest| found(&format!("NISAR_L2_PR_GCOV_{rest}"), BETA));
    check(&all, &[1, 3, 4, 5, 6]);
    assert_eq!(newest(all).maturities(), BTreeSet::from([Maturity::Beta]));
}

#[test]
fn collections_tell_their_tier() {
    let cases = [
        ("NISAR_L2_GCOV_BETA_V1", Some(Maturity::Beta)),
        ("NISAR_L2_GCOV_PROVISIONAL_V1", Some(Maturity::Provisional)),
        ("NISAR_L2_GCOV_V1", Some(Maturity::Validated)),
        ("NISAR_L0B_RRSD_V2", Some(Maturity::Validated)),
        ("NISAR_L2_GCOV_FINAL_V1", Some(Maturity::Unknown)),
        ("NISAR_CUSTOM_PROVISIONAL_V1", Some(Maturity::Provisional)),
        ("NISAR_UR_L2", None),
        ("NISAR_EA_L2", None),
        ("NISAR_OE", None),
        ("OPERA_L2_RTC-S1_V1", None),
        ("", None),
        ("V1", None),
    ];
    for (collection, tier) in cases {
        assert_eq!(Maturity::of_collection(collection), tier, "{collection}");
    }
    assert!(Maturity::Unknown > Maturity::Validated && Maturity::Test < Maturity::Beta);
}
