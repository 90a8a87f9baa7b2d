//! The people: champion, sponsor, admins, how many are active, who came and who left.

use std::collections::BTreeSet;

use copilot_domain::facts::{ContactRole, ContactRow};
use copilot_domain::history::{Known, Snapshot};
use copilot_domain::time::Timestamp;

use crate::config::{FeatureConfig, FeatureGroup};
use crate::stats::median_of;
use crate::vector::FeatureVector;
use crate::{days_ago, ratio};

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
    coming_and_going(&people, vector);
    standing(&people, vector);
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

/// Who joined and who left.
fn coming_and_going(people: &People<'_>, vector: &mut FeatureVector) {
    let contacts = &people.snapshot.contacts;
    let recent = |at: Option<Timestamp>| at.is_some_and(|at| people.age(at) < 90.0);
    let known = contacts.iter().any(|c| c.row.joined_at.is_some());
    let joined = contacts.iter().filter(|c| recent(c.row.joined_at)).count() as f64;
    let left = contacts.iter().filter(|c| recent(c.row.left_at)).count() as f64;
    let here = contacts.iter().filter(|c| c.row.left_at.is_none());
    vector.set("contacts_joined_90d", known.then_some(joined));
    vector.set("contacts_left_90d", left);
    vector.set("contacts_net_90d", known.then_some(joined - left));
    vector.set(
        "contacts_left_share_90d",
        ratio(left, left + here.clone().count() as f64),
    );
    let tenures = here.filter_map(|c| c.row.joined_at).map(|at| people.age(at));
    vector.set("contact_tenure_days", median_of(tenures));
}

/// Who is there, and how recently anyone was active.
fn standing(people: &People<'_>, vector: &mut FeatureVector) {
    let contacts = &people.snapshot.contacts;
    let here = || contacts.iter().filter(|c| c.row.left_at.is_none());
    let active = || {
        here()
            .filter_map(|c| c.row.last_active_at)
            .map(|at| people.age(at))
    };
    let told = contacts.iter().any(|c| c.row.last_active_at.is_some());
    let month = active().filter(|age| *age < 30.0).count() as f64;
    vector.set("active_contacts_30d", told.then_some(month));
    let quarter = active().filter(|age| *age < 90.0).count() as f64;
    vector.set(
        "active_contact_share_90d",
        told.then(|| ratio(quarter, here().count() as f64)).flatten(),
    );
    vector.set("days_since_contact_active", active().reduce(f64::min));
    let roles = contacts.iter().any(|c| c.row.role.is_some());
    for (name, role) in [
        ("sponsors_present", ContactRole::Sponsor),
        ("admins_present", ContactRole::Admin),
        ("detractors_present", ContactRole::Detractor),
    ] {
        vector.set(name, roles.then(|| people.here(role).count() as f64));
    }
    let titles = contacts.iter().any(|c| c.row.title.is_some());
    let senior = here().filter(|c| c.row.title.as_deref().is_some_and(is_senior));
    vector.set("seniors_present", titles.then(|| senior.count() as f64));
    let teams: BTreeSet<&str> = here().filter_map(|c| c.row.team.as_deref()).collect();
    let told = contacts.iter().any(|c| c.row.team.is_some());
    vector.set("teams_known", told.then_some(teams.len() as f64));
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
