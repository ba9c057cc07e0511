//! Each misbehaviour, as a client meets it.

use std::time::{Duration, Instant};

use swath_sandbox::{Fault, Misbehaviour, Redirect, SandboxOptions, Service};

use crate::client::{BUCKET, GRANULE, Lab, bytes, demo, header, json, key};
use crate::s3::refusal;

fn once(service: Service, fault: Fault) -> Misbehaviour {
    Misbehaviour::new(service, fault)
}

#[tokio::test]
async fn statuses_come_in_the_words_of_each_service() {
    let lab = Lab::new().await;
    let busy = Fault::Status { code: 503, retry_after: Some(Duration::from_secs(7)) };
    for service in [Service::Cmr, Service::EarthdataLogin, Service::Gateway, Service::Cdn, Service::S3] {
        lab.sandbox.misbehave(once(service, busy.clone()).times(2));
        for _ in 0..2 {
            let reply = lab.get(service, "/").await;
            assert_eq!(reply.status(), 503);
            assert_eq!(header(&reply, "retry-after").unwrap(), "7");
            let kind = header(&reply, "content-type").unwrap();
            let expected = match service {
                Service::Cmr | Service::EarthdataLogin => "application/json",
                Service::Gateway => "text/html",
                _ => "application/xml",
            };
            assert!(kind.starts_with(expected), "{service:?} {kind}");
        }
        assert_ne!(lab.get(service, "/").await.status(), 503);
    }
    lab.sandbox.misbehave(once(Service::S3, Fault::Status { code: 503, retry_after: None }).always());
    assert_eq!(refusal(lab.get(Service::S3, "/").await).await, (503, "SlowDown".to_owned()));
    lab.sandbox.behave();
    assert_ne!(lab.get(Service::S3, "/").await.status(), 503);
}

#[tokio::test]
async fn bodies_are_cut_after_the_bytes_that_were_promised() {
    let lab = Lab::new().await;
    let (url, s3) = (lab.signed_url().await, lab.presigned(&lab.keys().await, BUCKET, &key()));
    for (service, url) in [(Service::Cdn, url), (Service::S3, s3)] {
        for after in [0, 1000, 300_000] {
            lab.sandbox.misbehave(once(service, Fault::CutBody { after }));
            let mut reply = lab.client.get(&url).header("range", "bytes=0-999999").send().await.unwrap();
            assert_eq!(reply.status(), 206);
            assert_eq!(header(&reply, "content-length").unwrap(), "1000000");
            let mut got = 0;
            let fault = loop {
                match reply.chunk().await {
                    Ok(Some(block)) => got += block.len() as u64,
                    Ok(None) => break None,
                    Err(fault) => break Some(fault),
                }
            };
            assert!(fault.is_some(), "the client must see the cut");
            assert_eq!(got, after, "{service:?}");
            assert_eq!(lab.sandbox.log().last().unwrap().bytes_sent, after);
        }
    }
}

#[tokio::test]
async fn bodies_stall_and_go_on() {
    let lab = Lab::new().await;
    let url = lab.signed_url().await;
    let pause = Duration::from_millis(1500);
    lab.sandbox.misbehave(once(Service::Cdn, Fault::Stall { after: 10, pause }));
    let started = Instant::now();
    let mut reply = lab.client.get(&url).header("range", "bytes=0-99").send().await.unwrap();
    let first = reply.chunk().await.unwrap().unwrap();
    assert_eq!(first.len(), 10);
    assert!(started.elapsed() < pause);
    let mut all = first.to_vec();
    while let Some(block) = reply.chunk().await.unwrap() {
        all.extend_from_slice(&block);
    }
    assert!(started.elapsed() >= pause);
    assert_eq!(all, bytes()[..100]);
}

#[tokio::test]
async fn bodies_trickle_byte_by_byte() {
    let lab = Lab::new().await;
    let url = lab.signed_url().await;
    let pause = Duration::from_millis(1);
    lab.sandbox.misbehave(once(Service::Cdn, Fault::Trickle { after: 90, pause }));
    let started = Instant::now();
    let reply = lab.client.get(&url).header("range", "bytes=0-99").send().await.unwrap();
    assert_eq!(reply.bytes().await.unwrap(), bytes()[..100]);
    // One pause for each of the last ten bytes.
    assert!(started.elapsed() >= 10 * pause);
}

#[tokio::test]
async fn a_service_that_is_started_anew_has_forgotten_its_connections() {
    let lab = Lab::new().await;
    let url = lab.signed_url().await;
    let pause = Duration::from_secs(600);
    lab.sandbox.misbehave(once(Service::Cdn, Fault::Stall { after: 10, pause }));
    let mut reply = lab.client.get(&url).header("range", "bytes=0-99").send().await.unwrap();
    assert_eq!(reply.chunk().await.unwrap().unwrap().len(), 10);
    lab.sandbox.disconnect().await;
    lab.sandbox.clear_log();
    assert!(reply.chunk().await.is_err(), "the rest must not come");
    let reply = lab.client.get(&url).header("range", "bytes=0-99").send().await.unwrap();
    assert_eq!(reply.bytes().await.unwrap(), bytes()[..100]);
    assert_eq!(lab.sandbox.log().len(), 1);
}

#[tokio::test]
async fn a_login_page_comes_in_place_of_data() {
    let lab = Lab::new().await;
    let url = lab.signed_url().await;
    lab.sandbox.misbehave(once(Service::Cdn, Fault::LoginPage));
    let reply = lab.client.get(&url).header("range", "bytes=0-99").send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert!(header(&reply, "content-type").unwrap().starts_with("text/html"));
    assert!(reply.text().await.unwrap().contains("Earthdata Login"));
}

#[tokio::test]
async fn ranges_are_ignored_misplaced_or_short() {
    let lab = Lab::new().await;
    let (url, data) = (lab.signed_url().await, bytes());
    let s3 = lab.presigned(&lab.keys().await, BUCKET, &key());
    for (service, url) in [(Service::Cdn, url), (Service::S3, s3)] {
        let get = || lab.client.get(&url).header("range", "bytes=512-1023").send();
        lab.sandbox.misbehave(once(service, Fault::IgnoreRange));
        let whole = get().await.unwrap();
        assert_eq!((whole.status().as_u16(), header(&whole, "content-range")), (200, None));
        assert!(whole.bytes().await.unwrap() == data);

        lab.sandbox.misbehave(once(service, Fault::WrongContentRange));
        let misplaced = get().await.unwrap();
        assert_eq!(
            header(&misplaced, "content-range").unwrap(),
            format!("bytes 513-1024/{}", data.len() + 1)
        );
        assert_eq!(misplaced.bytes().await.unwrap(), data[512..1024]);

        lab.sandbox.misbehave(once(service, Fault::ShortBody { missing: 12 }));
        let short = get().await.unwrap();
        assert_eq!(short.status(), 206);
        assert_eq!(header(&short, "content-range").unwrap(), format!("bytes 512-1023/{}", data.len()));
        assert_eq!(header(&short, "content-length").unwrap(), "500");
        assert_eq!(short.bytes().await.unwrap(), data[512..1012]);

        lab.sandbox.misbehave(once(service, Fault::EndBody { after: 12 }));
        let ended = get().await.unwrap();
        assert_eq!(header(&ended, "content-length").unwrap(), "12");
        assert_eq!(ended.bytes().await.unwrap(), data[512..524]);

        let good = get().await.unwrap();
        assert_eq!(good.bytes().await.unwrap(), data[512..1024]);
    }
}

#[tokio::test]
async fn one_bit_flips_wherever_the_answer_begins() {
    let lab = Lab::new().await;
    let (url, data) = (lab.signed_url().await, bytes());
    let get = |range: &'static str| lab.client.get(&url).header("range", range).send();
    lab.sandbox.misbehave(once(Service::Cdn, Fault::FlipBit { offset: 2_000_000 }));
    assert!(get("bytes=0-99").await.unwrap().bytes().await.unwrap() == data[..100]);
    let flipped = get("bytes=1000000-2999999").await.unwrap().bytes().await.unwrap();
    let different: Vec<usize> =
        (0..flipped.len()).filter(|at| flipped[*at] != data[1_000_000 + at]).collect();
    assert_eq!(different, [1_000_000]);
    assert_eq!(flipped[1_000_000] ^ data[2_000_000], 1);
    assert!(get("bytes=1000000-2999999").await.unwrap().bytes().await.unwrap() == data[1_000_000..3_000_000]);
}

#[tokio::test]
async fn a_replaced_object_has_another_etag_and_other_bytes() {
    let lab = Lab::new().await;
    let (url, s3) = (lab.signed_url().await, lab.presigned(&lab.keys().await, BUCKET, &key()));
    for (service, url) in [(Service::Cdn, url), (Service::S3, s3)] {
        let get = || lab.client.get(&url).header("range", "bytes=0-15");
        let before = header(&get().send().await.unwrap(), "etag").unwrap();
        lab.sandbox.misbehave(once(service, Fault::ReplaceObject).after(1).always());
        assert_eq!(get().header("if-match", &before).send().await.unwrap().status(), 206);
        assert_eq!(get().header("if-match", &before).send().await.unwrap().status(), 412);
        let replaced = get().send().await.unwrap();
        assert_ne!(header(&replaced, "etag").unwrap(), before);
        let flipped: Vec<u8> = bytes()[..16].iter().map(|byte| !byte).collect();
        assert_eq!(replaced.bytes().await.unwrap(), flipped);
        lab.sandbox.behave();
    }
}

#[tokio::test]
async fn credentials_and_urls_end_on_demand() {
    let lab = Lab::new().await;
    let (url, keys) = (lab.signed_url().await, lab.keys().await);
    lab.sandbox.misbehave(once(Service::S3, Fault::ExpireCredentials));
    let refused = lab.fetch(&keys, BUCKET, &key()).await;
    assert_eq!(refusal(refused).await, (400, "ExpiredToken".to_owned()));
    assert_eq!(lab.fetch(&lab.keys().await, BUCKET, &key()).await.status(), 206);

    assert_eq!(lab.client.get(&url).send().await.unwrap().status(), 200);
    lab.sandbox.misbehave(once(Service::Cdn, Fault::ExpireSignedUrls));
    assert_eq!(lab.client.get(&url).send().await.unwrap().status(), 403);
    assert_eq!(lab.client.get(lab.signed_url().await).send().await.unwrap().status(), 200);

    // In the midst of a read: the third request is the first to be refused.
    let keys = lab.keys().await;
    lab.sandbox.misbehave(once(Service::S3, Fault::ExpireCredentials).after(2));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(lab.fetch(&keys, BUCKET, &key()).await.status().as_u16());
    }
    assert_eq!(statuses, [206, 206, 400, 400]);
}

#[tokio::test]
async fn presigned_urls_end_on_demand_too() {
    let lab = Lab::with(SandboxOptions::new(demo()).with_gateway(Redirect::PresignedS3)).await;
    let url = lab.signed_url().await;
    lab.sandbox.misbehave(once(Service::S3, Fault::ExpireSignedUrls));
    let refused = lab.client.get(&url).send().await.unwrap();
    assert_eq!(refusal(refused).await, (403, "AccessDenied".to_owned()));
    assert_eq!(lab.client.get(lab.signed_url().await).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_redirect_leads_where_it_is_told_and_the_log_sees_who_follows() {
    let lab = Lab::new().await;
    let trap = lab.url(Service::Cdn, "/trap");
    lab.sandbox.misbehave(once(Service::Gateway, Fault::RedirectTo(trap.clone())).on_path("/NISAR/"));
    let credentials = lab.url(Service::Gateway, "/s3credentials");
    let token = lab.sandbox.token("labuser", 60);
    let untouched = lab.client.get(credentials).bearer_auth(&token).send().await.unwrap();
    assert_eq!(untouched.status(), 200);
    let reply = lab.data().send().await.unwrap();
    assert_eq!((reply.status().as_u16(), header(&reply, "location")), (302, Some(trap.clone())));
    lab.client.get(&trap).bearer_auth(&token).send().await.unwrap();
    assert!(lab.sandbox.log().iter().any(|entry| entry.path == "/trap" && entry.had_authorization));
}

#[tokio::test]
async fn the_catalogue_hides_rows() {
    let lab = Lab::new().await;
    let form = [("provider", "ASF")];
    let fault = Fault::PartialCatalogue { missing: 3, timed_out: true };
    lab.sandbox.misbehave(once(Service::Cmr, fault));
    let reply = lab.search(&form).await;
    assert_eq!(header(&reply, "cmr-hits").unwrap(), "7");
    assert_eq!(header(&reply, "cmr-timed-out").unwrap(), "true");
    let after = header(&reply, "cmr-search-after").unwrap();
    assert_eq!(json(reply).await["items"].as_array().unwrap().len(), 4);
    let rest = lab.search_after(&form, Some(&after)).await;
    assert_eq!(json(rest).await["items"], serde_json::json!([]));
    let good = lab.search(&form).await;
    assert_eq!(header(&good, "cmr-timed-out"), None);
    assert_eq!(json(good).await["items"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn the_region_is_refused() {
    let lab = Lab::new().await;
    lab.sandbox.misbehave(once(Service::S3, Fault::RegionRefused).always());
    let keys = lab.keys().await;
    for _ in 0..3 {
        let refused = lab.fetch(&keys, BUCKET, &key()).await;
        assert_eq!(refusal(refused).await, (403, "AccessDenied".to_owned()));
    }
    let other = lab.client.get(lab.sandbox.url_of(GRANULE)).bearer_auth(lab.sandbox.token("labuser", 60));
    assert_eq!(other.send().await.unwrap().status(), 303);
}
