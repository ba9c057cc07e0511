//! `kerchunk SOURCE OUT.json`: writes the references of a granule, and says what is not in them.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::Path;
use std::time::Instant;

use swath::export::{Existing, KerchunkOptions, KerchunkReferences, write_whole};
use swath::{OpenOptions, Session};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, out, rest @ ..] = arguments.as_slice() else {
        return Err("usage: kerchunk SOURCE OUT.json [GROUP]".into());
    };
    let group = rest.first().map_or("/", String::as_str);
    let tree = Session::from_environment()?.open(source, &OpenOptions::default().group(group)).await?;
    let begin = Instant::now();
    let references = KerchunkReferences::of(&tree, &KerchunkOptions::default()).await?;
    write_whole(Path::new(out), Existing::Replace, |writer| references.write_json(writer))?;
    println!("{} arrays in {:.1} ms", references.len(), begin.elapsed().as_secs_f64() * 1e3);
    for (path, why) in references.skipped() {
        eprintln!("skipped {path}: {why}");
    }
    Ok(())
}
