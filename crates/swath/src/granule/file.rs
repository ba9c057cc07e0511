//! The files of a granule, told apart by the end of their names.

use std::fmt;

use super::name::{GranuleName, invalid};
use crate::error::Result;

/// What a file of a granule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// The product itself.
    Data,
    /// Quality statistics, an HDF5 file too.
    QaStatistics,
    /// Quality report for people.
    QaReport,
    /// Quality summary as a table.
    QaSummary,
    /// ISO 19115 metadata.
    IsoMetadata,
    /// Outline for map programs.
    Outline,
    /// The processor's run configuration.
    RunConfiguration,
    /// Browse picture.
    Browse,
    /// Small browse picture.
    Thumbnail,
    /// Kept by the producer; not public.
    Private,
    /// Checksum.
    Checksum,
}

/// How each file's name ends after the granule's. The longer endings come first, as some end in others.
const ENDINGS: &[(&str, FileKind)] = &[
    ("_QA_STATS.h5", FileKind::QaStatistics),
    ("_QA_REPORT.pdf", FileKind::QaReport),
    ("_QA_SUMMARY.csv", FileKind::QaSummary),
    (".h5.iso.xml", FileKind::IsoMetadata),
    (".iso.xml", FileKind::IsoMetadata),
    (".rc.yaml", FileKind::RunConfiguration),
    (".context.json", FileKind::Private),
    (".dataset.json", FileKind::Private),
    (".met.json", FileKind::Private),
    (".h5.log", FileKind::Private),
    (".h5.md5", FileKind::Checksum),
    (".md5", FileKind::Checksum),
    ("_thumbnail.png", FileKind::Thumbnail),
    (".png", FileKind::Browse),
    (".kml", FileKind::Outline),
    (".h5", FileKind::Data),
    ("", FileKind::Data),
];

/// A file of a granule: which granule, and which of its files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GranuleFile {
    /// The granule it belongs to.
    pub granule: GranuleName,
    /// Which of the granule's files it is. A bare granule name is its [`FileKind::Data`].
    pub kind: FileKind,
}

impl GranuleFile {
    /// Reads a file name, alone or at the end of a path or URL (whose query is ignored).
    ///
    /// # Errors
    /// A usage error that names the field of the name that is wrong.
    ///
    /// ```
    /// use swath::granule::{FileKind, GranuleFile};
    /// let text = "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001_QA_STATS.h5";
    /// assert_eq!(GranuleFile::parse(text)?.kind, FileKind::QaStatistics);
    /// # Ok::<(), swath::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let file = file_name(text);
        let Some((name, kind)) =
            ENDINGS.iter().find_map(|(ending, kind)| Some((file.strip_suffix(ending)?, *kind)))
        else {
            return Err(invalid(file, "it is empty".to_owned()));
        };
        Ok(Self { granule: GranuleName::from_fields(name)?, kind })
    }
}

/// What follows the last slash of a path or URL, without query and fragment.
pub(crate) fn file_name(text: &str) -> &str {
    let text = text.trim();
    // A file name may hold neither `?` nor `#` in this archive, so that they always end the path of a URL.
    let path = text.split(['?', '#']).next().unwrap_or_default();
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "product",
            Self::QaStatistics => "quality statistics",
            Self::QaReport => "quality report",
            Self::QaSummary => "quality summary",
            Self::IsoMetadata => "ISO metadata",
            Self::Outline => "outline",
            Self::RunConfiguration => "run configuration",
            Self::Browse => "browse picture",
            Self::Thumbnail => "thumbnail",
            Self::Private => "producer's own file",
            Self::Checksum => "checksum",
        })
    }
}
