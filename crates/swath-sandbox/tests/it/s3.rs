//! S3: signatures, temporary credentials, and AWS's ways of refusing. The signer is the crate
//! `rusty-s3`, which knows nothing of the sandbox.

use std::time::Duration;

use reqwest::Response;
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use swath_sandbox::{SandboxOptions, Service};

use crate::client::{BUCKET, GRANULE, Lab, bytes, demo, header, json, key};

const HOUR: Duration = Duration::from_secs(3600);

/// The three parts of temporary credentials.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) access: String,
    pub(crate) secret: String,
    pub(crate) token: String,
}

impl Lab {
    pub(crate) async fn keys(&self) -> Keys {
        let url = self.url(Service::Gateway, "/s3credentials");
        let reply = self.client.get(url).bearer_auth(self.sandbox.token("labuser", 60)).send().await.unwrap();
        let body = json(reply).await;
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Keys { access: text("accessKeyId"), secret: text("secretAccessKey"), token: text("sessionToken") }
    }

    pub(crate) fn bucket(&self, name: &str, region: &str) -> Bucket {
        let endpoint = self.sandbox.origin(Service::S3).parse().unwrap();
        Bucket::new(endpoint, UrlStyle::Path, name.to_owned(), region.to_owned()).unwrap()
    }

    /// A presigned URL of an object.
    pub(crate) fn presigned(&self, keys: &Keys, bucket: &str, key: &str) -> String {
        let credentials = Credentials::new_with_token(&keys.access, &keys.secret, &keys.token);
        self.bucket(bucket, "us-west-2").get_object(Some(&credentials), key).sign(HOUR).to_string()
    }

    /// The first sixteen bytes of an object, by presigned URL.
    pub(crate) async fn fetch(&self, keys: &Keys, bucket: &str, key: &str) -> Response {
        let url = self.presigned(keys, bucket, key);
        self.client.get(url).header("range", "bytes=0-15").send().await.unwrap()
    }
}

/// The status and S3's code of a refusal.
pub(crate) async fn refusal(reply: Response) -> (u16, String) {
    let status = reply.status().as_u16();
    let text = reply.text().await.unwrap();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    (status, code.map_or(text.clone(), |(code, _)| code.to_owned()))
}

#[tokio::test]
async fn objects_are_read_with_a_signature_that_another_crate_made() {
    let lab = Lab::new().await;
    let (keys, data) = (lab.keys().await, bytes());
    let url = lab.presigned(&keys, BUCKET, &key());
    let reply = lab.client.get(&url).header("range", "bytes=4194304-4194399").send().await.unwrap();
    assert_eq!(reply.status(), 206);
    let told = format!("bytes 4194304-4194399/{}", data.len());
    assert_eq!(header(&reply, "content-range").unwrap(), told);
    let etag = header(&reply, "etag").unwrap();
    assert_eq!(reply.bytes().await.unwrap(), data[4_194_304..4_194_400]);

    let matching = lab.client.get(&url).header("if-match", &etag).send().await.unwrap();
    assert_eq!(matching.status(), 200);
    assert!(matching.bytes().await.unwrap() == data);
    let other = lab.client.get(&url).header("if-match", "\"other\"").send().await.unwrap();
    assert_eq!(refusal(other).await, (412, "PreconditionFailed".to_owned()));
    let behind = lab.client.get(&url).header("range", format!("bytes={}-", data.len())).send().await.unwrap();
    assert_eq!(refusal(behind).await, (416, "InvalidRange".to_owned()));
}

#[tokio::test]
async fn the_same_object_has_one_etag_behind_both_doors() {
    let lab = Lab::new().await;
    let s3 = lab.fetch(&lab.keys().await, BUCKET, &key()).await;
    let cdn = lab.client.get(lab.signed_url().await).send().await.unwrap();
    assert_eq!(header(&s3, "etag"), header(&cdn, "etag"));
}

#[tokio::test]
async fn wrong_credentials_are_refused_as_aws_does() {
    let lab = Lab::new().await;
    let good = lab.keys().await;
    let other = lab.keys().await;
    let cases = [
        (Keys { secret: "x".repeat(40), ..good.clone() }, (403, "SignatureDoesNotMatch")),
        (Keys { access: "AKIAIOSFODNN7EXAMPLE".to_owned(), ..good.clone() }, (403, "InvalidAccessKeyId")),
        (Keys { token: "bm9uc2Vuc2U=".to_owned(), ..good.clone() }, (400, "InvalidToken")),
        (Keys { token: other.token.clone(), ..good.clone() }, (400, "InvalidToken")),
    ];
    for (keys, expected) in cases {
        let (status, code) = refusal(lab.fetch(&keys, BUCKET, &key()).await).await;
        assert_eq!((status, code.as_str()), expected);
    }
    let without = Credentials::new(&good.access, &good.secret);
    let url = lab.bucket(BUCKET, "us-west-2").get_object(Some(&without), &key()).sign(HOUR);
    let reply = lab.client.get(url).send().await.unwrap();
    assert_eq!(refusal(reply).await, (403, "InvalidAccessKeyId".to_owned()));
    let anonymous = lab.get(Service::S3, &format!("/{BUCKET}/{}", key())).await;
    assert_eq!(refusal(anonymous).await, (403, "AccessDenied".to_owned()));
}

#[tokio::test]
async fn credentials_expire_and_cover_only_open_buckets() {
    let options = SandboxOptions::new(demo()).with_credentials_lifetime(Duration::from_secs(2));
    let lab = Lab::with(options).await;
    let keys = lab.keys().await;
    assert_eq!(lab.fetch(&keys, BUCKET, &key()).await.status(), 206);
    let private = lab.fetch(&keys, "sds-n-cumulus-prod-nisar-jpl-private-data", "a").await;
    assert_eq!(refusal(private).await, (403, "AccessDenied".to_owned()));
    tokio::time::sleep(Duration::from_millis(3100)).await;
    let late = lab.fetch(&keys, BUCKET, &key()).await;
    assert_eq!(refusal(late).await, (400, "ExpiredToken".to_owned()));
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let lab = Lab::new().await;
    let keys = lab.keys().await;
    let missing = lab.fetch(&keys, BUCKET, "absent.h5").await;
    assert_eq!(refusal(missing).await, (404, "NoSuchKey".to_owned()));
    let bucket = lab.fetch(&keys, "sds-n-cumulus-prod-nisar-browse", "a.png").await;
    assert_eq!(refusal(bucket).await, (404, "NoSuchBucket".to_owned()));
    let outside = lab.fetch(&keys, BUCKET, "../../../etc/passwd").await;
    assert!(matches!(outside.status().as_u16(), 400 | 403 | 404), "{}", outside.status());
}

#[tokio::test]
async fn another_region_is_told_with_the_right_one() {
    let lab = Lab::new().await;
    let keys = lab.keys().await;
    let credentials = Credentials::new_with_token(&keys.access, &keys.secret, &keys.token);
    let url = lab.bucket(BUCKET, "eu-west-1").get_object(Some(&credentials), &key()).sign(HOUR);
    let reply = lab.client.get(url).send().await.unwrap();
    assert_eq!(header(&reply, "x-amz-bucket-region").unwrap(), "us-west-2");
    assert_eq!(refusal(reply).await, (400, "AuthorizationHeaderMalformed".to_owned()));
}

#[tokio::test]
async fn the_archive_is_read_only() {
    let lab = Lab::new().await;
    let keys = lab.keys().await;
    let credentials = Credentials::new_with_token(&keys.access, &keys.secret, &keys.token);
    let bucket = lab.bucket(BUCKET, "us-west-2");
    let put = lab.client.put(bucket.put_object(Some(&credentials), "new.h5").sign(HOUR)).body("x");
    assert_eq!(refusal(put.send().await.unwrap()).await, (403, "AccessDenied".to_owned()));
    let delete = lab.client.delete(bucket.delete_object(Some(&credentials), &key()).sign(HOUR));
    assert_eq!(refusal(delete.send().await.unwrap()).await, (403, "AccessDenied".to_owned()));
}

#[tokio::test]
async fn lists_are_paged_and_foldered() {
    let lab = Lab::new().await;
    let keys = lab.keys().await;
    let credentials = Credentials::new_with_token(&keys.access, &keys.secret, &keys.token);
    let bucket = lab.bucket(BUCKET, "us-west-2");
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..10 {
        let mut action = bucket.list_objects_v2(Some(&credentials));
        action.with_prefix(format!("NISAR_L2_GCOV_BETA_V1/{}", &GRANULE[..30]));
        action.with_max_keys(3);
        if let Some(token) = next.take() {
            action.with_continuation_token(token);
        }
        let reply = lab.client.get(action.sign(HOUR)).send().await.unwrap();
        let page = ListObjectsV2::parse_response(&reply.text().await.unwrap()).unwrap();
        found.extend(page.contents.into_iter().map(|object| (object.key, object.size)));
        next = page.next_continuation_token;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 4, "two releases of one date, each with its side file");
    assert!(found.contains(&(key(), Some(bytes().len() as u64))));
    assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));

    let mut action = bucket.list_objects_v2(Some(&credentials));
    action.with_prefix("NISAR_L2_GCOV_BETA_V1/");
    action.with_delimiter("/");
    let reply = lab.client.get(action.sign(HOUR)).send().await.unwrap();
    let page = ListObjectsV2::parse_response(&reply.text().await.unwrap()).unwrap();
    assert_eq!((page.common_prefixes.len(), page.contents.len()), (7, 0));
}

#[tokio::test]
async fn buckets_are_host_names_too() {
    let lab = Lab::new().await;
    let keys = lab.keys().await;
    let credentials = Credentials::new_with_token(&keys.access, &keys.secret, &keys.token);
    let port = lab.sandbox.origin(Service::S3).rsplit(':').next().unwrap();
    let endpoint = format!("https://localhost:{port}").parse().unwrap();
    let bucket = Bucket::new(endpoint, UrlStyle::VirtualHost, BUCKET, "us-west-2").unwrap();
    let url = bucket.get_object(Some(&credentials), &key()).sign(HOUR);
    // Not every resolver knows names below localhost, so the address is dialled and the name told.
    let host = format!("{BUCKET}.localhost:{port}");
    let dialled = url.to_string().replace(&host, &format!("127.0.0.1:{port}"));
    let reply =
        lab.client.get(dialled).header("host", host).header("range", "bytes=0-7").send().await.unwrap();
    assert_eq!(reply.status(), 206);
    assert_eq!(reply.bytes().await.unwrap(), bytes()[..8]);
}
