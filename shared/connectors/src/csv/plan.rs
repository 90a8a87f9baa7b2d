//! A mapping of columns to fields, checked once; then every record becomes a row by it.

use std::collections::BTreeMap;

use copilot_domain::facts::Kind;
use copilot_domain::{Currency, Source};
use serde_json::{Map, Value};

use super::convert::{Numbers, custom, minor, typed};
use super::mapping::decimal_alias;
use super::{CsvError, CsvState};
use crate::canonical::{
    Fact, FieldSpec, FieldType, MAX_CUSTOM_NAME, RowContext, RowError, RowKind, links, parse_event, parse_row,
};

/// Where a column's cells go.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// A field of the table.
    Field(&'static FieldSpec),
    /// A decimal amount, for the field in minor units.
    Amount(&'static FieldSpec),
    /// `custom.<name>`.
    Custom(String),
    /// `identities.<source>`.
    Identity(String),
}

/// How the records of a file become rows.
#[derive(Debug, Clone)]
pub struct Plan {
    kind: RowKind,
    numbers: Numbers,
    /// Column (by place), its name, where it goes.
    columns: Vec<(usize, String, Target)>,
    /// The column of the currency, by place.
    currency: Option<usize>,
}

impl Plan {
    /// Checks a mapping (column name to field, `None` leaves the column out) against a file and a kind of row.
    ///
    /// # Errors
    /// [`CsvError::Mapping`]: an unknown column or field, a field mapped twice, a required field not mapped.
    pub fn new(
        kind: RowKind,
        state: &CsvState,
        mapping: &BTreeMap<String, Option<String>>,
    ) -> Result<Self, CsvError> {
        let mut columns: Vec<(usize, String, Target)> = Vec::new();
        for (column, field) in mapping {
            let Some(place) = state.header.iter().position(|name| name == column) else {
                return Err(refuse(
                    "unknown_column",
                    format!("the file has no column {}", show(column)),
                ));
            };
            let Some(field) = field.as_deref().filter(|field| !field.is_empty()) else {
                continue;
            };
            let target = target(kind, field)?;
            if let Some((_, other, _)) = columns.iter().find(|(_, _, taken)| same(taken, &target)) {
                let detail = format!(
                    "{} and {} are both mapped to `{field}`",
                    show(other),
                    show(column)
                );
                return Err(refuse("duplicate_mapping", detail));
            }
            columns.push((place, column.clone(), target));
        }
        for spec in kind.fields().iter().filter(|spec| spec.required) {
            if !columns
                .iter()
                .any(|(_, _, target)| matches!(target, Target::Field(s) | Target::Amount(s) if *s == spec))
            {
                let detail = format!(
                    "no column is mapped to `{}` ({}); every row needs it",
                    spec.name, spec.help
                );
                return Err(refuse("required_field_unmapped", detail));
            }
        }
        let currency = columns
            .iter()
            .find(|(_, _, target)| matches!(target, Target::Field(spec) if spec.ty == FieldType::Currency))
            .map(|(place, _, _)| *place);
        let numbers = Numbers {
            comma_may_be_decimal: state.dialect.delimiter == b';',
        };
        Ok(Self {
            kind,
            numbers,
            columns,
            currency,
        })
    }

    /// The row that a record stands for. An empty cell says nothing: the field keeps its value.
    ///
    /// # Errors
    /// [`RowError`] when a cell does not read.
    pub fn row(&self, cells: &[String]) -> Result<Value, RowError> {
        let cell = |place: usize| {
            cells
                .get(place)
                .map(|cell| cell.trim())
                .filter(|cell| !cell.is_empty())
        };
        let mut row = Map::new();
        for (place, column, target) in &self.columns {
            let Some(text) = cell(*place) else { continue };
            match target {
                Target::Field(spec) => {
                    let value =
                        typed(spec.ty, spec.name, text, self.numbers).map_err(|e| in_column(e, column))?;
                    row.insert(spec.name.to_owned(), value);
                }
                Target::Amount(spec) => {
                    // A currency that does not read is refused by its own field below.
                    let currency = self
                        .currency
                        .and_then(cell)
                        .and_then(|code| Currency::new(code).ok());
                    let name = decimal_alias(spec).unwrap_or(spec.name);
                    let value = minor(name, text, currency.unwrap_or(Currency::USD), self.numbers);
                    row.insert(spec.name.to_owned(), value.map_err(|e| in_column(e, column))?);
                }
                Target::Custom(name) => insert(&mut row, self.custom_field(), name, custom(text)),
                Target::Identity(source) => insert(&mut row, "identities", source, text.into()),
            }
        }
        Ok(Value::Object(row))
    }

    /// The facts that a record tells: what the API would make of the same row.
    ///
    /// # Errors
    /// [`RowError`], naming the field, its column, the limit and the mend.
    pub fn facts(&self, cells: &[String], ctx: &RowContext) -> Result<Vec<Fact>, RowError> {
        let row = self.row(cells)?;
        let named = |error: RowError| match self.column_of(&error) {
            Some(column) => in_column(error, column),
            None => error,
        };
        match self.kind {
            RowKind::Event => Ok(vec![Fact::Usage(parse_event(&row, ctx).map_err(named)?)]),
            RowKind::Record(kind) => {
                let record = parse_row(kind, &row, ctx).map_err(named)?;
                let claimed = links(&record);
                let mut facts = vec![Fact::Record(record)];
                facts.extend(claimed.into_iter().map(Fact::Link));
                Ok(facts)
            }
        }
    }

    fn custom_field(&self) -> &'static str {
        if self.kind == RowKind::Event {
            "properties"
        } else {
            "custom"
        }
    }

    fn column_of(&self, error: &RowError) -> Option<&str> {
        let field = error.field.as_deref()?;
        self.columns
            .iter()
            .find(|(_, _, target)| match target {
                Target::Field(spec) | Target::Amount(spec) => spec.name == field,
                Target::Custom(name) => field.strip_prefix(self.custom_field()) == Some(&format!(".{name}")),
                Target::Identity(source) => field.strip_prefix("identities.") == Some(source),
            })
            .map(|(_, column, _)| column.as_str())
    }
}

fn insert(row: &mut Map<String, Value>, object: &str, key: &str, value: Value) {
    let object = row.entry(object).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(map) = object {
        map.insert(key.to_owned(), value);
    }
}

fn in_column(mut error: RowError, column: &str) -> RowError {
    if error.field.as_deref() != Some(column) {
        error.detail = format!("{} (column {})", error.detail, show(column));
    }
    error
}

fn target(kind: RowKind, field: &str) -> Result<Target, CsvError> {
    for spec in kind.fields() {
        if matches!(spec.ty, FieldType::Identities | FieldType::Custom) {
            continue;
        }
        if spec.name == field {
            return Ok(Target::Field(spec));
        }
        if decimal_alias(spec) == Some(field) {
            return Ok(Target::Amount(spec));
        }
    }
    let takes_custom = kind == RowKind::Event || kind == RowKind::Record(Kind::Account);
    if let Some(name) = field
        .strip_prefix("custom.")
        .filter(|name| takes_custom && !name.is_empty())
    {
        if name.chars().count() > MAX_CUSTOM_NAME {
            let detail = format!("a custom field's name may have at most {MAX_CUSTOM_NAME} characters");
            return Err(refuse("unknown_field", detail));
        }
        return Ok(Target::Custom(name.to_owned()));
    }
    if let Some(source) = field
        .strip_prefix("identities.")
        .filter(|_| kind == RowKind::Record(Kind::Account))
    {
        return match Source::new(source) {
            Ok(source) => Ok(Target::Identity(source.as_str().to_owned())),
            Err(error) => Err(refuse("unknown_field", format!("`{field}`: {error}"))),
        };
    }
    let known = super::fields(kind)
        .into_iter()
        .map(|f| f.name)
        .collect::<Vec<_>>()
        .join(", ");
    Err(refuse(
        "unknown_field",
        format!(
            "{} is no field of {}; known are {known}",
            show(field),
            kind.plural()
        ),
    ))
}

fn same(one: &Target, other: &Target) -> bool {
    match (one, other) {
        (Target::Field(a) | Target::Amount(a), Target::Field(b) | Target::Amount(b)) => a == b,
        (a, b) => a == b,
    }
}

fn refuse(code: &'static str, detail: String) -> CsvError {
    CsvError::Mapping { code, detail }
}

fn show(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    Value::from(short).to_string()
}
