//! Tokens in the shape of JSON web tokens: bearer tokens, login codes and session cookies.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::log::lock;
use crate::secret::Secret;
use crate::state::{State, now};

/// Who may log in: name, password, whether the licence agreement is accepted.
const USERS: [(&str, &str, bool); 2] = [("labuser", "labpass", true), ("noeula", "labpass", false)];
/// The client identifier of the gateway at Earthdata Login.
pub(crate) const CLIENT_ID: &str = "sandbox-gateway";

/// What a token is for; one kind is never taken for another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Bearer,
    Code,
    Cookie,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Code => "code",
            Self::Cookie => "cookie",
        }
    }
}

/// A token's content, and whether it is to be believed.
pub(crate) struct Read {
    pub(crate) claims: Value,
    /// Signature right and not expired.
    pub(crate) good: bool,
}

/// Makes a token. Its signature is a keyed hash, repeated to the 256 bytes that an RS256
/// signature has, so that headers are as long as in life.
pub(crate) fn sign(secret: &Secret, purpose: Purpose, claims: &Value) -> String {
    let head = json!({"typ": "JWT", "origin": "Earthdata Login", "sig": "edljwtpubkey_ops", "alg": "RS256"});
    let [head, claims] = [&head, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = format!("{head}.{claims}");
    let signature = secret.mac(purpose.name(), text.as_bytes()).repeat(8);
    format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// Reads a token; nothing if it does not have the shape of one.
pub(crate) fn read(secret: &Secret, purpose: Purpose, token: &str) -> Option<Read> {
    let (text, signature) = token.rsplit_once('.')?;
    let claims: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?).ok()?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    let signed = signature.len() == 256
        && signature.chunks(32).all(|tag| secret.verify(purpose.name(), text.as_bytes(), tag));
    let good = signed && claims["exp"].as_i64().unwrap_or(0) > now();
    Some(Read { claims, good })
}

/// A bearer token of Earthdata Login; negative seconds make an expired one.
pub(crate) fn bearer(secret: &Secret, user: &str, seconds: i64) -> String {
    let issued = now();
    let claims = json!({
        "type": "User", "uid": user, "exp": issued.saturating_add(seconds), "iat": issued,
        "iss": "https://urs.earthdata.nasa.gov", "identity_provider": "edl_ops", "acr": "edl", "assurance_level": 3,
        // Without it two tokens of one second would be one, and revoking one would end both.
        "jti": BASE64_URL_SAFE_NO_PAD.encode(&secret.draw()[..12]),
    });
    sign(secret, Purpose::Bearer, &claims)
}

/// What Earthdata Login says of a bearer token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The user it belongs to.
    User(String),
    /// Not a token of ours, expired, or revoked.
    Invalid,
    /// A user who has not accepted the licence agreement.
    NoAgreement,
}

/// Judges a bearer token.
pub(crate) fn verdict(state: &State, token: &str) -> Verdict {
    match read(&state.secret, Purpose::Bearer, token) {
        Some(read) if read.good && !lock(&state.revoked).contains(token) => {
            let user = read.claims["uid"].as_str().unwrap_or_default().to_owned();
            let agreed = USERS.iter().find(|known| known.0 == user).is_none_or(|known| known.2);
            if agreed { Verdict::User(user) } else { Verdict::NoAgreement }
        }
        _ => Verdict::Invalid,
    }
}

/// Whether this is a user's password.
pub(crate) fn password_is_right(user: &str, password: &str) -> bool {
    USERS.iter().any(|known| (known.0, known.1) == (user, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_believed_for_their_purpose_until_they_expire() {
        let secret = Secret::random().unwrap();
        let token = bearer(&secret, "labuser", 60);
        assert_eq!(token.split('.').count(), 3);
        assert!(read(&secret, Purpose::Bearer, &token).unwrap().good);
        assert!(!read(&secret, Purpose::Cookie, &token).unwrap().good);
        assert!(!read(&secret, Purpose::Bearer, &bearer(&secret, "labuser", -1)).unwrap().good);
        assert!(!read(&Secret::random().unwrap(), Purpose::Bearer, &token).unwrap().good);
    }

    #[test]
    fn what_is_no_token_is_nothing() {
        let secret = Secret::random().unwrap();
        for text in ["", ".", "..", "a.b.c", "not-a-token", "é.é.é"] {
            assert!(read(&secret, Purpose::Bearer, text).is_none(), "{text}");
        }
    }
}
