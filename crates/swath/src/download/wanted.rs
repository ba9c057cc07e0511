//! From what was asked for to files: addresses, names on the disk, and what the catalogue knows of them.

use std::collections::{BTreeSet, HashMap};

use super::{DownloadOptions, FailedDownload, FileSet};
use crate::error::{Error, ErrorKind, Result};
use crate::granule::{FileKind, Granule, GranuleFile, file_name, shown};
use crate::search::Query;
use crate::session::Session;
use crate::store::Address;

/// One file to download.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) address: Address,
    /// Its name on the disk.
    pub(super) name: String,
    /// What it is, if it is a granule's.
    pub(super) kind: Option<FileKind>,
    pub(super) size: Option<u64>,
    /// Algorithm and value.
    pub(super) checksum: Option<(String, String)>,
    /// What was asked for.
    pub(super) source: String,
}

/// Every file of the sources, once, in order; a source that cannot be meant is a failure of its own.
pub(super) async fn wanted(
    session: &Session,
    sources: &[String],
    options: &DownloadOptions,
) -> Vec<Result<Wanted, FailedDownload>> {
    let known = look_up(session, sources).await;
    let mut files: Vec<Result<Wanted, FailedDownload>> = Vec::new();
    let mut taken: HashMap<String, String> = HashMap::new();
    for source in sources {
        let failed = |error| FailedDownload { source: source.clone(), address: None, error };
        let found = match files_of(source, &known, options) {
            Ok(found) => found,
            Err(error) => {
                files.push(Err(failed(error)));
                continue;
            }
        };
        for file in found {
            // Some file systems do not tell letters from capitals.
            let (key, address) = (file.name.to_lowercase(), file.address.to_string());
            match taken.get(&key) {
                Some(other) if *other == address => {}
                Some(other) => {
                    let what = format!("{address} and {other} would have the same name on the disk");
                    let error = Error::usage(what).with_hint("download one of them elsewhere");
                    files.push(Err(FailedDownload { address: Some(address), ..failed(error) }));
                }
                None => {
                    taken.insert(key, address);
                    files.push(Ok(file));
                }
            }
        }
    }
    files
}

/// What the catalogue says of the granules named, or why it says nothing.
struct Known {
    granules: HashMap<String, Granule>,
    refusal: Option<(ErrorKind, String)>,
}

/// Asks for all granules at once. A URL can be downloaded without an answer, only with less to check.
async fn look_up(session: &Session, sources: &[String]) -> Known {
    let parsed = sources.iter().filter_map(|source| GranuleFile::parse(source).ok());
    let names: BTreeSet<String> = parsed.map(|file| file.granule.to_string()).collect();
    let mut known = Known { granules: HashMap::new(), refusal: None };
    if names.is_empty() {
        return known;
    }
    let names: Vec<String> = names.into_iter().collect();
    match session.search(&Query::new().product_list(names)).await {
        Ok(found) => {
            let named = |granule: Granule| Some((granule.parsed.as_ref()?.to_string(), granule));
            known.granules = found.granules.into_iter().filter_map(named).collect();
        }
        Err(error) => {
            known.refusal = Some((error.kind(), format!("{error}: {}", error.reasons().join(": "))));
        }
    }
    known
}

fn files_of(source: &str, known: &Known, options: &DownloadOptions) -> Result<Vec<Wanted>> {
    let is_url = source.contains("://");
    let parsed = GranuleFile::parse(source).ok();
    let granule = parsed.as_ref().and_then(|file| known.granules.get(&file.granule.to_string()));
    if is_url && options.files.is_none() {
        return Ok(vec![by_address(source, source, granule)?]);
    }
    let Some(parsed) = parsed else {
        let what = format!("{:?} is neither a URL nor the name of a granule", shown(source));
        return Err(Error::usage(what)
            .with_hint("give https:// or s3:// addresses, or names as `swath search` prints"));
    };
    let Some(granule) = granule else {
        return Err(match &known.refusal {
            Some((kind, why)) => {
                Error::new(*kind, format!("{source} could not be looked up")).because(why.clone())
            }
            None => {
                Error::new(ErrorKind::NotFound, format!("the catalogue knows no granule {}", parsed.granule))
                    .with_hint("check the name; urgent-response (UR) products are deleted after 30 days")
            }
        });
    };
    let default = [FileSet::Data];
    let sets = options.files.as_deref().unwrap_or(&default);
    // The name of one file stands for that file alone.
    let own = (!is_url && parsed.kind != FileKind::Data).then_some(parsed.kind);
    let is_wanted = |kind: FileKind| match own {
        Some(own) => kind == own,
        None => sets.iter().any(|set| set.holds(kind)),
    };
    let addresses = granule.urls().iter().filter(|url| {
        GranuleFile::parse(url).is_ok_and(|file| file.granule == parsed.granule && is_wanted(file.kind))
    });
    let files: Vec<Wanted> =
        addresses.map(|url| by_address(url, source, Some(granule))).collect::<Result<_>>()?;
    if files.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, format!("the catalogue has no such file of {source}")));
    }
    Ok(files)
}

fn by_address(url: &str, source: &str, granule: Option<&Granule>) -> Result<Wanted> {
    let address = Address::parse(url)?;
    if !matches!(address, Address::Https(_) | Address::S3 { .. }) {
        let what = format!("{} is not in an archive", shown(source));
        return Err(
            Error::usage(what).with_hint("give an https:// or s3:// address, or the name of a granule")
        );
    }
    let name = file_name(&address.to_string()).to_owned();
    check_name(&name)?;
    let (size, checksum) = granule.map_or((None, None), |granule| granule.file_facts(&name));
    let kind = GranuleFile::parse(&name).ok().map(|file| file.kind);
    Ok(Wanted { address, name, kind, size, checksum, source: source.to_owned() })
}

/// A name from a server becomes a file's name only when it can be nothing else, on any system.
fn check_name(name: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    let sound = !name.is_empty() && name.len() <= 200 && name.bytes().all(plain);
    if sound && !name.starts_with('.') && !name.ends_with('.') && !device {
        return Ok(());
    }
    Err(Error::usage(format!("{:?} cannot be the name of a file", shown(name)))
        .with_hint("the last part of the address has to be a plain file name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_become_files() {
        for good in ["a.h5", "NISAR_x-1.iso.xml", "COMMON.txt", "a"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in
            ["", "..", ".hidden", "a b", "a/b", "a\\b", "nul.h5", "Com1", "x.", "é.h5", "a\u{1b}b", "a:b"]
        {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert!(check_name(&"a".repeat(201)).is_err());
    }
}
