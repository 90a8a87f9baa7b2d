//! Whether learnt models still meet the world that they learnt: what moved is kept by day, and the tenant's admins are told
//! once an episode, and when it is over.

use std::collections::BTreeSet;

use copilot_aws::bus::{BusEvent, EventBus};
use copilot_aws::models::{self, CARD, ModelFiles};
use copilot_aws::monitoring::{self, Episode};
use copilot_aws::tenants::Tenant;
use copilot_aws::{AwsError, Table, checks, deliveries};
use copilot_domain::check::{Check, series};
use copilot_domain::event::{Event, EventType, Notice};
use copilot_domain::health::FeatureMap;
use copilot_domain::ids::TenantId;
use copilot_domain::model::{ModelRole, Pointers};
use copilot_domain::monitoring::{ModelWorld, Monitoring, Movement, WorldState};
use copilot_domain::prediction::{Method, PredictionKind};
use copilot_domain::time::{Timestamp, day_of, shift};
use copilot_learning::drift::{self, Seen, watch};
use copilot_learning::examples::Example;
use copilot_scoring::learnt_card::LearntCard;

/// Days of kept predictions that are held against what came.
const LOOK_BACK_DAYS: i32 = 270;
/// Features that a message names.
const NAMED: usize = 3;
/// Hours without a delivery after which a source is named beside what has gone.
const QUIET_HOURS: i64 = 48;
/// What a drift of the calibration is called among the features of an episode.
const CALIBRATION: &str = "calibration";

/// The models of a tenant, and the accounts that were seen so far.
#[derive(Debug)]
pub(crate) struct Monitor {
    kinds: Vec<(PredictionKind, Vec<(ModelRole, LearntCard)>)>,
    seen: Vec<Seen>,
}

impl Monitor {
    /// The models that answer or are watched; `None` for a tenant without.
    ///
    /// # Errors
    /// [`AwsError`] when the registry cannot be read.
    pub(crate) async fn of(
        table: &Table,
        files: &ModelFiles,
        tenant: &TenantId,
    ) -> Result<Option<Self>, AwsError> {
        let mut kinds = Vec::new();
        for (pointers, _) in models::pointers(table, tenant).await? {
            let mut cards = Vec::new();
            for (role, version) in placed(&pointers) {
                if let Some(card) = card(files, tenant, (pointers.kind, version)).await? {
                    cards.push((role, card));
                }
            }
            if !cards.is_empty() {
                kinds.push((pointers.kind, cards));
            }
        }
        Ok((!kinds.is_empty()).then_some(Self {
            kinds,
            seen: Vec::new(),
        }))
    }

    /// Takes in an account as it was last scored: its health profile, its features, and what models said of it.
    pub(crate) fn see(&mut self, segment: &str, features: &FeatureMap, said: Vec<(String, f64)>) {
        self.seen.push(Seen {
            features: Example::of_map(features),
            segment: segment.to_owned(),
            said,
        });
    }

    /// Holds every model against what was seen, keeps what was found, and tells of it.
    ///
    /// # Errors
    /// [`AwsError`] when the table or the bus fails; running again is safe.
    pub(crate) async fn finish(
        self,
        (table, bus): (&Table, &EventBus),
        id: &TenantId,
        tenant: &Tenant,
        clock: Timestamp,
    ) -> Result<(), AwsError> {
        let now = tenant.now(clock);
        let day = day_of(now, &tenant.time_zone());
        for (kind, cards) in &self.kinds {
            let mut checked: Vec<Check> = Vec::new();
            for shadow in [false, true] {
                let series = series(*kind, Method::Model, shadow);
                checked.extend(checks::checked(table, id, &series, shift(day, -LOOK_BACK_DAYS)).await?);
            }
            // Of windows that are not over only those that it happened to are known: they would tell of a gap where none is.
            checked.retain(|check| check.due <= day);
            let held_against = |(role, card): &(ModelRole, LearntCard)| {
                let is_shadow = *role == ModelRole::Shadow;
                let own: Vec<&Check> = checked.iter().filter(|check| check.shadow == is_shadow).collect();
                watch(card, *role, &self.seen, &own)
            };
            let found = Monitoring::new(*kind, day, clock, cards.iter().map(held_against).collect());
            monitoring::put(table, id, &found).await?;
            if let Some(held) = &found.held {
                tracing::warn!(tenant_id = %id, %kind, held, "what a model reads has drifted");
            }
            tell(table, bus, id, &found, now).await?;
        }
        Ok(())
    }
}

fn placed(pointers: &Pointers) -> Vec<(ModelRole, &str)> {
    let champion = pointers
        .champion
        .as_ref()
        .map(|p| (ModelRole::Champion, p.version.as_str()));
    let challenger = pointers
        .challenger
        .as_ref()
        .map(|c| (ModelRole::Challenger, c.version.as_str()));
    let shadow = pointers
        .shadow
        .as_ref()
        .map(|p| (ModelRole::Shadow, p.version.as_str()));
    [champion, challenger, shadow].into_iter().flatten().collect()
}

/// The card of a version; `None`, with a line in the log, when it is gone or does not read.
async fn card(
    files: &ModelFiles,
    tenant: &TenantId,
    place: (PredictionKind, &str),
) -> Result<Option<LearntCard>, AwsError> {
    let Some(bytes) = files.get(tenant, place, CARD).await? else {
        tracing::error!(tenant_id = %tenant, kind = %place.0, version = place.1, "a model has no card");
        return Ok(None);
    };
    match serde_json::from_slice(&bytes) {
        Ok(card) => Ok(Some(card)),
        Err(error) => {
            let error = error.to_string();
            tracing::error!(tenant_id = %tenant, kind = %place.0, version = place.1, error, "a card does not read");
            Ok(None)
        }
    }
}

/// What is off with a model: features that training waits for, and its calibration.
fn off(model: &ModelWorld) -> BTreeSet<String> {
    let features = model.moved.iter().filter(|drift| drift.holds());
    let mut names: BTreeSet<String> = features.map(|drift| drift.name.clone()).collect();
    if model
        .calibration
        .is_some_and(|found| found.is_drifted == Some(true))
    {
        names.insert(CALIBRATION.to_owned());
    }
    names
}

/// Whether a feature that was told of is back only just.
fn is_near(model: &ModelWorld, episode: &Episode) -> bool {
    let mut near = model.moved.iter().filter(|moved| drift::is_near(moved));
    near.any(|moved| episode.told.contains(&moved.name))
}

/// Tells admins of what they were not told yet, or that it is over. Telling comes before noting that it was told: who is
/// told knows an event by its id, so twice is once. On too few accounts nothing is said, in neither direction.
async fn tell(
    table: &Table,
    bus: &EventBus,
    tenant: &TenantId,
    found: &Monitoring,
    now: Timestamp,
) -> Result<(), AwsError> {
    let Some(model) = found.leading() else {
        return Ok(());
    };
    let mut episode = monitoring::episode(table, tenant, found.kind).await?;
    let is_open = episode.since.is_some() && !episode.is_over;
    let off = off(model);
    if off.is_empty() {
        let tells = !matches!(model.state, WorldState::FewRows | WorldState::NoReference);
        if !is_open || !tells || is_near(model, &episode) {
            return Ok(());
        }
        episode.is_over = true;
        let occasion = format!("{}-over", episode.number);
        let notice = steady(found.kind, &episode);
        say(bus, tenant, (EventType::ModelSteady, &occasion), now, notice).await?;
        return monitoring::note(table, tenant, found.kind, &episode).await;
    }
    if !is_open {
        episode = Episode {
            number: episode.number + 1,
            since: Some(now),
            ..Episode::default()
        };
    }
    let news: BTreeSet<String> = off.difference(&episode.told).cloned().collect();
    if news.is_empty() {
        return Ok(());
    }
    let has_gone = model
        .moved
        .iter()
        .any(|d| news.contains(&d.name) && d.movement == Some(Movement::Gone));
    let quiet = if has_gone {
        quiet_sources(table, tenant, now).await?
    } else {
        String::new()
    };
    let listed: Vec<&str> = news.iter().map(String::as_str).collect();
    let occasion = format!("{}-{}", episode.number, listed.join(","));
    let notice = drifted(found, model, &news, &quiet);
    say(bus, tenant, (EventType::ModelDrifted, &occasion), now, notice).await?;
    episode.told.extend(news);
    monitoring::note(table, tenant, found.kind, &episode).await
}

fn steady(kind: PredictionKind, episode: &Episode) -> Notice {
    let told: Vec<&str> = episode.told.iter().map(String::as_str).take(NAMED).collect();
    let more = episode.told.len() - told.len();
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    Notice {
        subject: kind.to_string(),
        title: format!("The {kind} model meets again what it learnt"),
        reason: format!(
            "Nothing that it reads holds training any more. You were told of: {}{more}.",
            told.join(", ")
        ),
    }
}

/// What admins are told: the feature that moved the furthest with its figures, others by name, what it means.
fn drifted(found: &Monitoring, model: &ModelWorld, news: &BTreeSet<String>, quiet: &str) -> Notice {
    let kind = found.kind;
    let mut moved = model
        .moved
        .iter()
        .filter(|drift| drift.holds() && news.contains(&drift.name));
    let Some(first) = moved.next() else {
        let said = model
            .calibration
            .map_or((0.0, 0.0), |c| (c.predicted, c.observed));
        return Notice {
            subject: kind.to_string(),
            title: format!("The {kind} model says other than what comes"),
            reason: format!(
                "It predicted {:.1} % in the mean and {:.1} % came, beyond chance. Look at Models; train again, or roll back.",
                said.0 * 100.0,
                said.1 * 100.0
            ),
        };
    };
    let others: Vec<&str> = moved.map(|drift| drift.name.as_str()).collect();
    let also = match others.len() {
        0 => String::new(),
        count if count <= NAMED => format!(" Also: {}.", others.join(", ")),
        count => format!(
            " Also: {} and {} more.",
            others[..NAMED].join(", "),
            count - NAMED
        ),
    };
    let held = if found.held.is_some() {
        " Training waits until then."
    } else {
        ""
    };
    Notice {
        subject: kind.to_string(),
        title: format!(
            "The {kind} model: feature {} has drifted (PSI {:.2})",
            first.name, first.psi
        ),
        reason: format!(
            "{:.0} % of {} accounts have no value ({:.0} % when the model learnt).{also} {}{quiet}{held}",
            first.missing_now * 100.0,
            first.rows,
            first.missing_before * 100.0,
            first.means.as_deref().unwrap_or_default(),
        ),
    }
}

/// The sources that did not deliver of late, for the message: what has gone may have come from them.
async fn quiet_sources(table: &Table, tenant: &TenantId, now: Timestamp) -> Result<String, AwsError> {
    let mut quiet = Vec::new();
    for source in deliveries::statuses(table, tenant).await? {
        let hours = (now.as_second() - source.last_delivery_at.as_second()) / 3_600;
        if hours >= QUIET_HOURS {
            quiet.push(format!("{} ({} days)", source.source.as_str(), hours / 24));
        }
    }
    quiet.truncate(NAMED);
    Ok(if quiet.is_empty() {
        String::new()
    } else {
        format!(" Without a delivery: {}.", quiet.join(", "))
    })
}

async fn say(
    bus: &EventBus,
    tenant: &TenantId,
    (event_type, occasion): (EventType, &str),
    at: Timestamp,
    notice: Notice,
) -> Result<(), AwsError> {
    let event = Event::of_notice(tenant, event_type, occasion, at, notice);
    let told = BusEvent {
        detail_type: event.event_type.as_str().to_owned(),
        detail: serde_json::to_string(&event).unwrap_or_default(),
    };
    bus.put(&[told]).await
}

#[cfg(test)]
mod tests {
    use copilot_domain::monitoring::Drift;

    use super::*;

    fn model(psi: f64) -> ModelWorld {
        let drift = Drift {
            name: "seats_used".to_owned(),
            rows: 300,
            psi,
            missing_before: 0.0,
            missing_now: 0.0,
            usual_before: Some(1.0),
            usual_now: Some(2.0),
            is_drifted: Some(psi > 0.2),
            movement: None,
            means: None,
        };
        ModelWorld {
            version: "1".to_owned(),
            role: ModelRole::Champion,
            state: WorldState::Steady,
            rows: 300,
            answered: 300,
            reference_rows: 300,
            reference_from: None,
            reference_to: None,
            features: 1,
            drifted: 0,
            segments: Vec::new(),
            moved: vec![drift],
            predictions: None,
            calibration: None,
        }
    }

    #[test]
    fn an_episode_is_over_when_what_was_told_is_well_below_the_line() {
        let mut episode = Episode::default();
        assert!(!is_near(&model(0.19), &episode), "it was not told of");
        episode.told.insert("seats_used".to_owned());
        assert!(is_near(&model(0.19), &episode));
        assert!(is_near(&model(0.15), &episode));
        assert!(!is_near(&model(0.14), &episode));
    }
}
