//! The tone of what the customers of a tenant write, where the tenant has switched it on. It is read at each scoring from
//! the texts of the snapshot: nothing is stored twice, the switch takes effect at once, and a past day reads only what was
//! known then.

use copilot_domain::history::Snapshot;
use copilot_features::tone::{TextTone, Tones, surveys, tickets};
use copilot_text::{Reader, Tone};

/// The shipped reader; VADER alone should its model not load.
pub(crate) fn reader() -> Reader {
    Reader::shipped().unwrap_or_else(|error| {
        let error = copilot_runtime::telemetry::chain(&error);
        tracing::error!(error, "the tone model does not load; trying without it");
        Reader::without_model()
    })
}

/// The tone of the texts whose tone counts.
pub(crate) fn tones(reader: &Reader, snapshot: &Snapshot) -> Tones {
    let read = |text: &str| {
        let (tone, sentiment) = reader.tone(text)?;
        Some(TextTone {
            negative: tone == Tone::Negative,
            sentiment_thousandths: (sentiment * 1_000.0).round() as i32,
        })
    };
    Tones {
        tickets: tickets(snapshot)
            .filter_map(|(ticket, text)| Some((ticket.external_id.clone(), read(&text)?)))
            .collect(),
        surveys: surveys(snapshot)
            .filter_map(|(survey, comment)| Some((survey.external_id.clone(), read(comment)?)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use copilot_domain::facts::Kind;
    use copilot_domain::history::{AccountHistory, FactRecord};
    use copilot_domain::revision::{Record, Revision};
    use copilot_domain::{AccountId, ExternalId, Source};
    use copilot_features::{FeatureConfig, FeatureVector, compute};
    use copilot_scoring::rules::{Facts, RuleSet};
    use serde_json::json;

    use super::*;

    const ANGRY: [&str; 3] = [
        "This is terrible, the export crashes again and again and nobody answers!",
        "I am very disappointed. Your support is useless and I hate this awful report page.",
        "How do I add a user to the team?",
    ];

    /// Tickets of 1, 5 and 9 March, each known a day after it was opened.
    fn history() -> AccountHistory {
        let mut history = AccountHistory::empty(AccountId::derived(&["t", "a"]), "UTC");
        for (number, text) in ANGRY.iter().enumerate() {
            let day = 1 + 4 * number;
            let opened = format!("2026-03-{day:02}T10:00:00Z");
            let known = format!("2026-03-{:02}T10:00:00Z", day + 1).parse().unwrap();
            let row = json!({"title": "Export", "text": text, "opened_at": opened});
            let mut record = Record::default();
            record.merge(Revision::new(known, known, row.as_object().unwrap().clone()));
            let external_id = ExternalId::new(Source::api(), format!("t{number}")).unwrap();
            history
                .records
                .entry(Kind::Ticket)
                .or_default()
                .push(FactRecord { external_id, record });
        }
        history
    }

    fn features(as_of: &str, on: bool) -> FeatureVector {
        let snapshot = history().snapshot(as_of.parse().unwrap());
        let config = FeatureConfig {
            tones: on.then(|| tones(&reader(), &snapshot)),
            ..FeatureConfig::default()
        };
        compute(&snapshot, &config)
    }

    fn fires(features: &FeatureVector) -> Option<Vec<String>> {
        let fired = RuleSet::shipped().unwrap().evaluate(features, &Facts::default());
        let r15 = fired.into_iter().find(|fired| fired.rule == "R15")?;
        Some(r15.clauses.into_iter().map(|clause| clause.text).collect())
    }

    #[test]
    fn a_burst_of_negative_tickets_trips_the_rule_with_its_count() {
        let features = features("2026-03-10T12:00:00Z", true);
        assert_eq!(features.get("tickets_negative_14d"), Some(2.0));
        assert_eq!(features.get("tickets_negative_30d"), Some(2.0));
        assert_eq!(features.get("tone_known"), Some(1.0));
        assert!(features.get("tone_mean_30d").is_some_and(|mean| mean < -0.2));
        assert_eq!(
            fires(&features),
            Some(vec!["2 tickets of negative tone in 14 days".to_owned()])
        );
    }

    #[test]
    fn nothing_is_read_where_tone_is_switched_off() {
        let features = features("2026-03-10T12:00:00Z", false);
        let names = [
            "tone_known",
            "tone_mean_30d",
            "tickets_negative_14d",
            "tickets_negative_30d",
        ];
        assert!(names.iter().all(|name| features.get(name).is_none()));
        assert_eq!(fires(&features), None);
    }

    #[test]
    fn a_ticket_has_no_tone_before_it_was_known() {
        // The second was opened on the 5th and known on the 6th.
        let features = features("2026-03-05T20:00:00Z", true);
        assert_eq!(features.get("tickets_negative_14d"), Some(1.0));
        assert_eq!(fires(&features), None);
    }

    #[test]
    fn old_tickets_are_no_burst() {
        let features = features("2026-03-25T12:00:00Z", true);
        assert_eq!(features.get("tickets_negative_14d"), Some(0.0));
        assert_eq!(features.get("tickets_negative_30d"), Some(2.0));
    }
}
