//! The read model of accounts: one card per account, listed by name, score, ARR, renewal, priority and owner.
//!
//! The card's document is written by `score`; what lists and filters need stands beside it, so that a page of a
//! list is one query of an index, however many accounts there are.

use copilot_domain::facts::{AccountRow, RecordFact};
use copilot_domain::health::{Band, Points};
use copilot_domain::ids::{AccountId, TenantId};
use copilot_domain::time::shift;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::error::AwsError;
use crate::item::Item;
use crate::keys::{self, index};
use crate::table::{Condition, Query, Table};

/// What an account is listed by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// Display name.
    pub name: String,
    /// Health score, 0 to 100; unknown sorts below 0.
    pub score: Option<f64>,
    /// Annual recurring revenue in minor units, for sorting only.
    pub arr_minor: Option<i64>,
    /// The currency of the ARR: amounts are ranked among their own.
    pub currency: Option<String>,
    /// Renewal date; unknown sorts last.
    pub renewal: Option<Date>,
    /// Priority: what to look at first.
    pub priority: f64,
    /// The CSM's e-mail.
    pub owner: Option<String>,
    /// Band, as text.
    pub band: String,
    /// Stage, as text.
    pub stage: String,
    /// Service model, as text.
    pub touch: String,
    /// Domain, for finding duplicates.
    pub domain: Option<String>,
}

/// The item of an account's card.
pub fn card_item(tenant: &TenantId, account: AccountId, listing: &Listing, card: &Value, rev: i64) -> Item {
    let list = index::accounts(tenant);
    let id = account.to_string();
    let name = listing.name.to_lowercase();
    let mut item = Item::new(&keys::account(tenant, account), "account")
        .number("rev", rev)
        .text("g1pk", &list)
        .text("g1sk", &format!("{name}#{id}"))
        .text("g2pk", &list)
        .text(
            "g2sk",
            &format!("{}#{id}", index::number(listing.score.unwrap_or(-1.0))),
        )
        .text("g3pk", &list)
        .text(
            "g3sk",
            &format!("{}#{id}", index::number(listing.arr_minor.unwrap_or(-1) as f64)),
        )
        .text("g4pk", &list)
        .text(
            "g4sk",
            &format!(
                "{}#{id}",
                listing.renewal.map_or("9999-12-31".to_owned(), |d| d.to_string())
            ),
        )
        .text("g5pk", &list)
        .text("g5sk", &format!("{}#{id}", index::number(listing.priority)))
        .text("f_band", &listing.band)
        .text("f_stage", &listing.stage)
        .text("f_touch", &listing.touch)
        .text("f_name", &name)
        .text("f_domain", listing.domain.as_deref().unwrap_or_default())
        .number("f_arr", listing.arr_minor.unwrap_or(0))
        .text("f_band_7d", band_week_ago(card).as_str())
        .number(
            "f_moves",
            card["stability"]["band_changes_30d"].as_i64().unwrap_or(0),
        )
        .text("f_cur", listing.currency.as_deref().unwrap_or_default())
        .data(card);
    if let Some(moved) = card["stability"]["mean_abs_change_30d"].as_f64() {
        item = item.number("f_drift", Points::from_f64(moved).milli());
    }
    if let Some(owner) = &listing.owner {
        item = item
            .text("g6pk", &index::owner(tenant, owner))
            .text("g6sk", &format!("{}#{id}", index::number(listing.priority)))
            .text("f_owner", owner);
    }
    item
}

/// The band seven days before the card's newest score, by the newest score up to then.
fn band_week_ago(card: &Value) -> Band {
    let day = |point: &Value| point["day"].as_str().and_then(|day| day.parse::<Date>().ok());
    let spark = card["spark"].as_array().map(Vec::as_slice).unwrap_or_default();
    let until = spark.last().and_then(day).map(|newest| shift(newest, -7));
    let point = (spark.iter().rev()).find(|point| until.is_some() && day(point) <= until);
    let score = point.and_then(|point| point["score"].as_f64());
    score.map_or(Band::InsufficientData, |score| Band::of(Points::from_f64(score)))
}

/// What a card shows of the account's live alerts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CardAlerts {
    /// How many.
    pub open: usize,
    /// The one that leads, as the card shows it.
    pub top: Option<Value>,
    /// The account's priority.
    pub priority: f64,
}

/// A stored card with other alerts: its document, its counter and its place in the lists by priority.
///
/// # Errors
/// [`AwsError::Corrupt`] when the card does not read.
pub fn with_alerts(card: &Item, alerts: &CardAlerts) -> Result<Item, AwsError> {
    let mut document: Value = card.document()?;
    document["open_alerts"] = json!(alerts.open);
    document["top_alert"] = json!(alerts.top);
    document["priority"] = json!(alerts.priority);
    let id = document["id"].as_str().unwrap_or_default();
    let place = format!("{}#{id}", index::number(alerts.priority));
    let mut item = card.clone().number("rev", card.rev() + 1).text("g5sk", &place);
    if !card.str("g6pk").is_empty() {
        item = item.text("g6sk", &place);
    }
    Ok(item.data(&document))
}

/// The query of the accounts of a tenant that renew between two days, soonest first.
pub fn renewing(tenant: &TenantId, from: Date, to: Date) -> Query {
    Query {
        index: Some("gsi4"),
        pk: index::accounts(tenant),
        from: Some(from.to_string()),
        // The key is the date, `#` and the account; `$` sorts behind `#`.
        to: Some(format!("{to}$")),
        attributes: vec!["data", "f_owner"],
        ..Query::default()
    }
}

/// Lists new accounts at once, before their first score: a name, an owner, no number that is not known yet.
///
/// # Errors
/// [`AwsError`] when the table fails.
pub async fn list_new(
    table: &Table,
    tenant: &TenantId,
    accounts: &[(AccountId, &RecordFact)],
) -> Result<(), AwsError> {
    use futures::stream::{StreamExt, TryStreamExt, iter};
    iter(accounts)
        .map(|(account, record)| async move {
            let fields = Value::Object(record.revision.patch.clone());
            let row: AccountRow = serde_json::from_value(fields).unwrap_or_default();
            let name = row.name.clone().unwrap_or_else(|| record.external_id.id.clone());
            let card = json!({
                "id": account, "external_id": record.external_id.id, "name": name, "owner": row.owner,
                "domain": row.domain, "band": "insufficient_data", "coverage": 0.0, "open_alerts": 0,
                "priority": 0.0, "stage": row.stage.unwrap_or_default(), "touch": row.touch.unwrap_or_default(),
                "spark": [],
            });
            let listing = Listing {
                name,
                owner: row.owner,
                band: "insufficient_data".to_owned(),
                domain: row.domain,
                ..Listing::default()
            };
            match table.put(card_item(tenant, *account, &listing, &card, 1), Condition::Absent).await {
                Err(error) if !error.is_conflict() => Err(error),
                _ => Ok(()),
            }
        })
        .buffer_unordered(16)
        .try_collect()
        .await
}
