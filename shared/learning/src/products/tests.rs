//! Which products go together: what is learnt of made-up worlds.

use jiff::civil::date;

use super::*;
use crate::random::Random;

const TODAY: Date = date(2026, 11, 1);

fn none() -> BTreeSet<String> {
    BTreeSet::new()
}

/// Accounts that buy of 16 products; with taste, each of one half alone.
fn baskets(taste: bool) -> Vec<Basket> {
    let mut random = Random::new(9);
    let mut basket = |account: usize| {
        let mut bought = Basket::new();
        for product in 0..16 {
            let own_half = (product < 8) == account.is_multiple_of(3);
            if random.unit() < if own_half || !taste { 0.5 } else { 0.02 } {
                let day = shift(date(2025, 11, 1), (random.unit() * 360.0) as i32);
                bought.insert(format!("product {product}"), (day, day));
            }
        }
        bought
    };
    (0..600).map(&mut basket).collect()
}

#[test]
fn lists_that_know_two_worlds_of_taste_are_kept() {
    let Learnt::Kept { model, figures } = learn(&baskets(true), &none(), TODAY, "v") else {
        panic!("not kept")
    };
    assert!(
        figures.gain_low > 0.0 && figures.ours.mrr > figures.popular.mrr,
        "{figures:?}"
    );
    let owned = model.places(["product 0", "product 1"]);
    let told = model.tell(&owned, 3);
    let half: Vec<&str> = (2..8)
        .map(|at| {
            [
                "product 2",
                "product 3",
                "product 4",
                "product 5",
                "product 6",
                "product 7",
            ][at - 2]
        })
        .collect();
    assert!(
        told.iter().all(|told| half.contains(&told.product.as_str())),
        "{told:?}"
    );
}

#[test]
fn where_everyone_buys_anything_nothing_is_told() {
    let found = learn(&baskets(false), &none(), TODAY, "v");
    assert!(matches!(found, Learnt::NotBetter(_)), "{found:?}");
}

#[test]
fn a_few_accounts_are_too_few() {
    let few = &baskets(true)[..40];
    assert!(matches!(learn(few, &none(), TODAY, "v"), Learnt::TooFew { takers, .. } if takers < 50));
    assert_eq!(
        learn(&[], &none(), TODAY, "v"),
        Learnt::TooFew {
            takers: 0,
            products: 0
        }
    );
}

#[test]
fn the_order_of_accounts_changes_nothing() {
    let mut turned = baskets(true);
    turned.reverse();
    let model = |baskets: &[Basket]| match learn(baskets, &none(), TODAY, "v") {
        Learnt::Kept { model, .. } => model,
        other => panic!("{other:?}"),
    };
    assert_eq!(model(&baskets(true)), model(&turned));
}

#[test]
fn what_nobody_bought_of_late_is_not_told() {
    let mut all = baskets(true);
    for (_, (first, last)) in all
        .iter_mut()
        .flat_map(|b| b.iter_mut())
        .filter(|(name, _)| *name == "product 3")
    {
        (*first, *last) = (date(2025, 12, 1), date(2025, 12, 1));
    }
    let Learnt::Kept { model, .. } = learn(&all, &none(), TODAY, "v") else {
        panic!("not kept")
    };
    let gone = model.places(["product 3"])[0];
    assert!(!model.products[gone].sold && model.products[gone].owners > 0);
    let told = |owned: &[usize]| model.ranked(owned, 16).iter().any(|(place, _)| *place == gone);
    assert!(!(0..16).any(|one| told(&[one])));
}

#[test]
fn a_plan_is_a_reason_and_never_told() {
    let plans = BTreeSet::from(["product 3".to_owned()]);
    let Learnt::Kept { model, .. } = learn(&baskets(true), &plans, TODAY, "v") else {
        panic!("not kept")
    };
    let plan = model.places(["product 3"])[0];
    assert!(model.products[plan].is_plan && model.products[plan].owners > 0);
    assert!(!(0..16).any(|one| model.ranked(&[one], 16).iter().any(|(place, _)| *place == plan)));
    assert_eq!(model.tell(&[plan], 1)[0].because[0].product, "product 3");
}

#[test]
fn the_months_that_are_tested_have_had_their_days() {
    assert_eq!(
        test_months(TODAY),
        [date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)]
    );
}
