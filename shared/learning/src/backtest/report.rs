//! A backtest as a page of its own: HTML with its plots in it, without scripts and without anything to load.

use std::collections::BTreeMap;

use copilot_domain::accuracy::Share;
use copilot_domain::backtest::{
    Backtest, BacktestResult, BacktestSide, LOOKS_BEFORE_LOSS, MissedLoss, Ranged, Replay, Warnings,
};
use copilot_domain::ids::AccountId;

use super::plots::{self, Line, band_name, gain_points, recall_points};

const STYLE: &str = include_str!("report.css");

/// The page. `names` are those of the accounts missed, as far as they are known.
pub fn html(
    tenant: &str,
    asked: &Backtest,
    result: &BacktestResult,
    names: &BTreeMap<AccountId, String>,
) -> String {
    let title = format!("Backtest: {}", asked.subject);
    let parts = [
        head(tenant, asked, result),
        notes(&result.notes),
        compared(result),
        all_bands(result),
        curves(result),
        early(result),
        calibrations(result),
        all_missed(result, names),
        rules(result),
        replayed(&result.replay),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title><style>{STYLE}</style></head><body>{}</body></html>\n",
        escaped(&title),
        parts.concat()
    )
}

/// Text as it may stand in a page.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn head(tenant: &str, asked: &Backtest, result: &BacktestResult) -> String {
    let span = match (result.looks.first(), result.looks.last()) {
        (Some(first), Some(last)) => format!(
            "{} looks, from {first} to {last}; each with the {} days after it",
            result.looks.len(),
            result.window_days
        ),
        _ => "no day could be looked at".to_owned(),
    };
    format!(
        "<h1>Backtest: {}</h1><p class=\"soft\">{}. {span}. {} accounts, {} looks with a known outcome, {} accounts with the outcome, {} without. Facts known until {}. Asked for by {} at {}.</p>",
        escaped(&asked.subject.to_string()),
        escaped(tenant),
        result.accounts,
        result.rows,
        result.labels.happened,
        result.labels.not,
        minute(result.known_until),
        escaped(&asked.asked_by),
        minute(asked.asked_at),
    )
}

fn minute(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn notes(notes: &[String]) -> String {
    let lines: Vec<String> = notes
        .iter()
        .map(|note| format!("<li>{}</li>", escaped(note)))
        .collect();
    let lines = lines.concat();
    if lines.is_empty() {
        return lines;
    }
    format!("<ul class=\"notes\">{lines}</ul>")
}

fn share(of: Option<Share>) -> String {
    of.filter(|share| share.of > 0).map_or_else(
        || "–".to_owned(),
        |of| {
            format!(
                "<strong>{:.0} %</strong> <span class=\"soft\">{} of {} ({:.0} to {:.0})</span>",
                of.share * 100.0,
                of.hits,
                of.of,
                of.low * 100.0,
                of.high * 100.0
            )
        },
    )
}

fn ranged(of: Option<Ranged>) -> String {
    of.map_or_else(
        || "–".to_owned(),
        |of| {
            format!(
                "<strong>{:.2}</strong> <span class=\"soft\">({:.2} to {:.2})</span>",
                of.value, of.low, of.high
            )
        },
    )
}

/// A table: words of its head, and its rows of cells that are HTML.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head: Vec<String> = head
        .iter()
        .map(|word| format!("<th scope=\"col\">{word}</th>"))
        .collect();
    let head = head.concat();
    let rows: Vec<String> = rows
        .map(|cells| {
            let cells: Vec<String> = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
            let cells = cells.concat();
            format!("<tr>{cells}</tr>")
        })
        .collect();
    let rows = rows.concat();
    format!("<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>")
}

/// A figure of a side, as a cell.
type Cell = fn(&BacktestSide) -> String;

fn compared(result: &BacktestResult) -> String {
    fn of_warnings(side: &BacktestSide, share_of: impl Fn(&Warnings) -> Share) -> String {
        share(side.warnings.as_ref().map(share_of))
    }
    let figures: [(&str, Cell); 11] = [
        ("Counts as flagged", |side| escaped(&side.flags)),
        ("Precision: of the flagged, how many it happened to", |side| {
            share(side.figures.precision)
        }),
        ("Recall: of those it happened to, how many were flagged", |side| {
            share(side.figures.recall)
        }),
        ("Lift among the tenth that ranks highest", |side| {
            ranged(side.lift)
        }),
        ("Area under the ROC curve (0.5: chance)", |side| ranged(side.auc)),
        ("Flagged 90 days before the loss", |side| {
            of_warnings(side, |w| w.at_90)
        }),
        ("Warned of at least 60 days ahead", |side| {
            of_warnings(side, |w| w.at_least_60)
        }),
        ("Warned of at least 30 days ahead", |side| {
            of_warnings(side, |w| w.at_least_30)
        }),
        ("Days of warning, the middle loss", |side| {
            let median = side.warnings.as_ref().and_then(|w| w.median_days);
            median.map_or_else(|| "–".to_owned(), |days| format!("<strong>{days}</strong>"))
        }),
        ("Looks without an answer", |side| share(Some(side.not_scored))),
        ("Right and wrong", |side| {
            let all = side.figures.confusion;
            format!(
                "{} flagged and lost, {} flagged and not, {} lost and not flagged, {} neither",
                all.true_positive, all.false_positive, all.false_negative, all.true_negative
            )
        }),
    ];
    let names: Vec<String> = result.sides.iter().map(|side| escaped(&side.name)).collect();
    let mut head = vec!["Figure"];
    head.extend(names.iter().map(String::as_str));
    let rows = figures.iter().map(|(name, cell)| {
        let mut cells = vec![(*name).to_owned()];
        cells.extend(result.sides.iter().map(cell));
        cells
    });
    format!("<h2>How right</h2>{}", table(&head, rows))
}

fn all_bands(result: &BacktestResult) -> String {
    let key = [
        ("lost", "churned"),
        ("less", "contracted"),
        ("kept", "retained"),
        ("more", "expanded"),
    ]
    .map(|(class, word)| format!("<span class=\"key\" style=\"background: var(--{class})\"></span>{word}"))
    .concat();
    let plots: Vec<String> = result
        .sides
        .iter()
        .filter(|side| !side.bands.is_empty())
        .map(|side| {
            format!(
                "<figure class=\"bands\"><h3>{}</h3>{}</figure>",
                escaped(&side.name),
                plots::bands(&side.bands)
            )
        })
        .collect();
    let plots = plots.concat();
    format!(
        "<h2>Band, and what happened in the {} days after</h2><p>{key}</p>{plots}",
        result.window_days
    )
}

fn curves(result: &BacktestResult) -> String {
    let shown: Vec<&BacktestSide> = result.sides.iter().filter(|side| side.lift.is_some()).collect();
    if shown.is_empty() {
        return "<h2>Ranking</h2><p>It happened to none or to all: a ranking cannot be judged.</p>"
            .to_owned();
    }
    let lines = |points: fn(&BacktestSide) -> Vec<(f64, f64)>| -> Vec<Line<'_>> {
        shown
            .iter()
            .map(|side| Line {
                name: &side.name,
                points: points(side),
            })
            .collect()
    };
    let gains = lines(|side| gain_points(&side.curve, side.figures.rows, side.figures.happened));
    let recall = lines(|side| recall_points(&side.curve, side.figures.happened));
    let key: Vec<String> = gains
        .iter()
        .zip(["a", "b"])
        .map(|(line, colour)| {
            format!(
                "<span class=\"key rule\" style=\"background: var(--{colour})\"></span>{}",
                escaped(line.name)
            )
        })
        .collect();
    let key = key.concat();
    format!(
        "<h2>Ranking</h2><p>{key}</p><div class=\"columns\"><figure><figcaption>Caught, by how many are looked at</figcaption>{}</figure><figure><figcaption>Precision by recall</figcaption>{}</figure></div>",
        plots::gains(&gains),
        plots::precision_recall(&recall)
    )
}

fn early(result: &BacktestResult) -> String {
    let plots: Vec<String> = result
        .sides
        .iter()
        .filter_map(|side| Some((side, side.warnings.as_ref().filter(|w| !w.days.is_empty())?)))
        .map(|(side, warnings)| {
            format!(
                "<figure><figcaption>{}</figcaption>{}</figure>",
                escaped(&side.name),
                plots::warnings(&warnings.days, &LOOKS_BEFORE_LOSS)
            )
        })
        .collect();
    let plots = plots.concat();
    if plots.is_empty() {
        return plots;
    }
    format!(
        "<h2>Days of warning</h2><p>{} losses with a date. For how many days each had been flagged without a break on the day before.</p><div class=\"columns\">{plots}</div>",
        result.losses
    )
}

fn calibrations(result: &BacktestResult) -> String {
    let plots: Vec<String> = result
        .sides
        .iter()
        .filter(|side| side.has_probabilities && !side.figures.calibration.is_empty())
        .map(|side| {
            format!(
                "<figure><figcaption>{}: calibration error {:.3}, Brier {:.3}</figcaption>{}</figure>",
                escaped(&side.name),
                side.figures.ece,
                side.figures.brier,
                plots::calibration(&side.figures.calibration)
            )
        })
        .collect();
    let plots = plots.concat();
    if plots.is_empty() {
        return plots;
    }
    format!("<h2>Calibration</h2><div class=\"columns\">{plots}</div>")
}

fn all_missed(result: &BacktestResult, names: &BTreeMap<AccountId, String>) -> String {
    let of_side = |side: &BacktestSide| {
        let shown = side.missed.len() as u64;
        let capped = if shown < side.missed_total {
            format!("; the newest {shown} are shown")
        } else {
            String::new()
        };
        let rows = side.missed.iter().map(|one| missed(one, names));
        format!(
            "<h3>{}: {} of {} losses{capped}</h3>{}",
            escaped(&side.name),
            side.missed_total,
            result.losses,
            table(
                &[
                    "Account",
                    "Lost on",
                    "Band 90 days before",
                    "Score",
                    "Stated",
                    "Days of warning",
                    "What weighed most then"
                ],
                rows
            )
        )
    };
    let sides: Vec<String> = result
        .sides
        .iter()
        .filter(|side| side.missed_total > 0)
        .map(of_side)
        .collect();
    let sides = sides.concat();
    if sides.is_empty() {
        return sides;
    }
    format!("<h2>Lost, and not flagged 90 days before</h2>{sides}")
}

fn missed(one: &MissedLoss, names: &BTreeMap<AccountId, String>) -> Vec<String> {
    let none = || "–".to_owned();
    let id = one.account.to_string();
    vec![
        escaped(names.get(&one.account).unwrap_or(&id)),
        format!("<span class=\"day\">{}</span>", one.lost_on),
        one.band.map_or_else(none, |band| band_name(band).to_owned()),
        one.score.map_or_else(none, |score| format!("{score:.0}")),
        one.probability
            .map_or_else(none, |p| format!("{:.0} %", p * 100.0)),
        one.warning_days.to_string(),
        escaped(&one.reasons.join("; ")),
    ]
}

fn rules(result: &BacktestResult) -> String {
    let Some(side) = result.sides.first().filter(|side| !side.rules.is_empty()) else {
        return String::new();
    };
    let rows = side.rules.iter().map(|rule| {
        vec![
            escaped(&rule.rule),
            rule.precision.of.to_string(),
            share(Some(rule.precision)),
            share(rule.recall),
            rule.lift
                .map_or_else(|| "–".to_owned(), |lift| format!("{lift:.2}")),
        ]
    });
    format!(
        "<h2>Rules</h2><p>How often it happened in the {} days after a look at which the rule held.</p>{}",
        result.window_days,
        table(&["Rule", "Looks", "Precision", "Recall", "Lift"], rows)
    )
}

fn replayed(replay: &Replay) -> String {
    if replay.rules.is_empty() {
        return String::new();
    }
    let rules = replay.rules.iter().map(|rule| {
        let muted = if rule.muted { " (muted)" } else { "" };
        vec![
            format!("{} {}{muted}", escaped(&rule.rule), escaped(&rule.name)),
            rule.alerts.to_string(),
            rule.accounts.to_string(),
            format!("{:.2}", rule.per_week),
        ]
    });
    let owners = replay.owners.iter().map(|owner| {
        vec![
            owner
                .owner
                .as_deref()
                .map_or_else(|| "nobody".to_owned(), escaped),
            owner.alerts.to_string(),
            owner.accounts.to_string(),
            format!("{:.2}", owner.per_week),
        ]
    });
    format!(
        "<h2>Alerts of the last {} weeks</h2><p>What the rules would have opened, looked at week by week; muted rules reach nobody.</p><div class=\"columns\"><div>{}</div><div>{}</div></div>",
        replay.weeks,
        table(&["Rule", "Alerts", "Accounts", "A week"], rules),
        table(&["Owner", "Alerts", "Accounts", "A week"], owners)
    )
}
