//! Load, assess, store, tell.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use copilot_aws::assessments;
use copilot_aws::bus::EventBus;
use copilot_aws::deliveries::{self, SourceStatus};
use copilot_aws::history::{self, Loaded, USAGE_DAYS};
use copilot_aws::models::ModelFiles;
use copilot_aws::serving::{self, Serving};
use copilot_aws::stats::{self, Stats};
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::{AwsError, Table, kinds};
use copilot_domain::assessment::Assessment;
use copilot_domain::event::Event;
use copilot_domain::health::ScorePoint;
use copilot_domain::history::Snapshot;
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::{Timestamp, day_of, shift};
use copilot_features::{FeatureConfig, contract};
use copilot_scoring::alerts::is_first_look;
use copilot_scoring::models::Models;
use copilot_scoring::profiles::Profiles;
use copilot_scoring::{AssessInput, Assessed, Engine, EngineError, assess};
use copilot_text::Reader;
use tokio::sync::Mutex;

use crate::checks;
use crate::delivered::{self, feature_config};
use crate::guard::{self, Held};
use crate::models::ModelShelf;
use crate::products;
use crate::tone::{self, Readers, ToneShelf};
use crate::write::{self, Scoring};

/// Tries when others write the same account meanwhile.
const TRIES: usize = 6;
/// Days of earlier scores that trends look back on.
const EARLIER_DAYS: i32 = 100;
/// How long a tenant's settings and figures are kept by a warm function.
const KEEP: Duration = Duration::from_secs(30);

/// Why an account could not be scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// AWS could not be asked, or refused.
    #[error("the account could not be loaded or stored")]
    Aws(#[from] AwsError),
    /// The tenant is not in the table.
    #[error("no tenant {0} in the table")]
    UnknownTenant(TenantId),
    /// No source has told of the account.
    #[error("no account {0}")]
    UnknownAccount(AccountId),
    /// The shipped profiles, rules or model do not load.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl ScoreError {
    /// Whether the same request may go through later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Aws(error) if error.is_retryable())
    }
}

/// What a scoring gave.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The assessment.
    pub assessment: Assessment,
    /// Whether it was stored; a look at another instant is not.
    pub stored: bool,
    /// Whether all that there was to tell of the account is on the bus. What is not waits in the account's outbox:
    /// the next scoring tells it.
    pub told: bool,
}

pub(crate) type Settings = HashMap<TenantId, (Instant, Arc<TenantView>)>;

/// What scoring an account needs to know of its tenant.
#[derive(Debug, Clone)]
pub struct TenantView {
    /// Its settings.
    pub tenant: Tenant,
    /// Its figures.
    pub stats: Stats,
    /// What it says about its facts.
    pub config: FeatureConfig,
    /// How its sources are doing.
    pub sources: Vec<SourceStatus>,
    /// Its own models.
    pub models: Models,
    /// Its health profiles: its own, or those that are shipped.
    pub profiles: Arc<Profiles>,
    /// The alert cut, and the rules that are muted.
    pub serving: Serving,
    /// Who reads its texts; `None` where it has not switched that on.
    pub readers: Option<Readers>,
}

/// Scores accounts of the stack.
#[derive(Debug, Clone)]
pub struct Scorer {
    pub(crate) table: Table,
    bus: EventBus,
    engine: Arc<Engine>,
    pub(crate) shipped: Arc<Profiles>,
    reader: Arc<Reader>,
    pub(crate) settings: Arc<Mutex<Settings>>,
    shelf: ModelShelf,
    tones: ToneShelf,
    products: products::Shelf,
}

impl Scorer {
    /// A scorer with what is shipped: profiles, rules, the baseline model. Without a model that loads it works on,
    /// and its assessments say so.
    ///
    /// # Errors
    /// [`EngineError`] when profiles or rules do not load.
    pub fn new(table: Table, bus: EventBus) -> Result<Self, EngineError> {
        let engine = Engine::shipped().or_else(|error| {
            let error = copilot_runtime::telemetry::chain(&error);
            tracing::error!(error, "the engine does not load whole; trying without its model");
            Engine::without_model()
        })?;
        Ok(Self {
            table,
            bus,
            shipped: Arc::new(engine.profiles.clone()),
            engine: Arc::new(engine),
            reader: Arc::new(tone::reader()),
            settings: Arc::default(),
            shelf: ModelShelf::default(),
            tones: ToneShelf::default(),
            products: products::Shelf::default(),
        })
    }

    /// With the tenants' own models, read from where they are registered.
    #[must_use]
    pub fn with_models(mut self, files: ModelFiles) -> Self {
        self.tones = ToneShelf::of(files.clone());
        self.products = products::Shelf::of(files.clone());
        self.shelf = ModelShelf::of(files);
        self
    }

    /// Who reads a tenant's texts, whether it has switched that on or not: the shipped model, or its own.
    ///
    /// # Errors
    /// [`AwsError`] when the table fails.
    pub async fn readers(&self, tenant: &TenantId) -> Result<Readers, AwsError> {
        self.tones.readers(&self.reader, &self.table, tenant).await
    }

    /// What was learnt of the tenants' products.
    pub fn products(&self) -> &products::Shelf {
        &self.products
    }

    /// The tenants' own models.
    pub fn shelf(&self) -> &ModelShelf {
        &self.shelf
    }

    /// The table that is scored over.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The profiles, rules and model.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A tenant's settings and figures, at most half a minute old.
    ///
    /// # Errors
    /// [`ScoreError`] when the tenant is unknown or the table fails.
    pub async fn settings(&self, tenant: &TenantId, clock: Timestamp) -> Result<Arc<TenantView>, ScoreError> {
        let mut kept = self.settings.lock().await;
        if let Some((read_at, found)) = kept.get(tenant)
            && read_at.elapsed() < KEEP
        {
            return Ok(found.clone());
        }
        let found = tenants::get(&self.table, tenant).await?;
        let found = found.ok_or_else(|| ScoreError::UnknownTenant(tenant.clone()))?;
        let stats = stats::get(&self.table, tenant, clock).await?;
        let seen = kinds::seen(&self.table, tenant).await?;
        let sources = deliveries::statuses(&self.table, tenant).await?;
        let models = self.shelf.models(&self.table, tenant).await?;
        let serving = serving::get(&self.table, tenant).await?;
        let config = feature_config(&found, &seen);
        let profiles = self.profiles_of(tenant).await?;
        let readers = if found.text_tone {
            Some(self.readers(tenant).await?)
        } else {
            None
        };
        let view = Arc::new(TenantView {
            tenant: found,
            stats,
            config,
            sources,
            models,
            profiles,
            serving,
            readers,
        });
        kept.insert(tenant.clone(), (Instant::now(), view.clone()));
        Ok(view)
    }

    /// Scores an account as of now (in a sandbox: as of its pinned instant) and stores what came out. Events that
    /// an earlier run decided and did not tell are told first; with the bus down they wait, and the account is scored
    /// all the same.
    ///
    /// # Errors
    /// [`ScoreError`]; scoring again is safe.
    pub async fn score(
        &self,
        tenant: &TenantId,
        account: AccountId,
        clock: Timestamp,
    ) -> Result<Scored, ScoreError> {
        let settings = self.settings(tenant, clock).await?;
        let as_of = settings.tenant.now(clock);
        self.score_as_of(tenant, account, as_of, clock).await
    }

    /// Scores an account as of an instant and stores what came out.
    ///
    /// # Errors
    /// [`ScoreError`]; scoring again is safe.
    pub async fn score_as_of(
        &self,
        tenant: &TenantId,
        account: AccountId,
        as_of: Timestamp,
        clock: Timestamp,
    ) -> Result<Scored, ScoreError> {
        let settings = self.settings(tenant, clock).await?;
        let mut last = None;
        for attempt in 0..TRIES {
            // Whoever was in the way is done in a moment.
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
            }
            match self.attempt(tenant, account, &settings, as_of, clock).await {
                Err(ScoreError::Aws(error)) if error.is_conflict() => last = Some(error),
                done => return done,
            }
        }
        Err(last.map_or_else(|| ScoreError::UnknownAccount(account), ScoreError::Aws))
    }

    /// What the assessment of an account would be as of an instant; nothing is stored or told.
    ///
    /// # Errors
    /// [`ScoreError`].
    pub async fn look(
        &self,
        tenant: &TenantId,
        account: AccountId,
        as_of: Timestamp,
        clock: Timestamp,
    ) -> Result<(Assessed, Snapshot), ScoreError> {
        let settings = self.settings(tenant, clock).await?;
        let loaded = self.load(tenant, account, &settings.tenant, as_of).await?;
        let snapshot = loaded.history.snapshot(as_of);
        let earlier = self.earlier(tenant, account, &snapshot).await?;
        let assessed = self.assess(
            tenant,
            &loaded,
            &snapshot,
            &earlier,
            &settings,
            &BTreeSet::new(),
            clock,
        )?;
        Ok((assessed, snapshot))
    }

    /// The facts of an account, as many as a score of that instant looks at.
    ///
    /// # Errors
    /// [`ScoreError`] when the table fails or the account is unknown.
    pub async fn load(
        &self,
        tenant: &TenantId,
        account: AccountId,
        settings: &Tenant,
        as_of: Timestamp,
    ) -> Result<Loaded, ScoreError> {
        let from = shift(day_of(as_of, &settings.time_zone()), -USAGE_DAYS);
        Ok(history::load(&self.table, tenant, account, &settings.zone, from).await?)
    }

    async fn earlier(
        &self,
        tenant: &TenantId,
        account: AccountId,
        snapshot: &Snapshot,
    ) -> Result<Vec<ScorePoint>, ScoreError> {
        let from = shift(snapshot.today, -EARLIER_DAYS);
        let points = assessments::points(&self.table, tenant, account, from, snapshot.today).await?;
        // A point that does not read is a gap in a sparkline, not a reason to stop scoring.
        Ok(points
            .into_iter()
            .filter_map(|(_, point)| serde_json::from_value(point).ok())
            .collect())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call collects what an assessment is made from"
    )]
    fn assess(
        &self,
        tenant: &TenantId,
        loaded: &Loaded,
        snapshot: &Snapshot,
        earlier: &[ScorePoint],
        settings: &TenantView,
        held: &BTreeSet<String>,
        clock: Timestamp,
    ) -> Result<Assessed, ScoreError> {
        let previous = assessments::band_state(&loaded.state)?;
        let mut states = assessments::rule_states(&loaded.state)?;
        // A state that a scoring left as it was, was not written: it stands for that scoring all the same.
        if let Some(last) = previous.as_ref().map(|band| &band.evaluation) {
            for state in states.0.values_mut().filter(|s| s.evaluation.as_of < last.as_of) {
                state.evaluation = last.clone();
            }
        }
        let config = FeatureConfig {
            last_delivery: delivered::of_groups(loaded, &settings.sources),
            ..self.config(settings, snapshot)
        };
        let input = AssessInput {
            tenant,
            snapshot,
            config: &config,
            profiles: Some(&settings.profiles),
            previous: previous.as_ref(),
            earlier,
            states: &states,
            models: &settings.models,
            alert_cut: settings.serving.alert_cut,
            arr_percentile: settings.stats.arr_percentile(contract::arr(snapshot)),
            held,
            computed_at: clock,
        };
        Ok(assess(&self.engine, &input))
    }

    /// What the tenant says about its facts, with the tone of the snapshot's texts where it wants them read.
    pub fn config(&self, settings: &TenantView, snapshot: &Snapshot) -> FeatureConfig {
        let readers = settings.readers.as_ref();
        FeatureConfig {
            tones: readers.map(|readers| tone::tones(readers, snapshot)),
            ..settings.config.clone()
        }
    }

    async fn attempt(
        &self,
        tenant: &TenantId,
        account: AccountId,
        settings: &TenantView,
        as_of: Timestamp,
        clock: Timestamp,
    ) -> Result<Scored, ScoreError> {
        let loaded = self.load(tenant, account, &settings.tenant, as_of).await?;
        let mut waiting = assessments::untold(&loaded.state)?;
        if self.tell(tenant, account, &waiting).await {
            waiting.clear();
        }
        if loaded.identities.is_empty() {
            let closing = write::closing(&self.table, tenant, &loaded, as_of).await?;
            assessments::retire(&self.table, tenant, &loaded, &closing, as_of).await?;
            waiting.extend(closing.into_iter().map(|one| one.event));
            self.tell(tenant, account, &waiting).await;
            return Err(ScoreError::UnknownAccount(account));
        }
        let snapshot = loaded.history.snapshot(as_of);
        let earlier = self.earlier(tenant, account, &snapshot).await?;
        checks::look_again(&self.table, tenant, &loaded, &snapshot, &settings.serving).await?;
        // A muted rule opens nothing, as one that the storm guard holds.
        let muted = settings.serving.muted_rules();
        let mut assessed = self.assess(tenant, &loaded, &snapshot, &earlier, settings, &muted, clock)?;
        let mut held = Held::default();
        // What a first look finds is no storm: nothing was seen to happen. An import would trip the guard by its order.
        if !settings.tenant.is_sandbox() && !is_first_look(assessed.band_state.judged_since, as_of) {
            let opened = &assessed.transitions.opened;
            let opening: BTreeSet<String> = opened.iter().map(|a| a.rule.clone()).collect();
            let (rules, accounts) = (&self.engine.rules, settings.stats.accounts);
            held = guard::held(&self.table, tenant, &opening, rules, accounts, as_of).await?;
            if !held.rules.is_empty() {
                let rules = held.rules.union(&muted).cloned().collect();
                assessed = self.assess(tenant, &loaded, &snapshot, &earlier, settings, &rules, clock)?;
            }
        }
        if assessed.unchanged && loaded.state.contains_key("ASSESS") {
            return Ok(Scored {
                assessment: assessed.assessment,
                stored: false,
                told: waiting.is_empty(),
            });
        }
        let scoring = Scoring {
            tenant,
            zone: &settings.tenant.time_zone(),
            loaded: &loaded,
            snapshot: &snapshot,
            earlier: &earlier,
            assessed: &assessed,
        };
        let write = scoring.write(&self.table, held).await?;
        assessments::store(&self.table, tenant, &loaded, &write).await?;
        waiting.extend(write.events);
        let told = self.tell(tenant, account, &waiting).await;
        Ok(Scored {
            assessment: assessed.assessment,
            stored: true,
            told,
        })
    }

    /// Tells events; says whether they are told. Those that are not stay in the outbox: a bus that is down is no
    /// reason not to score.
    async fn tell(&self, tenant: &TenantId, account: AccountId, events: &[Event]) -> bool {
        match assessments::tell(&self.table, &self.bus, tenant, account, events).await {
            Ok(()) => true,
            Err(error) => {
                let (error, number) = (copilot_runtime::telemetry::chain(&error), events.len());
                tracing::warn!(tenant_id = %tenant, account_id = %account, error, number, "events wait to be told");
                false
            }
        }
    }
}
