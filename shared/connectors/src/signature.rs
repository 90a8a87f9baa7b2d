//! HMAC-SHA256 over raw bytes, compared in constant time, and the window in which a signed time is taken.

use copilot_domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How far a signed time may lie from ours.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why a delivery was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signature header, or none of the scheme.
    #[error("the delivery carries no signature of a known scheme")]
    Missing,
    /// A header that does not read.
    #[error("the signature header does not read")]
    Malformed,
    /// No signature matches.
    #[error("the signature does not match the body and any secret of this source")]
    Mismatch,
    /// The signed time is too far from ours.
    #[error("the signed time lies more than {TOLERANCE_SECONDS} seconds from ours; check the sender's clock")]
    OutOfTolerance,
}

impl SignatureError {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing_signature",
            Self::Malformed | Self::Mismatch => "invalid_signature",
            Self::OutOfTolerance => "timestamp_out_of_tolerance",
        }
    }
}

/// HMAC-SHA256 of the parts, one after the other.
pub fn hmac_sha256(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        // HMAC takes a key of any length.
        return [0; 32];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether any of the hexadecimal `given` is the HMAC of the parts under any of the secrets.
///
/// Every pair is compared, in constant time, whether or not an earlier one matched.
pub fn any_hex_matches<S: AsRef<[u8]>>(secrets: &[S], parts: &[&[u8]], given: &[&str]) -> bool {
    let mut matched = subtle::Choice::from(0);
    let mut decoded = Vec::with_capacity(given.len());
    for text in given {
        let mut bytes = [0_u8; 32];
        if hex::decode_to_slice(text, &mut bytes).is_ok() {
            decoded.push(bytes);
        }
    }
    // An empty secret would let anyone sign.
    for secret in secrets
        .iter()
        .map(AsRef::as_ref)
        .filter(|s: &&[u8]| !s.is_empty())
    {
        let ours = hmac_sha256(secret, parts);
        for theirs in &decoded {
            matched |= ours.ct_eq(theirs);
        }
    }
    matched.into()
}

/// Whether `signed` lies within the tolerance of `now`.
pub fn in_tolerance(signed: Timestamp, now: Timestamp, past: i64, future: i64) -> bool {
    let ahead = signed.as_second().saturating_sub(now.as_second());
    ahead <= future && -ahead <= past
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_agrees_with_rfc_4231() {
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(
            hex::encode(mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = hmac_sha256(
            &[0xaa; 131],
            &[b"Test Using Larger Than Block-Size Key - Hash Key First"],
        );
        assert_eq!(
            hex::encode(long),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn any_secret_may_match_and_an_empty_one_never_does() {
        let mac = hex::encode(hmac_sha256(b"new", &[b"body"]));
        assert!(any_hex_matches(&["old", "new"], &[b"bo", b"dy"], &["zz", &mac]));
        assert!(any_hex_matches(&["new"], &[b"body"], &[&mac.to_uppercase()]));
        assert!(!any_hex_matches(&["old"], &[b"body"], &[&mac]));
        assert!(!any_hex_matches(&["new"], &[b"body"], &[&mac[..62]]));
        let empty = hex::encode(hmac_sha256(b"", &[b"body"]));
        assert!(!any_hex_matches(&[""], &[b"body"], &[&empty]));
        assert!(!any_hex_matches::<&str>(&[], &[b"body"], &[&mac]));
    }
}
