//! Which period a row is drawn with.

use super::model::{MetricRow, MetricWidget, PeriodOverride, View};
use crate::metric::TimeRange;
use crate::series::Period;

/// The periods that the console steps through.
const STEPS: [u32; 7] = [60, 300, 900, 3_600, 21_600, 86_400, 604_800];
/// Up to this many seconds periods below a minute are drawn as they are.
const FAST_RANGE_S: i64 = 3 * 3_600;

/// The period of a row for a range on so many pixels.
pub(super) fn period(
    widget: &MetricWidget,
    row: &MetricRow,
    over: PeriodOverride,
    range: TimeRange,
    width_px: u32,
) -> Period {
    let seconds = (range.length_ms() / 1000).max(1);
    if widget.set_period_to_time_range && widget.view != View::TimeSeries {
        return Period::at_least(seconds);
    }
    let own = row.period.unwrap_or(widget.period);
    match over {
        PeriodOverride::Inherit => own,
        PeriodOverride::Auto if own < Period::MINUTE && seconds <= FAST_RANGE_S => own,
        PeriodOverride::Auto => auto(seconds, width_px),
    }
}

/// The shortest step that leaves two pixels a point; 180 points (three hours by the
/// minute) are always drawn.
fn auto(seconds: i64, width_px: u32) -> Period {
    let points = i64::from(width_px / 2).clamp(180, 1_440);
    let step = STEPS
        .iter()
        .find(|step| seconds <= i64::from(**step) * points);
    Period::at_least(i64::from(*step.unwrap_or(&604_800)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_grows_with_the_range() {
        let check = |hours: i64, expected: u32| {
            assert_eq!(auto(hours * 3_600, 400).seconds(), expected, "{hours} h");
        };
        check(1, 60);
        check(3, 60);
        check(12, 300);
        check(24, 900);
        check(72, 3_600);
        check(24 * 30, 21_600);
        check(24 * 365, 604_800);
    }
}
