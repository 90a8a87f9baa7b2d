//! A tenant's own profiles, as scoring reads them, and what a draft of them would do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use copilot_aws::{profiles as store, stats};
use copilot_domain::health::{Band, Points};
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::money::Money;
use copilot_domain::time::Timestamp;
use copilot_features::{FeatureConfig, contract};
use copilot_scoring::compare::by_sets;
use copilot_scoring::profile_set::ProfileSet;
use copilot_scoring::profiles::Profiles;
use futures::stream::{StreamExt, iter};

use crate::delivered;
use crate::score::{ScoreError, Scorer, TenantView};

/// Accounts that a preview counts; a tenant with more is told "at least".
const MAX_LISTED: usize = 20_000;
/// Accounts that a preview assesses.
pub const MAX_SAMPLE: usize = 500;
/// How long a preview goes on assessing.
pub const SAMPLE_TIME: Duration = Duration::from_secs(8);
/// How far the clock of who asks and that of who scores may differ.
const SKEW: Duration = Duration::from_secs(5);
/// Accounts assessed at once.
const PARALLEL: usize = 16;

/// A score with its band and the profile that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// The score.
    pub score: Option<Points>,
    /// Its band, without hysteresis.
    pub band: Band,
    /// The profile's id.
    pub profile: String,
}

/// An account whose band a draft would change.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its annual recurring revenue.
    pub arr: Option<Money>,
    /// By the profiles that scores go by.
    pub before: Stand,
    /// By the draft.
    pub after: Stand,
}

/// What a draft would do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preview {
    /// Accounts of the tenant, as far as they were counted.
    pub accounts: usize,
    /// Whether all of them were counted.
    pub counted_all: bool,
    /// Accounts that were assessed: all of them, or a random sample.
    pub sampled: usize,
    /// Of those assessed, accounts by band, by the profiles that scores go by.
    pub before: BTreeMap<&'static str, usize>,
    /// The same by the draft.
    pub after: BTreeMap<&'static str, usize>,
    /// Accounts assessed whose band would change, those of the largest ARR first.
    pub moved: Vec<Moved>,
}

impl Scorer {
    /// Forgets what is kept of a tenant: who changed its settings wants to see the change.
    pub async fn forget(&self, tenant: &TenantId) {
        self.settings.lock().await.remove(tenant);
    }

    /// Lets go of what was read of a tenant before an instant, by the clock of now. Two clocks may differ by seconds.
    pub async fn forget_before(&self, tenant: &TenantId, since: Timestamp, clock: Timestamp) {
        let ago = clock.duration_since(since).unsigned_abs();
        let mut kept = self.settings.lock().await;
        if kept
            .get(tenant)
            .is_some_and(|(read_at, _)| read_at.elapsed() + SKEW >= ago)
        {
            kept.remove(tenant);
        }
    }

    /// The profiles of a tenant: its own, or those that are shipped. A set that this release cannot read is no reason
    /// to stop scoring: it is told in the log, and the shipped ones stand in.
    pub(crate) async fn profiles_of(&self, tenant: &TenantId) -> Result<Arc<Profiles>, ScoreError> {
        let Some(live) = store::live(&self.table, tenant).await? else {
            return Ok(self.shipped.clone());
        };
        let version = live.head.version;
        let set: Result<ProfileSet, _> = serde_json::from_value(live.set);
        let why = match set.map(|set| set.build(&self.shipped, version)) {
            Ok(Ok(profiles)) => return Ok(Arc::new(profiles)),
            Ok(Err(faults)) => format!("{faults:?}"),
            Err(error) => error.to_string(),
        };
        tracing::error!(tenant_id = %tenant, version, why, "the tenant's profiles do not read; the shipped ones stand in");
        Ok(self.shipped.clone())
    }

    /// What the accounts of a tenant would come to by other profiles; nothing is stored or told. Assesses at most
    /// `most` accounts for at most `time`. Accounts are taken in the order of their ids, which are hashes: however
    /// early it ends, those assessed are a random sample, and the same one each time.
    ///
    /// # Errors
    /// [`ScoreError`] when the tenant is unknown or the table fails.
    pub async fn preview(
        &self,
        tenant: &TenantId,
        draft: &Profiles,
        clock: Timestamp,
        most: usize,
        time: Duration,
    ) -> Result<Preview, ScoreError> {
        let started = Instant::now();
        let settings = self.settings(tenant, clock).await?;
        let live = self.profiles_of(tenant).await?;
        let as_of = settings.tenant.now(clock);
        let (mut ids, counted_all) = self.listed(tenant).await?;
        ids.sort_unstable();
        let mut preview = Preview {
            accounts: ids.len(),
            counted_all,
            ..Preview::default()
        };
        let mut looks = iter(ids.into_iter().take(most))
            .map(|account| self.stands(tenant, account, &settings, as_of, [&live, draft]))
            .buffer_unordered(PARALLEL);
        while let Some(found) = looks.next().await {
            if let Some(found) = found? {
                preview.sampled += 1;
                *preview.before.entry(found.before.band.as_str()).or_default() += 1;
                *preview.after.entry(found.after.band.as_str()).or_default() += 1;
                if found.before.band != found.after.band {
                    preview.moved.push(found);
                }
            }
            if started.elapsed() >= time {
                break;
            }
        }
        let weight = |moved: &Moved| moved.arr.map_or(-1, |arr| arr.amount_minor);
        preview
            .moved
            .sort_by(|a, b| (weight(b), &a.name, a.account).cmp(&(weight(a), &b.name, b.account)));
        Ok(preview)
    }

    /// The accounts of a tenant, and whether these are all.
    async fn listed(&self, tenant: &TenantId) -> Result<(Vec<AccountId>, bool), ScoreError> {
        let mut query = stats::listing(tenant);
        let mut ids = Vec::new();
        loop {
            let page = self.table.page(&query).await?;
            ids.extend(page.items.iter().filter_map(stats::account));
            query.start = page.next;
            if query.start.is_none() || ids.len() >= MAX_LISTED {
                return Ok((ids, query.start.is_none()));
            }
        }
    }

    /// Where an account stands by two sets; `None` for one whose identities another account took.
    async fn stands(
        &self,
        tenant: &TenantId,
        account: AccountId,
        settings: &TenantView,
        as_of: Timestamp,
        sets: [&Profiles; 2],
    ) -> Result<Option<Moved>, ScoreError> {
        let loaded = self.load(tenant, account, &settings.tenant, as_of).await?;
        if loaded.identities.is_empty() {
            return Ok(None);
        }
        let snapshot = loaded.history.snapshot(as_of);
        let config = FeatureConfig {
            last_delivery: delivered::of_groups(&loaded, &settings.sources),
            ..settings.config.clone()
        };
        let mut stands = by_sets(&sets, &snapshot, &config)
            .into_iter()
            .map(|(health, profile)| Stand {
                score: health.score,
                band: health.band,
                profile: profile.id,
            });
        let (Some(before), Some(after)) = (stands.next(), stands.next()) else {
            return Ok(None);
        };
        let name = snapshot.row.name.clone();
        Ok(Some(Moved {
            account,
            name: name.unwrap_or_else(|| loaded.identities[0].id.clone()),
            arr: contract::arr(&snapshot),
            before,
            after,
        }))
    }
}
