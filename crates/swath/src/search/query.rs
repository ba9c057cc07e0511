//! What to search for.

use jiff::Timestamp;

use super::area::Area;
use super::check;
use super::cmr::named;
use super::options::{self, Options};
use super::plan::{self, Pair, Plan};
use super::scope::Scope;
use super::values::{Decimals, Given, Moment, Numbers, OptionValue, Values};
use crate::error::{Error, Result};

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

/// Setters of one shape: a list option adds to what it holds, another replaces it.
macro_rules! setters {
    ($adder:ident, $kind:ty: $($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, values: impl Into<$kind>) -> Self {
            self.options.$adder(stringify!($name), values.into().into());
            self
        }
        )+
    };
}

/// Setters of options with one value.
macro_rules! single {
    ($variant:ident, $kind:ty: $($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: $kind) -> Self {
            self.options.put(stringify!($name), Given::$variant(value.into()));
            self
        }
        )+
    };
}

impl From<Values> for Vec<String> {
    fn from(values: Values) -> Self {
        values.0
    }
}

/// Which collections and products.
impl Query {
    /// A query that asks for nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    setters! { add_texts, Values:
        /// Datasets of ASF, spelled like this: `NISAR` (everything, auxiliary files too), `NISAR-SCIENCE-PRODUCTS`,
        /// `SENTINEL-1`, `OPERA-S1`, `SLC-BURST`, `ALOS PALSAR`, ….
        dataset,
        /// Platforms, in any case: `NISAR`, `SENTINEL-1A`, `S1`, `ALOS`, `ERS`, …. One that is not known is handed to the
        /// catalogue as it is.
        platform,
        /// Kinds of products: `GCOV`, `RSLC`, … of NISAR (`L0B` means `RRSD`), `SLC`, `GRD_HD`, … of other missions, in
        /// any case.
        processing_level,
        /// Short names of collections; they add to those of `dataset`.
        short_name,
        /// Concept ids of collections (`C3622214170-ASF`).
        collections,
        /// Release tiers: `BETA`, `PROVISIONAL`, `VALIDATED`, or `ANY`, which is [`Query::mixed_maturity`].
        data_maturity,
        /// Composite release ids (`P05023`): only granules of these releases, in any case.
        crid,
        /// Pipelines: `PR` production, `UR` urgent response, `OD` on demand.
        production_configuration,
        /// Instruments: `L-SAR`, `C-SAR`, `PALSAR`, ….
        instrument,
    }

    setters! { add_texts, Values:
        /// Granule names, also with `.h5` or as URLs; `*` and `?` stand for any letters and any letter. Commas
        /// separate names.
        granule_list,
        /// Exact catalogue names (`GranuleUR`), or patterns as in [`Query::granule_list`]. Commas separate names.
        product_list,
        /// Groups of granules that belong together.
        group_id,
    }
}

/// Orbit and radar.
impl Query {
    setters! { add_numbers, Numbers:
        /// Tracks (relative orbits, paths), also ranges.
        relative_orbit,
        /// Frames, also ranges.
        frame,
        /// ASF frames, also ranges; for NISAR the same as [`Query::frame`].
        asf_frame,
        /// Orbit numbers since launch, also ranges.
        absolute_orbit,
    }

    setters! { add_texts, Values:
        /// `ASCENDING` or `DESCENDING`, in any case, or the first letter.
        flight_direction,
        /// `FULL` or `PARTIAL` frames, in any case, or the first letter.
        frame_coverage,
        /// `LEFT` or `RIGHT`, in any case, or the first letter.
        look_direction,
        /// Beam modes: `IW`, `EW`, `FBS`, `STD`, ….
        beam_mode,
        /// Types of beam modes.
        beam_swath,
        /// Polarizations of other missions: `VV`, `VV+VH`, ….
        polarization,
        /// Polarizations of frequency A: `HH`, `HH+HV`, `LH+LV`, …
        main_band_polarization,
        /// Polarizations of frequency B.
        side_band_polarization,
        /// Range bandwidths in MHz: `20+5`, `40+5`, `77`, …
        range_bandwidth,
    }

    setters! { add_decimals, Decimals:
        /// Off-nadir angles of ALOS PALSAR in degrees, also ranges.
        off_nadir_angle,
    }

    single! { Flag, bool:
        /// Whether both radars observed together.
        joint_observation,
    }
}

/// What only some missions have.
impl Query {
    setters! { add_texts, Values:
        /// Campaigns of UAVSAR and AIRSAR.
        campaign,
        /// Sites of UAVSAR.
        site_description,
        /// Flight lines of UAVSAR and AIRSAR.
        flight_line,
        /// Versions of ARIA's products.
        aria_version,
        /// Tiles of OPERA's products (MGRS).
        tile_id,
        /// Bursts of OPERA's products.
        opera_burst_id,
        /// Bursts of Sentinel-1 with track and beam (`172_371000_IW2`).
        full_burst_id,
    }

    setters! { add_numbers, Numbers:
        /// Bursts of Sentinel-1, counted since launch.
        absolute_burst_id,
        /// Bursts of Sentinel-1, counted in the cycle.
        relative_burst_id,
        /// Interferometric stacks.
        insar_stack_id,
        /// Days between the two acquisitions of a pair.
        temporal_baseline_days,
    }

    single! { Decimals, f64:
        /// The largest Doppler centroid, in Hz.
        max_doppler,
        /// The smallest Doppler centroid, in Hz.
        min_doppler,
        /// The largest perpendicular baseline, in metres.
        max_baseline_perp,
        /// The smallest perpendicular baseline, in metres.
        min_baseline_perp,
        /// The largest Faraday rotation, in degrees.
        max_faraday_rotation,
        /// The smallest Faraday rotation, in degrees.
        min_faraday_rotation,
    }

    single! { Count, usize:
        /// The most scenes in the interferometric stack.
        max_insar_stack_size,
        /// The fewest scenes in the interferometric stack.
        min_insar_stack_size,
    }
}

/// Where and when.
impl Query {
    /// The area, as text in longitude and latitude: well-known text, GeoJSON or KML, read and repaired by
    /// [`Area::parse`].
    #[must_use]
    pub fn intersects_with(mut self, text: impl Into<String>) -> Self {
        self.options.put("intersects_with", Given::Texts(vec![text.into()]));
        self
    }

    /// The area, already read, in place of [`Query::intersects_with`].
    #[must_use]
    pub fn area(mut self, area: Area) -> Self {
        self.options.put("intersects_with", Given::Area(Box::new(area)));
        self
    }

    single! { Coordinates, Vec<f64>:
        /// The area within a box: west, south, east, north in degrees. A west greater than the east crosses the
        /// antimeridian.
        bbox,
        /// The area at a point: longitude, latitude in degrees.
        point,
        /// The area around a point: longitude, latitude in degrees, radius in metres (10 to 6,000,000).
        circle,
        /// The area along a line: longitude, latitude of each of its points in degrees.
        linestring,
    }

    /// Only what ends at or after this moment: ISO 8601 (UTC unless an offset is given), or words such as `3 weeks
    /// ago`, `today`, `January 5 2026`.
    #[must_use]
    pub fn start(mut self, moment: impl Into<Moment>) -> Self {
        self.options.put("start", Given::Moment(moment.into()));
        self
    }

    /// Only what begins at or before this moment; a date without a time includes its day.
    #[must_use]
    pub fn end(mut self, moment: impl Into<Moment>) -> Self {
        self.options.put("end", Given::Moment(moment.into()));
        self
    }

    /// Only what was acquired between these days of a year, from 1 to 366; the first may be the greater: a season over
    /// the new year.
    #[must_use]
    pub fn season(mut self, first: i64, last: i64) -> Self {
        let days = Numbers(vec![first.into(), last.into()]);
        self.options.put("season", Given::Numbers(days));
        self
    }

    /// Only what the catalogue has received or changed at or after this moment.
    #[must_use]
    pub fn processing_date(mut self, moment: impl Into<Moment>) -> Self {
        self.options.put("processing_date", Given::Moment(moment.into()));
        self
    }
}

/// How the catalogue is asked.
impl Query {
    /// A pair for the catalogue as it is, after all others (`attribute[]`, `string,STACK_ID,172_A_008`).
    #[must_use]
    pub fn cmr_keyword(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.add_pair("cmr_keywords", (key.into(), value.into()));
        self
    }

    single! { Count, usize:
        /// At most this many granules, the newest acquisitions first; 0 asks only how many there are.
        max_results,
    }

    single! { Flag, bool:
        /// Whether platforms and kinds of products stand for collections, which they do unless this is `false`: then
        /// the catalogue is asked for them as they are.
        collection_alias,
        /// Let granules of several maturities be used together. Without it, and unless several are asked for by
        /// `data_maturity`, by collection or by name, only those of the highest one found are
        /// ([`State`](super::State)).
        mixed_maturity,
        /// Accept an answer that the catalogue itself says is incomplete; the results then carry a notice.
        allow_partial,
    }

    /// The provider in the catalogue, in place of `ASF`.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.options.put("provider", Given::Texts(vec![provider.into()]));
        self
    }

    /// Gives an option by its name (one of [`super::OPTIONS`], in snake case or as asf_search spells it), in place of
    /// what it was given before.
    ///
    /// # Errors
    /// A usage error when there is no such option, or the value is of a kind that it does not take.
    ///
    /// ```
    /// use swath::search::Query;
    ///
    /// let by_name = Query::new().with("relativeOrbit", "170-172")?.with("dataset", "NISAR")?;
    /// assert_eq!(by_name, Query::new().relative_orbit((170, 172)).dataset("NISAR"));
    /// assert!(Query::new().with("relativeOrbits", 172).is_err());
    /// # Ok::<(), swath::Error>(())
    /// ```
    pub fn with(mut self, name: &str, value: impl Into<OptionValue>) -> Result<Self> {
        let option = options::option(name).ok_or_else(|| options::unknown(name))?;
        self.options.put(option.name, options::read(option, &value.into())?);
        Ok(self)
    }

    /// The query without an option.
    ///
    /// # Errors
    /// A usage error when there is no such option.
    pub fn without(mut self, name: &str) -> Result<Self> {
        let option = options::option(name).ok_or_else(|| options::unknown(name))?;
        self.options.remove(option.name);
        Ok(self)
    }

    /// This query with the options of another; where both give one, the other's holds.
    ///
    /// ```
    /// use swath::search::Query;
    ///
    /// let usual = Query::new().dataset("NISAR").processing_level("GCOV");
    /// let merged = usual.merged(&Query::new().processing_level("GSLC").relative_orbit(172));
    /// assert_eq!(merged, Query::new().dataset("NISAR").processing_level("GSLC").relative_orbit(172));
    /// ```
    #[must_use]
    pub fn merged(mut self, other: &Self) -> Self {
        self.options.merge(&other.options);
        self
    }

    /// The query as the command and the Python package mean it: where no option names other data, it asks for GCOV of
    /// NISAR's production (`dataset` `NISAR`, `processing_level` `GCOV`, `production_configuration` `PR`). Options named
    /// in `unless` are left out all the same.
    ///
    /// ```
    /// use swath::search::Query;
    ///
    /// let usual = Query::new().relative_orbit(172).or_usual(&[]);
    /// let spelled_out = Query::new().dataset("NISAR").processing_level("GCOV").production_configuration("PR");
    /// assert_eq!(usual, spelled_out.relative_orbit(172));
    /// let elsewhere = Query::new().platform("ALOS");
    /// assert_eq!(elsewhere.clone().or_usual(&[]), elsewhere);
    /// ```
    #[must_use]
    pub fn or_usual(mut self, unless: &[&str]) -> Self {
        let given = |name: &str| self.options.is_given(name);
        let starts = |name: &str, start: &str| {
            let begins = |value: &String| {
                value.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
            };
            self.options.texts(name).iter().all(begins)
        };
        let is_elsewhere = !starts("platform", "NISAR")
            || !starts("dataset", "NISAR")
            || ["short_name", "collections", "granule_list", "product_list"].into_iter().any(given)
            || self.options.texts("processing_level").iter().any(|kind| check::nisar_type(kind).is_none());
        if is_elsewhere {
            return self;
        }
        let usual = [("dataset", "NISAR"), ("processing_level", "GCOV"), ("production_configuration", "PR")];
        for (name, value) in usual {
            if !self.options.is_given(name) && !unless.contains(&name) {
                self.options.add_texts(name, vec![value.to_owned()]);
            }
        }
        self
    }

    /// The names of the options that are given.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        self.options.given()
    }

    /// Pairs that name the collections which the query is about.
    pub(super) fn named_collections(&self) -> Result<Vec<Pair>> {
        let scope = Scope::of(&self.options, &mut Vec::new())?;
        let ids = check::each(self.options.texts("collections"), check::concept_id)?;
        let pairs = named(&scope.collections(), &ids);
        if pairs.is_empty() {
            return Err(Error::usage("the query is about no collection that is known here").with_hint(
                "name one by short_name or collections, or give a dataset, platform or processing_level",
            ));
        }
        Ok(pairs)
    }

    /// Checks every option and says what would be asked, without asking.
    ///
    /// # Errors
    /// A usage error that names the option, what is wrong with it, and what it may be.
    pub fn plan(&self) -> Result<Plan> {
        self.plan_at(Timestamp::now())
    }

    /// As [`Query::plan`], with another moment for `today`, `3 weeks ago` and the like.
    ///
    /// # Errors
    /// As [`Query::plan`].
    pub fn plan_at(&self, now: Timestamp) -> Result<Plan> {
        plan::plan(&self.options, now)
    }
}
