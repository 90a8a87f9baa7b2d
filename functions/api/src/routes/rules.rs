//! The rules that run, how often people found them right, and which of them are muted.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use copilot_aws::table::{Condition, Write};
use copilot_aws::{Item, fired, serving};
use copilot_domain::limits::MAX_NAME;
use copilot_scoring::rules::RuleSpec;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::judged::{self, Judged};
use crate::access::Caller;
use crate::dto::alert::{RuleMuted, RulePatch, RuleRecord, RuleView};
use crate::dto::page::List;
use crate::playbooks::Off;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, etag, text};

/// Tries while others change what is served.
const TRIES: usize = 5;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_rules))
        .routes(routes!(update_rule))
}

/// The rules that run, how often they were right, and what came of their alerts
#[utoipa::path(get, path = "/v1/rules", tag = "alerts", security(("bearer" = ["read"])),
    responses((status = 200, description = "Rules", body = List<RuleView>)))]
async fn list_rules(State(app): Shared, caller: Caller) -> Answer<Json<List<RuleView>>> {
    let known = Known::of(&app, &caller).await?;
    let data = app.ctx.scorer.engine().rules.specs();
    let data = data.map(|spec| known.view(spec)).collect();
    Ok(Json(List { data }))
}

/// Mute a rule, or let it open alerts again
#[utoipa::path(patch, path = "/v1/rules/{id}", tag = "alerts", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Rule id, e.g. `R01`")),
    request_body = RulePatch,
    responses((status = 200, description = "The rule as it is now", body = RuleView)))]
async fn update_rule(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body::Json(patch): body::Json<RulePatch>,
) -> Answer<Json<RuleView>> {
    let rules = &app.ctx.scorer.engine().rules;
    let spec = rules.spec(&id).ok_or_else(|| Problem::not_found("rule"))?;
    let reason = patch.reason.as_deref().map(str::trim).filter(|r| !r.is_empty());
    let reason = reason.map(|r| text::line("reason", r, MAX_NAME)).transpose()?;
    if patch.muted && reason.is_none() {
        return Err(Problem::field(
            "reason",
            "required",
            format!("say why the rule is muted, in 1 to {MAX_NAME} characters"),
        ));
    }
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    for _ in 0..TRIES {
        let (mut serving, read) = serving::stored(table, tenant).await?;
        // A switch has two places and says which: `*` is enough, and what others change beside it stays.
        etag::must_match(&headers, &etag::of(read.as_ref().map_or(0, Item::rev)))?;
        let before = serving.muted.get(&id).cloned();
        match &reason {
            Some(reason) if patch.muted => {
                let muted = serving::Muted {
                    reason: reason.clone(),
                    by: caller.author().to_owned(),
                    at: app.ctx.clock.now(),
                };
                serving.muted.insert(id.clone(), muted);
            }
            _ => {
                serving.muted.remove(&id);
            }
        }
        let after = serving.muted.get(&id);
        let entry = audit::item(&app, &caller, "rule.update", &id, &before, &after);
        let writes = vec![
            serving::write(tenant, &serving, read.as_ref()),
            Write::Put(entry, Condition::None),
        ];
        match table.transact(writes).await {
            Err(error) if error.is_conflict() => {}
            done => {
                done?;
                return Ok(Json(Known::of(&app, &caller).await?.view(spec)));
            }
        }
    }
    Err(Problem::new(
        Kind::CHANGED,
        "others change the settings at the same moment; repeat the change",
    ))
}

/// What is known of a tenant's rules.
struct Known {
    judged: std::collections::HashMap<String, Judged>,
    off: Off,
    serving: serving::Serving,
    fired: Option<fired::Fired>,
}

impl Known {
    async fn of(app: &App, caller: &Caller) -> Answer<Self> {
        let (table, tenant) = (&app.ctx.table, &caller.tenant);
        Ok(Self {
            judged: judged::all(app, caller).await?,
            off: Off::of(app, tenant).await?,
            serving: serving::get(table, tenant).await?,
            fired: fired::get(table, tenant).await?,
        })
    }

    fn view(&self, spec: &RuleSpec) -> RuleView {
        let judged = self.judged.get(&spec.id).cloned().unwrap_or_default();
        let mut playbook = spec.playbook.clone();
        self.off.hide(&mut playbook);
        let muted = self.serving.muted.get(&spec.id).map(|muted| RuleMuted {
            reason: muted.reason.clone(),
            by: muted.by.clone(),
            at: muted.at,
        });
        let fired = self.fired.as_ref();
        RuleView {
            id: spec.id.clone(),
            name: spec.name.clone(),
            type_: spec.rule_type,
            severity: spec.severity,
            cooldown_days: spec.cooldown_days,
            expression: spec.expression(),
            enabled: muted.is_none(),
            playbook,
            precision: judged.precision(),
            record: RuleRecord {
                fired: fired.map_or(0, |f| f.rules.get(&spec.id).copied().unwrap_or_default()),
                fired_since: fired.map(|f| f.since),
                acted: judged.acted,
                dismissed_wrong: judged.dismissed_wrong,
                median_hours_to_action: judged.median_hours(),
            },
            // What is muted need not be proposed for it.
            proposal: judged.proposal().filter(|_| muted.is_none()),
            muted,
        }
    }
}
