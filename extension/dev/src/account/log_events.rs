//! CloudWatch Logs: the lines of a log group, by time, stream and filter pattern.
//!
//! A log stream is one environment of a function, as in Lambda; what no environment
//! wrote stands in the stream `obs-dev`. Lines are looked through a bounded piece at a
//! time, so that a page may be empty and carry a token, as AWS's may.

use obs_cloudwatch::log_filter::Pattern;
use serde::Deserialize;

use super::operations::Answer;
use super::paging::{self, Place};
use super::{Account, log_groups};
use crate::store::{LogEvent, LogScan, StoreError};
use crate::wire::{Fault, Tree};

/// Most events of a page, unless fewer are asked for, and most lines looked at for it.
const EVENTS: usize = 10_000;
/// Most bytes of lines that are looked at for a page: as many as AWS puts on one.
const BYTES: usize = 1024 * 1024;
/// Most log streams that may be named.
const STREAMS: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FilterLogEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

/// The log streams whose lines are asked for.
enum Streams {
    All,
    Named(Vec<String>),
    Beginning(String),
}

impl Streams {
    fn read(names: Option<Vec<String>>, prefix: Option<String>) -> Result<Streams, Fault> {
        match (names, prefix) {
            (None, None) => Ok(Streams::All),
            (Some(_), Some(_)) => Err(Fault::log_parameter(
                "logStreamNames and logStreamNamePrefix exclude each other",
            )),
            (Some(names), None) => {
                if !(1..=STREAMS).contains(&names.len()) {
                    return Err(Fault::log_parameter(format!(
                        "logStreamNames has {} members; 1 to {STREAMS} are taken",
                        names.len()
                    )));
                }
                for name in &names {
                    log_groups::check_name("logStreamNames", name, in_stream)?;
                }
                Ok(Streams::Named(names))
            }
            (None, Some(prefix)) => {
                log_groups::check_name("logStreamNamePrefix", &prefix, in_stream)?;
                Ok(Streams::Beginning(prefix))
            }
        }
    }

    fn hold(&self, stream: &str) -> bool {
        match self {
            Streams::All => true,
            Streams::Named(names) => names.iter().any(|name| name == stream),
            Streams::Beginning(prefix) => stream.starts_with(prefix),
        }
    }
}

fn in_stream(c: char) -> bool {
    !":*".contains(c)
}

/// The lines of a group that fit, a page at a time.
pub(super) fn filter_log_events(account: &Account, input: FilterLogEvents) -> Answer {
    let group = account.group_asked_for(input.log_group_name, input.log_group_identifier)?;
    let streams = Streams::read(input.log_stream_names, input.log_stream_name_prefix)?;
    let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())
        .map_err(|error| Fault::log_parameter(format!("Invalid filter pattern: {error}")))?;
    for (field, time) in [("startTime", input.start_time), ("endTime", input.end_time)] {
        if time.is_some_and(|time| time < 0) {
            return Err(Fault::log_parameter(format!("{field} lies before 1970")));
        }
    }
    let limit = limit(input.limit)?;
    let after = paging::after(input.next_token.as_deref())
        .map_err(|_| Fault::log_parameter("The specified nextToken is invalid."))?;
    account.need_group(&group)?;
    let functions = account.functions_of(&group)?;
    account.need_streams(&functions, &streams)?;
    let scan = LogScan {
        functions,
        from_ms: input.start_time,
        to_ms: input.end_time,
        after,
        lines: EVENTS,
        bytes: BYTES,
    };
    let fits = |event: &LogEvent| streams.hold(&event.stream) && pattern.matches(&event.line);
    let (events, last) = page(account, &scan, limit, fits)?;
    Ok(Tree::fields()
        .set("events", Tree::list(events.into_iter().map(answered)))
        // AWS gives an empty list, too, since 2020.
        .set("searchedLogStreams", Vec::new())
        .maybe("nextToken", last.map(paging::token_after))
        .into())
}

/// The events of one scan that fit, and the place to go on from when there is more.
fn page(
    account: &Account,
    scan: &LogScan,
    limit: usize,
    fits: impl Fn(&LogEvent) -> bool,
) -> Result<(Vec<LogEvent>, Option<Place>), StoreError> {
    let scanned = account.store.scan_logs(scan)?;
    let mut more = scanned.more;
    let (mut events, mut last) = (Vec::new(), None);
    let mut lines = scanned.events.into_iter();
    for event in lines.by_ref() {
        last = Some((event.time_ms, event.id));
        if fits(&event) {
            events.push(event);
        }
        if events.len() == limit {
            break;
        }
    }
    more |= lines.next().is_some();
    Ok((events, last.filter(|_| more)))
}

fn limit(asked: Option<i64>) -> Result<usize, Fault> {
    let Some(asked) = asked else {
        return Ok(EVENTS);
    };
    let limit = usize::try_from(asked).ok();
    limit
        .filter(|limit| (1..=EVENTS).contains(limit))
        .ok_or_else(|| {
            Fault::log_parameter(format!("limit '{asked}' is not between 1 and {EVENTS}"))
        })
}

fn answered(event: LogEvent) -> Tree {
    Tree::fields()
        .set("logStreamName", event.stream)
        .set("timestamp", event.time_ms)
        .set("message", event.line)
        .set("ingestionTime", event.time_ms)
        // AWS's ids are numbers of 56 digits.
        .set("eventId", format!("{:056}", event.id))
        .into()
}

impl Account {
    /// The name of the log group that a call is about, from its name or its ARN.
    fn group_asked_for(
        &self,
        name: Option<String>,
        identifier: Option<String>,
    ) -> Result<String, Fault> {
        let (field, name) = match (name, identifier) {
            (Some(name), None) => ("logGroupName", name),
            (None, Some(identifier)) => match identifier.starts_with("arn:") {
                true => ("logGroupIdentifier", self.group_of_arn(&identifier)?),
                false => ("logGroupIdentifier", identifier),
            },
            _ => {
                return Err(Fault::log_parameter(
                    "exactly one of logGroupName and logGroupIdentifier is needed",
                ));
            }
        };
        log_groups::check_group_name(field, &name)?;
        Ok(name)
    }

    fn group_of_arn(&self, arn: &str) -> Result<String, Fault> {
        let own = self.log_group_arn("");
        match arn.strip_prefix(&own) {
            Some(name) => Ok(name.to_owned()),
            None if arn.split(':').nth(2) == Some("logs") => Err(Fault::no_log_resource(
                "The specified log group does not exist.",
            )),
            None => Err(Fault::log_parameter(format!(
                "logGroupIdentifier '{arn}' is neither a name nor begins with {own}"
            ))),
        }
    }

    /// Named streams have to be there.
    fn need_streams(&self, functions: &[String], streams: &Streams) -> Result<(), Fault> {
        let Streams::Named(names) = streams else {
            return Ok(());
        };
        for name in names {
            let mut known = false;
            for function in functions {
                known |= self.store.has_log_stream(function, name)?;
            }
            if !known {
                return Err(Fault::no_log_resource(
                    "The specified log stream does not exist.",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::account::operations;
    use crate::clock::ManualClock;
    use crate::options::LogGroup;
    use crate::store::{LogRecord, Store};
    use crate::wire::Service;

    const GROUP: &str = "/shop/orders";

    /// An account with a group that a function is said to write to, and one of Lambda's.
    fn account() -> Account {
        let clock = Arc::new(ManualClock::at(1_000_000));
        let store = Store::in_memory().unwrap();
        let account = Account::new(store, clock, "us-east-1", "http://127.0.0.1:0");
        let group = |name: &str, function: Option<&str>| LogGroup {
            name: name.to_owned(),
            function: function.map(str::to_owned),
            retention_days: None,
        };
        let groups = [
            group(GROUP, Some("orders")),
            group("/aws/lambda/orders", None),
            group("/aws/lambda/list", None),
        ];
        account.keep_log_groups(&groups).unwrap();
        account
    }

    fn log(account: &Account, time_ms: i64, line: &str) {
        let (function, stream) = match time_ms % 2 {
            0 => ("orders", "2026/11/23/[$LATEST]a"),
            _ => ("list", "2026/11/23/[$LATEST]b"),
        };
        let record = LogRecord {
            time_ms,
            function: function.to_owned(),
            stream: stream.to_owned(),
            request_id: None,
            line: line.to_owned(),
        };
        account.log(&record).unwrap();
    }

    fn ask(account: &Account, input: Value) -> Answer {
        operations::call(account, Service::Logs, "FilterLogEvents", Tree::from(input))
    }

    fn messages(answer: &Tree) -> Vec<String> {
        let Some(Tree::List(events)) = answer.get("events") else {
            panic!("{answer:?}");
        };
        let message = |event: &Tree| event.get("message").unwrap().as_text().unwrap().to_owned();
        events.iter().map(message).collect()
    }

    #[test]
    fn lines_are_found_by_group_time_stream_and_pattern() {
        let account = account();
        log(&account, 10, r#"{"level":"ERROR","n":1}"#);
        log(&account, 11, "a line of list");
        log(&account, 12, "plain ERROR");
        let (first, last) = (r#"{"level":"ERROR","n":1}"#, "plain ERROR");
        let check = |more: Value, expect: &[&str]| {
            let mut input = json!({ "logGroupName": GROUP });
            let (fields, more) = (input.as_object_mut().unwrap(), more.as_object().unwrap());
            fields.extend(more.clone());
            let answer = ask(&account, input).unwrap();
            assert_eq!(messages(&answer), expect, "{more:?}");
            assert_eq!(answer.get("nextToken"), None);
            assert_eq!(
                answer.get("searchedLogStreams"),
                Some(&Tree::List(Vec::new()))
            );
        };
        check(json!({}), &[first, last]);
        check(json!({ "filterPattern": "" }), &[first, last]);
        check(json!({ "filterPattern": "ERROR" }), &[first, last]);
        check(json!({ "filterPattern": "{ $.n = 1 }" }), &[first]);
        check(json!({ "startTime": 10, "endTime": 12 }), &[first, last]);
        check(json!({ "startTime": 11 }), &[last]);
        check(json!({ "endTime": 11 }), &[first]);
        check(json!({ "startTime": 12, "endTime": 10 }), &[]);
        check(
            json!({ "logStreamNamePrefix": "2026/11/23/" }),
            &[first, last],
        );
        check(json!({ "logStreamNamePrefix": "2026/11/24/" }), &[]);
        let named = json!({ "logStreamNames": ["2026/11/23/[$LATEST]a"] });
        check(named, &[first, last]);
        check(
            json!({ "logGroupName": "/aws/lambda/list" }),
            &["a line of list"],
        );
        // The function that it is named after writes elsewhere.
        check(json!({ "logGroupName": "/aws/lambda/orders" }), &[]);
        let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/list";
        check(
            json!({ "logGroupName": null, "logGroupIdentifier": arn }),
            &["a line of list"],
        );
        check(
            json!({ "logGroupName": null, "logGroupIdentifier": GROUP, "limit": 10_000 }),
            &[first, last],
        );
    }

    #[test]
    fn pages_give_every_fitting_line_once() {
        let account = account();
        for at in 0..30 {
            log(
                &account,
                at - at % 4,
                if at % 3 == 0 { "yes" } else { "no" },
            );
        }
        let check = |limit: i64| {
            let (mut found, mut token, mut pages) = (Vec::new(), None::<String>, 0);
            loop {
                let answer = ask(
                    &account,
                    json!({ "logGroupName": GROUP, "filterPattern": "yes", "limit": limit, "nextToken": token }),
                )
                .unwrap();
                let page = messages(&answer);
                assert!(page.len() <= usize::try_from(limit).unwrap());
                found.extend(page);
                pages += 1;
                token = answer
                    .get("nextToken")
                    .map(|it| it.as_text().unwrap().to_owned());
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(found.len(), 10, "in pages of {limit}");
            pages
        };
        assert_eq!(check(1), 11);
        assert_eq!(check(4), 3);
        assert_eq!(check(10_000), 1);
    }

    #[test]
    fn a_page_may_be_empty_and_others_follow() {
        let account = account();
        let long = "x".repeat(700_000);
        for at in [2, 4, 6] {
            log(&account, at, &long);
        }
        log(&account, 8, "wanted");
        let ask = |token: Option<&str>| {
            ask(
                &account,
                json!({ "logGroupName": GROUP, "filterPattern": "wanted", "nextToken": token }),
            )
            .unwrap()
        };
        let first = ask(None);
        assert!(messages(&first).is_empty());
        let token = first.get("nextToken").unwrap().as_text().unwrap();
        assert_eq!(messages(&ask(Some(token))), ["wanted"]);
    }

    #[test]
    fn what_cannot_be_answered_is_refused_with_the_services_code() {
        let account = account();
        log(&account, 10, "line");
        let check = |input: Value, code: &str, says: &str| {
            let fault = ask(&account, input.clone()).unwrap_err();
            assert_eq!(fault.code, code, "{input}");
            assert!(fault.message.contains(says), "{input}: {}", fault.message);
        };
        let (parameter, missing) = ("InvalidParameterException", "ResourceNotFoundException");
        check(json!({}), parameter, "exactly one of");
        check(
            json!({ "logGroupName": GROUP, "logGroupIdentifier": GROUP }),
            parameter,
            "exactly one of",
        );
        check(
            json!({ "logGroupName": "/none" }),
            missing,
            "log group does not exist",
        );
        check(json!({ "logGroupName": "a b" }), parameter, "'a b'");
        for (arn, code) in [
            ("arn:aws:sns:us-east-1:000000000000:topic", parameter),
            (
                "arn:aws:logs:us-east-1:000000000000:log-group:/shop/orders:*",
                parameter,
            ),
            (
                "arn:aws:logs:us-east-1:111111111111:log-group:/shop/orders",
                missing,
            ),
        ] {
            check(json!({ "logGroupIdentifier": arn }), code, "");
        }
        let with = |field: &str, value: Value| json!({ "logGroupName": GROUP, field: value });
        check(
            with("filterPattern", json!("[a, b")),
            parameter,
            "filter pattern",
        );
        check(with("limit", json!(0)), parameter, "between 1 and 10000");
        check(with("limit", json!(10_001)), parameter, "'10001'");
        check(with("startTime", json!(-1)), parameter, "startTime");
        check(with("nextToken", json!("x")), parameter, "nextToken");
        check(with("logStreamNames", json!([])), parameter, "0 members");
        check(with("logStreamNames", json!(["a:b"])), parameter, "'a:b'");
        check(
            with("logStreamNames", json!(["gone"])),
            missing,
            "stream does not exist",
        );
        check(
            json!({ "logGroupName": GROUP, "logStreamNames": ["a"], "logStreamNamePrefix": "a" }),
            parameter,
            "exclude each other",
        );
    }
}
