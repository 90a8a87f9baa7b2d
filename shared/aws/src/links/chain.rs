//! Following claims from an identity to the account it counts for: a pure function of the links that stand, so that
//! the order in which they came cannot matter.

use std::collections::{HashMap, HashSet};

use copilot_domain::ids::{AccountId, ExternalId, TenantId};
use copilot_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, Key};
use crate::table::Table;

/// Claims followed in a row. Real chains have one or two; a longer one ends at the identity it has reached.
const MAX_STEPS: usize = 32;

/// Who claims an identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Claimant {
    /// An account by its id: what links said before they named the claimant's identity.
    Account(AccountId),
    /// Another identity, or the identity itself.
    Identity(ExternalId),
}

/// The claim that stands for an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// Orders competing claims: the newest wins, of equal ones the larger claimant.
    pub version: Timestamp,
    /// Who has it.
    pub claimant: Claimant,
    /// Earlier claimants whose accounts may still list what hangs on the identity.
    pub moving: Vec<Claimant>,
}

impl Link {
    /// The link of an item; `own` is the identity it stands for.
    ///
    /// # Errors
    /// [`AwsError::Corrupt`] when the item does not read.
    pub(super) fn read(item: &Item, own: &ExternalId) -> Result<Self, AwsError> {
        let claimant = match (item.str("claimant"), item.str("account").parse()) {
            ("", Ok(account)) => Claimant::Account(account),
            ("", Err(_)) => Claimant::Identity(own.clone()),
            _ => item.parsed("claimant")?,
        };
        let moving = match item.str("moving") {
            "" => Vec::new(),
            _ => item.parsed("moving")?,
        };
        Ok(Self {
            version: item.str("version").parse().unwrap_or(Timestamp::UNIX_EPOCH),
            claimant,
            moving,
        })
    }

    /// The item of the link.
    pub(super) fn item(&self, tenant: &TenantId, own: &ExternalId, rev: i64) -> Item {
        let item = Item::new(&keys::link(tenant, own), "link")
            .text("version", &self.version.to_string())
            .json("claimant", &self.claimant)
            .number("rev", rev);
        if self.moving.is_empty() {
            item
        } else {
            item.json("moving", &self.moving)
        }
    }
}

/// Where following the claims led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Walk {
    /// The account that the identity counts for.
    pub account: AccountId,
    /// The identities on the way, the first one included.
    pub passed: Vec<ExternalId>,
}

/// Follows the claims of an identity. Claims in a ring cannot all hold: the oldest of them yields, and the ring
/// counts for the account of the identity that it claimed.
pub(super) fn walk(tenant: &TenantId, links: &HashMap<ExternalId, Link>, from: &ExternalId) -> Walk {
    let mut passed = vec![from.clone()];
    let mut at = from;
    let account = loop {
        let next = match links.get(at).map(|link| &link.claimant) {
            None => break AccountId::of_identity(tenant, at),
            Some(Claimant::Account(account)) => break *account,
            Some(Claimant::Identity(next)) if next == at => break AccountId::of_identity(tenant, at),
            Some(Claimant::Identity(next)) => next,
        };
        if let Some(start) = passed.iter().position(|i| i == next) {
            let oldest = passed[start..]
                .iter()
                .min_by_key(|i| (links.get(*i).map(|link| link.version), *i));
            break AccountId::of_identity(tenant, oldest.unwrap_or(next));
        }
        passed.push(next.clone());
        if passed.len() > MAX_STEPS {
            break AccountId::of_identity(tenant, next);
        }
        at = next;
    };
    Walk { account, passed }
}

/// The links of some identities and of all that claim them; consistent, one batched read per step.
///
/// # Errors
/// [`AwsError`] when the table fails or a link does not read.
pub(super) async fn load(
    table: &Table,
    tenant: &TenantId,
    identities: &[ExternalId],
) -> Result<HashMap<ExternalId, Link>, AwsError> {
    let mut links = HashMap::new();
    let mut asked: HashSet<ExternalId> = HashSet::new();
    let mut next: Vec<ExternalId> = identities.to_vec();
    for _ in 0..=MAX_STEPS {
        next.retain(|i| asked.insert(i.clone()));
        if next.is_empty() {
            break;
        }
        let level = std::mem::take(&mut next);
        let link_keys: Vec<Key> = level.iter().map(|i| keys::link(tenant, i)).collect();
        let items = table.get_many(&link_keys, true).await?;
        for (identity, key) in level.into_iter().zip(link_keys) {
            if let Some(item) = items.get(&key) {
                let link = Link::read(item, &identity)?;
                if let Claimant::Identity(claimant) = &link.claimant {
                    next.push(claimant.clone());
                }
                links.insert(identity, link);
            }
        }
    }
    Ok(links)
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::ids::{Source, TenantProof};
    use proptest::prelude::*;

    fn tenant() -> TenantId {
        TenantId::proven("acme", TenantProof::OwnRecord).unwrap()
    }

    fn id(number: u8) -> ExternalId {
        ExternalId::new(Source::api(), format!("i{number}")).unwrap()
    }

    fn links(claims: &[(u8, u8, i64)]) -> HashMap<ExternalId, Link> {
        let mut links: HashMap<ExternalId, Link> = HashMap::new();
        for (identity, claimant, version) in claims {
            let link = Link {
                version: Timestamp::from_second(*version).unwrap(),
                claimant: Claimant::Identity(id(*claimant)),
                moving: Vec::new(),
            };
            let stands = links.get(&id(*identity));
            if stands.is_none_or(|old| (old.version, &old.claimant) < (link.version, &link.claimant)) {
                links.insert(id(*identity), link);
            }
        }
        links
    }

    fn account(claims: &[(u8, u8, i64)], of: u8) -> AccountId {
        walk(&tenant(), &links(claims), &id(of)).account
    }

    fn own(of: u8) -> AccountId {
        AccountId::of_identity(&tenant(), &id(of))
    }

    #[test]
    fn a_chain_of_claims_ends_at_its_last_claimant() {
        let claims = [(1, 2, 10), (2, 3, 5), (3, 3, 0)];
        for of in 1..=3 {
            assert_eq!(account(&claims, of), own(3));
        }
        assert_eq!(account(&claims, 7), own(7), "nobody claims it");
    }

    #[test]
    fn in_a_ring_the_oldest_claim_yields() {
        let claims = [(1, 2, 10), (2, 3, 5), (3, 1, 7), (9, 1, 1)];
        for of in [1, 2, 3, 9] {
            assert_eq!(account(&claims, of), own(2));
        }
    }

    #[test]
    fn a_chain_without_end_ends_somewhere() {
        let claims: Vec<(u8, u8, i64)> = (0..200).map(|n| (n, n + 1, 1)).collect();
        assert_eq!(account(&claims, 0), own(32));
    }

    proptest! {
        #[test]
        fn all_that_a_chain_passes_counts_for_one_account(
            claims in proptest::collection::vec((0_u8..8, 0_u8..8, 0_i64..6), 1..20),
            from in 0_u8..8,
        ) {
            let links = links(&claims);
            let way = walk(&tenant(), &links, &id(from));
            for passed in &way.passed {
                prop_assert_eq!(walk(&tenant(), &links, passed).account, way.account);
            }
        }

        #[test]
        fn the_order_of_claims_does_not_matter(
            (claims, shuffled) in proptest::collection::vec((0_u8..8, 0_u8..8, 0_i64..6), 1..20)
                .prop_flat_map(|claims| (Just(claims.clone()), Just(claims).prop_shuffle())),
        ) {
            prop_assert_eq!(links(&claims), links(&shuffled));
        }
    }
}
