//! The tone of what the customers of a tenant write, where the tenant has switched it on. It is read at each scoring from
//! the texts of the snapshot: nothing is stored twice, the switch takes effect at once, and a past day reads only what was
//! known then.

use std::collections::HashMap;
use std::sync::Arc;

use copilot_aws::models::ModelFiles;
use copilot_aws::{AwsError, Table, tone};
use copilot_domain::facts::Kind;
use copilot_domain::history::Snapshot;
use copilot_domain::ids::{ExternalId, TenantId};
use copilot_domain::model::OwnPointer;
use copilot_domain::time::Timestamp;
use copilot_domain::tone::Tone;
use copilot_features::tone::{TextTone, Tones, surveys, tickets};
use copilot_text::{Reader, ToneModel};
use tokio::sync::Mutex;

/// Tenants' own readers that a process keeps; beyond, all are let go and those in use are loaded again.
const KEPT: usize = 48;

/// Who reads a tenant's texts.
#[derive(Debug, Clone)]
pub struct Readers {
    shipped: Arc<Reader>,
    /// The tenant's own, and since when it answers.
    own: Option<(Arc<Reader>, Timestamp)>,
    /// The version of the tenant's own model that should answer and cannot be loaded.
    pub lost: Option<String>,
}

impl Readers {
    /// The shipped reader alone.
    pub(crate) fn only(shipped: &Arc<Reader>) -> Self {
        Self {
            shipped: Arc::clone(shipped),
            own: None,
            lost: None,
        }
    }

    /// The reader of an instant: a tenant's own model learnt from what came before it answers, so it does not read the past.
    pub fn at(&self, as_of: Timestamp) -> &Reader {
        match &self.own {
            Some((own, since)) if *since <= as_of => own,
            _ => &self.shipped,
        }
    }

    /// The shipped reader: what a tenant's own model is held against.
    pub fn shipped(&self) -> &Reader {
        &self.shipped
    }
}

type Loaded = HashMap<(TenantId, String), Arc<Reader>>;

/// Loads tenants' own readers and keeps them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ToneShelf {
    files: Option<ModelFiles>,
    loaded: Arc<Mutex<Loaded>>,
}

impl ToneShelf {
    pub(crate) fn of(files: ModelFiles) -> Self {
        Self {
            files: Some(files),
            loaded: Arc::default(),
        }
    }

    /// Who reads a tenant's texts. An own model that does not load is told of in the log; the shipped one reads in its place.
    pub(crate) async fn readers(
        &self,
        shipped: &Arc<Reader>,
        table: &Table,
        tenant: &TenantId,
    ) -> Result<Readers, AwsError> {
        let mut readers = Readers::only(shipped);
        let Some(files) = &self.files else {
            return Ok(readers);
        };
        let (OwnPointer { own, .. }, _) = tone::pointer(table, tenant).await?;
        let Some(own) = own else {
            return Ok(readers);
        };
        let name = (tenant.clone(), own.version.clone());
        let mut loaded = self.loaded.lock().await;
        if let Some(found) = loaded.get(&name) {
            readers.own = Some((Arc::clone(found), own.since));
            return Ok(readers);
        }
        match load(files, tenant, &own.version).await {
            Ok(model) => {
                let reader = Arc::new(Reader::with(Arc::new(model)));
                if loaded.len() >= KEPT {
                    loaded.clear();
                }
                loaded.insert(name, Arc::clone(&reader));
                readers.own = Some((reader, own.since));
            }
            Err(error) => {
                let version = own.version.as_str();
                tracing::error!(tenant_id = %tenant, version, error, "the tenant's model of tone cannot be read; the shipped one answers");
                readers.lost = Some(own.version);
            }
        }
        Ok(readers)
    }
}

/// A version of a tenant's own model; what is wrong with it, in words, when it does not load.
async fn load(files: &ModelFiles, tenant: &TenantId, version: &str) -> Result<ToneModel, String> {
    let read = tone::files(files, tenant, version).await;
    let read = read.map_err(|error| copilot_runtime::telemetry::chain(&error))?;
    let (weights, card) = read.ok_or("its files are not there")?;
    let card = String::from_utf8(card).map_err(|error| error.to_string())?;
    ToneModel::load(&weights, &card).map_err(|error| copilot_runtime::telemetry::chain(&error))
}

/// The shipped reader; VADER alone should its model not load.
pub(crate) fn reader() -> Reader {
    Reader::shipped().unwrap_or_else(|error| {
        let error = copilot_runtime::telemetry::chain(&error);
        tracing::error!(error, "the tone model does not load; trying without it");
        Reader::without_model()
    })
}

/// The tone of the texts whose tone counts. What a person said of one stands in place of what is read.
pub(crate) fn tones(readers: &Readers, snapshot: &Snapshot) -> Tones {
    let reader = readers.at(snapshot.as_of);
    let read = |kind: Kind, id: &ExternalId, text: &str| {
        let (tone, sentiment) = reader.tone(text)?;
        let mut labels = snapshot.tone_labels.iter();
        let label = labels.find(|label| label.is_of(kind, id)).map(|label| label.tone);
        Some(TextTone {
            negative: label.unwrap_or(tone) == Tone::Negative,
            sentiment_thousandths: match label {
                Some(said) if said != tone => of_label(said),
                _ => (sentiment * 1_000.0).round() as i32,
            },
        })
    };
    Tones {
        tickets: tickets(snapshot)
            .filter_map(|(ticket, text)| {
                let id = &ticket.external_id;
                Some((id.clone(), read(Kind::Ticket, id, &text)?))
            })
            .collect(),
        surveys: surveys(snapshot)
            .filter_map(|(survey, comment)| {
                let id = &survey.external_id;
                Some((id.clone(), read(Kind::Survey, id, comment)?))
            })
            .collect(),
    }
}

/// The sentiment of a text, in thousandths, of which a person says otherwise than what is read.
fn of_label(tone: Tone) -> i32 {
    match tone {
        Tone::Negative => -1_000,
        Tone::Neutral => 0,
        Tone::Positive => 1_000,
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
        features_of(&history(), as_of, on)
    }

    fn features_of(history: &AccountHistory, as_of: &str, on: bool) -> FeatureVector {
        let snapshot = history.snapshot(as_of.parse().unwrap());
        let config = FeatureConfig {
            tones: on.then(|| tones(&Readers::only(&Arc::new(reader())), &snapshot)),
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

    #[test]
    fn what_a_person_says_of_a_ticket_counts_from_when_it_was_said() {
        let mut history = history();
        history.tone_labels.push(copilot_domain::tone::ToneLabel {
            kind: Kind::Ticket,
            external_id: ExternalId::new(Source::api(), "t0").unwrap(),
            tone: Tone::Neutral,
            author: "csm@acme.example".to_owned(),
            given_at: "2026-03-08T10:00:00Z".parse().unwrap(),
            removed_at: Some("2026-03-09T10:00:00Z".parse().unwrap()),
            removed_by: None,
        });
        let negative = |as_of| features_of(&history, as_of, true).get("tickets_negative_14d");
        assert_eq!(negative("2026-03-07T12:00:00Z"), Some(2.0));
        assert_eq!(negative("2026-03-08T12:00:00Z"), Some(1.0));
        assert_eq!(negative("2026-03-09T12:00:00Z"), Some(2.0));
    }

    #[test]
    fn a_model_of_ones_own_does_not_read_days_before_it_answered() {
        let since: Timestamp = "2026-03-05T00:00:00Z".parse().unwrap();
        let readers = Readers {
            own: Some((Arc::new(Reader::without_model()), since)),
            ..Readers::only(&Arc::new(reader()))
        };
        assert!(
            readers
                .at("2026-03-04T00:00:00Z".parse().unwrap())
                .model()
                .is_some()
        );
        assert!(readers.at(since).model().is_none());
    }
}
