//! Playbooks: the library as the tenant has it, and the tenant's own versions.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use copilot_aws::table::{Condition, Write};
use copilot_aws::{Item, keys};
use copilot_domain::limits::MAX_NAME;
use copilot_domain::playbook::PlaybookStep;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::work::changed;
use crate::access::Caller;
use crate::dto::page::List;
use crate::dto::playbook::{PlaybookPatch, PlaybookStepIn, PlaybookView};
use crate::dto::words::Role;
use crate::playbooks::{self, Edit, shipped_one};
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, etag, text};

/// Steps of a playbook.
const MAX_STEPS: usize = 30;
/// Days of a step before or after the start.
const MAX_DAYS: i64 = 365;
/// What can stand in `{{…}}` of a subject.
const VARIABLES: [&str; 24] = [
    "account.name",
    "account.arr",
    "account.renewal_date",
    "account.days_to_renewal",
    "contact.first_name",
    "contact.team",
    "csm.name",
    "csm.meeting_link",
    "score.value",
    "score.delta_30d",
    "why.top1",
    "why.top2",
    "usage.metric",
    "usage.change_pct",
    "seats.used",
    "seats.bought",
    "ticket.id",
    "ticket.title",
    "goal.title",
    "goal.progress",
    "goal.date",
    "nps.score",
    "invoice.number",
    "invoice.days_overdue",
];

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_playbooks))
        .routes(routes!(get_playbook, update_playbook))
}

/// The library of playbooks, as the tenant has them
#[utoipa::path(get, path = "/v1/playbooks", tag = "work", security(("bearer" = ["read"])),
    responses((status = 200, description = "Playbooks", body = List<PlaybookView>)))]
async fn list_playbooks(State(app): Shared, caller: Caller) -> Answer<Json<List<PlaybookView>>> {
    let data = playbooks::library(&app, &caller.tenant).await?;
    Ok(Json(List { data }))
}

/// A playbook, as the tenant has it
#[utoipa::path(get, path = "/v1/playbooks/{id}", tag = "work", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Playbook id, e.g. P01")),
    responses((status = 200, description = "The playbook", body = PlaybookView)))]
async fn get_playbook(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<impl IntoResponse> {
    let shipped = shipped_one(&id)?;
    let item = app.ctx.table.get(&keys::playbook(&caller.tenant, &id)).await?;
    let view = playbooks::view(shipped, item.as_ref())?;
    Ok(([(header::ETAG, view.etag.clone())], Json(view)))
}

/// Change a playbook for the tenant; for leads and admins
///
/// A field that is left out stays as it is, `null` takes it back to what was shipped. One that is switched off
/// (`enabled: false`) is not proposed by alerts, opportunities, rules and next actions.
#[utoipa::path(patch, path = "/v1/playbooks/{id}", tag = "work", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Playbook id, e.g. P01")),
    request_body = PlaybookPatch,
    responses((status = 200, description = "The playbook as it is now", body = PlaybookView)))]
async fn update_playbook(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body::Json(patch): body::Json<PlaybookPatch>,
) -> Answer<impl IntoResponse> {
    if caller.role < Role::Lead {
        return Err(Problem::new(
            Kind::FORBIDDEN,
            "only a lead or an admin changes playbooks",
        ));
    }
    let shipped = shipped_one(&id)?;
    let key = keys::playbook(&caller.tenant, &id);
    let item = app.ctx.table.get(&key).await?;
    let before = playbooks::view(shipped.clone(), item.as_ref())?;
    etag::must_match(&headers, &before.etag)?;
    let mut edit: Edit = match item.as_ref().map(Item::document).transpose()? {
        Some(edit) => edit,
        None => Edit {
            name: None,
            steps: None,
            exit: None,
            subject: None,
            enabled: None,
            edited_at: app.ctx.clock.now(),
            edited_by: String::new(),
        },
    };
    apply(patch, &mut edit)?;
    edit.edited_at = app.ctx.clock.now();
    caller.author().clone_into(&mut edit.edited_by);
    let written = Item::new(&key, "playbook")
        .number("rev", before.version + 1)
        .data(&edit);
    let after = playbooks::view(shipped, Some(&written))?;
    let entry = audit::item(&app, &caller, "playbook.update", &id, &before, &after);
    let writes = vec![
        Write::Put(written, Condition::unchanged(item.as_ref())),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await.map_err(changed)?;
    Ok(([(header::ETAG, after.etag.clone())], Json(after)))
}

fn apply(patch: PlaybookPatch, edit: &mut Edit) -> Answer<()> {
    if patch == PlaybookPatch::default() {
        let detail = "send at least one of name, steps, exit, subject, enabled";
        return Err(Problem::field("body", "required", detail));
    }
    let line = |field: &str, value: Option<String>| {
        value.map(|value| text::line(field, &value, MAX_NAME)).transpose()
    };
    if let Some(name) = patch.name {
        edit.name = line("name", name)?;
    }
    if let Some(exit) = patch.exit {
        edit.exit = line("exit", exit)?;
    }
    if let Some(subject) = patch.subject {
        edit.subject = line("subject", subject)?;
        variables(edit.subject.as_deref().unwrap_or_default())?;
    }
    if let Some(steps) = patch.steps {
        edit.steps = steps.map(read).transpose()?;
    }
    if let Some(enabled) = patch.enabled {
        edit.enabled = enabled;
    }
    Ok(())
}

fn read(steps: Vec<PlaybookStepIn>) -> Answer<Vec<PlaybookStep>> {
    if !(1..=MAX_STEPS).contains(&steps.len()) {
        let limit = format!("1 to {MAX_STEPS} steps");
        return Err(Problem::field("steps", "out_of_range", limit));
    }
    let mut all = Vec::with_capacity(steps.len());
    for (at, step) in steps.into_iter().enumerate() {
        let field = |name: &str| format!("steps[{at}].{name}");
        let day = i32::try_from(step.day).ok();
        let day = day.filter(|_| (-MAX_DAYS..=MAX_DAYS).contains(&step.day));
        all.push(PlaybookStep {
            day: day.ok_or_else(|| {
                let limit = format!("a whole number of days from -{MAX_DAYS} to {MAX_DAYS}");
                Problem::field(field("day"), "out_of_range", limit)
            })?,
            owner: step.owner.as_str().to_owned(),
            title: text::line(&field("title"), &step.title, MAX_NAME)?,
        });
    }
    Ok(all)
}

/// Refuses what no message could fill in.
fn variables(subject: &str) -> Answer<()> {
    let known: BTreeSet<&str> = VARIABLES.into_iter().collect();
    for part in subject.split("{{").skip(1) {
        let name = part.split_once("}}").map(|(name, _)| name.trim());
        if !name.is_some_and(|name| known.contains(name)) {
            let detail = format!(
                "there is no such variable; write {{{{name}}}} with one of: {}",
                VARIABLES.join(", ")
            );
            return Err(Problem::field("subject", "unknown_variable", detail));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(json: &str) -> Answer<Edit> {
        let mut edit = Edit {
            name: Some("Ours".to_owned()),
            steps: None,
            exit: None,
            subject: None,
            enabled: Some(false),
            edited_at: jiff::Timestamp::UNIX_EPOCH,
            edited_by: String::new(),
        };
        apply(body::parse(json.as_bytes())?, &mut edit).map(|()| edit)
    }

    #[test]
    fn what_is_left_out_stays_and_null_is_as_shipped() {
        let edit = patched(r#"{"exit":" It is paid ","name":null}"#).unwrap();
        assert_eq!(
            (edit.name, edit.exit.as_deref(), edit.enabled),
            (None, Some("It is paid"), Some(false))
        );
        let edit = patched(r#"{"enabled":null,"subject":"About {{ account.name }}"}"#).unwrap();
        assert_eq!((edit.name.as_deref(), edit.enabled), (Some("Ours"), None));
    }

    #[test]
    fn limits_of_steps_and_names_are_named() {
        let step = r#"{"day":1,"owner":"csm","title":"Call"}"#;
        let many = format!(r#"{{"steps":[{}]}}"#, vec![step; 31].join(","));
        for (json, field) in [
            ("{}", "body"),
            (r#"{"steps":[]}"#, "steps"),
            (many.as_str(), "steps"),
            (
                r#"{"steps":[{"day":366,"owner":"csm","title":"x"}]}"#,
                "steps[0].day",
            ),
            (
                r#"{"steps":[{"day":1,"owner":"boss","title":"x"}]}"#,
                "steps[0].owner",
            ),
            (
                r#"{"steps":[{"day":1,"owner":"csm","title":" "}]}"#,
                "steps[0].title",
            ),
            (r#"{"name":"a\u0000b"}"#, "name"),
            (r#"{"subject":"{{account.password}}"}"#, "subject"),
            (r#"{"subject":"{{account.name"}"#, "subject"),
            (r#"{"rules":[]}"#, "rules"),
        ] {
            assert_eq!(patched(json).unwrap_err().errors[0].field, field, "{json}");
        }
    }
}
