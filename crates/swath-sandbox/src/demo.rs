//! The demo granules: seven small NISAR GCOV products of one frame, embedded in the program.
//!
//! They are synthetic, made by `fixtures/make_granules.py`, and have the names of seven real
//! products: five dates, two of them in an older release besides.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use libdeflater::Decompressor;

use crate::archive::PRODUCTS;
use crate::error::{Error, Result};
use crate::granule::Granule;

/// A granule in compressed form, with the side file that searches must tell from it.
struct Demo {
    name: &'static str,
    data: &'static [u8],
    quality: &'static [u8],
}

macro_rules! granule {
    ($name:literal) => {
        Demo {
            name: $name,
            data: include_bytes!(concat!("../../../fixtures/granules/", $name, ".h5.gz")),
            quality: include_bytes!(concat!("../../../fixtures/granules/", $name, "_QA_STATS.h5.gz")),
        }
    };
}

static GRANULES: [Demo; 7] = [
    granule!("NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05007_N_F_J_001"),
    granule!("NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001"),
    granule!("NISAR_L2_PR_GCOV_006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024653_X05007_N_F_J_001"),
    granule!("NISAR_L2_PR_GCOV_006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024653_X05009_N_F_J_001"),
    granule!("NISAR_L2_PR_GCOV_007_172_A_008_2005_DHDH_A_20251216T024619_20251216T024653_X05009_N_F_J_001"),
    granule!("NISAR_L2_PR_GCOV_008_172_A_008_2005_DHDH_A_20251228T024619_20251228T024654_X05009_N_F_J_001"),
    granule!("NISAR_L2_PR_GCOV_009_172_A_008_2005_DHDH_A_20260109T024620_20260109T024654_X05009_N_F_J_001"),
];

/// Blocks of a file that hold only zeros are not written; most file systems then keep no room
/// for them. A NISAR file of 4 MiB pages is mostly such blocks.
const BLOCK: usize = 4096;
/// No demo granule is larger; the size in a damaged one must not decide what is allocated.
const LARGEST: usize = 256 << 20;

/// Unpacks the seven demo granules below `into` and returns `into`, ready to be served.
///
/// The folders are those of the archive (`<bucket>/<collection>/<granule>/<granule>.h5`). Files
/// appear whole or not at all; those that have the right size already are left alone, so a
/// second call is quick.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let data = swath_sandbox::unpack_demo(folder.path())?;
/// assert!(data.join("sds-n-cumulus-prod-nisar-products/NISAR_L2_GCOV_BETA_V1").is_dir());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Write`] if a folder or file cannot be written, [`Error::DemoDamaged`] if the program
/// itself is damaged.
pub fn unpack_demo(into: &Path) -> Result<PathBuf> {
    unpack_demo_while(into, &|| true)
}

/// As [`unpack_demo`], as long as `go_on` says so. It is asked often; when it says no, the file in the making is
/// removed, and those that are whole stay.
///
/// # Errors
/// As [`unpack_demo`]; [`Error::Write`] with [`io::ErrorKind::Interrupted`] below it when it was to end.
pub fn unpack_demo_while(into: &Path, go_on: &dyn Fn() -> bool) -> Result<PathBuf> {
    for demo in &GRANULES {
        let damaged = Error::DemoDamaged { granule: demo.name };
        let Some(granule) = Granule::parse(demo.name) else { return Err(damaged) };
        for (suffix, packed) in [(".h5", demo.data), ("_QA_STATS.h5", demo.quality)] {
            let file = into.join(PRODUCTS).join(granule.key(&granule.collection(), suffix));
            unpack(demo.name, packed, &file, go_on)?;
        }
    }
    Ok(into.to_owned())
}

fn unpack(granule: &'static str, packed: &[u8], file: &Path, go_on: &dyn Fn() -> bool) -> Result<()> {
    let damaged = || Error::DemoDamaged { granule };
    // A gzip member ends with the size of what it holds (RFC 1952, section 2.3.1).
    let size = packed.last_chunk().map(|size| u32::from_le_bytes(*size) as usize);
    let size = size.filter(|size| *size <= LARGEST).ok_or_else(damaged)?;
    if std::fs::metadata(file).is_ok_and(|data| data.is_file() && data.len() == size as u64) {
        return Ok(());
    }
    let mut data = vec![0; size];
    let written = Decompressor::new().gzip_decompress(packed, &mut data);
    written.ok().filter(|written| *written == size).ok_or_else(damaged)?;
    write_whole(file, &data, go_on).map_err(|source| Error::Write { path: file.to_owned(), source })
}

/// Writes under another name first; the process number keeps two programs from the same one.
fn write_whole(file: &Path, data: &[u8], go_on: &dyn Fn() -> bool) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = file.with_extension(format!("h5.{}.part", std::process::id()));
    let result = write_sparse(&unfinished, data, go_on).and_then(|()| std::fs::rename(&unfinished, file));
    if result.is_err() {
        // The first fault is the one to tell; a leftover is found by its name.
        let _ = std::fs::remove_file(&unfinished);
    }
    result
}

fn write_sparse(file: &Path, data: &[u8], go_on: &dyn Fn() -> bool) -> io::Result<()> {
    let mut file = File::create(file)?;
    file.set_len(data.len() as u64)?;
    let mut offset = 0;
    for block in data.chunks(BLOCK) {
        if !go_on() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if block.iter().any(|byte| *byte != 0) {
            file.seek(SeekFrom::Start(offset))?;
            file.write_all(block)?;
        }
        offset += block.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_files_read_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b.h5");
        let mut data = vec![0; 10 * BLOCK + 17];
        (data[1], data[5 * BLOCK]) = (1, 2);
        *data.last_mut().unwrap() = 3;
        write_whole(&file, &data, &|| true).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), data);
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        let other = file.with_file_name("c.h5");
        let error = write_whole(&other, &data, &|| false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "half a file is left");
    }

    #[test]
    fn damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("b.h5");
        for packed in [&b""[..], b"abc", b"not gzip at all, but long enough", &GRANULES[0].quality[..500]] {
            assert!(matches!(
                unpack("NAME", packed, &file, &|| true),
                Err(Error::DemoDamaged { granule: "NAME" })
            ));
        }
        assert!(!file.exists());
    }
}
