//! What to search for.

use super::plan::{self, Plan};
use super::values::{Moment, Numbers, Values};
use crate::error::Result;

/// A query: what to search for, in asf_search's words.
///
/// Options of one kind may be given several values; a granule matches when it matches one of them. Different
/// options must all match. Nothing is checked, and nothing sent, before [`Query::plan`] or a search.
///
/// ```
/// use swath::search::Query;
///
/// let plan = Query::new()
///     .dataset("NISAR")
///     .processing_level("GCOV")
///     .intersects_with("POLYGON((40.9 12.4, 41.9 12.4, 41.9 13.2, 40.9 13.2, 40.9 12.4))")
///     .start("2025-11-22")
///     .end("2026-03-05")
///     .flight_direction("ascending")
///     .plan()?;
/// let pairs = &plan.subqueries[0];
/// assert!(pairs.contains(&("bounding_box".to_owned(), "40.9,12.4,41.9,13.2".to_owned())));
/// # Ok::<(), swath::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    pub(super) options: Options,
}

/// The options as given.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Options {
    pub(super) dataset: Vec<String>,
    pub(super) platform: Vec<String>,
    pub(super) processing_level: Vec<String>,
    pub(super) short_name: Vec<String>,
    pub(super) collections: Vec<String>,
    pub(super) data_maturity: Vec<String>,
    pub(super) mixed_maturity: bool,
    pub(super) crid: Vec<String>,
    pub(super) production_configuration: Vec<String>,
    pub(super) main_band_polarization: Vec<String>,
    pub(super) side_band_polarization: Vec<String>,
    pub(super) range_bandwidth: Vec<String>,
    pub(super) granule_list: Vec<String>,
    pub(super) product_list: Vec<String>,
    pub(super) relative_orbit: Numbers,
    pub(super) frame: Numbers,
    pub(super) asf_frame: Numbers,
    pub(super) absolute_orbit: Numbers,
    pub(super) flight_direction: Option<String>,
    pub(super) frame_coverage: Option<String>,
    pub(super) joint_observation: Option<bool>,
    pub(super) intersects_with: Option<String>,
    pub(super) start: Option<Moment>,
    pub(super) end: Option<Moment>,
    pub(super) cmr_keywords: Vec<(String, String)>,
    pub(super) max_results: Option<usize>,
    pub(super) allow_partial: bool,
}

/// A setter that adds one value or several to a list option.
macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident: $kind:ty),+ $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, values: impl Into<$kind>) -> Self {
            self.options.$name.extend(values.into().0);
            self
        })+
    };
}

impl Extend<super::values::NumberRange> for Numbers {
    fn extend<T: IntoIterator<Item = super::values::NumberRange>>(&mut self, more: T) {
        self.0.extend(more);
    }
}

impl Query {
    /// A query that asks for nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    lists! {
        /// `NISAR` (everything, auxiliary files too) or `NISAR-SCIENCE-PRODUCTS`.
        dataset: Values,
        /// A platform such as `NISAR`, in any case; other missions' are handed to the catalogue as they are.
        platform: Values,
        /// Product types (`GCOV`, `RSLC`, …; `L0B` means `RRSD`), in any case.
        processing_level: Values,
        /// Short names of collections; they add to those of `dataset`.
        short_name: Values,
        /// Concept ids of collections (`C3622214170-ASF`).
        collections: Values,
        /// Release tiers: `BETA`, `PROVISIONAL`, `VALIDATED`.
        data_maturity: Values,
        /// Composite release ids (`P05023`): only granules of these releases, in any case.
        crid: Values,
        /// Pipelines: `PR` production, `UR` urgent response, `OD` on demand.
        production_configuration: Values,
        /// Polarizations of frequency A: `HH`, `HH+HV`, `LH+LV`, …
        main_band_polarization: Values,
        /// Polarizations of frequency B.
        side_band_polarization: Values,
        /// Range bandwidths in MHz: `20+5`, `40+5`, `77`, …
        range_bandwidth: Values,
        /// Granule names, also with `.h5` or as URLs; `*` and `?` stand for any letters and any letter. Commas
        /// separate names.
        granule_list: Values,
        /// Exact catalogue names (`GranuleUR`). Commas separate names.
        product_list: Values,
        /// Tracks (relative orbits, paths), also ranges.
        relative_orbit: Numbers,
        /// Frames, also ranges.
        frame: Numbers,
        /// ASF frames, also ranges; for NISAR the same as [`Query::frame`].
        asf_frame: Numbers,
        /// Orbit numbers since launch, also ranges.
        absolute_orbit: Numbers,
    }

    /// `ASCENDING` or `DESCENDING`, in any case, or the first letter.
    #[must_use]
    pub fn flight_direction(mut self, direction: impl Into<String>) -> Self {
        self.options.flight_direction = Some(direction.into());
        self
    }

    /// `FULL` or `PARTIAL` frames, in any case, or the first letter.
    #[must_use]
    pub fn frame_coverage(mut self, coverage: impl Into<String>) -> Self {
        self.options.frame_coverage = Some(coverage.into());
        self
    }

    /// Whether both radars observed together.
    #[must_use]
    pub fn joint_observation(mut self, joint: bool) -> Self {
        self.options.joint_observation = Some(joint);
        self
    }

    /// The area, as WKT in longitude and latitude: a point, a line or a polygon.
    #[must_use]
    pub fn intersects_with(mut self, wkt: impl Into<String>) -> Self {
        self.options.intersects_with = Some(wkt.into());
        self
    }

    /// Only what ends at or after this moment: ISO 8601, UTC unless an offset is given.
    #[must_use]
    pub fn start(mut self, moment: impl Into<Moment>) -> Self {
        self.options.start = Some(moment.into());
        self
    }

    /// Only what begins at or before this moment; a date alone includes its day.
    #[must_use]
    pub fn end(mut self, moment: impl Into<Moment>) -> Self {
        self.options.end = Some(moment.into());
        self
    }

    /// Let granules of several maturities be used together. Without it, and unless several are asked for by `data_maturity`,
    /// by collection or by name, only those of the highest one found are ([`State`](super::State)).
    #[must_use]
    pub fn mixed_maturity(mut self, mixed: bool) -> Self {
        self.options.mixed_maturity = mixed;
        self
    }

    /// A pair for the catalogue as it is, after all others (`attribute[]`, `string,STACK_ID,172_A_008`).
    #[must_use]
    pub fn cmr_keyword(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.cmr_keywords.push((key.into(), value.into()));
        self
    }

    /// At most this many granules, the newest acquisitions first.
    #[must_use]
    pub fn max_results(mut self, most: usize) -> Self {
        self.options.max_results = Some(most);
        self
    }

    /// Accept an answer that the catalogue itself says is incomplete; the results then carry a notice.
    #[must_use]
    pub fn allow_partial(mut self, allow: bool) -> Self {
        self.options.allow_partial = allow;
        self
    }

    /// Checks every option and says what would be asked, without asking.
    ///
    /// # Errors
    /// A usage error that names the option, what is wrong with it, and what it may be.
    pub fn plan(&self) -> Result<Plan> {
        plan::plan(&self.options)
    }
}
