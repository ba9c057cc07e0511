//! The small fields of a granule name: letters with a meaning, release ids, modes.
//!
//! Letters that the product specifications do not list are kept as they are: a name from next year must still parse.

use std::fmt;

/// Makes an enum of one-letter codes that keeps letters it does not know.
macro_rules! letters {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $letter:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$what])* $variant,)+
            /// A letter that the product specifications do not list.
            Other(char),
        }

        impl $name {
            /// The meaning of a letter.
            pub fn from_letter(letter: char) -> Self {
                match letter {
                    $($letter => Self::$variant,)+
                    other => Self::Other(other),
                }
            }

            /// The letter that stands in names.
            pub fn letter(self) -> char {
                match self {
                    $(Self::$variant => $letter,)+
                    Self::Other(letter) => letter,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.letter())
            }
        }
    };
}

letters! {
    /// How good the orbit was that the product was made with.
    Accuracy {
        /// Precise orbit ephemeris, the best.
        Precise = 'P',
        /// Medium-fidelity orbit ephemeris.
        Medium = 'M',
        /// Near-real-time orbit ephemeris.
        NearRealTime = 'N',
        /// Forecast orbit ephemeris.
        Forecast = 'F',
    }
}

impl Accuracy {
    /// Precise before medium before near real time before forecast; letters not listed come last.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Precise => 4,
            Self::Medium => 3,
            Self::NearRealTime => 2,
            Self::Forecast => 1,
            Self::Other(_) => 0,
        }
    }
}

letters! {
    /// How much of the frame a product covers.
    Coverage {
        /// At least three quarters of the frame.
        Full = 'F',
        /// Less than that.
        Partial = 'P',
    }
}

letters! {
    /// Where a product was made.
    Site {
        /// NASA's Jet Propulsion Laboratory.
        Jpl = 'J',
        /// India's National Remote Sensing Centre.
        Nrsc = 'N',
    }
}

letters! {
    /// Whether a product comes from one radar mode or from several.
    ModeSource {
        /// One mode throughout.
        Single = 'A',
        /// Several modes, brought to a common one.
        Mixed = 'M',
    }
}

/// The radar band: NISAR carries two instruments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RadarBand {
    /// NASA's L-band radar.
    L,
    /// ISRO's S-band radar.
    S,
}

impl RadarBand {
    /// The letter that stands before the level in names: `L` in `L2`.
    pub fn letter(self) -> char {
        match self {
            Self::L => 'L',
            Self::S => 'S',
        }
    }

    /// The HDF5 group of the instrument: `LSAR` or `SSAR`.
    pub fn group(self) -> &'static str {
        match self {
            Self::L => "LSAR",
            Self::S => "SSAR",
        }
    }
}

/// The chain that made a product; its products never replace those of another chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pipeline {
    /// `PR`: systematic production.
    Production,
    /// `UR`: urgent response, kept for 30 days in collections of its own.
    UrgentResponse,
    /// `OD`: made on demand.
    OnDemand,
}

impl Pipeline {
    /// The two letters that stand in names and in the catalogue.
    pub fn code(self) -> &'static str {
        match self {
            Self::Production => "PR",
            Self::UrgentResponse => "UR",
            Self::OnDemand => "OD",
        }
    }

    /// The pipeline of a code; `None` for any other text.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Production, Self::UrgentResponse, Self::OnDemand].into_iter().find(|p| p.code() == code)
    }
}

/// Which way the satellite flew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Northwards.
    Ascending,
    /// Southwards.
    Descending,
}

impl Direction {
    /// The letter that stands in names.
    pub fn letter(self) -> char {
        match self {
            Self::Ascending => 'A',
            Self::Descending => 'D',
        }
    }

    /// The word that the catalogue uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ascending => "ASCENDING",
            Self::Descending => "DESCENDING",
        }
    }

    /// The direction that a letter or word means, in any case; `None` for any other text.
    pub fn from_text(text: &str) -> Option<Self> {
        let is = |direction: Self| {
            text.eq_ignore_ascii_case(direction.word())
                || text.eq_ignore_ascii_case(direction.word().get(..1).unwrap_or_default())
        };
        [Self::Ascending, Self::Descending].into_iter().find(|direction| is(*direction))
    }
}

/// The frame along a track (1 to 176), or the scene of a level-0 product (`156S`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The number.
    pub number: u16,
    /// The letter after it in level-0 names.
    pub suffix: Option<char>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.number)?;
        self.suffix.map_or(Ok(()), |suffix| write!(f, "{suffix}"))
    }
}

/// A composite release id such as `X05009`: a letter for the environment and five digits `MMmmp`.
///
/// Letters seen: `P` production, `X` beta, `S` science on demand, `A` `D` `T` development and tests, `E` `Q`
/// engineering. Only the number tells which release is newer; it is compared as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Crid {
    /// The environment.
    pub letter: char,
    /// The five digits, below 100,000.
    pub number: u32,
}

impl Crid {
    /// Reads `X05009`; `None` unless it is one capital letter and five digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (letter, digits) = text.split_at_checked(1)?;
        let letter = letter.chars().next().filter(char::is_ascii_uppercase)?;
        let number = number(digits, 5)?;
        Some(Self { letter, number })
    }
}

impl fmt::Display for Crid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:05}", self.letter, self.number)
    }
}

/// The bandwidths of a name: `2005` is 20 MHz for frequency A and 5 MHz for frequency B; `00` was not acquired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BandwidthMode {
    /// Bandwidth of frequency A in MHz, rounded as in the name (`77` for 77 MHz).
    pub main: u8,
    /// Bandwidth of frequency B in MHz; 0 when it was not acquired.
    pub side: u8,
}

impl BandwidthMode {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let both = number(text, 4)?;
        Some(Self { main: (both / 100) as u8, side: (both % 100) as u8 })
    }
}

impl fmt::Display for BandwidthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}{:02}", self.main, self.side)
    }
}

/// Two letters for the polarizations of one frequency, such as `DH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PolarizationMode([u8; 2]);

/// What each code of a polarization mode holds (NISAR product specifications, file naming).
const POLARIZATION_MODES: &[(&str, &[&str])] = &[
    ("SH", &["HH"]),
    ("SV", &["VV"]),
    ("DH", &["HH", "HV"]),
    ("DV", &["VV", "VH"]),
    ("CL", &["LH", "LV"]),
    ("CR", &["RH", "RV"]),
    ("QP", &["HH", "HV", "VH", "VV"]),
    ("QD", &["HH", "VV"]),
    ("NA", &[]),
];

impl PolarizationMode {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let code: [u8; 2] = text.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }

    /// The two letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The polarizations it stands for (transmit, then receive); empty for `NA`, `None` for a code not listed.
    pub fn polarizations(&self) -> Option<&'static [&'static str]> {
        POLARIZATION_MODES.iter().find(|(code, _)| *code == self.code()).map(|(_, held)| *held)
    }
}

impl fmt::Display for PolarizationMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Exactly `digits` decimal digits as a number.
pub(super) fn number(text: &str, digits: usize) -> Option<u32> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}
