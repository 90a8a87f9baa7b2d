//! The health score: measures, redistribution of missing weight, caps, bands with hysteresis, trend.
//!
//! See `docs/scoring.md` for the formulas with an example worked by hand.

use copilot_domain::health::{
    Band, BandState, Cap, EvaluationId, Group, Health, Measure, MeasureState, Points, ScorePoint, SubScores,
    Trend,
};
use copilot_domain::score_override::{AppliedOverride, ScoreOverride};
use copilot_domain::scorecard::ScorecardResult;
use copilot_domain::time::shift;
use copilot_features::{FeatureConfig, FeatureVector};
use jiff::civil::Date;

pub use crate::change::{Change, explain_change};
use crate::points::{allocate, round_to_tenth};
use crate::profiles::{Curve, MeasureSpec, Profile, ProfileMeasure, Profiles, Scorecard};
use crate::text::fill;

/// Below this share of the weight, the score is not shown.
pub const COVERAGE_GATE: f64 = 0.5;
/// Points past the edge of a band that change it at once.
const PAST_EDGE: Points = Points::from_milli(3_000);
/// Scorings in a row outside of a band that change it.
const RUNS_OUTSIDE: u32 = 2;

/// What the health of an account is computed from.
#[derive(Debug, Clone, Copy)]
pub struct HealthInput<'a> {
    /// The account's features.
    pub features: &'a FeatureVector,
    /// The tenant's settings; only the ages of its sources are read.
    pub config: &'a FeatureConfig,
    /// The set of profiles.
    pub profiles: &'a Profiles,
    /// The account's profile.
    pub profile: &'a Profile,
    /// The day scored, in the tenant's zone.
    pub today: Date,
    /// Which scoring this is.
    pub evaluation: &'a EvaluationId,
    /// What the scoring before left.
    pub previous: Option<&'a BandState>,
    /// Scores of earlier days, in any order.
    pub earlier: &'a [ScorePoint],
    /// A person's score in place of the computed one.
    pub overridden: Option<&'a ScoreOverride>,
}

/// What measures come to, before caps.
struct Measured {
    measures: Vec<Measure>,
    coverage: f64,
    raw: Option<Points>,
    subscores: SubScores,
}

/// Takes the measures of a profile or a scorecard.
fn measured(input: &HealthInput<'_>, chosen: &[ProfileMeasure]) -> Measured {
    let mut measures: Vec<Measure> = chosen.iter().filter_map(|m| take(input, m)).collect();
    normalise(&mut measures);
    let all: i64 = measures.iter().map(|m| m.base_weight.milli()).sum();
    let with_data: i64 = measures
        .iter()
        .filter(|m| m.score.is_some())
        .map(|m| m.base_weight.milli())
        .sum();
    let coverage = if all > 0 {
        with_data as f64 / all as f64
    } else {
        0.0
    };
    redistribute(&mut measures);
    let raw = lose_points(&mut measures);
    let mut subscores = SubScores::default();
    for group in Group::ALL {
        subscores.set(group, subscore(&measures, group));
    }
    Measured {
        measures,
        coverage,
        raw,
        subscores,
    }
}

fn three_decimals(share: f64) -> f64 {
    (share * 1_000.0).round() / 1_000.0
}

/// Computes the health of an account, and what the next scoring needs to know of this one.
pub fn health(input: &HealthInput<'_>) -> (Health, BandState) {
    let Measured {
        measures,
        coverage,
        raw,
        subscores,
    } = measured(input, &input.profile.measures);
    let visible = raw.filter(|_| coverage >= COVERAGE_GATE && !input.profile.hides_score);
    let (computed, caps) = apply_caps(input, visible);
    let overridden = input.overridden.map(|given| applied(given, computed.or(raw)));
    let score = overridden.as_ref().map(|o| o.score).or(computed);
    let limit = caps.iter().map(|cap| cap.limit).min();
    let candidate = match score {
        Some(score) => Band::of(score),
        None if input.profile.hides_score => Band::Onboarding,
        None => Band::InsufficientData,
    };
    let state = settle(input, candidate, score, limit, overridden.is_some());
    let health = Health {
        score,
        score_unit: score.map(Points::unit),
        computed_score: computed,
        overridden,
        raw_score: raw,
        band: state.band,
        previous_band: state.before,
        coverage: three_decimals(coverage),
        subscores,
        measures,
        caps,
        trend: score.map(|score| trend(score, input)).unwrap_or_default(),
    };
    (health, state)
}

/// A person's score in place of the computed one. What it costs is what is missing between the two, so that the points
/// lost still sum to 100 minus the score; where nothing was computed, all of it is the override's.
fn applied(given: &ScoreOverride, computed: Option<Points>) -> AppliedOverride {
    AppliedOverride {
        score: given.score,
        reason: given.reason.clone(),
        author: given.author.clone(),
        given_at: given.given_at,
        until: given.until,
        points_lost: computed.unwrap_or(Points::FULL) - given.score,
    }
}

/// Computes a scorecard of the account: the same arithmetic as the health, without caps, override and hysteresis.
pub fn scorecard(input: &HealthInput<'_>, card: &Scorecard, version: u32) -> ScorecardResult {
    let found = measured(input, &card.measures);
    let score = found.raw.filter(|_| found.coverage >= COVERAGE_GATE);
    ScorecardResult {
        id: card.id.clone(),
        name: card.name.clone(),
        version,
        score,
        band: score.map_or(Band::InsufficientData, Band::of),
        coverage: three_decimals(found.coverage),
        subscores: found.subscores,
        measures: found.measures,
    }
}

/// Brings the weights of a profile to a sum of 100.
fn normalise(measures: &mut [Measure]) {
    let weights: Vec<f64> = measures.iter().map(|m| m.base_weight.as_f64()).collect();
    for (measure, weight) in measures.iter_mut().zip(allocate(&weights, Points::FULL.milli())) {
        measure.base_weight = Points::from_milli(weight);
    }
}

/// The cuts of a measure for this account.
fn cuts(spec: &MeasureSpec, chosen: &ProfileMeasure, features: &FeatureVector) -> (f64, f64) {
    if spec.curve == Curve::SeatsByAge {
        match features.get("contract_month").map(|month| month as i64) {
            Some(..=6) => return (0.5, 0.1),
            Some(7..=9) => return (0.75, 0.5),
            // From the tenth month of the first year: green, or red.
            Some(10..=12) => return (0.75, 0.75),
            _ => {}
        }
    }
    (chosen.green.unwrap_or(spec.green), chosen.red.unwrap_or(spec.red))
}

/// 0 to 100 on the line between red and green; both ends belong to the ends.
fn on_line(value: f64, green: f64, red: f64) -> Points {
    let higher_is_better = green >= red;
    let at_green = if higher_is_better {
        value >= green
    } else {
        value <= green
    };
    let at_red = if higher_is_better {
        value <= red
    } else {
        value >= red
    };
    if at_green {
        Points::FULL
    } else if at_red || (green - red).abs() < f64::EPSILON {
        Points::ZERO
    } else {
        Points::from_f64((value - red) / (green - red) * 100.0)
    }
}

fn take(input: &HealthInput<'_>, chosen: &ProfileMeasure) -> Option<Measure> {
    let spec = input.profiles.measure(&chosen.id)?;
    let features = input.features;
    let value = features.get(&spec.feature);
    let (green, red) = cuts(spec, chosen, features);
    let age = match &spec.age_feature {
        Some(feature) => features.get(feature),
        None => spec.source.and_then(|group| {
            let delivered = input.config.last_delivery.get(&group)?;
            let seconds = input.evaluation.as_of.as_second() - delivered.as_second();
            Some(seconds as f64 / 86_400.0)
        }),
    };
    let too_old = |limit: Option<f64>| limit.zip(age).is_some_and(|(limit, age)| age > limit);
    let is_stale = too_old(spec.max_age_days);
    let null = too_old(spec.null_age_days.or(spec.max_age_days));
    let state = match value {
        _ if chosen.weight == 0 => MeasureState::Off,
        None => MeasureState::Missing,
        Some(_) if is_stale => MeasureState::Stale,
        Some(_) => MeasureState::Ok,
    };
    let counts = chosen.weight > 0 && !null;
    let score = value.filter(|_| counts).map(|value| on_line(value, green, red));
    let text = match value {
        Some(_) => fill(
            &spec.text,
            |name| features.get(name),
            |name| features.label(name).map(str::to_owned),
        ),
        None => copilot_features::spec(&spec.feature)
            .map_or_else(String::new, |f| format!("no data: {}", f.missing)),
    };
    Some(Measure {
        id: spec.id.clone(),
        name: spec.name.clone(),
        group: spec.group,
        value,
        unit: spec.unit.clone(),
        text,
        green,
        red,
        weight: Points::ZERO,
        base_weight: Points::from_milli(i64::from(chosen.weight) * 1_000),
        score,
        points_lost: Points::ZERO,
        points_kept: Points::ZERO,
        state,
        fact_at: spec.source.and_then(|group| features.fact_at(group)),
    })
}

/// Gives the weight of what has no data to the rest of its group, and that of empty groups to the other groups.
fn redistribute(measures: &mut [Measure]) {
    let mut wanted = vec![0.0_f64; measures.len()];
    for group in Group::ALL {
        let of_group = || measures.iter().filter(|m| m.group == group);
        let all: i64 = of_group().map(|m| m.base_weight.milli()).sum();
        let live: i64 = of_group()
            .filter(|m| m.score.is_some())
            .map(|m| m.base_weight.milli())
            .sum();
        if live == 0 {
            continue;
        }
        for (at, measure) in measures.iter().enumerate() {
            if measure.group == group && measure.score.is_some() {
                wanted[at] = measure.base_weight.milli() as f64 * all as f64 / live as f64;
            }
        }
    }
    for (measure, weight) in measures.iter_mut().zip(allocate(&wanted, Points::FULL.milli())) {
        measure.weight = Points::from_milli(weight);
    }
}

/// Works out what each measure costs. The raw score has one decimal; the points add up to it exactly.
fn lose_points(measures: &mut [Measure]) -> Option<Points> {
    if measures.iter().all(|m| m.score.is_none()) {
        return None;
    }
    let lost = |m: &Measure| {
        let missed = Points::FULL.milli() - m.score.unwrap_or(Points::FULL).milli();
        m.weight.milli() as f64 * missed as f64 / Points::FULL.milli() as f64
    };
    let exact: Vec<f64> = measures.iter().map(lost).collect();
    let score = round_to_tenth(Points::FULL.milli() - exact.iter().sum::<f64>().round() as i64);
    let limits: Vec<i64> = measures.iter().map(|m| m.weight.milli()).collect();
    let points = crate::points::settle(&exact, &limits, Points::FULL.milli() - score);
    for (measure, lost) in measures.iter_mut().zip(points) {
        measure.points_lost = Points::from_milli(lost);
        measure.points_kept = measure.weight - measure.points_lost;
    }
    Some(Points::from_milli(score))
}

fn subscore(measures: &[Measure], group: Group) -> Option<Points> {
    let of_group = || measures.iter().filter(|m| m.group == group && m.score.is_some());
    let weight: i64 = of_group().map(|m| m.base_weight.milli()).sum();
    let sum: f64 = of_group()
        .map(|m| m.base_weight.milli() as f64 * m.score.unwrap_or_default().as_f64())
        .sum();
    (weight > 0).then(|| Points::from_milli(round_to_tenth((sum / weight as f64 * 1_000.0).round() as i64)))
}

/// Lowers the score by the caps that apply, the mildest first, so that each is charged only for what it adds.
fn apply_caps(input: &HealthInput<'_>, score: Option<Points>) -> (Option<Points>, Vec<Cap>) {
    let mut applying: Vec<_> = input
        .profiles
        .caps
        .iter()
        .filter(|cap| cap.applies(input.features))
        .collect();
    applying.sort_by(|a, b| (b.limit, &a.id).cmp(&(a.limit, &b.id)));
    let mut now = score;
    let mut caps = Vec::new();
    for spec in applying {
        let lost = now.map_or(Points::ZERO, |score| (score - spec.limit).max(Points::ZERO));
        now = now.map(|score| score - lost);
        let reason = fill(
            &spec.reason,
            |name| input.features.get(name),
            |name| input.features.label(name).map(str::to_owned),
        );
        caps.push(Cap {
            id: spec.id.clone(),
            reason,
            limit: spec.limit,
            points_lost: lost,
        });
    }
    (now, caps)
}

/// Keeps the band unless the score is well outside of it, or outside twice in a row; caps and overrides act at once,
/// and so does the end of an override.
fn settle(
    input: &HealthInput<'_>,
    candidate: Band,
    score: Option<Points>,
    limit: Option<Points>,
    overridden: bool,
) -> BandState {
    let (evaluation, previous) = (input.evaluation, input.previous);
    let new = |band, before, runs_outside| BandState {
        band,
        before,
        runs_outside,
        overridden,
        evaluation: evaluation.clone(),
        judged_since: previous.and_then(|p| p.judged_since),
    };
    let Some(previous) = previous.filter(|p| p.evaluation.as_of <= evaluation.as_of) else {
        return new(candidate, None, 0);
    };
    if previous.evaluation == *evaluation {
        return previous.clone();
    }
    let before = Some(previous.band);
    let (Some((low, high)), Some(score)) = (previous.band.range(), score) else {
        return new(candidate, before, 0);
    };
    // A cap under the band forbids the band, whatever the measures say.
    let at_once = overridden || previous.overridden || limit.is_some_and(|limit| limit < low);
    if candidate == previous.band || at_once {
        return new(candidate, before, 0);
    }
    let past = if score < low { low - score } else { score - high };
    let runs = previous.runs_outside + 1;
    if past >= PAST_EDGE || runs >= RUNS_OUTSIDE {
        new(candidate, before, 0)
    } else {
        new(previous.band, before, runs)
    }
}

fn trend(score: Points, input: &HealthInput<'_>) -> Trend {
    let against = |days: i32| score_before(input.earlier, input.today, days).map(|then| score - then);
    Trend {
        d7: against(7),
        d30: against(30),
        d90: against(90),
    }
}

/// The score of the last day that lies at least `days` back, and at most a week more.
pub fn score_before(earlier: &[ScorePoint], today: Date, days: i32) -> Option<Points> {
    let (from, to) = (shift(today, -days - 7), shift(today, -days));
    let fitting = earlier
        .iter()
        .filter(|p| p.day >= from && p.day <= to && p.score.is_some());
    fitting.max_by_key(|p| p.day).and_then(|p| p.score)
}
