//! Plots of the report: SVG without scripts, coloured by the classes of the report's style.

use std::fmt::Write as _;

use copilot_domain::accuracy::{CalibrationBin, CutPoint};
use copilot_domain::backtest::{BandOutcomes, WarnedLosses};
use copilot_domain::health::Band;

/// Width of a plot with axes, in its own units.
const WIDTH: f64 = 420.0;
/// Its height.
const HEIGHT: f64 = 260.0;
/// Room for the words at the left and below.
const LEFT: f64 = 44.0;
const BELOW: f64 = 40.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 22.0;

/// A curve with its name.
pub(super) struct Line<'a> {
    /// Name, for the legend.
    pub(super) name: &'a str,
    /// Points, each between 0 and 1.
    pub(super) points: Vec<(f64, f64)>,
}

/// The name of a band.
pub(super) fn band_name(band: Band) -> &'static str {
    match band {
        Band::Critical => "Critical",
        Band::AtRisk => "At risk",
        Band::Watch => "Watch",
        Band::Healthy => "Healthy",
        Band::InsufficientData => "Insufficient data",
        Band::Onboarding => "Onboarding",
    }
}

/// Adds to a text; writing to one cannot fail.
fn add(svg: &mut String, of: std::fmt::Arguments<'_>) {
    svg.write_fmt(of).unwrap_or_default();
}

/// What became of the accounts of each band: a bar a band, as wide as its share.
pub(super) fn bands(of: &[BandOutcomes]) -> String {
    let height = 28.0 * of.len() as f64 + 6.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 640 {height}\" role=\"img\" aria-label=\"What became of the accounts of each band\">"
    );
    for (row, band) in of.iter().enumerate() {
        let y = 28.0 * row as f64 + 4.0;
        let name = band_name(band.band);
        add(
            &mut svg,
            format_args!("<text x=\"118\" y=\"{}\" class=\"end\">{name}</text>", y + 14.0),
        );
        let parts = [
            ("lost", "churned", band.churned),
            ("less", "contracted", band.contracted),
            ("kept", "retained", band.retained),
            ("more", "expanded", band.expanded),
        ];
        let all: u64 = parts.iter().map(|(_, _, number)| number).sum();
        let mut x = 126.0;
        for (class, word, number) in parts.into_iter().filter(|(_, _, number)| *number > 0) {
            let width = 400.0 * number as f64 / all as f64;
            add(
                &mut svg,
                format_args!(
                    "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"20\" class=\"{class}\"><title>{number} {word}</title></rect>"
                ),
            );
            if width > 30.0 {
                let middle = x + width / 2.0;
                add(
                    &mut svg,
                    format_args!(
                        "<text x=\"{middle:.1}\" y=\"{}\" class=\"in {class}-ink\">{number}</text>",
                        y + 14.0
                    ),
                );
            }
            x += width;
        }
        add(
            &mut svg,
            format_args!(
                "<text x=\"534\" y=\"{}\">{} lost of {all}</text>",
                y + 14.0,
                percent(band.lost.share)
            ),
        );
    }
    svg + "</svg>"
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn x_of(share: f64) -> f64 {
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn y_of(share: f64) -> f64 {
    HEIGHT - BELOW - share * (HEIGHT - BELOW - TOP)
}

/// A plot's frame: both axes from 0 to 100 %.
fn frame(label: &str, below: &str) -> String {
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">");
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let (x, y) = (x_of(share), y_of(share));
        add(
            &mut svg,
            format_args!(
                "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" class=\"grid\"/><text x=\"{}\" y=\"{:.1}\" class=\"end\">{}</text><text x=\"{x:.1}\" y=\"{}\" class=\"in\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0,
                percent(share),
                HEIGHT - BELOW + 16.0,
                percent(share)
            ),
        );
    }
    let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
    add(
        &mut svg,
        format_args!(
            "<text x=\"{middle:.1}\" y=\"{}\" class=\"in soft\">{below}</text>",
            HEIGHT - 6.0
        ),
    );
    svg
}

/// The diagonal of a plot: what chance, or perfect calibration, gives.
fn diagonal(svg: &mut String) {
    add(
        svg,
        format_args!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" class=\"chance\"/>",
            x_of(0.0),
            y_of(0.0),
            x_of(1.0),
            y_of(1.0)
        ),
    );
}

fn drawn(mut svg: String, lines: &[Line<'_>]) -> String {
    for (at, line) in lines.iter().enumerate() {
        let points: Vec<String> = line
            .points
            .iter()
            .map(|(x, y)| format!("{:.1},{:.1}", x_of(*x), y_of(*y)))
            .collect();
        add(
            &mut svg,
            format_args!(
                "<polyline points=\"{}\" class=\"line side{at}\"/>",
                points.join(" ")
            ),
        );
    }
    svg + "</svg>"
}

/// Of those with the outcome, how many are among the share that ranks highest.
pub(super) fn gains(lines: &[Line<'_>]) -> String {
    let mut svg = frame(
        "Share of outcomes caught by share of looks flagged",
        "looks flagged, the highest risk first",
    );
    diagonal(&mut svg);
    drawn(svg, lines)
}

/// Precision by recall.
pub(super) fn precision_recall(lines: &[Line<'_>]) -> String {
    drawn(frame("Precision by recall", "recall; upwards: precision"), lines)
}

/// The points of a curve of gains.
pub(super) fn gain_points(curve: &[CutPoint], rows: u64, happened: u64) -> Vec<(f64, f64)> {
    let of = |number: u64, all: u64| number as f64 / all.max(1) as f64;
    let points = curve
        .iter()
        .map(|point| (of(point.flagged, rows), of(point.hits, happened)));
    std::iter::once((0.0, 0.0)).chain(points).collect()
}

/// The points of precision by recall.
pub(super) fn recall_points(curve: &[CutPoint], happened: u64) -> Vec<(f64, f64)> {
    let of = |number: u64, all: u64| number as f64 / all.max(1) as f64;
    curve
        .iter()
        .map(|point| (of(point.hits, happened), of(point.hits, point.flagged)))
        .collect()
}

/// What was said against how often it happened, with the range of each bin.
pub(super) fn calibration(bins: &[CalibrationBin]) -> String {
    let mut svg = frame(
        "How often it happened by what was said",
        "probability said; upwards: happened",
    );
    diagonal(&mut svg);
    for bin in bins {
        let (x, of) = (x_of(bin.said), bin.happened);
        add(
            &mut svg,
            format_args!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" class=\"range\"/><circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"4\" class=\"dot\"><title>{} of {}</title></circle>",
                y_of(of.low),
                y_of(of.high),
                y_of(of.share),
                of.hits,
                of.of
            ),
        );
    }
    svg + "</svg>"
}

/// Losses by days of warning.
pub(super) fn warnings(days: &[WarnedLosses], looks: &[u32]) -> String {
    let steps: Vec<u32> = std::iter::once(0).chain(looks.iter().copied()).collect();
    let most = days.iter().map(|day| day.losses).max().unwrap_or(1).max(1) as f64;
    let width = (WIDTH - LEFT - RIGHT) / steps.len() as f64;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Losses by days of warning\">"
    );
    for (at, step) in steps.iter().enumerate() {
        let losses = days
            .iter()
            .find(|day| day.days == *step)
            .map_or(0, |day| day.losses);
        let x = LEFT + width * at as f64;
        let top = y_of(losses as f64 / most * 0.92);
        let class = if *step < 30 { "lost" } else { "bar" };
        let middle = x + width / 2.0;
        add(
            &mut svg,
            format_args!(
                "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"{class}\"/><text x=\"{middle:.1}\" y=\"{}\" class=\"in\">{step}</text>",
                x + 2.0,
                width - 4.0,
                y_of(0.0) - top,
                HEIGHT - BELOW + 16.0
            ),
        );
        if losses > 0 {
            add(
                &mut svg,
                format_args!(
                    "<text x=\"{middle:.1}\" y=\"{:.1}\" class=\"in\">{losses}</text>",
                    top - 4.0
                ),
            );
        }
    }
    let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
    add(
        &mut svg,
        format_args!(
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{1:.1}\" y2=\"{1:.1}\" class=\"grid\"/><text x=\"{middle:.1}\" y=\"{2}\" class=\"in soft\">days of warning; 0: not flagged on the day before</text></svg>",
            WIDTH - RIGHT,
            y_of(0.0),
            HEIGHT - 6.0
        ),
    );
    svg
}
