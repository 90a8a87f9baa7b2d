//! What handlers work with: the stores, the queues, the clock, the verifier. Built once, in `main`.

use copilot_aws::{IngestQueue, RawLog, ScoreQueue, Table, tenants};
use copilot_domain::TenantId;
use copilot_runtime::clock::Clock;
use copilot_runtime::ids::Ids;

use crate::auth::Verifier;
use crate::problem::{Answer, Problem};

/// The context of the function.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The table.
    pub table: Table,
    /// The raw log.
    pub raw: RawLog,
    /// Work handed to `ingest`.
    pub ingest: IngestQueue,
    /// Accounts to be scored.
    pub score: ScoreQueue,
    /// The clock.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Who is asking.
    pub verifier: Verifier,
}

impl Ctx {
    /// The caller's tenant.
    ///
    /// # Errors
    /// A 404 when it does not exist (any more).
    pub async fn tenant(&self, id: &TenantId) -> Answer<tenants::Tenant> {
        tenants::get(&self.table, id).await?.ok_or_else(|| Problem::not_found("tenant"))
    }
}
