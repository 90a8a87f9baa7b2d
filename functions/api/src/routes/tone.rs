//! The tone of an account's texts beside them, and corrections by people.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use copilot_aws::table::{Condition, Write};
use copilot_aws::tenants::Tenant;
use copilot_aws::{history, tone};
use copilot_domain::facts::Kind as FactKind;
use copilot_domain::history::Snapshot;
use copilot_domain::ids::{ExternalId, Source};
use copilot_domain::time::{Timestamp, day_of};
use copilot_domain::tone::{Tone, ToneLabel};
use copilot_features::tone::ticket_text;
use copilot_pipeline::tone::Readers;
use copilot_text::Reading;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::known_account;
use super::history::problem;
use super::timeline::{ANSWERED, OPENED, entry_id};
use crate::access::Caller;
use crate::dto::account::TimelineEntry;
use crate::dto::tone::{NewToneLabel, ToneKind, ToneSaid, ToneView};
use crate::problem::{Answer, Kind, Problem};
use crate::{App, Shared, audit, body};

/// The routes of this module.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(label_account_tone))
}

/// The refusal where tone is not read.
pub(super) fn switched_off() -> Problem {
    let text = "the tone of texts is not read: switch it on in the settings (`text_tone`)";
    Problem::new(Kind::CONFLICT, text)
}

/// What the customer wrote, by the entry that shows it, and who reads it.
pub(super) struct Texts {
    written: BTreeMap<String, (FactKind, ExternalId, String)>,
    labels: Vec<ToneLabel>,
    readers: Readers,
    as_of: Timestamp,
    competitors: Vec<String>,
}

impl Texts {
    /// The texts of a snapshot.
    pub(super) fn of(snapshot: Snapshot, readers: Readers, tenant: &Tenant) -> Self {
        let tickets = snapshot.tickets.into_iter().map(|ticket| {
            let (id, text) = (ticket.external_id, ticket_text(&ticket.row));
            (entry_id(&id, OPENED), (FactKind::Ticket, id, text))
        });
        let surveys = snapshot.surveys.into_iter().filter_map(|survey| {
            let (id, text) = (survey.external_id, survey.row.comment?);
            Some((entry_id(&id, ANSWERED), (FactKind::Survey, id, text)))
        });
        Self {
            written: tickets.chain(surveys).collect(),
            labels: snapshot.tone_labels,
            readers,
            as_of: snapshot.as_of,
            competitors: tenant
                .competitors
                .iter()
                .map(|name| name.to_lowercase())
                .collect(),
        }
    }

    fn label(&self, kind: FactKind, id: &ExternalId) -> Option<&ToneLabel> {
        self.labels.iter().find(|label| label.is_of(kind, id))
    }

    /// Whether an entry shows a text of negative tone.
    pub(super) fn is_negative(&self, entry: &TimelineEntry) -> bool {
        let Some((kind, id, text)) = self.written.get(&entry.id) else {
            return false;
        };
        let read = || Some(self.readers.at(self.as_of).tone(text)?.0);
        let tone = self.label(*kind, id).map(|label| label.tone).or_else(read);
        tone == Some(Tone::Negative)
    }

    /// The tone of the text that an entry shows.
    pub(super) fn view(&self, entry: &TimelineEntry) -> Option<ToneView> {
        self.of_entry(&entry.id)
    }

    fn of_entry(&self, entry: &str) -> Option<ToneView> {
        let (kind, id, text) = self.written.get(entry)?;
        let read = self.readers.at(self.as_of).read(text, &self.competitors)?;
        Some(view(id, read, self.label(*kind, id), self.readers.lost.clone()))
    }
}

fn view(id: &ExternalId, read: Reading, label: Option<&ToneLabel>, lost: Option<String>) -> ToneView {
    ToneView {
        external_id: id.id.clone(),
        tone: label.map_or(read.tone, |label| label.tone),
        read: read.tone,
        sentiment: (read.sentiment * 1_000.0).round() / 1_000.0,
        category: read.category.as_str().to_owned(),
        evidence: read.evidence,
        method: read.method.as_str().to_owned(),
        version: read.version,
        label: label.map(|label| ToneSaid {
            author: label.author.clone(),
            at: label.given_at,
        }),
        missing_model: lost,
    }
}

/// Say what the tone of a ticket or a survey answer is
///
/// It counts from now on in place of what is read: in rules at the next scoring, which follows at once, and as a label that
/// the tenant's own model learns from. The newest stands; `null` takes it back.
#[utoipa::path(put, path = "/v1/accounts/{id}/tone", tag = "accounts", security(("bearer" = ["write"])),
    params(("id" = String, Path, description = "Account id, `acc_…`")),
    request_body = NewToneLabel,
    responses((status = 200, description = "The tone as it stands now", body = ToneView)))]
async fn label_account_tone(
    State(app): Shared,
    caller: Caller,
    Path(id): Path<String>,
    body::Json(input): body::Json<NewToneLabel>,
) -> Answer<Json<ToneView>> {
    let account = known_account(&app, &caller, &id).await?;
    let (table, tenant) = (&app.ctx.table, app.ctx.tenant(&caller.tenant).await?);
    if !tenant.text_tone {
        return Err(switched_off());
    }
    let clock = app.ctx.clock.now();
    let (now, zone) = (tenant.now(clock), tenant.time_zone());
    let (kind, step) = match input.kind {
        ToneKind::Ticket => (FactKind::Ticket, OPENED),
        ToneKind::Survey => (FactKind::Survey, ANSWERED),
    };
    let unknown = || Problem::not_found("ticket or survey answer");
    let record = Source::new(&input.source)
        .ok()
        .and_then(|source| ExternalId::new(source, &input.external_id).ok());
    let record = record.ok_or_else(unknown)?;
    let entry = entry_id(&record, step);
    let mut loaded = history::load(table, &caller.tenant, account, &tenant.zone, day_of(now, &zone))
        .await?
        .history;
    let readers = app.ctx.scorer.readers(&caller.tenant).await?;
    let before = Texts::of(loaded.snapshot(now), readers.clone(), &tenant);
    before.of_entry(&entry).ok_or_else(unknown)?;
    let stands = before.label(kind, &record);
    let label = match (input.tone, stands) {
        (Some(tone), _) => ToneLabel {
            kind,
            external_id: record,
            tone,
            author: caller.author().to_owned(),
            given_at: now,
            removed_at: None,
            removed_by: None,
        },
        (None, Some(stands)) => ToneLabel {
            removed_at: Some(now),
            removed_by: Some(caller.author().to_owned()),
            ..stands.clone()
        },
        (None, None) => return Err(Problem::not_found("correction of this tone")),
    };
    let note = audit::item(&app, &caller, "account.tone", &id, &stands, &label);
    let writes = vec![
        Write::Put(tone::label_item(&caller.tenant, account, &label), Condition::None),
        Write::Put(note, Condition::None),
    ];
    table.transact(writes).await?;
    let is_other =
        |one: &ToneLabel| !one.is_of(label.kind, &label.external_id) || one.given_at != label.given_at;
    loaded.tone_labels.retain(is_other);
    loaded.tone_labels.push(label);
    let scored = app.ctx.scorer.score(&caller.tenant, account, clock).await;
    scored.map_err(problem)?;
    let after = Texts::of(loaded.snapshot(now), readers, &tenant);
    Ok(Json(after.of_entry(&entry).ok_or_else(unknown)?))
}
