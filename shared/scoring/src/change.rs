//! What moved a score between two dates, part by part; the parts sum to the change exactly.

use copilot_domain::health::{Cap, Contribution, Health, Measure, Points};

/// What moved a score between two dates. `None` when either has no score.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// The later score.
    pub score_at: Points,
    /// The earlier score.
    pub score_compare: Points,
    /// The difference.
    pub change: Points,
    /// Its parts, the largest first; they sum to the difference exactly.
    pub contributions: Vec<Contribution>,
}

/// Decomposes the change from `compare` to `at` exactly. `None` when either has no score.
pub fn explain_change(at: &Health, compare: &Health) -> Option<Change> {
    let (score_at, score_compare) = (at.score?, compare.score?);
    let mut contributions = Vec::new();
    let new = at.measures.iter().map(|m| (m, true));
    let gone = compare
        .measures
        .iter()
        .filter(|old| at.measures.iter().all(|m| m.id != old.id))
        .map(|m| (m, false));
    for (measure, is_new) in new.chain(gone) {
        let then = if is_new {
            compare.measures.iter().find(|m| m.id == measure.id)
        } else {
            Some(measure)
        };
        let now = is_new.then_some(measure);
        let lost = |m: Option<&Measure>| m.map_or(Points::ZERO, |m| m.points_lost);
        let says = |m: Option<&Measure>| m.map_or_else(|| "not measured".to_owned(), |m| m.text.clone());
        contributions.push(Contribution {
            measure: measure.id.clone(),
            name: measure.name.clone(),
            group: Some(measure.group),
            points: lost(then) - lost(now),
            detail: format!("{} (before: {})", says(now), says(then)),
        });
    }
    for id in cap_ids(at, compare) {
        let find = |health: &Health| health.caps.iter().find(|cap| cap.id == id).cloned();
        let (now, then) = (find(at), find(compare));
        let lost = |cap: &Option<Cap>| cap.as_ref().map_or(Points::ZERO, |cap| cap.points_lost);
        let detail = match (&now, &then) {
            (Some(cap), None) => format!("new: {}", cap.reason),
            (None, Some(cap)) => format!("over: {}", cap.reason),
            (Some(cap), Some(_)) => cap.reason.clone(),
            (None, None) => String::new(),
        };
        contributions.push(Contribution {
            measure: format!("cap:{id}"),
            name: "Cap".to_owned(),
            group: None,
            points: lost(&then) - lost(&now),
            detail,
        });
    }
    let override_lost = |health: &Health| health.overridden.as_ref().map_or(Points::ZERO, |o| o.points_lost);
    if at.overridden.is_some() || compare.overridden.is_some() {
        let detail = match (&at.overridden, &compare.overridden) {
            (Some(now), _) => format!("set to {} by {}: {}", now.score, now.author, now.reason),
            (None, Some(then)) => format!("over: set to {} by {}", then.score, then.author),
            (None, None) => String::new(),
        };
        contributions.push(Contribution {
            measure: "override".to_owned(),
            name: "Override".to_owned(),
            group: None,
            points: override_lost(compare) - override_lost(at),
            detail,
        });
    }
    contributions
        .sort_by(|a, b| (b.points.milli().abs(), &a.measure).cmp(&(a.points.milli().abs(), &b.measure)));
    Some(Change {
        score_at,
        score_compare,
        change: score_at - score_compare,
        contributions,
    })
}

fn cap_ids(at: &Health, compare: &Health) -> Vec<String> {
    let mut ids: Vec<String> = at
        .caps
        .iter()
        .chain(&compare.caps)
        .map(|cap| cap.id.clone())
        .collect();
    ids.sort();
    ids.dedup();
    ids
}
