//! The daily digest of one person: what is new, worse, resolved, due today, and which renewals come.
//!
//! At most [`MAX_LINES`] lines of text, headings and all: what does not fit is counted, not listed. Longer ones are
//! not read.

use serde::Serialize;

/// Lines of the text form, at the most.
pub const MAX_LINES: usize = 30;
/// Title, blank line, and the link at the end with a blank line before it.
const FRAME: usize = 4;

/// One line of a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Severity word, date, or nothing.
    pub tag: String,
    /// The account.
    pub account: String,
    /// What about it.
    pub text: String,
    /// Where it is in the dashboard.
    pub link: String,
}

/// What a digest tells; each list with the most pressing first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    /// The day, as the reader sees it: `1 May 2026`.
    pub day: String,
    /// Alerts that opened.
    pub new: Vec<Line>,
    /// Alerts that got worse or are told of again.
    pub worse: Vec<Line>,
    /// Tasks due today.
    pub due: Vec<Line>,
    /// Renewals within 90 days.
    pub renewals: Vec<Line>,
    /// Alerts that are over.
    pub resolved: Vec<Line>,
    /// The dashboard.
    pub link: String,
}

/// A part of a digest as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Heading.
    pub name: &'static str,
    /// How many there are.
    pub count: usize,
    /// Those that are shown.
    pub lines: Vec<Line>,
    /// How many are not.
    pub more: usize,
}

impl Digest {
    /// Whether there is anything to tell. A person without news and renewals gets no mail.
    pub fn is_empty(&self) -> bool {
        self.parts().iter().all(|(_, lines)| lines.is_empty())
    }

    fn parts(&self) -> [(&'static str, &[Line]); 5] {
        [
            ("New", &self.new),
            ("Worse", &self.worse),
            ("Due today", &self.due),
            ("Renewals within 90 days", &self.renewals),
            ("Resolved", &self.resolved),
        ]
    }

    /// The parts that have lines, shortened so that the whole fits [`MAX_LINES`]: room is handed out line by line
    /// in turn, so that a long list cannot push a short one out.
    pub fn sections(&self) -> Vec<Section> {
        let parts: Vec<_> = self
            .parts()
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .collect();
        // Each part has a heading and a blank line after its lines.
        let mut room = MAX_LINES.saturating_sub(FRAME + 2 * parts.len());
        let mut shares = vec![0; parts.len()];
        while room > 0 {
            let before = room;
            for (share, (_, lines)) in shares.iter_mut().zip(&parts) {
                if room > 0 && *share < lines.len() {
                    *share += 1;
                    room -= 1;
                }
            }
            if room == before {
                break;
            }
        }
        let cut = |((name, lines), share): ((&'static str, &[Line]), usize)| {
            // The line that says how many more takes the place of one.
            let shown = if share < lines.len() {
                share.saturating_sub(1)
            } else {
                lines.len()
            };
            Section {
                name,
                count: lines.len(),
                lines: lines[..shown].to_vec(),
                more: lines.len() - shown,
            }
        };
        parts.into_iter().zip(shares).map(cut).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn lines(count: usize, tag: &str) -> Vec<Line> {
        (1..=count)
            .map(|n| Line {
                tag: tag.to_owned(),
                account: format!("Account {n} & Söhne <GmbH>"),
                text: "Key events down 41 % in 7 days".to_owned(),
                link: format!("https://copilot.example/#/alerts/alr_{n:032x}"),
            })
            .collect()
    }

    pub(crate) fn digest(counts: [usize; 5]) -> Digest {
        Digest {
            day: "1 May 2026".to_owned(),
            new: lines(counts[0], "High"),
            worse: lines(counts[1], "Critical"),
            due: lines(counts[2], ""),
            renewals: lines(counts[3], "12 May 2026"),
            resolved: lines(counts[4], ""),
            link: "https://copilot.example/#/".to_owned(),
        }
    }

    #[test]
    fn a_long_list_does_not_push_a_short_one_out() {
        let sections = digest([400, 2, 0, 1, 3]).sections();
        let shown: Vec<_> = sections.iter().map(|s| (s.name, s.lines.len(), s.more)).collect();
        assert_eq!(
            shown,
            [
                ("New", 11, 389),
                ("Worse", 2, 0),
                ("Renewals within 90 days", 1, 0),
                ("Resolved", 3, 0)
            ]
        );
    }

    #[test]
    fn nothing_is_lost_by_shortening_only_by_counting() {
        for counts in [
            [0; 5],
            [1; 5],
            [4; 5],
            [100; 5],
            [17, 0, 0, 0, 0],
            [25, 0, 0, 0, 0],
            [0, 0, 90, 0, 7],
        ] {
            let digest = digest(counts);
            for section in digest.sections() {
                assert_eq!(section.lines.len() + section.more, section.count, "{counts:?}");
                assert!(
                    section.more != 1,
                    "a line that says 'and 1 more' could have been that one: {counts:?}"
                );
            }
            assert_eq!(digest.is_empty(), counts == [0; 5]);
        }
    }
}
