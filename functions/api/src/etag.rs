//! Entity tags: the number of the stored version, sent as `ETag` and in the body, asked back as `If-Match`.

use axum::http::{HeaderMap, header};

use crate::problem::{Answer, Kind, Problem};

/// The tag of a stored version.
pub fn of(rev: i64) -> String {
    format!("\"v{rev}\"")
}

/// Refuses a change that was made from another version.
///
/// # Errors
/// A 428 without `If-Match`, a 412 when it names another version.
pub fn must_match(headers: &HeaderMap, current: &str) -> Answer<()> {
    let given: Vec<&str> = headers
        .get_all(header::IF_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .collect();
    if given.is_empty() {
        return Err(Problem::new(
            Kind::NEEDS_ETAG,
            "send the `etag` of what you read as `If-Match`",
        ));
    }
    // A list matches when one of it does, `*` whatever there is (RFC 9110, 13.1.1). Proxies that compress make a tag
    // weak; ours are of what is stored, so that the weak one says the same.
    let fits = given
        .iter()
        .flat_map(|line| line.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag.trim_matches('"') == current.trim_matches('"'));
    if fits {
        Ok(())
    } else {
        Err(Problem::new(Kind::CHANGED, "read it again and repeat the change"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_needs_the_tag_of_what_was_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(must_match(&headers, &of(3)).unwrap_err().kind, Kind::NEEDS_ETAG);
        headers.insert(header::IF_MATCH, "\"v2\"".parse().unwrap());
        assert_eq!(must_match(&headers, &of(3)).unwrap_err().kind, Kind::CHANGED);
        headers.insert(header::IF_MATCH, "W/\"v3\"".parse().unwrap());
        assert!(must_match(&headers, &of(3)).is_ok());
    }

    #[test]
    fn a_list_of_tags_matches_by_one_of_them_and_a_star_by_whatever_there_is() {
        let given = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_MATCH, line.parse().unwrap());
            }
            must_match(&headers, &of(3)).map_err(|problem| problem.kind)
        };
        assert_eq!(given(&["\"v1\", \"v3\""]), Ok(()));
        assert_eq!(given(&["\"v1\"", "\"v3\""]), Ok(()));
        assert_eq!(given(&["*"]), Ok(()));
        assert_eq!(given(&["\"v1\", \"v2\""]), Err(Kind::CHANGED));
        assert_eq!(given(&[""]), Err(Kind::CHANGED));
    }
}
