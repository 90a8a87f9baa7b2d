//! How much comes if anything does: the second half of a hurdle, whose first is the chance that anything comes (a [`crate::blend`]).
//!
//! Learnt from the rows that something came from: the logarithm of what came over a base that the account has already, by
//! trees of squared error. One number added to it makes the sum right over those rows.

use copilot_scoring::amounts::if_so;
use copilot_scoring::ensemble::Ensemble;

use crate::boosting::{self, BoostError, Objective, Settings};
use crate::table::{Part, Table};

/// Rows that the trees did not see, of ten one lies below the interval and one above.
const BELOW: f64 = 0.1;

/// Trees of amounts.
#[derive(Debug)]
pub struct Amounts {
    /// Their answer is `ln(1 + amount) − ln(1 + base)`.
    pub trees: Ensemble,
    /// What is added to it for the lower end of the interval of 80 %.
    pub low: f64,
    /// And for the upper.
    pub high: f64,
}

/// How the trees are grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Growth {
    /// The better of two configurations, as the bench measures.
    Best,
    /// Shallow trees of so many seeds, quick to take apart.
    Shallow(u64),
}

/// Grows trees of amounts on the rows of `learn` and `stop` that anything came from; `came` and `bases` are by row of the table,
/// in major units.
///
/// # Errors
/// [`BoostError`].
pub fn grow(
    table: &Table,
    (came, bases): (&[f64], &[f64]),
    (learn, stop): (&Part, &Part),
    growth: Growth,
) -> Result<Amounts, BoostError> {
    let of_some = |part: &Part| {
        let places: Vec<usize> = (0..part.len()).filter(|at| came[part.rows[*at]] > 0.0).collect();
        part.at(&places)
    };
    let (learn, stop) = (of_some(learn), of_some(stop));
    let known = |x: &f64| x.max(0.0).ln_1p();
    let ratios: Vec<f64> = came
        .iter()
        .zip(bases)
        .map(|(came, base)| known(came) - known(base))
        .collect();
    let objective = Objective::SquaredError;
    let mut trees = match growth {
        Growth::Best => {
            boosting::best(table, &ratios, &learn, &stop, objective, 0)?
                .0
                .ensemble
        }
        Growth::Shallow(seeds) => {
            boosting::grow(
                table,
                &ratios,
                &learn,
                &stop,
                objective,
                &Settings::SHALLOW,
                0..seeds,
            )?
            .ensemble
        }
    };
    let all = Part::of(learn.rows.iter().chain(&stop.rows).copied().collect());
    let told = boosting::margins(&trees, table, &all);
    let sum: f64 = all.rows.iter().map(|row| came[*row] + 1.0).sum();
    let said: f64 = all
        .rows
        .iter()
        .zip(&told)
        .map(|(row, told)| (told + known(&bases[*row])).exp())
        .sum();
    let shift = (sum / said.max(f64::MIN_POSITIVE)).ln();
    if let Some(base) = trees.base.first_mut() {
        *base += shift as f32;
    }
    let mut missed: Vec<f64> = stop
        .rows
        .iter()
        .zip(boosting::margins(&trees, table, &stop))
        .map(|(row, told)| ratios[*row] - told)
        .collect();
    missed.sort_by(f64::total_cmp);
    let last = missed.len().saturating_sub(1) as f64;
    let at = |share: f64| {
        missed
            .get((last * share).round() as usize)
            .copied()
            .unwrap_or(0.0)
    };
    let (low, high) = (at(BELOW), at(1.0 - BELOW));
    Ok(Amounts { trees, low, high })
}

impl Amounts {
    /// What each row of a part brings if anything comes, in major units.
    pub fn if_so(&self, table: &Table, bases: &[f64], part: &Part) -> Vec<f64> {
        let told = boosting::margins(&self.trees, table, part);
        let rows = told.iter().zip(&part.rows);
        rows.map(|(told, row)| if_so(*told, bases[*row])).collect()
    }
}

/// How much of the amount is found going down a list, equal scores at once: 0 for chance, 1 for the order of the amounts.
pub fn gini(came: &[f64], score: &[f64]) -> f64 {
    let best = concentration(came, came);
    if best.abs() < f64::EPSILON {
        return 0.0;
    }
    concentration(came, score) / best
}

/// Twice the area between the diagonal and the curve of the amount found.
fn concentration(came: &[f64], score: &[f64]) -> f64 {
    let total: f64 = came.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    let mut order: Vec<usize> = (0..came.len()).collect();
    order.sort_by(|a, b| score[*b].total_cmp(&score[*a]));
    let (mut area, mut found) = (0.0, 0.0);
    for same in order.chunk_by(|a, b| score[*a].total_cmp(&score[*b]).is_eq()) {
        let before = found;
        found += same.iter().map(|row| came[*row]).sum::<f64>() / total;
        area += same.len() as f64 / came.len() as f64 * (found + before);
    }
    area - 1.0
}

/// Mean absolute difference.
pub fn mae(came: &[f64], told: &[f64]) -> f64 {
    let gaps = came.iter().zip(told).map(|(came, told)| (came - told).abs());
    gaps.sum::<f64>() / came.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn the_gini_of_the_amounts_themselves_is_one_and_of_no_order_nought() {
        let came = [5.0, 0.0, 1.0, 100.0, 3.0];
        assert!((gini(&came, &came) - 1.0).abs() < 1e-12);
        assert!(gini(&came, &[1.0; 5]).abs() < 1e-12);
        let back: Vec<f64> = came.iter().map(|x| -x).collect();
        assert!((gini(&came, &back) + 1.0).abs() < 1e-12);
    }

    #[test]
    fn amounts_are_told_in_parts_of_the_base_and_their_sum_is_right() {
        let mut random = Random::new(3);
        let (mut values, mut came, mut bases) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..1_200 {
            let (base, mood) = (10.0 + random.unit() * 990.0, random.unit());
            values.extend([mood as f32, random.unit() as f32]);
            bases.push(base);
            let comes = random.unit() < 0.6;
            came.push(if comes {
                base * (0.5 + 2.0 * mood) * (0.3 * random.normal()).exp()
            } else {
                0.0
            });
        }
        let table = Table::new(values, 2).unwrap();
        let (learn, stop) = (Part::of((0..800).collect()), Part::of((800..1_000).collect()));
        let amounts = grow(&table, (&came, &bases), (&learn, &stop), Growth::Shallow(2)).unwrap();
        let later: Vec<usize> = (1_000..1_200).filter(|row| came[*row] > 0.0).collect();
        let later = Part::of(later);
        let (truth, told) = (later.pick(&came), amounts.if_so(&table, &bases, &later));
        let (ours, rule) = (mae(&truth, &told), mae(&truth, &later.pick(&bases)));
        assert!(ours < 0.8 * rule, "{ours} {rule}");
        let (sum, said): (f64, f64) = (truth.iter().sum(), told.iter().sum());
        assert!((said / sum - 1.0).abs() < 0.1, "{said} {sum}");
        let within = later.rows.iter().filter(|row| {
            let part = Part::of(vec![**row]);
            let told = boosting::margins(&amounts.trees, &table, &part)[0];
            let (low, high) = (
                if_so(told + amounts.low, bases[**row]),
                if_so(told + amounts.high, bases[**row]),
            );
            came[**row] >= low && came[**row] <= high
        });
        let share = within.count() as f64 / later.len() as f64;
        assert!((share - 0.8).abs() < 0.1, "{share}");
    }
}
