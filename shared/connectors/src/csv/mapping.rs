//! Which column is which field: the fields that a file may fill, and a guess by the columns' names.

use serde::Serialize;

use crate::canonical::{FieldSpec, FieldType, RowKind};
use crate::similar::{nearest, plain};

/// A field that a column may be mapped to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CsvField {
    /// Its name.
    pub name: String,
    /// Whether every file must fill it.
    pub required: bool,
    /// Its type in words.
    #[serde(rename = "type")]
    pub ty: String,
    /// What it means.
    pub help: String,
}

/// The fields of a kind of row, as a file fills them.
///
/// Each amount in minor units can also be given as a decimal under its name without `_minor`. Besides these, a
/// column may be mapped to `custom.<name>` (accounts and events) and `identities.<source>` (accounts).
pub fn fields(kind: RowKind) -> Vec<CsvField> {
    let mut list = Vec::new();
    for spec in kind.fields() {
        if matches!(spec.ty, FieldType::Identities | FieldType::Custom) {
            continue;
        }
        if let Some(short) = decimal_alias(spec) {
            list.push(CsvField {
                name: short.to_owned(),
                required: spec.required,
                ty: "amount".to_owned(),
                help: format!("{}, as a decimal such as 1234.50", spec.help),
            });
        }
        let ty = match spec.ty {
            FieldType::OneOf(words) => format!("one of {}", words.join(", ")),
            ty => ty.name().to_owned(),
        };
        list.push(CsvField {
            name: spec.name.to_owned(),
            required: spec.required,
            ty,
            help: spec.help.to_owned(),
        });
    }
    list
}

/// `mrr` for `mrr_minor`.
pub(super) fn decimal_alias(spec: &FieldSpec) -> Option<&'static str> {
    if spec.ty == FieldType::AmountMinor {
        spec.name.strip_suffix("_minor")
    } else {
        None
    }
}

/// A field for each column, where its name tells one; no field twice.
pub fn suggest(kind: RowKind, header: &[String]) -> Vec<Option<String>> {
    let known: Vec<String> = fields(kind).into_iter().map(|f| f.name).collect();
    let mut found: Vec<Option<String>> = vec![None; header.len()];
    let mut taken: Vec<String> = Vec::new();
    // The surest guesses choose first: the very name, then a synonym, then a slip of the pen.
    for sureness in 0..3 {
        for (at, column) in header.iter().enumerate() {
            if found[at].is_some() {
                continue;
            }
            let guess = match sureness {
                0 => exact(kind, &known, column),
                1 => synonym(kind, column),
                _ => nearest(column, known.iter().map(String::as_str)).map(str::to_owned),
            };
            if let Some(guess) = guess.filter(|guess| !taken.contains(&key(guess))) {
                taken.push(key(&guess));
                found[at] = Some(guess);
            }
        }
    }
    found
}

/// `mrr` and `mrr_minor` fill one field.
fn key(field: &str) -> String {
    field.strip_suffix("_minor").unwrap_or(field).to_owned()
}

fn exact(kind: RowKind, known: &[String], column: &str) -> Option<String> {
    let wanted = plain(column);
    // `ticket_title` of a file of tickets is its title.
    let singular = singular(kind);
    let bare = wanted
        .strip_prefix(singular)
        .filter(|rest| !rest.is_empty() && *rest != "id");
    known
        .iter()
        .find(|name| plain(name) == wanted || bare == Some(plain(name).as_str()))
        .cloned()
}

fn singular(kind: RowKind) -> &'static str {
    match kind.plural() {
        "activities" => "activity",
        plural => plural.strip_suffix('s').unwrap_or(plural),
    }
}

/// Names that other systems give to our fields, in [`plain`] form.
const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "name",
        &[
            "accountname",
            "companyname",
            "company",
            "customername",
            "organization",
            "organisation",
            "fullname",
            "contactname",
            "eventname",
            "event",
            "eventtype",
            "featurename",
            "feature",
            "action",
        ],
    ),
    ("domain", &["website", "url", "companydomain", "web"]),
    ("industry", &["sector", "vertical", "lineofbusiness"]),
    ("country", &["region", "countrycode", "billingcountry"]),
    (
        "employees",
        &["employeecount", "numberofemployees", "headcount", "companysize"],
    ),
    ("segment", &["tier", "customersegment", "accountsegment"]),
    ("touch", &["touchmodel", "servicemodel", "servicelevel"]),
    (
        "owner",
        &[
            "csm",
            "owneremail",
            "accountowner",
            "csmemail",
            "customersuccessmanager",
            "accountmanager",
        ],
    ),
    ("stage", &["lifecyclestage", "lifecycle", "customerstage"]),
    (
        "plan",
        &[
            "plantier",
            "planname",
            "product",
            "package",
            "subscriptionplan",
            "edition",
        ],
    ),
    (
        "mrr",
        &[
            "mrramount",
            "monthlyrecurringrevenue",
            "monthlyrevenue",
            "monthlyfee",
            "mrrusd",
            "mrreur",
        ],
    ),
    ("currency", &["currencycode", "ccy"]),
    (
        "seats",
        &[
            "licenses",
            "licences",
            "seatcount",
            "purchasedseats",
            "quantity",
            "users",
            "usercount",
        ],
    ),
    (
        "contract_start",
        &[
            "startdate",
            "signupdate",
            "customersince",
            "contractstartdate",
            "since",
            "start",
        ],
    ),
    (
        "contract_end",
        &[
            "renewaldate",
            "renewal",
            "contractenddate",
            "enddate",
            "expires",
            "expirydate",
            "renewson",
        ],
    ),
    ("email", &["emailaddress", "mail", "contactemail"]),
    ("title", &["jobtitle", "position", "subject", "summary"]),
    ("team", &["department"]),
    ("role", &["persona", "contactrole"]),
    (
        "last_active_at",
        &["lastseen", "lastlogin", "lastactive", "lastactivity"],
    ),
    ("status", &["state", "subscriptionstatus"]),
    (
        "started_at",
        &["startdate", "start", "started", "subscriptionstart"],
    ),
    (
        "term_ends_on",
        &["termend", "currentperiodend", "renewaldate", "nextrenewal"],
    ),
    (
        "canceled_at",
        &[
            "enddate",
            "cancelledat",
            "canceldate",
            "cancellationdate",
            "end",
            "churndate",
        ],
    ),
    (
        "auto_renew",
        &["autorenewflag", "autorenewal", "renewsautomatically"],
    ),
    (
        "number",
        &["invoicenumber", "invoiceno", "billnumber", "documentnumber"],
    ),
    (
        "amount",
        &[
            "total",
            "invoiceamount",
            "totalamount",
            "amountdue",
            "invoicetotal",
            "value",
            "refundamount",
        ],
    ),
    (
        "issued_at",
        &[
            "invoicedate",
            "issuedate",
            "issued",
            "date",
            "created",
            "createdat",
        ],
    ),
    ("due_at", &["duedate", "due", "paymentdue"]),
    ("paid_at", &["paymentdate", "paiddate", "paid", "datepaid"]),
    ("line_count", &["lines", "numberoflines", "itemcount"]),
    ("products", &["items", "articles", "productnames", "skus"]),
    ("priority", &["severity", "urgency"]),
    (
        "opened_at",
        &[
            "created",
            "createdat",
            "submittedat",
            "opened",
            "opendate",
            "createddate",
            "date",
        ],
    ),
    (
        "answered_at",
        &["firstresponseat", "firstreply", "firstresponse", "firstreplyat"],
    ),
    (
        "solved_at",
        &[
            "closedat",
            "resolvedat",
            "closed",
            "resolved",
            "solved",
            "closeddate",
        ],
    ),
    ("sla_due_at", &["sladue", "sla", "sladeadline"]),
    (
        "csat",
        &[
            "satisfactionscore",
            "satisfaction",
            "rating",
            "satisfactionrating",
        ],
    ),
    ("escalated", &["escalationflag", "isescalated", "escalation"]),
    ("text", &["description", "body", "message", "notes", "content"]),
    (
        "kind",
        &["type", "activitytype", "surveytype", "outcome", "result"],
    ),
    (
        "at",
        &[
            "date",
            "timestamp",
            "time",
            "datetime",
            "occurredat",
            "usagedate",
            "eventtime",
            "activitydate",
            "responsedate",
            "churndate",
            "outcomedate",
            "createdat",
            "eventdate",
        ],
    ),
    ("score", &["answer", "value", "nps", "npsscore", "rating"]),
    (
        "comment",
        &["feedback", "feedbacktext", "verbatim", "remarks", "comments"],
    ),
    ("reason", &["reasoncode", "churnreason", "cause"]),
    ("user", &["userid", "useremail", "username", "actor", "member"]),
    (
        "updated_at",
        &[
            "lastmodified",
            "modifiedat",
            "updated",
            "lastupdated",
            "modified",
            "systemmodstamp",
        ],
    ),
];

/// Words for the account's own id.
const ACCOUNT_IDS: &[&str] = &[
    "accountid",
    "customerid",
    "companyid",
    "organizationid",
    "organisationid",
    "clientid",
    "accountexternalid",
    "customer",
    "accountnumber",
    "customernumber",
];

fn synonym(kind: RowKind, column: &str) -> Option<String> {
    let wanted = plain(column);
    let id_field = if kind == RowKind::Event {
        "id"
    } else {
        "external_id"
    };
    let own_id = format!("{}id", singular(kind));
    let is_account = kind.plural() == "accounts";
    if ACCOUNT_IDS.contains(&wanted.as_str()) {
        return Some(if is_account { "external_id" } else { "account" }.to_owned());
    }
    // `usage_id`, `churn_event_id`: some thing's own id, when nothing better claims to be it.
    let some_id =
        wanted == "id" || wanted == "externalid" || wanted == "key" || wanted == "uuid" || wanted == own_id;
    let of_event = kind == RowKind::Event && wanted == "usageid";
    let of_outcome = kind.plural() == "outcomes" && wanted == "churneventid";
    if some_id || of_event || of_outcome {
        return Some(id_field.to_owned());
    }
    let known = fields(kind);
    SYNONYMS
        .iter()
        .filter(|(_, words)| words.contains(&wanted.as_str()))
        .find(|(field, _)| known.iter().any(|f| f.name == *field))
        .map(|(field, _)| (*field).to_owned())
}
