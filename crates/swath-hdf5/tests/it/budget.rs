//! How many rounds of requests, ranges and bytes it takes to open and to read.

use std::path::Path;

use swath_hdf5::{
    CountingReader, Index, MemoryReader, OpenOptions, ReadCounts, ReadRanges, Selection, read_bytes,
    read_index,
};

use crate::ready::block_on;
use crate::support::{FileReader, granules, small_file, workspace};

const FREQUENCY_A: &str = "/science/LSAR/GCOV/grids/frequencyA";
const KIB: u64 = 1024;

/// Opens one group, then reads a window of HHHH; the counts of both.
fn open_and_read(
    reader: impl ReadRanges,
    group: &str,
    window: &[std::ops::Range<u64>],
) -> (ReadCounts, ReadCounts) {
    let reader = CountingReader::new(reader);
    let index = block_on(read_index(&reader, group, &OpenOptions::default())).unwrap();
    let opened = reader.counts();
    assert_eq!(u64::from(index.waves), opened.waves);
    assert_eq!(opened.bytes_again, 0, "no byte of metadata is fetched twice");
    assert!(index.unreadable.is_empty(), "{:?}", index.unreadable);
    let path = format!("{FREQUENCY_A}/HHHH");
    let plan = index.dataset(&path).unwrap().plan(&path, &Selection::window(window)).unwrap();
    assert_eq!(reader.counts(), opened, "planning reads nothing");
    reader.reset();
    let values = block_on(read_bytes(&reader, &plan)).unwrap();
    assert_eq!(values.len(), plan.output_bytes());
    let read = reader.counts();
    assert_eq!(read.bytes, plan.bytes(), "a window costs what its plan says");
    assert_eq!(read.requests, plan.ranges().len() as u64);
    (opened, read)
}

#[test]
fn demo_granules_open_in_two_waves() {
    for (name, bytes) in granules() {
        // 500..600 x 500..520 crosses one border between chunks along each axis.
        let window = [500..600, 500..520];
        let (opened, read) = open_and_read(MemoryReader::new(bytes.clone()), FREQUENCY_A, &window);
        // The first read, the page with what the last session wrote, and one collection of the heap.
        let expected = ReadCounts { waves: 2, requests: 3, bytes: (384 + 128 + 32) * KIB, bytes_again: 0 };
        assert_eq!(opened, expected, "{name}: group");
        assert_eq!((read.waves, read.requests), (1, 4), "{name}: window");
        let (opened, _) = open_and_read(MemoryReader::new(bytes), "/", &window);
        // Besides those the page of the second session, and the first cells of the pages behind both: the heap.
        let expected =
            ReadCounts { waves: 2, requests: 6, bytes: (384 + 2 * 128 + 32 + 2 * 64) * KIB, bytes_again: 0 };
        assert_eq!(opened, expected, "{name}: whole file");
    }
}

/// Opens the whole tree of a file of another format or layout; the waves, with nothing fetched twice.
fn waves(bytes: &[u8], options: &OpenOptions) -> (u64, Index) {
    let reader = CountingReader::new(MemoryReader::new(bytes.to_vec()));
    let index = block_on(read_index(&reader, "/", options)).unwrap();
    assert_eq!(reader.counts().bytes_again, 0);
    assert!(reader.counts().bytes <= 1_500_000, "{:?}", reader.counts());
    (reader.counts().waves, index)
}

#[test]
fn newer_formats_open_in_as_few_waves() {
    let folder = workspace().join("target/fixtures");
    for (name, expected) in [
        ("single_session", 2),
        ("covariance", 2),
        ("latest", 3),
        ("v110", 3),
        ("covariance_latest", 3),
        // Without pages nothing tells where the writer went on.
        ("unpaged", 4),
    ] {
        let Ok(bytes) = std::fs::read(folder.join(format!("{name}.h5"))) else {
            println!("skipped: no target/fixtures/{name}.h5");
            continue;
        };
        let (cold, index) = waves(&bytes, &OpenOptions::default());
        assert_eq!(cold, expected, "{name}");
        // With what another opening learned, two.
        let hints = Index::from_bytes(&index.to_bytes().unwrap()).unwrap().hints();
        let (hinted, same) = waves(&bytes, &OpenOptions::default().with_hints(hints));
        assert_eq!((hinted, same.objects.len()), (2, index.objects.len()), "{name} with hints");
    }
}

#[test]
fn hints_of_another_file_cost_bytes_and_nothing_else() {
    let mut granules = granules().into_iter();
    let (Some((_, one)), Some((_, other))) = (granules.next(), granules.next()) else { return };
    let (_, learned) = waves(&one, &OpenOptions::default());
    let (_, cold) = waves(&other, &OpenOptions::default());
    let (hinted, index) = waves(&other, &OpenOptions::default().with_hints(learned.hints()));
    assert_eq!((hinted, format!("{:?}", index.objects)), (2, format!("{:?}", cold.objects)));
    // Of a file that has nothing to do with it, and is longer or shorter.
    let Some(small) = small_file() else { return };
    let (_, unrelated) = waves(&small, &OpenOptions::default());
    let (hinted, index) = waves(&other, &OpenOptions::default().with_hints(unrelated.hints()));
    assert_eq!((hinted, index.objects.len()), (2, cold.objects.len()));
    let (_, index) = waves(&small, &OpenOptions::default().with_hints(learned.hints()));
    assert_eq!(index.objects.len(), unrelated.objects.len());
}

/// Where the ends of axes come along, they cost neither a wave nor bytes of their own later.
fn ends_come_along(reader: impl ReadRanges) -> ReadCounts {
    let reader = CountingReader::new(reader);
    let names = ["xCoordinates", "yCoordinates", "xCoordinateSpacing", "projection"];
    let options = OpenOptions::default().with_ends_of(&names);
    let index = block_on(read_index(&reader, FREQUENCY_A, &options)).unwrap();
    let opened = reader.counts();
    for name in names {
        let path = format!("{FREQUENCY_A}/{name}");
        let dataset = index.dataset(&path).unwrap();
        let last = dataset.shape.first().map_or(0, |count| count - 1);
        for at in [0, last] {
            let one = [at..at + 1];
            let selection = Selection::window(if dataset.shape.is_empty() { &[] } else { &one });
            let plan = dataset.plan(&path, &selection).unwrap();
            let along: Vec<&[u8]> =
                plan.ranges().iter().map(|range| index.at_hand(range).expect("it came along")).collect();
            assert_eq!(along.concat(), block_on(read_bytes(&reader, &plan)).unwrap(), "{path} {at}");
        }
        assert_eq!(index.at_hand(&(1..9)), None);
    }
    opened
}

#[test]
fn ends_of_axes_come_with_the_metadata() {
    for (name, bytes) in granules() {
        let opened = ends_come_along(MemoryReader::new(bytes));
        assert_eq!((opened.waves, opened.bytes_again), (2, 0), "{name}");
        assert!(opened.requests <= 4, "{name}: {opened:?}");
    }
}

#[test]
fn ends_of_all_axes_take_a_wave_of_their_own() {
    let names = ["xCoordinates", "yCoordinates", "xCoordinateSpacing", "projection"];
    for (name, bytes) in granules() {
        // Axes of groups whose headers came with the second wave are seen only then.
        let options = OpenOptions::default().with_ends_of(&names);
        let (cold, index) = waves(&bytes, &options);
        let (hinted, _) = waves(&bytes, &options.with_hints(index.hints()));
        assert_eq!((cold, hinted), (3, 2), "{name}");
    }
}

/// Run with `SWATH_FULL_GRANULE=<path of a full-size GCOV>`.
#[test]
fn full_size_granule_opens_within_its_budget() {
    let Ok(path) = std::env::var("SWATH_FULL_GRANULE") else {
        println!("skipped: SWATH_FULL_GRANULE names no granule");
        return;
    };
    let reader = FileReader::open(Path::new(&path)).unwrap();
    let window = [8000..8100, 9000..9120];
    let index = block_on(read_index(&reader, "/", &OpenOptions::default())).unwrap();
    let kept = index.to_bytes().unwrap().len();
    assert!(kept <= 100_000, "kept in {kept} bytes");
    let (group, read) = open_and_read(&reader, FREQUENCY_A, &window);
    let (tree, _) = open_and_read(&reader, "/", &window);
    println!("group {group:?}\nwindow {read:?}\ntree {tree:?}");
    assert!(group.waves <= 2 && group.bytes <= 1_250_000, "group {group:?}");
    assert!(tree.waves <= 2 && tree.bytes <= 1_500_000, "tree {tree:?}");
    assert_eq!(read.waves, 1);
    let ends = ends_come_along(&reader);
    println!("with ends {ends:?}");
    assert!(ends.waves <= 2 && ends.bytes <= 1_250_000, "with ends {ends:?}");
}
