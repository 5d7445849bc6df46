//! What `obs dev` is told at its start: where to listen, where to keep its data,
//! which functions to run. Values only; the CLI reads flags and files and fills
//! this in, so a test can start an account from an array.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Everything a local account needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the endpoints and the page listen; port 0 takes a free one.
    /// Default `127.0.0.1:4400`.
    pub listen: SocketAddr,
    /// Where the X-Ray daemon's UDP socket listens; port 0 takes a free one.
    /// Default `127.0.0.1:0`.
    pub xray: SocketAddr,
    /// Folder of the account's files; made if it is not there.
    pub data: PathBuf,
    /// The region the account claims to be in. Default `us-east-1`.
    pub region: String,
    /// The functions that can be invoked.
    pub functions: Vec<FunctionSpec>,
    /// The extension binary started beside every function; none: no extension.
    pub extension: Option<PathBuf>,
    /// Share of invocations whose trace is sampled, from 0 to 1. Default 1.
    pub sample: f64,
    /// Environments a function may have at once, at least 1. Default 2.
    pub concurrency: usize,
    /// Log groups that are there from the start, beside those of the functions.
    pub log_groups: Vec<LogGroup>,
    /// Hosts beside loopback that notifications may be posted to. Default: none,
    /// so that a rehearsal cannot page anybody.
    pub notify_hosts: Vec<String>,
}

impl Options {
    /// The defaults, with the account's files in `data`.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4400)),
            xray: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data: data.into(),
            region: "us-east-1".to_owned(),
            functions: Vec::new(),
            extension: None,
            sample: 1.0,
            concurrency: 2,
            log_groups: Vec::new(),
            notify_hosts: Vec::new(),
        }
    }
}

/// A log group that nobody has to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// The function that writes to it.
    pub function: Option<String>,
    /// Days that lines are kept; none: for ever.
    pub retention_days: Option<u32>,
}

/// One function: the process to start and what Lambda would be configured with.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// The function's name, as in `POST /2015-03-31/functions/{name}/invocations`.
    pub name: String,
    /// The program that speaks the Runtime API.
    pub command: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its own environment variables, beside those that Lambda sets.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Configured memory in MB; told to the function, not enforced.
    pub memory_mb: u32,
    /// The handler name, told to the function as `_HANDLER`.
    pub handler: String,
}
