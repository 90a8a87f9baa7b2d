//! Kept predictions whose window has passed: what happened, whether they were right, and the figures that follow.

use copilot_aws::tenants::Tenant;
use copilot_aws::{AwsError, Table, accuracy, checks, fired, serving};
use copilot_domain::check::{Check, series};
use copilot_domain::ids::TenantId;
use copilot_domain::prediction::{Method, PredictionKind};
use copilot_domain::time::{Timestamp, day_of, shift};
use copilot_learning::accuracy::{Frame, accuracy as figures};
use copilot_pipeline::checks::{Checked, check_due};
use copilot_scoring::rules::RuleSet;

/// Days of predictions that the figures look back on.
const LOOK_BACK_DAYS: i32 = 730;
/// Who predicts: the model that is served, the rules, the model that is only watched.
const WHO: [(Method, bool); 3] = [
    (Method::Model, false),
    (Method::Rules, false),
    (Method::Model, true),
];

/// Checks what is due, brings earlier verdicts in line with the tenant's cut, and renews the figures. A sandbox is
/// checked as of its pinned instant.
///
/// # Errors
/// [`AwsError`] when the table fails; running again goes on where it ended.
pub(crate) async fn run(
    table: &Table,
    id: &TenantId,
    tenant: &Tenant,
    clock: Timestamp,
) -> Result<Checked, AwsError> {
    let cut = serving::get(table, id).await?.alert_cut;
    let mut done = check_due(table, id, tenant, cut, clock).await?;
    let now = tenant.now(clock);
    if let Ok(rules) = RuleSet::shipped() {
        let rules = rules.specs().map(|rule| rule.id.clone()).collect();
        fired::count(table, id, &rules, now).await?;
    }
    let today = day_of(now, &tenant.time_zone());
    let from = shift(today, -LOOK_BACK_DAYS);
    let next_due = checks::next_due(table, id).await?;
    done.calls += 2;
    for kind in PredictionKind::ALL {
        let mut rows: Vec<Check> = Vec::new();
        for (method, shadow) in WHO {
            rows.extend(checks::checked(table, id, &series(kind, method, shadow), from).await?);
            done.calls += 1;
        }
        let moved: Vec<Check> = rows
            .iter_mut()
            .filter_map(|row| row.judge(row.happened, true, cut, now).then(|| row.clone()))
            .collect();
        checks::put(table, id, &moved).await?;
        // Until its window is over only those that it happened to are known: with them alone, any prediction of yes is right.
        rows.retain(|row| row.due <= today);
        let mut found = figures(Frame { kind, cut }, &rows);
        found.computed_at = Some(clock);
        found.from = Some(from);
        found.next_due = next_due;
        accuracy::put(table, id, &found).await?;
        done.calls += 1 + moved.len().div_ceil(25) as u64;
    }
    tracing::info!(
        tenant_id = %id, predictions = done.predictions, accounts = done.accounts, calls = done.calls,
        "kept predictions checked"
    );
    Ok(done)
}
