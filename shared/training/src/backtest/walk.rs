//! One account through the days of a backtest.

use copilot_domain::backtest::LOOKS_BEFORE_LOSS;
use copilot_domain::health::{Health, ScorePoint};
use copilot_domain::history::{Snapshot, Snapshots};
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::{Timestamp, day_of, end_of_day, shift};
use copilot_features::FeatureVector;
use copilot_learning::backtest::replay::{EVERY_DAYS, WEEKS, Week};
use copilot_learning::backtest::{Became, Look, Loss, Stand, WINDOW_DAYS};
use copilot_learning::outcomes::Recorded;
use copilot_learning::population::includes;
use copilot_pipeline::{ScoreError, Scorer, TenantView};
use copilot_scoring::dry_run::DryRun;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::sides::Sides;
use crate::run::TrainingError;

/// What was read of accounts.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Looks.
    pub(super) looks: Vec<Look>,
    /// Losses.
    pub(super) losses: Vec<Loss>,
    /// The last weeks, for the rules.
    pub(super) weeks: Vec<Week>,
    /// Looks at days on which nothing was known of the account, though it was lost later or lives on.
    unknown: u64,
    /// Losses of accounts that were not known 90 days before.
    losses_unknown: u64,
    /// Losses of accounts that had given notice 90 days before, or had not bought for long.
    losses_decided: u64,
}

impl Read {
    pub(super) fn add(&mut self, other: Self) {
        self.looks.extend(other.looks);
        self.losses.extend(other.losses);
        self.unknown += other.unknown;
        self.losses_unknown += other.losses_unknown;
        self.losses_decided += other.losses_decided;
    }

    /// What to know of how it was read.
    pub(super) fn notes(&self, days: &[Date]) -> Vec<String> {
        let mut notes = Vec::new();
        if days.is_empty() {
            notes.push("no month between these days has its 90 days behind it".to_owned());
        }
        notes.push(
            "looks see what was known on their day; bands are without the band before them, and people's overrides are left out".to_owned(),
        );
        if self.unknown > 0 {
            notes.push(format!(
                "{} looks are left out: nothing was known of the account yet. Rows that were imported later without saying when they were known count from their arrival",
                self.unknown
            ));
        }
        if self.losses_unknown > 0 {
            notes.push(format!(
                "{} losses are left out: the account was not known 90 days before",
                self.losses_unknown
            ));
        }
        if self.losses_decided > 0 {
            notes.push(format!(
                "{} losses are left out: 90 days before, the account had given notice or had long fallen silent",
                self.losses_decided
            ));
        }
        notes
    }
}

/// What an account is looked at with.
pub(super) struct Walk<'a> {
    pub(super) scorer: &'a Scorer,
    pub(super) tenant: &'a TenantId,
    pub(super) settings: &'a TenantView,
    pub(super) sides: &'a Sides,
    pub(super) days: &'a [Date],
    pub(super) now: Timestamp,
}

/// An account on a day.
struct On {
    snapshot: Snapshot,
    features: FeatureVector,
    said: Vec<(Stand, Health)>,
}

impl Walk<'_> {
    /// Looks at an account on all days.
    pub(super) async fn account(&self, account: AccountId) -> Result<Read, TrainingError> {
        let zone = self.settings.tenant.time_zone();
        let mut read = Read::default();
        let today = day_of(self.now, &zone);
        let first_week = shift(today, -1 - EVERY_DAYS * WEEKS.cast_signed());
        let first = self.days.first().map_or(first_week, |day| (*day).min(first_week));
        // Looks before a loss reach further back than the first month.
        let furthest = LOOKS_BEFORE_LOSS
            .last()
            .copied()
            .unwrap_or_default()
            .cast_signed();
        let from = end_of_day(shift(first, -1 - furthest), &zone);
        let loaded = match self
            .scorer
            .load(self.tenant, account, &self.settings.tenant, from)
            .await
        {
            Err(ScoreError::UnknownAccount(_)) => return Ok(read),
            loaded => loaded?,
        };
        if loaded.identities.is_empty() {
            return Ok(read);
        }
        let recorded = Recorded::of(&loaded.history, self.now);
        let mut snapshots = loaded.history.snapshots();
        let mut earlier: Vec<Vec<ScorePoint>> = vec![Vec::new(); self.sides.len()];
        for day in self.days {
            self.look(
                (account, *day),
                &recorded,
                &mut snapshots,
                (&zone, &mut earlier),
                &mut read,
            );
        }
        if self.sides.kind == PredictionKind::Churn {
            self.losses(account, &recorded, &mut snapshots, (&zone, &earlier), &mut read);
        }
        let of_weeks = earlier.first().map(Vec::as_slice).unwrap_or_default();
        for back in (0..=WEEKS.cast_signed()).rev() {
            let day = shift(today, -1 - EVERY_DAYS * back);
            read.weeks
                .extend(self.week(day, &mut snapshots, (&zone, of_weeks)));
        }
        Ok(read)
    }

    /// An account at the end of a day; `None` before it was known.
    fn on(
        &self,
        day: Date,
        snapshots: &mut Snapshots<'_>,
        (zone, earlier): (&TimeZone, &[Vec<ScorePoint>]),
        with_reasons: bool,
    ) -> Option<On> {
        let snapshot = snapshots.at(end_of_day(day, zone));
        snapshot.known_since?;
        let config = self.scorer.config(self.settings, &snapshot);
        let features = copilot_features::compute(&snapshot, &config);
        let run = DryRun {
            tenant: self.tenant,
            snapshot: &snapshot,
            config: &config,
            features: &features,
        };
        let said = self
            .sides
            .stands(self.scorer.engine(), &run, earlier, with_reasons);
        Some(On {
            snapshot,
            features,
            said,
        })
    }

    fn look(
        &self,
        (account, day): (AccountId, Date),
        recorded: &Recorded,
        snapshots: &mut Snapshots<'_>,
        (zone, earlier): (&TimeZone, &mut [Vec<ScorePoint>]),
        read: &mut Read,
    ) {
        // What was known when the month began.
        let eve = shift(day, -1);
        let at = end_of_day(eve, zone);
        let Some(happened) = recorded.happened(self.sides.kind, at, WINDOW_DAYS) else {
            return;
        };
        let Some(on) = self.on(eve, snapshots, (zone, earlier), false) else {
            read.unknown += 1;
            return;
        };
        for ((_, health), points) in on.said.iter().zip(earlier) {
            points.push(ScorePoint {
                day: on.snapshot.today,
                score: health.score,
                band: health.band,
            });
        }
        if !includes(self.sides.kind, &on.features) {
            return;
        }
        read.looks.push(Look {
            account,
            day,
            happened,
            became: Became::of(recorded, at),
            stands: on.said.into_iter().map(|(stand, _)| stand).collect(),
        });
    }

    /// The losses whose 90 days before lie in the time looked at.
    fn losses(
        &self,
        account: AccountId,
        recorded: &Recorded,
        snapshots: &mut Snapshots<'_>,
        (zone, earlier): (&TimeZone, &[Vec<ScorePoint>]),
        read: &mut Read,
    ) {
        let window = WINDOW_DAYS.cast_signed();
        let (Some(first), Some(last)) = (self.days.first(), self.days.last()) else {
            return;
        };
        for lost in recorded.losses(WINDOW_DAYS) {
            let on = day_of(lost, zone);
            if lost > self.now || shift(on, -window) < shift(*first, -1) || on > shift(*last, window) {
                continue;
            }
            let before = |days: u32| shift(on, -days.cast_signed());
            let Some(then) = self.on(before(WINDOW_DAYS), snapshots, (zone, earlier), false) else {
                read.losses_unknown += 1;
                continue;
            };
            if !includes(PredictionKind::Churn, &then.features) {
                read.losses_decided += 1;
                continue;
            }
            let mut stands: Vec<Option<Vec<Stand>>> = LOOKS_BEFORE_LOSS
                .iter()
                .rev()
                .map(|days| {
                    let day = before(*days);
                    let past: Vec<Vec<ScorePoint>> = earlier
                        .iter()
                        .map(|points| points.iter().filter(|point| point.day < day).cloned().collect())
                        .collect();
                    let on = self.on(day, snapshots, (zone, &past), *days == WINDOW_DAYS)?;
                    Some(on.said.into_iter().map(|(stand, _)| stand).collect())
                })
                .collect();
            stands.reverse();
            read.losses.push(Loss { account, on, stands });
        }
    }

    /// The rules at the end of a day.
    fn week(
        &self,
        day: Date,
        snapshots: &mut Snapshots<'_>,
        (zone, earlier): (&TimeZone, &[ScorePoint]),
    ) -> Option<Week> {
        let snapshot = snapshots.at(end_of_day(day, zone));
        snapshot.known_since?;
        let config = self.scorer.config(self.settings, &snapshot);
        let features = copilot_features::compute(&snapshot, &config);
        let run = DryRun {
            tenant: self.tenant,
            snapshot: &snapshot,
            config: &config,
            features: &features,
        };
        let past: Vec<ScorePoint> = earlier.iter().filter(|point| point.day < day).cloned().collect();
        Some(Week {
            day,
            fired: self.sides.fired(self.scorer.engine(), &run, &past),
            owner: snapshot.row.owner.clone(),
        })
    }
}
