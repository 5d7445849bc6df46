//! Policies: that they allow what is done and nothing else, and that a given one is told
//! what it has too much or too little of.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeSet;
use std::path::Path;

use obs_deploy::iam::{Finding, Need, Policy, Role, check, needs};
use obs_deploy::resolve::{Choice, Resolved, resolve};
use obs_deploy::source::problem::Paint;
use obs_deploy::source::read;

const ROLES: [Role; 3] = [Role::Handler, Role::Extension, Role::Deployer];

fn shipped() -> Resolved {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let choice = Choice {
        environment: Some("production".to_owned()),
        ..Choice::default()
    };
    resolve(&read(&root).unwrap(), &choice).unwrap()
}

fn parsed(text: &str) -> Policy {
    Policy::parse("policy", text)
        .unwrap_or_else(|invalid| panic!("{}", invalid.render(Paint::Plain)))
}

fn needed(role: Role) -> Vec<Need> {
    needs(role, &shipped(), &["CloudVault".to_owned()])
}

#[test]
fn what_is_printed_passes_its_own_check() {
    for role in ROLES {
        let needs = needed(role);
        let policy = Policy::of(&needs);
        assert_eq!(check(&policy, &needs), [], "{role:?}");
        let read = parsed(&policy.json());
        assert_eq!(read, policy, "{role:?}");
    }
}

#[test]
fn without_any_statement_everything_is_missing_and_with_one_less_something_is() {
    for role in ROLES {
        let needs = needed(role);
        let policy = Policy::of(&needs);
        for index in 0..policy.statements.len() {
            let mut less = policy.clone();
            less.statements.remove(index);
            let findings = check(&less, &needs);
            assert!(!findings.is_empty(), "{role:?} {index}");
            // Where another statement allows it under a condition, nobody can tell.
            let too_much = |it: &Finding| matches!(it, Finding::TooMuch(_));
            assert!(!findings.iter().any(too_much), "{role:?}: {findings:?}");
        }
    }
}

/// Every `service:Operation` that the account's sources name.
fn operations(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            operations(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // What only a test says is not done.
        let code = text.split("#[cfg(test)]").next().unwrap();
        for literal in code.split('"').skip(1).step_by(2) {
            let operation = literal.split_once(':').is_some_and(|(service, name)| {
                !service.is_empty()
                    && service.bytes().all(|byte| byte.is_ascii_lowercase())
                    && name.starts_with(|one: char| one.is_ascii_uppercase())
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
            if operation {
                found.insert(literal.to_owned());
            }
        }
    }
}

/// Operations that are named and need no permission here, and why.
const NOT_NEEDED: [(&str, &str); 3] = [
    ("sts:GetCallerIdentity", "AWS asks for no permission"),
    ("sts:AssumeRole", "belongs to whoever becomes the deployer"),
    ("cloudwatch:SetAlarmState", "only paced, never called"),
];

#[test]
fn the_deployer_may_do_exactly_what_the_program_does() {
    let mut done = BTreeSet::new();
    let account = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/account");
    operations(&account, &mut done);
    assert!(done.len() > 20, "{done:?}");
    let allowed: BTreeSet<String> = needed(Role::Deployer)
        .iter()
        .map(|need| need.action.to_owned())
        .collect();
    for (operation, _) in NOT_NEEDED {
        done.remove(operation);
    }
    assert_eq!(allowed, done);
}

#[test]
fn only_what_aws_knows_no_resource_for_is_allowed_on_everything() {
    let any: BTreeSet<&str> = ROLES
        .into_iter()
        .flat_map(needed)
        .filter(|need| need.resources == ["*"])
        .map(|need| need.action)
        .collect();
    // As the Service Authorization Reference has them; the last two take resources, and
    // the API reference of composite alarms wants them on all.
    let expect = BTreeSet::from([
        "cloudwatch:GetMetricData",
        "cloudwatch:ListDashboards",
        "cloudwatch:ListMetrics",
        "cloudwatch:PutMetricData",
        "events:ListRules",
        "logs:DescribeLogGroups",
        "sns:ListTopics",
        "sns:Unsubscribe",
        "xray:GetSamplingRules",
        "xray:GetTraceSummaries",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:PutCompositeAlarm",
    ]);
    assert_eq!(any, expect);
}

#[test]
fn what_is_made_carries_our_tags_and_what_is_ended_has_them() {
    for need in needed(Role::Deployer) {
        let keys: Vec<&str> = need.conditions.iter().map(|it| it.key.as_str()).collect();
        let (_, name) = need.action.split_once(':').unwrap();
        let makes = ["Create", "Put", "Tag"]
            .iter()
            .any(|verb| name.starts_with(verb));
        // AWS knows no tags for these.
        let untagged = ["PutMetricFilter", "PutTargets"].contains(&name);
        let bound = keys.contains(&"aws:RequestTag/obs:project");
        assert_eq!(bound, makes && !untagged, "{}", need.action);
        let ends = need.action.starts_with("xray:Delete")
            || need.action.starts_with("events:Delete")
            || need.action.starts_with("cloudwatch:Delete");
        if ends {
            assert!(
                keys.contains(&"aws:ResourceTag/obs:project"),
                "{}",
                need.action
            );
        }
    }
}

#[test]
fn a_policy_of_a_thousand_alarms_fits_into_a_managed_policy() {
    for role in ROLES {
        let json = Policy::of(&needed(role)).json();
        let counted = json.chars().filter(|one| !one.is_whitespace()).count();
        assert!(counted <= 6_144, "{role:?}: {counted}");
    }
}

fn told(policy: &str) -> Vec<Finding> {
    let needs = Need::metrics(&["Shop".to_owned()]);
    check(&parsed(policy), &needs)
}

fn statement(text: &str) -> String {
    format!("{{ \"Version\": \"2012-10-17\", \"Statement\": {text} }}")
}

const EXACT: &str = r#"{ "Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": { "StringEquals": { "cloudwatch:namespace": "Shop" } } }"#;

fn verdict(statements: &str, missing: usize, too_much: usize, unclear: usize) {
    let findings = told(&statement(statements));
    let count = |of: fn(&Finding) -> bool| findings.iter().filter(|it| of(it)).count();
    let counts = (
        count(|it| matches!(it, Finding::Missing(_))),
        count(|it| matches!(it, Finding::TooMuch(_))),
        count(|it| matches!(it, Finding::Unclear(_))),
    );
    assert_eq!(
        counts,
        (missing, too_much, unclear),
        "{statements}: {findings:?}"
    );
}

/// The exact statement with something else in it.
fn with(from: &str, to: &str) -> String {
    EXACT.replace(from, to)
}

#[test]
fn actions_and_resources_are_read_as_iam_reads_them() {
    verdict(EXACT, 0, 0, 0);
    verdict(&format!("[{EXACT}]"), 0, 0, 0);
    // Actions and condition keys know no case.
    verdict(
        &with("cloudwatch:PutMetricData", "CloudWatch:putmetricdata"),
        0,
        0,
        0,
    );
    verdict(
        &with("cloudwatch:namespace", "CloudWatch:Namespace"),
        0,
        0,
        0,
    );
    verdict(
        &with(
            "\"cloudwatch:PutMetricData\"",
            "[\"cloudwatch:PutMetricData\", \"s3:GetObject\"]",
        ),
        0,
        1,
        0,
    );
    verdict(
        &with("cloudwatch:PutMetricData", "cloudwatch:Put*"),
        0,
        1,
        0,
    );
    verdict(&with("cloudwatch:PutMetricData", "*"), 0, 1, 0);
    verdict(
        &with("cloudwatch:PutMetricData", "cloudwatch:PutMetricDat?"),
        0,
        1,
        0,
    );
    verdict(
        &with("\"Action\"", "\"NotAction\"").replace("cloudwatch:Put", "s3:Get"),
        0,
        1,
        0,
    );
    verdict(
        &with("\"Resource\": \"*\"", "\"Resource\": \"arn:aws:s3:::x\""),
        1,
        0,
        0,
    );
}

#[test]
fn conditions_and_denials_are_read_as_iam_reads_them() {
    // Another namespace, patterns, operators that are not understood.
    verdict(&with("\"Shop\"", "\"Other\""), 1, 1, 0);
    verdict(&with("\"Shop\"", "[\"Other\", \"Shop\"]"), 0, 1, 0);
    verdict(
        &with("StringEquals", "StringLike").replace("\"Shop\"", "\"Sh*\""),
        0,
        1,
        0,
    );
    verdict(&with("StringEquals", "StringNotEquals"), 1, 0, 0);
    verdict(&with("StringEquals", "NumericEquals"), 0, 0, 1);
    verdict(&with("cloudwatch:namespace", "aws:SourceVpc"), 0, 1, 1);
    let unbound = r#"{ "Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*" }"#;
    verdict(unbound, 0, 1, 0);
    // A denial decides, wherever it stands.
    let deny = r#"{ "Effect": "Deny", "Action": "cloudwatch:*", "Resource": "*" }"#;
    verdict(&format!("[{EXACT}, {deny}]"), 1, 0, 0);
    let deny = r#"{ "Effect": "Deny", "NotAction": "s3:*", "Resource": "*", "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "false" } } }"#;
    verdict(&format!("[{deny}, {EXACT}]"), 0, 0, 1);
    let deny = r#"{ "Effect": "Deny", "Action": "cloudwatch:Get*", "Resource": "*" }"#;
    verdict(&format!("[{deny}, {EXACT}]"), 0, 0, 0);
}

#[test]
fn what_is_printed_as_yaml_reads_as_the_same_policy() {
    for role in ROLES {
        let policy = Policy::of(&needed(role));
        assert_eq!(parsed(&policy.yaml()), policy, "{role:?}");
    }
}

/// Texts, where they stop being a policy, and what is said there.
const NO_POLICY: &[(&str, &str, &str)] = &[
    ("", "1:1", "a policy has a `Statement`"),
    (
        "{\n  \"Statement\": [\n}",
        "3:1",
        "not JSON: expected value",
    ),
    ("[]", "1:1", "a policy has a `Statement`"),
    (
        r#"{ "PolicyVersion": { "Document": {} } }"#,
        "1:3",
        "--query PolicyVersion.Document",
    ),
    (
        r#"{ "Statement": [], "Extra": 1 }"#,
        "1:20",
        "`Extra` is no key of a policy",
    ),
    (
        r#"{ "Version": "2012-10-18", "Statement": [] }"#,
        "1:14",
        "no version of IAM's language",
    ),
    (
        r#"{ "Statement": { "Effect": "Maybe", "Action": "a:b", "Resource": "*" } }"#,
        "1:28",
        "`Effect` is `Allow` or `Deny`",
    ),
    (
        r#"{ "Statement": { "Effect": "Allow", "Action": "a:b" } }"#,
        "1:18",
        "one of `Resource`",
    ),
    (
        r#"{ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "a:b", "Resource": "*" } }"#,
        "1:37",
        "belongs to the policy of a resource",
    ),
    (
        r#"{ "Statement": { "Effect": "Allow", "Acton": "a:b", "Resource": "*" } }"#,
        "1:37",
        "did you mean `Action`?",
    ),
    (
        r#"{ "Statement": { "Effect": "Allow", "Action": "GetObject", "Resource": "*" } }"#,
        "1:47",
        "no service before a `:`",
    ),
    (
        r#"{ "Statement": { "Effect": "Allow", "Action": {}, "Resource": "*" } }"#,
        "1:47",
        "a text or a list of texts",
    ),
    (
        r#"{ "Statement": { "Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": { "StringEquals": "x" } } }"#,
        "1:102",
        "`StringEquals` maps condition keys to values",
    ),
];

#[test]
fn what_is_no_policy_of_a_role_is_refused_at_its_place() {
    for (text, place, expect) in NO_POLICY {
        let shown = Policy::parse("role.json", text)
            .unwrap_err()
            .render(Paint::Plain);
        assert!(shown.contains(expect), "{text}: {shown}");
        assert!(
            shown.contains(&format!("[role.json:{place}]")),
            "{text}: {shown}"
        );
    }
}
