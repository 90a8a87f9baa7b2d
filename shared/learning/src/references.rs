//! What a card keeps of the rows that its model learnt from, for later accounts to be held against.

use copilot_scoring::learnt_card::LearntInput;
use copilot_scoring::reference::{Reference, References, SegmentReferences};
use jiff::civil::Date;

use crate::drift::{LEAST_ROWS, OWN};
use crate::examples::Examples;
use crate::table::{Part, Table};

/// Cut-offs that a reference is taken from: the newest, of a whole year, so that a season is no drift and months long
/// gone do not count.
const CUTOFFS: usize = 12;
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
    let cutoffs = days.split_off(days.len().saturating_sub(CUTOFFS));
    let is_new = |at: &usize| cutoffs.contains(&examples.cutoffs[part.rows[*at]]);
    let places: Vec<usize> = (0..part.len()).filter(is_new).collect();
    let of = |places: &[usize]| -> (Vec<Reference>, Option<Reference>) {
        let inputs = inputs.iter().enumerate();
        let of_input = |(column, input): (usize, &LearntInput)| {
            let values = places.iter().map(|at| table.row(part.rows[*at])[column]);
            Reference::of(&input.name, &values.collect::<Vec<f32>>())
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
