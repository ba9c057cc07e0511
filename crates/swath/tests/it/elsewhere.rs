//! What opening found out, sent elsewhere; and reads of any selection as bytes.

use swath::{LayerOptions, OpenOptions, ReadLimits, Region, Session};
use swath_hdf5::{Axis, Selection};

use crate::archive::{
    GRANULE, assert_close, cookbook_box, open, options, sandbox, session, session_with_token, stored,
    true_mean,
};

#[tokio::test]
async fn a_tree_is_opened_elsewhere_without_a_request() {
    let sandbox = sandbox().await;
    let here = open(&session(&sandbox), &sandbox.url_of(GRANULE)).await.unwrap();
    let (tree, path) = (here.tree().to_bytes().unwrap(), here.path());
    let alone = here.tree().array_to_bytes(path).unwrap();
    assert!(alone.len() < tree.len(), "{} and {}", alone.len(), tree.len());
    for saved in [tree, alone] {
        let elsewhere = session(&sandbox);
        sandbox.clear_log();
        let again = elsewhere.open_saved(&saved, ReadLimits::default()).unwrap();
        let layer = again.array(path).unwrap().clip_box(cookbook_box()).await.unwrap();
        assert_eq!((layer.shape(), layer.data_type()), (vec![74, 62], "float32".to_owned()));
        assert!(sandbox.log().is_empty());
        assert_close(layer.mean().await.unwrap().unwrap(), true_mean(GRANULE));
        assert!(again.object().waves() == 1, "one wave of pixels");
    }
}

#[tokio::test]
async fn what_is_saved_is_no_secret_and_no_login() {
    let sandbox = sandbox().await;
    let token = sandbox.token("labuser", 3600);
    let here = open(&session_with_token(&sandbox, &token), &sandbox.url_of(GRANULE)).await.unwrap();
    let saved = here.tree().to_bytes().unwrap();
    let text = String::from_utf8_lossy(&saved);
    assert!(!text.contains(&token) && !text.contains("Signature"));
    let expired = session_with_token(&sandbox, &sandbox.token("labuser", -5));
    let layer = expired.open_saved(&saved, ReadLimits::default()).unwrap().array(here.path()).unwrap();
    assert!(layer.mean().await.unwrap_err().is_authentication());
}

#[tokio::test]
async fn bytes_that_are_no_index_are_refused() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let saved = open(&session, &sandbox.url_of(GRANULE)).await.unwrap().tree().to_bytes().unwrap();
    let cut = saved.len() / 2;
    let mut flipped = saved.clone();
    flipped[cut] ^= 1;
    for damaged in [&saved[..0], &saved[..20], &saved[..cut], &saved[..saved.len() - 1], &flipped[..]] {
        let error = session.open_saved(damaged, ReadLimits::default()).unwrap_err();
        assert_eq!(error.kind(), swath::ErrorKind::Usage);
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn a_measurement_is_the_record_of_the_faces() {
    let sandbox = sandbox().await;
    let wanted = LayerOptions::new("a", "HHHH").region(Region::Box(cookbook_box()));
    let found = session(&sandbox).measure(&sandbox.url_of(GRANULE), &wanted).await.unwrap();
    let record = found.to_json().unwrap();
    assert_close(record["mean"].as_f64().unwrap(), true_mean(GRANULE));
    assert_eq!((record["epsg"].as_u64(), record["n_total"].as_u64()), (Some(32637), Some(74 * 62)));
    assert_eq!(record["window"]["row_off"], 565);
    let window = swath::Window::new(565, 621, 74, 62).unwrap();
    let wanted = LayerOptions::new("A", "HHHH").region(Region::Window(window));
    let same = session(&sandbox).measure(&sandbox.s3_url_of(GRANULE), &wanted).await.unwrap();
    assert_eq!(same.statistics.mean, found.statistics.mean);
}

/// A granule of the disk.
async fn local(group: &str) -> swath::DataTree {
    let session = Session::new(swath::SessionOptions::default()).unwrap();
    let path = stored(GRANULE).display().to_string();
    session.open(&path, &OpenOptions::default().group(group)).await.unwrap()
}

#[tokio::test]
async fn selections_are_read_as_bytes() {
    let tree = local("/science/LSAR/GCOV/grids/frequencyA").await;
    let layer = tree.array("HHHH").unwrap();
    let window = layer.with_window(swath::Window::new(600, 640, 9, 21).unwrap()).unwrap();
    let values = window.read().await.unwrap();
    let axes = vec![Axis { start: 600, count: 3, step: 4 }, Axis { start: 640, count: 3, step: 10 }];
    let bytes = layer.read_bytes(&Selection::strided(axes)).await.unwrap();
    let found: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
    let wanted: Vec<f64> =
        (0..9).map(|place| values.f64_at(&[place / 3 * 4, place % 3 * 10]).unwrap()).collect();
    assert_eq!(found.iter().map(|value| f64::from(*value)).collect::<Vec<_>>(), wanted);
    let outside = Selection::strided(vec![Axis { start: 1239, count: 2, step: 1 }; 2]);
    assert_eq!(layer.read_bytes(&outside).await.unwrap_err().kind(), swath::ErrorKind::Usage);
    assert!(layer.read_texts(&Selection::all(&[1240, 1320])).await.is_err());
}

#[tokio::test]
async fn scales_come_in_one_wave_and_equal_what_is_read_alone() {
    let sandbox = sandbox().await;
    let tree = session(&sandbox).open(&sandbox.url_of(GRANULE), &OpenOptions::default()).await.unwrap();
    let before = tree.object().waves();
    let scales = tree.read_scales().await.unwrap();
    assert_eq!(tree.object().waves(), before + 1);
    assert!(scales.values.len() >= 10 && scales.ends.is_empty(), "{scales:?}");
    for (path, bytes) in &scales.values {
        let array = tree.array(path).unwrap();
        assert_eq!(&array.read_bytes(&Selection::all(&array.shape())).await.unwrap(), bytes, "{path}");
    }
    let small = OpenOptions::default().limits(ReadLimits { max_bytes: 1000, ..ReadLimits::default() });
    let tree = session(&sandbox).open(&sandbox.url_of(GRANULE), &small).await.unwrap();
    assert_eq!(tree.read_scales().await.unwrap_err().kind(), swath::ErrorKind::Limit);
}

#[tokio::test]
async fn axes_come_along_with_scales_which_are_kept() {
    let sandbox = sandbox().await;
    let (plain, later) = (OpenOptions::default(), OpenOptions::default().axes_later(true));
    for url in [sandbox.url_of(GRANULE), sandbox.s3_url_of(GRANULE)] {
        let alone = session(&sandbox).open(&url, &plain).await.unwrap();
        let tree = session(&sandbox).open(&url, &later).await.unwrap();
        assert_eq!((alone.object().waves(), tree.object().waves()), (3, 2));
        let (scales, same) = tokio::join!(tree.read_scales(), tree.read_scales());
        let scales = scales.unwrap();
        assert_eq!(*scales, *same.unwrap());
        assert_eq!(tree.object().waves(), 3, "no wave more than the tree takes alone");
        assert_eq!(alone.read_scales().await.unwrap(), scales);
        sandbox.clear_log();
        assert_eq!(tree.read_scales().await.unwrap(), scales);
        // The grid is known from the same wave.
        let (layer, same) = (tree.layer("A", "HHHH").unwrap(), alone.layer("A", "HHHH").unwrap());
        assert_eq!(layer.grid().await.unwrap(), same.grid().await.unwrap());
        assert!(sandbox.log().is_empty());
        tree.close();
        assert_eq!(tree.read_scales().await.unwrap_err().kind(), swath::ErrorKind::Closed);
    }
}

#[tokio::test]
async fn an_index_is_saved_once_its_axes_are_known() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let session = Session::new(options(&sandbox).with_cache(Some(folder.path().to_owned()))).unwrap();
    let (url, later) = (sandbox.url_of(GRANULE), OpenOptions::default().axes_later(true));
    let cold = session.open(&url, &later).await.unwrap();
    assert_eq!(session.open(&url, &later).await.unwrap().object().waves(), 2, "not saved yet");
    let scales = cold.read_scales().await.unwrap();
    let known = session.open(&url, &later).await.unwrap();
    assert_eq!(known.object().waves(), 0);
    assert_eq!(known.read_scales().await.unwrap(), scales);
    assert_eq!(known.object().waves(), 1);
    let plain = session.open(&url, &OpenOptions::default()).await.unwrap();
    plain.layer("A", "HHHH").unwrap().grid().await.unwrap();
    assert_eq!(plain.object().waves(), 0);
}

#[tokio::test]
async fn dimensions_are_named_as_netcdf_readers_name_them() {
    let tree = local("/").await;
    let names = |path: &str| tree.array(&format!("/science/LSAR/GCOV/{path}")).unwrap().dimensions();
    assert_eq!(names("grids/frequencyA/HHHH"), ["yCoordinates", "xCoordinates"]);
    assert_eq!(names("grids/frequencyA/xCoordinates"), ["xCoordinates"]);
    assert_eq!(names("grids/frequencyA/projection"), [""; 0]);
    // Two axes of one extent in different groups are two dimensions; within a group they are one.
    let lists = ["listOfCovarianceTerms", "listOfPolarizations"];
    let [a, b] = ["A", "B"].map(|letter| names(&format!("grids/frequency{letter}/{}", lists[0])));
    assert_ne!(a, b);
    assert_eq!(a, names(&format!("grids/frequencyA/{}", lists[1])));
    let orbit = names("metadata/orbit/position");
    assert_eq!(orbit[0], names("metadata/orbit/time")[0]);
    assert_ne!(orbit[0], orbit[1]);
    // Opened alone, a group counts from 0: h5netcdf's name in the cookbook.
    let group = local("/science/LSAR/GCOV/grids/frequencyA").await;
    assert_eq!(group.array(lists[0]).unwrap().dimensions(), ["phony_dim_0"]);
}

/// Whoever uses the library may hand its futures to any runtime's threads.
#[test]
fn calls_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    fn check(session: &Session, layer: &swath::DataArray, wanted: &LayerOptions) {
        is_send(session.search(&swath::search::Query::new()));
        is_send(session.open("a", &OpenOptions::default()));
        is_send(session.measure("a", wanted));
        is_send(session.open_layers(&["a"], "A", "HHHH", ReadLimits::default()));
        is_send(layer.read());
        is_send(layer.statistics());
        is_send(layer.tree().read_scales());
        is_send(session.login());
    }
    let _ = check;
}
