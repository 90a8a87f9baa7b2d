//! Nothing lost, nothing twice: the same facts in any order, any number of times, by many writers at once, with
//! throttles in between, give the same account.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use copilot_aws::facts::{self, Outcome};
use copilot_aws::testing;
use copilot_aws::{Table, history, links};
use copilot_domain::facts::{Fact, Kind, LinkFact, RecordFact, UsageEvent, UsageFact};
use copilot_domain::history::AccountHistory;
use copilot_domain::ids::{AccountId, ExternalId, Source, TenantId, TenantProof};
use copilot_domain::revision::Revision;
use copilot_domain::time::Timestamp;
use futures::stream::{self, StreamExt};
use jiff::tz::TimeZone;
use serde_json::json;

type TestError = Box<dyn std::error::Error + Send + Sync>;

fn tenant() -> TenantId {
    TenantId::proven("acme", TenantProof::OwnRecord).unwrap()
}

fn id(source: &str, id: &str) -> ExternalId {
    ExternalId::new(Source::new(source).unwrap(), id).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + seconds).unwrap()
}

fn record(kind: Kind, account: &ExternalId, own: &str, version: i64, patch: &serde_json::Value) -> Fact {
    let external_id = match kind {
        Kind::Account => account.clone(),
        _ => id("api", own),
    };
    let revision = Revision::new(at(version), at(version), patch.as_object().unwrap().clone());
    Fact::Record(RecordFact {
        kind,
        external_id,
        account: account.clone(),
        revision,
    })
}

fn usage(account: &ExternalId, event: u32) -> Fact {
    Fact::Usage(UsageFact {
        account: account.clone(),
        event: UsageEvent {
            id: format!("e{event}"),
            name: format!("feature_{}", event % 5),
            user: Some(format!("u{}", event % 17)),
            at: at(i64::from(event % 3) * 86_400),
        },
        known_at: at(86_400 * 4),
    })
}

/// What a small company does in four days.
fn story() -> Vec<Fact> {
    let account = id("api", "4711");
    let stripe = id("stripe", "cus_1");
    let mut facts = vec![
        record(
            Kind::Account,
            &account,
            "",
            10,
            &json!({"name": "Old name", "owner": "csm@demo.example"}),
        ),
        record(Kind::Account, &account, "", 20, &json!({"name": "New name"})),
        record(
            Kind::Account,
            &stripe,
            "",
            15,
            &json!({"name": "Stripe's name", "currency": "EUR"}),
        ),
        Fact::Link(LinkFact {
            identity: stripe.clone(),
            account: account.clone(),
            version: at(15),
        }),
    ];
    for version in 0..6 {
        let status = json!({"title": format!("state {version}"), "opened_at": at(0).to_string()});
        facts.push(record(Kind::Ticket, &account, "t1", version, &status));
        facts.push(record(
            Kind::Invoice,
            &stripe,
            &format!("in_{version}"),
            version,
            &json!({"amount_minor": version * 100}),
        ));
    }
    facts.extend((0..2_600).map(|n| usage(&account, n)));
    facts
}

/// A repeatable shuffle: every fact once, and each third one again.
fn shuffled(facts: &[Fact], mut seed: u64) -> Vec<Fact> {
    let mut all: Vec<Fact> = facts.iter().chain(facts.iter().step_by(3)).cloned().collect();
    for at in (1..all.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        all.swap(at, (seed >> 33) as usize % (at + 1));
    }
    all
}

/// As a queue does: again and again. Eight writers of one account that is in trouble need many tries on a busy machine.
async fn apply_until_done(table: &Table, mut facts: Vec<Fact>) {
    for _ in 0..1_000 {
        match facts::apply(table, &tenant(), &TimeZone::UTC, &facts).await {
            Ok(report) => {
                let failed: Vec<bool> = report
                    .applied
                    .iter()
                    .map(|a| matches!(a.outcome, Outcome::Failed(_)))
                    .collect();
                let mut left = failed.iter();
                facts.retain(|_| *left.next().unwrap());
                if facts.is_empty() {
                    return;
                }
            }
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    panic!("the facts did not go through");
}

async fn load(table: &Table) -> AccountHistory {
    let account = AccountId::of_identity(&tenant(), &id("api", "4711"));
    let from = "2000-01-01".parse().unwrap();
    let mut loaded = history::load(table, &tenant(), account, "UTC", from)
        .await
        .unwrap();
    for records in loaded.history.records.values_mut() {
        records.sort_by(|a, b| a.external_id.cmp(&b.external_id));
    }
    loaded.history
}

/// Throttles every fifth call and cuts off every eleventh, the way the SDK sees it.
#[derive(Debug, Default)]
struct Trouble(AtomicUsize);

impl Intercept for Trouble {
    fn name(&self) -> &'static str {
        "Trouble"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), TestError> {
        let call = self.0.fetch_add(1, Ordering::Relaxed);
        if call % 5 == 4 || call % 11 == 10 {
            Err("injected: the connection was cut".into())
        } else {
            Ok(())
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_repetition_and_trouble_give_the_same_account() {
    let test = "any_order_repetition_and_trouble_give_the_same_account";
    let Some(config) = testing::config(test).await else {
        return;
    };
    let clean_table = testing::create_table(&config, "clean").await.unwrap();
    apply_until_done(&clean_table, story()).await;
    let clean = load(&clean_table).await;

    let messy_table = testing::create_table(&config, "messy").await.unwrap();
    let troubled = messy_table.with_interceptor(Trouble::default());
    let facts = shuffled(&story(), 42);
    stream::iter(facts.chunks(97).map(<[Fact]>::to_vec))
        .for_each_concurrent(8, |chunk| apply_until_done(&troubled, chunk))
        .await;
    assert_eq!(clean, load(&messy_table).await);
    let counted: u64 = clean
        .snapshot(at(86_400 * 10))
        .usage
        .values()
        .map(|day| day.events)
        .sum();
    assert_eq!(counted, 2_600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_an_unknown_account_wait_for_it() {
    let test = "facts_of_an_unknown_account_wait_for_it";
    let Some(config) = testing::config(test).await else {
        return;
    };
    let table = testing::create_table(&config, "parked").await.unwrap();
    let account = id("api", "4711");
    let early = [usage(&account, 1)];
    let report = facts::apply(&table, &tenant(), &TimeZone::UTC, &early)
        .await
        .unwrap();
    assert!(report.applied[0].parked && report.touched.is_empty());

    let known = [record(Kind::Account, &account, "", 1, &json!({"name": "Late"}))];
    let report = facts::apply(&table, &tenant(), &TimeZone::UTC, &known)
        .await
        .unwrap();
    assert!(!report.applied[0].parked);
    assert_eq!(report.changed.len(), 1);
    assert_eq!(load(&table).await.snapshot(at(86_400 * 9)).usage.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_claim_of_an_identity_wins_in_any_order() {
    let test = "the_newest_claim_of_an_identity_wins_in_any_order";
    let Some(config) = testing::config(test).await else {
        return;
    };
    for (name, order) in [("forth", [1, 2]), ("back", [2, 1])] {
        let table = testing::create_table(&config, name).await.unwrap();
        for version in order {
            let account = id("api", &format!("claimant-{version}"));
            let claim = LinkFact {
                identity: id("stripe", "cus_9"),
                account,
                version: at(version),
            };
            links::claim(&table, &tenant(), &claim).await.unwrap();
        }
        let identity = id("stripe", "cus_9");
        let linked = links::resolve(&table, &tenant(), std::slice::from_ref(&identity))
            .await
            .unwrap();
        let winner = AccountId::of_identity(&tenant(), &id("api", "claimant-2"));
        assert_eq!(linked[&identity].account, winner, "{name}");
        let loser = AccountId::of_identity(&tenant(), &id("api", "claimant-1"));
        assert!(
            links::identities(&table, &tenant(), loser)
                .await
                .unwrap()
                .is_empty(),
            "{name}"
        );
    }
}

/// Waits before the first call of an operation until somebody else has done something.
#[derive(Debug)]
struct Meanwhile {
    operation: &'static str,
    once: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

impl Intercept for Meanwhile {
    fn name(&self) -> &'static str {
        "Meanwhile"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), TestError> {
        let target = context.request().headers().get("x-amz-target");
        if target.is_some_and(|t| t.ends_with(self.operation)) {
            let once = self.once.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((ask, answer)) = once {
                ask.send(())?;
                answer.recv()?;
            }
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_written_while_its_account_is_established_asks_for_a_score_and_is_not_parked() {
    let test = "a_fact_written_while_its_account_is_established_asks_for_a_score_and_is_not_parked";
    let Some(config) = testing::config(test).await else {
        return;
    };
    // Before the fact is written, and before its identity is noted as parked.
    for (name, operation) in [("writing", ".PutItem"), ("parking", ".BatchWriteItem")] {
        let table = testing::create_table(&config, name).await.unwrap();
        let account = id("api", "4711");
        let ((ask, asked), (done, answer)) = (channel(), channel());
        let slow = table.with_interceptor(Meanwhile {
            operation,
            once: Mutex::new(Some((ask, answer))),
        });
        let known = [record(
            Kind::Account,
            &account,
            "",
            1,
            &json!({"name": "Just now"}),
        )];
        let (runtime, other) = (tokio::runtime::Handle::current(), table.clone());
        let meanwhile = std::thread::spawn(move || {
            asked.recv().unwrap();
            runtime.block_on(async {
                facts::apply(&other, &tenant(), &TimeZone::UTC, &known)
                    .await
                    .unwrap();
            });
            done.send(()).unwrap();
        });
        let early = [usage(&account, 1)];
        let report = facts::apply(&slow, &tenant(), &TimeZone::UTC, &early)
            .await
            .unwrap();
        meanwhile.join().unwrap();
        assert!(!report.applied[0].parked, "{name}");
        assert_eq!(report.changed.len(), 1, "{name}");
        let parked = copilot_aws::keys::parked(&tenant(), &account);
        assert_eq!(table.get(&parked).await.unwrap(), None, "{name}");
    }
}

/// Loses the answer of the first write of an item: the SDK sends it again.
#[derive(Debug, Default)]
struct LostAnswer(AtomicUsize);

impl Intercept for LostAnswer {
    fn name(&self) -> &'static str {
        "LostAnswer"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), TestError> {
        let target = context.request().headers().get("x-amz-target");
        let lose = usize::from(target.is_some_and(|t| t.ends_with(".PutItem")));
        self.0.fetch_add(lose, Ordering::Relaxed);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), TestError> {
        if self.0.load(Ordering::Relaxed) == 1 {
            self.0.fetch_add(1, Ordering::Relaxed);
            *context.response_mut().status_mut() = 500.try_into()?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_answer_was_lost_still_asks_for_a_score() {
    let test = "a_write_whose_answer_was_lost_still_asks_for_a_score";
    let Some(config) = testing::config(test).await else {
        return;
    };
    let table = testing::create_table(&config, "lost").await.unwrap();
    let account = id("api", "4711");
    let known = [record(Kind::Account, &account, "", 1, &json!({"name": "Known"}))];
    let apply = async |table: &Table, facts: &[Fact]| {
        facts::apply(table, &tenant(), &TimeZone::UTC, facts)
            .await
            .unwrap()
    };
    apply(&table, &known).await;
    let ticket = record(Kind::Ticket, &account, "t1", 2, &json!({"title": "Down"}));
    for fact in [ticket, usage(&account, 1)] {
        let losing = table.with_interceptor(LostAnswer::default());
        let report = apply(&losing, std::slice::from_ref(&fact)).await;
        assert!(
            matches!(report.applied[0].outcome, Outcome::Contested),
            "{report:?}"
        );
        assert_eq!(report.changed.len(), 1);
        let again = apply(&table, &[fact]).await;
        assert!(again.changed.is_empty(), "told twice, and nobody came in between");
    }
}
