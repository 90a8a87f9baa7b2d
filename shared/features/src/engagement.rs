//! Contact with the people: meetings, messages in and out, milestones.

use copilot_domain::facts::{ActivityKind, ActivityRow, Direction};
use copilot_domain::history::Snapshot;
use copilot_domain::time::Timestamp;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::stats::{median, median_of};
use crate::vector::FeatureVector;
use crate::{change, days_ago, ratio};

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

/// A call, meeting or message, of whoever; what was declined or missed is none.
fn is_touch(row: &ActivityRow) -> bool {
    matches!(
        row.kind,
        Some(ActivityKind::Email | ActivityKind::Call | ActivityKind::Meeting)
    ) && row.held != Some(false)
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
    let said = dated.iter().filter(|(_, row)| is_inbound(row)).map(|(at, _)| *at);
    let mut heard: Vec<Timestamp> = snapshot.tickets.iter().filter_map(|t| t.row.opened_at).collect();
    heard.extend(snapshot.surveys.iter().filter_map(|s| s.row.at));
    heard.extend(said);
    heard.sort_unstable();
    let inbound = heard.last().copied();
    let (gap, silence) = rhythm(heard.iter().map(|at| days_ago(snapshot, *at)));
    vector.set("inbound_gap_days", gap);
    vector.set("inbound_silence_in_gaps", silence);
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
    let since_first = dated.first().map_or(0.0, |(at, _)| age(*at));
    direction(&dated, &age, since_first, vector);
    let touches = dated.iter().filter(|(_, row)| is_touch(row));
    let (gap, silence) = rhythm(touches.map(|(at, _)| days_ago(snapshot, *at)));
    vector.set("touch_gap_days", gap);
    vector.set("touch_silence_in_gaps", silence);
    vector.set("reply_days_180d", replies(&dated, &heard, &age));
}

/// Days that contact is looked back for.
const REACH: i32 = 365;

/// Median days between the days of contact in a year, by their ages, and how the silence since the last compares with
/// it; missing of fewer than three days.
fn rhythm(ages: impl Iterator<Item = i32>) -> (Option<f64>, Option<f64>) {
    let mut ages: Vec<i32> = ages.filter(|age| *age < REACH).collect();
    ages.sort_unstable();
    ages.dedup();
    if ages.len() < 3 {
        return (None, None);
    }
    let gap = median_of(ages.windows(2).map(|pair| f64::from(pair[1] - pair[0])));
    let silence = ages.first().map(|age| f64::from(*age));
    (
        gap,
        silence.zip(gap).and_then(|(silence, gap)| ratio(silence, gap)),
    )
}

/// Who speaks, and how much, against before.
fn direction(
    dated: &[(Timestamp, &ActivityRow)],
    age: &impl Fn(Timestamp) -> f64,
    since_first: f64,
    vector: &mut FeatureVector,
) {
    let count = |is: fn(&ActivityRow) -> bool, from: f64, to: f64| {
        let within = dated.iter().filter(|(at, row)| {
            let age = age(*at);
            age >= from && age < to && is(row)
        });
        within.count() as f64
    };
    let touches = count(is_touch, 0.0, 90.0);
    vector.set("touches_30d", count(is_touch, 0.0, 30.0));
    vector.set("touches_90d", touches);
    let long = since_first >= 180.0;
    let before = count(is_touch, 90.0, 180.0);
    vector.set(
        "touches_change_90d",
        long.then(|| change(touches, before)).flatten(),
    );
    let meetings = count(is_two_way, 0.0, 90.0);
    vector.set("meetings_90d", meetings);
    let before = count(is_two_way, 90.0, 180.0);
    vector.set("meetings_change_90d", long.then_some(meetings - before));
    let share = |from: f64, to: f64| {
        let (theirs, ours) = (count(is_inbound, from, to), count(is_outbound, from, to));
        ratio(theirs, theirs + ours)
    };
    let now = share(0.0, 90.0);
    vector.set("inbound_90d", count(is_inbound, 0.0, 90.0));
    vector.set("outbound_90d", count(is_outbound, 0.0, 90.0));
    vector.set("inbound_share_90d", now);
    vector.set(
        "inbound_share_change_90d",
        now.zip(share(90.0, 180.0)).map(|(now, before)| now - before),
    );
    let planned = |row: &ActivityRow| row.kind == Some(ActivityKind::Meeting);
    let half = || dated.iter().filter(|(at, row)| age(*at) < 180.0 && planned(row));
    let held = half().filter(|(_, row)| row.held != Some(false)).count();
    vector.set(
        "meetings_held_share_180d",
        ratio(held as f64, half().count() as f64),
    );
}

/// Median days that the customer took to answer us in half a year: from our first message of a silence to the next word
/// of theirs.
fn replies(
    dated: &[(Timestamp, &ActivityRow)],
    heard: &[Timestamp],
    age: &impl Fn(Timestamp) -> f64,
) -> Option<f64> {
    let mut waits = Vec::new();
    let mut answered: Option<Timestamp> = None;
    for (at, _) in dated.iter().filter(|(_, row)| is_outbound(row)) {
        if answered.is_some_and(|answered| *at < answered) {
            continue;
        }
        let next = heard.get(heard.partition_point(|word| word <= at));
        let Some(next) = next else { break };
        answered = Some(*next);
        if age(*at) < 180.0 {
            waits.push((next.as_second() - at.as_second()) as f64 / 86_400.0);
        }
    }
    median(&mut waits)
}
