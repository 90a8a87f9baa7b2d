//! Examples out of a tenant's history: each account as it was known at the start of past months, with what happened then.

use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::{Timestamp, day_of, end_of_day, shift};
use copilot_features::buyers::Buyer;
use copilot_features::place;
use copilot_learning::examples::{Aside, Example, is_told_of_buyers};
use copilot_learning::outcomes::Recorded;
use copilot_learning::population::includes;
use copilot_learning::train::WINDOW_DAYS;
use copilot_pipeline::snapshots::accounts;
use copilot_pipeline::{ScoreError, Scorer, TenantView};
use copilot_scoring::assess::rules_probability;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::run::{AT_ONCE, Progress, TrainingError};

/// The share of rows from which on a tenant is one of buyers, but for a few odd accounts.
const NEARLY_ALL: f64 = 0.9;
/// Months that are looked back on.
const MONTHS: i16 = 24;

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// The examples, in no order.
    pub(crate) examples: Vec<Example>,
    /// Accounts that were none, in no order.
    pub(crate) aside: Vec<Aside>,
    /// Accounts read.
    pub(crate) accounts: usize,
}

/// The starts of the past months whose labels can be known at an instant, the oldest first.
pub fn cutoffs(now: Timestamp, zone: &TimeZone) -> Vec<Date> {
    let window = i32::try_from(WINDOW_DAYS).unwrap_or(i32::MAX);
    let last = shift(day_of(now, zone), -window);
    let month = last.first_of_month();
    let back = |months: i16| {
        let span = jiff::Span::new().months(i64::from(months));
        month.checked_sub(span).ok()
    };
    (0..MONTHS).rev().filter_map(back).collect()
}

/// Reads every account of a tenant at every cut-off.
///
/// # Errors
/// [`TrainingError`]: nothing was written, the run may start again.
pub(crate) async fn collect(
    scorer: &Scorer,
    tenant: &TenantId,
    settings: &TenantView,
    kind: PredictionKind,
    now: Timestamp,
    progress: &mut Progress<'_>,
) -> Result<Collected, TrainingError> {
    let accounts: Vec<AccountId> = accounts(scorer.table(), tenant).try_collect().await?;
    progress.begin(accounts.len()).await?;
    let zone = settings.tenant.time_zone();
    let days = cutoffs(now, &zone);
    let one = |account: AccountId| {
        let days = &days;
        async move { of_account(scorer, tenant, settings, account, (kind, days), now).await }
    };
    let mut out = Collected::default();
    let mut reading = stream::iter(accounts).map(one).buffer_unordered(AT_ONCE);
    while let Some(read) = reading.next().await {
        let (examples, aside) = read?;
        out.examples.extend(examples);
        out.aside.extend(aside);
        out.accounts += 1;
        progress.at(out.accounts).await?;
    }
    keep_one_form(kind, &mut out.examples);
    Ok(out)
}

/// Spend of buyers and growth of contracts are no amounts of one kind: the more frequent one is learnt. Of churn, where all
/// but a few rows are of buyers, they alone are: a few accounts that have never bought must not decide whom the model speaks for,
/// which are buyers of late.
fn keep_one_form(kind: PredictionKind, examples: &mut Vec<Example>) {
    let column = place("transactional");
    let buys = |one: &Example| column.is_some_and(|column| one.features[column] >= 1.0);
    let buyers = examples.iter().filter(|one| buys(one)).count() as f64;
    let all = examples.len() as f64;
    match kind {
        PredictionKind::Revenue => {
            let most = buyers * 2.0 > all;
            examples.retain(|one| buys(one) == most);
        }
        PredictionKind::Churn if buyers >= all * NEARLY_ALL => examples.retain(buys),
        _ => {}
    }
}

async fn of_account(
    scorer: &Scorer,
    tenant: &TenantId,
    settings: &TenantView,
    account: AccountId,
    (kind, days): (PredictionKind, &[Date]),
    now: Timestamp,
) -> Result<(Vec<Example>, Vec<Aside>), TrainingError> {
    let zone = settings.tenant.time_zone();
    let (mut out, mut aside) = (Vec::new(), Vec::new());
    let Some(first) = days.first() else {
        return Ok((out, aside));
    };
    let from = end_of_day(shift(*first, -1), &zone);
    let loaded = match scorer.load(tenant, account, &settings.tenant, from).await {
        Err(ScoreError::UnknownAccount(_)) => return Ok((out, aside)),
        loaded => loaded?,
    };
    let recorded = Recorded::of(&loaded.history, now);
    let mut snapshots = loaded.history.snapshots();
    for day in days {
        // What was known when the month began.
        let at = end_of_day(shift(*day, -1), &zone);
        let happened = recorded.happened(kind, at, WINDOW_DAYS);
        if happened.is_none() && !is_told_of_buyers(kind) {
            continue;
        }
        let snapshot = snapshots.at(at);
        if snapshot.known_since.is_none() {
            continue;
        }
        let config = scorer.config(settings, &snapshot);
        let features = copilot_features::compute(&snapshot, &config);
        let Some(happened) = happened.filter(|_| includes(kind, &features)) else {
            if is_told_of_buyers(kind) {
                let buyer = Buyer::of(|name| features.get(name));
                let cutoff = *day;
                aside.push(Aside {
                    account,
                    cutoff,
                    buyer,
                });
            }
            continue;
        };
        let rules = rules_probability(&settings.profiles, &snapshot, &config, &features, kind);
        let came = (kind == PredictionKind::Revenue)
            .then(|| recorded.came(at, WINDOW_DAYS))
            .flatten();
        out.push(Example {
            account,
            cutoff: *day,
            features: Example::values(&features),
            happened,
            rules: rules.unwrap_or(f64::NAN),
            came: came.unwrap_or(f64::NAN),
            segment: settings.profiles.choose(&snapshot, &features).1.id,
        });
    }
    Ok((out, aside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_offs_are_starts_of_months_that_lie_a_window_back() {
        let days = cutoffs("2011-07-01T00:00:00Z".parse().unwrap(), &TimeZone::UTC);
        assert_eq!(days.len(), 24);
        assert_eq!(*days.last().unwrap(), jiff::civil::date(2011, 4, 1));
        assert_eq!(days[0], jiff::civil::date(2009, 5, 1));
        // The window of April's first has not passed on the 29th of June.
        let days = cutoffs("2011-06-29T00:00:00Z".parse().unwrap(), &TimeZone::UTC);
        assert_eq!(*days.last().unwrap(), jiff::civil::date(2011, 3, 1));
    }
    fn examples(buyers: u32, others: u32) -> Vec<Example> {
        let one = |number: u32| {
            let mut features = copilot_features::FeatureVector::default();
            features.set("transactional", if number < buyers { 1.0 } else { 0.0 });
            Example {
                account: AccountId::derived(&[&number.to_string()]),
                cutoff: jiff::civil::date(2026, 1, 1),
                features: Example::values(&features),
                happened: false,
                rules: f64::NAN,
                came: f64::NAN,
                segment: "default".to_owned(),
            }
        };
        (0..buyers + others).map(one).collect()
    }

    #[test]
    fn a_few_accounts_that_never_bought_do_not_decide_whom_a_model_of_buyers_speaks_for() {
        let left = |kind, buyers, others| {
            let mut all = examples(buyers, others);
            keep_one_form(kind, &mut all);
            all.len()
        };
        assert_eq!(left(PredictionKind::Churn, 97, 3), 97);
        // A tenant of both kinds learns from both, but for amounts.
        assert_eq!(left(PredictionKind::Churn, 60, 40), 100);
        assert_eq!(left(PredictionKind::Churn, 3, 97), 100);
        assert_eq!(left(PredictionKind::Payment, 97, 3), 100);
        assert_eq!(
            (
                left(PredictionKind::Revenue, 60, 40),
                left(PredictionKind::Revenue, 40, 60)
            ),
            (60, 60)
        );
    }
}
