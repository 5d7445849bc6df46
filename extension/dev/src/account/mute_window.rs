//! When a mute rule mutes: `cron(minutes hours day-of-month month day-of-week)` or
//! `at(yyyy-MM-ddThh:mm)` in a time zone, and how long from then.
//!
//! Every field of a cron takes `*`, `,` and `-`; months and days have English names too
//! (the API's documentation). Where both days are restricted, either will do, as in
//! every cron: inferred.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The longest window.
const MAX_MINUTES: i64 = 15 * 24 * 60;
const MINUTE_MS: i64 = 60_000;
const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// How a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It will mute.
    Scheduled,
    /// It mutes.
    Active,
    /// It will never mute again.
    Expired,
}

impl Status {
    /// The API's word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Status::Scheduled => "SCHEDULED",
            Status::Active => "ACTIVE",
            Status::Expired => "EXPIRED",
        }
    }
}

/// A rule's windows.
#[derive(Debug)]
pub(super) struct Window {
    starts: Starts,
    minutes: i64,
    zone: TimeZone,
    from_ms: Option<i64>,
    until_ms: Option<i64>,
}

#[derive(Debug)]
enum Starts {
    Once(i64),
    Often(Box<Cron>),
}

/// Which values of each field fit.
#[derive(Debug)]
struct Cron {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Vec<i8>,
    months: Vec<i8>,
    weekdays: Vec<i8>,
    /// Both kinds of days are restricted.
    either: bool,
}

impl Window {
    /// Reads a schedule; the error says what is wrong with it.
    pub(super) fn read(
        expression: &str,
        duration: &str,
        zone: Option<&str>,
    ) -> Result<Window, String> {
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => {
                TimeZone::get(name).map_err(|_| format!("The time zone {name} does not exist"))?
            }
        };
        let minutes = minutes(duration)
            .ok_or_else(|| format!("The duration {duration} is not between PT1M and P15D"))?;
        let inner = |word: &str| {
            let rest = expression.strip_prefix(word)?.strip_prefix('(')?;
            rest.strip_suffix(')')
        };
        let starts = match (inner("cron"), inner("at")) {
            (Some(fields), _) => Starts::Often(Box::new(Cron::read(fields)?)),
            (_, Some(time)) => Starts::Once(at(time, &zone)?),
            _ => {
                return Err(format!(
                    "The expression {expression} is neither cron(...) nor at(...)"
                ));
            }
        };
        Ok(Window {
            starts,
            minutes,
            zone,
            from_ms: None,
            until_ms: None,
        })
    }

    /// The same, only from and until certain dates.
    pub(super) fn between(self, from_ms: Option<i64>, until_ms: Option<i64>) -> Window {
        Window {
            from_ms,
            until_ms,
            ..self
        }
    }

    /// True for a rule that mutes once.
    pub(super) fn is_once(&self) -> bool {
        matches!(self.starts, Starts::Once(_))
    }

    /// How the rule stands at a time.
    pub(super) fn status(&self, now_ms: i64) -> Status {
        let length = self.minutes * MINUTE_MS;
        let over = match self.starts {
            Starts::Once(start) => start + length <= now_ms,
            Starts::Often(_) => false,
        };
        if over || self.until_ms.is_some_and(|until| until <= now_ms) {
            return Status::Expired;
        }
        let early = self.from_ms.is_some_and(|from| now_ms < from);
        let inside = match &self.starts {
            Starts::Once(start) => *start <= now_ms,
            Starts::Often(cron) => self.began(cron, now_ms),
        };
        match inside && !early {
            true => Status::Active,
            false => Status::Scheduled,
        }
    }

    /// Whether a window began so lately that it lasts.
    fn began(&self, cron: &Cron, now_ms: i64) -> bool {
        let minute = now_ms.div_euclid(MINUTE_MS);
        (0..self.minutes).any(|ago| {
            let start = Timestamp::from_millisecond((minute - ago) * MINUTE_MS);
            start.is_ok_and(|start| cron.fits(self.zone.to_datetime(start)))
        })
    }
}

fn at(time: &str, zone: &TimeZone) -> Result<i64, String> {
    let wrong = || format!("The time {time} is not of the form yyyy-MM-ddThh:mm");
    if time.len() != "2026-12-24T18:00".len() {
        return Err(wrong());
    }
    let time: DateTime = time.parse().map_err(|_| wrong())?;
    let time = zone.to_timestamp(time).map_err(|_| wrong())?;
    Ok(time.as_millisecond())
}

/// The minutes of an ISO 8601 duration of weeks, days, hours and minutes.
fn minutes(duration: &str) -> Option<i64> {
    let mut rest = duration.strip_prefix('P')?;
    let (mut minutes, mut in_time) = (0_i64, false);
    while !rest.is_empty() {
        if let (Some(time), false) = (rest.strip_prefix('T'), in_time) {
            (rest, in_time) = (time, true);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..end].parse().ok()?;
        let unit = match (rest.as_bytes()[end], in_time) {
            (b'W', false) => 7 * 24 * 60,
            (b'D', false) => 24 * 60,
            (b'H', true) => 60,
            (b'M', true) => 1,
            _ => return None,
        };
        minutes = minutes.checked_add(count.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    (1..=MAX_MINUTES).contains(&minutes).then_some(minutes)
}

impl Cron {
    fn read(text: &str) -> Result<Cron, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(format!("cron({text}) has not five fields"));
        };
        Ok(Cron {
            minutes: values(minutes, (0, 59), &[])?,
            hours: values(hours, (0, 23), &[])?,
            days: values(days, (1, 31), &[])?,
            months: values(months, (1, 12), &MONTHS)?,
            weekdays: values(weekdays, (0, 6), &DAYS)?,
            either: days != "*" && weekdays != "*",
        })
    }

    fn fits(&self, time: DateTime) -> bool {
        let day = self.days.contains(&time.day());
        let weekday = time.weekday().to_sunday_zero_offset();
        let weekday = self.weekdays.contains(&weekday);
        let days = match self.either {
            true => day || weekday,
            false => day && weekday,
        };
        days && self.minutes.contains(&time.minute())
            && self.hours.contains(&time.hour())
            && self.months.contains(&time.month())
    }
}

/// The values of one field; names count from the field's lowest number.
fn values(field: &str, (low, high): (i8, i8), names: &[&str]) -> Result<Vec<i8>, String> {
    let wrong = || format!("`{field}` is not a field of a cron expression");
    let one = |text: &str| {
        let named = names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|index| i8::try_from(index).ok());
        let number = match named {
            Some(index) => Some(low + index),
            None => text.parse().ok(),
        };
        number
            .filter(|number| (low..=high).contains(number))
            .ok_or_else(wrong)
    };
    let mut values = Vec::new();
    for part in field.split(',') {
        match part.split_once('-') {
            _ if part == "*" => values.extend(low..=high),
            Some((from, to)) => {
                let (from, to) = (one(from)?, one(to)?);
                if from > to {
                    return Err(wrong());
                }
                values.extend(from..=to);
            }
            None => values.push(one(part)?),
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        obs_cloudwatch::time::parse_iso(text).unwrap()
    }

    /// How a rule stands at a time in UTC.
    fn check(rule: (&str, &str, Option<&str>), now: &str, status: Status) {
        let (expression, duration, zone) = rule;
        let window = Window::read(expression, duration, zone).unwrap();
        assert_eq!(window.status(ms(now)), status, "{rule:?} at {now}");
    }

    #[test]
    fn a_window_opens_by_its_schedule_and_closes_after_its_length() {
        let once = ("at(2026-11-23T18:00)", "PT90M", None);
        check(once, "2026-11-23T17:59:59Z", Status::Scheduled);
        check(once, "2026-11-23T18:00:00Z", Status::Active);
        check(once, "2026-11-23T19:29:59Z", Status::Active);
        check(once, "2026-11-23T19:30:00Z", Status::Expired);
        let sundays = ("cron(0 3 * * SUN)", "PT1H", None);
        check(sundays, "2026-11-22T02:59:59Z", Status::Scheduled);
        check(sundays, "2026-11-22T03:59:59Z", Status::Active);
        check(sundays, "2026-11-22T04:00:00Z", Status::Scheduled);
        check(sundays, "2026-11-23T03:30:00Z", Status::Scheduled);
        let weekend = ("cron(0 18 * * FRI)", "P2DT12H", None);
        check(weekend, "2026-11-23T05:59:00Z", Status::Active);
        check(weekend, "2026-11-23T06:00:00Z", Status::Scheduled);
        let either = ("cron(0 0 1 * MON)", "PT1M", None);
        check(either, "2026-11-23T00:00:30Z", Status::Active);
        check(either, "2026-12-01T00:00:30Z", Status::Active);
        check(either, "2026-11-24T00:00:30Z", Status::Scheduled);
    }

    #[test]
    fn a_schedule_is_read_in_its_time_zone() {
        let berlin = ("cron(0 3 * * *)", "PT1H", Some("Europe/Berlin"));
        check(berlin, "2026-11-22T02:30:00Z", Status::Active);
        check(berlin, "2026-07-22T01:30:00Z", Status::Active);
        check(berlin, "2026-07-22T02:30:00Z", Status::Scheduled);
        let tokyo = ("at(2026-11-23T09:00)", "PT1H", Some("Asia/Tokyo"));
        check(tokyo, "2026-11-23T00:30:00Z", Status::Active);
    }

    #[test]
    fn dates_bound_the_rule() {
        let window = Window::read("cron(* * * * *)", "PT1M", None).unwrap();
        let (from, until) = (ms("2026-11-23T00:00:00Z"), ms("2026-11-24T00:00:00Z"));
        let window = window.between(Some(from), Some(until));
        assert_eq!(window.status(from - 1), Status::Scheduled);
        assert_eq!(window.status(from), Status::Active);
        assert_eq!(window.status(until), Status::Expired);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for (expression, duration, zone) in [
            ("rate(5 minutes)", "PT1H", None),
            ("cron(0 2 * *)", "PT1H", None),
            ("cron(0 2 * * * *)", "PT1H", None),
            ("cron(60 2 * * *)", "PT1H", None),
            ("cron(*/5 2 * * *)", "PT1H", None),
            ("cron(0 5-2 * * *)", "PT1H", None),
            ("cron(0 2 * * XXX)", "PT1H", None),
            ("at(2026-13-01T00:00)", "PT1H", None),
            ("at(2026-11-23T00:00:00)", "PT1H", None),
            ("cron(0 2 * * *)", "PT0M", None),
            ("cron(0 2 * * *)", "PT30S", None),
            ("cron(0 2 * * *)", "P15DT1M", None),
            ("cron(0 2 * * *)", "PT1H", Some("Mars/Olympus")),
        ] {
            let read = Window::read(expression, duration, zone);
            assert!(read.is_err(), "{expression} {duration} {zone:?}");
        }
    }
}
