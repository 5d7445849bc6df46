//! `ExportMetricsServiceRequest` in JSON: protobuf's JSON mapping with OTLP's
//! rules (names in lowerCamelCase, 64-bit numbers as text, enums as numbers,
//! unknown members ignored).

use serde_json::Value as Json;

use super::{
    buckets::Counts,
    model::{Export, Metric, Point, Shape, Temporality, Value, is_absent},
    wire::Broken,
};

/// Reads a request.
///
/// # Errors
///
/// When the text is no JSON object.
pub fn read(body: &[u8]) -> Result<Export, Broken> {
    let request: Json = serde_json::from_slice(body).map_err(|_| Broken)?;
    if !request.is_object() {
        return Err(Broken);
    }
    let mut export = Export::default();
    for resource_metrics in list(&request, "resourceMetrics") {
        let attributes = resource_metrics.get("resource").map(attributes);
        let service = attributes
            .unwrap_or_default()
            .into_iter()
            .find(|(name, _)| name == "service.name")
            .map(|(_, value)| value);
        let metrics = list(resource_metrics, "scopeMetrics").flat_map(|s| list(s, "metrics"));
        export.metrics.extend(metrics.map(|json| Metric {
            service: service.clone(),
            ..metric(json)
        }));
    }
    Ok(export)
}

fn list<'a>(json: &'a Json, name: &str) -> impl Iterator<Item = &'a Json> + use<'a> {
    json.get(name)
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
}

fn text(json: &Json, name: &str) -> String {
    let text = json.get(name).and_then(Json::as_str);
    text.unwrap_or_default().to_owned()
}

/// A double; NaN and the infinities come as text.
fn double(json: &Json) -> Option<f64> {
    json.as_f64().or_else(|| json.as_str()?.parse().ok())
}

/// A whole number, as text or as a number.
fn whole(json: &Json) -> Option<u64> {
    json.as_u64().or_else(|| json.as_str()?.parse().ok())
}

fn number_at(json: &Json, name: &str) -> u64 {
    json.get(name).and_then(whole).unwrap_or_default()
}

fn small_at(json: &Json, name: &str) -> i32 {
    let number = json.get(name);
    let number = number.and_then(|n| n.as_i64().or_else(|| n.as_str()?.parse().ok()));
    number
        .and_then(|n| i32::try_from(n).ok())
        .unwrap_or_default()
}

fn attributes(json: &Json) -> Vec<(String, String)> {
    let pair = |pair: &Json| {
        let value = pair.get("value")?;
        let value = value
            .get("stringValue")
            .or_else(|| value.get("boolValue"))
            .or_else(|| value.get("intValue"))
            .or_else(|| value.get("doubleValue"))?;
        let value = match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some((text(pair, "key"), value))
    };
    list(json, "attributes").filter_map(pair).collect()
}

fn metric(json: &Json) -> Metric {
    const KINDS: [&str; 5] = [
        "gauge",
        "sum",
        "histogram",
        "exponentialHistogram",
        "summary",
    ];
    let kind = KINDS
        .into_iter()
        .find_map(|kind| Some((kind, json.get(kind)?)));
    let (kind, data) = kind.unwrap_or(("", json));
    let temporality = Temporality::from_number(number_at(data, "aggregationTemporality"));
    Metric {
        service: None,
        name: text(json, "name"),
        unit: text(json, "unit"),
        shape: match kind {
            "gauge" => Shape::Gauge,
            "sum" => Shape::Sum {
                temporality,
                monotonic: data.get("isMonotonic").and_then(Json::as_bool) == Some(true),
            },
            "histogram" | "exponentialHistogram" => Shape::Histogram(temporality),
            _ => Shape::Unsupported,
        },
        points: list(data, "dataPoints")
            .map(|json| point(kind, json))
            .collect(),
    }
}

fn point(kind: &str, json: &Json) -> Point {
    Point {
        attributes: attributes(json),
        start_ns: number_at(json, "startTimeUnixNano"),
        time_ns: number_at(json, "timeUnixNano"),
        absent: is_absent(number_at(json, "flags")),
        value: match kind {
            "gauge" | "sum" => json
                .get("asDouble")
                .or_else(|| json.get("asInt"))
                .and_then(double)
                .map_or(Value::None, Value::Number),
            "histogram" => measured(json, explicit(json)),
            "exponentialHistogram" => measured(json, exponential(json)),
            _ => Value::None,
        },
    }
}

fn measured(json: &Json, counts: Option<Counts>) -> Value {
    let at = |name| json.get(name).and_then(double);
    counts.map_or(Value::None, |counts| {
        Value::Counts(Counts {
            sum: at("sum"),
            min: at("min"),
            max: at("max"),
            ..counts
        })
    })
}

fn explicit(json: &Json) -> Option<Counts> {
    let bounds: Option<Vec<f64>> = list(json, "explicitBounds").map(double).collect();
    let counts: Option<Vec<u64>> = list(json, "bucketCounts").map(whole).collect();
    Counts::explicit(bounds?, &counts?)
}

fn exponential(json: &Json) -> Option<Counts> {
    let counts = Counts::exponential(small_at(json, "scale"), number_at(json, "zeroCount"))?;
    let side = |counts: Counts, side, name| match json.get(name) {
        Some(buckets) => {
            let numbers: Option<Vec<u64>> = list(buckets, "bucketCounts").map(whole).collect();
            counts.with_side(side, small_at(buckets, "offset"), &numbers?)
        }
        None => Some(counts),
    };
    side(side(counts, 1, "positive")?, -1, "negative")
}
