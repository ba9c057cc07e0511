//! What a failed command says, and the exit code that it ends with.

use serde_json::{Value, json};
use swath::{Error, ErrorKind};

use crate::exit;
use crate::query_args::as_typed;

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    what: String,
    why: Vec<String>,
    fix: Option<String>,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { code: exit::code(kind), what: what.into(), why: Vec::new(), fix: None }
    }

    /// Some sources failed, and each has been reported; the others were done.
    pub(crate) fn partial(failed: usize, all: usize) -> Self {
        let what = format!("{failed} of {all} sources failed");
        Self { code: exit::PARTIAL, what, why: Vec::new(), fix: None }
    }

    /// The same, with the option that it names as it is typed.
    pub(crate) fn in_typed_words(mut self) -> Self {
        self.what = as_typed(&self.what);
        self
    }

    /// As `voice.md` wants it: what, why, fix.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("error: {}", printable(&self.what));
        for why in &self.why {
            text.push_str(&format!("\n  why: {}", printable(why)));
        }
        if let Some(fix) = &self.fix {
            text.push_str(&format!("\n  fix: {}", printable(fix)));
        }
        text
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        json!({ "error": { "code": self.code, "what": self.what, "why": self.why, "fix": self.fix } })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            code: exit::code(error.kind()),
            what: error.to_string(),
            why: error.reasons(),
            fix: error.hint().map(str::to_owned),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { why: vec![error.to_string()], ..Self::new(ErrorKind::Local, "could not write the result") }
    }
}

impl From<swath_sandbox::Error> for Failure {
    fn from(error: swath_sandbox::Error) -> Self {
        let mut why = Vec::new();
        let mut next = std::error::Error::source(&error);
        while let Some(reason) = next {
            why.push(reason.to_string());
            next = reason.source();
        }
        Self { why, ..Self::new(ErrorKind::Local, error.to_string()) }
    }
}

/// Text from a server or a file on its way to a terminal: line breaks and control characters shown, not obeyed.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
