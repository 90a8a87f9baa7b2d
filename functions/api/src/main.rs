//! The `api` function: config, clients, context, run.

use copilot_runtime::{config::Env, telemetry};
use lambda_http::{Error, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("api");
    let ctx = api::Ctx::from_env(&Env::process()).await?;
    run(api::app(ctx)).await
}
