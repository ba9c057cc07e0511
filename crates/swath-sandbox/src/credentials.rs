//! Temporary S3 credentials, as the security token service issues them through `/s3credentials`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::{State, now};

/// What credentials were issued for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Use {
    /// A user, through `/s3credentials`.
    User,
    /// The gateway itself, to presign a URL.
    SignedUrl,
}

/// What a session token says, under its signature.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    access_key: String,
    expires: i64,
    serial: u64,
    allow: Vec<String>,
    pub(crate) purpose: Use,
    pad: String,
}

/// A key pair and its token.
pub(crate) struct Credentials {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) session_token: String,
    expires: i64,
}

/// Why S3 refuses a session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not signed here, or for another key.
    Invalid,
    /// Its time is over.
    Expired,
    /// It belongs to a signed URL that was ended on purpose.
    UrlExpired,
}

/// Issues credentials that may read objects under the prefixes `bucket/…` for so many seconds.
pub(crate) fn issue(state: &State, purpose: Use, allow: Vec<String>, seconds: i64) -> Credentials {
    let access_key = access_key(&state.secret.draw());
    let pad: Vec<u8> = (0..12).flat_map(|_| state.secret.draw()).collect();
    let grant = Grant {
        access_key: access_key.clone(),
        expires: now().saturating_add(seconds),
        serial: state.next_serial(),
        allow,
        purpose,
        // Real tokens are about a kilobyte long; clients should meet such headers here too.
        pad: BASE64_STANDARD.encode(pad),
    };
    let mut token = serde_json::to_vec(&grant).unwrap_or_default();
    token.extend(state.secret.mac("session", &token));
    Credentials {
        secret_key: secret_key(state, &access_key),
        access_key,
        session_token: BASE64_STANDARD.encode(token),
        expires: grant.expires,
    }
}

impl Credentials {
    /// The answer of `/s3credentials`; its date has a space and an offset, so it is not RFC 3339
    /// as most parsers want it.
    pub(crate) fn to_json(&self) -> Value {
        let expires = jiff::Timestamp::from_second(self.expires).unwrap_or(jiff::Timestamp::MAX);
        json!({
            "accessKeyId": self.access_key,
            "secretAccessKey": self.secret_key,
            "sessionToken": self.session_token,
            "expiration": expires.strftime("%Y-%m-%d %H:%M:%S+00:00").to_string(),
        })
    }
}

/// The secret key that belongs to a temporary access key; `None` if it is not of that kind.
pub(crate) fn secret_of(state: &State, access_key: &str) -> Option<String> {
    let temporary = access_key.len() == 20 && access_key.starts_with("ASIA");
    temporary.then(|| secret_key(state, access_key))
}

fn secret_key(state: &State, access_key: &str) -> String {
    let mut key = BASE64_STANDARD.encode(state.secret.mac("secret-key", access_key.as_bytes()));
    key.truncate(40);
    key
}

/// `ASIA` and sixteen characters of base 32.
fn access_key(random: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let tail = random.iter().take(16).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    std::iter::once("ASIA".to_owned()).chain(tail.map(String::from)).collect()
}

/// Checks a session token for the key that it came with.
pub(crate) fn check(state: &State, access_key: &str, token: &str) -> Result<Grant, Refusal> {
    let grant = open(state, token).filter(|grant| grant.access_key == access_key).ok_or(Refusal::Invalid)?;
    match grant.purpose {
        Use::User if state.credentials_expired(grant.serial) => Err(Refusal::Expired),
        Use::SignedUrl if state.signed_url_expired(grant.serial) => Err(Refusal::UrlExpired),
        _ if grant.expires < now() => Err(Refusal::Expired),
        _ => Ok(grant),
    }
}

fn open(state: &State, token: &str) -> Option<Grant> {
    let raw = BASE64_STANDARD.decode(token).ok()?;
    let (text, tag) = raw.split_at(raw.len().checked_sub(32)?);
    state.secret.verify("session", text, tag).then_some(())?;
    serde_json::from_slice(text).ok()
}

impl Grant {
    /// Whether the object or bucket `target` (`bucket/key`, `bucket/`) may be read.
    pub(crate) fn allows(&self, target: &str) -> bool {
        self.allow.iter().any(|prefix| target.starts_with(prefix.as_str()))
    }
}
