//! Opportunities: the sum of the signals that fire, weighed by health, and the gate before them.

use copilot_domain::alert::AlertType;
use copilot_domain::health::Points;
use copilot_domain::opportunity::{Opportunity, OpportunitySignal, OpportunityStage};
use copilot_domain::time::Timestamp;
use copilot_domain::{AccountId, Money, TenantId};
use copilot_features::FeatureVector;

use crate::rules::{Fired, RuleSet};

/// The lowest score at which opportunities are looked for.
pub const GATE: Points = Points::from_milli(70_000);

/// Whether opportunities may be raised, risks aside: a score of 70 and more, no urgent ticket, older than 30 days.
pub fn gate(score: Option<Points>, features: &FeatureVector) -> bool {
    let calm = features.get("urgent_open").is_none_or(|n| n <= 0.0);
    let settled = features.get("account_age_days").is_none_or(|days| days >= 30.0);
    score.is_some_and(|score| score >= GATE) && calm && settled
}

/// 0.8 from 70, 1.0 above 80, 1.2 above 90.
pub fn health_factor(score: Points) -> f64 {
    match score.milli() {
        ..=80_000 => 0.8,
        80_001..=90_000 => 1.0,
        _ => 1.2,
    }
}

/// Adds up the opportunity signals that are live; `None` when there are none.
pub fn combine(
    tenant: &TenantId,
    account: AccountId,
    rules: &RuleSet,
    live: &[&Fired],
    score: Points,
    arr: Option<Money>,
    at: Timestamp,
) -> Option<Opportunity> {
    let mut signals: Vec<OpportunitySignal> = Vec::new();
    let mut playbook = None;
    for fired in live {
        let Some(spec) = rules
            .spec(&fired.rule)
            .filter(|s| s.rule_type == AlertType::Opportunity)
        else {
            continue;
        };
        let evidence = fired
            .clauses
            .iter()
            .filter(|c| c.holds)
            .map(|c| c.text.as_str())
            .collect::<Vec<_>>()
            .join("; ");
        signals.push(OpportunitySignal {
            rule: spec.id.clone(),
            name: spec.name.clone(),
            strength: spec.strength,
            evidence,
        });
        playbook = playbook.or_else(|| spec.playbook.clone());
    }
    signals.sort_by(|a, b| {
        b.strength
            .total_cmp(&a.strength)
            .then_with(|| a.rule.cmp(&b.rule))
    });
    let title = signals.first()?.name.clone();
    let sum: f64 = signals.iter().map(|s| s.strength).sum();
    // A third of ARR for signals of growth (O04, O05): the only value that the rules state in money.
    let grows = signals.iter().any(|s| s.rule == "O04" || s.rule == "O05");
    let value = arr.filter(|_| grows).map(|arr| Money {
        amount_minor: arr.amount_minor * 3 / 10,
        currency: arr.currency,
    });
    Some(Opportunity {
        id: Opportunity::id_of(tenant, account, 1),
        account,
        episode: 1,
        title,
        signals,
        score: (sum * health_factor(score) * 100.0).round() / 100.0,
        value,
        expected: None,
        stage: OpportunityStage::Identified,
        playbook,
        opened_at: at,
        last_seen_at: at,
        closed_at: None,
    })
}
