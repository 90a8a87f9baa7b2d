//! Metrics in CloudWatch's embedded format: one JSON line for each unit of work, written to standard output before
//! the answer is sent. No agent, no call, no buffer that a frozen environment could lose.
//!
//! Names are `PascalCase` and end in what they count or measure. Dimensions are service, function and stage and
//! nothing else: each other value would be a metric of its own, and be billed as one. What has many values
//! (tenant, account) is a property.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::clock::Clock;

/// The namespace of all our metrics.
pub const NAMESPACE: &str = "Copilot";
/// What one line may hold, by CloudWatch's documentation; more are dropped with a warning.
const MAX_METRICS: usize = 100;

#[derive(Debug, Clone)]
enum Sink {
    Stdout,
    Memory(Arc<Mutex<Vec<String>>>),
}

/// Where a function's measurements go. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    function: Arc<str>,
    stage: Arc<str>,
    clock: Clock,
    sink: Sink,
}

/// The unit of a measurement, as CloudWatch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A duration.
    Milliseconds,
    /// A size.
    Bytes,
    /// A share, 0 to 100.
    Percent,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Bytes => "Bytes",
            Self::Percent => "Percent",
        }
    }
}

impl Metrics {
    /// Metrics of a function in a stage, written to standard output.
    pub fn new(function: &str, stage: &str, clock: Clock) -> Self {
        Self {
            function: function.into(),
            stage: stage.into(),
            clock,
            sink: Sink::Stdout,
        }
    }

    /// Metrics that are kept instead of written, for tests; read them with [`Metrics::lines`].
    pub fn in_memory(function: &str, clock: Clock) -> Self {
        let sink = Sink::Memory(Arc::default());
        Self {
            function: function.into(),
            stage: "test".into(),
            clock,
            sink,
        }
    }

    /// The lines kept so far by [`Metrics::in_memory`]; empty for others.
    pub fn lines(&self) -> Vec<String> {
        match &self.sink {
            Sink::Stdout => Vec::new(),
            Sink::Memory(lines) => lines.lock().map(|lines| lines.clone()).unwrap_or_default(),
        }
    }

    /// Begins a unit of work: an invocation, a batch. [`Work::finish`] writes its line.
    pub fn work(&self) -> Work {
        Work {
            metrics: self.clone(),
            started: Instant::now(),
            values: Vec::new(),
            properties: Map::new(),
        }
    }

    fn write(&self, line: &str) {
        match &self.sink {
            Sink::Stdout => {
                // One call for the whole line, so that no log line can come between. A closed output is no reason
                // to fail the work that was measured.
                let mut out = std::io::stdout().lock();
                let _ = out.write_all(format!("{line}\n").as_bytes());
                let _ = out.flush();
            }
            Sink::Memory(lines) => {
                if let Ok(mut lines) = lines.lock() {
                    lines.push(line.to_owned());
                }
            }
        }
    }
}

/// What was measured during one unit of work.
#[derive(Debug)]
pub struct Work {
    metrics: Metrics,
    started: Instant,
    values: Vec<(&'static str, Unit, f64)>,
    properties: Map<String, Value>,
}

impl Work {
    /// Adds to a count; the first call for a name begins it at zero, so `count(name, 0)` makes a zero visible.
    pub fn count(&mut self, name: &'static str, by: u64) -> &mut Self {
        self.add(name, Unit::Count, by as f64)
    }

    /// Adds to a measurement of any unit. A value that is no number is left out.
    pub fn add(&mut self, name: &'static str, unit: Unit, value: f64) -> &mut Self {
        if !value.is_finite() {
            return self;
        }
        if let Some((.., sum)) = self.values.iter_mut().find(|(known, ..)| *known == name) {
            *sum += value;
        } else if self.values.len() < MAX_METRICS {
            self.values.push((name, unit, value));
        } else {
            tracing::warn!(
                metric = name,
                "too many metrics in one unit of work, one left out"
            );
        }
        self
    }

    /// A value to look for in the logs that must not become a dimension. No names, no addresses.
    pub fn property(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.properties.insert(name.to_owned(), value.into());
        self
    }

    /// Writes the line, with the time that the work took as `Duration`.
    pub fn finish(mut self) {
        let took = self.started.elapsed().as_secs_f64() * 1_000.0;
        self.add("Duration", Unit::Milliseconds, took);
        self.metrics.write(&self.line());
    }

    fn line(&self) -> String {
        let mut line = self.properties.clone();
        for (name, _, value) in &self.values {
            line.insert((*name).to_owned(), json!(value));
        }
        line.insert("service".to_owned(), json!("copilot"));
        line.insert("function".to_owned(), json!(&*self.metrics.function));
        line.insert("stage".to_owned(), json!(&*self.metrics.stage));
        let names: Vec<Value> = (self.values.iter())
            .map(|(name, unit, _)| json!({"Name": name, "Unit": unit.name()}))
            .collect();
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": self.metrics.clock.now().as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["service", "function", "stage"]],
                    "Metrics": names,
                }],
            }),
        );
        Value::Object(line).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_of_work_is_one_line_in_the_embedded_format() {
        let clock = Clock::fixed("2026-03-01T00:00:00Z".parse().unwrap());
        let metrics = Metrics::in_memory("ingest", clock);
        let mut work = metrics.work();
        work.count("RecordsHandled", 2)
            .count("RecordsHandled", 1)
            .count("RecordsFailed", 0);
        work.add("BatchSize", Unit::Bytes, 512.0)
            .add("Share", Unit::Percent, f64::NAN);
        work.property("tenant_id", "demo");
        work.finish();

        let lines = metrics.lines();
        assert_eq!(lines.len(), 1);
        assert!(!lines[0].contains('\n'));
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["RecordsHandled"], 3.0);
        assert_eq!(line["RecordsFailed"], 0.0);
        assert_eq!(line["tenant_id"], "demo");
        assert_eq!(line["_aws"]["Timestamp"], 1_772_323_200_000_i64);
        let emf = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(emf["Dimensions"], json!([["service", "function", "stage"]]));
        let names: Vec<_> = emf["Metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["Name"].clone())
            .collect();
        assert_eq!(
            names,
            ["RecordsHandled", "RecordsFailed", "BatchSize", "Duration"]
        );
        for dimension in ["service", "function", "stage"] {
            assert!(line[dimension].is_string());
        }
    }
}
