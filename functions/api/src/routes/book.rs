//! The figures of a book of accounts: an owner's, or the whole tenant's.
//!
//! A large book is kept and served from what is kept, however old, while one caller makes it anew: what a person
//! waits for is one read of one item. Only figures that are much too old, or of another day, are waited for.

use std::collections::BTreeMap;

use copilot_aws::keys::{self, Key, index};
use copilot_aws::table::{Condition, Query};
use copilot_aws::{AwsError, Item, Table, stats};
use copilot_domain::TenantId;
use copilot_domain::health::Band;
use copilot_domain::time::shift;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::App;
use crate::access::Caller;
use crate::dto::page::Money;
use crate::dto::today::{BandCounts, Hygiene, Renewals, Today, TodayItem, TodayScope};
use crate::problem::Answer;

/// Gaps in the data that are shown.
const MAX_HYGIENE: usize = 10;
/// Accounts that the figures are made of at the most.
const MAX_ACCOUNTS: u64 = 200_000;
/// How long figures count as new.
const KEEP_S: i64 = 300;
/// From this age on figures are waited for: the one who should have made them anew may have been stopped.
const TOO_OLD_S: i64 = 1_800;
/// How long the one who makes figures anew has for it.
const LEASE_S: i64 = 60;
/// Accounts up to which a book is made anew each time: it is cheap, and a tenant that is being set up grows by the
/// minute.
const SMALL_TENANT: u64 = 1_000;
/// The same of an owner, whose page is opened many times a day.
const SMALL_OWNER: u64 = 250;

/// Figures of a book of accounts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Book {
    /// Accounts looked at.
    pub accounts: u64,
    /// Accounts by the currency of their revenue.
    #[serde(default)]
    currencies: BTreeMap<String, u64>,
    /// By currency.
    arr: BTreeMap<String, i64>,
    at_risk: BTreeMap<String, i64>,
    renewing: BTreeMap<String, i64>,
    renewals: u64,
    bands: BandCounts,
    bands_before: BandCounts,
    hygiene: Vec<Hygiene>,
    /// Not every account was looked at, or one of them does not say yet what its money is.
    #[serde(default)]
    is_partial: bool,
    computed_s: i64,
    #[serde(default)]
    day: Option<Date>,
}

impl Book {
    /// Adds an account by what stands beside its card's document.
    fn add(&mut self, item: &Item, today: Date, in_90_days: Date) {
        self.accounts += 1;
        let band = item.str("f_band");
        count(&mut self.bands, band);
        count(&mut self.bands_before, item.str("f_band_7d"));
        // The key of the renewal index: the day, `#` and the account.
        let renewal: Option<Date> = (item.str("g4sk").split('#').next())
            .and_then(|day| day.parse().ok())
            .filter(|day: &Date| day.year() < 9_999);
        let renews = renewal.is_some_and(|day| day >= today && day <= in_90_days);
        self.renewals += u64::from(renews);
        let (currency, arr) = (item.str("f_cur"), item.int("f_arr").unwrap_or(0));
        // A card of before these attributes were kept tells its money at its next scoring.
        self.is_partial |= item.str("f_band_7d").is_empty();
        if !currency.is_empty() {
            let add = |sums: &mut BTreeMap<String, i64>| {
                let sum = sums.entry(currency.to_owned()).or_default();
                *sum = sum.saturating_add(arr);
            };
            *self.currencies.entry(currency.to_owned()).or_default() += 1;
            add(&mut self.arr);
            if band == Band::AtRisk.as_str() || band == Band::Critical.as_str() {
                add(&mut self.at_risk);
            }
            if renews {
                add(&mut self.renewing);
            }
        }
        let issue = if item.str("f_owner").is_empty() {
            "has no owner"
        } else if renewal.is_none() {
            "has no renewal date"
        } else if currency.is_empty() {
            "has no recurring revenue"
        } else if band == Band::InsufficientData.as_str() {
            "has too little data for a score"
        } else {
            return;
        };
        if self.hygiene.len() < MAX_HYGIENE
            && let Some(account) = stats::account(item)
        {
            self.hygiene.push(Hygiene {
                account: account.to_string(),
                name: item.str("f_name").to_owned(),
                issue: issue.to_owned(),
            });
        }
    }

    /// The answer with these figures.
    pub(super) fn answer(self, scope: TodayScope, items: Vec<TodayItem>) -> Today {
        // Each figure names the same currencies in the same order, so that they can be read against each other. Sums of
        // different currencies have no order: that of most accounts leads.
        let accounts = |currency: &String| self.currencies.get(currency).copied().unwrap_or(0);
        let mut currencies: Vec<&String> = self.arr.keys().collect();
        currencies.sort_by_key(|currency| (std::cmp::Reverse(accounts(currency)), *currency));
        let of = |sums: &BTreeMap<String, i64>| {
            let amounts = currencies.iter().map(|currency| Money {
                amount_minor: sums.get(*currency).copied().unwrap_or(0),
                currency: (*currency).clone(),
            });
            amounts.collect()
        };
        Today {
            accounts: self.accounts,
            arr: of(&self.arr),
            bands: self.bands,
            bands_7d_ago: self.bands_before,
            arr_at_risk: of(&self.at_risk),
            renewals_90d: Renewals {
                count: self.renewals,
                arr: of(&self.renewing),
            },
            items,
            hygiene: self.hygiene,
            scope,
            complete: !self.is_partial,
        }
    }
}

fn count(counts: &mut BandCounts, band: &str) {
    *match band {
        "healthy" => &mut counts.healthy,
        "watch" => &mut counts.watch,
        "at_risk" => &mut counts.at_risk,
        "critical" => &mut counts.critical,
        "onboarding" => &mut counts.onboarding,
        _ => &mut counts.insufficient_data,
    } += 1;
}

/// The condition that nobody kept figures since; those of before they were counted may be written over.
fn unchanged(rev: Option<i64>) -> Condition {
    match rev {
        None => Condition::Absent,
        Some(0) => Condition::None,
        Some(rev) => Condition::Rev(rev),
    }
}

/// Whose figures, and of when: all that it takes to make them.
#[derive(Debug, Clone)]
struct Asked {
    table: Table,
    tenant: TenantId,
    owner: Option<String>,
    today: Date,
    now_s: i64,
}

/// The figures of an owner's accounts, or of all.
pub(super) async fn figures(app: &App, caller: &Caller, owner: Option<&str>, today: Date) -> Answer<Book> {
    let asked = Asked {
        table: app.ctx.table.clone(),
        tenant: caller.tenant.clone(),
        owner: owner.map(str::to_owned),
        today,
        now_s: app.ctx.clock.now().as_second(),
    };
    Ok(asked.figures().await?)
}

impl Asked {
    fn key(&self) -> Key {
        keys::today(&self.tenant, self.owner.as_deref())
    }

    async fn figures(self) -> Result<Book, AwsError> {
        let stored = self.table.get(&self.key()).await?;
        let kept: Option<Book> = stored.as_ref().and_then(|item| item.document().ok());
        let mut rev = stored.as_ref().map(Item::rev);
        if let Some((item, book)) = stored.as_ref().zip(kept).filter(|(_, b)| self.is_large(b)) {
            let age = self.now_s - book.computed_s;
            if age < KEEP_S && book.day == Some(self.today) {
                return Ok(book);
            }
            if !self.lease(item).await? {
                return Ok(book);
            }
            rev = Some(item.rev() + 1);
            if age < TOO_OLD_S && book.day == Some(self.today) {
                tokio::spawn(async move {
                    if let Err(error) = self.renew(rev).await {
                        let error = copilot_runtime::telemetry::chain(&error);
                        tracing::warn!(error, "figures were not made anew");
                    }
                });
                return Ok(book);
            }
        }
        self.renew(rev).await
    }

    fn is_large(&self, book: &Book) -> bool {
        let small = if self.owner.is_some() {
            SMALL_OWNER
        } else {
            SMALL_TENANT
        };
        book.accounts > small
    }

    /// Takes the right to make the figures anew; false when somebody else has it.
    async fn lease(&self, item: &Item) -> Result<bool, AwsError> {
        if item.int("lease_s").is_some_and(|until| until > self.now_s) {
            return Ok(false);
        }
        let leased = item
            .clone()
            .number("rev", item.rev() + 1)
            .number("lease_s", self.now_s + LEASE_S);
        match self.table.put(leased, unchanged(Some(item.rev()))).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_conflict() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the figures, and keeps those of a large book unless somebody kept newer ones meanwhile.
    async fn renew(&self, rev: Option<i64>) -> Result<Book, AwsError> {
        let book = self.compute().await?;
        if self.is_large(&book) || rev.is_some() {
            let item = Item::new(&self.key(), "today")
                .number("rev", rev.unwrap_or(0) + 1)
                .data(&book);
            match self.table.put(item, unchanged(rev)).await {
                Err(error) if !error.is_conflict() => {
                    tracing::warn!(error = %copilot_runtime::telemetry::chain(&error), "figures were not kept");
                }
                _ => {}
            }
        }
        Ok(book)
    }

    async fn compute(&self) -> Result<Book, AwsError> {
        let (name, pk) = match &self.owner {
            Some(owner) => ("gsi6", index::owner(&self.tenant, owner)),
            None => ("gsi5", index::accounts(&self.tenant)),
        };
        let mut read = Query {
            index: Some(name),
            pk,
            descending: true,
            attributes: vec![
                "pk",
                "g4sk",
                "f_name",
                "f_owner",
                "f_band",
                "f_band_7d",
                "f_cur",
                "f_arr",
            ],
            ..Query::default()
        };
        let mut book = Book {
            computed_s: self.now_s,
            day: Some(self.today),
            ..Book::default()
        };
        let in_90_days = shift(self.today, 90);
        loop {
            let page = self.table.page(&read).await?;
            for item in &page.items {
                book.add(item, self.today, in_90_days);
            }
            read.start = page.next;
            if read.start.is_none() {
                break;
            }
            if book.accounts >= MAX_ACCOUNTS {
                book.is_partial = true;
                break;
            }
        }
        self.name(&mut book).await?;
        Ok(book)
    }

    /// Writes the names as people know them: beside the card stand those that lists sort by.
    async fn name(&self, book: &mut Book) -> Result<(), AwsError> {
        let key = |gap: &Hygiene| {
            let account = gap.account.parse().ok()?;
            Some(keys::account(&self.tenant, account))
        };
        let wanted: Vec<Key> = book.hygiene.iter().filter_map(key).collect();
        let cards = self.table.get_many(&wanted, false).await?;
        for gap in &mut book.hygiene {
            let card = key(gap).and_then(|key| cards.get(&key)?.document::<Value>().ok());
            if let Some(name) = card.as_ref().and_then(|card| card["name"].as_str()) {
                name.clone_into(&mut gap.name);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use copilot_aws::accounts::{Listing, card_item};
    use copilot_domain::ids::{AccountId, TenantProof};
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    fn item(listing: &Listing, card: &Value) -> Item {
        let tenant = TenantId::proven("acme", TenantProof::OwnRecord).unwrap();
        card_item(&tenant, AccountId::derived(&["a"]), listing, card, 1)
    }

    #[test]
    fn figures_are_made_of_what_stands_beside_the_card() {
        let listing = Listing {
            band: "at_risk".to_owned(),
            arr_minor: Some(500),
            currency: Some("EUR".to_owned()),
            renewal: Some(date(2026, 4, 1)),
            owner: Some("jo@acme.example".to_owned()),
            ..Listing::default()
        };
        let card = json!({"arr": {"amount_minor": 500, "currency": "EUR"}, "spark": [
            {"day": "2026-02-20", "score": 80.0}, {"day": "2026-02-27", "score": 60.0}, {"day": "2026-03-01", "score": 30.0},
        ]});
        let (today, later) = (date(2026, 3, 1), date(2026, 5, 30));
        let mut book = Book::default();
        book.add(&item(&listing, &card), today, later);
        let bare = json!({"arr": null, "spark": []});
        book.add(&item(&Listing::default(), &bare), today, later);
        let answer = book.answer(TodayScope::All, Vec::new());
        assert_eq!((answer.bands.at_risk, answer.bands_7d_ago.healthy), (1, 1));
        assert_eq!(answer.arr_at_risk, answer.arr);
        assert_eq!((answer.renewals_90d.count, answer.arr[0].amount_minor), (1, 500));
        assert_eq!(answer.hygiene[0].issue, "has no owner");
        assert!(answer.complete);
    }

    #[test]
    fn a_card_that_does_not_tell_its_currency_makes_the_figures_partial() {
        let mut book = Book::default();
        let old = Item::default().text("f_band", "healthy").number("f_arr", 500);
        book.add(&old, date(2026, 3, 1), date(2026, 5, 30));
        assert!(!book.answer(TodayScope::All, Vec::new()).complete);
    }
}
