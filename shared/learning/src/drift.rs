//! Drift: whether what a model sees, and what it says, is still what it learnt.
//!
//! A feature moved too far when its population stability index is above [`DRIFTED`], or when ten points more of the
//! accounts lack it ([`MISSING_JUMP`]). On few rows the index is noise: without any drift, it is about a chi-square of
//! (bins - 1) degrees times (1 / reference rows + 1 / current rows) (Yurdakul, "Statistical properties of population
//! stability index", 2018). So fewer than [`LEAST_ROWS`] rows give no verdict, and above that the index must also lie
//! beyond what chance gives one feature in ten thousand: 0.34 on 100 rows against many, under 0.2 from 171 on.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use copilot_domain::check::Check;
use copilot_domain::ids::AccountId;
use copilot_domain::model::ModelRole;
use copilot_domain::monitoring::{CalibrationDrift, Drift, ModelWorld, Movement, SegmentWorld, WorldState};
use copilot_features::config::FeatureGroup;
use copilot_features::{input_spec, place};
use copilot_scoring::learnt_card::LearntCard;
use copilot_scoring::reference::{Reference, References, SegmentReferences};

use crate::reads::Reads;

/// The index above which a feature drifted (domain 5.7).
pub const DRIFTED: f64 = 0.2;
/// The index below which a feature that drifted counts as back: apart from [`DRIFTED`], so that one which wavers about
/// that line is one episode and not one a night.
pub const BACK_BELOW: f64 = 0.15;
/// More of the accounts lack a feature by this share: it drifted, whatever its index.
pub const MISSING_JUMP: f64 = 0.1;
/// Rows on either side below which there is no verdict.
pub const LEAST_ROWS: usize = 100;
/// Standard errors beyond which a gap between what was predicted and what came is no chance.
pub const CALIBRATION_ERRORS: f64 = 3.0;
/// How many standard deviations off a chi-square may be by chance: one in ten thousand.
const CHANCE: f64 = 3.72;
/// Features that a record names, beside those that hold training or are close to it.
const NAMED: usize = 12;
/// What the model's own answer is called.
pub(crate) const OWN: &str = "probability";

/// An account as it was last scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Every feature of the catalogue, in its order; NaN where missing.
    pub features: Vec<f32>,
    /// The health profile that scored it.
    pub segment: String,
    /// What models said of it, by name and version.
    pub said: Vec<(String, f64)>,
}

/// Holds a model against the accounts of now, and its kept predictions against what came. `checked` may hold predictions
/// of others: they are passed over.
pub fn watch(card: &LearntCard, role: ModelRole, accounts: &[Seen], checked: &[&Check]) -> ModelWorld {
    let applies: Vec<_> = card
        .applies_to
        .all
        .iter()
        .map(|when| (place(&when.feature), when))
        .collect();
    // Not those alone that the model answers for: an account whose inputs have gone is what is looked for.
    let members = |or_unknown: bool| -> Vec<&Seen> {
        let is_member = |seen: &&Seen| {
            applies.iter().all(|(at, when)| {
                let value = at.map(|at| seen.features[at]).filter(|v| v.is_finite());
                value.map_or(or_unknown, |value| when.holds_for(f64::from(value)))
            })
        };
        accounts.iter().filter(is_member).collect()
    };
    let mut about = members(false);
    let references = card.references.as_ref();
    if references.is_some_and(|own| about.len() * 2 < own.accounts()) {
        // So few that what tells whom the model is about may itself have gone.
        about = members(true);
    }
    let id = card.id();
    let of_model: Vec<&Check> = newest(checked, &id);
    let reads = Reads::of(card);
    let features = references.map_or_else(Vec::new, |own| drifts(&own.features, &reads, &about));
    let predictions = references.and_then(|own| answers(own.predictions.as_ref(), &about, &id));
    let calibration = calibration(&of_model);
    let segments = references.map_or(&[][..], |own| own.segments.as_slice()).iter();
    let segments = segments.filter_map(|own| segment(own, &reads, &about, &of_model, &id));
    let drifted = count_drifted(&features);
    let reference_rows = references.map_or(0, References::rows);
    ModelWorld {
        version: card.version.clone(),
        role,
        state: match references {
            None => WorldState::NoReference,
            Some(_) if reference_rows < LEAST_ROWS || about.len() < LEAST_ROWS => WorldState::FewRows,
            Some(_) if features.iter().any(Drift::holds) => WorldState::Drifted,
            Some(_) if drifted > 0 => WorldState::Aged,
            Some(_) => WorldState::Steady,
        },
        rows: about.len(),
        answered: about.iter().filter(|seen| said(seen, &id).is_some()).count(),
        reference_rows,
        reference_from: references.and_then(|own| own.cutoffs.first().copied()),
        reference_to: references.and_then(|own| own.cutoffs.last().copied()),
        features: card.inputs.len(),
        drifted,
        segments: segments.collect(),
        moved: named(features),
        predictions,
        calibration,
    }
}

fn segment(
    own: &SegmentReferences,
    reads: &Reads<'_>,
    about: &[&Seen],
    checked: &[&Check],
    id: &str,
) -> Option<SegmentWorld> {
    let inside: Vec<&Seen> = about
        .iter()
        .copied()
        .filter(|seen| seen.segment == own.segment)
        .collect();
    if inside.len() < LEAST_ROWS {
        return None;
    }
    let checked: Vec<&Check> = checked
        .iter()
        .copied()
        .filter(|c| c.segment == own.segment)
        .collect();
    let features = drifts(&own.features, reads, &inside);
    Some(SegmentWorld {
        segment: own.segment.clone(),
        rows: inside.len(),
        drifted: count_drifted(&features),
        furthest: features.into_iter().min_by(by_weight),
        predictions: answers(own.predictions.as_ref(), &inside, id),
        calibration: calibration(&checked),
    })
}

fn count_drifted(features: &[Drift]) -> usize {
    let far = |drift: &&Drift| drift.is_drifted == Some(true);
    features.iter().filter(far).count()
}

/// Whether it is within what is allowed, but only just.
pub fn is_near(drift: &Drift) -> bool {
    drift.is_drifted == Some(false) && drift.psi >= BACK_BELOW
}

/// The order in which they are told: those that hold training first, then by how far they moved.
fn by_weight(a: &Drift, b: &Drift) -> Ordering {
    let order = (b.holds(), b.is_drifted).cmp(&(a.holds(), a.is_drifted));
    order
        .then(b.psi.total_cmp(&a.psi))
        .then_with(|| a.name.cmp(&b.name))
}

/// The features that a record names: the first [`NAMED`], and any further one that holds training or is close to it (an
/// alarm's end must not miss one of these because many others aged).
fn named(mut all: Vec<Drift>) -> Vec<Drift> {
    all.sort_by(by_weight);
    let mut place = 0;
    all.retain(|drift| {
        place += 1;
        place <= NAMED || drift.holds() || is_near(drift)
    });
    all
}

fn drifts(references: &[Reference], reads: &Reads<'_>, accounts: &[&Seen]) -> Vec<Drift> {
    let of = |reference: &Reference| {
        let input = reads.place(&reference.name);
        let read = |seen: &&Seen| input.map_or(f32::NAN, |at| reads.at(at, &seen.features));
        drift(reference, &accounts.iter().map(read).collect::<Vec<f32>>())
    };
    references.iter().filter_map(of).collect()
}

fn said(seen: &Seen, id: &str) -> Option<f64> {
    seen.said.iter().find(|(name, _)| name == id).map(|(_, p)| *p)
}

fn answers(reference: Option<&Reference>, accounts: &[&Seen], id: &str) -> Option<Drift> {
    let given: Vec<f32> = accounts
        .iter()
        .filter_map(|seen| said(seen, id))
        .map(|p| p as f32)
        .collect();
    drift(reference?, &given)
}

/// How far a feature went from its reference; `None` without rows.
fn drift(reference: &Reference, values: &[f32]) -> Option<Drift> {
    let shift = reference.shift(values)?;
    let (was, now) = (reference.rows, values.len());
    let before = f64::from(reference.missing);
    let enough = was >= LEAST_ROWS && now >= LEAST_ROWS;
    let jump = shift.missing - before;
    let bins = reference.cuts.len() + 1;
    let is_far = shift.psi > DRIFTED.max(by_chance(bins, was, now));
    let is_gone = jump > MISSING_JUMP.max(CHANCE * spread_of_share(before, was, now));
    let is_drifted = is_far || is_gone;
    let movement = (enough && is_drifted).then(|| {
        // What the values that are known add to the index.
        let of_values = shift.psi - shift.psi_missing;
        if is_gone {
            Movement::Gone
        } else if only_rises(&reference.name) {
            Movement::Aged
        } else if jump < -MISSING_JUMP || (jump < 0.0 && shift.psi_missing >= of_values) {
            // With so many more that have it, its values are of other accounts: that they are others says nothing.
            Movement::Came
        } else if jump > 0.0 && shift.psi_missing > of_values {
            Movement::Gone
        } else {
            Movement::Values
        }
    });
    Some(Drift {
        name: reference.name.clone(),
        rows: now,
        psi: shift.psi,
        missing_before: before,
        missing_now: shift.missing,
        usual_before: reference.middle(),
        usual_now: middle(values),
        is_drifted: enough.then_some(is_drifted),
        movement,
        means: movement.map(|movement| means(&reference.name, movement)),
    })
}

/// The largest index that chance gives between as many rows: a chi-square's quantile by Wilson and Hilferty.
fn by_chance(bins: usize, was: usize, now: usize) -> f64 {
    let free = bins.saturating_sub(1).max(1) as f64;
    let part = 2.0 / (9.0 * free);
    let quantile = free * (1.0 - part + CHANCE * part.sqrt()).powi(3);
    quantile * (1.0 / was as f64 + 1.0 / now as f64)
}

/// The standard deviation of the difference of two shares, by chance.
fn spread_of_share(share: f64, was: usize, now: usize) -> f64 {
    let share = share.clamp(0.05, 0.95);
    (share * (1.0 - share) * (1.0 / was as f64 + 1.0 / now as f64)).sqrt()
}

fn middle(values: &[f32]) -> Option<f64> {
    let mut known: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    known.sort_by(f32::total_cmp);
    known.get(known.len() / 2).map(|v| f64::from(*v))
}

/// Whether a feature grows by itself as time passes: age, and what is counted since ever.
fn only_rises(name: &str) -> bool {
    name.ends_with("_total")
        || matches!(
            name,
            "account_age_days"
                | "contract_month"
                | "usage_history_days"
                | "contact_tenure_days"
                | "days_since_first_purchase"
                | "days_first_to_last_purchase"
                | "repeat_purchases"
                | "purchase_interval_max_days"
        )
}

/// What a movement usually means, and what to do.
fn means(name: &str, movement: Movement) -> String {
    let fed_by = match input_spec(name).map(|spec| spec.group) {
        Some(FeatureGroup::Usage) => "usage events",
        Some(FeatureGroup::Engagement) => "activities (meetings, mails, calls)",
        Some(FeatureGroup::Contacts) => "contacts",
        Some(FeatureGroup::Support) => "tickets",
        Some(FeatureGroup::Sentiment) => "surveys, pulses and goals",
        Some(FeatureGroup::Contract) => "account records and subscriptions",
        Some(FeatureGroup::Payment) => "invoices",
        None => "what it is computed from",
    };
    match movement {
        Movement::Gone => format!(
            "A source no longer sends {fed_by}, or sends them without a field. Look at Integrations for the source of \
             {fed_by} and mend it; the next night looks again."
        ),
        Movement::Came => format!(
            "More accounts have it than when the model learnt: a source of {fed_by} came, or history grew. Nothing is \
             broken; the next training takes it in."
        ),
        Movement::Values => format!(
            "The values are others than those that the model learnt from: a unit or the meaning of a field of {fed_by} \
             changed, a source sends part of it, or your customers really changed. Look at some accounts; mend the \
             source, or accept and train again."
        ),
        Movement::Aged => {
            "It only rises as time passes: the model is older than what it learnt from. The next training \
             takes it in."
                .to_owned()
        }
    }
}

/// Of each account the newest prediction of a model that is known to have come true or not. Those of other months speak of
/// nearly the same window: counted too, one outcome would count three times.
fn newest<'a>(checked: &[&'a Check], id: &str) -> Vec<&'a Check> {
    let mut by_account: BTreeMap<AccountId, &Check> = BTreeMap::new();
    for check in checked.iter().copied() {
        if check.happened.is_none() || check.model_version.as_deref() != Some(id) {
            continue;
        }
        let newest = by_account.entry(check.account).or_insert(check);
        if newest.day < check.day {
            *newest = check;
        }
    }
    by_account.into_values().collect()
}

/// What was predicted against what came; `None` without any.
fn calibration(checked: &[&Check]) -> Option<CalibrationDrift> {
    let rows = checked.len();
    if rows == 0 {
        return None;
    }
    let all = rows as f64;
    let predicted = checked.iter().map(|check| check.probability).sum::<f64>() / all;
    let observed = checked
        .iter()
        .filter(|check| check.happened == Some(true))
        .count() as f64
        / all;
    let gap = predicted - observed;
    let error = checked
        .iter()
        .map(|c| c.probability * (1.0 - c.probability))
        .sum::<f64>()
        .sqrt()
        / all;
    let standard_errors = (error > 0.0).then(|| gap.abs() / error);
    let is_far = standard_errors.map_or(gap.abs() > 0.0, |errors| errors > CALIBRATION_ERRORS);
    Some(CalibrationDrift {
        rows,
        predicted,
        observed,
        gap,
        standard_errors,
        is_drifted: (rows >= LEAST_ROWS).then_some(is_far),
    })
}
