//! The few features of buyers whose line has a share of its own.

use copilot_domain::prediction::PredictionKind;
use copilot_features::CATALOGUE;

use crate::examples::Examples;
use crate::population::Stage;
use crate::table::Part;

/// What the churn of a buyer hangs on most, in any month: the line through these has a share of its own.
const FEW: [&str; 3] = [
    "purchase_months_360d",
    "days_since_purchase",
    "days_since_first_purchase",
];
/// It has it where at least this share of the rows are of buyers without a contract, and has them.
const FEW_KNOWN: f64 = 0.8;

/// The places of [`FEW`] among the columns that are read. None but for the churn of buyers with outcomes enough for trees: that
/// is what was measured (docs/decisions/trainer.md). Bills of subscriptions are no purchases, and tell little of other outcomes.
pub(super) fn places(
    kind: PredictionKind,
    examples: &Examples,
    part: &Part,
    columns: &[usize],
    stage: Stage,
) -> Vec<usize> {
    if kind != PredictionKind::Churn || stage != Stage::Boosting {
        return Vec::new();
    }
    let place = |name: &&str| columns.iter().position(|column| CATALOGUE[*column].name == *name);
    let Some(places) = FEW.iter().map(place).collect::<Option<Vec<usize>>>() else {
        return Vec::new();
    };
    let buys = CATALOGUE.iter().position(|spec| spec.name == "transactional");
    let is_buyer = |row: &&usize| {
        let values = examples.table.row(**row);
        buys.is_some_and(|at| values[at] >= 1.0) && places.iter().all(|at| values[columns[*at]].is_finite())
    };
    let buyers = part.rows.iter().filter(is_buyer).count();
    if buyers as f64 >= FEW_KNOWN * part.len() as f64 {
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
    use crate::examples::Example;

    /// Accounts that bought in the last year, of whom the first `buyers` do so without a contract.
    fn examples(buyers: usize) -> Examples {
        let one = |number: usize| {
            let mut features = FeatureVector::default();
            features.set("transactional", if number < buyers { 1.0 } else { 0.0 });
            for name in FEW {
                features.set(name, number as f64);
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
        let columns: Vec<usize> = (0..CATALOGUE.len()).rev().collect();
        let places = places(kind, &examples, &part, &columns, stage);
        places.into_iter().map(|at| CATALOGUE[columns[at]].name).collect()
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
