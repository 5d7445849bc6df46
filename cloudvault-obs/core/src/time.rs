//! Times as log lines and segments write them.

/// Milliseconds since the epoch as RFC 3339 in UTC with three digits of
/// fraction, `2026-11-23T03:41:34.505Z`, appended to `out`.
///
/// Years outside 0000 to 9999 are clamped, since RFC 3339 cannot write them.
pub fn rfc3339(out: &mut Vec<u8>, epoch_ms: i64) {
    const FIRST: i64 = -62_167_219_200_000; // 0000-01-01
    const LAST: i64 = 253_402_300_799_999; // 9999-12-31
    let ms = epoch_ms.clamp(FIRST, LAST);
    let (days, ms) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) as u32);
    let (year, month, day) = civil(days);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..10], day);
    digits(&mut text[11..13], ms / 3_600_000);
    digits(&mut text[14..16], ms / 60_000 % 60);
    digits(&mut text[17..19], ms / 1000 % 60);
    digits(&mut text[20..23], ms % 1000);
    out.extend_from_slice(&text);
}

/// The same moment as a clock shows it that is `offset_minutes` ahead of UTC:
/// `2026-11-23T04:41:34.505+01:00`.
pub fn rfc3339_at(out: &mut Vec<u8>, epoch_ms: i64, offset_minutes: i32) {
    rfc3339(
        out,
        epoch_ms.saturating_add(i64::from(offset_minutes) * 60_000),
    );
    out.pop();
    let (hours, minutes) = (
        offset_minutes.unsigned_abs() / 60,
        offset_minutes.unsigned_abs() % 60,
    );
    let mut text = *b"+00:00";
    if offset_minutes < 0 {
        text[0] = b'-';
    }
    digits(&mut text[1..3], hours);
    digits(&mut text[4..6], minutes);
    out.extend_from_slice(&text);
}

fn digits(out: &mut [u8], mut number: u32) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Days since the epoch to a date of the proleptic Gregorian calendar, by eras
/// of 400 years that begin on 1 March.
fn civil(days: i64) -> (u32, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ms: i64, expect: &str) {
        let mut out = Vec::new();
        rfc3339(&mut out, ms);
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn times_are_rfc_3339() {
        check(0, "1970-01-01T00:00:00.000Z");
        check(-1, "1969-12-31T23:59:59.999Z");
        check(951_782_400_123, "2000-02-29T00:00:00.123Z");
        check(1_795_405_294_505, "2026-11-23T03:41:34.505Z");
        check(4_107_542_399_999, "2100-02-28T23:59:59.999Z");
        check(i64::MAX, "9999-12-31T23:59:59.999Z");
        check(i64::MIN, "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn other_clocks_show_the_same_moment_with_their_offset() {
        let check = |offset: i32, expect: &str| {
            let mut out = Vec::new();
            rfc3339_at(&mut out, 1_795_405_294_505, offset);
            assert_eq!(String::from_utf8(out).unwrap(), expect);
        };
        check(0, "2026-11-23T03:41:34.505+00:00");
        check(60, "2026-11-23T04:41:34.505+01:00");
        check(-210, "2026-11-23T00:11:34.505-03:30");
        check(-300, "2026-11-22T22:41:34.505-05:00");
        check(765, "2026-11-23T16:26:34.505+12:45");
    }
}
