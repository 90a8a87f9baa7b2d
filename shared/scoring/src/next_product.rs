//! What an account is likely to take next, by what other accounts own that own the same.
//!
//! An account's score for a product is the sum over what it owns of counts of accounts that own both, over the roots of their
//! owners (the cosine of item-to-item collaborative filtering), shrunk where few do. So the reasons add up to the score, and each
//! is a pair of counts that can be said in words.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::product::{NextProduct, SharedOwners};
use serde::{Deserialize, Serialize};

/// Reasons that are listed by name.
const REASONS: usize = 3;
/// Products that an account is told of: a fifth of what may be told, within these. Of ten products, ten would be no advice.
const LIKELY: (usize, usize) = (3, 10);

/// A product by its owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductCount {
    /// Its name.
    pub name: String,
    /// Accounts that own it.
    pub owners: u32,
    /// Whether it may be told: what nobody bought of late is not sold any more.
    pub sold: bool,
    /// Whether it is a plan: accounts have one or another, so that owning one is a reason and never what is told.
    #[serde(default)]
    pub is_plan: bool,
}

/// How a shared owner counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Owners of both products after which a pair counts half of what its share says.
    pub shrinkage: f64,
    /// The power of the owners of the product told by which its shared owners are divided: at 0 what many own is told to many, at
    /// 0.5 it is the cosine.
    pub rarity: f64,
}

/// Which products go together, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductModel {
    /// The day, and what it was learnt from.
    pub version: String,
    /// How a shared owner counts.
    pub settings: Settings,
    /// The products that were counted, by name.
    pub products: Vec<ProductCount>,
    /// By product that is owned: products that may be told, ascending, with the accounts that own both.
    pub pairs: Vec<Vec<(u32, u32)>>,
}

/// A stored model that does not read, or whose parts do not fit each other.
#[derive(Debug, thiserror::Error)]
pub enum ProductModelError {
    /// It is no such document.
    #[error("the model of products does not read")]
    Json(#[from] serde_json::Error),
    /// A part is wrong.
    #[error("the model of products is broken: {0}")]
    Broken(&'static str),
}

impl ProductModel {
    /// Reads what was stored.
    ///
    /// # Errors
    /// [`ProductModelError`].
    pub fn read(bytes: &[u8]) -> Result<Self, ProductModelError> {
        let model: Self = serde_json::from_slice(bytes)?;
        if model.pairs.len() != model.products.len() {
            return Err(ProductModelError::Broken("pairs and products differ in number"));
        }
        if !model.products.is_sorted_by(|a, b| a.name < b.name) {
            return Err(ProductModelError::Broken(
                "products are not in the order of their names",
            ));
        }
        let known = |(told, _): &(u32, u32)| (*told as usize) < model.products.len();
        if !model.pairs.iter().flatten().all(known) {
            return Err(ProductModelError::Broken(
                "a pair has a product that is not listed",
            ));
        }
        Ok(model)
    }

    /// The places of products by their names; those that were not counted are left out.
    pub fn places<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
        let place = |name: &str| {
            self.products
                .binary_search_by(|count| count.name.as_str().cmp(name))
                .ok()
        };
        let places: BTreeSet<usize> = names.into_iter().filter_map(place).collect();
        places.into_iter().collect()
    }

    /// How many products an account is told of.
    pub fn likely(&self) -> usize {
        let may_be_told = self.products.iter().filter(|count| count.sold && !count.is_plan);
        (may_be_told.count() / 5).clamp(LIKELY.0, LIKELY.1)
    }

    /// What owning one product adds to another.
    fn adds(&self, owned: usize, told: usize, both: u32) -> f64 {
        let owners =
            |place: usize| f64::from(self.products.get(place).map_or(1, |count| count.owners.max(1)));
        let both = f64::from(both);
        // The owners of what is owned count as the cosine has it: a product that everyone owns says little.
        both * both
            / (both + self.settings.shrinkage)
            / owners(owned).sqrt()
            / owners(told).powf(self.settings.rarity)
    }

    /// The places of the first `most` products that may be told to an account that owns others, with their scores. Ties go to the
    /// product that more accounts own.
    pub fn ranked(&self, owned: &[usize], most: usize) -> Vec<(usize, f64)> {
        let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
        for one in owned {
            for (told, both) in self.pairs.get(*one).into_iter().flatten() {
                let told = *told as usize;
                *scores.entry(told).or_default() += self.adds(*one, told, *both);
            }
        }
        for one in owned {
            scores.remove(one);
        }
        let mut order: Vec<(usize, f64)> = scores.into_iter().collect();
        let owners = |place: usize| self.products.get(place).map_or(0, |count| count.owners);
        order.sort_by(|a, b| {
            let by_owners = || owners(b.0).cmp(&owners(a.0));
            b.1.total_cmp(&a.1)
                .then_with(by_owners)
                .then_with(|| a.0.cmp(&b.0))
        });
        order.truncate(most);
        order
    }

    /// The first `most` products for an account, with their reasons.
    pub fn tell(&self, owned: &[usize], most: usize) -> Vec<NextProduct> {
        let ranked = self.ranked(owned, most).into_iter();
        ranked
            .filter_map(|(told, score)| self.told(owned, told, score))
            .collect()
    }

    fn told(&self, owned: &[usize], told: usize, score: f64) -> Option<NextProduct> {
        let reason = |one: &usize| {
            let pairs = self.pairs.get(*one)?;
            let at = pairs
                .binary_search_by_key(&told, |(told, _)| *told as usize)
                .ok()?;
            let (count, (_, both)) = (self.products.get(*one)?, pairs.get(at)?);
            Some(SharedOwners {
                product: count.name.clone(),
                owners: count.owners,
                both: *both,
                adds: self.adds(*one, told, *both),
            })
        };
        let mut because: Vec<SharedOwners> = owned.iter().filter_map(reason).collect();
        because.sort_by(|a, b| b.adds.total_cmp(&a.adds).then_with(|| a.product.cmp(&b.product)));
        let rest = because.iter().skip(REASONS).map(|reason| reason.adds).sum();
        because.truncate(REASONS);
        Some(NextProduct {
            product: self.products.get(told)?.name.clone(),
            score,
            because,
            rest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn model() -> ProductModel {
        // 14 own A and B, and 11 of them own C; 20 others own D alone.
        let count = |name: &str, owners| ProductCount {
            name: name.to_owned(),
            owners,
            sold: true,
            is_plan: false,
        };
        ProductModel {
            version: "2026-03-01-00000000".to_owned(),
            settings: Settings {
                shrinkage: 0.0,
                rarity: 0.5,
            },
            products: vec![count("A", 14), count("B", 14), count("C", 11), count("D", 20)],
            pairs: vec![
                vec![(1, 14), (2, 11)],
                vec![(0, 14), (2, 11)],
                vec![(0, 11), (1, 11)],
                Vec::new(),
            ],
        }
    }

    #[test]
    fn a_product_is_told_by_the_accounts_that_own_both_and_nothing_that_is_owned() {
        let model = model();
        let owned = model.places(["B", "A", "unknown"]);
        let told = model.tell(&owned, 9);
        assert_eq!(told.iter().map(|t| t.product.as_str()).collect::<Vec<_>>(), ["C"]);
        let why: Vec<(u32, u32)> = told[0].because.iter().map(|b| (b.both, b.owners)).collect();
        assert_eq!(why, [(11, 14), (11, 14)]);
        assert_eq!(model.tell(&[], 9), []);
    }

    #[test]
    fn a_stored_model_reads_back_and_a_broken_one_is_refused() {
        let stored = |model: &ProductModel| serde_json::to_vec(model).unwrap();
        assert_eq!(ProductModel::read(&stored(&model())).unwrap(), model());
        let mut broken = model();
        broken.pairs.pop();
        assert!(ProductModel::read(&stored(&broken)).is_err());
        let mut broken = model();
        broken.pairs[0][0].0 = 9;
        assert!(ProductModel::read(&stored(&broken)).is_err());
        let mut broken = model();
        broken.products.swap(0, 1);
        assert!(ProductModel::read(&stored(&broken)).is_err());
        assert!(ProductModel::read(b"{}").is_err());
    }

    proptest! {
        #[test]
        fn reasons_add_up_to_the_score(
            owners in prop::collection::vec(1_u32..500, 8),
            both in prop::collection::vec(0_u32..100, 64),
            owned in prop::collection::btree_set(0_usize..8, 0..8),
            shrinkage in 0.0..30.0,
        ) {
            let pairs = (0..8_usize).map(|from| {
                let to = (0..8_u32).filter(|to| *to as usize != from);
                to.map(|to| (to, both[from * 8 + to as usize])).filter(|(_, both)| *both > 0).collect()
            });
            let count = |(at, owners): (usize, &u32)| ProductCount { name: at.to_string(), owners: *owners, sold: true, is_plan: false };
            let model = ProductModel {
                version: String::new(),
                settings: Settings { shrinkage, rarity: 0.25 },
                products: owners.iter().enumerate().map(count).collect(),
                pairs: pairs.collect(),
            };
            let owned: Vec<usize> = owned.into_iter().collect();
            for told in model.tell(&owned, 8) {
                let sum: f64 = told.because.iter().map(|reason| reason.adds).sum::<f64>() + told.rest;
                prop_assert!((sum - told.score).abs() < 1e-9 * told.score.max(1.0));
                prop_assert!(!owned.iter().any(|one| model.products[*one].name == told.product));
            }
        }
    }
}
