//! What a model is trained on: accounts as they were on past days, with what happened then.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::health::FeatureMap;
use copilot_domain::ids::AccountId;
use copilot_domain::prediction::{PredictionKind, RevenueForm};
use copilot_features::buyers::Buyer;
use copilot_features::{CATALOGUE, FeatureVector, place};
use jiff::civil::Date;

use crate::table::Table;

/// One account at one cut-off.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The account.
    pub account: AccountId,
    /// The cut-off: nothing that was learnt later is in the features.
    pub cutoff: Date,
    /// Every feature of the catalogue, in its order; NaN where missing.
    pub features: Vec<f32>,
    /// Whether it happened in the window after the cut-off.
    pub happened: bool,
    /// The rules' own probability then; NaN where they gave none.
    pub rules: f64,
    /// What came in the window, in major units; of revenue only, else NaN.
    pub came: f64,
    /// The health profile that it had then.
    pub segment: String,
}

impl Example {
    /// The values of a vector as an example holds them.
    pub fn values(features: &FeatureVector) -> Vec<f32> {
        let values = CATALOGUE.iter().map(|spec| features.get(spec.name));
        values.map(|v| v.map_or(f32::NAN, |v| v as f32)).collect()
    }

    /// The same of a map of features by name, as an assessment keeps it.
    pub fn of_map(features: &FeatureMap) -> Vec<f32> {
        let values = CATALOGUE
            .iter()
            .map(|spec| features.get(spec.name).copied().flatten());
        values.map(|v| v.map_or(f32::NAN, |v| v as f32)).collect()
    }
}

/// Whether what a kind foretells hangs on the orders of buyers.
pub fn is_told_of_buyers(kind: PredictionKind) -> bool {
    matches!(kind, PredictionKind::Churn | PredictionKind::Revenue)
}

/// An account that was no example at a cut-off: it had not bought for long, had left by its record, or has a contract by now.
/// Nothing is foretold of it then, but what its orders came to tells how buyers leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aside {
    /// The account.
    pub account: AccountId,
    /// The cut-off.
    pub cutoff: Date,
    /// What its orders came to, in days; `None`: it is no buyer.
    pub buyer: Option<Buyer>,
}

/// A feature of such values by its name; `None` where it is missing.
pub fn value_in(features: &[f32], name: &str) -> Option<f64> {
    let value = features.get(place(name)?).copied()?;
    value.is_finite().then(|| f64::from(value))
}

/// Many of them, in an order that does not depend on how they were read: by cut-off, then by account.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Examples {
    /// Features, a column for each of the catalogue.
    pub table: Table,
    /// The account of each row, as a number from 0.
    pub accounts: Vec<usize>,
    /// The cut-off of each row.
    pub cutoffs: Vec<Date>,
    /// 1 where it happened.
    pub labels: Vec<f64>,
    /// The rules' probability; NaN where they gave none.
    pub rules: Vec<f64>,
    /// What came in the window, in major units; of revenue only, else NaN.
    pub came: Vec<f64>,
    /// Names of health profiles.
    pub segments: Vec<String>,
    /// The health profile of each row, by its place in `segments`.
    pub segment_of: Vec<u16>,
    /// Accounts that were no rows at a cut-off, by their number (those of rows, and further ones of accounts that never were in
    /// one), and what their orders came to. By cut-off, then by account.
    pub aside: Vec<(usize, Date, Option<Buyer>)>,
}

impl Examples {
    /// Puts them in order.
    pub fn of(mut all: Vec<Example>) -> Self {
        all.sort_by_key(|one| (one.cutoff, one.account));
        let mut numbers: BTreeMap<AccountId, usize> = all.iter().map(|one| (one.account, 0)).collect();
        for (number, slot) in numbers.values_mut().enumerate() {
            *slot = number;
        }
        let mut out = Self::default();
        let mut segments: BTreeMap<String, u16> = all.iter().map(|one| (one.segment.clone(), 0)).collect();
        for (number, slot) in (0..).zip(segments.values_mut()) {
            *slot = number;
        }
        let mut values = Vec::with_capacity(all.len() * CATALOGUE.len());
        for one in &all {
            values.extend_from_slice(&one.features);
            out.accounts.push(numbers[&one.account]);
            out.cutoffs.push(one.cutoff);
            out.labels.push(f64::from(u8::from(one.happened)));
            out.rules.push(one.rules);
            out.came.push(one.came);
            out.segment_of.push(segments[&one.segment]);
        }
        out.segments = segments.into_keys().collect();
        out.table = Table::new(values, CATALOGUE.len()).unwrap_or_default();
        out
    }

    /// Puts them in order, with the accounts that were none.
    pub fn with_aside(all: Vec<Example>, mut aside: Vec<Aside>) -> Self {
        let rows: BTreeSet<AccountId> = all.iter().map(|one| one.account).collect();
        let mut numbers: BTreeMap<AccountId, usize> = rows.into_iter().zip(0..).collect();
        let mut out = Self::of(all);
        aside.sort_by_key(|one| (one.cutoff, one.account));
        for one in aside {
            let next = numbers.len();
            let number = *numbers.entry(one.account).or_insert(next);
            out.aside.push((number, one.cutoff, one.buyer));
        }
        out
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The distinct cut-offs, the oldest first.
    pub fn days(&self) -> Vec<Date> {
        let mut days = self.cutoffs.clone();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The share of rows of accounts without a contract.
    pub fn transactional_share(&self) -> f64 {
        let column = place("transactional");
        let Some(column) = column.filter(|_| !self.is_empty()) else {
            return 0.0;
        };
        let is = |row: &usize| self.table.row(*row)[column] >= 1.0;
        (0..self.len()).filter(is).count() as f64 / self.len() as f64
    }

    /// A feature of a row by its name; `None` where it is missing.
    pub fn value(&self, row: usize, name: &str) -> Option<f64> {
        value_in(self.table.row(row), name)
    }

    /// What amounts are for these rows: without a contract they are spend, else growth.
    pub fn form(&self) -> RevenueForm {
        if self.transactional_share() > 0.5 {
            RevenueForm::Spend
        } else {
            RevenueForm::Growth
        }
    }

    /// Accounts with the outcome in some row, and accounts without it in any. Of revenue, which comes and stays away in turn, those
    /// without it in some row.
    pub fn accounts_by_outcome(&self) -> (usize, usize) {
        let mut seen: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
        for (account, label) in self.accounts.iter().zip(&self.labels) {
            let (with, without) = seen.entry(*account).or_default();
            *with |= *label > 0.5;
            *without |= *label <= 0.5;
        }
        let in_turn = self.came.iter().any(|came| came.is_finite());
        let with = seen.values().filter(|(with, _)| *with).count();
        let without = seen
            .values()
            .filter(|(with, without)| *without && (in_turn || !*with));
        (with, without.count())
    }
}
