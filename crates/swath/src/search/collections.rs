//! The collections of NISAR at ASF: which there are, what each can hold, and which options name them.
//!
//! Source: the collection table of ASF's own search library (asf_search 12 and 14), which is what its users get.

use std::collections::BTreeSet;

use super::missions;
use crate::granule::{Maturity, PRODUCTS, Product};

/// What a collection can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Holds {
    /// One science product.
    Product(&'static str),
    /// All science products of a level.
    Level(&'static str),
    /// Any science product.
    Science,
    /// Orbits, calibration and other auxiliary data, and raw telemetry.
    Auxiliary,
}

/// One collection.
#[derive(Debug)]
pub(super) struct Collection {
    pub(super) short_name: &'static str,
    /// Its id in NASA's production catalogue.
    pub(super) concept_id: &'static str,
    pub(super) holds: Holds,
}

const fn row(short_name: &'static str, concept_id: &'static str, holds: Holds) -> Collection {
    Collection { short_name, concept_id, holds }
}

use Holds::{Auxiliary, Level, Science};

const fn of(product: &'static str) -> Holds {
    Holds::Product(product)
}

/// Every NISAR collection, sorted by short name.
pub(super) const COLLECTIONS: &[Collection] = &[
    row("ASF_ECMWF_SMST", "C3653529349-ASF", Auxiliary),
    row("NISAR_ANC_AUX", "C3622222871-ASF", Auxiliary),
    row("NISAR_COP", "C2727904608-ASF", Auxiliary),
    row("NISAR_CUSTOM_PROVISIONAL_V1", "C2874824964-ASF", Science),
    row("NISAR_DC_RADAR", "C3622216140-ASF", Auxiliary),
    row("NISAR_EA_L0B_CRSD", "C4052499976-ASF", Auxiliary),
    row("NISAR_EA_L0B_RRSD", "C4052499850-ASF", of("RRSD")),
    row("NISAR_EA_L1", "C4052500045-ASF", Level("L1")),
    row("NISAR_EA_L2", "C4052499921-ASF", Level("L2")),
    row("NISAR_EA_L3", "C4052499802-ASF", Level("L3")),
    row("NISAR_L0A_RRST_BETA_V1", "C2850223384-ASF", Auxiliary),
    row("NISAR_L0A_RRST_PROVISIONAL_V1", "C2853086824-ASF", Auxiliary),
    row("NISAR_L0A_RRST_V1", "C3622203972-ASF", Auxiliary),
    row("NISAR_L0B_RRSD_BETA_V1", "C3622228339-ASF", of("RRSD")),
    row("NISAR_L0B_RRSD_PROVISIONAL_V1", "C2853089814-ASF", of("RRSD")),
    row("NISAR_L0B_RRSD_V1", "C3622265756-ASF", of("RRSD")),
    row("NISAR_L1_RIFG_BETA_V1", "C2850234202-ASF", of("RIFG")),
    row("NISAR_L1_RIFG_PROVISIONAL_V1", "C2853147928-ASF", of("RIFG")),
    row("NISAR_L1_RIFG_V1", "C3622229381-ASF", of("RIFG")),
    row("NISAR_L1_ROFF_BETA_V1", "C2850237619-ASF", of("ROFF")),
    row("NISAR_L1_ROFF_PROVISIONAL_V1", "C2853156054-ASF", of("ROFF")),
    row("NISAR_L1_ROFF_V1", "C3622241997-ASF", of("ROFF")),
    row("NISAR_L1_RSLC_BETA_V1", "C2850225585-ASF", of("RSLC")),
    row("NISAR_L1_RSLC_PROVISIONAL_V1", "C2853145197-ASF", of("RSLC")),
    row("NISAR_L1_RSLC_V1", "C3622236985-ASF", of("RSLC")),
    row("NISAR_L1_RUNW_BETA_V1", "C2850235455-ASF", of("RUNW")),
    row("NISAR_L1_RUNW_PROVISIONAL_V1", "C2853153429-ASF", of("RUNW")),
    row("NISAR_L1_RUNW_V1", "C3622237369-ASF", of("RUNW")),
    row("NISAR_L2_GCOV_BETA_V1", "C3622214170-ASF", of("GCOV")),
    row("NISAR_L2_GCOV_PROVISIONAL_V1", "C2854338529-ASF", of("GCOV")),
    row("NISAR_L2_GCOV_V1", "C3622241360-ASF", of("GCOV")),
    row("NISAR_L2_GOFF_BETA_V1", "C2850263910-ASF", of("GOFF")),
    row("NISAR_L2_GOFF_PROVISIONAL_V1", "C2854341702-ASF", of("GOFF")),
    row("NISAR_L2_GOFF_V1", "C3622250865-ASF", of("GOFF")),
    row("NISAR_L2_GSLC_BETA_V1", "C2850259510-ASF", of("GSLC")),
    row("NISAR_L2_GSLC_PROVISIONAL_V1", "C2854332392-ASF", of("GSLC")),
    row("NISAR_L2_GSLC_V1", "C3622244601-ASF", of("GSLC")),
    row("NISAR_L2_GUNW_BETA_V1", "C2850261892-ASF", of("GUNW")),
    row("NISAR_L2_GUNW_PROVISIONAL_V1", "C2854335566-ASF", of("GUNW")),
    row("NISAR_L2_GUNW_V1", "C3622247503-ASF", of("GUNW")),
    row("NISAR_L3_SME2_BETA_V1", "C2850265000-ASF", of("SME2")),
    row("NISAR_L3_SME2_PROVISIONAL_V1", "C2854344945-ASF", of("SME2")),
    row("NISAR_L3_SME2_V1", "C3622248530-ASF", of("SME2")),
    row("NISAR_LRCLK", "C3622253574-ASF", Auxiliary),
    row("NISAR_LRCLK_UTC", "C3632501432-ASF", Auxiliary),
    row("NISAR_NEN_RRST_BETA_V1", "C2850220296-ASF", Auxiliary),
    row("NISAR_NEN_RRST_PROVISIONAL_V1", "C2853068083-ASF", Auxiliary),
    row("NISAR_NEN_RRST_V1", "C2727902012-ASF", Auxiliary),
    row("NISAR_OE", "C2727908375-ASF", Auxiliary),
    row("NISAR_OROST", "C2727911748-ASF", Auxiliary),
    row("NISAR_RP", "C2727912431-ASF", Auxiliary),
    row("NISAR_STUF", "C3622233495-ASF", Auxiliary),
    row("NISAR_TEC", "C3622219145-ASF", Auxiliary),
    row("NISAR_UR_L0B_RRSD", "C2887469134-ASF", of("RRSD")),
    row("NISAR_UR_L1", "C2887499907-ASF", Level("L1")),
    row("NISAR_UR_L2", "C2887502657-ASF", Level("L2")),
];

/// Which collections are meant.
pub(super) type Chosen = fn(&Collection) -> bool;

/// The `dataset` options: a name and the collections it stands for.
pub(super) const DATASETS: &[(&str, Chosen)] =
    &[("NISAR", |_| true), ("NISAR-SCIENCE-PRODUCTS", |collection| collection.holds != Auxiliary)];

/// The collections that the platform `NISAR` stands for: the systematic science products.
pub(super) fn is_of_platform(collection: &Collection) -> bool {
    matches!(collection.holds, Holds::Product(_)) && !collection.short_name.starts_with("NISAR_EA_")
}

/// Product types of auxiliary data that `processing_level` accepts besides the science products.
pub(super) const AUXILIARY_TYPES: &[&str] = &[
    "CRSD",
    "DCOP",
    "OROST",
    "STUF",
    "TEC",
    "LRCLK_UTC",
    "FOE",
    "MOE",
    "NOE",
    "POE",
    "TSR_STATIC",
    "PMI_STATIC",
    "CORNER_REFL",
    "LSAR_INT_CAL",
    "LSAR_EXT_CAL",
    "FT_WAVEFORM",
    "FT_PARAM",
    "ANTPAT",
    "BFPQ",
    "TFDB",
    "L_CHAN_DATA",
    "SM_STATIC",
    "DSG_STATIC",
    "FRP",
    "PRP",
    "NRP",
    "ECMWF_SMST",
];

/// Short names chosen by a predicate, in order.
pub(super) fn names(chosen: impl Fn(&Collection) -> bool) -> BTreeSet<String> {
    COLLECTIONS.iter().filter(|c| chosen(c)).map(|c| c.short_name.to_owned()).collect()
}

/// Whether a collection may hold granules of a product type. Only what is certain is excluded.
pub(super) fn can_hold(short_name: &str, product_type: &str) -> bool {
    let Some(collection) = COLLECTIONS.iter().find(|c| c.short_name == short_name) else {
        return !missions::is_listed(short_name);
    };
    let Some(facts) = Product::from_code(product_type).and_then(|product| product.facts()) else {
        return true;
    };
    match collection.holds {
        Holds::Product(code) => code == product_type,
        Level(level) => level == facts.level,
        Science => true,
        Auxiliary => false,
    }
}

/// Whether a collection belongs to a tier, as the option `data_maturity` understands it.
///
/// Raw telemetry collections (`RRST`) have tiers too.
pub(super) fn is_of_maturity(short_name: &str, tier: Maturity) -> bool {
    Maturity::of_collection(short_name) == Some(tier)
}

/// Whether a short name is a NISAR collection's, listed or not.
pub(super) fn is_nisar(short_name: &str) -> bool {
    short_name.starts_with("NISAR_") || COLLECTIONS.iter().any(|c| c.short_name == short_name)
}

/// Whether a concept id is that of a listed NISAR collection.
pub(super) fn is_nisar_concept(id: &str) -> bool {
    COLLECTIONS.iter().any(|c| c.concept_id == id)
}

/// The product types of NISAR, science first.
pub(super) fn product_types() -> impl Iterator<Item = &'static str> {
    PRODUCTS.iter().map(|facts| facts.product.code()).chain(AUXILIARY_TYPES.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_stand_for_as_many_collections_as_in_asf_search() {
        let dataset = |name: &str| DATASETS.iter().find(|(n, _)| *n == name).map(|(_, f)| names(f).len());
        assert_eq!(dataset("NISAR"), Some(56));
        assert_eq!(dataset("NISAR-SCIENCE-PRODUCTS"), Some(38));
        assert_eq!(names(is_of_platform).len(), 31);
        assert_eq!(product_types().count(), 37);
        let tier = |tier| names(|c| is_of_maturity(c.short_name, tier)).len();
        assert_eq!(
            [tier(Maturity::Beta), tier(Maturity::Provisional), tier(Maturity::Validated)],
            [12, 13, 12]
        );
    }

    #[test]
    fn gcov_is_looked_for_where_it_can_be() {
        let held = names(|c| can_hold(c.short_name, "GCOV"));
        let expected = [
            "NISAR_CUSTOM_PROVISIONAL_V1",
            "NISAR_EA_L2",
            "NISAR_L2_GCOV_BETA_V1",
            "NISAR_L2_GCOV_PROVISIONAL_V1",
            "NISAR_L2_GCOV_V1",
            "NISAR_UR_L2",
        ];
        assert_eq!(held, expected.into_iter().map(str::to_owned).collect());
        assert_eq!(names(|c| can_hold(c.short_name, "POE")).len(), 56);
        assert!(can_hold("NISAR_L2_GCOV_FINAL_V2", "GCOV"));
        assert!(!can_hold("SENTINEL-1A_SLC", "GCOV"));
    }

    #[test]
    fn the_table_is_sorted_and_without_repeats() {
        assert!(COLLECTIONS.windows(2).all(|pair| pair[0].short_name < pair[1].short_name));
    }
}
