//! What is known to be wrong with delivered data: a small table with a version of its own, `known_issues.json`.
//!
//! The rows are ASF's published notes on data quality. A row applies where everything that it names fits; what it does not
//! name fits everything.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Deserialize;

use super::Granule;
use super::name::GranuleName;

/// One known issue of delivered data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct KnownIssue {
    /// A short name that does not change.
    pub id: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: String,
    #[serde(default)]
    products: Vec<String>,
    #[serde(default)]
    maturities: Vec<String>,
    #[serde(default)]
    polarizations: Vec<String>,
    #[serde(default)]
    tracks_frames: Vec<(u16, u16)>,
    #[serde(default)]
    main_bandwidths: Vec<u8>,
    before: Option<Timestamp>,
    joint: Option<bool>,
    #[serde(default)]
    needs_side_band: bool,
}

/// The table as it is in the file.
#[derive(Debug, Deserialize)]
struct Table {
    version: String,
    source: String,
    issues: Vec<KnownIssue>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let empty = Table { version: String::new(), source: String::new(), issues: Vec::new() };
    // A test reads the file; nobody else can change it.
    serde_json::from_str(include_str!("known_issues.json")).unwrap_or(empty)
});

impl KnownIssue {
    /// Every known issue.
    ///
    /// ```
    /// use swath::granule::KnownIssue;
    /// assert!(KnownIssue::all().iter().any(|issue| issue.id == "beta-mask"));
    /// ```
    pub fn all() -> &'static [Self] {
        &TABLE.issues
    }

    /// The version of the table, year and month, and where its rows come from.
    pub fn source() -> (&'static str, &'static str) {
        (&TABLE.version, &TABLE.source)
    }

    fn touches(&self, granule: &Granule, name: &GranuleName) -> bool {
        let any = |listed: &[String], is: &str| listed.is_empty() || listed.iter().any(|one| one == is);
        let maturity = granule.maturity.map(|tier| tier.to_string()).unwrap_or_default();
        let polarization = name.main_polarization.map(|mode| mode.code().to_owned()).unwrap_or_default();
        let frame = (name.track, name.frame.number);
        let main = name.mode.map_or(0, |mode| mode.main);
        any(&self.products, name.product.code())
            && any(&self.maturities, &maturity)
            && any(&self.polarizations, &polarization)
            && (self.tracks_frames.is_empty() || self.tracks_frames.contains(&frame))
            && (self.main_bandwidths.is_empty() || self.main_bandwidths.contains(&main))
            && self.before.is_none_or(|before| name.start < before)
            && self.joint.is_none_or(|joint| granule.joint_observation == Some(joint))
            && (!self.needs_side_band || name.mode.is_some_and(|mode| mode.main > 0 && mode.side > 0))
    }
}

impl Granule {
    /// The known issues that touch this granule.
    pub fn known_issues(&self) -> Vec<&'static KnownIssue> {
        let Some(name) = &self.parsed else { return Vec::new() };
        KnownIssue::all().iter().filter(|issue| issue.touches(self, name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_can_be_read_and_its_rows_have_names_of_their_own() {
        let table: Table = serde_json::from_str(include_str!("known_issues.json")).unwrap();
        let ids: BTreeSet<&str> = table.issues.iter().map(|issue| issue.id.as_str()).collect();
        assert_eq!(ids.len(), table.issues.len());
        assert!(KnownIssue::all().len() >= 6 && KnownIssue::source().0.starts_with("20"));
    }
}
