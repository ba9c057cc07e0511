//! Faults on demand: what a service does wrong, when, and how often.

use std::sync::Mutex;
use std::time::Duration;

use http::{Method, Request};

use crate::Service;
use crate::log::lock;
use crate::range::requested;
use crate::reply::header;

/// What goes wrong.
///
/// "Data" faults touch answers that carry the bytes of an object: those of [`Service::Cdn`] and
/// [`Service::S3`] to `GET`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Another status in place of the answer, in the service's own error format, with a
    /// `Retry-After` in seconds if one is given.
    Status {
        /// The status code, 200 to 999; others become 500.
        code: u16,
        /// The wait the client is asked for; parts of a second are dropped.
        retry_after: Option<Duration>,
    },
    /// The connection closes after so many bytes of the body.
    CutBody {
        /// Bytes of the body that still arrive.
        after: u64,
    },
    /// The body pauses after so many bytes, then goes on.
    Stall {
        /// Bytes of the body before the pause.
        after: u64,
        /// How long the pause lasts.
        pause: Duration,
    },
    /// After so many bytes the body goes on one byte at a time, with this pause before each.
    Trickle {
        /// Bytes of the body that come at full speed.
        after: u64,
        /// The pause before each further byte.
        pause: Duration,
    },
    /// 200 with Earthdata Login's HTML page in place of what was asked for.
    LoginPage,
    /// Data: the `Range` header is ignored; the whole object comes with 200.
    IgnoreRange,
    /// Data: `Content-Range` tells a place one byte further than the bytes are from.
    WrongContentRange,
    /// Data: a well-formed answer that lacks its last bytes, its `Content-Length` telling so.
    ShortBody {
        /// How many bytes are missing at the end.
        missing: u64,
    },
    /// Data: a well-formed answer that ends after so many bytes, its `Content-Length` telling so.
    EndBody {
        /// How many bytes there are at most.
        after: u64,
    },
    /// Data: the lowest bit of one byte is flipped. Only answers that hold the byte count as matching.
    FlipBit {
        /// The byte's offset in the object, not in the answer.
        offset: u64,
    },
    /// Data: the object has been replaced by one of equal length: other bytes, another ETag, so
    /// `If-Match` with the old one fails with 412.
    ReplaceObject,
    /// S3 answers `ExpiredToken` to all credentials issued before. Acts at once, or, told to wait
    /// with [`Misbehaviour::after`], when that many requests have passed; it is not undone.
    ExpireCredentials,
    /// All signed URLs given out before are refused with 403. Acts like
    /// [`Fault::ExpireCredentials`], on requests to the service named.
    ExpireSignedUrls,
    /// 302 to this URL in place of the answer; for tests that a token does not follow.
    RedirectTo(String),
    /// The catalogue leaves rows out of a page while `CMR-Hits` counts them all.
    PartialCatalogue {
        /// How many rows are left out at the end of the page.
        missing: usize,
        /// Whether the answer admits it with `CMR-Timed-Out: true`.
        timed_out: bool,
    },
    /// 403 `AccessDenied`, as NASA's buckets answer to everyone outside their region.
    RegionRefused,
}

/// A fault of one service, once by default.
///
/// ```
/// use swath_sandbox::{Fault, Misbehaviour, Service};
///
/// // The third and fourth request for data fail; the gateway's credentials are untouched.
/// let busy = Misbehaviour::new(Service::Gateway, Fault::Status { code: 503, retry_after: None })
///     .on_path("/NISAR/")
///     .after(2)
///     .times(2);
/// assert_eq!(busy.fault(), &Fault::Status { code: 503, retry_after: None });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misbehaviour {
    service: Service,
    fault: Fault,
    path: String,
    byte: Option<u64>,
    ranged: bool,
    skip: u64,
    times: Option<u64>,
}

impl Misbehaviour {
    /// The fault, at the service's next matching request.
    pub fn new(service: Service, fault: Fault) -> Self {
        Self { service, fault, path: String::new(), byte: None, ranged: false, skip: 0, times: Some(1) }
    }

    /// At the next `count` matching requests.
    pub fn times(mut self, count: u64) -> Self {
        self.times = Some(count);
        self
    }

    /// At every matching request from now on.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Lets `count` matching requests pass first.
    pub fn after(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Only at requests whose path contains this text.
    pub fn on_path(mut self, fragment: impl Into<String>) -> Self {
        self.path = fragment.into();
        self
    }

    /// Data: only at answers that can hold the object's byte at this offset, so that clients that read
    /// in different pieces meet it at the same place.
    pub fn on_byte(mut self, offset: u64) -> Self {
        self.byte = Some(offset);
        self
    }

    /// Only at requests that ask for a range: some clients ask for the whole object first and drop the
    /// answer once they have read its length.
    pub fn on_ranges(mut self) -> Self {
        self.ranged = true;
        self
    }

    /// Whether it acts at once rather than at a request.
    pub(crate) fn is_immediate(&self) -> bool {
        self.skip == 0
            && self.byte.is_none()
            && matches!(self.fault, Fault::ExpireCredentials | Fault::ExpireSignedUrls)
    }

    /// What goes wrong.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    fn matches<B>(&self, service: Service, request: &Request<B>) -> bool {
        if service != self.service || !request.uri().path().contains(&self.path) {
            return false;
        }
        let data = matches!(service, Service::Cdn | Service::S3) && request.method() == Method::GET;
        let holds = |offset: u64| {
            let range = header(request.headers(), "range").and_then(requested);
            data && range.is_none_or(|range| range.may_cover(offset))
        };
        if !self.byte.is_none_or(holds) || (self.ranged && !request.headers().contains_key("range")) {
            return false;
        }
        match &self.fault {
            Fault::IgnoreRange
            | Fault::WrongContentRange
            | Fault::ShortBody { .. }
            | Fault::EndBody { .. }
            | Fault::ReplaceObject => data,
            Fault::FlipBit { offset } => holds(*offset),
            Fault::PartialCatalogue { .. } => service == Service::Cmr,
            _ => true,
        }
    }
}

/// The misbehaviours in force.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Mutex<Vec<Misbehaviour>>,
}

impl Rules {
    pub(crate) fn add(&self, rule: Misbehaviour) {
        lock(&self.rules).push(rule);
    }

    pub(crate) fn clear(&self) {
        lock(&self.rules).clear();
    }

    /// The faults that this request meets; each counts it, and those used up go.
    pub(crate) fn take<B>(&self, service: Service, request: &Request<B>) -> Vec<Fault> {
        let mut fired = Vec::new();
        lock(&self.rules).retain_mut(|rule| {
            if !rule.matches(service, request) || rule.times == Some(0) {
                return rule.times != Some(0);
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                return true;
            }
            fired.push(rule.fault.clone());
            rule.times = rule.times.map(|left| left - 1);
            rule.times != Some(0)
        });
        fired
    }
}

/// What the faults of a request ask of the service that answers it; travels with the request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Orders {
    /// Answer as if no range had been asked for.
    pub(crate) whole: bool,
    /// Answer as if the object had been replaced.
    pub(crate) replaced: bool,
    /// Leave so many rows out of the page.
    pub(crate) missing_rows: usize,
    /// Say that the search timed out.
    pub(crate) timed_out: bool,
}

impl Orders {
    pub(crate) fn from_faults(faults: &[Fault]) -> Self {
        let mut orders = Self::default();
        for fault in faults {
            match fault {
                Fault::IgnoreRange => orders.whole = true,
                Fault::ReplaceObject => orders.replaced = true,
                Fault::PartialCatalogue { missing, timed_out } => {
                    orders.missing_rows = *missing;
                    orders.timed_out = *timed_out;
                }
                _ => {}
            }
        }
        orders
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, range: Option<&str>) -> Request<()> {
        let mut request = Request::get(path);
        if let Some(range) = range {
            request = request.header("range", range);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn rules_count_what_matches() {
        let rules = Rules::default();
        rules.add(Misbehaviour::new(Service::S3, Fault::LoginPage).on_path("/a").after(1).times(2));
        let fired = |path| !rules.take(Service::S3, &get(path, None)).is_empty();
        assert_eq!(["/a", "/b", "/a", "/a", "/a"].map(fired), [false, false, true, true, false]);
        assert!(rules.take(Service::Cdn, &get("/a", None)).is_empty());
    }

    #[test]
    fn a_flipped_bit_waits_for_an_answer_that_holds_it() {
        let rules = Rules::default();
        rules.add(Misbehaviour::new(Service::Cdn, Fault::FlipBit { offset: 100 }));
        assert!(rules.take(Service::Cdn, &get("/a", Some("bytes=0-99"))).is_empty());
        assert!(rules.take(Service::Cdn, &get("/a", Some("bytes=101-"))).is_empty());
        assert_eq!(rules.take(Service::Cdn, &get("/a", Some("bytes=100-100"))).len(), 1);
    }

    #[test]
    fn any_fault_can_wait_for_a_byte() {
        let rules = Rules::default();
        rules.add(Misbehaviour::new(Service::S3, Fault::CutBody { after: 1 }).on_byte(100));
        let fired = |service, request: &Request<()>| !rules.take(service, request).is_empty();
        assert!(!fired(Service::S3, &get("/a", Some("bytes=0-99"))));
        assert!(!fired(Service::Cdn, &get("/a", None)));
        assert!(!fired(Service::S3, &Request::head("/a").body(()).unwrap()));
        assert!(fired(Service::S3, &get("/a", Some("bytes=50-150"))));
        rules.add(Misbehaviour::new(Service::S3, Fault::LoginPage).on_byte(100).on_ranges());
        assert!(!fired(Service::S3, &get("/a", None)));
        assert!(fired(Service::S3, &get("/a", Some("bytes=100-"))));
    }
}
