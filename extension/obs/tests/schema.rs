//! The JSON Schemas against the decoder: what one takes, the other takes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use jsonschema::Validator;
use obs_deploy::resolve::{Choice, resolve};
use obs_deploy::shape::schema;
use obs_deploy::source::problem::{Problem, Stage};
use obs_deploy::source::{DashboardForm, Documents, read};
use serde_json::Value;

use cases::{bad, project};

struct Schemas {
    by_name: BTreeMap<&'static str, Validator>,
}

impl Schemas {
    fn new() -> Schemas {
        let by_name = schema::all()
            .into_iter()
            .map(|file| (file.name, jsonschema::validator_for(&file.schema).unwrap()))
            .collect();
        Schemas { by_name }
    }

    /// What the schemas say of a project's files, file by file.
    fn errors(&self, documents: &Documents) -> Vec<String> {
        let mut files: Vec<(&str, Value)> = vec![("obs.schema.json", documents.project.to_json())];
        let lists = [
            ("alarms.schema.json", &documents.alarms),
            ("tests.schema.json", &documents.tests),
        ];
        for (name, nodes) in lists {
            files.extend(nodes.iter().map(|node| (name, node.to_json())));
        }
        for dashboard in &documents.dashboards {
            if let DashboardForm::Rows(node) = &dashboard.form {
                files.push(("dashboards.schema.json", node.to_json()));
            }
        }
        files
            .iter()
            .flat_map(|(name, value)| {
                self.by_name[name]
                    .iter_errors(value)
                    .map(move |error| format!("{name}: {} {error}", error.instance_path()))
            })
            .collect()
    }
}

/// What the program says, all of it and what is a matter of shape.
fn problems(documents: &Documents) -> (Vec<String>, Vec<String>) {
    let Err(invalid) = resolve(documents, &Choice::default()) else {
        return (Vec::new(), Vec::new());
    };
    let said = |problem: &Problem| problem.message.clone();
    let shape = invalid.problems.iter();
    (
        invalid.problems.iter().map(said).collect(),
        shape
            .filter(|problem| problem.stage == Stage::Shape)
            .map(said)
            .collect(),
    )
}

/// What the schema refuses, the program refuses; and what the program refuses as a
/// matter of shape, the schema refuses.
fn check(schemas: &Schemas, case: &str, root: &Path) {
    // What is no YAML at all is no matter of shape.
    let Ok(documents) = read(root) else { return };
    if !documents.problems.is_empty() {
        return;
    }
    let (schema, (all, shape)) = (schemas.errors(&documents), problems(&documents));
    assert!(
        schema.is_empty() || !all.is_empty(),
        "{case}: only the schema says {schema:#?}"
    );
    assert!(
        shape.is_empty() || !schema.is_empty(),
        "{case}: only the program says {shape:#?}"
    );
}

#[test]
fn schema_and_decoder_agree_on_every_bad_example() {
    let schemas = Schemas::new();
    for (case, file, from, to) in bad() {
        let dir = project(file, from, to);
        check(&schemas, case, dir.path());
    }
}

/// Each shipped key, misspelt once: the decoder and the schema see it both.
#[test]
fn schema_and_decoder_agree_on_every_misspelt_key_of_the_shipped_files() {
    let schemas = Schemas::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for file in ["obs.yaml", "alarms/cloudvault.yaml", "alarms/services.yaml"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let mut seen = BTreeSet::new();
        for (number, line) in text.lines().enumerate() {
            let key = line.trim_start().trim_start_matches("- ");
            let Some((key, _)) = key.split_once(':') else {
                continue;
            };
            if !key
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            {
                continue;
            }
            if !seen.insert(key) {
                continue;
            }
            let dir = tempfile::tempdir().unwrap();
            copy(&root, dir.path());
            let changed = line.replacen(key, &format!("{key}zz"), 1);
            let text: Vec<&str> = text
                .lines()
                .enumerate()
                .map(|(at, line)| if at == number { &changed[..] } else { line })
                .collect();
            std::fs::write(dir.path().join(file), text.join("\n")).unwrap();
            check(
                &schemas,
                &format!("{file}:{}: {changed}", number + 1),
                dir.path(),
            );
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from.join("obs.yaml"), to.join("obs.yaml")).unwrap();
    for folder in ["alarms", "dashboards"] {
        std::fs::create_dir(to.join(folder)).unwrap();
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap();
            std::fs::copy(&path, to.join(folder).join(name)).unwrap();
        }
    }
}

#[test]
fn the_shipped_files_are_right_by_both() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let documents = read(&root).unwrap();
    assert_eq!(Schemas::new().errors(&documents), Vec::<String>::new());
    assert_eq!(problems(&documents).0, Vec::<String>::new());
}

#[test]
fn the_schemas_in_the_repository_are_those_of_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_obs"))
        .args(["schema", "--out"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    for file in schema::all() {
        let written = std::fs::read_to_string(dir.path().join(file.name)).unwrap();
        let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("schemas")
            .join(file.name);
        let kept = std::fs::read_to_string(kept).unwrap_or_default();
        assert_eq!(
            written, kept,
            "run `obs schema --out extension/obs/schemas`"
        );
    }
}

/// The first line of every shipped file names a schema that is there.
#[test]
fn every_shipped_file_names_its_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![root.join("obs.yaml")];
    for folder in ["alarms", "dashboards"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let schema = first
            .strip_prefix("# yaml-language-server: $schema=")
            .unwrap_or_else(|| panic!("{} names no schema", path.display()));
        assert!(
            path.parent().unwrap().join(schema).exists(),
            "{}",
            path.display()
        );
    }
}
