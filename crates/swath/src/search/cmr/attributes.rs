//! What granules of a collection can be searched by: its additional attributes, `POST /search/collections.umm_json`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::super::output::plain;
use super::super::plan::{LARGEST_PAGE, Pair};
use super::super::query::Query;
use super::{Catalogue, refusal};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Response;

/// An additional attribute of collections, by which their granules can be searched ([`Query::cmr_keyword`] with the key
/// `attribute[]` and a value like `string,NAME,value`; many have an option of their own).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SearchableAttribute {
    /// Its name: `TRACK_NUMBER`.
    pub name: String,
    /// The kind of its values, in the catalogue's words: `STRING`, `INT`, `FLOAT`, `DATETIME`, …; empty when not told.
    pub data_type: String,
    /// What it is, in the catalogue's words; empty when not told.
    pub description: String,
    /// Short names of the collections that have it, of those asked for.
    pub collections: Vec<String>,
}

impl Catalogue {
    /// The additional attributes of the collections that a query is about: those that it names (`short_name`, `collections`,
    /// `dataset`) or means (`platform`, `processing_level`). Sorted by name. Nothing else of the query matters.
    ///
    /// # Errors
    /// A usage error when the query is not valid or is about no collection; a not-found error when the catalogue has none of
    /// them; a service error when it fails.
    pub async fn searchable_attributes(&self, query: &Query) -> Result<Vec<SearchableAttribute>> {
        let mut pairs = query.named_collections()?;
        pairs.push(("page_size".to_owned(), LARGEST_PAGE.to_string()));
        let response = self.post(&self.collections, &pairs, None).await?;
        if response.status != 200 {
            return Err(refusal(&response, &self.collections));
        }
        let collections = self.collections_of(&response)?;
        if collections.is_empty() {
            let what = "the catalogue has no collection of these names";
            return Err(Error::new(ErrorKind::NotFound, what).with_hint(
                "collections are told apart letter by letter; each result of a search names its own",
            ));
        }
        Ok(joined(&collections))
    }

    fn collections_of(&self, response: &Response) -> Result<Vec<Value>> {
        let odd = |why: String| {
            let what = format!("{} answered with something other than collections", self.collections);
            Error::new(ErrorKind::Service, what).because(why)
        };
        let mut answer: Value = serde_json::from_slice(&response.body).map_err(|why| odd(why.to_string()))?;
        match answer.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(odd("it has no list of items".to_owned())),
        }
    }
}

/// The attributes of all collections, each name once; what collections say of one differently is told as the first does.
fn joined(collections: &[Value]) -> Vec<SearchableAttribute> {
    let mut found: BTreeMap<String, SearchableAttribute> = BTreeMap::new();
    for umm in collections.iter().filter_map(|item| item.get("umm")) {
        let said =
            |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(plain).unwrap_or_default();
        let short_name = said(umm, "ShortName");
        let attributes = umm.get("AdditionalAttributes").and_then(Value::as_array);
        for attribute in attributes.into_iter().flatten() {
            let name = said(attribute, "Name");
            if name.is_empty() {
                continue;
            }
            let one = found.entry(name.clone()).or_insert_with(|| SearchableAttribute {
                name,
                data_type: said(attribute, "DataType"),
                description: said(attribute, "Description"),
                collections: Vec::new(),
            });
            if !one.collections.contains(&short_name) {
                one.collections.push(short_name.clone());
            }
        }
    }
    found.into_values().collect()
}

/// Pairs that name collections.
pub(in super::super) fn named(short_names: &[String], concept_ids: &[String]) -> Vec<Pair> {
    let pair = |key: &str, value: &String| (key.to_owned(), value.clone());
    let names = short_names.iter().map(|name| pair("short_name[]", name));
    names.chain(concept_ids.iter().map(|id| pair("concept_id[]", id))).collect()
}
