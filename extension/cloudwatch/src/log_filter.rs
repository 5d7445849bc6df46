//! CloudWatch Logs' filter patterns: which lines a metric filter counts.
//!
//! Five kinds, as the page "Filter pattern syntax" gives them: nothing (every line),
//! terms (`ERROR "two words" -harmless`, or `?either ?or`), a regular expression
//! (`%[Ee]rror%`), conditions on a JSON line (`{ ($.code = 4*) && $.user EXISTS }`), and
//! fields divided by spaces (`[ip, ..., status = 4*, bytes]`).
//!
//! Where the page leaves a case open the answer is inferred: a condition on a field
//! that a line does not have is not met, whatever its operator, save `NOT EXISTS`.

mod parse;
mod subject;
mod regex;
mod fields;

use serde_json::Value;

use crate::comparison::Comparison;
use fields::Fields;
use regex::Regex;

/// The most characters of a pattern.
const MAX: usize = 1024;

/// A pattern, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    All,
    Terms(Terms),
    Regex(Regex),
    Json(Condition<Selector>),
    Fields(Fields),
}

/// Words that a line has to hold, or must not.
#[derive(Clone, Debug, Default, PartialEq)]
struct Terms {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

/// Tests of subjects `S`: places in a JSON line, or names of fields.
#[derive(Clone, Debug, PartialEq)]
enum Condition<S> {
    And(Box<Condition<S>>, Box<Condition<S>>),
    Or(Box<Condition<S>>, Box<Condition<S>>),
    Test(S, Test),
}

/// Places in a JSON line: several when it has a wildcard.
#[derive(Clone, Debug, PartialEq)]
struct Selector(Vec<Step>);

/// One step of a selector.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Index(usize),
    /// Every element, `[*]`, or every field, `.*`.
    Every,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Exists,
    NotExists,
    Is(Value),
    /// With `*` for any text.
    Text {
        wanted: String,
        equal: bool,
    },
    Regex {
        wanted: Regex,
        equal: bool,
    },
    Number {
        operator: Comparison,
        wanted: f64,
    },
}

/// Why a pattern is none; reads after "failed to read the pattern:".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, or what of it is not evaluated here.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        if text.chars().count() > MAX {
            return Err(PatternError(format!("it is longer than {MAX} characters")));
        }
        let text = text.trim();
        let kind = match text.chars().next() {
            None => Kind::All,
            Some('{') => Kind::Json(parse::json(text)?),
            Some('[') => Kind::Fields(parse::fields(text)?),
            Some('%') => Kind::Regex(parse::regex(text)?),
            Some(_) => Kind::Terms(parse::terms(text)?),
        };
        Ok(Pattern(kind))
    }

    /// Whether a line fits.
    pub fn matches(&self, line: &str) -> bool {
        match &self.0 {
            Kind::All => true,
            Kind::Terms(terms) => terms.fit(line),
            Kind::Regex(wanted) => wanted.found_in(line),
            Kind::Json(condition) => serde_json::from_str(line).is_ok_and(|line: Value| {
                let look = |selector: &Selector| selector.find(&line);
                line.is_object() && condition.holds(&look)
            }),
            Kind::Fields(fields) => fields.fit(line),
        }
    }

    /// Checks that a selector can find something in a line that fits: `$.a` in JSON,
    /// `$name` in fields divided by spaces.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_selector(&self, selector: &str) -> Result<(), PatternError> {
        match &self.0 {
            Kind::Json(_) => parse::selector(selector).map(|_| ()),
            Kind::Fields(fields) => fields.check_selector(selector),
            Kind::All | Kind::Terms(_) | Kind::Regex(_) => Err(PatternError(format!(
                "`{selector}` needs a pattern of JSON or of fields divided by spaces"
            ))),
        }
    }

    /// What a line that fits counts as: a number, or what a selector such as `$.size`, or
    /// `$bytes` for a field, finds in the line; `None` when it finds no number.
    pub fn value(&self, value: &str, line: &str) -> Option<f64> {
        match value.starts_with('$') {
            true => self.selected(value, line, amount),
            false => number(value),
        }
    }

    /// What a selector finds in a line, as text; `None` when it finds nothing, or a list
    /// or an object.
    pub fn text(&self, selector: &str, line: &str) -> Option<String> {
        self.selected(selector, line, written)
    }

    /// The first of what a selector finds that can be read.
    fn selected<T>(
        &self,
        selector: &str,
        line: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        if let Kind::Fields(fields) = &self.0 {
            return read(&fields.value(selector.strip_prefix('$')?, line)?);
        }
        let line = serde_json::from_str(line).ok()?;
        let selector = parse::selector(selector).ok()?;
        selector.find(&line).into_iter().find_map(read)
    }
}

/// A number as JSON has it: Rust reads `inf` and `nan` as numbers, too.
fn number(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(number)
}

/// What a field of a line is as a number.
fn amount(found: &Value) -> Option<f64> {
    match found {
        Value::String(text) => number(text),
        found => found.as_f64(),
    }
}

impl Terms {
    /// Terms are told apart by case.
    fn fit(&self, line: &str) -> bool {
        let holds = |term: &String| line.contains(term.as_str());
        self.all.iter().all(holds)
            && (self.any.is_empty() || self.any.iter().any(holds))
            && !self.none.iter().any(holds)
    }
}

impl<S> Condition<S> {
    fn holds<'a>(&self, look: &impl Fn(&S) -> Vec<&'a Value>) -> bool {
        match self {
            Condition::And(one, other) => one.holds(look) && other.holds(look),
            Condition::Or(one, other) => one.holds(look) || other.holds(look),
            Condition::Test(subject, test) => match (look(subject), test) {
                (found, Test::Exists) => !found.is_empty(),
                (found, Test::NotExists) => found.is_empty(),
                (found, test) => found.into_iter().any(|found| test.met(found)),
            },
        }
    }

    /// Every subject it asks for.
    fn subjects(&self) -> Vec<&S> {
        match self {
            Condition::And(one, other) | Condition::Or(one, other) => {
                let mut subjects = one.subjects();
                subjects.extend(other.subjects());
                subjects
            }
            Condition::Test(subject, _) => vec![subject],
        }
    }
}

impl Test {
    fn met(&self, found: &Value) -> bool {
        match self {
            Test::Exists => true,
            Test::NotExists => false,
            Test::Is(wanted) => found == wanted,
            Test::Text { wanted, equal } => {
                written(found).is_some_and(|text| fits(wanted, &text) == *equal)
            }
            Test::Regex { wanted, equal } => {
                written(found).is_some_and(|text| wanted.found_in(&text) == *equal)
            }
            Test::Number { operator, wanted } => {
                amount(found).is_some_and(|number| operator.holds(number, *wanted))
            }
        }
    }
}

impl Selector {
    /// What stands there in a line.
    fn find<'a>(&self, line: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![line];
        for step in &self.0 {
            let below = found.into_iter();
            found = match step {
                Step::Field(name) => below.filter_map(|value| value.get(name)).collect(),
                Step::Index(index) => below.filter_map(|value| value.get(index)).collect(),
                Step::Every => below.flat_map(every).collect(),
            };
        }
        found
    }
}

/// The elements of an array, the values of an object.
fn every(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(elements) => elements.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

/// What a text is held against; arrays, objects and null have none.
fn written(found: &Value) -> Option<String> {
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(found.to_string()),
        _ => None,
    }
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, fitting: &[&str], others: &[&str]) {
        let read = Pattern::parse(pattern).unwrap();
        for line in fitting {
            assert!(read.matches(line), "{pattern} should fit {line}");
        }
        for line in others {
            assert!(!read.matches(line), "{pattern} should not fit {line}");
        }
    }

    #[test]
    fn terms_are_looked_for_in_the_line() {
        check("", &["", "anything"], &[]);
        check("ERROR", &["[ERROR 1] no", "xERRORx"], &["error", ""]);
        check("ERROR ARGUMENTS", &["ARGUMENTS ERROR"], &["ERROR"]);
        check("?ERROR ?WARN", &["ERROR", "a WARN"], &["INFO"]);
        check("ERROR -EXITING", &["ERROR"], &["ERROR EXITING"]);
        check(
            "\"INTERNAL SERVER ERROR\"",
            &["x INTERNAL SERVER ERROR"],
            &["INTERNAL ERROR"],
        );
        check("\"say \\\"hi\\\"\"", &["they say \"hi\""], &["they say hi"]);
    }

    #[test]
    fn conditions_are_asked_of_a_json_line() {
        let line = r#"{"eventType":"UpdateTrail","sourceIP":"111.111.1.1","n":200,"arr":["v",1],
            "obj":{"id":2,"null":null},"yes":true}"#;
        for (pattern, fits) in [
            ("{ $.eventType = \"UpdateTrail\" }", true),
            ("{$.eventType=UpdateTrail}", true),
            ("{ $.eventType != a,b }", true),
            ("{ $.eventType = Update* }", true),
            ("{ $.eventType = \"*Trail\" }", true),
            ("{ $.eventType = \"U*e*l\" }", true),
            ("{ $.eventType = \"U*x*l\" }", false),
            ("{ $.eventType != \"Other\" }", true),
            ("{ $.missing != \"Other\" }", false),
            ("{ $.sourceIP != 123.123.* }", true),
            ("{ $.n = 200 }", true),
            ("{ $.n >= 200 }", true),
            ("{ $.n > 200 }", false),
            ("{ $.n < 2.01e2 }", true),
            ("{ $.n <= -1 }", false),
            ("{ $.n != 404 }", true),
            ("{ $.n = 2* }", true),
            ("{ $.n = inf }", false),
            ("{ $.n != nan }", true),
            ("{ $.arr[0] = \"v\" }", true),
            ("{ $.arr[1] = 1 }", true),
            ("{ $.arr[2] = 1 }", false),
            ("{ $.obj.id = 2 }", true),
            ("{ $.obj.null IS NULL }", true),
            ("{ $.n IS NULL }", false),
            ("{ $.yes IS TRUE }", true),
            ("{ $.yes IS FALSE }", false),
            ("{ $.obj EXISTS }", true),
            ("{ $.obj NOT EXISTS }", false),
            ("{ $.missing NOT EXISTS }", true),
            ("{ $.n = 1 || $.n = 200 && $.obj.id = 3 }", false),
            ("{ ($.n = 1 || $.n = 200) && $.obj.id = 2 }", true),
            ("{ $.n = 200 || $.n = 1 && $.n = 2 }", true),
        ] {
            match fits {
                true => check(pattern, &[line], &["not json", "[]"]),
                false => check(pattern, &[], &[line]),
            }
        }
    }

    /// The page's section "Matching terms in unstructured log events".
    #[test]
    fn optional_terms_count_only_when_they_are_alone() {
        check(
            "?ERROR ?ARGUMENTS REQUEST",
            &["[INFO] REQUEST FAILED"],
            &["ERROR"],
        );
        check("?ERROR ?WARN -INFO", &["other"], &["ERROR INFO"]);
        check("\" \"", &["", "a", "a b"], &[]);
        check("\"\"", &["", "a"], &[]);
        check("-ERROR", &["fine", ""], &["ERROR"]);
        check("-\"two words\" a", &["a two", "a words"], &["a two words"]);
    }

    /// The same page: "Matching terms with regex", "in JSON log events".
    #[test]
    fn regular_expressions_and_wildcards_are_evaluated() {
        check(
            "%AUTHORIZED%",
            &["[SUCCESS 200] AUTHORIZED REQUEST"],
            &["authorized"],
        );
        check(" %^[0-9]+ % ", &["12 x"], &["x 12 "]);
        let line = r#"{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111",
            "arrayKey":["value","another value"],"objectList":[{"name":"a","id":1},{"name":"b","id":2}],
            "SomeObject":null,"cluster.name":"c","latency":50}"#;
        for (pattern, fits) in [
            ("{ $.eventType = %Trail% }", true),
            ("{ $.eventType = %trail% }", false),
            ("{ $.eventType != %trail% }", true),
            ("{ $.arrayKey[*] = %val.{2}% }", true),
            ("{ $.arrayKey[*] = \"another value\" }", true),
            ("{ $.arrayKey[*] = \"third\" }", false),
            ("{ $.objectList[*].id = 2 }", true),
            ("{ $.objectList[*].id > 2 }", false),
            ("{ $.objectList[*].none NOT EXISTS }", true),
            ("{ $.* = %111\\.111\\.111\\.1[0-9]{1,2}% }", true),
            ("{ $.* = 50 }", true),
            ("{ $.* = 51 }", false),
            ("{ $.['cluster.name'] = \"c\" }", true),
            ("{ $[\"cluster.name\"] = c }", true),
            ("{ $.cluster.name = c }", false),
            ("{ $.SomeObject IS NULL }", true),
            ("{ $.SomeOtherObject NOT EXISTS }", true),
            ("{ $.arrayKey = \"value\" }", false),
            ("{ $.arrayKey != \"value\" }", false),
            ("{ $.latency = * }", true),
            (
                "{ $.eventType = \"*\" && $.sourceIPAddress != 123.123.* }",
                true,
            ),
            ("{ $.latency = 5e+1 && $.latency != 5e-1 }", true),
        ] {
            match fits {
                true => check(pattern, &[line], &["not json"]),
                false => check(pattern, &[], &[line]),
            }
        }
    }

    /// The same page: "Matching terms in space-delimited log events".
    #[test]
    fn fields_are_divided_by_spaces() {
        let line = "127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534";
        for pattern in [
            "[ip, user, username, timestamp, request, status_code, bytes]",
            "[ip=%127\\.0\\.0\\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
            "[..., request =*.html*, status_code = 4*, bytes]",
            "[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]",
            "[ip, server, username, timestamp, request, status_code, bytes > 1000]",
            "[ip, ..., bytes >= 1534]",
            "[ip, user = \"Prod\", rest]",
            "[..., timestamp = \"10/Oct/2000:13:25:15 -0700\", r, s, b]",
            "[a, b, c, d, e, (f = 404 && f != 405) || f = 500, g]",
            "[a, b, c, d, e, ((f = 404)), g]",
        ] {
            check(pattern, &[line], &["", "127.0.0.1"]);
        }
        check(
            "[ip = 127.*, ...]",
            &[line, "127.0.0.1"],
            &["", "x 127.0.0.1"],
        );
        check("[..., status_code = 5*, bytes]", &[], &[line]);
        check(
            "[ip, user, username, timestamp, request, status_code, bytes, more]",
            &[],
            &[line],
        );
        let fails = "ERROR 09/25/2014 12:00:02 Failed to process request";
        let warns = "WARNING 09/25/2014 12:00:02 Invalid user request";
        let get = "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200";
        let post = "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310";
        check("[w1=ERROR, w2]", &[fails], &[warns, get, "ERROR"]);
        check("[w1=ERROR || w1=WARNING, w2]", &[fails, warns], &[get]);
        check(
            "[w1!=ERROR && w1!=WARNING, w2]",
            &[get, post],
            &[fails, warns],
        );
        let top = "[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]";
        check(top, &[get], &[post, fails]);
        let child = "[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, response_time]";
        check(child, &[post], &[get]);
        check("[level, message = *Failed*]", &[fails], &[warns]);
    }

    #[test]
    fn a_selector_finds_a_text_in_a_line_that_fits() {
        let check = |pattern: &str, selector: &str, line: &str, expect: Option<&str>| {
            let pattern = Pattern::parse(pattern).unwrap();
            assert_eq!(
                pattern.text(selector, line).as_deref(),
                expect,
                "{selector}"
            );
        };
        let json = r#"{"a":"x","n":404,"yes":true,"o":{"b":1},"none":null}"#;
        for (selector, expect) in [
            ("$.a", Some("x")),
            ("$.n", Some("404")),
            ("$.yes", Some("true")),
            ("$.o.b", Some("1")),
            ("$.o", None),
            ("$.none", None),
            ("$.missing", None),
            ("$a", None),
        ] {
            check("{ $.n = * }", selector, json, expect);
        }
        let fields = "[ip, user, code, ..., bytes]";
        let line = "10.0.0.1 - 404 x y 99";
        for (selector, expect) in [
            ("$ip", Some("10.0.0.1")),
            ("$code", Some("404")),
            ("$bytes", Some("99")),
            ("$user", Some("-")),
            ("$1", None),
            ("$.ip", None),
            ("ip", None),
        ] {
            check(fields, selector, line, expect);
        }
        let pattern = Pattern::parse(fields).unwrap();
        assert_eq!(pattern.value("$bytes", line), Some(99.0));
        assert_eq!(pattern.value("$ip", line), None);
        assert!(pattern.check_selector("$bytes").is_ok());
        for (pattern, selector, says) in [
            (fields, "$size", "`$size` is none of the pattern's fields"),
            (fields, "$.ip", "`$.ip` is none"),
            ("{ $.a = 1 }", "$a", "expected a selector"),
            ("ERROR", "$.a", "needs a pattern of JSON"),
            ("%E%", "$.a", "needs a pattern of JSON"),
        ] {
            let error = Pattern::parse(pattern).unwrap().check_selector(selector);
            let error = error.unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_what_is_wrong() {
        let refused = |pattern: &str| Pattern::parse(pattern).unwrap_err().to_string();
        assert!(refused("%a!%").contains("write \\x21"));
        assert!(refused("{ $.a[*].b[*] = 1 }").contains("more than one wildcard"));
        assert!(refused("{ $.a = %x% || $.a = %y% || $.a = %z% }").contains("regular expressions"));
        assert!(refused("[a, ..., b, ...]").contains("more than once"));
        assert!(refused("[a = 1, b]x").contains("not closed"));
        assert!(refused("[a, c = 1 && d = 2]").contains("no field `d`"));
        assert!(refused("ERROR %x%").contains("regular expressions"));
        assert!(refused(&"x".repeat(1025)).contains("longer than 1024"));
        for broken in [
            "{",
            "{ }",
            "{ $.a }",
            "{ $.a = }",
            "{ a = 1 }",
            "{ $.a = 1 && }",
            "{ ($.a = 1 }",
            "{ $.a > x }",
            "{ $.a IS MAYBE }",
            "{ $.a = 1 } x",
            "{ $.a = \"x }",
            "\"open",
            "{ $. = 1 }",
            "{ $.a[x] = 1 }",
            "{ $.a = 1 $.b = 2 }",
            "-",
            "%",
            "%%",
            "%a",
            "%a% b",
            "[",
            "[]",
            "[a b]",
            "[a,]",
            "[a = ]",
            "[a EXISTS]",
            "{ $.a = %x }",
            "{ $.a > %x% }",
            "{ $.a IS NOT NULL }",
            "{ $.['a = 1 }",
        ] {
            assert!(Pattern::parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_line_counts_as_a_number_or_as_what_it_holds() {
        let check = |value: &str, line: &str, counted: Option<f64>| {
            let pattern = Pattern::parse("").unwrap();
            assert_eq!(pattern.value(value, line), counted, "{value} of {line}");
        };
        check("1", "any", Some(1.0));
        check("$.size", r#"{"size":2.5}"#, Some(2.5));
        check("$.size", r#"{"size":"3"}"#, Some(3.0));
        check("$.size", r#"{"size":"big"}"#, None);
        check("$.size", "any", None);
        let line = "127.0.0.1 \"GET /\" 404 1534";
        let pattern = Pattern::parse("[ip, request, status, bytes]").unwrap();
        assert_eq!(pattern.value("$bytes", line), Some(1534.0));
        assert_eq!(pattern.value("$request", line), None);
        assert_eq!(pattern.value("$none", line), None);
        assert_eq!(pattern.value("2", line), Some(2.0));
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_and_no_line_panics(
            pattern in "[\\[{%?\"-]?[ab $.,*=!&|%()\\[\\]{}\"'\\\\0-9é-]{0,40}",
            line in "[ab \"\\[\\]{}:,0-9é]{0,40}",
        ) {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                pattern.matches(&line);
                pattern.value("$a", &line);
            }
        }
    }
}
