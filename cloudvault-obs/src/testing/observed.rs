//! What one invocation emitted.

use std::fmt::{self, Write as _};

use lambda_runtime::Error;
use serde_json::Value;

use super::assert::{Line, Metric, Segment};

/// The result, log lines, segments and metrics of one invocation; see
/// [`super::invoke`].
///
/// The methods that look for one thing panic where there is none, and say what
/// there was.
#[derive(Debug)]
pub struct Observed<T> {
    result: Result<T, Error>,
    lines: Vec<Value>,
    metric_lines: Vec<Value>,
    segments: Vec<Value>,
}

impl<T> Observed<T> {
    pub(super) fn new(result: Result<T, Error>, written: &[u8], segments: Vec<Value>) -> Self {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| line.into());
        let (metric_lines, lines) = String::from_utf8_lossy(written)
            .lines()
            .map(read)
            .partition(|line: &Value| line.get("_aws").is_some());
        Self {
            result,
            lines,
            metric_lines,
            segments,
        }
    }

    /// What the handler answered.
    ///
    /// # Errors
    ///
    /// What it failed with.
    pub fn result(&self) -> Result<&T, &Error> {
        self.result.as_ref()
    }

    /// What the handler answered.
    ///
    /// # Errors
    ///
    /// What it failed with.
    pub fn into_result(self) -> Result<T, Error> {
        self.result
    }

    /// The handler's answer.
    ///
    /// # Panics
    ///
    /// Where it failed.
    #[track_caller]
    pub fn response(&self) -> &T {
        match &self.result {
            Ok(response) => response,
            Err(error) => panic!("the handler failed: {error}\n{}", Seen(self)),
        }
    }

    /// The message of the handler's error.
    ///
    /// # Panics
    ///
    /// Where it succeeded.
    #[track_caller]
    pub fn error(&self) -> String {
        match &self.result {
            Ok(_) => panic!("the handler succeeded\n{}", Seen(self)),
            Err(error) => error.to_string(),
        }
    }

    /// Every log line, in order.
    #[must_use]
    pub fn logs(&self) -> &[Value] {
        &self.lines
    }

    /// Every segment's document, in the order in which they were sent.
    #[must_use]
    pub fn segments(&self) -> &[Value] {
        &self.segments
    }

    /// Every line of embedded metric format.
    #[must_use]
    pub fn metric_lines(&self) -> &[Value] {
        &self.metric_lines
    }

    /// The first line with this message.
    ///
    /// # Panics
    ///
    /// Where there is none.
    #[track_caller]
    pub fn log(&self, message: &str) -> Line<'_> {
        let found = self.lines.iter().find(|line| line["message"] == message);
        match found {
            Some(line) => Line(line),
            None => panic!("no log line says {message:?}\n{}", Seen(self)),
        }
    }

    /// Asserts that no line has this message.
    ///
    /// # Panics
    ///
    /// Where one has.
    #[track_caller]
    pub fn no_log(&self, message: &str) -> &Self {
        let found = self.lines.iter().any(|line| line["message"] == message);
        assert!(!found, "a log line says {message:?}\n{}", Seen(self));
        self
    }

    /// Asserts that no line is of level `WARN` or above.
    ///
    /// # Panics
    ///
    /// Where one is.
    #[track_caller]
    pub fn nothing_else_than_info(&self) -> &Self {
        let quiet =
            |line: &Value| !matches!(line["level"].as_str(), Some("WARN" | "ERROR" | "FATAL"));
        assert!(
            self.lines.iter().all(quiet),
            "there is a warning or an error\n{}",
            Seen(self)
        );
        self
    }

    /// The finished segment of this name.
    ///
    /// # Panics
    ///
    /// Where there is none.
    #[track_caller]
    pub fn segment(&self, name: &str) -> Segment<'_> {
        match self.find_segment(name) {
            Some(document) => Segment {
                document,
                all: &self.segments,
            },
            None => panic!("no segment is named {name:?}\n{}", Seen(self)),
        }
    }

    /// Asserts that no segment has this name.
    ///
    /// # Panics
    ///
    /// Where one has.
    #[track_caller]
    pub fn no_segment(&self, name: &str) -> &Self {
        let found = self.find_segment(name).is_some();
        assert!(!found, "a segment is named {name:?}\n{}", Seen(self));
        self
    }

    fn find_segment(&self, name: &str) -> Option<&Value> {
        fn within<'a>(documents: &'a [Value], name: &str) -> Option<&'a Value> {
            documents.iter().find_map(|document| {
                let own = document["name"] == name && document["in_progress"] != true;
                let below = || within(document["subsegments"].as_array()?, name);
                own.then_some(document).or_else(below)
            })
        }
        within(&self.segments, name)
    }

    /// What was recorded of the metric `name`.
    ///
    /// # Panics
    ///
    /// Where nothing was.
    #[track_caller]
    pub fn metric(&self, name: &str) -> Metric<'_> {
        let metric = Metric::new(name, &self.metric_lines);
        assert!(
            !metric.is_empty(),
            "no metric is named {name:?}\n{}",
            Seen(self)
        );
        metric
    }

    /// Asserts that nothing was recorded of the metric `name`.
    ///
    /// # Panics
    ///
    /// Where something was.
    #[track_caller]
    pub fn no_metric(&self, name: &str) -> &Self {
        let metric = Metric::new(name, &self.metric_lines);
        assert!(
            metric.is_empty(),
            "a metric is named {name:?}\n{}",
            Seen(self)
        );
        self
    }
}

/// All that was observed, for the message of a failed assertion.
struct Seen<'a, T>(&'a Observed<T>);

impl<T> fmt::Display for Seen<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("log lines", &self.0.lines),
            ("segments", &self.0.segments),
            ("metric lines", &self.0.metric_lines),
        ];
        for (what, values) in parts {
            writeln!(f, "{what} seen: {}", values.len())?;
            for value in values {
                f.write_str("  ")?;
                writeln!(f, "{value}")?;
            }
        }
        if let Err(error) = &self.0.result {
            write!(f, "result: {error}")?;
        }
        f.write_char('\n')
    }
}
