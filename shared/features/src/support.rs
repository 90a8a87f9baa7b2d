//! Support: how many tickets, how urgent, how late, how satisfied, and whether a competitor is named.

use copilot_domain::ExternalId;
use copilot_domain::facts::{TicketPriority, TicketRow};
use copilot_domain::history::Snapshot;
use copilot_domain::time::Timestamp;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::contacts::subject;
use crate::stats::{mean, median_of};
use crate::vector::FeatureVector;
use crate::{change, days_ago, ratio};

/// When a promise was broken: the due instant, if nobody answered or solved by then and it is past.
fn breached_at(row: &TicketRow, as_of: Timestamp) -> Option<Timestamp> {
    let due = row.sla_due_at.filter(|due| *due < as_of)?;
    let met = [row.answered_at, row.solved_at]
        .into_iter()
        .flatten()
        .min()
        .is_some_and(|at| at <= due);
    (!met).then_some(due)
}

pub(crate) fn compute(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    competitor(snapshot, config, vector);
    if snapshot.tickets.is_empty() && !config.is_connected(FeatureGroup::Support) {
        return;
    }
    let as_of = snapshot.as_of;
    let hours = |at: Timestamp| (as_of.as_second() - at.as_second()) as f64 / 3_600.0;
    let age = |at: Timestamp| f64::from(days_ago(snapshot, at));
    let opened: Vec<f64> = snapshot
        .tickets
        .iter()
        .filter_map(|t| t.row.opened_at)
        .map(age)
        .collect();
    for ticket in &snapshot.tickets {
        for at in [
            ticket.row.opened_at,
            ticket.row.answered_at,
            ticket.row.solved_at,
            ticket.row.rated_at,
        ] {
            vector.saw(FeatureGroup::Support, at);
        }
    }
    let within =
        |from: f64, to: f64| opened.iter().filter(|days| **days >= from && **days < to).count() as f64;
    vector.set("tickets_30d", within(0.0, 30.0));
    // A large account writes more: above 100 seats, tickets count per 100 seats.
    let scale = vector.get("seats").map_or(1.0, |seats| (seats / 100.0).max(1.0));
    vector.set("tickets_30d_scaled", within(0.0, 30.0) / scale);
    vector.set("tickets_30d_mean", within(30.0, 120.0) / 3.0);
    let open = || snapshot.tickets.iter().filter(|t| t.row.solved_at.is_none());
    vector.set("tickets_open", open().count() as f64);
    let urgent: Vec<(Timestamp, &ExternalId)> = open()
        .filter(|t| t.row.priority == Some(TicketPriority::Urgent) || t.row.escalated == Some(true))
        .filter_map(|t| t.row.opened_at.map(|at| (at, &t.external_id)))
        .collect();
    vector.set("urgent_open", urgent.len() as f64);
    let oldest = urgent.iter().min();
    vector.set("urgent_open_hours", oldest.map(|(at, _)| hours(*at)));
    vector.set("urgent_wait_hours", oldest.map_or(0.0, |(at, _)| hours(*at)));
    vector.set_label("urgent_ticket", oldest.map(|(_, id)| subject("ticket", id)));
    let breaches: Vec<Timestamp> = snapshot
        .tickets
        .iter()
        .filter_map(|t| breached_at(&t.row, as_of))
        .collect();
    vector.set(
        "sla_breaches_30d",
        breaches.iter().filter(|at| age(**at) < 30.0).count() as f64,
    );
    let late = open()
        .filter(|t| t.row.answered_at.is_none())
        .filter_map(|t| breached_at(&t.row, as_of).map(|due| (due, &t.external_id)))
        .min();
    vector.set("sla_overdue_days", late.map(|(due, _)| hours(due) / 24.0));
    vector.set_label("late_ticket", late.map(|(_, id)| subject("ticket", id)));
    let mut rated: Vec<(Timestamp, f64)> = snapshot
        .tickets
        .iter()
        .filter_map(|t| Some((t.row.rated_at.or(t.row.solved_at)?, t.row.csat?)))
        .collect();
    rated.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let last: Vec<f64> = rated.iter().take(5).map(|(_, csat)| *csat).collect();
    vector.set("csat_answers", rated.len() as f64);
    vector.set(
        "csat_mean_last5",
        (!last.is_empty()).then(|| last.iter().sum::<f64>() / last.len() as f64),
    );
    satisfaction(&rated, &age, vector);
    load(snapshot, &age, vector);
    speed(snapshot, vector);
}

/// Ratings against before, the latest first.
fn satisfaction(rated: &[(Timestamp, f64)], age: &impl Fn(Timestamp) -> f64, vector: &mut FeatureVector) {
    let score = |(_, csat): &(Timestamp, f64)| *csat;
    let recent: Vec<f64> = rated
        .iter()
        .filter(|(at, _)| age(*at) < 90.0)
        .map(score)
        .collect();
    vector.set("csat_mean_90d", mean(&recent));
    let low = recent.iter().filter(|csat| **csat <= 2.0).count();
    vector.set("csat_low_90d", low as f64);
    let of = |skip: usize| mean(&rated.iter().skip(skip).take(5).map(score).collect::<Vec<f64>>());
    vector.set("csat_change", of(0).zip(of(5)).map(|(now, before)| now - before));
}

/// How many tickets, how heavy, and which are still open.
fn load(snapshot: &Snapshot, age: &impl Fn(Timestamp) -> f64, vector: &mut FeatureVector) {
    let dated: Vec<(f64, &TicketRow)> = snapshot
        .tickets
        .iter()
        .filter_map(|t| t.row.opened_at.map(|at| (age(at), &t.row)))
        .collect();
    let quarter: Vec<&TicketRow> = dated
        .iter()
        .filter(|(age, _)| *age < 90.0)
        .map(|(_, row)| *row)
        .collect();
    let number = quarter.len() as f64;
    vector.set("tickets_90d", number);
    let month_before = vector.get("tickets_30d_mean");
    let month = vector.get("tickets_30d");
    vector.set(
        "tickets_change_30d",
        month
            .zip(month_before)
            .and_then(|(now, before)| change(now, before)),
    );
    let since = dated.iter().map(|(age, _)| *age).reduce(f64::min);
    vector.set("days_since_ticket", since);
    let count = |is: fn(&TicketRow) -> bool| quarter.iter().filter(|row| is(row)).count() as f64;
    let escalated = count(|row| row.escalated == Some(true));
    let urgent = count(|row| matches!(row.priority, Some(TicketPriority::High | TicketPriority::Urgent)));
    vector.set("escalated_90d", escalated);
    vector.set("escalated_share_90d", ratio(escalated, number));
    vector.set("urgent_share_90d", ratio(urgent, number));
    let promised = count(|row| row.sla_due_at.is_some());
    let broken = quarter
        .iter()
        .filter(|row| breached_at(row, snapshot.as_of).is_some())
        .count();
    vector.set("sla_breach_share_90d", ratio(broken as f64, promised));
    let reopened = snapshot.reopened.iter().filter(|(at, _)| age(*at) < 90.0).count();
    vector.set("reopened_90d", reopened as f64);
    let open = || dated.iter().filter(|(_, row)| row.solved_at.is_none());
    vector.set("open_ticket_age_days", median_of(open().map(|(age, _)| *age)));
    vector.set(
        "open_ticket_age_max_days",
        open().map(|(age, _)| *age).reduce(f64::max),
    );
    let unanswered = open().filter(|(_, row)| row.answered_at.is_none()).count();
    vector.set("unanswered_open", unanswered as f64);
}

/// How long the customer waits for an answer and for a solution, against before.
fn speed(snapshot: &Snapshot, vector: &mut FeatureVector) {
    let wait = |to: fn(&TicketRow) -> Option<Timestamp>, from: i32, until: i32| {
        let waits = snapshot.tickets.iter().filter_map(move |t| {
            let (opened, done) = (t.row.opened_at?, to(&t.row)?);
            let age = days_ago(snapshot, done);
            let seconds = (done.as_second() - opened.as_second()) as f64;
            (age >= from && age < until && seconds >= 0.0).then_some(seconds / 3_600.0)
        });
        median_of(waits)
    };
    let solved = |from, until| wait(|row| row.solved_at, from, until).map(|hours| hours / 24.0);
    let (now, before) = (solved(0, 90), solved(90, 180));
    vector.set("resolution_days_90d", now);
    vector.set(
        "resolution_change_90d",
        now.zip(before).and_then(|(now, before)| change(now, before)),
    );
    let answered = |from, until| wait(|row| row.answered_at, from, until);
    let (now, before) = (answered(0, 90), answered(90, 180));
    vector.set("first_answer_hours_90d", now);
    vector.set(
        "first_answer_change_90d",
        now.zip(before).and_then(|(now, before)| change(now, before)),
    );
}

/// Looks for the names of competitors in what was written in the last 30 days.
fn competitor(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    if config.competitors.is_empty() {
        return;
    }
    let names: Vec<String> = config
        .competitors
        .iter()
        .map(|n| n.to_lowercase())
        .filter(|n| !n.is_empty())
        .collect();
    let recent = |at: Option<Timestamp>| at.is_some_and(|at| days_ago(snapshot, at) < 30);
    let mut found: Option<(Timestamp, String)> = None;
    let mut look = |at: Option<Timestamp>, id: String, texts: [&Option<String>; 2]| {
        let Some(at) = at.filter(|at| recent(Some(*at))) else {
            return 0;
        };
        let hit = texts.iter().filter_map(|t| t.as_deref()).any(|text| {
            let text = text.to_lowercase();
            names.iter().any(|name| contains_word(&text, name))
        });
        if hit && found.as_ref().is_none_or(|old| (at, &id) > (old.0, &old.1)) {
            found = Some((at, id));
        }
        usize::from(hit)
    };
    let mut mentions = 0;
    for t in &snapshot.tickets {
        mentions += look(
            t.row.opened_at,
            subject("ticket", &t.external_id),
            [&t.row.title, &t.row.text],
        );
    }
    for a in &snapshot.activities {
        mentions += look(
            a.row.at,
            subject("activity", &a.external_id),
            [&a.row.subject, &a.row.text],
        );
    }
    for s in &snapshot.surveys {
        mentions += look(
            s.row.at,
            subject("survey", &s.external_id),
            [&s.row.comment, &None],
        );
    }
    vector.set("competitor_mentions_30d", mentions as f64);
    vector.set_label("competitor", found.map(|(_, id)| id));
}

/// Whether `word` stands in `text` on its own, not inside another word.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, hit)| {
        let before = text[..at].chars().next_back();
        let after = text[at + hit.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
