//! Why does it not work here? The checks behind `swath doctor`, from the clock to the first bytes of a granule.
//!
//! Every check says what it found and, where something is wrong, what to do. The report is made to be pasted: it holds no
//! token, no password, no user's name, and no query of a signed URL.

mod network;
mod surroundings;

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::Error;
use crate::session::Session;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// As it should be.
    Good,
    /// Worth knowing; nothing fails of it.
    Note,
    /// Something will fail.
    Failed,
    /// Not looked at, because something that it needs failed, or is not wanted.
    Skipped,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// What was looked at: `clock`, `login`, …
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do, where something is wrong.
    pub fix: Option<String>,
}

/// All checks, in the order in which a request depends on them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// What each check found.
    pub checks: Vec<Check>,
}

/// The longest that one check may take. A service that is down would otherwise be tried for minutes.
const PATIENCE: Duration = Duration::from_secs(20);

impl Check {
    fn new(name: &'static str, outcome: Outcome, found: impl Into<String>) -> Self {
        Self { name, outcome, found: found.into(), fix: None }
    }

    fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// What failed, why, and what to do about it.
    fn failed(name: &'static str, error: &Error) -> Self {
        let chain: Vec<String> = std::iter::once(error.to_string()).chain(error.reasons()).collect();
        let fix = error.hint().map(str::to_owned);
        Self { name, outcome: Outcome::Failed, found: chain.join(": "), fix }
    }
}

impl Outcome {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Report {
    /// Whether no check failed.
    pub fn is_healthy(&self) -> bool {
        self.checks.iter().all(|check| check.outcome != Outcome::Failed)
    }

    /// `{"healthy": …, "version": …, "checks": [{"name", "outcome", "found", "fix"}, …]}`.
    pub fn to_json(&self) -> Value {
        let check = |check: &Check| {
            json!({
                "name": check.name,
                "outcome": check.outcome.name(),
                "found": check.found,
                "fix": check.fix,
            })
        };
        json!({
            "healthy": self.is_healthy(),
            "version": env!("CARGO_PKG_VERSION"),
            "checks": self.checks.iter().map(check).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |text: &str| -> String {
            text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
        };
        write!(
            f,
            "swath {} on {} {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        )?;
        for check in &self.checks {
            write!(f, "\n{:<8} {:<13} {}", check.outcome.name(), check.name, plain(&check.found))?;
            if let Some(fix) = &check.fix {
                write!(f, "\n{:<8} {:<13} fix: {}", "", "", plain(fix))?;
            }
        }
        Ok(())
    }
}

impl Session {
    /// Looks at everything that a search and a read depend on: proxy and certificates, names, the services and their
    /// clock, the login and the licence, the data by both ways, and the disk. Asks a dozen small requests; reads
    /// the first bytes of one granule.
    pub async fn examine(&self) -> Report {
        let mut checks = vec![surroundings::proxy(self), surroundings::certificates()];
        checks.push(network::names(self).await);
        let (catalogue, granule) = network::catalogue(self).await;
        checks.push(catalogue);
        checks.push(network::earthdata_login(self).await);
        checks.push(network::clock(self));
        let (login, has_token) = network::login(self).await;
        checks.push(login);
        checks.push(network::licence(self, has_token).await);
        checks.push(network::https(self, granule.as_ref(), has_token).await);
        checks.push(surroundings::region(self).await);
        checks.push(network::s3(self, granule.as_ref(), has_token).await);
        checks.push(surroundings::disk(self));
        Report { checks }
    }
}
