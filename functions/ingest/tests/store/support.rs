//! A tenant with table, bucket and queues of its own on MiniStack.

use aws_lambda_events::event::sqs::SqsEvent;
use copilot_aws::imports::{self, Files, Import, ImportStatus};
use copilot_aws::sdk::SdkConfig;
use copilot_aws::tenants::{self, Tenant};
use copilot_aws::{IngestQueue, RawLog, ScoreQueue, testing};
use copilot_domain::ids::{ImportId, TenantId, TenantProof};
use copilot_domain::time::Timestamp;
use copilot_runtime::clock::Clock;
use copilot_runtime::metrics::Metrics;
use ingest::{Context, Pace, handle};
use serde_json::{Value, json};

pub(crate) struct World {
    pub(crate) config: SdkConfig,
    pub(crate) context: Context,
    pub(crate) tenant: TenantId,
    pub(crate) queue: String,
}

/// The instant at which the tests happen.
pub(crate) fn now() -> Timestamp {
    "2026-03-10T08:00:00Z".parse().unwrap()
}

pub(crate) async fn world(test: &str) -> Option<World> {
    let config = testing::config(test).await?;
    let table = testing::create_table(&config, "table").await.unwrap();
    let bucket = testing::create_bucket(&config, test).await.unwrap();
    let queue = testing::create_queue(&config, "ingest").await.unwrap();
    let score = testing::create_queue(&config, "score").await.unwrap();
    let tenant = TenantId::proven("demo", TenantProof::Operator).unwrap();
    let profile = Tenant {
        competitors: Vec::new(),
        text_tone: false,
        id: "demo".to_owned(),
        name: "Demo".to_owned(),
        zone: "UTC".to_owned(),
        pinned_as_of: None,
        key_events: None,
    };
    tenants::put(&table, &tenant, &profile).await.unwrap();
    let clock = Clock::fixed(now());
    let context = Context {
        raw: RawLog::new(&config, &bucket),
        files: Files::new(&config, &bucket),
        ingest: Some(IngestQueue::new(&config, &queue)),
        score: Some(ScoreQueue::new(&config, &score, table.clone())),
        pace: Pace::default(),
        metrics: Metrics::in_memory("ingest", clock.clone()),
        table,
        clock,
    };
    Some(World {
        config,
        context,
        tenant,
        queue,
    })
}

/// A message of the queue.
pub(crate) fn event(body: &Value) -> SqsEvent {
    let record =
        json!({"messageId": "m-1", "body": body.to_string(), "attributes": {"ApproximateReceiveCount": "1"}});
    serde_json::from_value(json!({"Records": [record]})).unwrap()
}

impl World {
    /// Uploads a file, and asks for a run of its import; another start where it has run before.
    pub(crate) async fn start(&self, kind: &str, csv: &str, mapping: &[&str], dry_run: bool) -> ImportId {
        let id: ImportId = "imp_0190b7c2000070008000000000000001".parse().unwrap();
        let key = Import::object_key(&self.tenant, id);
        self.context
            .files
            .write(&key, csv.as_bytes().to_vec())
            .await
            .unwrap();
        let found = imports::get(&self.context.table, &self.tenant, id).await.unwrap();
        let (mut import, rev) = if let Some((import, rev)) = found {
            (import, Some(rev))
        } else {
            let text = |text: &str| text.to_owned();
            (
                Import::announced(id, text(kind), text("a.csv"), text("api"), now(), text("ada")),
                None,
            )
        };
        import.arrived(&self.context.files.look(&key).await.unwrap().unwrap());
        import.begin_anew();
        import.status = ImportStatus::Queued;
        import.dry_run = dry_run;
        import.mapping = (mapping.iter().map(|m| ((*m).to_owned(), Some((*m).to_owned())))).collect();
        imports::put(&self.context.table, &self.tenant, &import, rev)
            .await
            .unwrap();
        id
    }

    /// Works on one message for an import, and gives how it stands then.
    pub(crate) async fn part(&self, id: ImportId) -> Import {
        let message = json!({"copilot": "import", "tenant": "demo", "import": id.to_string()});
        handle(event(&message), &self.context).await.unwrap();
        self.import(id).await
    }

    /// Works on messages until the import is done; gives how many it took.
    pub(crate) async fn finish(&self, id: ImportId) -> (Import, usize) {
        for parts in 1..1_000 {
            let import = self.part(id).await;
            if import.finished_at.is_some() {
                return (import, parts);
            }
        }
        panic!("{id} does not end");
    }

    pub(crate) async fn import(&self, id: ImportId) -> Import {
        let found = imports::get(&self.context.table, &self.tenant, id).await.unwrap();
        found.unwrap().0
    }

    /// The rows of an import's report, without its head.
    pub(crate) async fn report(&self, id: ImportId) -> Vec<String> {
        let key = Import::report_key(&self.tenant, id);
        let file = self.context.files.look(&key).await.unwrap().unwrap();
        let text = self.context.files.range(&key, 0, file.size, None).await.unwrap();
        let text = String::from_utf8(text).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    }
}
