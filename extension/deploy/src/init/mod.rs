//! From what deploys a project to its `obs.yaml`: resources are found in CloudFormation
//! and SAM templates, in what CDK synthesises, in Terraform's state, in Amplify's
//! outputs.
//!
//! `template`, `terraform` and `amplify` read documents into one list of
//! resources with the attributes of CloudFormation (`found`); `write` makes the
//! files.

mod tree;
mod intrinsic;
mod template;
mod terraform;
mod amplify;
mod found;
mod write;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use self::found::Found;
pub use self::write::{Head, files};

/// Why nothing was found out from a file.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// It cannot be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// It is neither JSON nor YAML.
    #[error("{path} is neither JSON nor YAML: {message}")]
    NoDocument {
        /// The file.
        path: String,
        /// Where it stops being one.
        message: String,
    },
    /// It is none of the kinds that are read.
    #[error(
        "{path} is {what}, and none of: a CloudFormation or SAM template, a Terraform state (version 4) or `terraform show -json`, amplify_outputs.json, amplify-meta.json"
    )]
    Unknown {
        /// The file.
        path: String,
        /// What it seems to be.
        what: String,
    },
}

/// Longest file that is read.
const MAX_BYTES: u64 = 64 << 20;

/// Finds resources in a file, or in all files of a folder that are of a kind that is
/// read.
///
/// # Errors
/// [`InitError`]; files of a folder that are of no such kind are passed over, and those
/// that are torn are noted.
pub fn find(path: &Path, found: &mut Found) -> Result<(), InitError> {
    if !path.is_dir() {
        return read(path, found);
    }
    for path in candidates(path)? {
        match read(&path, found) {
            Ok(()) | Err(InitError::Unknown { .. }) => {}
            // It might have been one of them.
            Err(error @ InitError::NoDocument { .. }) => {
                found.notes.push(format!("passed over: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The files of a folder that may be of a kind that is read, by name.
fn candidates(folder: &Path) -> Result<Vec<PathBuf>, InitError> {
    let unreadable = |error| InitError::Unreadable {
        path: folder.display().to_string(),
        error,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        let skipped = name.starts_with('.')
            || matches!(name, "node_modules" | "target" | "package-lock.json");
        if skipped {
            continue;
        }
        // CDK's output and Amplify's folder stand beside a project's sources.
        if path.is_dir() && matches!(name, "cdk.out" | "amplify" | "backend") {
            paths.extend(candidates(&path)?);
        } else if matches!(ending, "json" | "yaml" | "yml" | "template" | "tfstate") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path, found: &mut Found) -> Result<(), InitError> {
    let name = path.display().to_string();
    let unreadable = |error| InitError::Unreadable {
        path: name.clone(),
        error,
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_BYTES {
        let error = std::io::Error::other("it is larger than 64 MiB");
        return Err(unreadable(error));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let document = tree::read(&text).map_err(|message| InitError::NoDocument {
        path: name.clone(),
        message,
    })?;
    match understand(&document, found) {
        true => Ok(()),
        false => Err(InitError::Unknown {
            what: seems(&document),
            path: name,
        }),
    }
}

/// What a document of no kind that is read seems to be.
fn seems(document: &Value) -> String {
    const SHOWN: usize = 3;
    match document {
        Value::Null => "empty".to_owned(),
        Value::Object(map) if map.contains_key("modules") && map.contains_key("version") => {
            format!("a Terraform state of version {}", map["version"])
        }
        Value::Object(map) if map.is_empty() => "an empty mapping".to_owned(),
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().map(|key| format!("`{key}`")).collect();
            let more = match keys.len() > SHOWN {
                true => ", ...",
                false => "",
            };
            let shown = &keys[..keys.len().min(SHOWN)];
            format!("a mapping of {}{more}", shown.join(", "))
        }
        Value::Array(_) => "a list".to_owned(),
        _ => "a single text or number".to_owned(),
    }
}

/// Finds resources in a document; false when it is of no kind that is read.
pub fn understand(document: &Value, found: &mut Found) -> bool {
    let typed = |resources: &Value| {
        let all = resources.as_object();
        all.is_some_and(|all| all.values().any(|one| one["Type"].is_string()))
    };
    if typed(&document["Resources"]) {
        template::read(document, found);
    } else if document["resources"].is_array() && document["version"] == 4 {
        terraform::state(document, found);
    } else if document["values"]["root_module"].is_object()
        || document["planned_values"]["root_module"].is_object()
    {
        terraform::shown(document, found);
    } else if document["providers"]["awscloudformation"].is_object() {
        amplify::meta(document, found);
    } else if document["version"].is_string()
        && ["auth", "storage", "data", "custom"]
            .iter()
            .any(|key| document[*key].is_object())
    {
        amplify::outputs(document, found);
    } else {
        return false;
    }
    true
}
