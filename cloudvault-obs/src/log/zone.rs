//! The clock that timestamps show: UTC, or with the feature `timezone` any other.

use cloudvault_obs_core::time;

/// A time zone. Lambda and CloudWatch Logs take RFC 3339 of any offset, so what
/// it changes is for those who read lines.
#[derive(Debug, Clone, Default)]
pub(crate) enum Zone {
    /// What it costs nothing to show.
    #[default]
    Utc,
    /// One with rules of its own, asked once a second.
    #[cfg(feature = "timezone")]
    Named(jiff::tz::TimeZone),
}

impl Zone {
    /// Reads `OBS_TIMEZONE`, then `TZ`: an IANA name, or POSIX's
    /// `CET-1CEST,M3.5.0,M10.5.0/3`. Lambda sets `TZ` to `:UTC`.
    pub(crate) fn read(
        take: &mut dyn FnMut(&str) -> Option<String>,
        complaints: &mut Vec<String>,
    ) -> Self {
        let ours = take("OBS_TIMEZONE").map(|text| ("OBS_TIMEZONE", text));
        let theirs = || take("TZ").map(|text| ("TZ", text));
        // Who builds without the feature has not asked for other clocks.
        let asked = if cfg!(feature = "timezone") {
            ours.or_else(theirs)
        } else {
            ours
        };
        let Some((variable, text)) = asked else {
            return Self::Utc;
        };
        let name = text.strip_prefix(':').unwrap_or(&text);
        let is_utc = ["UTC", "Etc/UTC", "GMT", "Z", "UTC0"];
        if is_utc.iter().any(|utc| utc.eq_ignore_ascii_case(name)) {
            return Self::Utc;
        }
        Self::named(name).unwrap_or_else(|remedy| {
            complaints.push(format!("{variable}={text:?}: {remedy}; using UTC"));
            Self::Utc
        })
    }

    #[cfg(feature = "timezone")]
    fn named(name: &str) -> Result<Self, &'static str> {
        use jiff::tz::TimeZone;

        TimeZone::get(name)
            .or_else(|_| TimeZone::posix(name))
            .map(Self::Named)
            .map_err(|_| "expected an IANA time zone such as Europe/Berlin")
    }

    #[cfg(not(feature = "timezone"))]
    fn named(_: &str) -> Result<Self, &'static str> {
        Err("other time zones than UTC need this crate's feature timezone")
    }

    /// Appends `epoch_ms` as RFC 3339.
    pub(crate) fn timestamp(&self, out: &mut Vec<u8>, epoch_ms: i64) {
        match self {
            Self::Utc => time::rfc3339(out, epoch_ms),
            #[cfg(feature = "timezone")]
            Self::Named(zone) => {
                let moment = jiff::Timestamp::from_millisecond(epoch_ms).unwrap_or_default();
                time::rfc3339_at(out, epoch_ms, zone.to_offset(moment).seconds() / 60);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], epoch_ms: i64, expect: &str) {
        let mut complaints = Vec::new();
        let mut take = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let zone = Zone::read(&mut take, &mut complaints);
        let mut out = Vec::new();
        zone.timestamp(&mut out, epoch_ms);
        let shown = complaints.pop().unwrap_or_default();
        assert_eq!(
            format!("{}{shown}", String::from_utf8(out).unwrap()),
            expect
        );
    }

    const WINTER: i64 = 1_795_405_294_505;
    const UTC: &str = "2026-11-23T03:41:34.505Z";

    #[test]
    fn the_clock_is_utc_unless_another_is_asked_for() {
        check(&[], WINTER, UTC);
        check(&[("TZ", ":UTC")], WINTER, UTC);
        check(
            &[("OBS_TIMEZONE", "utc"), ("TZ", "Asia/Tokyo")],
            WINTER,
            UTC,
        );
    }

    #[cfg(not(feature = "timezone"))]
    #[test]
    fn without_the_feature_a_time_zone_is_refused_aloud() {
        check(&[("TZ", "Asia/Tokyo")], WINTER, UTC);
        let refusal = "OBS_TIMEZONE=\"Asia/Tokyo\": other time zones than UTC need this \
                       crate's feature timezone; using UTC";
        check(
            &[("OBS_TIMEZONE", "Asia/Tokyo")],
            WINTER,
            &format!("{UTC}{refusal}"),
        );
    }

    #[cfg(feature = "timezone")]
    #[test]
    fn a_time_zone_is_shown_with_its_offset_of_that_day() {
        const SUMMER: i64 = WINTER - 150 * 86_400_000;
        for variable in ["OBS_TIMEZONE", "TZ"] {
            let berlin = [(variable, "Europe/Berlin")];
            check(&berlin, WINTER, "2026-11-23T04:41:34.505+01:00");
            check(&berlin, SUMMER, "2026-06-26T05:41:34.505+02:00");
        }
        let new_york = [("OBS_TIMEZONE", ":america/new_york"), ("TZ", "Asia/Tokyo")];
        check(&new_york, WINTER, "2026-11-22T22:41:34.505-05:00");
        check(
            &[("TZ", "IST-5:30")],
            WINTER,
            "2026-11-23T09:11:34.505+05:30",
        );
        let refusal =
            "OBS_TIMEZONE=\"Mars\": expected an IANA time zone such as Europe/Berlin; using UTC";
        check(
            &[("OBS_TIMEZONE", "Mars")],
            WINTER,
            &format!("{UTC}{refusal}"),
        );
    }
}
