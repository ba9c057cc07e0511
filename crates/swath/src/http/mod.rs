//! The only socket: every byte that swath sends or receives passes through [`Http`].
//!
//! What it promises: redirects are never followed here (the caller sees them and decides, hop by hop); failed tries
//! are repeated with jitter, within bounds ([`RetryPolicy`]); a connection that stalls is given up; a body is never
//! longer than the caller allows; every try is written in the [`Ledger`]; no error text holds a query or a token.

mod address;
mod body;
mod clock;
mod event;
mod gzip;
mod ledger;
mod machine;
mod meaning;
mod names;
mod range;
mod retry;
mod tls;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::auth::Token;
use crate::error::{Error, ErrorKind, Result};

pub use address::SafeUrl;
pub(crate) use address::{TokenHosts, check_scheme, is_loopback, is_private, same_origin};
pub use clock::{Clock, SystemClock};
pub use event::{Event, Observer};
pub(crate) use gzip::{pack, unpack};
pub use ledger::{Entry, Ledger, Purpose, Totals};
pub use machine::{Machine, Whereabouts};
pub(crate) use meaning::{meaning, s3_code};
pub use names::{Resolver, SystemResolver};
pub(crate) use range::{RangeAnswer, RangeRequest};
pub use retry::RetryPolicy;

/// How the network is used.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Allow plain http to this machine itself (test servers); never to any other.
    pub allow_http_loopback: bool,
    /// More certificate authorities to trust, as PEM, besides the system's and those of `SSL_CERT_FILE`.
    pub extra_ca_pem: Option<String>,
    /// How often and how patiently a failed request is repeated.
    pub retry: RetryPolicy,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest wait for an answer to begin.
    pub answer_timeout: Duration,
    /// The longest time in which a body may deliver next to nothing.
    pub stall_timeout: Duration,
    /// Requests in flight to one host at a time.
    pub per_host: usize,
    /// Ignore the proxies that the environment names: for servers on this machine.
    pub no_proxy: bool,
    /// Where the time comes from; the machine's own clock unless a test says otherwise.
    pub clock: Arc<dyn Clock>,
    /// What finds the addresses of hosts; the system unless a test says otherwise.
    pub resolver: Arc<dyn Resolver>,
    /// Who is told of waits and of changes of the way.
    pub observer: Option<Observer>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            allow_http_loopback: false,
            extra_ca_pem: None,
            retry: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(60),
            stall_timeout: Duration::from_secs(20),
            per_host: 16,
            no_proxy: false,
            clock: Arc::new(SystemClock::default()),
            resolver: Arc::new(SystemResolver),
            observer: None,
        }
    }
}

/// The client. Cloning shares connections and limits; [`Http::with_ledger`] shares them under another account.
#[derive(Debug, Clone)]
pub struct Http {
    shared: Arc<Shared>,
    ledger: Ledger,
}

#[derive(Debug)]
struct Shared {
    client: reqwest::Client,
    options: HttpOptions,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    skew: clock::Skew,
    names: names::Names,
}

/// What a request is made of; see [`Request::get`] and [`Request::post_form`].
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) purpose: Purpose,
    pub(crate) url: SafeUrl,
    pub(crate) headers: HeaderMap,
    form: Option<String>,
    body_limit: u64,
    takes_gzip: bool,
    refuses_pages: bool,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The largest answer that is not image data: a catalogue page of 2,000 granules is some 35 MB.
const ANSWER_LIMIT: u64 = 256 << 20;

impl Request {
    /// A GET.
    pub(crate) fn get(purpose: Purpose, url: SafeUrl) -> Self {
        Self {
            purpose,
            url,
            headers: HeaderMap::new(),
            form: None,
            body_limit: ANSWER_LIMIT,
            takes_gzip: false,
            refuses_pages: false,
        }
    }

    /// A POST of form-encoded pairs, in their order.
    pub(crate) fn post_form<K: AsRef<str>, V: AsRef<str>>(
        purpose: Purpose,
        url: SafeUrl,
        pairs: &[(K, V)],
    ) -> Self {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Self { form: Some(form), ..Self::get(purpose, url) }
    }

    /// Adds a header; a value that is no valid header value is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds `Authorization: Bearer …`.
    pub(crate) fn bearer(mut self, token: &Token) -> Self {
        self.headers.insert(header::AUTHORIZATION, token.header());
        self
    }

    /// Lets the server compress the body; it arrives here as it was before.
    pub(crate) fn compressed(mut self) -> Self {
        self.takes_gzip = true;
        self
    }

    /// Takes a web page with status 200 for a passing trouble of the service, or of a proxy, and asks again.
    pub(crate) fn refuses_pages(mut self) -> Self {
        self.refuses_pages = true;
        self
    }

    /// The error that stands for a body beyond the limit.
    fn too_long(&self, status: u16) -> Error {
        let ignores_range = status == 200 && self.headers.contains_key(header::RANGE);
        if ignores_range {
            let what = format!("{} ignores range requests and sends the whole file", self.url);
            let why = format!("it has more than {} bytes", self.body_limit);
            let hint = "a proxy or a cache on the way may do this; or download the file (swath get) and read it there";
            return Error::new(ErrorKind::Integrity, what).because(why).with_hint(hint);
        }
        let what = format!("the answer of {} is longer than {} bytes", self.url, self.body_limit);
        Error::new(ErrorKind::Integrity, what)
    }

    fn method(&self) -> &'static str {
        if self.form.is_some() { "POST" } else { "GET" }
    }
}

impl Response {
    /// A header's value as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the body says that it is HTML: a login page, an error page of a proxy.
    pub(crate) fn is_html(&self) -> bool {
        is_html(&self.headers)
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_lowercase().starts_with("text/html"))
}

impl Http {
    /// A client with these options.
    ///
    /// # Errors
    /// When `extra_ca_pem` or the file named by `SSL_CERT_FILE` holds no certificate.
    pub fn new(options: HttpOptions) -> Result<Self> {
        let tls = tls::client_config(options.extra_ca_pem.as_deref())?;
        let names = names::Names::new(options.resolver.clone());
        let builder = reqwest::Client::builder();
        let builder = if options.no_proxy { builder.no_proxy() } else { builder };
        let client = builder
            .tls_backend_preconfigured(tls)
            // S3 speaks no HTTP/2, and one connection for all ranges is slower than several.
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .dns_resolver(Arc::new(names.clone()))
            .tcp_nodelay(true)
            .connect_timeout(options.connect_timeout)
            .pool_max_idle_per_host(options.per_host)
            .user_agent(concat!("swath/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::new(ErrorKind::Internal, "could not set up the HTTP client").because(e))?;
        let shared = Shared { client, options, hosts: Mutex::default(), skew: clock::Skew::default(), names };
        Ok(Self { shared: Arc::new(shared), ledger: Ledger::default() })
    }

    /// The same client, writing its requests into `ledger`.
    pub fn with_ledger(&self, ledger: Ledger) -> Self {
        Self { shared: self.shared.clone(), ledger }
    }

    /// The account of what was sent.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether plain http to this machine is allowed.
    pub(crate) fn allows_http_loopback(&self) -> bool {
        self.shared.options.allow_http_loopback
    }

    /// The time as the services have it: this machine's, corrected by what their answers said.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.shared.options.clock.now();
        self.skew().and_then(|skew| now.checked_add(skew).ok()).unwrap_or(now)
    }

    /// How far the services' clock is ahead of this machine's; `None` before their first answer.
    pub(crate) fn skew(&self) -> Option<SignedDuration> {
        self.shared.skew.get()
    }

    /// The clock of this client.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.options.clock
    }

    /// Tells whoever wants to know.
    pub(crate) fn tell(&self, event: &Event) {
        if let Some(observer) = &self.shared.options.observer {
            observer.tell(event);
        }
    }

    /// From now on the name of this host may lead to public addresses only: nobody but a redirect has named it.
    pub(crate) fn doubt(&self, host: &str) {
        self.shared.names.doubt(host);
    }

    /// Whether the proxies that the environment names are ignored.
    pub(crate) fn ignores_proxies(&self) -> bool {
        self.shared.options.no_proxy
    }

    /// Sends a request until it is answered with something that another try would not change.
    ///
    /// # Errors
    /// A service error when no try was answered, or the last was answered with a transient status.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response> {
        let mut tries = Tries::begin(&self.shared.options);
        loop {
            match self.attempt(request).await {
                Ok(attempt) if attempt.is_final(request) => {
                    let (status, headers) = (attempt.status, attempt.headers);
                    let body = gzip::plain(request, &headers, attempt.body)?;
                    return Ok(Response { status, headers, body });
                }
                Ok(attempt) => tries.pause(request, Failure::of(&attempt, self.now())).await?,
                Err(failure) => tries.pause(request, failure).await?,
            }
        }
    }

    /// One try: everything up to the end of the body, or as far as it came.
    async fn attempt(&self, request: &Request) -> Result<Attempt, Failure> {
        check_scheme(request.url.secret(), self.allows_http_loopback()).map_err(Failure::Final)?;
        let _slot = self.slot(&request.url.authority()).await;
        let started = Instant::now();
        let options = &self.shared.options;
        let sent = tokio::time::timeout(options.answer_timeout, self.build(request).send()).await;
        let record = |status: Option<u16>, bytes: usize| {
            let (purpose, host) = (request.purpose, request.url.authority());
            let (bytes, elapsed) = (bytes as u64, started.elapsed());
            self.ledger.write(Entry { purpose, host, status, bytes, elapsed });
        };
        let answer = match sent {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                record(None, 0);
                if let Some(inside) = names::InsideAddress::of(&error) {
                    return Err(Failure::Final(Error::new(ErrorKind::Service, inside.to_string())));
                }
                return Err(Failure::Network(describe(error)));
            }
            Err(_) => {
                record(None, 0);
                let seconds = options.answer_timeout.as_secs();
                return Err(Failure::Network(format!("no answer within {seconds} s")));
            }
        };
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        self.shared.skew.hear(&headers, options.clock.now());
        let body = body::collect(answer, request.body_limit, options.stall_timeout).await;
        record(Some(status), body.bytes.len());
        if body.too_long {
            return Err(Failure::Final(request.too_long(status)));
        }
        Ok(Attempt { status, headers, body: body.bytes, cut: body.cut })
    }

    fn build(&self, request: &Request) -> reqwest::RequestBuilder {
        let url = request.url.secret().clone();
        let builder = match &request.form {
            Some(form) => self
                .shared
                .client
                .post(url)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.clone()),
            None => self.shared.client.get(url),
        };
        // Encoded bodies would make every length and offset of files mean something else.
        let encoding = if request.takes_gzip { "gzip" } else { "identity" };
        builder.header(header::ACCEPT_ENCODING, encoding).headers(request.headers.clone())
    }

    /// Waits until the host has a slot free: the politeness bound that every kind of request shares.
    async fn slot(&self, host: &str) -> Option<OwnedSemaphorePermit> {
        let semaphore = {
            let mut hosts = self.shared.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            let per_host = self.shared.options.per_host.max(1);
            hosts.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(per_host))).clone()
        };
        semaphore.acquire_owned().await.ok()
    }
}

/// One answer, perhaps without the end of its body.
struct Attempt {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    cut: Option<String>,
}

impl Attempt {
    /// Whether another try would bring the same.
    fn is_final(&self, request: &Request) -> bool {
        let is_page = request.refuses_pages && self.status == 200 && is_html(&self.headers);
        self.cut.is_none() && !retry::is_transient(self.status) && !is_page
    }
}

/// Why a try did not do.
enum Failure {
    Network(String),
    Status { code: u16, retry_after: Option<Duration>, says: String },
    Final(Error),
}

impl Failure {
    fn of(attempt: &Attempt, now: Timestamp) -> Self {
        if let Some(cut) = &attempt.cut {
            return Self::Network(cut.clone());
        }
        let asked = attempt.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        Self::Status {
            code: attempt.status,
            retry_after: retry::retry_after(asked, now),
            says: match attempt.status {
                200 => ", a web page in place of data".to_owned(),
                _ => meaning::excerpt(&attempt.body),
            },
        }
    }
}

/// The tries of one request: how many, since when, and how long to wait before the next.
struct Tries<'a> {
    policy: &'a RetryPolicy,
    clock: &'a dyn Clock,
    observer: Option<&'a Observer>,
    begun: Duration,
    made: u32,
    last_wait: Duration,
}

impl<'a> Tries<'a> {
    fn begin(options: &'a HttpOptions) -> Self {
        let (policy, clock) = (&options.retry, options.clock.as_ref());
        let observer = options.observer.as_ref();
        Self { policy, clock, observer, begun: clock.elapsed(), made: 0, last_wait: policy.base }
    }

    /// Counts a failed try and waits before the next one, or gives up.
    async fn pause(&mut self, request: &Request, failure: Failure) -> Result<()> {
        self.made += 1;
        let (reason, retry_after) = match failure {
            Failure::Final(error) => return Err(error),
            Failure::Network(reason) => (reason, None),
            Failure::Status { code, retry_after, says } => (format!("HTTP {code}{says}"), retry_after),
        };
        let wait = self.policy.wait(self.last_wait, retry_after);
        let elapsed = self.clock.elapsed().saturating_sub(self.begun);
        if self.made >= self.policy.tries || elapsed + wait > self.policy.deadline {
            let (method, seconds) = (request.method(), elapsed.as_secs_f64());
            let tries = if self.made == 1 { "1 try".to_owned() } else { format!("{} tries", self.made) };
            let what = format!("{method} {} failed after {tries} in {seconds:.1} s", request.url);
            return Err(Error::new(ErrorKind::Service, what)
                .because(reason)
                .with_hint("the service or the network is unavailable; try again later"));
        }
        self.last_wait = wait;
        if let Some(observer) = self.observer {
            observer.tell(&Event::Waiting {
                purpose: request.purpose,
                host: request.url.authority(),
                reason,
                wait,
                asked: retry_after.is_some(),
                next_try: self.made + 1,
                tries: self.policy.tries,
            });
        }
        self.clock.sleep(wait).await;
        Ok(())
    }
}

/// A network failure in words, without the URL (it may be signed).
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(reason) = source {
        let reason_text = reason.to_string();
        if !text.contains(&reason_text) {
            text = format!("{text}: {reason_text}");
        }
        source = reason.source();
    }
    text
}
