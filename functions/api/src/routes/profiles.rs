//! Health profiles: what scores go by, and the published versions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use copilot_aws::profiles as store;
use copilot_aws::table::{Condition, Write};
use copilot_aws::{AwsError, Item, stats};
use copilot_domain::delivery::PROFILES;
use copilot_domain::ids::AccountId;
use copilot_scoring::compare::concerned;
use copilot_scoring::profile_set::{ProfileSet, SHIPPED};
use copilot_scoring::profiles::{Profile, Profiles};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::dto::page::List;
use crate::dto::profile::{
    FeatureInfo, MeasureInfo, ProfileCatalogue, ProfileVersion, ProfileVersionDetail, ProfileVersions,
    PublishedProfiles,
};
use crate::dto::settings::{ProfileCap, ProfileMeasure, ProfileView};
use crate::filter::Params;
use crate::problem::{Answer, Kind, Problem};
use crate::profiles::{Live, changes, document, live, shipped_view, stored, tag, version_view};
use crate::{App, Shared, audit, etag};

/// Versions in a list.
const MAX_VERSIONS: usize = 100;
/// Accounts that are asked for at once.
const PAGE: i32 = 500;
/// How long scores are asked for; accounts beyond are scored over night.
const ASK_TIME: Duration = Duration::from_secs(15);

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_profiles))
        .routes(routes!(get_profile_catalogue))
        .routes(routes!(list_profile_versions))
        .routes(routes!(get_profile_version))
        .routes(routes!(restore_profile_version))
}

/// Health profiles
#[utoipa::path(get, path = "/v1/profiles", tag = "profiles", security(("bearer" = ["read"])),
    responses((status = 200, description = "Profiles, in the order in which they are tried", body = List<ProfileView>)))]
async fn list_profiles(State(app): Shared, caller: Caller) -> Answer<Json<List<ProfileView>>> {
    let shipped = &app.ctx.scorer.engine().profiles;
    let Live { set, version, .. } = live(&app, &caller.tenant).await?;
    let data = set
        .profiles
        .iter()
        .map(|profile| profile_view(profile, &set, version, shipped))
        .collect();
    Ok(Json(List { data }))
}

fn profile_view(profile: &Profile, set: &ProfileSet, version: u32, shipped: &Profiles) -> ProfileView {
    let measures = profile
        .measures
        .iter()
        .filter_map(|own| {
            let spec = shipped.measure(&own.id)?;
            Some(ProfileMeasure {
                id: own.id.clone(),
                name: spec.name.clone(),
                group: spec.group.as_str().to_owned(),
                weight: f64::from(own.weight),
                unit: spec.unit.clone(),
                green: Some(own.green.unwrap_or(spec.green)),
                red: Some(own.red.unwrap_or(spec.red)),
            })
        })
        .collect();
    let caps = set
        .caps
        .iter()
        .map(|cap| ProfileCap {
            id: cap.id.clone(),
            reason: cap.reason.clone(),
            limit: cap.limit.as_f64(),
        })
        .collect();
    ProfileView {
        id: profile.id.clone(),
        name: profile.name.clone(),
        version,
        applies_to: profile.why.clone(),
        measures,
        caps,
    }
}

/// What profiles can be made of
#[utoipa::path(get, path = "/v1/profiles/catalogue", tag = "profiles", security(("bearer" = ["read"])),
    responses((status = 200, description = "Measures and features", body = ProfileCatalogue)))]
async fn get_profile_catalogue(State(app): Shared, _: Caller) -> Answer<Json<ProfileCatalogue>> {
    let measures = app.ctx.scorer.engine().profiles.measures.iter();
    Ok(Json(ProfileCatalogue {
        measures: measures
            .map(|measure| MeasureInfo {
                id: measure.id.clone(),
                name: measure.name.clone(),
                group: measure.group,
                unit: measure.unit.clone(),
                green: measure.green,
                red: measure.red,
            })
            .collect(),
        features: copilot_features::CATALOGUE
            .iter()
            .map(|feature| FeatureInfo {
                name: feature.name.to_owned(),
                unit: feature.unit.to_owned(),
                description: feature.text.to_owned(),
            })
            .collect(),
    }))
}

/// Published versions of the profiles
#[utoipa::path(get, path = "/v1/profiles/versions", tag = "profiles", security(("bearer" = ["read"])),
    responses((status = 200, description = "Versions, newest first", body = ProfileVersions)))]
async fn list_profile_versions(State(app): Shared, caller: Caller) -> Answer<Json<ProfileVersions>> {
    let live = live(&app, &caller.tenant).await?.version;
    let heads = store::versions(&app.ctx.table, &caller.tenant, u32::MAX, MAX_VERSIONS).await?;
    let mut data: Vec<ProfileVersion> = heads.iter().map(|head| version_view(head, live)).collect();
    data.push(shipped_view(live));
    Ok(Json(ProfileVersions { data, live }))
}

/// A version of the caller's tenant: what lists show, and its set.
async fn found(app: &App, caller: &Caller, version: u32, live: u32) -> Answer<(ProfileVersion, ProfileSet)> {
    if version == SHIPPED {
        let set = ProfileSet::of(&app.ctx.scorer.engine().profiles);
        return Ok((shipped_view(live), set));
    }
    let found = store::version(&app.ctx.table, &caller.tenant, version).await?;
    let found = found.ok_or_else(|| Problem::not_found("version of the profiles"))?;
    Ok((version_view(&found.head, live), stored(found.set)?))
}

fn number(text: &str) -> Answer<u32> {
    text.parse()
        .map_err(|_| Problem::not_found("version of the profiles"))
}

/// A published version of the profiles, and how it differs from another
#[utoipa::path(get, path = "/v1/profiles/versions/{version}", tag = "profiles", security(("bearer" = ["read"])),
    params(("version" = u32, Path, description = "The version; 1 is what is shipped"), ("against" = Option<u32>, Query, description = "The version that it is compared with; the one before where it is left out")),
    responses((status = 200, description = "The version", body = ProfileVersionDetail)))]
async fn get_profile_version(
    State(app): Shared,
    caller: Caller,
    Path(version): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json<ProfileVersionDetail>> {
    let mut params = Params::parse(query.as_deref().unwrap_or_default())?;
    let against = params.parsed::<u32>("against", "the number of a version")?;
    params.finish()?;
    let live = live(&app, &caller.tenant).await?.version;
    let (head, set) = found(&app, &caller, number(&version)?, live).await?;
    let against = against.unwrap_or_else(|| head.version.saturating_sub(1).max(SHIPPED));
    let (_, other) = found(&app, &caller, against, live).await?;
    Ok(Json(ProfileVersionDetail {
        set: document(&set)?,
        against,
        diff: changes(other.changes(&set)),
        head,
    }))
}

/// Roll the profiles back to a version
///
/// Publishes a new version that is equal to the one of the path. `If-Match` is the tag of the live version.
#[utoipa::path(post, path = "/v1/profiles/versions/{version}/restore", tag = "profiles", security(("bearer" = ["admin"])),
    params(("version" = u32, Path, description = "The version to go back to; 1 is what is shipped")),
    responses((status = 201, description = "The version that was published, and how many new scores were asked for", body = PublishedProfiles)))]
async fn restore_profile_version(
    State(app): Shared,
    caller: Caller,
    Path(version): Path<String>,
    headers: HeaderMap,
) -> Answer<impl IntoResponse> {
    let now = live(&app, &caller.tenant).await?;
    etag::must_match(&headers, &tag(now.version))?;
    let (head, set) = found(&app, &caller, number(&version)?, now.version).await?;
    if head.live {
        return Err(Problem::new(Kind::CONFLICT, "scores already go by this version"));
    }
    let note = format!("Back to version {}", head.version);
    let published = publish(
        &app,
        &caller,
        &now,
        &set,
        Some(note),
        Some(head.version),
        Vec::new(),
    )
    .await?;
    Ok(published)
}

/// Publishes a set as the next version, with `more` writes in the same transaction.
pub(super) async fn publish(
    app: &App,
    caller: &Caller,
    live: &Live,
    set: &ProfileSet,
    note: Option<String>,
    restored_from: Option<u32>,
    more: Vec<Write>,
) -> Answer<impl IntoResponse + use<>> {
    let diff = live.set.changes(set);
    let head = store::VersionHead {
        version: live.version + 1,
        note,
        published_at: app.ctx.clock.now(),
        published_by: caller.author().to_owned(),
        restored_from,
        changes: diff.len(),
    };
    let new = store::Version {
        set: serde_json::to_value(set).map_err(|error| Problem::internal(&error))?,
        head,
    };
    let before = live.stored.as_ref().map(|stored| stored.head.version);
    let view = version_view(&new.head, new.head.version);
    let action = if restored_from.is_some() {
        "profiles.restore"
    } else {
        "profiles.publish"
    };
    let subject = new.head.version.to_string();
    let was = serde_json::json!({ "version": live.version });
    // The sets themselves stand in the versions; the trail says which, and how many values differ.
    let entry = audit::item(app, caller, action, &subject, &was, &view);
    let mut writes = store::publish(&caller.tenant, &new, before);
    writes.push(Write::Put(entry, Condition::None));
    writes.extend(more);
    app.ctx
        .table
        .transact(writes)
        .await
        .map_err(super::work::changed)?;
    app.ctx.scorer.forget(&caller.tenant).await;
    let published = PublishedProfiles {
        scores_asked: ask_scores(app, caller, concerned(&diff).as_ref()).await,
        head: view,
    };
    Ok((
        StatusCode::CREATED,
        [(header::ETAG, published.head.etag.clone())],
        Json(published),
    ))
}

/// Asks for new scores of the accounts of some profiles, or of all; gives how many. The version stands whatever becomes of it:
/// who is not asked for now is scored over night.
async fn ask_scores(app: &App, caller: &Caller, profiles: Option<&BTreeSet<&str>>) -> u64 {
    let now = app.ctx.clock.now();
    let started = Instant::now();
    let (mut asked, mut query) = (0, stats::listing(&caller.tenant));
    query.attributes = vec!["pk", "data"];
    query.limit = Some(PAGE);
    let is_concerned = |item: &Item| {
        let Some(profiles) = profiles else {
            return true;
        };
        let card: ProfileOf = item.document().unwrap_or_default();
        card.profile
            .is_none_or(|profile| profiles.contains(profile.as_str()))
    };
    loop {
        let done = async {
            let page = app.ctx.table.page(&query).await?;
            let concerned = page.items.iter().filter(|item| is_concerned(item));
            let accounts: Vec<AccountId> = concerned.filter_map(stats::account).collect();
            app.ctx
                .score
                .send(&caller.tenant, &accounts, PROFILES, now)
                .await?;
            Ok::<_, AwsError>((accounts.len() as u64, page.next))
        };
        match done.await {
            Ok((number, next)) => {
                asked += number;
                query.start = next;
            }
            Err(error) => {
                let error = copilot_runtime::telemetry::chain(&error);
                tracing::error!(tenant_id = %caller.tenant, error, asked, "scores by new profiles could not be asked for");
                return asked;
            }
        }
        if query.start.is_none() || started.elapsed() > ASK_TIME {
            return asked;
        }
    }
}

/// Of a card, the profile that scored the account.
#[derive(Default, Deserialize)]
struct ProfileOf {
    #[serde(default)]
    profile: Option<String>,
}
