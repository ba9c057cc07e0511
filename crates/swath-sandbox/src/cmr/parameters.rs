//! The parameters of a search, recognised and sorted out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::record::Record;
use super::{Answer, Refused};

/// Parameters that the search takes into account.
const ANSWERED: [&str; 26] = [
    "attribute",
    "bounding_box",
    "circle",
    "collection_concept_id",
    "concept_id",
    "echo_collection_id",
    "granule_ur",
    "instrument",
    "line",
    "native_id",
    "offset",
    "options",
    "orbit_number",
    "page_num",
    "page_size",
    "platform",
    "point",
    "polygon",
    "producer_granule_id",
    "provider",
    "readable_granule_name",
    "short_name",
    "sort_key",
    "temporal",
    "updated_since",
    "version",
];
/// Parameters that are true of every granule here, or change only the look of the answer.
const WITHOUT_EFFECT: [&str; 4] = ["downloadable", "online_only", "pretty", "token"];
/// Parameters of the real catalogue that are not answered here: refused rather than ignored,
/// since an answer that leaves out a condition would be wrong.
const KNOWN: [&str; 16] = [
    "browse_only",
    "cloud_cover",
    "created_at",
    "cycle",
    "day_night_flag",
    "entry_title",
    "equator_crossing_date",
    "equator_crossing_longitude",
    "exclude",
    "feature_id",
    "passes",
    "production_date",
    "project",
    "revision_date",
    "shapefile",
    "two_d_coordinate_system",
];
/// Parameters that confine a search to collections; with none of them, shapes are refused.
const LIMITING: [&str; 6] =
    ["provider", "short_name", "collection_concept_id", "echo_collection_id", "concept_id", "version"];
const SHAPES: [&str; 5] = ["bounding_box", "polygon", "point", "line", "circle"];
/// The deepest row that paging by number reaches.
const PAGING_DEPTH: usize = 1_000_000;

/// What may be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Start,
    End,
    Revision,
    Provider,
    ShortName,
}

/// One key of the order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SortKey {
    field: Field,
    pub(crate) descending: bool,
}

impl SortKey {
    fn parse(text: &str) -> Answer<Self> {
        // A plus sign that was not escaped arrives as a space.
        let name = text.trim_start_matches(['+', '-', ' ']);
        let field = match name {
            "granule_ur" | "readable_granule_name" | "producer_granule_id" | "native_id" => Field::Name,
            "start_date" => Field::Start,
            "end_date" => Field::End,
            "revision_date" => Field::Revision,
            "provider" => Field::Provider,
            "short_name" | "entry_title" => Field::ShortName,
            _ => {
                let error = format!("The sort key [{name}] is not a valid field for sorting granules.");
                return Err(Refused::new(error));
            }
        };
        Ok(Self { field, descending: text.starts_with('-') })
    }

    /// The value that a row is sorted by: milliseconds, or lower-case text.
    pub(crate) fn value(&self, row: &Record) -> Value {
        match self.field {
            Field::Name => json!(row.name().to_lowercase()),
            Field::Start => json!(row.start().as_millisecond()),
            Field::End => json!(row.end().as_millisecond()),
            Field::Revision => json!(row.revised.as_millisecond()),
            Field::Provider => json!("asf"),
            Field::ShortName => json!(row.collection().to_lowercase()),
        }
    }
}

/// The parameters of one search.
#[derive(Debug)]
pub(crate) struct Parameters {
    values: BTreeMap<String, Vec<String>>,
    options: BTreeMap<(String, String), String>,
    pub(crate) page_size: usize,
    page_number: usize,
    pub(crate) sort_keys: Vec<SortKey>,
}

impl Parameters {
    /// Recognises the pairs of a form. All that are not known are named in one refusal.
    pub(crate) fn parse(pairs: &[(String, String)]) -> Answer<Self> {
        let mut errors = Vec::new();
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut options = BTreeMap::new();
        for (key, value) in pairs {
            let (name, indexes) = split_key(key);
            if name == "attribute" && indexes.is_empty() {
                errors.push("'attribute' is not a valid parameter. You must use 'attribute[]'.".to_owned());
            } else if name == "options" && indexes.len() == 2 {
                options.insert((snake_case(&indexes[0]), snake_case(&indexes[1])), value.clone());
            } else if ANSWERED.contains(&name.as_str()) && name != "options" {
                values.entry(name).or_default().push(value.clone());
            } else if KNOWN.contains(&name.as_str()) {
                errors.push(format!("Parameter [{name}] is known to CMR but not answered by the sandbox."));
            } else if !WITHOUT_EFFECT.contains(&name.as_str()) {
                errors.push(format!("Parameter [{name}] was not recognized."));
            }
        }
        if !errors.is_empty() {
            errors.dedup();
            return Err(Refused { errors, ..Refused::new("") });
        }
        Self::new(values, options)
    }

    fn new(
        values: BTreeMap<String, Vec<String>>,
        options: BTreeMap<(String, String), String>,
    ) -> Answer<Self> {
        let size_rule = "page_size must be a number between 0 and 2000";
        let page_size = number(&values, "page_size", 10, 0..=2000, size_rule)?;
        let number_rule = "page_num must be a number greater than or equal to 1";
        let page_number = number(&values, "page_num", 1, 1..=usize::MAX, number_rule)?;
        let depth = page_size.saturating_mul(page_number);
        if depth > PAGING_DEPTH {
            let error = format!(
                "The paging depth (page_num * page_size) of [{depth}] exceeds the limit of {PAGING_DEPTH}."
            );
            return Err(Refused::new(error));
        }
        number(&values, "offset", 0, 0..=PAGING_DEPTH, "offset must be a number between 0 and 1000000")?;
        let sort_keys = match values.get("sort_key") {
            Some(keys) => keys.iter().map(|key| SortKey::parse(key)).collect::<Answer<_>>()?,
            None => vec![SortKey::parse("provider")?, SortKey::parse("start_date")?],
        };
        Ok(Self { values, options, page_size, page_number, sort_keys })
    }

    /// The values of a parameter, in order.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the parameter was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Whether `options[name][option]` is `true`.
    pub(crate) fn option(&self, name: &str, option: &str) -> Option<bool> {
        self.options.get(&(name.to_owned(), option.to_owned())).map(|value| value == "true")
    }

    /// Where the page begins, when paging by number.
    pub(crate) fn offset(&self) -> usize {
        let offset = self.all("offset").first().and_then(|text| text.parse().ok());
        offset.unwrap_or_else(|| (self.page_number - 1) * self.page_size)
    }

    /// Refuses searches of all collections that the real catalogue refuses too.
    pub(crate) fn check_limits(&self, search_after: bool) -> Answer<()> {
        if LIMITING.iter().any(|name| self.has(name)) {
            return Ok(());
        }
        let what = if SHAPES.iter().any(|name| self.has(name)) {
            "with a spatial condition"
        } else if search_after {
            "when using search-after"
        } else {
            return Ok(());
        };
        Err(Refused::new(format!(
            "The CMR does not allow querying across granules in all collections {what}. You should limit your \
             query using conditions that identify one or more collections such as provider, concept_id, \
             short_name, or entry_title."
        )))
    }
}

fn number(
    values: &BTreeMap<String, Vec<String>>,
    name: &str,
    default: usize,
    range: std::ops::RangeInclusive<usize>,
    rule: &str,
) -> Answer<usize> {
    match values.get(name).map(Vec::as_slice) {
        None => Ok(default),
        Some([value]) => {
            let number = value.trim().parse().ok().filter(|number| range.contains(number));
            number.ok_or_else(|| Refused::new(rule))
        }
        Some(_) => Err(Refused::new(format!("Parameter [{name}] must have a single value."))),
    }
}

/// `options[temporal][and]` as a name and its indexes; the name in snake case, since the
/// catalogue takes `shortName` and `short-name` for `short_name`.
fn split_key(key: &str) -> (String, Vec<String>) {
    let Some((name, rest)) = key.split_once('[') else {
        return (snake_case(key), Vec::new());
    };
    let indexes = rest.split('[').map(|part| part.trim_end_matches(']').to_owned()).collect();
    (snake_case(name), indexes)
}

fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(if letter == '-' { '_' } else { letter.to_ascii_lowercase() });
    }
    out
}
