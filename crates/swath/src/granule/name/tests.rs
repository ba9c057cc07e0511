use proptest::prelude::*;

use super::super::{FileKind, GranuleFile, Product};
use super::*;

const GCOV: &str =
    "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";
const GUNW: &str = "NISAR_L2_PR_GUNW_004_019_A_021_005_4000_SH_20251030T121115_20251030T121143_20251111T121116_20251111T121144_P05023_N_F_J_001";
const RRSD: &str = "NISAR_L0_PR_RRSD_025_131_A_148S_20260717T063521_20260717T063549_P05023_F_J_001";

#[test]
fn each_pattern_is_read_and_printed_back() {
    for text in [GCOV, GUNW, RRSD] {
        assert_eq!(GranuleName::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn the_fields_of_a_single_acquisition() {
    let name = GranuleName::parse(GCOV).unwrap();
    assert_eq!((name.band, name.level, name.pipeline), (RadarBand::L, 2, Pipeline::Production));
    assert_eq!((name.cycle, name.track, name.frame.number, name.counter), (5, 172, 8, 1));
    assert_eq!(name.mode, Some(BandwidthMode { main: 20, side: 5 }));
    assert_eq!(name.main_polarization.unwrap().polarizations(), Some(["HH", "HV"].as_slice()));
    assert_eq!(name.start.to_string(), "2025-11-22T02:46:18Z");
    assert_eq!(name.end.to_string(), "2025-11-22T02:46:52Z");
    assert_eq!(name.crid, Crid { letter: 'X', number: 5009 });
    assert_eq!((name.accuracy, name.coverage), (Accuracy::NearRealTime, Some(Coverage::Full)));
    assert_eq!((name.site, name.source), (Site::Jpl, Some(ModeSource::Single)));
    assert_eq!(name.secondary, None);
}

#[test]
fn the_fields_of_a_pair_and_of_a_raw_product() {
    let pair = GranuleName::parse(GUNW).unwrap();
    let second = pair.secondary.unwrap();
    assert_eq!((pair.product, pair.cycle, second.cycle), (Product::GUNW, 4, 5));
    assert_eq!(second.start.to_string(), "2025-11-11T12:11:16Z");
    assert_eq!((pair.main_polarization.unwrap().code(), pair.side_polarization), ("SH", None));
    let raw = GranuleName::parse(RRSD).unwrap();
    assert_eq!((raw.frame, raw.mode), (Frame { number: 148, suffix: Some('S') }, None));
    assert_eq!((raw.accuracy, raw.coverage), (Accuracy::Forecast, None));
}

#[test]
fn paths_addresses_and_endings_do_not_matter() {
    let wanted = GranuleName::parse(GCOV).unwrap();
    for around in [
        format!("{GCOV}.h5"),
        format!("/data/x_y/{GCOV}.h5"),
        format!("C:\\data\\{GCOV}.h5"),
        format!("https://h.example/NISAR/{GCOV}/{GCOV}.h5?A-userid=me&sig=a/b#frag"),
        format!("s3://bucket/{GCOV}/{GCOV}.h5\n"),
    ] {
        assert_eq!(GranuleName::parse(&around).unwrap(), wanted, "{around}");
    }
}

#[test]
fn side_files_are_told_apart() {
    let cases = [
        ("_QA_STATS.h5", FileKind::QaStatistics),
        ("_QA_REPORT.pdf", FileKind::QaReport),
        ("_QA_SUMMARY.csv", FileKind::QaSummary),
        (".h5.iso.xml", FileKind::IsoMetadata),
        (".kml", FileKind::Outline),
        (".rc.yaml", FileKind::RunConfiguration),
        (".png", FileKind::Browse),
        ("_thumbnail.png", FileKind::Thumbnail),
        (".context.json", FileKind::Private),
        (".h5.log", FileKind::Private),
        (".h5", FileKind::Data),
        ("", FileKind::Data),
    ];
    for (ending, kind) in cases {
        let text = format!("{GCOV}{ending}");
        assert_eq!(GranuleFile::parse(&text).unwrap().kind, kind, "{ending}");
        assert_eq!(GranuleName::parse(&text).is_ok(), kind == FileKind::Data, "{ending}");
    }
    let error = GranuleName::parse(&format!("{GCOV}_QA_STATS.h5")).unwrap_err();
    assert!(error.hint().unwrap().contains(GCOV));
}

#[test]
fn letters_from_next_year_are_kept() {
    let text = GCOV.replace("_X05009_N_F_J_", "_Z99999_B_X_K_").replace("_DHDH_A_", "_ZZQD_C_");
    let name = GranuleName::parse(&text).unwrap();
    assert_eq!(name.to_string(), text);
    assert_eq!((name.accuracy, name.coverage), (Accuracy::Other('B'), Some(Coverage::Other('X'))));
    assert_eq!(name.main_polarization.unwrap().polarizations(), None);
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        ("", "1 fields"),
        ("S1A_IW_SLC__1SDV_20231202", "fields"),
        (&GCOV.replace("NISAR_", "NESAR_"), "mission"),
        (&GCOV.replace("_L2_", "_L4_"), "level"),
        (&GCOV.replace("_PR_", "_XX_"), "pipeline"),
        (&GCOV.replace("GCOV", "gcov"), "product"),
        (&GCOV.replace("_005_172", "_5_172"), "cycle"),
        (&GCOV.replace("_172_", "_174_"), "track"),
        (&GCOV.replace("_172_A", "_172_a"), "direction"),
        (&GCOV.replace("_A_008", "_A_000"), "frame"),
        (&GCOV.replace("2005", "20+5"), "mode"),
        (&GCOV.replace("DHDH", "DHD"), "polarization"),
        (&GCOV.replace("20251122T024618", "20251322T024618"), "start"),
        (&GCOV.replace("20251122T024618", "20251122T024653"), "after"),
        (&GCOV.replace("X05009", "X5009"), "release id"),
        (&GCOV.replace("_001", "_1"), "counter"),
        (&GCOV.replace("_001", "_٠٠١"), "counter"),
        (&GCOV.replace("172_A", "172_é"), "direction"),
    ];
    for (text, field) in cases {
        let error = GranuleName::parse(text).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Usage);
        assert!(error.reasons().join(" ").contains(field), "{text}: {:?}", error.reasons());
    }
}

/// Any valid name, by parts.
fn names() -> impl Strategy<Value = String> {
    let times = (0_i64..4_000_000_000, 0_i64..100).prop_map(|(from, seconds)| {
        let form = "%Y%m%dT%H%M%S";
        let at = |second| Timestamp::from_second(second).unwrap().strftime(form).to_string();
        format!("{}_{}", at(from), at(from + seconds))
    });
    let head = ("[LS][0-3]_(PR|UR|OD)_[A-Z]{3}[A-Z0-9]", 0..1000_u32, 1..174_u32, "[AD]").prop_map(
        |(kind, cycle, track, direction)| format!("NISAR_{kind}_{cycle:03}_{track:03}_{direction}"),
    );
    let tail = "[A-Z][0-9]{5}_[A-Z]";
    (head, 1..177_u32, times.clone(), times, tail, 0..3_usize).prop_map(
        |(head, frame, first, second, tail, which)| match which {
            0 => format!("{head}_{frame:03}_2005_DHQP_A_{first}_{tail}_F_J_001"),
            1 => format!("{head}_{frame:03}_005_4000_SH_{first}_{second}_{tail}_P_N_012"),
            _ => format!("{head}_{frame:03}S_{first}_{tail}_J_999"),
        },
    )
}

proptest! {
    #[test]
    fn print_after_parse_is_the_same(text in names()) {
        prop_assert_eq!(GranuleName::parse(&text).unwrap().to_string(), text);
    }

    #[test]
    fn no_text_breaks_the_parser(text in ".{0,200}", cut in 0..92_usize) {
        let _ = GranuleFile::parse(&text);
        let mixed = format!("{}{text}", &GCOV[..cut.min(GCOV.len())]);
        if let Ok(name) = GranuleName::parse(&mixed) {
            prop_assert!(mixed.contains(&name.to_string()));
        }
    }
}
