use super::super::Query;
use super::*;

const AREA: &str =
    "POLYGON((40.9131 12.3904,41.8891 12.3904,41.8891 13.2454,40.9131 13.2454,40.9131 12.3904))";

fn pairs(query: &Query) -> Vec<String> {
    let plan = query.plan().unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(plan.subqueries.len(), 1, "{plan:?}");
    written(&plan.subqueries[0])
}

fn written(pairs: &[Pair]) -> Vec<String> {
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect()
}

/// What a query asks, without collections and what every request has.
fn asks(query: &Query) -> Vec<Vec<String>> {
    let tail = ["page_size", "options[temporal]", "options[platform]", "sort_key", "provider", "shortName"];
    let own = |pairs: &Vec<Pair>| {
        let mut pairs = written(pairs);
        pairs.retain(|pair| !tail.iter().any(|key| pair.starts_with(key)));
        pairs
    };
    query.plan().unwrap_or_else(|error| panic!("{error:?}")).subqueries.iter().map(own).collect()
}

fn nisar() -> Query {
    Query::new().dataset("NISAR")
}

#[test]
fn the_cookbooks_query_is_sent_as_asf_search_sends_it() {
    let query = nisar()
        .max_results(250)
        .intersects_with(AREA)
        .flight_direction("ASCENDING")
        .start(jiff::civil::date(2025, 11, 22))
        .end("2026-03-05T00:00:00")
        .processing_level(["GCOV"])
        .production_configuration(["PR"]);
    let expected = [
        "attribute[]=string,ASCENDING_DESCENDING,ASCENDING",
        "attribute[]=string,PRODUCTION_PIPELINE,PR",
        "bounding_box=40.9131,12.3904,41.8891,13.2454",
        "temporal=2025-11-22T00:00:00Z,2026-03-05T00:00:00Z,",
        "attribute[]=string,PRODUCT_TYPE,GCOV",
        "page_size=250",
        "options[temporal][and]=true",
        "sort_key[]=-end_date",
        "sort_key[]=granule_ur",
        "options[platform][ignore_case]=true",
        "provider=ASF",
    ];
    let (names, others): (Vec<String>, Vec<String>) =
        pairs(&query).into_iter().partition(|pair| pair.starts_with("shortName="));
    assert_eq!(others, expected);
    assert_eq!(names.len(), 56);
}

#[test]
fn each_option_becomes_its_pair() {
    let cases: &[(Query, &str)] = &[
        (nisar().relative_orbit(172), "attribute[]=int,TRACK_NUMBER,172"),
        (nisar().relative_orbit((1, 10)), "attribute[]=int,TRACK_NUMBER,1,10"),
        (nisar().frame(8..=9), "attribute[]=int,FRAME_NUMBER,8,9"),
        (nisar().asf_frame(8), "attribute[]=int,FRAME_NUMBER,8"),
        (nisar().absolute_orbit((1, 3)), "orbit_number=1,3"),
        (nisar().flight_direction("a"), "attribute[]=string,ASCENDING_DESCENDING,ASCENDING"),
        (nisar().flight_direction("Descending"), "attribute[]=string,ASCENDING_DESCENDING,DESCENDING"),
        (nisar().frame_coverage("p"), "attribute[]=string,FULL_FRAME,FALSE"),
        (nisar().joint_observation(true), "attribute[]=string,JOINT_OBSERVATION,TRUE"),
        (nisar().main_band_polarization("hh+hv"), "attribute[]=string,FREQUENCY_A_POLARIZATION_CONCAT,HH+HV"),
        (nisar().side_band_polarization("VV"), "attribute[]=string,FREQUENCY_B_POLARIZATION_CONCAT,VV"),
        (nisar().range_bandwidth("20+5"), "attribute[]=string,RANGE_BANDWIDTH_CONCAT,20+5"),
        (nisar().processing_level("l0b"), "attribute[]=string,PRODUCT_TYPE,RRSD"),
        (Query::new().product_list("A"), "granule_ur[]=A"),
        (Query::new().collections("C1-ASF"), "echo_collection_id[]=C1-ASF"),
        (Query::new().platform("POTATO"), "platform[]=POTATO"),
        (Query::new().platform("sa").collection_alias(false), "platform[]=SENTINEL-1A"),
        (Query::new().processing_level("POTATO"), "attribute[]=string,PROCESSING_TYPE,POTATO"),
        (nisar().beam_mode("IW"), "attribute[]=string,BEAM_MODE,IW"),
        (nisar().beam_swath("a"), "attribute[]=string,BEAM_MODE_TYPE,a"),
        (nisar().campaign("Big Island, HI"), "attribute[]=string,MISSION_NAME,Big Island\\, HI"),
        (nisar().site_description("x"), "attribute[]=string,SITE_DESCRIPTION,x"),
        (nisar().max_doppler(5.0), "attribute[]=float,DOPPLER,,5.0"),
        (nisar().min_doppler(-1.5), "attribute[]=float,DOPPLER,-1.5,"),
        (nisar().max_baseline_perp(1e3), "attribute[]=float,INSAR_BASELINE,,1000.0"),
        (nisar().min_baseline_perp(0.0), "attribute[]=float,INSAR_BASELINE,0.0,"),
        (nisar().max_insar_stack_size(9), "attribute[]=int,INSAR_STACK_SIZE,,9"),
        (nisar().min_insar_stack_size(2), "attribute[]=int,INSAR_STACK_SIZE,2,"),
        (nisar().max_faraday_rotation(2.0), "attribute[]=float,FARADAY_ROTATION,,2.0"),
        (nisar().min_faraday_rotation(1.0), "attribute[]=float,FARADAY_ROTATION,1.0,"),
        (nisar().flight_line("05901"), "attribute[]=string,FLIGHT_LINE,05901"),
        (nisar().look_direction("l"), "attribute[]=string,LOOK_DIRECTION,LEFT"),
        (nisar().off_nadir_angle((9.9, 21.5)), "attribute[]=float,OFF_NADIR_ANGLE,9.9,21.5"),
        (nisar().polarization("VV+VH"), "attribute[]=string,POLARIZATION,VV+VH"),
        (nisar().group_id("g"), "attribute[]=string,GROUP_ID,g"),
        (nisar().insar_stack_id(7), "attribute[]=int,INSAR_STACK_ID,7"),
        (nisar().instrument("L-SAR"), "instrument[]=L-SAR"),
        (nisar().aria_version("2_0_4"), "attribute[]=string,VERSION,2_0_4"),
        (nisar().tile_id("T11SLT"), "attribute[]=string,MGRS_TILE_ID,T11SLT"),
        (nisar().temporal_baseline_days(12), "attribute[]=int,TEMPORAL_BASELINE_DAYS,12"),
        (nisar().opera_burst_id("T078-165486-IW2"), "attribute[]=string,OPERA_BURST_ID,T078-165486-IW2"),
        (nisar().absolute_burst_id(1), "attribute[]=int,BURST_ID_ABSOLUTE,1"),
        (nisar().relative_burst_id((1, 3)), "attribute[]=int,BURST_ID_RELATIVE,1,3"),
        (nisar().full_burst_id("172_1_IW2"), "attribute[]=string,BURST_ID_FULL,172_1_IW2"),
        (nisar().processing_date("2026-01-01"), "updated_since=2026-01-01T00:00:00Z"),
        (nisar().season(335, 60), "temporal=1978-01-01T00:00:00Z,,335,60"),
        (
            nisar().cmr_keyword("attribute[]", "string,STACK_ID,172_A_008"),
            "attribute[]=string,STACK_ID,172_A_008",
        ),
    ];
    for (query, expected) in cases {
        assert_eq!(asks(query), [[expected.to_string()]], "{query:?}");
    }
}

#[test]
fn lists_become_one_request_per_combination() {
    let query =
        nisar().processing_level(["GCOV", "GSLC"]).relative_orbit([1, 2]).range_bandwidth(["20+5", "77"]);
    let plan = query.plan().unwrap();
    assert_eq!(plan.subqueries.len(), 8);
    let distinct: std::collections::BTreeSet<_> =
        plan.subqueries.iter().map(|pairs| written(pairs)).collect();
    assert_eq!(distinct.len(), 8);
    for pairs in &plan.subqueries {
        let attributes = |name: &str| written(pairs).iter().filter(|pair| pair.contains(name)).count();
        assert_eq!(["PRODUCT_TYPE", "TRACK_NUMBER", "RANGE_BANDWIDTH"].map(attributes), [1, 1, 1]);
    }
    // All values of instruments, collections and names are asked for together.
    let together = nisar().instrument(["A", "B"]).collections(["C1-ASF", "C2-ASF"]).product_list(["X", "Y"]);
    assert_eq!(together.plan().unwrap().subqueries.len(), 1);
    // The same value twice is one value.
    assert_eq!(nisar().processing_level(["GCOV", "gcov"]).plan().unwrap().subqueries.len(), 1);
    let many: Vec<i64> = (1..=100).collect();
    let error = nisar().relative_orbit(many.clone()).frame(many).plan().unwrap_err();
    assert!(error.to_string().contains("200 requests"), "{error:?}");
}

#[test]
fn names_stay_together_and_may_be_files_or_patterns() {
    let name = "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";
    let query = Query::new().granule_list(["A,B".to_owned(), format!("https://h.example/{name}/{name}.h5")]);
    let expected = ["A", "B", name].map(|name| format!("readable_granule_name[]={name}"));
    assert_eq!(asks(&query), [expected]);
    let pattern = Query::new().granule_list("NISAR_L2_PR_GCOV_*_P05023_*");
    assert_eq!(
        asks(&pattern),
        [[
            "readable_granule_name[]=NISAR_L2_PR_GCOV_*_P05023_*",
            "options[readable_granule_name][pattern]=true"
        ]]
    );
    let many: Vec<String> = (0..501).map(|i| format!("G{i}")).collect();
    let lengths: Vec<usize> = asks(&Query::new().product_list(many)).iter().map(Vec::len).collect();
    assert_eq!(lengths, [250, 250, 1]);
}

#[test]
fn options_that_exclude_each_other_ask_nothing_and_say_so() {
    let none = |query: Query| {
        let plan = query.plan().unwrap();
        assert_eq!(plan.subqueries, Vec::<Vec<Pair>>::new());
        plan.notices.join("; ")
    };
    let beta_only = Query::new().short_name("NISAR_L2_GCOV_BETA_V1");
    assert!(none(beta_only.clone().data_maturity("VALIDATED")).contains("no collection"));
    assert!(none(beta_only.processing_level("GSLC")).contains("GSLC"));
    assert!(none(Query::new().dataset("ALOS-2").data_maturity("BETA")).contains("no collection"));
    assert!(none(Query::new().dataset("SLC-BURST").processing_level("GRD_HD")).contains("no collection"));
    assert!(none(Query::new().dataset("ALOS PALSAR").processing_level("GCOV")).contains("GCOV"));
    // One of two can match: it is asked, the other is mentioned.
    let both = Query::new().short_name("NISAR_L2_GCOV_V1").processing_level(["GCOV", "GSLC"]).plan().unwrap();
    assert_eq!((both.subqueries.len(), both.notices.len()), (1, 1));
}

#[test]
fn tracks_have_the_name_of_their_mission() {
    let asked = |query: Query| asks(&query.relative_orbit(100))[0].join(" ");
    for query in [
        Query::new().short_name("NISAR_L2_GCOV_BETA_V1"),
        Query::new().collections("C3622214170-ASF"),
        Query::new().processing_level("GCOV"),
        Query::new().platform("nisar"),
        Query::new().data_maturity("beta"),
    ] {
        assert!(asked(query.clone()).contains("TRACK_NUMBER,100"), "{query:?}");
    }
    for query in [Query::new().collections("C1-ASF"), Query::new().platform("ALOS"), Query::new()] {
        assert!(asked(query.clone()).contains("PATH_NUMBER,100"), "{query:?}");
    }
    let elsewhere = |platform: &str| asks(&Query::new().platform(platform).frame(500))[0].join(" ");
    assert!(elsewhere("ALOS").contains("int,FRAME_NUMBER,500"));
    assert!(elsewhere("ERS-1").contains("int,CENTER_ESA_FRAME,500"));
}

#[test]
fn pages_are_as_large_as_wanted() {
    let size = |query: Query| query.plan().unwrap().page_size;
    assert_eq!(
        [size(nisar()), size(nisar().max_results(7)), size(nisar().max_results(9999))],
        [2000, 7, 2000]
    );
}

#[test]
fn wrong_values_name_the_right_ones() {
    let cases: &[(Query, &str, &str)] = &[
        (Query::new().dataset("nisar"), "dataset", "NISAR"),
        (Query::new().dataset("ers"), "dataset", "ERS"),
        (nisar().look_direction("down"), "look_direction", "LEFT"),
        (nisar().season(0, 31), "season", "366"),
        (nisar().campaign(""), "campaign", "letters"),
        (nisar().max_doppler(f64::NAN), "max_doppler", "finite"),
        (nisar().off_nadir_angle((2.0, 1.0)), "off_nadir_angle", "smaller"),
        (nisar().processing_level("GCOVV"), "processing_level", "GCOV"),
        (nisar().data_maturity("bogus"), "data_maturity", "PROVISIONAL"),
        (nisar().production_configuration("XX"), "production_configuration", "OD"),
        (nisar().flight_direction(""), "flight_direction", "ASCENDING"),
        (nisar().flight_direction("up"), "flight_direction", "DESCENDING"),
        (nisar().frame_coverage("half"), "frame_coverage", "PARTIAL"),
        (nisar().main_band_polarization("HH+XX"), "main_band_polarization", "HV"),
        (nisar().side_band_polarization(""), "side_band_polarization", "HV"),
        (nisar().range_bandwidth("21"), "range_bandwidth", "20+5"),
        (nisar().relative_orbit(174), "relative_orbit", "173"),
        (nisar().relative_orbit((10, 1)), "relative_orbit", "range"),
        (nisar().frame(0), "frame", "176"),
        (nisar().collections("NISAR_L2_GCOV_V1"), "collections", "short_name"),
        (nisar().short_name("a,b"), "short_name", "letters"),
        (Query::new().granule_list("A,,B"), "granule_list", "commas"),
        (nisar().start("soon"), "start", "2025-11-22"),
        (nisar().cmr_keyword("page_size", "1"), "cmr_keywords", "max_results"),
        (Query::new(), "whole archive", "dataset"),
        (nisar().intersects_with("x"), "area", "POLYGON"),
    ];
    for (query, what, hint) in cases {
        let error = query.plan().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Usage);
        assert!(error.to_string().contains(what), "{error:?}");
        assert!(error.hint().is_some_and(|text| text.contains(hint)), "{error:?}");
    }
}

#[test]
fn names_of_missions_stand_for_collections() {
    let names = |query: Query| {
        let plan = query.plan().unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(plan.subqueries.len(), 1, "{plan:?}");
        let pairs = written(&plan.subqueries[0]);
        pairs.iter().filter(|pair| pair.starts_with("shortName=")).count()
    };
    assert_eq!(names(Query::new().dataset(["NISAR", "ALOS-2"])), 57);
    assert_eq!(names(Query::new().platform("s1")), names(Query::new().platform(["SA", "SB", "SC", "SD"])));
    assert_eq!(names(Query::new().platform("ERS")), 4);
    assert_eq!(names(Query::new().processing_level(["SLC", "GRD_HD"])), 12);
    assert_eq!(names(Query::new().platform("SENTINEL-1A").processing_level("SLC")), 1);
    assert_eq!(names(Query::new().platform("NISAR").short_name("X")), 32);
    // The lists know no raw data of Sentinel-1B: the catalogue is asked, not told.
    let raw = Query::new().platform("SB").processing_level("RAW");
    assert_eq!(asks(&raw), [["platform[]=SENTINEL-1B", "attribute[]=string,PROCESSING_TYPE,RAW"]]);
    // With a type of NISAR among them, types are types.
    let mixed = Query::new().processing_level(["GCOV", "SLC"]);
    assert_eq!(
        asks(&mixed),
        [["attribute[]=string,PRODUCT_TYPE,GCOV"], ["attribute[]=string,PROCESSING_TYPE,SLC"]]
    );
}

#[test]
fn every_option_of_the_table_can_be_given_by_either_name() {
    use super::super::options::OPTIONS;
    use super::super::{OptionKind, OptionValue};
    for option in OPTIONS {
        let value: OptionValue = match option.kind {
            OptionKind::Texts | OptionKind::Text => "a".into(),
            OptionKind::Integers => vec![OptionValue::from(1), (2, 3).into()].into(),
            OptionKind::Decimals | OptionKind::Decimal => 1.5.into(),
            OptionKind::Flag => true.into(),
            OptionKind::Moment => "today".into(),
            OptionKind::Count => 3.into(),
            OptionKind::Pairs => "key=value".into(),
            OptionKind::Coordinates => vec![1.5, 2.5].into(),
        };
        let [one, other] = [option.name, option.asf_name].map(|name| Query::new().with(name, value.clone()));
        let one = one.unwrap_or_else(|error| panic!("{}: {error:?}", option.name));
        assert_eq!(one, other.unwrap());
        assert_eq!(one.given().collect::<Vec<_>>(), [option.name]);
        assert_eq!(one.without(option.name).unwrap(), Query::new());
    }
    let names: std::collections::BTreeSet<_> = OPTIONS.iter().map(|option| option.name).collect();
    assert_eq!(names.len(), OPTIONS.len());
}

#[test]
fn values_of_the_wrong_kind_are_refused_by_name() {
    let list = |values: &[&str]| super::super::OptionValue::from(values.to_vec());
    let cases = [
        ("relative_orbit", "x".into(), "whole numbers"),
        ("relativeOrbit", 1.9.into(), "whole numbers"),
        ("max_results", (-1).into(), "0 or more"),
        ("max_results", "x".into(), "0 or more"),
        ("joint_observation", "perhaps".into(), "true or false"),
        ("max_doppler", f64::INFINITY.into(), "finite"),
        ("start", true.into(), "date"),
        ("intersects_with", list(&["a", "b"]), "text"),
        ("cmr_keywords", list(&["a"]), "pairs"),
        ("dataset", list(&[]), "text"),
        ("bbox", list(&["a"]), "numbers"),
    ];
    for (name, value, hint) in cases {
        let error = Query::new().with(name, value).unwrap_err();
        assert!(error.hint().unwrap().contains(hint), "{name}: {error:?}");
    }
    let near = Query::new().with("relativeorbit", 1).unwrap_err();
    assert!(near.hint().unwrap().contains("relative_orbit"), "{near:?}");
    for (text, ranges) in [("8", vec![(8, 8)]), ("1-10", vec![(1, 10)]), ("8, 20-25", vec![(8, 8), (20, 25)])]
    {
        let ranges: Vec<super::super::NumberRange> = ranges.into_iter().map(Into::into).collect();
        assert_eq!(Query::new().with("frame", text).unwrap(), Query::new().frame(ranges));
    }
}
