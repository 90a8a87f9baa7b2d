//! The playbooks of a tenant: those that are shipped, each with the tenant's own version laid over it. A version is one
//! item, and holds what the tenant said and nothing else, so that what it left alone follows the shipped one.

use std::collections::{BTreeSet, HashMap};

use copilot_aws::table::Query;
use copilot_aws::{Item, keys};
use copilot_domain::TenantId;
use copilot_domain::playbook::{Playbook, PlaybookStep};
use copilot_scoring::playbooks::shipped;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dto::alert::AlertView;
use crate::dto::playbook::PlaybookView;
use crate::problem::{Answer, Problem};
use crate::{App, etag};

/// A tenant's own version of a playbook; what is `None` is as shipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Its name.
    pub name: Option<String>,
    /// Its steps.
    pub steps: Option<Vec<PlaybookStep>>,
    /// When it is done.
    pub exit: Option<String>,
    /// Subject of its message.
    pub subject: Option<String>,
    /// Whether it is proposed.
    pub enabled: Option<bool>,
    /// When it was changed last.
    pub edited_at: Timestamp,
    /// Who changed it last.
    pub edited_by: String,
}

/// A shipped playbook by its id.
///
/// # Errors
/// A 404 when there is none.
pub fn shipped_one(id: &str) -> Answer<Playbook> {
    let all = shipped().map_err(|error| Problem::internal(&error))?;
    let found = all.into_iter().find(|playbook| playbook.id == id);
    found.ok_or_else(|| Problem::not_found("playbook"))
}

/// A playbook as the tenant has it.
///
/// # Errors
/// When the stored version does not read.
pub fn view(mut playbook: Playbook, item: Option<&Item>) -> Answer<PlaybookView> {
    let edit: Option<Edit> = item.map(Item::document).transpose()?;
    let rev = item.map_or(0, Item::rev);
    let mut edited = Vec::new();
    let mut enabled = true;
    let (edited_at, edited_by) = match edit {
        None => (None, None),
        Some(edit) => {
            lay(&mut edited, "name", edit.name, &mut playbook.name);
            lay(&mut edited, "steps", edit.steps, &mut playbook.steps);
            lay(&mut edited, "exit", edit.exit, &mut playbook.exit);
            let subject = edit.subject.map(Some);
            lay(&mut edited, "subject", subject, &mut playbook.subject);
            lay(&mut edited, "enabled", edit.enabled, &mut enabled);
            (Some(edit.edited_at), Some(edit.edited_by))
        }
    };
    Ok(PlaybookView {
        playbook,
        enabled,
        version: rev,
        edited,
        edited_at,
        edited_by,
        etag: etag::of(rev),
    })
}

/// Lays the tenant's own value over the shipped one, and says so.
fn lay<T>(edited: &mut Vec<String>, name: &str, own: Option<T>, shipped: &mut T) {
    if let Some(own) = own {
        *shipped = own;
        edited.push(name.to_owned());
    }
}

/// Every playbook as the tenant has it.
///
/// # Errors
/// The store's own.
pub async fn library(app: &App, tenant: &TenantId) -> Answer<Vec<PlaybookView>> {
    let own = own(app, tenant).await?;
    let all = shipped().map_err(|error| Problem::internal(&error))?;
    all.into_iter()
        .map(|playbook| {
            let item = own.get(&playbook.id);
            view(playbook, item)
        })
        .collect()
}

/// The tenant's own versions, by the id of the playbook.
async fn own(app: &App, tenant: &TenantId) -> Answer<HashMap<String, Item>> {
    let read = Query {
        pk: keys::tenant(tenant).pk,
        prefix: Some(keys::PLAYBOOK_FIRST.to_owned()),
        ..Query::default()
    };
    let items = app.ctx.table.all(read).await?;
    let id = |item: &Item| item.str("sk").trim_start_matches(keys::PLAYBOOK_FIRST).to_owned();
    Ok(items.into_iter().map(|item| (id(&item), item)).collect())
}

/// The playbooks that the tenant switched off: they are proposed nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Off(BTreeSet<String>);

impl Off {
    /// Those of a tenant.
    ///
    /// # Errors
    /// The store's own.
    pub async fn of(app: &App, tenant: &TenantId) -> Answer<Self> {
        let mut off = BTreeSet::new();
        for (id, item) in own(app, tenant).await? {
            if item.document::<Edit>()?.enabled == Some(false) {
                off.insert(id);
            }
        }
        Ok(Self(off))
    }

    /// Takes the id of a playbook away that is switched off; what to do stays.
    pub fn hide(&self, playbook: &mut Option<String>) {
        if playbook.as_ref().is_some_and(|id| self.0.contains(id)) {
            *playbook = None;
        }
    }

    /// The same of what an alert proposes.
    pub fn hide_in(&self, alert: &mut AlertView) {
        for action in &mut alert.alert.suggested_actions {
            self.hide(&mut action.playbook);
        }
    }
}
