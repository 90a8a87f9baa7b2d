//! Trees from files: every test, missing values, and explanations held against their definition.

use copilot_scoring::ensemble::{Aggregate, Ensemble, Node, PostTransform, Test, Tree};
use proptest::prelude::*;

fn branch(feature: usize, test: Test, missing_passes: bool, yes: usize, no: usize) -> Node {
    Node::Branch {
        feature,
        test,
        missing_passes,
        yes,
        no,
    }
}

fn leaf(weight: f32) -> Node {
    Node::Leaf(vec![(0, weight)])
}

fn ensemble(trees: Vec<Tree>) -> Ensemble {
    Ensemble::new(trees, 1, Aggregate::Sum, vec![0.25], PostTransform::None, None).unwrap()
}

#[test]
fn every_test_decides_as_it_is_written_at_its_edge_and_without_a_value() {
    let t = 0.1_f32;
    let values = [t.next_down(), t, t.next_up(), f32::NAN];
    for (test, passes) in [
        (Test::AtMost(t), [true, true, false]),
        (Test::Below(t), [true, false, false]),
        (Test::AtLeast(t), [false, true, true]),
        (Test::Above(t), [false, false, true]),
        (Test::Equal(t), [false, true, false]),
        (Test::Unequal(t), [true, false, true]),
        (Test::Among(vec![t, 7.0]), [false, true, false]),
    ] {
        for missing_passes in [true, false] {
            let tree = Tree {
                nodes: vec![
                    branch(0, test.clone(), missing_passes, 1, 2),
                    leaf(1.0),
                    leaf(2.0),
                ],
                covers: vec![3.0, 1.0, 2.0],
            };
            let expected = passes.iter().chain([&missing_passes]);
            let expected: Vec<f64> = expected.map(|p| if *p { 1.0 } else { 2.0 }).collect();
            let trees = ensemble(vec![tree]);
            assert_eq!(trees.raw(&values, 1), expected, "{test:?} {missing_passes}");
            assert_eq!(trees.plain(&values, 1), expected, "{test:?} {missing_passes}");
        }
    }
}

#[test]
fn a_file_that_leads_in_a_circle_is_refused() {
    let tree = Tree {
        nodes: vec![branch(0, Test::Below(0.0), false, 0, 1), leaf(1.0)],
        covers: vec![1.0; 2],
    };
    let refused =
        Ensemble::new(vec![tree], 1, Aggregate::Sum, vec![], PostTransform::None, None).unwrap_err();
    assert!(refused.to_string().contains("leads back"), "{refused}");
}

/// Trees of depth 3 over four columns, and rows with gaps.
fn trees() -> impl Strategy<Value = Vec<Tree>> {
    let node = (0_usize..4, -3_i8..3, any::<bool>(), any::<bool>());
    let tree = (
        proptest::collection::vec(node, 7),
        proptest::collection::vec(-5_i8..5, 8),
        proptest::collection::vec(1_u8..9, 8),
    );
    proptest::collection::vec(tree, 1..4).prop_map(|trees| {
        trees
            .into_iter()
            .map(|(branches, leaves, counts)| {
                let mut nodes: Vec<Node> = branches
                    .iter()
                    .enumerate()
                    .map(|(at, (feature, t, strict, missing))| {
                        let t = f32::from(*t) / 2.0;
                        let test = if *strict { Test::Below(t) } else { Test::AtMost(t) };
                        branch(*feature, test, *missing, 2 * at + 1, 2 * at + 2)
                    })
                    .collect();
                nodes.extend(leaves.iter().map(|w| leaf(f32::from(*w) / 4.0)));
                let mut covers = vec![0.0; 7];
                covers.extend(counts.iter().map(|c| f64::from(*c)));
                for at in (0..7).rev() {
                    covers[at] = covers[2 * at + 1] + covers[2 * at + 2];
                }
                Tree { nodes, covers }
            })
            .collect()
    })
}

/// The mean answer when only some columns are known: what Shapley values are defined by.
fn known(tree: &Tree, at: usize, row: &[f32], columns: u8) -> f64 {
    match &tree.nodes[at] {
        Node::Leaf(weights) => weights.iter().map(|(_, w)| f64::from(*w)).sum(),
        Node::Branch { feature, yes, no, .. } => {
            if columns & (1 << feature) != 0 {
                return known(tree, tree.next(at, row).unwrap(), row, columns);
            }
            let (y, n) = (tree.covers[*yes], tree.covers[*no]);
            (y * known(tree, *yes, row, columns) + n * known(tree, *no, row, columns)) / (y + n)
        }
    }
}

fn factorial(n: u32) -> f64 {
    (1..=n).map(f64::from).product()
}

proptest! {
    #[test]
    fn contributions_are_shapley_values_by_their_definition(
        trees in trees(),
        row in proptest::collection::vec(prop_oneof![4 => (-3_i8..3).prop_map(|v| f32::from(v) / 2.0), 1 => Just(f32::NAN)], 4),
    ) {
        let all = ensemble(trees.clone());
        let why = all.contributions(&row, 0).unwrap();
        prop_assert!((why.sum() - (all.raw(&row, 4)[0] + 0.25)).abs() < 1e-9);
        for column in 0..4_u8 {
            let mut expected = 0.0;
            for set in (0..16_u8).filter(|set| set & (1 << column) == 0) {
                let size = set.count_ones();
                let weight = factorial(size) * factorial(3 - size) / factorial(4);
                for tree in &trees {
                    expected += weight * (known(tree, 0, &row, set | (1 << column)) - known(tree, 0, &row, set));
                }
            }
            prop_assert!((why.columns[usize::from(column)] - expected).abs() < 1e-9, "{} {}", why.columns[usize::from(column)], expected);
        }
    }

    #[test]
    fn the_fast_way_is_the_plain_way(
        trees in trees(),
        rows in proptest::collection::vec(prop_oneof![4 => (-3_i8..3).prop_map(|v| f32::from(v) / 2.0), 1 => Just(f32::NAN)], 0..160),
    ) {
        let rows = &rows[..rows.len() / 4 * 4];
        let all = ensemble(trees);
        prop_assert_eq!(all.raw(rows, 4), all.plain(rows, 4));
    }
}
