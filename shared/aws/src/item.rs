//! A DynamoDB item with typed access. Documents stand as JSON text in `data`: numbers keep their exact value and
//! the item's size is the text's size. What keys, conditions and filters need stands beside it.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::AwsError;
use crate::keys::Key;

/// The attributes of one item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Item(pub(crate) HashMap<String, AttributeValue>);

impl Item {
    /// An item of an entity type under a key.
    pub fn new(key: &Key, entity: &str) -> Self {
        Self::default()
            .text("pk", &key.pk)
            .text("sk", &key.sk)
            .text("et", entity)
    }

    /// Sets a string. An empty one is left out: keys of an index must not be empty.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0
                .insert(name.to_owned(), AttributeValue::S(value.to_owned()));
        }
        self
    }

    /// Sets a whole number.
    #[must_use]
    pub fn number(mut self, name: &str, value: i64) -> Self {
        self.0
            .insert(name.to_owned(), AttributeValue::N(value.to_string()));
        self
    }

    /// Sets bytes.
    #[must_use]
    pub fn bytes(mut self, name: &str, value: Vec<u8>) -> Self {
        self.0
            .insert(name.to_owned(), AttributeValue::B(Blob::new(value)));
        self
    }

    /// Sets the document.
    #[must_use]
    pub fn data<T: Serialize>(mut self, value: &T) -> Self {
        // Our documents have string keys and finite numbers, the two things that serde_json could refuse.
        let text = serde_json::to_string(value).unwrap_or_default();
        self.0.insert("data".to_owned(), AttributeValue::S(text));
        self
    }

    /// Sets a smaller document beside the main one.
    #[must_use]
    pub fn json<T: Serialize>(mut self, name: &str, value: &T) -> Self {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.0.insert(name.to_owned(), AttributeValue::S(text));
        self
    }

    /// The primary key.
    pub fn key(&self) -> Key {
        Key {
            pk: self.str("pk").to_owned(),
            sk: self.str("sk").to_owned(),
        }
    }

    /// A string, or "".
    pub fn str(&self, name: &str) -> &str {
        self.0
            .get(name)
            .and_then(|v| v.as_s().ok())
            .map_or("", String::as_str)
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.0
            .get(name)
            .and_then(|v| v.as_n().ok())
            .and_then(|n| n.parse().ok())
    }

    /// Bytes.
    pub fn blob(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).and_then(|v| v.as_b().ok()).map(AsRef::as_ref)
    }

    /// The document.
    ///
    /// # Errors
    /// [`AwsError::Corrupt`] when it does not read as `T`.
    pub fn document<T: DeserializeOwned>(&self) -> Result<T, AwsError> {
        self.parsed("data")
    }

    /// A document beside the main one.
    ///
    /// # Errors
    /// [`AwsError::Corrupt`] when it does not read as `T`.
    pub fn parsed<T: DeserializeOwned>(&self, name: &str) -> Result<T, AwsError> {
        serde_json::from_str(self.str(name)).map_err(|e| AwsError::Corrupt {
            what: "a document",
            key: format!("{} / {}", self.str("pk"), self.str("sk")),
            source: Some(e.into()),
        })
    }

    /// The counter of optimistic writes; 0 when the item does not carry one.
    pub fn rev(&self) -> i64 {
        self.int("rev").unwrap_or(0)
    }
}
