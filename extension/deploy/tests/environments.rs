//! One project, several environments: overlays, variables and exported bodies.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use obs_deploy::resolve::{Choice, Resolved, resolve};
use obs_deploy::source::problem::Paint;
use obs_deploy::source::read;

const PROJECT: &str = r#"project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
  production:
    account: "222222222222"
    region: eu-central-1
    role: { arn: "arn:aws:iam::222222222222:role/obs", external_id: shop }
    quotas: { concurrency: 5000 }
    overlay:
      resources:
        functions:
          pay: { timeout: 20s }
          ship: ~
          refund: { timeout: 5s, memory: 128MB }
      severities:
        page: { topics: [oncall, boss] }
      alarms:
        "*-throttles": off
        refund-errors: { datapoints: 1 of 1 }
defaults: { owner: us, runbook: "https://example.com/${alarm}" }
resources:
  functions:
    pay: { timeout: 10s, memory: 256MB }
    ship: { timeout: 10s, memory: 256MB }
topics:
  oncall: { subscriptions: [{ lambda: pay }] }
  boss: { subscriptions: [{ chatbot: "arn:aws:chatbot::222222222222:chat-configuration/slack-channel/x" }] }
severities:
  page: { topics: [oncall] }
  notice: { topics: [oncall] }
"#;

const ALARMS: &str = "presets:
  - use: functions
    alarms: { concurrency: off, account-concurrency: off, throttle-rate: off }
";

const BODY: &str = r#"{"widgets": [ {"type":"metric","properties":{"region":"${region}",
  "metrics":[["Shop","Orders"]], "title":"Orders ${LAST}  in $${region} ${unknown_to_us}"}} ]}"#;

fn resolved(environment: &str) -> Resolved {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("obs.yaml", PROJECT),
        ("alarms/all.yaml", ALARMS),
        ("dashboards/exported.json", BODY),
    ] {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let choice = Choice {
        environment: Some(environment.to_owned()),
        ..Choice::default()
    };
    resolve(&read(dir.path()).unwrap(), &choice)
        .unwrap_or_else(|invalid| panic!("{}", invalid.render(Paint::Plain)))
}

fn alarms(resolved: &Resolved) -> Vec<String> {
    let line = |alarm: &obs_deploy::model::MetricAlarm| {
        format!(
            "{} {} {}/{} {:?}",
            alarm.name,
            alarm.threshold,
            alarm.datapoints_to_alarm,
            alarm.evaluation_periods,
            alarm.actions.alarm
        )
    };
    resolved.desired.alarms.iter().map(line).collect()
}

#[test]
fn an_overlay_changes_adds_and_takes_away() {
    assert_eq!(
        alarms(&resolved("dev")),
        [
            "pay-duration 9000 15/15 [\"arn:aws:sns:us-east-1:000000000000:shop-dev-oncall\"]",
            "pay-errors 0 3/3 [\"arn:aws:sns:us-east-1:000000000000:shop-dev-oncall\"]",
            "pay-throttles 1 5/5 [\"arn:aws:sns:us-east-1:000000000000:shop-dev-oncall\"]",
            "ship-duration 9000 15/15 [\"arn:aws:sns:us-east-1:000000000000:shop-dev-oncall\"]",
            "ship-errors 0 3/3 [\"arn:aws:sns:us-east-1:000000000000:shop-dev-oncall\"]",
            "ship-throttles 1 5/5 [\"arn:aws:sns:us-east-1:000000000000:shop-dev-oncall\"]",
        ]
    );
    let both = "[\"arn:aws:sns:eu-central-1:222222222222:shop-production-oncall\", \"arn:aws:sns:eu-central-1:222222222222:shop-production-boss\"]";
    let oncall = "[\"arn:aws:sns:eu-central-1:222222222222:shop-production-oncall\"]";
    assert_eq!(
        alarms(&resolved("production")),
        [
            format!("pay-duration 18000 15/15 {oncall}"),
            format!("pay-errors 0 3/3 {both}"),
            format!("refund-duration 4500 15/15 {oncall}"),
            format!("refund-errors 0 1/1 {both}"),
        ]
    );
}

#[test]
fn an_exported_body_follows_its_environment_where_it_asks_to() {
    for (environment, region) in [("dev", "us-east-1"), ("production", "eu-central-1")] {
        let resolved = resolved(environment);
        let expect = BODY
            .replacen("${region}", region, 1)
            .replace("$${region}", "${region}");
        assert_eq!(resolved.desired.dashboards[0].body, expect);
    }
}

#[test]
fn a_role_is_part_of_the_target_and_people_of_the_alarm() {
    let resolved = resolved("production");
    let role = resolved.desired.target.role.unwrap();
    assert_eq!(role.arn, "arn:aws:iam::222222222222:role/obs");
    assert_eq!(role.external_id.as_deref(), Some("shop"));
    let about = &resolved.about["pay-errors"];
    assert_eq!(
        about.runbook.as_deref(),
        Some("https://example.com/pay-errors")
    );
    assert_eq!(about.resource.as_deref(), Some("functions/pay"));
    assert_eq!(about.preset.as_deref(), Some("functions/errors"));
}

#[test]
fn functions_subscribe_and_chats_are_named_apart() {
    let desired = resolved("production").desired;
    let topic = |name: &str| desired.topics.iter().find(|it| it.name == name).unwrap();
    let oncall = &topic("shop-production-oncall").subscriptions[0];
    assert_eq!(oncall.protocol, "lambda");
    assert_eq!(
        oncall.endpoint,
        "arn:aws:lambda:eu-central-1:222222222222:function:pay"
    );
    let boss = topic("shop-production-boss");
    assert!(boss.subscriptions.is_empty());
    assert_eq!(boss.chats.len(), 1);
}
