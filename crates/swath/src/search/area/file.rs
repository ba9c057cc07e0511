//! Areas in files, told apart by what they begin with.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::zip::Archive;
use super::{Given, other_system, shapefile, text, unusable, zip};
use crate::error::Result;
use crate::granule::shown;

/// The largest file that is read.
const LARGEST: u64 = 64 << 20;

/// Reads a file, and for a `.shp` the `.prj` beside it.
pub(super) fn open(path: &Path) -> Result<Given> {
    let bytes = content(path)?;
    if bytes.starts_with(shapefile::MAGIC) {
        let beside = ["prj", "PRJ"].map(|extension| path.with_extension(extension));
        let projection = beside.iter().find(|path| path.is_file()).map(|path| content(path)).transpose()?;
        return with_projection(shapefile::read(&bytes)?, projection.as_deref());
    }
    read(&bytes)
}

/// Reads the bytes of a file.
pub(super) fn read(bytes: &[u8]) -> Result<Given> {
    if bytes.len() as u64 > LARGEST {
        return Err(unusable(format!("it is larger than {} MB", LARGEST / 1_000_000)));
    }
    if bytes.starts_with(shapefile::MAGIC) {
        return with_projection(shapefile::read(bytes)?, None);
    }
    if bytes.starts_with(zip::MAGIC) {
        return archive(&Archive::open(bytes)?);
    }
    if bytes.starts_with(b"SQLite format 3\0") {
        return Err(unusable("it is a database (GeoPackage), which swath does not read")
            .with_hint("convert it first: ogr2ogr -f GeoJSON -t_srs EPSG:4326 area.geojson area.gpkg"));
    }
    let words = std::str::from_utf8(bytes).map_err(|_| {
        unusable("it is neither text nor a shapefile nor a ZIP archive").with_hint(
            "areas may be WKT, GeoJSON, KML, KMZ, .shp, or a .zip that holds a .shp; others: \
             ogr2ogr -f GeoJSON -t_srs EPSG:4326 area.geojson FILE",
        )
    })?;
    text::read(words)
}

fn content(path: &Path) -> Result<Vec<u8>> {
    let wrong = |why: std::io::Error| unusable(format!("{} cannot be read: {why}", path.display()));
    // A folder, a device or a pipe has no size that could be checked.
    if !std::fs::metadata(path).map_err(wrong)?.is_file() {
        return Err(unusable(format!("{} is no file", path.display())));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(wrong)?;
    if bytes.len() as u64 > LARGEST {
        return Err(unusable(format!("{} is larger than {} MB", path.display(), LARGEST / 1_000_000))
            .with_hint("simplify it first, or search for its bounding box"));
    }
    Ok(bytes)
}

/// The one shapefile, or KML or GeoJSON document, of an archive.
fn archive(archive: &Archive<'_>) -> Result<Given> {
    for extension in [".shp", ".kml", ".geojson", ".json", ".wkt"] {
        let names = archive.named(extension);
        match names.as_slice() {
            [] => {}
            // The main document of a KMZ is the first.
            [name, ..] if names.len() == 1 || extension == ".kml" => return member(archive, name),
            several => {
                let names: Vec<String> = several.iter().take(5).map(|name| shown(name)).collect();
                return Err(unusable(format!("the ZIP archive holds several areas: {}", names.join(", ")))
                    .with_hint("unpack it and give one of them"));
            }
        }
    }
    Err(unusable("the ZIP archive holds no .shp, .kml or .geojson"))
}

fn member(archive: &Archive<'_>, name: &str) -> Result<Given> {
    let bytes = archive.content(name)?.unwrap_or_default();
    if bytes.starts_with(shapefile::MAGIC) {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let projection = archive.content(&format!("{stem}.prj"))?;
        return with_projection(shapefile::read(&bytes)?, projection.as_deref());
    }
    // Archives within archives are not opened.
    let words = String::from_utf8(bytes).map_err(|_| unusable(format!("{} is no text", shown(name))))?;
    text::read(&words)
}

/// Refuses shapes of which the `.prj` says that they are not in longitude and latitude.
fn with_projection(mut given: Given, projection: Option<&[u8]>) -> Result<Given> {
    let Some(bytes) = projection else {
        given
            .notes
            .push("the shapefile has no .prj: it was taken to be in longitude and latitude".to_owned());
        return Ok(given);
    };
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim();
    let upper = text.to_ascii_uppercase();
    let name = text.split('"').nth(1).map_or_else(|| "an unnamed system".to_owned(), shown);
    if !["GEOGCS", "GEOGCRS", "GEODCRS", "GEODETICCRS", "GEOGRAPHICCRS"]
        .iter()
        .any(|kind| upper.starts_with(kind))
    {
        return Err(other_system(&name));
    }
    if !(upper.contains("WGS_1984") || upper.contains("WGS 84") || upper.contains("WGS84")) {
        given.notes.push(format!("the coordinates are on {name}, and were taken as on WGS 84"));
    }
    Ok(given)
}
