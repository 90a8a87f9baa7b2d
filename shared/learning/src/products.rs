//! Learns which products go together from what accounts bought, and keeps it only where its lists win over the list of what most
//! accounts own, on months that they have not seen.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::product::{ListWorth, ProductFigures};
use copilot_domain::time::shift;
use copilot_scoring::next_product::{ProductCount, ProductModel, Settings};
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::evidence::{draws, interval};

/// Accounts that must own a product for it to be counted.
pub const LEAST_OWNERS: usize = 10;
/// Accounts that must have taken something new in the months of the test.
pub const LEAST_TAKERS: usize = 50;
/// Products that are counted at most: those of most owners.
const MOST_PRODUCTS: usize = 3_000;
/// Products that are kept beside each: those that it adds most to.
const KEPT_PAIRS: usize = 100;
/// Days in which something is taken, and days after which a product that nobody bought is not sold any more.
const AHEAD: i32 = 90;
const SOLD_DAYS: i32 = 180;
/// Months that are tested.
const MONTHS: i32 = 3;
/// Products that are looked at for the rank of the first that was taken.
const LISTED: usize = 10;

/// How a shared owner may count; the choice is made in months before those that it is held against.
const TRIED: [Settings; 9] = {
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

/// The first and the last day on which an account bought each product.
pub type Basket = BTreeMap<String, (Date, Date)>;

/// What came of a try.
#[derive(Debug, Clone, PartialEq)]
pub enum Learnt {
    /// Too little to tell by.
    TooFew {
        /// Accounts that took something new in the months of the test.
        takers: usize,
        /// Products that enough accounts own.
        products: usize,
    },
    /// Its lists are not surely better than that of what most accounts own.
    NotBetter(ProductFigures),
    /// It answers.
    Kept {
        /// Counted over everything.
        model: ProductModel,
        /// What decided.
        figures: ProductFigures,
    },
}

/// Learns from the baskets of all accounts as of a day.
///
/// `plans` are the plans of subscriptions: they are owned and are reasons, but never taken next or told.
pub fn learn(baskets: &[Basket], plans: &BTreeSet<String>, today: Date, version: &str) -> Learnt {
    let months = test_months(today);
    let Some(first) = months.first().copied() else {
        return Learnt::TooFew {
            takers: 0,
            products: 0,
        };
    };
    let log = Log::of(baskets, plans, shift(first, -AHEAD));
    let cases: Vec<Case> = months.iter().flat_map(|day| log.cases(*day)).collect();
    let takers: BTreeSet<usize> = cases.iter().map(|case| case.account).collect();
    let now = Log::of(baskets, plans, today);
    let products = now.is_plan.iter().filter(|is_plan| !**is_plan).count();
    if takers.len() < LEAST_TAKERS || products < 2 {
        let takers = takers.len();
        return Learnt::TooFew { takers, products };
    }
    let figures = tested(&log, &months, chosen(&log, shift(first, -AHEAD)));
    if figures.gain_low <= 0.0 {
        return Learnt::NotBetter(figures);
    }
    // The choice is made once more with the months that were tested.
    let newest = shift(today, -AHEAD);
    let settings = chosen(&Log::of(baskets, plans, newest), newest);
    let model = now.counts(shift(today, 1)).model(settings, version);
    Learnt::Kept { model, figures }
}

/// What lists are worth in months, oldest first, by settings chosen on the 90 days before the first of them; `None` without months.
pub fn measured(baskets: &[Basket], months: &[Date]) -> Option<ProductFigures> {
    let before = shift(*months.first()?, -AHEAD);
    let log = Log::of(baskets, &BTreeSet::new(), before);
    Some(tested(&log, months, chosen(&log, before)))
}

/// The first days of the last months whose 90 days have passed, oldest first.
fn test_months(today: Date) -> Vec<Date> {
    let newest = shift(today, -AHEAD).first_of_month();
    let month = |back: i32| newest.checked_sub(back.months()).ok();
    (0..MONTHS).rev().filter_map(month).collect()
}

/// An account that took products which it did not own before.
#[derive(Debug, Clone, PartialEq)]
struct Case {
    account: usize,
    owned: Vec<usize>,
    next: Vec<usize>,
}

/// What accounts bought, by places of the products that enough of them owned on a day.
struct Log {
    names: Vec<String>,
    is_plan: Vec<bool>,
    bought: Vec<Vec<(usize, Date, Date)>>,
}

impl Log {
    fn of(baskets: &[Basket], plans: &BTreeSet<String>, known: Date) -> Self {
        let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, (first, _)) in baskets.iter().flatten() {
            *owners.entry(name).or_default() += usize::from(*first < known);
        }
        let mut enough: Vec<(&str, usize)> = owners.into_iter().filter(|(_, n)| *n >= LEAST_OWNERS).collect();
        enough.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        enough.truncate(MOST_PRODUCTS);
        let mut names: Vec<String> = enough.into_iter().map(|(name, _)| name.to_owned()).collect();
        names.sort();
        let place = |name: &String| names.binary_search(name).ok();
        let one = |basket: &Basket| {
            let known = basket.iter();
            known
                .filter_map(|(name, (first, last))| Some((place(name)?, *first, *last)))
                .collect()
        };
        Self {
            bought: baskets.iter().map(one).collect(),
            is_plan: names.iter().map(|name| plans.contains(name)).collect(),
            names,
        }
    }

    /// What an account owned when a day began.
    fn owned(bought: &[(usize, Date, Date)], day: Date) -> Vec<usize> {
        let before = bought.iter().filter(|(_, first, _)| *first < day);
        before.map(|(place, _, _)| *place).collect()
    }

    fn cases(&self, day: Date) -> Vec<Case> {
        let until = shift(day, AHEAD);
        let case = |(account, bought): (usize, &Vec<(usize, Date, Date)>)| {
            let owned = Self::owned(bought, day);
            let next = bought
                .iter()
                .filter(|(place, first, _)| *first >= day && *first < until && !self.is_plan[*place]);
            let next: Vec<usize> = next.map(|(place, _, _)| *place).collect();
            (!owned.is_empty() && !next.is_empty()).then_some(Case { account, owned, next })
        };
        self.bought.iter().enumerate().filter_map(case).collect()
    }

    /// Counts what accounts owned when a day began.
    fn counts(&self, day: Date) -> Counts<'_> {
        let count = self.names.len();
        let (mut owners, mut both, mut sold) =
            (vec![0; count], vec![0_u32; count * count], vec![false; count]);
        let since = shift(day, -SOLD_DAYS);
        for bought in &self.bought {
            let owned = Self::owned(bought, day);
            for one in &owned {
                owners[*one] += 1;
                for other in &owned {
                    both[one * count + other] += 1;
                }
            }
            for (place, first, last) in bought {
                // A later purchase is not known on that day: the first stands in for it.
                let seen = if *last < day { *last } else { *first };
                sold[*place] |= seen >= since && seen < day;
            }
        }
        Counts {
            names: &self.names,
            is_plan: &self.is_plan,
            owners,
            both,
            sold,
        }
    }
}

/// Owners by product and by pair of products.
struct Counts<'a> {
    names: &'a [String],
    is_plan: &'a [bool],
    owners: Vec<u32>,
    both: Vec<u32>,
    sold: Vec<bool>,
}

impl Counts<'_> {
    fn may_be_told(&self, place: usize) -> bool {
        self.sold[place] && !self.is_plan[place]
    }

    fn model(&self, settings: Settings, version: &str) -> ProductModel {
        let count = self.names.len();
        let powers = |power: f64| -> Vec<f64> {
            let one = |owners: &u32| f64::from((*owners).max(1)).powf(-power);
            self.owners.iter().map(one).collect()
        };
        // Beside one product its own owners are the same for all: they do not change which are kept.
        let by_told = powers(settings.rarity);
        let kept = |one: usize| {
            let row = &self.both[one * count..(one + 1) * count];
            let adds = |(told, both): (u32, u32)| {
                let (both, told) = (f64::from(both), by_told[told as usize]);
                both * both / (both + settings.shrinkage) * told
            };
            let mut pairs: Vec<(u32, u32)> = (0..).zip(row.iter().copied()).collect();
            pairs.retain(|(told, both)| {
                *both > 0 && *told as usize != one && self.may_be_told(*told as usize)
            });
            pairs.sort_by(|a, b| adds(*b).total_cmp(&adds(*a)).then_with(|| a.0.cmp(&b.0)));
            pairs.truncate(KEPT_PAIRS);
            pairs.sort_unstable();
            pairs
        };
        let product = |at: usize| ProductCount {
            name: self.names[at].clone(),
            owners: self.owners[at],
            sold: self.sold[at],
            is_plan: self.is_plan[at],
        };
        ProductModel {
            version: version.to_owned(),
            settings,
            products: (0..count).map(product).collect(),
            pairs: (0..count).map(kept).collect(),
        }
    }

    /// The products that most accounts own, the first first.
    fn popular(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.names.len()).filter(|at| self.may_be_told(*at)).collect();
        order.sort_by(|a, b| self.owners[*b].cmp(&self.owners[*a]).then_with(|| a.cmp(b)));
        order
    }
}

/// By case: whether the first was taken, whether one of three was, one over the rank.
fn hits(list: &[usize], next: &[usize]) -> [f64; 3] {
    let rank = list.iter().position(|product| next.contains(product));
    let within = |most: usize| f64::from(u8::from(rank.is_some_and(|rank| rank < most)));
    [
        within(1),
        within(3),
        rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
    ]
}

fn list(model: &ProductModel, case: &Case) -> Vec<usize> {
    let ranked = model.ranked(&case.owned, LISTED).into_iter();
    ranked.map(|(place, _)| place).collect()
}

/// The settings whose lists of a day have the first taken product highest.
fn chosen(log: &Log, day: Date) -> Settings {
    let (cases, counts) = (log.cases(day), log.counts(day));
    let mrr = |settings: Settings| -> f64 {
        let model = counts.model(settings, "");
        cases
            .iter()
            .map(|case| hits(&list(&model, case), &case.next)[2])
            .sum()
    };
    let mut best = (f64::NEG_INFINITY, TRIED[0]);
    for settings in TRIED {
        let found = mrr(settings);
        if found > best.0 {
            best = (found, settings);
        }
    }
    best.1
}

/// What lists were worth in months that they had not seen. The interval is over draws of accounts.
fn tested(log: &Log, months: &[Date], settings: Settings) -> ProductFigures {
    let (mut ours, mut popular, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
    for day in months {
        let counts = log.counts(*day);
        let (model, most) = (counts.model(settings, ""), counts.popular());
        for case in log.cases(*day) {
            let owned: BTreeSet<usize> = case.owned.iter().copied().collect();
            let others = most.iter().copied().filter(|one| !owned.contains(one));
            let others: Vec<usize> = others.take(LISTED).collect();
            ours.push(hits(&list(&model, &case), &case.next));
            popular.push(hits(&others, &case.next));
            accounts.push(case.account);
        }
    }
    let cases = accounts.len();
    let worth = |of: &[[f64; 3]]| {
        let mean = |at: usize| of.iter().map(|hits| hits[at]).sum::<f64>() / cases.max(1) as f64;
        ListWorth {
            at_1: mean(0),
            at_3: mean(1),
            mrr: mean(2),
        }
    };
    let gains: Vec<f64> = ours
        .iter()
        .zip(&popular)
        .map(|(ours, theirs)| ours[2] - theirs[2])
        .collect();
    let mean = |rows: &Vec<usize>| rows.iter().map(|row| gains[*row]).sum::<f64>() / rows.len().max(1) as f64;
    let gain = interval(0.0, draws(&accounts).iter().map(mean).collect());
    accounts.sort_unstable();
    accounts.dedup();
    ProductFigures {
        accounts: accounts.len(),
        cases,
        ours: worth(&ours),
        popular: worth(&popular),
        gain_low: gain.low,
        gain_high: gain.high,
    }
}

#[cfg(test)]
mod tests;
