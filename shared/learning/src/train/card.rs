//! The card of a model that was grown here: what it reads, on what it was trained, for whom it speaks, how its answers are
//! taken apart, and how sure they are.

use copilot_scoring::learnt_card::{
    Anatomy, Conformal, GoldenRow, LearntCard, LearntInput, Line, LineColumn, Maker, TrainedOn,
};
use jiff::civil::Date;

use super::inputs::Inputs;
use super::{Order, WINDOW_DAYS};
use crate::blend::Blend;
use crate::examples::Examples;
use crate::population::{Stage, applies_to, label};
use crate::references::references;
use crate::table::{Part, Table};

/// Golden rows of a card.
const GOLDEN: usize = 8;

#[expect(clippy::too_many_arguments, reason = "a card says where everything came from")]
pub(super) fn card(
    order: &Order,
    examples: &Examples,
    part: &Part,
    stage: Stage,
    read: &Inputs,
    blend: &Blend,
    bytes: &[u8],
    table: &Table,
) -> LearntCard {
    let transactional = examples.transactional_share();
    let inputs = read.specs().enumerate().map(|(at, spec)| LearntInput {
        name: spec.name.to_owned(),
        version: spec.version,
        usual: middle(table, part, at),
    });
    let step = (part.len() / GOLDEN).max(1);
    let chosen = Part::of(part.rows.iter().step_by(step).take(GOLDEN).copied().collect());
    let margins = blend.margins(table, &chosen);
    let golden = chosen.rows.iter().zip(margins).map(|(row, margin)| GoldenRow {
        inputs: table
            .row(*row)
            .iter()
            .map(|v| v.is_finite().then_some(*v))
            .collect(),
        probability: 1.0 / (1.0 + (-margin).exp()),
    });
    let inputs: Vec<LearntInput> = inputs.collect();
    let answers: Vec<f64> = blend
        .unseen
        .iter()
        .map(|margin| 1.0 / (1.0 + (-margin).exp()))
        .collect();
    let references = references(examples, &inputs, (table, part), &answers);
    let (mut said, mut happened) = (Vec::new(), Vec::new());
    for (margin, row) in blend.unseen.iter().zip(&part.rows).filter(|(m, _)| m.is_finite()) {
        said.push(1.0 / (1.0 + (-margin).exp()));
        happened.push(examples.labels[*row] > 0.5);
    }
    LearntCard {
        name: order.kind.to_string(),
        version: order.version.clone(),
        kind: order.kind,
        maker: if stage == Stage::Boosting {
            Maker::Boosting
        } else {
            Maker::Logistic
        },
        label: label(order.kind, transactional).to_owned(),
        window_days: WINDOW_DAYS,
        sha256: LearntCard::hash(bytes),
        inputs,
        buyers: read.buyers(),
        anatomy: Some(anatomy(blend)),
        applies_to: applies_to(order.kind, transactional, usual_gaps(table, part)),
        golden: golden.collect(),
        trained_on: Some(trained_on(examples, part)),
        validation: None,
        conformal: Some(Conformal::fit(&said, &happened)),
        amounts: None,
        references: Some(references),
        limits: vec![
            "Confidence is that of a conformal prediction: how surely one of both outcomes can be ruled out, by rows that \
             the model had not seen."
                .to_owned(),
            "Contributions say what the model reads, not what causes an account to leave.".to_owned(),
        ],
    }
}

/// How the blend's answer is taken apart, as its card says it.
fn anatomy(blend: &Blend) -> Anatomy {
    let line = blend.linear.as_ref().map(|(linear, share)| Line {
        intercept: linear.intercept * share,
        columns: linear
            .columns
            .iter()
            .map(|column| LineColumn {
                log: column.log,
                low: column.low,
                high: column.high,
                mean: column.mean,
                scale: column.scale,
                weight: column.weight * share,
                gap: column.gap * share,
            })
            .collect(),
    });
    Anatomy {
        line,
        slope: blend.platt.slope,
        offset: blend.platt.offset,
    }
}

fn trained_on(examples: &Examples, part: &Part) -> TrainedOn {
    let mut outcome_of = std::collections::BTreeMap::new();
    for row in &part.rows {
        *outcome_of.entry(examples.accounts[*row]).or_insert(false) |= examples.labels[*row] > 0.5;
    }
    let mut cutoffs: Vec<Date> = part.rows.iter().map(|row| examples.cutoffs[*row]).collect();
    cutoffs.dedup();
    TrainedOn {
        accounts: outcome_of.len(),
        positive_accounts: outcome_of.values().filter(|yes| **yes).count(),
        rows: part.len(),
        positives: part
            .rows
            .iter()
            .filter(|row| examples.labels[**row] > 0.5)
            .count(),
        cutoffs,
    }
}

fn middle(table: &Table, part: &Part, column: usize) -> Option<f64> {
    let values = part.rows.iter().map(|row| table.row(*row)[column]);
    let mut known: Vec<f32> = values.filter(|v| v.is_finite()).collect();
    known.sort_by(f32::total_cmp);
    known.get(known.len() / 2).map(|v| f64::from(*v))
}

/// The share of inputs that may be missing: a little more than nearly every training row lacked.
fn usual_gaps(table: &Table, part: &Part) -> f64 {
    let gaps = |row: &usize| table.row(*row).iter().filter(|v| v.is_nan()).count();
    let mut all: Vec<usize> = part.rows.iter().map(gaps).collect();
    all.sort_unstable();
    let most = all.get(all.len() * 99 / 100).copied().unwrap_or(0) as f64 / table.width().max(1) as f64;
    (((most + 0.1) * 100.0).round() / 100.0).min(0.95)
}
