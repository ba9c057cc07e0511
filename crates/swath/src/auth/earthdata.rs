//! Finding a token, and asking Earthdata Login for one.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use http::header;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::{Netrc, Token};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Http, Purpose, Request, SafeUrl, TokenHosts, meaning};

/// Asks the person in front for a token; `None` when there is nobody to ask.
pub(crate) type Prompt = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Where the token may come from, and where Earthdata Login is.
#[derive(Clone, Default)]
pub(crate) struct LoginOptions {
    pub(crate) token: Option<Token>,
    pub(crate) environment_token: Option<String>,
    pub(crate) netrc: Option<PathBuf>,
    pub(crate) prompt: Option<Prompt>,
}

/// The login of one session: the token is looked for once, when it is first needed.
pub(crate) struct Login {
    http: Http,
    address: SafeUrl,
    hosts: TokenHosts,
    options: LoginOptions,
    token: OnceCell<Token>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({})", self.address)
    }
}

/// Earthdata Login's answer to `find_or_create_token`.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
}

impl Login {
    pub(crate) fn new(http: Http, address: SafeUrl, hosts: TokenHosts, options: LoginOptions) -> Self {
        Self { http, address, hosts, options, token: OnceCell::new() }
    }

    /// The token for `url`, or `None` when its host is not on the list of those that may see it.
    ///
    /// # Errors
    /// As [`Login::token`].
    pub(crate) async fn token_for(&self, url: &SafeUrl) -> Result<Option<Token>> {
        if self.hosts.allow(url.secret()) { self.token().await.map(Some) } else { Ok(None) }
    }

    /// The token.
    ///
    /// # Errors
    /// An authentication error when there is none, when it has expired, or when Earthdata Login refuses the password.
    pub(crate) async fn token(&self) -> Result<Token> {
        let token = self.token.get_or_try_init(|| self.find()).await?;
        token.check_expiry(Timestamp::now())?;
        Ok(token.clone())
    }

    async fn find(&self) -> Result<Token> {
        if let Some(token) = &self.options.token {
            return Ok(token.clone());
        }
        if let Some(text) = self.options.environment_token.as_deref().filter(|text| !text.trim().is_empty()) {
            return Token::parse(text).map_err(|error| error.in_context("EARTHDATA_TOKEN cannot be used"));
        }
        let machine = self.address.secret().host_str().unwrap_or_default();
        if let Some(path) = &self.options.netrc
            && let Some(entry) = Netrc::find(path, machine)?
        {
            return self.exchange(&entry).await;
        }
        if let Some(text) = self.options.prompt.as_ref().and_then(|ask| ask()) {
            return Token::parse(&text);
        }
        Err(Error::new(ErrorKind::Authentication, "no Earthdata Login token was found").with_hint(
            "get one at https://urs.earthdata.nasa.gov (Generate Token) and set EARTHDATA_TOKEN, \
             or put user and password in ~/.netrc",
        ))
    }

    /// Exchanges user and password for a token: an existing one if the account has one, else a new one.
    async fn exchange(&self, entry: &Netrc) -> Result<Token> {
        let url = SafeUrl::parse(&format!(
            "{}/api/users/find_or_create_token",
            self.address.identity().trim_end_matches('/')
        ))?;
        let plain = format!("{}:{}", entry.login, entry.password.secret());
        let basic = base64::engine::general_purpose::STANDARD.encode(plain);
        let mut request = Request::post_form::<&str, &str>(Purpose::Login, url.clone(), &[])
            .header(header::AUTHORIZATION, &format!("Basic {basic}"));
        if let Some(value) = request.headers.get_mut(header::AUTHORIZATION) {
            value.set_sensitive(true);
        }
        let response = self.http.send(&request).await?;
        if response.status == 401 {
            return Err(Error::new(
                ErrorKind::Authentication,
                "Earthdata Login refused the user and password of the netrc file",
            )
            .with_hint("check them at https://urs.earthdata.nasa.gov"));
        }
        if response.status != 200 {
            return Err(meaning(&response, &url));
        }
        let answer: TokenAnswer = serde_json::from_slice(&response.body).map_err(|error| {
            Error::new(ErrorKind::Service, format!("{url} answered without a token")).because(error)
        })?;
        Token::parse(&answer.access_token)
    }
}
