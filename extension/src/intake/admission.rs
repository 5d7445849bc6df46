//! Which points CloudWatch can take at all.
//!
//! PutMetricData refuses a whole request for one bad value, so what it would
//! refuse is turned away here, point by point, and counted by reason.

use std::{collections::HashSet, fmt, sync::Arc};

use cloudvault_obs_core::{
    journal::Point,
    metric::{Series, value_is_valid},
};

const MINUTE_MS: i64 = 60_000;
const OLDEST_MS: i64 = 14 * 24 * 60 * MINUTE_MS;
const NEWEST_MS: i64 = 2 * 60 * MINUTE_MS;
/// A series' name and limits are checked against CloudWatch once; this many
/// (series, reason) pairs are told one by one, later ones only counted.
const MOST_TOLD: usize = 64;

/// Why a point is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// NaN, infinite, or beyond 2^360 in magnitude.
    Value,
    /// Older than 14 days.
    TooOld,
    /// More than two hours ahead.
    TooNew,
    /// The series breaks one of CloudWatch's limits.
    Series,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "the value is not a number that CloudWatch takes",
            Self::TooOld => "the timestamp is more than 14 days ago",
            Self::TooNew => "the timestamp is more than 2 hours ahead",
            Self::Series => "the series breaks a limit of CloudWatch",
        })
    }
}

/// A refusal that has not been told before.
#[derive(Debug, Clone)]
pub struct News {
    /// The series.
    pub series: Arc<Series>,
    /// Why its point was turned away.
    pub refusal: Refusal,
    /// The limit that the series breaks, for [`Refusal::Series`].
    pub detail: Option<String>,
}

/// Knows every series of the journal, and what has been told about it.
#[derive(Debug, Default)]
pub struct Admission {
    known: Vec<Option<Known>>,
    told: Told,
}

#[derive(Debug, Clone)]
struct Known {
    series: Arc<Series>,
    broken: Option<String>,
}

#[derive(Debug, Default)]
struct Told {
    already: HashSet<(usize, Refusal)>,
    news: Vec<News>,
}

impl Admission {
    /// Lets a point in, or says why not. `bucket_ms` is where it would stand.
    ///
    /// # Errors
    ///
    /// Why CloudWatch would refuse it.
    #[inline]
    pub fn admit(
        &mut self,
        point: &Point<'_>,
        bucket_ms: i64,
        now_ms: i64,
    ) -> Result<&Arc<Series>, Refusal> {
        let index = point.series_id.index();
        if self.known.len() <= index {
            self.known.resize(index + 1, None);
        }
        let known = self.known[index].get_or_insert_with(|| Known::new(point.series));
        let refusal = if known.broken.is_some() {
            Refusal::Series
        } else if !value_is_valid(point.value) {
            Refusal::Value
        } else if bucket_ms < now_ms.saturating_sub(OLDEST_MS) {
            Refusal::TooOld
        } else if bucket_ms > now_ms.saturating_add(NEWEST_MS) {
            Refusal::TooNew
        } else {
            return Ok(&known.series);
        };
        self.told.tell((index, refusal), known);
        Err(refusal)
    }

    /// What is to be told since the last call: one a series and reason.
    pub fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.told.news)
    }
}

impl Known {
    #[cold]
    fn new(series: &Series) -> Self {
        Self {
            series: Arc::new(series.clone()),
            broken: series.check().err().map(|error| error.to_string()),
        }
    }
}

impl Told {
    #[cold]
    fn tell(&mut self, what: (usize, Refusal), known: &Known) {
        if self.already.len() >= MOST_TOLD || !self.already.insert(what) {
            return;
        }
        let (_, refusal) = what;
        self.news.push(News {
            series: Arc::clone(&known.series),
            refusal,
            detail: known.broken.clone().filter(|_| refusal == Refusal::Series),
        });
    }
}
