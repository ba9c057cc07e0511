//! Logging in, staying logged in, logging out.

use std::path::PathBuf;

use jiff::Timestamp;

use super::Session;
use crate::auth::{Password, Token, TokenFile, TokenSource};
use crate::error::{Error, ErrorKind, Result};

/// Who is logged in, by which token, until when. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginStatus {
    /// Where the token was found.
    pub source: TokenSource,
    /// The user, as the token says itself.
    pub user: Option<String>,
    /// When the token expires, as it says itself.
    pub expiry: Option<Timestamp>,
    /// The file that keeps a token, whether or not it is the one in use.
    pub file: Option<PathBuf>,
}

impl LoginStatus {
    /// Whether the token says itself that it has expired.
    pub fn has_expired(&self) -> bool {
        self.expiry.is_some_and(|expiry| expiry <= Timestamp::now())
    }
}

impl Session {
    /// Who is logged in. No service is asked, unless user and password have to be exchanged for a token first.
    ///
    /// # Errors
    /// An authentication error when there is no token, or Earthdata Login refuses the password.
    pub async fn login_status(&self) -> Result<LoginStatus> {
        let (token, source) = self.store().login.token_and_source().await?;
        let file = self.store().login.token_file().map(TokenFile::path).filter(|path| path.exists());
        Ok(LoginStatus { source, user: token.user(), expiry: token.expiry(), file: file.map(Into::into) })
    }

    /// The token of a user: an existing one if the account has one, else a new one. The password goes to Earthdata Login
    /// and nowhere else.
    ///
    /// # Errors
    /// An authentication error when Earthdata Login refuses them.
    pub async fn token_of(&self, user: &str, password: &Password) -> Result<Token> {
        self.store().login.exchange(user, password, user).await
    }

    /// Asks ASF whether the token opens the archive.
    ///
    /// # Errors
    /// An authentication error when it does not; where the licence has not been accepted, its hint is the link to do so.
    pub async fn check_login(&self) -> Result<()> {
        self.store().credentials.credentials().await.map(drop)
    }

    /// Keeps the session's token for later ones, in a file that only its owner can read; the answer is its path.
    ///
    /// # Errors
    /// As [`Session::login`]; a usage error when there is no place for the file; a local one when it cannot be written.
    pub async fn keep_login(&self) -> Result<PathBuf> {
        let login = &self.store().login;
        let token = login.token().await?;
        let file = login.token_file().ok_or_else(|| {
            Error::usage("there is no place to keep the token").with_hint("set HOME or XDG_CONFIG_HOME")
        })?;
        file.save(&token)?;
        Ok(file.path().to_owned())
    }

    /// Removes the token that [`Session::keep_login`] kept; the answer is where it was, if there was one. The token itself
    /// stays valid until it expires or is revoked at Earthdata Login.
    ///
    /// # Errors
    /// A local error when the file cannot be removed.
    pub fn logout(&self) -> Result<Option<PathBuf>> {
        let Some(file) = self.store().login.token_file() else { return Ok(None) };
        let removed = file.remove().map_err(|error| match error.kind() {
            ErrorKind::Local => error.with_hint(format!("remove {} by hand", file.path().display())),
            _ => error,
        })?;
        Ok(removed.then(|| file.path().to_owned()))
    }
}
