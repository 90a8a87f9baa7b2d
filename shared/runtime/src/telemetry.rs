//! Logs: one flat JSON object a line on standard output, the fields of all open spans beside the event's own, so
//! that CloudWatch Logs Insights can query each by name.
//!
//! Never log tokens, signatures, e-mail addresses, names or raw bodies: ids only.

use std::panic::PanicHookInfo;

use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

use crate::config::Env;

/// Libraries whose debug lines drown ours; they follow the chosen level only from `warn` up.
const LOUD: [&str; 6] = [
    "hyper",
    "hyper_util",
    "aws_smithy_runtime",
    "aws_config",
    "rustls",
    "h2",
];

/// Starts logging for a function. The level is `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, else `info`. A second call
/// changes nothing and does not fail.
pub fn init(function: &'static str) {
    let env = Env::process();
    let level = env
        .optional("AWS_LAMBDA_LOG_LEVEL")
        .or_else(|| env.optional("RUST_LOG"));
    let layer = layer(function, std::io::stdout);
    let subscriber = Registry::default().with(filter(level.as_deref())).with(layer);
    if subscriber.try_init().is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// The error and what caused it, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries print their source in their own text; do not say it twice.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn layer<W>(function: &'static str, writer: W) -> json_subscriber::fmt::Layer<LayeredFilter, W>
where
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + 'static,
{
    let mut layer = json_subscriber::fmt::layer()
        .with_writer(writer)
        .with_current_span(false)
        .with_span_list(false)
        .flatten_event(true)
        .flatten_span_list_on_top_level(true);
    layer
        .inner_layer_mut()
        .add_static_field("function", Value::from(function));
    layer
}

type LayeredFilter = tracing_subscriber::layer::Layered<EnvFilter, Registry>;

fn filter(level: Option<&str>) -> EnvFilter {
    let level = match level.map(str::to_ascii_lowercase).as_deref() {
        // Lambda knows a level that tracing does not.
        Some("fatal") => "error".to_owned(),
        Some(other) => other.to_owned(),
        None => "info".to_owned(),
    };
    let mut filter = EnvFilter::try_new(&level).unwrap_or_else(|_| EnvFilter::new("info"));
    if matches!(level.as_str(), "info" | "debug" | "trace") {
        for name in LOUD {
            if let Ok(directive) = format!("{name}=warn").parse() {
                filter = filter.add_directive(directive);
            }
        }
    }
    filter
}

/// A panic as an event. The message is shown only where it is a literal: a formatted one may hold a person's data.
fn log_panic(info: &PanicHookInfo<'_>) {
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    let message = info
        .payload()
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("not shown");
    tracing::error!(panic_at = %at, panic_message = message, "a handler panicked");
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_flat_object_with_the_fields_of_all_spans() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = Registry::default()
            .with(filter(Some("INFO")))
            .with(layer("score", move || writer.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let _outer = tracing::info_span!("invocation", request_id = "r-1").entered();
            let _inner = tracing::info_span!("record", message_id = "m-1").entered();
            tracing::info!(account_id = "acc_1", "account scored");
            tracing::debug!("not shown");
        });
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1, "{text}");
        let line: Value = serde_json::from_str(lines[0]).unwrap();
        for (field, value) in [
            ("function", "score"),
            ("request_id", "r-1"),
            ("message_id", "m-1"),
            ("account_id", "acc_1"),
            ("message", "account scored"),
            ("level", "INFO"),
        ] {
            assert_eq!(line[field], value, "{field} in {line}");
        }
    }

    #[test]
    fn starting_twice_and_a_level_that_does_not_read_are_no_reason_to_fail() {
        init("score");
        init("score");
        for level in ["FATAL", "loud!!=", "", "Debug", "warn"] {
            let _ = filter(Some(level));
        }
    }

    #[test]
    fn a_cause_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("could not read the item")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("connection reset"));
        assert_eq!(chain(&error), "could not read the item: connection reset");
    }
}
