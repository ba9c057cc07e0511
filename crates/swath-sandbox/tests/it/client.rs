//! A plain client of the sandbox, and a folder of demo granules shared by all tests.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use swath_sandbox::{Sandbox, SandboxOptions, Service, unpack_demo};

/// A demo granule of the newest release.
pub(crate) const GRANULE: &str =
    "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";
/// The bucket of the products.
pub(crate) const BUCKET: &str = "sds-n-cumulus-prod-nisar-products";

static DEMO: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    unpack_demo(folder.path()).unwrap();
    folder
});

/// The folder of demo granules; not to be written to.
pub(crate) fn demo() -> &'static Path {
    DEMO.path()
}

/// The key of the granule in its bucket.
pub(crate) fn key() -> String {
    format!("NISAR_L2_GCOV_BETA_V1/{GRANULE}/{GRANULE}.h5")
}

/// The bytes of the granule's file.
pub(crate) fn bytes() -> Vec<u8> {
    std::fs::read(demo().join(BUCKET).join(key())).unwrap()
}

/// A sandbox and a client that trusts it, follows no redirect and waits at most a minute.
pub(crate) struct Lab {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(SandboxOptions::new(demo())).await
    }

    pub(crate) async fn with(options: SandboxOptions) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let client = client(sandbox.ca_pem());
        Self { sandbox, client }
    }

    pub(crate) fn url(&self, service: Service, path: &str) -> String {
        format!("{}{path}", self.sandbox.origin(service))
    }

    pub(crate) async fn get(&self, service: Service, path: &str) -> Response {
        self.client.get(self.url(service, path)).send().await.unwrap()
    }

    /// A request for the granule's data at the gateway, with a good token.
    pub(crate) fn data(&self) -> RequestBuilder {
        self.client.get(self.sandbox.url_of(GRANULE)).bearer_auth(self.sandbox.token("labuser", 60))
    }

    /// The signed URL that the gateway answers with.
    pub(crate) async fn signed_url(&self) -> String {
        let reply = self.data().send().await.unwrap();
        assert_eq!(reply.status(), 303);
        header(&reply, "location").unwrap()
    }

    /// A search by form.
    pub(crate) async fn search(&self, form: &[(&str, &str)]) -> Response {
        self.search_after(form, None).await
    }

    /// A search that goes on from a place.
    pub(crate) async fn search_after(&self, form: &[(&str, &str)], after: Option<&str>) -> Response {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = self
            .client
            .post(self.url(Service::Cmr, "/search/granules.umm_json"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        if let Some(after) = after {
            request = request.header("cmr-search-after", after);
        }
        request.send().await.unwrap()
    }
}

/// A header of an answer, as text.
pub(crate) fn header(reply: &Response, name: &str) -> Option<String> {
    reply.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
}

/// The JSON of an answer.
pub(crate) async fn json(reply: Response) -> serde_json::Value {
    serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap()
}

fn client(authority: &str) -> Client {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(60))
        .tls_backend_preconfigured(config)
        .build()
        .unwrap()
}
