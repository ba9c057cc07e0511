//! What a search would send: options in, the catalogue's parameters out, a line each.
//!
//! `cargo run -p swath --example translate < opts.jsonl` reads lines `{"opts": {…}}` with asf_search's option names and
//! writes `{"subqueries": [[["key", "value"], …], …]}`, with `"notices"` when something was changed or cannot match, or
//! `{"error": {"type": …, "message": …}}`. A tuple is `{"__tuple__": […]}`, a moment `{"__datetime__": "…"}`.

mod encoding;

use std::io::{BufRead, Write, stdin, stdout};

use serde_json::{Value, json};
use swath::search::Plan;

fn main() -> std::io::Result<()> {
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        writeln!(out, "{}", answer(translated(&line)))?;
    }
    Ok(())
}

fn translated(line: &str) -> Result<Plan, String> {
    let request: Value = serde_json::from_str(line).map_err(|why| format!("the line is no JSON: {why}"))?;
    encoding::query(&request["opts"])?.plan().map_err(|error| encoding::told(&error))
}

fn answer(plan: Result<Plan, String>) -> Value {
    match plan {
        Ok(plan) if plan.notices.is_empty() => json!({"subqueries": plan.subqueries}),
        Ok(plan) => json!({"subqueries": plan.subqueries, "notices": plan.notices}),
        // The names of errors are those that asf_search's users know.
        Err(message) if message.contains("no option") => {
            json!({"error": {"type": "KeyError", "message": message}})
        }
        Err(message) => json!({"error": {"type": "ValueError", "message": message}}),
    }
}
