//! Areas as they are typed: text, files, standard input, points and lines.

use std::path::PathBuf;
use std::process::Stdio;

use crate::shell::*;

fn file(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/areas");
    folder.join(name).canonicalize().unwrap().display().to_string()
}

#[test]
fn areas_come_in_every_form() {
    let sandbox = SandboxProcess::start();
    let geojson = std::fs::read_to_string(file("lake.geojson")).unwrap();
    let (zip, kml, shp) = (file("lake.zip"), file("lake.kml"), file("lake.shp"));
    let forms: [&[&str]; 10] = [
        &["--area", &geojson],
        &["--area", &zip],
        &["--area", &kml],
        &["--area", &shp],
        &["--wkt", "POINT(40.85 13.26)"],
        &["--intersects-with", "LINESTRING(40.85 13.26,40.86 13.27)"],
        &["--point", "40.85", "13.26"],
        &["--point", "40.85,13.26", "2000"],
        &["--circle", "40.85,13.26,2000"],
        &["--linestring", "40.85", "13.26", "40.86", "13.27"],
    ];
    for form in forms {
        let run = sandbox.run(&[&["search", "--jsonl"], form].concat(), &[]);
        assert_eq!(run.code, 0, "{form:?}: {}", run.err);
        assert_eq!(run.out.lines().count(), 5, "{form:?}: {}", run.err);
    }
    let elsewhere = sandbox.run(&["search", "--bbox", "170", "-20", "-170", "-10"], &[]);
    assert!(elsewhere.err.contains("no granule matches"), "{}", elsewhere.err);
}

#[test]
fn an_area_comes_from_standard_input_and_its_repairs_are_told() {
    let sandbox = SandboxProcess::start();
    let mut command = swath(&["search", "--area", "-", "--jsonl"]);
    command.envs(sandbox.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    // Clockwise, so that there is something to tell.
    let points = std::env::temp_dir().join(format!("swath-area-{}.wkt", std::process::id()));
    std::fs::write(&points, "POLYGON((40.8 13.2,40.85 13.3,40.9 13.2,40.8 13.2))").unwrap();
    command.stdin(Stdio::from(std::fs::File::open(&points).unwrap()));
    let output = command.output().unwrap();
    std::fs::remove_file(&points).unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 5);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("turned counter-clockwise"), "{told}");
}

#[test]
fn an_area_stands_for_its_box_where_pixels_are_read() {
    let local = local_granule();
    let by_area = run(&["stats", &local, "--json", "--area", &file("lake.geojson")]);
    let by_box = run(&["stats", &local, "--json", "--bbox", "40.8463", "13.2553", "40.8601", "13.2684"]);
    assert_eq!((by_area.code, by_box.code), (0, 0), "{}{}", by_area.err, by_box.err);
    assert_eq!(by_area.json()["mean"], by_box.json()["mean"]);
    assert!(by_area.err.contains("the box around the area"), "{}", by_area.err);
}

#[test]
fn wrong_areas_are_mistakes_that_are_named() {
    let cases: [(&[&str], &str); 8] = [
        (&["--area", "no-such-file.geojson"], "no-such-file.geojson cannot be read"),
        (&["--area", "POLYGON((0 0,1 1,1 0,0 1,0 0))"], "crosses or touches itself"),
        (&["--area", &file("metres.shp")], "WGS_1984_UTM_Zone_37N"),
        (&["--area", &file("lake.gpkg")], "ogr2ogr"),
        (&["--bbox", "1", "2", "3"], "bbox wants"),
        (&["--bbox", "1", "2", "3", "four"], "W S E N"),
        (&["--point", "13", "140"], "exchanged"),
        (&["--point", "1", "2", "3"], "radius"),
    ];
    for (arguments, why) in cases {
        let run = run(&[&["search"], arguments].concat());
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(why), "{arguments:?}: {}", run.err);
    }
    let both = run(&["search", "--bbox", "0", "0", "1", "1", "--point", "1", "2"]);
    assert_eq!(both.code, 2);
    assert!(both.err.contains("cannot be used with"), "{}", both.err);
}
