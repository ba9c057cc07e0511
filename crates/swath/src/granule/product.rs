//! The products of NISAR: what each is, and where its layers lie in the file.

use std::fmt;

use super::field::RadarBand;

/// A kind of product, by its four-letter code. Codes that [`PRODUCTS`] does not list are kept, without facts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Product([u8; 4]);

/// Where a product's values lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Geometry {
    /// On a map grid, under `grids`.
    Grid,
    /// In radar geometry (slant range × azimuth), under `swaths`.
    Radar,
}

/// What is known of one product.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProductFacts {
    /// Its kind.
    pub product: Product,
    /// The processing level as collections spell it: `L0B`, `L1`, `L2`, `L3`.
    pub level: &'static str,
    /// Map grid or radar geometry.
    pub geometry: Geometry,
    /// Whether it is made of two acquisitions.
    pub pair: bool,
    /// What it is, in one line.
    pub about: &'static str,
}

const fn row(
    code: &[u8; 4],
    level: &'static str,
    form: (Geometry, bool),
    about: &'static str,
) -> ProductFacts {
    ProductFacts { product: Product(*code), level, geometry: form.0, pair: form.1, about }
}

const GRID: (Geometry, bool) = (Geometry::Grid, false);
const GRID_PAIR: (Geometry, bool) = (Geometry::Grid, true);
const RADAR: (Geometry, bool) = (Geometry::Radar, false);
const RADAR_PAIR: (Geometry, bool) = (Geometry::Radar, true);

/// Every science product (NISAR product specifications). Adding one is adding a row.
pub const PRODUCTS: &[ProductFacts] = &[
    row(b"RRSD", "L0B", RADAR, "raw radar signals"),
    row(b"RSLC", "L1", RADAR, "focused complex image in radar geometry"),
    row(b"RIFG", "L1", RADAR_PAIR, "wrapped interferogram in radar geometry"),
    row(b"RUNW", "L1", RADAR_PAIR, "unwrapped interferogram in radar geometry"),
    row(b"ROFF", "L1", RADAR_PAIR, "pixel offsets in radar geometry"),
    row(b"GSLC", "L2", GRID, "focused complex image on a map grid"),
    row(b"GCOV", "L2", GRID, "calibrated backscatter (polarimetric covariance) on a map grid"),
    row(b"GUNW", "L2", GRID_PAIR, "unwrapped interferogram on a map grid"),
    row(b"GOFF", "L2", GRID_PAIR, "pixel offsets on a map grid"),
    row(b"SME2", "L3", GRID, "soil moisture on the EASE-2 grid"),
];

impl Product {
    /// Geocoded polarimetric covariance.
    pub const GCOV: Self = Self(*b"GCOV");
    /// Geocoded single-look complex.
    pub const GSLC: Self = Self(*b"GSLC");
    /// Geocoded unwrapped interferogram.
    pub const GUNW: Self = Self(*b"GUNW");
    /// Range-Doppler single-look complex.
    pub const RSLC: Self = Self(*b"RSLC");
    /// Raw radar signals (level 0B).
    pub const RRSD: Self = Self(*b"RRSD");
    /// Soil moisture.
    pub const SME2: Self = Self(*b"SME2");

    /// The product of a code: four capital letters or digits, known or not.
    pub fn from_code(code: &str) -> Option<Self> {
        let code: [u8; 4] = code.as_bytes().try_into().ok()?;
        code.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).then_some(Self(code))
    }

    /// The four-letter code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What is known of it; `None` for a code that [`PRODUCTS`] does not list.
    pub fn facts(&self) -> Option<&'static ProductFacts> {
        PRODUCTS.iter().find(|facts| facts.product == *self)
    }
}

impl ProductFacts {
    /// The HDF5 group that holds the layers: `/science/LSAR/GCOV/grids`.
    pub fn group(&self, band: RadarBand) -> String {
        let below = match self.geometry {
            Geometry::Grid => "grids",
            Geometry::Radar => "swaths",
        };
        format!("/science/{}/{}/{below}", band.group(), self.product)
    }
}

/// Whether a layer is a diagonal covariance term: backscatter as linear power, which decibels are for. Their names are two
/// polarizations, the same twice: `HHHH`, `HVHV`, `RHRH`, …
pub fn is_backscatter(layer: &str) -> bool {
    let (first, second) = layer.split_at_checked(2).unwrap_or_default();
    first == second && first.len() == 2 && first.bytes().all(|letter| b"HVLR".contains(&letter))
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_diagonal_terms_are_backscatter() {
        for layer in ["HHHH", "HVHV", "VHVH", "VVVV", "RHRH", "LVLV"] {
            assert!(is_backscatter(layer), "{layer}");
        }
        for layer in ["HHHV", "mask", "", "HH", "HHH", "numberOfLooks", "ééé"] {
            assert!(!is_backscatter(layer), "{layer}");
        }
    }

    #[test]
    fn every_product_is_listed_once_and_has_its_group() {
        for facts in PRODUCTS {
            assert_eq!(PRODUCTS.iter().filter(|other| other.product == facts.product).count(), 1);
            assert_eq!(Product::from_code(facts.product.code()), Some(facts.product));
        }
        let gcov = Product::GCOV.facts().unwrap();
        assert_eq!(gcov.group(RadarBand::L), "/science/LSAR/GCOV/grids");
        let rslc = Product::RSLC.facts().unwrap();
        assert_eq!(rslc.group(RadarBand::S), "/science/SSAR/RSLC/swaths");
        assert_eq!(Product::from_code("gcov"), None);
        assert!(Product::from_code("NEW9").unwrap().facts().is_none());
    }
}
