//! What a plan says of the account around it: quotas, and rules that keep ours from being
//! asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeMap;

use obs_deploy::account::fake::Fake;
use obs_deploy::model::{EventRule, MetricFilter, SamplingRule, Tags};
use obs_deploy::plan::{Adopt, observe, plan};
use obs_deploy::resolve::{Choice, Resolved, resolve};
use obs_deploy::source::problem::Paint;
use obs_deploy::source::read;

const PROJECT: &str = r#"
project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
topics: { oncall: {} }
severities: { page: { topics: [oncall], require: [] } }
sampling:
  pay: { priority: 100, rate: 20%, service: pay }
  rest: { priority: 9000, rate: 5% }
"#;

const ALARMS: &str = r#"
alarms:
  - name: refused
    severity: page
    filter: { log_group: /shop/log, pattern: refused }
    metric: { namespace: Shop, name: Refused }
    statistic: Sum
    period: 1m
    condition: "> 0"
events:
  - { name: findings, severity: page, pattern: { source: [aws.guardduty] } }
"#;

fn resolved(project: &str) -> Resolved {
    resolved_with(project, ALARMS)
}

fn resolved_with(project: &str, alarms: &str) -> Resolved {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("alarms")).unwrap();
    std::fs::write(dir.path().join("obs.yaml"), project).unwrap();
    std::fs::write(dir.path().join("alarms/shop.yaml"), alarms).unwrap();
    resolve(&read(dir.path()).unwrap(), &Choice::default())
        .unwrap_or_else(|invalid| panic!("{}", invalid.render(Paint::Plain)))
}

async fn notes(fill: impl Fn(&Fake)) -> Vec<String> {
    let desired = resolved(PROJECT).desired;
    let account = Fake::new(&desired.target);
    fill(&account);
    let observed = observe(&account, &desired).await.unwrap();
    let plan = plan(&desired, &observed, &Adopt::default()).unwrap();
    plan.notes
}

fn sampling(name: &str, priority: u32, service: &str) -> (SamplingRule, Tags) {
    let any = || "*".to_owned();
    let rule = SamplingRule {
        name: name.to_owned(),
        priority,
        reservoir: 1,
        rate: 0.05,
        service: service.to_owned(),
        service_type: any(),
        host: any(),
        method: any(),
        path: any(),
        resource_arn: any(),
        attributes: BTreeMap::new(),
    };
    (rule, Tags::new())
}

#[tokio::test]
async fn a_plan_that_fits_says_nothing() {
    assert_eq!(notes(|_| {}).await, [""; 0]);
}

#[tokio::test]
async fn a_rule_of_somebody_else_that_decides_first_is_named() {
    let told = notes(|account| {
        let mut state = account.state();
        let rules = &mut state.sampling_rules;
        rules.insert("all".to_owned(), sampling("all", 50, "*"));
        rules.insert("late".to_owned(), sampling("late", 9500, "*"));
    })
    .await;
    let expect = |rule: &str| {
        format!(
            "sampling rule {rule}: somebody else's all decides first (priority 50) and matches all that it does, so that X-Ray never asks it"
        )
    };
    assert_eq!(told, [expect("shop-dev-pay"), expect("shop-dev-rest")]);
}

#[tokio::test]
async fn what_would_be_over_a_quota_is_told_by_kind() {
    let told = notes(|account| {
        let mut state = account.state();
        for number in 0..300 {
            let name = format!("rule-{number}");
            let rule = EventRule {
                name: name.clone(),
                description: String::new(),
                pattern: serde_json::json!({ "source": ["a"] }),
                topics: Vec::new(),
                foreign: BTreeMap::new(),
            };
            let one = (rule, Tags::new(), BTreeMap::new());
            state.event_rules.insert(name, one);
        }
        for number in 0..100 {
            let name = format!("filter-{number}");
            let filter = MetricFilter {
                log_group: "/shop/log".to_owned(),
                name: name.clone(),
                pattern: String::new(),
                metric_namespace: "Shop".to_owned(),
                metric_name: "X".to_owned(),
                value: "1".to_owned(),
                default_value: None,
                foreign: BTreeMap::new(),
            };
            let key = ("/shop/log".to_owned(), name);
            state.metric_filters.insert(key, filter);
        }
        for number in 0..24 {
            let name = format!("other-{number}");
            let rule = sampling(&name, 1, "other");
            state.sampling_rules.insert(name, rule);
        }
    })
    .await;
    let told: Vec<&str> = told
        .iter()
        .filter_map(|one| one.split(':').next())
        .collect();
    assert_eq!(
        told,
        [
            "301 rules on the default event bus are more than AWS's quota of 300",
            "26 sampling rules in the region are more than AWS's quota of 25",
            "101 metric filters on log group /shop/log are more than AWS's quota of 100",
        ]
    );
}

#[test]
fn a_sampling_rule_that_is_never_asked_is_worth_a_look() {
    let resolved = resolved(&PROJECT.replace("priority: 100", "priority: 9900"));
    let warnings = resolved.warnings.unwrap().render(Paint::Plain);
    assert!(
        warnings.contains("`shop-dev-rest` decides first, and matches all that this does"),
        "{warnings}"
    );
}

#[test]
fn a_pattern_of_lines_that_is_none_to_us_is_worth_a_look() {
    let check = |pattern: &str, expect: Option<&str>| {
        let alarms = ALARMS.replace("pattern: refused }", pattern);
        let resolved = resolved_with(PROJECT, &alarms);
        let warnings = resolved.warnings.map(|it| it.render(Paint::Plain));
        let said = warnings.as_deref().unwrap_or_default();
        assert_eq!(said.is_empty(), expect.is_none(), "{pattern}: {said}");
        assert!(
            said.contains(expect.unwrap_or_default()),
            "{pattern}: {said}"
        );
    };
    check("pattern: '{ $.code = 4* }', value: $.bytes }", None);
    check("pattern: '[ip, ..., bytes]', value: $bytes }", None);
    check("pattern: '%[Ee]rror%' }", None);
    check("pattern: '{ $.code = }' }", Some("compares with nothing"));
    check(
        "pattern: '[ip, ..., bytes]', value: $size }",
        Some("`$size` is none of the pattern's fields"),
    );
    check(
        "pattern: ERROR, value: $.size }",
        Some("needs a pattern of JSON"),
    );
}
