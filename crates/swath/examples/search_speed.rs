//! The other side of `bench/search.py`: how long an answer of the catalogue takes to become granules, and what they hold.
//!
//! `search_speed PAGE.umm_json` reads the page once and then, for each line on standard input, parses it anew and answers
//! with one line: the seconds that it took and how many granules came of it. `search_speed http://127.0.0.1:PORT` searches a
//! catalogue on the loopback and prints how many granules it found, and the kilobytes of memory at most and while they are
//! held (Linux).

use std::io::{BufRead, Write};
use std::time::Instant;

use swath::http::{Http, HttpOptions, SafeUrl};
use swath::search::{Catalogue, Query, SearchResults};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let place = std::env::args().nth(1).ok_or("which page?")?;
    if place.starts_with("http://") { memory(&place) } else { speed(&place) }
}

fn speed(path: &str) -> Outcome {
    let page = bytes::Bytes::from(std::fs::read(path)?);
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        line?;
        let begun = Instant::now();
        let results = SearchResults::from_umm_json(page.clone())?;
        let seconds = begun.elapsed().as_secs_f64();
        writeln!(out, "{seconds} {}", results.granules.len())?;
        out.flush()?;
    }
    Ok(())
}

fn memory(address: &str) -> Outcome {
    let http = Http::new(HttpOptions { allow_http_loopback: true, ..HttpOptions::default() })?;
    let catalogue = Catalogue::new(http, &SafeUrl::parse(address)?)?;
    let query = Query::new().dataset("NISAR").processing_level("GCOV");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let results = runtime.block_on(catalogue.search(&query))?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let of = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    let kilobytes = |name| of(name).unwrap_or("?");
    writeln!(
        std::io::stdout(),
        "{} {} {}",
        results.granules.len(),
        kilobytes("VmHWM:"),
        kilobytes("VmRSS:")
    )?;
    Ok(())
}
