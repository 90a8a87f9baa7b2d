//! The one grammar of query strings: `limit`, `cursor`, `sort`, `filter[field][op]=value`, and the named parameters
//! of an operation. What an operation does not know is refused by name, not ignored.

use std::str::FromStr;

use crate::problem::{Answer, Problem};

/// Rows of a page where nothing else is asked for.
pub const DEFAULT_LIMIT: usize = 50;
/// Rows of a page at the most.
pub const MAX_LIMIT: usize = 500;
/// Characters of one parameter.
const MAX_VALUE: usize = 2_048;
/// Values of an `in` filter.
const MAX_IN: usize = 50;

/// The parameters of a request, taken one by one; what is left at the end is refused.
#[derive(Debug, Clone)]
pub struct Params {
    all: Vec<(String, String)>,
    left: Vec<(String, String)>,
}

impl Params {
    /// Reads a query string.
    ///
    /// # Errors
    /// A 422 for a parameter that is given twice or too long.
    pub fn parse(query: &str) -> Answer<Self> {
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if all.iter().any(|(n, _)| *n == name) {
                return Err(Problem::field(shorten(&name), "repeated", "is given twice"));
            }
            if value.len() > MAX_VALUE {
                return Err(Problem::field(
                    shorten(&name),
                    "too_long",
                    format!("at most {MAX_VALUE} bytes"),
                ));
            }
            all.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self {
            left: all.clone(),
            all,
        })
    }

    /// Every parameter, for the cursor's fingerprint.
    pub fn all(&self) -> &[(String, String)] {
        &self.all
    }

    /// Takes a parameter; an empty one counts as absent.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.left.iter().position(|(n, _)| n == name)?;
        Some(self.left.remove(at).1).filter(|value| !value.is_empty())
    }

    /// Takes a parameter that must read as `T`.
    ///
    /// # Errors
    /// A 422 that names the parameter.
    pub fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Answer<Option<T>> {
        self.take(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Problem::field(name, "malformed", format!("expected {expected}")))
            })
            .transpose()
    }

    /// Takes an instant.
    ///
    /// # Errors
    /// A 422 when it does not read or lies in a year that we do not take.
    pub fn instant(&mut self, name: &str) -> Answer<Option<jiff::Timestamp>> {
        self.take(name)
            .map(|text| {
                copilot_domain::time::parse_instant(&text)
                    .map_err(|e| Problem::field(name, "malformed", e.to_string()))
            })
            .transpose()
    }

    /// Takes a day.
    ///
    /// # Errors
    /// A 422 when it does not read or lies in a year that we do not take.
    pub fn day(&mut self, name: &str) -> Answer<Option<jiff::civil::Date>> {
        self.take(name)
            .map(|text| {
                copilot_domain::time::parse_date(&text)
                    .map_err(|e| Problem::field(name, "malformed", e.to_string()))
            })
            .transpose()
    }

    /// Takes `filter[field][op]`.
    pub fn filter(&mut self, field: &str, op: &str) -> Option<String> {
        self.take(&format!("filter[{field}][{op}]"))
    }

    /// Takes a filter that must be one of a few words.
    ///
    /// # Errors
    /// A 422 that lists the words.
    pub fn filter_word(&mut self, field: &str, op: &str, words: &[&str]) -> Answer<Option<String>> {
        let value = self.filter(field, op);
        one_of(&format!("filter[{field}][{op}]"), value, words)
    }

    /// Takes `filter[field][in]=a,b`, each one of a few words.
    ///
    /// # Errors
    /// A 422 that lists the words.
    pub fn filter_words(&mut self, field: &str, words: &[&str]) -> Answer<Option<Vec<String>>> {
        let name = format!("filter[{field}][in]");
        let Some(text) = self.take(&name) else {
            return Ok(None);
        };
        let values: Vec<String> = text.split(',').map(|v| v.trim().to_owned()).collect();
        if values.len() > MAX_IN {
            return Err(Problem::field(
                name,
                "too_many",
                format!("at most {MAX_IN} values"),
            ));
        }
        for value in &values {
            one_of(&name, Some(value.clone()), words)?;
        }
        Ok(Some(values))
    }

    /// Takes one of a few words.
    ///
    /// # Errors
    /// A 422 that lists the words.
    pub fn word(&mut self, name: &str, words: &[&str]) -> Answer<Option<String>> {
        let value = self.take(name);
        one_of(name, value, words)
    }

    /// Takes `sort`: a field and whether it descends. A field without `-` takes the direction of `fields`.
    ///
    /// # Errors
    /// A 422 that lists the fields.
    pub fn sort(
        &mut self,
        fields: &[&'static str],
        default: (&'static str, bool),
    ) -> Answer<(&'static str, bool)> {
        let Some(text) = self.take("sort") else {
            return Ok(default);
        };
        let (name, descending) = text
            .strip_prefix('-')
            .map_or((text.as_str(), false), |name| (name, true));
        fields
            .iter()
            .find(|field| **field == name)
            .map(|field| (*field, descending))
            .ok_or_else(|| {
                Problem::field(
                    "sort",
                    "unknown",
                    format!("expected one of: {}", fields.join(", ")),
                )
            })
    }

    /// Takes `limit`.
    ///
    /// # Errors
    /// A 422 when it is not a number between 1 and 500.
    pub fn limit(&mut self) -> Answer<usize> {
        let expected = format!("a number from 1 to {MAX_LIMIT}");
        match self.parsed::<usize>("limit", &expected)? {
            None => Ok(DEFAULT_LIMIT),
            Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::field(
                "limit",
                "out_of_range",
                format!("expected {expected}"),
            )),
        }
    }

    /// Refuses what nobody took. A name that the operation does not document is refused before, by `query::admit`: this is
    /// for one that is documented and that its handler does not read.
    ///
    /// # Errors
    /// A 422 that names the first unknown parameter.
    pub fn finish(&self) -> Answer<()> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) if self.all.iter().any(|(n, v)| n == name && v.is_empty()) => Ok(()),
            Some((name, _)) => Err(Problem::field(
                shorten(name),
                "unknown",
                "this operation has no such parameter",
            )),
        }
    }
}

fn one_of(name: &str, value: Option<String>, words: &[&str]) -> Answer<Option<String>> {
    match value {
        Some(value) if !words.contains(&value.as_str()) => Err(Problem::field(
            name,
            "unknown",
            format!("expected one of: {}", words.join(", ")),
        )),
        value => Ok(value),
    }
}

fn shorten(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_an_operation_does_not_know_is_refused_by_name() {
        let mut params = Params::parse("limit=7&filter%5Bband%5D%5Beq%5D=watch&tenant=other").unwrap();
        assert_eq!(params.limit().unwrap(), 7);
        assert_eq!(params.filter("band", "eq").as_deref(), Some("watch"));
        let problem = params.finish().unwrap_err();
        assert_eq!(problem.errors[0].field, "tenant");
    }

    #[test]
    fn limits_and_sorts_have_bounds() {
        for bad in ["limit=0", "limit=501", "limit=x", "limit=1&limit=2"] {
            let refused = Params::parse(bad).and_then(|mut p| p.limit());
            assert!(refused.is_err(), "{bad}");
        }
        let mut params = Params::parse("sort=-score").unwrap();
        assert_eq!(
            params.sort(&["score"], ("score", false)).unwrap(),
            ("score", true)
        );
        assert!(
            Params::parse("sort=pk")
                .unwrap()
                .sort(&["score"], ("score", false))
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn no_query_string_makes_it_panic(query in ".{0,120}") {
            if let Ok(mut params) = Params::parse(&query) {
                let _ = params.limit();
                let _ = params.instant("as_of");
                let _ = params.finish();
            }
        }
    }
}
