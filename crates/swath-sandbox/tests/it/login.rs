//! Earthdata Login.

use reqwest::Response;
use swath_sandbox::Service;

use crate::client::{GRANULE, Lab, header, json};

impl Lab {
    async fn login(&self, path: &str, password: &str) -> Response {
        let url = self.url(Service::EarthdataLogin, path);
        self.client.post(url).basic_auth("labuser", Some(password)).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_password_becomes_a_token_that_opens_the_gateway() {
    let lab = Lab::new().await;
    let wrong = lab.login("/api/users/find_or_create_token", "wrong").await;
    assert_eq!(wrong.status(), 401);
    let body = json(lab.login("/api/users/find_or_create_token", "labpass").await).await;
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expiration_date"].as_str().unwrap().split('/').count(), 3);
    let reply = lab.client.get(lab.sandbox.url_of(GRANULE)).bearer_auth(token).send().await.unwrap();
    assert_eq!(reply.status(), 303);
    let again = json(lab.login("/api/users/find_or_create_token", "labpass").await).await;
    assert_eq!(again["access_token"], body["access_token"]);
}

#[tokio::test]
async fn there_are_two_tokens_at_most_until_one_is_revoked() {
    let lab = Lab::new().await;
    let first = json(lab.login("/api/users/token", "labpass").await).await["access_token"].clone();
    assert_eq!(lab.login("/api/users/token", "labpass").await.status(), 200);
    let third = lab.login("/api/users/token", "labpass").await;
    assert_eq!(third.status(), 403);
    assert_eq!(json(third).await["error"], "max_token_limit");

    let token = first.as_str().unwrap();
    let revoked = lab.login(&format!("/api/users/revoke_token?token={token}"), "labpass").await;
    assert_eq!(revoked.status(), 200);
    let list = lab.client.get(lab.url(Service::EarthdataLogin, "/api/users/tokens"));
    let list = json(list.basic_auth("labuser", Some("labpass")).send().await.unwrap()).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    let reply = lab.client.get(lab.sandbox.url_of(GRANULE)).bearer_auth(token).send().await.unwrap();
    assert_eq!(reply.status(), 401);
}

#[tokio::test]
async fn the_login_round_ends_with_a_cookie_and_the_data() {
    let lab = Lab::new().await;
    let start = lab.client.get(lab.sandbox.url_of(GRANULE)).send().await.unwrap();
    let authorize = header(&start, "location").unwrap();
    let code = lab.client.get(&authorize).basic_auth("labuser", Some("labpass")).send().await.unwrap();
    assert_eq!(code.status(), 302);
    let login = header(&code, "location").unwrap();
    assert!(login.starts_with(&lab.url(Service::Gateway, "/login?code=")), "{login}");
    let back = lab.client.get(&login).send().await.unwrap();
    assert_eq!(back.status(), 301);
    let target = header(&back, "location").unwrap();
    assert_eq!(target, lab.sandbox.url_of(GRANULE));
    let cookie = header(&back, "set-cookie").unwrap();
    let session = cookie.split(';').next().unwrap();
    let data = lab.client.get(target).header("cookie", session).send().await.unwrap();
    assert_eq!(data.status(), 303);
    let forged = lab.get(Service::Gateway, "/login?code=abc&state=/").await;
    assert_eq!(forged.status(), 400);
    let path = lab.client.get(login.replace("state=", "state=//example.org")).send().await.unwrap();
    assert!(header(&path, "location").unwrap().starts_with(lab.sandbox.origin(Service::Gateway)));
}

#[tokio::test]
async fn profiles_are_shown_to_their_owner() {
    let lab = Lab::new().await;
    let token = lab.sandbox.token("labuser", 60);
    let ask = |path: &str, token: &str| {
        lab.client.get(lab.url(Service::EarthdataLogin, path)).bearer_auth(token).send()
    };
    assert_eq!(json(ask("/api/users/labuser", &token).await.unwrap()).await["uid"], "labuser");
    assert_eq!(ask("/api/users/other", &token).await.unwrap().status(), 403);
    assert_eq!(ask("/api/users/labuser", "x.y.z").await.unwrap().status(), 401);
    let check = lab.client.post(lab.url(Service::EarthdataLogin, "/oauth/tokens/user"));
    let check = check.header("content-type", "application/x-www-form-urlencoded");
    let reply = check.body(format!("token={token}")).send().await.unwrap();
    assert_eq!(json(reply).await, serde_json::json!({"uid": "labuser"}));
}

#[tokio::test]
async fn odd_requests_are_answered() {
    let lab = Lab::new().await;
    assert_eq!(lab.get(Service::EarthdataLogin, "/oauth/authorize").await.status(), 400);
    assert_eq!(lab.get(Service::EarthdataLogin, "/nowhere").await.status(), 404);
    let split = "/oauth/authorize?client_id=a&redirect_uri=https://example.org/%0d%0aX:y";
    let split =
        lab.client.get(lab.url(Service::EarthdataLogin, split)).basic_auth("labuser", Some("labpass"));
    assert_eq!(split.send().await.unwrap().status(), 400);
    let large =
        lab.client.post(lab.url(Service::EarthdataLogin, "/oauth/tokens/user")).body(vec![b'a'; 5 << 20]);
    // The refusal comes before the body has been read, so the client may meet a closed connection.
    if let Ok(reply) = large.send().await {
        assert_eq!(reply.status(), 413);
    }
}
