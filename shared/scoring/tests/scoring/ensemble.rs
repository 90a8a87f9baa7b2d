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

/// A tree of so many leaves, grown where chance says, each leaf for one of two targets: `picks` tells leaf, column, threshold,
/// test and where missing values go.
fn grown(picks: &[(usize, usize, i8, u8, bool)]) -> Tree {
    let mut nodes = vec![leaf(0.0)];
    let mut open = vec![0];
    for (at, column, t, test, missing) in picks {
        let node = open.swap_remove(at % open.len());
        let t = f32::from(*t) / 2.0;
        let test = match test % 4 {
            0 => Test::Below(t),
            1 => Test::AtMost(t),
            2 => Test::AtLeast(t),
            _ => Test::Above(t),
        };
        let yes = nodes.len();
        nodes[node] = branch(*column, test, *missing, yes, yes + 1);
        nodes.extend([leaf(0.0), leaf(0.0)]);
        open.extend([yes, yes + 1]);
    }
    for (at, node) in nodes.iter_mut().enumerate() {
        if let Node::Leaf(weights) = node {
            *weights = vec![(at % 2, 0.1 + at as f32 / 3.0)];
        }
    }
    let mut covers: Vec<f64> = (0..nodes.len()).map(|at| (at % 5) as f64 + 0.5).collect();
    for at in (0..nodes.len()).rev() {
        if let Node::Branch { yes, no, .. } = &nodes[at] {
            covers[at] = covers[*yes] + covers[*no];
        }
    }
    Tree { nodes, covers }
}

/// Where [`grown`] grows: columns, and leaves at the most.
fn picks(columns: usize, leaves: usize) -> impl Strategy<Value = Vec<(usize, usize, i8, u8, bool)>> {
    let pick = (0_usize..99, 0..columns, -4_i8..5, 0_u8..4, any::<bool>());
    proptest::collection::vec(pick, 0..leaves)
}

/// The same tree, all its leaves of one target.
fn told_once(mut tree: Tree) -> Tree {
    for node in &mut tree.nodes {
        if let Node::Leaf(weights) = node {
            weights[0].0 = 0;
        }
    }
    tree
}

/// What each column adds, by the definition of Shapley values.
fn by_definition(trees: &[Tree], row: &[f32]) -> Vec<f64> {
    let count = row.len() as u32;
    let means: Vec<f64> = (0..1_u32 << count)
        .map(|set| trees.iter().map(|tree| known(tree, 0, row, set)).sum())
        .collect();
    let one = |column: u32| {
        let sets = (0..1_u32 << count).filter(|set| set & (1 << column) == 0);
        let terms = sets.map(|set| {
            let size = set.count_ones();
            let weight = factorial(size) * factorial(count - 1 - size) / factorial(count);
            weight * (means[(set | (1 << column)) as usize] - means[set as usize])
        });
        terms.sum()
    };
    (0..count).map(one).collect()
}

/// Values on the thresholds of [`grown`] and between them, and gaps.
fn values(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f32>> {
    let value =
        prop_oneof![6 => (-9_i8..9).prop_map(|v| f32::from(v) / 4.0), 1 => Just(f32::NAN), 1 => Just(-0.0)];
    proptest::collection::vec(value, count)
}

/// The mean answer when only some columns are known: what Shapley values are defined by.
fn known(tree: &Tree, at: usize, row: &[f32], columns: u32) -> f64 {
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
        for (found, expected) in why.columns.iter().zip(by_definition(&trees, &row)) {
            prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
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

    #[test]
    fn contributions_of_deep_trees_add_up(trees in proptest::collection::vec(picks(40, 70), 1..4), row in values(40..41)) {
        let all = ensemble(trees.iter().map(|picks| told_once(grown(picks))).collect());
        let why = all.contributions(&row, 0).unwrap();
        prop_assert!((why.sum() - (all.raw(&row, 40)[0] + 0.25)).abs() < 1e-9);
    }
}

#[test]
fn a_way_that_asks_more_columns_than_one_walk_sums_is_explained_exactly() {
    // Each test sends what passes to a leaf: 40 columns on the longest way.
    let mut nodes = Vec::new();
    for column in 0..40 {
        nodes.push(branch(
            column,
            Test::Below(0.0),
            false,
            2 * column + 1,
            2 * column + 2,
        ));
        nodes.push(leaf(column as f32));
    }
    nodes.push(leaf(100.0));
    let mut covers = vec![1.0; nodes.len()];
    for at in (0..40).rev().map(|column| 2 * column) {
        covers[at] = covers[at + 1] + covers[at + 2];
    }
    let all = ensemble(vec![Tree { nodes, covers }]);
    for first in [0, 1, 20, 39, 40] {
        let row: Vec<f32> = (0..40).map(|at| if at < first { 1.0 } else { -1.0 }).collect();
        let why = all.contributions(&row, 0).unwrap();
        assert!(
            (why.sum() - (all.raw(&row, 40)[0] + 0.25)).abs() < 1e-9,
            "{first}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn trees_of_any_size_say_the_same_bits_for_any_number_of_rows_as_when_walked_one_by_one(
        trees in prop_oneof![Just(3), Just(32), Just(34), Just(66), Just(150)]
            .prop_flat_map(|leaves| proptest::collection::vec(picks(4, leaves), 1..6)),
        rows in values(0..700),
        together in any::<bool>(),
    ) {
        let targets = if together { 1 } else { 2 };
        let trees = trees.iter().map(|picks| grown(picks));
        let trees: Vec<Tree> = if together { trees.map(told_once).collect() } else { trees.collect() };
        let rows = &rows[..rows.len() / 4 * 4];
        let all = Ensemble::new(trees, targets, Aggregate::Sum, vec![], PostTransform::None, None).unwrap();
        let plain = all.plain(rows, 4);
        let bits = |sums: &[f64]| sums.iter().map(|sum| sum.to_bits()).collect::<Vec<u64>>();
        prop_assert_eq!(bits(&all.raw(rows, 4)), bits(&plain));
        for (row, expected) in rows.chunks(4).zip(plain.chunks(targets)) {
            prop_assert_eq!(bits(&all.raw(row, 4)), bits(expected));
        }
    }

    #[test]
    fn contributions_of_trees_that_ask_columns_again_are_shapley_values(
        trees in proptest::collection::vec(picks(9, 40), 1..3),
        row in values(9..10),
    ) {
        let trees: Vec<Tree> = trees.iter().map(|picks| told_once(grown(picks))).collect();
        let why = ensemble(trees.clone()).contributions(&row, 0).unwrap();
        for (found, expected) in why.columns.iter().zip(by_definition(&trees, &row)) {
            prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
}
