//! The syntax of statistics: `Average`, `p99.9`, `tm90`, `TM(2%:98%)`, `PR(:300)`.

use super::{Bounds, Decimal, Statistic};
use crate::near;

/// Why a text is not a statistic; reads after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the statistic `{found}`: {problem}")]
pub struct StatisticError {
    found: String,
    problem: String,
}

/// The simple statistics and what they parse to.
const NAMED: [(&str, Statistic); 6] = [
    ("SampleCount", Statistic::SampleCount),
    ("Sum", Statistic::Sum),
    ("Average", Statistic::Average),
    ("Minimum", Statistic::Minimum),
    ("Maximum", Statistic::Maximum),
    ("IQM", Statistic::InterquartileMean),
];

/// Parses one statistic.
pub(super) fn parse(text: &str) -> Result<Statistic, StatisticError> {
    if let Some((_, statistic)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Ok(statistic.clone());
    }
    let error = |problem: String| StatisticError {
        found: text.chars().take(64).collect(),
        problem,
    };
    if let Some((name, inner)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) {
        let bounds = bounds(inner).map_err(error)?;
        return build(name, bounds).ok_or_else(|| {
            error(format!(
                "expected TM, WM, TC, TS or PR before the parenthesis{}",
                near::hint(name, ["TM", "WM", "TC", "TS", "PR"])
            ))
        });
    }
    short_form(text).map_err(error)
}

/// `p99`, `tm90`, `wm98`, `tc10`, `ts10`; `pr` has no such form in percent.
fn short_form(text: &str) -> Result<Statistic, String> {
    let digits_at = text
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(text.len());
    let (name, number) = text.split_at(digits_at);
    if !matches!(name, "p" | "tm" | "wm" | "tc" | "ts") || number.is_empty() {
        let known = NAMED.iter().map(|(name, _)| *name).chain(["p99", "tm99"]);
        return Err(format!(
            "expected SampleCount, Sum, Average, Minimum, Maximum, IQM, pNN, or a trimmed form such as tm90 or TM(2%:98%){}",
            near::hint(text, known)
        ));
    }
    let number = percent(number)?;
    if name == "p" {
        return Ok(Statistic::Percentile(number));
    }
    let bounds = Bounds::Percent {
        low: None,
        high: Some(number),
    };
    build(&name.to_uppercase(), bounds).ok_or_else(|| "expected tm, wm, tc or ts".to_owned())
}

/// The trimmed statistic of this name.
fn build(name: &str, bounds: Bounds) -> Option<Statistic> {
    Some(match name {
        "TM" => Statistic::TrimmedMean(bounds),
        "WM" => Statistic::WinsorizedMean(bounds),
        "TC" => Statistic::TrimmedCount(bounds),
        "TS" => Statistic::TrimmedSum(bounds),
        // A rank of ranks says nothing: the bounds of PR are values.
        "PR" if matches!(bounds, Bounds::Absolute { .. }) => Statistic::PercentileRank(bounds),
        _ => return None,
    })
}

/// What stands between the parentheses.
fn bounds(inner: &str) -> Result<Bounds, String> {
    let Some((low, high)) = inner.split_once(':') else {
        return Err(
            "expected two bounds with a colon between them, such as (2%:98%) or (:300)".to_owned(),
        );
    };
    let (low, high) = (low.trim(), high.trim());
    if low.is_empty() && high.is_empty() {
        return Err("expected at least one bound".to_owned());
    }
    let in_percent = low.ends_with('%') || high.ends_with('%');
    let side = |text: &str| -> Result<Option<Decimal>, String> {
        match (text.strip_suffix('%'), in_percent) {
            _ if text.is_empty() => Ok(None),
            (Some(number), _) => percent(number).map(Some),
            (None, false) => decimal(text).map(Some),
            (None, true) => Err("expected both bounds in percent or neither".to_owned()),
        }
    };
    let (low, high) = (side(low)?, side(high)?);
    if let (Some(low), Some(high)) = (&low, &high)
        && low.value >= high.value
    {
        return Err("expected the lower bound below the upper one".to_owned());
    }
    Ok(if in_percent {
        Bounds::Percent { low, high }
    } else {
        Bounds::Absolute { low, high }
    })
}

/// A number from 0 to 100 with at most ten decimals.
fn percent(text: &str) -> Result<Decimal, String> {
    let decimal = decimal(text)?;
    if text.starts_with('-') || decimal.value > 100.0 {
        return Err("expected a percentage from 0 to 100".to_owned());
    }
    Ok(decimal)
}

/// A plain number with at most ten decimals: no exponent, no infinity.
fn decimal(text: &str) -> Result<Decimal, String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || fraction.len() > 10 || whole.len() > 15 {
        return Err(format!(
            "expected a number with at most ten decimals, found `{}`",
            text.chars().take(32).collect::<String>()
        ));
    }
    let value = text.parse().map_err(|_| "expected a number".to_owned())?;
    Ok(Decimal {
        text: text.to_owned(),
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_documented_form_is_read_and_written_back() {
        for text in [
            "SampleCount",
            "Sum",
            "Average",
            "Minimum",
            "Maximum",
            "IQM",
            "p50",
            "p99.9",
            "p95.0123456789",
            "p100",
            "tm90",
            "TM(2%:98%)",
            "TM(150:1000)",
            "TM(10%:)",
            "TM(:500)",
            "wm98",
            "WM(10%:90%)",
            "WM(80:500)",
            "tc10",
            "TC(90%:)",
            "TC(0.005:0.03)",
            "ts80",
            "TS(80%:)",
            "TS(:400)",
            "PR(:300)",
            "PR(100:2000)",
            "PR(500:)",
        ] {
            let parsed: Statistic = text.parse().unwrap();
            assert_eq!(parsed.to_string(), text);
        }
        let long: Statistic = "TM(:90%)".parse().unwrap();
        assert_eq!(
            long.to_string(),
            "tm90",
            "two spellings of one statistic are equal"
        );
    }

    #[test]
    fn what_is_no_statistic_is_refused_with_what_was_expected() {
        let check = |text: &str, expected: &str| {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("average", "did you mean `Average`?");
        check("p101", "from 0 to 100");
        check("p-1", "expected SampleCount");
        check("p99.12345678901", "at most ten decimals");
        check("P99", "expected SampleCount");
        check("TM90", "expected SampleCount");
        check("pr50", "expected SampleCount");
        check("TM(98%:2%)", "below the upper");
        check("TM(2%:98)", "in percent or neither");
        check("TM(:)", "at least one bound");
        check("TM(5)", "with a colon");
        check("PR(5%:10%)", "before the parenthesis");
        check("TN(5%:10%)", "did you mean `TM`?");
        check("", "expected SampleCount");
        check("p1e3", "at most ten decimals");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic_and_what_it_reads_it_reads_again(text in "[a-zA-Z0-9%:().é -]{0,24}") {
            if let Ok(statistic) = text.parse::<Statistic>() {
                prop_assert_eq!(statistic.to_string().parse::<Statistic>().unwrap(), statistic);
            }
        }
    }
}
