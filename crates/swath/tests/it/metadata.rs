//! What opening and the first window of a granule cost: hints of siblings, and chunk tables read with the window.

use std::path::{Path, PathBuf};

use swath::{DataTree, OpenOptions, ReadLimits, Session, Window};
use swath_sandbox::{Sandbox, SandboxOptions};

use crate::archive::{GRANULE, NEWEST, granules, options, sandbox, session};

/// Whether both trees hold the same, NaN being the same as NaN.
fn same(one: &DataTree, other: &DataTree) -> bool {
    format!("{:?}", one.index().objects) == format!("{:?}", other.index().objects)
}

/// Opens the whole tree; the rounds that it took, and what was found.
async fn open_tree(session: &Session, source: &str) -> (u64, DataTree) {
    let tree = session.open(source, &OpenOptions::default()).await.unwrap();
    (tree.object().waves(), tree)
}

#[tokio::test]
async fn the_tree_of_a_sibling_takes_two_rounds() {
    let sandbox = sandbox().await;
    let (alone, known) = (session(&sandbox), session(&sandbox));
    for (number, granule) in NEWEST.iter().enumerate() {
        let url = sandbox.url_of(granule);
        let (cold, expected) = open_tree(&session(&sandbox), &url).await;
        let (waves, tree) = open_tree(&known, &url).await;
        assert_eq!((cold, waves), (3, if number == 0 { 3 } else { 2 }), "{granule}");
        assert!(same(&tree, &expected), "{granule}: another tree");
        let (cold, hinted) = (expected.object().ledger().totals(), tree.object().ledger().totals());
        assert!(hinted.bytes <= cold.bytes, "{granule}: {hinted:?} {cold:?}");
    }
    // A layer is in two rounds anyway, and costs what it costs alone.
    let url = sandbox.url_of(NEWEST[4]);
    let layer = |session: Session| {
        let url = url.clone();
        async move {
            let layer = session.open_layer(&url, "A", "HHHH", ReadLimits::default()).await.unwrap();
            let totals = layer.tree().object().ledger().totals();
            (layer.tree().object().waves(), totals.requests, totals.bytes)
        }
    };
    assert_eq!(layer(known).await, layer(alone).await);
}

#[tokio::test]
async fn siblings_opened_together_do_not_wait_for_the_first() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let urls: Vec<String> = NEWEST.iter().map(|granule| sandbox.url_of(granule)).collect();
    let opened = futures::future::join_all(urls.iter().map(|url| open_tree(&session, url))).await;
    // Three rounds side by side; behind the first it would be three and then two.
    assert!(opened.iter().all(|(waves, _)| *waves <= 3));
    let (waves, _) = open_tree(&session, &urls[2]).await;
    assert_eq!(waves, 2);
}

#[tokio::test]
async fn another_process_knows_what_was_learned() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let fresh = || Session::new(options(&sandbox).with_cache(Some(folder.path().to_owned()))).unwrap();
    assert_eq!(open_tree(&fresh(), &sandbox.url_of(NEWEST[0])).await.0, 3);
    assert_eq!(open_tree(&fresh(), &sandbox.url_of(NEWEST[1])).await.0, 2);
    assert_eq!(open_tree(&fresh(), &sandbox.url_of(NEWEST[1])).await.0, 0, "its index is kept");
    // Hints that are damaged are as good as none: every file of the cache is cut.
    for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
        std::fs::write(file.path(), b"damaged").unwrap();
    }
    assert_eq!(open_tree(&fresh(), &sandbox.url_of(NEWEST[2])).await.0, 3);
}

/// A folder with the granule's file, and another of its frame that is laid out otherwise.
fn strangers() -> Option<(tempfile::TempDir, [String; 2])> {
    let variant = workspace().join("target/fixtures/latest.h5");
    if !variant.exists() {
        println!("skipped: no target/fixtures/latest.h5; `just variants` makes it");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let other = NEWEST[1].to_owned();
    let demo = granules().join("sds-n-cumulus-prod-nisar-products/NISAR_L2_GCOV_BETA_V1").join(GRANULE);
    let file = format!("{GRANULE}.h5");
    std::fs::copy(demo.join(&file), folder.path().join(&file)).unwrap();
    std::fs::copy(variant, folder.path().join(format!("{other}.h5"))).unwrap();
    Some((folder, [GRANULE.to_owned(), other]))
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[tokio::test]
async fn a_wrong_hint_costs_bytes_and_nothing_else() {
    let Some((folder, names)) = strangers() else { return };
    let sandbox = Sandbox::start(SandboxOptions::new(folder.path())).await.unwrap();
    for (taught, granule) in [(&names[0], &names[1]), (&names[1], &names[0])] {
        let known = session(&sandbox);
        open_tree(&known, &sandbox.url_of(taught)).await;
        let (hinted, tree) = open_tree(&known, &sandbox.url_of(granule)).await;
        let (cold, expected) = open_tree(&session(&sandbox), &sandbox.url_of(granule)).await;
        assert!(hinted <= cold, "{granule}: {hinted} rounds with a wrong hint, {cold} without");
        assert!(same(&tree, &expected), "{granule}: another tree");
        let (bytes, alone) =
            (tree.object().ledger().totals().bytes, expected.object().ledger().totals().bytes);
        assert!(bytes <= alone + (4 << 20), "{bytes} {alone}");
    }
}

/// A granule whose layers have 25,600 chunks each, by three kinds of index.
const MANY_CHUNKS: &str =
    "NISAR_L2_PR_GSLC_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";

#[tokio::test]
async fn the_first_window_of_a_large_layer_reads_its_part_of_the_table() {
    let made = workspace().join("target/fixtures/formats/tables_latest.h5");
    if !made.exists() {
        println!("skipped: no target/fixtures/formats; `just variants` makes it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(made, folder.path().join(format!("{MANY_CHUNKS}.h5"))).unwrap();
    let sandbox = Sandbox::start(SandboxOptions::new(folder.path())).await.unwrap();
    let url = sandbox.url_of(MANY_CHUNKS);
    let cache = tempfile::tempdir().unwrap();
    let keeping = Session::new(options(&sandbox).with_cache(Some(cache.path().to_owned()))).unwrap();
    let window = Window::new(600, 200, 32, 32).unwrap();
    let mut costs = Vec::new();
    for session in [&session(&sandbox), &keeping] {
        let layer = session.open_layer(&url, "A", "endless_both_gzip", ReadLimits::default()).await.unwrap();
        let values = layer.with_window(window).unwrap().read().await.unwrap();
        let object = layer.tree().object();
        costs.push((object.waves(), object.ledger().totals().bytes, values));
        // What was read of the table is kept for the next window, which reads its chunks alone.
        let waves = object.waves();
        let inside = Window::new(604, 204, 8, 8).unwrap();
        let statistics = layer.with_window(inside).unwrap().statistics().await.unwrap();
        assert_eq!((object.waves() - waves, statistics.n_total), (1, 64));
    }
    let [(waves, bytes, values), (whole_waves, whole_bytes, whole_values)] = costs.as_slice() else { return };
    assert_eq!(values, whole_values);
    // Six tables of 25,600 chunks with the metadata, or one round more and a tenth of the bytes.
    assert_eq!((*waves, *whole_waves), (7, 6));
    assert_eq!((*bytes, *whole_bytes), (724_744, 6_614_608));
    // What is kept is whole: the next process plans without a request.
    let again = Session::new(options(&sandbox).with_cache(Some(cache.path().to_owned()))).unwrap();
    let layer = again.open_layer(&url, "A", "fixed_plain", ReadLimits::default()).await.unwrap();
    let cost = layer.with_window(window).unwrap().cost().await.unwrap();
    assert_eq!((cost.pieces, layer.tree().object().ledger().totals().requests), (64, 0));
}
