//! Claims of identities: chains and rings of them mean the same in any order, all at once, and after a crash.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use copilot_aws::{Table, links, testing};
use copilot_domain::facts::LinkFact;
use copilot_domain::ids::{AccountId, ExternalId, Source, TenantId, TenantProof};
use copilot_domain::time::Timestamp;

type TestError = Box<dyn std::error::Error + Send + Sync>;

fn tenant(name: &str) -> TenantId {
    TenantId::proven(name, TenantProof::OwnRecord).unwrap()
}

fn id(number: u64) -> ExternalId {
    ExternalId::new(Source::api(), format!("i{number}")).unwrap()
}

fn claim(identity: u64, account: u64, version: u64) -> LinkFact {
    LinkFact {
        identity: id(identity),
        account: id(account),
        version: Timestamp::from_second(i64::try_from(version).unwrap()).unwrap(),
    }
}

/// Where each of the first `count` identities leads, by its number, and who lists it.
type State = BTreeMap<u64, (Option<u64>, Vec<u64>)>;

async fn state(table: &Table, tenant: &TenantId, count: u64) -> State {
    let all: Vec<ExternalId> = (0..count).map(id).collect();
    let own: BTreeMap<AccountId, u64> = (0..count)
        .map(|n| (AccountId::of_identity(tenant, &id(n)), n))
        .collect();
    let linked = links::resolve(table, tenant, &all).await.unwrap();
    let mut state: State = (0..count)
        .map(|n| {
            let linked = linked[&id(n)];
            (n, (linked.known.then(|| own[&linked.account]), Vec::new()))
        })
        .collect();
    for (account, number) in own {
        for listed in links::identities(table, tenant, account).await.unwrap() {
            let of = (0..count).find(|n| id(*n) == listed).unwrap();
            state.get_mut(&of).unwrap().1.push(number);
        }
    }
    for (account, listed) in state.values() {
        assert_eq!(listed, &account.iter().copied().collect::<Vec<_>>(), "{state:?}");
    }
    state
}

fn random(seed: &mut u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

fn shuffle<T>(items: &mut [T], seed: &mut u64) {
    for at in (1..items.len()).rev() {
        let to = usize::try_from(random(seed)).unwrap() % (at + 1);
        items.swap(at, to);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claimant_that_is_claimed_takes_its_identities_along_in_any_order() {
    let test = "a_claimant_that_is_claimed_takes_its_identities_along_in_any_order";
    let Some(config) = testing::config(test).await else {
        return;
    };
    let table = testing::create_table(&config, "chained").await.unwrap();
    let (first, second) = (claim(9, 1, 10), claim(1, 2, 20));
    for (name, order) in [("forth", [&first, &second]), ("back", [&second, &first])] {
        let tenant = tenant(name);
        for established in [1, 2] {
            links::establish(&table, &tenant, &id(established)).await.unwrap();
        }
        let mut moved = None;
        for fact in order {
            moved = links::claim(&table, &tenant, fact).await.unwrap();
        }
        let state = state(&table, &tenant, 10).await;
        for of in [1, 2, 9] {
            assert_eq!(state[&of].0, Some(2), "{name}");
        }
        let account = |n| AccountId::of_identity(&tenant, &id(n));
        assert_eq!(moved.as_ref().unwrap().to, account(2), "{name}");
        if name == "forth" {
            assert_eq!(
                moved.unwrap().from,
                [account(1)].into(),
                "the emptied account is scored too"
            );
        }
        assert_eq!(links::claim(&table, &tenant, &first).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_of_chained_claims_gives_the_same_accounts_and_lists() {
    let test = "any_order_of_chained_claims_gives_the_same_accounts_and_lists";
    let Some(config) = testing::config(test).await else {
        return;
    };
    let table = testing::create_table(&config, "orders").await.unwrap();
    let count = 5;
    for case in 0..12_u64 {
        let mut seed = case + 1;
        let mut claims: Vec<LinkFact> = (0..7)
            .map(|_| {
                claim(
                    random(&mut seed) % count,
                    random(&mut seed) % count,
                    random(&mut seed) % 6,
                )
            })
            .collect();
        let mut told = Vec::new();
        for order in 0..3 {
            let tenant = tenant(&format!("case-{case}-{order}"));
            for fact in &claims {
                links::claim(&table, &tenant, fact).await.unwrap();
            }
            told.push(state(&table, &tenant, count).await);
            shuffle(&mut claims, &mut seed);
        }
        let tenant = tenant(&format!("case-{case}-at-once"));
        while let Err(error) = links::claim_all(&table, &tenant, &claims).await {
            assert!(error.is_retryable(), "{error:?}");
        }
        told.push(state(&table, &tenant, count).await);
        assert!(told.iter().all(|state| *state == told[0]), "{claims:?}: {told:?}");
    }
}

/// Cuts off every call after the first few: the process died there.
#[derive(Debug)]
struct Dead {
    after: usize,
    calls: AtomicUsize,
}

impl Intercept for Dead {
    fn name(&self) -> &'static str {
        "Dead"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), TestError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) >= self.after {
            return Err("injected: the process died".into());
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_cut_off_at_any_call_is_finished_by_the_next_try() {
    let test = "a_claim_cut_off_at_any_call_is_finished_by_the_next_try";
    let Some(config) = testing::config(test).await else {
        return;
    };
    let table = testing::create_table(&config, "crash").await.unwrap();
    let mut after = 0;
    loop {
        let tenant = tenant(&format!("crash-{after}"));
        for established in [1, 2] {
            links::establish(&table, &tenant, &id(established)).await.unwrap();
        }
        links::claim(&table, &tenant, &claim(4, 1, 10)).await.unwrap();
        let dying = table.with_interceptor(Dead {
            after,
            calls: AtomicUsize::new(0),
        });
        let last = claim(1, 2, 20);
        let first_try = links::claim(&dying, &tenant, &last).await;
        let second_try = links::claim(&table, &tenant, &last).await.unwrap();
        let state = state(&table, &tenant, 5).await;
        assert_eq!(state[&4].0, Some(2), "died after {after} calls");
        if first_try.is_ok() {
            assert_eq!(second_try, None);
            break;
        }
        let moved = second_try.unwrap_or_else(|| panic!("died after {after} calls, and nobody was told"));
        assert!(moved.from.contains(&AccountId::of_identity(&tenant, &id(1))));
        after += 1;
    }
    assert!(after > 4);
}
