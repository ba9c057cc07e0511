//! The two doors of the archive: which one is taken, what it costs to find out, and what a refusal leads to.

use std::sync::{Arc, Mutex};

use futures::future::join_all;
use swath::http::{Event, Machine};
use swath::{Access, Door, ErrorKind, Session};
use swath_sandbox::{Fault, Misbehaviour, Sandbox, Service};

use crate::archive::*;

/// A machine of AWS that says it is in this region, or does not say where it is.
fn in_aws(region: Option<&'static str>) -> Machine {
    Machine::from_variables(|name| match name {
        "AWS_REGION" => region.map(str::to_owned),
        "AWS_EC2_METADATA_DISABLED" => Some("true".to_owned()),
        _ => None,
    })
    .amazons(None)
}

/// Events, as they are told.
type Told = Arc<Mutex<Vec<String>>>;

/// A session with this access on this machine, and what it tells.
fn session_of(sandbox: &Sandbox, access: Access, machine: Machine) -> (Session, Told) {
    let told = Told::default();
    let mut options = options(sandbox).with_access(access).with_observer({
        let told = told.clone();
        move |event: &Event| told.lock().unwrap().push(event.to_string())
    });
    options.machine = machine;
    (Session::new(options).unwrap(), told)
}

/// How often each service was asked: gateway for data, gateway for credentials, network, S3.
fn asked(sandbox: &Sandbox) -> [usize; 4] {
    let log = sandbox.log();
    let count = |service, credentials: bool| {
        let of_service = log.iter().filter(|entry| entry.service == service);
        of_service.filter(|entry| (entry.path == "/s3credentials") == credentials).count()
    };
    let gateway = Service::Gateway;
    [count(gateway, false), count(gateway, true), count(Service::Cdn, false), count(Service::S3, false)]
}

async fn refusing() -> Sandbox {
    sandbox_with(Misbehaviour::new(Service::S3, Fault::RegionRefused).always()).await
}

/// Means of all five granules, opened at the same time, compared with the truth.
async fn all_means(session: &Session, sources: &[String]) {
    let means = join_all(sources.iter().map(|source| mean(session, source))).await;
    for (granule, mean) in NEWEST.iter().zip(means) {
        assert_close(mean.unwrap(), true_mean(granule));
    }
}

fn https_urls(sandbox: &Sandbox) -> Vec<String> {
    NEWEST.iter().map(|granule| sandbox.url_of(granule)).collect()
}

fn s3_urls(sandbox: &Sandbox) -> Vec<String> {
    NEWEST.iter().map(|granule| sandbox.s3_url_of(granule)).collect()
}

#[tokio::test]
async fn in_the_region_the_archive_is_read_from_s3_and_elsewhere_over_https() {
    let sandbox = sandbox().await;
    for (machine, access, like) in [
        (in_aws(Some("us-west-2")), Access::Auto, Access::S3),
        (in_aws(Some("eu-central-1")), Access::Auto, Access::Https),
        (Machine::default(), Access::Auto, Access::Https),
    ] {
        let mut costs = Vec::new();
        for access in [access, like] {
            sandbox.clear_log();
            let (session, told) = session_of(&sandbox, access, machine.clone());
            all_means(&session, &https_urls(&sandbox)).await;
            assert!(told.lock().unwrap().is_empty());
            costs.push(asked(&sandbox));
        }
        // The choice costs not one request more than the door that was chosen.
        assert_eq!(costs[0], costs[1], "{machine:?}");
        let s3 = like == Access::S3;
        assert_eq!((costs[0][3] > 0, costs[0][2] == 0), (s3, s3), "{costs:?}");
    }
}

#[tokio::test]
async fn a_name_is_read_by_the_door_that_was_chosen_and_the_choice_is_told() {
    let sandbox = sandbox().await;
    for (region, door) in [("us-west-2", Door::S3), ("eu-west-1", Door::Https)] {
        let (session, _) = session_of(&sandbox, Access::Auto, in_aws(Some(region)));
        let layer = open(&session, GRANULE).await.unwrap();
        assert_eq!(layer.tree().object().door(), Some(door));
        let choice = session.access().await;
        assert_eq!((choice.asked, choice.door), (Access::Auto, door));
        assert!(choice.reason.contains(region), "{choice}");
        // The address stays as the catalogue gives it, so that one index serves both doors.
        assert!(layer.tree().address().to_string().starts_with("https://"));
    }
}

#[tokio::test]
async fn a_refusal_by_region_is_paid_for_once_and_told_once() {
    // Whoever does not know where it is tries S3, for what the catalogue gives as for what names S3.
    for named_s3 in [false, true] {
        let sandbox = refusing().await;
        let machine = if named_s3 { Machine::default() } else { in_aws(None) };
        let (session, told) = session_of(&sandbox, Access::Auto, machine);
        let sources = if named_s3 { s3_urls(&sandbox) } else { https_urls(&sandbox) };
        all_means(&session, &sources).await;
        // One way to each of the five; a read may have been on its way to S3 in two halves.
        let [ways, credentials, _, refused] = asked(&sandbox);
        assert_eq!((ways, credentials), (5, 1));
        assert!((1..=2).contains(&refused), "{refused} requests were refused");
        let said = told.lock().unwrap().clone();
        assert!(said.len() == 1 && said[0].contains("us-west-2"), "{said:?}");
        sandbox.clear_log();
        all_means(&session, &s3_urls(&sandbox)).await;
        assert_eq!(asked(&sandbox)[3], 0, "S3 was asked again");
        let choice = session.access().await;
        assert!(choice.door == Door::Https && choice.reason.contains("refused"), "{choice}");
    }
}

#[tokio::test]
async fn where_the_region_was_believed_a_refusal_is_no_end_either() {
    let sandbox = refusing().await;
    let (session, told) = session_of(&sandbox, Access::Auto, in_aws(Some("us-west-2")));
    all_means(&session, &https_urls(&sandbox)).await;
    assert_eq!((asked(&sandbox)[0], told.lock().unwrap().len()), (5, 1));
}

#[tokio::test]
async fn who_insists_on_s3_is_told_why_not() {
    let sandbox = refusing().await;
    let (session, told) = session_of(&sandbox, Access::S3, Machine::default());
    for source in [sandbox.url_of(GRANULE), sandbox.s3_url_of(GRANULE), GRANULE.to_owned()] {
        let error = mean(&session, &source).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
        assert!(error.hint().unwrap().contains("us-west-2"), "{error:?}");
    }
    assert_eq!((asked(&sandbox)[0], told.lock().unwrap().len()), (0, 0));
    let error = mean(&session, "https://example.com/NISAR/C/g/g.h5").await.unwrap_err();
    assert!(error.kind() == ErrorKind::Usage && format!("{error:?}").contains("in S3"), "{error:?}");
}

#[tokio::test]
async fn who_insists_on_https_never_meets_s3() {
    let sandbox = sandbox().await;
    let (session, _) = session_of(&sandbox, Access::Https, in_aws(Some("us-west-2")));
    all_means(&session, &s3_urls(&sandbox)).await;
    assert_eq!([asked(&sandbox)[1], asked(&sandbox)[3]], [0, 0]);
    let error = mean(&session, "s3://somebody/elses.h5").await.unwrap_err();
    assert!(error.kind() == ErrorKind::Usage && format!("{error:?}").contains("gateway"), "{error:?}");
}

#[tokio::test]
async fn the_address_of_another_server_is_its_own() {
    let (sandbox, other) = (sandbox().await, sandbox().await);
    let mut options = options(&sandbox);
    options.machine = in_aws(Some("us-west-2"));
    options.http.extra_ca_pem = Some(other.ca_pem().to_owned());
    let error = mean(&Session::new(options).unwrap(), &other.url_of(GRANULE)).await.unwrap_err();
    // It looks like the archive's, but this session's token and credentials are for another one.
    assert!(error.is_authentication(), "{error:?}");
    assert!(sandbox.log().is_empty() && other.log().iter().all(|entry| !entry.had_authorization));
}

#[tokio::test]
async fn one_object_that_s3_keeps_back_does_not_close_it_for_the_others() {
    let sandbox = sandbox().await;
    let kept_back = Misbehaviour::new(Service::S3, Fault::RegionRefused).on_path(NEWEST[2]).always();
    sandbox.misbehave(kept_back);
    let (session, told) = session_of(&sandbox, Access::Auto, in_aws(Some("us-west-2")));
    assert_close(mean(&session, &sandbox.url_of(GRANULE)).await.unwrap(), true_mean(GRANULE));
    all_means(&session, &https_urls(&sandbox)).await;
    // The one that S3 keeps back goes through the gateway, and it alone.
    let behind: Vec<String> = sandbox
        .log()
        .into_iter()
        .filter(|entry| entry.service == Service::Gateway)
        .map(|entry| entry.path)
        .collect();
    assert!(behind.iter().all(|path| path == "/s3credentials" || path.contains(NEWEST[2])), "{behind:?}");
    assert_eq!(asked(&sandbox)[0], 1);
    assert_eq!((session.access().await.door, told.lock().unwrap().len()), (Door::S3, 0));
}

#[tokio::test]
async fn public_data_needs_no_login_in_the_region_either() {
    let sandbox = sandbox().await;
    let mut options = options(&sandbox).without_known_logins();
    options.machine = in_aws(Some("us-west-2"));
    let error = mean(&Session::new(options).unwrap(), &sandbox.url_of(GRANULE)).await.unwrap_err();
    // The gateway was asked whether it wants one: for this granule it does.
    assert!(error.is_authentication(), "{error:?}");
    assert_eq!(asked(&sandbox), [1, 0, 0, 0]);
}
