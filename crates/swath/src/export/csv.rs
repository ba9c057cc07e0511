use std::io::Write;

use ::csv::{Terminator, WriterBuilder};
use jiff::Timestamp;

use crate::error::{Error, ErrorKind, Result};
use crate::reduce::Statistics;

/// One line of a time series: one layer of one granule, and the figures of the window in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesRow<'a> {
    /// When the acquisition began.
    pub time: Timestamp,
    /// The granule's name, without an ending.
    pub granule: &'a str,
    /// The composite release identifier, such as `X05009`.
    pub crid: &'a str,
    /// The track, 1 to 173.
    pub track: u32,
    /// The frame, 1 to 176.
    pub frame: u32,
    /// `A` for ascending, `D` for descending.
    pub direction: &'a str,
    /// The layer, such as `HHHH`.
    pub layer: &'a str,
    /// The figures of the valid pixels, linear.
    pub statistics: Statistics,
}

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
/// f64; `mean_db` is the mean in decibel. A figure that does not exist is an empty field.
///
/// # Errors
/// `Local` when the writer fails.
pub fn write_series_csv<'a>(
    writer: &mut dyn Write,
    rows: impl IntoIterator<Item = SeriesRow<'a>>,
) -> Result<()> {
    let failed =
        |reason: ::csv::Error| Error::new(ErrorKind::Local, "the table could not be written").because(reason);
    let mut table = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(writer);
    table.write_record(SERIES_COLUMNS).map_err(failed)?;
    for row in rows {
        table.write_record(fields(&row)).map_err(failed)?;
    }
    table.flush().map_err(|reason| failed(reason.into()))
}

/// The fields of one line, in the order of [`SERIES_COLUMNS`].
fn fields(row: &SeriesRow<'_>) -> [String; 14] {
    let figures = &row.statistics;
    // Debug, not Display: it turns to an exponent where Display would write hundreds of zeros.
    let number = |figure: Option<f64>| figure.map(|value| format!("{value:?}")).unwrap_or_default();
    [
        row.time.to_string(),
        row.granule.to_owned(),
        row.crid.to_owned(),
        row.track.to_string(),
        row.frame.to_string(),
        row.direction.to_owned(),
        row.layer.to_owned(),
        figures.n_total.to_string(),
        figures.n_valid.to_string(),
        number(figures.mean),
        number(figures.std),
        number(figures.min),
        number(figures.max),
        number(figures.mean_decibel()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Nodata;
    use crate::reduce::Accumulator;

    fn row(granule: &str, statistics: Statistics) -> SeriesRow<'_> {
        let time = "2025-11-22T02:46:18Z".parse().unwrap();
        SeriesRow {
            time,
            granule,
            crid: "X05009",
            track: 172,
            frame: 8,
            direction: "A",
            layer: "HHHH",
            statistics,
        }
    }

    fn written(rows: &[SeriesRow<'_>]) -> String {
        let mut bytes = Vec::new();
        write_series_csv(&mut bytes, rows.iter().copied()).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_table_reads_back_as_it_was() {
        let mut accumulator = Accumulator::new(Nodata::default());
        accumulator.add(&[1e-300, 0.1, 0.3, f64::NAN]);
        let statistics = accumulator.statistics();
        let text = written(&[row("a \"quoted\", name", statistics)]);
        let mut reader = ::csv::ReaderBuilder::new().from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), SERIES_COLUMNS);
        let record = reader.records().next().unwrap().unwrap();
        let fields: Vec<&str> = record.iter().collect();
        assert_eq!(&fields[..4], ["2025-11-22T02:46:18Z", "a \"quoted\", name", "X05009", "172"]);
        assert_eq!(&fields[4..9], ["8", "A", "HHHH", "4", "3"]);
        let figures: Vec<f64> = fields[9..].iter().map(|field| field.parse().unwrap()).collect();
        let decibel = statistics.mean_decibel().unwrap();
        let wanted = [statistics.mean, statistics.std, statistics.min, statistics.max, Some(decibel)];
        assert_eq!(figures, wanted.map(Option::unwrap));
        assert_eq!(fields[11], "1e-300");
    }

    #[test]
    fn figures_that_are_not_there_are_empty() {
        let text = written(&[row("G", Statistics::default())]);
        assert_eq!(
            text,
            "time,granule,crid,track,frame,direction,layer,n_total,n_valid,mean,std,min,max,mean_db\r\n\
             2025-11-22T02:46:18Z,G,X05009,172,8,A,HHHH,0,0,,,,,\r\n"
        );
        assert_eq!(written(&[]).lines().count(), 1);
    }
}
