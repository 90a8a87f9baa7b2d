//! Accounts: the list, one account, notes, the pulse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use copilot_aws::alerts::{self as alert_store, ListBy};
use copilot_aws::keys::{self, index};
use copilot_aws::table::Query;
use copilot_aws::{Item, assessments, history, stats};
use copilot_domain::alert::Alert;
use copilot_domain::assessment::Assessment;
use copilot_domain::facts::{AccountRow, Kind};
use copilot_domain::history::AccountHistory;
use copilot_domain::ids::{AccountId, AlertId, ExternalId};
use copilot_domain::limits::{MAX_NAME, MAX_TEXT};
use copilot_domain::playbook::NextAction;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alerts::view;
use super::batch::{one, own_identity};
use crate::access::Caller;
use crate::cursor::Fingerprint;
use crate::dto::account::{
    AccountCard, AccountDetail, AccountPage, AccountView, Identity, NewNote, NewPulse, Note, Pulse,
};
use crate::filter::Params;
use crate::idempotency::derived_id;
use crate::playbooks::Off;
use crate::problem::{Answer, Problem};
use crate::{App, Shared, audit, body, paging, text};

const BANDS: [&str; 6] = [
    "healthy",
    "watch",
    "at_risk",
    "critical",
    "insufficient_data",
    "onboarding",
];
const STAGES: [&str; 6] = [
    "prospect",
    "onboarding",
    "active",
    "will_churn",
    "churned",
    "paused",
];

/// A pulse up to this needs a reason (`domain.md` B9).
const PULSE_NEEDS_REASON: i64 = 2;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_accounts))
        .routes(routes!(get_account))
        .routes(routes!(add_account_note))
        .routes(routes!(set_account_pulse))
}

/// Accounts of the tenant, most urgent first
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", security(("bearer" = ["read"])),
    params(("sort" = Option<String>, Query, description = "`-priority` (default), `name`, `score`, `arr`, `renewal`; `-` descends"), ("filter[owner][eq]" = Option<String>, Query, description = "A CSM's e-mail, or `me`"), ("filter[band][eq]" = Option<String>, Query, description = "healthy, watch, at_risk, critical, insufficient_data, onboarding"), ("filter[name][prefix]" = Option<String>, Query, description = "Beginning of the name, any case"), ("filter[stage][eq]" = Option<String>, Query, description = "prospect, onboarding, active, will_churn, churned, paused"), ("filter[touch][eq]" = Option<String>, Query, description = "high, mid, digital"), ("filter[arr_minor][gte]" = Option<i64>, Query, description = "Annual recurring revenue at least, minor units"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 500; 50 where it is left out"), ("cursor" = Option<String>, Query, description = "The `next` of the page before"), ("fields" = Option<String>, Query, description = "Names of top-level fields of a row, comma-separated: nothing else is answered")),
    responses((status = 200, description = "A page of accounts", body = AccountPage)))]
async fn list_accounts(
    State(app): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer<Json<AccountPage>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let fingerprint = Fingerprint::of(&caller.tenant, "list_accounts", params.all());
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    let (sort, descending) = params.sort(
        &["priority", "name", "score", "arr", "renewal"],
        ("priority", true),
    )?;
    let owner = params
        .filter("owner", "eq")
        .map(|o| own_name(&caller, o))
        .transpose()?;
    let band = params.filter_word("band", "eq", &BANDS)?;
    let stage = params.filter_word("stage", "eq", &STAGES)?;
    let touch = params.filter_word("touch", "eq", &["high", "mid", "digital"])?;
    let prefix = params
        .filter("name", "prefix")
        .map(|p| short("filter[name][prefix]", p.to_lowercase()))
        .transpose()?;
    let least = params.parsed::<i64>("filter[arr_minor][gte]", "a whole number of minor units")?;
    params.finish()?;

    let tenant = &caller.tenant;
    let mut read = Query {
        pk: index::accounts(tenant),
        descending,
        ..Query::default()
    };
    read.index = Some(match sort {
        "name" => "gsi1",
        "score" => "gsi2",
        "arr" => "gsi3",
        "renewal" => "gsi4",
        _ => "gsi5",
    });
    if sort == "name" {
        read.prefix.clone_from(&prefix);
    } else if sort == "priority"
        && let Some(owner) = &owner
    {
        read.index = Some("gsi6");
        read.pk = index::owner(tenant, owner);
    }
    let text_is = |item: &Item, name: &str, wanted: &Option<String>| {
        wanted.as_ref().is_none_or(|wanted| item.str(name) == wanted)
    };
    let keep = |item: &Item| {
        text_is(item, "f_band", &band)
            && text_is(item, "f_stage", &stage)
            && text_is(item, "f_touch", &touch)
            && text_is(item, "f_owner", &owner)
            && prefix
                .as_ref()
                .is_none_or(|p| item.str("f_name").starts_with(p.as_str()))
            && least.is_none_or(|least| item.int("f_arr").unwrap_or(0) >= least)
    };
    let is_filtered = owner.is_some()
        || band.is_some()
        || stage.is_some()
        || touch.is_some()
        || prefix.is_some()
        || least.is_some();
    let rows = paging::read(&app.ctx.table, read, &fingerprint, cursor.as_deref(), limit, keep).await?;
    let data = rows
        .items
        .iter()
        .map(Item::document)
        .collect::<Result<Vec<AccountCard>, _>>()?;
    let total = if is_filtered {
        None
    } else if cursor.is_none() && rows.next.is_none() {
        Some(data.len() as u64)
    } else {
        let figures = stats::get(&app.ctx.table, tenant, app.ctx.clock.now()).await?;
        figures.complete.then_some(figures.accounts)
    };
    Ok(Json(AccountPage {
        data,
        next: rows.next,
        total,
    }))
}

/// `me` is the caller's own e-mail.
pub(super) fn own_name(caller: &Caller, name: String) -> Answer<String> {
    if name != "me" {
        return short("filter", name);
    }
    caller
        .email
        .clone()
        .ok_or_else(|| Problem::field("filter", "unknown", "`me` needs a sign-in, not an API key"))
}

/// A value that stands in a key of the store, which has a bound.
pub(super) fn short(field: &str, value: String) -> Answer<String> {
    if value.chars().count() <= MAX_NAME {
        return Ok(value);
    }
    let limit = format!("at most {MAX_NAME} characters");
    Err(Problem::field(field, "too_long", limit))
}

/// Reads an account id of a path: what does not read is as unknown as what does not exist.
pub(super) fn account_id(text: &str) -> Answer<AccountId> {
    text.parse().map_err(|_| Problem::not_found("account"))
}

/// The account of a path; one that the caller's tenant does not have is not found.
pub(super) async fn known_account(app: &App, caller: &Caller, id: &str) -> Answer<AccountId> {
    let account = account_id(id)?;
    let found = app.ctx.table.get(&keys::account(&caller.tenant, account)).await?;
    found
        .map(|_| account)
        .ok_or_else(|| Problem::not_found("account"))
}

/// An account with its assessment, open alerts and next actions
#[utoipa::path(get, path = "/v1/accounts/{id}", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`"), ("fields" = Option<String>, Query, description = "Names of top-level fields of a row, comma-separated: nothing else is answered"), ("expand" = Option<String>, Query, description = "`alerts`: its live alerts, which stand there in any case")),
    responses((status = 200, description = "The account", body = AccountView)))]
async fn get_account(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<AccountView>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    // Its live alerts are always there: who asks for them by name is right, too.
    params.word("expand", &["alerts"])?;
    params.finish()?;
    let account = account_id(&id)?;
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    let settings = app.ctx.tenant(tenant).await?;
    let partition = Query {
        pk: keys::account_partition(tenant, account),
        ..Query::default()
    };
    let state: BTreeMap<String, Item> = table
        .all(partition)
        .await?
        .into_iter()
        .map(|item| (item.str("sk").to_owned(), item))
        .collect();
    let card: AccountCard = state
        .get("ACCOUNT")
        .ok_or_else(|| Problem::not_found("account"))?
        .document()?;
    let assessed = state.get("ASSESS");
    let mut assessment: Option<Assessment> = assessed.map(Item::document).transpose()?;
    if let Some(assessment) = &mut assessment {
        copilot_features::name_the_missing(&mut assessment.features);
    }
    let next_actions: Vec<NextAction> = assessed.map_or(Ok(Vec::new()), |item| {
        if item.str("next_actions").is_empty() {
            Ok(Vec::new())
        } else {
            item.parsed("next_actions")
        }
    })?;
    // What an alert asked for is asked no more when somebody closed it since the scoring.
    let rules = assessments::rule_states(&state)?;
    let live: BTreeSet<AlertId> = rules.live().filter_map(|state| state.alert).collect();
    let off = Off::of(&app, tenant).await?;
    let next_actions = (next_actions.into_iter())
        .filter(|action| action.alert.is_none_or(|alert| live.contains(&alert)))
        .map(|mut action| {
            off.hide(&mut action.playbook);
            action
        })
        .collect();
    let identities = state
        .range("ID#".to_owned()..)
        .take_while(|(sk, _)| sk.starts_with("ID#"))
        .map(|(_, item)| item.document())
        .collect::<Result<Vec<ExternalId>, _>>()?;
    let row = account_row(
        &app,
        &caller,
        account,
        settings.now(app.ctx.clock.now()),
        &settings.zone,
    )
    .await?;
    let open = live_alerts(&app, &caller, account).await?;
    let profile = assessment.as_ref().map(|a| a.profile.clone());
    Ok(Json(AccountView {
        account: AccountDetail {
            card,
            industry: row.industry,
            country: row.country,
            employees: row.employees,
            plan: row.plan,
            seats: row.seats,
            contract_start: row.contract_start,
            cancel_notice_at: row.cancel_notice_at,
            custom: row.custom,
            identities: identities
                .into_iter()
                .map(|i| Identity {
                    source: i.source.to_string(),
                    id: i.id,
                })
                .collect(),
            profile,
        },
        assessment,
        alerts: open
            .into_iter()
            .map(|(alert, rev)| view(alert, rev, Vec::new(), &off))
            .collect(),
        next_actions,
    }))
}

/// The alerts of an account that are not closed, most urgent first.
async fn live_alerts(app: &App, caller: &Caller, account: AccountId) -> Answer<Vec<(Alert, i64)>> {
    let list = alert_store::list(&caller.tenant, &ListBy::Account(account));
    let mut open: Vec<(Alert, i64)> = Vec::new();
    for item in app.ctx.table.all(list).await? {
        let alert: Alert = item.document()?;
        if alert.status.is_live() {
            open.push((alert, item.rev()));
        }
    }
    open.sort_by(|a, b| b.0.priority.total_cmp(&a.0.priority));
    Ok(open)
}

/// The account's own fields, composed over its sources as of an instant.
async fn account_row(
    app: &App,
    caller: &Caller,
    account: AccountId,
    now: jiff::Timestamp,
    zone: &str,
) -> Answer<AccountRow> {
    let records = history::records(&app.ctx.table, &caller.tenant, account, Kind::Account).await?;
    let mut known = AccountHistory::empty(account, zone);
    known.records.insert(Kind::Account, records);
    Ok(known.snapshot(now).row)
}

/// Keep a note on an account
#[utoipa::path(post, path = "/v1/accounts/{id}/notes", tag = "accounts", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    request_body = NewNote,
    responses((status = 201, description = "The note", body = Note)))]
async fn add_account_note(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body::Json(input): body::Json<NewNote>,
) -> Answer<(StatusCode, Json<Note>)> {
    let text = text::long("text", &input.text, MAX_TEXT)?;
    let account = known_account(&app, &caller, &id).await?;
    let identity = own_identity(&app, &caller, account).await?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let at = tenant.now(app.ctx.clock.now());
    let today = super::history::today(&app, &tenant).to_string();
    let whose = account.to_string();
    let note = Note {
        id: derived_id("note", &caller, &headers, &[&whose, &text], &today),
        text: text.clone(),
        user: caller.author().to_owned(),
        at,
    };
    let row = json!({
        "external_id": note.id, "account": identity.id, "kind": "note", "at": at,
        "subject": format!("Note by {}", note.user), "text": text,
    });
    one(&app, &caller, &identity.source, Kind::Activity, row).await?;
    audit::done(&app, &caller, "account.note", &id, &(), &note.id).await;
    Ok((StatusCode::CREATED, Json(note)))
}

/// Set the CSM's own judgement of an account
#[utoipa::path(post, path = "/v1/accounts/{id}/pulse", tag = "accounts", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    request_body = NewPulse,
    responses((status = 200, description = "The pulse", body = Pulse)))]
async fn set_account_pulse(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    body::Json(input): body::Json<NewPulse>,
) -> Answer<Json<Pulse>> {
    if !(1..=5).contains(&input.pulse) {
        return Err(Problem::field("pulse", "out_of_range", "1 (bad) to 5 (good)"));
    }
    let given = input.reason.as_deref().filter(|reason| !reason.trim().is_empty());
    if given.is_none() && input.pulse <= PULSE_NEEDS_REASON {
        let detail = format!("say why: a pulse of {PULSE_NEEDS_REASON} or less needs a reason");
        return Err(Problem::field("reason", "required", detail));
    }
    let reason = given
        .map(|reason| text::long("reason", reason, MAX_TEXT))
        .transpose()?;
    let account = known_account(&app, &caller, &id).await?;
    let identity = own_identity(&app, &caller, account).await?;
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let at = tenant.now(app.ctx.clock.now());
    let before = account_row(&app, &caller, account, at, &tenant.zone).await?.pulse;
    let row = json!({"external_id": identity.id, "pulse": input.pulse, "pulse_at": at});
    one(&app, &caller, &identity.source, Kind::Account, row).await?;
    let pulse = Pulse {
        pulse: input.pulse,
        reason,
        user: caller.author().to_owned(),
        at,
    };
    let before = json!({"pulse": before});
    audit::done(&app, &caller, "account.pulse", &id, &before, &pulse).await;
    Ok(Json(pulse))
}
