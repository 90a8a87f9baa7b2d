//! What was learnt of a tenant's products, loaded from where it is registered and kept.

use std::collections::HashMap;
use std::sync::Arc;

use copilot_aws::models::ModelFiles;
use copilot_aws::{AwsError, Table, products};
use copilot_domain::ids::TenantId;
use copilot_scoring::next_product::ProductModel;
use tokio::sync::Mutex;

/// Models that a process keeps; beyond, all are let go and those in use are loaded again.
const KEPT: usize = 16;

type Loaded = HashMap<(TenantId, String), Arc<ProductModel>>;

/// What answers for a tenant.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    files: Option<ModelFiles>,
    loaded: Arc<Mutex<Loaded>>,
}

/// The model that should answer.
#[derive(Debug, Clone)]
pub enum Answers {
    /// None was kept yet, or it was taken back.
    Nothing,
    /// This.
    Model(Arc<ProductModel>),
    /// The version that should answer cannot be loaded.
    Lost(String),
}

impl Shelf {
    pub(crate) fn of(files: ModelFiles) -> Self {
        Self {
            files: Some(files),
            loaded: Arc::default(),
        }
    }

    /// What answers for a tenant. A model that does not load is told of in the log.
    ///
    /// # Errors
    /// [`AwsError`] when the table fails.
    pub async fn answers(&self, table: &Table, tenant: &TenantId) -> Result<Answers, AwsError> {
        let (pointer, _) = products::pointer(table, tenant).await?;
        let Some((files, own)) = self.files.as_ref().zip(pointer.own) else {
            return Ok(Answers::Nothing);
        };
        let name = (tenant.clone(), own.version);
        let mut loaded = self.loaded.lock().await;
        if let Some(found) = loaded.get(&name) {
            return Ok(Answers::Model(Arc::clone(found)));
        }
        match load(files, tenant, &name.1).await {
            Ok(model) => {
                let model = Arc::new(model);
                if loaded.len() >= KEPT {
                    loaded.clear();
                }
                loaded.insert(name, Arc::clone(&model));
                Ok(Answers::Model(model))
            }
            Err(error) => {
                let version = name.1;
                tracing::error!(tenant_id = %tenant, version, error, "what was learnt of products cannot be read; nothing is told");
                Ok(Answers::Lost(version))
            }
        }
    }
}

/// A version; what is wrong with it, in words, when it does not load.
async fn load(files: &ModelFiles, tenant: &TenantId, version: &str) -> Result<ProductModel, String> {
    let read = products::model(files, tenant, version).await;
    let read = read.map_err(|error| copilot_runtime::telemetry::chain(&error))?;
    let bytes = read.ok_or("its file is not there")?;
    ProductModel::read(&bytes).map_err(|error| copilot_runtime::telemetry::chain(&error))
}
