//! The draft of the next set of health profiles: saved, previewed, published or thrown away.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use copilot_aws::profiles::{self as store, Draft};
use copilot_aws::table::{Condition, Write};
use copilot_domain::health::{Band, Points};
use copilot_pipeline::{MAX_SAMPLE, Moved, Preview, SAMPLE_TIME, Stand};
use copilot_scoring::profile_set::MAX_REASON;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::history::problem;
use super::work::changed;
use crate::access::Caller;
use crate::dto::page::Money;
use crate::dto::profile::{
    MovedAccount, ProfileDraft, ProfilePreview, ProfileSetDoc, PublishProfiles, PublishedProfiles, ScoreStand,
};
use crate::dto::today::BandCounts;
use crate::problem::{Answer, Kind, Problem};
use crate::profiles::{Live, changes, checked, document, live, refusal, stored};
use crate::{App, Shared, audit, body, etag, text};

/// Accounts in a preview's list.
const MAX_MOVED: usize = 100;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(
            get_profile_draft,
            save_profile_draft,
            discard_profile_draft
        ))
        .routes(routes!(preview_profile_draft))
        .routes(routes!(publish_profile_draft))
}

/// The draft, or what scores go by where there is none.
fn view(live: &Live, draft: Option<&Draft>, rev: i64) -> Answer<ProfileDraft> {
    let saved = draft.filter(|draft| draft.set.is_some());
    let set = match saved.and_then(|draft| draft.set.clone()) {
        Some(set) => stored(set)?,
        None => live.set.clone(),
    };
    Ok(ProfileDraft {
        changes: changes(live.set.changes(&set)),
        set: document(&set)?,
        saved: saved.is_some(),
        saved_at: saved.map(|draft| draft.saved_at),
        saved_by: saved.map(|draft| draft.saved_by.clone()),
        base: saved.map_or(live.version, |draft| draft.base),
        live: live.version,
        etag: etag::of(rev),
    })
}

/// Draft of the health profiles
#[utoipa::path(get, path = "/v1/profiles/draft", tag = "profiles", security(("bearer" = ["read"])),
    responses((status = 200, description = "The draft; without one, what scores go by", body = ProfileDraft)))]
async fn get_profile_draft(State(app): Shared, caller: Caller) -> Answer<impl IntoResponse> {
    let live = live(&app, &caller.tenant).await?;
    let (draft, rev) = store::draft(&app.ctx.table, &caller.tenant).await?;
    let view = view(&live, draft.as_ref(), rev)?;
    Ok(([(header::ETAG, view.etag.clone())], Json(view)))
}

/// Save a draft of the health profiles
///
/// It is checked as a whole; every field at fault is named. Scores do not go by it before it is published.
#[utoipa::path(put, path = "/v1/profiles/draft", tag = "profiles", security(("bearer" = ["admin"])),
    request_body = ProfileSetDoc,
    responses((status = 200, description = "The draft as it is now", body = ProfileDraft)))]
async fn save_profile_draft(
    State(app): Shared,
    caller: Caller,
    headers: HeaderMap,
    body::Json(input): body::Json<ProfileSetDoc>,
) -> Answer<impl IntoResponse> {
    let live = live(&app, &caller.tenant).await?;
    let (before, rev) = store::draft(&app.ctx.table, &caller.tenant).await?;
    etag::must_match(&headers, &etag::of(rev))?;
    let set = checked(&input, &app.ctx.scorer.engine().profiles)?;
    let kept = before.as_ref().filter(|draft| draft.set.is_some());
    let draft = Draft {
        base: kept.map_or(live.version, |draft| draft.base),
        set: Some(serde_json::to_value(&set).map_err(|error| Problem::internal(&error))?),
        saved_at: app.ctx.clock.now(),
        saved_by: caller.author().to_owned(),
    };
    let after = view(&live, Some(&draft), rev + 1)?;
    write(&app, &caller, "profiles.draft", &draft, rev, after.changes.len()).await?;
    Ok(([(header::ETAG, after.etag.clone())], Json(after)))
}

/// Throw the draft of the health profiles away
#[utoipa::path(delete, path = "/v1/profiles/draft", tag = "profiles", security(("bearer" = ["admin"])),
    responses((status = 204, description = "There is no draft")))]
async fn discard_profile_draft(State(app): Shared, caller: Caller, headers: HeaderMap) -> Answer<StatusCode> {
    let live = live(&app, &caller.tenant).await?;
    let (draft, rev) = store::draft(&app.ctx.table, &caller.tenant).await?;
    etag::must_match(&headers, &etag::of(rev))?;
    if draft.is_some_and(|draft| draft.set.is_some()) {
        let gone = none(&app, &caller, live.version);
        write(&app, &caller, "profiles.discard", &gone, rev, 0).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The document of a draft that is no more.
fn none(app: &App, caller: &Caller, base: u32) -> Draft {
    Draft {
        base,
        set: None,
        saved_at: app.ctx.clock.now(),
        saved_by: caller.author().to_owned(),
    }
}

async fn write(
    app: &App,
    caller: &Caller,
    action: &str,
    draft: &Draft,
    rev: i64,
    number: usize,
) -> Answer<()> {
    let after = json!({ "base": draft.base, "changes": number });
    let entry = audit::item(app, caller, action, "draft", &(), &after);
    let writes = vec![
        store::save_draft(&caller.tenant, draft, rev),
        Write::Put(entry, Condition::None),
    ];
    app.ctx.table.transact(writes).await.map_err(changed)
}

/// What the draft of the health profiles would do
///
/// Assesses accounts by the draft and by what scores go by now, without storing anything: up to 500 accounts and 8
/// seconds. Of more accounts it takes a random sample, and says so. Bands are those that accounts come to rest in; the
/// first scoring may keep an old band for one more run.
#[utoipa::path(post, path = "/v1/profiles/draft/preview", tag = "profiles", security(("bearer" = ["admin"])),
    responses((status = 200, description = "Bands before and after", body = ProfilePreview)))]
async fn preview_profile_draft(State(app): Shared, caller: Caller) -> Answer<Json<ProfilePreview>> {
    let shipped = &app.ctx.scorer.engine().profiles;
    let (draft, _) = store::draft(&app.ctx.table, &caller.tenant).await?;
    let set = draft.and_then(|draft| draft.set).ok_or_else(no_draft)?;
    // A release may know other limits than the one that saved it.
    let draft = stored(set)?
        .build(shipped, 0)
        .map_err(|faults| refusal(faults).unwrap_or_else(no_draft))?;
    let clock = app.ctx.clock.now();
    let found = app
        .ctx
        .scorer
        .preview(&caller.tenant, &draft, clock, MAX_SAMPLE, SAMPLE_TIME)
        .await
        .map_err(problem)?;
    Ok(Json(shown(found)))
}

fn no_draft() -> Problem {
    Problem::new(
        Kind::CONFLICT,
        "there is no draft; save one with PUT /v1/profiles/draft first",
    )
}

fn shown(found: Preview) -> ProfilePreview {
    let count = |bands: &BTreeMap<&'static str, usize>| {
        let of = |band: Band| bands.get(band.as_str()).map_or(0, |number| *number as u64);
        BandCounts {
            healthy: of(Band::Healthy),
            watch: of(Band::Watch),
            at_risk: of(Band::AtRisk),
            critical: of(Band::Critical),
            insufficient_data: of(Band::InsufficientData),
            onboarding: of(Band::Onboarding),
        }
    };
    let basis = if found.counted_all && found.sampled == found.accounts {
        "every account was assessed".to_owned()
    } else {
        let more = if found.counted_all { "" } else { "at least " };
        format!(
            "a random sample: {} of {more}{} accounts were assessed",
            found.sampled, found.accounts
        )
    };
    ProfilePreview {
        accounts: found.accounts as u64,
        counted_all: found.counted_all,
        sampled: found.sampled as u64,
        basis,
        before: count(&found.before),
        after: count(&found.after),
        changed: found.moved.len() as u64,
        moved: found.moved.into_iter().take(MAX_MOVED).map(moved).collect(),
    }
}

fn moved(found: Moved) -> MovedAccount {
    let stand = |stand: Stand| ScoreStand {
        score: stand.score.map(Points::as_f64),
        band: stand.band,
        profile: stand.profile,
    };
    MovedAccount {
        id: found.account.to_string(),
        name: found.name,
        arr: found.arr.map(|arr| Money {
            amount_minor: arr.amount_minor,
            currency: arr.currency.to_string(),
        }),
        before: stand(found.before),
        after: stand(found.after),
    }
}

/// Publish the draft of the health profiles
///
/// The draft becomes the next version, which never changes again. New scores are asked for of every account that it
/// concerns: those of the profiles that changed, or all where whom a profile takes, a cap or a scorecard did.
#[utoipa::path(post, path = "/v1/profiles/draft/publish", tag = "profiles", security(("bearer" = ["admin"])),
    request_body = PublishProfiles,
    responses((status = 201, description = "The version that was published, and how many new scores were asked for", body = PublishedProfiles)))]
async fn publish_profile_draft(
    State(app): Shared,
    caller: Caller,
    headers: HeaderMap,
    body::Json(input): body::Json<PublishProfiles>,
) -> Answer<impl IntoResponse> {
    let note = input
        .note
        .map(|note| text::line("note", &note, MAX_REASON))
        .transpose()?;
    let now = live(&app, &caller.tenant).await?;
    let (draft, rev) = store::draft(&app.ctx.table, &caller.tenant).await?;
    etag::must_match(&headers, &etag::of(rev))?;
    let draft = draft.ok_or_else(no_draft)?;
    let set = stored(draft.set.ok_or_else(no_draft)?)?;
    if let Some(problem) = refusal(set.faults(&app.ctx.scorer.engine().profiles)) {
        return Err(problem);
    }
    if draft.base != now.version {
        let text = format!(
            "the draft was made from version {}, and version {} was published meanwhile; throw the draft away or \
             make it again from what scores go by now",
            draft.base, now.version
        );
        return Err(Problem::new(Kind::CONFLICT, text));
    }
    if now.set.changes(&set).is_empty() {
        return Err(Problem::new(
            Kind::CONFLICT,
            "the draft says the same as what scores go by",
        ));
    }
    let gone = store::save_draft(&caller.tenant, &none(&app, &caller, now.version + 1), rev);
    super::profiles::publish(&app, &caller, &now, &set, note, None, vec![gone]).await
}
