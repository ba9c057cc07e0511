//! The name of a granule, and what the catalogue derives from it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A granule, known by its name alone.
///
/// The fields are those of the NISAR product specifications: eighteen for a product of one
/// acquisition, twenty for one of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Granule {
    name: String,
    fields: Vec<String>,
    layout: &'static Layout,
    start: Timestamp,
    end: Timestamp,
}

/// Which field of the name holds what.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    fields: usize,
    mode: usize,
    polarization: usize,
    start: usize,
    end: usize,
    crid: usize,
}

const SINGLE: Layout = Layout { fields: 18, mode: 8, polarization: 9, start: 11, end: 12, crid: 13 };
const PAIR: Layout = Layout { fields: 20, mode: 9, polarization: 10, start: 11, end: 14, crid: 15 };

impl Granule {
    /// Reads a name such as `NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_…_X05009_N_F_J_001`, or
    /// nothing if it is not one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let fields: Vec<String> = name.split('_').map(String::from).collect();
        let layout = [&SINGLE, &PAIR].into_iter().find(|layout| layout.fields == fields.len())?;
        let numbers = [4, 5].iter().all(|&at| fields[at].parse::<u16>().is_ok());
        let sound = fields[0] == "NISAR"
            && fields[1].len() == 2
            && fields
                .iter()
                .all(|field| !field.is_empty() && field.bytes().all(|b| b.is_ascii_alphanumeric()))
            && numbers;
        let (start, end) = (instant(&fields[layout.start])?, instant(&fields[layout.end])?);
        sound.then(|| Self { name: name.to_owned(), fields, layout, start, end })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// `L2` of the instrument and level field, which is `L2` or `S2`.
    pub(crate) fn level(&self) -> String {
        format!("L{}", self.fields[1].get(1..).unwrap_or_default())
    }

    /// `L-SAR` or `S-SAR`.
    pub(crate) fn instrument(&self) -> String {
        format!("{}-SAR", self.fields[1].get(..1).unwrap_or_default())
    }

    pub(crate) fn pipeline(&self) -> &str {
        &self.fields[2]
    }

    pub(crate) fn product(&self) -> &str {
        &self.fields[3]
    }

    pub(crate) fn cycle(&self) -> u16 {
        self.fields[4].parse().unwrap_or_default()
    }

    pub(crate) fn track(&self) -> u16 {
        self.fields[5].parse().unwrap_or_default()
    }

    pub(crate) fn direction(&self) -> &'static str {
        if self.fields[6] == "A" { "ASCENDING" } else { "DESCENDING" }
    }

    /// The frame as the name has it: `008`, or a scene such as `156S` for raw data.
    pub(crate) fn frame(&self) -> &str {
        &self.fields[7]
    }

    pub(crate) fn start(&self) -> Timestamp {
        self.start
    }

    pub(crate) fn end(&self) -> Timestamp {
        self.end
    }

    /// The composite release identifier: a letter and five digits.
    pub(crate) fn crid(&self) -> &str {
        &self.fields[self.layout.crid]
    }

    /// The orbit's accuracy as the catalogue spells it.
    pub(crate) fn orbit(&self) -> &'static str {
        match self.fields[self.layout.crid + 1].as_str() {
            "P" => "POE",
            "M" => "MOE",
            "N" => "NOE",
            _ => "FOE",
        }
    }

    pub(crate) fn covers_full_frame(&self) -> bool {
        self.fields[self.layout.crid + 2] == "F"
    }

    /// The stack as the catalogue names it: track, direction, frame.
    pub(crate) fn stack(&self) -> String {
        format!("{}_{}_{}", self.fields[5], self.fields[6], self.fields[7])
    }

    /// Range bandwidths in MHz of frequency A and B; what was not acquired is left out.
    pub(crate) fn bandwidths(&self) -> [Option<String>; 2] {
        let mode = &self.fields[self.layout.mode];
        [mode.get(..2), mode.get(2..4)].map(|part| {
            let megahertz: u32 = part?.parse().ok()?;
            (megahertz > 0).then(|| megahertz.to_string())
        })
    }

    /// Polarizations of frequency A and B, from the two letters each has in the name.
    pub(crate) fn polarizations(&self) -> [&'static [&'static str]; 2] {
        let field = &self.fields[self.layout.polarization];
        [field.get(..2), field.get(2..4)].map(|code| match code.unwrap_or_default() {
            "SH" => &["HH"][..],
            "SV" => &["VV"],
            "DH" => &["HH", "HV"],
            "DV" => &["VV", "VH"],
            "CL" => &["LH", "LV"],
            "CR" => &["RH", "RV"],
            "QP" | "QD" => &["HH", "HV", "VH", "VV"],
            _ => &[],
        })
    }

    /// The collection that holds such a granule. Maturity is not in the name: releases `X…` were
    /// published as BETA and `P…` as PROVISIONAL; other letters are taken for BETA.
    pub(crate) fn collection(&self) -> String {
        if self.pipeline() == "UR" {
            return format!("NISAR_UR_{}", self.level());
        }
        let maturity = if self.crid().starts_with('P') { "PROVISIONAL" } else { "BETA" };
        format!("NISAR_{}_{}_{maturity}_V1", self.level(), self.product())
    }

    /// The key of a file of this granule in its bucket.
    pub(crate) fn key(&self, collection: &str, suffix: &str) -> String {
        let name = &self.name;
        format!("{collection}/{name}/{name}{suffix}")
    }
}

/// `20251122T024618` as UTC.
fn instant(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y%m%dT%H%M%S", text).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_acquisitions_are_read() {
        let name =
            "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";
        let granule = Granule::parse(name).unwrap();
        assert_eq!((granule.cycle(), granule.track(), granule.frame()), (5, 172, "008"));
        assert_eq!(granule.crid(), "X05009");
        assert_eq!(granule.collection(), "NISAR_L2_GCOV_BETA_V1");
        assert_eq!(granule.bandwidths(), [Some("20".into()), Some("5".into())]);
        assert_eq!(granule.polarizations(), [&["HH", "HV"][..], &["HH", "HV"]]);
        assert_eq!(granule.start().to_string(), "2025-11-22T02:46:18Z");
        assert!(granule.covers_full_frame());
    }

    #[test]
    fn pairs_and_provisional_releases_are_read() {
        let name = "NISAR_L2_PR_GUNW_005_077_D_074_006_4000_SH_20251103T110445_20251103T110520_20251115T110446_20251115T110521_P05023_M_P_J_002";
        let granule = Granule::parse(name).unwrap();
        assert_eq!(granule.collection(), "NISAR_L2_GUNW_PROVISIONAL_V1");
        assert_eq!(granule.end().to_string(), "2025-11-15T11:05:21Z");
        assert_eq!(granule.bandwidths(), [Some("40".into()), None]);
        assert_eq!(granule.orbit(), "MOE");
        assert!(!granule.covers_full_frame());
    }

    #[test]
    fn other_names_are_nothing() {
        for name in [
            "",
            "NISAR",
            "a_b_c_d_e_f_g_h_i_j_k_l_m_n_o_p_q_r",
            "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_x_y_X05009_N_F_J_001",
        ] {
            assert_eq!(Granule::parse(name), None, "{name}");
        }
    }
}
