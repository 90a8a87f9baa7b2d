//! What each feature means. The order is that of documents; names never change their meaning without a new version.

use crate::buyers::PURCHASES_AHEAD;
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

/// The place of a feature in the catalogue by name.
pub fn place(name: &str) -> Option<usize> {
    CATALOGUE.iter().position(|spec| spec.name == name)
}

/// What is known of an input of a model by name: of a feature, or of what a card's own numbers tell from features.
pub fn input_spec(name: &str) -> Option<&'static FeatureSpec> {
    const AHEAD: &FeatureSpec = &PURCHASES_AHEAD;
    spec(name).or_else(|| (name == AHEAD.name).then_some(AHEAD))
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
    f("mrr_change_90d", "share", 90, Contract, "no subscription is 90 days old", "Contracted MRR against 90 days ago"),
    f("mrr_change_180d", "share", 180, Contract, "no subscription is 180 days old", "Contracted MRR against 180 days ago"),
    f("mrr_change", "share", 30, Contract, "neither forecast_mrr_change nor mrr_change_30d", "Forecast change of MRR, else the contracted one"),
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
    f("seats_change_90d", "share", 90, Contract, "subscriptions tell no seats, now or then", "Seats of the subscriptions against 90 days ago"),
    f("seats_change_180d", "share", 180, Contract, "subscriptions tell no seats, now or then", "Seats of the subscriptions against 180 days ago"),
    f("subscriptions_started_180d", "count", 180, Contract, "no subscription known", "Subscriptions begun in 180 days"),
    f("subscriptions_ended_180d", "count", 180, Contract, "no subscription known", "Subscriptions ended by cancellation in 180 days"),
    f("subscription_raises_365d", "count", 365, Contract, "no subscription known", "Times in a year that a subscription went up in price"),
    f("subscription_cuts_365d", "count", 365, Contract, "no subscription known", "Times in a year that a subscription went down in price"),
    f("subscriptions_past_due", "count", 0, Contract, "no subscription known", "Live subscriptions whose payment is overdue"),
    f("auto_renew", "flag", 0, Contract, "no live subscription says", "All live subscriptions renew by themselves"),
    f("contract_elapsed_share", "share", 0, Contract, "age or renewal unknown, or the renewal is past", "Days since the first day, of all until the renewal"),
    f("mrr_per_seat", "money", 0, Contract, "MRR or seats unknown", "MRR for a seat, major units"),
    f("employees", "count", 0, Contract, "the account's record does not say", "Employees of the account"),
    f("seats_per_employee", "share", 0, Contract, "seats or employees unknown", "Seats bought against employees: what is left to sell"),
    f("renewals_total", "count", 0, Contract, "never", "Contracts that went on, by recorded outcomes"),
    f("days_since_renewal", "days", 0, Contract, "no contract went on yet", "Days since a contract last went on"),
    f("usage_known", "flag", 0, Usage, "never", "Use is known of, or a source of it is connected"),
    f("features_entitled", "count", 0, Usage, "the account's record does not say", "Core features in the plan"),
    f("usage_history_days", "days", 0, Usage, "no use known", "Days of history of use"),
    f("key_events_7d", "count", 7, Usage, "no use known", "Key events in 7 days"),
    f("key_events_30d", "count", 30, Usage, "no use known", "Key events in 30 days"),
    f("key_events_90d", "count", 90, Usage, "no use known", "Key events in 90 days"),
    f("key_events_prev_30d", "count", 60, Usage, "under 60 days of history", "Key events in the 30 days before the last 30"),
    f("key_events_change_30d", "share", 60, Usage, "under 60 days of history, or none before", "Key events of 30 days against the 30 before"),
    f("key_events_change_90d", "share", 180, Usage, "under 180 days of history, or none before", "Key events of 90 days against the 90 before"),
    f("key_events_base_4w", "count", 35, Usage, "under 35 days of history", "Key events in the 4 weeks before the last 7 days"),
    f("key_events_week_mean_4w", "count", 35, Usage, "under 35 days of history", "Key events in a mean week of the 4 before the last 7 days"),
    f("key_events_week_change", "share", 35, Usage, "under 35 days of history, or none before", "Key events of 7 days against the mean week of the 4 before"),
    f("weeks_below_90d_mean", "weeks", 111, Usage, "under 60 days of history, or no use before", "Last weeks in a row with at most 90 % of the key events of a mean week of the 90 days before, up to 3"),
    f("days_since_key_event", "days", 0, Usage, "no key event ever", "Days since the last key event"),
    f("first_value", "flag", 0, Usage, "no use known", "A key event was ever seen"),
    f("features_used_30d", "count", 30, Usage, "no use known", "Different key events in 30 days"),
    f("feature_breadth", "share", 30, Usage, "entitlement unknown", "Different key events in 30 days of those entitled to"),
    f("active_days_90d", "days", 90, Usage, "no use known", "Days with a key event in 90"),
    f("key_events_slope_8w", "share", 56, Usage, "under 56 days of history, or no use in them", "Weekly trend of key events over 8 weeks, as a share of their mean"),
    f("key_events_slope_13w", "share", 91, Usage, "under 91 days of history, or no use in them", "Weekly trend of key events over 13 weeks, as a share of their mean"),
    f("key_events_variation_13w", "ratio", 91, Usage, "under 91 days of history, or no use in them", "Standard deviation of 13 weeks' key events against their mean"),
    f("quiet_weeks_13w", "weeks", 91, Usage, "under 91 days of history", "Weeks without a key event of 13"),
    f("key_events_peak_share_13w", "share", 91, Usage, "under 91 days of history, or no use in them", "Key events of the last week against the best of 13"),
    f("key_events_drop_7d_seasonal", "share", 63, Usage, "under 63 days of history, or nothing expected", "Fall of 7 days' key events under what their weekdays usually had in the 8 weeks before; negative when above"),
    f("key_events_drop_28d_seasonal", "share", 112, Usage, "under 112 days of history, or nothing expected", "Fall of 28 days' key events under what their weekdays usually had in the 12 weeks before; negative when above"),
    f("key_events_change_year_28d", "share", 392, Usage, "under 392 days of history, or none then", "Key events of 28 days against the same weekdays a year before"),
    f("key_events_drop_28d_year", "share", 420, Usage, "under 420 days of history, or none then", "Fall of 28 days' key events under the 28 before, beyond what these weeks did a year ago; negative when above"),
    f("active_days_28d", "days", 28, Usage, "under 28 days of history", "Days with a key event in 28"),
    f("active_days_change_28d", "days", 56, Usage, "under 56 days of history", "Days with a key event, more than in the 28 before"),
    f("longest_pause_90d", "days", 90, Usage, "under 90 days of history", "Longest run of days without a key event in 90"),
    f("silence_in_pauses", "ratio", 90, Usage, "under 90 days of history, or fewer than 3 days with a key event", "Days since the last key event, in own mean gaps between days with one"),
    f("features_used_90d", "count", 90, Usage, "no use known", "Different key events in 90 days"),
    f("features_used_prev_30d", "count", 60, Usage, "under 60 days of history", "Different key events in the 30 days before the last 30"),
    f("features_used_change_30d", "share", 60, Usage, "under 60 days of history, or none before", "Different key events of 30 days against the 30 before"),
    f("feature_breadth_change_30d", "share", 60, Usage, "entitlement unknown, or under 60 days of history", "Change of the share of features in use, in points"),
    f("features_used_slope_8w", "share", 56, Usage, "under 56 days of history, or no use in them", "Weekly trend of different key events over 8 weeks, as a share of their mean"),
    f("features_dropped_30d", "count", 90, Usage, "under 90 days of history", "Key events of the 60 days before that were not seen in 30 days"),
    f("features_new_30d", "count", 120, Usage, "under 120 days of history", "Key events of 30 days that were not seen in the 90 before"),
    f("top_feature_share_30d", "share", 30, Usage, "no key event in 30 days", "Share of the key event that is used most in 30 days"),
    f("active_users_28d", "count", 28, Usage, "events name no users", "Distinct users in 28 days"),
    f("active_users_30d", "count", 30, Usage, "events name no users", "Distinct users in 30 days"),
    f("active_users_prev_30d", "count", 60, Usage, "events name no users, or under 60 days of history", "Distinct users in the 30 days before the last 30"),
    f("seat_utilisation", "share", 28, Usage, "seats unknown, or events name no users", "Active users of 28 days against seats"),
    f("seat_utilisation_min_14d", "share", 42, Usage, "as seat_utilisation, or under 42 days of history", "Lowest share of seats in use of today, 7 and 14 days ago"),
    f("seat_utilisation_min_30d", "share", 58, Usage, "as seat_utilisation, or under 58 days of history", "Lowest share of seats in use of today, 10, 20 and 30 days ago"),
    f("active_user_share_change", "share", 60, Usage, "under 60 days of history, or none before", "Change of active users, in seats where known"),
    f("dau_mau", "share", 30, Usage, "events name no users, or under 30 days of history", "Mean daily users of 30 days against distinct users"),
    f("dau_mau_change_30d", "share", 60, Usage, "as dau_mau, or under 60 days of history", "Change of daily users against distinct users, against the 30 days before, in points"),
    f("wau_mau", "share", 28, Usage, "events name no users, or under 28 days of history", "Mean weekly users of 4 weeks against distinct users"),
    f("active_users_slope_8w", "share", 56, Usage, "events name no users, or under 56 days of history", "Weekly trend of active users over 8 weeks, as a share of their mean"),
    f("active_users_slope_13w", "share", 91, Usage, "events name no users, or under 91 days of history", "Weekly trend of active users over 13 weeks, as a share of their mean"),
    f("active_users_change_90d", "share", 118, Usage, "events name no users, under 118 days of history, or none then", "Active users of 28 days against 90 days ago"),
    f("active_users_change_180d", "share", 208, Usage, "events name no users, under 208 days of history, or none then", "Active users of 28 days against 180 days ago"),
    f("seat_utilisation_change_28d", "share", 56, Usage, "as seat_utilisation, or under 56 days of history", "Change of the share of seats in use against 28 days ago, in points of the seats of now"),
    f("seat_utilisation_change_84d", "share", 112, Usage, "as seat_utilisation, or under 112 days of history", "Change of the share of seats in use against 84 days ago, in points of the seats of now"),
    f("users_new_30d", "count", 120, Usage, "events name no users, or under 120 days of history", "Users of 30 days who were not there in the 90 before"),
    f("users_lost_30d", "count", 120, Usage, "events name no users, or under 120 days of history", "Users of the 90 days before who were not there in 30 days"),
    f("user_retention_30d", "share", 60, Usage, "events name no users, under 60 days of history, or none before", "Users of the 30 days before the last 30 who came again"),
    f("events_per_user_30d", "ratio", 30, Usage, "nobody was active", "Key events for an active user in 30 days"),
    f("events_per_user_change_30d", "share", 60, Usage, "as events_per_user_30d, or under 60 days of history", "Key events for an active user in 30 days against the 30 before"),
    f("usage_anomaly_1d", "score", 63, Usage, "under 35 days of history", "Use of the last whole day against its weekday in the weeks before, measured by how much it usually varies; beyond 3.5 an anomaly"),
    f("usage_anomaly_7d", "score", 63, Usage, "under 35 days of history", "Use of the last 7 whole days against the weeks before, measured by how much it usually varies; beyond 3.5 an anomaly"),
    f("usage_anomalies_28d", "days", 84, Usage, "under 56 days of history", "Days of use out of the ordinary in 28"),
    f("key_events_forecast_30d_low", "count", 182, Usage, "under 91 days of history, or no use in them", "Lower end of the forecast of key events in 30 days (80 %)"),
    f("key_events_forecast_30d_mid", "count", 182, Usage, "under 91 days of history, or no use in them", "Key events to expect in the next 30 days, where the trend goes on and dies down"),
    f("key_events_forecast_30d_high", "count", 182, Usage, "under 91 days of history, or no use in them", "Upper end of the forecast of key events in 30 days (80 %)"),
    f("key_events_forecast_change_30d", "share", 182, Usage, "as the forecast, or no use in 30 days", "Forecast of key events in 30 days against the last 30 days"),
    f("billing_page_visits_7d", "count", 7, Usage, "no use known", "Visits of the billing page in 7 days"),
    f("cancel_page_visits_7d", "count", 7, Usage, "no use known", "Visits of the page to cancel or downgrade in 7 days"),
    f("pricing_page_visits_7d", "count", 7, Usage, "no use known", "Visits of the pricing page in 7 days"),
    f("gated_feature_tries_30d", "count", 30, Usage, "no use known", "Tries of features beyond the plan in 30 days"),
    f("invites_30d", "count", 30, Usage, "no use known", "Invitations of users in 30 days"),
    f("admin_removals_14d", "count", 14, Usage, "no use known", "Removals of an owner or admin in 14 days"),
    f("failure_rate_7d", "share", 7, Usage, "fewer than 20 calls or jobs", "Failed calls or jobs of all in 7 days"),
    f("days_since_two_way", "days", 0, Engagement, "no activities known", "Days since a call or meeting took place"),
    f("days_since_inbound", "days", 0, Engagement, "nothing from the customer known", "Days since the customer last said anything"),
    f("meetings_total", "count", 0, Engagement, "no activities known", "Calls and meetings that took place"),
    f("unanswered_outbound", "count", 0, Engagement, "no activities known", "Messages of ours since the customer last said anything"),
    f("missed_meetings_30d", "count", 30, Engagement, "no activities known", "Meetings declined or missed in 30 days"),
    f("milestones_total", "count", 0, Engagement, "no activities known", "Milestones reached"),
    f("days_without_milestone", "days", 0, Engagement, "no activities known, or age unknown", "Days since the last milestone, or since the first day"),
    f("touches_30d", "count", 30, Engagement, "no activities known", "Calls, meetings and messages in 30 days, of whoever"),
    f("touches_90d", "count", 90, Engagement, "no activities known", "Calls, meetings and messages in 90 days, of whoever"),
    f("touches_change_90d", "share", 180, Engagement, "first contact under 180 days ago, or none before", "Calls, meetings and messages of 90 days against the 90 before"),
    f("touch_gap_days", "days", 365, Engagement, "contact on fewer than 3 days of a year", "Median days between days of contact"),
    f("touch_silence_in_gaps", "ratio", 365, Engagement, "contact on fewer than 3 days of a year", "Days since the last contact, measured by the account's usual gap"),
    f("inbound_gap_days", "days", 365, Engagement, "the customer spoke on fewer than 3 days of a year", "Median days between days on which the customer said anything"),
    f("inbound_silence_in_gaps", "ratio", 365, Engagement, "the customer spoke on fewer than 3 days of a year", "Days since the customer last said anything, measured by its usual gap"),
    f("inbound_90d", "count", 90, Engagement, "no activities known", "What the customer said or wrote in 90 days, meetings included"),
    f("outbound_90d", "count", 90, Engagement, "no activities known", "Messages and calls of ours in 90 days"),
    f("inbound_share_90d", "share", 90, Engagement, "neither in 90 days", "Customer's share of what was said and written in 90 days"),
    f("inbound_share_change_90d", "share", 180, Engagement, "neither in one of the two spans", "Change of the customer's share of what was said and written against the 90 days before, in points"),
    f("meetings_90d", "count", 90, Engagement, "no activities known", "Calls and meetings that took place in 90 days"),
    f("meetings_change_90d", "count", 180, Engagement, "first contact under 180 days ago", "Calls and meetings of 90 days, more than in the 90 before"),
    f("meetings_held_share_180d", "share", 180, Engagement, "no meeting planned", "Meetings of 180 days that took place, of those planned"),
    f("reply_days_180d", "days", 180, Engagement, "no message of ours was answered", "Median days until the customer's next word after a message of ours"),
    f("contacts_known", "count", 0, Contacts, "no contacts known", "People at the account"),
    f("active_contacts_90d", "count", 90, Contacts, "no contact says when it was active", "People active in 90 days"),
    f("champions_present", "count", 0, Contacts, "no champion was ever named", "Champions who are still there"),
    f("champion_idle_days", "days", 0, Contacts, "no champion says when it was active", "Days since a champion was active"),
    f("days_since_champion_left", "days", 0, Contacts, "no champion left", "Days since a champion left"),
    f("days_since_admin_left", "days", 0, Contacts, "no admin left", "Days since an admin left"),
    f("champion_sponsor_active", "count", 90, Contacts, "neither named, or nothing tells when they were active", "Of champion and sponsor, how many were active in 90 days"),
    f("new_teams_60d", "count", 60, Contacts, "no team known from before", "Teams that came in 60 days"),
    f("senior_joined_14d", "count", 14, Contacts, "no contacts known", "Directors and above who came in 14 days"),
    f("contacts_joined_90d", "count", 90, Contacts, "no contact says when it joined", "People who came in 90 days"),
    f("contacts_left_90d", "count", 90, Contacts, "no contacts known", "People who left in 90 days"),
    f("contacts_net_90d", "count", 90, Contacts, "no contact says when it joined", "People who came in 90 days, less those who left"),
    f("contacts_left_share_90d", "share", 90, Contacts, "no contacts known", "People who left in 90 days, as a share of those and the people still there"),
    f("contact_tenure_days", "days", 0, Contacts, "no contact says when it joined", "Median days that the people at the account have been there"),
    f("active_contacts_30d", "count", 30, Contacts, "no contact says when it was active", "People active in 30 days"),
    f("active_contact_share_90d", "share", 90, Contacts, "no contact says when it was active", "People active in 90 days, of all at the account"),
    f("days_since_contact_active", "days", 0, Contacts, "no contact says when it was active", "Days since anyone at the account was active"),
    f("sponsors_present", "count", 0, Contacts, "no contact has a part", "Sponsors who are there"),
    f("admins_present", "count", 0, Contacts, "no contact has a part", "Admins who are there"),
    f("detractors_present", "count", 0, Contacts, "no contact has a part", "Detractors who are there"),
    f("seniors_present", "count", 0, Contacts, "no contact has a title", "Directors and above who are there"),
    f("teams_known", "count", 0, Contacts, "no contact names a team", "Teams that the people are of"),
    f("tickets_30d", "count", 30, Support, "no tickets known, no source connected", "Tickets opened in 30 days"),
    f("tickets_30d_scaled", "count", 30, Support, "as tickets_30d", "Tickets opened in 30 days, per 100 seats where there are more than 100"),
    f("tickets_30d_mean", "count", 120, Support, "as tickets_30d", "Tickets of 30 days, mean of the three spans of 30 days before"),
    f("tickets_open", "count", 0, Support, "as tickets_30d", "Tickets open"),
    f("urgent_open", "count", 0, Support, "as tickets_30d", "Urgent or escalated tickets open"),
    f("urgent_open_hours", "hours", 0, Support, "no urgent ticket open", "Hours that the oldest urgent or escalated ticket has been open"),
    f("urgent_wait_hours", "hours", 0, Support, "as tickets_30d", "Hours that the oldest urgent or escalated ticket has been open; 0 when none is"),
    f("sla_breaches_30d", "count", 30, Support, "as tickets_30d", "Promised answers missed in 30 days"),
    f("sla_overdue_days", "days", 0, Support, "no answer is overdue", "Days that the oldest unanswered ticket is over its promise"),
    f("csat_answers", "count", 0, Support, "as tickets_30d", "Ratings of tickets"),
    f("csat_mean_last5", "score", 0, Support, "no ratings", "Mean of the last five ratings of tickets, 1 to 5"),
    f("csat_change", "score", 0, Support, "no more than 5 ratings", "Mean of the last five ratings of tickets against the five before"),
    f("csat_mean_90d", "score", 90, Support, "no rating in 90 days", "Mean rating of tickets in 90 days"),
    f("csat_low_90d", "count", 90, Support, "as tickets_30d", "Ratings of tickets of 1 or 2 in 90 days"),
    f("tickets_90d", "count", 90, Support, "as tickets_30d", "Tickets opened in 90 days"),
    f("tickets_change_30d", "share", 120, Support, "as tickets_30d, or none in the 90 days before", "Tickets of 30 days against the mean of the three spans of 30 days before"),
    f("days_since_ticket", "days", 0, Support, "no tickets known", "Days since the last ticket was opened"),
    f("open_ticket_age_days", "days", 0, Support, "no ticket open", "Median age of the open tickets"),
    f("open_ticket_age_max_days", "days", 0, Support, "no ticket open", "Age of the oldest open ticket"),
    f("unanswered_open", "count", 0, Support, "as tickets_30d", "Open tickets that nobody answered"),
    f("urgent_share_90d", "share", 90, Support, "no ticket in 90 days", "Tickets of high or urgent priority, of those opened in 90 days"),
    f("escalated_90d", "count", 90, Support, "as tickets_30d", "Tickets opened in 90 days that were raised to a higher level"),
    f("escalated_share_90d", "share", 90, Support, "no ticket in 90 days", "Tickets raised to a higher level, of those opened in 90 days"),
    f("reopened_90d", "count", 90, Support, "as tickets_30d", "Times in 90 days that a solved ticket was opened again: its solution taken back, or told anew"),
    f("sla_breach_share_90d", "share", 90, Support, "no answer was promised in 90 days", "Promised answers that were missed, of those on tickets opened in 90 days"),
    f("resolution_days_90d", "days", 90, Support, "no ticket solved in 90 days", "Median days from opening to solution, of tickets solved in 90 days"),
    f("resolution_change_90d", "share", 180, Support, "none solved in one of the two spans", "Median time from opening to solution, of tickets solved in 90 days against the 90 before"),
    f("first_answer_hours_90d", "hours", 90, Support, "no ticket answered in 90 days", "Median hours from opening to the first answer, of tickets answered in 90 days"),
    f("first_answer_change_90d", "share", 180, Support, "none answered in one of the two spans", "Median time to the first answer, of tickets answered in 90 days against the 90 before"),
    f("competitor_mentions_30d", "count", 30, Support, "no competitors are named in the settings", "Texts of 30 days that name a competitor"),
    f("tone_known", "flag", 30, Sentiment, "the tenant has not switched it on", "A ticket or survey comment of 30 days was read for its tone"),
    f("tone_mean_30d", "score", 30, Sentiment, "as tone_known, or no text was read", "Mean sentiment of tickets and survey comments of 30 days, -1 to 1"),
    f("tickets_negative_14d", "count", 14, Support, "as tone_known, or as tickets_30d", "Tickets of negative tone opened in 14 days"),
    f("tickets_negative_30d", "count", 30, Support, "as tone_known, or as tickets_30d", "Tickets of negative tone opened in 30 days"),
    f("nps", "score", 0, Sentiment, "no NPS answer", "Latest NPS answer, 0 to 10"),
    f("nps_age_days", "days", 0, Sentiment, "no NPS answer", "Days since the latest NPS answer"),
    f("nps_change", "score", 0, Sentiment, "fewer than two NPS answers", "Latest NPS answer against the one before"),
    f("survey_score", "score", 0, Sentiment, "no answer", "Latest NPS, else another survey stretched to 0 to 10"),
    f("survey_age_days", "days", 0, Sentiment, "no answer", "Days since the latest answer to a survey"),
    f("surveys_365d", "count", 365, Sentiment, "no answer", "Answers to surveys in a year"),
    f("survey_mean_365d", "score", 365, Sentiment, "no answer in a year", "Mean answer to surveys of a year, stretched to 0 to 10"),
    f("surveys_low_365d", "count", 365, Sentiment, "no answer", "Answers to surveys of at most 6 of 10 in a year"),
    f("pulse", "score", 0, Sentiment, "no pulse given", "The CSM's pulse, 1 to 5"),
    f("pulse_age_days", "days", 0, Sentiment, "no pulse given", "Days since the CSM's pulse"),
    f("goals_total", "count", 0, Sentiment, "no success plan told", "Goals in the success plan"),
    f("goals_on_track_share", "share", 0, Sentiment, "no success plan told", "Goals on track of all"),
    f("goals_behind", "count", 0, Sentiment, "no success plan told", "Goals that are not on track"),
    f("invoices_overdue", "count", 0, Payment, "no invoices known, no source connected", "Invoices overdue"),
    f("overdue_amount", "money", 0, Payment, "as invoices_overdue", "Amount of the overdue invoices, major units"),
    f("oldest_overdue_days", "days", 0, Payment, "as invoices_overdue", "Days that the oldest invoice is overdue; 0 when none is"),
    f("payments_failed_open", "count", 30, Payment, "as invoices_overdue", "Unpaid invoices whose payment failed in 30 days"),
    f("days_late_365d", "days", 365, Payment, "no bill with a due day was paid", "Median days of payment after the due day in a year; negative when before"),
    f("days_late_change_180d", "days", 360, Payment, "none paid in one of the two spans", "Median days of payment after the due day, 180 days against the 180 before"),
    f("days_to_pay_365d", "days", 365, Payment, "no bill was paid", "Median days from bill to payment in a year"),
    f("late_share_365d", "share", 365, Payment, "no bill fell due", "Bills paid late or not, of those that fell due in a year"),
    f("failed_share_365d", "share", 365, Payment, "no bill in a year", "Bills of a year of which a payment failed"),
    f("payments_failed_365d", "count", 365, Payment, "as invoices_overdue", "Bills whose last failed payment lies in a year"),
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
    f("refund_share_365d", "share", 365, Payment, "no spend", "Refunds against spend in a year"),
    f("purchase_mean", "money", 0, Payment, "no purchase", "Mean amount of a purchase"),
    f("purchase_days_total", "days", 0, Payment, "as invoices_overdue", "Different days with a purchase"),
    f("purchase_interval_days", "days", 0, Payment, "purchases on fewer than 2 days", "Mean days between purchases"),
    f("purchase_interval_max_days", "days", 0, Payment, "purchases on fewer than 2 days", "Longest gap between purchases"),
    f("purchase_interval_sd_days", "days", 0, Payment, "purchases on fewer than 3 days", "Standard deviation of the days between purchases"),
    f("silence_in_intervals", "ratio", 0, Payment, "purchases on fewer than 2 days", "Days since the last purchase, in own mean gaps (at least a week)"),
    f("silence_rank", "share", 0, Payment, "purchases on fewer than 5 days", "Own gaps between purchases that were shorter than the silence of now"),
    f("purchase_interval_median_days", "days", 0, Payment, "purchases on fewer than 2 days", "Usual days between purchases"),
    f("purchase_interval_variation", "ratio", 0, Payment, "purchases on fewer than 3 days", "Standard deviation of the days between purchases against their mean"),
    f("purchase_interval_last_ratio", "ratio", 0, Payment, "purchases on fewer than 4 days", "Last gap between purchases against the mean of the gaps before"),
    f("purchase_interval_slope", "share", 0, Payment, "purchases on fewer than 5 days", "Trend of the last 12 gaps between purchases, from one to the next, as a share of their mean"),
    f("repeat_purchases", "count", 0, Payment, "no purchase", "Days with a purchase after the first"),
    f("days_first_to_last_purchase", "days", 0, Payment, "no purchase", "Days from the first purchase to the last"),
    f("repeat_purchase_value", "money", 0, Payment, "purchases on fewer than 2 days", "Mean spend of a day with a purchase after the first one: value of Gamma-Gamma"),
    f("order_value_slope", "share", 0, Payment, "purchases on fewer than 4 days", "Trend of the spend of the last 12 days with a purchase, from one to the next, as a share of its mean"),
    f("order_value_change", "share", 0, Payment, "purchases on fewer than 6 days", "Mean spend of the last 3 days with a purchase against the days before"),
    f("order_value_variation", "ratio", 0, Payment, "purchases on fewer than 2 days", "Standard deviation of the spend of a day with a purchase against its mean"),
    f("order_lines_365d", "count", 365, Payment, "no purchase in a year tells its lines", "Mean lines of a purchase in a year"),
    f("spend_slope_6m", "share", 180, Payment, "first purchase under 180 days ago, or none since", "Trend of spend over six spans of 30 days, a span, as a share of its mean"),
    f("purchases_slope_6m", "share", 180, Payment, "first purchase under 180 days ago, or none since", "Trend of purchases over six spans of 30 days, a span, as a share of their mean"),
    f("purchase_months_12m", "count", 360, Payment, "first purchase under 360 days ago", "Spans of 30 days with a purchase, of the last twelve; of customers of 360 days and more"),
    f("purchase_months_360d", "count", 360, Payment, "no purchase", "Spans of 30 days with a purchase, of the last twelve"),
    f("spend_variation_12m", "ratio", 360, Payment, "first purchase under 360 days ago, or none since", "Standard deviation of the spend of twelve spans of 30 days against their mean"),
    f("spend_change_365d", "share", 730, Payment, "first purchase under 730 days ago, or none in the year before", "Spend of a year against the year before"),
    f("spend_change_year_90d", "share", 455, Payment, "first purchase under 455 days ago, or none then", "Spend of 90 days against the same days a year before"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = CATALOGUE.iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), CATALOGUE.len());
        assert!(
            !names.contains(PURCHASES_AHEAD.name),
            "told by a card, never stored as a feature"
        );
    }

    #[test]
    fn every_text_stands_alone_as_a_reason_does() {
        let texts: BTreeSet<_> = CATALOGUE.iter().map(|spec| spec.text).collect();
        assert_eq!(texts.len(), CATALOGUE.len(), "two features in the same words");
        let before = [
            "The same",
            "Its ",
            "Their ",
            "That ",
            "What they",
            "More of",
            "Against ",
            "Such ",
        ];
        let inside = [" of them", " that mean", " these 4", " in both", "such ", "_"];
        for spec in CATALOGUE.iter().chain([&PURCHASES_AHEAD]) {
            let points_back = before.iter().any(|start| spec.text.starts_with(start))
                || inside.iter().any(|words| spec.text.contains(words));
            assert!(!points_back, "{}: {}", spec.name, spec.text);
        }
    }
}
