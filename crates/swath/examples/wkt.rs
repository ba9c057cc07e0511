//! Areas from outside: a line `{"wkt": …}` in, a line of what becomes of it out.
//!
//! ```text
//! echo '{"wkt": "POINT(41 13)"}' | cargo run -p swath --example wkt
//! ```
//!
//! The fields are those of the vectors made with asf_search: `wkt` (as given), `wrapped`, `unwrapped`, `repairs` (in
//! asf_search's words), `cmr` (pairs of the catalogue); or `error` with `type` and `message`. Besides, `notices` has
//! what swath tells people, repairs of its own included.

use std::io::{BufRead, Write};

use serde_json::{Value, json};
use swath::search::{Area, Repair};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if !line.trim().is_empty() {
            writeln!(out, "{}", answer(&line))?;
        }
    }
    Ok(())
}

fn answer(line: &str) -> Value {
    let asked: Value = match serde_json::from_str(line) {
        Ok(asked) => asked,
        Err(why) => {
            return json!({"error": {"type": "usage", "message": format!("the line is no JSON: {why}")}});
        }
    };
    let Some(wkt) = asked.get("wkt").and_then(Value::as_str) else {
        return json!({"error": {"type": "usage", "message": "the line has no \"wkt\""}});
    };
    match Area::parse(wkt) {
        Ok(area) => {
            let (key, value) = area.catalogue_pair();
            json!({
                "wkt": wkt,
                "wrapped": area.wrapped_wkt(),
                "unwrapped": area.unwrapped_wkt(),
                "repairs": area.repairs().iter().filter_map(Repair::report).collect::<Vec<_>>(),
                "cmr": [[key, value]],
                "notices": area.notices(),
            })
        }
        Err(error) => {
            let message =
                std::iter::once(error.to_string()).chain(error.reasons()).collect::<Vec<_>>().join(": ");
            json!({"wkt": wkt, "error": {"type": format!("{:?}", error.kind()), "message": message}})
        }
    }
}
