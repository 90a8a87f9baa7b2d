//! What a card keeps of the rows that its model learnt from, for later accounts to be held against.

use copilot_domain::time::shift;
use copilot_features::input_spec;
use copilot_scoring::learnt_card::LearntInput;
use copilot_scoring::reference::{Reference, References, SegmentReferences};
use jiff::civil::Date;

use crate::drift::{LEAST_ROWS, OWN};
use crate::examples::Examples;
use crate::table::{Part, Table};

/// Cut-offs that a reference is taken from: the newest, of a whole year, so that a season is no drift and months long
/// gone do not count.
const CUTOFFS: usize = 12;
/// Cut-offs that a feature is referred to at least: the newest, though not all of them had its whole window behind them.
const NEWEST: usize = 3;
/// Health profiles with a reference of their own.
const SEGMENTS: usize = 4;

/// The references of a model: `inputs` are the table's columns, `said` its answers by place in the part.
pub(crate) fn references(
    examples: &Examples,
    inputs: &[LearntInput],
    (table, part): (&Table, &Part),
    said: &[f64],
) -> References {
    let mut days: Vec<Date> = part.rows.iter().map(|row| examples.cutoffs[*row]).collect();
    days.sort_unstable();
    days.dedup();
    let first = days.first().copied();
    let cutoffs = days.split_off(days.len().saturating_sub(CUTOFFS));
    let newest = cutoffs.get(cutoffs.len().saturating_sub(NEWEST)).copied();
    let is_new = |at: &usize| cutoffs.contains(&examples.cutoffs[part.rows[*at]]);
    let places: Vec<usize> = (0..part.len()).filter(is_new).collect();
    let of = |places: &[usize]| -> (Vec<Reference>, Option<Reference>) {
        let inputs = inputs.iter().enumerate();
        let of_input = |(column, input): (usize, &LearntInput)| {
            let since = |day: Option<Date>| -> Vec<f32> {
                let rows = places.iter().map(|at| part.rows[*at]);
                let rows = rows.filter(|row| Some(examples.cutoffs[*row]) >= day);
                rows.map(|row| table.row(row)[column]).collect()
            };
            let full = first.map(|day| full_from(day, &input.name));
            // One cut-off is a season: where fewer than the newest had the whole window, these stand for it.
            let mut values = since(full.into_iter().chain(newest).min());
            if values.len() < LEAST_ROWS {
                values = since(None);
            }
            Reference::of(&input.name, &values)
        };
        let given = places.iter().map(|at| said[*at]).filter(|p| p.is_finite());
        let given: Vec<f32> = given.map(|p| p as f32).collect();
        (inputs.filter_map(of_input).collect(), Reference::of(OWN, &given))
    };
    let (features, predictions) = of(&places);
    let mut segments: Vec<(&String, Vec<usize>)> = Vec::new();
    for (number, name) in examples.segments.iter().enumerate() {
        let inside = places.iter().copied();
        let inside = inside.filter(|at| usize::from(examples.segment_of[part.rows[*at]]) == number);
        segments.push((name, inside.collect()));
    }
    segments.retain(|(_, inside)| inside.len() >= LEAST_ROWS);
    segments.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
    segments.truncate(SEGMENTS);
    let segments = segments.into_iter().map(|(segment, inside)| {
        let (features, predictions) = of(&inside);
        SegmentReferences {
            segment: segment.clone(),
            features,
            predictions,
        }
    });
    References {
        cutoffs,
        features,
        predictions,
        segments: segments.collect(),
    }
}

/// The day from which on a feature's window lies within a history that begins with its first cut-off. Before it, a year's sum
/// is the sum of what was there: it grows month by month, and would drift from these rows though nothing changed. Where
/// history is older than the cut-offs that are learnt from, fewer days are taken than could be.
fn full_from(first: Date, feature: &str) -> Date {
    let window = input_spec(feature).map_or(0, |spec| spec.window_days);
    shift(first, i32::from(window))
}

#[cfg(test)]
mod tests {
    use copilot_domain::ids::AccountId;
    use jiff::ToSpan;

    use super::*;
    use crate::examples::Example;

    /// The references over `months` cut-offs of as many accounts each, of a history that begins with the first; a feature's
    /// value is the number of its cut-off.
    fn over(months: i32, accounts: u32, features: &[&str]) -> References {
        let first = jiff::civil::date(2010, 1, 1);
        let one = |month: i32, account: u32| Example {
            account: AccountId::derived(&[&account.to_string()]),
            cutoff: first.saturating_add(month.months()),
            features: vec![f32::NAN; copilot_features::CATALOGUE.len()],
            happened: false,
            rules: f64::NAN,
            came: f64::NAN,
            segment: "default".to_owned(),
        };
        let all = (0..months).flat_map(|month| (0..accounts).map(move |account| (month, account)));
        let examples = Examples::of(all.map(|(month, account)| one(month, account)).collect());
        let month_of = |row: usize| (row / accounts as usize) as f32;
        let rows = 0..examples.len();
        let values = rows.flat_map(|row| vec![month_of(row); features.len()]).collect();
        let table = Table::new(values, features.len()).unwrap();
        let input = |name: &&str| LearntInput {
            name: (*name).to_owned(),
            version: 1,
            usual: None,
        };
        let inputs: Vec<LearntInput> = features.iter().map(input).collect();
        let part = Part::of((0..examples.len()).collect());
        references(&examples, &inputs, (&table, &part), &vec![0.5; examples.len()])
    }

    fn rows(months: i32, accounts: u32, feature: &str) -> usize {
        over(months, accounts, &[feature]).features[0].rows
    }

    #[test]
    fn a_feature_is_referred_to_days_whose_history_was_as_long_as_its_window() {
        assert_eq!(rows(12, 200, "nps"), 12 * 200, "a state has no window");
        assert_eq!(rows(12, 200, "spend_90d"), 9 * 200);
        assert_eq!(
            rows(24, 200, "spend_365d"),
            12 * 200,
            "of two years the newest twelve are full"
        );
    }

    #[test]
    fn where_no_history_was_as_long_the_newest_days_stand_for_a_feature() {
        assert_eq!(rows(12, 200, "spend_365d"), NEWEST * 200);
        assert_eq!(
            rows(13, 200, "spend_365d"),
            NEWEST * 200,
            "one whole window is a season"
        );
        // Of a few accounts all days do, rather than so few rows that nothing could be told by them.
        assert_eq!(rows(12, 20, "spend_365d"), 12 * 20);
    }

    #[test]
    fn rows_and_accounts_of_a_day_are_told_whatever_feature_stands_first() {
        let found = over(12, 200, &["spend_365d", "nps"]);
        assert_eq!((found.rows(), found.accounts()), (12 * 200, 200));
    }
}
