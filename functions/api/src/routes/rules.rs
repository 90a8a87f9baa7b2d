//! The rules that run, and how often people found them right.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use copilot_aws::alerts::{self as store, ListBy};
use copilot_aws::table::{Condition, Query};
use copilot_aws::{Item, keys};
use copilot_domain::alert::{Alert, AlertStatus, DismissReason};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::dto::alert::{Precision, RuleView};
use crate::dto::page::List;
use crate::playbooks::Off;
use crate::problem::Answer;
use crate::{App, Shared, beta, paging};

/// Dismissals that are counted.
const MAX_JUDGED: usize = 500;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list_rules))
}

/// The rules that run, and how often they were right
#[utoipa::path(get, path = "/v1/rules", tag = "alerts", security(("bearer" = ["read"])),
    responses((status = 200, description = "Rules", body = List<RuleView>)))]
async fn list_rules(State(app): Shared, caller: Caller) -> Answer<Json<List<RuleView>>> {
    let judged = judgements(&app, &caller).await?;
    let off = Off::of(&app, &caller.tenant).await?;
    let data = app
        .ctx
        .scorer
        .engine()
        .rules
        .specs()
        .map(|spec| {
            let (useful, wrong) = judged.get(&spec.id).copied().unwrap_or_default();
            let mut playbook = spec.playbook.clone();
            off.hide(&mut playbook);
            RuleView {
                id: spec.id.clone(),
                name: spec.name.clone(),
                type_: spec.rule_type,
                severity: spec.severity,
                cooldown_days: spec.cooldown_days,
                expression: spec.expression(),
                enabled: true,
                playbook,
                precision: precision(useful, wrong),
            }
        })
        .collect();
    Ok(Json(List { data }))
}

/// How often people found a rule right and wrong by rating the accuracy of its alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Judged {
    useful: u64,
    wrong: u64,
}

impl Judged {
    /// 4 and 5 say right, 1 and 2 wrong, 3 neither.
    fn side(&mut self, rating: u8) -> Option<&mut u64> {
        match rating {
            4.. => Some(&mut self.useful),
            ..=2 => Some(&mut self.wrong),
            _ => None,
        }
    }
}

/// Counts a rating of accuracy in place of the one that the same person gave before.
pub(super) async fn judge(
    app: &App,
    caller: &Caller,
    rule: &str,
    before: Option<u8>,
    rating: u8,
) -> Answer<()> {
    let key = keys::judged(&caller.tenant, rule);
    for _ in 0..5 {
        let stored = app.ctx.table.get(&key).await?;
        let mut judged: Judged = stored
            .as_ref()
            .map(Item::document)
            .transpose()?
            .unwrap_or_default();
        if let Some(count) = before.and_then(|b| judged.side(b)) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = judged.side(rating) {
            *count += 1;
        }
        let rev = stored.as_ref().map_or(0, Item::rev) + 1;
        let item = Item::new(&key, "judged").number("rev", rev).data(&judged);
        match app
            .ctx
            .table
            .put(item, Condition::unchanged(stored.as_ref()))
            .await
        {
            Err(error) if error.is_conflict() => {}
            done => return Ok(done?),
        }
    }
    // A lost count is a slightly wider interval, not a reason to refuse the rating.
    tracing::warn!(rule, "a rating was kept but not counted");
    Ok(())
}

/// Ratings, and dismissals that say whether the alert was true.
async fn judgements(app: &App, caller: &Caller) -> Answer<HashMap<String, (u64, u64)>> {
    let mut judged: HashMap<String, (u64, u64)> = HashMap::new();
    let read = Query {
        pk: keys::tenant(&caller.tenant).pk,
        prefix: Some(keys::JUDGED_FIRST.to_owned()),
        ..Query::default()
    };
    for item in app.ctx.table.all(read).await? {
        let rule = item.str("sk").trim_start_matches(keys::JUDGED_FIRST).to_owned();
        let counts: Judged = item.document()?;
        judged.insert(rule, (counts.useful, counts.wrong));
    }
    let read = store::list(&caller.tenant, &ListBy::Status(AlertStatus::Dismissed));
    let (items, _) = paging::scan(&app.ctx.table, read, None, MAX_JUDGED, |_| true).await?;
    for item in &items {
        let alert: Alert = item.document()?;
        let counts = judged.entry(alert.rule).or_default();
        match alert.dismiss_reason {
            Some(DismissReason::WrongData) => counts.1 += 1,
            Some(DismissReason::AlreadyHandled | DismissReason::Known) => counts.0 += 1,
            _ => {}
        }
    }
    Ok(judged)
}

/// Mean and 80 % interval of Beta(2 + useful, 2 + wrong): a few ratings do not make a rule all right or all wrong.
fn precision(useful: u64, wrong: u64) -> Precision {
    let (right, not) = (useful as f64 + 2.0, wrong as f64 + 2.0);
    let round = |share: f64| (share * 1_000.0).round() / 1_000.0;
    Precision {
        mean: round(right / (right + not)),
        low: round(beta::quantile(right, not, 0.1)),
        high: round(beta::quantile(right, not, 0.9)),
        useful,
        wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_nobody_judged_is_half_sure_and_judgements_narrow_it() {
        let none = precision(0, 0);
        assert_eq!((none.mean, none.low, none.high), (0.5, 0.196, 0.804));
        let many = precision(90, 10);
        assert!(
            (many.mean - 0.885).abs() < 1e-9
                && many.low > 0.83
                && many.low < 0.86
                && many.high > 0.91
                && many.high < 0.94
        );
    }
}
