//! Each kind of header message with a wrong size or version: an error that says so, or what it said before.

use swath_hdf5::{DataType, Index, MemoryReader, Object, OpenOptions, read_index};

use crate::made_file::{MadeFile, attribute, contiguous, dataspace, float32, pipeline};
use crate::ready::block_on;

/// Messages as kind and data.
type Messages = Vec<(u16, Vec<u8>)>;

/// A dataset with a message of every kind that describes one.
fn dataset() -> Messages {
    let fill = [&[2, 2, 2, 1][..], &4u32.to_le_bytes(), &1.5f32.to_le_bytes()].concat();
    let old_fill = [&4u32.to_le_bytes()[..], &1.5f32.to_le_bytes()].concat();
    let value = attribute("units", &float32(), &dataspace(&[2]), &[0; 8]);
    vec![
        (0x1, dataspace(&[4])),
        (0x3, float32()),
        (0x4, old_fill),
        (0x5, fill),
        (0xb, pipeline(&[(1, &[6]), (2, &[4])])),
        (0x8, contiguous(800, 16)),
        (0xc, value),
    ]
}

/// A group whose links are messages (specification IV.A.2.g): hard, soft, external, user-defined.
fn group() -> Messages {
    let link = |class: u8, name: &str, target: &[u8]| {
        [&[1, 0x08, class, name.len() as u8][..], name.as_bytes(), target].concat()
    };
    let sized = |target: &[u8]| [&(target.len() as u16).to_le_bytes()[..], target].concat();
    vec![
        (0xa, vec![0, 0]),
        (0x6, link(0, "hard", &96u64.to_le_bytes())),
        (0x6, link(1, "soft", &sized(b"/hard"))),
        (0x6, link(64, "external", &sized(b"\0other.h5\0/there\0"))),
        (0x6, link(70, "own", &sized(b"anything"))),
    ]
}

fn open(messages: &Messages) -> Index {
    let mut file = MadeFile::new();
    let it = file.object(messages);
    let root = file.group(&[("it", it)]);
    block_on(read_index(&MemoryReader::new(file.finish(root)), "/", &OpenOptions::default())).unwrap()
}

/// Messages are padded to eight bytes, so what is cut is replaced by nothing only in steps of eight.
fn cuts(messages: &Messages, number: usize) -> impl Iterator<Item = (usize, Messages)> + '_ {
    (0..messages[number].1.len()).step_by(8).map(move |length| {
        let mut cut = messages.clone();
        cut[number].1.truncate(length);
        (length, cut)
    })
}

#[test]
fn a_sound_object_has_what_its_messages_say() {
    let index = open(&dataset());
    let found = index.dataset("/it").unwrap();
    assert_eq!((found.datatype.name().as_str(), &found.shape[..]), ("float32", &[4][..]));
    assert_eq!((found.filters.len(), found.fill.as_deref()), (2, Some(&1.5f32.to_le_bytes()[..])));
    assert_eq!(found.attributes[0].name, "units");
    let index = open(&group());
    // The hard link leads back to the group, the soft one past it, and what is elsewhere is not opened.
    assert_eq!(index.links.len(), 4, "{:?}", index.links);
    assert_eq!(index.unreadable.len(), 4, "{:?}", index.unreadable);
}

#[test]
fn messages_that_end_early_are_said() {
    let sound = open(&dataset());
    for (number, (kind, _)) in dataset().iter().enumerate() {
        for (length, cut) in cuts(&dataset(), number) {
            let index = open(&cut);
            let case = format!("message {kind:#x} of {length} bytes");
            if let Some(Object::Dataset(found)) = index.get("/it") {
                // Without its new fill value the old one counts, and a filter pipeline may be shorter than its room.
                let same = format!("{found:?}") == format!("{:?}", sound.dataset("/it").unwrap());
                let said = index.unreadable.iter().any(|(path, _)| path.starts_with("/it@"));
                assert!(same || said, "{case}: {found:?}");
            } else {
                let (path, why) = &index.unreadable[0];
                assert!(path == "/it" && !why.is_empty(), "{case}: {path}: {why}");
            }
        }
    }
}

#[test]
fn links_that_end_early_take_no_others_along_silently() {
    for (number, (kind, _)) in group().iter().enumerate() {
        for (length, cut) in cuts(&group(), number) {
            let index = open(&cut);
            let listed = index.links.len() + index.unreadable.len();
            assert!(listed > 0, "message {kind:#x} of {length} bytes: nothing is said");
        }
    }
}

#[test]
fn versions_that_are_not_known_are_unsupported() {
    // Kind, place of the version, and one that the specification does not have.
    for (kind, place, version) in [(0x1, 0, 9), (0x5, 0, 7), (0xb, 0, 5), (0x8, 0, 9), (0x3, 0, 0x71)] {
        let mut messages = dataset();
        let message = messages.iter_mut().find(|(found, _)| *found == kind).unwrap();
        message.1[place] = version;
        let index = open(&messages);
        let why = &index.unreadable.first().unwrap_or_else(|| panic!("message {kind:#x} was taken")).1;
        assert!(why.contains("support") || why.contains("version"), "message {kind:#x}: {why}");
    }
    let mut messages = group();
    messages[1].1[0] = 2;
    let index = open(&messages);
    assert!(index.unreadable[0].1.contains("version 2"), "{:?}", index.unreadable);
}

#[test]
fn messages_that_must_be_known_stop_their_object_and_no_other() {
    let mut file = MadeFile::new();
    let stranger = |flags: u8| {
        let mut bytes = Vec::new();
        for (kind, data, flags) in [
            (0x1u16, dataspace(&[4]), 0),
            (0x3, float32(), 0),
            (0x8, contiguous(800, 16), 0),
            (0x55, vec![0; 8], flags),
        ] {
            let padded = data.len().next_multiple_of(8);
            bytes.extend(kind.to_le_bytes());
            bytes.extend((padded as u16).to_le_bytes());
            bytes.extend([flags, 0, 0, 0]);
            bytes.extend(&data);
            bytes.resize(bytes.len() + padded - data.len(), 0);
        }
        bytes
    };
    let (harmless, needed) = (stranger(0), stranger(0x80));
    let harmless = file.header(4, harmless.len() as u32, &harmless);
    let needed = file.header(4, needed.len() as u32, &needed);
    let root = file.group(&[("harmless", harmless), ("needed", needed)]);
    let reader = MemoryReader::new(file.finish(root));
    let index = block_on(read_index(&reader, "/", &OpenOptions::default())).unwrap();
    assert!(matches!(index.dataset("/harmless").unwrap().datatype, DataType::Float { .. }));
    assert_eq!(index.unreadable[0].0, "/needed");
    assert!(index.unreadable[0].1.contains("header message 0x55"), "{:?}", index.unreadable);
}
