use super::*;
use crate::error::ErrorKind;

fn area(wkt: &str) -> (String, String) {
    let area = Area::parse(wkt).unwrap_or_else(|error| panic!("{wkt}: {error:?}"));
    (area.key.to_owned(), area.value.replace(".0000000000000000", ""))
}

#[test]
fn shapes_become_what_the_catalogue_understands() {
    let cases = [
        ("POINT(41 13)", "point", "41,13"),
        ("point z (41 13 5)", "point", "41,13"),
        ("LINESTRING(0 0,1 0,1 1)", "line", "0,0,1,0,1,1"),
        ("LINESTRING(170 0,190 1)", "line", "170,0,-170,1"),
        ("POLYGON((0 0,2 0,1 2,0 0))", "polygon", "0,0,2,0,1,2,0,0"),
        // Clockwise is turned.
        ("POLYGON((0 0,1 2,2 0,0 0))", "polygon", "0,0,2,0,1,2,0,0"),
        ("POLYGON((170 50,195 55,180 60,170 50))", "polygon", "170,50,-165,55,180,60,170,50"),
        // A single member of a collection is itself; repeated vertices are one.
        ("MULTIPOLYGON(((0 0,2 0,2 0,1 2,0 0)))", "polygon", "0,0,2,0,1,2,0,0"),
        ("GEOMETRYCOLLECTION(MULTIPOINT((1 2)))", "point", "1,2"),
        // Concave, but simple.
        ("POLYGON((0 0,2 0,2 2,1 1,0 2,0 0))", "polygon", "0,0,2,0,2,2,1,1,0,2,0,0"),
    ];
    for (wkt, key, value) in cases {
        assert_eq!(area(wkt), (key.to_owned(), value.to_owned()), "{wkt}");
    }
}

#[test]
fn rectangles_become_bounding_boxes() {
    let cases = [
        (
            "POLYGON((40.9131 12.3904,41.8891 12.3904,41.8891 13.2454,40.9131 13.2454,40.9131 12.3904))",
            "40.9131,12.3904,41.8891,13.2454",
        ),
        // Clockwise, with a vertex on a side, and begun elsewhere.
        ("POLYGON((0 1,1 1,1 0,0.5 0,0 0,0 1))", "0.0,0.0,1.0,1.0"),
        ("POLYGON((0.00001 0,1 0,1 1,0.00001 1,0.00001 0))", "0.00001,0.0,1.0,1.0"),
        ("POLYGON((170 50,190 50,190 60,170 60,170 50))", "170.0,50.0,-170.0,60.0"),
        ("POLYGON((-190 50,-170 50,-170 60,-190 60,-190 50))", "170.0,50.0,-170.0,60.0"),
        ("POLYGON((170 50,180 50,180 60,170 60,170 50))", "170.0,50.0,180.0,60.0"),
        ("POLYGON((180 50,190 50,190 60,180 60,180 50))", "-180.0,50.0,-170.0,60.0"),
        ("POLYGON((-190 50,-180 50,-180 60,-190 60,-190 50))", "170.0,50.0,180.0,60.0"),
        ("POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))", "-180.0,-90.0,180.0,90.0"),
        ("POLYGON((-180 60,180 60,180 90,-180 90,-180 60))", "-180.0,60.0,180.0,90.0"),
        ("POLYGON((0 0,360 0,360 10,0 10,0 0))", "-180.0,0.0,180.0,10.0"),
        ("POLYGON((-100 0,100 0,100 10,-100 10,-100 0))", "-100.0,0.0,100.0,10.0"),
        ("POLYGON((-0.0 0,1 0,1 1,0 1,-0.0 0))", "0.0,0.0,1.0,1.0"),
    ];
    for (wkt, value) in cases {
        assert_eq!(area(wkt), ("bounding_box".to_owned(), value.to_owned()), "{wkt}");
    }
}

#[test]
fn what_was_changed_is_said() {
    let notices = |wkt: &str| Area::parse(wkt).unwrap().notices.join("; ");
    assert!(notices("POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,2 1,2 2,1 1))").contains("holes"));
    assert!(notices("POLYGON((0 0,1 2,2 0,0 0))").contains("counter-clockwise"));
    assert!(notices("POINT Z(41 13 5)").contains("heights"));
    assert_eq!(notices("POINT(41 13)"), "");
}

#[test]
fn what_cannot_be_used_says_why() {
    let nested = format!("{}POINT(0 0){}", "GEOMETRYCOLLECTION(".repeat(5000), ")".repeat(5000));
    let many: Vec<String> = (0..6000).map(|i| format!("{} {}", f64::from(i) / 100.0, (i % 7) * 2)).collect();
    let many = format!("LINESTRING({})", many.join(","));
    let cases = [
        ("garbage", "not valid WKT"),
        ("", "not valid WKT"),
        ("POLYGON((0 0,1 0", "not valid WKT"),
        ("POINT EMPTY", "empty"),
        ("POLYGON EMPTY", "empty"),
        ("GEOMETRYCOLLECTION EMPTY", "empty"),
        ("MULTIPOINT(0 0,1 1)", "several shapes"),
        ("POLYGON((0 0,1 0,1 1))", "not closed"),
        ("POLYGON((0 0,1 0,0 0))", "fewer than three"),
        ("POLYGON((1 1,1 1,1 1,1 1))", "fewer than three"),
        ("POLYGON((0 0,0 1,1 0,1 1,0 0))", "crosses or touches"),
        ("POLYGON((0 0,2 0,1 1,2 2,0 2,1 1,0 0))", "crosses or touches"),
        ("POLYGON((0 0,3 0,1 0,1 1,0 0))", "crosses or touches"),
        ("POLYGON((0 -95,10 0,10 80,0 80,0 -95))", "not on the Earth"),
        ("POLYGON((500000 4e6,500100 4e6,500100 4.1e6,500000 4e6))", "not on the Earth"),
        ("POINT(nan 1)", ""),
        ("POLYGON((170 50,-170 50,-170 60,170 60,170 50))", "340 degrees wide"),
        ("POLYGON((-100 0,100 0,0 50,-100 0))", "200 degrees wide"),
        ("LINESTRING(-100 0,100 0)", "200 degrees wide"),
        ("LINESTRING(1 1,1 1)", "only one point"),
        (&nested, "nested"),
        (&many, "6000 vertices"),
    ];
    for (wkt, why) in cases {
        let error = Area::parse(wkt).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{wkt}");
        assert!(error.reasons().join(" ").contains(why), "{wkt}: {error:?}");
    }
    let exchanged = Area::parse("POINT(13 141)").unwrap_err();
    assert!(exchanged.hint().unwrap().contains("exchanged"));
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "(POLYGON|POINT|MULTIPOINT|LINESTRING)? ?[(), 0-9.eE+-]{0,60}") {
        let _ = Area::parse(&text);
    }
}
