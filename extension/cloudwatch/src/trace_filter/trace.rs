//! A trace as expressions see it: segments, the services that they make up, and which of
//! them called which.

use serde_json::Value;

/// One segment or subsegment.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Its id.
    pub id: &'a str,
    /// The segment or subsegment that it stands below.
    pub parent: Option<&'a str>,
    /// Part of a segment, nested in it or sent on its own.
    pub subsegment: bool,
    /// As it was sent; subsegments nested in it are not looked at.
    pub document: &'a Value,
}

/// The segments of one trace.
#[derive(Clone, Debug)]
pub struct Trace<'a> {
    pub(super) segments: Vec<Segment<'a>>,
    /// Of each segment, itself and the subsegments that belong to it.
    pub(super) members: Vec<Vec<usize>>,
    /// Of each, what it stands below.
    pub(super) parents: Vec<Option<usize>>,
    pub(super) services: Vec<Service>,
    /// The earliest segment below no other.
    pub(super) root: usize,
}

/// A segment of a service, or the call that says that there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Service {
    pub(super) at: usize,
    pub(super) inferred: bool,
}

impl<'a> Trace<'a> {
    /// Nothing for a trace without segments.
    pub fn new(segments: Vec<Segment<'a>>) -> Option<Trace<'a>> {
        let order = |at: &usize| {
            let segment = &segments[*at];
            let start = number(segment.document, "/start_time").unwrap_or(f64::INFINITY);
            (segment.parent.is_some(), start)
        };
        let first = |one: &usize, other: &usize| {
            let ((below, start), (other_below, other_start)) = (order(one), order(other));
            below.cmp(&other_below).then(start.total_cmp(&other_start))
        };
        let root = (0..segments.len()).min_by(first)?;
        let places: std::collections::HashMap<&str, usize> = segments
            .iter()
            .enumerate()
            .map(|(at, segment)| (segment.id, at))
            .collect();
        let parent = |segment: &Segment<'a>| places.get(segment.parent?).copied();
        let parents: Vec<Option<usize>> = segments.iter().map(parent).collect();
        let mut trace = Trace {
            members: vec![Vec::new(); segments.len()],
            services: Vec::new(),
            segments,
            parents,
            root,
        };
        for at in 0..trace.segments.len() {
            if let Some(owner) = trace.nearest(Some(at)) {
                trace.members[owner].push(at);
            }
        }
        trace.services = trace.found_services();
        Some(trace)
    }

    /// The segment at a place or above it.
    pub(super) fn nearest(&self, at: Option<usize>) -> Option<usize> {
        self.upwards(at).find(|at| !self.segments[*at].subsegment)
    }

    /// A place and those above it. Parents that point in a circle end it.
    fn upwards(&self, at: Option<usize>) -> impl Iterator<Item = usize> {
        std::iter::successors(at, |at| self.parents[*at]).take(self.segments.len())
    }

    fn found_services(&self) -> Vec<Service> {
        // Calls that a segment of the trace answers.
        let mut answered = vec![false; self.segments.len()];
        for (at, segment) in self.segments.iter().enumerate() {
            if !segment.subsegment {
                let calls = self.upwards(self.parents[at]);
                for call in calls.take_while(|call| self.segments[*call].subsegment) {
                    answered[call] = true;
                }
            }
        }
        let service = |(at, segment): (usize, &Segment<'_>)| {
            let called = matches!(text(segment.document, "/namespace"), Some("aws" | "remote"));
            let inferred = segment.subsegment && called && !answered[at];
            (!segment.subsegment || inferred).then_some(Service { at, inferred })
        };
        self.segments
            .iter()
            .enumerate()
            .filter_map(service)
            .collect()
    }

    pub(super) fn document(&self, at: usize) -> &'a Value {
        self.segments[at].document
    }

    /// The root segment.
    pub fn root(&self) -> &'a Value {
        self.document(self.root)
    }

    /// From the first start to the last end, in seconds; none before anything has ended.
    pub fn duration(&self) -> Option<f64> {
        span(self.segments.iter().map(|segment| segment.document))
    }

    /// How long the root segment took, in seconds; none before it has ended.
    pub fn response_time(&self) -> Option<f64> {
        span([self.root()])
    }

    /// Whether any of its segments says that it is throttled.
    pub fn is_throttled(&self) -> bool {
        self.says("/throttle")
    }

    /// Whether any of its segments is in progress.
    pub fn is_partial(&self) -> bool {
        self.says("/in_progress")
    }

    fn says(&self, pointer: &str) -> bool {
        self.segments.iter().any(|it| flag(it.document, pointer))
    }
}

pub(super) fn flag(document: &Value, pointer: &str) -> bool {
    document.pointer(pointer).and_then(Value::as_bool) == Some(true)
}

pub(super) fn number(document: &Value, pointer: &str) -> Option<f64> {
    document.pointer(pointer).and_then(Value::as_f64)
}

pub(super) fn text<'a>(document: &'a Value, pointer: &str) -> Option<&'a str> {
    document.pointer(pointer).and_then(Value::as_str)
}

/// From the first start of these to their last end.
pub(super) fn span<'a>(documents: impl IntoIterator<Item = &'a Value>) -> Option<f64> {
    let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
    for document in documents {
        first = first.min(number(document, "/start_time").unwrap_or(f64::INFINITY));
        last = last.max(number(document, "/end_time").unwrap_or(f64::NEG_INFINITY));
    }
    let span = last - first;
    span.is_finite().then_some(span)
}
