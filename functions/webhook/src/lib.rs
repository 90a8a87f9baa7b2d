//! `POST /webhooks/{tenant}/{source}`: believe a delivery, keep it, answer. Nothing else.
//!
//! The 2xx is sent after the raw object is in S3, which is the only write here: the queue is fed by S3's own
//! notification, so there is no second write that could be missing. What the rows say is found out by `ingest`.
//!
//! Order: method and size, shape of the address, presence of a signature, secret, signature over the raw bytes,
//! UTF-8, shape of the body, write. A stranger without a secret learns one thing only: whether an address exists.
//! Bodies, signatures and names are never logged.

mod delivery;
mod refusal;

use std::time::Duration;

use copilot_aws::{AwsError, Put, RawLog, Secrets, sdk};
use copilot_domain::ids::{TenantId, TenantProof};
use copilot_domain::limits::MAX_WEBHOOK_BYTES;
use copilot_domain::{Source, delivery::RawDelivery};
use copilot_runtime::clock::Clock;
use copilot_runtime::config::{ConfigError, Env};
use copilot_runtime::metrics::Metrics;
use copilot_runtime::telemetry::chain;
use lambda_http::http::{Method, StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use serde_json::json;

pub use refusal::Refusal;

/// How long S3 may take: below the function's own time-out, so that the sender gets an answer of ours.
const WRITE_WITHIN: Duration = Duration::from_secs(8);

/// What the handler needs.
#[derive(Debug, Clone)]
pub struct Context {
    /// Secrets of the sources.
    pub secrets: Secrets,
    /// The raw log.
    pub raw_log: RawLog,
    /// The clock.
    pub clock: Clock,
    /// The measurements.
    pub metrics: Metrics,
}

impl Context {
    /// Reads the environment and builds the clients, once.
    ///
    /// # Errors
    /// [`ConfigError`], which names the variable.
    pub async fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let bucket = env.required("DATA_BUCKET", "the bucket of the raw log")?;
        let prefix = env.required(
            "SECRET_PREFIX",
            "the prefix of secret names, such as copilot/prod/",
        )?;
        let config = sdk::load().await;
        let clock = Clock::system();
        Ok(Self {
            secrets: Secrets::new(&config, &prefix),
            raw_log: RawLog::new(&config, &bucket),
            metrics: Metrics::new("webhook", &env.stage(), clock.clone()),
            clock,
        })
    }
}

/// Takes one delivery. Never fails: what goes wrong is an answer.
pub async fn handle(request: Request, ctx: &Context) -> Response<Body> {
    let trace = request
        .lambda_context_ref()
        .map(|c| c.request_id.clone())
        .unwrap_or_default();
    let mut work = ctx.metrics.work();
    let answer = match accept(&request, ctx).await {
        Ok((delivery, put)) => {
            let new = put == Put::Written;
            work.count(
                if new {
                    "DeliveriesAccepted"
                } else {
                    "DeliveriesRepeated"
                },
                1,
            );
            tracing::info!(source = %delivery.source, delivery_id = %delivery.delivery_id, new, "delivery kept");
            kept(&delivery, new)
        }
        Err(refusal) => {
            work.count("DeliveriesRefused", 1);
            tracing::info!(
                code = refusal.code(),
                status = refusal.status().as_u16(),
                "delivery refused"
            );
            refusal.response(&trace)
        }
    };
    work.finish();
    answer
}

/// A request of the right form, before anything was asked of AWS. The tenant is not believed yet.
struct Claim<'a> {
    tenant: String,
    source: Source,
    signed: delivery::Signed<'a>,
    body: &'a [u8],
}

impl<'a> Claim<'a> {
    fn read(request: &'a Request) -> Result<Self, Refusal> {
        if request.method() != Method::POST {
            return Err(Refusal::Method);
        }
        let body: &[u8] = request.body().as_ref();
        if body.len() > MAX_WEBHOOK_BYTES {
            return Err(Refusal::TooLarge(body.len()));
        }
        let (tenant, source) = address(request).ok_or(Refusal::UnknownSource)?;
        let source = Source::new(&source).map_err(|_| Refusal::UnknownSource)?;
        // A tenant's slug has the alphabet and length of a source's.
        if Source::new(&tenant).is_err() {
            return Err(Refusal::UnknownSource);
        }
        let signed = delivery::Signed::read(request.headers(), &source)?;
        Ok(Self {
            tenant,
            source,
            signed,
            body,
        })
    }
}

async fn accept(request: &Request, ctx: &Context) -> Result<(RawDelivery, Put), Refusal> {
    let Claim {
        tenant,
        source,
        signed,
        body,
    } = Claim::read(request)?;
    let secrets = ctx
        .secrets
        .webhook(&tenant, source.as_str())
        .await
        .map_err(|e| failed("secret", &e))?;
    let secrets = secrets.ok_or(Refusal::UnknownSource)?;
    let now = ctx.clock.now();
    let signed_at = signed.verify(body, &secrets.all(now), now)?;
    let tenant =
        TenantId::proven(&tenant, TenantProof::WebhookSignature).map_err(|_| Refusal::UnknownSource)?;
    let text = std::str::from_utf8(body).map_err(|e| Refusal::Utf8(e.valid_up_to()))?;
    let delivery = signed.delivery(source, text, signed_at, now)?;
    match tokio::time::timeout(WRITE_WITHIN, ctx.raw_log.put(&tenant, &delivery)).await {
        Ok(Ok(put)) => Ok((delivery, put)),
        Ok(Err(error)) => Err(failed("raw log", &error)),
        Err(_) => {
            tracing::error!(tenant_id = %tenant, "the raw log did not answer in time");
            Err(Refusal::Unavailable)
        }
    }
}

/// Tenant and source, as the address names them.
fn address(request: &Request) -> Option<(String, String)> {
    if let Some(parameters) = request.path_parameters_ref()
        && let (Some(tenant), Some(source)) = (parameters.first("tenant"), parameters.first("source"))
    {
        return Some((tenant.to_owned(), source.to_owned()));
    }
    let mut parts = request
        .uri()
        .path()
        .split('/')
        .skip_while(|part| *part != "webhooks")
        .skip(1);
    let pair = (parts.next()?.to_owned(), parts.next()?.to_owned());
    parts.next().is_none().then_some(pair)
}

fn failed(what: &str, error: &AwsError) -> Refusal {
    tracing::error!(error = %chain(error), "{what} could not be used");
    if error.is_retryable() {
        Refusal::Unavailable
    } else {
        Refusal::Internal
    }
}

fn kept(delivery: &RawDelivery, new: bool) -> Response<Body> {
    let (status, answer) = if new {
        (
            StatusCode::ACCEPTED,
            json!({"status": "accepted", "delivery_id": delivery.delivery_id}),
        )
    } else {
        let detail = "the same delivery was taken before; nothing changed";
        let id = &delivery.delivery_id;
        (
            StatusCode::OK,
            json!({"status": "duplicate", "code": "duplicate_delivery", "delivery_id": id, "detail": detail}),
        )
    };
    let mut response = Response::new(Body::Text(answer.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::time::Timestamp;

    fn refused(method: &str, path: &str, headers: &[(&str, &str)], bytes: usize) -> Option<Refusal> {
        let mut request = lambda_http::http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::Binary(vec![b' '; bytes])).unwrap();
        Claim::read(&request).err()
    }

    #[test]
    fn what_needs_no_secret_is_refused_before_anything_is_asked() {
        let ours = [("x-copilot-timestamp", "1"), ("x-copilot-signature", "v1=00")];
        assert_eq!(refused("POST", "/webhooks/acme/crm", &ours, 1024 * 1024), None);
        assert_eq!(
            refused("POST", "/webhooks/acme/crm", &ours, 1024 * 1024 + 1),
            Some(Refusal::TooLarge(1_048_577))
        );
        assert_eq!(
            refused("GET", "/webhooks/acme/crm", &ours, 0),
            Some(Refusal::Method)
        );
        for path in [
            "/webhooks/Acme/crm",
            "/webhooks/acme/cr%2fm",
            "/webhooks/acme/x/y",
            "/webhooks/acme",
            "/webhooks/a.b/crm",
        ] {
            assert_eq!(
                refused("POST", path, &ours, 2),
                Some(Refusal::UnknownSource),
                "{path}"
            );
        }
        // Without a signature, an address that exists and one that does not look alike.
        for path in ["/webhooks/acme/crm", "/webhooks/nobody/nothing"] {
            assert_eq!(
                refused("POST", path, &[], 2),
                Some(Refusal::MissingSignature("x-copilot-signature")),
                "{path}"
            );
        }
        for path in ["/webhooks/acme/stripe", "/webhooks/acme/stripe-eu"] {
            assert_eq!(
                refused("POST", path, &ours, 2),
                Some(Refusal::MissingSignature("stripe-signature")),
                "{path}"
            );
        }
    }

    #[test]
    fn the_sample_event_is_read_and_believed_at_its_time() {
        let sample = include_str!("../../../events/webhook-http.json");
        let request = lambda_http::request::from_str(sample).unwrap();
        let claim = Claim::read(&request).unwrap();
        assert_eq!((claim.tenant.as_str(), claim.source.as_str()), ("demo", "web"));
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let verify = |now| claim.signed.verify(claim.body, &["sample-secret"], now);
        assert_eq!(verify(at(1_773_129_600)).ok(), Some(at(1_773_129_600)));
        assert!(verify(at(1_773_129_600 + 86_400)).is_err());
        let body = std::str::from_utf8(claim.body).unwrap();
        let (now, source) = (at(1_773_129_600), claim.source.clone());
        let delivery = claim.signed.delivery(source, body, now, now).unwrap();
        assert!(delivery.body.contains("Nordlicht"));
    }
}
