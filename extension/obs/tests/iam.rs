//! `obs iam`: the policy as it is printed, and what it refuses.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;

use std::path::Path;
use std::process::Output;

use insta::assert_snapshot;
use serde_json::{Value, json};
use support::program::obs;

fn iam(arguments: &[&str]) -> Output {
    obs(Path::new("."), &[&["iam"], arguments].concat())
}

fn printed(arguments: &[&str]) -> String {
    let output = iam(arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn metrics_of_one_namespace_and_nothing_else_are_allowed() {
    assert_snapshot!(printed(&["--namespace", "CloudVault"]), @r#"
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "PutMetricsOfTheseNamespaces",
          "Effect": "Allow",
          "Action": "cloudwatch:PutMetricData",
          "Resource": "*",
          "Condition": {
            "StringEquals": {
              "cloudwatch:namespace": ["CloudVault"]
            }
          }
        }
      ]
    }
    "#);
}

#[test]
fn several_namespaces_stand_under_one_condition_and_yaml_says_the_same() {
    let arguments = ["--namespace", "CloudVault", "--namespace", "Shop"];
    let text = printed(&[&arguments[..], &["--format", "yaml"]].concat());
    assert_snapshot!(text, @r#"
    Version: "2012-10-17"
    Statement:
      - Sid: PutMetricsOfTheseNamespaces
        Effect: Allow
        Action: cloudwatch:PutMetricData
        Resource: "*"
        Condition:
          StringEquals:
            cloudwatch:namespace:
              - "CloudVault"
              - "Shop"
    "#);
    let policy: Value = serde_json::from_str(&printed(&arguments)).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1);
    assert_eq!(
        statements[0]["Condition"]["StringEquals"]["cloudwatch:namespace"],
        json!(["CloudVault", "Shop"])
    );
}

#[test]
fn segments_are_allowed_only_when_they_are_forwarded() {
    let arguments = ["--namespace", "CloudVault", "--forward-segments"];
    let text = printed(&[&arguments[..], &["--format", "yaml"]].concat());
    assert_snapshot!(text, @r#"
    Version: "2012-10-17"
    Statement:
      - Sid: PutMetricsOfTheseNamespaces
        Effect: Allow
        Action: cloudwatch:PutMetricData
        Resource: "*"
        Condition:
          StringEquals:
            cloudwatch:namespace:
              - "CloudVault"
      - Sid: PutSegmentsWhereThereIsNoDaemon
        Effect: Allow
        Action: xray:PutTraceSegments
        Resource: "*"
    "#);
    let policy: Value = serde_json::from_str(&printed(&arguments)).unwrap();
    assert_eq!(
        policy["Statement"][1],
        json!({
            "Sid": "PutSegmentsWhereThereIsNoDaemon",
            "Effect": "Allow",
            "Action": "xray:PutTraceSegments",
            "Resource": "*"
        })
    );
}

#[test]
fn quotes_in_a_namespace_stay_inside_their_string() {
    let odd = r#"a"],"b\"#;
    let policy: Value = serde_json::from_str(&printed(&["--namespace", odd])).unwrap();
    assert_eq!(
        policy["Statement"][0]["Condition"]["StringEquals"]["cloudwatch:namespace"],
        json!([odd])
    );
}

#[test]
fn a_policy_for_every_namespace_is_not_to_be_had() {
    for arguments in [
        &[][..],
        &["--namespace", ""],
        &["--namespace", "AWS/Lambda"],
    ] {
        let output = iam(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {output:?}");
        assert!(output.stdout.is_empty());
    }
}
