//! Search: which granules are there, and which of them to use.
//!
//! A [`Query`] says what to look for in asf_search's words; [`Query::plan`] checks it and shows the requests that it
//! becomes; [`Catalogue::search`] sends them to NASA's Common Metadata Repository, anonymously, and collects the
//! pages. [`SearchResults`] are [`Granule`]s, with [`SearchResults::into_latest`] for those to be used,
//! [`SearchResults::find_urls`] for addresses, and every [`Format`] as output.
//!
//! ```no_run
//! # async fn example() -> swath::Result<()> {
//! use swath::http::{Http, HttpOptions};
//! use swath::search::{Catalogue, Query};
//!
//! let catalogue = Catalogue::earthdata(Http::new(HttpOptions::default())?)?;
//! let query = Query::new().dataset("NISAR").processing_level("GCOV").relative_orbit(172).frame(8).max_results(250);
//! let results = catalogue.search(&query).await?;
//! for granule in results.latest().kept {
//!     println!("{} {:?}", granule.name, granule.data_url());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Supported
//! Every option of asf_search ([`OPTIONS`]), for NISAR and ASF's other missions; dates in words. An incomplete answer is
//! an error unless [`Query::allow_partial`] is set; one odd item is reported in [`SearchResults::odd`], not fatal.
//!
//! # Not supported yet
//! GeoPackage as an area. GeoParquet is written by the Python package.

mod area;
mod check;
mod cmr;
mod collections;
mod dates;
mod formats;
mod missions;
mod options;
mod output;
mod plan;
mod query;
mod scope;
mod selection;
mod umm;
mod urls;
mod values;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::granule::{Granule, Selection, newest};
use umm::Page;

pub use area::{Area, Collapse, Repair};
pub use cmr::{Catalogue, EPHEMERIDES, SearchableAttribute};
pub use formats::Format;
pub use options::{OPTIONS, OptionGroup, OptionKind, SearchOption};
pub use plan::Plan;
pub use query::Query;
pub use selection::State;
pub use values::{Decimals, Moment, NumberRange, Numbers, OptionValue, Values};

/// What a search found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SearchResults {
    /// The granules, those that end last first.
    pub granules: Vec<Granule>,
    /// How many granules the catalogue has for the query, those beyond `max_results` too. A granule that matches
    /// several values of a list is counted once per value.
    pub hits: u64,
    /// Catalogue items that could not be read.
    pub odd: Vec<OddItem>,
    /// What the user should know: what was changed in the query, what is missing from the answer.
    pub notices: Vec<String>,
    /// What was searched for, as far as the choice among the results depends on it.
    context: Context,
}

/// How many granules the catalogue has for a query.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchCount {
    /// The granules; one that matches several values of a list is counted once per value.
    pub hits: u64,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// A catalogue item that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OddItem {
    /// Its id in the catalogue, when it has one.
    pub concept_id: Option<String>,
    /// Why it could not be read.
    pub why: String,
}

/// What a search knew of itself besides the answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Context {
    /// The pair that the area became.
    area: Option<(String, String)>,
    /// Whether several maturities may be used together.
    mixed: bool,
}

impl SearchResults {
    /// Reads a saved answer of the catalogue (`granules.umm_json`): a `String`, a `Vec<u8>` or [`Bytes`], which the granules
    /// share.
    ///
    /// # Errors
    /// An integrity error when it is no such answer. Odd items within are reported in [`SearchResults::odd`].
    ///
    /// ```
    /// use swath::search::SearchResults;
    /// let page = r#"{"hits": 1, "items": [{"meta": {"concept-id": "G1-ASF"}, "umm": {"GranuleUR": "A"}}]}"#;
    /// let results = SearchResults::from_umm_json(page)?;
    /// assert_eq!(results.granules[0].name, "A");
    /// # Ok::<(), swath::Error>(())
    /// ```
    pub fn from_umm_json(answer: impl Into<Bytes>) -> Result<Self> {
        let mut page = Page::read(&answer.into()).map_err(|why| {
            Error::new(ErrorKind::Integrity, "the text is no answer of the catalogue (granules.umm_json)")
                .because(why)
        })?;
        let context = std::mem::take(&mut page.context);
        let mut results = Self { hits: page.hits, context, ..Self::default() };
        results.add(page);
        results.sort();
        Ok(results)
    }

    /// The results as an answer of the catalogue, in their order; [`SearchResults::from_umm_json`] reads it, and sorts. The
    /// area searched travels with it, so that shares of it are the same afterwards.
    pub fn to_umm_json(&self) -> String {
        // What was read from JSON is written as it was.
        let items: Vec<_> =
            self.granules.iter().map(|granule| String::from_utf8_lossy(&granule.item)).collect();
        let context = serde_json::to_string(&self.context).unwrap_or_default();
        format!("{{\"hits\":{},\"items\":[{}],\"swath\":{context}}}", self.hits, items.join(","))
    }

    /// Adds what a page holds.
    fn add(&mut self, page: Page) {
        self.granules.extend(page.granules);
        self.odd.extend(page.odd);
    }

    /// Sorts as asf_search does: by end (or, without one, by when it was made), then by name, both descending.
    fn sort(&mut self) {
        let end = |granule: &Granule| granule.end.or(granule.processed).map(Timestamp::as_second);
        // A granule is large: each is moved once, when its place is known.
        let mut places: Vec<_> =
            self.granules.iter().enumerate().map(|(place, one)| (end(one), place)).collect();
        let name = |place: usize| self.granules.get(place).map(|granule| &granule.name);
        places.sort_by(|(a_end, a), (b_end, b)| b_end.cmp(a_end).then_with(|| name(*b).cmp(&name(*a))));
        let mut unsorted: Vec<_> = std::mem::take(&mut self.granules).into_iter().map(Some).collect();
        let take = |(_, place): (_, usize)| unsorted.get_mut(place).and_then(Option::take);
        self.granules = places.into_iter().filter_map(take).collect();
    }

    /// The granules at these places, in this order; with all else that the results say.
    #[must_use]
    pub fn subset(&self, places: impl IntoIterator<Item = usize>) -> Self {
        let granules = places.into_iter().filter_map(|place| self.granules.get(place).cloned()).collect();
        let (odd, notices, context) = (self.odd.clone(), self.notices.clone(), self.context.clone());
        let mut part = Self { granules, hits: self.hits, odd, notices, context };
        part.let_go(self.granules.len());
        part
    }

    /// Lets go of the pages that granules came with when most of those are not kept: each granule left has its text alone then.
    /// So what is kept holds at most twice its own text.
    fn let_go(&mut self, before: usize) {
        if self.granules.len() >= before.div_ceil(2) {
            return;
        }
        for granule in &mut self.granules {
            granule.item = Bytes::copy_from_slice(&granule.item);
        }
    }

    /// The newest release of each product, and what it replaces; see [`newest`] for the rule.
    pub fn latest(&self) -> Selection<&Granule> {
        newest(&self.granules)
    }

    /// The addresses of the granules' files: https, or s3 with `direct_access`; sorted, each once.
    ///
    /// `extension` is what follows the last dot of the file name, with the dot (`.h5`), letter for letter. `pattern`
    /// is a regular expression looked for anywhere in the address; look-around is allowed.
    ///
    /// # Errors
    /// A usage error when the pattern is not valid or takes too long.
    pub fn find_urls(
        &self,
        extension: Option<&str>,
        pattern: Option<&str>,
        direct_access: bool,
    ) -> Result<Vec<String>> {
        urls::find(&self.granules, extension, pattern, direct_access)
    }
}

impl Granule {
    /// The addresses of this granule's files; see [`SearchResults::find_urls`].
    ///
    /// # Errors
    /// A usage error when the pattern is not valid or takes too long.
    pub fn find_urls(
        &self,
        extension: Option<&str>,
        pattern: Option<&str>,
        direct_access: bool,
    ) -> Result<Vec<String>> {
        urls::find([self], extension, pattern, direct_access)
    }
}

#[cfg(test)]
mod tests;
