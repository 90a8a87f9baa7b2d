//! What moved the probabilities of an account between two days.

use copilot_aws::table::Query;
use copilot_aws::{Item, keys};
use copilot_domain::check::series;
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::prediction::{Method, Prediction, PredictionKind};
use copilot_domain::time::Timestamp;
use copilot_pipeline::TenantView;
use copilot_scoring::assess::Assessed;
use copilot_scoring::prediction_change::{Side, explain_prediction};
use jiff::civil::Date;

use crate::App;
use crate::dto::assessment::PredictionExplanation;
use crate::problem::Answer;

/// Both days of a comparison.
#[derive(Debug)]
pub struct Days<'a> {
    /// The later.
    pub at: &'a Assessed,
    /// The earlier.
    pub compare: &'a Assessed,
    /// The earlier, as a day.
    pub day: Date,
    /// The last instant of it.
    pub end: Timestamp,
}

/// The probabilities that models give on the later day, against the earlier.
///
/// # Errors
/// The store's own.
pub async fn changes(
    app: &App,
    tenant: &TenantId,
    account: AccountId,
    settings: &TenantView,
    days: &Days<'_>,
) -> Answer<Vec<PredictionExplanation>> {
    let mut out = Vec::new();
    for now in &days.at.assessment.predictions {
        let Some(version) = now
            .model_version
            .as_deref()
            .filter(|_| now.method == Method::Model && !now.shadow)
        else {
            continue;
        };
        let kept = kept(app, tenant, account, now.kind, days).await?;
        let sides = |assessed: &Assessed| side(app, settings, account, now.kind, assessed);
        out.push(one(
            now,
            version,
            kept.as_ref(),
            sides(days.at),
            sides(days.compare),
        ));
    }
    Ok(out)
}

/// The prediction that stood at the end of the earlier day, as it was kept.
async fn kept(
    app: &App,
    tenant: &TenantId,
    account: AccountId,
    kind: PredictionKind,
    days: &Days<'_>,
) -> Answer<Option<Prediction>> {
    let series = series(kind, Method::Model, false);
    let newest = Query {
        pk: keys::history_partition(tenant, account),
        from: Some(keys::prediction(tenant, account, &series, Date::MIN).sk),
        to: Some(keys::prediction(tenant, account, &series, days.day).sk),
        descending: true,
        limit: Some(1),
        ..Query::default()
    };
    let page = app.ctx.table.page(&newest).await?;
    let found: Option<Prediction> = page.items.first().map(Item::document).transpose()?;
    Ok(found.filter(|kept| kept.valid_until >= days.end))
}

fn side(
    app: &App,
    settings: &TenantView,
    account: AccountId,
    kind: PredictionKind,
    assessed: &Assessed,
) -> Result<Side, String> {
    let own = settings.models.get(&kind).and_then(|models| models.of(account));
    match (own, &app.ctx.scorer.engine().churn_model) {
        (Some(model), _) => Side::of(model, &assessed.features),
        (None, Some(shipped)) if kind == PredictionKind::Churn => {
            Side::of_shipped(shipped, &assessed.features)
        }
        (None, _) => Err("the model does not answer any more".to_owned()),
    }
}

fn one(
    now: &Prediction,
    version: &str,
    kept: Option<&Prediction>,
    at: Result<Side, String>,
    compare: Result<Side, String>,
) -> PredictionExplanation {
    let other = kept.filter(|kept| kept.model_version.as_deref() != Some(version));
    let plain = PredictionExplanation {
        kind: now.kind,
        model_version: version.to_owned(),
        model_compare: kept.and_then(|kept| kept.model_version.clone()),
        probability_at: now.probability,
        probability_compare: kept.map(|kept| kept.probability),
        change: kept.map(|kept| now.probability - kept.probability),
        margin: None,
        inputs: Vec::new(),
        by_model: None,
        note: None,
    };
    let (at, compare) = match (at, compare) {
        (Ok(at), Ok(compare)) => (at, compare),
        (Err(why), _) | (_, Err(why)) => {
            let text = if other.is_some() {
                format!("The model changed in between, and the change cannot be split: {why}")
            } else {
                format!("The change cannot be split: {why}")
            };
            return PredictionExplanation {
                note: Some(text),
                ..plain
            };
        }
    };
    let change = explain_prediction(&at, &compare);
    let before = other.map_or(change.probability_compare, |kept| kept.probability);
    let by_model = change.probability_compare - before;
    let note = match (kept, other) {
        (_, Some(_)) => Some(format!(
            "Another model answered then: {:+.1} points of the change come of the new one, asked of the account as it was.",
            by_model * 100.0
        )),
        (None, _) => {
            Some("No model's prediction was kept of that day: it is what the model of now says of the account as it was.".to_owned())
        }
        _ => None,
    };
    PredictionExplanation {
        probability_at: change.probability_at,
        probability_compare: Some(before),
        change: Some(change.probability_at - before),
        margin: Some(change.margin),
        inputs: change.inputs,
        by_model: Some(by_model),
        note,
        ..plain
    }
}
