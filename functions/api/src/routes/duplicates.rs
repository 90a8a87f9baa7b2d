//! Accounts that may be the same: they share a web domain, or a name but for case and legal form.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use copilot_aws::keys::index;
use copilot_aws::table::Query;
use copilot_aws::{AwsError, Item, links, stats};
use copilot_domain::ids::AccountId;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::dto::account::{Duplicate, DuplicateAccount, DuplicateReason, Duplicates};
use crate::problem::Answer;
use crate::{App, Shared, paging};

/// Accounts that are compared.
const MAX_COMPARED: usize = 5_000;
/// Groups that are shown.
const MAX_GROUPS: usize = 100;
/// Members of a group that are shown.
const MAX_MEMBERS: usize = 10;
/// Accounts whose identities are read at once.
const PARALLEL: usize = 16;
/// Domains where anybody has a mailbox.
const FREE_MAIL: [&str; 18] = [
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
];

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list_duplicates))
}

/// Accounts that may be the same
#[utoipa::path(get, path = "/v1/duplicates", tag = "accounts", security(("bearer" = ["read"])),
    responses((status = 200, description = "Groups of accounts", body = Duplicates)))]
async fn list_duplicates(State(app): Shared, caller: Caller) -> Answer<Json<Duplicates>> {
    let read = Query {
        index: Some("gsi1"),
        pk: index::accounts(&caller.tenant),
        attributes: vec!["pk", "g1sk", "f_name", "f_domain"],
        ..Query::default()
    };
    let (items, more) = paging::scan(&app.ctx.table, read, None, MAX_COMPARED, |_| true).await?;
    let mut found = groups(&items);
    let complete = more.is_none() && found.len() <= MAX_GROUPS;
    found.truncate(MAX_GROUPS);
    let shown: BTreeSet<AccountId> = found.iter().flat_map(Group::shown).map(|(id, _)| id).collect();
    let (table, tenant) = (&app.ctx.table, &caller.tenant);
    let sources: HashMap<AccountId, String> = stream::iter(shown)
        .map(|account| async move {
            let identities = links::identities(table, tenant, account).await?;
            let source = identities.first().map(|i| i.source.to_string());
            Ok::<_, AwsError>((account, source.unwrap_or_default()))
        })
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    let data = found.iter().map(|group| view(group, &sources)).collect();
    Ok(Json(Duplicates { data, complete }))
}

/// Accounts that share something.
struct Group<'a> {
    reason: DuplicateReason,
    value: String,
    members: Vec<(AccountId, &'a Item)>,
}

impl Group<'_> {
    /// The members that are shown.
    fn shown(&self) -> impl Iterator<Item = (AccountId, &Item)> {
        self.members.iter().take(MAX_MEMBERS).copied()
    }
}

/// Groups by domain, then by name; a free mailbox's domain says nothing about who writes from it.
fn groups(items: &[Item]) -> Vec<Group<'_>> {
    let mut by: BTreeMap<(bool, String), Vec<(AccountId, &Item)>> = BTreeMap::new();
    for item in items {
        let Some(account) = stats::account(item) else {
            continue;
        };
        let domain = item.str("f_domain").to_lowercase();
        if !domain.is_empty() && !FREE_MAIL.contains(&domain.as_str()) {
            by.entry((false, domain)).or_default().push((account, item));
        }
        let name = plain_name(item.str("f_name"));
        if !name.is_empty() {
            by.entry((true, name)).or_default().push((account, item));
        }
    }
    let mut shown: HashSet<Vec<AccountId>> = HashSet::new();
    let mut groups = Vec::new();
    for ((is_name, value), members) in by {
        let ids = members.iter().map(|(id, _)| *id).collect();
        // Accounts that share the domain are not shown again for sharing the name.
        if members.len() < 2 || !shown.insert(ids) {
            continue;
        }
        let reason = if is_name {
            DuplicateReason::Name
        } else {
            DuplicateReason::Domain
        };
        groups.push(Group {
            reason,
            value,
            members,
        });
    }
    groups
}

fn view(group: &Group<'_>, sources: &HashMap<AccountId, String>) -> Duplicate {
    let accounts = group.shown().map(|(account, item)| DuplicateAccount {
        id: account.to_string(),
        name: item.str("f_name").to_owned(),
        source: sources.get(&account).cloned().unwrap_or_default(),
    });
    Duplicate {
        reason: group.reason,
        value: group.value.clone(),
        accounts: accounts.collect(),
        members: group.members.len() as u64,
    }
}

/// A name without case, punctuation and legal form.
fn plain_name(name: &str) -> String {
    const FORMS: [&str; 14] = [
        "inc",
        "llc",
        "ltd",
        "limited",
        "gmbh",
        "ag",
        "corp",
        "corporation",
        "co",
        "company",
        "sa",
        "bv",
        "plc",
        "kg",
    ];
    let spaced: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let words: Vec<&str> = spaced
        .split_whitespace()
        .filter(|word| !FORMS.contains(word))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use copilot_aws::keys;
    use copilot_domain::ids::{TenantId, TenantProof};

    use super::*;

    fn account(name: &str, domain: &str) -> Item {
        let tenant = TenantId::proven("acme", TenantProof::OwnRecord).unwrap();
        let key = keys::account(&tenant, AccountId::derived(&[name, domain]));
        Item::new(&key, "account")
            .text("f_name", name)
            .text("f_domain", domain)
    }

    #[test]
    fn a_free_mailbox_is_nothing_to_share_and_a_large_group_shows_ten_and_its_size() {
        let mut items: Vec<Item> = (0..40)
            .map(|n| account(&format!("one {n}"), "gmail.com"))
            .collect();
        items.extend((0..40).map(|n| account(&format!("two {n}"), "acme.example")));
        let found = groups(&items);
        assert_eq!(found.len(), 1);
        let shown = view(&found[0], &HashMap::new());
        assert_eq!(
            (shown.value.as_str(), shown.accounts.len(), shown.members),
            ("acme.example", 10, 40)
        );
    }

    #[test]
    fn a_legal_form_does_not_make_another_company() {
        assert_eq!(plain_name("ACME, Inc."), plain_name("Acme GmbH"));
        assert_ne!(plain_name("Acme East"), plain_name("Acme West"));
        assert_eq!(plain_name("GmbH"), "");
    }
}
