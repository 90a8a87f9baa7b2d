//! Pages over a partition or an index. A cursor holds the sort key of the last row, never a partition: whatever it
//! says, the page is of the caller's own partition.

use copilot_aws::table::Query;
use copilot_aws::{Item, Table};
use copilot_domain::TenantId;

use crate::cursor::{self, Fingerprint};
use crate::filter::Params;
use crate::problem::Answer;

/// Pages of the store that one answer reads at the most; a rare filter then gives a short page and a cursor.
const MAX_READS: usize = 12;
/// Rows that the store reads at once after a filter dropped some of the first.
const FILTERED_READ: usize = 250;
/// Bytes of a sort key, as the store has it.
const MAX_KEY: usize = 1_024;

/// A page of items with where the next begins.
#[derive(Debug, Default)]
pub struct Rows {
    /// The items.
    pub items: Vec<Item>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// A page of everything that a query finds: what is left of the parameters is `limit` and `cursor`. `operation` names the
/// operation, and the thing whose rows they are.
///
/// # Errors
/// A 422 for a parameter that does not fit or a cursor of another query; the store's own.
pub async fn all(
    table: &Table,
    tenant: &TenantId,
    operation: &str,
    mut params: Params,
    query: Query,
) -> Answer<Rows> {
    let fingerprint = Fingerprint::of(tenant, operation, params.all());
    let (limit, cursor) = (params.limit()?, params.take("cursor"));
    params.finish()?;
    read(table, query, &fingerprint, cursor.as_deref(), limit, |_| true).await
}

/// Reads a page: `limit` items that `keep` wants, after the place of `cursor`.
///
/// # Errors
/// A 422 for a cursor of another query; the store's own.
pub async fn read(
    table: &Table,
    query: Query,
    fingerprint: &Fingerprint,
    cursor: Option<&str>,
    limit: usize,
    keep: impl Fn(&Item) -> bool,
) -> Answer<Rows> {
    let after: Option<String> = cursor.map(|c| fingerprint.open(c)).transpose()?;
    let (items, place) = scan(table, query, after, limit, keep).await?;
    Ok(Rows {
        items,
        next: place.and_then(|place| fingerprint.seal(place)),
    })
}

/// As [`read`], with the place itself instead of a cursor. The first read is of what the page holds; only where a
/// filter drops some of it are the next ones larger.
///
/// # Errors
/// A 422 for a place that no page ends at; the store's own.
pub async fn scan(
    table: &Table,
    mut query: Query,
    after: Option<String>,
    limit: usize,
    keep: impl Fn(&Item) -> bool,
) -> Answer<(Vec<Item>, Option<String>)> {
    let sk = query.index.map_or_else(
        || "sk".to_owned(),
        |index| format!("g{}sk", index.trim_start_matches("gsi")),
    );
    if after.as_deref().is_some_and(|place| !is_place(place)) {
        return Err(cursor::refused());
    }
    bound(&mut query, after.as_deref());
    // One more tells whether there is a next page, and one is the last row of the page before.
    query.limit = i32::try_from(limit + 1 + usize::from(after.is_some())).ok();
    let mut items: Vec<Item> = Vec::new();
    let mut last_seen = String::new();
    for _ in 0..MAX_READS {
        let page = table.page(&query).await?;
        for item in page.items {
            let place = item.str(&sk).to_owned();
            if after.as_deref() == Some(place.as_str()) {
                continue;
            }
            if keep(&item) {
                if items.len() == limit {
                    let last = items.last().map(|i| i.str(&sk).to_owned());
                    return Ok((items, last));
                }
                items.push(item);
            }
            last_seen = place;
        }
        match page.next {
            Some(next) => query.start = Some(next),
            None => return Ok((items, None)),
        }
        query.limit = i32::try_from(FILTERED_READ.max(limit + 2)).ok();
    }
    Ok((items, Some(last_seen)))
}

/// Whether a text can be a sort key: a forged cursor may hold any.
fn is_place(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_KEY
}

/// Begins the query at the place where the page before ended. A prefix becomes bounds, since the two exclude each
/// other.
fn bound(query: &mut Query, after: Option<&str>) {
    if let Some(prefix) = query.prefix.take() {
        query.to = Some(format!("{prefix}\u{10FFFF}"));
        query.from = Some(prefix);
    }
    let Some(after) = after else { return };
    if query.descending {
        let to = query
            .to
            .take()
            .filter(|to| to.as_str() < after)
            .unwrap_or_else(|| after.to_owned());
        query.to = Some(to);
    } else {
        let from = query
            .from
            .take()
            .filter(|from| from.as_str() > after)
            .unwrap_or_else(|| after.to_owned());
        query.from = Some(from);
    }
    // A forged place outside of the bounds is an empty range, which the store refuses: ask for one that is empty.
    if let (Some(from), Some(to)) = (&query.from, &query.to)
        && from > to
    {
        query.to = Some(from.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_has_no_key_for_is_no_place() {
        assert!(is_place("acme corp#1") && is_place(&"x".repeat(MAX_KEY)));
        assert!(!is_place("") && !is_place(&"x".repeat(MAX_KEY + 1)));
    }

    #[test]
    fn a_place_narrows_the_query_and_never_widens_it() {
        let mut query = Query {
            prefix: Some("acme".into()),
            ..Query::default()
        };
        bound(&mut query, Some("acme corp#1"));
        assert_eq!(query.from.as_deref(), Some("acme corp#1"));
        let mut query = Query {
            prefix: Some("acme".into()),
            ..Query::default()
        };
        bound(&mut query, Some("aaa"));
        assert_eq!(query.from.as_deref(), Some("acme"));
        let mut query = Query {
            from: Some("D#".into()),
            descending: true,
            ..Query::default()
        };
        bound(&mut query, Some("A"));
        assert_eq!(
            (query.from.as_deref(), query.to.as_deref()),
            (Some("D#"), Some("D#"))
        );
    }
}
