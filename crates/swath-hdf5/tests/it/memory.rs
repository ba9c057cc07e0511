//! Peak memory, as the kernel measures it (`VmHWM`), against what the README declares.
//!
//! Each measurement happens in a process of its own, for a peak never falls. Only Linux tells it.

use std::ops::Range;
use std::process::Command;

use swath_hdf5::{
    Error, Index, MemoryReader, OpenOptions, Plan, ReadRanges, Selection, Values, read_bytes, read_index,
    values,
};

use crate::made_file::{Chunks, MadeFile};
use crate::ready::block_on;

/// How a process is told what to measure.
const CHILD: &str = "SWATH_MEASURE";
/// What allocator, stack and the test itself may take besides.
const SLACK: u64 = 12 << 20;
/// What is done, and how many bytes it may add to the process at its peak.
type Measurement = (&'static str, fn() -> u64);

const MEASUREMENTS: &[Measurement] = &[
    ("a bomb that gives more than it declares", lying_bomb),
    ("a bomb of the largest chunk", large_bomb),
    ("a shape of 2^60 elements", huge_shape),
    ("a selection of 8 GiB", huge_selection),
    ("a window of 64 MB of a gigabyte", window_of_a_large_dataset),
    ("a sum over a gigabyte", sum_of_a_large_dataset),
];

/// The most memory that the process ever had, in bytes.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[test]
fn memory_stays_below_what_is_declared() {
    if peak().is_none() {
        println!("skipped: this system does not tell the peak of a process's memory");
        return;
    }
    for (name, _) in MEASUREMENTS {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "memory::measure", "--ignored", "--nocapture", "--test-threads=1"])
            .env(CHILD, name)
            .output()
            .unwrap();
        let (said, complaint) =
            (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
        let result = said.lines().find(|line| line.contains("added")).unwrap_or_default();
        assert!(child.status.success() && !result.is_empty(), "{name}: {said}\n{complaint}");
        println!("{result}");
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn measure() {
    let Ok(name) = std::env::var(CHILD) else { return };
    let (_, measured) = MEASUREMENTS.iter().find(|(known, _)| *known == name).unwrap();
    let before = peak().unwrap();
    let allowed = measured() + SLACK;
    let added = peak().unwrap() - before;
    println!("{name}: {} kB added at the peak, {} kB allowed", added / 1024, allowed / 1024);
    assert!(added <= allowed, "{name}: {added} bytes added at the peak, {allowed} allowed");
}

/// A file whose `/it` is this object.
fn file_of(mut file: MadeFile, it: u64) -> (MemoryReader, Index, u64) {
    let root = file.group(&[("it", it)]);
    let bytes = file.finish(root);
    let size = bytes.len() as u64;
    let reader = MemoryReader::new(bytes);
    let index = block_on(read_index(&reader, "/", &OpenOptions::default())).unwrap();
    (reader, index, size)
}

fn plan(index: &Index, window: Range<u64>) -> Result<Plan, Error> {
    index.dataset("/it")?.plan("/it", &Selection::window(&[window; 1]))
}

/// Zeros or a ramp, deflated as a chunk of float32.
fn deflated(elements: usize, value: impl Fn(usize) -> f32) -> Vec<u8> {
    let plain: Vec<u8> = (0..elements).flat_map(|at| value(at).to_le_bytes()).collect();
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
    let mut stored = vec![0; compressor.zlib_compress_bound(plain.len())];
    let length = compressor.zlib_compress(&plain, &mut stored).unwrap();
    stored.truncate(length);
    stored
}

/// 2 + 258 × `copies` zeros, deflated to a thirteenth of a bit each (RFC 1950, RFC 1951).
fn zeros(copies: u32) -> Vec<u8> {
    // One block of the fixed code: two literals 0, then copies of 258 bytes from one byte before, then its end.
    let mut bits = Bits::default();
    bits.push(0b1, 1);
    bits.push(0b01, 2);
    (0..2).for_each(|_| bits.push_code(0b0011_0000, 8));
    for _ in 0..copies {
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    bits.push_code(0, 7);
    // Adler-32 of zeros: their number times 2^16, and one.
    let checksum = ((2 + 258 * u64::from(copies)) % 65_521) << 16 | 1;
    [&[0x78, 0x01][..], &bits.bytes, &[bits.last], &(checksum as u32).to_be_bytes()].concat()
}

/// Bits from the least significant on, as deflate has them (RFC 1951, section 3.1.1).
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    last: u8,
    used: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            self.last |= (((value >> bit) & 1) as u8) << self.used;
            self.used += 1;
            if self.used == 8 {
                self.bytes.push(self.last);
                (self.last, self.used) = (0, 0);
            }
        }
    }

    /// A Huffman code, which begins with its most significant bit.
    fn push_code(&mut self, code: u32, length: u32) {
        (0..length).rev().for_each(|bit| self.push((code >> bit) & 1, 1));
    }
}

const DEFLATE: &[(u16, &[u32])] = &[(1, &[6])];

fn lying_bomb() -> u64 {
    // A gigabyte in seven megabytes, which says of itself to be 4 MB.
    let stored = zeros(1 << 22);
    let mut file = MadeFile::new();
    let (shape, chunk) = (&[1 << 20], &[1 << 20]);
    let it =
        file.chunked(&Chunks { shape, chunk, filters: DEFLATE, stored: Some(stored), ..Chunks::default() });
    let (reader, index, size) = file_of(file, it);
    let plan = plan(&index, 0..10).unwrap();
    let error = block_on(read_bytes(&reader, &plan)).unwrap_err();
    assert!(error.to_string().contains("more than the declared"), "{error}");
    4 * size + (4 << 20)
}

fn large_bomb() -> u64 {
    // 256 MiB but for 128 bytes, the most that a chunk may have, for ten elements of it.
    const COPIES: u32 = 1_040_447;
    let elements = (2 + 258 * COPIES) / 4;
    let stored = zeros(COPIES);
    let mut file = MadeFile::new();
    let (shape, chunk) = (&[u64::from(elements)], &[elements]);
    let it =
        file.chunked(&Chunks { shape, chunk, filters: DEFLATE, stored: Some(stored), ..Chunks::default() });
    let (reader, index, size) = file_of(file, it);
    let plan = plan(&index, 5..15).unwrap();
    assert_eq!(block_on(read_bytes(&reader, &plan)).unwrap(), vec![0; 40]);
    4 * size + (256 << 20)
}

fn huge_shape() -> u64 {
    let mut file = MadeFile::new();
    let it = file.contiguous(&[1 << 60], 800, 1 << 62);
    let (reader, index, _) = file_of(file, it);
    let corner = plan(&index, 0..4).unwrap();
    assert_eq!(block_on(read_bytes(&reader, &corner)).unwrap().len(), 16);
    assert!(matches!(plan(&index, 0..1 << 60), Err(Error::Limit { .. })));
    0
}

fn huge_selection() -> u64 {
    let mut file = MadeFile::new();
    let it = file.contiguous(&[1 << 31], u64::MAX, 0);
    let (reader, index, _) = file_of(file, it);
    let error = block_on(read_bytes(&reader, &plan(&index, 0..1 << 31).unwrap())).unwrap_err();
    assert!(matches!(error, Error::Limit { asked: 8_589_934_592, allowed: 4_294_967_296, .. }), "{error}");
    0
}

/// 2^28 numbers in chunks of a megabyte, all of which are the same place of the file.
fn gigabyte() -> (MemoryReader, Index, u64) {
    const CHUNK: u32 = 1 << 18;
    let stored = deflated(CHUNK as usize, |at| (at % 1000) as f32);
    let mut file = MadeFile::new();
    let at = file.append(&stored);
    let chunks: Vec<(u64, u64, u32)> =
        (0..1024).map(|number| (number * u64::from(CHUNK), at, stored.len() as u32)).collect();
    let tree = file.leaf(1, &chunks);
    let it =
        file.chunked(&Chunks { tree, shape: &[1 << 28], chunk: &[CHUNK], filters: DEFLATE, stored: None });
    file_of(file, it)
}

fn window_of_a_large_dataset() -> u64 {
    let (reader, index, size) = gigabyte();
    let plan = plan(&index, 100..100 + (1 << 24)).unwrap();
    let output = block_on(read_bytes(&reader, &plan)).unwrap();
    assert_eq!(output.len(), 64 << 20);
    assert_eq!(output[..4], 100f32.to_le_bytes());
    // The output, what is stored of it (which is shared here), and one chunk at a time with what it was inflated from.
    output.len() as u64 + 4 * size + 2 * (1 << 20)
}

fn sum_of_a_large_dataset() -> u64 {
    let (reader, index, size) = gigabyte();
    let plan = plan(&index, 0..1 << 28).unwrap();
    let mut sum = 0.0;
    for piece in plan.pieces() {
        let range = piece.range.clone().unwrap();
        let stored = block_on(reader.read_ranges(&[range])).unwrap().parts.remove(0);
        let bytes = plan.decode(piece, &stored).unwrap().to_values_bytes();
        let Values::F32(numbers) = values(plan.datatype(), bytes).unwrap() else { panic!("not float32") };
        sum += numbers.iter().map(|number| f64::from(*number)).sum::<f64>();
    }
    let expected: f64 = (0..1 << 18).map(|at| f64::from(at % 1000)).sum();
    assert_eq!(sum, 1024.0 * expected);
    // One piece at a time: stored, decoded, as bytes and as numbers.
    4 * size + 8 * (1 << 20)
}
