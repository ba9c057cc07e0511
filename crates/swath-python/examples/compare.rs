//! The Rust side of `bench/python.py`: for each line on standard input (`open` or `read`) it does that piece of work and
//! answers with the seconds that it took.
//!
//! Arguments: address of the granule, group of the layer HHHH, and first row, first column, height and width.

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

use swath::{OpenOptions, Session, SessionOptions, Window};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, group, window @ ..] = arguments.as_slice() else {
        return Err("wants url, group, window".into());
    };
    let numbers: Vec<u64> = window.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [row, column, height, width] = numbers.as_slice() else {
        return Err("a window is four numbers".into());
    };
    // No saved index: the metadata is read anew, as on the other side.
    let session = Session::new(SessionOptions::from_environment()?.with_cache(None))?;
    let tree = session.open(url, &OpenOptions::default().group(group.as_str())).await?;
    let layer =
        tree.array(&format!("{group}/HHHH"))?.with_window(Window::new(*row, *column, *height, *width)?)?;
    for line in std::io::stdin().lock().lines() {
        let begun = Instant::now();
        match line?.as_str() {
            "open" => drop(session.open(url, &OpenOptions::default()).await?),
            _ => drop(layer.read().await?),
        }
        writeln!(std::io::stdout(), "{}", begun.elapsed().as_secs_f64())?;
    }
    Ok(())
}
