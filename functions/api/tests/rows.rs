//! The rows that the document shows have the fields that are read, and the same ones are required.

use std::collections::BTreeSet;

use copilot_connectors::canonical::RowKind;
use serde_json::Value;

fn names(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn the_document_shows_the_fields_that_are_read() {
    let document = api::openapi::document();
    for kind in RowKind::all() {
        let schema = match kind.plural() {
            "accounts" => "AccountIn",
            "contacts" => "ContactIn",
            "subscriptions" => "SubscriptionIn",
            "invoices" => "InvoiceIn",
            "tickets" => "TicketIn",
            "activities" => "ActivityIn",
            "surveys" => "SurveyIn",
            "outcomes" => "OutcomeIn",
            _ => "EventIn",
        };
        let schema = &document["components"]["schemas"][schema];
        let shown: BTreeSet<String> = schema["properties"]
            .as_object()
            .map(|p| p.keys().cloned().collect())
            .unwrap_or_default();
        let read: BTreeSet<String> = kind.fields().iter().map(|f| f.name.to_owned()).collect();
        assert_eq!(shown, read, "{}", kind.plural());
        let required: BTreeSet<String> = kind
            .fields()
            .iter()
            .filter(|f| f.required)
            .map(|f| f.name.to_owned())
            .collect();
        assert_eq!(
            names(&schema["required"]),
            required,
            "required of {}",
            kind.plural()
        );
    }
}
