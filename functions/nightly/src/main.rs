//! The `nightly` function: config, clients, context, run.

use copilot_runtime::{config::Env, telemetry};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("nightly");
    let context = nightly::Context::from_env(&Env::process()).await?;
    run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        nightly::handle(event.payload, &context)
            .await
            .map_err(Error::from)
    }))
    .await
}
