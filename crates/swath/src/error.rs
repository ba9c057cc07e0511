//! One error for the whole library: what failed, why, and what to do about it.
//!
//! [`Error`] is opaque. Ask it with predicates ([`Error::is_authentication`], …) or [`Error::kind`], print it with
//! `Display` (the *what*), walk [`std::error::Error::source`] for the *why*, and show [`Error::hint`] for the *what to do*.
//! `Display` never prints its source, so a chain printed by any tool says each thing once.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong: the part of an error that a program may act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked for something that makes no sense: a bad option, an area outside the grid, an unknown layer.
    Usage,
    /// The service wants a login: no token, a refused or expired one, a licence not accepted, a bucket out of reach.
    Authentication,
    /// The service answered that the object is not there.
    NotFound,
    /// The network or the service failed, and went on failing through every retry.
    Service,
    /// The time that the caller allowed is over.
    Timeout,
    /// Bytes that cannot be trusted: a malformed file, a wrong length, an object replaced while it was read.
    Integrity,
    /// The file is sound, but it uses a feature that swath does not read.
    Unsupported,
    /// The request would cost more bytes or memory than the caller allows.
    Limit,
    /// A tree or array was read after it had been closed.
    Closed,
    /// The local disk or terminal failed.
    Local,
    /// A defect of swath itself.
    Internal,
}

/// An error of this library. Cheap to move: one pointer.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    what: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind` that says `what` failed.
    pub(crate) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, what: what.into(), hint: None, source: None }))
    }

    /// A mistake in what the caller asked.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, what)
    }

    /// Adds what the reader can do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the reason below this error.
    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same kind and hint, seen from one step further out: `what` on top, the old error as its reason.
    pub(crate) fn in_context(self, what: impl Into<String>) -> Self {
        let (kind, hint) = (self.0.kind, self.0.hint.clone());
        let outer = Self::new(kind, what).because(self);
        match hint {
            Some(hint) => outer.with_hint(hint),
            None => outer,
        }
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the reader can do about it, if anything is known to help.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The reasons below this error, outermost first, as text.
    pub fn reasons(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut next = StdError::source(self);
        while let Some(reason) = next {
            found.push(reason.to_string());
            next = reason.source();
        }
        found
    }

    /// Whether the service wants a (better) login.
    pub fn is_authentication(&self) -> bool {
        self.kind() == ErrorKind::Authentication
    }

    /// Whether the service said that the object is not there.
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether the bytes could not be trusted.
    pub fn is_integrity(&self) -> bool {
        self.kind() == ErrorKind::Integrity
    }

    /// Whether the time that the caller allowed was over.
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Whether a closed tree or array was read.
    pub fn is_closed(&self) -> bool {
        self.kind() == ErrorKind::Closed
    }
}

impl From<std::io::Error> for Error {
    /// A failure of the local disk or terminal.
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorKind::Local, "could not read or write locally").because(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.what)?;
        for reason in self.reasons() {
            write!(f, ": {reason}")?;
        }
        if let Some(hint) = self.hint() {
            write!(f, " (hint: {hint})")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_says_each_thing_once_and_keeps_the_hint() {
        let inner = Error::new(ErrorKind::Authentication, "the token has expired").with_hint("log in again");
        let outer = inner.in_context("could not open granule G");
        assert_eq!(outer.to_string(), "could not open granule G");
        assert_eq!(outer.reasons(), ["the token has expired"]);
        assert_eq!(outer.hint(), Some("log in again"));
        assert!(outer.is_authentication());
    }
}
