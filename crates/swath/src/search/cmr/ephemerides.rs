//! The newest orbit ephemerides of NISAR, one of each accuracy: the collection `NISAR_OE`.

use futures::{StreamExt, TryStreamExt, stream};

use super::super::SearchResults;
use super::super::query::Query;
use super::{AT_ONCE, Catalogue};
use crate::error::Result;

/// The collection of orbit ephemerides.
const COLLECTION: &str = "NISAR_OE";

/// Their kinds, the most accurate first: precise, medium-fidelity, near-real-time, forecast (ASF's NISAR data user guide, orbit
/// ephemeris).
pub const EPHEMERIDES: [&str; 4] = ["POE", "MOE", "NOE", "FOE"];

impl Catalogue {
    /// The newest orbit ephemeris of each kind ([`EPHEMERIDES`], in that order; [`Granule::product`] tells which it is) that
    /// matches the query. What the query says of collections, products and the number of results does not matter. A kind
    /// that the catalogue does not have is told in [`SearchResults::notices`].
    ///
    /// [`Granule::product`]: crate::granule::Granule::product
    ///
    /// # Errors
    /// As [`Catalogue::search`].
    pub async fn orbit_ephemerides(&self, query: &Query) -> Result<SearchResults> {
        let mut wanted = query.clone();
        for option in
            ["dataset", "platform", "processing_level", "short_name", "collections", "data_maturity"]
        {
            wanted = wanted.without(option)?;
        }
        let wanted = wanted.short_name(COLLECTION).max_results(1);
        let queries: Vec<Query> =
            EPHEMERIDES.iter().map(|kind| wanted.clone().processing_level(*kind)).collect();
        let searches: Vec<_> = queries.iter().map(|query| self.search(query)).collect();
        let found: Vec<SearchResults> = stream::iter(searches).buffered(AT_ONCE).try_collect().await?;
        let mut all = SearchResults::default();
        for (one, kind) in found.into_iter().zip(EPHEMERIDES) {
            all.hits = all.hits.saturating_add(one.hits);
            if one.granules.is_empty() {
                all.notices.push(format!("the catalogue has no orbit ephemeris of the kind {kind}"));
            }
            // That there are older ones goes without saying.
            all.notices
                .extend(one.notices.into_iter().filter(|notice| !notice.contains("these are the newest")));
            all.granules.extend(one.granules);
            all.odd.extend(one.odd);
        }
        Ok(all)
    }
}
