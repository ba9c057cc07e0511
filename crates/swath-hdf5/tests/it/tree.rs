//! What the index of a granule says, beside the values.

use std::sync::LazyLock;

use swath_hdf5::{
    DataType, Error, Filter, Index, Layout, MemoryReader, Object, OpenOptions, Selection, Values, read_index,
    read_values,
};

use crate::ready::block_on;
use crate::support::granules;

const FREQUENCY_A: &str = "/science/LSAR/GCOV/grids/frequencyA";

/// The first demo granule and its index.
static GRANULE: LazyLock<Option<(MemoryReader, Index)>> = LazyLock::new(|| {
    let (_, bytes) = granules().into_iter().next()?;
    let reader = MemoryReader::new(bytes);
    let index = block_on(read_index(&reader, "/", &OpenOptions::default())).unwrap();
    Some((reader, index))
});

#[test]
fn layers_have_types_chunks_filters_and_scales() {
    let Some((_, index)) = &*GRANULE else { return };
    assert_eq!(index.page_size, Some(4 << 20));
    let layer = index.dataset(&format!("{FREQUENCY_A}/HHHH")).unwrap();
    assert_eq!(layer.datatype.name(), "float32");
    assert_eq!(layer.shape, [1240, 1320]);
    assert_eq!(layer.chunk_shape.as_deref(), Some(&[512, 512][..]));
    assert!(matches!(layer.filters[..], [Filter::Shuffle { element_size: 4 }, Filter::Deflate { .. }]));
    let Layout::Chunked(table) = &layer.layout else { panic!("not chunked") };
    assert_eq!((table.grid(), table.len()), (&[3, 3][..], 9));
    let scales = [Some(format!("{FREQUENCY_A}/yCoordinates")), Some(format!("{FREQUENCY_A}/xCoordinates"))];
    assert_eq!(layer.dimensions, scales);
    assert!(index.dataset(&format!("{FREQUENCY_A}/xCoordinates")).unwrap().is_dimension_scale);
    assert!(!layer.is_dimension_scale);
}

#[test]
fn children_come_in_order_and_paths_lead_to_them() {
    let Some((_, index)) = &*GRANULE else { return };
    let names: Vec<String> = index.group("/science/LSAR").unwrap().map(|(path, _)| path).collect();
    assert_eq!(names, ["/science/LSAR/GCOV", "/science/LSAR/identification"]);
    assert!(matches!(index.get("/"), Some(Object::Group(_))));
    assert!(index.group("/science/LSAR/identification/listOfFrequencies").is_none());
    let error = index.dataset("/science/nothing").unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

#[test]
fn strings_and_scalars_are_typed() {
    let Some((reader, index)) = &*GRANULE else { return };
    let scalar = Selection::all(&[]);
    let read = |path: &str| block_on(read_values(reader, index, path, &scalar)).unwrap();
    assert_eq!(read("/science/LSAR/identification/productType").text(), Some("GCOV"));
    assert_eq!(read("/science/LSAR/identification/trackNumber").to_f64(), Some(vec![172.0]));
    let Values::U32(epsg) = read(&format!("{FREQUENCY_A}/projection")) else { panic!("not uint32") };
    assert_eq!(epsg, [32637]);
    let mapping =
        index.dataset(&format!("{FREQUENCY_A}/HHHH")).unwrap().attribute("grid_mapping_name").cloned();
    let mapping =
        mapping.or(index.dataset(&format!("{FREQUENCY_A}/HHHH")).unwrap().attribute("grid_mapping").cloned());
    assert_eq!(mapping.unwrap().value.text(), Some("projection"));
}

#[test]
fn one_group_is_the_same_part_of_the_tree() {
    let Some((reader, index)) = &*GRANULE else { return };
    let part = block_on(read_index(reader, &format!("{FREQUENCY_A}/"), &OpenOptions::default())).unwrap();
    assert_eq!(part.root, FREQUENCY_A);
    assert!(part.objects.len() > 5);
    for (path, object) in &part.objects {
        let Object::Dataset(dataset) = object else { continue };
        let whole = index.dataset(path).unwrap();
        assert_eq!((&dataset.layout, &dataset.dimensions), (&whole.layout, &whole.dimensions), "{path}");
    }
}

#[test]
fn a_kept_index_is_small_and_the_same() {
    let Some((reader, index)) = &*GRANULE else { return };
    let bytes = index.to_bytes().unwrap();
    assert!(bytes.len() < 64 << 10, "{} bytes", bytes.len());
    let kept = Index::from_bytes(&bytes).unwrap();
    assert_eq!(kept.hints(), index.hints());
    assert_eq!(kept.objects.len(), index.objects.len());
    // NaN attributes differ from themselves, so the text is compared.
    assert_eq!(format!("{kept:?}"), format!("{index:?}"));
    let path = format!("{FREQUENCY_A}/numberOfLooks");
    let selection = Selection::window(&[600..610, 600..610]);
    let [before, after] =
        [index, &kept].map(|index| block_on(read_values(reader, index, &path, &selection)).unwrap());
    assert_eq!(before, after);
}

#[test]
fn damaged_kept_indexes_are_errors() {
    let Some((_, index)) = &*GRANULE else { return };
    let bytes = index.to_bytes().unwrap();
    for at in (0..bytes.len()).step_by(bytes.len() / 200) {
        assert!(Index::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        assert!(Index::from_bytes(&flipped).is_err(), "flipped at {at}");
    }
}

#[test]
fn groups_that_are_not_there_say_what_is() {
    let Some((reader, _)) = &*GRANULE else { return };
    let open = |group| block_on(read_index(reader, group, &OpenOptions::default())).unwrap_err();
    let error = open("/science/SSAR").to_string();
    assert!(error.contains("/science/SSAR") && error.contains("LSAR"), "{error}");
    let error = open(&format!("{FREQUENCY_A}/HHHH"));
    assert!(matches!(error, Error::Misuse { .. }), "{error}");
}

#[test]
fn limits_are_kept() {
    let Some((reader, _)) = &*GRANULE else { return };
    let open = |options| block_on(read_index(reader, "/", &options)).unwrap_err();
    let error = open(OpenOptions::default().with_max_objects(100));
    assert!(matches!(error, Error::Limit { allowed: 100, .. }), "{error}");
    let error = open(OpenOptions::default().with_max_metadata_bytes(600 << 10));
    assert!(matches!(error, Error::Limit { .. }), "{error}");
}

#[test]
fn what_is_no_sound_file_is_told_apart() {
    let open = |bytes: Vec<u8>| {
        block_on(read_index(&MemoryReader::new(bytes), "/", &OpenOptions::default())).unwrap_err()
    };
    assert!(matches!(open(b"<html>Please log in</html>".to_vec()), Error::NotHdf5 { size: 26 }));
    assert!(matches!(open(Vec::new()), Error::NotHdf5 { size: 0 }));
    let Some((_, bytes)) = granules().into_iter().next() else { return };
    let size = bytes.len() as u64;
    let error = open(bytes[..bytes.len() - 1].to_vec());
    assert!(matches!(error, Error::Truncated { expected, .. } if expected == size), "{error}");
}

#[test]
fn a_type_is_named_as_numpy_names_it() {
    let Some((_, index)) = &*GRANULE else { return };
    let named = |name: &str| index.datasets().filter(|(_, dataset)| dataset.datatype.name() == name).count();
    assert!(named("float32") > 0 && named("float64") > 0 && named("uint8") > 0 && named("complex64") > 0);
    assert!(index.datasets().any(|(_, dataset)| matches!(dataset.datatype, DataType::FixedString { .. })));
}
