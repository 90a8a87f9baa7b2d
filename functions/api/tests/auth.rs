//! Tokens: what is let in, and what is not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::needless_pass_by_value,
    unreachable_pub,
    reason = "a test may"
)]

mod support;

use api::auth::Verifier;
use api::dto::words::{Role, Scope};
use api::jwks::Jwks;
use api::problem::Kind;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use support::issuer::{AUDIENCE, ISSUER, claims, key, key_set, next_key};

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn verifier() -> (Verifier, std::sync::Arc<std::sync::Mutex<String>>) {
    let (jwks, served) = Jwks::given(&key_set(&[key()]));
    (Verifier::new(jwks, ISSUER, AUDIENCE), served)
}

fn good() -> Value {
    claims("acme", "csm", "Ada@Example.com", now().as_second())
}

fn with(field: &str, value: Value) -> Value {
    let mut claims = good();
    claims[field] = value;
    claims
}

fn without(field: &str) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(field);
    claims
}

async fn kind(token: &str) -> Result<(), Kind> {
    verifier()
        .0
        .token(token, now())
        .await
        .map(|_| ())
        .map_err(|problem| problem.kind)
}

#[tokio::test]
async fn a_good_token_gives_the_tenant_the_highest_role_and_its_scopes() {
    let token = key().sign(&with(
        "cognito:groups",
        json!(["viewer", "admin", "unknown", "csm"]),
    ));
    let caller = verifier().0.token(&token, now()).await.unwrap();
    assert_eq!((caller.tenant.as_str(), caller.role), ("acme", Role::Admin));
    assert_eq!(caller.scopes, [Scope::Read, Scope::Write, Scope::Admin]);
    assert_eq!(caller.email.as_deref(), Some("ada@example.com"));
    let shown = format!("{caller:?}");
    assert!(
        !shown.contains("example.com"),
        "an address is not for logs: {shown}"
    );
}

#[tokio::test]
async fn what_is_forged_old_early_or_for_another_is_refused() {
    let s = now().as_second();
    for (name, claims) in [
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("no issuer", without("iss")),
        ("another audience", with("aud", json!("client-2"))),
        ("no audience", without("aud")),
        ("expired", with("exp", json!(s - 61))),
        ("no expiry", without("exp")),
        ("an expiry that is no number", with("exp", json!("never"))),
        ("not valid yet", with("nbf", json!(s + 61))),
        ("an access token", with("token_use", json!("access"))),
        ("no use", without("token_use")),
    ] {
        assert_eq!(
            kind(&key().sign(&claims)).await,
            Err(Kind::BAD_CREDENTIALS),
            "{name}"
        );
    }
    // Clocks may differ by a minute.
    assert_eq!(kind(&key().sign(&with("exp", json!(s - 59)))).await, Ok(()));
    assert_eq!(kind(&key().sign(&with("nbf", json!(s + 59)))).await, Ok(()));
}

#[tokio::test]
async fn a_sign_in_without_a_tenant_or_a_role_may_nothing() {
    for (name, claims) in [
        ("no tenant", without("custom:tenant")),
        (
            "a tenant that breaks out of a key",
            with("custom:tenant", json!("a#b")),
        ),
        ("an empty tenant", with("custom:tenant", json!(""))),
        ("no groups", without("cognito:groups")),
        ("only unknown groups", with("cognito:groups", json!(["root"]))),
    ] {
        assert_eq!(kind(&key().sign(&claims)).await, Err(Kind::FORBIDDEN), "{name}");
    }
}

#[tokio::test]
async fn only_rs256_by_a_key_of_the_issuer_counts() {
    let token = key().sign(&good());
    let (head, tail) = token.split_once('.').unwrap();
    let (body, signature) = tail.split_once('.').unwrap();
    let none = key().sign_with(&json!({"alg": "none", "kid": "key-1"}), &good());
    let hmac = key().sign_with(&json!({"alg": "HS256", "kid": "key-1"}), &good());
    let rs512 = key().sign_with(&json!({"alg": "RS512", "kid": "key-1"}), &good());
    let nameless = key().sign_with(&json!({"alg": "RS256"}), &good());
    let other = next_key().sign_with(&json!({"alg": "RS256", "kid": "key-1"}), &good());
    let unsigned = format!("{head}.{body}.");
    let changed = format!("{head}.{}.{signature}", body.replace('a', "b"));
    for token in [
        none,
        hmac,
        rs512,
        nameless,
        other,
        unsigned,
        changed,
        String::new(),
        "a.b.c".to_owned(),
        "x".repeat(9_000),
    ] {
        assert_eq!(
            kind(&token).await,
            Err(Kind::BAD_CREDENTIALS),
            "{}",
            &token[..token.len().min(40)]
        );
    }
}

#[tokio::test]
async fn a_rotation_is_followed_but_made_up_keys_do_not_make_us_ask_again_and_again() {
    let (verifier, served) = verifier();
    assert!(verifier.token(&key().sign(&good()), now()).await.is_ok());
    *served.lock().unwrap() = key_set(&[key(), next_key()]);
    let new = next_key().sign(&good());
    // The keys were fetched a moment ago: the floor holds.
    let at = |seconds| now() + SignedDuration::from_secs(seconds);
    assert!(verifier.token(&new, at(30)).await.is_err());
    assert!(verifier.token(&new, at(61)).await.is_ok());
    // The old key goes away with the next fetch after the keys' age.
    *served.lock().unwrap() = key_set(&[next_key()]);
    let old = |s: i64| key().sign(&claims("acme", "csm", "a@b.c", now().as_second() + s));
    assert!(verifier.token(&old(3_600), at(3_600)).await.is_ok());
    let late = 7 * 3_600;
    assert!(verifier.token(&old(late), at(late)).await.is_err());
}

#[tokio::test]
async fn an_issuer_that_answers_nonsense_does_not_sign_known_keys_out() {
    let (verifier, served) = verifier();
    assert!(verifier.token(&key().sign(&good()), now()).await.is_ok());
    *served.lock().unwrap() = "<html>".to_owned();
    let late = 7 * 3_600;
    let token = key().sign(&claims("acme", "csm", "a@b.c", now().as_second() + late));
    assert!(
        verifier
            .token(&token, now() + SignedDuration::from_secs(late))
            .await
            .is_ok()
    );
    let unknown = next_key().sign(&claims("acme", "csm", "a@b.c", now().as_second() + late));
    let refused = verifier
        .token(&unknown, now() + SignedDuration::from_secs(late + 61))
        .await
        .unwrap_err();
    assert!([Kind::UNAVAILABLE, Kind::BAD_CREDENTIALS].contains(&refused.kind));
}
