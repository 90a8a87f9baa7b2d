//! The audit trail, read back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use copilot_aws::table::Query;
use copilot_aws::{AwsError, Item, keys};
use copilot_domain::time::shift;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::short;
use crate::access::Caller;
use crate::cursor::Fingerprint;
use crate::dto::audit::AuditEntry;
use crate::dto::page::Page;
use crate::filter::Params;
use crate::problem::{Answer, Problem};
use crate::{App, Shared, paging};

/// Days that one question may be of: each is a partition of its own.
const MAX_DAYS: i32 = 31;
/// Days where nothing else is asked for.
const DEFAULT_DAYS: i32 = 7;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list_audit))
}

/// Changes that people and keys made, newest first
///
/// Days are days in UTC; the last seven where none is named, 31 at the most.
#[utoipa::path(get, path = "/v1/audit", tag = "settings", security(("bearer" = ["admin"])),
    params(("filter[day][eq]" = Option<String>, Query, description = "One day"), ("filter[day][gte]" = Option<String>, Query, description = "The first day; six days before the last where it is left out"), ("filter[day][lte]" = Option<String>, Query, description = "The last day; today where it is left out"), ("filter[action][prefix]" = Option<String>, Query, description = "Beginning of the action, e.g. `alert.`"), ("filter[user][eq]" = Option<String>, Query, description = "An e-mail, or `key:<prefix>`"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before")),
    responses((status = 200, description = "A page of changes", body = Page<AuditEntry>)))]
async fn list_audit(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<Page<AuditEntry>>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let fingerprint = Fingerprint::of(&caller.tenant, "list_audit", params.all());
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    let on = params.day("filter[day][eq]")?;
    let (from, to) = (params.day("filter[day][gte]")?, params.day("filter[day][lte]")?);
    let action = params
        .filter("action", "prefix")
        .map(|prefix| short("filter[action][prefix]", prefix))
        .transpose()?;
    let user = params
        .filter("user", "eq")
        .map(|user| short("filter[user][eq]", user))
        .transpose()?;
    params.finish()?;
    let today = app.ctx.clock.now().to_zoned(TimeZone::UTC).date();
    let (from, to) = days(on, from, to, today)?;
    let place = match cursor {
        Some(cursor) => Some(fingerprint.open::<(Date, Option<String>)>(&cursor)?),
        None => None,
    };
    let (mut day, mut after) = place.unwrap_or((to, None));
    // A forged place may name any day; what is asked for stays what is asked for.
    day = day.min(to);
    let keep = |item: &Item| {
        let Ok(entry) = item.document::<AuditEntry>() else {
            return false;
        };
        action
            .as_ref()
            .is_none_or(|prefix| entry.action.starts_with(prefix.as_str()))
            && user.as_ref().is_none_or(|user| entry.user == *user)
    };
    let mut data = Vec::new();
    while day >= from {
        let read = Query {
            pk: keys::audit_partition(&caller.tenant, day),
            descending: true,
            ..Query::default()
        };
        let (items, more) =
            paging::scan(&app.ctx.table, read, after.take(), limit - data.len(), keep).await?;
        for item in &items {
            data.push(entry(item)?);
        }
        let next = match more {
            Some(place) => Some((day, Some(place))),
            None if data.len() >= limit && day > from => Some((shift(day, -1), None)),
            None => None,
        };
        if let Some(next) = next {
            let next = fingerprint.seal(next);
            return Ok(Json(Page { data, next }));
        }
        day = shift(day, -1);
    }
    Ok(Json(Page { data, next: None }))
}

/// The first and the last day that are asked for.
fn days(on: Option<Date>, from: Option<Date>, to: Option<Date>, today: Date) -> Answer<(Date, Date)> {
    if let Some(day) = on {
        if from.is_some() || to.is_some() {
            let detail = "send one day, or its beginning and end";
            return Err(Problem::field("filter[day][eq]", "contradiction", detail));
        }
        return Ok((day, day));
    }
    let to = to.unwrap_or(today);
    let from = from.unwrap_or_else(|| shift(to, 1 - DEFAULT_DAYS));
    if from > to || from < shift(to, 1 - MAX_DAYS) {
        let detail = format!("at most {MAX_DAYS} days, and not after the last ({to})");
        return Err(Problem::field("filter[day][gte]", "out_of_range", detail));
    }
    Ok((from, to))
}

fn entry(item: &Item) -> Result<AuditEntry, AwsError> {
    let id = item.str("sk").rsplit('#').next().unwrap_or_default().to_owned();
    Ok(AuditEntry {
        id,
        ..item.document()?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_of_seven_days_and_of_31_at_the_most() {
        let day = |text: &str| Some(text.parse::<Date>().unwrap());
        let today = day("2026-03-01").unwrap();
        let said = |on, from, to| {
            days(on, from, to, today)
                .map(|(from, to)| format!("{from} {to}"))
                .map_err(|problem| problem.errors[0].field.clone())
        };
        assert_eq!(said(None, None, None).unwrap(), "2026-02-23 2026-03-01");
        assert_eq!(
            said(None, None, day("2026-01-07")).unwrap(),
            "2026-01-01 2026-01-07"
        );
        assert_eq!(
            said(None, day("2026-01-30"), None).unwrap(),
            "2026-01-30 2026-03-01"
        );
        assert_eq!(
            said(None, day("2026-01-29"), None).unwrap_err(),
            "filter[day][gte]"
        );
        assert_eq!(
            said(None, day("2026-03-02"), None).unwrap_err(),
            "filter[day][gte]"
        );
        assert_eq!(
            said(day("2026-02-01"), None, None).unwrap(),
            "2026-02-01 2026-02-01"
        );
        assert_eq!(
            said(day("2026-02-01"), day("2026-02-01"), None).unwrap_err(),
            "filter[day][eq]"
        );
    }
}
