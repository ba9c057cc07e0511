//! A sheet to draw on: lines, rectangles, discs and text, in points, anti-aliased.

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform,
};

use crate::error::{Error, ErrorKind, Result};

/// Pixels to a point: pictures are drawn for screens of double density.
pub(super) const DENSITY: f32 = 2.0;
/// A point is 1/72 inch, so 2 pixels a point are 5,669 pixels a metre.
const PIXELS_PER_METRE: u32 = (72.0 * DENSITY as f64 / 0.0254) as u32;

/// A colour: red, green, blue, opacity.
pub(super) type Ink = [u8; 4];

pub(super) const WHITE: Ink = [255, 255, 255, 255];
/// Titles and values.
pub(super) const TEXT: Ink = [27, 31, 36, 255];
/// Notes and axis numbers.
pub(super) const QUIET: Ink = [87, 96, 106, 255];
/// Frames and ticks.
pub(super) const FRAME: Ink = [140, 149, 159, 255];
/// Grid lines.
pub(super) const GRID: Ink = [232, 235, 239, 255];
/// Okabe and Ito's blue.
pub(super) const BLUE: Ink = [0, 114, 178, 255];
/// Okabe and Ito's vermilion.
pub(super) const VERMILION: Ink = [213, 94, 0, 255];

/// The same colour, less opaque.
pub(super) fn faded(ink: Ink, opacity: u8) -> Ink {
    [ink[0], ink[1], ink[2], opacity]
}

/// Which side of a text its position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// How a text is set: size in points, colour, and whether it is emboldened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) ink: Ink,
    pub(super) strong: bool,
}

pub(super) const TITLE: Style = Style { size: 16.0, ink: TEXT, strong: true };
pub(super) const SUBTITLE: Style = Style { size: 11.5, ink: QUIET, strong: false };
pub(super) const NUMBER: Style = Style { size: 10.5, ink: QUIET, strong: false };
pub(super) const CAPTION: Style = Style { size: 10.5, ink: TEXT, strong: false };

/// The font of all pictures.
pub(super) struct Type {
    font: FontRef<'static>,
    per_em: f32,
}

impl Type {
    pub(super) fn new() -> Result<Self> {
        let broken = || Error::new(ErrorKind::Internal, "the font of the pictures cannot be read");
        let font = FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT)
            .map_err(|reason| broken().because(reason))?;
        let per_em = font.units_per_em().ok_or_else(broken)?;
        Ok(Self { font, per_em })
    }

    /// The width of a text in points.
    pub(super) fn width(&self, text: &str, style: Style) -> f32 {
        self.placed(text).last().map_or(0.0, |(_, _, end)| end) * style.size / self.per_em
    }

    /// The text, cut short with an ellipsis when it is wider than `width` points.
    pub(super) fn fitted(&self, text: &str, style: Style, width: f32) -> String {
        if self.width(text, style) <= width {
            return text.to_owned();
        }
        let mut kept: Vec<char> = text.chars().collect();
        while kept.pop().is_some() {
            let short: String = kept.iter().chain(['…'].iter()).collect();
            if self.width(&short, style) <= width {
                return short;
            }
        }
        String::new()
    }

    /// The text broken at blanks into lines of at most `width` points.
    pub(super) fn wrapped(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}"), style) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines.iter().map(|line| self.fitted(line, style, width)).collect()
    }

    /// Each glyph with where it begins and ends, in font units.
    fn placed(&self, text: &str) -> impl Iterator<Item = (GlyphId, f32, f32)> + use<'_> {
        let glyphs: Vec<GlyphId> = text.chars().map(|letter| self.font.glyph_id(letter)).collect();
        let mut x = 0.0;
        let mut before: Option<GlyphId> = None;
        glyphs.into_iter().map(move |glyph| {
            x += before.map_or(0.0, |last| self.font.kern_unscaled(last, glyph));
            let start = x;
            x += self.font.h_advance_unscaled(glyph);
            before = Some(glyph);
            (glyph, start, x)
        })
    }

    /// The outline of a text whose baseline begins at the origin, in points.
    fn outline(&self, text: &str, size: f32) -> Option<Path> {
        let scale = size / self.per_em;
        let mut builder = PathBuilder::new();
        for (glyph, start, _) in self.placed(text) {
            let Some(outline) = self.font.outline(glyph) else { continue };
            let at = |point: ab_glyph::Point| ((start + point.x) * scale, -point.y * scale);
            trace(&mut builder, &outline.curves, at);
        }
        builder.finish()
    }
}

/// Adds a glyph's curves to a path, each closed contour as one.
fn trace(builder: &mut PathBuilder, curves: &[OutlineCurve], at: impl Fn(ab_glyph::Point) -> (f32, f32)) {
    let mut pen: Option<ab_glyph::Point> = None;
    for curve in curves {
        let (start, end) = match *curve {
            OutlineCurve::Line(start, end)
            | OutlineCurve::Quad(start, _, end)
            | OutlineCurve::Cubic(start, _, _, end) => (start, end),
        };
        if pen != Some(start) {
            if pen.is_some() {
                builder.close();
            }
            let (x, y) = at(start);
            builder.move_to(x, y);
        }
        let (x, y) = at(end);
        match *curve {
            OutlineCurve::Line(..) => builder.line_to(x, y),
            OutlineCurve::Quad(_, control, _) => {
                let (cx, cy) = at(control);
                builder.quad_to(cx, cy, x, y);
            }
            OutlineCurve::Cubic(_, first, second, _) => {
                let ((ax, ay), (bx, by)) = (at(first), at(second));
                builder.cubic_to(ax, ay, bx, by, x, y);
            }
        }
        pen = Some(end);
    }
    if pen.is_some() {
        builder.close();
    }
}

/// The sheet. Positions and sizes are points, from the top left corner.
pub(super) struct Canvas {
    pixmap: Pixmap,
    text: Type,
}

impl Canvas {
    /// A white sheet of this size in points.
    pub(super) fn new(width: f32, height: f32, text: Type) -> Result<Self> {
        let pixels = |points: f32| (points * DENSITY).round() as u32;
        let mut pixmap = Pixmap::new(pixels(width), pixels(height)).ok_or_else(|| {
            Error::new(
                ErrorKind::Internal,
                format!("a picture of {width} by {height} points cannot be drawn"),
            )
        })?;
        pixmap.fill(Color::WHITE);
        Ok(Self { pixmap, text })
    }

    /// The font, to measure with.
    pub(super) fn text_type(&self) -> &Type {
        &self.text
    }

    /// A text whose baseline lies at `y`.
    pub(super) fn text(&mut self, text: &str, (x, y): (f32, f32), align: Align, style: Style) {
        let shift = match align {
            Align::Left => 0.0,
            Align::Centre => self.text.width(text, style) / 2.0,
            Align::Right => self.text.width(text, style),
        };
        let Some(path) = self.text.outline(text, style.size) else { return };
        let place = Transform::from_translate(x - shift, y).post_scale(DENSITY, DENSITY);
        self.pixmap.fill_path(&path, &paint(style.ink), FillRule::Winding, place, None);
        if style.strong {
            let stroke =
                Stroke { width: style.size * 0.035, line_join: LineJoin::Round, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &paint(style.ink), &stroke, place, None);
        }
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: &[(f32, f32)], width: f32, ink: Ink) {
        self.stroke(polyline(points, false), width, ink);
    }

    /// A straight line along the pixels, thin and sharp.
    pub(super) fn hairline(&mut self, from: (f32, f32), to: (f32, f32), ink: Ink) {
        let sharp = |value: f32| ((value * DENSITY).floor() + 0.5) / DENSITY;
        let points = [(sharp(from.0), sharp(from.1)), (sharp(to.0), sharp(to.1))];
        self.line(&points, 1.0 / DENSITY, ink);
    }

    /// A filled shape with straight edges.
    pub(super) fn polygon(&mut self, points: &[(f32, f32)], ink: Ink) {
        if let Some(path) = polyline(points, true) {
            let place = Transform::from_scale(DENSITY, DENSITY);
            self.pixmap.fill_path(&path, &paint(ink), FillRule::Winding, place, None);
        }
    }

    /// A filled rectangle.
    pub(super) fn rectangle(&mut self, (left, top, width, height): (f32, f32, f32, f32), ink: Ink) {
        if let Some(rect) = Rect::from_xywh(left, top, width, height) {
            self.pixmap.fill_rect(rect, &paint(ink), Transform::from_scale(DENSITY, DENSITY), None);
        }
    }

    /// A thin frame just outside a rectangle.
    pub(super) fn frame(&mut self, (left, top, width, height): (f32, f32, f32, f32), ink: Ink) {
        let half = 0.5 / DENSITY;
        let (right, bottom) = (left + width + half, top + height + half);
        let (left, top) = (left - half, top - half);
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        self.stroke(polyline(&corners, true), 1.0 / DENSITY, ink);
    }

    /// A disc with a rim.
    pub(super) fn disc(&mut self, (x, y): (f32, f32), radius: f32, fill: Ink, rim: Ink) {
        let Some(path) = PathBuilder::from_circle(x, y, radius) else { return };
        let place = Transform::from_scale(DENSITY, DENSITY);
        self.pixmap.fill_path(&path, &paint(fill), FillRule::Winding, place, None);
        self.stroke(Some(path), 1.4, rim);
    }

    /// Puts pixels on the sheet as they are: `pixel(column, row)` for a block whose corner lies at a point.
    pub(super) fn pixels(
        &mut self,
        (x, y): (f32, f32),
        (width, height): (u32, u32),
        pixel: impl Fn(u32, u32) -> [u8; 3],
    ) {
        let (left, top) = ((x * DENSITY).round() as u32, (y * DENSITY).round() as u32);
        let stride = self.pixmap.width();
        let (right, bottom) =
            (left.saturating_add(width).min(stride), top.saturating_add(height).min(self.pixmap.height()));
        let data = self.pixmap.data_mut();
        for row in top..bottom {
            for column in left..right {
                let place = (row as usize * stride as usize + column as usize) * 4;
                let [red, green, blue] = pixel(column - left, row - top);
                data[place..place + 4].copy_from_slice(&[red, green, blue, 255]);
            }
        }
    }

    /// The sheet as PNG: 8-bit RGB, with its density.
    pub(super) fn png(&self) -> Result<Vec<u8>> {
        let failed = |reason: png::EncodingError| {
            Error::new(ErrorKind::Internal, "the picture could not be encoded").because(reason)
        };
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.pixmap.width(), self.pixmap.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let unit = png::Unit::Meter;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: PIXELS_PER_METRE,
            yppu: PIXELS_PER_METRE,
            unit,
        }));
        // Most rows repeat the one above: this filter alone makes as small files as a choice row by row, in half the time.
        encoder.set_filter(png::Filter::Up);
        // The sheet is opaque, so its premultiplied colours are its colours.
        let mut rgb = Vec::with_capacity(self.pixmap.data().len() / 4 * 3);
        for pixel in self.pixmap.data().chunks_exact(4) {
            rgb.extend_from_slice(&pixel[..3]);
        }
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&rgb).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(bytes)
    }

    fn stroke(&mut self, path: Option<Path>, width: f32, ink: Ink) {
        let Some(path) = path else { return };
        let stroke =
            Stroke { width, line_cap: LineCap::Butt, line_join: LineJoin::Round, ..Stroke::default() };
        self.pixmap.stroke_path(&path, &paint(ink), &stroke, Transform::from_scale(DENSITY, DENSITY), None);
    }
}

fn paint(ink: Ink) -> Paint<'static> {
    let mut paint = Paint::default();
    let [red, green, blue, opacity] = ink;
    paint.set_color_rgba8(red, green, blue, opacity);
    paint.anti_alias = true;
    paint
}

/// A path through points; `None` when there are too few.
fn polyline(points: &[(f32, f32)], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        match index {
            0 => builder.move_to(x, y),
            _ => builder.line_to(x, y),
        }
    }
    if closed {
        builder.close();
    }
    builder.finish()
}
