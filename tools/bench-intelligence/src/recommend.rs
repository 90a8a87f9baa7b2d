//! What an account is likely to take next, by what other accounts took that own the same: counts of accounts that own two products,
//! shrunk where few do, held in time against the list of what most accounts own.
//!
//! An account's score for a product is the sum over what it owns, so that the reasons add up to it, and each reason is a pair of
//! counts that can be said in words.

use copilot_scoring::learnt_card::Interval;

use copilot_learning::evidence::{draws, interval};

/// How a shared owner counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    /// Owners of both products after which a pair counts half of what its share says.
    pub(crate) shrinkage: f64,
    /// The power of the owners of the product told by which its shared owners are divided: at 0 what many own is told to many, at
    /// 0.5 it is the cosine.
    pub(crate) rarity: f64,
}

impl Settings {
    /// What is tried; the choice is made in months before those that it is held against.
    pub(crate) const TRIED: [Self; 9] = {
        const fn of(shrinkage: f64, rarity: f64) -> Settings {
            Settings { shrinkage, rarity }
        }
        [
            of(0.0, 0.0),
            of(0.0, 0.25),
            of(0.0, 0.5),
            of(5.0, 0.0),
            of(5.0, 0.25),
            of(5.0, 0.5),
            of(30.0, 0.0),
            of(30.0, 0.25),
            of(30.0, 0.5),
        ]
    };
}

/// Why a product is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Because {
    /// A product that the account owns.
    pub(crate) owned: usize,
    /// Accounts that own it.
    pub(crate) owners: u32,
    /// Accounts among them that own the product told, too.
    pub(crate) both: u32,
    /// What it adds to the score.
    pub(crate) adds: f64,
}

/// A product for an account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// The product.
    pub(crate) product: usize,
    /// The sum of what the reasons add.
    pub(crate) score: f64,
    /// The reasons, the strongest first.
    pub(crate) because: Vec<Because>,
}

/// Counts of accounts by product and by pair of products.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recommender {
    owners: Vec<u32>,
    /// Owners of both products, row by row.
    both: Vec<u32>,
    shrinkage: f64,
    /// What a shared owner counts by the owners of the product that is owned, and of the one told.
    by_owned: Vec<f64>,
    by_told: Vec<f64>,
}

impl Recommender {
    /// Counts what accounts own; products are numbers below `products`, each at most once in a list.
    pub(crate) fn fit(owned: &[Vec<usize>], products: usize, settings: Settings) -> Self {
        let mut owners = vec![0; products];
        let mut both = vec![0; products * products];
        for list in owned {
            for one in list {
                owners[*one] += 1;
                for other in list {
                    both[one * products + other] += 1;
                }
            }
        }
        Self::of(owners, both, settings)
    }

    fn of(owners: Vec<u32>, both: Vec<u32>, settings: Settings) -> Self {
        let powers = |power: f64| {
            owners
                .iter()
                .map(|n| f64::from((*n).max(1)).powf(-power))
                .collect()
        };
        Self {
            shrinkage: settings.shrinkage,
            // The owners of what is owned count as the cosine has it: a product that everyone owns says little.
            by_owned: powers(0.5),
            by_told: powers(settings.rarity),
            owners,
            both,
        }
    }

    /// The same counts, read by other settings.
    #[must_use]
    pub(crate) fn with(&self, settings: Settings) -> Self {
        Self::of(self.owners.clone(), self.both.clone(), settings)
    }

    /// What owning one product adds to another.
    fn adds(&self, owned: usize, told: usize) -> f64 {
        let both = f64::from(self.both[owned * self.owners.len() + told]);
        if both < 1.0 {
            return 0.0;
        }
        both * both / (both + self.shrinkage) * self.by_owned[owned] * self.by_told[told]
    }

    /// The first `most` products that an account does not own, with their reasons. Ties go to the product that more accounts own.
    pub(crate) fn tell(&self, owned: &[usize], most: usize) -> Vec<Told> {
        let scores = self.scores(owned);
        let first = first(&scores, &self.owners, owned, most);
        let one = |product: usize| {
            let reasons = owned.iter().map(|one| Because {
                owned: *one,
                owners: self.owners[*one],
                both: self.both[one * self.owners.len() + product],
                adds: self.adds(*one, product),
            });
            let mut because: Vec<Because> = reasons.filter(|reason| reason.both > 0).collect();
            because.sort_by(|a, b| b.adds.total_cmp(&a.adds).then_with(|| a.owned.cmp(&b.owned)));
            Told {
                product,
                score: scores[product],
                because,
            }
        };
        first.into_iter().map(one).collect()
    }

    fn scores(&self, owned: &[usize]) -> Vec<f64> {
        let score = |product: usize| owned.iter().map(|one| self.adds(*one, product)).sum();
        (0..self.owners.len()).map(score).collect()
    }

    /// The first `most` products that most accounts own and this one does not.
    pub(crate) fn popular(&self, owned: &[usize], most: usize) -> Vec<usize> {
        let scores: Vec<f64> = self.owners.iter().map(|owners| f64::from(*owners)).collect();
        first(&scores, &self.owners, owned, most)
    }
}

/// The products with the highest scores that are not owned.
fn first(scores: &[f64], owners: &[u32], owned: &[usize], most: usize) -> Vec<usize> {
    let mut has = vec![false; scores.len()];
    for one in owned {
        has[*one] = true;
    }
    let mut order: Vec<usize> = (0..scores.len()).filter(|product| !has[*product]).collect();
    let better = |a: &usize, b: &usize| {
        let by_owners = || owners[*b].cmp(&owners[*a]);
        scores[*b]
            .total_cmp(&scores[*a])
            .then_with(by_owners)
            .then_with(|| a.cmp(b))
    };
    if order.len() > most && most > 0 {
        order.select_nth_unstable_by(most - 1, better);
        order.truncate(most);
    }
    order.sort_by(better);
    order
}

/// Products that are looked at for the rank of the first that was taken.
pub(crate) const LISTED: usize = 10;

/// An account that took products which it did not own before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Took {
    /// The account: its cases are drawn together.
    pub(crate) account: usize,
    /// What it owned.
    pub(crate) owned: Vec<usize>,
    /// What it took next that it did not own, in no order.
    pub(crate) next: Vec<usize>,
}

/// How well lists foretell what is taken next.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Worth {
    /// Share of the cases whose first product told was taken.
    pub(crate) at_1: Interval,
    /// Share with one of the first three.
    pub(crate) at_3: Interval,
    /// Mean of one over the rank of the first that was taken, 0 beyond [`LISTED`].
    pub(crate) mrr: Interval,
}

/// By case: whether the first was taken, whether one of three was, one over the rank.
fn hits(list: &[usize], next: &[usize]) -> [f64; 3] {
    let rank = list
        .iter()
        .take(LISTED)
        .position(|product| next.contains(product));
    let within = |most: usize| f64::from(u8::from(rank.is_some_and(|rank| rank < most)));
    [
        within(1),
        within(3),
        rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
    ]
}

/// What lists are worth, and by how much more than others. Intervals by drawing accounts.
pub(crate) fn worth(cases: &[Took], lists: &[Vec<usize>], others: &[Vec<usize>]) -> (Worth, Worth) {
    let of = |lists: &[Vec<usize>]| -> Vec<[f64; 3]> {
        lists
            .iter()
            .zip(cases)
            .map(|(list, case)| hits(list, &case.next))
            .collect()
    };
    let (ours, theirs) = (of(lists), of(others));
    let gains: Vec<[f64; 3]> = ours
        .iter()
        .zip(&theirs)
        .map(|(ours, theirs)| [0, 1, 2].map(|at| ours[at] - theirs[at]))
        .collect();
    let accounts: Vec<usize> = cases.iter().map(|case| case.account).collect();
    let drawn = draws(&accounts);
    let summed = |of: &[[f64; 3]]| {
        let mean = |rows: &[usize], at: usize| {
            rows.iter().map(|row| of[*row][at]).sum::<f64>() / rows.len().max(1) as f64
        };
        let all: Vec<usize> = (0..of.len()).collect();
        let figure = |at: usize| interval(mean(&all, at), drawn.iter().map(|rows| mean(rows, at)).collect());
        Worth {
            at_1: figure(0),
            at_3: figure(1),
            mrr: figure(2),
        }
    };
    (summed(&ours), summed(&gains))
}

/// The settings whose lists have the first taken product highest.
pub(crate) fn chosen(recommender: &Recommender, cases: &[Took]) -> Settings {
    let mrr = |settings: &Settings| {
        let by = recommender.with(*settings);
        let of = |case: &Took| {
            let list: Vec<usize> = by
                .tell(&case.owned, LISTED)
                .iter()
                .map(|told| told.product)
                .collect();
            hits(&list, &case.next)[2]
        };
        cases.iter().map(of).sum::<f64>()
    };
    let mut best = (f64::NEG_INFINITY, Settings::TRIED[0]);
    for settings in Settings::TRIED {
        let found = mrr(&settings);
        if found > best.0 {
            best = (found, settings);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_learning::random::Random;

    const COSINE: Settings = Settings {
        shrinkage: 0.0,
        rarity: 0.5,
    };

    #[test]
    fn a_product_is_told_by_the_accounts_that_own_both_and_the_reasons_add_up() {
        // 14 own 0 and 1, and 11 of them own 2; 20 others own 3 alone.
        let mut owned = vec![vec![0, 1, 2]; 11];
        owned.extend(vec![vec![0, 1]; 3]);
        owned.extend(vec![vec![3]; 20]);
        let fit = Recommender::fit(&owned, 4, COSINE);
        let told = fit.tell(&[0, 1], 3);
        assert_eq!(told[0].product, 2);
        let [first, second] = told[0].because[..] else {
            panic!("{told:?}")
        };
        assert_eq!(
            (first.both, first.owners, second.both, second.owners),
            (11, 14, 11, 14)
        );
        assert!((told[0].score - first.adds - second.adds).abs() < 1e-12);
        assert_eq!(fit.popular(&[0, 1], 1), [3], "most own it");
        assert!(
            fit.tell(&[0, 1], 9).iter().all(|told| told.product > 1),
            "nothing that is owned"
        );
    }

    #[test]
    fn a_pair_that_one_account_has_by_chance_is_shrunk() {
        let mut owned = vec![vec![0, 1]; 20];
        owned.extend(vec![vec![0]; 20]);
        owned.push(vec![0, 2]);
        let told = |shrinkage: f64| {
            let settings = Settings { shrinkage, ..COSINE };
            let of = Recommender::fit(&owned, 3, settings).tell(&[0], 2);
            of[1].score / of[0].score
        };
        assert!(told(30.0) < 0.2 * told(0.0));
    }

    #[test]
    fn lists_that_know_two_worlds_of_taste_win_over_what_is_popular() {
        let mut random = Random::new(9);
        let mut world = |which: usize| -> Vec<usize> {
            (0..8)
                .filter(|_| random.unit() < 0.5)
                .map(|at| which * 8 + at)
                .collect()
        };
        let owned: Vec<Vec<usize>> = (0..600)
            .map(|account| world(usize::from(account % 3 == 0)))
            .collect();
        let fit = Recommender::fit(&owned, 16, COSINE);
        let case = |account: usize| {
            let mut owned = world(usize::from(account.is_multiple_of(3)));
            let next = owned.pop();
            Took {
                account,
                owned,
                next: next.into_iter().collect(),
            }
        };
        let cases: Vec<Took> = (0..300)
            .map(case)
            .filter(|c| !c.owned.is_empty() && !c.next.is_empty())
            .collect();
        let fit = fit.with(chosen(&fit, &cases));
        let lists: Vec<Vec<usize>> = cases
            .iter()
            .map(|c| fit.tell(&c.owned, LISTED).iter().map(|t| t.product).collect())
            .collect();
        let popular: Vec<Vec<usize>> = cases.iter().map(|c| fit.popular(&c.owned, LISTED)).collect();
        let (ours, gain) = worth(&cases, &lists, &popular);
        assert!(gain.at_3.low > 0.0 && ours.at_3.value > 0.3, "{ours:?} {gain:?}");
    }
}
