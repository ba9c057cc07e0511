//! Objects behind the network: the way there is found once and used until it expires.
//!
//! Behind ASF's gateway that way is a redirect to a signed URL, which is good for any range of the object for about an
//! hour (thin-egress-app, rain-api-core); to S3 it is a URL that we sign ourselves. Either is a [`Target`].

use std::ops::Range;
use std::sync::Arc;

use ::http::header::{self, HeaderMap};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::signed::{S3Location, expiry_of};
use super::{Part, Source, Version};
use crate::auth::{CredentialSource, Login, S3Credentials};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{self, Http, RangeAnswer, RangeRequest, Response, SafeUrl, meaning, same_origin};

/// How an object is reached.
#[derive(Debug)]
pub(super) enum Route {
    /// Ask the URL with the token and follow its redirect.
    Gateway { login: Arc<Login> },
    /// Sign a URL with temporary credentials.
    S3 { credentials: Arc<CredentialSource>, location: S3Location },
}

/// An object behind the network.
#[derive(Debug)]
pub(super) struct Remote {
    http: Http,
    url: SafeUrl,
    route: Route,
    /// Held while the way is being looked for, so that many readers cause one search.
    target: Mutex<Option<Arc<Target>>>,
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

impl Remote {
    pub(super) fn new(http: Http, url: SafeUrl, route: Route) -> Self {
        Self { http, url, route, target: Mutex::new(None) }
    }

    /// Reads a range; when the way there has gone stale (expired, refused) it is looked for once more.
    async fn read_range(&self, range: Range<u64>, known: Option<&Version>) -> Result<Part> {
        let mut renewed = false;
        loop {
            let way = self.way(&range, known).await?;
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
                    return Ok(Part { bytes, version: Version { size, tag: etag } });
                }
                RangeAnswer::Other(refusal) if !renewed && is_stale(&refusal) => {
                    renewed = true;
                    self.forget(&target).await;
                }
                RangeAnswer::Other(refusal) if known.is_none() && is_past_end(&refusal, &range) => {
                    let size = size_of_refusal(&refusal).unwrap_or(0);
                    return Ok(Part { bytes: Bytes::new(), version: Version { size, tag: None } });
                }
                RangeAnswer::Other(refusal) => return Err(meaning(&refusal, &self.url)),
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

    /// The way to the object: the known one while it is good, else a new one.
    async fn way(&self, range: &Range<u64>, known: Option<&Version>) -> Result<Way> {
        let mut target = self.target.lock().await;
        if let Some(target) = target.as_ref().filter(|target| target.is_good(self.http.now())) {
            return Ok(Way::Known(target.clone()));
        }
        let found = match &self.route {
            Route::S3 { credentials, location } => {
                let credentials = credentials.credentials().await?;
                let (url, expires) = location.sign(&credentials, self.http.now());
                Way::Known(Arc::new(Target::new(
                    url,
                    HeaderMap::new(),
                    Some(expires),
                    Some(credentials),
                    self.http.now(),
                )))
            }
            Route::Gateway { login } => self.follow(login, range, known).await?,
        };
        if let Way::Known(new) | Way::Pointed(new) | Way::Found(new, RangeAnswer::Bytes { .. }) = &found {
            *target = Some(new.clone());
        }
        Ok(found)
    }

    /// Asks the gateway and goes where it points, hop by hop. The last hop already answers the range.
    async fn follow(&self, login: &Login, range: &Range<u64>, known: Option<&Version>) -> Result<Way> {
        let (token, no_token) = match login.token_for(&self.url).await {
            Ok(token) => (token, None),
            // Public samples need no login: ask without a token, and complain only when one is wanted.
            Err(error) if error.is_authentication() => (None, Some(error)),
            Err(error) => return Err(error),
        };
        let mut no_token = no_token;
        let mut url = self.url.clone();
        let mut expires = None;
        for _ in 0..=MAX_HOPS {
            let mut headers = HeaderMap::new();
            if let Some(token) = token.as_ref().filter(|_| same_origin(url.secret(), self.url.secret())) {
                headers.insert(header::AUTHORIZATION, token.header());
            }
            let answer = self.http.read_range(&self.request(&url, headers.clone(), range, known)).await?;
            match answer {
                RangeAnswer::Other(redirect) if (300..400).contains(&redirect.status) => {
                    let next = self.next_hop(&url, &redirect)?;
                    if is_login(&next) {
                        return Err(no_token.take().unwrap_or_else(|| refused_token(&self.url)));
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
                    return Err(no_token.take().unwrap_or_else(|| meaning(&refusal, &self.url)));
                }
                answer => {
                    return Ok(Way::Found(
                        Arc::new(Target::new(url, headers, expires, None, self.http.now())),
                        answer,
                    ));
                }
            }
        }
        Err(Error::new(ErrorKind::Service, format!("{} redirects more than {MAX_HOPS} times", self.url)))
    }

    /// Where a redirect leads, if it may be followed.
    fn next_hop(&self, from: &SafeUrl, redirect: &Response) -> Result<SafeUrl> {
        let refuse =
            |why: &str| Error::new(ErrorKind::Service, format!("{from} redirects {why}; not followed"));
        let location = redirect.header("location").ok_or_else(|| refuse("to nowhere"))?;
        let next = from.secret().join(location).map_err(|_| refuse("to something that is no URL"))?;
        if from.secret().scheme() == "https" && next.scheme() != "https" {
            return Err(refuse("from https to an unprotected address"));
        }
        // A public server has no business pointing into the user's own network.
        if http::is_private(&next) && !http::is_private(self.url.secret()) {
            return Err(refuse("to a private address"));
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
        if let (Route::S3 { credentials, .. }, Some(used)) = (&self.route, &refused.credentials) {
            credentials.forget(used).await;
        }
    }
}

impl Source for Remote {
    fn read<'a>(&'a self, range: Range<u64>, known: Option<&'a Version>) -> BoxFuture<'a, Result<Part>> {
        self.read_range(range, known).boxed()
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
