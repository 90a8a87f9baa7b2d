//! The signature: HMAC-SHA256 over `id.timestamp.body`, once for each secret that is valid.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use copilot_domain::ids::WebhookId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        // HMAC takes a key of any length.
        return [0; 32];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The secret of a webhook's generation, derived from the tenant's signing key. Who holds one of them can make
/// neither the key nor another.
pub fn secret(signing_key: &[u8; 32], webhook: WebhookId, generation: u32) -> [u8; 32] {
    let uuid = webhook.uuid();
    hmac(
        signing_key,
        &[b"webhook secret", uuid.as_bytes(), &generation.to_be_bytes()],
    )
}

/// A secret as its receiver is given it.
pub fn secret_text(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// The header `webhook-signature`: one signature for each secret, the newest first.
pub fn signature<S: AsRef<[u8]>>(secrets: &[S], id: &str, timestamp_s: i64, body: &str) -> String {
    let timestamp = timestamp_s.to_string();
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body.as_bytes()];
    let all: Vec<String> = secrets
        .iter()
        .map(|secret| format!("v1,{}", STANDARD.encode(hmac(secret.as_ref(), &signed))))
        .collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_standards_own_example() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let of = |secrets: &[&[u8]]| {
            signature(
                secrets,
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
            )
        };
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(of(&[&secret]), expected);
        let both = of(&[b"newer", &secret]);
        let (newer, older) = both.split_once(' ').unwrap();
        assert!(newer.starts_with("v1,") && newer != expected);
        assert_eq!(older, expected);
    }

    #[test]
    fn each_webhook_and_generation_has_a_secret_of_its_own() {
        let (one, two) = (WebhookId::derived(&["1"]), WebhookId::derived(&["2"]));
        let first = secret(&[1; 32], one, 1);
        assert_eq!(first, secret(&[1; 32], one, 1));
        for other in [
            secret(&[1; 32], one, 2),
            secret(&[1; 32], two, 1),
            secret(&[2; 32], one, 1),
        ] {
            assert_ne!(first, other);
        }
        let text = secret_text(&first);
        assert_eq!(
            STANDARD.decode(text.strip_prefix("whsec_").unwrap()).unwrap(),
            first
        );
    }
}
