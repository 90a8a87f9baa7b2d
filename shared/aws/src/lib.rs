//! DynamoDB, S3, SQS, EventBridge, Secrets Manager and SES: the only crate that knows the AWS SDK.
//!
//! A repository is a plain struct over the SDK client; its tests run on MiniStack. No business rules live here:
//! what is merged, scored or decided is told by the pure crates.

pub mod accounts;
pub mod accuracy;
pub mod alerts;
pub mod assessments;
pub mod backtests;
pub mod bus;
pub mod checks;
pub mod deliveries;
pub mod email;
pub mod error;
pub mod facts;
pub mod family;
pub mod fired;
pub mod history;
pub mod imports;
pub mod item;
pub mod keys;
pub mod kinds;
pub mod lake;
pub mod links;
pub mod models;
pub mod monitoring;
pub mod notifications;
pub mod overrides;
pub mod products;
pub mod profiles;
pub mod queue;
pub mod raw_log;
pub mod request;
pub mod sdk;
pub mod secrets;
pub mod serving;
pub mod stats;
pub mod table;
pub mod tenants;
pub mod testing;
pub mod tone;
pub mod usage;
pub mod webhooks;

pub use error::AwsError;
pub use item::Item;
pub use lake::Lake;
pub use queue::{IngestQueue, ScoreQueue};
pub use raw_log::{Put, RawLog};
pub use secrets::Secrets;
pub use table::Table;
