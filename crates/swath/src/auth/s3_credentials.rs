//! Temporary S3 credentials: asked for once for all readers, and renewed before they die.
//!
//! The gateway's `/s3credentials` exchanges the Earthdata token for AWS credentials that live one hour
//! (thin-egress-app `app.py`; the expiration reads `2026-11-22 09:03:30+00:00`).

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{Login, Password};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Http, Purpose, Request, SafeUrl, meaning};

/// Credentials of AWS, valid until `expires`.
#[derive(Debug, Clone)]
pub(crate) struct S3Credentials {
    pub(crate) key: String,
    pub(crate) secret: Password,
    pub(crate) session_token: Password,
    pub(crate) expires: Timestamp,
    renew_at: Timestamp,
}

/// Where S3 credentials come from. Shared by all readers of a session: however many wait, one request is made.
pub(crate) struct CredentialSource {
    http: Http,
    login: Arc<Login>,
    address: SafeUrl,
    current: Mutex<Option<Arc<S3Credentials>>>,
}

impl fmt::Debug for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialSource({})", self.address)
    }
}

/// Renewed when less than this is left (longer than any one request with its retries), or less than a tenth of a
/// shorter life.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

impl CredentialSource {
    pub(crate) fn new(http: Http, login: Arc<Login>, address: SafeUrl) -> Self {
        Self { http, login, address, current: Mutex::new(None) }
    }

    /// The address that gives them.
    pub(crate) fn address(&self) -> &SafeUrl {
        &self.address
    }

    /// Credentials good for at least a few minutes.
    ///
    /// # Errors
    /// An authentication error when there is no good token; a service error when the endpoint does not answer.
    pub(crate) async fn credentials(&self) -> Result<Arc<S3Credentials>> {
        let mut current = self.current.lock().await;
        if let Some(known) = current.as_ref().filter(|known| known.is_fresh(self.http.now())) {
            return Ok(known.clone());
        }
        let fresh = Arc::new(self.ask().await?);
        *current = Some(fresh.clone());
        Ok(fresh)
    }

    /// Forgets `refused`, so that the next caller asks for new ones. Ten readers refused together cause one renewal.
    pub(crate) async fn forget(&self, refused: &S3Credentials) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|known| known.key == refused.key) {
            *current = None;
        }
    }

    async fn ask(&self) -> Result<S3Credentials> {
        let mut request = Request::get(Purpose::Credentials, self.address.clone());
        match self.login.token_for(&self.address).await? {
            Some(token) => request = request.bearer(&token),
            None => {
                return Err(Error::usage(format!(
                    "{} is not on the list of hosts that may see the token",
                    self.address.authority()
                ))
                .with_hint("add it to SWATH_TOKEN_HOSTS if you trust it"));
            }
        }
        let response = self.http.send(&request).await?;
        match response.status {
            200 if !response.is_html() => {
                S3Credentials::parse(&response.body, &self.address, self.http.now())
            }
            // The gateway sends whoever it does not recognise to the login page.
            300..=399 => Err(Error::new(
                ErrorKind::Authentication,
                format!("the token was refused by {}", self.address),
            )
            .with_hint(
                "get a new token at https://urs.earthdata.nasa.gov (Generate Token) and set EARTHDATA_TOKEN",
            )),
            _ => Err(meaning(&response, &self.address)),
        }
    }
}

impl S3Credentials {
    fn parse(body: &[u8], address: &SafeUrl, now: Timestamp) -> Result<Self> {
        // The parser's own message could quote a secret, so it is not passed on.
        let wrong = || Error::new(ErrorKind::Service, format!("{address} answered without S3 credentials"));
        let answer: Answer = serde_json::from_slice(body).map_err(|_| wrong())?;
        let expires: Timestamp =
            answer.expiration.parse().map_err(|_| wrong().because("its expiration is no date"))?;
        let margin = (expires.duration_since(now) / 10).clamp(SignedDuration::ZERO, MARGIN);
        Ok(Self {
            key: answer.access_key_id,
            secret: Password::new(answer.secret_access_key),
            session_token: Password::new(answer.session_token),
            expires,
            renew_at: expires.checked_sub(margin).unwrap_or(expires),
        })
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.renew_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_s_answer_is_read_and_its_age_known() {
        let body = br#"{"accessKeyId":"ASIAX","secretAccessKey":"canary1","sessionToken":"canary2","expiration":"2026-11-22 09:03:30+00:00"}"#;
        let address = SafeUrl::parse("https://h.example/s3credentials").unwrap();
        let credentials =
            S3Credentials::parse(body, &address, "2026-11-22T08:03:30Z".parse().unwrap()).unwrap();
        assert_eq!(credentials.expires.to_string(), "2026-11-22T09:03:30Z");
        assert!(credentials.is_fresh("2026-11-22T08:58:00Z".parse().unwrap()));
        assert!(!credentials.is_fresh("2026-11-22T08:58:31Z".parse().unwrap()));
        let late = S3Credentials::parse(body, &address, "2026-11-22T09:03:20Z".parse().unwrap()).unwrap();
        assert!(late.is_fresh("2026-11-22T09:03:28Z".parse().unwrap()));
        assert!(!late.is_fresh("2026-11-22T09:03:29Z".parse().unwrap()));
        assert!(!format!("{credentials:?}").contains("canary"));
    }

    #[test]
    fn an_odd_answer_is_an_error_that_quotes_nothing() {
        let address = SafeUrl::parse("https://h.example/s3credentials").unwrap();
        for body in [
            "",
            "{}",
            r#"{"accessKeyId":"a","secretAccessKey":"canary","sessionToken":"t","expiration":"x"}"#,
        ] {
            let error = S3Credentials::parse(body.as_bytes(), &address, Timestamp::now()).unwrap_err();
            assert!(!format!("{error:?}").contains("canary"));
        }
    }
}
