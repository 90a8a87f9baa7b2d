//! The life cycle of alerts, as a pure function from (states, what fires now) to (changes, states).
//!
//! * A key (rule, subject) opens on entry; while it holds it is updated, not opened again. After it closed, it may
//!   open again once it was clear in between, or its dismissal has lapsed, and its cooldown is over.
//! * Two clear scorings in a row resolve it. A scoring counts only when the instant moved on or the facts changed:
//!   the same evaluation again changes nothing, and one of an earlier instant is ignored.
//! * The cooldown runs from when the last episode closed.

use std::collections::{BTreeMap, BTreeSet};

use copilot_domain::alert::{
    Alert, AlertAccount, AlertResolution, AlertStatus, AlertType, AlertUpdate, PriorityWhy, RuleState,
    RuleStates, Severity, SuggestedAction,
};
use copilot_domain::health::EvaluationId;
use copilot_domain::time::Timestamp;
use copilot_domain::{AlertId, TenantId};
use jiff::civil::Date;

use crate::episode::{ahead, back, blank, fingerprint, start, why_again};
use crate::rules::{Audience, Fired, RuleSet, RuleSpec};
use crate::severity::{priority, severity};

/// Clear scorings in a row that resolve an alert.
pub const CLEAR_TO_RESOLVE: u32 = 2;
/// Days within which signals count as company of each other.
const COMPANY_DAYS: i32 = 14;
/// Days from the first look at an account in which signals are found, not seen to begin: its data may still be
/// coming in, and how long they have lasted is not known. They keep no company.
const FIRST_LOOK_DAYS: u32 = 1;

/// Whether an account is still looked at for the first time: what is found now was not seen to begin.
pub fn is_first_look(judged_since: Option<Timestamp>, at: Timestamp) -> bool {
    judged_since.is_some_and(|since| at < ahead(since, FIRST_LOOK_DAYS))
}

/// What the life cycle needs to know besides the states and what fires.
#[derive(Debug, Clone, Copy)]
pub struct AlertContext<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The account as alerts show it.
    pub account: &'a AlertAccount,
    /// Which scoring this is.
    pub evaluation: &'a EvaluationId,
    /// The rules.
    pub rules: &'a RuleSet,
    /// The day scored, in the tenant's zone.
    pub today: Date,
    /// Where the account's ARR stands among the tenant's, 0 to 1.
    pub arr_percentile: Option<f64>,
    /// Days until the renewal.
    pub days_to_renewal: Option<i32>,
    /// Whether opportunities may be raised at all, risks aside.
    pub opportunity_gate: bool,
    /// Rules that the storm guard holds: they open nothing.
    pub held: &'a BTreeSet<String>,
    /// When rules first spoke of the account.
    pub judged_since: Option<Timestamp>,
}

/// What a scoring does to alerts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transitions {
    /// New alerts.
    pub opened: Vec<Alert>,
    /// Changes of live alerts.
    pub updated: Vec<AlertUpdate>,
    /// Alerts that closed by themselves.
    pub resolved: Vec<AlertResolution>,
    /// The states that changed and are to be stored.
    pub changed: Vec<RuleState>,
    /// All states after the scoring.
    pub states: RuleStates,
    /// Rules that would have opened an alert but are held by the storm guard.
    pub held: Vec<String>,
}

/// Moves the states on by one evaluation.
pub fn advance(states: &RuleStates, fired: &[Fired], context: &AlertContext<'_>) -> Transitions {
    let mut out = Transitions {
        states: states.clone(),
        ..Transitions::default()
    };
    let (risks, chances): (Vec<&Fired>, Vec<&Fired>) = fired.iter().partition(|f| {
        context
            .rules
            .spec(&f.rule)
            .is_none_or(|s| s.rule_type == AlertType::Risk)
    });
    step(&mut out, &risks, AlertType::Risk, context);
    // Risks first: an opportunity waits while a high or critical risk or an urgent ticket is open.
    let worst = out
        .states
        .live()
        .filter(|s| s.alert_type == AlertType::Risk)
        .map(|s| s.severity)
        .max();
    let open = context.opportunity_gate && worst.is_none_or(|severity| severity < Severity::High);
    step(
        &mut out,
        if open { &chances } else { &[] },
        AlertType::Opportunity,
        context,
    );
    out
}

fn step(out: &mut Transitions, fired: &[&Fired], kind: AlertType, context: &AlertContext<'_>) {
    let as_of = context.evaluation.as_of;
    let mut keys: BTreeMap<(String, String), Option<&Fired>> = out
        .states
        .0
        .iter()
        .filter(|(_, s)| s.alert_type == kind)
        .map(|(key, _)| (key.clone(), None))
        .collect();
    for f in fired {
        keys.insert((f.rule.clone(), f.subject.clone()), Some(f));
    }
    let counts = |rule: &str| {
        context
            .rules
            .spec(rule)
            .is_some_and(|s| s.audience == Audience::Csm)
    };
    let fresh = |state: Option<&RuleState>| {
        let began = state.and_then(|s| s.opened_at).unwrap_or(as_of);
        began >= back(as_of, COMPANY_DAYS) && !is_first_look(context.judged_since, began)
    };
    let company: BTreeSet<String> = keys
        .iter()
        .filter(|((rule, subject), f)| {
            let state = out.states.get(rule, subject);
            let live = state.and_then(|s| s.status).is_none_or(AlertStatus::is_live);
            f.is_some() && counts(rule) && live && fresh(state) && kind == AlertType::Risk
        })
        .map(|((rule, _), _)| rule.clone())
        .collect();
    for ((rule, subject), now) in keys {
        let state = out.states.get(&rule, &subject).cloned();
        let older = |s: &RuleState| s.evaluation.as_of > as_of || s.evaluation == *context.evaluation;
        if state.as_ref().is_some_and(older) {
            continue;
        }
        let Some(spec) = context.rules.spec(&rule) else {
            continue;
        };
        let next = match now {
            Some(fired) => hold(out, state, spec, fired, &company, context),
            None => state
                .filter(|s| s.firing || s.status.is_some_and(AlertStatus::is_live))
                .map(|s| clear(out, s, context)),
        };
        if let Some(next) = next {
            out.changed.push(next.clone());
            out.states.0.insert((rule, subject), next);
        }
    }
}

/// What a rule that holds amounts to now.
struct Weight {
    severity: Severity,
    severity_why: Vec<String>,
    priority: f64,
    priority_why: PriorityWhy,
}

impl Weight {
    fn of(spec: &RuleSpec, fired: &Fired, company: &BTreeSet<String>, context: &AlertContext<'_>) -> Self {
        let (severity, severity_why) = match spec.rule_type {
            AlertType::Risk if spec.audience == Audience::Csm => {
                severity(fired.severity, company.len(), context.days_to_renewal)
            }
            _ => (fired.severity, Vec::new()),
        };
        let (priority, priority_why) = priority(severity, context.arr_percentile, context.days_to_renewal);
        Self {
            severity,
            severity_why,
            priority,
            priority_why,
        }
    }
}

/// The condition holds.
fn hold(
    out: &mut Transitions,
    state: Option<RuleState>,
    spec: &RuleSpec,
    fired: &Fired,
    company: &BTreeSet<String>,
    context: &AlertContext<'_>,
) -> Option<RuleState> {
    let evidence = fingerprint(fired, context.today);
    let mut state = state.unwrap_or_else(|| blank(spec, fired, context.evaluation));
    state.clear_count = 0;
    state.last_seen_at = Some(context.evaluation.as_of);
    let weight = Weight::of(spec, fired, company, context);
    let severity = weight.severity;
    if state.status.is_some_and(AlertStatus::is_live) {
        let update = update(&mut state, fired, weight, company, context)?;
        out.updated.push(update);
        state.severity = severity;
    } else if may_open(&state, &evidence, spec, out, context) {
        out.opened
            .push(open(&mut state, spec, fired, weight, company, context));
        state.severity = severity;
    }
    // Where it may not open, it is remembered as holding, and closed.
    state.firing = true;
    state.evidence = evidence;
    state.evaluation = context.evaluation.clone();
    Some(state)
}

/// A live alert is seen again.
fn update(
    state: &mut RuleState,
    fired: &Fired,
    weight: Weight,
    company: &BTreeSet<String>,
    context: &AlertContext<'_>,
) -> Option<AlertUpdate> {
    let as_of = context.evaluation.as_of;
    let woke =
        state.status == Some(AlertStatus::Snoozed) && state.snoozed_until.is_none_or(|until| until <= as_of);
    if woke {
        state.status = Some(AlertStatus::Open);
        state.snoozed_until = None;
    }
    let renotify = why_again(state, weight.severity, company, woke, as_of);
    if renotify.is_some() {
        state.last_notified_at = Some(as_of);
        state.correlated = company.iter().cloned().collect();
    }
    state.seen_count += 1;
    Some(AlertUpdate {
        id: state.alert?,
        rule: state.rule.clone(),
        status: state.status.unwrap_or(AlertStatus::Open),
        title: fired.title.clone(),
        account: context.account.clone(),
        severity: weight.severity,
        base_severity: fired.severity,
        severity_why: weight.severity_why,
        priority: weight.priority,
        priority_why: weight.priority_why,
        last_seen_at: as_of,
        seen_count: state.seen_count,
        clauses: fired.clauses.clone(),
        evidence: fired.evidence.clone(),
        renotify,
    })
}

/// A new episode opens.
fn open(
    state: &mut RuleState,
    spec: &RuleSpec,
    fired: &Fired,
    weight: Weight,
    company: &BTreeSet<String>,
    context: &AlertContext<'_>,
) -> Alert {
    let as_of = context.evaluation.as_of;
    start(state, as_of, company);
    let (account, episode) = (context.account.id.to_string(), state.episode.to_string());
    let id = AlertId::derived(&[
        context.tenant.as_str(),
        &account,
        &spec.id,
        &fired.subject,
        &episode,
    ]);
    state.alert = Some(id);
    Alert {
        id,
        alert_type: spec.rule_type,
        rule: spec.id.clone(),
        rule_name: spec.name.clone(),
        title: fired.title.clone(),
        account: context.account.clone(),
        subject: fired.subject.clone(),
        episode: state.episode,
        severity: weight.severity,
        base_severity: fired.severity,
        severity_why: weight.severity_why,
        priority: weight.priority,
        priority_why: weight.priority_why,
        status: AlertStatus::Open,
        assignee: context.account.owner.clone(),
        opened_at: as_of,
        last_seen_at: as_of,
        seen_count: 1,
        snoozed_until: None,
        acknowledged_at: None,
        acknowledged_by: None,
        resolved_at: None,
        resolve_reason: None,
        dismiss_reason: None,
        clauses: fired.clauses.clone(),
        evidence: fired.evidence.clone(),
        suggested_actions: vec![SuggestedAction {
            title: spec.action.clone(),
            playbook: spec.playbook.clone(),
        }],
        feedback: Vec::new(),
    }
}

/// Whether a closed or new key may open an episode now.
fn may_open(
    state: &RuleState,
    evidence: &str,
    spec: &RuleSpec,
    out: &mut Transitions,
    context: &AlertContext<'_>,
) -> bool {
    let as_of = context.evaluation.as_of;
    let dismissed = state.status == Some(AlertStatus::Dismissed);
    if state.suppressed_until.is_some_and(|until| until > as_of) {
        return false;
    }
    if state.suppressed_evidence.as_deref() == Some(evidence) {
        return false;
    }
    // Closed by a human while it still held: it is the same entry until it was clear in between.
    if state.shut {
        return false;
    }
    let cooled = state
        .closed_at
        .is_none_or(|at| as_of >= ahead(at, spec.cooldown_days));
    if !cooled && !dismissed {
        return false;
    }
    // A snoozed sibling (same rule, other subject) covers this one.
    let snoozed = out.states.live().any(|s| {
        s.rule == spec.id
            && s.status == Some(AlertStatus::Snoozed)
            && s.snoozed_until.is_some_and(|until| until > as_of)
    });
    if snoozed {
        return false;
    }
    if context.held.contains(&spec.id) {
        out.held.push(spec.id.clone());
        return false;
    }
    true
}

/// The condition does not hold.
fn clear(out: &mut Transitions, mut state: RuleState, context: &AlertContext<'_>) -> RuleState {
    let as_of = context.evaluation.as_of;
    state.clear_count = state.clear_count.saturating_add(1);
    state.evaluation = context.evaluation.clone();
    if state.clear_count >= CLEAR_TO_RESOLVE {
        state.firing = false;
        state.shut = false;
        if let Some(id) = state
            .alert
            .filter(|_| state.status.is_some_and(AlertStatus::is_live))
        {
            let withdrawn = state.alert_type == AlertType::Opportunity && !context.opportunity_gate;
            let reason = if withdrawn { "withdrawn" } else { "recovered" }.to_owned();
            out.resolved.push(AlertResolution {
                id,
                rule: state.rule.clone(),
                at: as_of,
                reason,
            });
            state.status = Some(AlertStatus::Resolved);
            state.closed_at = Some(as_of);
            state.snoozed_until = None;
        }
    }
    state
}
