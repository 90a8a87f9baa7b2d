//! The people: champion, sponsor, admins, how many are active, who came and who left.

use std::collections::BTreeSet;

use copilot_domain::facts::{ContactRole, ContactRow};
use copilot_domain::history::{Known, Snapshot};
use copilot_domain::time::Timestamp;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::days_ago;
use crate::vector::FeatureVector;

/// Words of a title that belong to someone who decides.
const SENIOR: [&str; 9] = [
    "director",
    "vp",
    "vice",
    "chief",
    "head",
    "president",
    "ceo",
    "cto",
    "cfo",
];

fn is_senior(title: &str) -> bool {
    title
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| SENIOR.contains(&word))
}

struct People<'a> {
    snapshot: &'a Snapshot,
}

impl<'a> People<'a> {
    fn with_role(&self, role: ContactRole) -> impl Iterator<Item = &'a Known<ContactRow>> {
        self.snapshot
            .contacts
            .iter()
            .filter(move |c| c.row.role == Some(role))
    }

    fn here(&self, role: ContactRole) -> impl Iterator<Item = &'a Known<ContactRow>> {
        self.with_role(role).filter(|c| c.row.left_at.is_none())
    }

    fn age(&self, at: Timestamp) -> f64 {
        f64::from(days_ago(self.snapshot, at))
    }

    /// Days since the most recently active person of a role was active.
    fn idle(&self, role: ContactRole) -> Option<f64> {
        self.here(role)
            .filter_map(|c| c.row.last_active_at)
            .max()
            .map(|at| self.age(at))
    }

    /// The latest to leave of a role: days ago, and who.
    fn left(&self, role: ContactRole) -> Option<(f64, String)> {
        let gone = self
            .with_role(role)
            .filter_map(|c| c.row.left_at.map(|at| (at, c)));
        let (at, who) = gone.max_by(|a, b| (a.0, &a.1.external_id).cmp(&(b.0, &b.1.external_id)))?;
        Some((self.age(at), subject("contact", &who.external_id)))
    }
}

/// The subject of a rule that is about one record: `ticket:zendesk:123`.
pub(crate) fn subject(kind: &str, id: &copilot_domain::ExternalId) -> String {
    format!("{kind}:{}:{}", id.source, id.id)
}

pub(crate) fn compute(snapshot: &Snapshot, config: &FeatureConfig, vector: &mut FeatureVector) {
    if snapshot.contacts.is_empty() && !config.is_connected(FeatureGroup::Contacts) {
        return;
    }
    let people = People { snapshot };
    for contact in &snapshot.contacts {
        for at in [
            contact.row.joined_at,
            contact.row.last_active_at,
            contact.row.left_at,
        ] {
            vector.saw(FeatureGroup::Contacts, at);
        }
    }
    let here = || snapshot.contacts.iter().filter(|c| c.row.left_at.is_none());
    vector.set("contacts_known", here().count() as f64);
    if snapshot.contacts.iter().any(|c| c.row.last_active_at.is_some()) {
        let active = here()
            .filter(|c| c.row.last_active_at.is_some_and(|at| people.age(at) < 90.0))
            .count();
        vector.set("active_contacts_90d", active as f64);
    }
    champion_features(&people, vector);
    if let Some((days, who)) = people.left(ContactRole::Admin) {
        vector.set("days_since_admin_left", days);
        vector.set_label("admin", Some(who));
    }
    let joined = |days: f64| {
        let recent = move |at: Timestamp| people_age(snapshot, at) < days;
        here().filter(move |c| c.row.joined_at.is_some_and(recent))
    };
    let old_teams: BTreeSet<&str> = snapshot
        .contacts
        .iter()
        .filter(|c| c.row.joined_at.is_none_or(|at| people_age(snapshot, at) >= 60.0))
        .filter_map(|c| c.row.team.as_deref())
        .collect();
    let new_teams: BTreeSet<&str> = joined(60.0)
        .filter_map(|c| c.row.team.as_deref())
        .filter(|team| !old_teams.contains(team))
        .collect();
    vector.set(
        "new_teams_60d",
        (!old_teams.is_empty()).then_some(new_teams.len() as f64),
    );
    let senior: Vec<_> = joined(14.0)
        .filter(|c| {
            c.row.title.as_deref().is_some_and(is_senior) || c.row.role == Some(ContactRole::EconomicBuyer)
        })
        .collect();
    vector.set("senior_joined_14d", senior.len() as f64);
    vector.set_label(
        "senior",
        senior.iter().map(|c| subject("contact", &c.external_id)).min(),
    );
}

fn people_age(snapshot: &Snapshot, at: Timestamp) -> f64 {
    f64::from(days_ago(snapshot, at))
}

fn champion_features(people: &People<'_>, vector: &mut FeatureVector) {
    let champions = people.here(ContactRole::Champion).count();
    let sponsors = people.here(ContactRole::Sponsor).count();
    let known = people.with_role(ContactRole::Champion).next().is_some();
    vector.set("champions_present", known.then_some(champions as f64));
    let (champion, sponsor) = (
        people.idle(ContactRole::Champion),
        people.idle(ContactRole::Sponsor),
    );
    vector.set("champion_idle_days", champion);
    if let Some((days, who)) = people.left(ContactRole::Champion) {
        vector.set("days_since_champion_left", days);
        vector.set_label("champion", Some(who));
    }
    let told = known || people.with_role(ContactRole::Sponsor).next().is_some();
    // Someone is there, but nobody tells when they were active: not known, rather than inactive.
    let silent = (champions > 0 && champion.is_none()) || (sponsors > 0 && sponsor.is_none());
    let active = [champion, sponsor]
        .into_iter()
        .flatten()
        .filter(|idle| *idle < 90.0)
        .count();
    vector.set(
        "champion_sponsor_active",
        (told && !silent).then_some(active as f64),
    );
}
