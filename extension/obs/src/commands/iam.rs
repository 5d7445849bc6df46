//! `obs iam`: the least that a function's role needs for the extension to work,
//! as a policy document. Reads no file and speaks to no account.
//!
//! `cloudwatch:PutMetricData` knows no resources; what bounds it is the condition
//! key `cloudwatch:namespace` (AWS's Service Authorization Reference, "Actions,
//! resources, and condition keys for Amazon CloudWatch"). The X-Ray action knows
//! neither, and is asked for only by who forwards segments.

use std::fmt::Write as _;
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
    /// Allow what OBS_FORWARD_SEGMENTS=true needs as well
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

/// One statement that allows something.
#[derive(Debug)]
struct Statement<'a> {
    id: &'static str,
    action: &'static str,
    /// The only namespaces that it holds for; empty: no condition.
    namespaces: &'a [String],
}

pub(crate) fn run(args: &Iam, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let mut statements = vec![Statement {
        id: "PutMetricsOfTheseNamespaces",
        action: "cloudwatch:PutMetricData",
        namespaces: &args.namespaces,
    }];
    if args.forward_segments {
        statements.push(Statement {
            id: "ForwardSegments",
            action: "xray:PutTraceSegments",
            namespaces: &[],
        });
    }
    let text = match args.format {
        Format::Json => json(&statements),
        Format::Yaml => yaml(&statements),
    };
    surroundings.out.write_all(text.as_bytes())?;
    Ok(exit::OK)
}

fn json(statements: &[Statement<'_>]) -> String {
    let mut out = String::from("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n");
    for (index, statement) in statements.iter().enumerate() {
        let Statement { id, action, .. } = statement;
        let comma = if index > 0 { ",\n" } else { "" };
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "{comma}    {{\n      \"Sid\": \"{id}\",\n      \"Effect\": \"Allow\",\n      \
             \"Action\": \"{action}\",\n      \"Resource\": \"*\""
        );
        if !statement.namespaces.is_empty() {
            let names: Vec<_> = statement.namespaces.iter().map(|n| quoted(n)).collect();
            let _ = write!(
                out,
                ",\n      \"Condition\": {{\n        \"StringEquals\": {{\n          \
                 \"cloudwatch:namespace\": [{}]\n        }}\n      }}",
                names.join(", ")
            );
        }
        out.push_str("\n    }");
    }
    out.push_str("\n  ]\n}\n");
    out
}

fn yaml(statements: &[Statement<'_>]) -> String {
    let mut out = String::from("Version: \"2012-10-17\"\nStatement:\n");
    for statement in statements {
        let Statement { id, action, .. } = statement;
        let _ = write!(
            out,
            "  - Sid: {id}\n    Effect: Allow\n    Action: {action}\n    Resource: \"*\"\n"
        );
        if !statement.namespaces.is_empty() {
            out.push_str("    Condition:\n      StringEquals:\n        cloudwatch:namespace:\n");
        }
        for namespace in statement.namespaces {
            let _ = writeln!(out, "          - {}", quoted(namespace));
        }
    }
    out
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
