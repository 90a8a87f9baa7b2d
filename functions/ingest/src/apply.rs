//! Applying one raw delivery.

use copilot_aws::deliveries::{self, DeliveryRecord, LISTED_ERRORS, RowFault, Way};
use copilot_aws::facts::{self, Outcome, Report};
use copilot_aws::raw_log::API_PREFIX;
use copilot_aws::{AwsError, tenants};
use copilot_connectors::canonical::RowError;
use copilot_connectors::{ParsedDelivery, parse_delivery};
use copilot_domain::delivery::{Format, RawDelivery};
use copilot_domain::facts::Fact;
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::revision::Merge;

use crate::{Context, imports};

/// Why a delivery could not be applied now, or ever.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// AWS could not be asked, or refused.
    #[error("the delivery could not be applied")]
    Aws(#[source] AwsError),
    /// The tenant of the delivery is not in the table.
    #[error("no tenant {0} in the table")]
    UnknownTenant(TenantId),
    /// An import's order or file does not read.
    #[error("the import cannot run: {0}")]
    Import(String),
}

impl IngestError {
    /// Whether the same delivery may go through later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_retryable(),
            Self::UnknownTenant(_) | Self::Import(_) => false,
        }
    }
}

/// Applies the delivery that stands under a key of the raw log. `retry` says that it may have been worked on
/// before: then every account it touches is scored, since the run before may have died between its writes and its
/// request.
///
/// # Errors
/// [`IngestError`]; applying it again is safe.
pub async fn apply_raw(context: &Context, key: &str, retry: bool) -> Result<(), IngestError> {
    // Of a hand-over the API may have applied any part before its time was up, without asking for a score.
    let is_handed_over = key.starts_with(API_PREFIX);
    let (tenant, delivery) = context.raw.get(key).await?;
    let settings = tenants::get(&context.table, &tenant)
        .await?
        .ok_or_else(|| IngestError::UnknownTenant(tenant.clone()))?;
    if delivery.format == Format::CsvImport {
        return imports::ordered(context, &tenant, &delivery).await;
    }
    let parsed = parse_delivery(&delivery, settings.is_sandbox());
    let facts: Vec<Fact> = parsed.facts.iter().map(|(_, fact)| fact.clone()).collect();
    let report = facts::apply(&context.table, &tenant, &settings.time_zone(), &facts).await?;
    let record = summarize(&delivery, &parsed, &report, context.clock.now());
    let left = first_retryable(report.applied);
    let accounts = if retry || is_handed_over {
        &report.touched
    } else {
        &report.changed
    };
    request_scores(context, &tenant, accounts.iter().copied().collect(), "ingest").await?;
    if let Some(error) = left {
        return Err(error.into());
    }
    let way = if is_handed_over { Way::Key } else { Way::Webhook };
    deliveries::note(&context.table, &tenant, &delivery.source, way, &record).await?;
    tracing::info!(
        tenant_id = %tenant, source = %delivery.source, delivery_id = %delivery.delivery_id,
        rows = record.rows, errors = record.error_count, unchanged = record.unchanged, "delivery applied"
    );
    Ok(())
}

/// Asks for accounts to be scored.
///
/// # Errors
/// [`AwsError`] when the queue or the table fails.
pub(crate) async fn request_scores(
    context: &Context,
    tenant: &TenantId,
    accounts: Vec<AccountId>,
    reason: &str,
) -> Result<(), AwsError> {
    match &context.score {
        Some(queue) if !accounts.is_empty() => queue
            .request(tenant, &accounts, reason, context.clock.now())
            .await
            .map(|_| ()),
        _ => Ok(()),
    }
}

/// The first failure that a later try may get past.
fn first_retryable(applied: Vec<facts::Applied>) -> Option<AwsError> {
    applied.into_iter().find_map(|a| match a.outcome {
        Outcome::Failed(error) if error.is_retryable() => Some(error),
        _ => None,
    })
}

fn fault(row: usize, error: &RowError) -> RowFault {
    RowFault {
        row: row as u64 + 1,
        code: error.code.to_owned(),
        field: error.field.clone(),
        detail: error.detail.clone(),
    }
}

/// What became of the delivery, for the product's delivery log.
fn summarize(
    delivery: &RawDelivery,
    parsed: &ParsedDelivery,
    report: &Report,
    now: copilot_domain::time::Timestamp,
) -> DeliveryRecord {
    let mut record = DeliveryRecord {
        delivery_id: delivery.delivery_id.clone(),
        received_at: delivery.received_at,
        processed_at: now,
        rows: (parsed.facts.len() + parsed.errors.len()) as u64,
        unchanged: 0,
        created: 0,
        updated: 0,
        parked: 0,
        error_count: parsed.errors.len() as u64,
        errors: parsed
            .errors
            .iter()
            .take(LISTED_ERRORS)
            .map(|(row, e)| fault(*row, e))
            .collect(),
        note: (!parsed.ignored.is_empty()).then(|| parsed.ignored.join("; ")),
    };
    for ((row, _), applied) in parsed.facts.iter().zip(&report.applied) {
        match &applied.outcome {
            Outcome::Merged(Merge::Created) | Outcome::Counted(true) => record.created += 1,
            Outcome::Merged(Merge::Updated) | Outcome::Linked(true) => record.updated += 1,
            Outcome::Failed(error) => {
                record.error_count += 1;
                if record.errors.len() < LISTED_ERRORS {
                    record
                        .errors
                        .push(fault(*row, &RowError::row("not_applied", error.to_string())));
                }
            }
            _ => record.unchanged += 1,
        }
        record.parked += u64::from(applied.parked);
    }
    record
}
