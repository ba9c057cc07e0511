//! Options written as JSON, as the vectors of asf_search are.

use serde_json::Value;
use swath::search::{OptionValue, Query};

/// The query of an object of options; the error says in words why there is none.
pub(crate) fn query(opts: &Value) -> Result<Query, String> {
    let opts = opts.as_object().ok_or("opts is no object")?;
    let mut query = Query::new();
    for (name, given) in opts.iter().filter(|(name, value)| !is_not_sent(name) && !value.is_null()) {
        let value = value(given).ok_or_else(|| format!("{name} cannot be {given}"))?;
        query = query.with(name, value).map_err(|error| told(&error))?;
    }
    Ok(query)
}

/// An error with its hint.
pub(crate) fn told(error: &swath::Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

/// Options of asf_search that say where to ask and as whom, which is the session's.
fn is_not_sent(name: &str) -> bool {
    matches!(name, "host" | "session")
}

fn value(given: &Value) -> Option<OptionValue> {
    Some(match given {
        Value::String(text) => text.as_str().into(),
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Value::Array(values) => OptionValue::List(values.iter().map(value).collect::<Option<_>>()?),
        Value::Object(one) => match (one.get("__datetime__"), one.get("__tuple__")) {
            (Some(Value::String(moment)), _) => moment.as_str().into(),
            (_, Some(Value::Array(ends))) => match ends.as_slice() {
                [first, last] if first.is_number() => {
                    OptionValue::Range(Box::new((value(first)?, value(last)?)))
                }
                several => OptionValue::List(several.iter().map(value).collect::<Option<_>>()?),
            },
            _ => return None,
        },
        Value::Null => return None,
    })
}
