//! The files of the offline feature store: one row an account and day, as Parquet.
//!
//! A file holds numbers and words that are no personal data: no name, no address, no id of another system. Its account
//! is a pseudonym under a key of the tenant's ([`LakeKey`]): who holds the key gets the accounts back, who reads the
//! files alone does not. The rows of a file stand in the order of the pseudonyms, so that their order tells nothing.
//!
//! Columns are found by name, so that files of other minor versions of the schema read: a column that is not known is
//! passed over, one that is not there is null. A feature whose meaning changed since (its version in the catalogue)
//! reads as missing: numbers of two meanings never stand in one column.
//!
//! ```
//! use copilot_domain::ids::AccountId;
//! use copilot_lake::{Features, LakeKey, Origin, Row, read, write};
//!
//! let key = LakeKey::new([7; 32]);
//! let row = Row {
//!     features: Features::of([("mrr", 900.0)]),
//!     ..Row::new(AccountId::derived(&["a"]), "2026-01-31".parse()?, "2026-01-31T22:59:59Z".parse()?)
//! };
//! let file = write(std::slice::from_ref(&row), &key, Origin::Hindsight)?;
//! assert_eq!(read(&file, &key)?, [row]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod column;
mod file;
mod key;
mod parts;
mod row;
mod schema;

pub use file::{About, ROWS_IN_GROUP, Writer, about, read, without, write};
pub use key::LakeKey;
pub use parts::{Parts, ROWS_IN_PART};
pub use row::{Features, Origin, Row};
pub use schema::{FIXED, MAJOR, MINOR, columns};

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The bytes are no Parquet, or a part of them does not read.
    #[error("the file is no Parquet that can be read or written")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A Parquet file that none of ours wrote.
    #[error("the file's metadata has no readable {0:?}: it is no file of the feature store")]
    Foreign(&'static str),
    /// A file of another major version.
    #[error(
        "the file is of schema {found}, this program reads schema {MAJOR}: write the day anew, or use the program of that version"
    )]
    Schema {
        /// The version in the file.
        found: String,
    },
    /// The account ids of the file are pseudonyms under another key.
    #[error(
        "the file's pseudonyms are of another key: it belongs to another tenant, or the tenant's key was replaced"
    )]
    Key,
    /// A column holds what it never should.
    #[error("column {column} of the file {what}")]
    Column {
        /// Its name.
        column: String,
        /// What is wrong.
        what: &'static str,
    },
}
