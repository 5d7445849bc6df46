//! Whole processes, each contender as a child of its own: how long one takes to
//! start with everything initialised, how much of that is the initialisation, and
//! what an invocation over a local Runtime API costs. `process start`, `process
//! init` and `process invocation` each print a table of medians.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use cloudvault_benches::by_hand;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["start"] => starts()?,
        ["init"] => inits()?,
        ["invocation"] => invocations(&["bare", "by hand", "tracing", "ours"])?,
        ["invocation", who] => invocations(&[who])?,
        ["child", "start", "empty"] => {}
        ["child", "start", "tracing"] => tracing_json(),
        ["child", "start", "ours"] => drop(cloudvault_obs::layer()),
        ["child", "init", who] => init(who)?,
        ["child", "invocation", who] => child(who)?,
        _ => writeln!(io::stderr(), "usage: process start | init | invocation")?,
    }
    Ok(())
}

fn tracing_json() {
    tracing_subscriber::fmt().json().init();
}

fn run(kind: &str, who: &str) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["child", kind, who]).stdin(Stdio::null());
    let own = [
        ("AWS_LAMBDA_FUNCTION_NAME", "function"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000"),
        ("OBS_JOURNAL", "/nonexistent/journal"),
    ];
    command.envs(own);
    Ok(command)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Children in turns, so that what else the machine does meets all alike.
fn starts() -> io::Result<()> {
    const WHO: [&str; 3] = ["empty", "tracing", "ours"];
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..300 {
        for (who, times) in WHO.iter().zip(&mut times) {
            let mut command = run("start", who)?;
            let start = Instant::now();
            command.stdout(Stdio::null()).status()?;
            times.push(start.elapsed());
        }
    }
    let medians = times.map(median);
    let mut out = io::stdout();
    for (who, time) in WHO.iter().zip(medians) {
        let ratio = time.as_secs_f64() / medians[0].as_secs_f64();
        writeln!(
            out,
            "{who:10} {:8.0} us {ratio:6.2}x",
            time.as_secs_f64() * 1e6
        )?;
    }
    Ok(())
}

/// Tells how many nanoseconds the initialisation of a new process takes.
fn init(who: &str) -> io::Result<()> {
    let start = Instant::now();
    match who {
        "tracing" => tracing_json(),
        _ => drop(cloudvault_obs::layer()),
    }
    let took = start.elapsed();
    write!(io::stderr(), "{}", took.as_nanos())
}

fn inits() -> io::Result<()> {
    const WHO: [&str; 2] = ["tracing", "ours"];
    let mut times = [const { Vec::new() }; 2];
    for _ in 0..300 {
        for (who, times) in WHO.iter().zip(&mut times) {
            let output = run("init", who)?.stdout(Stdio::null()).output()?;
            let told = String::from_utf8_lossy(&output.stderr);
            times.extend(told.parse().map(Duration::from_nanos));
        }
    }
    let mut out = io::stdout();
    for (who, times) in WHO.iter().zip(times) {
        writeln!(out, "{who:10} {:8.1} us", median(times).as_secs_f64() * 1e6)?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn child(who: &str) -> Result<(), Error> {
    match who {
        "bare" => lambda_runtime::run(service_fn(quiet)).await,
        "by hand" => lambda_runtime::run(service_fn(frugal)).await,
        "tracing" => {
            lambda_runtime::tracing::init_default_subscriber();
            lambda_runtime::run(service_fn(talkative)).await
        }
        _ => cloudvault_obs::run(service_fn(talkative)).await,
    }
}

async fn quiet(event: LambdaEvent<Value>) -> Result<Value, Error> {
    Ok(event.payload)
}

/// What ten lines cost at least: each formatted and written as it is logged.
async fn frugal(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let mut line = Vec::new();
    for number in 0..10 {
        line.clear();
        by_hand::log_line(&mut line, b"", (number, "photos/2026/sunset.jpg", 0.125));
        rustix::io::write(rustix::stdio::stdout(), &line)?;
    }
    Ok(event.payload)
}

async fn talkative(event: LambdaEvent<Value>) -> Result<Value, Error> {
    for number in 0..10 {
        tracing::info!(
            number,
            key = "photos/2026/sunset.jpg",
            seconds = 0.125,
            "file stored"
        );
    }
    Ok(event.payload)
}

/// From the answer to `next` until the response has arrived, and how long the
/// process was on a processor for one invocation, what it does after the response
/// included. The contenders take turns of many invocations, so that what else the
/// machine does meets all alike, and each finds its caches warm.
fn invocations(contenders: &[&str]) -> io::Result<()> {
    let mut functions = Vec::new();
    for who in contenders {
        functions.push(Function::start(who)?);
    }
    for _ in 0..TURNS {
        for function in &mut functions {
            function.turn()?;
        }
    }
    let mut out = io::stdout();
    let mut bare = (0.0, 0.0);
    for (who, function) in contenders.iter().zip(functions) {
        let (answered, worked) = function.end()?;
        if *who == "bare" {
            bare = (answered, worked);
        }
        writeln!(
            out,
            "{who:10} answered {answered:6.1} us {:+6.1} us   on a processor {worked:6.1} us {:+6.1} us",
            answered - bare.0,
            worked - bare.1
        )?;
    }
    Ok(())
}

const TURNS: usize = 40;
/// In each turn the first ones warm caches up and do not count.
const WARM_UP: usize = 50;
const COUNTED: usize = 200;

/// A function's process and its Runtime API.
struct Function {
    child: Child,
    lines: ChildStdout,
    hand: mpsc::Sender<()>,
    answers: mpsc::Receiver<Duration>,
    times: Vec<Duration>,
    worked: Duration,
}

impl Function {
    fn start(who: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        // The X-Ray daemon: who sends to a closed port pays for the refusals.
        let daemon = UdpSocket::bind("127.0.0.1:0")?;
        let traces = daemon.local_addr()?.to_string();
        let mut child = run("invocation", who)?
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_XRAY_DAEMON_ADDRESS", traces)
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        rustix::io::ioctl_fionbio(&lines, true)?;
        thread::spawn(move || while daemon.recv(&mut [0; 1 << 16]).is_ok() {});
        let (hand, handed) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        thread::spawn(move || serve(&listener.accept()?.0, &handed, &answer));
        Ok(Self {
            child,
            lines,
            hand,
            answers,
            times: Vec::new(),
            worked: Duration::ZERO,
        })
    }

    fn turn(&mut self) -> io::Result<()> {
        for _ in 0..WARM_UP {
            self.invoke()?;
        }
        let before = self.on_processor()?;
        for _ in 0..COUNTED {
            let took = self.invoke()?;
            self.times.push(took);
        }
        self.worked += self.on_processor()? - before;
        Ok(())
    }

    fn invoke(&mut self) -> io::Result<Duration> {
        self.hand.send(()).map_err(io::Error::other)?;
        let took = self.answers.recv().map_err(io::Error::other)?;
        // A reader that waits for lines would have to be woken by each of them: that
        // costs more than all the rest, and the same for everybody.
        while self.lines.read(&mut [0; 1 << 16]).is_ok_and(|read| read > 0) {}
        Ok(took)
    }

    /// How long the process's threads have been on a processor.
    fn on_processor(&self) -> io::Result<Duration> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id()))?;
        let mut all = 0;
        for thread in threads {
            let told = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = told.split_whitespace().next();
            all += first.and_then(|ns| ns.parse().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(all))
    }

    /// Microseconds until the answer, by the median, and on a processor, on average.
    fn end(mut self) -> io::Result<(f64, f64)> {
        self.child.kill()?;
        self.child.wait()?;
        let each = self.worked.as_secs_f64() * 1e6 / self.times.len() as f64;
        Ok((median(self.times).as_secs_f64() * 1e6, each))
    }
}

/// The Runtime API, as far as one connection at a time needs it: an event for each
/// that is `handed` on.
fn serve(
    stream: &TcpStream,
    handed: &mpsc::Receiver<()>,
    answer: &mpsc::Sender<Duration>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let mut begun = Instant::now();
    loop {
        let mut length = 0;
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let next = line.starts_with("GET");
        while line.trim_end() != "" {
            line.clear();
            reader.read_line(&mut line)?;
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        if next {
            if handed.recv().is_err() {
                return Ok(());
            }
            // Before the write: the function may have answered when it returns.
            begun = Instant::now();
            writer.write_all(NEXT.as_bytes())?;
        } else {
            let took = begun.elapsed();
            writer.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
            if answer.send(took).is_err() {
                return Ok(());
            }
        }
    }
}

const NEXT: &str = "HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 14\r\n\
    lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
    lambda-runtime-deadline-ms: 4102444800000\r\n\
    lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:000000000000:function:function\r\n\
    lambda-runtime-trace-id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1\r\n\
    \r\n\
    {\"bucket\":\"b\"}";
