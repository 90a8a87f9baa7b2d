//! What a message of the ingest queue asks for.

use copilot_aws::queue::IngestMessage;
use serde::Deserialize;

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// Read and apply a raw delivery.
    Raw(String),
    /// An import's file has arrived.
    Uploaded(String),
    /// Run an import, or go on with it.
    Import {
        /// The tenant's slug, written by a function of ours.
        tenant: String,
        /// The import.
        import: String,
    },
}

/// A message that asks for nothing we know.
#[derive(Debug, thiserror::Error)]
#[error("a message of the ingest queue is neither an S3 notification nor one of ours")]
pub(crate) struct UnknownMessage;

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Ours(IngestMessage),
    Announced {
        #[serde(rename = "Records")]
        records: Vec<Announcement>,
    },
    Test {
        #[serde(rename = "Event")]
        event: String,
    },
}

#[derive(Deserialize)]
struct Announcement {
    s3: Bucket,
}

#[derive(Deserialize)]
struct Bucket {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

/// Reads a message. S3's test event asks for nothing.
///
/// # Errors
/// [`UnknownMessage`] when it is none of those we know.
pub(crate) fn read(body: &str) -> Result<Vec<Work>, UnknownMessage> {
    match serde_json::from_str(body).map_err(|_| UnknownMessage)? {
        Body::Ours(IngestMessage::Raw { key }) => Ok(vec![Work::Raw(key)]),
        Body::Ours(IngestMessage::Import { tenant, import }) => Ok(vec![Work::Import { tenant, import }]),
        Body::Announced { records } => records
            .into_iter()
            .map(|record| {
                let key = unescape(&record.s3.object.key);
                if key.starts_with("imports/") {
                    Ok(Work::Uploaded(key))
                } else if key.starts_with("raw/") || key.starts_with("api/") {
                    Ok(Work::Raw(key))
                } else {
                    Err(UnknownMessage)
                }
            })
            .collect(),
        Body::Test { event } if event == "s3:TestEvent" => Ok(Vec::new()),
        Body::Test { .. } => Err(UnknownMessage),
    }
}

/// Undoes the form encoding of keys in S3's notifications (`+` for a space, `%xx`).
fn unescape(key: &str) -> String {
    let bytes = key.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| key.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, escaped) {
            (_, Some(raw)) => {
                out.push(raw);
                at += 3;
            }
            (b'+', None) => {
                out.push(b' ');
                at += 1;
            }
            (other, None) => {
                out.push(other);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_announces_raw_objects_and_uploads_with_escaped_keys() {
        let body = r#"{"Records":[{"s3":{"object":{"key":"raw/demo/web/2026/11/21/a%2Bb+c.json.gz"}}},
            {"s3":{"object":{"key":"imports/demo/imp_1.csv"}}}]}"#;
        let work = read(body).unwrap();
        assert_eq!(work[0], Work::Raw("raw/demo/web/2026/11/21/a+b c.json.gz".into()));
        assert_eq!(work[1], Work::Uploaded("imports/demo/imp_1.csv".into()));
    }

    #[test]
    fn the_test_event_of_s3_asks_for_nothing() {
        let body = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#;
        assert_eq!(read(body).unwrap(), Vec::new());
    }

    #[test]
    fn nonsense_is_refused() {
        for body in [
            "",
            "{}",
            "[]",
            "{\"Records\":[{\"s3\":{\"object\":{\"key\":\"other/x\"}}}]}",
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in ".{0,200}") {
            let _ = read(&body);
        }
    }
}
