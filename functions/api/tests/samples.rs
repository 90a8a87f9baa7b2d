//! The sample events of the HTTP API are what the function reads, and lead to an operation of it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::needless_pass_by_value,
    unreachable_pub,
    dead_code,
    reason = "a test may, and no test uses all of the world"
)]

mod support;

use support::world::World;
use tower::ServiceExt as _;

#[tokio::test]
async fn each_sample_reaches_its_operation_and_is_refused_for_its_unknown_key() {
    let Some(world) = World::new("samples").await else {
        return;
    };
    for sample in [
        include_str!("../../../events/api-http.json"),
        include_str!("../../../events/api-http-batch.json"),
    ] {
        let request = lambda_http::request::from_str(sample).unwrap();
        let path = request.uri().path().to_owned();
        let answer = world.app.clone().oneshot(request).await.unwrap();
        // A path that is no operation is a 404 before anybody looks at the key.
        assert_eq!(answer.status().as_u16(), 401, "{path}");
    }
}
