//! Writing a subsegment and the members of a log line, beside serde_json.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench documents`

use std::hint::black_box;

use cloudvault_obs_core::{
    json::Value,
    log::Members,
    segment::{Fields, Outcome, Subsegment},
    trace::{SegmentId, TraceId},
};
use criterion::{Criterion, criterion_group, criterion_main};

fn subsegment(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("subsegment document");
    let mut fields = Fields::default();
    fields.add("bucket", Value::Str("vault"));
    fields.add("bytes", Value::U64(48_123));
    let document = Subsegment {
        name: "store_object",
        id: SegmentId::from_bits(0x53995c3f42cd8ad8),
        trace_id: TraceId::from_bits(0x5759e988_bd862e3fe1be46a994272793),
        parent_id: SegmentId::from_bits(0x7be13529e2842154),
        start_us: 1_795_405_294_505_743,
        end_us: Some(1_795_405_294_507_040),
        outcome: Outcome::Ok,
        cause: None,
        fields: &fields,
    };
    let mut out = Vec::with_capacity(1024);
    group.bench_function("by hand", |bencher| {
        bencher.iter(|| {
            out.clear();
            black_box(&document).write(&mut out);
        });
    });
    group.bench_function("serde_json value", |bencher| {
        bencher.iter(|| {
            let value = serde_json::json!({
                "type": "subsegment", "name": document.name, "id": document.id.to_string(),
                "trace_id": document.trace_id.to_string(), "parent_id": document.parent_id.to_string(),
                "start_time": document.start_us as f64 / 1e6, "end_time": 1_795_405_294.507_04,
                "annotations": {"bucket": "vault", "bytes": 48_123},
            });
            serde_json::to_vec(black_box(&value)).expect("JSON")
        });
    });
    group.finish();
}

fn members(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("three fields over a span of four");
    let mut span = Members::default();
    for (key, value) in [
        ("request_id", "52fdfc07-2182-154f"),
        ("correlation_id", "corr-123"),
        ("bucket", "vault"),
    ] {
        span.own(key, Value::Str(value));
    }
    span.own("cold_start", Value::Bool(true));
    let (mut own, mut line) = (Members::default(), Vec::with_capacity(1024));
    group.bench_function("members", |bencher| {
        bencher.iter(|| {
            own.clear();
            line.clear();
            own.field("key", Value::Str(black_box("photos/cat.png")));
            own.field("size", Value::U64(black_box(48_123)));
            own.field("ok", Value::Bool(true));
            span.append_except(&mut line, &own);
            line.extend_from_slice(own.as_bytes());
        });
    });
    group.bench_function("serde_json map", |bencher| {
        bencher.iter(|| {
            let value = serde_json::json!({
                "request_id": "52fdfc07-2182-154f", "correlation_id": "corr-123", "bucket": "vault",
                "cold_start": true, "key": black_box("photos/cat.png"), "size": 48_123, "ok": true,
            });
            line.clear();
            serde_json::to_writer(&mut line, &value).expect("JSON");
        });
    });
    group.finish();
}

criterion_group!(benches, subsegment, members);
criterion_main!(benches);
