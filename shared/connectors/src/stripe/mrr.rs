//! Monthly recurring revenue of a subscription, in whole minor units, without floating point.
//!
//! Each licensed item counts `unit amount × quantity`, brought to a month: a year is 12 months, a week 12/52 and a
//! day 12/365 of one. Metered items count nothing: what they will cost is not known beforehand. Discounts count
//! when they go on (`forever`, `repeating`) and the event carries the coupon.

use copilot_domain::time::Timestamp;
use serde_json::Value;

use super::map::{id_of, seconds};

/// Parts of a minor unit that are kept until the end: Stripe gives unit amounts with up to twelve decimals.
const SCALE: i128 = 1_000_000_000_000;

/// What a subscription brings in a month, and what could not be counted.
#[derive(Debug, Default)]
pub(super) struct Mrr {
    /// Minor units; `None` when an item's price cannot be known from the event.
    pub(super) minor: Option<i64>,
    /// What was left out, and why.
    pub(super) notes: Vec<String>,
}

/// The items; a subscription of an old API version without them is its own only item.
pub(super) fn items(subscription: &Value) -> Vec<&Value> {
    match subscription.pointer("/items/data").and_then(Value::as_array) {
        Some(items) if !items.is_empty() => items.iter().collect(),
        _ if subscription.get("plan").is_some_and(Value::is_object) => vec![subscription],
        _ => Vec::new(),
    }
}

/// Seats: the largest quantity of a licensed item, since a base fee stands beside them with quantity 1.
pub(super) fn seats(items: &[&Value]) -> Option<i64> {
    items
        .iter()
        .filter(|item| !metered(item))
        .filter_map(|item| item.get("quantity").and_then(Value::as_i64))
        .max()
}

/// The monthly sum of all items less the discounts that go on at `now`.
pub(super) fn monthly(subscription: &Value, items: &[&Value], now: Timestamp) -> Mrr {
    let mut mrr = Mrr::default();
    let mut sum: i128 = 0;
    for item in items.iter().filter(|item| !metered(item)) {
        let Some(amount) = item_monthly(item) else {
            let id = item.get("id").and_then(Value::as_str).unwrap_or("an item");
            mrr.notes
                .push(format!("MRR not counted: the price of {id} is tiered or unknown"));
            return mrr;
        };
        let parts = discounts(item.get("discounts"), item, now, amount, &mut mrr.notes);
        sum = sum.saturating_add(parts);
    }
    let single = subscription.get("discount").filter(|d| d.is_object());
    if let Some(first) = items.first() {
        sum = match single {
            Some(one) => discounted(one, first, now, sum, &mut mrr.notes),
            None => discounts(subscription.get("discounts"), first, now, sum, &mut mrr.notes),
        };
    }
    let whole = sum.max(0).saturating_add(SCALE / 2) / SCALE;
    mrr.minor = i64::try_from(whole).ok();
    mrr
}

fn price_field<'a>(item: &'a Value, of_price: &str, of_plan: &str) -> Option<&'a Value> {
    let found = |path: &str| item.pointer(path).filter(|v| !v.is_null());
    if item.get("price").is_some_and(Value::is_object) {
        found(of_price)
    } else {
        found(of_plan)
    }
}

fn metered(item: &Value) -> bool {
    price_field(item, "/price/recurring/usage_type", "/plan/usage_type").and_then(Value::as_str)
        == Some("metered")
}

fn item_monthly(item: &Value) -> Option<i128> {
    let exact = price_field(item, "/price/unit_amount_decimal", "/plan/amount_decimal");
    let unit = match exact.and_then(Value::as_str) {
        Some(text) => scaled(text)?,
        None => i128::from(price_field(item, "/price/unit_amount", "/plan/amount")?.as_i64()?)
            .checked_mul(SCALE)?,
    };
    let quantity = i128::from(item.get("quantity").and_then(Value::as_i64).unwrap_or(1));
    let divide_by = item
        .pointer("/price/transform_quantity/divide_by")
        .and_then(Value::as_i64);
    let quantity = match divide_by.filter(|by| *by > 0).map(i128::from) {
        Some(by)
            if item
                .pointer("/price/transform_quantity/round")
                .and_then(Value::as_str)
                == Some("up") =>
        {
            (quantity + by - 1).div_euclid(by)
        }
        Some(by) => quantity.div_euclid(by),
        None => quantity,
    };
    to_month(unit.checked_mul(quantity)?, item)
}

/// Brings an amount of the item's billing interval to a month.
fn to_month(amount: i128, item: &Value) -> Option<i128> {
    let every = price_field(item, "/price/recurring/interval_count", "/plan/interval_count");
    let every = i128::from(every.and_then(Value::as_i64).unwrap_or(1).max(1));
    let (times, parts) = match price_field(item, "/price/recurring/interval", "/plan/interval")?.as_str()? {
        "month" => (1, 1),
        "year" => (1, 12),
        "week" => (52, 12),
        "day" => (365, 12),
        _ => return None,
    };
    Some(amount.checked_mul(times)? / every.checked_mul(parts)?)
}

fn discounts(
    list: Option<&Value>,
    item: &Value,
    now: Timestamp,
    amount: i128,
    notes: &mut Vec<String>,
) -> i128 {
    let list = list
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    list.iter().fold(amount, |amount, discount| {
        discounted(discount, item, now, amount, notes)
    })
}

fn discounted(discount: &Value, item: &Value, now: Timestamp, amount: i128, notes: &mut Vec<String>) -> i128 {
    // Since "basil" the coupon stands under `source`.
    let coupon = discount
        .get("coupon")
        .or_else(|| discount.pointer("/source/coupon"))
        .filter(|c| c.is_object());
    let Some(coupon) = coupon else {
        let id = id_of(discount)
            .unwrap_or("without id")
            .chars()
            .take(60)
            .collect::<String>();
        notes.push(format!(
            "discount {id} not counted: the event does not carry its coupon"
        ));
        return amount;
    };
    let over = discount
        .get("end")
        .and_then(seconds)
        .is_some_and(|end| end <= now);
    if over || coupon.get("duration").and_then(Value::as_str) == Some("once") {
        return amount;
    }
    if let Some(percent) = coupon.get("percent_off").and_then(Value::as_f64) {
        // Percentages have at most two decimals.
        let kept = 10_000 - (percent.clamp(0.0, 100.0) * 100.0).round() as i128;
        return amount.checked_mul(kept).map_or(amount, |amount| amount / 10_000);
    }
    let off = coupon
        .get("amount_off")
        .and_then(Value::as_i64)
        .map(|off| i128::from(off) * SCALE);
    off.and_then(|off| to_month(off, item))
        .map_or(amount, |off| amount - off)
}

/// A decimal text in parts of [`SCALE`].
fn scaled(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 12 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    let fraction: i128 = format!("{fraction:0<12}").parse().ok()?;
    Some(
        sign * digits
            .parse::<i128>()
            .ok()?
            .checked_mul(SCALE)?
            .checked_add(fraction)?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn price(amount: &str, interval: &str, every: i64, quantity: i64) -> Value {
        json!({"id": "si_1", "quantity": quantity, "price": {
            "unit_amount_decimal": amount, "recurring": {"interval": interval, "interval_count": every, "usage_type": "licensed"}}})
    }

    fn of(subscription: &Value) -> Option<i64> {
        monthly(
            subscription,
            &items(subscription),
            Timestamp::from_second(1_000).unwrap(),
        )
        .minor
    }

    #[test]
    fn every_interval_is_brought_to_a_month() {
        for (amount, interval, every, quantity, expected) in [
            ("2000", "month", 1, 3, 6_000),
            ("6000", "month", 3, 1, 2_000),
            ("12000", "year", 1, 10, 10_000),
            ("24000", "year", 2, 1, 1_000),
            ("1200", "week", 1, 1, 5_200),
            ("120", "day", 1, 1, 3_650),
            ("0.5", "month", 1, 1_001, 501),
            ("100", "year", 1, 1, 8),
        ] {
            let subscription = json!({"items": {"data": [price(amount, interval, every, quantity)]}});
            assert_eq!(
                of(&subscription),
                Some(expected),
                "{amount} each {every} {interval}"
            );
        }
        let both = json!({"items": {"data": [price("100", "year", 1, 1), price("100", "year", 1, 1)]}});
        assert_eq!(
            of(&both),
            Some(17),
            "parts of a cent are added before they are rounded"
        );
    }

    #[test]
    fn old_plans_metered_items_and_tiers() {
        let old = json!({"quantity": 4, "plan": {"amount": 500, "interval": "month", "interval_count": 1}});
        assert_eq!((of(&old), seats(&items(&old))), (Some(2_000), Some(4)));
        let metered = json!({"items": {"data": [
            {"id": "si_m", "price": {"unit_amount": 5, "recurring": {"interval": "month", "usage_type": "metered"}}},
            price("1000", "month", 1, 1), price("50", "month", 1, 40)]}});
        assert_eq!((of(&metered), seats(&items(&metered))), (Some(3_000), Some(40)));
        let tiered = json!({"items": {"data": [
            {"id": "si_t", "quantity": 3, "price": {"unit_amount": null, "billing_scheme": "tiered", "recurring": {"interval": "month"}}}]}});
        let mrr = monthly(&tiered, &items(&tiered), Timestamp::from_second(1_000).unwrap());
        assert_eq!(mrr.minor, None);
        assert!(mrr.notes[0].contains("si_t"), "{:?}", mrr.notes);
        let packs = json!({"items": {"data": [{"quantity": 25, "price": {"unit_amount": 100,
            "transform_quantity": {"divide_by": 10, "round": "up"}, "recurring": {"interval": "month"}}}]}});
        assert_eq!(of(&packs), Some(300));
    }

    #[test]
    fn discounts_that_go_on_count_and_the_others_do_not() {
        let with = |discounts: Value| json!({"items": {"data": [price("12000", "year", 1, 1)]}, "discounts": discounts});
        let off = |coupon: Value| json!([{"id": "di_1", "coupon": coupon}]);
        assert_eq!(
            of(&with(off(json!({"percent_off": 12.5, "duration": "forever"})))),
            Some(875)
        );
        assert_eq!(
            of(&with(off(json!({"amount_off": 1200, "duration": "repeating"})))),
            Some(900)
        );
        assert_eq!(
            of(&with(off(json!({"percent_off": 50, "duration": "once"})))),
            Some(1_000)
        );
        let basil = json!([{"id": "di_1", "end": 2_000, "source": {"coupon": {"percent_off": 50, "duration": "repeating"}}}]);
        assert_eq!(of(&with(basil)), Some(500));
        let over =
            json!([{"id": "di_1", "end": 999, "coupon": {"percent_off": 50, "duration": "repeating"}}]);
        assert_eq!(of(&with(over)), Some(1_000));
        let unknown = with(json!(["di_1"]));
        let mrr = monthly(&unknown, &items(&unknown), Timestamp::from_second(1_000).unwrap());
        assert_eq!((mrr.minor, mrr.notes.len()), (Some(1_000), 1));
        let old = json!({"items": {"data": [price("1000", "month", 1, 1)]}, "discount": {"coupon": {"percent_off": 100, "duration": "forever"}}});
        assert_eq!(of(&old), Some(0));
    }
}
