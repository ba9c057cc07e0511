//! S3: the protocol and its signatures are the `s3s` crate's; here are the objects, the temporary
//! credentials, and AWS's ways of refusing.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::{
    BucketLocationConstraint, CommonPrefix, ETag, ETagCondition, GetBucketLocationInput,
    GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, IfMatch, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, StreamingBlob,
};
use s3s::host::MultiDomain;
use s3s::path::S3Path;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use crate::archive::Object;
use crate::credentials::{Refusal, Use, check, secret_of};
use crate::error::{Error, Result};
use crate::misbehave::Orders;
use crate::reply::{Reply, add_header, header, query_value, xml};
use crate::signed::REGION;
use crate::state::State;

const UNKNOWN_KEY: &str = "The AWS Access Key Id you provided does not exist in our records.";
const BAD_TOKEN: &str = "The provided token is malformed or otherwise invalid.";
/// What may be asked at all; the archive is read-only.
const READS: [&str; 6] =
    ["GetObject", "HeadObject", "HeadBucket", "ListObjectsV2", "ListObjects", "GetBucketLocation"];

/// Builds the service. It answers to buckets as paths on any address, and as host names below
/// `localhost` and the real S3 domain.
pub(crate) fn service(state: &Arc<State>) -> Result<S3Service> {
    let port = state.origins.s3.rsplit(':').next().unwrap_or_default();
    let domains = [format!("s3.{REGION}.amazonaws.com"), format!("localhost:{port}")];
    let host = MultiDomain::new(&domains).map_err(|fault| Error::S3(Box::new(fault)))?;
    let mut builder = S3ServiceBuilder::new(Objects(state.clone()));
    builder.set_auth(Keys(state.clone()));
    builder.set_access(Policy(state.clone()));
    builder.set_host(host);
    Ok(builder.build())
}

/// Answers one request to S3.
pub(crate) async fn answer(service: &S3Service, request: Request<Bytes>) -> Reply {
    if let Some(region) = signed_region(&request).filter(|region| region != REGION) {
        let text = format!(
            "The authorization header is malformed; the region '{region}' is wrong; expecting '{REGION}'"
        );
        let mut reply = xml(StatusCode::BAD_REQUEST, "AuthorizationHeaderMalformed", &text);
        add_header(&mut reply, "x-amz-bucket-region", REGION);
        return reply;
    }
    let presigned = query_value(request.uri().query(), "X-Amz-Signature").is_some();
    if presigned && request.headers().contains_key("authorization") {
        let text = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, \
                    Signature query string parameter or the Authorization header should be specified";
        return xml(StatusCode::BAD_REQUEST, "InvalidArgument", text);
    }
    match service.call(request.map(s3s::Body::from)).await {
        Ok(reply) => reply.map(|body| body.map_err(std::io::Error::other).boxed_unsync()),
        Err(_) => xml(StatusCode::BAD_REQUEST, "InvalidRequest", "The request could not be understood"),
    }
}

/// The region a request was signed for, if it was signed.
fn signed_region(request: &Request<Bytes>) -> Option<String> {
    let scope = match header(request.headers(), "authorization") {
        Some(text) => text.split_once("Credential=")?.1.split(',').next()?.to_owned(),
        None => query_value(request.uri().query(), "X-Amz-Credential")?,
    };
    scope.split('/').nth(2).map(String::from)
}

/// Looks up the secret keys that signatures are checked with.
struct Keys(Arc<State>);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match secret_of(&self.0, access_key) {
            Some(secret) => Ok(SecretKey::from(secret)),
            None => Err(s3_error!(InvalidAccessKeyId, "{}", UNKNOWN_KEY)),
        }
    }
}

/// Decides what a right signature may do, by its session token.
struct Policy(Arc<State>);

#[async_trait::async_trait]
impl S3Access for Policy {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = context.credentials() else {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        };
        let in_header = header(context.headers(), "x-amz-security-token").map(String::from);
        let token = in_header.or_else(|| query_value(context.uri().query(), "X-Amz-Security-Token"));
        let Some(token) = token else {
            // What AWS says of a temporary key that comes without its token.
            return Err(s3_error!(InvalidAccessKeyId, "{}", UNKNOWN_KEY));
        };
        let presigned = query_value(context.uri().query(), "X-Amz-Signature").is_some();
        let grant = match check(&self.0, &credentials.access_key, &token) {
            Ok(grant) => grant,
            Err(Refusal::Invalid) => return Err(s3_error!(InvalidToken, "{}", BAD_TOKEN)),
            // What AWS says of a URL whose time is over; its token is not looked at any more.
            Err(Refusal::UrlExpired) => return Err(s3_error!(AccessDenied, "Request has expired")),
            Err(Refusal::Expired) => return Err(s3_error!(ExpiredToken, "The provided token has expired.")),
        };
        let target = match context.s3_path() {
            S3Path::Root => String::new(),
            S3Path::Bucket { bucket } => format!("{bucket}/"),
            S3Path::Object { bucket, key } => format!("{bucket}/{key}"),
        };
        // Credentials of the gateway are good for its presigned URLs alone.
        let fits = grant.purpose == Use::User || presigned;
        if fits && READS.contains(&context.s3_op().name()) && grant.allows(&target) {
            Ok(())
        } else {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
    }
}

/// The archive as S3 shows it.
struct Objects(Arc<State>);

impl Objects {
    fn find(&self, bucket: &str, key: &str, extensions: &http::Extensions) -> S3Result<Object> {
        if !self.0.archive.has_bucket(bucket) {
            return Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"));
        }
        let Some(object) = self.0.archive.object(bucket, key) else {
            return Err(s3_error!(NoSuchKey, "The specified key does not exist."));
        };
        let replaced = extensions.get::<Orders>().is_some_and(|orders| orders.replaced);
        Ok(if replaced { object.replaced() } else { object })
    }
}

fn fails(condition: Option<&IfMatch>, etag: &str) -> bool {
    matches!(condition, Some(ETagCondition::ETag(wanted)) if wanted.value() != etag)
}

fn precondition_failed() -> s3s::S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

fn signed(length: u64) -> Option<i64> {
    i64::try_from(length).ok()
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.find(&input.bucket, &input.key, &request.extensions)?;
        let etag = object.etag();
        if fails(input.if_match.as_ref(), &etag) {
            return Err(precondition_failed());
        }
        let whole = request.extensions.get::<Orders>().is_some_and(|orders| orders.whole);
        let length = object.length();
        let (range, content_range) = match input.range.filter(|_| !whole) {
            None => (0..length, None),
            Some(range) => {
                let range = range.check(length)?;
                let text = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
                (range, Some(text))
            }
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: signed(range.end - range.start),
            body: Some(StreamingBlob::wrap(object.stream(range))),
            content_range,
            accept_ranges: Some("bytes".to_owned()),
            content_type: Some("binary/octet-stream".to_owned()),
            last_modified: Some(object.modified().into()),
            e_tag: Some(ETag::Strong(etag)),
            ..Default::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let object = self.find(&input.bucket, &input.key, &request.extensions)?;
        let etag = object.etag();
        if fails(input.if_match.as_ref(), &etag) {
            return Err(precondition_failed());
        }
        Ok(S3Response::new(HeadObjectOutput {
            content_length: signed(object.length()),
            accept_ranges: Some("bytes".to_owned()),
            content_type: Some("binary/octet-stream".to_owned()),
            last_modified: Some(object.modified().into()),
            e_tag: Some(ETag::Strong(etag)),
            ..Default::default()
        }))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        if self.0.archive.has_bucket(&request.input.bucket) {
            return Ok(S3Response::new(HeadBucketOutput::default()));
        }
        Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }

    async fn get_bucket_location(
        &self,
        _: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let location_constraint = Some(BucketLocationConstraint::from_static(REGION));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let after = input.marker.clone().unwrap_or_default();
        let listing = self.list(
            &input.bucket,
            input.prefix.as_deref(),
            input.delimiter.as_deref(),
            &after,
            input.max_keys,
        )?;
        Ok(S3Response::new(ListObjectsOutput {
            contents: Some(listing.objects),
            common_prefixes: Some(listing.folders),
            is_truncated: Some(listing.more),
            next_marker: listing.more.then_some(listing.last),
            max_keys: Some(listing.limit),
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            marker: input.marker,
            ..Default::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let after = input.continuation_token.clone().or(input.start_after.clone()).unwrap_or_default();
        let listing = self.list(
            &input.bucket,
            input.prefix.as_deref(),
            input.delimiter.as_deref(),
            &after,
            input.max_keys,
        )?;
        let count = listing.objects.len() + listing.folders.len();
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: i32::try_from(count).ok(),
            contents: Some(listing.objects),
            common_prefixes: Some(listing.folders),
            is_truncated: Some(listing.more),
            next_continuation_token: listing.more.then_some(listing.last),
            max_keys: Some(listing.limit),
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            ..Default::default()
        }))
    }
}

/// One page of a bucket's list.
#[derive(Default)]
struct Listing {
    objects: Vec<s3s::dto::Object>,
    folders: Vec<CommonPrefix>,
    last: String,
    more: bool,
    limit: i32,
}

impl Objects {
    fn list(
        &self,
        bucket: &str,
        prefix: Option<&str>,
        delimiter: Option<&str>,
        after: &str,
        limit: Option<i32>,
    ) -> S3Result<Listing> {
        if !self.0.archive.has_bucket(bucket) {
            return Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"));
        }
        let prefix = prefix.unwrap_or_default();
        let mut listing = Listing { limit: limit.unwrap_or(1000).clamp(0, 1000), ..Listing::default() };
        for key in self.0.archive.keys(bucket) {
            let Some(rest) = key.strip_prefix(prefix) else { continue };
            let folder = delimiter
                .filter(|text| !text.is_empty())
                .and_then(|text| rest.find(text).map(|at| format!("{prefix}{}{text}", &rest[..at])));
            let entry = folder.clone().unwrap_or_else(|| key.clone());
            if entry.as_str() <= after || (folder.is_some() && listing.last == entry) {
                continue;
            }
            if listing.objects.len() + listing.folders.len() >= listing.limit as usize {
                listing.more = true;
                break;
            }
            listing.last = entry;
            match folder {
                Some(folder) => listing.folders.push(CommonPrefix { prefix: Some(folder) }),
                None => listing.objects.extend(self.described(bucket, key)),
            }
        }
        Ok(listing)
    }

    /// An object as a list shows it; a file that has gone meanwhile is left out.
    fn described(&self, bucket: &str, key: String) -> Option<s3s::dto::Object> {
        let object = self.0.archive.object(bucket, &key)?;
        Some(s3s::dto::Object {
            key: Some(key),
            size: signed(object.length()),
            e_tag: Some(ETag::Strong(object.etag())),
            last_modified: Some(object.modified().into()),
            ..Default::default()
        })
    }
}
