//! What all handles of a recorder share: how a key becomes series, and what is
//! counted as lost.

use std::{
    collections::{HashMap, HashSet},
    hash::{Hash as _, Hasher as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use cloudvault_obs_core::{
    emf::{Group, Prepared},
    metric::{Kind, LimitError, Series, Unit},
};
use metrics::Key;

use super::{
    declared,
    guard::{Explosion, Guard, Verdict},
    handle::{Handle, Journaled, Target},
    kept::Line,
    label::Labels,
    settings::Settings,
    sink::Sink,
};

/// What handles share; it does not know them.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) namespace: String,
    /// `service` and the defaults of the environment.
    pub(super) dimensions: Vec<(String, String)>,
    pub(super) function_name: String,
    pub(super) settings: Settings,
    pub(super) units: Mutex<HashMap<String, Unit>>,
    pub(super) guard: Mutex<Guard>,
    /// Handles of series that the guard folded: their keys are without bound.
    pub(super) folded_handles: Mutex<HashMap<Folded, Arc<Handle>>>,
    pub(super) sink: Sink,
    pub(super) numbers: AtomicU32,
    pub(super) folded: AtomicU64,
    pub(super) folded_told: AtomicU64,
    pub(super) complained: Mutex<HashSet<u64>>,
}

/// Kind, name and dimensions of a series that others were folded into.
pub(super) type Folded = (Kind, String, Vec<(String, String)>);

/// Complaints beyond these are only counted.
const MAX_COMPLAINTS: usize = 4096;

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds `more`, leaving out names that are there already.
pub(super) fn merge(
    dimensions: &mut Vec<(String, String)>,
    more: impl IntoIterator<Item = (String, String)>,
) {
    for (name, value) in more {
        match dimensions.iter_mut().find(|(known, _)| *known == name) {
            // What the environment says about `service` goes before its default.
            Some((known, old)) if known == "service" => *old = value,
            Some(_) => {}
            None => dimensions.push((name, value)),
        }
    }
}

pub(super) enum Admission {
    Open,
    Folded(Vec<(String, String)>),
    Refused,
}

impl Core {
    /// The dimensions of `labels` behind those of the process, and how many of
    /// these there are. A label says it better than a default of its name.
    fn dimensions(&self, labels: &Labels) -> (Vec<(String, String)>, usize) {
        let mut all = self.dimensions.clone();
        for (name, value) in declared::dimensions() {
            if !all.iter().any(|(known, _)| *known == name) {
                all.push((name, value));
            }
        }
        all.retain(|(name, _)| !labels.dimensions.iter().any(|(label, _)| label == name));
        let fixed = all.len();
        all.extend(labels.dimensions.iter().cloned());
        (all, fixed)
    }

    pub(super) fn admits(&self, key: &Key) -> Admission {
        let (mut dimensions, fixed) = self.dimensions(&Labels::of(key));
        match self.judge(key, &mut dimensions, fixed) {
            Verdict::Open => Admission::Open,
            Verdict::Folded(_) => Admission::Folded(dimensions),
            Verdict::Refused(_) => Admission::Refused,
        }
    }

    /// Asks the guard, and says once what explodes.
    fn judge(&self, key: &Key, dimensions: &mut Vec<(String, String)>, fixed: usize) -> Verdict {
        let verdict = lock(&self.guard).admit(key.name(), dimensions, fixed);
        let limit = self.settings.max_series;
        match &verdict {
            Verdict::Folded(Some(Explosion { dimension, values })) => tracing::warn!(
                metric = key.name(),
                dimension = dimension.as_str(),
                values,
                limit,
                "dimension of a metric has too many values: further ones are folded into \"_other\"; log them instead, or raise OBS_MAX_SERIES"
            ),
            Verdict::Refused(Some(Explosion { values, .. })) => tracing::warn!(
                metric = key.name(),
                names = values,
                limit,
                "there are too many metric names: points of further ones are lost; put what varies into the log, or raise OBS_MAX_SERIES"
            ),
            _ => {}
        }
        verdict
    }

    /// What `key` becomes, as far as is described by now.
    pub(super) fn resolve(&self, kind: Kind, key: &Key) -> Target {
        let mut labels = Labels::of(key);
        let (mut dimensions, fixed) = self.dimensions(&labels);
        let verdict = self.judge(key, &mut dimensions, fixed);
        let declared = declared::of(key.name());
        let sets = labels.sets.take().or(declared.sets);
        for complaint in std::mem::take(&mut labels.complaints) {
            self.complain(key.name(), &complaint);
        }
        let described = lock(&self.units).get(key.name()).copied();
        let unit = labels.unit.or(declared.unit).or(described);
        let series = Series {
            namespace: labels.namespace.unwrap_or_else(|| self.namespace.clone()),
            name: key.name().to_owned(),
            dimensions,
            unit: unit.unwrap_or(match kind {
                Kind::Counter => Unit::Count,
                Kind::Gauge | Kind::Histogram => Unit::None,
            }),
            resolution: labels
                .resolution
                .or(declared.resolution)
                .unwrap_or_default(),
            kind,
        };
        let mut target = self.target(series, sets, labels.timestamp_ms);
        target.folded = matches!(verdict, Verdict::Folded(_));
        if matches!(verdict, Verdict::Refused(_)) {
            target.refused = Some("there are too many metric names".to_owned());
        }
        target
    }

    fn target(
        &self,
        series: Series,
        sets: Option<Vec<Vec<String>>>,
        timestamp_ms: Option<i64>,
    ) -> Target {
        let each = self.each_set(&series, sets.as_deref());
        let mut target = Target {
            refused: each.iter().find_map(refusal),
            lines: Vec::new(),
            timestamp_ms,
            journal: None,
            folded: false,
        };
        if target.refused.is_some() {
            return target;
        }
        target.journal = self.intern(&each);
        match self.lines(series, &each, timestamp_ms) {
            Ok(lines) => target.lines = lines,
            // Only lines cannot express it.
            Err(_) if target.journal.is_some() => {}
            Err(limit) => target.refused = Some(limit.to_string()),
        }
        target
    }

    /// One series for each dimension set.
    fn each_set(&self, series: &Series, sets: Option<&[Vec<String>]>) -> Vec<Series> {
        let Some(sets) = sets else {
            return vec![series.clone()];
        };
        let mut each: Vec<Series> = Vec::with_capacity(sets.len());
        for set in sets {
            let mut dimensions = Vec::with_capacity(set.len());
            for name in set {
                match series.dimensions.iter().find(|(known, _)| known == name) {
                    Some(dimension) => dimensions.push(dimension.clone()),
                    None => self.complain(
                        &series.name,
                        &format!("dimension set names {name:?}, which the metric does not have"),
                    ),
                }
            }
            let one = Series {
                dimensions,
                ..series.clone()
            };
            if !each.contains(&one) {
                each.push(one);
            }
        }
        each
    }

    fn intern(&self, each: &[Series]) -> Option<Journaled> {
        let writer = self.sink.writer()?;
        let mut ids = each.iter().map(|series| writer.series(series).ok());
        let id = ids.next()??;
        Some(Journaled {
            writer: Arc::clone(writer),
            id,
            others: ids.collect::<Option<Vec<_>>>()?.into(),
        })
    }

    /// A line with all sets, then one for each where there are several.
    fn lines(
        &self,
        mut series: Series,
        each: &[Series],
        timestamp_ms: Option<i64>,
    ) -> Result<Vec<Line>, LimitError> {
        let names = |series: &Series| {
            let names = series.dimensions.iter().map(|(name, _)| name.clone());
            names.collect::<Vec<_>>()
        };
        let sets: Vec<_> = each.iter().map(names).collect();
        series
            .dimensions
            .retain(|(name, _)| sets.iter().any(|set| set.contains(name)));
        let line = |series: &Series, sets: &[Vec<String>]| {
            let group = Group::with_sets(&series.namespace, &series.dimensions, sets);
            let number = || self.numbers.fetch_add(1, Ordering::Relaxed);
            Ok(Line {
                prepared: Arc::new(Prepared::new(series, Arc::new(group))?),
                number: timestamp_ms.is_none().then(number),
                resolution: series.resolution,
            })
        };
        let mut lines = vec![line(&series, &sets)?];
        if let [_, _, ..] = each {
            for (series, set) in each.iter().zip(&sets) {
                lines.push(line(series, std::slice::from_ref(set))?);
            }
        }
        Ok(lines)
    }

    /// Counts points of a series that was folded into another.
    pub(super) fn fold(&self, points: u64) {
        self.folded.fetch_add(points, Ordering::Relaxed);
    }

    /// Counts the loss, and says why once a metric and reason.
    pub(super) fn lose(&self, name: &str, points: u64, reason: &str) {
        self.sink.lose(points);
        self.complain(name, reason);
    }

    fn complain(&self, name: &str, reason: &str) {
        let mut hasher = std::hash::DefaultHasher::new();
        // A value that varies in the reason is not a new reason.
        let kind = if reason.starts_with("value ") {
            "value"
        } else {
            reason
        };
        (name, kind).hash(&mut hasher);
        let fresh = {
            let mut complained = lock(&self.complained);
            complained.len() < MAX_COMPLAINTS && complained.insert(hasher.finish())
        };
        if fresh {
            tracing::warn!(metric = name, reason, "metric is not recorded as asked");
        }
    }
}

fn refusal(series: &Series) -> Option<String> {
    series.check().err().map(|limit| limit.to_string())
}
