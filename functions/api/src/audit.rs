//! The audit trail: who changed what, when, from what to what. One item a change, under its day.

use copilot_aws::{Item, keys};
use copilot_domain::ids::TenantId;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::App;
use crate::auth::Principal;
use crate::problem::Answer;

/// One change.
#[derive(Debug, Clone, Serialize)]
struct Entry<'a> {
    at: jiff::Timestamp,
    user: &'a str,
    action: &'a str,
    subject: &'a str,
    before: Value,
    after: Value,
}

/// The item of a change.
pub fn item<B: Serialize, A: Serialize>(
    app: &App,
    caller: &Principal,
    action: &str,
    subject: &str,
    before: &B,
    after: &A,
) -> Item {
    let at = app.ctx.clock.now();
    let value = |v: Result<Value, serde_json::Error>| v.unwrap_or(Value::Null);
    let entry = Entry {
        at,
        user: caller.author(),
        action,
        subject,
        before: value(serde_json::to_value(before)),
        after: value(serde_json::to_value(after)),
    };
    build(&caller.tenant, at, app.ctx.ids.next(), &entry)
}

fn build(tenant: &TenantId, at: jiff::Timestamp, id: Uuid, entry: &Entry<'_>) -> Item {
    // As many digits each time: the text sorts as the instant does.
    let day = at.to_zoned(TimeZone::UTC).date();
    Item::new(
        &keys::audit(tenant, day, &format!("{at:.6}#{}", id.simple())),
        "audit",
    )
    .data(entry)
}

/// Notes a change that is already made. What was done is done: an entry that cannot be written goes to the log, and
/// the answer still says what happened, or the caller would do it a second time.
pub async fn done<B: Serialize, A: Serialize>(
    app: &App,
    caller: &Principal,
    action: &str,
    subject: &str,
    before: &B,
    after: &A,
) {
    if let Err(problem) = note(app, caller, action, subject, before, after).await {
        let error = problem.internal.as_deref().unwrap_or(&problem.detail);
        tracing::error!(action, error, "a change is not in the audit trail");
    }
}

/// Writes a change that was already made.
///
/// # Errors
/// When the table fails.
pub async fn note<B: Serialize, A: Serialize>(
    app: &App,
    caller: &Principal,
    action: &str,
    subject: &str,
    before: &B,
    after: &A,
) -> Answer<()> {
    let item = item(app, caller, action, subject, before, after);
    Ok(app
        .ctx
        .table
        .put(item, copilot_aws::table::Condition::None)
        .await?)
}
