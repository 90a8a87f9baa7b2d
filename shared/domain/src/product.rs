//! Products: what an account is likely to take next, and the record of what was learnt of it.

use serde::{Deserialize, Serialize};

use crate::model::RunStatus;
use crate::time::Timestamp;

/// A product that an account does not own and is likely to take next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NextProduct {
    /// Its name.
    pub product: String,
    /// How strongly it is told: the sum of what the reasons add. Compares products of one account, and is no probability.
    pub score: f64,
    /// The strongest reasons, the strongest first.
    pub because: Vec<SharedOwners>,
    /// What the reasons add that are not listed.
    pub rest: f64,
}

/// A reason in counts: `both` of the `owners` of a product that the account owns have the one that is told, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharedOwners {
    /// The product that the account owns.
    pub product: String,
    /// Accounts that own it.
    pub owners: u32,
    /// Accounts among them that own the one that is told.
    pub both: u32,
    /// What it adds to the score.
    pub adds: f64,
}

/// How well lists foretold what accounts took in the 90 days after, over accounts that took something new.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListWorth {
    /// Share whose first product told was taken, 0 to 1.
    pub at_1: f64,
    /// Share with one of the first three, 0 to 1.
    pub at_3: f64,
    /// Mean of one over the rank of the first that was taken, 0 beyond the tenth.
    pub mrr: f64,
}

/// What lists were worth on months that they had not seen, beside the list of what most accounts own.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProductFigures {
    /// Accounts that took something new.
    pub accounts: usize,
    /// Accounts and months with something new.
    pub cases: usize,
    /// Ours.
    pub ours: ListWorth,
    /// The list of what most accounts own.
    pub popular: ListWorth,
    /// Lower end of the interval of 95 % of our gain in `mrr`; above 0 where ours is surely better.
    pub gain_low: f64,
    /// Its upper end.
    pub gain_high: f64,
}

/// What was learnt of a tenant's products, as it was registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProductVersion {
    /// The day, and what it was learnt from.
    pub version: String,
    /// When it was registered, by the tenant's clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub registered_at: Timestamp,
    /// Who asked for it; `schedule` is the run of the month.
    pub registered_by: String,
    /// Accounts that own something.
    pub accounts: usize,
    /// Products that may be told.
    pub products: usize,
    /// What decided that it answers.
    pub figures: ProductFigures,
}

/// A run that learns which products go together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProductRun {
    /// Id.
    pub id: String,
    /// Where it stands.
    pub status: RunStatus,
    /// When it was asked for, by the wall clock.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub asked_at: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// When it was done.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
    /// What it does, or what came of it, in words.
    pub verdict: String,
    /// Accounts read so far.
    pub accounts_done: usize,
    /// Accounts to read.
    pub accounts: usize,
    /// How well it did; missing where there was too little.
    pub figures: Option<ProductFigures>,
    /// The version that was registered.
    pub version: Option<String>,
}

impl ProductRun {
    /// An order for a run, to be written before it is sent. Ids sort by time; `unique` tells runs of one second apart.
    pub fn queued(by: &str, now: Timestamp, unique: &str) -> Self {
        Self {
            id: format!("products-{}-{unique}", now.as_second()),
            status: RunStatus::Queued,
            asked_at: now,
            asked_by: by.to_owned(),
            finished_at: None,
            verdict: "waits to be started".to_owned(),
            accounts_done: 0,
            accounts: 0,
            figures: None,
            version: None,
        }
    }
}
