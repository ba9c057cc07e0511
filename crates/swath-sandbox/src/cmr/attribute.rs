//! Searches by additional attribute: `attribute[]=string,PRODUCT_TYPE,GCOV`.

use super::record::Record;
use super::{Answer, Refused};

/// A condition on one attribute of a granule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AttributeTest {
    name: String,
    wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Present,
    Text(String),
    TextBetween(Option<String>, Option<String>),
    Number(f64),
    NumberBetween(f64, f64),
}

impl AttributeTest {
    /// Reads `type,NAME,value` or `type,NAME,lowest,highest`, where one of the two may be empty;
    /// a comma inside a value is escaped as `\,`. A name alone asks that there be a value.
    pub(crate) fn parse(text: &str) -> Answer<Self> {
        let parts = split(text);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let numeric = match parts.first() {
            Some(&("int" | "float")) => true,
            Some(&("string" | "date" | "datetime" | "time")) => false,
            _ if parts.len() == 1 && !text.is_empty() => false,
            other => return Err(Refused::new(format!("[{}] is an invalid type", other.unwrap_or(&"")))),
        };
        let (name, wanted) = match *parts.as_slice() {
            [name] => (name, Wanted::Present),
            [_, name] => (name, Wanted::Present),
            [kind, name, value] if numeric => (name, Wanted::Number(number(kind, value)?)),
            [_, name, value] => (name, Wanted::Text(value.to_lowercase())),
            [kind, name, low, high] => (name, between(kind, numeric, low, high)?),
            _ => return Err(Refused::new(format!("[{text}] is not a valid attribute condition"))),
        };
        Ok(Self { name: name.to_lowercase(), wanted })
    }

    /// Whether any of the attribute's values fits.
    pub(crate) fn fits(&self, record: &Record) -> bool {
        let attribute = record.attributes.iter().find(|(name, _)| name.to_lowercase() == self.name);
        attribute.is_some_and(|(_, values)| values.iter().any(|value| self.wanted.fits(value)))
    }
}

impl Wanted {
    fn fits(&self, value: &str) -> bool {
        let (text, number) = (value.to_lowercase(), value.parse::<f64>().ok());
        match self {
            Self::Present => true,
            Self::Text(wanted) => text == *wanted,
            Self::Number(wanted) => number == Some(*wanted),
            Self::NumberBetween(low, high) => number.is_some_and(|number| (*low..=*high).contains(&number)),
            Self::TextBetween(low, high) => {
                low.as_ref().is_none_or(|low| *low <= text) && high.as_ref().is_none_or(|high| text <= *high)
            }
        }
    }
}

fn between(kind: &str, numeric: bool, low: &str, high: &str) -> Answer<Wanted> {
    if low.is_empty() && high.is_empty() {
        return Err(Refused::new(format!("[{kind}] range needs a lowest or a highest value")));
    }
    if !numeric {
        let bound = |text: &str| (!text.is_empty()).then(|| text.to_lowercase());
        return Ok(Wanted::TextBetween(bound(low), bound(high)));
    }
    let bound = |text: &str, open| if text.is_empty() { Ok(open) } else { number(kind, text) };
    let (low, high) = (bound(low, f64::NEG_INFINITY)?, bound(high, f64::INFINITY)?);
    if low > high {
        return Err(Refused::new(format!("Range start [{low}] must be less than [{high}]")));
    }
    Ok(Wanted::NumberBetween(low, high))
}

fn number(kind: &str, text: &str) -> Answer<f64> {
    let text = text.trim();
    let whole = kind != "int" || text.parse::<i64>().is_ok();
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && whole);
    number.ok_or_else(|| {
        Refused::new(format!("[{text}] is an invalid value for type [{}]", kind.to_uppercase()))
    })
}

/// Splits at commas that are not escaped.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&',') => {
                letters.next();
                push(&mut parts, ',');
            }
            ',' => parts.push(String::new()),
            other => push(&mut parts, other),
        }
    }
    parts
}

fn push(parts: &mut [String], letter: char) {
    if let Some(last) = parts.last_mut() {
        last.push(letter);
    }
}
