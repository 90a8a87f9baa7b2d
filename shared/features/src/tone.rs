//! Tone of what customers write. Texts are read outside (features know no language): what was read comes with the config,
//! made of the texts of the very snapshot, so that nothing later than its instant can get in.

use std::collections::BTreeMap;

use copilot_domain::ExternalId;
use copilot_domain::facts::{SurveyRow, TicketRow};
use copilot_domain::history::{Known, Snapshot};
use copilot_domain::time::Timestamp;

use crate::config::FeatureConfig;
use crate::days_ago;
use crate::vector::FeatureVector;

/// Days that tone looks back; older texts need not be read.
pub const WINDOW_DAYS: i32 = 30;
/// Days of a burst (R15 of `domain.md` 5.4).
const BURST_DAYS: i32 = 14;

/// The tone of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextTone {
    /// It is negative.
    pub negative: bool,
    /// -1,000 (negative) to 1,000 (positive).
    pub sentiment_thousandths: i32,
}

/// The tone of an account's texts, by the ids of their records. A text that is not here was not read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tones {
    /// Of tickets.
    pub tickets: BTreeMap<ExternalId, TextTone>,
    /// Of comments in surveys.
    pub surveys: BTreeMap<ExternalId, TextTone>,
}

/// The tickets whose tone counts, with what the customer wrote: title and text.
pub fn tickets(snapshot: &Snapshot) -> impl Iterator<Item = (&Known<TicketRow>, String)> {
    let recent = snapshot
        .tickets
        .iter()
        .filter(|t| is_recent(snapshot, t.row.opened_at));
    recent.map(|ticket| (ticket, ticket_text(&ticket.row)))
}

/// What the customer wrote in a ticket: title and text.
pub fn ticket_text(row: &TicketRow) -> String {
    let parts = [&row.title, &row.text];
    let parts: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
    parts.join("\n")
}

/// The survey answers whose tone counts, with their comment.
pub fn surveys(snapshot: &Snapshot) -> impl Iterator<Item = (&Known<SurveyRow>, &str)> {
    let recent = snapshot.surveys.iter().filter(|s| is_recent(snapshot, s.row.at));
    recent.filter_map(|survey| Some((survey, survey.row.comment.as_deref()?)))
}

fn is_recent(snapshot: &Snapshot, at: Option<Timestamp>) -> bool {
    at.is_some_and(|at| days_ago(snapshot, at) < WINDOW_DAYS)
}

pub(crate) fn compute(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    let Some(tones) = &config.tones else {
        return;
    };
    let of_tickets: Vec<(i32, TextTone)> = snapshot
        .tickets
        .iter()
        .filter_map(|t| {
            Some((
                days_ago(snapshot, t.row.opened_at?),
                *tones.tickets.get(&t.external_id)?,
            ))
        })
        .filter(|(days, _)| *days < WINDOW_DAYS)
        .collect();
    let of_surveys = surveys(snapshot).filter_map(|(s, _)| tones.surveys.get(&s.external_id));
    let read: Vec<f64> = of_tickets
        .iter()
        .map(|(_, tone)| tone)
        .chain(of_surveys)
        .map(|tone| f64::from(tone.sentiment_thousandths) / 1_000.0)
        .collect();
    vector.set("tone_known", f64::from(u8::from(!read.is_empty())));
    vector.set(
        "tone_mean_30d",
        (!read.is_empty()).then(|| read.iter().sum::<f64>() / read.len() as f64),
    );
    // Where tickets are unknown, so is how many are negative.
    if vector.get("tickets_30d").is_none() {
        return;
    }
    let negative = |days: i32| {
        of_tickets
            .iter()
            .filter(|(age, tone)| *age < days && tone.negative)
            .count()
    };
    vector.set("tickets_negative_14d", negative(BURST_DAYS) as f64);
    vector.set("tickets_negative_30d", negative(WINDOW_DAYS) as f64);
}
