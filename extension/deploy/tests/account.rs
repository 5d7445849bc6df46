//! Plan, diff and apply over an account in memory; here what an apply does, and in what
//! order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[path = "account/plans.rs"]
mod plans;
#[path = "account/strangers.rs"]
mod strangers;
#[path = "account/hands.rs"]
mod hands;
#[path = "account/cuts.rs"]
mod cuts;

use std::path::Path;

use obs_deploy::account::Call;
use obs_deploy::account::fake::Fake;
use obs_deploy::apply::{Done, apply};
use obs_deploy::model::{Alarm, Desired};
use obs_deploy::plan::{Adopt, Plan, Style, observe, plan};
use obs_deploy::resolve::{Choice, resolve};
use obs_deploy::source::read;

const PROJECT: &str = r#"
project: shop
environments:
  dev:
    account: "000000000000"
    region: us-east-1
    variables: { pager: "http://127.0.0.1:9/", limit: 5 }
resources:
  functions:
    pay: { timeout: 10s, memory: 256MB }
    ship: { timeout: 20s, memory: 256MB }
topics:
  oncall:
    subscriptions:
      - http: ${pager}
severities:
  page: { topics: [oncall] }
sampling:
  pay: { priority: 100, rate: 20%, reservoir: 5, service: pay }
mutes:
  maintenance: { schedule: cron(0 3 * * SUN), duration: 1h, severities: [page] }
"#;

const ALARMS: &str = r#"
alarms:
  - name: ${resource}-slow
    for_each: functions
    severity: page
    metric: { namespace: AWS/Lambda, name: Duration }
    statistic: p90
    period: 1m
    condition: "> 90% of timeout"
    datapoints: 3 of 5
  - name: orders-failing
    severity: page
    description: Orders fail.
    expression: 100 * bad / all
    metrics:
      bad: { namespace: Shop, name: OrdersFailed, statistic: Sum }
      all: { namespace: Shop, name: Orders, statistic: Sum }
    period: 1m
    condition: "> ${limit}"
  - name: sign-ins
    severity: page
    metric: { namespace: Shop/Trail, name: SignIns }
    statistic: Sum
    filter: { log_group: /shop/trail, pattern: '{ $.eventName = ConsoleLogin }' }
    period: 5m
    condition: "> 0"
events:
  - name: findings
    severity: page
    pattern: { source: [aws.guardduty] }
composites:
  - name: a-shop-down
    severity: page
    rule: ALARM("b-checkout-down") AND ALARM("orders-failing")
  - name: b-checkout-down
    severity: page
    rule: ALARM("pay-slow") OR ALARM("ship-slow")
"#;

const DASHBOARD: &str = r#"
rows:
  - widgets:
      - title: Duration
        metrics:
          - { for_each: functions, namespace: AWS/Lambda, name: Duration, statistic: p90, label: "${resource} ${LAST}" }
      - text: '# Shop'
        width: 6
  - widgets:
      - alarms: [all]
"#;

struct Files {
    project: String,
    alarms: String,
    dashboard: String,
}

impl Default for Files {
    fn default() -> Files {
        Files {
            project: PROJECT.to_owned(),
            alarms: ALARMS.to_owned(),
            dashboard: DASHBOARD.to_owned(),
        }
    }
}

impl Files {
    fn desired(&self) -> Desired {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("obs.yaml", &self.project);
        write("alarms/shop.yaml", &self.alarms);
        write("dashboards/shop.yaml", &self.dashboard);
        desired(dir.path(), "dev")
    }
}

fn desired(root: &Path, environment: &str) -> Desired {
    let choice = Choice {
        environment: Some(environment.to_owned()),
        ..Choice::default()
    };
    let documents = read(root).unwrap_or_else(|invalid| panic!("{}", shown(&invalid)));
    resolve(&documents, &choice)
        .unwrap_or_else(|invalid| panic!("{}", shown(&invalid)))
        .desired
}

fn shown(invalid: &obs_deploy::source::problem::Invalid) -> String {
    invalid.render(obs_deploy::source::problem::Paint::Plain)
}

async fn planned(account: &Fake, desired: &Desired) -> Plan {
    let observed = observe(account, desired).await.unwrap();
    plan(desired, &observed, &Adopt::nothing()).unwrap()
}

async fn applied(account: &Fake, desired: &Desired) -> Done {
    let plan = planned(account, desired).await;
    apply(account, &plan, |_, _| {}).await.unwrap()
}

/// The project, and an account that holds it.
async fn held() -> (Desired, Fake) {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    (desired, account)
}

fn text(plan: &Plan) -> String {
    let mut text = String::new();
    plan.render(&mut text, Style::Plain).unwrap();
    text
}

/// The writes since `from`, by operation and resource.
fn writes(account: &Fake, from: usize) -> String {
    account.state().writes[from..]
        .iter()
        .map(|call| {
            let name = match call {
                Call::PutAlarm { alarm, .. } => alarm.name(),
                Call::DeleteAlarms { names } => &names.join(" "),
                Call::CreateTopic { name, .. }
                | Call::PutDashboard { name, .. }
                | Call::DeleteMetricFilter { name, .. }
                | Call::DeleteRule { name }
                | Call::DeleteMuteRule { name }
                | Call::DeleteSamplingRule { name }
                | Call::DeleteDashboard { name } => name,
                Call::Tag { arn, .. } | Call::Unsubscribe { arn } => arn,
                Call::PutMetricFilter { filter } => &filter.name,
                Call::PutRule { rule, .. } => &rule.name,
                Call::PutTargets { rule, .. } | Call::RemoveTargets { rule, .. } => rule,
                Call::PutMuteRule { rule, .. } => &rule.name,
                Call::CreateSamplingRule { rule, .. } | Call::UpdateSamplingRule { rule } => {
                    &rule.name
                }
                Call::SetKey { topic, .. }
                | Call::SetDisplayName { topic, .. }
                | Call::SetPolicy { topic, .. }
                | Call::TagTopic { topic, .. }
                | Call::Subscribe { topic, .. }
                | Call::DeleteTopic { topic } => topic,
            };
            let name = name.rsplit(':').next().unwrap();
            format!("{} {name}\n", call.operation())
        })
        .collect()
}

/// Everything but alarms, topics and dashboards.
fn rules(account: &Fake) -> String {
    let state = account.state();
    format!(
        "{:#?}",
        (
            &state.metric_filters,
            &state.event_rules,
            &state.mute_rules,
            &state.sampling_rules
        )
    )
}

#[tokio::test]
async fn creation_goes_from_topics_to_dashboards_and_children_before_composites() {
    let (_, account) = held().await;
    insta::assert_snapshot!(writes(&account, 0));
}

#[tokio::test]
async fn a_second_apply_writes_nothing() {
    let (desired, account) = held().await;
    let before = account.state().writes.len();
    let again = planned(&account, &desired).await;
    assert_eq!(
        text(&again).lines().last(),
        Some("Nothing to do: 12 resources are as they should be.")
    );
    applied(&account, &desired).await;
    assert_eq!(account.state().writes.len(), before);
}

#[tokio::test]
async fn destroy_goes_the_other_way_and_leaves_what_is_not_ours() {
    let (desired, account) = held().await;
    let (other, tags) = account.state().alarms["pay-slow"].clone();
    let Alarm::Metric(mut other) = other else {
        panic!()
    };
    "somebody-elses".clone_into(&mut other.name);
    let mut foreign = tags.clone();
    foreign.insert("obs:environment".to_owned(), "staging".to_owned());
    account
        .state()
        .alarms
        .insert(other.name.clone(), (Alarm::Metric(other), foreign));
    let before = account.state().writes.len();
    applied(&account, &Desired::nothing(desired.target.clone())).await;
    insta::assert_snapshot!(writes(&account, before));
    assert_eq!(
        account.state().alarms.keys().collect::<Vec<_>>(),
        ["somebody-elses"],
        "its marker says ours, its tags say another environment's: the tags decide"
    );
}

/// Only hands can make a circle: each composite was put when the other one existed.
#[tokio::test]
async fn a_circle_of_composites_lets_go_before_it_is_deleted() {
    let (desired, account) = held().await;
    {
        let mut state = account.state();
        let (alarm, _) = state.alarms.get_mut("b-checkout-down").unwrap();
        let Alarm::Composite(alarm) = alarm else {
            panic!()
        };
        alarm.rule = "ALARM(\"a-shop-down\") OR ALARM(\"pay-slow\")".to_owned();
    }
    let before = account.state().writes.len();
    applied(&account, &Desired::nothing(desired.target.clone())).await;
    assert!(account.state().alarms.is_empty());
    insta::assert_snapshot!(writes(&account, before));
}

/// The law: same files, same bytes.
#[tokio::test]
async fn the_shipped_project_plans_the_same_bytes_twice_and_applies_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for environment in ["dev", "staging", "production"] {
        let desired = desired(&root, environment);
        let account = Fake::new(&desired.target);
        let first = planned(&account, &desired).await;
        let again = crate::desired(&root, environment);
        assert_eq!(text(&first), text(&planned(&account, &again).await));
        applied(&account, &desired).await;
        assert!(planned(&account, &desired).await.is_empty());
        applied(&account, &Desired::nothing(desired.target.clone())).await;
        assert!(account.state().alarms.is_empty());
        assert!(account.state().topics.is_empty());
        assert!(account.state().dashboards.is_empty());
        assert_eq!(rules(&account), rules(&Fake::new(&desired.target)));
    }
}

#[tokio::test]
async fn a_log_group_that_is_not_there_is_told_before_and_at_an_apply() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    let group = &desired.metric_filters[0].log_group;
    account.state().missing_log_groups.insert(group.clone());
    let mut plan = planned(&account, &desired).await;
    plan.look_around(&account).await.unwrap();
    insta::assert_snapshot!(
        plan.notes[0],
        @"metric filter shop/dev/sign-ins: there is no log group /shop/trail, and an apply will stop there: what writes to it is not deployed yet (a trail names its log group): deploy that first, or create the log group"
    );
    let stopped = apply(&account, &plan, |_, _| {}).await.unwrap_err();
    assert_eq!(stopped.at, "metric filter shop/dev/sign-ins");
    account.state().missing_log_groups.clear();
    applied(&account, &desired).await;
    account.state().reads.clear();
    let mut again = planned(&account, &desired).await;
    again.look_around(&account).await.unwrap();
    assert!(again.is_empty() && again.notes.is_empty());
    assert_eq!(account.state().reads.get("DescribeLogGroups"), None);
}

#[tokio::test]
async fn a_topics_key_is_set_and_its_grant_is_told() {
    let keyed = |key: &str| Files {
        project: PROJECT.replace("  oncall:\n", &format!("  oncall:\n    kms_key: {key}\n")),
        ..Files::default()
    };
    let desired = keyed("alias/shop").desired();
    let account = Fake::new(&desired.target);
    let plan = planned(&account, &desired).await;
    let note = plan.notes.iter().find(|note| note.contains("alias/shop"));
    let note = note.unwrap();
    for part in [
        "kms:GenerateDataKey*",
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    ] {
        assert!(note.contains(part), "{note}");
    }
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
    let plain = Files::default().desired();
    let plan = planned(&account, &plain).await;
    assert_eq!(plan.hand_made(), [""; 0]);
    apply(&account, &plan, |_, _| {}).await.unwrap();
    let arn = plain.target.topic_arn("shop-dev-oncall");
    assert_eq!(account.state().topics[&arn].key, None);
}
