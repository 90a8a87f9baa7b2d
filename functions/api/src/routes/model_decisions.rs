//! What people decide about learnt models: which is watched, which answers, going back, and models of one's own.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use copilot_aws::models::{self, CARD, MODEL, VALIDATED, VALIDATED_CARD};
use copilot_aws::table::{Condition, Write};
use copilot_domain::limits::MAX_NAME;
use copilot_domain::model::{ModelRole, Pointers};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::{Timestamp, day_of};
use copilot_features::spec;
use copilot_learning::population::applies_to;
use copilot_scoring::learnt::LearntModel;
use copilot_scoring::learnt_card::{GoldenRow, LearntCard, LearntInput, Maker, ModelEntry};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::models::{checks, etag_of, kind_of, of_kind};
use super::work::changed;
use crate::access::Caller;
use crate::dto::model::{ModelsOfKind, NewModel, PlaceModel, RollBack};
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body, etag, text};

/// The models of a kind after a decision, with their tag.
type Decided = ([(header::HeaderName, String); 1], Json<ModelsOfKind>);

/// Largest ONNX file that is taken, bytes.
const MAX_ONNX: usize = 3 * 1024 * 1024;
/// What going back is called in the audit trail.
const BACK: &str = "model.rollback";
/// Sample predictions that an uploaded model must reproduce.
const SAMPLES: std::ops::RangeInclusive<usize> = 5..=200;
/// Features that a model may read.
const MAX_FEATURES: usize = 500;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(upload_model))
        .routes(routes!(place_model))
        .routes(routes!(roll_back_model))
}

/// Let a version be watched, answer for a share of the accounts, or answer
///
/// A champion needs evidence: every check met, or those that are missed accepted by name with a reason.
#[utoipa::path(post, path = "/v1/models/{kind}/versions/{version}/place", tag = "models", security(("bearer" = ["admin"])),
    params(("kind" = String, Path, description = "`churn`, `downgrade`, `payment` or `expansion`"), ("version" = String, Path, description = "The version")),
    request_body = PlaceModel,
    responses((status = 200, description = "The models of the kind as they are now", body = ModelsOfKind)))]
async fn place_model(
    State(app): Shared,
    caller: Caller,
    Path((kind, version)): Path<(String, String)>,
    headers: HeaderMap,
    body::Json(wanted): body::Json<PlaceModel>,
) -> Answer<Decided> {
    let kind = kind_of(&kind)?;
    let entry: Option<ModelEntry> = models::version(&app.ctx.table, &caller.tenant, kind, &version).await?;
    let entry = entry.ok_or_else(|| Problem::not_found("version of a model"))?;
    let reason = reason(wanted.reason.as_deref())?;
    let now = tenant_now(&app, &caller).await?;
    decide(&app, &caller, kind, &headers, "model.place", reason, |pointers| {
        place(pointers, &entry, &wanted, now)
    })
    .await
}

fn place(pointers: &mut Pointers, entry: &ModelEntry, wanted: &PlaceModel, now: Timestamp) -> Answer<()> {
    if wanted.role == ModelRole::Idle {
        return Err(Problem::field(
            "role",
            "unknown",
            "shadow, challenger or champion",
        ));
    }
    if pointers.role_of(&entry.version) == wanted.role && wanted.share.is_none() {
        return Err(Problem::new(Kind::CONFLICT, "the version stands there already"));
    }
    if wanted.role != ModelRole::Challenger && wanted.share.is_some() {
        return Err(Problem::field(
            "share",
            "not_allowed",
            "only a challenger has a share",
        ));
    }
    if wanted.role == ModelRole::Shadow {
        pointers.watch(&entry.version, now);
        return Ok(());
    }
    evidence(pointers, entry, wanted, now)?;
    if wanted.role == ModelRole::Champion {
        pointers.crown(&entry.version, now);
        return Ok(());
    }
    let share = wanted.share.filter(|share| *share > 0.0 && *share <= 0.5);
    let limit = "a share of the accounts, above 0 and at most 0.5";
    let share = share.ok_or_else(|| Problem::field("share", "out_of_range", limit))?;
    pointers.challenge(&entry.version, share, now);
    Ok(())
}

/// Every check is met, or accepted by name with a reason.
fn evidence(pointers: &Pointers, entry: &ModelEntry, wanted: &PlaceModel, now: Timestamp) -> Answer<()> {
    let missed: Vec<_> = checks(entry, pointers, now)
        .into_iter()
        .filter(|check| !check.passed)
        .collect();
    let open: Vec<_> = missed
        .iter()
        .filter(|check| !wanted.accept.contains(&check.name))
        .collect();
    if !open.is_empty() {
        let list: Vec<String> = open
            .iter()
            .map(|check| format!("{}: {}", check.name, check.text))
            .collect();
        let text = format!(
            "the version misses checks ({}); wait, or accept them by name in `accept` with a `reason`",
            list.join("; ")
        );
        return Err(Problem::new(Kind::CONFLICT, text));
    }
    if !missed.is_empty()
        && wanted
            .reason
            .as_deref()
            .is_none_or(|reason| reason.trim().is_empty())
    {
        return Err(Problem::field(
            "reason",
            "required",
            "say why the missed checks are accepted",
        ));
    }
    Ok(())
}

/// Go back to the champion before, down to the rules
#[utoipa::path(post, path = "/v1/models/{kind}/rollback", tag = "models", security(("bearer" = ["admin"])),
    params(("kind" = String, Path, description = "`churn`, `downgrade`, `payment` or `expansion`")),
    request_body = RollBack,
    responses((status = 200, description = "The models of the kind as they are now", body = ModelsOfKind)))]
async fn roll_back_model(
    State(app): Shared,
    caller: Caller,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body::Json(asked): body::Json<RollBack>,
) -> Answer<Decided> {
    let kind = kind_of(&kind)?;
    let reason = reason(asked.reason.as_deref())?;
    let now = tenant_now(&app, &caller).await?;
    decide(&app, &caller, kind, &headers, BACK, reason, |pointers| {
        let back = pointers.go_back(now);
        back.map(|_| ())
            .map_err(|none| Problem::new(Kind::CONFLICT, none.to_string()))
    })
    .await
}

async fn tenant_now(app: &App, caller: &Caller) -> Answer<Timestamp> {
    Ok(app.ctx.tenant(&caller.tenant).await?.now(app.ctx.clock.now()))
}

fn reason(given: Option<&str>) -> Answer<Option<String>> {
    let given = given.filter(|reason| !reason.trim().is_empty());
    given
        .map(|reason| text::line("reason", reason, MAX_NAME))
        .transpose()
}

/// Changes which versions answer, with its entry in the audit trail; all or nothing.
async fn decide(
    app: &App,
    caller: &Caller,
    kind: PredictionKind,
    headers: &HeaderMap,
    action: &str,
    reason: Option<String>,
    change: impl FnOnce(&mut Pointers) -> Answer<()>,
) -> Answer<Decided> {
    let table = &app.ctx.table;
    let (before, rev) = models::pointers_of(table, &caller.tenant, kind).await?;
    if rev == 0 && action == BACK {
        return Err(Problem::not_found("champion of this kind"));
    }
    etag::must_match(headers, &etag_of(kind, rev))?;
    let mut after = before.clone();
    change(&mut after)?;
    let noted = serde_json::json!({"pointers": after, "reason": reason});
    let entry = audit::item(app, caller, action, kind.as_str(), &before, &noted);
    let condition = if rev == 0 {
        Condition::Absent
    } else {
        Condition::Rev(rev)
    };
    let writes = vec![
        Write::Put(models::pointers_item(&caller.tenant, &after, rev + 1), condition),
        Write::Put(entry, Condition::None),
    ];
    table.transact(writes).await.map_err(changed)?;
    let runs = models::runs(table, &caller.tenant).await?;
    let view = of_kind(app, caller, kind, &runs).await?;
    Ok(([(header::ETAG, view.etag.clone())], Json(view)))
}

/// Bring a model of one's own
///
/// It must load, read known features, and reproduce the sample predictions to 1e-5; else it is refused with the operator that
/// is not known or the row that differs. It answers nowhere until it is placed.
#[utoipa::path(post, path = "/v1/models/{kind}/versions", tag = "models", security(("bearer" = ["admin"])),
    params(("kind" = String, Path, description = "`churn`, `downgrade`, `payment` or `expansion`")),
    request_body = NewModel,
    responses((status = 201, description = "The version", body = ModelEntry)))]
async fn upload_model(
    State(app): Shared,
    caller: Caller,
    Path(kind): Path<String>,
    body::BatchText(text): body::BatchText,
) -> Answer<impl IntoResponse> {
    let kind = kind_of(&kind)?;
    let input: NewModel = body::parse(text.as_bytes())?;
    let bytes = STANDARD.decode(&input.onnx_base64);
    let bytes = bytes.map_err(|_| Problem::field("onnx_base64", "invalid", "base64 of an ONNX file"))?;
    if bytes.is_empty() || bytes.len() > MAX_ONNX {
        let limit = format!("1 to {MAX_ONNX} bytes before base64");
        return Err(Problem::field("onnx_base64", "out_of_range", limit));
    }
    let (clock, tenant) = (app.ctx.clock.now(), app.ctx.tenant(&caller.tenant).await?);
    let now = tenant.now(clock);
    let hash = LearntCard::hash(&bytes);
    let version = format!("{}-{}", day_of(now, &tenant.time_zone()), &hash[..8]);
    let card = uploaded(kind, &version, hash, input)?;
    // Its golden rows are the samples: loading it holds it against them.
    LearntModel::load(&bytes, card.clone()).map_err(|error| {
        Problem::field(
            "onnx_base64",
            "refused",
            copilot_runtime::telemetry::chain(&error),
        )
    })?;
    let entry = ModelEntry {
        version: version.clone(),
        kind,
        maker: Maker::Uploaded,
        registered_at: now,
        registered_by: caller.author().to_owned(),
        trained_on: None,
        validation: None,
        evidence: None,
    };
    let card = serde_json::to_vec(&card).map_err(|error| Problem::internal(&error))?;
    let place = (kind, version.as_str());
    for (name, content) in [
        (MODEL, &bytes),
        (CARD, &card),
        (VALIDATED, &bytes),
        (VALIDATED_CARD, &card),
    ] {
        app.ctx
            .models
            .put(&caller.tenant, place, name, content.clone())
            .await?;
    }
    models::register(&app.ctx.table, &caller.tenant, place, &entry).await?;
    audit::done(&app, &caller, "model.upload", &version, &(), &entry).await;
    Ok((StatusCode::CREATED, Json(entry)))
}

fn uploaded(kind: PredictionKind, version: &str, sha256: String, input: NewModel) -> Answer<LearntCard> {
    if !(1..=MAX_FEATURES).contains(&input.features.len()) {
        let limit = format!("1 to {MAX_FEATURES} names");
        return Err(Problem::field("features", "out_of_range", limit));
    }
    let mut inputs = Vec::with_capacity(input.features.len());
    for (at, name) in input.features.into_iter().enumerate() {
        let field = || format!("features[{at}]");
        let found = spec(&name).ok_or_else(|| {
            Problem::field(field(), "unknown", "no such feature; docs/features.md lists them")
        })?;
        inputs.push(LearntInput {
            name,
            version: found.version,
            usual: None,
        });
    }
    if !SAMPLES.contains(&input.samples.len()) {
        let limit = format!("{} to {} sample predictions", SAMPLES.start(), SAMPLES.end());
        return Err(Problem::field("samples", "out_of_range", limit));
    }
    let width = inputs.len();
    let mut golden = Vec::with_capacity(input.samples.len());
    for (at, sample) in input.samples.into_iter().enumerate() {
        if sample.inputs.len() != width {
            let limit = format!("{width} values, one a feature");
            return Err(Problem::field(
                format!("samples[{at}].inputs"),
                "out_of_range",
                limit,
            ));
        }
        if !(0.0..=1.0).contains(&sample.probability) {
            let field = format!("samples[{at}].probability");
            return Err(Problem::field(field, "out_of_range", "0 to 1"));
        }
        golden.push(GoldenRow {
            inputs: sample.inputs,
            probability: sample.probability,
        });
    }
    Ok(LearntCard {
        name: kind.to_string(),
        version: version.to_owned(),
        kind,
        maker: Maker::Uploaded,
        label: text::line("label", &input.label, MAX_NAME)?,
        window_days: copilot_learning::train::WINDOW_DAYS,
        sha256,
        inputs,
        buyers: None,
        anatomy: None,
        applies_to: applies_to(kind, 0.5, 0.95),
        golden,
        trained_on: None,
        validation: None,
        conformal: None,
        amounts: None,
        references: None,
        limits: vec!["Brought by the tenant: what it was trained on is not known here.".to_owned()],
    })
}
