//! Placemarks for map programs, as asf_search lays them out.

use geo_types::{LineString, Polygon};
use serde_json::{Map, Value};

use super::super::SearchResults;
use super::{escaped, printed, properties, texts};
use crate::granule::Granule;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
 <kml xmlns="http://www.opengis.net/kml/2.2">
   <Document>
     <name>ASF Datapool Search Results</name>
     <description>Search Performed:</description>
     <Style id="yellowLineGreenPoly">
         <LineStyle>
         <color>30ff8800</color>
         <width>4</width>
         </LineStyle>
         <PolyStyle>
         <color>7f00ff00</color>
         </PolyStyle>
     </Style>
"#;

const FOOT: &str = "</Document>\n</kml>";

/// What the first list of a placemark tells: label and property. asf_search has no source for those without one.
const LINES: &[(&str, &str)] = &[
    ("Processing type", ""),
    ("Frame", "frameNumber"),
    ("Path", "pathNumber"),
    ("Orbit", "orbit"),
    ("Start time", "startTime"),
    ("End time", "stopTime"),
    ("Faraday Rotation", ""),
    ("Ascending/Descending", "flightDirection"),
    ("Off Nadir Angle", ""),
    ("Pointing Angle", ""),
];

pub(super) fn text(results: &SearchResults) -> String {
    let mut text = HEAD.to_owned();
    for (index, granule) in results.granules.iter().enumerate() {
        text.push_str(if index == 0 { "     " } else { "      " });
        placemark(&mut text, granule);
    }
    text.push_str(if results.granules.is_empty() { "   " } else { "      " });
    text.push_str(FOOT);
    text
}

fn placemark(text: &mut String, granule: &Granule) {
    let properties = properties(granule);
    let shown = |name: &str| escaped(&printed(&properties, name));
    text.push_str(&format!(
        "<Placemark>\n        <name>{}</name>\n        <description>&lt;![CDATA[<h1>{} ({}), acquired {}</h1>\n          \
         <h2>{}</h2>\n          <div style=\"position:absolute;left:20px;top:200px\">\n            \
         <h3>Metadata</h3>\n            <ul>\n",
        shown("sceneName"),
        shown("platform"),
        shown("configurationName"),
        shown("temporal"),
        shown("url"),
    ));
    for (label, property) in LINES {
        text.push_str(&format!("              <li>{label}: {}</li>\n", shown(property)));
    }
    text.push_str("            </ul>\n");
    files(text, &properties);
    text.push_str(&format!(
        "          </div>\n          <div style=\"position:absolute;left:300px;top:250px\">\n            \
         <a href=\"{}\">\n              <img src=\"{}\" />\n            </a>\n          </div>\n        \
         </description>\n        <styleUrl>#yellowLineGreenPoly</styleUrl>\n",
        texts(&properties, "browse").first().map_or_else(|| "None".to_owned(), |url| escaped(url)),
        shown("thumbnailUrl"),
    ));
    outline(text, granule);
    text.push_str("      </Placemark>\n");
}

/// The other files of the granule.
fn files(text: &mut String, properties: &Map<String, Value>) {
    text.push_str("            <h3>Files</h3>\n            <ul>\n");
    for url in texts(properties, "additionalUrls") {
        text.push_str(&format!("              <li>{}</li>\n", escaped(url)));
    }
    text.push_str("            </ul>\n");
}

/// The outline; its parts on both sides of the antimeridian are one geometry.
fn outline(text: &mut String, granule: &Granule) {
    match granule.footprint.0.as_slice() {
        [] => {}
        [one] => polygon(text, one),
        several => {
            text.push_str("        <MultiGeometry>\n");
            several.iter().for_each(|part| polygon(text, part));
            text.push_str("        </MultiGeometry>\n");
        }
    }
}

fn polygon(text: &mut String, polygon: &Polygon<f64>) {
    text.push_str(
        "        <Polygon>\n          <extrude>1</extrude>\n          \
         <altitudeMode>relativeToGround</altitudeMode>\n          <outerBoundaryIs>\n            <LinearRing>\n",
    );
    coordinates(text, polygon.exterior());
    text.push_str("            </LinearRing>\n          </outerBoundaryIs>\n        </Polygon>\n");
}

/// Each vertex 2,000 m above the ground, as asf_search has it.
fn coordinates(text: &mut String, ring: &LineString<f64>) {
    text.push_str("              <coordinates>\n");
    for coord in &ring.0 {
        text.push_str(&format!("              {},{},2000\n", coord.x, coord.y));
    }
    text.push_str("              </coordinates>\n");
}
