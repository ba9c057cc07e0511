//! `swath quicklook`: a picture of a window.

use swath::{Session, plot};

use crate::args::QuicklookArgs;
use crate::failure::Failure;
use crate::output::{Output, write_result};
use crate::request::LayerRequest;

pub(super) async fn run(session: &Session, args: &QuicklookArgs, output: Output) -> Result<(), Failure> {
    let request = LayerRequest::new(args.source.as_slice(), &args.window)?;
    request.tell(output);
    let [source] = request.sources.as_slice() else {
        return Err(Failure::usage("a quicklook is of one source"));
    };
    let layer = session.open_region(source, &request.wanted).await?;
    let png = plot::quicklook(&layer, None).await?;
    write_result(output, &args.output, &png, args.overwrite)?;
    if output.json {
        output.line(
            &serde_json::json!({ "granule": layer.tree().name(), "layer": layer.name(), "png": args.output }),
        )?;
    }
    output.account(session.ledger());
    Ok(())
}
