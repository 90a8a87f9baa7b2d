//! The `webhook` function: config, clients, context, run.

use copilot_runtime::{config::Env, telemetry};
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("webhook");
    let context = webhook::Context::from_env(&Env::process()).await?;
    run(service_fn(async |request: Request| {
        Ok::<_, Error>(webhook::handle(request, &context).await)
    }))
    .await
}
