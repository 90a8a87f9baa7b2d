//! The OpenAPI document: what the handlers say of themselves, and what holds for all of them.

use serde_json::{Map, Value, json};

use crate::routes;

/// Schemas that come in: what they leave out stays optional. Everything that goes out is always there.
const INPUT: [&str; 41] = [
    "AccountIn",
    "ContactIn",
    "SubscriptionIn",
    "InvoiceIn",
    "TicketIn",
    "ActivityIn",
    "SurveyIn",
    "OutcomeIn",
    "EventIn",
    "EventBatch",
    "Batch_AccountIn",
    "Batch_ContactIn",
    "Batch_SubscriptionIn",
    "Batch_InvoiceIn",
    "Batch_TicketIn",
    "Batch_ActivityIn",
    "Batch_SurveyIn",
    "Batch_OutcomeIn",
    "NewOutcome",
    "NewImport",
    "StartImport",
    "AlertPatch",
    "NewFeedback",
    "NewCta",
    "CtaPatch",
    "SettingsPatch",
    "NewWebhook",
    "WebhookPatch",
    "PlaybookPatch",
    "PlaybookStepIn",
    "ProfileSetDoc",
    "ProfileDoc",
    "ConditionDoc",
    "MeasureChoice",
    "CapDoc",
    "CapCondition",
    "ScorecardDoc",
    "PublishProfiles",
    "NewOverride",
    "NewPulse",
    "StartTraining",
];
/// Fields of answers that are left out when there is nothing to say.
const SOMETIMES: [(&str, &str); 8] = [
    ("AlertView", "account_card"),
    ("Cta", "account_card"),
    ("OpportunityView", "account_card"),
    ("RowResult", "id"),
    ("RowResult", "error"),
    ("RowResult", "parked"),
    ("EventResult", "error"),
    ("EventResult", "parked"),
];
/// Operations that need `If-Match` beside every PATCH.
const IF_MATCH: [&str; 8] = [
    "place_model",
    "roll_back_model",
    "roll_back_tone_model",
    "roll_back_products",
    "save_profile_draft",
    "discard_profile_draft",
    "publish_profile_draft",
    "restore_profile_version",
];
/// Fields that the domain describes as plain objects and that are money.
const MONEY: [(&str, &str); 2] = [("AlertAccount", "arr"), ("Opportunity", "value")];

/// The document as JSON, sorted and indented: what `functions/api/openapi.json` holds.
pub fn document() -> Value {
    let (_, document) = routes::router().split_for_parts();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["info"] = json!({
        "title": "Customer Success Copilot",
        "version": "1",
        "description": "Accounts, health, predictions, alerts and the facts behind them. Every list is paged by an opaque cursor, every refusal is a problem of RFC 9457, every POST takes an Idempotency-Key, every PATCH needs If-Match where the answer carries an ETag.",
        "license": {"name": "MIT", "identifier": "MIT"},
    });
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An ID token of the sign-in, or an API key `cpk_…`. The word in an operation's requirement is the scope it needs: read, write or admin.",
        }
    });
    schemas(&mut document);
    refusals(&mut document);
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                describe(path, method, operation);
            }
        }
    }
    document
}

/// The document's text.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

fn schemas(document: &mut Value) {
    let Some(all) = document["components"]["schemas"].as_object_mut() else {
        return;
    };
    // A type alias of the domain comes as a schema of its own; say what it is where it stands.
    if let Some(map) = all.remove("BTreeMap") {
        all["Assessment"]["properties"]["features"] = map;
    }
    for (name, schema) in all.iter_mut() {
        // A generic type inlines what it holds; name it instead.
        if let Some((outer, inner)) = name.split_once('_') {
            let field = if outer == "Batch" { "rows" } else { "data" };
            if schema["properties"][field]["type"] == "array" {
                schema["properties"][field]["items"] =
                    json!({"$ref": format!("#/components/schemas/{inner}")});
            }
        }
        for (owner, field) in MONEY {
            if owner == name {
                schema["properties"][field] =
                    json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Money"}]});
            }
        }
        if !INPUT.contains(&name.as_str()) {
            require_all(name, schema);
        }
    }
}

/// What goes out always has all of its fields, `null` where there is nothing.
fn require_all(name: &str, schema: &mut Value) {
    for part in ["allOf", "oneOf"] {
        for inner in schema
            .get_mut(part)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            require_all(name, inner);
        }
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let required: Vec<Value> = properties
        .keys()
        .filter(|field| !SOMETIMES.contains(&(name, field.as_str())))
        .map(|field| json!(field))
        .collect();
    schema["required"] = Value::Array(required);
}

/// Every refusal by its status, once.
const REFUSALS: [(&str, &str); 13] = [
    ("400", "The body is not JSON"),
    ("401", "Credentials are missing or refused"),
    ("403", "The caller may not do this"),
    ("404", "There is no such thing, or it is not the caller's"),
    (
        "409",
        "The state does not allow it, or the first request with this Idempotency-Key still runs",
    ),
    ("412", "The thing changed since it was read"),
    ("413", "The body is too large"),
    ("415", "The body is not application/json"),
    ("422", "A parameter or a field does not fit; `errors` names it"),
    ("428", "If-Match is missing"),
    ("429", "More than 600 requests a minute; see `Retry-After`"),
    ("500", "Something went wrong on our side"),
    ("503", "The service is busy; see `Retry-After`"),
];

fn refusals(document: &mut Value) {
    let mut all = Map::new();
    for (status, description) in REFUSALS {
        let problem = json!({
            "description": description,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        });
        all.insert(format!("Problem{status}"), problem);
    }
    document["components"]["responses"] = Value::Object(all);
    let integer = |description: &str| json!({"schema": {"type": "integer"}, "description": description});
    document["components"]["headers"] = json!({
        "RateLimit-Limit": integer("Requests a minute"),
        "RateLimit-Remaining": integer("Left now"),
        "RateLimit-Reset": integer("Seconds until all are back"),
    });
    document["components"]["parameters"] = json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "schema": {"type": "string", "maxLength": 200},
            "description": "The same key with the same request within 24 hours gets the first answer again; with another request, a 422.",
        },
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": true,
            "schema": {"type": "string"}, "description": "The `etag` of what was read.",
        },
    });
}

/// Adds what holds for every operation of its kind: refusals, headers.
fn describe(path: &str, method: &str, operation: &mut Value) {
    let mut statuses = vec!["401", "403", "422", "429", "500", "503"];
    let id = operation["operationId"].as_str().unwrap_or_default();
    // The grid is of a product by its name, which is no part of the path.
    if path.contains('{') || id == "get_white_space" {
        statuses.push("404");
    }
    if operation.get("requestBody").is_some() {
        statuses.extend(["400", "413", "415"]);
    }
    let mut headers = Vec::new();
    if method == "post" {
        statuses.push("409");
        headers.push("IdempotencyKey");
    }
    if method == "patch" || IF_MATCH.contains(&id) {
        statuses.extend(["412", "428"]);
        headers.push("IfMatch");
    }
    for response in operation["responses"]
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
    {
        let link = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
        response["headers"] = json!({
            "RateLimit-Limit": link("RateLimit-Limit"),
            "RateLimit-Remaining": link("RateLimit-Remaining"),
            "RateLimit-Reset": link("RateLimit-Reset"),
        });
    }
    for status in statuses {
        operation["responses"][status] = json!({"$ref": format!("#/components/responses/Problem{status}")});
    }
    for header in headers {
        let Some(operation) = operation.as_object_mut() else {
            return;
        };
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(list) = parameters.as_array_mut() {
            list.push(json!({"$ref": format!("#/components/parameters/{header}")}));
        }
    }
}
