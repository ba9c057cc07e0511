//! Secrets that cannot be printed.

use std::fmt;

use base64::Engine as _;
use http::header::HeaderValue;
use jiff::Timestamp;

use crate::error::{Error, Result};

/// An Earthdata Login bearer token. `Debug` and `Display` show that there is one, never what it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(HeaderValue);

impl Token {
    /// Takes a token as copied from Earthdata Login; surrounding white space is dropped.
    ///
    /// # Errors
    /// A usage error when it is empty or holds characters that no token has.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        let header = plain.then(|| HeaderValue::try_from(format!("Bearer {text}")).ok()).flatten();
        let mut header = header.ok_or_else(|| {
            Error::usage("the Earthdata token is empty or holds spaces or control characters")
                .with_hint("copy it again from https://urs.earthdata.nasa.gov (Generate Token)")
        })?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// The token itself, to be kept. Never print it.
    pub(crate) fn secret(&self) -> &str {
        self.0.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default()
    }

    /// The claims of a JSON web token (RFC 7519); `None` for any other.
    fn claims(&self) -> Option<serde_json::Value> {
        let payload = self.secret().split('.').nth(1)?;
        let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Whose token it is, as it says itself (claim `uid`); `None` when it says nothing that can be read.
    pub fn user(&self) -> Option<String> {
        let claims = self.claims()?;
        let user = claims.get("uid")?.as_str()?;
        (!user.is_empty() && user.len() <= 100 && !user.contains(char::is_control)).then(|| user.to_owned())
    }

    /// When the token expires, as it says itself (claim `exp` of a JSON web token, RFC 7519 §4.1.4); `None` when it
    /// says nothing that can be read. The signature is not checked: that is the service's business.
    pub fn expiry(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.claims()?.get("exp")?.as_i64()?).ok()
    }

    /// An error when the token says itself that it has expired.
    pub(crate) fn check_expiry(&self, now: Timestamp) -> Result<()> {
        match self.expiry() {
            Some(expiry) if expiry <= now => Err(Error::new(
                crate::ErrorKind::Authentication,
                format!("the Earthdata token expired at {expiry}"),
            )
            .with_hint(
                "run `swath login`; or get a new token at https://urs.earthdata.nasa.gov (Generate Token) and set \
                 EARTHDATA_TOKEN",
            )),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A password or secret key. It prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.sig", encode("{}"), encode(claims))
    }

    #[test]
    fn a_token_never_prints_itself() {
        let token = Token::parse(" canary-token \n").unwrap();
        assert!(!format!("{token:?} {token} {:?}", token.header()).contains("canary"));
        assert_eq!(token.header().to_str().unwrap(), "Bearer canary-token");
        assert!(!format!("{:?}", Password::new("canary")).contains("canary"));
    }

    #[test]
    fn a_token_tells_its_expiry() {
        let token = Token::parse(&jwt(r#"{"exp":1763769600}"#)).unwrap();
        assert_eq!(token.expiry().unwrap().to_string(), "2025-11-22T00:00:00Z");
        assert!(token.check_expiry("2025-11-22T00:00:01Z".parse().unwrap()).is_err());
        assert!(token.check_expiry("2025-11-21T00:00:01Z".parse().unwrap()).is_ok());
        assert_eq!(Token::parse("opaque").unwrap().expiry(), None);
    }

    #[test]
    fn odd_tokens_are_refused_without_being_repeated() {
        for text in ["", "  ", "two words", "new\nline", "caf\u{e9}"] {
            let error = Token::parse(text).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
            assert!(text.trim().is_empty() || !format!("{error:?}").contains(text));
        }
    }
}
