//! Pages over a partition or an index. A cursor holds the sort key of the last row, never a partition: whatever it
//! says, the page is of the caller's own partition.

use copilot_aws::table::Query;
use copilot_aws::{Item, Table};

use crate::cursor::Fingerprint;
use crate::problem::Answer;

/// Pages of the store that one answer reads at the most; a rare filter then gives a short page and a cursor.
const MAX_READS: usize = 12;
/// Rows that the store reads at once where a filter may drop some.
const FILTERED_READ: usize = 250;

/// A page of items with where the next begins.
#[derive(Debug, Default)]
pub struct Rows {
    /// The items.
    pub items: Vec<Item>,
    /// The cursor of the next page.
    pub next: Option<String>,
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

/// As [`read`], with the place itself instead of a cursor.
///
/// # Errors
/// The store's own.
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
    bound(&mut query, after.as_deref());
    let batch = FILTERED_READ.max(limit + 2);
    query.limit = i32::try_from(batch).ok();
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
    }
    Ok((items, Some(last_seen)))
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
