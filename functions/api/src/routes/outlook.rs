//! What use of an account was expected to be, what was out of the ordinary, and what is to come.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use copilot_features::outlook::{ExpectedUsage, UsageOutlook, usage_outlook};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::known_account;
use super::history::problem;
use crate::access::Caller;
use crate::dto::outlook::{ExpectedUsageView, UsageForecastView, UsageOutlookView};
use crate::problem::Answer;
use crate::{App, Shared};

/// Days of history from which days are judged: four weeks to expect from, and a week that is judged.
const DAYS_TO_JUDGE: usize = 35;
/// Days of history from which 30 days are forecast.
const DAYS_TO_FORECAST: usize = 91;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get_usage_outlook))
}

/// Use of an account as expected, what was out of the ordinary, and what is to come
///
/// Key events, of the account's own history alone. Today counts once it is over.
#[utoipa::path(get, path = "/v1/accounts/{id}/usage-outlook", tag = "accounts", security(("bearer" = ["read"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    responses((status = 200, description = "The outlook", body = UsageOutlookView)))]
async fn get_usage_outlook(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<UsageOutlookView>> {
    let account = known_account(&app, &caller, &id).await?;
    let (scorer, clock) = (&app.ctx.scorer, app.ctx.clock.now());
    let settings = scorer.settings(&caller.tenant, clock).await.map_err(problem)?;
    let now = settings.tenant.now(clock);
    let loaded = scorer.load(&caller.tenant, account, &settings.tenant, now).await;
    let snapshot = loaded.map_err(problem)?.history.snapshot(now);
    Ok(Json(view(usage_outlook(&snapshot, &settings.config))))
}

fn view(outlook: UsageOutlook) -> UsageOutlookView {
    let missing = |needed: usize| needed.saturating_sub(outlook.history_days);
    let days: Vec<ExpectedUsageView> = (outlook.expected.iter())
        .map(|day| {
            let anomaly = outlook.anomalies.iter().any(|anomaly| anomaly.day == day.day);
            of(day, anomaly)
        })
        .collect();
    UsageOutlookView {
        last_day: outlook.last_day,
        history_days: outlook.history_days,
        days_missing: missing(DAYS_TO_JUDGE),
        forecast_days_missing: missing(DAYS_TO_FORECAST),
        days,
        week: outlook.week.map(|week| {
            let anomaly = week.value < week.low || week.value > week.high;
            of(&week, anomaly)
        }),
        forecast: outlook.forecast.map(|ahead| UsageForecastView {
            from: ahead.from,
            to: ahead.to,
            low: ahead.low,
            mid: ahead.mid,
            high: ahead.high,
            coverage: ahead.coverage,
        }),
    }
}

fn of(day: &ExpectedUsage, anomaly: bool) -> ExpectedUsageView {
    ExpectedUsageView {
        day: day.day,
        value: day.value,
        expected: day.expected,
        low: day.low,
        high: day.high,
        score: day.score,
        anomaly,
    }
}

#[cfg(test)]
mod tests {
    use copilot_domain::AccountId;
    use copilot_domain::history::AccountHistory;
    use copilot_features::FeatureConfig;

    use super::*;

    #[test]
    fn an_account_without_use_says_how_many_days_of_history_are_missing() {
        let history = AccountHistory::empty(AccountId::derived(&["t", "a"]), "UTC");
        let snapshot = history.snapshot("2026-03-01T09:00:00Z".parse().unwrap());
        let view = view(usage_outlook(&snapshot, &FeatureConfig::default()));
        assert_eq!((view.days_missing, view.forecast_days_missing), (35, 91));
        assert!(view.days.is_empty() && view.week.is_none() && view.forecast.is_none());
    }
}
