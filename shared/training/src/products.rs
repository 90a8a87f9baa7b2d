//! A run of products: what the accounts of a tenant bought becomes lists of what each is likely to take next, which answer only
//! where they are better than the list of what most accounts own.

use std::collections::{BTreeMap, BTreeSet};

use copilot_aws::models::ModelFiles;
use copilot_aws::products::Fits;
use copilot_aws::{AwsError, Table, products};
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::model::RunStatus;
use copilot_domain::product::{ProductFigures, ProductRun, ProductVersion};
use copilot_domain::time::{Timestamp, day_of};
use copilot_features::holdings::{Holding, alternatives, holdings};
use copilot_learning::products::{Basket, LEAST_OWNERS, LEAST_TAKERS, Learnt, learn};
use copilot_learning::train::TrainError;
use copilot_pipeline::snapshots::accounts;
use copilot_pipeline::{ScoreError, Scorer};
use copilot_runtime::clock::Clock;
use copilot_scoring::next_product::ProductModel;
use futures::stream::{self, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};

use crate::run::{AT_ONCE, NOTE_EVERY, TrainingError, broken_off};

/// Part of every version: rises when the same baskets give another model.
const TRAINER: &str = "product trainer 2";
/// Accounts that are kept for each product.
const FITTING: usize = 200;
/// Tries to let a new model answer while others decide on it.
const TRIES: usize = 5;

/// Runs that learn of products.
#[derive(Debug, Clone)]
pub struct ProductTrainer {
    scorer: Scorer,
    files: ModelFiles,
    clock: Clock,
}

impl ProductTrainer {
    /// A trainer over the stack's table and its models.
    pub fn new(scorer: Scorer, files: ModelFiles, clock: Clock) -> Self {
        Self { scorer, files, clock }
    }

    /// Carries a run out and writes what came of it. A run that was carried out before is left as it is.
    ///
    /// # Errors
    /// [`TrainingError`] where it may be tried again; what can never go through is written into the run.
    pub async fn run(&self, tenant: &TenantId, mut run: ProductRun) -> Result<ProductRun, TrainingError> {
        if matches!(run.status, RunStatus::Registered | RunStatus::Refused) {
            return Ok(run);
        }
        let broken = broken_off(Box::pin(self.attempt(tenant, &mut run)).await);
        run.finished_at = Some(self.clock.now());
        let retry = broken.and_then(|(why, retry)| {
            run.status = RunStatus::Failed;
            run.verdict = why;
            retry
        });
        products::put_run(self.scorer.table(), tenant, &run).await?;
        retry.map_or(Ok(run), Err)
    }

    async fn attempt(&self, tenant: &TenantId, run: &mut ProductRun) -> Result<(), TrainingError> {
        let clock = self.clock.now();
        let settings = self.scorer.settings(tenant, clock).await?;
        let now = settings.tenant.now(clock);
        let today = day_of(now, &settings.tenant.time_zone());
        let held = self.held(tenant, run, now).await?;
        let plans = alternatives(held.values().map(Vec::as_slice), today);
        let owners = held
            .into_iter()
            .map(|(account, held)| (account, basket(held)))
            .collect();
        let version = version(&owners, &plans, &today.to_string());
        let (accounts, baskets): (Vec<AccountId>, Vec<Basket>) = owners.into_iter().unzip();
        let owning = baskets.len();
        let learnt = {
            let version = version.clone();
            // Learning keeps a processor busy: not where others wait for it.
            tokio::task::spawn_blocking(move || {
                let learnt = learn(&baskets, &plans, today, &version);
                let fits = match &learnt {
                    Learnt::Kept { model, .. } => fits(model, &accounts, &baskets),
                    _ => Fits::new(),
                };
                (learnt, fits)
            })
            .await
        };
        run.status = RunStatus::Refused;
        let (learnt, fits) = learnt.map_err(|error| TrainError::Crashed(error.to_string()))?;
        match learnt {
            Learnt::TooFew { takers, products } => run.verdict = too_few(takers, products),
            Learnt::NotBetter(figures) => {
                run.figures = Some(figures);
                run.verdict = format!(
                    "not surely better than the list of what most accounts own; what answers stays ({})",
                    said(figures)
                );
            }
            Learnt::Kept { model, figures } => {
                let entry = ProductVersion {
                    version: version.clone(),
                    registered_at: now,
                    registered_by: run.asked_by.clone(),
                    accounts: owning,
                    products: model.products.iter().filter(|count| count.sold).count(),
                    figures,
                };
                self.register(tenant, (&model, &fits), &entry).await?;
                run.status = RunStatus::Registered;
                run.figures = Some(figures);
                run.verdict = format!("answers from now on ({})", said(figures));
                run.version = Some(version);
            }
        }
        Ok(())
    }

    /// What each account that owns something bought, in the order of their ids.
    async fn held(
        &self,
        tenant: &TenantId,
        run: &mut ProductRun,
        now: Timestamp,
    ) -> Result<BTreeMap<AccountId, Vec<Holding>>, TrainingError> {
        let table = self.scorer.table();
        let settings = self.scorer.settings(tenant, self.clock.now()).await?;
        let all: Vec<AccountId> = accounts(table, tenant).try_collect().await?;
        run.status = RunStatus::Running;
        "reads what accounts bought".clone_into(&mut run.verdict);
        (run.accounts, run.accounts_done) = (all.len(), 0);
        products::put_run(table, tenant, run).await?;
        let settings = &settings;
        let one = |account| async move {
            let loaded = match self.scorer.load(tenant, account, &settings.tenant, now).await {
                Err(ScoreError::UnknownAccount(_)) => return Ok((account, Vec::new())),
                loaded => loaded?,
            };
            Ok((account, holdings(&loaded.history.snapshot(now))))
        };
        let mut owners = BTreeMap::new();
        let mut reading = stream::iter(all).map(one).buffer_unordered(AT_ONCE);
        while let Some(read) = reading.next().await {
            let read: Result<(AccountId, Vec<Holding>), TrainingError> = read;
            let (account, held) = read?;
            if !held.is_empty() {
                owners.insert(account, held);
            }
            run.accounts_done += 1;
            if run.accounts_done.is_multiple_of(NOTE_EVERY) {
                products::put_run(table, tenant, run).await?;
            }
        }
        Ok(owners)
    }

    /// Files first, then the entry, then the pointer: what answers can be loaded.
    async fn register(
        &self,
        tenant: &TenantId,
        (model, fits): (&ProductModel, &Fits),
        entry: &ProductVersion,
    ) -> Result<(), TrainingError> {
        let table = self.scorer.table();
        let files = (serde_json::to_vec(model)?, serde_json::to_vec(fits)?);
        products::put_files(&self.files, tenant, &entry.version, files).await?;
        products::register(table, tenant, entry).await?;
        for attempt in 1..=TRIES {
            match answer(table, tenant, entry).await {
                Err(error) if error.is_conflict() && attempt < TRIES => {}
                done => return Ok(done?),
            }
        }
        Ok(())
    }
}

async fn answer(table: &Table, tenant: &TenantId, entry: &ProductVersion) -> Result<(), AwsError> {
    let (mut pointer, rev) = products::pointer(table, tenant).await?;
    pointer.crown(&entry.version, entry.registered_at);
    let (item, condition) = products::pointer_item(tenant, &pointer, rev);
    table.put(item, condition).await
}

fn basket(held: Vec<Holding>) -> Basket {
    let bought = held.into_iter().map(|one| (one.product, (one.first, one.last)));
    bought.collect()
}

/// The accounts that each product fits best, the best first.
fn fits(model: &ProductModel, accounts: &[AccountId], baskets: &[Basket]) -> Fits {
    let mut by_product: BTreeMap<usize, Vec<(f64, AccountId)>> = BTreeMap::new();
    for (account, basket) in accounts.iter().zip(baskets) {
        let owned = model.places(basket.keys().map(String::as_str));
        for (place, score) in model.ranked(&owned, model.likely()) {
            by_product.entry(place).or_default().push((score, *account));
        }
    }
    let named = by_product.into_iter().filter_map(|(place, mut fitting)| {
        fitting.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        fitting.truncate(FITTING);
        let name = model.products.get(place)?.name.clone();
        Some((name, fitting.into_iter().map(|(_, account)| account).collect()))
    });
    named.collect()
}

/// The day, and what the model is learnt from. The same baskets give the same version.
fn version(owners: &BTreeMap<AccountId, Basket>, plans: &BTreeSet<String>, day: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(TRAINER);
    for (account, basket) in owners {
        hash.update(account.to_string());
        for (name, (first, last)) in basket {
            hash.update(name.len().to_be_bytes());
            hash.update(name);
            hash.update(first.to_string());
            hash.update(last.to_string());
        }
    }
    for plan in plans {
        hash.update(plan.len().to_be_bytes());
        hash.update(plan);
    }
    format!("{day}-{}", hex::encode(&hash.finalize()[..4]))
}

fn said(figures: ProductFigures) -> String {
    let ProductFigures {
        ours, popular, cases, ..
    } = figures;
    let (ours, popular) = (ours.at_3 * 100.0, popular.at_3 * 100.0);
    format!(
        "one of the first three was taken next in {ours:.1} % of {cases} cases; of the list of what most own in {popular:.1} %"
    )
}

fn too_few(takers: usize, products: usize) -> String {
    if products < 2 {
        format!(
            "{products} of 2 products that {LEAST_OWNERS} accounts own: too few to tell; bills must name their `products`"
        )
    } else {
        format!(
            "{takers} of {LEAST_TAKERS} accounts took something new in the months of the test: too few to tell"
        )
    }
}
