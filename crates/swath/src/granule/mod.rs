//! Granules: one delivered file each, with the fields of its name, its outline, its addresses and its release.
//!
//! [`GranuleName`] parses and prints names, [`GranuleFile`] tells a granule's files apart, [`PRODUCTS`] says what
//! each product is, [`newest`] picks the newest release of each acquisition. A [`Granule`] is what a search returns.
//!
//! [`KnownIssue`] is what is known to be wrong with delivered data.

mod field;
mod file;
mod footprint;
mod known_issues;
mod name;
mod product;
mod release;

use std::sync::OnceLock;

use bytes::Bytes;
use geo_types::MultiPolygon;
use jiff::Timestamp;
use serde_json::Value;

pub use field::{
    Accuracy, BandwidthMode, Coverage, Crid, Direction, Frame, ModeSource, Pipeline, PolarizationMode,
    RadarBand, Site,
};
pub(crate) use file::file_name;
pub use file::{FileKind, GranuleFile};
pub(crate) use footprint::on_the_map;
pub use known_issues::KnownIssue;
pub(crate) use name::shown;
pub use name::{GranuleName, Secondary};
pub use product::{Geometry, PRODUCTS, Product, ProductFacts, is_backscatter};
pub use release::{Maturity, Release, Selection, Superseded, newest};

/// A granule as the catalogue describes it.
///
/// Text is as the catalogue sent it; what the catalogue left out, or gave as `NA`, is absent. Fields that the name
/// tells too (track, frame, release id, …) are the catalogue's, or the name's where the catalogue is silent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Granule {
    /// Its unique name in the catalogue (UMM-G `GranuleUR`).
    pub name: String,
    /// The fields of the name; `None` when it is no NISAR granule name.
    pub parsed: Option<GranuleName>,
    /// Outline in longitude and latitude, degrees (WGS 84), cut at the antimeridian; empty when not given.
    pub footprint: MultiPolygon<f64>,
    /// Start of the acquisition.
    pub start: Option<Timestamp>,
    /// End of the acquisition.
    pub end: Option<Timestamp>,
    /// Size of the product itself in bytes.
    pub size: Option<u64>,
    /// Short name of the collection.
    pub collection: Option<String>,
    /// Release tier, of the collection or else of the release id.
    pub maturity: Option<Maturity>,
    /// Composite release id.
    pub crid: Option<Crid>,
    /// The product's code or another mission's processing type.
    pub product: Option<String>,
    /// Track, also called relative orbit or path.
    pub track: Option<i64>,
    /// Frame along the track.
    pub frame: Option<i64>,
    /// Flight direction.
    pub direction: Option<Direction>,
    /// Polarizations of frequency A.
    pub main_band_polarization: Vec<String>,
    /// Polarizations of frequency B.
    pub side_band_polarization: Vec<String>,
    /// Range bandwidths in MHz as the catalogue spells them: `20+5`.
    pub range_bandwidth: Vec<String>,
    /// How much of the frame is covered.
    pub coverage: Option<Coverage>,
    /// Whether both radars observed together.
    pub joint_observation: Option<bool>,
    /// The chain that made it (`PR`, `UR`, `OD`).
    pub production_configuration: Option<String>,
    /// The orbit it was made with (`FOE` < `NOE` < `MOE` < `POE`).
    pub orbit_type: Option<String>,
    /// When it was made.
    pub processed: Option<Timestamp>,
    /// The catalogue's own id of the granule.
    pub concept_id: Option<String>,
    /// The addresses of its files, once they have been asked for.
    pub(crate) addresses: OnceLock<Box<Addresses>>,
    /// The text of the whole catalogue item: `{"meta": …, "umm": …}`. It may be a part of the page that the granule came with.
    pub(crate) item: Bytes,
}

/// The addresses of a granule's files. They are most of what the catalogue says of a granule, and few are ever looked at.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// Every https address, sorted.
    pub(crate) urls: Vec<String>,
    /// Every s3 address, sorted.
    pub(crate) s3_urls: Vec<String>,
    /// Pictures (https).
    pub(crate) browse: Vec<String>,
    /// The address that the catalogue calls the data (the first `GET DATA`).
    pub(crate) primary: Option<String>,
}

impl Granule {
    /// The whole UMM-G record, as the catalogue sent it; read from its text at each call, which takes some 0.1 ms.
    ///
    /// Null when there is none, or when it is nested deeper than 127 levels. Granules of one search share the
    /// text of their pages, up to some 30 MB each; those picked out by [`SearchResults`](crate::search::SearchResults) have
    /// texts of their own when they are fewer than half.
    pub fn umm(&self) -> Value {
        self.member("umm")
    }

    /// The catalogue's own data about the record: ids, revision, provider; read as [`Granule::umm`] is.
    pub fn meta(&self) -> Value {
        self.member("meta")
    }

    fn member(&self, name: &str) -> Value {
        let mut item: Value = serde_json::from_slice(&self.item).unwrap_or_default();
        item.get_mut(name).map(Value::take).unwrap_or_default()
    }

    /// Size and checksum (algorithm, value) of one of its files, as far as the catalogue tells them.
    pub(crate) fn file_facts(&self, file: &str) -> (Option<u64>, Option<(String, String)>) {
        let umm = self.umm();
        let files = umm.pointer("/DataGranule/ArchiveAndDistributionInformation");
        let files = files.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let Some(entry) = files.iter().find(|entry| entry.get("Name").and_then(Value::as_str) == Some(file))
        else {
            return (None, None);
        };
        let checksum = entry.get("Checksum");
        let part = |name: &str| text(checksum.and_then(|checksum| checksum.get(name)));
        (entry.get("SizeInBytes").and_then(Value::as_u64), part("Algorithm").zip(part("Value")))
    }
}

impl Release for Granule {
    fn granule_name(&self) -> Option<&GranuleName> {
        self.parsed.as_ref()
    }

    fn collection(&self) -> Option<&str> {
        self.collection.as_deref()
    }

    fn processed(&self) -> Option<Timestamp> {
        self.processed
    }
}
