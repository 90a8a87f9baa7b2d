//! Deliveries against a real bucket and real secrets (MiniStack); the refusals that need neither run everywhere.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use copilot_aws::{RawLog, Secrets, sdk, testing};
use copilot_connectors::{generic, signature::hmac_sha256};
use copilot_domain::delivery::{Format, RawDelivery};
use copilot_domain::ids::{TenantId, TenantProof};
use copilot_domain::time::Timestamp;
use copilot_runtime::clock::Clock;
use copilot_runtime::metrics::Metrics;
use lambda_http::http::{Request, StatusCode};
use lambda_http::{Body, Response};
use serde_json::Value;
use webhook::{Context, handle};

const NOW: i64 = 1_772_366_400;
const SECRET: &str = "whs_test_secret";

fn context(config: &sdk::SdkConfig, bucket: &str) -> Context {
    let clock = Clock::fixed(Timestamp::from_second(NOW).unwrap());
    Context {
        secrets: Secrets::new(config, "copilot/test/"),
        raw_log: RawLog::new(config, bucket),
        metrics: Metrics::in_memory("webhook", clock.clone()),
        clock,
    }
}

/// A server, its bucket and a context over it.
async fn with_server(test: &str) -> Option<(sdk::SdkConfig, String, Context)> {
    let config = testing::config(test).await?;
    // Names of buckets are shared by all accounts.
    let name = format!("webhook-{}", test.replace('_', "-"));
    let bucket: String = name
        .chars()
        .take(60)
        .collect::<String>()
        .trim_end_matches('-')
        .to_owned();
    let s3 = sdk::s3(&config);
    let made = s3.create_bucket().bucket(&bucket).send().await;
    assert!(made.is_ok() || s3.head_bucket().bucket(&bucket).send().await.is_ok());
    let ctx = context(&config, &bucket);
    for source in ["crm", "stripe"] {
        ctx.secrets
            .put_webhook("acme", source, SECRET, ctx.clock.now())
            .await
            .unwrap();
    }
    // The test's account may hold deliveries of an earlier run.
    for key in ctx.raw_log.list("raw/", &acme(), None).await.unwrap().keys {
        s3.delete_object().bucket(&bucket).key(key).send().await.unwrap();
    }
    // A context of its own, so that no secret is remembered from before.
    let fresh = context(&config, &bucket);
    Some((config, bucket, fresh))
}

fn acme() -> TenantId {
    TenantId::proven("acme", TenantProof::OwnRecord).unwrap()
}

fn post(path: &str, headers: &[(&str, &str)], body: &[u8]) -> lambda_http::Request {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::Binary(body.to_vec())).unwrap()
}

fn signed(path: &str, secret: &str, at: i64, body: &[u8]) -> lambda_http::Request {
    let signature = generic::sign(secret.as_bytes(), at, body);
    let stamp = at.to_string();
    post(
        path,
        &[
            ("x-copilot-timestamp", &stamp),
            ("x-copilot-signature", &signature),
        ],
        body,
    )
}

fn told(answer: &Response<Body>) -> (u16, Value) {
    let status = answer.status();
    let json: Value = serde_json::from_slice(answer.body().as_ref()).unwrap();
    if status.is_success() {
        assert_eq!(answer.headers()["content-type"], "application/json");
    } else {
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(json["status"], status.as_u16());
        for field in ["type", "title", "detail", "code", "trace_id"] {
            assert!(json[field].is_string(), "{field}: {json}");
        }
    }
    (status.as_u16(), json)
}

async fn refused(ctx: &Context, request: lambda_http::Request) -> (u16, String) {
    let (status, json) = told(&handle(request, ctx).await);
    (status, json["code"].as_str().unwrap().to_owned())
}

fn is(status: StatusCode, code: &str) -> (u16, String) {
    (status.as_u16(), code.to_owned())
}

#[tokio::test]
async fn a_believed_delivery_is_kept_as_it_came_once() {
    let Some((_, _, ctx)) = with_server("a_believed_delivery_is_kept_as_it_came_once").await else {
        return;
    };
    let body = "{\"accounts\":[{\"external_id\":\"1\",\"name\":\"Zoë\",\"seats\":NaN}]}".as_bytes();
    let send = || signed("/webhooks/acme/crm", SECRET, NOW - 60, body);
    let (status, json) = told(&handle(send(), &ctx).await);
    assert_eq!((status, json["status"].as_str()), (202, Some("accepted")));
    let id = json["delivery_id"].as_str().unwrap();
    let (status, json) = told(&handle(send(), &ctx).await);
    assert_eq!(
        (status, json["status"].as_str(), json["code"].as_str()),
        (200, Some("duplicate"), Some("duplicate_delivery"))
    );
    let (tenant, kept) = ctx
        .raw_log
        .get(&format!("raw/acme/crm/2026/03/01/{id}.json.gz"))
        .await
        .unwrap();
    assert_eq!(tenant.as_str(), "acme");
    assert_eq!(
        kept,
        RawDelivery {
            delivery_id: id.to_owned(),
            source: copilot_domain::Source::new("crm").unwrap(),
            format: Format::Canonical,
            received_at: Timestamp::from_second(NOW).unwrap(),
            version_at: Timestamp::from_second(NOW - 60).unwrap(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    );
}

#[tokio::test]
async fn what_is_not_believed_or_does_not_read_is_not_kept() {
    let Some((_, _, ctx)) = with_server("what_is_not_believed_or_does_not_read_is_not_kept").await else {
        return;
    };
    let unauthorised = StatusCode::UNAUTHORIZED;
    let good = b"{}";
    for (request, expected) in [
        (
            signed("/webhooks/acme/crm", "other", NOW, good),
            is(unauthorised, "invalid_signature"),
        ),
        (
            signed("/webhooks/acme/crm", SECRET, NOW - 301, good),
            is(unauthorised, "timestamp_out_of_tolerance"),
        ),
        (
            signed("/webhooks/acme/crm", SECRET, NOW + 301, good),
            is(unauthorised, "timestamp_out_of_tolerance"),
        ),
        (
            signed("/webhooks/other/crm", SECRET, NOW, good),
            is(StatusCode::NOT_FOUND, "unknown_source"),
        ),
        (
            signed("/webhooks/acme/erp", SECRET, NOW, good),
            is(StatusCode::NOT_FOUND, "unknown_source"),
        ),
        (
            signed("/webhooks/acme/crm", SECRET, NOW, b"{\"a\":"),
            is(StatusCode::BAD_REQUEST, "invalid_json"),
        ),
        (
            signed("/webhooks/acme/crm", SECRET, NOW, b"[]"),
            is(StatusCode::BAD_REQUEST, "invalid_body"),
        ),
        (
            signed("/webhooks/acme/crm", SECRET, NOW, b"{\"a\":\"\xff\"}"),
            is(StatusCode::BAD_REQUEST, "invalid_utf8"),
        ),
    ] {
        assert_eq!(refused(&ctx, request).await, expected);
    }
    assert_eq!(
        ctx.raw_log.list("raw/", &acme(), None).await.unwrap().keys,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_stripe_event_sent_again_days_later_is_the_same_delivery() {
    let Some((_, _, ctx)) = with_server("a_stripe_event_sent_again_days_later_is_the_same_delivery").await
    else {
        return;
    };
    let body = br#"{"id":"evt_1","object":"event","type":"customer.created","created":1772000000,"data":{"object":{"id":"cus_1"}}}"#;
    let send = |at: i64| {
        let mac = hex::encode(hmac_sha256(
            SECRET.as_bytes(),
            &[at.to_string().as_bytes(), b".", body],
        ));
        post(
            "/webhooks/acme/stripe",
            &[("stripe-signature", &format!("t={at},v1={mac},v0=ab"))],
            body,
        )
    };
    assert_eq!(handle(send(NOW), &ctx).await.status(), StatusCode::ACCEPTED);
    ctx.clock.advance(std::time::Duration::from_hours(72));
    assert_eq!(
        handle(send(NOW + 72 * 3_600), &ctx).await.status(),
        StatusCode::OK
    );
    let (_, kept) = ctx
        .raw_log
        .get("raw/acme/stripe/2026/02/25/evt_1.json.gz")
        .await
        .unwrap();
    assert_eq!((kept.format, kept.received_at.as_second()), (Format::Stripe, NOW));
    let not_stripe = generic::sign(SECRET.as_bytes(), NOW, body);
    let request = post(
        "/webhooks/acme/stripe",
        &[("x-copilot-signature", &not_stripe)],
        body,
    );
    assert_eq!(
        refused(&ctx, request).await,
        is(StatusCode::UNAUTHORIZED, "missing_signature")
    );
}

#[tokio::test]
async fn a_secret_being_changed_is_taken_beside_the_old_one() {
    let Some((config, bucket, _)) = with_server("a_secret_being_changed_is_taken_beside_the_old_one").await
    else {
        return;
    };
    Secrets::new(&config, "copilot/test/")
        .put_webhook("acme", "crm", "whs_newer", Timestamp::from_second(NOW).unwrap())
        .await
        .unwrap();
    let ctx = context(&config, &bucket);
    for (secret, body) in [("whs_newer", b"{} "), (SECRET, b" {}")] {
        let answer = handle(signed("/webhooks/acme/crm", secret, NOW, body), &ctx).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{secret}");
    }
    // A day later, what was leaked or left in some sender's settings opens nothing any more.
    ctx.clock.advance(std::time::Duration::from_hours(24));
    let later = NOW + 24 * 3_600;
    let answer = handle(signed("/webhooks/acme/crm", "whs_newer", later, b"{}  "), &ctx).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(
        refused(&ctx, signed("/webhooks/acme/crm", SECRET, later, b"  {}")).await,
        is(StatusCode::UNAUTHORIZED, "invalid_signature")
    );
}

#[tokio::test]
async fn a_delivery_that_could_not_be_kept_is_asked_for_again() {
    let Some((config, bucket, _)) = with_server("a_delivery_that_could_not_be_kept_is_asked_for_again").await
    else {
        return;
    };
    let mut ctx = context(&config, &bucket);
    // A port on which nothing listens: the connection is refused, as when S3 cannot be reached.
    let broken = config.to_builder().endpoint_url("http://127.0.0.1:9").build();
    ctx.raw_log = RawLog::new(&broken, &bucket);
    let answer = handle(signed("/webhooks/acme/crm", SECRET, NOW, b"{}"), &ctx).await;
    assert_eq!(answer.headers()["retry-after"], "5");
    let (status, json) = told(&answer);
    assert_eq!((status, json["code"].as_str()), (503, Some("unavailable")));
}
