//! The `score` function: config, clients, context, run.

use aws_lambda_events::event::sqs::SqsEvent;
use copilot_runtime::{config::Env, telemetry};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("score");
    let context = score::Context::from_env(&Env::process()).await?;
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        score::handle(event.payload, &context).await.map_err(Error::from)
    }))
    .await
}
