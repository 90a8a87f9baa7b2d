//! The one table of fields: parsing, CSV mapping and the documents are made from it.

use copilot_domain::limits::{
    MAX_AMOUNT_MINOR, MAX_CUSTOM_FIELDS, MAX_EXTERNAL_ID, MAX_IDENTITIES, MAX_NAME, MAX_PRODUCTS, MAX_TEXT,
    MAX_YEAR, MIN_YEAR,
};

/// Characters of a custom field's name.
pub const MAX_CUSTOM_NAME: usize = 100;
/// Characters of a custom field's text.
pub const MAX_CUSTOM_TEXT: usize = 500;

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// An id of the source.
    ExternalId,
    /// One line of text.
    Name,
    /// Text of several lines.
    Text,
    /// An e-mail address; stored in lower case.
    Email,
    /// A web domain; stored in lower case without scheme, `www.` and path.
    Domain,
    /// A whole number in a range.
    Integer(i64, i64),
    /// A number in a range.
    Decimal(i64, i64),
    /// An amount in minor units.
    AmountMinor,
    /// A currency code.
    Currency,
    /// A calendar date.
    Date,
    /// An instant.
    Instant,
    /// True or false.
    Boolean,
    /// One of the listed words.
    OneOf(&'static [&'static str]),
    /// Names, each once.
    Names,
    /// Ids of the account in other systems: source to id.
    Identities,
    /// The tenant's own fields: name to text, number or boolean.
    Custom,
}

impl FieldType {
    /// The type's name in the API and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExternalId | Self::Name | Self::Text | Self::Domain => "text",
            Self::Email => "email",
            Self::Integer(..) => "integer",
            Self::Decimal(..) => "number",
            Self::AmountMinor => "amount in minor units",
            Self::Currency => "currency",
            Self::Date => "date",
            Self::Instant => "date-time",
            Self::Boolean => "boolean",
            Self::OneOf(_) => "one of",
            Self::Names => "list of text",
            Self::Identities | Self::Custom => "object",
        }
    }

    /// The limits in words, as errors and documents name them.
    pub fn limits(self) -> String {
        match self {
            Self::ExternalId => format!("1 to {MAX_EXTERNAL_ID} characters, no control characters"),
            Self::Name | Self::Domain | Self::Email => {
                format!("at most {MAX_NAME} characters, no control characters")
            }
            Self::Text => format!("at most {MAX_TEXT} characters"),
            Self::Integer(min, max) | Self::Decimal(min, max) => format!("{min} to {max}"),
            Self::AmountMinor => {
                format!("-{MAX_AMOUNT_MINOR} to {MAX_AMOUNT_MINOR}, whole minor units (cents)")
            }
            Self::Currency => "three letters of ISO 4217, such as EUR".to_owned(),
            Self::Date => format!("YYYY-MM-DD, year {MIN_YEAR} to {MAX_YEAR}"),
            Self::Instant => {
                format!("RFC 3339 such as 2026-03-01T09:30:00Z, or a date; year {MIN_YEAR} to {MAX_YEAR}")
            }
            Self::Boolean => "true or false".to_owned(),
            Self::OneOf(words) => words.join(", "),
            Self::Names => {
                format!(
                    "at most {MAX_PRODUCTS} names of at most {MAX_NAME} characters; `;` parts them in a file"
                )
            }
            Self::Identities => format!("source to id, at most {MAX_IDENTITIES}"),
            Self::Custom => format!(
                "at most {MAX_CUSTOM_FIELDS} fields of text (at most {MAX_CUSTOM_TEXT} characters), number or boolean"
            ),
        }
    }
}

/// One field of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub ty: FieldType,
    /// Whether every row must have it.
    pub required: bool,
    /// What it means.
    pub help: &'static str,
}

impl FieldSpec {
    /// The limits in words.
    pub fn limits(&self) -> String {
        self.ty.limits()
    }
}
