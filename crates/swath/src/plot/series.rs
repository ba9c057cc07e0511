use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Scale;
use super::axis::{grouped, label, ticks};
use super::canvas::{
    Align, BLUE, CAPTION, Canvas, FRAME, GRID, Ink, NUMBER, QUIET, SUBTITLE, Style, TITLE, Type, VERMILION,
    WHITE, faded,
};
use crate::error::{Error, Result};

/// One acquisition of a time series: when, and the figures of the window, linear.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesPoint {
    /// When the acquisition began.
    pub time: Timestamp,
    /// The mean of the valid pixels; `None` when there was none.
    pub mean: Option<f64>,
    /// Their standard deviation.
    pub std: Option<f64>,
    /// How many pixels count.
    pub n_valid: u64,
    /// How many pixels the window has.
    pub n_total: u64,
}

/// A time series as a picture: a marker for every acquisition, joined where no more than 36 days lie between, the band
/// of one standard deviation, and below it how many pixels were valid.
///
/// Means are drawn in decibel or as they are ([`Scale`]). A marker is hollow when less than 80 % of its pixels are
/// valid; an acquisition without a value has a cross above the axis. Vertical lines are 12 days apart, NISAR's repeat.
///
/// ```
/// use swath::plot::{SeriesPlot, SeriesPoint};
///
/// let point = |day: &str, mean| SeriesPoint {
///     time: format!("{day}T02:46:18Z").parse().unwrap(),
///     mean: Some(mean),
///     std: Some(0.02),
///     n_valid: 4588,
///     n_total: 4588,
/// };
/// let points = [point("2025-11-22", 0.0750), point("2025-12-04", 0.0713), point("2025-12-16", 0.0698)];
/// let mut plot = SeriesPlot::new(&points);
/// plot.title = "Mean backscatter of the window";
/// plot.layer = "HHHH";
/// plot.place = "track 172 ascending, frame 8";
/// assert_eq!(&plot.png()?[1..4], b"PNG");
/// # Ok::<(), swath::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SeriesPlot<'a> {
    /// The acquisitions, in any order.
    pub points: &'a [SeriesPoint],
    /// The first line above the plot.
    pub title: &'a str,
    /// The layer, such as `HHHH`; names the vertical axis.
    pub layer: &'a str,
    /// Where this is: track, direction, frame.
    pub place: &'a str,
    /// Whether means are linear power to be shown in decibel, or shown as they are.
    pub scale: Scale,
    /// The unit of the vertical axis when the scale is linear.
    pub unit: &'a str,
    /// Whether the band of one standard deviation is drawn.
    pub band: bool,
}

const WIDTH: f32 = 960.0;
const HEIGHT: f32 = 500.0;
const LEFT: f32 = 70.0;
const RIGHT: f32 = 932.0;
const TOP: f32 = 96.0;
const BOTTOM: f32 = 358.0;
const STRIP_TOP: f32 = 386.0;
const STRIP_BOTTOM: f32 = 426.0;

const DAY: f64 = 86_400.0;
/// NISAR sees a place again after 12 days.
const REPEAT: f64 = 12.0 * DAY;
/// A longer gap is not joined: half a day of slack, since orbits keep time to seconds only.
const LONGEST_GAP: f64 = 36.5 * DAY;
/// Below this share of valid pixels a marker is hollow.
const MOSTLY_VALID: f64 = 0.8;
/// The least room of a date below the axis.
const DATE_ROOM: f32 = 56.0;

impl<'a> SeriesPlot<'a> {
    /// A plot of these acquisitions in decibel, with the band, without title.
    pub fn new(points: &'a [SeriesPoint]) -> Self {
        Self { points, title: "", layer: "", place: "", scale: Scale::Decibel, unit: "", band: true }
    }

    /// The picture as PNG.
    ///
    /// # Errors
    /// A usage error when there is no acquisition.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut sorted: Vec<SeriesPoint> = self.points.to_vec();
        sorted.sort_by_key(|point| point.time);
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
            return Err(Error::usage("a time series without acquisitions has no picture"));
        };
        let time = TimeAxis::of(first.time, last.time);
        let value = ValueAxis::of(self, &sorted);
        let mut canvas = Canvas::new(WIDTH, HEIGHT, Type::new()?)?;
        self.draw_heading(&mut canvas);
        time.draw(&mut canvas);
        value.draw(&mut canvas);
        let sheet = Sheet { plot: self, points: &sorted, time: &time, value: &value };
        sheet.draw_values(&mut canvas);
        sheet.draw_strip(&mut canvas);
        sheet.draw_legend(&mut canvas);
        canvas.png()
    }

    fn draw_heading(&self, canvas: &mut Canvas) {
        let room = RIGHT - 24.0;
        let title = canvas.text_type().fitted(self.title, TITLE, room);
        canvas.text(&title, (24.0, 34.0), Align::Left, TITLE);
        let place = canvas.text_type().fitted(self.place, SUBTITLE, room);
        canvas.text(&place, (24.0, 53.0), Align::Left, SUBTITLE);
        let caption = canvas.text_type().fitted(&self.axis_caption(), CAPTION, 460.0);
        canvas.text(&caption, (24.0, 82.0), Align::Left, CAPTION);
    }

    /// What the vertical axis shows.
    fn axis_caption(&self) -> String {
        let layer = if self.layer.is_empty() { "mean" } else { self.layer };
        match (self.scale, self.unit) {
            (Scale::Decibel, _) => format!("{layer} in dB, of the mean linear power"),
            (Scale::Linear, "") => format!("{layer}, mean"),
            (Scale::Linear, unit) => format!("{layer} in {unit}, mean"),
        }
    }

    /// The ends of a point's band on the axis; the lower is `None` where it lies below all the axis can show.
    fn band_of(&self, point: &SeriesPoint) -> Option<(Option<f64>, f64)> {
        let (mean, std) = (point.mean?, point.std.filter(|_| self.band)?);
        Some((self.scale.place(mean - std), self.scale.place(mean + std)?))
    }
}

/// The horizontal axis: seconds since 1970 along the width of the plot.
struct TimeAxis {
    start: f64,
    end: f64,
    first: f64,
    last: f64,
}

impl TimeAxis {
    fn of(first: Timestamp, last: Timestamp) -> Self {
        let (first, last) = (first.as_second() as f64, last.as_second() as f64);
        let pad = ((last - first) * 0.03).max(REPEAT / 2.0);
        Self { start: first - pad, end: last + pad, first, last }
    }

    fn x(&self, seconds: f64) -> f32 {
        LEFT + ((seconds - self.start) / (self.end - self.start)) as f32 * (RIGHT - LEFT)
    }

    /// Grid lines 12 days apart from the first acquisition on, or a multiple of 12 where they would crowd, and a date
    /// at those that have room for one.
    fn draw(&self, canvas: &mut Canvas) {
        let width_of_repeat = f64::from(RIGHT - LEFT) * REPEAT / (self.end - self.start);
        let repeats_per_line = (8.0 / width_of_repeat).ceil().max(1.0);
        let lines_per_date =
            (f64::from(DATE_ROOM) / (width_of_repeat * repeats_per_line)).ceil().max(1.0) as u64;
        let step = repeats_per_line * REPEAT;
        let count = ((self.last - self.first) / step).floor() as u64;
        let mut year = None;
        for index in 0..=count {
            let seconds = self.first + index as f64 * step;
            let x = self.x(seconds);
            let dated = index % lines_per_date == 0;
            canvas.hairline((x, TOP), (x, BOTTOM), GRID);
            canvas.hairline((x, BOTTOM), (x, BOTTOM + if dated { 5.0 } else { 3.0 }), FRAME);
            canvas.hairline((x, STRIP_TOP), (x, STRIP_BOTTOM), GRID);
            canvas.hairline((x, STRIP_BOTTOM), (x, STRIP_BOTTOM + if dated { 5.0 } else { 3.0 }), FRAME);
            if dated {
                draw_date(canvas, x, seconds, &mut year);
            }
        }
        let note = format!("dates in UTC; a line every {} days", grouped(12 * repeats_per_line as u64));
        canvas.text(&note, (RIGHT, HEIGHT - 18.0), Align::Right, NUMBER);
    }
}

/// Day and month below the axis, and the year where it is the first or a new one.
fn draw_date(canvas: &mut Canvas, x: f32, seconds: f64, year: &mut Option<i16>) {
    let Ok(time) = Timestamp::from_second(seconds as i64) else { return };
    let date = time.to_zoned(TimeZone::UTC).date();
    let text = date.strftime("%-d %b").to_string();
    canvas.text(&text, (x, STRIP_BOTTOM + 18.0), Align::Centre, NUMBER);
    if *year != Some(date.year()) {
        let strong = Style { strong: true, ..NUMBER };
        canvas.text(&date.year().to_string(), (x, STRIP_BOTTOM + 32.0), Align::Centre, strong);
        *year = Some(date.year());
    }
}

/// The vertical axis of the means.
struct ValueAxis {
    low: f64,
    high: f64,
    /// Whether there is no value to show; then numbers along the axis would mean nothing.
    is_empty: bool,
}

impl ValueAxis {
    /// All means and the upper ends of the bands, with room around. The lower ends may fall without bound in decibel,
    /// so they get as much room as the upper ones have.
    fn of(plot: &SeriesPlot<'_>, points: &[SeriesPoint]) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for point in points {
            let Some(mean) = point.mean.and_then(|mean| plot.scale.place(mean)) else { continue };
            let (bottom, top) = match plot.band_of(point) {
                Some((bottom, top)) => {
                    (bottom.unwrap_or(f64::NEG_INFINITY).max(mean - 2.0 * (top - mean)), top)
                }
                None => (mean, mean),
            };
            low = low.min(bottom);
            high = high.max(top);
        }
        let is_empty = low > high;
        if is_empty {
            (low, high) = (0.0, 1.0);
        }
        let least = match plot.scale {
            Scale::Linear if low != 0.0 || high != 0.0 => low.abs().max(high.abs()) * 0.05,
            _ => 1.0,
        };
        let pad = ((high - low) * 0.08).max((least - (high - low)) / 2.0);
        Self { low: low - pad, high: high + pad, is_empty }
    }

    fn y(&self, value: f64) -> f32 {
        let place = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        BOTTOM - place as f32 * (BOTTOM - TOP)
    }

    fn draw(&self, canvas: &mut Canvas) {
        let (marks, step) = ticks(self.low, self.high, 6);
        for mark in marks.into_iter().filter(|_| !self.is_empty) {
            let y = self.y(mark);
            canvas.hairline((LEFT, y), (RIGHT, y), GRID);
            canvas.text(&label(mark, step), (LEFT - 8.0, y + 3.6), Align::Right, NUMBER);
        }
        canvas.frame((LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP), FRAME);
    }
}

/// What is drawn on the axes.
struct Sheet<'a> {
    plot: &'a SeriesPlot<'a>,
    points: &'a [SeriesPoint],
    time: &'a TimeAxis,
    value: &'a ValueAxis,
}

impl Sheet<'_> {
    fn x(&self, point: &SeriesPoint) -> f32 {
        self.time.x(point.time.as_second() as f64)
    }

    fn place(&self, point: &SeriesPoint) -> Option<f64> {
        point.mean.and_then(|mean| self.plot.scale.place(mean))
    }

    /// The acquisitions with a mean, in runs without a long gap.
    fn runs(&self) -> Vec<Vec<SeriesPoint>> {
        let mut runs: Vec<Vec<SeriesPoint>> = Vec::new();
        for point in self.points.iter().filter(|point| self.place(point).is_some()) {
            let joined = runs.last().and_then(|run| run.last()).is_some_and(|before| {
                (point.time.as_second() - before.time.as_second()) as f64 <= LONGEST_GAP
            });
            match runs.last_mut() {
                Some(run) if joined => run.push(*point),
                _ => runs.push(vec![*point]),
            }
        }
        runs
    }

    fn draw_values(&self, canvas: &mut Canvas) {
        let runs = self.runs();
        for run in &runs {
            self.draw_band(canvas, run);
        }
        for run in &runs {
            let line: Vec<(f32, f32)> = run
                .iter()
                .filter_map(|point| Some((self.x(point), self.value.y(self.place(point)?))))
                .collect();
            canvas.line(&line, 1.8, BLUE);
        }
        // Many markers get smaller, so that they do not run into each other.
        let radius = (280.0 / self.points.len() as f32).clamp(2.2, 4.2);
        for point in self.points {
            match self.place(point) {
                Some(place) => {
                    let fill = if is_mostly_valid(point) { BLUE } else { WHITE };
                    canvas.disc((self.x(point), self.value.y(place)), radius, fill, BLUE);
                }
                None => cross(canvas, (self.x(point), BOTTOM - 9.0), VERMILION),
            }
        }
    }

    /// The band of a run of points: an area through their ends, or a bar when there is one point alone.
    fn draw_band(&self, canvas: &mut Canvas, run: &[SeriesPoint]) {
        let ends: Vec<(f32, f32, f32)> = run
            .iter()
            .filter_map(|point| {
                let (bottom, top) = self.plot.band_of(point)?;
                let bottom = bottom.unwrap_or(f64::NEG_INFINITY);
                Some((self.x(point), self.value.y(bottom), self.value.y(top)))
            })
            .collect();
        if let [(x, bottom, top)] = ends[..] {
            canvas.rectangle((x - 4.0, top, 8.0, bottom - top), faded(BLUE, 40));
            return;
        }
        let upper = ends.iter().map(|&(x, _, top)| (x, top));
        let lower = ends.iter().rev().map(|&(x, bottom, _)| (x, bottom));
        canvas.polygon(&upper.chain(lower).collect::<Vec<_>>(), faded(BLUE, 40));
    }

    /// Bars of the share of valid pixels.
    fn draw_strip(&self, canvas: &mut Canvas) {
        let height = STRIP_BOTTOM - STRIP_TOP;
        let narrowest = self.points.windows(2).map(|pair| self.x(&pair[1]) - self.x(&pair[0]));
        let width = narrowest.filter(|gap| *gap > 0.5).fold(14.0_f32, f32::min).clamp(1.5, 9.0);
        for point in self.points {
            let Some(share) = valid_share(point) else { continue };
            let bar = height * share as f32;
            let ink = if is_mostly_valid(point) { faded(BLUE, 150) } else { faded(VERMILION, 170) };
            canvas.rectangle((self.x(point) - width / 2.0, STRIP_BOTTOM - bar, width, bar), ink);
        }
        canvas.frame((LEFT, STRIP_TOP, RIGHT - LEFT, height), FRAME);
        canvas.text(&self.strip_caption(), (24.0, STRIP_TOP - 9.0), Align::Left, CAPTION);
        canvas.text("100 %", (LEFT - 8.0, STRIP_TOP + 7.0), Align::Right, NUMBER);
        canvas.text("0", (LEFT - 8.0, STRIP_BOTTOM), Align::Right, NUMBER);
    }

    fn strip_caption(&self) -> String {
        let most = self.points.iter().map(|point| point.n_total).max().unwrap_or(0);
        match self.points.iter().all(|point| point.n_total == most) {
            true => format!("valid pixels, of {}", grouped(most)),
            false => format!("valid pixels, of up to {}", grouped(most)),
        }
    }

    /// What the marks mean, from the right: only of marks that are there.
    fn draw_legend(&self, canvas: &mut Canvas) {
        let (y, mut right) = (82.0, RIGHT);
        let mut entry = |canvas: &mut Canvas, text: &str, mark: &dyn Fn(&mut Canvas, f32)| {
            let width = canvas.text_type().width(text, NUMBER);
            canvas.text(text, (right - width, y), Align::Left, NUMBER);
            mark(canvas, right - width - 13.0);
            right -= width + 38.0;
        };
        let middle = y - 3.6;
        let has = |test: &dyn Fn(&SeriesPoint) -> bool| self.points.iter().any(test);
        if has(&|point| self.place(point).is_none()) {
            entry(canvas, "no value", &|canvas, x| cross(canvas, (x, middle), VERMILION));
        }
        if has(&|point| self.place(point).is_some() && !is_mostly_valid(point)) {
            entry(canvas, "less than 80 % valid", &|canvas, x| canvas.disc((x, middle), 3.6, WHITE, BLUE));
        }
        if has(&|point| self.plot.band_of(point).is_some() && self.place(point).is_some()) {
            entry(canvas, "± 1 standard deviation of the pixels", &|canvas, x| {
                canvas.rectangle((x - 9.0, middle - 5.0, 18.0, 10.0), faded(BLUE, 40));
            });
        }
        if has(&|point| self.place(point).is_some()) {
            entry(canvas, "mean", &|canvas, x| {
                canvas.line(&[(x - 9.0, middle), (x + 9.0, middle)], 1.8, BLUE);
                canvas.disc((x, middle), 3.6, BLUE, BLUE);
            });
        } else {
            let middle = ((LEFT + RIGHT) / 2.0, (TOP + BOTTOM) / 2.0);
            let style = Style { ink: QUIET, ..TITLE };
            canvas.text("no acquisition has a value here", middle, Align::Centre, style);
        }
    }
}

fn valid_share(point: &SeriesPoint) -> Option<f64> {
    (point.n_total > 0).then(|| (point.n_valid as f64 / point.n_total as f64).min(1.0))
}

fn is_mostly_valid(point: &SeriesPoint) -> bool {
    valid_share(point).is_some_and(|share| share >= MOSTLY_VALID)
}

fn cross(canvas: &mut Canvas, (x, y): (f32, f32), ink: Ink) {
    canvas.line(&[(x - 4.0, y - 4.0), (x + 4.0, y + 4.0)], 1.6, ink);
    canvas.line(&[(x - 4.0, y + 4.0), (x + 4.0, y - 4.0)], 1.6, ink);
}
