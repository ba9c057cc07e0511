//! The cookbook's flow over the sandbox: the figures are those of h5py and rioxarray, and each step costs what it should.

use swath::search::Query;
use swath::{Address, ErrorKind, LonLatBox, OpenOptions, ReadLimits, Stack, Window};
use swath_sandbox::Service;

use crate::archive::*;

#[tokio::test]
async fn both_doors_give_the_true_mean_of_each_date() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    for granule in NEWEST {
        assert_close(mean(&session, &sandbox.url_of(granule)).await.unwrap(), true_mean(granule));
        assert_close(mean(&session, &sandbox.s3_url_of(granule)).await.unwrap(), true_mean(granule));
    }
}

#[tokio::test]
async fn every_window_equals_what_h5py_and_rioxarray_read() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let expected = expected(GRANULE);
    let tree = session.open(&sandbox.url_of(GRANULE), &OpenOptions::default()).await.unwrap();
    let windows = expected["windows"].as_array().unwrap();
    assert!(windows.len() >= 15);
    for wanted in windows {
        let corner: Vec<f64> =
            serde_json::from_value(expected["boxes"][wanted["box"].as_str().unwrap()].clone()).unwrap();
        let area = LonLatBox::new(corner[0], corner[1], corner[2], corner[3]).unwrap();
        let layer = tree.array(wanted["path"].as_str().unwrap()).unwrap().clip_box(area).await.unwrap();
        let window = layer.window().unwrap();
        let number = |name: &str| wanted[name].as_u64().unwrap();
        let place =
            Window::new(number("row_off"), number("col_off"), number("height"), number("width")).unwrap();
        assert_eq!(window, place, "{wanted}");
        let found = layer.statistics().await.unwrap();
        assert_eq!((found.n_total, found.n_valid), (number("n_total"), number("n_valid")), "{wanted}");
        let figures = [(found.mean, "mean"), (found.std, "std"), (found.min, "min"), (found.max, "max")];
        for (figure, name) in figures {
            match wanted[name].as_f64() {
                // The deviation is a difference of large sums in the witness, so its last digits differ.
                Some(wanted) if name == "std" => {
                    assert!((figure.unwrap() - wanted).abs() <= 1e-11 * wanted.abs().max(1e-3));
                }
                Some(wanted) => assert_close(figure.unwrap(), wanted),
                None => assert_eq!(figure, None),
            }
        }
    }
}

#[tokio::test]
async fn a_window_costs_the_rounds_and_bytes_that_it_must() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let layer = open(&session, &sandbox.url_of(GRANULE)).await.unwrap();
    let object = layer.tree().object();
    let opened = (object.waves(), object.ledger().totals());
    assert!(opened.0 <= 3, "{opened:?}");
    assert!(opened.1.bytes <= 1_500_000, "{opened:?}");
    assert_eq!(sandbox.log().iter().filter(|entry| entry.service == Service::Gateway).count(), 1);
    let clipped = layer.clip_box(cookbook_box()).await.unwrap();
    let cost = clipped.cost().await.unwrap();
    clipped.statistics().await.unwrap();
    let after = object.ledger().totals();
    assert_eq!(object.waves(), opened.0 + 1);
    assert_eq!((after.requests - opened.1.requests, after.bytes - opened.1.bytes), (cost.pieces, cost.bytes));
    assert_eq!(sandbox.log().iter().filter(|entry| entry.service == Service::Gateway).count(), 1);
}

#[tokio::test]
async fn the_second_opening_asks_for_no_metadata() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let session = swath::Session::new(options(&sandbox).with_cache(Some(folder.path().to_owned()))).unwrap();
    let first = open(&session, &sandbox.s3_url_of(GRANULE)).await.unwrap();
    assert!(first.tree().object().waves() > 0);
    let second = open(&session, &sandbox.s3_url_of(GRANULE)).await.unwrap();
    let clipped = second.clip_box(cookbook_box()).await.unwrap();
    assert_eq!(second.tree().object().ledger().totals().requests, 0);
    assert_close(clipped.mean().await.unwrap().unwrap(), true_mean(GRANULE));
    assert_eq!(second.tree().object().waves(), 1);
}

#[tokio::test]
async fn a_damaged_cache_is_read_past() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let session = swath::Session::new(options(&sandbox).with_cache(Some(folder.path().to_owned()))).unwrap();
    open(&session, &sandbox.s3_url_of(GRANULE)).await.unwrap();
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let sound = std::fs::read(&file).unwrap();
    for at in (0..sound.len()).step_by(sound.len() / 50) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&file, &damaged).unwrap();
        // Either it is noticed, or what was damaged says where the object is and the object does not match it.
        match mean(&session, &sandbox.s3_url_of(GRANULE)).await {
            Ok(mean) => assert_close(mean, true_mean(GRANULE)),
            Err(error) => assert!(error.is_integrity(), "byte {at}: {error:?}"),
        }
    }
    std::fs::write(&file, &sound[..sound.len() / 2]).unwrap();
    assert_close(mean(&session, &sandbox.s3_url_of(GRANULE)).await.unwrap(), true_mean(GRANULE));
}

#[tokio::test]
async fn a_replaced_object_is_not_read_with_its_old_index() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let session = swath::Session::new(options(&sandbox).with_cache(Some(folder.path().to_owned()))).unwrap();
    let source = sandbox.url_of(GRANULE);
    mean(&session, &source).await.unwrap();
    sandbox.misbehave(data_fault(swath_sandbox::Fault::ReplaceObject).always());
    let error = mean(&session, &source).await.unwrap_err();
    assert!(error.is_integrity() && error.hint().unwrap().contains("dropped"), "{error:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the old index is still there");
}

#[tokio::test]
async fn several_granules_are_one_lazy_stack_along_time() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let sources: Vec<String> = NEWEST.iter().rev().map(|granule| sandbox.url_of(granule)).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let layers = session.open_layers(&sources, "A", "HHHH", ReadLimits::default()).await;
    let layers: Vec<_> = layers.into_iter().collect::<swath::Result<_>>().unwrap();
    let stack = Stack::new(layers).unwrap().clip_box(cookbook_box()).await.unwrap();
    let samples = stack.statistics().await.unwrap();
    let found: Vec<String> = samples.iter().map(|sample| sample.granule.to_string()).collect();
    assert_eq!(found, NEWEST, "the order is that of time");
    assert_eq!(samples[0].time.to_string(), "2025-11-22T02:46:18Z");
    for sample in &samples {
        assert_close(sample.statistics.mean.unwrap(), true_mean(&sample.granule.to_string()));
    }
    let cube = stack.read().await.unwrap();
    assert_eq!(cube.shape(), [5, 74, 62]);
    assert_eq!(cube.dimensions(), ["time", "yCoordinates", "xCoordinates"]);
}

#[tokio::test]
async fn granules_that_do_not_belong_together_make_no_stack() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let older = GRANULE.replace("X05009", "X05007");
    let twice = [
        open(&session, &sandbox.url_of(GRANULE)).await.unwrap(),
        open(&session, &sandbox.url_of(&older)).await.unwrap(),
    ];
    let error = Stack::new(twice.to_vec()).unwrap_err();
    assert!(error.to_string().contains("same time"), "{error:?}");
}

#[tokio::test]
async fn a_closed_tree_names_itself() {
    let sandbox = sandbox().await;
    let layer = open(&session(&sandbox), &sandbox.url_of(GRANULE)).await.unwrap();
    let clipped = layer.clip_box(cookbook_box()).await.unwrap();
    layer.tree().close();
    for error in [clipped.mean().await.unwrap_err(), clipped.read().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(error.to_string().contains(GRANULE), "{error:?}");
    }
    // What was known stays known.
    assert_eq!(clipped.shape(), [74, 62]);
}

#[tokio::test]
async fn mistakes_are_told_before_anything_is_fetched() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let layer = open(&session, &sandbox.url_of(GRANULE)).await.unwrap();
    let before = session.ledger().totals();
    let far = LonLatBox::new(10.0, 50.0, 11.0, 51.0).unwrap();
    assert_eq!(layer.clip_box(far).await.unwrap_err().kind(), ErrorKind::Usage);
    let outside = Window::new(0, 0, 1_000_000, 10).unwrap();
    assert_eq!(layer.with_window(outside).unwrap_err().kind(), ErrorKind::Usage);
    assert!(layer.tree().array("HHHV").is_err());
    let error = layer.tree().layer("A", "VVVV").unwrap_err();
    assert!(error.hint().unwrap().contains("HVHV"), "{error:?}");
    let limits = ReadLimits { max_bytes: 1000, ..ReadLimits::default() };
    let small = session.open_layer(&sandbox.url_of(GRANULE), "A", "HHHH", limits).await.unwrap();
    let opened = session.ledger().totals();
    assert_eq!(small.mean().await.unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(session.ledger().totals(), opened);
    assert!(opened.requests > before.requests);
}

/// The cookbook's query.
fn cookbook_query() -> Query {
    Query::new()
        .dataset("NISAR")
        .processing_level("GCOV")
        .intersects_with(
            "POLYGON((40.9131 12.3904,41.8891 12.3904,41.8891 13.2454,40.9131 13.2454,40.9131 12.3904))",
        )
        .start("2025-11-22")
        .end("2026-03-05")
        .flight_direction("ASCENDING")
        .production_configuration("PR")
        .max_results(250)
}

#[tokio::test]
async fn seven_are_found_and_the_five_newest_kept() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let results = session.search(&cookbook_query()).await.unwrap();
    assert_eq!((results.granules.len(), results.hits), (7, 7));
    let latest = results.latest();
    let mut kept: Vec<&str> = latest.kept.iter().map(|granule| granule.name.as_str()).collect();
    kept.sort_unstable();
    assert_eq!(kept, NEWEST);
    assert!(
        latest.superseded.iter().all(|old| old.granule.name.contains("X05007") && old.by.contains("X05009"))
    );
    // The cookbook's own selection of URLs, with its lookahead.
    let urls = results.find_urls(Some(".h5"), Some(r"^(?!.*QA_STATS).*"), false).unwrap();
    assert_eq!(urls.len(), 7);
    assert!(
        urls.iter()
            .all(|url| url.starts_with("https://") && url.ends_with(".h5") && !url.contains("QA_STATS"))
    );
    let direct = results.find_urls(Some(".h5"), Some(r"^(?!.*QA_STATS).*"), true).unwrap();
    for (https, s3) in urls.iter().zip(&direct) {
        assert_eq!(&Address::parse(https).unwrap().direct_access().unwrap().to_string(), s3);
    }
}

#[tokio::test]
async fn a_granule_is_opened_by_its_name() {
    let sandbox = sandbox().await;
    assert_close(mean(&session(&sandbox), GRANULE).await.unwrap(), true_mean(GRANULE));
    let absent = GRANULE.replace("X05009", "X05999");
    let error = mean(&session(&sandbox), &absent).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
}

#[tokio::test]
async fn a_search_needs_no_login_and_sends_none() {
    let sandbox = sandbox().await;
    let session = session_with_token(&sandbox, "nonsense");
    assert_eq!(session.search(&cookbook_query()).await.unwrap().granules.len(), 7);
    assert!(sandbox.log().iter().all(|entry| !entry.had_authorization));
}

#[tokio::test]
async fn an_incomplete_answer_of_the_catalogue_is_an_error() {
    for timed_out in [false, true] {
        let fault = swath_sandbox::Fault::PartialCatalogue { missing: 2, timed_out };
        let sandbox = sandbox_with(swath_sandbox::Misbehaviour::new(Service::Cmr, fault).always()).await;
        let session = session(&sandbox);
        let error = session.search(&cookbook_query()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service, "{error:?}");
        let partial = session.search(&cookbook_query().allow_partial(true)).await.unwrap();
        assert!(!partial.notices.is_empty() && partial.granules.len() < 7);
    }
}

#[tokio::test]
async fn an_offline_search_repeats_the_catalogues_last_answer() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let cached = || options(&sandbox).with_cache(Some(folder.path().to_owned()));
    let query = Query::new().relative_orbit(172).frame(8).or_usual(&[]);
    let online = swath::Session::new(cached()).unwrap().search(&query).await.unwrap();
    let asked = sandbox.log().len();
    let mut options = cached();
    options.offline = true;
    let session = swath::Session::new(options).unwrap();
    let offline = session.search(&query).await.unwrap();
    let json = |results: &swath::search::SearchResults| {
        let mut text = Vec::new();
        results.write_json_lines(&mut text).unwrap();
        text
    };
    assert_eq!((json(&offline), offline.hits), (json(&online), 7));
    assert!(
        offline.notices[0].starts_with("offline: the catalogue said this on 20"),
        "{:?}",
        offline.notices
    );
    assert_eq!(session.search_count(&query).await.unwrap().hits, 7);
    // What was not asked before is not known, a damaged file is as good as absent, and nothing was sent.
    assert!(session.search(&query.clone().frame(9)).await.unwrap_err().is_not_found());
    assert!(session.search_pages(&query).is_err());
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
    }
    assert!(session.search(&query).await.unwrap_err().is_not_found());
    assert_eq!(sandbox.log().len(), asked);
}
