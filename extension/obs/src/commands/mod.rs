//! One file a command.

pub(crate) mod init;
pub(crate) mod pull;
pub(crate) mod check;
pub(crate) mod test;
pub(crate) mod backtest;
pub(crate) mod cost;
pub(crate) mod readiness;
pub(crate) mod iam;
pub(crate) mod plan;
pub(crate) mod drift;
pub(crate) mod apply;
pub(crate) mod gate;
pub(crate) mod mute;
pub(crate) mod snapshot;
pub(crate) mod restore;
pub(crate) mod rollback;
pub(crate) mod destroy;
pub(crate) mod schema;
pub(crate) mod completions;
#[cfg(feature = "dev")]
pub(crate) mod dev;
