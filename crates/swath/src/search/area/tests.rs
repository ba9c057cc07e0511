use super::*;
use crate::error::ErrorKind;

fn area(wkt: &str) -> (String, String) {
    let area = Area::parse(wkt).unwrap_or_else(|error| panic!("{wkt}: {error:?}"));
    (area.key.to_owned(), area.value.replace(".0000000000000000", ""))
}

fn kinds(area: &Area) -> Vec<&'static str> {
    area.repairs().iter().map(Repair::kind).collect()
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
        ("SRID=4326;POINT(1 2)", "point", "1,2"),
        // Beyond the poles; a placeholder for no data.
        ("POINT(95 -95)", "point", "95,-90"),
        ("POINT(-999999999999 -999999999999)", "point", "81,-90"),
        // The short way between longitudes.
        ("LINESTRING(-100 0,100 0)", "line", "-100,0,100,0"),
        ("LINESTRING(10 0,200 0)", "line", "10,0,73.3333333333333286,0,136.6666666666666572,0,-160,0"),
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
        // Clockwise, it is the narrow one across the antimeridian; counter-clockwise, the wide one that is written.
        ("POLYGON((170 50,-170 50,-170 60,170 60,170 50))", "170.0,50.0,-170.0,60.0"),
        ("POLYGON((-170 50,170 50,170 60,-170 60,-170 50))", "-170.0,50.0,170.0,60.0"),
        // Two halves.
        (
            "MULTIPOLYGON(((170 0,180 0,180 5,170 5,170 0)),((-180 0,-170 0,-170 5,-180 5,-180 0)))",
            "170.0,0.0,-170.0,5.0",
        ),
    ];
    for (wkt, value) in cases {
        assert_eq!(area(wkt), ("bounding_box".to_owned(), value.to_owned()), "{wkt}");
    }
}

#[test]
fn poles_are_enclosed_by_what_goes_around_them() {
    // Along 60° with a wave, all around and up to the pole: asked for as the line around the pole.
    let written = "POLYGON((-180 60,-90 65,0 60,90 65,180 60,180 90,-180 90,-180 60))";
    assert_eq!(area(written), ("polygon".to_owned(), "-180,60,-90,65,0,60,90,65,-180,60".to_owned()));
    // The same line alone crosses itself when taken as it is written.
    let north = Area::parse("POLYGON((0 60,90 65,180 60,-90 65,0 60))").unwrap();
    assert_eq!(kinds(&north), ["POLE"]);
    assert_eq!(north.value.replace(".0000000000000000", ""), "-180,60,-90,65,0,60,90,65,-180,60");
    assert_eq!(north.bounds().unwrap().to_string(), "-180 60 180 90");
    // Around the south pole the other way, begun between the vertices at the antimeridian.
    let south = Area::parse("POLYGON((10 -60,100 -70,-170 -60,-80 -65,10 -60))").unwrap();
    assert_eq!(kinds(&south), ["POLE"]);
    let bounds = south.bounds().unwrap();
    assert_eq!((bounds.south(), bounds.north(), bounds.width()), (-90.0, -60.0, 360.0));
    let longitudes: Vec<f64> =
        south.value.split(',').step_by(2).map(|number| number.parse().unwrap()).collect();
    assert_eq!((longitudes.first(), longitudes.last()), (Some(&180.0), Some(&180.0)), "{}", south.value);
    let westwards = longitudes.windows(2).all(|pair| pair[1] < pair[0] || pair[1] == 180.0);
    assert!(westwards, "the south pole lies to the left of who goes west: {longitudes:?}");
    // A band around the Earth has two borders, which no polygon of the catalogue has.
    let band = Area::parse("POLYGON((-180 0,0 5,180 0,180 20,-180 20,-180 0))").unwrap();
    assert_eq!((band.key, band.value.as_str()), ("bounding_box", "-180.0,0.0,180.0,20.0"));
    assert_eq!(kinds(&band), ["BOUNDING_BOX"]);
}

#[test]
fn outlines_beyond_a_pole_are_clamped_cut_or_hulled() {
    // Vertices moved to the pole leave a simple outline.
    let clamped = Area::parse("POLYGON((0 -95,10 0,10 100,0 100,0 -95))").unwrap();
    assert_eq!(clamped.wrapped_wkt(), "POLYGON ((0 -90, 10 0, 10 90, 0 90, 0 -90))");
    // Here they would lie on each other: the outline is cut.
    let cut = Area::parse("POLYGON((0 80,10 80,10 100,8 95,5 105,2 95,0 100,0 80))").unwrap();
    assert_eq!(kinds(&cut), ["CLAMP"]);
    assert_eq!(cut.catalogue_pair(), ("bounding_box", "0.0,80.0,10.0,90.0"));
    // And here the cut leaves two pieces.
    let hull = Area::parse("POLYGON((0 80,3 80,3 95,7 95,7 80,10 80,10 100,5 97,0 100,0 80))").unwrap();
    assert_eq!(kinds(&hull), ["CLAMP", "CONVEX_HULL_CLAMPED"]);
    assert_eq!(hull.bounds().unwrap().to_string(), "0 80 10 90");
}

#[test]
fn what_was_changed_is_said() {
    let notices = |wkt: &str| Area::parse(wkt).unwrap().notices().join("; ");
    assert!(notices("POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,2 1,2 2,1 1))").contains("hole"));
    assert!(notices("POLYGON((0 0,1 2,2 0,0 0))").contains("counter-clockwise"));
    assert!(notices("POINT Z(41 13 5)").contains("heights"));
    assert!(notices("POINT(13 141)").contains("may be exchanged"));
    assert!(
        notices("POINT(13 141)").contains("1 latitudes") || notices("POINT(13 141)").contains("latitude")
    );
    assert_eq!(
        notices("MULTIPOINT(0 0,1 1,0 1)"),
        "the shapes of the area lie apart: the convex hull of all is searched"
    );
    assert_eq!(notices("POINT(41 13)"), "");
    // Of many simplifications, the last is told.
    let star: Vec<String> = (0..=800)
        .map(|i| {
            let (angle, radius) =
                (f64::from(i % 800).to_radians() * 0.45, if i % 2 == 0 { 1.05 } else { 1.0 });
            format!("{:.6} {:.6}", radius * angle.cos(), radius * angle.sin())
        })
        .collect();
    let star = Area::parse(&format!("POLYGON(({}))", star.join(","))).unwrap();
    assert!(star.repairs().len() > 2, "{:?}", star.repairs());
    assert_eq!(star.notices().len(), 1);
}

#[test]
fn what_cannot_be_used_says_why() {
    let nested = format!("{}POINT(0 0){}", "GEOMETRYCOLLECTION(".repeat(5000), ")".repeat(5000));
    let cases = [
        ("garbage", "not valid WKT"),
        ("", "not valid WKT"),
        ("POLYGON((0 0,1 0", "not valid WKT"),
        ("POINT EMPTY", "empty"),
        ("POLYGON EMPTY", "empty"),
        ("GEOMETRYCOLLECTION EMPTY", "empty"),
        ("POLYGON((0 0,1 0,1 1))", "not closed"),
        ("POLYGON((0 0,1 0,0 0))", "fewer than three"),
        ("POLYGON((1 1,1 1,1 1,1 1))", "fewer than three"),
        ("POLYGON((0 0,0 1,1 0,1 1,0 0))", "crosses or touches"),
        ("POLYGON((0 0,2 0,1 1,2 2,0 2,1 1,0 0))", "crosses or touches"),
        ("POLYGON((0 0,3 0,1 0,1 1,0 0))", "crosses or touches"),
        ("POLYGON((500000 4e6,500100 4e6,500100 4.1e6,500000 4e6))", "not on the Earth"),
        ("SRID=32637;POINT(500000 1400000)", "SRID 32637"),
        ("POINT(nan 1)", ""),
        ("LINESTRING(1 1,1 1)", "only one point"),
        (&nested, "nested"),
        ("{\"type\": \"Topology\"}", "\"Topology\" is no type"),
        ("{\"type\": \"Point\", \"coordinates\": [1]}", "not two numbers"),
        ("{\"type\": \"Polygon\", \"coordinates\": [[[0,0],[1,0],[1,1]]]}", "not closed"),
        ("{\"type\": \"FeatureCollection\", \"features\": []}", "empty"),
        (
            r#"{"type":"Point","coordinates":[5e5,1e6],"crs":{"type":"name","properties":{"name":"EPSG:32637"}}}"#,
            "EPSG:32637",
        ),
        ("<html></html>", "no kml element"),
        ("<kml><Point><coordinates>1 2</coordinates></Point></kml>", "no longitude,latitude"),
        ("<kml><Point>", ""),
    ];
    for (wkt, why) in cases {
        let error = Area::parse(wkt).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{wkt}");
        assert!(error.reasons().join(" ").contains(why), "{wkt}: {error:?}");
    }
}

#[test]
fn large_outlines_are_simplified_or_refused_in_time() {
    let ring = |count: u32, radius: fn(u32) -> f64| {
        let vertex = |i: u32| {
            let angle = f64::from(i % count) / f64::from(count) * std::f64::consts::TAU;
            format!("{} {}", radius(i % count) * angle.cos(), radius(i % count) * angle.sin())
        };
        format!("POLYGON(({}))", (0..=count).map(vertex).collect::<Vec<_>>().join(","))
    };
    let circle = Area::parse(&ring(50_000, |_| 10.0)).unwrap();
    assert!(circle.shape.vertices() <= 300);
    // Every edge overlaps every other in longitude, and none crosses: refused, not waited for.
    let comb = (0..40_000).map(|i| format!("{} {}", if i % 2 == 0 { -80 } else { 80 }, f64::from(i) * 1e-3));
    let comb = comb.chain(["81 41".to_owned(), "81 -1".to_owned(), "-80 0".to_owned()]).collect::<Vec<_>>();
    let refused = Area::parse(&format!("POLYGON(({}))", comb.join(","))).unwrap_err();
    assert!(refused.reasons().join(" ").contains("tangled"), "{refused:?}");
    let many = Area::parse(&format!("LINESTRING({})", vec!["1 2"; 200_001].join(","))).unwrap_err();
    assert!(many.reasons().join(" ").contains("200000 vertices"));
}

#[test]
fn geojson_in_all_its_forms() {
    let square = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}"#;
    let forms = [
        square.to_owned(),
        format!(r#"{{"type":"Feature","properties":{{"name":"x"}},"geometry":{square}}}"#),
        format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","geometry":null}},
            {{"type":"Feature","geometry":{square}}}]}}"#
        ),
        format!(r#"{{"type":"GeometryCollection","geometries":[{square}]}}"#),
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0,7],[1,0,7],[1,1,7],[0,1,7],[0,0,7]]]]}"#.to_owned(),
        format!(
            r#"  {{"crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}}},{}"#,
            &square[1..]
        ),
    ];
    for form in forms {
        assert_eq!(area(&form), ("bounding_box".to_owned(), "0.0,0.0,1.0,1.0".to_owned()), "{form}");
    }
    assert_eq!(area(r#"{"type":"MultiPoint","coordinates":[[1,2]]}"#).0, "point");
    assert_eq!(area(r#"{"type":"MultiLineString","coordinates":[[[1,2],[3,4]]]}"#).0, "line");
}

#[test]
fn kml_placemarks_are_the_area() {
    let kml = r#"<?xml version="1.0" encoding="UTF-8"?>
        <kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><Placemark><name>a &amp; b</name>
        <Polygon><outerBoundaryIs><LinearRing><coordinates>
            0,0,0 4,0,0 4,4,0 0,4,0 0,0,0
        </coordinates></LinearRing></outerBoundaryIs>
        <innerBoundaryIs><LinearRing><coordinates>1,1 2,1 2,2 1,1</coordinates></LinearRing></innerBoundaryIs>
        </Polygon></Placemark></Folder>
        <Placemark><Point><coordinates>1,1</coordinates></Point></Placemark>
        <NetworkLink><Link><href>http://example.org</href></Link></NetworkLink></Document></kml>"#;
    let area = Area::parse(kml).unwrap();
    assert_eq!(area.catalogue_pair(), ("bounding_box", "0.0,0.0,4.0,4.0"));
    assert_eq!(kinds(&area), ["HOLES", "OVERLAP_MERGE"]);
    assert!(area.notices().iter().any(|notice| notice.contains("not followed")));
}

#[test]
fn numbers_alone_are_areas() {
    use super::numbers::{bbox, circle, linestring, point};
    assert_eq!(bbox(&[170.0, -20.0, -170.0, -10.0]).unwrap(), "170.0,-20.0,-170.0,-10.0");
    assert_eq!(bbox(&[170.0, -20.0, 190.0, -10.0]).unwrap(), "170.0,-20.0,-170.0,-10.0");
    assert_eq!(bbox(&[0.0, -20.0, 360.0, -10.0]).unwrap(), "-180.0,-20.0,180.0,-10.0");
    assert_eq!(bbox(&[5.0, 5.0, 5.0, 5.0]).unwrap(), "5.0,5.0,5.0,5.0");
    assert_eq!(point(&[-190.0, 3.5]).unwrap(), "170.0,3.5");
    assert_eq!(circle(&[41.0, 13.0, 5000.0]).unwrap(), "41.0,13.0,5000.0");
    assert_eq!(linestring(&[41.0, 13.0, 42.0, 14.0]).unwrap(), "41.0,13.0,42.0,14.0");
    let wrong = [
        bbox(&[1.0, 2.0, 3.0]),
        bbox(&[1.0, 5.0, 3.0, 4.0]),
        bbox(&[f64::NAN, 5.0, 3.0, 6.0]),
        point(&[1.0]),
        point(&[13.0, 141.0]),
        circle(&[1.0, 2.0, 0.0]),
        circle(&[1.0, 2.0, f64::INFINITY]),
        linestring(&[1.0, 2.0]),
        linestring(&[1.0, 2.0, 3.0]),
    ];
    for error in wrong.map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}

#[test]
fn boxes_stay_what_they_are() {
    let pacific = Area::from(LonLatBox::new(170.0, -20.0, -170.0, -10.0).unwrap());
    assert_eq!(pacific.catalogue_pair(), ("bounding_box", "170.0,-20.0,-170.0,-10.0"));
    assert_eq!(pacific.unwrapped_wkt(), "POLYGON ((170 -20, 190 -20, 190 -10, 170 -10, 170 -20))");
    assert_eq!(pacific.bounds().unwrap(), LonLatBox::new(170.0, -20.0, -170.0, -10.0).unwrap());
    assert!(pacific.notices().is_empty());
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "(POLYGON|POINT|MULTIPOINT|LINESTRING)? ?[(), 0-9.eE+-]{0,60}") {
        let _ = Area::parse(&text);
    }

    #[test]
    fn what_is_asked_is_always_on_the_earth(
        rings in proptest::collection::vec(
            proptest::collection::vec((-40_i32..=40, -11_i32..=11), 1..7), 1..4),
        kind in 0..3,
    ) {
        let ring = |ring: &Vec<(i32, i32)>| {
            let closed = ring.iter().chain(if kind == 2 { ring.first() } else { None });
            let vertices: Vec<String> = closed.map(|(x, y)| format!("{} {}", x * 10, y * 10)).collect();
            match kind {
                2 => format!("POLYGON(({}))", vertices.join(",")),
                1 if vertices.len() > 1 => format!("LINESTRING({})", vertices.join(",")),
                _ => format!("POINT({})", vertices[0]),
            }
        };
        let text = format!("GEOMETRYCOLLECTION({})", rings.iter().map(ring).collect::<Vec<_>>().join(","));
        if let Ok(area) = Area::parse(&text) {
            let numbers: Vec<f64> = area.value.split(',').map(|number| number.parse().unwrap()).collect();
            for pair in numbers.chunks(2) {
                proptest::prop_assert!(pair[0].abs() <= 180.0 && pair[1].abs() <= 90.0, "{} {}", text, area.value);
            }
            area.bounds().unwrap();
            // What swath makes of it is an area again, and the same one.
            let again = Area::parse(&area.unwrapped_wkt());
            proptest::prop_assert!(again.is_ok(), "{} {:?}", text, again);
        }
    }

    #[test]
    fn no_bytes_break_the_readers(
        magic in proptest::sample::select(vec![&b"PK\x03\x04"[..], b"\x00\x00\x27\x0a", b"{", b"<kml>", b""]),
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
    ) {
        let _ = Area::from_bytes(&[magic, &bytes].concat());
    }
}
