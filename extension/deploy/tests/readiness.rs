//! The score of real files: where CloudVault stood, where it stands, and that each step
//! of the way between does what was told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use obs_deploy::model::Subscription;
use obs_deploy::readiness::{Budget, Facts, Known, Report, Rule, Style, assess};
use obs_deploy::resolve::{Choice, Resolved, resolve};
use obs_deploy::source::problem::Paint;
use obs_deploy::source::read;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn starter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readiness/starter")
}

fn resolved(dir: &Path, environment: Option<&str>) -> Resolved {
    let choice = Choice {
        environment: environment.map(str::to_owned),
        ..Choice::default()
    };
    resolve(&read(dir).unwrap(), &choice)
        .unwrap_or_else(|invalid| panic!("{}", invalid.render(Paint::Plain)))
}

fn project(obs: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let head =
        "project: shop\nenvironments:\n  dev: { account: \"000000000000\", region: eu-west-1 }\n";
    std::fs::write(dir.path().join("obs.yaml"), format!("{head}{obs}")).unwrap();
    dir
}

fn rendered(report: &Report, style: Style) -> String {
    let mut text = String::new();
    report.render(&mut text, style).unwrap();
    text
}

/// Subjects that a rule finds something missing of.
fn missing(report: &Report, rule: Rule) -> Vec<&str> {
    let tally = report.tallies.iter().find(|tally| tally.rule == rule);
    let findings = tally.map_or(&[][..], |tally| &tally.findings);
    findings.iter().map(|it| it.subject.as_str()).collect()
}

#[test]
fn cloudvault_is_ready_in_every_environment() {
    for environment in ["dev", "staging", "production"] {
        let report = assess(&resolved(&root(), Some(environment)), None);
        assert!(report.score() >= 90.0, "{}", rendered(&report, Style::Text));
    }
}

#[test]
fn cloudvault_stood_near_45_percent() {
    let report = assess(&resolved(&starter(), None), None);
    let score = report.score();
    assert!((44.0..46.0).contains(&score), "{score}");
}

/// A step of the way: what is changed in which file, and by which rule.
type Step = (Rule, &'static str, fn(&str) -> String);

const STEPS: [Step; 10] = [
    (Rule::DeadLetters, "alarms/alarms.yaml", |text| {
        text.replace(
            "    only: [cloudvault-thumbnails-dlq]\n",
            "    alarms: { age: { condition: \">= 5m\" } }\n",
        )
    }),
    (Rule::ResourceAlarms, "alarms/alarms.yaml", |text| {
        let kinds = [
            "buckets",
            "schedules",
            "user_pools",
            "web_acls",
            "secrets",
            "trails",
        ];
        let uses: String = kinds
            .iter()
            .map(|kind| format!("  - use: {kind}\n"))
            .collect();
        let blocked = "  - use: web_acls\n    alarms: { blocked: { condition: \"> 20\" } }\n";
        text.to_owned() + &uses.replace("  - use: web_acls\n", blocked)
    }),
    (Rule::Runbooks, "obs.yaml", |text| {
        format!(
            "{text}defaults: {{ owner: CloudVault on-call, runbook: \"https://runbooks.cloudvault.example/${{alarm}}\" }}\n"
        )
    }),
    (Rule::Objectives, "obs.yaml", |text| {
        format!(
            "{text}slos:\n  uploads: {{ objective: 99.9%, availability: {{ resource: functions/cloudvault-upload }}, minimum_requests: 100 }}\n"
        )
    }),
    (Rule::Dashboards, "dashboards/functions.yaml", |_| {
        "rows:\n  - overview: true\n".to_owned()
    }),
    (Rule::Sampling, "obs.yaml", |text| {
        format!("{text}sampling:\n  rest: {{ priority: 9000, rate: 5%, reservoir: 1 }}\n")
    }),
    (Rule::Retention, "obs.yaml", |text| {
        let mut text = text.to_owned();
        for line in [
            "256MB, tracing: active }",
            "1024MB }",
            "1m, memory: 256MB }",
        ] {
            let longer = line.replace(" }", ", log_retention: 30d }");
            text = text.replace(line, &longer);
        }
        text
    }),
    (Rule::Tracing, "obs.yaml", |text| {
        text.replace("1024MB, log", "1024MB, tracing: active, log")
            .replace(
                "1m, memory: 256MB, log",
                "1m, memory: 256MB, tracing: active, log",
            )
    }),
    (Rule::Tests, "alarms/cloudvault.test.yaml", |_| {
        "tests:\n  - name: uploads that fail page\n    series:\n      - metric: { namespace: AWS/Lambda, name: Errors }\n        resource: functions/cloudvault-upload\n        values: 1x10\n    expect:\n      - { at: 9m, alarm: cloudvault-upload-errors, state: ALARM, told: [oncall] }\n".to_owned()
    }),
    (Rule::Presets, "alarms/alarms.yaml", str::to_owned),
];

/// Walks the way, and tells it as `docs/readiness.md`.
#[test]
fn every_step_of_the_way_adds_what_was_told_and_the_document_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    for file in [
        "obs.yaml",
        "alarms/alarms.yaml",
        "dashboards/functions.yaml",
    ] {
        let to = dir.path().join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(starter().join(file), to).unwrap();
    }
    let mut before = assess(&resolved(dir.path(), None), None);
    let mut table = String::new();
    for (rule, file, change) in STEPS {
        let gain = before
            .tallies
            .iter()
            .find(|it| it.rule == rule)
            .unwrap()
            .gain();
        let path = dir.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, change(&text)).unwrap();
        let after = assess(&resolved(dir.path(), None), None);
        assert!(after.score() >= before.score(), "{}", rule.name());
        assert_eq!(missing(&after, rule), [""; 0], "{}", rule.name());
        let added = after.score() - before.score();
        assert!(added >= gain - 0.2, "{}: {added} of {gain}", rule.name());
        if added > 0.0 {
            let (from, to) = (before.score(), after.score());
            writeln!(
                table,
                "| {} | `{file}` | {from:.1} | {to:.1} |",
                rule.name()
            )
            .unwrap();
        }
        before = after;
    }
    assert!(before.score() >= 90.0, "{}", rendered(&before, Style::Text));
    let document = document(&table);
    let path = root().join("docs/readiness.md");
    if updates_documents() {
        std::fs::write(&path, &document).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, document, "write it again with OBS_UPDATE_DOCS=1");
}

#[expect(
    clippy::disallowed_methods,
    reason = "who runs this test says whether the page is written again"
)]
fn updates_documents() -> bool {
    std::env::var_os("OBS_UPDATE_DOCS").is_some()
}

fn document(steps: &str) -> String {
    let mut rules = String::new();
    for rule in Rule::all() {
        writeln!(
            rules,
            "| {} | {} | {} |",
            rule.name(),
            rule.weight(),
            rule.counts()
        )
        .unwrap();
    }
    let shown = |report: &Report| rendered(report, Style::Text);
    format!(
        "# Readiness\n\n\
`obs readiness` says how ready a project is to be run, why, and what to do next. This page\n\
is written by a test (`extension/deploy/tests/readiness.rs`).\n\n\
## What counts\n\n\
A rule's weight is shared by its subjects; what is not known counts neither way, and what\n\
a project does not have is not held against it.\n\n\
| rule | weight | counts |\n|---|--:|---|\n{rules}\n\
## From 45 % to over 90 %\n\n\
Each row is one change to the files of `extension/deploy/tests/readiness/starter`.\n\n\
| rule | file | before | after |\n|---|---|--:|--:|\n{steps}\n\
## Where CloudVault stood\n\n```text\n{}```\n\n\
## Where it stands\n\n```text\n{}```\n",
        shown(&assess(&resolved(&starter(), None), None)),
        shown(&assess(&resolved(&root(), Some("production")), None)),
    )
}

#[test]
fn an_empty_project_has_no_point() {
    let report = assess(&resolved(project("").path(), None), None);
    assert_eq!(report.score(), 0.0);
    for rule in [
        Rule::Hearing,
        Rule::Objectives,
        Rule::Dashboards,
        Rule::Tests,
        Rule::Runbooks,
    ] {
        assert_eq!(missing(&report, rule), ["project"], "{}", rule.name());
    }
}

const SMALL: &str = "\
resources:\n  functions: { pay: { timeout: 10s, memory: 256MB, tracing: active, log_retention: 30d } }\n\
topics: { oncall: { subscriptions: [{ email: a@example.com }] } }\n\
severities: { page: { topics: [oncall], require: [] } }\n\
slos:\n  paying: { objective: 99%, availability: { resource: functions/pay } }\n";

#[test]
fn an_account_has_the_last_word_and_its_silence_counts_neither_way() {
    let dir = project(SMALL);
    let resolved = resolved(dir.path(), None);
    let group = "/aws/lambda/pay".to_owned();
    let email = Subscription {
        protocol: "email".to_owned(),
        endpoint: "a@example.com".to_owned(),
    };
    let budget = Budget::of(&resolved.slos[0], 20.0, 1000.0);
    assert!((budget.left() + 1.0).abs() < 1e-9);
    let facts = Facts {
        tracing: [("pay".to_owned(), Known::Yes(true))].into(),
        retention: [(group.clone(), Known::Yes(None))].into(),
        correlated: [(group, Known::Yes(false))].into(),
        unconfirmed: [("shop-dev-oncall".to_owned(), Known::Yes(vec![email]))].into(),
        budgets: [("paying".to_owned(), Known::Yes(budget))].into(),
    };
    let report = assess(&resolved, Some(&facts));
    for (rule, expect) in [
        (Rule::Tracing, vec![]),
        (Rule::Retention, vec!["functions/pay"]),
        (Rule::Correlation, vec!["functions/pay"]),
        (Rule::Confirmed, vec!["topics/oncall"]),
        (Rule::Budgets, vec!["slos/paying"]),
        (Rule::Guards, vec!["slos/paying"]),
    ] {
        assert_eq!(missing(&report, rule), expect, "{}", rule.name());
    }
    let silent = assess(&resolved, Some(&Facts::default()));
    for rule in [
        Rule::Tracing,
        Rule::Retention,
        Rule::Correlation,
        Rule::Confirmed,
        Rule::Budgets,
    ] {
        let tally = silent.tallies.iter().find(|it| it.rule == rule).unwrap();
        assert_eq!((tally.of, tally.unknown.len()), (0.0, 1), "{}", rule.name());
    }
}

#[test]
fn a_budget_nobody_used_is_whole() {
    let dir = project(SMALL);
    let resolved = resolved(dir.path(), None);
    assert_eq!(Budget::of(&resolved.slos[0], 0.0, 0.0).left(), 1.0);
}

#[test]
fn a_composite_speaks_for_its_children() {
    let alarm = "alarms:\n  - name: pay-slow\n    severity: none\n    resource: functions/pay\n    metric: { namespace: AWS/Lambda, name: Duration }\n    statistic: p90\n    period: 1m\n    condition: \"> 5s\"\n";
    let composite =
        "composites:\n  - { name: pay-bad, severity: page, rule: 'ALARM(\"pay-slow\")' }\n";
    let dir = project(&SMALL[..SMALL.find("slos:").unwrap()]);
    let check = |alarms: &str, expect: &[&str]| {
        let folder = dir.path().join("alarms");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.yaml"), alarms).unwrap();
        let report = assess(&resolved(dir.path(), None), None);
        assert_eq!(missing(&report, Rule::FunctionAlarms), expect, "{alarms}");
    };
    check(alarm, &["functions/pay"]);
    check(&format!("{alarm}{composite}"), &[]);
}

#[test]
fn json_and_github_carry_every_finding() {
    let report = assess(&resolved(&starter(), None), None);
    let findings: usize = report.tallies.iter().map(|it| it.findings.len()).sum();
    let json: serde_json::Value = serde_json::from_str(&rendered(&report, Style::Json)).unwrap();
    let rules = json["rules"].as_array().unwrap().iter();
    let told: usize = rules
        .map(|it| it["findings"].as_array().unwrap().len())
        .sum();
    assert_eq!(told, findings);
    assert_eq!(json["score"], report.score());
    let github = rendered(&report, Style::Github);
    assert_eq!(github.matches("::notice ").count(), findings);
    assert!(github.starts_with(&rendered(&report, Style::Markdown)));
}
