//! Where requests go: to the hosts that were configured and where these lead in public, and nowhere else.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use swath::download::DownloadOptions;
use swath::http::Resolver;
use swath::search::Query;
use swath::{ErrorKind, Session};
use swath_sandbox::{Fault, Misbehaviour, Sandbox, Service};

use crate::archive::*;

/// Hosts of a certificate that the sandbox has, as they would be named outside.
const OUTSIDE: &str = "archive.s3.us-west-2.amazonaws.com";
const NAMED: &str = "named-by-a-redirect.s3.us-west-2.amazonaws.com";

/// A book of names in which every host is this machine, and which remembers who was looked up.
#[derive(Debug, Default)]
struct Book(Mutex<Vec<String>>);

impl Resolver for Book {
    fn resolve(&self, host: &str) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        self.0.lock().unwrap().push(host.to_owned());
        async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) }.boxed()
    }
}

fn port_of(sandbox: &Sandbox, service: Service) -> &str {
    sandbox.origin(service).rsplit(':').next().unwrap()
}

/// The address of a granule in public, whose server redirects to a name.
async fn redirecting() -> (Sandbox, String, String) {
    let sandbox = sandbox().await;
    let target = format!("https://{NAMED}:{}/x.h5", port_of(&sandbox, Service::Cdn));
    let rule = Misbehaviour::new(Service::Gateway, Fault::RedirectTo(target)).always();
    sandbox.misbehave(rule);
    let begin = format!("https://{OUTSIDE}:{}/NISAR/C/g/g.h5", port_of(&sandbox, Service::Gateway));
    let network = format!("{NAMED}:{}", port_of(&sandbox, Service::Cdn));
    (sandbox, begin, network)
}

#[tokio::test]
async fn a_redirect_to_a_name_of_a_private_address_is_not_followed() {
    let (sandbox, begin, _) = redirecting().await;
    let book = Arc::new(Book::default());
    let mut options = options(&sandbox);
    options.http.resolver = book.clone();
    let session = Session::new(options).unwrap();
    for _ in 0..2 {
        let error = mean(&session, &begin).await.unwrap_err();
        let said = format!("{error:?}");
        assert!(error.kind() == ErrorKind::Service && said.contains("not followed"), "{said}");
        assert!(said.contains(NAMED) && said.contains("127.0.0.1"), "{said}");
    }
    // What the user names is the user's business; what a redirect names is not connected to, nor tried five times.
    let log = sandbox.log();
    assert_eq!(log.iter().filter(|entry| entry.service == Service::Gateway).count(), 2);
    assert!(log.iter().all(|entry| entry.service != Service::Cdn));
    let asked = book.0.lock().unwrap();
    assert_eq!(asked.iter().filter(|host| *host == NAMED).count(), 2, "{asked:?}");
}

#[tokio::test]
async fn a_name_that_was_configured_may_be_private() {
    let (sandbox, begin, network) = redirecting().await;
    let mut options = options(&sandbox);
    options.http.resolver = Arc::new(Book::default());
    options.token_hosts = network;
    let error = mean(&Session::new(options).unwrap(), &begin).await.unwrap_err();
    // It was asked, and said of a URL without a signature what it says of those.
    assert!(sandbox.log().iter().any(|entry| entry.service == Service::Cdn), "{error:?}");
}

#[tokio::test]
async fn requests_go_to_the_configured_hosts_alone_and_say_who_asks() {
    let sandbox = sandbox().await;
    let (book, folder) = (Arc::new(Book::default()), tempfile::tempdir().unwrap());
    let mut options = options(&sandbox).with_cache(Some(folder.path().join("cache")));
    options.http.resolver = book.clone();
    let session = Session::new(options).unwrap();
    session.search(&Query::new().dataset("NISAR").processing_level("GCOV")).await.unwrap();
    for source in [GRANULE.to_owned(), sandbox.url_of(GRANULE), sandbox.s3_url_of(GRANULE)] {
        mean(&session, &source).await.unwrap();
    }
    session.check_login().await.unwrap();
    let download =
        session.download(&[GRANULE.to_owned()], &DownloadOptions::new(folder.path())).await.unwrap();
    assert!(download.failed.is_empty());
    assert!(session.examine().await.is_healthy());
    let services = [Service::Cmr, Service::EarthdataLogin, Service::Gateway, Service::Cdn, Service::S3];
    let configured: BTreeSet<String> =
        services.iter().map(|service| sandbox.origin(*service).replace("https://", "")).collect();
    let asked: BTreeSet<String> = session.ledger().entries().into_iter().map(|entry| entry.host).collect();
    // Each of them, and nobody else: no statistics, no news, no updates.
    assert_eq!(asked, configured);
    assert!(book.0.lock().unwrap().is_empty(), "a name was looked up");
    let agent = concat!("swath/", env!("CARGO_PKG_VERSION"));
    let log = sandbox.log();
    assert!(log.iter().all(|entry| entry.user_agent.as_deref() == Some(agent)), "{log:?}");
    assert_eq!(log.len() as u64, session.ledger().totals().requests, "the ledger is complete");
}
