//! The card of an account after a human changed one of its alerts: what it says of alerts is put right in the same
//! call, so that a dismissed alert does not lead the portfolio until the account is scored again.
//!
//! It is made of the stored rule states and alerts, not of a scoring: nothing opens because something was closed, and
//! a sandbox, where the same instant is never scored twice, is as right as the rest.

use copilot_aws::accounts::{self, CardAlerts};
use copilot_aws::table::{Condition, Query};
use copilot_aws::{AwsError, alerts, assessments, keys};
use copilot_domain::alert::{Alert, AlertType};
use copilot_domain::ids::{AccountId, AlertId};
use serde_json::json;

use crate::App;
use crate::auth::Principal;

/// Tries while others write the same card.
const TRIES: usize = 5;

/// Renews what the card says of alerts, and asks for the score that renews the rest: next actions, opportunity.
///
/// The change it follows is done, so that a failure goes to the log; the score, or the nightly sweep, puts it right.
pub async fn renew(app: &App, caller: &Principal, account: AccountId) {
    for _ in 0..TRIES {
        match attempt(app, caller, account).await {
            Err(error) if error.is_conflict() => {}
            Err(error) => {
                let error = copilot_runtime::telemetry::chain(&error);
                tracing::error!(error, "a card was not renewed after a change of an alert");
                break;
            }
            Ok(()) => break,
        }
    }
    let (tenant, now) = (&caller.tenant, app.ctx.clock.now());
    if let Err(error) = app.ctx.score.request(tenant, &[account], "alert", now).await {
        let error = copilot_runtime::telemetry::chain(&error);
        tracing::error!(error, "an account was not asked to be scored");
    }
}

async fn attempt(app: &App, caller: &Principal, account: AccountId) -> Result<(), AwsError> {
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    let read = Query {
        pk: keys::account_partition(tenant, account),
        consistent: true,
        ..Query::default()
    };
    let state = table.all(read).await?;
    let state = (state.into_iter())
        .map(|item| (item.str("sk").to_owned(), item))
        .collect();
    let live: Vec<AlertId> = (assessments::rule_states(&state)?.live())
        .filter_map(|state| state.alert)
        .collect();
    let Some(card) = state.get(&keys::account(tenant, account).sk) else {
        return Ok(());
    };
    let alerts = alerts::items(table, tenant, &live).await?;
    let alerts = alerts.into_values().map(|(alert, _)| alert).collect();
    let renewed = accounts::with_alerts(card, &of_card(alerts))?;
    table.put(renewed, Condition::Rev(card.rev())).await
}

/// What a card shows of live alerts, by the rules of a scoring: risks lead, and the priority is theirs alone.
fn of_card(mut live: Vec<Alert>) -> CardAlerts {
    live.sort_by(|a, b| {
        (b.priority.total_cmp(&a.priority)).then_with(|| (&a.rule, a.id).cmp(&(&b.rule, b.id)))
    });
    let is_risk = |alert: &&Alert| alert.alert_type == AlertType::Risk;
    let top = live.iter().find(is_risk).or(live.first());
    CardAlerts {
        open: live.len(),
        top: top.map(|a| json!({"id": a.id, "severity": a.severity, "title": a.title})),
        priority: live
            .iter()
            .filter(is_risk)
            .map(|a| a.priority)
            .fold(0.0, f64::max),
    }
}
