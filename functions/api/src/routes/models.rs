//! Learnt models: what answers and why, training runs, cards.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use copilot_aws::models::{self, CARD};
use copilot_aws::monitoring;
use copilot_domain::limits::MAX_NAME;
use copilot_domain::model::{ModelRole, Pointers, RunStatus, SHADOW_DAYS, TrainingCounts, TrainingRun};
use copilot_domain::monitoring::Monitoring;
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::Timestamp;
use copilot_learning::population::Stage;
use copilot_scoring::learnt_card::{Check, LearntCard, ModelEntry};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::dto::model::{
    ModelMonitoring, ModelStage, ModelVersion, ModelsOfKind, MonitoredDay, StartTraining,
};
use crate::dto::page::List;
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, text};

/// Hours after which a run that says nothing any more does not stand in the way of another.
pub(super) const STALE_RUN_HOURS: i64 = 6;
/// Nights that monitoring shows.
const MONITORED_NIGHTS: i32 = 30;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_models))
        .routes(routes!(get_model))
        .routes(routes!(list_training_runs, start_training_run))
        .routes(routes!(get_model_monitoring))
}

/// The kind that a path names.
pub(super) fn kind_of(name: &str) -> Answer<PredictionKind> {
    PredictionKind::of_name(name).ok_or_else(|| Problem::not_found("kind of model"))
}

/// Learnt models by what they predict
#[utoipa::path(get, path = "/v1/models", tag = "models", security(("bearer" = ["read"])),
    responses((status = 200, description = "One entry a kind", body = List<ModelsOfKind>)))]
async fn list_models(State(app): Shared, caller: Caller) -> Answer<Json<List<ModelsOfKind>>> {
    let runs = models::runs(&app.ctx.table, &caller.tenant).await?;
    let mut data = Vec::new();
    for kind in PredictionKind::ALL {
        data.push(of_kind(&app, &caller, kind, &runs).await?);
    }
    Ok(Json(List { data }))
}

/// Everything about the models of a kind.
pub(super) async fn of_kind(
    app: &App,
    caller: &Caller,
    kind: PredictionKind,
    runs: &[TrainingRun],
) -> Answer<ModelsOfKind> {
    let table = &app.ctx.table;
    let now = app.ctx.tenant(&caller.tenant).await?.now(app.ctx.clock.now());
    let (pointers, rev) = models::pointers_of(table, &caller.tenant, kind).await?;
    let entries: Vec<ModelEntry> = models::versions(table, &caller.tenant, kind).await?;
    let versions = entries.into_iter().map(|entry| ModelVersion {
        role: pointers.role_of(&entry.version),
        checks: checks(&entry, &pointers, now),
        entry,
    });
    let last_run = runs.iter().find(|run| run.kind == kind).cloned();
    let answers = match (&pointers.champion, kind) {
        (Some(champion), _) => champion.version.clone(),
        (None, PredictionKind::Churn) => "baseline".to_owned(),
        (None, _) => "rules".to_owned(),
    };
    Ok(ModelsOfKind {
        kind,
        answers,
        can_roll_back: !pointers.before.is_empty(),
        stage: stage(newest_counts(runs, kind)),
        versions: versions.collect(),
        last_run,
        etag: etag_of(kind, rev),
        champion: pointers.champion,
        challenger: pointers.challenger,
        shadow: pointers.shadow,
    })
}

/// The tag of a kind's pointers.
pub(super) fn etag_of(kind: PredictionKind, rev: i64) -> String {
    format!("\"{kind}-{rev}\"")
}

/// What a version must show before it answers: what its training found, and its time in the shadow.
pub(super) fn checks(entry: &ModelEntry, pointers: &Pointers, now: Timestamp) -> Vec<Check> {
    let mut all = match &entry.evidence {
        Some(evidence) => evidence.checks.clone(),
        None => vec![Check {
            name: "measured".to_owned(),
            passed: false,
            text: "nobody held it against months of this tenant that it had not seen".to_owned(),
        }],
    };
    let since = match pointers.role_of(&entry.version) {
        ModelRole::Shadow => pointers.shadow.as_ref().map(|placed| placed.since),
        ModelRole::Challenger => pointers.challenger.as_ref().map(|placed| placed.since),
        ModelRole::Champion | ModelRole::Idle => None,
    };
    let days = since.map_or(0, |since| now.duration_since(since).as_hours() / 24);
    all.push(Check {
        name: "shadow".to_owned(),
        passed: days >= SHADOW_DAYS || pointers.role_of(&entry.version) == ModelRole::Champion,
        text: format!("watched for {days} days; {SHADOW_DAYS} are asked for"),
    });
    all
}

/// What the newest run of a kind counted. One that was held or broke counted nothing: what the one before counted stands.
fn newest_counts(runs: &[TrainingRun], kind: PredictionKind) -> Option<TrainingCounts> {
    runs.iter()
        .filter(|run| run.kind == kind)
        .find_map(|run| run.labels)
}

fn stage(counted: Option<TrainingCounts>) -> ModelStage {
    let (with, without) = counted.map_or((0, 0), |c| (c.positive_accounts, c.negative_accounts));
    let stage = Stage::of(with, without);
    let next = stage.next();
    let text = match (counted, next) {
        (None, _) => "no training run has counted outcomes yet".to_owned(),
        (_, None) => format!("{with} accounts with the outcome, {without} without: enough for boosted trees"),
        (_, Some((positive, 0))) => format!("{with} of {positive} accounts with the outcome"),
        (_, Some((positive, negative))) => {
            format!("{with} of {positive} accounts with the outcome, {without} of {negative} without")
        }
    };
    ModelStage {
        stage: match stage {
            Stage::Rules => "rules",
            Stage::Watched => "watched",
            Stage::Logistic => "logistic",
            Stage::Boosting => "boosting",
        }
        .to_owned(),
        counted,
        next_positive_accounts: next.map(|(positive, _)| positive),
        next_negative_accounts: next.map(|(_, negative)| negative),
        text,
    }
}

/// The card of a version
#[utoipa::path(get, path = "/v1/models/{kind}/versions/{version}", tag = "models", security(("bearer" = ["read"])),
    params(("kind" = String, Path, description = "`churn`, `downgrade`, `payment` or `expansion`"), ("version" = String, Path, description = "The version")),
    responses((status = 200, description = "What it reads, what it was trained on, how well it does, for whom it speaks", body = LearntCard)))]
async fn get_model(
    State(app): Shared,
    caller: Caller,
    Path((kind, version)): Path<(String, String)>,
) -> Answer<Json<LearntCard>> {
    let kind = kind_of(&kind)?;
    let entry: Option<ModelEntry> = models::version(&app.ctx.table, &caller.tenant, kind, &version).await?;
    let entry = entry.ok_or_else(|| Problem::not_found("version of a model"))?;
    let place = (kind, entry.version.as_str());
    let card = app.ctx.models.get(&caller.tenant, place, CARD).await?;
    let card = card.ok_or_else(|| Problem::not_found("card of the model"))?;
    let mut card: LearntCard = serde_json::from_slice(&card).map_err(|error| Problem::internal(&error))?;
    // Thousands of numbers that nobody reads one by one: what came of them is what monitoring says.
    card.references = None;
    Ok(Json(card))
}

/// Whether the models of a kind still meet the world that they learnt
///
/// Computed each night: how far each feature, the model's own answers and its calibration are from what they were, and whether
/// training waits for it.
#[utoipa::path(get, path = "/v1/models/{kind}/monitoring", tag = "models", security(("bearer" = ["read"])),
    params(("kind" = String, Path, description = "`churn`, `downgrade`, `payment` or `expansion`")),
    responses((status = 200, description = "The newest night, and those before in short", body = ModelMonitoring)))]
async fn get_model_monitoring(
    State(app): Shared,
    caller: Caller,
    Path(kind): Path<String>,
) -> Answer<Json<ModelMonitoring>> {
    let kind = kind_of(&kind)?;
    let table = &app.ctx.table;
    let nights = monitoring::newest(table, &caller.tenant, kind, MONITORED_NIGHTS).await?;
    let episode = monitoring::episode(table, &caller.tenant, kind).await?;
    Ok(Json(ModelMonitoring {
        kind,
        history: nights.iter().filter_map(in_short).collect(),
        off_since: episode.since.filter(|_| !episode.is_over),
        latest: nights.into_iter().next(),
    }))
}

fn in_short(night: &Monitoring) -> Option<MonitoredDay> {
    let model = night.leading()?;
    let largest = model.moved.iter().map(|drift| drift.psi).max_by(f64::total_cmp);
    Some(MonitoredDay {
        day: night.day,
        version: model.version.clone(),
        state: model.state,
        drifted: model.drifted,
        largest_psi: largest,
        predictions_psi: model.predictions.as_ref().map(|drift| drift.psi),
        held: night.held.is_some(),
    })
}

/// Training runs of a kind, newest first
#[utoipa::path(get, path = "/v1/models/{kind}/runs", tag = "models", security(("bearer" = ["read"])),
    params(("kind" = String, Path, description = "`churn`, `downgrade`, `payment` or `expansion`")),
    responses((status = 200, description = "Runs", body = List<TrainingRun>)))]
async fn list_training_runs(
    State(app): Shared,
    caller: Caller,
    Path(kind): Path<String>,
) -> Answer<Json<List<TrainingRun>>> {
    let kind = kind_of(&kind)?;
    let mut data = models::runs(&app.ctx.table, &caller.tenant).await?;
    data.retain(|run| run.kind == kind);
    Ok(Json(List { data }))
}

/// Train a model on the tenant's history
///
/// The answer is the run; it goes on by itself and says how far it is. With too few known outcomes, or where the data
/// carries no signal, it ends without a model and says so. Where a feature of the model that answers has drifted, it is held,
/// unless the drift is accepted with a reason.
#[utoipa::path(post, path = "/v1/models/{kind}/runs", tag = "models", security(("bearer" = ["admin"])),
    params(("kind" = String, Path, description = "`churn`, `downgrade`, `payment` or `expansion`")),
    request_body(content = Option<StartTraining>),
    responses((status = 202, description = "The run", body = TrainingRun)))]
async fn start_training_run(
    State(app): Shared,
    caller: Caller,
    Path(kind): Path<String>,
    body::Optional(asked): body::Optional<StartTraining>,
) -> Answer<impl IntoResponse> {
    let accepted_drift = asked.accept_drift.as_deref();
    let accepted_drift = accepted_drift
        .map(|reason| text::line("accept_drift", reason, MAX_NAME))
        .transpose()?;
    let kind = kind_of(&kind)?;
    let now = app.ctx.clock.now();
    let runs = models::runs(&app.ctx.table, &caller.tenant).await?;
    let busy = runs.iter().find(|run| {
        let is_open = matches!(run.status, RunStatus::Queued | RunStatus::Running);
        run.kind == kind && is_open && now.duration_since(run.asked_at).as_hours() < STALE_RUN_HOURS
    });
    if let Some(run) = busy {
        let text = format!("the run {} of this kind is under way; wait for it", run.id);
        return Err(Problem::new(Kind::CONFLICT, text));
    }
    let unique = app.ctx.ids.next().simple().to_string();
    let unique = unique.get(unique.len() - 8..).unwrap_or_default();
    let run = TrainingRun {
        accepted_drift,
        ..TrainingRun::queued(kind, caller.author(), now, unique)
    };
    app.ctx.training.ask(&app.ctx.table, &caller.tenant, &run).await?;
    audit::done(&app, &caller, "model.train", &run.id, &(), &run).await;
    Ok((StatusCode::ACCEPTED, Json(run)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_held_leaves_the_stage_at_what_the_one_before_counted() {
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        let run = |kind, status, labels| TrainingRun {
            status,
            labels,
            ..TrainingRun::queued(kind, "admin", now, "a")
        };
        let counts = |positive_accounts| TrainingCounts {
            positive_accounts,
            negative_accounts: 900,
            ..TrainingCounts::default()
        };
        let newest_first = [
            run(PredictionKind::Payment, RunStatus::Registered, Some(counts(70))),
            run(PredictionKind::Churn, RunStatus::Held, None),
            run(PredictionKind::Churn, RunStatus::Registered, Some(counts(600))),
            run(PredictionKind::Churn, RunStatus::Refused, Some(counts(40))),
        ];
        let told = |kind| stage(newest_counts(&newest_first, kind)).text;
        assert_eq!(
            told(PredictionKind::Churn),
            "600 accounts with the outcome, 900 without: enough for boosted trees"
        );
        assert_eq!(
            told(PredictionKind::Expansion),
            "no training run has counted outcomes yet"
        );
    }
}
