//! `copilot-admin`: what operators do with AWS credentials of the stack. Each command prints one JSON line.

#![expect(
    clippy::print_stdout,
    reason = "a command-line tool answers on standard output"
)]

mod backfill;
mod backtest;
mod features;
mod keys;
mod replay;
mod train;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::{Lake, ScoreQueue, Secrets, Table};
use copilot_domain::ids::{AccountId, Source, TenantId, TenantProof};
use copilot_domain::time::parse_instant;
use copilot_runtime::clock::Clock;
use copilot_runtime::config::Env;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

#[derive(Debug, Parser)]
#[command(
    name = "copilot-admin",
    about = "Tenants, API keys, secrets and replay of a Customer Success Copilot stack"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tenants.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Secrets of webhook sources.
    #[command(subcommand)]
    WebhookSecret(SecretCommand),
    /// Scores past days of every account of a tenant in hindsight, from what was known then, and scores it anew.
    Backfill {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Days to go back.
        #[arg(long, default_value_t = 182, value_parser = clap::value_parser!(u16).range(1..=1100))]
        days: u16,
        /// Days between two points.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=366))]
        every: u16,
    },
    /// Trains a model on a tenant's history, here: the same run as in the `train` function, with the same result.
    Train {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// churn, downgrade, payment or expansion.
        #[arg(long, default_value = "churn")]
        kind: String,
        /// Why to train though what the model reads has drifted.
        #[arg(long)]
        accept_drift: Option<String>,
    },
    /// Holds profiles, rules or a model against a tenant's history, here, and writes the report into a file.
    Backtest(backtest::Asked),
    /// Writes the features of every account of a tenant, as they were at the ends of past months, into the feature store.
    BackfillFeatures {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The first month: 2024-01.
        #[arg(long)]
        from: String,
        /// The last month; the last one that is over when left out.
        #[arg(long)]
        to: Option<String>,
    },
    /// Takes accounts out of every file of the feature store. Erase them from the table first.
    EraseLake {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The accounts: `acc_…`, separated by commas.
        #[arg(long, required = true, value_delimiter = ',')]
        account: Vec<AccountId>,
    },
    /// Rebuilds a tenant's state from the raw log, into the stack's table or another.
    Replay {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The table to write into; the stack's own when left out.
        #[arg(long)]
        into_table: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Creates a tenant, or changes its name, zone or pinned clock.
    Create {
        /// Slug: a-z, 0-9, '-'.
        #[arg(long)]
        id: String,
        /// Display name.
        #[arg(long)]
        name: String,
        /// IANA zone.
        #[arg(long, default_value = "UTC")]
        zone: String,
        /// Pins the clock: the tenant is a sandbox that looks at historic data as of this instant.
        #[arg(long)]
        as_of: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Makes an API key; it is shown once.
    Create {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// What it is for.
        #[arg(long)]
        name: String,
        /// read, write, admin; separated by commas.
        #[arg(long, default_value = "read", value_delimiter = ',')]
        scopes: Vec<String>,
    },
    /// Lists the keys of a tenant, without their secrets.
    List {
        /// The tenant.
        #[arg(long)]
        tenant: String,
    },
    /// Takes a key away: from now on it is refused.
    Revoke {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The beginning of the key, `cpk_…`, as the list shows it.
        #[arg(long)]
        prefix: String,
    },
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// Makes (or rotates) the secret of a source; the one before stays valid beside it for 24 hours.
    Create {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The source's name: `web`, `stripe`, …
        #[arg(long)]
        source: String,
        /// The secret, where the vendor chose it (Stripe's `whsec_…`); made here when left out.
        #[arg(long)]
        secret: Option<String>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let env = Env::process();
    let sdk = copilot_aws::sdk::load().await;
    let table_name = env.required("TABLE_NAME", "the stack's table")?;
    let table = Table::new(&sdk, &table_name);
    let clock = Clock::system();
    let line = match cli.command {
        Command::Tenant(TenantCommand::Create {
            id,
            name,
            zone,
            as_of,
        }) => {
            json!(create_tenant(&table, id, name, zone, as_of.as_deref()).await?)
        }
        Command::Key(command) => key(command, &table, &clock).await?,
        Command::WebhookSecret(SecretCommand::Create {
            tenant,
            source,
            secret,
        }) => {
            let slug = tenant_id(&tenant)?;
            let source = Source::new(&source)?;
            let prefix = env.required("SECRET_PREFIX", "the prefix of the stack's secrets")?;
            let secret = secret.map_or_else(keys::secret, Ok)?;
            Secrets::new(&sdk, &prefix)
                .put_webhook(slug.as_str(), source.as_str(), &secret, clock.now())
                .await?;
            json!({ "tenant": tenant, "source": source, "secret": secret })
        }
        Command::Backfill { tenant, days, every } => {
            let queue = env.required("SCORE_QUEUE_URL", "the queue that score reads")?;
            let queue = ScoreQueue::new(&sdk, &queue, table.clone());
            json!(backfill::run(&table, &queue, &clock, &tenant_id(&tenant)?, days, every).await?)
        }
        Command::Train {
            tenant,
            kind,
            accept_drift,
        } => {
            let bucket = env.required("DATA_BUCKET", "the data bucket")?;
            let bus = env.required("EVENT_BUS_NAME", "the bus on which alerts are told")?;
            let tenant = tenant_id(&tenant)?;
            let stack = (&sdk, &table, (bucket.as_str(), bus.as_str()));
            Box::pin(train::run(stack, &clock, &tenant, &kind, accept_drift)).await?
        }
        Command::Backtest(asked) => {
            let tenant = tenant_id(&asked.tenant)?;
            Box::pin(backtest::run(&env, &sdk, &table, &clock, &tenant, &asked)).await?
        }
        Command::BackfillFeatures { tenant, from, to } => {
            let store = lake(&env, &sdk)?;
            features::fill(&table, &store, &clock, &tenant_id(&tenant)?, &from, to.as_deref()).await?
        }
        Command::EraseLake { tenant, account } => {
            let store = lake(&env, &sdk)?;
            features::erase(&table, &store, &tenant_id(&tenant)?, &account).await?
        }
        Command::Replay { tenant, into_table } => {
            let bucket = env.required("DATA_BUCKET", "the bucket of the raw log")?;
            let target = into_table.as_deref().map(|name| Table::new(&sdk, name));
            let tenant = tenant_id(&tenant)?;
            let context = replay::context(&env, &sdk, &bucket, table, target, &tenant).await?;
            let outcome = Box::pin(replay::run(&context, &tenant)).await?;
            println!("{}", json!(outcome));
            anyhow::ensure!(
                outcome.failures.is_empty(),
                "{} deliveries were not applied; mend the cause and replay again",
                outcome.failures.len()
            );
            return Ok(());
        }
    };
    println!("{line}");
    Ok(())
}

/// Makes, lists and revokes API keys.
async fn key(command: KeyCommand, table: &Table, clock: &Clock) -> Result<Value> {
    Ok(match command {
        KeyCommand::Create { tenant, name, scopes } => {
            let slug = tenant_id(&tenant)?;
            tenants::get(table, &slug)
                .await?
                .with_context(|| format!("there is no tenant {tenant}"))?;
            let (text, hash, key) = keys::make(&tenant, &name, scopes, clock.now())?;
            tenants::put_api_key(table, &hash, &key).await?;
            json!({ "tenant": tenant, "key": text, "scopes": key.scopes })
        }
        KeyCommand::List { tenant } => {
            let keys = tenants::api_keys(table, &tenant_id(&tenant)?).await?;
            json!({ "tenant": tenant, "keys": keys })
        }
        KeyCommand::Revoke { tenant, prefix } => {
            let revoked = tenants::revoke_api_key(table, &tenant_id(&tenant)?, &prefix)
                .await?
                .with_context(|| format!("{tenant} has no key {prefix}; `key list` shows them"))?;
            json!({ "tenant": tenant, "revoked": revoked })
        }
    })
}

/// Creates a tenant, or changes it; what its own people set stays.
async fn create_tenant(
    table: &Table,
    id: String,
    name: String,
    zone: String,
    as_of: Option<&str>,
) -> Result<Tenant> {
    let slug = tenant_id(&id)?;
    TimeZone::get(&zone).with_context(|| format!("{zone} is no IANA time zone, such as Europe/Berlin"))?;
    let pinned_as_of = as_of.map(parse_instant).transpose().context("--as-of")?;
    let old = tenants::get(table, &slug).await?;
    let old = old.map(|t| (t.key_events, t.competitors, t.text_tone));
    let (key_events, competitors, text_tone) = old.unwrap_or_default();
    let tenant = Tenant {
        id,
        name,
        zone,
        pinned_as_of,
        key_events,
        competitors,
        text_tone,
    };
    tenants::put(table, &slug, &tenant).await?;
    Ok(tenant)
}

fn lake(env: &Env, sdk: &copilot_aws::sdk::SdkConfig) -> Result<Lake> {
    let bucket = env.required("DATA_BUCKET", "the bucket of the feature store")?;
    Ok(Lake::new(sdk, &bucket))
}

fn tenant_id(slug: &str) -> Result<TenantId> {
    Ok(TenantId::proven(slug, TenantProof::Operator)?)
}
