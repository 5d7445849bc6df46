//! `obs iam`: the least that a function's role needs for the extension to work,
//! as a policy document. Reads no file and speaks to no account.
//!
//! `cloudwatch:PutMetricData` knows no resources; what bounds it is the condition
//! key `cloudwatch:namespace` (AWS's Service Authorization Reference, "Actions,
//! resources, and condition keys for Amazon CloudWatch"). `xray:PutTraceSegments`
//! knows neither resources nor condition keys (the same, "AWS X-Ray").

use std::io::Write as _;

use clap::ValueEnum;

use crate::exit::{self, Failure};
use crate::surroundings::Surroundings;

/// Arguments of `iam`.
#[derive(Debug, clap::Args)]
pub(crate) struct Iam {
    /// Namespace that metrics go to (OBS_NAMESPACE, else the service's name); may be given again
    #[arg(long = "namespace", value_name = "NAME", required = true, value_parser = namespace)]
    namespaces: Vec<String>,
    /// Allow what OBS_FORWARD_SEGMENTS needs: xray:PutTraceSegments, on all resources since AWS knows none for it
    #[arg(long)]
    forward_segments: bool,
    /// JSON for IAM and Terraform, YAML for CloudFormation and SAM templates
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

/// How the policy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A policy document.
    Json,
    /// The same document in YAML.
    Yaml,
}

pub(crate) fn run(args: &Iam, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let names = args.namespaces.iter().map(|name| quoted(name));
    let text = match args.format {
        Format::Json => json(&names.collect::<Vec<_>>().join(", "), args.forward_segments),
        Format::Yaml => yaml(names, args.forward_segments),
    };
    surroundings.out.write_all(text.as_bytes())?;
    Ok(exit::OK)
}

/// The statement for segments, behind the first.
const JSON_SEGMENTS: &str = r#",
    {
      "Sid": "PutSegmentsWhereThereIsNoDaemon",
      "Effect": "Allow",
      "Action": "xray:PutTraceSegments",
      "Resource": "*"
    }"#;
const YAML_SEGMENTS: &str = r#"  - Sid: PutSegmentsWhereThereIsNoDaemon
    Effect: Allow
    Action: xray:PutTraceSegments
    Resource: "*"
"#;

fn json(namespaces: &str, segments: bool) -> String {
    let segments = if segments { JSON_SEGMENTS } else { "" };
    format!(
        r#"{{
  "Version": "2012-10-17",
  "Statement": [
    {{
      "Sid": "PutMetricsOfTheseNamespaces",
      "Effect": "Allow",
      "Action": "cloudwatch:PutMetricData",
      "Resource": "*",
      "Condition": {{
        "StringEquals": {{
          "cloudwatch:namespace": [{namespaces}]
        }}
      }}
    }}{segments}
  ]
}}
"#
    )
}

fn yaml(namespaces: impl Iterator<Item = String>, segments: bool) -> String {
    let head = r#"Version: "2012-10-17"
Statement:
  - Sid: PutMetricsOfTheseNamespaces
    Effect: Allow
    Action: cloudwatch:PutMetricData
    Resource: "*"
    Condition:
      StringEquals:
        cloudwatch:namespace:
"#;
    let item = |name| {
        format!(
            "          - {name}
"
        )
    };
    std::iter::once(head.to_owned())
        .chain(namespaces.map(item))
        .chain(segments.then(|| YAML_SEGMENTS.to_owned()))
        .collect()
}

/// A JSON string, which is a YAML one too. The parser let in neither control
/// characters nor anything else that would need more than these two escapes.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// CloudWatch's rule for a namespace that PutMetricData takes.
fn namespace(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > 255 || text.chars().any(char::is_control) {
        return Err("expected 1 to 255 printable characters".to_owned());
    }
    if text.starts_with("AWS/") || text.starts_with(':') {
        return Err(
            "expected a namespace of your own: AWS/ and a leading : are reserved".to_owned(),
        );
    }
    Ok(text.to_owned())
}
