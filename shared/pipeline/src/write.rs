//! What a scoring writes: no more than it changed.

use std::collections::BTreeSet;

use copilot_aws::assessments::{self, Closing, ScoreWrite};
use copilot_aws::history::Loaded;
use copilot_aws::{AwsError, Table, alerts};
use copilot_domain::alert::{Alert, AlertResolution, AlertStatus, AlertUpdate, RuleState, RuleStates};
use copilot_domain::check;
use copilot_domain::health::ScorePoint;
use copilot_domain::history::Snapshot;
use copilot_domain::ids::{AlertId, TenantId};
use copilot_domain::prediction::Prediction;
use copilot_domain::time::{Timestamp, day_of};
use copilot_scoring::Assessed;
use copilot_scoring::alerts::is_first_look;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::guard::Held;
use crate::{card, checks, events};

/// Why the alerts of an account close that another account took the place of.
const MERGED: &str = "merged";

/// One scoring, for what it writes.
pub(crate) struct Scoring<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) zone: &'a TimeZone,
    pub(crate) loaded: &'a Loaded,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) earlier: &'a [ScorePoint],
    pub(crate) assessed: &'a Assessed,
}

impl Scoring<'_> {
    /// What it writes. Alerts and rule states that say the same as before are left alone, but for the first scoring
    /// of a day, so that it shows that they still hold.
    pub(crate) async fn write(&self, table: &Table, held: Held) -> Result<ScoreWrite, AwsError> {
        let assessed = self.assessed;
        let moves = &assessed.transitions;
        let touched: Vec<AlertId> = moves
            .updated
            .iter()
            .map(|u| u.id)
            .chain(moves.resolved.iter().map(|r| r.id))
            .collect();
        let mut stored = alerts::items(table, self.tenant, &touched).await?;
        let at = self.snapshot.as_of;
        let drivers = events::drivers(assessed);
        let mut told = held.events;
        let mut changed = Vec::new();
        for alert in &moves.opened {
            told.push(events::opened(self.tenant, at, alert, &drivers));
        }
        for update in &moves.updated {
            if let Some((mut alert, item)) = stored.remove(&update.id)
                && self.is_worth_it(update, &alert)
            {
                update.apply(&mut alert);
                let day = self.snapshot.today;
                told.extend(events::updated(self.tenant, at, &alert, update, day, &drivers));
                changed.push((alert, item));
            }
        }
        for resolution in &moves.resolved {
            if let Some((mut alert, item)) = stored.remove(&resolution.id) {
                resolution.apply(&mut alert);
                told.push(events::resolved(self.tenant, at, &alert, resolution, &drivers));
                changed.push((alert, item));
            }
        }
        let before = assessments::rule_states(&self.loaded.state)?;
        let (listing, document) = card::card(self.snapshot, &self.loaded.identities, assessed, self.earlier);
        let previous = assessments::band_state(&self.loaded.state)?.map(|state| state.band);
        told.extend(events::band_changed(
            self.tenant,
            self.snapshot,
            assessed,
            &listing.name,
            previous,
        ));
        let standing = self.standing()?;
        let (checks, kept) = checks::keep(
            assessed,
            self.snapshot,
            self.zone,
            &assessments::kept(&self.loaded.state),
            &standing,
        );
        Ok(ScoreWrite {
            assessment: assessed.assessment.clone(),
            day: self.snapshot.today,
            listing,
            card: document,
            point: card::point(self.snapshot, assessed),
            opened: moves.opened.clone(),
            changed,
            states: (moves.changed.iter())
                .filter(|state| self.is_news(state, &before))
                .cloned()
                .collect(),
            events: told,
            counted: (moves.opened.iter())
                .filter(|_| !is_first_look(assessed.band_state.judged_since, at))
                .map(|alert| alert.rule.clone())
                .collect(),
            notes: held.notes,
            band_state: assessed.band_state.clone(),
            next_actions: assessed.next_actions.clone(),
            opportunity: assessed.opportunity.clone(),
            standing,
            checks,
            kept,
        })
    }

    /// The series whose prediction was made today already and has not changed, where nothing did that is kept beside it: profile,
    /// band, live alerts.
    fn standing(&self) -> Result<BTreeSet<String>, AwsError> {
        let (now, moves) = (&self.assessed.assessment, &self.assessed.transitions);
        let Some(before) = assessments::newest(&self.loaded.state)? else {
            return Ok(BTreeSet::new());
        };
        let is_alike = self.day(before.as_of) == self.snapshot.today
            && before.profile.id == now.profile.id
            && before.health.band == now.health.band
            && moves.opened.is_empty()
            && moves.resolved.is_empty();
        let says_the_same = |new: &&Prediction| {
            let mut old = before.predictions.iter();
            let moved_on = |old: &Prediction| Prediction {
                computed_at: new.computed_at,
                valid_until: new.valid_until,
                ..old.clone()
            };
            is_alike && old.any(|old| moved_on(old) == **new)
        };
        let same = now.predictions.iter().filter(says_the_same);
        Ok(same
            .map(|one| check::series(one.kind, one.method, one.shadow))
            .collect())
    }

    fn is_worth_it(&self, update: &AlertUpdate, alert: &Alert) -> bool {
        update.matters(alert) || self.day(alert.last_seen_at) != self.snapshot.today
    }

    fn is_news(&self, state: &RuleState, before: &RuleStates) -> bool {
        let Some(stored) = before.get(&state.rule, &state.subject) else {
            return true;
        };
        let seen = |state: &RuleState| state.last_seen_at.map(|at| self.day(at));
        state.matters(stored) || seen(state) != seen(stored)
    }

    fn day(&self, at: Timestamp) -> Date {
        day_of(at, self.zone)
    }
}

/// What is left open of an account whose identities were all claimed by another, as it is to be closed.
pub(crate) async fn closing(
    table: &Table,
    tenant: &TenantId,
    loaded: &Loaded,
    at: Timestamp,
) -> Result<Vec<Closing>, AwsError> {
    let states = assessments::rule_states(&loaded.state)?;
    let live: Vec<(AlertId, &RuleState)> = states.live().filter_map(|s| Some((s.alert?, s))).collect();
    let ids: Vec<AlertId> = live.iter().map(|(id, _)| *id).collect();
    let mut stored = alerts::items(table, tenant, &ids).await?;
    let mut closing = Vec::new();
    for (id, state) in live {
        let Some((mut alert, read)) = stored.remove(&id) else {
            continue;
        };
        let resolution = AlertResolution {
            id,
            rule: state.rule.clone(),
            at,
            reason: MERGED.to_owned(),
        };
        resolution.apply(&mut alert);
        let event = events::resolved(tenant, at, &alert, &resolution, &[]);
        let state = RuleState {
            status: Some(AlertStatus::Resolved),
            firing: false,
            shut: false,
            closed_at: Some(at),
            snoozed_until: None,
            ..state.clone()
        };
        closing.push(Closing {
            alert,
            read,
            state,
            event,
        });
    }
    Ok(closing)
}
