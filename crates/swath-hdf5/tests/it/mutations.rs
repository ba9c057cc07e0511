//! Sound files of many kinds, damaged in many ways: errors or values, in bounded steps and memory.
//!
//! All of it happens in a process of its own, whose allocator refuses more than 512 MB; so an endless recursion or a
//! greedy allocation, which no test can catch, is the end of that process and a failure here.
//! `SWATH_MUTATIONS=5000` tries so many.

use std::process::Command;

use crate::ALLOCATOR;
use crate::anything::tree::read_anything;
use crate::numbers::Numbers;
use crate::support::{all_files, small_file, workspace};

/// Files that are tried when nothing else is said.
const COUNT: usize = 300;
/// Most bytes of memory.
const MAX_MEMORY: usize = 512_000_000;
/// Longest file that is damaged.
const MAX_FILE: u64 = 1 << 20;
/// How the process is told to begin.
const CHILD: &str = "SWATH_MUTATE";

#[test]
fn mutated_files_are_errors_or_values_in_bounded_memory() {
    let count = std::env::var("SWATH_MUTATIONS").map_or(COUNT, |count| count.parse().expect("a number"));
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "mutations::mutate", "--ignored", "--nocapture", "--test-threads=1"])
        .env(CHILD, count.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let last: Vec<&str> = said.lines().rev().take(4).collect();
    let complaint = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{}: {last:#?}\n{complaint}", child.status);
    println!("{}", said.lines().find(|line| line.contains("peak")).unwrap_or("no figures"));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn mutate() {
    let Ok(count) = std::env::var(CHILD) else { return };
    let count: usize = count.parse().unwrap();
    let files = sound_files();
    ALLOCATOR.set_limit(MAX_MEMORY).expect("the sound files themselves are few");
    let mut numbers = Numbers(17);
    let (mut opened, mut values) = (0, 0);
    for number in 0..count {
        let (path, sound) = &files[number % files.len()];
        let (_, other) = &files[numbers.below(files.len())];
        let mut bytes = sound.clone();
        for _ in 0..1 + numbers.below(6) {
            mutate_once(&mut bytes, other, &mut numbers);
        }
        println!("{number}: {path}");
        let read = read_anything(&bytes);
        opened += usize::from(read > 0);
        values += read;
    }
    let peak = ALLOCATOR.max_allocated() / 1_000_000;
    println!(
        "{count} damaged files of {} sound ones: {opened} with {values} readable datasets, peak {peak} MB",
        files.len()
    );
    assert!(count < 100 || opened > count / 20, "only {opened} of {count} had anything left to read");
}

/// Files of others, where there are any, and one of ours.
fn sound_files() -> Vec<(String, Vec<u8>)> {
    let corpus =
        std::env::var_os("SWATH_CORPUS").map_or_else(|| workspace().join("../shared/corpus"), Into::into);
    let mut paths = all_files(&corpus);
    if paths.is_empty() {
        println!("skipped: no corpus");
    }
    paths.extend(all_files(&workspace().join("target/fixtures")));
    paths.retain(|path| path.metadata().is_ok_and(|metadata| metadata.len() <= MAX_FILE));
    let read = |path: std::path::PathBuf| Some((path.display().to_string(), std::fs::read(path).ok()?));
    let mut files: Vec<(String, Vec<u8>)> = paths.into_iter().filter_map(read).collect();
    files.retain(|(_, bytes)| bytes.windows(8).take(4096).any(|window| window == b"\x89HDF\r\n\x1a\n"));
    files.extend(small_file().map(|bytes| ("quality statistics".to_owned(), bytes)));
    // The same order whatever there is, and every file early on.
    files.sort();
    let mut numbers = Numbers(1);
    for place in (1..files.len()).rev() {
        files.swap(place, numbers.below(place + 1));
    }
    files
}

/// Flips bits, sets fields to extremes, moves bytes about, cuts.
fn mutate_once(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    if bytes.len() < 16 || other.len() < 16 {
        return;
    }
    let place = place(bytes, numbers);
    match numbers.below(16) {
        0..5 => bytes[place] ^= 1 << numbers.below(8),
        5..9 => set_extreme(bytes, place, numbers),
        9..11 => {
            // An address or a length of this file elsewhere in it: cycles, overlaps, lies that look sound.
            let from = self::place(bytes, numbers).min(bytes.len() - 8) & !7;
            let to = place.min(bytes.len() - 8) & !7;
            bytes.copy_within(from..from + 8, to);
        }
        11..13 => {
            let length = 1 + numbers.below(64).min(bytes.len() - place - 1);
            let from = numbers.below(other.len() - length.min(other.len() - 1));
            let piece = &other[from..(from + length).min(other.len())];
            bytes[place..place + piece.len()].copy_from_slice(piece);
        }
        13 => {
            let length = numbers.below(256);
            bytes.splice(place..place, std::iter::repeat_n(0, length));
        }
        14 => drop(bytes.drain(place..(place + 256).min(bytes.len()))),
        _ => bytes.truncate(bytes.len() - numbers.below(bytes.len() / 4)),
    }
}

/// A field of 1, 2, 4 or 8 bytes becomes the least or the greatest, or is off by one.
fn set_extreme(bytes: &mut [u8], place: usize, numbers: &mut Numbers) {
    let width = 1 << numbers.below(4);
    let at = place.min(bytes.len() - width) & !(width - 1);
    let field = &mut bytes[at..at + width];
    match numbers.below(5) {
        0 => field.fill(0),
        1 => field.fill(0xff),
        2 => {
            field.fill(0xff);
            field[width - 1] = 0x7f;
        }
        3 => field[0] = field[0].wrapping_add(1),
        _ => field[0] = field[0].wrapping_sub(1),
    }
}

/// A place where something is written, mostly near the beginning, where the metadata of small files is.
fn place(bytes: &[u8], numbers: &mut Numbers) -> usize {
    let end = if numbers.below(3) > 0 { bytes.len().min(8192) } else { bytes.len() };
    (0..16).map(|_| numbers.below(end)).find(|place| bytes[*place] != 0).unwrap_or_else(|| numbers.below(end))
}
