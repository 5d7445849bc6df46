//! What is measured of the process on this machine alone.

use std::{
    io::{self, Write},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use cloudvault_obs_core::metric::Kind;

use crate::{
    beside,
    cloudwatch::CloudWatch,
    lambda::now_ms,
    median,
    process::{Extension, series},
};

const RUNS: usize = 40;
const MEGABYTE: f64 = 1_000_000.0;

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// From the start of the process to its first request for an event.
pub(crate) fn first_event(out: &mut impl Write, layer: &Path) -> io::Result<()> {
    let (bare, trivial) = (beside("bare")?, beside("trivial")?);
    let who = [
        ("sockets by hand", &*bare),
        ("crate lambda-extension, nothing more", &trivial),
        ("cloudvault-obs", layer),
    ];
    let mut times = vec![Vec::new(); who.len()];
    for _ in 0..RUNS {
        for ((_, program), times) in who.iter().zip(&mut times) {
            let extension = Extension::start(program, |_| ())?;
            times.push(ms(extension.lambda.asked() - extension.started));
        }
    }
    for ((who, _), times) in who.iter().zip(times) {
        writeln!(out, "start to /next, {who:<37} {:8.2} ms", median(times))?;
    }
    Ok(())
}

/// From the start of the process to its first request, whole, with CloudWatch: all
/// of INIT, an event, a TLS handshake and a signature are on the way.
pub(crate) fn first_request(out: &mut impl Write, layer: &Path) -> io::Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let sdk = beside("cloudvault-benches-sdk")?;
    for _ in 0..RUNS {
        theirs.push(ms(sdk_request(&sdk)?));
        let extension = Extension::start(layer, |writer| {
            let id = writer.series(&series("m".into(), Kind::Counter));
            let id = id.expect("an empty table has room");
            let recorded = writer.record(id, 1.0, now_ms());
            recorded.expect("an empty journal has room");
        })?;
        extension.lambda.asked();
        extension.lambda.invoke("a");
        // Its bell rings as soon as it can be heard: the flush is at the end.
        extension.ring("a")?;
        ours.push(ms(extension.cloudwatch.taken() - extension.started));
    }
    for (who, times) in [
        ("AWS's SDK, its defaults", theirs),
        ("cloudvault-obs", ours),
    ] {
        writeln!(
            out,
            "start to PutMetricData, {who:<29} {:8.2} ms",
            median(times)
        )?;
    }
    Ok(())
}

/// The same of a program that sends one metric by AWS's client.
fn sdk_request(sdk: &Path) -> io::Result<Duration> {
    let dir = tempfile::tempdir()?;
    let bundle = dir.path().join("authority.pem");
    let cloudwatch = CloudWatch::start(&bundle)?;
    let mut command = Command::new(sdk);
    command
        .env_clear()
        .envs(cloudwatch.account())
        .env("SSL_CERT_FILE", &bundle);
    let started = Instant::now();
    let mut child = command.spawn()?;
    let took = cloudwatch.taken() - started;
    child.wait()?;
    Ok(took)
}

/// Between the bell and the request for the next event, 50 points recorded.
pub(crate) fn invocation(out: &mut impl Write, layer: &Path) -> io::Result<()> {
    const WARM: usize = 50;
    const MEASURED: usize = 500;
    let extension = Extension::start(layer, |_| ())?;
    extension.lambda.asked();
    let ids: Vec<_> = (0..50)
        .map(|n| extension.series(format!("m{n}"), Kind::Histogram))
        .collect();
    let (mut added, mut before) = (Vec::new(), Duration::ZERO);
    for number in 0..WARM + MEASURED {
        if number == WARM {
            (added, before) = (Vec::new(), extension.on_processor()?);
        }
        let request = number.to_string();
        extension.lambda.invoke(&request);
        for &id in &ids {
            extension.record(id, number as f64);
        }
        let rung = Instant::now();
        extension.ring(&request)?;
        added.push(ms(extension.lambda.asked() - rung));
    }
    let own = ms(extension.on_processor()? - before) / MEASURED as f64;
    writeln!(
        out,
        "{:53} {:8.2} ms",
        "after the response with 50 points, delivery included",
        median(added)
    )?;
    writeln!(
        out,
        "{:53} {own:8.2} ms",
        "  of it the extension's time on a processor"
    )?;
    extension.shut_down()
}

pub(crate) fn memory(out: &mut impl Write, layer: &Path) -> io::Result<()> {
    let extension = Extension::start(layer, |_| ())?;
    extension.lambda.asked();
    // It prepares its client when the request for the event is out.
    std::thread::sleep(Duration::from_millis(100));
    let idle = extension.resident()? as f64 / MEGABYTE;
    writeln!(out, "resident, idle {:>38} {idle:8.2} MB", "cloudvault-obs")?;
    let trivial = Extension::start(&beside("trivial")?, |_| ())?;
    trivial.lambda.asked();
    let other = trivial.resident()? as f64 / MEGABYTE;
    drop(trivial);
    writeln!(
        out,
        "resident, idle {:>38} {other:8.2} MB",
        "crate lambda-extension"
    )?;
    for n in 0..10_000 {
        let id = extension.series(format!("{n}"), Kind::Histogram);
        extension.record(id, f64::from(n));
    }
    extension.lambda.invoke("a");
    extension.ring("a")?;
    extension.lambda.asked();
    let full = extension.resident()? as f64 / MEGABYTE;
    writeln!(
        out,
        "{:53} {full:8.2} MB",
        "resident, 10,000 series delivered"
    )?;
    extension.shut_down()
}

/// A million invocations of 50 points, a thousand at a time.
pub(crate) fn flat(out: &mut impl Write, layer: &Path) -> io::Result<()> {
    const FLUSHES: u64 = 1_000;
    let extension = Extension::start(layer, |_| ())?;
    extension.lambda.asked();
    let ids: Vec<_> = (0..50)
        .map(|n| extension.series(format!("m{n}"), Kind::Histogram))
        .collect();
    let mut resident = Vec::new();
    for flush in 0..FLUSHES {
        let request = flush.to_string();
        extension.lambda.invoke(&request);
        for point in 0..50_000_u64 {
            let id = ids[(point % 50) as usize];
            extension.record(id, (point * 7 % 500) as f64);
        }
        extension.ring(&request)?;
        extension.lambda.asked();
        extension.cloudwatch.forget();
        if (flush + 1) % (FLUSHES / 10) == 0 {
            resident.push(extension.resident()? as f64 / MEGABYTE);
        }
    }
    let shown: Vec<_> = resident.iter().map(|mb| format!("{mb:.2}")).collect();
    writeln!(
        out,
        "resident at each tenth of 1 M invocations {} MB",
        shown.join(" ")
    )?;
    extension.shut_down()
}
