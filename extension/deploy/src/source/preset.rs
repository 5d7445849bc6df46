//! The presets that come with the program: alarms, events and graphs for each kind of
//! resources, written in the language of the project's own files, so that every key of
//! theirs can be laid over.

use std::collections::BTreeMap;

use super::file::Files;
use super::node::{self, Node};
use super::problem::Problems;

/// Kind of resources to the preset's document: `alarms:` and `events:` by key, `rows:`
/// of a dashboard, and under `requires:` the dimensions its resources have to have.
pub type Presets = BTreeMap<&'static str, Node>;

macro_rules! presets {
    ($($kind:literal),+ $(,)?) => {
        &[$(($kind, include_str!(concat!("../presets/", $kind, ".yaml")))),+]
    };
}

/// In the order in which an overview shows them.
const TEXTS: &[(&str, &str)] = presets![
    "http_apis",
    "functions",
    "queues",
    "topics",
    "tables",
    "buckets",
    "schedules",
    "rules",
    "user_pools",
    "web_acls",
    "nat_gateways",
    "certificates",
    "secrets",
    "trails",
    "detectors",
];

/// The kinds that have a preset, in the order in which an overview shows them.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(kind, _)| *kind)
}

/// Reads the presets; their texts join `files`, since problems of a project may stand in
/// a line that came from one.
pub(super) fn read(files: &mut Files, problems: &mut Problems) -> Presets {
    let mut presets = Presets::new();
    for (kind, text) in TEXTS {
        let index = files.add(&format!("preset {kind}"), text);
        presets.extend(node::parse(files, index, problems).map(|node| (*kind, node)));
    }
    presets
}
