//! The times of telemetry records: RFC 3339 in UTC, with any number of digits of
//! fraction.

/// `2026-11-23T03:31:00.767Z` as milliseconds since the epoch; none for anything
/// that is not of that shape.
#[cfg_attr(
    not(test),
    expect(
        clippy::arithmetic_side_effects,
        reason = "numbers of four digits stay far from any bound"
    )
)]
pub(crate) fn epoch_ms(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(whole);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.splitn(3, ':').map(whole);
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let thousandths = fraction
        .bytes()
        .chain([b'0', b'0'])
        .take(3)
        .map(|byte| byte.is_ascii_digit().then(|| i64::from(byte - b'0')))
        .try_fold(0, |sum, digit| Some(sum * 10 + digit?))?;
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    in_range.then(|| seconds * 1000 + thousandths)
}

fn whole(digits: &str) -> Option<i64> {
    let short = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    short.then(|| digits.parse().ok()).flatten()
}

/// Days from the epoch to a date of the Gregorian calendar, in which years begin
/// on 1 March so that the leap day comes last.
#[cfg_attr(
    not(test),
    expect(
        clippy::arithmetic_side_effects,
        reason = "numbers of four digits stay far from any bound"
    )
)]
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leaps = year / 4 - year / 100 + year / 400;
    365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use cloudvault_obs_core::time::rfc3339;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fractions_have_any_length_and_other_texts_are_no_times() {
        for (text, expect) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-23T03:41:34.5Z", Some(1_795_405_294_500)),
            ("2026-11-23T03:41:34.505Z", Some(1_795_405_294_505)),
            ("2026-11-23T03:41:34.505999Z", Some(1_795_405_294_505)),
            ("2026-11-23T03:41:34.505", None),
            ("2026-13-23T03:41:34Z", None),
            ("2026-11-23T03:41Z", None),
            ("2026-11-23T+3:41:34Z", None),
            ("99999999999999999999-1-1T1:1:1Z", None),
            ("", None),
        ] {
            assert_eq!(epoch_ms(text), expect, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(ms in 0..253_402_300_799_999_i64) {
            let mut text = Vec::new();
            rfc3339(&mut text, ms);
            prop_assert_eq!(epoch_ms(std::str::from_utf8(&text).unwrap()), Some(ms));
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,40}") {
            let _ = epoch_ms(&text);
        }
    }
}
