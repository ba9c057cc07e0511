//! Answers that break on the wire, byte by byte: a server of plain sockets over one granule.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use swath::{ErrorKind, Session, SessionOptions};

use crate::archive::*;

/// What happens to an answer. Places are counted from the first byte of its head.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Break {
    /// The connection is closed there.
    Cut(usize),
    /// The connection is reset there.
    Reset(usize),
    /// So many bytes come in good time, then a byte now and then.
    Trickle(usize),
    /// The body comes in chunks, and ends without the last one after so many bytes of it.
    CutChunks(usize),
    /// The body says that it is compressed.
    Encoded,
    /// The ranges come as parts of a message.
    Multipart,
    /// There is nothing at all in the object.
    Empty,
}

/// A server of one object that breaks its answers, the first one or all.
struct Wire {
    address: SocketAddr,
}

impl Wire {
    fn start(fault: Break, always: bool) -> Self {
        let object = Arc::new(std::fs::read(stored(GRANULE)).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (object, count) = (object.clone(), count.clone());
                std::thread::spawn(move || serve(client, &object, fault, always, &count));
            }
        });
        Self { address }
    }

    fn url(&self) -> String {
        format!("http://{}/{GRANULE}.h5", self.address)
    }
}

/// Answers requests of one connection until it breaks.
fn serve(client: TcpStream, object: &[u8], fault: Break, always: bool, count: &AtomicUsize) -> Option<()> {
    let mut client = client;
    client.set_nodelay(true).ok()?;
    loop {
        let (first, last) = requested(&mut client)?;
        let is_broken = count.fetch_add(1, Ordering::SeqCst) == 0 || always;
        let body = &object[first..(last + 1).min(object.len())];
        if is_broken {
            return broken(client, body, first, object.len(), fault);
        }
        client.write_all(&answer(body, first, object.len(), "")).ok()?;
    }
}

/// The range that the next request asks for. Its very last byte stays unread: a socket that is closed with bytes unread
/// is reset.
fn requested(client: &mut TcpStream) -> Option<(usize, usize)> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r") {
        client.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request).to_lowercase();
    let range = request.lines().find_map(|line| line.strip_prefix("range: bytes="))?;
    let (first, last) = range.trim().split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// A sound answer, with more header lines.
fn answer(body: &[u8], first: usize, size: usize, more: &str) -> Vec<u8> {
    let last = (first + body.len()).saturating_sub(1);
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nETag: \"one\"\r\nContent-Length: {}\r\n\
         Content-Range: bytes {first}-{last}/{size}\r\n{more}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn broken(mut client: TcpStream, body: &[u8], first: usize, size: usize, fault: Break) -> Option<()> {
    let whole = answer(body, first, size, "");
    match fault {
        Break::Cut(at) => client.write_all(&whole[..at.min(whole.len() - 1)]).ok()?,
        Break::Reset(at) => client.write_all(&whole[..at.min(whole.len() - 1)]).ok()?,
        Break::Trickle(at) => {
            let (soon, late) = whole.split_at(at.min(whole.len()));
            client.write_all(soon).ok()?;
            for byte in late.chunks(1) {
                client.write_all(byte).ok()?;
                std::thread::sleep(Duration::from_millis(25));
            }
        }
        Break::CutChunks(at) => {
            let head = String::from_utf8_lossy(&whole[..whole.len() - body.len()]).into_owned();
            let length = format!("Content-Length: {}", body.len());
            client.write_all(head.replace(&length, "Transfer-Encoding: chunked").as_bytes()).ok()?;
            for chunk in body[..at.min(body.len())].chunks(1 << 16) {
                client.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).ok()?;
                client.write_all(&[chunk, b"\r\n"].concat()).ok()?;
            }
        }
        Break::Encoded => client.write_all(&answer(body, first, size, "Content-Encoding: gzip\r\n")).ok()?,
        Break::Multipart => {
            let text = b"--x\r\nContent-Range: bytes 0-0/1\r\n\r\n0\r\n--x--\r\n";
            let head = "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\n";
            client.write_all(format!("{head}Content-Length: {}\r\n\r\n", text.len()).as_bytes()).ok()?;
            client.write_all(text).ok()?;
        }
        Break::Empty => {
            let head =
                "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */0\r\nContent-Length: 0\r\n\r\n";
            client.write_all(head.as_bytes()).ok()?;
        }
    }
    // What the client says afterwards is of no interest, but it must have read what was sent before this ends.
    if !matches!(fault, Break::Reset(_)) {
        client.shutdown(std::net::Shutdown::Write).ok()?;
        client.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let _ = client.read_to_end(&mut Vec::new());
    }
    None
}

fn session() -> Session {
    let mut options = SessionOptions::default();
    options.http.allow_http_loopback = true;
    options.http.no_proxy = true;
    options.http.retry.base = Duration::from_millis(1);
    options.http.stall_timeout = Duration::from_millis(500);
    Session::new(options).unwrap()
}

/// The first answer, half of the head of the file, breaks; without all of its bytes there is no figure.
async fn heals(fault: Break) {
    let wire = Wire::start(fault, false);
    let found = mean(&session(), &wire.url()).await;
    assert_close(found.unwrap_or_else(|error| panic!("{fault:?}: {error:?}")), true_mean(GRANULE));
}

#[tokio::test]
async fn a_body_cut_anywhere_is_continued() {
    let head = answer(&[0; 196_608], 0, 30_000_000, "").len() - 196_608;
    // Before the first byte, within the head, at its end, and at both ends and in the middle of the body.
    for at in [0, 1, 20, head - 2, head, head + 1, head + 100_000, usize::MAX] {
        heals(Break::Cut(at)).await;
    }
    // At the beginning, at the edge of a chunk, and within one.
    for at in [0, 1 << 16, 100_000] {
        heals(Break::CutChunks(at)).await;
    }
}

#[tokio::test]
async fn a_reset_is_as_good_as_a_cut() {
    for at in [0, 20, 1000, 100_000] {
        heals(Break::Reset(at)).await;
    }
}

#[tokio::test]
async fn a_trickle_is_given_up_and_continued() {
    heals(Break::Trickle(100_000)).await;
}

#[tokio::test]
async fn bodies_in_a_form_that_was_not_asked_for_are_refused() {
    for (fault, says) in
        [(Break::Encoded, "encoded"), (Break::Multipart, "another range"), (Break::Empty, "HDF5")]
    {
        let wire = Wire::start(fault, true);
        let error = mean(&session(), &wire.url()).await.expect_err("no figure comes of it");
        assert_eq!(error.kind(), ErrorKind::Integrity, "{fault:?}: {error:?}");
        assert!(format!("{error:?}").contains(says), "{fault:?}: {error:?}");
    }
}
