//! Calendar arithmetic in UTC, as far as CloudWatch needs it: the parts of a time
//! for `HOUR` and its like, the spellings in reasons and labels, and ISO 8601 in.
//!
//! A date crate would bring time zones and a clock; neither belongs here.

/// Milliseconds in a day.
const DAY_MS: i64 = 86_400_000;

/// A time split into its parts, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year, such as 2026.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 1 is Monday, 7 Sunday.
    pub weekday: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
    /// 0 to 999.
    pub millisecond: u32,
}

/// The parts of a time in milliseconds since 1970.
pub fn civil(timestamp_ms: i64) -> Civil {
    let days = timestamp_ms.div_euclid(DAY_MS);
    let rest = timestamp_ms.rem_euclid(DAY_MS);
    // Hinnant's days-to-civil: years start in March, so the leap day comes last.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month: month as u32,
        day: (day_of_year - (153 * shifted + 2) / 5 + 1) as u32,
        weekday: (days + 3).rem_euclid(7) as u32 + 1,
        hour: (rest / 3_600_000) as u32,
        minute: (rest / 60_000 % 60) as u32,
        second: (rest / 1_000 % 60) as u32,
        millisecond: (rest % 1_000) as u32,
    }
}

/// `23/11/26 04:50:00`, as alarm reasons write it.
pub fn reason_form(timestamp_ms: i64) -> String {
    let c = civil(timestamp_ms);
    format!(
        "{:02}/{:02}/{:02} {:02}:{:02}:{:02}",
        c.day,
        c.month,
        c.year.rem_euclid(100),
        c.hour,
        c.minute,
        c.second
    )
}

/// `2026-11-23T04:50:00.000+0000`, as reason data and notifications write it.
pub fn data_form(timestamp_ms: i64) -> String {
    let c = civil(timestamp_ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000",
        c.year, c.month, c.day, c.hour, c.minute, c.second, c.millisecond
    )
}

/// `2026-11-23 04:50`, as labels write it.
pub fn label_form(timestamp_ms: i64) -> String {
    let c = civil(timestamp_ms);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        c.year, c.month, c.day, c.hour, c.minute
    )
}

/// Milliseconds since 1970 of an ISO 8601 date and time: `2026-11-23T04:50:00Z`,
/// with or without seconds, fraction and offset (`Z`, `+01:00`, `+0100`), or the
/// date alone.
pub fn parse_iso(text: &str) -> Option<i64> {
    if !text.is_ascii() || text.len() > 40 {
        return None;
    }
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, clock),
        None => (text, "00:00Z"),
    };
    let mut parts = date.split('-');
    let year: i64 = digits(parts.next()?, 4)?;
    let month: i64 = digits(parts.next()?, 2).filter(|m| (1..=12).contains(m))?;
    let day: i64 = digits(parts.next()?, 2).filter(|d| (1..=31).contains(d))?;
    if parts.next().is_some() {
        return None;
    }
    let (clock, offset_ms) = split_offset(clock)?;
    let days = days_from_civil(year, month, day);
    let back = civil(days * DAY_MS);
    if i64::from(back.day) != day {
        return None; // such as 30 February
    }
    Some(days * DAY_MS + clock_ms(clock)? - offset_ms)
}

/// How far a zone such as `+0130` is ahead of UTC, milliseconds.
pub fn parse_zone(text: &str) -> Option<i64> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let hours = digits(text.get(1..3)?, 2)?;
    let minutes = digits(text.get(3..)?, 2)?;
    Some(sign * (hours * 60 + minutes) * 60_000)
}

/// Days since 1970 of a date.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The number that exactly `length` digits write.
fn digits(text: &str, length: usize) -> Option<i64> {
    let plain = text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Splits `04:50:00+01:00` into the clock and the offset in milliseconds.
fn split_offset(clock: &str) -> Option<(&str, i64)> {
    if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = clock.find(['+', '-']) else {
        return Some((clock, 0));
    };
    let (clock, offset) = clock.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let plain = offset[1..].replace(':', "");
    let hours = digits(plain.get(..2)?, 2).filter(|h| *h <= 14)?;
    let minutes = digits(plain.get(2..)?, 2).filter(|m| *m < 60)?;
    Some((clock, sign * (hours * 60 + minutes) * 60_000))
}

/// Milliseconds into the day of `04:50`, `04:50:00` or `04:50:00.123`.
fn clock_ms(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2).filter(|h| *h < 24)?;
    let minute = digits(parts.next()?, 2).filter(|m| *m < 60)?;
    let (second, fraction) = match parts.next() {
        None => (0, 0),
        Some(second) => {
            let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
            if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let thousandths: String = fraction.chars().chain("00".chars()).take(3).collect();
            (
                digits(whole, 2).filter(|s| *s < 60)?,
                thousandths.parse().ok()?,
            )
        }
    };
    if parts.next().is_some() {
        return None;
    }
    Some(((hour * 60 + minute) * 60 + second) * 1_000 + fraction)
}

/// Milliseconds of an ISO 8601 duration such as `PT5M`, `PT8H`, `P7D`, `P2W`,
/// `P3M` (a month counts 30 days) or `P1Y` (365 days).
pub fn parse_duration(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P')?;
    let (date, clock) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, clock)) => (date, clock),
        None => (rest, ""),
    };
    let hour = 3_600_000;
    let date_ms = duration_part(
        date,
        &[
            ('Y', 365 * DAY_MS),
            ('M', 30 * DAY_MS),
            ('W', 7 * DAY_MS),
            ('D', DAY_MS),
        ],
    )?;
    let clock_ms = duration_part(clock, &[('H', hour), ('M', 60_000), ('S', 1_000)])?;
    let total = date_ms.checked_add(clock_ms)?;
    (total > 0).then_some(total)
}

/// The sum of `3H20M`-like parts, each unit at most once and in order.
fn duration_part(mut text: &str, mut units: &[(char, i64)]) -> Option<i64> {
    let mut total: i64 = 0;
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = text[..end].parse().ok()?;
        let letter = text[end..].chars().next()?;
        let at = units.iter().position(|(unit, _)| *unit == letter)?;
        total = total.checked_add(number.checked_mul(units[at].1)?)?;
        units = &units[at + 1..];
        text = &text[end + letter.len_utf8()..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_has_its_parts_and_spellings() {
        let t = parse_iso("2026-11-23T04:50:07.120Z").unwrap();
        let c = civil(t);
        assert_eq!((c.year, c.month, c.day, c.weekday), (2026, 11, 23, 1));
        assert_eq!(reason_form(t), "23/11/26 04:50:07");
        assert_eq!(data_form(t), "2026-11-23T04:50:07.120+0000");
        assert_eq!(label_form(t), "2026-11-23 04:50");
        assert_eq!(parse_iso("2026-11-23T05:50:07.12+01:00"), Some(t));
        assert_eq!(parse_iso("1970-01-01"), Some(0));
        for bad in [
            "",
            "2026-02-30",
            "2026-13-01",
            "2026-1-1",
            "2026-11-23T25:00Z",
            "2026-11-23T10:00:00.Z",
        ] {
            assert_eq!(parse_iso(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_zone_is_a_sign_and_four_digits() {
        assert_eq!(parse_zone("+0130"), Some(5_400_000));
        assert_eq!(parse_zone("-0800"), Some(-28_800_000));
        for bad in ["", "+", "0130", "+130", "+01:30", "+01300", "+01é0", "UTC"] {
            assert_eq!(parse_zone(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_duration_is_the_sum_of_its_parts() {
        assert_eq!(parse_duration("PT5M"), Some(300_000));
        assert_eq!(parse_duration("P1DT12H"), Some(36 * 3_600_000));
        assert_eq!(parse_duration("P3M"), Some(90 * DAY_MS));
        for bad in [
            "",
            "P",
            "PT",
            "5M",
            "PT5",
            "PT5M5H",
            "PT0S",
            "P99999999999999999Y",
        ] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_time_written_and_read_is_the_same_time(t in 0_i64..4_102_444_800_000) {
            prop_assert_eq!(parse_iso(&data_form(t)), Some(t));
        }

        #[test]
        fn no_text_makes_the_time_parsers_panic(text in ".{0,60}") {
            let _ = (parse_iso(&text), parse_duration(&text), parse_zone(&text));
        }
    }
}
