//! The wire: NASA's Common Metadata Repository (CMR), `POST /search/granules.umm_json`.
//!
//! Source: the CMR search API documentation; what a page, its headers and its errors look like was measured.

mod attributes;
mod ephemerides;

use std::collections::{HashSet, VecDeque};

use futures::{Stream, StreamExt, TryStreamExt, stream};
use http::HeaderName;

use super::plan::{LARGEST_PAGE, Pair, Plan};
use super::query::Query;
use super::umm::Page;
use super::{Context, SearchCount, SearchResults, selection};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Http, Purpose, Request, Response, SafeUrl, meaning};

pub use attributes::SearchableAttribute;
pub(super) use attributes::named;
pub use ephemerides::EPHEMERIDES;

/// Sub-queries under way at one time.
const AT_ONCE: usize = 6;

/// More granules than this are not collected in memory.
const MOST_GRANULES: u64 = 100_000;

/// The header that carries the place in the results from page to page.
const SEARCH_AFTER: &str = "cmr-search-after";

/// Who asks: CMR's operators want to know.
const CLIENT_ID: &str = concat!("swath_v", env!("CARGO_PKG_VERSION"));

/// The catalogue of granules.
///
/// A search is anonymous: the catalogue is public, and a token that has expired would only make it fail.
#[derive(Debug, Clone)]
pub struct Catalogue {
    http: Http,
    granules: SafeUrl,
    collections: SafeUrl,
}

impl Catalogue {
    /// The address of NASA's catalogue.
    pub const ADDRESS: &'static str = "https://cmr.earthdata.nasa.gov";

    /// The catalogue at an address (scheme, host and port; a path before `/search` is kept).
    ///
    /// # Errors
    /// A usage error when the address can have no path.
    pub fn new(http: Http, address: &SafeUrl) -> Result<Self> {
        let of = |service: &str| {
            let mut url = address.secret().clone();
            match url.path_segments_mut() {
                Ok(mut path) => path.pop_if_empty().extend(["search", service]),
                Err(()) => return Err(Error::usage(format!("{address} is no address of a catalogue"))),
            };
            Ok(SafeUrl::from(url))
        };
        Ok(Self { http, granules: of("granules.umm_json")?, collections: of("collections.umm_json")? })
    }

    /// NASA's catalogue.
    ///
    /// # Errors
    /// None in practice: the address is a constant.
    pub fn earthdata(http: Http) -> Result<Self> {
        Self::new(http, &SafeUrl::parse(Self::ADDRESS)?)
    }

    /// Sends the query and collects every page.
    ///
    /// Sub-queries run at the same time; what several of them find is kept once. With `max_results` the newest
    /// acquisitions are kept.
    ///
    /// # Errors
    /// A usage error when the query is not valid, or the catalogue says that it is not; a service error when the
    /// catalogue fails, or answers with fewer granules than it has and [`Query::allow_partial`] is not set; a limit
    /// error when it has more than 100,000 and `max_results` is not given.
    pub async fn search(&self, query: &Query) -> Result<SearchResults> {
        self.run(query.plan()?).await
    }

    /// How many granules the catalogue has for the query, `max_results` aside. No granule is fetched.
    ///
    /// # Errors
    /// As [`Catalogue::search`].
    pub async fn count(&self, query: &Query) -> Result<SearchCount> {
        let plan = query.clone().max_results(0).plan()?;
        let answers: Vec<_> = plan.subqueries.iter().map(|pairs| self.hits(pairs)).collect();
        let hits: Vec<u64> = stream::iter(answers).buffered(AT_ONCE).try_collect().await?;
        let mut notices = plan.notices;
        if hits.len() > 1 {
            notices
                .push("granules that match several values of a list are counted once per value".to_owned());
        }
        Ok(SearchCount { hits: hits.iter().fold(0, |sum: u64, hits| sum.saturating_add(*hits)), notices })
    }

    /// Sends a form to one of the catalogue's services.
    async fn post(&self, url: &SafeUrl, pairs: &[Pair], after: Option<&str>) -> Result<Response> {
        let mut request = Request::post_form(Purpose::Search, url.clone(), pairs)
            .header(HeaderName::from_static("client-id"), CLIENT_ID)
            .compressed()
            .refuses_pages();
        if let Some(after) = after {
            request = request.header(HeaderName::from_static(SEARCH_AFTER), after);
        }
        self.http.send(&request).await.map_err(|error| error.in_context("the search failed"))
    }

    async fn hits(&self, pairs: &[Pair]) -> Result<u64> {
        let mut pages = Pages::new(self, pairs, 0);
        pages.next().await?;
        Ok(pages.hits)
    }

    /// Sends the query and hands over what is found page by page, one sub-query after the other; memory holds one page
    /// at a time. Within a sub-query the newest acquisitions come first; what several sub-queries find is handed over
    /// once.
    ///
    /// Each item is one page; its `hits` are those of its sub-query. The stream ends after the first error.
    ///
    /// # Errors
    /// As [`Catalogue::search`], but for the limit on the number of granules.
    pub fn pages(
        &self,
        query: &Query,
    ) -> impl Stream<Item = Result<SearchResults>> + Send + Unpin + 'static + use<> {
        let walk = Walk::new(self, query.plan());
        Box::pin(stream::try_unfold(walk, |mut walk| async move {
            Ok(walk.next().await?.map(|page| (page, walk)))
        }))
    }

    async fn run(&self, plan: Plan) -> Result<SearchResults> {
        // A list, not an iterator: that would keep the future from being spawned (the compiler cannot see it is Send).
        let answers: Vec<_> = plan.subqueries.iter().map(|pairs| self.collect(pairs, &plan)).collect();
        let parts: Vec<SearchResults> = stream::iter(answers).buffered(AT_ONCE).try_collect().await?;
        let (notices, context) = (plan.notices.clone(), context(&plan));
        let mut all = SearchResults { notices, context, ..SearchResults::default() };
        let mut seen = HashSet::new();
        for part in parts {
            all.hits = all.hits.saturating_add(part.hits);
            all.odd.extend(part.odd.into_iter().filter(|odd| !all.odd.contains(odd)).collect::<Vec<_>>());
            all.notices.extend(part.notices);
            // Names alone do not do: the same name may be in two collections.
            let is_new = |granule: &crate::granule::Granule| {
                let id = granule.concept_id.clone();
                id.is_none_or(|id| seen.insert(id))
            };
            all.granules.extend(part.granules.into_iter().filter(is_new));
        }
        let before = all.granules.len();
        all.granules.retain(|granule| plan.wants(granule));
        all.sort();
        if let Some(most) = plan.max_results {
            all.granules.truncate(most);
            let kept = all.granules.len() as u64;
            if all.hits > kept && kept == most as u64 {
                let which = if kept == 0 { "none was asked for" } else { "these are the newest" };
                let number = if kept == 0 { String::new() } else { format!(" {kept}") };
                all.notices.push(format!("the catalogue has {} granules; {which}{number}", all.hits));
            }
        }
        all.let_go(before);
        Ok(all)
    }

    /// All pages of one sub-query.
    async fn collect(&self, pairs: &[Pair], plan: &Plan) -> Result<SearchResults> {
        let mut pages = Pages::new(self, pairs, plan.page_size);
        let most = plan.max_results.map_or(u64::MAX, |most| most as u64);
        let mut found = SearchResults::default();
        while let Some(page) = pages.next().await? {
            if pages.hits.min(most) > MOST_GRANULES {
                let what = format!("the query matches {} granules, more than {MOST_GRANULES}", pages.hits);
                return Err(Error::new(ErrorKind::Limit, what)
                    .with_hint("narrow it by area, dates or product, or give max_results"));
            }
            found.add(page);
            if pages.rows >= most {
                break;
            }
        }
        found.hits = pages.hits;
        if let Some(what) = pages.shortfall(most) {
            if !plan.allow_partial {
                return Err(incomplete(what));
            }
            found.notices.push(what);
        }
        Ok(found)
    }
}

/// The pages of all sub-queries, one after the other.
struct Walk {
    catalogue: Catalogue,
    /// The plan, until the first page is asked for.
    start: Option<Result<Plan>>,
    subqueries: VecDeque<Vec<Pair>>,
    pages: Option<Pages>,
    plan: Option<Plan>,
    context: Context,
    /// Granules still wanted.
    left: usize,
    seen: HashSet<String>,
    notices: Vec<String>,
}

impl Walk {
    fn new(catalogue: &Catalogue, plan: Result<Plan>) -> Self {
        Self {
            catalogue: catalogue.clone(),
            start: Some(plan),
            subqueries: VecDeque::new(),
            pages: None,
            plan: None,
            context: Context::default(),
            left: 0,
            seen: HashSet::new(),
            notices: Vec::new(),
        }
    }

    /// The next page; `None` after the last.
    async fn next(&mut self) -> Result<Option<SearchResults>> {
        if let Some(plan) = self.start.take() {
            let mut plan = plan?;
            self.context = context(&plan);
            self.subqueries = std::mem::take(&mut plan.subqueries).into();
            self.left = plan.max_results.unwrap_or(usize::MAX);
            self.notices = std::mem::take(&mut plan.notices);
            self.plan = Some(plan);
        }
        let (page_size, allow_partial) =
            self.plan.as_ref().map_or((0, false), |plan| (plan.page_size, plan.allow_partial));
        while self.left > 0 {
            let Some(pages) = &mut self.pages else {
                let Some(pairs) = self.subqueries.pop_front() else { break };
                self.pages = Some(Pages::new(&self.catalogue, &pairs, page_size));
                continue;
            };
            if let Some(found) = pages.next().await? {
                let hits = pages.hits;
                return Ok(Some(self.page(found, hits)));
            }
            let missing = pages.shortfall(u64::MAX);
            self.pages = None;
            if let Some(what) = missing {
                if !allow_partial {
                    return Err(incomplete(what));
                }
                self.notices.push(what);
            }
        }
        let notices = std::mem::take(&mut self.notices);
        Ok((!notices.is_empty()).then(|| SearchResults { notices, ..SearchResults::default() }))
    }

    fn page(&mut self, found: Page, hits: u64) -> SearchResults {
        let notices = std::mem::take(&mut self.notices);
        let context = self.context.clone();
        let mut page = SearchResults { hits, notices, context, ..SearchResults::default() };
        page.add(found);
        let before = page.granules.len();
        let is_new = |one: &crate::granule::Granule| {
            one.concept_id.as_ref().is_none_or(|id| self.seen.insert(id.clone()))
        };
        page.granules.retain(is_new);
        page.granules.retain(|granule| self.plan.as_ref().is_none_or(|plan| plan.wants(granule)));
        page.granules.truncate(self.left);
        page.let_go(before);
        self.left -= page.granules.len();
        page
    }
}

/// What results need to know of the query to tell which of them are to be used.
fn context(plan: &Plan) -> Context {
    let area = plan.subqueries.first().and_then(|pairs| selection::area_pair(pairs)).cloned();
    Context { area, mixed: plan.mixed }
}

fn incomplete(what: String) -> Error {
    Error::new(ErrorKind::Service, what).with_hint("narrow the query and try again, or allow partial results")
}

/// The pages of one sub-query, one after the other.
struct Pages {
    catalogue: Catalogue,
    pairs: Vec<Pair>,
    page_size: usize,
    after: Option<String>,
    done: bool,
    timed_out: bool,
    /// What the catalogue said it has, last.
    hits: u64,
    /// Items received.
    rows: u64,
}

impl Pages {
    fn new(catalogue: &Catalogue, pairs: &[Pair], page_size: usize) -> Self {
        let page_size = page_size.min(LARGEST_PAGE);
        let (catalogue, pairs) = (catalogue.clone(), pairs.to_vec());
        Self { catalogue, pairs, page_size, after: None, done: false, timed_out: false, hits: 0, rows: 0 }
    }

    /// The next page; `None` after the last.
    async fn next(&mut self) -> Result<Option<Page>> {
        if self.done {
            return Ok(None);
        }
        let response = self.ask().await?;
        let (page, hits) = read(&response, &self.catalogue.granules)?;
        let rows = page.rows();
        if rows > self.page_size {
            let what = format!("the catalogue sent {rows} granules where {} were asked for", self.page_size);
            return Err(Error::new(ErrorKind::Service, what));
        }
        self.hits = hits;
        self.rows += rows as u64;
        // CMR's documentation and its answers spell this header differently.
        let late = ["cmr-timed-out", "cmr-time-out"];
        self.timed_out |= late
            .iter()
            .any(|name| response.header(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true")));
        let after = response.header(SEARCH_AFTER).map(ToOwned::to_owned);
        self.done = rows == 0 || self.rows >= hits || after.is_none();
        if !self.done && after == self.after {
            return Err(Error::new(ErrorKind::Service, "the catalogue sent the same page twice")
                .with_hint("try again later"));
        }
        self.after = after;
        Ok(Some(page))
    }

    async fn ask(&self) -> Result<Response> {
        let response =
            self.catalogue.post(&self.catalogue.granules, &self.pairs, self.after.as_deref()).await?;
        if response.status == 200 {
            return Ok(response);
        }
        Err(refusal(&response, &self.catalogue.granules))
    }

    /// What is missing, in words, when fewer than `most` granules were received and the catalogue has more.
    fn shortfall(&self, most: u64) -> Option<String> {
        let wanted = self.hits.min(most);
        if self.rows < wanted {
            return Some(format!("the catalogue sent {} of {wanted} granules", self.rows));
        }
        self.timed_out.then(|| {
            format!("the catalogue ran out of time and sent {} granules, perhaps not all", self.rows)
        })
    }
}

fn read(response: &Response, url: &SafeUrl) -> Result<(Page, u64)> {
    let page = Page::read(&response.body).map_err(|why| {
        Error::new(ErrorKind::Service, format!("{url} answered with something other than granules"))
            .because(why)
    })?;
    let said = response.header("cmr-hits").and_then(|hits| hits.trim().parse().ok());
    let hits = said.unwrap_or(page.hits);
    Ok((page, hits))
}

/// The error that a refusal stands for; CMR says why in `{"errors": […]}`.
fn refusal(response: &Response, url: &SafeUrl) -> Error {
    if response.is_html() {
        let what = format!("{url} answered with a web page (HTTP {})", response.status);
        return Error::new(ErrorKind::Service, what)
            .with_hint("a proxy or a login page may be in the way; try again later");
    }
    let said = reasons(&response.body);
    if said.is_empty() {
        return meaning(response, url);
    }
    match response.status {
        400 | 413 | 414 | 422 => Error::usage("the catalogue did not understand the query").because(said),
        status => {
            let what = format!("the catalogue refused the query (HTTP {status})");
            Error::new(ErrorKind::Service, what).because(said).with_hint("try again later")
        }
    }
}

/// CMR's own words, short and without control characters.
fn reasons(body: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else { return String::new() };
    let errors = json.get("errors").and_then(serde_json::Value::as_array).map_or(&[][..], Vec::as_slice);
    let said = errors.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join("; ");
    said.chars().filter(|c| !c.is_control()).take(1000).collect()
}

#[cfg(test)]
mod tests;
