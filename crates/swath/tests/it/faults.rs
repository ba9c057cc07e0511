//! The network and the services at their worst: each fault is healed or named, and never becomes a number.

use std::time::{Duration, Instant};

use swath::{Access, Error, ErrorKind, Session};
use swath_sandbox::{Fault, LogEntry, Misbehaviour, Sandbox, Service};

use crate::archive::*;

/// Requests that a service saw.
fn asked(sandbox: &Sandbox, service: Service) -> Vec<LogEntry> {
    sandbox.log().into_iter().filter(|entry| entry.service == service).collect()
}

async fn failure(session: &Session, source: &str) -> Error {
    match mean(session, source).await {
        Ok(mean) => panic!("a mean came out: {mean}"),
        Err(error) => error,
    }
}

/// The fault costs some requests, but the figure is right.
async fn heals(misbehaviour: Misbehaviour, s3: bool) -> Sandbox {
    let sandbox = sandbox_with(misbehaviour).await;
    let source = if s3 { sandbox.s3_url_of(GRANULE) } else { sandbox.url_of(GRANULE) };
    assert_close(mean(&session(&sandbox), &source).await.unwrap(), true_mean(GRANULE));
    sandbox
}

/// The fault ends in an error of this kind that says these things.
async fn ends(misbehaviour: Misbehaviour, kind: ErrorKind, says: &[&str]) -> Sandbox {
    let sandbox = sandbox_with(misbehaviour).await;
    let error = failure(&session(&sandbox), &sandbox.url_of(GRANULE)).await;
    assert_eq!(error.kind(), kind, "{error:?}");
    for text in says {
        assert!(format!("{error:?}").contains(text), "{text:?} is not in {error:?}");
    }
    sandbox
}

#[tokio::test]
async fn a_503_is_tried_again() {
    let sandbox = heals(data_fault(Fault::Status { code: 503, retry_after: None }), false).await;
    assert_eq!(asked(&sandbox, Service::Cdn).iter().filter(|entry| entry.status == 503).count(), 1);
}

#[tokio::test]
async fn a_service_that_stays_down_is_named_after_five_tries() {
    let down = Misbehaviour::new(Service::Gateway, Fault::Status { code: 503, retry_after: None }).always();
    let sandbox = ends(down, ErrorKind::Service, &["failed after 5 tries", "HTTP 503", "/NISAR/"]).await;
    assert_eq!(asked(&sandbox, Service::Gateway).len(), 5);
}

#[tokio::test]
async fn a_cut_body_is_continued_where_it_ended() {
    let sandbox = heals(data_fault(Fault::CutBody { after: 100_000 }), false).await;
    let log = asked(&sandbox, Service::Cdn);
    // The first read goes out as two halves; one of them is cut.
    let bounds = |range: &str| -> (u64, u64) {
        let (from, to) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        (from.parse().unwrap(), to.parse().unwrap())
    };
    let asked: Vec<(u64, u64)> =
        log.iter().take(3).map(|entry| bounds(entry.range.as_deref().unwrap())).collect();
    let (from, to) = asked[2];
    let halves = [(0, 196_607), (196_608, 393_215)];
    assert!(halves.contains(&asked[0]) && halves.contains(&asked[1]), "{asked:?}");
    let cut = halves.iter().find(|half| half.1 == to).expect("the end of a half");
    assert!(from > cut.0 && from <= cut.0 + 100_000, "{asked:?}");
}

#[tokio::test]
async fn a_stalled_body_is_given_up_and_continued() {
    let sandbox =
        sandbox_with(data_fault(Fault::Stall { after: 50_000, pause: Duration::from_secs(30) })).await;
    let mut options = options(&sandbox);
    options.http.stall_timeout = Duration::from_millis(300);
    let session = Session::new(options).unwrap();
    let begun = Instant::now();
    assert_close(mean(&session, &sandbox.url_of(GRANULE)).await.unwrap(), true_mean(GRANULE));
    assert!(begun.elapsed() < Duration::from_secs(20), "it waited for the stall to end");
}

#[tokio::test]
async fn a_refused_token_is_a_login_error() {
    let sandbox = sandbox().await;
    // A token of the right form whose signature is wrong: the gateway answers 401.
    let mut forged = sandbox.token("labuser", 3600);
    forged.truncate(forged.len() - 4);
    forged.push_str("AAAA");
    let error = failure(&session_with_token(&sandbox, &forged), &sandbox.url_of(GRANULE)).await;
    assert!(error.is_authentication(), "{error:?}");
    assert!(error.hint().unwrap().contains("EARTHDATA_TOKEN"), "{error:?}");
    assert!(asked(&sandbox, Service::Gateway).len() <= 2, "a refusal is not tried again");
    // A token that is no JWT: the gateway sends us to log in.
    let error = failure(&session_with_token(&sandbox, "not-a-jwt"), &sandbox.url_of(GRANULE)).await;
    assert!(error.is_authentication(), "{error:?}");
    assert!(asked(&sandbox, Service::EarthdataLogin).is_empty(), "the login page was asked for");
}

#[tokio::test]
async fn an_expired_token_is_known_before_anything_is_sent() {
    let sandbox = sandbox().await;
    let expired = sandbox.token("labuser", -10);
    let error = failure(&session_with_token(&sandbox, &expired), &sandbox.s3_url_of(GRANULE)).await;
    assert!(error.is_authentication() && format!("{error:?}").contains("expired"), "{error:?}");
    assert!(sandbox.log().is_empty());
}

#[tokio::test]
async fn a_licence_that_was_not_accepted_comes_with_its_link() {
    let sandbox = sandbox().await;
    let token = sandbox.token("noeula", 3600);
    for source in [sandbox.url_of(GRANULE), sandbox.s3_url_of(GRANULE)] {
        let error = failure(&session_with_token(&sandbox, &token), &source).await;
        assert!(error.is_authentication(), "{error:?}");
        assert!(error.hint().unwrap().contains("/approve_app?client_id="), "{error:?}");
    }
}

#[tokio::test]
async fn a_login_page_is_not_data() {
    ends(data_fault(Fault::LoginPage), ErrorKind::Authentication, &["login page"]).await;
    let gateway = Misbehaviour::new(Service::Gateway, Fault::LoginPage);
    ends(gateway, ErrorKind::Authentication, &["login page", "EARTHDATA_TOKEN"]).await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let sandbox = sandbox().await;
    let absent = GRANULE.replace("X05009", "X05999");
    for source in [sandbox.url_of(&absent), sandbox.s3_url_of(&absent)] {
        let error = failure(&session(&sandbox), &source).await;
        assert!(error.is_not_found(), "{error:?}");
        assert!(error.to_string().contains(&absent), "{error:?}");
    }
}

#[tokio::test]
async fn a_range_outside_of_the_object_is_an_integrity_error() {
    let refused = data_fault(Fault::Status { code: 416, retry_after: None });
    ends(refused, ErrorKind::Integrity, &["shorter than expected"]).await;
}

#[tokio::test]
async fn a_server_that_ignores_ranges_does_not_send_us_the_whole_object() {
    let says = ["ignores range requests", "more than 16777216 bytes"];
    let sandbox = ends(data_fault(Fault::IgnoreRange).always(), ErrorKind::Integrity, &says).await;
    let sent: u64 = asked(&sandbox, Service::Cdn).iter().map(|entry| entry.bytes_sent).sum();
    // What was on its way, for each half of the first read, when the answer's length was seen.
    assert!(sent < 26_000_000, "{sent} bytes were taken");
}

#[tokio::test]
async fn an_answer_that_contradicts_itself_is_refused() {
    heals(data_fault(Fault::WrongContentRange), false).await;
    ends(data_fault(Fault::WrongContentRange).always(), ErrorKind::Integrity, &["another range"]).await;
    heals(data_fault(Fault::ShortBody { missing: 1000 }), false).await;
}

/// Where the chunk under the cookbook's box lies.
async fn chunk(sandbox: &Sandbox) -> std::ops::Range<u64> {
    let layer = open(&session(sandbox), &sandbox.url_of(GRANULE)).await.unwrap();
    let window = layer.clip_box(cookbook_box()).await.unwrap().window().unwrap();
    let selection = swath_hdf5::Selection::window(&[
        window.row_off()..window.row_end(),
        window.col_off()..window.col_end(),
    ]);
    let plan = layer.tree().index().dataset(layer.path()).unwrap().plan(layer.path(), &selection).unwrap();
    plan.ranges()[0].clone()
}

#[tokio::test]
async fn a_flipped_bit_is_fetched_again_or_named() {
    let sandbox = sandbox().await;
    let chunk = chunk(&sandbox).await;
    for place in [chunk.start, chunk.start + 1, (chunk.start + chunk.end) / 2, chunk.end - 1] {
        sandbox.misbehave(data_fault(Fault::FlipBit { offset: place }));
        assert_close(mean(&session(&sandbox), &sandbox.url_of(GRANULE)).await.unwrap(), true_mean(GRANULE));
        sandbox.misbehave(data_fault(Fault::FlipBit { offset: place }).always());
        let error = failure(&session(&sandbox), &sandbox.url_of(GRANULE)).await;
        assert!(error.is_integrity(), "{error:?}");
        sandbox.behave();
    }
}

#[tokio::test]
async fn an_object_replaced_between_requests_is_an_integrity_error() {
    let replaced = data_fault(Fault::ReplaceObject).after(1).always();
    ends(replaced, ErrorKind::Integrity, &["replaced"]).await;
}

#[tokio::test]
async fn credentials_that_expire_in_between_are_renewed_once() {
    let sandbox = heals(Misbehaviour::new(Service::S3, Fault::ExpireCredentials).after(2), true).await;
    let renewals = sandbox.log().into_iter().filter(|entry| entry.path == "/s3credentials").count();
    assert_eq!(renewals, 2);
}

#[tokio::test]
async fn a_signed_url_that_expires_in_between_is_asked_for_again() {
    let sandbox = heals(Misbehaviour::new(Service::Cdn, Fault::ExpireSignedUrls).after(2), false).await;
    assert_eq!(asked(&sandbox, Service::Gateway).len(), 2);
}

#[tokio::test]
async fn outside_the_region_the_way_out_is_told() {
    let sandbox = sandbox_with(Misbehaviour::new(Service::S3, Fault::RegionRefused).always()).await;
    let session = Session::new(options(&sandbox).with_access(Access::S3)).unwrap();
    let error = failure(&session, &sandbox.s3_url_of(GRANULE)).await;
    assert!(error.is_authentication() && error.hint().unwrap().contains("https"), "{error:?}");
}

#[tokio::test]
async fn the_token_follows_no_redirect_to_another_origin() {
    let (sandbox, other) = (sandbox().await, sandbox().await);
    let elsewhere = format!("{}/steal", other.origin(Service::Gateway));
    sandbox.misbehave(Misbehaviour::new(Service::Gateway, Fault::RedirectTo(elsewhere)).always());
    // The other origin is on the list of hosts, too; still it must not see a token meant for this one.
    let mut options = options(&sandbox);
    options.token_hosts = "127.0.0.1".to_owned();
    options.http.extra_ca_pem = Some(format!("{}\n{}", sandbox.ca_pem(), other.ca_pem()));
    failure(&Session::new(options).unwrap(), &sandbox.url_of(GRANULE)).await;
    assert!(asked(&sandbox, Service::Gateway).iter().any(|entry| entry.had_authorization));
    assert!(!other.log().is_empty() && other.log().iter().all(|entry| !entry.had_authorization));
}

#[tokio::test]
async fn a_redirect_out_of_https_is_not_followed() {
    let downgrade = Fault::RedirectTo("http://127.0.0.1:9/x".to_owned());
    ends(Misbehaviour::new(Service::Gateway, downgrade), ErrorKind::Service, &["not followed"]).await;
    let circle = sandbox().await;
    let itself = Fault::RedirectTo(circle.url_of(GRANULE));
    circle.misbehave(Misbehaviour::new(Service::Gateway, itself).always());
    let error = failure(&session(&circle), &circle.url_of(GRANULE)).await;
    assert_eq!(error.kind(), ErrorKind::Service, "{error:?}");
    assert!(asked(&circle, Service::Gateway).len() <= 6);
}

#[tokio::test]
async fn only_the_gateway_and_login_ever_see_the_token() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    mean(&session, &sandbox.url_of(GRANULE)).await.unwrap();
    mean(&session, &sandbox.s3_url_of(GRANULE)).await.unwrap();
    for entry in sandbox.log() {
        let may = matches!(entry.service, Service::Gateway | Service::EarthdataLogin);
        assert!(may || !entry.had_authorization, "{entry:?}");
    }
}

#[tokio::test]
async fn files_that_are_no_sound_hdf5_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let whole = std::fs::read(stored(GRANULE)).unwrap();
    let cases: [(&str, &[u8], &str); 4] = [
        ("page.h5", b"<!DOCTYPE html><title>Earthdata Login</title>", "not an HDF5 file"),
        ("empty.h5", b"", "HDF5"),
        ("head.h5", &whole[..5_000_000], "truncated"),
        ("stub.h5", &whole[..40], "HDF5"),
    ];
    for (name, bytes, says) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = open(&session, path.to_str().unwrap()).await.unwrap_err();
        assert!(error.is_integrity(), "{name}: {error:?}");
        assert!(format!("{error:?}").contains(says), "{name}: {error:?}");
    }
    let error = open(&session, folder.path().join("absent.h5").to_str().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage, "{error:?}");
}
