//! What they say of us: NPS, CSAT surveys, the CSM's pulse, goals.

use copilot_domain::facts::{SurveyKind, SurveyRow};
use copilot_domain::history::{Known, Snapshot};
use copilot_domain::time::Timestamp;

use crate::config::FeatureGroup;
use crate::contacts::subject;
use crate::days_ago;
use crate::stats::mean;
use crate::vector::FeatureVector;

/// An answer on the scale of NPS, 0 to 10: CSAT 1–5 and CES 1–7 are stretched onto it.
fn on_nps_scale(row: &SurveyRow) -> Option<f64> {
    let score = row.score?;
    Some(match row.kind.unwrap_or_default() {
        SurveyKind::Nps => score,
        SurveyKind::Csat => (score - 1.0) / 4.0 * 10.0,
        SurveyKind::Ces => (score - 1.0) / 6.0 * 10.0,
    })
}

pub(crate) fn compute(snapshot: &Snapshot, vector: &mut FeatureVector) {
    let age = |at: Timestamp| f64::from(days_ago(snapshot, at));
    let of = |nps: bool| {
        let is = move |row: &SurveyRow| (row.kind.unwrap_or_default() == SurveyKind::Nps) == nps;
        let answered = snapshot.surveys.iter().filter(move |s| is(&s.row));
        answered
            .filter_map(|s| Some((s.row.at?, on_nps_scale(&s.row)?, s)))
            .collect::<Vec<(Timestamp, f64, &Known<SurveyRow>)>>()
    };
    let nps = of(true);
    let latest = nps.last();
    vector.set("nps", latest.map(|(_, score, _)| *score));
    vector.set("nps_age_days", latest.map(|(at, _, _)| age(*at)));
    let before = nps.iter().rev().nth(1);
    vector.set("nps_change", latest.zip(before).map(|(now, then)| now.1 - then.1));
    vector.set_label(
        "survey",
        latest.map(|(_, _, s)| subject("survey", &s.external_id)),
    );
    // NPS where there is any, else the latest other answer on the same scale.
    let voice = latest.copied().or_else(|| of(false).last().copied());
    vector.set("survey_score", voice.map(|(_, score, _)| score));
    vector.set("survey_age_days", voice.map(|(at, _, _)| age(at)));
    vector.saw(FeatureGroup::Sentiment, voice.map(|(at, _, _)| at));
    let answers: Vec<f64> = snapshot
        .surveys
        .iter()
        .filter(|s| s.row.at.is_some_and(|at| age(at) < 365.0))
        .filter_map(|s| on_nps_scale(&s.row))
        .collect();
    let told = voice.is_some();
    vector.set("surveys_365d", told.then_some(answers.len() as f64));
    vector.set("survey_mean_365d", mean(&answers));
    let low = answers.iter().filter(|score| **score <= 6.0).count();
    vector.set("surveys_low_365d", told.then_some(low as f64));
    let row = &snapshot.row;
    let given = row.pulse_at.or(row.pulse.and(snapshot.known_since));
    vector.set("pulse", row.pulse.map(|p| p as f64));
    vector.set("pulse_age_days", row.pulse.and(given).map(age));
    vector.saw(FeatureGroup::Sentiment, row.pulse.and(given));
    let goals = row.goals_total.map(|n| n as f64);
    vector.set("goals_total", goals);
    let on_track = row.goals_on_track.map(|n| n as f64);
    let share = goals.and_then(|all| {
        if all > 0.0 {
            Some((on_track? / all).clamp(0.0, 1.0))
        } else {
            Some(0.0)
        }
    });
    vector.set("goals_on_track_share", share);
    let behind = goals
        .zip(on_track)
        .map(|(all, on_track)| (all - on_track).max(0.0));
    vector.set("goals_behind", behind);
}
