//! Every key of the table, built here and nowhere else. `docs/table.md` lists the access patterns.
//!
//! Every partition key of a tenant's data starts with `T#{tenant}#` (or is `T#{tenant}`), so that no key of one
//! tenant can name an item of another: a tenant's slug holds no `#`, and the parts that come from outside
//! (external ids) stand at the end of the key, behind a fixed number of parts.

use copilot_domain::facts::Kind;
use copilot_domain::ids::{AccountId, AlertId, CtaId, ExternalId, ImportId, OpportunityId, Source, TenantId};
use jiff::civil::Date;

pub mod accuracy;
pub mod backtests;
pub mod family;
pub mod models;
pub mod notify;
pub mod profiles;
pub mod webhooks;

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition.
    pub pk: String,
    /// Sort.
    pub sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }
}

/// The tenant itself.
pub fn tenant(t: &TenantId) -> Key {
    Key::new(format!("T#{t}"), "TENANT")
}

/// A settings document of the tenant: `NOTIFY`, `PROFILE#…`, `USER#…`.
pub fn setting(t: &TenantId, name: &str) -> Key {
    Key::new(format!("T#{t}"), name)
}

/// The kept figures of a book of accounts: the tenant's, or an owner's.
pub fn today(t: &TenantId, owner: Option<&str>) -> Key {
    let whose = owner.map_or_else(String::new, |owner| format!("#{}", notify::recipient(owner)));
    Key::new(format!("T#{t}"), format!("TODAY{whose}"))
}

/// What people judged of a rule.
pub fn judged(t: &TenantId, rule: &str) -> Key {
    Key::new(format!("T#{t}"), format!("{JUDGED_FIRST}{rule}"))
}

/// The first sort key of what people judged of rules.
pub const JUDGED_FIRST: &str = "JUDGED#";

/// A call to action.
pub fn cta(t: &TenantId, cta: CtaId) -> Key {
    Key::new(format!("T#{t}"), format!("{CTA_FIRST}{cta}"))
}

/// The first sort key of calls to action.
pub const CTA_FIRST: &str = "CTA#";

/// A tenant's own version of a shipped playbook.
pub fn playbook(t: &TenantId, playbook: &str) -> Key {
    Key::new(format!("T#{t}"), format!("{PLAYBOOK_FIRST}{playbook}"))
}

/// The first sort key of a tenant's own versions of playbooks.
pub const PLAYBOOK_FIRST: &str = "PLAYBOOK#";

/// The partition of all tenants' names, for the nightly sweep.
pub fn tenant_list(t: &TenantId) -> Key {
    Key::new("TENANTS", t.as_str())
}

/// The partition of an account: read model, assessment, rule states, outbox, identities.
pub fn account_partition(t: &TenantId, a: AccountId) -> String {
    format!("T#{t}#A#{a}")
}

/// The account's read model.
pub fn account(t: &TenantId, a: AccountId) -> Key {
    Key::new(account_partition(t, a), "ACCOUNT")
}

/// The account's newest assessment.
pub fn assessment(t: &TenantId, a: AccountId) -> Key {
    Key::new(account_partition(t, a), "ASSESS")
}

/// The state of one rule and subject at an account.
pub fn rule_state(t: &TenantId, a: AccountId, rule: &str, subject: &str) -> Key {
    Key::new(account_partition(t, a), format!("RULE#{rule}#{subject}"))
}

/// An event that was decided and not yet put on the bus.
pub fn outbox(t: &TenantId, a: AccountId, event: &str) -> Key {
    Key::new(account_partition(t, a), format!("OUT#{event}"))
}

/// The marker of a score request that is on its way.
pub fn pending(t: &TenantId, a: AccountId) -> Key {
    Key::new(account_partition(t, a), "PENDING")
}

/// That an identity belongs to the account.
pub fn account_identity(t: &TenantId, a: AccountId, i: &ExternalId) -> Key {
    Key::new(account_partition(t, a), format!("ID#{}#{}", i.source, i.id))
}

/// The partition of an account's history: scores, predictions, notes.
pub fn history_partition(t: &TenantId, a: AccountId) -> String {
    format!("T#{t}#A#{a}#H")
}

/// The score of a day.
pub fn score_day(t: &TenantId, a: AccountId, day: Date) -> Key {
    Key::new(history_partition(t, a), format!("S#{day}"))
}

/// A prediction.
pub fn prediction(t: &TenantId, a: AccountId, kind: &str, day: Date) -> Key {
    Key::new(history_partition(t, a), format!("P#{kind}#{day}"))
}

/// The partition of an identity: its facts.
pub fn identity_partition(t: &TenantId, i: &ExternalId) -> String {
    format!("T#{t}#I#{}#{}", i.source, i.id)
}

/// Which account an identity belongs to.
pub fn link(t: &TenantId, i: &ExternalId) -> Key {
    Key::new(identity_partition(t, i), "LINK")
}

/// The prefix of a kind's sort keys. `USE` sorts behind all of them, which [`crate::history`] relies on.
pub fn kind_prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::Account => "REC",
        Kind::Contact => "CONTACT#",
        Kind::Subscription => "SUB#",
        Kind::Invoice => "INV#",
        Kind::Ticket => "TICKET#",
        Kind::Activity => "ACT#",
        Kind::Survey => "SURVEY#",
        Kind::Outcome => "OUTCOME#",
    }
}

/// A record. `id` carries its own source, which may differ from the identity's.
pub fn record(t: &TenantId, account: &ExternalId, kind: Kind, id: &ExternalId) -> Key {
    let sk = match kind {
        Kind::Account => kind_prefix(kind).to_owned(),
        _ => format!("{}{}#{}", kind_prefix(kind), id.source, id.id),
    };
    Key::new(identity_partition(t, account), sk)
}

/// The first sort key of usage.
pub const USAGE_FIRST: &str = "USE#";

/// A node of a day's usage ledger.
pub fn usage(t: &TenantId, account: &ExternalId, day: Date, path: &str) -> Key {
    Key::new(identity_partition(t, account), format!("USE#{day}#{path}"))
}

/// An alert.
pub fn alert(t: &TenantId, alert: AlertId) -> Key {
    Key::new(format!("T#{t}#AL#{alert}"), "ALERT")
}

/// The partition of the statuses of a tenant's sources.
pub fn source_partition(t: &TenantId) -> String {
    format!("T#{t}#SRC")
}

/// A source's status.
pub fn source_status(t: &TenantId, s: &Source) -> Key {
    Key::new(source_partition(t), s.as_str())
}

/// The partition of a source's deliveries.
pub fn delivery_partition(t: &TenantId, s: &Source) -> String {
    format!("T#{t}#SRC#{s}")
}

/// The first sort key of deliveries that arrived at an instant or later; of all of them without one.
pub fn delivery_first(received_at: Option<&str>) -> String {
    format!("D#{}", received_at.unwrap_or_default())
}

/// The record of a processed delivery.
pub fn delivery(t: &TenantId, s: &Source, received_at: &str, delivery: &str) -> Key {
    let sk = format!("{}#{delivery}", delivery_first(Some(received_at)));
    Key::new(delivery_partition(t, s), sk)
}

/// Facts that wait for an account to claim their identity.
pub fn parked(t: &TenantId, i: &ExternalId) -> Key {
    Key::new(
        parked_partition(t),
        format!("{}{}", parked_first(&i.source), i.id),
    )
}

/// The partition of parked identities.
pub fn parked_partition(t: &TenantId) -> String {
    format!("T#{t}#PARKED")
}

/// The first sort key of a source's parked identities.
pub fn parked_first(s: &Source) -> String {
    format!("{s}#")
}

/// An account's opportunity.
pub fn opportunity(t: &TenantId, a: AccountId) -> Key {
    Key::new(account_partition(t, a), "OPPORTUNITY")
}

/// Which account an opportunity is of, in the attribute `account`.
pub fn opportunity_id(t: &TenantId, id: OpportunityId) -> Key {
    Key::new(format!("T#{t}#OPPID#{id}"), "OPPORTUNITY")
}

/// A rule that the storm guard held on a day.
pub fn storm(t: &TenantId, day: Date, rule: &str) -> Key {
    Key::new(format!("T#{t}"), format!("STORM#{day}#{rule}"))
}

/// How many accounts a rule tripped at on a day (UTC): a shard of the count.
pub fn trips(t: &TenantId, rule: &str, day: Date, shard: u8) -> Key {
    Key::new(format!("T#{t}#TRIP#{rule}#{day}#{shard}"), "N")
}

/// That admins were told of a source's silence.
pub fn silence(t: &TenantId, s: &Source) -> Key {
    Key::new(format!("T#{t}#SILENT"), s.as_str())
}

/// An import.
pub fn import(t: &TenantId, i: ImportId) -> Key {
    Key::new(import_partition(t), i.to_string())
}

/// The partition of a tenant's imports.
pub fn import_partition(t: &TenantId) -> String {
    format!("T#{t}#IMP")
}

/// An API key, by the hash of its text.
pub fn api_key(hash: &str) -> Key {
    Key::new(format!("KEY#{hash}"), "KEY")
}

/// That an API key is a tenant's: how an operator finds it by its prefix.
pub fn api_key_listed(t: &TenantId, prefix: &str) -> Key {
    Key::new(format!("T#{t}#KEYS"), prefix)
}

/// What was answered under an idempotency key.
pub fn idempotency(t: &TenantId, key: &str) -> Key {
    Key::new(format!("T#{t}#IDEM#{key}"), "R")
}

/// A token bucket of the rate limit.
pub fn rate(t: &TenantId, who: &str) -> Key {
    Key::new(format!("T#{t}#RATE#{who}"), "R")
}

/// The partition of a day (UTC) of the audit trail.
pub fn audit_partition(t: &TenantId, day: Date) -> String {
    format!("T#{t}#AUD#{day}")
}

/// An entry of the audit trail.
pub fn audit(t: &TenantId, day: Date, entry: &str) -> Key {
    Key::new(audit_partition(t, day), entry)
}

/// Feedback on an alert: one per user and kind.
pub fn feedback(t: &TenantId, alert: AlertId, user: &str, kind: &str) -> Key {
    Key::new(format!("T#{t}#AL#{alert}"), format!("FB#{kind}#{user}"))
}

/// The partitions of the global secondary indexes; overloaded, see `docs/table.md`.
pub mod index {
    use super::{AccountId, TenantId};

    /// Accounts of a tenant, in gsi1 (name), gsi2 (score), gsi3 (ARR), gsi4 (renewal), gsi5 (priority).
    pub fn accounts(t: &TenantId) -> String {
        format!("T#{t}#ACC")
    }

    /// Accounts of an owner by priority, gsi6.
    pub fn owner(t: &TenantId, owner: &str) -> String {
        format!("T#{t}#OWN#{owner}")
    }

    /// Alerts of a status by priority, gsi1.
    pub fn alerts(t: &TenantId, status: &str) -> String {
        format!("T#{t}#AL#{status}")
    }

    /// Alerts of an assignee that are not closed, by priority, gsi2.
    pub fn assignee(t: &TenantId, who: &str) -> String {
        format!("T#{t}#ALO#{who}")
    }

    /// Alerts of an account by time, gsi3.
    pub fn account_alerts(t: &TenantId, a: AccountId) -> String {
        format!("T#{t}#A#{a}#AL")
    }

    /// Opportunities of a tenant that are not closed, by score, gsi1.
    pub fn opportunities(t: &TenantId) -> String {
        format!("T#{t}#OPP")
    }

    /// Calls to action of a status by due day, gsi1.
    pub fn ctas(t: &TenantId, status: &str) -> String {
        format!("T#{t}#CTA#{status}")
    }

    /// Calls to action of an owner by status and due day, gsi2.
    pub fn cta_owner(t: &TenantId, owner: &str) -> String {
        format!("T#{t}#CTAO#{owner}")
    }

    /// A number as text that sorts like the number: offset and zero-padded.
    pub fn number(value: f64) -> String {
        let milli = (value * 1_000.0).clamp(-9e15, 9e15) as i64;
        format!("{:020}", i128::from(milli) + 10_000_000_000_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use copilot_domain::ids::TenantProof;
    use proptest::prelude::*;

    fn t(slug: &str) -> TenantId {
        TenantId::proven(slug, TenantProof::OwnRecord).unwrap()
    }

    proptest! {
        #[test]
        fn no_external_id_reaches_into_another_tenants_keys(
            a in "[a-z0-9][a-z0-9-]{0,8}", b in "[a-z0-9][a-z0-9-]{0,8}",
            x in "[ -~]{1,30}", y in "[ -~]{1,30}", source in "[a-z]{1,6}", other in "[a-z]{1,6}",
        ) {
            let one = ExternalId::new(Source::new(&source).unwrap(), x).unwrap();
            let two = ExternalId::new(Source::new(&other).unwrap(), y).unwrap();
            if a != b {
                prop_assert_ne!(identity_partition(&t(&a), &one), identity_partition(&t(&b), &two));
            } else if one != two {
                prop_assert_ne!(link(&t(&a), &one), link(&t(&a), &two));
            }
        }

        #[test]
        fn numbers_sort_as_text_like_numbers(a in -1e12_f64..1e12, b in -1e12_f64..1e12) {
            let (x, y) = ((a * 1_000.0) as i64, (b * 1_000.0) as i64);
            prop_assert_eq!(x.cmp(&y), index::number(a).cmp(&index::number(b)));
        }
    }
}
