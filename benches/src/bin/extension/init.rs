//! INIT under AWS's Runtime Interface Emulator, as it reports it: without an
//! extension, with the least there can be, with ours.
//!
//! rotel's Lambda extension is no part of its package on PyPI (that is the agent),
//! and Datadog's is in no registry: they are not measured here.

use std::{
    fs::File,
    io::{self, Read as _, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::{beside, median};

const RUNS: usize = 15;

/// The emulator starts what stands in /opt/extensions; a mount namespace of its own
/// gives each run one.
const INSIDE: &str = r#"
mount -t tmpfs none /opt && mkdir -p /opt/extensions
if [ -n "$EXTENSION" ]; then cp "$EXTENSION" "/opt/extensions/$NAME"; fi
exec "$EMULATOR" --runtime-api-address "127.0.0.1:$RUNTIME_PORT" \
    --runtime-interface-emulator-address "127.0.0.1:$INVOKE_PORT" "$FUNCTION" handler
"#;

pub(crate) fn table(out: &mut impl Write, layer: &Path, emulator: &Path) -> io::Result<()> {
    let (bare, trivial) = (beside("bare")?, beside("trivial")?);
    let who = [
        ("no extension", Path::new(""), ""),
        ("sockets by hand", &bare, "bare"),
        ("crate lambda-extension, nothing more", &trivial, "trivial"),
        ("cloudvault-obs", layer, "cloudvault-obs"),
    ];
    let mut times = vec![Vec::new(); who.len()];
    // In turns, so that what else the machine does meets all alike.
    for _ in 0..RUNS {
        for ((_, extension, name), times) in who.iter().zip(&mut times) {
            times.push(once(emulator, extension, name)?);
        }
    }
    for ((who, ..), times) in who.iter().zip(times) {
        writeln!(out, "INIT, {who:<37} {:8.2} ms", median(times))?;
    }
    Ok(())
}

/// One cold start; gives the `durationMs` of INIT that the emulator reports.
fn once(emulator: &Path, extension: &Path, name: &str) -> io::Result<f64> {
    let dir = tempfile::tempdir()?;
    let log = dir.path().join("log");
    let (runtime, invoke) = (free_port()?, free_port()?);
    let mut child = Command::new("unshare")
        .args([
            "--mount",
            "--pid",
            "--fork",
            "--mount-proc",
            "--kill-child",
            "sh",
            "-c",
            INSIDE,
        ])
        .env("EMULATOR", emulator)
        .env("EXTENSION", extension)
        .env("NAME", name)
        .env("FUNCTION", beside("bare")?)
        .env("RUNTIME_PORT", runtime.to_string())
        .env("INVOKE_PORT", invoke.to_string())
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "10")
        .env("OBS_JOURNAL", dir.path().join("journal"))
        .stdin(Stdio::null())
        .stdout(File::create(&log)?)
        .stderr(File::options().append(true).open(&log)?)
        .spawn()?;
    let answered = answer(invoke);
    let reported = answered.and_then(|()| report(&log));
    child.kill()?;
    child.wait()?;
    reported
}

fn free_port() -> io::Result<u16> {
    let socket = TcpListener::bind("127.0.0.1:0")?;
    Ok(socket.local_addr()?.port())
}

fn answer(port: u16) -> io::Result<()> {
    for _ in 0..200 {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        write!(
            stream,
            "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nhost: x\r\n\
             connection: close\r\ncontent-length: 2\r\n\r\n{{}}"
        )?;
        return stream.read_to_end(&mut Vec::new()).map(drop);
    }
    Err(io::ErrorKind::TimedOut.into())
}

fn report(log: &Path) -> io::Result<f64> {
    for _ in 0..100 {
        let text = std::fs::read_to_string(log)?;
        let reported = text.split("INIT REPORT(durationMs: ").nth(1);
        let number = reported.and_then(|rest| rest.split(')').next()?.parse().ok());
        if let Some(number) = number {
            return Ok(number);
        }
        thread::sleep(Duration::from_millis(20));
    }
    let text = std::fs::read_to_string(log)?;
    Err(io::Error::other(format!("no INIT REPORT in {text}")))
}
