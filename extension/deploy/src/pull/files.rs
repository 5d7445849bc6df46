//! The pieces as files, and what comes out of them otherwise than it was found.

use std::collections::{BTreeMap, BTreeSet};

use super::piece::{Piece, Place};
use super::{Draft, differences, insert, routes, what};
use crate::model::{Alarm, Dashboard, Desired};
use crate::plan::step::Kind;
use crate::source::PROJECT_FILE;
use crate::yaml::{Entry, Yaml, entry};

impl Draft<'_> {
    /// What comes out of the files otherwise than it is in the account.
    pub(super) fn compare(&mut self, pieces: &[Piece], read: &Desired) {
        let written: BTreeSet<&str> = pieces.iter().map(|piece| piece.what.as_str()).collect();
        let found = read.all_alarms();
        let held = self.held;
        for alarm in held.desired.all_alarms() {
            let kind = match &alarm {
                Alarm::Metric(_) => Kind::Alarm,
                Alarm::Composite(_) => Kind::Composite,
            };
            if !written.contains(what(kind, alarm.name()).as_str()) {
                continue;
            }
            let read = found.iter().find(|read| read.name() == alarm.name());
            let differs = read
                .map(|read| differences(read, &alarm))
                .unwrap_or_default();
            if !differs.is_empty() {
                let differs = differs.join(", ");
                self.leave(
                    kind,
                    alarm.name(),
                    format!("the files say otherwise: {differs}"),
                );
            }
        }
        for filter in &held.desired.metric_filters {
            if !read.metric_filters.contains(filter) {
                let why =
                    "the files have filters only beside the alarms that look at their metrics";
                self.leave(Kind::MetricFilter, &filter.name, why);
            }
        }
        for dashboard in &held.desired.dashboards {
            let same = |read: &&Dashboard| read.name == dashboard.name;
            let read = read.dashboards.iter().find(same).and_then(Dashboard::value);
            let kind = Kind::Dashboard;
            if written.contains(what(kind, &dashboard.name).as_str()) && read != dashboard.value() {
                self.leave(kind, &dashboard.name, "the files say otherwise: body");
            }
        }
    }

    pub(super) fn write(&mut self, pieces: Vec<Piece>) {
        let mut sections: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
        let mut lists: BTreeMap<&str, Vec<Yaml>> = BTreeMap::new();
        for piece in pieces {
            let severity = matches!(piece.place, Place::Section("severities", _));
            if !severity && self.held.others.contains(&piece.name) {
                self.pulled.adopt.push(piece.name.clone());
            }
            let counted = match &piece.place {
                Place::Section(section, _) => section,
                Place::List(list, _) => list,
                Place::Dashboard(_) => "dashboards",
            };
            *self.pulled.counts.entry(counted).or_default() += 1;
            match piece.place {
                Place::Section(section, one) => sections.entry(section).or_default().push(one),
                Place::List(list, one) => lists.entry(list).or_default().push(one),
                Place::Dashboard(mut body) => {
                    if !body.ends_with('\n') {
                        body.push('\n');
                    }
                    self.pulled
                        .files
                        .push((format!("dashboards/{}.json", piece.name), body));
                }
            }
        }
        self.pulled.adopt.sort();
        self.pulled.adopt.dedup();
        if !lists.is_empty() {
            let order = ["alarms", "composites", "events"];
            let lists = order
                .iter()
                .filter_map(|list| Some((*list, Yaml::List(lists.remove(list)?))));
            let text = Yaml::map(lists).document();
            self.pulled
                .files
                .push((self.fresh("alarms/pulled", ".yaml"), text));
        }
        self.write_project(&sections);
        self.pulled.files.sort();
    }

    fn write_project(&mut self, sections: &BTreeMap<&str, Vec<Entry>>) {
        let project = self.project.documents.project.span.file;
        let Some(file) = self.project.documents.files.get(project) else {
            return;
        };
        let mut text = file.text.to_string();
        let mut by_hand = Vec::new();
        for section in ["topics", "severities", "sampling", "mutes"] {
            let Some(entries) = sections.get(section) else {
                continue;
            };
            match insert::insert(&text, section, entries) {
                Some(made) => text = made,
                None => by_hand.push(entry(section, Yaml::Map(entries.clone()))),
            }
        }
        if text != *file.text {
            self.pulled.files.push((PROJECT_FILE.to_owned(), text));
        }
        if !by_hand.is_empty() {
            self.pulled.by_hand = Some(Yaml::Map(by_hand).document());
        }
    }

    /// A name that no file of the project has.
    fn fresh(&self, base: &str, ending: &str) -> String {
        let files = &self.project.documents.files;
        let taken = |name: &str| {
            (0..)
                .map_while(|index| files.get(index))
                .any(|file| file.name == format!("{name}{ending}"))
        };
        format!("{}{ending}", routes::unique(base, taken))
    }
}
