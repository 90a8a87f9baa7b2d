//! Accounts by chance; the same for the same number.

use anyhow::Result;
use copilot_domain::facts::{Kind, UsageEvent};
use copilot_domain::history::{AccountHistory, FactRecord};
use copilot_domain::revision::{Record, Revision};
use copilot_domain::time::{Timestamp, epoch_day, from_epoch_day};
use copilot_domain::usage::UsageNode;
use copilot_domain::{AccountId, ExternalId, Source};
use jiff::civil::Date;
use serde_json::{Value, json};

/// Days of records.
const DAYS: i32 = 730;
/// Days of use: 18 months.
const USED_DAYS: i32 = 548;
/// Kinds of event.
const NAMES: u64 = 20;
/// Users of an account.
const USERS: u64 = 14;

/// The name of a kind of event.
pub(crate) fn event_name(number: u64) -> String {
    format!("feature_{number:02}_opened")
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % limit.max(1)
    }

    fn day(&mut self, from: i32, to: i32) -> i32 {
        from + self.below((to - from).max(1) as u64) as i32
    }
}

/// An account whose last day of facts is `last`.
pub(crate) fn made_up(number: u32, last: Date) -> Result<AccountHistory> {
    let name = format!("account-{number}");
    let mut account = Account {
        history: AccountHistory::empty(AccountId::derived(&["bench", &name]), "Europe/Berlin"),
        chance: Chance(u64::from(number) << 32),
        last: epoch_day(last),
    };
    account.contract()?;
    account.people()?;
    account.support()?;
    account.contact()?;
    if number % 5 < 2 {
        account.usage()?;
    }
    Ok(account.history)
}

struct Account {
    history: AccountHistory,
    chance: Chance,
    last: i32,
}

fn instant(day: i32, hour: u64) -> Result<Timestamp> {
    let seconds = i64::from(day) * 86_400 + hour as i64 * 3_600;
    Ok(Timestamp::from_second(seconds)?)
}

impl Account {
    fn any_day(&mut self) -> i32 {
        self.chance.day(self.last - DAYS, self.last)
    }

    fn at(&mut self, day: i32) -> Result<Value> {
        let hour = 7 + self.chance.below(11);
        Ok(json!(instant(day, hour)?.to_string()))
    }

    /// A record by what was told of it, each on its day.
    fn told(&mut self, kind: Kind, id: &str, told: &[(i32, Value)]) -> Result<()> {
        let mut record = Record::default();
        for (day, patch) in told {
            let known = instant(*day, 18)?;
            let patch = patch.as_object().cloned().unwrap_or_default();
            record.merge(Revision::new(known, known, patch));
        }
        let external_id = ExternalId::new(Source::api(), id)?;
        let facts = self.history.records.entry(kind).or_default();
        facts.push(FactRecord { external_id, record });
        Ok(())
    }

    fn contract(&mut self) -> Result<()> {
        let first = self.last - DAYS;
        let mut states = vec![(
            first,
            json!({
                "name": "Bench Limited", "segment": "mid", "owner": "csm@example.com", "currency": "EUR",
                "contract_start": from_epoch_day(first).to_string(), "features_entitled": 16, "employees": 240,
                "contract_end": from_epoch_day(self.last + 120).to_string(),
            }),
        )];
        for quarter in 1..8 {
            let day = first + quarter * 90;
            let pulse_at = self.at(day)?;
            states.push((day, json!({"pulse": 1 + self.chance.below(5), "pulse_at": pulse_at, "seats": 20 + self.chance.below(9)})));
        }
        self.told(Kind::Account, "account", &states)?;
        for number in 0..2 {
            let start = first + number * 200;
            let started_at = self.at(start)?;
            let mut states = vec![(
                start,
                json!({"status": "active", "mrr_minor": 90_000, "currency": "EUR", "seats": 15, "started_at": started_at,
                    "term_ends_on": from_epoch_day(start + 365).to_string(), "auto_renew": true}),
            )];
            for year in 1..3 {
                let mrr = 80_000 + self.chance.below(40_000);
                let end = from_epoch_day(start + 365 * (year + 1)).to_string();
                states.push((
                    start + 180 * year,
                    json!({"mrr_minor": mrr, "seats": 15 + year, "term_ends_on": end}),
                ));
            }
            self.told(Kind::Subscription, &format!("subscription-{number}"), &states)?;
        }
        for month in 0..24 {
            let day = first + month * 30;
            let paid = day + 10 + self.chance.day(0, 40);
            let (issued_at, due_at, paid_at) = (self.at(day)?, self.at(day + 30)?, self.at(paid)?);
            let bill = json!({"amount_minor": 180_000, "currency": "EUR", "issued_at": issued_at, "due_at": due_at, "line_count": 3});
            let mut states = vec![(day, bill), (paid, json!({"paid_at": paid_at}))];
            if self.chance.below(8) == 0 {
                let failed_at = self.at(day + 30)?;
                states.push((day + 30, json!({"failed_at": failed_at})));
            }
            self.told(Kind::Invoice, &format!("invoice-{month}"), &states)?;
        }
        Ok(())
    }

    fn people(&mut self) -> Result<()> {
        for number in 0..10_usize {
            let joined = self.any_day();
            let role = ["champion", "sponsor", "admin", "user", "user"][number % 5];
            let joined_at = self.at(joined)?;
            let person = json!({"name": "A Person", "email": "person@example.com", "title": "Head of Operations",
                "team": format!("team {}", number % 4), "role": role, "joined_at": joined_at});
            let mut states = vec![(joined, person)];
            let mut day = joined + 20;
            while day < self.last {
                let seen = self.at(day)?;
                states.push((day, json!({"last_active_at": seen})));
                day += 45;
            }
            if number % 4 == 3 {
                let left = self.chance.day(joined, self.last);
                let left_at = self.at(left)?;
                states.push((left, json!({"left_at": left_at})));
            }
            self.told(Kind::Contact, &format!("contact-{number}"), &states)?;
        }
        Ok(())
    }

    fn support(&mut self) -> Result<()> {
        for number in 0..40_usize {
            let day = self.any_day();
            let solved = day + 1 + self.chance.day(0, 20);
            let (opened_at, answered_at, solved_at) = (self.at(day)?, self.at(day + 1)?, self.at(solved)?);
            let (sla_due_at, rated_at) = (self.at(day + 2)?, self.at(solved + 1)?);
            let priority = ["low", "normal", "normal", "high", "urgent"][number % 5];
            let ticket = json!({"title": "The export does not finish", "priority": priority, "opened_at": opened_at,
                "sla_due_at": sla_due_at, "escalated": number % 9 == 0,
                "text": "Since the update the export of the monthly report stops at one half and then says nothing more."});
            let states = [
                (day, ticket),
                (day + 1, json!({"answered_at": answered_at})),
                (solved, json!({"solved_at": solved_at})),
                (
                    solved + 1,
                    json!({"csat": 1 + self.chance.below(5), "rated_at": rated_at}),
                ),
            ];
            self.told(Kind::Ticket, &format!("ticket-{number}"), &states)?;
        }
        Ok(())
    }

    fn contact(&mut self) -> Result<()> {
        for number in 0..80_usize {
            let day = self.any_day();
            let at = self.at(day)?;
            let kind = ["email", "email", "call", "meeting", "note"][number % 5];
            let direction = ["outbound", "inbound", "both"][number % 3];
            let activity = json!({"kind": kind, "direction": direction, "at": at, "held": number % 11 != 0,
                "subject": "Quarterly review", "text": "What we agreed on for the next quarter, and who does it."});
            self.told(Kind::Activity, &format!("activity-{number}"), &[(day, activity)])?;
        }
        for number in 0..6 {
            let day = self.any_day();
            let at = self.at(day)?;
            let answer = json!({"kind": "nps", "score": self.chance.below(11), "at": at});
            self.told(Kind::Survey, &format!("survey-{number}"), &[(day, answer)])?;
        }
        let day = self.last - 365;
        let at = self.at(day)?;
        self.told(
            Kind::Outcome,
            "renewal",
            &[(day, json!({"kind": "renewed", "at": at}))],
        )
    }

    /// Ten users or so on a working day, two on others; each uses a few kinds of event, some more than once.
    fn usage(&mut self) -> Result<()> {
        for day in self.last - USED_DAYS + 1..=self.last {
            let working = day % 7 < 5;
            let users = if working {
                8 + self.chance.below(5)
            } else {
                self.chance.below(3)
            };
            let mut node = UsageNode::default();
            for number in 0..users {
                let user = (number * 5 + self.chance.below(3)) % USERS;
                for event in 0..3 + self.chance.below(8) {
                    let event = UsageEvent {
                        id: format!("{day}/{number}/{event}"),
                        name: event_name(self.chance.below(NAMES)),
                        user: Some(format!("user-{user}")),
                        at: instant(day, 9)?,
                    };
                    let late = i32::from(self.chance.below(20) == 0);
                    node.insert(&event, day + late);
                }
            }
            self.history
                .usage
                .entry(from_epoch_day(day))
                .or_default()
                .add(&node);
        }
        Ok(())
    }
}
