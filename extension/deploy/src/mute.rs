//! Muting alarms from now on: which ones, by rules of which names, until when.
//!
//! A rule made so is not one of the files': it carries no mark of ownership, `apply`
//! leaves it alone, and its window ends by itself. Its name says whose it is.

use std::collections::{BTreeMap, BTreeSet};

use obs_cloudwatch::time::{civil, parse_iso};

use crate::model::{About, MuteRule, Target, content_hash};
use crate::source::merge::matches;
use crate::source::near;

const MINUTE_MS: i64 = 60_000;

/// Which alarms are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Names; `*` stands for any text.
    pub patterns: Vec<String>,
    /// Severities of the files.
    pub severities: Vec<String>,
}

impl Wish {
    /// The alarms of the account that are meant, sorted.
    ///
    /// # Errors
    /// In words, when a pattern or a severity means none of them.
    pub fn choose(
        &self,
        names: &[String],
        about: &BTreeMap<String, About>,
    ) -> Result<Vec<String>, String> {
        let mut chosen: BTreeSet<&String> = BTreeSet::new();
        for pattern in &self.patterns {
            let found = names.iter().filter(|name| matches(pattern, name));
            let found: Vec<&String> = found.collect();
            if found.is_empty() {
                let near = near::nearest(pattern, names.iter().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?"));
                let near = near.unwrap_or_else(|| {
                    ": apply the files first, or name others; `*` stands for any text".to_owned()
                });
                return Err(format!("the account has no alarm `{pattern}`{near}"));
            }
            chosen.extend(found);
        }
        for severity in &self.severities {
            let of = |name: &&String| {
                let about = about.get(*name);
                about.is_some_and(|about| about.severity.as_ref() == Some(severity))
            };
            let found: Vec<&String> = names.iter().filter(of).collect();
            if found.is_empty() {
                return Err(format!(
                    "the account has no alarm of severity `{severity}`: apply the files first, or name one of `severities:`"
                ));
            }
            chosen.extend(found);
        }
        Ok(chosen.into_iter().cloned().collect())
    }
}

/// The rules that mute these alarms from now for so many minutes; a rule takes a hundred.
///
/// The window opens with the minute that has begun and is a minute longer where it may
/// be, so that it lasts at least as long as was asked.
///
/// # Errors
/// In words, for a length that no window may have.
pub fn rules(
    target: &Target,
    alarms: &[String],
    minutes: u32,
    (now_ms, reason): (i64, &str),
) -> Result<Vec<MuteRule>, String> {
    if !(1..=MuteRule::MAX_MINUTES).contains(&minutes) {
        return Err("a window lasts from 1m to 15d".to_owned());
    }
    let now = civil(now_ms);
    let (date, time) = (
        format!("{:04}-{:02}-{:02}", now.year, now.month, now.day),
        format!("{:02}:{:02}", now.hour, now.minute),
    );
    let stamp = format!("{date}{time}").replace(['-', ':'], "");
    let rule = |alarms: &[String]| MuteRule {
        name: format!(
            "{}{stamp}-{}",
            prefix(target),
            &content_hash(&alarms.join("\n"))[..8]
        ),
        description: reason.to_owned(),
        alarms: alarms.to_vec(),
        expression: format!("at({date}T{time})"),
        minutes: (minutes + 1).min(MuteRule::MAX_MINUTES),
        timezone: "UTC".to_owned(),
        foreign: BTreeMap::new(),
    };
    Ok(alarms.chunks(MuteRule::MAX_ALARMS).map(rule).collect())
}

/// What the names of this project's hand-made rules begin with. No name of a project or
/// an environment holds a dot.
pub fn prefix(target: &Target) -> String {
    format!("obs-mute.{}.{}.", target.project, target.environment)
}

/// When a rule of one window stops to mute, in milliseconds since 1970; `None` for one
/// that comes again, or in another time zone than UTC.
pub fn ends_ms(rule: &MuteRule) -> Option<i64> {
    let time = rule.expression.strip_prefix("at(")?.strip_suffix(')')?;
    let start = parse_iso(&format!("{time}:00Z"))?;
    (rule.timezone == "UTC").then(|| start + i64::from(rule.minutes) * MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            project: "shop".to_owned(),
            environment: "dev".to_owned(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            role: None,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn alarms_are_meant_by_name_by_pattern_and_by_severity() {
        let known = names(&["orders-failing", "orders-slow", "pay-slow"]);
        let page = About {
            severity: Some("page".to_owned()),
            ..About::default()
        };
        let about = BTreeMap::from([("pay-slow".to_owned(), page)]);
        let check = |patterns: &[&str], severities: &[&str], chosen: Result<&[&str], &str>| {
            let wish = Wish {
                patterns: names(patterns),
                severities: names(severities),
            };
            let found = wish.choose(&known, &about);
            match chosen {
                Ok(chosen) => assert_eq!(found, Ok(names(chosen))),
                Err(part) => assert!(found.unwrap_err().contains(part)),
            }
        };
        check(&["orders-slow"], &[], Ok(&["orders-slow"]));
        check(
            &["orders-*", "*-slow"],
            &[],
            Ok(&["orders-failing", "orders-slow", "pay-slow"]),
        );
        check(&[], &["page"], Ok(&["pay-slow"]));
        check(&["order-slow"], &[], Err("did you mean `orders-slow`?"));
        check(&[], &["ticket"], Err("severity `ticket`"));
    }

    #[test]
    fn a_window_opens_now_and_lasts_as_long_as_asked() {
        let now = parse_iso("2026-11-23T09:30:40Z").unwrap();
        let many: Vec<String> = (0..150).map(|n| format!("a{n}")).collect();
        let made = rules(&target(), &many, 90, (now, "deploy")).unwrap();
        let counts: Vec<usize> = made.iter().map(|rule| rule.alarms.len()).collect();
        assert_eq!(counts, [100, 50]);
        assert_ne!(made[0].name, made[1].name);
        for rule in &made {
            assert!(rule.name.starts_with(&prefix(&target())), "{}", rule.name);
            assert_eq!(rule.expression, "at(2026-11-23T09:30)");
            assert!(ends_ms(rule).unwrap() >= now + 90 * MINUTE_MS);
        }
        let longest = rules(&target(), &many, MuteRule::MAX_MINUTES, (now, "")).unwrap();
        assert_eq!(longest[0].duration(), "PT21600M");
        for bad in [0, MuteRule::MAX_MINUTES + 1] {
            assert!(rules(&target(), &many, bad, (now, "")).is_err());
        }
    }
}
