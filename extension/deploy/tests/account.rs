//! Plan, diff and apply over an account in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::path::Path;

use obs_deploy::account::Call;
use obs_deploy::account::fake::{Fake, State};
use obs_deploy::apply::{Done, apply};
use obs_deploy::model::{Alarm, Desired, Subscription};
use obs_deploy::plan::saved::Saved;
use obs_deploy::plan::{Adopt, Plan, PlanError, Style, observe, plan};
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

#[tokio::test]
async fn a_first_plan_shows_everything_field_by_field() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    insta::assert_snapshot!(text(&planned(&account, &desired).await));
    assert!(account.state().writes.is_empty(), "a plan writes nothing");
}

#[tokio::test]
async fn creation_goes_from_topics_to_dashboards_and_children_before_composites() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    insta::assert_snapshot!(writes(&account, 0));
}

#[tokio::test]
async fn a_second_apply_writes_nothing() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
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
async fn an_unchanged_plan_asks_for_no_alarm_one_by_one() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    account.state().reads.clear();
    planned(&account, &desired).await;
    let reads = account.state().reads.clone();
    assert_eq!(reads["DescribeAlarms"], 1);
    // The one dashboard's and the one sampling rule's.
    assert_eq!(reads["ListTagsForResource"], 2);
}

#[tokio::test]
async fn destroy_goes_the_other_way_and_leaves_what_is_not_ours() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
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

#[tokio::test]
async fn a_diff_names_the_fields_and_the_widgets() {
    let account = {
        let desired = Files::default().desired();
        let account = Fake::new(&desired.target);
        applied(&account, &desired).await;
        account
    };
    let changed = Files {
        project: PROJECT.replace("limit: 5", "limit: 7.5").replace(
            "pager: \"http://127.0.0.1:9/\"",
            "pager: \"http://127.0.0.1:10/\"",
        ),
        alarms: ALARMS
            .replace("3 of 5", "4 of 5")
            .replace("OR ALARM(\"ship-slow\")", ""),
        dashboard: DASHBOARD
            .replace("statistic: p90", "statistic: p99")
            .replace(
                "      - alarms: [all]",
                "      - alarms: [pay-slow]\n        title: Paying",
            ),
    };
    let desired = changed.desired();
    insta::assert_snapshot!(text(&planned(&account, &desired).await));
    applied(&account, &desired).await;
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn what_hands_changed_is_shown_and_made_good() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    {
        let mut state = account.state();
        let (alarm, _) = state.alarms.get_mut("orders-failing").unwrap();
        let Alarm::Metric(alarm) = alarm else {
            panic!()
        };
        alarm.actions_enabled = false;
        alarm.description.clear();
    }
    let plan = planned(&account, &desired).await;
    insta::assert_snapshot!(text(&plan));
    assert_eq!(plan.hand_made(), ["alarm orders-failing"]);
}

#[tokio::test]
async fn what_the_files_changed_is_nobodys_hand() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    let changed = Files {
        alarms: ALARMS.replace("3 of 5", "4 of 5"),
        dashboard: DASHBOARD.replace("# Shop", "# The shop"),
        ..Files::default()
    };
    let plan = planned(&account, &changed.desired()).await;
    assert_eq!(plan.steps.len(), 3);
    assert_eq!(plan.hand_made(), [""; 0]);
}

#[tokio::test]
async fn a_dashboard_and_a_topic_that_hands_changed_are_told_too() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    {
        let mut state = account.state();
        for (body, _) in state.dashboards.values_mut() {
            *body = body.replace("# Shop", "# Their shop");
        }
        for topic in state.topics.values_mut() {
            topic.policy = None;
        }
    }
    let plan = planned(&account, &desired).await;
    assert_eq!(
        plan.hand_made(),
        ["topic shop-dev-oncall", "dashboard shop"]
    );
}

#[tokio::test]
async fn what_is_named_is_taken_over_and_ours_from_then_on() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    {
        let mut state = account.state();
        let (alarm, tags) = state.alarms.get_mut("orders-failing").unwrap();
        tags.clear();
        let Alarm::Metric(alarm) = alarm else {
            panic!()
        };
        alarm.description.clear();
        for (_, tags) in state.dashboards.values_mut() {
            tags.clear();
        }
    }
    let observed = observe(&account, &desired).await.unwrap();
    let one = Adopt::named(["orders-failing"]);
    let error = plan(&desired, &observed, &one).unwrap_err();
    assert!(error.to_string().contains("dashboard shop"), "{error}");
    let both = Adopt::named(["orders-failing", "shop"]);
    let plan = plan(&desired, &observed, &both).unwrap();
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
    applied(&account, &Desired::nothing(desired.target.clone())).await;
    assert!(account.state().alarms.is_empty());
    assert!(account.state().dashboards.is_empty());
}

/// Only hands can make a circle: each composite was put when the other one existed.
#[tokio::test]
async fn a_circle_of_composites_lets_go_before_it_is_deleted() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
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

#[tokio::test]
async fn an_alarm_that_a_strangers_composite_names_stays_and_is_told() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    let (stranger, _) = account.state().alarms["a-shop-down"].clone();
    let Alarm::Composite(mut stranger) = stranger else {
        panic!()
    };
    "strangers".clone_into(&mut stranger.name);
    stranger.description.clear();
    stranger.rule = "ALARM(\"pay-slow\")".to_owned();
    account.state().alarms.insert(
        stranger.name.clone(),
        (Alarm::Composite(stranger), obs_deploy::model::Tags::new()),
    );
    let nothing = Desired::nothing(desired.target.clone());
    let plan = planned(&account, &nothing).await;
    assert_eq!(
        plan.notes,
        ["alarm pay-slow stays: composite alarm strangers, which is not kept here, names it"]
    );
    applied(&account, &nothing).await;
    assert_eq!(
        account.state().alarms.keys().collect::<Vec<_>>(),
        ["pay-slow", "strangers"]
    );
}

#[tokio::test]
async fn a_name_taken_by_somebody_else_stops_the_plan() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    for (_, (alarm, tags)) in account.state().alarms.iter_mut() {
        tags.clear();
        if let Alarm::Metric(alarm) = alarm {
            alarm.description.clear();
        }
    }
    let observed = observe(&account, &desired).await.unwrap();
    let error = plan(&desired, &observed, &Adopt::nothing()).unwrap_err();
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn somebodys_own_subscription_is_left_alone() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    let theirs = Subscription {
        protocol: "email".to_owned(),
        endpoint: "me@example.com".to_owned(),
    };
    let arn = desired.target.topic_arn("shop-dev-oncall");
    account
        .state()
        .topics
        .get_mut(&arn)
        .unwrap()
        .subscriptions
        .insert(theirs, None);
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn an_account_of_another_number_is_refused() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target).of_account("123456789012");
    let error = observe(&account, &desired).await.unwrap_err();
    assert!(matches!(error, PlanError::OtherAccount { .. }));
    insta::assert_snapshot!(error);
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

/// The law: however far an apply came, the next one ends where an undisturbed one does.
#[tokio::test]
async fn an_apply_that_is_cut_anywhere_is_healed_by_the_next() {
    let desired = Files::default().desired();
    let whole = Fake::new(&desired.target);
    let calls = applied(&whole, &desired).await.calls;
    for cut in 0..calls {
        let account = Fake::new(&desired.target);
        account.state().fail_from = Some(cut);
        let plan = planned(&account, &desired).await;
        let stopped = apply(&account, &plan, |_, _| {}).await.unwrap_err();
        assert_eq!(stopped.done.calls, cut);
        account.state().fail_from = None;
        let rest = planned(&account, &desired).await;
        assert_eq!(rest.hand_made(), [""; 0], "cut at {cut}");
        apply(&account, &rest, |_, _| {}).await.unwrap();
        assert_eq!(account.state().alarms, whole.state().alarms, "cut at {cut}");
        assert_eq!(account.state().topics, whole.state().topics, "cut at {cut}");
        assert_eq!(
            account.state().dashboards,
            whole.state().dashboards,
            "cut at {cut}"
        );
        assert_eq!(rules(&account), rules(&whole), "cut at {cut}");
        assert!(planned(&account, &desired).await.is_empty(), "cut at {cut}");
    }
}

/// The same law for deleting: what is left is deleted by the next one.
#[tokio::test]
async fn a_destroy_that_is_cut_anywhere_is_healed_by_the_next() {
    let desired = Files::default().desired();
    let nothing = Desired::nothing(desired.target.clone());
    for cut in 0.. {
        let account = Fake::new(&desired.target);
        let before = applied(&account, &desired).await.calls;
        account.state().fail_from = Some(before + cut);
        let plan = planned(&account, &nothing).await;
        let outcome = apply(&account, &plan, |_, _| {}).await;
        account.state().fail_from = None;
        applied(&account, &nothing).await;
        let state = account.state();
        assert!(state.alarms.is_empty(), "cut at {cut}");
        assert!(state.topics.is_empty(), "cut at {cut}");
        assert!(state.dashboards.is_empty(), "cut at {cut}");
        drop(state);
        assert_eq!(
            rules(&account),
            rules(&Fake::new(&desired.target)),
            "cut at {cut}"
        );
        if outcome.is_ok() {
            return;
        }
    }
}

#[tokio::test]
async fn a_saved_plan_is_the_same_when_read_and_holds_until_the_account_moves() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    let observed = observe(&account, &desired).await.unwrap();
    let saved = Saved {
        adopt: Adopt::named(["x"]),
        plan: plan(&desired, &observed, &Adopt::nothing()).unwrap(),
        desired,
    };
    let text = Saved::write(vec![saved.clone()]);
    assert_eq!(text, Saved::write(vec![saved.clone()]));
    let read = Saved::read(&text).unwrap();
    assert_eq!(read, std::slice::from_ref(&saved));
    read[0].still_holds(&observed).unwrap();

    let call = saved.plan.steps[1].calls[0].clone();
    obs_deploy::account::Writes::write(&account, &saved.plan.steps[0].calls[0])
        .await
        .unwrap();
    obs_deploy::account::Writes::write(&account, &call)
        .await
        .unwrap();
    let observed = observe(&account, &saved.desired).await.unwrap();
    let moved = read[0].still_holds(&observed).unwrap_err();
    insta::assert_snapshot!(moved);
}

#[tokio::test]
async fn what_is_no_saved_plan_is_refused_with_a_remedy() {
    let said = |text: &str| Saved::read(text).unwrap_err().to_string();
    insta::assert_snapshot!(said("not a plan"));
    insta::assert_snapshot!(said("{\"obs_plan\": 99}"));
    insta::assert_snapshot!(said("{\"obs_plan\": 1}"));
}

#[tokio::test]
async fn a_plan_is_written_as_markdown_and_as_json() {
    let files = Files {
        alarms: ALARMS.replace("Orders fail.", "Orders fail ``` <b>."),
        ..Files::default()
    };
    let desired = files.desired();
    let account = Fake::new(&desired.target);
    let plan = planned(&account, &desired).await;
    let written = |style| {
        let mut text = String::new();
        plan.render(&mut text, style).unwrap();
        text
    };
    insta::assert_snapshot!(written(Style::Markdown));
    let json = written(Style::Json);
    assert_eq!(json.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["steps"][0]["calls"][0], "sns:CreateTopic");
    assert_eq!(
        json["steps"].as_array().map(Vec::len),
        Some(plan.steps.len())
    );
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
async fn rules_that_hands_changed_are_told_and_made_good() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    {
        let mut state = account.state();
        let (rule, ..) = state.event_rules.get_mut("findings").unwrap();
        rule.foreign
            .insert("state".to_owned(), "DISABLED".to_owned());
        for (rule, _) in state.mute_rules.values_mut() {
            rule.minutes = 600;
        }
        for (rule, _) in state.sampling_rules.values_mut() {
            rule.rate = 1.0;
        }
    }
    let plan = planned(&account, &desired).await;
    assert_eq!(
        plan.hand_made(),
        [
            "event rule findings",
            "mute rule shop-dev-maintenance",
            "sampling rule shop-dev-pay"
        ]
    );
    insta::assert_snapshot!(text(&plan), @r#"
    shop in dev (000000000000, us-east-1)

    ~ event rule findings  (changed by hand since the last apply)
        state: DISABLED -> gone

    ~ mute rule shop-dev-maintenance  (changed by hand since the last apply)
        duration: PT600M -> PT60M

    ~ sampling rule shop-dev-pay  (changed by hand since the last apply)
        rate: 1 -> 0.2

    tells shop-dev-oncall: 6 alarms -> http http://127.0.0.1:9/
    costs $4.50 a month, as before
    Plan: 3 to update, 9 unchanged.
    "#);
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn rules_of_the_same_names_that_are_not_ours_stop_the_plan_until_adopted() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    {
        let mut state = account.state();
        let (rule, tags, _) = state.event_rules.get_mut("findings").unwrap();
        rule.description.clear();
        tags.clear();
        for (rule, _) in state.mute_rules.values_mut() {
            rule.description.clear();
        }
        for (_, tags) in state.sampling_rules.values_mut() {
            tags.clear();
        }
    }
    let observed = observe(&account, &desired).await.unwrap();
    let error = plan(&desired, &observed, &Adopt::nothing()).unwrap_err();
    for title in [
        "event rule findings",
        "mute rule shop-dev-maintenance",
        "sampling rule shop-dev-pay",
    ] {
        assert!(error.to_string().contains(title), "{error}");
    }
    let all = Adopt::named(["findings", "shop-dev-maintenance", "shop-dev-pay"]);
    let plan = plan(&desired, &observed, &all).unwrap();
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
    applied(&account, &Desired::nothing(desired.target.clone())).await;
    assert_eq!(rules(&account), rules(&Fake::new(&desired.target)));
}

/// Whoever hangs a target of their own on our rule has not changed what is ours; a
/// filter of another environment is another's, however alike the names.
#[tokio::test]
async fn what_stands_beside_ours_is_left_alone() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    let mut theirs = desired.target.sealed_filter(&desired.metric_filters[0]);
    theirs.name = theirs.name.replace("/dev/", "/dev-2/");
    "SignInsThere".clone_into(&mut theirs.metric_name);
    let mut by_hand = theirs.clone();
    "shop/dev/sign-ins".clone_into(&mut by_hand.name);
    {
        let mut state = account.state();
        for theirs in [theirs, by_hand] {
            state.metric_filters.insert(theirs.key(), theirs);
        }
        let (.., targets) = state.event_rules.get_mut("findings").unwrap();
        targets.insert("mine".to_owned(), "arn:aws:sqs:us-east-1:1:q".to_owned());
    }
    assert!(planned(&account, &desired).await.is_empty());
    let nothing = Desired::nothing(desired.target.clone());
    let plan = planned(&account, &nothing).await;
    assert_eq!(plan.hand_made(), ["event rule findings"]);
    apply(&account, &plan, |_, _| {}).await.unwrap();
    let state = account.state();
    assert!(state.event_rules.is_empty());
    assert_eq!(state.metric_filters.len(), 2);
}

#[tokio::test]
async fn a_filter_that_hands_changed_is_told_and_made_good() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    for filter in account.state().metric_filters.values_mut() {
        "{ $.eventName = Nothing }".clone_into(&mut filter.pattern);
        filter.foreign.insert("unit".into(), "Count".into());
    }
    let changed = planned(&account, &desired).await;
    assert_eq!(changed.hand_made(), ["metric filter shop/dev/sign-ins"]);
    let shown = text(&changed);
    let part = "~ metric filter shop/dev/sign-ins  (changed by hand since the last apply)
    pattern: { $.eventName = Nothing } -> { $.eventName = ConsoleLogin }
    unit: Count -> gone";
    assert!(shown.contains(part), "{shown}");
    let nothing = planned(&account, &Desired::nothing(desired.target.clone())).await;
    assert_eq!(nothing.hand_made(), ["metric filter shop/dev/sign-ins"]);
    apply(&account, &changed, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
}

/// A line may count twice for a moment, and no line goes uncounted.
#[tokio::test]
async fn a_filter_that_changes_is_put_before_its_old_version_goes() {
    let desired = Files::default().desired();
    let changed = Files {
        alarms: ALARMS.replace("ConsoleLogin", "SwitchRole"),
        ..Files::default()
    };
    let changed = changed.desired();
    for cut in 0..=2 {
        let account = Fake::new(&desired.target);
        let before = applied(&account, &desired).await.calls;
        let plan = planned(&account, &changed).await;
        assert_eq!(plan.hand_made(), [""; 0]);
        account.state().fail_from = Some(before + cut);
        let outcome = apply(&account, &plan, |_, _| {}).await;
        assert_eq!(outcome.is_ok(), cut == 2);
        account.state().fail_from = None;
        assert!(!account.state().metric_filters.is_empty(), "cut at {cut}");
        let rest = planned(&account, &changed).await;
        assert_eq!(rest.hand_made(), [""; 0], "cut at {cut}");
        apply(&account, &rest, |_, _| {}).await.unwrap();
        let operations: Vec<_> = account.state().writes[before..]
            .iter()
            .map(Call::operation)
            .collect();
        assert_eq!(
            operations,
            ["logs:PutMetricFilter", "logs:DeleteMetricFilter"]
        );
        assert!(planned(&account, &changed).await.is_empty(), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_filter_that_counts_the_same_lines_is_told_of_and_goes_when_adopted() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    let mut theirs = desired.metric_filters[0].clone();
    "SignInsFilter".clone_into(&mut theirs.name);
    let key = theirs.key();
    account.state().metric_filters.insert(key.clone(), theirs);
    let plan = planned(&account, &desired).await;
    assert!(plan.is_empty());
    insta::assert_snapshot!(
        plan.notes.join("\n"),
        @"metric filter shop/dev/sign-ins: `SignInsFilter` writes the same metric from the same log group, and lines may count twice; `--adopt 'SignInsFilter'` puts this one in its place"
    );
    let observed = observe(&account, &desired).await.unwrap();
    let told = Adopt::named(["SignInsFilter"]);
    let plan = obs_deploy::plan::plan(&desired, &observed, &told).unwrap();
    assert_eq!(plan.notes, [""; 0]);
    assert_eq!(plan.hand_made(), [""; 0]);
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(!account.state().metric_filters.contains_key(&key));
    assert!(planned(&account, &desired).await.is_empty());
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

/// The law of healing, for an apply that takes things over.
#[tokio::test]
async fn an_adoption_that_is_cut_anywhere_is_healed_and_all_of_it_is_ours_then() {
    let desired = Files::default().desired();
    let all = Adopt::named([
        "shop-dev-oncall",
        "findings",
        "orders-failing",
        "b-checkout-down",
        "shop",
        "shop-dev-maintenance",
        "shop-dev-pay",
    ]);
    for cut in 0.. {
        let account = Fake::new(&desired.target);
        let before = applied(&account, &desired).await.calls;
        disown(&mut account.state());
        let observed = observe(&account, &desired).await.unwrap();
        let adoption = plan(&desired, &observed, &all).unwrap();
        account.state().fail_from = Some(before + cut);
        let outcome = apply(&account, &adoption, |_, _| {}).await;
        account.state().fail_from = None;
        let observed = observe(&account, &desired).await.unwrap();
        let rest = plan(&desired, &observed, &all).unwrap();
        assert_eq!(rest.hand_made(), [""; 0], "cut at {cut}");
        apply(&account, &rest, |_, _| {}).await.unwrap();
        assert!(planned(&account, &desired).await.is_empty(), "cut at {cut}");
        applied(&account, &Desired::nothing(desired.target.clone())).await;
        let state = account.state();
        assert!(state.topics.is_empty(), "cut at {cut}");
        assert!(state.alarms.is_empty(), "cut at {cut}");
        assert!(state.dashboards.is_empty(), "cut at {cut}");
        drop(state);
        let nothing = rules(&Fake::new(&desired.target));
        assert_eq!(rules(&account), nothing, "cut at {cut}");
        if outcome.is_ok() {
            assert!(cut >= 12, "an adoption of seven kinds is many calls");
            return;
        }
    }
}

/// One resource of each kind as somebody else would have made it: no tag, no mark.
fn disown(state: &mut State) {
    for topic in state.topics.values_mut() {
        topic.tags.clear();
        "Theirs".clone_into(&mut topic.display_name);
    }
    for (name, (alarm, tags)) in &mut state.alarms {
        match alarm {
            Alarm::Metric(alarm) if name == "orders-failing" => alarm.description.clear(),
            Alarm::Composite(alarm) if name == "b-checkout-down" => alarm.description.clear(),
            _ => continue,
        }
        tags.clear();
    }
    for (rule, tags, _) in state.event_rules.values_mut() {
        rule.description.clear();
        tags.clear();
    }
    for (rule, tags) in state.mute_rules.values_mut() {
        rule.description.clear();
        tags.clear();
    }
    for (body, tags) in state.dashboards.values_mut() {
        *body = body.replace("# Shop", "# Theirs");
        tags.clear();
    }
    for (rule, tags) in state.sampling_rules.values_mut() {
        rule.rate = 1.0;
        tags.clear();
    }
}

#[tokio::test]
async fn a_name_to_adopt_that_nothing_has_is_told_with_its_near_miss() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    let observed = observe(&account, &desired).await.unwrap();
    let names = Adopt::named(["orders-failling", "findings", "shop", "xyz"]);
    let plan = plan(&desired, &observed, &names).unwrap();
    assert_eq!(
        plan.notes,
        [
            "`--adopt orders-failling`: nothing in the account has this name; did you mean `orders-failing`?",
            "`--adopt xyz`: nothing in the account has this name",
        ]
    );
}

#[tokio::test]
async fn a_target_that_is_sent_elsewhere_is_somebodys_hand_and_a_missing_one_is_not() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    let own = "obs-shop-dev-oncall".to_owned();
    let set = |arn: Option<&str>| {
        let mut state = account.state();
        let (.., targets) = state.event_rules.get_mut("findings").unwrap();
        targets.clear();
        targets.extend(arn.map(|arn| (own.clone(), arn.to_owned())));
    };
    set(Some("arn:aws:sns:us-east-1:999999999999:shop-dev-oncall"));
    let plan = planned(&account, &desired).await;
    assert_eq!(plan.hand_made(), ["event rule findings"]);
    set(None);
    let plan = planned(&account, &desired).await;
    assert_eq!((plan.steps.len(), plan.hand_made().len()), (1, 0));
    apply(&account, &plan, |_, _| {}).await.unwrap();
    assert!(planned(&account, &desired).await.is_empty());
}

#[tokio::test]
async fn what_hands_changed_is_told_before_it_is_deleted() {
    let desired = Files::default().desired();
    let account = Fake::new(&desired.target);
    applied(&account, &desired).await;
    {
        let mut state = account.state();
        for (body, _) in state.dashboards.values_mut() {
            *body = body.replace("# Shop", "# Their shop");
        }
        for topic in state.topics.values_mut() {
            "Theirs".clone_into(&mut topic.display_name);
        }
    }
    let nothing = planned(&account, &Desired::nothing(desired.target.clone())).await;
    assert_eq!(
        nothing.hand_made(),
        ["dashboard shop", "topic shop-dev-oncall"]
    );
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
