//! One backtest, from the order to its result.
//!
//! Every account is read once and looked at as it was known: when past months began, before the days on which accounts
//! were lost, and week by week over the last 90 days for the rules.

mod sides;
mod walk;

use copilot_aws::backtests;
use copilot_aws::models::ModelFiles;
use copilot_domain::backtest::{Backtest, BacktestResult, BacktestStatus, MAX_MONTHS, USUAL_MONTHS};
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::{Timestamp, day_of, shift};
use copilot_learning::backtest::replay::{Counter, RuleNote};
use copilot_learning::backtest::{Seen, WINDOW_DAYS, result};
use copilot_pipeline::snapshots::accounts;
use copilot_pipeline::{Scorer, TenantView};
use copilot_runtime::clock::Clock;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::run::{AT_ONCE, NOTE_EVERY, TrainingError, broken_off};
use sides::Sides;
use walk::{Read, Walk};

/// Runs backtests.
#[derive(Debug, Clone)]
pub struct Tester {
    scorer: Scorer,
    files: ModelFiles,
    clock: Clock,
}

impl Tester {
    /// A tester over the stack's table and its models.
    pub fn new(scorer: Scorer, files: ModelFiles, clock: Clock) -> Self {
        Self { scorer, files, clock }
    }

    /// Carries a backtest out and writes what came of it. One that was carried out before is left as it is.
    ///
    /// # Errors
    /// [`TrainingError`] where it may be tried again; what can never go through is written into the backtest.
    pub async fn run(&self, tenant: &TenantId, mut asked: Backtest) -> Result<Backtest, TrainingError> {
        if asked.status == BacktestStatus::Done {
            return Ok(asked);
        }
        let broken = broken_off(self.attempt(tenant, &mut asked).await);
        asked.finished_at = Some(self.clock.now());
        let retry = broken.and_then(|(why, retry)| {
            asked.status = BacktestStatus::Failed;
            asked.said = why;
            retry
        });
        backtests::put(self.scorer.table(), tenant, &asked).await?;
        retry.map_or(Ok(asked), Err)
    }

    async fn attempt(&self, tenant: &TenantId, asked: &mut Backtest) -> Result<(), TrainingError> {
        let table = self.scorer.table();
        let clock = self.clock.now();
        let settings = self.scorer.settings(tenant, clock).await?;
        let now = settings.tenant.now(clock);
        let sides = Sides::of(&self.scorer, &self.files, tenant, &settings, &asked.subject).await?;
        let mut days = looks(now, &settings.tenant.time_zone(), asked.from, asked.to);
        if let Some(unseen) = sides.unseen_from {
            days.retain(|day| *day >= unseen);
        }
        let seen = self.read(tenant, &settings, (&sides, &days), now, asked).await?;
        "counts".clone_into(&mut asked.said);
        backtests::put(table, tenant, asked).await?;
        // Drawing accounts for the intervals keeps a processor busy: not where others wait for it.
        let result = tokio::task::spawn_blocking(move || result(seen)).await;
        let result = result.map_err(|error| TrainingError::Crashed(error.to_string()))?;
        backtests::put_result(table, tenant, asked, &result).await?;
        asked.status = BacktestStatus::Done;
        asked.said = said(&result);
        Ok(())
    }

    /// Reads every account.
    async fn read(
        &self,
        tenant: &TenantId,
        settings: &TenantView,
        (sides, days): (&Sides, &[Date]),
        now: Timestamp,
        asked: &mut Backtest,
    ) -> Result<Seen, TrainingError> {
        let table = self.scorer.table();
        let ids: Vec<AccountId> = accounts(table, tenant).try_collect().await?;
        asked.accounts = ids.len();
        asked.accounts_done = 0;
        asked.status = BacktestStatus::Running;
        "reads accounts as they were known on past days".clone_into(&mut asked.said);
        backtests::put(table, tenant, asked).await?;
        let walk = Walk {
            scorer: &self.scorer,
            tenant,
            settings,
            sides,
            days,
            now,
        };
        let mut counter = Counter::of(rule_notes(&self.scorer, settings));
        let mut all = Read::default();
        let walk = &walk;
        let mut reading = stream::iter(ids)
            .map(|account| async move { (account, walk.account(account).await) })
            .buffer_unordered(AT_ONCE);
        while let Some((account, read)) = reading.next().await {
            let mut read = read?;
            counter.add(account, &read.weeks);
            read.weeks.clear();
            all.add(read);
            asked.accounts_done += 1;
            if asked.accounts_done.is_multiple_of(NOTE_EVERY) {
                backtests::put(table, tenant, asked).await?;
            }
        }
        let mut notes = sides.notes.clone();
        notes.extend(all.notes(days));
        Ok(Seen {
            kind: sides.kind,
            known_until: now,
            days: days.to_vec(),
            accounts: asked.accounts as u64,
            sides: sides.named(),
            looks: all.looks,
            losses: all.losses,
            replay: counter.replay(),
            notes,
        })
    }
}

/// The risk rules that tell a CSM of something.
fn rule_notes(scorer: &Scorer, settings: &TenantView) -> Vec<RuleNote> {
    let muted = settings.serving.muted_rules();
    sides::told_rules(scorer.engine())
        .map(|spec| RuleNote {
            id: spec.id.clone(),
            name: spec.name.clone(),
            muted: muted.contains(&spec.id),
            cooldown_days: spec.cooldown_days,
        })
        .collect()
}

/// The starts of the months between two days whose 90 days have passed at an instant, the oldest first: the last 24 where
/// nobody says from when, at most 60.
pub fn looks(now: Timestamp, zone: &TimeZone, from: Option<Date>, to: Option<Date>) -> Vec<Date> {
    let newest = shift(day_of(now, zone), -i32::try_from(WINDOW_DAYS).unwrap_or(i32::MAX));
    let newest = to.map_or(newest, |to| to.min(newest));
    let most = if from.is_some() { MAX_MONTHS } else { USUAL_MONTHS };
    let month = newest.first_of_month();
    let back = |months: usize| {
        let span = jiff::Span::new().months(i64::try_from(months).ok()?);
        month.checked_sub(span).ok()
    };
    let mut days: Vec<Date> = (0..most)
        .filter_map(back)
        .take_while(|day| from.is_none_or(|from| *day >= from))
        .collect();
    days.reverse();
    days
}

/// What came of it, in a line.
fn said(result: &BacktestResult) -> String {
    let with = result.labels.happened;
    let Some(side) = result.sides.first() else {
        return "nothing was tested".to_owned();
    };
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let precision = side
        .figures
        .precision
        .map(|p| format!("precision {}", percent(p.share)));
    let recall = side
        .figures
        .recall
        .map(|r| format!("recall {}", percent(r.share)));
    let lift = side.lift.map(|lift| format!("lift {:.1}", lift.value));
    let figures: Vec<String> = [precision, recall, lift].into_iter().flatten().collect();
    let few = if with < 50 {
        format!("; {with} of 50 accounts with the outcome: too few to decide by")
    } else {
        String::new()
    };
    if figures.is_empty() {
        return format!("{} looks, nothing to judge by{few}", result.rows);
    }
    format!("{} over {} looks{few}", figures.join(", "), result.rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn looks_are_starts_of_months_whose_window_has_passed() {
        let now: Timestamp = "2026-03-10T06:00:00Z".parse().unwrap();
        let usual = looks(now, &TimeZone::UTC, None, None);
        assert_eq!(
            (usual.len(), usual[0], usual[23]),
            (24, date(2024, 1, 1), date(2025, 12, 1))
        );
        assert_eq!(
            usual,
            crate::cutoffs(now, &TimeZone::UTC),
            "as training looks back"
        );
        let some = looks(
            now,
            &TimeZone::UTC,
            Some(date(2025, 8, 2)),
            Some(date(2025, 11, 30)),
        );
        assert_eq!(some, [date(2025, 9, 1), date(2025, 10, 1), date(2025, 11, 1)]);
        assert_eq!(
            looks(now, &TimeZone::UTC, Some(date(1990, 1, 1)), None).len(),
            MAX_MONTHS
        );
        assert_eq!(looks(now, &TimeZone::UTC, Some(date(2026, 1, 1)), None), []);
    }
}
