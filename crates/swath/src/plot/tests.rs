//! Pictures: decoded again, and, with `SWATH_PLOT_DIR` set, kept there to be looked at.

use jiff::Timestamp;

use super::*;

/// Width, height and pixels of a PNG; a copy goes to `SWATH_PLOT_DIR`.
fn decoded(name: &str, png: &[u8]) -> (u32, u32, Vec<u8>) {
    if let Ok(folder) = std::env::var("SWATH_PLOT_DIR") {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), png).unwrap();
    }
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    (info.width, info.height, pixels)
}

fn count(pixels: &[u8], test: impl Fn(&[u8]) -> bool) -> usize {
    pixels.chunks_exact(3).filter(|pixel| test(pixel)).count()
}

/// A number from 0 to 1 that looks random and is the same every time.
fn noise(index: u64) -> f64 {
    let mixed = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A field with a river, speckled, and a corner without data.
fn scene(width: usize, height: usize) -> Vec<f32> {
    let pixel = |row: usize, column: usize| {
        let (x, y) = (column as f64 / width as f64, row as f64 / height as f64);
        if x + (1.0 - y) > 1.75 {
            return f32::NAN;
        }
        let river = ((y - 0.5 - 0.2 * (x * 9.0).sin()) * 14.0).abs() < 1.0;
        let level = if river { 0.004 } else { 0.05 + 0.08 * (x * 5.0).sin().abs() * y };
        let speckle: f64 =
            (0..4).map(|look| -noise((row * width + column) as u64 * 4 + look).max(1e-9).ln()).sum();
        (level * speckle / 4.0) as f32
    };
    (0..height).flat_map(|row| (0..width).map(move |column| pixel(row, column))).collect()
}

#[test]
fn a_small_window_is_enlarged_and_framed() {
    let values = scene(62, 74);
    let mut quicklook = Quicklook::new(&values, 62, 74);
    quicklook.title = "22 November 2025, 02:46 UTC";
    quicklook.layer = "HHHH, frequency A · NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";
    quicklook.pixel_size_m = Some(20.0);
    let (width, height, pixels) = decoded("quicklook-small", &quicklook.png().unwrap());
    // 74 rows enlarged 16 times, and room for heading and notes.
    assert!(width > 62 * 16 && height > 74 * 16 + 200, "{width} {height}");
    assert!(
        count(&pixels, |pixel| pixel == [0, 0, 0]) > 1000
            && count(&pixels, |pixel| pixel == [205, 210, 216]) > 1000
    );
    assert_eq!(quicklook.png().unwrap(), quicklook.png().unwrap());
}

#[test]
fn a_large_window_is_averaged_down() {
    let values = scene(1300, 900);
    let mut quicklook = Quicklook::new(&values, 1300, 900);
    (quicklook.title, quicklook.layer) = ("A window of 1300 × 900 pixels", "HVHV, frequency A");
    quicklook.pixel_size_m = Some(20.0);
    let (width, height, _) = decoded("quicklook-large", &quicklook.png().unwrap());
    // Every dot is the mean of two by two pixels.
    assert!(width < 650 + 250 && height < 450 + 400, "{width} {height}");
    quicklook.palette = Palette::Viridis;
    quicklook.max_size = 600;
    quicklook.scale = Scale::Linear;
    quicklook.unit = "power";
    decoded("quicklook-viridis", &quicklook.png().unwrap());
}

#[test]
fn odd_windows_have_pictures_too() {
    let huge: Vec<f32> = (0..400).map(|index| 10_f32.powi(index % 70 - 37)).collect();
    for (name, values, width, height) in [
        ("one-pixel", vec![0.07_f32], 1, 1),
        ("all-nan", vec![f32::NAN; 900], 30, 30),
        ("flat", vec![0.1; 100], 10, 10),
        ("not-positive", vec![0.0, -1.0, 0.0, -2.0], 2, 2),
        ("huge-range", huge, 20, 20),
        ("flat-and-long", (0..900).map(|index| index as f32).collect(), 300, 3),
        ("tall", (0..900).map(|index| index as f32).collect(), 3, 300),
    ] {
        let mut quicklook = Quicklook::new(&values, width, height);
        (quicklook.title, quicklook.layer, quicklook.pixel_size_m) = (name, "HHHH", Some(20.0));
        let (_, _, pixels) = decoded(&format!("quicklook-{name}"), &quicklook.png().unwrap());
        assert!(count(&pixels, |pixel| pixel != [255, 255, 255]) > 500, "{name}");
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    assert!(Quicklook::new(&[], 0, 0).png().is_err());
    assert!(Quicklook::new(&[1.0], 1, 2).png().is_err());
    assert!(Quicklook::new(&[1.0], usize::MAX, 2).png().is_err());
    let mut quicklook = Quicklook::new(&[1.0], 1, 1);
    quicklook.max_size = u32::MAX;
    assert!(quicklook.png().is_err());
    assert!(SeriesPlot::new(&[]).png().is_err());
}

/// Acquisitions 12 days apart from 22 November 2025, at these repeats.
fn series(repeats: impl IntoIterator<Item = i64>) -> Vec<SeriesPoint> {
    let start: Timestamp = "2025-11-22T02:46:18Z".parse().unwrap();
    let point = |repeat: i64| {
        let mean = 0.075 * (1.0 + 0.25 * (repeat as f64 * 0.7).sin()) * (0.9 + 0.2 * noise(repeat as u64));
        SeriesPoint {
            time: Timestamp::from_second(start.as_second() + repeat * 12 * 86_400).unwrap(),
            mean: Some(mean),
            std: Some(mean * 0.35),
            n_valid: 4588 - (noise(repeat as u64 + 7) * 300.0) as u64,
            n_total: 4588,
        }
    };
    repeats.into_iter().map(point).collect()
}

fn drawn(name: &str, points: &[SeriesPoint], scale: Scale) -> Vec<u8> {
    let mut plot = SeriesPlot::new(points);
    plot.title = "Mean backscatter of the window 40.8463 13.2553 40.8574 13.2684";
    (plot.layer, plot.place, plot.scale) =
        ("HHHH", "track 172 ascending, frame 8 · 5 granules, X05009", scale);
    let png = plot.png().unwrap();
    let (width, height, pixels) = decoded(&format!("series-{name}"), &png);
    assert_eq!((width, height), (1920, 1000));
    pixels
}

#[test]
fn every_length_of_series_has_a_picture() {
    let blue = |pixel: &[u8]| pixel == [0, 114, 178];
    let mut before = 0;
    for (name, repeats) in [("1", 0..1), ("2", 0..2), ("5", 0..5), ("40", 0..40)] {
        let pixels = drawn(name, &series(repeats), Scale::Decibel);
        let marked = count(&pixels, blue);
        assert!(marked > before, "{name}: {marked}");
        before = marked;
    }
    drawn("5-linear", &series(0..5), Scale::Linear);
    drawn("200", &series(0..200), Scale::Decibel);
}

#[test]
fn long_gaps_are_not_joined() {
    let joined = count(&drawn("joined", &series([0, 3, 6]), Scale::Decibel), |pixel| pixel == [0, 114, 178]);
    let apart = count(&drawn("apart", &series([0, 4, 8]), Scale::Decibel), |pixel| pixel == [0, 114, 178]);
    assert!(joined > apart + 1000, "{joined} {apart}");
}

#[test]
fn missing_and_doubtful_acquisitions_are_told_apart() {
    let mut points = series([0, 1, 2, 3, 4, 9, 10]);
    (points[1].mean, points[1].std, points[1].n_valid) = (None, None, 0);
    points[3].n_valid = 2000;
    points[4].std = Some(1.0);
    points[5].n_total = 5000;
    points.swap(0, 6);
    let pixels = drawn("mixed", &points, Scale::Decibel);
    assert!(count(&pixels, |pixel| pixel == [213, 94, 0]) > 20);
}

#[test]
fn odd_series_have_pictures_too() {
    let with = |mean: &dyn Fn(usize) -> Option<f64>| {
        let mut points = series(0..6);
        points
            .iter_mut()
            .enumerate()
            .for_each(|(index, point)| (point.mean, point.std) = (mean(index), None));
        points
    };
    drawn("all-nan", &with(&|_| None), Scale::Decibel);
    drawn("zero", &with(&|_| Some(0.0)), Scale::Decibel);
    drawn("zero-linear", &with(&|_| Some(0.0)), Scale::Linear);
    drawn("huge-range", &with(&|index| Some(10_f64.powi(index as i32 * 50 - 150))), Scale::Decibel);
    drawn("huge-range-linear", &with(&|index| Some(10_f64.powi(index as i32 * 50 - 150))), Scale::Linear);
    drawn("overflow", &with(&|index| Some(if index == 0 { -f64::MAX } else { f64::MAX })), Scale::Linear);
    let mut ages = series(0..2);
    (ages[0].time, ages[1].time) = (Timestamp::MIN, Timestamp::MAX);
    drawn("ages", &ages, Scale::Decibel);
    let mut same = series(0..2);
    same[1].time = same[0].time;
    drawn("same-time", &same, Scale::Decibel);
}
