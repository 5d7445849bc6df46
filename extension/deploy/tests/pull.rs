//! From an account to files and back, over an account in memory: what is pulled reads as
//! what was found; what is restored is what was there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use obs_deploy::account::fake::Fake;
use obs_deploy::account::{Call, TopicState, Writes};
use obs_deploy::apply::apply;
use obs_deploy::holdings::{Holdings, Selection, Whose, hold};
use obs_deploy::model::alarm::Term;
use obs_deploy::model::{
    Actions, Alarm, CompositeAlarm, Dashboard, Desired, MetricAlarm, MetricRef, Query, Signal,
    Subscription, Suppressor, Tags, Target,
};
use obs_deploy::plan::{Adopt, observe, plan};
use obs_deploy::pull::{Overwrite, Project, Pulled, pull};
use obs_deploy::resolve::{Choice, Resolved, resolve};
use obs_deploy::snapshot::Snapshot;
use obs_deploy::source::read;
use proptest::prelude::*;

const HEAD: &str = "# The shop.\nproject: shop\nenvironments:\n  dev: { account: \"000000000000\", region: us-east-1 } # here\n";

fn target() -> Target {
    Target {
        project: "shop".to_owned(),
        environment: "dev".to_owned(),
        account: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: None,
        role: None,
    }
}

fn resolved(root: &Path) -> Resolved {
    let shown = |invalid: Box<obs_deploy::source::problem::Invalid>| {
        invalid.render(obs_deploy::source::problem::Paint::Plain)
    };
    let documents = read(root).unwrap_or_else(|invalid| panic!("{}", shown(invalid)));
    resolve(&documents, &Choice::default()).unwrap_or_else(|invalid| panic!("{}", shown(invalid)))
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

async fn held(account: &Fake, known: &Desired, whose: Whose) -> Holdings {
    let selection = Selection {
        whose,
        ..Selection::default()
    };
    hold(account, known, &selection).await.unwrap()
}

/// Pulls into a folder, as the command does.
async fn pulled(account: &Fake, root: &Path, whose: Whose) -> Pulled {
    let documents = read(root).unwrap();
    let known = resolved(root);
    let held = held(account, &known.desired, whose).await;
    let choice = Choice::default();
    let project = Project {
        documents: &documents,
        resolved: &known,
        choice: &choice,
    };
    let pulled = pull(project, &held, Overwrite::Nothing);
    for (name, text) in &pulled.files {
        write(root, name, text);
    }
    pulled
}

async fn planned(account: &Fake, desired: &Desired, adopt: &[String]) -> obs_deploy::plan::Plan {
    let observed = observe(account, desired).await.unwrap();
    plan(desired, &observed, &Adopt::named(adopt.iter().cloned())).unwrap()
}

async fn make(account: &Fake, desired: &Desired, adopt: &[String]) {
    let plan = planned(account, desired, adopt).await;
    apply(account, &plan, |_, _| {}).await.unwrap();
}

fn topic_arn() -> String {
    target().topic_arn("alerts")
}

fn metric_alarm(name: &str) -> MetricAlarm {
    MetricAlarm {
        name: name.to_owned(),
        description: String::new(),
        actions: Actions::default(),
        actions_enabled: true,
        signal: Signal::Metric {
            metric: MetricRef {
                namespace: "Shop".to_owned(),
                name: "Orders".to_owned(),
                dimensions: BTreeMap::new(),
            },
            statistic: "Sum".to_owned(),
            unit: None,
            period: 60,
        },
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: 1.0,
        comparison: "GreaterThanThreshold".to_owned(),
        treat_missing_data: "missing".to_owned(),
        low_samples: None,
        foreign: BTreeMap::new(),
    }
}

/// Somebody's hand puts an alarm.
async fn put(account: &Fake, alarm: Alarm) {
    let call = Call::PutAlarm {
        alarm: Box::new(alarm),
        tags: Tags::new(),
    };
    account.write(&call).await.unwrap();
}

fn topics(account: &Fake) {
    let state = TopicState {
        display_name: "Alerts \"now\"".to_owned(),
        subscriptions: BTreeMap::from([
            (told("email", "a@example.com"), None),
            (
                told("https", "https://hooks.example.com/T0/${secret}"),
                Some("arn:x".to_owned()),
            ),
            (told("sms", "+4900000"), Some("arn:y".to_owned())),
        ]),
        ..TopicState::default()
    };
    account.state().topics.insert(topic_arn(), state);
}

fn told(protocol: &str, endpoint: &str) -> Subscription {
    Subscription {
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
    }
}

fn texts() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        "[ -~]{1,8}",
        Just("${region}".to_owned()),
        Just("$${x}".to_owned()),
        Just("${LAST}".to_owned()),
        Just("\"'\\".to_owned()),
        Just("ü漢🦀".to_owned()),
        Just(": #".to_owned()),
        Just("- ".to_owned()),
    ];
    proptest::collection::vec(parts, 1..4).prop_map(|parts| parts.concat())
}

fn names() -> impl Strategy<Value = String> {
    texts().prop_map(|text| format!("a{text}"))
}

fn descriptions() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![texts(), Just(String::new()), Just(" indented".to_owned())],
        0..4,
    )
    .prop_map(|lines| lines.join("\n").trim().to_owned())
}

fn metrics() -> impl Strategy<Value = MetricRef> {
    (
        names(),
        proptest::collection::btree_map(names(), texts(), 0..30),
    )
        .prop_map(|(name, dimensions)| MetricRef {
            namespace: "Shop".to_owned(),
            name,
            dimensions,
        })
}

fn actions() -> impl Strategy<Value = Actions> {
    let arns = || proptest::collection::vec(Just(topic_arn()), 0..2);
    (arns(), arns(), arns()).prop_map(|(alarm, ok, insufficient_data)| Actions {
        alarm,
        ok,
        insufficient_data,
    })
}

fn signals() -> impl Strategy<Value = Signal> {
    let statistic = prop_oneof![
        Just("Sum"),
        Just("Average"),
        Just("p99.9"),
        Just("TM(1%:99%)")
    ];
    let unit = proptest::option::of(Just("Milliseconds".to_owned()));
    let period = prop_oneof![Just(10), Just(60), Just(3600)];
    let one = (metrics(), statistic, unit, period).prop_map(|(metric, statistic, unit, period)| {
        Signal::Metric {
            metric,
            statistic: statistic.to_owned(),
            unit,
            period,
        }
    });
    let label = || proptest::option::of(texts());
    let id = prop_oneof![Just("e1"), Just("result"), Just("z_9")];
    let math =
        (metrics(), metrics(), id, label(), label()).prop_map(|(a, b, id, first, second)| {
            let term = |metric| Term::Metric {
                metric,
                statistic: "Sum".to_owned(),
                unit: None,
                period: 60,
            };
            let mut queries = vec![
                Query {
                    id: "m1".to_owned(),
                    label: first,
                    returns: false,
                    term: term(a),
                },
                Query {
                    id: "m2".to_owned(),
                    label: None,
                    returns: false,
                    term: term(b),
                },
                Query {
                    id: id.to_owned(),
                    label: second,
                    returns: true,
                    term: Term::Expression {
                        text: "IF(m1 > 0, 100 * m2 / m1)".to_owned(),
                    },
                },
            ];
            queries.sort_by(|a, b| a.id.cmp(&b.id));
            Signal::Math(queries)
        });
    prop_oneof![one, math]
}

fn alarms() -> impl Strategy<Value = MetricAlarm> {
    let comparison = prop_oneof![
        Just("GreaterThanThreshold"),
        Just("LessThanOrEqualToThreshold"),
        Just("LessThanThreshold"),
        Just("GreaterThanOrEqualToThreshold"),
    ];
    let missing = prop_oneof![
        Just("missing"),
        Just("ignore"),
        Just("breaching"),
        Just("notBreaching")
    ];
    let numbers = (
        1_u32..6,
        0_u32..5,
        -1e9_f64..1e9,
        proptest::option::of(Just("ignore".to_owned())),
    );
    (
        names(),
        descriptions(),
        actions(),
        signals(),
        (comparison, missing),
        numbers,
    )
        .prop_map(
            |(
                name,
                description,
                actions,
                signal,
                (comparison, missing),
                (n, m, threshold, low_samples),
            )| MetricAlarm {
                description,
                actions,
                signal,
                evaluation_periods: n,
                datapoints_to_alarm: (m % n) + 1,
                threshold,
                comparison: comparison.to_owned(),
                treat_missing_data: missing.to_owned(),
                low_samples,
                ..metric_alarm(&name)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever hands made: pulled, taken over, and nothing is left to do.
    #[test]
    fn what_is_pulled_reads_as_what_was_found(list in proptest::collection::vec(alarms(), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let account = Fake::new(&target());
            topics(&account);
            let mut found = BTreeMap::new();
            for alarm in list {
                found.insert(alarm.name.clone(), alarm.clone());
                put(&account, Alarm::Metric(alarm)).await;
            }
            let root = tempfile::tempdir().unwrap();
            write(root.path(), "obs.yaml", HEAD);
            let pulled = pulled(&account, root.path(), Whose::Anybodys).await;
            let unsaid: Vec<_> = pulled.unsaid.iter().filter(|one| !one.what.starts_with("topic ")).collect();
            assert!(unsaid.is_empty(), "{unsaid:?}");
            let desired = resolved(root.path()).desired;
            let marker = target().marker();
            for alarm in &desired.alarms {
                let mut alarm = alarm.clone();
                let bare = alarm.description.strip_suffix(&marker).unwrap();
                alarm.description = bare.strip_suffix('\n').unwrap_or(bare).to_owned();
                assert_eq!(&alarm, &found[&alarm.name]);
            }
            assert_eq!(desired.alarms.len(), found.len());
            make(&account, &desired, &pulled.adopt).await;
            assert!(planned(&account, &desired, &[]).await.is_empty());
        });
    }
}

const SHOP: &str = r#"
resources:
  functions:
    pay: { timeout: 10s, memory: 256MB }
topics:
  oncall: { display_name: Shop, subscriptions: [{ email: a@example.com }, { https: "https://hooks.example.com/T0/B1" }] }
severities:
  page: { topics: [oncall], insufficient_data: [oncall] }
sampling:
  rest: { priority: 9000, rate: 5% }
mutes:
  night: { schedule: cron(0 3 * * SUN), duration: 1h, timezone: Europe/Berlin, alarms: [pay-slow] }
"#;

const SHOP_ALARMS: &str = r#"
alarms:
  - name: ${resource}-slow
    for_each: functions
    severity: page
    runbook: https://example.com/${alarm}
    owner: shop
    metric: { namespace: AWS/Lambda, name: Duration }
    statistic: p90
    period: 1m
    condition: "> 90% of timeout"
  - name: errors
    severity: page
    filter: { log_group: /aws/lambda/pay, pattern: '{ $.level = "ERROR" }' }
    metric: { namespace: Shop, name: Errors }
    statistic: Sum
    period: 5m
    condition: "> 0"
  - name: deploying
    severity: none
    metric: { namespace: Shop, name: Deploying }
    statistic: Maximum
    period: 1m
    condition: "> 0"
composites:
  - name: b-down
    severity: page
    rule: ALARM("pay-slow") AND ALARM("errors")
    suppressor: { alarm: deploying, wait: 2m, extension: 30s }
  - name: a-down
    severity: none
    rule: ALARM("b-down") OR NOT OK("errors")
events:
  - name: findings
    severity: page
    description: Somebody looks around.
    pattern: { source: [aws.guardduty], detail: { severity: [{ numeric: [">=", 7] }] } }
"#;

/// Something of every kind, kept by the project.
async fn shop() -> (Fake, tempfile::TempDir) {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "obs.yaml", &format!("{HEAD}{SHOP}"));
    write(root.path(), "alarms/shop.yaml", SHOP_ALARMS);
    write(
        root.path(),
        "dashboards/shop.yaml",
        "rows:\n  - widgets:\n      - text: '# ${region}'\n",
    );
    let account = Fake::new(&target());
    make(&account, &resolved(root.path()).desired, &[]).await;
    (account, root)
}

#[tokio::test]
async fn applied_and_pulled_into_new_files_nothing_is_left_to_do() {
    let (account, _) = shop().await;
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "obs.yaml", HEAD);
    let pulled = pulled(&account, root.path(), Whose::Ours).await;
    assert_eq!(pulled.unsaid, []);
    assert_eq!(pulled.adopt, Vec::<String>::new());
    let plan = planned(&account, &resolved(root.path()).desired, &[]).await;
    assert_eq!(plan.steps, []);
    let all: String = pulled
        .files
        .iter()
        .map(|(name, text)| format!("==> {name}\n{text}"))
        .collect();
    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn what_another_project_keeps_is_left_out() {
    let (account, _) = shop().await;
    let root = tempfile::tempdir().unwrap();
    write(
        root.path(),
        "obs.yaml",
        &HEAD.replace("project: shop", "project: other"),
    );
    let pulled = pulled(&account, root.path(), Whose::Anybodys).await;
    assert_eq!(pulled.adopt, Vec::<String>::new());
    assert_eq!(pulled.files, []);
    let left_out = |what: &str| {
        let mut all = pulled.unsaid.iter().filter(|it| it.what.starts_with(what));
        all.any(|it| it.why == "left out: it is kept by shop/dev")
    };
    for what in ["topic ", "alarm ", "dashboard ", "sampling rule "] {
        assert!(left_out(what), "{what}");
    }
}

#[tokio::test]
async fn a_second_pull_writes_nothing() {
    let (account, root) = shop().await;
    let again = pulled(&account, root.path(), Whose::Ours).await;
    assert_eq!(again.files, []);
    assert_eq!(again.unsaid, []);
    assert!(again.known >= 9, "{}", again.known);
}

#[tokio::test]
async fn what_the_files_say_otherwise_is_named_and_stays() {
    let (account, root) = shop().await;
    let text = std::fs::read_to_string(root.path().join("alarms/shop.yaml")).unwrap();
    write(
        root.path(),
        "alarms/shop.yaml",
        &text.replace("90% of", "80% of"),
    );
    let again = pulled(&account, root.path(), Whose::Ours).await;
    assert_eq!(again.files, []);
    let unsaid = &again.unsaid[0];
    assert_eq!(unsaid.what, "alarm pay-slow");
    assert!(unsaid.why.contains("threshold"), "{}", unsaid.why);
}

/// What a hand does to an alarm.
type Change = fn(&mut MetricAlarm);

/// Alarms that the files have no words for.
const WORDLESS: [(&str, Change); 7] = [
    ("anomaly", |alarm| {
        alarm.comparison = "LessThanLowerOrGreaterThanUpperThreshold".to_owned();
    }),
    ("silent", |alarm| alarm.actions_enabled = false),
    ("recover", |alarm| {
        alarm.actions.alarm = vec!["arn:aws:automate:us-east-1:ec2:recover".to_owned()];
    }),
    ("foreign", |alarm| {
        alarm
            .foreign
            .insert("threshold_metric_id".to_owned(), "b".to_owned());
    }),
    ("kept", |alarm| {
        alarm.description = "Kept as code by obs: other/dev #000000000000".to_owned();
    }),
    ("long", |alarm| alarm.description = "x".repeat(1000)),
    ("period", |alarm| {
        if let Signal::Metric { period, .. } = &mut alarm.signal {
            *period = 45;
        }
    }),
];

#[tokio::test]
async fn what_the_files_have_no_words_for_is_named() {
    let account = Fake::new(&target());
    topics(&account);
    for (name, change) in WORDLESS {
        let mut alarm = metric_alarm(name);
        change(&mut alarm);
        put(&account, Alarm::Metric(alarm)).await;
    }
    let over = CompositeAlarm {
        name: "over".to_owned(),
        description: "Trailing. ".to_owned(),
        actions: Actions::default(),
        actions_enabled: true,
        rule: "ALARM(\"silent\")".to_owned(),
        suppressor: Some(Suppressor {
            alarm: "period".to_owned(),
            wait: 1,
            extension: 1,
        }),
        foreign: BTreeMap::new(),
    };
    put(&account, Alarm::Composite(over)).await;
    put(
        &account,
        Alarm::Metric(MetricAlarm {
            description: "Space. ".to_owned(),
            ..metric_alarm("fine")
        }),
    )
    .await;
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "obs.yaml", HEAD);
    let pulled = pulled(&account, root.path(), Whose::Anybodys).await;
    let unsaid: String = pulled
        .unsaid
        .iter()
        .map(|one| format!("{}: {}\n", one.what, one.why))
        .collect();
    insta::assert_snapshot!(unsaid);
    assert_eq!(pulled.adopt, ["alerts", "fine"]);
    assert_eq!(resolved(root.path()).desired.alarms.len(), 1);
}

#[tokio::test]
async fn an_obs_yaml_of_people_is_added_to_and_not_rewritten() {
    let account = Fake::new(&target());
    topics(&account);
    let root = tempfile::tempdir().unwrap();
    let text = format!(
        "{HEAD}topics:\n    # ours\n    oncall: {{}}\n\n# bad\nseverities:\n  page: {{ topics: [oncall] }}\n"
    );
    write(root.path(), "obs.yaml", &text);
    let pulled = pulled(&account, root.path(), Whose::Anybodys).await;
    let after = std::fs::read_to_string(root.path().join("obs.yaml")).unwrap();
    let kept: BTreeSet<&str> = after.lines().collect();
    assert!(text.lines().all(|line| kept.contains(line)));
    insta::assert_snapshot!(after);
    assert_eq!(
        pulled.secrets,
        [(
            "https://hooks.example.com/T0/${secret}".to_owned(),
            format!(
                "https://hooks.example.com/... ({})",
                told("https", "https://hooks.example.com/T0/${secret}").hash()
            )
        )]
    );
}

#[tokio::test]
async fn where_nothing_can_be_put_in_it_is_said_what_to_add() {
    let account = Fake::new(&target());
    topics(&account);
    let root = tempfile::tempdir().unwrap();
    write(
        root.path(),
        "obs.yaml",
        &format!("{HEAD}topics: {{ oncall: {{}} }}\n"),
    );
    let pulled = pulled(&account, root.path(), Whose::Anybodys).await;
    assert_eq!(pulled.files, []);
    insta::assert_snapshot!(pulled.by_hand.unwrap());
}

#[tokio::test]
async fn names_patterns_and_tags_select() {
    let account = Fake::new(&target());
    for name in ["shop-a", "shop-b", "other"] {
        put(&account, Alarm::Metric(metric_alarm(name))).await;
    }
    account
        .state()
        .alarms
        .get_mut("other")
        .unwrap()
        .1
        .insert("team".to_owned(), "x".to_owned());
    for name in ["shop", "other"] {
        let board = Dashboard {
            name: name.to_owned(),
            body: "{\"widgets\":[]}".to_owned(),
        };
        account
            .state()
            .dashboards
            .insert(board.name, (board.body, Tags::new()));
    }
    let known = Desired::nothing(target());
    let check = async |names: &[&str], tags: &[(&str, &str)], expect: &[&str]| {
        let selection = Selection {
            whose: Whose::Anybodys,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            tags: tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            ..Selection::default()
        };
        let held = hold(&account, &known, &selection).await.unwrap();
        let others: Vec<&str> = held.others.iter().map(String::as_str).collect();
        assert_eq!(others, expect, "{names:?} {tags:?}");
    };
    check(&[], &[], &["other", "shop", "shop-a", "shop-b"]).await;
    check(&["shop*"], &[], &["shop", "shop-a", "shop-b"]).await;
    check(&["shop-b"], &[], &["shop-b"]).await;
    check(&[], &[("team", "x")], &["other"]).await;
    check(&["shop*"], &[("team", "x")], &[]).await;
}

#[tokio::test]
async fn a_composite_brings_along_whom_it_names_and_whom_it_tells() {
    let account = Fake::new(&target());
    topics(&account);
    put(&account, Alarm::Metric(metric_alarm("child"))).await;
    put(&account, Alarm::Metric(metric_alarm("else"))).await;
    let over = CompositeAlarm {
        name: "over".to_owned(),
        description: String::new(),
        actions: Actions {
            alarm: vec![topic_arn()],
            ..Actions::default()
        },
        actions_enabled: true,
        rule: "ALARM(child)".to_owned(),
        suppressor: None,
        foreign: BTreeMap::new(),
    };
    put(&account, Alarm::Composite(over)).await;
    let selection = Selection {
        whose: Whose::Anybodys,
        names: vec!["over".to_owned()],
        ..Selection::default()
    };
    let held = hold(&account, &Desired::nothing(target()), &selection)
        .await
        .unwrap();
    assert_eq!(
        held.others,
        BTreeSet::from(["alerts", "child", "over"].map(str::to_owned))
    );
}

#[tokio::test]
async fn restored_is_what_was_there_whatever_the_files_did_since() {
    let (account, root) = shop().await;
    let known = resolved(root.path()).desired;
    let before = held(&account, &known, Whose::Ours).await;
    let snapshot = Snapshot::of(before.clone(), "");
    let text = Snapshot::write(vec![snapshot]);
    let read = Snapshot::read(&text).unwrap().remove(0);
    assert_eq!(
        Snapshot::write(vec![read.clone()]),
        text,
        "same holdings, same bytes"
    );
    assert!(planned(&account, &read.desired, &[]).await.is_empty());

    // Changed by files.
    let alarms = std::fs::read_to_string(root.path().join("alarms/shop.yaml")).unwrap();
    write(
        root.path(),
        "alarms/shop.yaml",
        &alarms.replace("90% of", "50% of").replace("2m", "4m"),
    );
    write(
        root.path(),
        "dashboards/shop.yaml",
        "rows:\n  - widgets:\n      - text: other\n",
    );
    write(
        root.path(),
        "dashboards/more.yaml",
        "rows:\n  - widgets:\n      - text: more\n",
    );
    make(&account, &resolved(root.path()).desired, &[]).await;
    assert!(!planned(&account, &read.desired, &[]).await.is_empty());
    make(&account, &read.desired, &[]).await;
    assert_eq!(held(&account, &known, Whose::Ours).await, before);

    // Destroyed.
    make(&account, &Desired::nothing(target()), &[]).await;
    assert!(account.state().alarms.is_empty() && account.state().topics.is_empty());
    make(&account, &read.desired, &[]).await;
    assert_eq!(held(&account, &known, Whose::Ours).await, before);
    assert!(
        planned(&account, &known, &[]).await.is_empty(),
        "and the files agree"
    );
}
