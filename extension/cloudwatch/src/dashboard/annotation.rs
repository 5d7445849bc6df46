//! The lines and bands beside the series.

use super::metric::color;
use super::model::{
    Annotations, AxisSide, Fill, HorizontalAnnotation, HorizontalMark, VerticalAnnotation,
};
use super::problem::{At, Problems};
use super::widget::alarm_arn;
use crate::time::parse_iso;

/// Reads `annotations`.
pub(super) fn annotations(at: &At<'_>, out: &mut Problems) -> Annotations {
    if at.object(out).is_none() {
        return Annotations::default();
    }
    at.known(&["alarms", "horizontal", "vertical"], out);
    let alarms = at
        .field("alarms")
        .map(|a| a.items(0, 1, out))
        .unwrap_or_default();
    let alarm = alarms.first().and_then(|a| alarm_arn(a, out));
    let mut list = |name: &str| {
        at.field(name)
            .map(|l| l.items(0, 500, out))
            .unwrap_or_default()
    };
    let (horizontal, vertical) = (list("horizontal"), list("vertical"));
    let lines = horizontal.len() + vertical.len();
    if !alarms.is_empty() && lines > 0 {
        out.error(
            &at.path,
            "Should NOT have both an alarm annotation and horizontal or vertical annotations",
        );
    }
    Annotations {
        alarm,
        horizontal: horizontal
            .iter()
            .filter_map(|h| self::horizontal(h, out))
            .collect(),
        vertical: vertical
            .iter()
            .filter_map(|v| self::vertical(v, out))
            .collect(),
    }
}

/// The one or two objects of a line or band.
fn edges<'a>(at: &At<'a>, out: &mut Problems) -> Option<(At<'a>, Option<At<'a>>)> {
    if at.json.is_array() {
        let mut edges = at.items(2, 2, out).into_iter();
        return Some((edges.next()?, edges.next()));
    }
    at.object(out).map(|_| (at.clone(), None))
}

fn horizontal(at: &At<'_>, out: &mut Problems) -> Option<HorizontalAnnotation> {
    let (first, second) = edges(at, out)?;
    let mark = |edge: &At<'_>, out: &mut Problems| {
        edge.known(
            &["value", "label", "color", "fill", "visible", "yAxis"],
            out,
        );
        Some(HorizontalMark {
            value: edge.require("value", out)?.number(out)?,
            label: edge
                .field("label")
                .and_then(|l| l.string(out))
                .map(str::to_owned),
        })
    };
    let axis = first
        .field("yAxis")
        .and_then(|a| a.one_of(&["left", "right"], out));
    let fill = fill(&first, second.is_some(), &["above", "below", "none"], out);
    Some(HorizontalAnnotation {
        mark: mark(&first, out)?,
        band: second.as_ref().and_then(|s| mark(s, out)),
        fill: fill_of(fill),
        color: first.field("color").and_then(|c| shade(&c, out)),
        visible: first
            .field("visible")
            .and_then(|v| v.boolean(out))
            .unwrap_or(true),
        axis: if axis == Some("right") {
            AxisSide::Right
        } else {
            AxisSide::Left
        },
    })
}

fn vertical(at: &At<'_>, out: &mut Problems) -> Option<VerticalAnnotation> {
    let (first, second) = edges(at, out)?;
    let mark = |edge: &At<'_>, out: &mut Problems| {
        edge.known(&["value", "label", "color", "fill", "visible"], out);
        let value = edge.require("value", out)?;
        let at_ms = parse_iso(value.string(out)?);
        if at_ms.is_none() {
            out.error(&value.path, "Should be an ISO 8601 time");
        }
        Some((
            at_ms?,
            edge.field("label")
                .and_then(|l| l.string(out))
                .map(str::to_owned),
        ))
    };
    let (at_ms, label) = mark(&first, out)?;
    let fill = fill(&first, second.is_some(), &["before", "after", "none"], out);
    Some(VerticalAnnotation {
        at_ms,
        label,
        band: second.as_ref().and_then(|s| mark(s, out)),
        fill: fill_of(fill),
        color: first.field("color").and_then(|c| shade(&c, out)),
        visible: first
            .field("visible")
            .and_then(|v| v.boolean(out))
            .unwrap_or(true),
    })
}

/// A colour. The documents write one of an annotation in short, too: `#aaa`.
fn shade(at: &At<'_>, out: &mut Problems) -> Option<String> {
    let short = at.json.as_str().and_then(|text| text.strip_prefix('#'));
    match short.filter(|s| s.len() == 3 && s.bytes().all(|b| b.is_ascii_hexdigit())) {
        Some(digits) => {
            let twice = digits.chars().flat_map(|digit| [digit, digit]);
            Some(std::iter::once('#').chain(twice).collect())
        }
        None => color(at, out),
    }
}

/// Which side is filled. Bands are filled between, so theirs is documented to be ignored.
fn fill(
    at: &At<'_>,
    is_band: bool,
    words: &[&'static str],
    out: &mut Problems,
) -> Option<&'static str> {
    let fill = at.field("fill")?;
    match is_band {
        true => fill.string(out).and(None),
        false => fill.one_of(words, out),
    }
}

fn fill_of(word: Option<&str>) -> Fill {
    match word {
        Some("above") => Fill::Above,
        Some("below") => Fill::Below,
        Some("before") => Fill::Before,
        Some("after") => Fill::After,
        _ => Fill::None,
    }
}
