use rstest::rstest;
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::message::About;
use crate::message::tests::message;
use copilot_domain::alert::Renotify;

#[test]
fn a_new_alert_in_block_kit() {
    insta::assert_json_snapshot!(alert(&message()));
}

#[test]
fn an_alert_told_again_and_one_that_is_over() {
    let mut again = message();
    again.about = About::Updated(Some(Renotify::SeverityRose));
    assert!(alert(&again).to_string().contains("Its severity rose."));
    again.about = About::Resolved;
    assert!(alert(&again)["text"].as_str().unwrap().starts_with("Resolved: "));
}

#[test]
fn what_is_not_known_is_left_out() {
    let mut bare = message();
    (bare.arr, bare.renewal_date, bare.score, bare.band) = (None, None, None, None);
    bare.drivers.clear();
    let body = alert(&bare);
    let types: Vec<_> = body["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["type"].clone())
        .collect();
    assert_eq!(types, ["section", "section", "actions", "context"]);
    assert!(!body.to_string().contains("null"));
}

#[test]
fn no_text_can_mention_a_channel_or_make_a_link() {
    let mut evil = message();
    for text in [
        &mut evil.account,
        &mut evil.title,
        &mut evil.reason,
        &mut evil.rule,
    ] {
        "<!channel> & <https://evil.example|click>".clone_into(text);
    }
    evil.drivers = vec!["<@U123>".into()];
    let body = alert(&evil).to_string();
    assert!(!body.contains('<') && !body.contains('>'), "{body}");
}

#[rstest]
#[case("https://hooks.slack.com/services/T1/B1/x", true)]
#[case(" https://hooks.slack.com/services/T1/B1/x\n", true)]
#[case("http://hooks.slack.com/services/T1/B1/x", false)]
#[case("https://hooks.slack.com:8443/services/x", false)]
#[case("https://hooks.slack.com.evil.example/x", false)]
#[case("https://evil.example/hooks.slack.com", false)]
#[case("https://u:p@hooks.slack.com/x", false)]
#[case("https://hooks.slack.com@169.254.169.254/x", false)]
#[case("http://169.254.169.254/latest/meta-data", false)]
#[case("http://localhost:4570/slack", false)]
#[case("file:///etc/passwd", false)]
#[case("", false)]
fn only_slack_is_called(#[case] address: &str, #[case] taken: bool) {
    assert_eq!(Webhook::new(address, None).is_ok(), taken, "{address}");
}

#[test]
fn one_more_host_can_be_allowed_and_only_that_one() {
    let also = Some("localhost:4570");
    assert!(Webhook::new("http://localhost:4570/slack", also).is_ok());
    assert!(Webhook::new("http://localhost:4571/slack", also).is_err());
    assert!(Webhook::new("ftp://localhost:4570/slack", also).is_err());
    let shown = format!(
        "{:?}",
        Webhook::new("https://hooks.slack.com/services/secret", None)
    );
    assert!(!shown.contains("secret"));
}

async fn answered(response: ResponseTemplate) -> Result<(), SlackError> {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/services/secret"))
        .and(body_partial_json(json!({"unfurl_links": false})))
        .respond_with(response)
        .expect(1)
        .mount(&server)
        .await;
    let also = server.address().to_string();
    let webhook = Webhook::new(&format!("{}/services/secret", server.uri()), Some(&also)).unwrap();
    send(&crate::http::client().unwrap(), &webhook, &alert(&message())).await
}

#[tokio::test]
async fn ok_is_ok() {
    answered(ResponseTemplate::new(200).set_body_string("ok"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_throttle_tells_how_long_to_wait() {
    let error = answered(ResponseTemplate::new(429).insert_header("Retry-After", "30"))
        .await
        .unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    let error = answered(ResponseTemplate::new(429)).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
}

#[rstest]
#[case(
    404,
    "no_service",
    "no_service (the webhook was removed; make a new one and store its address)"
)]
#[case(
    410,
    "channel_is_archived",
    "channel_is_archived (the channel is gone; choose another for the webhook)"
)]
#[case(
    403,
    "action_prohibited",
    "action_prohibited (an administrator forbids posting there)"
)]
#[case(
    400,
    "invalid_payload",
    "invalid_payload (the message is not as Slack wants it)"
)]
#[case(400, "something_new", "something_new")]
#[case(302, "", "without a reason")]
#[case(404, "<html>secret</html>", "without a reason")]
#[tokio::test]
async fn a_no_is_final_and_says_why(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
    let error = answered(ResponseTemplate::new(status).set_body_string(body))
        .await
        .unwrap_err();
    assert!(!error.is_retryable());
    let SlackError::Refused { reason, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(reason, expected);
}

#[rstest]
#[case(500)]
#[case(503)]
#[case(408)]
#[tokio::test]
async fn a_failing_slack_is_tried_again(#[case] status: u16) {
    assert!(
        answered(ResponseTemplate::new(status))
            .await
            .unwrap_err()
            .is_retryable()
    );
}

#[tokio::test]
async fn a_slack_that_is_not_there_is_tried_again_and_its_address_stays_secret() {
    let webhook = Webhook::new("http://127.0.0.1:9/services/secret", Some("127.0.0.1:9")).unwrap();
    let error = send(&crate::http::client().unwrap(), &webhook, &json!({}))
        .await
        .unwrap_err();
    assert!(error.is_retryable());
    assert!(!format!("{error:?} {error}").contains("secret"), "{error:?}");
}
