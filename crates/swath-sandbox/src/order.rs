//! Misbehaviours as words, for those who start a sandbox from another process.

use std::num::ParseIntError;
use std::str::FromStr;
use std::time::Duration;

use crate::Service;
use crate::misbehave::{Fault, Misbehaviour};
use crate::sandbox::SERVICES;

/// The pause of a stall that says none: longer than any client waits.
const LONG: u64 = 3600;
/// The pause of a trickle that says none, in milliseconds.
const SLOW: u64 = 500;

/// Why words are no misbehaviour.
///
/// An order is a service, a fault and when it happens, separated by spaces:
///
/// ```
/// use std::time::Duration;
/// use swath_sandbox::{Fault, Misbehaviour, Service};
///
/// let told: Misbehaviour = "cdn status=429 retry-after=2 after=1 times=3 path=/NISAR".parse()?;
/// let fault = Fault::Status { code: 429, retry_after: Some(Duration::from_secs(2)) };
/// assert_eq!(told, Misbehaviour::new(Service::Cdn, fault).after(1).times(3).on_path("/NISAR"));
/// assert!("cdn explode".parse::<Misbehaviour>().is_err());
/// # Ok::<(), swath_sandbox::BadOrder>(())
/// ```
///
/// | | words |
/// |---|---|
/// | service | `cmr` `login` `gateway` `cdn` `s3` |
/// | fault | `status=CODE` (and `retry-after=SECONDS`), `cut=BYTES`, `stall=BYTES` (and `pause=SECONDS`), `trickle=BYTES` (and `pause=SECONDS`), `login-page`, `ignore-range`, `wrong-content-range`, `short=BYTES`, `end=BYTES`, `flip=OFFSET`, `replace`, `expire-credentials`, `expire-signed-urls`, `redirect=URL`, `partial=ROWS`, `timed-out=ROWS`, `region-refused` |
/// | when | `after=COUNT`, `times=COUNT`, `always`, `path=TEXT`, `byte=OFFSET`, `ranged` |
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadOrder {
    /// A word that is no service, no fault and no time, or stands where it means nothing.
    #[error("{word:?} is not understood; say it as in \"cdn cut=1000 after=2\"")]
    Word {
        /// The word.
        word: String,
    },
    /// A number that is none.
    #[error("{word:?} wants a whole number")]
    Number {
        /// The word with the number in it.
        word: String,
        /// What is wrong with it.
        source: ParseIntError,
    },
    /// The service or the fault is missing.
    #[error("an order wants a service and a fault, as in \"cdn cut=1000\"")]
    Short,
}

impl FromStr for Misbehaviour {
    type Err = BadOrder;

    /// Reads an order; [`BadOrder`] says how it is written.
    fn from_str(text: &str) -> Result<Self, BadOrder> {
        let mut words = text.split_whitespace();
        let (Some(service), Some(fault)) = (words.next(), words.next()) else {
            return Err(BadOrder::Short);
        };
        let mut fault = fault_of(fault)?;
        let mut when: Vec<&str> = Vec::new();
        for word in words {
            if !refine(&mut fault, word)? {
                when.push(word);
            }
        }
        when.into_iter().try_fold(Self::new(service_of(service)?, fault), at)
    }
}

fn unknown(word: &str) -> BadOrder {
    BadOrder::Word { word: word.to_owned() }
}

/// A word of the form `name=value`; the value is empty where there is none.
fn parts(word: &str) -> (&str, &str) {
    word.split_once('=').unwrap_or((word, ""))
}

fn number(word: &str) -> Result<u64, BadOrder> {
    parts(word).1.parse().map_err(|source| BadOrder::Number { word: word.to_owned(), source })
}

fn service_of(word: &str) -> Result<Service, BadOrder> {
    SERVICES.into_iter().find(|service| service.word() == word).ok_or_else(|| unknown(word))
}

fn fault_of(word: &str) -> Result<Fault, BadOrder> {
    let (name, value) = parts(word);
    let rows = || number(word).map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
    let fault = match name {
        "status" => {
            let code = u16::try_from(number(word)?).map_err(|_| unknown(word))?;
            return Ok(Fault::Status { code, retry_after: None });
        }
        "cut" => return Ok(Fault::CutBody { after: number(word)? }),
        "stall" => return Ok(Fault::Stall { after: number(word)?, pause: Duration::from_secs(LONG) }),
        "trickle" => return Ok(Fault::Trickle { after: number(word)?, pause: Duration::from_millis(SLOW) }),
        "short" => return Ok(Fault::ShortBody { missing: number(word)? }),
        "end" => return Ok(Fault::EndBody { after: number(word)? }),
        "flip" => return Ok(Fault::FlipBit { offset: number(word)? }),
        "partial" => return Ok(Fault::PartialCatalogue { missing: rows()?, timed_out: false }),
        "timed-out" => return Ok(Fault::PartialCatalogue { missing: rows()?, timed_out: true }),
        "redirect" if !value.is_empty() => return Ok(Fault::RedirectTo(value.to_owned())),
        "login-page" => Fault::LoginPage,
        "ignore-range" => Fault::IgnoreRange,
        "wrong-content-range" => Fault::WrongContentRange,
        "replace" => Fault::ReplaceObject,
        "expire-credentials" => Fault::ExpireCredentials,
        "expire-signed-urls" => Fault::ExpireSignedUrls,
        "region-refused" => Fault::RegionRefused,
        _ => return Err(unknown(word)),
    };
    // These take no value.
    if word == name { Ok(fault) } else { Err(unknown(word)) }
}

/// Gives a fault its duration, if the word is one that fits it.
fn refine(fault: &mut Fault, word: &str) -> Result<bool, BadOrder> {
    match (parts(word).0, fault) {
        ("retry-after", Fault::Status { retry_after, .. }) => {
            *retry_after = Some(Duration::from_secs(number(word)?));
        }
        ("pause", Fault::Stall { pause, .. } | Fault::Trickle { pause, .. }) => {
            *pause = Duration::from_secs(number(word)?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// When it happens.
fn at(misbehaviour: Misbehaviour, word: &str) -> Result<Misbehaviour, BadOrder> {
    Ok(match parts(word) {
        ("after", _) => misbehaviour.after(number(word)?),
        ("times", _) => misbehaviour.times(number(word)?),
        ("byte", _) => misbehaviour.on_byte(number(word)?),
        ("path", text) if !text.is_empty() => misbehaviour.on_path(text),
        _ if word == "always" => misbehaviour.always(),
        _ if word == "ranged" => misbehaviour.on_ranges(),
        _ => return Err(unknown(word)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Misbehaviour {
        text.parse().unwrap()
    }

    #[test]
    fn every_fault_has_its_words() {
        let seconds = Duration::from_secs;
        let cases = [
            ("status=503", Fault::Status { code: 503, retry_after: None }),
            ("cut=7", Fault::CutBody { after: 7 }),
            ("stall=7 pause=40", Fault::Stall { after: 7, pause: seconds(40) }),
            ("stall=7", Fault::Stall { after: 7, pause: seconds(LONG) }),
            ("trickle=7 pause=1", Fault::Trickle { after: 7, pause: seconds(1) }),
            ("login-page", Fault::LoginPage),
            ("ignore-range", Fault::IgnoreRange),
            ("wrong-content-range", Fault::WrongContentRange),
            ("short=9", Fault::ShortBody { missing: 9 }),
            ("end=9", Fault::EndBody { after: 9 }),
            ("flip=1000", Fault::FlipBit { offset: 1000 }),
            ("replace", Fault::ReplaceObject),
            ("expire-credentials", Fault::ExpireCredentials),
            ("expire-signed-urls", Fault::ExpireSignedUrls),
            ("redirect=https://h:1/a?b=c", Fault::RedirectTo("https://h:1/a?b=c".to_owned())),
            ("partial=2", Fault::PartialCatalogue { missing: 2, timed_out: false }),
            ("timed-out=2", Fault::PartialCatalogue { missing: 2, timed_out: true }),
            ("region-refused", Fault::RegionRefused),
        ];
        for (words, fault) in cases {
            assert_eq!(told(&format!("s3 {words}")), Misbehaviour::new(Service::S3, fault.clone()));
            let often = Misbehaviour::new(Service::Cmr, fault)
                .after(2)
                .always()
                .on_path("/a=b")
                .on_byte(9)
                .on_ranges();
            assert_eq!(told(&format!("cmr  {words} after=2 always path=/a=b byte=9 ranged")), often);
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for text in [
            "",
            "cdn",
            "moon cut=1",
            "cdn cut",
            "cdn cut=x",
            "cdn cut=-1",
            "cdn status=70000",
            "cdn replace=1",
            "cdn redirect",
            "cdn cut=1 pause=2",
            "cdn stall=1 retry-after=2",
            "cdn cut=1 often",
            "cdn cut=1 always=3",
        ] {
            let told = text.parse::<Misbehaviour>().unwrap_err().to_string();
            let last = text.split(' ').next_back().unwrap();
            assert!(told.contains(last) || told.contains("moon"), "{text:?}: {told}");
        }
    }
}
