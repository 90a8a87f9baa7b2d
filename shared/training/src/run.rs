//! One run, from the order to the registry.

use copilot_aws::models::{self, CARD, MODEL, ModelFiles, VALIDATED, VALIDATED_CARD};
use copilot_aws::table::Condition;
use copilot_aws::{AwsError, Table, monitoring};
use copilot_domain::ids::TenantId;
use copilot_domain::model::{Pointers, RunStatus, TrainingRun};
use copilot_domain::prediction::PredictionKind;
use copilot_domain::time::{Timestamp, day_of, shift};
use copilot_learning::examples::Examples;
use copilot_learning::reads::Reads;
use copilot_learning::train::{Artifact, Incumbent, Order, TrainError, Trained, Verdict, counts, train};
use copilot_pipeline::models::load;
use copilot_pipeline::{ScoreError, Scorer};
use copilot_runtime::clock::Clock;
use copilot_scoring::amounts;
use copilot_scoring::learnt::LearntModel;
use copilot_scoring::learnt_card::ModelEntry;
use copilot_scoring::onnx::ModelError;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::collect::collect;

/// Accounts read at once.
pub(crate) const AT_ONCE: usize = 8;
/// Accounts between two notes of how far a run is.
pub(crate) const NOTE_EVERY: usize = 250;
/// Part of every version: rises when the same examples give another model.
const TRAINER: &str = "trainer 2";
/// Days after which what a night found of drift does not hold a run any more: nights that do not come are no drift.
const FRESH_DAYS: i32 = 7;
/// Tries to put a new model into the shadow while others decide on models.
const TRIES: usize = 5;

/// Why a run broke off.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// AWS could not be asked, or refused.
    #[error("the history could not be read or the model not be registered")]
    Aws(#[from] AwsError),
    /// An account could not be read.
    #[error("an account could not be read")]
    Score(#[from] ScoreError),
    /// The trainer.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The champion does not answer.
    #[error("the champion does not answer on past rows")]
    Champion(#[from] ModelError),
    /// What is to be tested is not there, or does not load.
    #[error("{0}")]
    Subject(String),
    /// Counting broke off.
    #[error("counting broke off: {0}")]
    Crashed(String),
    /// A card could not be written.
    #[error("the card could not be written")]
    Card(#[from] serde_json::Error),
}

impl TrainingError {
    /// Whether the same run may go through later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_retryable(),
            Self::Score(error) => error.is_retryable(),
            Self::Train(_) | Self::Champion(_) | Self::Card(_) | Self::Subject(_) | Self::Crashed(_) => false,
        }
    }
}

/// Why a run broke off, to be written into it, and the error where the same run may go through later; `None` of one that
/// went through.
pub(crate) fn broken_off(done: Result<(), TrainingError>) -> Option<(String, Option<TrainingError>)> {
    let error = done.err()?;
    let why = copilot_runtime::telemetry::chain(&error);
    Some((why, Some(error).filter(TrainingError::is_retryable)))
}

/// Notes how far a run is.
pub(crate) struct Progress<'a> {
    table: &'a Table,
    tenant: &'a TenantId,
    run: &'a mut TrainingRun,
}

impl Progress<'_> {
    pub(crate) async fn begin(&mut self, accounts: usize) -> Result<(), TrainingError> {
        self.run.accounts = accounts;
        self.run.accounts_done = 0;
        self.say("reads accounts as they were at the start of past months")
            .await
    }

    pub(crate) async fn at(&mut self, done: usize) -> Result<(), TrainingError> {
        self.run.accounts_done = done;
        if done.is_multiple_of(NOTE_EVERY) {
            models::put_run(self.table, self.tenant, self.run).await?;
        }
        Ok(())
    }

    async fn say(&mut self, what: &str) -> Result<(), TrainingError> {
        what.clone_into(&mut self.run.verdict);
        self.run.status = RunStatus::Running;
        Ok(models::put_run(self.table, self.tenant, self.run).await?)
    }
}

/// Runs training.
#[derive(Debug, Clone)]
pub struct Trainer {
    scorer: Scorer,
    files: ModelFiles,
    clock: Clock,
}

impl Trainer {
    /// A trainer over the stack's table and its models.
    pub fn new(scorer: Scorer, files: ModelFiles, clock: Clock) -> Self {
        Self { scorer, files, clock }
    }

    /// Carries a run out and writes what came of it. A run that was carried out before is left as it is.
    ///
    /// # Errors
    /// [`TrainingError`] where it may be tried again; what can never go through is written into the run.
    pub async fn run(&self, tenant: &TenantId, mut run: TrainingRun) -> Result<TrainingRun, TrainingError> {
        if matches!(
            run.status,
            RunStatus::Registered | RunStatus::Refused | RunStatus::Held
        ) {
            return Ok(run);
        }
        let broken = broken_off(self.attempt(tenant, &mut run).await);
        run.finished_at = Some(self.clock.now());
        let retry = broken.and_then(|(why, retry)| {
            run.status = RunStatus::Failed;
            run.verdict = why;
            retry
        });
        models::put_run(self.scorer.table(), tenant, &run).await?;
        retry.map_or(Ok(run), Err)
    }

    async fn attempt(&self, tenant: &TenantId, run: &mut TrainingRun) -> Result<(), TrainingError> {
        let table = self.scorer.table();
        let clock = self.clock.now();
        let settings = self.scorer.settings(tenant, clock).await?;
        let now = settings.tenant.now(clock);
        let kind = run.kind;
        if run.accepted_drift.is_none()
            && let Some(why) = self
                .held(tenant, kind, day_of(now, &settings.tenant.time_zone()))
                .await?
        {
            run.status = RunStatus::Held;
            run.verdict = why;
            return Ok(());
        }
        let mut progress = Progress { table, tenant, run };
        let collected = collect(&self.scorer, tenant, &settings, kind, now, &mut progress).await?;
        let examples = Examples::with_aside(collected.examples, collected.aside);
        progress.run.labels = Some(counts(&examples));
        progress
            .say("trains, and holds the model against months that it has not seen")
            .await?;
        let incumbent = self.incumbent(tenant, kind, &examples).await?;
        let version = version(
            &examples,
            &format!("{}", day_of(now, &settings.tenant.time_zone())),
        );
        let order = Order { kind, version };
        // Growing trees keeps a processor busy for minutes: not where others wait for it.
        let (examples, order) = (std::sync::Arc::new(examples), std::sync::Arc::new(order));
        let verdict = {
            let (examples, order) = (examples.clone(), order.clone());
            tokio::task::spawn_blocking(move || train(&order, &examples, incumbent.as_ref())).await
        };
        let verdict = verdict.map_err(|error| TrainError::Crashed(error.to_string()))??;
        let run = progress.run;
        match verdict {
            Verdict::Refused(why) => {
                run.status = RunStatus::Refused;
                run.verdict = why;
            }
            Verdict::Trained(trained) => {
                self.register(tenant, &order, &trained, now, &run.asked_by)
                    .await?;
                run.status = RunStatus::Registered;
                run.verdict = said(&trained);
                run.version = Some(order.version.clone());
            }
        }
        Ok(())
    }

    /// Why the run must wait: what the newest night found of the models that stand now, where it is not too old.
    async fn held(
        &self,
        tenant: &TenantId,
        kind: PredictionKind,
        today: Date,
    ) -> Result<Option<String>, TrainingError> {
        let table = self.scorer.table();
        let found = monitoring::newest(table, tenant, kind, 1).await?.pop();
        let Some(found) = found.filter(|found| found.day >= shift(today, -FRESH_DAYS)) else {
            return Ok(None);
        };
        let (pointers, _) = models::pointers_of(table, tenant, kind).await?;
        let stands = found
            .leading()
            .is_some_and(|model| is_placed(&pointers, &model.version));
        Ok(found.held.filter(|_| stands))
    }

    /// What the champion says of the examples: by the file that had not seen the newest months either.
    async fn incumbent(
        &self,
        tenant: &TenantId,
        kind: PredictionKind,
        examples: &Examples,
    ) -> Result<Option<Incumbent>, TrainingError> {
        let (pointers, _) = models::pointers_of(self.scorer.table(), tenant, kind).await?;
        let Some(champion) = pointers.champion else {
            return Ok(None);
        };
        let place = (kind, champion.version.as_str());
        let Some(model) = load(&self.files, tenant, place, (VALIDATED, VALIDATED_CARD)).await? else {
            return Ok(None);
        };
        // Amounts of another form are no measure, and one that was brought tells none.
        let told = model.card().amounts.as_ref().map(|card| card.form);
        if kind == PredictionKind::Revenue && told != Some(examples.form()) {
            return Ok(None);
        }
        Ok(Some(Incumbent {
            said: answers(&model, examples)?,
            version: champion.version,
        }))
    }

    async fn register(
        &self,
        tenant: &TenantId,
        order: &Order,
        trained: &Trained,
        now: Timestamp,
        by: &str,
    ) -> Result<(), TrainingError> {
        let place = (order.kind, order.version.as_str());
        let files = [
            (&trained.model, MODEL, CARD),
            (&trained.validated, VALIDATED, VALIDATED_CARD),
        ];
        for (Artifact { bytes, card }, model_file, card_file) in files {
            let card = serde_json::to_vec(card)?;
            self.files.put(tenant, place, model_file, bytes.clone()).await?;
            self.files.put(tenant, place, card_file, card).await?;
        }
        let card = &trained.model.card;
        let entry = ModelEntry {
            version: order.version.clone(),
            kind: order.kind,
            maker: card.maker,
            registered_at: now,
            registered_by: by.to_owned(),
            trained_on: card.trained_on.clone(),
            validation: card.validation.clone(),
            evidence: Some(trained.evidence.clone()),
        };
        let table = self.scorer.table();
        models::register(table, tenant, place, &entry).await?;
        self.watch(tenant, order, now).await
    }

    /// A new model is watched at once, where none is: nothing follows from what it says.
    async fn watch(&self, tenant: &TenantId, order: &Order, now: Timestamp) -> Result<(), TrainingError> {
        let table = self.scorer.table();
        for attempt in 1..=TRIES {
            let (mut pointers, rev) = models::pointers_of(table, tenant, order.kind).await?;
            if pointers.shadow.is_some() || is_placed(&pointers, &order.version) {
                return Ok(());
            }
            pointers.watch(&order.version, now);
            let condition = if rev == 0 {
                Condition::Absent
            } else {
                Condition::Rev(rev)
            };
            let item = models::pointers_item(tenant, &pointers, rev + 1);
            match table.put(item, condition).await {
                Err(error) if error.is_conflict() && attempt < TRIES => {}
                done => return Ok(done?),
            }
        }
        Ok(())
    }
}

fn is_placed(pointers: &Pointers, version: &str) -> bool {
    pointers.role_of(version) != copilot_domain::model::ModelRole::Idle
}

/// What a model says of every example.
fn answers(model: &LearntModel, examples: &Examples) -> Result<Vec<f64>, ModelError> {
    let reads = Reads::of(model.card());
    let mut flat = Vec::with_capacity(examples.len() * reads.width());
    for row in 0..examples.len() {
        flat.extend(reads.row(examples.table.row(row)));
    }
    let chances = model.run(&flat)?;
    if model.card().kind != PredictionKind::Revenue {
        return Ok(chances);
    }
    let form = examples.form();
    let ratios = model.log_ratios(&flat)?;
    let rows = chances.iter().zip(ratios).enumerate();
    let expected = rows.map(|(row, (chance, ratio))| {
        chance * amounts::if_so(ratio, amounts::base(form, |name| examples.value(row, name)))
    });
    Ok(expected.collect())
}

/// The version of a model: the day, and what it was trained on. The same examples give the same version.
fn version(examples: &Examples, day: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(TRAINER);
    for (row, label) in examples.labels.iter().enumerate() {
        hash.update(examples.cutoffs[row].to_string());
        hash.update([u8::from(*label > 0.5)]);
        if examples.came[row].is_finite() {
            hash.update(examples.came[row].to_bits().to_be_bytes());
        }
        for value in examples.table.row(row) {
            // One kind of missing.
            let bits = if value.is_nan() {
                f32::NAN.to_bits()
            } else {
                value.to_bits()
            };
            hash.update(bits.to_be_bytes());
        }
    }
    for (account, cutoff, buyer) in &examples.aside {
        hash.update(format!("{account} {cutoff} {buyer:?}"));
    }
    format!("{day}-{}", hex::encode(&hash.finalize()[..4]))
}

fn said(trained: &Trained) -> String {
    let validation = trained.model.card.validation.as_ref();
    let auc = validation.map_or(0.0, |v| v.auc.value);
    let amounts = validation.and_then(|v| v.amounts).map_or_else(String::new, |amounts| {
        let (ours, rule) = (amounts.mae, amounts.rule_mae);
        let (own, theirs) = (amounts.gini, amounts.rule_gini);
        format!(", mean absolute error {ours:.0} where the run-rate has {rule:.0}, Gini {own:.3} where it has {theirs:.3}")
    });
    let missed: Vec<&str> = trained
        .evidence
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.text.as_str())
        .collect();
    let end = if missed.is_empty() {
        "it passes every check".to_owned()
    } else {
        format!("it misses: {}", missed.join("; "))
    };
    format!("a model was registered (AUC {auc:.3}{amounts} on months that it had not seen); {end}")
}
