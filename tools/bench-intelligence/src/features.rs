//! Columns of our own for the retail sets, beside those that all trainers see: orders to come by BG/NBD, fitted at each
//! cut-off, and each column's rank among the accounts of its cut-off, which stays what it is while the log grows longer.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use copilot_learning::nbd::{Buyer, fit};

use crate::files::{Set, floats, integers};

const DAY: i64 = 86_400;
/// Days that a label looks ahead.
const AHEAD: f64 = 90.0;
/// Columns of the block before the ranks.
const OWN: [&str; 3] = ["orders_ahead_90", "alive", "orders_ahead_90_rank"];

/// Days with an order of each customer, in order.
type Visits = BTreeMap<i64, Vec<i64>>;

/// The log's orders; `customer,invoice,at,article,quantity,price,country`, cancellations and gifts left out.
fn visits(path: &Path) -> Result<Visits> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} does not read; run bench.intelligence.prepare", path.display()))?;
    let mut visits = Visits::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells.get(at).and_then(|cell| cell.parse::<f64>().ok());
        let (Some(customer), Some(at), Some(quantity), Some(price)) =
            (number(0), number(2), number(4), number(5))
        else {
            continue;
        };
        let back = cells.get(1).is_some_and(|invoice| invoice.starts_with('C'));
        if !back && quantity > 0.0 && price > 0.0 {
            visits
                .entry(customer as i64)
                .or_default()
                .push((at as i64).div_euclid(DAY));
        }
    }
    for days in visits.values_mut() {
        days.sort_unstable();
        days.dedup();
    }
    Ok(visits)
}

/// What a customer's visits before a day come to.
fn buyer(days: &[i64], cutoff: i64) -> Option<Buyer> {
    let seen = &days[..days.partition_point(|day| *day < cutoff)];
    let (first, last) = (seen.first()?, seen.last()?);
    Some(Buyer {
        repeats: seen.len() - 1,
        recency: (last - first) as f64,
        age: (cutoff - first) as f64,
    })
}

/// Ranks between 0 and 1, equal values alike; NaN stays.
fn ranks(values: &[f32]) -> Vec<f32> {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_by(f32::total_cmp);
    let of = |x: &f32| {
        let below = sorted.partition_point(|other| other < x);
        let upto = sorted.partition_point(|other| other <= x);
        (below + upto) as f32 / (2 * sorted.len()) as f32
    };
    values
        .iter()
        .map(|x| if x.is_nan() { *x } else { of(x) })
        .collect()
}

/// Frequency, recency and age of each row, as [`write`] left them; none of a set that is of no log.
pub(crate) fn buyers(folder: &Path) -> Result<Option<Vec<[f32; 3]>>> {
    let path = folder.join("buyers.f32");
    if !path.exists() {
        return Ok(None);
    }
    let rows = floats(&path)?;
    Ok(Some(rows.as_chunks::<3>().0.to_vec()))
}

/// Writes the block `product` and what [`buyers`] reads beside the others of a retail set.
pub(crate) fn write(root: &Path, name: &str) -> Result<()> {
    let folder = root.join(name);
    let meta = std::fs::read(folder.join("meta.json")).context("meta.json")?;
    let meta: serde_json::Value = serde_json::from_slice(&meta)?;
    let log = meta["log"].as_str().context("a set that is of no log")?;
    let visits = visits(&root.join(format!("{log}.csv")))?;
    let customers = integers(&folder.join("group.i64"))?;
    let cutoffs = integers(&folder.join("cutoff.i64"))?;
    let x = floats(&folder.join("x.f32"))?;
    let width = x.len() / customers.len().max(1);
    let out_width = OWN.len() + width;
    let mut out = vec![f32::NAN; customers.len() * out_width];
    let mut buyers = vec![[f32::NAN; 3]; customers.len()];
    let mut by_cutoff: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (row, cutoff) in cutoffs.iter().enumerate() {
        by_cutoff.entry(*cutoff).or_default().push(row);
    }
    for (cutoff, rows) in by_cutoff {
        let day = cutoff.div_euclid(DAY);
        let everyone: Vec<Buyer> = visits.values().filter_map(|days| buyer(days, day)).collect();
        let fit = fit(&everyone).context("no orders before the cut-off")?;
        let mut ahead = vec![f32::NAN; rows.len()];
        for (at, row) in rows.iter().enumerate() {
            if let Some(buyer) = visits.get(&customers[*row]).and_then(|days| buyer(days, day)) {
                buyers[*row] = [buyer.repeats as f32, buyer.recency as f32, buyer.age as f32];
                ahead[at] = fit.expected(&buyer, AHEAD) as f32;
                out[row * out_width] = ahead[at];
                out[row * out_width + 1] = fit.alive(&buyer) as f32;
            }
        }
        for (row, rank) in rows.iter().zip(ranks(&ahead)) {
            out[row * out_width + 2] = rank;
        }
        for column in 0..width {
            let values: Vec<f32> = rows.iter().map(|row| x[row * width + column]).collect();
            for (row, rank) in rows.iter().zip(ranks(&values)) {
                out[row * out_width + OWN.len() + column] = rank;
            }
        }
        Set::say(&folder, &format!("{} accounts, {fit:?}", rows.len()));
    }
    let names = std::fs::read(folder.join("x.columns.json")).context("x.columns.json")?;
    let names: Vec<String> = serde_json::from_slice(&names)?;
    let own = OWN.iter().map(|name| (*name).to_owned());
    let names: Vec<String> = own
        .chain(names.iter().map(|name| format!("{name}_rank")))
        .collect();
    let bytes: Vec<u8> = out.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(folder.join("product.f32"), bytes)?;
    let bytes: Vec<u8> = buyers.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(folder.join("buyers.f32"), bytes)?;
    std::fs::write(folder.join("product.columns.json"), serde_json::to_vec(&names)?)?;
    Ok(())
}
