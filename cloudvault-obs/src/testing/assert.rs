//! Readable assertions on one line, one segment, one metric.

use cloudvault_obs_core::metric::Unit;
use serde_json::Value;

/// A log line that was found; its assertions can be chained.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a>(pub(super) &'a Value);

impl Line<'_> {
    /// The whole line.
    #[must_use]
    pub fn value(&self) -> &Value {
        self.0
    }

    /// Asserts a field's value, be it the event's, a span's or the invocation's.
    ///
    /// # Panics
    ///
    /// Where the field is missing or has another value.
    #[track_caller]
    pub fn field(self, name: &str, expect: impl Into<Value>) -> Self {
        same(&self.0[name], &expect.into(), name, self.0);
        self
    }

    /// Asserts that the line has no such field.
    ///
    /// # Panics
    ///
    /// Where it has.
    #[track_caller]
    pub fn no_field(self, name: &str) -> Self {
        let missing = self.0.get(name).is_none();
        assert!(missing, "field {name:?} is there: {}", self.0);
        self
    }

    /// Asserts the level: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`.
    ///
    /// # Panics
    ///
    /// Where it is another.
    #[track_caller]
    pub fn level(self, expect: &str) -> Self {
        self.field("level", expect)
    }
}

/// A segment that was found; its assertions can be chained.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    pub(super) document: &'a Value,
    pub(super) all: &'a [Value],
}

impl Segment<'_> {
    /// The whole document.
    #[must_use]
    pub fn document(&self) -> &Value {
        self.document
    }

    /// Asserts an annotation.
    ///
    /// # Panics
    ///
    /// Where it is missing or has another value.
    #[track_caller]
    pub fn annotation(self, key: &str, expect: impl Into<Value>) -> Self {
        let found = &self.document["annotations"][key];
        same(found, &expect.into(), key, self.document);
        self
    }

    /// Asserts a value of the metadata under `namespace`.
    ///
    /// # Panics
    ///
    /// Where it is missing or has another value.
    #[track_caller]
    pub fn metadata(self, namespace: &str, key: &str, expect: impl Into<Value>) -> Self {
        let found = &self.document["metadata"][namespace][key];
        same(found, &expect.into(), key, self.document);
        self
    }

    /// Asserts a member by its JSON pointer, as `/http/response/status`.
    ///
    /// # Panics
    ///
    /// Where it is missing or has another value.
    #[track_caller]
    pub fn member(self, pointer: &str, expect: impl Into<Value>) -> Self {
        let found = self.document.pointer(pointer).unwrap_or(&Value::Null);
        same(found, &expect.into(), pointer, self.document);
        self
    }

    /// Asserts that the segment stands directly below the one named `parent`.
    ///
    /// # Panics
    ///
    /// Where it stands elsewhere.
    #[track_caller]
    pub fn below(self, parent: &str) -> Self {
        fn has(document: &Value, parent: &str, child: &Value) -> bool {
            let inside = document["subsegments"].as_array();
            let mut inside = inside.into_iter().flatten();
            document["name"] == parent
                && (document["id"] == child["parent_id"]
                    || inside.clone().any(|below| below["id"] == child["id"]))
                || inside.any(|below| has(below, parent, child))
        }
        let found = self.all.iter().any(|one| has(one, parent, self.document));
        assert!(found, "not below {parent:?}: {}", self.document);
        self
    }

    /// Asserts that it is neither an error nor a fault.
    ///
    /// # Panics
    ///
    /// Where it is.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        let bad = self.document["error"] == true || self.document["fault"] == true;
        assert!(!bad, "the segment failed: {}", self.document);
        self
    }

    /// Asserts that it is a fault.
    ///
    /// # Panics
    ///
    /// Where it is not.
    #[track_caller]
    pub fn fault(self) -> Self {
        let bad = self.document["fault"] == true;
        assert!(bad, "the segment is no fault: {}", self.document);
        self
    }
}

/// The values of one metric, over all its series; narrow them by
/// [`Metric::dimension`].
#[derive(Debug, Clone)]
pub struct Metric<'a> {
    name: String,
    found: Vec<Found<'a>>,
}

#[derive(Debug, Clone)]
struct Found<'a> {
    line: &'a Value,
    definition: &'a Value,
    directive: &'a Value,
    values: Vec<(f64, f64)>,
}

impl<'a> Metric<'a> {
    pub(super) fn new(name: &str, lines: &'a [Value]) -> Self {
        let directives = lines.iter().flat_map(|line| {
            let all = line["_aws"]["CloudWatchMetrics"].as_array();
            all.into_iter().flatten().map(move |one| (line, one))
        });
        let found = directives.flat_map(|(line, directive)| {
            let all = directive["Metrics"].as_array().into_iter().flatten();
            let own = all.filter(|definition| definition["Name"] == name);
            own.map(move |definition| Found {
                line,
                definition,
                directive,
                values: values(&line[name]),
            })
        });
        Self {
            found: found.collect(),
            name: name.to_owned(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Keeps the series with this dimension.
    ///
    /// # Panics
    ///
    /// Where none has it.
    #[track_caller]
    pub fn dimension(mut self, name: &str, value: &str) -> Self {
        let before = self.seen();
        self.found.retain(|found| {
            let sets = found.directive["Dimensions"].as_array();
            let names = sets
                .into_iter()
                .flatten()
                .filter_map(Value::as_array)
                .flatten();
            found.line[name] == value && names.into_iter().any(|one| one == name)
        });
        assert!(!self.is_empty(), "no series has {name}={value}: {before}");
        self
    }

    /// Asserts the sum of all values.
    ///
    /// # Panics
    ///
    /// Where it is another.
    #[track_caller]
    pub fn sum(self, expect: f64) -> Self {
        let sum: f64 = self.pairs().map(|(value, count)| value * count).sum();
        let near = (sum - expect).abs() <= expect.abs() * 1e-9;
        assert!(near, "sum is {sum}, not {expect}: {}", self.seen());
        self
    }

    /// Asserts how many points were recorded.
    ///
    /// # Panics
    ///
    /// Where it is another number.
    #[track_caller]
    pub fn count(self, expect: u64) -> Self {
        let count: f64 = self.pairs().map(|(_, count)| count).sum();
        let same = count as u64 == expect;
        assert!(same, "{count} points, not {expect}: {}", self.seen());
        self
    }

    /// Asserts the unit.
    ///
    /// # Panics
    ///
    /// Where a series has another.
    #[track_caller]
    pub fn unit(self, expect: Unit) -> Self {
        let same = |found: &Found<'_>| found.definition["Unit"] == expect.as_str();
        assert!(
            self.found.iter().all(same),
            "unit is not {expect}: {}",
            self.seen()
        );
        self
    }

    /// Asserts the namespace.
    ///
    /// # Panics
    ///
    /// Where a series has another.
    #[track_caller]
    pub fn namespace(self, expect: &str) -> Self {
        let same = |found: &Found<'_>| found.directive["Namespace"] == expect;
        assert!(
            self.found.iter().all(same),
            "namespace is not {expect}: {}",
            self.seen()
        );
        self
    }

    /// Every value, with how often it was recorded, in order.
    #[must_use]
    pub fn values(&self) -> Vec<(f64, u64)> {
        self.pairs()
            .map(|(value, count)| (value, count as u64))
            .collect()
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.found
            .iter()
            .flat_map(|found| found.values.iter().copied())
    }

    fn seen(&self) -> String {
        let lines = self.found.iter().map(|found| found.line.to_string());
        format!("{} on\n{}", self.name, lines.collect::<Vec<_>>().join("\n"))
    }
}

fn values(of: &Value) -> Vec<(f64, f64)> {
    let numbers = |value: &Value| -> Vec<f64> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(Value::as_f64).collect()
    };
    match of {
        Value::Object(pair) => {
            let counts = numbers(&pair["Counts"]);
            numbers(&pair["Values"]).into_iter().zip(counts).collect()
        }
        Value::Array(_) => numbers(of).into_iter().map(|value| (value, 1.0)).collect(),
        one => one.as_f64().map(|value| (value, 1.0)).into_iter().collect(),
    }
}

/// Numbers are compared as numbers: 3 is 3.0.
#[track_caller]
fn same(found: &Value, expect: &Value, name: &str, all: &Value) {
    let numbers = found.as_f64().is_some() && found.as_f64() == expect.as_f64();
    assert!(
        numbers || found == expect,
        "{name:?} is {found}, not {expect}: {all}"
    );
}
