//! Threshold rules as data: conditions in CEL over features, health and account, compiled once.
//!
//! A rule holds alternatives; it fires when in any of them every clause is true. A clause that reads a feature
//! which has no value is false, never an error. Conditions see four maps: `f` (features), `h` (health: `score`,
//! `band`, `delta_7d`, `delta_30d`, `drop_share_30d`, `days_low`), `a` (account: `arr_percentile`, `touch`,
//! `profile`) and `m` (the tenant's own churn model, once it answers: `churn`, `cut`). All numbers are doubles, so constants are written with a decimal point.

use std::collections::{BTreeMap, HashMap};

use cel::{Context, Program, Value};
use copilot_domain::alert::{AlertType, Clause, Severity};
use copilot_features::FeatureVector;
use serde::{Deserialize, Serialize};

use crate::text::fill;

/// Whom a rule's alerts are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The account's CSM.
    #[default]
    Csm,
    /// Nobody at once: the hygiene list. Neither raises other alerts nor is raised.
    Hygiene,
}

/// How an account buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountKind {
    /// By contract, seats or subscription, or it is not known how.
    Subscription,
    /// By invoice, without any of them: weeks between two orders are its ordinary life.
    Transactional,
}

impl AccountKind {
    /// As the conditions see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::Transactional => "transactional",
        }
    }
}

/// A clause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClauseSpec {
    /// The condition.
    pub when: String,
    /// The feature (or `h.…`, `a.…`) whose value is shown.
    #[serde(default)]
    pub value: Option<String>,
    /// What it is held against.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// Where that is a setting: the name whose value it is, e.g. `m.cut`.
    #[serde(default)]
    pub threshold_is: Option<String>,
    /// In words.
    pub text: String,
}

/// One way for a rule to fire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// Another severity than the rule's own.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Another title than the rule's own.
    #[serde(default)]
    pub title: Option<String>,
    /// The label that names the subject; `account` where absent.
    #[serde(default)]
    pub subject: Option<String>,
    /// All must hold.
    pub all: Vec<ClauseSpec>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// Id, e.g. `R01`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Risk or opportunity.
    #[serde(rename = "type")]
    pub rule_type: AlertType,
    /// Severity of a risk; of an opportunity, how soon to look.
    pub severity: Severity,
    /// Strength of an opportunity's signal.
    #[serde(default)]
    pub strength: f64,
    /// Days after an alert closed before the same key may open again.
    pub cooldown_days: u32,
    /// Whom it is for.
    #[serde(default)]
    pub audience: Audience,
    /// Kinds of account that it leaves alone.
    #[serde(default)]
    pub not_for: Vec<AccountKind>,
    /// The playbook that answers it.
    pub playbook: Option<String>,
    /// The title of its alerts.
    pub title: String,
    /// What to do first.
    pub action: String,
    /// The ways to fire.
    pub any: Vec<Alternative>,
}

impl RuleSpec {
    /// The whole condition as one CEL expression.
    pub fn expression(&self) -> String {
        let all = |a: &Alternative| {
            a.all
                .iter()
                .map(|c| c.when.as_str())
                .collect::<Vec<_>>()
                .join(" && ")
        };
        let any = match self.any.as_slice() {
            [one] => all(one),
            many => many
                .iter()
                .map(|a| format!("({})", all(a)))
                .collect::<Vec<_>>()
                .join(" || "),
        };
        if self.not_for.is_empty() {
            return any;
        }
        let spared: Vec<String> = self
            .not_for
            .iter()
            .map(|kind| format!("\"{}\"", kind.as_str()))
            .collect();
        format!("!(a.kind in [{}]) && ({any})", spared.join(", "))
    }

    /// Whether it leaves an account of these facts alone.
    fn spares(&self, facts: &Facts) -> bool {
        let kind = facts.words.get("a.kind");
        kind.is_some_and(|kind| self.not_for.iter().any(|spared| spared.as_str() == kind))
    }
}

/// A set of rules that does not hold together.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Not the JSON it should be.
    #[error("rules do not read")]
    Json(#[from] serde_json::Error),
    /// A condition that is not CEL.
    #[error("rule {rule}: `{condition}` is not a condition: {reason}")]
    Condition {
        /// The rule.
        rule: String,
        /// Its condition.
        condition: String,
        /// What the compiler says.
        reason: String,
    },
    /// A condition or a text reads a feature that does not exist.
    #[error("rule {rule} reads {feature}, which is no feature")]
    UnknownFeature {
        /// The rule.
        rule: String,
        /// What it reads.
        feature: String,
    },
}

struct CompiledRule {
    spec: RuleSpec,
    /// Programs by alternative and clause.
    programs: Vec<Vec<Program>>,
    features: Vec<String>,
}

/// Rules, compiled.
pub struct RuleSet {
    rules: Vec<CompiledRule>,
}

impl std::fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleSet")
            .field("rules", &self.rules.len())
            .finish()
    }
}

/// What the conditions see besides the features.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Numbers by name, as `h.score`.
    pub numbers: BTreeMap<&'static str, f64>,
    /// Words by name, as `h.band`.
    pub words: BTreeMap<&'static str, String>,
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// The rule's id.
    pub rule: String,
    /// What it is about.
    pub subject: String,
    /// The highest severity of the alternatives that hold.
    pub severity: Severity,
    /// In one line.
    pub title: String,
    /// Every clause with what it saw, those of the alternatives that hold first.
    pub clauses: Vec<Clause>,
    /// The features that the rule reads.
    pub evidence: BTreeMap<String, Option<f64>>,
}

/// The subject of rules that are about the account as a whole.
pub const ACCOUNT_SUBJECT: &str = "account";

impl RuleSet {
    /// The rules that are shipped: `shared/scoring/rules/*.json`.
    ///
    /// # Errors
    /// None in a build whose tests passed: they load them.
    pub fn shipped() -> Result<Self, RuleError> {
        let mut specs: Vec<RuleSpec> = serde_json::from_str(include_str!("../rules/risk.json"))?;
        specs.extend(serde_json::from_str::<Vec<RuleSpec>>(include_str!(
            "../rules/opportunity.json"
        ))?);
        Self::compile(specs)
    }

    /// Compiles rules and checks that they read features that exist.
    ///
    /// # Errors
    /// [`RuleError`] naming the rule and what is wrong with it.
    pub fn compile(specs: Vec<RuleSpec>) -> Result<Self, RuleError> {
        let mut rules = Vec::with_capacity(specs.len());
        for spec in specs {
            let mut programs = Vec::with_capacity(spec.any.len());
            for alternative in &spec.any {
                let compiled: Result<Vec<Program>, RuleError> = alternative
                    .all
                    .iter()
                    .map(|clause| compile_clause(&spec.id, clause))
                    .collect();
                programs.push(compiled?);
            }
            let features = features_read(&spec)?;
            rules.push(CompiledRule {
                spec,
                programs,
                features,
            });
        }
        Ok(Self { rules })
    }

    /// The rules.
    pub fn specs(&self) -> impl Iterator<Item = &RuleSpec> {
        self.rules.iter().map(|rule| &rule.spec)
    }

    /// A rule by id.
    pub fn spec(&self, id: &str) -> Option<&RuleSpec> {
        self.specs().find(|spec| spec.id == id)
    }

    /// Evaluates every rule; gives those that fire.
    pub fn evaluate(&self, features: &FeatureVector, facts: &Facts) -> Vec<Fired> {
        let context = context(features, facts);
        self.rules
            .iter()
            .filter(|rule| !rule.spec.spares(facts))
            .filter_map(|rule| rule.evaluate(&context, features, facts))
            .collect()
    }
}

impl CompiledRule {
    fn evaluate(&self, context: &Context<'_, '_>, features: &FeatureVector, facts: &Facts) -> Option<Fired> {
        let held: Vec<Vec<bool>> = self
            .programs
            .iter()
            .map(|all| {
                all.iter()
                    .map(|p| p.execute(context) == Ok(Value::Bool(true)))
                    .collect()
            })
            .collect();
        let fires: Vec<bool> = held.iter().map(|clauses| clauses.iter().all(|h| *h)).collect();
        let severity = |at: usize| self.spec.any[at].severity.unwrap_or(self.spec.severity);
        // The worst of the alternatives that hold speaks; of equals, the first.
        let speaks = (0..fires.len())
            .filter(|at| fires[*at])
            .max_by_key(|at| (severity(*at), std::cmp::Reverse(*at)))?;
        let number = |name: &str| lookup(name, features, facts);
        let word = |name: &str| {
            features
                .label(name)
                .map(str::to_owned)
                .or_else(|| facts.words.get(name).cloned())
        };
        let alternative = &self.spec.any[speaks];
        let mut order: Vec<usize> = (0..fires.len()).collect();
        order.sort_by_key(|at| (*at != speaks, !fires[*at], *at));
        let mut clauses: Vec<Clause> = Vec::new();
        for at in order {
            for (clause, holds) in self.spec.any[at].all.iter().zip(&held[at]) {
                if clauses.iter().any(|c| c.expression == clause.when) {
                    continue;
                }
                clauses.push(Clause {
                    expression: clause.when.clone(),
                    text: fill(&clause.text, number, word),
                    value: clause.value.as_deref().and_then(number),
                    threshold: clause
                        .threshold
                        .or_else(|| clause.threshold_is.as_deref().and_then(number)),
                    holds: *holds,
                });
            }
        }
        let subject = alternative
            .subject
            .as_deref()
            .and_then(word)
            .unwrap_or_else(|| ACCOUNT_SUBJECT.to_owned());
        Some(Fired {
            rule: self.spec.id.clone(),
            subject,
            severity: severity(speaks),
            title: fill(
                alternative.title.as_ref().unwrap_or(&self.spec.title),
                number,
                word,
            ),
            clauses,
            evidence: self
                .features
                .iter()
                .map(|name| (name.clone(), number(name)))
                .collect(),
        })
    }
}

fn lookup(name: &str, features: &FeatureVector, facts: &Facts) -> Option<f64> {
    features.get(name).or_else(|| facts.numbers.get(name).copied())
}

fn context<'a>(features: &FeatureVector, facts: &Facts) -> Context<'a, 'a> {
    let mut context = Context::default();
    let f: HashMap<String, Value> = features
        .values()
        .map(|(name, value)| (name.to_owned(), Value::Float(value)))
        .collect();
    let part = |prefix: &str| -> HashMap<String, Value> {
        let strip = |name: &str| name.strip_prefix(prefix).map(str::to_owned);
        let numbers = facts
            .numbers
            .iter()
            .filter_map(|(n, v)| strip(n).map(|n| (n, Value::Float(*v))));
        let words = facts
            .words
            .iter()
            .filter_map(|(n, v)| strip(n).map(|n| (n, Value::from(v.as_str()))));
        numbers.chain(words).collect()
    };
    context.add_variable_from_value("f", f);
    context.add_variable_from_value("h", part("h."));
    context.add_variable_from_value("a", part("a."));
    context.add_variable_from_value("m", part("m."));
    context
}

fn compile_clause(rule: &str, clause: &ClauseSpec) -> Result<Program, RuleError> {
    Program::compile(&clause.when).map_err(|e| RuleError::Condition {
        rule: rule.to_owned(),
        condition: clause.when.clone(),
        reason: e.to_string(),
    })
}

/// The features that a rule reads, in the order of their names; refuses those that do not exist.
fn features_read(spec: &RuleSpec) -> Result<Vec<String>, RuleError> {
    let mut names = std::collections::BTreeSet::new();
    for clause in spec.any.iter().flat_map(|a| &a.all) {
        let mut rest = clause.when.as_str();
        while let Some(at) = rest.find("f.") {
            let boundary = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            rest = &rest[at + 2..];
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            if boundary {
                names.insert(rest[..end].to_owned());
            }
        }
        names.extend(clause.value.iter().filter(|v| !v.contains('.')).cloned());
    }
    let unknown = names.iter().find(|name| copilot_features::spec(name).is_none());
    match unknown {
        Some(name) => Err(RuleError::UnknownFeature {
            rule: spec.id.clone(),
            feature: name.clone(),
        }),
        None => Ok(names.into_iter().collect()),
    }
}
