//! Logging in: where tokens come from, how they are kept, and that they are never seen.

use swath::{ErrorKind, Password, Session, SessionOptions, TokenSource};
use swath_sandbox::{Fault, Misbehaviour, Sandbox, Service};

use crate::archive::*;

/// A session with these variables besides the sandbox's own, without its token.
fn session_of(sandbox: &Sandbox, variables: &[(&str, &str)]) -> Session {
    let environment = sandbox.environment();
    let lookup = |name: &str| {
        let given = variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let own = || environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        given.or_else(|| own().filter(|_| name != "EARTHDATA_TOKEN"))
    };
    let mut options = SessionOptions::from_variables(lookup).unwrap().with_cache(None);
    options.http.extra_ca_pem = Some(sandbox.ca_pem().to_owned());
    options.http.no_proxy = true;
    options.http.retry.base = std::time::Duration::from_millis(1);
    Session::new(options).unwrap()
}

const NOWHERE: (&str, &str) = ("NETRC", "/nonexistent");

#[tokio::test]
async fn a_password_becomes_a_token_that_is_kept_and_found_again() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let config = ("XDG_CONFIG_HOME", folder.path().to_str().unwrap());
    let password = [("EARTHDATA_USERNAME", "labuser"), ("EARTHDATA_PASSWORD", "labpass"), config, NOWHERE];
    let first = session_of(&sandbox, &password);
    let status = first.login_status().await.unwrap();
    assert_eq!((status.source, status.user.as_deref()), (TokenSource::Password, Some("labuser")));
    assert!(status.expiry.is_some() && !status.has_expired() && status.file.is_none());
    first.check_login().await.unwrap();
    let kept = first.keep_login().await.unwrap();
    assert_eq!(kept, folder.path().join("swath/token"));
    // Another session finds it, and the gateway takes it.
    let second = session_of(&sandbox, &[config, NOWHERE]);
    assert_eq!(second.login_status().await.unwrap().source, TokenSource::File);
    assert_close(mean(&second, &sandbox.url_of(GRANULE)).await.unwrap(), true_mean(GRANULE));
    assert_eq!(second.logout().unwrap(), Some(kept));
    assert_eq!(second.logout().unwrap(), None);
    let third = session_of(&sandbox, &[config, NOWHERE]);
    let error = third.login_status().await.unwrap_err();
    assert!(error.is_authentication() && error.hint().unwrap().contains("swath login"), "{error:?}");
}

#[tokio::test]
async fn the_password_goes_to_earthdata_login_alone() {
    let sandbox = sandbox().await;
    let session = session_of(&sandbox, &[NOWHERE]);
    session.token_of("labuser", &Password::new("labpass")).await.unwrap();
    assert!(sandbox.log().iter().all(|entry| entry.service == Service::EarthdataLogin));
    let error = session.token_of("labuser", &Password::new("canary-password")).await.unwrap_err();
    assert!(error.is_authentication() && !format!("{error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn at_the_limit_of_tokens_one_of_them_is_used() {
    let sandbox = sandbox().await;
    let session = session_of(&sandbox, &[NOWHERE]);
    let full = Misbehaviour::new(Service::EarthdataLogin, Fault::Status { code: 403, retry_after: None })
        .on_path("find_or_create_token");
    // Without any token the refusal stands.
    sandbox.misbehave(full.clone());
    let error = session.token_of("labuser", &Password::new("labpass")).await.unwrap_err();
    assert!(error.hint().unwrap().contains("two tokens"), "{error:?}");
    let first = session.token_of("labuser", &Password::new("labpass")).await.unwrap();
    sandbox.misbehave(full);
    assert!(session.token_of("labuser", &Password::new("labpass")).await.unwrap() == first);
    assert!(sandbox.log().iter().all(|entry| !entry.path.contains("revoke")));
}

#[tokio::test]
async fn an_expired_token_gives_way_and_says_when() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let config = ("XDG_CONFIG_HOME", folder.path().to_str().unwrap());
    let file = folder.path().join("swath/token");
    session_of(&sandbox, &[("EARTHDATA_TOKEN", &sandbox.token("labuser", 60)), config])
        .keep_login()
        .await
        .unwrap();
    std::fs::write(&file, sandbox.token("labuser", -5)).unwrap();
    let alone = session_of(&sandbox, &[config, NOWHERE]);
    assert!(alone.login_status().await.unwrap().has_expired());
    let error = alone.login().await.unwrap_err();
    assert!(error.to_string().contains("expired at"), "{error:?}");
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, "default login labuser password labpass").unwrap();
    let both = session_of(&sandbox, &[config, ("NETRC", netrc.to_str().unwrap())]);
    assert_eq!(both.login_status().await.unwrap().source, TokenSource::Netrc);
}

#[tokio::test]
async fn nothing_that_can_be_printed_holds_a_token() {
    let sandbox = sandbox().await;
    let canary = "canary-4c1e";
    let session = session_of(&sandbox, &[("EARTHDATA_TOKEN", canary), NOWHERE]);
    let status = session.login_status().await.unwrap();
    assert_eq!((status.source, status.user.as_deref()), (TokenSource::Environment, None));
    let error = session.check_login().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    let seen = format!("{session:?} {status:?} {error:?} {:?} {}", session.ledger().entries(), status.source);
    assert!(!seen.contains(canary), "{seen}");
}
