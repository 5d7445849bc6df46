//! What is pulled, piece by piece, tried in the project's own reader before anything is
//! written: a piece that the reader refuses is left out with the reader's own words.

use std::collections::BTreeMap;

use super::Unsaid;
use crate::resolve::{Choice, Resolved, resolve};
use crate::source::merge::merge;
use crate::source::node::parse;
use crate::source::{DashboardFile, DashboardForm, Documents};
use crate::yaml::{Entry, Yaml, entry};

/// Something to write.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Kind and name.
    pub(super) what: String,
    /// Its name in the account.
    pub(super) name: String,
    /// Where it goes.
    pub(super) place: Place,
}

/// Where a piece goes.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// Under a section of `obs.yaml`.
    Section(&'static str, Entry),
    /// Into a list of a file in `alarms/`.
    List(&'static str, Yaml),
    /// A file of its own in `dashboards/`.
    Dashboard(String),
}

/// The pieces that can be read, what came of them, and why the others cannot.
pub(super) struct Tried {
    pub(super) pieces: Vec<Piece>,
    /// `None` when the project cannot be read with any of them.
    pub(super) resolved: Option<Resolved>,
    pub(super) refused: Vec<Unsaid>,
}

/// Reads the project with the pieces; leaves out those it cannot be read with.
pub(super) fn tried(documents: &Documents, choice: &Choice, pieces: Vec<Piece>) -> Tried {
    let mut tried = Tried {
        pieces,
        resolved: None,
        refused: Vec::new(),
    };
    loop {
        let (with, files) = with(documents, &tried.pieces);
        let invalid = match resolve(&with, choice) {
            Ok(resolved) => {
                tried.resolved = Some(resolved);
                return tried;
            }
            Err(invalid) => invalid,
        };
        let mut reasons: BTreeMap<usize, String> = BTreeMap::new();
        for problem in invalid.problems.iter() {
            let file = problem.span.map(|span| span.file);
            if let Some(piece) = file.and_then(|file| files.get(&file)) {
                let message = match &problem.help {
                    Some(help) => format!("{} ({help})", problem.message),
                    None => problem.message.clone(),
                };
                reasons.entry(*piece).or_insert(message);
            }
        }
        if reasons.is_empty() {
            let why = "the project cannot be read with it";
            let all = tried.pieces.drain(..);
            tried
                .refused
                .extend(all.map(|piece| Unsaid::new(piece.what, why)));
            return tried;
        }
        let mut kept = Vec::new();
        for (index, piece) in tried.pieces.drain(..).enumerate() {
            match reasons.remove(&index) {
                Some(why) => tried.refused.push(Unsaid::new(piece.what, why)),
                None => kept.push(piece),
            }
        }
        tried.pieces = kept;
    }
}

/// The documents with the pieces, each in a file of its own; and which file is whose.
fn with(documents: &Documents, pieces: &[Piece]) -> (Documents, BTreeMap<u32, usize>) {
    let mut with = documents.clone();
    let mut files = BTreeMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        let text = piece.text();
        let file = with.files.add(&piece.what, &text);
        files.insert(file, index);
        let Some(node) = parse(&with.files, file, &mut with.problems) else {
            continue;
        };
        match &piece.place {
            Place::Section(..) => with.project = merge(&with.project, &node),
            Place::List(..) => with.alarms.push(node),
            Place::Dashboard(_) => {
                let stem = piece.name.clone();
                with.dashboards.retain(|file| file.stem != stem);
                // What is no JSON was not taken for a piece.
                let body = serde_json::from_str(&text).unwrap_or_default();
                with.dashboards.push(DashboardFile {
                    stem,
                    form: DashboardForm::Body(node, body),
                });
            }
        }
    }
    (with, files)
}

impl Piece {
    fn text(&self) -> String {
        match &self.place {
            Place::Section(section, one) => {
                Yaml::Map(vec![entry(*section, Yaml::Map(vec![one.clone()]))]).document()
            }
            Place::List(list, one) => {
                Yaml::Map(vec![entry(*list, Yaml::List(vec![one.clone()]))]).document()
            }
            Place::Dashboard(body) => body.clone(),
        }
    }
}
