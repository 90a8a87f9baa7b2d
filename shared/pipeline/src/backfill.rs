//! History in hindsight: the scores that an account would have had on past days, from what was known then.
//!
//! Only points of the history are written: no alert opens and nobody is told of the past. A day that was scored when
//! it was today is never overwritten; what is filled in is marked as such.

use std::collections::{BTreeMap, BTreeSet};

use copilot_aws::assessments;
use copilot_domain::alert::RuleStates;
use copilot_domain::delivery::Backfill;
use copilot_domain::health::{BandState, ScorePoint};
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::{Timestamp, day_of, end_of_day, shift};
use copilot_scoring::{AssessInput, assess};
use jiff::civil::Date;
use serde_json::Value;

use crate::card;
use crate::score::{ScoreError, Scorer};

/// Points that one order may fill in for an account.
pub const MAX_POINTS: usize = 400;

impl Scorer {
    /// Fills in the scores of past days of an account. Gives the number of points written.
    ///
    /// # Errors
    /// [`ScoreError`]; doing it again is safe.
    pub async fn backfill(
        &self,
        tenant: &TenantId,
        account: AccountId,
        order: &Backfill,
        clock: Timestamp,
    ) -> Result<usize, ScoreError> {
        let settings = self.settings(tenant, clock).await?;
        let zone = settings.tenant.time_zone();
        let today = day_of(settings.tenant.now(clock), &zone);
        let days = days(order, today);
        let Some(first) = days.first() else {
            return Ok(0);
        };
        let loaded = self
            .load(tenant, account, &settings.tenant, end_of_day(*first, &zone))
            .await?;
        if loaded.identities.is_empty() {
            return Err(ScoreError::UnknownAccount(account));
        }
        let stored = assessments::points(&self.table, tenant, account, shift(*first, -100), today).await?;
        let lived: BTreeMap<Date, Value> = stored
            .into_iter()
            .filter(|(_, point)| point.get("backfilled") != Some(&Value::Bool(true)))
            .collect();
        let mut earlier: Vec<ScorePoint> = lived
            .values()
            .filter_map(|point| serde_json::from_value(point.clone()).ok())
            .collect();
        let mut previous: Option<BandState> = None;
        let mut points = Vec::new();
        let mut snapshots = loaded.history.snapshots();
        for day in days.into_iter().filter(|day| !lived.contains_key(day)) {
            let snapshot = snapshots.at(end_of_day(day, &zone));
            if snapshot.known_since.is_none() {
                continue;
            }
            let config = self.config(&settings, &snapshot);
            let input = AssessInput {
                tenant,
                snapshot: &snapshot,
                config: &config,
                profiles: Some(&settings.profiles),
                previous: previous.as_ref(),
                earlier: &earlier,
                states: &RuleStates::default(),
                arr_percentile: None,
                models: &copilot_scoring::models::NONE,
                alert_cut: settings.serving.alert_cut,
                held: &BTreeSet::new(),
                computed_at: clock,
            };
            let assessed = assess(self.engine(), &input);
            let mut point = card::point(&snapshot, &assessed);
            point["backfilled"] = Value::Bool(true);
            points.push((day, point));
            let health = &assessed.assessment.health;
            earlier.push(ScorePoint {
                day,
                score: health.score,
                band: health.band,
            });
            previous = Some(assessed.band_state);
        }
        assessments::put_points(&self.table, tenant, account, &points).await?;
        Ok(points.len())
    }
}

/// The days to fill in, oldest first: counted back from yesterday, so that the newest is as new as can be.
fn days(order: &Backfill, today: Date) -> Vec<Date> {
    let every = i32::try_from(order.every_days.max(1)).unwrap_or(i32::MAX);
    let mut days: Vec<Date> = std::iter::successors(Some(shift(today, -1)), |day| Some(shift(*day, -every)))
        .take_while(|day| *day >= order.from)
        .take(MAX_POINTS)
        .collect();
    days.reverse();
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_back_from_yesterday_and_bounded() {
        let order = |from: &str, every_days| Backfill {
            from: from.parse().unwrap(),
            every_days,
        };
        let today: Date = "2026-03-22".parse().unwrap();
        let shown: Vec<String> = days(&order("2026-03-01", 7), today)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(shown, ["2026-03-07", "2026-03-14", "2026-03-21"]);
        assert!(days(&order("2026-03-22", 7), today).is_empty());
        assert_eq!(days(&order("2000-01-01", 0), today).len(), MAX_POINTS);
    }
}
