//! `http URL [DATASET]`: the tree of an HDF5 file on an http server that answers ranges, or the corner of a dataset, and
//! what it took.
#![allow(clippy::print_stdout)]

mod reader;

use futures::FutureExt;
use swath_hdf5::{CountingReader, OpenOptions, Selection, read_index, read_values};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: http URL [DATASET]")?;
    let reader =
        CountingReader::new(reader::HttpReader::new(&url).ok_or("give an address that begins with http://")?);
    // This reader blocks instead of waiting, so its futures are ready at once.
    let opened = read_index(&reader, "/", &OpenOptions::default()).now_or_never();
    let index = opened.ok_or("the reader waits")??;
    match arguments.next() {
        None => {
            for (path, dataset) in index.datasets() {
                println!("{path}: {} {:?}", dataset.datatype.name(), dataset.shape);
            }
        }
        Some(path) => {
            let shape = &index.dataset(&path)?.shape;
            let corner: Vec<_> = shape.iter().map(|extent| 0..4.min(*extent)).collect();
            let values = read_values(&reader, &index, &path, &Selection::window(&corner)).now_or_never();
            println!("{:?}", values.ok_or("the reader waits")??);
        }
    }
    println!("{:?}", reader.counts());
    Ok(())
}
