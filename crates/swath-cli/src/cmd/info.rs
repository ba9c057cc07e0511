//! `swath info`: the tree of a granule.

use swath::{OpenOptions, Session};

use crate::args::InfoArgs;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(session: &Session, args: &InfoArgs, output: Output) -> Result<(), Failure> {
    let tree = session.open(&args.source, &OpenOptions::default().group(&args.group)).await?;
    let printed = if output.json { output.line(&tree.to_json()) } else { output.data(&tree.to_string()) };
    output.account(session.ledger());
    printed
}
