//! Granule names: parsed, checked, and printed back as they were.
//!
//! Three patterns (NISAR product specifications, file naming; level-0 names as delivered), fields separated by `_`:
//! ```text
//! NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_<start>_<end>_X05009_N_F_J_001
//! NISAR_L2_PR_GUNW_004_019_A_021_005_4000_SH_<start>_<end>_<second start>_<second end>_P05023_N_F_J_001
//! NISAR_L0_PR_RRSD_025_131_A_148S_<start>_<end>_P05023_F_J_001
//! ```
//! A pair product has a second cycle and two more times; a level-0 product has no mode, polarization or coverage.

use std::fmt;
use std::str::FromStr;

use jiff::{Timestamp, civil, tz};

use super::field::{
    Accuracy, BandwidthMode, Coverage, Crid, Direction, Frame, ModeSource, Pipeline, PolarizationMode,
    RadarBand, Site, number,
};
use super::product::Product;
use crate::error::{Error, Result};

/// The fields of a NISAR granule name. `Display` gives the name back, letter for letter.
///
/// ```
/// use swath::granule::{Direction, GranuleName, Product};
///
/// let text = "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";
/// let name: GranuleName = text.parse()?;
/// assert_eq!((name.product, name.track, name.direction), (Product::GCOV, 172, Direction::Ascending));
/// assert_eq!(name.crid.number, 5009);
/// assert_eq!(name.to_string(), text);
/// # Ok::<(), swath::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct GranuleName {
    /// The radar.
    pub band: RadarBand,
    /// Processing level, 0 to 3.
    pub level: u8,
    /// The chain that made it.
    pub pipeline: Pipeline,
    /// What it is.
    pub product: Product,
    /// The 12-day cycle (of the reference acquisition).
    pub cycle: u16,
    /// Track, also called relative orbit or path: 1 to 173.
    pub track: u16,
    /// Flight direction.
    pub direction: Direction,
    /// Frame along the track.
    pub frame: Frame,
    /// The second acquisition of a pair product.
    pub secondary: Option<Secondary>,
    /// Bandwidths of the two frequencies; none in level-0 names.
    pub mode: Option<BandwidthMode>,
    /// Polarization of frequency A (of both, for pair products); none in level-0 names.
    pub main_polarization: Option<PolarizationMode>,
    /// Polarization of frequency B; none in pair and level-0 names.
    pub side_polarization: Option<PolarizationMode>,
    /// Whether modes were mixed; none in pair and level-0 names.
    pub source: Option<ModeSource>,
    /// First zero-Doppler time (of the reference acquisition), UTC.
    pub start: Timestamp,
    /// Last zero-Doppler time (of the reference acquisition), UTC.
    pub end: Timestamp,
    /// Composite release id.
    pub crid: Crid,
    /// Orbit accuracy.
    pub accuracy: Accuracy,
    /// Frame coverage; none in level-0 names.
    pub coverage: Option<Coverage>,
    /// Where it was made.
    pub site: Site,
    /// Product counter: grows when the same release is delivered again.
    pub counter: u16,
}

/// The second acquisition of a pair product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Secondary {
    /// Its 12-day cycle.
    pub cycle: u16,
    /// Its first zero-Doppler time, UTC.
    pub start: Timestamp,
    /// Its last zero-Doppler time, UTC.
    pub end: Timestamp,
}

impl GranuleName {
    /// Reads a name: bare, with `.h5`, or at the end of a path or URL.
    ///
    /// # Errors
    /// A usage error that names the field that is wrong; also for the side files of a granule (`…_QA_STATS.h5`),
    /// which [`GranuleFile::parse`](super::GranuleFile::parse) reads.
    pub fn parse(text: &str) -> Result<Self> {
        let file = super::GranuleFile::parse(text)?;
        if file.kind == super::FileKind::Data {
            return Ok(file.granule);
        }
        Err(Error::usage(format!("{} is a side file ({}), not the granule itself", shown(text), file.kind))
            .with_hint(format!("the granule is {}", file.granule)))
    }

    /// The HDF5 group that holds the layers of a frequency: `/science/LSAR/GCOV/grids/frequencyA`. `None` for a product
    /// that the table of products does not list.
    pub fn layers_group(&self, frequency: &str) -> Option<String> {
        let group = self.product.facts()?.group(self.band);
        Some(format!("{group}/frequency{}", frequency.to_uppercase()))
    }

    /// Reads the fields of a bare name.
    pub(super) fn from_fields(name: &str) -> Result<Self> {
        let all: Vec<&str> = name.split('_').collect();
        let pattern = match all.len() {
            14 => Pattern::Raw,
            18 => Pattern::Single,
            20 => Pattern::Pair,
            count => {
                let why = format!("it has {count} fields; NISAR names have 14 (level 0), 18 or 20 (pairs)");
                return Err(invalid(name, why));
            }
        };
        let fields = Fields { name, rest: all.into_iter(), pattern };
        fields.read()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Pattern {
    Single,
    Pair,
    Raw,
}

/// The fields of one name, taken from left to right.
struct Fields<'a> {
    name: &'a str,
    rest: std::vec::IntoIter<&'a str>,
    pattern: Pattern,
}

impl Fields<'_> {
    fn read(mut self) -> Result<GranuleName> {
        self.take("mission", "NISAR", |text| (text == "NISAR").then_some(()))?;
        let (band, level) = self.take("level", "L0 to L3 or S0 to S3", band_and_level)?;
        let pipeline = self.take("pipeline", "PR, UR or OD", Pipeline::from_code)?;
        let product = self.take("product", "four capital letters", Product::from_code)?;
        let cycle = self.take("cycle", "three digits", three_digits)?;
        let track =
            self.take("track", "001 to 173", |text| three_digits(text).filter(|n| (1..=173).contains(n)))?;
        let direction = self.take("direction", "A or D", direction)?;
        let frame = self.frame()?;
        let second_cycle = match self.pattern {
            Pattern::Pair => Some(self.take("second cycle", "three digits", three_digits)?),
            _ => None,
        };
        let modes = self.modes()?;
        let (start, end) = self.times("start", "end")?;
        let secondary = match second_cycle {
            Some(cycle) => {
                let (start, end) = self.times("second start", "second end")?;
                Some(Secondary { cycle, start, end })
            }
            None => None,
        };
        let crid = self.take("release id", "a letter and five digits", Crid::parse)?;
        let accuracy = Accuracy::from_letter(self.take("orbit accuracy", "one letter", letter)?);
        let coverage = match self.pattern {
            Pattern::Raw => None,
            _ => Some(Coverage::from_letter(self.take("coverage", "one letter", letter)?)),
        };
        let site = Site::from_letter(self.take("processing site", "one letter", letter)?);
        let counter = self.take("counter", "three digits", three_digits)?;
        Ok(GranuleName {
            band,
            level,
            pipeline,
            product,
            cycle,
            track,
            direction,
            frame,
            secondary,
            mode: modes.mode,
            main_polarization: modes.main,
            side_polarization: modes.side,
            source: modes.source,
            start,
            end,
            crid,
            accuracy,
            coverage,
            site,
            counter,
        })
    }

    /// The next field, as `read` understands it.
    fn take<T>(&mut self, what: &str, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Result<T> {
        let text = self.rest.next().unwrap_or_default();
        read(text).ok_or_else(|| invalid(self.name, format!("the {what} is {:?}, not {wanted}", shown(text))))
    }

    fn frame(&mut self) -> Result<Frame> {
        if self.pattern != Pattern::Raw {
            let within = |text: &str| three_digits(text).filter(|n| (1..=176).contains(n));
            return Ok(Frame { number: self.take("frame", "001 to 176", within)?, suffix: None });
        }
        self.take("scene", "three digits and a letter", |text| {
            let (digits, suffix) = text.split_at_checked(3)?;
            let suffix = if suffix.is_empty() { None } else { Some(letter(suffix)?) };
            Some(Frame { number: three_digits(digits)?, suffix })
        })
    }

    fn modes(&mut self) -> Result<Modes> {
        let mut modes = Modes::default();
        if self.pattern == Pattern::Raw {
            return Ok(modes);
        }
        modes.mode = Some(self.take("mode", "four digits", BandwidthMode::parse)?);
        if self.pattern == Pattern::Pair {
            modes.main = Some(self.take("polarization", "two capital letters", PolarizationMode::parse)?);
            return Ok(modes);
        }
        let (main, side) = self.take("polarization", "four capital letters", |text| {
            let (main, side) = text.split_at_checked(2)?;
            Some((PolarizationMode::parse(main)?, PolarizationMode::parse(side)?))
        })?;
        (modes.main, modes.side) = (Some(main), Some(side));
        modes.source = Some(ModeSource::from_letter(self.take("mode source", "one letter", letter)?));
        Ok(modes)
    }

    fn times(&mut self, first: &str, last: &str) -> Result<(Timestamp, Timestamp)> {
        let wanted = "a time like 20251122T024618";
        let (start, end) = (self.take(first, wanted, time)?, self.take(last, wanted, time)?);
        if start > end {
            return Err(invalid(self.name, format!("the {first} is after the {last}")));
        }
        Ok((start, end))
    }
}

/// The fields that level-0 names do not have.
#[derive(Default)]
struct Modes {
    mode: Option<BandwidthMode>,
    main: Option<PolarizationMode>,
    side: Option<PolarizationMode>,
    source: Option<ModeSource>,
}

fn band_and_level(text: &str) -> Option<(RadarBand, u8)> {
    let (band, level) = text.split_at_checked(1)?;
    let band = match band {
        "L" => RadarBand::L,
        "S" => RadarBand::S,
        _ => return None,
    };
    let level = number(level, 1).filter(|level| *level <= 3)?;
    Some((band, level as u8))
}

fn direction(text: &str) -> Option<Direction> {
    [Direction::Ascending, Direction::Descending].into_iter().find(|d| letter(text) == Some(d.letter()))
}

fn three_digits(text: &str) -> Option<u16> {
    number(text, 3).map(|number| number as u16)
}

/// One capital letter.
fn letter(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|first| first.is_ascii_uppercase() && letters.next().is_none())
}

/// `20251122T024618` as UTC.
fn time(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T')?;
    let (date, time) = (number(date, 8)?, number(time, 6)?);
    let [year, month, day] = [date / 10_000, date / 100 % 100, date % 100];
    let [hour, minute, second] = [time / 10_000, time / 100 % 100, time % 100];
    let (year, month, day) = (year as i16, month as i8, day as i8);
    let date = civil::DateTime::new(year, month, day, hour as i8, minute as i8, second as i8, 0).ok()?;
    tz::Offset::UTC.to_timestamp(date).ok()
}

/// Text from outside, short and without control characters, for an error message.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

pub(super) fn invalid(name: &str, why: String) -> Error {
    Error::usage(format!("{} is no NISAR granule name", shown(name))).because(why)
}

impl FromStr for GranuleName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for GranuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NISAR_{}{}_{}_{}", self.band.letter(), self.level, self.pipeline.code(), self.product)?;
        write!(f, "_{:03}_{:03}_{}_{}", self.cycle, self.track, self.direction.letter(), self.frame)?;
        if let Some(second) = &self.secondary {
            write!(f, "_{:03}", second.cycle)?;
        }
        if let (Some(mode), Some(main)) = (self.mode, self.main_polarization) {
            write!(f, "_{mode}_{main}")?;
        }
        if let (Some(side), Some(source)) = (self.side_polarization, self.source) {
            write!(f, "{side}_{source}")?;
        }
        write_times(f, self.start, self.end)?;
        if let Some(second) = &self.secondary {
            write_times(f, second.start, second.end)?;
        }
        write!(f, "_{}_{}", self.crid, self.accuracy)?;
        if let Some(coverage) = self.coverage {
            write!(f, "_{coverage}")?;
        }
        write!(f, "_{}_{:03}", self.site, self.counter)
    }
}

fn write_times(f: &mut fmt::Formatter<'_>, start: Timestamp, end: Timestamp) -> fmt::Result {
    let form = "%Y%m%dT%H%M%S";
    write!(f, "_{}_{}", start.strftime(form), end.strftime(form))
}

#[cfg(test)]
mod tests;
