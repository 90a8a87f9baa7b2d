//! What a model reads of the examples: features of the catalogue that say something on its rows, and for buyers what they are
//! expected to order, by numbers fitted to them.

use std::collections::BTreeMap;

use copilot_domain::prediction::PredictionKind;
use copilot_features::buyers::{Buyer, Nbd, PURCHASES_AHEAD};
use copilot_features::{CATALOGUE, FeatureSpec};
use jiff::civil::Date;

use crate::examples::{Examples, is_told_of_buyers, value_in};
use crate::nbd;
use crate::table::{Part, Table};

/// A feature is read where at least this share of the rows has it.
const LEAST_KNOWN: f64 = 0.02;
/// What buyers are expected to order is read where at least this share of the rows are of buyers without a contract: bills of
/// subscriptions are no purchases.
const LEAST_BUYERS: f64 = 0.8;

/// The inputs of one model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inputs {
    /// Places in the catalogue.
    columns: Vec<usize>,
    /// The last input is [`PURCHASES_AHEAD`]: by these numbers, and of each row of the examples.
    ahead: Option<(Nbd, Vec<f32>)>,
}

impl Inputs {
    /// Those of a model that learns from a part of the examples.
    pub(super) fn of(kind: PredictionKind, examples: &Examples, part: &Part) -> Self {
        let table = &examples.table;
        let columns = (0..table.width()).filter(|column| tells(part, |row| table.row(row)[*column]));
        let ahead = fitted(kind, examples, part).map(|numbers| {
            let of_row = |row| numbers.ahead(|name| value_in(table.row(row), name));
            let values = (0..examples.len()).map(|row| of_row(row).map_or(f32::NAN, |orders| orders as f32));
            (numbers, values.collect::<Vec<f32>>())
        });
        Self {
            columns: columns.collect(),
            ahead: ahead.filter(|(_, values)| tells(part, |row| values[row])),
        }
    }

    /// The numbers that tell [`PURCHASES_AHEAD`], where it is read.
    pub(super) fn buyers(&self) -> Option<Nbd> {
        self.ahead.as_ref().map(|(numbers, _)| *numbers)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// What is known of each, in their order.
    pub(super) fn specs(&self) -> impl Iterator<Item = &'static FeatureSpec> {
        const AHEAD: &FeatureSpec = &PURCHASES_AHEAD;
        let features = self.columns.iter().map(|column| &CATALOGUE[*column]);
        features.chain(self.ahead.as_ref().map(|_| AHEAD))
    }

    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.specs().position(|spec| spec.name == name)
    }

    /// The inputs of all rows of the examples.
    pub(super) fn table(&self, examples: &Examples) -> Table {
        let width = self.columns.len() + usize::from(self.ahead.is_some());
        let mut values = Vec::with_capacity(examples.len() * width);
        for at in 0..examples.len() {
            let row = examples.table.row(at);
            values.extend(self.columns.iter().map(|column| row[*column]));
            values.extend(self.ahead.as_ref().map(|(_, ahead)| ahead[at]));
        }
        Table::new(values, width).unwrap_or_default()
    }
}

/// Whether an input says something on these rows: known often enough, and not always the same.
fn tells(part: &Part, value: impl Fn(usize) -> f32) -> bool {
    let least = (part.len() as f64 * LEAST_KNOWN).ceil() as usize;
    let mut known = part.rows.iter().map(|row| value(*row)).filter(|v| v.is_finite());
    let Some(first) = known.next() else {
        return false;
    };
    let (mut count, mut varies) = (1, false);
    for value in known {
        count += 1;
        varies |= value.to_bits() != first.to_bits();
    }
    varies && count >= least
}

/// The numbers of the buyers of a part, as they stood at its last cut-off; `None` where it is of others, or speaks of what does
/// not hang on their orders.
///
/// Rows are of accounts that bought not long ago. Those that lapsed before the first cut-off are in none, and without them leaving
/// would seem rarer than it is: they count too. Each buyer stands as it was last seen, only older: had it bought since, it would
/// be seen again. One that was last seen with a contract is left out.
fn fitted(kind: PredictionKind, examples: &Examples, part: &Part) -> Option<Nbd> {
    if !is_told_of_buyers(kind) {
        return None;
    }
    let last = part.rows.iter().map(|row| examples.cutoffs[*row]).max()?;
    let mut newest: BTreeMap<usize, (Date, Option<Buyer>)> = BTreeMap::new();
    let mut see = |account: usize, day: Date, buyer: Option<Buyer>| {
        let kept = newest.entry(account).or_insert((day, buyer));
        if day > kept.0 {
            *kept = (day, buyer);
        }
    };
    let mut buying = 0;
    for row in &part.rows {
        let values = examples.table.row(*row);
        let buyer = Buyer::of(|name| value_in(values, name));
        buying += u32::from(buyer.is_some());
        see(examples.accounts[*row], examples.cutoffs[*row], buyer);
    }
    if f64::from(buying) < LEAST_BUYERS * part.len() as f64 {
        return None;
    }
    for (account, day, buyer) in examples.aside.iter().filter(|(_, day, _)| *day <= last) {
        see(*account, *day, *buyer);
    }
    let aged = newest.into_values().filter_map(|(day, buyer)| {
        let buyer = buyer?;
        let age = buyer.age + f64::from((last - day).get_days());
        Some(Buyer { age, ..buyer })
    });
    nbd::fit(&aged.collect::<Vec<Buyer>>()).filter(Nbd::is_sound)
}

#[cfg(test)]
mod tests {
    use copilot_domain::ids::AccountId;
    use copilot_features::FeatureVector;
    use jiff::civil::date;

    use super::*;
    use crate::examples::{Aside, Example};

    /// Buyers at the first of January and of February: each orders every ten days, some less.
    fn buyers(share: f64, lapsed: Vec<Aside>) -> Examples {
        let one = |number: u32, month: i8| {
            let mut features = FeatureVector::default();
            let buys = f64::from(number) < share * 100.0;
            features.set("transactional", if buys { 1.0 } else { 0.0 });
            features.set("repeat_purchases", f64::from(5 + number % 9));
            features.set("days_first_to_last_purchase", 100.0);
            features.set("days_since_first_purchase", f64::from(105 + number % 30));
            Example {
                account: AccountId::derived(&[&number.to_string()]),
                cutoff: date(2025, month, 1),
                features: Example::values(&features),
                happened: number.is_multiple_of(2),
                rules: f64::NAN,
                came: f64::NAN,
                segment: "default".to_owned(),
            }
        };
        let all = (0..100).flat_map(|number| [one(number, 1), one(number, 2)]);
        Examples::with_aside(all.collect(), lapsed)
    }

    fn of(kind: PredictionKind, examples: &Examples) -> Inputs {
        Inputs::of(kind, examples, &Part::of((0..examples.len()).collect()))
    }

    #[test]
    fn models_of_buyers_read_what_is_expected_of_them_and_no_others_do() {
        let ahead = |kind, share| {
            let inputs = of(kind, &buyers(share, Vec::new()));
            inputs.specs().any(|spec| spec.name == PURCHASES_AHEAD.name)
        };
        assert!(ahead(PredictionKind::Churn, 1.0) && ahead(PredictionKind::Revenue, 0.8));
        assert!(!ahead(PredictionKind::Churn, 0.79), "bills are no purchases");
        assert!(!ahead(PredictionKind::Payment, 1.0) && !ahead(PredictionKind::Expansion, 1.0));
    }

    #[test]
    fn a_table_has_a_column_for_each_input_and_ends_with_what_is_expected() {
        let examples = buyers(1.0, Vec::new());
        let inputs = of(PredictionKind::Churn, &examples);
        let table = inputs.table(&examples);
        assert_eq!((table.width(), table.len()), (inputs.specs().count(), 200));
        let last = table.width() - 1;
        assert_eq!(inputs.place(PURCHASES_AHEAD.name), Some(last));
        assert!((0..200).all(|row| table.row(row)[last] > 0.0));
    }

    #[test]
    fn buyers_that_lapsed_make_all_expect_less_and_later_ones_are_not_known_yet() {
        let gone = |number: u32, month: i8| Aside {
            account: AccountId::derived(&["gone", &number.to_string()]),
            cutoff: date(2025, month, 1),
            buyer: Some(Buyer {
                repeats: 6,
                recency: 100.0,
                age: 400.0,
            }),
        };
        let expected = |lapsed: Vec<Aside>| {
            let numbers = of(PredictionKind::Churn, &buyers(1.0, lapsed)).buyers();
            let silent = Buyer {
                repeats: 8,
                recency: 100.0,
                age: 160.0,
            };
            numbers.map_or(f64::NAN, |numbers| numbers.expected(&silent, 90.0))
        };
        let none = expected(Vec::new());
        assert!(expected((0..60).map(|n| gone(n, 2)).collect()) < 0.8 * none);
        assert!((expected((0..60).map(|n| gone(n, 3)).collect()) - none).abs() < 1e-12);
        let signed = |n| Aside {
            buyer: None,
            cutoff: date(2025, 2, 2),
            ..gone(n, 2)
        };
        let both = (0..60).flat_map(|n| [gone(n, 1), signed(n)]);
        let signed = expected(
            both.map(|one| Aside {
                cutoff: one.cutoff.min(date(2025, 2, 1)),
                ..one
            })
            .collect(),
        );
        assert!(
            (signed - none).abs() < 1e-12,
            "with a contract they are no buyers"
        );
    }
}
