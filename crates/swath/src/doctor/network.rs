//! What the services answer: names, catalogue, login, licence, data.

use std::future::Future;
use std::time::Instant;

use super::{Check, Outcome, PATIENCE};
use crate::error::{Error, ErrorKind, Result};
use crate::granule::Granule;
use crate::http::{Purpose, Request};
use crate::search::Query;
use crate::session::Session;
use crate::store::{Access, Address, Door};

/// A token with less life than this is worth a word.
const DAYS_OF_WARNING: i64 = 7;
/// A clock that is further off than this makes signatures fail (AWS allows 15 minutes).
const MINUTES_OF_SKEW: i64 = 5;
/// What an HDF5 file begins with (specification II.A).
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

/// What `work` gives, or an error when it takes too long.
async fn in_time<T>(what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        let seconds = PATIENCE.as_secs();
        Err(Error::new(ErrorKind::Service, format!("{what} did not answer within {seconds} s"))
            .with_hint("check the network and the proxy, or try again later"))
    })
}

/// Whether the services' names are known here.
pub(super) async fn names(session: &Session) -> Check {
    let store = session.store();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for url in [session.catalogue_url(), store.login.address(), store.credentials.address()] {
        let host = url.secret().host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.secret().port_or_known_default().unwrap_or(443);
        let found =
            in_time("name resolution", async { Ok(tokio::net::lookup_host((host.as_str(), port)).await?) });
        match found.await.map(|mut addresses| addresses.next().is_some()) {
            Ok(true) => known.push(host),
            _ => unknown.push(host),
        }
    }
    if unknown.is_empty() {
        return Check::new("names", Outcome::Good, format!("{} are known", known.join(", ")));
    }
    // Behind a proxy it is the proxy that knows names.
    Check::new("names", Outcome::Note, format!("{} cannot be resolved", unknown.join(", ")))
        .with_fix("check the network's DNS; behind a proxy that resolves names itself this does no harm")
}

/// Whether the catalogue answers, with a granule to try the other checks on.
pub(super) async fn catalogue(session: &Session) -> (Check, Option<Granule>) {
    let begun = Instant::now();
    let query = Query::new().dataset("NISAR").processing_level("GCOV").max_results(1);
    match in_time("the catalogue", session.search(&query)).await {
        Ok(found) => {
            let milliseconds = begun.elapsed().as_millis();
            let text = format!("answered in {milliseconds} ms; it knows {} GCOV granules", found.hits);
            (Check::new("catalogue", Outcome::Good, text), found.granules.into_iter().next())
        }
        Err(error) => (Check::failed("catalogue", &error), None),
    }
}

/// Whether Earthdata Login answers at all; nothing is sent to it.
pub(super) async fn earthdata_login(session: &Session) -> Check {
    let (begun, store) = (Instant::now(), session.store());
    let url = store.login.address().clone();
    let request = Request::get(Purpose::Login, url.clone());
    match in_time("Earthdata Login", store.http.send(&request)).await {
        Ok(_) => {
            let text = format!("{} answered in {} ms", url.authority(), begun.elapsed().as_millis());
            Check::new("login service", Outcome::Good, text)
        }
        Err(error) => Check::failed("login service", &error),
    }
}

/// How far this machine's clock is off, by what the services said.
pub(super) fn clock(session: &Session) -> Check {
    let Some(ahead) = session.store().http.skew() else {
        return Check::new("clock", Outcome::Skipped, "no service told the time");
    };
    let minutes = ahead.as_secs().unsigned_abs() as f64 / 60.0;
    let direction = if ahead.is_positive() { "behind" } else { "ahead of" };
    if ahead.is_zero() {
        return Check::new("clock", Outcome::Good, "agrees with the services'");
    }
    let found = format!("{minutes:.1} minutes {direction} the services'; swath corrects for it");
    let check = Check::new("clock", Outcome::Note, found);
    if ahead.as_secs().abs() < MINUTES_OF_SKEW * 60 {
        return check;
    }
    check.with_fix("set the clock of this machine; certificates and other programs depend on it")
}

/// Where the token comes from and how long it lives; whether there is one that is worth trying.
pub(super) async fn login(session: &Session) -> (Check, bool) {
    let store = session.store();
    let (token, source) = match in_time("Earthdata Login", store.login.token_and_source()).await {
        Ok(found) => found,
        Err(error) => return (Check::failed("token", &error), false),
    };
    let now = store.http.now();
    if let Err(error) = token.check_expiry(now) {
        return (Check::failed("token", &error), false);
    }
    let Some(expiry) = token.expiry() else {
        let found = format!("from {source}; it does not say when it expires");
        return (Check::new("token", Outcome::Good, found), true);
    };
    let days = expiry.duration_since(now).as_hours() / 24;
    let found = format!("from {source}, good until {expiry} ({days} days)");
    if days < DAYS_OF_WARNING {
        let check = Check::new("token", Outcome::Note, found);
        return (check.with_fix("run `swath login` with a new token before it expires"), true);
    }
    (Check::new("token", Outcome::Good, found), true)
}

/// Whether ASF accepts the token, and the licence has been accepted.
pub(super) async fn licence(session: &Session, has_token: bool) -> Check {
    if !has_token {
        return Check::new("licence", Outcome::Skipped, "there is no token to ask with");
    }
    match in_time("ASF's gateway", session.check_login()).await {
        Ok(()) => {
            Check::new("licence", Outcome::Good, "ASF accepts the token; the licence has been accepted")
        }
        Err(error) => Check::failed("licence", &error),
    }
}

/// Whether a granule's first bytes come over https.
pub(super) async fn https(session: &Session, granule: Option<&Granule>, has_token: bool) -> Check {
    let address = granule.and_then(Granule::data_url);
    match beginning(session, address, has_token, Door::Https).await {
        Ok(check) => check,
        Err(error) => Check::failed("https", &error),
    }
}

/// Whether a granule's first bytes come from S3: only inside of us-west-2, which is no fault elsewhere.
pub(super) async fn s3(session: &Session, granule: Option<&Granule>, has_token: bool) -> Check {
    let address = granule.and_then(Granule::data_s3_url);
    match beginning(session, address, has_token, Door::S3).await {
        Ok(check) => check,
        Err(error) if error.is_authentication() => Check::new(
            "s3",
            Outcome::Note,
            "S3 refuses this machine; it answers inside of AWS us-west-2 alone",
        )
        .with_fix("read over https, which works everywhere; the access auto does so by itself"),
        Err(error) => Check { outcome: Outcome::Note, ..Check::failed("s3", &error) },
    }
}

async fn beginning(session: &Session, address: Option<&str>, has_token: bool, door: Door) -> Result<Check> {
    // Each door is tried, whichever the session would choose.
    let (name, access) = match door {
        Door::S3 => ("s3", Access::S3),
        Door::Https => ("https", Access::Https),
    };
    let Some(address) = address.filter(|_| has_token) else {
        return Ok(Check::new(name, Outcome::Skipped, "needs a token and a granule of the catalogue"));
    };
    let begun = Instant::now();
    let address = Address::parse(address)?;
    let object = session.store().open_by(&address, access)?;
    let bytes = in_time("the archive", object.read(0..HDF5.len() as u64)).await?;
    if &bytes[..] != HDF5 {
        return Err(Error::new(ErrorKind::Integrity, format!("{address} does not begin as an HDF5 file")));
    }
    let milliseconds = begun.elapsed().as_millis();
    Ok(Check::new(name, Outcome::Good, format!("the first bytes of a granule came in {milliseconds} ms")))
}
