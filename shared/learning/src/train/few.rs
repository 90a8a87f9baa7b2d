//! The few features of buyers whose line has a share of its own.

use copilot_domain::prediction::PredictionKind;

use super::inputs::Inputs;
use crate::population::Stage;
use crate::table::{Part, Table};

/// What the churn of a buyer hangs on most, in any month: the line through these has a share of its own.
const FEW: [&str; 3] = [
    "purchase_months_360d",
    "days_since_purchase",
    "days_since_first_purchase",
];
/// It has it where at least this share of the rows have them all.
const FEW_KNOWN: f64 = 0.8;

/// The places of [`FEW`] among the inputs. None but for the churn of buyers with outcomes enough for trees: that is what was
/// measured (docs/decisions/trainer.md). Bills of subscriptions are no purchases, and tell little of other outcomes.
pub(super) fn places(
    kind: PredictionKind,
    inputs: &Inputs,
    (table, part): (&Table, &Part),
    stage: Stage,
) -> Vec<usize> {
    if kind != PredictionKind::Churn || stage != Stage::Boosting || inputs.buyers().is_none() {
        return Vec::new();
    }
    let Some(places) = FEW
        .iter()
        .map(|name| inputs.place(name))
        .collect::<Option<Vec<usize>>>()
    else {
        return Vec::new();
    };
    let has_all = |row: &&usize| {
        let values = table.row(**row);
        places.iter().all(|at| values[*at].is_finite())
    };
    let known = part.rows.iter().filter(has_all).count();
    if known as f64 >= FEW_KNOWN * part.len() as f64 {
        places
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use copilot_domain::ids::AccountId;
    use copilot_features::FeatureVector;

    use super::*;
    use crate::examples::{Example, Examples};

    /// Accounts of whom the first `buyers` bought without a contract.
    fn examples(buyers: usize) -> Examples {
        let one = |number: usize| {
            let mut features = FeatureVector::default();
            let (buys, repeats) = (number < buyers, number % 7);
            features.set("transactional", if buys { 1.0 } else { 0.0 });
            if buys {
                features.set("purchase_months_360d", (1 + repeats) as f64);
                features.set("repeat_purchases", repeats as f64);
                features.set("days_first_to_last_purchase", (repeats * 20) as f64);
                features.set("days_since_purchase", (10 + number) as f64);
                features.set("days_since_first_purchase", (repeats * 20 + 10 + number) as f64);
            }
            Example {
                account: AccountId::derived(&[&number.to_string()]),
                cutoff: jiff::civil::date(2025, 1, 1),
                features: Example::values(&features),
                happened: number.is_multiple_of(2),
                rules: f64::NAN,
                came: f64::NAN,
                segment: "default".to_owned(),
            }
        };
        Examples::of((0..100).map(one).collect())
    }

    fn named(kind: PredictionKind, buyers: usize, stage: Stage) -> Vec<&'static str> {
        let (examples, part) = (examples(buyers), Part::of((0..100).collect()));
        let inputs = Inputs::of(kind, &examples, &part);
        let places = places(kind, &inputs, (&inputs.table(&examples), &part), stage);
        let all: Vec<_> = inputs.specs().map(|spec| spec.name).collect();
        places.into_iter().map(|at| all[at]).collect()
    }

    #[test]
    fn the_churn_of_buyers_has_a_line_through_few_features() {
        assert_eq!(named(PredictionKind::Churn, 100, Stage::Boosting), FEW);
        assert_eq!(named(PredictionKind::Churn, 80, Stage::Boosting), FEW);
    }

    #[test]
    fn subscriptions_other_outcomes_and_few_outcomes_have_none() {
        assert!(
            named(PredictionKind::Churn, 79, Stage::Boosting).is_empty(),
            "bills are no purchases"
        );
        assert!(named(PredictionKind::Churn, 100, Stage::Logistic).is_empty());
        for kind in [
            PredictionKind::Payment,
            PredictionKind::Revenue,
            PredictionKind::Expansion,
        ] {
            assert!(named(kind, 100, Stage::Boosting).is_empty(), "{kind}");
        }
    }
}
