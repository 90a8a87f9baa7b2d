//! The account's read model: what a row of the portfolio shows.

use copilot_aws::accounts::Listing;
use copilot_domain::health::{Points, ScorePoint};
use copilot_domain::history::Snapshot;
use copilot_domain::ids::ExternalId;
use copilot_domain::prediction::{Method, Prediction, PredictionKind};
use copilot_scoring::Assessed;
use copilot_scoring::stability::stability;
use serde_json::{Value, json};

/// Points of the sparkline.
const SPARK_DAYS: usize = 30;

/// The churn prediction to show: the model's where there is one, else the rules'.
pub(crate) fn churn(assessed: &Assessed) -> Option<&Prediction> {
    let all = assessed.assessment.predictions.iter();
    let mut churn = all.filter(|p| p.kind == PredictionKind::Churn && !p.shadow);
    churn
        .clone()
        .find(|p| p.method == Method::Model)
        .or_else(|| churn.next())
}

/// The card's document and what it is listed by.
pub(crate) fn card(
    snapshot: &Snapshot,
    identities: &[ExternalId],
    assessed: &Assessed,
    earlier: &[ScorePoint],
) -> (Listing, Value) {
    let row = &snapshot.row;
    let health = &assessed.assessment.health;
    let facts = &assessed.card;
    let external_id = identities
        .iter()
        .find(|i| i.source.as_str() == copilot_domain::Source::DEFAULT)
        .or_else(|| identities.first())
        .map(|i| i.id.clone());
    let name = row
        .name
        .clone()
        .or_else(|| external_id.clone())
        .unwrap_or_default();
    let churn = churn(assessed);
    let today = ScorePoint {
        day: snapshot.today,
        score: health.score,
        band: health.band,
    };
    let recent: Vec<ScorePoint> = earlier
        .iter()
        .filter(|p| p.day < snapshot.today)
        .chain([&today])
        .cloned()
        .collect();
    let mut spark: Vec<Value> = earlier
        .iter()
        .filter(|p| p.day < snapshot.today)
        .chain([&today])
        .map(|p| json!({ "day": p.day, "score": p.score }))
        .collect();
    spark.drain(..spark.len().saturating_sub(SPARK_DAYS));
    let stage = row.stage.unwrap_or_default();
    let touch = row.touch.unwrap_or_default();
    let top = facts.top_alert.as_ref();
    let document = json!({
        "id": snapshot.account,
        "external_id": external_id,
        "name": name,
        "domain": row.domain,
        "owner": row.owner,
        "stage": stage,
        "touch": touch,
        "segment": row.segment,
        "arr": facts.arr,
        "mrr": facts.mrr,
        "renewal_date": facts.renewal_date,
        "days_to_renewal": facts.days_to_renewal,
        "score": health.score,
        "computed_score": overridden(assessed).then_some(health.computed_score),
        "override_until": health.overridden.as_ref().map(|given| given.until),
        "band": health.band,
        "coverage": health.coverage,
        "spark": spark,
        "delta_7d": health.trend.d7,
        "delta_30d": health.trend.d30,
        "churn_probability": churn.map(|p| p.probability),
        "churn_method": churn.map(|p| p.method),
        "open_alerts": facts.open_alerts,
        "top_alert": top.map(|a| json!({ "id": a.id, "severity": a.severity, "title": a.title })),
        "priority": facts.priority,
        "last_touch_at": facts.last_touch_at,
        "pulse": facts.pulse,
        "top_reason": facts.top_reason,
        "parent": row.parent,
        "stability": stability(&recent, snapshot.today),
        "computed_at": assessed.assessment.computed_at,
    });
    let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let listing = Listing {
        name,
        score: health.score.map(Points::as_f64),
        arr_minor: facts.arr.map(|arr| arr.amount_minor),
        currency: facts.arr.map(|arr| arr.currency.to_string()),
        renewal: facts.renewal_date,
        priority: facts.priority,
        owner: row.owner.clone(),
        band: health.band.as_str().to_owned(),
        stage: text(json!(stage)),
        touch: text(json!(touch)),
        domain: row.domain.clone(),
    };
    (listing, document)
}

/// Whether a person's score stands in place of the computed one, which is then told beside it.
fn overridden(assessed: &Assessed) -> bool {
    assessed.assessment.health.overridden.is_some()
}

/// One point of the account's history.
pub(crate) fn point(snapshot: &Snapshot, assessed: &Assessed) -> Value {
    let health = &assessed.assessment.health;
    json!({
        "day": snapshot.today,
        "score": health.score,
        "computed_score": overridden(assessed).then_some(health.computed_score),
        "band": health.band,
        "coverage": health.coverage,
        "subscores": health.subscores,
        "churn_probability": churn(assessed).map(|p| p.probability),
        "profile": assessed.assessment.profile.id,
        "profile_version": assessed.assessment.profile.version,
    })
}
