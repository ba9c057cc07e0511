//! The sandbox itself: five listeners, and what a test or a demonstration needs to use them.

use std::fmt;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::archive::{Archive, PRODUCTS};
use crate::error::{Error, Result};
use crate::granule::Granule;
use crate::log::{LogEntry, lock};
use crate::misbehave::Misbehaviour;
use crate::options::SandboxOptions;
use crate::secret::Secret;
use crate::serve::Server;
use crate::state::{Origins, State};
use crate::{s3, tls, token};

/// One of the services of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The catalogue: `cmr.earthdata.nasa.gov`.
    Cmr,
    /// The login: `urs.earthdata.nasa.gov`.
    EarthdataLogin,
    /// The gateway in front of the data: `nisar.asf.earthdatacloud.nasa.gov`.
    Gateway,
    /// The content delivery network that the gateway redirects to: `….cloudfront.net`.
    Cdn,
    /// The object store: `s3.us-west-2.amazonaws.com`.
    S3,
}

impl Service {
    /// Its word in orders and logs: `cmr`, `login`, `gateway`, `cdn`, `s3`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cmr => "cmr",
            Self::EarthdataLogin => "login",
            Self::Gateway => "gateway",
            Self::Cdn => "cdn",
            Self::S3 => "s3",
        }
    }
}

/// All services, in the order of their ports.
pub(crate) const SERVICES: [Service; 5] =
    [Service::Cmr, Service::EarthdataLogin, Service::Gateway, Service::Cdn, Service::S3];

/// A running sandbox. Dropping it ends the services and closes their connections.
pub struct Sandbox {
    state: Arc<State>,
    authority_pem: String,
    authority_file: Mutex<Option<PathBuf>>,
    servers: JoinSet<()>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("data", &self.state.options.data())
            .field("origins", &self.state.origins)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts all services; they are reachable when this returns. Needs a Tokio runtime with
    /// time and network, and lives no longer than it.
    ///
    /// # Errors
    /// [`Error::Data`] if the folder cannot be read, [`Error::Port`] or [`Error::PortRange`] if a
    /// port is not to be had, [`Error::Certificate`] if no certificates can be made.
    pub async fn start(options: SandboxOptions) -> Result<Self> {
        let archive = Archive::open(options.data())?;
        let certificates = tls::certificates()?;
        let mut listeners = Vec::with_capacity(SERVICES.len());
        let mut urls = Vec::with_capacity(SERVICES.len());
        for offset in 0..SERVICES.len() as u16 {
            let (listener, url) = listen(options.port(), offset).await?;
            listeners.push(listener);
            urls.push(url);
        }
        let mut urls = urls.into_iter();
        let mut next = || urls.next().unwrap_or_default();
        let origins = Origins { cmr: next(), login: next(), gateway: next(), cdn: next(), s3: next() };
        let state = Arc::new(State::new(options, archive, origins, Secret::random()?));
        let s3 = s3::service(&state)?;
        let mut servers = JoinSet::new();
        for (service, listener) in SERVICES.into_iter().zip(listeners) {
            let acceptor = certificates.acceptor.clone();
            let server = Server { service, state: state.clone(), s3: s3.clone(), acceptor };
            servers.spawn(server.run(listener));
        }
        let authority_pem = certificates.authority_pem;
        Ok(Self { state, authority_pem, authority_file: Mutex::new(None), servers })
    }

    /// The environment that makes swath use this sandbox in place of NASA's services.
    ///
    /// `SWATH_CMR_URL`, `SWATH_EDL_URL` and `SWATH_S3_ENDPOINT_URL` are origins without a path,
    /// `SWATH_S3CREDENTIALS_URL` has its path, `SWATH_TOKEN_HOSTS` lists `host:port` of gateway
    /// and login, separated by a comma. `EARTHDATA_TOKEN` is a new token of `labuser`.
    /// `SSL_CERT_FILE` is there once [`Sandbox::write_ca`] has written the file. `NO_PROXY` keeps
    /// loopback away from a proxy.
    pub fn environment(&self) -> Vec<(String, String)> {
        let origins = &self.state.origins;
        let hosts =
            [&origins.gateway, &origins.login].map(|url| url.trim_start_matches("https://")).join(",");
        let lifetime = i64::try_from(self.state.options.token_lifetime().as_secs()).unwrap_or(i64::MAX);
        let mut pairs = vec![
            ("SWATH_CMR_URL", origins.cmr.clone()),
            ("SWATH_EDL_URL", origins.login.clone()),
            ("SWATH_S3CREDENTIALS_URL", format!("{}/s3credentials", origins.gateway)),
            ("SWATH_S3_ENDPOINT_URL", origins.s3.clone()),
            ("SWATH_TOKEN_HOSTS", hosts),
            ("SWATH_ALLOW_HTTP", "loopback".to_owned()),
            ("NO_PROXY", "127.0.0.1,localhost".to_owned()),
            ("EARTHDATA_TOKEN", self.token("labuser", lifetime)),
        ];
        if let Some(file) = lock(&self.authority_file).as_ref() {
            pairs.push(("SSL_CERT_FILE", file.display().to_string()));
        }
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Where a service is reached: `https://127.0.0.1:<port>`, without a path.
    pub fn origin(&self, service: Service) -> &str {
        let origins = &self.state.origins;
        match service {
            Service::Cmr => &origins.cmr,
            Service::EarthdataLogin => &origins.login,
            Service::Gateway => &origins.gateway,
            Service::Cdn => &origins.cdn,
            Service::S3 => &origins.s3,
        }
    }

    /// The certificate authority of this sandbox, in PEM; clients must trust it.
    pub fn ca_pem(&self) -> &str {
        &self.authority_pem
    }

    /// Writes the certificate authority to a file, which [`Sandbox::environment`] then names.
    ///
    /// # Errors
    /// [`Error::Write`] if the file cannot be written.
    pub fn write_ca(&self, path: &Path) -> Result<()> {
        let fault = |source| Error::Write { path: path.to_owned(), source };
        // A new file, not one that somebody has put there, nor what a link of theirs leads to.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fault(error)),
            _ => {}
        }
        let mut file = std::fs::File::options().write(true).create_new(true).open(path).map_err(fault)?;
        file.write_all(self.authority_pem.as_bytes()).map_err(fault)?;
        *lock(&self.authority_file) = Some(path.canonicalize().map_err(fault)?);
        Ok(())
    }

    /// A bearer token of Earthdata Login for a user, good for so many seconds; negative ones make
    /// an expired token. The user `noeula` has not accepted the licence agreement; every other
    /// name is let in.
    pub fn token(&self, user: &str, seconds: i64) -> String {
        token::bearer(&self.state.secret, user, seconds)
    }

    /// The gateway's URL of a granule's main file, by the granule's name. A granule that is not
    /// in the folder has one too; asking for it gives 404.
    pub fn url_of(&self, granule: &str) -> String {
        format!("{}/NISAR/{}", self.state.origins.gateway, self.key_of(granule))
    }

    /// The S3 URL of a granule's main file: `s3://<bucket>/<key>`.
    pub fn s3_url_of(&self, granule: &str) -> String {
        format!("s3://{PRODUCTS}/{}", self.key_of(granule))
    }

    fn key_of(&self, granule: &str) -> String {
        let stored = self.state.archive.granule(granule).map(|stored| stored.collection);
        let guessed = || Granule::parse(granule).map(|granule| granule.collection());
        let collection = stored.or_else(guessed).unwrap_or_else(|| "UNKNOWN".to_owned());
        format!("{collection}/{granule}/{granule}.h5")
    }

    /// Lets a service misbehave from now on, as told; several misbehaviours add up.
    pub fn misbehave(&self, misbehaviour: Misbehaviour) {
        self.state.misbehave(misbehaviour);
    }

    /// Ends all misbehaviours that still wait for requests. What has been expired stays so.
    pub fn behave(&self) {
        self.state.rules.clear();
    }

    /// Breaks every connection, as a service does that is started anew; returns when they are
    /// broken. What was asked on them and is not answered by then never will be, and never gets
    /// into the log: requests of a client that has gone may still wait to be read.
    pub async fn disconnect(&self) {
        self.state.disconnect().await;
    }

    /// All requests since the start, or since [`Sandbox::clear_log`], in the order of their
    /// answers; of more than 100,000 the last.
    pub fn log(&self) -> Vec<LogEntry> {
        self.state.log.snapshot()
    }

    /// The most requests that a service has had in progress at one time, from the head of the request to the last byte of the
    /// answer, since the start or [`Sandbox::clear_log`].
    pub fn most_at_once(&self, service: Service) -> usize {
        self.state.progress.most(service)
    }

    /// Empties the log, and begins to count anew what is in progress.
    pub fn clear_log(&self) {
        self.state.log.clear();
        self.state.progress.forget();
    }

    /// Ends all services and their connections; returns when nobody listens any more.
    pub async fn stop(mut self) {
        self.servers.shutdown().await;
    }
}

/// Binds one service; returns its origin too.
async fn listen(base: Option<u16>, offset: u16) -> Result<(TcpListener, String)> {
    let port = match base {
        None => 0,
        Some(base) => base.checked_add(offset).ok_or(Error::PortRange { port: base })?,
    };
    let fault = |source| Error::Port { port, source };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    Ok((listener, format!("https://{address}")))
}
