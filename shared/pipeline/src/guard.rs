//! The storm guard: a rule that trips at more than a fifth of all accounts on one day is held, since a broken
//! source is likelier than a broken fifth of the customers (`domain.md` 5.4).

use std::collections::{BTreeMap, BTreeSet};

use copilot_aws::{AwsError, Item, Table, alerts, keys};
use copilot_domain::event::{Event, EventType, Notice};
use copilot_domain::ids::TenantId;
use copilot_domain::time::Timestamp;
use copilot_scoring::rules::RuleSet;
use copilot_scoring::severity::{LEAST_ACCOUNTS, storms};
use serde_json::json;

/// What the guard holds, and what is to be written of it.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The rules.
    pub(crate) rules: BTreeSet<String>,
    /// That each is held, for the product; for those that were not noted yet.
    pub(crate) notes: Vec<Item>,
    /// The same, for the tenant's admins.
    pub(crate) events: Vec<Event>,
}

/// Of the rules that are about to open an alert, those to be held. The first account at which a rule is held on a day
/// notes it with its own scoring; others that come at once note and tell the same.
pub(crate) async fn held(
    table: &Table,
    tenant: &TenantId,
    about_to_open: &BTreeSet<String>,
    rules: &RuleSet,
    accounts: u64,
    at: Timestamp,
) -> Result<Held, AwsError> {
    let accounts = usize::try_from(accounts).unwrap_or(usize::MAX);
    if about_to_open.is_empty() || accounts < LEAST_ACCOUNTS {
        return Ok(Held::default());
    }
    let trips = alerts::trips(table, tenant, about_to_open, at).await?;
    // One more than opened so far: the alert that is about to open.
    let tripped: BTreeMap<String, usize> = trips
        .iter()
        .map(|(rule, trips)| (rule.clone(), trips.accounts + 1))
        .collect();
    let mut held = Held {
        rules: storms(&tripped, accounts).into_iter().collect(),
        ..Held::default()
    };
    let day = alerts::count_day(at);
    for rule in &held.rules {
        if trips.get(rule).is_some_and(|trips| trips.is_noted) {
            continue;
        }
        let number = tripped.get(rule).copied().unwrap_or_default();
        tracing::warn!(tenant_id = %tenant, rule, number, accounts, "rule held by the storm guard");
        let note = json!({ "rule": rule, "day": day, "accounts": accounts, "tripped": number, "at": at });
        held.notes
            .push(Item::new(&keys::storm(tenant, day, rule), "storm").data(&note));
        let name = rules.spec(rule).map_or("", |spec| spec.name.as_str());
        let notice = notice(rule, name, number, accounts);
        held.events.push(Event::of_notice(
            tenant,
            EventType::RuleHeld,
            &day.to_string(),
            at,
            notice,
        ));
    }
    Ok(held)
}

fn notice(rule: &str, name: &str, number: usize, accounts: usize) -> Notice {
    let percent = number * 100 / accounts.max(1);
    Notice {
        subject: rule.to_owned(),
        title: format!("Rule {rule} tripped at {percent} % of accounts today; held; likely a broken source"),
        reason: format!(
            "{rule} ({name}) opened alerts at {number} of {accounts} accounts on one day. It opens no more today. \
             Look at the sources that feed it before you work through its alerts."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_names_the_rule_and_the_share() {
        let told = notice("R03", "No key event", 23, 100);
        assert_eq!(
            told.title,
            "Rule R03 tripped at 23 % of accounts today; held; likely a broken source"
        );
        assert!(told.reason.contains("23 of 100 accounts"), "{}", told.reason);
    }
}
