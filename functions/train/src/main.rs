//! The `train` function: config, clients, context, run.

use copilot_runtime::{config::Env, telemetry};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Error> {
    telemetry::init("train");
    let context = train::Context::from_env(&Env::process()).await?;
    run(service_fn(async |event: LambdaEvent<serde_json::Value>| {
        train::handle(event.payload, &context).await.map_err(Error::from)
    }))
    .await
}
