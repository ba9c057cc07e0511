//! `swath search`: granules of the catalogue.

use comfy_table::{ContentArrangement, Table, presets};
use swath::{SearchResults, Session, search};

use crate::args::SearchArgs;
use crate::failure::{Failure, printable};
use crate::output::Output;
use crate::request::query;

pub(super) async fn run(session: &Session, args: &SearchArgs, output: Output) -> Result<(), Failure> {
    let results = session.search(&query(args)?).await?;
    results.notices.iter().for_each(|notice| output.note(notice));
    output.account(session.ledger());
    print(&results, args, output)
}

fn print(results: &SearchResults, args: &SearchArgs, output: Output) -> Result<(), Failure> {
    let selection = results.select(args.all_versions);
    if args.extension.is_some() || args.pattern.is_some() {
        let urls =
            selection.find_urls(args.extension.as_deref(), args.pattern.as_deref(), args.direct_access)?;
        return match output.json {
            true => output.line(&serde_json::json!(urls)),
            false if urls.is_empty() => Ok(output.note("no URL matches")),
            false => output.data(&urls.join("\n")),
        };
    }
    let format = &args.format;
    if format.geojson {
        return output.line(&search::geojson(&selection));
    }
    if format.csv {
        let mut table = Vec::new();
        search::write_csv(&mut table, &selection)?;
        return output.bytes(&table);
    }
    if format.jsonl {
        for row in search::json_rows(&selection) {
            output.line(&row)?;
        }
        return Ok(());
    }
    if output.json {
        return output.line(&search::json(&selection));
    }
    if selection.is_empty() {
        output.note("no granule matches");
        return Ok(());
    }
    output.data(&table(&selection))
}
