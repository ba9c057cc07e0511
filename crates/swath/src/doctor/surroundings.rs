//! What this machine says of itself: proxy, certificates, region, disk.

use std::path::Path;

use url::Url;

use super::{Check, Outcome};
use crate::session::Session;
use crate::store::Door;

/// A value of the environment, unless it is empty.
fn variable(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// The proxy that the environment names.
pub(super) fn proxy(session: &Session) -> Check {
    if session.store().http.ignores_proxies() {
        return Check::new("proxy", Outcome::Skipped, "this session ignores proxies");
    }
    let Some(text) = variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) else {
        return Check::new("proxy", Outcome::Good, "none is named by HTTPS_PROXY or ALL_PROXY");
    };
    // A proxy may be named without its scheme.
    let parsed = Url::parse(&text).ok().filter(Url::has_host);
    let Some(url) = parsed.or_else(|| Url::parse(&format!("http://{text}")).ok()) else {
        return Check::new("proxy", Outcome::Failed, "HTTPS_PROXY is no address")
            .with_fix("set it to http://HOST:PORT, or unset it");
    };
    let port = url.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
    let user = if url.username().is_empty() { "" } else { ", with a user and password" };
    let apart = match variable(&["NO_PROXY", "no_proxy"]) {
        Some(list) => format!("; NO_PROXY leaves {} out", list.split(',').count()),
        None => String::new(),
    };
    let host = url.host_str().unwrap_or_default();
    Check::new("proxy", Outcome::Note, format!("requests go through {host}{port}{user}{apart}"))
}

/// The certificate authorities to trust.
pub(super) fn certificates() -> Check {
    let loaded = rustls_native_certs::load_native_certs();
    let from = match variable(&["SSL_CERT_FILE"]) {
        Some(path) => format!("SSL_CERT_FILE ({path})"),
        None => "the system".to_owned(),
    };
    let count = loaded.certs.len();
    if count > 0 {
        return Check::new("certificates", Outcome::Good, format!("{count} authorities from {from}"));
    }
    let why = loaded.errors.first().map_or_else(String::new, |error| format!(": {error}"));
    Check::new("certificates", Outcome::Failed, format!("no certificate authority from {from}{why}"))
        .with_fix(
            "install the package ca-certificates, or set SSL_CERT_FILE to a file of certificates in PEM",
        )
}

/// Where the machine is, and by which door the archive is read because of it.
pub(super) async fn region(session: &Session) -> Check {
    let choice = session.access().await;
    let found = match &session.store().doors.whereabouts().await.region {
        Some(region) => region.clone(),
        None => "not known".to_owned(),
    };
    let text = format!("{found}; with the access {} the archive is read over {choice}", choice.asked);
    let outcome = if choice.door == Door::S3 { Outcome::Good } else { Outcome::Note };
    Check::new("region", outcome, text)
}

/// The index cache: whether it can be written, and how much is in it.
pub(super) fn disk(session: &Session) -> Check {
    let Some(cache) = session.cache() else {
        return Check::new("disk", Outcome::Skipped, "no index is kept: every granule is opened cold");
    };
    let folder = cache.folder().display();
    if !cache.can_keep() {
        return Check::new("disk", Outcome::Note, format!("indexes cannot be kept in {folder}")).with_fix(
            "free some space, allow writing there, or set XDG_CACHE_HOME; until then granules open cold",
        );
    }
    let (files, bytes) = content(cache.folder());
    let (megabytes, limit) = (bytes as f64 / 1e6, cache.max_bytes() as f64 / 1e6);
    Check::new("disk", Outcome::Good, format!("{files} files, {megabytes:.3} of {limit:.0} MB, in {folder}"))
}

fn content(folder: &Path) -> (usize, u64) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let lengths: Vec<u64> = entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect();
    (lengths.len(), lengths.iter().sum())
}
