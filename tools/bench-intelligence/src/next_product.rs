//! Which article a shop takes next, on the retail log: accounts that own the same against what most own.

use std::collections::BTreeMap;
use std::path::Path;

use crate::recommend::{LISTED, Recommender, Settings, Took, Worth, chosen, worth};
use anyhow::{Context as _, Result};
use serde_json::json;

const DAY: i64 = 86_400;
/// Days in which something is taken.
const AHEAD: i64 = 90;
/// Customers that must have an article at the first cut-off for it to be told.
const LEAST_OWNERS: usize = 10;
/// Midnights of the first days of February to August 2011, in seconds: told and held against.
const ASKED: [i64; 7] = [
    1_296_518_400,
    1_298_937_600,
    1_301_616_000,
    1_304_208_000,
    1_306_886_400,
    1_309_478_400,
    1_312_156_800,
];

/// The first day on which each customer took each article.
type Taken = BTreeMap<i64, BTreeMap<usize, i64>>;

/// The log's first purchases. Articles are told apart by the digits of their code: letters after it are colours.
fn taken(path: &Path) -> Result<(Taken, usize)> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} does not read; run bench.intelligence.prepare", path.display()))?;
    let mut by_code: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
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
            let day = (at as i64).div_euclid(DAY);
            by_code.entry(code).or_default().push((customer as i64, day));
        }
    }
    let first = ASKED[0] / DAY;
    let known = |rows: &Vec<(i64, i64)>| {
        let mut owners: Vec<i64> = rows
            .iter()
            .filter(|(_, day)| *day < first)
            .map(|(who, _)| *who)
            .collect();
        owners.sort_unstable();
        owners.dedup();
        owners.len() >= LEAST_OWNERS
    };
    let kept: Vec<Vec<(i64, i64)>> = by_code.into_values().filter(known).collect();
    let mut taken = Taken::new();
    for (article, rows) in kept.iter().enumerate() {
        for (customer, day) in rows {
            let own = taken.entry(*customer).or_default().entry(article).or_insert(*day);
            *own = (*own).min(*day);
        }
    }
    Ok((taken, kept.len()))
}

/// What everyone owned on a day, and who took what next.
fn at(taken: &Taken, day: i64) -> (Vec<Vec<usize>>, Vec<Took>) {
    let (mut lists, mut cases) = (Vec::new(), Vec::new());
    for (account, first) in taken.values().enumerate() {
        let of = |from: i64, to: i64| -> Vec<usize> {
            let within = first.iter().filter(|(_, at)| **at >= from && **at < to);
            within.map(|(article, _)| *article).collect()
        };
        let (owned, next) = (of(i64::MIN, day), of(day, day + AHEAD));
        if !owned.is_empty() && !next.is_empty() {
            cases.push(Took {
                account,
                owned: owned.clone(),
                next,
            });
        }
        lists.push(owned);
    }
    (lists, cases)
}

/// Measures lists at every cut-off and writes `recommend.json`.
pub(crate) fn measure(root: &Path) -> Result<()> {
    let (taken, articles) = taken(&root.join("retail.csv"))?;
    // Chosen where the whole window lies before the first cut-off that is asked about.
    let (lists, cases) = at(&taken, ASKED[0] / DAY - AHEAD);
    let earlier = Recommender::fit(&lists, articles, Settings::TRIED[0]);
    let settings = chosen(&earlier, &cases);
    let (mut all, mut ours, mut popular) = (Vec::new(), Vec::new(), Vec::new());
    for asked in ASKED {
        let (lists, cases) = at(&taken, asked / DAY);
        let fit = Recommender::fit(&lists, articles, settings);
        for case in &cases {
            ours.push(
                fit.tell(&case.owned, LISTED)
                    .iter()
                    .map(|told| told.product)
                    .collect(),
            );
            popular.push(fit.popular(&case.owned, LISTED));
        }
        all.extend(cases);
    }
    let (own, gain) = worth(&all, &ours, &popular);
    let (theirs, _) = worth(&all, &popular, &popular);
    let figures = |of: Worth| json!({"at_1": of.at_1, "at_3": of.at_3, "mrr": of.mrr});
    let out = json!({
        "articles": articles, "cases": all.len(), "shrinkage": settings.shrinkage, "rarity": settings.rarity,
        "ours": figures(own), "popular": figures(theirs), "gain": figures(gain),
    });
    std::fs::write(root.join("recommend.json"), serde_json::to_vec_pretty(&out)?)?;
    crate::files::Set::say(root, &out.to_string());
    Ok(())
}
