//! Addresses: which may be asked at all, which may see the token, and how they are printed.
//!
//! A signed URL is a secret for as long as it lives, and the gateway's carries the user's name: a URL is printed
//! through [`SafeUrl`] only, which drops the query and any password.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{Error, Result};

/// A URL that prints without its query, fragment and user part.
#[derive(Clone, PartialEq, Eq)]
pub struct SafeUrl(Url);

impl SafeUrl {
    /// Parses `text` as an absolute URL.
    ///
    /// # Errors
    /// A usage error when `text` is no absolute URL.
    pub fn parse(text: &str) -> Result<Self> {
        // The text itself is not repeated: a mistyped signed URL is still a secret.
        Url::parse(text).map(Self).map_err(|e| Error::usage("the address is not a valid URL").because(e))
    }

    /// The whole URL, for the socket. Never print it.
    pub(crate) fn secret(&self) -> &Url {
        &self.0
    }

    /// The URL without query, fragment and user part: what identifies an object.
    pub fn identity(&self) -> String {
        let mut plain = self.0.clone();
        plain.set_query(None);
        plain.set_fragment(None);
        // Only addresses that cannot have a user part refuse this; they have nothing to drop.
        let _ = plain.set_username("");
        let _ = plain.set_password(None);
        plain.to_string()
    }

    /// The host, with the port when it is not the scheme's own.
    pub fn authority(&self) -> String {
        match (self.0.host_str(), self.0.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => String::new(),
        }
    }
}

impl From<Url> for SafeUrl {
    fn from(url: Url) -> Self {
        Self(url)
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.identity())
    }
}

impl fmt::Debug for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafeUrl({})", self.identity())
    }
}

/// Whether two URLs share scheme, host and port: the only places between which a token may be carried.
pub(crate) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

/// The list of hosts that may see the Earthdata Login token.
///
/// An entry is a host name (`nisar.asf.earthdatacloud.nasa.gov`), one with a leading `*.` for every name below it,
/// or `host:port`. Without a port only the scheme's own port matches, except on the loopback, where any does.
#[derive(Debug, Clone)]
pub(crate) struct TokenHosts(Vec<(String, Option<u16>)>);

impl TokenHosts {
    /// NASA's own: Earthdata Login, and ASF's gateways to the data.
    pub(crate) const DEFAULT: &str = "urs.earthdata.nasa.gov,*.asf.earthdatacloud.nasa.gov,*.asf.alaska.edu";

    /// Parses a comma-separated list.
    pub(crate) fn parse(list: &str) -> Self {
        let entry = |text: &str| match text.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => (host.to_lowercase(), port.parse().ok()),
            _ => (text.to_lowercase(), None),
        };
        Self(list.split(',').map(str::trim).filter(|text| !text.is_empty()).map(entry).collect())
    }

    /// Whether `url`'s host may see the token.
    pub(crate) fn allow(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let default_port = url.port().is_none();
        self.0.iter().any(|(pattern, port)| {
            let named = match pattern.strip_prefix("*.") {
                Some(parent) => {
                    host.strip_suffix(parent).is_some_and(|head| head.len() > 1 && head.ends_with('.'))
                }
                None => host == pattern,
            };
            let port_fits = match port {
                Some(port) => url.port_or_known_default() == Some(*port),
                None => default_port || is_loopback(url),
            };
            named && port_fits
        })
    }
}

/// Whether the URL's host is this machine itself.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether the URL names an address that no public service redirects to: private, link-local or loopback. What a host's name
/// resolves to is seen where the connection is made ([`super::names`]).
pub(crate) fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => is_inside(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => is_inside(IpAddr::V6(ip)),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => true,
    }
}

/// Whether an address is of this machine or of somebody's own network: loopback, private, link-local, shared by a provider
/// (RFC 6598), or none that can be connected to.
pub(crate) fn is_inside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || a == 0
                || a >= 224
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (b == 18 || b == 19))
        }
        IpAddr::V6(ip) => {
            let [a, b, .., y, z] = ip.segments();
            // Addresses of IPv4 in the clothes of IPv6 (mapped, compatible, RFC 6052) are what they stand for.
            let compatible = ip.segments()[..6].iter().all(|part| *part == 0);
            let translated = a == 0x64 && b == 0xff9b;
            let ([c, d], [e, f]) = (y.to_be_bytes(), z.to_be_bytes());
            if let Some(ip) = ip.to_ipv4_mapped() {
                return is_inside(IpAddr::V4(ip));
            }
            ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
                || ((compatible || translated) && is_inside(IpAddr::from([c, d, e, f])))
        }
    }
}

/// Refuses schemes other than https; plain http only to the loopback and only when the caller allowed that.
pub(crate) fn check_scheme(url: &Url, allow_http_loopback: bool) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if allow_http_loopback && is_loopback(url) => Ok(()),
        "http" => Err(Error::usage(format!("refusing plain http to {}", SafeUrl(url.clone())))
            .with_hint("use https; for a test server on this machine set SWATH_ALLOW_HTTP=loopback")),
        other => Err(Error::usage(format!("cannot ask {other}:// addresses"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_signed_url_prints_without_its_secret() {
        let signed =
            SafeUrl::parse("https://me:pw@h.example/k.h5?A-userid=me&X-Amz-Signature=abc#x").unwrap();
        assert_eq!(signed.to_string(), "https://h.example/k.h5");
        assert_eq!(format!("{signed:?}"), "SafeUrl(https://h.example/k.h5)");
    }

    #[test]
    fn the_token_goes_only_to_listed_hosts_and_ports() {
        let hosts = TokenHosts::parse(TokenHosts::DEFAULT);
        assert!(hosts.allow(&url("https://nisar.asf.earthdatacloud.nasa.gov/x")));
        assert!(hosts.allow(&url("https://urs.earthdata.nasa.gov/x")));
        for refused in [
            "https://urs.earthdata.nasa.gov:8443/x",
            "https://asf.earthdatacloud.nasa.gov.evil.example/",
            "https://xasf.earthdatacloud.nasa.gov/",
            "https://.asf.earthdatacloud.nasa.gov/",
            "https://d1.cloudfront.net/",
            "https://127.0.0.1:9/",
        ] {
            assert!(!hosts.allow(&url(refused)), "{refused}");
        }
        let local = TokenHosts::parse("127.0.0.1:8001, localhost");
        assert!(local.allow(&url("https://127.0.0.1:8001/")));
        assert!(!local.allow(&url("https://127.0.0.1:8002/")));
        assert!(local.allow(&url("http://localhost:99/")));
    }

    #[test]
    fn private_targets_are_known() {
        for inside in
            ["http://169.254.169.254/", "https://10.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/"]
        {
            assert!(is_private(&url(inside)), "{inside}");
        }
        assert!(!is_private(&url("https://d1.cloudfront.net/")));
    }
}
