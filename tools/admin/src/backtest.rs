//! A backtest on this machine, with its report in a file.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use copilot_aws::bus::EventBus;
use copilot_aws::models::ModelFiles;
use copilot_aws::sdk::SdkConfig;
use copilot_aws::{Table, backtests};
use copilot_domain::backtest::{Backtest, BacktestStatus, SHIPPED_MODEL, Subject};
use copilot_domain::ids::TenantId;
use copilot_domain::prediction::PredictionKind;
use copilot_learning::backtest::report::html;
use copilot_pipeline::Scorer;
use copilot_runtime::clock::Clock;
use copilot_runtime::config::Env;
use copilot_training::Tester;
use jiff::civil::Date;
use serde_json::{Value, json};

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// The tenant.
    #[arg(long)]
    pub(crate) tenant: String,
    /// published, draft, version:3, rules, rules:all, model (as shipped) or model:churn:VERSION.
    #[arg(long, default_value = "published")]
    subject: String,
    /// The first day that a look may fall on: 2024-01-01; 24 months back when left out.
    #[arg(long)]
    from: Option<Date>,
    /// The last day.
    #[arg(long)]
    to: Option<Date>,
    /// The file that the report goes into.
    #[arg(long, default_value = "backtest.html")]
    report: PathBuf,
}

/// What is tested: `published`, `draft`, `version:3`, `rules`, `rules:all`, `model:churn:2026-01-01-ab`.
pub(crate) fn subject(text: &str) -> Result<Subject> {
    let parts: Vec<&str> = text.splitn(3, ':').collect();
    Ok(match parts.as_slice() {
        ["published"] => Subject::Published,
        ["draft"] => Subject::Draft,
        ["version", number] => Subject::Version {
            version: number
                .parse()
                .with_context(|| format!("{number} is no version of the profiles, such as 3"))?,
        },
        ["rules"] => Subject::Rules { with_muted: false },
        ["rules", "all"] => Subject::Rules { with_muted: true },
        ["model"] => Subject::Model {
            kind: PredictionKind::Churn,
            version: SHIPPED_MODEL.to_owned(),
        },
        ["model", kind, version] => Subject::Model {
            kind: PredictionKind::of_name(kind)
                .with_context(|| format!("{kind} is none of churn, downgrade, payment, expansion"))?,
            version: (*version).to_owned(),
        },
        _ => anyhow::bail!(
            "{text} cannot be tested; say published, draft, version:3, rules, rules:all, model (as shipped) or model:churn:VERSION"
        ),
    })
}

/// Carries a backtest out, writes its report and gives what came of it.
pub(crate) async fn run(
    env: &Env,
    sdk: &SdkConfig,
    table: &Table,
    clock: &Clock,
    tenant: &TenantId,
    asked: &Asked,
) -> Result<Value> {
    let subject = subject(&asked.subject)?;
    let bucket = env.required("DATA_BUCKET", "the data bucket")?;
    let bus = env.required("EVENT_BUS_NAME", "the bus on which alerts are told")?;
    let files = ModelFiles::new(sdk, &bucket);
    let scorer = Scorer::new(table.clone(), EventBus::new(sdk, &bus))?;
    let tester = Tester::new(scorer, files, clock.clone());
    let order = Backtest {
        from: asked.from,
        to: asked.to,
        ..Backtest::queued(subject, "operator", clock.now(), "cli")
    };
    backtests::put(table, tenant, &order).await?;
    let done = tester.run(tenant, order).await?;
    ensure!(
        done.status == BacktestStatus::Done,
        "the backtest failed: {}",
        done.said
    );
    let result = backtests::result(table, tenant, &done.id).await?;
    let result = result.context("the result was written and is gone")?;
    let names = backtests::names(table, tenant, &result).await?;
    let page = html(tenant.as_str(), &done, &result, &names);
    std::fs::write(&asked.report, page)
        .with_context(|| format!("{} cannot be written", asked.report.display()))?;
    Ok(json!({"backtest": done, "report": asked.report.display().to_string()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_read_as_they_are_told() {
        assert_eq!(subject("draft").unwrap(), Subject::Draft);
        assert_eq!(subject("version:3").unwrap(), Subject::Version { version: 3 });
        assert_eq!(subject("rules:all").unwrap(), Subject::Rules { with_muted: true });
        assert_eq!(subject("model").unwrap().to_string(), "churn model baseline");
        assert_eq!(
            subject("model:payment:2026-01-01-ab").unwrap().to_string(),
            "payment model 2026-01-01-ab"
        );
        let refused = subject("gut feeling").unwrap_err().to_string();
        assert!(refused.contains("say published, draft"), "{refused}");
    }
}
