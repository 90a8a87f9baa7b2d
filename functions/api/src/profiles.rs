//! The sets of health profiles of a tenant, between the store, the scoring crate and the wire.

use copilot_aws::profiles::{self as store, Version, VersionHead};
use copilot_domain::TenantId;
use copilot_scoring::profile_set::{ProfileSet, SHIPPED, SetChange, SetFault};
use copilot_scoring::profiles::Profiles;
use serde_json::Value;

use crate::dto::profile::{ProfileChange, ProfileSetDoc, ProfileVersion};
use crate::problem::{Answer, FieldProblem, Problem};
use crate::{App, etag};

/// A set as it goes over the wire.
///
/// # Errors
/// When the stored set is of another form.
pub fn document(set: &ProfileSet) -> Answer<ProfileSetDoc> {
    let mut value = serde_json::to_value(set).map_err(|error| Problem::internal(&error))?;
    // A version is of the set, and told beside it.
    for profile in value["profiles"].as_array_mut().into_iter().flatten() {
        if let Some(fields) = profile.as_object_mut() {
            fields.remove("version");
        }
    }
    serde_json::from_value(value).map_err(|error| Problem::internal(&error))
}

/// A set that came over the wire, checked.
///
/// # Errors
/// A 422 that names every field at fault with its limit and mend.
pub fn checked(document: &ProfileSetDoc, shipped: &Profiles) -> Answer<ProfileSet> {
    let value = serde_json::to_value(document).map_err(|error| Problem::internal(&error))?;
    let set: ProfileSet = serde_json::from_value(value).map_err(|error| Problem::internal(&error))?;
    match refusal(set.faults(shipped)) {
        None => Ok(set),
        Some(problem) => Err(problem),
    }
}

/// What is wrong, as an answer.
pub fn refusal(faults: Vec<SetFault>) -> Option<Problem> {
    let mut faults = faults.into_iter();
    let first = faults.next()?;
    let problem = Problem::field(first.field, first.code, first.detail);
    Some(faults.fold(problem, |problem, fault| {
        problem.with(FieldProblem {
            field: fault.field,
            code: fault.code.to_owned(),
            detail: fault.detail,
        })
    }))
}

/// A stored set.
///
/// # Errors
/// When it is of another form.
pub fn stored(set: Value) -> Answer<ProfileSet> {
    serde_json::from_value(set).map_err(|error| Problem::internal(&error))
}

/// The set that scores go by, its version and what is stored of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The set.
    pub set: ProfileSet,
    /// Its version; 1 is what is shipped.
    pub version: u32,
    /// What is stored; `None` of the shipped one.
    pub stored: Option<Version>,
}

/// The set that scores of a tenant go by.
///
/// # Errors
/// The store's own.
pub async fn live(app: &App, tenant: &TenantId) -> Answer<Live> {
    let found = store::live(&app.ctx.table, tenant).await?;
    Ok(Live {
        set: match &found {
            Some(version) => stored(version.set.clone())?,
            None => ProfileSet::of(&app.ctx.scorer.engine().profiles),
        },
        version: found.as_ref().map_or(SHIPPED, |found| found.head.version),
        stored: found,
    })
}

/// A version's tag.
pub fn tag(version: u32) -> String {
    etag::of(i64::from(version))
}

/// A version, as lists show it.
pub fn version_view(head: &VersionHead, live: u32) -> ProfileVersion {
    ProfileVersion {
        version: head.version,
        live: head.version == live,
        note: head.note.clone(),
        published_at: Some(head.published_at),
        published_by: Some(head.published_by.clone()),
        restored_from: head.restored_from,
        changes: u32::try_from(head.changes).unwrap_or(u32::MAX),
        etag: tag(head.version),
    }
}

/// The shipped version, as lists show it.
pub fn shipped_view(live: u32) -> ProfileVersion {
    ProfileVersion {
        version: SHIPPED,
        live: live == SHIPPED,
        note: Some("As shipped".to_owned()),
        published_at: None,
        published_by: None,
        restored_from: None,
        changes: 0,
        etag: tag(SHIPPED),
    }
}

/// Differences, as they go over the wire.
pub fn changes(found: Vec<SetChange>) -> Vec<ProfileChange> {
    found
        .into_iter()
        .map(|change| ProfileChange {
            path: change.path,
            before: change.before,
            after: change.after,
        })
        .collect()
}
