//! What can be asked of the table: conditions, writes, queries, pages.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::Item;
use crate::keys::Key;

/// What must hold for a write to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Nothing.
    None,
    /// No item stands there.
    Absent,
    /// The item stands there with this counter.
    Rev(i64),
    /// An expression with its values: (`expression`, [(`:name`, value)]). Attribute names are used as written.
    Expression(String, Vec<(String, AttributeValue)>),
}

impl Condition {
    /// The condition that the item is still as it was read: absent, or of the same counter.
    pub fn unchanged(read: Option<&Item>) -> Self {
        read.map_or(Self::Absent, |item| Self::Rev(item.rev()))
    }

    pub(crate) fn parts(self) -> (Option<String>, Option<HashMap<String, AttributeValue>>) {
        match self {
            Self::None => (None, None),
            Self::Absent => (Some("attribute_not_exists(pk)".to_owned()), None),
            Self::Rev(rev) => (
                Some("rev = :rev".to_owned()),
                Some(HashMap::from([(
                    ":rev".to_owned(),
                    AttributeValue::N(rev.to_string()),
                )])),
            ),
            Self::Expression(text, values) => (
                Some(text),
                (!values.is_empty()).then(|| values.into_iter().collect()),
            ),
        }
    }
}

/// One write of a transaction.
#[derive(Debug, Clone)]
pub enum Write {
    /// Put an item when the condition holds.
    Put(Item, Condition),
    /// Delete the item of a key.
    Delete(Key),
    /// Add one to the counter `n` of an item, which is made when it is not there and goes at `ttl` (seconds).
    Count {
        /// The item.
        key: Key,
        /// When the item may go.
        ttl: i64,
    },
}

/// Where a page ended and the next one starts: the key attributes that DynamoDB gave.
pub type Start = HashMap<String, AttributeValue>;

/// A query of one partition of the table or of an index.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// `gsi1` … `gsi6`, or the table itself.
    pub index: Option<&'static str>,
    /// The partition.
    pub pk: String,
    /// Lower bound of the sort key, inclusive.
    pub from: Option<String>,
    /// Upper bound of the sort key, inclusive.
    pub to: Option<String>,
    /// Prefix of the sort key; excludes the bounds.
    pub prefix: Option<String>,
    /// Newest or largest first.
    pub descending: bool,
    /// Items to read at the most (before filters).
    pub limit: Option<i32>,
    /// Attributes to read; all when empty.
    pub attributes: Vec<&'static str>,
    /// A filter with its values.
    pub filter: Option<(String, Vec<(String, AttributeValue)>)>,
    /// Where an earlier page ended.
    pub start: Option<Start>,
    /// Read what was written a moment ago (costs double; not on an index).
    pub consistent: bool,
}

/// A page of a query.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The items.
    pub items: Vec<Item>,
    /// Where to go on; `None` at the end.
    pub next: Option<Start>,
}
