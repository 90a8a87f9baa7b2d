//! The item of an account's opportunity, and when a scoring writes it.

use copilot_domain::ids::TenantId;
use copilot_domain::opportunity::Opportunity;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::ScoreWrite;
use crate::error::AwsError;
use crate::history::Loaded;
use crate::item::Item;
use crate::keys::{self, index};
use crate::table::{Condition, Write};

/// The writes of the account's opportunity; none when nothing that anybody sees changed. A new one is also found by
/// its id.
pub(super) fn write(tenant: &TenantId, loaded: &Loaded, write: &ScoreWrite) -> Result<Vec<Write>, AwsError> {
    let read = loaded.state.get("OPPORTUNITY");
    let old: Option<Opportunity> = read.map(Item::document).transpose()?;
    let at = write.assessment.as_of;
    let Some(new) = Opportunity::next(tenant, old.as_ref(), write.opportunity.as_ref(), at) else {
        return Ok(Vec::new());
    };
    if let (Some(read), Some(old)) = (read, &old) {
        let day = |at: jiff::Timestamp| at.to_zoned(TimeZone::UTC).date();
        let mut before: Value = read.parsed("account").unwrap_or_default();
        let mut after = shown(&write.card);
        // A score that moves by a tenth all day long is no reason to tell a reader that it changed.
        if day(old.last_seen_at) == day(at) {
            before["score"] = Value::Null;
            after["score"] = Value::Null;
        }
        if !new.differs(old) && before == after {
            return Ok(Vec::new());
        }
    }
    let is_new = old.is_none_or(|old| old.id != new.id);
    let item = opportunity_item(tenant, &new, &write.card, read.map_or(0, Item::rev) + 1);
    let mut writes = vec![Write::Put(item, Condition::unchanged(read))];
    if is_new {
        let by_id = Item::new(&keys::opportunity_id(tenant, new.id), "opportunity-id")
            .text("account", &new.account.to_string());
        writes.push(Write::Put(by_id, Condition::None));
    }
    Ok(writes)
}

/// What lists of opportunities show of the account.
fn shown(card: &Value) -> Value {
    json!({
        "id": card["id"], "name": card["name"], "owner": card["owner"], "arr": card["arr"],
        "score": card["score"], "band": card["band"],
    })
}

/// The item of an opportunity, with the account's card for lists.
pub fn opportunity_item(tenant: &TenantId, opportunity: &Opportunity, card: &Value, rev: i64) -> Item {
    let mut item = Item::new(&keys::opportunity(tenant, opportunity.account), "opportunity")
        .number("rev", rev)
        .data(opportunity)
        .json("account", &shown(card));
    if !opportunity.stage.is_closed() {
        // Of one score, what is expected to come decides.
        let expected = opportunity.expected.map_or(0.0, |money| money.major());
        let sk = format!(
            "{}#{}#{}",
            index::number(opportunity.score),
            index::number(expected),
            opportunity.id
        );
        item = item.text("g1pk", &index::opportunities(tenant)).text("g1sk", &sk);
    }
    item
}
