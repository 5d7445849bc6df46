//! `cargo xtask api`: whose types stand in the library's public API, and whether
//! its errors and enumerations leave room to grow.
//!
//! A foreign type in a signature makes that crate's next major version ours, too,
//! so each stands in a checked list, `cloudvault-obs/public-types.txt`. An error
//! with public fields, or an enumeration that a caller may match to its end,
//! cannot gain a case without breaking him.
//!
//! Read from rustdoc's JSON. That is not stable: the compiler is asked for it as
//! one of its own would, and its version is looked at.

use std::{collections::BTreeSet, fmt::Write as _};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{steps::step, workspace::Workspace};

const LIST: &str = "cloudvault-obs/public-types.txt";
/// Enumerations that are complete by their nature.
const COMPLETE: [&str; 7] = [
    "Delivery",
    "Draining",
    "Kind",
    "Outcome",
    "Resolution",
    "Sampled",
    "Style",
];

/// Compares the API with the list; with `write`, makes the list.
pub(crate) fn run(workspace: &Workspace, write: bool) -> Result<()> {
    let mut list = String::from(
        "# Foreign types in the library's public API, with all features.\n\
         # Made by `cargo xtask api --write`; `cargo xtask test` compares.\n",
    );
    let mut rigid = Vec::new();
    for package in ["cloudvault-obs-core", "cloudvault-obs"] {
        let api = Api::of(workspace, package)?;
        writeln!(list, "\n[{package}]")?;
        for name in api.foreign() {
            writeln!(list, "{name}")?;
        }
        rigid.extend(api.rigid().map(|name| format!("{package}: {name}")));
    }
    if !rigid.is_empty() {
        bail!("public types that cannot grow: make them opaque or non_exhaustive: {rigid:#?}");
    }
    let path = workspace.root.join(LIST);
    if write {
        return std::fs::write(&path, list).context("failed to write the list");
    }
    let known = std::fs::read_to_string(&path).context("failed to read the list")?;
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (known, found) = (lines(&known), lines(&list));
    if known != found {
        bail!(
            "foreign types in the public API differ from {LIST}; new: {:#?}; gone: {:#?}. If \
             that is meant: cargo xtask api --write",
            found.difference(&known).collect::<Vec<_>>(),
            known.difference(&found).collect::<Vec<_>>(),
        );
    }
    Ok(())
}

/// A crate's public items, as rustdoc knows them.
struct Api(Value);

impl Api {
    fn of(workspace: &Workspace, package: &str) -> Result<Self> {
        // A folder of its own: the variable would rebuild everything elsewhere.
        let build = workspace.target.join("api");
        let mut cargo = workspace.command("cargo");
        cargo
            .args([
                "rustdoc",
                "--quiet",
                "--lib",
                "--all-features",
                "--package",
                package,
            ])
            .args(["--", "-Zunstable-options", "--output-format", "json"])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", &build);
        step(&format!("public API of {package}"), &mut cargo)?;
        let file = build.join("doc").join(package.replace('-', "_") + ".json");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("failed to read {}", file.display()))?;
        let api = Self(serde_json::from_str(&text).context("rustdoc's JSON does not parse")?);
        if !(api.0["index"].is_object() && api.0["paths"].is_object()) {
            bail!(
                "rustdoc's JSON has another form than before: {}",
                api.0["format_version"]
            );
        }
        Ok(api)
    }

    /// The crate's own items, without what the compiler and blanket
    /// implementations of others add.
    fn items(&self) -> impl Iterator<Item = &Value> {
        let items = self.0["index"].as_object().into_iter().flatten();
        items.map(|(_, item)| item).filter(|item| {
            let implemented = &item["inner"]["impl"];
            item["crate_id"] == 0
                && implemented["is_synthetic"] != true
                && implemented["blanket_impl"].is_null()
        })
    }

    /// Paths of types and traits of other crates than the standard library.
    fn foreign(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for item in self.items() {
            named(&item["inner"], &mut ids);
        }
        ids.iter().filter_map(|id| self.path(id)).collect()
    }

    fn path(&self, id: &str) -> Option<String> {
        let summary = &self.0["paths"][id];
        let path: Vec<&str> = summary["path"]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let ours = |name: &&str| name.starts_with("cloudvault_obs");
        let standard = ["std", "core", "alloc"];
        // What a macro keeps to itself is nobody's interface.
        let hidden = path.contains(&"__private");
        let foreign = path
            .first()
            .is_some_and(|name| !ours(name) && !standard.contains(name));
        (foreign && !hidden).then(|| path.join("::"))
    }

    /// Enumerations that may be matched to their end, and errors whose fields
    /// everybody sees.
    fn rigid(&self) -> impl Iterator<Item = &str> {
        let growing = |item: &Value| item["attrs"].to_string().contains("non_exhaustive");
        let rigid = move |item: &&Value| match item["inner"].as_object() {
            Some(inner) if inner.contains_key("enum") => {
                !growing(item) && !COMPLETE.contains(&name(item))
            }
            Some(inner) if inner.contains_key("struct") => {
                let error = name(item).ends_with("Error");
                error && !growing(item) && self.shows_a_field(item)
            }
            _ => false,
        };
        self.items().filter(rigid).map(name)
    }

    fn shows_a_field(&self, of: &Value) -> bool {
        let kind = &of["inner"]["struct"]["kind"];
        let plain = kind["plain"]["fields"].as_array();
        let tuple = kind["tuple"].as_array();
        let mut fields = plain.into_iter().chain(tuple).flatten();
        fields.any(|id| self.0["index"][id.to_string()]["visibility"] == "public")
    }
}

fn name(item: &Value) -> &str {
    item["name"].as_str().unwrap_or_default()
}

/// Ids of all types and traits that `value` names.
fn named(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            // `{"resolved_path": {"path": "...", "id": 7, ...}}`, and traits alike.
            if members.contains_key("path")
                && let Some(id) = members.get("id")
            {
                ids.insert(id.to_string());
            }
            members.values().for_each(|member| named(member, ids));
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, ids)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn api() -> Api {
        let field =
            |visibility: &str| json!({"crate_id": 0, "visibility": visibility, "inner": {}});
        let body = |fields: &[u32]| json!({"struct": {"kind": {"plain": {"fields": fields}}}});
        Api(json!({
            "paths": {
                "10": {"path": ["serde_json", "Value"]},
                "11": {"path": ["std", "string", "String"]},
                "12": {"path": ["cloudvault_obs", "Own"]},
            },
            "index": {
                "1": {"crate_id": 0, "name": "open", "attrs": [], "inner": {"function": {"sig": {
                    "inputs": [["a", {"resolved_path": {"path": "Value", "id": 10}}]],
                    "output": {"resolved_path": {"path": "String", "id": 11}},
                }}}},
                "2": {"crate_id": 0, "name": "ShownError", "attrs": [], "inner": body(&[5])},
                "3": {"crate_id": 0, "name": "HiddenError", "attrs": [], "inner": body(&[6])},
                "4": {"crate_id": 0, "name": "Ending", "attrs": [], "inner": {"enum": {}}},
                "5": field("public"),
                "6": field("default"),
                "7": {"crate_id": 0, "name": "Growing", "attrs": ["#[non_exhaustive]"],
                      "inner": {"enum": {}}},
            },
        }))
    }

    #[test]
    fn foreign_types_are_found_wherever_they_stand() {
        assert_eq!(
            api().foreign(),
            BTreeSet::from(["serde_json::Value".to_owned()])
        );
    }

    #[test]
    fn what_cannot_grow_is_named() {
        let api = api();
        let mut rigid: Vec<_> = api.rigid().collect();
        rigid.sort_unstable();
        assert_eq!(rigid, ["Ending", "ShownError"]);
    }
}
