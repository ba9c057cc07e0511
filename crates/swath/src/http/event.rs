//! What happens on the network that somebody who waits wants to know.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Purpose;

/// Something that takes time or changes the way, while a call goes on. `Display` is one line for people; it holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A request failed and is tried again after a wait.
    Waiting {
        /// What the request is for.
        purpose: Purpose,
        /// Host (and port) that was asked.
        host: String,
        /// Why the last try failed: a status, or what the network said.
        reason: String,
        /// How long the wait is.
        wait: Duration,
        /// Whether the service asked for this wait (`Retry-After`).
        asked: bool,
        /// The number of the try that follows; the first is 1.
        next_try: u32,
        /// Tries in all.
        tries: u32,
    },
    /// The rest of the session reads over https, because S3 refused.
    FallsBack {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { purpose, host, reason, wait, asked, next_try, tries } => {
                let (who, seconds) = (purpose.service(), wait.as_secs_f64().round());
                match asked {
                    true => write!(f, "{who} ({host}) asks to wait {seconds} s ({reason})")?,
                    false => write!(f, "{who} ({host}) failed ({reason}); waiting {seconds} s")?,
                }
                write!(f, "; try {next_try} of {tries} follows")
            }
            Self::FallsBack { reason } => write!(f, "{reason}; reading over https from here on"),
        }
    }
}

impl Purpose {
    /// Who answers such a request.
    fn service(self) -> &'static str {
        match self {
            Self::Search => "the catalogue",
            Self::Login => "Earthdata Login",
            Self::Credentials => "the gateway",
            Self::Redirect | Self::Data => "the archive",
        }
    }
}

/// Is told of every [`Event`], on whichever thread it happens; it must not wait.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Event) + Send + Sync>);

impl Observer {
    /// Calls `told` with each event.
    pub fn new(told: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    pub(crate) fn tell(&self, event: &Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_one_line_that_names_who_and_why() {
        let waiting = |asked| Event::Waiting {
            purpose: Purpose::Search,
            host: "cmr.example".into(),
            reason: "HTTP 429".into(),
            wait: Duration::from_millis(36_900),
            asked,
            next_try: 2,
            tries: 5,
        };
        let asked = "the catalogue (cmr.example) asks to wait 37 s (HTTP 429); try 2 of 5 follows";
        assert_eq!(waiting(true).to_string(), asked);
        let own = "the catalogue (cmr.example) failed (HTTP 429); waiting 37 s; try 2 of 5 follows";
        assert_eq!(waiting(false).to_string(), own);
    }
}
