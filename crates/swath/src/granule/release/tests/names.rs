//! Names as they are found together, real and made: of each group the first is used, the others are replaced by it.

use super::*;

/// A name, and its collection if it is in one.
type Release = (&'static str, Option<&'static str>);

/// Groups of releases of one product: what the group shows, and its names, the newest first.
const GROUPS: &[(&str, &[Release])] = &[
    (
        "the cookbook's, two releases",
        &[
            (
                "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05007_N_F_J_001",
                BETA,
            ),
        ],
    ),
    (
        "and the next pass, with a second delivery",
        &[
            (
                "NISAR_L2_PR_GCOV_006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024653_X05009_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024653_X05007_N_F_J_002",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024653_X05007_N_F_J_001",
                BETA,
            ),
        ],
    ),
    (
        "one release alone",
        &[(
            "NISAR_L2_PR_GCOV_007_172_A_008_2005_DHDH_A_20251216T024619_20251216T024653_X05009_N_F_J_001",
            BETA,
        )],
    ),
    (
        "the number, not the text: 5010 after 5009, P05023 after X05010",
        &[
            (
                "NISAR_L2_PR_GCOV_008_172_A_008_2005_DHDH_A_20251228T024619_20251228T024654_P05023_N_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_008_172_A_008_2005_DHDH_A_20251228T024619_20251228T024654_X05010_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_008_172_A_008_2005_DHDH_A_20251228T024619_20251228T024654_X05009_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_008_172_A_008_2005_DHDH_A_20251228T024619_20251228T024654_X05007_N_F_J_001",
                BETA,
            ),
        ],
    ),
    (
        "starts shifted by one second either way",
        &[
            (
                "NISAR_L2_PR_GCOV_009_172_A_008_2005_DHDH_A_20260109T024621_20260109T024655_X05013_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_009_172_A_008_2005_DHDH_A_20260109T024620_20260109T024654_X05010_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_009_172_A_008_2005_DHDH_A_20260109T024619_20260109T024653_X05007_N_F_J_001",
                BETA,
            ),
        ],
    ),
    (
        "shifted by five",
        &[
            (
                "NISAR_L2_PR_GCOV_010_172_A_008_2005_DHDH_A_20260121T024625_20260121T024655_P05024_M_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_010_172_A_008_2005_DHDH_A_20260121T024620_20260121T024654_P05023_M_F_J_001",
                PROVISIONAL,
            ),
        ],
    ),
    (
        "six seconds are another acquisition",
        &[(
            "NISAR_L2_PR_GCOV_010_172_A_008_2005_DHDH_A_20260121T024631_20260121T024659_P05023_M_F_J_001",
            PROVISIONAL,
        )],
    ),
    (
        "validated reprocessing beats provisional",
        &[
            (
                "NISAR_L2_PR_GCOV_011_172_A_008_2005_DHDH_A_20260202T024620_20260202T024654_P06001_P_F_J_001",
                VALIDATED,
            ),
            (
                "NISAR_L2_PR_GCOV_011_172_A_008_2005_DHDH_A_20260202T024620_20260202T024654_P05023_M_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_011_172_A_008_2005_DHDH_A_20260202T024620_20260202T024654_X05010_N_F_J_001",
                BETA,
            ),
        ],
    ),
    (
        "the tier beats the number",
        &[
            (
                "NISAR_L2_PR_GCOV_012_172_A_008_2005_DHDH_A_20260214T024620_20260214T024654_P05012_N_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_012_172_A_008_2005_DHDH_A_20260214T024620_20260214T024654_X05013_N_F_J_001",
                BETA,
            ),
        ],
    ),
    (
        "a precise orbit beats a medium one of the same release, and that beats the rest",
        &[
            (
                "NISAR_L2_PR_GCOV_013_172_A_008_2005_DHDH_A_20260226T024620_20260226T024654_P05023_P_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_013_172_A_008_2005_DHDH_A_20260226T024620_20260226T024654_P05023_M_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_013_172_A_008_2005_DHDH_A_20260226T024620_20260226T024654_P05023_N_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_013_172_A_008_2005_DHDH_A_20260226T024620_20260226T024654_P05023_F_F_J_001",
                PROVISIONAL,
            ),
        ],
    ),
    (
        "the orbit beats the counter",
        &[
            (
                "NISAR_L2_PR_GCOV_014_172_A_008_2005_DHDH_A_20260310T024620_20260310T024654_P05023_P_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_014_172_A_008_2005_DHDH_A_20260310T024620_20260310T024654_P05023_M_F_J_009",
                PROVISIONAL,
            ),
        ],
    ),
    (
        "counters are numbers",
        &[
            (
                "NISAR_L2_PR_GCOV_015_172_A_008_2005_DHDH_A_20260322T024620_20260322T024654_P05023_M_F_J_010",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_015_172_A_008_2005_DHDH_A_20260322T024620_20260322T024654_P05023_M_F_J_009",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_015_172_A_008_2005_DHDH_A_20260322T024620_20260322T024654_P05023_M_F_J_002",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_015_172_A_008_2005_DHDH_A_20260322T024620_20260322T024654_P05023_M_F_J_001",
                PROVISIONAL,
            ),
        ],
    ),
    (
        "urgent response is a product of its own",
        &[
            (
                "NISAR_L2_UR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_P05023_F_F_J_001",
                Some("NISAR_UR_L2"),
            ),
            (
                "NISAR_L2_UR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_F_F_J_001",
                Some("NISAR_UR_L2"),
            ),
        ],
    ),
    (
        "so is what was made on demand",
        &[
            (
                "NISAR_L2_OD_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_S05009_N_F_J_002",
                None,
            ),
            (
                "NISAR_L2_OD_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_S05009_N_F_J_001",
                None,
            ),
        ],
    ),
    (
        "another frame",
        &[
            (
                "NISAR_L2_PR_GCOV_005_172_A_009_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_005_172_A_009_2005_DHDH_A_20251122T024618_20251122T024652_X05007_N_P_J_001",
                BETA,
            ),
        ],
    ),
    (
        "another track",
        &[(
            "NISAR_L2_PR_GCOV_005_171_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
            BETA,
        )],
    ),
    (
        "another direction",
        &[(
            "NISAR_L2_PR_GCOV_005_172_D_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
            BETA,
        )],
    ),
    (
        "another mode: 40 MHz",
        &[
            (
                "NISAR_L2_PR_GCOV_005_172_A_008_4005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_005_172_A_008_4005_DHDH_A_20251122T024618_20251122T024652_X05007_N_F_J_001",
                BETA,
            ),
        ],
    ),
    (
        "another mode: 77 MHz, one frequency",
        &[(
            "NISAR_L2_PR_GCOV_005_172_A_008_7700_SHNA_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
            BETA,
        )],
    ),
    (
        "other polarizations",
        &[
            (
                "NISAR_L2_PR_GCOV_005_172_A_008_2005_QPDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_005_172_A_008_2005_QPDH_A_20251122T024618_20251122T024652_X05007_N_F_J_003",
                BETA,
            ),
        ],
    ),
    (
        "the S-band radar",
        &[(
            "NISAR_S2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
            None,
        )],
    ),
    (
        "another product of the same pass",
        &[
            (
                "NISAR_L2_PR_GSLC_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_P05023_N_F_J_001",
                Some("NISAR_L2_GSLC_PROVISIONAL_V1"),
            ),
            (
                "NISAR_L2_PR_GSLC_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05010_N_F_J_001",
                Some("NISAR_L2_GSLC_BETA_V1"),
            ),
        ],
    ),
    (
        "in radar geometry",
        &[
            (
                "NISAR_L1_PR_RSLC_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001",
                Some("NISAR_L1_RSLC_BETA_V1"),
            ),
            (
                "NISAR_L1_PR_RSLC_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05007_N_F_J_002",
                Some("NISAR_L1_RSLC_BETA_V1"),
            ),
            (
                "NISAR_L1_PR_RSLC_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05007_N_F_J_001",
                Some("NISAR_L1_RSLC_BETA_V1"),
            ),
        ],
    ),
    (
        "development and tests, found beside nothing else",
        &[
            (
                "NISAR_L2_PR_GCOV_001_030_A_019_2800_SHNA_A_20081012T060911_20081012T060925_D00404_N_F_J_001",
                None,
            ),
            (
                "NISAR_L2_PR_GCOV_001_030_A_019_2800_SHNA_A_20081012T060911_20081012T060925_D00402_N_F_J_001",
                None,
            ),
        ],
    ),
    (
        "a test beside a delivered product, whatever its number",
        &[
            (
                "NISAR_L2_PR_GCOV_005_020_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05007_N_F_J_001",
                BETA,
            ),
            (
                "NISAR_L2_PR_GCOV_005_020_A_008_2005_DHDH_A_20251122T024618_20251122T024652_D00402_N_F_J_001",
                None,
            ),
            (
                "NISAR_L2_PR_GCOV_005_020_A_008_2005_DHDH_A_20251122T024618_20251122T024652_T05000_N_F_J_001",
                None,
            ),
            (
                "NISAR_L2_PR_GCOV_005_020_A_008_2005_DHDH_A_20251122T024618_20251122T024652_E09000_N_F_J_001",
                None,
            ),
            (
                "NISAR_L2_PR_GCOV_005_020_A_008_2005_DHDH_A_20251122T024618_20251122T024652_Q09001_N_F_J_001",
                None,
            ),
        ],
    ),
    (
        "letters nobody has seen yet",
        &[
            (
                "NISAR_L2_PR_GCOV_005_021_A_008_2005_DHDH_A_20251122T024618_20251122T024652_Z07000_N_F_J_001",
                None,
            ),
            (
                "NISAR_L2_PR_GCOV_005_021_A_008_2005_DHDH_A_20251122T024618_20251122T024652_P06001_N_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_005_021_A_008_2005_DHDH_A_20251122T024618_20251122T024652_K05022_N_F_J_001",
                BETA,
            ),
        ],
    ),
    (
        "an accuracy nobody has seen yet comes last",
        &[
            (
                "NISAR_L2_PR_GCOV_005_022_A_008_2005_DHDH_A_20251122T024618_20251122T024652_P05023_F_F_J_001",
                PROVISIONAL,
            ),
            (
                "NISAR_L2_PR_GCOV_005_022_A_008_2005_DHDH_A_20251122T024618_20251122T024652_P05023_B_F_J_001",
                PROVISIONAL,
            ),
        ],
    ),
    (
        "a collection whose tier is new is newer",
        &[
            (
                "NISAR_L2_PR_GCOV_005_023_A_008_2005_DHDH_A_20251122T024618_20251122T024652_P05023_N_F_J_001",
                Some("NISAR_L2_GCOV_FINAL_V1"),
            ),
            (
                "NISAR_L2_PR_GCOV_005_023_A_008_2005_DHDH_A_20251122T024618_20251122T024652_P06001_N_F_J_001",
                VALIDATED,
            ),
        ],
    ),
    (
        "made for early adopters: the release tells the tier",
        &[
            (
                "NISAR_L2_PR_GCOV_005_024_A_008_2005_DHDH_A_20251122T024618_20251122T024652_P05024_N_F_J_001",
                Some("NISAR_EA_L2"),
            ),
            (
                "NISAR_L2_PR_GCOV_005_024_A_008_2005_DHDH_A_20251122T024618_20251122T024652_P05023_N_F_J_001",
                PROVISIONAL,
            ),
        ],
    ),
    (
        "pairs",
        &[
            (
                "NISAR_L2_PR_GUNW_004_019_A_021_005_4000_SH_20251030T121115_20251030T121143_20251111T121116_20251111T121144_P05023_M_F_J_001",
                Some("NISAR_L2_GUNW_PROVISIONAL_V1"),
            ),
            (
                "NISAR_L2_PR_GUNW_004_019_A_021_005_4000_SH_20251030T121115_20251030T121143_20251111T121116_20251111T121144_X05010_N_F_J_001",
                Some("NISAR_L2_GUNW_BETA_V1"),
            ),
            (
                "NISAR_L2_PR_GUNW_004_019_A_021_005_4000_SH_20251030T121115_20251030T121143_20251111T121116_20251111T121144_X05009_N_F_J_002",
                Some("NISAR_L2_GUNW_BETA_V1"),
            ),
        ],
    ),
    (
        "pairs with another second acquisition",
        &[(
            "NISAR_L2_PR_GUNW_004_019_A_021_006_4000_SH_20251030T121115_20251030T121143_20251123T121116_20251123T121144_X05009_N_F_J_001",
            Some("NISAR_L2_GUNW_BETA_V1"),
        )],
    ),
    (
        "raw data",
        &[
            ("NISAR_L0_PR_RRSD_025_131_A_148S_20260708T120000_20260708T120030_P05024_F_J_001", None),
            ("NISAR_L0_PR_RRSD_025_131_A_148S_20260708T120000_20260708T120030_P05023_F_J_002", None),
        ],
    ),
];

#[test]
fn of_many_names_found_together_the_newest_of_each_product_is_used() {
    let all: Vec<Found> =
        GROUPS.iter().flat_map(|(_, names)| names.iter()).map(|(name, of)| found(name, *of)).collect();
    assert!(all.len() >= 60, "{}", all.len());
    for turn in (0..all.len()).step_by(9) {
        let mut order = all.clone();
        order.rotate_left(turn);
        if turn % 2 == 1 {
            order.reverse();
        }
        let selection = newest(order);
        for (what, names) in GROUPS {
            let first = names[0].0;
            assert!(
                selection.kept.iter().any(|kept| kept.name.to_string() == first),
                "{what}: {first} is not kept"
            );
            for (name, _) in &names[1..] {
                let old = selection.superseded.iter().find(|old| old.granule.name.to_string() == *name);
                assert_eq!(old.map(|old| old.by.as_str()), Some(first), "{what}: {name}");
            }
        }
        assert_eq!(selection.kept.len(), GROUPS.len());
    }
}
