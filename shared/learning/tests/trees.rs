//! Trees: grown, written as ONNX, run by tract, explained. Everything must say the same.
#![expect(clippy::unwrap_used, reason = "tests")]

use copilot_learning::blend::{self, Kind, Plan};
use copilot_learning::boosting::{Objective, Settings, best, grow, margins};
use copilot_learning::calibrate::Platt;
use copilot_learning::linear::{Linear, PENALTY, penalty_by_time};
use copilot_learning::symmetric;
use copilot_learning::table::{Part, Table};
use copilot_learning::trees_export::{blend_to_onnx, to_onnx};
use copilot_scoring::ensemble::{self, Ensemble};
use tract_onnx::prelude::*;

/// A number out of 0 to 1 that follows from two others.
fn noise(a: usize, b: usize) -> f64 {
    let mut x =
        (a as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (b as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
    x ^= x >> 29;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 32;
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

/// Rows of five columns, some missing; the label follows two of them and an interaction.
fn rows(count: usize) -> (Table, Vec<f64>) {
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for row in 0..count {
        let x: Vec<f64> = (0..5).map(|column| noise(row, column) * 4.0 - 2.0).collect();
        let margin = x[0] * 1.5 - (x[1] * x[2]) + if noise(row, 90) < 0.1 { 1.0 } else { 0.0 };
        labels.push(f64::from(u8::from(
            noise(row, 91) < 1.0 / (1.0 + (-margin).exp()),
        )));
        for (column, x) in x.iter().enumerate() {
            let missing = column == 0 && noise(row, 90) < 0.1;
            values.push(if missing { f32::NAN } else { *x as f32 });
        }
    }
    (Table::new(values, 5).unwrap(), labels)
}

fn parts(count: usize) -> (Part, Part) {
    let (stop, learn) = (0..count).partition(|row| row % 5 == 0);
    (Part::of(learn), Part::of(stop))
}

fn run(bytes: &[u8], rows: &[f32], width: usize) -> Vec<f32> {
    let mut model = ensemble::onnx().model_for_read(&mut &bytes[..]).unwrap();
    let n = model.symbols.sym("N");
    model
        .set_input_fact(0, f32::fact([n.to_dim(), width.to_dim()]).into())
        .unwrap();
    let plan = model.into_optimized().unwrap().into_runnable().unwrap();
    let input = Tensor::from_shape(&[rows.len() / width, width], rows).unwrap();
    let out = plan.run(tvec!(input.into())).unwrap();
    out[0]
        .to_plain_array_view::<f32>()
        .unwrap()
        .iter()
        .copied()
        .collect()
}

fn grown(count: usize) -> (Table, Vec<f64>, Ensemble) {
    let (table, labels) = rows(count);
    let (learn, stop) = parts(count);
    let settings = Settings {
        rounds: 60,
        ..Settings::LEAFWISE
    };
    let grown = grow(
        &table,
        &labels,
        &learn,
        &stop,
        Objective::LogLoss,
        &settings,
        0..2,
    )
    .unwrap();
    (table, labels, grown.ensemble)
}

#[test]
fn what_tract_says_of_the_file_is_what_the_trees_say() {
    let (table, _, ensemble) = grown(600);
    let platt = Platt {
        slope: 0.9,
        offset: -0.2,
    };
    let every = Part::of((0..table.len()).collect());
    let rows = table.rows_of(&every);
    let answers = run(&to_onnx("test", &ensemble, 5, Some(platt)), &rows, 5);
    for (margin, answer) in margins(&ensemble, &table, &every).iter().zip(&answers) {
        assert!((platt.probability(*margin) - f64::from(*answer)).abs() < 1e-6);
    }
    let values = run(&to_onnx("test", &ensemble, 5, None), &rows, 5);
    for (margin, answer) in margins(&ensemble, &table, &every).iter().zip(&values) {
        assert!((margin - f64::from(*answer)).abs() < 1e-5);
    }
}

#[test]
fn contributions_add_up_to_the_margin_and_ignore_what_is_not_looked_at() {
    let (table, _, ensemble) = grown(600);
    let every = Part::of((0..table.len()).collect());
    for (row, margin) in margins(&ensemble, &table, &every).iter().enumerate() {
        let why = ensemble.contributions(table.row(row), 0).unwrap();
        assert!((why.sum() - margin).abs() < 1e-9, "{row}: {} {margin}", why.sum());
    }
    assert!(ensemble.contributions(table.row(0), 0).unwrap().columns[0].abs() > 0.0);
}

#[test]
fn the_fast_way_and_the_plain_way_agree_bit_for_bit() {
    let (table, _, ensemble) = grown(600);
    let rows = table.rows_of(&Part::of((0..table.len()).collect()));
    assert_eq!(ensemble.raw(&rows, 5), ensemble.plain(&rows, 5));
}

#[test]
fn the_same_seed_grows_the_same_trees() {
    let (table, labels) = rows(300);
    let (learn, stop) = parts(300);
    let once = || best(&table, &labels, &learn, &stop, Objective::LogLoss, 7).unwrap();
    let (a, b) = (once(), once());
    assert_eq!(
        to_onnx("a", &a.0.ensemble, 5, None),
        to_onnx("a", &b.0.ensemble, 5, None)
    );
    assert_eq!(a.1, b.1);
}

#[test]
fn a_blend_in_one_file_says_what_its_members_say_together() {
    let (table, labels) = rows(400);
    let every = Part::of((0..table.len()).collect());
    let fold: Vec<usize> = (0..table.len()).map(|row| row % 5).collect();
    let plan = Plan {
        trees: vec![
            Kind::Free(Settings {
                // Few, so that the line has something left to say.
                rounds: 4,
                ..Settings::SHALLOW
            }),
            Kind::Symmetric(symmetric::Settings {
                rounds: 4,
                ..symmetric::Settings::default()
            }),
        ],
        ..Plan::default()
    };
    let blend = blend::grow(&table, &labels, &every, &fold, &plan).unwrap();
    assert!(
        blend.linear.is_some(),
        "the line has a place: {:?}",
        blend.weights
    );
    let answers = run(&blend_to_onnx("test", &blend, 5), &table.rows_of(&every), 5);
    for (margin, answer) in blend.margins(&table, &every).iter().zip(&answers) {
        let probability = 1.0 / (1.0 + (-margin).exp());
        assert!(
            (probability - f64::from(*answer)).abs() < 1e-5,
            "{probability} {answer}"
        );
    }
    for (row, margin) in blend.margins(&table, &every).iter().enumerate() {
        let why = blend.contributions(table.row(row)).unwrap();
        assert!((why.sum() - margin).abs() < 1e-9, "{row}: {} {margin}", why.sum());
    }
}

#[test]
fn a_line_through_few_columns_has_its_share_and_the_file_says_the_same() {
    let (table, labels) = rows(400);
    let every = Part::of((0..table.len()).collect());
    let fold: Vec<usize> = (0..table.len()).map(|row| row % 5).collect();
    let grown = |plan: &Plan| blend::grow(&table, &labels, &every, &fold, plan).unwrap();
    for trees in [Vec::new(), vec![Kind::Free(Settings::SHALLOW)]] {
        let without = Plan {
            trees,
            ..Plan::default()
        };
        let with = Plan {
            few: vec![0, 3],
            ..without.clone()
        };
        let (before, blend) = (grown(&without), grown(&with));
        // The others keep their weights among each other, and lose a share to it.
        let rest: Vec<f64> = blend
            .weights
            .iter()
            .zip(&before.weights)
            .map(|(now, then)| now / then)
            .collect();
        let lost = (1.0 - blend::FEW_SHARE) * before.platt.slope;
        assert!(
            !rest.is_empty() && rest.iter().all(|r| (r - lost).abs() < 1e-9),
            "{rest:?} {lost}"
        );
        let every_column = Linear::fit(&table, &labels, &every, PENALTY).unwrap();
        let few = Linear::through(&[0, 3], &table, &labels, &every, PENALTY).unwrap();
        assert!(few.columns[1].weight == 0.0 && few.columns[1].gap == 0.0 && few.columns[3].weight != 0.0);
        let (line, weight) = blend.linear.as_ref().unwrap();
        let share = blend.weights.last().unwrap();
        for row in 0..table.len() {
            let row = table.row(row);
            let expected = share * every_column.margin(row) + blend::FEW_SHARE * few.margin(row);
            assert!((weight * line.margin(row) - expected).abs() < 1e-9);
        }
        let answers = run(&blend_to_onnx("test", &blend, 5), &table.rows_of(&every), 5);
        for (row, (margin, answer)) in blend.margins(&table, &every).iter().zip(&answers).enumerate() {
            let probability = 1.0 / (1.0 + (-margin).exp());
            assert!((probability - f64::from(*answer)).abs() < 1e-5);
            let why = blend.contributions(table.row(row)).unwrap();
            assert!((why.sum() - margin).abs() < 1e-9, "{row}: {} {margin}", why.sum());
        }
        let mean = blend.unseen.iter().map(|m| 1.0 / (1.0 + (-m).exp())).sum::<f64>() / 400.0;
        let rate = labels.iter().sum::<f64>() / 400.0;
        assert!((mean - rate).abs() < 0.01, "calibrated: {mean} {rate}");
    }
}

#[test]
fn weights_by_time_need_what_was_told_of_later_rows() {
    let (table, labels) = rows(400);
    let (early, late) = (Part::of((0..300).collect()), Part::of((300..400).collect()));
    let fold: Vec<usize> = (0..300).map(|row| row % 5).collect();
    let plan = Plan {
        trees: vec![Kind::Symmetric(symmetric::Settings {
            rounds: 30,
            ..symmetric::Settings::default()
        })],
        ..Plan::default()
    };
    let weights = blend::weights_by_time(&table, &labels, (&early, &fold), &late, &plan).unwrap();
    assert_eq!(weights.len(), 2);
    assert!(weights.iter().all(|w| *w >= 0.0) && weights.iter().sum::<f64>() > 0.0);
    // Against labels of later rows turned round, nothing that was learnt is worth anything.
    let turned: Vec<f64> = (0..400)
        .map(|at| if at < 300 { labels[at] } else { 1.0 - labels[at] })
        .collect();
    let none = blend::weights_by_time(&table, &turned, (&early, &fold), &late, &plan).unwrap();
    assert!(
        (none[0] - 0.5).abs() < 1e-12 && (none[1] - 0.5).abs() < 1e-12,
        "{none:?}"
    );
    let penalty = penalty_by_time(&table, &labels, &early, &late);
    assert!(penalty >= PENALTY);
}
