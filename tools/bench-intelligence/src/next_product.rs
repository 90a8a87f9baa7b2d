//! Which article a shop takes next, on the retail log: accounts that own the same against what most own.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use copilot_learning::products::{Basket, measured};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::json;

use crate::files::Set;

const DAY: i64 = 86_400;
/// Months of history before the first list that is measured.
const SETTLE_MONTHS: i32 = 14;
/// Days in which an article counts as taken.
const AHEAD_DAYS: i32 = 90;

/// What each customer bought and when. Articles are told apart by the digits of their code: letters after it are colours.
fn baskets(path: &Path) -> Result<Vec<Basket>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} does not read; run bench.intelligence.prepare", path.display()))?;
    let mut by_customer: BTreeMap<i64, Basket> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells.get(at).and_then(|cell| cell.parse::<f64>().ok());
        let (Some(customer), Some(at), Some(code), Some(quantity), Some(price)) =
            (number(0), number(2), cells.get(3), number(4), number(5))
        else {
            continue;
        };
        let code: String = code.chars().take_while(char::is_ascii_digit).collect();
        let back = cells.get(1).is_some_and(|invoice| invoice.starts_with('C'));
        if !back && quantity > 0.0 && price > 0.0 && code.len() == 5 {
            let day = date(1970, 1, 1).checked_add(((at as i64).div_euclid(DAY)).days())?;
            let bought = by_customer.entry(customer as i64).or_default();
            let held = bought.entry(code).or_insert((day, day));
            *held = (held.0.min(day), held.1.max(day));
        }
    }
    Ok(by_customer.into_values().collect())
}

/// The firsts of months that have [`SETTLE_MONTHS`] of the log before them and all of what is told behind them.
fn months(baskets: &[Basket]) -> Option<Vec<Date>> {
    let held = || baskets.iter().flat_map(BTreeMap::values);
    let first = held().map(|(first, _)| *first).min()?;
    let last = held().map(|(_, last)| *last).max()?;
    let settled = first.checked_add(SETTLE_MONTHS.months()).ok()?;
    let mut month = settled.first_of_month();
    if month < settled {
        month = month.checked_add(1.month()).ok()?;
    }
    let mut found = Vec::new();
    while month.checked_add(AHEAD_DAYS.days()).is_ok_and(|end| end <= last) {
        found.push(month);
        month = month.checked_add(1.month()).ok()?;
    }
    Some(found)
}

/// Measures lists at the first of months and writes `recommend.json`.
pub(crate) fn measure(root: &Path) -> Result<()> {
    let baskets = baskets(&root.join("or2.csv"))?;
    let months = months(&baskets).context("an empty log")?;
    if months.is_empty() {
        let least = format!("{SETTLE_MONTHS} months and {AHEAD_DAYS} days");
        Set::say(
            root,
            &format!("skipped: next products (the log is shorter than {least})"),
        );
        return Ok(());
    }
    let figures = measured(&baskets, &months).context("no months")?;
    let out = json!({"customers": baskets.len(), "figures": figures});
    std::fs::write(root.join("recommend.json"), serde_json::to_vec_pretty(&out)?)?;
    Set::say(root, &out.to_string());
    Ok(())
}
