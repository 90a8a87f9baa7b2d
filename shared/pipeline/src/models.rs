//! A tenant's learnt models, ready to answer: read from the registry, loaded once a process and version.

use std::collections::HashMap;
use std::sync::Arc;

use copilot_aws::models::{self, CARD, MODEL, ModelFiles};
use copilot_aws::{AwsError, Table};
use copilot_domain::ids::TenantId;
use copilot_domain::model::Pointers;
use copilot_domain::prediction::PredictionKind;
use copilot_scoring::learnt::LearntModel;
use copilot_scoring::learnt_card::LearntCard;
use copilot_scoring::models::{KindModels, Models};
use tokio::sync::Mutex;

/// Models that a process keeps; beyond, all are let go and those in use are loaded again.
const KEPT: usize = 48;

type Loaded = HashMap<(TenantId, PredictionKind, String), Option<Arc<LearntModel>>>;

/// Loads models and keeps them.
#[derive(Debug, Clone, Default)]
pub struct ModelShelf {
    files: Option<ModelFiles>,
    loaded: Arc<Mutex<Loaded>>,
}

impl ModelShelf {
    /// A shelf that is filled from a bucket.
    pub fn of(files: ModelFiles) -> Self {
        Self {
            files: Some(files),
            loaded: Arc::default(),
        }
    }

    /// The models that answer for a tenant. One that does not load is left out and told of in the log: the shipped model and
    /// the rules answer in its place.
    ///
    /// # Errors
    /// [`AwsError`] when the registry cannot be read.
    pub async fn models(&self, table: &Table, tenant: &TenantId) -> Result<Models, AwsError> {
        let mut out = Models::new();
        if self.files.is_none() {
            return Ok(out);
        }
        for (pointers, _) in models::pointers(table, tenant).await? {
            out.insert(pointers.kind, self.of_kind(tenant, &pointers).await);
        }
        Ok(out)
    }

    async fn of_kind(&self, tenant: &TenantId, pointers: &Pointers) -> KindModels {
        let kind = pointers.kind;
        let mut of_kind = KindModels::default();
        if let Some(champion) = &pointers.champion {
            of_kind.champion = self.found(tenant, kind, &champion.version).await;
            of_kind.lost |= of_kind.champion.is_none();
        }
        if let Some(challenger) = &pointers.challenger {
            let model = self.found(tenant, kind, &challenger.version).await;
            of_kind.lost |= model.is_none();
            of_kind.challenger = model.map(|model| (model, challenger.share));
        }
        if let Some(shadow) = &pointers.shadow {
            of_kind.shadow = self.found(tenant, kind, &shadow.version).await;
        }
        of_kind
    }

    /// A version, or nothing: S3 that does not answer is no reason not to score. It is asked again with the settings.
    async fn found(
        &self,
        tenant: &TenantId,
        kind: PredictionKind,
        version: &str,
    ) -> Option<Arc<LearntModel>> {
        self.get(tenant, kind, version).await.unwrap_or_else(|error| {
            let error = copilot_runtime::telemetry::chain(&error);
            tracing::error!(tenant_id = %tenant, %kind, version, error, "a model cannot be read; others answer");
            None
        })
    }

    /// A version of a tenant's model; `None` when its files are gone or do not fit together.
    ///
    /// # Errors
    /// [`AwsError`] when S3 cannot be read: the next try may do.
    pub async fn get(
        &self,
        tenant: &TenantId,
        kind: PredictionKind,
        version: &str,
    ) -> Result<Option<Arc<LearntModel>>, AwsError> {
        let name = (tenant.clone(), kind, version.to_owned());
        let mut loaded = self.loaded.lock().await;
        if let Some(found) = loaded.get(&name) {
            return Ok(found.clone());
        }
        let Some(files) = &self.files else {
            return Ok(None);
        };
        let model = load(files, tenant, (kind, version), (MODEL, CARD))
            .await?
            .map(Arc::new);
        if loaded.len() >= KEPT {
            loaded.clear();
        }
        loaded.insert(name, model.clone());
        Ok(model)
    }
}

/// Reads a model of a version by the names of its file and its card; `None`, with a line in the log, when it does not load.
///
/// # Errors
/// [`AwsError`] when S3 cannot be read.
pub async fn load(
    files: &ModelFiles,
    tenant: &TenantId,
    (kind, version): (PredictionKind, &str),
    (file, card): (&str, &str),
) -> Result<Option<LearntModel>, AwsError> {
    let place = (kind, version);
    let (bytes, card) = tokio::try_join!(files.get(tenant, place, file), files.get(tenant, place, card))?;
    let loaded = match (bytes, card) {
        (Some(bytes), Some(card)) => serde_json::from_slice::<LearntCard>(&card)
            .map_err(|error| error.to_string())
            .and_then(|card| LearntModel::load(&bytes, card).map_err(|error| error.to_string())),
        _ => Err("its files are not there".to_owned()),
    };
    match loaded {
        Ok(model) => Ok(Some(model)),
        Err(error) => {
            tracing::error!(tenant_id = %tenant, %kind, version, error, "a model does not load; others answer");
            Ok(None)
        }
    }
}
