//! The sandbox as a whole: start, environment, log, end.

use std::collections::HashMap;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use swath_sandbox::{Error, Sandbox, SandboxOptions, Service, unpack_demo};

use crate::client::{BUCKET, GRANULE, Lab, demo, header, json, key};

#[tokio::test]
async fn the_whole_way_from_a_search_to_bytes() {
    let lab = Lab::new().await;
    let form = [("provider", "ASF"), ("readable_granule_name", GRANULE)];
    let found = json(lab.search(&form).await).await;
    let urls = found["items"][0]["umm"]["RelatedUrls"].as_array().unwrap();
    let data = urls.iter().find(|url| url["Type"] == "GET DATA").unwrap()["URL"].as_str().unwrap();
    assert_eq!(data, lab.sandbox.url_of(GRANULE));
    let direct = urls.iter().find(|url| url["Type"] == "GET DATA VIA DIRECT ACCESS").unwrap();
    assert_eq!(direct["URL"], lab.sandbox.s3_url_of(GRANULE));
    assert_eq!(lab.sandbox.s3_url_of(GRANULE), format!("s3://{BUCKET}/{}", key()));

    let token = lab.sandbox.token("labuser", 60);
    let gateway = lab.client.get(data).bearer_auth(&token).send().await.unwrap();
    let signed = header(&gateway, "location").unwrap();
    let bytes = lab.client.get(signed).header("range", "bytes=0-7").send().await.unwrap();
    assert_eq!(bytes.bytes().await.unwrap(), &b"\x89HDF\r\n\x1a\n"[..]);

    let log = lab.sandbox.log();
    let seen: Vec<_> = log.iter().map(|e| (e.service, e.status, e.bytes_sent, e.had_authorization)).collect();
    assert_eq!(seen[0].0, Service::Cmr);
    assert_eq!(seen[1..], [(Service::Gateway, 303, 0, true), (Service::Cdn, 206, 8, false)]);
    assert_eq!(log[2].range.as_deref(), Some("bytes=0-7"));
    assert_eq!((log[1].method.as_str(), &log[1].path), ("GET", &format!("/NISAR/{}", key())));
    let printed = format!("{log:?} {:?}", lab.sandbox);
    for secret in [token.as_str(), "Signature", "Key-Pair-Id"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    lab.sandbox.clear_log();
    assert!(lab.sandbox.log().is_empty());
}

#[tokio::test]
async fn the_environment_is_what_a_client_needs() {
    let lab = Lab::new().await;
    let folder = tempfile::tempdir().unwrap();
    let before: HashMap<_, _> = lab.sandbox.environment().into_iter().collect();
    assert!(!before.contains_key("SSL_CERT_FILE"));
    let file = folder.path().join("ca.pem");
    lab.sandbox.write_ca(&file).unwrap();
    let environment: HashMap<_, _> = lab.sandbox.environment().into_iter().collect();
    assert_eq!(std::fs::read_to_string(&environment["SSL_CERT_FILE"]).unwrap(), lab.sandbox.ca_pem());
    let health = format!("{}/search/health", environment["SWATH_CMR_URL"]);
    assert_eq!(lab.client.get(health).send().await.unwrap().status(), 200);
    let credentials = lab.client.get(&environment["SWATH_S3CREDENTIALS_URL"]);
    let credentials = credentials.bearer_auth(&environment["EARTHDATA_TOKEN"]).send().await.unwrap();
    assert_eq!(credentials.status(), 200);
    assert_eq!(environment["SWATH_EDL_URL"], lab.sandbox.origin(Service::EarthdataLogin));
    assert_eq!(environment["SWATH_S3_ENDPOINT_URL"], lab.sandbox.origin(Service::S3));
    assert_eq!(environment["SWATH_ALLOW_HTTP"], "loopback");
    let hosts: Vec<_> = environment["SWATH_TOKEN_HOSTS"].split(',').collect();
    assert!(hosts.iter().any(|host| lab.sandbox.origin(Service::Gateway).ends_with(host)));
    assert!(!hosts.iter().any(|host| lab.sandbox.origin(Service::Cdn).ends_with(host)));
    let nowhere = lab.sandbox.write_ca(&folder.path().join("no/such/folder/ca.pem"));
    assert!(matches!(nowhere, Err(Error::Write { .. })));
}

#[tokio::test]
async fn a_flat_folder_is_served_too_and_files_may_come_later() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with(SandboxOptions::new(folder.path())).await;
    let form = [("short_name", "NISAR_L2_GCOV_PROVISIONAL_V1")];
    assert_eq!(json(lab.search(&form).await).await["hits"], 0);
    let name = GRANULE.replace("X05009", "P05023");
    std::fs::write(folder.path().join(format!("{name}.h5")), b"0123456789").unwrap();
    std::fs::write(folder.path().join(format!("{name}_QA_STATS.h5")), b"qa").unwrap();
    let found = json(lab.search(&form).await).await;
    assert_eq!(found["hits"], 1);
    let files = &found["items"][0]["umm"]["DataGranule"]["ArchiveAndDistributionInformation"];
    assert_eq!(files[0]["SizeInBytes"], 10);
    assert_eq!(files[1]["SizeInBytes"], 2);
    let request = lab.client.get(lab.sandbox.url_of(&name)).bearer_auth(lab.sandbox.token("labuser", 60));
    let signed = header(&request.send().await.unwrap(), "location").unwrap();
    assert_eq!(lab.client.get(signed).send().await.unwrap().text().await.unwrap(), "0123456789");
    let keys = lab.keys().await;
    let key = lab.sandbox.s3_url_of(&name).replace(&format!("s3://{BUCKET}/"), "");
    assert_eq!(lab.fetch(&keys, BUCKET, &key).await.text().await.unwrap(), "0123456789");
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let missing = Sandbox::start(SandboxOptions::new("no/such/folder")).await.unwrap_err();
    assert!(matches!(missing, Error::Data { .. }));
    assert!(missing.to_string().contains("no/such/folder"), "{missing}");
    let range = Sandbox::start(SandboxOptions::new(demo()).with_port(65533)).await.unwrap_err();
    assert!(matches!(range, Error::PortRange { port: 65533 } | Error::Port { .. }), "{range}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let busy = Sandbox::start(SandboxOptions::new(demo()).with_port(port)).await.unwrap_err();
    assert!(matches!(busy, Error::Port { .. } | Error::PortRange { .. }), "{busy}");
}

#[tokio::test]
async fn after_the_end_nobody_answers() {
    let Lab { sandbox, client } = Lab::new().await;
    let url = format!("{}/search/health", sandbox.origin(Service::Cmr));
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    sandbox.stop().await;
    assert!(client.get(&url).send().await.is_err());
}

#[test]
fn unpacking_again_leaves_good_files_alone_and_mends_the_others() {
    let folder = tempfile::tempdir().unwrap();
    unpack_demo(folder.path()).unwrap();
    let file = folder.path().join(BUCKET).join(key());
    let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let handle = std::fs::File::options().write(true).open(&file).unwrap();
    handle.set_modified(old).unwrap();
    let quality = file.with_file_name(format!("{GRANULE}_QA_STATS.h5"));
    std::fs::write(&quality, b"cut").unwrap();
    unpack_demo(folder.path()).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), old);
    assert!(std::fs::read(&quality).unwrap().starts_with(b"\x89HDF"));
}

/// The witness is Python's: `fixtures/witness.py` wrote down the hash of each file it read.
#[test]
fn the_demo_granules_are_those_that_were_witnessed() {
    let expected = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/expected");
    let mut checked = 0;
    for entry in std::fs::read_dir(expected).unwrap() {
        let text = std::fs::read(entry.unwrap().path()).unwrap();
        let witness: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let Some(granule) = witness["granule"].as_str() else { continue };
        let file = format!("NISAR_L2_GCOV_BETA_V1/{granule}/{granule}.h5");
        let bytes = std::fs::read(demo().join(BUCKET).join(file)).unwrap();
        assert_eq!(bytes.len(), witness["bytes"]);
        checked += 1;
        // Hashing is slow without optimisation; the sum in each gzip member vouches for the rest.
        if granule == GRANULE {
            let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, witness["sha256"], "{granule}");
        }
    }
    assert_eq!(checked, 7);
}
