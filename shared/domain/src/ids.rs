//! Ids in newtypes. At the edge they carry a readable prefix (`acc_…`); inside they are UUIDs.
//!
//! Ids of things that arrive from outside are *derived* (UUID version 8 over a SHA-256 of what names them), so
//! that replaying the raw log into an empty table gives the same ids. Ids born here are UUID version 7.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::limits::MAX_EXTERNAL_ID;

/// Why an id was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// A slug with other characters than `a-z`, `0-9`, `-`, or of a wrong length.
    #[error("{what} must be 1 to {max} characters of a-z, 0-9 and '-', starting with a letter or digit")]
    Slug {
        /// What was being built.
        what: &'static str,
        /// The longest allowed.
        max: usize,
    },
    /// An id whose prefix or UUID does not read.
    #[error("expected an id of the form {prefix}_<32 hex digits>")]
    Malformed {
        /// The prefix that the id should have.
        prefix: &'static str,
    },
    /// An external id that is empty, too long or holds control characters.
    #[error("an external id must be 1 to {MAX_EXTERNAL_ID} characters without control characters")]
    External,
}

fn check_slug(text: &str, what: &'static str, max: usize) -> Result<(), IdError> {
    let ok = !text.is_empty()
        && text.len() <= max
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if ok {
        Ok(())
    } else {
        Err(IdError::Slug { what, max })
    }
}

/// Where a tenant was learned from. A [`TenantId`] cannot be built without naming one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantProof {
    /// A JSON web token whose signature, issuer, audience and expiry were verified.
    VerifiedToken,
    /// An API key found by its hash.
    ApiKey,
    /// A webhook delivery whose signature matched this tenant's secret.
    WebhookSignature,
    /// Our own log or table: the key was written by a function that held one of the proofs above.
    OwnRecord,
    /// An operator with AWS credentials of the stack.
    Operator,
}

/// One customer of the copilot: all of its data lives under this id.
///
/// Never build it from a request's path, query or body; that is what [`TenantProof`] reminds of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TenantId(String);

impl TenantId {
    /// The longest tenant slug.
    pub const MAX: usize = 40;

    /// Builds the id from a slug that `_proof` vouches for.
    ///
    /// # Errors
    /// [`IdError::Slug`] when the text is not a slug.
    pub fn proven(slug: &str, _proof: TenantProof) -> Result<Self, IdError> {
        check_slug(slug, "a tenant id", Self::MAX)?;
        Ok(Self(slug.to_owned()))
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The system that a fact came from: `stripe`, `zendesk`, `api`, or a name of the tenant's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Source(String);

impl Source {
    /// The source of rows that name none: the public API and CSV imports share it, so that the same external id
    /// means the same account in both.
    pub const DEFAULT: &'static str = "api";

    /// A source by name.
    ///
    /// # Errors
    /// [`IdError::Slug`] when the name is not a slug of at most 40 characters.
    pub fn new(name: &str) -> Result<Self, IdError> {
        check_slug(name, "a source", 40)?;
        Ok(Self(name.to_owned()))
    }

    /// The default source, `api`.
    pub fn api() -> Self {
        Self(Self::DEFAULT.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// An id given by a source, with that source: the identity that facts hang on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExternalId {
    /// The system whose id it is.
    pub source: Source,
    /// The id, as that system writes it.
    pub id: String,
}

impl ExternalId {
    /// A checked external id.
    ///
    /// # Errors
    /// [`IdError::External`] when it is empty, longer than the limit, or holds control characters.
    pub fn new(source: Source, id: impl Into<String>) -> Result<Self, IdError> {
        let id = id.into();
        if id.is_empty() || id.chars().count() > MAX_EXTERNAL_ID || id.chars().any(char::is_control) {
            return Err(IdError::External);
        }
        Ok(Self { source, id })
    }
}

/// A UUID (version 8) derived from the parts: the same parts give the same id on every machine and replay.
fn derive(parts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID made by the id source.
            pub fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// Derives the id from what names the thing; the parts are length-prefixed, so they cannot run together.
            pub fn derived(parts: &[&str]) -> Self {
                Self(derive(parts))
            }

            /// The UUID inside.
            pub fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let malformed = IdError::Malformed { prefix: $prefix };
                let hex = text.strip_prefix(concat!($prefix, "_")).ok_or(malformed.clone())?;
                if hex.len() != 32 || hex.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(malformed);
                }
                Uuid::try_parse(hex).map(Self).map_err(|_| malformed)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// An account: the paying entity.
    AccountId, "acc"
);
id!(
    /// An alert; derived from (tenant, account, rule, subject, episode), so that it exists once.
    AlertId, "alr"
);
id!(
    /// An event on the bus; derived from what it tells, so that it is told once.
    EventId, "evt"
);
id!(
    /// A delivery in the raw log.
    DeliveryId, "dlv"
);
id!(
    /// A CSV import.
    ImportId, "imp"
);
id!(
    /// An opportunity.
    OpportunityId, "opp"
);
id!(
    /// A call to action: a work item of a CSM.
    CtaId, "cta"
);
id!(
    /// A webhook of the tenant's that we deliver to.
    WebhookId, "whk"
);

impl AccountId {
    /// The account that an identity stands for while no other account claims it.
    pub fn of_identity(tenant: &TenantId, identity: &ExternalId) -> Self {
        Self::derived(&[tenant.as_str(), identity.source.as_str(), &identity.id])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_stable_and_parts_do_not_run_together() {
        let one = AccountId::derived(&["ab", "c"]);
        assert_eq!(one, AccountId::derived(&["ab", "c"]));
        assert_ne!(one, AccountId::derived(&["a", "bc"]));
        assert_eq!(one.to_string().parse::<AccountId>(), Ok(one));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let alert = AlertId::derived(&["x"]).to_string();
        assert!(alert.parse::<AccountId>().is_err());
        assert!("acc_".parse::<AccountId>().is_err());
        assert!("acc_zz".parse::<AccountId>().is_err());
    }

    #[test]
    fn slugs_refuse_what_could_break_out_of_a_key() {
        for bad in ["", "A", "a#b", "a/b", "-a", "a b", "ä", &"a".repeat(41)] {
            assert!(TenantId::proven(bad, TenantProof::ApiKey).is_err(), "{bad}");
            assert!(Source::new(bad).is_err(), "{bad}");
        }
    }
}
