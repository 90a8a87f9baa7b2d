//! The feature snapshot of a day: what the newest assessments say, into the offline feature store.
//!
//! An assessment holds every feature that it was made from, so no history is loaded: of 1,000 accounts that is two or
//! three pages of cards, ten reads of 100 assessments, and a fiftieth of a file. The row says which instant the
//! assessment spoke of; the run comes some hours after the sweep, when its scores are in.

use std::collections::HashMap;

use copilot_aws::lake::{self, Lake};
use copilot_aws::{AwsError, Item, Table, keys, stats};
use copilot_domain::facts::{Stage, Touch};
use copilot_domain::health::{Band, FeatureMap, Points};
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::money::Currency;
use copilot_domain::prediction::{Method, PredictionKind};
use copilot_domain::time::{Timestamp, day_of};
use copilot_lake::{Features, LakeError, LakeKey, Origin, Parts, ROWS_IN_GROUP, Row};
use copilot_runtime::chance::{self, NoChance};
use jiff::civil::Date;
use serde::Deserialize;

use crate::monitor::Monitor;

/// Accounts read at once.
const PAGE: i32 = 1_000;

/// Why the snapshot of a tenant failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("the accounts could not be read, or the features not be written")]
    Aws(#[from] AwsError),
    #[error("the features could not be put into a file")]
    File(#[from] LakeError),
    #[error("the tenant needs a key of pseudonyms")]
    Key(#[from] NoChance),
}

/// What the snapshot of a tenant gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Taken {
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Accounts that were never scored: they have no row.
    pub unscored: u64,
}

/// Of a card, what a row needs and a list does not.
#[derive(Debug, Default, Deserialize)]
struct Card {
    #[serde(default)]
    segment: Option<String>,
    #[serde(default)]
    stage: Option<Stage>,
    #[serde(default)]
    touch: Option<Touch>,
}

/// Of an assessment, what a row needs.
#[derive(Debug, Deserialize)]
struct Assessed {
    as_of: Timestamp,
    #[serde(default)]
    profile: Option<Chosen>,
    health: Health,
    predictions: Vec<Predicted>,
    features: FeatureMap,
}

/// The health profile that scored an account.
#[derive(Debug, Deserialize)]
struct Chosen {
    id: String,
}

impl Assessed {
    /// Shows the account to the models that are watched.
    fn show(&self, monitor: &mut Monitor) {
        let said = self.predictions.iter();
        let said = said.filter_map(|p| Some((p.model_version.clone()?, p.probability)));
        let segment = self.profile.as_ref().map_or("", |profile| profile.id.as_str());
        monitor.see(segment, &self.features, said.collect());
    }
}

#[derive(Debug, Deserialize)]
struct Health {
    score: Option<Points>,
    band: Band,
}

#[derive(Debug, Deserialize)]
struct Predicted {
    kind: PredictionKind,
    probability: f64,
    method: Method,
    model_version: Option<String>,
    #[serde(default)]
    shadow: bool,
}

/// Shows every account of a tenant to the models that are watched, without a snapshot: what an order by name does.
///
/// # Errors
/// [`AwsError`] when the accounts cannot be read.
pub(crate) async fn show(table: &Table, tenant: &TenantId, monitor: &mut Monitor) -> Result<(), AwsError> {
    let mut query = stats::listing(tenant);
    query.attributes = vec!["pk"];
    query.limit = Some(PAGE);
    loop {
        let page = table.page(&query).await?;
        for (_, _, assessed) in assessments(table, tenant, &page.items).await? {
            if let Some(assessed) = assessed {
                assessed.show(monitor);
            }
        }
        query.start = page.next;
        if query.start.is_none() {
            return Ok(());
        }
    }
}

/// Writes the day of a tenant: the day of `now` in its zone. A second run of the day writes the same files again. On the way
/// each account is shown to the models that are watched.
pub(crate) async fn take(
    table: &Table,
    store: &Lake,
    tenant: &TenantId,
    settings: &copilot_aws::tenants::Tenant,
    now: Timestamp,
    mut monitor: Option<&mut Monitor>,
) -> Result<Taken, SnapshotError> {
    let day = day_of(settings.now(now), &settings.time_zone());
    let key = LakeKey::new(lake::pseudonym_key(table, tenant, chance::key()?).await?);
    let mut parts = Parts::new(&key, Origin::Lived, ROWS_IN_GROUP);
    let (mut taken, mut number) = (Taken::default(), 0);
    let mut query = stats::listing(tenant);
    query.attributes = vec!["pk", "f_cur", "data"];
    query.limit = Some(PAGE);
    loop {
        let page = table.page(&query).await?;
        for (account, card, assessed) in assessments(table, tenant, &page.items).await? {
            let Some(assessed) = assessed else {
                taken.unscored += 1;
                continue;
            };
            if let Some(monitor) = monitor.as_deref_mut() {
                assessed.show(monitor);
            }
            let row = row(account, day, card, assessed);
            taken.rows += 1;
            if let Some(file) = parts.push(row)? {
                taken.bytes += file.len() as u64;
                store.put(tenant, day, number, file).await?;
                number += 1;
            }
        }
        query.start = page.next;
        if query.start.is_none() {
            break;
        }
    }
    if let Some(file) = parts.finish()? {
        taken.bytes += file.len() as u64;
        store.put(tenant, day, number, file).await?;
        number += 1;
    }
    store.truncate(tenant, day, number).await?;
    Ok(taken)
}

/// The newest assessments of a page of cards; none of an account that was never scored.
async fn assessments<'a>(
    table: &Table,
    tenant: &TenantId,
    cards: &'a [Item],
) -> Result<Vec<(AccountId, &'a Item, Option<Assessed>)>, AwsError> {
    let listed: Vec<(AccountId, &Item)> = cards
        .iter()
        .filter_map(|card| Some((stats::account(card)?, card)))
        .collect();
    let wanted: Vec<_> = listed
        .iter()
        .map(|(account, _)| keys::assessment(tenant, *account))
        .collect();
    let found: HashMap<_, Item> = table.get_many(&wanted, false).await?;
    let mut rows = Vec::with_capacity(listed.len());
    for (at, (account, card)) in listed.iter().enumerate() {
        let assessed = found
            .get(&wanted[at])
            .map(Item::document::<Assessed>)
            .transpose()?;
        rows.push((*account, *card, assessed));
    }
    Ok(rows)
}

fn row(account: AccountId, day: Date, card: &Item, assessed: Assessed) -> Row {
    // A card that does not read is a row without its segment, not a day without rows.
    let shown: Card = card.document().unwrap_or_default();
    let churn = churn(assessed.predictions);
    Row {
        stage: shown.stage,
        segment: shown.segment,
        touch: shown.touch,
        currency: Currency::new(card.str("f_cur")).ok(),
        score: assessed.health.score.map(Points::as_f64),
        band: Some(assessed.health.band),
        churn_probability: churn.as_ref().map(|churn| churn.probability),
        model_version: churn.and_then(|churn| churn.model_version),
        features: Features::of_map(&assessed.features),
        ..Row::new(account, day, assessed.as_of)
    }
}

/// The churn prediction that was shown: the model's where there is one, else the rules'. What a model in the shadow says
/// is shown to nobody.
fn churn(predictions: Vec<Predicted>) -> Option<Predicted> {
    predictions
        .into_iter()
        .filter(|p| p.kind == PredictionKind::Churn && !p.shadow)
        .max_by_key(|p| p.method == Method::Model)
}
