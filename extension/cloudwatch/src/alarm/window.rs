//! Which stretch of time an alarm looks at: one that slides along with the time, or whole
//! periods of the wall clock.

use serde_json::Value as Json;

use super::model::{AlarmError, MetricAlarm};
use crate::metric::TimeRange;
use crate::series::{Period, floor};

/// Where the periods of an alarm begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EvaluationWindow {
    /// So that the last one ends with the last whole minute (for periods below a minute
    /// the last whole ten seconds): a period of five minutes is any five minutes.
    #[default]
    Sliding,
    /// With the hour, the day or the week; the last one is the last that is over.
    WallClock {
        /// How far the clock on the wall is ahead of UTC, milliseconds.
        offset_ms: i64,
    },
}

const DAY_S: u32 = 86_400;
const WEEK_S: u32 = 604_800;
/// From the first midnight of 1970, a Thursday, to the first Monday.
const MONDAY_MS: i64 = 4 * 86_400_000;

/// The evaluation range at a time.
pub fn window(alarm: &MetricAlarm, now_ms: i64) -> TimeRange {
    let period = alarm.period();
    let end_ms = match alarm.window {
        EvaluationWindow::Sliding if period.seconds() < 60 => floor(now_ms, 10_000),
        EvaluationWindow::Sliding => floor(now_ms, 60_000),
        EvaluationWindow::WallClock { offset_ms } => {
            // Weeks begin on Mondays, whatever else with the day.
            let monday_ms = if period.seconds() == WEEK_S {
                MONDAY_MS
            } else {
                0
            };
            let shift_ms = offset_ms - monday_ms;
            floor(now_ms.saturating_add(shift_ms), period.ms()).saturating_sub(shift_ms)
        }
    };
    let length = period.ms() * i64::from(alarm.evaluation_range());
    TimeRange {
        start_ms: end_ms.saturating_sub(length),
        end_ms,
    }
}

impl MetricAlarm {
    /// How many periods CloudWatch looks at: some more than N, so that late and missing
    /// data can be made up for. Not with the wall clock, whose window is documented to be
    /// N periods, nor with periods of a day: the documents let a daily alarm go off when
    /// two backups lie more than a day apart, whatever the days before had.
    pub fn evaluation_range(&self) -> u32 {
        let exactly = self.window != EvaluationWindow::Sliding || self.period().seconds() >= DAY_S;
        match exactly {
            true => self.m_out_of_n.n(),
            false => self.m_out_of_n.evaluation_range(),
        }
    }
}

/// Reads `EvaluationWindow`: `{"SlidingWindow": {}}` or `{"WallClockWindow": {"Timezone"}}`.
pub(super) fn parse(body: &Json, period: Period) -> Result<EvaluationWindow, AlarmError> {
    let given = |of: &Json, name: &str| of.get(name).filter(|value| !value.is_null()).cloned();
    let Some(window) = given(body, "EvaluationWindow") else {
        return Ok(EvaluationWindow::Sliding);
    };
    let wall = match (
        given(&window, "SlidingWindow"),
        given(&window, "WallClockWindow"),
    ) {
        (Some(_), None) => return Ok(EvaluationWindow::Sliding),
        (None, Some(wall)) => wall,
        _ => {
            return Err(AlarmError::new(
                "read EvaluationWindow: expected exactly one of SlidingWindow and WallClockWindow",
            ));
        }
    };
    if !matches!(period.seconds(), 60 | 300 | 3_600 | DAY_S | WEEK_S) {
        return Err(AlarmError::new(format!(
            "use the period {} with a wall clock window: expected 60, 300, 3600, 86400 or 604800 seconds",
            period.seconds()
        )));
    }
    let offset_ms = match given(&wall, "Timezone") {
        None => 0,
        Some(Json::String(zone)) => offset(&zone)?,
        Some(_) => return Err(AlarmError::new("read Timezone: expected a text")),
    };
    Ok(EvaluationWindow::WallClock { offset_ms })
}

/// How far a time zone is ahead of UTC: `+05:30`, `UTC-08:00`, `GMT+01:00`, `Z`.
fn offset(zone: &str) -> Result<i64, AlarmError> {
    let refused = |expected: &str| {
        let zone: String = zone.chars().take(64).collect();
        AlarmError::new(format!("use the time zone `{zone}`: expected {expected}"))
    };
    if matches!(zone, "Z" | "UTC" | "GMT" | "Etc/UTC" | "Etc/GMT") {
        return Ok(0);
    }
    let prefix = ["UTC", "GMT"].iter().find_map(|p| zone.strip_prefix(p));
    let signed = prefix.unwrap_or(zone);
    let parts = signed
        .strip_prefix(['+', '-'])
        .and_then(|clock| clock.split_once(':'));
    let Some((hours, minutes)) = parts else {
        // Named zones change their offset by rules that only a time zone database has.
        return Err(refused(
            "UTC or an offset such as +05:30; named zones are not evaluated here",
        ));
    };
    let number = |text: &str, most: i64| {
        let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        let number: Option<i64> = if plain { text.parse().ok() } else { None };
        number.filter(|n| *n <= most)
    };
    let minutes = number(hours, 18)
        .zip(number(minutes, 59))
        .map(|(hours, minutes)| hours * 60 + minutes)
        .filter(|minutes| minutes % 5 == 0)
        .ok_or_else(|| refused("an offset of whole five minutes, such as +05:30"))?;
    let sign = if signed.starts_with('-') { -1 } else { 1 };
    Ok(sign * minutes * 60_000)
}
