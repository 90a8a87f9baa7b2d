//! One delivery of the raw log to its facts: the same for the first time and for every replay.

use std::collections::HashMap;

use copilot_domain::ExternalId;
use copilot_domain::delivery::{Format, RawDelivery};
use copilot_domain::facts::Kind;
use jiff::SignedDuration;

use crate::canonical::{
    BodyError, Fact, RawRow, RowContext, RowError, RowKind, links, parse_batch, parse_event, parse_row,
};
use crate::stripe;

/// What a delivery told, row by row. Rows are counted from 0 over the whole delivery.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParsedDelivery {
    /// The facts, with the row that told each.
    pub facts: Vec<(usize, Fact)>,
    /// The rows that were refused.
    pub errors: Vec<(usize, RowError)>,
    /// What was left out on purpose, and why.
    pub ignored: Vec<String>,
}

impl ParsedDelivery {
    /// A delivery refused as a whole.
    fn refused(error: &BodyError) -> Self {
        let error = RowError::row(error.code(), error.to_string());
        Self {
            errors: vec![(0, error)],
            ..Self::default()
        }
    }
}

/// Reads a delivery. `sandbox` is whether the tenant has a pinned clock.
pub fn parse_delivery(delivery: &RawDelivery, sandbox: bool) -> ParsedDelivery {
    let ctx = RowContext {
        source: delivery.source.clone(),
        received_at: delivery.received_at,
        version_at: delivery.version_at,
        sandbox,
    };
    match delivery.format {
        Format::Canonical => canonical(&delivery.body, &ctx),
        Format::Stripe => stripe::parse(&delivery.body, &ctx),
        Format::CsvImport => ParsedDelivery {
            ignored: vec!["an import order: its rows stand in the uploaded file".to_owned()],
            ..ParsedDelivery::default()
        },
    }
}

fn canonical(body: &str, ctx: &RowContext) -> ParsedDelivery {
    let sections = match parse_batch(body) {
        Ok(sections) => sections,
        Err(error) => return ParsedDelivery::refused(&error),
    };
    let mut parsed = ParsedDelivery::default();
    let mut places = Places::default();
    let mut row = 0;
    for section in sections {
        let kind = match section.kind {
            Ok(kind) => kind,
            Err(error) => {
                parsed.errors.push((row, error));
                continue;
            }
        };
        for (at, raw) in section.rows.iter().enumerate() {
            match facts_of(kind, raw, ctx) {
                Ok(mut facts) => {
                    places.put(&mut facts, ctx);
                    parsed.facts.extend(facts.into_iter().map(|fact| (row, fact)));
                }
                Err(mut error) => {
                    // The row's place as its sender counts: within its own list.
                    error.detail = format!("{}[{at}]: {}", kind.plural(), error.detail);
                    parsed.errors.push((row, error));
                }
            }
            row += 1;
        }
    }
    parsed
}

/// The order of the rows of one delivery that tell of one record and carry no `updated_at`: the later row is the later
/// state. Without it, both would be of one version, and the hash of what they say would choose between them.
#[derive(Debug, Default)]
pub struct Places(HashMap<(Kind, ExternalId, ExternalId), (i64, String)>);

impl Places {
    /// Gives the facts of the next row their place. The first row of a record keeps the version of the delivery, and so
    /// does one that says the same again.
    pub fn put(&mut self, facts: &mut [Fact], ctx: &RowContext) {
        let Some((Fact::Record(record), links)) = facts.split_first_mut() else {
            return;
        };
        if record.revision.version != ctx.version_at {
            return;
        }
        let key = (record.kind, record.account.clone(), record.external_id.clone());
        let hash = &record.revision.hash;
        let place = match self.0.get(&key) {
            None => 0,
            Some((place, said)) if said == hash => *place,
            Some((place, _)) => place + 1,
        };
        self.0.insert(key, (place, hash.clone()));
        let version = ctx.version_at.checked_add(SignedDuration::from_micros(place));
        let version = version.unwrap_or(ctx.version_at);
        record.revision.version = version;
        for link in links {
            if let Fact::Link(link) = link {
                link.version = version;
            }
        }
    }
}

/// The facts of one row: the record or event, and the links that an account row claims.
///
/// # Errors
/// [`RowError`], naming the field, the limit and the mend.
pub fn facts_of(kind: RowKind, raw: &RawRow, ctx: &RowContext) -> Result<Vec<Fact>, RowError> {
    let value = raw.read()?;
    Ok(match kind {
        RowKind::Event => vec![Fact::Usage(parse_event(&value, ctx)?)],
        RowKind::Record(kind) => {
            let record = parse_row(kind, &value, ctx)?;
            let claimed = links(&record);
            let mut facts = vec![Fact::Record(record)];
            facts.extend(claimed.into_iter().map(Fact::Link));
            facts
        }
    })
}
