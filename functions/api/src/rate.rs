//! 600 requests a minute per key or user: a token bucket in the table. An environment takes tokens in leases, so that
//! a busy caller costs two calls to the table in some thirty requests, not two in each. A lease that is not used up
//! is lost after a few seconds, to the caller's disadvantage by a twentieth of the bucket at the most.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use copilot_aws::table::Condition;
use copilot_aws::{AwsError, Item, Table, keys};
use jiff::Timestamp;

use crate::auth::Principal;
use crate::problem::{Kind, Problem};

/// Tokens of a full bucket, and those that come back in a minute, where nothing else is configured.
pub const PER_MINUTE: u32 = 600;
/// Tokens taken at once.
const LEASE: u32 = 30;
/// How long a lease may be used.
const LEASE_MS: i64 = 10_000;
/// Tries when two environments lease at once.
const TRIES: u32 = 5;
/// Callers remembered by one environment.
const MAX_CALLERS: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Lease {
    tokens: u32,
    bucket: u32,
    until_ms: i64,
}

/// The limiter of one environment.
#[derive(Debug)]
pub struct Limiter {
    per_minute: u32,
    leases: Mutex<HashMap<String, Lease>>,
}

/// What taking tokens came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    per_minute: u32,
    remaining: u32,
    wait_s: Option<u64>,
}

impl Rate {
    /// Whether there were not enough tokens.
    pub fn is_exceeded(self) -> bool {
        self.wait_s.is_some()
    }

    /// The refusal.
    pub fn refusal(self) -> Problem {
        let mut problem = Problem::new(
            Kind::TOO_MANY,
            format!(
                "at most {} requests a minute; a batch counts one per 100 rows",
                self.per_minute
            ),
        );
        problem.retry_after = Some(self.wait_s.map_or(1, |s| u32::try_from(s).unwrap_or(60)));
        problem
    }

    /// `RateLimit-Limit`, `-Remaining`, `-Reset` (seconds until the bucket is full again).
    pub fn write_headers(self, headers: &mut HeaderMap) {
        let missing = self.per_minute.saturating_sub(self.remaining);
        let reset = u32::try_from((u64::from(missing) * 60).div_ceil(u64::from(self.per_minute.max(1))))
            .unwrap_or(60);
        for (name, value) in [
            ("ratelimit-limit", self.per_minute),
            ("ratelimit-remaining", self.remaining),
            ("ratelimit-reset", reset),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

/// Tokens in a bucket at an instant, given what it held earlier.
fn refill(per_minute: u32, tokens_milli: i64, at_ms: i64, now_ms: i64) -> i64 {
    let full = i64::from(per_minute) * 1_000;
    let back = (now_ms - at_ms).clamp(0, 60_000) * i64::from(per_minute) / 60;
    (tokens_milli + back).min(full)
}

impl Limiter {
    /// A limiter of so many requests a minute for each caller.
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute: per_minute.max(1),
            leases: Mutex::default(),
        }
    }

    /// Takes tokens for a caller. A table that cannot be asked lets the request through: the limit protects the
    /// table, and must not be what stops the product.
    pub async fn take(&self, table: &Table, who: &Principal, cost: u32, now: Timestamp) -> Rate {
        let cost = cost.clamp(1, self.per_minute);
        let now_ms = now.as_millisecond();
        let name = format!("{}#{}", who.tenant, who.id);
        if let Some(rate) = self.use_lease(&name, cost, now_ms) {
            return rate;
        }
        for _ in 0..TRIES {
            match lease(table, who, self.per_minute, cost, now_ms).await {
                Ok(Ok(lease)) => {
                    let rate = self.rate(lease.bucket + lease.tokens - cost, None);
                    self.keep(
                        name,
                        Lease {
                            tokens: lease.tokens - cost,
                            ..lease
                        },
                    );
                    return rate;
                }
                Ok(Err(wait_s)) => return self.rate(0, Some(wait_s)),
                Err(error) if error.is_conflict() => {}
                Err(error) => {
                    tracing::warn!(error = %copilot_runtime::telemetry::chain(&error), "rate limit not asked");
                    break;
                }
            }
        }
        self.rate(self.per_minute, None)
    }

    fn rate(&self, remaining: u32, wait_s: Option<u64>) -> Rate {
        Rate {
            per_minute: self.per_minute,
            remaining,
            wait_s,
        }
    }

    fn use_lease(&self, name: &str, cost: u32, now_ms: i64) -> Option<Rate> {
        let mut leases = self.leases.lock().ok()?;
        let lease = leases.get_mut(name)?;
        if lease.until_ms <= now_ms || lease.tokens < cost {
            return None;
        }
        lease.tokens -= cost;
        Some(self.rate(lease.bucket + lease.tokens, None))
    }

    fn keep(&self, name: String, lease: Lease) {
        if let Ok(mut leases) = self.leases.lock() {
            if leases.len() >= MAX_CALLERS {
                leases.clear();
            }
            leases.insert(name, lease);
        }
    }
}

/// Takes a lease from the bucket; `Err(seconds)` when it does not hold enough.
async fn lease(
    table: &Table,
    who: &Principal,
    per_minute: u32,
    cost: u32,
    now_ms: i64,
) -> Result<Result<Lease, u64>, AwsError> {
    let key = keys::rate(&who.tenant, &who.id);
    let stored = table.get(&key).await?;
    let held = stored.as_ref().map_or(i64::from(per_minute) * 1_000, |item| {
        refill(
            per_minute,
            item.int("tokens_milli").unwrap_or(0),
            item.int("at_ms").unwrap_or(now_ms),
            now_ms,
        )
    });
    let held_tokens = u32::try_from(held / 1_000).unwrap_or(0);
    if held_tokens < cost {
        let missing = i64::from(cost) * 1_000 - held;
        return Ok(Err(
            (missing.max(1) as u64).div_ceil((u64::from(per_minute) * 1_000 / 60).max(1))
        ));
    }
    let tokens = LEASE.max(cost).min(held_tokens);
    let left = held - i64::from(tokens) * 1_000;
    let item = Item::new(&key, "rate")
        .number("rev", stored.as_ref().map_or(1, |i| i.rev() + 1))
        .number("tokens_milli", left)
        .number("at_ms", now_ms)
        .number("ttl", now_ms / 1_000 + 3_600);
    table.put(item, Condition::unchanged(stored.as_ref())).await?;
    Ok(Ok(Lease {
        tokens,
        bucket: held_tokens - tokens,
        until_ms: now_ms + LEASE_MS,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_at_ten_tokens_a_second_and_not_over_the_brim() {
        assert_eq!(refill(600, 0, 0, 1_000), 10_000);
        assert_eq!(refill(600, 0, 0, 60_000), 600_000);
        assert_eq!(refill(600, 599_000, 0, 3_600_000), 600_000);
        assert_eq!(
            refill(600, 5_000, 1_000, 0),
            5_000,
            "a clock that went back gives nothing"
        );
    }

    #[test]
    fn headers_say_how_many_are_left_and_when_the_bucket_is_full() {
        let mut headers = HeaderMap::new();
        Rate {
            per_minute: 600,
            remaining: 590,
            wait_s: None,
        }
        .write_headers(&mut headers);
        assert_eq!(headers["ratelimit-limit"], "600");
        assert_eq!(headers["ratelimit-remaining"], "590");
        assert_eq!(headers["ratelimit-reset"], "1");
    }
}
