//! The content delivery network: signed URLs and the bytes behind them.

use std::time::Duration;

use swath_sandbox::{SandboxOptions, Service};

use crate::client::{Lab, bytes, demo, header};

#[tokio::test]
async fn ranges_come_to_the_byte() {
    let lab = Lab::new().await;
    let (url, data) = (lab.signed_url().await, bytes());
    let total = data.len();
    let cases = [
        ("bytes=0-7".to_owned(), 0..8),
        ("bytes=1000000-1999999".to_owned(), 1_000_000..2_000_000),
        (format!("bytes={}-", total - 5), total - 5..total),
        ("bytes=-16".to_owned(), total - 16..total),
        (format!("bytes={}-{}", total - 4, total + 100), total - 4..total),
    ];
    for (text, range) in cases {
        let reply = lab.client.get(&url).header("range", &text).send().await.unwrap();
        assert_eq!(reply.status(), 206, "{text}");
        let told = format!("bytes {}-{}/{total}", range.start, range.end - 1);
        assert_eq!(header(&reply, "content-range").unwrap(), told);
        assert_eq!(header(&reply, "content-length").unwrap(), range.len().to_string());
        assert!(reply.bytes().await.unwrap() == data[range], "{text}");
    }
    let behind = lab.client.get(&url).header("range", format!("bytes={total}-")).send().await.unwrap();
    assert_eq!(behind.status(), 416);
    assert_eq!(header(&behind, "content-range").unwrap(), format!("bytes */{total}"));
    let whole = lab.client.get(&url).send().await.unwrap();
    assert_eq!(whole.status(), 200);
    assert!(whole.bytes().await.unwrap() == data);
}

#[tokio::test]
async fn conditions_are_kept() {
    let lab = Lab::new().await;
    let url = lab.signed_url().await;
    let first = lab.client.get(&url).header("range", "bytes=0-0").send().await.unwrap();
    let etag = header(&first, "etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    assert!(header(&first, "last-modified").unwrap().ends_with(" GMT"));
    let with = |name: &'static str, value: String| {
        lab.client.get(&url).header("range", "bytes=0-0").header(name, value).send()
    };
    assert_eq!(with("if-match", etag.clone()).await.unwrap().status(), 206);
    assert_eq!(with("if-match", "*".to_owned()).await.unwrap().status(), 206);
    assert_eq!(with("if-match", "\"other\"".to_owned()).await.unwrap().status(), 412);
    assert_eq!(with("if-none-match", etag.clone()).await.unwrap().status(), 304);
    assert_eq!(with("if-range", etag).await.unwrap().status(), 206);
    let outdated = with("if-range", "\"other\"".to_owned()).await.unwrap();
    assert_eq!(outdated.status(), 200);
}

#[tokio::test]
async fn urls_are_good_for_one_object_one_method_and_no_other_login() {
    let lab = Lab::new().await;
    let url = lab.signed_url().await;
    assert_eq!(lab.client.head(&url).send().await.unwrap().status(), 403);
    assert_eq!(lab.client.put(&url).send().await.unwrap().status(), 405);
    for changed in
        [url.replace("X05009", "X05007"), url.replace("Expires=1", "Expires=2"), url.replace("labuser", "x")]
    {
        assert_ne!(changed, url);
        assert_eq!(lab.client.get(changed).send().await.unwrap().status(), 403);
    }
    let bare = lab.client.get(url.split('?').next().unwrap()).send().await.unwrap();
    assert_eq!(bare.status(), 403);
    assert!(bare.text().await.unwrap().contains("<Code>MissingKey</Code>"));
    let both = lab.client.get(&url).bearer_auth(lab.sandbox.token("labuser", 60)).send().await.unwrap();
    assert_eq!(both.status(), 400);
    assert!(both.text().await.unwrap().contains("Only one auth mechanism allowed"));
    let entry = lab.sandbox.log().into_iter().next_back().unwrap();
    assert!(entry.had_authorization && entry.service == Service::Cdn);
}

#[tokio::test]
async fn urls_expire() {
    let lab = Lab::with(SandboxOptions::new(demo()).with_signed_url_lifetime(Duration::from_secs(1))).await;
    let url = lab.signed_url().await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let reply = lab.client.get(&url).send().await.unwrap();
    assert_eq!(reply.status(), 403);
    assert!(reply.text().await.unwrap().contains("<Code>AccessDenied</Code>"));
}
