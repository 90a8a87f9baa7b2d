//! A history is held against what happened, with an answer that is known. On MiniStack.
#![expect(clippy::unwrap_used, reason = "tests")]

mod world;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use copilot_aws::profiles::{self as store, Draft};
use copilot_aws::table::Condition;
use copilot_aws::{backtests, keys};
use copilot_domain::backtest::{Backtest, BacktestResult, BacktestStatus, SHIPPED_MODEL, Subject};
use copilot_domain::ids::AccountId;
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::{day_of, shift};
use copilot_learning::backtest::report::html;
use copilot_runtime::clock::Clock;
use copilot_scoring::profile_set::ProfileSet;
use copilot_training::{Tester, looks};
use futures::stream::{self, StreamExt};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use world::{World, days_ago, now};

/// Days ago of the last order of the shops that fell silent. The first ordered after the newest look: nobody could tell yet.
const SILENT: [i64; 12] = [95, 100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200];
/// Shops that go on ordering.
const LOYAL: usize = 24;
/// Backtests asked for so far.
static ASKED: AtomicU32 = AtomicU32::new(0);
/// Days ago of everybody's first order.
const FIRST: i64 = 420;

impl World {
    async fn portfolio(&self) {
        let loyal = (0..LOYAL).map(|n| (format!("loyal-{n}"), 10, 1));
        let silent = SILENT
            .into_iter()
            .map(|last| (format!("silent-{last}"), 10, last));
        stream::iter(loyal.chain(silent))
            .for_each_concurrent(8, |(name, every, last)| async move {
                self.shop(&name, every, FIRST + last % 10, last).await;
            })
            .await;
    }

    async fn test(&self, subject: Subject) -> (Backtest, Option<BacktestResult>) {
        let tester = Tester::new(self.scorer(), self.files(), Clock::fixed(now()));
        let unique = ASKED.fetch_add(1, Ordering::Relaxed).to_string();
        let asked = Backtest::queued(subject, "ann", now(), &unique);
        let done = tester.run(&self.tenant, asked).await.unwrap();
        let result = backtests::result(&self.table, &self.tenant, &done.id)
            .await
            .unwrap();
        (done, result)
    }
}

fn ago(days: i64) -> Date {
    day_of(days_ago(days), &TimeZone::UTC)
}

/// Looks at silent shops whose next 90 days brought no order: they had ordered before, and within 180 days.
fn lapsed_looks(days: &[Date]) -> u64 {
    let of_shop = |last: i64| {
        let last = ago(last);
        let is_lapsed = |day: &&Date| **day > last && **day <= shift(last, 180);
        days.iter().filter(is_lapsed).count() as u64
    };
    SILENT.into_iter().map(of_shop).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_counted_as_a_hand_counts_it_and_a_draft_stands_beside_what_is_published() {
    let Some(world) = World::new("backtest").await else {
        return;
    };
    world.portfolio().await;
    let (done, result) = world.test(Subject::Published).await;
    assert_eq!(done.status, BacktestStatus::Done, "{}", done.said);
    assert!(done.said.contains("11 of 50 accounts"), "{}", done.said);
    assert_eq!((done.accounts, done.accounts_done), (36, 36));
    let result = result.unwrap();
    let days = looks(now(), &TimeZone::UTC, None, None);
    assert_eq!(result.looks, days);
    assert_eq!(
        (result.labels.happened, result.losses),
        (11, 11),
        "{:?}",
        result.notes
    );
    let side = &result.sides[0];
    let churned: u64 = side.bands.iter().map(|band| band.churned).sum();
    assert_eq!(churned, lapsed_looks(&days));
    let all: u64 = side
        .bands
        .iter()
        .map(|b| b.churned + b.contracted + b.expanded + b.retained)
        .sum();
    assert_eq!(all, result.rows);
    let warnings = side.warnings.as_ref().unwrap();
    let missed: BTreeSet<AccountId> = side.missed.iter().map(|missed| missed.account).collect();
    assert_eq!(
        missed.len() as u64 + warnings.at_90.hits,
        11,
        "caught or missed by name"
    );
    let silent: BTreeSet<AccountId> = SILENT
        .iter()
        .map(|last| world.account(&format!("silent-{last}")))
        .collect();
    assert!(missed.is_subset(&silent));
    // A shop is lost when it has bought nothing for 90 days.
    let newest = side
        .missed
        .iter()
        .find(|one| one.account == world.account("silent-100"));
    assert_eq!(newest.map(|one| one.lost_on), Some(ago(10)));

    let (_, again) = world.test(Subject::Published).await;
    assert_eq!(
        again.as_ref(),
        Some(&result),
        "the same history gives the same figures"
    );

    // A draft that says the same as what is published says the same of the past.
    let set = ProfileSet::of(&world.scorer().engine().profiles);
    let draft = Draft {
        base: 1,
        set: Some(serde_json::to_value(&set).unwrap()),
        saved_at: now(),
        saved_by: "ann".to_owned(),
    };
    let save = store::save_draft(&world.tenant, &draft, 0);
    world.table.transact(vec![save]).await.unwrap();
    let (done, drafted) = world.test(Subject::Draft).await;
    assert_eq!(done.status, BacktestStatus::Done, "{}", done.said);
    let drafted = drafted.unwrap();
    assert_eq!(drafted.sides.len(), 2);
    assert!(
        drafted.sides[0].name.starts_with("draft, saved"),
        "{}",
        drafted.sides[0].name
    );
    assert_eq!(drafted.sides[0].bands, drafted.sides[1].bands);
    assert_eq!(drafted.sides[1].warnings, side.warnings);

    // Names are those of today: an account that is gone is nameless.
    let names = backtests::names(&world.table, &world.tenant, &drafted)
        .await
        .unwrap();
    assert!(
        names.values().all(|name| name.starts_with("silent-")),
        "{names:?}"
    );
    assert_eq!(names.len(), missed.len());
    let page = html("Acme", &done, &drafted, &names);
    assert!(page.contains("11 of 50 accounts"));
    let gone = *missed.first().unwrap();
    world
        .table
        .delete(&keys::account(&world.tenant, gone), Condition::None)
        .await
        .unwrap();
    let names = backtests::names(&world.table, &world.tenant, &drafted)
        .await
        .unwrap();
    assert!(!names.contains_key(&gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_models_are_tested_too_and_what_is_not_there_is_said() {
    let Some(world) = World::new("backtest-subjects").await else {
        return;
    };
    world.portfolio().await;
    let (done, result) = world.test(Subject::Rules { with_muted: true }).await;
    assert_eq!(done.status, BacktestStatus::Done, "{}", done.said);
    let result = result.unwrap();
    assert_eq!(result.replay.weeks, 13);
    let rules = &result.sides[0];
    assert_eq!(rules.not_scored.hits, 0);
    let flagged = rules.figures.confusion;
    assert!(flagged.true_positive > 0, "silence fires a rule: {flagged:?}");
    // Shops that fell silent within the last 90 days opened alerts in them, and reached nobody's owner but "none".
    assert!(!result.replay.rules.is_empty());
    assert!(result.replay.owners.iter().all(|owner| owner.owner.is_none()));

    let baseline = Subject::Model {
        kind: PredictionKind::Churn,
        version: SHIPPED_MODEL.to_owned(),
    };
    let (done, result) = world.test(baseline).await;
    assert_eq!(done.status, BacktestStatus::Done, "{}", done.said);
    let result = result.unwrap();
    assert_eq!(result.sides.len(), 2);
    assert!(result.sides[0].has_probabilities);
    assert_eq!(result.sides[0].not_scored.of, result.rows);

    let (done, result) = world.test(Subject::Version { version: 7 }).await;
    assert_eq!((done.status, result.is_none()), (BacktestStatus::Failed, true));
    assert_eq!(done.said, "there is no version 7 of the profiles");
    let (done, _) = world.test(Subject::Draft).await;
    assert_eq!(done.said, "there is no draft of the profiles any more");
}
