//! Every limit on input, in one place, so that an error can name it and the documents can list it.

/// Rows in one batch call (`PUT /v1/accounts:batch` and its siblings). `domain.md` section 8.
pub const MAX_BATCH_ROWS: usize = 1_000;
/// Bytes of a batch body: API Gateway passes 10 MB, a Lambda invocation takes 6 MB; 5 MB leaves room for the envelope.
pub const MAX_BATCH_BYTES: usize = 5 * 1024 * 1024;
/// Bytes of a webhook body. Vendors stay far under it; a larger history belongs in an import.
pub const MAX_WEBHOOK_BYTES: usize = 1024 * 1024;
/// Characters of an external id.
pub const MAX_EXTERNAL_ID: usize = 200;
/// Characters of a name, a title, a plan, an event name.
pub const MAX_NAME: usize = 200;
/// Products named on one invoice.
pub const MAX_PRODUCTS: usize = 500;
/// Characters of a free text (comment, ticket subject, note).
pub const MAX_TEXT: usize = 4_000;
/// Custom fields of one object.
pub const MAX_CUSTOM_FIELDS: usize = 100;
/// Other identities that one account may claim.
pub const MAX_IDENTITIES: usize = 20;
/// Columns of an imported CSV.
pub const MAX_CSV_COLUMNS: usize = 200;
/// Bytes of one CSV record.
pub const MAX_CSV_RECORD_BYTES: usize = 256 * 1024;
/// Bytes of an imported file: 1 GiB.
pub const MAX_IMPORT_BYTES: u64 = 1024 * 1024 * 1024;
/// The largest amount of money in minor units: 10^15 (ten trillion in a two-digit currency).
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000_000;
/// The largest count (seats, quantities).
pub const MAX_COUNT: i64 = 1_000_000_000;
/// The first year that a timestamp may lie in.
pub const MIN_YEAR: i16 = 1970;
/// The last year that a timestamp may lie in.
pub const MAX_YEAR: i16 = 2199;
/// Revisions kept of one entity; the newest stay.
pub const MAX_REVISIONS: usize = 100;
/// Bytes of one entity's revisions as JSON; the newest stay. DynamoDB takes items of 400 KB.
pub const MAX_RECORD_BYTES: usize = 200 * 1024;
/// Webhooks of one tenant that we deliver to.
pub const MAX_WEBHOOKS: usize = 20;
/// Characters of an address that we deliver to.
pub const MAX_URL: usize = 2_000;

/// Days of use before today that a snapshot shows: a year for seasons, and a quarter for comparison. Serving, backfill
/// and training see the same.
pub const USAGE_DAYS: i32 = 456;
