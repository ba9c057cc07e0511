//! The area of a query: read from many formats, repaired as asf_search does, and turned into what the catalogue
//! understands.
//!
//! Rectangles become `bounding_box` (west, south, east, north), other polygons `polygon` (counter-clockwise and
//! closed), lines `line`, points `point`. Several shapes are merged where they touch and replaced by their convex
//! hull where they do not; outlines are simplified to 300 vertices; latitudes are clamped and longitudes wrapped.
//! Whatever was done is told as a [`Repair`].
//!
//! The antimeridian: shapes that cross it are written with longitudes beyond 180 (`170 50, 190 50`), or within ±180
//! (`170 50, -170 50`) where there is no doubt. asf_search asks for the complement of such rectangles.

mod file;
mod geojson;
mod kml;
mod merge;
pub(super) mod numbers;
mod repair;
mod shape;
mod shapefile;
mod simplify;
mod sphere;
mod text;
mod zip;

use geo_types::Coord;

use crate::error::{Error, Result};
use crate::geo::LonLatBox;

pub use repair::{Collapse, Repair};

use shape::{Extent, Flaw, Shape, doubled_area, flaw, is_rectangle, rounded};

/// Vertices of all shapes of an area together.
const MOST_VERTICES: usize = 200_000;
/// Shapes of an area.
const MOST_SHAPES: usize = 20_000;

/// An area to search in: one shape that the catalogue understands, made from whatever shapes were given.
///
/// ```
/// use swath::search::Area;
///
/// let area = Area::parse("POLYGON((170 50, 190 50, 190 60, 170 60, 170 50))")?;
/// assert_eq!(area.catalogue_pair(), ("bounding_box", "170.0,50.0,-170.0,60.0"));
/// assert_eq!(area.unwrapped_wkt(), "POLYGON ((170 50, 190 50, 190 60, 170 60, 170 50))");
/// assert_eq!(area.repairs()[0].to_string(), "2 longitudes of the area lie beyond ±180 and were taken a turn back");
/// # Ok::<(), swath::Error>(())
/// ```
///
/// Which shapes and formats can be read: [`Area::parse`] and [`Area::open`].
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// In the plane; longitudes go on beyond ±180 where the area does.
    shape: Shape,
    repairs: Vec<Repair>,
    notes: Vec<String>,
    key: &'static str,
    value: String,
}

/// Shapes as they were read, before anything is done to them.
#[derive(Debug, Default, PartialEq)]
struct Given {
    shapes: Vec<Shape>,
    vertices: usize,
    has_heights: bool,
    holes: usize,
    notes: Vec<String>,
}

impl Given {
    /// Adds a shape; empty ones are passed over.
    fn add(&mut self, shape: Shape) -> Result<()> {
        self.vertices += shape.coords().len();
        if self.vertices > MOST_VERTICES || self.shapes.len() >= MOST_SHAPES {
            return Err(unusable(format!(
                "it has more than {MOST_VERTICES} vertices or {MOST_SHAPES} shapes"
            ))
            .with_hint("simplify it first, or search for its bounding box"));
        }
        if !shape.coords().is_empty() {
            self.shapes.push(shape);
        }
        Ok(())
    }
}

impl Area {
    /// Reads an area from text: well-known text, GeoJSON (a geometry, feature, or collection of either), or KML.
    ///
    /// # Errors
    /// A usage error that says what is wrong: text that is none of these, an empty area, an outline that crosses
    /// itself or is not closed, coordinates in metres, more than 200,000 vertices, an outline that no 300 vertices can
    /// stand for.
    pub fn parse(text: &str) -> Result<Self> {
        Self::of(text::read(text)?)
    }

    /// Reads an area from a file: well-known text, GeoJSON, KML or KMZ, a shapefile (`.shp`, or a `.zip` that holds
    /// one). The format is told by the content.
    ///
    /// # Errors
    /// As [`Area::parse`]; besides, when the file cannot be read, is larger than 64 MB, is of another format, or says
    /// that its coordinates are not longitude and latitude on WGS 84.
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self> {
        Self::of(file::open(path.as_ref())?)
    }

    /// Reads an area that was given in one word: the path of a file that is there, or else the text of an area.
    ///
    /// # Errors
    /// As [`Area::open`] and [`Area::parse`]; a word that is neither is said to be no file.
    pub fn parse_or_open(given: &str) -> Result<Self> {
        let path = std::path::Path::new(given);
        let is_text = given.len() > 4096 || given.trim_start().starts_with(['{', '<']) || given.contains('(');
        let is_empty_shape = given.trim_end().to_ascii_uppercase().ends_with(" EMPTY");
        if !is_text && !is_empty_shape || given.len() <= 4096 && path.is_file() {
            return Self::open(path);
        }
        Self::parse(given)
    }

    /// Reads an area from the bytes of a file in one of the formats of [`Area::open`].
    ///
    /// # Errors
    /// As [`Area::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::of(file::read(bytes)?)
    }

    /// What the area is, in well-known text with longitudes within ±180.
    pub fn wrapped_wkt(&self) -> String {
        self.shape.map(sphere::wrapped).to_wkt()
    }

    /// What the area is, in well-known text with longitudes that go on beyond 180 where it crosses the antimeridian.
    pub fn unwrapped_wkt(&self) -> String {
        self.unwrapped().to_wkt()
    }

    fn unwrapped(&self) -> Shape {
        let wrapped = self.shape.map(sphere::wrapped);
        let extent = self.shape.extent();
        let is_narrow = wrapped.extent().width() <= 180.0 && extent.width() <= 180.0;
        if is_narrow || extent.width() >= 360.0 {
            return wrapped;
        }
        // West of the antimeridian, whichever turn it was written in.
        let shift = sphere::wrap(extent.west) - extent.west;
        let shift = if sphere::wrap(extent.west) == 180.0 { shift - 360.0 } else { shift };
        if shift == 0.0 { self.shape.clone() } else { self.shape.map(|c| Coord { x: c.x + shift, y: c.y }) }
    }

    /// What was done to the shapes that were given, in the order that asf_search tells it.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// What the user should know, one sentence each: repairs, and what was odd about the source.
    pub fn notices(&self) -> Vec<String> {
        // A hull is made, not drawn: which way round it was made is nobody's concern.
        let made = self.repairs.iter().any(|repair| {
            matches!(repair, Repair::Merged { .. } | Repair::MergedByHulls { .. } | Repair::ConvexHull)
        });
        let told = self.repairs.iter().filter(|repair| !(made && **repair == Repair::Reversed));
        // Of several simplifications the last is the one that counts.
        let last = self.repairs.iter().rposition(|repair| matches!(repair, Repair::Simplified { .. }));
        let last = last.and_then(|index| self.repairs.get(index));
        let told =
            told.filter(|repair| !matches!(repair, Repair::Simplified { .. }) || Some(*repair) == last);
        self.notes.iter().cloned().chain(told.map(Repair::to_string)).collect()
    }

    /// The form pair that the catalogue is asked with: `point`, `line`, `polygon` or `bounding_box`, and its value.
    pub fn catalogue_pair(&self) -> (&str, &str) {
        (self.key, &self.value)
    }

    /// The smallest box around the area.
    ///
    /// # Errors
    /// None that is known; the signature keeps the box's own check.
    pub fn bounds(&self) -> Result<LonLatBox> {
        let extent = self.shape.extent();
        let (west, east) = sphere::sides(&extent);
        LonLatBox::new(rounded(west), rounded(extent.south), rounded(east), rounded(extent.north))
    }

    /// The whole way from what was read to what is searched.
    fn of(given: Given) -> Result<Self> {
        if given.shapes.is_empty() {
            return Err(empty());
        }
        let mut early = Vec::new();
        if given.has_heights {
            early.push(Repair::ExtraDimension);
        }
        if given.holes > 0 {
            early.push(Repair::HolesDropped { holes: given.holes });
        }
        let mut notes = given.notes;
        let given = without_slivers(given.shapes, &mut notes);
        check(&given, &mut notes)?;
        let beyond = given.iter().flat_map(Shape::coords).any(|c| c.x.abs() > 180.0);
        let (shapes, of_sphere) = on_the_sphere(given)?;
        early.extend(of_sphere);
        let (merged, merging) = merge::merged(shapes);
        early.extend(merging);
        let (shape, simplifying) =
            simplify::simplified(merged.ok_or_else(empty)?).map_err(|_| too_complex())?;
        let (shape, reversing) = turned(shape);
        let (shape, clamping) = clamped(shape);
        early.extend(clamping);
        let turns = shape.coords().iter().filter(|c| c.x.abs() > 180.0).count();
        if beyond && turns > 0 {
            early.push(Repair::Wrapped { values: turns });
        }
        early.extend(simplifying);
        early.extend(reversing);
        let shape = shape.map(|c| Coord { x: rounded(c.x), y: rounded(c.y) });
        Ok(Self::asked(shape, early, notes))
    }

    /// The area of a finished shape.
    fn asked(shape: Shape, mut repairs: Vec<Repair>, notes: Vec<String>) -> Self {
        let (shape, (key, value)) = match shape {
            Shape::Point(at) => (Shape::Point(at), ("point", list(&[sphere::wrapped(at)]))),
            Shape::Line(coords) => {
                let value = list(&wrapped(&sphere::short_steps(&coords)));
                (Shape::Line(coords), ("line", value))
            }
            Shape::Outline(ring) if is_rectangle(&ring) => {
                let value = bounding_box(Extent::of(&ring));
                (Shape::Outline(ring), ("bounding_box", value))
            }
            Shape::Outline(ring) if Extent::of(&ring).width() >= 360.0 => {
                match sphere::line_around_pole(&ring) {
                    Some(mut line) => {
                        line = sphere::short_steps(&line);
                        line.pop();
                        line.extend(line.first().copied());
                        let value = list(&wrapped(&line));
                        (Shape::Outline(ring), ("polygon", value))
                    }
                    None => {
                        repairs.push(Repair::BoundingBox);
                        let extent = Extent { west: -180.0, east: 180.0, ..Extent::of(&ring) };
                        (Shape::Outline(corners(extent)), ("bounding_box", bounding_box(extent)))
                    }
                }
            }
            Shape::Outline(ring) => {
                let value = list(&wrapped(&sphere::short_steps(&ring)));
                (Shape::Outline(ring), ("polygon", value))
            }
        };
        Self { shape, repairs, notes, key, value }
    }
}

/// The area within a box.
impl From<LonLatBox> for Area {
    fn from(edges: LonLatBox) -> Self {
        let extent = Extent {
            west: edges.west(),
            south: edges.south(),
            east: edges.west() + edges.width(),
            north: edges.north(),
        };
        // Asked for as the box that it is, whatever its size: no shape of it is simpler.
        let value = [edges.west(), edges.south(), edges.east(), edges.north()]
            .map(|edge| short(edge + 0.0))
            .join(",");
        Self {
            shape: Shape::Outline(corners(extent)),
            repairs: Vec::new(),
            notes: Vec::new(),
            key: "bounding_box",
            value,
        }
    }
}

fn corners(extent: Extent) -> Vec<Coord<f64>> {
    let Extent { west, south, east, north } = extent;
    [(west, south), (east, south), (east, north), (west, north), (west, south)].map(Coord::from).to_vec()
}

fn unusable(why: impl Into<String>) -> Error {
    Error::usage("the area (intersects_with) cannot be used").because(why.into())
}

/// The error for coordinates that are in another system than they must be.
fn other_system(name: &str) -> Error {
    unusable(format!("its coordinates are in {name}, not longitude and latitude on WGS 84"))
        .with_hint("convert it first: ogr2ogr -f GeoJSON -t_srs EPSG:4326 area.geojson FILE")
}

fn empty() -> Error {
    unusable("it is empty").with_hint("give a point, line or polygon, in longitude and latitude")
}

fn too_complex() -> Error {
    unusable("its outline cannot be simplified to 300 vertices")
        .with_hint("search for its bounding box, or a hull")
}

fn flawed(flaw: Flaw) -> Error {
    match flaw {
        Flaw::TooFewVertices => unusable("an outline has fewer than three vertices"),
        Flaw::TooTangled => {
            unusable("an outline is too long and tangled to be checked").with_hint("simplify it first")
        }
        Flaw::Crosses => unusable("an outline crosses or touches itself")
            .with_hint("list the vertices in order around the area"),
    }
}

/// Of several shapes, those that are no polygons by having no area are left out: files hold such.
fn without_slivers(shapes: Vec<Shape>, notes: &mut Vec<String>) -> Vec<Shape> {
    let is_sliver = |shape: &Shape| match shape {
        Shape::Outline(ring) => matches!(merge::hull(ring), Some(Shape::Point(_) | Shape::Line(_))),
        _ => false,
    };
    let (slivers, kept): (Vec<Shape>, Vec<Shape>) = shapes.into_iter().partition(is_sliver);
    if kept.is_empty() {
        return slivers;
    }
    if !slivers.is_empty() {
        notes.push(match slivers.len() {
            1 => "a polygon of the area has no extent itself and was left out".to_owned(),
            several => format!("{several} polygons of the area have no extent themselves and were left out"),
        });
    }
    kept
}

/// Whether the coordinates are such, in degrees, and outlines closed.
fn check(shapes: &[Shape], notes: &mut Vec<String>) -> Result<()> {
    for shape in shapes {
        if let Some(c) = shape.coords().iter().find(|c| !c.x.is_finite() || !c.y.is_finite()) {
            return Err(unusable(format!("the vertex {} {} is no place", c.x, c.y)));
        }
        let (first, last) = (shape.coords().first(), shape.coords().last());
        if let (Shape::Outline(_), Some(first), Some(last), true) = (shape, first, last, first != last) {
            let why = format!(
                "its outline is not closed: it begins at {} {} and ends at {} {}",
                first.x, first.y, last.x, last.y
            );
            return Err(unusable(why).with_hint("repeat the first vertex at the end"));
        }
        if matches!(shape, Shape::Line(coords) if coords.iter().all(|c| Some(c) == first)) {
            return Err(unusable("the line has only one point").with_hint("give a POINT"));
        }
    }
    let all = || shapes.iter().flat_map(Shape::coords);
    // Map projections reach from some metres to once around the Earth; what is beyond is a placeholder, and clamped
    // as asf_search's own tests want it.
    let metres = |number: f64| (1000.0..=5e7).contains(&number.abs());
    if let Some(c) = all().find(|c| metres(c.x) || metres(c.y)) {
        return Err(unusable(format!("the vertex {} {} is not on the Earth", c.x, c.y))
            .with_hint("coordinates are longitude and latitude in degrees (WGS 84), not metres"));
    }
    if all().any(|c| c.y.abs() > 100.0) && all().all(|c| c.x.abs() <= 90.0 && c.y.abs() <= 180.0) {
        notes.push("longitude comes first in an area; longitude and latitude may be exchanged".to_owned());
    }
    Ok(())
}

/// The shapes with longitudes that go on, each checked, moved together by whole turns.
fn on_the_sphere(shapes: Vec<Shape>) -> Result<(Vec<Shape>, Option<Repair>)> {
    let (mut result, mut repair) = (Vec::with_capacity(shapes.len()), None);
    for shape in shapes {
        let (shape, done) = sphere::unrolled(shape).map_err(flawed)?;
        result.push(shape);
        repair = repair.or(done);
    }
    let (result, moved) = sphere::gathered(result);
    Ok((result, repair.or(moved.then_some(Repair::AcrossAntimeridian))))
}

/// An outline counter-clockwise.
fn turned(shape: Shape) -> (Shape, Option<Repair>) {
    match shape {
        Shape::Outline(mut ring) if doubled_area(&ring) < 0.0 => {
            ring.reverse();
            (Shape::Outline(ring), Some(Repair::Reversed))
        }
        shape => (shape, None),
    }
}

/// Latitudes within ±90.
fn clamped(shape: Shape) -> (Shape, Vec<Repair>) {
    let values = shape.coords().iter().filter(|c| c.y.abs() > 90.0).count();
    if values == 0 {
        return (shape, Vec::new());
    }
    let mut repairs = vec![Repair::Clamped { values }];
    let clamped = shape.map(|c| Coord { x: c.x, y: c.y.clamp(-90.0, 90.0) });
    if let Some((smaller, repair)) = simplify::small(&clamped) {
        repairs.push(repair);
        return (smaller, repairs);
    }
    let is_sound = |shape: &Shape| !matches!(shape, Shape::Outline(ring) if flaw(ring).is_some());
    if is_sound(&clamped) {
        return (clamped, repairs);
    }
    // With its vertices moved the outline crosses itself; cut off at the pole it does not, unless it falls apart.
    if let Some(cut) = merge::between_poles(&shape).filter(is_sound) {
        return (cut, repairs);
    }
    match merge::hull(clamped.coords()) {
        Some(hull) => {
            repairs.push(Repair::HullOfClamped);
            (turned(hull).0, repairs)
        }
        None => (clamped, repairs),
    }
}

fn bounding_box(extent: Extent) -> String {
    let (west, east) = sphere::sides(&extent);
    [west, extent.south, east, extent.north].map(short).join(",")
}

fn wrapped(coords: &[Coord<f64>]) -> Vec<Coord<f64>> {
    coords.iter().map(|c| sphere::wrapped(*c)).collect()
}

/// The shortest decimal without exponent, with at least one place: `41.0`.
pub(super) fn short(number: f64) -> String {
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// `lon,lat,…` with 16 places, as asf_search writes vertices.
fn list(coords: &[Coord<f64>]) -> String {
    coords.iter().map(|c| format!("{:.16},{:.16}", c.x, c.y)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
