//! CloudWatch Logs' filter patterns: which lines a metric filter counts.
//!
//! Four kinds, as the page "Filter pattern syntax" gives them: nothing (every line),
//! terms (`ERROR "two words" -harmless ?either ?or`), conditions on a JSON line
//! (`{ ($.code = 4*) && $.user EXISTS }`), and fields divided by spaces
//! (`[ip, user, ..., status = 4*, bytes > 1000]`). What is not evaluated here is refused
//! by name and never guessed: regular expressions (`%...%`), `[*]` in a selector, and `?`
//! terms beside other terms.
//!
//! Where the page leaves a case open the answer is inferred: a condition on a field
//! that a line does not have is not met, whatever its operator, save `NOT EXISTS`; and
//! without `...` a line has exactly the pattern's number of fields.

mod parse;
mod fields;

use serde_json::Value;

/// The most characters of a pattern.
const MAX: usize = 1024;

/// A pattern, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    All,
    Terms(Terms),
    Json(Condition),
    Fields(fields::Fields),
}

/// Words that a line has to hold, or must not.
#[derive(Clone, Debug, Default, PartialEq)]
struct Terms {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Test(Vec<Step>, Test),
}

/// One step of a selector.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Index(usize),
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
    Number {
        operator: Operator,
        wanted: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
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
            Some(_) => Kind::Terms(parse::terms(text)?),
        };
        Ok(Pattern(kind))
    }

    /// Whether a line fits.
    pub fn matches(&self, line: &str) -> bool {
        match &self.0 {
            Kind::All => true,
            Kind::Terms(terms) => terms.fit(line),
            Kind::Json(condition) => serde_json::from_str(line)
                .is_ok_and(|line: Value| line.is_object() && condition.holds(&line)),
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
            Kind::All | Kind::Terms(_) => Err(PatternError(format!(
                "`{selector}` needs a pattern of JSON or of fields divided by spaces"
            ))),
        }
    }

    /// What a line that fits counts as: a number, or what a selector such as `$.size`
    /// or `$size` finds in the line; `None` when it finds no number.
    pub fn value(&self, value: &str, line: &str) -> Option<f64> {
        match value.starts_with('$') {
            true => amount(&self.selected(value, line)?),
            false => number(value),
        }
    }

    /// What a selector finds in a line, as text; `None` when it finds nothing, or a list
    /// or an object.
    pub fn text(&self, selector: &str, line: &str) -> Option<String> {
        as_text(&self.selected(selector, line)?)
    }

    fn selected(&self, selector: &str, line: &str) -> Option<Value> {
        if let Kind::Fields(fields) = &self.0 {
            return fields.read(line)?.remove(selector.strip_prefix('$')?);
        }
        let line: Value = serde_json::from_str(line).ok()?;
        find(&line, &parse::selector(selector).ok()?).cloned()
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

/// A value as text: lists and objects have none.
fn as_text(found: &Value) -> Option<String> {
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(found.to_string()),
        _ => None,
    }
}

fn refused(what: &str) -> PatternError {
    PatternError(format!("{what} are not evaluated here"))
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

impl Condition {
    fn holds(&self, line: &Value) -> bool {
        match self {
            Condition::And(one, other) => one.holds(line) && other.holds(line),
            Condition::Or(one, other) => one.holds(line) || other.holds(line),
            Condition::Test(selector, test) => match (find(line, selector), test) {
                (found, Test::Exists) => found.is_some(),
                (found, Test::NotExists) => found.is_none(),
                (None, _) => false,
                (Some(found), test) => test.met(found),
            },
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
                as_text(found).is_some_and(|text| fits(wanted, &text) == *equal)
            }
            Test::Number { operator, wanted } => {
                amount(found).is_some_and(|number| operator.holds(number, *wanted))
            }
        }
    }
}

impl Operator {
    fn holds(self, found: f64, wanted: f64) -> bool {
        match self {
            Operator::Equal => found == wanted,
            Operator::Unequal => found != wanted,
            Operator::Less => found < wanted,
            Operator::LessOrEqual => found <= wanted,
            Operator::Greater => found > wanted,
            Operator::GreaterOrEqual => found >= wanted,
        }
    }
}

fn find<'a>(value: &'a Value, selector: &[Step]) -> Option<&'a Value> {
    selector.iter().try_fold(value, |value, step| match step {
        Step::Field(name) => value.get(name),
        Step::Index(index) => value.get(index),
    })
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

    #[test]
    fn fields_are_divided_by_spaces_unless_quoted_or_in_brackets() {
        let line =
            "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /i.html HTTP/1.0\" 404 1534";
        let all = "ip, id, user, at, request";
        for (pattern, fits) in [
            (format!("[{all}, code, bytes]"), true),
            (format!("[{all}, code]"), false),
            (format!("[{all}, code, bytes, more]"), false),
            (format!("[{all}, code = 4*, bytes > 1000]"), true),
            (format!("[{all}, code = 4* && code != 404, bytes]"), false),
            (format!("[{all}, code = 500 || code = 404, bytes]"), true),
            (
                format!("[{all}, code=500||code=404&&code!=404, bytes]"),
                false,
            ),
            ("[ip, user, ..., code, bytes]".to_owned(), true),
            ("[..., code = 404, bytes]".to_owned(), true),
            ("[..., request = *.html*, code = 4*,]".to_owned(), true),
            ("[ip = 127.0.*, ...]".to_owned(), true),
            ("[ip != 127.0.*, ...]".to_owned(), false),
            (
                "[..., at = \"10/Oct/2000:13:25:15 -0700\", request, code, bytes]".to_owned(),
                true,
            ),
            ("[...]".to_owned(), true),
            ("[a, b, c, d, e, f, g, ..., h]".to_owned(), false),
            (" [ , , user = frank , ... ] ".to_owned(), true),
        ] {
            match fits {
                true => check(&pattern, &[line], &[]),
                false => check(&pattern, &[], &[line]),
            }
        }
        check(
            "[a, b]",
            &["1 2", "  1   2 ", "\"1 2\" [3 4]", "1 \"2"],
            &["", "1", "1 2 3"],
        );
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
        let fields = "[ip, , code, ..., bytes]";
        let line = "10.0.0.1 - 404 x y 99";
        for (selector, expect) in [
            ("$ip", Some("10.0.0.1")),
            ("$code", Some("404")),
            ("$bytes", Some("99")),
            ("$2", Some("-")),
            ("$4", Some("x")),
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
        assert!(pattern.check_selector("$2").is_ok());
        for (pattern, selector, says) in [
            (fields, "$size", "`$size` is none of the pattern's fields"),
            (fields, "$.ip", "`$.ip` is none"),
            ("{ $.a = 1 }", "$a", "expected a selector"),
            ("ERROR", "$.a", "needs a pattern of JSON"),
        ] {
            let error = Pattern::parse(pattern).unwrap().check_selector(selector);
            let error = error.unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn what_is_not_evaluated_is_refused_by_name() {
        let refused = |pattern: &str| Pattern::parse(pattern).unwrap_err().to_string();
        assert!(refused("[a = %x%]").contains("regular expressions"));
        assert!(refused("%ERR.*%").contains("regular expressions"));
        assert!(refused("{ $.a = %x% }").contains("regular expressions"));
        assert!(refused("{ $.a[*] = 1 }").contains("`[*]`"));
        assert!(refused("?ERROR ?WARN -INFO").contains("`?` beside"));
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
            "[",
            "[]",
            "[a, b",
            "[a] x",
            "[a, a]",
            "[..., a, ...]",
            "[a b]",
            "[= 1]",
            "[a =]",
            "[a EXISTS]",
            "[a = 1 && b = 2, b]",
            "[a = 1 &&, b]",
            "[a > x]",
            "[a = \"x]",
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
    }
}
