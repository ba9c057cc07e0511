//! Byte ranges over plain HTTP/1.1 with nothing but the standard library: one connection a range, all at once.
//!
//! It shows how little a reader has to do. One for real servers adds TLS, redirects, retries and deadlines; `swath` has
//! such a one.

use std::io::{Error, Read, Write};
use std::net::TcpStream;
use std::ops::Range;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use swath_hdf5::{Fetched, ReadError, ReadRanges};

/// Longest head of an answer.
const MAX_HEAD: usize = 64 << 10;

/// A file behind `http://authority/path`.
pub(crate) struct HttpReader {
    authority: String,
    path: String,
}

/// One answer: its bytes, and the size of the whole file.
type Part = (Bytes, u64);

impl HttpReader {
    /// A reader of the file at `url`; nothing is asked yet.
    pub(crate) fn new(url: &str) -> Option<Self> {
        let (authority, path) = url.strip_prefix("http://")?.split_once('/')?;
        Some(HttpReader { authority: authority.to_owned(), path: format!("/{path}") })
    }

    fn part(&self, range: &Range<u64>) -> Result<Part, ReadError> {
        let (start, last) = (range.start, range.end.saturating_sub(1));
        let mut stream = TcpStream::connect(&self.authority)?;
        let (path, host) = (&self.path, &self.authority);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={start}-{last}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        let most = (MAX_HEAD as u64).saturating_add(range.end - range.start);
        stream.take(most).read_to_end(&mut answer)?;
        let end =
            answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or("answer without a head")?;
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let content = head.lines().find_map(|line| line.strip_prefix("content-range:")).unwrap_or_default();
        let size = content.rsplit('/').next().unwrap_or_default().trim().parse();
        match head.split(' ').nth(1) {
            Some("206") => {
                let (body, size) = (Bytes::from(answer).slice(end + 4..), size?);
                let expected = range.end.min(size).saturating_sub(start);
                if body.len() as u64 != expected {
                    return Err(format!("{} bytes of {expected}", body.len()).into());
                }
                Ok((body, size))
            }
            // Behind the end there is nothing.
            Some("416") => Ok((Bytes::new(), size?)),
            status => Err(Error::other(format!("status {} for a range", status.unwrap_or("missing"))).into()),
        }
    }

    fn parts(&self, ranges: &[Range<u64>]) -> Result<Fetched, ReadError> {
        let parts: Vec<Result<Part, ReadError>> = std::thread::scope(|scope| {
            let asked: Vec<_> = ranges.iter().map(|range| scope.spawn(|| self.part(range))).collect();
            asked
                .into_iter()
                .map(|part| part.join().unwrap_or_else(|_| Err("a thread ended".into())))
                .collect()
        });
        let parts = parts.into_iter().collect::<Result<Vec<Part>, ReadError>>()?;
        let size = parts.first().map_or(0, |(_, size)| *size);
        if parts.iter().any(|(_, other)| *other != size) {
            return Err("the file changed while it was read".into());
        }
        Ok(Fetched { parts: parts.into_iter().map(|(bytes, _)| bytes).collect(), size })
    }
}

impl ReadRanges for HttpReader {
    fn read_ranges<'a>(&'a self, ranges: &'a [Range<u64>]) -> BoxFuture<'a, Result<Fetched, ReadError>> {
        async move { self.parts(ranges) }.boxed()
    }
}
