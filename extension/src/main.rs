//! Reads the environment, builds the extension, runs it, and gives its exit
//! code.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use cloudvault_obs_extension::{
    clock::{Clock, SystemClock},
    config::Config,
    lifecycle::{Rim, exit, run},
    log::{Level, Log},
};

fn main() -> ExitCode {
    #[expect(
        clippy::disallowed_methods,
        reason = "the environment is read here and nowhere else"
    )]
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let (config, complaints) = Config::read(variables);
    let mut log = Log::new(Box::new(std::io::stdout()), &config.service);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let message = format!("failed to start: {error}; raise the limit on open files");
            log.line(SystemClock.now_ms(), Level::Error, &message, &[]);
            return ExitCode::from(exit::NOT_REGISTERED);
        }
    };
    let rim = Rim {
        clock: Arc::new(SystemClock),
        log,
        name: own_name(),
    };
    ExitCode::from(runtime.block_on(run(config, complaints, rim)))
}

/// The name of this process's file: Lambda knows the extension by it.
fn own_name() -> String {
    let path = std::env::args_os()
        .next()
        .map(PathBuf::from)
        .or_else(|| std::env::current_exe().ok());
    let name = path.as_ref().and_then(|path| path.file_name());
    name.map_or_else(
        || "cloudvault-obs".into(),
        |name| name.to_string_lossy().into_owned(),
    )
}
