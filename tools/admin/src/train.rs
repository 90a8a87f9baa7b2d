//! A training run on this machine.

use anyhow::{Context as _, Result};
use copilot_aws::bus::EventBus;
use copilot_aws::models::ModelFiles;
use copilot_aws::sdk::SdkConfig;
use copilot_aws::{Table, models};
use copilot_domain::ids::TenantId;
use copilot_domain::model::TrainingRun;
use copilot_domain::prediction::PredictionKind;
use copilot_pipeline::Scorer;
use copilot_runtime::clock::Clock;
use copilot_training::Trainer;
use serde_json::{Value, json};

/// Carries a run out and gives what came of it.
pub(crate) async fn run(
    (sdk, table, (bucket, bus)): (&SdkConfig, &Table, (&str, &str)),
    clock: &Clock,
    tenant: &TenantId,
    kind: &str,
    accepted_drift: Option<String>,
) -> Result<Value> {
    let kind = PredictionKind::of_name(kind)
        .with_context(|| format!("{kind} is none of churn, downgrade, payment, expansion"))?;
    let files = ModelFiles::new(sdk, bucket);
    let scorer = Scorer::new(table.clone(), EventBus::new(sdk, bus))?;
    let trainer = Trainer::new(scorer, files, clock.clone());
    let run = TrainingRun {
        accepted_drift,
        ..TrainingRun::queued(kind, "operator", clock.now(), "cli")
    };
    models::put_run(table, tenant, &run).await?;
    Ok(json!(trainer.run(tenant, run).await?))
}
