//! The one entry point: everything that one scoring says about an account, and what it changes.

use std::collections::BTreeSet;

use copilot_domain::TenantId;
use copilot_domain::alert::{AlertAccount, AlertStatus, RuleStates};
use copilot_domain::assessment::{AlertChanges, Assessment};
use copilot_domain::facts::{Stage, Touch};
use copilot_domain::health::{Band, BandState, EvaluationId, Health, Points, ScorePoint};
use copilot_domain::history::Snapshot;
use copilot_domain::money::Money;
use copilot_domain::opportunity::Opportunity;
use copilot_domain::playbook::NextAction;
use copilot_domain::prediction::{Prediction, PredictionKind};
use copilot_domain::scorecard::ScorecardResult;
use copilot_domain::time::{Timestamp, days_between};
use copilot_features::{FeatureConfig, FeatureVector, contract};
use jiff::civil::Date;

use crate::alerts::{AlertContext, Transitions, advance};
use crate::card_facts::{CardFacts, card, live_alerts};
use crate::churn::by_rules;
use crate::engine::{Engine, Model, predict};
use crate::evaluation;
use crate::health::{HealthInput, health, score_before, scorecard};
use crate::mapping;
use crate::models::{self, Models, Said};
use crate::next_action::next_actions;
use crate::profiles::Profiles;
use crate::rules::{AccountKind, Facts, Fired};

/// The rule that fires on the word of the tenant's own churn model.
const MODEL_RULE: &str = "R30";

/// What one account is scored from.
#[derive(Debug, Clone, Copy)]
pub struct AssessInput<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// What was known of the account.
    pub snapshot: &'a Snapshot,
    /// The tenant's settings.
    pub config: &'a FeatureConfig,
    /// The tenant's own profiles; `None`: those of the engine.
    pub profiles: Option<&'a Profiles>,
    /// What the scoring before left of the band.
    pub previous: Option<&'a BandState>,
    /// Scores of earlier days, in any order; 100 days are enough.
    pub earlier: &'a [ScorePoint],
    /// The account's rule states.
    pub states: &'a RuleStates,
    /// Where the account's ARR stands among the tenant's, 0 to 1.
    pub arr_percentile: Option<f64>,
    /// The tenant's own models.
    pub models: &'a Models,
    /// A churn probability of the tenant's own model from which on there is an alert, 0 to 1.
    pub alert_cut: f64,
    /// Rules that the storm guard holds.
    pub held: &'a BTreeSet<String>,
    /// The wall clock, for `computed_at` only.
    pub computed_at: Timestamp,
}

/// Everything that one scoring says and changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessed {
    /// The assessment, to be stored and shown.
    pub assessment: Assessment,
    /// The features.
    pub features: FeatureVector,
    /// What the next scoring needs to know of the band.
    pub band_state: BandState,
    /// What happens to alerts.
    pub transitions: Transitions,
    /// The opportunity that the live signals add up to.
    pub opportunity: Option<Opportunity>,
    /// What to do next.
    pub next_actions: Vec<NextAction>,
    /// What the read model shows.
    pub card: CardFacts,
    /// Whether this very evaluation (same instant, same facts) was done before: nothing needs to be written.
    pub unchanged: bool,
}

/// Scores one account.
pub fn assess(engine: &Engine, input: &AssessInput<'_>) -> Assessed {
    let features = copilot_features::compute(input.snapshot, input.config);
    let predicted = predict(engine, &[(&features, input.snapshot.as_of)]);
    one(
        engine,
        input,
        features,
        predicted.into_iter().next().unwrap_or(Model::None),
    )
}

/// Scores many accounts with one call of the model.
pub fn assess_batch(engine: &Engine, inputs: &[AssessInput<'_>]) -> Vec<Assessed> {
    let features: Vec<FeatureVector> = inputs
        .iter()
        .map(|i| copilot_features::compute(i.snapshot, i.config))
        .collect();
    let asked: Vec<(&FeatureVector, Timestamp)> = features
        .iter()
        .zip(inputs)
        .map(|(f, i)| (f, i.snapshot.as_of))
        .collect();
    let predicted = predict(engine, &asked);
    let rows = inputs.iter().zip(features).zip(predicted);
    rows.map(|((input, features), model)| one(engine, input, features, model))
        .collect()
}

fn one(engine: &Engine, input: &AssessInput<'_>, features: FeatureVector, model: Model) -> Assessed {
    let snapshot = input.snapshot;
    let profiles = input.profiles.unwrap_or(&engine.profiles);
    let (profile, choice) = profiles.choose(snapshot, &features);
    let evaluation = EvaluationId {
        as_of: snapshot.as_of,
        facts: evaluation::fingerprint(input, &features, choice.version),
    };
    let unchanged = input.previous.is_some_and(|p| p.evaluation == evaluation);
    let health_input = HealthInput {
        features: &features,
        config: input.config,
        profiles,
        profile,
        today: snapshot.today,
        evaluation: &evaluation,
        previous: input.previous,
        earlier: input.earlier,
        overridden: snapshot.score_override.as_ref(),
    };
    let (health, mut band_state) = health(&health_input);
    let scorecards = scorecards(&health_input, snapshot, choice.version);
    let renewal_date = contract::renewal_date(snapshot);
    let days_to_renewal = renewal_date.map(|day| days_between(snapshot.today, day));
    let arr = contract::arr(snapshot);
    let account = alert_account(snapshot, &health, arr, renewal_date);
    let customer = is_customer(snapshot, &features);
    if customer && !unchanged {
        let since = band_state.judged_since.unwrap_or(snapshot.as_of);
        band_state.judged_since = Some(since.min(snapshot.as_of));
    }
    let said = ask(input, &features);
    let fired = if customer {
        let facts = facts(input, &health, &features, &said);
        let fired = engine.rules.evaluate(&features, &facts);
        with_reasons(fired, &said)
    } else {
        Vec::new()
    };
    let context = AlertContext {
        tenant: input.tenant,
        account: &account,
        evaluation: &evaluation,
        rules: &engine.rules,
        today: snapshot.today,
        arr_percentile: input.arr_percentile,
        days_to_renewal,
        opportunity_gate: crate::opportunities::gate(health.score, &features),
        held: input.held,
        judged_since: band_state.judged_since,
    };
    let transitions = advance(input.states, &fired, &context);
    let alerts = live_alerts(
        &transitions,
        &fired,
        engine,
        input.arr_percentile,
        days_to_renewal,
    );
    let (predictions, missing) = predictions(snapshot.as_of, &health, &features, said, model);
    let opportunity = opportunity(engine, input, &transitions, &fired, health.score, &predictions);
    let next_actions = next_actions(&health, &alerts, &engine.rules, days_to_renewal, &[]);
    let card = card(input, &health, &alerts, engine, renewal_date, days_to_renewal);
    let assessment = Assessment {
        account: snapshot.account,
        as_of: snapshot.as_of,
        computed_at: input.computed_at,
        profile: choice,
        sum_check: health.sum_check(),
        health,
        scorecards,
        predictions,
        alerts: AlertChanges {
            opened: transitions.opened.iter().map(|a| a.id).collect(),
            updated: transitions.updated.iter().map(|a| a.id).collect(),
            resolved: transitions.resolved.iter().map(|a| a.id).collect(),
        },
        features: features.to_map(),
        missing,
    };
    Assessed {
        assessment,
        features,
        band_state,
        transitions,
        opportunity,
        next_actions,
        card,
        unchanged,
    }
}

/// What the tenant's own models say of the account, amounts in its currency.
fn ask(input: &AssessInput<'_>, features: &FeatureVector) -> Said {
    let snapshot = input.snapshot;
    let currency = copilot_features::payment::currency(snapshot);
    models::ask(
        input.models,
        snapshot.account,
        (features, currency),
        snapshot.as_of,
    )
}

/// The account by each scorecard that is for it.
fn scorecards(input: &HealthInput<'_>, snapshot: &Snapshot, version: u32) -> Vec<ScorecardResult> {
    (input.profiles.scorecards.iter())
        .filter(|card| card.is_for(snapshot, input.features))
        .map(|card| scorecard(input, card, version))
        .collect()
}

/// What the rules alone say of an account by some profiles: the probability of a kind, without models, alerts or history.
pub fn rules_probability(
    profiles: &Profiles,
    snapshot: &Snapshot,
    config: &FeatureConfig,
    features: &FeatureVector,
    kind: PredictionKind,
) -> Option<f64> {
    let said = match kind {
        PredictionKind::Churn => {
            let (profile, _) = profiles.choose(snapshot, features);
            let evaluation = EvaluationId {
                as_of: snapshot.as_of,
                facts: String::new(),
            };
            let (health, _) = health(&HealthInput {
                features,
                config,
                profiles,
                profile,
                today: snapshot.today,
                evaluation: &evaluation,
                previous: None,
                earlier: &[],
                overridden: None,
            });
            by_rules(&health, features, snapshot.as_of, None)
        }
        PredictionKind::Downgrade => mapping::downgrade(features, snapshot.as_of),
        PredictionKind::Payment => mapping::payment(features, snapshot.as_of),
        PredictionKind::Expansion | PredictionKind::Revenue => None,
    };
    said.map(|prediction| prediction.probability)
}

/// The account as its alerts show it.
fn alert_account(
    snapshot: &Snapshot,
    health: &Health,
    arr: Option<Money>,
    renewal_date: Option<Date>,
) -> AlertAccount {
    AlertAccount {
        id: snapshot.account,
        name: snapshot.row.name.clone(),
        owner: snapshot.row.owner.clone(),
        arr,
        renewal_date,
        band: health.band,
        score: health.score,
    }
}

/// What the live opportunity signals add up to.
fn opportunity(
    engine: &Engine,
    input: &AssessInput<'_>,
    transitions: &Transitions,
    fired: &[Fired],
    score: Option<Points>,
    predictions: &[Prediction],
) -> Option<Opportunity> {
    let state = |f: &Fired| transitions.states.get(&f.rule, &f.subject).and_then(|s| s.status);
    let live: Vec<&Fired> = fired
        .iter()
        .filter(|f| state(f).is_some_and(AlertStatus::is_live))
        .collect();
    let (account, at) = (input.snapshot.account, input.snapshot.as_of);
    let arr = contract::arr(input.snapshot);
    let found = crate::opportunities::combine(input.tenant, account, &engine.rules, &live, score?, arr, at)?;
    Some(Opportunity {
        expected: models::expected(predictions),
        ..found
    })
}

/// Rules speak of customers: not of prospects, and not of who is gone or paused.
pub(crate) fn is_customer(snapshot: &Snapshot, features: &FeatureVector) -> bool {
    let outside = matches!(
        snapshot.row.stage,
        Some(Stage::Prospect | Stage::Churned | Stage::Paused)
    );
    !outside && features.get("churned") != Some(1.0)
}

/// The churn prediction of the tenant's own model that answers.
fn own_churn(said: &Said) -> Option<&Prediction> {
    let answers = |p: &&Prediction| p.kind == PredictionKind::Churn && !p.shadow;
    said.predictions.iter().find(answers)
}

/// The alert of the churn model shows what the prediction goes back to.
fn with_reasons(mut fired: Vec<Fired>, said: &Said) -> Vec<Fired> {
    let of_model = fired.iter_mut().find(|fired| fired.rule == MODEL_RULE);
    if let Some((fired, prediction)) = of_model.zip(own_churn(said)) {
        let reasons = prediction.factors.iter();
        let known = reasons.filter(|factor| copilot_features::input_spec(&factor.name).is_some());
        fired
            .evidence
            .extend(known.map(|factor| (factor.name.clone(), factor.value)));
    }
    fired
}

/// What rules see besides features.
pub(crate) fn facts(
    input: &AssessInput<'_>,
    health: &Health,
    features: &FeatureVector,
    said: &Said,
) -> Facts {
    let snapshot = input.snapshot;
    let mut facts = Facts::default();
    let mut set = |name: &'static str, value: Option<f64>| {
        if let Some(value) = value.filter(|v| v.is_finite()) {
            facts.numbers.insert(name, value);
        }
    };
    set("h.score", health.score.map(Points::as_f64));
    set("h.coverage", Some(health.coverage));
    set("h.delta_7d", health.trend.d7.map(Points::as_f64));
    set("h.delta_30d", health.trend.d30.map(Points::as_f64));
    let month_ago = score_before(input.earlier, snapshot.today, 30)
        .map(Points::as_f64)
        .filter(|s| *s > 0.0);
    set(
        "h.drop_share_30d",
        health
            .score
            .zip(month_ago)
            .map(|(now, then)| now.as_f64() / then - 1.0),
    );
    set("h.days_low", days_low(health, input.earlier, snapshot.today));
    set("a.arr_percentile", input.arr_percentile);
    set("a.arr", features.get("arr"));
    set(
        "m.churn",
        own_churn(said).map(|prediction| prediction.probability),
    );
    set("m.cut", Some(input.alert_cut));
    facts.words.insert("h.band", health.band.as_str().to_owned());
    let touch = match snapshot.row.touch.unwrap_or_default() {
        Touch::High => "high",
        Touch::Mid => "mid",
        Touch::Digital => "digital",
    };
    facts.words.insert("a.touch", touch.to_owned());
    let kind = match features.get("transactional") {
        Some(1.0) => AccountKind::Transactional,
        _ => AccountKind::Subscription,
    };
    facts.words.insert("a.kind", kind.as_str().to_owned());
    facts
}

/// Days that the score has been under 50 without a break; missing when it is not now, or was never before.
fn days_low(health: &Health, earlier: &[ScorePoint], today: Date) -> Option<f64> {
    let low = |band: Band| matches!(band, Band::AtRisk | Band::Critical);
    if !low(health.band) {
        return None;
    }
    let mut points: Vec<&ScorePoint> = earlier.iter().filter(|p| p.day < today).collect();
    points.sort_by_key(|p| std::cmp::Reverse(p.day));
    let first = points.into_iter().take_while(|p| low(p.band)).last()?;
    Some(f64::from(days_between(first.day, today)))
}

/// What the tenant's own models say, what the shipped one says where they do not, the rules' predictions beside them, and
/// what was not available.
fn predictions(
    at: Timestamp,
    health: &Health,
    features: &FeatureVector,
    said: Said,
    shipped: Model,
) -> (Vec<Prediction>, Vec<String>) {
    let mut out = said.predictions;
    let mut missing: Vec<String> = Vec::new();
    if said.failed {
        missing.push("model_failed".to_owned());
    }
    let has_own = out.iter().any(|p| p.kind == PredictionKind::Churn && !p.shadow);
    let note = match said.abstained.get(&PredictionKind::Churn) {
        _ if has_own => None,
        Some(why) => {
            missing.push("model_does_not_apply".to_owned());
            Some(why.clone())
        }
        None => from_shipped(shipped, &mut out, &mut missing),
    };
    match by_rules(health, features, at, note) {
        Some(prediction) => out.push(prediction),
        None => missing.push("no_score".to_owned()),
    }
    out.extend(mapping::downgrade(features, at));
    out.extend(mapping::payment(features, at));
    let groups = [
        ("no_usage", features.get("usage_known") == Some(1.0)),
        ("no_activities", features.get("meetings_total").is_some()),
        ("no_contacts", features.get("contacts_known").is_some()),
        ("no_tickets", features.get("tickets_30d").is_some()),
        ("no_surveys", features.get("survey_score").is_some()),
        ("no_invoices", features.get("invoices_overdue").is_some()),
        ("no_mrr", features.get("mrr").is_some()),
    ];
    missing.extend(
        groups
            .into_iter()
            .filter(|(_, known)| !known)
            .map(|(name, _)| name.to_owned()),
    );
    (out, missing)
}

/// The shipped model's answer, or why there is none: a word for `missing` and a note for the rules' prediction.
fn from_shipped(shipped: Model, out: &mut Vec<Prediction>, missing: &mut Vec<String>) -> Option<String> {
    let (word, note) = match shipped {
        Model::Says(prediction) => {
            out.push(*prediction);
            return None;
        }
        Model::Abstains(why) => ("model_does_not_apply", why),
        Model::None => ("no_model", "no model is loaded".to_owned()),
        Model::Failed => ("model_failed", "the model failed; these are the rules".to_owned()),
    };
    if !missing.iter().any(|said| said == word) {
        missing.push(word.to_owned());
    }
    Some(note)
}
