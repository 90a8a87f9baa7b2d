//! A stack on MiniStack in an AWS account of its own, with two tenants: `acme`, whose data is looked at, and
//! `borealis`, who must never see it.

use std::time::Duration;

use api::{Ctx, app};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use copilot_aws::assessments::opportunity_item;
use copilot_aws::bus::EventBus;
use copilot_aws::imports::{Files, Import};
use copilot_aws::models::{ModelFiles, TrainQueue};
use copilot_aws::table::Condition;
use copilot_aws::tenants::{self, ApiKey, Tenant};
use copilot_aws::webhooks::HookQueue;
use copilot_aws::{IngestQueue, RawLog, ScoreQueue, Secrets, Table, backtests, testing};
use copilot_channels::webhook::Addresses;
use copilot_domain::TenantId;
use copilot_domain::backtest::{Backtest, BacktestStatus, Replay, Subject};
use copilot_domain::health::Band;
use copilot_domain::ids::{AccountId, OpportunityId, TenantProof};
use copilot_domain::model::OwnPointer;
use copilot_domain::opportunity::{Opportunity, OpportunityStage};
use copilot_domain::prediction::PredictionKind;
use copilot_learning::backtest::{Became, Look, Loss, Seen, Side, Stand, result};
use copilot_learning::calibrate::Platt;
use copilot_learning::trees_export::to_onnx;
use copilot_pipeline::Scorer;
use copilot_runtime::clock::Clock;
use copilot_runtime::ids::Ids;
use copilot_scoring::ensemble::{Aggregate, Ensemble, PostTransform, Tree};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt as _;

use super::issuer::{AUDIENCE, ISSUER, claims, key, key_set};

/// A word that stands in all of Acme's data and may not show up in what others are answered.
pub const SECRET: &str = "Acme-Secret";
/// The same of Borealis.
pub const OTHER_SECRET: &str = "Borealis-Secret";

/// The instant at which the tests happen.
pub const NOW: &str = "2026-03-01T09:00:00Z";

/// The world.
pub struct World {
    pub app: Router,
    pub ctx: Ctx,
    pub acme: TenantId,
    pub borealis: TenantId,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }
}

/// Calls an AWS service of the test's account the plain way: what only tests create needs no SDK.
async fn aws(
    endpoint: &str,
    account: &str,
    service: &str,
    target: Option<&str>,
    method: &str,
    path: &str,
    body: Value,
) -> Value {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let method = method.parse().unwrap();
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={account}/20260301/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
    );
    let mut request = client
        .request(method, format!("{endpoint}{path}"))
        .header("Authorization", credential);
    if let Some(target) = target {
        request = request
            .header("X-Amz-Target", target)
            .header("Content-Type", "application/x-amz-json-1.0")
            .body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{service} {target:?}: {status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

impl World {
    /// The world of a test; `None` (said by the store's support) when there is no server.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told of their server by the environment"
    )]
    pub async fn new(test: &str) -> Option<Self> {
        // A run of its own each time: the server may be that of the run before.
        let test = format!("{test} {}", std::process::id());
        let config = testing::config(&test).await?;
        let endpoint = std::env::var("COPILOT_TEST_ENDPOINT").ok()?;
        let digest = Sha256::digest(test.as_bytes());
        let number = digest.iter().take(8).fold(0_u64, |n, b| (n << 8) | u64::from(*b));
        let account = format!("{:012}", 100_000_000_000 + number % 899_999_999_999);
        let table = testing::create_table(&config, "copilot-test").await.unwrap();
        let bucket = format!("copilot-test-{account}");
        aws(
            &endpoint,
            &account,
            "s3",
            None,
            "PUT",
            &format!("/{bucket}"),
            Value::Null,
        )
        .await;
        let mut urls = Vec::new();
        for name in ["ingest", "score", "hooks", "train"] {
            let made = aws(
                &endpoint,
                &account,
                "sqs",
                Some("AmazonSQS.CreateQueue"),
                "POST",
                "/",
                json!({"QueueName": name}),
            )
            .await;
            urls.push(made["QueueUrl"].as_str().unwrap().to_owned());
        }
        aws(
            &endpoint,
            &account,
            "events",
            Some("AWSEvents.CreateEventBus"),
            "POST",
            "/",
            json!({"Name": "copilot"}),
        )
        .await;

        let clock = Clock::fixed(NOW.parse().unwrap());
        let (jwks, _) = api::jwks::Jwks::given(&key_set(&[key()]));
        let ctx = Ctx {
            raw: RawLog::new(&config, &bucket),
            ingest: IngestQueue::new(&config, &urls[0]),
            score: ScoreQueue::new(&config, &urls[1], table.clone()),
            scorer: Scorer::new(table.clone(), EventBus::new(&config, "copilot"))
                .unwrap()
                .with_models(ModelFiles::new(&config, &bucket)),
            files: Files::new(&config, &bucket),
            table,
            ids: Ids::system(clock.clone()),
            clock,
            verifier: api::auth::Verifier::new(jwks, ISSUER, AUDIENCE),
            webhook_base: None,
            secrets: Secrets::new(&config, "copilot/test/"),
            hooks: HookQueue::new(&config, &urls[2]),
            addresses: Addresses::Public,
            models: ModelFiles::new(&config, &bucket),
            training: TrainQueue::new(&config, &urls[3]),
            rate_per_minute: 600,
        };
        let tenant = |slug: &str| TenantId::proven(slug, TenantProof::Operator).unwrap();
        let world = Self {
            app: app(ctx.clone()),
            ctx,
            acme: tenant("acme"),
            borealis: tenant("borealis"),
        };
        for (id, name) in [(&world.acme, SECRET), (&world.borealis, OTHER_SECRET)] {
            put_tenant(&world.ctx.table, id, name, None).await;
        }
        Some(world)
    }

    /// A token of a role in a tenant.
    pub fn token(&self, tenant: &str, role: &str) -> String {
        let now = self.ctx.clock.now().as_second();
        key().sign(&claims(tenant, role, &format!("{role}@{tenant}.example"), now))
    }

    /// Stores an API key and gives its text.
    pub async fn api_key(&self, tenant: &str, scopes: &[&str]) -> String {
        let prefix = format!("{tenant}{}", scopes.concat());
        let text = format!("cpk_{prefix}_{}", "s".repeat(32));
        let stored = ApiKey {
            tenant: tenant.to_owned(),
            name: "test".to_owned(),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            prefix,
            created_at: self.ctx.clock.now(),
        };
        tenants::put_api_key(&self.ctx.table, &api::auth::key_hash(&text), &stored)
            .await
            .unwrap();
        text
    }

    /// Sends a request.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        let answer = self.app.clone().oneshot(request.unwrap()).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .unwrap();
        Reply {
            status,
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Sends rows of a kind for a tenant.
    pub async fn upsert(&self, tenant: &str, kind: &str, rows: Value) -> Value {
        let token = self.token(tenant, "admin");
        let body = json!({"rows": rows});
        let reply = self
            .send(
                "PUT",
                &format!("/v1/{kind}:batch"),
                Some(&token),
                &[],
                Some(&body),
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// Gives a tenant an account with everything that a route could show. Gives the ids.
    pub async fn seed(&self, tenant: &TenantId, secret: &str) -> Seeded {
        let slug = tenant.as_str();
        let made = self
            .upsert(
                slug,
                "accounts",
                json!([{
                    "external_id": "a-1", "name": format!("{secret} GmbH"), "domain": "acme.example",
                    "owner": format!("csm@{slug}.example"), "mrr_minor": 100_000, "currency": "EUR",
                    "contract_start": "2024-01-01", "contract_end": "2026-04-01", "seats": 10,
                    "custom": {"tier": secret}, "identities": {"stripe": format!("cus_{slug}")},
                }]),
            )
            .await;
        let account = made["results"][0]["id"].as_str().unwrap().to_owned();
        let text = |id: &str| json!([{"external_id": id, "account": "a-1", "title": secret, "opened_at": "2026-02-25T08:00:00Z", "priority": "urgent"}]);
        self.upsert(slug, "tickets", text("t-1")).await;
        self.upsert(slug, "invoices", json!([{
            "external_id": "i-1", "account": "a-1", "number": secret, "amount_minor": 5000, "currency": "EUR",
            "issued_at": "2025-11-01T00:00:00Z", "due_at": "2025-11-15T00:00:00Z",
        }]))
        .await;
        self.upsert(slug, "contacts", json!([{
            "external_id": "c-1", "account": "a-1", "name": secret, "role": "champion", "joined_at": "2025-01-01T00:00:00Z",
        }]))
        .await;
        let token = self.token(slug, "admin");
        let events = json!({"events": [
            {"id": "e-1", "account": "a-1", "user": "u-1", "name": secret, "at": "2026-02-27T10:00:00Z"},
            {"id": "e-2", "account": "a-1", "user": "u-2", "name": secret, "at": "2026-02-27T11:00:00Z"},
        ]});
        let counted = self
            .send("POST", "/v1/events:batch", Some(&token), &[], Some(&events))
            .await;
        assert_eq!(counted.json()["counted"], 2, "{}", counted.text);
        let scored = self
            .send(
                "POST",
                &format!("/v1/accounts/{account}/score"),
                Some(&token),
                &[],
                None,
            )
            .await;
        assert_eq!(scored.status, 200, "{}", scored.text);
        let alerts = self
            .send(
                "GET",
                &format!("/v1/alerts?filter[account][eq]={account}"),
                Some(&token),
                &[],
                None,
            )
            .await
            .json();
        let alert = alerts["data"][0].clone();
        assert!(
            alert["id"].is_string(),
            "an urgent ticket and an old invoice must raise an alert: {alerts}"
        );

        let id: AccountId = account.parse().unwrap();
        let opportunity = Opportunity {
            id: OpportunityId::derived(&[slug, "opp"]),
            account: id,
            episode: 1,
            title: secret.to_owned(),
            signals: Vec::new(),
            score: 3.0,
            value: None,
            expected: None,
            stage: OpportunityStage::Identified,
            playbook: None,
            opened_at: self.ctx.clock.now(),
            last_seen_at: self.ctx.clock.now(),
            closed_at: None,
        };
        let card = json!({"id": account, "name": secret, "owner": null});
        let item = opportunity_item(tenant, &opportunity, &card, 1);
        self.ctx.table.put(item, Condition::None).await.unwrap();

        let cta = json!({"title": secret, "account": account});
        let cta = self
            .send("POST", "/v1/ctas", Some(&token), &[], Some(&cta))
            .await
            .json();
        let announce = json!({"kind": "accounts", "filename": format!("{secret}.csv"), "size_bytes": 40});
        let import = self
            .send("POST", "/v1/imports", Some(&token), &[], Some(&announce))
            .await
            .json();
        let import = import["id"].as_str().unwrap().to_owned();
        let csv = format!("external_id,name\nx-1,{secret}\n");
        let object = Import::object_key(tenant, import.parse().unwrap());
        self.ctx.files.write(&object, csv.into_bytes()).await.unwrap();
        let hook =
            json!({"url": format!("https://example.com/{secret}"), "events": ["*"], "description": secret});
        let hook = self
            .send("POST", "/v1/webhooks", Some(&token), &[], Some(&hook))
            .await
            .json();
        let webhook = hook["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/webhooks/{webhook}/test");
        let sent = self.send("POST", &path, Some(&token), &[], None).await.json();
        let settings = self.send("GET", "/v1/settings", Some(&token), &[], None).await;
        let backtest = tested(&self.ctx.table, tenant, account.parse().unwrap()).await;
        let model = own_model(slug);
        let model = self
            .send(
                "POST",
                "/v1/models/churn/versions",
                Some(&token),
                &[],
                Some(&model),
            )
            .await;
        assert_eq!(model.status, 201, "{}", model.text);
        // A model of tone of one's own whose files are gone: the shipped one answers.
        if slug == "acme" {
            let mut pointer = OwnPointer::default();
            pointer.crown("2026-02-01-00000000", self.ctx.clock.now());
            let (item, condition) = copilot_aws::tone::pointer_item(tenant, &pointer, 0);
            self.ctx.table.put(item, condition).await.unwrap();
            // And what was learnt of products, gone as well: nothing is told.
            let (item, condition) = copilot_aws::products::pointer_item(tenant, &pointer, 0);
            self.ctx.table.put(item, condition).await.unwrap();
        }
        Seeded {
            webhook,
            delivery: sent["id"].as_str().unwrap().to_owned(),
            account,
            alert: alert["id"].as_str().unwrap().to_owned(),
            alert_etag: alert["etag"].as_str().unwrap().to_owned(),
            opportunity: opportunity.id.to_string(),
            cta: cta["id"].as_str().unwrap().to_owned(),
            import,
            model: model.json()["version"].as_str().unwrap().to_owned(),
            backtest,
            settings_etag: settings.headers[header::ETAG].to_str().unwrap().to_owned(),
        }
    }
}

/// A backtest that is done, with an account that it missed.
async fn tested(table: &Table, tenant: &TenantId, account: AccountId) -> String {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let stand = Stand {
        band: Band::Healthy,
        score: Some(80.0),
        risk: Some(0.2),
        flagged: false,
        rules: Vec::new(),
        reasons: vec!["fewer tickets (−3)".to_owned()],
    };
    let found = result(Seen {
        kind: PredictionKind::Churn,
        known_until: now,
        days: vec![jiff::civil::date(2025, 9, 1)],
        accounts: 1,
        sides: vec![Side {
            name: "published profiles, version 1".to_owned(),
            flags: "at risk or critical".to_owned(),
            has_probabilities: false,
        }],
        looks: vec![Look {
            account,
            day: jiff::civil::date(2025, 9, 1),
            happened: true,
            became: Some(Became::Churned),
            stands: vec![stand.clone()],
        }],
        losses: vec![Loss {
            account,
            on: jiff::civil::date(2025, 11, 1),
            stands: vec![Some(vec![stand]); 13],
        }],
        replay: Replay::default(),
        notes: Vec::new(),
    });
    let asked = Backtest {
        status: BacktestStatus::Done,
        finished_at: Some(now),
        ..Backtest::queued(Subject::Published, "ann", now, tenant.as_str())
    };
    backtests::put(table, tenant, &asked).await.unwrap();
    backtests::put_result(table, tenant, &asked, &found)
        .await
        .unwrap();
    asked.id
}

/// A model of one's own: a single leaf that says the same of every account. Each text gives another.
pub fn own_model(unlike: &str) -> Value {
    let margin = -1.0 - unlike.len() as f32 / 16.0;
    let trees = Ensemble::new(
        vec![Tree::constant(margin)],
        1,
        Aggregate::Sum,
        vec![0.0],
        PostTransform::None,
        None,
    );
    let platt = Platt {
        slope: 1.0,
        offset: 0.0,
    };
    let onnx = to_onnx("own", &trees.unwrap(), 2, Some(platt));
    let said = 1.0 / (1.0 + (-f64::from(margin)).exp());
    let sample = |seats: f64| json!({"inputs": [seats, null], "probability": said});
    json!({
        "onnx_base64": STANDARD.encode(onnx), "features": ["seats", "tickets_30d"], "label": "left within 90 days",
        "samples": [sample(1.0), sample(2.0), sample(3.0), sample(4.0), sample(5.0)],
    })
}

/// Writes a tenant.
pub async fn put_tenant(table: &Table, id: &TenantId, name: &str, pinned: Option<&str>) {
    let tenant: Tenant = serde_json::from_value(json!({
        "id": id, "name": name, "zone": "Europe/Berlin", "pinned_as_of": pinned,
    }))
    .unwrap();
    tenants::put(table, id, &tenant).await.unwrap();
}

/// Ids of what was seeded.
#[derive(Debug, Clone, Default)]
pub struct Seeded {
    pub account: String,
    pub alert: String,
    pub alert_etag: String,
    pub opportunity: String,
    pub cta: String,
    pub import: String,
    pub webhook: String,
    pub delivery: String,
    pub settings_etag: String,
    pub model: String,
    pub backtest: String,
}
