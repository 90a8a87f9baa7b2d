//! What accounts bought becomes lists of what each takes next. On MiniStack.
#![expect(clippy::unwrap_used, reason = "tests")]

mod world;

use copilot_aws::{facts, products};
use copilot_domain::facts::Kind;
use copilot_domain::ids::AccountId;
use copilot_domain::model::RunStatus;
use copilot_domain::product::ProductRun;
use copilot_pipeline::products::Answers;
use copilot_runtime::clock::Clock;
use copilot_training::ProductTrainer;
use jiff::tz::TimeZone;
use serde_json::json;
use world::{World, days_ago, now, record};

/// An account of one of two tastes that takes a product every 60 days, in an order of its own.
async fn buyer(world: &World, number: usize, taste: bool) {
    let name = format!("b-{number}");
    let mut told = vec![record(
        Kind::Account,
        &name,
        &name,
        days_ago(400),
        &json!({"name": name}),
    )];
    let half = if taste { number % 2 * 6 } else { 0 };
    let all = if taste { 6 } else { 12 };
    for step in 0..5 {
        let product = format!(
            "product {:02}",
            half + (number / 2 * 5 + step * (1 + number % 5)) % all
        );
        let at = days_ago(380 - 75 * i64::try_from(step).unwrap() - i64::try_from(number % 60).unwrap());
        let bill = json!({"amount_minor": 10_000, "currency": "EUR", "issued_at": at, "paid_at": at, "products": [product]});
        told.push(record(Kind::Invoice, &name, &format!("{name}-{step}"), at, &bill));
    }
    facts::apply(&world.table, &world.tenant, &TimeZone::UTC, &told)
        .await
        .unwrap();
    world
        .scorer()
        .score(&world.tenant, world.account(&name), now())
        .await
        .unwrap();
}

async fn learn(world: &World, unique: &str) -> ProductRun {
    let trainer = ProductTrainer::new(world.scorer(), world.files(), Clock::fixed(now()));
    let run = ProductRun::queued("admin", now(), unique);
    products::put_run(&world.table, &world.tenant, &run)
        .await
        .unwrap();
    Box::pin(trainer.run(&world.tenant, run)).await.unwrap()
}

async fn answers(world: &World) -> Answers {
    let scorer = world.scorer();
    scorer
        .products()
        .answers(&world.table, &world.tenant)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_two_tastes_become_lists_that_answer_are_taken_back_and_missed_where_their_file_breaks() {
    let Some(world) = World::new("products-run").await else {
        return;
    };
    for number in 0..160 {
        buyer(&world, number, true).await;
    }
    let run = learn(&world, "one").await;
    assert_eq!(run.status, RunStatus::Registered, "{}", run.verdict);
    let figures = run.figures.unwrap();
    assert!(
        figures.gain_low > 0.0 && figures.ours.at_3 > figures.popular.at_3,
        "{figures:?}"
    );
    assert_eq!((run.accounts, run.accounts_done), (160, 160));
    let version = run.version.unwrap();
    let Answers::Model(model) = answers(&world).await else {
        panic!("nothing answers")
    };
    assert_eq!(
        (model.version.as_str(), model.products.len()),
        (version.as_str(), 12)
    );
    let told = model.tell(&model.places(["product 06", "product 07"]), 3);
    assert!(
        !told.is_empty() && told.iter().all(|told| told.product.as_str() > "product 07"),
        "{told:?}"
    );

    // Whom a product fits does not own it, and each is an account of the tenant.
    let fits = products::fits(&world.files(), &world.tenant, &version)
        .await
        .unwrap()
        .unwrap();
    let all: Vec<AccountId> = (0..160)
        .map(|number| world.account(&format!("b-{number}")))
        .collect();
    assert!(fits.values().flatten().count() > 0 && fits.values().flatten().all(|one| all.contains(one)));

    // The same purchases are the same model, and it does not take its own place.
    assert_eq!(
        learn(&world, "two").await.version.as_deref(),
        Some(version.as_str())
    );
    let (mut pointer, rev) = products::pointer(&world.table, &world.tenant).await.unwrap();
    assert_eq!(pointer.before, [None]);
    let listed = products::runs(&world.table, &world.tenant).await.unwrap();
    assert_eq!(listed.len(), 2);

    let broken = (b"{}".to_vec(), b"{}".to_vec());
    products::put_files(&world.files(), &world.tenant, &version, broken)
        .await
        .unwrap();
    assert!(matches!(answers(&world).await, Answers::Lost(lost) if lost == version));

    pointer.go_back(now()).unwrap();
    let (item, condition) = products::pointer_item(&world.tenant, &pointer, rev);
    world.table.put(item, condition).await.unwrap();
    assert!(matches!(answers(&world).await, Answers::Nothing));
}

#[tokio::test(flavor = "multi_thread")]
async fn bills_without_products_and_few_accounts_teach_nothing_and_say_so() {
    let Some(world) = World::new("products-few").await else {
        return;
    };
    world.shop("s-1", 30, 300, 10).await;
    let run = learn(&world, "one").await;
    assert_eq!((run.status, run.figures), (RunStatus::Refused, None));
    assert!(
        run.verdict.contains("bills must name their `products`"),
        "{}",
        run.verdict
    );
    for number in 0..24 {
        buyer(&world, number, false).await;
    }
    let run = learn(&world, "two").await;
    assert_eq!(run.status, RunStatus::Refused);
    assert!(
        run.verdict.contains("of 50 accounts took something new"),
        "{}",
        run.verdict
    );
    assert!(matches!(answers(&world).await, Answers::Nothing));
}
