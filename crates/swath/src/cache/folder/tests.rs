use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;

/// Large enough to be written in several steps.
const LENGTH: usize = 300_000;

/// The content that a writer of this number keeps: all bytes follow from it.
fn content(number: u8) -> Vec<u8> {
    (0..LENGTH).map(|at| (at as u8).wrapping_mul(31).wrapping_add(number)).collect()
}

fn names(folder: &CacheFolder) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn set_age(path: &Path, seconds: u64) {
    let when = SystemTime::now() - Duration::from_secs(seconds);
    File::options().append(true).open(path).unwrap().set_modified(when).unwrap();
}

#[test]
fn what_was_kept_comes_back_until_it_is_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let cache = CacheFolder::new(place.path().join("new/folder"), 1 << 20);
    assert_eq!(cache.load(&["a", "b"]), None);
    cache.save(&["a", "b"], b"one");
    cache.save(&["ab", ""], b"two");
    cache.save(&["a", "b"], b"three");
    assert_eq!(cache.load(&["a", "b"]).as_deref(), Some(b"three".as_slice()));
    assert_eq!(cache.load(&["ab", ""]).as_deref(), Some(b"two".as_slice()));
    assert_eq!(names(&cache).len(), 2);
    cache.forget(&["a", "b"]);
    assert_eq!(cache.load(&["a", "b"]), None);
}

#[test]
fn no_damage_is_believed() {
    let place = tempfile::tempdir().unwrap();
    let cache = CacheFolder::new(place.path().to_owned(), 1 << 20);
    cache.save(&["key"], b"some content");
    let path = cache.file(&["key"]);
    let sound = fs::read(&path).unwrap();
    for at in 0..sound.len() {
        for bit in 0..8 {
            let mut damaged = sound.clone();
            damaged[at] ^= 1 << bit;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(cache.load(&["key"]), None, "byte {at}, bit {bit}");
        }
        fs::write(&path, &sound[..at]).unwrap();
        assert_eq!(cache.load(&["key"]), None, "cut at {at}");
    }
    // Damage is mended by keeping it anew.
    cache.save(&["key"], b"some content");
    assert_eq!(fs::read(&path).unwrap(), sound);
}

#[test]
fn what_was_used_longest_ago_makes_room() {
    let place = tempfile::tempdir().unwrap();
    let one = (HEAD.len() + DIGEST + 1 + 1000) as u64;
    let cache = CacheFolder::new(place.path().to_owned(), 3 * one);
    let content = vec![7; 1000];
    for (key, age) in [("old", 50), ("older", 90), ("oldest", 120)] {
        cache.save(&[key], &content);
        set_age(&cache.file(&[key]), age);
    }
    fs::write(place.path().join("mine.txt"), vec![0; 10_000]).unwrap();
    // A use makes it young again.
    assert!(cache.load(&["oldest"]).is_some());
    cache.save(&["new"], &content);
    let there = |key: &str| cache.file(&[key]).exists();
    assert_eq!(["old", "older", "oldest", "new"].map(there), [true, false, true, true]);
    assert!(place.path().join("mine.txt").exists(), "a file of somebody else was removed");
    // What does not fit at all is not kept, and costs nobody else a place.
    cache.save(&["huge"], &vec![0; 4000]);
    assert_eq!(["old", "oldest", "new", "huge"].map(there), [true, true, true, false]);
    CacheFolder::new(place.path().to_owned(), 0).save(&["none"], b"");
    assert!(!there("none"));
}

#[test]
fn the_whole_folder_is_looked_at_now_and_then() {
    let place = tempfile::tempdir().unwrap();
    let one = (HEAD.len() + DIGEST + 1 + 1000) as u64;
    // Room for a hundred, so that the sixth after a look is the first beyond a twentieth.
    let cache = CacheFolder::new(place.path().to_owned(), 100 * one);
    let content = vec![7; 1000];
    cache.save(&["first"], &content);
    let left = place.path().join(format!(".{}.{EXTENSION}.1-1.part", "0".repeat(DIGEST)));
    fs::write(&left, "half").unwrap();
    set_age(&left, 7200);
    for number in 1..=6 {
        // Copies share the account.
        cache.clone().save(&[&number.to_string()], &content);
        assert_eq!(left.exists(), number < 6, "after {number} more");
    }
    // However small the bound, it is kept to within a twentieth.
    let small = CacheFolder::new(place.path().join("small"), 30 * one);
    for number in 0..100 {
        small.save(&[&number.to_string()], &content);
        assert!(names(&small).len() <= 32, "{} files after {number}", names(&small).len());
    }
}

#[test]
fn what_killed_processes_left_goes_in_time() {
    let place = tempfile::tempdir().unwrap();
    let cache = CacheFolder::new(place.path().to_owned(), 1 << 20);
    let part = |number: u32| place.path().join(format!(".{number:064x}.index.{number}-0.part"));
    for number in [1, 2] {
        fs::write(part(number), "half").unwrap();
    }
    set_age(&part(1), 2 * ABANDONED.as_secs());
    cache.save(&["key"], b"content");
    assert_eq!([part(1).exists(), part(2).exists()], [false, true]);
}

#[test]
fn a_folder_that_cannot_be_written_holds_nothing() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "no folder").unwrap();
    let cache = CacheFolder::new(file.join("below"), 1 << 20);
    cache.save(&["key"], b"content");
    assert_eq!(cache.load(&["key"]), None);
    cache.forget(&["key"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "no folder");
}

/// The other side of the two tests below: keeps contents until it is killed.
#[test]
#[ignore = "run by other tests, in processes of its own"]
fn writer() {
    let folder = std::env::var_os("SWATH_TEST_CACHE").expect("a folder");
    let number: u8 = std::env::var("SWATH_TEST_NUMBER").unwrap().parse().unwrap();
    let cache = CacheFolder::new(folder.into(), 20 * LENGTH as u64);
    let content = content(number);
    let begun = Instant::now();
    // Whoever started it ends it; it must not outlive a test that failed.
    while begun.elapsed() < Duration::from_secs(20) {
        for key in ["shared", "another", &number.to_string()] {
            cache.save(&[key], &content);
        }
    }
}

fn start_writer(folder: &Path, number: u8) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "cache::folder::tests::writer"]);
    command.env("SWATH_TEST_CACHE", folder).env("SWATH_TEST_NUMBER", number.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Whether every file that has a name is whole and what one of the writers wrote; how many there are.
fn check_all(cache: &CacheFolder, writers: u8) -> usize {
    let known: Vec<Vec<u8>> = (0..writers).map(content).collect();
    let mut count = 0;
    for entry in fs::read_dir(cache.path()).unwrap().flatten().filter(|entry| is_entry(&entry.path())) {
        // Another process may have removed it since.
        let Ok(bytes) = fs::read(entry.path()) else { continue };
        let found = proved(&bytes).expect("a file under its name is whole");
        assert!(known.iter().any(|content| content == found), "contents are mixed");
        count += 1;
    }
    count
}

#[test]
fn a_writer_killed_at_any_moment_leaves_nothing_half_written() {
    let place = tempfile::tempdir().unwrap();
    let cache = CacheFolder::new(place.path().to_owned(), 20 * LENGTH as u64);
    let mut interrupted = 0;
    for round in 0..100u64 {
        let mut writer = start_writer(place.path(), 0);
        // From before its first byte to well within its writing, at another moment each time.
        std::thread::sleep(Duration::from_micros(round * 7919 % 40_000));
        writer.kill().unwrap();
        writer.wait().unwrap();
        check_all(&cache, 1);
        let left = names(&cache).into_iter().filter(|name| name.ends_with(".part"));
        for name in left {
            interrupted += 1;
            fs::remove_file(place.path().join(name)).unwrap();
        }
    }
    assert!(interrupted > 0, "no writer was killed while it wrote");
    assert!(cache.load(&["shared"]).is_none_or(|found| found == content(0)));
}

#[test]
fn eight_processes_share_one_folder() {
    let place = tempfile::tempdir().unwrap();
    let cache = CacheFolder::new(place.path().to_owned(), 20 * LENGTH as u64);
    let mut writers: Vec<Child> = (0..8).map(|number| start_writer(place.path(), number)).collect();
    let (mut read, begun) = (0, Instant::now());
    // Until all have kept something and much has been read while they went on.
    while (read < 50 || check_all(&cache, 8) < 10) && begun.elapsed() < Duration::from_secs(15) {
        read += usize::from(cache.load(&["shared"]).is_some());
    }
    for writer in &mut writers {
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
    assert!(read >= 50, "only {read} reads found something");
    assert_eq!(check_all(&cache, 8), 10);
}
