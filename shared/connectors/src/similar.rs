//! Which known name did the sender mean?

/// The known name nearest to `name`, when it is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(name);
    if wanted.is_empty() || wanted.len() > 60 {
        return None;
    }
    known
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .min_by_key(|(far, _)| *far)
        .filter(|(far, candidate)| *far * 3 <= candidate.len().min(wanted.len()))
        .map(|(_, candidate)| candidate)
}

/// Lower case, letters and digits only: `Renewal Date` and `renewal_date` are one name.
pub(crate) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["seats", "name", "contract_end"];
        assert_eq!(nearest("sets", known.into_iter()), Some("seats"));
        assert_eq!(nearest("Contract-End", known.into_iter()), Some("contract_end"));
        assert_eq!(nearest("favourite_colour", known.into_iter()), None);
        assert_eq!(nearest("", known.into_iter()), None);
    }
}
