//! A run of tone: a tenant's ratings and corrections become a model of its own, which answers only where it is better.

use std::collections::BTreeMap;

use copilot_aws::models::ModelFiles;
use copilot_aws::{AwsError, Table, tone};
use copilot_domain::facts::Kind;
use copilot_domain::history::{AccountHistory, Snapshot};
use copilot_domain::ids::{AccountId, ExternalId, TenantId};
use copilot_domain::model::RunStatus;
use copilot_domain::time::{Timestamp, day_of};
use copilot_domain::tone::{Tone, ToneCounts, ToneFigures, ToneRun, ToneVersion};
use copilot_features::tone::ticket_text;
use copilot_learning::train::TrainError;
use copilot_pipeline::snapshots::accounts;
use copilot_pipeline::{ScoreError, Scorer};
use copilot_runtime::clock::Clock;
use copilot_text::ToneModel;
use copilot_text::adapt::{Adapted, Figures, MIN_LABELS, Rated, adapt};
use copilot_text::train::Settings;
use futures::stream::{self, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};

use crate::run::{AT_ONCE, NOTE_EVERY, TrainingError, broken_off};

/// Texts that are learnt from at most: the newest. More would not fit into the time of a run.
const MAX_TEXTS: usize = 20_000;
/// Part of every version: rises when the same labels give another model.
const TRAINER: &str = "tone trainer 1";
/// Tries to let a new model answer while others decide on it.
const TRIES: usize = 5;

/// A text with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Labelled {
    /// When the label was known, in microseconds: the model is judged by labels that came after those it learnt from.
    at: i64,
    text: String,
    tone: Tone,
    /// By a person, not by a rating.
    corrected: bool,
}

/// Runs training of tone.
#[derive(Debug, Clone)]
pub struct ToneTrainer {
    scorer: Scorer,
    files: ModelFiles,
    clock: Clock,
}

impl ToneTrainer {
    /// A trainer over the stack's table and its models.
    pub fn new(scorer: Scorer, files: ModelFiles, clock: Clock) -> Self {
        Self { scorer, files, clock }
    }

    /// Carries a run out and writes what came of it. A run that was carried out before is left as it is.
    ///
    /// # Errors
    /// [`TrainingError`] where it may be tried again; what can never go through is written into the run.
    pub async fn run(&self, tenant: &TenantId, mut run: ToneRun) -> Result<ToneRun, TrainingError> {
        if matches!(run.status, RunStatus::Registered | RunStatus::Refused) {
            return Ok(run);
        }
        let broken = broken_off(self.attempt(tenant, &mut run).await);
        run.finished_at = Some(self.clock.now());
        let retry = broken.and_then(|(why, retry)| {
            run.status = RunStatus::Failed;
            run.verdict = why;
            retry
        });
        tone::put_run(self.scorer.table(), tenant, &run).await?;
        retry.map_or(Ok(run), Err)
    }

    async fn attempt(&self, tenant: &TenantId, run: &mut ToneRun) -> Result<(), TrainingError> {
        let table = self.scorer.table();
        let clock = self.clock.now();
        let settings = self.scorer.settings(tenant, clock).await?;
        let now = settings.tenant.now(clock);
        if !settings.tenant.text_tone {
            run.status = RunStatus::Refused;
            "the tone of texts is switched off in the settings: nothing was read"
                .clone_into(&mut run.verdict);
            return Ok(());
        }
        let all: Vec<AccountId> = accounts(table, tenant).try_collect().await?;
        run.status = RunStatus::Running;
        "reads rated and corrected texts".clone_into(&mut run.verdict);
        (run.accounts, run.accounts_done) = (all.len(), 0);
        tone::put_run(table, tenant, run).await?;
        let settings = &settings;
        let one = |account| async move {
            let read = self.scorer.load(tenant, account, &settings.tenant, now).await;
            match read {
                Err(ScoreError::UnknownAccount(_)) => Ok(Vec::new()),
                loaded => Ok(labelled(&loaded?.history, now)),
            }
        };
        let mut texts: Vec<Labelled> = Vec::new();
        let mut reading = stream::iter(all).map(one).buffer_unordered(AT_ONCE);
        while let Some(read) = reading.next().await {
            let read: Result<Vec<Labelled>, TrainingError> = read;
            texts.extend(read?);
            run.accounts_done += 1;
            if run.accounts_done.is_multiple_of(NOTE_EVERY) {
                tone::put_run(table, tenant, run).await?;
            }
        }
        drop(reading);
        newest(&mut texts);
        let labels = counted(&texts);
        run.labels = Some(labels);
        let version = version(&texts, &day_of(now, &settings.tenant.time_zone()).to_string());
        let shipped = self.scorer.readers(tenant).await?.shipped().clone();
        let adapted = {
            let version = version.clone();
            // Learning keeps a processor busy: not where others wait for it.
            tokio::task::spawn_blocking(move || {
                let rated: Vec<Rated<'_>> = texts
                    .iter()
                    .map(|one| Rated {
                        at: one.at,
                        text: &one.text,
                        tone: one.tone,
                    })
                    .collect();
                adapt(&shipped, &rated, &Settings::default(), &version)
            })
            .await
        };
        run.status = RunStatus::Refused;
        match adapted.map_err(|error| TrainError::Crashed(error.to_string()))? {
            Adapted::TooFew { labels, tones } => run.verdict = too_few(labels, tones),
            Adapted::NotBetter(figures) => {
                run.figures = Some(of(figures));
                run.verdict = format!(
                    "not surely better than what is there; what answers stays ({})",
                    said(figures)
                );
            }
            Adapted::Kept { model, figures } => {
                let entry = ToneVersion {
                    version: version.clone(),
                    registered_at: now,
                    registered_by: run.asked_by.clone(),
                    labels,
                    figures: of(figures),
                };
                self.register(tenant, &model, &entry).await?;
                run.status = RunStatus::Registered;
                run.figures = Some(of(figures));
                run.verdict = format!("a model of your own answers from now on ({})", said(figures));
                run.version = Some(version);
            }
        }
        Ok(())
    }

    /// Files first, then the entry, then the pointer: what answers can be loaded.
    async fn register(
        &self,
        tenant: &TenantId,
        model: &ToneModel,
        entry: &ToneVersion,
    ) -> Result<(), TrainingError> {
        let table = self.scorer.table();
        let (weights, card) = (model.weights().to_bytes(), serde_json::to_vec(model.card())?);
        tone::put_files(&self.files, tenant, &entry.version, weights, card).await?;
        tone::register(table, tenant, entry).await?;
        for attempt in 1..=TRIES {
            match answer(table, tenant, entry).await {
                Err(error) if error.is_conflict() && attempt < TRIES => {}
                done => return Ok(done?),
            }
        }
        Ok(())
    }
}

async fn answer(table: &Table, tenant: &TenantId, entry: &ToneVersion) -> Result<(), AwsError> {
    let (mut pointer, rev) = tone::pointer(table, tenant).await?;
    pointer.crown(&entry.version, entry.registered_at);
    let (item, condition) = tone::pointer_item(tenant, &pointer, rev);
    table.put(item, condition).await
}

/// The labelled texts of an account, as known at an instant: what a person said, else the rating of it.
fn labelled(history: &AccountHistory, now: Timestamp) -> Vec<Labelled> {
    let snapshot = history.snapshot(now);
    let mut said: BTreeMap<(Kind, &ExternalId), (Tone, Timestamp)> = BTreeMap::new();
    for label in &snapshot.tone_labels {
        said.insert((label.kind, &label.external_id), (label.tone, label.given_at));
    }
    let one = |kind, id, text: String, rating: Option<f64>, at: Option<Timestamp>| {
        let rated = || Some((Tone::of_csat(rating?)?, at?, false));
        let said = said.get(&(kind, id)).map(|(tone, at)| (*tone, *at, true));
        let (tone, at, corrected) = said.or_else(rated)?;
        Some(Labelled {
            at: at.as_microsecond(),
            text,
            tone,
            corrected,
        })
    };
    let Snapshot { tickets, surveys, .. } = &snapshot;
    let tickets = tickets.iter().filter_map(|ticket| {
        let row = &ticket.row;
        let at = row.rated_at.or(row.solved_at).or(row.opened_at);
        one(Kind::Ticket, &ticket.external_id, ticket_text(row), row.csat, at)
    });
    let surveys = surveys.iter().filter_map(|survey| {
        let row = &survey.row;
        // Other scales (NPS, effort) are no ratings of 1 to 5.
        let rating = row
            .score
            .filter(|_| row.kind == Some(copilot_domain::facts::SurveyKind::Csat));
        one(
            Kind::Survey,
            &survey.external_id,
            row.comment.clone()?,
            rating,
            row.at,
        )
    });
    let all = tickets.chain(surveys);
    all.filter(|one| one.text.contains(char::is_alphanumeric))
        .collect()
}

/// Keeps the newest texts, in an order that does not depend on how accounts came.
fn newest(texts: &mut Vec<Labelled>) {
    texts.sort_by(|a, b| (a.at, &a.text, a.tone).cmp(&(b.at, &b.text, b.tone)));
    let over = texts.len().saturating_sub(MAX_TEXTS);
    texts.drain(..over);
}

fn counted(texts: &[Labelled]) -> ToneCounts {
    let of = |is: &dyn Fn(&Labelled) -> bool| texts.iter().filter(|one| is(one)).count();
    ToneCounts {
        ratings: of(&|one| !one.corrected),
        corrections: of(&|one| one.corrected),
        negative: of(&|one| one.tone == Tone::Negative),
        neutral: of(&|one| one.tone == Tone::Neutral),
        positive: of(&|one| one.tone == Tone::Positive),
    }
}

/// The day, and what the model is learnt from. The same labels give the same version.
fn version(texts: &[Labelled], day: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(TRAINER);
    for one in texts {
        hash.update(one.at.to_be_bytes());
        hash.update(one.tone.as_str());
        hash.update(one.text.len().to_be_bytes());
        hash.update(&one.text);
    }
    format!("{day}-{}", hex::encode(&hash.finalize()[..4]))
}

fn of(figures: Figures) -> ToneFigures {
    ToneFigures {
        learnt: figures.learnt,
        tested: figures.tested,
        own: figures.own,
        shipped: figures.shipped,
        vader: figures.vader,
    }
}

fn said(figures: Figures) -> String {
    let Figures {
        own,
        shipped,
        vader,
        tested,
        ..
    } = figures;
    format!("macro-F1 on the newest {tested} labels: own {own:.3}, shipped {shipped:.3}, VADER {vader:.3}")
}

fn too_few(labels: usize, tones: usize) -> String {
    if labels < MIN_LABELS {
        format!("{labels} of {MIN_LABELS} rated or corrected texts: too few to tell; what answers stays")
    } else {
        format!(
            "{tones} of 2 tones are labelled often enough, early and late: too few to tell; what answers stays"
        )
    }
}

#[cfg(test)]
mod tests {
    use copilot_domain::history::FactRecord;
    use copilot_domain::ids::Source;
    use copilot_domain::revision::{Record, Revision};
    use copilot_domain::tone::ToneLabel;
    use serde_json::{Value, json};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn id(id: &str) -> ExternalId {
        ExternalId::new(Source::api(), id).unwrap()
    }

    fn history(rows: &[(Kind, &str, &str, Value)]) -> AccountHistory {
        let mut history = AccountHistory::empty(AccountId::derived(&["t", "a"]), "UTC");
        for (kind, name, known, row) in rows {
            let mut record = Record::default();
            let known = at(known);
            record.merge(Revision::new(known, known, row.as_object().unwrap().clone()));
            let external_id = id(name);
            history
                .records
                .entry(*kind)
                .or_default()
                .push(FactRecord { external_id, record });
        }
        history
    }

    #[test]
    fn ratings_and_corrections_are_labels_from_when_they_were_known() {
        let opened = json!({"title": "Export", "text": "It fails", "opened_at": "2026-03-01T00:00:00Z"});
        let rated = |rating: f64| {
            json!({"title": "Export", "text": "It fails", "opened_at": "2026-03-01T00:00:00Z",
            "csat": rating, "rated_at": "2026-03-03T00:00:00Z"})
        };
        let known = "2026-03-03T00:00:00Z";
        let mut history = history(&[
            (Kind::Ticket, "plain", "2026-03-01T00:00:00Z", opened),
            (Kind::Ticket, "bad", known, rated(1.0)),
            (Kind::Ticket, "middling", known, rated(3.0)),
            (
                Kind::Survey,
                "nps",
                known,
                json!({"kind": "nps", "score": 2, "comment": "Fine", "at": known}),
            ),
            (
                Kind::Survey,
                "csat",
                known,
                json!({"kind": "csat", "score": 5, "comment": "Fine", "at": known}),
            ),
        ]);
        history.tone_labels = vec![ToneLabel {
            kind: Kind::Ticket,
            external_id: id("bad"),
            tone: Tone::Neutral,
            author: "csm@acme.example".to_owned(),
            given_at: at("2026-03-05T00:00:00Z"),
            removed_at: None,
            removed_by: None,
        }];
        let found = |now| -> Vec<(Tone, bool)> {
            let mut texts = labelled(&history, at(now));
            newest(&mut texts);
            texts.into_iter().map(|one| (one.tone, one.corrected)).collect()
        };
        assert_eq!(found("2026-03-02T00:00:00Z"), []);
        assert_eq!(
            found("2026-03-04T00:00:00Z"),
            [(Tone::Negative, false), (Tone::Positive, false)]
        );
        // What a person says stands in place of the rating, and is newer.
        assert_eq!(
            found("2026-03-06T00:00:00Z"),
            [(Tone::Positive, false), (Tone::Neutral, true)]
        );
    }
}
