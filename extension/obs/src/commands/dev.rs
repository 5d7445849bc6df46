//! `obs dev`: the local account, until Ctrl-C, SIGTERM or `--for`.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use obs_deploy::resolve::{LocalFunction, Resolved};
use obs_deploy::source::PROJECT_FILE;
use obs_dev::{FaultRule, Freeze, FunctionSpec, Initialization, LogGroup, Options};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Project, duration, pair};
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `dev`.
#[derive(Debug, clap::Args)]
pub(crate) struct Dev {
    /// Where the endpoints and the page listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4400", value_parser = address)]
    listen: SocketAddr,
    /// Where the X-Ray daemon's UDP socket listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2000", value_parser = address)]
    xray: SocketAddr,
    /// Folder of the account's files
    #[arg(long, value_name = "DIR", default_value = ".obs-dev")]
    data: PathBuf,
    /// End by itself after so long, such as 30s
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    duration: Option<obs_deploy::value::Duration>,
    /// Extension that runs beside each function [default: cloudvault-obs beside this program]
    #[arg(long, value_name = "PATH")]
    extension: Option<PathBuf>,
    /// A function and its program: another one, or another program for one of obs.yaml
    #[arg(long = "function", value_name = "NAME=PATH", value_parser = pair)]
    functions: Vec<(String, String)>,
    /// Folder whose obs.yaml names functions with `run:` [default: this one, if it has one]
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Environment of obs.yaml that the functions are run for
    #[arg(short, long, value_name = "NAME", default_value = "dev")]
    env: String,
    /// Value for ${NAME} in obs.yaml
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    vars: Vec<(String, String)>,
    /// Share of invocations that are traced, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = share)]
    sample: f64,
    /// Make requests fail: `SERVICE[:OPERATION]=KIND[:SHARE%][:COUNTx][:TIME]`, KIND one of throttle,
    /// 500, 503, 413, hang, hang-accepted, reset, reset-accepted, drip; also `POST /api/faults`
    #[arg(long = "fault", value_name = "RULE", value_parser = fault)]
    faults: Vec<FaultRule>,
    /// Freeze processes between invocations, as Lambda does; connections to AWS are gone after a
    /// freeze of so long. `off`: no freeze
    #[arg(long, value_name = "off|DURATION", default_value = "5s")]
    freeze: Freeze,
    /// How functions come to life: on-demand, provisioned-concurrency:N, snap-start,
    /// lambda-managed-instances:N [default: `initialization` of obs.yaml, else on-demand]
    #[arg(long, value_name = "KIND")]
    initialization: Option<Initialization>,
}

/// The extension's file name.
const EXTENSION: &str = "cloudvault-obs";
/// Timeout and memory of a function given by `--function`.
const TIMEOUT: Duration = Duration::from_secs(30);
const MEMORY_MB: u32 = 512;

pub(crate) fn run(args: &Dev, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let options = options(args, surroundings)?;
    project::runtime()?.block_on(serve(args, options, surroundings))
}

async fn serve(
    args: &Dev,
    options: Options,
    surroundings: &mut Surroundings,
) -> Result<u8, Failure> {
    let unheard = |error| Failure::Sentence(format!("cannot listen for signals: {error}"));
    // Before the start: a Ctrl-C while it starts must not leave processes behind.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
    let names: Vec<String> = options
        .functions
        .iter()
        .map(|function| function.name.clone())
        .collect();
    let extension = options.extension.clone();
    let dev = obs_dev::Dev::start(options)
        .await
        .map_err(|error| Failure::Sentence(format!("failed to {error}")))?;
    let greeting = Greeting {
        endpoint: format!("http://{}", dev.address()),
        xray: dev.xray_address().to_string(),
        functions: names,
        extension,
    };
    greeting.write(&mut surroundings.out)?;
    let limit = async {
        match args.duration {
            Some(duration) => tokio::time::sleep(duration.std()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = limit => {}
    }
    writeln!(surroundings.err, "Spinning down ...")?;
    dev.stop().await;
    Ok(exit::OK)
}

struct Greeting {
    endpoint: String,
    xray: String,
    functions: Vec<String>,
    extension: Option<PathBuf>,
}

impl Greeting {
    fn write<W: Write>(&self, out: &mut W) -> std::io::Result<()> {
        let endpoint = &self.endpoint;
        writeln!(out, "obs dev: {endpoint}")?;
        writeln!(out, "  page        {endpoint}/")?;
        writeln!(out, "  X-Ray       udp {}", self.xray)?;
        match &self.extension {
            Some(path) => writeln!(out, "  extension   {}", path.display())?,
            None => writeln!(out, "  extension   none: metrics go out as EMF lines")?,
        }
        match self.functions.as_slice() {
            [] => writeln!(
                out,
                "  functions   none: name them with `run:` in obs.yaml or --function"
            )?,
            names => writeln!(out, "  functions   {}", names.join(", "))?,
        }
        writeln!(out, "\nIn another terminal:")?;
        writeln!(out, "  export AWS_ENDPOINT_URL={endpoint}")?;
        writeln!(out, "  obs apply")?;
        if let Some(name) = self.functions.first() {
            writeln!(
                out,
                "  curl -X POST {endpoint}/2015-03-31/functions/{name}/invocations -d '{{}}'"
            )?;
        }
        writeln!(out, "\nCtrl-C ends it.")?;
        out.flush()
    }
}

fn options(args: &Dev, surroundings: &mut Surroundings) -> Result<Options, Failure> {
    let mut options = Options::new(&args.data);
    options.listen = args.listen;
    options.xray = args.xray;
    options.sample = args.sample;
    options.faults = args.faults.clone();
    options.freeze = args.freeze;
    options.extension = extension(args, surroundings)?;
    configured(args, &mut options, surroundings)?;
    for (name, path) in &args.functions {
        let command = PathBuf::from(path);
        if !command.is_file() {
            return Err(Failure::Usage(format!(
                "--function {name}: there is no program {path}"
            )));
        }
        if !is_executable(&command) {
            return Err(Failure::Usage(format!(
                "--function {name}: {path} is no program that may be run: `chmod +x` makes it one"
            )));
        }
        let command = absolute(&command);
        match options
            .functions
            .iter_mut()
            .find(|function| function.name == *name)
        {
            // Another program for a function of obs.yaml keeps its settings.
            Some(function) => function.command = command,
            None => options.functions.push(FunctionSpec {
                name: name.clone(),
                command,
                args: Vec::new(),
                environment: BTreeMap::new(),
                timeout: TIMEOUT,
                memory_mb: MEMORY_MB,
                handler: name.clone(),
                initialization: Initialization::default(),
            }),
        }
    }
    if let Some(initialization) = args.initialization {
        for function in &mut options.functions {
            function.initialization = initialization;
        }
    }
    leave_out_unbuilt(&mut options, surroundings)?;
    Ok(options)
}

/// Adds the functions of obs.yaml, and takes its region.
fn configured(
    args: &Dev,
    options: &mut Options,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let directory = match &args.config {
        Some(directory) if !directory.join(PROJECT_FILE).exists() => {
            return Err(Failure::Usage(format!(
                "--config: there is no {PROJECT_FILE} in {}",
                directory.display()
            )));
        }
        Some(directory) => Some(directory.clone()),
        None => Path::new(PROJECT_FILE).exists().then(|| PathBuf::from(".")),
    };
    if let Some(directory) = directory {
        let project = Project {
            envs: vec![args.env.clone()],
            vars: args.vars.clone(),
            directory,
        };
        for resolved in project::load(&project, surroundings)? {
            options.log_groups = log_groups(&resolved);
            options.region = resolved.desired.target.region;
            for function in resolved.functions {
                let command = project.directory.join(&function.run);
                options.functions.push(spec(function, command)?);
            }
        }
    }
    Ok(())
}

/// The log groups of functions and trails, and whatever else a metric filter reads: in
/// AWS they are there before anything is applied.
fn log_groups(resolved: &Resolved) -> Vec<LogGroup> {
    let of_resources = ["functions", "trails"].into_iter().flat_map(|kind| {
        let all = resolved.resources.all(kind).iter();
        all.filter_map(move |resource| {
            let retention = resource.attributes.get("log_retention");
            let retention = retention.and_then(|text| text.strip_suffix('d')?.parse().ok());
            Some(LogGroup {
                name: resource.attributes.get("log_group")?.clone(),
                function: (kind == "functions").then(|| resource.name.clone()),
                retention_days: retention,
            })
        })
    });
    let mut groups: Vec<LogGroup> = of_resources.collect();
    for filter in &resolved.desired.metric_filters {
        if groups.iter().all(|group| group.name != filter.log_group) {
            groups.push(LogGroup {
                name: filter.log_group.clone(),
                function: None,
                retention_days: None,
            });
        }
    }
    groups
}

/// A function whose program is not there is named and left out: the others still run.
fn leave_out_unbuilt(
    options: &mut Options,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let (built, missing): (Vec<_>, Vec<_>) = std::mem::take(&mut options.functions)
        .into_iter()
        .partition(|function| function.command.is_file());
    options.functions = built;
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing
        .iter()
        .map(|function| format!("{} ({})", function.name, function.command.display()))
        .collect();
    writeln!(
        surroundings.err,
        "note: left out, since their programs are not built: {}",
        names.join(", ")
    )?;
    Ok(())
}

fn extension(args: &Dev, surroundings: &Surroundings) -> Result<Option<PathBuf>, Failure> {
    match &args.extension {
        Some(path) if path.is_file() => Ok(Some(absolute(path))),
        Some(path) => Err(Failure::Usage(format!(
            "--extension: there is no program {}",
            path.display()
        ))),
        None => Ok(surroundings
            .beside
            .as_ref()
            .map(|folder| folder.join(EXTENSION))
            .filter(|path| path.is_file())),
    }
}

fn spec(function: LocalFunction, command: PathBuf) -> Result<FunctionSpec, Failure> {
    let initialization = function.initialization.map(|text| text.parse());
    let initialization = initialization.transpose().map_err(|error: String| {
        Failure::Usage(format!("function {} in obs.yaml: {error}", function.name))
    })?;
    Ok(FunctionSpec {
        name: function.name,
        command: absolute(&command),
        args: function.args,
        environment: function.environment,
        timeout: function.timeout,
        memory_mb: function.memory_mb,
        handler: function.handler,
        initialization: initialization.unwrap_or_default(),
    })
}

/// Functions run in folders of their own: a relative path would miss.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|it| it.permissions().mode() & 0o111 != 0)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an address and a port, such as 127.0.0.1:4400".to_owned())
}

fn fault(text: &str) -> Result<FaultRule, String> {
    text.parse().map_err(|error| format!("failed to {error}"))
}
