//! What each feature means. The order is that of documents; names never change their meaning without a new version.

use crate::config::FeatureGroup;

/// What is known of a feature without computing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct FeatureSpec {
    /// Its name.
    pub name: &'static str,
    /// The unit of its value.
    pub unit: &'static str,
    /// Days that it looks back; 0 for a state or for all of history.
    pub window_days: u16,
    /// The facts that feed it.
    pub group: FeatureGroup,
    /// When it has no value.
    pub missing: &'static str,
    /// What it tells.
    pub text: &'static str,
    /// Rises when its meaning changes.
    pub version: u16,
}

/// What is known of a feature by name.
pub fn spec(name: &str) -> Option<&'static FeatureSpec> {
    CATALOGUE.iter().find(|spec| spec.name == name)
}

const fn f(
    name: &'static str,
    unit: &'static str,
    window_days: u16,
    group: FeatureGroup,
    missing: &'static str,
    text: &'static str,
) -> FeatureSpec {
    FeatureSpec {
        name,
        unit,
        window_days,
        group,
        missing,
        text,
        version: 1,
    }
}

use FeatureGroup::{Contacts, Contract, Engagement, Payment, Sentiment, Support, Usage};

/// Every feature.
#[rustfmt::skip]
pub const CATALOGUE: &[FeatureSpec] = &[
    f("arr", "money", 0, Contract, "neither subscriptions nor the account's record say", "Annual recurring revenue, major units"),
    f("mrr", "money", 0, Contract, "neither subscriptions nor the account's record say", "Monthly recurring revenue, major units"),
    f("forecast_mrr_change", "share", 0, Contract, "no forecast, or no MRR", "Forecast MRR against MRR now"),
    f("mrr_change_30d", "share", 30, Contract, "no subscription is 30 days old", "Contracted MRR against 30 days ago"),
    f("mrr_change", "share", 30, Contract, "neither of the two above", "Forecast change, else contracted change"),
    f("subscriptions_live", "count", 0, Contract, "no subscription known", "Subscriptions paid for"),
    f("trials_live", "count", 0, Contract, "no subscription known", "Subscriptions on trial"),
    f("seats", "count", 0, Contract, "neither subscriptions nor the account's record say", "Seats bought"),
    f("days_to_renewal", "days", 0, Contract, "no end of a term known", "Days until the renewal; negative when past"),
    f("renewal_missing", "flag", 0, Contract, "never", "No renewal date known"),
    f("owner_missing", "flag", 0, Contract, "never", "No CSM named"),
    f("account_age_days", "days", 0, Contract, "no contract, subscription, invoice or use known", "Days since the first day"),
    f("contract_month", "months", 0, Contract, "as account_age_days", "Month of the contract, the first is 1"),
    f("onboarding", "flag", 0, Contract, "never", "Stage is onboarding"),
    f("cancel_notice", "flag", 0, Contract, "never", "Notice was given, or all live subscriptions end"),
    f("churned", "flag", 0, Contract, "never", "Stage or last outcome says churned"),
    f("quota_used", "share", 0, Contract, "custom field `quota_used` is absent", "Share of the plan's quota in use"),
    f("days_since_news", "days", 0, Contract, "custom field `news_at` is absent", "Days since funding or hiring news"),
    f("usage_known", "flag", 0, Usage, "never", "Use is known of, or a source of it is connected"),
    f("features_entitled", "count", 0, Usage, "the account's record does not say", "Core features in the plan"),
    f("usage_history_days", "days", 0, Usage, "no use known", "Days of history of use"),
    f("key_events_7d", "count", 7, Usage, "no use known", "Key events in 7 days"),
    f("key_events_30d", "count", 30, Usage, "no use known", "Key events in 30 days"),
    f("key_events_90d", "count", 90, Usage, "no use known", "Key events in 90 days"),
    f("key_events_prev_30d", "count", 60, Usage, "under 60 days of history", "Key events in the 30 days before"),
    f("key_events_change_30d", "share", 60, Usage, "under 60 days of history, or none before", "Key events against the 30 days before"),
    f("key_events_change_90d", "share", 180, Usage, "under 180 days of history, or none before", "Key events against the 90 days before"),
    f("key_events_base_4w", "count", 35, Usage, "under 35 days of history", "Key events in the 4 weeks before the last 7 days"),
    f("key_events_week_mean_4w", "count", 35, Usage, "under 35 days of history", "Mean week of these 4"),
    f("key_events_week_change", "share", 35, Usage, "under 35 days of history, or none before", "Last 7 days against that mean"),
    f("weeks_below_90d_mean", "weeks", 111, Usage, "under 60 days of history, or no use before", "Last weeks in a row of at most 90 % of the own mean week, up to 3"),
    f("days_since_key_event", "days", 0, Usage, "no key event ever", "Days since the last key event"),
    f("first_value", "flag", 0, Usage, "no use known", "A key event was ever seen"),
    f("features_used_30d", "count", 30, Usage, "no use known", "Different key events in 30 days"),
    f("feature_breadth", "share", 30, Usage, "entitlement unknown", "Different key events in 30 days of those entitled to"),
    f("active_days_90d", "days", 90, Usage, "no use known", "Days with a key event in 90"),
    f("active_users_28d", "count", 28, Usage, "events name no users", "Distinct users in 28 days"),
    f("active_users_30d", "count", 30, Usage, "events name no users", "Distinct users in 30 days"),
    f("active_users_prev_30d", "count", 60, Usage, "events name no users, or under 60 days of history", "Distinct users in the 30 days before"),
    f("seat_utilisation", "share", 28, Usage, "seats unknown, or events name no users", "Active users of 28 days against seats"),
    f("seat_utilisation_min_14d", "share", 42, Usage, "as seat_utilisation, or under 42 days of history", "Its lowest of today, 7 and 14 days ago"),
    f("seat_utilisation_min_30d", "share", 58, Usage, "as seat_utilisation, or under 58 days of history", "Its lowest of today, 10, 20 and 30 days ago"),
    f("active_user_share_change", "share", 60, Usage, "under 60 days of history, or none before", "Change of active users, in seats where known"),
    f("dau_mau", "share", 30, Usage, "events name no users, or under 30 days of history", "Mean daily users of 30 days against distinct users"),
    f("billing_page_visits_7d", "count", 7, Usage, "no use known", "Visits of the billing page"),
    f("cancel_page_visits_7d", "count", 7, Usage, "no use known", "Visits of the page to cancel or downgrade"),
    f("pricing_page_visits_7d", "count", 7, Usage, "no use known", "Visits of the pricing page"),
    f("gated_feature_tries_30d", "count", 30, Usage, "no use known", "Tries of features beyond the plan"),
    f("invites_30d", "count", 30, Usage, "no use known", "Invitations of users"),
    f("admin_removals_14d", "count", 14, Usage, "no use known", "Removals of an owner or admin"),
    f("failure_rate_7d", "share", 7, Usage, "fewer than 20 calls or jobs", "Failed calls or jobs of all"),
    f("days_since_two_way", "days", 0, Engagement, "no activities known", "Days since a call or meeting took place"),
    f("days_since_inbound", "days", 0, Engagement, "nothing from the customer known", "Days since the customer last said anything"),
    f("meetings_total", "count", 0, Engagement, "no activities known", "Calls and meetings that took place"),
    f("unanswered_outbound", "count", 0, Engagement, "no activities known", "Messages of ours since the customer last said anything"),
    f("missed_meetings_30d", "count", 30, Engagement, "no activities known", "Meetings declined or missed"),
    f("milestones_total", "count", 0, Engagement, "no activities known", "Milestones reached"),
    f("days_without_milestone", "days", 0, Engagement, "no activities known, or age unknown", "Days since the last milestone, or since the first day"),
    f("contacts_known", "count", 0, Contacts, "no contacts known", "People at the account"),
    f("active_contacts_90d", "count", 90, Contacts, "no contact says when it was active", "People active in 90 days"),
    f("champions_present", "count", 0, Contacts, "no champion was ever named", "Champions who are still there"),
    f("champion_idle_days", "days", 0, Contacts, "no champion says when it was active", "Days since a champion was active"),
    f("days_since_champion_left", "days", 0, Contacts, "no champion left", "Days since a champion left"),
    f("days_since_admin_left", "days", 0, Contacts, "no admin left", "Days since an admin left"),
    f("champion_sponsor_active", "count", 90, Contacts, "neither named, or nothing tells when they were active", "Of champion and sponsor, how many were active in 90 days"),
    f("new_teams_60d", "count", 60, Contacts, "no team known from before", "Teams that came in 60 days"),
    f("senior_joined_14d", "count", 14, Contacts, "no contacts known", "Directors and above who came in 14 days"),
    f("tickets_30d", "count", 30, Support, "no tickets known, no source connected", "Tickets opened in 30 days"),
    f("tickets_30d_scaled", "count", 30, Support, "as tickets_30d", "The same, per 100 seats where there are more than 100"),
    f("tickets_30d_mean", "count", 120, Support, "as tickets_30d", "Mean of the three 30-day spans before"),
    f("tickets_open", "count", 0, Support, "as tickets_30d", "Tickets open"),
    f("urgent_open", "count", 0, Support, "as tickets_30d", "Urgent or escalated tickets open"),
    f("urgent_open_hours", "hours", 0, Support, "no urgent ticket open", "Age of the oldest of them"),
    f("urgent_wait_hours", "hours", 0, Support, "as tickets_30d", "The same, 0 when none is open"),
    f("sla_breaches_30d", "count", 30, Support, "as tickets_30d", "Promised answers missed in 30 days"),
    f("sla_overdue_days", "days", 0, Support, "no answer is overdue", "Days that the oldest unanswered ticket is over its promise"),
    f("csat_answers", "count", 0, Support, "as tickets_30d", "Ratings of tickets"),
    f("csat_mean_last5", "score", 0, Support, "no ratings", "Mean of the last five ratings, 1 to 5"),
    f("competitor_mentions_30d", "count", 30, Support, "no competitors are named in the settings", "Texts that name a competitor"),
    f("tone_known", "flag", 30, Sentiment, "the tenant has not switched it on", "A ticket or survey comment of 30 days was read for its tone"),
    f("tone_mean_30d", "score", 30, Sentiment, "as tone_known, or no text was read", "Mean sentiment of tickets and survey comments of 30 days, -1 to 1"),
    f("tickets_negative_14d", "count", 14, Support, "as tone_known, or as tickets_30d", "Tickets of negative tone opened in 14 days"),
    f("tickets_negative_30d", "count", 30, Support, "as tone_known, or as tickets_30d", "The same in 30 days"),
    f("nps", "score", 0, Sentiment, "no NPS answer", "Latest NPS answer, 0 to 10"),
    f("nps_age_days", "days", 0, Sentiment, "no NPS answer", "Its age"),
    f("nps_change", "score", 0, Sentiment, "fewer than two NPS answers", "Against the answer before"),
    f("survey_score", "score", 0, Sentiment, "no answer", "Latest NPS, else another survey stretched to 0 to 10"),
    f("survey_age_days", "days", 0, Sentiment, "no answer", "Its age"),
    f("pulse", "score", 0, Sentiment, "no pulse given", "The CSM's pulse, 1 to 5"),
    f("pulse_age_days", "days", 0, Sentiment, "no pulse given", "Its age"),
    f("goals_total", "count", 0, Sentiment, "no success plan told", "Goals in the success plan"),
    f("goals_on_track_share", "share", 0, Sentiment, "no success plan told", "Goals on track of all"),
    f("invoices_overdue", "count", 0, Payment, "no invoices known, no source connected", "Invoices overdue"),
    f("overdue_amount", "money", 0, Payment, "as invoices_overdue", "What they sum to, major units"),
    f("oldest_overdue_days", "days", 0, Payment, "as invoices_overdue", "Days that the oldest is overdue; 0 when none is"),
    f("payments_failed_open", "count", 30, Payment, "as invoices_overdue", "Unpaid invoices whose payment failed in 30 days"),
    f("purchases_total", "count", 0, Payment, "as invoices_overdue", "Purchases ever"),
    f("transactional", "flag", 0, Payment, "as invoices_overdue", "Buys by invoice, without contract, seats or subscription"),
    f("purchases_30d", "count", 30, Payment, "as invoices_overdue", "Purchases in 30 days"),
    f("purchases_90d", "count", 90, Payment, "as invoices_overdue", "Purchases in 90 days"),
    f("purchases_180d", "count", 180, Payment, "as invoices_overdue", "Purchases in 180 days"),
    f("purchases_365d", "count", 365, Payment, "as invoices_overdue", "Purchases in 365 days"),
    f("spend_30d", "money", 30, Payment, "as invoices_overdue", "Spend in 30 days"),
    f("spend_90d", "money", 90, Payment, "as invoices_overdue", "Spend in 90 days"),
    f("spend_180d", "money", 180, Payment, "as invoices_overdue", "Spend in 180 days"),
    f("spend_365d", "money", 365, Payment, "as invoices_overdue", "Spend in 365 days"),
    f("days_since_purchase", "days", 0, Payment, "no purchase", "Days since the last purchase"),
    f("days_since_first_purchase", "days", 0, Payment, "no purchase", "Days since the first purchase"),
    f("purchases_change_90d", "share", 180, Payment, "first purchase under 120 days ago, or none in the 90 days before", "Purchases of 90 days against the 90 before"),
    f("spend_change_90d", "share", 180, Payment, "as purchases_change_90d", "Spend of 90 days against the 90 before"),
    f("refund_share_365d", "share", 365, Payment, "no spend", "Refunds against spend"),
    f("purchase_mean", "money", 0, Payment, "no purchase", "Mean amount of a purchase"),
    f("purchase_days_total", "days", 0, Payment, "as invoices_overdue", "Different days with a purchase"),
    f("purchase_interval_days", "days", 0, Payment, "purchases on fewer than 2 days", "Mean days between purchases"),
    f("purchase_interval_max_days", "days", 0, Payment, "purchases on fewer than 2 days", "Longest gap between purchases"),
    f("purchase_interval_sd_days", "days", 0, Payment, "purchases on fewer than 3 days", "Standard deviation of the gaps"),
    f("silence_in_intervals", "ratio", 0, Payment, "purchases on fewer than 2 days", "Days since the last purchase, in own mean gaps (at least a week)"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = CATALOGUE.iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), CATALOGUE.len());
    }
}
