//! Bodies written after AWS's documented structure and after what the console exports:
//! nothing in them is wrong, and every typing error in them is noticed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::path::{Path, PathBuf};

use obs_cloudwatch::dashboard::{parse_value, validate_value};
use serde_json::Value;

fn bodies() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bodies");
    let mut bodies: Vec<(PathBuf, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let body = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            (path, body)
        })
        .collect();
    bodies.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(bodies.len() > 20, "the bodies are there");
    bodies
}

#[test]
fn nothing_is_wrong_with_a_right_body() {
    for (path, body) in bodies() {
        assert_eq!(validate_value(&body), [], "{}", path.display());
        let dashboard = parse_value(&body).unwrap();
        assert_eq!(
            dashboard.widgets.len(),
            body["widgets"].as_array().unwrap().len()
        );
    }
}

/// Members whose insides are the writer's own.
const FREE: [&str; 5] = [
    "params",
    "plotOptions",
    "logGroupPrefixes",
    "logGroups",
    "data",
];

/// Changes every member of every object of every body, one at a time, and names the
/// changes that nobody noticed.
fn unnoticed(change: impl Fn(&mut Value, &str, &str)) -> Vec<String> {
    let mut unnoticed = Vec::new();
    for (path, body) in bodies() {
        let mut places = Vec::new();
        members(&body, String::new(), &mut places);
        for (object, name) in places {
            let mut wrong = body.clone();
            change(&mut wrong, &object, &name);
            if validate_value(&wrong).is_empty() {
                unnoticed.push(format!("{} {object}/{name}", path.display()));
            }
        }
    }
    unnoticed
}

fn members(json: &Value, path: String, found: &mut Vec<(String, String)>) {
    match json {
        Value::Object(object) => {
            for (name, value) in object {
                found.push((path.clone(), name.clone()));
                if !FREE.contains(&name.as_str()) {
                    members(value, format!("{path}/{name}"), found);
                }
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                members(value, format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_misspelt_name_is_noticed_wherever_it_stands() {
    let missed = unnoticed(|body, object, name| {
        let members = body.pointer_mut(object).unwrap().as_object_mut().unwrap();
        let value = members.remove(name).unwrap();
        members.insert(format!("{name}x"), value);
    });
    assert_eq!(missed, [""; 0]);
}

#[test]
fn a_value_of_another_type_is_noticed_wherever_it_stands() {
    let missed = unnoticed(|body, object, name| {
        if FREE.contains(&name) {
            // Of any type: a misspelt name takes its turn.
            body["widgetsx"] = Value::Null;
            return;
        }
        let value = body.pointer_mut(&format!("{object}/{name}")).unwrap();
        *value = match value {
            Value::Object(_) | Value::Array(_) => Value::from("a text"),
            _ => serde_json::json!([{ "a": "list" }]),
        };
    });
    assert_eq!(missed, [""; 0]);
}
