//! How a sandbox is to be started.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the gateway sends a client that may have the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Redirect {
    /// To a signed URL of the content delivery network, as for clients outside `us-west-2`.
    #[default]
    Cdn,
    /// To a presigned S3 URL, as for clients inside `us-west-2`.
    PresignedS3,
}

/// What a sandbox serves and how: the folder, the ports, the lifetimes, the kind of redirect.
///
/// ```
/// use std::time::Duration;
/// use swath_sandbox::{Redirect, SandboxOptions};
///
/// let options = SandboxOptions::new("granules")
///     .with_gateway(Redirect::PresignedS3)
///     .with_signed_url_lifetime(Duration::from_secs(60));
/// assert_eq!(options.gateway(), Redirect::PresignedS3);
/// ```
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    data: PathBuf,
    port: Option<u16>,
    signed_url_lifetime: Duration,
    credentials_lifetime: Duration,
    token_lifetime: Duration,
    gateway: Redirect,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            data: PathBuf::from("."),
            port: None,
            signed_url_lifetime: Duration::from_secs(3600),
            credentials_lifetime: Duration::from_secs(3600),
            token_lifetime: Duration::from_secs(60 * 86_400),
            gateway: Redirect::default(),
        }
    }
}

impl SandboxOptions {
    /// Options for the granules in `data`, with free ports and the lifetimes of the real services.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), ..Self::default() }
    }

    /// Serves the granules of this folder (see the crate's manual for its layout).
    pub fn with_data(mut self, data: impl Into<PathBuf>) -> Self {
        self.data = data.into();
        self
    }

    /// Listens on `port` and the four above it; 0 means free ports.
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = (port != 0).then_some(port);
        self
    }

    /// How long a signed URL lives (default 3600 s): whole seconds, and up to one more.
    pub fn with_signed_url_lifetime(mut self, lifetime: Duration) -> Self {
        self.signed_url_lifetime = lifetime;
        self
    }

    /// How long S3 credentials live (default 3600 s): whole seconds, and up to one more.
    pub fn with_credentials_lifetime(mut self, lifetime: Duration) -> Self {
        self.credentials_lifetime = lifetime;
        self
    }

    /// How long a token of Earthdata Login lives (default 60 days).
    pub fn with_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Where the gateway redirects to.
    pub fn with_gateway(mut self, gateway: Redirect) -> Self {
        self.gateway = gateway;
        self
    }

    /// The folder of granules.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The first of the five ports, or `None` for free ones.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// How long a signed URL lives.
    pub fn signed_url_lifetime(&self) -> Duration {
        self.signed_url_lifetime
    }

    /// How long S3 credentials live.
    pub fn credentials_lifetime(&self) -> Duration {
        self.credentials_lifetime
    }

    /// How long a token of Earthdata Login lives.
    pub fn token_lifetime(&self) -> Duration {
        self.token_lifetime
    }

    /// Where the gateway redirects to.
    pub fn gateway(&self) -> Redirect {
        self.gateway
    }
}
