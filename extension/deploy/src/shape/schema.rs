//! JSON Schemas of the files, derived from the very types that decode them: an editor
//! completes and checks what `obs check` takes.

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::alarm::AlarmFile;
use super::dashboard::DashboardFile;
use super::project::Project;
use super::test::TestFile;

/// One schema as a file.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaFile {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub files: &'static str,
    /// The schema.
    pub schema: Value,
}

impl SchemaFile {
    /// The text as it is written: indented, with a line's end at its end.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.schema)
    }
}

/// The schemas of all files that obs reads, in the order of their names.
pub fn all() -> Vec<SchemaFile> {
    let file = |name, files, schema| SchemaFile {
        name,
        files,
        schema,
    };
    vec![
        file("alarms.schema.json", "alarms/*.yaml", of::<AlarmFile>()),
        file(
            "dashboards.schema.json",
            "dashboards/*.yaml",
            of::<DashboardFile>(),
        ),
        file("obs.schema.json", "obs.yaml", of::<Project>()),
        file("tests.schema.json", "alarms/*.test.yaml", of::<TestFile>()),
    ]
}

fn of<T: JsonSchema>() -> Value {
    // Draft 7 is what editors' YAML servers read best.
    let generator = SchemaSettings::draft07()
        .with_transform(admit_references)
        .into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

/// Wherever a scalar may stand, `${name}` may stand for it.
fn admit_references(schema: &mut Schema) {
    // Inside first: what is wrapped below must not be wrapped again.
    transform_subschemas(&mut admit_references, schema);
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let plain_text = object.get("type") == Some(&json!("string"))
        && !object.contains_key("pattern")
        && !object.contains_key("enum");
    let scalar = |kind: &Value| {
        matches!(
            kind.as_str(),
            Some("string" | "number" | "integer" | "boolean" | "null")
        )
    };
    let is_scalar = match object.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().all(scalar),
        Some(kind) => scalar(kind),
        None => object.contains_key("const") || object.contains_key("enum"),
    };
    if !is_scalar || plain_text {
        return;
    }
    let description = object.remove("description");
    let original = Value::Object(std::mem::take(object));
    object.extend(description.map(|text| ("description".to_owned(), text)));
    object.insert(
        "anyOf".to_owned(),
        json!([original, { "type": "string", "pattern": "\\$\\{[a-z][a-z0-9_]*\\}" }]),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{alarm, dashboard, project, resource, test};

    fn check(schema: &Value, keys: &[&str]) {
        let mut known: Vec<&str> = keys.to_vec();
        known.sort_unstable();
        let mut properties: Vec<&str> = schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        properties.sort_unstable();
        assert_eq!(properties, known);
        assert_eq!(schema["additionalProperties"], json!(false));
    }

    #[test]
    fn keys_that_are_read_by_hand_are_those_of_the_schema() {
        let project = of::<Project>();
        check(&project, project::KEYS);
        check(&project["definitions"]["Overlay"], project::OVERLAY_KEYS);
        check(&project["definitions"]["Resources"], resource::KINDS);
        let alarms = of::<AlarmFile>();
        check(&alarms, alarm::KEYS);
        check(&alarms["definitions"]["Event"], alarm::EVENT_KEYS);
        let dashboards = of::<DashboardFile>();
        check(&dashboards, dashboard::KEYS);
        check(&dashboards["definitions"]["Row"], dashboard::ROW_KEYS);
        check(&of::<TestFile>(), test::KEYS);
    }
}
