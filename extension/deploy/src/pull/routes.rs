//! Whom alarms tell, as severities of `obs.yaml`: those that are there are used, others
//! are added.

use std::collections::BTreeMap;

use crate::model::{Actions, Target};
use crate::resolve::Told;
use crate::yaml::{Entry, Yaml, entry};

/// Severities by name, and the topics they may tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    /// Name in SNS to key under `topics:`.
    pub(super) topics: BTreeMap<String, String>,
    /// Those that are there and those that are added.
    severities: BTreeMap<String, Actions>,
    /// What has to be added.
    pub(super) added: Vec<Entry>,
}

impl Routes {
    /// With the severities of the files; one that asks alarms for more than they may
    /// have is not used.
    pub(super) fn new(
        severities: &BTreeMap<String, Told>,
        topics: BTreeMap<String, String>,
    ) -> Routes {
        let severities = severities.iter().filter(|(_, told)| !told.requires);
        Routes {
            topics,
            severities: severities
                .map(|(name, told)| (name.clone(), told.actions.clone()))
                .collect(),
            added: Vec::new(),
        }
    }

    /// The severity that tells exactly these.
    pub(super) fn severity(
        &mut self,
        target: &Target,
        actions: &Actions,
    ) -> Result<String, String> {
        if *actions == Actions::default() {
            return Ok("none".to_owned());
        }
        if let Some((name, _)) = self.severities.iter().find(|(_, known)| *known == actions) {
            return Ok(name.clone());
        }
        let prefix = target.topic_arn("");
        let keys = |arns: &[String]| -> Result<Vec<String>, String> {
            arns.iter()
                .map(|arn| {
                    let name = arn.strip_prefix(&prefix).unwrap_or(arn);
                    self.topics.get(name).cloned().ok_or_else(|| {
                        format!("it tells {arn}, and the files tell only topics of this account and region that they hold")
                    })
                })
                .collect()
        };
        let (alarm, ok) = (keys(&actions.alarm)?, keys(&actions.ok)?);
        let missing = keys(&actions.insufficient_data)?;
        let list = |keys: &[String]| Yaml::List(keys.iter().map(Yaml::text).collect());
        let mut settings = vec![entry("topics", list(&alarm))];
        if ok != alarm {
            settings.push(entry("ok", list(&ok)));
        }
        if !missing.is_empty() {
            settings.push(entry("insufficient_data", list(&missing)));
        }
        let told = [&alarm, &ok, &missing]
            .into_iter()
            .find(|keys| !keys.is_empty());
        Ok(self.add(told.map_or(&[], |keys| keys), actions.clone(), settings))
    }

    /// The severity whose alarms tell these topics, in any order.
    pub(super) fn told_by(&mut self, topics: &[String]) -> Result<String, String> {
        let sorted = |names: &mut Vec<String>| names.sort();
        let mut wanted = topics.to_vec();
        sorted(&mut wanted);
        for (name, actions) in &self.severities {
            let names = actions
                .alarm
                .iter()
                .filter_map(|arn| arn.rsplit(':').next());
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            sorted(&mut names);
            if names == wanted {
                return Ok(name.clone());
            }
        }
        let keys: Option<Vec<String>> = topics
            .iter()
            .map(|name| self.topics.get(name).cloned())
            .collect();
        let keys = keys.ok_or("it tells a topic that the files do not hold")?;
        let list = Yaml::List(keys.iter().map(Yaml::text).collect());
        Ok(self.add(
            &keys,
            Actions {
                alarm: topics.to_vec(),
                ..Actions::default()
            },
            vec![entry("topics", list)],
        ))
    }

    fn add(&mut self, keys: &[String], actions: Actions, settings: Vec<Entry>) -> String {
        let base = match keys {
            [] => "quiet".to_owned(),
            keys => keys.join("-"),
        };
        let taken = |name: &str| name == "none" || self.severities.contains_key(name);
        let name = unique(&base, taken);
        self.severities.insert(name.clone(), actions);
        self.added.push(entry(&name, Yaml::Map(settings)));
        name
    }
}

/// The name, or the name with the first number that nobody has.
pub(super) fn unique(base: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(base) {
        return base.to_owned();
    }
    (2..)
        .map(|number| format!("{base}-{number}"))
        .find(|name| !taken(name))
        .expect("numbers do not end")
}
