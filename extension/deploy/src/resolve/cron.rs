//! The five fields of a mute rule's `cron(...)`, held to what each may be.

/// Least and largest number of a field, and the names that stand for numbers.
type Field = (u32, u32, &'static [&'static str]);

const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Minute, hour, day of the month, month, day of the week.
const FIELDS: [Field; 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, MONTHS),
    (0, 7, DAYS),
];

/// Whether these are the fields of a schedule.
pub(super) fn fits(text: &str) -> bool {
    let fields: Vec<&str> = text.split_whitespace().collect();
    fields.len() == FIELDS.len()
        && fields
            .iter()
            .zip(FIELDS)
            .all(|(text, field)| text.split(',').all(|part| part_fits(part, field)))
}

/// `*`, `5`, `1-5`, `*/15`, `MON-FRI`; and the days that only a calendar knows, `L`, `15W`,
/// `FRI#2`.
fn part_fits(part: &str, (least, most, names): Field) -> bool {
    if most == 31
        && matches!(
            part.trim_start_matches(|c: char| c.is_ascii_digit()),
            "L" | "W" | "LW"
        )
    {
        return true;
    }
    let part = match most {
        7 => part
            .trim_end_matches('L')
            .split('#')
            .next()
            .unwrap_or_default(),
        _ => part,
    };
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };
    let one = |text: &str| {
        names.iter().any(|name| name.eq_ignore_ascii_case(text))
            || text
                .parse()
                .is_ok_and(|number| (least..=most).contains(&number))
    };
    let counted = step.is_none_or(|step| step.parse().is_ok_and(|step: u32| step > 0));
    counted
        && match range.split_once('-') {
            Some((from, to)) => one(from) && one(to),
            None => matches!(range, "*" | "?") || one(range),
        }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn each_field_has_its_numbers() {
        for good in [
            "0 2 * * *",
            "*/15 0-6 1,15 jan-MAR MON-FRI",
            "0 3 ? * SUN",
            "59 23 31 12 7",
            "0 0 L * *",
            "0 0 15W * *",
            "0 0 * * FRI#2",
            "0 0 * * 5L",
        ] {
            assert!(fits(good), "{good}");
        }
        for bad in [
            "",
            "0 2 * *",
            "0 2 * * * *",
            "99 2 * * *",
            "0 24 * * *",
            "0 2 0 * *",
            "0 2 * 13 *",
            "0 2 * * 8",
            "0 2 * * FUN",
            "*/0 2 * * *",
            "1- 2 * * *",
            "a b c d e",
        ] {
            assert!(!fits(bad), "{bad}");
        }
    }
}
