//! The signed source of our own design: for systems that have no connector yet, and for the tenant's own jobs.
//!
//! `X-Copilot-Timestamp: <epoch seconds>`, `X-Copilot-Signature: v1=<hex HMAC-SHA256(secret, "{timestamp}.{body}")>`.

use copilot_domain::Source;
use copilot_domain::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::signature::{SignatureError, TOLERANCE_SECONDS, any_hex_matches, hmac_sha256, in_tolerance};

/// Header with the signed time.
pub const TIMESTAMP_HEADER: &str = "x-copilot-timestamp";
/// Header with the signatures.
pub const SIGNATURE_HEADER: &str = "x-copilot-signature";

/// Checks a delivery; answers the signed time.
///
/// Several signatures may stand in the header, separated by commas; schemes other than `v1` are passed over. Any
/// of `secrets` may match: two are held while a secret is being changed.
///
/// # Errors
/// [`SignatureError`]. The signature is checked before the time, so that a stranger learns nothing of our clock.
pub fn verify<S: AsRef<[u8]>>(
    timestamp: Option<&str>,
    signatures: Option<&str>,
    body: &[u8],
    secrets: &[S],
    now: Timestamp,
) -> Result<Timestamp, SignatureError> {
    let signatures = signatures.ok_or(SignatureError::Missing)?;
    let stamp = timestamp.ok_or(SignatureError::Missing)?.trim();
    let given: Vec<&str> = signatures
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .filter(|(scheme, _)| *scheme == "v1")
        .map(|(_, hex)| hex.trim())
        .collect();
    if given.is_empty() {
        return Err(SignatureError::Missing);
    }
    let signed = epoch(stamp).ok_or(SignatureError::Malformed)?;
    if !any_hex_matches(secrets, &[stamp.as_bytes(), b".", body], &given) {
        return Err(SignatureError::Mismatch);
    }
    if !in_tolerance(signed, now, TOLERANCE_SECONDS, TOLERANCE_SECONDS) {
        return Err(SignatureError::OutOfTolerance);
    }
    Ok(signed)
}

/// The signature header of a body: what a sender computes.
pub fn sign(secret: &[u8], timestamp: i64, body: &[u8]) -> String {
    let mac = hmac_sha256(secret, &[timestamp.to_string().as_bytes(), b".", body]);
    format!("v1={}", hex::encode(mac))
}

/// The id of a delivery: the same source, signed time and body are the same delivery.
pub fn delivery_id(source: &Source, signed: Timestamp, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [
        source.as_str().as_bytes(),
        signed.as_second().to_string().as_bytes(),
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(body);
    hex::encode(hash.finalize())
}

/// Seconds since 1970 in decimal digits; nothing else is a signed time.
pub(crate) fn epoch(text: &str) -> Option<Timestamp> {
    if text.is_empty() || text.len() > 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Timestamp::from_second(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn what_sign_makes_verify_takes_within_five_minutes_both_ways() {
        let header = sign(b"secret", 1_000_000, b"{}");
        let check = |now| verify(Some("1000000"), Some(&header), b"{}", &["secret"], at(now));
        assert_eq!(check(1_000_300), Ok(at(1_000_000)));
        assert_eq!(check(999_700), Ok(at(1_000_000)));
        assert_eq!(check(1_000_301), Err(SignatureError::OutOfTolerance));
        assert_eq!(check(999_699), Err(SignatureError::OutOfTolerance));
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        let good = sign(b"secret", 1_000_000, b"{}");
        let check =
            |stamp, header, body: &[u8], secret| verify(stamp, header, body, &[secret], at(1_000_000));
        let stamp = Some("1000000");
        assert_eq!(check(stamp, None, b"{}", "secret"), Err(SignatureError::Missing));
        assert_eq!(
            check(None, Some(&good), b"{}", "secret"),
            Err(SignatureError::Missing)
        );
        assert_eq!(
            check(stamp, Some("v0=ab"), b"{}", "secret"),
            Err(SignatureError::Missing)
        );
        assert_eq!(
            check(stamp, Some("v1=ab"), b"{}", "secret"),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            check(stamp, Some(&good), b"{ }", "secret"),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            check(stamp, Some(&good), b"{}", "other"),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            check(Some("1000001"), Some(&good), b"{}", "secret"),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            check(Some("-5"), Some(&good), b"{}", "secret"),
            Err(SignatureError::Malformed)
        );
        assert_eq!(
            check(Some("1e6"), Some(&good), b"{}", "secret"),
            Err(SignatureError::Malformed)
        );
        // Two secrets while one is being changed, two signatures, strange schemes beside them.
        let both = format!("v9=zz, v1=00 ,{good}");
        assert!(verify(stamp, Some(&both), b"{}", &["new", "secret"], at(1_000_000)).is_ok());
    }

    #[test]
    fn the_delivery_id_names_source_time_and_body() {
        let id = |source: &str, time, body: &[u8]| delivery_id(&Source::new(source).unwrap(), at(time), body);
        assert_eq!(id("crm", 1, b"x"), id("crm", 1, b"x"));
        assert_ne!(id("crm", 1, b"x"), id("crm", 2, b"x"));
        assert_ne!(id("crm", 1, b"1x"), id("crm", 11, b"x"));
        assert_ne!(id("crm", 1, b"x"), id("erp", 1, b"x"));
    }
}
