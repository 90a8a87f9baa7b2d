//! Accounts that may be the same: they share a web domain, or a name but for case and legal form.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use copilot_aws::keys::index;
use copilot_aws::table::Query;
use copilot_aws::{Item, links, stats};
use copilot_domain::ids::AccountId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::dto::account::{Duplicate, DuplicateAccount, DuplicateReason};
use crate::dto::page::List;
use crate::problem::Answer;
use crate::{App, Shared, paging};

/// Accounts that are compared.
const MAX_COMPARED: usize = 5_000;
/// Groups that are shown.
const MAX_GROUPS: usize = 100;

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list_duplicates))
}

/// Accounts that may be the same
#[utoipa::path(get, path = "/v1/duplicates", tag = "accounts", security(("bearer" = ["read"])),
    responses((status = 200, description = "Groups of accounts", body = List<Duplicate>)))]
async fn list_duplicates(State(app): Shared, caller: Caller) -> Answer<Json<List<Duplicate>>> {
    let read = Query {
        index: Some("gsi1"),
        pk: index::accounts(&caller.tenant),
        attributes: vec!["pk", "g1sk", "f_name", "f_domain"],
        ..Query::default()
    };
    let (items, _) = paging::scan(&app.ctx.table, read, None, MAX_COMPARED, |_| true).await?;
    let mut groups: BTreeMap<(bool, String), Vec<&Item>> = BTreeMap::new();
    for item in &items {
        for (is_name, value) in [
            (false, item.str("f_domain").to_lowercase()),
            (true, plain_name(item.str("f_name"))),
        ] {
            if !value.is_empty() {
                groups.entry((is_name, value)).or_default().push(item);
            }
        }
    }
    let mut data = Vec::new();
    let mut shown: HashSet<Vec<AccountId>> = HashSet::new();
    for ((is_name, value), members) in groups.into_iter().filter(|(_, m)| m.len() > 1) {
        let ids: Vec<AccountId> = members.iter().filter_map(|item| stats::account(item)).collect();
        // Accounts that share the domain are not shown again for sharing the name.
        if data.len() >= MAX_GROUPS || !shown.insert(ids.clone()) {
            continue;
        }
        let mut accounts = Vec::with_capacity(ids.len());
        for (account, item) in ids.into_iter().zip(members) {
            let identities = links::identities(&app.ctx.table, &caller.tenant, account).await?;
            let source = identities
                .first()
                .map_or_else(String::new, |i| i.source.to_string());
            accounts.push(DuplicateAccount {
                id: account.to_string(),
                name: item.str("f_name").to_owned(),
                source,
            });
        }
        let reason = if is_name {
            DuplicateReason::Name
        } else {
            DuplicateReason::Domain
        };
        data.push(Duplicate {
            reason,
            value,
            accounts,
        });
    }
    Ok(Json(List { data }))
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
    use super::*;

    #[test]
    fn a_legal_form_does_not_make_another_company() {
        assert_eq!(plain_name("ACME, Inc."), plain_name("Acme GmbH"));
        assert_ne!(plain_name("Acme East"), plain_name("Acme West"));
        assert_eq!(plain_name("GmbH"), "");
    }
}
