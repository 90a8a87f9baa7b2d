//! What to do today: the figures of a book of accounts, and the alerts to look at first.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use copilot_aws::Item;
use copilot_aws::alerts::{self as store, ListBy};
use copilot_aws::keys::{self, Key};
use copilot_domain::alert::{Alert, AlertStatus};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alerts::view;
use super::book::{Book, figures};
use crate::access::Caller;
use crate::dto::today::{Today, TodayItem, TodayKind, TodayScope};
use crate::filter::Params;
use crate::playbooks::Off;
use crate::problem::Answer;
use crate::{App, Shared, paging};

/// Things to do that are shown.
const MAX_ITEMS: usize = 10;
/// Open alerts looked at to find them: an account has several.
const MAX_LOOKED: usize = 100;

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
        (Some(email), None | Some("mine")) => Some(figures(&app, &caller, Some(email), today).await?),
        _ => None,
    };
    // Who has no accounts of his own looks at everybody's, unless he asked for his.
    let mine = mine.filter(|book| scope.is_some() || book.accounts > 0);
    let (scope, book) = match mine {
        Some(book) => (TodayScope::Mine, book),
        None if scope.as_deref() == Some("mine") => (TodayScope::Mine, Book::default()),
        None => (TodayScope::All, figures(&app, &caller, None, today).await?),
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
    Ok(Json(book.answer(scope, items)))
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
    let off = Off::of(app, &caller.tenant).await?;
    let mut to_do = Vec::new();
    for (key, (alert, rev)) in wanted.iter().zip(alerts) {
        let Some(card) = cards.get(key) else { continue };
        let said = once_each(alert.clauses.iter().filter(|c| c.holds).map(|c| c.text.as_str()));
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
            alert: view(alert, rev, Vec::new(), &off),
            reason,
            action,
        });
    }
    Ok(to_do)
}

/// The texts of clauses, each once: several clauses of a rule speak of one value, some with more words.
fn once_each<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut said: Vec<&str> = Vec::new();
    for text in texts {
        if said.iter().any(|longer| longer.starts_with(text)) {
            continue;
        }
        said.retain(|shorter| !text.starts_with(shorter));
        said.push(text);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_read_once() {
        let texts = [
            "renewal in 14 days",
            "10 of 36 seats: red",
            "10 of 36 seats",
            "10 of 36 seats",
            "month 12",
        ];
        let said = once_each(texts.into_iter());
        assert_eq!(said, ["renewal in 14 days", "10 of 36 seats: red", "month 12"]);
        assert_eq!(once_each(["seats", "seats: red"].into_iter()), ["seats: red"]);
    }
}
