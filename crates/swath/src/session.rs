//! One value that carries login, network and cache: where `search` and `open` begin.
//!
//! A [`Session`] is cheap to clone and shared freely between tasks. There is no global state: two sessions know
//! nothing of each other.

mod deadline;
mod login;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, Stream, StreamExt};
use jiff::Timestamp;

use crate::auth::{CredentialSource, Login, LoginOptions, Password, Prompt, Token, TokenFile};
use crate::cache::{IndexCache, Saved};
use crate::error::{Error, ErrorKind, Result};
use crate::granule::{Granule, GranuleName};
use crate::http::{Event, Http, HttpOptions, Ledger, Machine, Observer, SafeUrl, TokenHosts};
use crate::read::ReadLimits;
use crate::search::{Catalogue, Plan, Query, SearchCount, SearchResults, SearchableAttribute};
use crate::store::{Access, AccessChoice, Address, Doors, S3Endpoint, Store};
use crate::tree::{self, DataArray, DataTree, KnownPlaces, LayerOptions, Measurement, OpenOptions, Opening};

pub use deadline::Deadline;
pub use login::LoginStatus;

/// NASA's Common Metadata Repository: the catalogue.
const CMR_URL: &str = "https://cmr.earthdata.nasa.gov";
/// NASA's Earthdata Login.
const EDL_URL: &str = "https://urs.earthdata.nasa.gov";
/// Granules opened at the same time; their requests share the hosts' limits.
const AT_ONCE: usize = 16;
/// What the indexes of some ten thousand granules need.
const CACHE_MAX_BYTES: u64 = 1_000_000_000;
/// Where ASF's NISAR gateway gives temporary S3 credentials.
const S3_CREDENTIALS_URL: &str = "https://nisar.asf.earthdatacloud.nasa.gov/s3credentials";

/// What a session is made of. [`SessionOptions::from_environment`] is what the command and the Python module use.
#[derive(Clone)]
pub struct SessionOptions {
    /// How the network is used.
    pub http: HttpOptions,
    /// Address of the catalogue.
    pub cmr_url: SafeUrl,
    /// Address of Earthdata Login.
    pub edl_url: SafeUrl,
    /// Address that exchanges the token for S3 credentials.
    pub s3_credentials_url: SafeUrl,
    /// An S3 endpoint in place of AWS's own, with buckets in its path.
    pub s3_endpoint_url: Option<SafeUrl>,
    /// The region that requests to that endpoint are signed for; AWS's own are signed for us-west-2, where NASA's buckets
    /// are.
    pub s3_region: Option<String>,
    /// Hosts that may see the token, comma-separated: `host`, `*.domain` or `host:port`.
    pub token_hosts: String,
    /// Folder of the index cache; `None` reads cold every time.
    pub cache: Option<PathBuf>,
    /// Answer searches from what the cache keeps of earlier ones, without asking the catalogue.
    pub offline: bool,
    /// Bytes that the index cache may hold; what was used longest ago makes room. 1 GB unless told.
    pub cache_max_bytes: u64,
    /// By which door the archive is read: S3 inside AWS us-west-2 and https elsewhere, unless told.
    pub access: Access,
    /// Where this machine is, for that choice.
    pub machine: Machine,
    /// The longest that one call of the session may take; no end unless told. See [`Session::deadline`].
    pub deadline: Option<Duration>,
    login: LoginOptions,
}

impl Default for SessionOptions {
    /// The real services, no login, no cache.
    fn default() -> Self {
        let known = |text: &str| SafeUrl::from(url::Url::parse(text).unwrap_or_else(|_| unreachable!()));
        Self {
            http: HttpOptions::default(),
            cmr_url: known(CMR_URL),
            edl_url: known(EDL_URL),
            s3_credentials_url: known(S3_CREDENTIALS_URL),
            s3_endpoint_url: None,
            s3_region: None,
            token_hosts: TokenHosts::DEFAULT.to_owned(),
            cache: None,
            offline: false,
            cache_max_bytes: CACHE_MAX_BYTES,
            access: Access::Auto,
            machine: Machine::default(),
            deadline: None,
            login: LoginOptions::default(),
        }
    }
}

impl SessionOptions {
    /// The real services, changed by the environment: `SWATH_CMR_URL`, `SWATH_EDL_URL`, `SWATH_S3CREDENTIALS_URL`,
    /// `SWATH_S3_ENDPOINT_URL` (with `AWS_REGION`), `SWATH_TOKEN_HOSTS`, `SWATH_ALLOW_HTTP=loopback`, `SWATH_OFFLINE=1`, `EARTHDATA_TOKEN`,
    /// `EARTHDATA_USERNAME` with `EARTHDATA_PASSWORD`, `NETRC`, `XDG_CONFIG_HOME` or `HOME` (the token that was kept), `XDG_CACHE_HOME`,
    /// `SWATH_CACHE_MAX_MB`, `SWATH_ACCESS`, and what tells where the machine is ([`Machine::from_variables`]) (and, read elsewhere, `SSL_CERT_FILE`, `HTTPS_PROXY`, `NO_PROXY`).
    ///
    /// # Errors
    /// A usage error that names the variable whose value cannot be used.
    pub fn from_environment() -> Result<Self> {
        Self::from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// As [`SessionOptions::from_environment`], with `lookup` in place of the process's environment.
    ///
    /// # Errors
    /// A usage error that names the variable whose value cannot be used.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let address = |name: &str| match lookup(name) {
            Some(text) => {
                SafeUrl::parse(&text).map(Some).map_err(|e| e.in_context(format!("{name} cannot be used")))
            }
            None => Ok(None),
        };
        let mut options = Self::default();
        options.cmr_url = address("SWATH_CMR_URL")?.unwrap_or(options.cmr_url);
        options.edl_url = address("SWATH_EDL_URL")?.unwrap_or(options.edl_url);
        options.s3_credentials_url =
            address("SWATH_S3CREDENTIALS_URL")?.unwrap_or(options.s3_credentials_url);
        options.s3_endpoint_url = address("SWATH_S3_ENDPOINT_URL")?;
        options.s3_region = lookup("AWS_REGION");
        options.token_hosts = lookup("SWATH_TOKEN_HOSTS").unwrap_or(options.token_hosts);
        options.http.allow_http_loopback = match lookup("SWATH_ALLOW_HTTP").as_deref() {
            None => false,
            Some("loopback") => true,
            Some(_) => {
                return Err(Error::usage("SWATH_ALLOW_HTTP cannot be used")
                    .because("the only value it may have is loopback"));
            }
        };
        if let Some(word) = lookup("SWATH_ACCESS") {
            options.access = word.parse().map_err(|e: Error| e.in_context("SWATH_ACCESS cannot be used"))?;
        }
        options.machine = Machine::from_variables(&lookup);
        options.offline = match lookup("SWATH_OFFLINE").as_deref() {
            None | Some("0") => false,
            Some("1") => true,
            Some(_) => return Err(Error::usage("SWATH_OFFLINE cannot be used").because("it may be 0 or 1")),
        };
        options.login.environment_token = lookup("EARTHDATA_TOKEN");
        options.login.password =
            lookup("EARTHDATA_USERNAME").zip(lookup("EARTHDATA_PASSWORD").map(Password::new));
        options.login.token_file = TokenFile::default_path(&lookup).map(TokenFile::new);
        options.login.netrc = crate::auth::Netrc::default_path(lookup("NETRC").as_deref());
        if let Some(text) = lookup("SWATH_CACHE_MAX_MB") {
            let megabytes: u64 =
                text.parse().map_err(|e| Error::usage("SWATH_CACHE_MAX_MB is no number of MB").because(e))?;
            options.cache_max_bytes = megabytes.saturating_mul(1_000_000);
        }
        options.cache = IndexCache::default_folder(lookup("XDG_CACHE_HOME").as_deref());
        Ok(options)
    }

    /// Uses this token before any other.
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.login.token = Some(token);
        self
    }

    /// Exchanges this user and password for a token, before any other way to get one but a token that is given.
    #[must_use]
    pub fn with_password(mut self, user: impl Into<String>, password: Password) -> Self {
        self.login.environment_token = None;
        self.login.password = Some((user.into(), password));
        self
    }

    /// Keeps the token in this file, or nowhere.
    #[must_use]
    pub fn with_token_file(mut self, path: Option<PathBuf>) -> Self {
        self.login.token_file = path.map(TokenFile::new);
        self
    }

    /// Looks for a token neither in the environment nor in a file: only one that is given or asked for counts.
    #[must_use]
    pub fn without_known_logins(mut self) -> Self {
        self.login.environment_token = None;
        self.login.password = None;
        self.login.netrc = None;
        self
    }

    /// Asks `prompt` for a token when none is found elsewhere; it returns `None` when nobody can be asked.
    #[must_use]
    pub fn with_prompt(mut self, prompt: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        let prompt: Prompt = Arc::new(prompt);
        self.login.prompt = Some(prompt);
        self
    }

    /// Reads the archive by this door.
    #[must_use]
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Tells `told` of waits and of changes of the way, as they happen.
    #[must_use]
    pub fn with_observer(mut self, told: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.http.observer = Some(Observer::new(told));
        self
    }

    /// Lets no call of the session take longer than this.
    #[must_use]
    pub fn with_deadline(mut self, longest: Duration) -> Self {
        self.deadline = Some(longest);
        self
    }

    /// Keeps indexes in `folder`, or nowhere.
    #[must_use]
    pub fn with_cache(mut self, folder: Option<PathBuf>) -> Self {
        self.cache = folder;
        self
    }
}

/// Login, network and cache in one value.
#[derive(Debug, Clone)]
pub struct Session(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    catalogue_url: SafeUrl,
    cache: Option<IndexCache>,
    places: KnownPlaces,
    offline: bool,
    deadline: Option<Duration>,
}

impl Session {
    /// A session with these options. Nothing is sent yet.
    ///
    /// # Errors
    /// When the network options cannot be used (a certificate that is none).
    pub fn new(options: SessionOptions) -> Result<Self> {
        let http = Http::new(options.http)?;
        let hosts = TokenHosts::parse(&options.token_hosts);
        let login = Arc::new(Login::new(http.clone(), options.edl_url, hosts, options.login));
        let credentials =
            Arc::new(CredentialSource::new(http.clone(), login.clone(), options.s3_credentials_url));
        let s3_endpoint = options.s3_endpoint_url.map(|url| S3Endpoint::new(url, options.s3_region));
        let doors = Arc::new(Doors::new(options.access, options.machine));
        let store = Store { http, login, credentials, s3_endpoint, doors };
        let cache = options.cache.map(|folder| IndexCache::new(folder, options.cache_max_bytes));
        let (offline, deadline) = (options.offline, options.deadline);
        let places = KnownPlaces::default();
        Ok(Self(Arc::new(Inner { store, catalogue_url: options.cmr_url, cache, places, offline, deadline })))
    }

    /// A session as the environment describes it.
    ///
    /// # Errors
    /// As [`SessionOptions::from_environment`] and [`Session::new`].
    pub fn from_environment() -> Result<Self> {
        Self::new(SessionOptions::from_environment()?)
    }

    /// The way to the archive's bytes.
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// The address of the catalogue.
    pub(crate) fn catalogue_url(&self) -> &SafeUrl {
        &self.0.catalogue_url
    }

    /// Where indexes are kept.
    pub(crate) fn cache(&self) -> Option<&IndexCache> {
        self.0.cache.as_ref()
    }

    /// By which door the archive's addresses are read, and why. Asks where this machine is when that is not known yet and there is
    /// reason to think that it is in AWS; no service of NASA's is asked. An `s3://` address is tried at S3 whatever this says, until
    /// S3 refuses.
    pub async fn access(&self) -> AccessChoice {
        self.0.store.doors.choice().await
    }

    /// The account of every request of this session.
    pub fn ledger(&self) -> &Ledger {
        self.0.store.http.ledger()
    }

    /// Looks for the token now instead of when it is first needed, and says when it expires, if it says so itself. A token
    /// that is given is not sent anywhere; a user and password from netrc are exchanged for one.
    ///
    /// # Errors
    /// An authentication error when there is no token, it has expired, or Earthdata Login refuses the password.
    pub async fn login(&self) -> Result<Option<Timestamp>> {
        Ok(self.0.store.login.token().await?.expiry())
    }

    /// Asks the catalogue. No login is needed, and none is sent.
    ///
    /// # Errors
    /// A usage error when the query makes no sense; a service error when the catalogue does not answer, or not wholly; a
    /// not-found error when the session is offline and the cache holds no answer to the query.
    pub async fn search(&self, query: &Query) -> Result<SearchResults> {
        let plan = query.plan()?;
        let (address, asked) = (self.0.catalogue_url.to_string(), format!("{:?}", plan.subqueries));
        if self.0.offline {
            return self.saved_answer(&address, &asked, &plan);
        }
        let found = self.limited(self.catalogue()?.search(query)).await?;
        // An answer that may be incomplete would look whole later.
        if let Some(cache) = self.0.cache.as_ref().filter(|_| !plan.allow_partial) {
            cache.save_answer(&address, &asked, found.to_umm_json().as_bytes(), Timestamp::now());
        }
        Ok(found)
    }

    /// What the cache keeps of an earlier search, with a notice that tells its age.
    fn saved_answer(&self, address: &str, asked: &str, plan: &Plan) -> Result<SearchResults> {
        let saved = self.0.cache.as_ref().and_then(|cache| cache.load_answer(address, asked));
        let Some((given, answer)) = saved else {
            let what = "the cache holds no answer of the catalogue to this query";
            return Err(Error::new(ErrorKind::NotFound, what)
                .with_hint("run the same search with a network once; dates in words change what is asked"));
        };
        let mut found = SearchResults::from_umm_json(answer)?;
        found.notices.clone_from(&plan.notices);
        let seconds = Timestamp::now().duration_since(given).as_secs().max(0);
        found.notices.push(format!("offline: the catalogue said this on {given:.0} ({} ago)", age(seconds)));
        Ok(found)
    }

    /// The newest orbit ephemeris of NISAR of each kind; see
    /// [`Catalogue::orbit_ephemerides`](crate::search::Catalogue::orbit_ephemerides).
    ///
    /// # Errors
    /// As [`Session::search`]; a usage error when the session is offline.
    pub async fn orbit_ephemerides(&self, query: &Query) -> Result<SearchResults> {
        self.limited(self.online()?.orbit_ephemerides(query)).await
    }

    /// What the granules of the collections that a query is about can be searched by; see
    /// [`Catalogue::searchable_attributes`](crate::search::Catalogue::searchable_attributes).
    ///
    /// # Errors
    /// As [`Session::search`]; a usage error when the session is offline.
    pub async fn searchable_attributes(&self, query: &Query) -> Result<Vec<SearchableAttribute>> {
        self.limited(self.online()?.searchable_attributes(query)).await
    }

    /// The catalogue, for what the cache does not keep.
    fn online(&self) -> Result<Catalogue> {
        if self.0.offline {
            return Err(
                Error::usage("the cache keeps no answers of this kind").with_hint("ask without offline")
            );
        }
        self.catalogue()
    }

    /// How many granules the catalogue has for a query. No granule is fetched.
    ///
    /// # Errors
    /// As [`Session::search`].
    pub async fn search_count(&self, query: &Query) -> Result<SearchCount> {
        if self.0.offline {
            let found = self.search(query).await?;
            return Ok(SearchCount { hits: found.hits, notices: found.notices });
        }
        self.limited(self.catalogue()?.count(query)).await
    }

    /// Asks the catalogue and hands over what is found page by page; see [`Catalogue::pages`].
    ///
    /// # Errors
    /// A usage error when the session is offline: the cache keeps whole answers only.
    pub fn search_pages(
        &self,
        query: &Query,
    ) -> Result<impl Stream<Item = Result<SearchResults>> + Send + Unpin + 'static + use<>> {
        if self.0.offline {
            return Err(Error::usage("an offline session has no pages").with_hint("use search"));
        }
        Ok(self.catalogue()?.pages(query))
    }

    fn catalogue(&self) -> Result<Catalogue> {
        Catalogue::new(self.0.store.http.clone(), &self.0.catalogue_url)
    }

    /// Opens a granule, or one group of it. `source` is a URL (`https://`, `s3://`), the path of a local file, or the name
    /// of a granule, which is then looked up in the catalogue.
    ///
    /// # Errors
    /// A usage error when the source cannot be meant; an integrity error when it is no HDF5 file; and whatever login,
    /// service and network may fail with. Each names the source.
    pub async fn open(&self, source: &str, options: &OpenOptions) -> Result<DataTree> {
        self.limited(async {
            let address = self.locate(source).await?;
            self.open_at(&address, options, false).await
        })
        .await
    }

    async fn open_at(&self, address: &Address, options: &OpenOptions, lazily: bool) -> Result<DataTree> {
        let object = self.0.store.open(address)?;
        let opened = tree::open(object, options, self.opening(lazily)).await;
        opened.map_err(|error| error.in_context(format!("could not open {address}")))
    }

    /// What this session knows that helps to open; for a layer, long chunk tables may be left to its windows.
    fn opening(&self, lazily: bool) -> Opening<'_> {
        Opening { cache: self.0.cache.as_ref(), places: &self.0.places, lazily }
    }

    /// Opens one layer: only the group that holds it is read.
    ///
    /// # Errors
    /// As [`Session::open`] and [`DataTree::layer`].
    pub async fn open_layer(
        &self,
        source: &str,
        frequency: &str,
        layer: &str,
        limits: ReadLimits,
    ) -> Result<DataArray> {
        let tree = self.limited(async {
            let address = self.locate(source).await?;
            let name = GranuleName::parse(&address.file_name()).ok();
            let group = name.and_then(|name| name.layers_group(frequency));
            let options =
                OpenOptions::default().group(group.unwrap_or_else(|| "/".to_owned())).limits(limits);
            self.open_at(&address, &options, true).await
        });
        tree.await?.layer(frequency, layer)
    }

    /// Opens one layer, restricted to the region asked for.
    ///
    /// # Errors
    /// As [`Session::open_layer`] and [`DataArray::within`].
    pub async fn open_region(&self, source: &str, wanted: &LayerOptions) -> Result<DataArray> {
        self.limited(async {
            let layer = self.open_layer(source, &wanted.frequency, &wanted.layer, wanted.limits).await?;
            layer.within(wanted.region).await
        })
        .await
    }

    /// Statistics of one layer inside of a region, with what they cost.
    ///
    /// # Errors
    /// As [`Session::open_region`] and [`DataArray::statistics`].
    pub async fn measure(&self, source: &str, wanted: &LayerOptions) -> Result<Measurement> {
        let begun = Instant::now();
        self.limited(async { Measurement::of(self.open_region(source, wanted).await?, begun).await }).await
    }

    /// Opens a granule with what an earlier opening found out ([`DataTree::to_bytes`]): no request. The first read checks
    /// that the object is still the same.
    ///
    /// # Errors
    /// A usage error for bytes that are no such index, of another version of swath or damaged, and for an address that
    /// cannot be read.
    pub fn open_saved(&self, saved: &[u8], limits: ReadLimits) -> Result<DataTree> {
        let Some((named, saved)) = Saved::from_bytes(saved) else {
            return Err(Error::usage("the saved index is of another version of swath, or damaged")
                .with_hint("open the granule again by its address"));
        };
        let object = self.0.store.open(&Address::parse(&named.address)?)?;
        let options = OpenOptions::default().group(named.group).limits(limits);
        Ok(tree::open_saved(object, saved, &options))
    }

    /// Opens the same layer of several sources, all at the same time; the results are in the order of the sources.
    pub async fn open_layers(
        &self,
        sources: &[&str],
        frequency: &str,
        layer: &str,
        limits: ReadLimits,
    ) -> Vec<Result<DataArray>> {
        // A list, not an iterator: that would keep the future from being spawned (the compiler cannot see it is Send).
        let opening: Vec<_> =
            sources.iter().map(|source| self.open_layer(source, frequency, layer, limits)).collect();
        stream::iter(opening).buffered(AT_ONCE).collect().await
    }

    /// Where a source is: an address as it stands, or what the catalogue says of a granule's name.
    async fn locate(&self, source: &str) -> Result<Address> {
        let is_file = source.contains("://") || Path::new(source).exists();
        match GranuleName::parse(source) {
            Ok(name) if !is_file && !source.contains(['/', '\\']) => self.look_up(&name).await,
            _ => Address::parse(source),
        }
    }

    async fn look_up(&self, name: &GranuleName) -> Result<Address> {
        let found = self.search(&Query::new().product_list(name.to_string())).await?;
        match found.granules.iter().find_map(Granule::data_url) {
            Some(url) => Address::parse(url),
            None => Err(Error::new(ErrorKind::NotFound, format!("the catalogue knows no granule {name}"))
                .with_hint("check the name; urgent-response (UR) products are deleted after 30 days")),
        }
    }
}

/// A span in its largest unit: `3 hours`.
fn age(seconds: i64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) = units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"));
    let count = seconds / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
