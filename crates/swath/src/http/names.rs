//! Names of hosts into addresses, where a connection is made: so that no check can be passed and something else be used.
//!
//! A host that only a redirect named is *doubted*: of what its name resolves to, addresses inside of somebody's network (private,
//! loopback, link-local, shared) are not used. The same happens when the name is resolved again later.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_inside;

/// Finds the addresses of a host.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// The addresses of `host`, in the order in which they are to be tried.
    fn resolve(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Asks the system, as every other program does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let host = host.to_owned();
        async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) }.boxed()
    }
}

/// The resolver of a client, with the hosts that it doubts.
#[derive(Debug, Clone)]
pub(super) struct Names {
    resolver: Arc<dyn Resolver>,
    doubted: Arc<Mutex<HashSet<String>>>,
}

impl Names {
    pub(super) fn new(resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, doubted: Arc::default() }
    }

    /// From now on this host is not looked for inside of a network.
    pub(super) fn doubt(&self, host: &str) {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_ascii_lowercase());
    }

    fn doubts(&self, host: &str) -> bool {
        let doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        doubted.contains(&host.to_ascii_lowercase())
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (found, doubted) = (self.resolver.resolve(&host), self.doubts(&host));
        async move {
            let mut found = found.await?;
            if doubted {
                let inside = found.iter().copied().find(|ip| is_inside(*ip));
                found.retain(|ip| !is_inside(*ip));
                if let (Some(ip), true) = (inside, found.is_empty()) {
                    return Err(InsideAddress { host, ip }.into());
                }
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        }
        .boxed()
    }
}

/// A doubted name leads into somebody's own network.
#[derive(Debug)]
pub(super) struct InsideAddress {
    host: String,
    ip: IpAddr,
}

impl fmt::Display for InsideAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a redirect leads to {}, whose address {} is a private one; not followed",
            self.host, self.ip
        )
    }
}

impl std::error::Error for InsideAddress {}

impl InsideAddress {
    /// Whether this is why a request failed.
    pub(super) fn of(error: &reqwest::Error) -> Option<&Self> {
        let mut next = std::error::Error::source(error);
        while let Some(reason) = next {
            if let Some(found) = reason.downcast_ref() {
                return Some(found);
            }
            next = reason.source();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows one host.
    #[derive(Debug)]
    struct Book(&'static [&'static str]);

    impl Resolver for Book {
        fn resolve(&self, _: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let found = self.0.iter().map(|text| text.parse().unwrap()).collect();
            async move { Ok(found) }.boxed()
        }
    }

    async fn found(book: &'static [&'static str], doubted: bool) -> Result<Vec<String>, String> {
        let names = Names::new(Arc::new(Book(book)));
        if doubted {
            names.doubt("Host.Example");
        }
        let found = Resolve::resolve(&names, "host.example".parse().unwrap()).await;
        found
            .map(|list| list.map(|address| address.ip().to_string()).collect())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_doubted_name_leads_into_no_network() {
        const INSIDE: [&str; 12] = [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ];
        for ip in &INSIDE {
            let one: &'static [&'static str] = std::slice::from_ref(ip);
            assert!(found(one, true).await.unwrap_err().contains("not followed"), "{ip}");
            assert_eq!(found(one, false).await.unwrap().len(), 1, "{ip}");
        }
        // One public address among private ones is the one that is used.
        assert_eq!(found(&["10.0.0.1", "93.184.215.14", "::1"], true).await.unwrap(), ["93.184.215.14"]);
        for outside in [&["100.63.255.255"], &["100.128.0.1"], &["172.32.0.1"], &["2606:2800::1"]] {
            assert_eq!(found(outside, true).await.unwrap().len(), 1, "{outside:?}");
        }
        // A name without addresses is a matter of the network, not of trust.
        assert!(found(&[], true).await.unwrap().is_empty());
    }
}
