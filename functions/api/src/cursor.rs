//! Opaque cursors. A cursor holds where a page ended *below* the tenant's partition, and a fingerprint of the
//! tenant and the query: a cursor of another query, or of another tenant, is refused; and even a forged one can
//! only name a place in the caller's own data, since the partition is never read from it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use copilot_domain::TenantId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::problem::{Answer, Kind, Problem};

/// The longest cursor we read.
const MAX: usize = 2_048;

#[derive(Serialize, Deserialize)]
struct Envelope<P> {
    q: String,
    p: P,
}

/// A fingerprint of a tenant's query: everything but the page's place and size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of an operation and its parameters in any order.
    pub fn of(tenant: &TenantId, operation: &str, parameters: &[(String, String)]) -> Self {
        let mut sorted: Vec<&(String, String)> = parameters
            .iter()
            .filter(|(name, _)| name != "cursor" && name != "limit")
            .collect();
        sorted.sort();
        let mut hash = Sha256::new();
        for part in [tenant.as_str(), operation]
            .into_iter()
            .chain(sorted.iter().flat_map(|(n, v)| [n.as_str(), v.as_str()]))
        {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hex::encode(&hash.finalize()[..8]))
    }

    /// The cursor of a place.
    pub fn seal<P: Serialize>(&self, place: P) -> Option<String> {
        let text = serde_json::to_vec(&Envelope {
            q: self.0.clone(),
            p: place,
        })
        .ok()?;
        Some(URL_SAFE_NO_PAD.encode(text))
    }

    /// The place of a cursor.
    ///
    /// # Errors
    /// A 422 when it does not read or is of another query.
    pub fn open<P: DeserializeOwned>(&self, cursor: &str) -> Answer<P> {
        if cursor.len() > MAX {
            return Err(refused());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let envelope: Envelope<P> = serde_json::from_slice(&bytes).map_err(|_| refused())?;
        if envelope.q == self.0 {
            Ok(envelope.p)
        } else {
            Err(refused())
        }
    }
}

/// The refusal of a cursor that we did not give, or gave for another query.
pub fn refused() -> Problem {
    Problem::new(
        Kind::CURSOR,
        "give back the `next` of the page before, with the same filters and sort",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::ids::TenantProof;
    use proptest::prelude::*;

    fn tenant(slug: &str) -> TenantId {
        TenantId::proven(slug, TenantProof::OwnRecord).unwrap()
    }

    fn parameters(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn a_cursor_goes_on_with_its_own_query_only() {
        let query = Fingerprint::of(
            &tenant("a"),
            "list_accounts",
            &parameters(&[("sort", "name"), ("limit", "5")]),
        );
        let cursor = query.seal("sk-9").unwrap();
        let again = Fingerprint::of(
            &tenant("a"),
            "list_accounts",
            &parameters(&[("limit", "9"), ("sort", "name")]),
        );
        assert_eq!(again.open::<String>(&cursor).unwrap(), "sk-9");
        for other in [
            Fingerprint::of(&tenant("b"), "list_accounts", &parameters(&[("sort", "name")])),
            Fingerprint::of(&tenant("a"), "list_alerts", &parameters(&[("sort", "name")])),
            Fingerprint::of(&tenant("a"), "list_accounts", &parameters(&[("sort", "score")])),
        ] {
            assert_eq!(other.open::<String>(&cursor).unwrap_err().kind, Kind::CURSOR);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_cursor_panic(text in ".{0,80}") {
            let query = Fingerprint::of(&tenant("a"), "list_accounts", &[]);
            prop_assert!(query.open::<String>(&text).is_err());
        }
    }
}
