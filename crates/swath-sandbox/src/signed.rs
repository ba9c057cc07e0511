//! Signed URLs: those of the content delivery network, and presigned ones of S3.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::credentials::{Credentials, Use, issue};
use crate::options::Redirect;
use crate::reply::{encode, query_value};
use crate::secret::{hexadecimal, hmac_sha256};
use crate::state::{State, now};

/// The region that all buckets are in.
pub(crate) const REGION: &str = "us-west-2";

/// The URL that the gateway sends a client to, good for one method.
pub(crate) fn url(state: &State, bucket: &str, key: &str, method: &str, user: &str) -> String {
    match state.options.gateway() {
        Redirect::Cdn => cdn_url(state, bucket, key, method, user),
        Redirect::PresignedS3 => s3_url(state, bucket, key, method, user),
    }
}

fn lifetime(state: &State) -> i64 {
    i64::try_from(state.options.signed_url_lifetime().as_secs()).unwrap_or(i64::MAX)
}

/// `/s3-<hash>/<bucket>.s3.us-west-2.amazonaws.com/<key>`: the network's paths name their origin.
fn cdn_url(state: &State, bucket: &str, key: &str, method: &str, user: &str) -> String {
    let hash = hexadecimal(&Sha256::digest(bucket)[..16]);
    let path = format!("/s3-{hash}/{bucket}.s3.{REGION}.amazonaws.com/{key}");
    let expires = now().saturating_add(lifetime(state));
    // The number of the URL stands where a key's name does, so that it need not be remembered.
    let pair = format!("KSANDBOX{:08}", state.next_serial());
    let signature = cdn_signature(state, &path, method, user, &expires.to_string(), &pair);
    let (path, user) = (encode(&path, "/"), encode(user, ""));
    format!(
        "{}{path}?A-userid={user}&Expires={expires}&Signature={signature}&Key-Pair-Id={pair}",
        state.origins.cdn
    )
}

fn cdn_signature(state: &State, path: &str, method: &str, user: &str, expires: &str, pair: &str) -> String {
    let text = [path, method, user, expires, pair].join("\n");
    BASE64_URL_SAFE_NO_PAD.encode(state.secret.mac("signed-url", text.as_bytes()))
}

/// Why the network refuses a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No signature at all.
    Missing,
    /// Wrong, for another method, or expired; the network does not say which.
    Denied,
}

/// Checks the query of a signed URL against the decoded path and the method.
pub(crate) fn check(state: &State, path: &str, method: &str, query: Option<&str>) -> Result<(), Refusal> {
    let value = |name| query_value(query, name);
    let pair = value("Key-Pair-Id").ok_or(Refusal::Missing)?;
    let (user, expires) = (value("A-userid").unwrap_or_default(), value("Expires").unwrap_or_default());
    let right = cdn_signature(state, path, method, &user, &expires, &pair);
    let serial = pair.strip_prefix("KSANDBOX").and_then(|number| number.parse().ok()).unwrap_or(0);
    let alive = expires.parse::<i64>().is_ok_and(|end| end >= now()) && !state.signed_url_expired(serial);
    let signed = value("Signature").is_some_and(|given| given == right);
    if signed && alive { Ok(()) } else { Err(Refusal::Denied) }
}

/// A presigned URL (AWS Signature Version 4, query form), made with credentials of the gateway.
fn s3_url(state: &State, bucket: &str, key: &str, method: &str, user: &str) -> String {
    let seconds = lifetime(state).clamp(1, 604_800);
    let credentials = issue(state, Use::SignedUrl, vec![format!("{bucket}/")], seconds + 300);
    let path = encode(&format!("/{bucket}/{key}"), "/");
    let query = presigned_query(state, &credentials, &path, method, user, seconds);
    format!("{}{path}?{query}", state.origins.s3)
}

fn presigned_query(
    state: &State,
    credentials: &Credentials,
    path: &str,
    method: &str,
    user: &str,
    seconds: i64,
) -> String {
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let date = stamp.split('T').next().unwrap_or_default().to_owned();
    let scope = format!("{date}/{REGION}/s3/aws4_request");
    let value = |text: &str| encode(text, "");
    // The canonical form wants the names in order of their bytes; they are written so.
    let query = [
        format!("A-userid={}", value(user)),
        "X-Amz-Algorithm=AWS4-HMAC-SHA256".to_owned(),
        format!("X-Amz-Credential={}", value(&format!("{}/{scope}", credentials.access_key))),
        format!("X-Amz-Date={stamp}"),
        format!("X-Amz-Expires={seconds}"),
        format!("X-Amz-Security-Token={}", value(&credentials.session_token)),
        "X-Amz-SignedHeaders=host".to_owned(),
    ]
    .join("&");
    let host = state.origins.s3.trim_start_matches("https://");
    let canonical = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let digest = hexadecimal(&Sha256::digest(canonical));
    let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}");
    let first = format!("AWS4{}", credentials.secret_key).into_bytes();
    let key = [date.as_str(), REGION, "s3", "aws4_request"]
        .iter()
        .fold(first, |key, part| hmac_sha256(&key, part.as_bytes()).to_vec());
    format!("{query}&X-Amz-Signature={}", hexadecimal(&hmac_sha256(&key, text.as_bytes())))
}
