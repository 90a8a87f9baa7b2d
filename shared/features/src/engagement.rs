//! Contact with the people: meetings, messages in and out, milestones.

use copilot_domain::facts::{ActivityKind, ActivityRow, Direction};
use copilot_domain::history::Snapshot;
use copilot_domain::time::Timestamp;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::days_ago;
use crate::vector::FeatureVector;

/// A call or meeting that took place. A call that we placed counts only when it is said to have been held.
fn is_two_way(row: &ActivityRow) -> bool {
    let talk = matches!(row.kind, Some(ActivityKind::Call | ActivityKind::Meeting));
    let ours = row.kind == Some(ActivityKind::Call) && row.direction == Some(Direction::Outbound);
    talk && row.held != Some(false) && (!ours || row.held == Some(true))
}

/// Something that the customer said or wrote to us.
fn is_inbound(row: &ActivityRow) -> bool {
    is_two_way(row)
        || (matches!(
            row.kind,
            Some(ActivityKind::Email | ActivityKind::Call | ActivityKind::Meeting)
        ) && matches!(row.direction, Some(Direction::Inbound | Direction::Both)))
            && row.held != Some(false)
}

fn is_outbound(row: &ActivityRow) -> bool {
    matches!(row.kind, Some(ActivityKind::Email | ActivityKind::Call))
        && row.direction == Some(Direction::Outbound)
}

pub(crate) fn compute(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    let dated: Vec<(Timestamp, &ActivityRow)> = snapshot
        .activities
        .iter()
        .filter_map(|a| a.row.at.map(|at| (at, &a.row)))
        .collect();
    vector.saw(FeatureGroup::Engagement, dated.last().map(|(at, _)| *at));
    let age = |at: Timestamp| f64::from(days_ago(snapshot, at));
    let connected = config.is_connected(FeatureGroup::Engagement);
    let tickets = snapshot.tickets.iter().filter_map(|t| t.row.opened_at).max();
    let surveys = snapshot.surveys.iter().filter_map(|s| s.row.at).max();
    let said = dated
        .iter()
        .filter(|(_, row)| is_inbound(row))
        .map(|(at, _)| *at)
        .max();
    let inbound = said.max(tickets).max(surveys);
    if dated.is_empty() && !connected {
        vector.set("days_since_inbound", inbound.map(age));
        return;
    }
    // Never: as long as we have known contact with the account, or as the account is old.
    let since_first = dated
        .first()
        .map(|(at, _)| age(*at))
        .or_else(|| vector.get("account_age_days"));
    let two_way = dated
        .iter()
        .filter(|(_, row)| is_two_way(row))
        .map(|(at, _)| *at)
        .max();
    vector.set("days_since_two_way", two_way.map(age).or(since_first));
    vector.set("days_since_inbound", inbound.map(age).or(since_first));
    let meetings = dated.iter().filter(|(_, row)| is_two_way(row)).count();
    vector.set("meetings_total", meetings as f64);
    let unanswered = dated
        .iter()
        .filter(|(at, row)| is_outbound(row) && inbound.is_none_or(|last| *at > last))
        .count();
    vector.set("unanswered_outbound", unanswered as f64);
    let missed = dated
        .iter()
        .filter(|(at, row)| row.held == Some(false) && age(*at) < 30.0)
        .count();
    vector.set("missed_meetings_30d", missed as f64);
    let milestones: Vec<f64> = dated
        .iter()
        .filter(|(_, row)| row.kind == Some(ActivityKind::Milestone))
        .map(|(at, _)| age(*at))
        .collect();
    vector.set("milestones_total", milestones.len() as f64);
    let quiet = milestones
        .iter()
        .copied()
        .reduce(f64::min)
        .or_else(|| vector.get("account_age_days"));
    vector.set("days_without_milestone", quiet);
}
