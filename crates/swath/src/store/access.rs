//! By which door the archive is read: from S3 inside AWS us-west-2, over https elsewhere, or as the caller says.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::signed::REGION;
use crate::error::{Error, Result};
use crate::http::{Event, Http, Machine, Whereabouts};

/// Which door to the archive is wanted. Nothing but the archive of ASF has two: other addresses and local files are read as they
/// are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Access {
    /// S3 inside AWS us-west-2, https elsewhere; where S3 refuses, https.
    #[default]
    Auto,
    /// S3 and nothing else.
    S3,
    /// https and nothing else.
    Https,
}

/// One of the two doors of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Door {
    /// The buckets, with temporary credentials.
    S3,
    /// The gateway, and the signed URL to which it redirects.
    Https,
}

/// Which door was chosen for the addresses of the archive, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessChoice {
    /// What was asked for.
    pub asked: Access,
    /// What it came to.
    pub door: Door,
    /// Why, as a sentence without its full stop.
    pub reason: String,
}

impl Access {
    /// Its word: `auto`, `s3`, `https`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::S3 => "s3",
            Self::Https => "https",
        }
    }
}

impl FromStr for Access {
    type Err = Error;

    /// A usage error that lists the words, for any other.
    fn from_str(text: &str) -> Result<Self> {
        let known = [Self::Auto, Self::S3, Self::Https];
        known.into_iter().find(|access| access.word().eq_ignore_ascii_case(text.trim())).ok_or_else(|| {
            Error::usage(format!("there is no access {:?}", crate::granule::shown(text)))
                .with_hint("it may be auto, s3 or https")
        })
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Door {
    /// Its word: `s3`, `https`.
    pub fn word(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Https => "https",
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for AccessChoice {
    /// `https: nothing says that the machine is in AWS`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.door, self.reason)
    }
}

/// What a session knows of the two doors. Shared by all of its objects, so that what one finds out the others need not.
#[derive(Debug)]
pub(crate) struct Doors {
    asked: Access,
    machine: Machine,
    whereabouts: OnceCell<Whereabouts>,
    /// Why S3 is not tried any more.
    refused: Mutex<Option<String>>,
    /// S3 has answered this session.
    answered: AtomicBool,
    /// Held by the one object that tries S3 while nobody knows whether it answers here.
    trial: tokio::sync::Mutex<()>,
}

impl Doors {
    pub(crate) fn new(asked: Access, machine: Machine) -> Self {
        Self {
            asked,
            machine,
            whereabouts: OnceCell::new(),
            refused: Mutex::default(),
            answered: AtomicBool::new(false),
            trial: tokio::sync::Mutex::default(),
        }
    }

    /// What the session was told.
    pub(crate) fn asked(&self) -> Access {
        self.asked
    }

    /// Where this machine is; found out once.
    pub(crate) async fn whereabouts(&self) -> &Whereabouts {
        self.whereabouts.get_or_init(|| self.machine.whereabouts()).await
    }

    /// The door for an address of the archive that has both.
    pub(crate) async fn choice(&self) -> AccessChoice {
        let choice = |door, reason: String| AccessChoice { asked: self.asked, door, reason };
        match self.asked {
            Access::S3 => return choice(Door::S3, "as asked".to_owned()),
            Access::Https => return choice(Door::Https, "as asked".to_owned()),
            Access::Auto => {}
        }
        if let Some(why) = self.refused() {
            return choice(Door::Https, why);
        }
        let found = self.whereabouts().await;
        let evidence = &found.evidence;
        match found.region.as_deref() {
            Some(REGION) => choice(Door::S3, format!("the machine is in AWS {REGION} ({evidence})")),
            Some(other) => choice(
                Door::Https,
                format!("the machine is in AWS {other} ({evidence}); S3 answers in {REGION} alone"),
            ),
            None if found.in_aws => choice(Door::S3, format!("{evidence}; S3 is tried")),
            None => choice(Door::Https, evidence.clone()),
        }
    }

    /// Why S3 has refused this session, if it has.
    pub(crate) fn refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// S3 refuses: the rest of the session reads over https. It is told once.
    pub(crate) fn refuse(&self, http: &Http, status: u16) {
        let reason = format!("S3 refused this machine (HTTP {status}), as it does outside of AWS {REGION}");
        let before = self.refused.lock().unwrap_or_else(PoisonError::into_inner).replace(reason.clone());
        if before.is_none() {
            http.tell(&Event::FallsBack { reason });
        }
    }

    /// S3 has given bytes: a later refusal is not about the region.
    pub(crate) fn answers(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Whether S3 has given bytes.
    pub(crate) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Whether it is known without trying that S3 answers here.
    pub(crate) async fn is_surely_in_region(&self) -> bool {
        self.whereabouts().await.region.as_deref() == Some(REGION)
    }

    /// Waits until nobody else is trying S3 for the first time.
    pub(crate) async fn trial(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.trial.lock().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_choice_follows_the_region_and_says_why() {
        let chosen = async |asked, variables: &'static [(&str, &str)], amazons: bool| {
            let lookup = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let hidden = |name: &str| match name {
                // Wherever this test runs.
                "AWS_EC2_METADATA_DISABLED" => Some("true".to_owned()),
                name => lookup(name),
            };
            let machine = Machine::from_variables(hidden);
            let machine = if amazons { machine.amazons(None) } else { machine };
            Doors::new(asked, machine).choice().await
        };
        let here = chosen(Access::Auto, &[("AWS_REGION", "us-west-2")], true).await;
        assert_eq!((here.door, here.reason.contains("us-west-2")), (Door::S3, true), "{here}");
        let else_where = chosen(Access::Auto, &[("AWS_REGION", "eu-central-1")], true).await;
        assert_eq!((else_where.door, else_where.reason.contains("eu-central-1")), (Door::Https, true));
        let laptop = chosen(Access::Auto, &[("AWS_REGION", "us-west-2")], false).await;
        assert_eq!(
            (laptop.door, laptop.reason.contains("not one of AWS's")),
            (Door::Https, true),
            "{laptop}"
        );
        assert_eq!(chosen(Access::Auto, &[], false).await.door, Door::Https);
        assert_eq!(chosen(Access::Auto, &[], true).await.door, Door::S3);
        assert_eq!(chosen(Access::S3, &[], false).await.to_string(), "s3: as asked");
        assert_eq!(chosen(Access::Https, &[("AWS_REGION", "us-west-2")], true).await.door, Door::Https);
    }

    #[test]
    fn words_are_read() {
        assert_eq!("S3".parse::<Access>().unwrap(), Access::S3);
        assert!("ftp".parse::<Access>().unwrap_err().hint().unwrap().contains("auto, s3 or https"));
    }
}
