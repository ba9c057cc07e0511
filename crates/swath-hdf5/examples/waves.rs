//! `waves FILE [GROUP]`: prints what each wave of reading an index fetches, and how long it took.
#![allow(clippy::print_stdout, clippy::expect_used)]

#[path = "../tests/it/ready.rs"]
mod ready;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use swath_hdf5::{Fetched, OpenOptions, ReadError, ReadRanges, read_index};

/// A local file that prints what is read from it.
struct PrintingReader(Mutex<File>, Instant);

impl PrintingReader {
    fn read(&self, ranges: &[Range<u64>]) -> Result<Fetched, ReadError> {
        let mut file = self.0.lock().map_err(|_| "a reader panicked")?;
        let size = file.metadata()?.len();
        let mut parts = Vec::new();
        for range in ranges {
            let mut bytes = vec![0; (range.end.min(size) - range.start.min(size)) as usize];
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut bytes)?;
            parts.push(Bytes::from(bytes));
        }
        println!("at {:6.1} ms: {ranges:?}", self.1.elapsed().as_secs_f64() * 1e3);
        Ok(Fetched { parts, size })
    }
}

impl ReadRanges for PrintingReader {
    fn read_ranges<'a>(&'a self, ranges: &'a [Range<u64>]) -> BoxFuture<'a, Result<Fetched, ReadError>> {
        let fetched = self.read(ranges);
        async move { fetched }.boxed()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: waves FILE [GROUP]")?;
    let group = arguments.next().unwrap_or_else(|| "/".to_owned());
    let reader = PrintingReader(Mutex::new(File::open(file)?), Instant::now());
    let index = ready::block_on(read_index(&reader, &group, &OpenOptions::default()))?;
    println!(
        "at {:6.1} ms: {} objects in {} waves",
        reader.1.elapsed().as_secs_f64() * 1e3,
        index.objects.len(),
        index.waves
    );
    println!("kept in {} bytes", index.to_bytes()?.len());
    Ok(())
}
