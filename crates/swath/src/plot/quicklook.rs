use super::Scale;
use super::axis::{grouped, label, round_step, ticks};
use super::canvas::{
    Align, CAPTION, Canvas, DENSITY, FRAME, NUMBER, SUBTITLE, TEXT, TITLE, Type, VERMILION, WHITE,
};
use crate::array::{Nodata, Window};
use crate::error::{Error, Result};

/// A picture of one window of one layer, to look at: stretched between the 2nd and the 98th percentile of its valid
/// pixels, nodata hatched, with a bar that tells the values and a text that tells the method.
///
/// A window larger than [`max_size`](Self::max_size) is averaged down by a whole factor, in linear values and over valid
/// pixels only; a smaller one is enlarged by a whole factor, every pixel a square.
///
/// ```
/// use swath::plot::Quicklook;
///
/// let power: Vec<f32> = (0..60 * 74).map(|index| 0.01 + (index % 60) as f32 * 1e-3).collect();
/// let mut quicklook = Quicklook::new(&power, 60, 74);
/// quicklook.title = "2025-11-22 02:46 UTC";
/// quicklook.layer = "HHHH, frequency A, gamma nought";
/// quicklook.pixel_size_m = Some(20.0);
/// let png = quicklook.png()?;
/// assert_eq!(&png[1..4], b"PNG");
/// # Ok::<(), swath::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Quicklook<'a> {
    /// The pixels, row by row from the north-west corner.
    pub values: &'a [f32],
    /// The number of columns.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
    /// Which pixels count.
    pub nodata: Nodata,
    /// The first line above the picture: what it shows, and when.
    pub title: &'a str,
    /// The second line: the layer, the granule.
    pub layer: &'a str,
    /// The side of a pixel in metres; without it there is no scale bar.
    pub pixel_size_m: Option<f64>,
    /// Whether values are linear power to be shown in decibel, or shown as they are.
    pub scale: Scale,
    /// The unit written above the bar when the scale is linear.
    pub unit: &'a str,
    /// The colours.
    pub palette: Palette,
    /// A part of the window to outline.
    pub outline: Option<Window>,
    /// The greatest length of the picture's longer side in screen pixels, frame and text aside: 16 to 8192.
    pub max_size: u32,
}

/// From the lowest value's colour to the highest one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Palette {
    /// Black to white, as radar images are looked at.
    #[default]
    Grey,
    /// Dark blue over green to yellow; even steps look even.
    Viridis,
    /// Dark blue over grey to yellow; the same to any colour vision.
    Cividis,
}

impl Palette {
    /// The colour of a place on the scale, 0 to 1.
    fn colour(self, place: f64) -> [u8; 3] {
        let place = place.clamp(0.0, 1.0);
        match self {
            Self::Grey => [(place * 255.0).round() as u8; 3],
            Self::Viridis => colorous::VIRIDIS.eval_continuous(place).into_array(),
            Self::Cividis => colorous::CIVIDIS.eval_continuous(place).into_array(),
        }
    }
}

/// A small window is enlarged at most this many times: one pixel is a square to see, not a wall.
const MOST_ENLARGED: u32 = 96;
const MARGIN: f32 = 20.0;
const IMAGE_TOP: f32 = 66.0;
const BAR_GAP: f32 = 18.0;
const BAR_WIDTH: f32 = 12.0;
const BAR_ROOM: f32 = 62.0;
const LEAST_WIDTH: f32 = 400.0;
const LEAST_HEIGHT: f32 = 150.0;
const LINE: f32 = 15.0;

impl<'a> Quicklook<'a> {
    /// A quicklook of `height` rows of `width` pixels each, in decibel, grey, without title or scale bar.
    pub fn new(values: &'a [f32], width: usize, height: usize) -> Self {
        Self {
            values,
            width,
            height,
            nodata: Nodata::default(),
            title: "",
            layer: "",
            pixel_size_m: None,
            scale: Scale::Decibel,
            unit: "",
            palette: Palette::Grey,
            outline: None,
            max_size: 1200,
        }
    }

    /// The picture as PNG.
    ///
    /// # Errors
    /// A usage error when the window is empty, the number of values is not width times height, or `max_size` is out of
    /// range.
    pub fn png(&self) -> Result<Vec<u8>> {
        self.check()?;
        let cells = Cells::of(self);
        let stretch = cells.stretch();
        let text = Type::new()?;
        let notes = self.notes(&cells, stretch);
        let layout = Layout::of(self, &cells, &text, &notes);
        let mut canvas = Canvas::new(layout.width, layout.height, text)?;
        self.draw_heading(&mut canvas, &layout);
        self.draw_cells(&mut canvas, &cells, stretch, &layout);
        if let Some(stretch) = stretch {
            self.draw_bar(&mut canvas, stretch, &layout);
        }
        self.draw_scale_bar(&mut canvas, &cells, &layout);
        for (index, line) in layout.notes.iter().enumerate() {
            canvas.text(line, (MARGIN, layout.notes_top + index as f32 * LINE), Align::Left, NUMBER);
        }
        canvas.png()
    }

    fn check(&self) -> Result<()> {
        if self.width == 0 || self.height == 0 {
            return Err(Error::usage("a window without pixels has no picture"));
        }
        if self.width.checked_mul(self.height) != Some(self.values.len()) {
            let count = self.values.len();
            return Err(Error::usage(format!(
                "{count} values are not {} rows of {} pixels",
                self.height, self.width
            )));
        }
        if !(16..=8192).contains(&self.max_size) {
            return Err(Error::usage(format!("a picture of at most {} pixels", self.max_size))
                .with_hint("the greatest size is 16 to 8192 pixels"));
        }
        Ok(())
    }

    /// The texts below the picture.
    fn notes(&self, cells: &Cells, stretch: Option<Stretch>) -> Vec<String> {
        let total = self.values.len() as u64;
        let valid = self.values.iter().filter(|&&pixel| self.nodata.is_valid(pixel)).count() as u64;
        let mut notes = Vec::new();
        let what = if cells.factor > 1 { "means" } else { "pixels" };
        match stretch {
            Some(Stretch { one_value: Some(value), .. }) => {
                notes.push(format!(
                    "2nd and 98th percentile of the valid {what} are one: {}.",
                    self.with_unit(&label(value, 0.01))
                ));
            }
            Some(Stretch { low, high, .. }) => {
                let step = round_step((high - low) / 50.0);
                let span = self.with_unit(&format!("{} to {}", label(low, step), label(high, step)));
                notes.push(format!("Stretch: 2nd to 98th percentile of the valid {what}, {span}."));
            }
            None => {}
        }
        if cells.cells.contains(&Cell::BelowScale) {
            notes.push(format!("Darkest, too: {what} of zero or negative power, which have no decibel."));
        }
        if cells.factor > 1 {
            let (factor, linear) =
                (cells.factor, if self.scale == Scale::Decibel { " of linear power" } else { "" });
            notes.push(format!("Averaged down: each dot is the mean{linear} of {factor} × {factor} pixels."));
        }
        let hatched = if valid < total { "; hatched: no data" } else { "" };
        notes.push(format!("Valid: {} of {} pixels{hatched}.", grouped(valid), grouped(total)));
        notes
    }

    fn with_unit(&self, text: &str) -> String {
        match self.unit() {
            "" => text.to_owned(),
            unit => format!("{text} {unit}"),
        }
    }

    fn unit(&self) -> &'a str {
        match self.scale {
            Scale::Decibel => "dB",
            Scale::Linear => self.unit,
        }
    }

    fn draw_heading(&self, canvas: &mut Canvas, layout: &Layout) {
        let room = layout.width - 2.0 * MARGIN;
        let title = canvas.text_type().fitted(self.title, TITLE, room);
        canvas.text(&title, (MARGIN, 32.0), Align::Left, TITLE);
        let layer = canvas.text_type().fitted(self.layer, SUBTITLE, room);
        canvas.text(&layer, (MARGIN, 51.0), Align::Left, SUBTITLE);
    }

    fn draw_cells(&self, canvas: &mut Canvas, cells: &Cells, stretch: Option<Stretch>, layout: &Layout) {
        let size = (cells.columns * layout.enlarged, cells.rows * layout.enlarged);
        canvas.pixels((MARGIN, IMAGE_TOP), size, |x, y| {
            match (cells.at(x / layout.enlarged, y / layout.enlarged), stretch) {
                (Cell::Value(value), Some(stretch)) => self.palette.colour(stretch.place(value)),
                // Power without decibel is darker than all that has some.
                (Cell::BelowScale, _) => self.palette.colour(0.0),
                _ => hatching(x, y),
            }
        });
        canvas.frame((MARGIN, IMAGE_TOP, layout.image_width, layout.image_height), FRAME);
        if let Some(part) = self.outline {
            let dots = f64::from(layout.enlarged) / (f64::from(cells.factor) * f64::from(DENSITY));
            let place = |pixels: u64| (pixels as f64 * dots) as f32;
            let (left, top) = (MARGIN + place(part.col_off()), IMAGE_TOP + place(part.row_off()));
            let (right, bottom) = (MARGIN + place(part.col_end()), IMAGE_TOP + place(part.row_end()));
            let ring = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
            // White under the colour, so that it is seen on any ground.
            canvas.line(&ring, 3.0, WHITE);
            canvas.line(&ring, 1.4, VERMILION);
        }
    }

    fn draw_bar(&self, canvas: &mut Canvas, stretch: Stretch, layout: &Layout) {
        let left = MARGIN + layout.image_width + BAR_GAP;
        let (top, height) = (IMAGE_TOP + 18.0, layout.bar_height - 18.0);
        canvas.text(self.unit(), (left, IMAGE_TOP + 8.0), Align::Left, CAPTION);
        let pixels = ((BAR_WIDTH * DENSITY) as u32, (height * DENSITY) as u32);
        canvas.pixels((left, top), pixels, |_, row| {
            self.palette.colour(1.0 - (f64::from(row) + 0.5) / f64::from(pixels.1))
        });
        canvas.frame((left, top, BAR_WIDTH, height), FRAME);
        let (marks, step) = ticks(stretch.low, stretch.high, (height / 26.0) as u32);
        for mark in marks {
            let y = top + height * (1.0 - stretch.place(mark) as f32);
            canvas.hairline((left + BAR_WIDTH, y), (left + BAR_WIDTH + 4.0, y), FRAME);
            canvas.text(&label(mark, step), (left + BAR_WIDTH + 8.0, y + 3.6), Align::Left, NUMBER);
        }
    }

    fn draw_scale_bar(&self, canvas: &mut Canvas, cells: &Cells, layout: &Layout) {
        let Some((length, metres)) = self.scale_bar(cells, layout) else { return };
        let y = layout.scale_bar_top;
        canvas.line(&[(MARGIN, y - 3.0), (MARGIN, y + 3.0)], 1.2, TEXT);
        canvas.line(&[(MARGIN + length, y - 3.0), (MARGIN + length, y + 3.0)], 1.2, TEXT);
        canvas.line(&[(MARGIN, y), (MARGIN + length, y)], 1.2, TEXT);
        let text = if metres >= 1000.0 { format!("{} km", metres / 1000.0) } else { format!("{metres} m") };
        canvas.text(&text, (MARGIN + length + 8.0, y + 3.6), Align::Left, CAPTION);
    }

    /// Length in points and in metres of a scale bar: a round number, some fifth to half of the picture.
    fn scale_bar(&self, cells: &Cells, layout: &Layout) -> Option<(f32, f64)> {
        let side = self.pixel_size_m.filter(|side| side.is_finite() && *side > 0.0)?;
        let metres_per_point =
            side * f64::from(cells.factor) * f64::from(DENSITY) / f64::from(layout.enlarged);
        let room = layout.image_width.max(layout.image_height.min(300.0));
        let metres = round_step(metres_per_point * f64::from(room) / 5.0);
        let length = metres / metres_per_point;
        (length.is_finite() && length >= 1.0).then_some((length as f32, metres))
    }
}

/// Where things are, in points.
struct Layout {
    width: f32,
    height: f32,
    image_width: f32,
    image_height: f32,
    bar_height: f32,
    scale_bar_top: f32,
    notes_top: f32,
    notes: Vec<String>,
    /// Screen pixels to a cell.
    enlarged: u32,
}

impl Layout {
    fn of(quicklook: &Quicklook<'_>, cells: &Cells, text: &Type, notes: &[String]) -> Self {
        let enlarged = (quicklook.max_size / cells.columns.max(cells.rows)).clamp(1, MOST_ENLARGED);
        let image_width = (cells.columns * enlarged) as f32 / DENSITY;
        let image_height = (cells.rows * enlarged) as f32 / DENSITY;
        let width = (2.0 * MARGIN + image_width + BAR_GAP + BAR_ROOM).max(LEAST_WIDTH);
        let notes: Vec<String> =
            notes.iter().flat_map(|note| text.wrapped(note, NUMBER, width - 2.0 * MARGIN)).collect();
        let content = image_height.max(LEAST_HEIGHT);
        let scale_bar_top = IMAGE_TOP + image_height + 18.0;
        let scale_bar_room = if quicklook.pixel_size_m.is_some() { 24.0 } else { 0.0 };
        let notes_top = IMAGE_TOP + content.max(image_height + scale_bar_room) + 24.0;
        let height = notes_top + (notes.len() as f32 - 1.0) * LINE + MARGIN;
        let bar_height = content.min(300.0);
        Self {
            width,
            height,
            image_width,
            image_height,
            bar_height,
            scale_bar_top,
            notes_top,
            notes,
            enlarged,
        }
    }
}

/// One dot of the picture: a pixel, or the mean of a square of them.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell {
    Nodata,
    /// A valid value without a place on the scale: power that is not positive.
    BelowScale,
    Value(f64),
}

/// The window, averaged down to what the picture can hold, on its scale.
struct Cells {
    columns: u32,
    rows: u32,
    /// How many pixels went into a cell along each side.
    factor: u32,
    cells: Vec<Cell>,
}

impl Cells {
    fn of(quicklook: &Quicklook<'_>) -> Self {
        let longest = quicklook.width.max(quicklook.height);
        let factor = longest.div_ceil(quicklook.max_size as usize);
        let (columns, rows) = (quicklook.width.div_ceil(factor), quicklook.height.div_ceil(factor));
        let mut cells = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            cells.extend(
                (0..columns).map(|column| mean_of_square(quicklook, factor, row * factor, column * factor)),
            );
        }
        Self { columns: columns as u32, rows: rows as u32, factor: factor as u32, cells }
    }

    fn at(&self, column: u32, row: u32) -> Cell {
        self.cells[row as usize * self.columns as usize + column as usize]
    }

    /// The scale of the picture; `None` without values.
    fn stretch(&self) -> Option<Stretch> {
        let values = self.cells.iter().filter_map(|cell| match cell {
            Cell::Value(value) => Some(*value),
            _ => None,
        });
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let (low, high) = (percentile(&sorted, 0.02)?, percentile(&sorted, 0.98)?);
        let least = low.abs().max(high.abs()).max(1e-30) * 1e-6;
        if high - low > least {
            return Some(Stretch { low, high, one_value: None });
        }
        let room = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
        Some(Stretch { low: low - room, high: high + room, one_value: Some(low) })
    }
}

/// The values of the darkest and the brightest colour.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    low: f64,
    high: f64,
    /// The value in the middle when there is only one, and the ends are set around it.
    one_value: Option<f64>,
}

impl Stretch {
    /// Where a value lies between the two, 0 to 1, and beyond for values beyond.
    fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// The mean of the valid pixels of the square whose first pixel is given, on the scale.
fn mean_of_square(quicklook: &Quicklook<'_>, factor: usize, first_row: usize, first_column: usize) -> Cell {
    let columns = first_column..(first_column + factor).min(quicklook.width);
    let (mut sum, mut count) = (0.0, 0_u32);
    for row in first_row..(first_row + factor).min(quicklook.height) {
        let line = &quicklook.values[row * quicklook.width..][columns.clone()];
        for &pixel in line.iter().filter(|&&pixel| quicklook.nodata.is_valid(pixel)) {
            sum += f64::from(pixel);
            count += 1;
        }
    }
    if count == 0 {
        return Cell::Nodata;
    }
    quicklook.scale.place(sum / f64::from(count)).map_or(Cell::BelowScale, Cell::Value)
}

/// A percentile of sorted values, between two of them in proportion, as numpy's default.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

/// The colour of nodata: light, with slanted lines that no data have.
fn hatching(x: u32, y: u32) -> [u8; 3] {
    if (x + y) % 14 < 2 { [205, 210, 216] } else { [243, 244, 246] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numpys() {
        // numpy.percentile([1, 2, 4, 8, 16], [2, 50, 98]) gives [1.08, 4.0, 15.36].
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (share, wanted) in [(0.02, 1.08), (0.5, 4.0), (0.98, 15.36)] {
            assert!((percentile(&sorted, share).unwrap() - wanted).abs() < 1e-12);
        }
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn means_are_of_linear_power_and_valid_pixels() {
        let values = [1.0, f32::NAN, 10.0, 3.0, 5.0, f32::NAN];
        let mut quicklook = Quicklook::new(&values, 3, 2);
        quicklook.max_size = 16;
        let linear = |first_column| mean_of_square(&quicklook, 2, 0, first_column);
        let Cell::Value(first) = linear(0) else { panic!() };
        assert!((first - 10.0 * 3.0_f64.log10()).abs() < 1e-12);
        assert_eq!(linear(2), Cell::Value(10.0));
        let dark = [0.0, -1.0, f32::NAN];
        let quicklook = Quicklook::new(&dark, 3, 1);
        let cells: Vec<Cell> = (0..3).map(|column| mean_of_square(&quicklook, 1, 0, column)).collect();
        assert_eq!(cells, [Cell::BelowScale, Cell::BelowScale, Cell::Nodata]);
    }

    #[test]
    fn large_windows_are_averaged_and_small_ones_enlarged() {
        let values = vec![1.0_f32; 50 * 33];
        let mut quicklook = Quicklook::new(&values, 50, 33);
        quicklook.max_size = 16;
        let cells = Cells::of(&quicklook);
        assert_eq!((cells.factor, cells.columns, cells.rows, cells.cells.len()), (4, 13, 9, 117));
        quicklook.max_size = 1200;
        let cells = Cells::of(&quicklook);
        let layout = Layout::of(&quicklook, &cells, &Type::new().unwrap(), &[]);
        assert_eq!((cells.factor, layout.enlarged), (1, 24));
    }

    #[test]
    fn a_flat_picture_still_has_a_scale() {
        let values = [0.1_f32; 9];
        let stretch = Cells::of(&Quicklook::new(&values, 3, 3)).stretch().unwrap();
        assert!((stretch.one_value.unwrap() + 10.0).abs() < 1e-6);
        assert!((stretch.high - stretch.low - 1.0).abs() < 1e-6 && (stretch.place(-10.0) - 0.5).abs() < 1e-6);
    }
}
