//! Signed URLs: made for S3 with temporary credentials, and read for how long they live.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use url::Url;

use crate::auth::S3Credentials;
use crate::error::{Error, Result};
use crate::http::SafeUrl;

/// NASA's buckets are all here.
pub(super) const REGION: &str = "us-west-2";
/// The regional endpoint; the bucket is put in front of the host.
const ENDPOINT: &str = "https://s3.us-west-2.amazonaws.com";

/// An S3 service that is not AWS's own: its buckets are the first part of the path.
#[derive(Debug, Clone)]
pub(crate) struct S3Endpoint {
    url: SafeUrl,
    region: String,
}

impl S3Endpoint {
    pub(crate) fn new(url: SafeUrl, region: Option<String>) -> Self {
        Self { url, region: region.unwrap_or_else(|| REGION.to_owned()) }
    }
}

/// Where an S3 object is: a bucket at an endpoint, and a key.
#[derive(Debug)]
pub(super) struct S3Location {
    bucket: Bucket,
    key: String,
}

impl S3Location {
    /// An object of AWS's own service, or of the one at `endpoint`.
    pub(super) fn new(endpoint: Option<&S3Endpoint>, bucket: &str, key: &str) -> Result<Self> {
        let (url, region, style) = match endpoint {
            Some(endpoint) => (endpoint.url.secret().clone(), endpoint.region.clone(), UrlStyle::Path),
            None => (SafeUrl::parse(ENDPOINT)?.secret().clone(), REGION.to_owned(), UrlStyle::VirtualHost),
        };
        let bucket = Bucket::new(url, style, bucket.to_owned(), region).map_err(|error| {
            Error::usage(format!("s3://{bucket}/{key} cannot be addressed")).because(error)
        })?;
        Ok(Self { bucket, key: key.to_owned() })
    }

    /// The object's URL without a signature.
    pub(super) fn plain_url(&self) -> Result<SafeUrl> {
        Ok(self.bucket.object_url(&self.key).into())
    }

    /// A URL that reads the object until the credentials expire (AWS Signature Version 4, query parameters).
    pub(super) fn sign(&self, credentials: &S3Credentials, now: Timestamp) -> (SafeUrl, Timestamp) {
        let keys = Credentials::new_with_token(
            credentials.key.as_str(),
            credentials.secret.secret(),
            credentials.session_token.secret(),
        );
        let hour = SignedDuration::from_hours(1);
        let life = credentials.expires.duration_since(now).clamp(SignedDuration::from_secs(1), hour);
        let life = Duration::try_from(life).unwrap_or(Duration::from_secs(1));
        let url = self.bucket.get_object(Some(&keys), &self.key).sign_with_time(life, &now);
        let expires = now.checked_add(life).unwrap_or(credentials.expires);
        (url.into(), expires)
    }
}

/// When a signed URL expires, as it says itself: `Expires` (CloudFront) or `X-Amz-Date` + `X-Amz-Expires` (S3).
pub(super) fn expiry_of(url: &Url) -> Option<Timestamp> {
    let value =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    if let Some(expires) = value("Expires") {
        return Timestamp::from_second(expires.parse().ok()?).ok();
    }
    let begun = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", value("X-Amz-Date")?).ok()?;
    let begun = begun.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    let life: i64 = value("X-Amz-Expires")?.parse().ok()?;
    begun.checked_add(SignedDuration::from_secs(life)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_urls_tell_when_they_expire() {
        let expiry = |text: &str| expiry_of(&Url::parse(text).unwrap()).map(|time| time.to_string());
        let s3 = "https://b.s3.us-west-2.amazonaws.com/k?A-userid=x&X-Amz-Date=20260301T101112Z&X-Amz-Expires=3571";
        assert_eq!(expiry(s3).as_deref(), Some("2026-03-01T11:10:43Z"));
        let cdn = "https://d1.cloudfront.net/k?Expires=1763769600&Signature=s&Key-Pair-Id=k";
        assert_eq!(expiry(cdn).as_deref(), Some("2025-11-22T00:00:00Z"));
        assert_eq!(expiry("https://h.example/k?Expires=soon"), None);
        assert_eq!(expiry("https://h.example/k"), None);
    }

    #[test]
    fn aws_is_the_default_and_an_endpoint_takes_the_bucket_into_its_path() {
        let aws = S3Location::new(None, "b", "a/k.h5").unwrap().plain_url().unwrap();
        assert_eq!(aws.to_string(), "https://b.s3.us-west-2.amazonaws.com/a/k.h5");
        let endpoint = S3Endpoint::new(SafeUrl::parse("https://127.0.0.1:9000").unwrap(), None);
        let own = S3Location::new(Some(&endpoint), "b", "a/k.h5").unwrap().plain_url().unwrap();
        assert_eq!(own.to_string(), "https://127.0.0.1:9000/b/a/k.h5");
    }
}
