//! `ExportMetricsServiceRequest` in protobuf. Field numbers are those of
//! `opentelemetry/proto/metrics/v1/metrics.proto`.

use super::{
    buckets::Counts,
    model::{Export, Metric, Point, Shape, Temporality, Value, is_absent},
    wire::{Broken, Field, fields, push_fixed, push_varints},
};

/// Reads a request.
///
/// # Errors
///
/// When the bytes are no protobuf.
pub fn read(body: &[u8]) -> Result<Export, Broken> {
    let mut export = Export::default();
    for field in fields(body) {
        if let (1, resource_metrics) = field? {
            resource(resource_metrics.bytes(), &mut export)?;
        }
    }
    Ok(export)
}

fn resource(message: &[u8], export: &mut Export) -> Result<(), Broken> {
    let mut service = None;
    let first = export.metrics.len();
    for field in fields(message) {
        match field? {
            (1, resource) => service = service_name(resource.bytes())?,
            (2, scope_metrics) => {
                for field in fields(scope_metrics.bytes()) {
                    if let (2, message) = field? {
                        export.metrics.push(metric(message.bytes())?);
                    }
                }
            }
            _ => {}
        }
    }
    // The resource may stand after its metrics.
    for metric in export.metrics.iter_mut().skip(first) {
        metric.service.clone_from(&service);
    }
    Ok(())
}

fn service_name(resource: &[u8]) -> Result<Option<String>, Broken> {
    for field in fields(resource) {
        if let (1, pair) = field?
            && let Some((name, value)) = attribute(pair.bytes())?
            && name == "service.name"
        {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// A `KeyValue`; none for an array, a list or bytes.
fn attribute(pair: &[u8]) -> Result<Option<(String, String)>, Broken> {
    let (mut key, mut value) = (String::new(), None);
    for field in fields(pair) {
        match field? {
            (1, name) => key = name.text(),
            (2, any) => {
                for field in fields(any.bytes()) {
                    value = match field? {
                        (1, text) => Some(text.text()),
                        (2, truth) => Some((truth.number() != 0).to_string()),
                        (3, number) => Some(number.number().cast_signed().to_string()),
                        (4, number) => Some(number.double().to_string()),
                        _ => None,
                    };
                }
            }
            _ => {}
        }
    }
    Ok(value.map(|value| (key, value)))
}

fn metric(message: &[u8]) -> Result<Metric, Broken> {
    let mut metric = Metric::default();
    for field in fields(message) {
        match field? {
            (1, name) => metric.name = name.text(),
            (3, unit) => metric.unit = unit.text(),
            (kind @ (5 | 7 | 9 | 10 | 11), data) => points(kind, data.bytes(), &mut metric)?,
            _ => {}
        }
    }
    Ok(metric)
}

/// `Gauge` (5), `Sum` (7), `Histogram` (9), `ExponentialHistogram` (10) and
/// `Summary` (11) have their points and their temporality at the same numbers.
fn points(kind: u32, data: &[u8], metric: &mut Metric) -> Result<(), Broken> {
    let (mut temporality, mut monotonic) = (Temporality::default(), false);
    for field in fields(data) {
        match field? {
            (1, point) => metric.points.push(match kind {
                5 | 7 => number(point.bytes())?,
                9 => histogram(point.bytes())?,
                10 => exponential(point.bytes())?,
                _ => Point::default(),
            }),
            (2, number) => temporality = Temporality::from_number(number.number()),
            (3, truth) => monotonic = truth.number() != 0,
            _ => {}
        }
    }
    metric.shape = match kind {
        5 => Shape::Gauge,
        7 => Shape::Sum {
            temporality,
            monotonic,
        },
        9 | 10 => Shape::Histogram(temporality),
        _ => Shape::Unsupported,
    };
    Ok(())
}

fn number(message: &[u8]) -> Result<Point, Broken> {
    let mut point = Point::default();
    for field in fields(message) {
        match field? {
            (7, pair) => point.attributes.extend(attribute(pair.bytes())?),
            (4, number) => point.value = Value::Number(number.double()),
            (6, number) => {
                point.value = Value::Number(number.number().cast_signed() as f64);
            }
            (8, flags) => point.absent = is_absent(flags.number()),
            field => times(field, &mut point),
        }
    }
    Ok(point)
}

/// Every kind of point has its times at 2 and 3.
fn times(field: (u32, Field<'_>), point: &mut Point) {
    match field {
        (2, start) => point.start_ns = start.number(),
        (3, time) => point.time_ns = time.number(),
        _ => {}
    }
}

fn histogram(message: &[u8]) -> Result<Point, Broken> {
    let mut point = Point::default();
    let (mut bounds, mut counts) = (Vec::new(), Vec::new());
    let (mut sum, mut min, mut max) = (None, None, None);
    for field in fields(message) {
        match field? {
            (9, pair) => point.attributes.extend(attribute(pair.bytes())?),
            (5, number) => sum = Some(number.double()),
            (6, numbers) => push_fixed(&mut counts, numbers),
            (7, numbers) => push_fixed(&mut bounds, numbers),
            (10, flags) => point.absent = is_absent(flags.number()),
            (11, number) => min = Some(number.double()),
            (12, number) => max = Some(number.double()),
            field => times(field, &mut point),
        }
    }
    let bounds = bounds.into_iter().map(f64::from_bits).collect();
    point.value = Counts::explicit(bounds, &counts).map_or(Value::None, |counts| {
        Value::Counts(Counts {
            sum,
            min,
            max,
            ..counts
        })
    });
    Ok(point)
}

fn exponential(message: &[u8]) -> Result<Point, Broken> {
    let mut point = Point::default();
    let (mut scale, mut zero) = (0, 0);
    let (mut positive, mut negative) = ((0, Vec::new()), (0, Vec::new()));
    let (mut sum, mut min, mut max) = (None, None, None);
    for field in fields(message) {
        match field? {
            (1, pair) => point.attributes.extend(attribute(pair.bytes())?),
            (5, number) => sum = Some(number.double()),
            (6, number) => scale = number.zigzag(),
            (7, number) => zero = number.number(),
            (8, buckets) => positive = side(buckets.bytes())?,
            (9, buckets) => negative = side(buckets.bytes())?,
            (10, flags) => point.absent = is_absent(flags.number()),
            (12, number) => min = Some(number.double()),
            (13, number) => max = Some(number.double()),
            field => times(field, &mut point),
        }
    }
    let counts = Counts::exponential(scale, zero)
        .and_then(|counts| counts.with_side(1, positive.0, &positive.1))
        .and_then(|counts| counts.with_side(-1, negative.0, &negative.1));
    point.value = counts.map_or(Value::None, |counts| {
        Value::Counts(Counts {
            sum,
            min,
            max,
            ..counts
        })
    });
    Ok(point)
}

/// Offset and counts of one side.
fn side(message: &[u8]) -> Result<(i32, Vec<u64>), Broken> {
    let (mut offset, mut counts) = (0, Vec::new());
    for field in fields(message) {
        match field? {
            (1, number) => offset = number.zigzag(),
            (2, numbers) => push_varints(&mut counts, numbers),
            _ => {}
        }
    }
    Ok((offset, counts))
}
