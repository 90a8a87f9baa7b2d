//! What is tested, ready to be asked about an account on a past day.

use std::collections::BTreeSet;
use std::sync::Arc;

use copilot_aws::models::{CARD, MODEL, ModelFiles, VALIDATED, VALIDATED_CARD};
use copilot_aws::{models, profiles as store};
use copilot_domain::alert::AlertType;
use copilot_domain::backtest::{SHIPPED_MODEL, Subject};
use copilot_domain::health::{Band, Health, Points, ScorePoint};
use copilot_domain::ids::TenantId;
use copilot_domain::prediction::{Prediction, PredictionKind};
use copilot_domain::time::shift;
use copilot_learning::backtest::{Side, Stand, WINDOW_DAYS};
use copilot_pipeline::models::load;
use copilot_pipeline::{Scorer, TenantView};
use copilot_scoring::Engine;
use copilot_scoring::assess::rules_probability;
use copilot_scoring::dry_run::DryRun;
use copilot_scoring::learnt::LearntModel;
use copilot_scoring::learnt_card::ModelEntry;
use copilot_scoring::profile_set::{ProfileSet, SHIPPED};
use copilot_scoring::profiles::Profiles;
use copilot_scoring::rules::{Audience, RuleSpec};
use jiff::civil::Date;
use serde_json::Value;

use crate::run::TrainingError;

/// Reasons that are kept.
const REASONS: usize = 3;

/// Who says something of an account.
enum Sayer {
    /// A set of profiles, by its bands.
    Profiles(Arc<Profiles>),
    /// The rules of these ids.
    Rules(BTreeSet<String>),
    /// The rules' own probability.
    Mapping,
    /// A learnt model.
    Learnt(Box<LearntModel>),
    /// The shipped model.
    Shipped,
}

/// The sides of a backtest.
pub(super) struct Sides {
    /// What is tested for.
    pub(super) kind: PredictionKind,
    /// The first day that a model was not trained on.
    pub(super) unseen_from: Option<Date>,
    /// What to know when reading the result.
    pub(super) notes: Vec<String>,
    published: Arc<Profiles>,
    cut: f64,
    all: Vec<(Side, Sayer)>,
}

/// The rules whose alerts tell a CSM of a risk.
pub(super) fn told_rules(engine: &Engine) -> impl Iterator<Item = &RuleSpec> {
    let is_told = |spec: &&RuleSpec| spec.rule_type == AlertType::Risk && spec.audience == Audience::Csm;
    engine.rules.specs().filter(is_told)
}

impl Sides {
    /// What is tested, and beside it what scores go by now.
    ///
    /// # Errors
    /// [`TrainingError::Subject`] when it is not there or does not load.
    pub(super) async fn of(
        scorer: &Scorer,
        files: &ModelFiles,
        tenant: &TenantId,
        settings: &TenantView,
        subject: &Subject,
    ) -> Result<Self, TrainingError> {
        let mut sides = Self {
            kind: subject.kind(),
            unseen_from: None,
            notes: Vec::new(),
            published: settings.profiles.clone(),
            cut: settings.serving.alert_cut,
            all: Vec::new(),
        };
        match subject {
            Subject::Published => {}
            Subject::Draft => sides.draft(scorer, tenant).await?,
            Subject::Version { version } => {
                let profiles = of_version(scorer, tenant, *version).await?;
                sides.profiles(subject.to_string(), Arc::new(profiles));
            }
            Subject::Rules { with_muted } => sides.rules(scorer.engine(), settings, *with_muted),
            Subject::Model { kind, version }
                if *kind == PredictionKind::Churn && version == SHIPPED_MODEL =>
            {
                sides.push("churn model as shipped".to_owned(), Sayer::Shipped);
            }
            Subject::Model { version, .. } => sides.model(scorer, files, tenant, version).await?,
        }
        match sides.kind {
            PredictionKind::Churn => {
                let version = settings.profiles.profiles.first().map_or(SHIPPED, |p| p.version);
                sides.profiles(
                    format!("published profiles, version {version}"),
                    settings.profiles.clone(),
                );
            }
            PredictionKind::Downgrade | PredictionKind::Payment => {
                sides.push("rules that are shipped".to_owned(), Sayer::Mapping);
            }
            PredictionKind::Expansion | PredictionKind::Revenue => {}
        }
        Ok(sides)
    }

    fn push(&mut self, name: String, sayer: Sayer) {
        let has_probabilities = matches!(sayer, Sayer::Learnt(_) | Sayer::Shipped | Sayer::Mapping);
        let flags = match &sayer {
            Sayer::Profiles(_) => "at risk or critical".to_owned(),
            Sayer::Rules(rules) => format!("any of {} risk rules holds", rules.len()),
            _ => format!("a probability of {:.2} or more, the tenant's cut", self.cut),
        };
        let side = Side {
            name,
            flags,
            has_probabilities,
        };
        self.all.push((side, sayer));
    }

    fn profiles(&mut self, name: String, profiles: Arc<Profiles>) {
        self.push(name, Sayer::Profiles(profiles));
    }

    async fn draft(&mut self, scorer: &Scorer, tenant: &TenantId) -> Result<(), TrainingError> {
        let (draft, _) = store::draft(scorer.table(), tenant).await?;
        let draft = draft.and_then(|draft| Some((draft.set?, draft.saved_at)));
        let (set, saved_at) = draft.ok_or_else(|| missing("there is no draft of the profiles any more"))?;
        let saved = saved_at.strftime("%Y-%m-%d %H:%M UTC");
        self.profiles(
            format!("draft, saved {saved}"),
            Arc::new(built(scorer, set, 0, "the draft")?),
        );
        self.notes.push(
            "a draft whose weights were chosen by looking at this very history looks better here than it will do".to_owned(),
        );
        Ok(())
    }

    fn rules(&mut self, engine: &Engine, settings: &TenantView, with_muted: bool) {
        let muted = settings.serving.muted_rules();
        let counted = told_rules(engine)
            .map(|spec| spec.id.clone())
            .filter(|id| with_muted || !muted.contains(id))
            .collect();
        let name = Subject::Rules { with_muted }.to_string();
        self.push(name, Sayer::Rules(counted));
    }

    async fn model(
        &mut self,
        scorer: &Scorer,
        files: &ModelFiles,
        tenant: &TenantId,
        version: &str,
    ) -> Result<(), TrainingError> {
        let kind = self.kind;
        let entry: Option<ModelEntry> = models::version(scorer.table(), tenant, kind, version).await?;
        let entry = entry.ok_or_else(|| missing(&format!("there is no {kind} model {version}")))?;
        let place = (kind, version);
        // What answers was trained on all months. Its twin that left the newest ones out can be tested on them.
        let trained = entry
            .validation
            .as_ref()
            .and_then(|v| v.train_cutoffs.last().copied());
        let names = if trained.is_some() {
            (VALIDATED, VALIDATED_CARD)
        } else {
            (MODEL, CARD)
        };
        let model = load(files, tenant, place, names).await?;
        let model = model.ok_or_else(|| missing(&format!("the {kind} model {version} does not load")))?;
        if let Some(last) = trained {
            let unseen = shift(last, i32::try_from(WINDOW_DAYS).unwrap_or(i32::MAX));
            self.unseen_from = Some(unseen);
            self.notes.push(format!(
                "the model was trained on months up to {last}; only looks from {unseen} on are counted, by its twin that has not seen them"
            ));
        } else {
            self.notes.push(
                "the model came from outside; whether it was trained on these very months is not known, and if it was, its figures flatter".to_owned(),
            );
        }
        self.push(format!("{kind} model {version}"), Sayer::Learnt(Box::new(model)));
        Ok(())
    }

    /// The sides by name.
    pub(super) fn named(&self) -> Vec<Side> {
        self.all.iter().map(|(side, _)| side.clone()).collect()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The rules that hold for an account by the profiles tested, of those that tell a CSM.
    pub(super) fn fired(&self, engine: &Engine, run: &DryRun<'_>, earlier: &[ScorePoint]) -> Vec<String> {
        let profiles = match self.all.first() {
            Some((_, Sayer::Profiles(profiles))) => profiles,
            _ => &self.published,
        };
        let health = run.health(profiles, earlier);
        told(engine, run, &health, earlier)
    }

    /// What each side says of an account, with its reasons where they are wanted, and the score of each side.
    pub(super) fn stands(
        &self,
        engine: &Engine,
        run: &DryRun<'_>,
        earlier: &[Vec<ScorePoint>],
        with_reasons: bool,
    ) -> Vec<(Stand, Health)> {
        let sides = self.all.iter().zip(earlier);
        sides
            .map(|((_, sayer), earlier)| {
                let profiles = match sayer {
                    Sayer::Profiles(profiles) => profiles,
                    _ => &self.published,
                };
                let health = run.health(profiles, earlier);
                let mut stand = Stand {
                    band: health.band,
                    score: health.score.map(Points::as_f64),
                    risk: None,
                    flagged: false,
                    rules: told(engine, run, &health, earlier),
                    reasons: Vec::new(),
                };
                let reasons = self.say(sayer, engine, run, &health, &mut stand);
                if with_reasons {
                    stand.reasons = reasons;
                }
                (stand, health)
            })
            .collect()
    }

    /// Fills in what one says; gives the reasons.
    fn say(
        &self,
        sayer: &Sayer,
        engine: &Engine,
        run: &DryRun<'_>,
        health: &Health,
        stand: &mut Stand,
    ) -> Vec<String> {
        match sayer {
            Sayer::Profiles(_) => {
                stand.risk = health.score.map(|score| 1.0 - score.as_f64() / 100.0);
                stand.flagged = matches!(health.band, Band::AtRisk | Band::Critical);
                lost_points(health)
            }
            Sayer::Rules(counted) => {
                stand.rules.retain(|rule| counted.contains(rule));
                stand.risk = Some(stand.rules.len() as f64 / counted.len().max(1) as f64);
                stand.flagged = !stand.rules.is_empty();
                if stand.flagged {
                    stand.rules.clone()
                } else {
                    vec!["no rule held".to_owned()]
                }
            }
            Sayer::Mapping => {
                stand.risk =
                    rules_probability(&self.published, run.snapshot, run.config, run.features, self.kind);
                stand.flagged = stand.risk.is_some_and(|risk| risk >= self.cut);
                Vec::new()
            }
            Sayer::Learnt(model) => {
                let said = model.predict(&[(run.features, run.snapshot.as_of)]);
                self.predicted(said.ok().and_then(|mut all| all.pop()), stand)
            }
            Sayer::Shipped => {
                let said = engine
                    .churn_model
                    .as_ref()
                    .and_then(|model| model.predict(&[(run.features, run.snapshot.as_of)]).ok());
                self.predicted(said.and_then(|mut all| all.pop()), stand)
            }
        }
    }

    /// What a model said; the reasons of it, or why it does not speak for the account.
    fn predicted(&self, said: Option<Result<Prediction, String>>, stand: &mut Stand) -> Vec<String> {
        match said {
            Some(Ok(prediction)) => {
                stand.risk = Some(prediction.probability);
                stand.flagged = prediction.probability >= self.cut;
                let named = prediction
                    .factors
                    .into_iter()
                    .filter(|factor| factor.name != "others");
                named.take(REASONS).map(|factor| factor.text).collect()
            }
            Some(Err(why)) => vec![why],
            None => vec!["the model failed".to_owned()],
        }
    }
}

/// The rules that hold, of those that tell a CSM.
fn told(engine: &Engine, run: &DryRun<'_>, health: &Health, earlier: &[ScorePoint]) -> Vec<String> {
    let is_told = |rule: &str| told_rules(engine).any(|spec| spec.id == rule);
    let fired = run
        .fired(engine, health, earlier)
        .into_iter()
        .map(|fired| fired.rule);
    let mut fired: Vec<String> = fired.filter(|rule| is_told(rule)).collect();
    fired.dedup();
    fired
}

/// The measures that cost the most points, or why there is no score.
fn lost_points(health: &Health) -> Vec<String> {
    if health.score.is_none() {
        return vec![format!(
            "no score: {:.0} % of the weight had data",
            health.coverage * 100.0
        )];
    }
    let mut measures: Vec<_> = health
        .measures
        .iter()
        .filter(|m| m.points_lost > Points::ZERO)
        .collect();
    measures.sort_by_key(|measure| std::cmp::Reverse(measure.points_lost));
    let reasons = measures
        .into_iter()
        .take(REASONS)
        .map(|measure| format!("{} (−{:.0})", measure.text, measure.points_lost.as_f64()));
    let caps = health.caps.iter().map(|cap| cap.reason.clone());
    caps.chain(reasons).take(REASONS).collect()
}

fn missing(what: &str) -> TrainingError {
    TrainingError::Subject(what.to_owned())
}

fn built(scorer: &Scorer, set: Value, version: u32, what: &str) -> Result<Profiles, TrainingError> {
    let set: ProfileSet =
        serde_json::from_value(set).map_err(|error| missing(&format!("{what} does not read: {error}")))?;
    let shipped = &scorer.engine().profiles;
    set.build(shipped, version).map_err(|faults| {
        let first = faults
            .first()
            .map(|fault| format!("{}: {}", fault.field, fault.detail));
        missing(&format!("{what} is not sound: {}", first.unwrap_or_default()))
    })
}

async fn of_version(scorer: &Scorer, tenant: &TenantId, version: u32) -> Result<Profiles, TrainingError> {
    if version == SHIPPED {
        return Ok(scorer.engine().profiles.clone());
    }
    let found = store::version(scorer.table(), tenant, version).await?;
    let found = found.ok_or_else(|| missing(&format!("there is no version {version} of the profiles")))?;
    built(scorer, found.set, version, &format!("version {version}"))
}
