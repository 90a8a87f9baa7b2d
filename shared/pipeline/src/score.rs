//! Load, assess, store, tell.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use copilot_aws::assessments::{self, ScoreWrite};
use copilot_aws::bus::EventBus;
use copilot_aws::history::{self, Loaded, USAGE_DAYS};
use copilot_aws::stats::{self, Stats};
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::{AwsError, Table, alerts, kinds};
use copilot_domain::assessment::Assessment;
use copilot_domain::facts::Kind;
use copilot_domain::health::ScorePoint;
use copilot_domain::history::Snapshot;
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::{Timestamp, day_of, shift};
use copilot_features::config::FeatureGroup;
use copilot_features::{FeatureConfig, contract};
use copilot_scoring::{AssessInput, Assessed, Engine, EngineError, assess};
use tokio::sync::Mutex;

use crate::{card, events, guard};

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
}

type Settings = HashMap<TenantId, (Instant, Arc<TenantView>)>;

/// What scoring an account needs to know of its tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantView {
    /// Its settings.
    pub tenant: Tenant,
    /// Its figures.
    pub stats: Stats,
    /// What it says about its facts.
    pub config: FeatureConfig,
}

/// Scores accounts of the stack.
#[derive(Debug, Clone)]
pub struct Scorer {
    pub(crate) table: Table,
    bus: EventBus,
    engine: Arc<Engine>,
    settings: Arc<Mutex<Settings>>,
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
            engine: Arc::new(engine),
            settings: Arc::default(),
        })
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
        let config = feature_config(&found, &seen);
        let view = Arc::new(TenantView {
            tenant: found,
            stats,
            config,
        });
        kept.insert(tenant.clone(), (Instant::now(), view.clone()));
        Ok(view)
    }

    /// Scores an account as of now (in a sandbox: as of its pinned instant) and stores what came out. Events that
    /// an earlier run decided and did not tell are told first.
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
        for _ in 0..TRIES {
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
        let states = assessments::rule_states(&loaded.state)?;
        let arr = contract::arr(snapshot).map(|arr| arr.amount_minor);
        let input = AssessInput {
            tenant,
            snapshot,
            config: &settings.config,
            previous: previous.as_ref(),
            earlier,
            states: &states,
            arr_percentile: settings.stats.arr_percentile(arr),
            held,
            computed_at: clock,
        };
        Ok(assess(&self.engine, &input))
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
        let untold = assessments::untold(&loaded.state)?;
        assessments::tell(&self.table, &self.bus, tenant, account, &untold).await?;
        if loaded.identities.is_empty() {
            assessments::retire(&self.table, tenant, account).await?;
            return Err(ScoreError::UnknownAccount(account));
        }
        let snapshot = loaded.history.snapshot(as_of);
        let earlier = self.earlier(tenant, account, &snapshot).await?;
        let free = BTreeSet::new();
        let mut assessed = self.assess(tenant, &loaded, &snapshot, &earlier, settings, &free, clock)?;
        let opening: BTreeSet<String> = assessed
            .transitions
            .opened
            .iter()
            .map(|a| a.rule.clone())
            .collect();
        if !opening.is_empty() && !settings.tenant.is_sandbox() {
            let held = guard::held(&self.table, tenant, &opening, settings.stats.accounts, as_of).await?;
            if !held.is_empty() {
                assessed = self.assess(tenant, &loaded, &snapshot, &earlier, settings, &held, clock)?;
            }
        }
        if assessed.unchanged && loaded.state.contains_key("ASSESS") {
            return Ok(Scored {
                assessment: assessed.assessment,
                stored: false,
            });
        }
        let write = self
            .write(tenant, &loaded, &snapshot, &earlier, &assessed)
            .await?;
        assessments::store(&self.table, tenant, &loaded, &write).await?;
        assessments::tell(&self.table, &self.bus, tenant, account, &write.events).await?;
        Ok(Scored {
            assessment: assessed.assessment,
            stored: true,
        })
    }

    async fn write(
        &self,
        tenant: &TenantId,
        loaded: &Loaded,
        snapshot: &Snapshot,
        earlier: &[ScorePoint],
        assessed: &Assessed,
    ) -> Result<ScoreWrite, ScoreError> {
        let moves = &assessed.transitions;
        let touched: Vec<_> = moves
            .updated
            .iter()
            .map(|u| u.id)
            .chain(moves.resolved.iter().map(|r| r.id))
            .collect();
        let mut stored = alerts::items(&self.table, tenant, &touched).await?;
        let at = snapshot.as_of;
        let mut told = Vec::new();
        let mut changed = Vec::new();
        for alert in &moves.opened {
            told.push(events::opened(tenant, at, alert, assessed));
        }
        for update in &moves.updated {
            if let Some((mut alert, item)) = stored.remove(&update.id) {
                update.apply(&mut alert);
                told.extend(events::updated(
                    tenant,
                    at,
                    &alert,
                    update,
                    snapshot.today,
                    assessed,
                ));
                changed.push((alert, item));
            }
        }
        for resolution in &moves.resolved {
            if let Some((mut alert, item)) = stored.remove(&resolution.id) {
                resolution.apply(&mut alert);
                told.push(events::resolved(tenant, at, &alert, resolution, assessed));
                changed.push((alert, item));
            }
        }
        let (listing, document) = card::card(snapshot, &loaded.identities, assessed, earlier);
        Ok(ScoreWrite {
            assessment: assessed.assessment.clone(),
            day: snapshot.today,
            listing,
            card: document,
            point: card::point(snapshot, assessed),
            opened: moves.opened.clone(),
            changed,
            states: moves.changed.clone(),
            events: told,
            band_state: assessed.band_state.clone(),
            next_actions: assessed.next_actions.clone(),
            opportunity: assessed.opportunity.clone(),
        })
    }
}

/// What the tenant says about its facts: its key events, and where silence is a fact.
///
/// Where tickets come in at all, an account without tickets has none. Of usage, contacts and the rest, silence of an
/// account that never told anything may as well mean that its data is not there yet: it stays unknown, or every
/// freshly imported account would be alarmed about.
fn feature_config(tenant: &Tenant, seen: &BTreeSet<String>) -> FeatureConfig {
    let connected = kinds::has(seen, Kind::Ticket).then_some(FeatureGroup::Support);
    FeatureConfig {
        key_events: tenant
            .key_events
            .as_ref()
            .map(|names| names.iter().cloned().collect()),
        connected: connected.into_iter().collect(),
        competitors: tenant.competitors.clone(),
        ..FeatureConfig::default()
    }
}
