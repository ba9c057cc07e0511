use std::io::Write;

use ::csv::{Terminator, WriterBuilder};

use crate::error::{Error, ErrorKind, Result};
use crate::stack::Sample;

/// The columns of a time series' table, in order.
pub const SERIES_COLUMNS: [&str; 14] = [
    "time",
    "granule",
    "crid",
    "track",
    "frame",
    "direction",
    "layer",
    "n_total",
    "n_valid",
    "mean",
    "std",
    "min",
    "max",
    "mean_db",
];

/// Writes a time series as CSV (RFC 4180: a header line, lines end in CR LF, quotes where needed).
///
/// Times are ISO 8601 in UTC with a `Z`. Figures are linear, written with the fewest digits that read back as the same
/// f64; `mean_db` is the mean in decibel, of backscatter only. A figure that does not exist is an empty field.
///
/// # Errors
/// `Local` when the writer fails.
pub fn write_series_csv(writer: &mut dyn Write, samples: &[Sample]) -> Result<()> {
    let failed =
        |reason: ::csv::Error| Error::new(ErrorKind::Local, "the table could not be written").because(reason);
    let mut table = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(writer);
    table.write_record(SERIES_COLUMNS).map_err(failed)?;
    for sample in samples {
        table.write_record(fields(sample)).map_err(failed)?;
    }
    table.flush().map_err(|reason| failed(reason.into()))
}

/// The fields of one line, in the order of [`SERIES_COLUMNS`].
fn fields(sample: &Sample) -> [String; 14] {
    let (figures, granule) = (&sample.statistics, &sample.granule);
    // Debug, not Display: it turns to an exponent where Display would write hundreds of zeros.
    let number = |figure: Option<f64>| figure.map(|value| format!("{value:?}")).unwrap_or_default();
    [
        sample.time.to_string(),
        granule.to_string(),
        granule.crid.to_string(),
        granule.track.to_string(),
        granule.frame.number.to_string(),
        granule.direction.letter().to_string(),
        sample.layer.clone(),
        figures.n_total.to_string(),
        figures.n_valid.to_string(),
        number(figures.mean),
        number(figures.std),
        number(figures.min),
        number(figures.max),
        number(sample.mean_decibel()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Nodata;
    use crate::reduce::{Accumulator, Statistics};

    const GRANULE: &str =
        "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";

    fn sample(layer: &str, statistics: Statistics) -> Sample {
        let granule: crate::GranuleName = GRANULE.parse().unwrap();
        Sample { time: granule.start, granule, layer: layer.to_owned(), statistics }
    }

    fn written(samples: &[Sample]) -> String {
        let mut bytes = Vec::new();
        write_series_csv(&mut bytes, samples).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_table_reads_back_as_it_was() {
        let mut accumulator = Accumulator::new(Nodata::default());
        accumulator.add(&[1e-300, 0.1, 0.3, f64::NAN]);
        let statistics = accumulator.statistics();
        let text = written(&[sample("HHHH", statistics)]);
        let mut reader = ::csv::ReaderBuilder::new().from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), SERIES_COLUMNS);
        let record = reader.records().next().unwrap().unwrap();
        let fields: Vec<&str> = record.iter().collect();
        assert_eq!(&fields[..4], ["2025-11-22T02:46:18Z", GRANULE, "X05009", "172"]);
        assert_eq!(&fields[4..9], ["8", "A", "HHHH", "4", "3"]);
        let figures: Vec<f64> = fields[9..].iter().map(|field| field.parse().unwrap()).collect();
        let decibel = statistics.mean_decibel().unwrap();
        let wanted = [statistics.mean, statistics.std, statistics.min, statistics.max, Some(decibel)];
        assert_eq!(figures, wanted.map(Option::unwrap));
        assert_eq!(fields[11], "1e-300");
    }

    #[test]
    fn figures_that_are_not_there_are_empty() {
        let text = written(&[sample("HHHH", Statistics::default())]);
        let line = format!("2025-11-22T02:46:18Z,{GRANULE},X05009,172,8,A,HHHH,0,0,,,,,");
        let header = "time,granule,crid,track,frame,direction,layer,n_total,n_valid,mean,std,min,max,mean_db";
        assert_eq!(text, format!("{header}\r\n{line}\r\n"));
        assert_eq!(written(&[]).lines().count(), 1);
    }
}
