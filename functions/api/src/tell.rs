//! Rows that come in by the API: logged, applied in the same call, and what could not be applied handed to the
//! queue. Every change of facts goes through here, so that a replay of the log gives the same state.

use std::time::Duration;

use copilot_aws::AwsError;
use copilot_aws::deliveries::{self, DeliveryRecord, LISTED_ERRORS, RowFault, Way};
use copilot_aws::facts::{self, Applied, Outcome, Report};
use copilot_aws::queue::IngestMessage;
use copilot_connectors::canonical::{RawRow, RowContext, RowError, RowKind, canonical_body};
use copilot_connectors::delivery::{Places, facts_of};
use copilot_domain::delivery::{Format, RawDelivery};
use copilot_domain::facts::Fact;
use copilot_domain::ids::{AccountId, DeliveryId, Source};
use copilot_domain::revision::Merge;
use jiff::tz::TimeZone;

use crate::App;
use crate::auth::Principal;
use crate::problem::{Answer, Problem};

/// How long rows may be applied before the rest is handed to the queue; the gateway waits 30 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Applied.
    Done {
        /// What it did.
        effect: Effect,
        /// The account it counts for.
        account: AccountId,
        /// Its account is not known yet.
        parked: bool,
    },
    /// Wrong; nothing of it was kept.
    Wrong(RowError),
    /// In the log and in the queue: will be applied.
    Queued,
}

/// What an applied row did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Made a record, or counted an event.
    Created,
    /// Changed a record.
    Updated,
    /// Said what was known.
    Unchanged,
}

/// Tells rows of one kind from a source.
///
/// # Errors
/// When the tenant or the raw log cannot be had: then nothing was applied.
pub async fn rows(
    app: &App,
    caller: &Principal,
    source: &Source,
    kind: RowKind,
    rows: &[RawRow],
) -> Answer<Vec<Told>> {
    let now = app.ctx.clock.now();
    let tenant = app.ctx.tenant(&caller.tenant).await?;
    let context = RowContext {
        source: source.clone(),
        received_at: now,
        version_at: now,
        sandbox: tenant.is_sandbox(),
    };
    let mut places = Places::default();
    let mut read = |row: &RawRow| -> Result<Vec<Fact>, RowError> {
        let mut facts = facts_of(kind, row, &context)?;
        places.put(&mut facts, &context);
        Ok(facts)
    };
    let parsed: Vec<Result<Vec<Fact>, RowError>> = rows.iter().map(&mut read).collect();
    let mut facts: Vec<Fact> = Vec::new();
    let mut first_of: Vec<Option<usize>> = Vec::with_capacity(parsed.len());
    for row in &parsed {
        first_of.push(row.as_ref().ok().filter(|f| !f.is_empty()).map(|_| facts.len()));
        facts.extend(row.iter().flatten().cloned());
    }
    if facts.is_empty() {
        return Ok(parsed
            .into_iter()
            .map(|row| row.err().map_or(Told::Queued, Told::Wrong))
            .collect());
    }

    let delivery = RawDelivery {
        delivery_id: DeliveryId::from_uuid(app.ctx.ids.next()).to_string(),
        source: source.clone(),
        format: Format::Canonical,
        received_at: now,
        version_at: now,
        body: canonical_body(kind, rows),
    };
    let key = app.ctx.raw.put_api(&caller.tenant, &delivery).await?;
    let report = match apply(app, caller, tenant.time_zone(), facts).await {
        Ok(report) => report,
        Err(Some(error)) if !error.is_retryable() => return Err(error.into()),
        Err(failed) => {
            let cause = failed.map_or_else(
                || "out of time".to_owned(),
                |e| copilot_runtime::telemetry::chain(&e),
            );
            tracing::warn!(error = %cause, "a batch goes to the queue");
            hand_over(app, &key).await?;
            return Ok(parsed
                .into_iter()
                .map(|row| row.err().map_or(Told::Queued, Told::Wrong))
                .collect());
        }
    };
    let told: Vec<Told> = parsed
        .iter()
        .zip(&first_of)
        .map(|(row, first)| match (row, first) {
            (Err(error), _) => Told::Wrong(error.clone()),
            (Ok(facts), Some(first)) => told(&report.applied[*first..*first + facts.len()]),
            (Ok(_), None) => Told::Queued,
        })
        .collect();
    if told.contains(&Told::Queued) {
        hand_over(app, &key).await?;
    }
    let changed: Vec<AccountId> = report.changed.iter().copied().collect();
    if !changed.is_empty()
        && let Err(error) = app.ctx.score.request(&caller.tenant, &changed, "api", now).await
    {
        // The facts are in; the nightly sweep scores what this request would have.
        tracing::error!(error = %copilot_runtime::telemetry::chain(&error), "accounts were not asked to be scored");
    }
    let record = summary(&delivery, &told, app.ctx.clock.now());
    // A note of a person stands under the account's first identity; that vendor delivered nothing.
    let way = caller.email.as_ref().map_or(Way::Key, |_| Way::Person);
    // What was applied is applied: without its record the delivery misses in a list, and nothing else.
    if let Err(error) = deliveries::note(&app.ctx.table, &caller.tenant, source, way, &record).await {
        tracing::error!(error = %copilot_runtime::telemetry::chain(&error), "a delivery was not recorded");
    }
    Ok(told)
}

/// Applies facts within the time there is; `Err(None)` when it was not enough.
///
/// The store's futures are not `Send` and a handler's must be: they run to their end on a thread of their own.
async fn apply(
    app: &App,
    caller: &Principal,
    zone: TimeZone,
    facts: Vec<Fact>,
) -> Result<Report, Option<AwsError>> {
    let (table, tenant) = (app.ctx.table.clone(), caller.tenant.clone());
    let runtime = tokio::runtime::Handle::current();
    let work = tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            tokio::time::timeout(PATIENCE, facts::apply(&table, &tenant, &zone, &facts)).await
        })
    });
    match work.await {
        Ok(Ok(report)) => report.map_err(Some),
        Ok(Err(_)) | Err(_) => Err(None),
    }
}

/// What became of a row whose facts (the record first, then its claims) were applied.
fn told(applied: &[Applied]) -> Told {
    let Some(first) = applied.first() else {
        return Told::Queued;
    };
    if let Some(error) = applied.iter().find_map(|a| match &a.outcome {
        Outcome::Failed(error) => Some(error),
        _ => None,
    }) {
        if error.is_retryable() {
            return Told::Queued;
        }
        tracing::error!(error = %copilot_runtime::telemetry::chain(error), "a row was not applied");
        return Told::Wrong(RowError::row(
            "not_applied",
            "the store refused the row; it is in our log",
        ));
    }
    let linked = applied.iter().any(|a| matches!(a.outcome, Outcome::Linked(true)));
    let effect = match &first.outcome {
        Outcome::Merged(Merge::Created) | Outcome::Counted(true) => Effect::Created,
        Outcome::Merged(Merge::Updated) => Effect::Updated,
        _ if linked => Effect::Updated,
        _ => Effect::Unchanged,
    };
    Told::Done {
        effect,
        account: first.account,
        parked: first.parked,
    }
}

async fn hand_over(app: &App, key: &str) -> Answer<()> {
    app.ctx
        .ingest
        .send(&IngestMessage::Raw { key: key.to_owned() })
        .await
        .map_err(|error| {
            let mut problem = Problem::from(error);
            problem.detail = "the rows could not be applied; send them again".into();
            problem
        })
}

fn summary(delivery: &RawDelivery, told: &[Told], now: jiff::Timestamp) -> DeliveryRecord {
    let mut record = DeliveryRecord {
        delivery_id: delivery.delivery_id.clone(),
        received_at: delivery.received_at,
        processed_at: now,
        rows: told.len() as u64,
        unchanged: 0,
        created: 0,
        updated: 0,
        parked: 0,
        error_count: 0,
        errors: Vec::new(),
        note: None,
    };
    for (at, row) in told.iter().enumerate() {
        match row {
            Told::Done { effect, parked, .. } => {
                match effect {
                    Effect::Created => record.created += 1,
                    Effect::Updated => record.updated += 1,
                    Effect::Unchanged => record.unchanged += 1,
                }
                record.parked += u64::from(*parked);
            }
            Told::Wrong(error) => {
                record.error_count += 1;
                if record.errors.len() < LISTED_ERRORS {
                    record.errors.push(RowFault {
                        row: at as u64 + 1,
                        code: error.code.to_owned(),
                        field: error.field.clone(),
                        detail: error.detail.clone(),
                    });
                }
            }
            Told::Queued => {}
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(outcome: Outcome, parked: bool) -> Applied {
        Applied {
            outcome,
            account: AccountId::derived(&["a"]),
            parked,
        }
    }

    #[test]
    fn what_the_store_was_too_busy_for_is_queued_and_what_it_refused_is_an_error() {
        let busy = || AwsError::Unavailable {
            operation: "put an item",
            source: "throttled".into(),
        };
        let refused = || AwsError::Refused {
            operation: "put an item",
            source: "too large".into(),
        };
        assert_eq!(told(&[applied(Outcome::Failed(busy()), false)]), Told::Queued);
        // A claim that failed sends the whole row again, though its record went in: repeating it is harmless.
        let claim = [
            applied(Outcome::Merged(Merge::Created), false),
            applied(Outcome::Failed(busy()), false),
        ];
        assert_eq!(told(&claim), Told::Queued);
        assert!(
            matches!(told(&[applied(Outcome::Failed(refused()), false)]), Told::Wrong(error) if error.code == "not_applied")
        );
    }

    #[test]
    fn a_row_says_what_its_record_did_and_a_claim_that_moved_is_an_update() {
        let effect = |applied: &[Applied]| match told(applied) {
            Told::Done { effect, .. } => Some(effect),
            _ => None,
        };
        assert_eq!(
            effect(&[applied(Outcome::Merged(Merge::Created), false)]),
            Some(Effect::Created)
        );
        assert_eq!(
            effect(&[applied(Outcome::Merged(Merge::Recorded), false)]),
            Some(Effect::Unchanged)
        );
        assert_eq!(
            effect(&[applied(Outcome::Counted(false), true)]),
            Some(Effect::Unchanged)
        );
        let moved = [
            applied(Outcome::Merged(Merge::Unchanged), false),
            applied(Outcome::Linked(true), false),
        ];
        assert_eq!(effect(&moved), Some(Effect::Updated));
    }
}
