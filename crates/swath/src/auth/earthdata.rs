//! Finding a token, and asking Earthdata Login for one.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use http::header;
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::{Netrc, Password, Token, TokenFile};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Http, Purpose, Request, Response, SafeUrl, TokenHosts, meaning};

/// Asks the person in front for a token; `None` when there is nobody to ask.
pub(crate) type Prompt = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Where the token may come from.
#[derive(Clone, Default)]
pub(crate) struct LoginOptions {
    pub(crate) token: Option<Token>,
    pub(crate) environment_token: Option<String>,
    pub(crate) password: Option<(String, Password)>,
    pub(crate) token_file: Option<TokenFile>,
    pub(crate) netrc: Option<PathBuf>,
    pub(crate) prompt: Option<Prompt>,
}

/// Where a token was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenSource {
    /// Given by the caller.
    Given,
    /// `EARTHDATA_TOKEN`.
    Environment,
    /// Exchanged for a user and password: those given, or `EARTHDATA_USERNAME` and `EARTHDATA_PASSWORD`.
    Password,
    /// The file that `swath login` keeps.
    File,
    /// Exchanged for the user and password of the netrc file.
    Netrc,
    /// Typed by the person in front.
    Prompt,
}

impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "the caller",
            Self::Environment => "EARTHDATA_TOKEN",
            Self::Password => "user and password",
            Self::File => "swath login",
            Self::Netrc => "the netrc file",
            Self::Prompt => "the prompt",
        })
    }
}

/// The login of one session: the token is looked for once, when it is first needed.
pub(crate) struct Login {
    http: Http,
    address: SafeUrl,
    hosts: TokenHosts,
    options: LoginOptions,
    found: OnceCell<(Token, TokenSource)>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({})", self.address)
    }
}

/// A token as Earthdata Login gives it, alone or in a list.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
}

impl Login {
    pub(crate) fn new(http: Http, address: SafeUrl, hosts: TokenHosts, options: LoginOptions) -> Self {
        Self { http, address, hosts, options, found: OnceCell::new() }
    }

    /// Earthdata Login's address.
    pub(crate) fn address(&self) -> &SafeUrl {
        &self.address
    }

    /// The token for `url`, or `None` when its host is not on the list of those that may see it.
    ///
    /// # Errors
    /// As [`Login::token`].
    pub(crate) async fn token_for(&self, url: &SafeUrl) -> Result<Option<Token>> {
        if self.hosts.allow(url.secret()) { self.token().await.map(Some) } else { Ok(None) }
    }

    /// Whether `url` leads to a host that may see the token.
    pub(crate) fn may_see(&self, url: &url::Url) -> bool {
        self.hosts.allow(url)
    }

    /// The token.
    ///
    /// # Errors
    /// An authentication error when there is none, when it has expired, or when Earthdata Login refuses the password.
    pub(crate) async fn token(&self) -> Result<Token> {
        let (token, _) = self.token_and_source().await?;
        token.check_expiry(self.http.now())?;
        Ok(token)
    }

    /// The token and where it was found; it may have expired.
    ///
    /// # Errors
    /// As [`Login::token`].
    pub(crate) async fn token_and_source(&self) -> Result<(Token, TokenSource)> {
        self.found.get_or_try_init(|| self.find()).await.cloned()
    }

    /// The file that keeps the token, if there is a place for one.
    pub(crate) fn token_file(&self) -> Option<&TokenFile> {
        self.options.token_file.as_ref()
    }

    async fn find(&self) -> Result<(Token, TokenSource)> {
        let options = &self.options;
        if let Some(token) = &options.token {
            return Ok((token.clone(), TokenSource::Given));
        }
        if let Some(text) = options.environment_token.as_deref().filter(|text| !text.trim().is_empty()) {
            let token =
                Token::parse(text).map_err(|error| error.in_context("EARTHDATA_TOKEN cannot be used"));
            return Ok((token?, TokenSource::Environment));
        }
        if let Some((user, password)) = &options.password {
            return Ok((self.exchange(user, password, user).await?, TokenSource::Password));
        }
        let kept = options.token_file.as_ref().map_or(Ok(None), TokenFile::load)?;
        // A token that has expired is worth nothing, but better than no reason why there is none.
        let expired = match kept {
            Some(token) if token.check_expiry(self.http.now()).is_ok() => {
                return Ok((token, TokenSource::File));
            }
            other => other,
        };
        let machine = self.address.secret().host_str().unwrap_or_default();
        if let Some(path) = &options.netrc
            && let Some(entry) = Netrc::find(path, machine)?
        {
            let token = self.exchange(&entry.login, &entry.password, "the netrc file").await?;
            return Ok((token, TokenSource::Netrc));
        }
        if let Some(text) = options.prompt.as_ref().and_then(|ask| ask()) {
            return Ok((Token::parse(&text)?, TokenSource::Prompt));
        }
        expired.map(|token| (token, TokenSource::File)).ok_or_else(|| {
            Error::new(ErrorKind::Authentication, "no Earthdata Login token was found").with_hint(
                "run `swath login`; or get a token at https://urs.earthdata.nasa.gov (Generate Token) and set \
                 EARTHDATA_TOKEN, or put user and password in ~/.netrc",
            )
        })
    }

    /// Exchanges user and password for a token: an existing one if the account has one, else a new one.
    ///
    /// # Errors
    /// An authentication error when Earthdata Login refuses them, or the account holds as many tokens as it may and none
    /// of them can be used; `from` says whose they are.
    pub(crate) async fn exchange(&self, user: &str, password: &Password, from: &str) -> Result<Token> {
        let basic = format!("{user}:{}", password.secret());
        let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(basic));
        let url = self.page("api/users/find_or_create_token")?;
        let request = Request::post_form::<&str, &str>(Purpose::Login, url.clone(), &[]);
        let response = self.http.send(&with_password(request, &basic)).await?;
        match response.status {
            200 => Token::parse(&answer::<TokenAnswer>(&response, &url)?.access_token),
            401 => {
                let what = format!("Earthdata Login refused the user and password of {from}");
                Err(Error::new(ErrorKind::Authentication, what)
                    .with_hint("check them at https://urs.earthdata.nasa.gov"))
            }
            // An account may hold two tokens (max_token_limit): one of them will do. None is ever revoked here.
            403 | 409 | 422 => match self.newest_token(&basic).await? {
                Some(token) => Ok(token),
                None => Err(meaning(&response, &url).with_hint(
                    "the account may hold two tokens; revoke one at https://urs.earthdata.nasa.gov (Generate Token)",
                )),
            },
            _ => Err(meaning(&response, &url)),
        }
    }

    /// Of the account's tokens the one that lives longest, if one is alive.
    async fn newest_token(&self, basic: &str) -> Result<Option<Token>> {
        let url = self.page("api/users/tokens")?;
        let response =
            self.http.send(&with_password(Request::get(Purpose::Login, url.clone()), basic)).await?;
        if response.status != 200 {
            return Ok(None);
        }
        let now = self.http.now();
        let tokens = answer::<Vec<TokenAnswer>>(&response, &url)?;
        let alive = tokens.iter().filter_map(|one| Token::parse(&one.access_token).ok());
        Ok(alive.filter(|token| token.check_expiry(now).is_ok()).max_by_key(Token::expiry))
    }

    fn page(&self, path: &str) -> Result<SafeUrl> {
        SafeUrl::parse(&format!("{}/{path}", self.address.identity().trim_end_matches('/')))
    }
}

fn with_password(request: Request, basic: &str) -> Request {
    let mut request = request.header(header::AUTHORIZATION, basic);
    if let Some(value) = request.headers.get_mut(header::AUTHORIZATION) {
        value.set_sensitive(true);
    }
    request
}

/// The answer as JSON. The parser's own message could quote a token, so it is not passed on.
fn answer<T: serde::de::DeserializeOwned>(response: &Response, url: &SafeUrl) -> Result<T> {
    serde_json::from_slice(&response.body)
        .map_err(|_| Error::new(ErrorKind::Service, format!("{url} answered without a token")))
}
