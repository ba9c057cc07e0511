//! A granule as the catalogue holds it: UMM-G, made from the file's name, size and side files.
//!
//! The shape is that of real answers (UMM-G 1.6.6 of ASF's Cumulus pipeline). What a name cannot
//! tell is made up by rule and marked so here: orbit numbers, dates of production and revision,
//! concept identifiers.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::spatial::Shape;
use crate::archive::Stored;
use crate::gateway::ROUTES;
use crate::state::State;

/// Concept identifiers of collections, as the real catalogue has them.
pub(crate) const COLLECTIONS: [(&str, &str); 7] = [
    ("NISAR_L2_GCOV_BETA_V1", "C3622214170-ASF"),
    ("NISAR_L2_GCOV_PROVISIONAL_V1", "C2854338529-ASF"),
    ("NISAR_L2_GCOV_V1", "C3622241360-ASF"),
    ("NISAR_L1_RSLC_BETA_V1", "C2850225585-ASF"),
    ("NISAR_L2_GSLC_BETA_V1", "C2850259510-ASF"),
    ("NISAR_L2_GUNW_BETA_V1", "C2850261892-ASF"),
    ("NISAR_OE", "C2727908375-ASF"),
];

/// What each product is called in full.
const PRODUCTS: [(&str, &str); 10] = [
    ("RRSD", "Radar Raw Signal Data"),
    ("RSLC", "Range-Doppler Single Look Complex"),
    ("RIFG", "Range-Doppler Wrapped Interferogram"),
    ("RUNW", "Range-Doppler Unwrapped Interferogram"),
    ("ROFF", "Range-Doppler Pixel Offsets"),
    ("GSLC", "Geocoded Single Look Complex"),
    ("GCOV", "Geocoded Polarimetric Covariance"),
    ("GUNW", "Geocoded Unwrapped Interferogram"),
    ("GOFF", "Geocoded Pixel Offsets"),
    ("SME2", "Soil Moisture EASE-Grid 2.0"),
];

/// The files of a granule: route of the gateway, suffix, type of the URL, format.
const FILES: [(&str, &str, &str, Option<&str>); 13] = [
    ("NISAR", ".h5", "GET DATA", Some("HDF5")),
    ("NISAR", "_QA_STATS.h5", METADATA, Some("HDF5")),
    ("NISAR", ".h5.iso.xml", METADATA, Some("XML")),
    ("NISAR", "_QA_REPORT.pdf", METADATA, Some("PDF")),
    ("NISAR", "_QA_SUMMARY.csv", METADATA, Some("CSV")),
    ("NISAR", ".kml", METADATA, Some("KML")),
    ("NISAR", ".rc.yaml", METADATA, Some("YAML")),
    ("BROWSE", ".png", "GET RELATED VISUALIZATION", Some("PNG")),
    ("BROWSE", "_thumbnail.png", "GET RELATED VISUALIZATION", Some("PNG")),
    ("NISAR-JPL-PRIVATE-DATA", ".context.json", METADATA, None),
    ("NISAR-JPL-PRIVATE-DATA", ".dataset.json", METADATA, None),
    ("NISAR-JPL-PRIVATE-DATA", ".h5.log", METADATA, None),
    ("NISAR-JPL-PRIVATE-DATA", ".met.json", METADATA, None),
];
const METADATA: &str = "EXTENDED METADATA";

/// The stack of the demo granules, and their footprint: of the size and slant of a real frame, and
/// around the grid of the fixtures. It is the one frame that needs no side file.
const DEMO_STACK: &str = "172_A_008";
const DEMO_FOOTPRINT: [(f64, f64); 5] =
    [(43.04, 11.36), (42.47, 13.8), (40.02, 13.45), (40.62, 10.88), (43.04, 11.36)];

/// A granule with all that a search can ask of it.
#[derive(Debug)]
pub(crate) struct Record {
    source: Source,
    name: String,
    collection: String,
    instrument: String,
    start: Timestamp,
    end: Timestamp,
    orbit: Option<i64>,
    pub(crate) concept: String,
    pub(crate) collection_concept: String,
    pub(crate) revised: Timestamp,
    pub(crate) attributes: Vec<(String, Vec<String>)>,
    pub(crate) footprint: Option<Shape>,
}

/// Where a record comes from.
#[derive(Debug)]
enum Source {
    /// A granule's file: the record is made of its name.
    Stored(Box<Stored>),
    /// A record as it is, of a granule whose file is not here.
    Umm(Box<Value>),
}

impl Record {
    pub(crate) fn new(stored: Stored) -> Self {
        let granule = &stored.granule;
        let attributes = attributes(&stored).into_iter().map(|(name, values)| (name.to_owned(), values));
        Self {
            name: granule.name().to_owned(),
            collection: stored.collection.clone(),
            instrument: granule.instrument(),
            start: granule.start(),
            end: granule.end(),
            // Made up, but 173 a cycle and one a track, as they are flown.
            orbit: Some(618 + 173 * i64::from(granule.cycle()) + i64::from(granule.track())),
            concept: concept('G', granule.name()),
            collection_concept: collection_concept(&stored.collection),
            revised: revision(&stored),
            attributes: attributes.collect(),
            footprint: footprint(&stored),
            source: Source::Stored(Box::new(stored)),
        }
    }

    /// A record as it is: UMM-G with at least a name, a collection and both ends of its time.
    pub(crate) fn from_umm(umm: Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let moment = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
        let range = &umm["TemporalExtent"]["RangeDateTime"];
        let (name, collection) = (text(&umm["GranuleUR"])?, text(&umm["CollectionReference"]["ShortName"])?);
        let end = moment(&range["EndingDateTime"])?;
        let attribute = |one: &Value| {
            let values = one["Values"].as_array()?.iter().filter_map(text).collect();
            Some((text(&one["Name"])?, values))
        };
        let attributes = umm["AdditionalAttributes"].as_array().into_iter().flatten().filter_map(attribute);
        Some(Self {
            instrument: text(&umm["Platforms"][0]["Instruments"][0]["ShortName"]).unwrap_or_default(),
            start: moment(&range["BeginningDateTime"])?,
            end,
            orbit: umm["OrbitCalculatedSpatialDomains"][0]["OrbitNumber"].as_i64(),
            concept: concept('G', &name),
            collection_concept: collection_concept(&collection),
            revised: moment(&umm["DataGranule"]["ProductionDateTime"]).unwrap_or(end),
            attributes: attributes.collect(),
            footprint: outline(&umm),
            name,
            collection,
            source: Source::Umm(Box::new(umm)),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn collection(&self) -> &str {
        &self.collection
    }

    pub(crate) fn instrument(&self) -> &str {
        &self.instrument
    }

    pub(crate) fn start(&self) -> Timestamp {
        self.start
    }

    pub(crate) fn end(&self) -> Timestamp {
        self.end
    }

    /// The absolute orbit.
    pub(crate) fn orbit(&self) -> Option<i64> {
        self.orbit
    }

    /// The item of an answer: `{"meta": …, "umm": …}`.
    pub(crate) fn item(&self, state: &State) -> Value {
        let revised = self.revised.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        json!({
            "meta": {
                "concept-type": "granule",
                "concept-id": self.concept,
                "revision-id": 1,
                "native-id": self.name(),
                "collection-concept-id": self.collection_concept,
                "provider-id": "ASF",
                "format": "application/vnd.nasa.cmr.umm+json",
                "revision-date": revised,
            },
            "umm": match &self.source {
                Source::Stored(stored) => self.umm(stored, state),
                Source::Umm(umm) => (**umm).clone(),
            },
        })
    }

    fn umm(&self, stored: &Stored, state: &State) -> Value {
        let granule = &stored.granule;
        let attributes: Vec<Value> =
            self.attributes.iter().map(|(name, values)| json!({"Name": name, "Values": values})).collect();
        let mut umm = json!({
            "GranuleUR": self.name(),
            "TemporalExtent": {"RangeDateTime": {
                "BeginningDateTime": self.start().to_string(),
                "EndingDateTime": self.end().to_string(),
            }},
            "OrbitCalculatedSpatialDomains": [{"OrbitNumber": self.orbit()}],
            "AdditionalAttributes": attributes,
            "ProviderDates": [
                {"Type": "Insert", "Date": self.revised.to_string()},
                {"Type": "Update", "Date": self.revised.to_string()},
            ],
            "CollectionReference": {"ShortName": self.collection(), "Version": "1"},
            "PGEVersionClass": {
                "PGEName": format!("{}_{}_{}", granule.level(), &self.instrument()[..1], granule.product()),
                "PGEVersion": release(granule.crid()),
            },
            "RelatedUrls": self.urls(stored, state),
            "DataGranule": {
                "DayNightFlag": "Unspecified",
                "ProductionDateTime": self.revised.to_string(),
                "Identifiers": [
                    {"Identifier": self.name(), "IdentifierType": "ProducerGranuleId"},
                    {"Identifier": granule.crid(), "IdentifierType": "CRID"},
                ],
                "ArchiveAndDistributionInformation": self.files(stored),
            },
            "Platforms": [{"ShortName": "NISAR", "Instruments": [{"ShortName": self.instrument()}]}],
            "MetadataSpecification": {
                "Name": "UMM-G",
                "URL": "https://cdn.earthdata.nasa.gov/umm/granule/v1.6.6",
                "Version": "1.6.6",
            },
        });
        if let Some(footprint) = &self.footprint {
            let point = |(longitude, latitude)| json!({"Longitude": longitude, "Latitude": latitude});
            let points: Vec<Value> = footprint.corners().into_iter().map(point).collect();
            umm["SpatialExtent"] = json!({"HorizontalSpatialDomain": {"Geometry": {
                "GPolygons": [{"Boundary": {"Points": points}}],
            }}});
        }
        umm
    }

    /// Sizes of the files that are on disk, and their checksums where a side file `….md5` tells one.
    fn files(&self, stored: &Stored) -> Vec<Value> {
        let sized = FILES.iter().filter_map(|(_, suffix, _, format)| {
            let (size, format) = (stored.size(suffix)?, (*format)?);
            let mut entry =
                json!({"Name": format!("{}{suffix}", self.name()), "SizeInBytes": size, "Format": format});
            if let Some(sum) = stored.side_file(&format!("{suffix}.md5")) {
                entry["Checksum"] = json!({"Value": sum.trim(), "Algorithm": "MD5"});
            }
            Some(entry)
        });
        sized.collect()
    }

    /// The URLs of all files of a real granule, on disk or not: clients must choose among them.
    fn urls(&self, stored: &Stored, state: &State) -> Vec<Value> {
        let mut urls = Vec::with_capacity(2 * FILES.len() + 1);
        for (prefix, suffix, kind, format) in FILES {
            let Some(route) = ROUTES.iter().find(|route| route.prefix == prefix) else { continue };
            let key = stored.granule.key(self.collection(), suffix);
            let file = format!("{}{suffix}", self.name());
            let direct = if kind == "GET DATA" { "GET DATA VIA DIRECT ACCESS" } else { kind };
            let pair = [
                (format!("{}/{prefix}/{key}", state.origins.gateway), kind, format!("Download {file}")),
                (
                    format!("s3://{}/{key}", route.bucket),
                    direct,
                    format!("This link provides direct download access via S3 to {file}"),
                ),
            ];
            for (url, kind, description) in pair {
                let mut entry = json!({"URL": url, "Type": kind, "Description": description});
                if let Some(format) = format {
                    entry["Format"] = json!(format);
                }
                urls.push(entry);
            }
        }
        urls.push(json!({
            "URL": format!("{}/s3credentials", state.origins.gateway),
            "Type": "VIEW RELATED INFORMATION",
            "Description": "S3 Credentials Endpoint",
        }));
        urls
    }
}

/// The identifier of a collection: the real one where it is known.
pub(crate) fn collection_concept(collection: &str) -> String {
    let known = COLLECTIONS.iter().find(|(name, _)| *name == collection);
    known.map_or_else(|| concept('C', collection), |(_, concept)| (*concept).to_owned())
}

/// A made-up concept identifier: ten digits that follow from the name, out of the range in use.
fn concept(kind: char, name: &str) -> String {
    let digest = Sha256::digest(name);
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{kind}9{:09}-ASF", number % 1_000_000_000)
}

/// A made-up date of production and revision: later releases later, by as many days after the
/// acquisition as the last three digits of the CRID say.
fn revision(stored: &Stored) -> Timestamp {
    let crid = stored.granule.crid();
    let number: i64 = crid.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    let end = stored.granule.end();
    end.checked_add(SignedDuration::from_hours(24 * (number % 1000))).unwrap_or(end)
}

/// `R05.00.9` of `X05009`.
fn release(crid: &str) -> String {
    let part = |range| crid.get(range).unwrap_or("0");
    format!("R{}.{}.{}", part(1..3), part(3..5), part(5..6))
}

/// The footprint: of `<granule>.footprint.json` beside the file, a GeoJSON polygon; or the
/// demo frame's.
fn footprint(stored: &Stored) -> Option<Shape> {
    let from_file = || {
        let geometry: Value = serde_json::from_str(&stored.side_file(".footprint.json")?).ok()?;
        let ring = geometry["coordinates"].get(0)?.as_array()?;
        let point = |pair: &Value| Some((pair.get(0)?.as_f64()?, pair.get(1)?.as_f64()?));
        Some(Shape::ring(&ring.iter().map(point).collect::<Option<Vec<_>>>()?))
    };
    let demo = || (stored.granule.stack() == DEMO_STACK).then(|| Shape::ring(&DEMO_FOOTPRINT));
    from_file().filter(|shape| !shape.is_empty()).or_else(demo)
}

/// The first polygon of a record.
fn outline(umm: &Value) -> Option<Shape> {
    let geometry = &umm["SpatialExtent"]["HorizontalSpatialDomain"]["Geometry"];
    let points = geometry["GPolygons"][0]["Boundary"]["Points"].as_array()?;
    let point = |point: &Value| Some((point["Longitude"].as_f64()?, point["Latitude"].as_f64()?));
    let shape = Shape::ring(&points.iter().map(point).collect::<Option<Vec<_>>>()?);
    (!shape.is_empty()).then_some(shape)
}

/// The additional attributes, in the order of the real catalogue.
fn attributes(stored: &Stored) -> Vec<(&'static str, Vec<String>)> {
    let granule = &stored.granule;
    let product = PRODUCTS.iter().find(|(name, _)| *name == granule.product());
    let polarizations = granule.polarizations();
    let bandwidths = granule.bandwidths();
    let one = |text: &str| vec![text.to_owned()];
    let upper = |truth: bool| one(if truth { "TRUE" } else { "FALSE" });
    let acquired = |at: usize| !polarizations[at].is_empty();
    let names = polarizations.map(|list| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let frequencies =
        ["A", "B"].iter().enumerate().filter(|(at, _)| acquired(*at)).map(|(_, name)| (*name).to_owned());
    let concatenated: Vec<&str> = bandwidths.iter().flatten().map(String::as_str).collect();
    let concatenated = concatenated.join("+");
    let frame = granule.frame().trim_start_matches('0');
    let list = vec![
        ("ASCENDING_DESCENDING", one(granule.direction())),
        ("TRACK_NUMBER", vec![granule.track().to_string()]),
        ("FRAME_NUMBER", one(frame)),
        ("FREQUENCIES", frequencies.collect()),
        ("FREQUENCY_A_POLARIZATION", names[0].clone()),
        ("FREQUENCY_A_POLARIZATION_CONCAT", one(&polarizations[0].join("+"))),
        ("FREQUENCY_B_POLARIZATION", names[1].clone()),
        ("FREQUENCY_B_POLARIZATION_CONCAT", one(&polarizations[1].join("+"))),
        ("FREQUENCY_A_RANGE_BANDWIDTH", bandwidths[0].clone().into_iter().collect()),
        ("FREQUENCY_B_RANGE_BANDWIDTH", bandwidths[1].clone().into_iter().collect()),
        ("RANGE_BANDWIDTH_CONCAT", one(&concatenated)),
        ("FULL_FRAME", upper(granule.covers_full_frame())),
        ("JOINT_OBSERVATION", upper(false)),
        ("PRODUCTION_PIPELINE", one(granule.pipeline())),
        ("PRODUCT_TYPE", one(granule.product())),
        ("PRODUCT_TYPE_DESC", one(product.map_or("", |(_, text)| text))),
        ("PROCESSING_LEVEL", one(&granule.level())),
        ("PROCESSING_CENTER", one("JPL")),
        ("PRODUCT_VERSION", one("1.0")),
        ("ORBIT_TYPE", one(granule.orbit())),
        ("STACK_ID", one(&granule.stack())),
    ];
    list.into_iter().filter(|(_, values)| values.iter().any(|value| !value.is_empty())).collect()
}
