//! The exit-code law, in one place.

use swath::ErrorKind;

/// Everything was done.
pub(crate) const DONE: u8 = 0;
/// What was typed makes no sense.
pub(crate) const USAGE: u8 = 2;
/// Some sources failed, others did not.
pub(crate) const PARTIAL: u8 = 7;
/// The user interrupted.
pub(crate) const INTERRUPTED: u8 = 130;
/// Somebody else ended it: the system, a scheduler.
#[cfg(unix)]
pub(crate) const TERMINATED: u8 = 143;

/// The exit code that an error of this kind ends with.
pub(crate) fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage | ErrorKind::Closed => USAGE,
        ErrorKind::Authentication => 4,
        ErrorKind::NotFound | ErrorKind::Service | ErrorKind::Timeout => 5,
        ErrorKind::Integrity | ErrorKind::Unsupported => 6,
        ErrorKind::Limit => 8,
        _ => 1,
    }
}
