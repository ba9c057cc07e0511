//! A list of files for download programs (metalink 3.0).

use serde_json::Value;

use super::super::SearchResults;
use super::{escaped, printed, properties};

const HEAD: &str = "<?xml version=\"1.0\"?><metalink xmlns=\"http://www.metalinker.org/\" version=\"3.0\">\n\
    <publisher><name>Alaska Satellite Facility</name><url>http://www.asf.alaska.edu/</url></publisher>\n<files>";

/// The product of each granule; one that has no address is left out.
pub(super) fn text(results: &SearchResults) -> String {
    let mut text = HEAD.to_owned();
    for granule in &results.granules {
        let properties = properties(granule);
        let Some(url) = properties.get("url").and_then(Value::as_str) else { continue };
        let (name, url) = (escaped(&printed(&properties, "fileName")), escaped(url));
        text.push_str(&format!(
            "\n        <file name=\"{name}\"><resources><url type=\"http\">{url}</url></resources>"
        ));
        if let Some(sum) = properties.get("md5sum").and_then(Value::as_str) {
            let sum = escaped(sum);
            text.push_str(&format!("<verification><hash type=\"md5\">{sum}</hash></verification>"));
        }
        if let Some(bytes) = granule.size {
            text.push_str(&format!("<size>{bytes}</size>"));
        }
        text.push_str("</file>");
    }
    text.push_str("\n</files>\n</metalink>");
    text
}
