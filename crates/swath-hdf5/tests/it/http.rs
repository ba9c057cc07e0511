//! The example of a reader over HTTP, against a server that answers ranges.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use swath_hdf5::{CountingReader, MemoryReader, OpenOptions, ReadRanges, Selection, read_index, read_values};

use crate::ready::block_on;
use crate::support::granules;

#[path = "../../examples/http/reader.rs"]
mod reader;

/// Serves `file` to whoever asks; the address.
fn serve(file: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let file = Arc::new(file);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let file = file.clone();
            std::thread::spawn(move || answer(&stream, &file));
        }
    });
    format!("http://{address}/granule.h5")
}

fn answer(stream: &TcpStream, file: &[u8]) -> Option<()> {
    let lines: Vec<String> =
        BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let range = lines.iter().find_map(|line| line.strip_prefix("Range: bytes="))?;
    let (start, last) = range.split_once('-')?;
    let (start, last): (usize, usize) = (start.parse().ok()?, last.parse().ok()?);
    let (mut stream, size) = (stream, file.len());
    if start >= size {
        return write!(stream, "HTTP/1.1 416 No\r\nContent-Range: bytes */{size}\r\n\r\n").ok();
    }
    let last = last.min(size - 1);
    write!(stream, "HTTP/1.1 206 Partial\r\nContent-Range: bytes {start}-{last}/{size}\r\n\r\n").ok()?;
    stream.write_all(&file[start..=last]).ok()
}

#[test]
fn a_reader_over_http_gives_what_memory_gives() {
    let Some((_, file)) = granules().into_iter().next() else { return };
    let memory = MemoryReader::new(file.clone());
    let http = CountingReader::new(reader::HttpReader::new(&serve(file)).unwrap());
    let [near, far] = [&memory as &dyn ReadRanges, &http].map(|reader| {
        let index = block_on(read_index(reader, "/", &OpenOptions::default())).unwrap();
        let path = "/science/LSAR/GCOV/grids/frequencyA/HHHH";
        let values =
            block_on(read_values(reader, &index, path, &Selection::window(&[600..610, 500..520]))).unwrap();
        (format!("{:?}", index.objects), values)
    });
    assert!(near == far);
    assert_eq!((http.counts().waves, http.counts().bytes_again), (3, 0));
    let beyond = block_on(http.read_ranges(&[1 << 40..1 << 41])).unwrap();
    assert!(beyond.parts[0].is_empty() && beyond.size > 0);
    assert!(reader::HttpReader::new("https://example.com/x").is_none());
}
