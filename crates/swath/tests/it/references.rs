//! Kerchunk references of a demo granule: what they cost, and that every one leads to the bytes that it should.

use serde_json::{Map, Value};
use swath::export::{KerchunkOptions, KerchunkReferences};
use swath::{DataTree, ErrorKind, OpenOptions};

use crate::archive::*;

async fn document(tree: &DataTree) -> Map<String, Value> {
    let references = KerchunkReferences::of(tree, &KerchunkOptions::default()).await.unwrap();
    assert!(references.skipped().is_empty(), "{:?}", references.skipped());
    let mut bytes = Vec::new();
    references.write_json(&mut bytes).unwrap();
    let Value::Object(document) = serde_json::from_slice(&bytes).unwrap() else { panic!("no object") };
    assert_eq!(document["version"], 1);
    document
}

#[tokio::test]
async fn every_chunk_of_the_index_is_a_reference_and_every_small_array_is_embedded() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let url = sandbox.url_of(GRANULE);
    let tree = session.open(&url, &OpenOptions::default()).await.unwrap();
    let before = tree.object().waves();
    let document = document(&tree).await;
    assert_eq!(document["templates"]["u"], url);
    // All small arrays in one round.
    assert_eq!(tree.object().waves() - before, 1);
    let refs = document["refs"].as_object().unwrap();
    let mut chunks = 0;
    for (path, dataset) in tree.index().datasets() {
        let key = path.trim_start_matches('/');
        let zarray: Value = serde_json::from_str(refs[&format!("{key}/.zarray")].as_str().unwrap()).unwrap();
        assert_eq!(zarray["shape"], serde_json::json!(dataset.shape), "{path}");
        let size = dataset.elements().unwrap() * dataset.datatype.size();
        let swath_hdf5::Layout::Chunked(table) = &dataset.layout else { continue };
        if size <= KerchunkOptions::default().inline_limit {
            let only = vec!["0"; dataset.shape.len()].join(".");
            assert!(refs[&format!("{key}/{only}")].as_str().unwrap().starts_with("base64:"), "{path}");
            continue;
        }
        for (coordinates, chunk) in table.iter() {
            let name: Vec<String> = coordinates.iter().map(u64::to_string).collect();
            let reference = &refs[&format!("{key}/{}", name.join("."))];
            assert_eq!(reference, &serde_json::json!(["{{u}}", chunk.offset, chunk.size]), "{path}");
            chunks += 1;
        }
    }
    let stored = refs.values().filter(|value| value.is_array()).count();
    assert!(chunks >= 18 && stored >= chunks, "{chunks} of {stored}");
}

#[tokio::test]
async fn a_group_becomes_the_root() {
    let sandbox = sandbox().await;
    let group = "/science/LSAR/GCOV/grids/frequencyA";
    let options = OpenOptions::default().group(group);
    let tree = session(&sandbox).open(&sandbox.url_of(GRANULE), &options).await.unwrap();
    let document = document(&tree).await;
    let refs = document["refs"].as_object().unwrap();
    assert!(refs.contains_key("HHHH/.zarray") && refs.contains_key(".zgroup"));
    let consolidated: Value = serde_json::from_str(refs[".zmetadata"].as_str().unwrap()).unwrap();
    assert_eq!(consolidated["metadata"]["projection/.zattrs"]["epsg_code"], 32637);

    let whole = session(&sandbox).open(&sandbox.url_of(GRANULE), &OpenOptions::default()).await.unwrap();
    let options = KerchunkOptions { group: Some(group.to_owned()), ..KerchunkOptions::default() };
    let mut bytes = Vec::new();
    KerchunkReferences::of(&whole, &options).await.unwrap().write_json(&mut bytes).unwrap();
    let same: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(same["refs"].as_object(), Some(refs));
    let options = KerchunkOptions { group: Some(format!("{group}/HHHH")), ..KerchunkOptions::default() };
    let error = KerchunkReferences::of(&whole, &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);

    tree.close();
    let closed = KerchunkReferences::of(&tree, &KerchunkOptions::default()).await.unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::Closed);
}
