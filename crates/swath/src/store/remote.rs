//! Objects behind the network: the way there is found once and used until it expires.
//!
//! Behind ASF's gateway that way is a redirect to a signed URL, which is good for any range of the object for about an
//! hour (thin-egress-app, rain-api-core); to S3 it is a URL that we sign ourselves. Either is a [`Target`].

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use ::http::header::{self, HeaderMap};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use super::signed::{S3Location, expiry_of};
use super::{Door, Doors, Part, Source, Version};
use crate::auth::{CredentialSource, Login, S3Credentials};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{self, Http, RangeAnswer, RangeRequest, Response, SafeUrl, meaning, same_origin};

/// The way through the gateway: ask its URL with the token and follow the redirect.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) login: Arc<Login>,
    pub(super) url: SafeUrl,
}

/// The way to S3: sign a URL with temporary credentials.
#[derive(Debug)]
pub(super) struct Direct {
    pub(super) credentials: Arc<CredentialSource>,
    pub(super) location: S3Location,
    /// Without a signature, to be shown.
    pub(super) url: SafeUrl,
}

/// How an object may be reached: one way at least.
#[derive(Debug)]
pub(super) struct Routes {
    /// The door that the address names itself.
    pub(super) given: Door,
    pub(super) doors: Arc<Doors>,
    pub(super) gateway: Option<Gateway>,
    pub(super) s3: Option<Direct>,
}

/// One of the ways.
#[derive(Clone, Copy)]
enum Route<'a> {
    Gateway(&'a Gateway),
    S3(&'a Direct),
}

/// An object behind the network.
#[derive(Debug)]
pub(super) struct Remote {
    http: Http,
    routes: Routes,
    /// Held while the way is being looked for, so that many readers cause one search.
    target: Mutex<Option<Arc<Target>>>,
    /// S3 has refused this object, which has another way.
    s3_is_closed: AtomicBool,
    door: OnceLock<Door>,
}

/// Where the bytes are, until when, and with which credentials it was signed.
#[derive(Debug)]
struct Target {
    url: SafeUrl,
    headers: HeaderMap,
    renew_at: Option<Timestamp>,
    credentials: Option<Arc<S3Credentials>>,
}

/// Redirects followed on the way to an object.
const MAX_HOPS: usize = 5;
/// Ways that may grow old one after the other while one range is read.
const MAX_OUTLIVED: u32 = 3;

impl Routes {
    /// The way to try, of those that are left.
    async fn route(&self, s3_is_closed: bool) -> Result<Route<'_>> {
        match (&self.gateway, &self.s3) {
            (Some(gateway), Some(_)) if s3_is_closed || self.doors.refused().is_some() => {
                Ok(Route::Gateway(gateway))
            }
            // Whoever names S3 wants it to be tried, wherever that is.
            (Some(_), Some(s3)) if self.given == Door::S3 => Ok(Route::S3(s3)),
            (Some(gateway), Some(s3)) => Ok(match self.doors.choice().await.door {
                Door::S3 => Route::S3(s3),
                Door::Https => Route::Gateway(gateway),
            }),
            (Some(gateway), None) => Ok(Route::Gateway(gateway)),
            (None, Some(s3)) => Ok(Route::S3(s3)),
            (None, None) => Err(Error::new(ErrorKind::Internal, "there is no way to the object")),
        }
    }

    /// Whether there is a way but S3.
    fn has_other_than_s3(&self) -> bool {
        self.gateway.is_some()
    }
}

impl Route<'_> {
    /// What is asked, to be shown.
    fn url(&self) -> &SafeUrl {
        match self {
            Self::Gateway(gateway) => &gateway.url,
            Self::S3(s3) => &s3.url,
        }
    }
}

impl Remote {
    pub(super) fn new(http: Http, routes: Routes) -> Self {
        let s3_is_closed = AtomicBool::new(false);
        Self { http, routes, target: Mutex::new(None), s3_is_closed, door: OnceLock::new() }
    }

    async fn route(&self) -> Result<Route<'_>> {
        self.routes.route(self.s3_is_closed.load(Ordering::Relaxed)).await
    }

    /// Reads a range; when the way there has gone stale (expired, refused) it is looked for once more, and again when the new
    /// one grew old before its bytes were here.
    async fn read_range(&self, range: Range<u64>, known: Option<&Version>) -> Result<Part> {
        let (mut renewed, mut outlived) = (false, 0);
        let mut trial = None;
        loop {
            let way = self.way(&range, known, &mut trial).await?;
            // What is new is not looked for again: it would not help.
            renewed |= !matches!(way, Way::Known(_));
            let (target, answer) = match way {
                Way::Known(target) | Way::Pointed(target) => {
                    let request = self.request(&target.url, target.headers.clone(), &range, known);
                    let answer = self.http.read_range(&request).await?;
                    (target, answer)
                }
                Way::Found(target, answer) => (target, answer),
            };
            match answer {
                RangeAnswer::Bytes { bytes, size, etag } => {
                    self.came_by(&target);
                    return Ok(Part { bytes, version: Version { size, tag: etag } });
                }
                RangeAnswer::Other(refusal) if self.leaves_s3(&target, &refusal, renewed) => {
                    self.forget(&target).await;
                    trial = None;
                }
                RangeAnswer::Other(refusal) if !renewed && is_stale(&refusal) => {
                    renewed = true;
                    self.forget(&target).await;
                }
                RangeAnswer::Other(refusal)
                    if is_stale(&refusal) && outlived < MAX_OUTLIVED && !target.is_good(self.http.now()) =>
                {
                    outlived += 1;
                    self.forget(&target).await;
                }
                RangeAnswer::Other(refusal) if known.is_none() && is_past_end(&refusal, &range) => {
                    let size = size_of_refusal(&refusal).unwrap_or(0);
                    return Ok(Part { bytes: Bytes::new(), version: Version { size, tag: None } });
                }
                RangeAnswer::Other(refusal) => return Err(self.refused(&refusal).await?),
            }
        }
    }

    /// What a refusal means.
    async fn refused(&self, refusal: &Response) -> Result<Error> {
        let route = self.route().await?;
        let error = meaning(refusal, route.url());
        // The gateway's own refusals are told in JSON; this one is of the storage to which it pointed.
        let of_storage = refusal.status == 403 && http::s3_code(&refusal.body).is_some();
        Ok(match route {
            Route::Gateway(_) if of_storage => error.with_hint(
                "the archive's storage refused the address that the gateway signed; run the command again",
            ),
            _ => error,
        })
    }

    /// Remembers the door by which bytes came.
    fn came_by(&self, target: &Target) {
        let door = if target.credentials.is_some() { Door::S3 } else { Door::Https };
        if door == Door::S3 {
            self.routes.doors.answers();
        }
        let _ = self.door.set(door);
    }

    /// Whether S3 refused in the way of its regions, and there is another way, which is then the one to go: for the whole session
    /// when S3 has never answered it; for this object when it has, and refuses this one with new credentials too.
    fn leaves_s3(&self, target: &Target, refusal: &Response, renewed: bool) -> bool {
        let may = target.credentials.is_some() && self.routes.has_other_than_s3() && is_refused(refusal);
        let doors = &self.routes.doors;
        match (may, doors.has_answered()) {
            (false, _) => false,
            (true, false) => {
                doors.refuse(&self.http, refusal.status);
                true
            }
            // The renewal comes first: the URL may only have grown old.
            (true, true) if !renewed => false,
            (true, true) => {
                self.s3_is_closed.store(true, Ordering::Relaxed);
                true
            }
        }
    }

    fn request(
        &self,
        url: &SafeUrl,
        headers: HeaderMap,
        range: &Range<u64>,
        known: Option<&Version>,
    ) -> RangeRequest {
        RangeRequest {
            url: url.clone(),
            headers,
            range: range.clone(),
            etag: known.and_then(|version| version.tag.clone()),
            size: known.map(|version| version.size),
        }
    }

    /// The way to the object: the known one while it is good, else a new one. `trial` is held by the reader that finds out whether
    /// S3 answers this machine.
    async fn way<'a>(
        &'a self,
        range: &Range<u64>,
        known: Option<&Version>,
        trial: &mut Option<MutexGuard<'a, ()>>,
    ) -> Result<Way> {
        let mut target = self.target.lock().await;
        if let Some(target) = target.as_ref().filter(|target| target.is_good(self.http.now())) {
            return Ok(Way::Known(target.clone()));
        }
        let found = match self.route().await? {
            Route::S3(s3) => match (self.directly(s3, trial).await?, &self.routes.gateway) {
                (Some(target), _) => Way::Known(target),
                (None, Some(gateway)) => self.follow(gateway, range, known).await?,
                (None, None) => return Err(Error::new(ErrorKind::Internal, "there is no way but S3")),
            },
            Route::Gateway(gateway) => self.follow(gateway, range, known).await?,
        };
        if let Way::Known(new) | Way::Pointed(new) | Way::Found(new, RangeAnswer::Bytes { .. }) = &found {
            *target = Some(new.clone());
        }
        Ok(found)
    }

    /// The way to S3; `None` when it is closed and there is another one. As long as nobody knows whether S3 answers this machine, one
    /// object tries it and the others wait for what comes of that: a refusal is paid for once.
    async fn directly<'a>(
        &'a self,
        s3: &Direct,
        trial: &mut Option<MutexGuard<'a, ()>>,
    ) -> Result<Option<Arc<Target>>> {
        let doors = &self.routes.doors;
        if !self.routes.has_other_than_s3() {
            return self.signed(s3).await.map(Some);
        }
        if !doors.has_answered() && !doors.is_surely_in_region().await && trial.is_none() {
            *trial = Some(doors.trial().await);
            if doors.refused().is_some() {
                return Ok(None);
            }
            if doors.has_answered() {
                *trial = None;
            }
        }
        match self.signed(s3).await {
            Ok(target) => Ok(Some(target)),
            // Public samples need no login over https, and whatever else is wrong with it is said there as well.
            Err(error) if error.is_authentication() && self.routes.given == Door::Https => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A URL that is signed now.
    async fn signed(&self, s3: &Direct) -> Result<Arc<Target>> {
        let credentials = s3.credentials.credentials().await?;
        let (url, expires) = s3.location.sign(&credentials, self.http.now());
        let now = self.http.now();
        Ok(Arc::new(Target::new(url, HeaderMap::new(), Some(expires), Some(credentials), now)))
    }

    /// Asks the gateway and goes where it points, hop by hop. The last hop already answers the range.
    async fn follow(&self, gateway: &Gateway, range: &Range<u64>, known: Option<&Version>) -> Result<Way> {
        let origin = &gateway.url;
        let (token, no_token) = match gateway.login.token_for(origin).await {
            Ok(token) => (token, None),
            // Public samples need no login: ask without a token, and complain only when one is wanted.
            Err(error) if error.is_authentication() => (None, Some(error)),
            Err(error) => return Err(error),
        };
        let mut no_token = no_token;
        let mut url = origin.clone();
        let mut expires = None;
        for _ in 0..=MAX_HOPS {
            let mut headers = HeaderMap::new();
            if let Some(token) = token.as_ref().filter(|_| same_origin(url.secret(), origin.secret())) {
                headers.insert(header::AUTHORIZATION, token.header());
            }
            let answer = self.http.read_range(&self.request(&url, headers.clone(), range, known)).await?;
            match answer {
                RangeAnswer::Other(redirect) if (300..400).contains(&redirect.status) => {
                    let next = self.next_hop(gateway, &url, &redirect)?;
                    if is_login(&next) {
                        return Err(no_token.take().unwrap_or_else(|| refused_token(origin)));
                    }
                    // A signed URL is the end of the way. It is told to the other readers before its bytes
                    // are asked for: they must not wait for the body of the first range.
                    if let Some(expires) = expiry_of(next.secret()) {
                        return Ok(Way::Pointed(Arc::new(Target::new(
                            next,
                            HeaderMap::new(),
                            Some(expires),
                            None,
                            self.http.now(),
                        ))));
                    }
                    expires = max_age(&redirect, self.http.now());
                    url = next;
                }
                RangeAnswer::Other(refusal) if refusal.status == 401 && no_token.is_some() => {
                    return Err(no_token.take().unwrap_or_else(|| meaning(&refusal, origin)));
                }
                answer => {
                    return Ok(Way::Found(
                        Arc::new(Target::new(url, headers, expires, None, self.http.now())),
                        answer,
                    ));
                }
            }
        }
        Err(Error::new(ErrorKind::Service, format!("{origin} redirects more than {MAX_HOPS} times")))
    }

    /// Where a redirect leads, if it may be followed.
    fn next_hop(&self, gateway: &Gateway, from: &SafeUrl, redirect: &Response) -> Result<SafeUrl> {
        let refuse =
            |why: &str| Error::new(ErrorKind::Service, format!("{from} redirects {why}; not followed"));
        let location = redirect.header("location").ok_or_else(|| refuse("to nowhere"))?;
        let next = from.secret().join(location).map_err(|_| refuse("to something that is no URL"))?;
        if from.secret().scheme() == "https" && next.scheme() != "https" {
            return Err(refuse("from https to an unprotected address"));
        }
        // A public server has no business pointing into the user's own network.
        let begun = gateway.url.secret();
        if http::is_private(&next) && !http::is_private(begun) {
            return Err(refuse("to a private address"));
        }
        // Nobody but the redirect names this host: what its name resolves to is looked at when it is connected to.
        if let Some(host) = next.host_str()
            && begun.host_str() != Some(host)
            && !gateway.login.may_see(&next)
        {
            self.http.doubt(host);
        }
        http::check_scheme(&next, self.http.allows_http_loopback())?;
        Ok(next.into())
    }

    /// Drops a target that was refused, and the credentials that signed it.
    async fn forget(&self, refused: &Arc<Target>) {
        let mut target = self.target.lock().await;
        if target.as_ref().is_some_and(|known| Arc::ptr_eq(known, refused)) {
            *target = None;
        }
        drop(target);
        if let (Some(s3), Some(used)) = (&self.routes.s3, &refused.credentials) {
            s3.credentials.forget(used).await;
        }
    }
}

impl Source for Remote {
    fn read<'a>(&'a self, range: Range<u64>, known: Option<&'a Version>) -> BoxFuture<'a, Result<Part>> {
        self.read_range(range, known).boxed()
    }

    fn door(&self) -> Option<Door> {
        self.door.get().copied()
    }
}

/// What looking for the way came to.
enum Way {
    /// A target that was there already.
    Known(Arc<Target>),
    /// A new one, not asked yet.
    Pointed(Arc<Target>),
    /// A new one, with its first answer.
    Found(Arc<Target>, RangeAnswer),
}

impl Target {
    fn new(
        url: SafeUrl,
        headers: HeaderMap,
        expires: Option<Timestamp>,
        credentials: Option<Arc<S3Credentials>>,
        now: Timestamp,
    ) -> Self {
        // A minute early, or a tenth of a life that is shorter than ten minutes.
        let early = |expires: Timestamp| {
            let life = expires.duration_since(now);
            let margin = (life / 10).clamp(SignedDuration::ZERO, SignedDuration::from_mins(1));
            expires.checked_sub(margin).unwrap_or(expires)
        };
        Self { url, headers, renew_at: expires.map(early), credentials }
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.renew_at.is_none_or(|renew_at| now < renew_at)
    }
}

/// Whether S3 refuses for good, as it does to everybody outside of its region.
fn is_refused(refusal: &Response) -> bool {
    refusal.status == 403 && matches!(http::s3_code(&refusal.body).as_deref(), None | Some("AccessDenied"))
}

/// Whether a refusal may mean that a signed URL or its credentials have expired.
fn is_stale(refusal: &Response) -> bool {
    let code = http::s3_code(&refusal.body);
    refusal.status == 403
        || matches!(code.as_deref(), Some("ExpiredToken" | "InvalidToken" | "RequestExpired"))
}

/// Whether the range begins at or after the end of an object whose size was not known: nothing to read, and no fault
/// of anybody's.
fn is_past_end(refusal: &Response, range: &Range<u64>) -> bool {
    refusal.status == 416 && size_of_refusal(refusal).is_some_and(|size| size <= range.start)
}

/// `Content-Range: bytes */SIZE` of a 416 (RFC 9110 §15.5.17).
fn size_of_refusal(refusal: &Response) -> Option<u64> {
    refusal.header("content-range")?.strip_prefix("bytes */")?.trim().parse().ok()
}

/// Earthdata Login's page, to which the gateway sends whoever it does not recognise.
fn is_login(url: &SafeUrl) -> bool {
    url.secret().path().ends_with("/oauth/authorize")
}

fn refused_token(url: &SafeUrl) -> Error {
    Error::new(ErrorKind::Authentication, format!("{url} does not accept the Earthdata token"))
        .with_hint("get a new one at https://urs.earthdata.nasa.gov (Generate Token) and set EARTHDATA_TOKEN")
}

/// The life that a redirect without a dated URL gives itself: `Cache-Control: private, max-age=3540`.
fn max_age(redirect: &Response, now: Timestamp) -> Option<Timestamp> {
    let control = redirect.header("cache-control")?;
    let seconds = control.split(',').find_map(|part| part.trim().strip_prefix("max-age="))?.parse().ok()?;
    now.checked_add(SignedDuration::from_secs(seconds)).ok()
}
