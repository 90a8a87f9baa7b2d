//! Alerts: the inbox and one alert.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use copilot_aws::Item;
use copilot_aws::alerts::{self as store, ListBy, StoredAlert};
use copilot_aws::notifications::{self, Notification, Status};
use copilot_domain::alert::{Alert, AlertStatus};
use copilot_domain::ids::{AccountId, AlertId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::own_name;
use super::expand;
use crate::access::Caller;
use crate::cursor::Fingerprint;
use crate::dto::alert::{AlertNotification, AlertPage, AlertView, NotificationStatus};
use crate::filter::Params;
use crate::playbooks::Off;
use crate::problem::{Answer, Problem};
use crate::{App, Shared, etag, paging};

/// Alerts that a list sorted by age looks at.
const MAX_SORTED: usize = 2_000;
const ALL: [AlertStatus; 5] = [
    AlertStatus::Open,
    AlertStatus::Acknowledged,
    AlertStatus::Snoozed,
    AlertStatus::Resolved,
    AlertStatus::Dismissed,
];

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_alerts))
        .routes(routes!(get_alert))
}

/// An alert as the API shows it.
pub(super) fn view(alert: Alert, rev: i64, notifications: Vec<AlertNotification>, off: &Off) -> AlertView {
    let mut view = AlertView {
        alert,
        notifications,
        etag: etag::of(rev),
        account_card: None,
    };
    off.hide_in(&mut view);
    view
}

/// What a list of alerts is asked for.
struct Wanted {
    statuses: Vec<AlertStatus>,
    severities: Option<Vec<String>>,
    assignee: Option<String>,
    rule: Option<String>,
    account: Option<String>,
}

impl Wanted {
    fn keeps(&self, item: &Item) -> bool {
        let is = |name: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|w| item.str(name) == w);
        self.statuses.iter().any(|s| s.as_str() == item.str("f_status"))
            && self
                .severities
                .as_ref()
                .is_none_or(|list| list.iter().any(|s| s == item.str("f_severity")))
            && is("f_assignee", &self.assignee)
            && is("f_rule", &self.rule)
            && is("f_account", &self.account)
    }

    /// The lists that hold everything that is wanted, in the order in which they are read.
    fn lists(&self) -> Answer<Vec<ListBy>> {
        if let Some(account) = &self.account {
            let account: AccountId = account.parse().map_err(|_| {
                Problem::field(
                    "filter[account][eq]",
                    "malformed",
                    "expected an account id, `acc_…`",
                )
            })?;
            return Ok(vec![ListBy::Account(account)]);
        }
        if let Some(assignee) = self
            .assignee
            .as_ref()
            .filter(|_| self.statuses.iter().all(|s| s.is_live()))
        {
            return Ok(vec![ListBy::Assignee(assignee.clone())]);
        }
        Ok(self
            .statuses
            .iter()
            .map(|status| ListBy::Status(*status))
            .collect())
    }
}

/// Alerts, most urgent first
#[utoipa::path(get, path = "/v1/alerts", tag = "alerts", security(("bearer" = ["read"])),
    params(("filter[status][eq]" = Option<String>, Query, description = "open (default), acknowledged, snoozed, resolved, dismissed or all"), ("filter[severity][in]" = Option<String>, Query, description = "low, medium, high, critical, comma-separated"), ("filter[assignee][eq]" = Option<String>, Query, description = "An e-mail, or `me`"), ("filter[rule][eq]" = Option<String>, Query, description = "A rule, e.g. R01"), ("filter[account][eq]" = Option<String>, Query, description = "An account id"), ("sort" = Option<String>, Query, description = "`-priority` (default) or `-opened_at`"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before"), ("fields" = Option<String>, Query, description = "Names of top-level fields of a row, comma-separated: nothing else is answered"), ("expand" = Option<String>, Query, description = "`account`: the card of its account stands beside each row, in `account_card`")),
    responses((status = 200, description = "A page of alerts", body = AlertPage)))]
async fn list_alerts(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<AlertPage>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let fingerprint = Fingerprint::of(&caller.tenant, "list_alerts", params.all());
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    let words: Vec<&str> = ALL.iter().map(|s| s.as_str()).chain(["all"]).collect();
    let status = params.filter_word("status", "eq", &words)?;
    let wanted = Wanted {
        statuses: match status.as_deref() {
            None => vec![AlertStatus::Open],
            Some("all") => ALL.to_vec(),
            Some(word) => ALL.into_iter().filter(|s| s.as_str() == word).collect(),
        },
        severities: params.filter_words("severity", &["low", "medium", "high", "critical"])?,
        assignee: params
            .filter("assignee", "eq")
            .map(|a| own_name(&caller, a))
            .transpose()?,
        rule: params.filter("rule", "eq"),
        account: params.filter("account", "eq"),
    };
    let (sort, _) = params.sort(&["priority", "opened_at"], ("priority", true))?;
    let with_cards = expand::wanted(&mut params)?;
    params.finish()?;
    let mut page = listed(&app, &caller, &wanted, sort, &fingerprint, cursor, limit).await?;
    if with_cards {
        let accounts = page.data.iter().map(|row| row.alert.account.id);
        let cards = expand::cards(&app, &caller, accounts).await?;
        for row in &mut page.data {
            row.account_card = cards.get(&row.alert.account.id).cloned().map(Box::new);
        }
    }
    Ok(Json(page))
}

/// A page of the alerts that are wanted.
async fn listed(
    app: &App,
    caller: &Caller,
    wanted: &Wanted,
    sort: &str,
    fingerprint: &Fingerprint,
    cursor: Option<String>,
    limit: usize,
) -> Answer<AlertPage> {
    let lists = wanted.lists()?;
    // One account's alerts come by age; every other list comes by priority.
    let is_by_age = matches!(lists.first(), Some(ListBy::Account(_)));
    if (sort == "opened_at") != is_by_age {
        return sorted(
            app,
            caller,
            wanted,
            &lists,
            sort,
            fingerprint,
            cursor.as_deref(),
            limit,
        )
        .await;
    }
    let (first, mut after) = match cursor {
        Some(cursor) => fingerprint.open::<(usize, Option<String>)>(&cursor)?,
        None => (0, None),
    };
    let off = Off::of(app, &caller.tenant).await?;
    let mut data = Vec::new();
    for (number, by) in lists.iter().enumerate().skip(first) {
        let read = store::list(&caller.tenant, by);
        let keep = |item: &Item| wanted.keeps(item);
        let (items, place) =
            paging::scan(&app.ctx.table, read, after.take(), limit - data.len(), keep).await?;
        for item in &items {
            data.push(view(item.document()?, item.rev(), Vec::new(), &off));
        }
        if let Some(place) = place {
            return Ok(AlertPage {
                data,
                next: fingerprint.seal((number, Some(place))),
                complete: true,
            });
        }
        if data.len() >= limit && number + 1 < lists.len() {
            return Ok(AlertPage {
                data,
                next: fingerprint.seal((number + 1, None::<String>)),
                complete: true,
            });
        }
    }
    Ok(AlertPage {
        data,
        next: None,
        complete: true,
    })
}

/// A list in an order that no index has: read, sorted here, and cut.
#[expect(clippy::too_many_arguments, reason = "the parts of one question")]
async fn sorted(
    app: &App,
    caller: &Caller,
    wanted: &Wanted,
    lists: &[ListBy],
    sort: &str,
    fingerprint: &Fingerprint,
    cursor: Option<&str>,
    limit: usize,
) -> Answer<AlertPage> {
    let mut complete = true;
    let mut found: Vec<((i64, AlertId), Alert, i64)> = Vec::new();
    for by in lists {
        let read = store::list(&caller.tenant, by);
        let (items, more) =
            paging::scan(&app.ctx.table, read, None, MAX_SORTED, |item| wanted.keeps(item)).await?;
        complete &= more.is_none();
        for item in &items {
            let alert: Alert = item.document()?;
            let rank = if sort == "opened_at" {
                -alert.opened_at.as_microsecond()
            } else {
                -((alert.priority * 1_000.0) as i64)
            };
            found.push(((rank, alert.id), alert, item.rev()));
        }
    }
    found.sort_by_key(|(place, ..)| *place);
    if let Some(cursor) = cursor {
        let after: (i64, AlertId) = fingerprint.open(cursor)?;
        found.retain(|(place, ..)| *place > after);
    }
    let next = if found.len() > limit {
        fingerprint.seal(found[limit - 1].0)
    } else {
        None
    };
    found.truncate(limit);
    let off = Off::of(app, &caller.tenant).await?;
    let data = found
        .into_iter()
        .map(|(_, alert, rev)| view(alert, rev, Vec::new(), &off))
        .collect();
    Ok(AlertPage { data, next, complete })
}

/// The alert of a path; one that the caller's tenant does not have is not found.
pub(super) async fn stored(app: &App, caller: &Caller, id: &str) -> Answer<StoredAlert> {
    let id: AlertId = id.parse().map_err(|_| Problem::not_found("alert"))?;
    let found = store::get(&app.ctx.table, &caller.tenant, id).await?;
    found.ok_or_else(|| Problem::not_found("alert"))
}

/// Who was told of an alert.
pub(super) async fn told(app: &App, caller: &Caller, id: AlertId) -> Answer<Vec<AlertNotification>> {
    let notes = notifications::of_alert(&app.ctx.table, &caller.tenant, id).await?;
    Ok(notes.into_iter().map(note).collect())
}

fn note(note: Notification) -> AlertNotification {
    AlertNotification {
        channel: note.channel.as_str().to_owned(),
        recipient_masked: note.recipient_masked(),
        status: status(note.status),
        at: Some(note.updated_at),
        error: note.reason,
    }
}

/// The status of a message as the API says it.
pub(super) fn status(status: Status) -> NotificationStatus {
    match status {
        Status::Sent => NotificationStatus::Sent,
        Status::Failed => NotificationStatus::Failed,
        Status::Held => NotificationStatus::Held,
        Status::Pending => NotificationStatus::Pending,
    }
}

/// The answer with its tag.
pub(super) fn tagged(view: AlertView) -> impl IntoResponse {
    ([(header::ETAG, view.etag.clone())], Json(view))
}

/// An alert
#[utoipa::path(get, path = "/v1/alerts/{id}", tag = "alerts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Alert id, `alr_…`"), ("fields" = Option<String>, Query, description = "Names of top-level fields of a row, comma-separated: nothing else is answered")),
    responses((status = 200, description = "The alert", body = AlertView)))]
async fn get_alert(State(app): Shared, caller: Caller, Path(id): Path<String>) -> Answer<impl IntoResponse> {
    let found = stored(&app, &caller, &id).await?;
    let notes = told(&app, &caller, found.alert.id).await?;
    let off = Off::of(&app, &caller.tenant).await?;
    Ok(tagged(view(found.alert, found.rev, notes, &off)))
}
