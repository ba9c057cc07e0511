//! `swath search`: granules of the catalogue.

use comfy_table::{ContentArrangement, Table, presets};
use swath::search::{Format, Query, SearchResults, State};
use swath::{Granule, Session};

use crate::args::SearchArgs;
use crate::failure::{Failure, printable};
use crate::output::Output;
use crate::request::query;

pub(super) async fn run(session: &Session, args: &SearchArgs, output: Output) -> Result<(), Failure> {
    let query = query(args)?;
    if args.count {
        return count(session, &query, output).await;
    }
    if args.attributes {
        return attributes(session, &query, args, output).await;
    }
    let found = match args.ephemerides {
        true => session.orbit_ephemerides(&query).await?,
        false => session.search(&query).await?,
    };
    found.notices.iter().for_each(|notice| output.note(&printable(notice)));
    for odd in &found.odd {
        output.note(&printable(&format!("one catalogue item could not be read: {}", odd.why)));
    }
    output.account(session.ledger());
    let is_old = |(_, state): &(&Granule, State)| matches!(state, State::Superseded { .. });
    let hidden = found.states().iter().filter(|one| is_old(one)).count();
    let notes = found.notes();
    let shown = if args.all_versions { found } else { found.into_latest() };
    print(&shown, args, output)?;
    notes.iter().for_each(|note| output.note(&printable(note)));
    if let Some(note) = shown.known_issues_note() {
        output.note(&printable(&note));
    }
    if hidden > 0 && !args.all_versions {
        let releases = if hidden == 1 {
            "1 superseded release is"
        } else {
            &format!("{hidden} superseded releases are")
        };
        output.note(&format!("{releases} not shown (--all-versions shows them)"));
    }
    Ok(())
}

/// How many granules there are, and nothing else.
async fn count(session: &Session, query: &Query, output: Output) -> Result<(), Failure> {
    let count = session.search_count(query).await?;
    count.notices.iter().for_each(|notice| output.note(&printable(notice)));
    output.account(session.ledger());
    match output.json {
        true => output.line(&serde_json::json!({"hits": count.hits})),
        false => output.data(&count.hits.to_string()),
    }
}

/// What granules can be searched by: a table, or JSON.
async fn attributes(
    session: &Session,
    query: &Query,
    args: &SearchArgs,
    output: Output,
) -> Result<(), Failure> {
    if args.format.format.is_some() || args.format.geojson || args.format.csv {
        return Err(Failure::usage("--attributes is printed as a table, or with --json or --jsonl"));
    }
    let found = session.searchable_attributes(query).await?;
    output.account(session.ledger());
    if output.json {
        return output.line(&serde_json::json!({ "attributes": found }));
    }
    if args.format.jsonl {
        let lines: Vec<String> = found.iter().map(|one| serde_json::json!(one).to_string()).collect();
        return output.data(&lines.join("\n"));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["name", "type", "collections", "description"]);
    for one in &found {
        let cells = [&one.name, &one.data_type, &one.collections.len().to_string(), &one.description];
        table.add_row(cells.map(|cell| printable(cell)));
    }
    output.data(&text_of(&table))
}

/// The table without spaces at the ends of its lines.
fn text_of(table: &Table) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

fn print(results: &SearchResults, args: &SearchArgs, output: Output) -> Result<(), Failure> {
    if args.extension.is_some() || args.pattern.is_some() {
        return print_urls(results, args, output);
    }
    let mut text = Vec::new();
    if let Some(format) = &args.format.format {
        results.write(format.parse::<Format>()?, &mut text)?;
    } else if args.format.geojson {
        results.write_geojson(&mut text)?;
    } else if args.format.csv {
        results.write_csv(&mut text)?;
    } else if args.format.jsonl {
        results.write_json_lines(&mut text)?;
    } else if output.json {
        results.write_json(&mut text)?;
    } else if results.granules.is_empty() {
        // Why none of those that there are is shown has been told.
        if results.hits == 0 {
            output.note("no granule matches");
        }
    } else {
        text = table(results).into_bytes();
    }
    if text.is_empty() { Ok(()) } else { output.data(&String::from_utf8_lossy(&text)) }
}

fn print_urls(results: &SearchResults, args: &SearchArgs, output: Output) -> Result<(), Failure> {
    let urls = results.find_urls(args.extension.as_deref(), args.pattern.as_deref(), args.direct_access)?;
    if output.json {
        return output.line(&serde_json::json!(urls));
    }
    if urls.is_empty() {
        output.note("no URL matches");
        if let Some(extension) = args.extension.as_deref().filter(|extension| !extension.starts_with('.')) {
            output.note(&printable(&format!("extensions begin with a dot: .{extension}")));
        }
        return Ok(());
    }
    output.data(&urls.join("\n"))
}

/// What people want to see of each granule, one line each.
fn table(results: &SearchResults) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "start", "track", "frame", "dir", "pol", "crid", "maturity", "coverage", "area %", "MB", "state",
        "granule",
    ]);
    for ((granule, state), percent) in results.states().into_iter().zip(results.area_percents()) {
        table.add_row(row(granule, percent, &state.to_string()));
    }
    text_of(&table)
}

/// A share in whole percent; a little is not nothing.
fn share(percent: f64) -> String {
    if percent > 0.0 && percent < 0.5 { "<1".to_owned() } else { format!("{percent:.0}") }
}

fn row(granule: &Granule, area_percent: Option<f64>, state: &str) -> Vec<String> {
    let text = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let row = vec![
        text(granule.start.map(|time| time.to_string())),
        text(granule.track.map(|track| track.to_string())),
        text(granule.frame.map(|frame| frame.to_string())),
        text(granule.direction.map(|direction| direction.letter().to_string())),
        granule.main_band_polarization.join("+"),
        text(granule.crid.map(|crid| crid.to_string())),
        text(granule.maturity.map(|maturity| maturity.to_string())),
        text(granule.coverage.map(|coverage| coverage.letter().to_string())),
        text(area_percent.map(share)),
        text(granule.size.map(|bytes| format!("{:.0}", bytes as f64 / 1e6))),
        state.to_owned(),
        granule.name.clone(),
    ];
    row.iter().map(|cell| printable(cell)).collect()
}
