//! The gateway's table of answers.

use swath_sandbox::{Redirect, SandboxOptions, Service};

use crate::client::{GRANULE, Lab, demo, header, json};

#[tokio::test]
async fn a_good_token_gets_a_signed_url_elsewhere() {
    let lab = Lab::new().await;
    let reply = lab.data().header("range", "bytes=0-9").send().await.unwrap();
    assert_eq!(reply.status(), 303);
    let location = header(&reply, "location").unwrap();
    assert!(location.starts_with(lab.sandbox.origin(Service::Cdn)), "{location}");
    for name in ["A-userid=labuser", "Expires=", "Signature=", "Key-Pair-Id="] {
        assert!(location.contains(name), "{location}");
    }
    assert_eq!(header(&reply, "cache-control").unwrap(), "private, max-age=3540");
    assert_eq!(header(&reply, "range").unwrap(), "bytes=0-9");
    let cookie = header(&reply, "set-cookie").unwrap();
    assert!(cookie.starts_with("asf-urs=") && cookie.contains("Path=/"), "{cookie}");

    let session = cookie.split(';').next().unwrap();
    let again = lab.client.get(lab.sandbox.url_of(GRANULE)).header("cookie", session).send().await.unwrap();
    assert_eq!(again.status(), 303);
    assert_eq!(header(&again, "set-cookie"), None);
}

#[tokio::test]
async fn whoever_cannot_be_read_is_sent_to_log_in() {
    let lab = Lab::new().await;
    let url = lab.sandbox.url_of(GRANULE);
    for authorization in
        [None, Some("Bearer not-a-token"), Some("Basic bGFidXNlcjpsYWJwYXNz"), Some("Digest x")]
    {
        let mut request = lab.client.get(&url);
        if let Some(text) = authorization {
            request = request.header("authorization", text);
        }
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 302, "{authorization:?}");
        let location = header(&reply, "location").unwrap();
        let login = lab.url(Service::EarthdataLogin, "/oauth/authorize?client_id=");
        assert!(location.starts_with(&login) && location.ends_with("&app_type=401"), "{location}");
        let page = lab.client.get(location).send().await.unwrap();
        assert_eq!(page.status(), 401);
        assert!(header(&page, "www-authenticate").unwrap().starts_with("Basic"));
    }
    let browser = lab.client.get(&url).header("user-agent", "Mozilla/5.0").send().await.unwrap();
    let location = header(&browser, "location").unwrap();
    assert!(!location.contains("app_type"), "{location}");
    let page = lab.client.get(location).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("<title>Earthdata Login</title>"));
}

#[tokio::test]
async fn refusals_have_the_status_and_the_words_of_the_real_gateway() {
    let lab = Lab::new().await;
    let url = lab.sandbox.url_of(GRANULE);
    let with = |authorization: String| lab.client.get(&url).header("authorization", authorization).send();

    let malformed = with("Bearer".to_owned()).await.unwrap();
    assert_eq!(malformed.status(), 400);
    assert_eq!(json(malformed).await["error_description"], "Malformed Authorization header");

    let expired = with(format!("Bearer {}", lab.sandbox.token("labuser", -1))).await.unwrap();
    assert_eq!(expired.status(), 401);
    assert_eq!(json(expired).await["error"], "invalid_token");

    let mut forged = lab.sandbox.token("labuser", 60);
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    assert_eq!(with(format!("Bearer {forged}")).await.unwrap().status(), 401);

    let no_agreement = with(format!("Bearer {}", lab.sandbox.token("noeula", 60))).await.unwrap();
    assert_eq!(no_agreement.status(), 403);
    let body = json(no_agreement).await;
    assert_eq!(body["error_description"], "EULA Acceptance Failure");
    assert!(
        body["resolution_url"].as_str().unwrap().starts_with(lab.sandbox.origin(Service::EarthdataLogin))
    );
}

#[tokio::test]
async fn what_is_not_there_or_not_for_all_is_told_apart() {
    let lab = Lab::new().await;
    let token = lab.sandbox.token("labuser", 60);
    let cases = [
        (format!("/NISAR/NISAR_L2_GCOV_BETA_V1/{GRANULE}/absent.h5"), 404),
        ("/NISAR/".to_owned(), 404),
        ("/ELSEWHERE/a.h5".to_owned(), 404),
        ("/NISAR/%2e%2e/%2e%2e/etc/passwd".to_owned(), 404),
        ("/NISAR/%2Fetc%2Fpasswd".to_owned(), 404),
        ("/NISAR/%zz".to_owned(), 404),
        (format!("/NISAR-JPL-PRIVATE-DATA/NISAR_L2_GCOV_BETA_V1/{GRANULE}/{GRANULE}.met.json"), 403),
    ];
    for (path, status) in cases {
        let reply =
            lab.client.get(lab.url(Service::Gateway, &path)).bearer_auth(&token).send().await.unwrap();
        assert_eq!(reply.status(), status, "{path}");
    }
    let behind = lab.data().header("range", "bytes=99999999999-").send().await.unwrap();
    assert_eq!(behind.status(), 416);
    let post = lab.client.post(lab.sandbox.url_of(GRANULE)).send().await.unwrap();
    assert_eq!(post.status(), 405);
}

#[tokio::test]
async fn head_asks_for_no_login_and_its_url_is_good_for_head_alone() {
    let lab = Lab::new().await;
    let reply = lab.client.head(lab.sandbox.url_of(GRANULE)).send().await.unwrap();
    assert_eq!(reply.status(), 303);
    let location = header(&reply, "location").unwrap();
    let head = lab.client.head(&location).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(header(&head, "content-length").unwrap(), crate::client::bytes().len().to_string());
    assert_eq!(lab.client.get(&location).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn s3_credentials_have_the_real_names_and_their_odd_date() {
    let lab = Lab::new().await;
    let url = lab.url(Service::Gateway, "/s3credentials");
    assert_eq!(lab.client.get(&url).send().await.unwrap().status(), 302);
    let reply = lab.client.get(&url).bearer_auth(lab.sandbox.token("labuser", 60)).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let body = json(reply).await;
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    assert!(text("accessKeyId").starts_with("ASIA") && text("accessKeyId").len() == 20);
    assert_eq!(text("secretAccessKey").len(), 40);
    assert!(text("sessionToken").len() > 500);
    let expiration = text("expiration");
    assert!(
        expiration.len() == 25 && &expiration[10..11] == " " && expiration.ends_with("+00:00"),
        "{expiration}"
    );
}

#[tokio::test]
async fn inside_the_region_the_signed_url_is_presigned_s3() {
    let lab = Lab::with(SandboxOptions::new(demo()).with_gateway(Redirect::PresignedS3)).await;
    let url = lab.signed_url().await;
    assert!(url.starts_with(lab.sandbox.origin(Service::S3)) && url.contains("X-Amz-Signature="), "{url}");
    let reply = lab.client.get(&url).header("range", "bytes=8-15").send().await.unwrap();
    assert_eq!(reply.status(), 206);
    assert_eq!(reply.bytes().await.unwrap(), crate::client::bytes()[8..16]);
    assert_eq!(lab.client.head(&url).send().await.unwrap().status(), 403, "signed for GET alone");
    let both = lab.client.get(&url).bearer_auth("x").send().await.unwrap();
    assert_eq!(both.status(), 400);
    assert!(both.text().await.unwrap().contains("Only one auth mechanism allowed"));
    let other = url.replace("labuser", "someone");
    assert_eq!(lab.client.get(other).send().await.unwrap().status(), 403, "the query is signed");
}

#[tokio::test]
async fn buckets_are_located() {
    let lab = Lab::new().await;
    let found = lab.get(Service::Gateway, "/locate?bucket_name=sds-n-cumulus-prod-nisar-products").await;
    assert_eq!(json(found).await, serde_json::json!(["NISAR"]));
    assert_eq!(lab.get(Service::Gateway, "/locate?bucket_name=other").await.status(), 404);
    assert_eq!(lab.get(Service::Gateway, "/locate").await.status(), 400);
}
