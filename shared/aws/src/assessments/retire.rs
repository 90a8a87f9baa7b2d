//! Taking an account away whose identities were all claimed by another: off the lists, and nothing of it left open.

use copilot_domain::alert::{Alert, RuleState};
use copilot_domain::event::Event;
use copilot_domain::ids::TenantId;
use copilot_domain::opportunity::Opportunity;
use copilot_domain::time::Timestamp;

use super::opportunity_item;
use crate::alerts;
use crate::error::AwsError;
use crate::family;
use crate::history::Loaded;
use crate::item::Item;
use crate::keys;
use crate::table::{Condition, Table, Write};

/// Alerts closed by one transaction: each takes three writes of the hundred.
const ALERTS_AT_ONCE: usize = 30;

/// An alert that closes with its account.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The alert as it is to be.
    pub alert: Alert,
    /// Its item as it was read.
    pub read: Item,
    /// The state of its rule as it is to be.
    pub state: RuleState,
    /// What is to be told of it.
    pub event: Event,
}

/// Takes an account off the lists, closes its alerts and withdraws its opportunity, in one transaction (and some
/// before it, when it has very many alerts).
///
/// # Errors
/// [`AwsError::Conflict`] when something changed since it was loaded: load and try again.
pub async fn retire(
    table: &Table,
    tenant: &TenantId,
    loaded: &Loaded,
    closing: &[Closing],
    at: Timestamp,
) -> Result<(), AwsError> {
    let account = loaded.history.account;
    let mut writes: Vec<Write> = [keys::account(tenant, account), keys::assessment(tenant, account)]
        .into_iter()
        .filter(|key| loaded.state.contains_key(&key.sk))
        .map(Write::Delete)
        .collect();
    let card = loaded.state.get("ACCOUNT");
    writes.extend(family::follow(tenant, account, card, &serde_json::Value::Null)?);
    if let Some(read) = loaded.state.get("OPPORTUNITY") {
        let old: Opportunity = read.document()?;
        if let Some(new) = Opportunity::next(tenant, Some(&old), None, at) {
            let card = read.parsed("account").unwrap_or_default();
            let item = opportunity_item(tenant, &new, &card, read.rev() + 1);
            writes.push(Write::Put(item, Condition::unchanged(Some(read))));
        }
    }
    let mut chunks = closing.chunks(ALERTS_AT_ONCE).peekable();
    while let Some(chunk) = chunks.next() {
        let closed: Vec<Write> = chunk.iter().flat_map(|one| close(tenant, loaded, one)).collect();
        if chunks.peek().is_some() {
            table.transact(closed).await?;
        } else {
            writes.extend(closed);
        }
    }
    if writes.is_empty() {
        return Ok(());
    }
    table.transact(writes).await
}

fn close(tenant: &TenantId, loaded: &Loaded, one: &Closing) -> [Write; 3] {
    let account = loaded.history.account;
    let key = keys::rule_state(tenant, account, &one.state.rule, &one.state.subject);
    let read = loaded.state.get(&key.sk);
    let state = alerts::rule_item(tenant, account, &one.state, read.map_or(0, Item::rev) + 1);
    let outbox = keys::outbox(tenant, account, &one.event.event_id.to_string());
    [
        Write::Put(
            alerts::item(tenant, &one.alert, one.read.rev() + 1),
            Condition::unchanged(Some(&one.read)),
        ),
        Write::Put(state, Condition::unchanged(read)),
        Write::Put(Item::new(&outbox, "outbox").data(&one.event), Condition::None),
    ]
}
