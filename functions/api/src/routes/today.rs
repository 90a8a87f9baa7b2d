//! What to do today: the figures of a book of accounts, and the alerts to look at first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use copilot_aws::alerts::{self as store, ListBy};
use copilot_aws::keys::{self, Key, index};
use copilot_aws::table::{Condition, Query};
use copilot_aws::{AwsError, Item};
use copilot_domain::alert::{Alert, AlertStatus};
use copilot_domain::health::{Band, Points};
use copilot_domain::time::shift;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alerts::view;
use crate::access::Caller;
use crate::dto::account::AccountCard;
use crate::dto::page::Money;
use crate::dto::today::{BandCounts, Hygiene, Renewals, Today, TodayItem, TodayKind, TodayScope};
use crate::filter::Params;
use crate::problem::Answer;
use crate::{App, Shared, paging};

/// Things to do that are shown.
const MAX_ITEMS: usize = 10;
/// Open alerts looked at to find them: an account has several.
const MAX_LOOKED: usize = 100;
/// Gaps in the data that are shown.
const MAX_HYGIENE: usize = 10;
/// Accounts that the figures are made of at the most.
const MAX_ACCOUNTS: usize = 20_000;
/// How long the figures of a whole tenant are kept.
const KEEP_S: i64 = 300;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get_today))
}

/// What to do today, and why
#[utoipa::path(get, path = "/v1/today", tag = "today", security(("bearer" = ["read"])),
    params(("scope" = Option<String>, Query, description = "`mine` or `all`; mine for a CSM with accounts, else all")),
    responses((status = 200, description = "Today", body = Today)))]
async fn get_today(State(app): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer<Json<Today>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let scope = params.word("scope", &["mine", "all"])?;
    params.finish()?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let today = super::history::today(&app, &tenant);
    let mine = match (&caller.email, scope.as_deref()) {
        (Some(email), None | Some("mine")) => Some(book(&app, &caller, Some(email), today).await?),
        _ => None,
    };
    // Who has no accounts of his own looks at everybody's, unless he asked for his.
    let mine = mine.filter(|book| scope.is_some() || book.accounts > 0);
    let (scope, figures) = match mine {
        Some(book) => (TodayScope::Mine, book),
        None if scope.as_deref() == Some("mine") => (TodayScope::Mine, Book::default()),
        None => (TodayScope::All, whole_book(&app, &caller, today).await?),
    };
    let by = match (scope, &caller.email) {
        (TodayScope::Mine, Some(email)) => Some(ListBy::Assignee(email.clone())),
        (TodayScope::Mine, None) => None,
        (TodayScope::All, _) => Some(ListBy::Status(AlertStatus::Open)),
    };
    let items = match by {
        Some(by) => to_do(&app, &caller, &by).await?,
        None => Vec::new(),
    };
    Ok(Json(figures.answer(scope, items)))
}

/// The open alerts to look at first, with their accounts.
async fn to_do(app: &App, caller: &Caller, by: &ListBy) -> Answer<Vec<TodayItem>> {
    let table = &app.ctx.table;
    let is_open = |item: &Item| item.str("f_status") == AlertStatus::Open.as_str();
    let (items, _) = paging::scan(table, store::list(&caller.tenant, by), None, MAX_LOOKED, is_open).await?;
    // One line an account: its alert of the highest priority speaks for the others.
    let mut alerts: Vec<(Alert, i64)> = Vec::new();
    for item in &items {
        let alert: Alert = item.document()?;
        if alerts
            .iter()
            .all(|(other, _)| other.account.id != alert.account.id)
        {
            alerts.push((alert, item.rev()));
        }
    }
    alerts.truncate(MAX_ITEMS);
    let wanted: Vec<Key> = alerts
        .iter()
        .map(|(a, _)| keys::account(&caller.tenant, a.account.id))
        .collect();
    let cards: HashMap<Key, Item> = table.get_many(&wanted, false).await?;
    let mut to_do = Vec::new();
    for (key, (alert, rev)) in wanted.iter().zip(alerts) {
        let Some(card) = cards.get(key) else { continue };
        let said: Vec<&str> = alert
            .clauses
            .iter()
            .filter(|c| c.holds)
            .map(|c| c.text.as_str())
            .collect();
        let reason = if said.is_empty() {
            alert.title.clone()
        } else {
            said.join("; ")
        };
        let action = alert
            .suggested_actions
            .first()
            .map_or("Look at the account", |a| a.title.as_str())
            .to_owned();
        to_do.push(TodayItem {
            kind: TodayKind::Alert,
            account: card.document()?,
            alert: view(alert, rev, Vec::new()),
            reason,
            action,
        });
    }
    Ok(to_do)
}

/// Figures of a book of accounts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Book {
    accounts: u64,
    /// By currency.
    arr: BTreeMap<String, i64>,
    at_risk: BTreeMap<String, i64>,
    renewing: BTreeMap<String, i64>,
    renewals: u64,
    bands: BandCounts,
    bands_before: BandCounts,
    hygiene: Vec<Hygiene>,
    computed_s: i64,
}

impl Book {
    fn add(&mut self, card: &AccountCard, today: Date) {
        self.accounts += 1;
        count(&mut self.bands, card.band);
        count(&mut self.bands_before, band_on(card, shift(today, -7)));
        let renews = card
            .renewal_date
            .is_some_and(|day| day >= today && day <= shift(today, 90));
        self.renewals += u64::from(renews);
        if let Some(arr) = &card.arr {
            let add = |sums: &mut BTreeMap<String, i64>| {
                let sum = sums.entry(arr.currency.clone()).or_default();
                *sum = sum.saturating_add(arr.amount_minor);
            };
            add(&mut self.arr);
            if matches!(card.band, Band::AtRisk | Band::Critical) {
                add(&mut self.at_risk);
            }
            if renews {
                add(&mut self.renewing);
            }
        }
        let issue = match card {
            AccountCard { owner: None, .. } => Some("has no owner"),
            AccountCard {
                renewal_date: None, ..
            } => Some("has no renewal date"),
            AccountCard { arr: None, .. } => Some("has no recurring revenue"),
            AccountCard {
                band: Band::InsufficientData,
                ..
            } => Some("has too little data for a score"),
            _ => None,
        };
        if let Some(issue) = issue
            && self.hygiene.len() < MAX_HYGIENE
        {
            let (account, name) = (card.id.clone(), card.name.clone());
            self.hygiene.push(Hygiene {
                account,
                name,
                issue: issue.to_owned(),
            });
        }
    }

    fn answer(self, scope: TodayScope, items: Vec<TodayItem>) -> Today {
        // Each figure names the same currencies in the same order, so that they can be read against each other.
        let mut currencies: Vec<&String> = self.arr.keys().collect();
        currencies.sort_by_key(|currency| (std::cmp::Reverse(self.arr[*currency]), *currency));
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
        }
    }
}

fn count(counts: &mut BandCounts, band: Band) {
    *match band {
        Band::Healthy => &mut counts.healthy,
        Band::Watch => &mut counts.watch,
        Band::AtRisk => &mut counts.at_risk,
        Band::Critical => &mut counts.critical,
        Band::InsufficientData => &mut counts.insufficient_data,
        Band::Onboarding => &mut counts.onboarding,
    } += 1;
}

/// The band of the newest score up to a day; without one, there was too little data.
fn band_on(card: &AccountCard, day: Date) -> Band {
    let point = card.spark.iter().rev().find(|point| point.day <= day);
    let score = point.and_then(|point| point.score);
    score.map_or(Band::InsufficientData, |score| Band::of(Points::from_f64(score)))
}

/// The figures of an owner's accounts, or of all.
async fn book(app: &App, caller: &Caller, owner: Option<&str>, today: Date) -> Answer<Book> {
    let tenant = &caller.tenant;
    let (name, pk) = match owner {
        Some(owner) => ("gsi6", index::owner(tenant, owner)),
        None => ("gsi5", index::accounts(tenant)),
    };
    let mut read = Query {
        index: Some(name),
        pk,
        descending: true,
        ..Query::default()
    };
    let mut book = Book {
        computed_s: app.ctx.clock.now().as_second(),
        ..Book::default()
    };
    loop {
        let page = app.ctx.table.page(&read).await?;
        for item in &page.items {
            book.add(&item.document::<AccountCard>()?, today);
        }
        read.start = page.next;
        if read.start.is_none() || book.accounts >= MAX_ACCOUNTS as u64 {
            return Ok(book);
        }
    }
}

/// The figures of the whole tenant, at most five minutes old.
async fn whole_book(app: &App, caller: &Caller, today: Date) -> Answer<Book> {
    let key = keys::setting(&caller.tenant, "TODAY");
    let now_s = app.ctx.clock.now().as_second();
    let kept: Option<Book> = app
        .ctx
        .table
        .get(&key)
        .await?
        .as_ref()
        .map(Item::document)
        .transpose()?;
    // A small book is made anew each time: it is cheap, and a tenant that is being set up grows by the minute.
    if let Some(book) = kept.filter(|b| now_s - b.computed_s < KEEP_S && b.accounts > 1_000) {
        return Ok(book);
    }
    let book = book(app, caller, None, today).await?;
    if book.accounts > 1_000 {
        let item = Item::new(&key, "today").data(&book);
        let written: Result<(), AwsError> = app.ctx.table.put(item, Condition::None).await;
        if let Err(error) = written {
            tracing::warn!(error = %copilot_runtime::telemetry::chain(&error), "figures were not kept");
        }
    }
    Ok(book)
}
