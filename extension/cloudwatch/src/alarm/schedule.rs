//! When a metric alarm is evaluated.

use super::model::MetricAlarm;

/// Milliseconds between two evaluations: ten seconds for periods below a minute, an
/// hour when the evaluation periods span more than a day, else a minute.
pub fn interval_ms(alarm: &MetricAlarm) -> i64 {
    let span = alarm.period().ms() * i64::from(alarm.m_out_of_n.n());
    match (alarm.period().seconds(), span) {
        (..60, _) => 10_000,
        (_, 86_400_001..) => 3_600_000,
        _ => 60_000,
    }
}

/// Whether an alarm is due: at once when it never was evaluated as it is configured
/// now, then at the beginning of every interval.
pub fn is_due(evaluated_ms: Option<i64>, now_ms: i64, interval_ms: i64) -> bool {
    evaluated_ms.is_none_or(|at| at.div_euclid(interval_ms) != now_ms.div_euclid(interval_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_due_at_once_and_then_at_the_beginning_of_every_interval() {
        let check = |evaluated, now, expect| {
            let due = is_due(evaluated, now, 60_000);
            assert_eq!(due, expect, "{evaluated:?} {now}");
        };
        check(None, 61_000, true);
        check(Some(61_000), 62_000, false);
        check(Some(61_000), 119_999, false);
        check(Some(61_000), 120_000, true);
        check(Some(61_000), 600_000, true);
    }
}
